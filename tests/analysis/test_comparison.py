"""Results side by side: what is said of each is the headline's, the change is the one worked out by hand."""

import json

import numpy as np
import pytest

from policymix.analysis.compare import Finished, compare, compare_finished
from policymix.analysis.comparison import Difference, compare_runs
from policymix.analysis.headline import headline
from policymix.analysis.origin import differences
from policymix.analysis.sweep_comparison import compare_sweeps
from policymix.errors import InvalidValue, NotFound

NOT_RUN, FAILED = 0, 2


def raised(run, mix, factor):
    """The run with one mix's investment multiplied."""
    changed = run["investment"].copy()
    changed.loc[{"mix": mix}] = changed.sel(mix=mix) * factor
    return run.assign(investment=changed)


def investment_of(run, mix):
    """Investment over the horizon with free prices, by draw."""
    return run["investment"].sel(mix=mix, prices="free").sum(["quarter", "place", "industry"]).values[:, 0]


def said(table):
    return [notice["en"] for notice in json.loads(table.attrs["notices"])]


# --- runs


def test_each_result_says_what_its_headline_says(run, target):
    other = raised(run, "both", 1.01)
    table = compare_runs({"one": run, "two": other}, [target("core_share", 0.10)])
    assert table["row"].values[-1] == "probability a/t1"
    for name, result in (("one", run), ("two", other)):
        own = headline(result, [target("core_share", 0.10)])
        for variable in own.data_vars:
            np.testing.assert_array_equal(table[variable].sel(result=name), own[variable], err_msg=variable)


def test_a_change_is_paired_by_draw(run):
    table = compare_runs({"one": run, "two": raised(run, "both", 1.001)})
    one = table.sel(row="investment", result="two", mix="both")
    moved = 0.001 * investment_of(run, "both")
    np.testing.assert_allclose(float(one["change_mean"]), moved.mean(), rtol=1e-9)
    np.testing.assert_allclose(float(one["change_low"]), np.quantile(moved, 0.05), rtol=1e-6)
    np.testing.assert_allclose(float(one["change_standard_error"]), moved.std(ddof=1) / 40**0.5, rtol=1e-6)
    assert bool(one["change_resolved"]) and bool(table["paired"].sel(result="two"))
    np.testing.assert_allclose(float(one["difference_change_mean"]), float(one["change_mean"]), rtol=1e-9)
    assert table["change_same"].sel(row="investment", result="two").values.tolist() == [True, True, True, False]
    assert not said(table)


def test_equal_results_do_not_change(run):
    table = compare_runs({"one": run, "two": run.copy(deep=True)})
    assert table["change_same"].where(table["kind"] != "ratio", True).all()
    assert not table["change_resolved"].any()
    assert float(abs(table["change_mean"].fillna(0.0)).max()) == 0.0


def test_another_seed_is_not_paired_and_says_so(make_run):
    one, two = make_run(draws=20, seed=1), make_run(draws=20, seed=2)
    two.attrs["seed"] = 2022
    table = compare_runs({"one": one, "two": two}).sel(row="investment", mix="both")
    a, b = investment_of(one, "both"), investment_of(two, "both")
    error = ((a.var(ddof=1) + b.var(ddof=1)) / 20) ** 0.5
    np.testing.assert_allclose(float(table["change_mean"].sel(result="two")), b.mean() - a.mean(), rtol=1e-9)
    np.testing.assert_allclose(float(table["change_standard_error"].sel(result="two")), error, rtol=1e-9)
    assert not bool(table["change_resolved"].sel(result="two"))
    assert not bool(table["paired"].sel(result="two"))
    assert any("cannot be paired with one (seed 2022, not 2021)" in text for text in said(table))


@pytest.mark.parametrize("sizes", [(20, 1), (10, 2)])
def test_other_draws_or_replicates_are_not_paired(make_run, sizes):
    draws, replicates = sizes
    one, two = make_run(draws=10), make_run(draws=draws, replicates=replicates)
    table = compare_runs({"one": one, "two": two})
    assert (
        table["unpaired_because"].values[1] == f"{draws} draws x {replicates} replicates, not 10 draws x 1 replicates"
    )
    assert np.isfinite(float(table["change_mean"].sel(row="investment", result="two", mix="both")))


def test_a_baseline_that_moves_is_said_and_taken_off(run):
    table = compare_runs({"one": run, "two": run.assign(investment=run["investment"] * 1.1)})
    one = table.sel(row="investment", result="two", mix="both")
    effect = 0.1 * (investment_of(run, "both") - investment_of(run, "none"))
    np.testing.assert_allclose(float(one["difference_change_mean"]), effect.mean(), rtol=1e-6)
    np.testing.assert_allclose(float(one["change_mean"]), 0.1 * investment_of(run, "both").mean(), rtol=1e-9)
    assert any(text.startswith("the baselines differ too") for text in said(table))


