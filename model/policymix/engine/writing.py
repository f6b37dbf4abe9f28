"""The text of the compiled loop: functions of engine, policy and rules in one module, calls written into their callers.

Functions of other rooms get a name of their own, ``file__function``; those that a study replaces stay in its module and
are called there.
"""

from __future__ import annotations

import ast
import importlib
import math
import types
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from ..firms import MODULES as RULE_MODULES
from .inlining import Functions, called_once, callees_first, copied, free_names, inlined

POLICY_FILES = ("dates", "schedule", "stacking", "settlement", "budget")
"""Each may call functions of those before it."""
WRITTEN = (
    "columns", "stages", "claims", "rationing", "decisions", "entry", "events", "recognition", "accounts", "timetable",
    "ancestry",
)  # fmt: skip
COMPILED = ("firms", "tray", "ask", "admit", "close", "initial_city")
REPEATED = ("weigh_stretch",)
"""Functions over a block that one caller calls several times: their loops vectorise only with the caller's rows."""
INTO_CALLERS = {"ask_all"}
"""Functions with many arguments that are called so often that the compiler takes them into every caller."""
PACKAGE = __name__.rsplit(".", 2)[0]
ROOT = Path(__file__).resolve().parent.parent
KNOWN = {"exp", "log", "math", "np"}
"""What functions of other rooms may use of their modules beside functions and numbers."""
IMPORTED = (f"{PACKAGE}.elementary", f"{PACKAGE}.engine.streams")
"""Modules whose functions every loop imports by name."""

HEADER = '''"""Written by policymix.engine.writing; do not edit."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numba.extending import register_jitable

from {package}.elementary import exp, log
from {package}.engine.loop import bound_rules
from {package}.engine.streams import *
from {package}.engine.symbols import *
from {package}.policy import {policy}

adopt, enter, invest, kink, ladder, leave, locate, produce, research, take_up = bound_rules({rules!r})
'''

COMPILER = """
OPTIONS = dict(cache=True, nogil=True, error_model="numpy", fastmath={fastmath}, no_cfunc_wrapper=True)
compiled = njit(_nrt=False, **OPTIONS)
"""
FOOTER = (
    COMPILER
    + """

@compiled
def firms(q, run, city, mix, desk, ground, tables, path, room, out, p):
    begin(q, run, city, mix, desk, ground, tables, path, room, out, p)
    blocks(q, run, city, mix, desk, ground, room, out, p)
    ask_lessees(q, run, city, desk, ground, room, p)
    outside_claims(q, run, city, mix, desk, ground)


@compiled
def tray(q, city, mix, desk, room, out, p):
    work_through_tray(q, city, mix, desk, room.known, p, out.clause[q])


@compiled
def ask(q, run, city, mix, desk, ground, room, out, p):
    desk.waiting[0] = 0
    ask_newcomers(q, run, city, mix, desk, ground, room, p)
    ask_movers(q, run, room.counts[1], city, mix, desk, ground, room, p)


@compiled
def admit(q, run, city, mix, desk, ground, path, room, out, p):
    quotes = desk.waiting[0]
    admit_newcomers(q, run, city, mix, desk, ground, room, p, out)
    move(q, run, room.counts[1], city, mix, desk, ground, room, p, out)
    keep_claims(desk, quotes)
    feed_back(q, run, city, ground, room, path, out, p)
    book_ladder(q, city, out)


@compiled
def close(q, city, mix, desk, ground, out):
    decide_and_pay(q, city, mix, desk, ground, out)


@compiled
def initial_city(run, city, counts, offset, zone_share, growth, exit_by_age, calendar, h, p):
    return grow_cohorts(run, city, counts, offset, zone_share, growth, exit_by_age, calendar, h, p)
"""
)


