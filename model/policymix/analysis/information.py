"""What would change the mind: which unknowns make a headline wide, where the ranking of mixes turns, what knowing pays.

A headline D is an outcome under one mix less that under another. For each uncertain number x, and each statistic that
an office could publish before the end: the share of var D that goes with it, the value of x at which E(D | x) changes
its sign, and what a decision between the mixes would gain if x were known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from policymix.analysis.comparison import is_sweep
from policymix.analysis.given_data import CHANCE, first_order, groups_of, indicator_of, spread_of
from policymix.analysis.selection import fullest_mix
from policymix.analysis.treasury import RATES, drawn_rates
from policymix.analysis.varied import (
    NET,
    Varied,
    check_independent,
    dependence,
    factors_of,
    response,
    responses,
    shared_luck,
    whole_draws,
)
from policymix.errors import InvalidValue, NotFound, RunFailed

if TYPE_CHECKING:
    import xarray

    from policymix.experiments.parameters import Prior

METHOD = (
    "partial perfect information by regression: Strong, Oakley and Brennan (2014), doi:10.1177/0272989X13505910; of a "
    "statistic: Strong et al. (2015), doi:10.1177/0272989X15575286; shares: correlation ratio corrected for its bins, "
    "Kelley (1935), doi:10.1073/pnas.21.9.554; regression: cubic splines with ridge, scikit-learn"
)
LEAST_DRAWS = 60
HISTORY = 0
"""The replicate that is read of a draw."""
SHUFFLES = 200
RESAMPLES = 100
KNOTS = 4
GRID = 101
INTERVAL = 0.9
SHOWN = 3
PENALTIES = tuple(float(x) for x in np.logspace(-4, 3, 8))

Curve = Callable[[np.ndarray], np.ndarray]


class Item(NamedTuple):
    """Something that could be known: an uncertain number or a statistic, its values by draw, and what it is called."""

    name: str
    sort: str
    values: np.ndarray
    label: str
    label_zh: str
    unit: str
    source: str


class Turn(NamedTuple):
    """Where the ranking turns along an item: NaN where it does not; the conditional means at the ends."""

    at: float
    low: float
    high: float
    turns: bool
    left: float
    right: float


def mind(
    results: xarray.Dataset,
    outcome: str,
    *,
    mix: str | None = None,
    against: str | None = None,
    lower: bool = False,
    shown: int = SHOWN,
    factors: Sequence[str] = (),
    statistics: bool = True,
    resamples: int = RESAMPLES,
    seed: int = 0,
    priors: Sequence[Prior] = (),
) -> xarray.Dataset:
    """What explains a headline's spread, where the ranking of two mixes turns, and what it is worth to know.

    A draw is one history, its first replicate: a mean over replicates would have less luck than anybody meets, and
    so would the statistic of an office. With Y_m the outcome of mix m in a draw, larger being better::

        evpi       = E max_m Y_m - max_m E Y_m             everything known, luck included
        value of x = E max_m E(Y_m | x) - max_m E Y_m      EVPPI, or EVSI for a statistic

    Parameters
    ----------
    outcome : one cell of `varied.responses`: a row of the headline, or ``core_share[2024]``
    mix, against : the two of the headline; by default the fullest mix and the baseline
    lower : less is better (money paid)
    shown : items of either sort to keep, those with the largest shares
    factors : uncertain numbers to look at; all that vary by default
    statistics : whether to look at outcomes of earlier years under ``mix``, as far as the results have them
    resamples : of the interval of a turn

    Returns
    -------
    Dataset over ``item``: share with ``_low`` and ``_high`` (90 %) and found (beyond what the largest of all items of
    its sort reaches by chance), turn (value at which E(D | x) crosses nought; NaN) with its interval, turns (True where
    the two ends have signs that are told apart), at_low and at_high (E(D | x) at the ends of x), range_low, range_high,
    value (in the outcome's unit, for a decision over all mixes), curve(item, point) and curve_at. Attributes: mean,
    low, high (90 %) and standard_error of D, leads (part of the draws in which D > 0), evpi, best, chance_*, units.

    Raises
    ------
    InvalidValue, NotFound
        No such outcome or mix; the two are the same; too few draws; points that are no draws;
        a factor that is named is a choice; nothing to look at.
    RunFailed
        scikit-learn is not installed.
    """
    check_independent(results, "mind")
    levels = response(results, outcome, measure="level")
    first, second = _pair(results, levels, mix, against)
    whole = whole_draws(levels.values, levels.attrs["failures"], LEAST_DRAWS, "mind")
    names = [str(name) for name in levels["mix"].values]
    y = levels.values[0, ..., HISTORY][:, whole].T * (-1.0 if lower else 1.0)
    headline = y[:, names.index(first)] - y[:, names.index(second)]
    chosen = factors_of(results, names=factors, priors=priors)
    unordered = [factor.name for factor in chosen if not factor.ordered]
    if factors and unordered:
        expected = "numbers: a curve along a factor needs an order; policymix sensitivity --method binned takes choices"
        raise InvalidValue(f'factor "{unordered[0]}"', "a choice", expected)
    items = [_unknown(factor, whole) for factor in chosen if factor.ordered]
    if levels["cell"].values[0] == NET and not factors:
        items += _rates(whole)
    listed_statistics = _statistics(results, levels, first, whole) if statistics else []
    if not items and not listed_statistics:
        raise InvalidValue(
            "mind", "choices alone, and no earlier years", "uncertain numbers that vary, or a run's years"
        )
    rng = np.random.default_rng(seed)
    best_items, shares, chances = _telling({"uncertainty": items, "statistic": listed_statistics}, headline, shown, rng)
    if not math.isfinite(shares[0][0]):
        raise InvalidValue("outcome", f"{outcome}, the same under {first} and {second} in every draw", "one that moves")
    turned = [turn_of(item.values, headline, rng, resamples) for item in best_items]
    table = _table(best_items, shares, turned, headline)
    table = table.assign(value=("item", [value_of(item.values, y) for item in best_items]))
    best = int(y.mean(axis=0).argmax())
    n, spread = len(headline), headline.std(ddof=1)
    table.attrs = {
        "method": METHOD, "outcome": str(levels["cell"].values[0]), "label": str(levels["label"].values[0]),
        "label_zh": str(levels["label_zh"].values[0]), "units": str(levels["unit"].values[0]), "mix": first,
        "against": second, "lower": int(lower), "mean": float(headline.mean()),
        "low": float(np.quantile(headline, 0.05)), "high": float(np.quantile(headline, 0.95)),
        "standard_error": float(spread / math.sqrt(n)), "leads": float((headline > 0.0).mean()),
        "evpi": max(0.0, float(y.max(axis=1).mean() - y.mean(axis=0).max())), "best": names[best], "draws": n,
        "dropped": int((~whole).sum()), "replicates": levels.sizes["replicate"], "unknowns": len(items),
        "failures": str(levels.attrs["failures"]), "dependence": dependence(chosen, results),
        "notices": _of_history(results, levels.sizes["replicate"]),
        "scenario": str(results.attrs.get("scenario", "")), **chances,
    }  # fmt: skip
    return table


def _telling(
    sorts: Mapping[str, Sequence[Item]], y: np.ndarray, shown: int, rng: np.random.Generator
) -> tuple[list[Item], list[tuple[float, float, float, bool]], dict[str, float]]:
    """Items of each sort with the largest shares of var y; share, interval and found of each; largest by chance."""
    kept, shares, chances = [], [], {}
    for sort, listed in sorts.items():
        if not listed:
            continue
        share, low, high, chance = shares_of(y, [item.values for item in listed], rng)
        chances[f"chance_{sort}"] = chance
        for index in np.argsort(-share, kind="stable")[: min(shown, len(listed))]:
            kept.append(listed[index])
            shares.append((share[index], low[index], high[index], bool(share[index] > chance)))
    return kept, shares, chances


def shares_of(
    y: np.ndarray, values: Sequence[np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Share of var y [draw] that goes with each of several numbers, its 90 % interval, and the largest by chance."""
    groups = [groups_of(Varied("", "", "real", each)) for each in values]
    indicator, owner = indicator_of(groups)
    column, n = y[:, None], len(y)
    whole = spread_of(column)
    share = first_order(column, indicator, owner)[:, 0] / whole
    weights = [rng.multinomial(n, np.full(n, 1.0 / n)).astype(float) for _ in range(SHUFFLES)]
    again = np.stack([
        (first_order(column, indicator, owner, weight) / spread_of(column, weight))[:, 0] for weight in weights
    ])  # fmt: skip
    low, high = np.quantile(again, (0.5 - INTERVAL / 2, 0.5 + INTERVAL / 2), axis=0) - again.mean(axis=0)
    shuffled = np.stack([rng.permutation(y) for _ in range(SHUFFLES)], axis=1)
    chance = np.quantile((first_order(shuffled, indicator, owner) / whole).max(axis=0), CHANCE)
    return share, share + low, share + high, float(chance)


def fitted(x: np.ndarray, y: np.ndarray, penalty: float | None = None) -> Curve:
    """E(y | x) of y [draw] or [draw, output] as a curve: cubic splines with a ridge penalty (`penalty_of` by default).

    Raises
    ------
    RunFailed
        scikit-learn is not installed.
    """
    try:
        from sklearn.linear_model import Ridge, RidgeCV
    except ImportError:
        raise RunFailed("this needs scikit-learn: pip install 'policymix[sensitivity]'") from None
    if len(np.unique(x)) <= KNOTS:
        groups = {value: y[x == value].mean(axis=0) for value in np.unique(x)}
        known = np.array(sorted(groups))
        return lambda at: np.stack([groups[known[np.abs(known - each).argmin()]] for each in at])
    splines = _splines(x)
    model = RidgeCV(alphas=PENALTIES) if penalty is None else Ridge(alpha=penalty)
    model.fit(splines(x), y)
    return lambda at: np.asarray(model.predict(splines(at)))


def penalty_of(x: np.ndarray, y: np.ndarray) -> float:
    """The ridge penalty that leaves one draw out best (RidgeCV)."""
    from sklearn.linear_model import RidgeCV

    return float(RidgeCV(alphas=PENALTIES).fit(_splines(x)(x), y).alpha_)


def _splines(x: np.ndarray) -> Curve:
    """Cubic splines with knots at quantiles of x, each brought to the mean nought and the deviation one over x."""
    from sklearn.preprocessing import SplineTransformer

    low, scale = float(x.min()), float(np.ptp(x))
    splines = SplineTransformer(n_knots=KNOTS, degree=3, knots="quantile", include_bias=False)
    at_x = splines.fit_transform(((x - low) / scale)[:, None])
    mean, deviation = at_x.mean(axis=0), np.maximum(at_x.std(axis=0), 1e-12)
    return lambda at: (splines.transform(((at - low) / scale)[:, None]) - mean) / deviation


def turn_of(x: np.ndarray, y: np.ndarray, rng: np.random.Generator, resamples: int = RESAMPLES) -> Turn:
    """The value of x at which E(y | x) crosses nought, of several the one nearest the middle of x.

    It turns where the means at the two ends have other signs in the fit and in 90 of 100 resamples; its interval is
    that of the resamples that cross.
    """
    grid = np.linspace(float(x.min()), float(x.max()), GRID)
    at, left, right = _crossing(grid, fitted(x, y)(grid))
    penalty = penalty_of(x, y) if len(np.unique(x)) > KNOTS else None
    found = []
    for _ in range(resamples):
        chosen = rng.integers(0, len(x), len(x))
        found.append(_crossing(grid, fitted(x[chosen], y[chosen], penalty)(grid)))
    same = [(np.sign(low), np.sign(high)) == (np.sign(left), np.sign(right)) for _, low, high in found]
    turns = left * right < 0.0 and float(np.mean(same)) >= INTERVAL
    crossed = [place for place, *_ in found if math.isfinite(place)]
    if not turns or not crossed:
        return Turn(math.nan, math.nan, math.nan, False, left, right)
    low, high = np.quantile(crossed, (0.5 - INTERVAL / 2, 0.5 + INTERVAL / 2))
    return Turn(at, float(low), float(high), True, left, right)


def _crossing(grid: np.ndarray, curve: np.ndarray) -> tuple[float, float, float]:
    """Where a curve changes its sign, NaN if nowhere, and its values at both ends."""
    places = np.flatnonzero(np.sign(curve[:-1]) * np.sign(curve[1:]) < 0)
    ends = float(curve[0]), float(curve[-1])
    if not len(places):
        return math.nan, *ends
    crossings = grid[places] - curve[places] * (grid[places + 1] - grid[places]) / (curve[places + 1] - curve[places])
    return float(crossings[np.abs(crossings - grid.mean()).argmin()]), *ends


def value_of(x: np.ndarray, y: np.ndarray) -> float:
    """What knowing x is worth to who chooses a mix, of y [draw, mix]: E max_m E(Y_m | x) - max_m E Y_m, not below 0.

    Worked out on Y_m less that of the mix that is best without it, where what all mixes share has gone.
    """
    gain = y - y[:, [int(y.mean(axis=0).argmax())]]
    known = fitted(x, gain)(x).max(axis=1).mean()
    return float(known) if known > 1e-9 * float(np.abs(gain).max()) else 0.0


def _pair(results: xarray.Dataset, levels: xarray.DataArray, mix: str | None, against: str | None) -> tuple[str, str]:
    listed = [str(name) for name in levels["mix"].values]
    first = mix or (listed[-1] if is_sweep(results) else fullest_mix(results))
    second = against or str(levels.attrs["baseline"])
    for name in (first, second):
        if name not in listed:
            raise NotFound("mix", name, listed)
    if first == second:
        raise InvalidValue("--against", f"{second}, the mix itself", f"another of {', '.join(listed)}")
    return first, second


def _of_history(results: xarray.Dataset, replicates: int) -> str:
    """What a reader has to know of the luck in a draw."""
    said = [f"one history a draw: the first of {replicates} replicates"] if replicates > 1 else []
    if shared_luck(results):
        said.append("all draws share their luck, so that neither spread nor worth of knowing contains it")
    return "; ".join(said)


def _unknown(factor: Varied, whole: np.ndarray) -> Item:
    title = factor.title or factor.name
    return Item(
        factor.name, "uncertainty", factor.values[whole].astype(float), title, factor.title_zh or title, factor.unit,
        factor.source,
    )  # fmt: skip


def _rates(whole: np.ndarray) -> list[Item]:
    """The treasury's own unknowns, by draw."""
    known = drawn_rates(len(whole), {})
    return [
        Item(
            rate.name, "uncertainty", known[rate.name].values[whole], rate.title, rate.title_zh, rate.unit, rate.source
        )
        for rate in RATES
        if rate.low < rate.high
    ]


def _statistics(results: xarray.Dataset, levels: xarray.DataArray, mix: str, whole: np.ndarray) -> list[Item]:
    """Yearly outcomes under a mix, of the years before the last: what an office can publish in time."""
    every = responses(results, measure="level", mixes=[mix])
    times = sorted({str(time) for time in every["time"].values if str(time)})[:-1]
    found = []
    for index, cell in enumerate(every["cell"].values.tolist()):
        values = every.values[index, 0, :, HISTORY][whole]
        if str(every["time"].values[index]) in times and np.isfinite(values).all() and np.ptp(values) > 0.0:
            text, text_zh, unit = (str(every[key].values[index]) for key in ("label", "label_zh", "unit"))
            found.append(Item(cell, "statistic", values, text, text_zh, unit, ""))
    return found


def _table(
    items: Sequence[Item], shares: Iterable[tuple[float, float, float, bool]], turned: Sequence[Turn], y: np.ndarray
) -> xarray.Dataset:
    import xarray

    share, low, high, found = (list(column) for column in zip(*shares, strict=True))
    columns: dict[str, Any] = {
        "share": share, "share_low": low, "share_high": high, "found": found,
        "turn": [each.at for each in turned], "turn_low": [each.low for each in turned],
        "turn_high": [each.high for each in turned], "turns": [each.turns for each in turned],
        "at_low": [each.left for each in turned], "at_high": [each.right for each in turned],
        "range_low": [float(item.values.min()) for item in items],
        "range_high": [float(item.values.max()) for item in items],
    }  # fmt: skip
    grids = np.array([np.linspace(item.values.min(), item.values.max(), GRID) for item in items])
    curves = np.array([fitted(item.values, y)(grid) for item, grid in zip(items, grids, strict=True)])
    coords = {key: ("item", [getattr(item, key) for item in items]) for key in ("sort", "label", "label_zh", "source")}
    table = xarray.Dataset({name: ("item", column) for name, column in columns.items()}, coords)
    table = table.assign(curve=(("item", "point"), curves), curve_at=(("item", "point"), grids))
    table = table.assign(drawn=(("item", "draw"), np.array([item.values for item in items])), headline=("draw", y))
    names = [item.name for item in items]
    return table.assign_coords(item=names, item_unit=("item", [item.unit for item in items]))
