"""Who works through the blocks of a sweep: threads, processes of this machine, or a Dask cluster.

Blocks are handed out a few at a time, so that an interruption waits for those that run and for no others.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from policymix.errors import NotFound, RunFailed
from policymix.experiments.blocks import Report

DEATHS = 4
"""A block that has killed its worker so often has failed."""
KILLED = f"the worker died {DEATHS} times at this block"


class Interrupted(Exception):
    """Ctrl-C: the blocks that ran are finished, no other was begun."""


def work_through(
    blocks: Sequence[int],
    submit: Callable[[int], Future[Report]],
    width: int,
    done: Callable[[Report], None],
    killed: Callable[[int], Report],
    stopping: Callable[[int], None],
) -> None:
    """Hand out blocks, `width` at a time, until all are done.

    Parameters
    ----------
    submit : begins a block; its future gives a report, or fails by `BrokenProcessPool` when its worker dies
    done : called with every report
    killed : called with a block that killed its worker `DEATHS` times; writes it as failed
    stopping : called with the number of blocks still at work when the user interrupts

    Raises
    ------
    Interrupted
        After Ctrl-C, once the blocks at work are finished; a second one ends at once.
    """
    waiting, running, deaths = list(reversed(blocks)), dict[Future[Report], int](), Counter[int]()
    interrupted = False
    while running or (waiting and not interrupted):
        try:
            while waiting and len(running) < width and not interrupted:
                block = waiting.pop()
                running[submit(block)] = block
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted = True
            stopping(len(running))
            continue
        for future in finished:
            block = running.pop(future)
            error = future.exception()
            if error is None:
                done(future.result())
            elif not _is_death(error):
                raise error
            else:
                deaths[block] += DEATHS if _is_final(error) else 1
                if deaths[block] < DEATHS:
                    waiting.append(block)
                else:
                    done(killed(block))
    if interrupted:
        raise Interrupted


def _is_death(error: BaseException) -> bool:
    """Whether a worker died rather than the work failed."""
    return isinstance(error, BrokenProcessPool) or _is_final(error)


def _is_final(error: BaseException) -> bool:
    """Dask has tried as often as we would; its error is known by name, since Dask may be absent."""
    return type(error).__name__ == "KilledWorker"


@contextlib.contextmanager
def threads(width: int) -> Iterator[Callable[..., Future[Any]]]:
    """Threads of this process around functions that release the interpreter's lock."""
    pool = ThreadPoolExecutor(max_workers=width)
    try:
        yield pool.submit
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def processes(width: int) -> Iterator[Callable[..., Future[Any]]]:
    """Processes of this machine, each with a pool of its own, so that a death is that of one block.

    A process that has died is replaced when the next block is handed out.
    """
    pools = [_pool() for _ in range(width)]
    busy: dict[int, Future[Any]] = {}

    def submit(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        slot = next(n for n in range(width) if n not in busy or busy[n].done())
        last = busy.get(slot)
        if last is not None and isinstance(last.exception(), BrokenProcessPool):
            pools[slot].shutdown(wait=False)
            pools[slot] = _pool()
        busy[slot] = pools[slot].submit(function, *arguments)
        return busy[slot]

    try:
        yield submit
    finally:
        for pool in pools:
            pool.shutdown(wait=True, cancel_futures=True)


def _pool() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=_leave_ctrl_c_to_the_parent)


def _leave_ctrl_c_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def cluster(address: str, timeout: float = 30.0) -> Iterator[tuple[Callable[..., Future[Any]], int]]:
    """Workers of a Dask cluster by the address of its scheduler, and how many threads they have in all.

    Raises
    ------
    NotFound, RunFailed
        Dask is not installed; nobody answers at the address; there is no worker.
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
        width = sum(client.nthreads().values())
        if width == 0:
            raise RunFailed(f"--scheduler: the scheduler at {address} has no workers yet")
        executor: Executor = client.get_executor(pure=False)
        yield executor.submit, width
    finally:
        client.close()
