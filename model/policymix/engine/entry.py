"""Stage 8, the other half: potential entrants and mobile firms choose a city and a place; leases, arrivals,
paper firms.

The pool of a quarter is the same under every mix of a draw and luck; a policy only decides whether and where its
members enter. A member's address is (quarter, number in the pool), so one more entrant moves nobody else's luck.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..elementary import exp, log
from ..firms import enter, invest, locate, produce, research
from ..policy.arrays import ELSEWHERE
from .claims import (
    ARRIVAL,
    F_AREA,
    F_ARRIVED,
    F_CAPITAL_FROM,
    F_CONSTRUCTION,
    F_DESIGNATED,
    F_DOMESTIC,
    F_FOREIGN,
    F_FROM,
    F_HEADQUARTERS,
    F_HOW,
    F_LEASE_HOW,
    F_LEASE_ON,
    F_MAJOR,
    F_MONTHS,
    F_NEW,
    F_NEWLY,
    F_OWN_USE,
    F_PLANNED,
    F_PRIZE,
    F_PROJECT_ON,
    F_RENT,
    F_TOTAL,
    F_TYPES,
    KIND_STEP,
    LEASE,
    MOVE_IN,
    NEW_REGISTRATION,
    NEWCOMER,
    ON_FIRM,
    ON_INVESTMENT,
    OTHER_PROVINCE,
    OVERFLOW,
    PROJECT,
    Q_ACTIVITY,
    Q_BASE,
    Q_FACTS,
    Q_QUOTE,
    Q_STANDING,
    Q_VALUE,
    SLOTS,
    TYPE_BITS,
    knows,
    new_row,
)
from .columns import as_kept, put, see_firm
from .decisions import at_stake
from .streams import (
    APPROVE,
    CITY,
    CLASS,
    DESIGNATED,
    HEADQUARTERS,
    HOW_IT_COMES,
    INDUSTRY_OF,
    KEEPS_FUNDS,
    KEEPS_TOO,
    PAPER,
    SIZE,
    SPENDS_ON_RESEARCH,
    SPENDS_TOO,
    STEPS_OF,
    TAIL,
    TYPE,
    WON_CONTEST,
    ZONE,
    further_normal,
    hashed,
    lasting,
    normal_of,
    uniform_of,
    words,
)
from .symbols import *

POOL_FIRST = 2147483648
"""Addresses from here on belong to the pool: POOL_FIRST + quarter * POOL_WIDTH + number."""
POOL_WIDTH = 1048576
DAYS_A_QUARTER = 91.3125
(O_REAL_RD, O_REPORTED_RD, O_ENTRIES, O_EXITS, O_MOVES, O_PAPER) = range(6)
PLACE_OUTCOMES = 6


class Ground(NamedTuple):
    """What the places and industries of the region offer a newcomer in one draw."""

    zone_share: np.ndarray  # float64[industries] untreated share of the first place
    fields: np.ndarray  # float64[industries] bit mask
    type_cdf: np.ndarray  # float64[industries, types]
    industry_cdf: np.ndarray  # float64[industries] of entrants
    pool: np.ndarray  # float64[quarters] members, fractional part carried by luck
    mobile_part: np.ndarray  # float64[1] mobile share of the pool
    rent: np.ndarray  # float64[quarters, places] CNY a m2 and month, nominal
    price: np.ndarray  # float64[quarters] price level: clauses count in nominal money, firms in constant prices
    largest: np.ndarray  # float64[1] log of the largest size that is not a record
    days: np.ndarray  # int64[quarters] middle day
    calendar: np.ndarray  # int64[quarters] quarter number of luck's address
    exit_by_age: np.ndarray  # float64[ages in quarters] probability a quarter
    records: np.ndarray  # float64[2] addresses below it are records of the region file; their number
    designated: np.ndarray  # float64[places] share of floor space in designated buildings
    space_elasticity: np.ndarray  # float64[places]
    space_per_head: np.ndarray  # float64[1] m2
    mobile_base: np.ndarray  # float64[1] P0, untreated share of mobile projects


def drawn(h, purpose):
    """Uniform number of a purpose from the two words in ``h``."""
    return uniform_of(hashed(h[0], h[1], np.uint64(purpose)))


def place_newcomer(firms, slot, address, h, pairs, ground, cells, places, p):
    """Write a member of the pool into a free slot, not yet anywhere; 1 if mobile, 0 if a local founder."""
    for column in range(FIRM_ROWS):
        firms[column, slot] = 0.0
    u = drawn(h, INDUSTRY_OF)
    industry = 0
    while industry < ground.industry_cdf.size - 1 and u >= ground.industry_cdf[industry]:
        industry += 1
    mobile = 1.0 if drawn(h, CLASS) < ground.mobile_part[0] else 0.0
    cell = cells[industry * places]
    z = normal_of(hashed(h[0], h[1], np.uint64(SIZE)))
    typical = cell[C_LN_MEDIAN] + p[P_MOBILE_SIZE] * mobile
    cap = min(ground.largest[0], typical + log(p[P_ENTRANT_CAP]))
    size = enter.ln_initial_size(typical, p[P_ENTRANT_DEVIATION], z, p[P_ENTRANT_TAIL], drawn(h, TAIL), cap)
    firms[FIRM, slot] = address
    firms[INDUSTRY, slot] = industry
    firms[LN_SIZE, slot] = size
    firms[CAPITAL, slot] = max(p[P_LEAST_CAPITAL], cell[C_CAPITAL_OUTPUT] * exp(size))
    firms[U_AWARE, slot] = lasting(pairs[0], pairs[1], address)
    firms[U_ABLE, slot] = lasting(pairs[2], pairs[3], address)
    z = further_normal(firms[U_ABLE, slot], SPENDS_ON_RESEARCH, SPENDS_TOO)
    own = research.own_log(p[P_INTENSITY_DEVIATION], z)
    keeps = further_normal(firms[U_ABLE, slot], KEEPS_FUNDS, KEEPS_TOO)
    firms[FUNDS, slot] = produce.funds_kept(p[P_FUNDS_CEILING], p[P_FUNDS_DEVIATION], keeps, firms[CAPITAL, slot])
    firms[RESEARCH, slot], firms[REPORTED, slot], firms[KNOWLEDGE, slot] = own, own, own
    firms[ACCOUNT, slot] = -1.0
    firms[RELIEF_END, slot] = -1.0
    firms[JOBS, slot] = cell[C_STAFF] * exp(size)
    steps = 0
    u = drawn(h, STEPS_OF)
    if cell[C_TECHNOLOGY] > 0.5:
        if u < p[P_ENTRANT_SME_SHARE]:
            steps |= 1 << SME
        if u < p[P_ENTRANT_HTE_SHARE]:
            steps |= 1 << HTE
        if u < p[P_ENTRANT_EAGLE_SHARE]:
            steps |= 1 << EAGLE
        if mobile > 0.5 and u < p[P_MOBILE_GAZELLE_SHARE]:
            steps |= 1 << GAZELLE
    firms[STEPS_HELD, slot] = steps
    firms[EVER, slot] = steps
    return mobile


def type_of(ground, industry, u, eligible):
    """Project type of a uniform number: position in PROJECT_TYPES; the last one when it does not meet a call's
    terms."""
    kind = 0
    for each in range(ground.type_cdf.shape[1] - 1):
        kind += int(u >= eligible * ground.type_cdf[industry, each])
    return kind


def row_of(kind, firms, slot, at, place, q, registered, ground, h, tray, waiting, count):
    """Number of a new row of the tray for a firm in a table of firms; ``at`` is its slot in the city, -1 while
    it has none."""
    return new_row(
        tray, waiting, count, kind, at, firms[FIRM, slot], float(place), ground.days[q], registered,
        firms[STEPS_HELD, slot], ground.fields[int(firms[INDUSTRY, slot])], firms[REVENUE_1, slot] * ground.price[q],
        firms[JOBS, slot], firms[U_AWARE, slot], firms[U_ABLE, slot], drawn(h, APPROVE + (kind + 1) * KIND_STEP),
    )  # fmt: skip


def ask_arrival(firms, slot, at, place, q, registered, how, ground, h, tray, waiting, count, p):
    """A claim for an arrival."""
    r = row_of(ARRIVAL, firms, slot, at, place, q, registered, ground, h, tray, waiting, count)
    mobile = drawn(h, CLASS) < ground.mobile_part[0]
    row = tray[r]
    row[Q_ACTIVITY] = ON_FIRM
    row[Q_FACTS + F_ARRIVED] = ground.days[q]
    row[Q_FACTS + F_HOW] = how
    row[Q_FACTS + F_HEADQUARTERS] = 1.0 if mobile and drawn(h, HEADQUARTERS) < p[P_MOBILE_HEADQUARTERS_SHARE] else 0.0
    row[Q_FACTS + F_FOREIGN] = 0.0
    row[Q_FACTS + F_DOMESTIC] = (firms[CAPITAL, slot] + firms[FUNDS, slot]) * ground.price[q]
    row[Q_FACTS + F_CAPITAL_FROM] = OTHER_PROVINCE
    row[Q_FACTS + F_PLANNED] = exp(firms[LN_SIZE, slot]) * ground.price[q]
    row[Q_FACTS + F_PRIZE] = 1.0 if drawn(h, WON_CONTEST) < p[P_CONTEST_TEAM_SHARE] else 0.0
    return r


def came_from(h, new, place, ground):
    """Where a firm comes from: a mobile project from elsewhere, a founder from the place itself, an incumbent from
    the other place."""
    mobile = drawn(h, CLASS) < ground.mobile_part[0]
    return (ELSEWHERE if mobile else place) if new else 1 - place


def ask_lease(firms, slot, at, place, q, registered, how, rent, ground, h, tray, waiting, count, p):
    """A claim for a lease of the usual space a head at a rent, CNY a m2 and month."""
    r = row_of(LEASE, firms, slot, at, place, q, registered, ground, h, tray, waiting, count)
    row = tray[r]
    row[Q_ACTIVITY] = ON_FIRM
    row[Q_FACTS + F_LEASE_ON] = ground.days[q]
    row[Q_FACTS + F_LEASE_HOW] = how
    row[Q_FACTS + F_DESIGNATED] = 1.0 if drawn(h, DESIGNATED) < ground.designated[place] else 0.0
    row[Q_FACTS + F_AREA] = ground.space_per_head[0] * max(1.0, firms[JOBS, slot])
    row[Q_FACTS + F_RENT] = rent
    row[Q_FACTS + F_MONTHS] = p[P_LEASE_MONTHS]
    return r


def project_facts(row, q, ground, kind, amount, newly, p):
    """Facts of an investment project of one type."""
    row[Q_BASE], row[Q_ACTIVITY] = amount, ON_INVESTMENT
    nominal = amount * ground.price[q]
    row[Q_FACTS + F_PROJECT_ON] = ground.days[q]
    row[Q_FACTS + F_TYPES] = TYPE_BITS[kind]
    row[Q_FACTS + F_NEW] = nominal
    row[Q_FACTS + F_TOTAL] = nominal
    row[Q_FACTS + F_CONSTRUCTION] = nominal
    row[Q_FACTS + F_OWN_USE] = nominal
    row[Q_FACTS + F_MAJOR] = 1.0 if amount >= p[P_MAJOR_PROJECT] else 0.0
    row[Q_FACTS + F_NEWLY] = newly


def rent_in(q, place, city, ground):
    """Rent of a place in a quarter, CNY a m2 and month."""
    return ground.rent[q, place] * exp(city.prices[place, 0])


def ask_all(
    firms, slot, at, place, q, registered, how, new, rent, welcomes, offers, possible, ground, h, tray, waiting, count,
    p, quote,
):  # fmt: skip
    """Everything a firm can claim on taking premises: arrival, lease and, when new, its first project; rows added.

    It is called for every newcomer and place, so it gets the few arrays that it needs of city, mix and desk.
    """
    asked = 0
    if welcomes[ARRIVAL, place] > 0:
        asked += 1
        r = ask_arrival(firms, slot, at, place, q, registered, how, ground, h, tray, waiting, count, p)
        tray[r, Q_QUOTE], tray[r, Q_STANDING] = quote, NEWCOMER
        tray[r, Q_FACTS + F_FROM] = came_from(h, new, place, ground)
    if welcomes[LEASE, place] > 0:
        asked += 1
        r = ask_lease(firms, slot, at, place, q, registered, how, rent, ground, h, tray, waiting, count, p)
        tray[r, Q_QUOTE], tray[r, Q_STANDING] = quote, NEWCOMER
    if new and offers[0] > 0:
        industry = int(firms[INDUSTRY, slot])
        amount = firms[CAPITAL, slot]
        kind = type_of(ground, industry, drawn(h, TYPE), p[P_ELIGIBLE_SHARE])
        if possible[q, project_row(ground, industry, place, kind, amount, p)]:
            asked += 1
            r = row_of(PROJECT, firms, slot, at, place, q, registered, ground, h, tray, waiting, count)
            project_facts(tray[r], q, ground, kind, amount, 1.0, p)
            tray[r, Q_QUOTE], tray[r, Q_STANDING] = quote, NEWCOMER
    return asked


def project_row(ground, industry, place, kind, amount, p):
    """Row of a project in the tables of offers: (industry, place, type, major)."""
    major = 1 if amount >= p[P_MAJOR_PROJECT] else 0
    return ((industry * 2 + place) * ground.type_cdf.shape[1] + kind) * 2 + major


def amenity(city, place, p):
    """Attraction of a place beyond the packages, in % of value added: gamma n - s_r rent - s_w wage, all in logs
    against the baseline, of the quarter before."""
    near = p[P_AGGLOMERATION] * city.prices[place, 2]
    return 100.0 * (near - p[P_RENT_SHARE] * city.prices[place, 0] - p[P_WAGE_SHARE_LOCATION] * city.prices[place, 1])


def how_it_comes(h, mobile, p):
    """Some mobile projects move a firm in, all others register a new one."""
    return MOVE_IN if mobile > 0.5 and drawn(h, HOW_IT_COMES) < p[P_MOBILE_MOVE_IN_SHARE] else NEW_REGISTRATION


def ask_newcomers(quarter, run, city, mix, desk, ground, room, p):
    """Draw the quarter's pool, and ask what each place offers those members who know the packages."""
    places = city.prices.shape[0]
    members = int(ground.pool[quarter])
    day = ground.days[quarter]
    offers = mix.offers[0] + mix.offers[2] + mix.offers[3] > 0
    for member in range(members):
        address = POOL_FIRST + ground.calendar[quarter] * POOL_WIDTH + member
        room.pair[0], room.pair[1] = words(run.seed, run.luck, np.uint64(address), np.uint64(ground.calendar[quarter]))
        mobile = place_newcomer(room.pool, member, address, room.pair, room.pairs, ground, room.cells, places, p)
        room.asked[member] = -1
        if offers and knows(room.known, room.pool[U_AWARE, member], NEWCOMER):
            room.asked[member] = desk.waiting[0]
            how = how_it_comes(room.pair, mobile, p)
            for place in range(2):
                room.quotes[member, place] = ask_all(
                    room.pool, member, -1, place, quarter, day, how, True, rent_in(quarter, place, city, ground),
                    mix.welcomes, mix.offers, mix.possible, ground, room.pair, desk.tray, desk.waiting, city.count, p,
                    1.0,
                )  # fmt: skip


