"""The best package for a budget: a search over clauses and numbers, set against the published packages.

In the draws that the search sees its best candidate looks better than it is (the optimizer's curse, Smith and Winkler
2006, doi:10.1287/mnsc.1050.0451). So the front and the published packages, scaled to the same budget, are measured
again in fresh draws with fresh luck, and the search's package is recommended only if it is better there.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from policymix.analysis.budget_scale import factor_within, factors_for
from policymix.analysis.design_starts import starts
from policymix.analysis.package_search import Tried, front, search
from policymix.analysis.recommendation import choose, level, level_error, reached
from policymix.analysis.trial_book import FRESH, SEARCH, Book, key_of, numbers_of, opened, stored_for, target_named
from policymix.errors import InvalidValue, NotFound, RunFailed
from policymix.experiments.candidate_runs import trials_of
from policymix.experiments.candidates import Levers, Point, as_text, levers_of, packages_of, scaled
from policymix.experiments.coalitions import OUTCOMES
from policymix.experiments.design_problem import PAID, DesignProblem, Goal, load_problem, scenario_of
from policymix.experiments.inputs import gather
from policymix.policy.package import Package
from policymix.policy.target import load_targets

if TYPE_CHECKING:
    import xarray

LOW, HIGH = 0.05, 0.95
METHOD = (
    "NSGA-II (Deb et al. 2002, doi:10.1109/4235.996017) by pymoo (Blank and Deb 2020, "
    "doi:10.1109/ACCESS.2020.2990567); common random numbers; fresh draws against the optimizer's curse (Smith and "
    "Winkler 2006, "
    "doi:10.1287/mnsc.1050.0451); regret (Savage 1951, doi:10.1080/01621459.1951.10500768); satisficing (Herman et al. "
    "2015, doi:10.1061/(ASCE)WR.1943-5452.0000509)"
)

Ticked = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Workshop:
    """A problem, its levers, and the book of what is known of its candidates."""

    problem: DesignProblem
    levers: Levers
    book: Book


@dataclass(frozen=True)
class Member:
    """A candidate of the final comparison: a point of the levers, or a published mix with its amounts scaled."""

    name: str
    packages: list[Package]
    text: str
    point: Point | None = None
    factor: float = math.nan


def workshop(
    problem: str | os.PathLike[str] | Mapping[str, Any] | DesignProblem,
    *,
    threads: int | None = None,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: Ticked | None = None,
) -> Workshop:
    """Everything that a search needs, checked; arguments and errors as for `design`."""
    chosen = load_problem(problem)
    levers = levers_of(chosen)
    scenario = scenario_of(chosen, list(levers.packages))
    known = [target for name in scenario.targets for target in load_targets(name, scenario.path)]
    wanted = dict.fromkeys(goal.target for goal in chosen.goal if goal.target is not None)
    targets = tuple(target_named(name, known) for name in wanted)
    samples = {SEARCH: range(chosen.draws), FRESH: range(chosen.draws, chosen.draws + chosen.fresh)}
    trials = trials_of(scenario, stored_for(targets))
    ticks = None if progress is None else _ticker(progress, _runs_in_all(chosen))
    book = Book(trials, targets, samples, threads or os.cpu_count() or 1, progress=ticks)
    levers = replace(
        levers, packages={name: trials.inputs.packages[name] for name in levers.packages}
    )  # settings applied
    return Workshop(chosen, levers, opened(book, chosen, None if out is None else Path(out), resume))


def design(
    problem: str | os.PathLike[str] | Mapping[str, Any] | DesignProblem,
    *,
    threads: int | None = None,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: Ticked | None = None,
) -> xarray.Dataset:
    """Search packages within a budget and compare the front with the published packages scaled to that budget.

    Parameters
    ----------
    problem : name or file of a design problem, its keys as a table, or one already read
    threads : draws at once; the numbers do not depend on them
    out : folder in which every generation is kept
    resume : go on with what that folder has
    progress : called with (runs done, about how many in all)

    Returns
    -------
    Dataset over ``member`` (front and published mixes) and ``goal``, measured in fresh draws: goal, goal_error,
    goal_in_sample; paid (CNY, nominal; mean, low, high, in_sample); difference (of the first goal's statistic, to the
    best published mix, paired), difference_error, resolved; regret and regret_90 (to the best member of a draw);
    robustness (share of draws that reach the goal of the best published mix); beats (share of draws above that mix);
    budget_use (as the budget counts it), within (it is no more than the budget); published, on_front, recommended;
    factor, text. ``run(member, draw, column)`` has the single numbers,
    ``sample(draw)`` which draws the search saw, ``parameter_value(draw, parameter)`` what was drawn.

    Raises
    ------
    InvalidFile, NotFound, InvalidValue
        A problem that cannot be; a budget below every package.
    RunFailed
        pymoo is not installed, or every draw failed.
    """
    shop = workshop(problem, threads=threads, out=out, resume=resume, progress=progress)
    published, refused = published_members(shop)
    tried = explore(shop, published)
    members, on_front = finalists(shop, tried, published)
    return _table(shop, tried, members, on_front, refused)


def published_members(shop: Workshop) -> tuple[list[Member], list[str]]:
    """The published mixes with their amounts scaled to the budget, and why one of them is no candidate."""
    packages, book, amount = mixes_of(shop), shop.book, shop.problem.budget.amount

    def paid(factors: Mapping[str, float]) -> dict[str, float]:
        candidates = {f"{name} x {f:g}": [scaled(p, f) for p in packages[name]] for name, f in factors.items()}
        found = numbers_of(book, candidates, SEARCH, hold=True)
        return {name: budget_use(shop, found[f"{name} x {f:g}"], SEARCH) for name, f in factors.items()}

    members, refused = [], []
    for name, tried in factors_for(list(packages), paid, amount).items():
        found = factor_within(tried, amount)
        if found is None:
            least = min((value for value in tried.values() if math.isfinite(value)), default=math.nan)
            above = f"{name} pays {least:,.0f} with its amounts x {min(tried):g}, above the budget"
            refused.append(f"{name} failed in the search's draws" if math.isnan(least) else above)
            continue
        changed = [scaled(package, found[0]) for package in packages[name]]
        members.append(Member(name, changed, f"{name}, amounts x {found[0]:.4g}", None, found[0]))
    return members, refused


def mixes_of(shop: Workshop) -> dict[str, list[Package]]:
    """Packages of the published mixes."""
    known = shop.book.trials.inputs.packages
    return {name: [known[each] for each in named] for name, named in shop.problem.candidates().items() if named}


def explore(shop: Workshop, published: list[Member]) -> Tried:
    """The search in the draws that it sees; refuses a budget in which it found no package."""
    problem, levers = shop.problem, shop.levers
    texts: dict[Point, float] = {}

    def evaluate(points: list[Point]) -> tuple[np.ndarray, np.ndarray]:
        packages = {point: packages_of(levers, point) for point in points}
        some = {as_text(levers, point): each for point, each in packages.items() if each}
        found = numbers_of(shop.book, some, SEARCH, hold=True) if some else {}
        goals = np.full((len(points), len(problem.goal)), np.nan)
        excess = np.full(len(points), np.nan)
        for row, point in enumerate(points):
            if packages[point]:
                numbers = found[as_text(levers, point)]
                goals[row] = goal_values(shop, numbers, SEARCH)
                texts[point] = budget_use(shop, numbers, SEARCH)
                excess[row] = texts[point] / problem.budget.amount - 1.0
        return goals, excess

    begun = time.monotonic()
    tried = search(
        [lever.factor for lever in levers.listed],
        evaluate,
        starts(shop, evaluate, published),
        evaluations=problem.evaluations,
        population=problem.population,
        seed=shop.book.trials.scenario.seed,
        over=lambda: problem.minutes is not None and time.monotonic() - begun > 60.0 * problem.minutes,
    )
    if not tried.feasible.any():
        paying = {point: value for point, value in texts.items() if math.isfinite(value)}
        if not paying:
            reasons = dict.fromkeys(failure.reason for failure in shop.book.failures)
            raise RunFailed(f"every candidate failed: {'; '.join(list(reasons)[:3])}")
        least = min(paying, key=lambda point: paying[point])
        expected = f"{paying[least]:,.0f} or more, which the least package found pays: {as_text(levers, least)}"
        raise InvalidValue("budget > amount", f"{problem.budget.amount:,.0f} CNY", expected)
    return tried


def finalists(shop: Workshop, tried: Tried, published: list[Member]) -> tuple[list[Member], set[str]]:
    """Members of the common front (no more than ``shown`` designs, the best one among them), then all published."""
    known = numbers_of(shop.book, {each.name: each.packages for each in published}, SEARCH, hold=True)
    theirs = [goal_values(shop, known[each.name], SEARCH) for each in published]
    goals = np.vstack([tried.goals, *theirs])
    feasible = np.r_[tried.feasible, [bool(np.isfinite(row).all()) for row in theirs]].astype(bool)
    on = front(goals, feasible)
    own = np.flatnonzero(on[: len(tried.points)])
    theirs_too = {key_of(each.packages) for each in published}
    new = np.array([key_of(packages_of(shop.levers, point)) not in theirs_too for point in tried.points])
    if (tried.feasible & new).any():
        own = own[new[own]]
    else:
        new[:] = True
    best = int(np.where(tried.feasible & new, tried.goals[:, 0], -np.inf).argmax())
    own = own[np.argsort(-tried.goals[own, 0], kind="stable")]
    picked = (
        own[np.unique(np.linspace(0, len(own) - 1, min(shop.problem.shown, len(own))).astype(int))] if own.size else own
    )
    rows = list(dict.fromkeys([best, *picked.tolist()]))
    designs = []
    for number, row in enumerate(rows, start=1):
        point = tried.points[row]
        text = as_text(shop.levers, point)
        designs.append(Member(f"d{number}", packages_of(shop.levers, point), text, point))
    names = {member.name for member, row in zip(designs, rows, strict=True) if on[row]}
    names |= {each.name for each, flag in zip(published, on[len(tried.points) :], strict=True) if flag}
    return [*designs, *published], names


def goal_values(shop: Workshop, numbers: np.ndarray, sample: str) -> np.ndarray:
    """Every goal of a candidate, more is better: float64[goal]; NaN where one of its runs failed."""
    rows = numbers[alive(shop.book, sample)]
    return np.array([goal.sign * level(goal, by_draw(shop.book, goal, rows)) for goal in shop.problem.goal])


def by_draw(book: Book, goal: Goal, numbers: np.ndarray) -> np.ndarray:
    """The number that a goal reads in every draw."""
    return numbers[..., book.columns.index(goal.column)]


def budget_use(shop: Workshop, numbers: np.ndarray, sample: str) -> float:
    """What a candidate pays as the budget counts it: mean or quantile over draws, CNY."""
    paid = numbers[alive(shop.book, sample), shop.book.columns.index(PAID)]
    quantile = shop.problem.budget.quantile
    return float(paid.mean() if quantile is None else np.quantile(paid, quantile))


def alive(book: Book, sample: str) -> np.ndarray:
    """Draws whose baseline did not fail: bool[draw].

    Raises
    ------
    RunFailed
        All of them did.
    """
    dead = {failure.draw: failure.reason for failure in book.failures if failure.candidate == "the baseline"}
    found = np.array([draw not in dead for draw in book.samples[sample]])
    if not found.any():
        raise RunFailed(f"every draw failed: {next(iter(dead.values()))}")
    return found


def _table(
    shop: Workshop, tried: Tried, members: list[Member], on_front: set[str], refused: list[str]
) -> xarray.Dataset:
    """The final comparison in fresh draws."""
    import xarray

    book, problem, first = shop.book, shop.problem, shop.problem.goal[0]
    packages = {each.name: each.packages for each in members}
    seen = np.stack([numbers_of(book, packages, SEARCH, hold=True)[each.name] for each in members])
    book.trials.units.clear()  # burn-in and baseline of the search are not needed any more
    new = np.stack([numbers_of(book, packages, FRESH)[each.name] for each in members])
    whole = np.isfinite(new[:, alive(book, FRESH)]).all(axis=(1, 2))
    fresh = new[:, alive(book, FRESH)]
    published = np.array([each.point is None for each in members])
    seed = book.trials.scenario.seed
    use = np.array([budget_use(shop, row, FRESH) for row in new])
    known = np.where(whole[:, None], by_draw(book, first, fresh), np.nan)
    choice = choose(first, known, published, use, problem.budget.amount, seed)
    value = reached(first, by_draw(book, first, fresh))
    against = value[choice.rival] if choice.rival >= 0 else np.zeros(fresh.shape[1])
    regret = np.nanmax(np.where(whole[:, None], value, np.nan), axis=0) - value
    paid = fresh[..., book.columns.index(PAID)]
    goals = [goal.name for goal in problem.goal]
    in_sample = np.array([[goal.sign for goal in problem.goal]]) * [goal_values(shop, row, SEARCH) for row in seen]
    now = np.array([[level(goal, by_draw(book, goal, row)) for goal in problem.goal] for row in fresh])
    errors = [[level_error(goal, by_draw(book, goal, row), None, seed) for goal in problem.goal] for row in fresh]
    draws = [*book.samples[SEARCH], *book.samples[FRESH]]
    variables: dict[str, Any] = {
        "goal_value": (("member", "goal"), now),
        "goal_error": (("member", "goal"), errors),
        "goal_in_sample": (("member", "goal"), in_sample),
        "paid": ("member", paid.mean(axis=1)),
        "paid_low": ("member", np.quantile(paid, LOW, axis=1)),
        "paid_high": ("member", np.quantile(paid, HIGH, axis=1)),
        "paid_in_sample": ("member", [budget_use(shop, row, SEARCH) for row in seen]),
        "budget_use": ("member", use),
        "within": ("member", use <= problem.budget.amount),
        "difference": ("member", choice.difference * first.sign),
        "difference_error": ("member", choice.error),
        "resolved": ("member", choice.resolved),
        "regret": ("member", regret.mean(axis=1)),
        "regret_90": ("member", np.quantile(regret, 0.9, axis=1)),
        "robustness": ("member", (value >= choice.threshold).mean(axis=1)),
        "beats": ("member", (value > against).mean(axis=1)),
        "factor": ("member", [each.factor for each in members]),
        "published": ("member", published),
        "on_front": ("member", [each.name in on_front for each in members]),
        "recommended": ("member", np.arange(len(members)) == choice.chosen),
        "text": ("member", [each.text for each in members]),
        "run": (("member", "draw", "column"), np.concatenate([seen, new], axis=1)),
        "parameter_value": (("draw", "parameter"), book.trials.values[draws]),
    }
    coords = {
        "member": [each.name for each in members], "goal": goals, "column": book.columns, "draw": draws,
        "sample": ("draw", [SEARCH] * len(book.samples[SEARCH]) + [FRESH] * len(book.samples[FRESH])),
        "parameter": [prior.name for prior in book.trials.priors],
        "unit": ("goal", [_unit(goal) for goal in problem.goal]),
        "reads": ("goal", [goal.column for goal in problem.goal]),
        "at_least": ("goal", [math.nan if goal.at_least is None else goal.at_least for goal in problem.goal]),
        "quantile": ("goal", [math.nan if goal.quantile is None else goal.quantile for goal in problem.goal]),
        "sign": ("goal", [goal.sign for goal in problem.goal]),
    }  # fmt: skip
    table = xarray.Dataset(variables, coords)
    failed = [f"{each.candidate}, draw {each.draw}: {each.reason}" for each in book.failures]
    table.attrs.update(
        problem=problem.id, title=problem.title.en, title_zh=problem.title.zh, scenario=book.trials.scenario.id,
        baseline=book.trials.scenario.baseline, budget=problem.budget.amount, method=METHOD,
        budget_quantile=problem.budget.quantile if problem.budget.quantile is not None else math.nan,
        draws=problem.draws, fresh=problem.fresh, evaluations=len(tried.points), feasible=int(tried.feasible.sum()),
        seed=str(book.trials.scenario.seed), best_published=members[choice.rival].name if choice.rival >= 0 else "",
        threshold=choice.threshold * first.sign, beaten=int(choice.chosen != choice.rival >= 0),
        design=members[max(choice.design, 0)].name,
        failed=len(book.failures), failures=json.dumps(failed, ensure_ascii=False),
        not_candidates=json.dumps(refused, ensure_ascii=False),
        price_base=str(book.trials.inputs.region.reference.year),
        points=json.dumps({each.name: list(each.point) for each in members if each.point is not None}),
        levers=json.dumps([lever.name for lever in shop.levers.listed]),
    )  # fmt: skip
    return table


def _unit(goal: Goal) -> str:
    return "probability" if goal.target is not None or goal.at_least is not None else OUTCOMES[str(goal.outcome)][0]


def recommended_packages(
    problem: str | os.PathLike[str] | Mapping[str, Any] | DesignProblem,
    table: xarray.Dataset,
    member: str | None = None,
) -> tuple[list[Package], Mapping[str, Package]]:
    """Packages of a member of a finished design (the recommended one by default), and the published ones by name.

    Raises
    ------
    NotFound
        No such member.
    """
    chosen = load_problem(problem)
    levers = levers_of(chosen)
    inputs = gather(scenario_of(chosen, list(levers.packages)))
    names = table["member"].values.tolist()
    name = member or names[int(table["recommended"].values.argmax())]
    if name not in names:
        raise NotFound("member of the design", name, names)
    points = json.loads(table.attrs["points"])
    if name in points:
        own = replace(levers, packages={each: inputs.packages[each] for each in levers.packages})
        return packages_of(own, tuple(points[name])), inputs.packages
    factor = float(table["factor"].sel(member=name))
    return [scaled(inputs.packages[each], factor) for each in chosen.candidates()[name]], inputs.packages


def _runs_in_all(problem: DesignProblem) -> int:
    """About how many runs a design takes, for a progress bar."""
    scaling = 6 * len(problem.candidates()) * problem.draws
    last = (problem.shown + len(problem.candidates())) * problem.fresh
    return scaling + problem.evaluations * problem.draws + last


def _ticker(progress: Ticked, total: int) -> Callable[[int], None]:
    done = 0

    def tick(runs: int) -> None:
        nonlocal done
        done += runs
        progress(min(done, total), total)

    progress(0, total)
    return tick
