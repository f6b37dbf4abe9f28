"""The stages that every firm goes through in every quarter compile to vector instructions: several firms at a time."""

import ast
import platform
import re
from itertools import groupby
from pathlib import Path

import llvmlite.binding as llvm
import pytest
from numba import float64, int64, njit, uint64

from policymix.engine import loop
from policymix.engine.inlining import inlined
from policymix.engine.symbols import BLOCK
from policymix.engine.writing import REPEATED

LABEL = re.compile(r"^(\.?[\w.]+):")
ARITHMETIC = re.compile(r"\bv?(?:add|sub|mul|div|sqrt|min|max|fn?m(?:add|sub)\d*)(pd|sd)\b")
WHOLE_PACKED = re.compile(r"\bvpmul(?:u?dq|lq)\b")
WHOLE_SCALAR = re.compile(r"\bi?mul[xq]*\b")
WIDE = re.compile(r"%[yz]mm\d")
STAGES = {
    "draw_luck": "w, h, seed, seed, seed, h, table, {n}",
    "read_status": "w, {n}",
    "grow": "w, p, {n}",
    "make": "w, p, {n}",
    "want": "w, p, {n}",
    "weigh_support": "w, p, {n}",
    "size_with_support": "w, p, years, 3, {n}",
    "feel_gap": "w, p, {n}",
    "hurry": "w, p, years, {n}",
    "research_support": "w, p, {n}",
    "choose": "w, p, {n}",
    "plan_research": "w, p, True, {n}",
    "plan_digital": "w, p, {n}",
    "spend": "w, p, False, {n}",
    "judge": "w, p, {n}",
    "apply_for_rungs": "w, h, p, {n}",
    "leave_or_stay": "w, p, table, years, {n}",
    "count_up": "w, parts, {n}, years",
    "turn_year": "w, {n}",
}
TYPES = {
    "w": float64[::1],
    "h": uint64[::1],
    "p": float64[::1],
    "parts": int64[::1],
    "table": float64[::1],
    "years": float64,
    "seed": uint64,
}
FEW = 4
"""Scalar instructions that may be left in a vector loop, such as conversions of a whole number."""


def machine_code(stage):
    """A stage over a full block, compiled with its calls written into it as in the loop."""
    module = loop.module(general=False)
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    text = f"def over_a_block({', '.join(TYPES)}):\n    {stage}({STAGES[stage].format(n=BLOCK)})\n"
    functions["over_a_block"] = ast.parse(text).body[0]
    space = dict(vars(module))
    exec(ast.unparse(inlined(functions, ["over_a_block"], REPEATED)["over_a_block"]), space)
    compiled = njit(error_model="numpy", fastmath={"contract"})(space["over_a_block"])
    compiled.compile(tuple(TYPES.values()))
    (code,) = compiled.inspect_asm().values()
    return code.split("cpython.")[0]


def blocks_of(code):
    """Packed and scalar arithmetic instructions by block of machine code.

    The first block is what is computed once; every loop has a packed body and a scalar one for the rest of a division
    by the vector's width, which a full block of firms never enters.
    """
    counts, label = {}, ""
    for line in code.splitlines():
        if start := LABEL.match(line):
            label = start[1]
        for kind in ARITHMETIC.findall(line):
            counts.setdefault(label, {"pd": 0, "sd": 0})[kind] += 1
        for kind, pattern in (("pd", WHOLE_PACKED), ("sd", WHOLE_SCALAR)):
            if pattern.search(line):
                counts.setdefault(label, {"pd": 0, "sd": 0})[kind] += 1
    return {label: (count["pd"], count["sd"]) for label, count in counts.items() if label.startswith(".LBB")}


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="instruction names are those of x86")
@pytest.mark.skipif(not llvm.get_host_cpu_features().get("avx"), reason="this processor has no AVX")
@pytest.mark.parametrize("stage", STAGES)
def test_stages_are_vectorised(stage):
    code = machine_code(stage)
    blocks = blocks_of(code)
    assert WIDE.search(code), f"{stage}: no instruction over several firms"
    packed = [pd for pd, _ in blocks.values() if pd > 0]
    for is_packed, run in groupby(blocks.values(), key=lambda counts: counts[0] > 0):
        scalar = [sd for _, sd in run]
        of_one_loop = any(abs(other - sum(scalar)) <= FEW for other in packed)  # whose body has several blocks
        alone = [sd for sd in scalar if sd > FEW and all(abs(other - sd) > FEW for other in packed)]
        twins = is_packed or of_one_loop or not alone
        assert twins, f"{stage}: {alone} scalar instructions have no packed loop beside them: {blocks}"
