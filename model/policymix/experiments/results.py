"""The labelled results: integers of the units become one Dataset with dims, units and names in two languages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from policymix.engine.accounts import A_FIRMS, A_INVESTMENT, A_JOBS, A_REVENUE, A_VALUE, STAFF_UNIT
from policymix.engine.appraisal import ACTIVITIES, MEASURES
from policymix.engine.claims import APPROVED, CANCELLED, COMMITTED, FEN, MADE, PAID, RATIONED, RECOVERED
from policymix.engine.entry import O_ENTRIES, O_EXITS, O_MOVES, O_PAPER, O_REAL_RD, O_REPORTED_RD
from policymix.engine.setting import HISTORY, Setting
from policymix.engine.symbols import STEPS
from policymix.engine.timetable import FROZEN
from policymix.engine.unit import MixResult, UnitResult
from policymix.experiments import store
from policymix.experiments.inputs import Inputs
from policymix.experiments.outcomes import OUTCOMES
from policymix.experiments.parameters import Prior
from policymix.experiments.quarters import last_day, quarters
from policymix.policy.claim import KINDS
from policymix.policy.versions import digest
from policymix.region.totals import total_key

if TYPE_CHECKING:
    import xarray

SCHEMA_VERSION = 1
PRICES = ("frozen", "free")
ACCOUNTS = {"committed": COMMITTED, "paid": PAID, "cancelled": CANCELLED, "recovered": RECOVERED}
CLAIM_COUNTS = {"claims_made": MADE, "claims_approved": APPROVED, "claims_rationed": RATIONED}
MONEY_FLOWS = {"investment": A_INVESTMENT, "value_added": A_VALUE, "revenue": A_REVENUE}
PLACE_MONEY = {"real_rd": O_REAL_RD, "reported_rd": O_REPORTED_RD}
PLACE_COUNTS = {"entries": O_ENTRIES, "exits": O_EXITS, "relocations_in": O_MOVES}


class Table:
    """Arrays of all outcomes, filled unit by unit in any order."""

    def __init__(
        self, inputs: Inputs, setting: Setting, priors: list[Prior], values: np.ndarray, refused: float
    ) -> None:
        self.inputs, self.setting = inputs, setting
        scenario = inputs.scenario
        self.mixes = list(scenario.mixes)
        self.clauses = sorted_clauses(setting)
        self.payers = payers_of(setting)
        self.years = list(range(int(scenario.start[:4]) - 1, int(scenario.end[:4]) + 1))
        self.coords: dict[str, list[str] | list[int] | np.ndarray] = {
            "prices": list(PRICES),
            "mix": self.mixes,
            "draw": np.arange(scenario.draws),
            "replicate": np.arange(scenario.replicates),
            "quarter": quarters(scenario.start, scenario.end),
            "year": self.years,
            "place": list(inputs.region.places),
            "industry": list(inputs.region.industries),
            "step": list(STEPS),
            "clause": self.clauses,
            "payer": self.payers,
            "activity": list(ACTIVITIES),
            "parameter": [prior.name for prior in priors],
        }
        self.outcomes = list(OUTCOMES)
        sizes = {name: len(values_) for name, values_ in self.coords.items()}
        self.arrays = {o.name: np.full([sizes[d] for d in o.dims], np.nan) for o in self.outcomes}
        self.arrays["parameter_value"][:] = values
        self.refused = refused
        self.synthetic: dict[tuple[int, int], dict[str, float]] = {}

    def put(self, draw: int, replicate: int, unit: UnitResult) -> None:
        """Write one unit; every cell has one writer, so the order of units does not matter."""
        baseline = next(r for r in unit.results if r.mix == self.setting.baseline)
        base_core = self._core(baseline, unit, self.setting.burn_in)
        for result in unit.results:
            m = self.mixes.index(result.mix)
            if result.mix == self.setting.baseline:
                for prices in range(2):
                    self._put_real(prices, m, draw, replicate, result, unit, base_core)
            else:
                self._put_real(0 if result.mode == FROZEN else 1, m, draw, replicate, result, unit, base_core)
            if result.mode != FROZEN:
                self._put_money(m, draw, replicate, result)
        share = self.arrays["core_share"][1, self.mixes.index(self.setting.baseline), draw, replicate]
        self.arrays["core_share_luck"][draw, replicate, 1:] = share[1:] * unit.luck_share
        self.arrays["core_share_granular_sd"][draw, replicate, 1:] = share[1:] * unit.granular
        self.arrays["core_share_luck"][draw, replicate, 0] = 0.0
        self.arrays["core_share_granular_sd"][draw, replicate, 0] = 0.0
        self.synthetic[draw, replicate] = synthetic_totals(self.inputs, self.setting, unit)

    def _put_real(self, prices, m, draw, replicate, result: MixResult, unit: UnitResult, base_core) -> None:
        """Real outcomes of one mix under one treatment of prices."""
        from_q = self.setting.burn_in
        out, at = result.out, (prices, m, draw, replicate)
        cube = out.cube[from_q:]
        for name, column in MONEY_FLOWS.items():
            self.arrays[name][at] = cube[..., column] / FEN
        self.arrays["employment"][at] = cube[..., A_JOBS] / STAFF_UNIT
        self.arrays["active_firms"][at] = cube[..., A_FIRMS]
        for name, column in PLACE_MONEY.items():
            self.arrays[name][at] = out.place[from_q:, :, column] / FEN
        for name, column in PLACE_COUNTS.items():
            self.arrays[name][at] = out.place[from_q:, :, column]
        self.arrays["registrations"][at] = out.place[from_q:, :, O_ENTRIES] + out.place[from_q:, :, O_PAPER]
        self.arrays["adopters"][at] = out.adopters[from_q:].sum(axis=2)
        self.arrays["recognised"][at] = out.ladder[from_q:, :, :, 0]
        self.arrays["meeting"][at] = out.ladder[from_q:, :, :, 1]
        index = unit.world.env.rent_index[from_q:] / unit.world.env.rent_index[from_q]
        self.arrays["rent"][at] = index[:, None] * np.exp(out.prices[from_q:, :, 0])
        index = unit.world.env.wage_index[from_q:] / unit.world.env.wage_index[from_q]
        self.arrays["wage"][at] = index[:, None] * np.exp(out.prices[from_q:, :, 1])
        self._put_shares(at, result, unit, base_core)
        for measure, column in zip(MEASURES, range(4), strict=True):
            self.arrays[measure][at] = result.appraisal[:, column]

    def _core(self, result: MixResult, unit: UnitResult, first: int) -> tuple[np.ndarray, np.ndarray]:
        """Value added a quarter of core and of the other modelled industries, CNY at constant prices."""
        value = result.out.cube[first:, :, :, A_VALUE].sum(axis=1) / FEN
        core = unit.world.region.core
        return value[:, core].sum(axis=1), value[:, ~core].sum(axis=1)

    def _put_shares(self, at, result: MixResult, unit: UnitResult, base) -> None:
        """GDP and the core share: GDP of the baseline is the environment's path, core included."""
        from_q, env = self.setting.burn_in, unit.world.env
        core, users = self._core(result, unit, from_q)
        base_core, base_users = base
        price, relative = env.deflator[from_q:], env.core_price[from_q:]
        nominal = core * price * relative
        gdp = env.gdp_nominal[from_q:] + (core - base_core) * price * relative + (users - base_users) * price
        real = env.gdp_real[from_q:] + (core - base_core) + (users - base_users)
        self.arrays["core_value_added"][at] = nominal
        self.arrays["gdp"][at] = gdp
        start = unit.world.region.core_share
        yearly = core.reshape(-1, 4).sum(axis=1)
        self.arrays["core_share"][at] = np.r_[start, nominal.reshape(-1, 4).sum(1) / gdp.reshape(-1, 4).sum(1)]
        self.arrays["core_share_constant"][at] = np.r_[start, yearly / real.reshape(-1, 4).sum(1)]
        self.arrays["core_value_added_constant"][at] = np.r_[start * unit.world.region.gdp, yearly]

    def _put_money(self, m, draw, replicate, result: MixResult) -> None:
        """Accounts by clause and payer; the last payer takes the remainder of a split."""
        compiled, from_q = self.setting.mixes[result.mix], self.setting.burn_in
        for name in (*ACCOUNTS, "outstanding", *CLAIM_COUNTS):
            self.arrays[name][m, draw, replicate] = 0.0
        for c, clause in enumerate(compiled.clauses):
            if clause not in self.clauses:
                continue
            row = self.clauses.index(clause)
            flows = {name: result.out.clause[from_q:, c, column] for name, column in ACCOUNTS.items()}
            flows["outstanding"] = np.cumsum(flows["committed"] - flows["paid"] - flows["cancelled"])
            for name, fen in flows.items():
                for payer, part in split(fen, compiled.payer_share[c]):
                    column = self.payers.index(compiled.payers[payer])
                    self.arrays[name][m, draw, replicate, :, row, column] = part / FEN
            for name, column in CLAIM_COUNTS.items():
                self.arrays[name][m, draw, replicate, :, row] = result.out.clause[from_q:, c, column]
        self.arrays["opportunity_spending"][m, draw, replicate] = result.opportunity_spending[from_q:]
        self.arrays["never_claimed_share"][m, draw, replicate] = result.never_claimed
        pool = result.out.pool[from_q:].sum(axis=0)
        self.arrays["pool_used"][m, draw, replicate] = pool[1] / max(1, pool[0])

    def dataset(self) -> xarray.Dataset:
        """The Dataset, with coordinates and attributes."""
        import xarray

        scenario = self.inputs.scenario
        variables = {}
        for o in self.outcomes:
            attributes = {"units": o.units, "long_name": o.long_name, "long_name_zh": o.long_name_zh}
            variables[o.name] = (o.dims, self.arrays[o.name], attributes)
        coords: dict[str, object] = dict(self.coords)
        ends = np.array([last_day(name) for name in quarters(scenario.start, scenario.end)], "datetime64[ns]")
        luck = np.arange(scenario.draws)[:, None] * scenario.replicates + np.arange(scenario.replicates)
        coords |= {"date": ("quarter", ends), "luck": (("draw", "replicate"), luck)}
        coords["kind"] = ("clause", [kind_of(self.setting, clause) for clause in self.clauses])
        return xarray.Dataset(variables, coords, attrs=self._attributes())

    def _attributes(self) -> dict[str, str | float]:
        keys = sorted({key for totals in self.synthetic.values() for key in totals})
        totals = {key: float(np.mean([self.synthetic[u][key] for u in sorted(self.synthetic)])) for key in keys}
        return {**attributes(self.inputs, self.refused), "synthetic_totals": json.dumps(totals)}


