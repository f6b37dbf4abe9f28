"""The stylised facts as data: `calibration/facts.toml`, checked in full before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from policymix import catalog
from policymix.errors import InvalidFile, Problem, closest
from policymix.policy.quantity import Strict, Words, wrong
from policymix.policy.reading import read_as
from policymix.region.evidence import effects

Time = Literal["start", "later", "whole"]
Count = Annotated[int, Field(ge=1)]


class Title(Strict):
    """What a user sees, in English and Chinese."""

    en: Words
    zh: Words


class Band(Strict):
    """Bounds, both included; one of them may be missing."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Band:
        if self.min is None and self.max is None:
            raise wrong("a band without bounds", "min, max or both")
        if self.min is not None and self.max is not None and self.max <= self.min:
            raise wrong(f"min {self.min:g} with max {self.max:g}", "a max above the min")
        return self

    def holds(self, value: float) -> bool:
        """Whether a value lies in the band; what is not a number does not."""
        above = self.min is None or value >= self.min
        return bool(above and (self.max is None or value <= self.max) and value == value)

    def room(self, value: float) -> float:
        """Distance to the nearer bound over the width (or over the only bound); negative outside."""
        bounds = [each for each in (self.min, self.max) if each is not None]
        width = abs(bounds[-1] - bounds[0]) or abs(bounds[0]) or 1.0
        below = value - self.min if self.min is not None else float("inf")
        above = self.max - value if self.max is not None else float("inf")
        return min(below, above) / width if value == value else float("-inf")


class Measure(Strict):
    """One number of a fact. An ``alternative`` one can stand in for all others of its fact at the same time."""

    name: Words
    title: Title
    unit: Words
    band: Band
    alternative: bool = False


class Fact(Strict):
    """One fact: what is measured of whom, when, and how the runs are judged.

    ``rows`` are ids of evidence; ``define`` holds the numbers of its definition; ``note`` is always shown beside the
    fact, ``missed`` where it is missed.
    """

    id: Words
    title: Title
    rows: Annotated[list[Words], Field(min_length=1)]
    units: Words
    judged: Literal["median", "pooled"]
    at: Annotated[list[Time], Field(min_length=1)]
    define: dict[Words, float] = Field(default_factory=dict)
    measure: Annotated[list[Measure], Field(min_length=1)]
    note: Title | None = None
    missed: Title | None = None


class FactFile(Strict):
    """All facts, and the runs that they are estimated on."""

    window: Annotated[int, Field(ge=2)]
    later: Count
    runs: Count
    quick_runs: Count
    fact: Annotated[list[Fact], Field(min_length=1)]

    @model_validator(mode="after")
    def _windows_apart(self) -> FactFile:
        if self.later < 2 * (self.window + 1):
            least = 2 * (self.window + 1)
            raise wrong(
                f"later {self.later} with window {self.window}", f"later of {least} or more, or windows overlap"
            )
        return self


class Known(NamedTuple):
    """What the program can estimate of a fact, and the numbers that this needs."""

    measures: tuple[str, ...]
    define: tuple[str, ...] = ()


KNOWN = {
    "S1": Known(("tail_wide", "tail_narrow", "mixture"), ("wide", "narrow")),
    "S2": Known(("shape",), ("classes",)),
    "S3": Known(("slope",), ("classes",)),
    "S4": Known(("slope",), ("oldest",)),
    "S5": Known(("year_1", "year_2", "year_3", "years_4_to_7", "gone_by_5")),
    "S6": Known(("rate",)),
    "S7": Known(("young",), ("young",)),
    "S8": Known(("inaction", "spikes", "autocorrelation"), ("staff", "inaction", "spike")),
    "S9": Known(("inaction",), ("staff", "inaction", "spike")),
    "S10": Known(("revenue_per_head", "research_share"), ("revenue",)),
    "S11": Known(("top_share",), ("top",)),
    "S12": Known(("innovation", "imitation")),
    "S13": Known(("movers", "branches")),
}


def load_facts(path: Path | None = None) -> FactFile:
    """The facts of a file, or the shipped ones.

    Raises
    ------
    InvalidFile
        With every problem at once: keys, facts or measures that do not exist, are missing or twice, unknown rows.
    """
    path = path or catalog.evidence("facts.toml")
    file = read_as(path, FactFile)
    problems = _names("fact", [fact.id for fact in file.fact], KNOWN)
    rows = [effect.id for effect in effects()]
    for fact in file.fact:
        where = f'fact "{fact.id}"'
        if fact.id in KNOWN:
            known = KNOWN[fact.id]
            problems += _names(f"{where} > measure", [measure.name for measure in fact.measure], known.measures)
            problems += _names(f"{where} > define", list(fact.define), known.define)
        for row in sorted(set(fact.rows) - set(rows)):
            problems.append(Problem(f"{where} > rows", f"'{row}'", "an id of effects.csv", closest(row, rows)))
        if len(set(fact.at)) < len(fact.at):
            problems.append(Problem(f"{where} > at", "a time twice", "each time once"))
    if problems:
        raise InvalidFile(path, problems)
    return file


def _names(where: str, found, known) -> list[Problem]:
    """Problems of a list of names that must be the known ones, each once."""
    known = list(known)
    one_of = "one of " + ", ".join(known) if known else "nothing here"
    problems = [Problem(where, f"'{name}'", one_of, closest(name, known)) for name in found if name not in known]
    problems += [Problem(where, f"no '{name}'", "each once") for name in known if name not in found]
    twice = sorted({name for name in found if found.count(name) > 1})
    return problems + [Problem(where, f"'{name}' twice", "each once") for name in twice]
