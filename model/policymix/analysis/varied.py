"""What finished results varied, and what came of it: factors and responses for sensitivity, discovery, information.

A factor is an uncertainty (a value for every draw) or a lever (a value for every lever point of a sweep). A response is
one number of one outcome in every run; runs that failed are NaN here and counted, never zero.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from policymix.analysis.comparison import is_sweep
from policymix.analysis.differences import against_baseline
from policymix.analysis.headline import rows
from policymix.analysis.selection import RUN_DIMS, baseline_of, by_year
from policymix.analysis.sweep_comparison import columns_of
from policymix.analysis.treasury import net_benefit
from policymix.errors import InvalidValue, NotFound
from policymix.experiments.sweep_store import DONE, FAILED, NOT_RUN

if TYPE_CHECKING:
    import xarray

    from policymix.experiments.parameters import Prior

OVER = {"uncertainties": "draw", "levers": "mix"}
MEASURES = ("difference", "level")
TIMED = {
    "core_share": ("core-industry share of GDP", "核心产业占GDP比重"),
    "investment": ("investment", "投资"),
    "value_added": ("value added", "增加值"),
    "employment": ("jobs", "就业"),
    "active_firms": ("active firms", "经营企业"),
    "adopters": ("adopters", "采用企业"),
    "paid": ("paid by the treasury (nominal)", "财政兑付(现价)"),
}
"""Outcomes of a run that are followed year by year."""
NET = "net_benefit"
"""Row of a run beside those of its headline: `treasury.net_benefit`."""
MANY = 12
"""Distinct values from which a number counts as continuous."""
TOGETHER = {
    **dict.fromkeys(("saltelli", "morris", "one_at_a_time"), "share their values"),
    "sobol": "are laid out together: numbers that do nothing follow the others in them",
}
"""Designs whose points are no independent draws, so that bins and shuffles find what is not there, and why."""
DEPENDENT = 5.0
"""Standard errors of a rank correlation from which two factors are not independent."""


@dataclass(frozen=True, eq=False)
class Varied:
    """A factor as results hold it.

    Attributes
    ----------
    name, address : short name, and what it sets
    kind : real, integer, boolean, date, choice or mix
    values : along ``draw`` (uncertainties) or the lever points; numbers, or texts (choice, mix)
    title, title_zh, unit, source : for tables; empty where nobody says them
    """

    name: str
    address: str
    kind: str
    values: np.ndarray
    title: str = ""
    title_zh: str = ""
    unit: str = ""
    source: str = ""

    @property
    def ordered(self) -> bool:
        """Whether its values are numbers."""
        return self.kind not in ("choice", "mix")

    @property
    def continuous(self) -> bool:
        """Whether it has so many values that they have to be put into bins."""
        return self.ordered and len(np.unique(self.values)) > MANY


def checked_over(over: str) -> str:
    """``uncertainties`` or ``levers``."""
    if over not in OVER:
        raise NotFound("kind of factor", over, OVER, where="--over")
    return over


def design_of(results: xarray.Dataset, over: str = "uncertainties") -> dict[str, Any]:
    """Design of a sweep's uncertainties or levers: ``method`` and what an analysis needs beside; a run has ``prior``.

    Adds ``others``: ``drawn`` where numbers that no factor names move from draw to draw as well.
    """
    stated = json.loads(results.attrs.get(checked_over(over), "{}"))
    design = dict(stated.get("design") or {"method": "prior" if over == "uncertainties" else "none"})
    return design | {"others": stated.get("others", "drawn")}


def shared_luck(results: xarray.Dataset, over: str = "uncertainties") -> bool:
    """Whether all points meet the same few lucks; lever points do: every draw is run under each of them."""
    if checked_over(over) == "levers":
        return True
    luck = results.get("luck")
    return luck is not None and luck.sizes["draw"] > 1 and bool((luck == luck.isel(draw=0)).all())


def check_independent(results: xarray.Dataset, where: str, over: str = "uncertainties") -> None:
    """Refuse designs whose points cannot be taken for draws that know nothing of one another.

    Raises
    ------
    InvalidValue
        The design is one of `TOGETHER`.
    """
    method = design_of(results, over)["method"]
    if method in TOGETHER:
        expected = "--method sobol or morris for studies of these; else a study with lhs (policymix sweep), or a run"
        raise InvalidValue(where, f"{over} of the design '{method}', points that {TOGETHER[method]}", expected)


def factors_of(
    results: xarray.Dataset,
    over: str = "uncertainties",
    *,
    names: Sequence[str] = (),
    priors: Iterable[Prior] = (),
    designed: bool = False,
) -> list[Varied]:
    """Every factor that varies, designed ones first, then what was drawn beside them.

    Parameters
    ----------
    names : names or addresses of factors; all by default
    priors : of the scenario (``inputs.uncertainties``), for titles, units and sources
    designed : only those that the study's design moves

    Raises
    ------
    NotFound, InvalidValue
        No such factor; nothing varies; a factor that is asked for does not vary.
    """
    known = {prior.name: prior for prior in priors}
    found = _designed(results, checked_over(over), known)
    if over == "uncertainties" and not designed and "parameter_value" in results:
        taken = {factor.address for factor in found}
        found += [each for each in _drawn(results, known) if each.address not in taken]
    chosen = _chosen(found, names, over)
    varying = [factor for factor in chosen if len(np.unique(factor.values)) > 1]
    if names and len(varying) < len(chosen):
        still = next(factor for factor in chosen if factor not in varying)
        raise InvalidValue(f'factor "{still.name}"', f"one value, {still.values[0]}", "a factor that varies")
    if not varying:
        more = "policymix run with more draws" if over == "uncertainties" else "a study with [[levers.factor]] tables"
        raise InvalidValue("RESULTS", f"results in which no {over} vary", more)
    return varying


def _designed(results: xarray.Dataset, over: str, known: Mapping[str, Prior]) -> list[Varied]:
    """Factors of a sweep's design."""
    listed = json.loads(results.attrs.get(over, "{}")).get("factors", [])
    points = slice(None) if over == "uncertainties" else points_of_levers(results)
    found = []
    for each in listed:
        coordinate = "packages" if each["kind"] == "mix" else each["name"]
        values = np.asarray(results[coordinate].values)[points]
        kind = "choice" if each["kind"] != "mix" and values.dtype.kind in "UO" else each["kind"]
        if kind != "mix" and kind != "choice":
            values = values.astype(float)
        found.append(_titled(each["name"], each["address"], kind, values, known, each.get("unit", "")))
    return found


