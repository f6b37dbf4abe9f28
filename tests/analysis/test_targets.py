"""Smoothed probabilities against closed forms; every measure and sense."""

import datetime
import math

import numpy as np
import pytest
from scipy.stats import norm

from policymix.analysis import targets
from policymix.analysis.selection import level, series, total


def _share_parts(run, year=2025):
    share = series(run, "core_share").sel(year=year)
    luck = run["core_share_luck"].sel(year=year)
    return (share - luck).values, run["core_share_granular_sd"].sel(year=year).values


def test_core_share_is_smoothed_without_luck(run, target):
    m, s = _share_parts(run)
    result = targets.probabilities(run, [target("core_share", 0.10)]).sel(target="a/t1")
    expected = norm.cdf((m - 0.10) / s).mean(axis=(1, 2))
    np.testing.assert_allclose(result["probability"], expected, rtol=1e-12)
    paired = norm.cdf((m - 0.10) / s) - norm.cdf((m[:1] - 0.10) / s)
    np.testing.assert_allclose(result["difference"], paired.mean(axis=(1, 2)), atol=1e-15)
    error = paired[:, :, 0].std(axis=1, ddof=1) / math.sqrt(run.sizes["draw"])
    np.testing.assert_allclose(result["difference_error"], error, atol=1e-15)
    assert list(result["resolved"].values) == [False, True, True, True]


def test_smoothing_shows_a_point_that_counting_cannot(run, target):
    result = targets.probabilities(run, [target("core_share", 0.10)]).isel(target=0).sel(mix="both")
    assert 0.0 < float(result["difference_error"]) < 0.01


def test_about_is_met_from_below_the_value_by_its_tolerance(run, target):
    near = targets.probabilities(run, [target("core_share", 0.10, sense="about", tolerance=0.005)])
    least = targets.probabilities(run, [target("core_share", 0.095)])
    assert (near["probability"].values == least["probability"].values).all()


def test_range_and_equal_are_differences_of_two_lines(run, target):
    m, s = _share_parts(run)
    expected = (norm.cdf((m - 0.09) / s) - norm.cdf((m - 0.11) / s)).mean(axis=(1, 2))
    for one in (
        target("core_share", [0.09, 0.11], sense="range"),
        target("core_share", 0.10, sense="equal", tolerance=0.01),
    ):
        np.testing.assert_allclose(targets.probabilities(run, [one])["probability"][0], expected, rtol=1e-10)


def test_counts_are_whole_and_spread_like_their_new_recognitions(run, target):
    where = {"place": "zone", "step": "unicorn"}
    m = level(run, "recognised", **where).values
    s = np.sqrt(np.maximum(total(run, "recognised", **where).values[0], 1.0))
    more = targets.probabilities(run, [target("recognised:unicorn", 10, sense="more_than", place="zone")])
    np.testing.assert_allclose(more["probability"][0], norm.cdf((m - 10.5) / s).mean(axis=(1, 2)), rtol=1e-12)
    least = targets.probabilities(run, [target("recognised:unicorn", 11, place="zone")])
    np.testing.assert_allclose(least["probability"], more["probability"], rtol=1e-12)


def test_no_spread_leaves_a_step(run, target):
    certain = run.assign(core_share_granular_sd=run["core_share_granular_sd"] * 0.0)
    m, _ = _share_parts(run)
    result = targets.probabilities(certain, [target("core_share", 0.10)])
    np.testing.assert_allclose(result["probability"][0], (m >= 0.10).mean(axis=(1, 2)))


def test_kernel_is_small_with_one_replicate_and_measured_with_several(make_run, target):
    one = level(make_run(draws=20), "active_firms")
    width = targets.kernel_spread(one, "none")
    expected = 1.06 * one.sel(mix="none").values.std(ddof=1) * 20**-0.2
    np.testing.assert_allclose(width, expected)
    several = level(make_run(draws=3, replicates=4), "active_firms")
    spread = targets.kernel_spread(several, "none")
    assert spread.dims == ("draw", "replicate")
    np.testing.assert_allclose(spread[:, 0], several.sel(mix="none").std("replicate", ddof=1))


def test_gdp_of_a_year_is_the_sum_of_its_quarters(run, target):
    one = target("gdp", 1e12, at=datetime.date(2024, 12, 31))
    reading = targets.read(run, one)
    quarters = run["gdp"].sel(prices="free", quarter=["2024Q1", "2024Q2", "2024Q3", "2024Q4"])
    np.testing.assert_allclose(reading.number, quarters.sum("quarter"))


def test_mean_growth_is_geometric_and_says_what_it_lacks(run, target):
    one = target("core_value_added_growth", 0.1, measure="mean_growth", at=None, window={"base": 2020, "to": 2025})
    reading = targets.read(run.drop_vars("core_value_added_constant"), one)
    assert "from 2021" in reading.note
    assert "current prices" in reading.note
    yearly = run["core_value_added"].sel(prices="free").groupby(run["date"].dt.year).sum()
    share, luck = run["core_share"].sel(prices="free", year=2025), run["core_share_luck"].sel(year=2025)
    ratio = yearly.sel(year=2025) / yearly.sel(year=2021) * (1 - luck / share)
    np.testing.assert_allclose(reading.number, ratio**0.25 - 1.0, rtol=1e-12)


def test_high_growth_firms_are_new_gazelles_and_unicorns(run, target):
    one = target("high_growth", 130, measure="total", place="zone")
    steps = ["gazelle", "unicorn"]
    expected = total(run, "recognised", place="zone", step=steps)
    assert (targets.read(run, one).number == expected).all()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"untracked": "no processes inside a firm"}, "no processes"),
        ({"outcome": None}, "no outcome"),
        ({"outcome": "patents"}, "'patents'"),
        ({"at": datetime.date(2031, 12, 31)}, "outside the horizon"),
    ],
)
def test_untracked_targets_stay_with_their_reason(run, target, changed, words):
    one = target("core_share", 0.1, **{key: value for key, value in changed.items() if key != "outcome"})
    one.outcome = changed.get("outcome", "core_share")
    result = targets.probabilities(run, [one, target("core_share", 0.10, id="b/t2")])
    assert list(result["tracked"].values) == [False, True]
    assert words in str(result["note"].values[0])
    assert np.isnan(result["probability"][0]).all()


def test_each_year_takes_the_worst_year(run, target):
    one = target("entries", 1.0, measure="each_year", at=None, window={"base": 2022, "to": 2025})
    entries = (
        run["entries"].sel(prices="free").sum("place").groupby(run["date"].dt.year).sum().sel(year=[2023, 2024, 2025])
    )
    np.testing.assert_allclose(targets.read(run, one).number, entries.min("year"))


def test_lines_read_like_sentences(target):
    assert targets.line_text(target("x", 0.1, sense="about", tolerance=0.005)) == "about 10 % (≥ 9.5 %)"
    assert targets.line_text(target("x", 100, sense="more_than")) == "> 100"
    assert targets.line_text(target("x", 1e12)) == "≥ 1,000 bn CNY"
    assert targets.line_text(target("x", 1e12), "zh") == "≥ 10,000 亿元"
    assert targets.line_text(target("x", 0.1, sense="about", tolerance=0.005), "zh") == "约 10 % (≥ 9.5 %)"
    assert targets.line_text(target("x", [1, 2], sense="range"), "zh") == "1 至 2"
    assert targets.line_text(target("x", [1, 2], sense="range")) == "1 to 2"


def test_no_targets_give_an_empty_table(run):
    assert targets.probabilities(run, []).sizes["target"] == 0
