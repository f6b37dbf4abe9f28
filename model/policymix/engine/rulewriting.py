"""The text of a loop over a rule set: stages become short loops over rows of one flat scratch buffer.

Row r of the buffer ``w`` starts at ``r * STRIDE``; words (uint64) have a buffer ``h`` of their own. What only one stage
needs stays a number of its loop. Outcomes of a block whose firms are all of one group are added lane by lane to running
sums in the same buffer, and folded when the group changes; a block of several groups is added firm by firm.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from .inlining import Functions, inlined
from .ruleset import ALIVE, Rule, RuleSet, Stages
from .symbols import BLOCK, STRIDE
from .writing import COMPILER, IMPORTED, PACKAGE, functions_of

FOLD = 32
"""Lanes of a running sum, and of a block of newcomers."""
PARTS = BLOCK // FOLD
CACHE_LINE = 64
FEW = 4
"""Changes of group within a block up to which every group is summed by itself."""

HEADER = f'''"""Written by policymix.engine.rulewriting; do not edit."""

import math

import numpy as np
from numba import njit
from numba.extending import register_jitable

from {PACKAGE}.elementary import cos_turn, exp, log
from {PACKAGE}.engine.streams import finalise, hashed, normal_of, philox, uniform_of, words

BLOCK, FOLD, FEW = {BLOCK}, {FOLD}, {FEW}


@register_jitable(no_cfunc_wrapper=True)
def load(w, row, column, n):
    for j in range(n):
        w[row + j] = column[j]
    for j in range(n, BLOCK):
        w[row + j] = w[row]


@register_jitable(no_cfunc_wrapper=True)
def store(w, row, column, n):
    for j in range(n):
        column[j] = w[row + j]


@register_jitable(no_cfunc_wrapper=True)
def of_one_group(groups, n):
    first, others = groups[0], groups[0] ^ groups[0]
    for j in range(n):
        others |= groups[j] ^ first
    return others == 0


@register_jitable(no_cfunc_wrapper=True)
def few_groups(groups, n):
    """Whether firms lie in ascending order of their groups, with few changes."""
    changes = 0
    for j in range(1, n):
        changes += (groups[j] != groups[j - 1]) + FEW * (groups[j] < groups[j - 1])
    return changes < FEW


@register_jitable(no_cfunc_wrapper=True)
def fold(w, first, count, sums, group):
    for outcome in range(count):
        row = first + outcome * FOLD
        for j in range(FOLD // 2):
            w[row + j] += w[row + FOLD // 2 + j]
        for j in range(FOLD // 4):
            w[row + j] += w[row + FOLD // 4 + j]
        total = 0.0
        for j in range(FOLD // 4):
            total += w[row + j]
        sums[group, outcome] += total
        for j in range(FOLD):
            w[row + j] = 0.0
'''


class Layout(NamedTuple):
    """Where rows lie in the buffers, by name, in numbers."""

    rows: dict[str, int]
    words: dict[str, int]
    sums: int
    size: int

    def scratch(self) -> tuple[np.ndarray, np.ndarray]:
        """New buffers."""
        return aligned(self.size, "float64"), aligned(max(1, len(self.words)) * STRIDE, "uint64")


def aligned(size: int, dtype: str) -> np.ndarray:
    """Zeros that begin on a cache line: a vector over two lines is read at half the pace."""
    width = np.dtype(dtype).itemsize
    room = np.zeros(size + CACHE_LINE // width, dtype)
    first = -room.ctypes.data % CACHE_LINE // width
    return room[first : first + size]


def layout(rules: RuleSet) -> Layout:
    """Rows for all columns and for what more than one stage needs."""
    names = [*rules.columns]
    for stages, outputs in ((rules.stages, rules.outputs), (rules.entry, rules.entry_outputs)):
        names += [each for each in kept(stages, outputs) if each not in (*names, *rules.words)]
    rows = {name: number * STRIDE for number, name in enumerate(names)}
    sums = len(rows) * STRIDE
    words = {name: number * STRIDE for number, name in enumerate(rules.words)}
    return Layout(rows, words, sums, sums + len(rules.outputs) * FOLD)


def kept(stages: Stages, outputs: Iterable[Rule]) -> list[str]:
    """What some stage gives and another one or an outcome takes."""
    taken = [
        {each for rule in part for each in rule.arguments() if isinstance(each, str)} for part in (*stages, outputs)
    ]
    out = []
    for number, stage in enumerate(stages):
        elsewhere = set().union(*(names for other, names in enumerate(taken) if other != number))
        out += [rule.gives for rule in stage if rule.gives in elsewhere]
    return list(dict.fromkeys(out))


class Text(NamedTuple):
    """What is needed to write a call of a rule."""

    rules: RuleSet
    at: Layout
    home: str

    def value(self, name: str | float, local: set[str], lane: str) -> str:
        """How a rule reads what it takes."""
        if isinstance(name, np.unsignedinteger):
            return f"np.{name.dtype.name}({int(name)})"
        if not isinstance(name, str):
            return repr(name)
        if name in local:
            return f"row_{name}"
        if name in self.at.words:
            return f"h[{self.at.words[name]} + {lane}]"
        if name in self.at.rows:
            return f"w[{self.at.rows[name]} + {lane}]"
        if name in self.rules.parameters:
            return f"given_{name}"
        return f"table_{name}" if name in self.rules.tables else name

    def call(self, rule: Rule, local: set[str], lane: str) -> str:
        """The call of a rule."""
        given = ", ".join(self.value(each, local, lane) for each in rule.arguments())
        home = "" if rule.function.__module__ in IMPORTED else f"{self.home}__"
        return f"{home}{rule.function.__name__}({given})"

    def arguments(self) -> str:
        """Columns and tables, as every function of a quarter takes them."""
        return ", ".join([*(f"column_{x}" for x in self.rules.columns), *(f"table_{x}" for x in self.rules.tables)])


def written_rules(rules: RuleSet, contract: bool) -> str:
    """Source of the loop over a rule set.

    Parameters
    ----------
    rules : RuleSet
    contract : bool
        Whether multiply-adds may be fused.
    """
    name = rules.module.__name__.rsplit(".", 1)[-1]
    text = Text(rules, layout(rules), name)
    every = [rule for stages in (rules.stages, rules.entry) for stage in stages for rule in stage]
    every += [*rules.outputs, *rules.entry_outputs]
    own = [rule.function.__name__ for rule in every if rule.function.__module__ not in IMPORTED]
    roots = dict.fromkeys([*own, "newcomers", "feed_back"])
    functions: Functions = functions_of(rules.module, {}, roots=list(roots))
    source = "\n".join(
        [
            *(stage_text(text, f"stage_{i}", stage, kept(rules.stages, rules.outputs), "BLOCK")
              for i, stage in enumerate(rules.stages)),
            *(stage_text(text, f"entry_{i}", stage, [*rules.columns, *kept(rules.entry, rules.entry_outputs)], "FOLD")
              for i, stage in enumerate(rules.entry)),
            sums_text(text),
            quarter_text(text),
        ]
    )  # fmt: skip
    written = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    whole = [each for each in written if each.startswith(("stage_", "entry_", "add_"))]
    work = inlined(functions | written, [*whole, "run"])  # a loop a function: the compiler sees its rows apart
    order = [*(each for each in work if each != "run"), "run"]
    compiler = COMPILER.format(fastmath='{"contract"}' if contract else "False")
    parts = [HEADER, compiler]
    for each in order:
        decorator = "@compiled" if each == "run" else "@register_jitable(no_cfunc_wrapper=True)"
        parts.append(f"{decorator}\n{ast.unparse(work[each])}")
    return "\n\n".join(parts) + "\n"


def stage_text(text: Text, name: str, stage: Iterable[Rule], stored: Iterable[str], lanes: str) -> str:
    """One stage: a loop over the lanes of a block."""
    stage, stored = list(stage), {*stored, *text.rules.columns}
    taken = {each for rule in stage for each in rule.arguments()}
    tables = [f"table_{each}" for each in text.rules.tables if each in taken]
    lines = [f"def {name}({', '.join(['w', 'h', 'key', 'quarter', 'start', 'p', *tables])}):"]
    for number, parameter in enumerate(text.rules.parameters):
        if parameter in taken:
            lines.append(f"    given_{parameter} = p[{number}]")
    lines.append(f"    for j in range({lanes}):")
    if "firm" in taken:
        lines.append("        firm = start + np.uint64(j)")
    local: set[str] = set()
    for rule in stage:
        lines.append(f"        row_{rule.gives} = {text.call(rule, local, 'j')}")
        local.add(rule.gives)
    for given in dict.fromkeys(rule.gives for rule in stage):
        if given in text.at.words:
            lines.append(f"        h[{text.at.words[given]} + j] = row_{given}")
        elif given in stored:
            lines.append(f"        w[{text.at.rows[given]} + j] = row_{given}")
    return "\n".join(lines)


def sums_text(text: Text) -> str:
    """Outcomes of a block: of one group, of several, of newcomers."""
    rules, lines = text.rules, []
    for head, which in (("def add_block(w):", ""), ("def add_group(w, group):", " if {group} == group else 0.0")):
        lines += [head, "    for j in range(FOLD):"]
        for number, rule in enumerate(rules.outputs):
            parts = []
            for part in range(PARTS):
                lane = f"{part * FOLD} + j"
                of_group = which.format(group=text.value(rules.group, set(), lane))
                parts.append(f"({text.call(rule, set(), lane)}{of_group})")
            pairs = [f"({a} + {b})" for a, b in zip(parts[::2], parts[1::2], strict=True)]
            lines.append(f"        w[{text.at.sums + number * FOLD} + j] += {' + '.join(pairs)}")
    for name, outputs, first in (
        ("add_firms", rules.outputs, 0),
        ("add_newcomers", rules.entry_outputs, len(rules.outputs)),
    ):
        lines += [f"def {name}(w, n, sums):", "    for j in range(n):"]
        lines.append(f"        group = int(w[{text.at.rows[rules.group]} + j])")
        for number, rule in enumerate(outputs):
            lines.append(f"        sums[group, {first + number}] += {text.call(rule, set(), 'j')}")
    return "\n".join(lines)


def quarter_text(text: Text) -> str:
    """Quarters of a run: blocks of firms, feedback, newcomers."""
    rules, at = text.rules, text.at
    changed = {rule.gives for stage in rules.stages for rule in stage}

    def stage_call(name: str, stage: Iterable[Rule]) -> str:
        taken = {each for rule in stage for each in rule.arguments()}
        tables = [f"table_{each}" for each in rules.tables if each in taken]
        return f"{name}({', '.join(['w', 'h', 'key', 'quarter', 'np.uint64(start)', 'p', *tables])})"

    def of_quarter(name: str) -> str:
        taken = inspect.signature(getattr(rules.module, name)).parameters
        return f"{text.home}__{name}({', '.join(f'table_{x}' if x in rules.tables else x for x in taken)})"

    columns, folded = list(rules.columns), f"fold(w, {at.sums}, {len(rules.outputs)}, sums, last)"
    lines = [
        f"def firms(used, key, quarter, p, w, h, sums, {text.arguments()}):",
        "    last = -1",
        "    for start in range(0, used, BLOCK):",
        "        n = min(BLOCK, used - start)",
        *(f"        load(w, {at.rows[each]}, column_{each}[start:start + n], n)" for each in columns),
        "        for j in range(n, BLOCK):",
        f"            w[{at.rows[ALIVE]} + j] = 0.0",
        *(f"        {stage_call(f'stage_{i}', stage)}" for i, stage in enumerate(rules.stages)),
        *(
            f"        store(w, {at.rows[each]}, column_{each}[start:start + n], n)"
            for each in columns
            if each in changed
        ),
        f"        groups = column_{rules.group}[start:start + n]",
        "        if of_one_group(groups, n):",
        "            group = int(groups[0])",
        "            if group != last and last >= 0:",
        f"                {folded}",
        "            last = group",
        "            add_block(w)",
        "        elif few_groups(groups, n):",
        "            first = 0",
        "            while first < n:",
        "                group = int(groups[first])",
        "                if group != last and last >= 0:",
        f"                    {folded}",
        "                last = group",
        "                add_group(w, float(group))",
        "                while first < n and groups[first] == group:",
        "                    first += 1",
        "        else:",
        "            add_firms(w, n, sums)",
        "    if last >= 0:",
        f"        {folded}",
        f"def enter(used, many, key, quarter, p, w, h, sums, {text.arguments()}):",
        "    for start in range(used, used + many, FOLD):  # they are few",
        "        n = min(FOLD, used + many - start)",
        *(f"        {stage_call(f'entry_{i}', stage)}" for i, stage in enumerate(rules.entry)),
        *(f"        store(w, {at.rows[each]}, column_{each}[start:start + n], n)" for each in columns),
        "        add_newcomers(w, n, sums)",
        "    return used + many",
        f"def run(key, used, parameters, w, h, out, {text.arguments()}):",
        "    for t in range(out.shape[0]):",
        "        quarter, p, sums = np.uint64(t), parameters[t], out[t]",
        f"        firms(used, key, quarter, p, w, h, sums, {text.arguments()})",
        f"        {of_quarter('feed_back')}",
        f"        many = min({of_quarter('newcomers')}, column_{columns[0]}.size - used)",
        f"        used = enter(used, many, key, quarter, p, w, h, sums, {text.arguments()})",
        "    return used",
    ]
    return "\n".join(lines)
