"""The compiled loop: its source is written into a cache folder with the names of the rules it uses, then imported.

Functions handed to or closed over by a compiled function are never cached, and plain caching goes stale when a called file
changes. So the loop is one generated module, in a folder named by a hash of every source it reaches, of the numba version
and of the processor; within it plain caching is safe. A study replaces rules by naming a module with functions of the same
names: ``rules = "mystudy.rules"``.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import inspect
import os
import sys
import types
from functools import cache
from pathlib import Path

from ..errors import NotFound, RunFailed
from ..firms import MODULES as RULE_MODULES

ENGINE_FILES = ("streams", "symbols")
POLICY_FILES = ("arrays", "schedule", "stacking", "settlement", "claim", "dates")
WRITTEN = ("stages", "claims", "entry", "events", "recognition", "accounts", "timetable", "ancestry")
PACKAGE = __name__.rsplit(".", 2)[0]
ROOT = Path(__file__).resolve().parent.parent

HEADER = '''"""Written by policymix.engine.loop; do not edit."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numba.extending import register_jitable

from {package}.elementary import exp, log
from {package}.engine.loop import bound_rules
from {package}.engine.streams import *
from {package}.engine.symbols import *

adopt, enter, invest, kink, ladder, leave, locate, produce, research, take_up = bound_rules({rules!r})
'''

FOOTER = '''
for _function in ({functions},):
    register_jitable(_function)


compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={fastmath})


@compiled
def environment(q, run, city, mix, tables, path, room, out, p):
    set_environment(q, run, city, mix, tables, path, room, out, p)


@compiled
def news(q, mix, room, p):
    spread_news(q, mix, room, p)


@compiled
def firms(q, run, city, mix, desk, ground, room, out, p):
    blocks(q, run, city, mix, desk, ground, room, out, p)


@compiled
def tray(q, city, mix, desk, room, out, p):
    work_through_tray(q, city, mix, desk, room.known, p, out.clause[q])


@compiled
def outsiders(q, run, city, mix, desk, ground, room):
    ask_lessees(q, run, city, desk, ground, room)
    outside_claims(q, run, city, mix, desk, ground)


@compiled
def payments(q, city, mix, ground, out):
    decide_and_pay(q, city, mix, ground, out)


def office(q, run, city, mix, desk, ground, room, out, p):
    outsiders(q, run, city, mix, desk, ground, room)
    tray(q, city, mix, desk, room, out, p)
    payments(q, city, mix, ground, out)


@compiled
def newcomers(q, run, city, mix, desk, ground, room, p):
    ask_newcomers(q, run, city, mix, desk, ground, room, p)


@compiled
def entries(q, run, city, mix, desk, ground, room, out, p):
    admit_newcomers(q, run, city, mix, desk, ground, room, p, out)


@compiled
def reconsider(q, run, city, mix, desk, ground, room, p):
    ask_movers(q, run, room.counts[1], city, mix, desk, ground, room, p)


@compiled
def moves(q, run, city, mix, desk, ground, room, out, p):
    move(q, run, room.counts[1], city, mix, desk, ground, room, p, out)


@compiled
def close(q, run, city, ground, room, path, out, p):
    feed_back(q, run, city, ground, room, path, out, p)


@compiled
def initial_city(run, city, counts, zone_share, growth, exit_by_age, calendar, p):
    return grow_cohorts(run, city, counts, zone_share, growth, exit_by_age, calendar, p)


@compiled
def luck_of_lane(w, h, seed, luck, quarter, first_quarter_of_year):
    draw_luck(w, h, seed, luck, quarter, first_quarter_of_year, 1)