def later(firms, slot, place, years_left, cdf, cells, layers, offered, p):
    """CNY that the packages which a firm knows will pay on its later projects in a place."""
    industry = int(firms[INDUSTRY, slot])
    types, aware = cdf.shape[1], firms[U_AWARE, slot]
    capital, wear = firms[CAPITAL, slot], cells[industry * 2 + place, C_DEPRECIATION]
    maintained = invest.maintenance_probability(capital, wear, p[P_SMALLEST_PURCHASE], p[P_MAINTENANCE_TOP])
    size = capital * invest.usual_gap(p[P_CAPITAL_ELASTICITY], p[P_FIXED_COST], wear * (1.0 - maintained))
    rate, before = 0.0, 0.0
    for kind in range(types):
        part = cdf[industry, kind] - before
        before = cdf[industry, kind]
        row = ((industry * 2 + place) * types + kind) * 2
        for layer in range(layers):
            if aware < offered[row, NEWCOMER * LAYERS + layer]:
                within = min(1.0, offered[row, OFFER_END + layer] / size)
                rate += part * within * offered[row, OFFER_RATE + layer]
    rate *= p[P_ELIGIBLE_SHARE] * p[P_APPROVAL]
    years = min(p[P_VALUE_ANNUITY], years_left)
    return locate.later_support(rate, capital, wear, maintained, years)


