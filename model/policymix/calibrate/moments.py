"""The moments as data: `calibration/moments.toml`, what published figures say of a region and how far they bind.

A moment never repeats a figure: it names the row of the evidence that holds it, and its value and unit are read there.
Figures that contradict each other stand in the table ``conflict``, with the one that is followed and why; none is
averaged away.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, field_validator, model_validator

from policymix import catalog
from policymix.engine.symbols import STEPS
from policymix.errors import InvalidFile, InvalidValue, NotFound, PolicymixError, Problem, closest
from policymix.policy.quantity import Strict, Words, _is_number, wrong
from policymix.policy.reading import read_as
from policymix.region.evidence import LAST_FITTED_YEAR, Statistic, statistics
from policymix.region.load import load
from policymix.region.schema import Region

PLAIN_KEYS = ("gdp", "core_value_added", "core_value_added_share", "investment", "reported_rd", "entries")
STOCKS = ("recognised", "firms")  # counted on a day; everything else is a year's
HALF_A_FIRM = 0.5  # what a count of nought is taken for, so that it has a log
_DATE = re.compile(r"^(\d{4})(?:-(0[1-9]|1[0-2]))?$")

Number = Annotated[float, Field(allow_inf_nan=False)]


class Tolerance(Strict):
    """One standard deviation of what the figure and the model's number may differ by beside luck, and why."""

    relative: Annotated[Number, Field(gt=0)] | None = None
    absolute: Annotated[Number, Field(gt=0)] | None = None
    why: Words

    @field_validator("relative", "absolute", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        if not _is_number(value):
            raise wrong(repr(value), "a number above 0")
        return float(value)

    @model_validator(mode="after")
    def _one(self) -> Tolerance:
        if (self.relative is None) == (self.absolute is None):
            raise wrong("both or neither", "exactly one of relative and absolute")
        return self


class Moment(Strict):
    """One published figure of a region that the model has a number for.

    Attributes
    ----------
    id, region, place : its name; the region's file; the city or one of its parts
    measures : what it is, in the grammar of totals (``recognised.gazelle``, ``revenue.software``, ``gdp``, ...)
    form : the level; the growth a year (against the year before, or between two rows); what was new within the year
    prices : of a growth of money: current or constant
    at : year, or month such as "2023-05"
    source : row of ``city_statistics.csv``; of a growth, also two rows of different years
    bound : whether the figure is to be met, or the model's number is to be at most or at least the figure
    use : ``fit`` enters the likelihood; ``check`` is compared and never fitted
    weight : factor on its logarithmic likelihood, 0 to 1
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    region: Words
    place: Words
    measures: Words
    form: Literal["level", "growth", "new"] = "level"
    prices: Literal["current", "constant"] = "current"
    at: Words
    source: list[Words]
    tolerance: Tolerance
    bound: Literal["equal", "at_most", "at_least"] = "equal"
    use: Literal["fit", "check"] = "fit"
    weight: Annotated[Number, Field(gt=0, le=1)] = 1.0
    note: Words | None = None

    @field_validator("at", mode="before")
    @classmethod
    def _date(cls, value: Any) -> Any:
        text = str(value)
        if isinstance(value, bool) or not _DATE.match(text):
            raise wrong(repr(value), 'a year such as 2021, or a month such as "2023-05"')
        return text

    @field_validator("source", mode="before")
    @classmethod
    def _rows(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("weight", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        if not _is_number(value):
            raise wrong(repr(value), "a number above 0, at most 1")
        return float(value)

    @property
    def year(self) -> int:
        """Year of the figure."""
        return int(self.at[:4])

    @property
    def month(self) -> int:
        """Month at whose end it was counted; 12 for a year."""
        return int(self.at[5:] or 12)

    @property
    def thing(self) -> tuple[str, ...]:
        """What is measured, where, how and when: one figure only can say it."""
        return (self.region, self.place, self.measures, self.form, self.prices, self.at, self.bound)


class Conflict(Strict):
    """Figures that contradict each other, and the row that is followed ("none": the question is carried)."""

    id: Words
    region: Words
    what: Words
    rows: Annotated[list[Words], Field(min_length=2)]
    follows: Words
    why: Words


class Fitted(Strict):
    """Which uncertain numbers of a region are fitted, and on how many simulations; all others keep their priors."""

    region: Words
    parameters: list[Words]
    simulations: Annotated[int, Field(ge=1, strict=True)] = 1000
    why: Words


class MomentFile(Strict):
    """All moments, conflicts and lists of fitted numbers."""

    moment: Annotated[list[Moment], Field(min_length=1)]
    conflict: list[Conflict] = Field(default_factory=list)
    fit: list[Fitted] = Field(default_factory=list)


class Published(NamedTuple):
    """A moment with its figure, read from the evidence.

    Attributes
    ----------
    value : in the model's units: CNY, counts, shares (growth a year as a share)
    unit : of the value
    log : whether it is compared in logs (positive levels and counts) or as it is (shares, growth)
    tolerance : standard deviation on that scale
    """

    moment: Moment
    value: float
    unit: str
    log: bool
    tolerance: float

    @property
    def compared(self) -> float:
        """The figure on the scale on which it is compared."""
        return scaled(self.value, self.log)


def scaled(value: float, log: bool) -> float:
    """A number on the scale of comparison: its log, a count of nought taken for half a firm, or itself."""
    return math.log(max(value, HALF_A_FIRM)) if log else value


def load_moments(path: Path | None = None, rows: Sequence[Statistic] | None = None) -> MomentFile:
    """The moments of a file, the shipped ones by default.

    Parameters
    ----------
    path : a TOML file of ``[[moment]]``, ``[[conflict]]`` and ``[[fit]]``
    rows : evidence that the sources name; the shipped statistics by default

    Raises
    ------
    InvalidFile
        Every problem at once: unknown keys, rows, regions, places or measures; plans and figures after
        `LAST_FITTED_YEAR`; one thing measured twice; figures in conflict that no ``[[conflict]]`` names.
    """
    path = path or catalog.evidence("moments.toml")
    file = read_as(path, MomentFile)
    known = {row.id: row for row in (statistics() if rows is None else rows)}
    regions = {name: _region(name) for name in {moment.region for moment in file.moment}}
    problems = [p for moment in file.moment for p in _moment_problems(moment, known, regions[moment.region])]
    problems += _twice([moment.id for moment in file.moment], "moment")
    problems += _same_thing(file.moment)
    problems += [problem for conflict in file.conflict for problem in _conflict_problems(conflict, known)]
    problems += _undecided(file, known)
    problems += _twice([fit.region for fit in file.fit], "fit")
    if problems:
        raise InvalidFile(path, problems)
    return file


def published(
    region: str,
    until: int = LAST_FITTED_YEAR,
    path: Path | None = None,
    rows: Sequence[Statistic] | None = None,
) -> list[Published]:
    """The moments of a region up to a year, with their figures.

    Parameters
    ----------
    region : id of the region's file
    until : last year whose figures are taken
    path, rows : as for `load_moments`

    Raises
    ------
    InvalidValue
        ``until`` after `LAST_FITTED_YEAR`: later figures are for testing.
    """
    check_until(until)
    known = {row.id: row for row in (statistics() if rows is None else rows)}
    file = load_moments(path, rows)
    return [with_figure(m, known) for m in file.moment if m.region == region and m.year <= until]


def check_until(until: int) -> None:
    """Refuse figures after `LAST_FITTED_YEAR` in a fit."""
    if until > LAST_FITTED_YEAR:
        raise InvalidValue("--until", until, f"a year up to {LAST_FITTED_YEAR}: later figures are for testing")


def with_figure(moment: Moment, known: dict[str, Statistic]) -> Published:
    """A moment with its figure: a row's value, or the growth a year between two rows.

    .. math:: g = (v_2 / v_1)^{1 / (t_2 - t_1)} - 1
    """
    rows = [known[row] for row in moment.source]
    value, unit = rows[-1].in_model_units, rows[-1].model_unit
    if len(rows) == 2:
        value = (value / rows[0].in_model_units) ** (1.0 / (rows[1].year - rows[0].year)) - 1.0
        unit = "share"
    log = unit != "share"
    return Published(moment, value, unit, log, _tolerance(moment.tolerance, value, log))


def fitted_numbers(region: str, path: Path | None = None) -> Fitted:
    """The list of fitted numbers of a region."""
    file = load_moments(path)
    for fit in file.fit:
        if fit.region == region:
            return fit
    raise NotFound("fit", region, [fit.region for fit in file.fit], where=str(path or catalog.evidence("moments.toml")))


def conflicts(region: str, path: Path | None = None) -> list[dict[str, str]]:
    """Figures of a region that contradict each other: what, each row with its figure, which is followed and why."""
    known = {row.id: row for row in statistics()}

    def told(row: str) -> str:
        return f"{row}: {known[row].value:g} {known[row].unit} ({known[row].indicator} {known[row].year})"

    return [
        {"what": c.what, "figures": "; ".join(map(told, c.rows)), "follows": c.follows, "why": c.why}
        for c in load_moments(path).conflict
        if c.region == region
    ]


def _tolerance(tolerance: Tolerance, value: float, log: bool) -> float:
    """The tolerance on the scale of comparison; in logs, relative and absolute ones are ratios to the figure."""
    if log:
        return tolerance.relative if tolerance.relative is not None else (tolerance.absolute or 0.0) / value
    return tolerance.absolute if tolerance.absolute is not None else (tolerance.relative or 0.0) * abs(value)


def _moment_problems(moment: Moment, known: dict[str, Statistic], region: Region | None) -> list[Problem]:
    where = f'moment "{moment.id}"'
    problems = _row_problems(f"{where} > source", moment.source, known)
    rows = [known[row] for row in moment.source if row in known]
    problems += [
        Problem(f"{where} > source", f"row {row.id}, a {row.kind} of {row.year}", "a figure that was measured")
        for row in rows
        if row.kind == "target"
    ]
    for row in rows:
        if row.kind != "target" and row.year > LAST_FITTED_YEAR:
            expected = f"a row up to {LAST_FITTED_YEAR}: later ones are for testing"
            problems.append(Problem(f"{where} > source", f"row {row.id} of {row.year}", expected))
    if rows and rows[-1].year != moment.year:
        problems.append(Problem(f"{where} > at", moment.at, f"{rows[-1].year}, as row {rows[-1].id} says"))
    problems += _form_problems(where, moment, rows)
    if region is None:
        names = list(catalog.available("regions"))
        near = closest(moment.region, names)
        return [*problems, Problem(f"{where} > region", f"'{moment.region}'", "a region that can be read", near)]
    return problems + _place_problems(where, moment, region, rows)


def _region(name: str) -> Region | None:
    """A region by name; None if there is none that can be read."""
    try:
        return load(name)
    except PolicymixError:
        return None


def _form_problems(where: str, moment: Moment, rows: list[Statistic]) -> list[Problem]:
    """Growth needs a growth rate or two levels; what is new is a count; a month is for what is counted on a day."""
    problems = []
    stock = moment.measures.split(".")[0] in STOCKS
    if len(moment.source) > 2 or (len(moment.source) == 2 and moment.form != "growth"):
        problems.append(Problem(f"{where} > source", f"{len(moment.source)} rows", "one row, or two of a growth"))
    if len(rows) == 2 and (rows[0].year >= rows[1].year or rows[0].unit != rows[1].unit):
        problems.append(
            Problem(f"{where} > source", ", ".join(moment.source), "an earlier and a later row of one unit")
        )
    if moment.form == "growth" and len(rows) == 1 and rows[0].unit != "percent":
        problems.append(Problem(f"{where} > source", f"row {rows[0].id} in {rows[0].unit}", "a growth in percent"))
    if moment.form == "new" and not (stock and rows and rows[0].unit == "count"):
        problems.append(Problem(f"{where} > form", "new", "a count of recognised.STEP or firms.INDUSTRY"))
    if len(moment.at) > 4 and not (stock and moment.form == "level"):
        problems.append(Problem(f"{where} > at", f"'{moment.at}'", "a year; only levels of counts are of a month"))
    return problems


def _place_problems(where: str, moment: Moment, region: Region, rows: list[Statistic]) -> list[Problem]:
    problems = []
    places = [region.city, *region.places]
    if moment.place not in places:
        expected = f"one of {', '.join(places)}"
        problems.append(Problem(f"{where} > place", f"'{moment.place}'", expected, closest(moment.place, places)))
    problems += [
        Problem(f"{where} > source", f"row {row.id} of {row.place}", f"a row of {moment.place}")
        for row in rows
        if row.place != moment.place
    ]
    keys = measures(region)
    if moment.measures not in keys:
        near = closest(moment.measures, keys)
        problems.append(Problem(f"{where} > measures", f"'{moment.measures}'", "a number of the model", near))
    return problems


def measures(region: Region) -> list[str]:
    """Everything a moment of a region may measure."""
    counted = [f"firms.{name}" for name in region.industries] + [f"recognised.{step}" for step in STEPS]
    money = [f"revenue.{name}" for name in region.industries]
    return [*PLAIN_KEYS, *counted, *money, *(f"place_share.{key}" for key in (*counted, *money))]


def _row_problems(where: str, names: Iterable[str], known: dict[str, Statistic]) -> list[Problem]:
    return [
        Problem(where, f"'{name}'", "a row of calibration/evidence/city_statistics.csv", closest(name, known))
        for name in names
        if name not in known
    ]


def _twice(names: list[str], kind: str) -> list[Problem]:
    return [
        Problem(f'{kind} "{name}"', "the name twice", "once") for name, times in Counter(names).items() if times > 1
    ]


def _same_thing(moments: list[Moment]) -> list[Problem]:
    """One thing measured by two moments would count twice, or average two figures."""
    problems = []
    for _, group in groupby(sorted(moments, key=lambda m: m.thing), key=lambda m: m.thing):
        first, *others = group
        for other in others:
            rows = f"{', '.join(first.source)} in {first.id} and {', '.join(other.source)}"
            expected = "one moment; if the rows disagree, a [[conflict]] that says which is followed"
            problems.append(Problem(f'moment "{other.id}"', f"the same as {first.id}: {rows}", expected))
    return problems


def _conflict_problems(conflict: Conflict, known: dict[str, Statistic]) -> list[Problem]:
    where = f'conflict "{conflict.id}"'
    problems = _row_problems(f"{where} > rows", conflict.rows, known)
    if conflict.follows not in (*conflict.rows, "none"):
        expected = f"one of {', '.join(conflict.rows)}, or none"
        problems.append(Problem(f"{where} > follows", f"'{conflict.follows}'", expected))
    return problems


def _undecided(file: MomentFile, known: dict[str, Statistic]) -> list[Problem]:
    """Moments on a row that a conflict decides against, or that another row contradicts without a conflict."""
    problems = []
    for moment in file.moment:
        for row in moment.source:
            named = [c for c in file.conflict if row in c.rows]
            lost = [c for c in named if c.follows not in (row, "none")]
            for c in lost:
                found = f"row {row}, against which conflict {c.id} decides"
                problems.append(Problem(f'moment "{moment.id}" > source', found, f"row {c.follows}"))
            if named or row not in known:
                continue
            for other in _contradicting(known[row], known):
                found = f"row {row} ({known[row].value:g}) against row {other.id} ({other.value:g})"
                problems.append(Problem(f'moment "{moment.id}" > source', found, "a [[conflict]] that names both"))
    return problems


def _contradicting(row: Statistic, known: dict[str, Statistic]) -> list[Statistic]:
    """Measured figures of the same place, indicator and year that differ from a row."""
    plain = row.indicator.removesuffix("_alt")
    return [
        other
        for other in known.values()
        if other.id != row.id
        and other.kind != "target"
        and (other.place, other.year, other.indicator.removesuffix("_alt")) == (row.place, row.year, plain)
        and other.value != row.value
    ]
