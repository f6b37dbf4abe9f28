"""Runs published experiments inside the model: paired runs, each with its own draw and luck, reduced as they end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np

from policymix.calibrate.estimators import Answer, Unidentified, combined
from policymix.calibrate.experiment import Experiment, range_problems
from policymix.calibrate.firm_table import Mix, Table, claims_of, columns_of, lay_out
from policymix.calibrate.forms import Bunching, Discontinuity, Paired, Part, Where
from policymix.calibrate.measuring import answer, line_bin, mixes_of, sums_of, window_of
from policymix.calibrate.variables import FLOW, KNOWN, TOTAL, names_in
from policymix.catalog import plain
from policymix.engine.claims import City
from policymix.engine.panel import Recorder
from policymix.engine.setting import Setting
from policymix.engine.timetable import FREE, FROZEN, RECORD
from policymix.engine.unit import run_unit
from policymix.engine.warm import warm
from policymix.engine.world import ground_of, parameters_by_quarter
from policymix.errors import InvalidFile
from policymix.experiments.inputs import gather, uncertainties
from policymix.experiments.quarters import quarter_name, quarter_number
from policymix.experiments.runner import draw_values, setting_of
from policymix.experiments.scenario import Scenario, load_scenario
from policymix.policy.clause import Bound

RUNS, QUICK_RUNS, SEED = 30, 8, 2021
LOW, HIGH = 5.0, 95.0
RESAMPLES = 400
IDENTIFIED = 0.9
"""Share of the runs that must identify a part for it to have an estimate."""


@dataclass(frozen=True)
class Task:
    """One estimate to be made in every run: a part, the part it is put against, conditions of a split."""

    name: str
    title: tuple[str, str]
    part: Part
    other: Part | None
    extra: tuple[Where, ...] = ()
    band: Bound | None = None


@dataclass(frozen=True)
class Prepared:
    """An experiment with everything its runs share."""

    experiment: Experiment
    setting: Setting
    names: tuple[str, ...]
    values: np.ndarray
    tasks: tuple[Task, ...]
    columns: frozenset[str]


@dataclass(frozen=True)
class Entry:
    """An estimate over all runs.

    Attributes
    ----------
    estimate, interval : median and 5th to 95th percentile of the runs (pooled: the pooled estimate and the same
        percentiles of resampled runs); None where it is not identified
    band : lowest and highest value that pass, None for an open end; None without a band
    passed : None without a band
    why : reason when it is not identified, or the file's remark when it misses
    values : estimate of every run, NaN where one does not identify it
    """

    name: str
    title: tuple[str, str]
    estimate: float | None
    interval: tuple[float, float] | None
    band: tuple[float | None, float | None] | None
    passed: bool | None
    why: str
    unit: str
    pooled: bool
    values: tuple[float, ...]


@dataclass(frozen=True)
class Result:
    """An experiment's outcome: its entries, the first with a band first, and what its figure shows."""

    experiment: Experiment
    entries: tuple[Entry, ...]
    runs: int
    quick: bool
    picture: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every entry with a band is inside it."""
        return all(entry.passed for entry in self.entries if entry.passed is not None)


def prepare(experiment: Experiment, runs: int, seed: int) -> Prepared:
    """Read what the experiment names and draw its numbers.

    Raises
    ------
    InvalidFile
        A setting lies outside its parameter's range.
    """
    scenario = scenario_of(experiment, runs, seed)
    inputs = gather(scenario, experiment.packages)
    priors = uncertainties(inputs)
    numbers = {name: value for name, value in scenario.set.items() if isinstance(value, int | float)}
    problems = range_problems(numbers, priors)
    if problems:
        raise InvalidFile(experiment.path, problems)
    values, _ = draw_values(inputs, priors)
    tasks = tuple(tasks_of(experiment))
    columns = columns_of(names_of(tasks), experiment.defined)
    names = tuple(prior.name for prior in priors)
    return Prepared(experiment, setting_of(inputs), names, values, tasks, frozenset(columns))


def scenario_of(experiment: Experiment, runs: int, seed: int) -> Scenario:
    """The experiment as a scenario of as many draws as runs."""
    form = experiment.form
    world = form.scenario
    scenario = load_scenario(
        {
            "id": form.id,
            "title": form.title.model_dump(),
            "region": world.region,
            "environment": world.environment,
            "history": world.history,
            "opportunities": world.opportunities,
            "mixes": form.mixes,
            "baseline": form.control,
            "burn_in_start": world.burn_in_start,
            "start": world.start,
            "end": world.end,
            "draws": runs,
            "seed": seed,
            "set": plain(form.set),
        }
    )
    return scenario.model_copy(update={"path": experiment.path})


def tasks_of(experiment: Experiment) -> list[Task]:
    """Every part, those with a band first, each followed by its splits."""
    pairs = sorted(zip(experiment.form.part, experiment.others, strict=True), key=lambda pair: pair[0].band is None)
    out = []
    for part, other in pairs:
        title = (part.title.en, part.title.zh)
        out.append(Task(part.name, title, part, other, (), part.band))
        for name, edges in part.split.items():
            for label, where in groups_of(name, edges):
                out.append(Task(f"{part.name}: {label}", (f"{title[0]}, {label}", f"{title[1]}, {label}"),
                                part, other, (where,)))  # fmt: skip
    return out


def groups_of(name: str, edges: Sequence[Any]) -> list[tuple[str, Where]]:
    """Groups of a split: one a word, or the intervals between numbers (the lower bound included)."""
    if edges and isinstance(edges[0], str):
        return [(f"{name} {word}", {name: word}) for word in edges]
    bounds = [None, *edges, None]
    out: list[tuple[str, Where]] = []
    for low, high in pairwise(bounds):
        given: dict[str, Decimal] = {"min": low} if low is not None else {}
        given |= {"below": high} if high is not None else {}
        label = " ".join(
            [name, *([f"from {low:g}"] if low is not None else []), *([f"below {high:g}"] if high else [])]
        )
        out.append((label, {name: Bound(**given)} if given else {}))
    return out


def names_of(tasks: Sequence[Task]) -> set[str]:
    """Every variable that the tasks name."""
    out: set[str] = set()
    for task in tasks:
        for part in (task.part, task.other):
            if part is None:
                continue
            out |= {name for name in (part.outcome, part.per, getattr(part, "running", None)) if name}
            out |= {*part.where, *(getattr(part, "treated", None) or {}), *(getattr(part, "untreated", None) or {})}
            if isinstance(line := getattr(part, "line", None), str):
                out |= names_in(line)
        out |= {name for where in task.extra for name in where}
    return {name for name in out if not name.startswith("parameter.") and name != "score"}


def validate(
    chosen: Sequence[Experiment],
    *,
    runs: int = RUNS,
    quick: bool = False,
    threads: int | None = None,
    seed: int = SEED,
    progress: Callable[[int, int], None] | None = None,
) -> list[Result]:
    """Run experiments; results in their order, whatever the number of threads.

    Parameters
    ----------
    runs : paired runs of each experiment, every one with its own draw and luck
    threads : runs at once; all processors by default
    progress : called with (runs done, runs in all)

    Raises
    ------
    PolicymixError
        A file, a setting or a name is wrong, or a run cannot go on.
    """
    prepared = [prepare(each, runs, seed) for each in chosen]
    for general in sorted({each.setting.general for each in prepared}):
        warm("", general=general)
    found: list[list[Any]] = [[None] * runs for _ in prepared]
    jobs = [(number, run) for run in range(runs) for number in range(len(prepared))]
    if progress is not None:
        progress(0, len(jobs))

    def work(job: tuple[int, int]) -> None:
        number, run = job
        found[number][run] = one_run(prepared[number], run, seed)

    with ThreadPoolExecutor(max_workers=threads or os.cpu_count() or 1) as pool:
        futures = [pool.submit(work, job) for job in jobs]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                if progress is not None:
                    progress(done, len(jobs))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return [gathered(one, rows, quick) for one, rows in zip(prepared, found, strict=True)]


def one_run(prepared: Prepared, run: int, seed: int) -> dict[str, Any]:
    """Sums of every task, and of the figure, in one paired run."""
    table = table_of(prepared, run, seed)
    sums: dict[str, Any] = {"tasks": []}
    for task in prepared.tasks:
        first = sums_of(task.part, table, task.extra)
        second = None if task.other is None else sums_of(task.other, table, task.extra)
        sums["tasks"].append((first, second))
    sums["path"] = path_of(prepared.tasks[0].part, table)
    return sums


_ONE_AT_A_TIME = threading.Lock()


def table_of(prepared: Prepared, run: int, seed: int) -> Table:
    """Run a unit and lay its firms out; the panel is let go as soon as it is read."""
    experiment, setting = prepared.experiment, prepared.setting
    world_form = experiment.form.scenario
    values = dict(zip(prepared.names, prepared.values[run].tolist(), strict=True))
    mode = FREE if world_form.prices == "free" else FROZEN
    recorder = Recorder(world_form.every, setting.burn_in + world_form.every - 1, keep=prepared.columns)
    claims: dict[str, np.ndarray] = {}

    def watch(mix: str, how: int, quarter: int, calendar: int, city: City) -> None:
        recorder.watch(mix, how, quarter, calendar, city)
        if quarter == setting.quarters - 1:
            claims[mix] = claims_of(city)

    unit = run_unit(setting, values, seed, run, watch=watch, modes=(mode,), forked_at=recorder.start)
    outs = {result.mix: result.out for result in unit.results}
    control = experiment.form.control
    tracks = {name: recorder.tracks[name, RECORD if name == control else mode] for name in setting.order}
    ids = np.unique(np.concatenate([row["firm"] for track in tracks.values() for row in track.rows]))
    origin = quarter_number(world_form.burn_in_start)
    mixes = {}
    for name, track in tracks.items():
        compiled = setting.mixes[name]
        own = {each.address: values[each.address] for each in compiled.uncertain if each.address in values}
        present, columns = lay_out(ids, track.rows)
        track.rows.clear()
        parameters = parameters_by_quarter(setting, unit.world, compiled, own)
        mixes[name] = Mix(present, columns, claims[name], tuple(compiled.clauses), outs[name], parameters)
    with _ONE_AT_A_TIME:  # a first call compiles the random numbers
        mobile = float(ground_of(setting, unit.world, 0.0).mobile_part[0])
    return Table(
        ids=ids,
        quarters=np.array(tracks[control].quarters) + origin,
        span=world_form.every,
        origin=origin,
        treatment=experiment.treatment,
        mixes=mixes,
        control=control,
        world=unit.world,
        setting=setting,
        defined=experiment.defined,
        seed=seed,
        luck=run,
        mobile_part=mobile,
    )


def path_of(part: Part, table: Table) -> np.ndarray:
    """For the figure: relative paired difference of the outcome by record; empty where it has no path."""
    row = table.row(part.outcome)
    if isinstance(part, Bunching | Discontinuity) or row.kind not in (FLOW, "stock", TOTAL):
        return np.zeros(0)
    mix, control = mixes_of(part, table)
    out = []
    for quarter in table.quarters:
        when = part.model_copy(
            update={"window": [quarter_name(int(quarter) - table.span + 1), quarter_name(int(quarter))]}
        )
        pair = Paired.model_validate(
            {key: getattr(when, key) for key in Part.model_fields if key not in ("against", "split", "band")}
            | {"estimator": "paired", "mix": mix, "control": control}
        )
        sums = sums_of(pair, table)
        level = sums[4] / sums[5] if sums[5] else 0.0
        out.append(sums[1] / sums[2] / level - 1.0 if level > 0.0 and sums[2] else np.nan)
    return np.array(out)


def gathered(prepared: Prepared, rows: Sequence[dict[str, Any]], quick: bool) -> Result:
    """Entries of an experiment from the sums of all its runs."""
    entries = tuple(
        entry_of(task, [row["tasks"][number] for row in rows]) for number, task in enumerate(prepared.tasks)
    )
    return Result(prepared.experiment, entries, len(rows), quick, picture_of(prepared, rows))


def entry_of(task: Task, rows: Sequence[tuple[np.ndarray, np.ndarray | None]]) -> Entry:
    """An estimate over the runs, its interval, and whether it is inside its band."""
    single = [_combined(task, *row) for row in rows]
    values = np.array([np.nan if isinstance(each, Unidentified) else each for each in single])
    estimate, interval, why = (_pooled if task.part.pool else _by_run)(task, rows, single, values)
    band = None if task.band is None else _ends(task.band)
    passed = None if task.band is None else estimate is not None and inside(estimate, task.band)
    if not why and passed is False:
        why = task.part.why or ""
    return Entry(task.name, task.title, estimate, interval, band, passed, why, task.part.unit, task.part.pool,
                 tuple(values.tolist()))  # fmt: skip


def _combined(task: Task, first: np.ndarray, second: np.ndarray | None) -> Answer:
    one = answer(task.part, first)
    if task.other is None or second is None or task.part.against is None:
        return one
    plain_one = one if isinstance(one, Unidentified) else one / float(task.part.scale)
    other = answer(task.other.model_copy(update={"scale": Decimal(1)}), second)
    both = combined(plain_one, other, task.part.against.by)
    return both if isinstance(both, Unidentified) else both * float(task.part.scale)


Found = tuple[float | None, tuple[float, float] | None, str]


def _by_run(task: Task, rows: Sequence[Any], single: Sequence[Answer], values: np.ndarray) -> Found:
    """Median and percentiles of the runs' own estimates."""
    good = values[np.isfinite(values)]
    if good.size < max(1.0, IDENTIFIED * values.size):
        reason = next((each.why for each in single if isinstance(each, Unidentified)), "no run")
        return None, None, f"not identified in {values.size - good.size} of {values.size} runs: {reason}"
    low, high = np.percentile(good, [LOW, HIGH])
    return float(np.median(good)), (float(low), float(high)), ""


