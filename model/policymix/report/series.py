"""The numbers behind each figure, so that every picture has a CSV beside it and draws nothing else."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING

from policymix.analysis.differences import against_baseline, quantiles, summary
from policymix.analysis.selection import baseline_of, level, series

if TYPE_CHECKING:
    import xarray
    from pandas import DataFrame

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
LARGEST_CLAUSES = 7
OTHER = "all other clauses"


def fan(results: xarray.Dataset, outcome: str, **where) -> xarray.Dataset:
    """Quantiles over draws and replicates of an outcome's path and of its paired difference to the baseline.

    Returns
    -------
    Dataset over ``mix, quantile, time`` with ``level`` and ``difference``; time is the last day of a quarter, or the
    middle of a year for what is measured by year.
    """
    import numpy as np
    import xarray

    path = series(results, outcome, **where)
    if "year" in path.dims:
        days = [np.datetime64(datetime.date(int(year), 7, 1), "ns") for year in path["year"].values]
        path = path.rename(year="time").assign_coords(time=days)
    else:
        path = path.rename(quarter="time").assign_coords(time=results["date"].values)
    difference = against_baseline(path, baseline_of(results))
    answer = xarray.Dataset({"level": quantiles(path, QUANTILES), "difference": quantiles(difference, QUANTILES)})
    return answer.transpose("mix", "quantile", "time")


def ladder(results: xarray.Dataset, place: str = "zone") -> xarray.Dataset:
    """Recognised so far in the last quarter by mix and step: statistics of the level and of the paired difference."""
    import xarray

    steps = [str(name) for name in results["step"].values]
    counts = xarray.concat(
        [level(results, "recognised", place=place, step=step) for step in steps],
        dim=xarray.DataArray(steps, dims="step", name="step"),
        coords="minimal",
        compat="override",
    )
    own, difference = summary(counts), summary(against_baseline(counts, baseline_of(results)))
    renamed = {name: f"difference_{name}" for name in difference.data_vars}
    return own.rename({name: f"level_{name}" for name in own.data_vars}).merge(difference.rename(renamed))


def paid_by_clause(accounts: xarray.Dataset) -> xarray.DataArray:
    """Mean paid a year over ``mix, year, payer, clause``, CNY: the largest clauses by name, the rest in one.

    ``accounts`` are ``money.by_clause``.
    """
    import xarray

    paid = accounts["paid"].drop_vars("package")
    weight = paid.sum(["mix", "year", "payer"])
    order = weight.sortby(weight, ascending=False)["clause"].values.tolist()
    order = [name for name in order if float(weight.sel(clause=name)) > 0.0]
    # A group of one smallest clause would hide its name for nothing.
    kept = order if len(order) <= LARGEST_CLAUSES + 1 else order[:LARGEST_CLAUSES]
    rest = [name for name in order if name not in kept]
    shown = paid.sel(clause=kept)
    if rest:
        other = paid.sel(clause=rest).sum("clause").expand_dims(clause=[OTHER])
        shown = xarray.concat([shown, other], dim="clause", coords="minimal", compat="override")
    return shown.transpose("mix", "year", "payer", "clause")


def announced(results: xarray.Dataset) -> dict[str, datetime.date]:
    """Announcement date of each package, from the attribute ``announced`` (JSON: package -> ISO date); may be empty."""
    stated = json.loads(results.attrs.get("announced", "{}"))
    return {name: datetime.date.fromisoformat(str(day)) for name, day in stated.items()}


def fan_table(data: xarray.Dataset) -> DataFrame:
    """A ``fan`` as a long table: mix, time, quantile, level, difference."""
    columns = ["mix", "time", "quantile", "level", "difference"]
    return data.to_dataframe().reset_index()[columns]


def money_table(accounts: xarray.Dataset) -> DataFrame:
    """Every clause's accounts (``money.by_clause``) by mix, year and payer, CNY, without the rows in which nothing
    happened."""
    table = accounts.to_dataframe().reset_index()
    columns = [name for name in ("committed", "paid", "cancelled", "recovered", "outstanding") if name in table]
    return table[(table[columns] != 0.0).any(axis=1)]
