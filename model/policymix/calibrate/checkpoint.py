"""Simulations of a fit in a file, one checked record each, so that an interrupted fit goes on where it stopped.

The first line says in JSON what the simulations were made from. A record is the unit's number, its moments and their
CRC-32; a record that was cut off by a crash is left out and made again.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from policymix.errors import InvalidFile, Problem, RunFailed
from policymix.experiments.store import check_writable

_NUMBER, _CHECK = struct.Struct("<q"), struct.Struct("<I")


def begin(path: Path, made_from: Mapping[str, str], moments: int, resume: bool) -> dict[int, np.ndarray]:
    """Open a file of simulations; what it already holds, by unit, or nothing where it is begun anew.

    Parameters
    ----------
    made_from : hashes and ids that the simulations depend on
    moments : numbers in a record
    resume : go on with a file that is there; otherwise it is replaced

    Raises
    ------
    InvalidFile
        Going on with a file of something else.
    """
    check_writable(path.parent)
    if not (resume and path.is_file()):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(json.dumps(dict(made_from), ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            raise RunFailed(f"cannot write {path}: {error.strerror or error}") from None
        return {}
    head, _, body = path.read_bytes().partition(b"\n")
    before = _read_head(path, head)
    changed = sorted(key for key in made_from.keys() | before.keys() if made_from.get(key) != before.get(key))
    if changed:
        found = f"simulations made from another {', '.join(changed)}"
        raise InvalidFile(path, [Problem("--resume", found, "the same as now; calibrate again without --resume")])
    done, kept = _records(body, moments)
    if kept < len(body):
        with path.open("r+b") as file:
            file.truncate(len(head) + 1 + kept)
    return done


def append(path: Path, unit: int, moments: np.ndarray) -> None:
    """Add one simulation; written at once, so that only the last one can be cut off."""
    content = _NUMBER.pack(unit) + np.asarray(moments, "<f8").tobytes()
    try:
        with path.open("ab") as file:
            file.write(content + _CHECK.pack(zlib.crc32(content)))
    except OSError as error:
        raise RunFailed(f"cannot write {path}: {error.strerror or error}") from None


def _read_head(path: Path, head: bytes) -> dict[str, str]:
    try:
        found = json.loads(head)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        expected = "simulations of policymix calibrate; calibrate again without --resume"
        raise InvalidFile(path, [Problem("first line", "no JSON", expected)])
    return found


def _records(body: bytes, moments: int) -> tuple[dict[int, np.ndarray], int]:
    """Sound records from the start, and the bytes they take; everything after the first unsound one is left out."""
    size = _NUMBER.size + 8 * moments + _CHECK.size
    done: dict[int, np.ndarray] = {}
    at = 0
    while at + size <= len(body):
        content, check = body[at : at + size - _CHECK.size], body[at + size - _CHECK.size : at + size]
        if _CHECK.unpack(check)[0] != zlib.crc32(content):
            break
        done[_NUMBER.unpack_from(content)[0]] = np.frombuffer(content, "<f8", offset=_NUMBER.size).copy()
        at += size
    return done, at
