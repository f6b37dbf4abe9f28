"""Shortfall, crossing, growth needed, joint probability and differences against numbers that can be worked out."""

import math

import numpy as np
import pytest
import xarray

from policymix.analysis import scorecard, targets
from policymix.errors import InvalidValue, NotFound, RunFailed


def test_shortfall_is_that_of_a_normal_variable(target):
    """E[max(10 - y, 0)] of y ~ N(9, 2) is 1 Phi(0.5) + 2 phi(0.5) = 1.3956; without spread it is 1."""
    number = xarray.DataArray([[[9.0]], [[9.0]]], dims=("mix", "draw", "replicate"))
    for spread, expected in ((2.0, 1.3956), (0.0, 1.0)):
        reading = targets.Reading(number, number[0] * 0.0 + spread)
        found = scorecard.shortfall(reading, target("x", 10.0))
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_shortfall_of_a_range_counts_both_sides(target):
    number = xarray.DataArray([[[9.0], [15.0], [11.0]]], dims=("mix", "draw", "replicate"))
    reading = targets.Reading(number, number[0] * 0.0)
    found = scorecard.shortfall(reading, target("x", (10.0, 12.0), sense="range"))
    assert found.values.ravel().tolist() == [1.0, 3.0, 0.0]


@pytest.fixture()
def path(run):
    """The run with a core share that is the same in all of it: 8, 9, 10, 9.5, 11 % from 2021 to 2025."""
    values = np.array([0.08, 0.09, 0.10, 0.095, 0.11])
    share = xarray.zeros_like(run["core_share"]) + xarray.DataArray(values, dims="year")
    return run.assign(core_share=share, core_share_luck=run["core_share_luck"] * 0.0)


def test_crossing_is_the_year_from_which_the_line_is_met(path, target):
    table = scorecard.scorecard(path, [target("core_share", line, id=f"a/{line}") for line in (0.10, 0.09, 0.2)])
    assert table["crossing"].sel(mix="both").values[:2].tolist() == [2025.0, 2022.0]
    assert math.isnan(float(table["crossing"].sel(mix="both", target="a/0.2")))
    assert table["crossing_share"].sel(mix="both").values.tolist() == [1.0, 1.0, 0.0]


def test_growth_needed_from_here(path, target):
    """From 8 % in 2021 to 12.8 % in 2025 takes 1.6^(1/4) - 1 a year; the share grows by 1.375^(1/4) - 1."""
    table = scorecard.scorecard(path, [target("core_share", 0.128)]).sel(mix="both", target="a/t1")
    assert float(table["needed"]) == pytest.approx(1.6**0.25 - 1.0)
    assert float(table["ahead"]) == pytest.approx(1.375**0.25 - 1.0)
    later = scorecard.scorecard(path, [target("core_share", 0.128)], here=2024).sel(mix="both", target="a/t1")
    assert float(later["needed"]) == pytest.approx(0.128 / 0.095 - 1.0)
    assert str(later["needed_as"].values) == "growth a year"
    with pytest.raises(InvalidValue, match="a year from 2021 to 2024"):
        scorecard.scorecard(path, [target("core_share", 0.128)], here=2019)


def test_what_a_total_needs_is_an_amount_a_year(run, target):
    one = target("scenario_investment", 50e9, measure="total", place=None)
    table = scorecard.scorecard(run, [one], here=2024).sel(mix="both", target="a/t1")
    spent = run["opportunity_spending"].sel(mix="both", quarter=[q for q in run["quarter"].values if q < "2025"])
    done = spent.sum("quarter").mean()
    assert float(table["needed"]) == pytest.approx(50e9 - float(done))
    assert str(table["needed_as"].values) == "amount a year"


def test_probabilities_are_those_of_targets_with_an_interval(run, target):
    listed = [target("core_share", 0.10), target("gdp", 9e11, id="a/t2", measure="level")]
    table = scorecard.scorecard(run, listed)
    np.testing.assert_array_equal(table["probability"], targets.probabilities(run, listed)["probability"])
    assert (table["probability_low"] <= table["probability"]).all()
    assert (table["probability_high"] >= table["probability"]).all() and (table["probability_high"] <= 1.0).all()
    assert "standard errors" in table.attrs["method"]


def test_an_untracked_target_has_no_numbers(run, target):
    table = scorecard.scorecard(run, [target("patents", 1.0), target("core_share", 0.1, id="a/t2")])
    assert np.isnan(table["shortfall"].sel(target="a/t1")).all() and not bool(table["tracked"].sel(target="a/t1"))


def test_two_lines_of_one_indicator_are_met_as_the_higher_one(run, target):
    low, high = target("core_share", 0.09), target("core_share", 0.10, id="a/t2")
    both = scorecard.joint(run, [low, high])
    alone = scorecard.joint(run, [low, high], ["a/t2"])
    np.testing.assert_allclose(both["probability"], alone["probability"])


def test_different_indicators_multiply_within_a_run(run, target):
    window = {"base": 2021, "to": 2025}
    share = target("core_share", 0.095)
    growth = target("core_value_added_growth", 0.08, id="a/t2", at=None, measure="mean_growth", window=window)
    chances = [targets.chance(targets.read(run, each), each).transpose("mix", "draw", "replicate")
               for each in (share, growth)]  # fmt: skip
    found = scorecard.joint(run, [share, growth])["probability"]
    np.testing.assert_allclose(found, (chances[0] * chances[1]).mean(["draw", "replicate"]))


def test_any_two_mixes_differ_as_their_probabilities(run, target):
    table = scorecard.between(run, [target("core_share", 0.095)]).sel(target="a/t1")
    chances = targets.probabilities(run, [target("core_share", 0.095)])["probability"].sel(target="a/t1")
    expected = float(chances.sel(mix="both") - chances.sel(mix="htz-2022"))
    assert float(table["difference"].sel(mix="both", other="htz-2022")) == pytest.approx(expected)
    np.testing.assert_allclose(table["difference"].values, -table["difference"].values.T)
    assert not table["resolved"].sel(mix="both", other="both")


def test_a_target_without_an_outcome_or_a_name_is_refused(run, target):
    with pytest.raises(InvalidValue, match="an outcome of this run"):
        scorecard.joint(run, [target("patents", 1.0)])
    with pytest.raises(NotFound, match="a/t1"):
        scorecard.between(run, [target("core_share", 0.1)], ["a/t9"])
    with pytest.raises(InvalidValue, match="none that this run tracks"):
        scorecard.between(run, [target("patents", 1.0)])


def test_a_share_that_is_no_number_is_refused_with_its_run(run, target):
    broken = run.copy(deep=True)
    broken["core_share"].loc[{"mix": "both", "draw": 2}] = np.inf
    with pytest.raises(RunFailed, match="mix both, draw 2"):
        scorecard.scorecard(broken, [target("core_share", 0.1)])
