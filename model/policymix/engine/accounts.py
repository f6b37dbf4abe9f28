"""Stage 10: outcomes as exact integers, so that order, blocks, threads and storage do not matter.

Money is summed in fen, counts as whole numbers, staff in units of 2^-20 persons.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .claims import FEN
from .entry import O_EXITS, O_REAL_RD, O_REPORTED_RD
from .symbols import *

STAFF_UNIT = 1048576.0
A_INVESTMENT, A_VALUE, A_REVENUE, A_JOBS, A_FIRMS, A_SIZE = range(6)
CUBE_OUTCOMES = 6
PART_ADOPTERS, PART_REAL_RD, PART_REPORTED_RD, PART_EXITS = range(CUBE_OUTCOMES, CUBE_OUTCOMES + 4)
PARTS = CUBE_OUTCOMES + 4
"""Rows of what one firm adds to the accounts: those of the cube, then these."""


class Out(NamedTuple):
    """Outcomes of a run as integers."""

    cube: np.ndarray  # int64[quarters, places, industries, 6]
    place: np.ndarray  # int64[quarters, places, PLACE_OUTCOMES]
    ladder: np.ndarray  # int64[quarters, places, steps, 2]: ever recognised, alive and meeting the criteria
    clause: np.ndarray  # int64[quarters, clauses, CLAUSE_OUTCOMES]
    pool: np.ndarray  # int64[quarters, 2]: members, entered
    adopters: np.ndarray  # int64[quarters, places, industries] with equipment of their own
    services: np.ndarray  # int64[quarters] digital services bought, fen
    crowd: np.ndarray  # int64[quarters, places] staff with every firm counted up to 1 % of its place, 2^-20 persons
    prices: np.ndarray  # float64[quarters, places, 2]: log rent and log wage against the environment


def book(w, parts, n, quarter, most, out, p):
    """Add a block's firms to the quarter's outcomes: what each adds, as integers, then the sums by place and
    industry, those of a place without industries in one pass a place."""
    services = count_up(w, parts, n, p[P_SERVICES_BUDGET])
    out.services[quarter] += services
    cube, adopters, places, crowd = out.cube[quarter], out.adopters[quarter], out.place[quarter], out.crowd[quarter]
    for j in range(n):
        place, i = np.uint64(w[PLACE * STRIDE + j]), np.uint64(w[INDUSTRY * STRIDE + j])
        cell = cube[place, i]
        for outcome in range(CUBE_OUTCOMES):
            cell[outcome] += parts[outcome * STRIDE + j]
        adopters[place, i] += parts[PART_ADOPTERS * STRIDE + j]
    for place in range(crowd.size):
        real, reported, exits, staff = 0, 0, 0, 0
        for j in range(n):
            here = w[PLACE * STRIDE + j] == place
            real += parts[PART_REAL_RD * STRIDE + j] if here else 0
            reported += parts[PART_REPORTED_RD * STRIDE + j] if here else 0
            exits += parts[PART_EXITS * STRIDE + j] if here else 0
            staff += staff_units(min(w[JOBS * STRIDE + j], most[place])) if here else 0
        places[place, O_REAL_RD] += real
        places[place, O_REPORTED_RD] += reported
        places[place, O_EXITS] += exits
        crowd[place] += staff


def count_up(w, parts, n, services_budget):
    """What the firms of a block add to the accounts, nothing of those that had left before; returns the digital
    services that they buy."""
    services = 0
    for j in range(n):
        alive, leaves = w[ALIVE * STRIDE + j], w[W_EXITS * STRIDE + j]
        counts = alive + leaves >= 0.5
        value = if_counted(0.25 * w[W_VALUE * STRIDE + j], counts)
        parts[A_INVESTMENT * STRIDE + j] = fen(if_counted(w[W_SPEND * STRIDE + j], counts))
        parts[A_VALUE * STRIDE + j] = fen(value)
        parts[A_REVENUE * STRIDE + j] = fen(if_counted(0.25 * w[W_REVENUE * STRIDE + j], counts))
        parts[A_JOBS * STRIDE + j] = staff_units(if_counted(w[JOBS * STRIDE + j], counts))
        parts[A_FIRMS * STRIDE + j] = np.int64(alive)
        parts[A_SIZE * STRIDE + j] = fen(w[W_SIZE * STRIDE + j] * alive)
        parts[PART_ADOPTERS * STRIDE + j] = np.int64(w[OWN_DIGITAL * STRIDE + j] * alive)
        parts[PART_REAL_RD * STRIDE + j] = fen(if_counted(0.25 * w[W_RESEARCH * STRIDE + j], counts))
        parts[PART_REPORTED_RD * STRIDE + j] = fen(if_counted(0.25 * w[W_REPORTED * STRIDE + j], counts))
        parts[PART_EXITS * STRIDE + j] = np.int64(leaves)
        services += fen(services_budget * w[BOUGHT_DIGITAL * STRIDE + j] * value)
    return services


def if_counted(number, counts):
    """A firm's number if it counts this quarter, else nought."""
    return number if counts else 0.0


def staff_units(staff):
    """Staff in whole units of 2^-20 persons."""
    return np.int64(np.floor(staff * STAFF_UNIT + 0.5))


def fen(money):
    """Money in whole fen."""
    return np.int64(np.floor(money * FEN + 0.5))


def book_ladder(quarter, city, out):
    """Rungs: ever recognised (what the press counts) and alive and meeting the criteria."""
    small = city.firms.small
    for slot in range(city.count[0]):
        held = small[STEPS_HELD - SMALL, slot]
        if small[ALIVE - SMALL, slot] > 0 and held > 0:
            place = small[PLACE - SMALL, slot]
            for step in range(len(STEPS)):
                if held & (1 << step):
                    out.ladder[quarter, place, step, 1] += 1
    for place in range(city.recognised.shape[0]):
        for step in range(len(STEPS)):
            out.ladder[quarter, place, step, 0] = city.recognised[place, step]
        out.prices[quarter, place, 0] = city.prices[place, 0]
        out.prices[quarter, place, 1] = city.prices[place, 1]
