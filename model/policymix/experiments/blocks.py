"""One block of a sweep: its units run, reduced and written, by whoever has been given it.

A worker needs the store's folder and the block's number, nothing else; in a process of its own it reads the study from
the store. What fails is a row with its inputs, luck and reason; only the disk can stop a block.
"""

from __future__ import annotations

import os
import platform
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from policymix import catalog
from policymix.engine.timetable import FREE, FROZEN
from policymix.engine.unit import fork_unit, run_fork
from policymix.errors import PolicymixError, RunFailed
from policymix.experiments import store, sweep_store
from policymix.experiments.appraised import fields_of
from policymix.experiments.plan import Block, Plan, code_of, plan_of
from policymix.experiments.reducing import kept_of_mix, kept_of_unit
from policymix.experiments.study import load_study
from policymix.experiments.sweep_store import DONE, FAILED

MODES = {"frozen": FROZEN, "free": FREE}
RUNAWAY = "the draw's feedback loop would run away"
FAILURES_OF_A_RUN = (
    PolicymixError, ArithmeticError, LookupError, ValueError, TypeError, RuntimeError, AssertionError, MemoryError,
)  # fmt: skip
"""What a run may fail by; an error of the disk is not among them: it stops the sweep."""

Tick = Callable[[int, int], None]
"""Called with (runs done, runs failed) since the last call."""
Known = Callable[[Plan, int, int], Mapping[str, Mapping[str, np.ndarray]]]
"""Variables by mix that are known already of a unit (draw, replicate), from another store."""


@dataclass
class Report:
    """What became of a block: for the log and for progress."""

    block: int
    runs: int = 0
    failed: int = 0
    reused: int = 0
    seconds: float = 0.0
    host: str = ""
    process: int = 0
    tracebacks: list[dict[str, Any]] = field(default_factory=list)


def run_block(plan: Plan, folder: Path, block: Block, known: Known | None = None, tick: Tick | None = None) -> Report:
    """Run the units of a block and write them.

    Raises
    ------
    RunFailed
        The disk is full or cannot be written.
    """
    begun = time.monotonic()
    report = Report(block.number, host=platform.node(), process=os.getpid())
    numbers = {s.variable: np.full(_sizes(plan, s.dims, block), np.nan) for s in plan.stored}
    states = np.full((len(plan.mixes), len(block.draws), len(block.replicates)), DONE, np.uint8)
    failures: list[dict[str, Any]] = []
    position = {mix: m for m, mix in enumerate(plan.mixes)}
    dims = {stored.variable: stored.dims for stored in plan.stored}
    for draw, replicate in block.units:
        at = {"draw": draw - block.draws.start, "replicate": replicate - block.replicates.start}
        given = known(plan, draw, replicate) if known is not None else {}
        for mix, found in runs_of_unit(plan, draw, replicate, given):
            m = position[mix]
            if isinstance(found, Exception):
                states[m, at["draw"], at["replicate"]] = FAILED
                failures.append(_row(plan, mix, draw, replicate, found))
                report.tracebacks.append({**failures[-1], "traceback": "".join(traceback.format_exception(found))})
            else:
                for name, value in found.items():
                    _place(numbers[name], dims[name], {**at, "mix": m}, value)
            report.runs += 1
            report.reused += mix in given
            report.failed += isinstance(found, Exception)
            if tick is not None:
                tick(1, int(isinstance(found, Exception)))
    try:
        sweep_store.write_block(folder, plan, block, numbers, states, failures)
    except OSError as error:
        raise RunFailed(f"cannot write to {folder}: {error.strerror or error}") from error
    report.seconds = time.monotonic() - begun
    return report


def runs_of_unit(
    plan: Plan,
    draw: int,
    replicate: int,
    given: Mapping[str, Mapping[str, np.ndarray]],
    mixes: Sequence[str] | None = None,
) -> Iterator[tuple[str, Mapping[str, np.ndarray] | Exception]]:
    """Every mix of a unit (or those named) with its variables, or with the error that it failed by.

    Parameters
    ----------
    given : variables by mix that are known already
    """
    wanted = plan.mixes if mixes is None else mixes
    todo = [mix for mix in wanted if mix not in given]
    yield from given.items()
    if not todo:
        return
    baseline = plan.scenario.baseline
    try:
        if plan.unstable[draw]:
            raise RunFailed(RUNAWAY)
        seed, luck, layers = plan.scenario.seed, plan.luck(draw, replicate), plan.layers(draw)
        unit = fork_unit(plan.setting, plan.numbers(draw), seed, luck, todo, layers=layers)
        of_unit = kept_of_unit(plan.setting, unit, plan.stored, plan.coords)
    except FAILURES_OF_A_RUN as error:
        yield from ((mix, error) for mix in todo)
        return
    modes = [MODES[prices] for prices in plan.study.prices]
    fields = fields_of(stored.name for stored in plan.stored)
    for mix in todo:
        try:
            results = (
                [unit.baseline] if mix == baseline else [each for each, _ in run_fork(unit, mix, modes, fields=fields)]
            )
            found = kept_of_mix(plan.setting, unit, results, plan.stored, plan.coords)
            found |= of_unit if mix == baseline else {}
            _refuse_nan(found)
        except FAILURES_OF_A_RUN as error:
            yield mix, error
        else:
            yield mix, found


