"""Under which conditions a mix misses its target: boxes in the uncertain numbers, and a decision tree.

Scenario discovery: of the draws in which something happens (cases), PRIM peels the space until what is left holds
mostly cases. Coverage is the part of all cases in a box, density the part of the box that are cases. With hundreds of
factors a box always finds something; what shuffled cases would show says whether this one is more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from policymix.analysis.comparison import is_sweep
from policymix.analysis.given_data import first_order, groups_of, indicator_of
from policymix.analysis.selection import fullest_mix
from policymix.analysis.targets import Reading, Target, chance, line_text, read
from policymix.analysis.varied import Varied, check_independent, factors_of, labels_of, response, whole_draws
from policymix.errors import InvalidValue, NotFound, RunFailed

if TYPE_CHECKING:
    import xarray

    from policymix.experiments.parameters import Prior

METHODS = {
    "prim": "PRIM: Friedman and Fisher (1999), doi:10.1023/A:1008894516817, for scenario discovery as Bryant and "
    "Lempert (2010), doi:10.1016/j.techfore.2009.08.002; gain by mass of Kwakkel and Jaxa-Rozen (2016), "
    "doi:10.1016/j.envsoft.2015.11.020; box of the greatest weighted relative accuracy: Lavrac, Flach and Zupan "
    "(1999), doi:10.1007/3-540-48751-4_17",
    "tree": "classification tree: Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees, "
    "doi:10.1201/9781315139470; scikit-learn",
}
PEEL = 0.05
"""Part of a box that one peel takes off."""
LEAST_MASS = 0.05
LEAST_CASES = 10
LEAST_DRAWS = 40
QUASI_P = 0.05
"""Quasi-p-value from which a limit is dropped: Bryant and Lempert (2010), appendix."""
SHUFFLES = 39
SCREENED = 8
"""Factors that PRIM cuts: those whose values go with the cases most. More of them find more by chance."""
DEPTH = 3
FOLDS = 5


class Cases(NamedTuple):
    """Draws to be explained: bool[draw], which draws are whole, and what they are called, English and Chinese."""

    happens: np.ndarray
    whole: np.ndarray
    title: str
    title_zh: str
    failures: str


@dataclass(frozen=True, eq=False)
class Columns:
    """Factors as columns that can be cut.

    Attributes
    ----------
    values : float64[draw, column]; a factor without order has a column of 0 and 1 for each of its values
    owner : int[column], the factor
    label : value of a factor without order that the column stands for; None for numbers
    groups, group_owner : indicator float64[group, draw] of the groups of all factors, and their factors
    """

    values: np.ndarray
    owner: np.ndarray
    label: list[str | None]
    groups: np.ndarray
    group_owner: np.ndarray


class Cut(NamedTuple):
    """One limit: a column, whether it is cut from above, and where; draws beyond it are outside."""

    column: int
    above: bool
    at: float


class Step(NamedTuple):
    """A box on the way of peeling: its draws and the limits that made it."""

    inside: np.ndarray
    cuts: tuple[Cut, ...]


def discover(
    results: xarray.Dataset,
    target: Target | None = None,
    *,
    outcome: str | None = None,
    below: float | None = None,
    above: float | None = None,
    mix: str | None = None,
    measure: str = "difference",
    meets: bool = False,
    method: str = "prim",
    factors: Sequence[str] = (),
    boxes: int = 2,
    seed: int = 0,
    priors: Sequence[Prior] = (),
) -> xarray.Dataset:
    """Conditions under which a mix misses a target, or an outcome lies below or above a number.

    Parameters
    ----------
    target : of a run; a draw misses it where its probability (mean over replicates) is below one half
    outcome, below, above, measure : instead of a target: a cell of `varied.responses` and a number in its unit
    mix : the fullest by default
    meets : explain the draws that meet the target instead
    method : ``prim`` or ``tree``
    boxes : at most, each on the draws that those before left over

    Returns
    -------
    Dataset over ``box, factor`` (only factors that some box limits): low, high (NaN where free; own units), excluded
    (values of a choice that are outside), quasi_p; over ``box``: coverage, density, mass, chance (part of the shuffled
    cases with a box as good), told (chance at most 0.05), rule. Over ``step`` (prim): trajectory_coverage,
    trajectory_density, trajectory_mass, trajectory_limits. Over ``draw``: happens, in_box, and drawn(draw, factor).
    Attributes: draws, cases, share, title, title_zh, method; tree: accuracy, the balanced accuracy in unseen draws.

    Raises
    ------
    InvalidValue, NotFound
        No such target, mix, outcome or factor; too few draws or cases to explain; points that are no draws.
    """
    if method not in METHODS:
        raise NotFound("method", method, METHODS)
    check_independent(results, "discover")
    found = cases_of(results, target, outcome=outcome, below=below, above=above, mix=mix, measure=measure, meets=meets)
    chosen = factors_of(results, names=factors, priors=priors)
    happens = found.happens[found.whole]
    count, draws = int(happens.sum()), len(happens)
    if min(count, draws - count) < LEAST_CASES:
        expected = f"{LEAST_CASES} or more draws of either kind: more draws, another target, or another line"
        raise InvalidValue(found.title, f"{count} of {draws} draws", expected)
    columns = columns_of_factors(chosen, found.whole)
    rng = np.random.default_rng(seed)
    boxed = _prim(columns, happens, boxes, rng) if method == "prim" else _tree(columns, happens, rng)
    table = _table(boxed, columns, chosen, happens)
    table.attrs = {
        "method": METHODS[method], "by": method, "title": found.title, "title_zh": found.title_zh, "draws": draws,
        "cases": count, "share": count / draws, "dropped": int((~found.whole).sum()), "failures": found.failures,
        "factors": len(chosen), "scenario": str(results.attrs.get("scenario", "")), "units": "own unit of each factor",
        **boxed.about,
    }  # fmt: skip
    return table


def cases_of(
    results: xarray.Dataset,
    target: Target | None = None,
    *,
    outcome: str | None = None,
    below: float | None = None,
    above: float | None = None,
    mix: str | None = None,
    measure: str = "difference",
    meets: bool = False,
) -> Cases:
    """Draws in which a mix misses (or meets) a target, or an outcome is below or above a number."""
    listed = [str(name) for name in results["mix"].values]
    shown = mix or (listed[-1] if is_sweep(results) else fullest_mix(results))
    if shown not in listed:
        raise NotFound("mix", shown, listed)
    if target is not None:
        return _of_target(results, target, shown, meets)
    if outcome is None or (below is None) == (above is None):
        raise InvalidValue("discover", "no target", "--target ID, or --outcome NAME with --below or --above NUMBER")
    array = response(results, outcome, measure=measure, mixes=[shown])
    whole = whole_draws(array.values, array.attrs["failures"], LEAST_DRAWS, "discover")
    number = array.values[0, 0].mean(axis=1)
    line = float(below if below is not None else above)  # type: ignore[arg-type]
    sign, sign_zh = ("below", "低于") if below is not None else ("above", "高于")
    label, label_zh = str(array["label"].values[0]), str(array["label_zh"].values[0])
    of = f" ({measure} to {array.attrs['baseline']})" if measure == "difference" else ""
    of_zh = f"(与{array.attrs['baseline']}之差)" if measure == "difference" else ""
    happens = number < line if below is not None else number > line
    return Cases(
        happens, whole, f"{shown}: {label}{of} {sign} {line:g}", f"{shown}:{label_zh}{of_zh}{sign_zh} {line:g}",
        str(array.attrs["failures"]),
    )  # fmt: skip


def _of_target(results: xarray.Dataset, target: Target, mix: str, meets: bool) -> Cases:
    if is_sweep(results):
        raise InvalidValue("--target", "a sweep", "a run, or --outcome NAME with --below or --above NUMBER")
    reading = read(results, target)
    if not isinstance(reading, Reading):
        raise InvalidValue("--target", f"{target.id}, which is not tracked: {reading.reason}", "a tracked target")
    odds = chance(reading, target).sel(mix=mix).transpose("draw", "replicate").values
    whole = whole_draws(odds[None], "", LEAST_DRAWS, "discover")
    met = odds.mean(axis=1) >= 0.5
    word, word_zh = ("meets", "达到") if meets else ("misses", "未达到")
    text = f"{target.id} {line_text(target)}"
    return Cases(met if meets else ~met, whole, f"{mix} {word} {text}", f"{mix}{word_zh}{text}", "")


def columns_of_factors(factors: Sequence[Varied], whole: np.ndarray) -> Columns:
    """Numbers as they are; every value of a factor without order as a column of its own."""
    values: list[np.ndarray] = []
    owner: list[int] = []
    label: list[str | None] = []
    for number, factor in enumerate(factors):
        kept = factor.values[whole]
        for value in [None] if factor.ordered else np.unique(kept).tolist():
            values.append(kept.astype(float) if value is None else (kept == value).astype(float))
            owner.append(number)
            label.append(value)
    groups, group_owner = indicator_of([groups_of(factor, factor.values[whole]) for factor in factors])
    return Columns(np.stack(values, axis=1), np.array(owner), label, groups, group_owner)


# --- PRIM -----------------------------------------------------------------------------------------------------------


class Boxed(NamedTuple):
    """Boxes with their draws; the way to the first one; further attributes."""

    steps: list[Step]
    chances: list[float]
    path: list[Step]
    about: dict[str, Any]


def _prim(columns: Columns, happens: np.ndarray, boxes: int, rng: np.random.Generator) -> Boxed:
    """Boxes one after another, each of the draws that are left, until one is no better than chance."""
    left = np.ones(len(happens), bool)
    steps: list[Step] = []
    chances: list[float] = []
    path: list[Step] = []
    while len(steps) < boxes and min(happens[left].sum(), (~happens[left]).sum()) >= LEAST_CASES:
        way = peel(columns, happens, left, screened(columns, happens, left))
        best = max(way, key=lambda step: score(step, happens, left))
        by_chance = _by_chance(columns, happens, left, score(best, happens, left), rng)
        if steps and by_chance > QUASI_P:
            break
        path = path or way
        steps.append(pruned(columns, happens, best, left))
        chances.append(by_chance)
        left = left & ~steps[-1].inside
    return Boxed(steps, chances, path, {})


def screened(columns: Columns, happens: np.ndarray, start: np.ndarray) -> np.ndarray:
    """bool[column]: the `SCREENED` factors whose groups explain most of where the cases are."""
    explained = first_order(happens[start].astype(float)[:, None], columns.groups[:, start], columns.group_owner)[:, 0]
    best = np.argsort(-explained, kind="stable")[:SCREENED]
    return np.isin(columns.owner, best)


def peel(columns: Columns, happens: np.ndarray, start: np.ndarray, cut: np.ndarray | None = None) -> list[Step]:
    """The way from all of ``start`` to a box of `LEAST_MASS` or of cases alone.

    Each peel takes off the low or the high end of one column (`PEEL` of the box, whole values at a time), or one value
    of a factor without order: the one with the greatest (density after - density before) / mass taken off. Only the
    columns of ``cut`` are cut; all by default.
    """
    chosen = np.flatnonzero(np.ones(len(columns.label), bool) if cut is None else cut)
    inside = start.copy()
    way = [Step(inside, ())]
    least = max(2, math.ceil(LEAST_MASS * int(start.sum())))
    words = np.array([columns.label[column] is not None for column in chosen])
    while True:
        x, y = columns.values[inside][:, chosen], happens[inside]
        if y.all():
            return way
        low = np.quantile(x, PEEL, axis=0, method="lower")
        high = np.where(words, 1.0, np.quantile(x, 1.0 - PEEL, axis=0, method="higher"))
        kept = np.stack([x > low, x < high])
        kept[0][:, words] = False
        count = kept.sum(axis=1)
        density = np.divide(y @ kept.astype(float), count, out=np.zeros(count.shape), where=count > 0)
        taken = len(y) - count
        gain = np.where((count >= least) & (taken > 0), (density - y.mean()) / np.maximum(taken, 1), -math.inf)
        side, column = np.unravel_index(int(gain.argmax()), gain.shape)
        if not math.isfinite(gain[side, column]):
            return way
        limit = Cut(int(chosen[column]), bool(side), float((high if side else low)[column]))
        inside = inside & _within(columns, limit)
        way.append(Step(inside, (*way[-1].cuts, limit)))


def _within(columns: Columns, cut: Cut) -> np.ndarray:
    """Draws on the inner side of a limit."""
    x = columns.values[:, cut.column]
    return x < cut.at if cut.above else x > cut.at


def score(step: Step, happens: np.ndarray, start: np.ndarray) -> float:
    """Cases in the box beyond what its size would have by chance, as a part of all draws: mass x (density - share)."""
    return float(happens[step.inside].sum() - happens[start].mean() * step.inside.sum()) / float(start.sum())


def tightest(cuts: Sequence[Cut]) -> dict[tuple[int, bool], Cut]:
    """The last limit of each side of each column: later cuts are the closer ones."""
    return {(cut.column, cut.above): cut for cut in cuts}


def quasi_p(columns: Columns, happens: np.ndarray, step: Step, factor: int, start: np.ndarray) -> float:
    """Probability of as many cases in the box if a factor's limits did nothing: a one-sided binomial test."""
    from scipy.stats import binomtest

    without = _box(columns, [cut for cut in step.cuts if columns.owner[cut.column] != factor], start)
    hits, size = int(happens[step.inside].sum()), int(step.inside.sum())
    return float(binomtest(hits, size, float(happens[without].mean()), alternative="greater").pvalue)


