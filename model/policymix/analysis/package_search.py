"""The search itself: candidates by their levers, several goals, one budget, a given number of evaluations.

NSGA-II (Deb, Pratap, Agarwal and Meyarivan 2002, doi:10.1109/4235.996017) over mixed variables as pymoo has it (Blank
and Deb 2020, doi:10.1109/ACCESS.2020.2990567). Constraints by Deb's rule: a feasible candidate is better than one that
is not, and of two that are not the one nearer to the budget. Nothing here knows the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from policymix.errors import RunFailed
from policymix.experiments.candidates import Point
from policymix.experiments.factors import Factor

Evaluate = Callable[[list[Point]], tuple[np.ndarray, np.ndarray]]
"""Of candidates their goals, float64[candidate, goal], more is better, and what they are over the budget as a part of
it, float64[candidate], 0 or less within; NaN where a candidate failed."""


@dataclass(frozen=True, eq=False)
class Tried:
    """Every candidate that was evaluated, in order, each once."""

    points: list[Point]
    goals: np.ndarray
    excess: np.ndarray

    @property
    def feasible(self) -> np.ndarray:
        """Which are within the budget and did not fail: bool[candidate]."""
        return np.isfinite(self.goals).all(axis=1) & (self.excess <= 0.0)


def search(
    factors: Sequence[Factor],
    evaluate: Evaluate,
    starts: Sequence[Point],
    *,
    evaluations: int,
    population: int,
    seed: int,
    over: Callable[[], bool] = lambda: False,
) -> Tried:
    """Try candidates until the evaluations are used up.

    Parameters
    ----------
    factors : one for every lever
    starts : candidates that the first generation has; the rest of it is drawn at random
    evaluations : most candidates that are evaluated; one that comes again is not
    over : asked after every generation whether to end

    Returns
    -------
    Tried : the same for equal arguments, whatever `evaluate` does in between

    Raises
    ------
    RunFailed
        pymoo is not installed.
    """
    known: dict[Point, tuple[np.ndarray, float]] = {}
    goals = 1

    def look(points: list[Point]) -> None:
        nonlocal goals
        new = list(dict.fromkeys(point for point in points if point not in known))[: evaluations - len(known)]
        if new:
            values, excess = evaluate(new)
            goals = values.shape[1]
            known.update({p: (v, float(e)) for p, v, e in zip(new, values, excess, strict=True)})

    look(list(starts))
    if len(known) < evaluations:
        _evolve(factors, look, known, starts, evaluations, population, seed, goals, over)
    points = list(known)
    return Tried(points, np.array([known[p][0] for p in points]), np.array([known[p][1] for p in points]))


def front(goals: np.ndarray, feasible: np.ndarray) -> np.ndarray:
    """Which feasible candidates no other feasible one is at least as good as in every goal and better in one.

    Parameters
    ----------
    goals : float64[candidate, goal], more is better; of equal ones the first stays
    """
    found = np.zeros(len(goals), bool)
    rows = np.flatnonzero(feasible)
    for i in rows:
        at_least = (goals[rows] >= goals[i]).all(axis=1)
        better = (goals[rows] > goals[i]).any(axis=1)
        same_before = (goals[rows] == goals[i]).all(axis=1) & (rows < i)
        found[i] = not ((at_least & better) | same_before).any()
    return found


def _evolve(
    factors: Sequence[Factor],
    look: Callable[[list[Point]], None],
    known: dict[Point, tuple[np.ndarray, float]],
    starts: Sequence[Point],
    evaluations: int,
    population: int,
    seed: int,
    goals: int,
    over: Callable[[], bool],
) -> None:
    """Generations of NSGA-II; candidates that are known cost nothing."""
    pymoo = _pymoo()
    problem = pymoo.Problem(vars=_variables(factors, pymoo), n_obj=goals, n_ieq_constr=1)
    rng = np.random.default_rng(seed)
    best = sorted(starts, key=lambda point: _rank(known.get(point)))[:population]
    drawn = [_random(factors, rng) for _ in range(population - len(best))]
    first = pymoo.Population.new(X=[_as_dict(factors, point) for point in [*best, *drawn]])
    twins = pymoo.MixedVariableDuplicateElimination()
    selection = pymoo.TournamentSelection(func_comp=pymoo.binary_tournament)
    mating = pymoo.MixedVariableMating(selection=selection, eliminate_duplicates=twins)
    algorithm = pymoo.NSGA2(pop_size=population, sampling=first, mating=mating, eliminate_duplicates=twins)
    algorithm.setup(problem, termination=("n_gen", 10 * evaluations), seed=seed % 2**32, verbose=False)
    while len(known) < evaluations and algorithm.has_next() and not over():
        asked = algorithm.ask()
        if asked is None or len(asked) == 0:
            break
        points = [_as_point(factors, x) for x in asked.get("X")]
        look(points)
        rows = [known.get(point) for point in points]
        failed = (np.full(goals, np.nan), math.nan)
        values = np.array([(row or failed)[0] for row in rows])
        excess = np.array([(row or failed)[1] for row in rows])
        bad = ~(np.isfinite(values).all(axis=1) & np.isfinite(excess))
        told = np.where(bad[:, None], WORST, -np.nan_to_num(values))
        static = pymoo.StaticProblem(problem, F=told, G=np.where(bad, WORST, np.nan_to_num(excess))[:, None])
        pymoo.Evaluator().eval(static, asked)
        algorithm.tell(infills=asked)


WORST = 1e30
"""Goals and excess of a candidate that failed."""


def _rank(row: tuple[np.ndarray, float] | None) -> tuple[bool, float]:
    """Feasible ones first, then by the first goal; those over the budget by how far."""
    if row is None or not np.isfinite(row[0]).all():
        return True, math.inf
    return row[1] > 0.0, float(row[1]) if row[1] > 0.0 else -float(row[0][0])


def _variables(factors: Sequence[Factor], pymoo: SimpleNamespace) -> dict[str, Any]:
    """Lists of values by position, so that equal values stay equal; ranges of real numbers in [0, 1]."""
    found = {}
    for number, factor in enumerate(factors):
        if factor.kind == "boolean":
            found[str(number)] = pymoo.Binary()
        elif factor.values and factor.kind in ("choice", "mix"):
            found[str(number)] = pymoo.Choice(options=list(range(len(factor.values))))
        elif factor.values:
            found[str(number)] = pymoo.Integer(bounds=(0, len(factor.values) - 1))
        elif factor.kind == "real":
            found[str(number)] = pymoo.Real(bounds=(0.0, 1.0))
        else:
            found[str(number)] = pymoo.Integer(bounds=(int(factor.low or 0), int(factor.high or 0)))
    return found


def _as_point(factors: Sequence[Factor], x: dict[str, Any]) -> Point:
    """What pymoo asks as values of the levers; real numbers to four digits, as a document would have them."""
    out: list[Any] = []
    for number, factor in enumerate(factors):
        value = x[str(number)]
        if factor.kind == "boolean":
            out.append(bool(value))
        elif factor.values:
            out.append(factor.values[int(value)])
        elif factor.kind == "real":
            out.append(rounded(factor, _value(factor, float(value))))
        else:
            out.append(int(value))
    return tuple(out)


def rounded(factor: Factor, value: float, digits: int = 4) -> float:
    """A real value to four significant digits, inside its range."""
    short = float(f"{value:.{digits}g}")
    return min(max(short, float(factor.low)), float(factor.high))  # type: ignore[arg-type]


def _as_dict(factors: Sequence[Factor], point: Point) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for number, (factor, value) in enumerate(zip(factors, point, strict=True)):
        if factor.kind == "boolean":
            out[str(number)] = bool(value)
        elif factor.values:
            out[str(number)] = factor.values.index(value)
        elif factor.kind == "real":
            out[str(number)] = _position(factor, float(value))
        else:
            out[str(number)] = int(value)
    return out


def _value(factor: Factor, u: float) -> float:
    low, high = float(factor.low), float(factor.high)  # type: ignore[arg-type]
    return low * (high / low) ** u if factor.scale == "log" else low + (high - low) * u


def _position(factor: Factor, value: float) -> float:
    low, high = float(factor.low), float(factor.high)  # type: ignore[arg-type]
    if factor.scale == "log":
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _random(factors: Sequence[Factor], rng: np.random.Generator) -> Point:
    """A candidate drawn evenly from all values."""
    out: list[Any] = []
    for factor in factors:
        if factor.values:
            out.append(factor.values[int(rng.integers(len(factor.values)))])
        elif factor.kind == "real":
            out.append(rounded(factor, _value(factor, float(rng.random()))))
        else:
            out.append(int(rng.integers(int(factor.low or 0), int(factor.high or 0) + 1)))
    return tuple(out)


def _pymoo() -> SimpleNamespace:
    """The parts of pymoo that are used, by name."""
    try:
        from pymoo.algorithms.moo.nsga2 import NSGA2, binary_tournament
        from pymoo.core.evaluator import Evaluator
        from pymoo.core.mixed import MixedVariableDuplicateElimination, MixedVariableMating
        from pymoo.core.population import Population
        from pymoo.core.problem import Problem
        from pymoo.core.variable import Binary, Choice, Integer, Real
        from pymoo.operators.selection.tournament import TournamentSelection
        from pymoo.problems.static import StaticProblem
    except ImportError:
        raise RunFailed("policymix design needs pymoo: pip install 'policymix[design]'") from None
    parts = (NSGA2, binary_tournament, Evaluator, MixedVariableDuplicateElimination, MixedVariableMating, Population,
             Problem, Binary, Choice, Integer, Real, TournamentSelection, StaticProblem)  # fmt: skip
    return SimpleNamespace(**{part.__name__: part for part in parts})
