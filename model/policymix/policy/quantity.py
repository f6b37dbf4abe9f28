"""Numbers and dates as a text gives them: fixed, limited by a maximum, or left open with a range.

The form of a value is picked by its keys before anything is validated, so that a message speaks of the form that was
meant.
"""

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from policymix.errors import nearest


def wrong(found: object, expected: str, near: str | None = None) -> PydanticCustomError:
    """An error that carries what was found, what was expected and the nearest valid name."""
    return PydanticCustomError("policymix", "{expected}", {"found": str(found), "expected": expected, "nearest": near})


def closest(word: str, words) -> str | None:
    """The word most like ``word``, or None if there is none to choose from."""
    return next(iter(nearest(str(word), list(words))), None)


class Strict(BaseModel):
    """Base of every form: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _plain_number(value: Any) -> Any:
    if not _is_number(value):
        raise wrong(repr(value), "a number")
    number = Decimal(str(value))
    if not number.is_finite():
        raise wrong(repr(value), "a finite number")
    return number


def _plain_date(value: Any) -> Any:
    if isinstance(value, datetime.datetime) or not isinstance(value, datetime.date):
        raise wrong(repr(value), "a date such as 2022-08-31")
    return value


Plain = Annotated[Decimal, BeforeValidator(_plain_number)]
Day = Annotated[datetime.date, BeforeValidator(_plain_date)]
Words = Annotated[str, Field(min_length=1)]


def pick(forms: dict[str, Callable[[Any], bool]], expected: str) -> Discriminator:
    """A discriminator that names the first form whose test the raw value passes; a value of no form is refused."""

    def choose(value: Any) -> str | None:
        return next((tag for tag, test in forms.items() if test(value)), None)

    return Discriminator(choose, "form", expected)


def has(*keys: str) -> Callable[[Any], bool]:
    """Test: a table with one of these keys, or a model with one of these fields."""

    def test(value: Any) -> bool:
        if isinstance(value, dict):
            return any(key in value for key in keys)
        return isinstance(value, BaseModel) and any(key in type(value).model_fields for key in keys)

    return test


class Range(Strict):
    """A number that the text does not give: ``{value, low, high, why}``."""

    value: Plain
    low: Plain
    high: Plain
    why: Words
    law: Literal["triangular", "loguniform", "uniform"] = "triangular"

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if not self.low <= self.value <= self.high:
            raise wrong(f"value {self.value} outside {self.low}..{self.high}", "low <= value <= high")
        if self.law == "loguniform" and self.low <= 0:
            raise wrong(f"low = {self.low}", "low above 0 for a log-uniform range")
        return self


class Ceiling(Strict):
    """A number of which the text gives only the maximum; ``realised`` is the fraction of it that is paid."""

    at_most: Plain
    realised: Plain
    low: Plain
    high: Plain
    why: Words

    @model_validator(mode="after")
    def _ordered(self) -> "Ceiling":
        if not 0 <= self.low <= self.realised <= self.high <= 1:
            raise wrong(
                f"low {self.low}, realised {self.realised}, high {self.high}", "0 <= low <= realised <= high <= 1"
            )
        return self


class CeilingAs(Strict):
    """A maximum under the same discretion, and so the same draw, as a number beside it."""

    at_most: Plain
    realised_as: Words


class DateRange(Strict):
    """A date that the text leaves open."""

    value: Day
    low: Day
    high: Day
    why: Words

    @model_validator(mode="after")
    def _ordered(self) -> "DateRange":
        if not self.low <= self.value <= self.high:
            raise wrong(f"value {self.value} outside {self.low}..{self.high}", "low <= value <= high")
        return self


_NUMBER_FORMS = "a number, {value, low, high, why}, or {at_most, realised, low, high, why}"
_number_tag = pick(
    {
        "<number>": _is_number,
        "<ceiling as>": has("realised_as"),
        "<ceiling>": has("at_most", "realised"),
        "<range>": has("value", "low", "high", "why"),
    },
    _NUMBER_FORMS,
)
Number = Annotated[
    Union[  # noqa: UP007 - tagged members
        Annotated[Plain, Tag("<number>")],
        Annotated[Range, Tag("<range>")],
        Annotated[Ceiling, Tag("<ceiling>")],
        Annotated[CeilingAs, Tag("<ceiling as>")],
    ],
    _number_tag,
]
_date_tag = pick(
    {"<date>": lambda v: isinstance(v, datetime.date), "<range>": has("value", "low", "high", "why")},
    "a date such as 2022-08-31, or {value, low, high, why}",
)
Date = Annotated[
    Union[Annotated[Day, Tag("<date>")], Annotated[DateRange, Tag("<range>")]],  # noqa: UP007 - tagged members
    _date_tag,
]


def central(number: Any) -> Decimal:
    """The central figure of a number in any form (a ceiling: maximum times realised fraction)."""
    match number:
        case Range():
            return number.value
        case Ceiling():
            return number.at_most * number.realised
        case CeilingAs():
            return number.at_most
        case _:
            return number


def central_day(day: Any) -> datetime.date:
    """The central date of a date in either form."""
    return day.value if isinstance(day, DateRange) else day
