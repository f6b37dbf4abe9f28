"""Amounts of money scaled to a budget, and the smallest budget that meets a target."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

SMALLEST, LARGEST = 1.0 / 64.0, 64.0
"""Between these factors amounts are scaled."""
CLOSE = 0.995
"""A package whose payments are this part of the budget, and not more than the budget, is scaled to it."""
ROUNDS = 12

Paid = Callable[[Mapping[str, float]], Mapping[str, float]]
"""Factors by name of a mix to what it pays with its amounts times that factor (NaN where it failed)."""


def factors_for(
    names: Sequence[str], paid: Paid, budget: float, close: float = CLOSE, rounds: int = ROUNDS
) -> dict[str, dict[float, float]]:
    """What every mix pays at the factors that were tried on the way to its budget, all mixes at once.

    The factor is bracketed by steps of four and then found by regula falsi in logarithms, which halves the bracket
    in every third round. What a mix pays need not go through the budget (a kink, or nothing left to scale): then the
    bracket stays.

    Parameters
    ----------
    close : a payment of this part of the budget, and not more than the budget, is near enough
    rounds : most calls of `paid`

    Returns
    -------
    dict : by name of the mix, payment by factor; `factor_within` reads it
    """
    tried: dict[str, dict[float, float]] = {name: {} for name in names}
    wanted: dict[str, float] = dict.fromkeys(names, 1.0)
    for number in range(rounds):
        if not wanted:
            break
        for name, value in paid(wanted).items():
            tried[name][wanted[name]] = value
        wanted = {}
        for name in names:
            factor = next_factor(tried[name], budget, close, number % 3 == 2)
            if factor is not None and factor not in tried[name]:
                wanted[name] = factor
    return tried


def next_factor(tried: Mapping[float, float], budget: float, close: float = CLOSE, halve: bool = False) -> float | None:
    """The factor to try next, None where the budget is met or cannot be."""
    known = {factor: value for factor, value in tried.items() if math.isfinite(value)}
    if not known or any(close * budget <= value <= budget for value in known.values()):
        return None
    under = [factor for factor, value in known.items() if value <= budget]
    over = [factor for factor, value in known.items() if value > budget]
    if not over:
        return _rounded(max(known) * 4.0) if max(known) * 4.0 <= LARGEST else None
    if not under:
        return _rounded(min(known) / 4.0) if min(known) / 4.0 >= SMALLEST else None
    low, high = max(under), min(over)
    if low > high:  # not monotone: between neighbours that lie on both sides
        low = max(factor for factor in under if factor < high) if min(under) < high else min(under)
        if low > high:
            return None
    if math.log(high / low) < 1e-3:
        return None
    a, b = math.log(low), math.log(high)
    start, end = known[low], known[high]
    part = 0.5 if halve or start <= 0.0 else math.log(close**0.5 * budget / start) / math.log(end / start)
    return _rounded(math.exp(a + min(max(part, 0.05), 0.95) * (b - a)))


def factor_within(tried: Mapping[float, float], budget: float) -> tuple[float, float] | None:
    """The factor that comes nearest to the budget from below, and what it pays; None where even the least is above.

    Where a mix pays nearly the same at several factors (there is nothing more to scale), the least of them.
    """
    within = {factor: value for factor, value in tried.items() if math.isfinite(value) and value <= budget}
    if not within:
        return None
    most = max(within.values())
    factor = min(factor for factor, value in within.items() if value >= CLOSE * most)
    return factor, within[factor]


def crossing(paid: np.ndarray, chance: np.ndarray, probability: float) -> float:
    """The least payment at which a chance that does not fall with money reaches a probability; infinity if none does.

    Parameters
    ----------
    paid, chance : float64[scale], in order of payment; the chance is read as its running maximum, linear in between
    """
    order = np.argsort(paid, kind="stable")
    money, level = paid[order], np.maximum.accumulate(chance[order])
    if level[-1] < probability:
        return math.inf
    first = int(np.argmax(level >= probability))
    if first == 0:
        return float(money[0])
    rise = level[first] - level[first - 1]
    part = (probability - level[first - 1]) / rise if rise > 0.0 else 1.0
    return float(money[first - 1] + part * (money[first] - money[first - 1]))


def _rounded(factor: float) -> float:
    return float(f"{factor:.4g}")
