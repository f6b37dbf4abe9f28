"""Targets on one page: probability, shortfall, year of crossing, growth needed; sets of targets; any two mixes.

Everything is read where ``targets`` reads it: the number of a run without the luck of single firms, and the spread that
this luck has. Within a run luck is normal; runs differ by their draw.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from policymix.analysis.differences import quantiles, resolved, standard_error, summary
from policymix.analysis.runs import finite
from policymix.analysis.selection import RUN_DIMS, baseline_of, years_of
from policymix.analysis.targets import Reading, Target, Untracked, above, chance, probabilities, read, stacked
from policymix.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    import xarray

RUNS = ["draw", "replicate"]
MORE = ("expected_low", "expected_high", "shortfall", "shortfall_error", "crossing", "crossing_share", "needed",
        "needed_low", "needed_high", "ahead")  # fmt: skip
NORMAL_90 = 1.645
METHOD = (
    "mean over paired runs of the normal probability within a run; expected shortfall E[max(line - y, 0)]; standard "
    "errors over draws (Law and Kelton, common random numbers); joint: product over indicators, minimum within one"
)


@dataclass(frozen=True)
class Moved:
    """A target read at the end of another year."""

    id: str
    place: str | None
    indicator: str
    outcome: str | None
    measure: str
    at: datetime.date | None
    window: Any
    sense: str
    value: Any
    tolerance: float | None
    untracked: str | None


def scorecard(results: xarray.Dataset, targets: Iterable[Target], *, here: int | None = None) -> xarray.Dataset:
    """Every target by mix, on one page.

    Parameters
    ----------
    here : year from which the growth needed is counted; the first of the run by default

    Returns
    -------
    Dataset over ``target, mix``, with the coordinates and the variables of ``targets.probabilities``, and besides:
    ``probability_low, probability_high`` (90 %, mean -+ 1.645 standard errors); ``expected_low, expected_high`` (5 and
    95 % of runs); ``shortfall, shortfall_error`` (unit of the target); ``crossing`` (median year from which the
    number stays at the line; NaN where most runs miss it at the date) and ``crossing_share`` (0..1 of the runs);
    ``needed`` and ``ahead`` from ``here`` to the date, a year: growth rates, or amounts where the target is a total
    (coordinate ``needed_as``), with ``needed_low, needed_high``.
    """
    targets = list(targets)
    finite(results, sorted({name for name in map(_variable, targets) if name in results.data_vars}))
    readings = [read(results, target) for target in targets]
    table = probabilities(results, targets, readings)
    rows = [_more(results, target, reading, here) for target, reading in zip(targets, readings, strict=True)]
    if rows:
        table = table.assign(stacked([values for values, _ in rows], table["target"].values.tolist(), results))
        table = table.assign_coords(needed_as=("target", [text for _, text in rows]))
        table["crossing_share"].attrs["units"] = "share"
        reach = NORMAL_90 * table["probability_error"]
        table["probability_low"] = (table["probability"] - reach).clip(0.0, 1.0)
        table["probability_high"] = (table["probability"] + reach).clip(0.0, 1.0)
    kept = {key: results.attrs[key] for key in ("baseline", "scenario", "price_base") if key in results.attrs}
    table.attrs.update(kept, method=METHOD, units="probability 0..1; numbers in the target's unit")
    return table


def joint(results: xarray.Dataset, targets: Iterable[Target], names: Sequence[str] = ()) -> xarray.Dataset:
    """Probability that all of some targets are met, by mix, with its paired difference to the baseline.

    Within a run the luck of different indicators is taken as independent, that of one indicator (two lines of the core
    share) as the same: P = mean over runs of the product over indicators of the least of their chances.

    Raises
    ------
    NotFound, InvalidValue
        No such target, or one that has no number in this run.
    """
    import xarray

    wanted = chosen(list(targets), names)
    groups: dict[tuple, xarray.DataArray] = {}
    for target in wanted:
        mine = _chance(results, target)
        key = (target.outcome, target.place)
        groups[key] = mine if key not in groups else xarray.where(mine < groups[key], mine, groups[key])
    product = next(iter(groups.values())) * 0.0 + 1.0
    for each in groups.values():
        product = product * each
    mean, error = product.mean(RUNS), standard_error(product)
    rise = product - product.sel(mix=baseline_of(results), drop=True)
    found = {
        "probability": mean,
        "probability_low": (mean - NORMAL_90 * error).clip(0.0, 1.0),
        "probability_high": (mean + NORMAL_90 * error).clip(0.0, 1.0),
        "probability_error": error,
        "difference": rise.mean(RUNS),
        "difference_error": standard_error(rise),
        "resolved": resolved(rise.mean(RUNS), standard_error(rise)),
    }
    dataset = xarray.Dataset(found).reset_coords(drop=True)
    dataset.attrs.update(
        targets=", ".join(target.id for target in wanted),
        baseline=baseline_of(results),
        method=METHOD,
        units="probability 0..1",
    )
    return dataset


def between(results: xarray.Dataset, targets: Iterable[Target], names: Sequence[str] = ()) -> xarray.Dataset:
    """Differences in the probability of every target between any two mixes, paired by draw and luck.

    Returns
    -------
    Dataset over ``target, mix, other``: difference (probability under ``mix`` less that under ``other``), its standard
    error, and resolved (at least two of them).
    """
    import xarray

    listed = list(targets)
    wanted = chosen(listed, names) if names else [t for t in listed if isinstance(read(results, t), Reading)]
    if not wanted:
        raise InvalidValue("targets", "none that this run tracks", "targets with an outcome: policymix list targets")
    tables = []
    for target in wanted:
        mine = _chance(results, target)
        apart = mine - mine.rename(mix="other")
        mean, error = apart.mean(RUNS), standard_error(apart)
        tables.append(
            xarray.Dataset({"difference": mean, "difference_error": error, "resolved": resolved(mean, error)})
        )
    names_ = xarray.DataArray([target.id for target in wanted], dims="target", name="target")
    table = xarray.concat(tables, dim=names_, coords="minimal", compat="override").reset_coords(drop=True)
    table.attrs.update(method=METHOD, units="probability 0..1")
    return table


def shortfall(reading: Reading, target: Target) -> xarray.DataArray:
    """Expected distance to the line where it is missed, E[max(line - y, 0)] with y normal; on both sides of a range."""
    low, high = bounds(target)
    below = _expected_part(low - reading.number, reading.spread) if low is not None else 0.0 * reading.number
    return below if high is None else below + _expected_part(reading.number - high, reading.spread)


def bounds(target: Target) -> tuple[float | None, float | None]:
    """Lower and upper line of a target, the tolerance taken off."""
    if target.sense == "range":
        return float(target.value[0]), float(target.value[1])
    line, tolerance = float(target.value), float(target.tolerance or 0.0)
    if target.sense == "equal":
        return line - tolerance, line + tolerance
    return line - (tolerance if target.sense == "about" else 0.0), None


def _expected_part(gap: xarray.DataArray, spread: xarray.DataArray) -> xarray.DataArray:
    """E[max(gap + spread z, 0)], z standard normal: gap Phi(gap/spread) + spread phi(gap/spread)."""
    density = np.exp(-0.5 * (gap / spread.where(spread > 0.0, 1.0)) ** 2) / math.sqrt(2.0 * math.pi)
    smooth = gap * above(gap, 0.0, spread) + spread * density
    return smooth.where(spread > 0.0, gap.clip(min=0.0)).transpose(*gap.dims)


def _variable(target: Target) -> str:
    return (target.outcome or "").partition(":")[0]


def chosen(targets: Sequence[Target], names: Sequence[str]) -> list[Target]:
    """The named targets, all without a name; a name that is none's is refused."""
    known = {target.id: target for target in targets}
    for name in names:
        if name not in known:
            raise NotFound("target", name, known)
    return [known[name] for name in names] if names else list(targets)


