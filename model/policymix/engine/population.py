"""The city at the start of the burn-in, and its anchoring to published totals where the mixes fork."""

from __future__ import annotations

import numpy as np

from ..errors import RunFailed
from ..firms import research
from ..policy.compile import Compiled
from ..region.arrays import LARGEST_RECORD_SHARE
from .claims import CLAIM_COLUMNS, CLAIMANT_NUMBERS, City
from .setting import Setting
from .streams import (
    KEEPS_FUNDS,
    KEEPS_TOO,
    SPENDS_ON_RESEARCH,
    SPENDS_TOO,
    STARTS_DIGITAL,
    TWO_TO_MINUS_52,
    further,
    readiness,
)
from .symbols import (
    ACCOUNT,
    AGE,
    ALIVE,
    BLOCK,
    BOUGHT_DIGITAL,
    BUILD,
    CAPITAL,
    COLUMN_COUNT,
    EAGLE,
    EVER,
    FIRM,
    FUNDS,
    GAZELLE,
    INDUSTRY,
    JOBS,
    KNOWLEDGE,
    LEADING,
    LN_SIZE,
    LUCK,
    OWN_DIGITAL,
    P_ADOPTED_AT_START,
    P_EAGLE_LEAST_AGE,
    P_EAGLE_LEAST_REVENUE,
    P_EAGLE_MOST_AGE,
    P_EAGLE_MOST_REVENUE,
    P_FUNDS_CEILING,
    P_FUNDS_DEVIATION,
    P_GAZELLE_LEAST_AGE,
    P_GAZELLE_LEAST_REVENUE,
    P_GAZELLE_MOST_AGE,
    P_INITIAL_FUNDS_SHARE,
    P_INITIAL_SERVICES_SHARE,
    P_INTENSITY_DEVIATION,
    P_LEAST_CAPITAL,
    P_RECORD_AGE,
    P_SERVICES_CEILING,
    P_UNICORN_MOST_AGE,
    PLACE,
    RELIEF_END,
    REPORTED,
    REPORTED_NOW,
    RESEARCH,
    REVENUE_1,
    REVENUE_2,
    REVENUE_3,
    REVENUE_NOW,
    STEPS,
    STEPS_HELD,
    SUM_INVESTMENT,
    SUM_RESEARCH,
    SUM_VALUE,
    UNICORN,
)
from .table import column_of, empty_firms, numbers_of, write_numbers
from .world import RECORD_ADDRESSES, World, living_per_entry, records_of, technology

CACHE_LINE = 8
"""Numbers in a cache line."""
CLAIMS_PER_SLOT = 8


def room_for(firms: float, entries: float, quarters: int) -> int:
    """Slots for a city: its firms and half as many entrants again as expected.

    Columns lie an odd number of cache lines apart, or those of one firm would crowd into one set of the cache.
    """
    blocks = int(np.ceil((firms + 1.5 * entries * quarters) / BLOCK)) + 4
    return blocks * BLOCK + CACHE_LINE


def empty_city(slots: int, mix: Compiled, places: int, industries: int) -> City:
    """A city without firms, with accounts for the clauses of a mix. Tables are not cleared: whoever takes a row writes
    all of it."""
    clauses = len(mix.clauses)
    return City(
        firms=empty_firms(slots),
        count=np.zeros(4, np.int64),
        account_paid=np.empty((slots, clauses, 2)),
        account_once=np.empty((slots, clauses), np.int8),
        gross=np.empty((slots, CLAIMANT_NUMBERS)),
        claims=np.empty((CLAIMS_PER_SLOT * slots, CLAIM_COLUMNS)),
        recognised=np.zeros((places, len(STEPS)), np.int64),
        prices=np.zeros((places, 3)),
        adopters=np.zeros(industries),
        payout=np.ones(max(1, len(mix.packages))),
        spent=np.zeros(len(mix.budgets)),
    )


