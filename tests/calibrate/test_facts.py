"""Estimators of exit, lumps, jobs and adoption against cases worked by hand, and on data that say nothing."""

import math

import numpy as np
import pytest

from policymix.calibrate import facts


def life_table(yearly, years=10, firms=1e6):
    """Exact life table of a constant yearly hazard."""
    quarter = 1.0 - (1.0 - yearly) ** 0.25
    lived = firms * (1.0 - quarter) ** np.arange(4 * years)
    return lived, quarter * lived


@pytest.mark.parametrize("hazard", [0.016, 0.08, 0.3])
def test_a_constant_hazard_is_found_at_every_age(hazard):
    for first, last in ((1, 1), (3, 3), (4, 7)):
        assert facts.exit_hazard(*life_table(hazard), first, last) == pytest.approx(hazard)
    assert facts.gone_between(*life_table(hazard), 1, 5) == pytest.approx(1.0 - (1.0 - hazard) ** 5)


def test_no_hazard_of_ages_that_nobody_lives():
    lived, left = life_table(0.05, years=3)
    assert math.isnan(facts.exit_hazard(lived, left, 4, 7))
    assert math.isnan(facts.exit_hazard(np.zeros(40), np.zeros(40), 1, 1))


def test_the_published_hazards_lose_three_tenths_by_year_five():
    yearly = np.repeat([0.016, 0.063, 0.095, 0.08, 0.08], 4)
    quarter = 1.0 - (1.0 - yearly) ** 0.25
    lived = 1e5 * np.concatenate(([1.0], np.cumprod(1.0 - quarter)[:-1]))
    assert facts.gone_between(lived, quarter * lived, 1, 5) == pytest.approx(0.294, abs=1e-3)


def test_age_shares_count_whole_years():
    ages = np.repeat([0.0, 19.0, 20.0, 80.0], 25)
    assert facts.younger_than(ages, 5) == 0.5
    assert math.isnan(facts.younger_than(np.zeros(3), 5))


def test_lumps_by_hand():
    rates = np.array([[0.0, 0.005, 0.1, 0.3, np.nan] * 10, [0.0, -0.005, 0.1, 0.3, 0.5] * 10])
    found = facts.lumps(rates, 0.01, 0.2)
    assert found.inaction == pytest.approx(40 / 90)
    assert found.spikes == pytest.approx(30 / 90)
    assert found.autocorrelation == pytest.approx(1.0, abs=1e-3)


def test_independent_years_have_no_autocorrelation():
    rates = np.random.default_rng(1).exponential(0.1, (4, 20_000))
    assert facts.lumps(rates, 0.01, 0.2).autocorrelation == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("rates", [np.full((2, 50), np.nan), np.zeros((2, 3))])
def test_no_lumps_without_firm_years(rates):
    assert all(math.isnan(each) for each in facts.lumps(rates, 0.01, 0.2))


def test_no_autocorrelation_of_one_year_or_of_a_constant():
    assert math.isnan(facts.lumps(np.random.default_rng(2).normal(size=(1, 100)), 0.01, 0.2).autocorrelation)
    assert math.isnan(facts.lumps(np.full((3, 100), 0.1), 0.01, 0.2).autocorrelation)


def test_the_top_growers_by_hand():
    gains = np.concatenate((np.full(25, 40.0), np.full(475, 1.0), np.full(300, -5.0)))
    assert facts.top_growers_share(gains, 0.05) == pytest.approx(1000.0 / 1475.0)
    assert math.isnan(facts.top_growers_share(gains[:100], 0.05))
    assert math.isnan(facts.top_growers_share(-np.ones(1000), 0.05))


def test_bass_coefficients_are_found_on_a_bass_curve():
    years = 0.25 * np.arange(120)
    share = facts.bass_curve(years, 0.02, 0.012, 0.4)
    firms = 1e7 * (1.0 - share[:-1])
    between = 0.5 * (share[1:] + share[:-1])
    found = facts.bass(between, firms, 1e7 * np.diff(share))
    assert found.innovation == pytest.approx(0.012, rel=0.05)
    assert found.imitation == pytest.approx(0.4, rel=0.02)


def test_the_bass_curve_solves_its_equation():
    years = np.linspace(0.0, 30.0, 3001)
    share = facts.bass_curve(years, 0.05, 0.01, 0.38)
    slope = np.gradient(share, years)
    assert share[0] == pytest.approx(0.05)
    assert slope[1:-1] == pytest.approx(((0.01 + 0.38 * share) * (1.0 - share))[1:-1], abs=1e-4)


@pytest.mark.parametrize(
    ("peers", "firms", "adopted"),
    [
        (np.full(40, 0.3), np.full(40, 1e4), np.full(40, 300.0)),
        (np.linspace(0.1, 0.9, 40), np.full(40, 5.0), np.ones(40)),
        (np.linspace(0.1, 0.9, 3), np.full(3, 1e4), np.full(3, 300.0)),
    ],
)
def test_no_bass_without_movement_firms_or_periods(peers, firms, adopted):
    assert all(math.isnan(each) for each in facts.bass(peers, firms, adopted))


def test_a_share_of_nothing_is_unknown():
    assert facts.share_of(1.0, 4.0) == 0.25
    assert math.isnan(facts.share_of(0.0, 0.0))
