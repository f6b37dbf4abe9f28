"""Scaling to a budget on functions whose answer is known; splits that were planted."""

import math

import numpy as np
import pytest

from policymix.analysis.budget_scale import CLOSE, LARGEST, ROUNDS, crossing, factor_within, factors_for
from policymix.analysis.smallest_budget import best_splits

CASES = {
    "linear": lambda f: 100.0 * f,
    "steep": lambda f: 3.0 * f**2.5,
    "flat": lambda f: 80.0 + 100.0 * f**0.5,
    "never enough": lambda f: 50.0 * f / (f + 1.0),
    "always too much": lambda f: 900.0 + f,
    "a jump over the budget": lambda f: 100.0 if f < 2.0 else 700.0,
    "failed": lambda f: math.nan,
}


@pytest.fixture(scope="module")
def found():
    calls = []

    def paid(factors):
        calls.append(dict(factors))
        return {name: CASES[name](factor) for name, factor in factors.items()}

    tried = factors_for(list(CASES), paid, 400.0)
    assert len(calls) <= ROUNDS
    return {name: factor_within(known, 400.0) for name, known in tried.items()}


@pytest.mark.parametrize(("name", "factor"), [("linear", 4.0), ("steep", (400 / 3) ** 0.4), ("flat", 3.2**2)])
def test_the_budget_is_met_from_below(found, name, factor):
    assert CLOSE * 400.0 <= found[name][1] <= 400.0
    assert found[name][0] == pytest.approx(factor, rel=0.02)


def test_what_cannot_meet_the_budget_says_so(found):
    assert found["always too much"] is None and found["failed"] is None
    factor, paid = found["never enough"]
    assert paid >= CLOSE * CASES["never enough"](LARGEST) and factor <= LARGEST
    factor, paid = found["a jump over the budget"]
    assert paid == 100.0 and factor < 2.0


def test_the_crossing_by_hand():
    """Chances 0.2, 0.4, 0.3, 0.8 for 0, 10, 20, 40: the running maximum is 0.2, 0.4, 0.4, 0.8."""
    paid, chance = np.array([20.0, 0.0, 10.0, 40.0]), np.array([0.3, 0.2, 0.4, 0.8])
    assert crossing(paid, chance, 0.3) == pytest.approx(5.0)
    assert crossing(paid, chance, 0.6) == pytest.approx(30.0)
    assert crossing(paid, chance, 0.1) == 0.0
    assert crossing(paid, chance, 0.9) == math.inf


def test_a_planted_condition_is_found_and_a_constant_explains_nothing():
    rng = np.random.default_rng(4)
    values = rng.random((40, 6))
    values[:, 5] = 1.0
    found = best_splits(values, (values[:, 2] >= 0.7).astype(float))
    assert found[:, 1].argmax() == 2 and found[2, 1] == pytest.approx(1.0)
    below, above = values[values[:, 2] < 0.7, 2].max(), values[values[:, 2] >= 0.7, 2].min()
    assert found[2, 0] == pytest.approx(0.5 * (below + above))
    assert found[5, 1] == 0.0
    assert best_splits(values, np.ones(40))[:, 1].max() == 0.0
