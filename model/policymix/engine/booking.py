"""Under which group every firm is booked on both sides of an appraisal, and what it did since the fork.

A firm is booked where it was at the fork: place, industry, size class and highest rung; a newcomer as it entered, under
the baseline where it enters there too. So groups add up to the whole, and a move shows as a move.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .claims import SLOTS, City
from .entry import POOL_FIRST, POOL_WIDTH
from .streams import CLASS, hashed, uniforms_of, words
from .symbols import (
    ALIVE,
    FIRM,
    INDUSTRY,
    JOBS,
    PLACE,
    STEPS,
    STEPS_HELD,
    SUM_INVESTMENT,
    SUM_RESEARCH,
    SUM_VALUE,
)
from .table import column_of

ACTIVITIES = ("investment", "real_rd", "value_added", "employment", "active_firms")
UNITS = np.array([100.0, 100.0, 100.0, 1048576.0, 1.0])
"""Integers per unit: fen, fen, fen, 2^-20 persons, firms."""
SIZES = ("micro", "small", "medium", "large")
SIZE_LIMITS = np.array([10.0, 100.0, 300.0])
"""Staff from which a firm is small, medium, large: software and IT services in the National Bureau of Statistics'
Measures for Classifying Large, Medium, Small and Micro Enterprises (2017), by staff alone and for every industry."""
RUNGS = ("off", *STEPS)
"""Highest rung of the ladder that a firm holds; ``off`` without one."""
_COLUMNS = (SUM_INVESTMENT, SUM_RESEARCH, SUM_VALUE, JOBS, ALIVE)
_BOOKED_BY = (JOBS, STEPS_HELD, PLACE, INDUSTRY)
_HIGHEST = np.array([bits.bit_length() for bits in range(1 << len(STEPS))], np.int64)


class Activity(NamedTuple):
    """Every firm of a run since the fork, by slot."""

    address: np.ndarray  # int64[firms]
    y: np.ndarray  # int64[activities, firms], in UNITS
    place: np.ndarray  # int64[firms] at the end
    home: np.ndarray  # int64[firms booked by this run, the last slots] group (``groups_of``)
    invested: list[np.ndarray]  # float64[firms then] CNY since the fork, at the end of every calendar year watched


class Pairs(NamedTuple):
    """A mix's firms beside the baseline's."""

    slot: np.ndarray  # int64[firms] of the baseline, -1 where it lacks the firm
    home: np.ndarray  # int64[firms] group of both sides
    change: np.ndarray  # int64[activities, firms] mix less baseline
    gone: np.ndarray  # int64[firms] the baseline's slots of firms that the mix lacks


class Watch:
    """Books the firms of a run as they come, and investment by calendar year.

    ``known`` firms are booked already: those that the baseline had where a mix begins to differ.
    """

    def __init__(self, calendar: np.ndarray, industries: int, known: int = 0) -> None:
        self._calendar, self._industries, self._known = calendar, industries, known
        self._came: list[list[np.ndarray]] = []
        self._invested: list[np.ndarray] = []

    def enter(self, city: City) -> None:
        """Book the firms that have come since the last look."""
        n = int(city.count[SLOTS])
        if n > self._known:
            self._came.append([column_of(city.firms, c)[self._known : n].copy() for c in _BOOKED_BY])
            self._known = n

    def look(self, city: City, quarter: int) -> None:
        """After every quarter."""
        self.enter(city)
        if self._calendar[quarter] % 4 == 3:
            self._invested.append(column_of(city.firms, SUM_INVESTMENT)[: self._known].copy())

    def activity(self, city: City) -> Activity:
        """What the firms did, at the end of the run."""
        n = int(city.count[SLOTS])
        done = np.stack([column_of(city.firms, c)[:n] for c in _COLUMNS], dtype=np.float64)
        y = integers(done, UNITS[:, None])
        home = np.zeros(0, np.int64)
        if self._came:
            staff, steps, place, industry = (np.concatenate(each) for each in zip(*self._came, strict=True))
            home = groups_of(staff, steps, place, industry, self._industries)
        address, place = (column_of(city.firms, c)[:n].astype(np.int64) for c in (FIRM, PLACE))
        return Activity(address, y, place, home, self._invested)


def groups_of(
    staff: np.ndarray, steps: np.ndarray, place: np.ndarray, industry: np.ndarray, industries: int
) -> np.ndarray:
    """The groups of firms: ((place x sizes + size) x rungs + rung) x industries + industry."""
    size = np.searchsorted(SIZE_LIMITS, staff, side="right")
    group = (place.astype(np.int64) * len(SIZES) + size) * len(RUNGS) + _HIGHEST[steps]
    return group * industries + industry


def integers(values: np.ndarray, unit: float | np.ndarray) -> np.ndarray:
    """Numbers in whole units."""
    return np.floor(values * unit + 0.5).astype(np.int64)


def pair(own: Activity, base: Activity) -> Pairs:
    """Find every firm of a mix in the baseline.

    Firms that were there where the mix began to differ have the same slot; newcomers are found by their address.
    """
    first = own.address.size - own.home.size
    fresh, theirs = own.address[first:], base.address[first:]
    order = np.argsort(theirs, kind="stable")
    ordered = np.append(theirs[order], -1)
    spot = np.searchsorted(ordered[:-1], fresh)
    found = ordered[spot] == fresh
    slot = np.arange(own.address.size)
    slot[first:] = np.where(found, first + np.append(order, 0)[spot], -1)
    gone = np.ones(base.address.size, bool)
    gone[slot[slot >= 0]] = False
    home = np.concatenate([base.home[:first], np.where(found, base.home[slot[first:]], own.home)])
    change = own.y.copy()
    change[:, :first] -= base.y[:, :first]
    change[:, first:] -= np.where(found, base.y[:, slot[first:]], 0)
    return Pairs(slot, home, change, np.flatnonzero(gone))


def summed(values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Exact sums of int64[rows, firms] by group: int64[rows, groups]."""
    out = np.zeros((len(values), groups), np.int64)
    if group.size:
        short = group.astype(np.int16) if groups < 2**15 else group  # sorted in two passes
        order = np.argsort(short, kind="stable")
        ordered = group[order]
        starts = beginnings(ordered)
        out[:, ordered[starts]] = np.add.reduceat(values[:, order], starts, axis=1)
    return out


def beginnings(ordered: np.ndarray) -> np.ndarray:
    """Where each run of equal numbers begins, of at least one number."""
    changes = np.ones(ordered.size, bool)
    np.not_equal(ordered[1:], ordered[:-1], out=changes[1:])
    return np.flatnonzero(changes)


def mobile_projects(address: np.ndarray, seed: int | np.uint64, luck: int | np.uint64, part: float) -> np.ndarray:
    """Which firms came as mobile projects of the pool, not as local founders: bool[firms].

    Parameters
    ----------
    address : int64[firms]
        Addresses of the firms' luck; those below the pool's were there before the burn-in.
    seed, luck : int
        The unit's.
    part : float
        Mobile part of the pool (``Ground.mobile_part``).
    """
    out = np.zeros(address.size, bool)
    pool = address >= POOL_FIRST
    member = address[pool]
    quarter = ((member - POOL_FIRST) // POOL_WIDTH).astype(np.uint64)
    first, second = words(np.uint64(seed), np.uint64(luck), member.astype(np.uint64), quarter)
    out[pool] = uniforms_of(hashed(first, second, np.uint64(CLASS))) < part
    return out