def written_source(rules: str, replaced: Mapping[str, Collection[str]], contract: bool, general: bool) -> str:
    """Source of the loop over the rules that are named.

    Parameters
    ----------
    rules : str
        Importable module with replacing rules, or "" for the shipped ones.
    replaced : dict
        Names of the functions it replaces by rule module.
    contract : bool
        Whether multiply-adds may be fused.
    general : bool
        Whether to write what only some packages need; without, ``GENERAL`` is False and its branches are left out.
    """
    functions: Functions = {}
    for name in POLICY_FILES:
        functions |= functions_of(importlib.import_module(f"{PACKAGE}.policy.{name}"), functions)
    for name in RULE_MODULES:
        module = importlib.import_module(f"{PACKAGE}.firms.{name}")
        functions |= functions_of(module, functions, left_out=replaced.get(name, ()))
    text = [HEADER.format(package=PACKAGE, rules=rules, policy=", ".join(POLICY_FILES))]
    for name in WRITTEN:
        tree = ast.parse((ROOT / "engine" / f"{name}.py").read_text(encoding="utf-8"))
        policy = [n for n in tree.body if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("policy.")]
        text += [ast.unparse(ast.ImportFrom(f"{PACKAGE}.{each.module}", each.names, 0)) for each in policy]
        called = {
            a.asname or a.name: f"{(n.module or '').removeprefix('policy.')}__{a.name}" for n in policy for a in n.names
        }
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                text.append(f"from {PACKAGE}.engine.{name} import {node.name}")
            elif isinstance(node, ast.FunctionDef):
                names = {key: ast.Name(flat, ast.Load()) for key, flat in called.items() if flat in functions}
                functions[node.name] = _Chosen(general).visit(_Flat(names, functions).visit(node))
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                text.append(ast.unparse(node))
    footer = ast.parse(FOOTER.format(fastmath='{"contract"}' if contract else "False"))
    roots = {node.name: node for node in footer.body if isinstance(node, ast.FunctionDef)}
    functions |= inlined(functions | roots, roots, REPEATED)
    text += [ast.unparse(tree) for name, tree in functions.items() if name not in roots]
    wherever = called_once(functions, roots) | INTO_CALLERS
    for within, option in ((False, ""), (True, ", forceinline=True")):
        helpers = "".join(f"{name}, " for name in functions if (name in wherever) == within and name not in roots)
        text.append(f"for _function in ({helpers}):\n    register_jitable(no_cfunc_wrapper=True{option})(_function)")
    text += [ast.unparse(functions[node.name] if isinstance(node, ast.FunctionDef) else node) for node in footer.body]
    return "\n\n".join(text) + "\n"


def functions_of(
    module: types.ModuleType, known: Functions, left_out: Collection[str] = (), roots: Collection[str] | None = None
) -> Functions:
    """Functions of a module as they are written into a loop, with numbers in place of their module's names.

    Parameters
    ----------
    module : module
        Its file is read; every function gets the name ``file__function``.
    known : dict
        Functions of other modules that have been written already.
    left_out : names
        Functions that stay in their module.
    roots : names, optional
        Functions that are wanted, with all that they call; without, all of them.
    """
    name = module.__name__.rsplit(".", 1)[-1]
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    own = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if roots is not None:
        own = {each: own[each] for each in callees_first(own, roots)}
    written = {each: f"{name}__{each}" for each in own if each not in left_out}
    out: Functions = {}
    for node in own.values():
        if node.name in written:
            names = {each: _meaning(each, module, written, known) for each in free_names(node) - KNOWN}
            node.name, node.decorator_list = written[node.name], []
            out[node.name] = _Flat(names, known).visit(node)
    return out


def _meaning(name: str, module: types.ModuleType, written: Mapping[str, str], known: Functions) -> ast.expr:
    """What a name of a module is called in the loop: a number, a function by its new name, or one that stays."""
    value = getattr(module, name)
    load = ast.Load()
    if isinstance(value, np.unsignedinteger):
        return ast.parse(f"np.{value.dtype.name}({int(value)})", mode="eval").body
    if isinstance(value, int | float):
        value = float(value) if isinstance(value, float) else value
        return ast.Constant(value) if math.isfinite(value) else ast.parse(f"float('{value}')", mode="eval").body
    home = value.__module__.rsplit(".", 1)[1] if "." in value.__module__ else value.__module__
    flat = written.get(name) or f"{home}__{name}"
    if name in written or flat in known:
        return ast.Name(flat, load)
    if value.__module__ in IMPORTED:
        return ast.Name(name, load)
    return ast.Attribute(ast.Name(home, load), name, load)


class _Flat(ast.NodeTransformer):
    """Replaces names of another module, and calls of rules as ``file.function``, by what they are called here."""

    def __init__(self, names: Mapping[str, ast.expr], functions: Functions) -> None:
        self.names, self.functions = names, functions

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copied(self.names.get(node.id, node)) if isinstance(node.ctx, ast.Load) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        flat = f"{node.value.id}__{node.attr}" if isinstance(node.value, ast.Name) else ""
        return ast.Name(flat, node.ctx) if flat in self.functions else node


class _Chosen(ast.NodeTransformer):
    """Puts a truth value in place of ``GENERAL`` and leaves out what can then not be reached."""

    def __init__(self, general: bool) -> None:
        self.general = general

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self.general) if node.id == "GENERAL" else node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.And):
            if any(_is(each, False) for each in node.values):
                return ast.Constant(False)
            left = [each for each in node.values if not _is(each, True)]
            return left[0] if len(left) == 1 else ast.BoolOp(node.op, left)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and isinstance(node.operand, ast.Constant):
            return ast.Constant(not node.operand.value)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        return node.body if _is(node.test, True) else node.orelse if _is(node.test, False) else node

    def visit_If(self, node: ast.If) -> ast.stmt | list[ast.stmt]:
        self.generic_visit(node)
        return node.body if _is(node.test, True) else node.orelse if _is(node.test, False) else node


def _is(node: ast.expr, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