def populate(compiled, setting: Setting, world: World, run) -> tuple[City, np.ndarray]:
    """The untreated city at the start of the burn-in, and the log of the typical entrant's size by industry and place.

    Value added is raked to the reference year's by industry and place, carried back along the environment's trend.
    """
    r = world.region
    industries, places = r.firms.shape
    years = setting.burn_in / 4.0
    back = np.exp(-world.growth * years)
    counts = np.round(r.firms.sum(axis=1) * back).astype(np.int64)
    entries = r.firms.sum() / living_per_entry(world)
    slots = room_for(counts.sum() + len(r.record_industry), entries, setting.burn_in)
    history = setting.mixes["history"]
    city = empty_city(slots, history, places, industries)
    write_records(city, world)
    zone = np.ascontiguousarray(r.zone_share[:, 0])
    first, pair = int(setting.calendar[0]), np.zeros(2, np.uint64)
    offset = size_offsets(world)
    n = compiled.initial_city(run, city, counts, offset, zone, world.growth, world.exit_by_age, first, pair, world.p)
    if n >= slots:
        raise RunFailed("the city's firms do not fit their table; region.firms and exit rates do not go together")
    firms = numbers_of(city.firms, slice(0, n))
    ln_typical = rake_sizes(firms, world, target_values(setting, world, 0))
    furnish(firms, world, able(run.seed, run.luck, firms, world))
    city.adopters[:] = world.p[P_ADOPTED_AT_START]
    write_numbers(city.firms, firms, slice(0, n))
    return city, ln_typical


def size_offsets(world: World) -> np.ndarray:
    """Log of the typical firm of each industry over that of all industries, from value added a firm."""
    firms = world.region.firms.sum(axis=1)
    each = np.log(world.region.value_added.sum(axis=1) / firms)
    return each - (each * firms).sum() / firms.sum()


def write_records(city: City, world: World) -> None:
    """The largest firms are records of the region file: own size, no exit, no move."""
    r = world.region
    for number in range(len(r.record_industry)):
        firm = np.zeros(COLUMN_COUNT)
        firm[ALIVE], firm[FIRM], firm[AGE] = 1.0, float(number), 4.0 * world.p[P_RECORD_AGE]
        firm[INDUSTRY], firm[PLACE] = r.record_industry[number], r.record_place[number]
        firm[LN_SIZE] = np.log(r.record_value_added[number])
        firm[ACCOUNT], firm[RELIEF_END] = -1.0, -1.0
        write_numbers(city.firms, firm, number)
    city.count[0] = len(r.record_industry)


def target_values(setting: Setting, world: World, quarter: int) -> np.ndarray:
    """Value added by industry and place, CNY a year at the pace of a quarter, from the reference year's along
    the trend."""
    r, env = world.region, world.env
    year = setting.region.reference.year
    in_year = np.array([name.startswith(str(year)) for name in env.quarter])
    growth = np.where(r.core[None, :], env.core_growth[:, None], env.gdp_growth[:, None]) + r.drift[None, :]
    path = np.exp(np.cumsum(0.25 * growth, axis=0)) * env.shock[:, None]
    factor = path[quarter] / path[in_year].mean(axis=0) / env.shock[quarter]
    return r.value_added * factor[:, None]


def able(seed: int, luck: int, firms: np.ndarray, world: World) -> np.ndarray:
    """The firms' lasting uniform numbers of readiness (``streams.able_of``)."""
    return readiness(seed, luck, firms[FIRM], *records_of(world))


def rake_sizes(firms: np.ndarray, world: World, target: np.ndarray) -> np.ndarray:
    """Turn deviations into sizes so that every industry and place has its value added; returns the logs of the
    scale."""
    industry, place, record = firms[INDUSTRY].astype(int), firms[PLACE].astype(int), firms[FIRM] < RECORD_ADDRESSES
    scale = np.zeros_like(target)
    scaled = world.region.record_value_added
    ratio = target.sum() / world.region.value_added.sum()
    firms[LN_SIZE, record] += np.log(ratio)
    largest = np.log(scaled.min() * ratio) if len(scaled) else np.inf
    for i in range(target.shape[0]):
        for k in range(target.shape[1]):
            here = (industry == i) & (place == k)
            own = here & ~record
            if not own.any():
                continue
            rest = max(
                target[i, k] - np.exp(firms[LN_SIZE, here & record]).sum(), (1.0 - LARGEST_RECORD_SHARE) * target[i, k]
            )
            sizes = np.exp(firms[LN_SIZE, own])
            factor = rest / max(sizes.sum(), 1e-9)
            for _ in range(20):
                capped = np.minimum(sizes * factor, np.exp(largest))
                factor *= rest / max(capped.sum(), 1e-9)
            firms[LN_SIZE, own] = np.log(np.minimum(sizes * factor, np.exp(largest)))
            scale[i, k] = np.log(factor)
    return scale


