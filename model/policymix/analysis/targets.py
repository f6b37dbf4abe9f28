"""Probability that each dated target is met, by mix, smoothed within the draw.

Counting how many of 100 runs pass a line cannot show a difference of one point. So each run states how far it is from
the line, m_d - target, and how much of its own outcome is luck, s_d, and the probability is
P = mean over runs of Phi((m_d - target) / s_d). Differences to the baseline are paired by draw and luck.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from policymix.analysis.differences import against_baseline, resolved, standard_error
from policymix.analysis.selection import (
    CUMULATIVE,
    RUN_DIMS,
    STOCKS,
    baseline_of,
    by_year,
    level,
    quarter_on,
    quarters_in,
    series,
    total,
    years_of,
)

if TYPE_CHECKING:
    import xarray

SENSES = ("at_least", "more_than", "about", "equal", "range")
HIGH_GROWTH_STEPS = ["gazelle", "unicorn"]
COUNTS = frozenset({"recognised", "meeting", "active_firms"})
NAMED = {
    "core_value_added_growth": "core_value_added",
    "high_growth": "recognised:gazelle+unicorn",
    "scenario_investment": "opportunity_spending",
}
KERNEL = 1.06  # Silverman's constant: bandwidth 1.06 sd n^(-1/5)


class Target(Protocol):
    """What this room reads of a target; ``policymix.policy.target.Target`` has it."""

    @property
    def id(self) -> str: ...
    @property
    def place(self) -> str | None: ...
    @property
    def indicator(self) -> str: ...
    @property
    def outcome(self) -> str | None: ...
    @property
    def measure(self) -> str: ...
    @property
    def at(self) -> datetime.date | None: ...
    @property
    def window(self) -> Any: ...
    @property
    def sense(self) -> str: ...
    @property
    def value(self) -> Any: ...
    @property
    def tolerance(self) -> float | None: ...
    @property
    def untracked(self) -> str | None: ...


@dataclass(frozen=True)
class Reading:
    """A target's number by run, how much of it is luck, and what the reader has to know about both."""

    number: xarray.DataArray
    spread: xarray.DataArray
    discrete: bool = False
    note: str = ""


@dataclass(frozen=True)
class Untracked:
    """Why a target has no number in this run."""

    reason: str


def probabilities(
    results: xarray.Dataset, targets: Iterable[Target], readings: Sequence[Reading | Untracked] | None = None
) -> xarray.Dataset:
    """Smoothed probability of every target by mix, with its paired difference to the baseline.

    Parameters
    ----------
    readings : what `read` finds for every target, where it is there already

    Returns
    -------
    Dataset over ``target, mix``: probability (0..1) and probability_error; difference (0..1, paired),
    difference_error and resolved (|difference| >= 2 standard errors); expected, the mean of the measured number in
    the target's unit. Coordinates over ``target``: indicator, title and title_zh (empty where the file has none),
    place, outcome, sense, line and line_zh (text), tracked, note. Untracked targets are kept with NaN and the reason
    in ``note``.
    """
    import xarray

    targets = list(targets)
    found = [read(results, target) for target in targets] if readings is None else readings
    rows = [_row(results, target, reading) for target, reading in zip(targets, found, strict=True)]
    names = [target.id for target in targets]
    if not rows:
        return xarray.Dataset(coords={"target": names, "mix": results["mix"].values})
    dataset = stacked([values for values, _ in rows], names, results)
    texts = {
        "indicator": [target.indicator for target in targets],
        "place": [str(target.place or "") for target in targets],
        "outcome": [str(target.outcome or "") for target in targets],
        "sense": [target.sense for target in targets],
        "line": [line_text(target) for target in targets],
        "line_zh": [line_text(target, "zh") for target in targets],
        "title": [_titles(target)[0] for target in targets],
        "title_zh": [_titles(target)[1] for target in targets],
        "tracked": [not note.startswith("untracked") for _, note in rows],
        "note": [note for _, note in rows],
    }
    for key in ("probability", "probability_error", "difference", "difference_error"):
        dataset[key].attrs["units"] = "share"
    return dataset.assign_coords({key: ("target", column) for key, column in texts.items()})


