"""The published series that the back-test forecasts: `calibration/series.toml`, and their figures from the evidence.

A figure is one number a year in the unit in which it is printed. Rows of low confidence are not truth: they neither
begin a forecast nor judge one. Sectors are published in vintages that do not join; their growth is formed from shares
of GDP within a vintage and from the revised GDP, and never across a break.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, Field, ValidationError, field_validator

from policymix import catalog
from policymix.errors import InvalidFile, Problem, closest
from policymix.region.evidence import ELSEWHERE, KINDS, LAST_FITTED_YEAR, UNITS, Statistic
from policymix.region.schema import QuarterName, Role, Strict, Title

BREAK = 0.03
"""Two vintages of GDP that grow this much apart in a year do not join there."""
SECTORS = ("primary", "secondary", "tertiary")
OUTLOOK = ("gdp", "gdp_growth", *SECTORS)
Figures = Mapping[int, float]
"""Figures of one series by year."""


class Spread(Strict):
    """Standard deviation a year, in logs, of what moves a figure beside the model, and why."""

    value: Annotated[float, Field(ge=0, le=1)]
    why: str = Field(min_length=1)


class Series(Strict):
    """One published series and what forecasts it; the fields are explained in the file."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    title: Title
    indicator: str
    of: Role
    form: Literal["level", "rate"]
    by: Annotated[
        str,
        Field(
            pattern=r"^(gdp|gdp_growth|primary|secondary|tertiary|investment|reported_rd|reported_rd_share|entries"
            r"|recognised\.[a-z_]+)$"
        ),
    ]
    rest: Literal["gdp", "alike"] | None = None
    spread: Spread | None = None
    as_of: dict[int, QuarterName] = Field(default_factory=dict)

    @field_validator("as_of", mode="before")
    @classmethod
    def _years(cls, value: object) -> object:
        return {int(year): quarter for year, quarter in value.items()} if isinstance(value, dict) else value

    @property
    def simulated(self) -> bool:
        """Whether the firms of the model are needed for it; else the environment's outlook alone."""
        return not (self.by in OUTLOOK and self.of == "city")

    def quarter(self, year: int) -> str:
        """The last quarter that the figure of a year holds."""
        return self.as_of.get(year, f"{year}Q4")


class _File(BaseModel):
    series: list[Series]


class Known(NamedTuple):
    """Figures of a series in one city.

    Attributes
    ----------
    unit : as printed
    factor : model units per printed unit
    figures : by year
    plans : what documents foresee, by year
    rows : row ids of figures and plans, by year
    """

    series: Series
    place: str
    unit: str
    factor: float
    figures: dict[int, float]
    plans: dict[int, float]
    rows: dict[int, str]


def read_series(path: Path | None = None) -> list[Series]:
    """The series of a file, the shipped one by default; every problem at once."""
    path = catalog.evidence("series.toml") if path is None else path
    try:
        found = _File.model_validate(catalog.plain(catalog.read_toml(path))).series
    except ValidationError as error:
        problems = []
        for entry in error.errors():
            known = entry["type"] == "extra_forbidden"
            near = closest(str(entry["loc"][-1]), Series.model_fields) if known else None
            where = " > ".join(str(part) for part in entry["loc"])
            problems.append(Problem(where, repr(entry.get("input")), entry["msg"], near))
        raise InvalidFile(path, problems) from None
    twice = [Problem(each.id, "the id twice", "every series once") for each in found[1:] if _before(each, found)]
    if twice:
        raise InvalidFile(path, twice)
    return found


def _before(each: Series, found: Sequence[Series]) -> bool:
    return next(other for other in found if other.id == each.id) is not each


def training(rows: Sequence[Statistic], path: Path) -> list[Statistic]:
    """The rows that may be learnt from.

    Raises
    ------
    InvalidFile
        A figure measured after `LAST_FITTED_YEAR`: every such row is named.
    """
    late = [row for row in rows if row.kind != "target" and row.year > LAST_FITTED_YEAR]
    if late:
        expected = (
            f"a year up to {LAST_FITTED_YEAR}; later figures are for testing and belong into the file of --actuals"
        )
        raise InvalidFile(
            path, [Problem(row.id, f"{row.place} {row.indicator} of {row.year}", expected) for row in late]
        )
    return list(rows)


