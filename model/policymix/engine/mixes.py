"""A mix in one draw: its clauses with their numbers, offers as layers, budgets, credit, claims from outside, demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..errors import InvalidValue
from ..policy.arrays import NEVER, ClauseArrays
from ..policy.claim import KIND_INDEX, KINDS, MAX_FACTS, fact_index
from ..policy.compile import Compiled
from .claims import F_PLACE, City, Mix
from .offers import Meeting, Schedule, schedule_of
from .office import money_of, office_of
from .setting import Setting, quarter_of_day
from .symbols import (
    ALIVE,
    LAYERS,
    P_APPROVAL_LAG_QUARTERS,
    P_OPPORTUNITY_ADDITIONAL,
    P_OPPORTUNITY_LOCAL,
    P_OPPORTUNITY_REALISED,
    PLACE,
    STEPS_HELD,
)
from .table import column_of
from .world import LOCAL_CHANGES, World, parameters_by_quarter, technology

SIZE_OF_A_PROJECT = [
    fact_index("project", name)
    for name in ("new_investment", "total_investment", "construction_spending", "own_use_investment")
]
EXPECTED_CHANGES = "factor on parameter.hassle_cost or parameter.outreach, add to parameter.approval_lag_quarters"


@dataclass(frozen=True)
class Outside:
    """Claims a year of a holder that is no firm of the population, or opened opportunities.

    Attributes
    ----------
    package : str
        Package whose presence opens them.
    id, kind : str
    facts : float64
        Fact array of the kind; the date is that of the quarter.
    per_year : float or None
        Claims a year; None for opportunities, of which ``count`` are offered until ``until``.
    address : str
        Address among the drawn values, before the key (``per_year``, ``count``, ``investment``).
    count, investment : float
        Opportunities offered and their total, CNY.
    opened, until : int
        Ordinals.
    """

    package: str
    id: str
    kind: str
    facts: np.ndarray
    opened: int
    until: int
    per_year: float | None = None
    address: str = ""
    count: float = 0.0
    investment: float = 0.0

    def drawn(self, key: str, values: Mapping[str, float]) -> float:
        """One of its numbers in a draw: as drawn where it is a range, else as it stands."""
        return values.get(f"{self.address}.{key}", getattr(self, key))


class Merged(NamedTuple):
    """Layers of several packages side by side."""

    rate: np.ndarray
    end: np.ndarray
    package: np.ndarray


class Lines(NamedTuple):
    """From where on more opens, what it pays besides and whose it is."""

    line: np.ndarray
    lump: np.ndarray
    rate: np.ndarray
    end: np.ndarray
    package: np.ndarray


class Terms(NamedTuple):
    """What a mix is in one draw, whoever stands in the city; its offers before they are laid out by quarter and row."""

    arrays: ClauseArrays
    project: Merged
    line: Lines | None
    research: Merged
    rest: Mapping[str, Any]  # arguments of ``Mix``


class Layers:
    """What packages and mixes offer in one draw, computed when first asked for.

    Offers of packages that several mixes hold are kept; the terms of mixes, 8 to 22 KB each in dalian-2025, only where
    other replicates of the draw follow (``keep``).
    """

    def __init__(self, setting: Setting, values: Mapping[str, float], keep: bool = False) -> None:
        self._setting, self._values, self._keep = setting, values, keep
        self._known: dict[str, tuple[Schedule, Schedule]] = {}
        self._terms: dict[str, Terms] = {}

    def terms(self, name: str, make: Callable[[], Terms]) -> Terms:
        """The terms of a mix."""
        if name in self._terms:
            return self._terms[name]
        found = make()
        if self._keep:
            self._terms[name] = found
        return found

    def of(self, version: str) -> tuple[Schedule, Schedule]:
        """The offers of a version of a package to projects and to research."""
        if version in self._known:
            return self._known[version]
        compiled = self._setting.alone[version]
        arrays = compiled.with_values(relevant(compiled, self._values))
        projects, research = self._setting.offers[version]
        found = schedule_of(projects, arrays), schedule_of(research, arrays)
        if version in self._setting.shared:
            self._known[version] = found
        return found


def relevant(compiled: Compiled, values: Mapping[str, float]) -> dict[str, float]:
    """Those of the drawn values that are numbers of this mix; one that a version has fixed stays as it is."""
    return {
        each.address: values[each.address]
        for each in compiled.uncertain
        if each.address in values and each.low < each.high
    }


def mix_of(setting: Setting, world: World, name: str, layers: Layers, values: Mapping[str, float], city: City) -> Mix:
    """Everything that the quarters of one mix need."""
    compiled, price = setting.mixes[name], world.env.deflator
    terms = layers.terms(name, lambda: terms_of(setting, world, name, layers, values))
    at_projects, at_research, possible = setting.meetings(setting.versions[name])
    project, research = (
        laid_out(of, at, price) for of, at in ((terms.project, at_projects), (terms.research, at_research))
    )
    line, line_lump, line_rate, line_end, line_package = lines_laid_out(terms.line, at_projects, price)
    return Mix(
        arrays=terms.arrays._replace(clause=terms.arrays.clause.copy()),  # where settling closes clauses for a while
        layer_rate=project.rate,
        layer_end=project.end,
        layer_package=project.package,
        line=line,
        line_lump=line_lump,
        line_rate=line_rate,
        line_end=line_end,
        line_package=line_package,
        rd_rate=research.rate,
        rd_end=research.end,
        rd_package=research.package,
        possible=possible,
        parameters=parameters_by_quarter(setting, world, compiled, relevant(compiled, values)),
        credit=credit(setting, world, compiled, city),
        price=price,
        **terms.rest,
    )


def terms_of(setting: Setting, world: World, name: str, layers: Layers, values: Mapping[str, float]) -> Terms:
    """All of a mix that its draw alone decides."""
    compiled = setting.mixes[name]
    own = relevant(compiled, values)
    arrays = compiled.with_values(own)
    packages = [package.id for package in compiled.packages]
    versions = setting.versions[name]
    offers = [layers.of(version) for version in versions]
    at_projects, at_research, _ = setting.meetings(versions)
    outside = outside_rows(setting, world, packages, values)
    hassle, outreach, sooner = friction(setting, compiled, own, world.region.firms.shape[1])
    usual_lag = np.maximum(0.0, world.p[P_APPROVAL_LAG_QUARTERS] + sooner)
    office = office_of(setting, world, compiled, arrays.clause, usual_lag, own)
    present, with_purchase = money_of(world, compiled, office, "project")
    present_research, _ = money_of(world, compiled, office, "research")
    return Terms(
        arrays,
        merged([each[0] for each in offers], at_projects),
        best_line([each[0] for each in offers], at_projects),
        merged([each[1] for each in offers], at_research),
        {
            "announced": announced(setting, compiled),
            "office": office,
            "studied": np.array([p not in setting.history for p in packages] or [False], np.int64),
            "present": present,
            "present_research": present_research,
            "with_purchase": with_purchase,
            "years_left": years_left(setting, arrays),
            "opens": opens(setting, compiled, arrays),
            "offers": offers_flags(arrays),
            "welcomes": welcomes(arrays, world.region.firms.shape[1]),
            "hassle": hassle,
            "outreach": outreach,
            "outside_kind": outside[0],
            "outside_facts": outside[1],
            "outside_from": outside[2],
            "outside_rate": outside[3],
            "outside_on": outside[4],
            "demand": demand(setting, world, packages, values),
        },
    )


def best_line(tables: list[Schedule], meeting: Meeting) -> Lines | None:
    """By combination the line of the package that pays most from its line on: where it lies, what it pays, whose it is;
    None where no package has one."""
    if not any(np.isfinite(table.line).any() for table in tables):
        return None
    line, lump, rate, end = (
        np.stack([getattr(table, name)[meeting.pattern[:, k]] for k, table in enumerate(tables)])
        for name in ("line", "lump", "rate_above", "end_above")
    )
    reach = np.where(np.isfinite(line), line, 0.0)
    paid = np.where(np.isfinite(line), lump + (rate * np.minimum(reach[..., None], end)).sum(axis=-1), -1.0)
    best = paid.argmax(axis=0)
    each = np.arange(len(best))
    owner = np.where(np.isfinite(line[best, each]), best, -1)
    return Lines(line[best, each], lump[best, each], rate[best, each], end[best, each], owner)


def lines_laid_out(best: Lines | None, meeting: Meeting, price: np.ndarray) -> Lines:
    """Lines by quarter and row; money is nominal in the clauses and at constant prices here."""
    if best is None:
        none = np.zeros((len(price), 0))
        return Lines(
            none, none, np.zeros((len(price), 0, LAYERS)), np.zeros((len(price), 0, LAYERS)), none.astype(np.int64)
        )
    line, lump, rate, end, owner = (each[meeting.at] for each in best)
    by_quarter = price[:, None]
    return Lines(line / by_quarter, lump / by_quarter, rate, end / by_quarter[..., None], owner)


def merged(tables: list[Schedule], meeting: Meeting) -> Merged:
    """By combination the layers of several packages side by side, the weightiest first when there are more than fit,
    and whose they are; -1: no layer."""
    combinations = len(meeting.pattern)
    none = np.zeros((combinations, LAYERS))
    rates = np.concatenate([none, *(table.rate[meeting.pattern[:, k]] for k, table in enumerate(tables))], axis=1)
    ends = np.concatenate([none, *(table.end[meeting.pattern[:, k]] for k, table in enumerate(tables))], axis=1)
    owner = np.repeat(np.arange(-1, len(tables)), LAYERS)
    best = np.argsort(-rates * np.minimum(ends, 1e12), axis=1, kind="stable")[:, :LAYERS]
    rate, end = np.take_along_axis(rates, best, 1), np.take_along_axis(ends, best, 1)
    package = np.where(rate > 0.0, owner[best], -1)
    order = np.argsort(np.where(rate > 0.0, end, np.inf), axis=1, kind="stable")
    return Merged(*(np.take_along_axis(each, order, 1) for each in (rate, end, package)))


def laid_out(offers: Merged, meeting: Meeting, price: np.ndarray) -> Merged:
    """Layers by quarter and row; ends are nominal in the clauses and at constant prices here."""
    rate, end, package = (each.take(meeting.at, axis=0) for each in offers)
    return Merged(rate, end / price[:, None, None], package)


def announced(setting: Setting, compiled: Compiled) -> np.ndarray:
    """Quarter position of each package's announcement."""
    first = np.full(max(1, len(compiled.packages)), NEVER)
    np.minimum.at(first, compiled.arrays.clause["package"], compiled.announced)
    return np.array([1e6 if day == NEVER else quarter_of_day(setting, int(day)) for day in first])


