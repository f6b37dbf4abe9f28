"""Sweeps as a table: mixes with their lever values as rows, stored variables as columns; two sweeps side by side."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from policymix.analysis.comparison import (
    Difference,
    Notice,
    baseline_notices,
    changes,
    check_comparable,
    described,
    gaps_of,
    pairing_notices,
    side_by_side,
    told,
    unmoved,
    unpaired_because,
)
from policymix.analysis.differences import RUNS, against_baseline, summary
from policymix.analysis.headline import STATISTICS, STEP_NAMES
from policymix.analysis.selection import baseline_of
from policymix.errors import InvalidValue
from policymix.experiments.outcomes import OUTCOMES
from policymix.experiments.sweep_store import DONE, FAILED, NOT_RUN

if TYPE_CHECKING:
    import xarray

NOT_SHOWN = ("parameter_value", "state")
OWN = ("additional", "deadweight", "displacement")
"""Outcomes that are differences to the baseline by themselves."""
LABELS = STEP_NAMES | {
    "investment": ("investment", "投资"),
    "real_rd": ("R&D", "研发"),
    "value_added": ("value added", "增加值"),
    "employment": ("jobs", "就业"),
    "active_firms": ("active firms", "经营企业"),
    "frozen": ("prices frozen", "价格冻结"),
}
"""What coordinates are called, English and Chinese; others by their names."""


class Column(NamedTuple):
    """A stored variable at one coordinate of every further dim; label and unit as a table says them."""

    id: str
    variable: str
    where: Mapping[str, Any]
    label: str
    label_zh: str
    unit: str


def compare_sweeps(
    results: Mapping[str, xarray.Dataset], differences: Mapping[str, Iterable[Difference]] | None = None
) -> xarray.Dataset:
    """Mixes and stored variables of one sweep, or of several with the change from the first.

    Mixes of two sweeps are one where their packages and lever values are; a mix that the first sweep lacks is called
    ``RESULT:MIX``. A run that failed, or has not run, is left out wherever it would enter, and counted.

    Returns
    -------
    Dataset over ``result, mix, column`` with the same statistics as `compare_runs`: ``level_*``, ``difference_*``,
    ``change_*`` and ``difference_change_*``. ``runs``, ``failed``, ``not_run`` over ``result, mix`` count runs,
    ``pairs`` those behind a change. Coordinates: packages and every lever over ``mix`` (attribute ``address``), and the
    attribute ``levers`` names them in order; variable, label, label_zh, unit, kind (as in the headline) over
    ``column``. Units are those of the variables.

    Raises
    ------
    InvalidValue
        The sweeps are of other horizons, places, prices or versions of the format.
    """
    check_comparable(results)
    names = list(results)
    first = results[names[0]]
    listed = {name: {column.id: column for column in columns_of(sweep)} for name, sweep in results.items()}
    columns = [each for each in listed[names[0]].values() if all(each.id in known for known in listed.values())]
    if not columns:
        expected = "at least one outcome by mix that every sweep stores"
        raise InvalidValue("compare", f"no variable that {' and '.join(names)} store for each mix", expected)
    why = {name: unpaired_because(first, sweep) for name, sweep in results.items()}
    rows = {name: _rows(first, sweep, name) for name, sweep in results.items()}
    parts = [_one(first, results[name], columns, rows[name], not why[name]) for name in names]
    table = side_by_side(names, parts)
    levers = list(dict.fromkeys(name for sweep in results.values() for name in lever_names(sweep).values()))
    table = table.assign_coords(_of_columns(columns)).assign_coords(_of_mixes(results, rows, table))
    table = table.assign_coords(described(results, why))
    table = table.assign_coords(baseline=("result", [rows[name][baseline_of(results[name])] for name in names]))
    at_baseline = _at_baseline(table)
    amounts = ((at_baseline["level_low"] == 0.0) & (at_baseline["level_high"] == 0.0)).all("result")
    kinds = [_kind(first, column, bool(each)) for column, each in zip(columns, amounts.values, strict=True)]
    table = table.assign_coords(kind=("column", kinds))
    same_baseline = bool(at_baseline["change_same"].all())
    notices = [*_counted(table), *_left_out(listed, columns), *_unmatched(table), *pairing_notices(why)]
    notices += baseline_notices(True, same_baseline)
    table.attrs = {
        "kind": "sweeps", "price_base": first.attrs.get("price_base", ""), "study": str(first.attrs.get("study", "")),
        "levers": json.dumps(levers, ensure_ascii=False), "same_baseline": int(same_baseline),
        **told(differences, notices),
    }  # fmt: skip
    return table.transpose("result", "mix", "column")


def columns_of(sweep: xarray.Dataset) -> list[Column]:
    """Columns of a sweep's stored variables, those that have no mix left out.

    Of the treatments of prices only ``frozen`` is said: ``free`` is the model.
    """
    found = []
    for variable in map(str, sweep.data_vars):
        array = sweep[variable]
        if variable in NOT_SHOWN or "mix" not in array.dims:
            continue
        places: list[dict[str, Any]] = [{}]
        for dim in map(str, array.dims):
            if dim not in ("mix", *RUNS):
                labels = sweep[dim].values.tolist()
                places = [{**place, dim: label} for place in places for label in labels]
        found += [_column(array, variable, place) for place in places]
    return found


def lever_names(sweep: xarray.Dataset) -> dict[str, str]:
    """Levers of a sweep: by coordinate, the name of its column. A mix factor is said by the packages."""
    factors = json.loads(sweep.attrs.get("levers", "{}")).get("factors", [])
    taken = {"result", "mix", "column", "row", "runs", "failed", "not_run", "pairs", "seed", "draws", "paired", "kind",
             "label", "variable", "unit"}  # fmt: skip
    return {
        each["name"]: each["address"] if each["name"] in taken else each["name"]
        for each in factors
        if each["name"] in sweep.coords and each["kind"] != "mix"
    }


def _column(array: xarray.DataArray, variable: str, place: Mapping[str, Any]) -> Column:
    said = [str(label) for dim, label in place.items() if (dim, label) != ("prices", "free")]
    words = [LABELS.get(label, (label, label)) for label in said]
    english, chinese = (str(array.attrs.get(key, variable)) for key in ("long_name", "long_name_zh"))
    unit = str(array.attrs.get("units", ""))
    if "activity" in place:
        unit = {outcome.name: outcome.units for outcome in OUTCOMES}.get(str(place["activity"]), unit)
    return Column(
        f"{variable}[{', '.join(said)}]" if said else variable,
        variable,
        dict(place),
        f"{english}: {', '.join(word for word, _ in words)}" if said else english,
        f"{chinese}:{'、'.join(word for _, word in words)}" if said else chinese,
        unit,
    )


def _values(sweep: xarray.Dataset, columns: list[Column]) -> Iterator[xarray.DataArray]:
    """Numbers of the columns of each variable over mix, draw, replicate and column; NaN where a run is not done.

    A variable is read once, and only one is in memory.
    """
    import xarray

    done = sweep["state"].load() == DONE
    for variable, group in itertools.groupby(columns, lambda column: column.variable):
        listed = list(group)
        array = sweep[variable].load().where(done).astype(float).reset_coords(drop=True)
        each = [array.sel(column.where).reset_coords(drop=True) for column in listed]
        ids = xarray.DataArray([column.id for column in listed], dims="column", name="column")
        yield xarray.concat(each, dim=ids, coords="minimal", compat="override").transpose("mix", *RUNS, "column")


def _key(sweep: xarray.Dataset, names: Mapping[str, str]) -> Iterator[tuple]:
    """What tells a mix from the others of its sweep, mix by mix: packages, lever values by address, which of equals."""
    values = {sweep[name].attrs.get("address", name): sweep[name].values.tolist() for name in sorted(names)}
    packages = sweep["packages"].values.tolist()
    seen: dict[tuple, int] = {}
    for position, mix in enumerate(sweep["mix"].values.tolist()):
        if mix == baseline_of(sweep):
            yield ("baseline",)
            continue
        key = (packages[position], *sorted((address, str(column[position])) for address, column in values.items()))
        seen[key] = seen.get(key, 0) + 1
        yield (*key, seen[key])


def _rows(first: xarray.Dataset, sweep: xarray.Dataset, name: str) -> dict[str, str]:
    """Row of the comparison for every mix of a sweep."""
    if sweep is first:
        return {mix: mix for mix in sweep["mix"].values.tolist()}
    known = dict(zip(_key(first, lever_names(first)), first["mix"].values.tolist(), strict=True))
    keys = zip(_key(sweep, lever_names(sweep)), sweep["mix"].values.tolist(), strict=True)
    return {mix: known.get(key, f"{name}:{mix}") for key, mix in keys}


def _one(
    first: xarray.Dataset, sweep: xarray.Dataset, columns: list[Column], rows: Mapping[str, str], paired: bool
) -> xarray.Dataset:
    """Levels, differences, changes from the first sweep and counts of one sweep, over its rows."""
    import xarray

    baselines = baseline_of(first), rows[baseline_of(sweep)]
    known = set(first["mix"].values.tolist())
    shared = [row for row in rows.values() if row in known]
    here = _values(sweep, columns)
    both = ((each, each) for each in here) if sweep is first else zip(_values(first, columns), here, strict=True)
    tables = []
    for before, after in both:
        after = after.assign_coords(mix=list(rows.values()))
        table = _statistics(after, baselines[1])
        moved = changes(before.sel(mix=shared), after.sel(mix=shared), paired, baselines)
        tables.append(table.merge(xarray.Dataset(moved).reindex(mix=table["mix"], fill_value=gaps_of(moved))))
    table = xarray.concat(tables, dim="column", coords="minimal", compat="override", join="override")
    return table.merge(_counts(first, sweep, rows, shared if paired else []))


def _statistics(values: xarray.DataArray, baseline: str) -> xarray.Dataset:
    """Levels and differences, as the headline has them."""
    import xarray

    moved = against_baseline(values, baseline)
    level, difference = summary(values), summary(moved)
    found = {f"level_{name}": level[name] for name in STATISTICS}
    found |= {f"difference_{name}": difference[name] for name in STATISTICS}
    return xarray.Dataset({**found, "resolved": difference["resolved"], "same": unmoved(moved)})


def _counts(first: xarray.Dataset, sweep: xarray.Dataset, rows: Mapping[str, str], shared: list[str]) -> xarray.Dataset:
    """Runs by what became of them, and the pairs with the first sweep, over the rows."""
    import xarray

    state = sweep["state"].load().reset_coords(drop=True).assign_coords(mix=list(rows.values()))
    runs = list(RUNS)
    found = {name: (state == code).sum(runs) for name, code in (("failed", FAILED), ("not_run", NOT_RUN))}
    found["runs"] = found["failed"] * 0 + state.sizes["draw"] * state.sizes["replicate"]
    found["pairs"] = found["failed"] * 0
    if shared:
        before = first["state"].load().reset_coords(drop=True).sel(mix=shared)
        both = ((before == DONE) & (state.sel(mix=shared) == DONE)).sum(runs)
        found["pairs"] = both.reindex(mix=state["mix"], fill_value=0)
    return xarray.Dataset({**found, "present": found["runs"] > 0})


def _of_columns(columns: list[Column]) -> dict[str, tuple[str, list[str]]]:
    """Coordinates over ``column``."""
    keys = ("variable", "label", "label_zh", "unit")
    return {key: ("column", [getattr(column, key) for column in columns]) for key in keys}


def _of_mixes(
    results: Mapping[str, xarray.Dataset], rows: Mapping[str, Mapping[str, str]], table: xarray.Dataset
) -> dict[str, tuple[str, list, dict[str, str]]]:
    """Packages and lever values over ``mix``; a lever that a row's sweep does not have is empty, or NaN."""
    values: dict[str, dict[str, Any]] = {"packages": {}}
    attrs: dict[str, dict[str, str]] = {"packages": {}}
    gaps: dict[str, Any] = {"packages": ""}
    for name, sweep in results.items():
        for coordinate, shown in {"packages": "packages", **lever_names(sweep)}.items():
            attrs.setdefault(shown, {key: str(text) for key, text in sweep[coordinate].attrs.items()})
            gaps.setdefault(shown, float("nan") if sweep[coordinate].dtype.kind == "f" else "")
            for mix, value in zip(sweep["mix"].values.tolist(), sweep[coordinate].values.tolist(), strict=True):
                values.setdefault(shown, {}).setdefault(rows[name][mix], value)
    mixes = table["mix"].values.tolist()
    return {key: ("mix", [column.get(mix, gaps[key]) for mix in mixes], attrs[key]) for key, column in values.items()}


