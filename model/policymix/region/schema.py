"""What a region file and an environment file may contain.

The models are strict: an unknown key is an error, every number carries its source or the reason for its range.
Cross-checks that need more than one table (places that exist, sums, evidence rows) are in `load`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, PrivateAttr, model_validator
from pydantic_core import core_schema

# what a firm does, in the words of the fact `fields` of a claim
FieldWord = Literal["software_it", "digital", "technology", "electronics", "manufacturing", "services"]
FIELD_WORDS: tuple[FieldWord, ...] = get_args(FieldWord)
PROJECT_TYPES = (
    "digital_infrastructure",
    "application_demonstration",
    "industrial_internet",
    "smart_upgrading",
    "public_service_platform",
    "other",
)
StepName = Literal["technology_sme", "high_tech_enterprise", "chick_eagle", "gazelle", "unicorn", "leading"]
STEPS: tuple[StepName, ...] = get_args(StepName)
Role = Literal["city", "zone", "county"]
ROLES: tuple[Role, ...] = get_args(Role)
QUARTER = re.compile(r"^(\d{4})Q([1-4])$")
SUM_TOLERANCE = 1e-9


def _as_rows(value: object) -> object:
    return [value] if isinstance(value, str) else value


Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
QuarterName = Annotated[str, Field(pattern=QUARTER.pattern)]
Rows = Annotated[list[str], BeforeValidator(_as_rows)]


class Strict(BaseModel):
    """Base of every table: unknown keys are refused, values are frozen, nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Title(Strict):
    """A title in both languages."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class Number(Strict):
    """A number with its source row, or with a range and the reason for it.

    `low` and `high` are the ends of a triangular law with its mode at `value`; equal ends make the number certain.
    """

    value: float
    low: float | None = None
    high: float | None = None
    why: str = ""
    source: Rows = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_complete(self) -> Number:
        if (self.low is None) != (self.high is None):
            raise ValueError("a range needs both low and high")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise ValueError(f"value {self.value:g} must lie between low {self.low:g} and high {self.high:g}")
        if self.low is not None and not self.why:
            raise ValueError("a range needs a why")
        if not self.why and not self.source:
            raise ValueError("a number needs a source (row id), or low, high and why")
        return self

    @property
    def uncertain(self) -> bool:
        """Whether the number is drawn in a run with uncertainty."""
        return self.low is not None and self.high is not None and self.low < self.high


def _check_bounds(number: Number, minimum: float, maximum: float) -> Number:
    ends = [number.value] + [end for end in (number.low, number.high) if end is not None]
    for end in ends:
        if not minimum <= end <= maximum:
            raise ValueError(f"{end:g} is outside {minimum:g}..{maximum:g}")
    return number


class Bounds:
    """Annotation: value, low and high of a `Number` lie within closed bounds."""

    def __init__(self, minimum: float, maximum: float) -> None:
        self.minimum, self.maximum = minimum, maximum

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(
            lambda number: _check_bounds(number, self.minimum, self.maximum), handler(source)
        )


Share = Annotated[Number, Bounds(0.0, 1.0)]
Positive = Annotated[Number, Bounds(1e-12, 1e16)]
NotNegative = Annotated[Number, Bounds(0.0, 1e16)]
GrowthRate = Annotated[Number, Bounds(-0.5, 0.5)]


class Reference(Strict):
    """City-wide levels of the reference year."""

    year: int
    core_share: Share
    city_base_share: Share
    space_per_worker: Positive


class Place(Strict):
    """A part of the city.

    `weight`: size relative to the other parts that are not the zone; they share what the zone leaves.
    `designated_share`: share of floor space in buildings that rent clauses designate.
    """

    id: Identifier
    title: Title
    inside: Identifier
    rent_m2_month: Positive
    wage_level: Positive
    space_elasticity: Positive
    designated_share: Share
    weight: float = Field(default=1.0, gt=0)


class ProjectTypes(Strict):
    """Probabilities of what a firm's next project is."""

    digital_infrastructure: float = Field(ge=0, le=1)
    application_demonstration: float = Field(ge=0, le=1)
    industrial_internet: float = Field(ge=0, le=1)
    smart_upgrading: float = Field(ge=0, le=1)
    public_service_platform: float = Field(ge=0, le=1)
    other: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _sums_to_one(self) -> ProjectTypes:
        total = sum(self.probabilities())
        if abs(total - 1.0) > SUM_TOLERANCE:
            raise ValueError(f"probabilities sum to {total:g} instead of 1")
        return self

    def probabilities(self) -> tuple[float, ...]:
        """Probabilities in the order of `PROJECT_TYPES`."""
        return tuple(getattr(self, name) for name in PROJECT_TYPES)


