"""Who changed what: gross, additional, deadweight and displacement by place, industry, size class, rung, clause, year.

A firm is booked where it was at the fork, a newcomer as it entered, on both sides of the comparison; so groups add up
to the whole. Places have two more parts: what moves carry in, and what is due to projects from outside the city.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policymix.analysis.additionality import TOLERANCE, check_identity, share
from policymix.analysis.runs import finite, paired_baseline, with_interval
from policymix.analysis.selection import years_of
from policymix.errors import NotFound, RunFailed

if TYPE_CHECKING:
    import xarray

HOMES = {"place": "place", "industry": "place", "size": "size", "rung": "size"}
"""Which stored table a breakdown comes from."""
BY = (*HOMES, "clause", "year")
WHOLE = "whole"
METHOD = (
    "additionality by difference from a paired counterfactual, firm by firm; terms of HCA (2014), Additionality Guide, "
    "4th ed., and HM Treasury (2022), The Green Book"
)
UNITS = {"investment": "CNY", "real_rd": "CNY", "value_added": "CNY", "employment": "persons", "active_firms": "count"}


def by_group(
    results: xarray.Dataset,
    by: str = "place",
    activity: str = "investment",
    *,
    prices: str = "free",
    baseline: str | None = None,
    interval: float | None = None,
) -> xarray.Dataset:
    """The parts of a mix's effect by group.

    deadweight = gross - additional; net = additional + displacement; groups add up to ``whole``.

    Parameters
    ----------
    by : place, industry, size, rung; clause (gross and paid are exact, ``allocated`` is additional shared out by the
        present value paid); year (additional investment of supported firms, and what was only pulled forward)
    activity : investment, real_rd, value_added, employment or active_firms
    prices : free, or frozen for the direct effect
    baseline : the run's own; another is refused
    interval : width of the interval, 0.9 by default

    Returns
    -------
    Dataset over ``mix, group, part``: mean, median, low, high, standard_error, resolved in the activity's units
    (``additional_share`` 0..1, ``paid`` nominal CNY). By place there are also ``relocation`` (to be added to net for
    what is done in a place; sums to nought) and ``from_elsewhere`` (part of net).

    Raises
    ------
    NotFound, InvalidValue, RunFailed
        No such breakdown, activity or paired baseline; too few runs; numbers that are none.
    """
    import xarray

    if by not in BY:
        raise NotFound("breakdown", by, BY)
    activities = [str(name) for name in results["activity"].values]
    if activity not in activities:
        raise NotFound("activity", activity, activities)
    paired_baseline(results, baseline)
    scenario = str(results.attrs.get("scenario", "SCENARIO"))
    reader = {"clause": _by_clause, "year": _by_year}.get(by, _by_home)
    found = []
    for name, values in reader(results, by, activity, prices).items():
        found.append(with_interval(values.astype(float), interval, scenario).expand_dims(part=[name]))
        if name == "additional" and by in HOMES:
            found.append(
                share(values.astype(float), _gross(results, by, activity, prices)).expand_dims(
                    part=["additional_share"]
                )
            )
    table = xarray.concat(found, dim="part", coords="minimal", compat="override", join="outer")
    table = table.drop_vars([name for name in table.coords if name not in table.dims])
    table["resolved"] = table["resolved"].fillna(0.0).astype(bool)
    table.attrs.update(
        by=by, activity=activity, units=UNITS.get(activity, ""), prices=prices, method=METHOD, scenario=scenario,
        baseline=str(results.attrs["baseline"]), price_base=str(results.attrs.get("price_base", "")),
    )  # fmt: skip
    return table.transpose("mix", "group", "part", ...)


def check_groups(results: xarray.Dataset) -> float:
    """Largest gap between the sum of groups and the whole over the largest gross; more than 1e-9 is an error."""
    check_identity(results)
    worst = 0.0
    scale = abs(results["gross"]).max(["draw", "replicate"])
    for part in ("gross", "additional", "displacement"):
        for table, dims in (("place", ["place", "industry"]), ("size", ["size", "rung"])):
            gap = abs(results[f"{part}_by_{table}"].sum(dims) - results[part])
            worst = max(worst, float((gap / scale.where(scale > 0.0, 1.0)).max()))
    moved = abs(results["relocation"].sum("place"))
    worst = max(worst, float((moved / scale.where(scale > 0.0, 1.0)).max()))
    if not worst <= TOLERANCE:
        raise RunFailed(
            f"groups add up to the whole: found a gap of {worst:.3g} of gross, expected at most {TOLERANCE:g}; the "
            "results were changed after the run or written by another version"
        )
    return worst


def _by_home(results: xarray.Dataset, by: str, activity: str, prices: str) -> dict[str, xarray.DataArray]:
    """Parts over ``group``: the group itself, then the whole."""
    table = HOMES[by]
    names = ["gross", "additional", "displacement"]
    finite(results, [f"{name}_by_{table}" for name in names] + ["relocation", "from_elsewhere"])
    check_groups(results)
    parts = {name: _grouped(results, f"{name}_by_{table}", by, activity, prices) for name in names}
    parts["deadweight"] = parts["gross"] - parts["additional"]
    parts["net"] = parts["additional"] + parts["displacement"]
    if by == "place":
        for name in ("relocation", "from_elsewhere"):
            parts[name] = _grouped(results, name, by, activity, prices)
    return parts


def _gross(results: xarray.Dataset, by: str, activity: str, prices: str) -> xarray.DataArray:
    return _grouped(results, f"gross_by_{HOMES[by]}", by, activity, prices).astype(float)


def _grouped(results: xarray.Dataset, name: str, by: str, activity: str, prices: str) -> xarray.DataArray:
    """One outcome summed over every dim but the group's."""
    values = results[name].sel(activity=activity, prices=prices, drop=True)
    kept = ("mix", "draw", "replicate", by)
    return _with_whole(values.sum([dim for dim in values.dims if dim not in kept]), by)