def _drawn(results: xarray.Dataset, known: Mapping[str, Prior]) -> list[Varied]:
    """Uncertain numbers that differ from draw to draw."""
    table = results["parameter_value"].transpose("draw", "parameter").values
    names = [str(name) for name in results["parameter"].values]
    moved = np.ptp(table, axis=0) > 0.0
    return [
        _titled(name.removeprefix("parameter."), name, "real", table[:, column], known)
        for column, name in enumerate(names)
        if moved[column]
    ]


def _titled(
    name: str, address: str, kind: str, values: np.ndarray, known: Mapping[str, Prior], unit: str = ""
) -> Varied:
    prior = known.get(address)
    if prior is None:
        return Varied(name, address, kind, values, unit=unit)
    return Varied(name, address, kind, values, prior.title_en, prior.title_zh, unit or prior.unit, prior.source)


def _chosen(found: list[Varied], names: Sequence[str], over: str) -> list[Varied]:
    if not names:
        return found
    spelled = {text: factor for factor in found for text in (factor.address, factor.name)}
    for name in names:
        if name not in spelled:
            raise NotFound("factor", name, [factor.name for factor in found], where=over)
    return [spelled[name] for name in names]


def points_of_levers(results: xarray.Dataset) -> slice:
    """Lever points of the first base mix: what comes after the baseline."""
    count, rest = _layout(results)
    return slice(rest, rest + count)


def _layout(results: xarray.Dataset) -> tuple[int, int]:
    """Lever points of one base mix, and mixes before the first of them (the baseline); names are p0 or NAME.p0."""
    labels = [str(name) for name in results["mix"].values]
    stems = [label.rpartition(".")[0] for label in labels if label != baseline_of(results)]
    return stems.count(stems[0]) if stems else 0, len(labels) - len(stems)


