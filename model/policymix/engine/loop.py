"""The compiled loop: its source is written into a cache folder with the names of the rules it uses, then imported.

Functions handed to or closed over by a compiled function are never cached, and plain caching goes stale when a called
file changes. So the loop is one generated module, in a folder named by a hash of every source it reaches, of the numba
version and of the processor; within it plain caching is safe. A study replaces rules by naming a module with functions
of the same names: ``rules = "mystudy.rules"``.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import os
import sys
import threading
import types
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import NotFound, RunFailed
from ..firms import MODULES as RULE_MODULES
from .writing import COMPILED, PACKAGE, POLICY_FILES, ROOT, WRITTEN, written_source

ENGINE_FILES = ("streams", "symbols", "loop", "writing", "inlining")


def bound_rules(rules: str) -> tuple[types.ModuleType, ...]:
    """The rule modules in alphabetical order, those with replaced functions as written into the loop's folder.

    A written module is the shipped one with the study's functions imported over its own at the end, so that a rule
    which calls a replaced rule calls the new one. All functions are made known to the compiler.
    """
    from numba.extending import register_jitable

    bound = []
    for name in sorted(RULE_MODULES):
        original = importlib.import_module(f"{PACKAGE}.firms.{name}")
        replaced = replacements(rules).get(name, [])
        module = (
            import_file(f"policymix_rules_{digest(rules, True)}_{name}", _written_rules(rules, name))
            if replaced
            else original
        )
        if module.__name__ not in _KNOWN:
            _KNOWN.add(module.__name__)
            for value in list(vars(module).values()):
                if inspect.isfunction(value) and value.__module__ in (module.__name__, rules):
                    register_jitable(value)
        bound.append(module)
    return tuple(bound)


_KNOWN: set[str] = set()


def rule_names() -> dict[str, str]:
    """Every rule and the module it lives in."""
    names = {}
    for name in RULE_MODULES:
        original = importlib.import_module(f"{PACKAGE}.firms.{name}")
        for key, value in vars(original).items():
            if inspect.isfunction(value) and value.__module__ == original.__name__:
                names[key] = name
    return names


@cache
def replacements(rules: str) -> dict[str, list[str]]:
    """Functions of a replacing module by the rule module they belong to.

    Raises
    ------
    NotFound
        The module does not exist, or has a public function that no rule is called.
    """
    replacing = rule_module(rules)
    found: dict[str, list[str]] = {}
    if replacing is None:
        return found
    names = rule_names()
    for key, value in vars(replacing).items():
        if inspect.isfunction(value) and value.__module__ == replacing.__name__ and not key.startswith("_"):
            if key not in names:
                raise NotFound("rule", key, sorted(names), where=rules)
            found.setdefault(names[key], []).append(key)
    return found


def _written_rules(rules: str, name: str) -> Path:
    text = (ROOT / "firms" / f"{name}.py").read_text(encoding="utf-8")
    text = text.replace("from ..", f"from {PACKAGE}.")
    text += f"\nfrom {rules} import {', '.join(replacements(rules)[name])}\n"
    return write_once(cache_folder() / f"policymix_loop_{digest(rules, True)}" / f"{name}.py", text)


def write_once(path: Path, text: str) -> Path:
    """Write a file aside and rename it, unless it is there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.tmp")
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    return path


def import_file(name: str, path: Path) -> types.ModuleType:
    """Import a file once, however many threads ask for it."""
    with _IMPORTING:
        if name not in sys.modules:
            spec = importlib.util.spec_from_file_location(name, path)
            if spec is None or spec.loader is None:
                raise ImportError(f"{path} is no Python module")
            sys.modules[name] = importlib.util.module_from_spec(spec)
            with ExitStack() as unless_whole:
                unless_whole.callback(sys.modules.pop, name)
                spec.loader.exec_module(sys.modules[name])
                unless_whole.pop_all()
        return sys.modules[name]


_IMPORTING = threading.RLock()


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
    files = {f"engine/{n}.py": ROOT / "engine" / f"{n}.py" for n in (*ENGINE_FILES, *WRITTEN)}
    files |= {f"firms/{n}.py": ROOT / "firms" / f"{n}.py" for n in RULE_MODULES}
    files |= {f"policy/{n}.py": ROOT / "policy" / f"{n}.py" for n in ("arrays", "claim", *POLICY_FILES)}
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


@cache
def digest(rules: str, contract: bool, general: bool = True) -> str:
    """Name of a compiled loop: a hash of its sources, versions and the processor."""
    parts = [f"{name}\n{text}" for name, text in sources(rules).items()]
    return fingerprint([*parts, rules, str(contract), str(general)])


def fingerprint(parts: Iterable[str]) -> str:
    """Hash of some texts, of the versions of the compiler and of the processor."""
    import llvmlite.binding
    import numba
    import numpy

    processor = (llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten())
    parts = [*parts, numba.__version__, numpy.__version__, sys.version, *processor]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


@cache
def module(rules: str = "", contract: bool = True, general: bool = True) -> types.ModuleType:
    """The loop over the named rules, written if need be, imported; compiled at its first call or read from the cache.

    Parameters
    ----------
    rules : str
        Importable module with replacing rules, or "" for the shipped ones.
    contract : bool
        Whether multiply-adds may be fused; without, the loop agrees with Python to the last bit.
    general : bool
        Whether it can do what only some packages need (``Setting.general``); without, it is compiled in half the time.
    """
    name = f"policymix_loop_{digest(rules, contract, general)}"
    path = cache_folder() / name / "loop.py"
    if not path.exists():
        write_once(path, written_source(rules, replacements(rules), contract, general))
    return import_file(name, path)


def for_one_run(module: types.ModuleType) -> types.SimpleNamespace:
    """The loop's functions for calls whose arguments keep their types.

    The types are looked at in the first call of ``firms``, which gets everything that the others get; functions that
    have been compiled for one set of types only are then entered directly.
    """
    functions = {name: getattr(module, name) for name in COMPILED}
    entered = {
        name: _direct(function, None if name == "firms" else _only(function)) for name, function in functions.items()
    }
    return types.SimpleNamespace(**entered)


def _only(function: Any) -> Callable | None:
    """Where the machine code of a compiled function begins, if there is one for one set of types and no other."""
    overloads = list(dict.values(function.overloads))  # an ordered dict's own values() hashes every type again
    return overloads[0].entry_point if len(overloads) == 1 else None


def _direct(function: Any, entry: Callable | None) -> Callable:
    def call(*arguments: Any) -> Any:
        nonlocal entry
        if entry is not None:
            return entry(*arguments)
        answer = function(*arguments)
        entry = _only(function)
        return answer

    return call


def compiled(rules: str = "", contract: bool = True, general: bool = True) -> bool:
    """Whether the loop's machine code is in the cache already."""
    folder = cache_folder() / f"policymix_loop_{digest(rules, contract, general)}" / "__pycache__"
    return all(any(folder.glob(f"loop.{name}-*.nbc")) for name in COMPILED)
