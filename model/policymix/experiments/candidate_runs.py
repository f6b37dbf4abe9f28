"""Many candidates in the same draws and luck: burn-in and baseline once a draw, then every candidate from the fork.

Equal draws and luck under all candidates are common random numbers (Glasserman and Yao 1992,
doi:10.1287/mnsc.38.6.884): a difference between two candidates carries no luck that both have.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace

import numpy as np

from policymix.engine.mixes import Layers
from policymix.engine.setting import Setting
from policymix.engine.timetable import FREE
from policymix.engine.unit import Forked, first_difference, fork_unit, run_fork
from policymix.engine.warm import warm
from policymix.errors import RunFailed
from policymix.experiments.appraised import fields_of
from policymix.experiments.blocks import FAILURES_OF_A_RUN
from policymix.experiments.coalitions import OUTCOMES, reader
from policymix.experiments.inputs import Inputs, gather, uncertainties
from policymix.experiments.limits import check_changes
from policymix.experiments.parameters import Prior
from policymix.experiments.reducing import kept_of_mix, kept_of_unit
from policymix.experiments.results import coordinates, payers_of, sorted_clauses
from policymix.experiments.runner import draw_values, setting_of, whole_years
from policymix.experiments.scenario import Scenario
from policymix.experiments.study import Stored
from policymix.policy.compiled import Uncertain
from policymix.policy.package import Package

SAME = 1e-9
BASELINE = -1
"""Number of the baseline among the failures of a draw."""


@dataclass(frozen=True, eq=False)
class Trials:
    """What all candidates of a design share.

    Attributes
    ----------
    setting : of the baseline and the packages as published
    names, values : what is uncertain, and its value in every draw, float64[draw, prior]
    open : ranges that the published packages leave open, by address
    stored : what is kept of a run for its targets
    units : burn-in and baseline of the draws that are used again and again, by draw
    """

    inputs: Inputs
    setting: Setting
    priors: list[Prior]
    values: np.ndarray
    open: Mapping[str, Uncertain]
    stored: tuple[Stored, ...]
    coords: Mapping[str, list | np.ndarray]
    units: dict[int, Forked] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def scenario(self) -> Scenario:
        """The scenario with the baseline, the packages of the levers and the published mixes."""
        return self.inputs.scenario

    def numbers(self, draw: int) -> dict[str, float]:
        """Numbers of a draw by address."""
        names = [prior.name for prior in self.priors]
        return dict(self.inputs.fixed) | dict(zip(names, self.values[draw].tolist(), strict=True))


@dataclass(frozen=True)
class Measured:
    """Candidates in one draw.

    Attributes
    ----------
    outcomes : float64[candidate, outcome], less the baseline's, in the order of ``coalitions.OUTCOMES``; NaN if failed
    kept : variables for the targets by name, float64[1 + candidate, ...], the baseline first
    failures : reason by candidate; that of `BASELINE` is why the whole draw has none
    """

    outcomes: np.ndarray
    kept: Mapping[str, np.ndarray]
    failures: Mapping[int, str]


def trials_of(scenario: Scenario, stored: Sequence[Stored] = ()) -> Trials:
    """Everything that candidates share, with the loop compiled.

    Parameters
    ----------
    scenario : its mixes are the baseline and all packages that candidates are made of; its draws are all there are
    """
    inputs = gather(scenario)
    whole_years(scenario)
    setting = setting_of(inputs)
    check_changes(setting, inputs.parameters, inputs.fixed)
    priors = uncertainties(inputs)
    values, _ = draw_values(inputs, priors)
    warm(scenario.rules, setting.contract, setting.general)
    ranges = {each.address: each for mix in setting.mixes.values() for each in mix.uncertain}
    coords = coordinates(inputs, setting, sorted_clauses(setting), payers_of(setting), [p.name for p in priors])
    coords |= {"prices": ["free"]}
    return Trials(inputs, setting, priors, values, ranges, tuple(stored), coords)


def measure(
    trials: Trials,
    candidates: Sequence[Sequence[Package]],
    draws: Sequence[int],
    *,
    hold: bool,
    threads: int,
    done: Callable[[int, Measured], None],
) -> None:
    """Run candidates in some draws, some at once, and hand over each draw as it is done; no number depends on threads.

    Parameters
    ----------
    hold : keep burn-in and baseline of the draws for the next call
    done : called with (draw, what was measured), one call at a time
    """
    baseline = trials.scenario.baseline
    own = [trials.inputs.packages[name] for name in trials.scenario.mixes[baseline]]
    mixes = {baseline: own} | {f"c{number}": list(packages) for number, packages in enumerate(candidates)}
    setting = setting_of(trials.inputs, mixes=mixes)
    warm(trials.scenario.rules, setting.contract, setting.general)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        futures = {pool.submit(_in_draw, trials, setting, draw, hold): draw for draw in draws}
        try:
            for future in as_completed(futures):
                done(futures[future], future.result())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _in_draw(trials: Trials, setting: Setting, draw: int, hold: bool) -> Measured:
    """Every candidate of a setting in one draw."""
    names = [name for name in setting.order if name != setting.baseline]
    outcomes = np.full((len(names), len(OUTCOMES)), np.nan)
    try:
        unit = _unit(trials, draw, hold)
    except FAILURES_OF_A_RUN as error:
        return Measured(outcomes, {}, {BASELINE: str(error)})
    begins = {name: first_difference(setting, name) for name in names}
    read = {name: reader(name, trials.setting, unit) for name in OUTCOMES}
    nothing = {name: each(unit.baseline) for name, each in read.items()}
    of_unit = kept_of_unit(trials.setting, unit, trials.stored, trials.coords)
    rows = [kept_of_mix(trials.setting, unit, [unit.baseline], trials.stored, trials.coords)]
    failures, fields = {}, fields_of(stored.name for stored in trials.stored)
    for number, name in enumerate(names):
        values = _own_values(trials, setting, name, unit.values)
        start = unit.start._replace(layers=Layers(setting, values))
        forked = replace(unit, setting=setting, values=values, begins=begins, start=start)
        try:
            (result, _), *_ = run_fork(forked, name, (FREE,), fields=fields)
            here = {each: reader(each, setting, forked) for each in OUTCOMES}
            found = np.array([here[each](result) - nothing[each] for each in OUTCOMES])
            if not np.isfinite(found).all():
                wrong = [each for each, value in zip(OUTCOMES, found, strict=True) if not np.isfinite(value)]
                raise RunFailed(f"{', '.join(wrong)} is not a number")
            kept = kept_of_mix(setting, forked, [result], trials.stored, trials.coords)
        except FAILURES_OF_A_RUN as error:
            failures[number] = str(error)
            rows.append({key: np.full_like(value, np.nan, dtype=float) for key, value in rows[0].items()})
        else:
            outcomes[number] = found
            rows.append(kept)
    stacked = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
    return Measured(outcomes, stacked | of_unit, failures)


def _unit(trials: Trials, draw: int, hold: bool) -> Forked:
    """Burn-in and baseline of a draw; its luck is the draw's number, as in `policymix run` with one replicate."""
    with trials.lock:
        known = trials.units.get(draw)
    if known is not None:
        return known
    unit = fork_unit(trials.setting, trials.numbers(draw), trials.scenario.seed, draw)
    if hold:
        with trials.lock:
            trials.units[draw] = unit
    return unit


def _own_values(trials: Trials, setting: Setting, name: str, values: Mapping[str, float]) -> Mapping[str, float]:
    """The drawn values as a candidate has them: where its range is a multiple of the published one, so is the value."""
    changed = {}
    for each in setting.mixes[name].uncertain:
        known = trials.open.get(each.address)
        if known is None or each.address not in values or each.high <= each.low or known.high == 0.0:
            continue
        ratio = each.high / known.high
        if abs(ratio - 1.0) > SAME and abs(each.low - ratio * known.low) <= SAME * abs(each.high):
            changed[each.address] = ratio * values[each.address]
    return {**values, **changed} if changed else values
