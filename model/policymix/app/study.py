"""From what a visitor has chosen to an answer: a preliminary one of a few draws, then the final one.

The numbers are those of ``policymix run --draws 20`` with the same mixes and settings. What makes them quick: a draw's
burn-in and baseline depend on none of the packages under study, so they are run once and shared by all visitors; a mix
that a change does not touch is not run again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from policymix.app.crew import FIRST, IDLE, LATER, PATIENCE, Crew, shared_crew
from policymix.app.state import PINNED, State, Versions
from policymix.app.stock import Stock
from policymix.engine.mixes import Layers
from policymix.engine.setting import Setting
from policymix.engine.timetable import FREE, FROZEN, RECORD
from policymix.engine.unit import (
    Forked,
    MixResult,
    UnitResult,
    copied,
    first_difference,
    fork_unit,
    run_fork,
)
from policymix.engine.warm import warm
from policymix.errors import NotFound
from policymix.experiments import results
from policymix.experiments.addresses import Value, parse_address
from policymix.experiments.inputs import Inputs, gather, uncertainties
from policymix.experiments.limits import check_changes
from policymix.experiments.runner import draw_values, setting_of, whole_years
from policymix.experiments.scenario import Scenario, load_scenario, with_options
from policymix.policy.package import Package, addresses, set_value
from policymix.policy.versions import digest, keeping

if TYPE_CHECKING:
    import xarray

DRAWS, FIRST_DRAWS = 20, 3
"""Draws of the final and of the preliminary answer; the latter are the first of the former."""
BASELINES: Stock[Forked] = Stock(3 * DRAWS)
"""Burn-in and baseline of a draw: as many as three scenarios have."""
FORKS = 8
"""Draws of an answer under way at once."""
RESULTS: Stock[MixResult] = Stock(800)
"""One mix of one draw under one treatment of prices."""
GROUNDS: Stock[Ground] = Stock(24)


@dataclass(frozen=True)
class Ground:
    """What an answer stands on before the visitor changes a package: inputs, and the numbers of every draw."""

    inputs: Inputs
    names: list[str]
    values: np.ndarray  # float64[draw, prior]
    refused: float

    def numbers(self, draw: int) -> dict[str, float]:
        """Number of a draw by address."""
        return dict(self.inputs.fixed) | dict(zip(self.names, self.values[draw].tolist(), strict=True))


@dataclass(frozen=True)
class Question:
    """A state, ready to run.

    Attributes
    ----------
    inputs : with the visitor's packages as changed, the pinned mix among the mixes
    setting : compiled mixes
    marks : identities of the packages of every mix as they are in it
    """

    ground: Ground
    inputs: Inputs
    setting: Setting
    marks: Mapping[str, tuple[Hashable, ...]]

    @property
    def scenario(self) -> Scenario:
        """The scenario with the visitor's mixes."""
        return self.inputs.scenario

    @property
    def mark(self) -> Hashable:
        """Equal for questions that have the same answer."""
        return self.scenario.model_dump_json(), str(self.scenario.path), tuple(self.marks.items())


class Part(NamedTuple):
    """A part of an answer, run by itself: one mix of one draw under one treatment of prices, the baseline once."""

    draw: int
    mix: str
    mode: int


Fork = tuple[Hashable, Forked]
"""What a baseline depends on, and it with the mixes of a question."""


@dataclass(frozen=True)
class Progress:
    """Parts of the work done, and in all."""

    done: int
    total: int


@dataclass(frozen=True)
class Answer:
    """Results of some draws; ``final`` where they are all of them."""

    results: xarray.Dataset
    final: bool


