"""Everything a scenario names, read and set: region, environment, packages, priors, and every address that exists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from policymix.errors import InvalidValue, NotFound
from policymix.experiments import store
from policymix.experiments.addresses import Value, parse_address, require
from policymix.experiments.limits import check_settings
from policymix.experiments.parameters import Prior, fixed_values, prior_of_range, read_priors
from policymix.experiments.scenario import Scenario, run_addresses
from policymix.policy.compile import Uncertain, compile_mix
from policymix.policy.opportunity import Opportunities, load_opportunities
from policymix.policy.package import Package, addresses, set_value
from policymix.policy.package import load as load_package
from policymix.policy.target import Target, load_targets
from policymix.region.load import check_together, defaults, load_environment, uncertain
from policymix.region.load import load as load_region
from policymix.region.schema import Environment, Region

_DESCRIBES = re.compile(
    r"/(id|title|source|note|status|open_ended|currency)\b|\.(title|source|reading|why|note|inert)\b"
)


@dataclass(frozen=True)
class Inputs:
    """What a scenario names, read.

    Attributes
    ----------
    packages : by name, with the scenario's settings applied
    targets : of all the scenario's target files, in order
    opportunities : what the packages open, file by file
    parameters : priors of the firms' parameters, named ``parameter.NAME``
    figures : priors of uncertain figures of region, environment and opportunities, named by their addresses
    fixed : settings of parameters and figures as numbers; they collapse a prior
    """

    scenario: Scenario
    region: Region
    environment: Environment
    packages: Mapping[str, Package]
    targets: list[Target]
    opportunities: list[Opportunities]
    parameters: list[Prior]
    figures: list[Prior]
    fixed: Mapping[str, float]


def gather(scenario: Scenario, written: Mapping[str, Package] | None = None) -> Inputs:
    """Read all files of a scenario and apply its settings; an address that does not exist is refused here.

    Packages in ``written`` are taken by their name instead of being looked for.
    """
    near = scenario.path
    region, environment = load_region(scenario.region, near), load_environment(scenario.environment, near)
    check_together(region, environment)
    packages = {name: (written or {}).get(name) or load_package(name, near) for name in scenario.packages()}
    parameters = read_priors(store.priors_file(scenario))
    bounds = {**region.bounds, **environment.bounds}
    figures = [
        replace(prior_of_range(address, law, low, high, default), bounds=bounds.get(address))
        for address, law, low, default, high in uncertain(region, environment)
    ]
    opportunities = [load_opportunities(name, near) for name in scenario.opportunities]
    figures += [_prior(number) for offers in opportunities for number in offers.uncertain()]
    plain = {prior.name: prior.default for prior in (*parameters, *figures)} | defaults(region, environment)
    for address, value in scenario.set.items():
        if address not in plain and parse_address(address).space == "package":
            packages = _with_setting(packages, plain, address, value)
        else:
            require(address, [*plain, *_levers(packages), *run_addresses(scenario)])
    fixed = fixed_values(plain, scenario.set)
    check_settings(fixed, parameters, bounds)
    targets = [target for name in scenario.targets for target in load_targets(name, near)]
    return Inputs(scenario, region, environment, packages, targets, opportunities, parameters, figures, fixed)


def levers(inputs: Inputs) -> dict[str, Any]:
    """Every number, date and word of the packages that a designer may set, by address, with its present value."""
    return _levers(inputs.packages)


def uncertainties(inputs: Inputs) -> list[Prior]:
    """Priors of parameters and figures, and the ranges that the packages' texts leave open."""
    region = inputs.region
    ranges = []
    for package in inputs.packages.values():
        mix = compile_mix([package], region.role_places, region.places)
        ranges += [replace(_prior(number), stream=_origin(package, number.address)) for number in mix.uncertain]
    return [*inputs.parameters, *inputs.figures, *ranges]


def _prior(number: Uncertain) -> Prior:
    return prior_of_range(number.address, number.law, number.low, number.high, number.default)


def _origin(package: Package, address: str) -> str:
    """The address of a number in the package that this one was first derived from: both draw the same luck."""
    return f"{package.lineage[-1]}{address.removeprefix(package.id)}"


def _levers(packages: Mapping[str, Package]) -> dict[str, Any]:
    """Addresses of all packages; what only describes a clause is left out."""
    found = {address: value for package in packages.values() for address, value in addresses(package).items()}
    return {address: value for address, value in found.items() if not _DESCRIBES.search(address)}


def _with_setting(
    packages: Mapping[str, Package], plain: Mapping[str, float], address: str, value: Value
) -> dict[str, Package]:
    """Packages with one value of one clause changed, under every name that stands for the package."""
    parsed = parse_address(address)
    unknown = NotFound("address", address, [*plain, *_levers(packages)], where="--set")
    named = {name for name, package in packages.items() if parsed.package in (name, package.id)}
    if not named:
        raise unknown
    try:
        changed = {name: set_value(packages[name], parsed.key, value) for name in named}
    except NotFound:
        raise unknown from None
    except InvalidValue as error:
        if error.problem.found.startswith("unknown key"):
            raise unknown from None
        raise
    return {**packages, **changed}
