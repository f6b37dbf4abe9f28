"""Who works through the blocks of a sweep, or units of work: threads, processes of this machine, or a Dask cluster.

Blocks are handed out a few at a time, so that an interruption waits for those that run and for no others.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for_any
from typing import Any, TypeVar

from policymix.errors import NotFound, RunFailed

Report = TypeVar("Report")
"""What becomes of a block."""

DEATHS = 4
"""A block that has killed its worker so often has failed."""
KILLED = f"the worker died {DEATHS} times at this block"


CONTEXT = multiprocessing.get_context("spawn")

PATIENCE = 0.2
"""Seconds between looks at whether the user has interrupted."""

LONELY = 120.0
"""Seconds without a worker after which a sweep on a cluster ends."""


class Interrupted(Exception):
    """Ctrl-C: the blocks that ran are finished, no other was begun."""


def work_through(
    blocks: Sequence[int],
    submit: Callable[[int], Future[Report]],
    width: Callable[[], int],
    done: Callable[[Report], None],
    killed: Callable[[int], Report],
    stopping: Callable[[int], None],
) -> None:
    """Hand out blocks, `width` at a time, until all are done.

    A process pool says which block a worker died of. A cluster blames every block that its dead worker had been given,
    so a block that it gives up is tried once more with nothing beside it, after all others.

    Parameters
    ----------
    submit : begins a block; its future gives a report, or fails by `BrokenProcessPool` when its worker dies
    width : how many blocks may be out at once, asked again each time
    done : called with every report
    killed : called with a block that killed its worker `DEATHS` times; says what becomes of it
    stopping : called with the number of blocks still at work when the user interrupts

    Raises
    ------
    Interrupted
        After Ctrl-C, once the blocks at work are finished; a second one ends at once.
    RunFailed
        A worker cannot work: other code, no such folder, a full disk, a scheduler that is gone.
    """
    waiting, running, deaths = list(reversed(blocks)), dict[Future[Report], int](), Counter[int]()
    suspects: list[int] = []
    with _ctrl_c() as pressed:
        told = False
        while running or ((waiting or suspects) and not pressed.is_set()):
            most = width()
            while waiting and len(running) < most and not pressed.is_set():
                block = waiting.pop()
                running[submit(block)] = block
            if not running and suspects and not pressed.is_set():
                block = suspects.pop(0)
                deaths[block] = DEATHS
                running[submit(block)] = block
            finished, _ = wait(running, timeout=PATIENCE, return_when=FIRST_COMPLETED)
            if pressed.is_set() and not told:
                stopping(len(running))
                told = True
            for future in finished:
                block = running.pop(future)
                error = _error_of(future)
                if error is None:
                    done(future.result())
                elif not _is_death(error):
                    raise error
                elif _gave_up(error) and deaths[block] < DEATHS:
                    suspects.append(block)
                else:
                    deaths[block] += 1
                    if deaths[block] < DEATHS:
                        waiting.append(block)
                    else:
                        done(killed(block))
    if pressed.is_set() and (waiting or suspects):
        raise Interrupted


@contextlib.contextmanager
def _ctrl_c() -> Iterator[threading.Event]:
    """An event in place of an exception, which could strike between any two lines; a second Ctrl-C is the exception."""
    pressed = threading.Event()

    def note(number: int, frame: Any) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    if threading.current_thread() is not threading.main_thread():  # which alone hears of it
        yield pressed
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _error_of(future: Future[Any]) -> BaseException | None:
    """What a block failed by, in words where a worker could not even begin."""
    if future.cancelled():
        return RunFailed("--scheduler: the scheduler is gone; what is stored stays, go on with --resume")
    error = future.exception()
    if isinstance(error, ImportError):
        return RunFailed(f"a worker cannot begin ({error}); policymix has to be installed where it runs")
    if isinstance(error, OSError):
        return RunFailed(f"a worker cannot go on ({error}); what is stored stays, go on with --resume")
    return error


def _is_death(error: BaseException) -> bool:
    """Whether a worker died rather than the work failed."""
    return isinstance(error, BrokenProcessPool) or _gave_up(error)


def _gave_up(error: BaseException) -> bool:
    """Whether it is Dask's error after as many deaths as we would allow; known by name, since Dask may be absent."""
    return type(error).__name__ == "KilledWorker"