def question_of(state: State, uploads: Mapping[str, Package], draws: int = DRAWS) -> Question:
    """Everything that a state names, read, changed and compiled.

    Raises
    ------
    PolicymixError
        A name, address or value that cannot be: the sentences of the command line.
    """
    ground = ground_of(state, uploads, draws)
    packages = {
        name: changed(package, state.versions, name, state.packages) for name, package in ground.inputs.packages.items()
    }
    check_names(ground.inputs, state.versions)
    scenario, mixes = ground.inputs.scenario, dict(ground.inputs.scenario.mixes)
    versions = {name: tuple(packages[each] for each in held) for name, held in mixes.items()}
    if state.pin is not None:
        check_names(ground.inputs, state.pin.versions)
        held = mixes[state.pin.mix]
        own = (changed(ground.inputs.packages[name], state.pin.versions, name, held) for name in held)
        versions[PINNED] = tuple(own)
        # after the baseline, so that among equals it is never the last, which tables and report sum up
        mixes = {scenario.baseline: mixes[scenario.baseline], PINNED: list(held), **mixes}
    scenario = scenario.model_copy(update={"mixes": mixes, "set": {**scenario.set, **state.versions.changes}})
    inputs = replace(ground.inputs, scenario=scenario, packages=packages)
    setting = setting_of(inputs, mixes=versions)
    check_changes(setting, inputs.parameters, inputs.fixed)
    marks = {name: tuple(identity(package) for package in held) for name, held in versions.items()}
    return Question(ground, inputs, setting, marks)


def ground_of(state: State, uploads: Mapping[str, Package], draws: int) -> Ground:
    """Inputs of a state without the visitor's changes of packages, and the numbers of its draws."""
    scenario = load_scenario(state.scenario)
    if state.mixes != {name: tuple(held) for name, held in scenario.mixes.items()}:
        scenario = with_options(scenario, mix=state.mixes)
    plain = {address: value for address, value in state.versions.changes.items() if not _of_package(address)}
    scenario = with_options(scenario, draws=draws, replicates=1, set=plain)
    own = {name: package for name, package in uploads.items() if name in state.packages}
    key = (scenario.model_dump_json(), str(scenario.path), tuple((name, identity(each)) for name, each in own.items()))
    return GROUNDS.get(key, lambda: _ground(scenario, own))


def identity(package: Package) -> Hashable:
    """Equal for packages that do the same: one that extends another shares its draws and its opportunities."""
    return digest(package), package.lineage


def _ground(scenario: Scenario, uploads: Mapping[str, Package]) -> Ground:
    inputs = gather(scenario, uploads)
    whole_years(scenario)
    priors = uncertainties(inputs)
    values, refused = draw_values(inputs, priors)
    return Ground(inputs, [prior.name for prior in priors], values, refused)


def changed(package: Package, versions: Versions, name: str, among: Iterable[str]) -> Package:
    """A package with the visitor's values and without the clauses that are switched off.

    A changed clause loses the label that says how certain the text is of its numbers, which need not hold any more.

    Raises
    ------
    NotFound, InvalidValue
        No such address, or a value that it cannot have.
    """
    if name not in among:
        return package
    own = {address: value for address, value in versions.changes.items() if _names(address, package, name)}
    for address, value in own.items():
        package = _with_value(package, address, value)
    ids = {clause.id for clause in package.clause}
    off = {clause.partition("/")[2] for clause in versions.off if clause.partition("/")[0] in (package.id, name)} & ids
    return keeping(package, ids - off) if off else package


def check_names(inputs: Inputs, versions: Versions) -> None:
    """Refuse a change or a switched-off clause of a package that no mix holds.

    Raises
    ------
    NotFound
        The name, with those that exist.
    """
    held = {name for names in inputs.scenario.mixes.values() for name in names}
    packages = {name: package for name, package in inputs.packages.items() if name in held}
    ids = {part: package for name, package in packages.items() for part in (name, package.id)}
    for address in versions.changes:
        if _of_package(address) and parse_address(address).package not in ids:
            raise NotFound("address", address, [each for p in packages.values() for each in addresses(p)])
    for clause in versions.off:
        package, _, own = clause.partition("/")
        known = {f"{p.id}/{each.id}" for p in packages.values() for each in p.clause}
        if package not in ids or own not in {each.id for each in ids[package].clause}:
            raise NotFound("clause", clause, known)