def _chance(results: xarray.Dataset, target: Target) -> xarray.DataArray:
    """Chance of a target by run.

    Raises
    ------
    InvalidValue
        It has no number in this run.
    """
    reading = read(results, target)
    if isinstance(reading, Untracked):
        raise InvalidValue(f"target {target.id}", reading.reason, "a target that an outcome of this run measures")
    return chance(reading, target).transpose(*RUN_DIMS)


def _more(
    results: xarray.Dataset, target: Target, reading: Reading | Untracked, here: int | None
) -> tuple[dict[str, np.ndarray], str]:
    """Shortfall, crossing and growth needed of one target over ``mix``, and what ``needed`` counts."""
    nothing = np.full(results.sizes["mix"], math.nan)
    if isinstance(reading, Untracked):
        return dict.fromkeys(MORE, nothing), ""
    spread = quantiles(reading.number.transpose(*RUN_DIMS), (0.05, 0.95))
    missing = shortfall(reading, target)
    found = {
        "expected_low": spread.isel(quantile=0), "expected_high": spread.isel(quantile=1),
        "shortfall": missing.mean(RUNS), "shortfall_error": standard_error(missing),
    }  # fmt: skip
    text = ""
    path = _path(results, target)
    line = bounds(target)[0]
    if path is not None and line is not None:
        first, last = _crossing(path, line)
        half = quantiles(first, (0.5,)).isel(quantile=0)
        middle = half.copy(data=np.ceil(half.values))
        found |= {"crossing": middle.where(middle <= last), "crossing_share": (first <= last).mean(RUNS)}
        needed, ahead, text = _needed(target, path, line, here)
        if needed is not None and ahead is not None:
            low, high = quantiles(needed.transpose(*RUN_DIMS), (0.05, 0.95))
            found |= {"needed": summary(needed)["mean"], "ahead": summary(ahead)["mean"],
                      "needed_low": low, "needed_high": high}  # fmt: skip
    return {key: found[key].values if key in found else nothing for key in MORE}, text


