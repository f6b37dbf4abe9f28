"""Which factor drives which outcome, from any draws there are: fitted ones, whole numbers, choices, packages.

For draws that no design made. Conditional means need neither independence nor order. Where factors depend on one
another (draws of a fit do), a share counts what a factor's companions do as well; shares may add up to more than one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from policymix.analysis.sensitivity import INTERVAL, RESAMPLES, salib
from policymix.analysis.varied import (
    Varied,
    cell_coords,
    check_independent,
    dependence,
    factors_of,
    labels_of,
    samples,
    whole_draws,
)
from policymix.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    import xarray

    from policymix.experiments.parameters import Prior

METHODS = {
    "binned": "first-order share as the correlation ratio over bins: McKay (1997), Reliability Eng. Syst. Safety 57, "
    "corrected for the number of bins: Kelley (1935), doi:10.1073/pnas.21.9.554",
    "pawn": "PAWN: median Kolmogorov-Smirnov distance of a bin's distribution to the whole: Pianosi and Wagener "
    "(2018), doi:10.1016/j.envsoft.2018.07.019",
    "rbd_fast": "first-order share by random balance designs: Tarantola, Gatelli and Mara (2006), "
    "doi:10.1016/j.ress.2005.06.003, with the correction of Tissot and Prieur (2012), doi:10.1016/j.ress.2012.06.010",
}
LEAST_DRAWS = 40
PER_BIN = 16
"""Draws that a bin has at least, where there are enough for four bins."""
MOST_BINS = 32
SHUFFLES = 200
CHANCE = 0.95
"""Part of the shuffled data in which no factor at all passes for one that matters."""


def given_data(
    results: xarray.Dataset,
    method: str = "binned",
    *,
    over: str = "uncertainties",
    factors: Sequence[str] = (),
    outcomes: Sequence[str] = (),
    times: Sequence[str] = (),
    mixes: Sequence[str] = (),
    measure: str = "difference",
    resamples: int = RESAMPLES,
    seed: int = 0,
    priors: Sequence[Prior] = (),
) -> xarray.Dataset:
    """Share of an outcome's variance that goes with each factor, or its distance measure, from any draws.

    ``binned``: y's mean in groups of equal values, or in bins of equal numbers of draws, G of them, n draws::

        V_i = var(y) - sum of squares within groups / (n - G)        first = V_i / var(y) with luck in var(y)

    What shuffled draws would show tells what is found: with hundreds of factors the largest share of pure chance is not
    small. ``pawn`` is a distance, 0..1; ``rbd_fast`` a first-order share of independent numbers.

    Parameters
    ----------
    method : one of `METHODS`
    factors : names; all that vary by default
    outcomes, times, mixes, measure : as `varied.responses` has them

    Returns
    -------
    Dataset over ``factor, mix, cell``: value with ``_low`` and ``_high`` (90 %) and found (beyond what the largest of
    all factors reaches by chance in 95 of 100 shuffles; rbd_fast: beyond nought at 90 % for all factors together);
    over ``mix, cell``: chance (that bound; NaN of rbd_fast), luck (share of the variance within draws; NaN with one
    replicate). Attributes: draws, dropped, failures, dependence.

    Raises
    ------
    NotFound, InvalidValue
        No such method; too few draws; points that are no draws; factors that the method cannot take; dependent
        ones where it needs independence.
    RunFailed
        SALib is not installed (rbd_fast).
    """
    if method not in METHODS:
        raise NotFound("method", method, METHODS)
    check_independent(results, f"--method {method}", over)
    chosen = factors_of(results, over, names=factors, priors=priors)
    related = dependence(chosen, results)
    _check(method, chosen, related, over)
    found = samples(results, over, outcomes=outcomes, times=times, mixes=mixes, measure=measure)
    least = LEAST_DRAWS if any(factor.continuous for factor in chosen) else 2 * _largest(chosen) + 2
    whole = whole_draws(found.values, found.attrs["failures"], least, f"--method {method}")
    values = np.moveaxis(found.values[:, :, whole], -1, 0).reshape(found.sizes["replicate"], -1, int(whole.sum()))
    kept = [_of(factor, whole) for factor in chosen]
    rng = np.random.default_rng(seed)
    if method == "rbd_fast":
        columns = _rbd_fast(kept, values, max(2, resamples // 4), rng)  # it takes them one by one
    else:
        columns = _by_groups(method, kept, values, resamples, rng)
    table = _labelled(columns, chosen, found)
    table.attrs = {
        "method": METHODS[method], "measure_of": method, "over": over, "interval": INTERVAL, **found.attrs,
        "draws": int(whole.sum()), "dropped": int((~whole).sum()), "replicates": found.sizes["replicate"],
        "factors": len(chosen), "dependence": related, "scenario": str(results.attrs.get("scenario", "")),
        "units": "share of variance" if method in ("binned", "rbd_fast") else "0 to 1",
    }  # fmt: skip
    return table


def groups_of(factor: Varied, values: np.ndarray | None = None) -> np.ndarray:
    """Group int[draw] of every draw: equal values, or bins of equal numbers of draws where there are many values."""
    values = factor.values if values is None else values
    if not factor.continuous:
        return np.unique(values, return_inverse=True)[1]
    bins = min(MOST_BINS, max(4, len(values) // PER_BIN))
    edges = np.quantile(values, np.arange(1, bins) / bins)
    return np.unique(np.searchsorted(edges, values, side="right"), return_inverse=True)[1]


def indicator_of(groups: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Indicator float64[group, draw] of several factors' groups, below one another, and int[group], whose they are."""
    indicator = np.vstack([np.eye(group.max() + 1)[:, group] for group in groups])
    return indicator, np.repeat(np.arange(len(groups)), [group.max() + 1 for group in groups])


