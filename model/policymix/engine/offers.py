"""What a package offers a project or a year's research, as layers: rates that end one after another, and a line from
which more opens.

A schedule that only flattens with slopes s1 > s2 > ... ending at x1 < x2 < ... is the sum of the layers (s_k - s_k+1)
min(x, x_k), so offers of several packages can be laid side by side, and a firm that knows only some of them sees only
those. Which clauses meet is worked out once a run for every industry, place and type of project; their numbers are
those of the draw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from ..policy.arrays import ALTERNATIVE, CLAUSE, MAX_SEGMENTS, TEST
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


class Trial(NamedTuple):
    """How one claim kind is tried: the fact of its size, the facts of a row, those that are unknown when asking whether
    a clause could pay at all, and when asking which clauses meet at any size."""

    kind: int
    base_fact: int
    facts_of: Callable[[int, int, np.ndarray, int], np.ndarray]
    differing: tuple[int, ...]
    sizes: tuple[int, ...]


OF_PROJECTS = Trial(PROJECT, F_TOTAL, project_facts, tuple(OF_THE_PROJECT), tuple(SIZES))
OF_RESEARCH = Trial(RESEARCH_KIND, F_RD, research_facts, tuple(OF_THE_RESEARCH), (F_RD,))


def find_offers(compiled: Compiled, days: np.ndarray, fields: np.ndarray, places: int) -> tuple[Offers, Offers]:
    """Offers of one package, compiled by itself, to projects and to research, for every quarter of a run."""
    cells = len(fields) * places
    return (
        _find(compiled, OF_PROJECTS, cells * TYPE_BITS.size * 2, days, fields, places),
        _find(compiled, OF_RESEARCH, cells * 4, days, fields, places),
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


def _find(compiled: Compiled, of: Trial, rows: int, days: np.ndarray, fields: np.ndarray, places: int) -> Offers:
    arrays, words = compiled.arrays, tuple(fields.tolist())
    clauses = [c for c in range(len(arrays.clause)) if arrays.clause["kind"][c] == of.kind]
    index = np.full((len(days), rows), -1, np.int64)
    possible = np.zeros((len(days), rows), bool)
    patterns: list[Pattern] = []
    known: dict[tuple, int] = {}
    spans: dict[tuple, tuple[np.ndarray, np.ndarray]] = {}
    for q, day in enumerate(days):
        open_now = tuple(
            c for c in clauses if arrays.clause["open_from"][c] <= day <= arrays.clause["open_until"][c]
        )  # fmt: skip
        if open_now and open_now not in spans:
            reached = [_reached(*_asked(arrays, c), of, rows, int(day), words, places) for c in open_now]
            line = np.full(rows, -1, np.int64)
            for row, meets in enumerate(zip(*(met.tolist() for met, _ in reached), strict=True)):
                met = tuple(compress(open_now, meets))
                if met and met not in known:
                    known[met] = len(patterns)
                    patterns.append(Pattern(of.facts_of(row, int(day), fields, places), int(day)))
                line[row] = known.get(met, -1)
            spans[open_now] = line, np.any([some for _, some in reached], axis=0)
        if open_now:
            index[q], possible[q] = spans[open_now]
    return Offers(of.kind, of.base_fact, index, possible, tuple(patterns))


WHERE_AND_WHEN = ("place_mask", "window_fact", "open_from", "open_until", "last_day")
"""Figures of a clause that decide with its tests whether it meets a claim."""


def _asked(arrays, clause: int) -> tuple[bytes, bytes, bytes]:
    """What a clause asks of a claim, whatever other clauses stand beside it: its tables of clause, alternatives, tests,
    with positions counted from nought."""
    row = np.zeros(1, CLAUSE)
    for name in WHERE_AND_WHEN:
        row[name] = arrays.clause[clause][name]
    first, last = (int(arrays.clause[clause][f"alternative_{end}"]) for end in ("first", "last"))
    row["alternative_last"] = last - first
    alternatives = arrays.alternative[first:last].copy()
    begin, end = (
        (int(alternatives["test_first"].min()), int(alternatives["test_last"].max())) if last > first else (0, 0)
    )
    for name in ("test_first", "test_last"):
        alternatives[name] -= begin
    return row.tobytes(), alternatives.tobytes(), arrays.test[begin:end].tobytes()


@lru_cache(maxsize=4096)
def _reached(
    row: bytes, alternatives: bytes, tests: bytes, of: Trial, rows: int, day: int, words: tuple[float, ...], places: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which rows a clause meets on a day at some size, and in which it could pay some firm: bool[rows] each.

    Versions of a package and coalitions of its clauses ask it of the same clauses over and over.
    """
    tables = {"clause": (row, CLAUSE), "alternative": (alternatives, ALTERNATIVE), "test": (tests, TEST)}
    asked = SimpleNamespace(**{name: np.frombuffer(*table) for name, table in tables.items()})
    met, some = np.zeros((2, rows), bool)
    for at in range(rows):
        facts = of.facts_of(at, day, np.array(words), places)
        facts[list(of.sizes)] = np.nan
        met[at] = eligible(asked, 0, facts, day, facts[F_PLACE]) != 0
        facts[list(of.differing)] = np.nan
        some[at] = eligible(asked, 0, facts, day, facts[F_PLACE]) != 0
    return met, some


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
    pattern, at = np.zeros((1, 0), np.int64), np.zeros(quarters * rows, np.int64)
    for each in offers:
        width = len(each.patterns) + 1
        pair = at * width + (each.index.ravel() + 1)
        held = np.bincount(pair, minlength=len(pattern) * width) > 0
        found = np.flatnonzero(held)
        at = (np.cumsum(held) - 1)[pair]
        pattern = np.column_stack([pattern[found // width], found % width - 1])
    return Meeting(pattern, at.reshape(quarters, rows))


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
