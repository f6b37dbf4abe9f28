"""Threads that work for all visitors: what is wanted sooner goes first, in the order in which it was asked for."""

from __future__ import annotations

import itertools
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from typing import Any

FIRST, LATER, IDLE = 0, 1, 2
"""Parts of a preliminary answer; the rest of an answer; what nobody waits for yet."""


class Crew:
    """A few daemon threads and one queue."""

    def __init__(self, size: int) -> None:
        self._waiting: queue.PriorityQueue[tuple[int, int, Future[Any], Callable[[], Any]]] = queue.PriorityQueue()
        self._numbers = itertools.count()
        for number in range(size):
            threading.Thread(target=self._work, name=f"policymix-page-{number}", daemon=True).start()

    def submit(self, urgency: int, work: Callable[[], Any]) -> Future[Any]:
        """A future of ``work()``; `Future.cancel` takes it back unless it has begun."""
        future: Future[Any] = Future()
        self._waiting.put((urgency, next(self._numbers), future, work))
        return future

    def _work(self) -> None:
        while True:
            _, _, future, work = self._waiting.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
                future.set_exception(error)


@cache
def shared_crew() -> Crew:
    """The crew of this process: a thread for each processor."""
    return Crew(os.cpu_count() or 1)
