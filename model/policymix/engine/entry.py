"""Stage 8, the other half: potential entrants and mobile firms choose a city and a place; leases, arrivals, paper firms.

The pool of a quarter is the same under every mix of a draw and luck; a policy only decides whether and where its members
enter. A member's address is (quarter, number in the pool), so one more entrant moves nobody else's luck.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..elementary import exp, log
from ..firms import enter, locate, produce
from .claims import (
    ARRIVAL,
    EXPANSION,
    F_AREA,
    F_ARRIVED,
    F_CAPITAL_FROM,
    F_CONSTRUCTION,
    F_DESIGNATED,
    F_DOMESTIC,
    F_FOREIGN,
    F_HEADQUARTERS,
    F_HOW,
    F_LEASE_HOW,
    F_LEASE_ON,
    F_MAJOR,
    F_MONTHS,
    F_NEW,
    F_NEWLY,
    F_OWN_USE,
    F_PRIZE,
    F_PROJECT_ON,
    F_RENT,
    F_TOTAL,
    F_TYPES,
    LEASE,
    MOVE_IN,
    NEW_REGISTRATION,
    ON_FIRM,
    ON_INVESTMENT,
    OTHER_PROVINCE,
    PROJECT,
    SLOTS,
    TYPE_BITS,
    common_facts,
    file_claim,
    known_share,
    value_of,
)
from .streams import (
    ABLE_OF,
    APPROVE,
    AWARE_OF,
    CITY,
    CLASS,
    DESIGNATED,
    INDUSTRY_OF,
    PAPER,
    SIZE,
    STEPS_OF,
    TAIL,
    TYPE,
    VOLATILITY,
    ZONE,
    hashed,
    normal_of,
    uniform_of,
    words,
)
from .symbols import *

POOL_FIRST = 2147483648
"""Addresses from here on belong to the pool: POOL_FIRST + quarter * POOL_WIDTH + number."""
POOL_WIDTH = 1048576
LEASE_MONTHS = 36.0
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
    rent: np.ndarray  # float64[places] CNY a m2 and month
    largest: np.ndarray  # float64[1] log of the largest size that is not a record
    days: np.ndarray  # int64[quarters] middle day
    calendar: np.ndarray  # int64[quarters] quarter number of luck's address
    exit_by_age: np.ndarray  # float64[ages in quarters] probability a quarter
    records: np.ndarray  # float64[1] addresses below it are records of the region file
    designated: np.ndarray  # float64[places] share of floor space in designated buildings
    space_elasticity: np.ndarray  # float64[places]
    space_per_head: np.ndarray  # float64[1] m2
    mobile_base: np.ndarray  # float64[1] P0, untreated share of mobile projects


def drawn(h, purpose):
    """Uniform number of a purpose from the two words in ``h``."""
    return uniform_of(hashed(h[0], h[1], np.uint64(purpose)))


def place_newcomer(firms, slot, address, h, ground, cells, places, p):
    """Write a member of the pool into a free slot, not yet anywhere; 1 if mobile, 0 if a local founder."""
    for column in range(COLUMN_COUNT):
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
    firms[CAPITAL, slot] = max(100.0, cell[C_CAPITAL_OUTPUT] * exp(size))
    firms[FUNDS, slot] = p[P_FUNDS_CEILING] * firms[CAPITAL, slot]
    firms[VARIANCE, slot] = produce.variance_draw(drawn(h, VOLATILITY))
    firms[U_AWARE, slot] = drawn(h, AWARE_OF)
    firms[U_ABLE, slot] = drawn(h, ABLE_OF)
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


def arrival_facts(desk, firms, slot, day, place, ground, h, how, p):
    """Facts of an arrival."""
    facts = desk.facts
    industry = int(firms[INDUSTRY, slot])
    common_facts(facts, firms, slot, day, day, ground.fields[industry], place)
    facts[F_ARRIVED] = day
    facts[F_HOW] = how
    mobile = drawn(h, CLASS) < ground.mobile_part[0]
    facts[F_HEADQUARTERS] = 1.0 if mobile and drawn(h, DESIGNATED) < p[P_MOBILE_HEADQUARTERS_SHARE] else 0.0
    facts[F_FOREIGN] = 0.0
    facts[F_DOMESTIC] = firms[CAPITAL, slot] + firms[FUNDS, slot]
    facts[F_CAPITAL_FROM] = OTHER_PROVINCE
    facts[F_PRIZE] = 1.0 if drawn(h, PAPER) < p[P_CONTEST_TEAM_SHARE] else 0.0


def lease_facts(desk, firms, slot, day, registered, place, ground, h, how, p, ln_rent):
    """Facts of a lease of the usual space a head at the place's rent."""
    facts = desk.facts
    industry = int(firms[INDUSTRY, slot])
    common_facts(facts, firms, slot, day, registered, ground.fields[industry], place)
    facts[F_LEASE_ON] = day
    facts[F_LEASE_HOW] = how
    facts[F_DESIGNATED] = 1.0 if drawn(h, DESIGNATED) < ground.designated[place] else 0.0
    facts[F_AREA] = ground.space_per_head[0] * max(1.0, firms[JOBS, slot])
    facts[F_RENT] = ground.rent[place] * exp(ln_rent)
    facts[F_MONTHS] = LEASE_MONTHS


