"""One address for everything that can be set.

========================  ==============================================
``package/clause.key``    a number of a clause, ``htz-2022/m4.pays.rent_share``
``parameter.NAME``        a parameter of the firms, of ``calibration/priors.toml``
``environment.NAME``      growth, prices, rates
``region.NAME``           a figure of the region
``run.NAME``              seed, draws, horizon of the run
========================  ==============================================

The same address is used in ``--set``, study files, results and messages.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from policymix.catalog import beyond
from policymix.errors import InvalidValue, NotFound, closest

SPACES = ("parameter", "environment", "region", "run")
Value = bool | int | float | str | datetime.date | list | dict

_PACKAGE = re.compile(r"(?P<package>[^/\s]+)/(?P<rest>[^\s=]+)")
_NAMED = re.compile(r"(?P<space>\w+)\.(?P<rest>[^\s=/]+)")


class Address(NamedTuple):
    """Where a value lives: its space (``package`` or one of `SPACES`), the package's name, and the key within."""

    space: str
    package: str | None
    key: str

    def __str__(self) -> str:
        return f"{self.package}/{self.key}" if self.space == "package" else f"{self.space}.{self.key}"


def parse_address(text: str, where: str = "address") -> Address:
    """The address that a text spells; whether it exists is for `require` to say.

    Examples
    --------
    >>> parse_address("htz-2022/m4.pays.rent_share")
    Address(space='package', package='htz-2022', key='m4.pays.rent_share')
    """
    text = text.strip()
    match = _PACKAGE.fullmatch(text)
    if match:
        return Address("package", match["package"], match["rest"])
    match = _NAMED.fullmatch(text)
    if match is None:
        raise InvalidValue(where, f"'{text}'", f"package/clause.key or one of {', '.join(s + '.NAME' for s in SPACES)}")
    if match["space"] not in SPACES:
        near = closest(match["space"], SPACES)
        raise InvalidValue(
            where,
            f"'{text}'",
            f"package/clause.key or one of {', '.join(s + '.NAME' for s in SPACES)}",
            near and f"{near}.{match['rest']}",
        )
    return Address(match["space"], None, match["rest"])


def parse_value(text: str) -> Value:
    """A value as TOML would read it (number, date, true, "text", [list], {table}); anything else is plain text."""
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except (ValueError, RecursionError):  # no TOML; an integer of thousands of digits, lists of thousands of levels
        return text.strip()
    return text.strip() if isinstance(value, datetime.datetime | datetime.time) or beyond(value) else value


def parse_settings(settings: Iterable[str] | Mapping[str, Value] | None, where: str = "--set") -> dict[str, Value]:
    """Values by address, from ``ADDRESS=VALUE`` texts or a table; an address given twice is refused."""
    if settings is None:
        return {}
    if isinstance(settings, str):
        settings = [settings]
    pairs = list(settings.items()) if isinstance(settings, Mapping) else [_pair(text, where) for text in settings]
    values: dict[str, Value] = {}
    for text, value in pairs:
        address = str(parse_address(str(text), where))
        if address in values and values[address] != value:
            raise InvalidValue(where, f"{address} set to {values[address]} and to {value}", "one value for an address")
        values[address] = float(value) if isinstance(value, Decimal) else value
    return values


def require(address: str, known: Iterable[str], where: str = "--set") -> None:
    """Refuse an address that does not exist, with all that do, nearest first."""
    names = set(known)
    if address not in names:
        raise NotFound("address", address, names, where=where)


def _pair(text: str, where: str) -> tuple[str, Value]:
    address, separator, value = str(text).partition("=")
    if not separator or not value.strip():
        raise InvalidValue(where, f"'{text}'", "ADDRESS=VALUE, such as htz-2022/m4.pays.rent_share=0.5")
    return address, parse_value(value)
