"""The stages that every firm goes through in every quarter compile to vector instructions: several firms at a time."""

import platform
import re

import llvmlite.binding as llvm
import pytest
from numba import float64, njit

from policymix.engine import loop
from policymix.engine.symbols import BLOCK

LABEL = re.compile(r"^(\.?[\w.]+):")
ARITHMETIC = re.compile(r"\bv?(?:add|sub|mul|div|sqrt|min|max|fn?m(?:add|sub)\d*)(pd|sd)\b")
STAGES = {
    "grow": "w, p, {n}",
    "make": "w, p, {n}",
    "want": "w, p, {n}",
    "weigh_support": "w, p, {n}",
    "size_with_support": "w, p, years, {n}",
    "hurry": "w, p, years, {n}",
    "research_support": "w, p, {n}",
    "choose": "w, p, {n}",
    "plan_research": "w, p, False, {n}",
    "plan_digital": "w, p, {n}",
    "spend": "w, p, False, {n}",
}
FEW = 4
"""Scalar instructions that may be left in a vector loop, such as conversions of a whole number."""


def blocks_of(stage):
    """Packed and scalar floating-point instructions by block of a stage's machine code, compiled as in the loop.

    The first block is what is computed once; every loop has a packed body and a scalar one for the rest of a division
    by the vector's width, which a full block of firms never enters.
    """
    space = dict(vars(loop.module()))
    exec(f"def over_a_block(w, p, years):\n    {stage}({STAGES[stage].format(n=BLOCK)})\n", space)
    compiled = njit(error_model="numpy", fastmath={"contract"})(space["over_a_block"])
    compiled.compile((float64[::1], float64[::1], float64))
    (text,) = compiled.inspect_asm().values()
    counts, label = {}, ""
    for line in text.split("cpython.")[0].splitlines():
        if start := LABEL.match(line):
            label = start[1]
        for kind in ARITHMETIC.findall(line):
            counts.setdefault(label, {"pd": 0, "sd": 0})[kind] += 1
    return {label: (count["pd"], count["sd"]) for label, count in counts.items() if label.startswith(".LBB")}


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="instruction names are those of x86")
@pytest.mark.skipif(not llvm.get_host_cpu_features().get("avx"), reason="this processor has no AVX")
@pytest.mark.parametrize("stage", STAGES)
def test_stages_are_vectorised(stage):
    blocks = blocks_of(stage)
    packed = [pd for pd, _ in blocks.values() if pd > 0]
    assert packed, f"{stage}: no instruction over several firms in {blocks}"
    for label, (pd, sd) in blocks.items():
        if pd == 0 and sd > FEW:
            twin = any(abs(other - sd) <= FEW for other in packed)
            assert twin, f"{stage}: {sd} scalar instructions in {label} have no packed loop beside them: {blocks}"
