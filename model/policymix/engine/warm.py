"""Compiles the loop before it is needed: one half of it in a process of its own, while this one compiles the other."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from contextlib import ExitStack

from . import loop

HALVES = (("tray", "admit", "close", "ask"), ("firms", "initial_city"))
"""They take about the same time; the second begins half a second later, in the process of its own."""
PROGRAM = (
    "import sys; from policymix.engine.warm import compile_parts; "
    "compile_parts(sys.argv[1], sys.argv[2] == '1', sys.argv[3] == '1', sys.argv[4:])"
)


def warm(rules: str = "", contract: bool = True, general: bool = False) -> bool:
    """Compile the loop over the named rules unless the cache holds it; True if there was something to compile."""
    if loop.compiled(rules, contract, general):
        return False
    path = os.pathsep.join([str(loop.ROOT.parent), *[p for p in sys.path if p]])
    other = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, rules, str(int(contract)), str(int(general)), *HALVES[1]],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with ExitStack() as when_interrupted:
        when_interrupted.callback(other.terminate)
        compile_parts(rules, contract, general, HALVES[0])
        when_interrupted.pop_all()
    if other.wait() != 0:
        compile_parts(rules, contract, general, HALVES[1])
    return True


def compile_parts(rules: str, contract: bool, general: bool, names: tuple[str, ...] | list[str]) -> None:
    """Compile some functions of the loop for the types that every run uses."""
    from .example import arguments

    module = loop.module(rules, contract, general)
    known = arguments()
    collects = gc.isenabled()
    gc.disable()  # the compiler's many small objects live until the end; looking through them takes a twentieth
    try:
        for name in names:
            getattr(module, name).compile(known[name])
    finally:
        if collects:
            gc.enable()