def test_baselines_of_other_names(make_run):
    one, two = make_run(draws=6), make_run(draws=6)
    two.attrs["baseline"] = "dalian-2021"
    table = compare_runs({"one": one, "two": two})
    assert any(text.startswith("the results have other baselines") for text in said(table))
    assert table["difference_change_mean"].sel(result="two").isnull().all()


def test_a_mix_of_one_result_has_no_change(make_run, run):
    fewer = make_run(draws=40, mixes={"none": [], "new": ["htz-2022"]})
    table = compare_runs({"one": run, "two": fewer})
    assert table["mix"].values.tolist() == ["none", "dalian-2021", "htz-2022", "both", "new"]
    assert table["present"].sel(result="two").values.tolist() == [True, False, False, False, True]
    new = table.sel(row="investment", result="two", mix="new")
    assert np.isfinite(float(new["level_mean"])) and np.isnan(float(new["change_mean"]))
    assert not bool(new["change_resolved"])
    assert table["level_mean"].sel(result="two", mix="both").isnull().all()


def test_probabilities_are_paired_too(run, target):
    other = run.assign(core_share=run["core_share"] + 0.002)
    table = compare_runs({"one": run, "two": other}, [target("core_share", 0.10)])
    one = table.sel(row="probability a/t1", result="two", mix="both")
    rise = table["level_mean"].sel(row="probability a/t1", mix="both")
    np.testing.assert_allclose(float(one["change_mean"]), float(rise[1] - rise[0]), rtol=1e-6)
    assert 0.0 < float(one["change_standard_error"]) < 0.2 * float(one["level_standard_error"])


def test_a_target_that_one_run_does_not_track_is_left_out(run, target):
    without = run.drop_vars("opportunity_spending")
    wanted = [target("core_share", 0.10), target("opportunity_spending", 1e9, id="b", measure="total")]
    rows = compare_runs({"one": run, "two": without}, wanted)["row"].values
    assert "probability a/t1" in rows and "probability b" not in rows


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda run: run.assign_attrs(schema_version=1), "format of the results"),
        (lambda run: run.assign_attrs(price_base="2015"), "2015"),
        (lambda run: run.isel(quarter=slice(0, 16)), "horizon: found 2021Q1 to 2024Q4; expected 2021Q1 to 2025Q4"),
        (lambda run: run.isel(place=[0]), "places"),
        (lambda run: run.assign(paid=run["paid"].assign_attrs(units="USD")), "unit of paid: found USD; expected CNY"),
    ],
)
def test_numbers_of_another_meaning_are_refused(run, change, words):
    with pytest.raises(InvalidValue, match=words):
        compare_runs({"one": run, "two": change(run)})


def test_what_differs_without_folders(run):
    other = run.assign_attrs(packages=json.dumps({"htz-2022": "c" * 64}), code_version="0.2.0")
    found = differences(run, other)
    assert Difference("package htz-2022", "b" * 12, "c" * 12) in found
    assert Difference("policymix", "0.1.0", "0.2.0") in found
    drawn = run.assign(parameter_value=run["parameter_value"] * [[1.0, 2.0]])
    assert [each.what for each in differences(run, drawn)] == ["draws of parameter.xi"]
    assert differences(run, run) == []


# --- sweeps


def test_a_sweep_as_a_table(make_sweep):
    sweep = make_sweep()
    table = compare_sweeps({"a": sweep}).isel(result=0)
    assert table["column"].values.tolist() == [
        "paid", "active_firms[dalian-htz]", "active_firms[dalian-rest]",
        "additional[investment]", "additional[employment]",
    ]  # fmt: skip
    assert table["unit"].values.tolist() == ["CNY", "count", "count", "CNY", "persons"]
    assert table["kind"].values.tolist() == ["amount", "level", "level", "own", "own"]
    assert table["rent"].values[1:].tolist() == [1.0, 2.0, 3.0]
    paid = sweep["paid"].sel(mix="p2").values
    one = table.sel(mix="p2", column="paid")
    np.testing.assert_allclose(float(one["level_mean"]), paid.mean(), rtol=1e-12)
    np.testing.assert_allclose(float(one["level_high"]), np.quantile(paid, 0.95), rtol=1e-12)
    firms = table.sel(column="active_firms[dalian-htz]")
    np.testing.assert_allclose(firms["difference_mean"], [0.0, 5.0, 10.0, 15.0], rtol=1e-6)
    assert firms["resolved"].values.tolist() == [False, True, True, True]
    assert table["label_zh"].values[3].endswith("投资")