def quoted(tray, first, rows, p):
    """Expected CNY of some quotes after approval."""
    total = 0.0
    for r in range(first, first + rows):
        total += tray[r, Q_VALUE]
    return p[P_APPROVAL] * total


def admit_newcomers(quarter, run, city, mix, desk, ground, room, p, out):
    """Members of the pool decide whether and where to enter; those who come put their claims into the tray.

    Quotes are read from the first part of the tray; claims are added behind them.
    """
    members = int(ground.pool[quarter])
    used, layers, years_left = 0, room.layers[0], mix.years_left[quarter]
    near_zone, near_rest = amenity(city, 0, p), amenity(city, 1, p)
    for member in range(members):
        newcomer = room.pool[:, member]
        room.pair[0], room.pair[1] = words(
            run.seed, run.luck, np.uint64(newcomer[FIRM]), np.uint64(ground.calendar[quarter])
        )
        h = room.pair
        mobile = drawn(h, CLASS) < ground.mobile_part[0]
        x_zone, x_rest, award = near_zone, near_rest, 0.0
        first = room.asked[member]
        if first >= 0:
            worth = exp(newcomer[LN_SIZE]) * p[P_VALUE_ANNUITY] * ground.price[quarter]
            award = desk.tray[first, Q_VALUE] if mix.welcomes[ARRIVAL, 0] > 0 else 0.0
            asked = first
            for place in range(2):
                more = later(room.pool, member, place, years_left, ground.type_cdf, room.cells, layers, room.offered, p)
                rows = room.quotes[member, place]
                gain = 100.0 * (quoted(desk.tray, asked, rows, p) + ground.price[quarter] * more) / worth
                asked += rows
                x_zone += gain if place == 0 else 0.0
                x_rest += gain if place == 1 else 0.0
        share = ground.zone_share[int(newcomer[INDUSTRY])]
        value = locate.inclusive_value(share, x_zone, x_rest, p[P_ZONE_SCALE], p[P_CITY_SCALE])
        base = ground.mobile_base[0] if mobile else p[P_FOUNDER_BASE]
        if drawn(h, CITY) >= locate.city_probability(base, value):
            register_on_paper(quarter, member, award / ground.price[quarter], city, desk, ground, room, p, out)
            continue
        used += 1
        place = 0 if drawn(h, ZONE) < locate.zone_probability(share, x_zone, x_rest, p[P_ZONE_SCALE]) else 1
        slot = take_slot(quarter, member, place, city, room, out)
        if first >= 0 and slot >= 0:
            day = ground.days[quarter]
            how = how_it_comes(h, 1.0 if mobile else 0.0, p)
            ask_all(
                room.pool, member, slot, place, quarter, day, how, True, rent_in(quarter, place, city, ground),
                mix.welcomes, mix.offers, mix.possible, ground, h, desk.tray, desk.waiting, city.count, p, 0.0,
            )  # fmt: skip
    out.pool[quarter, 0] = members
    out.pool[quarter, 1] = used