def _kind(sweep: xarray.Dataset, column: Column, zero_at_baseline: bool) -> str:
    """Kind of a column in the headline's words: own, amount or level."""
    if sweep[column.variable].attrs.get("outcome", column.variable) in OWN:
        return "own"
    return "amount" if zero_at_baseline else "level"


def _at_baseline(table: xarray.Dataset) -> xarray.Dataset:
    """The row of every result's own baseline; one sweep's baseline is matched with the first's."""
    return table.sel(mix=str(table["baseline"].values[0]))


def _counted(table: xarray.Dataset) -> Iterator[Notice]:
    """How many runs are left out of each sweep, and why."""
    for name in table["result"].values.tolist():
        one = table.sel(result=name)
        runs, failed, left = (int(one[key].sum()) for key in ("runs", "failed", "not_run"))
        if failed:
            yield Notice(f"{name}: {failed:,} of {runs:,} runs failed and are left out; policymix show FOLDER says why",
                         f"{name}:{runs:,} 次运行中 {failed:,} 次失败,未计入")  # fmt: skip
        if left:
            yield Notice(f"{name}: {left:,} of {runs:,} runs have not run; go on with policymix sweep STUDY --resume",
                         f"{name}:{runs:,} 次运行中 {left:,} 次尚未运行")  # fmt: skip


def _left_out(listed: Mapping[str, Mapping[str, Column]], columns: list[Column]) -> Iterator[Notice]:
    """Variables that only some of the sweeps store."""
    kept = {column.id for column in columns}
    for name, known in listed.items():
        lacking = list(dict.fromkeys(column.variable for id, column in known.items() if id not in kept))
        if lacking:
            names = ", ".join(lacking)
            yield Notice(f"only {name} stores, so not compared: {names}", f"仅 {name} 存有,未比较:{names}")


def _unmatched(table: xarray.Dataset) -> Iterator[Notice]:
    """Mixes that only one of the sweeps has."""
    first = table["result"].values.tolist()[0]
    for name in table["result"].values.tolist()[1:]:
        both = int((table["present"].sel(result=name) & table["present"].sel(result=first)).sum())
        for one, other in ((first, name), (name, first)):
            alone = int((table["present"].sel(result=one) & ~table["present"].sel(result=other)).sum())
            if alone:
                yield Notice(
                    f"{alone:,} mixes of {one} are not in {other}; {both:,} have the same packages and levers",
                    f"{one} 的 {alone:,} 个组合在 {other} 中无对应;{both:,} 个组合相同",
                )
