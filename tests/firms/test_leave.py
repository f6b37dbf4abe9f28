"""Exit (docs/ECONOMICS.md 5, 19, b1)."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policymix.firms import leave

BY_AGE = (0.016, 0.063, 0.095, 0.080, 0.060)  # B08


def survival(late=0.06, years=150):
    """Share of a cohort alive at every quarter of age."""
    rates = (*BY_AGE[:4], late)
    stay = [1.0 - leave.quarterly(leave.rate_at_age(q / 4.0, *rates)) for q in range(4 * years)]
    return np.concatenate(([1.0], np.cumprod(stay)))


@pytest.mark.parametrize(
    ("years", "rate"),
    [(0.0, 0.016), (0.75, 0.016), (1.0, 0.063), (2.0, 0.095), (2.75, 0.095), (3.0, 0.08), (6.75, 0.08), (7.0, 0.06)],
)
def test_hazard_by_age(years, rate):
    """1.6 / 6.3 / 9.5 / 8 / 6 %: safe in the first year, most dangerous in the third (B08, B12)."""
    assert leave.rate_at_age(years, *BY_AGE) == rate


@given(rate=st.floats(0.0, 0.9))
def test_four_quarters_are_a_year(rate):
    assert (1.0 - leave.quarterly(rate)) ** 4 == pytest.approx(1.0 - rate, rel=1e-9)


def test_gone_by_the_fifth_birthday():
    """29.4 % of a cohort (S5; 28-31 % in every variant of b1)."""
    assert 1.0 - survival()[20] == pytest.approx(0.294, abs=0.002)


@pytest.mark.parametrize(
    ("late", "young", "rate", "growth"),
    [(0.05, 0.25, 0.056, 0.074), (0.06, 0.29, 0.063, 0.068), (0.07, 0.31, 0.069, 0.061)],
)
def test_age_structure_needs_growing_entry(late, young, rate, growth):
    """A stationary city has 25-31 % of its firms under five; 49.4 % (B10) need entry to grow by 6-7 % a year (b1)."""
    alive = survival(late)[:-1]
    assert alive[:20].sum() / alive.sum() == pytest.approx(young, abs=0.012)
    leaving = -np.diff(survival(late))
    assert 4.0 * leaving.sum() / alive.sum() == pytest.approx(rate, abs=0.003)
    cohorts = alive * np.exp(-growth * np.arange(alive.size) / 4.0)
    assert cohorts[:20].sum() / cohorts.sum() == pytest.approx(0.494, abs=0.01)


@given(ln_size=st.floats(5.0, 25.0), elasticity=st.floats(0.0, 0.05))
def test_size_matters_little(ln_size, elasticity):
    """(S / S_e)^-0.05: a firm a hundred times the typical one leaves a fifth less often, no more (S4)."""
    factor = leave.size_factor(ln_size, 13.0, elasticity)
    assert factor == pytest.approx(math.exp(-elasticity * (ln_size - 13.0)))
    assert leave.size_factor(13.0, 13.0, elasticity) == 1.0
    assert leave.size_factor(13.0 + math.log(100.0), 13.0, 0.05) == pytest.approx(0.794, abs=0.001)


def test_only_those_short_of_cash_leave_more_often():
    assert leave.cash_factor(0.05e6 + 1.0, 1e6, 0.05, 0.15) == pytest.approx(1.0)
    assert leave.cash_factor(1e9, 1e6, 0.05, 0.15) == 1.0
    assert leave.cash_factor(0.0, 1e6, 0.05, 0.15) == pytest.approx(1.15)
    assert leave.cash_factor(0.025e6, 1e6, 0.05, 0.15) == pytest.approx(1.075, abs=1e-4)


@given(funds=st.floats(0.0, 1e9), more=st.floats(0.0, 1e9))
def test_cash_never_hurts(funds, more):
    assert leave.cash_factor(funds + more, 1e7, 0.05, 0.15) <= leave.cash_factor(funds, 1e7, 0.05, 0.15) <= 1.15


@given(base=st.floats(0.0, 1.0), size=st.floats(0.0, 5.0), cash=st.floats(1.0, 2.0), bump=st.floats(0.0, 1.0))
def test_probability_is_one_and_rises_when_relief_ends(base, size, cash, bump):
    usual, ended = (leave.probability(base, size, cash, over, bump, 0.5) for over in (0.0, 1.0))
    assert 0.0 <= usual <= ended <= 0.5
    if ended < 0.5:
        assert ended == pytest.approx((1.0 + bump) * usual)
