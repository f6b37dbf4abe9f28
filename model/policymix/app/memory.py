"""What becomes of memory when visitors have left."""

from __future__ import annotations

import ctypes
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray

AFTER = 20.0
"""Seconds after a visitor has left until the answer that was shown is let go."""


def let_go(results: xarray.Dataset) -> None:
    """Free the numbers of a visitor who has left, a while later, when nothing draws them any more: Solara holds closed
    sessions for long."""

    def empty() -> None:
        for name in list(results.data_vars):
            del results[name]
        give_back()

    later = threading.Timer(AFTER, empty)
    later.daemon = True
    later.start()


def give_back() -> None:
    """Return to the system what is free: the C library of Linux keeps pieces of it for every thread that has worked."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # musl has no such function, and no need of it
            ctypes.CDLL(None).malloc_trim(0)
