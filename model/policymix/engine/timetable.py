"""What the stages of a quarter do to the whole city: blocks of firms, the office, feedback."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..elementary import exp, log
from .accounts import A_FIRMS, A_SIZE, A_VALUE, STAFF_UNIT, book
from .claims import (
    FEN,
    NEWCOMER,
    OFF_LADDER,
    ON_LADDER,
    SLOTS,
    known_share,
)
from .columns import load, store
from .decisions import decide, new_accounting_year, pay_and_check
from .events import claim_for_events, jump_to_line, jump_to_notch, look_ahead, see_offers, show_offers
from .recognition import climb, turn_year
from .stages import (
    FOREVER,
    choose,
    draw_luck,
    feel_gap,
    grow,
    hurry,
    leave_or_stay,
    look_up,
    make,
    plan_digital,
    plan_research,
    read_status,
    research_support,
    size_with_support,
    spend,
    want,
    weigh_support,
)
from .streams import ABLE_OF, AWARE_OF, VOLATILITY, lasting_words
from .symbols import *

RECORD, FROZEN, FREE = 0, 1, 2
"""Prices: the baseline records its path; a mix runs with that path frozen or with its own feedback."""


class Path(NamedTuple):
    """What the baseline did, for the mixes to be set against."""

    jobs: np.ndarray  # float64[quarters, places] staff
    size: np.ndarray  # float64[quarters, industries] sum of demand states, CNY
    services: np.ndarray  # float64[quarters] digital services bought, CNY
    core: np.ndarray  # float64[quarters] value added of the core industries, CNY
    adopters: np.ndarray  # float64[quarters, industries]


class Room(NamedTuple):
    """Scratch of one thread."""

    w: np.ndarray  # float64[ROWS * STRIDE]
    h: np.ndarray  # uint64[2 * STRIDE]
    pair: np.ndarray  # uint64[2]
    pairs: np.ndarray  # uint64[6]: words of what lasts, early knowledge, readiness and the year's variance
    firm: np.ndarray  # float64[FIRM_ROWS, 1]: one firm that something rare happens to
    cells: np.ndarray  # float64[cells, CELL_COUNT]
    most: np.ndarray  # float64[places] staff of one firm that counts for crowding
    known: np.ndarray  # float64[packages, 3]
    offered: np.ndarray  # float64[rows, OFFER_NUMBERS]: the quarter's layers of support for projects
    rd_offered: np.ndarray  # float64[rows, OFFER_NUMBERS]: the same for research
    layers: np.ndarray  # int64[2] layers in use this quarter: for projects, for research
    lanes: np.ndarray  # int64[BLOCK] firms of a block that something happens to
    parts: np.ndarray  # int64[PARTS * STRIDE]: what the firms of a block add to the accounts
    movers: np.ndarray  # int64[slots]
    lessees: np.ndarray  # int64[slots]
    counts: np.ndarray  # int64[2]: lessees, movers
    pool: np.ndarray  # float64[FIRM_ROWS, members]
    asked: np.ndarray  # int64[members] first row of a newcomer's quotes in the tray, -1 without
    quotes: np.ndarray  # int64[members, places] rows of quotes
    asked_move: np.ndarray  # int64[slots] the same of a mover's
    quotes_move: np.ndarray  # int64[slots]


class Run(NamedTuple):
    """The address of a run's luck and how it treats prices."""

    seed: np.uint64
    luck: np.uint64
    mode: int


def begin(q, run, city, mix, desk, ground, tables, path, room, out, p):
    """A new quarter: environment, policy news, what lasts, an empty tray."""
    set_environment(q, run, city, mix, tables, path, room, out, p)
    spread_news(q, mix, room, p)
    show_offers(q, city, mix, room)
    find_lasting(run, ground.calendar[q], room.pairs)
    for place in range(city.prices.shape[0]):
        staff = path.jobs[q - 1, place] if q > 0 else 0.0
        room.most[place] = p[P_CROWDING_CAP] * staff if staff > 0.0 else 1e18
    desk.waiting[0] = 0
    room.counts[0], room.counts[1] = 0, 0


def find_lasting(run, calendar, pairs):
    """Words of what firms keep for good, and of their variance in this calendar year."""
    pairs[0], pairs[1] = lasting_words(run.seed, run.luck, AWARE_OF, 0)
    pairs[2], pairs[3] = lasting_words(run.seed, run.luck, ABLE_OF, 0)
    pairs[4], pairs[5] = lasting_words(run.seed, run.luck, VOLATILITY, calendar - calendar % 4)


