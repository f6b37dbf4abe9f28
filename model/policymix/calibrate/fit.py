"""The fit of a region: simulations under the packages then in force, an emulator, a posterior, and what it is worth.

1. Draw every uncertain number from its prior and simulate the city up to the last figure, each draw with its own luck.
2. Estimate how the moments move with the fitted numbers (`emulator`); luck and all other numbers are its residual.
3. Sample the posterior of the fitted numbers given the figures up to a year (`search`).
4. Simulate the model again from the posterior, and fit synthetic figures whose truth is known (`diagnostics`).
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from policymix import catalog
from policymix.calibrate import checkpoint
from policymix.calibrate.diagnostics import recovery
from policymix.calibrate.emulator import fit_emulator
from policymix.calibrate.fit_file import Found, dataset
from policymix.calibrate.moments import Fitted, Published, check_until, fitted_numbers, load_moments, published
from policymix.calibrate.search import ENSEMBLES, Chains, data_of, log_likelihood, search, thinned
from policymix.calibrate.simulated import City, compared, observed_scenario, simulate
from policymix.errors import InvalidFile, Problem, RunFailed, closest
from policymix.experiments import kept, store
from policymix.experiments.parameters import Prior, quantile, sample_accepted
from policymix.experiments.posterior import Posterior, draws_of, open_fit
from policymix.experiments.runner import draw_values, stable_draws
from policymix.experiments.scenario import Scenario
from policymix.region.evidence import LAST_FITTED_YEAR

if TYPE_CHECKING:
    import xarray

SAMPLES = 1000
FIRST_PREDICTED = 1_000_000
"""Luck of the first unit that is simulated from a posterior: none of those that it was made from."""
GRID = 8193
EVIDENCE = ("moments.toml", "city_statistics.csv")
NEEDED = {"sklearn": "scikit-learn", "emcee": "emcee"}

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, done, in all)."""


@dataclass(frozen=True)
class Effort:
    """How much work a fit is: simulations for the emulator, truths to recover, posterior draws to simulate, steps."""

    simulations: int
    truths: int = 60
    predicted: int = 200
    steps: int = 3000
    truth_steps: int = 1000


