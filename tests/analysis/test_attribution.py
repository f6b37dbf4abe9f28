"""Shares on games with known answers; what players may be."""

import itertools
import math

import numpy as np
import pytest

from policymix.analysis import attribution
from policymix.errors import RunFailed


def worth_of(value, players):
    every = range(players)
    return {
        frozenset(each): value(set(each)) for size in range(players + 1) for each in itertools.combinations(every, size)
    }


def shares(value, players, orders=()):
    return attribution.shares_of(worth_of(value, players), players, list(orders))


def test_an_additive_game_gives_each_its_own():
    weights = np.array([3.0, -1.0, 0.5, 7.0])
    for orders in ([], attribution.sampled_orders(8, 2, 1, 1)[:0], [(2, 0, 3, 1), (1, 3, 0, 2)]):
        for found in shares(lambda s: float(sum(weights[i] for i in s)), 4, orders):
            np.testing.assert_allclose(found, weights)


def test_the_glove_game():
    """One left glove (0), two right ones (1, 2); a pair is worth 1: shares 2/3, 1/6, 1/6 (Shapley)."""
    found, first, last = shares(lambda s: float(0 in s and bool({1, 2} & s)), 3)
    np.testing.assert_allclose(found, [2 / 3, 1 / 6, 1 / 6])
    assert first.tolist() == [0.0, 0.0, 0.0] and last.tolist() == [1.0, 0.0, 0.0]


def test_the_airport_game():
    """Costs 1, 2, 4 of the longest runway needed: 1/3, 1/3 + 1/2, 1/3 + 1/2 + 2 (Littlechild and Owen 1973)."""
    costs = [1.0, 2.0, 4.0]
    found, _, _ = shares(lambda s: max((costs[i] for i in s), default=0.0), 3)
    np.testing.assert_allclose(found, [1 / 3, 5 / 6, 17 / 6])


def test_all_orders_give_the_exact_share():
    rng = np.random.default_rng(3)
    table = {frozenset(s): rng.normal() for size in range(5) for s in itertools.combinations(range(4), size)}
    table[frozenset()] = 0.0
    exact = attribution.exact_shapley(table, 4)
    np.testing.assert_allclose(attribution.along_orders(table, 4, list(itertools.permutations(range(4)))), exact)
    assert exact.sum() == pytest.approx(table[frozenset(range(4))])


def test_sampled_orders_come_with_their_reverses_and_converge():
    """A quadratic game of eight: v(S) = (sum of weights)^2, whose share is w_i times the whole sum, exactly so for
    any order with its reverse."""
    weights = np.arange(1.0, 9.0)
    orders = attribution.sampled_orders(8, 3, 5, 0)
    assert len(orders) == 6 and all(orders[k + 1] == orders[k][::-1] for k in (0, 2, 4))
    found, _, _ = shares(lambda s: float(sum(weights[i] for i in s)) ** 2, 8, orders)
    np.testing.assert_allclose(found, weights * weights.sum())
    assert attribution.sampled_orders(8, 3, 5, 1) != orders


@pytest.mark.parametrize("players", [2, 6, 9])
def test_the_coalitions_asked_for_are_those_needed(players):
    orders = attribution.sampled_orders(players, 1, 0, 0)
    asked = attribution.coalitions_of(players, orders)
    attribution.shares_of(dict.fromkeys(asked, 1.0), players, orders)
    assert len(asked) == (2**players if players <= attribution.EXACT else len(asked)) <= 4 * players + 2 or players <= 6


def test_shares_add_up_or_the_answer_is_refused():
    shapley = np.array([[[1.0]], [[2.0]]])
    assert attribution.check_sums(shapley, np.array([[3.0]])) == 0.0
    with pytest.raises(RunFailed, match="add up"):
        attribution.check_sums(shapley, np.array([[3.0 + 1e-6]]))
    with pytest.raises(RunFailed, match="draw 0 replicate 0"):
        attribution.check_sums(shapley * math.nan, np.array([[3.0]]))