def stacked(rows: Sequence[dict[str, np.ndarray]], names: list[str], results: xarray.Dataset) -> xarray.Dataset:
    """A Dataset over ``target, mix`` of every target's columns over ``mix``."""
    import xarray

    columns = {key: (("target", "mix"), np.stack([row[key] for row in rows])) for key in rows[0]}
    return xarray.Dataset(columns, {"target": names, "mix": results.variables["mix"]})


def read(results: xarray.Dataset, target: Target, *, luck: bool = True) -> Reading | Untracked:
    """Measured number m_d and spread s_d of a target in every run, or why there is none.

    Parameters
    ----------
    luck : whether the spread is wanted; it may be left at 0 otherwise
    """
    if target.untracked:
        return Untracked(str(target.untracked))
    if not target.outcome:
        return Untracked("no outcome of the model measures this indicator")
    outcome = NAMED.get(target.outcome, target.outcome)
    name, _, part = outcome.partition(":")
    if name not in results.data_vars:
        return Untracked(f"the run does not keep the outcome '{name}'")
    if name == "core_share":
        return _core_share(results, target)
    if target.outcome == "core_value_added_growth":
        return _core_growth(results, target)
    return _general(results, target, name, part.split("+") if part else None, luck)


def chance(reading: Reading, target: Target) -> xarray.DataArray:
    """Phi((m_d - line) / s_d) of every run for the target's sense; 0 or 1 where s_d is zero.

    ``about`` is met at or above value - tolerance: a city that exceeds "about 10 %" has met it. ``equal`` is met within
    the tolerance on both sides, ``range`` between its two values. Counts are whole: at_least n means above n - 1/2,
    more_than n above n + 1/2.
    """
    half = 0.5 if reading.discrete else 0.0
    tolerance = float(target.tolerance or 0.0)
    m, s = reading.number, reading.spread
    if target.sense == "range":
        low, high = (float(value) for value in target.value)
        return above(m, low - half, s) - above(m, high + half, s)
    line = float(target.value)
    if target.sense == "equal":
        return above(m, line - tolerance - half, s) - above(m, line + tolerance + half, s)
    if target.sense == "more_than":
        return above(m, line + half, s)
    return above(m, line - (tolerance if target.sense == "about" else 0.0) - half, s)


def above(number: xarray.DataArray, line: float, spread: xarray.DataArray) -> xarray.DataArray:
    """Probability that a normal variable of this mean and spread reaches a line: Phi((number - line) / spread)."""
    import xarray
    from scipy.special import ndtr

    certain = spread <= 0.0
    z = (number - line) / spread.where(~certain, 1.0)
    step = (number >= line).astype(float)
    return xarray.where(certain, step, xarray.apply_ufunc(ndtr, z)).transpose(*number.dims)


def kernel_spread(number: xarray.DataArray, baseline: str) -> xarray.DataArray:
    """Spread of a number that carries no luck of its own, from the runs of the baseline; dims ``draw, replicate``.

    With replicates: their standard deviation within the draw. With one replicate: the bandwidth
    1.06 sd(draws) n^(-1/5), a small smoothing and no statement about luck. One spread serves every mix, so that a
    difference comes from the means alone.
    """
    reference = number.sel(mix=baseline, drop=True)
    if reference.sizes["replicate"] > 1:
        return reference.std("replicate", ddof=1).expand_dims(replicate=reference["replicate"]).transpose()
    draws = reference.sizes["draw"]
    width = KERNEL * float(reference.std(ddof=1 if draws > 1 else 0)) * draws ** (-0.2)
    return (reference * 0.0 + width).transpose("draw", "replicate")


