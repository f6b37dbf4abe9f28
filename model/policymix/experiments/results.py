"""The labelled results: integers of the units become one Dataset with dims, units and names in two languages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from policymix.engine.accounts import A_FIRMS, A_INVESTMENT, A_REVENUE, A_VALUE
from policymix.engine.booking import ACTIVITIES, RUNGS, SIZES
from policymix.engine.claims import FEN
from policymix.engine.entry import O_ENTRIES, O_REPORTED_RD
from policymix.engine.setting import HISTORY, Setting
from policymix.engine.symbols import STEPS
from policymix.engine.timetable import FROZEN
from policymix.engine.unit import UnitResult
from policymix.experiments import store
from policymix.experiments.appraised import appraised_outcomes, leakage
from policymix.experiments.inputs import Inputs
from policymix.experiments.measured import (
    PRICES,
    PRICES_OF,
    core_and_users,
    luck_outcomes,
    money_outcomes,
    real_outcomes,
)
from policymix.experiments.outcomes import OUTCOMES
from policymix.experiments.parameters import Prior
from policymix.experiments.quarters import last_day, quarters
from policymix.experiments.scenario import Scenario
from policymix.experiments.transfer import place_notices
from policymix.policy.claim import KINDS
from policymix.policy.versions import digest
from policymix.region.totals import total_key

if TYPE_CHECKING:
    import xarray


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
        self.coords = coordinates(inputs, setting, self.clauses, self.payers, [prior.name for prior in priors])
        self.outcomes = list(OUTCOMES)
        sizes = {name: len(values_) for name, values_ in self.coords.items()}
        self.arrays = {o.name: np.full([sizes[d] for d in o.dims], np.nan) for o in self.outcomes}
        self.arrays["parameter_value"][:] = values
        self.refused = refused
        self.synthetic: dict[tuple[int, int], dict[str, float]] = {}

    def put(self, draw: int, replicate: int, unit: UnitResult) -> None:
        """Write one unit; every cell has one writer, so the order of units does not matter."""
        baseline = next(r for r in unit.results if r.mix == self.setting.baseline)
        base = core_and_users(self.setting, unit.world, baseline)
        for result in unit.results:
            m = self.mixes.index(result.mix)
            real = real_outcomes(self.setting, unit.world, result, base)
            real |= appraised_outcomes(self.setting, result, self.clauses)
            for prices in PRICES_OF[result.mode]:
                for name, value in real.items():
                    self.arrays[name][PRICES.index(prices), m, draw, replicate] = value
            if result.mode != FROZEN:
                money = money_outcomes(self.setting, result, self.clauses, self.payers)
                money["leakage"] = leakage(self.setting, unit.world, result)
                for name, value in money.items():
                    self.arrays[name][m, draw, replicate] = value
        share = self.arrays["core_share"][1, self.mixes.index(self.setting.baseline), draw, replicate]
        for name, value in luck_outcomes(share, unit.luck_share, unit.granular).items():
            self.arrays[name][draw, replicate] = value
        self.synthetic[draw, replicate] = synthetic_totals(self.inputs, self.setting, unit)

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
        notices = json.dumps(place_notices(self.setting), ensure_ascii=False)
        return {**attributes(self.inputs, self.refused), "synthetic_totals": json.dumps(totals), "notices": notices}


def coordinates(
    inputs: Inputs, setting: Setting, clauses: list[str], payers: list[str], parameters: list[str]
) -> dict[str, list[str] | list[int] | np.ndarray]:
    """Coordinates of every dim of a scenario's outcomes; years begin with the one before the start."""
    scenario = inputs.scenario
    return {
        "prices": list(PRICES),
        "mix": list(scenario.mixes),
        "draw": np.arange(scenario.draws),
        "replicate": np.arange(scenario.replicates),
        "quarter": quarters(scenario.start, scenario.end),
        "year": list(range(int(scenario.start[:4]) - 1, int(scenario.end[:4]) + 1)),
        "place": list(inputs.region.places),
        "industry": list(inputs.region.industries),
        "step": list(STEPS),
        "size": list(SIZES),
        "rung": list(RUNGS),
        "clause": clauses,
        "payer": payers,
        "activity": list(ACTIVITIES),
        "parameter": parameters,
    }


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
        **fit_of(scenario),
        "price_base": str(inputs.region.reference.year),
        "schema_version": str(store.SCHEMA_VERSION),
        "code_version": store.versions()["policymix"],
        "refused_draws": float(refused),
    }


def fit_of(scenario: Scenario) -> dict[str, str]:
    """Which fit the draws come from and the hash of its file; "none" for the priors alone."""
    path = store.posterior_file(scenario)
    if path is None:
        return {"posterior": "none", "posterior_hash": ""}
    return {"posterior": path.stem, "posterior_hash": store.hash_file(path)}


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


def synthetic_totals(inputs: Inputs, setting: Setting, unit: UnitResult) -> dict[str, float]:
    """What the city gives for each published total, under the fullest mix that was then in force.

    The published series were produced under the packages of their time: years before the fork come from the history,
    later ones from the mix with most packages. Counts of the ladder at the fork are those that the city is anchored
    to; all such counts are stated at the default share of modelled firms, by which `totals.comparison` divides them.
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
        if value is not None and total.key.startswith("recognised."):
            value = recognised_total(inputs, setting, total.key.partition(".")[2], q, inside, value, unit)
        if value is not None:
            found[key] = float(value)
    return found


def recognised_total(
    inputs: Inputs, setting: Setting, step: str, q: int, inside: list[int], value: float, unit: UnitResult
) -> float:
    """A count of the ladder at the default share of modelled firms instead of the draw's."""
    row, region = STEPS.index(step), unit.world.region
    if q == setting.burn_in - 1:
        value = region.ladder_start[row, inside].sum()
    default = next((each.modelled.value for each in inputs.region.ladder if each.step == step), 1.0)
    return value / region.ladder_modelled[row] * default if region.ladder_modelled[row] > 0.0 else value


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
    if name == "entries":
        return out.place[year, :, O_ENTRIES][:, inside].sum()
    if name == "core_value_added":
        core = out.cube[year, :, :, A_VALUE][:, inside][:, :, unit.world.region.core].sum(axis=(1, 2))
        return (core * env.core_price[year] * env.deflator[year]).sum() / FEN
    if name == "core_value_added_share":
        return unit.world.region.core_share
    if name == "gdp" and len(inside) > 1:
        return env.gdp_nominal[year].sum()
    if name == "gdp":  # of a part of the city: what its modelled firms add, to stay below the part's whole GDP
        return (out.cube[year, :, :, A_VALUE][:, inside].sum(axis=(1, 2)) * env.deflator[year]).sum() / FEN
    if name == "place_share":
        part = total_value(of, out, q, inside, industries, env, unit)
        whole = total_value(of, out, q, list(range(out.cube.shape[1])), industries, env, unit)
        return None if part is None or whole is None else part / whole
    return None
