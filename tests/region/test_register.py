"""A user's register of firms: read strictly, and set against every total of its region."""

import pytest

from cities import write_city, write_register, write_rows
from policymix.errors import InvalidFile
from policymix.region.load import load
from policymix.region.register import founded_quarter, steps_mask
from policymix.region.schema import Firm


@pytest.fixture
def region_file(tmp_path):
    write_city(tmp_path, "small", 1 / 20)
    return tmp_path / "regions" / "small.toml"


@pytest.fixture
def rows(region_file):
    return write_register(region_file)


def changed(region_file, rows, number, **values):
    rows[number] = {**rows[number], **values}
    write_rows(region_file.parent / "register.csv", rows)
    with pytest.raises(InvalidFile) as error:
        load(region_file)
    return str(error.value)


def test_a_register_is_read_with_the_region(region_file, rows):
    region = load(region_file)
    assert [firm.id for firm in region.firm] == [row["id"] for row in rows]
    assert region.firm[5].revenue == pytest.approx(float(rows[5]["revenue"]))
    assert region.firm[5].staff is None and region.firm[5].capital is None
    assert region.model_dump_json() != load("dalian").model_dump_json(), "its rows enter the hash of a sweep"


def test_quarters_and_rungs():
    row = {"id": "a", "industry": "software", "place": "here", "staff": 10.0}
    firm = Firm(**row, founded="2015Q2", steps=["gazelle", "technology_sme"])
    assert (founded_quarter(firm), steps_mask(firm)) == (4 * 2015 + 1, 0b1001)
    assert founded_quarter(Firm(**row, founded="2015")) == 4 * 2015 + 2


ROWS = [
    ("an industry that is not there", {"industry": "softwar"}, ["industry", "'software'"]),
    ("a place that is not there", {"place": "dalian-hzt"}, ["place", "'dalian-htz'"]),
    ("a firm of the future", {"founded": "2021"}, ["founded", "2021", "2020"]),
    ("no date", {"founded": ""}, ["founded"]),
    ("a date of another form", {"founded": "May 2015"}, ["founded", "May 2015"]),
    ("no size", {"revenue": ""}, ["a revenue or a staff"]),
    ("text for a number", {"revenue": "much"}, ["revenue", "much", "line 9"]),
    ("a negative number", {"capital": "-5"}, ["capital", "-5"]),
    ("a rung that is not there", {"steps": "gazele"}, ["steps", "'gazelle'"]),
]


@pytest.mark.parametrize(("values", "words"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_broken_rows_are_named(region_file, rows, values, words):
    text = changed(region_file, rows, 7, **values)
    for word in [rows[7]["id"], *words]:
        assert word in text


def test_an_id_used_twice_is_named(region_file, rows):
    assert "used twice" in changed(region_file, rows, 7, id=rows[8]["id"])


def test_a_record_without_its_firm_is_named(region_file, rows):
    number = next(n for n, row in enumerate(rows) if row["id"] == "rank-1")
    text = changed(region_file, rows, number, id="somebody")
    assert 'record "rank-1"' in text and "no record" in text


def test_every_total_that_is_missed_is_named(region_file, rows):
    kept = [row for row in rows if row["industry"] != "software" or row["place"] == "dalian-rest"]
    write_rows(region_file.parent / "register.csv", [{**row, "steps": ""} for row in kept])
    with pytest.raises(InvalidFile) as error:
        load(region_file)
    text = str(error.value)
    assert "rank-5" in text, "records of the zone's software firms come first"
    without = [row for row in rows if row["industry"] != "software" or row["id"].startswith("rank-")]
    write_rows(region_file.parent / "register.csv", [{**row, "steps": ""} for row in without])
    with pytest.raises(InvalidFile) as error:
        load(region_file)
    text = str(error.value)
    for total in ("region.software.firms", "value added of software", "region.technology_sme.dalian-htz"):
        assert total in text
    assert "region.telecom.firms" not in text and "value added of telecom" not in text


def test_a_wrong_level_is_named(region_file, rows):
    doubled = [{**row, "revenue": str(2.0 * float(row["revenue"]))} for row in rows if row["industry"] == "telecom"]
    write_rows(region_file.parent / "register.csv", [row for row in rows if row["industry"] != "telecom"] + doubled)
    with pytest.raises(InvalidFile) as error:
        load(region_file)
    (problem,) = error.value.problems
    assert problem.where == "value added of telecom" and "+100%" in problem.found


HEADERS = [
    ("id,industry,place,founded,revenu", ["'revenu'", "'revenue'"]),
    ("id,industry,place,revenue", ["founded"]),
    ("id,id,industry,place,founded", ["2 times"]),
    ("id,industry,place,founded,revenue", ["no firm"]),
    ("id,industry,place,founded\na,b", ["2 cells", "4 cells"]),
]


@pytest.mark.parametrize(("text", "words"), HEADERS)
def test_broken_tables_are_refused(region_file, rows, text, words):
    (region_file.parent / "register.csv").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(InvalidFile) as error:
        load(region_file)
    for word in words:
        assert word in str(error.value)


def test_a_register_lies_beside_its_region(region_file, rows):
    text = region_file.read_text(encoding="utf-8")
    for name, word in (("../register.csv", "without folders"), ("other.csv", "no such file")):
        region_file.write_text(text.replace('firms = "register.csv"', f'firms = "{name}"'), encoding="utf-8")
        with pytest.raises(InvalidFile, match=word):
            load(region_file)