def pays_something(arrays) -> np.ndarray:
    """Whether each clause pays anything in this draw: bool[clauses]."""
    so_far = np.concatenate(([0], np.cumsum(arrays.pays["value"] != 0.0)))
    return so_far[arrays.clause["pays_last"]] > so_far[arrays.clause["pays_first"]]


def offers_flags(arrays) -> np.ndarray:
    """Whether a clause pays anything to projects, to research or national grants, leases, arrivals, talent."""
    paying = set(arrays.clause["kind"][pays_something(arrays)].tolist())
    groups = (("project",), ("research", "national_grant"), ("lease",), ("arrival",), ("talent",))
    return np.array([any(KIND_INDEX[name] in paying for name in names) for names in groups], np.int64)


def years_left(setting: Setting, arrays) -> np.ndarray:
    """Years until the first project clause that pays something ends, by quarter; those already over do not count."""
    out = np.full(setting.quarters, 1e6)
    for row in arrays.clause[pays_something(arrays)]:
        if row["kind"] == KIND_INDEX["project"]:
            left = (row["open_until"] - setting.days) / 365.25
            out = np.where((left >= 0) & (setting.days >= row["open_from"]), np.minimum(out, left), out)
    return out


def opens(setting: Setting, compiled: Compiled, arrays) -> np.ndarray:
    """Quarter in which the next project clause that pays something, announced by then, begins; -1 without one."""
    out = np.full(setting.quarters, setting.quarters)
    for c in np.flatnonzero(pays_something(arrays)):
        row = arrays.clause[c]
        if row["kind"] == KIND_INDEX["project"]:
            begins = int(np.searchsorted(setting.days, row["open_from"]))
            known = (setting.days >= compiled.announced[c]) & (setting.days < row["open_from"])
            out[known] = np.minimum(out[known], begins)
    return np.where(out < setting.quarters, out, -1)