@contextlib.contextmanager
def threads(width: int) -> Iterator[Callable[..., Future[Any]]]:
    """Threads of this process around functions that release the interpreter's lock."""
    pool = ThreadPoolExecutor(max_workers=width)
    with _ended([pool]):
        yield pool.submit


@contextlib.contextmanager
def processes(width: int) -> Iterator[Callable[..., Future[Any]]]:
    """Processes of this machine, each with a pool of its own, so that a death is that of one block.

    A process that has died is replaced when the next block is handed out. All of them end with this one, and at once
    after a KeyboardInterrupt.
    """
    theirs, ours = CONTEXT.Pipe(duplex=False)
    pools: list[Executor] = [_pool(theirs) for _ in range(width)]
    busy: dict[int, Future[Any]] = {}

    def submit(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        slot = next(n for n in range(width) if n not in busy or busy[n].done())
        with _children_spared():
            try:
                busy[slot] = pools[slot].submit(function, *arguments)
            except BrokenProcessPool:  # it died at its last block, or since
                pools[slot].shutdown(wait=False)
                pools[slot] = _pool(theirs)
                busy[slot] = pools[slot].submit(function, *arguments)
        return busy[slot]

    with theirs, ours, _ended(pools, cut=ours.close):
        yield submit


@contextlib.contextmanager
def _ended(pools: list[Executor], cut: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Wait for what runs, but not after a second Ctrl-C: the store stands a work that is cut off."""
    patient = True
    try:
        yield
    except KeyboardInterrupt:
        patient = False
        cut()
        raise
    finally:
        for pool in pools:
            pool.shutdown(wait=patient, cancel_futures=True)


def _pool(line: Connection) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max_workers=1, mp_context=CONTEXT, initializer=_begin_worker, initargs=(line,))


def _begin_worker(line: Connection) -> None:
    """Leave Ctrl-C to the parent, and end when the parent is killed or cuts the line: waiting for work would never
    end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None
    ends: list[Any] = [line, parent.sentinel]

    def follow() -> None:
        wait_for_any(ends)
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextlib.contextmanager
def _children_spared() -> Iterator[None]:
    """Processes that begin within are never interrupted by Ctrl-C, not even while they import."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def cluster(address: str, timeout: float = 30.0) -> Iterator[tuple[Callable[..., Future[Any]], Callable[[], int]]]:
    """Workers of a Dask cluster by the address of its scheduler, and a function that counts their threads.

    Raises
    ------
    NotFound, RunFailed
        Dask is not installed; nobody answers at the address; there is no worker within `timeout` seconds.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise NotFound("package", "distributed", ["pip install 'policymix[cluster]'"], where="--scheduler") from None
    try:
        client = Client(address, timeout=timeout)
    except (OSError, ValueError, TimeoutError) as error:
        raise RunFailed(f"--scheduler: no Dask scheduler answers at {address} ({error})") from None
    try:
        try:
            client.wait_for_workers(1, timeout=timeout)
        except TimeoutError:
            raise RunFailed(f"--scheduler: the scheduler at {address} has no workers") from None
        executor: Executor = client.get_executor(pure=False)
        yield executor.submit, _counter(client, address)
    finally:
        client.close()


def _counter(client: Any, address: str) -> Callable[[], int]:
    """A function that counts the threads of all workers that are there now, and gives up when none have long been."""
    seen = [time.monotonic()]

    def count() -> int:
        try:
            found = sum(client.nthreads().values())
        except OSError:
            raise RunFailed("--scheduler: the scheduler is gone; what is stored stays, go on with --resume") from None
        if found:
            seen[0] = time.monotonic()
        elif time.monotonic() - seen[0] > LONELY:
            text = f"the scheduler at {address} has had no workers for {LONELY:.0f} s"
            raise RunFailed(f"--scheduler: {text}; what is stored stays, go on with --resume")
        return found

    return count
