"""What all units of a run share: the region, the compiled mixes, the calendar, the names of the uncertain numbers."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np

from ..policy.arrays import RATION_PRO_RATA
from ..policy.claim import KIND_INDEX, mask
from ..policy.clause import Clause
from ..policy.compile import Compiled, compile_mix
from ..policy.package import Package
from ..region.arrays import quarter_index
from ..region.schema import Environment, Region
from .claims import TYPE_BITS
from .offers import Meeting, find_offers, meeting_of, same_tests, schedule_of
from .symbols import PARAMETERS

HISTORY = "history"
"""Name of the mix of the burn-in: the history's packages alone."""
FIRST_YEAR = 1900
"""Year from which luck's quarters are counted."""


@dataclass(frozen=True)
class Setting:
    """One run's fixed parts.

    Attributes
    ----------
    mixes : dict
        Compiled mix by name, the history's packages included; ``HISTORY`` is the burn-in's.
    versions : dict
        Names of a mix's packages in ``alone`` and ``offers``, in the order of its packages: a package's id, or another
        name where mixes hold different versions of one package.
    alone : dict
        Every version of a package compiled by itself, for the offers that a firm knows package by package.
    offers : dict
        Of every version, to projects and to research (``offers.Offers``).
    history : tuple of str
        Packages in force before the start, under every mix.
    order : list of str
        Mixes in the order they run: the baseline first.
    outside : tuple
        Claims of holders that are no firms, and opened opportunities (``offers.Outside``).
    burn_in, quarters : int
        Quarters of burn-in, and of burn-in and horizon together.
    limits : dict
        Least and greatest value of a parameter by its address, which no clause's change can leave.
    """

    region: Region
    environment: Environment
    mixes: dict[str, Compiled]
    versions: dict[str, tuple[str, ...]]
    alone: dict[str, Compiled]
    offers: dict[str, tuple]
    history: tuple[str, ...]
    order: tuple[str, ...]
    baseline: str
    outside: tuple
    first_quarter: str
    last_quarter: str
    burn_in: int
    quarters: int
    days: np.ndarray
    calendar: np.ndarray
    rules: str = ""
    contract: bool = True
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @cached_property
    def general(self) -> bool:
        """Whether a mix needs what the loop can leave out (``symbols.GENERAL``).

        That is other budgets than a package's yearly one shared in proportion, conditions, and project clauses that
        begin after their announcement or pay from a line on.
        """
        return any(
            _has_other_budgets(mix) or _has_conditions(mix) or _begins_later(mix) for mix in self.mixes.values()
        ) or any(
            np.isfinite(schedule_of(projects, self.alone[name].arrays).line).any()
            for name, (projects, _) in self.offers.items()
        )

    def meetings(self, versions: tuple[str, ...]) -> tuple[Meeting, Meeting, np.ndarray]:
        """Which offers of a mix's packages to projects and to research meet, and whether any clause could pay a project
        (bool[quarters, rows]); worked out once for all mixes with the same offers."""
        offers = [self.offers[version] for version in versions]
        key = tuple(id(each) for each in offers)
        if key not in self._meetings:
            cells = len(self.region.industry) * len(self.region.places)
            kinds = [[each[k] for each in offers] for k in range(2)]
            sizes = (cells * TYPE_BITS.size * 2, cells * 4)
            possible = np.zeros((self.quarters, sizes[0]), bool)
            for each in kinds[0]:
                possible |= each.possible
            found = [meeting_of(kind, self.quarters, size) for kind, size in zip(kinds, sizes, strict=True)]
            self._meetings[key] = (found[0], found[1], possible)
        return self._meetings[key]

    @cached_property
    def year_ends(self) -> tuple[np.ndarray, np.ndarray]:
        """First and last day of every quarter's calendar year, as ordinals."""
        years = [int(calendar) // 4 + FIRST_YEAR for calendar in self.calendar]
        ends = [(datetime.date(year, 1, 1).toordinal(), datetime.date(year, 12, 31).toordinal()) for year in years]
        first, last = np.array(ends, np.int64).T
        return first, last

    @cached_property
    def parameter_limits(self) -> np.ndarray:
        """Least and greatest value of every parameter: float64[parameters, 2]."""
        return np.array([self.limits.get(f"parameter.{name}", (0.0, np.inf)) for name in PARAMETERS])

    @cached_property
    def _meetings(self) -> dict[tuple[int, ...], tuple[Meeting, Meeting, np.ndarray]]:
        return {}

    @cached_property
    def shared(self) -> frozenset[str]:
        """Versions of packages that more than one mix holds."""
        held = [version for versions in self.versions.values() for version in versions]
        return frozenset(version for version, times in Counter(held).items() if times > 1)

    def lineage_of(self, packages: Sequence[str]) -> set[str]:
        """Packages and what they were derived from: a derived package opens the same opportunities."""
        return {name for each in packages for name in self.alone[each].packages[0].lineage}


def make_setting(
    region: Region,
    environment: Environment,
    history: Sequence[Package],
    mixes: Mapping[str, Sequence[Package]],
    *,
    baseline: str,
    burn_in_start: str,
    start: str,
    end: str,
    outside: Sequence = (),
    rules: str = "",
    contract: bool = True,
    limits: Mapping[str, tuple[float, float]] | None = None,
) -> Setting:
    """Compile the mixes of a scenario for its region and lay out the calendar."""
    first, begin, last = quarter_index(burn_in_start), quarter_index(start), quarter_index(end)
    roles, places = region.role_places, region.places
    compiled = {HISTORY: compile_mix(list(history), roles, places)}
    held: dict[tuple[str, ...], Compiled] = {}
    for name, packages in mixes.items():
        compiled[name] = _lean(compile_mix([*history, *packages], roles, places), held)
    versions, named = _versions(compiled)
    alone = {name: _lean(compile_mix([package], roles, places), held) for name, package in named.items()}
    quarters = np.arange(first, last + 1)
    days = np.array([middle_day(int(index)) for index in quarters], np.int64)
    fields = field_masks(region)
    return Setting(
        region=region,
        environment=environment,
        mixes=compiled,
        versions=versions,
        alone=alone,
        offers=_offers(alone, days, fields, len(places)),
        history=tuple(package.id for package in history),
        order=(baseline, *(name for name in mixes if name != baseline)),
        baseline=baseline,
        outside=tuple(outside),
        first_quarter=burn_in_start,
        last_quarter=end,
        burn_in=begin - first,
        quarters=last - first + 1,
        days=days,
        calendar=quarters - 4 * FIRST_YEAR,
        rules=rules,
        contract=contract,
        limits=dict(limits or {}),
    )


def _lean(mix: Compiled, held: dict[tuple[str, ...], Compiled]) -> Compiled:
    """A mix that shares with the first one of the same clauses whatever is equal in both, so that it is held once."""
    first = held.setdefault(mix.clauses, mix)
    if first is mix:
        return mix
    tables = {
        name: table
        for name, table in first.arrays._asdict().items()
        if isinstance(table, np.ndarray) and np.array_equal(table, getattr(mix.arrays, name))
    }
    same = {
        each.name: getattr(first, each.name)
        for each in fields(Compiled)
        if each.name != "arrays" and _equal(getattr(first, each.name), getattr(mix, each.name))
    }
    return replace(mix, arrays=mix.arrays._replace(**tables), **same)  # type: ignore[arg-type]


def _equal(one: object, other: object) -> bool:
    """Whether two parts of a mix are the same; packages and clauses only if they are one object."""
    if isinstance(one, np.ndarray):
        return np.array_equal(one, np.asarray(other))
    if isinstance(one, tuple) and one and isinstance(one[0], Package | Clause):
        return False
    return one == other


def _versions(mixes: Mapping[str, Compiled]) -> tuple[dict[str, tuple[str, ...]], dict[str, Package]]:
    """A name for every version of a package that the mixes hold, and each mix's packages by these names."""
    known: dict[str, list[Package]] = {}
    named: dict[str, Package] = {}
    versions = {}
    for mix, compiled in mixes.items():
        names = []
        for package in compiled.packages:
            others = known.setdefault(package.id, [])
            number = next((n for n, other in enumerate(others) if other is package), len(others))
            if number == len(others):
                others.append(package)
            names.append(f"{package.id}~{number}" if number else package.id)
            named[names[-1]] = package
        versions[mix] = tuple(names)
    return versions, named


def _offers(alone: Mapping[str, Compiled], days: np.ndarray, fields: np.ndarray, places: int) -> dict[str, tuple]:
    """Offers of every version; versions with the same tests and dates share them."""
    found: dict[str, tuple] = {}
    first: dict[str, list[str]] = {}
    for name, compiled in alone.items():
        others = first.setdefault(compiled.packages[0].id, [])
        like = next((other for other in others if same_tests(alone[other], compiled)), None)
        if like is None:
            others.append(name)
            like, found[name] = name, find_offers(compiled, days, fields, places)
        found[name] = found[like]
    return found


def _has_other_budgets(mix: Compiled) -> bool:
    usual = (-1, RATION_PRO_RATA, "year")
    return any(line.amount is None or (line.clause, line.ration, line.per) != usual for line in mix.budgets)


def _has_conditions(mix: Compiled) -> bool:
    return any(clause.conditions for clause in mix.models)


def _begins_later(mix: Compiled) -> bool:
    rows = mix.arrays.clause
    return bool(((rows["kind"] == KIND_INDEX["project"]) & (mix.announced < rows["open_from"])).any())


def field_masks(region: Region) -> np.ndarray:
    """What the firms of each industry do, as bit masks of the clauses' words."""
    return np.array([mask("project", "fields", industry.fields) for industry in region.industry], np.float64)


def middle_day(index: int) -> int:
    """Ordinal of the middle day of a quarter (quarters since year 0): decisions of the quarter are dated by it."""
    first = datetime.date(index // 4, 3 * (index % 4) + 1, 1).toordinal()
    following = index + 1
    end = datetime.date(following // 4, 3 * (following % 4) + 1, 1).toordinal()
    return (first + end - 1) // 2


def quarter_of_day(setting: Setting, day: int) -> float:
    """Position of a day in the run's quarters, so that the middle day of quarter q is q."""
    days = setting.days
    if day <= days[0]:
        return (day - days[0]) / 91.3125
    if day >= days[-1]:
        return setting.quarters - 1 + (day - days[-1]) / 91.3125
    return float(np.interp(day, days, np.arange(setting.quarters)))