def _box(columns: Columns, cuts: Sequence[Cut], start: np.ndarray) -> np.ndarray:
    inside = start.copy()
    for cut in cuts:
        inside &= _within(columns, cut)
    return inside


def pruned(columns: Columns, happens: np.ndarray, step: Step, start: np.ndarray) -> Step:
    """The box without the limits that chance explains, the least telling factor first."""
    while True:
        limited = sorted({int(columns.owner[cut.column]) for cut in step.cuts})
        if len(limited) < 2:
            return step
        p = {factor: quasi_p(columns, happens, step, factor, start) for factor in limited}
        worst = max(p, key=lambda factor: p[factor])
        if p[worst] <= QUASI_P:
            return step
        cuts = tuple(cut for cut in step.cuts if columns.owner[cut.column] != worst)
        step = Step(_box(columns, cuts, start), cuts)


def _by_chance(
    columns: Columns, happens: np.ndarray, start: np.ndarray, reached: float, rng: np.random.Generator
) -> float:
    """Part of the shuffled cases whose best box scores as well, this one counted in."""
    as_good = 0
    for _ in range(SHUFFLES):
        shuffled = happens.copy()
        shuffled[start] = rng.permutation(happens[start])
        way = peel(columns, shuffled, start, screened(columns, shuffled, start))
        as_good += max(score(step, shuffled, start) for step in way) >= reached
    return (1 + as_good) / (1 + SHUFFLES)


