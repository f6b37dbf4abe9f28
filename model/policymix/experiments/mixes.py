"""The one spelling of mixes, everywhere: ``none,dalian-2021,both=dalian-2021+htz-2022``.

``+`` joins packages, ``,`` separates mixes, ``name=`` names one, ``none`` is the empty mix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath

from policymix.errors import InvalidValue

NONE = "none"
_NAME = re.compile(r"[\w][\w.-]*(\+[\w][\w.-]*)*")
_GRAMMAR = "mixes such as none,dalian-2021,both=dalian-2021+htz-2022"


def parse_mixes(mixes: str | Iterable[str] | Mapping[str, object], where: str = "mixes") -> dict[str, list[str]]:
    """Packages of every mix, by the mix's name and in the order written.

    Parameters
    ----------
    mixes : text, list of texts, or a table from name to packages (``{"both": ["dalian-2021", "htz-2022"]}``)
    where : the option or file in which they were written, for messages

    Examples
    --------
    >>> parse_mixes("none,both=dalian-2021+htz-2022")
    {'none': [], 'both': ['dalian-2021', 'htz-2022']}
    """
    if isinstance(mixes, str):
        named = [_named(part, where) for part in mixes.split(",")]
    elif isinstance(mixes, Mapping):
        named = [(str(name), _packages(value, where)) for name, value in mixes.items()]
    elif isinstance(mixes, Iterable):
        named = [pair for part in mixes for pair in parse_mixes(str(part), where).items()]
    else:
        raise InvalidValue(where, repr(mixes), _GRAMMAR)
    if not named:
        raise InvalidValue(where, "nothing", _GRAMMAR)
    return _unique(named, where)


def format_mixes(mixes: Mapping[str, Iterable[str]]) -> str:
    """The text that `parse_mixes` reads back as the same mixes."""
    parts = []
    for name, packages in mixes.items():
        joined = "+".join(packages)
        parts.append((joined or NONE) if name in (default_name(list(packages)), joined) else f"{name}={joined or NONE}")
    return ",".join(parts)


def default_name(packages: list[str]) -> str:
    """Name of a mix that was given none: its packages' names joined by ``+``; ``none`` if it has none."""
    return "+".join(stem(package) for package in packages) or NONE


def _named(part: str, where: str) -> tuple[str, list[str]]:
    name, separator, joined = part.strip().rpartition("=")
    packages = _packages(joined, where)
    if not separator:
        return default_name(packages), packages
    return name.strip(), packages


def _packages(value: object, where: str) -> list[str]:
    parts = value.split("+") if isinstance(value, str) else [str(part) for part in value or ()]  # type: ignore[attr-defined]
    packages = [part.strip() for part in parts]
    if any(not package for package in packages):
        raise InvalidValue(where, f"an empty name in '{value}'", _GRAMMAR)
    if NONE in packages and len(packages) > 1:
        raise InvalidValue(where, f"'{'+'.join(packages)}'", f"'{NONE}' alone: it is the empty mix")
    if len(set(packages)) < len(packages):
        raise InvalidValue(where, f"'{'+'.join(packages)}'", "every package once in a mix")
    return [] if packages == [NONE] else packages


def _unique(named: list[tuple[str, list[str]]], where: str) -> dict[str, list[str]]:
    mixes: dict[str, list[str]] = {}
    for name, packages in named:
        if not _NAME.fullmatch(name):
            raise InvalidValue(where, f"the name '{name}'", "a name of letters, digits, '-', '_' and '.'")
        if name == NONE and packages:
            raise InvalidValue(where, f"'{NONE}={'+'.join(packages)}'", f"another name: '{NONE}' is the empty mix")
        if name in mixes:
            raise InvalidValue(where, f"the mix '{name}' twice", "a different name for each mix (name=packages)")
        mixes[name] = packages
    return mixes


def stem(package: str) -> str:
    """A package's name, of its file where that is given."""
    return PurePath(package).stem if package.endswith(".toml") or "/" in package else package
