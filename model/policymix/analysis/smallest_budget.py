"""The smallest budget with which a package meets a target with a given probability, and what must be true for it.

A published mix is scaled (all its amounts together, from nothing) until the mean chance of the target over draws
reaches the probability. What it then pays on average is the budget; the interval is a bootstrap over draws (Efron
1979, doi:10.1214/aos/1176344552).
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from policymix.analysis.budget_scale import LARGEST, SMALLEST, crossing
from policymix.analysis.design import HIGH, LOW, Ticked, alive, mixes_of, workshop
from policymix.analysis.trial_book import FRESH, numbers_of
from policymix.errors import InvalidValue, NotFound, RunFailed
from policymix.experiments.candidates import scaled
from policymix.experiments.coalitions import OUTCOMES
from policymix.experiments.design_problem import PAID, DesignProblem, Goal, load_problem

if TYPE_CHECKING:
    import xarray

FACTORS = (0.25, 1.0, 4.0, 16.0, LARGEST)
HALVINGS = 2
RESAMPLES = 1000
PERMUTATIONS = 500
SHOWN = 3
FEWEST = 5
"""Draws that each side of a condition has at least."""
CHANCE = 0.1
"""Above this chance of finding one as good among shuffled draws, a condition is not said to hold."""
METHOD = (
    "amounts scaled until the mean chance over draws reaches the probability; bootstrap over draws (Efron 1979, "
    "doi:10.1214/aos/1176344552)"
)
CONDITIONS = (
    "best single split by variance explained (Breiman et al. 1984, Classification and Regression Trees), with the "
    "chance of one as good over all numbers by permutation (Westfall and Young 1993)"
)


def smallest_budget(
    problem: str | os.PathLike[str] | Mapping[str, Any] | DesignProblem,
    target: str,
    probability: float,
    *,
    threads: int | None = None,
    progress: Ticked | None = None,
) -> xarray.Dataset:
    """What each published mix has to pay to meet a target with a probability.

    Parameters
    ----------
    problem : a design problem; its published mixes are scaled, in its fresh draws; its budget plays no part
    target : id of a target of the scenario
    probability : wanted, 0..1

    Returns
    -------
    Dataset over ``mix``: budget (CNY, nominal, mean over draws; infinite where no factor up to 64 does it, NaN where
    nothing can be said because of failed runs), low and high (90 %), never (share of resamples in which none does),
    factor (next one tried at or above the budget), highest (probability reached at any factor) and highest_paid,
    draws (whole ones, in which it is measured), left_out (factors with a failed run in one of them, as text); and
    over ``mix, step`` what was tried: factor_tried, paid, chance. ``at_baseline`` is the probability without a package.

    Raises
    ------
    NotFound, InvalidValue
        No such target, a probability outside 0..1, or one that the baseline already has.
    RunFailed
        No mix has a factor without a failed run.
    """
    import xarray

    if not 0.0 < probability < 1.0:
        raise InvalidValue("--probability", f"{probability:g}", "a number between 0 and 1")
    chosen = load_problem(problem).model_copy(update={"goal": [Goal(target=target)]})
    shop = workshop(chosen, threads=threads)
    packages, book = mixes_of(shop), shop.book
    tried: dict[str, dict[float, np.ndarray]] = {name: {} for name in packages}
    wanted = {name: list(FACTORS) for name in packages}
    for turn in range(1 + HALVINGS):
        pairs = {f"{name} x {f:g}": (name, f) for name, factors in wanted.items() for f in factors}
        if pairs:
            found = numbers_of(
                book, {text: [scaled(p, f) for p in packages[n]] for text, (n, f) in pairs.items()}, FRESH
            )
            measured = alive(book, FRESH) & np.isfinite(book.at_baseline[FRESH][:, 0])
            for text, (name, factor) in pairs.items():
                tried[name][factor] = found[text][measured]
        if progress is not None:
            progress(turn + 1, 1 + HALVINGS)
        wanted = {name: _between(book.columns, known, target, probability) for name, known in tried.items()}
    at_baseline = book.at_baseline[FRESH][measured, 0]
    base = float(at_baseline.mean()) if at_baseline.size else math.nan
    if base >= probability:
        raise InvalidValue("--probability", f"{probability:g}", f"more than {base:.3g}, which the baseline already has")
    seed = book.trials.scenario.seed
    rows = [_row(book.columns, tried[name], target, probability, at_baseline, seed) for name in packages]
    if not any(row["factors"] for row in rows):
        reasons = dict.fromkeys(failure.reason for failure in book.failures)
        raise RunFailed(f"no published package has a factor without a failed run: {'; '.join(list(reasons)[:3])}")
    steps = max(len(row["factors"]) for row in rows)
    table = xarray.Dataset(
        {key: ("mix", [row[key] for row in rows]) for key in
         ("budget", "low", "high", "never", "factor", "highest", "highest_paid", "draws", "left_out")},
        coords={"mix": list(packages)},
    )  # fmt: skip
    for key, column in (("factor_tried", "factors"), ("paid", "paid"), ("chance", "chance")):
        table[key] = (("mix", "step"), [[*row[column], *[math.nan] * (steps - len(row[column]))] for row in rows])
    table.attrs.update(
        target=target, probability=probability, at_baseline=base, problem=chosen.id, units="CNY", method=METHOD,
        draws=int(alive(book, FRESH).sum()), failed=len(book.failures),
        largest=min(row["factors"][-1] for row in rows if row["factors"]),
        failures=json.dumps([f"{each.candidate}, draw {each.draw}: {each.reason}" for each in book.failures]),
    )  # fmt: skip
    return table


def _usable(known: Mapping[float, np.ndarray]) -> tuple[list[float], np.ndarray]:
    """Factors without a failed run, and bool[draw], the draws in which they have none.

    A draw that failed at every factor counts for none; a factor that failed in one of the others is left out, so that
    all factors are compared in the same draws and none is measured in a lucky few.
    """
    finite = {factor: np.isfinite(numbers).all(axis=1) for factor, numbers in sorted(known.items())}
    whole = np.any(list(finite.values()), axis=0)
    factors = [factor for factor, ran in finite.items() if ran[whole].all()] if whole.any() else []
    return factors, whole


def _between(columns: list[str], known: Mapping[float, np.ndarray], target: str, probability: float) -> list[float]:
    """The factor halfway (in logarithms) between the last that falls short and the first that does not.

    Where even the least factor reaches the probability, a quarter of it.
    """
    factors, whole = _usable(known)
    if not factors:
        return []
    level = np.maximum.accumulate([known[f][whole, columns.index(target)].mean() for f in factors])
    if level[-1] < probability:
        return []
    if level[0] >= probability:
        less = factors[0] / 4.0
        return [less] if less >= SMALLEST and less not in known else []
    first = int(np.argmax(level >= probability))
    middle = float(f"{math.sqrt(factors[first - 1] * factors[first]):.4g}")
    return [] if middle in known else [middle]


def _row(
    columns: list[str],
    known: Mapping[float, np.ndarray],
    target: str,
    probability: float,
    at_baseline: np.ndarray,
    seed: int,
) -> dict:
    """The smallest budget of one mix with its bootstrap interval; its ladder begins with nothing paid."""
    factors, whole = _usable(known)
    left_out = ", ".join(f"x {factor:g}" for factor in sorted(known) if factor not in factors)
    if not factors:
        lost = dict.fromkeys(("budget", "low", "high", "never", "factor", "highest", "highest_paid"), math.nan)
        return {**lost, "draws": 0, "left_out": left_out, "factors": [], "paid": [], "chance": []}
    numbers = np.stack([known[f][whole] for f in factors])  # factor, draw, column
    paid, chance = (numbers[..., columns.index(name)] for name in (PAID, target))
    money = np.vstack([np.zeros(paid.shape[1]), paid])
    ladder = np.vstack([at_baseline[whole], chance])
    budget = crossing(money.mean(axis=1), ladder.mean(axis=1), probability)
    picks = np.random.default_rng(seed).integers(paid.shape[1], size=(RESAMPLES, paid.shape[1]))
    again = np.array([crossing(money[:, p].mean(axis=1), ladder[:, p].mean(axis=1), probability) for p in picks])
    low, high = np.quantile(again, (LOW, HIGH), method="inverted_cdf")
    level, mean_paid = chance.mean(axis=1), paid.mean(axis=1)
    best = int(level.argmax())
    meeting = [f for f, reached in zip(factors, np.maximum.accumulate(level), strict=True) if reached >= probability]
    return {
        "budget": budget, "low": low, "high": high, "never": float(np.isinf(again).mean()),
        "factor": meeting[0] if meeting else math.nan, "highest": float(level[best]),
        "highest_paid": float(mean_paid[best]), "draws": int(whole.sum()), "left_out": left_out,
        "factors": factors, "paid": mean_paid.tolist(), "chance": level.tolist(),
    }  # fmt: skip


def must_be_true(table: xarray.Dataset, member: str | None = None) -> xarray.Dataset:
    """Which uncertain number, on which side of which value, goes with a member's reaching its goal in fresh draws.

    The draws of the search have no part in it: in those the member was chosen for what it reached. For every number
    that was drawn the split of the draws is found that explains most of the variance of "reaches the threshold" (the
    share for an outcome, the chance for a target). With many numbers and few draws the best of them looks good by
    luck: ``chance`` is how often the best split over all numbers is as good when the draws are shuffled.

    Parameters
    ----------
    table : of `design`
    member : a member of it; the recommended one by default

    Returns
    -------
    Dataset over ``rank``: parameter, value, side (``at least`` or ``below``), inside and outside (share that reaches
    the threshold), draws (on that side), explained (part of the variance), chance. ``attrs["stands"]`` is 1 where the
    first one has a chance below 0.1.

    Raises
    ------
    NotFound
        No such member.
    """
    import xarray

    names = table["member"].values.tolist()
    name = member or names[int(table["recommended"].values.argmax())]
    if name not in names:
        raise NotFound("member of the design", name, names)
    goal = table.isel(goal=0)
    column, at_least = str(goal["reads"].values), float(goal["at_least"])
    fresh = table["sample"].values == FRESH
    run = table["run"].sel(member=name, column=column).values[fresh]
    whole = np.isfinite(run)
    is_chance = column not in OUTCOMES
    threshold = float(table.attrs["threshold"]) if math.isnan(at_least) else at_least
    reached = float(goal["sign"]) * (run[whole] - threshold) >= 0.0
    meets = run[whole] if is_chance else reached.astype(float)
    values = table["parameter_value"].values[fresh][whole]
    found = best_splits(values, meets)
    rng = np.random.default_rng(0)
    shuffled = np.array([best_splits(values, rng.permutation(meets))[:, 1].max() for _ in range(_turns(meets))])
    order = np.argsort(-found[:, 1], kind="stable")[:SHOWN]
    rows = []
    for k in order:
        cut = found[k, 0]
        above = values[:, k] >= cut
        side = bool(meets[above].mean() >= meets[~above].mean()) if above.any() and (~above).any() else True
        inside = above if side else ~above
        chance = float((np.sum(shuffled >= found[k, 1]) + 1) / (shuffled.size + 1)) if shuffled.size else 1.0
        rows.append((str(table["parameter"].values[k]), float(cut), "at least" if side else "below",
                     float(meets[inside].mean()), float(meets[~inside].mean()) if (~inside).any() else math.nan,
                     int(inside.sum()), float(found[k, 1]), chance))  # fmt: skip
    keys = ("parameter", "value", "side", "inside", "outside", "draws", "explained", "chance")
    out = xarray.Dataset({key: ("rank", list(col)) for key, col in zip(keys, zip(*rows, strict=True), strict=True)},
                         {"rank": list(range(1, len(rows) + 1))})  # fmt: skip
    out.attrs.update(
        member=name, goal=column, threshold=threshold, of=int(whole.sum()), meets=float(meets.mean()),
        is_chance=int(is_chance), stands=int(rows[0][-1] < CHANCE), method=CONDITIONS,
    )  # fmt: skip
    return out


def _turns(meets: np.ndarray) -> int:
    """Shuffles; none where every draw is alike and nothing is to be explained."""
    return PERMUTATIONS if np.ptp(meets) > 0.0 else 0


def best_splits(values: np.ndarray, meets: np.ndarray) -> np.ndarray:
    """For every number the cut that explains most of the variance, and the part that it explains: float64[number, 2].

    Parameters
    ----------
    values : float64[draw, number]
    meets : float64[draw], 0..1

    Notes
    -----
    With n1 draws below a cut and n2 from it on, the part is n1 n2 (mean2 - mean1)^2 / (n sum (y - mean)^2).
    """
    n = len(meets)
    total = float(((meets - meets.mean()) ** 2).sum())
    order = np.argsort(values, axis=0, kind="stable")
    ordered, y = np.take_along_axis(values, order, axis=0), meets[order]
    below = np.arange(1, n)[:, None]
    sums = np.cumsum(y, axis=0)[:-1]
    gap = (meets.sum() - sums) / (n - below) - sums / below
    part = below * (n - below) * gap**2 / (n * total) if total > 0.0 else np.zeros_like(gap)
    least = min(FEWEST, max(1, n // 4))
    allowed = (below >= least) & (n - below >= least) & (ordered[1:] > ordered[:-1])
    part = np.where(allowed, part, 0.0)
    best = part.argmax(axis=0)
    each = np.arange(values.shape[1])
    cut = 0.5 * (ordered[best, each] + ordered[best + 1, each])
    return np.column_stack([cut, part[best, each]])
