"""The unit of work: one draw and replicate. Burn-in once, then the baseline, then every mix forked from the same state.

Each mix but the baseline runs twice: with prices frozen at the baseline's path (the direct effect) and with its own
feedback. The baseline's firm-level outcomes stay in memory until every mix has been set against them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import RunFailed
from ..policy.arrays import MAX_PERIODS
from ..policy.claim import MAX_FACTS
from ..policy.compile import Compiled
from . import loop
from .accounts import CUBE_OUTCOMES, PARTS, Out
from .appraisal import activity, appraise
from .claims import (
    CL_CLAUSE,
    CLAIMANTS,
    CLAUSE_OUTCOMES,
    OVERFLOW,
    Q_FACTS,
    ROWS_USED,
    SLOTS,
    City,
    Desk,
    Mix,
)
from .entry import PLACE_OUTCOMES, Ground
from .mixes import Layers, mix_of, opportunity_spending
from .population import anchor, empty_city, is_record, populate, room_for
from .quarter import quarter
from .setting import HISTORY, Setting
from .symbols import (
    ACCOUNT,
    AGE,
    ALIVE,
    BLOCK,
    C_LN_COMMON,
    CAPITAL,
    CELL_COUNT,
    COLUMN_COUNT,
    INDUSTRY,
    LN_SIZE,
    LUCK,
    OFFER_NUMBERS,
    P_LARGEST_SPREAD,
    P_SIZE_SLOPE,
    P_SIZE_SPREAD,
    PLACE,
    PROJECT_TYPES,
    ROWS,
    STEPS,
    STRIDE,
)
from .timetable import FREE, FROZEN, RECORD, Path, Room, Run
from .world import World, ground_of, living_per_entry, tables_of, world_of

POOL_LIMIT = 0.9


@dataclass(frozen=True)
class MixResult:
    """Outcomes of one mix under one treatment of prices."""

    mix: str
    mode: int
    out: Out
    appraisal: np.ndarray  # float64[activities, measures]
    never_claimed: float
    opportunity_spending: np.ndarray  # float64[quarters] CNY


@dataclass(frozen=True)
class UnitResult:
    """One draw and replicate.

    Attributes
    ----------
    results : one per mix and treatment of prices, the baseline once
    world : the numbers of the draw
    start : outcomes of the burn-in, for the comparison with published totals
    luck_share, granular : float64[years]
        Part of core value added that idiosyncratic luck has added to the baseline, and its granular standard
        deviation, as shares.
    """

    results: list[MixResult]
    world: World
    start: Out
    luck_share: np.ndarray
    granular: np.ndarray
    firms: City | None


def new_out(quarters: int, clauses: int, places: int, industries: int) -> Out:
    """Outcomes at nought."""
    q = quarters
    return Out(
        cube=np.zeros((q, places, industries, CUBE_OUTCOMES), np.int64),
        place=np.zeros((q, places, PLACE_OUTCOMES), np.int64),
        ladder=np.zeros((q, places, len(STEPS), 2), np.int64),
        clause=np.zeros((q, clauses, CLAUSE_OUTCOMES), np.int64),
        pool=np.zeros((q, 2), np.int64),
        adopters=np.zeros((q, places, industries), np.int64),
        services=np.zeros(q, np.int64),
        crowd=np.zeros((q, places), np.int64),
        prices=np.zeros((q, places, 2)),
    )


def new_desk(mix: Compiled, rows: int, claims: int) -> Desk:
    """An empty tray of some rows, and the office's scratch for some claims."""
    clauses, packages = len(mix.clauses), max(1, len(mix.packages))
    return Desk(
        tray=np.empty((rows, Q_FACTS + MAX_FACTS)),
        waiting=np.zeros(1, np.int64),
        asked=np.zeros(packages, np.int64),
        granted=np.zeros(packages, np.int64),
        due=np.empty(claims, np.int64),
        queue=np.empty(claims, np.int64),
        rank=np.empty(claims),
        ticket=np.empty(claims),
        firm=np.empty(claims),
        asks=np.empty(claims),
        gets=np.empty(claims),
        facts=np.empty(MAX_FACTS),
        filed=np.zeros(clauses, np.int64),
        until=np.zeros(clauses, np.int64),
        have=np.zeros((clauses, MAX_PERIODS)),
        used=np.zeros((clauses, 4, 2)),
        before=np.zeros((clauses, MAX_PERIODS)),
        count=np.zeros(clauses, np.int64),
        amount=np.zeros((clauses, MAX_PERIODS)),
        status=np.zeros(clauses, np.int8),
        detail=np.zeros((clauses, 3)),
        shadow=np.zeros((clauses, MAX_PERIODS)),
    )


