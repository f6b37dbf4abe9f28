"""Keeps firms' diaries while the Mesa view runs: looks between the stages of a quarter and changes nothing.

A firm that keeps a diary goes through the same stages, as plain Python with a look at its numbers after each; its rows
of the tray are settled one by one. Firms without a diary cost nothing.
"""

from __future__ import annotations

import datetime
import importlib
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..firms import MODULES as RULE_MODULES
from ..firms import adopt, invest, kink, take_up
from ..policy.arrays import STATUS_WORDS
from ..policy.claim import KINDS, fact_index, facts_of
from ..policy.dossier import Claim
from ..policy.trace import shown, why
from . import loop
from .claims import (
    CL_ASKED,
    CL_CANCELLED,
    CL_CLAUSE,
    CL_DECIDED,
    CL_FIRM,
    CL_GRANTED,
    CL_PAID,
    CL_RECOVERED,
    CL_STATE,
    CLOSED,
    F_PLACE,
    FILED,
    GRANTED,
    MADE,
    OFF_LADDER,
    ON_LADDER,
    Q_ABLE,
    Q_APPROVE,
    Q_AWARE,
    Q_DAY,
    Q_FACTS,
    Q_FIRM,
    Q_KIND,
    Q_QUOTE,
    Q_SLOT,
    Q_STANDING,
    ROWS_USED,
    SLOTS,
    STAND_BY,
    settle_known,
)
from .columns import number_of
from .diary import UNAWARE, Entry, Layer, Made, Money, Plan, Seen, Verdict
from .symbols import *
from .table import column_of, numbers_of
from .writing import PACKAGE, WRITTEN

LOOKS = ("make", "want", "see_offers", "weigh_support", "jump_to_notch", "jump_to_line", "choose", "plan_digital",
         "spend", "leave_or_stay")  # fmt: skip
"""Stages after which a firm's numbers are looked at."""
ENDLESS = 1e17
"""CNY from which the end of a layer is no end."""


