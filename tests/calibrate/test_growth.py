"""Estimators of size and growth find the numbers of laws that are known, and say when they cannot."""

import math

import numpy as np
import pytest

from policymix.calibrate import growth

RNG = np.random.default_rng
MANY = 40_000


def laplace_spread(n, slope, seed=1):
    """Log sizes, and Laplace growth whose spread falls with them."""
    rng = RNG(seed)
    ln_size = rng.normal(0.0, 2.0, n)
    return ln_size, rng.laplace(0.0, 1.0, n) * 0.3 * np.exp(slope * ln_size)


@pytest.mark.parametrize("exponent", [0.9, 1.06, 1.6])
@pytest.mark.parametrize("top", [0.05, 0.01])
def test_a_pareto_tail_has_its_exponent(exponent, top):
    sizes = (1.0 - (np.arange(MANY) + 0.5) / MANY) ** (-1.0 / exponent)
    assert growth.tail_exponent(sizes, top) == pytest.approx(exponent, rel=0.03)


def test_the_unit_of_size_does_not_matter():
    sizes = RNG(3).pareto(1.1, MANY) + 1.0
    assert growth.tail_exponent(1e6 * sizes, 0.05) == pytest.approx(growth.tail_exponent(sizes, 0.05))


@pytest.mark.parametrize("sizes", [np.zeros(0), np.ones(5000), np.arange(1.0, 30.0), np.zeros(5000)])
def test_no_tail_no_exponent(sizes):
    assert math.isnan(growth.tail_exponent(sizes, 0.05))


def test_a_mixture_is_told_from_a_lognormal():
    rng = RNG(4)
    body, tail = np.exp(rng.normal(0.0, 1.0, 18_000)), np.exp(1.5 + rng.exponential(1.0 / 1.1, 2_000))
    mixed = growth.size_mixture(np.concatenate((body, tail)))
    assert mixed.better > 0.0
    assert mixed.exponent == pytest.approx(1.1, rel=0.12)
    assert mixed.share == pytest.approx(0.1, abs=0.05)
    assert growth.size_mixture(body).better < 10.0


def test_no_mixture_of_sizes_that_do_not_differ():
    assert all(math.isnan(each) for each in growth.size_mixture(np.ones(5000)))


@pytest.mark.parametrize(("draw", "shape"), [("laplace", 1.0), ("normal", 2.0)])
def test_the_subbotin_shape_of_known_laws(draw, shape):
    rates = getattr(RNG(5), draw)(0.02, 0.3, MANY)
    found = growth.subbotin(rates)
    assert found.shape == pytest.approx(shape, rel=0.04)
    assert found.middle == pytest.approx(0.02, abs=0.01)


@pytest.mark.parametrize("rates", [np.zeros(0), np.full(5000, 0.1), RNG(6).normal(size=50), np.tile([-1.0, 1.0], 2000)])
def test_no_shape_without_a_distribution(rates):
    assert math.isnan(growth.subbotin(rates).shape)


@pytest.mark.parametrize("slope", [-0.15, 0.0, -0.25])
def test_the_slope_of_the_spread(slope):
    assert growth.spread_slope(*laplace_spread(200_000, slope), 20) == pytest.approx(slope, abs=0.02)


def test_standardising_takes_the_size_effect_out():
    ln_size, rates = laplace_spread(200_000, -0.2)
    tent = growth.standardised(ln_size, rates, 20)
    assert tent.std() == pytest.approx(1.0, abs=1e-6)
    assert growth.subbotin(tent).shape == pytest.approx(1.0, abs=0.04)
    assert growth.spread_slope(ln_size, tent, 10) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(
    ("ln_size", "rates"),
    [(np.zeros(10), np.ones(10)), (np.zeros(4000), RNG(1).normal(size=4000)), (np.arange(4000.0), np.zeros(4000))],
)
def test_no_slope_without_classes(ln_size, rates):
    assert math.isnan(growth.spread_slope(ln_size, rates, 20))


def test_dhs_growth_is_bounded_and_symmetric():
    before, after = np.array([1.0, 2.0, 4.0]), np.array([0.0, 2.0, 12.0])
    assert growth.dhs_growth(before, after) == pytest.approx([-2.0, 0.0, 1.0])


@pytest.mark.parametrize("slope", [0.0, 0.03])
def test_growth_on_size_within_cells(slope):
    """Cells differ in size and in growth: only the slope within them counts, exits included."""
    rng = RNG(7)
    cell = rng.integers(0, 5, MANY)
    ln_size = rng.normal(0.0, 1.0, MANY) + cell
    rate = slope * (ln_size - cell) - 0.2 * cell + rng.normal(0.0, 0.05, MANY)
    before = np.exp(ln_size)
    after = before * (2.0 + rate) / (2.0 - rate)
    assert growth.growth_on_size(before, after, cell) == pytest.approx(slope, abs=2e-3)
    left = rng.random(MANY) < 0.1
    assert growth.growth_on_size(before, np.where(left, 0.0, after), cell) == pytest.approx(0.9 * slope, abs=0.01)


def test_no_slope_where_sizes_do_not_vary_within_cells():
    cell = np.repeat(np.arange(10), 100)
    assert math.isnan(growth.growth_on_size(np.exp(cell.astype(float)), np.ones(1000), cell))
    assert math.isnan(growth.growth_on_size(np.ones(3), np.ones(3), np.zeros(3, np.int64)))
