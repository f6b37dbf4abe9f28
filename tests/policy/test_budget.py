"""Budgets shared out: never above the budget, never above what was asked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policymix.policy.arrays import RATIONS
from policymix.policy.budget import ration, ration_claims

FEN = st.integers(0, 10**9).map(lambda fen: fen / 100.0)


@pytest.mark.parametrize("how", range(4), ids=RATIONS)
@given(data=st.data())
def test_never_more_than_asked_nor_than_there_is(how, data):
    asks = np.array(data.draw(st.lists(FEN, min_size=1, max_size=8)))
    rank = np.array(data.draw(st.lists(st.floats(0, 1), min_size=len(asks), max_size=len(asks))))
    budget = data.draw(FEN)
    granted = np.zeros(len(asks))
    left = ration(how, asks, rank, budget, granted)
    assert (granted <= asks + 1e-9).all() and (granted >= 0).all()
    assert granted.sum() <= budget + 1e-4 and left == pytest.approx(budget - granted.sum(), abs=1e-3)


def test_the_four_ways():
    asks, rank, out = np.array([60.0, 60.0, 30.0]), np.array([0.2, 0.9, 0.5]), np.zeros(3)
    ration(0, asks, rank, 100.0, out)
    assert out.tolist() == [60.0, 40.0, 0.0]
    ration(1, asks, rank, 100.0, out)
    assert out.tolist() == [40.0, 40.0, 20.0]
    ration(2, asks, rank, 100.0, out)
    assert out.tolist() == [0.0, 60.0, 30.0]
    ration(3, asks, rank, 100.0, out)
    assert out.tolist() == [60.0, 0.0, 30.0]


def test_places_go_to_those_who_ask():
    out = np.zeros(4)
    assert ration_claims(2, np.array([5.0, 0.0, 5.0, 5.0]), np.array([1.0, 9.0, 3.0, 2.0]), 2, out) == 0
    assert out.tolist() == [0.0, 0.0, 5.0, 5.0]
