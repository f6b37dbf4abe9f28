"""Budgets shared out among the claims of a period (step 8); every function runs in Python and in the compiled loop."""

import numpy as np
from numba.extending import register_jitable

from policymix.policy.arrays import RATION_FIRST_COME, RATION_PRO_RATA
from policymix.policy.schedule import down_to_fen


@register_jitable
def first_come(asks, budget, granted):
    """Serve claims in their order; the last one gets what is left (CNY)."""
    left = budget
    for i in range(asks.shape[0]):
        granted[i] = min(asks[i], max(left, 0.0))
        left -= granted[i]
    return left


@register_jitable
def pro_rata(asks, budget, granted):
    """Cut all claims by one factor, min(1, budget / sum of asks), down to the fen."""
    total = 0.0
    for i in range(asks.shape[0]):
        total += asks[i]
    if total <= budget:
        for i in range(asks.shape[0]):
            granted[i] = asks[i]
        return budget - total
    factor = max(budget, 0.0) / total
    left = budget
    for i in range(asks.shape[0]):
        granted[i] = down_to_fen(asks[i] * factor)
        left -= granted[i]
    return left


@register_jitable
def in_order(asks, order, budget, granted):
    """Serve whole amounts in a given order; a claim that no longer fits gets nothing, a later one may."""
    left = budget
    for k in range(order.shape[0]):
        i = order[k]
        granted[i] = asks[i] if asks[i] <= left else 0.0
        left -= granted[i]
    return left


@register_jitable
def score(asks, scores, budget, granted):
    """Highest score first, whole amounts; ties in the order of the claims."""
    return in_order(asks, np.argsort(-scores, kind="mergesort"), budget, granted)


@register_jitable
def lottery(asks, tickets, budget, granted):
    """Lowest ticket (a uniform number) first, whole amounts; ties in the order of the claims."""
    return in_order(asks, np.argsort(tickets, kind="mergesort"), budget, granted)


@register_jitable
def ration(how, asks, rank, budget, granted):
    """Share out ``budget`` (CNY) by one of the four ways; ``rank`` is the score or the ticket. Returns what is left."""
    if how == RATION_FIRST_COME:
        return first_come(asks, budget, granted)
    if how == RATION_PRO_RATA:
        return pro_rata(asks, budget, granted)
    if how == 2:
        return score(asks, rank, budget, granted)
    return lottery(asks, rank, budget, granted)


@register_jitable
def ration_claims(how, asks, rank, places, granted):
    """Share out a number of places among claims that ask for anything; whole amounts. Returns the places left."""
    if how in (RATION_FIRST_COME, RATION_PRO_RATA):
        order = np.arange(asks.shape[0])
    elif how == 2:
        order = np.argsort(-rank, kind="mergesort")
    else:
        order = np.argsort(rank, kind="mergesort")
    left = places
    for k in range(order.shape[0]):
        i = order[k]
        granted[i] = 0.0
        if asks[i] > 0.0 and left > 0:
            granted[i] = asks[i]
            left -= 1
    return left
