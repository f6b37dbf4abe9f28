"""Read the two evidence tables strictly: published statistics of cities and published effect sizes.

Statistics are rows ``CS-0001`` ... of ``calibration/evidence/city_statistics.csv``; effects are rows ``A01`` ...,
``B01`` ... of ``effects.csv``. A value is fit only if it was measured up to `LAST_FITTED_YEAR`; later ones are for
testing.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from policymix import catalog
from policymix.errors import InvalidFile, NotFound, Problem, closest

LAST_FITTED_YEAR = 2023
UNITS = {  # closed list: unit of the table -> (model unit, factor)
    "100m_yuan": ("CNY", 1e8),
    "10k_yuan_per_firm": ("CNY per firm", 1e4),
    "100m_usd": ("USD", 1e8),
    "percent": ("share", 1e-2),
    "count": ("count", 1.0),
    "persons": ("persons", 1.0),
    "10k_persons": ("persons", 1e4),
    "per_10k_persons": ("per person", 1e-4),
}
KINDS = ("actual", "estimate", "target")
CONFIDENCE = ("high", "medium", "low")
STATISTIC_COLUMNS = (
    "id",
    "place",
    "indicator",
    "year",
    "value",
    "unit",
    "kind",
    "confidence",
    "source_title",
    "source_url",
    "note",
)
EFFECT_COLUMNS = (
    "id",
    "group",
    "topic",
    "estimate",
    "unit",
    "ci_or_se",
    "population",
    "treatment",
    "source",
    "url",
    "verified",
)
ELSEWHERE = "other"  # rows of several places outside the cities: told apart by their source
STATISTIC_ID = re.compile(r"^CS-\d{4}$")
EFFECT_ID = re.compile(r"^[AB]\d{2}$")
PROVISION_ID = re.compile(r"^[a-z]+-\d{4}/\w+$")  # a fact stated in the text of a package


@dataclass(frozen=True)
class Statistic:
    """One published figure of one place and year, as printed (see `in_model_units`)."""

    id: str
    place: str
    indicator: str
    year: int
    value: float
    unit: str
    kind: str
    confidence: str
    source_title: str
    source_url: str
    note: str

    @property
    def in_model_units(self) -> float:
        """Value in CNY, shares 0..1, persons or counts."""
        return self.value * UNITS[self.unit][1]

    @property
    def model_unit(self) -> str:
        """Unit of `in_model_units`."""
        return UNITS[self.unit][0]

    @property
    def fitted(self) -> bool:
        """Whether the model may be fitted to it: measured, and not after `LAST_FITTED_YEAR`."""
        return self.kind != "target" and self.year <= LAST_FITTED_YEAR


@dataclass(frozen=True)
class Effect:
    """One published effect size; `estimate` is text because studies report ranges and signs."""

    id: str
    group: str
    topic: str
    estimate: str
    unit: str
    ci_or_se: str
    population: str
    treatment: str
    source: str
    url: str
    verified: str


def statistics(path: Path | None = None) -> list[Statistic]:
    """All rows of a statistics table, the shipped one by default; every problem of the file reported at once."""
    return list(_shipped_statistics() if path is None else _statistics(path))


def effects(path: Path | None = None) -> list[Effect]:
    """All rows of an effects table, the shipped one by default; every problem of the file reported at once."""
    return list(_shipped_effects() if path is None else _effects(path))


def check(path: Path, today: date | None = None) -> int:
    """Read a table of statistics or of effects, whichever its header says; returns its number of rows.

    Parameters
    ----------
    path : a CSV file
    today : the day on which a year lies in the future; the present one when not given

    Raises
    ------
    InvalidFile
        Every problem of the file: a header of neither table, words outside their lists, ids used twice, a figure given
        twice or contradicted, one indicator in two units, a figure measured in the future.
    """
    header = tuple(_header(path))
    if header == EFFECT_COLUMNS:
        return len(_effects(path))
    if header != STATISTIC_COLUMNS:
        expected = f"{','.join(STATISTIC_COLUMNS)} (statistics) or {','.join(EFFECT_COLUMNS)} (effects)"
        raise InvalidFile(path, [Problem("header", ",".join(header), expected)])
    rows = _statistics(path)
    problems = _future_problems(rows, (today or date.today()).year)
    if problems:
        raise InvalidFile(path, problems)
    return len(rows)


def statistic(place: str, indicator: str, year: int, path: Path | None = None) -> Statistic:
    """The measured figure of a place, an indicator and a year (targets are not figures; first row of the best kind)."""
    rows = [row for row in statistics(path) if row.place == place]
    if not rows:
        raise NotFound("place with statistics", place, {row.place for row in statistics(path)})
    named = [row for row in rows if row.indicator == indicator]
    if not named:
        raise NotFound("indicator", indicator, {row.indicator for row in rows}, where=place)
    measured = [row for row in named if row.year == year and row.kind != "target"]
    if not measured:
        raise NotFound(
            "year", str(year), {str(row.year) for row in named if row.kind != "target"}, where=f"{place} {indicator}"
        )
    return min(measured, key=lambda row: (KINDS.index(row.kind), CONFIDENCE.index(row.confidence), row.id))


def source_problems(where: str, sources: Iterable[str], certain: bool) -> list[Problem]:
    """What is wrong with the sources of one number.

    Parameters
    ----------
    where : place of the number in its file
    sources : row ids
    certain : the number has no range: then a statistic that carries it must be one the model may be fitted to, or a
    target
        that was stated for a year up to `LAST_FITTED_YEAR`
    """
    known = _row_years()
    problems = []
    for row in sources:
        if PROVISION_ID.match(row):
            continue
        if row not in known:
            near = closest(row, known)
            problems.append(
                Problem(where, f"source '{row}'", "a row of calibration/evidence or a fact PACKAGE/ID", near)
            )
            continue
        year, kind = known[row]
        late = year is not None and year > LAST_FITTED_YEAR
        if late and (kind != "target" or certain):
            problems.append(
                Problem(
                    where, f"source '{row}' of {year}", f"a row up to {LAST_FITTED_YEAR}: later ones are for testing"
                )
            )
    return problems


@cache
def _row_years() -> dict[str, tuple[int | None, str]]:
    found: dict[str, tuple[int | None, str]] = {row.id: (row.year, row.kind) for row in statistics()}
    return found | {row.id: (None, "effect") for row in effects()}


@cache
def _shipped_statistics() -> tuple[Statistic, ...]:
    return _statistics(catalog.evidence("city_statistics.csv"))


@cache
def _shipped_effects() -> tuple[Effect, ...]:
    return _effects(catalog.evidence("effects.csv"))


def _statistics(path: Path) -> tuple[Statistic, ...]:
    rows, problems = _rows(path, STATISTIC_COLUMNS)
    found = []
    for line, row in rows:
        where = f"line {line} ({row['id']})"
        problems += _closed(where, row, {"unit": UNITS, "kind": KINDS, "confidence": CONFIDENCE})
        if not STATISTIC_ID.match(row["id"]):
            problems.append(Problem(where, f"id '{row['id']}'", "an id like CS-0001"))
        value, year = _number(row["value"]), _number(row["year"])
        if value is None or year is None or year != int(year):
            problems.append(
                Problem(where, f"value '{row['value']}', year '{row['year']}'", "a number and a whole year")
            )
            continue
        texts = {column: text for column, text in row.items() if column not in ("value", "year")}
        found.append(Statistic(value=value, year=int(year), **texts))
    _finish(path, [*problems, *_conflicts(found)], [row.id for row in found])
    return tuple(found)


def _effects(path: Path) -> tuple[Effect, ...]:
    rows, problems = _rows(path, EFFECT_COLUMNS)
    for line, row in rows:
        where = f"line {line} ({row['id']})"
        problems += _closed(where, row, {"group": ("A", "B"), "verified": ("yes", "memory")})
        if not EFFECT_ID.match(row["id"]):
            problems.append(Problem(where, f"id '{row['id']}'", "an id like A01"))
    _finish(path, problems, [row["id"] for _, row in rows])
    return tuple(Effect(**row) for _, row in rows)


def _conflicts(rows: list[Statistic]) -> list[Problem]:
    """Figures given twice or contradicted, and indicators in two units."""
    problems: list[Problem] = []
    first: dict[tuple[str, str], Statistic] = {}
    unit: dict[str, Statistic] = {}
    for row in rows:
        what = f"{row.place} {row.indicator} {row.year} {row.kind}"
        apart = row.source_title if row.place == ELSEWHERE else ""
        other = first.setdefault((what, apart), row)
        if other is not row and (other.value, other.unit) == (row.value, row.unit):
            problems.append(Problem(row.id, f"{what} again, as in {other.id}", "every figure once"))
        elif other is not row:
            found = f"{what} of {row.value:g} {row.unit}, against {other.value:g} {other.unit} in {other.id}"
            problems.append(Problem(row.id, found, "one figure; one of another scope has an indicator of its own"))
        known = unit.setdefault(row.indicator, row)
        if known.unit != row.unit and other is row:
            problems.append(Problem(row.id, f"{row.indicator} in {row.unit}", f"{known.unit}, as in {known.id}"))
    return problems


def _future_problems(rows: Iterable[Statistic], year: int) -> list[Problem]:
    return [
        Problem(row.id, f"{row.kind} of {row.year}", f"a year up to {year}, or the kind target")
        for row in rows
        if row.kind != "target" and row.year > year
    ]


def _header(path: Path) -> list[str]:
    with _opened(path) as file:
        return next(csv.reader(file), [])


def _opened(path: Path) -> io.StringIO:
    try:
        return io.StringIO(Path(path).read_bytes().decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        raise InvalidFile(path, [Problem(f"byte {error.start}", "not UTF-8", "text in UTF-8")]) from None


def _rows(path: Path, columns: tuple[str, ...]) -> tuple[list[tuple[int, dict[str, str]]], list[Problem]]:
    with _opened(path) as file:
        reader = csv.reader(file)
        header = next(reader, [])
        if tuple(header) != columns:
            raise InvalidFile(path, [Problem("header", ",".join(header), ",".join(columns))])
        rows, problems = [], []
        for cells in reader:
            if len(cells) != len(columns):
                problems.append(Problem(f"line {reader.line_num}", f"{len(cells)} cells", f"{len(columns)} cells"))
                continue
            rows.append((reader.line_num, dict(zip(columns, cells, strict=True))))
    return rows, problems


def _closed(where: str, row: dict[str, str], lists: dict[str, Iterable[str]]) -> list[Problem]:
    return [
        Problem(where, f"{column} '{row[column]}'", "one of " + ", ".join(allowed), closest(row[column], allowed))
        for column, allowed in lists.items()
        if row[column] not in allowed
    ]


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e300 else None  # refuses inf and nan as well


def _finish(path: Path, problems: list[Problem], ids: list[str]) -> None:
    twice = sorted({row for row in ids if ids.count(row) > 1})
    problems += [Problem(row, "the id is used twice", "an id of its own for every row") for row in twice]
    if problems:
        raise InvalidFile(path, problems)