class Industry(Strict):
    """One industry of the 2021 classification; see `arrays.RegionArrays` for the meaning and unit of each number."""

    id: Identifier
    title: Title
    category: Literal["01", "02", "03", "04", "05"]
    core: bool
    fields: list[FieldWord]
    firms: Positive
    zone_share: Share
    value_added_share: Share | None = None
    value_added: Positive | None = None
    zone_value_added_share: Share
    capital_cost_share: Share
    depreciation: Share
    wage_share: Share
    value_added_ratio: Share
    rd_intensity: Share
    labour_cost: Positive
    local_share: Share
    export_share: Share
    drift: GrowthRate
    project_types: ProjectTypes

    @model_validator(mode="after")
    def _is_consistent(self) -> Industry:
        if self.core != (self.category != "05"):
            raise ValueError("core must be true for categories 01-04 and false for category 05")
        if (self.value_added_share is None) == self.core:
            raise ValueError(
                "core industries give value_added_share, category 05 gives value_added (and not the other)"
            )
        if (self.value_added is None) != self.core:
            raise ValueError(
                "core industries give value_added_share, category 05 gives value_added (and not the other)"
            )
        ends = [number.high or number.value for number in (self.capital_cost_share, self.wage_share)]
        if sum(ends) >= 1.0:
            raise ValueError("capital_cost_share and wage_share must sum to less than 1, at their upper ends too")
        return self


class Record(Strict):
    """One of the largest core firms, without its name; `value_added` is its share of core value added."""

    id: Identifier
    industry: Identifier
    place: Identifier
    value_added: Share
    volatility: Annotated[Number, Bounds(0.0, 1.0)]


class Firm(Strict):
    """One firm of a register at the end of the reference year; money in CNY of that year.

    `founded` is a year or a quarter; a revenue, or where none is known a staff, says how large the firm is.
    """

    id: str = Field(min_length=1)
    industry: Identifier
    place: Identifier
    founded: Annotated[str, Field(pattern=r"^\d{4}(Q[1-4])?$")]
    revenue: Annotated[float, Field(gt=0, le=1e16)] | None = None
    staff: Annotated[float, Field(gt=0, le=1e9)] | None = None
    capital: Annotated[float, Field(gt=0, le=1e16)] | None = None
    steps: list[StepName] = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_a_size(self) -> Firm:
        if self.revenue is None and self.staff is None:
            raise ValueError("a revenue or a staff")
        return self


class LadderStep(Strict):
    """Firms ever recognised at the end of the reference year by place, and the share of them in modelled industries."""

    step: StepName
    published: dict[str, NotNegative]
    modelled: Share


class Total(Strict):
    """A published total: `rake` to it, `compare` with it, or stay below it (`ceiling`)."""

    key: str = Field(pattern=r"^[a-z_]+(\.[a-z_]+)*$")
    title: Title
    place: Identifier
    year: int
    value: Annotated[float, Field(ge=0)]
    unit: Literal["CNY", "count", "share", "persons"]
    source: Rows
    tolerance: Annotated[float, Field(ge=0, le=1)]
    use: Literal["rake", "compare", "ceiling"]
    scope: str = ""