def _refuse_nan(found: Mapping[str, np.ndarray]) -> None:
    """What is not a number is a failure, never data."""
    for name, value in found.items():
        wrong = np.size(value) - int(np.isfinite(value).sum())
        if wrong:
            raise RunFailed(f"{name}: {wrong} of {np.size(value)} numbers are not finite")


def _row(plan: Plan, mix: str, draw: int, replicate: int, error: Exception) -> dict[str, Any]:
    """A failed run: where it stands, its luck, what it failed by."""
    where = {"mix": mix, "draw": draw, "replicate": replicate, "luck": plan.luck(draw, replicate)}
    return where | {"packages": plan_packages(plan, mix), "error": type(error).__name__, "reason": str(error)}


def plan_packages(plan: Plan, mix: str) -> str:
    """Packages of a mix in one text."""
    return "+".join(package.id for package in plan.mixes[mix])


def fail_block(plan: Plan, folder: Path, block: Block, error: Exception) -> Report:
    """Write a block of which nothing could be run: every run of it is a row with one reason."""
    numbers = {s.variable: np.full(_sizes(plan, s.dims, block), np.nan) for s in plan.stored}
    states = np.full((len(plan.mixes), len(block.draws), len(block.replicates)), FAILED, np.uint8)
    failures = [_row(plan, mix, draw, replicate, error) for draw, replicate in block.units for mix in plan.mixes]
    sweep_store.write_block(folder, plan, block, numbers, states, failures)
    return Report(block.number, runs=len(failures), failed=len(failures), host=platform.node(), process=os.getpid())


def run_block_of(folder: str, number: int, manifest: str, reuse: Sequence[str] = ()) -> Report:
    """Run a block in a process of its own, which may be on another machine that sees the same folder.

    Parameters
    ----------
    manifest : hash of the store's manifest, as whoever hands out the blocks sees it

    Raises
    ------
    RunFailed
        The process does not see that store, or has other code or versions than the one that made it.
    """
    plan = _plan_of_worker(folder, manifest)
    standing = sweep_store.read_block(Path(folder), plan, plan.blocks[number])
    if standing is not None and (standing[1] == DONE).all():  # a cluster runs again what a dead worker had finished
        return Report(number, runs=standing[1].size, reused=standing[1].size, host=platform.node(), process=os.getpid())
    from policymix.experiments.reuse import known_runs

    return run_block(plan, Path(folder), plan.blocks[number], known_runs(plan, reuse))


@lru_cache(maxsize=1)
def _plan_of_worker(folder: str, manifest: str) -> Plan:
    """The plan of a store, read once a process, if this process would run it as the store's maker does."""
    host, path = platform.node(), Path(folder) / store.MANIFEST
    if not path.is_file() or store.hash_file(path) != manifest:
        there = "another store" if path.is_file() else "no store"
        raise RunFailed(f"{host}: a worker sees {there} at {folder}; all machines need the folder under the same path")
    plan, stated = stored_plan(folder), sweep_store.manifest_at(Path(folder))
    found = store.versions()
    differing = [f"{name} {v} there, {found.get(name, 'absent')} here" for name, v in stated["versions"].items()
                 if name in found and found[name] != v]  # fmt: skip
    if code_of(plan) != stated["inputs_and_code"] or sweep_store.units_hash(plan) != stated["units"]:
        what = "; ".join(differing) or "the program's code differs"
        raise RunFailed(f"{host}: this worker is not what made the store {folder}: {what}")
    return plan


def stored_plan(folder: str) -> Plan:
    """The plan of a store, from its own inputs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", catalog.HiddenFile)  # the copies are meant to come before the shipped files
        return plan_of(load_study(Path(folder) / store.INPUTS / "study.toml"))


def _sizes(plan: Plan, dims: Sequence[str], block: Block) -> tuple[int, ...]:
    sizes = {dim: len(labels) for dim, labels in plan.coords.items()}
    sizes |= {"draw": len(block.draws), "replicate": len(block.replicates)}
    return tuple(sizes[dim] for dim in dims)


def _place(array: np.ndarray, dims: Sequence[str], at: Mapping[str, int], value: np.ndarray) -> None:
    array[tuple(at.get(dim, slice(None)) for dim in dims)] = value
