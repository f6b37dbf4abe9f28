"""Finished results set side by side, and what changed from the first of them to each other one.

``difference`` is a mix against the baseline of its own result; ``change`` is a mix against the same mix of the first
result. Results of one seed and one luck are paired draw by draw, others are set against each other as independent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from policymix.analysis.differences import RUNS, against_baseline, resolved, summary
from policymix.analysis.headline import STATISTICS, headline, rows
from policymix.analysis.selection import baseline_of, packages_of
from policymix.analysis.targets import Target, Untracked, chance, read
from policymix.errors import InvalidValue

if TYPE_CHECKING:
    import xarray

    from policymix.experiments.scenario import Scenario

CHANCE = "probability "
"""Begins the name of a target's row, as `headline` has it."""
NORMAL_90 = 1.645
"""Standard errors on either side of a mean that hold 90 % of a normal distribution."""


class Difference(NamedTuple):
    """One thing that two results were not made alike in: its address or name, and what each result has there."""

    what: str
    first: str
    other: str


class Notice(NamedTuple):
    """What a reader has to know before the numbers, in English and Chinese."""

    en: str
    zh: str


def is_sweep(results: xarray.Dataset) -> bool:
    """Whether a Dataset is that of a sweep: it has a state for every run."""
    return "state" in results


def compare_runs(
    results: Mapping[str, xarray.Dataset],
    targets: Iterable[Target] = (),
    differences: Mapping[str, Iterable[Difference]] | None = None,
) -> xarray.Dataset:
    """The headline of several runs side by side, with every mix's change from the first run.

    Parameters
    ----------
    results : runs by name; the first is what the others are set against
    targets : dated targets whose probabilities are added where all runs track them
    differences : by name, what each run was made differently in

    Returns
    -------
    Dataset over ``row, result, mix``, NaN and False where a result lacks a mix (``present``). For mean, median, low,
    high (90 %) and standard_error: ``level_*`` and ``difference_*`` (paired with the run's own baseline) as `headline`
    gives them; ``change_*``, the level less that of the same mix in the first run; ``difference_change_*``, the same of
    the difference. ``resolved`` and ``same`` (every run equal) belong to the difference, ``change_resolved`` and
    ``change_same`` to the change, and so on. Coordinates: label, label_zh, unit, kind over ``row``; baseline, scenario,
    seed, draws, replicates, paired and unpaired_because over ``result``; packages over ``result, mix``. Units stay CNY,
    shares 0..1, counts. Attributes: ``differences`` and ``notices`` (JSON).

    Raises
    ------
    InvalidValue
        The runs are of other horizons, places, prices or versions of the format.
    """
    check_comparable(results)
    targets = list(targets)
    first = next(iter(results.values()))
    listed = {name: {row.id for row in rows(run)} for name, run in results.items()}
    chosen = [row for row in rows(first) if all(row.id in ids for ids in listed.values())]
    tables = {name: headline(run, targets, chosen=chosen) for name, run in results.items()}
    ids = [row for row in _ids(next(iter(tables.values()))) if all(row in _ids(table) for table in tables.values())]
    readers = {row.id: row.read for row in chosen} | {f"{CHANCE}{each.id}": _chance_of(each) for each in targets}
    why = {name: unpaired_because(first, run) for name, run in results.items()}
    before = {row: readers[row](first) for row in ids}
    parts = []
    for name, run in results.items():
        after = before if run is first else {row: readers[row](run) for row in ids}
        moved = _changes(before, after, not why[name], (baseline_of(first), baseline_of(run)))
        part = tables[name].sel(row=ids).assign(present=("mix", [True] * run.sizes["mix"]))
        parts.append(part.merge(moved.reindex(mix=part["mix"], fill_value=gaps_of(moved))))
    table = side_by_side(list(results), parts)
    packages = [["+".join(packages_of(run).get(mix, [])) for mix in table["mix"].values] for run in results.values()]
    table = table.assign_coords(described(results, why)).assign_coords(packages=(("result", "mix"), packages))
    named_alike = len(set(table["baseline"].values.tolist())) == 1
    same_baseline = named_alike and bool(_of_baseline(table)["change_same"].where(table["kind"] != "ratio", True).all())
    notices = [*pairing_notices(why), *baseline_notices(named_alike, same_baseline)]
    table.attrs = {
        "kind": "runs", "price_base": first.attrs.get("price_base", ""), "same_baseline": int(same_baseline),
        **told(differences, notices),
    }  # fmt: skip
    return table.transpose("row", "result", "mix")


