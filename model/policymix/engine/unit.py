"""The unit of work: one draw and replicate. Burn-in once, then the baseline, then every mix forked from the same state.

Each mix but the baseline runs twice: with prices frozen at the baseline's path (the direct effect) and with its own
feedback. The baseline's firm-level outcomes stay in memory until every mix has been set against them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import RunFailed
from ..policy.compile import Compiled
from . import loop
from .accounts import Out
from .appraisal import Appraisal, Pool, appraise
from .blank import new_desk, new_out, new_path, new_room
from .booking import Activity
from .booking import Watch as Booking
from .claims import (
    CL_CLAUSE,
    CLAIMANTS,
    OVERFLOW,
    ROWS_USED,
    SLOTS,
    City,
    Mix,
)
from .columns import Firms
from .entry import POOL_FIRST, POOL_WIDTH, Ground
from .mixes import Layers, mix_of, opportunity_spending
from .population import anchor, empty_city, populate, room_for
from .quarter import quarter
from .register import settle
from .setting import HISTORY, Setting
from .symbols import (
    ACCOUNT,
    AGE,
    ALIVE,
    C_LN_COMMON,
    CAPITAL,
    FIRM,
    INDUSTRY,
    LN_SIZE,
    LUCK,
    P_LARGEST_SPREAD,
    P_SIZE_SLOPE,
    P_SIZE_SPREAD,
    PLACE,
)
from .table import column_of, numbers_of, slots_of
from .timetable import FREE, FROZEN, RECORD, Path, Run
from .world import RECORD_ADDRESSES, World, ground_of, living_per_entry, tables_of, world_of

POOL_LIMIT = 0.9


@dataclass(frozen=True)
class MixResult:
    """Outcomes of one mix under one treatment of prices."""

    mix: str
    mode: int
    out: Out
    appraisal: Appraisal | None  # None where nobody asked for it
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


def fork(city: City, slots: int, mix: Compiled) -> City:
    """A copy of the city's firms with new accounts for the clauses of a mix."""
    places, industries = city.recognised.shape[0], city.adopters.size
    new = empty_city(slots, mix, places, industries)
    n = int(city.count[SLOTS])
    for own, theirs in zip(new.firms, city.firms, strict=True):
        own[:, :n] = theirs[:, :n]
    column_of(new.firms, ACCOUNT)[:n] = -1
    new.count[SLOTS] = n
    new.recognised[:] = city.recognised
    new.prices[:] = city.prices
    new.adopters[:] = city.adopters
    return new


def copied(city: City) -> City:
    """A copy of a city with what is in use of its tables."""
    n, claimants, rows = int(city.count[SLOTS]), int(city.count[CLAIMANTS]), int(city.count[ROWS_USED])
    return city._replace(
        firms=Firms(*(table[:, :n].copy() for table in city.firms)),
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
        members, entered = out.pool[q].tolist()
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
    n = int(city.count[SLOTS])
    column_of(new.firms, ACCOUNT)[:n] = column_of(city.firms, ACCOUNT)[:n]
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

ForkedAt = Callable[[str, int, City], None]
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
    booking: Booking | None = None,
) -> Out:
    """Take a forked city through some quarters.

    ``yearly(city, quarter)`` looks at it after the last quarter of every year, ``watch`` and ``booking`` after every
    quarter; ``pauses`` keeps (city, outcomes) as they are before the quarters that are its keys; ``out`` goes on from
    outcomes of earlier quarters.
    """
    r = world.region
    places, industries = len(r.rent_m2_month), len(r.a)
    if out is None:
        out = new_out(setting.quarters, len(setting.mixes[name].clauses), places, industries)
    pool = int(ground.pool.max()) + 1
    desk = new_desk(setting.mixes[name], 8 * pool + slots_of(city.firms), city.claims.shape[0])
    room = new_room(places * industries, mix.announced.size, slots_of(city.firms), pool)
    run, do = Run(np.uint64(seed), np.uint64(luck), mode), loop.for_one_run(compiled)
    for q in range(first, last):
        if pauses is not None and q in pauses:
            pauses[q] = copied(city), Out(*(each.copy() for each in out))
        quarter(do, q, run, city, mix, desk, ground, tables, path, room, out)
        check(city, out, range(q, q + 1), name)
        if yearly is not None and (q + 1 - first) % 4 == 0:
            yearly(city, q)
        if booking is not None:
            booking.look(city, q)
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