def answers(
    question: Question,
    cancelled: threading.Event,
    crew: Crew | None = None,
    first_draws: int = FIRST_DRAWS,
    awaited: bool = True,
    turn: int | None = None,
) -> Iterator[Progress | Answer]:
    """The preliminary answer as soon as a few draws are done, progress, the final answer; nothing after ``cancelled``.

    What the final answer needs is begun when the caller asks for what follows the preliminary one.

    Parameters
    ----------
    awaited : whether somebody waits for it; otherwise all who are waited for go before
    turn : `Crew.turn` of the visitor's oldest change that has no answer yet; now by default

    Raises
    ------
    RunFailed
        A unit cannot go on.
    """
    crew, draws = crew or shared_crew(), question.scenario.draws
    warm(question.scenario.rules, question.setting.contract, question.setting.general)
    sooner, later = (FIRST, LATER) if awaited else (IDLE, IDLE)
    few, every = _parts(question, min(first_draws, draws), (FREE,)), _parts(question, draws, (FROZEN, FREE))
    total, forks = len(few) + len(every), Stock[Fork](FORKS)
    began: list[Future[MixResult | None]] = []
    try:
        yield Progress(0, total)
        began = [crew.submit(sooner, _work(question, forks, part, cancelled), turn) for part in few]
        yield from _finished(began, 0, total, cancelled)
        if cancelled.is_set():
            return
        first = partial(_preliminary, question, forks, few, began)
        if (found := crew.awaited(sooner, first, cancelled, turn)) is None:
            return
        yield Answer(found, final=False)
        began = [crew.submit(later, _work(question, forks, part, cancelled)) for part in every]
        yield from _finished(began, len(few), total, cancelled)
        if cancelled.is_set():
            return
        yield Answer(dataset(question, _units(question, forks, every, began)), final=True)
    finally:
        for future in began:
            future.cancel()


def _preliminary(
    question: Question, forks: Stock[Fork], parts: Sequence[Part], done: Sequence[Future[MixResult | None]]
) -> xarray.Dataset:
    """Results of the first draws with prices free: nothing has run at frozen ones yet."""
    return dataset(question, _units(question, forks, parts, done)).sel(prices=["free"])


def dataset(question: Question, units: Sequence[UnitResult]) -> xarray.Dataset:
    """Results of the first draws as `policymix.run` gives them."""
    draws, ground = len(units), question.ground
    inputs = replace(question.inputs, scenario=question.scenario.model_copy(update={"draws": draws}))
    priors = [prior for prior in uncertainties(inputs) if prior.name in ground.names]
    values = ground.values[:draws, [ground.names.index(prior.name) for prior in priors]]
    for column, prior in enumerate(priors):
        if prior.law == "fixed":  # a value that the visitor has set closes its range
            values[:, column] = prior.default
    table = results.Table(inputs, question.setting, priors, values, ground.refused)
    for draw, unit in enumerate(units):
        table.put(draw, 0, unit)
    return table.dataset()


def _parts(question: Question, draws: int, modes: Sequence[int]) -> list[Part]:
    """The parts of an answer from so many draws: baselines first, so that no thread waits for another's."""
    baseline, *others = question.setting.order
    return [Part(draw, baseline, RECORD) for draw in range(draws)] + [
        Part(draw, name, mode) for draw in range(draws) for name in others for mode in modes
    ]


def _work(
    question: Question, forks: Stock[Fork], part: Part, cancelled: threading.Event
) -> Callable[[], MixResult | None]:
    """The work on one part; None once it is cancelled."""

    def work() -> MixResult | None:
        if cancelled.is_set():
            return None
        key, unit = forks.get(part.draw, partial(_fork, question, part.draw))
        if part.mode == RECORD:
            return unit.baseline
        mark = _result_key(question, key, part, unit.values)
        return replace(RESULTS.get(mark, partial(_run, unit, part)), mix=part.mix)

    return work


def _units(
    question: Question, forks: Stock[Fork], parts: Sequence[Part], done: Sequence[Future[MixResult | None]]
) -> list[UnitResult]:
    """Finished parts by draw."""
    found: dict[int, list[MixResult]] = {}
    for part, future in zip(parts, done, strict=True):
        result = future.result()
        assert result is not None  # nothing was cancelled
        found.setdefault(part.draw, []).append(result)
    units = []
    for draw, own in found.items():
        _, unit = forks.get(draw, partial(_fork, question, draw))
        units.append(UnitResult(own, unit.start.world, unit.start.burn_in, unit.luck_share, unit.granular, None))
    return units


