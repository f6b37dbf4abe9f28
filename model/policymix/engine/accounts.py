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


def book(w, n, quarter, most, out, p):
    """Add a block's firms to the quarter's outcomes."""
    for j in range(n):
        if w[ALIVE * STRIDE + j] + w[W_EXITS * STRIDE + j] < 0.5:
            continue
        place = int(w[PLACE * STRIDE + j])
        i = int(w[INDUSTRY * STRIDE + j])
        alive = w[ALIVE * STRIDE + j]
        value = 0.25 * w[W_VALUE * STRIDE + j]
        out.cube[quarter, place, i, A_INVESTMENT] += fen(w[W_SPEND * STRIDE + j])
        out.cube[quarter, place, i, A_VALUE] += fen(value)
        out.cube[quarter, place, i, A_REVENUE] += fen(0.25 * w[W_REVENUE * STRIDE + j])
        out.cube[quarter, place, i, A_JOBS] += np.int64(np.floor(w[JOBS * STRIDE + j] * STAFF_UNIT + 0.5))
        out.crowd[quarter, place] += np.int64(np.floor(min(w[JOBS * STRIDE + j], most[place]) * STAFF_UNIT + 0.5))
        out.cube[quarter, place, i, A_FIRMS] += np.int64(alive)
        out.cube[quarter, place, i, A_SIZE] += fen(w[W_SIZE * STRIDE + j] * alive)
        out.adopters[quarter, place, i] += np.int64(w[OWN_DIGITAL * STRIDE + j] * alive)
        out.services[quarter] += fen(p[P_SERVICES_BUDGET] * w[BOUGHT_DIGITAL * STRIDE + j] * value)
        out.place[quarter, place, O_REAL_RD] += fen(0.25 * w[W_RESEARCH * STRIDE + j])
        out.place[quarter, place, O_REPORTED_RD] += fen(0.25 * w[W_REPORTED * STRIDE + j])
        out.place[quarter, place, O_EXITS] += np.int64(w[W_EXITS * STRIDE + j])


def fen(money):
    """Money in whole fen."""
    return np.int64(np.floor(money * FEN + 0.5))


def book_ladder(quarter, city, out):
    """Rungs: ever recognised (what the press counts) and alive and meeting the criteria."""
    for slot in range(city.count[0]):
        held = int(city.firms[STEPS_HELD, slot])
        if city.firms[ALIVE, slot] > 0.5 and held > 0:
            place = int(city.firms[PLACE, slot])
            for step in range(len(STEPS)):
                if held & (1 << step):
                    out.ladder[quarter, place, step, 1] += 1
    for place in range(city.recognised.shape[0]):
        for step in range(len(STEPS)):
            out.ladder[quarter, place, step, 0] = city.recognised[place, step]
        out.prices[quarter, place, 0] = city.prices[place, 0]
        out.prices[quarter, place, 1] = city.prices[place, 1]
