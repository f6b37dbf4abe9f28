"""The region and the environment of one draw as arrays: what the engine reads.

Both functions take the drawn or set numbers by address; an address that is not given keeps its default. They are
deterministic, and quick enough to be called once a draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from policymix.errors import InvalidValue, NotFound, nearest
from policymix.region.schema import FIELD_WORDS, PROJECT_TYPES, QUARTER, STEPS, Environment, FieldWord, Number, Region

LARGEST_RECORD_SHARE = 0.9  # records hold at most this share of the value added of their industry and place
CORRECTIONS = 4  # Newton steps of the quarterly interpolation; each squares the relative error


class RegionArrays(NamedTuple):
    """A region's numbers in one draw.

    Axes industry and place are in file order (`Region.industries`, `Region.places`), steps in the order of `STEPS`.
    Levels are of the reference year and in its prices.
    """

    firms: np.ndarray  # [industry, place] count in the reference year, one to one
    value_added: np.ndarray  # [industry, place] CNY a year, records included
    va_share: np.ndarray  # [industry] share of core value added, sums to 1; 0 in category 05
    core: np.ndarray  # [industry] bool
    category: np.ndarray  # [industry] int64, 1..5
    a: np.ndarray  # [industry] cost share of capital in value added
    delta: np.ndarray  # [industry] depreciation a year
    wage_share: np.ndarray  # [industry] of value added
    va_ratio: np.ndarray  # [industry] value added per revenue
    rd_intensity: np.ndarray  # [industry] R&D per revenue
    annual_wage: np.ndarray  # [industry] labour cost, CNY a head and year, where wage_level is 1
    local_share: np.ndarray  # [industry] d, share of revenue sold in the city
    export_share: np.ndarray  # [industry] share of revenue
    drift: np.ndarray  # [industry] log growth a year relative to the core (category 05: to GDP)
    type_cdf: np.ndarray  # [industry, project type] cumulative probabilities in the order of PROJECT_TYPES, last is 1
    fields: np.ndarray  # [industry] int64 bit mask over FIELD_WORDS
    zone_share: np.ndarray  # [industry, place] base share of each part among the city's firms, rows sum to 1
    rent_m2_month: np.ndarray  # [place] CNY per m2 and month
    wage_level: np.ndarray  # [place] index
    space_elasticity: np.ndarray  # [place] of floor space to rent
    designated_share: np.ndarray  # [place] share of floor space in designated buildings
    record_industry: np.ndarray  # [record] int64
    record_place: np.ndarray  # [record] int64
    record_value_added: np.ndarray  # [record] CNY a year
    record_volatility: np.ndarray  # [record] log sd a year
    ladder_start: np.ndarray  # [step, place] ever recognised, in modelled industries
    ladder_published: np.ndarray  # [step, place] ever recognised, all industries
    ladder_modelled: np.ndarray  # [step] share of the published firms in modelled industries
    local_vat: float  # share of a yuan of VAT that stays in the locality
    local_income_tax: float  # the same of corporate income tax
    zone_part: float  # the zone's part of the local part of tax paid in it
    administration_cost: float  # per yuan paid
    cost_of_funds: float  # per yuan of tax
    core_share: float  # of GDP in the reference year
    gdp: float  # CNY, reference year
    city_base_share: float  # P0, untreated share of mobile projects
    space_per_worker: float  # m2


class EnvArrays(NamedTuple):
    """An environment by quarter in one draw: flows of a quarter, rates a year, constant prices of the base year."""

    quarter: tuple[str, ...]  # "2016Q1", ...
    gdp_nominal: np.ndarray  # CNY a quarter, current prices; sums over a year to the published level
    gdp_real: np.ndarray  # CNY a quarter, base-year prices; yearly sums grow at the published rate
    deflator: np.ndarray  # gdp_nominal / gdp_real; about 1 in the base year
    core_price: np.ndarray  # price of core output relative to the deflator; 1 up to the end of the base year
    core_growth: np.ndarray  # trend growth of core output without shocks, log a year
    gdp_growth: np.ndarray  # trend growth of GDP without shocks, log a year (category 05 follows it)
    interest: np.ndarray  # nominal, a year, spread included
    hurdle: np.ndarray  # real required return a year
    capital_price: np.ndarray  # price of equipment relative to the deflator, mid base year = 1
    wage_index: np.ndarray  # real wage, mid base year = 1
    rent_index: np.ndarray  # real rent, mid base year = 1
    shock: np.ndarray  # demand factor relative to the trend
    entry_growth: np.ndarray  # growth of the yearly number of new firms, a year


def region_arrays(region: Region, values: Mapping[str, float] | None = None) -> RegionArrays:
    """The region's numbers with those of one draw put in.

    Core value added of an industry is core_share x GDP x its share, the drawn shares divided by their sum; its split
    over places puts `zone_value_added_share` into the zone and the rest into the other parts by weight. Records are
    cut in proportion where they would hold more than `LARGEST_RECORD_SHARE` of their industry and place.

    Parameters
    ----------
    region : the region
    values : numbers by address; addresses that do not start with ``region.`` are left alone
    """
    number = _numbers(region.numbers, region.bounds, values, "region.")
    ids = region.industries
    own = {name: np.array([number[f"region.{row}.{name}"] for row in ids]) for name in _INDUSTRY_NUMBERS}
    place = {name: np.array([number[f"region.{row}.{name}"] for row in region.places]) for name in _PLACE_NUMBERS}
    _refuse_full_cost(region, own)
    core_share = number[f"region.core_share_{region.reference.year}"]
    gdp = reference_gdp(region)
    va_share, value_added = _value_added(region, number, core_share * gdp)
    firm_split = _split(region, own["zone_share"])
    by_place = value_added[:, None] * _split(region, own["zone_value_added_share"])
    record = _records(region, number, by_place, core_share * gdp)
    published, modelled = _ladder(region, number)
    return RegionArrays(
        firms=own["firms"][:, None] * firm_split,
        value_added=by_place,
        va_share=va_share,
        core=np.array([industry.core for industry in region.industry]),
        category=np.array([int(industry.category) for industry in region.industry]),
        a=own["capital_cost_share"],
        delta=own["depreciation"],
        wage_share=own["wage_share"],
        va_ratio=own["value_added_ratio"],
        rd_intensity=own["rd_intensity"],
        annual_wage=own["labour_cost"],
        local_share=own["local_share"],
        export_share=own["export_share"],
        drift=own["drift"],
        type_cdf=_type_cdf(region),
        fields=np.array([_mask(industry.fields) for industry in region.industry]),
        zone_share=firm_split,
        rent_m2_month=place["rent_m2_month"],
        wage_level=place["wage_level"],
        space_elasticity=place["space_elasticity"],
        designated_share=place["designated_share"],
        record_industry=record["industry"],
        record_place=record["place"],
        record_value_added=record["value_added"],
        record_volatility=record["volatility"],
        ladder_start=published * modelled[:, None],
        ladder_published=published,
        ladder_modelled=modelled,
        local_vat=number["region.tax.local_vat"],
        local_income_tax=number["region.tax.local_income_tax"],
        zone_part=number["region.tax.zone_part"],
        administration_cost=number["region.tax.administration_cost"],
        cost_of_funds=number["region.tax.cost_of_funds"],
        core_share=core_share,
        gdp=gdp,
        city_base_share=number["region.city_base_share"],
        space_per_worker=number["region.space_per_worker"],
    )


def environment_arrays(
    environment: Environment, values: Mapping[str, float] | None, first_quarter: str, last_quarter: str
) -> EnvArrays:
    """The environment's paths by quarter.

    Yearly levels N_y (nominal; published, later N_y = N_{y-1} (1 + growth) (1 + inflation)) and G_y (real, chained from
    the base year) are spread over quarters as trend x shock, the log trend piecewise linear between mid-years and such
    that every year sums to its level. So the growth published for a year contains its shock, and the trend does not.

    Parameters
    ----------
    environment : the environment
    values : numbers by address; addresses that do not start with ``environment.`` are left alone
    first_quarter, last_quarter : ``"2016Q1"`` ...; after the last year of the file its growth and rates continue
    """
    number = _numbers(environment.numbers, environment.bounds, values, "environment.")
    first, last = quarter_index(first_quarter), quarter_index(last_quarter)
    start, known_until = environment.year[0].year, environment.year[-1].year
    if first < 4 * start or last < first:
        expected = f"quarters in order, from {start}Q1 on"
        raise InvalidValue(f"environment {environment.id}", f"{first_quarter}..{last_quarter}", expected)
    end = max(last // 4, known_until, environment.base_year)
    years = np.arange(start - 1, end + 2)  # one year more at both ends, so that the edges have a slope
    nominal, real = _yearly(environment, number, years)
    shock = _shock(environment, number, years)
    trend = _quarterly(real, shock)
    path_nominal, path_real = _quarterly(nominal, shock) * shock, trend * shock
    growth = 4.0 * np.diff(np.log(trend), prepend=np.nan)
    cut = slice(first - 4 * int(years[0]), last - 4 * int(years[0]) + 1)
    quarters = np.arange(first, last + 1)
    since = (quarters + 0.5) / 4.0 - (environment.base_year + 0.5)  # years since the middle of the base year
    rate = np.array([number[f"environment.interest_{min(int(year), known_until)}"] for year in quarters // 4])
    one = np.ones(quarters.size)
    return EnvArrays(
        quarter=tuple(quarter_name(int(index)) for index in quarters),
        gdp_nominal=path_nominal[cut],
        gdp_real=path_real[cut],
        deflator=path_nominal[cut] / path_real[cut],
        core_price=np.exp(number["environment.core_price_drift"] * np.where(since > 0.5, since, 0.0)),
        core_growth=growth[cut] + np.log1p(number["environment.core_excess_growth"]),
        gdp_growth=growth[cut],
        interest=rate + number["environment.interest_spread"],
        hurdle=number["environment.hurdle"] * one,
        capital_price=np.exp(number["environment.capital_price_drift"] * since),
        wage_index=(1.0 + number["environment.wage_growth"]) ** since,
        rent_index=(1.0 + number["environment.rent_growth"]) ** since,
        shock=shock[cut],
        entry_growth=number["environment.entry_growth"] * one,
    )


def reference_gdp(region: Region) -> float:
    """GDP of the city in the reference year, CNY, nominal: the total it is raked to."""
    return next(
        total.value
        for total in region.total
        if total.key == "gdp" and total.place == region.city and total.year == region.reference.year
    )


@cache
def field_names(mask: int) -> tuple[str, ...]:
    """Words of a bit mask of `RegionArrays.fields`."""
    return tuple(word for bit, word in enumerate(FIELD_WORDS) if mask >> bit & 1)


def quarter_index(name: str) -> int:
    """Quarters since year 0: ``"2021Q1"`` is 4 x 2021."""
    match = QUARTER.match(name)
    if match is None:
        raise InvalidValue("quarter", repr(name), "a quarter like 2021Q1")
    return 4 * int(match.group(1)) + int(match.group(2)) - 1


def quarter_name(index: int) -> str:
    """The inverse of `quarter_index`."""
    return f"{index // 4}Q{index % 4 + 1}"


_INDUSTRY_NUMBERS = (
    "firms",
    "zone_share",
    "zone_value_added_share",
    "capital_cost_share",
    "depreciation",
    "wage_share",
    "value_added_ratio",
    "rd_intensity",
    "labour_cost",
    "local_share",
    "export_share",
    "drift",
)
_PLACE_NUMBERS = ("rent_m2_month", "wage_level", "space_elasticity", "designated_share")


def _numbers(
    known: Mapping[str, Number],
    bounds: Mapping[str, tuple[float, float]],
    values: Mapping[str, float] | None,
    prefix: str,
) -> dict[str, float]:
    found = {address: number.value for address, number in known.items()}
    for address, value in (values or {}).items():
        if not address.startswith(prefix):
            continue
        if address not in known:
            raise NotFound("address", address, nearest(address, known)[:5])
        low, high = bounds.get(address, (0.0, 1e16))
        if not low <= value <= high:
            raise InvalidValue(address, f"{value:g}", f"a number from {low:g} to {high:g}")
        found[address] = float(value)
    return found


def _refuse_full_cost(region: Region, own: Mapping[str, np.ndarray]) -> None:
    cost = own["capital_cost_share"] + own["wage_share"]
    if np.any(cost >= 1.0):
        row = region.industries[int(np.argmax(cost))]
        raise InvalidValue(f"region.{row}", f"capital_cost_share + wage_share of {cost.max():g}", "a sum below 1")


def _value_added(region: Region, number: Mapping[str, float], core: float) -> tuple[np.ndarray, np.ndarray]:
    """Share of core value added, and value added in CNY a year, by industry."""
    share = np.array([number.get(f"region.{row}.value_added_share", 0.0) for row in region.industries])
    users = np.array([number.get(f"region.{row}.value_added", 0.0) for row in region.industries])
    is_core = np.array([industry.core for industry in region.industry])
    if is_core.any() and not share.sum() > 0.0:
        raise InvalidValue(f"region {region.id}", "core shares that sum to 0", "a core industry with value added")
    share = share / share.sum() if is_core.any() else share
    return share, np.where(is_core, share * core, users)


def _split(region: Region, zone_share: np.ndarray) -> np.ndarray:
    """[industry, place] shares: the zone takes its own, the other parts the rest by weight (all, without a zone)."""
    zone = region.roles.get("zone")
    is_zone = np.array([place.id == zone for place in region.place])
    weight = np.array([place.weight for place in region.place])
    rest = np.where(is_zone, 0.0, weight)
    if not is_zone.any() or rest.sum() == 0.0:
        return np.tile(weight / weight.sum(), (zone_share.size, 1))
    return np.where(is_zone[None, :], zone_share[:, None], (1.0 - zone_share[:, None]) * rest / rest.sum())


def _type_cdf(region: Region) -> np.ndarray:
    cdf = np.cumsum([industry.project_types.probabilities() for industry in region.industry], axis=1)
    cdf[:, len(PROJECT_TYPES) - 1] = 1.0
    return cdf


def _mask(words: Sequence[FieldWord]) -> int:
    return sum(1 << FIELD_WORDS.index(word) for word in set(words))


def _records(region: Region, number: Mapping[str, float], by_place: np.ndarray, core: float) -> dict[str, np.ndarray]:
    industry = np.array([region.industries.index(record.industry) for record in region.record], dtype=np.int64)
    place = np.array([region.places.index(record.place) for record in region.record], dtype=np.int64)
    value = core * np.array([number[f"region.{record.id}.value_added"] for record in region.record])
    held = np.zeros_like(by_place)
    np.add.at(held, (industry, place), value)
    room = LARGEST_RECORD_SHARE * by_place
    cut = np.minimum(1.0, np.divide(room, held, out=np.ones_like(held), where=held > 0.0))
    return {
        "industry": industry,
        "place": place,
        "value_added": value * cut[industry, place],
        "volatility": np.array([number[f"region.{record.id}.volatility"] for record in region.record]),
    }


def _ladder(region: Region, number: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Published counts [step, place], modelled share [step]; the city's rest goes to the parts that are not listed."""
    published, modelled = np.zeros((len(STEPS), len(region.places))), np.ones(len(STEPS))
    weight = np.array([place.weight for place in region.place])
    for row in region.ladder:
        step = STEPS.index(row.step)
        modelled[step] = number[f"region.{row.step}.modelled"]
        listed = np.array([place in row.published for place in region.places])
        published[step] = [number.get(f"region.{row.step}.{place}", 0.0) for place in region.places]
        left = max(number.get(f"region.{row.step}.{region.city}", 0.0) - published[step].sum(), 0.0)
        if not listed.all():
            published[step, ~listed] = left * weight[~listed] / weight[~listed].sum()
    return published, modelled


