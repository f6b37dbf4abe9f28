"""What a study comes to: its mixes, the numbers of its draws, the variables to store, its units of work in blocks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from weakref import WeakValueDictionary

import numpy as np

from policymix.engine import loop
from policymix.engine.mixes import Layers
from policymix.engine.setting import Setting
from policymix.engine.writing import ROOT
from policymix.errors import InvalidValue, NotFound
from policymix.experiments import kept, store
from policymix.experiments.factors import Factor
from policymix.experiments.inputs import Inputs, gather, levers, uncertainties
from policymix.experiments.limits import check_changes, check_settings
from policymix.experiments.mixes import parse_mixes
from policymix.experiments.outcomes import DIMS, OUTCOMES, outcome
from policymix.experiments.parameters import Prior, quantile, sample_accepted
from policymix.experiments.points import Points, mixes_of, points_of
from policymix.experiments.posterior import draws_of, posterior_of
from policymix.experiments.results import coordinates, payers_of, sorted_clauses
from policymix.experiments.runner import setting_of, stable_draws, whole_years
from policymix.experiments.scenario import Scenario, with_options
from policymix.experiments.study import (
    NONE,
    OF_THE_RUN,
    PRIOR,
    Space,
    Stored,
    Study,
    scenario_of,
    spaces_of,
)  # fmt: skip
from policymix.policy.package import Package
from policymix.policy.versions import digest

CHUNK_BYTES = 2**21
"""About as large as the numbers of a block of units become."""
MOST_UNITS = 100
BLOCKS = 64
"""About as many blocks as a small sweep has, so that its workers end together."""
KEPT_BYTES = 2**26
"""What the terms of mixes in one draw may take that are kept from one of its replicates to the next."""
TERMS_BYTES = 25_000
"""About as large as the terms of one mix are."""
SPREAD = (0.05, 0.95)
"""Quantiles of a prior between which a design of levels or trajectories moves."""
NEVER_QUITE = 2.0**-54
RESERVED = ("date", "luck", "kind", "packages", "state", "unit_hash", "parameter_value",
            "lever", "lever_position", "uncertainty", "uncertainty_position")  # fmt: skip
"""Names of what a store holds beside dims, variables and factors."""
ONE_AT_A_TIME = ("factorial", "one_at_a_time", "morris")


@dataclass(frozen=True)
class Block:
    """Units of work that share chunks of the store: some draws, some replicates."""

    number: int
    draws: range
    replicates: range

    @property
    def units(self) -> list[tuple[int, int]]:
        """Its (draw, replicate), in order."""
        return [(draw, replicate) for draw in self.draws for replicate in self.replicates]


@dataclass(frozen=True, eq=False)
class Plan:
    """A study, ready to run.

    Attributes
    ----------
    mixes : packages of every mix, the baseline and then the lever points, in their versions
    setting : what all units share
    priors, values : what is uncertain, and its value in every draw, float64[draw, prior]
    unstable : bool[draw], draws whose feedback loop would run away: they fail
    refused : share of tries refused for that reason where draws could be drawn again
    levers, uncertainties : the points of both
    stored : variables
    coords : coordinates by dim, as `results.coordinates` gives them, with this study's mixes, draws and prices
    """

    study: Study
    scenario: Scenario
    inputs: Inputs
    mixes: Mapping[str, list[Package]]
    setting: Setting
    priors: list[Prior]
    values: np.ndarray
    unstable: np.ndarray
    refused: float
    levers: Points
    uncertainties: Points
    stored: tuple[Stored, ...]
    coords: Mapping[str, list | np.ndarray]

    @property
    def draws(self) -> int:
        """Samples of the uncertain numbers."""
        return len(self.values)

    @property
    def replicates(self) -> int:
        """Repetitions within each draw."""
        return self.scenario.replicates

    @property
    def runs(self) -> int:
        """Mixes times units: what progress counts."""
        return len(self.mixes) * self.draws * self.replicates

    def luck(self, draw: int, replicate: int) -> int:
        """The integer that addresses a unit's random numbers."""
        return replicate if self.study.luck == "replicate" else draw * self.replicates + replicate

    def numbers(self, draw: int) -> dict[str, float]:
        """Numbers of a draw by address: settings, and what is uncertain."""
        names = [prior.name for prior in self.priors]
        designed = {address: float(column[draw]) for address, column in self.uncertainties.columns.items()}
        return dict(self.inputs.fixed) | dict(zip(names, self.values[draw].tolist(), strict=True)) | designed

    def shape(self, stored: Stored) -> tuple[int, ...]:
        """Sizes of a variable's dims."""
        return tuple(len(self.coords[dim]) for dim in stored.dims)

    def layers(self, draw: int) -> Layers:
        """What packages and mixes offer in a draw: worked out once for its replicates, unless it takes much memory, and
        kept until another draw is asked for and nobody uses it."""
        found = self._layers.get(draw) or Layers(self.setting, self.numbers(draw), self.keeps)
        if self.keeps:
            self._layers[draw] = self._latest[0] = found
        return found

    @property
    def keeps(self) -> bool:
        """Whether replicates of a draw share what its mixes offer."""
        return self.replicates > 1 and self.kept_bytes <= KEPT_BYTES

    @property
    def kept_bytes(self) -> int:
        """About what the terms of all mixes take in one draw."""
        return TERMS_BYTES * len(self.mixes)

    @cached_property
    def _layers(self) -> WeakValueDictionary[int, Layers]:
        return WeakValueDictionary()

    @cached_property
    def _latest(self) -> list[Layers | None]:
        return [None]

    @cached_property
    def bytes_per_unit(self) -> int:
        """Numbers that one unit adds to the store, uncompressed."""
        own = [[n for dim, n in zip(s.dims, self.shape(s), strict=True) if dim not in ("draw", "replicate")]
               for s in self.stored]  # fmt: skip
        return 8 * sum(int(np.prod(sizes)) for sizes in own) + len(self.mixes)

    @cached_property
    def chunk(self) -> tuple[int, int]:
        """Draws and replicates of a block: whole units, chosen from the study alone."""
        units = self.draws * self.replicates
        asked = self.study.units_per_chunk or min(CHUNK_BYTES // self.bytes_per_unit, units // BLOCKS, MOST_UNITS)
        asked = max(1, min(asked, units))
        if asked >= self.replicates:
            return max(1, asked // self.replicates), self.replicates
        return 1, asked

    @cached_property
    def blocks(self) -> list[Block]:
        """All units in blocks, in order."""
        draws, replicates = self.chunk
        grid = [(d, r) for d in range(0, self.draws, draws) for r in range(0, self.replicates, replicates)]
        return [
            Block(n, range(d, min(d + draws, self.draws)), range(r, min(r + replicates, self.replicates)))
            for n, (d, r) in enumerate(grid)
        ]

    @cached_property
    def unit_hashes(self) -> np.ndarray:
        """uint64[mix, draw, replicate]: equal for equal inputs and code of a run, in whatever study it stands."""
        own = {dim: [str(label) for label in self.coords[dim]] for s in self.stored for dim in outcome(s.name).dims
               if dim not in OF_THE_RUN}  # fmt: skip
        stored = [each.model_dump(mode="json") for each in self.stored]
        common = [code_of(self), json.dumps([stored, own], sort_keys=True)]
        baseline = _mix_text(self.mixes[self.scenario.baseline])
        mixes = [_hash(*common, baseline, _mix_text(packages)) for packages in self.mixes.values()]
        drawn = [_hash(repr(sorted(self.numbers(d).items())), str(self.scenario.seed)) for d in range(self.draws)]
        lane = np.array(
            [[_word(_hash(drawn[d], str(self.luck(d, r)))) for r in range(self.replicates)] for d in range(self.draws)],
            np.uint64,
        )
        return np.stack([_mixed(lane, _word(mix)) for mix in mixes])


def plan_of(study: Study) -> Plan:
    """Everything that a sweep of a study needs; whatever is wrong with it is said here, before the first run.

    Raises
    ------
    PolicymixError
        A file, factor, address, value or design is wrong.
    """
    lever_space, uncertainty_space = spaces_of(study)
    scenario = scenario_of(study)
    scenario = _with_lever_mixes(scenario, lever_space)
    inputs = gather(scenario)
    whole_years(scenario)
    _refuse_double(study, scenario, lever_space, uncertainty_space)
    lever_points = points_of(study, lever_space, "levers", scenario.seed)
    mixes, columns = mixes_of(inputs, lever_points, study)
    named = {name: [package.id for package in packages] for name, packages in mixes.items()}
    setting = setting_of(inputs, mixes=mixes)
    check_changes(setting, inputs.parameters, inputs.fixed)
    priors = uncertainties(inputs)
    space = _with_quantiles(uncertainty_space)
    uncertain = points_of(study, space, "uncertainties", scenario.seed)
    settled = _settled(inputs, priors, setting, uncertain)
    values, unstable, refused = _values(inputs, priors, uncertain, settled)
    chosen = scenario.model_copy(update={"mixes": named, "draws": len(values)})
    coords = coordinates(inputs, setting, sorted_clauses(setting), payers_of(setting), [p.name for p in priors])
    coords |= {"mix": list(mixes), "draw": np.arange(len(values)), "prices": [str(each) for each in study.prices]}
    plan = Plan(
        study,
        chosen,
        inputs,
        mixes,
        setting,
        priors,
        values,
        unstable,
        refused,
        replace(lever_points, columns=columns),
        replace(uncertain, columns=settled),
        tuple(study.outcome),
        coords,
    )
    _check_names(plan)
    _check_selections(plan)
    return plan


def code_of(plan: Plan) -> str:
    """Hash of what a run depends on beside its packages, draw and luck: code, versions, region, environment, dates."""
    inputs, scenario = plan.inputs, plan.scenario
    frame = [scenario.burn_in_start, scenario.start, scenario.end, scenario.rules, plan.study.prices]
    texts = [inputs.region.model_dump_json(), inputs.environment.model_dump_json(), json.dumps(frame)]
    texts += [offers.model_dump_json() for offers in inputs.opportunities]
    texts += [json.dumps(sorted(inputs.fixed.items())), json.dumps([prior.name for prior in plan.priors])]
    texts += [_mix_text([inputs.packages[name] for name in scenario.history])]
    texts += [loop.sources(scenario.rules).get("rules", ""), (ROOT / "experiments/reducing.py").read_text("utf-8")]
    return _hash(kept.code_hash(), json.dumps(store.versions(), sort_keys=True), *texts)


def _refuse_double(study: Study, scenario: Scenario, lever_space: Space, uncertainty_space: Space) -> None:
    """One thing is said once: by a factor or by [set], by ``draws`` or by a design."""
    for factor in lever_space.factors:
        if factor.address in scenario.set:
            raise InvalidValue(
                f'levers > factor "{factor.name}"', f"{factor.address}, which is set", "one or the other"
            )
    if study.draws is not None and uncertainty_space.method != PRIOR:
        expected = f"none: the {uncertainty_space.method} design of the uncertainties says how many"
        raise InvalidValue("draws", study.draws, expected)


def _with_lever_mixes(scenario: Scenario, space: Space) -> Scenario:
    """The scenario with the mixes of a mix factor in place of its own, and with the files that belong to them."""
    texts = [str(value) for factor in space.factors if factor.kind == "mix" for value in factor.values]
    named = [packages for text in texts for packages in parse_mixes(text).values()]
    if not named:
        return scenario
    return with_options(scenario, mix={f"lever-{number}": packages for number, packages in enumerate(named)})


def _with_quantiles(space: Space) -> Space:
    """Uncertainties without a range of their own move over the quantiles of their prior."""
    if space.method not in ONE_AT_A_TIME:
        return space
    low, high = SPREAD
    factors = [
        replace(each, low=low, high=high, default=0.5 if each.default is None else each.default)
        if each.address in space.of_prior
        else each
        for each in space.factors
    ]
    return replace(space, factors=tuple(factors))


def _settled(inputs: Inputs, priors: list[Prior], setting: Setting, points: Points) -> dict[str, np.ndarray]:
    """Values of the designed uncertainties, by address."""
    known = {prior.name: prior for prior in priors}
    plain = inputs.region.numbers.keys() | inputs.environment.numbers.keys()
    settled = {}
    for factor in points.space.factors:
        address = factor.address
        if factor.kind not in ("real", "integer", "date"):
            expected = "a range or a list of numbers or dates"
            raise InvalidValue(f'uncertainties > factor "{factor.name}"', f"the kind {factor.kind}", expected)
        if address not in known and address not in plain:
            _refuse_uncertainty(factor, inputs, [*known, *plain])
        if address in inputs.fixed:
            raise InvalidValue(
                f'uncertainties > factor "{factor.name}"', f"{address}, which is set", "one or the other"
            )
        _refuse_if_set_by_a_clause(factor, setting)
        column = points.columns[factor.name].astype(np.float64)
        if address in points.space.of_prior:
            if address not in known:
                raise InvalidValue(f'uncertainties > factor "{factor.name}"', "no prior", "low and high, or values")
            column = quantile(known[address], np.clip(column, NEVER_QUITE, 1.0 - NEVER_QUITE))
        bounds = {**inputs.region.bounds, **inputs.environment.bounds}
        for end in (column.min(), column.max()):
            check_settings({address: float(end)}, inputs.parameters, bounds)
        settled[address] = column
    return settled


def _refuse_uncertainty(factor: Factor, inputs: Inputs, names: list[str]) -> None:
    address = factor.address
    if address in levers(inputs):
        expected = "a number that is uncertain; what a designer sets stands under [levers]"
        raise InvalidValue(f'uncertainties > factor "{factor.name}"', address, expected)
    raise NotFound("address", address, names, where="uncertainties")


def _refuse_if_set_by_a_clause(factor: Factor, setting: Setting) -> None:
    """A parameter that a clause sets to a value would not be what the study says."""
    for mix in setting.mixes.values():
        for change in mix.changes:
            if change.op == "to" and change.address == factor.address:
                found = f"{factor.address}, which {mix.clauses[change.clause]} sets to {change.value:g}"
                raise InvalidValue(f'uncertainties > factor "{factor.name}"', found, "one of the two")


def _values(
    inputs: Inputs, priors: list[Prior], points: Points, settled: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, float]:
    """Every draw's numbers (draw, prior), draws whose feedback loop would run away, share of tries refused for it."""
    scenario, method = inputs.scenario, points.space.method
    draws = 1 if method == NONE else scenario.draws if method == PRIOR else points.design.points  # type: ignore[union-attr]
    places = {prior.name: column for column, prior in enumerate(priors)}

    def designed(values: np.ndarray) -> np.ndarray:
        values = values.copy()
        for address, column in settled.items():
            if address in places:
                values[:, places[address]] = column
        return values

    def stable(values: np.ndarray) -> np.ndarray:
        return stable_draws(inputs, priors, designed(values))

    if method == NONE or (method != PRIOR and points.space.others == "default"):
        at_default = np.array([inputs.fixed.get(prior.name, prior.default) for prior in priors])
        values = designed(np.tile(at_default, (draws, 1)))
        return values, ~stable(values), 0.0
    fitted = draws_of(posterior_of(scenario, priors))
    values, refused = sample_accepted(priors, scenario.seed, draws, stable, inputs.fixed, fitted)
    return designed(values), np.zeros(draws, bool), refused


def _check_names(plan: Plan) -> None:
    """Factors are coordinates beside the variables and dims: each needs a name of its own."""
    taken = {*DIMS, *RESERVED}
    for number, stored in enumerate(plan.stored, start=1):
        if stored.variable in taken:
            raise InvalidValue(f"outcome {number} > as", f"'{stored.variable}', a name that is taken", "another name")
    taken |= {*(each.name for each in OUTCOMES), *(each.variable for each in plan.stored)}
    for space in (plan.levers.space, plan.uncertainties.space):
        for factor in space.factors:
            if factor.name in taken and factor.kind != "mix":
                raise InvalidValue(f'factor "{factor.name}"', "a name that is taken", 'another: name = "..."')
            taken.add(factor.name)


def _check_selections(plan: Plan) -> None:
    """What a variable selects has to be there."""
    for number, stored in enumerate(plan.stored, start=1):
        for dim, label in stored.select.items():
            labels = [str(each) for each in plan.coords[dim]]
            if str(label) not in labels:
                raise NotFound(dim, str(label), labels, where=f"outcome {number} > select")


def _mix_text(packages: list[Package]) -> str:
    return "+".join(digest(package) for package in packages)


def _hash(*parts: str | bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(part if isinstance(part, bytes) else part.encode())
        total.update(b"\0")
    return total.hexdigest()


def _word(text: str) -> int:
    return int(text[:16], 16)


def _mixed(lane: np.ndarray, word: int) -> np.ndarray:
    """Two hashes made into one: the splitmix64 finaliser of their sum."""
    x = lane + np.uint64(word)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