def line_text(target: Target, lang: str = "en") -> str:
    """The line as a person reads it: ``≥ 10 %``, ``> 100``, ``about 10 % (≥ 9.5 %)``, ``1 to 2``."""
    if isinstance(target.value, (list, tuple)):
        low, high = (_plain(value, lang=lang) for value in target.value)
        return f"{low} 至 {high}" if lang == "zh" else f"{low} to {high}"
    percent = 0.0 < float(target.value) <= 1.0
    value = _plain(target.value, percent, lang)
    if target.sense == "about":
        least = float(target.value) - float(target.tolerance or 0.0)
        said = f"约 {value}" if lang == "zh" else f"about {value}"
        return said + (f" (≥ {_plain(least, percent, lang)})" if target.tolerance else "")
    return {"at_least": "≥ ", "more_than": "> ", "equal": "= "}[target.sense] + value


def _row(results: xarray.Dataset, target: Target, reading: Reading | Untracked) -> tuple[dict[str, np.ndarray], str]:
    """Statistics of one target over ``mix``, and its note."""
    if isinstance(reading, Untracked):
        nothing = np.full(results.sizes["mix"], math.nan)
        keys = ("probability", "probability_error", "difference", "difference_error", "expected")
        return {**dict.fromkeys(keys, nothing), "resolved": nothing > 0}, f"untracked: {reading.reason}"
    chances = chance(reading, target).transpose(*RUN_DIMS)
    rise = against_baseline(chances, baseline_of(results))
    error = standard_error(rise)
    mean = rise.mean(["draw", "replicate"])
    found = {
        "probability": chances.mean(["draw", "replicate"]),
        "probability_error": standard_error(chances),
        "difference": mean,
        "difference_error": error,
        "resolved": resolved(mean, error),
        "expected": reading.number.mean(["draw", "replicate"]),
    }
    return {key: column.values for key, column in found.items()}, reading.note


def _core_share(results: xarray.Dataset, target: Target) -> Reading | Untracked:
    """Nominal core share less the baseline's idiosyncratic luck; spread = the granular standard deviation."""
    if target.at is None:
        return Untracked("a share is read on a date, and the target has none")
    year = target.at.year
    if year not in results["year"].values:
        return Untracked(f"{year} lies outside the horizon")
    share = series(results, "core_share").sel(year=year, drop=True)
    luck = results["core_share_luck"].sel(year=year, drop=True)
    spread = results["core_share_granular_sd"].sel(year=year, drop=True)
    return Reading(share - luck, spread, note="without idiosyncratic luck; spread = granular sd of the draw")


def _core_growth(results: xarray.Dataset, target: Target) -> Reading | Untracked:
    """Geometric mean growth of core value added a year; constant prices where the run keeps them.

    g = (V_to / V_base)^(1/n) - 1. The share's luck and granular spread, relative to the share, are those of V_to; on g
    they are smaller by n.
    """
    constant = "core_value_added_constant" in results
    path = by_year(results, "core_value_added_constant" if constant else "core_value_added")
    base, last, moved = _window(results, target, path["year"].values.tolist())
    if last <= base:
        return Untracked("its window lies outside the horizon")
    span = last - base
    share = series(results, "core_share").sel(year=last, drop=True)
    luck = results["core_share_luck"].sel(year=last, drop=True)
    ratio = path.sel(year=last, drop=True) / path.sel(year=base, drop=True) * (1.0 - luck / share)
    growth = ratio ** (1.0 / span) - 1.0
    reference = share.sel(mix=baseline_of(results), drop=True)
    spread = results["core_share_granular_sd"].sel(year=last, drop=True) / reference / span
    notes = ["without idiosyncratic luck"] + ([] if constant else ["current prices"]) + ([moved] if moved else [])
    return Reading(growth, spread, note="; ".join(notes))