class Tax(Strict):
    """Shares of a yuan of tax that stay in the locality, and what public money costs."""

    local_vat: Share
    local_income_tax: Share
    zone_part: Share
    administration_cost: Share
    cost_of_funds: Positive


class Region(Strict):
    """A city and its parts as the statistics describe them.

    `firms` names a register of firms beside the file, to be used instead of a synthetic population; its rows stand in
    `firm` once the file is read.
    """

    id: Identifier
    title: Title
    roles: dict[Role, Identifier]
    reference: Reference
    place: list[Place] = Field(min_length=1)
    industry: list[Industry] = Field(min_length=1)
    record: list[Record] = Field(default_factory=list)
    ladder: list[LadderStep] = Field(default_factory=list)
    total: list[Total] = Field(default_factory=list)
    firms: str = ""
    firm: list[Firm] = Field(default_factory=list)
    tax: Tax
    _numbers: dict[str, Number] = PrivateAttr(default_factory=dict)
    _bounds: dict[str, tuple[float, float]] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: object) -> None:
        """List every number and its bounds by address, once."""
        self._numbers.update(_region_numbers(self))
        self._bounds.update(_region_bounds(self))

    @property
    def numbers(self) -> dict[str, Number]:
        """Every number of the file by its address (``region.software.wage_share``)."""
        return self._numbers

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Least and greatest value that may be set, by address."""
        return self._bounds

    @property
    def city(self) -> str:
        """Id of the whole city."""
        return self.roles["city"]

    @property
    def tables(self) -> list[Place | Industry | Record]:
        """Every table that has an id, in file order of its kind."""
        return [*self.place, *self.industry, *self.record]

    @property
    def role_places(self) -> dict[str, str]:
        """Place of each role that the region has, by the name of the role."""
        return {str(role): place for role, place in self.roles.items()}

    @property
    def places(self) -> tuple[str, ...]:
        """Ids of the parts, in file order: the dimension ``place``."""
        return tuple(place.id for place in self.place)

    @property
    def industries(self) -> tuple[str, ...]:
        """Ids of the industries, in file order: the dimension ``industry``."""
        return tuple(industry.id for industry in self.industry)


class Shock(Strict):
    """Demand factor of some quarters, relative to the trend."""

    start: QuarterName = Field(alias="from")
    until: QuarterName
    factor: Annotated[Number, Bounds(0.5, 1.5)]

    @model_validator(mode="after")
    def _is_ordered(self) -> Shock:
        if self.until < self.start:
            raise ValueError(f"until {self.until} lies before from {self.start}")
        return self


class Year(Strict):
    """One year of the path: nominal GDP where published, else inflation; real growth always."""

    year: int
    gdp_nominal: Positive | None = None
    gdp_growth: GrowthRate
    inflation: GrowthRate | None = None
    interest: Annotated[Number, Bounds(0.0, 0.3)]

    @model_validator(mode="after")
    def _has_one_price(self) -> Year:
        if (self.gdp_nominal is None) == (self.inflation is None):
            raise ValueError("give gdp_nominal (published) or inflation (assumed), not both")
        return self


class Environment(Strict):
    """Paths that neither firms nor packages decide."""

    id: Identifier
    title: Title
    place: Identifier
    base_year: int
    core_excess_growth: GrowthRate
    core_price_drift: GrowthRate
    capital_price_drift: GrowthRate
    interest_spread: GrowthRate
    hurdle: Share
    wage_growth: GrowthRate
    rent_growth: GrowthRate
    entry_growth: GrowthRate
    shock: list[Shock] = Field(default_factory=list)
    year: list[Year] = Field(min_length=1)
    _numbers: dict[str, Number] = PrivateAttr(default_factory=dict)
    _bounds: dict[str, tuple[float, float]] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: object) -> None:
        """List every number and its bounds by address, once."""
        self._numbers.update(_environment_numbers(self))
        self._bounds.update(_environment_bounds(self))

    @property
    def numbers(self) -> dict[str, Number]:
        """Every number of the file by its address (``environment.gdp_growth_2025``)."""
        return self._numbers

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Least and greatest value that may be set, by address."""
        return self._bounds


