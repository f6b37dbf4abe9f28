"""Runs of the reference model in C, built with the system's compiler into a folder of the cache."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np

from . import spec
from .in_engine import Start, shared

STRICT = ("-O3", "-march=native", "-ffp-contract=fast")
NO_TRAPS = (*STRICT, "-fno-trapping-math", "-fno-math-errno")
FAST = ("-O3", "-march=native", "-ffast-math")
LIBRARY = ("-DLIBRARY_MATH",)
BUILDS = {
    "C": STRICT,
    "C, library math": (*STRICT, *LIBRARY),
    "C, no traps": NO_TRAPS,
    "C -ffast-math": FAST,
    "C -ffast-math, library math": (*FAST, *LIBRARY),
}
"""Own exp, log and cos unless they are the library's. Floating-point traps and errno, which nobody reads here, are no
part of the rules that numbers follow: the engine's compiler does without them always, gcc only when it is told so."""
SAME_RULES = tuple(name for name, flags in BUILDS.items() if "-ffast-math" not in flags)
SOURCE = Path(__file__).with_name("kernel.c")


def compiler() -> str | None:
    """The system's C compiler, or None."""
    return next((found for name in ("gcc", "cc", "clang") if (found := shutil.which(name))), None)


def compiler_version() -> str:
    """Its own words for itself."""
    return subprocess.run([str(compiler()), "--version"], capture_output=True, text=True).stdout.splitlines()[0]


def numbers() -> str:
    """Text of numbers.h."""
    lines = []
    for name, value in sorted(vars(spec).items()):
        if not name.isupper():
            continue
        if isinstance(value, int):
            lines.append(f"#define {name} {value}{'ull' if value > 2**31 else ''}")
        elif isinstance(value, float):
            lines.append(f"#define {name} {value!r}")
        elif isinstance(value, np.ndarray) and value.ndim == 1:
            lines.append(f"static const double {name}[] = {{{', '.join(repr(float(x)) for x in value)}}};")
    for name, field in (("BASE_OF", "base"), ("GROUP_OF", "group")):
        column = spec.BASE_MIX[:, spec.F[field]].astype(int)
        lines.append(f"static const int {name}[] = {{{', '.join(map(str, column))}}};")
    return "\n".join(lines) + "\n"


def build(name: str, folder: Path) -> Path:
    """Compile one build; its shared library."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "numbers.h").write_text(numbers(), encoding="utf-8")
    library = folder / f"kernel-{list(BUILDS).index(name)}.so"
    command = [str(compiler()), *BUILDS[name], "-shared", "-fPIC", f"-I{folder}", str(SOURCE), "-o", str(library)]
    subprocess.run([*command, *(["-lmvec"] if "-DLIBRARY_MATH" in command else []), "-lm"], check=True)
    return library


@cache
def library(name: str, folder: Path) -> ctypes.CDLL:
    """A build, loaded."""
    return ctypes.CDLL(str(build(name, folder)))


def address(array: np.ndarray) -> ctypes.c_void_p:
    """Where an array begins."""
    return ctypes.c_void_p(array.ctypes.data)


def run(begins: list[Start], mixes: np.ndarray, build_name: str, folder: Path, threads: int = 1) -> np.ndarray:
    """All replicates under all mixes, [replicates, mixes, quarters, sectors, outcomes]."""
    loaded = library(build_name, folder)
    out = np.zeros((len(begins), len(mixes), spec.QUARTERS, spec.SECTORS, len(spec.OUTPUTS)))
    open_to = [spec.eligible(mix) for mix in mixes]
    distribution = spec.entry_distribution(begins[0].firms)

    def one(room: np.ndarray, r: int, m: int) -> None:
        begin = begins[r]
        loaded.one(
            ctypes.c_int64(begin.firms),
            ctypes.c_int64(spec.capacity(begin.firms)),
            ctypes.c_uint64(int(begin.key)),
            address(begin.buffer),
            address(room),
            address(begin.peers),
            address(mixes[m]),
            address(open_to[m]),
            address(distribution),
            len(distribution),
            address(out[r, m]),
        )

    shared(one, lambda: begins[0].buffer.copy(), len(begins), len(mixes), threads)
    return out