def take_slot(quarter, member, place, city, room, out):
    """Move a member of the pool into the city; -1 when the city's table is full."""
    slot = city.count[SLOTS]
    if slot >= city.firms.money.shape[1]:
        city.count[OVERFLOW] += 1
        return -1
    newcomer = room.pool[:, member]
    newcomer[ALIVE], newcomer[PLACE], newcomer[SUM_INVESTMENT] = 1.0, place, newcomer[CAPITAL]
    newcomer[JOBS] = as_kept(newcomer[JOBS])
    for column in range(COLUMN_COUNT):
        put(city.firms, column, slot, newcomer[column])
    city.count[SLOTS] = slot + 1
    industry = int(newcomer[INDUSTRY])
    out.place[quarter, place, O_ENTRIES] += 1
    out.cube[quarter, place, industry, 0] += round(newcomer[CAPITAL] * 100.0)
    out.cube[quarter, place, industry, 3] += round(newcomer[JOBS] * 1048576.0)
    out.cube[quarter, place, industry, 4] += 1
    for step in range(len(STEPS)):
        if int(newcomer[EVER]) & (1 << step):
            city.recognised[place, step] += 1
    return slot


def register_on_paper(quarter, member, award, city, desk, ground, room, p, out):
    """Somebody who stays away may still register a name in the first place when the reward beats its cost."""
    if award <= 0.0 or drawn(room.pair, PAPER) >= p[P_PAPER_SHARE]:
        return
    if enter.registers_on_paper(p[P_APPROVAL] * award, p[P_PAPER_COST]) > 0.5:
        out.place[quarter, 0, O_PAPER] += 1
        day = ground.days[quarter]
        ask_arrival(
            room.pool, member, -1, 0, quarter, day, NEW_REGISTRATION, ground, room.pair, desk.tray, desk.waiting,
            city.count, p,
        )  # fmt: skip


