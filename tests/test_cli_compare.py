"""`policymix compare` as a user types it: a waiver of three years instead of two, and names that are wrong."""

import csv
import json
import math
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

import policymix
from policymix import catalog, cli
from policymix.analysis.origin import origin_of
from policymix.experiments.scenario import load_scenario

LONGER = """extends = "htz-2022"
id      = "longer-waiver"
title   = {en = "Waiver for three years", zh = "房租减免三年"}

[change]
"m4.pays.rent_share" = [1.0, 1.0, 1.0]
"""
STUDY = """id = "offices"
title = {en = "Offices", zh = "办公用房"}
scenario = "small.toml"
mix = "htz-2022"
draws = 2

[levers]
design = "factorial"
[[levers.factor]]
name = "area"
address = "htz-2022/m4.pays.area_max"
values = [500, 2000]

[uncertainties]
design = "prior"

[[outcome]]
name = "paid"
sum = ["quarter", "clause", "payer"]

[[outcome]]
name = "additional"
"""


@pytest.fixture(scope="module")
def folder(small_folder, tmp_path_factory):
    """A folder with a small city, a package that changes htz-2022, and two runs that differ in it."""
    folder = tmp_path_factory.mktemp("compare")
    shutil.copytree(small_folder, folder, dirs_exist_ok=True)
    (folder / "longer-waiver.toml").write_text(LONGER, encoding="utf-8")
    scenario = load_scenario(folder / "small.toml")
    policymix.run(scenario, mix="none,htz-2022", draws=3, out=folder / "out" / "two-years")
    policymix.run(scenario, mix="none,htz-2022=longer-waiver.toml", draws=3, out=folder / "out" / "three-years")
    return folder