def project_facts(desk, firms, slot, day, registered, place, fields, kind, amount, newly, p):
    """Facts of an investment project of one type."""
    facts = desk.facts
    common_facts(facts, firms, slot, day, registered, fields, place)
    facts[F_PROJECT_ON] = day
    facts[F_TYPES] = TYPE_BITS[kind]
    facts[F_NEW] = amount
    facts[F_TOTAL] = amount
    facts[F_CONSTRUCTION] = amount
    facts[F_OWN_USE] = amount
    facts[F_MAJOR] = 1.0 if amount >= p[P_MAJOR_PROJECT] else 0.0
    facts[F_NEWLY] = newly


def type_of(ground, industry, u):
    """Project type of a uniform number: position in PROJECT_TYPES."""
    kind = 0
    while kind < ground.type_cdf.shape[1] - 1 and u >= ground.type_cdf[industry, kind]:
        kind += 1
    return kind


def offered(quarter, slot, place, city, mix, desk, ground, h, how, p):
    """What a place offers a newcomer: expected CNY of arrival, lease and first project, after approval and rationing."""
    firms = city.firms
    day = ground.days[quarter]
    industry = int(firms[INDUSTRY, slot])
    ladder = firms[STEPS_HELD, slot] > 0.0
    aware = firms[U_AWARE, slot]
    total = 0.0
    if mix.offers[2] > 0:
        arrival_facts(desk, firms, slot, day, place, ground, h, how, p)
        total += value_of(ARRIVAL, day, city, mix, desk, -1, aware, ladder, quarter, p)
        lease_facts(desk, firms, slot, day, day, place, ground, h, how, p, city.prices[place, 0])
        total += value_of(LEASE, day, city, mix, desk, -1, aware, ladder, quarter, p)
    if mix.offers[0] > 0:
        kind = type_of(ground, industry, drawn(h, TYPE))
        project_facts(
            desk, firms, slot, day, day, place, ground.fields[industry], kind, firms[CAPITAL, slot], 1.0, p
        )  # fmt: skip
        total += value_of(PROJECT, day, city, mix, desk, -1, aware, ladder, quarter, p)
    return total * p[P_APPROVAL]


def knows_any(mix, u_aware, ladder, quarter, p):
    """Whether the holder knows a package with offers to newcomers."""
    if mix.offers[0] + mix.offers[2] == 0:
        return False
    for package in range(mix.announced.size):
        if u_aware < known_share(mix, package, ladder, quarter, p):
            return True
    return False


def amenity(city, place, p):
    """Attraction of a place beyond the packages, in % of value added: rents and wages against the baseline."""
    return -100.0 * (p[P_RENT_SHARE] * city.prices[place, 0] + p[P_WAGE_SHARE_LOCATION] * city.prices[place, 1])