def first_order(
    y: np.ndarray, indicator: np.ndarray, owner: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """V_i [factor, output] of y [draw, output]: variance of the means over groups, corrected for their number.

    Parameters
    ----------
    indicator : float64[group, draw], 1 where a draw is in a group; groups of all factors below one another
    owner : int[group], the factor of a group
    weight : float64[draw], how often a draw counts; once by default
    """
    weight = np.ones(len(y)) if weight is None else weight
    n = weight.sum()
    centred = y - (weight @ y) / n
    counts = indicator @ weight
    sums = indicator @ (weight[:, None] * centred)
    between = np.divide(sums**2, counts[:, None], out=np.zeros_like(sums), where=counts[:, None] > 0.0)
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    explained = np.add.reduceat(between, starts, axis=0)
    groups = np.add.reduceat((counts > 0.0).astype(float), starts)
    square = (weight @ centred**2)[None]
    return square / (n - 1.0) - (square - explained) / (n - groups)[:, None]


def spread_of(y: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Variance [output] of y [draw, output], NaN where nothing varies; ``weight`` as of `first_order`."""
    weight = np.ones(len(y)) if weight is None else weight
    n = weight.sum()
    variance = weight @ (y - (weight @ y) / n) ** 2 / (n - 1.0)
    return np.where(variance > 0.0, variance, math.nan)


def pawn(y: np.ndarray, indicator: np.ndarray, owner: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Median over a factor's groups of the Kolmogorov-Smirnov distance to all draws [factor, output]; as `first_order`.

    Draws of equal y are compared after the last of them.
    """
    weight = np.ones(len(y)) if weight is None else weight
    found = []
    for column in y.T:
        order = np.argsort(column, kind="stable")
        last = np.r_[column[order][1:] != column[order][:-1], True]
        inside = np.cumsum(indicator[:, order] * weight[order], axis=1)
        share = np.divide(inside, inside[:, -1:], out=np.zeros_like(inside), where=inside[:, -1:] > 0.0)
        every = np.cumsum(weight[order]) / weight.sum()
        distance = np.abs(share - every)[:, last].max(axis=1)
        found.append([np.median(distance[owner == factor]) for factor in range(owner[-1] + 1)])
    return np.array(found).T


def _by_groups(
    method: str, factors: Sequence[Varied], values: np.ndarray, resamples: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Columns [output, factor] and [output] of the measures by groups."""
    indicator, owner = indicator_of([groups_of(factor) for factor in factors])
    replicates, _, n = values.shape
    y = values.mean(axis=0).T
    each = values.var(axis=0, ddof=1).T if replicates > 1 else np.full(y.shape, math.nan)
    averaged = np.nan_to_num(each) * (1.0 - 1.0 / replicates)  # luck that the mean of a draw no longer has

    def whole(weight: np.ndarray) -> np.ndarray:
        return np.nan_to_num(spread_of(y, weight)) + weight @ averaged / n

    every = whole(np.ones(n))
    spread = np.where(every > 0.0, every, math.nan)

    def share(weight: np.ndarray) -> np.ndarray:
        found = measure(y, indicator, owner, weight)
        return found / np.where(every > 0.0, whole(weight), math.nan) if method == "binned" else found

    measure = first_order if method == "binned" else pawn
    value = share(np.ones(n))
    times = resamples if method == "binned" else max(1, resamples // 10)
    again = np.stack([share(rng.multinomial(n, np.full(n, 1.0 / n)).astype(float)) for _ in range(times)])
    moved = np.quantile(again, (0.5 - INTERVAL / 2, 0.5 + INTERVAL / 2), axis=0) - again.mean(axis=0)
    shuffles = SHUFFLES if method == "binned" else SHUFFLES // 10
    scale = spread if method == "binned" else np.ones(y.shape[1])
    by_chance = [(measure(rng.permutation(y), indicator, owner) / scale).max(axis=0) for _ in range(shuffles)]
    chance = np.quantile(by_chance, CHANCE, axis=0)
    return {"value": value.T, "value_low": (value + moved[0]).T, "value_high": (value + moved[1]).T,
            "found": (value > chance).T, "chance": chance, "luck": each.mean(axis=0) / spread}  # fmt: skip


def _rbd_fast(
    factors: Sequence[Varied], values: np.ndarray, resamples: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The same columns of ``SALib.analyze.rbd_fast``."""
    from scipy.stats import norm

    analysed = salib("rbd_fast")
    x = np.stack([factor.values.astype(float) for factor in factors], axis=1)
    bounds = np.stack([x.min(axis=0), x.max(axis=0)], axis=1).tolist()
    problem = {"num_vars": len(factors), "names": [factor.name for factor in factors], "bounds": bounds}
    seed, reach = int(rng.integers(1, 2**31)), norm.ppf(0.5 + INTERVAL / 2)  # a seed of nought would mean none
    found = [
        analysed.analyze(problem, x, y, num_resamples=resamples, conf_level=INTERVAL, seed=seed)
        for y in values.mean(axis=0)
    ]
    value = np.array([each["S1"] for each in found], float)
    sd = np.array([each["S1_conf"] for each in found], float) / reach
    strict = norm.ppf(1.0 - (1.0 - INTERVAL) / len(factors))
    unknown = np.full(len(value), math.nan)
    return {"value": value, "value_low": value - reach * sd, "value_high": value + reach * sd,
            "found": value - strict * sd > 0.0, "chance": unknown, "luck": unknown}  # fmt: skip


def _check(method: str, factors: Sequence[Varied], related: str, over: str) -> None:
    """Refuse factors that a method cannot take."""
    if method != "rbd_fast":
        return
    for factor in factors:
        if not factor.continuous:
            values = len(np.unique(factor.values))
            expected = f"numbers with many values for {method}; --method binned or pawn takes any factor"
            raise InvalidValue(f'factor "{factor.name}"', f"a {factor.kind} of {values} values", expected)
    if related:
        expected = "independent ones for rbd_fast; --method binned or pawn needs no independence"
        raise InvalidValue(over, f"draws that depend on one another ({related})", expected)


def _largest(factors: Sequence[Varied]) -> int:
    return max(len(np.unique(factor.values)) for factor in factors)


def _of(factor: Varied, whole: np.ndarray) -> Varied:
    """A factor at the draws that are whole."""
    return Varied(factor.name, factor.address, factor.kind, factor.values[whole])


def _labelled(columns: dict[str, np.ndarray], factors: Sequence[Varied], response: xarray.DataArray) -> xarray.Dataset:
    """Columns [output, factor] and [output] over factor, mix and cell."""
    import xarray

    shape: dict[int, Any] = {2: ("cell", "mix", "factor"), 1: ("cell", "mix")}
    sizes = (response.sizes["cell"], response.sizes["mix"])
    found = {name: (shape[values.ndim], values.reshape(*sizes, *values.shape[1:])) for name, values in columns.items()}
    coords = {"mix": response["mix"].values, **labels_of(factors), **cell_coords(response)}
    return xarray.Dataset(found, coords).transpose("factor", "mix", "cell")
