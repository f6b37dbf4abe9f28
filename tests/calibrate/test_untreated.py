"""Runs of a small untreated city: what the observer keeps, threads, origins, and the command on it."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from typer.testing import CliRunner

from policymix import catalog, cli
from policymix.calibrate.bands import load_facts
from policymix.calibrate.untreated import LATER, START, observe, pairs, untreated
from policymix.calibrate.verdicts import numbers_of

WINDOW = 4


@pytest.fixture(scope="module")
def records(small):
    """Records and inputs of two runs."""
    return observe(untreated(small, 2, 20), lambda record, inputs: (record, inputs), WINDOW, threads=1)


def test_the_runs_hold_no_package_under_study(small):
    scenario = untreated(small, 3, 20, seed=5)
    assert scenario.mixes == {"none": []}
    assert (scenario.end, scenario.draws, scenario.seed) == ("2040Q4", 3, 5)


def test_censuses_lie_at_both_ends(records):
    record = records[0][0]
    assert [census.year for census in record.censuses[START]] == [2021, 2022, 2023, 2024, 2025]
    assert [census.year for census in record.censuses[LATER]] == [2036, 2037, 2038, 2039, 2040]


def test_the_life_table_accounts_for_every_firm(records):
    """Firms at the end of a year are those at its beginning and the newcomers, less the exits of the table."""
    for record, _ in records:
        for before, after in pairwise(record.censuses[START]):
            year = int(np.flatnonzero(record.years == after.year)[0])
            entered = after.alive.size - before.alive.size
            assert int(after.alive.sum()) == int(before.alive.sum()) + entered - int(record.exits[year].sum())


def test_a_firm_keeps_its_slot(records):
    for before, after in pairs(records[0][0].censuses[LATER]):
        assert np.array_equal(before.firm[before.alive], after.firm[before.alive])


def test_output_is_the_fourth_quarter_of_a_years_revenue(records):
    """Value added of a quarter times four is near revenue of the year times the ratio, over all survivors."""
    record, inputs = records[0]
    before, after = pairs(record.censuses[START])[0]
    both = before.alive & after.alive
    ratio = np.array([industry.value_added_ratio.value for industry in inputs.region.industry])[after.industry]
    yearly = 4.0 * after.output[both].sum() / (after.revenue[both] * ratio[both]).sum()
    assert 0.7 < yearly < 1.4


def test_newcomers_have_an_origin_and_incumbents_none(records):
    record = records[0][0]
    before, after = pairs(record.censuses[START])[-1]
    new = after.alive & ~before.alive
    kinds = record.origin(after.firm[new])
    assert set(np.unique(kinds)) <= {0, 1, 2}
    assert 0.0 < np.mean(kinds > 0) < 0.5
    first = record.censuses[START][0]
    assert not record.origin(first.firm[first.alive & (first.age > 40)]).any()


def test_numbers_do_not_depend_on_threads(small, records):
    file = load_facts()
    alone = [numbers_of(record, inputs.region, file).numbers for record, inputs in records]
    together = observe(
        untreated(small, 2, 20), lambda record, inputs: numbers_of(record, inputs.region, file), WINDOW, threads=2
    )
    for one, other in zip(alone, together, strict=True):
        assert one.keys() == other.numbers.keys()
        assert np.array_equal(list(one.values()), list(other.numbers.values()), equal_nan=True)


@pytest.fixture
def typed(small_folder, monkeypatch):
    """Type a command in the folder of the small city."""
    monkeypatch.chdir(small_folder)
    monkeypatch.delenv(catalog.PATH_VARIABLE, raising=False)
    return lambda *words: CliRunner().invoke(cli.app, [str(word) for word in words])


@pytest.mark.slow
def test_facts_of_a_small_city_as_json(typed, small_folder):
    result = typed("facts", "small", "--quick", "--json", "--threads", 2)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["quick"], answer["runs"], answer["of"]) == (True, 8, 13)
    assert sorted(row["id"] for row in answer["rows"]) == sorted(f"S{number}" for number in range(1, 14))
    assert answer["passed"] == sum(row["pass"] for row in answer["rows"])
    order = [row["pass"] for row in answer["rows"]]
    assert order == sorted(order)
    for row in answer["rows"]:
        assert set(row) >= {"title", "estimate", "interval", "band", "pass", "rows", "reason", "parts"}
        assert row["title"]["en"]
        assert row["title"]["zh"]
        for part in row["parts"]:
            if part["estimate"] == "not identified":
                assert not part["pass"]
            else:
                low, high = part["band"]
                inside = (low is None or part["estimate"] >= low) and (high is None or part["estimate"] <= high)
                assert math.isfinite(part["estimate"])
                assert part["pass"] == inside
    exits = next(row for row in answer["rows"] if row["id"] == "S6")
    assert [part["when"] for part in exits["parts"]] == ["start", "after 20 further years"]
    figures = {"size-tail", "growth-tent", "hazard-by-age", "investment", "adoption"}
    written = {path.name for path in (small_folder / "out" / "facts-small").iterdir()}
    assert written == {f"{name}.{kind}" for name in figures for kind in ("png", "svg")}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("facts", "dalain"), "did you mean 'dalian'"),
        (("facts", "small", "--threads", "0"), "--threads"),
        (("facts", "small", "--seed", "-1"), "0 or more"),
        (("facts", "small", "--set", "parameter.size_spred=0.3"), "parameter.size_spread"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(typed, words, said):
    result = typed(*words)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_region_without_a_scenario_is_named(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "regions").mkdir()
    shipped = catalog.find("regions", "dalian").read_text(encoding="utf-8")
    (tmp_path / "regions" / "lone.toml").write_text(
        shipped.replace('id = "dalian"', 'id = "lone"', 1), encoding="utf-8"
    )
    result = typed("facts", "lone")
    assert result.exit_code == 2, result.output
    assert "no region with a scenario 'lone'" in result.stderr


def test_a_folder_that_cannot_be_written_is_refused_first(typed, small_folder):
    (small_folder / "a-file").write_text("x", encoding="utf-8")
    result = typed("facts", "small", "--out", "a-file/figures")
    assert result.exit_code == 2, result.output
    assert "a-file" in result.stderr
    assert result.stdout == ""
