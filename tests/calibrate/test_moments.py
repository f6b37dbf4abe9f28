"""The moments as data: figures read from the evidence, and everything that is refused."""

import re
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from policymix import catalog
from policymix.calibrate.moments import conflicts, load_moments, published
from policymix.cli import app
from policymix.errors import InvalidFile, InvalidValue
from policymix.region.evidence import statistics

GOOD = """
[[moment]]
id = "gazelles"
region = "dalian"
place = "dalian-htz"
measures = "recognised.gazelle"
at = 2021
source = "CS-0203"
tolerance = {relative = 0.05, why = "a list"}
"""


def refused(tmp_path, text):
    path = tmp_path / "moments.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFile) as error:
        load_moments(path)
    return str(error.value)


def test_a_figure_is_read_from_its_row(tmp_path):
    path = tmp_path / "moments.toml"
    path.write_text(GOOD, encoding="utf-8")
    (only,) = published("dalian", path=path)
    row = next(row for row in statistics() if row.id == "CS-0203")
    assert (only.value, only.unit, only.log, only.tolerance) == (row.value, "count", True, 0.05)


def test_growth_between_two_rows_is_a_yearly_rate():
    known = {each.moment.id: each for each in published("dalian")}
    rows = {row.id: row.value for row in statistics()}
    growth = known["htz-investment-growth-2023"]
    assert growth.value == pytest.approx((rows["CS-0201"] / rows["CS-0200"]) ** 0.5 - 1.0)
    assert growth.unit == "share" and not growth.log


def test_shipped_moments_are_up_to_a_year_and_never_after_2023():
    assert all(each.moment.year <= 2021 for each in published("dalian", 2021))
    assert len(published("dalian", 2021)) < len(published("dalian"))
    with pytest.raises(InvalidValue, match="2023"):
        published("dalian", 2024)


def test_no_shipped_figure_is_typed_again():
    text = catalog.evidence("moments.toml").read_text(encoding="utf-8")
    assert not re.search(r"^(value|unit)\s*=", text, re.M)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('source = "CS-0203"', 'source = "CS-9999"', ("CS-9999", "city_statistics.csv")),
        ('source = "CS-0203"', 'source = "CS-0205"', ("CS-0205", "target", "2025")),
        ('source = "CS-0203"', 'source = "CS-0204"', ("CS-0204", "2023")),
        ("at = 2021", "at = 2024", ("2024", "CS-0203")),
        ("at = 2021", 'at = "2021-13"', ("2021-13", "month")),
        ('"recognised.gazelle"', '"recognised.gazel"', ("recognised.gazel", "recognised.gazelle")),
        ('"dalian-htz"', '"dalian-hz"', ("dalian-hz", "dalian-htz")),
        ('place = "dalian-htz"', 'place = "dalian"', ("CS-0203", "a row of dalian")),
        ('region = "dalian"', 'region = "dalia"', ("dalia", "nearest valid name: 'dalian'")),
        ("relative = 0.05", "relative = 0.05, absolute = 1", ("exactly one",)),
        ("relative = 0.05", "relative = -1", ("tolerance", "greater than 0")),
        ("relative = 0.05", "relatve = 0.05", ("relatve", "relative")),
        ('source = "CS-0203"', 'source = ["CS-0202", "CS-0203"]', ("one row, or two of a growth",)),
        ("at = 2021", 'at = 2021\nform = "growth"', ("growth in percent",)),
    ],
)
def test_a_wrong_moment_is_named_with_its_row(tmp_path, old, new, words):
    message = refused(tmp_path, GOOD.replace(old, new))
    assert "moment" in message and all(word in message for word in words), message


def test_a_later_figure_is_refused_by_its_row(tmp_path):
    late = [replace(row, year=2024) if row.id == "CS-0203" else row for row in statistics()]
    path = tmp_path / "moments.toml"
    path.write_text(GOOD.replace("2021", "2024"), encoding="utf-8")
    with pytest.raises(InvalidFile, match="row CS-0203 of 2024.*for testing"):
        load_moments(path, late)


def test_one_thing_measured_twice_names_both_rows(tmp_path):
    message = refused(tmp_path, GOOD + GOOD.replace('"gazelles"', '"again"'))
    assert "the same as" in message and "CS-0203" in message


def test_a_contradicted_row_needs_a_conflict_that_decides(tmp_path):
    city = GOOD.replace('"dalian-htz"', '"dalian"').replace("CS-0203", "CS-0017")
    message = refused(tmp_path, city)
    assert "CS-0017 (127)" in message and "CS-0019 (150)" in message
    decided = '[[conflict]]\nid = "g"\nregion = "dalian"\nwhat = "g"\nrows = ["CS-0017", "CS-0019"]\nwhy = "w"\n'
    assert "against which conflict g decides" in refused(tmp_path, city + decided + 'follows = "CS-0019"\n')
    path = tmp_path / "moments.toml"
    path.write_text(city + decided + 'follows = "CS-0017"\n', encoding="utf-8")
    assert len(load_moments(path).moment) == 1


def test_conflicts_are_told_with_their_figures():
    told = {each["what"]: each for each in conflicts("dalian")}
    assert "127" in told["gazelles of the city, 2021"]["figures"]
    assert told["core share of GDP"]["follows"] == "none"


def test_check_knows_the_file(tmp_path):
    good = CliRunner().invoke(app, ["check", str(catalog.evidence("moments.toml"))])
    assert good.exit_code == 0 and "conflict: " in good.output
    path = tmp_path / "moments.toml"
    path.write_text(GOOD.replace("CS-0203", "CS-0001"), encoding="utf-8")
    bad = CliRunner().invoke(app, ["check", str(path)])
    assert bad.exit_code == 2 and "CS-0001" in bad.output
