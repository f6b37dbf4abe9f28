"""The firms of one run under every mix, side by side: what estimators are fed from.

Arrays are [record, firm] over all firms of all mixes; a firm that is not there has noughts, and is not ``present``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from policymix.calibrate.variables import FLOW, KNOWN, TRAIT, Named, needed, value_of
from policymix.engine.accounts import Out
from policymix.engine.booking import mobile_projects
from policymix.engine.claims import (
    APPROVED,
    CL_ASKED,
    CL_BASE,
    CL_CLAUSE,
    CL_DECIDED,
    CL_FIRM,
    CL_GRANTED,
    CL_QUARTER,
    CL_SCORE,
    CL_STATE,
    COMMITTED,
    MADE,
    PAID,
    RATIONED,
    RECOVERED,
    ROWS_USED,
    STAND_BY,
    City,
)
from policymix.engine.entry import (
    O_ENTRIES,
    O_EXITS,
    O_MOVES,
    O_PAPER,
    POOL_FIRST,
    POOL_WIDTH,
)
from policymix.engine.setting import Setting
from policymix.engine.symbols import P_BUILD_QUARTERS, P_OTHER_COST_SHARE, P_SERVICES_BUDGET, PARAMETERS, STEPS
from policymix.engine.world import World

SPIKE, IDLE = 0.2, 0.01
"""Yearly investment over capital that counts as a spike (A35, B25), and below which a year counts as idle (B24)."""
PANEL_NAMES = {
    "staff": "employment",
    "own_equipment": "own_digital",
    "bought_services": "bought_digital",
    "ladder": "steps",
    "active": "alive",
}
PLACE_TOTALS = {"entries": O_ENTRIES, "exits": O_EXITS, "moves": O_MOVES, "paper": O_PAPER}
CLAUSE_TOTALS = {
    "paid": PAID,
    "committed": COMMITTED,
    "recovered": RECOVERED,
    "claims_made": MADE,
    "claims_approved": APPROVED,
    "claims_rationed": RATIONED,
}
MONEY_TOTALS = ("paid", "committed", "recovered")
SOURCES = {
    "spike_investment": ("investment", "capital"),
    "small_investment": ("investment", "capital"),
    "spikes": ("investment", "capital"),
    "idle_years": ("investment", "capital"),
    "inputs": ("capital", "staff"),
    "profit": ("value_added", "capital", "staff"),
    "services": ("value_added", "bought_services"),
    "adopted": ("own_equipment",),
    "started": ("building", "build_left"),
    "starts": ("building", "build_left"),
    "free_to_build": ("build_left",),
    **dict.fromkeys(STEPS, ("ladder",)),
    **dict.fromkeys(
        ("deflator", "asked", "granted", "claims", "base", *PLACE_TOTALS, *CLAUSE_TOTALS, "registrations"), ()
    ),
}
"""Columns of the panel that a variable rests on; one that is not listed is a column itself."""
ALWAYS = ("industry", "place", "approved", "alive")
FEN = 100.0
CLAIM_ROWS = (CL_FIRM, CL_CLAUSE, CL_QUARTER, CL_DECIDED, CL_ASKED, CL_GRANTED, CL_BASE, CL_SCORE)
(K_FIRM, K_CLAUSE, K_QUARTER, K_DECIDED, K_ASKED, K_GRANTED, K_BASE, K_SCORE) = range(8)
"""Columns of a mix's claims: address of the firm, clause, quarters of the run in which it was filed and decided, CNY
asked, granted, what it refers to, score."""


@dataclass
class Mix:
    """One mix's firms: present[record, firm], columns by name, claims, totals, parameters by quarter."""

    present: np.ndarray
    columns: dict[str, np.ndarray]
    claims: np.ndarray
    clauses: tuple[str, ...]
    out: Out
    parameters: np.ndarray
    derived: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)


