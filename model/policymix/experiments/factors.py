"""Factors: what a design varies, over which values, and which of them a position in [0, 1] stands for.

A factor of a study file is one TOML table. Dates are proleptic Gregorian ordinals (``datetime.date.toordinal``)
everywhere behind the reading of that table.
"""

from __future__ import annotations

import datetime
import math
import numbers
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from policymix.errors import InvalidValue, Problem, nearest
from policymix.experiments.addresses import parse_address
from policymix.experiments.mixes import format_mixes, parse_mixes

KINDS = ("real", "integer", "boolean", "choice", "date", "mix")
ORDERED = ("real", "integer", "boolean", "date")
RANGED = ("real", "integer", "date")  # may be given by low and high
SCALES = ("linear", "log")
KEYS = ("name", "address", "kind", "low", "high", "values", "scale", "levels", "default")
MIX_KEYS = ("name", "mix", "kind", "default")
DTYPES = {"real": np.float64, "integer": np.int64, "boolean": np.bool_, "choice": np.str_, "date": np.int64}
DTYPES |= {"mix": np.str_}
EXPECTED = {
    "real": "a finite number",
    "integer": "a whole number",
    "boolean": "true or false",
    "choice": "text",
    "date": "a date such as 2022-07-01",
    "mix": "packages such as dalian-2021+htz-2022, or none",
}
LARGEST = 2**53  # up to here every whole number is a float64
LAST_DAY = datetime.date.max.toordinal()
MOST_LEVELS = 1_000_000
LEVEL_COUNT = f"a whole number, 2 to {MOST_LEVELS}"

Scalar = float | int | bool | str
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_SORTS: dict[str, Callable[[object], bool]] = {
    "boolean": lambda value: isinstance(value, bool | np.bool_),
    "real": lambda value: isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_),
    "choice": lambda value: isinstance(value, str),
    "date": lambda value: isinstance(value, datetime.date) and not isinstance(value, datetime.datetime),
}


@dataclass(frozen=True)
class Factor:
    """One thing that a design varies.

    Attributes
    ----------
    name : a letter, then letters, digits, ``_``, ``-``; the name of its column
    address : what it sets (``htz-2022/m4.pays.rent_share``); "" for kind ``mix``
    kind : one of `KINDS`
    low, high : ends of a range, both included (dates as ordinals), or None
    values : all its values instead of a range: numbers and dates ascending, ``(False, True)``, texts, or mixes as texts
        that `parse_mixes` reads
    scale : ``linear`` or ``log``; the latter for a range of kind ``real`` only
    default : value where only other factors vary, perhaps one that the design does not try; None if unknown
    title_en, title_zh, unit : for tables and figures
    levels : how many values of the range a design of levels takes, or None
    """

    name: str
    address: str = ""
    kind: str = "real"
    low: float | None = None
    high: float | None = None
    values: tuple[Scalar, ...] = ()
    scale: str = "linear"
    default: Scalar | None = None
    title_en: str = ""
    title_zh: str = ""
    unit: str = ""
    levels: int | None = None


def at(factor: Factor, u: np.ndarray | float) -> np.ndarray:
    """Values at positions in [0, 1].

    A range of real numbers is interpolated, linearly or in logs; whole numbers, dates and lists of values have bins of
    equal probability, the last of which includes 1.

    Parameters
    ----------
    u : positions, of any shape

    Returns
    -------
    array of the shape of `u`: float64 (real), int64 (integer, date), bool, or fixed-width text (choice, mix)

    Raises
    ------
    InvalidValue
        A position that is NaN or outside [0, 1].
    """
    u = np.asarray(u, dtype=np.float64)
    if not np.all((u >= 0.0) & (u <= 1.0)):
        raise InvalidValue(f'factor "{factor.name}"', "a position outside [0, 1]", "positions from 0 to 1")
    if factor.values:
        return column_of(factor, factor.values)[_bins(u, len(factor.values))]
    low, high = _ends(factor)
    if factor.kind != "real":
        return int(low) + _bins(u, _whole(factor))
    if factor.scale == "log":
        return np.clip(low * np.exp(u * (math.log(high) - math.log(low))), low, high)
    return np.clip(low + (high - low) * u, low, high)


def levels(factor: Factor, n: int | None = None) -> np.ndarray:
    """Values that a design of levels takes: all of a list; of a range `n` evenly spread ones with both ends.

    Parameters
    ----------
    n : how many, 2 or more; None for the factor's own ``levels``. Whole numbers and dates have no more than there are.

    Returns
    -------
    array [level] as `at` returns it, without repetition
    """
    if factor.values:
        return column_of(factor, factor.values)
    count, (low, high) = level_count(factor, n), _ends(factor)
    if factor.kind != "real":
        return int(low) + np.floor(np.linspace(0.0, high - low, count) + 0.5).astype(np.int64)
    return np.geomspace(low, high, count) if factor.scale == "log" else np.linspace(low, high, count)


