"""Runs a scenario: draws, units of work on threads, one labelled Dataset."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

from policymix.engine.mixes import Outside
from policymix.engine.setting import Setting, make_setting
from policymix.engine.unit import run_unit
from policymix.engine.warm import warm
from policymix.errors import InvalidValue
from policymix.experiments import firm_file, results
from policymix.experiments.inputs import Inputs, gather, uncertainties
from policymix.experiments.limits import check_changes
from policymix.experiments.parameters import Prior, sample_accepted
from policymix.experiments.posterior import draws_of, posterior_of
from policymix.experiments.scenario import Scenario
from policymix.firms import locate
from policymix.policy.claim import kind_named
from policymix.policy.dossier import encode
from policymix.policy.opportunity import Opportunities, channel_facts
from policymix.policy.package import Package
from policymix.policy.quantity import central

if TYPE_CHECKING:
    import xarray

LARGEST_GAIN = 0.8
"""Draws whose feedback loop gains more are refused (ECONOMICS b7)."""


def run(
    scenario: Scenario,
    *,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    firms: firm_file.Wanted | None = None,
) -> xarray.Dataset:
    """Run every unit of a scenario and gather its outcomes; the numbers do not depend on ``threads``.

    Parameters
    ----------
    threads : int, optional
        Units of work at once; all processors by default.
    progress : function, optional
        Called with (units done, units in all).
    firms : Wanted, optional
        A panel of firms to write besides (``firm_file.wanted``); the results are the same with and without it.

    Raises
    ------
    PolicymixError
        A file, address or value is wrong, or a unit cannot go on.
    """
    inputs = gather(scenario)
    whole_years(scenario)
    setting = setting_of(inputs)
    check_changes(setting, inputs.parameters, inputs.fixed)
    priors = uncertainties(inputs)
    values, refused = draw_values(inputs, priors)
    warm(scenario.rules, setting.contract, setting.general)
    table = results.Table(inputs, setting, priors, values, refused)
    names = [prior.name for prior in priors]
    units = [(draw, replicate) for draw in range(scenario.draws) for replicate in range(scenario.replicates)]
    if progress is not None:
        progress(0, len(units))

    with ExitStack() as when_done:
        file = (
            None
            if firms is None
            else when_done.enter_context(firm_file.written(firms, setting, inputs, results.attributes(inputs, refused)))
        )

        def work(position: int) -> None:
            draw, replicate = units[position]
            numbers = dict(inputs.fixed) | dict(zip(names, values[draw].tolist(), strict=True))
            luck = draw * scenario.replicates + replicate
            if file is None:
                table.put(draw, replicate, run_unit(setting, numbers, scenario.seed, luck))
                return
            with file.panel(position, (draw, replicate, luck), scenario.seed, numbers) as panel:
                done = run_unit(setting, numbers, scenario.seed, luck, watch=panel.watch, forked_at=panel.start)
            table.put(draw, replicate, done)

        in_threads(work, len(units), threads, progress)
    return table.dataset()


def whole_years(scenario: Scenario) -> None:
    """Refuse a horizon that cuts a calendar year: shares, growth and targets are yearly."""
    if not (scenario.start.endswith("Q1") and scenario.end.endswith("Q4")):
        found = f"{scenario.start} to {scenario.end}"
        raise InvalidValue("horizon", found, "whole calendar years, from a first quarter to a fourth one")


def in_threads(
    work: Callable[[int], None], units: int, threads: int | None, progress: Callable[[int, int], None] | None
) -> None:
    """Work through units by their position, begun in order; the first error ends it."""
    with ThreadPoolExecutor(max_workers=threads or os.cpu_count() or 1) as pool:
        futures = [pool.submit(work, position) for position in range(units)]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                if progress is not None:
                    progress(done, units)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def setting_of(inputs: Inputs, contract: bool = True, mixes: Mapping[str, Sequence[Package]] | None = None) -> Setting:
    """What all units of a scenario share; ``mixes`` instead of the scenario's where packages come in versions."""
    scenario = inputs.scenario
    packages = inputs.packages
    return make_setting(
        inputs.region,
        inputs.environment,
        [packages[name] for name in scenario.history],
        mixes or {name: [packages[each] for each in named] for name, named in scenario.mixes.items()},
        baseline=scenario.baseline,
        burn_in_start=scenario.burn_in_start,
        start=scenario.start,
        end=scenario.end,
        outside=[row for offers in inputs.opportunities for row in outside_of(offers, inputs)],
        rules=scenario.rules,
        contract=contract,
        limits={prior.name: prior.limits for prior in inputs.parameters},
    )


def outside_of(offers: Opportunities, inputs: Inputs) -> list[Outside]:
    """Opened opportunities and the claims of holders that are no firms, as the engine takes them."""
    roles, places = inputs.region.role_places, inputs.region.places
    opened, until = offers.opened, offers.until
    rows = []
    for each in offers.opportunity:
        facts = {
            "place": "city",
            "types": each.types,
            "major": False,
            "newly_attracted": False,
            "registered_on": opened,
        }
        rows.append(
            Outside(
                package=offers.package,
                id=each.id,
                kind="project",
                facts=encode("project", facts, roles, places),
                opened=opened.toordinal(),
                until=until.toordinal(),
                address=offers.address(each.id),
                count=float(central(each.count)),
                investment=float(central(each.investment)),
            )
        )
    for channel in offers.channel:
        rows.append(
            Outside(
                package=offers.package,
                id=channel.id,
                kind=kind_named(channel.kind).name,
                facts=channel_facts(channel, opened, roles, places),
                opened=opened.toordinal(),
                until=until.toordinal(),
                per_year=float(central(channel.per_year)),
                address=offers.address(channel.id),
            )
        )
    return rows


def draw_values(inputs: Inputs, priors: list[Prior]) -> tuple[np.ndarray, float]:
    """Every draw's numbers (draw, prior), and the share of draws refused because their feedback loop would run away.

    Fitted numbers come from the scenario's posterior, all others from their priors.
    """
    scenario = inputs.scenario

    def stable(values: np.ndarray) -> np.ndarray:
        return stable_draws(inputs, priors, values)

    fitted = draws_of(posterior_of(scenario, priors))
    return sample_accepted(priors, scenario.seed, scenario.draws, stable, inputs.fixed, fitted)


def stable_draws(inputs: Inputs, priors: Sequence[Prior], values: np.ndarray) -> np.ndarray:
    """Which draws have a feedback loop that does not run away (ECONOMICS b7): bool[draw] of float64[draw, prior]."""
    column = {prior.name: number for number, prior in enumerate(priors)}
    numbers = inputs.region.numbers

    def of(address: str) -> np.ndarray:
        if address in column:
            return values[:, column[address]]
        return np.full(len(values), inputs.fixed.get(address, numbers[address].value))

    good = np.ones(len(values), bool)
    for place in inputs.region.places:
        gain = locate.loop_gain(
            0.0,
            of("parameter.zone_scale") / 100.0,
            of("parameter.agglomeration"),
            of("parameter.rent_share"),
            of(f"region.{place}.space_elasticity"),
            of("parameter.wage_share_location"),
            of("parameter.wage_response"),
        )
        good &= gain < LARGEST_GAIN
    return good
