"""One number for every mix, draw and replicate out of the labelled Dataset of a run.

Everything in this room starts here: an outcome, a place, a step and a moment go in, an array with the dims
``mix, draw, replicate`` comes out. Nothing is averaged over draws in this file.
"""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING

import numpy as np

from policymix.errors import NotFound

if TYPE_CHECKING:
    import xarray

RUN_DIMS = ("mix", "draw", "replicate")
STOCKS = frozenset({"employment", "active_firms", "recognised", "meeting", "outstanding", "adopters", "rent", "wage"})
CUMULATIVE = frozenset({"recognised"})
INDICES = frozenset({"rent", "wage"})


def baseline_of(results: xarray.Dataset) -> str:
    """Name of the mix that every other is set against (attribute ``baseline``)."""
    return str(results.attrs["baseline"])


def packages_of(results: xarray.Dataset) -> dict[str, list[str]]:
    """Packages of each mix, from the attribute ``mixes`` (JSON), in the order of the Dataset."""
    stated = json.loads(results.attrs["mixes"])
    return {name: list(stated[name]) for name in results["mix"].values.tolist()}


def fullest_mix(results: xarray.Dataset) -> str:
    """The mix with the most packages (the last of equals): the one a scorecard is sorted by."""
    packages = packages_of(results)
    return max(reversed(list(packages)), key=lambda name: len(packages[name]))


def places_of(results: xarray.Dataset, role: str | None = None) -> list[str]:
    """Places that a role or a name stands for.

    Parameters
    ----------
    role
        None, ``city`` or the region's name mean all places; a place's own name means itself; any other role is
        looked up in the attribute ``roles`` (JSON, role -> place or places), then ``zone`` in the places whose
        name does not end in ``-rest``. A role that the region lacks (``county``) stands for the city.
    """
    available = [str(name) for name in results["place"].values]
    if role is None or role in ("city", "county", results.attrs.get("region")):
        return available
    if role in available:
        return [role]
    roles = json.loads(results.attrs.get("roles", "{}"))
    if role in roles:
        named = [roles[role]] if isinstance(roles[role], str) else list(roles[role])
        return [name for name in available if name in named] or available
    if role == "zone":
        return [name for name in available if not name.endswith("-rest")] or available
    raise NotFound("place", role, [*available, *roles, "city", "zone"])


def last_quarter(results: xarray.Dataset) -> str:
    """Name of the last quarter, ``2025Q4``."""
    return str(results["quarter"].values[-1])


def quarter_on(results: xarray.Dataset, day: datetime.date) -> str | None:
    """The last quarter that has ended by ``day``; None when the horizon does not reach it."""
    quarter = (day.month - 1) // 3 + 1
    last_month_end = datetime.date(day.year + quarter // 4, quarter * 3 % 12 + 1, 1) - datetime.timedelta(days=1)
    year = day.year
    if day < last_month_end:
        year, quarter = (year, quarter - 1) if quarter > 1 else (year - 1, 4)
    name = f"{year}Q{quarter}"
    return name if name in set(results["quarter"].values.tolist()) else None


def years_of(results: xarray.Dataset) -> list[int]:
    """Calendar years of the quarters, in order."""
    return sorted({int(str(name)[:4]) for name in results["quarter"].values})


def quarters_in(results: xarray.Dataset, first_year: int, last_year: int) -> list[str]:
    """Quarters of the horizon in the calendar years ``first_year`` to ``last_year``, both included."""
    names = [str(name) for name in results["quarter"].values]
    return [name for name in names if first_year <= int(name[:4]) <= last_year]


def series(
    results: xarray.Dataset,
    outcome: str,
    *,
    place: str | None = None,
    step: str | list[str] | None = None,
    industry: str | list[str] | None = None,
    prices: str = "free",
) -> xarray.DataArray:
    """Path of one outcome: dims ``mix, draw, replicate`` and its own time (``quarter`` or ``year``).

    Sums over every other dimension; an index (rent, wage) is averaged over places instead. Units are those of the
    variable.
    """
    import xarray

    if outcome not in results.data_vars:
        raise NotFound("outcome", outcome, [str(name) for name in results.data_vars])
    array = results.variables[outcome]  # without its labels, which take most of the time of arithmetic with xarray
    if "prices" in array.dims:
        array = array.isel(prices=_positions(results, "prices", [prices])[0])
    if "place" in array.dims:
        array = array.isel(place=_positions(results, "place", places_of(results, place)))
    for dim, wanted in (("step", step), ("industry", industry)):
        if wanted is not None:
            array = array.isel({dim: _positions(results, dim, [wanted] if isinstance(wanted, str) else list(wanted))})
    time = [dim for dim in ("quarter", "year") if dim in array.dims]
    rest = [dim for dim in array.dims if dim not in (*RUN_DIMS, *time)]
    reduced = array.mean(rest, keep_attrs=True) if outcome in INDICES else array.sum(rest, keep_attrs=True)
    reduced = reduced.astype(float).transpose(*(dim for dim in (*RUN_DIMS, *time) if dim in reduced.dims))
    return xarray.DataArray(reduced, {dim: results.variables[dim] for dim in reduced.dims}, name=outcome)


def level(results: xarray.Dataset, outcome: str, *, quarter: str | None = None, **where) -> xarray.DataArray:
    """Stock at the end of a quarter (the last by default): dims ``mix, draw, replicate``."""
    return series(results, outcome, **where).sel(quarter=quarter or last_quarter(results), drop=True)


def total(
    results: xarray.Dataset, outcome: str, *, first_year: int | None = None, last_year: int | None = None, **where
) -> xarray.DataArray:
    """Sum of a flow over calendar years, or the rise of a cumulative count over them.

    The rise is the count at the end less the count at the end of the quarter before; at the start of the horizon
    that quarter is not stored, so the first stored one stands for it.
    """
    years = years_of(results)
    first, last = first_year or years[0], last_year or years[-1]
    path = series(results, outcome, **where)
    if outcome not in CUMULATIVE:
        return path.sel(quarter=quarters_in(results, first, last)).sum("quarter", keep_attrs=True)
    end = path.sel(quarter=quarters_in(results, first, last)[-1], drop=True)
    before = quarters_in(results, years[0], first - 1)
    start = path.sel(quarter=before[-1], drop=True) if before else path.isel(quarter=0, drop=True)
    return end - start


def by_year(results: xarray.Dataset, outcome: str, **where) -> xarray.DataArray:
    """Yearly figures, dims ``mix, draw, replicate, year``: sums of flows, stocks at the last quarter."""
    import xarray

    path = series(results, outcome, **where)
    if "year" in path.dims:
        return path
    years = [int(str(name)[:4]) for name in path["quarter"].values]
    own = path.variable
    found = [
        quarters.isel(quarter=-1) if outcome in STOCKS else quarters.sum("quarter", keep_attrs=True)
        for quarters in (own.isel(quarter=np.flatnonzero(np.equal(years, year))) for year in sorted(set(years)))
    ]
    joined = xarray.Variable.concat(found, "year").transpose(*RUN_DIMS, "year")
    coords = {dim: results.variables[dim] for dim in RUN_DIMS}
    return xarray.DataArray(joined, {**coords, "year": sorted(set(years))}, name=outcome)


def _positions(results: xarray.Dataset, dim: str, names: list[str]) -> list[int]:
    """Where labels stand, each of which must exist."""
    available = [str(name) for name in results.variables[dim].values]
    for name in names:
        if name not in available:
            raise NotFound(dim, name, available)
    return [available.index(name) for name in names]