def furnish(firms: np.ndarray, world: World, u_able: np.ndarray) -> None:
    """Capital at what is wanted, cash, staff, digital equipment and a revenue history in line with size."""
    r, p = world.region, world.p
    industry, place = firms[INDUSTRY].astype(int), firms[PLACE].astype(int)
    size = np.exp(firms[LN_SIZE])
    k = r.a / (world.env.hurdle.mean() + r.delta)
    firms[CAPITAL] = np.maximum(p[P_LEAST_CAPITAL], k[industry] * size)
    z = further_normals(u_able, KEEPS_FUNDS, KEEPS_TOO)
    kept = np.exp(p[P_FUNDS_DEVIATION] * z - 0.5 * p[P_FUNDS_DEVIATION] ** 2)
    firms[FUNDS] = p[P_INITIAL_FUNDS_SHARE] * p[P_FUNDS_CEILING] * kept * firms[CAPITAL]
    wage = r.annual_wage[industry] * r.wage_level[place] * world.env.wage_index[0]
    firms[JOBS] = r.wage_share[industry] * size / wage
    firms[OWN_DIGITAL] = (further(u_able, STARTS_DIGITAL) < p[P_ADOPTED_AT_START]).astype(float)
    firms[BOUGHT_DIGITAL] = p[P_INITIAL_SERVICES_SHARE] * p[P_SERVICES_CEILING]
    for column in (RESEARCH, REPORTED, KNOWLEDGE):
        firms[column] = own_research(u_able, p)
    for column, years in ((REVENUE_1, 1), (REVENUE_2, 2), (REVENUE_3, 3)):
        firms[column] = np.where(firms[AGE] >= 4 * years, size / r.va_ratio[industry], 0.0)