def by_point(response: xarray.DataArray, results: xarray.Dataset) -> xarray.DataArray:
    """A response over ``mix`` as one over ``mix`` (the base mixes) and ``point`` (of the levers)."""
    import xarray

    count, rest = _layout(results)
    labels = [str(name) for name in results["mix"].values]
    names = [labels[start].rpartition(".")[0] or "levers" for start in range(rest, len(labels), count)]
    array = response.transpose("cell", *RUN_DIMS)
    values = array.values[:, rest:].reshape(array.sizes["cell"], len(names), count, *array.shape[2:])
    coords = {key: each for key, each in array.coords.items() if "mix" not in each.dims}
    return xarray.DataArray(
        values, {**coords, "mix": names}, ("cell", "mix", "point", "draw", "replicate"), attrs=response.attrs
    )


# --- responses ------------------------------------------------------------------------------------------------------


def responses(
    results: xarray.Dataset,
    outcomes: Sequence[str] = (),
    *,
    measure: str = "difference",
    mixes: Sequence[str] = (),
    times: Sequence[str] = (),
) -> xarray.DataArray:
    """Numbers of outcomes in every run; NaN where a run failed or has not run.

    A sweep has what its study stores. A run has the rows of its headline and, year by year, the outcomes of `TIMED`.

    Parameters
    ----------
    outcomes : names of outcomes or of cells (``core_share``, ``core_share[2025]``); all by default
    measure : ``difference`` to the baseline of the same draw and luck, or ``level``
    mixes : all but the baseline by default (``level``: all)
    times : years or quarters as texts; all by default

    Returns
    -------
    DataArray over ``cell, mix, draw, replicate``, in base units, with coordinates outcome, time, label, label_zh, unit
    over ``cell`` and the attribute ``failures``, a sentence or "".
    """
    import xarray

    if measure not in MEASURES:
        raise NotFound("measure", measure, MEASURES)
    cells = _of_sweep(results) if is_sweep(results) else _of_run(results)
    names = list(dict.fromkeys([each["outcome"] for each, _ in cells] + [each["cell"] for each, _ in cells]))
    for name in outcomes:
        if name not in names:
            raise NotFound("outcome", name, names)
    if outcomes:
        cells = [each for each in cells if each[0]["outcome"] in outcomes or each[0]["cell"] in outcomes]
    if times:
        known = sorted({each["time"] for each, _ in cells if each["time"]})
        for time in times:
            if str(time) not in known:
                raise NotFound("time", str(time), known)
        cells = [each for each in cells if each[0]["time"] in {str(time) for time in times}]
    if not cells:
        raise InvalidValue("RESULTS", "results without an outcome by mix, draw and replicate", "a run or a sweep")
    keys = ("cell", "outcome", "time", "label", "label_zh", "unit")
    texts = {key: [each[key] for each, _ in cells] for key in keys}
    values = np.stack([array.transpose(*RUN_DIMS).values.astype(float) for _, array in cells])
    coords: dict[str, Any] = {key: ("cell", column) for key, column in texts.items()}
    coords |= {dim: results[dim].values for dim in RUN_DIMS}
    found = xarray.DataArray(values, coords, ("cell", *RUN_DIMS))
    baseline = baseline_of(results)
    found = against_baseline(found, baseline) if measure == "difference" else found
    listed = [str(name) for name in results["mix"].values]
    for mix in mixes:
        if mix not in listed:
            raise NotFound("mix", mix, listed)
    wanted = list(mixes) or [name for name in listed if measure == "level" or name != baseline]
    if measure == "difference" and baseline in wanted:
        raise InvalidValue("mix", f"{baseline}, the baseline", "another mix, or --level")
    if not wanted:
        raise InvalidValue("RESULTS", "no mix beside the baseline", "--level, or a run of more mixes")
    failures = _failures(results, found)
    found = found.sel(mix=wanted)
    found.attrs = {"measure": measure, "baseline": baseline, "failures": failures}
    return found