def attributes(inputs: Inputs, refused: float) -> dict[str, str | float]:
    """What a run's files say of it: scenario, hashes of its packages, seed, versions, share of refused draws."""
    scenario = inputs.scenario
    return {
        "title": scenario.title.en,
        "title_zh": scenario.title.zh,
        "scenario": scenario.id,
        "region": scenario.region,
        "environment": scenario.environment,
        "history": json.dumps(scenario.history),
        "baseline": scenario.baseline,
        "mixes": json.dumps(scenario.mixes, ensure_ascii=False),
        "targets": json.dumps([target.id for target in inputs.targets]),
        "packages": json.dumps({name: digest(package) for name, package in sorted(inputs.packages.items())}),
        "announced": json.dumps({p.id: p.head.announced.isoformat() for p in inputs.packages.values()}),
        "roles": json.dumps(role_places(inputs)),
        "seed": str(scenario.seed),
        "price_base": str(inputs.region.reference.year),
        "schema_version": str(SCHEMA_VERSION),
        "code_version": store.versions()["policymix"],
        "refused_draws": float(refused),
    }


def role_places(inputs: Inputs) -> dict[str, str]:
    """Roles that name one part of the city."""
    places = set(inputs.region.places)
    return {role: place for role, place in inputs.region.roles.items() if place in places}


