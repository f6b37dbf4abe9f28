"""The timetable of one quarter, in the order in which things happen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..elementary import exp, log
from .accounts import A_JOBS, A_SIZE, A_VALUE, STAFF_UNIT, book, book_ladder
from .claims import FEN, SLOTS, decide_year, known_share, new_accounting_year, pay_due
from .entry import enter_pool, relocate
from .events import claim_for_events, outside_claims, see_offers
from .recognition import climb
from .stages import (
    decide,
    draw_luck,
    grow,
    leave_or_stay,
    look_up,
    make,
    plan_digital,
    plan_research,
    research_support,
    size_with_support,
    spend,
    turn_year,
    want,
    weigh_support,
)
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

    w: np.ndarray  # float64[ROWS * BLOCK]
    h: np.ndarray  # uint64[2 * BLOCK]
    pair: np.ndarray  # uint64[2]
    cells: np.ndarray  # float64[cells, CELL_COUNT]
    known: np.ndarray  # float64[packages, 2]
    movers: np.ndarray  # int64[slots]


class Run(NamedTuple):
    """The address of a run's luck and how it treats prices."""

    seed: np.uint64
    luck: np.uint64
    mode: int
    first_row: int


def quarter(q, run, city, mix, desk, ground, tables, path, room, out):
    """Take a city through one quarter."""
    p = mix.parameters[q]
    environment(q, run, city, mix, tables, path, room, out, p)  # 1
    news(q, mix, room, p)  # 2
    movers = 0
    for start in range(0, city.count[SLOTS], BLOCK):
        n = min(BLOCK, city.count[SLOTS] - start)
        load(city.firms, room.w, start, n)
        produce_block(q, run, mix, ground, room, p, BLOCK)  # 3
        plan_block(q, city, mix, ground, room, p, n, BLOCK)  # 4
        claim_for_events(q, start, n, city, mix, desk, ground, room, p, out)  # 5
        act_block(room, p, BLOCK)  # 6
        climb_block(q, city, ground, room, p, n)  # 7
        movers = leave_block(q, start, n, movers, ground, room, p, BLOCK)  # 8
        book(room.w, n, q, out, p)  # 10
        finish_block(q, ground, room, BLOCK)
        store(city.firms, room.w, start, n)
    settle_claims(q, run, city, mix, desk, ground, p, out)  # 5, 6
    enter_pool(q, run.seed, run.luck, city, mix, desk, ground, room.cells, p, out)  # 8
    relocate(q, run.seed, run.luck, room.movers, movers, city, mix, desk, ground, p, out)  # 8
    feedback(q, run, city, ground, room.cells, path, p, out)  # 9
    book_ladder(q, city, out)  # 10


def environment(q, run, city, mix, tables, path, room, out, p):
    """Values of every industry and place in this quarter, with the feedback of the quarter before."""
    cells = room.cells
    industries, places = city.adopters.size, city.prices.shape[0]
    for i in range(industries):
        adopters = path.adopters[q - 1, i] if run.mode == FROZEN and q > 0 else city.adopters[i]
        for place in range(places):
            cell = i * places + place
            for value in range(CELL_COUNT):
                cells[cell, value] = tables[q, cell, value]
            wage = city.prices[place, 1]
            cells[cell, C_LN_WAGE] = wage
            cells[cell, C_WAGE] *= exp(wage)
            cells[cell, C_ADOPTERS] = adopters
            cells[cell, C_FACTOR] *= 1.0 + mix.demand[q, i]
            if run.mode == FREE and q > 0:
                local = cells[cell, C_LOCAL]
                ours = max(1.0, size_of(q - 1, i, out))
                cells[cell, C_FACTOR] *= 1.0 - local + local * max(1.0, path.size[q - 1, i]) / ours
                bought = (services_of(q - 1, out) - path.services[q - 1]) / max(1.0, path.core[q - 1])
                cells[cell, C_FACTOR] *= 1.0 + cells[cell, C_CORE] * p[P_SERVICES_LOCAL_SHARE] * bought
                cells[cell, C_FACTOR] *= exp(p[P_AGGLOMERATION] * crowding(q - 1, place, path, out))


def news(q, mix, room, p):
    """Share of firms that know each package: those off the ladder and on it."""
    for package in range(mix.announced.size):
        room.known[package, 0] = known_share(mix, package, False, q, p)
        room.known[package, 1] = known_share(mix, package, True, q, p)


def produce_block(q, run, mix, ground, room, p, n):
    """Luck, demand, output, staff, tax and cash."""
    draw_luck(room.w, room.h, run.seed, run.luck, np.uint64(ground.calendar[q]), ground.calendar[q] % 4 == 0, n)
    look_up(room.w, room.cells, 2, n)
    grow(room.w, p, n)
    make(room.w, p, n)


