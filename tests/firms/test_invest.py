"""Lumpy investment of one firm (docs/ECONOMICS.md 7, 8, 13, 20, b4)."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policymix.firms import invest

ETA, XI = 0.6, 0.12  # parameter.capital_elasticity, parameter.fixed_cost
rates = st.floats(0.0, 0.9)


class TestUserCost:
    def test_expensing_takes_the_income_tax_out(self):
        """z = 1: units expensed at once have c = (r + d)(1 - s) whatever the tax rate (point 20)."""
        assert invest.user_cost(0.10, 0.09, 0.0, 0.25, 0.0, 1.0) == pytest.approx(0.19)
        assert invest.user_cost(0.10, 0.09, 0.0, 0.15, 0.0, 1.0) == pytest.approx(0.19)

    def test_published_range(self):
        """0.17-0.40 yuan a year for a yuan of capital, from machines to computers (B53, B56)."""
        assert invest.user_cost(0.08, 0.09, 0.0, 0.25, 0.0, 1.0) == pytest.approx(0.17)
        assert invest.user_cost(0.10, 0.315, 0.0, 0.25, 0.0, 1.0) == pytest.approx(0.415)

    @given(s=rates, tax=st.floats(0.0, 0.5), z=st.floats(0.0, 1.0))
    def test_subsidy_lowers_it_in_proportion_and_its_taxation_takes_a_part_back(self, s, tax, z):
        without = invest.user_cost(0.10, 0.15, 0.0, tax, 0.0, z)
        assert invest.user_cost(0.10, 0.15, s, tax, 0.0, z) == pytest.approx((1.0 - s) * without)
        assert invest.user_cost(0.10, 0.15, s, tax, tax, z) == pytest.approx((1.0 - s * (1.0 - tax)) * without)

    def test_depreciation_that_is_worth_less_makes_capital_dearer(self):
        costs = [invest.user_cost(0.10, 0.15, 0.0, 0.25, 0.0, z) for z in (1.0, 0.8, 0.5, 0.0)]
        assert costs == sorted(costs)
        assert costs[-1] == pytest.approx(0.25 / 0.75)


def test_wanted_capital_has_the_elasticity():
    """+17 % of support for good raises the stock by (1 / 0.83)^eta: 8-21 % for eta 0.4-1."""
    start = invest.ln_wanted(15.0, 0.6, 0.0, ETA)
    assert start == pytest.approx(15.0 + math.log(0.6))
    for eta, rise in ((0.4, 0.077), (0.6, 0.118), (1.0, 0.205)):
        more = invest.ln_wanted(15.0, 0.6, math.log(0.83), eta)
        assert math.exp(more - start) - 1.0 == pytest.approx(rise, abs=0.001)


class TestHazard:
    @given(gap=st.floats(0.0, 3.0))
    def test_a_rise_is_felt_at_its_square(self, gap):
        assert invest.hazard(gap, ETA, XI, 0.05) == pytest.approx(gap * gap / (2.0 * ETA * XI))

    @given(gap=st.floats(-3.0, 0.0), wedge=st.floats(0.0, 0.2))
    def test_a_fall_first_pays_the_resale_wedge(self, gap, wedge):
        rate = invest.hazard(gap, ETA, XI, wedge)
        assert rate <= invest.hazard(-gap, ETA, XI, wedge)
        if gap > -wedge:
            assert rate == 0.0

    def test_a_costlier_adjustment_waits_longer(self):
        assert invest.hazard(0.3, ETA, 0.15, 0.05) < invest.hazard(0.3, ETA, 0.10, 0.05)

    def test_value(self):
        """A gap of 0.3 is closed at 0.625 a year."""
        assert invest.hazard(0.3, 0.6, 0.12, 0.05) == pytest.approx(0.625)


class TestActs:
    @given(rate=st.floats(0.0, 20.0), u=st.floats(0.0, 1.0))
    def test_quarterly_chance_is_that_of_a_yearly_rate(self, rate, u):
        chance = 1.0 - math.exp(-rate / 4.0)
        assume(abs(u - chance) > 1e-9)
        assert invest.acts(rate, u) == (1.0 if u < chance else 0.0)

    @pytest.mark.parametrize("rate", [0.05, 0.625, 3.0])
    def test_four_quarters_are_a_year(self, rate):
        """The share that has acted within a year is 1 - e^-rate however the year is cut: a hazard has no period."""
        u = (np.arange(200_000) + 0.5) / 200_000
        chance = sum(invest.acts(rate, x) for x in u.tolist()) / u.size
        assert 1.0 - (1.0 - chance) ** 4 == pytest.approx(1.0 - math.exp(-rate), abs=1e-4)

    def test_limits(self):
        assert invest.acts(0.0, 0.0) == 0.0
        assert invest.acts(1e6, 0.999999) == 1.0


class TestExpiry:
    def test_nothing_to_miss_nothing_to_hurry_for(self):
        assert invest.expiry_push(0.0, 0.3, 0.5, 0.6, XI) == 0.0
        assert invest.expiry_push(0.15, 0.0, 0.5, 0.6, XI) == 0.0
        assert invest.expiry_push(0.15, -0.5, 0.5, 0.6, XI) == 0.0

    def test_value_in_the_last_moment(self):
        """s (1 - e^-x) / xi a year: 15 % on a gap of 0.3 adds 0.32 a year."""
        assert invest.expiry_push(0.15, 0.3, 0.0, 0.625, 0.12) == pytest.approx(0.15 * (1.0 - math.exp(-0.3)) / 0.12)

    @given(near=st.floats(0.0, 3.0), further=st.floats(0.0, 3.0))
    def test_it_grows_towards_the_end_and_is_the_same_after_it(self, near, further):
        push = [invest.expiry_push(0.15, 0.3, t, 0.625, XI) for t in (near, near + further)]
        assert push[1] <= push[0] <= invest.expiry_push(0.15, 0.3, -1.0, 0.625, XI)


class TestAffordable:
    def test_own_funds_carry_what_the_bank_and_the_grant_do_not(self):
        assert invest.affordable(10e6, 1e6, 0.4, 0.0, 0.05) == pytest.approx(1e6 / 0.6)
        assert invest.affordable(10e6, 1e6, 0.4, 0.1, 0.05) == pytest.approx(1e6 / 0.5)
        assert invest.affordable(1e6, 1e6, 0.4, 0.0, 0.05) == 1e6

    @given(project=st.floats(0.0, 1e9), funds=st.floats(0.0, 1e9), theta=st.floats(0.0, 1.0), s=rates)
    def test_never_more_than_wanted_and_money_with_the_purchase_helps(self, project, funds, theta, s):
        late, early = (invest.affordable(project, funds, theta, x, 0.05) for x in (0.0, s))
        assert late <= early <= project
        assert early <= funds / 0.05 + 1e-6

    def test_a_sale_needs_no_funds(self):
        assert invest.affordable(-5e5, 0.0, 0.4, 0.0, 0.05) == -5e5


class TestMaintenance:
    def test_large_units_reach_the_top_and_small_ones_seldom_buy(self):
        """p (1 - exp(-d K / (4 u))): 0.42 for a plant, a tenth for 600,000 CNY of machines (point 8)."""
        assert invest.maintenance_probability(1e9, 0.09, 50_000.0, 0.42) == pytest.approx(0.42)
        assert invest.maintenance_probability(6e5, 0.09, 50_000.0, 0.42) == pytest.approx(0.0995, abs=0.001)
        assert invest.maintenance_probability(0.0, 0.09, 50_000.0, 0.42) == 0.0

    @given(capital=st.floats(1e3, 1e9), step=st.floats(1.0, 10.0))
    def test_rises_with_the_unit(self, capital, step):
        at, above = (invest.maintenance_probability(k, 0.15, 50_000.0, 0.42) for k in (capital, step * capital))
        assert 0.0 < at <= above <= 0.42


def unit_years(maintenance, years=24, firms=500, support=0.0, from_year=None, eta=0.6, seed=3):
    """Yearly investment rates of untreated units under the rules, built at once: float[years, firms]."""
    draws = np.random.default_rng(seed)
    depreciation, drift, sigma = 0.09, 0.03, 0.2
    out = np.zeros((years, firms))
    for i in range(firms):
        ln_size, ln_capital = 0.0, 0.0
        z, adjust, maintain = draws.standard_normal(4 * years), draws.random(4 * years), draws.random(4 * years)
        for q in range(4 * years):
            ln_size += 0.25 * drift + 0.5 * sigma * z[q]
            treated = from_year is not None and q >= 4 * from_year
            wanted = invest.ln_wanted(ln_size, 1.0, math.log(1.0 - support) if treated else 0.0, eta)
            gap = wanted - ln_capital
            spent = 0.0
            if invest.acts(invest.hazard(gap, eta, 0.12, 0.05), adjust[q]):
                spent = math.exp(gap) - 1.0
            elif maintain[q] < maintenance:
                spent = 0.25 * depreciation
            out[q // 4, i] += spent if from_year is None else spent * math.exp(ln_capital)
            ln_capital += math.log(1.0 - 0.25 * depreciation + spent)
    return out


@pytest.mark.parametrize(("maintenance", "inaction"), [(0.42, 0.082), (0.12, 0.41), (0.0, 0.66)])
def test_inaction_is_the_published_one(maintenance, inaction):
    """Share of unit-years with |I / K| below 1 %: 8.2 %, 41 % and 66 % in the prototype; 8.1 % in the data (B24)."""
    rate = unit_years(maintenance, firms=300)[8:]
    assert np.mean(np.abs(rate) < 0.01) == pytest.approx(inaction, abs=0.035)
    if maintenance == 0.42:
        assert np.mean(rate > 0.2) == pytest.approx(0.218, abs=0.03)  # 18.6 % in the data (B26)
        assert np.mean(rate < 0.0) == pytest.approx(0.038, abs=0.02)


@pytest.mark.parametrize(("eta", "rise"), [(0.5, 0.24), (0.7, 0.34), (1.0, 0.51)])
def test_a_permanent_subsidy_of_a_sixth(eta, rise):
    """+17 % for good raises four years of investment by 24 / 34 / 51 % at eta 0.5 / 0.7 / 1.0 (b4; A33: +28)."""
    with_it = unit_years(0.42, 14, 800, 0.17, 10, eta)[10:].sum()
    without = unit_years(0.42, 14, 800, 0.0, 10, eta)[10:].sum()
    assert with_it / without - 1.0 == pytest.approx(rise, abs=0.05)


class TestWaiting:
    @given(rise=rates, gap=st.floats(0.01, 1.0), near=st.floats(0.0, 2.0), more=st.floats(0.0, 2.0))
    def test_the_further_off_a_support_the_fewer_wait(self, rise, gap, near, more):
        rate = invest.hazard(gap, ETA, XI, 0.05)
        close, far = (invest.waits(rise, gap, years, rate, XI) for years in (near, near + more))
        assert far <= close

    def test_value(self):
        """15 % on a gap of 0.3 is worth half a year of waiting: 0.15 x 0.259 = 0.039 against 0.075 a year."""
        assert invest.waits(0.15, 0.3, 0.50, 0.625, 0.12) == 1.0
        assert invest.waits(0.15, 0.3, 0.54, 0.625, 0.12) == 0.0

    def test_nobody_waits_for_nothing(self):
        assert invest.waits(0.0, 0.3, 0.0, 0.625, 0.12) == 0.0
        assert invest.waits(0.15, -0.3, 0.25, 0.625, 0.12) == 0.0
