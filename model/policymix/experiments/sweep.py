"""A sweep: the blocks of a study worked through by threads, processes or a cluster, and never lost."""

from __future__ import annotations

import contextlib
import filecmp
import json
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from policymix.engine.warm import warm
from policymix.errors import InvalidValue, RunFailed
from policymix.experiments import crew, store, sweep_store
from policymix.experiments.blocks import Report, fail_block, run_block, run_block_of
from policymix.experiments.plan import Block, Plan, code_of, plan_of
from policymix.experiments.reuse import known_runs
from policymix.experiments.study import Study, load_study, tables_of, write_study
from policymix.experiments.sweep_store import DONE, FAILED, LOG

if TYPE_CHECKING:
    import xarray

LOCK = "lock"


@dataclass(frozen=True)
class Progress:
    """Where a sweep stands: runs in all, done (failed ones included), failed; of these, done before it began."""

    runs: int
    done: int
    failed: int
    before: int


def sweep(
    study: str | os.PathLike[str] | Mapping[str, Any] | Study,
    *,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    threads: int | None = None,
    processes: int | None = None,
    scheduler: str | None = None,
    reuse: Sequence[str | os.PathLike[str]] = (),
    retry: bool = False,
    progress: Callable[[Progress], None] | None = None,
    stopping: Callable[[int], None] | None = None,
) -> xarray.Dataset:
    """Run a study and return its results as a lazy Dataset.

    Parameters
    ----------
    study : name, path, table of keys, or a study from `load_study`
    out : folder of the store; ``out/ID`` by default
    resume : go on with a store that is there; damaged or missing blocks are run again
    threads : units of work at once in this process; all cores by default
    processes : blocks at once in processes of their own, instead of threads
    scheduler : address of a Dask scheduler, instead of either; its workers must see the folder under the same path
    reuse : stores whose runs are taken over where the hash of inputs and code is the same
    retry : run failed runs again
    progress : called with a `Progress`
    stopping : called with the number of blocks still at work when the user interrupts

    Raises
    ------
    PolicymixError
        The study is wrong, the folder holds something else or cannot be written, another process is at work on it.
    Interrupted
        After Ctrl-C: what ran is finished and stored.
    """
    chosen = load_study(study)
    plan = plan_of(chosen)
    folder = Path(out or Path("out") / chosen.id)
    prepare(plan, folder, resume)
    with locked(folder):
        blocks = to_do(plan, folder, resume, retry)
        before = np.asarray([block.number not in {b.number for b in blocks} for block in plan.blocks])
        _work(
            plan,
            folder,
            blocks,
            before,
            threads,
            processes,
            scheduler,
            [str(each) for each in reuse],
            progress,
            stopping,
        )
    return sweep_store.open_sweep(folder)