def _pooled(task: Task, rows: Sequence[Any], single: Sequence[Answer], values: np.ndarray) -> Found:
    """The estimate of all runs together; the interval from runs drawn again with replacement."""
    first = np.array([row[0] for row in rows])
    second = None if rows[0][1] is None else np.array([row[1] for row in rows])
    whole = _combined(task, first.sum(axis=0), None if second is None else second.sum(axis=0))
    if isinstance(whole, Unidentified):
        return None, None, f"not identified: {whole.why}"
    generator = np.random.default_rng(0)
    again = []
    for _ in range(RESAMPLES):
        pick = generator.integers(0, len(rows), len(rows))
        one = _combined(task, first[pick].sum(axis=0), None if second is None else second[pick].sum(axis=0))
        if not isinstance(one, Unidentified):
            again.append(one)
    if len(again) < IDENTIFIED * RESAMPLES:
        return None, None, "not identified in runs drawn again"
    low, high = np.percentile(again, [LOW, HIGH])
    return whole, (float(low), float(high)), ""


def inside(value: float, band: Bound) -> bool:
    """Whether a value lies in a band; ``min`` and ``max`` include, ``above`` and ``below`` exclude."""
    return (
        (band.min is None or value >= float(band.min))
        and (band.above is None or value > float(band.above))
        and (band.max is None or value <= float(band.max))
        and (band.below is None or value < float(band.below))
    )