# --- tree -----------------------------------------------------------------------------------------------------------


def _tree(columns: Columns, happens: np.ndarray, rng: np.random.Generator) -> Boxed:
    """Leaves in which cases are the majority as boxes, the one that covers most first."""
    try:
        from sklearn.model_selection import StratifiedKFold, cross_val_score
        from sklearn.tree import DecisionTreeClassifier
    except ImportError:
        raise RunFailed("a tree needs scikit-learn: pip install 'policymix[sensitivity]'") from None
    state = int(rng.integers(2**31))
    leaf = max(5, math.ceil(LEAST_MASS * len(happens)))
    tree = DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=leaf, random_state=state)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=state)
    unseen = cross_val_score(tree, columns.values, happens, cv=folds, scoring="balanced_accuracy")
    tree.fit(columns.values, happens)
    leaves = _leaves(tree.tree_, 0, ())
    steps = [Step(_box(columns, cuts, np.ones(len(happens), bool)), cuts) for cuts in leaves]
    steps = [step for step in steps if happens[step.inside].mean() > 0.5 and step.cuts]
    steps.sort(key=lambda step: -int(happens[step.inside].sum()))
    error = float(unseen.std(ddof=1) / math.sqrt(FOLDS))
    told = float(unseen.mean()) - 2.0 * error > 0.5
    about = {"accuracy": float(unseen.mean()), "accuracy_error": error, "told": int(told)}
    return Boxed(steps, [math.nan] * len(steps), [], about)


