"""Gross, additional, deadweight, displacement: what the money was spent on and what it changed.

For a firm, y is its activity over the horizon. Gross = the part of y that approved claims refer to; additional = sum
over firms with an approved claim of y(mix) - y(baseline); deadweight = gross - additional (negative when a grant crowds
in); displacement = change of all other firms in the region, with its sign. Nothing is clipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from policymix.analysis.differences import summary
from policymix.errors import RunFailed

if TYPE_CHECKING:
    import xarray

PARTS = ("gross", "additional", "deadweight", "displacement")
TOLERANCE = 1e-9


def parts(results: xarray.Dataset, activity: str, *, prices: str = "free") -> xarray.Dataset:
    """The four parts of one activity by ``mix, draw, replicate``, in the activity's units."""
    wanted = results[list(PARTS)].sel(activity=activity, drop=True)
    return wanted.sel(prices=prices, drop=True) if "prices" in wanted.dims else wanted


def check_identity(results: xarray.Dataset) -> float:
    """Largest |gross - additional - deadweight| over the largest |gross|, 0..1; more than 1e-9 is an error."""
    gap = abs(results["gross"] - results["additional"] - results["deadweight"])
    scale = abs(results["gross"]).max(["draw", "replicate"])
    relative = float((gap / scale.where(scale > 0.0, 1.0)).max())
    if not relative <= TOLERANCE:
        raise RunFailed(
            f"gross = additional + deadweight: found a gap of {relative:.3g} of gross, expected at most {TOLERANCE:g}; "
            "the results were changed after the run or written by another version"
        )
    return relative


def share(numerator: xarray.DataArray, denominator: xarray.DataArray) -> xarray.Dataset:
    """Ratio of two sums over runs: mean(numerator) / mean(denominator), with its interval and standard error.

    The ratio of means weighs a run by its denominator, so that a run in which hardly anything was paid does not rule
    the answer. Interval: 5 and 95 % quantiles of the ratio by run. Standard error by linearisation,
    sd(numerator - ratio x denominator) / (|mean denominator| sqrt(n)). ``resolved`` is False where the interval of
    either part spans 0.
    """
    top, bottom = summary(numerator), summary(denominator)
    known = bottom["mean"] != 0.0
    ratio = top["mean"] / bottom["mean"].where(known)
    by_run = summary(numerator / denominator.where(denominator != 0.0))
    error = summary(numerator - ratio * denominator)["standard_error"] / abs(bottom["mean"].where(known))
    answer = by_run.assign(mean=ratio, standard_error=error)
    spans = _spans_zero(top) | _spans_zero(bottom)
    answer["resolved"] = known & ~spans & np.isfinite(error)
    return answer


def totals(results: xarray.Dataset, *, prices: str = "free") -> xarray.Dataset:
    """Gross, additional, deadweight, displacement and the additional share of gross, summarised by mix and activity.

    Returns
    -------
    Dataset with the variables mean, median, low, high, standard_error, resolved over ``mix, activity, part``; the
    parts are the four of PARTS (units of the activity) and ``additional_share`` (0..1, additional / gross).
    """
    import xarray

    check_identity(results)
    activities = [str(name) for name in results["activity"].values]
    by_activity = []
    for activity in activities:
        values = parts(results, activity, prices=prices)
        each = [summary(values[name].astype(float)) for name in PARTS]
        each.append(share(values["additional"], values["gross"]))
        by_activity.append(xarray.concat(each, dim="part", coords="minimal", compat="override"))
    answer = xarray.concat(by_activity, dim="activity", coords="minimal", compat="override")
    answer = answer.assign_coords(part=[*PARTS, "additional_share"], activity=activities)
    return answer.transpose("mix", "activity", "part", ...)


def _spans_zero(statistics: xarray.Dataset) -> xarray.DataArray:
    """True where the 90 % interval includes zero."""
    return (statistics["low"] <= 0.0) & (statistics["high"] >= 0.0)
