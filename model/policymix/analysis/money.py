"""The treasury's side: what was committed, paid and is still owed, by clause, payer and year, and what it bought.

Money is in nominal CNY of the run with free prices. For every clause and payer, at the end of every quarter,
cumulated committed = cumulated paid + outstanding + cumulated cancelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policymix.analysis.additionality import parts, share
from policymix.analysis.differences import against_baseline
from policymix.analysis.selection import RUN_DIMS, baseline_of, level
from policymix.errors import RunFailed

if TYPE_CHECKING:
    import xarray

FLOWS = ("committed", "paid", "cancelled", "recovered")
CAPITAL_KINDS = ("project",)


def check_accounts(results: xarray.Dataset) -> float:
    """Largest gap in CNY of cumulated committed = cumulated paid + outstanding + cumulated cancelled.

    More than a fen per thousand claims (0.01 CNY, or 1e-9 of the largest sum) is an error.
    """
    cumulated = {name: results[name].cumsum("quarter") for name in ("committed", "paid", "cancelled")}
    gap = abs(cumulated["committed"] - cumulated["paid"] - results["outstanding"] - cumulated["cancelled"])
    worst = float(gap.max()) if gap.size else 0.0
    allowed = max(0.01, 1e-9 * float(abs(cumulated["committed"]).max())) if gap.size else 0.01
    if not worst <= allowed:
        raise RunFailed(
            f"committed = paid + outstanding + cancelled: found a gap of {worst:,.2f} CNY, expected at most "
            f"{allowed:,.2f}; the results were changed after the run or written by another version"
        )
    return worst


def paid_total(results: xarray.Dataset, *, clauses: list[str] | None = None) -> xarray.DataArray:
    """Money paid over the horizon by every payer, nominal CNY; dims ``mix, draw, replicate``."""
    paid = results["paid"] if clauses is None else results["paid"].sel(clause=clauses)
    summed = paid.sum([dim for dim in paid.dims if dim not in RUN_DIMS])
    return summed.transpose(*RUN_DIMS).astype(float)


def by_clause(results: xarray.Dataset) -> xarray.Dataset:
    """Mean over draws and replicates of committed, paid, cancelled, recovered (a year) and outstanding (year's end).

    Returns
    -------
    Dataset over ``mix, year, clause, payer``, CNY; ``package(clause)`` names the document of each clause.
    """
    import xarray

    check_accounts(results)
    runs = ["draw", "replicate"]
    year = [int(str(name)[:4]) for name in results["quarter"].values]
    answer = {}
    for name in (*FLOWS, "outstanding"):
        if name not in results:
            continue
        grouped = results[name].mean(runs).assign_coords(year=("quarter", year)).groupby("year")
        answer[name] = grouped.last() if name == "outstanding" else grouped.sum()
    dataset = xarray.Dataset(answer).transpose("mix", "year", "clause", "payer")
    packages = [str(name).split("/")[0] for name in results["clause"].values]
    dataset = dataset.drop_vars([name for name in dataset.coords if name not in dataset.dims])
    return dataset.assign_coords(package=("clause", packages))


def by_package(results: xarray.Dataset, accounts: xarray.Dataset | None = None) -> xarray.Dataset:
    """The accounts of ``by_clause`` summed over the clauses of each package: dims ``mix, year, package, payer``."""
    accounts = by_clause(results) if accounts is None else accounts
    if not accounts.sizes["clause"]:
        return accounts.drop_vars("package").rename(clause="package")
    return accounts.groupby("package").sum("clause")


def capital_grant_clauses(results: xarray.Dataset) -> list[str] | None:
    """Clauses that pay for projects, from the coordinate ``kind(clause)``; None where the run does not carry it."""
    if "kind" not in results.coords or results["kind"].dims != ("clause",):
        return None
    kinds = results["kind"].values
    return [str(name) for name, kind in zip(results["clause"].values, kinds, strict=True) if str(kind) in CAPITAL_KINDS]


def cost_per(results: xarray.Dataset, activity: str, *, prices: str = "free") -> xarray.Dataset:
    """CNY paid per additional unit of an activity (yuan of investment, job, active firm) by mix.

    cost = mean paid / mean additional over runs; ``resolved`` is False where the 90 % interval of the additional
    activity spans 0, because a cost per nothing has no value. Employment and active firms are stocks at the end of
    the horizon: their cost is that of one job or firm more in the last quarter.
    """
    additional = parts(results, activity, prices=prices)["additional"]
    answer = share(paid_total(results), additional)
    answer.attrs.update(units=f"CNY paid per additional unit of {activity}")
    return answer


def cost_per_job(results: xarray.Dataset, *, prices: str = "free") -> xarray.Dataset:
    """CNY paid per job more in the region's firms at the end of the horizon, displacement included."""
    jobs = against_baseline(level(results, "employment", prices=prices), baseline_of(results))
    return share(paid_total(results), jobs)
