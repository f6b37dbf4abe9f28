"""Runs of the reference model in Mesa under its own batch runner: an agent object for every firm.

Its luck is the model's own generator, as in any Mesa model, so that it agrees with the others within Monte Carlo error.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import mesa
import numpy as np

from . import spec as s

CURVATURE = 1.0 / (1.0 - s.CAPITAL_SHARE)
LN_KEPT, LN_CAPITAL_SHARE = math.log(1 - s.WEAR), math.log(s.CAPITAL_SHARE)
LN_STAFF_SHARE = math.log(s.LABOUR_SHARE) - math.log(s.WAGE)
NORMAL, INTENSITY, LEAST_CAPITAL, LEAST_INTENSITY, LN_USER_COST, SECTOR_ENDS = (
    table.tolist()
    for table in (s.NORMAL, s.INTENSITY, s.LEAST_CAPITAL, s.LEAST_INTENSITY, s.LN_USER_COST, s.SECTOR_ENDS)
)
AT = {name: position for position, name in enumerate(s.OUTPUTS)}
INVESTMENT, VALUE_ADDED, STAFF, CAPITAL, FIRMS, PAID, ADOPTERS, RESEARCH, EXITS, ENTRIES, PROMOTIONS, PROFIT = range(12)
FIRST_TIER, FIRST_CLAUSE = AT["tier_0"], AT["clause_0"]
STATE = ("capital", "ln_productivity", "staff", "intensity", "cash", "age", "sector", "zone", "tier", "digital")

FIRST_FIRMS: dict[tuple[int, int, int], list[list[float]]] = {}
"""Columns of the firms at the start by (firms, seed, replicate), made before anything is timed."""


class Clause(NamedTuple):
    """One incentive rule."""

    sectors: int
    zone: int
    tier: int
    oldest: float
    least: float
    base: int
    rate_1: float
    rate_2: float
    rate_3: float
    line_1: float
    line_2: float
    cap: float
    group: int

    @classmethod
    def of(cls, row: np.ndarray) -> Clause:
        """A row of a mix."""
        whole = ("sectors", "zone", "tier", "base", "group")
        return cls(*(int(x) if name in whole else x for name, x in zip(s.FIELDS, row.tolist(), strict=True)))


def logistic(score: float) -> float:
    """Probability of a score."""
    return 1.0 / (1.0 + math.exp(-score))


class Firm(mesa.Agent):
    """A firm."""

    def __init__(self, model, capital, ln_productivity, staff, intensity, cash, age, sector, zone, tier, digital):
        super().__init__(model)
        self.capital, self.ln_productivity, self.staff = capital, ln_productivity, staff
        self.intensity, self.cash, self.age = intensity, cash, age
        self.sector, self.zone, self.tier, self.digital = sector, zone, tier, digital

    def benefits(self, project: float, wages: float, spending: float) -> list[float]:
        """What each clause pays; of an exclusive group only the highest."""
        bases, paid, best = (project, wages, spending), [0.0] * s.CLAUSES, {}
        sector, zone, tier, age = 1 << self.sector, self.zone + 1, self.tier, self.age
        for number, c in enumerate(self.model.clauses):
            if (
                not c.sectors & sector
                or (c.zone and c.zone != zone)
                or tier < c.tier
                or age > c.oldest
                or project < c.least
            ):
                continue
            x = bases[c.base]
            amount = c.rate_1 * x
            if x > c.line_1:
                amount = c.rate_1 * c.line_1 + c.rate_2 * (min(x, c.line_2) - c.line_1)
                if x > c.line_2:
                    amount += c.rate_3 * (x - c.line_2)
            amount = min(amount, c.cap)
            if c.group >= 0:
                rival = best.get(c.group)
                if rival is not None:
                    if amount <= paid[rival]:
                        continue
                    paid[rival] = 0.0
                best[c.group] = number
            paid[number] = amount
        return paid

    def step(self) -> None:
        """One quarter."""
        model, sector, random = self.model, self.sector, self.random.random
        sums, t = model.sums[sector], model.quarter
        level = NORMAL[sector] + s.RESEARCH_GAIN * self.intensity + s.DIGITAL_GAIN * self.digital
        la = s.PERSISTENCE * self.ln_productivity + (1 - s.PERSISTENCE) * level + s.SPREAD * self.random.gauss(0.0, 1.0)
        self.ln_productivity = la
        lnk, lnl = math.log(self.capital), math.log(self.staff)
        lnva = la + s.CAPITAL_SHARE * lnk + s.LABOUR_SHARE * lnl
        value = math.exp(lnva)
        lnw = (LN_CAPITAL_SHARE + la + s.LABOUR_SHARE * lnl - LN_USER_COST[t]) * CURVATURE
        wanted, kept = math.exp(lnw), (1 - s.WEAR) * self.capital
        project, wages, spending = max(wanted - kept, 0.0), s.WAGE * self.staff, self.intensity * value
        paid_by = self.benefits(project, wages, spending)
        by_base = [0.0, 0.0, 0.0]
        for clause, amount in zip(model.clauses, paid_by, strict=True):
            by_base[clause.base] += amount
        on_projects, other = by_base[0], by_base[1] + by_base[2]
        invested = self.invest(lnk, lnw, wanted, kept, value, project, on_projects)
        acts = invested > 0.0
        self.capital = kept + invested
        paid = other + (on_projects if acts else 0.0)
        for number, amount in enumerate(paid_by, FIRST_CLAUSE):
            if amount and (acts or model.clauses[number - FIRST_CLAUSE].base):
                sums[number] += amount
        if not self.digital:
            score = (
                s.ADOPT_BASE
                + s.ADOPT_SUPPORT * min((on_projects + other) / value, 2.0)
                + s.ADOPT_PEERS * model.peers[sector]
            )
            self.digital = int(random() < logistic(score))
        support = min(1.0, by_base[2] / (spending + 1e-9))
        self.intensity += s.RESEARCH_SPEED * (INTENSITY[sector] * (1 + s.RESEARCH_RESPONSE * support) - self.intensity)
        tier = self.tier
        if (
            tier < 5
            and self.capital >= LEAST_CAPITAL[tier]
            and self.intensity >= LEAST_INTENSITY[tier]
            and random() < logistic(s.RISE_BASE + s.RISE_RESEARCH * self.intensity + s.RISE_PRODUCTIVITY * la)
        ):
            self.tier += 1
            sums[PROMOTIONS] += 1
        self.staff = math.exp((1 - s.STAFF_SPEED) * lnl + s.STAFF_SPEED * (LN_STAFF_SHARE + lnva))
        operating = value - wages - spending
        profit = operating + paid
        self.cash = s.CASH_KEPT * self.cash + (1 - s.TAX) * operating + paid - invested - s.INTEREST * self.capital
        score = s.EXIT_BASE + s.EXIT_SIZE * lnl + s.EXIT_AGE * min(self.age, 40) / 40
        score += s.EXIT_PROFIT * max(-1.0, min(1.0, profit / value))
        self.age += 1
        sums[INVESTMENT] += invested
        sums[VALUE_ADDED] += value
        sums[PAID] += paid
        sums[RESEARCH] += spending
        sums[PROFIT] += profit
        if random() < logistic(score):
            sums[EXITS] += 1
            self.remove()
            return
        sums[STAFF] += self.staff
        sums[CAPITAL] += self.capital
        sums[FIRMS] += 1
        sums[ADOPTERS] += self.digital
        sums[FIRST_TIER + self.tier] += 1

    def invest(
        self, lnk: float, lnw: float, wanted: float, kept: float, value: float, project: float, on_projects: float
    ) -> float:
        """Investment of the quarter."""
        rate = min(s.LARGEST_RATE, on_projects / project) if project > 0 else 0.0
        rise = -math.log(1 - rate) * CURVATURE
        gap = lnw + rise - (lnk + LN_KEPT)
        fixed = s.FIXED_COST * self.random.random() * self.capital
        if gap <= 0 or 0.5 * s.GAIN_OF_GAP * value * gap * gap <= fixed:
            return 0.0
        own = max(0.0, self.cash + s.BANKABLE * value) / (1 - rate)
        return max(0.0, min(wanted * math.exp(rise) - kept, own))


class FirmModel(mesa.Model):
    """The reference model."""

    def __init__(self, firms: int, start_seed: int, replicate: int, mix: int, luck: int = 0):
        super().__init__(seed=luck + start_seed * 100003 + replicate * 101 + mix)
        self.firms, self.quarter = firms, 0
        self.clauses = [Clause.of(row) for row in s.mixes(mix + 1)[mix]]
        columns = FIRST_FIRMS[firms, start_seed, replicate]
        Firm.create_agents(self, firms, *columns)
        count, adopters = [0] * s.SECTORS, [0] * s.SECTORS
        for sector, digital in zip(columns[STATE.index("sector")], columns[STATE.index("digital")], strict=True):
            count[sector] += 1
            adopters[sector] += digital
        self.peers = [a / max(1, n) for a, n in zip(adopters, count, strict=True)]
        self.sums: list[list[float]] = []
        self.datacollector = mesa.DataCollector(model_reporters={"sums": lambda model: model.sums})

    def step(self) -> None:
        """One quarter."""
        self.sums = [[0.0] * len(s.OUTPUTS) for _ in range(s.SECTORS)]
        self.agents.shuffle_do("step")
        self.peers = [sums[ADOPTERS] / max(1.0, sums[FIRMS]) for sums in self.sums]
        self.enter()
        self.datacollector.collect(self)
        self.quarter += 1
        self.running = self.quarter < s.QUARTERS

    def enter(self) -> None:
        """Newcomers."""
        random, gauss = self.random.random, self.random.gauss
        for _ in range(int(self.rng.poisson(s.ENTRY_RATE * self.firms))):
            u = random()
            sector = next(number for number, end in enumerate(SECTOR_ENDS) if u < end)
            la = NORMAL[sector] + s.ENTRANT_SPREAD * gauss(0.0, 1.0)
            lnk = s.ENTRANT_CAPITAL + s.ENTRANT_CAPITAL_SPREAD * gauss(0.0, 1.0)
            lnl = s.ENTRANT_STAFF + s.ENTRANT_STAFF_SPREAD * gauss(0.0, 1.0)
            k, staff, rd = math.exp(lnk), math.exp(lnl), INTENSITY[sector]
            firm = Firm(self, k, la, staff, rd, s.CASH_AT_START * k, 0, sector, 0, 0, 0)
            spending = rd * math.exp(la + s.CAPITAL_SHARE * lnk + s.LABOUR_SHARE * lnl)
            worth = []
            for firm.zone in range(s.ZONES):
                paid = firm.benefits(k, s.WAGE * staff, spending)
                weights = (s.YEARS_COUNTED if clause.base else 1.0 for clause in self.clauses)
                worth.append(sum(weight * amount for weight, amount in zip(weights, paid, strict=True)))
            firm.zone = int(random() < logistic(s.ZONE_BASE + s.ZONE_SUPPORT * (worth[1] - worth[0]) / k))
            self.sums[sector][ENTRIES] += 1


def prepare(firms: int, seed: int, replicates: int) -> None:
    """Make the firms at the start."""
    for replicate in range(replicates):
        if (firms, seed, replicate) not in FIRST_FIRMS:
            first = s.first_firms(firms, seed, replicate)
            FIRST_FIRMS[firms, seed, replicate] = [first[name][:firms].tolist() for name in STATE]


def run(firms: int, seed: int, replicates: int, mixes: int, luck: int = 0) -> np.ndarray:
    """All replicates under all mixes by ``mesa.batch_run``, [replicates, mixes, QUARTERS, SECTORS, OUTPUTS]."""
    prepare(firms, seed, replicates)
    rows = mesa.batch_run(
        FirmModel,
        {"firms": firms, "start_seed": seed, "replicate": range(replicates), "mix": range(mixes), "luck": luck},
        number_processes=1,
        data_collection_period=1,
        display_progress=False,
    )
    out = np.zeros((replicates, mixes, s.QUARTERS, s.SECTORS, len(s.OUTPUTS)))
    for row in rows:
        out[row["replicate"], row["mix"], row["Step"]] = row["sums"]
    return out
