"""What one simulated city gives for each moment, under the packages that were then in force.

Published series were produced under the history and, from their dates on, the packages under study: a unit for a fit is
the burn-in and the region's fullest mix with its own feedback. No baseline is needed, so the mix is its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np

from policymix.calibrate.moments import STOCKS, Moment, Published, scaled
from policymix.engine.setting import Setting
from policymix.engine.symbols import STEPS
from policymix.engine.unit import UnitResult, run_unit
from policymix.engine.warm import warm
from policymix.experiments.inputs import Inputs, gather, uncertainties
from policymix.experiments.parameters import Prior
from policymix.experiments.region_fit import scenario_of_region
from policymix.experiments.results import total_value
from policymix.experiments.runner import in_threads, setting_of
from policymix.experiments.scenario import Scenario
from policymix.region.arrays import EnvArrays
from policymix.region.evidence import LAST_FITTED_YEAR


def observed_scenario(region: str | os.PathLike[str], end: str = f"{LAST_FITTED_YEAR}Q4") -> Scenario:
    """The scenario of a region in which its published figures arose: its fullest mix alone, up to a quarter.

    Parameters
    ----------
    region : name or path of a region that a scenario has
    end : last quarter simulated

    Raises
    ------
    NotFound
        No scenario names the region.
    """
    named = scenario_of_region(region)
    fullest = max(named.mixes, key=lambda name: len(named.mixes[name]))
    changes = {
        "mixes": {fullest: named.mixes[fullest]},
        "baseline": fullest,
        "end": end,
        "posterior": "none",
        "replicates": 1,
    }
    return named.model_copy(update=changes)


class City:
    """What all units of a fit share: the inputs, their priors and the compiled setting."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.inputs: Inputs = gather(scenario)
        self.setting: Setting = setting_of(self.inputs)
        self.priors: list[Prior] = uncertainties(self.inputs)

    @property
    def names(self) -> list[str]:
        """Addresses of all uncertain numbers, in the order of ``priors``."""
        return [prior.name for prior in self.priors]


def simulate(
    city: City,
    moments: Sequence[Published],
    values: np.ndarray,
    luck: Sequence[int],
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    done: Callable[[int, np.ndarray], None] | None = None,
) -> np.ndarray:
    """What the model gives for each moment, in the units of the figures.

    Parameters
    ----------
    values : float64[units, priors] numbers of each unit, in the order of the city's priors
    luck : address of each unit's random numbers
    done : called with a unit's position and its moments as soon as they are known, from any thread

    Returns
    -------
    float64[units, moments]
        NaN for what the model does not form in that year.
    """
    scenario, setting = city.scenario, city.setting
    warm(scenario.rules, setting.contract, setting.general)
    found = np.full((len(values), len(moments)), np.nan)

    def work(position: int) -> None:
        numbers = dict(city.inputs.fixed) | dict(zip(city.names, values[position].tolist(), strict=True))
        unit = run_unit(setting, numbers, scenario.seed, luck[position])
        found[position] = [measure(city.inputs, setting, unit, each.moment) for each in moments]
        if done is not None:
            done(position, found[position])

    in_threads(work, len(values), threads, progress)
    return found


def compared(moments: Sequence[Published], values: np.ndarray) -> np.ndarray:
    """Moments [..., moments] on the scale on which each is compared."""
    columns = [
        np.vectorize(scaled, otypes=[float])(values[..., m], each.log) if values.size else values[..., m]
        for m, each in enumerate(moments)
    ]
    return np.stack(columns, axis=-1) if columns else values


def measure(inputs: Inputs, setting: Setting, unit: UnitResult, moment: Moment) -> float:
    """What a unit gives for a moment; NaN for what the model does not form in that year.

    Growth is that of the year against the year before; what is new, the rise of a count within the year. Growth of
    money cannot be told across the fork, where sizes are anchored to published totals.
    """
    env = unit.world.env
    if moment.prices == "constant":
        env = env._replace(deflator=np.ones_like(env.deflator))

    def level(year: int, month: int = 12) -> float:
        return _level(inputs, setting, unit, env, moment, year, month)

    if moment.form == "level":
        return level(moment.year, moment.month)
    before, now = level(moment.year - 1), level(moment.year)
    if moment.form == "new":
        return now - before
    forked = int(inputs.scenario.start[:4])
    comparable = before > 0.0 and (moment.year != forked or moment.measures == "gdp")
    return now / before - 1.0 if comparable else np.nan


def _level(
    inputs: Inputs, setting: Setting, unit: UnitResult, env: EnvArrays, moment: Moment, year: int, month: int
) -> float:
    """A level at the end of a month, between the ends of quarters along a straight line; NaN outside the run."""
    name = f"{year}Q{(month - 1) // 3 + 1}"
    if name not in env.quarter:
        return np.nan
    q = list(env.quarter).index(name)
    share = ((month - 1) % 3 + 1) / 3.0
    ends = ((q, 1.0),) if share == 1.0 else ((q - 1, 1.0 - share), (q, share))
    return sum(weight * _at(inputs, setting, unit, env, moment, at) for at, weight in ends)


def _at(inputs: Inputs, setting: Setting, unit: UnitResult, env: EnvArrays, moment: Moment, q: int) -> float:
    """A level in the year that ends with quarter q, or on its last day."""
    key, region = moment.measures, inputs.region
    if q < 3 and key.split(".")[0] not in STOCKS:
        return np.nan
    places = list(region.places)
    inside = [places.index(moment.place)] if moment.place in places else list(range(len(places)))
    step = key.rpartition(".")[2] if "recognised." in key else ""
    if step:
        return _recognised(setting, unit, step, q, inside, key.startswith("place_share"))
    out = unit.start if q < setting.burn_in else unit.results[-1].out
    value = total_value(key, out, q, inside, list(region.industries), env, unit)
    return np.nan if value is None else float(value)


def _recognised(setting: Setting, unit: UnitResult, step: str, q: int, inside: list[int], share: bool) -> float:
    """A count of the ladder in all industries; at the fork, the one that the city is anchored to; NaN before."""
    row, region = STEPS.index(step), unit.world.region
    if q < setting.burn_in - 1:
        return np.nan
    counts = region.ladder_start[row] if q == setting.burn_in - 1 else unit.results[-1].out.ladder[q, :, row, 0]
    scale = counts.sum() if share else region.ladder_modelled[row]
    return float(counts[inside].sum() / scale) if scale > 0.0 else np.nan