def _general(
    results: xarray.Dataset, target: Target, name: str, part: list[str] | None, luck: bool
) -> Reading | Untracked:
    """Any other outcome: ``name`` or ``name:part+part`` (steps, or industries where the outcome has no step)."""
    array = results[name]
    where: dict[str, Any] = {}
    if "place" in array.dims:
        where["place"] = target.place
    if part is not None:
        where["step" if "step" in array.dims else "industry"] = part
    measured = _measure(results, target, name, where)
    if isinstance(measured, Untracked):
        return measured
    number, note = measured
    baseline = baseline_of(results)
    if not luck:
        spread = number * 0.0
    elif name in CUMULATIVE:
        rise = total(results, name, **where).sel(mix=baseline, drop=True)
        spread = rise.clip(min=1.0) ** 0.5
        note = "; ".join(filter(None, [note, "spread = square root of the new recognitions"]))
    else:
        spread = kernel_spread(number, baseline)
    return Reading(number, spread, discrete=name in COUNTS, note=note)


def _measure(
    results: xarray.Dataset, target: Target, name: str, where: dict
) -> tuple[xarray.DataArray, str] | Untracked:
    """The target's measure of an outcome: level, total, mean_growth or each_year."""
    stock = "quarter" in results[name].dims and name in STOCKS
    years = years_of(results)
    if target.measure == "level" and stock:
        quarter = quarter_on(results, target.at) if target.at else str(results["quarter"].values[-1])
        if quarter is None:
            return Untracked(f"{target.at} lies outside the horizon")
        return level(results, name, quarter=quarter, **where), ""
    if target.measure == "level":
        year = target.at.year if target.at else years[-1]
        if year not in years or len(quarters_in(results, year, year)) < 4:
            return Untracked(f"{year} is not a full year of the horizon")
        return by_year(results, name, **where).sel(year=year, drop=True), ""
    base, last, moved = _window(results, target, years)
    if target.measure == "total":
        first = max(base + 1, years[0]) if getattr(target, "window", None) else years[0]
        if last < first:
            return Untracked("its window lies outside the horizon")
        return total(results, name, first_year=first, last_year=last, **where), f"sum over {first}-{last}"
    path = by_year(results, name, **where)
    if last <= base:
        return Untracked("its window lies outside the horizon")
    if target.measure == "mean_growth":
        ratio = path.sel(year=last, drop=True) / path.sel(year=base, drop=True)
        return ratio ** (1.0 / (last - base)) - 1.0, moved
    kept = [year for year in years if base < year <= last]
    return path.sel(year=kept).min("year"), "the worst year of its window"


def _window(results: xarray.Dataset, target: Target, years: list[int]) -> tuple[int, int, str]:
    """Base and last year that are in the run, and a note where the base had to move into it."""
    window = getattr(target, "window", None)
    base = _bound(window, "base", years[0] - 1 if target.measure == "total" else years[0])
    last = min(_bound(window, "to", target.at.year if target.at else years[-1]), years[-1])
    if base < years[0] and target.measure == "mean_growth":
        return years[0], last, f"measured from {years[0]}, the first year of the run, not from {base}"
    return base, last, ""


def _bound(window: Any, key: str, missing: int) -> int:
    """A year of a window given as table or object, as a year or a date."""
    found = window.get(key) if isinstance(window, dict) else getattr(window, key, None)
    if found is None:
        return missing
    return found.year if isinstance(found, datetime.date) else int(found)


def _titles(target: Target) -> tuple[str, str]:
    """English and Chinese title of a target, empty where it has none."""
    known = getattr(target, "title", None) or {}
    return known.get("en", ""), known.get("zh", "")


def _plain(value: Any, percent: bool = False, lang: str = "en") -> str:
    """A number without needless digits; a large one is money, in billions or 亿元."""
    number = float(value)
    if percent:
        return f"{100 * number:g} %"
    if abs(number) < 1e9:
        return f"{number:,g}"
    return f"{number / 1e8:,g} 亿元" if lang == "zh" else f"{number / 1e9:,g} bn CNY"