@pytest.fixture
def typed(folder, monkeypatch):
    """Type a command in that folder; gives exit code, output and errors."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv(catalog.PATH_VARIABLE, raising=False)

    def typed(*words):
        return CliRunner().invoke(cli.app, ["compare", *(str(word) for word in words)])

    return typed


def refused(result, *words):
    """One thing was said to the user, and the exit code is 2."""
    assert result.exit_code == 2, result.output
    assert result.stdout == "" and "Traceback" not in result.output
    for word in words:
        assert word in result.stderr


@pytest.mark.slow
def test_two_years_against_three(folder):
    names = [folder / "out" / name for name in ("two-years", "three-years")]
    table = policymix.compare(*names)
    before, after = (policymix.open_results(name) for name in names)
    paid = [run["paid"].sel(mix="htz-2022").sum(["quarter", "clause", "payer"]) for run in (before, after)]
    recovered = [run["recovered"].sel(mix="htz-2022").sum(["quarter", "clause", "payer"]) for run in (before, after)]
    moved = ((paid[1] - recovered[1]) - (paid[0] - recovered[0])).values[:, 0]
    one = table.sel(row="paid", result="three-years", mix="htz-2022")
    assert np.abs(moved).max() > 0.0, "a third year of waiver moves money"
    np.testing.assert_allclose(float(one["change_mean"]), moved.mean(), rtol=1e-6)
    np.testing.assert_allclose(float(one["change_standard_error"]), moved.std(ddof=1) / math.sqrt(3), rtol=1e-6)
    assert float(one["change_standard_error"]) < 0.2 * float(one["level_standard_error"]), "paired by draw"
    plain = table["kind"] != "ratio"
    assert table["change_same"].sel(result="three-years", mix="none").where(plain, True).all()
    assert json.loads(table.attrs["differences"]) == [
        {"result": "three-years", "what": "packages of htz-2022", "first": "htz-2022", "other": "longer-waiver"},
        {"result": "three-years", "what": "longer-waiver/m4.pays.rent_share", "first": "[1.0, 1.0]",
         "other": "[1.0, 1.0, 1.0]"},
    ]  # fmt: skip
    assert json.loads(table.attrs["notices"]) == []
    assert any(str(row).startswith("probability ") for row in table["row"].values)


def test_the_command_says_it(typed, folder):
    result = typed("two-years", "out/three-years", "--csv", "table.csv", "--lang", "en")
    assert result.exit_code == 0, result.output
    assert "longer-waiver/m4.pays.rent_share: [1.0, 1.0] → [1.0, 1.0, 1.0]" in result.stdout
    assert "Δ" in result.stdout and "million CNY" in result.stdout
    with (folder / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    content = json.loads(typed("two-years", "three-years", "--json").stdout)
    assert len(rows) == len(content["rows"])
    assert {each["result"]: each["paired"] for each in content["results"]} == {"two-years": True, "three-years": True}


def test_one_result_shows_its_mixes(typed):
    result = typed("two-years")
    assert result.exit_code == 0, result.output
    assert "Δ" not in result.stdout and "全部企业投资" in result.stdout


@pytest.mark.slow
def test_mixes_of_a_scenario_are_run_first(typed, folder):
    mix = "none,htz-2022,longer-waiver.toml"
    result = typed("small.toml", "--mix", mix, "--draws", 1, "--set", "htz-2022/m4.pays.area_max=800", "--quiet")
    assert result.exit_code == 0, result.output
    kept = folder / "out" / "dalian-2025-compare"
    assert (kept / "report.html").is_file()
    origin = origin_of(kept)
    assert list(origin.scenario.mixes) == ["none", "htz-2022", "longer-waiver"]
    assert origin.scenario.set == {"htz-2022/m4.pays.area_max": 800}
    content = json.loads(typed(kept, "two-years", "--json").stdout)
    assert {"what": "htz-2022/m4.pays.area_max", "first": "800", "other": "–", "result": "two-years"} in content[
        "differences"
    ]
    assert content["results"][1]["unpaired_because"] == "3 draws x 1 replicates, not 1 draws x 1 replicates"


def test_a_sweep_and_a_run_beside_it(typed, folder):
    (folder / "offices.toml").write_text(STUDY, encoding="utf-8")
    policymix.sweep("offices.toml")
    result = typed("offices", "--lang", "en")
    assert result.exit_code == 0, result.output
    assert "area" in result.stdout and "additional" in result.stdout and "2,000" in result.stdout
    refused(typed("offices", "two-years"), "two-years, a run, beside offices, a sweep", "runs with runs")
    stored = policymix.open_results("out/offices")
    table = policymix.compare("offices").sel(result="offices", mix="p1", column="paid")
    np.testing.assert_allclose(float(table["level_mean"]), float(stored["paid"].sel(mix="p1").mean()), rtol=1e-12)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["two-yaers"], ["no results 'two-yaers'; did you mean 'two-years'?"]),
        (["two-years", "regions"], ["regions holds nothing that policymix run or sweep wrote", "two-years"]),
        (["two-years", "out/two-years"], ["twice", "different results"]),
        (["small.toml"], ["a scenario that has no results", "--mix none,htz-2022"]),
        (["two-years", "--draws", "3"], ["--draws", "3 without --mix"]),
        (["small.toml", "two-years", "--mix", "none"], ["one scenario to run"]),
        (["small.toml", "--mix", "none,htz-2202"], ["did you mean 'htz-2022'"]),
        (["two-years", "--lang", "fr"], ["one of en, zh, both"]),
        (["two-years", "--csv", "out"], ["out, a folder"]),
    ],
)
def test_what_is_wrong_is_said_at_once(typed, folder, words, said):
    before = sorted(path.name for path in (folder / "out").iterdir())
    refused(typed(*words), *said)
    assert sorted(path.name for path in (folder / "out").iterdir()) == before


def test_other_dates_are_refused(folder):
    scenario = load_scenario(folder / "small.toml")
    shorter = policymix.run(scenario, mix="none,htz-2022", draws=1, set={"run.end": "2024Q4"})
    with pytest.raises(
        policymix.errors.InvalidValue, match="horizon: found 2021Q1 to 2024Q4; expected 2021Q1 to 2025Q4"
    ):
        policymix.compare(folder / "out" / "two-years", shorter)