def start_of(
    compiled, setting: Setting, values: Mapping[str, float], seed: int, luck: int, layers: Layers | None = None
) -> Start:
    """Populate the city, run the burn-in under the history, and anchor it to the published totals."""
    world = world_of(setting, values)
    city, ln_typical = populate(compiled, setting, world, Run(np.uint64(seed), np.uint64(luck), RECORD))
    layers = layers or Layers(setting, values)
    tables = tables_of(setting, world, ln_typical)
    ground = ground_of(setting, world, largest_size(city, world))
    path = new_path(setting.quarters, len(world.region.rent_m2_month), len(world.region.a))
    history = mix_of(setting, world, HISTORY, layers, values, city)
    fixed = (setting, world, ground, tables, city, history, HISTORY, RECORD, path, seed, luck)
    out = run_mix(compiled, *fixed, 0, setting.burn_in, None)
    shift, heads = anchor(setting, world, city, seed, luck)
    if setting.region.firm:
        city, heads = settle(setting, world, city, heads, seed, luck)
    tables = tables_of(setting, world, ln_typical + shift, heads)
    ground = ground_of(setting, world, largest_size(city, world))
    entries = world.region.firms.sum() * 1.4 / living_per_entry(world)
    slots = room_for(int(city.count[SLOTS]), entries, setting.quarters - setting.burn_in)
    return Start(world, city, layers, tables, ground, path, slots, out)


@dataclass(frozen=True)
class Forked:
    """A unit of work as far as all its mixes share it: the burn-in is over and the baseline has run.

    Attributes
    ----------
    start : where the mixes fork
    baseline : outcomes of the baseline
    activity : what every firm did under it
    begins, pauses : first quarter in which a mix differs from the baseline; the baseline as it stood before those
    last : the baseline's city at the end
    """

    setting: Setting
    values: Mapping[str, float]
    seed: int
    luck: int
    start: Start
    baseline: MixResult
    activity: Activity
    begins: Mapping[str, int]
    pauses: Pauses
    luck_share: np.ndarray
    granular: np.ndarray
    last: City


def fork_unit(
    setting: Setting,
    values: Mapping[str, float],
    seed: int,
    luck: int,
    mixes: Sequence[str] | None = None,
    watch: Watch | None = None,
    forked_at: ForkedAt | None = None,
    layers: Layers | None = None,
) -> Forked:
    """Burn-in and baseline of one draw and replicate.

    Parameters
    ----------
    setting : Setting
        What all units share.
    values : dict
        Number by address: parameters, clause ranges, region, environment, budgets.
    seed, luck : int
        Address of the random numbers.
    mixes : those that `run_fork` will be asked for; all by default
    watch : function, optional
        Looks at every city after every quarter (``panel.Recorder.watch``); every mix then runs from the fork.
    forked_at : function, optional
        Looks at every city before its first quarter (``panel.Recorder.start``).
    layers : Layers, optional
        What packages and mixes offer in this draw, where other replicates share it.

    Raises
    ------
    RunFailed
        The baseline used more than 90 % of the pool of entrants, or a table was too small.
    """
    compiled = loop.module(setting.rules, setting.contract, setting.general)
    start = start_of(compiled, setting, values, seed, luck, layers)
    luck_share, granular = [], []

    def look_at_luck(now: City, quarter: int) -> None:
        share, deviation = luck_of(now, start.world, (quarter + 1 - setting.burn_in) / 4.0, start.tables[quarter])
        luck_share.append(share)
        granular.append(deviation)

    others = [name for name in setting.order if name != setting.baseline and (mixes is None or name in mixes)]
    begins = {name: setting.burn_in if watch is not None else first_difference(setting, name) for name in others}
    pauses: Pauses = {q: None for q in begins.values() if setting.burn_in < q < setting.quarters}
    name = setting.baseline
    mix = mix_of(setting, start.world, name, start.layers, values, start.city)
    city = fork(start.city, start.slots, setting.mixes[name])
    if forked_at is not None:
        forked_at(name, RECORD, city)
    parts = (compiled, setting, start.world, start.ground, start.tables, city, mix, name, RECORD, start.path)
    booking = Booking(setting.calendar, len(start.world.region.a))
    booking.enter(city)
    first, last = setting.burn_in, setting.quarters
    out = run_mix(*parts, seed, luck, first, last, look_at_luck, pauses, None, watch, booking)
    done = booking.activity(city)
    spending = _spending(setting, start.world, name, values)
    appraisal = appraised(setting, start, name, seed, luck, city, done, done)
    baseline = MixResult(name, RECORD, out, appraisal, spending)
    shares = np.array(luck_share), np.array(granular)
    return Forked(setting, values, seed, luck, start, baseline, done, begins, pauses, *shares, city)


