"""Where a search of packages begins: what is published, every clause alone, and greedy packages at the budget."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from policymix.analysis.budget_scale import factors_for
from policymix.analysis.package_search import Evaluate, rounded
from policymix.analysis.trial_book import SEARCH
from policymix.experiments.candidates import Levers, Point

if TYPE_CHECKING:
    from policymix.analysis.design import Member, Workshop

SINGLES = 3
"""Every clause alone is tried first if that takes no more than one evaluation out of so many."""
NEAR, FEW = 0.95, 6
"""How near to the budget a start is scaled, as a part of it, and in how many rounds."""


def starts(shop: Workshop, evaluate: Evaluate, published: list[Member]) -> list[Point]:
    """Where a search begins: as published; the published mixes scaled to the budget, as far as the levers make them;
    every clause alone; and the clauses in order of what a yuan buys.

    The last are the greedy answer to a knapsack (Dantzig 1957, doi:10.1287/opre.5.2.266), with amounts as published
    and scaled to the budget.
    """
    levers, amount = shop.levers, shop.problem.budget.amount
    whole = levers.published
    switches = [n for n, lever in enumerate(levers.listed) if lever.kind == "clause"]
    begun = [whole, *(_as_levers(levers, each) for each in published)]
    if not 1 < len(switches) <= shop.problem.evaluations // SINGLES:
        return list(dict.fromkeys(begun))
    alone = {n: _with(whole, {m: m == n for m in switches}) for n in switches}
    goals, excess = evaluate([whole, *alone.values()])
    paid = dict(zip(switches, amount * (1.0 + excess[1:]), strict=True))
    gain = dict(zip(switches, goals[1:, 0] - _nothing(shop), strict=True))
    good = [n for n in switches if math.isfinite(gain[n]) and gain[n] > 0.0]
    good.sort(key=lambda n: -gain[n] / max(paid[n], 1.0))
    found = [*begun, *alone.values()]
    steps = np.linspace(1, len(good), min(len(good), shop.problem.population // 2)).astype(int)
    sizes = dict.fromkeys(steps.tolist())
    greedy = [_with(whole, {m: m in good[:size] for m in switches}) for size in sizes]
    return list(dict.fromkeys([*found, *greedy, *_to_budget(shop, evaluate, greedy)]))


def _as_levers(levers: Levers, member: Member) -> Point:
    """A scaled published mix as far as the levers make it: clauses of other packages off, its factor on its money."""
    ids = {package.id for package in member.packages}
    out = list(levers.published)
    for n, lever in enumerate(levers.listed):
        if lever.kind == "clause":
            out[n] = lever.package in ids
        elif lever.kind == "money" and lever.package in ids:
            low, high = float(lever.factor.low), float(lever.factor.high)  # type: ignore[arg-type]
            out[n] = min(max(member.factor, low), high)
    return tuple(out)


def _nothing(shop: Workshop) -> float:
    """The first goal without any package."""
    goal = shop.problem.goal[0]
    if goal.target is None:
        return 0.0 if goal.at_least is None else goal.sign * float(goal.at_least <= 0.0)
    column = [target.id for target in shop.book.targets].index(goal.target)
    return goal.sign * float(np.nanmean(shop.book.at_baseline[SEARCH][:, column]))


def _with(point: Point, values: Mapping[int, bool]) -> Point:
    return tuple(values.get(n, value) for n, value in enumerate(point))


def _to_budget(shop: Workshop, evaluate: Evaluate, points: list[Point]) -> list[Point]:
    """What is tried on the way to a factor on all money of a point with which it costs the budget, point by point."""
    levers, amount = shop.levers, shop.problem.budget.amount
    if not any(lever.kind == "money" for lever in levers.listed):
        return []
    named = {str(number): point for number, point in enumerate(points)}
    tried: list[Point] = []

    def paid(factors: Mapping[str, float]) -> dict[str, float]:
        new = {name: _times(levers, named[name], factor) for name, factor in factors.items()}
        tried.extend(new.values())
        excess = evaluate(list(new.values()))[1]
        return dict(zip(new, (amount * (1.0 + excess)).tolist(), strict=True))

    factors_for(list(named), paid, amount, NEAR, FEW)
    return tried


def _times(levers: Levers, point: Point, factor: float) -> Point:
    """The point with all its money times a factor, as far as the levers go."""
    out = list(point)
    for n, lever in enumerate(levers.listed):
        if lever.kind == "money":
            low, high = float(lever.factor.low), float(lever.factor.high)  # type: ignore[arg-type]
            out[n] = rounded(lever.factor, min(max(float(point[n]) * factor, low), high))
    return tuple(out)
