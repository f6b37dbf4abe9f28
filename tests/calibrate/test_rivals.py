"""Naive rivals against processes for which the best forecast is known."""

import numpy as np
import pytest

from policymix.calibrate.rivals import RIVALS, changes, forecasts, transformed, turns
from policymix.calibrate.scores import crps, interval

FIRST = 2000


def walk(rng, years, step=1.0):
    return {FIRST + year: float(value) for year, value in enumerate(100.0 + np.cumsum(rng.normal(0.0, step, years)))}


def mean_scores(figures, form, origins, ahead):
    scores = {name: [] for name in RIVALS}
    for origin in origins:
        for name, members in forecasts(figures, form, origin, origin + ahead, []).items():
            scores[name].append(crps(members, figures[origin + ahead]))
    return {name: np.mean(each) for name, each in scores.items()}


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [1, 3])
def test_the_last_value_is_best_for_a_random_walk(ahead):
    figures = walk(np.random.default_rng(1), 140)
    scores = mean_scores(figures, "rate", range(FIRST + 40, FIRST + 130), ahead)
    assert scores["last_value"] < scores["ar1"] < scores["last_growth"]


def test_a_walk_is_in_the_interval_of_the_last_value_as_often_as_it_says():
    rng, inside = np.random.default_rng(2), 0
    for _ in range(200):
        figures = walk(rng, 30)
        low, high = interval(forecasts(figures, "rate", FIRST + 27, FIRST + 29, [])["last_value"], 0.8)
        inside += low <= figures[FIRST + 29] <= high
    assert 0.72 <= inside / 200 <= 0.88


def test_the_autoregression_recovers_the_process_that_made_the_figures():
    rng, x, constant, persistence, sigma = np.random.default_rng(3), 0.0, 2.0, 0.6, 0.5
    figures = {}
    for year in range(600):
        x = constant + persistence * x + sigma * rng.normal()
        figures[FIRST + year] = x
    last = FIRST + 599
    one = forecasts(figures, "rate", last, last + 1, [])["ar1"]
    far = forecasts(figures, "rate", last, last + 40, [])["ar1"]
    assert np.median(one) == pytest.approx(constant + persistence * x, abs=0.15)
    assert one.std() == pytest.approx(sigma, rel=0.1)
    assert np.median(far) == pytest.approx(constant / (1.0 - persistence), abs=0.15)
    assert far.std() == pytest.approx(sigma / np.sqrt(1.0 - persistence**2), rel=0.1)


def test_a_level_that_grows_evenly_goes_on_growing_but_for_the_last_value():
    figures = {FIRST + year: 100.0 * 1.07**year for year in range(9)}
    found = forecasts(figures, "level", FIRST + 8, FIRST + 10, [])
    assert np.median(found["last_value"]) == pytest.approx(figures[FIRST + 8])
    assert found["last_growth"] == pytest.approx(np.full(found["last_growth"].size, 100.0 * 1.07**10))


def test_what_lies_after_the_origin_changes_nothing():
    figures = walk(np.random.default_rng(4), 20)
    origin = FIRST + 12
    changed = {year: value if year <= origin else -50.0 for year, value in figures.items()}
    for name, members in forecasts(figures, "rate", origin, origin + 2, [figures]).items():
        assert np.array_equal(members, forecasts(changed, "rate", origin, origin + 2, [changed])[name])


def test_a_short_series_borrows_the_errors_of_others_and_has_no_autoregression():
    other = {2010: 100.0, 2011: 110.0, 2012: 132.0, 2013: 132.0}
    found = forecasts({2013: 50.0}, "level", 2013, 2014, [other])
    assert found["last_growth"] is None and found["ar1"] is None
    size = np.sqrt(np.mean(np.square(np.log([1.1, 1.2, 1.0]))))
    assert np.log(found["last_value"]).mean() == pytest.approx(np.log(50.0))
    assert np.quantile(np.log(found["last_value"] / 50.0), 0.75) == pytest.approx(
        0.7649 * size, rel=0.01
    )  # t, 3 degrees
    assert forecasts({2012: 25.0, 2013: 50.0}, "level", 2013, 2014, [other])["last_growth"].mean() > 50.0


def test_without_any_error_so_far_a_forecast_is_a_point():
    assert np.ptp(forecasts({2013: 50.0}, "level", 2013, 2014, [])["last_value"]) == 0.0


def test_changes_over_gaps_are_of_a_year():
    known = transformed({2010: 1.0, 2014: 3.0, 2015: 3.5}, "rate", 2015)
    assert changes(known) == [1.0, 0.5]
    assert turns(known) == [0.0]
