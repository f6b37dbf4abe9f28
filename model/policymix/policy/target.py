"""Dated targets: what is measured, as what, when, how strict, and what of the model tracks it."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from policymix.catalog import find
from policymix.errors import InvalidFile, Problem
from policymix.policy.quantity import Day, Strict, Words, _is_number, wrong
from policymix.policy.reading import read_as


class Window(Strict):
    """Years that a growth rate or total runs over: base year (excluded) to last year."""

    base: int
    to: int
    why: Words | None = None

    @model_validator(mode="after")
    def _forward(self) -> "Window":
        if self.to <= self.base:
            raise wrong(f"{self.base} to {self.to}", "a last year after the base year")
        return self


class Target(Strict):
    """One target of a document.

    ``outcome`` names what of the model tracks it; otherwise ``untracked`` says why and ``needs`` which statistic
    would. ``undated`` says why there is no date.
    """

    id: Words
    title: dict[Literal["en", "zh"], Words] | None = None
    place: Literal["city", "zone", "county"]
    indicator: Words
    measure: Literal["level", "mean_growth", "total", "each_year"]
    at: Day | None = None
    window: Window | None = None
    sense: Literal["at_least", "more_than", "about", "equal", "range"]
    value: float | tuple[float, float]
    tolerance: Annotated[float, Field(ge=0)] | None = None
    prices: Literal["current", "constant"] | None = None
    outcome: Words | None = None
    untracked: Words | None = None
    needs: Words | None = None
    undated: Words | None = None
    source: Words
    note: Words | None = None

    @field_validator("value", mode="before")
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        if _is_number(value):
            return float(value)
        if isinstance(value, list) and len(value) == 2 and all(_is_number(v) for v in value):
            return (float(value[0]), float(value[1]))
        raise wrong(repr(value), "a number, or [low, high] for a range")

    @field_validator("tolerance", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        if not _is_number(value):
            raise wrong(repr(value), "a number")
        return float(value)

    @model_validator(mode="after")
    def _complete(self) -> "Target":
        if (self.outcome is None) == (self.untracked is None):
            raise wrong("both or neither", "exactly one of outcome and untracked")
        if (self.sense == "range") != isinstance(self.value, tuple):
            raise wrong(f"sense {self.sense} with value {self.value}", "[low, high] with range, and only then")
        if self.at is None and self.window is None and self.undated is None:
            raise wrong("no date", "at, window, or undated with the reason")
        if self.measure == "mean_growth" and self.window is None:
            raise wrong("growth without a window", "window = {base, to}")
        if self.sense == "about" and self.tolerance is None and self.outcome is not None:
            raise wrong("about without tolerance", "a tolerance, else no probability of meeting it exists")
        return self


class TargetFile(Strict):
    """A file of targets."""

    package: Words
    target: Annotated[list[Target], Field(min_length=1)]


def load_targets(name: str | Path, near: Path | None = None) -> list[Target]:
    """The targets of a file by name or path, checked."""
    path = find("targets", str(name), near)
    file = read_as(path, TargetFile)
    ids = [target.id for target in file.target]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise InvalidFile(path, [Problem(f'target "{name}"', "two targets of this id", "one") for name in twice])
    return file.target