def new_room(cells: int, packages: int, slots: int, pool: int) -> Room:
    """Scratch of one thread."""
    return Room(
        w=np.zeros(ROWS * STRIDE),
        h=np.zeros(2 * BLOCK, np.uint64),
        pair=np.zeros(2, np.uint64),
        cells=np.zeros((cells, CELL_COUNT)),
        most=np.zeros(2),
        known=np.zeros((packages, 3)),
        offered=np.zeros((cells * len(PROJECT_TYPES) * 2, OFFER_NUMBERS)),
        rd_offered=np.zeros((cells * 4, OFFER_NUMBERS)),
        layers=np.zeros(2, np.int64),
        lanes=np.zeros(BLOCK, np.int64),
        parts=np.zeros(PARTS * STRIDE, np.int64),
        movers=np.zeros(slots, np.int64),
        lessees=np.zeros(slots, np.int64),
        counts=np.zeros(2, np.int64),
        pool=np.empty((COLUMN_COUNT, pool)),
        asked=np.full(pool, -1, np.int64),
        quotes=np.zeros((pool, 2), np.int64),
        asked_move=np.full(slots, -1, np.int64),
        quotes_move=np.zeros(slots, np.int64),
    )


def new_path(quarters: int, places: int, industries: int) -> Path:
    """An empty path of the baseline."""
    return Path(
        jobs=np.zeros((quarters, places)),
        size=np.zeros((quarters, industries)),
        adopters=np.zeros((quarters, industries)),
        services=np.zeros(quarters),
        core=np.zeros(quarters),
    )


def fork(city: City, slots: int, mix: Compiled) -> City:
    """A copy of the city's firms with new accounts for the clauses of a mix."""
    places, industries = city.recognised.shape[0], city.adopters.size
    new = empty_city(slots, mix, places, industries)
    n = int(city.count[SLOTS])
    new.firms[:, :n] = city.firms[:, :n]
    new.firms[ACCOUNT, :n] = -1.0
    new.count[SLOTS] = n
    new.recognised[:] = city.recognised
    new.prices[:] = city.prices
    new.adopters[:] = city.adopters
    return new


def copied(city: City) -> City:
    """A copy of a city with what is in use of its tables."""
    n, claimants, rows = int(city.count[SLOTS]), int(city.count[CLAIMANTS]), int(city.count[ROWS_USED])
    return city._replace(
        firms=city.firms[:, :n].copy(),
        count=city.count.copy(),
        account_paid=city.account_paid[:claimants].copy(),
        account_once=city.account_once[:claimants].copy(),
        gross=city.gross[:claimants].copy(),
        claims=city.claims[:rows].copy(),
        recognised=city.recognised.copy(),
        prices=city.prices.copy(),
        adopters=city.adopters.copy(),
        payout=city.payout.copy(),
        spent=city.spent.copy(),
    )


def check(city: City, out: Out, quarters: range, name: str) -> None:
    """Refuse a run whose tables or pool were too small."""
    if city.count[OVERFLOW]:
        raise RunFailed(f"mix '{name}': {city.count[OVERFLOW]} entrants or claims found no room in their table")
    for q in quarters:
        members, entered = out.pool[q]
        if members > 50 and entered > POOL_LIMIT * members:
            raise RunFailed(
                f"mix '{name}': {entered} of {members} potential entrants of a quarter enter, more than "
                f"{POOL_LIMIT:.0%}; enlarge the pool (lower parameter.founder_base or region.city_base_share)"
            )


def first_difference(setting: Setting, name: str) -> int:
    """First quarter of the horizon in which a mix can differ from the baseline: when something of it is
    announced or begins.

    Until then a mix takes over the baseline's quarters. A mix that lacks a package of the baseline differs
    from the start.
    """
    base, mix = setting.mixes[setting.baseline], setting.mixes[name]
    common = {package.id for package in base.packages}
    if not common <= {package.id for package in mix.packages}:
        return setting.burn_in
    added = [c for c, clause in enumerate(mix.clauses) if clause.split("/")[0] not in common]
    days = [min(int(mix.announced[c]), int(mix.first_day[c])) for c in added]
    lineage = setting.lineage_of([p.id for p in mix.packages if p.id not in common])
    days += [row.opened for row in setting.outside if row.package in lineage]
    if not days:
        return setting.quarters
    return int(np.clip(np.searchsorted(setting.days, min(days)), setting.burn_in, setting.quarters))