def together(rows: Sequence[Statistic], actuals: Sequence[Statistic], path: Path) -> list[Statistic]:
    """Both tables as one; a figure that stands in both must be the same.

    Parameters
    ----------
    rows : those learnt from
    actuals : later ones, of the file ``path``

    Raises
    ------
    InvalidFile
        A figure that contradicts one of ``rows``, or has another unit: every such row is named, with the other.
    """
    units = {row.indicator: row for row in rows}
    known = {(row.place, row.indicator, row.year, row.kind): row for row in rows if row.place != ELSEWHERE}
    more: list[Statistic] = []
    problems = []
    for row in actuals:
        first = units.get(row.indicator, row)
        other = known.get((row.place, row.indicator, row.year, row.kind))
        if first.unit != row.unit:
            problems.append(Problem(row.id, f"{row.indicator} in {row.unit}", f"{first.unit}, as in {first.id}"))
        elif other is None:
            more.append(row)
        elif not math.isclose(other.in_model_units, row.in_model_units, rel_tol=1e-9):
            what = f"{row.place} {row.indicator} {row.year} {row.kind} of {row.value:g} {row.unit}"
            problems.append(Problem(row.id, what, f"{other.value:g}, as in {other.id} of the figures learnt from"))
    if problems:
        raise InvalidFile(path, problems)
    return [*rows, *more]


def known_of(series: Series, place: str, rows: Iterable[Statistic]) -> Known:
    """Figures of a series in a place: of every year the best row that is not of low confidence."""
    own = [row for row in rows if row.place == place]
    named = sorted(
        (row for row in own if row.indicator == series.indicator and row.confidence != "low"),
        key=lambda row: (row.year, KINDS.index(row.kind)),
    )
    measured: dict[int, Statistic] = {}
    planned: dict[int, Statistic] = {}
    for row in named:
        (planned if row.kind == "target" else measured).setdefault(row.year, row)
    figures = {year: row.value for year, row in measured.items()}
    unit = named[0].unit if named else "count"
    if series.by in SECTORS and series.of == "city":
        figures, unit = sector_growth(series.indicator, own), "percent"
    ids = {year: row.id for year, row in {**planned, **measured}.items()}
    plans = {year: row.value for year, row in planned.items()} if unit == (named[0].unit if named else unit) else {}
    return Known(series, place, unit, UNITS[unit][1], figures, plans, ids)


def by_year(rows: Iterable[Statistic], indicator: str) -> dict[int, float]:
    """Figures of one place's indicator in model units, none of low confidence."""
    return {
        row.year: row.in_model_units
        for row in sorted(rows, key=lambda row: -KINDS.index(row.kind))
        if row.indicator == indicator and row.kind != "target" and row.confidence != "low"
    }


def inflation(rows: Sequence[Statistic]) -> dict[int, float]:
    """Change of one place's GDP deflator by year: (1 + nominal growth) / (1 + real growth) - 1, one vintage."""
    nominal, real = by_year(rows, "gdp_current_revised"), by_year(rows, "gdp_real_growth")
    return {
        year: nominal[year] / nominal[year - 1] / (1.0 + real[year]) - 1.0
        for year in nominal
        if year - 1 in nominal and year in real
    }


def sector_growth(indicator: str, rows: Sequence[Statistic]) -> dict[int, float]:
    """Nominal growth of a sector by year, per cent, of years that lie within one vintage.

    .. math:: 100 (w_t Y_t / (w_{t-1} Y_{t-1}) - 1)

    w the sector's share of GDP as published, Y revised GDP. A year in which published and revised GDP grow more than
    `BREAK` apart is the first of a new vintage and has no growth.
    """
    sector, published = by_year(rows, indicator), by_year(rows, "gdp_current_as_published")
    revised = by_year(rows, "gdp_current_revised")
    known = sorted(sector.keys() & published.keys() & revised.keys())
    value = {year: sector[year] / published[year] * revised[year] for year in known}
    return {
        year: 100.0 * (value[year] / value[year - 1] - 1.0)
        for year in known
        if year - 1 in value and abs(published[year] / published[year - 1] - revised[year] / revised[year - 1]) <= BREAK
    }


def excess_growth(indicator: str, rows: Sequence[Statistic]) -> dict[int, float]:
    """Nominal growth of a sector above that of GDP by year, as a share."""
    nominal = by_year(rows, "gdp_current_revised")
    return {
        year: 0.01 * growth - (nominal[year] / nominal[year - 1] - 1.0)
        for year, growth in sector_growth(indicator, rows).items()
    }


def sector_shares(rows: Sequence[Statistic], origin: int) -> dict[str, float]:
    """Shares of the sectors in GDP in the last year up to the origin for which all are published."""
    published = {name: by_year(rows, f"{name}_value_added_as_published") for name in SECTORS}
    years = [year for year in set.intersection(*(set(each) for each in published.values())) if year <= origin]
    if not years:
        return {}
    whole = sum(each[max(years)] for each in published.values())
    return {name: each[max(years)] / whole for name, each in published.items()}
