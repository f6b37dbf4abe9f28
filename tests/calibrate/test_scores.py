"""Scores with known answers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from policymix.calibrate.scores import covers, crps, interval, relative

SOME = st.floats(-1e3, 1e3)


@pytest.mark.parametrize(
    ("mean", "sd", "outturn"), [(0.0, 1.0, 0.0), (0.0, 1.0, 2.5), (7.0, 0.3, 6.5), (-2.0, 4.0, 9.0)]
)
def test_the_score_of_a_gaussian_ensemble_is_the_closed_form(mean, sd, outturn):
    members = mean + sd * ndtri((np.arange(4000) + 0.5) / 4000)
    z = (outturn - mean) / sd
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    exact = sd * (z * (2.0 * ndtr(z) - 1.0) + 2.0 * density - 1.0 / math.sqrt(math.pi))
    assert crps(members, outturn) == pytest.approx(exact, rel=1e-3)


@given(st.lists(SOME, min_size=1, max_size=12), SOME)
def test_the_score_is_its_definition(members, outturn):
    x = np.array(members)
    exact = np.abs(x - outturn).mean() - 0.5 * np.abs(x[:, None] - x[None, :]).mean()
    assert crps(x, outturn) == pytest.approx(exact, abs=1e-8)


def test_a_sure_forecast_is_scored_by_its_error():
    assert crps(np.full(5, 3.0), 4.5) == pytest.approx(1.5)
    assert crps(np.full(5, 4.5), 4.5) == 0.0


def test_intervals_hold_what_they_say():
    members = np.arange(1001) / 1000
    assert interval(members, 0.9) == pytest.approx((0.05, 0.95))
    assert covers(members, 0.94, 0.9) and not covers(members, 0.96, 0.9)


def test_a_ratio_is_formed_on_the_points_that_the_rival_has():
    assert relative(np.array([1.0, 2.0, 30.0]), np.array([2.0, 4.0, np.nan])) == pytest.approx(0.5)
    assert math.isnan(relative(np.array([1.0]), np.array([np.nan])))
    assert relative(np.array([1.0]), np.array([0.0])) == math.inf