def resume(city: City, out: Out, setting: Setting, name: str, slots: int, quarter: int) -> tuple[City, Out]:
    """A mix's city and outcomes where the baseline stands before a quarter; accounts keep their clauses by name."""
    base, mix = setting.mixes[setting.baseline], setting.mixes[name]
    new = fork(city, slots, mix)
    clauses = np.array([mix.clauses.index(clause) for clause in base.clauses], np.int64)
    packages = [[p.id for p in mix.packages].index(package.id) for package in base.packages]
    claimants, rows = int(city.count[CLAIMANTS]), int(city.count[ROWS_USED])
    new.count[:] = city.count
    new.firms[ACCOUNT, : city.count[SLOTS]] = city.firms[ACCOUNT, : city.count[SLOTS]]
    new.account_paid[:claimants], new.account_once[:claimants] = 0.0, 0
    new.account_paid[:claimants, clauses] = city.account_paid[:claimants]
    new.account_once[:claimants, clauses] = city.account_once[:claimants]
    new.gross[:claimants] = city.gross[:claimants]
    new.claims[:rows] = city.claims[:rows]
    new.claims[:rows, CL_CLAUSE] = clauses[city.claims[:rows, CL_CLAUSE].astype(np.int64)] if rows else 0.0
    new.payout[packages] = city.payout[: len(packages)]
    names = [line.name for line in mix.budgets]
    new.spent[[names.index(line.name) for line in base.budgets]] = city.spent
    made = new_out(out.cube.shape[0], len(mix.clauses), out.cube.shape[1], out.cube.shape[2])
    for own, known in zip(made, out, strict=True):
        if known is not out.clause:
            own[:quarter] = known[:quarter]
    made.clause[:quarter, clauses] = out.clause[:quarter]
    return new, made


Pauses = dict[int, tuple[City, Out] | None]
"""The baseline as it stands before a quarter: None until it has come there."""

Watch = Callable[[str, int, int, int, City], None]
"""Called with (mix, treatment of prices, quarter, quarter of luck's calendar, city) after a quarter."""

Forked = Callable[[str, int, City], None]
"""Called with (mix, treatment of prices, city) where a mix forks."""


def run_mix(
    compiled,
    setting,
    world,
    ground,
    tables,
    city,
    mix: Mix,
    name,
    mode,
    path,
    seed,
    luck,
    first,
    last,
    yearly,
    pauses: Pauses | None = None,
    out: Out | None = None,
    watch: Watch | None = None,
) -> Out:
    """Take a forked city through some quarters.

    ``yearly(city, quarter)`` looks at it after the last quarter of every year, ``watch`` after every quarter;
    ``pauses`` keeps (city, outcomes) as they are before the quarters that are its keys; ``out`` goes on from outcomes
    of earlier quarters.
    """
    r = world.region
    places, industries = len(r.rent_m2_month), len(r.a)
    if out is None:
        out = new_out(setting.quarters, len(setting.mixes[name].clauses), places, industries)
    pool = int(ground.pool.max()) + 1
    desk = new_desk(setting.mixes[name], 8 * pool + city.firms.shape[1], city.claims.shape[0])
    room = new_room(places * industries, mix.announced.size, city.firms.shape[1], pool)
    run, do = Run(np.uint64(seed), np.uint64(luck), mode), loop.for_one_run(compiled)
    for q in range(first, last):
        if pauses is not None and q in pauses:
            pauses[q] = copied(city), Out(*(each.copy() for each in out))
        quarter(do, q, run, city, mix, desk, ground, tables, path, room, out)
        check(city, out, range(q, q + 1), name)
        if yearly is not None and (q + 1 - first) % 4 == 0:
            yearly(city, q)
        if watch is not None:
            watch(name, mode, q, int(setting.calendar[q]), city)
    return out


class Start(NamedTuple):
    """A city where the mixes fork, and what all of them share."""

    world: World
    city: City
    layers: Layers
    tables: np.ndarray
    ground: Ground
    path: Path  # of the burn-in
    slots: int
    burn_in: Out


def start_of(compiled, setting: Setting, values: Mapping[str, float], seed: int, luck: int) -> Start:
    """Populate the city, run the burn-in under the history, and anchor it to the published totals."""
    world = world_of(setting, values)
    city, ln_typical = populate(compiled, setting, world, Run(np.uint64(seed), np.uint64(luck), RECORD))
    layers = Layers(setting, values)
    tables = tables_of(setting, world, ln_typical)
    ground = ground_of(setting, world, largest_size(city, world))
    path = new_path(setting.quarters, len(world.region.rent_m2_month), len(world.region.a))
    history = mix_of(setting, world, HISTORY, layers, values, city)
    fixed = (setting, world, ground, tables, city, history, HISTORY, RECORD, path, seed, luck)
    out = run_mix(compiled, *fixed, 0, setting.burn_in, None)
    shift, heads = anchor(setting, world, city)
    tables = tables_of(setting, world, ln_typical + shift, heads)
    ground = ground_of(setting, world, largest_size(city, world))
    entries = world.region.firms.sum() * 1.4 / living_per_entry(world)
    slots = room_for(int(city.count[SLOTS]), entries, setting.quarters - setting.burn_in)
    return Start(world, city, layers, tables, ground, path, slots, out)