def set_environment(q, run, city, mix, tables, path, room, out, p):
    """Values of every industry and place in this quarter, with the feedback of the quarter before."""
    cells = room.cells
    industries, places = city.adopters.size, city.prices.shape[0]
    free = run.mode == FREE and q > 0
    for i in range(industries):
        adopters = path.adopters[q - 1, i] if run.mode == FROZEN and q > 0 else city.adopters[i]
        crowded_out = size_of(q - 1, i, out) / max(1.0, path.size[q - 1, i]) if free else 1.0
        for place in range(places):
            cell = i * places + place
            for value in range(CELL_COUNT):
                cells[cell, value] = tables[q, cell, value]
            wage = city.prices[place, 1]
            cells[cell, C_LN_WAGE] = wage
            cells[cell, C_WAGE] *= exp(wage)
            cells[cell, C_ADOPTERS] = adopters
            cells[cell, C_HASSLE] = p[P_HASSLE_COST] * mix.hassle[q, place]
            cells[cell, C_FACTOR] *= 1.0 + mix.demand[q, i]
            if free and crowded_out > 0.0:
                local = cells[cell, C_LOCAL]
                bought = (services_of(q - 1, out) - path.services[q - 1]) / max(1.0, path.core[q - 1])
                cells[cell, C_FACTOR] *= 1.0 - local + local / crowded_out
                cells[cell, C_FACTOR] *= 1.0 + cells[cell, C_CORE] * p[P_SERVICES_LOCAL_SHARE] * bought
                cells[cell, C_FACTOR] *= exp(p[P_AGGLOMERATION] * crowding(q - 1, place, path, out))


def spread_news(q, mix, room, p):
    """Share of holders that know each package: firms off the ladder, on it, and newcomers, whom agencies tell."""
    for package in range(mix.announced.size):
        room.known[package, OFF_LADDER] = known_share(mix, package, p[P_AWARE_FIRST], q, p)
        room.known[package, ON_LADDER] = known_share(mix, package, p[P_AWARE_FIRST_LADDER], q, p)
        room.known[package, NEWCOMER] = known_share(mix, package, p[P_AWARE_FIRST_NEWCOMER], q, p)


def blocks(q, run, city, mix, desk, ground, room, out, p):
    """All firms, a block at a time, through their stages."""
    for start in range(0, city.count[SLOTS], BLOCK):
        n = min(BLOCK, city.count[SLOTS] - start)
        year_ends = ground.calendar[q] % 4 == 3
        load(city.firms, room.w, start, n, year_ends)
        fill_lanes(room.w, n)
        quarter = np.uint64(ground.calendar[q])
        draw_luck(room.w, room.h, run.seed, run.luck, quarter, room.pairs, ground.records, BLOCK)
        stages(q, start, n, BLOCK, city, mix, desk, ground, room, out, p)
        store(city.firms, room.w, start, n, year_ends)


def stages(q, start, n, lanes, city, mix, desk, ground, room, out, p):
    """Stages 3 to 8 of the firms in the buffer, and their accounts."""
    produce_stage(room, p, lanes)  # 3
    plan_stage(q, n, lanes, city, mix, ground, room, p)  # 4
    if mix.offers[0] + mix.offers[1] + mix.offers[2] + mix.offers[4] > 0:
        claim_for_events(q, start, n, city, mix, desk, ground, room, p)  # 5
    spend(room.w, p, ground.calendar[q] % 4 == 0, lanes)  # 6
    if ground.calendar[q] % 4 == 3:
        climb(room.w, room.h, p, n, city.recognised)  # 7
    leave_stage(start, n, lanes, ground, room, p)  # 8
    book(room.w, room.parts, n, q, room.most, out, p)  # 10
    if ground.calendar[q] % 4 == 3:
        turn_year(room.w, lanes)


def produce_stage(room, p, lanes):
    """Demand, output, staff, tax and cash."""
    look_up(room.w, room.cells, 2, lanes)
    read_status(room.w, lanes)
    grow(room.w, p, lanes)
    make(room.w, p, lanes)


def plan_stage(q, n, lanes, city, mix, ground, room, p):
    """Investment, research and digital equipment under the offers that a firm knows."""
    w = room.w
    want(w, p, lanes)
    layers = room.layers[0]
    if mix.offers[0] + mix.offers[1] > 0:
        see_offers(q, n, city, mix, ground, room, p)
    if layers > 0:
        weigh_support(w, p, lanes)
        size_with_support(w, p, mix.years_left[q], layers, lanes)
        jump_to_notch(q, n, city, mix, ground, room, p)
    if GENERAL and mix.line.shape[1] > 0:
        jump_to_line(q, n, city, mix, ground, room, p)
    feel_gap(w, p, lanes)
    if layers > 0 and mix.years_left[q] < FOREVER:
        hurry(w, p, mix.years_left[q], lanes)
    if GENERAL and mix.opens[q] >= 0:
        look_ahead(q, n, city, mix, ground, room, p)
    if room.layers[1] > 0:
        research_support(w, p, lanes)
    for j in range(lanes):
        w[W_BOUND * STRIDE + j] = w[FUNDS * STRIDE + j]
    lend(q, mix, w, n)
    choose(w, p, lanes)
    plan_research(w, p, ground.calendar[q] % 4 == 0, lanes)
    plan_digital(w, p, lanes)