def check_comparable(results: Mapping[str, xarray.Dataset]) -> None:
    """Refuse results whose numbers mean different things.

    Raises
    ------
    InvalidValue
        Schema, price base, horizon, places or a variable's unit differ from those of the first result.
    """
    (name, first), *others = results.items()
    for other_name, other in others:
        for what, reading in FRAME.items():
            ours, theirs = reading(first), reading(other)
            if ours and theirs and ours != theirs:
                raise InvalidValue(f"compare > {other_name} > {what}", theirs, f"{ours}, as in {name}")
        for variable in first.data_vars.keys() & other.data_vars.keys():
            ours, theirs = (str(each[variable].attrs.get("units", "")) for each in (first, other))
            if ours != theirs:
                raise InvalidValue(f"compare > {other_name} > unit of {variable}", theirs, f"{ours}, as in {name}")


def check_horizon(first: Scenario, other: Scenario, names: tuple[str, str]) -> None:
    """Refuse results of other dates: their sums and last quarters mean different things."""
    ours, theirs = (f"{scenario.start} to {scenario.end}" for scenario in (first, other))
    if ours != theirs:
        raise InvalidValue(f"compare > {names[1]} > horizon", theirs, f"{ours}, as in {names[0]}")


def _labels(dim: str) -> Callable[[xarray.Dataset], str]:
    """Reads the labels of a dim that the results may have; long lists by their ends."""

    def reading(results: xarray.Dataset) -> str:
        labels = [str(each) for each in results[dim].values] if dim in results.dims else []
        return ", ".join(labels) if len(labels) < 6 else f"{labels[0]} to {labels[-1]}"

    return reading


FRAME: dict[str, Callable[[Any], str]] = {
    "format of the results": lambda results: str(results.attrs.get("schema_version", "")),
    "year of the prices": lambda results: str(results.attrs.get("price_base", "")),
    "horizon": _labels("quarter"),
    "years": _labels("year"),
    "places": _labels("place"),
}
"""What has to be the same for a comparison to mean anything."""


def unpaired_because(first: xarray.Dataset, other: xarray.Dataset) -> str:
    """Why two results cannot be set against each other draw by draw; empty where they can."""
    import numpy as np

    sizes = [f"{each.sizes['draw']} draws x {each.sizes['replicate']} replicates" for each in (first, other)]
    if sizes[0] != sizes[1]:
        return f"{sizes[1]}, not {sizes[0]}"
    seeds = [str(each.attrs.get("seed", "")) for each in (first, other)]
    if seeds[0] != seeds[1]:
        return f"seed {seeds[1]}, not {seeds[0]}"
    if not np.array_equal(first["luck"].values, other["luck"].values):
        return "the luck of its runs is addressed otherwise"
    return ""


def change(first: xarray.DataArray, other: xarray.DataArray, paired: bool) -> xarray.Dataset:
    """Statistics of other - first, both with the dims draw and replicate and the same mixes.

    Paired: by draw and replicate, as `summary`, with ``same`` where every run is equal. Unpaired: the difference of the
    means, with the root of the summed squares of both standard errors, and mean -+ 1.645 of it as interval.
    """
    if paired:
        moved = other - first
        return summary(moved).assign(same=unmoved(moved))
    return apart(summary(first), summary(other))


def unmoved(differences: xarray.DataArray) -> xarray.DataArray:
    """True where every difference that is known is zero, and one is known at all."""
    runs = list(RUNS)
    return ((differences == 0.0) | differences.isnull()).all(runs) & differences.notnull().any(runs)


def apart(first: xarray.Dataset, other: xarray.Dataset) -> xarray.Dataset:
    """Difference of two sets of statistics as if they were independent; ``same`` is never claimed."""
    mean = other["mean"] - first["mean"]
    error = (first["standard_error"] ** 2 + other["standard_error"] ** 2) ** 0.5
    found = first.assign(mean=mean, standard_error=error, resolved=resolved(mean, error), same=never(mean))
    return _around(found)