@dataclass
class Table:
    """All mixes of a run.

    Attributes
    ----------
    ids : float64[firms] addresses
    quarters : int64[records] last quarter of each record (year * 4 + quarter - 1)
    span : int, quarters that a record covers
    origin : int, number of the first quarter of the run (burn-in included)
    treatment : int
    """

    ids: np.ndarray
    quarters: np.ndarray
    span: int
    origin: int
    treatment: int
    mixes: dict[str, Mix]
    control: str
    world: World
    setting: Setting
    defined: Mapping[str, Named]
    seed: int
    luck: int
    mobile_part: float
    traits: dict[tuple[str, str, str], np.ndarray] = field(default_factory=dict)

    def records(self, first: int, last: int) -> np.ndarray:
        """Positions of the records that lie wholly between two quarters."""
        return np.flatnonzero((self.quarters - self.span + 1 >= first) & (self.quarters <= last))

    def row(self, name: str) -> Named:
        """What a name stands for."""
        return self.defined.get(name) or KNOWN[name]

    def at(self, record: int) -> int:
        """Position of a record's last quarter among the run's quarters."""
        return int(self.quarters[record]) - self.origin

    def series(self, mix: str, name: str, clause: str = "") -> np.ndarray:
        """A flow or stock under a mix: float64[records, firms]."""
        known = self.mixes[mix].derived
        if (name, clause) not in known:
            known[name, clause] = self._series(mix, name, clause)
        return known[name, clause]

    def _series(self, mix: str, name: str, clause: str) -> np.ndarray:
        one = self.mixes[mix]
        if name.startswith("parameter."):
            column = PARAMETERS.index(name.removeprefix("parameter."))
            values = [one.parameters[self.at(k), column] for k in range(self.quarters.size)]
            return np.repeat(np.array(values)[:, None], self.ids.size, axis=1)
        row = self.row(name)
        if row.expression:
            return value_of(row.expression, lambda other: self.series(mix, other, clause))
        if name == "deflator":
            level = np.array([self.world.env.deflator[self.at(k)] for k in range(self.quarters.size)])
            return np.repeat(level[:, None], self.ids.size, axis=1)
        if name in one.columns:
            return one.columns[name]
        if name in STEPS:
            return (one.columns["ladder"].astype(int) >> STEPS.index(name) & 1).astype(float)
        if name in ("asked", "granted", "claims", "base"):
            return self._of_claims(one, name, clause)
        if name in ("spike_investment", "small_investment", "spikes", "idle_years"):
            return self._by_year(one, name)
        if name == "adopted":
            before = np.vstack([one.columns["own_equipment"][:1], one.columns["own_equipment"][:-1]])
            return np.maximum(one.columns["own_equipment"] - before, 0.0)
        if name == "free_to_build":
            left = one.columns["build_left"]
            return one.present * (np.vstack([left[:1], left[:-1]]) < 0.5)
        if name in ("started", "starts"):
            return self._begun(one, name)
        return self._of_accounts(one, name)

    def _by_year(self, one: Mix, name: str) -> np.ndarray:
        """Calendar years by their investment over capital at the end of the year before."""
        investment, capital = one.columns["investment"], one.columns["capital"]
        out = np.zeros_like(investment)
        years = self.quarters // 4
        for year in np.unique(years):
            rows = np.flatnonzero(years == year)
            before = np.where(rows[0] > 0, capital[rows[0] - 1], 0.0)
            before = np.where(before > 0.0, before, capital[rows[0]])
            rate = np.divide(investment[rows].sum(axis=0), before, out=np.zeros(before.size), where=before > 0.0)
            spike = rate > SPIKE
            if name == "spike_investment":
                out[rows] = investment[rows] * spike
            elif name == "small_investment":
                out[rows] = investment[rows] * ~spike
            else:
                there = one.present[rows].all(axis=0)
                out[rows[-1]] = there * (spike if name == "spikes" else np.abs(rate) < IDLE)
        return out

    def _begun(self, one: Mix, name: str) -> np.ndarray:
        """Projects that began in the record's last quarter: all of their quarters but the first are still to come."""
        long = self.world.p[P_BUILD_QUARTERS]
        begun = one.present & (np.abs(one.columns["build_left"] - (long - 1.0)) < 0.5)
        return begun * (one.columns["building"] * long if name == "started" else 1.0)

    def _of_claims(self, one: Mix, name: str, clause: str) -> np.ndarray:
        """Claims filed, by the record in which they were."""
        out = np.zeros_like(one.present, dtype=float)
        chosen = one.claims
        if clause:
            chosen = chosen[chosen[:, K_CLAUSE] == one.clauses.index(clause)] if clause in one.clauses else chosen[:0]
        slot = np.searchsorted(self.ids, chosen[:, K_FIRM])
        record = np.searchsorted(self.quarters, chosen[:, K_QUARTER] + self.origin)
        slot = np.minimum(slot, self.ids.size - 1)
        good = (self.ids[slot] == chosen[:, K_FIRM]) & (record < self.quarters.size)
        value = {
            "asked": chosen[:, K_ASKED],
            "granted": chosen[:, K_GRANTED],
            "claims": np.ones(len(chosen)),
            "base": chosen[:, K_BASE],
        }[name]
        np.add.at(out, (record[good], slot[good]), value[good])
        return out

    def _of_accounts(self, one: Mix, name: str) -> np.ndarray:
        """Profit, inputs and bought services from columns and the draw's numbers by industry and place."""
        region, env, p = self.world.region, self.world.env, self.world.p
        value, capital, staff = one.columns["value_added"], one.columns["capital"], one.columns["staff"]
        if name == "services":
            return p[P_SERVICES_BUDGET] * one.columns["bought_services"] * value
        industry, place = one.columns["industry"].astype(int), one.columns["place"].astype(int)
        wage_index = np.array([env.wage_index[self.at(k)] for k in range(self.quarters.size)])
        wage = region.annual_wage[industry] * region.wage_level[place] * wage_index[:, None]
        part = 0.25 * self.span
        if name == "profit":
            costs = wage * staff + region.delta[industry] * capital
            return (1.0 - p[P_OTHER_COST_SHARE]) * value - part * costs * one.present
        a, labour = region.a[industry], region.wage_share[industry]
        wanted = a / (env.hurdle.mean() + region.delta[industry])
        per_yuan = labour / wage
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(capital / wanted) * a / (a + labour) + np.log(staff / per_yuan) * labour / (a + labour)
        return np.where(one.present & (staff > 0.0) & (capital > 0.0), part * np.exp(log), 0.0)

    def attribute(self, name: str, clause: str = "", mix: str = "") -> np.ndarray:
        """A flow (a year's) or stock of every firm at the treatment date, under the control mix: float64[firms].

        The year is the last before the treatment, else the first of the run. A firm born later has its values of the
        first record in which it is there (under ``mix`` where the control lacks it).
        """
        key = (name, clause, mix)
        if key not in self.traits:
            self.traits[key] = self._attribute(name, clause, mix)
        return self.traits[key]

    def _attribute(self, name: str, clause: str, mix: str) -> np.ndarray:
        row = self.row(name) if not name.startswith("parameter.") else None
        if row is not None and row.expression:
            return value_of(row.expression, lambda other: self.attribute(other, clause, mix))
        flow = row is not None and row.kind == FLOW
        rows = self._year_before()
        values = self.series(self.control, name, clause)
        out = values[rows].sum(axis=0) * 4.0 / (self.span * rows.size) if flow else values[rows[-1]].copy()
        there = self.mixes[self.control].present[rows[-1]]
        out = np.where(there, out, np.nan)
        for source in (self.control, mix or self.control):
            first, ever = first_there(self.mixes[source].present)
            late = ~np.isfinite(out) & ever
            own = self.series(source, name, clause)[first[late], np.flatnonzero(late)]
            out[late] = own * (4.0 / self.span if flow else 1.0)
        return out

    def _year_before(self) -> np.ndarray:
        """Records of the year before the treatment, or of the first year."""
        rows = self.records(self.treatment - 4, self.treatment - 1)
        if rows.size:
            return rows
        return np.arange(min(max(1, 4 // self.span), self.quarters.size))

    def trait(self, name: str, mix: str, control: str) -> np.ndarray:
        """A lasting trait: industry, place and born as codes, the others 0 or 1: float64[firms]."""
        there, other = self.mixes[mix].present, self.mixes[control].present
        if name == "born":
            before = other[self._year_before()[-1]] & (self.ids < POOL_FIRST + self._pool_quarter() * POOL_WIDTH)
            return np.where(before, 0.0, 1.0)
        if name in ("industry", "place"):
            return self._code(name, mix)
        if name == "recipient":
            return (self.mixes[mix].columns["approved"] * there).max(axis=0)
        if name == "absent":
            return (there.any(axis=0) & ~other.any(axis=0)).astype(float)
        if name == "mobile":
            return self._mobile()
        place = self.mixes[mix].columns["place"]
        first, ever = first_there(there)
        firms = np.arange(self.ids.size)
        if name == "moved":
            return ((place != place[first, firms][None, :]) & there).any(axis=0).astype(float)
        old, had = first_there(other)
        elsewhere = place[first, firms] != self.mixes[control].columns["place"][old, firms]
        return (ever & had & elsewhere).astype(float)

    def _pool_quarter(self) -> int:
        """The treatment's quarter in the calendar of entrants' addresses."""
        return int(self.setting.calendar[0]) + self.treatment - self.origin

    def _code(self, name: str, mix: str) -> np.ndarray:
        out = np.full(self.ids.size, np.nan)
        row = self._year_before()[-1]
        one = self.mixes[self.control]
        out[one.present[row]] = one.columns[name][row, one.present[row]]
        for source in (self.control, mix):
            first, ever = first_there(self.mixes[source].present)
            late = np.isnan(out) & ever
            out[late] = self.mixes[source].columns[name][first[late], np.flatnonzero(late)]
        return out

    def _mobile(self) -> np.ndarray:
        chosen = mobile_projects(
            self.ids.astype(np.int64), np.uint64(self.seed), np.uint64(self.luck), self.mobile_part
        )
        return chosen.astype(float)

    def total(self, mix: str, name: str, places: Sequence[int], clause: str) -> np.ndarray:
        """A total of some places (or of a clause) by record: float64[records]."""
        one = self.mixes[mix]
        by_quarter = self._total(one, name, places, clause)
        ends = [self.at(k) + 1 for k in range(self.quarters.size)]
        return np.array([by_quarter[max(0, end - self.span) : end].sum() for end in ends])

    def _total(self, one: Mix, name: str, places: Sequence[int], clause: str) -> np.ndarray:
        if name == "registrations":
            return self._total(one, "entries", places, clause) + self._total(one, "paper", places, clause)
        if name in PLACE_TOTALS:
            return one.out.place[:, list(places), PLACE_TOTALS[name]].sum(axis=1).astype(float)
        studied = [c.split("/")[0] not in self.setting.history for c in one.clauses]
        chosen = [c == clause for c in one.clauses] if clause else studied
        values = one.out.clause[:, np.array(chosen, bool), CLAUSE_TOTALS[name]].sum(axis=1).astype(float)
        return values / FEN if name in MONEY_TOTALS else values


def claims_of(city: City) -> np.ndarray:
    """Claims of a city filed so far, in the columns ``K_FIRM`` ...; those that only stand by are left out."""
    rows = city.claims[: int(city.count[ROWS_USED])]
    return rows[rows[:, CL_STATE] != STAND_BY][:, CLAIM_ROWS].copy()


def first_there(present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First record in which each firm is there (0 for those that never are), and whether it ever is."""
    return present.argmax(axis=0), np.asarray(present.any(axis=0))


def lay_out(ids: np.ndarray, rows: Sequence[Mapping[str, np.ndarray]]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Records of a panel as [record, firm] over the firms ``ids`` (sorted): present, and columns under their names."""
    own = {panel_name: name for name, panel_name in PANEL_NAMES.items()}
    names = {own.get(name, name): name for name in rows[0] if name != "firm"}
    present = np.zeros((len(rows), ids.size), bool)
    columns = {name: np.zeros((len(rows), ids.size)) for name in names}
    for number, row in enumerate(rows):
        slot = np.searchsorted(ids, row["firm"])
        present[number, slot] = row["alive"] > 0.5
        for name, panel_name in names.items():
            columns[name][number, slot] = row[panel_name]
    return present, columns


def columns_of(names: Iterable[str], defined: Mapping[str, Named]) -> set[str]:
    """Columns of the panel, under its own names, that some variables rest on."""
    measured = [name for name in needed(set(names), defined) if KNOWN[name].kind != TRAIT]
    sources = {source for name in measured for source in SOURCES.get(name, (name,))}
    return {*ALWAYS, "firm", *(PANEL_NAMES.get(name, name) for name in sources)}
