"""An environment of its own for a peer whose libraries conflict with the engine's."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import IO

MESA_FRAMES = "mesa-frames==0.1.0a0"
FOLDER = Path(__file__).resolve().parent.parent
PATIENCE = 600
"""Seconds that an installation may take."""


class Unavailable(Exception):
    """A peer that cannot be had here; the message says why."""


def interpreter(folder: Path, requirement: str) -> Path:
    """Python of an environment with a library, made if it is not there.

    Raises
    ------
    Unavailable
        It cannot be made.
    """
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    ready = folder / "ready"
    if ready.exists() and ready.read_text(encoding="utf-8") == requirement:
        return python
    venv.create(folder, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"pip install {requirement} took longer than {PATIENCE} s") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["no reason given"]
        raise Unavailable(f"pip install {requirement}: {lines[-1]}")
    ready.write_text(requirement, encoding="utf-8")
    return python


class MesaFrames:
    """A process that runs the reference model in mesa-frames, in one thread."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "POLARS_MAX_THREADS": "1", "PYTHONPATH": str(FOLDER)}
        self.process = subprocess.Popen(
            [str(interpreter(folder, MESA_FRAMES)), "-W", "ignore", "-m", "firmstep.in_mesa_frames"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        words = self._line().split()
        self.versions = dict(zip(("mesa-frames", "polars", "numpy of mesa-frames"), words, strict=True))

    def run(self, firms: int, seed: int, replicates: int, mixes: int, file: Path | None = None) -> tuple[float, ...]:
        """Seconds, seconds of processor time, firm-steps and most memory so far in bytes.

        With a file, firms draw the luck of the specification and outcomes are written there.
        """
        words = [firms, seed, replicates, mixes, *((1, file) if file else (0,))]
        pipe: IO[str] = self.process.stdin
        pipe.write(" ".join(str(word) for word in words) + "\n")
        pipe.flush()
        return tuple(float(word) for word in self._line().split())

    def _line(self) -> str:
        line = self.process.stdout.readline()
        if not line:
            raise Unavailable(f"its process ended with code {self.process.wait()} ({sys.platform})")
        return line

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()
