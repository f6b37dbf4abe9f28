"""Quarters as text (``2021Q1``) and as numbers that can be counted (year * 4 + quarter - 1)."""

from __future__ import annotations

import datetime
import re

from policymix.errors import InvalidValue

_QUARTER = re.compile(r"(\d{4})\s*[-/ ]?\s*[Qq]([1-4])")


def quarter_number(text: str, where: str = "quarter") -> int:
    """Number of a quarter: ``"2021Q1"`` is 2021 * 4."""
    match = _QUARTER.fullmatch(str(text).strip())
    if match is None:
        raise InvalidValue(where, f"'{text}'", "a quarter such as 2021Q1")
    return int(match[1]) * 4 + int(match[2]) - 1


def quarter_name(number: int) -> str:
    """Text of a quarter: 8084 is ``"2021Q1"``."""
    return f"{number // 4}Q{number % 4 + 1}"


def quarters(start: str, end: str) -> list[str]:
    """All quarters from one to another, both included."""
    return [quarter_name(number) for number in range(quarter_number(start), quarter_number(end) + 1)]


def first_day(text: str) -> datetime.date:
    """First day of a quarter."""
    number = quarter_number(text)
    return datetime.date(number // 4, number % 4 * 3 + 1, 1)


def last_day(text: str) -> datetime.date:
    """Last day of a quarter."""
    return first_day(quarter_name(quarter_number(text) + 1)) - datetime.timedelta(days=1)
