"""Find the files that hold policy and evidence, and read TOML.

Nothing else in the house knows where a file lies. Names are searched for in this order: an explicit path, the folder of
the scenario file, the current folder, the folders of the environment variable ``POLICYMIX_PATH``, the shipped files. A
folder may hold a file flat (``folder/NAME.toml``) or sorted (``folder/packages/NAME.toml``). A file of the user's that
hides a shipped one of the same name is used, with a warning that shows both.
"""

from __future__ import annotations

import math
import os
import re
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from policymix.errors import InvalidFile, NotFound, Problem

KINDS = ("regions", "packages", "scenarios", "opportunities", "targets", "environments", "studies", "problems")
SINGULAR = {kind: f"{kind[:-3]}y" if kind.endswith("ies") else kind[:-1] for kind in KINDS}
PATH_VARIABLE = "POLICYMIX_PATH"

_PLACE_IN_MESSAGE = re.compile(r"\(at line (\d+), column (\d+)\)|\(at end of document\)")
_NOT_FINITE = re.compile(r"(?<![\w.\"'#-])[+-]?(?:inf|nan)(?![\w.\"'-])")
_MARKS = {  # what a flat file of the kind has at the start of a line; tells the kinds of one folder apart
    "regions": re.compile(r"^(\[\[industry\]\]|\[\[place\]\])", re.M),
    "packages": re.compile(r"^(\[\[clause\]\]|extends\s*=)", re.M),
    "scenarios": re.compile(r"^mixes\s*=", re.M),
    "opportunities": re.compile(r"^\[\[(opportunity|channel|opening)\]\]", re.M),
    "targets": re.compile(r"^\[\[target\]\]", re.M),
    "environments": re.compile(r"^(\[\[(year|shock)\]\]|\[(gdp|growth)\b)", re.M),
    "studies": re.compile(r"^(\[\[outcome\]\]|\[levers\]|\[uncertainties\])", re.M),
    "problems": re.compile(r"^(\[\[goal\]\]|\[\[lever\]\])", re.M),
}


class HiddenFile(UserWarning):
    """A file of the user's hides a shipped one of the same name."""


def data_root() -> Path:
    """Folder that holds ``scenarios/`` and ``calibration/``: ``data/`` in a wheel, the repository root otherwise."""
    here = Path(__file__).resolve().parent
    return here / "data" if (here / "data").is_dir() else here.parents[1]


def find(kind: str, name: str | os.PathLike[str], near: Path | None = None) -> Path:
    """Path of a named file.

    Parameters
    ----------
    kind : one of `KINDS`
    name : a name (``"dalian"``), or a path (ends in ``.toml`` or contains a separator)
    near : the scenario file (or its folder) in which the name was written
    """
    _check_kind(kind)
    text = os.fspath(name)
    if _is_path(text):
        return _explicit(kind, text, near)
    places = list(_candidates(kind, text, near))
    if not places:
        raise NotFound(SINGULAR[kind], text, available(kind, near), where=os.fspath(near) if near else None)
    _warn_if_hidden(kind, text, places)
    return places[0]


def available(kind: str, near: Path | None = None) -> dict[str, Path]:
    """All names of a kind with the file each one stands for, in alphabetical order."""
    _check_kind(kind)
    found: dict[str, Path] = {}
    for folder in _folders(near):
        for path in _sorted_files(folder / kind):
            found.setdefault(path.stem, path)
        for path in _sorted_files(folder):
            if path.stem not in found and _MARKS[kind].search(_text(path)):
                found[path.stem] = path
    for path in _sorted_files(_shipped(kind)):
        found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def kind_of(path: Path) -> str:
    """Kind of a file, by what it holds; a file that bears no mark is taken for a package."""
    text = _text(path)
    return next((kind for kind in KINDS if _MARKS[kind].search(text)), "packages")


def posterior(region: str) -> Path | None:
    """The fit of a region, by its id; None if nobody has made one. One of the user's hides a shipped one."""
    places = [path for folder in _folders(None) if (path := folder / "posterior" / f"{region}.nc").is_file()]
    shipped = posterior_folder() / f"{region}.nc"
    return next(iter(places), shipped if shipped.is_file() else None)


