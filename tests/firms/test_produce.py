"""Output, staff, growth, tax and cash of one firm (docs/ECONOMICS.md 1, 6, 9, 12, b8)."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import gammaln
from scipy.stats import kurtosis

from policymix.firms import invest, produce

LEVEL, SLOPE = 0.35, 0.15  # parameter.size_spread, parameter.size_slope
sizes = st.floats(1e4, 1e10)
unit = st.floats(1e-6, 1.0 - 1e-6)


def yearly_growth(firms, seed=1):
    """A calendar year's log growth of many typical firms: four shocks that share one variance."""
    draws = np.random.default_rng(seed)
    u, z = draws.random(firms).tolist(), draws.standard_normal((4, firms)).tolist()
    variance = [produce.variance_draw(each) for each in u]
    return np.array([sum(produce.shock(LEVEL, variance[i], z[q][i]) for q in range(4)) for i in range(firms)])


def subbotin_shape(x):
    """Maximum-likelihood b of exp(-|x / a|^b / b): 1 is Laplace, 2 is normal."""
    size = np.abs(x - np.median(x))

    def loss(b):
        a = np.mean(size**b) ** (1.0 / b)
        return math.log(2.0 * a) + math.log(b) / b + gammaln(1.0 + 1.0 / b) + 1.0 / b

    return minimize_scalar(loss, bounds=(0.3, 3.0), method="bounded").x


@given(u=unit)
def test_variance_is_exponential(u):
    """P(V > v) = e^-v: the number whose uniform is u exceeds v with probability u."""
    assert math.exp(-produce.variance_draw(u)) == pytest.approx(u, rel=1e-12)


def test_a_year_of_growth_is_laplace():
    """Excess kurtosis of Laplace is 3, Subbotin's b is 1, and the variance is sigma squared (B04)."""
    growth = yearly_growth(100_000)
    assert subbotin_shape(growth) == pytest.approx(1.0, abs=0.03)
    assert kurtosis(growth, fisher=False) == pytest.approx(6.0, abs=0.5)
    assert growth.std() == pytest.approx(LEVEL, rel=0.02)
    assert growth.mean() == pytest.approx(0.0, abs=0.005)


def test_laplace_quarters_would_not_do():
    """Four independent Laplace quarters add up to b = 1.58, outside the band 0.7-1.3: hence one variance a year."""
    quarters = np.random.default_rng(2).laplace(size=(4, 100_000))
    assert subbotin_shape(quarters.sum(axis=0)) == pytest.approx(1.58, abs=0.06)


@given(ln_size=st.floats(5.0, 25.0), step=st.floats(0.01, 3.0))
def test_spread_falls_with_size_at_the_slope(ln_size, step):
    """ln sigma has the slope -0.15 in ln S (B06, B07), up to the bound of twice the level for very small firms."""
    at, above = (produce.spread(x, 15.0, LEVEL, SLOPE, 2.0) for x in (ln_size, ln_size + step))
    assert above <= at <= 2.0 * LEVEL
    if at < 2.0 * LEVEL:
        assert math.log(above / at) == pytest.approx(-SLOPE * step, rel=1e-9)
    assert produce.spread(15.0, 15.0, LEVEL, SLOPE, 2.0) == LEVEL


def test_shock_is_linear_in_luck_and_quarterly():
    """Four quarters of variance V / 4 make a year of variance V; no luck, no growth."""
    assert produce.shock(LEVEL, 1.0, 1.0) == pytest.approx(LEVEL / 2.0)
    assert produce.shock(LEVEL, 1.0, -1.0) == -produce.shock(LEVEL, 1.0, 1.0)
    assert produce.shock(LEVEL, 0.0, 2.0) == produce.shock(0.0, 1.0, 2.0) == 0.0


@given(size=sizes, cost_share=st.floats(0.05, 0.4), factor=st.floats(0.5, 1.5))
def test_reference_output_is_the_demand_state(size, cost_share, factor):
    assert produce.value_added(size, factor, 0.0, cost_share) == pytest.approx(size * factor, rel=1e-12)


@given(size=sizes, cost_share=st.floats(0.08, 0.3), depreciation=st.floats(0.05, 0.32))
def test_one_yuan_of_capital_yields_about_its_user_cost(size, cost_share, depreciation):
    """dY / dK = a Y / K = c0 at K0 = (a / c0) S: a subsidy adds no productivity of its own (point 1)."""
    cost = invest.user_cost(0.10, depreciation, 0.0, 0.0, 0.0, 1.0)
    capital = cost_share / cost * size
    more = produce.value_added(size, 1.0, math.log(1.0 + 1e-6), cost_share)
    less = produce.value_added(size, 1.0, math.log(1.0 - 1e-6), cost_share)
    assert (more - less) / (2e-6 * capital) == pytest.approx(cost, rel=1e-6)


@given(ratio=st.floats(0.01, 2.0), cost_share=st.floats(0.05, 0.4))
def test_output_rises_with_capital_ever_less(ratio, cost_share):
    one, two, three = (produce.value_added(1e6, 1.0, math.log(1.0 + k * ratio), cost_share) for k in range(3))
    assert one < two < three
    assert three - two < two - one