def welcomes(arrays, places: int) -> np.ndarray:
    """Whether any clause that pays on a claim kind is open to each place: int64[kinds, places]."""
    out = np.zeros((len(KINDS), places), np.int64)
    for clause in np.flatnonzero(pays_something(arrays)):
        row = arrays.clause[clause]
        if row["kind"] >= 0:
            bits = place_bits(arrays, int(clause))
            out[row["kind"]] |= np.array([bits >> place & 1 for place in range(places)])
    return out


def place_bits(arrays, clause: int) -> int:
    """Places where a clause can pay, as a bit mask: its package's place and its own tests of the fact ``place``."""
    row = arrays.clause[clause]
    every = (1 << 60) - 1
    own = 0
    for a in range(row["alternative_first"], row["alternative_last"]):
        bits = every
        for t in range(arrays.alternative[a]["test_first"], arrays.alternative[a]["test_last"]):
            if arrays.test[t]["fact"] == F_PLACE:
                bits &= int(arrays.test[t]["mask"])
        own |= bits
    return own & (every if row["place_mask"] == -1 else int(row["place_mask"]))


def friction(
    setting: Setting, compiled: Compiled, values: Mapping[str, float], places: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What friction clauses change where they hold: factors on the cost of applying by quarter and place, on outreach
    by quarter and package, and quarters added to the lag of a package's payments."""
    hassle = np.ones((setting.quarters, places))
    outreach = np.ones((setting.quarters, max(1, len(compiled.packages))))
    sooner = np.zeros(max(1, len(compiled.packages)))
    for change in compiled.changes_with(values):
        name, row = change.address.removeprefix("parameter."), compiled.arrays.clause[change.clause]
        open_now = (setting.days >= change.first) & (setting.days <= change.last)
        bits, package = int(row["place_mask"]), int(row["package"])
        inside = np.array([bits == -1 or bool(bits >> place & 1) for place in range(places)])
        if name == "hassle_cost" and change.op == "factor":
            hassle[np.ix_(open_now, inside)] *= change.value
        elif name == "outreach" and change.op == "factor":
            outreach[open_now, package] *= change.value
        elif name == "approval_lag_quarters" and change.op == "add":
            sooner[package] += change.value
        elif name in LOCAL_CHANGES:
            raise InvalidValue(compiled.clauses[change.clause], f"{change.op} {change.address}", EXPECTED_CHANGES)
    return hassle, outreach, sooner


def credit(setting: Setting, world: World, compiled: Compiled, city: City) -> np.ndarray:
    """Credit lines by quarter and place: CNY a firm at constant prices, share of eligible firms reached, mask of their
    rungs."""
    places = world.region.firms.shape[1]
    out = np.zeros((setting.quarters, places, 3))
    n = int(city.count[0])
    held, place = (column_of(city.firms, c)[:n].astype(np.int64) for c in (STEPS_HELD, PLACE))
    alive = column_of(city.firms, ALIVE)[:n] > 0
    for line in compiled.lends:
        mask = line.steps_mask
        where = int(compiled.arrays.clause["place_mask"][line.clause])
        inside = np.array([where == -1 or bool(where >> code & 1) for code in range(places)])
        eligible = int((alive & inside[place] & ((held & mask) > 0)).sum())
        if eligible == 0 or line.firms <= 0:
            continue
        open_now = np.flatnonzero((setting.days >= line.first) & (setting.days <= line.last))
        each = np.full((open_now.size, 1, 3), (0.0, min(1.0, line.firms / eligible), mask))
        each[:, 0, 0] = line.total / line.firms / world.env.deflator[open_now]
        out[np.ix_(open_now, inside)] = each
    return out


def outside_rows(setting: Setting, world: World, packages: list[str], values: Mapping[str, float]) -> tuple:
    """Claims from outside of the packages in the mix as arrays: kind, facts, first quarter, rate a quarter,
    dating fact."""
    rows = [row for row in setting.outside if row.package in setting.lineage_of(packages)]
    kinds = np.array([KIND_INDEX[row.kind] for row in rows], np.int64)
    facts = np.full((len(rows), MAX_FACTS), np.nan)
    start, rate = np.zeros(len(rows)), np.zeros(len(rows))
    for i, row in enumerate(rows):
        facts[i, : len(row.facts)] = row.facts
        start[i] = np.ceil(quarter_of_day(setting, row.opened))
        quarters = max(1.0, quarter_of_day(setting, row.until) - quarter_of_day(setting, row.opened))
        if row.per_year is None:
            count, investment = row.drawn("count", values), row.drawn("investment", values)
            rate[i] = count * world.p[P_OPPORTUNITY_REALISED] / quarters
            facts[i, SIZE_OF_A_PROJECT] = investment / max(count, 1.0)
        else:
            rate[i] = row.drawn("per_year", values) / 4.0
    on = np.array([fact_index(row.kind, KINDS[KIND_INDEX[row.kind]].on) for row in rows], np.int64)
    return kinds, facts, start, rate, on


def opportunity_spending(
    setting: Setting, world: World, packages: list[str], values: Mapping[str, float]
) -> np.ndarray:
    """Realised spending on opened opportunities by quarter, CNY: offered x realised, spread evenly until the end."""
    out = np.zeros(setting.quarters)
    for row in setting.outside:
        if row.package in setting.lineage_of(packages) and row.per_year is None:
            first, last = quarter_of_day(setting, row.opened), quarter_of_day(setting, row.until)
            open_now = (np.arange(setting.quarters) >= np.ceil(first)) & (np.arange(setting.quarters) <= last)
            investment = row.drawn("investment", values)
            out[open_now] += investment * world.p[P_OPPORTUNITY_REALISED] / max(1.0, last - first)
    return out


def demand(setting: Setting, world: World, packages: list[str], values: Mapping[str, float]) -> np.ndarray:
    """Additional demand from opportunities over the value added of each core industry, by quarter.

    Spending x additional x local core content x value-added ratio; industries that sell technology share it by size.
    """
    r, env = world.region, world.env
    spending = opportunity_spending(setting, world, packages, values)
    if not spending.any():
        return np.zeros((setting.quarters, len(r.a)))
    sellers = r.core & (technology(r) > 0.5)
    value = r.value_added.sum(axis=1)
    extra = spending * world.p[P_OPPORTUNITY_ADDITIONAL] * world.p[P_OPPORTUNITY_LOCAL]
    ratio = float((value * r.va_ratio)[sellers].sum() / value[sellers].sum())
    quarterly = 0.25 * value[sellers].sum() * env.deflator * env.gdp_real / env.gdp_real[setting.burn_in - 1]
    return np.where(sellers[None, :], (extra * ratio / quarterly)[:, None], 0.0)