def _fork(question: Question, draw: int) -> Fork:
    """The baseline of a draw, which visitors share, with the mixes of a question."""
    setting, numbers = question.setting, question.ground.numbers(draw)
    key = _baseline_key(question, numbers, draw)
    return key, _with_mixes(
        BASELINES.get(key, lambda: _baseline(setting, numbers, question.scenario.seed, draw)), setting, numbers
    )


def _run(unit: Forked, part: Part) -> MixResult:
    return next(result for result, _ in run_fork(unit, part.mix, (part.mode,)))


def _baseline(setting: Setting, numbers: Mapping[str, float], seed: int, draw: int) -> Forked:
    """Burn-in and baseline of a draw, and it as it stands where the mixes begin, without what only runs use."""
    unit = fork_unit(setting, numbers, seed, draw)
    city = copied(unit.start.city)
    return replace(unit, start=unit.start._replace(city=city), last=city)


def _with_mixes(unit: Forked, setting: Setting, numbers: Mapping[str, float]) -> Forked:
    """A shared baseline with the mixes of a question: each runs from where it first differs if the baseline was kept as
    it stood there, else from the fork, to the same numbers."""
    begins = {name: first_difference(setting, name) for name in setting.order[1:]}
    start = unit.start._replace(layers=Layers(setting, numbers))
    return replace(unit, setting=setting, values=numbers, start=start, begins=begins)


def _baseline_key(question: Question, numbers: Mapping[str, float], draw: int) -> Hashable:
    """All that a draw's baseline depends on."""
    scenario, setting = question.scenario, question.setting
    inside = {package.id for package in setting.mixes[setting.baseline].packages}
    horizon = (scenario.burn_in_start, scenario.start, scenario.end)
    files = (scenario.region, scenario.environment, str(scenario.path), tuple(scenario.history), scenario.rules)
    own = tuple(sorted((at, value) for at, value in numbers.items() if _package_of(at) in {None, *inside}))
    return (*files, *horizon, scenario.seed, draw, setting.general, question.marks[setting.baseline], own)


def _result_key(question: Question, baseline: Hashable, part: Part, numbers: Mapping[str, float]) -> Hashable:
    """All that a mix's result depends on beside its baseline."""
    packages = question.setting.mixes[part.mix].packages
    inside = {one for package in packages for one in package.lineage}
    own = tuple(sorted((at, value) for at, value in numbers.items() if _package_of(at) in inside))
    return baseline, part.mode, question.marks[part.mix], tuple(question.scenario.opportunities), own


def _finished(
    began: Sequence[Future[MixResult | None]], before: int, total: int, cancelled: threading.Event
) -> Iterator[Progress]:
    """Progress while parts end, told now and then; the first error ends it."""
    left, told = set(began), time.monotonic()
    while left and not cancelled.is_set():
        done, left = wait(left, timeout=PATIENCE, return_when=FIRST_COMPLETED)
        for each in done:
            each.result()
        if done and time.monotonic() - told > PATIENCE:
            told = time.monotonic()
            yield Progress(before + len(began) - len(left), total)


def _with_value(package: Package, address: str, value: Value) -> Package:
    """One value set; see `changed`."""
    key = parse_address(address).key
    clause = key.partition(".")[0]
    if any(each.id == clause and each.certainty is not None for each in package.clause):
        package = _uncertified(package, clause)
    try:
        return set_value(package, key, value)
    except NotFound:
        raise NotFound("address", address, addresses(package)) from None


def _uncertified(package: Package, clause: str) -> Package:
    """The package with one clause without the label of its certainty."""
    raw = {**package.raw, "clause": [dict(each) for each in package.raw["clause"]]}
    for each in raw["clause"]:
        if each["id"] == clause:
            each.pop("certainty", None)
    clauses = tuple(c.model_copy(update={"certainty": None}) if c.id == clause else c for c in package.clause)
    return replace(package, clause=clauses, raw=raw)


def _of_package(address: str) -> bool:
    return parse_address(address).space == "package"


def _package_of(address: str) -> str | None:
    """The package of an address, None of a parameter or figure."""
    package, slash, _ = address.partition("/")
    return package if slash else None


def _names(address: str, package: Package, name: str) -> bool:
    """Whether an address is one of the package's."""
    return _package_of(address) in (package.id, name)
