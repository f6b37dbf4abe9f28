"""A city as it stood at the end of a year: region, environment, policy and draws, from figures up to then.

What still comes from later years is the structure of the region file: which part an industry has in the core, the
core's part in GDP, ratios, the number of firms (carried back by the growth of entries), and the rungs of the ladder
that had no published count by then. Levels of GDP and every published count are those of the origin, so that nothing
that is scored begins with a later figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from policymix import catalog
from policymix.calibrate.outlook import HORIZON, Outlook
from policymix.calibrate.series import by_year
from policymix.engine.setting import Setting
from policymix.engine.unit import Forked, fork_unit
from policymix.errors import InvalidFile, InvalidValue, Problem
from policymix.experiments.inputs import Inputs, gather, uncertainties
from policymix.experiments.parameters import Prior
from policymix.experiments.posterior import NONE, read_posterior
from policymix.experiments.runner import draw_values, setting_of
from policymix.experiments.scenario import Scenario
from policymix.policy.package import Package
from policymix.region.arrays import reference_gdp
from policymix.region.evidence import Statistic
from policymix.region.schema import Environment, LadderStep, Number, Region, Year

BURN_IN_YEARS = 5
FIT_YEARS = 5
"""Years before an origin within which a fit is looked for."""
KNOWN = "known"
"""Name of the only mix: the packages announced by the origin."""
COUNTS = {  # indicator of each step's published count
    "technology_sme": "tech_sme_registered",
    "high_tech_enterprise": "high_tech_enterprises",
    "chick_eagle": "young_eagle_firms",
    "gazelle": "gazelle_firms",
    "unicorn": "unicorn_type_firms",
}
SPACES = ("region.", "environment.")
OF_ORIGIN = "published for the origin, or forecast from figures up to it"


@dataclass(frozen=True)
class Origin:
    """Everything that the units of one origin share.

    Attributes
    ----------
    year : last year known
    setting : the engine's fixed parts
    values : numbers of every draw by address
    packages : names of the packages in force or announced
    fit : name of the fit that the draws come from, ``none`` for the priors
    """

    year: int
    setting: Setting
    values: Sequence[Mapping[str, float]]
    packages: tuple[str, ...]
    fit: str
    seed: int

    def unit(self, draw: int) -> Forked:
        """The city of one draw, from the burn-in to the horizon."""
        return fork_unit(self.setting, self.values[draw], self.seed, draw, mixes=())


def origin_of(
    scenario: Scenario, rows: Sequence[Statistic], year: int, paths: Outlook, draws: int, seed: int
) -> Origin:
    """The city at the end of a year.

    Parameters
    ----------
    scenario : names region, environment, packages of the city
    rows : statistics; those after the year are not looked at
    year : the origin
    paths : the environment's outlook, at least as many paths as draws
    draws, seed : number of draws; root of their random numbers
    """
    full = gather(scenario)
    known = [row for row in rows if row.year <= year]
    names = tuple(name for name in scenario.packages() if _announced(full, name) <= date(year, 12, 31))
    changed = scenario.model_copy(
        update={
            "history": list(names),
            "mixes": {KNOWN: []},
            "baseline": KNOWN,
            "burn_in_start": f"{year + 1 - BURN_IN_YEARS}Q1",
            "start": f"{year + 1}Q1",
            "end": f"{year + HORIZON}Q4",
            "draws": draws,
            "replicates": 1,
            "seed": seed,
            "posterior": fit_at(full.region.id, year),
        }
    )
    inputs = replace(
        full,
        scenario=changed,
        packages={name: known_at(full.packages[name], date(year, 12, 31)) for name in names},
        opportunities=[each for each in full.opportunities if each.package in names],
    )
    priors = uncertainties(inputs)
    region = region_at(full.region, known, year)
    environment = environment_at(full.environment, known, year, paths)
    setting = setting_of(replace(inputs, region=region, environment=environment))
    entries = full.environment.entry_growth.value
    own = [moved(full.region, drawn, known, year, entries) for drawn in draws_known(inputs, priors)]
    values = [_values(drawn, draw, region, environment, paths, year) for draw, drawn in enumerate(own)]
    return Origin(year, setting, values, names, changed.posterior, seed)


def _values(
    drawn: Mapping[str, float], draw: int, region: Region, environment: Environment, paths: Outlook, year: int
) -> dict[str, float]:
    """Numbers of a draw: those that region and environment of the origin still have, the counts published then, and
    one path of the outlook."""
    has = {**region.numbers, **environment.numbers}
    kept = {key: value for key, value in drawn.items() if key in has or not key.startswith(SPACES)}
    ahead = {key: float(path[draw]) for key, path in _path_values(paths, year).items()}
    return {**kept, **_counts(region), **ahead}


def known_at(package: Package, day: date) -> Package:
    """A package without the changes of the model's parameters that begin after a day; what one of them was to replace
    stays in force, as a forecaster would have it who has not heard of the change."""
    clauses = []
    for clause in package.clause:
        later = {change.of for change in clause.changes if change.from_ is not None and change.from_ > day}
        kept = [
            change.model_copy(update={"until": None}) if change.of in later else change
            for change in clause.changes
            if change.from_ is None or change.from_ <= day
        ]
        if kept or not clause.changes:
            clauses.append(clause.model_copy(update={"changes": kept}))
    return replace(package, clause=tuple(clauses))


def draws_known(inputs: Inputs, priors: list[Prior]) -> list[dict[str, float]]:
    """Numbers of every draw by address, as they are believed at the origin (`fit_at`)."""
    values, _ = draw_values(inputs, priors)
    names = [prior.name for prior in priors]
    return [dict(inputs.fixed) | dict(zip(names, row.tolist(), strict=True)) for row in values]


def fit_at(region: str, year: int) -> str:
    """Name of the latest fit to figures up to a year (``posterior/REGION-YEAR.nc``); ``none``, the priors, without one.

    The fit that runs draw from is never taken: it knows later figures.

    Raises
    ------
    InvalidFile
        A fit of that name was made from later figures.
    """
    for until in range(year, year - FIT_YEARS, -1):
        path = catalog.posterior(f"{region}-{until}")
        if path is None:
            continue
        made = read_posterior(path).until
        if made > until:
            raise InvalidFile(path, [Problem("until", str(made), f"a fit to figures up to {until}, as its name says")])
        return f"{region}-{until}"
    return NONE


def region_at(region: Region, rows: Sequence[Statistic], year: int) -> Region:
    """The region with the origin as its reference year: GDP, firms, users' value added and published counts of then."""
    total = _gdp(region, rows, year)
    gdp = next(each for each in region.total if each.key == "gdp" and each.place == region.city)
    gdp = gdp.model_copy(update={"year": year, "value": total, "use": "rake"})
    ladder = [_step_at(step, region, rows, year) for step in region.ladder]
    made = region.model_copy(
        update={
            "reference": region.reference.model_copy(update={"year": year}),
            "ladder": ladder,
            "total": [gdp],
        }
    )
    return Region.model_validate(made.model_dump())


