"""One city's packages in another: amounts scaled by the two economies, and what a region's places cannot carry."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache

from policymix import catalog
from policymix.engine.setting import Setting
from policymix.errors import InvalidValue
from policymix.experiments.scenario import Scenario, apply_sets, load_scenario
from policymix.policy.package import Package, addresses_of, load
from policymix.region.arrays import region_arrays
from policymix.region.load import load as load_region

MONEY = re.compile(
    r"(^|\.)(pays\.(amount|each|amounts\.[^.]+)|cap(\.\d+)?\.amount|budget\.amount|lends\.total|limit\.\d+\.amount)"
    r"(\.(value|low|high|at_most))?$"
)
"""Addresses of amounts, caps, limits, budgets and credit lines; thresholds of eligibility are none of them."""
FEN = Decimal("0.01")


def scaled_to_host(scenario: Scenario) -> tuple[Scenario, list[str]]:
    """The scenario with every money amount of foreign packages times host GDP / home GDP, and what was done, in words.

    GDP is that of each region file's reference year. The settings go before those that the scenario has, which win.

    Raises
    ------
    InvalidValue
        No scenario says which region a package is at home in.
    """
    settings: dict[str, object] = {}
    said = []
    for name in dict.fromkeys(each for named in scenario.mixes.values() for each in named):
        package = load(name, scenario.path)
        home = home_of(package)
        if home == scenario.region:
            continue
        (host_gdp, host_year), (home_gdp, home_year) = (_gdp(region, scenario) for region in (scenario.region, home))
        factor = host_gdp / home_gdp
        settings |= scaling(package, factor)
        said.append(
            f"{package.id}: money amounts, caps and budgets x {factor:.3g} (GDP of {scenario.region} {host_year}, "
            f"{host_gdp / 1e9:,.0f} bn CNY, over {home} {home_year}, {home_gdp / 1e9:,.0f} bn)"
        )
    if not settings:
        return scenario, said
    own = dict(scenario.set)
    changed = apply_sets(scenario.model_copy(update={"set": {}}), {**settings, **own})  # type: ignore[dict-item]
    text = " ".join(filter(None, [scenario.description, "Scaled to the host.", "; ".join(said) + "."]))
    return changed.model_copy(update={"description": text}), said


def scaling(package: Package, factor: float) -> dict[str, object]:
    """Every amount of money of a package times a factor, to the fen, by its full address.

    The ends of a range come behind its value, whose setting would close the range; the bounds of a ceiling are shares
    of it and stay.
    """
    known = addresses_of(package.raw)
    found: dict[str, object] = {}
    for address, value in known.items():
        head, _, key = address.rpartition(".")
        share = key in ("low", "high") and f"{head}.at_most" in known
        if MONEY.search(address) and not share and isinstance(value, int | Decimal) and not isinstance(value, bool):
            amount = (Decimal(value) * Decimal(str(factor))).quantize(FEN)
            found[f"{package.id}/{address}"] = float(amount)
    return found


@cache
def _homes() -> dict[str, str]:
    """Region of every package that a shipped scenario names, by its name."""
    found: dict[str, str] = {}
    for name in sorted(catalog.available("scenarios")):
        scenario = load_scenario(name)
        for package in scenario.packages():
            found.setdefault(package, scenario.region)
    return found


def home_of(package: Package) -> str:
    """The region whose scenario names a package, or what it was derived from.

    Raises
    ------
    InvalidValue
        None does.
    """
    for name in package.lineage:
        if name in _homes():
            return _homes()[name]
    expected = f"a package that a scenario of its home names: {', '.join(sorted(_homes()))}, or one that extends it"
    raise InvalidValue("--scale-to-host", f"{package.id}, whose home nobody names", expected)


def _gdp(region: str, scenario: Scenario) -> tuple[float, int]:
    """GDP in CNY and the year that it is of."""
    found = load_region(region, scenario.path)
    return float(region_arrays(found).gdp), found.reference.year


def place_notices(setting: Setting) -> list[str]:
    """What the packages of the mixes name that the region does not have, in words."""
    found: dict[str, None] = {}
    for name in setting.order:
        for notice in setting.mixes[name].notices:
            if notice.startswith("the region has no place"):
                found.setdefault(f"{notice} ({_of_role(setting, name, notice)})")
    return list(found)


def _of_role(setting: Setting, mix: str, notice: str) -> str:
    """Packages of a mix that name the role that a notice is about."""
    role = notice.split("'")[1]
    named = [p.id for p in setting.mixes[mix].packages if p.head.place == role or f"'{role}'" in repr(p.raw)]
    return ", ".join(named) or mix