def level_count(factor: Factor, n: int | None = None) -> int:
    """How many values `levels` returns, without making them.

    Raises
    ------
    InvalidValue
        A range for which neither `n` nor the factor says how many levels.
    """
    if factor.values:
        return len(factor.values)
    count = factor.levels if n is None else n
    if count is None or not is_level_count(count):
        found = "nothing" if count is None else repr(count)
        raise InvalidValue(f'factor "{factor.name}" > levels', found, f"{LEVEL_COUNT}, or a list of values")
    return int(count) if factor.kind == "real" else min(int(count), _whole(factor))


def is_level_count(count: object) -> bool:
    """Whether it can be how many levels a range has."""
    return isinstance(count, int | np.integer) and not isinstance(count, bool) and 2 <= int(count) <= MOST_LEVELS


def middle(factor: Factor) -> Scalar:
    """Middle value (the lower of two); of a choice or mix, which have no order, the first."""
    if not factor.values:
        return at(factor, 0.5).item()
    return factor.values[(len(factor.values) - 1) // 2 if factor.kind in ORDERED else 0]


def column_of(factor: Factor, values: Iterable[Scalar]) -> np.ndarray:
    """Values of a factor as a column: float64, int64 (also dates), bool, or fixed-width text."""
    return np.array(list(values), dtype=DTYPES[factor.kind])


def value_of(kind: str, raw: object) -> Scalar | None:
    """A value of TOML or Python as a factor of this kind holds it (dates as ordinals), or None if it is of another."""
    if kind == "date":
        return raw.toordinal() if _SORTS["date"](raw) else None  # type: ignore[attr-defined]
    return _held(kind, raw)


def parsed(kind: str, text: str) -> Scalar | None:
    """A cell of a table as a factor of this kind holds it, or None if it cannot be read as one."""
    text = text.strip()
    try:
        if kind == "boolean":
            return {"true": True, "false": False}.get(text.lower())
        if kind == "date":
            return datetime.date.fromisoformat(text).toordinal()
        return value_of(kind, text if kind in ("choice", "mix") else float(text))
    except ValueError:
        return None


def written(kind: str, value: Scalar) -> str:
    """A value as a user writes it: dates as 2022-07-01, truth as true and false."""
    if kind == "date":
        return datetime.date.fromordinal(int(value)).isoformat()
    return str(bool(value)).lower() if kind == "boolean" else str(value)


def range_of(factor: Factor) -> str:
    """The values that a factor can have, in words."""
    if factor.values:
        return "one of " + ", ".join(written(factor.kind, value) for value in factor.values)
    low, high = _ends(factor)
    return f"{EXPECTED[factor.kind]}, {written(factor.kind, low)} to {written(factor.kind, high)}"


def contains(factor: Factor, value: Scalar) -> bool:
    """Whether a value, as the factor holds it, is in its list or range."""
    if factor.values:
        return value in factor.values
    low, high = _ends(factor)
    return low <= value <= high  # type: ignore[operator]


def factor_of(table: Mapping[str, Any], where: str) -> tuple[Factor | None, list[Problem]]:
    """The factor of a table of a study file (as `catalog.plain` leaves it), or None with everything wrong with it.

    Keys: ``address`` or ``mix`` (mixes in their one spelling, or a list of them); ``name`` (by default the last word of
    the address, or ``mix``); ``kind`` (by default boolean, choice, date or real, by the type of the values: whole
    numbers have to say ``kind = "integer"``); ``low`` and ``high``, or ``values`` (put in ascending order where they
    have one); ``scale``; ``levels``; ``default``.

    Parameters
    ----------
    where : words for the table in messages: ``lever 2``
    """
    problems = _key_problems(table, where)
    if problems:
        return None, problems
    kind, problems = _kind(table, where)
    fields = {} if problems else _fields(kind, table, where, problems)
    if "default" in table and not problems:
        fields["default"] = _read(kind, table["default"], f"{where} > default", problems)
    if problems:
        return None, problems
    address = str(table.get("address", "")).strip()
    factor = Factor(
        name=table.get("name", re.split(r"[./]", address)[-1] if kind != "mix" else "mix"),
        address=address,
        kind=kind,
        scale=table.get("scale", "linear"),
        levels=table.get("levels"),
        **fields,
    )
    problems = check_factor(factor, where)
    return (None, problems) if problems else (factor, [])


def check_factor(factor: Factor, where: str | None = None) -> list[Problem]:
    """Everything that is wrong with a factor, none if it can be used.

    Parameters
    ----------
    where : words for it in messages; by default its name
    """
    where = where or f'factor "{factor.name}"'
    problems = []
    if not isinstance(factor.name, str) or not _NAME.fullmatch(factor.name):
        expected = "a name: a letter, then letters, digits, '_' or '-'"
        problems.append(Problem(f"{where} > name", repr(factor.name), expected))
    if factor.kind not in KINDS:
        return [*problems, _unknown(f"{where} > kind", factor.kind, KINDS)]
    if factor.scale not in SCALES:
        return [*problems, _unknown(f"{where} > scale", factor.scale, SCALES)]
    if factor.default is not None and _held(factor.kind, factor.default) is None:
        problems.append(Problem(f"{where} > default", repr(factor.default), EXPECTED[factor.kind]))
    elif factor.default is not None and factor.kind == "mix":
        problems += _mix_problems((factor.default,), f"{where} > default")
    problems += _address_problems(factor, where)
    return problems + (_list_problems(factor, where) if factor.values else _range_problems(factor, where))


def _bins(u: np.ndarray, count: int) -> np.ndarray:
    return np.minimum((u * count).astype(np.int64), count - 1)


def _ends(factor: Factor) -> tuple[float, float]:
    if factor.low is None or factor.high is None:
        raise InvalidValue(f'factor "{factor.name}"', "neither a range nor values", "low and high, or values")
    return factor.low, factor.high


def _whole(factor: Factor) -> int:
    """How many whole numbers or days a range has."""
    low, high = _ends(factor)
    return int(high) - int(low) + 1


def _held(kind: str, value: object) -> Scalar | None:
    """A value in the form in which a factor of this kind holds it, or None."""
    sort = {"integer": "real", "date": "real", "mix": "choice"}.get(kind, kind)
    if not _SORTS[sort](value):
        return None
    if sort == "boolean":
        return bool(value)
    if sort == "choice":
        text = str(value).strip()
        return text if text and text.isprintable() else None
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:  # a whole number of more than 308 digits
        return None
    if not math.isfinite(number):
        return None
    if kind == "real":
        return number
    low, high = (1, LAST_DAY) if kind == "date" else (-LARGEST, LARGEST)
    return int(number) if number.is_integer() and low <= value <= high else None  # type: ignore[operator]


def _read(kind: str, raw: object, where: str, problems: list[Problem]) -> Scalar | None:
    value = value_of(kind, raw)
    if value is None:
        problems.append(Problem(where, _shown(raw), EXPECTED[kind]))
    return value


def _is_text_or_list(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list | tuple) and all(isinstance(one, str) for one in value))


