"""The best size of a project under a schedule of support, against brute force (docs/ECONOMICS.md 7, b5)."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policymix.firms import kink

COST = 0.25  # user cost a year
NO_END = 1e18


def layers_pay(size, layers):
    """Support for a project, CNY: the sum of s min(x, end) over the layers."""
    return sum(kink.support(size, rate, end) for rate, end in layers)


def chosen(capital, ln_wanted, layers, elasticity):
    """The engine's use of the rule: the rate on a stretch is the sum of the layers that have not ended."""
    layers = sorted(layers, key=lambda layer: layer[1])
    best = kink.size_at(capital, ln_wanted, 0.0, elasticity)
    for k in reversed(range(len(layers))):
        rate = sum(rate for rate, _ in layers[k:])
        best = kink.flattening(best, kink.size_at(capital, ln_wanted, rate, elasticity), layers[k][1])
    return best


def yearly_profit(size, capital, ln_wanted, layers, elasticity):
    """Worth of a project a year: marginal product c ((K + x) / K*)^(-1/eta) less the cost of capital net of support."""
    stock, wanted = capital + size, math.exp(ln_wanted)
    power = 1.0 - 1.0 / elasticity
    relative = stock / wanted
    product = wanted * COST * (np.log(relative) if abs(power) < 1e-12 else relative**power / power)
    paid = np.zeros_like(size)
    for rate, end in layers:
        paid = paid + rate * np.clip(size, 0.0, end)
    return product - COST * (size - paid)


stretches = st.lists(
    st.tuples(st.floats(0.01, 0.25), st.floats(1e5, 5e7)), min_size=0, max_size=3, unique_by=lambda layer: layer[1]
)


@settings(deadline=None, max_examples=150)
@given(
    layers=stretches,
    ratio=st.floats(1.01, 8.0),
    capital=st.floats(1e5, 2e7),
    elasticity=st.floats(0.4, 0.95),
)
def test_flattening_is_the_best_of_all_sizes(layers, ratio, capital, elasticity):
    """On any schedule that only flattens the rule's size earns as much as the best on a fine grid."""
    ln_wanted = math.log(ratio * capital)
    best = chosen(capital, ln_wanted, layers, elasticity)
    largest = capital * ratio * (1.0 - min(0.9, sum(rate for rate, _ in layers))) ** -elasticity
    grid = np.linspace(0.0, 1.2 * largest, 20_001)
    profit = yearly_profit(grid, capital, ln_wanted, layers, elasticity)
    own = float(yearly_profit(np.array(best), capital, ln_wanted, layers, elasticity))
    scale = COST * capital * ratio
    assert own >= profit.max() - 1e-9 * scale
    step = grid[1]
    assert abs(grid[profit.argmax()] - best) <= step * 1.01


@given(rate=st.floats(0.0, 0.8), elasticity=st.floats(0.4, 1.0))
def test_size_has_the_user_cost_elasticity(rate, elasticity):
    """(K + x) / K* = (1 - s)^-eta."""
    size = kink.size_at(1e6, math.log(3e6), rate, elasticity)
    assert math.log((1e6 + size) / 3e6) == pytest.approx(-elasticity * math.log(1.0 - rate), abs=1e-12)


def test_beyond_a_cap_the_grant_changes_nothing():
    """A firm that wants more than the cap covers wants what it would without support: size effects come from caps."""
    ln_wanted = math.log(1e8)
    without = chosen(1e7, ln_wanted, [], 0.7)
    assert chosen(1e7, ln_wanted, [(0.10, 5e7)], 0.7) == pytest.approx(without)
    assert chosen(1e7, ln_wanted, [(0.10, NO_END)], 0.7) > without
    assert layers_pay(without, [(0.10, 5e7)]) == pytest.approx(5e6)


def test_a_firm_between_two_rates_stops_at_the_end_of_the_first():
    wanted, eta = 2e7, 0.7
    end = 1.05 * wanted - 1e7
    assert chosen(1e7, math.log(wanted), [(0.10, end)], eta) == pytest.approx(end)
    assert kink.size_at(1e7, math.log(wanted), 0.0, eta) < end < kink.size_at(1e7, math.log(wanted), 0.10, eta)