def sorted_clauses(setting: Setting) -> list[str]:
    """Clauses of the packages under study that pay on claims; the history's pay the same kind of money under
    every mix."""
    found: dict[str, None] = {}
    for name, mix in setting.mixes.items():
        if name != HISTORY:
            for clause, kind in zip(mix.clauses, mix.arrays.clause["kind"], strict=True):
                if kind >= 0 and clause.split("/")[0] not in setting.history:
                    found[clause] = None
    return sorted(found) or ["none"]


def kind_of(setting: Setting, clause: str) -> str:
    """Claim kind of a clause."""
    for mix in setting.mixes.values():
        if clause in mix.clauses:
            return KINDS[int(mix.arrays.clause["kind"][mix.clauses.index(clause)])].name
    return ""


def payers_of(setting: Setting) -> list[str]:
    """Payers of all mixes."""
    return sorted({payer for mix in setting.mixes.values() for payer in mix.payers}) or ["city"]


def split(fen: np.ndarray, shares: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Integers split over payers by share, down to the fen; the last one with a share takes the remainder."""
    having = [k for k in range(len(shares)) if shares[k] > 0.0]
    left, parts = fen.copy(), []
    for k in having[:-1]:
        part = np.floor(fen * shares[k]).astype(np.int64)
        left = left - part
        parts.append((k, part))
    return [*parts, (having[-1], left)] if having else []


def synthetic_totals(inputs: Inputs, setting: Setting, unit: UnitResult) -> dict[str, float]:
    """What the city gives for each published total, under the fullest mix that was then in force.

    The published series were produced under the packages of their time: years before the fork come from the history,
    later ones from the mix with most packages.
    """
    fullest = max(inputs.scenario.mixes, key=lambda name: len(inputs.scenario.mixes[name]))
    later = [r for r in unit.results if r.mix == fullest][-1].out
    places, industries = list(inputs.region.places), list(inputs.region.industries)
    env, found = unit.world.env, {}
    for total in inputs.region.total:
        key = total_key(total)
        ends = [q for q, name in enumerate(env.quarter) if name == f"{total.year}Q4"]
        if not ends:
            continue
        q = ends[0]
        out = unit.start if q < setting.burn_in else later
        inside = [places.index(total.place)] if total.place in places else list(range(len(places)))
        value = total_value(total.key, out, q, inside, industries, env, unit)
        if value is not None:
            found[key] = float(value)
    return found


def total_value(key: str, out, q: int, inside: list[int], industries: list[str], env, unit: UnitResult) -> float | None:
    """One total of a year that ends with quarter q; None for those the model does not form."""
    name, _, of = key.partition(".")
    year = slice(q - 3, q + 1)
    if name == "recognised":
        return out.ladder[q, inside, STEPS.index(of), 0].sum()
    if name == "firms":
        return out.cube[q, inside, industries.index(of), A_FIRMS].sum()
    if name == "revenue":
        return (out.cube[year, :, industries.index(of), A_REVENUE][:, inside].sum(1) * env.deflator[year]).sum() / FEN
    if name == "reported_rd":
        return (out.place[year, :, O_REPORTED_RD][:, inside].sum(axis=1) * env.deflator[year]).sum() / FEN
    if name == "investment":
        return (out.cube[year, :, :, A_INVESTMENT][:, inside].sum(axis=(1, 2)) * env.deflator[year]).sum() / FEN
    if name == "core_value_added_share":
        return unit.world.region.core_share
    if name == "gdp" and len(inside) > 1:
        return env.gdp_nominal[year].sum()
    if name == "place_share":
        part = total_value(of, out, q, inside, industries, env, unit)
        whole = total_value(of, out, q, list(range(out.cube.shape[1])), industries, env, unit)
        return None if part is None or whole is None else part / whole
    return None