def _ends(band: Bound) -> tuple[float | None, float | None]:
    low = band.min if band.min is not None else band.above
    high = band.max if band.max is not None else band.below
    return (None if low is None else float(low), None if high is None else float(high))


def picture_of(prepared: Prepared, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the figure of an experiment shows: a path of effects, a histogram at a line, or the runs' estimates."""
    part = prepared.tasks[0].part
    if isinstance(part, Bunching):
        counts = np.sum([row["tasks"][0][0] for row in rows], axis=0)
        edges = float(part.reach[0]) + float(part.width) * np.arange(counts.shape[1] + 1)
        return {"kind": "bunching", "edges": edges, "mix": counts[0], "control": counts[1], "line": line_bin(part)}
    paths = np.array([row["path"] for row in rows])
    if paths.size and np.isfinite(paths).any():
        row = prepared.experiment.defined.get(part.outcome) or KNOWN[part.outcome]
        return {"kind": "path", "paths": paths, "of": (row.en, row.zh), "treatment": prepared.experiment.treatment,
                "quarters": _quarters(prepared)}  # fmt: skip
    return {"kind": "runs"}


def _quarters(prepared: Prepared) -> np.ndarray:
    world = prepared.experiment.form.scenario
    start, end = quarter_number(world.start), quarter_number(world.end)
    return np.arange(start + world.every - 1, end + 1, world.every)


__all__ = ["Entry", "Result", "Task", "prepare", "validate", "window_of"]
