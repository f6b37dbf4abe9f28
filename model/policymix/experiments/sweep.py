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

from policymix.engine.warm import warm
from policymix.errors import InvalidFile, InvalidValue, RunFailed
from policymix.experiments import crew, store, sweep_store
from policymix.experiments.blocks import Report, fail_block, run_block, run_block_of
from policymix.experiments.plan import Block, Plan, plan_of
from policymix.experiments.reuse import known_runs
from policymix.experiments.study import Study, load_study, tables_of, write_study
from policymix.experiments.sweep_store import DONE, FAILED, LOG

if TYPE_CHECKING:
    import xarray


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
        blocks, failed = to_do(plan, folder, resume, retry)
        known = [str(Path(each).absolute()) for each in reuse]
        _work(plan, folder, blocks, failed, threads, processes, scheduler, known, progress, stopping)
    return sweep_store.open_sweep(folder)


def prepare(plan: Plan, folder: Path, resume: bool) -> None:
    """Make the store, or make sure that the one that is there is of the same study and code."""
    if not store.is_sweep(folder):
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


def to_do(plan: Plan, folder: Path, resume: bool, retry: bool) -> tuple[list[Block], int]:
    """Blocks that are missing or damaged, after what a killed process left is gone and the frame is whole.

    Returns
    -------
    left : blocks to run
    failed : failed runs of the others
    """
    sweep_store.remove_leftovers(folder)
    if resume:
        mend_frame(plan, folder)
    left, failed = [], 0
    for block in plan.blocks:
        found = sweep_store.read_block(folder, plan, block)
        if found is None or (retry and (found[1] == FAILED).any()):
            left.append(block)
        else:
            failed += int((found[1] == FAILED).sum())
    return left, failed


def mend_frame(plan: Plan, folder: Path) -> None:
    """Compare template, inputs and manifest with what the study gives today, and mend what is damaged.

    Raises
    ------
    InvalidValue, InvalidFile
        The store is of another study, or of other code or versions; or nobody can tell, since its manifest is damaged
        and more than that.
    """
    fresh = folder / LOG / f"{sweep_store.FRAME}.{os.getpid()}"
    try:
        sweep_store.write_frame(plan, fresh, files_of(plan), write_study(plan.study))
        _refuse_other(folder, fresh)
        for path in sorted(path for path in fresh.rglob("*") if path.is_file()):
            place = folder / path.relative_to(fresh)
            if not place.is_file() or not filecmp.cmp(path, place, shallow=False):
                place.parent.mkdir(parents=True, exist_ok=True)
                path.replace(place)
    except OSError as error:
        raise RunFailed(f"cannot write to {folder}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _refuse_other(folder: Path, fresh: Path) -> None:
    today = sweep_store.manifest_at(fresh)
    try:
        stated = sweep_store.manifest_at(folder)
    except InvalidFile:
        # inputs and code in one hash for every run, and the study for the size of the chunks
        identity = (Path(sweep_store.ZARR, "unit_hash", "c", "0", "0", "0"), Path(store.INPUTS, "study.toml"))
        if all((folder / each).is_file() and filecmp.cmp(folder / each, fresh / each, False) for each in identity):
            return
        raise
    differing = [
        f"{key}: {_short(stated.get(key))} there, {_short(today.get(key))} now"
        for key in {**stated, **today}
        if stated.get(key) != today.get(key) and key not in ("inputs", "inputs_and_code", "units", "frame")
    ]
    differing += [
        f"inputs/{name} differs"
        for name in sorted({**stated.get("inputs", {}), **today["inputs"]})
        if stated.get("inputs", {}).get(name) != today["inputs"].get(name)
    ]
    if not differing and stated.get("inputs_and_code") != today["inputs_and_code"]:
        differing = ["the program's code differs"]
    if not differing and stated != today:
        differing = ["the inputs of its runs differ"]
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
    from filelock import Timeout

    holder = folder / LOG / "holder.json"
    try:
        (folder / LOG).mkdir(exist_ok=True)
        with sweep_store.lock_of(folder):
            holder.write_text(json.dumps({"process": os.getpid(), "host": platform.node()}), encoding="utf-8")
            yield
            holder.unlink(missing_ok=True)
    except Timeout:
        raise RunFailed(f"{folder}: {_holder(holder)} is at work on it") from None
    except OSError as error:
        raise RunFailed(f"cannot write to {folder}: {error.strerror or error}") from error


def _holder(path: Path) -> str:
    """Who holds a store, as far as it says."""
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
        return f"process {who['process']} on {who['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _work(
    plan: Plan,
    folder: Path,
    blocks: Sequence[Block],
    failed: int,
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
    standing = plan.runs - sum(len(plan.mixes) * len(block.units) for block in blocks)
    state = {"done": standing, "failed": failed}

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
    if not blocks:
        return
    arguments = (str(folder.absolute()), store.hash_file(folder / store.MANIFEST), tuple(reuse))
    if scheduler is not None:
        with crew.cluster(scheduler) as (submit, count):
            work_through(submit=_away(submit, *arguments), width=lambda: 2 * max(1, count()))
    elif processes is not None:
        with crew.processes(processes) as submit:
            work_through(submit=_away(submit, *arguments), width=lambda: processes)
    else:
        width = threads or os.cpu_count() or 1
        with crew.threads(width) as submit:
            work_through(
                submit=lambda number: submit(run_block, plan, folder, plan.blocks[number], known, tell),
                width=lambda: width,
            )
    _log(folder, "end", done=state["done"], failed=state["failed"])


def _away(
    submit: Callable[..., Future[Report]], folder: str, manifest: str, reuse: tuple
) -> Callable[[int], Future[Report]]:
    """Blocks by their number, for workers that read the study themselves."""
    return lambda number: submit(run_block_of, folder, number, manifest, reuse)


def _log(folder: Path, event: str, file: str = "events.jsonl", **what: Any) -> None:
    row = {"at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "event": event, **what}
    with (folder / LOG / file).open("a", encoding="utf-8") as log:
        log.write(json.dumps(row, ensure_ascii=False) + "\n")


def counts(folder: Path) -> dict[str, int]:
    """Runs of a store by state."""
    found = sweep_store.open_sweep(folder)["state"].values
    return {"runs": found.size, "done": int((found == DONE).sum()), "failed": int((found == FAILED).sum())}