def run_unit(
    setting: Setting,
    values: Mapping[str, float],
    seed: int,
    luck: int,
    keep_firms: bool = False,
    watch: Watch | None = None,
    modes: Sequence[int] = (FROZEN, FREE),
    forked_at: Forked | None = None,
) -> UnitResult:
    """Run one draw and replicate.

    Parameters
    ----------
    setting : Setting
        What all units share.
    values : dict
        Number by address: parameters, clause ranges, region, environment, budgets.
    seed, luck : int
        Address of the random numbers.
    watch : function, optional
        Looks at every city after every quarter (``panel.Recorder.watch``); every mix then runs from the fork.
    modes : treatments of prices that every mix but the baseline runs under
    forked_at : function, optional
        Looks at every city before its first quarter (``panel.Recorder.start``).

    Raises
    ------
    RunFailed
        A mix used more than 90 % of the pool of entrants, or a table was too small.
    """
    compiled = loop.module(setting.rules, setting.contract, setting.general)
    world, city, layers, tables, ground, path, slots, burn_in = start_of(compiled, setting, values, seed, luck)
    luck_share, granular = [], []

    def look_at_luck(now: City, quarter: int) -> None:
        share, deviation = luck_of(now, world, (quarter + 1 - setting.burn_in) / 4.0, tables[quarter])
        luck_share.append(share)
        granular.append(deviation)

    begins = {name: first_difference(setting, name) for name in setting.order if name != setting.baseline}
    if watch is not None:
        begins = dict.fromkeys(begins, setting.burn_in)
    pauses: Pauses = {q: None for q in begins.values() if setting.burn_in < q < setting.quarters}
    results, baseline, last_city = [], None, None
    for name in setting.order:
        mix = mix_of(setting, world, name, layers, values, city)
        spending = opportunity_spending(setting, world, [p.id for p in setting.mixes[name].packages], values)
        for mode in (RECORD,) if name == setting.baseline else modes:
            begin = begins.get(name, setting.burn_in)
            paused, earlier = pauses.get(begin), None
            if paused is not None:
                forked, earlier = resume(*paused, setting, name, slots, begin)
            else:
                begin = setting.burn_in
                forked = fork(city, slots, setting.mixes[name])
            run_of = (compiled, setting, world, ground, tables, forked, mix, name, mode, path, seed, luck)
            if forked_at is not None:
                forked_at(name, mode, forked)
            if name == setting.baseline:
                out = run_mix(*run_of, begin, setting.quarters, look_at_luck, pauses, None, watch)
            else:
                out = run_mix(*run_of, begin, setting.quarters, None, None, earlier, watch)
            if baseline is None:  # it comes first in the order
                baseline = activity(forked)
            table, silent = appraise(forked, baseline)
            results.append(MixResult(name, mode, out, table, silent, spending))
            last_city = forked
    return UnitResult(
        results, world, burn_in, np.array(luck_share), np.array(granular), last_city if keep_firms else None
    )


def largest_size(city: City, world: World) -> float:
    """Log of the smallest record's size: no other newcomer is larger."""
    record = is_record(city)
    if not record.any():
        return float(city.firms[LN_SIZE, : city.count[SLOTS]].max())
    return float(city.firms[LN_SIZE, : city.count[SLOTS]][record].min())


def luck_of(city: City, world: World, years: float, table: np.ndarray) -> tuple[float, float]:
    """Part of the baseline's core value added that luck has added since the fork, and its granular standard deviation.

    Without luck a firm would have Y e^(-l) e^(sigma^2 t / 2), l its summed shocks; the granular deviation is
    sqrt(sum w^2 sigma^2 t), w the firms' shares of core value added (ECONOMICS 4).
    """
    r, p = world.region, world.p
    n = int(city.count[SLOTS])
    industry = city.firms[INDUSTRY, :n].astype(int)
    core = (city.firms[ALIVE, :n] > 0.5) & r.core[industry]
    industry = industry[core]
    ln_size, capital, age, place, luck = (city.firms[c, :n][core] for c in (LN_SIZE, CAPITAL, AGE, PLACE, LUCK))
    k = r.a / (world.env.hurdle.mean() + r.delta)
    size = np.exp(ln_size)
    value = size * (capital / (k[industry] * size)) ** r.a[industry]
    lived = np.minimum(years, 0.25 * age)
    cell = industry * len(r.rent_m2_month) + place.astype(int)
    sigma = p[P_SIZE_SPREAD] * np.minimum(
        p[P_LARGEST_SPREAD], np.exp(-p[P_SIZE_SLOPE] * (ln_size - table[cell, C_LN_COMMON]))
    )
    calm = value * np.exp(-luck + 0.5 * sigma**2 * lived)
    weight = calm / calm.sum()
    return float(1.0 - calm.sum() / value.sum()), float(np.sqrt(np.sum(weight**2 * sigma**2 * lived)))
