"""What a package offers a project or a year's research, as layers: rates that end one after another, and a line from
which more opens.

A schedule that only flattens with slopes s1 > s2 > ... ending at x1 < x2 < ... is the sum of the layers (s_k - s_k+1)
min(x, x_k), so offers of several packages can be laid side by side, and a firm that knows only some of them sees only
those. Which clauses meet is worked out once a run for every industry, place and type of project; their numbers are
those of the draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..policy.arrays import MAX_SEGMENTS
from ..policy.claim import MAX_FACTS
from ..policy.compile import Compiled
from ..policy.schedule import eligible
from ..policy.segments import segments
from .claims import (
    F_CONSTRUCTION,
    F_CORE,
    F_EMPLOYEES,
    F_FIELDS,
    F_LOCAL,
    F_MAJOR,
    F_NEW,
    F_NEWLY,
    F_OWN_USE,
    F_PLACE,
    F_PROJECT_ON,
    F_RD,
    F_RD_MAJOR,
    F_REGISTERED,
    F_RESEARCH_ON,
    F_REVENUE,
    F_STEPS,
    F_TOTAL,
    F_TYPES,
    PROJECT,
    RESEARCH_KIND,
    TYPE_BITS,
)
from .symbols import LAYERS

TRIAL = 1e6
"""CNY of the project or research whose facts are tried."""
LONG_AGO = 1000
"""Days since the trial firm was registered."""
OF_THE_FIRM = [F_STEPS, F_REVENUE, F_EMPLOYEES, F_REGISTERED]
OF_THE_PROJECT = [*OF_THE_FIRM, F_NEW, F_TOTAL, F_CONSTRUCTION, F_OWN_USE, F_NEWLY]
OF_THE_RESEARCH = [*OF_THE_FIRM, F_RD]
"""Facts that differ between firms and sizes within a row: unknown when asking whether a clause could pay at all."""
SIZES = [F_NEW, F_TOTAL, F_CONSTRUCTION, F_OWN_USE]
"""Facts that are the size of a project: unknown when asking which clauses meet at any size."""


@dataclass(frozen=True)
class Pattern:
    """One set of clauses that can meet: a claim that they meet, and its day."""

    facts: np.ndarray
    day: int


@dataclass(frozen=True)
class Offers:
    """A package's offers to one claim kind: which pattern holds in each quarter and row (-1 for none), and
    whether any can.

    Rows of projects are (industry, place, type, major), of research (industry, place, major, core technology).
    """

    kind: int
    base_fact: int
    index: np.ndarray  # int64[quarters, rows]
    possible: np.ndarray  # bool[quarters, rows]: whether any clause could pay some firm in the row
    patterns: tuple[Pattern, ...]


def project_facts(row: int, day: int, fields: np.ndarray, places: int) -> np.ndarray:
    """Facts of a trial project of a row."""
    facts = np.full(MAX_FACTS, np.nan)
    types = TYPE_BITS.size
    cell = row // (2 * types)
    facts[[F_PLACE, F_REGISTERED, F_STEPS, F_FIELDS]] = cell % places, day - LONG_AGO, 0.0, fields[cell // places]
    facts[[F_LOCAL, F_PROJECT_ON, F_TYPES, F_MAJOR]] = 1.0, day, TYPE_BITS[row // 2 % types], row % 2
    facts[[F_NEW, F_TOTAL, F_CONSTRUCTION, F_OWN_USE, F_NEWLY]] = TRIAL, TRIAL, TRIAL, TRIAL, 0.0
    return facts


def research_facts(row: int, day: int, fields: np.ndarray, places: int) -> np.ndarray:
    """Facts of a trial year's research of a row."""
    facts = np.full(MAX_FACTS, np.nan)
    cell = row // 4
    facts[[F_PLACE, F_REGISTERED, F_STEPS, F_FIELDS]] = cell % places, day - LONG_AGO, 0.0, fields[cell // places]
    facts[[F_LOCAL, F_RESEARCH_ON, F_RD, F_RD_MAJOR, F_CORE]] = 1.0, day, TRIAL, row // 2 % 2, row % 2
    return facts


def find_offers(compiled: Compiled, days: np.ndarray, fields: np.ndarray, places: int) -> tuple[Offers, Offers]:
    """Offers of one package, compiled by itself, to projects and to research, for every quarter of a run."""
    cells = len(fields) * places
    return (
        _find(
            compiled,
            (PROJECT, F_TOTAL, project_facts, OF_THE_PROJECT, SIZES),
            cells * TYPE_BITS.size * 2,
            days,
            fields,
            places,
        ),
        _find(
            compiled, (RESEARCH_KIND, F_RD, research_facts, OF_THE_RESEARCH, [F_RD]), cells * 4, days, fields, places
        ),
    )


AMOUNTS_OF_A_CLAUSE = ("area_max", "lag_quarters")
"""Figures of a clause that say how much or when it pays, not whether it meets a claim."""


def same_tests(one: Compiled, other: Compiled) -> bool:
    """Whether two versions of a package meet the same claims on the same days, so that they have the same offers."""
    first, second = one.arrays, other.arrays
    if not (np.array_equal(first.test, second.test) and np.array_equal(first.alternative, second.alternative)):
        return False
    whether = [name for name in first.clause.dtype.names or () if name not in AMOUNTS_OF_A_CLAUSE]
    return first.clause.shape == second.clause.shape and bool((first.clause[whether] == second.clause[whether]).all())


def _find(compiled, of, rows, days, fields, places) -> Offers:
    kind, base_fact, facts_of, differing, sizes = of
    arrays = compiled.arrays
    clauses = [c for c in range(len(arrays.clause)) if arrays.clause["kind"][c] == kind]
    index = np.full((len(days), rows), -1, np.int64)
    patterns: list[Pattern] = []
    known: dict[tuple, int] = {}
    spans: dict[tuple, tuple[np.ndarray, np.ndarray]] = {}
    possible = np.zeros((len(days), rows), bool)
    for q, day in enumerate(days):
        open_now = tuple(
            c for c in clauses if arrays.clause["open_from"][c] <= day <= arrays.clause["open_until"][c]
        )  # fmt: skip
        if open_now and open_now not in spans:
            line, some = np.full(rows, -1, np.int64), np.zeros(rows, bool)
            for row in range(rows):
                trial = facts_of(row, int(day), fields, places)
                facts = trial.copy()
                facts[sizes] = np.nan
                met = tuple(c for c in open_now if eligible(arrays, c, facts, int(day), facts[F_PLACE]) != 0)
                if met and met not in known:
                    known[met] = len(patterns)
                    patterns.append(Pattern(trial, int(day)))
                line[row] = known.get(met, -1)
                facts[differing] = np.nan
                some[row] = any(eligible(arrays, c, facts, int(day), facts[F_PLACE]) != 0 for c in open_now)
            spans[open_now] = line, some
        if open_now:
            index[q], possible[q] = spans[open_now]
    return Offers(kind, base_fact, index, possible, tuple(patterns))


class Schedule(NamedTuple):
    """A package's offers to one claim kind in one draw, by pattern; the last row, that of -1, offers nothing."""

    rate: np.ndarray  # float64[patterns + 1, LAYERS] below the line
    end: np.ndarray  # float64[patterns + 1, LAYERS] CNY
    line: np.ndarray  # float64[patterns + 1] CNY from which more opens, infinite without one
    lump: np.ndarray  # float64[patterns + 1] CNY paid from the line on whatever the size
    rate_above: np.ndarray  # float64[patterns + 1, LAYERS] from the line on: lump + sum of rate x min(size, end)
    end_above: np.ndarray


def schedule_of(offers: Offers, arrays) -> Schedule:
    """A package's layers and line with the numbers of a draw."""
    n = len(offers.patterns) + 1
    rate, end, rate_above, end_above = (np.zeros((n, LAYERS)) for _ in range(4))
    line, lump = np.full(n, np.inf), np.zeros(n)
    x, slope, base = (np.zeros(MAX_SEGMENTS + 1) for _ in range(3))
    for number, pattern in enumerate(offers.patterns):
        pieces = segments(arrays, offers.kind, pattern.facts, pattern.day, offers.base_fact, x, slope, base)
        first = notch_of(x, slope, base, pieces)
        _layers(x, slope, 0, first, x[first] if first < pieces else 1e18, rate[number], end[number])
        if first < pieces:
            _layers(x, slope, first, pieces, 1e18, rate_above[number], end_above[number])
            line[number] = x[first]
            lump[number] = base[first] - (rate_above[number] * np.minimum(x[first], end_above[number])).sum()
    return Schedule(rate, end, line, lump, rate_above, end_above)


class Meeting(NamedTuple):
    """Which patterns of the packages of a mix meet: a few combinations, and which of them holds where."""

    pattern: np.ndarray  # int64[combinations, packages], -1 for none of a package
    at: np.ndarray  # int64[quarters, rows] position of the combination


def meeting_of(offers: Sequence[Offers], quarters: int, rows: int) -> Meeting:
    """The combinations of patterns of several packages, by quarter and row."""
    if not offers:
        return Meeting(np.zeros((1, 0), np.int64), np.zeros((quarters, rows), np.int64))
    stacked = np.stack([each.index.ravel() for each in offers], axis=1)
    pattern, index = np.unique(stacked, axis=0, return_inverse=True)
    return Meeting(pattern, index.reshape(quarters, rows))


def notch_of(x: np.ndarray, slope: np.ndarray, base: np.ndarray, pieces: int) -> int:
    """The first piece that begins above the end of the one before it or rises faster; ``pieces`` without one."""
    for s in range(1, pieces):
        before = base[s - 1] + slope[s - 1] * (x[s] - x[s - 1])
        if base[s] > before + 0.01 or slope[s] > slope[s - 1] + 1e-12:
            return s
    return pieces


def _layers(x, slope, first, last, until, rate, end) -> None:
    """Flattening pieces as layers: each rate is what its slope loses at its end."""
    layer = 0
    for s in range(first, last):
        following = slope[s + 1] if s + 1 < last else 0.0
        if slope[s] - following > 1e-12 and layer < LAYERS:
            rate[layer] = slope[s] - following
            end[layer] = x[s + 1] if s + 1 < last else until
            layer += 1