def environment_at(environment: Environment, rows: Sequence[Statistic], year: int, paths: Outlook) -> Environment:
    """The environment with figures up to the origin and the outlook's medians after it; its base year is the origin."""
    own = [row for row in rows if row.place == environment.place]
    nominal, growth = by_year(own, "gdp_current_revised"), by_year(own, "gdp_real_growth")
    rates = {row.year: row.interest for row in environment.year}
    years = []
    for known in range(year + 1 - BURN_IN_YEARS, year + 1):
        if known not in nominal or known not in growth:
            raise InvalidValue(
                environment.place, f"no GDP and its growth of {known}", f"every year of the burn-in to {year}"
            )
        interest = rates.get(known, environment.year[0].interest)
        years.append(
            Year(year=known, gdp_nominal=_figure(nominal[known]), gdp_growth=_figure(growth[known]), interest=interest)
        )
    for ahead in range(HORIZON):
        years.append(
            Year(
                year=year + 1 + ahead,
                gdp_growth=_figure(np.median(paths.growth[:, ahead])),
                inflation=_figure(np.median(paths.inflation[:, ahead])),
                interest=_figure(np.median(paths.interest[:, ahead])),
            )
        )
    first = years[0].year
    shocks = [shock for shock in environment.shock if first <= int(shock.start[:4]) and int(shock.until[:4]) <= year]
    made = environment.model_copy(update={"year": years, "shock": shocks, "base_year": year})
    return Environment.model_validate(made.model_dump(by_alias=True))


def moved(
    region: Region, drawn: Mapping[str, float], rows: Sequence[Statistic], year: int, entry_growth: float
) -> dict[str, float]:
    """Numbers of a draw with the levels of the reference year moved to the origin.

    Firms by the growth of entries, value added of digital users with GDP, the core's share as it is.
    """
    reference = region.reference.year
    count = (1.0 + entry_growth) ** (year - reference)
    money = _gdp(region, rows, year) / reference_gdp(region)
    share = f"region.core_share_{reference}"
    factors = {f"region.{industry.id}.firms": count for industry in region.industry}
    factors |= {f"region.{industry.id}.value_added": money for industry in region.industry if not industry.core}
    levels = {key: drawn.get(key, region.numbers[key].value) * factor for key, factor in factors.items()}
    others = {key: value for key, value in drawn.items() if key != share}
    return others | levels | {f"region.core_share_{year}": drawn.get(share, region.numbers[share].value)}


def _announced(inputs: Inputs, name: str) -> date:
    return inputs.packages[name].head.announced


def _gdp(region: Region, rows: Sequence[Statistic], year: int) -> float:
    levels = by_year([row for row in rows if row.place == region.city], "gdp_current_revised")
    if year not in levels:
        raise InvalidValue(region.city, f"no GDP of {year}", "a year with gdp_current_revised")
    return levels[year]


def count_at(rows: Sequence[Statistic], place: str, step: str, year: int) -> float | None:
    """The published count of a step in a place in the very year; None without one."""
    return by_year([row for row in rows if row.place == place], COUNTS.get(step, "")).get(year)


def _step_at(step: LadderStep, region: Region, rows: Sequence[Statistic], year: int) -> LadderStep:
    """The step with the counts published for the origin; a city's other counts follow its parts."""
    published = {}
    for place, number in step.published.items():
        count = count_at(rows, place, step.step, year)
        published[place] = number if count is None else _figure(count)
    parts = sum(number.value for place, number in published.items() if place != region.city)
    if region.city in published and published[region.city].value < parts:
        published[region.city] = _figure(parts)
    return step.model_copy(update={"published": published})


def _counts(region: Region) -> dict[str, float]:
    """Addresses and values of the counts that were published for the origin, which no draw moves."""
    return {
        f"region.{step.step}.{place}": number.value
        for step in region.ladder
        for place, number in step.published.items()
        if number.why == OF_ORIGIN
    }


def _path_values(paths: Outlook, year: int) -> dict[str, np.ndarray]:
    found = {}
    for ahead in range(HORIZON):
        found[f"environment.gdp_growth_{year + 1 + ahead}"] = paths.growth[:, ahead]
        found[f"environment.inflation_{year + 1 + ahead}"] = paths.inflation[:, ahead]
        found[f"environment.interest_{year + 1 + ahead}"] = paths.interest[:, ahead]
    return found


def _figure(value: float) -> Number:
    return Number(value=float(value), why=OF_ORIGIN)