def registered_day(age, day):
    """Day of registration from a firm's age in quarters."""
    return day - int(age * DAYS_A_QUARTER)


def ask_movers(quarter, run, movers, city, mix, desk, ground, room, p):
    """Ask what the other place offers those incumbents that reconsider their place this quarter."""
    firms = room.firm
    day = ground.days[quarter]
    offers = mix.offers[0] + mix.offers[2] + mix.offers[3] > 0
    for i in range(movers):
        slot = room.movers[i]
        room.asked_move[i] = -1
        see_firm(city.firms, slot, firms, room.pairs, ground.records)
        if offers and knows(room.known, firms[U_AWARE, 0], NEWCOMER):
            room.asked_move[i] = desk.waiting[0]
            room.pair[0], room.pair[1] = words(
                run.seed, run.luck, np.uint64(firms[FIRM, 0]), np.uint64(ground.calendar[quarter])
            )
            there = 1 - int(firms[PLACE, 0])
            registered = registered_day(firms[AGE, 0], day)
            room.quotes_move[i] = ask_all(
                firms, 0, slot, there, quarter, registered, MOVE_IN, False, rent_in(quarter, there, city, ground),
                mix.welcomes, mix.offers, mix.possible, ground, room.pair, desk.tray, desk.waiting, city.count, p, 1.0,
            )  # fmt: skip