class Diarist:
    """Diaries of the firms that are asked for, by address.

    Parameters
    ----------
    rules : str
        Module with replacing rules, or "".
    places, industries : tuple of str
        Ids by position.
    compiled : policy.compile.Compiled
        The mix as compiled, for names of clauses and packages and for the words of the trace.
    date_of : function
        Name of a quarter from its position in the run.
    """

    def __init__(
        self, rules: str, places: tuple[str, ...], industries: tuple[str, ...], compiled: Any, date_of: Callable
    ) -> None:
        self.rules, self.places, self.industries = rules, places, industries
        self.compiled, self.date_of = compiled, date_of
        self.entries: dict[int, list[Entry]] = {}
        self.looked: dict[str, list[float]] = {}
        self._noted: dict[int, Entry] = {}
        self._claims: dict[int, list[Made]] = {}
        self._money: dict[int, list[Money]] = {}
        self._stages: Callable | None = None
        self._lane: list[float] = []
        self._rows, self._before = np.zeros(0, np.int64), np.zeros((0, 0))

    def keep(self, address: int) -> None:
        """Begin a diary."""
        self.entries.setdefault(address, [])

    # --- stages of the quarter

    def stages(self, luck: Mapping[str, Any]) -> Callable:
        """The stages as plain Python with a look after each of ``LOOKS``; ``luck`` are the compiled luck functions."""
        if self._stages is None:
            self._stages = self._looking(luck)
        return self._stages

    def _looking(self, luck: Mapping[str, Any]) -> Callable:
        names: dict[str, Any] = {}
        modules = [importlib.import_module(f"{PACKAGE}.engine.{name}") for name in WRITTEN]
        for module in modules:
            names |= vars(module)
        names |= dict(zip(sorted(RULE_MODULES), loop.bound_rules(self.rules), strict=True))
        names |= {**luck, "BLOCK": 1, "STRIDE": 1}
        for module in modules:
            for key, function in vars(module).items():
                if isinstance(function, types.FunctionType) and function.__module__ == module.__name__:
                    bound = types.FunctionType(function.__code__, names, key, function.__defaults__)
                    names[key] = self._after(key, bound) if key in LOOKS else bound
        return names["stages"]

    def _after(self, name: str, stage: Callable) -> Callable:
        """A stage that leaves a copy of the firm's numbers behind."""

        def looked_at(*arguments: Any) -> None:
            stage(*arguments)
            self.looked[name] = list(self._lane)

        return looked_at

    def begin(self, lane: list[float]) -> None:
        """A firm goes into its stages."""
        self._lane, self.looked = lane, {"before": list(lane)}

    def write(self, q: int, mix: Any, p: list[float], known: np.ndarray, rent: float) -> None:
        """Its stages are done: note what it saw and chose."""
        before, made, done = self.looked["before"], self.looked["make"], self.looked["leave_or_stay"]
        held, holds = int(before[STEPS_HELD]), int(self._lane[STEPS_HELD])
        self._noted[int(before[FIRM])] = Entry(
            date=self.date_of(q),
            firm=int(before[FIRM]),
            industry=self.industries[int(before[INDUSTRY])],
            place=self.places[int(before[PLACE])],
            age=0.25 * before[AGE],
            staff=made[JOBS],
            revenue=made[W_REVENUE],
            profit=made[W_PROFIT],
            saw=self._saw(q, mix, known, rent),
            chose=self._chose(p),
            rungs=_rungs(holds),
            gained=_rungs(holds & ~held),
            lost=_rungs(held & ~holds),
            left=done[W_EXITS] > 0.5,
        )

    def _saw(self, q: int, mix: Any, known: np.ndarray, rent: float) -> Seen:
        lane, offered = self.looked["make"], self.looked.get("see_offers")
        standing = ON_LADDER if lane[STEPS_HELD] > 0.0 else OFF_LADDER
        told: list[str] = []
        untold: list[str] = []
        for number, package in enumerate(self.compiled.packages):
            if mix.announced[number] <= q and any(clause.pays for clause in package.clause):
                (told if lane[U_AWARE] < known[number, standing] else untold).append(package.id)
        return Seen(
            known=tuple(told),
            unknown=tuple(untold),
            project=_layers(offered, W_LAYER_RATE, W_LAYER_END),
            research=_layers(offered, W_RD_LAYER_RATE, W_RD_LAYER_END),
            rent=rent,
            wage=lane[CELL_ROW + C_WAGE],
            adopters=lane[CELL_ROW + C_ADOPTERS],
        )

    def _chose(self, p: list[float]) -> Plan:
        looks = self.looked
        before, want, decided, digital, spent = (
            looks[name] for name in ("before", "want", "choose", "plan_digital", "spend")
        )
        offered = looks.get("see_offers")
        supported = looks.get("jump_to_line", looks.get("jump_to_notch", want))
        hassle = want[CELL_ROW + C_HASSLE]
        benefit = 0.0
        if offered is not None and "weigh_support" in looks:
            benefit = sum(
                kink.support(want[W_PROJECT], offered[W_LAYER_RATE + k], offered[W_LAYER_END + k])
                for k in range(LAYERS)
            )
        rate = invest.hazard(decided[W_GAP], p[P_CAPITAL_ELASTICITY], p[P_FIXED_COST], p[P_RESALE_WEDGE])
        push = adopt.push_of_support(decided[W_LAYER_RATE], p[P_ADOPTION_RESPONSE])
        chance = invest.maintenance_probability(
            decided[CAPITAL], decided[CELL_ROW + C_DEPRECIATION], p[P_SMALLEST_PURCHASE], p[P_MAINTENANCE_TOP]
        )
        return Plan(
            capital=before[CAPITAL],
            capital_wanted=math.exp(want[W_WANTED]),
            without_support=want[W_PROJECT],
            wanted=supported[W_PROJECT],
            benefit=benefit,
            hassle=hassle,
            readiness=want[U_ABLE],
            applying=take_up.application_probability(benefit, hassle, p[P_HASSLE_SLOPE]),
            gap=decided[W_GAP],
            rate=rate,
            push=decided[W_PUSH],
            uniform=decided[W_U_ADJUST],
            probability=1.0 - math.exp(-0.25 * (rate + decided[W_PUSH]) * (1.0 - decided[W_WAIT])),
            waits=decided[W_WAIT] > 0.5,
            building=decided[BUILD_LEFT],
            funds=decided[W_BOUND],
            allowed=decided[W_PROJECT],
            started=decided[W_START] * decided[W_PROJECT],
            spent=spent[W_SPEND],
            maintained=decided[W_U_MAINTAIN] < chance,
            real_rd=digital[W_RESEARCH],
            reported_rd=digital[W_REPORTED],
            research_support=digital[W_RD_RATE],
            adopts=digital[W_ADOPTS] > 0.5,
            adoption_rate=adopt.hazard(
                p[P_ADOPTION_INNOVATION], p[P_ADOPTION_IMITATION], digital[CELL_ROW + C_ADOPTERS], push
            ),
            adoption_uniform=digital[W_U_ADOPT],
            bought=digital[BOUGHT_DIGITAL],
        )

    # --- the office

    def tray(self, office: Callable, q: int, city: Any, mix: Any, desk: Any, room: Any, out: Any, p: Any) -> None:
        """What the ``office`` does to the tray: a row that belongs to a diary by itself, whole stretches elsewhere."""
        rows = desk.tray[: int(desk.waiting[0])]
        mine = np.flatnonzero(np.isin(rows[:, Q_FIRM], list(self.entries)) & (rows[:, Q_QUOTE] < 0.5))
        at = 0
        for r in mine.tolist():
            self._settle(office, at, r, q, city, mix, desk, room, out, p)
            self._follow(office, r, q, city, mix, desk, room, out, p)
            at = r + 1
        self._settle(office, at, len(rows), q, city, mix, desk, room, out, p)

    @staticmethod
    def _settle(office, first, last, q, city, mix, desk, room, out, p) -> None:
        if last > first:
            part = desk._replace(tray=desk.tray[first:last], waiting=np.array([last - first]))
            office(q, city, mix, part, room, out, p)

    def _follow(self, office, r, q, city, mix, desk, room, out, p) -> None:
        """One row of a firm's: what every clause says to it, then what comes of it."""
        row = desk.tray[r].copy()
        verdicts = self._verdicts(row, city, mix, desk, room.known)
        benefit = sum(verdict.amount for verdict in verdicts)
        used, made = int(city.count[ROWS_USED]), int(out.clause[q, :, MADE].sum())
        self._settle(office, r, r + 1, q, city, mix, desk, room, out, p)
        kind = KINDS[int(row[Q_KIND])].name
        named = list(zip(facts_of(kind), row[Q_FACTS:].tolist(), strict=False))
        place = int(row[Q_FACTS + fact_index(kind, "place")])
        hassle = float(p[P_HASSLE_COST] * mix.hassle[q, place])
        self._claims.setdefault(int(row[Q_FIRM]), []).append(
            Made(
                kind=kind,
                facts={fact.name: shown(fact, x, self.places) for fact, x in named if not math.isnan(x)},
                benefit=benefit,
                hassle=hassle,
                readiness=float(row[Q_ABLE]),
                applying=float(take_up.application_probability(benefit / mix.price[q], hassle, p[P_HASSLE_SLOPE])),
                applied=int(out.clause[q, :, MADE].sum()) > made,
                approved=int(city.count[ROWS_USED]) > used,
                lottery=float(row[Q_APPROVE]),
                approval=float(p[P_APPROVAL]),
                verdicts=verdicts,
            )
        )

    def _verdicts(self, row: np.ndarray, city: Any, mix: Any, desk: Any, known: np.ndarray) -> tuple[Verdict, ...]:
        """What every clause of the claim's kind says, with the office's accounts, by the arithmetic of the office."""
        arrays, kind, facts, slot = mix.arrays, int(row[Q_KIND]), row[Q_FACTS:], int(row[Q_SLOT])
        own = desk._replace(**{name: getattr(desk, name).copy() for name in desk._fields if name != "tray"})
        account = int(number_of(city.firms, ACCOUNT, slot)) if slot >= 0 else -1
        settle_known(row, city, mix, own, account, kind, known, -1)
        place = shown(facts_of(KINDS[kind].name)[F_PLACE], float(facts[F_PLACE]), self.places)
        day = datetime.date.fromordinal(int(row[Q_DAY]))
        claim = Claim("", KINDS[kind].name, "", "", "", day, {"place": place})
        found = []
        for i in range(arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]):
            c = int(arrays.index[i])
            package = int(arrays.clause[c]["package"])
            if row[Q_AWARE] >= known[package, int(row[Q_STANDING])]:
                name = self.compiled.packages[package].id
                said = UNAWARE, 0.0, f"it does not know {name}", f"不知晓{name}"
            else:
                amount = float(own.amount[c].sum())
                words = why(self.compiled, arrays, c, claim, facts, int(own.status[c]), own.detail[c], amount)
                said = STATUS_WORDS[int(own.status[c])], amount, words[0], words[1]
            found.append(Verdict(self.compiled.clauses[c], *said))
        return tuple(found)

    # --- money

    def note(self, city: Any) -> None:
        """Remember how the claims of the diaries' firms stand."""
        rows = city.claims[: int(city.count[ROWS_USED])]
        self._rows = np.flatnonzero(np.isin(rows[:, CL_FIRM], list(self.entries)))
        self._before = rows[self._rows].copy()

    def follow_money(self, city: Any) -> None:
        """What the decision, the conditions and the payments since ``note`` did to them."""
        for old, new in zip(self._before, city.claims[self._rows], strict=True):
            done = self._money.setdefault(int(old[CL_FIRM]), [])
            clause, asked = self.compiled.clauses[int(old[CL_CLAUSE])], float(old[CL_ASKED])
            if old[CL_STATE] in (FILED, STAND_BY) and new[CL_STATE] in (GRANTED, CLOSED) and new[CL_DECIDED] >= 0.0:
                done.append(Money(clause, "granted", float(new[CL_GRANTED]), asked))
            for what, column in (("paid", CL_PAID), ("recovered", CL_RECOVERED), ("cancelled", CL_CANCELLED)):
                if new[column] > old[column]:
                    done.append(Money(clause, what, float(new[column] - old[column]), asked))

    def close(self, q: int, city: Any) -> None:
        """The quarter is over: its entries go into the diaries; a firm that has come begins with its arrival."""
        there = column_of(city.firms, FIRM)[: int(city.count[SLOTS])]
        for slot in np.flatnonzero(np.isin(there, list(self.entries))).tolist():
            address, firm = int(there[slot]), numbers_of(city.firms, slot).tolist()
            noted = self._noted.pop(address, None)
            if noted is None and firm[ALIVE] < 0.5 and not self._money.get(address):
                continue  # it had left before
            entry = noted or self._unseen(q, firm)
            now = self.places[int(firm[PLACE])]
            self.entries[address].append(
                replace(
                    entry,
                    claims=tuple(self._claims.get(address, ())),
                    money=tuple(self._money.get(address, ())),
                    moved_to=now if now != entry.place else "",
                )
            )
        self._claims, self._money = {}, {}

    def _unseen(self, q: int, firm: list[float]) -> Entry:
        """A quarter without the stages: of arrival, or after the exit."""
        return Entry(
            date=self.date_of(q),
            firm=int(firm[FIRM]),
            industry=self.industries[int(firm[INDUSTRY])],
            place=self.places[int(firm[PLACE])],
            age=0.25 * firm[AGE],
            staff=firm[JOBS],
            revenue=0.0,
            profit=0.0,
            saw=None,
            chose=None,
            rungs=_rungs(int(firm[STEPS_HELD])),
            arrived=firm[ALIVE] > 0.5,
        )


def _layers(lane: list[float] | None, rate: int, end: int) -> tuple[Layer, ...]:
    """Layers that pay anything."""
    if lane is None:
        return ()
    pairs = [(lane[rate + k], lane[end + k]) for k in range(LAYERS)]
    return tuple(Layer(s, None if x >= ENDLESS else x) for s, x in pairs if s > 0.0)


def _rungs(bits: int) -> tuple[str, ...]:
    return tuple(step for number, step in enumerate(STEPS) if bits >> number & 1)