def never(like: xarray.DataArray) -> xarray.DataArray:
    """False, of the shape of a column."""
    return like * 0.0 > 0.0


def changes(first: xarray.DataArray, other: xarray.DataArray, paired: bool, baselines: tuple[str, str]) -> dict:
    """`change` of the levels and of the differences to the baseline, as columns ``change_*, difference_change_*``.

    ``baselines`` are the names of the baseline in both; where they are not one mix, the second part is NaN.
    """
    found = prefixed("change", change(first, other, paired))
    baseline = baselines[0]
    if baselines[0] == baselines[1] and baseline in other["mix"].values:
        differing = change(against_baseline(first, baseline), against_baseline(other, baseline), paired)
        return found | prefixed("difference_change", differing)
    return found | _none_of("difference_change", found["change_mean"])


def prefixed(prefix: str, statistics: xarray.Dataset) -> dict[str, xarray.DataArray]:
    """Statistics as columns of one table."""
    return {f"{prefix}_{name}": statistics[name] for name in (*STATISTICS, "resolved", "same")}


def side_by_side(names: list[str], parts: list[xarray.Dataset]) -> xarray.Dataset:
    """Tables along a first dim ``result``, each filled up to all mixes: NaN, False, 0 or an empty text."""
    import xarray

    mixes = list(dict.fromkeys(mix for part in parts for mix in part["mix"].values.tolist()))
    filled = [part.reindex(mix=mixes, fill_value=gaps_of(part)) for part in parts]
    dim = xarray.DataArray(names, dims="result", name="result")
    return xarray.concat(filled, dim=dim, coords="minimal", compat="override", join="override")


def gaps_of(columns: Mapping[Any, xarray.DataArray]) -> dict[str, Any]:
    """What stands where a table has no such mix: False, 0 or NaN."""
    return {str(name): {"b": False, "i": 0}.get(columns[name].dtype.kind, float("nan")) for name in columns}


def described(results: Mapping[str, xarray.Dataset], why: Mapping[str, str]) -> dict[str, tuple[str, list]]:
    """Coordinates over ``result``: what each is, and whether it is paired with the first."""
    runs = list(results.values())
    return {
        "baseline": ("result", [baseline_of(run) for run in runs]),
        "scenario": ("result", [str(run.attrs.get("scenario", "")) for run in runs]),
        "seed": ("result", [str(run.attrs.get("seed", "")) for run in runs]),
        "draws": ("result", [run.sizes["draw"] for run in runs]),
        "replicates": ("result", [run.sizes["replicate"] for run in runs]),
        "paired": ("result", [not why[name] for name in results]),
        "unpaired_because": ("result", [why[name] for name in results]),
    }


def pairing_notices(why: Mapping[str, str]) -> list[Notice]:
    """One notice for every result that cannot be paired with the first."""
    first = next(iter(why))
    return [
        Notice(
            f"{name} cannot be paired with {first} ({reason}): its changes are differences of independent means",
            f"{name} 与 {first} 不能配对({reason}):变化为独立运行均值之差",
        )
        for name, reason in why.items()
        if reason
    ]


def baseline_notices(named_alike: bool, same: bool) -> list[Notice]:
    """What a reader has to know of baselines that are not one."""
    if not named_alike:
        return [Notice("the results have other baselines: a change is that of the level, differences do not compare",
                       "各结果的基准不同:变化指水平之变化,差异不可比")]  # fmt: skip
    if not same:
        return [Notice("the baselines differ too: the change of a mix is that of its difference to its own baseline",
                       "基准本身也不同:各组合的变化指其与自身基准之差的变化")]  # fmt: skip
    return []


def told(differences: Mapping[str, Iterable[Difference]] | None, notices: Iterable[Notice]) -> dict[str, str]:
    """Attributes that carry differences and notices."""
    listed = [
        {"result": name, "what": each.what, "first": each.first, "other": each.other}
        for name, found in (differences or {}).items()
        for each in found
    ]
    return {
        "differences": json.dumps(listed, ensure_ascii=False),
        "notices": json.dumps([{"en": each.en, "zh": each.zh} for each in notices], ensure_ascii=False),
    }