def response(results: xarray.Dataset, outcome: str, **chosen: Any) -> xarray.DataArray:
    """`responses` of one cell: the cell of this name, or the outcome's only one.

    Raises
    ------
    NotFound
        No such cell; shows those of the outcome.
    """
    found = responses(results, [outcome], **chosen)
    if outcome in found["cell"].values:
        return found.sel(cell=[outcome])
    if found.sizes["cell"] > 1:
        raise NotFound("one number of the name", outcome, found["cell"].values.tolist())
    return found


def samples(
    results: xarray.Dataset,
    over: str = "uncertainties",
    *,
    outcomes: Sequence[str] = (),
    times: Sequence[str] = (),
    mixes: Sequence[str] = (),
    measure: str = "difference",
) -> xarray.DataArray:
    """`responses` with the points of the factors along ``draw`` and what repeats a point along ``replicate``.

    For uncertainties that is what it says. For levers the points of a base mix are the draws, and every draw of what is
    uncertain (a mean over its replicates) is a replicate.
    """
    if checked_over(over) == "uncertainties":
        found = responses(results, outcomes, times=times, mixes=mixes, measure=measure)
        return found.transpose("cell", *RUN_DIMS)
    if mixes:
        raise InvalidValue("mix", ", ".join(mixes), "none: lever points are mixes; all base mixes are shown")
    levels = responses(results, outcomes, times=times, measure="level")
    points = by_point(levels, results)
    if measure == "difference":
        points = points - levels.sel(mix=levels.attrs["baseline"], drop=True)
    found = points.mean("replicate", skipna=False).rename(draw="replicate", point="draw")
    found.attrs = levels.attrs | {"measure": measure}
    return found.transpose("cell", *RUN_DIMS)


def _of_sweep(sweep: xarray.Dataset) -> list[tuple[dict[str, str], xarray.DataArray]]:
    """Stored variables at every coordinate of their further dims."""
    done = sweep["state"].load() == DONE
    found = []
    for variable, group in itertools.groupby(columns_of(sweep), lambda column: column.variable):
        array = sweep[variable].load().where(done).astype(float)
        for column in group:
            time = str(column.where.get("year", column.where.get("quarter", "")))
            about = {"cell": column.id, "outcome": variable, "time": time, "label": column.label,
                     "label_zh": column.label_zh, "unit": column.unit}  # fmt: skip
            found.append((about, array.sel(column.where).reset_coords(drop=True)))
    return found


def _of_run(results: xarray.Dataset) -> list[tuple[dict[str, str], xarray.DataArray]]:
    """Rows of the headline that have a number in every run, and yearly paths."""
    import xarray

    found = []
    for row in rows(results):
        values = row.read(results)
        if isinstance(values, xarray.DataArray):
            about = {"cell": row.id, "outcome": row.id, "time": "", "label": row.label, "label_zh": row.label_zh,
                     "unit": row.unit}  # fmt: skip
            found.append((about, values.reset_coords(drop=True)))
    if {"gdp", "recovered", "core_value_added_constant", "core_share_constant", "value_added"} <= {*results}:
        about = {"cell": NET, "outcome": NET, "time": "", "unit": "CNY",
                 "label": "Value added gained less cost to the public, present value",
                 "label_zh": "增加值增量减公共成本,现值"}  # fmt: skip
        found.append((about, net_benefit(results).reset_coords(drop=True)))
    taken = {about["cell"] for about, _ in found}
    for name, (english, chinese) in TIMED.items():
        if name not in results or not {"quarter", "year"} & {*results[name].dims}:
            continue
        path = by_year(results, name)
        unit = str(results[name].attrs.get("units", ""))
        for year in path["year"].values.tolist():
            cell = f"{name}[{year}]"
            if cell not in taken:
                about = {"cell": cell, "outcome": name, "time": str(year), "label": f"{english}, {year}",
                         "label_zh": f"{year}年{chinese}", "unit": unit}  # fmt: skip
                found.append((about, path.sel(year=year, drop=True)))
    return found


