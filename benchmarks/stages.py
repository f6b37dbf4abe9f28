"""Where a firm-step of the reference model goes: every stage of its loop by itself, over one block in the cache."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from firmstep import in_engine, spec
from numba import njit

from policymix.engine import ruleset
from policymix.engine.rulewriting import layout
from policymix.engine.symbols import BLOCK

REPEATS, PASSES = 200, 40
COMPILER = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True, "_nrt": False}
SUMS = {"add_block": "sums of a block of one sector", "add_group": "one sector's sums of a block of a few",
        "add_firms": "sums of a block of many sectors, firm by firm"}  # fmt: skip


def costs(firms: int = 4_000) -> dict[str, float]:
    """Nanoseconds a firm of each stage, of its way to the scratch and back, and of the three ways to sum."""
    rules = ruleset.rule_set(in_engine.RULES)
    written = vars(sys.modules[ruleset.compiled(in_engine.RULES).py_func.__module__])
    mixes, begin = spec.mixes(1), in_engine.start(firms, 1, 0)
    at = in_engine.room(firms, mixes)
    numbers = in_engine.parameters(mixes[0])
    in_engine.one(at, begin, numbers, at.tables[0], np.zeros((spec.QUARTERS, spec.SECTORS, len(spec.OUTPUTS))))
    w, h = at.scratch
    given = {f"table_{name}": table for name, table in at.tables[0].items()}
    given |= {"w": w, "h": h, "key": begin.key, "quarter": np.uint64(3), "start": np.uint64(0), "p": numbers[3]}
    given |= {"n": BLOCK, "sums": np.zeros((spec.SECTORS, len(spec.OUTPUTS))), "group": float(w[0])}
    rows, out = layout(rules).rows, {}
    w[rows[rules.group] : rows[rules.group] + BLOCK] = np.arange(BLOCK) % spec.SECTORS
    for number, stage in enumerate(rules.stages):
        name = f"stage {number + 1}: {stage[0].gives} ... {stage[-1].gives}"
        out[name] = nanoseconds(written[f"stage_{number}"], given, w)
    out["columns to the scratch and back"] = sum(
        nanoseconds(written[move], {**given, "row": rows[name], "column": column[:BLOCK]}, w)
        for name, column in at.columns.items()
        for move in ("load", "store")
    )
    return out | {words: nanoseconds(written[name], given, w) for name, words in SUMS.items()}


def nanoseconds(function: Callable[..., None], given: dict[str, Any], w: np.ndarray) -> float:
    """Best of many passes, per firm."""
    once, before = njit(**COMPILER)(function), w.copy()
    names = list(inspect.signature(function).parameters)

    if "quarter" in names:  # a new one every time: what does not change is done once

        @njit(**COMPILER)
        def many(repeats, w, h, key, quarter, *more):
            for repeat in range(repeats):
                once(w, h, key, quarter + np.uint64(repeat), *more)

    elif "row" in names:
        row = given["row"]

        @njit(**COMPILER)
        def many(repeats, w, _, column, n):
            for _ in range(repeats):
                once(w, row, column, n)

    else:

        @njit(**COMPILER)
        def many(repeats, *arguments):
            for _ in range(repeats):
                once(*arguments)

    best = float("inf")
    for _ in range(PASSES):
        w[:] = before
        begin = time.thread_time()
        many(REPEATS, *(given[name] for name in names))
        best = min(best, time.thread_time() - begin)
    w[:] = before
    return 1e9 * best / (REPEATS * BLOCK)


if __name__ == "__main__":
    for part, cost in costs().items():
        print(f"{part:<60}{cost:8.2f} ns")
