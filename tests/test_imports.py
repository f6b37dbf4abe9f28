"""Imports run downwards only, and what is heavy waits until it is needed."""

import ast
import inspect
import subprocess
import sys
import time
from pathlib import Path

import pytest

import policymix
from policymix.engine.loop import cache_folder
from policymix.engine.warm import warm

pytestmark = pytest.mark.anywhere

ROOT = Path(policymix.__file__).parent
LEVELS = [  # each room may import those above its line, none of its own line but itself
    {"catalog", "elementary", "errors", "__init__"},
    {"firms", "policy", "region"},
    {"engine"},
    {"experiments"},
    {"analysis", "calibrate"},
    {"report"},
    {"app"},
    {"cli", *(path.stem for path in ROOT.glob("cli_*.py"))},
    {"__main__"},
]
HEIGHT = {room: height for height, rooms in enumerate(LEVELS) for room in rooms}
MODULES = sorted(ROOT.rglob("*.py"))
HEAVY = (
    "statsmodels",
    "scoringrules",
    "xarray",
    "scipy.stats",
    "matplotlib",
    "mesa",
    "dask",
    "zarr",
    "pandas",
    "numba",
)


def room_of(path):
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imported(path):
    """Every module of this package that a file imports, wherever in the file, as dotted parts."""
    package = ("policymix", *path.relative_to(ROOT).with_suffix("").parts)[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            names = [f"{module}.{alias.name}" for alias in node.names] if module == "policymix" else [module]
        else:
            continue
        yield from (name.split(".") for name in names if name.split(".")[0] == "policymix" and "." in name)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downwards(path):
    own = room_of(path)
    for parts in imported(path):
        other = parts[1] if parts[1] in HEIGHT else "__init__"
        within = (own.startswith("cli") and other.startswith("cli")) or HEIGHT[other] == HEIGHT[own] == 0
        allowed = other == own or HEIGHT[other] < HEIGHT[own] or within
        assert allowed, f"{path.relative_to(ROOT)} ({own}) imports {'.'.join(parts)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_short_and_well_named(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500
    assert path.stem not in {"utils", "helpers", "common", "manager", "misc"}


def python(code, **environment):
    """Run code in a fresh interpreter of the same environment."""
    environment |= {"PYTHONPATH": str(ROOT.parent), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    ).stdout


@pytest.mark.parametrize("module", ["policymix", "policymix.cli", "policymix.experiments.scenario"])
def test_heavy_modules_are_imported_where_first_needed(module):
    loaded = set(python(f"import sys, {module}; print('\\n'.join(sys.modules))").split())
    assert not loaded & set(HEAVY)


def test_public_names_are_there():
    assert set(policymix.__all__) <= set(dir(policymix))
    with pytest.raises(AttributeError, match="it has __version__"):
        _ = policymix.rnu


@pytest.mark.parametrize("name", sorted(set(policymix.__all__) - {"__version__"}))
def test_public_names_can_be_called(name):
    value = getattr(policymix, name)
    functions = list(vars(value).values()) if inspect.ismodule(value) else [value]
    assert any(callable(each) for each in functions)


def test_help_is_instant():
    def once():
        start = time.perf_counter()
        python("import sys; sys.argv = ['policymix', '--version']; import policymix.cli as c; c.main()")
        return time.perf_counter() - start

    assert min(once() for _ in range(3)) < 0.5


COMPILING = """
import numba.core.compiler as compiler

compile_extra, names = compiler.compile_extra, []

def noted(typing, target, function, *more, **options):
    names.append(function.__name__)
    return compile_extra(typing, target, function, *more, **options)

compiler.compile_extra = noted
import policymix
policymix.run("dalian-2025", draws=1, mix="none")
print(names)
"""


def test_what_one_process_has_compiled_no_other_compiles():
    warm()
    assert python(COMPILING, POLICYMIX_CACHE=str(cache_folder())) == "[]\n"