def _key_problems(table: Mapping[str, Any], where: str) -> list[Problem]:
    """Keys that do not exist, and tables that set nothing or two things."""
    targets = [key for key in ("address", "mix") if key in table]
    keys = {"address": KEYS, "mix": MIX_KEYS}[targets[0]] if len(targets) == 1 else (*KEYS, "mix")
    problems = [
        Problem(
            f"{where} > {key}", "a key that does not exist", f"one of {', '.join(keys)}", nearest(str(key), keys)[0]
        )
        for key in table
        if key not in keys
    ]
    if len(targets) != 1:
        problems.append(Problem(where, "both address and mix" if targets else "neither address nor mix", "one of them"))
    return problems


def _mixes(table: Mapping[str, Any], where: str) -> tuple[tuple[str, ...], list[Problem]]:
    """Every mix as a text of its own that `parse_mixes` reads back."""
    packages = table["mix"].values() if isinstance(table["mix"], Mapping) else [table["mix"]]
    if not all(_is_text_or_list(named) for named in packages):
        return (), [Problem(f"{where} > mix", _shown(table["mix"]), "mixes such as none,dalian-2021,htz-2022")]
    try:
        mixes = parse_mixes(table["mix"], f"{where} > mix")
    except InvalidValue as error:
        return (), [error.problem]
    return tuple(format_mixes({name: packages}) for name, packages in mixes.items()), []


def _kind(table: Mapping[str, Any], where: str) -> tuple[str, list[Problem]]:
    """The kind said, or that of the first value."""
    named = table.get("kind")
    kinds = ["mix"] if "mix" in table else [kind for kind in KINDS if kind != "mix"]
    if named is not None:
        return (named, []) if named in kinds else ("", [_unknown(f"{where} > kind", named, kinds)])
    if "mix" in table:
        return "mix", []
    values = table.get("values")
    sample = [*values] if isinstance(values, list | tuple) else []
    sample += [table[key] for key in ("low", "high") if key in table]
    for kind, is_one in _SORTS.items():
        if sample and is_one(sample[0]):
            return kind, []
    if sample:
        return "", [Problem(where, _shown(sample[0]), "numbers, dates, texts, or true and false")]
    return "", [Problem(where, "neither a range nor values", "low and high, or values (a list that is not empty)")]