def _failures(results: xarray.Dataset, response: xarray.DataArray) -> str:
    """Runs without a number, counted and named."""
    if is_sweep(results):
        state = results["state"].transpose(*RUN_DIMS).values
        said = []
        for code, word in ((FAILED, "failed"), (NOT_RUN, "have not run")):
            if count := int((state == code).sum()):
                said.append(f"{count:,} of {state.size:,} runs {word} ({_named(results, state == code)})")
        return "; ".join(said)
    gaps = ~np.isfinite(response.transpose("cell", *RUN_DIMS).values).all(axis=0)
    return f"{int(gaps.sum()):,} of {gaps.size:,} runs have no number ({_named(results, gaps)})" if gaps.any() else ""


def _named(results: xarray.Dataset, which: np.ndarray, shown: int = 3) -> str:
    """The first few runs of a mask [mix, draw, replicate] in words."""
    runs = np.argwhere(which)
    texts = [
        f"mix {results['mix'].values[m]}, draw {results['draw'].values[d]}, replicate {r}" for m, d, r in runs[:shown]
    ]
    return "; ".join(texts) + (f"; and {len(runs) - shown:,} more" if len(runs) > shown else "")


def whole_draws(values: np.ndarray, failures: str, least: int, where: str) -> np.ndarray:
    """bool[draw]: draws in which every run has its number; fewer than ``least`` are refused.

    Parameters
    ----------
    values : float[..., draw, replicate]
    """
    whole = np.isfinite(values).all(axis=(*range(values.ndim - 2), values.ndim - 1))
    if int(whole.sum()) < least:
        found = f"{int(whole.sum())} draws that are whole" + (f": {failures}" if failures else "")
        raise InvalidValue(where, found, f"at least {least}: policymix run SCENARIO --draws {least}, or more")
    return whole


def dependence(factors: Sequence[Varied], results: xarray.Dataset) -> str:
    """Why factors are not independent of one another; "" where nothing says so.

    Draws of a fit are joint. Otherwise: the largest rank correlation, where it is beyond `DEPENDENT` standard errors
    (1 / sqrt(n - 1)) of none.
    """
    fitted = fitted_names(results) & {factor.address for factor in factors}
    if design_of(results)["method"] == "prior" and len(fitted) > 1:
        return f"the draws of {len(fitted)} of them come jointly from the fit '{results.attrs['posterior']}'"
    ordered = [factor for factor in factors if factor.ordered]
    if len(ordered) < 2:
        return ""
    ranks = np.argsort(np.argsort(np.stack([factor.values for factor in ordered]), axis=1), axis=1).astype(float)
    related = np.corrcoef(ranks)
    np.fill_diagonal(related, 0.0)
    first, second = np.unravel_index(np.nanargmax(np.abs(related)), related.shape)
    size = float(abs(related[first, second]))
    if size * math.sqrt(ranks.shape[1] - 1) > DEPENDENT:
        return f"{ordered[first].name} and {ordered[second].name} have a rank correlation of {size:.2f}"
    return ""


def fitted_names(results: xarray.Dataset) -> set[str]:
    """Addresses that the run's fit speaks of; empty without a fit, or where its file is no longer there."""
    from policymix import catalog
    from policymix.experiments.posterior import read_posterior

    name = str(results.attrs.get("posterior", "none"))
    path = None if name == "none" else catalog.posterior(name)
    return set() if path is None else set(read_posterior(path).names)


def labels_of(factors: Sequence[Varied]) -> dict[str, tuple[str, list[str]]]:
    """Coordinates over ``factor`` of every table."""
    keys = ("address", "kind", "title", "title_zh", "unit", "source")
    found = {key: ("factor", [getattr(factor, key) for factor in factors]) for key in keys}
    found["title"] = ("factor", [factor.title or factor.name for factor in factors])
    found["title_zh"] = ("factor", [factor.title_zh or factor.title or factor.name for factor in factors])
    found["factor_unit"] = found.pop("unit")
    return {"factor": ("factor", [factor.name for factor in factors]), **found}


def cell_coords(response: xarray.DataArray) -> dict[str, Any]:
    """Coordinates over ``cell`` of a response."""
    return {key: response[key] for key in ("cell", "outcome", "time", "label", "label_zh", "unit")}