def posteriors() -> list[str]:
    """Names of the shipped fits: regions, and regions with the last year fitted."""
    return sorted(path.stem for path in posterior_folder().glob("*.nc"))


def posterior_folder() -> Path:
    """Folder of the fits that runs draw from by default."""
    return data_root() / "calibration" / "posterior"


def has_moments(path: Path) -> bool:
    """Whether a file holds moments: figures that a region is fitted to (``calibration/moments.toml``)."""
    return re.search(r"^\[\[moment\]\]", _text(path), re.M) is not None


def scenario_file(name: str) -> Path:
    """Path of a shipped file of ``scenarios/`` that is of no kind (``provisions.csv``)."""
    path = data_root() / "scenarios" / name
    if not path.is_file():
        raise NotFound("file", name, [each.name for each in path.parent.iterdir() if each.is_file()], str(path.parent))
    return path


def evidence(name: str) -> Path:
    """Path of a shipped file of ``calibration/`` (``priors.toml``) or of its ``evidence/`` (``effects.csv``)."""
    folder = data_root() / "calibration"
    for path in (folder / name, folder / "evidence" / name):
        if path.is_file():
            return path
    names = [
        path.name for sub in (folder, folder / "evidence") if sub.is_dir() for path in sub.iterdir() if path.is_file()
    ]
    raise NotFound("evidence file", name, names, where=str(folder))


