"""Paired differences: a mix against the baseline of the same draw and luck, with their uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from policymix.analysis.selection import STOCKS, baseline_of, by_year, last_quarter, level, total

if TYPE_CHECKING:
    import numpy as np
    import xarray

RUNS = ("draw", "replicate")
LOW, HIGH = 0.05, 0.95
QUANTILES = (LOW, 0.5, HIGH)
ERRORS_NEEDED = 2.0


def standard_error(values: xarray.DataArray) -> xarray.DataArray:
    """Standard error of the mean over draws.

    Replicates of a draw share its parameters, so a draw is one observation: se = sd(mean over replicates) / sqrt(n
    draws). With a single draw the replicates are the observations; with a single run there is no error to state and
    the answer is NaN. Draws without a number (NaN) do not count.
    """
    by_draw = values.mean("replicate")
    if values.sizes["draw"] > 1:
        return by_draw.std("draw", ddof=1) / by_draw.count("draw") ** 0.5
    if values.sizes["replicate"] > 1:
        return values.isel(draw=0, drop=True).std("replicate", ddof=1) / values.isel(draw=0).count("replicate") ** 0.5
    return by_draw.isel(draw=0, drop=True) * math.nan


def resolved(mean: xarray.DataArray, error: xarray.DataArray) -> xarray.DataArray:
    """True where |mean| >= 2 standard errors and the mean is not zero; a missing error resolves nothing."""
    return (abs(mean) >= ERRORS_NEEDED * error) & (mean != 0.0)


def summary(values: xarray.DataArray) -> xarray.Dataset:
    """Mean, median, 90 % interval (5 and 95 % quantiles), standard error and ``resolved`` over draws and replicates.

    ``values`` has the dims draw and replicate; every other dim is kept. A run without a number (NaN) is left out; where
    no run has one, every statistic is NaN and nothing is resolved.
    """
    import numpy as np
    import xarray

    runs = list(RUNS)
    if not np.isnan(values.values).any():
        return _summary_of_whole(values)
    known = (~values.isnull()).any(runs)
    values = values.where(known, 0.0)
    if not np.isnan(values.values).any():
        found = _summary_of_whole(values)
        return found.where(known).assign(resolved=known & found["resolved"])
    mean, error = values.mean(runs), standard_error(values)
    cuts = quantiles(values, QUANTILES)
    spread = {name: cuts.isel(quantile=number, drop=True) for number, name in enumerate(("low", "median", "high"))}
    statistics = xarray.Dataset({"mean": mean, **spread, "standard_error": error}).where(known)
    return statistics.assign(resolved=known & resolved(mean, error))


def _summary_of_whole(values: xarray.DataArray) -> xarray.Dataset:
    """``summary`` where every run has a number: the same bits, without the cost of looking for gaps."""
    import numpy as np
    import xarray

    numbers, runs = values.values, tuple(values.dims.index(name) for name in RUNS)
    draws, replicates = (values.sizes[name] for name in RUNS)
    mean = np.mean(numbers, axis=runs)
    if draws > 1:
        by_draw = np.mean(numbers, axis=runs[1], keepdims=True)
        error = np.std(by_draw, axis=runs, ddof=1) / math.sqrt(draws)
    elif replicates > 1:
        error = np.std(numbers, axis=runs, ddof=1) / math.sqrt(replicates)
    else:
        error = mean * math.nan
    low, high = np.quantile(numbers, (LOW, HIGH), axis=runs)
    found = {
        "mean": mean,
        "median": np.median(numbers, axis=runs),
        "low": low,
        "high": high,
        "standard_error": error,
        "resolved": (np.abs(mean) >= ERRORS_NEEDED * error) & (mean != 0.0),
    }
    kept = [name for name in values.dims if name not in RUNS]
    coords = {name: each for name, each in values.coords.items() if not set(each.dims) & set(RUNS)}
    return xarray.Dataset({name: (kept, column) for name, column in found.items()}, coords)


def quantiles(values: xarray.DataArray, wanted: Sequence[float]) -> xarray.DataArray:
    """Quantiles over draws and replicates, along a first dim ``quantile``; runs without a number are left out."""
    import numpy as np
    import xarray

    kept = [name for name in values.dims if name not in RUNS]
    coords = {name: each for name, each in values.coords.items() if not set(each.dims) & set(RUNS)}
    if np.isnan(values.values).any():
        found = _quantiles_of_known(values.transpose(*kept, *RUNS).values, np.asarray(wanted, float))
    else:
        found = np.quantile(values.values, wanted, axis=tuple(values.dims.index(name) for name in RUNS))
    return xarray.DataArray(found, {**coords, "quantile": list(wanted)}, ["quantile", *kept])


def _quantiles_of_known(numbers: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Linear quantiles over the last two axes, each of the numbers that are known (NaN sorts last), all at once."""
    import numpy as np

    ordered = np.sort(numbers.reshape(*numbers.shape[:-2], -1), axis=-1)
    last = np.maximum((~np.isnan(ordered)).sum(axis=-1) - 1, 0)
    place = last * wanted.reshape(-1, *[1] * last.ndim)
    below = np.floor(place).astype(int)
    at = [
        np.take_along_axis(ordered[None], each[..., None], axis=-1)[..., 0]
        for each in (below, np.minimum(below + 1, last))
    ]
    return at[0] + (at[1] - at[0]) * (place - below)


