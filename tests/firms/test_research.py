"""Real and reported R&D of one firm (docs/ECONOMICS.md 9, 19, b3)."""

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policymix.firms import research

EPS = 1.15  # parameter.research_elasticity


class TestUserCost:
    @pytest.mark.parametrize(
        ("tax", "extra", "cost"), [(0.25, 1.0, 0.667), (0.15, 1.0, 0.824), (0.25, 0.75, 0.75), (0.05, 1.0, 0.947)]
    )
    def test_published_values(self, tax, extra, cost):
        """(1 - t (1 + s_t)) / (1 - t): 0.667 at 25 % and 0.824 at 15 % under the 100 % super-deduction (B54, B55)."""
        assert math.exp(research.ln_cost(tax, extra, 0.0, 1.0, 0.05)) == pytest.approx(cost, abs=5e-4)

    def test_high_tech_status_makes_research_dearer(self):
        """By 24 %: the lower tax rate also lowers what a deduction is worth."""
        with_status, without = (research.ln_cost(t, 1.0, 0.0, 1.0, 0.05) for t in (0.15, 0.25))
        assert math.exp(with_status - without) - 1.0 == pytest.approx(0.235, abs=0.005)

    def test_a_lower_price_lowers_it_in_proportion(self):
        usual, cheap = (research.ln_cost(0.25, 0.75, 0.0, price, 0.05) for price in (1.0, 0.9))
        assert cheap - usual == pytest.approx(math.log(0.9))

    @given(tax=st.floats(0.0, 0.25), extra=st.floats(0.0, 1.0), grant=st.floats(0.0, 0.4), more=st.floats(0.001, 2.0))
    def test_a_grant_lowers_it_to_a_floor(self, tax, extra, grant, more):
        at, below = (research.ln_cost(tax, extra, g, 1.0, 0.05) for g in (grant, grant + more))
        assert below <= at
        assert math.exp(below) >= 0.05 - 1e-9


@pytest.mark.parametrize(("kappa", "share"), [(1.06, 0.45), (1.5, 0.37), (2.0, 0.30), (3.5, 0.20)])
def test_relabelled_share_of_what_is_induced(kappa, share):
    """1 / (1 + eps kappa) at eps 1.15: the published row of b3; 24-45 % in the evidence (A51, A53)."""
    assert research.relabelled_share(EPS, kappa) == pytest.approx(share, abs=0.006)


@given(gap=st.floats(0.001, 0.1), kappa=st.floats(1.06, 3.5), eps=st.floats(0.8, 1.5))
def test_relabelled_share_is_the_cheapest_split(gap, kappa, eps):
    """It minimises e^2 / (2 eps) + kappa d^2 / 2 over e + d = G; the least cost is G^2 / (2 (eps + 1 / kappa))."""
    relabelled = research.relabelled_share(eps, kappa) * gap
    real = gap - relabelled
    assert real / eps == pytest.approx(kappa * relabelled)
    cost = real**2 / (2.0 * eps) + kappa * relabelled**2 / 2.0
    assert cost == pytest.approx(gap**2 / (2.0 * (eps + 1.0 / kappa)))


@given(own=st.floats(-1.0, 1.0), real=st.floats(-1.0, 1.0), share=st.floats(0.0, 0.6))
def test_reported_is_real_and_what_is_relabelled(own, real, share):
    reported = research.reported_log(own, real, share)
    assert (reported - own) * (1.0 - share) == pytest.approx(real - own, abs=1e-12)
    assert abs(reported - own) >= abs(real - own) - 1e-12


def test_firms_of_an_industry_differ_around_its_intensity():
    """The mean over firms of the lasting factor is 1 (lognormal, log sd 0.8: point 9)."""
    z = NormalDist().inv_cdf
    factors = [math.exp(research.own_log(0.8, z((k + 0.5) / 20_000))) for k in range(20_000)]
    assert sum(factors) / len(factors) == pytest.approx(1.0, abs=0.005)
    assert research.own_log(0.0, 1.7) == 0.0