def content(kind: str, source: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[dict[str, Any], Path | None]:
    """The keys of a file of a kind, by name or path, with its path; those of a table as they are, which has none."""
    if isinstance(source, Mapping):
        return dict(source), None
    path = find(kind, source)
    return plain(read_toml(path)), path


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """A TOML file as plain data, decimals as `Decimal`; anything unreadable is an `InvalidFile` with its line."""
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        beside = [other.name for other in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise NotFound("file", str(path), beside) from None
    except IsADirectoryError:
        raise InvalidFile(path, [Problem("path", "a folder", "a TOML file")]) from None
    except PermissionError:
        raise InvalidFile(path, [Problem("file", "no permission to read it", "a readable file")]) from None
    except UnicodeDecodeError as error:
        raise InvalidFile(path, [Problem(f"byte {error.start}", "not UTF-8", "text in UTF-8")]) from None
    return parse_toml(text, path)


DEEPEST = 50
"""Levels of tables and lists in a file."""
TOO_MUCH = Problem("file", "an integer too long or values too deep", f"64 bits, {DEEPEST} levels")


def parse_toml(text: str, path: str | os.PathLike[str]) -> dict[str, Any]:
    """The content of a TOML text; `path` is only named in messages."""
    refused: list[str] = []

    def number(digits: str) -> Decimal:
        if not math.isfinite(float(digits)):
            refused.append(digits)
        return Decimal(digits)

    try:
        content = tomllib.loads(text, parse_float=number)
    except tomllib.TOMLDecodeError as error:
        raise InvalidFile(path, [_syntax_problem(str(error), text)]) from None
    except (ValueError, RecursionError):  # an integer of thousands of digits, tables of thousands of levels
        raise InvalidFile(path, [TOO_MUCH]) from None
    if beyond(content):
        raise InvalidFile(path, [TOO_MUCH])
    if refused:
        raise InvalidFile(path, _not_finite_problems(text, refused))
    return content


def beyond(obj: Any, levels: int = DEEPEST) -> bool:
    """Whether data hold an integer of more than 64 bits, which TOML lacks, or more levels than can be walked."""
    if isinstance(obj, dict | list):
        inner = obj.values() if isinstance(obj, dict) else obj
        return levels == 0 or any(beyond(value, levels - 1) for value in inner)
    return isinstance(obj, int) and obj.bit_length() > 64


def plain(obj: Any) -> Any:
    """The same data with every `Decimal` as a float, recursively."""
    if isinstance(obj, Decimal):
        return float(obj)
    if isinstance(obj, dict):
        return {key: plain(value) for key, value in obj.items()}
    if isinstance(obj, list | tuple):
        return type(obj)(plain(value) for value in obj)
    return obj


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise NotFound("kind of file", kind, KINDS)


def _is_path(text: str) -> bool:
    return text.endswith(".toml") or "/" in text or os.sep in text


def _explicit(kind: str, text: str, near: Path | None) -> Path:
    given = Path(text).expanduser()
    tries = [given] if given.is_absolute() else [folder / given for folder in (*_near_folder(near), Path.cwd())]
    tries += [path.with_name(path.name + ".toml") for path in tries if path.suffix != ".toml"]
    for path in tries:
        if path.is_file():
            return path
    raise NotFound(f"{SINGULAR[kind]} file", text, available(kind, near), where=os.fspath(near) if near else None)


def _near_folder(near: Path | None) -> tuple[Path, ...]:
    if near is None:
        return ()
    near = Path(near)
    return (near if near.is_dir() else near.parent,)


def _folders(near: Path | None) -> list[Path]:
    """The user's folders, in search order, each once."""
    entries = os.environ.get(PATH_VARIABLE, "").split(os.pathsep)
    folders = [*_near_folder(near), Path.cwd(), *(Path(entry).expanduser() for entry in entries if entry)]
    return list({folder.resolve(): folder for folder in folders}.values())


def _shipped(kind: str) -> Path:
    folder = data_root() / "scenarios"
    return folder if kind == "scenarios" else folder / kind


def _candidates(kind: str, name: str, near: Path | None) -> Iterator[Path]:
    """Existing files that bear the name, best first, each once."""
    seen: set[Path] = set()
    places = [place for folder in _folders(near) for place in (folder / kind / f"{name}.toml", folder / f"{name}.toml")]
    flat = {folder / f"{name}.toml" for folder in _folders(near)}
    for place in [*places, _shipped(kind) / f"{name}.toml"]:
        if place.resolve() in seen or not place.is_file():
            continue
        if place in flat and place.parent != _shipped(kind) and _is_of_another_kind(kind, place):
            continue
        seen.add(place.resolve())
        yield place


def _is_of_another_kind(kind: str, path: Path) -> bool:
    text = _text(path)
    return not _MARKS[kind].search(text) and any(mark.search(text) for mark in _MARKS.values())


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def _sorted_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.toml") if path.is_file()) if folder.is_dir() else []


def _warn_if_hidden(kind: str, name: str, places: list[Path]) -> None:
    shipped = _shipped(kind) / f"{name}.toml"
    if places[0].resolve() == shipped.resolve() or not shipped.is_file():
        return
    if places[0].read_bytes() == shipped.read_bytes():
        return
    warnings.warn(f"the {SINGULAR[kind]} {places[0]} hides the shipped {shipped}", HiddenFile, stacklevel=3)


def _syntax_problem(message: str, text: str) -> Problem:
    match = _PLACE_IN_MESSAGE.search(message)
    said = _PLACE_IN_MESSAGE.sub("", message).strip().rstrip(".")
    if match is None or match.group(1) is None:
        return Problem(f"line {text.count(chr(10)) + 1} (end of the file)", said, "valid TOML")
    line, column = int(match.group(1)), int(match.group(2))
    lines = text.splitlines()
    written = lines[line - 1].strip() if line <= len(lines) else ""
    return Problem(f"line {line}, column {column}", f"{said} in '{written}'", "valid TOML")


def _not_finite_problems(text: str, refused: list[str]) -> list[Problem]:
    """One problem for each number that is not finite; the line is that of the first word that looks like it."""
    expected = "a finite number"
    problems = [
        Problem(f"line {number}", match.group(0), expected)
        for number, line in enumerate(text.splitlines(), start=1)
        for match in _NOT_FINITE.finditer(line.split("#")[0])
    ]
    return problems or [Problem(f"line {_line_of(digits, text)}", digits, expected) for digits in refused]


def _line_of(word: str, text: str) -> int:
    return text[: max(text.find(word), 0)].count("\n") + 1
