"""Which package is recommended: what a search found, or the best published one, by a goal in fresh draws."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from policymix.analysis.differences import ERRORS_NEEDED
from policymix.errors import RunFailed
from policymix.experiments.design_problem import Goal

RESAMPLES = 1000
"""Bootstrap resamples of the draws behind the standard error of a quantile."""


@dataclass(frozen=True, eq=False)
class Choice:
    """A comparison of members in the goal's own statistic, more is better.

    Attributes
    ----------
    chosen : index of the member recommended
    design, rival : of the search's package (the first whose runs are whole) and of the best published one; -1 without
    threshold : what the rival reaches, 0 without one
    difference, error : float64[member], to the rival, and its standard error over the paired draws
    resolved : bool[member], the difference is two standard errors or more
    """

    chosen: int
    design: int
    rival: int
    threshold: float
    difference: np.ndarray
    error: np.ndarray
    resolved: np.ndarray


def level(goal: Goal, values: np.ndarray) -> float:
    """A goal's statistic over draws: mean, quantile, or the share that reaches ``at_least``; NaN if one is missing."""
    if not values.size or not np.isfinite(values).all():
        return math.nan
    if goal.at_least is not None:
        return float((values >= goal.at_least).mean())
    return float(values.mean() if goal.quantile is None else np.quantile(values, goal.quantile))


def reached(goal: Goal, values: np.ndarray) -> np.ndarray:
    """A goal in single draws, more is better: the number, or whether it reaches ``at_least``."""
    return goal.sign * ((values >= goal.at_least).astype(float) if goal.at_least is not None else values)


def level_error(goal: Goal, values: np.ndarray, less: np.ndarray | None = None, seed: int = 0) -> float:
    """Standard error of a goal's statistic over draws, or of its difference to that of other values in the same draws.

    Parameters
    ----------
    values, less : float64[draw]
    seed : of the bootstrap

    Notes
    -----
    Of a mean or a share s / sqrt(n) with the paired differences; of a quantile the bootstrap over draws, which keeps
    the pairs (Efron 1979, doi:10.1214/aos/1176344552).
    """
    n = values.size
    if goal.quantile is None:
        single = reached(goal, values) - (reached(goal, less) if less is not None else 0.0)
        return float(single.std(ddof=1) / math.sqrt(n))
    picks = np.random.default_rng(seed).integers(n, size=(RESAMPLES, n))
    again = np.quantile(values[picks], goal.quantile, axis=1)
    if less is not None:
        again = again - np.quantile(less[picks], goal.quantile, axis=1)
    return float(again.std(ddof=1))


def choose(
    goal: Goal, values: np.ndarray, published: np.ndarray, paid: np.ndarray, amount: float, seed: int = 0
) -> Choice:
    """The search's package where it is better than the best published one, otherwise that one.

    Better is a resolved difference that no overspending bought: within the budget, or for no more than the rival pays.

    Parameters
    ----------
    values : float64[member, draw], what the goal reads; NaN where a run failed; the search's packages as it ranks them
    published : bool[member]
    paid : float64[member], as the budget counts it, in the same draws
    amount : the budget

    Raises
    ------
    RunFailed
        Every member has a run that failed.
    """
    levels = goal.sign * np.array([level(goal, row) for row in values])
    whole = np.isfinite(levels)
    if not whole.any():
        raise RunFailed("every package of the final comparison failed in the fresh draws")
    rivals, designs = published & whole, ~published & whole
    design = int(designs.argmax()) if designs.any() else -1
    rival = int(np.where(rivals, levels, -np.inf).argmax()) if rivals.any() else -1
    against = values[rival] if rival >= 0 else None
    threshold = float(levels[rival]) if rival >= 0 else 0.0
    difference = levels - threshold
    error = np.array([level_error(goal, row, against, seed) for row in values])
    resolved = (np.abs(difference) >= ERRORS_NEEDED * error) & (difference != 0.0)
    wins = resolved & (difference > 0.0) & (paid <= max(amount, paid[rival]))
    better = rival < 0 or (design >= 0 and bool(wins[design]))
    return Choice(design if better else rival, design, rival, threshold, difference, error, resolved)