def effort_of(listed: Fitted, simulations: int | None, quick: bool) -> Effort:
    """The work of a fit: the region's number of simulations, a fifth of everything when quick."""
    wanted = simulations or (max(1, listed.simulations // 5) if quick else listed.simulations)
    return Effort(wanted, 15, 60, 1500, 600) if quick else Effort(wanted)


class Trained(NamedTuple):
    """Simulations under the priors.

    Attributes
    ----------
    values : float64[units, priors]
    moments : float64[units, moments] on the scale of comparison
    """

    values: np.ndarray
    moments: np.ndarray


def calibrate(
    region: str | os.PathLike[str],
    *,
    until: int = LAST_FITTED_YEAR,
    simulations: int | None = None,
    quick: bool = False,
    effort: Effort | None = None,
    seed: int | None = None,
    threads: int | None = None,
    simulated: Path | None = None,
    resume: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> xarray.Dataset:
    """Fit a region to its published figures up to a year.

    Parameters
    ----------
    region : name or path of a region that a scenario has
    until : last year whose figures are fitted; later ones are compared only
    simulations : of the model under the priors; the region's own number by default
    quick : a fifth of the work, for a first look
    effort : the whole work step by step, instead of the two before it
    seed : root of every random number; the scenario's by default
    simulated : file that the simulations are kept in, to go on after an interruption; not kept when not given
    resume : go on with that file
    force : mark a fit that has not converged as to be used all the same

    Returns
    -------
    xarray.Dataset
        Joint samples by address, moments with their prior and posterior predictions, diagnostics; attributes say what
        it was made from.

    Raises
    ------
    InvalidValue
        ``until`` after 2023.
    RunFailed
        The libraries of the fit are not installed, or a unit cannot go on.
    """
    check_until(until)
    check_libraries()
    city = City(_with_seed(observed_scenario(region), seed))
    listed = fitted_numbers(city.inputs.region.id)
    moments = published(city.inputs.region.id)
    check_listed(city, listed)
    effort = effort or effort_of(listed, simulations, quick)
    trained = train(city, moments, effort, simulated, resume, threads, progress)
    return posterior(city, listed, moments, trained, effort, until, force, threads, progress)


def train(
    city: City,
    moments: Sequence[Published],
    effort: Effort,
    path: Path | None = None,
    resume: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Simulate draws of the priors: those the emulator learns from, then those whose numbers are to be recovered."""
    units = effort.simulations + effort.truths
    scenario = city.scenario.model_copy(update={"draws": units})
    values, _ = draw_values(replace(city.inputs, scenario=scenario), city.priors)
    done = checkpoint.begin(path, made_from(city, moments), len(moments), resume) if path is not None else {}
    left = [unit for unit in range(units) if unit not in done]
    lock = threading.Lock()

    def keep(position: int, found: np.ndarray) -> None:
        with lock:
            done[left[position]] = found
            if path is not None:
                checkpoint.append(path, left[position], found)

    simulate(city, moments, values[left], left, threads, _named(progress, "simulating"), keep)
    raw = np.array([done[unit] for unit in range(units)])
    return Trained(values, compared(moments, raw))


def posterior(
    city: City,
    listed: Fitted,
    moments: Sequence[Published],
    trained: Trained,
    effort: Effort,
    until: int = LAST_FITTED_YEAR,
    force: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xarray.Dataset:
    """The posterior of the listed numbers, given simulations under the priors, with its diagnostics."""
    columns = [city.names.index(name) for name in listed.parameters]
    priors = [city.priors[column] for column in columns]
    shares = np.column_stack(
        [share_below(city.priors[c], trained.values[:, c]) for c in columns] or [np.empty((len(trained.values), 0))]
    )
    formed = ~np.isnan(trained.moments).any(axis=0)
    used = [m for m, each in enumerate(moments) if formed[m] and each.moment.use == "fit" and each.moment.year <= until]
    learn, truth = slice(0, effort.simulations), slice(effort.simulations, None)
    emulator = fit_emulator(shares[learn], trained.moments[learn][:, used])
    data = data_of([moments[m] for m in used])
    seed = city.scenario.seed
    chains = _chains(log_likelihood(emulator, data), len(columns), seed, effort, progress)
    samples = thinned(chains.samples, SAMPLES)
    values = np.column_stack([quantile(p, u) for p, u in zip(priors, samples.T, strict=True)]) if priors else samples
    recovering = _named(progress, "recovering known numbers")
    told = trained.moments[truth][:, used]
    regained = recovery(emulator, data, shares[truth], told, seed, effort.truth_steps, recovering)
    predicted = predict(city, moments, listed.parameters, values, effort.predicted, threads, progress)
    found = Found(listed, used, emulator, chains, samples, values, regained, predicted)
    return dataset(
        city, moments, trained.values[learn], trained.moments[learn], found, until, force, sources_of(city.scenario)
    )


def predict(
    city: City,
    moments: Sequence[Published],
    names: Sequence[str],
    samples: np.ndarray,
    draws: int,
    threads: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """The model itself at draws of a posterior, every other number from its prior: float64[draws, moments].

    Parameters
    ----------
    names, samples : addresses, and joint samples float64[samples, numbers] in the numbers' units
    """
    scenario = city.scenario.model_copy(update={"draws": draws})
    inputs = replace(city.inputs, scenario=scenario)
    fit = Posterior(Path(), "", inputs.region.id, 0, tuple(names), samples, {})

    def stable(values: np.ndarray) -> np.ndarray:
        return stable_draws(inputs, city.priors, values)

    values, _ = sample_accepted(city.priors, scenario.seed + 1, draws, stable, inputs.fixed, draws_of(fit))
    luck = range(FIRST_PREDICTED, FIRST_PREDICTED + draws)
    found = simulate(city, moments, values, luck, threads, _named(progress, "simulating the posterior"))
    return compared(moments, found)


def _chains(
    likelihood: Callable[[np.ndarray], np.ndarray], numbers: int, seed: int, effort: Effort, progress: Progress | None
) -> Chains:
    """The posterior's chains; of a region without fitted numbers, empty ones."""
    if not numbers:
        return Chains(np.empty((ENSEMBLES, SAMPLES, 1, 0)), 1.0)
    return search(likelihood, numbers, seed, effort.steps, progress=_named(progress, "searching"))


def share_below(prior: Prior, values: np.ndarray) -> np.ndarray:
    """Share of a prior below each value, between its quantiles along straight lines."""
    grid = np.linspace(0.0, 1.0, GRID)
    return np.interp(values, quantile(prior, grid[1:-1]), grid[1:-1])


def sources_of(scenario: Scenario) -> dict[str, str]:
    """Hashes of what a fit was made from: the code, every file read, the moments and the evidence."""
    files = {path.name: store.hash_file(path) for path in (catalog.evidence(name) for name in EVIDENCE)}
    made = {name: text for name, text in kept.sources_of(scenario).items() if name != "scenario.toml"}
    return {**made, **files, "fit": kept.code_of_fit()}


def stale_fits() -> list[str]:
    """Shipped fits whose sources have changed since, with the sources; a missing one is stale."""
    said = []
    for fit in load_moments().fit:
        path = catalog.posterior_folder() / f"{fit.region}.nc"
        if not path.is_file():
            said.append(f"{path}: not made yet")
            continue
        before, now = json.loads(open_fit(path).attrs["sources"]), sources_of(observed_scenario(fit.region))
        names = sorted(key for key in now.keys() | before.keys() if now.get(key) != before.get(key))
        said += [f"{path}: made before a change of {', '.join(names)}"] if names else []
    return said


def made_from(city: City, moments: Sequence[Published]) -> dict[str, str]:
    """What simulations depend on, by name: code, files, seed, and which moments are told."""
    told = [
        (m.moment.id, m.moment.place, m.moment.measures, m.moment.form, m.moment.prices, m.moment.at) for m in moments
    ]
    files = {name: text for name, text in kept.sources_of(city.scenario).items() if name != "scenario.toml"}
    moments_text = json.dumps(told)
    return {**files, "seed": str(city.scenario.seed), "moments": kept.text_hash(moments_text)}


def check_libraries() -> None:
    """Refuse to begin without the libraries of the fit."""
    from importlib.util import find_spec

    missing = [name for module, name in NEEDED.items() if find_spec(module) is None]
    if missing:
        raise RunFailed(f"policymix calibrate needs {' and '.join(missing)}: pip install 'policymix[calibrate]'")


def check_listed(city: City, listed: Fitted) -> None:
    """Refuse fitted numbers that do not exist or are not uncertain."""
    free = [prior.name for prior in city.priors if prior.law != "fixed"]
    problems = [
        Problem(f'fit "{listed.region}" > parameters', f"'{name}'", "an uncertain number", closest(name, free))
        for name in listed.parameters
        if name not in free
    ]
    problems += [
        Problem(f'fit "{listed.region}" > parameters', f"'{name}' twice", "each number once")
        for name in sorted({name for name in listed.parameters if listed.parameters.count(name) > 1})
    ]
    if problems:
        raise InvalidFile(catalog.evidence("moments.toml"), problems)


def _with_seed(scenario: Scenario, seed: int | None) -> Scenario:
    return scenario if seed is None else scenario.model_copy(update={"seed": seed})


def _named(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    progress(what, 0, 1)
    return lambda done, total: progress(what, done, total)
