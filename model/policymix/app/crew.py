"""Threads that work for all visitors: what is wanted sooner goes first, and of that whoever has waited longest."""

from __future__ import annotations

import itertools
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import cache
from typing import Any, TypeVar

Thing = TypeVar("Thing")

PATIENCE = 0.2
"""Seconds between looks at whether a visitor still waits."""
FIRST, PICTURE, LATER, IDLE = 0, 1, 2, 3
"""Parts of a preliminary answer; figures; the rest of an answer; what nobody waits for yet."""


class Crew:
    """A few daemon threads and one queue."""

    def __init__(self, size: int) -> None:
        self._waiting: queue.PriorityQueue[tuple[int, int, int, Future[Any], Callable[[], Any]]] = queue.PriorityQueue()
        self._numbers = itertools.count()
        for number in range(size):
            threading.Thread(target=self._work, name=f"policymix-page-{number}", daemon=True).start()

    def turn(self) -> int:
        """A place in the queue, behind all that is there."""
        return next(self._numbers)

    def submit(self, urgency: int, work: Callable[[], Any], turn: int | None = None) -> Future[Any]:
        """A future of ``work()``; `Future.cancel` takes it back unless it has begun.

        Parameters
        ----------
        urgency : the least goes first
        turn : a place taken earlier, by `turn`: who changes what is asked for keeps the place
        """
        future: Future[Any] = Future()
        number = self.turn()
        self._waiting.put((urgency, number if turn is None else turn, number, future, work))
        return future

    def awaited(
        self, urgency: int, work: Callable[[], Thing], cancelled: threading.Event, turn: int | None = None
    ) -> Thing | None:
        """What ``work`` makes; None, and nothing if it has not begun, once it is cancelled."""
        future = self.submit(urgency, lambda: None if cancelled.is_set() else work(), turn)
        while not cancelled.is_set():
            if wait([future], timeout=PATIENCE).done:
                return future.result()
        future.cancel()
        return None

    def _work(self) -> None:
        while True:
            self._work_one()

    def _work_one(self) -> None:
        """Do what waits, and hold nothing of it while waiting for more."""
        *_, future, work = self._waiting.get()
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(error)


@cache
def shared_crew() -> Crew:
    """The crew of this process: a thread for each processor."""
    return Crew(os.cpu_count() or 1)