def test_staff_is_a_count_and_follows_its_three_elasticities():
    per_value = 0.55 / 166_000.0  # wage share over yearly pay (B44, B63)
    start = produce.staff(9e6 * 0.4, per_value, 0.0, 0.5, 0.0, 0.4)
    assert start == pytest.approx(11.9, abs=0.1)
    assert produce.staff(9e6 * 0.4, per_value, 0.1, 0.5, 0.0, 0.4) / start == pytest.approx(math.exp(0.05))
    assert produce.staff(9e6 * 0.4, per_value, 0.1, 1.0, 0.0, 0.4) / start == pytest.approx(math.exp(0.10))
    assert produce.staff(9e6 * 0.4, per_value, 0.0, 0.5, 0.1, 0.4) / start == pytest.approx(math.exp(-0.04))
    assert produce.staff(18e6 * 0.4, per_value, 0.0, 0.5, 0.0, 0.4) == pytest.approx(2.0 * start)


def test_profit_is_what_is_left():
    assert produce.profit(100.0, 55.0, 0.10, 20.0, 3.0) == pytest.approx(100.0 - 10.0 - 55.0 - 20.0 - 3.0)


class TestTax:
    """Statutory schedule: 5 % to the line on everything, above it 25 or 15 % on everything (B54, B64)."""

    RATES = (1e6, 0.05, 0.25, 0.15)

    @pytest.mark.parametrize(
        ("income", "status", "due"),
        [
            (-5e5, 0.0, 0.0),
            (0.0, 0.0, 0.0),
            (8e5, 0.0, 40_000.0),
            (8e5, 1.0, 40_000.0),
            (1e6, 0.0, 50_000.0),
            (2e6, 0.0, 500_000.0),
            (2e6, 1.0, 300_000.0),
        ],
    )
    def test_schedule(self, income, status, due):
        assert produce.tax_due(income, *self.RATES, status) == pytest.approx(due)

    def test_cliff(self):
        """One yuan above the line costs the difference of the rates on all profit: 200,000 CNY, 100,000 with status."""
        for status, jump in ((0.0, 200_000.0), (1.0, 100_000.0)):
            below, above = (produce.tax_due(1e6 + x, *self.RATES, status) for x in (0.0, 1.0))
            assert above - below == pytest.approx(jump, abs=1.0)

    def test_the_status_is_worth_nothing_below_the_line(self):
        """The zone's mean software firm has 0.8 million of profit: the 15 % rate is not its motive (point 9)."""
        assert produce.tax_due(8e5, *self.RATES, 1.0) == produce.tax_due(8e5, *self.RATES, 0.0)

    @given(income=st.floats(-1e8, 1e9), status=st.sampled_from([0.0, 1.0]))
    def test_never_negative_and_never_above_the_standard_rate(self, income, status):
        assert 0.0 <= produce.tax_due(income, *self.RATES, status) <= 0.25 * max(income, 0.0) + 1e-9


class TestHeldBack:
    """Revenue kept at an eligibility line (V15)."""

    LINE, MARGIN = 1e7, 0.08

    @given(revenue=st.floats(1.0, 1e7))
    def test_firms_below_the_line_keep_what_they_have(self, revenue):
        assert produce.held_back(revenue, self.LINE, 0.012, self.MARGIN, 0.1, 1.0) == pytest.approx(revenue)

    @given(revenue=st.floats(1e3, 1e10))
    def test_never_more_than_free_never_below_the_line(self, revenue):
        kept = produce.held_back(revenue, self.LINE, 0.012, self.MARGIN, 0.1, 1.0)
        assert kept <= revenue
        assert kept == pytest.approx(revenue) or kept == pytest.approx(self.LINE)

    def test_those_who_cannot_do_not(self):
        assert produce.held_back(1.01e7, self.LINE, 0.012, self.MARGIN, 0.1, 0.0) == 1.01e7
        assert produce.held_back(1.01e7, self.LINE, 0.0, self.MARGIN, 0.1, 1.0) == 1.01e7

    @pytest.mark.parametrize(
        ("ease", "worth", "width", "excess"),
        [(0.05, 0.012, 0.12, 3.2), (0.05, 0.002, 0.05, 1.2), (0.10, 0.012, 0.17, 4.6), (0.10, 0.002, 0.07, 1.8)],
    )
    def test_width_and_excess_mass(self, ease, worth, width, excess):
        """Table b8: the share of revenue given up at most, sqrt(2 e B / m), and the excess over a 2 % bin."""
        assert math.sqrt(2.0 * ease * worth / self.MARGIN) == pytest.approx(width, abs=0.006)
        free = self.LINE * np.exp(np.linspace(0.0, 0.4, 4001))
        kept = np.array([produce.held_back(x, self.LINE, worth, self.MARGIN, ease, 1.0) for x in free.tolist()])
        bunched = free[kept < free * (1.0 - 1e-9)]
        assert 1.0 - self.LINE / bunched.max() == pytest.approx(width, abs=0.006)
        in_bins = 0.5 * math.log(bunched.max() / self.LINE) / 0.02  # half are able; density flat in logs
        assert in_bins == pytest.approx(excess, abs=0.2)


@given(funds=st.floats(0.0, 1e8), flow=st.floats(-1e8, 1e8), ceiling=st.floats(0.0, 1e8))
def test_funds_stay_within_nothing_and_the_ceiling(funds, flow, ceiling):
    after = produce.funds_after(funds, flow, ceiling)
    assert 0.0 <= after <= ceiling
    if 0.0 <= funds + flow <= ceiling:
        assert after == funds + flow