def test_prices_other_than_free_are_said(make_sweep):
    frozen = make_sweep().assign_coords(prices=["frozen"])
    assert "active_firms[frozen, dalian-htz]" in compare_sweeps({"a": frozen})["column"].values


def test_failed_runs_are_left_out_and_counted(make_sweep):
    sweep = make_sweep(replicates=1)
    sweep["paid"][2, 3] = 1e30  # whatever a store holds there, its state says that it is no number
    sweep["state"][2, 3] = FAILED
    sweep["state"][3, 0] = NOT_RUN
    table = compare_sweeps({"a": sweep}).isel(result=0)
    paid = np.delete(sweep["paid"].sel(mix="p1").values[:, 0], 3)
    one = table.sel(mix="p1", column="paid")
    np.testing.assert_allclose(float(one["level_mean"]), paid.mean(), rtol=1e-12)
    np.testing.assert_allclose(float(one["level_standard_error"]), paid.std(ddof=1) / 7**0.5, rtol=1e-12)
    assert table["failed"].values.tolist() == [0, 0, 1, 0] and table["not_run"].values.tolist() == [0, 0, 0, 1]
    assert any("1 of 32 runs failed" in text for text in said(table))
    assert any("1 of 32 runs have not run" in text for text in said(table))


def test_mixes_are_matched_by_their_levers(make_sweep):
    one, two = make_sweep(levels=(1.0, 2.0, 3.0)), make_sweep(levels=(3.0, 4.0, 1.0))
    two["paid"] = two["paid"] * 1.5
    table = compare_sweeps({"a": one, "b": two})
    assert table["mix"].values.tolist() == ["none", "p0", "p1", "p2", "b:p1"]
    assert table["rent"].values[1:].tolist() == [1.0, 2.0, 3.0, 4.0]
    moved = table["change_mean"].sel(column="paid", result="b")
    before = one["paid"].mean(["draw", "replicate"])
    np.testing.assert_allclose(moved.sel(mix=["p0", "p2"]), 0.5 * before.sel(mix=["p0", "p2"]), rtol=1e-9)
    assert moved.sel(mix=["p1", "b:p1"]).isnull().all()
    assert table["pairs"].sel(result="b").values.tolist() == [16, 16, 0, 16, 0]
    assert any(text.startswith("1 mixes of a are not in b; 3 have the same") for text in said(table))


def test_pairs_leave_out_what_failed_in_either(make_sweep):
    one, two = make_sweep(replicates=1), make_sweep(replicates=1)
    two["paid"] = two["paid"] + 7.0
    one["state"][1, 0], two["state"][1, 1] = FAILED, FAILED
    table = compare_sweeps({"a": one, "b": two}).sel(result="b", mix="p0", column="paid")
    assert int(table["pairs"]) == 6
    np.testing.assert_allclose(float(table["change_mean"]), 7.0, rtol=1e-6)


def test_sweeps_of_other_seeds_are_not_paired(make_sweep):
    table = compare_sweeps({"a": make_sweep(), "b": make_sweep(seed=2, luck_seed=8)})
    assert any("cannot be paired" in text for text in said(table))
    assert table["pairs"].sel(result="b").values.tolist() == [0, 0, 0, 0]
    assert np.isfinite(float(table["change_mean"].sel(result="b", mix="p0", column="paid")))


def test_variables_of_one_sweep_are_named(make_sweep):
    table = compare_sweeps({"a": make_sweep(), "b": make_sweep().drop_vars("paid")})
    assert "paid" not in table["column"].values
    assert any("only a stores, so not compared: paid" in text for text in said(table))
    with pytest.raises(InvalidValue, match="no variable that a and b store"):
        compare_sweeps({"a": make_sweep()[["paid", "state"]], "b": make_sweep()[["additional", "state"]]})


# --- both


def test_a_run_beside_a_sweep_is_refused_with_what_would_work(run, make_sweep):
    with pytest.raises(InvalidValue, match="a run, beside 2, a sweep; expected runs with runs"):
        compare(run, make_sweep())
    with pytest.raises(InvalidValue, match="expected finished results"):
        compare_finished([])


def test_datasets_are_called_by_their_place(run, make_sweep):
    assert compare(run, raised(run, "both", 2.0))["result"].values.tolist() == ["1", "2"]
    assert compare_finished([Finished("rents", make_sweep())])["result"].values.tolist() == ["rents"]


def test_options_of_a_run_need_mixes(run):
    with pytest.raises(InvalidValue, match="draws: found 3 with finished results"):
        compare(run, draws=3)
    with pytest.raises(InvalidValue, match="one scenario"):
        compare(run, mix="none")
    with pytest.raises(NotFound, match="no results 'nowhere'"):
        compare("nowhere")