def _ids(table: xarray.Dataset) -> list[str]:
    return table["row"].values.tolist()


Numbers = Mapping[str, "xarray.DataArray | xarray.Dataset"]
"""By row: numbers by run, or the statistics of a ratio."""


def _changes(before: Numbers, after: Numbers, paired: bool, baselines: tuple[str, str]) -> xarray.Dataset:
    """Changes of every row, over ``row`` and the mixes that both runs have."""
    import xarray

    any_row = next(iter(before))
    known = before[any_row]["mix"].values.tolist()
    shared = [mix for mix in after[any_row]["mix"].values.tolist() if mix in known]
    first, other = (_stacked(numbers).sel(mix=shared) for numbers in (before, after))
    found = xarray.Dataset(changes(first, other, paired, baselines))
    chances = [row for row in found["row"].values.tolist() if row.startswith(CHANCE)]
    plain = [row for row in found["row"].values.tolist() if row not in chances]
    tables = [found.sel(row=plain), _without_spread(found.sel(row=chances))]
    for row in before:
        left, right = before[row], after[row]
        if isinstance(left, xarray.Dataset) and isinstance(right, xarray.Dataset):
            tables.append(_of_ratio(left.sel(mix=shared), right.sel(mix=shared)).expand_dims(row=[row]))
    return xarray.concat(tables, dim="row", coords="minimal", compat="override", join="override").sel(row=list(before))


def _stacked(numbers: Numbers) -> xarray.DataArray:
    """All rows that have numbers by run, along a first dim ``row``: one summary costs as much as many."""
    import xarray

    listed = {row: each for row, each in numbers.items() if isinstance(each, xarray.DataArray)}
    arrays = [each.astype(float).reset_coords(drop=True).transpose("mix", *RUNS) for each in listed.values()]
    dim = xarray.DataArray(list(listed), dims="row", name="row")
    return xarray.concat(arrays, dim=dim, coords="minimal", compat="override")


def _of_ratio(before: xarray.Dataset, after: xarray.Dataset) -> xarray.Dataset:
    """Changes of a ratio: it comes with its statistics, not with its runs, so both count as independent."""
    import xarray

    before, after = before.reset_coords(drop=True), after.reset_coords(drop=True)
    known = before["resolved"] & after["resolved"]
    found = apart(before, after)
    same = (before["mean"] == after["mean"]) & (before["standard_error"] == after["standard_error"])
    found = found.where(known).assign(resolved=known & found["resolved"], same=same)
    return xarray.Dataset(prefixed("change", found) | _none_of("difference_change", found["mean"]))


def _chance_of(target: Target) -> Callable[[xarray.Dataset], xarray.DataArray]:
    """Reads the probability of a target in every run."""

    def reading(run: xarray.Dataset) -> xarray.DataArray:
        found = read(run, target)
        assert not isinstance(found, Untracked)  # rows are made for tracked targets alone
        return chance(found, target)

    return reading


def _without_spread(table: xarray.Dataset) -> xarray.Dataset:
    """A probability has no spread over runs: its interval is the mean -+ 1.645 standard errors."""
    for prefix in ("change", "difference_change"):
        names = {name: f"{prefix}_{name}" for name in STATISTICS}
        found = _around(table[list(names.values())].rename({long: short for short, long in names.items()}))
        table = table.assign({long: found[short] for short, long in names.items()})
    return table


def _around(statistics: xarray.Dataset) -> xarray.Dataset:
    """Median and interval of a mean that is normally distributed."""
    mean, half = statistics["mean"], NORMAL_90 * statistics["standard_error"]
    return statistics.assign(median=mean, low=mean - half, high=mean + half)


def _none_of(prefix: str, like: xarray.DataArray) -> dict[str, xarray.DataArray]:
    """Columns that say nothing."""
    nothing = {f"{prefix}_{name}": like * float("nan") for name in STATISTICS}
    return nothing | {f"{prefix}_{name}": never(like) for name in ("resolved", "same")}


def _of_baseline(table: xarray.Dataset) -> xarray.Dataset:
    """The columns of the baseline of every result but the first."""
    import xarray

    names = xarray.DataArray([str(name) for name in table["baseline"].values[1:]], dims="result")
    return table.isel(result=slice(1, None)).sel(mix=names)