def settle_in(quarter, slot, place, h, how, city, mix, desk, ground, p, clause_out, new):
    """A firm takes premises in a place: it claims for its arrival, its lease and, when new, its first project."""
    firms = city.firms
    day = ground.days[quarter]
    registered = day if new else day - int(firms[AGE, slot] * 91.3)
    u = drawn(h, APPROVE)
    industry = int(firms[INDUSTRY, slot])
    if mix.offers[2] > 0:
        arrival_facts(desk, firms, slot, day, place, ground, h, how, p)
        desk.facts[2] = registered
        file_claim(ARRIVAL, day, slot, quarter, city, mix, desk, 0.0, ON_FIRM, u, p, clause_out)
        lease_facts(desk, firms, slot, day, registered, place, ground, h, how, p, city.prices[place, 0])
        paid = file_claim(LEASE, day, slot, quarter, city, mix, desk, 0.0, ON_FIRM, u, p, clause_out)
        if paid > 0.0:
            firms[RELIEF_END, slot] = LEASE_MONTHS / 3.0
    if new and mix.offers[0] > 0:
        kind = type_of(ground, industry, drawn(h, TYPE))
        amount = firms[CAPITAL, slot]
        project_facts(desk, firms, slot, day, registered, place, ground.fields[industry], kind, amount, 1.0, p)
        file_claim(PROJECT, day, slot, quarter, city, mix, desk, amount, ON_INVESTMENT, u, p, clause_out)


def enter_pool(quarter, seed, luck, city, mix, desk, ground, cells, p, out):
    """Members of the quarter's pool decide whether and where to enter."""
    firms = city.firms
    places = city.prices.shape[0]
    members = int(ground.pool[quarter])
    clause_out = out.clause[quarter]
    h = np.zeros(2, np.uint64)
    used = 0
    for number in range(members):
        slot = city.count[SLOTS]
        if slot >= firms.shape[1]:
            city.count[3] += 1
            break
        address = POOL_FIRST + ground.calendar[quarter] * POOL_WIDTH + number
        h[0], h[1] = words(seed, luck, np.uint64(address), np.uint64(ground.calendar[quarter]))
        mobile = place_newcomer(firms, slot, address, h, ground, cells, places, p)
        industry = int(firms[INDUSTRY, slot])
        how = MOVE_IN if mobile > 0.5 and drawn(h, STEPS_OF) > 0.5 else NEW_REGISTRATION
        x_zone, x_rest, award = amenity(city, 0, p), amenity(city, 1, p), 0.0
        if knows_any(mix, firms[U_AWARE, slot], firms[STEPS_HELD, slot] > 0.0, quarter, p):
            worth = exp(firms[LN_SIZE, slot]) * p[P_VALUE_ANNUITY]
            award = offered(quarter, slot, 0, city, mix, desk, ground, h, how, p)
            x_zone += 100.0 * award / worth
            x_rest += 100.0 * offered(quarter, slot, 1, city, mix, desk, ground, h, how, p) / worth
        share = ground.zone_share[industry]
        value = locate.inclusive_value(share, x_zone, x_rest, p[P_ZONE_SCALE], p[P_CITY_SCALE])
        base = ground.mobile_base[0] if mobile > 0.5 else p[P_FOUNDER_BASE]
        if drawn(h, CITY) >= locate.city_probability(base, value):
            paper(quarter, slot, city, mix, desk, ground, h, award, p, out)
            continue
        used += 1
        place = 0 if drawn(h, ZONE) < locate.zone_probability(share, x_zone, x_rest, p[P_ZONE_SCALE]) else 1
        firms[ALIVE, slot] = 1.0
        firms[PLACE, slot] = place
        firms[SUM_INVESTMENT, slot] = firms[CAPITAL, slot]
        city.count[SLOTS] = slot + 1
        note_entry(quarter, slot, place, industry, city, out)
        if knows_any(mix, firms[U_AWARE, slot], firms[STEPS_HELD, slot] > 0.0, quarter, p):
            settle_in(quarter, slot, place, h, how, city, mix, desk, ground, p, clause_out, True)
    out.pool[quarter, 0] = members
    out.pool[quarter, 1] = used


