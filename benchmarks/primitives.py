"""What the parts of any loop over firms cost on this machine, in nanoseconds a firm: the measure of a bound.

Each part is a loop over rows of a scratch buffer that lies in the first cache, compiled like the engine's; the cost of
reading and writing the row is taken off, so that a sum of parts leaves out what a real loop cannot.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numba import njit

from policymix.elementary import cos_turn, exp, log
from policymix.engine.rulewriting import aligned
from policymix.engine.streams import finalise, words
from policymix.engine.symbols import BLOCK, STRIDE

REPEATS, PASSES = 200, 40
TIMES = {"exp": 4, "log": 4, "cos": 4, "sqrt": 4, "div": 4, "hash": 4, "simple": 32}
"""How often a loop does what it measures."""
_ONE, _TWO, _THREE = np.uint64(1), np.uint64(2), np.uint64(3)
COMPILER = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True}
KIND = {
    "exp": "exp", "log": "log", "cos": "cosine", "sqrt": "square root", "div": "division", "hash": "hash (splitmix64)",
    "philox": "Philox block", "simple": "simple operation", "clause": "clause",
    "traffic": "8 bytes of a column, there and back",
}  # fmt: skip
"""What is measured, in words."""


def _copy(w, out, a):
    for j in range(BLOCK):
        out[j] = w[j] + a


def _exp(w, out, a):
    for j in range(BLOCK):
        x = w[j] + a
        out[j] = exp(x) + exp(x + 0.25) + exp(x + 0.5) + exp(x + 0.75)


def _log(w, out, a):
    for j in range(BLOCK):
        x = w[j] + a
        out[j] = log(x) + log(x + 0.25) + log(x + 0.5) + log(x + 0.75)


def _cos(w, out, a):
    for j in range(BLOCK):
        x = w[j] + a
        out[j] = cos_turn(x) + cos_turn(x + 0.25) + cos_turn(x + 0.5) + cos_turn(x + 0.75)


def _sqrt(w, out, a):
    for j in range(BLOCK):
        x = w[j] + a
        out[j] = np.sqrt(x) + np.sqrt(x + 0.25) + np.sqrt(x + 0.5) + np.sqrt(x + 0.75)


def _div(w, out, a):
    for j in range(BLOCK):
        x = w[j] + a
        out[j] = 1.0 / (x) + 1.0 / (x + 0.25) + 1.0 / (x + 0.5) + 1.0 / (x + 0.75)


def _simple(w, out, a):
    # Four chains of eight: products and sums that are fused, minima, maxima.
    for j in range(BLOCK):
        x = w[j] + a
        p, q, r, s = x, x + 0.25, x * 0.5, x - 0.25
        p, q, r, s = p * x + 0.5, q * x + 0.25, min(r, x), max(s, x)
        p, q, r, s = max(p, q), min(p, q), r * x + s, s * x + r
        p, q, r, s = p * r + 0.125, q * s + 0.75, min(r, s), max(r, s)
        p, q, r, s = max(p, r), min(q, s), r * p + 0.5, s * q + 0.25
        out[j] = (p + q) + (r + s)


def _clause(w, out, a):
    rate_1, rate_2, rate_3, line_1, width, cap, oldest, least = 0.1 * a, 0.06, 0.03, 0.2, 0.4, 0.1, 40.0, 0.1
    for j in range(BLOCK):
        x = w[j] + a
        amount = (
            rate_1 * min(x, line_1) + rate_2 * min(max(x - line_1, 0.0), width) + rate_3 * max(x - line_1 - width, 0.0)
        )
        able = (w[2 * STRIDE + j] <= oldest) & (x >= least) & (int(w[3 * STRIDE + j]) & 4 != 0)
        out[j] = min(amount, cap) if able else 0.0


ROWS = {
    "copy": _copy, "exp": _exp, "log": _log, "cos": _cos, "sqrt": _sqrt, "div": _div, "simple": _simple,
    "clause": _clause,
}  # fmt: skip


@njit(**COMPILER)
def _hashes(h, repeats):
    for repeat in range(repeats):
        to = STRIDE * (4 + (repeat & 7))
        out = h[to : to + BLOCK]
        for j in range(BLOCK):
            x = h[j] + np.uint64(repeat)
            out[j] = finalise(x) ^ finalise(x + _ONE) ^ finalise(x + _TWO) ^ finalise(x + _THREE)


@njit(**COMPILER)
def _blocks(h, repeats):
    for repeat in range(repeats):
        to = STRIDE * (4 + (repeat & 7))
        out = h[to : to + BLOCK]
        for j in range(BLOCK):
            first, second = words(np.uint64(7), np.uint64(3), h[j], np.uint64(repeat))
            out[j] = first ^ second


@njit(**COMPILER)
def _traffic(w, columns, repeats):
    """Columns of many firms to the scratch and back, block by block."""
    for _ in range(repeats):
        for start in range(0, columns.shape[1], BLOCK):
            for column in range(columns.shape[0]):
                values = columns[column, start : start + BLOCK]
                for j in range(BLOCK):
                    w[column * STRIDE + j] = values[j]
            for column in range(columns.shape[0]):
                values = columns[column, start : start + BLOCK]
                for j in range(BLOCK):
                    values[j] = w[column * STRIDE + j]


def many_times(change: Callable) -> Callable:
    """A compiled function that changes a row into others again and again: into the same one it would be done once."""
    once = njit(**COMPILER)(change)

    @njit(**COMPILER)
    def repeated(w, repeats):
        for repeat in range(repeats):
            to = STRIDE * (4 + (repeat & 7))
            once(w, w[to : to + BLOCK], 1.0 + 1e-9 * repeat)

    return repeated


def nanoseconds(work: Callable[[], object], firms: int) -> float:
    """Best of many passes, per firm."""
    work()
    best = float("inf")
    for _ in range(PASSES):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return 1e9 * best / firms


def measure() -> dict[str, float]:
    """Nanoseconds of every part that ``KIND`` names."""
    w, h = aligned(40 * STRIDE, "float64"), aligned(12 * STRIDE, "uint64")
    w[:] = np.random.default_rng(1).random(w.size)
    w[3 * STRIDE : 4 * STRIDE] = 7.0
    h[:] = np.arange(h.size)
    firms = REPEATS * BLOCK
    work = {name: many_times(change) for name, change in ROWS.items()}
    out = {name: nanoseconds(lambda each=each: each(w, REPEATS), firms) for name, each in work.items()}
    copy = out.pop("copy")
    out["hash"] = nanoseconds(lambda: _hashes(h, REPEATS), firms)
    out["philox"] = nanoseconds(lambda: _blocks(h, REPEATS), firms)
    out = {name: (value - copy) / TIMES.get(name, 1) for name, value in out.items()}
    columns = np.ones((32, 16 * BLOCK))  # half a megabyte: a city's columns lie in the second cache or beyond
    out["traffic"] = nanoseconds(lambda: _traffic(w, columns, 20), 20 * columns.size)
    return {name: out[name] for name in KIND}


if __name__ == "__main__":
    for part, value in measure().items():
        print(f"{KIND[part]:<40}{value:8.3f} ns")