def against_baseline(values: xarray.DataArray, baseline: str) -> xarray.DataArray:
    """values(mix) - values(baseline) by draw and replicate: the same firms, parameters and luck on both sides."""
    return values - values.sel(mix=baseline, drop=True)


def paired(
    results: xarray.Dataset,
    outcome: str,
    *,
    quarter: str | None = None,
    year: int | None = None,
    baseline: str | None = None,
    **where,
) -> xarray.Dataset:
    """Paired difference of one outcome to the baseline, summarised over draws and replicates.

    Parameters
    ----------
    outcome
        Name of a variable of the run.
    quarter, year
        A stock is read at the end of ``quarter`` (the last by default); a flow is summed over the horizon, or over
        ``year``. An outcome by year (core share) is read in ``year``, the last by default.
    where
        ``place`` (role or name), ``step``, ``industry``, ``prices`` ('free', the default, or 'frozen').

    Returns
    -------
    Dataset over ``mix`` with mean, median, low, high (90 %), standard_error and resolved, in the outcome's units.
    """
    if "year" in results[outcome].dims:
        path = by_year(results, outcome, **where)
        values = path.sel(year=int(path["year"][-1]) if year is None else year, drop=True)
    elif outcome in STOCKS:
        values = level(results, outcome, quarter=quarter or last_quarter(results), **where)
    else:
        values = total(results, outcome, first_year=year, last_year=year, **where)
    answer = summary(against_baseline(values, baseline or baseline_of(results)))
    answer.attrs.update(outcome=outcome, units=str(results[outcome].attrs.get("units", "")))
    return answer


def direct_and_feedback(results: xarray.Dataset, outcome: str, **keywords) -> xarray.Dataset:
    """Split of the paired difference: ``part`` = direct (prices frozen at the baseline's path), feedback, total.

    feedback = difference(free) - difference(frozen), draw by draw; its mean carries a Monte Carlo error because a
    single stray entrant moves marginal decisions elsewhere.
    """
    import xarray

    values = {}
    for name in ("frozen", "free"):
        path = by_year(results, outcome, prices=name, **keywords)
        values[name] = against_baseline(path.isel(year=-1, drop=True), baseline_of(results))
    parts = [values["frozen"], values["free"] - values["frozen"], values["free"]]
    names = xarray.DataArray(["direct", "feedback", "total"], dims="part", name="part")
    return summary(xarray.concat(parts, dim=names))