def plan_block(q, city, mix, ground, room, p, n, lanes):
    """Investment, research and digital equipment under the offers that a firm knows."""
    w = room.w
    want(w, p, lanes)
    if mix.offers[0] + mix.offers[1] > 0:
        see_offers(q, n, city, mix, ground, room, p)
    if mix.offers[0] > 0:
        weigh_support(w, p, lanes)
        size_with_support(w, p, lanes)
    if mix.offers[1] > 0:
        research_support(w, p, lanes)
    for j in range(lanes):
        w[W_BOUND * BLOCK + j] = w[FUNDS * BLOCK + j]
    lend(q, mix, w, n)
    decide(w, p, lanes)
    plan_research(w, p, lanes)
    plan_digital(w, p, lanes)


def lend(q, mix, w, n):
    """Credit lines of the mix add to the funds of the firms they reach."""
    for place in range(mix.credit.shape[1]):
        if mix.credit[q, place, 0] <= 0.0:
            continue
        for j in range(n):
            held = int(w[STEPS_HELD * BLOCK + j]) & int(mix.credit[q, place, 2])
            if held and int(w[PLACE * BLOCK + j]) == place and w[U_ABLE * BLOCK + j] < mix.credit[q, place, 1]:
                w[W_BOUND * BLOCK + j] += mix.credit[q, place, 0]


def act_block(room, p, n):
    """Spending becomes capital."""
    spend(room.w, p, n)


def climb_block(q, city, ground, room, p, n):
    """The ladder, at the end of a year."""
    if ground.calendar[q] % 4 == 3:
        climb(room.w, room.h, p, n, city.recognised)


def leave_block(q, start, n, movers, ground, room, p, lanes):
    """Exits; firms that will reconsider their place are listed."""
    w = room.w
    leave_or_stay(w, p, ground.exit_by_age, ground.records[0], lanes)
    for j in range(n):
        if w[W_U_RELOCATE * BLOCK + j] < 0.25 * p[P_RELOCATION_RATE] and w[ALIVE * BLOCK + j] > 0.5:
            room.movers[movers] = start + j
            movers += 1
    return movers


def finish_block(q, ground, room, n):
    """At the end of a year this year's revenue becomes last year's."""
    if ground.calendar[q] % 4 == 3:
        turn_year(room.w, n)


def load(firms, w, start, n):
    """Copy a block into the scratch buffer; lanes beyond the last firm hold a harmless dead one."""
    for column in range(COLUMN_COUNT):
        for j in range(n):
            w[column * BLOCK + j] = firms[column, start + j]
    for column in range(COLUMN_COUNT):
        for j in range(n, BLOCK):
            w[column * BLOCK + j] = firms[column, start]
    for j in range(n, BLOCK):
        w[ALIVE * BLOCK + j] = 0.0


def store(firms, w, start, n):
    """Copy a block back."""
    for column in range(COLUMN_COUNT):
        for j in range(n):
            firms[column, start + j] = w[column * BLOCK + j]


def settle_claims(q, run, city, mix, desk, ground, p, out):
    """Claims of holders that are not firms; the yearly decision in the fourth quarter; payments that are due."""
    outside_claims(q, city, mix, desk, ground, run, p, out.clause[q])
    if ground.calendar[q] % 4 == 3:
        decide_year(q, city, mix, out.clause[q], run.first_row)
        new_accounting_year(city)
    pay_due(q, city, out.clause[q])


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
    """Staff of a place in a quarter."""
    total = 0
    for industry in range(out.cube.shape[2]):
        total += out.cube[q, place, industry, A_JOBS]
    return total / STAFF_UNIT


def crowding(q, place, path, out):
    """Log of a place's staff against the baseline's."""
    return log(max(1.0, jobs_of(q, place, out)) / max(1.0, path.jobs[q, place]))


def feedback(q, run, city, ground, cells, path, p, out):
    """Rents and wages close a part of their gap; the share of adopters becomes known; the baseline records its path."""
    places, industries = city.prices.shape[0], city.adopters.size
    for i in range(industries):
        firms, adopters = 0, 0
        for place in range(places):
            firms += out.cube[q, place, i, 4]
            adopters += out.adopters[q, place, i]
        city.adopters[i] = adopters / max(1, firms)
        if run.mode == RECORD:
            path.adopters[q, i] = city.adopters[i]
            path.size[q, i] = size_of(q, i, out)
    if run.mode == RECORD:
        path.services[q] = services_of(q, out)
        path.core[q] = core_of(q, out, cells)
    for place in range(places):
        if run.mode == RECORD:
            path.jobs[q, place] = jobs_of(q, place, out)
        elif run.mode == FREE:
            n = crowding(q, place, path, out)
            city.prices[place, 0] += p[P_PRICE_SPEED] * (n / ground.space_elasticity[place] - city.prices[place, 0])
            city.prices[place, 1] += p[P_PRICE_SPEED] * (p[P_WAGE_RESPONSE] * n - city.prices[place, 1])