def _yearly(environment: Environment, number: Mapping[str, float], years: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nominal and real (base-year prices) GDP by year; outside the file as in its first and last year."""
    rows, last = environment.year, environment.year[-1].year
    growth = [number[f"environment.gdp_growth_{min(max(int(year), rows[0].year), last)}"] for year in years]
    real = np.cumprod(1.0 + np.array(growth))
    nominal = np.empty(years.size)
    for position, year in enumerate(years):
        at = min(int(year), last)
        if at == year and (level := number.get(f"environment.gdp_nominal_{at}")) is not None:
            nominal[position] = level
        elif position > 0:
            inflation = number.get(f"environment.inflation_{at}", 0.0)
            nominal[position] = nominal[position - 1] * (1.0 + growth[position]) * (1.0 + inflation)
    nominal[0] = nominal[1] ** 2 / nominal[2]
    base = int(environment.base_year - years[0])
    return nominal, real * nominal[base] / real[base]


def _shock(environment: Environment, number: Mapping[str, float], years: np.ndarray) -> np.ndarray:
    factor = np.ones(4 * years.size)
    origin = 4 * int(years[0])
    for shock in environment.shock:
        first, last = quarter_index(shock.start) - origin, quarter_index(shock.until) - origin
        factor[max(first, 0) : max(last + 1, 0)] *= number[f"environment.shock_{shock.start}"]
    return factor


def _quarterly(level: np.ndarray, shock: np.ndarray) -> np.ndarray:
    """Quarterly trend whose log is linear between mid-years and for which trend x shock sums to each year's level."""
    spread, inverse = _interpolation(level.size)
    knots = np.log(level / 4.0)
    for _ in range(CORRECTIONS):
        total = (np.exp(spread @ knots) * shock).reshape(-1, 4).sum(axis=1)
        knots = knots + inverse @ np.log(level / total)
    trend = np.exp(spread @ knots)
    total = (trend * shock).reshape(-1, 4).sum(axis=1)
    return trend * np.repeat(level / total, 4)


@lru_cache(maxsize=8)
def _interpolation(years: int) -> tuple[np.ndarray, np.ndarray]:
    """[quarter, year] weights of linear interpolation between mid-years, and the inverse of their yearly means."""
    at = (np.arange(4 * years) + 0.5) / 4.0 - 0.5
    left = np.clip(np.floor(at).astype(int), 0, max(years - 2, 0))
    weights = np.zeros((4 * years, years))
    rows = np.arange(4 * years)
    weights[rows, left] += 1.0 - (at - left)
    weights[rows, left + 1] += at - left
    return weights, np.linalg.inv(weights.reshape(years, 4, years).mean(axis=1))