UNITS = {  # unit of every number, by the last part of its address
    "rent_m2_month": "CNY per m2 and month",
    "space_per_worker": "m2 per person",
    "firms": "count",
    "value_added": "CNY, or share of core value added for a record",
    "labour_cost": "CNY per person and year",
    "capital_cost_share": "share of value added",
    "depreciation": "share of the capital stock a year",
    "wage_share": "share of value added",
    "value_added_ratio": "value added per revenue",
    "rd_intensity": "share of revenue",
    "local_share": "share of revenue sold in the city",
    "export_share": "share of revenue",
    "volatility": "log a year",
    "drift": "log a year",
    "core_price_drift": "log a year",
    "capital_price_drift": "log a year",
    "gdp_nominal": "CNY",
    "wage_level": "index, rest of the city = 1",
    "space_elasticity": "elasticity",
    "administration_cost": "per yuan paid",
    "cost_of_funds": "per yuan of tax",
    "shock": "factor",
}
RATES = ("gdp_growth", "inflation", "interest", "hurdle", "growth", "interest_spread")


def unit(address: str) -> str:
    """Unit of a number of a region or an environment, by its address."""
    name = re.sub(r"_\d{4}(Q[1-4])?$", "", address.rsplit(".", 1)[-1])
    if name in UNITS:
        return UNITS[name]
    if any(name == rate or name.endswith(f"_{rate}") for rate in RATES):
        return "share a year"
    is_step = address.split(".")[1] in STEPS and name != "modelled"
    return "count" if is_step else "share"


def _own_numbers(table: Strict, prefix: str) -> dict[str, Number]:
    named = ((name, getattr(table, name)) for name in type(table).model_fields)
    return {f"{prefix}{name}": number for name, number in named if isinstance(number, Number)}


def _own_bounds(table: Strict, prefix: str) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for name, field in type(table).model_fields.items():
        marks = [*field.metadata, *(mark for part in get_args(field.annotation) for mark in get_args(part)[1:])]
        found |= {f"{prefix}{name}": (mark.minimum, mark.maximum) for mark in marks if isinstance(mark, Bounds)}
    return found


def _region_bounds(region: Region) -> dict[str, tuple[float, float]]:
    found = {f"region.core_share_{region.reference.year}": (0.0, 1.0), **_own_bounds(region.reference, "region.")}
    for table in region.tables:
        found |= _own_bounds(table, f"region.{table.id}.")
    found |= {f"region.{step.step}.modelled": (0.0, 1.0) for step in region.ladder}
    return found | _own_bounds(region.tax, "region.tax.")


def _environment_bounds(environment: Environment) -> dict[str, tuple[float, float]]:
    found = _own_bounds(environment, "environment.")
    for shock in environment.shock:
        found[f"environment.shock_{shock.start}"] = (0.5, 1.5)
    for year in environment.year:
        found |= {f"{address}_{year.year}": ends for address, ends in _own_bounds(year, "environment.").items()}
    return found


def _region_numbers(region: Region) -> dict[str, Number]:
    found = {
        f"region.core_share_{region.reference.year}": region.reference.core_share,
        "region.city_base_share": region.reference.city_base_share,
        "region.space_per_worker": region.reference.space_per_worker,
    }
    for table in region.tables:
        found |= _own_numbers(table, f"region.{table.id}.")
    for step in region.ladder:
        found[f"region.{step.step}.modelled"] = step.modelled
        found |= {f"region.{step.step}.{place}": number for place, number in step.published.items()}
    return found | _own_numbers(region.tax, "region.tax.")


def _environment_numbers(environment: Environment) -> dict[str, Number]:
    found = _own_numbers(environment, "environment.")
    found |= {f"environment.shock_{shock.start}": shock.factor for shock in environment.shock}
    for year in environment.year:
        found |= {f"{address}_{year.year}": number for address, number in _own_numbers(year, "environment.").items()}
    return found
