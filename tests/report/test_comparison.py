"""A comparison as text: what to know comes first, the change in its units, the rest of a long sweep by name."""

import csv
import io
import json

import pytest
from rich.console import Console

from policymix.analysis.comparison import Difference, compare_runs
from policymix.analysis.sweep_comparison import compare_sweeps
from policymix.errors import InvalidValue, RunFailed
from policymix.report import comparison


@pytest.fixture(scope="module")
def two_runs(run):
    other = run.copy(deep=True)
    other["core_share"].loc[{"mix": "both"}] = other["core_share"].sel(mix="both") + 0.0012
    listed = [Difference("htz-2022/m4.pays.rent_share", "[1.0, 1.0]", "[1.0, 1.0, 1.0]")]
    return compare_runs({"two-years": run, "three-years": other}, differences={"three-years": listed})


def printed(table, lang="en", width=200):
    console = Console(width=width, record=True, file=io.StringIO())
    comparison.print_comparison(table, lang, console)
    return console.export_text()


def row_of(text, label):
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if label in line)
    return lines[first : first + 3]


def test_differences_come_before_the_numbers(two_runs):
    text = printed(two_runs)
    told = text.index("htz-2022/m4.pays.rent_share: [1.0, 1.0] → [1.0, 1.0, 1.0]")
    assert text.index("three-years differs from two-years:") < told < text.index("Investment of all firms")
    assert "Δ is the change from two-years" in text
    headings = [line.split() for line in text.splitlines()]
    assert headings.count(["of", "all", *["two-years", "three-years"] * 2]) == 1, "one baseline for both"


def test_a_change_has_its_unit_its_interval_or_no_number(two_runs):
    text = printed(two_runs)
    assert text.count("Δ +0.12 [0.12, 0.12] pp") == 1
    assert row_of(text, "Jobs, city")[2].count("Δ no change") == 2
    noisy = two_runs.copy(deep=True)
    noisy["difference_change_resolved"][:] = False
    assert "Δ +0.12" not in printed(noisy) and printed(noisy).count("Δ not resolved") > text.count("Δ not resolved")


def test_nothing_known_to_differ_is_said(run):
    text = printed(compare_runs({"one": run, "two": run}))
    assert "two is known to differ in nothing from one" in text


@pytest.mark.parametrize(("lang", "word"), [("zh", "为相对 two-years 的变化"), ("both", "全部企业投资")])
def test_languages(two_runs, lang, word):
    assert word in printed(two_runs, lang)
    with pytest.raises(InvalidValue, match="one of en, zh, both"):
        comparison.print_comparison(two_runs, "fr")


def test_a_long_sweep_says_how_to_get_the_rest(make_sweep):
    table = compare_sweeps({"rents": make_sweep(levels=[float(level) for level in range(1, 51)], draws=3)})
    text = printed(table)
    assert "mixes: the first 30 of 51; --csv FILE or --json gives all" in text
    assert "p28" in text and "p29" not in text
    assert "active_firms" in text and "million CNY" in text


def test_runs_behind_a_mix_are_counted_in_its_row(make_sweep):
    sweep = make_sweep()
    sweep["state"][2, 3, 0] = 2
    assert "15 of 16 runs" in row_of(printed(compare_sweeps({"rents": sweep})), "p1")[1]


def test_json_is_in_base_units(two_runs):
    content = json.loads(comparison.to_json(two_runs))
    assert [each["result"] for each in content["results"]] == ["two-years", "three-years"]
    share = next(
        each for each in content["rows"]
        if (each["row"], each["result"], each["mix"]) == ("core_share", "three-years", "both")
    )  # fmt: skip
    assert abs(share["change_mean"] - 0.0012) < 1e-12
    assert share["unit"] == "share"
    ratio = next(each for each in content["rows"] if each["row"] == "cost_per_job" and each["mix"] == "none")
    assert ratio["level_mean"] is None


def test_csv_has_a_line_for_everything(two_runs, make_sweep, tmp_path):
    assert comparison.write_csv(two_runs, tmp_path / "new" / "runs.csv") == two_runs.sizes["row"] * 2 * 4
    sweeps = compare_sweeps({"a": make_sweep(), "b": make_sweep(levels=(1.0, 9.0))})
    comparison.write_csv(sweeps, tmp_path / "sweeps.csv")
    with (tmp_path / "sweeps.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == (4 + 3) * 5
    assert {line["rent"] for line in lines if line["result"] == "b"} == {"", "1.0", "9.0"}
    alone = comparison.frame(compare_sweeps({"a": make_sweep()}))
    assert not [name for name in alone if "change" in name or name == "pairs"]
    with pytest.raises(RunFailed, match="cannot write"):
        comparison.write_csv(sweeps, tmp_path / "sweeps.csv" / "inside.csv")