def note_entry(quarter, slot, place, industry, city, out):
    """Count an entry, its capital and its rungs."""
    firms = city.firms
    out.place[quarter, place, O_ENTRIES] += 1
    out.cube[quarter, place, industry, 0] += round(firms[CAPITAL, slot] * 100.0)
    out.cube[quarter, place, industry, 3] += round(firms[JOBS, slot] * 1048576.0)
    out.cube[quarter, place, industry, 4] += 1
    for step in range(len(STEPS)):
        if int(firms[EVER, slot]) & (1 << step):
            city.recognised[place, step] += 1


def paper(quarter, slot, city, mix, desk, ground, h, award, p, out):
    """Somebody who stays away may still register a name when the reward beats its cost."""
    if award <= 0.0 or drawn(h, PAPER) >= p[P_PAPER_SHARE]:
        return
    arrival_facts(desk, city.firms, slot, ground.days[quarter], 0, ground, h, NEW_REGISTRATION, p)
    ladder = city.firms[STEPS_HELD, slot] > 0.0
    aware = city.firms[U_AWARE, slot]
    reward = value_of(ARRIVAL, ground.days[quarter], city, mix, desk, -1, aware, ladder, quarter, p)
    if enter.registers_on_paper(p[P_APPROVAL] * reward, p[P_PAPER_COST]) > 0.5:
        out.place[quarter, 0, O_PAPER] += 1
        file_claim(
            ARRIVAL, ground.days[quarter], -1, quarter, city, mix, desk, 0.0, ON_FIRM, drawn(h, APPROVE), p,
            out.clause[quarter],
        )  # fmt: skip


def relocate(quarter, seed, luck, movers, count, city, mix, desk, ground, p, out):
    """Incumbents that reconsider their place this quarter choose it anew; moving is a gain here and a loss there."""
    firms = city.firms
    h = np.zeros(2, np.uint64)
    for i in range(count):
        slot = movers[i]
        if firms[ALIVE, slot] < 0.5 or firms[FIRM, slot] < ground.records[0]:
            continue
        h[0], h[1] = words(seed, luck, np.uint64(firms[FIRM, slot]), np.uint64(ground.calendar[quarter]))
        here = int(firms[PLACE, slot])
        x_zone, x_rest = amenity(city, 0, p), amenity(city, 1, p)
        if knows_any(mix, firms[U_AWARE, slot], firms[STEPS_HELD, slot] > 0.0, quarter, p):
            worth = exp(firms[LN_SIZE, slot]) * p[P_VALUE_ANNUITY]
            move = 100.0 * offered(quarter, slot, 1 - here, city, mix, desk, ground, h, MOVE_IN, p) / worth
            x_zone += move if here == 1 else 0.0
            x_rest += move if here == 0 else 0.0
        share = ground.zone_share[int(firms[INDUSTRY, slot])]
        place = 0 if drawn(h, ZONE) < locate.zone_probability(share, x_zone, x_rest, p[P_ZONE_SCALE]) else 1
        if place != here:
            firms[PLACE, slot] = place
            out.place[quarter, place, O_MOVES] += 1
            settle_in(quarter, slot, place, h, MOVE_IN, city, mix, desk, ground, p, out.clause[quarter], False)


def renew_lease(quarter, slot, h, city, mix, desk, ground, p, clause_out):
    """An incumbent's lease runs out and a new one begins in the same place."""
    firms = city.firms
    day = ground.days[quarter]
    registered = day - int(firms[AGE, slot] * 91.3)
    place = int(firms[PLACE, slot])
    lease_facts(desk, firms, slot, day, registered, place, ground, h, EXPANSION, p, city.prices[place, 0])
    file_claim(LEASE, day, slot, quarter, city, mix, desk, 0.0, ON_FIRM, drawn(h, APPROVE), p, clause_out)
