"""Budgets shared out among the claims of a period (step 8); the four ways run in Python and in the compiled loop."""

import numpy as np
from numba.extending import register_jitable

from policymix.policy.arrays import RATION_FIRST_COME, RATION_LOTTERY, RATION_PRO_RATA, RATION_SCORE
from policymix.policy.schedule import down_to_fen


@register_jitable
def first_come(asks, budget, granted):
    """Serve claims in their order; the last one gets what is left. Returns what is left (CNY)."""
    left = budget
    for i in range(asks.shape[0]):
        granted[i] = min(asks[i], down_to_fen(max(left, 0.0)))
        left -= granted[i]
    return left


@register_jitable
def pro_rata(asks, budget, granted):
    """Cut all claims by one factor, min(1, budget / sum of asks), down to the fen. Returns what is left (CNY).

    The sum is taken in whole fen, so that the order of the claims does not matter.
    """
    total = 0
    for i in range(asks.shape[0]):
        total += round(asks[i] * 100.0)
    factor = 1.0 if total <= budget * 100.0 else max(budget, 0.0) * 100.0 / total
    left = budget
    for i in range(asks.shape[0]):
        granted[i] = asks[i] if factor >= 1.0 else down_to_fen(asks[i] * factor)
        left -= granted[i]
    return left


@register_jitable
def whole_in_order(asks, budget, granted):
    """Serve whole amounts in their order; a claim that no longer fits gets nothing, a later one may."""
    left = budget
    for i in range(asks.shape[0]):
        granted[i] = asks[i] if asks[i] <= left else 0.0
        left -= granted[i]
    return left


@register_jitable
def places_in_order(asks, places, granted):
    """Give a number of places to those who ask for anything, in their order. Returns the places left."""
    left = places
    for i in range(asks.shape[0]):
        granted[i] = 0.0
        if asks[i] > 0.0 and left >= 1:
            granted[i] = asks[i]
            left -= 1
    return left


def order_of(how, rank):
    """Order in which claims are served: as they come, the highest score or the lowest ticket first; ties as they
    come."""
    if how == RATION_SCORE:
        return np.argsort(-rank, kind="stable")
    if how == RATION_LOTTERY:
        return np.argsort(rank, kind="stable")
    return np.arange(rank.shape[0])


def ration(how, asks, rank, budget, granted):
    """Share out ``budget`` (CNY) by one of the four ways; ``rank`` is the score or the ticket. Returns what is left."""
    order = order_of(how, rank)
    gets = np.zeros(len(asks))
    serve = {RATION_FIRST_COME: first_come, RATION_PRO_RATA: pro_rata}.get(how, whole_in_order)
    left = serve(asks[order], budget, gets)
    granted[order] = gets
    return left


def ration_claims(how, asks, rank, places, granted):
    """Share out a number of places among claims that ask for anything; whole amounts. Returns the places left."""
    order = order_of(how, rank)
    gets = np.zeros(len(asks))
    left = places_in_order(asks[order], places, gets)
    granted[order] = gets
    return left