def move(quarter, run, movers, city, mix, desk, ground, room, p, out):
    """They choose anew: one place's gain is another's loss."""
    firms = room.firm
    day = ground.days[quarter]
    layers, years_left = room.layers[0], mix.years_left[quarter]
    near_zone, near_rest = amenity(city, 0, p), amenity(city, 1, p)
    for i in range(movers):
        slot = room.movers[i]
        see_firm(city.firms, slot, firms, room.pairs, ground.records)
        room.pair[0], room.pair[1] = words(
            run.seed, run.luck, np.uint64(firms[FIRM, 0]), np.uint64(ground.calendar[quarter])
        )
        here = int(firms[PLACE, 0])
        x_zone, x_rest = near_zone, near_rest
        if room.asked_move[i] >= 0:
            worth = exp(firms[LN_SIZE, 0]) * p[P_VALUE_ANNUITY] * ground.price[quarter]
            x = 100.0 * quoted(desk.tray, room.asked_move[i], room.quotes_move[i], p) / worth
            x_zone += x if here == 1 else 0.0
            x_rest += x if here == 0 else 0.0
            for place in range(2):
                more = later(firms, 0, place, years_left, ground.type_cdf, room.cells, layers, room.offered, p)
                x_zone += 100.0 * ground.price[quarter] * more / worth if place == 0 else 0.0
                x_rest += 100.0 * ground.price[quarter] * more / worth if place == 1 else 0.0
        if GENERAL and mix.office.condition.size > 0:
            worth = exp(firms[LN_SIZE, 0]) * p[P_VALUE_ANNUITY] * ground.price[quarter]
            stays = 100.0 * at_stake(quarter, city, mix, desk, slot) / worth
            x_zone += stays if here == 0 else 0.0
            x_rest += stays if here == 1 else 0.0
        share = ground.zone_share[int(firms[INDUSTRY, 0])]
        place = 0 if drawn(room.pair, ZONE) < locate.zone_probability(share, x_zone, x_rest, p[P_ZONE_SCALE]) else 1
        if place == here:
            continue
        put(city.firms, PLACE, slot, place)
        out.place[quarter, place, O_MOVES] += 1
        if room.asked_move[i] >= 0:
            registered = registered_day(firms[AGE, 0], day)
            ask_all(
                firms, 0, slot, place, quarter, registered, MOVE_IN, False, rent_in(quarter, place, city, ground),
                mix.welcomes, mix.offers, mix.possible, ground, room.pair, desk.tray, desk.waiting, city.count, p, 0.0,
            )  # fmt: skip