def prepare(plan: Plan, folder: Path, resume: bool) -> None:
    """Make the store, or make sure that the one that is there is of the same study and code."""
    if not sweep_store.is_store(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InvalidValue(
                "out", f"{folder}, which holds something else", "a new folder, or the store of this study"
            )
        if folder.exists():
            folder.rmdir()
        sweep_store.create(plan, folder, files_of(plan), write_study(plan.study))
    elif not resume:
        expected = "--resume to go on with it, or another folder: --out"
        raise InvalidValue("out", f"{folder}, a sweep that is there already", expected)


def files_of(plan: Plan) -> dict[str, Path]:
    """Every file that a study reads, by its name under ``inputs/``."""
    return store.input_files(plan.inputs.scenario) | tables_of(plan.study)


def to_do(plan: Plan, folder: Path, resume: bool, retry: bool) -> list[Block]:
    """Blocks that are missing or damaged, after what a killed process left is gone and the frame is whole."""
    sweep_store.remove_leftovers(folder)
    if resume:
        mend_frame(plan, folder)
    left = []
    for block in plan.blocks:
        found = sweep_store.read_block(folder, plan, block)
        if found is None or (retry and (found[1] == FAILED).any()):
            left.append(block)
    return left


def mend_frame(plan: Plan, folder: Path) -> None:
    """Compare template, inputs and manifest with what the study gives today, and mend what is damaged.

    Raises
    ------
    InvalidValue
        The store is of another study, or of other code or versions.
    """
    fresh = folder / LOG / f"frame.{os.getpid()}"
    try:
        sweep_store.write_frame(plan, fresh, files_of(plan), write_study(plan.study))
        _refuse_other(folder, json.loads((fresh / store.MANIFEST).read_text(encoding="utf-8")))
        for path in sorted(path for path in fresh.rglob("*") if path.is_file()):
            place = folder / path.relative_to(fresh)
            if not place.is_file() or not filecmp.cmp(path, place, shallow=False):
                place.parent.mkdir(parents=True, exist_ok=True)
                path.replace(place)
    except OSError as error:
        raise RunFailed(f"cannot write to {folder}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _refuse_other(folder: Path, today: Mapping[str, Any]) -> None:
    stated = store.read_manifest(folder)
    differing = [
        f"{key}: {_short(stated.get(key))} there, {_short(today.get(key))} now"
        for key in {**stated, **today}
        if stated.get(key) != today.get(key) and key not in ("inputs", "inputs_and_code", "units")
    ]
    differing += [
        f"inputs/{name} differs"
        for name in sorted({**stated.get("inputs", {}), **today["inputs"]})
        if stated.get("inputs", {}).get(name) != today["inputs"].get(name)
    ]
    if not differing and stated.get("inputs_and_code") != today["inputs_and_code"]:
        differing = ["the program's code differs"]
    if differing:
        raise InvalidValue(
            f"{folder}", "; ".join(differing[:6]), "the same study and version, or another folder: --out"
        )


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the store's lock, which the operating system gives back however the process ends.

    Raises
    ------
    RunFailed
        Another process has it.
    """
    from filelock import FileLock, Timeout

    (folder / LOG).mkdir(exist_ok=True)
    lock = FileLock(folder / LOG / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = folder / LOG / "holder.json"
        with contextlib.suppress(OSError, ValueError, KeyError):
            who = json.loads(holder.read_text(encoding="utf-8"))
            raise RunFailed(f"{folder}: process {who['process']} on {who['host']} is at work on it") from None
        raise RunFailed(f"{folder}: another process is at work on it") from None
    try:
        who = {"process": os.getpid(), "host": platform.node()}
        (folder / LOG / "holder.json").write_text(json.dumps(who), encoding="utf-8")
        yield
    finally:
        (folder / LOG / "holder.json").unlink(missing_ok=True)
        lock.release()


def _work(
    plan: Plan,
    folder: Path,
    blocks: Sequence[Block],
    before: np.ndarray,
    threads: int | None,
    processes: int | None,
    scheduler: str | None,
    reuse: list[str],
    progress: Callable[[Progress], None] | None,
    stopping: Callable[[int], None] | None,
) -> None:
    """Work through blocks and keep the log."""
    known = known_runs(plan, reuse)
    if blocks:
        warm(plan.scenario.rules, plan.setting.contract, plan.setting.general)
    per_block = {block.number: len(plan.mixes) * len(block.units) for block in plan.blocks}
    standing = sum(per_block[block.number] for block in plan.blocks if before[block.number])
    state = {"done": standing, "failed": len(sweep_store.read_failures(folder))}

    def tell(done: int, failed: int) -> None:
        state["done"] += done
        state["failed"] += failed
        if progress is not None:
            progress(Progress(plan.runs, state["done"], state["failed"], standing))

    def finished(report: Report) -> None:
        if not counting_runs:
            tell(report.runs, report.failed)
        _log(folder, "block", **{key: value for key, value in asdict(report).items() if key != "tracebacks"})
        for row in report.tracebacks:
            _log(folder, "failure", file="failures.jsonl", **row)

    def killed(number: int) -> Report:
        return fail_block(plan, folder, plan.blocks[number], RunFailed(crew.KILLED))

    counting_runs = processes is None and scheduler is None
    tell(0, 0)
    _log(folder, "begin", runs=plan.runs, done=standing, host=platform.node(), process=os.getpid())
    work_through = partial(
        crew.work_through,
        [b.number for b in blocks],
        done=finished,
        killed=killed,
        stopping=stopping or (lambda left: None),
    )
    arguments = (str(folder.absolute()), code_of(plan), tuple(reuse))
    if not blocks:
        return
    if scheduler is not None:
        with crew.cluster(scheduler) as (submit, width):
            work_through(submit=_away(submit, *arguments), width=2 * width)
    elif processes is not None:
        with crew.processes(processes) as submit:
            work_through(submit=_away(submit, *arguments), width=processes)
    else:
        width = threads or os.cpu_count() or 1
        with crew.threads(width) as submit:
            work_through(
                submit=lambda number: submit(run_block, plan, folder, plan.blocks[number], known, tell), width=width
            )
    _log(folder, "end", done=state["done"], failed=state["failed"])


def _away(
    submit: Callable[..., Future[Report]], folder: str, code: str, reuse: tuple
) -> Callable[[int], Future[Report]]:
    """Blocks by their number, for workers that read the study themselves."""
    return lambda number: submit(run_block_of, folder, number, code, reuse)


def _log(folder: Path, event: str, file: str = "events.jsonl", **what: Any) -> None:
    row = {"at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "event": event, **what}
    with (folder / LOG / file).open("a", encoding="utf-8") as log:
        log.write(json.dumps(row, ensure_ascii=False) + "\n")


def counts(folder: Path) -> dict[str, int]:
    """Runs of a store by state."""
    found = sweep_store.open_sweep(folder)["state"].values
    return {"runs": found.size, "done": int((found == DONE).sum()), "failed": int((found == FAILED).sum())}