def run_fork(
    unit: Forked,
    name: str,
    modes: Sequence[int] = (FROZEN, FREE),
    watch: Watch | None = None,
    forked_at: ForkedAt | None = None,
    fields: Collection[str] = Appraisal._fields,
) -> Iterator[tuple[MixResult, City]]:
    """One mix of a unit, from where it first differs from the baseline, under each treatment of prices.

    Parameters
    ----------
    fields : those of its appraisal to form; the whole takes a tenth of the time, and without any there is none

    Raises
    ------
    RunFailed
        The mix used more than 90 % of the pool of entrants, or a table was too small.
    """
    setting, start = unit.setting, unit.start
    compiled = loop.module(setting.rules, setting.contract, setting.general)
    mix = mix_of(setting, start.world, name, start.layers, unit.values, start.city)
    spending = _spending(setting, start.world, name, unit.values)
    begin = unit.begins[name]
    paused = unit.pauses.get(begin)
    for mode in modes:
        if paused is not None:
            city, earlier = resume(*paused, setting, name, start.slots, begin)
        else:
            begin, earlier = setting.burn_in, None
            city = fork(start.city, start.slots, setting.mixes[name])
        if forked_at is not None:
            forked_at(name, mode, city)
        parts = (compiled, setting, start.world, start.ground, start.tables, city, mix, name, mode, start.path)
        booking = Booking(setting.calendar, len(start.world.region.a), int(city.count[SLOTS])) if fields else None
        out = run_mix(*parts, unit.seed, unit.luck, begin, setting.quarters, None, None, earlier, watch, booking)
        appraisal = None
        if booking is not None:
            own = booking.activity(city)
            appraisal = appraised(setting, start, name, unit.seed, unit.luck, city, own, unit.activity, fields)
        yield MixResult(name, mode, out, appraisal, spending), city


def run_unit(
    setting: Setting,
    values: Mapping[str, float],
    seed: int,
    luck: int,
    keep_firms: bool = False,
    watch: Watch | None = None,
    modes: Sequence[int] = (FROZEN, FREE),
    forked_at: ForkedAt | None = None,
) -> UnitResult:
    """Run one draw and replicate: the baseline, then every other mix. Arguments and errors as for `fork_unit`.

    Parameters
    ----------
    modes : treatments of prices that every mix but the baseline runs under
    """
    unit = fork_unit(setting, values, seed, luck, None, watch, forked_at)
    results, last = [unit.baseline], unit.last
    for name in unit.begins:
        for result, city in run_fork(unit, name, modes, watch, forked_at):
            results.append(result)
            last = city
    start, shares = unit.start, (unit.luck_share, unit.granular)
    return UnitResult(results, start.world, start.burn_in, *shares, last if keep_firms else None)


def appraised(
    setting: Setting,
    start: Start,
    name: str,
    seed: int,
    luck: int,
    city: City,
    own: Activity,
    base: Activity,
    fields: Collection[str] = Appraisal._fields,
) -> Appraisal:
    """A mix's city at the end against the baseline's firms."""
    mix = setting.mixes[name]
    studied = np.array([clause.split("/")[0] not in setting.history for clause in mix.clauses], bool)
    since = POOL_FIRST + int(setting.calendar[setting.burn_in]) * POOL_WIDTH
    pool = Pool(seed, luck, float(start.ground.mobile_part[0]), since)
    return appraise(city, own, base, studied, len(start.world.region.a), pool, fields)


def _spending(setting: Setting, world: World, name: str, values: Mapping[str, float]) -> np.ndarray:
    packages = [package.id for package in setting.mixes[name].packages]
    return opportunity_spending(setting, world, packages, values)


def largest_size(city: City, world: World) -> float:
    """Log of the smallest record's size: no other newcomer is larger."""
    n = city.count[SLOTS]
    ln_size, record = column_of(city.firms, LN_SIZE)[:n], column_of(city.firms, FIRM)[:n] < RECORD_ADDRESSES
    return float(ln_size[record].min() if record.any() else ln_size.max())


def luck_of(city: City, world: World, years: float, table: np.ndarray) -> tuple[float, float]:
    """Part of the baseline's core value added that luck has added since the fork, and its granular standard deviation.

    Without luck a firm would have Y e^(-l) e^(sigma^2 t / 2), l its summed shocks; the granular deviation is
    sqrt(sum w^2 sigma^2 t), w the firms' shares of core value added (ECONOMICS 4).
    """
    r, p = world.region, world.p
    firms = numbers_of(city.firms, slice(0, int(city.count[SLOTS])))
    industry = firms[INDUSTRY].astype(int)
    core = (firms[ALIVE] > 0.5) & r.core[industry]
    industry = industry[core]
    ln_size, capital, age, place, luck = (firms[c, core] for c in (LN_SIZE, CAPITAL, AGE, PLACE, LUCK))
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