@given(layers=stretches)
def test_more_support_never_means_a_smaller_project(layers):
    ln_wanted = math.log(2e7)
    without = chosen(1e7, ln_wanted, [], 0.6)
    for k in range(len(layers)):
        assert chosen(1e7, ln_wanted, layers[: k + 1], 0.6) >= without - 1e-6


class TestSupport:
    @given(size=st.floats(-1e8, 1e8), rate=st.floats(0.0, 1.0), end=st.floats(0.0, 1e8))
    def test_within_nothing_and_the_cap(self, size, rate, end):
        paid = kink.support(size, rate, end)
        assert 0.0 <= paid <= rate * end

    def test_a_sale_gets_nothing(self):
        assert kink.support(-1e6, 0.1, 1e7) == 0.0


class TestLoss:
    def test_nothing_is_lost_at_the_best_size(self):
        assert kink.loss(2e6, 1e6, math.log(3e6), 3e6, COST, 0.6) == pytest.approx(0.0, abs=1e-6)

    @given(gap=st.floats(-0.05, 0.05), elasticity=st.floats(0.4, 0.95))
    def test_it_is_the_profit_given_up_to_second_order(self, gap, elasticity):
        """c K* u^2 / (2 eta) against the exact loss: the error is of third order in the log gap u."""
        wanted = 3e6
        size = wanted * math.exp(gap) - 1e6
        at, best = (float(yearly_profit(np.array(x), 1e6, math.log(wanted), [], elasticity)) for x in (size, 2e6))
        lost = kink.loss(size, 1e6, math.log(wanted), wanted, COST, elasticity)
        assert lost == pytest.approx(best - at, abs=8.0 * COST * wanted * abs(gap) ** 3 + 1e-6)

    def test_it_is_a_flow_that_falls_with_the_elasticity(self):
        stiff, soft = (kink.loss(1e6, 1e6, math.log(3e6), 3e6, COST, eta) for eta in (0.4, 1.0))
        assert stiff > soft > 0.0
        assert kink.loss(1e6, 1e6, math.log(3e6), 3e6, 2.0 * COST, 0.4) == pytest.approx(2.0 * stiff)


class TestNotch:
    def test_it_jumps_when_the_further_support_is_worth_more_than_the_loss(self):
        """A grant G once is worth c G a year."""
        assert kink.notch(4e7, 5e7, 0.0, 1e5, 0.0, 5e5, 0.25) == 5e7  # 125,000 a year against 100,000
        assert kink.notch(4e7, 5e7, 0.0, 1e5, 0.0, 3e5, 0.25) == 4e7  # 75,000
        assert kink.notch(4e7, 5e7, 0.0, 1e5, 3e5, 8e5, 0.25) == 5e7  # only the rise counts

    def test_nothing_more_to_gain_or_a_line_already_passed(self):
        assert kink.notch(4e7, 5e7, 0.0, 0.0, 1e6, 1e6, 0.25) == 4e7
        assert kink.notch(6e7, 5e7, 0.0, 0.0, 0.0, 1e6, 0.25) == 6e7

    @settings(deadline=None)
    @given(rate=st.floats(0.01, 0.3), ratio=st.floats(0.5, 0.99))
    def test_it_agrees_with_brute_force(self, rate, ratio):
        """Support of a rate from a line on, nothing below: the better of the wanted size and the line."""
        line, capital, eta = 5e7, 1e7, 0.6
        below = ratio * line
        wanted = capital + below
        lost = kink.loss(line, capital, math.log(wanted), wanted, COST, eta)
        choice = kink.notch(below, line, 0.0, lost, 0.0, rate * line, COST)
        sizes = np.array([below, line])
        losses = np.array([0.0, lost])
        worth = COST * np.where(sizes >= line, rate * sizes, 0.0) - losses
        assert choice == sizes[worth.argmax()]