def _with_whole(values: xarray.DataArray, dim: str) -> xarray.DataArray:
    """Values by group with their sum behind them, along ``group``."""
    import xarray

    named = values.rename({dim: "group"}) if dim != "group" else values
    named = named.assign_coords(group=[str(each) for each in named["group"].values])
    named = named.drop_vars([each for each in named.coords if each not in named.dims])
    whole = named.sum("group").expand_dims(group=[WHOLE])
    return xarray.concat([named, whole], dim="group", coords="minimal", compat="override")


def _by_clause(results: xarray.Dataset, by: str, activity: str, prices: str) -> dict[str, xarray.DataArray]:
    """What a clause's claims refer to, what it paid, and the additional activity allocated to it."""
    names = ["gross_by_clause", "allocated_by_clause"]
    finite(results, [*names, "paid", "recovered"])
    gross, allocated = (results[name].sel(activity=activity, prices=prices, drop=True) for name in names)
    paid = (results["paid"] - results["recovered"]).sum(["quarter", "payer"])
    parts = {"gross": gross, "paid": paid, "allocated": allocated}
    found = {name: _with_whole(values, "clause") for name, values in parts.items()}
    overlap = results["gross"].sel(activity=activity, prices=prices, drop=True)  # clauses share claims
    found["gross"] = found["gross"].where(found["gross"]["group"] != WHOLE, overlap)
    return found


def _by_year(results: xarray.Dataset, by: str, activity: str, prices: str) -> dict[str, xarray.DataArray]:
    """Additional investment of supported firms by year; pulled forward only as a whole."""
    if activity != "investment":
        raise NotFound("activity by year", activity, ["investment"])
    finite(results, ["additional_by_year", "pulled_forward"])
    yearly = results["additional_by_year"].sel(prices=prices, drop=True)
    pulled = results["pulled_forward"].sel(prices=prices, drop=True)
    additional = _with_whole(yearly.sel(year=years_of(results)), "year")
    at_end = additional["group"] == WHOLE
    ahead = (additional.sel(group=WHOLE, drop=True) + pulled).expand_dims(group=additional["group"].values)
    return {
        "additional": additional,
        "highest_lead": ahead.where(at_end),
        "pulled_forward": pulled.expand_dims(group=additional["group"].values).where(at_end),
    }