'''


@cache
def bound_rules(rules: str):
    """The rule modules in alphabetical order, with the functions of a replacing module put in their place.

    Every function is rebuilt over its module's new names, so that a rule that calls a replaced rule calls the new one.

    Raises
    ------
    NotFound
        The named module does not exist, or has a public function that no rule is called.
    """
    from numba.extending import register_jitable

    replacing = rule_module(rules)
    known: set[str] = set()
    bound = []
    for name in sorted(RULE_MODULES):
        original = importlib.import_module(f"{PACKAGE}.firms.{name}")
        module = types.ModuleType(f"{name}_rules")
        module.__dict__.update({k: v for k, v in vars(original).items() if not k.startswith("__")})
        for key, value in list(vars(module).items()):
            if inspect.isfunction(value) and value.__module__ == original.__name__:
                known.add(key)
                new = getattr(replacing, key, None)
                if new is not None:
                    setattr(module, key, new)
                    register_jitable(new)
                else:
                    copied = types.FunctionType(value.__code__, module.__dict__, key, value.__defaults__)
                    setattr(module, key, register_jitable(copied))
        bound.append(module)
    if replacing is not None:
        for key, value in vars(replacing).items():
            if inspect.isfunction(value) and value.__module__ == replacing.__name__ and not key.startswith("_"):
                if key not in known:
                    raise NotFound("rule", key, sorted(known), where=rules)
    return tuple(bound)


def rule_module(rules: str):
    """The module that a study names, or None for the shipped rules."""
    if not rules:
        return None
    try:
        return importlib.import_module(rules)
    except ModuleNotFoundError as error:
        raise RunFailed(f'rules = "{rules}": no such module can be imported ({error})') from error


def sources(rules: str) -> dict[str, str]:
    """Every source text that the compiled loop depends on, by name."""
    files = {f"engine/{n}.py": ROOT / "engine" / f"{n}.py" for n in {*ENGINE_FILES, *WRITTEN, "loop"}}
    files |= {f"firms/{n}.py": ROOT / "firms" / f"{n}.py" for n in RULE_MODULES}
    files |= {f"policy/{n}.py": ROOT / "policy" / f"{n}.py" for n in POLICY_FILES}
    files["elementary.py"] = ROOT / "elementary.py"
    replacing = rule_module(rules)
    if replacing is not None:
        files["rules"] = Path(replacing.__file__)
    return {name: path.read_text(encoding="utf-8") for name, path in sorted(files.items())}


def cache_folder() -> Path:
    """Where compiled loops live: POLICYMIX_CACHE, else the user's cache folder."""
    if "POLICYMIX_CACHE" in os.environ:
        return Path(os.environ["POLICYMIX_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or str(Path.home() / ".cache")
    return Path(base) / "policymix"


def digest(rules: str, contract: bool) -> str:
    """Name of a compiled loop: a hash of its sources, versions and the processor."""
    import llvmlite.binding
    import numba
    import numpy

    parts = [f"{name}\n{text}" for name, text in sources(rules).items()]
    processor = (llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten())
    parts += [numba.__version__, numpy.__version__, sys.version, *processor, rules, str(contract)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


def written_source(rules: str, contract: bool) -> str:
    """Source of the loop: the engine's functions in one module, over the rules that are named."""
    text = [HEADER.format(package=PACKAGE, rules=rules)]
    functions: list[str] = []
    for name in WRITTEN:
        tree = ast.parse((ROOT / "engine" / f"{name}.py").read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.level == 2 and node.module and node.module.startswith("policy"):
                names = ", ".join(f"{a.name} as {a.asname or a.name}" for a in node.names)
                text.append(f"from {PACKAGE}.{node.module} import {names}")
            elif isinstance(node, ast.ClassDef):
                text.append(f"from {PACKAGE}.engine.{name} import {node.name}")
            elif isinstance(node, ast.FunctionDef):
                functions.append(node.name)
                text.append(ast.unparse(node))
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                text.append(ast.unparse(node))
    fastmath = '{"contract"}' if contract else "False"
    text.append(FOOTER.format(functions=", ".join(functions), fastmath=fastmath))
    return "\n\n".join(text) + "\n"


@cache
def module(rules: str = "", contract: bool = True) -> types.ModuleType:
    """The loop over the named rules, written if need be, imported; compiled at its first call or read from the cache.

    Parameters
    ----------
    rules : str
        Importable module with replacing rules, or "" for the shipped ones.
    contract : bool
        Whether multiply-adds may be fused; without, the loop agrees with Python to the last bit.
    """
    name = f"policymix_loop_{digest(rules, contract)}"
    folder = cache_folder() / name
    path = folder / "loop.py"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f"loop.{os.getpid()}.tmp"
        aside.write_text(written_source(rules, contract), encoding="utf-8")
        os.replace(aside, path)
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def compiled(rules: str = "", contract: bool = True) -> bool:
    """Whether the loop's machine code is in the cache already."""
    folder = cache_folder() / f"policymix_loop_{digest(rules, contract)}" / "__pycache__"
    return any(folder.glob("loop.firms*.nbc"))