def own_research(u_able: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Logs of the firms' lasting R&D intensities against their industries'."""
    return research.own_log(p[P_INTENSITY_DEVIATION], further_normals(u_able, SPENDS_ON_RESEARCH, SPENDS_TOO))


def further_normals(u: np.ndarray, first: float, second: float) -> np.ndarray:
    """``streams.further_normal`` of many firms."""
    radius = np.sqrt(-2.0 * np.log(np.maximum(further(u, first), TWO_TO_MINUS_52)))
    return radius * np.cos(2.0 * np.pi * further(u, second))


def compact(city: City) -> None:
    """Drop the firms that have left, so that the fork starts without empty slots."""
    n = int(city.count[0])
    alive = column_of(city.firms, ALIVE)[:n] > 0
    kept = int(alive.sum())
    for table in city.firms:
        table[:, :kept] = table[:, :n][:, alive]
        table[:, kept:n] = 0
    city.count[0] = kept


def anchor(setting: Setting, world: World, city: City, seed: int, luck: int) -> tuple[np.ndarray, np.ndarray]:
    """Set the city at the fork to the reference year's published totals.

    Sizes, and with them capital, cash and revenue, are scaled by industry and place so that value added meets its
    total; rungs of the ladder are given or taken so that the counts ever recognised meet theirs. Sums since the fork
    start at nought.

    Returns
    -------
    float64[industries, places]
        Log of the scaling of the firms that are no records, for the typical entrant's size.
    float64[industries, places]
        Factor on staff that gives every industry and place its wage share of value added.
    """
    compact(city)
    r = world.region
    n = int(city.count[0])
    firms = numbers_of(city.firms, slice(0, n))
    industry, place, record = firms[INDUSTRY].astype(int), firms[PLACE].astype(int), firms[FIRM] < RECORD_ADDRESSES
    k = r.a / (world.env.hurdle.mean() + r.delta)
    target = target_values(setting, world, setting.burn_in - 1)
    size = np.exp(firms[LN_SIZE])
    value = size * (firms[CAPITAL] / (k[industry] * size)) ** r.a[industry]
    ratio = target.sum() / r.value_added.sum()
    shift = np.zeros_like(target)
    scale = np.ones(n)
    for number in np.flatnonzero(record):
        scale[number] = r.record_value_added[int(firms[FIRM, number])] * ratio / value[number]
    for i in range(target.shape[0]):
        for place_code in range(target.shape[1]):
            here = (industry == i) & (place == place_code)
            own = here & ~record
            total = value[own].sum()
            if total <= 0.0:
                continue
            rest = max(
                target[i, place_code] - (value * scale)[here & record].sum(),
                (1.0 - LARGEST_RECORD_SHARE) * target[i, place_code],
            )
            shift[i, place_code] = np.log(rest / total)
            scale[own] = rest / total
    firms[LN_SIZE] += np.log(scale)
    for column in (CAPITAL, FUNDS, BUILD, REVENUE_NOW, REVENUE_1, REVENUE_2, REVENUE_3, REPORTED_NOW, JOBS):
        firms[column] *= scale
    for column in (SUM_INVESTMENT, SUM_RESEARCH, SUM_VALUE, LUCK):
        firms[column] = 0.0
    anchor_ladder(firms, city.recognised, world, able(seed, luck, firms, world))
    heads = staff_factors(setting, world, firms, value * scale)
    write_numbers(city.firms, firms, slice(0, n))
    return shift, heads


def staff_factors(setting: Setting, world: World, firms: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Factor on staff by industry and place: wages are the region's share of value added, whatever capital firms lack.

    Wage share x value added over the wages of the staff that the firms have.
    """
    r, env = world.region, world.env
    industry, place = firms[INDUSTRY].astype(int), firms[PLACE].astype(int)
    wage = r.annual_wage[:, None] * r.wage_level[None, :] * env.wage_index[setting.burn_in - 1]
    owed, paid = np.zeros(r.firms.shape), np.zeros(r.firms.shape)
    np.add.at(owed, (industry, place), r.wage_share[industry] * value)
    np.add.at(paid, (industry, place), wage[industry, place] * firms[JOBS])
    factor = np.divide(owed, paid, out=np.ones(r.firms.shape), where=paid > 0.0)
    firms[JOBS] *= factor[industry, place]
    return factor


def between(values: np.ndarray, least: float, most: float) -> np.ndarray:
    """Whether values lie between two bounds, both included."""
    return (values >= least) & (values <= most)


def anchor_ladder(firms: np.ndarray, recognised: np.ndarray, world: World, u_able: np.ndarray) -> None:
    """Give or take rungs so that the counts ever recognised are the published ones (in modelled industries)."""
    open_to = technology(world.region)[firms[INDUSTRY].astype(int)] > 0.5
    growth = np.where(firms[REVENUE_3] > 0.0, firms[REVENUE_1] / np.maximum(firms[REVENUE_3], 1.0), 0.0)
    p, years, revenue = world.p, 0.25 * firms[AGE], firms[REVENUE_1]
    fit = {
        EAGLE: between(years, p[P_EAGLE_LEAST_AGE], p[P_EAGLE_MOST_AGE])
        & between(revenue, p[P_EAGLE_LEAST_REVENUE], p[P_EAGLE_MOST_REVENUE]),
        GAZELLE: between(years, p[P_GAZELLE_LEAST_AGE], p[P_GAZELLE_MOST_AGE])
        & (firms[REVENUE_3] >= p[P_GAZELLE_LEAST_REVENUE]),
        UNICORN: (years <= p[P_UNICORN_MOST_AGE]) & (firms[REVENUE_3] > 0.0),
    }
    for step in range(len(STEPS)):
        bit = 1 << step
        rank = further(u_able, SPENDS_ON_RESEARCH)
        if step == GAZELLE:
            rank = growth
        elif step in (UNICORN, LEADING):
            rank = firms[REVENUE_1] * np.maximum(growth, 1.0)
        for place in range(recognised.shape[0]):
            here = open_to & (firms[PLACE] == place)
            target = round(float(world.region.ladder_start[step, place]))
            ever = firms[EVER].astype(np.int64)
            holds = (ever & bit) > 0
            score = rank + np.where(fit.get(step, True), 1e12, 0.0) + np.where(holds, 1e13, 0.0)
            chosen = np.zeros(rank.size, bool)
            order = np.argsort(-np.where(here, score, -np.inf), kind="stable")[:target]
            chosen[order[here[order]]] = True
            mine = firms[PLACE] == place
            firms[EVER] = np.where(mine, np.where(chosen, ever | bit, ever & ~bit), ever)
            held = firms[STEPS_HELD].astype(np.int64)
            firms[STEPS_HELD] = np.where(mine, np.where(chosen, held | bit, held & ~bit), held)
            recognised[place, step] = target