def _leaves(tree: Any, node: int, cuts: tuple[Cut, ...]) -> list[tuple[Cut, ...]]:
    """Limits of every leaf; a tree sends x <= threshold to the left."""
    if tree.children_left[node] < 0:
        return [cuts]
    column, at = int(tree.feature[node]), float(tree.threshold[node])
    left = (*cuts, Cut(column, True, float(np.nextafter(at, math.inf))))
    right = (*cuts, Cut(column, False, at))
    return [*_leaves(tree, tree.children_left[node], left), *_leaves(tree, tree.children_right[node], right)]


# --- the table ------------------------------------------------------------------------------------------------------


def _table(boxed: Boxed, columns: Columns, factors: Sequence[Varied], happens: np.ndarray) -> xarray.Dataset:
    """Limits, coverage and density of every box, and the way to the first."""
    import xarray

    every = np.ones(len(happens), bool)
    limited = list(dict.fromkeys(int(columns.owner[cut.column]) for step in boxed.steps for cut in step.cuts))
    shape = (len(boxed.steps), len(limited))
    low, high, p = (np.full(shape, math.nan) for _ in range(3))
    excluded = np.full(shape, "", dtype=object)
    for b, step in enumerate(boxed.steps):
        for cut in tightest(step.cuts).values():
            place = limited.index(int(columns.owner[cut.column]))
            label = columns.label[cut.column]
            if label is not None:
                words = excluded[b, place].split(" | ") if excluded[b, place] else []
                outside = [label] if cut.above else [
                    str(each) for each, owner in zip(columns.label, columns.owner, strict=True)
                    if owner == columns.owner[cut.column] and each != label
                ]  # fmt: skip
                excluded[b, place] = " | ".join(dict.fromkeys([*words, *map(str, outside)]))
            else:
                inner = columns.values[step.inside, cut.column]
                (high if cut.above else low)[b, place] = float(inner.max() if cut.above else inner.min())
        for place, factor in enumerate(limited):
            if any(columns.owner[cut.column] == factor for cut in step.cuts):
                p[b, place] = quasi_p(columns, happens, step, factor, every)
    sizes = np.array([step.inside.sum() for step in boxed.steps], float)
    hits = np.array([happens[step.inside].sum() for step in boxed.steps], float)
    inside = np.array([step.inside for step in boxed.steps], bool).reshape(len(sizes), len(happens))
    told = np.array(boxed.chances) <= QUASI_P if "told" not in boxed.about else np.full(len(sizes), boxed.about["told"])
    table = xarray.Dataset(
        {
            "low": (("box", "factor"), low), "high": (("box", "factor"), high),
            "excluded": (("box", "factor"), excluded.astype(str)), "quasi_p": (("box", "factor"), p),
            "coverage": ("box", hits / happens.sum()), "density": ("box", hits / np.maximum(sizes, 1.0)),
            "mass": ("box", sizes / len(happens)), "chance": ("box", np.array(boxed.chances, float)),
            "told": ("box", told.astype(bool)),
            "happens": ("draw", happens),
            "in_box": (("box", "draw"), inside),
        },
        {"box": np.arange(1, len(sizes) + 1), **labels_of([factors[index] for index in limited])},
    )  # fmt: skip
    if boxed.path:
        peeled = np.array([step.inside for step in boxed.path])
        cases = (peeled & happens).sum(axis=1)
        table = table.assign(
            trajectory_coverage=("step", cases / happens.sum()),
            trajectory_density=("step", cases / peeled.sum(axis=1)),
            trajectory_mass=("step", peeled.mean(axis=1)),
            trajectory_limits=("step", [len({columns.owner[c.column] for c in step.cuts}) for step in boxed.path]),
        )
    numbers = [index for index in limited if factors[index].ordered]
    drawn = np.full((len(happens), len(limited)), math.nan)
    for index in numbers:
        drawn[:, limited.index(index)] = columns.values[:, int(np.flatnonzero(columns.owner == index)[0])]
    table = table.assign(drawn=(("draw", "factor"), drawn))
    return table.assign(rule=("box", [rule_of(table.sel(box=box)) for box in table["box"].values]))


def rule_of(box: xarray.Dataset, lang: str = "en") -> str:
    """A box in words: ``budget >= 1.2e+08 and share <= 0.3``."""
    title = "title_zh" if lang == "zh" else "title"
    said = []
    for name in box["factor"].values:
        one = box.sel(factor=name)
        low, high, excluded = float(one["low"]), float(one["high"]), str(one["excluded"].values)
        label = str(one[title].values)
        if math.isfinite(low) and math.isfinite(high):
            said.append(f"{low:.4g} ≤ {label} ≤ {high:.4g}")
        elif math.isfinite(low) or math.isfinite(high):
            said.append(f"{label} ≥ {low:.4g}" if math.isfinite(low) else f"{label} ≤ {high:.4g}")
        elif excluded:
            said.append(f"{label} {'不取' if lang == 'zh' else 'not'} {excluded}")
    return (" 且 " if lang == "zh" else " and ").join(said)
