"""Who gains and who loses, class by class: net activity of every place and industry, and of every size and rung."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policymix.analysis.differences import summary
from policymix.analysis.groups import METHOD, UNITS
from policymix.analysis.runs import finite, paired_baseline
from policymix.analysis.selection import baseline_of
from policymix.errors import NotFound

if TYPE_CHECKING:
    import xarray

BY = {"place": ("place", "industry"), "size": ("size", "rung")}
"""Two ways to tell classes apart, each with its rows and columns."""


def by_class(
    results: xarray.Dataset, by: str = "place", activity: str = "investment", *, prices: str = "free"
) -> xarray.Dataset:
    """Net change (additional + displacement) of an activity in every class of firms.

    By place and industry it is per firm: over the active firms that the class has under the baseline at the start. A
    run does not keep how many firms a size and rung have, so that there it is the sum over the class.

    Parameters
    ----------
    by : place (and industry), or size (and rung)
    activity : investment, real_rd, value_added, employment or active_firms
    prices : free, or frozen for the direct effect

    Returns
    -------
    Dataset over ``mix, row, column``: mean, median, low, high (90 %), standard_error, resolved, in the activity's unit
    (CNY, persons, count), a firm where attribute ``per_firm`` is 1; and ``firms`` over ``row, column``, the firms it is
    divided by. A class without firms has NaN.

    Raises
    ------
    NotFound, RunFailed
        No such breakdown or activity; numbers that are none.
    """
    if by not in BY:
        raise NotFound("breakdown", by, BY)
    activities = [str(name) for name in results["activity"].values]
    if activity not in activities:
        raise NotFound("activity", activity, activities)
    paired_baseline(results)
    names = [f"additional_by_{by}", f"displacement_by_{by}"]
    finite(results, names)
    additional, others = (results[name].sel(activity=activity, prices=prices, drop=True) for name in names)
    net = additional.astype(float) + others
    rows, columns = BY[by]
    firms = _firms(results, prices) if by == "place" else None
    table = summary(net if firms is None else net / firms.where(firms > 0.0))
    table = table.rename({rows: "row", columns: "column"})
    table = table.drop_vars([name for name in table.coords if name not in table.dims])
    if firms is not None:
        table["firms"] = firms.mean(["draw", "replicate"]).rename({rows: "row", columns: "column"})
        table = table.drop_vars([name for name in table.coords if name not in table.dims])
    table.attrs.update(
        by=by, activity=activity, units=UNITS.get(activity, ""), prices=prices, method=METHOD,
        per_firm=int(firms is not None), baseline=baseline_of(results),
        scenario=str(results.attrs.get("scenario", "")), price_base=str(results.attrs.get("price_base", "")),
    )  # fmt: skip
    return table.transpose("mix", "row", "column", ...)


def _firms(results: xarray.Dataset, prices: str) -> xarray.DataArray:
    """Active firms of every place and industry under the baseline in the first quarter of a run."""
    counts = results["active_firms"].sel(prices=prices, mix=baseline_of(results), drop=True)
    return counts.isel(quarter=0).astype(float).reset_coords(drop=True)