class TestLine:
    """Stretching to an intensity line (b3; A51-A53)."""

    def test_only_for_a_gain_above_the_least_cost(self):
        cost = 0.01**2 / (2.0 * 0.03 * (EPS + 0.5))
        assert research.to_the_line(0.03, 0.04, cost * 1.001, 0.0, EPS, 2.0) == 0.04
        assert research.to_the_line(0.03, 0.04, cost * 0.999, 0.0, EPS, 2.0) == 0.03
        assert research.to_the_line(0.03, 0.04, cost * 1.001, 0.001, EPS, 2.0) == 0.03

    def test_above_the_line_nothing_changes(self):
        assert research.to_the_line(0.05, 0.04, 1.0, 0.0, EPS, 2.0) == 0.05

    @given(free=st.floats(0.001, 0.2), line=st.floats(0.01, 0.1), gain=st.floats(0.0, 0.02), more=st.floats(0.0, 0.02))
    def test_a_larger_gain_never_keeps_a_firm_back(self, free, line, gain, more):
        usual, richer = (research.to_the_line(free, line, g, 0.001, EPS, 2.0) for g in (gain, gain + more))
        assert richer >= usual >= min(free, line)

    def test_nearer_firms_go_first(self):
        chosen = [research.to_the_line(0.04 - gap, 0.04, 0.004, 0.001, EPS, 2.0) for gap in (0.005, 0.01, 0.02, 0.03)]
        went = [c == 0.04 for c in chosen]
        assert went == sorted(went, reverse=True) and went[0] and not went[-1]


def test_reported_elasticity_is_the_published_one():
    """Real 1.15 with 30 % relabelled is 1.64 reported (point 19; A53 has 1.14 real and 2.0 reported, A56 1.58)."""
    assert research.reported_log(0.0, 1.15, 0.30) == pytest.approx(1.64, abs=0.005)


class TestAdjustment:
    def test_a_tenth_a_year_closes_two_fifths_in_five(self):
        """41 % of the long run after five years at 10 % (A54; point 19)."""
        level = 0.0
        for _ in range(20):
            level = research.adjusted(level, 1.0, 0.10)
        assert level == pytest.approx(0.41, abs=0.015)

    @given(now=st.floats(-2.0, 2.0), target=st.floats(-2.0, 2.0), speed=st.floats(0.0, 1.0))
    def test_it_never_overshoots(self, now, target, speed):
        after = research.adjusted(now, target, speed)
        assert min(now, target) - 1e-12 <= after <= max(now, target) + 1e-12

    def test_at_the_target_it_stays(self):
        assert research.adjusted(0.3, 0.3, 0.1) == 0.3


class TestKnowledge:
    def test_the_normal_path_is_at_rest(self):
        assert research.knowledge_after(0.0, 0.0, 0.175) == 0.0
        assert research.knowledge_after(0.4, 0.4, 0.175) == pytest.approx(0.4)

    def test_a_lasting_rise_arrives_in_full(self):
        """The stock follows the flow at the rate of its depreciation (B56): three quarters of it within ten years."""
        stock, quarters = 0.0, 0
        while stock < 0.75 * 0.2:
            stock = research.knowledge_after(stock, 0.2, 0.175)
            quarters += 1
        assert 24 <= quarters <= 40
        for _ in range(400):
            stock = research.knowledge_after(stock, 0.2, 0.175)
        assert stock == pytest.approx(0.2, abs=1e-3)

    @given(stock=st.floats(-1.0, 1.0), flow=st.floats(-1.0, 1.0))
    def test_it_moves_towards_the_flow(self, stock, flow):
        assert (research.knowledge_after(stock, flow, 0.175) - stock) * (flow - stock) >= 0.0


def test_a_doubling_of_the_stock_is_nine_per_cent():
    """0.124 per log point (A52)."""
    assert math.expm1(research.productivity_gain(0.0, math.log(2.0), 0.124)) == pytest.approx(0.09, abs=0.001)
    assert research.productivity_gain(0.3, 0.3, 0.124) == 0.0
    assert research.productivity_gain(0.3, 0.1, 0.124) < 0.0