def lend(q, mix, w, n):
    """Credit lines of the mix add to the funds of the firms they reach."""
    for place in range(mix.credit.shape[1]):
        if mix.credit[q, place, 0] <= 0.0:
            continue
        for j in range(n):
            held = int(w[STEPS_HELD * STRIDE + j]) & int(mix.credit[q, place, 2])
            if held and int(w[PLACE * STRIDE + j]) == place and w[U_ABLE * STRIDE + j] < mix.credit[q, place, 1]:
                w[W_BOUND * STRIDE + j] += mix.credit[q, place, 0]


def leave_stage(start, n, lanes, ground, room, p):
    """Exits; firms that will reconsider their place are listed."""
    w = room.w
    leave_or_stay(w, p, ground.exit_by_age, ground.records[0], lanes)
    records, rate, movers = ground.records[0], 0.25 * p[P_RELOCATION_RATE], room.counts[1]
    for j in range(n):
        mobile = (w[ALIVE * STRIDE + j] > 0.5) & (w[FIRM * STRIDE + j] >= records)
        room.movers[movers] = start + j
        movers += int(mobile & (w[W_U_RELOCATE * STRIDE + j] < rate))
    room.counts[1] = movers


def fill_lanes(w, n):
    """Lanes beyond the last firm hold a harmless dead one."""
    for column in range(COLUMN_COUNT):
        for j in range(n, BLOCK):
            w[column * STRIDE + j] = w[column * STRIDE]
    for j in range(n, BLOCK):
        w[ALIVE * STRIDE + j] = 0.0


def decide_and_pay(q, city, mix, desk, ground, out):
    """What is decided now, all of it in the fourth quarter; conditions and payments that are due."""
    year_ends = ground.calendar[q] % 4 == 3
    decide(q, year_ends, city, mix, desk, out.clause[q])
    pay_and_check(q, city, mix, desk, ground.price[q], out.clause[q])
    if year_ends:
        new_accounting_year(city, mix)


def size_of(q, industry, out):
    """Sum of demand states of an industry in a quarter, CNY."""
    total = 0
    for place in range(out.cube.shape[1]):
        total += out.cube[q, place, industry, A_SIZE]
    return total / FEN


def services_of(q, out):
    """Digital services bought by all firms of a quarter, CNY."""
    return out.services[q] / FEN


def core_of(q, out, cells):
    """Value added of the core industries in a quarter, CNY."""
    total = 0
    for place in range(out.cube.shape[1]):
        for industry in range(out.cube.shape[2]):
            if cells[industry * out.cube.shape[1] + place, C_CORE] > 0.5:
                total += out.cube[q, place, industry, A_VALUE]
    return total / FEN


def jobs_of(q, place, out):
    """Staff of a place in a quarter, no firm counted for more than 1 % of it (ECONOMICS 15)."""
    return out.crowd[q, place] / STAFF_UNIT


def crowding(q, place, path, out):
    """Log of a place's staff against the baseline's."""
    return log(max(1.0, jobs_of(q, place, out)) / max(1.0, path.jobs[q, place]))


def feed_back(q, run, city, ground, room, path, out, p):
    """Rents and wages close a part of their gap; the share of adopters becomes known; the baseline records its path."""
    places, industries = city.prices.shape[0], city.adopters.size
    for i in range(industries):
        firms, adopters = 0, 0
        for place in range(places):
            firms += out.cube[q, place, i, A_FIRMS]
            adopters += out.adopters[q, place, i]
        city.adopters[i] = adopters / max(1, firms)
        if run.mode == RECORD:
            path.adopters[q, i] = city.adopters[i]
            path.size[q, i] = size_of(q, i, out)
    if run.mode == RECORD:
        path.services[q] = services_of(q, out)
        path.core[q] = core_of(q, out, room.cells)
    for place in range(places):
        if run.mode == RECORD:
            path.jobs[q, place] = jobs_of(q, place, out)
        elif run.mode == FREE:
            n = crowding(q, place, path, out)
            city.prices[place, 2] = n
            city.prices[place, 0] += p[P_PRICE_SPEED] * (n / ground.space_elasticity[place] - city.prices[place, 0])
            city.prices[place, 1] += p[P_PRICE_SPEED] * (p[P_WAGE_RESPONSE] * n - city.prices[place, 1])
