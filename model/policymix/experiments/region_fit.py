"""How well the population of a region meets its published totals: a few units of a scenario that names it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import NamedTuple

from policymix import catalog
from policymix.errors import InvalidValue, NotFound, PolicymixError
from policymix.experiments.quarters import quarter_number
from policymix.experiments.scenario import Scenario, load_scenario
from policymix.region.arrays import environment_arrays, region_arrays
from policymix.region.load import load, load_environment
from policymix.region.schema import Region
from policymix.region.totals import Comparison, comparison, implied_totals

SECONDS_A_UNIT = 3.0  # of one core, for Dalian's 13,000 firms over eight years under two mixes
FIRMS_OF_A_UNIT = 13_000


class Plan(NamedTuple):
    """What would be simulated."""

    scenario: Scenario
    seconds: float  # of one core; compiling the rules once comes on top


def plan(region: str, draws: int) -> Plan | None:
    """The scenario that shows a region's fit: its history, its baseline and its fullest mix, up to the last total.

    Published series were produced under the packages then in force, hence the fullest mix. None where no scenario
    names the region; an edited copy of a region is shown by the scenario of the region whose id it bears.

    Parameters
    ----------
    region : name or path
    draws : samples of the uncertain numbers, 1 or more
    """
    if draws < 1:
        raise InvalidValue("--draws", str(draws), "a whole number, 1 or more; 0 to simulate nothing")
    known = load(region)
    named = _scenario_of(known)
    if named is None:
        return None
    fullest = max(named.mixes, key=lambda name: len(named.mixes[name]))
    last = max([total.year for total in known.total] + [int(named.start[:4])])
    end = min((f"{last}Q4", named.end), key=quarter_number)
    changes = {
        "region": str(catalog.find("regions", region)),
        "mixes": {name: named.mixes[name] for name in dict.fromkeys((named.baseline, fullest))},
        "end": end,
        "draws": draws,
        "replicates": 1,
    }
    years = (quarter_number(end) - quarter_number(named.burn_in_start) + 1) / 4.0
    firms = sum(industry.firms.value for industry in known.industry)
    seconds = draws * SECONDS_A_UNIT * firms / FIRMS_OF_A_UNIT * years / 8.0
    return Plan(named.model_copy(update=changes), seconds)


def simulated(
    wanted: Plan, threads: int | None = None, progress: Callable[[int, int], None] | None = None
) -> list[Comparison]:
    """Every published total beside what the simulated city gives, mean of the draws."""
    from policymix.experiments.runner import run

    results = run(wanted.scenario, threads=threads, progress=progress)
    return comparison(load(wanted.scenario.region), json.loads(results.attrs["synthetic_totals"]))


def implied(region: str) -> list[Comparison] | None:
    """Every published total beside what the file's own numbers imply; None where no scenario names the region."""
    known = load(region)
    named = _scenario_of(known)
    if named is None:
        return None
    environment = load_environment(named.environment, named.path)
    paths = environment_arrays(environment, {}, named.burn_in_start, named.end)
    return comparison(known, implied_totals(known, region_arrays(known), paths))


def scenario_of_region(region: str | os.PathLike[str]) -> Scenario:
    """The first scenario, by name, of a region, with the region's file as it was named.

    Raises
    ------
    NotFound
        No scenario names the region.
    """
    known = load(region)
    named = _scenario_of(known)
    if named is None:
        regions = {load_scenario(path).region for path in catalog.available("scenarios").values()}
        raise NotFound("region with a scenario", os.fspath(region), regions)
    return named.model_copy(update={"region": str(catalog.find("regions", region))})


def _scenario_of(region: Region) -> Scenario | None:
    """The first scenario, by name, whose region bears this id; a file that cannot be read names none."""
    for path in catalog.available("scenarios").values():
        try:
            scenario = load_scenario(path)
            if load(scenario.region, scenario.path).id == region.id:
                return scenario
        except PolicymixError:
            continue
    return None
