"""The untreated city, run after run: what a statistician would record of its firms.

An observer looks at the city after every quarter, takes a census at the end of the years that count, and keeps the
life table and the adoption table. Runs go on threads; the numbers do not depend on how many.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np

from policymix.engine.booking import mobile_projects
from policymix.engine.claims import SLOTS, City
from policymix.engine.entry import POOL_FIRST, POOL_WIDTH
from policymix.engine.setting import Setting
from policymix.engine.streams import STEPS_OF, hashed, uniforms_of, words
from policymix.engine.symbols import (
    AGE,
    ALIVE,
    CAPITAL,
    FIRM,
    INDUSTRY,
    JOBS,
    OWN_DIGITAL,
    REPORTED,
    REPORTED_NOW,
    RESEARCH,
    REVENUE_1,
    SUM_INVESTMENT,
    SUM_RESEARCH,
    SUM_VALUE,
)
from policymix.engine.table import numbers_of
from policymix.engine.timetable import FREE
from policymix.engine.unit import run_unit
from policymix.engine.warm import warm
from policymix.engine.world import ground_of
from policymix.experiments.inputs import Inputs, gather, uncertainties
from policymix.experiments.runner import draw_values, setting_of
from policymix.experiments.scenario import Scenario, with_options

AGES = 240
"""Quarters of age that the life table tells apart."""
START, LATER = "start", "later"
Reduced = TypeVar("Reduced")


class Census(NamedTuple):
    """The firms at the end of a year, by slot; a firm keeps its slot for life."""

    year: int
    firm: np.ndarray  # uint64 address
    alive: np.ndarray  # bool
    industry: np.ndarray  # int64
    age: np.ndarray  # quarters
    output: np.ndarray  # value added in the fourth quarter, CNY
    jobs: np.ndarray  # persons
    capital: np.ndarray  # CNY
    investment: np.ndarray  # in the year, CNY
    revenue: np.ndarray  # in the year, CNY
    reported: np.ndarray  # reported R&D in the year, CNY


@dataclass(frozen=True)
class Record:
    """What one run left behind.

    Attributes
    ----------
    censuses : consecutive years of the start and of the end, by ``START`` and ``LATER``
    at_risk, exits : float64[years, ages in quarters]
        Life table by calendar year.
    peers, without, adopted : float64[quarters, industries]
        Share of adopters before each quarter, firms without equipment, and how many of them adopted.
    adopters : float64[quarters]
        Share of all firms with equipment of their own.
    origin : function
        Kind of each newcomer by its address: 0 founder, 1 firm that moves in, 2 new branch.
    years : int64[years]
        Calendar years of the life table.
    """

    censuses: dict[str, list[Census]]
    years: np.ndarray
    at_risk: np.ndarray
    exits: np.ndarray
    peers: np.ndarray
    without: np.ndarray
    adopted: np.ndarray
    adopters: np.ndarray
    origin: Callable[[np.ndarray], np.ndarray]


class Observer:
    """Looks at a city after every quarter and changes nothing.

    Parameters
    ----------
    first_year : int
        First calendar year of the horizon.
    years : int
        Years of the horizon.
    window : int
        Years of growth at either end; a census more is needed to begin from.
    industries : int
    """

    def __init__(self, first_year: int, years: int, window: int, industries: int) -> None:
        self.first_year, self.years, self.window, self.industries = first_year, years, window, industries
        self.censuses: dict[str, list[Census]] = {START: [], LATER: []}
        self.at_risk, self.exits = np.zeros((years, AGES)), np.zeros((years, AGES))
        self.adoption: list[np.ndarray] = []
        self.adopters: list[float] = []
        self.before: dict[str, np.ndarray] = {}
        self.year_before = np.zeros(0)

    def watch(self, mix: str, mode: int, quarter: int, calendar: int, city: City) -> None:
        """Look at a city after a quarter."""
        n = int(city.count[SLOTS])
        firms = numbers_of(city.firms, slice(0, n))
        year, season = calendar // 4 + 1900 - self.first_year, calendar % 4
        alive = firms[ALIVE] > 0.5
        if self.before:
            self._count(year, firms, alive)
        if season == 3:
            which = START if year <= self.window else LATER if year >= self.years - self.window - 1 else None
            if which is not None:
                self.censuses[which].append(self._census(year, firms, alive))
            self.year_before = firms[SUM_INVESTMENT].copy()
        self.adopters.append(float(np.mean(firms[OWN_DIGITAL, alive])))
        self.before = {
            "alive": alive,
            "own": firms[OWN_DIGITAL] > 0.5,
            "peers": city.adopters.copy(),
            "value": firms[SUM_VALUE].copy(),
            "research": firms[SUM_RESEARCH].copy(),
            "reported": firms[REPORTED_NOW].copy(),
        }

    def _count(self, year: int, firms: np.ndarray, alive: np.ndarray) -> None:
        """Add a quarter to the life table and to the adoption table."""
        lived = _padded(self.before["alive"], alive.size)
        age = np.minimum(firms[AGE].astype(np.int64) - 1, AGES - 1)
        self.at_risk[year] += np.bincount(age[lived], minlength=AGES)
        self.exits[year] += np.bincount(age[lived & ~alive], minlength=AGES)
        lacked = lived & ~_padded(self.before["own"], alive.size)
        industry = firms[INDUSTRY].astype(np.int64)
        without = np.bincount(industry[lacked], minlength=self.industries)
        adopted = np.bincount(industry[lacked & (firms[OWN_DIGITAL] > 0.5)], minlength=self.industries)
        self.adoption.append(np.array([self.before["peers"], without, adopted]))

    def _census(self, year: int, firms: np.ndarray, alive: np.ndarray) -> Census:
        n = alive.size
        research = firms[SUM_RESEARCH] - _padded(self.before.get("research"), n)
        return Census(
            year=self.first_year + year,
            firm=firms[FIRM].astype(np.uint64),
            alive=alive.copy(),
            industry=firms[INDUSTRY].astype(np.int64),
            age=firms[AGE].copy(),
            output=firms[SUM_VALUE] - _padded(self.before.get("value"), n),
            jobs=firms[JOBS].copy(),
            capital=firms[CAPITAL].copy(),
            investment=firms[SUM_INVESTMENT] - _padded(self.year_before, n),
            revenue=firms[REVENUE_1].copy(),
            reported=_padded(self.before.get("reported"), n) + research * np.exp(firms[REPORTED] - firms[RESEARCH]),
        )

    def record(self, origin: Callable[[np.ndarray], np.ndarray]) -> Record:
        """What has been seen."""
        adoption = np.array(self.adoption)
        return Record(
            self.censuses,
            self.first_year + np.arange(self.years),
            self.at_risk,
            self.exits,
            adoption[:, 0],
            adoption[:, 1],
            adoption[:, 2],
            np.array(self.adopters),
            origin,
        )


def _padded(values: np.ndarray | None, n: int) -> np.ndarray:
    """Values by slot, noughts for the slots taken since."""
    if values is None:
        return np.zeros(n)
    out = np.zeros(n, values.dtype)
    out[: values.size] = values
    return out


def _origins(seed: np.uint64, luck: np.uint64, firms: np.ndarray, mobile_part: float) -> np.ndarray:
    """Nought for firms that were there or founded here, 1 and 2 for the mobile projects by how they came."""
    mobile = mobile_projects(firms.astype(np.int64), seed, luck, mobile_part)
    member = firms[mobile]
    first, second = words(seed, luck, member, (member - np.uint64(POOL_FIRST)) // np.uint64(POOL_WIDTH))
    kinds = np.zeros(firms.size, np.int64)
    kinds[mobile] = np.where(uniforms_of(hashed(first, second, np.uint64(STEPS_OF))) > 0.5, 1, 2)
    return kinds


def untreated(
    scenario: Scenario, runs: int, years: int, seed: int | None = None, settings: Sequence[str] | None = None
) -> Scenario:
    """The scenario without any package under study, for some years from its start, with so many draws.

    ``settings`` are values by address, as for ``run --set``.
    """
    set_by_user = with_options(scenario, mix=scenario.baseline, seed=seed, set=settings)
    last = int(set_by_user.start[:4]) + years - 1
    return with_options(set_by_user, draws=runs, replicates=1, set={"run.end": f"{last}Q4"})


def observe(
    scenario: Scenario,
    reduce: Callable[[Record, Inputs], Reduced],
    window: int,
    *,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Reduced]:
    """Run the untreated city once for every draw and reduce what was seen of each run.

    Parameters
    ----------
    scenario : Scenario
        From `untreated`; every draw has luck of its own.
    reduce : function
        Called with (Record, Inputs) as soon as a run has ended: records are large.
    window : int
        Years of growth that the censuses at either end cover.
    threads, progress
        As for ``experiments.runner.run``.

    Returns
    -------
    list
        What ``reduce`` gave, in the order of the draws.
    """
    inputs = gather(scenario)
    setting = setting_of(inputs)
    priors = uncertainties(inputs)
    values, _ = draw_values(inputs, priors)
    warm(scenario.rules, setting.contract, setting.general)
    names = [prior.name for prior in priors]
    found: dict[int, Reduced] = {}
    if progress is not None:
        progress(0, scenario.draws)

    def work(draw: int) -> None:
        numbers = dict(zip(names, values[draw].tolist(), strict=True))
        found[draw] = reduce(_record(setting, numbers, scenario.seed, draw, window), inputs)

    with ThreadPoolExecutor(max_workers=threads or os.cpu_count() or 1) as pool:
        futures = [pool.submit(work, draw) for draw in range(scenario.draws)]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                if progress is not None:
                    progress(done, scenario.draws)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return [found[draw] for draw in range(scenario.draws)]


def _record(setting: Setting, numbers: dict[str, float], seed: int, luck: int, window: int) -> Record:
    """One run under the eyes of an observer."""
    first = int(setting.calendar[setting.burn_in]) // 4 + 1900
    years = int(setting.calendar[-1]) // 4 + 1900 - first + 1
    observer = Observer(first, years, window, len(setting.region.industry))
    unit = run_unit(setting, numbers, seed, luck, watch=observer.watch, modes=(FREE,))
    part = float(ground_of(setting, unit.world, 0.0).mobile_part[0])

    def origin(firms: np.ndarray) -> np.ndarray:
        return _origins(np.uint64(seed), np.uint64(luck), firms, part)

    return observer.record(origin)


def pairs(censuses: Sequence[Census]) -> list[tuple[Census, Census]]:
    """Neighbouring years, the earlier one padded to the slots of the later."""
    found = []
    for before, after in pairwise(censuses):
        n = after.alive.size
        found.append((Census(before.year, *(_padded(column, n) for column in before[1:])), after))
    return found