def _path(results: xarray.Dataset, target: Target) -> xarray.DataArray | None:
    """The target's number at the end of every year up to its own, as far as the run has it."""
    import xarray

    if target.measure == "each_year":
        return None
    last = _last_year(results, target)
    years = [int(year) for year in results["year"].values] if "year" in results.dims else years_of(results)
    found = {}
    for year in sorted({*years, *years_of(results)}):
        if year <= last:
            reading = read(results, _at(target, year), luck=False)
            if isinstance(reading, Reading):
                found[year] = reading.number.transpose(*RUN_DIMS)
    if not found:
        return None
    return xarray.concat(list(found.values()), dim=xarray.DataArray(list(found), dims="year", name="year"))


def _crossing(path: xarray.DataArray, line: float) -> tuple[xarray.DataArray, int]:
    """First year from which the number stays at the line or above, by run (one after the last: never), and the last."""
    years, reached = path["year"].values.tolist(), path.transpose("year", *RUN_DIMS) >= line
    stays = np.logical_and.accumulate(reached.values[::-1])[::-1]
    first = np.where(stays.any(axis=0), np.take(years, stays.argmax(axis=0)), years[-1] + 1.0)
    return reached.isel(year=-1, drop=True).copy(data=first), years[-1]


def _last_year(results: xarray.Dataset, target: Target) -> int:
    """The year of a target's date, or of the end of its window, or the last of the run."""
    if target.at is not None:
        return target.at.year
    window = target.window
    to = window.get("to") if isinstance(window, dict) else getattr(window, "to", None)
    return int(to) if to is not None else years_of(results)[-1]


def _base_year(target: Target) -> int | None:
    window = target.window
    base = window.get("base") if isinstance(window, dict) else getattr(window, "base", None)
    return None if base is None else int(base)


def _at(target: Target, year: int) -> Moved:
    """The target as if it were due at the end of another year."""
    base = _base_year(target)
    window = None if base is None else {"base": base, "to": year}
    day = datetime.date(year, 12, 31)
    return Moved(target.id, target.place, target.indicator, target.outcome, target.measure, day, window, target.sense,
                 target.value, target.tolerance, target.untracked)  # fmt: skip


def _needed(
    target: Target, path: xarray.DataArray, line: float, here: int | None
) -> tuple[xarray.DataArray | None, xarray.DataArray | None, str]:
    """What is needed a year from ``here`` on, what the run does, and as what it is counted."""
    years = path["year"].values.tolist()
    begin, end = years[0] if here is None else here, years[-1]
    if begin not in years:
        expected = f"a year from {years[0]} to {years[-2]}" if len(years) > 1 else "a run of more years"
        raise InvalidValue("from", str(begin), expected)
    if end <= begin:
        return None, None, ""
    now, then, span = path.sel(year=begin, drop=True), path.sel(year=end, drop=True), end - begin
    if target.measure == "total":
        return (line - now) / span, (then - now) / span, "amount a year"
    if target.measure == "mean_growth" or target.outcome == "core_value_added_growth":
        base = _base_year(target) or begin
        done = (1.0 + now) ** (begin - base)
        needed = ((1.0 + line) ** (end - base) / done) ** (1.0 / span) - 1.0
        return needed, ((1.0 + then) ** (end - base) / done) ** (1.0 / span) - 1.0, "growth a year"
    known = now.where(now > 0.0)
    return (line / known) ** (1.0 / span) - 1.0, (then / known) ** (1.0 / span) - 1.0, "growth a year"