def _fields(kind: str, table: Mapping[str, Any], where: str, problems: list[Problem]) -> dict[str, Any]:
    """Range or values of a table; what is wrong is added to `problems`."""
    if kind == "mix":
        values, wrong = _mixes(table, where)
        problems += wrong
        return {"values": values}
    given = [key for key in ("low", "high") if key in table]
    if "values" in table and given:
        problems.append(Problem(where, f"both values and {given[0]}", "low and high, or values"))
        return {}
    if "values" not in table:
        return {key: _read(kind, table[key], f"{where} > {key}", problems) for key in given} or _whole_list(kind)
    listed = table["values"]
    if not isinstance(listed, list | tuple) or not listed:
        problems.append(Problem(f"{where} > values", _shown(listed), "a list that is not empty"))
        return {}
    read = [_read(kind, value, f"{where} > values", problems) for value in listed]
    if problems:
        return {}
    return {"values": tuple(sorted(read) if kind in ORDERED else read)}


def _whole_list(kind: str) -> dict[str, Any]:
    """A boolean factor need not list its two values."""
    return {"values": (False, True)} if kind == "boolean" else {}


def _address_problems(factor: Factor, where: str) -> list[Problem]:
    if factor.kind == "mix":
        return [Problem(f"{where} > address", repr(factor.address), "none for a mix")] if factor.address else []
    try:
        parse_address(factor.address, f"{where} > address")
    except InvalidValue as error:
        return [error.problem]
    return []


def _list_problems(factor: Factor, where: str) -> list[Problem]:
    values, kind = factor.values, factor.kind
    if factor.low is not None or factor.high is not None:
        return [Problem(where, "both values and a range", "low and high, or values")]
    if factor.scale != "linear":
        return [Problem(f"{where} > scale", f"{factor.scale} beside values", "no scale: the values are given")]
    if factor.levels is not None:
        return [Problem(f"{where} > levels", f"{factor.levels} beside values", "no levels: every value is one")]
    wrong = [value for value in values if _held(kind, value) is None]
    if wrong:
        return [Problem(f"{where} > values", _shown(value), EXPECTED[kind]) for value in wrong]
    repeated = [written(kind, value) for i, value in enumerate(values) if value in values[:i]]
    if repeated:
        return [Problem(f"{where} > values", f"{repeated[0]} twice", "every value once")]
    if kind == "boolean" and tuple(values) != (False, True):
        return [Problem(f"{where} > values", _shown(values), "false and true")]
    if kind in ORDERED and list(values) != sorted(values):
        return [Problem(f"{where} > values", _shown(values), "values in ascending order")]
    return _mix_problems(values, f"{where} > values") if kind == "mix" else []


def _mix_problems(values: tuple[Any, ...], where: str) -> list[Problem]:
    try:
        count = len(parse_mixes(values, where))
    except InvalidValue as error:
        return [error.problem]
    return [] if count == len(values) else [Problem(where, _shown(values), "one mix in each text")]


def _range_problems(factor: Factor, where: str) -> list[Problem]:
    kind, low, high = factor.kind, factor.low, factor.high
    if kind not in RANGED:
        found = "no values" if low is None and high is None else "a range"
        return [Problem(f"{where} > values", found, f"a list of values for kind {kind}")]
    missing = [key for key in ("low", "high") if getattr(factor, key) is None]
    if missing:
        found = "nothing" if len(missing) == 1 else "neither a range nor values"
        return [Problem(f"{where} > {missing[0]}" if len(missing) == 1 else where, found, "low and high, or values")]
    ends = {key: _held(kind, getattr(factor, key)) for key in ("low", "high")}
    wrong = [key for key, value in ends.items() if value is None]
    if wrong:
        return [Problem(f"{where} > {key}", repr(getattr(factor, key)), EXPECTED[kind]) for key in wrong]
    assert low is not None and high is not None
    if low >= high:
        found = f"{written(kind, low)} to {written(kind, high)}"
        return [Problem(f"{where} > low", found, "a low below the high")]
    if not math.isfinite(high - low):
        return [Problem(f"{where} > high", f"{low:g} to {high:g}", "a range whose width is a finite number")]
    problems = []
    if factor.scale == "log" and kind != "real":
        problems.append(Problem(f"{where} > scale", f"log for kind {kind}", "linear; log is for kind real"))
    elif factor.scale == "log" and low <= 0:
        problems.append(Problem(f"{where} > low", f"{low:g} on a log scale", "a low above 0"))
    count = factor.levels
    if count is not None and not is_level_count(count):
        problems.append(Problem(f"{where} > levels", repr(count), LEVEL_COUNT))
    return problems


def _unknown(where: str, found: object, names: Iterable[str]) -> Problem:
    names = list(names)
    return Problem(where, repr(found), f"one of {', '.join(names)}", nearest(str(found), names)[0])


def _shown(value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime.date) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
