"""What all visitors share: results by what they depend on, made once, read only, bounded in number."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Stock(Generic[Thing]):
    """Things by key, the longest unused thrown out; who asks for one that is being made waits for it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._held: OrderedDict[Hashable, Future[Thing]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Thing]) -> Thing:
        """The thing of a key, made now if nobody has; what fails is not kept."""
        with self._lock:
            future, mine = self._held.get(key), False
            if future is None:
                future, mine = Future(), True
                self._held[key] = future
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        if mine:
            self._make(key, future, make)
        return future.result()

    def __contains__(self, key: Hashable) -> bool:
        """Whether the thing is there, not only begun."""
        with self._lock:
            future = self._held.get(key)
        return future is not None and future.done() and future.exception() is None

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._held.clear()

    def __len__(self) -> int:
        return len(self._held)

    def _make(self, key: Hashable, future: Future[Thing], make: Callable[[], Thing]) -> None:
        try:
            future.set_result(make())
        except BaseException as error:
            with self._lock:
                if self._held.get(key) is future:
                    del self._held[key]
            future.set_exception(error)
            raise
