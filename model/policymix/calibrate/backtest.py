"""Rolling-origin forecasts of published series, scored against what came after and against three naive rivals.

At every origin the environment is foreseen from figures up to it (`outlook`), the city begins as it stood then
(`origin`) under the packages announced by then, and every series that has a figure is carried forward from that
figure. Nothing after the origin is looked at until the scores are formed.

==================  =================================================================================================
series by           forecast from the figure y of the origin, G nominal GDP over the origin's, m the model's number
==================  =================================================================================================
outlook             y G; real growth; a sector's nominal growth
recognised.STEP     y + sum over years of (new recognitions / modelled share) exp(s z), in whole firms
rest = "gdp"        (m + (y - m_0) G) exp(s z): what firms make, and a rest that grows with GDP
rest = "alike"      y (m / m_0) exp(s z)
==================  =================================================================================================

s is the series' ``spread``; z is normal, of each year's own for recognitions and summed over the years otherwise. m_0
of a flow is the last year of the burn-in, scaled as the fork scales value added to its total.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from policymix.calibrate import rivals
from policymix.calibrate.origin import BURN_IN_YEARS, Origin, origin_of
from policymix.calibrate.outlook import HORIZON, Outlook, outlook
from policymix.calibrate.scores import LEVELS, crps, interval
from policymix.calibrate.series import SECTORS, Figures, Known, Series, by_year, inflation, known_of
from policymix.engine.accounts import A_INVESTMENT, A_VALUE, Out
from policymix.engine.claims import FEN
from policymix.engine.entry import O_ENTRIES, O_PAPER, O_REPORTED_RD
from policymix.engine.symbols import STEPS
from policymix.engine.unit import Forked
from policymix.engine.warm import warm
from policymix.errors import InvalidValue
from policymix.experiments.parameters import uniforms
from policymix.experiments.quarters import quarter_number
from policymix.experiments.region_fit import scenario_of_region
from policymix.experiments.runner import in_threads
from policymix.experiments.scenario import Scenario
from policymix.region.arrays import EnvArrays, quarter_index
from policymix.region.evidence import ELSEWHERE, LAST_FITTED_YEAR, Statistic
from policymix.region.load import load, load_environment
from policymix.region.schema import Region

FIRST_ORIGIN = 2017
DRAWS, QUICK_DRAWS, PATHS, ECHOES, SEED = 48, 8, 1200, 25, 2021
"""Simulated cities of an origin; paths of the environment; realisations of a series' own spread for each city."""
MODEL = "model"
METHODS = (MODEL, *rivals.RIVALS)
FAN = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


class Point(NamedTuple):
    """One forecast of one year, its outturn and the scores of all methods (NaN where a rival has no forecast)."""

    series: str
    origin: int
    year: int
    outturn: float
    bounds: tuple[tuple[float, float], ...]  # by level of `LEVELS`
    score: tuple[float, ...]  # CRPS by method of `METHODS`

    def inside(self, level: float) -> bool:
        """Whether the model's central interval holds the outturn."""
        low, high = self.bounds[LEVELS.index(level)]
        return low <= self.outturn <= high


class Forecast(NamedTuple):
    """All years ahead of one series from one origin: float64[members, years], and the rivals' by year."""

    known: Known
    origin: int
    members: np.ndarray
    rivals: Mapping[int, Mapping[str, np.ndarray | None]]


@dataclass(frozen=True)
class Backtest:
    """What a back-test found for one city.

    Attributes
    ----------
    region, title : of the city
    forecasts : in the order of origins, then of the series' file
    points : those with an outturn
    series : every series with a figure, also those that no point judges
    packages, fits : of every origin with simulated cities
    draws, seed : as asked for
    """

    region: str
    title: tuple[str, str]
    forecasts: tuple[Forecast, ...]
    points: tuple[Point, ...]
    series: tuple[Known, ...]
    packages: Mapping[int, tuple[str, ...]]
    fits: Mapping[int, str]
    draws: int
    seed: int


def backtest(
    region: str,
    series: Sequence[Series],
    learnt: Sequence[Statistic],
    outturns: Sequence[Statistic],
    *,
    origins: Sequence[int] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Forecast a city's series from every origin and score what came true.

    Parameters
    ----------
    region : name or path of a region that a scenario names
    series : those to forecast (`series.read_series`)
    learnt : rows to learn from; of each origin only those up to it are looked at
    outturns : rows to judge by, the learnt ones among them
    origins : years to forecast from; by default all from `FIRST_ORIGIN` on with an outturn to compare
    draws, seed : simulated cities of an origin; root of every random number
    threads : cities at once; all processors by default. The numbers do not depend on it.
    progress : called with (cities done, cities in all)

    Raises
    ------
    InvalidValue
        An origin without figures to learn from or to compare with.
    """
    city, scenario = city_of(region)
    environment = load_environment(scenario.environment, scenario.path)
    judged = _known(city, series, outturns)
    chosen = _origins(city, judged, learnt, origins)
    seen = {year: _known(city, series, [row for row in learnt if row.year <= year]) for year in chosen}
    paths = {year: outlook(learnt, city.city, environment, year, seed, max(PATHS, draws)) for year in chosen}
    starts = {
        year: origin_of(scenario, learnt, year, paths[year], draws, seed)
        for year in chosen
        if any(_begins(known, year) and known.series.simulated for known in seen[year])
    }
    numbers = _simulate(starts, seen, draws, threads, progress)
    forecasts = tuple(
        _forecast(known, year, paths[year], numbers.get(year, {}), learnt, series, seed)
        for year in chosen
        for known in seen[year]
        if _begins(known, year) and (known.series.simulated or _is_foreseen(known, paths[year]))
    )
    by_id = {known.series.id: known for known in judged}
    points = tuple(point for each in forecasts for point in _points(each, by_id[each.known.series.id]))
    packages = {year: start.packages for year, start in starts.items()}
    fits = {year: start.fit for year, start in starts.items()}
    return Backtest(
        city.id, (city.title.en, city.title.zh), forecasts, points, tuple(judged), packages, fits, draws, seed
    )


def city_of(region: str) -> tuple[Region, Scenario]:
    """A region and the first scenario, by name, that names it."""
    return load(region), scenario_of_region(region)


def judges(region: str, series: Sequence[Series], learnt: Sequence[Statistic], outturns: Sequence[Statistic]) -> bool:
    """Whether outturns hold a figure of a city's series that the rows learnt from do not."""
    city, _ = city_of(region)
    before = {known.series.id: known.figures for known in _known(city, series, learnt)}
    return any(before.get(known.series.id, {}) != known.figures for known in _known(city, series, outturns))


def _known(city: Region, series: Sequence[Series], rows: Sequence[Statistic]) -> list[Known]:
    """Figures of every series whose place the city has."""
    found = [known_of(each, city.roles[each.of], rows) for each in series if each.of in city.roles]
    return [known for known in found if known.figures]


def _origins(
    city: Region, judged: Sequence[Known], learnt: Sequence[Statistic], wanted: Sequence[int] | None
) -> list[int]:
    """The years to forecast from: those with GDP to learn from and something later to compare with."""
    own = [row for row in learnt if row.place == city.city]
    nominal = by_year(own, "gdp_current_revised").keys() & inflation(own).keys()
    can = [
        year
        for year in range(FIRST_ORIGIN, LAST_FITTED_YEAR + 1)
        if all(before in nominal for before in range(year + 1 - BURN_IN_YEARS, year + 1))
        and any(year < later <= year + HORIZON for known in judged for later in known.figures)
    ]
    for year in wanted or ():
        if year not in can:
            expected = ", ".join(map(str, can)) or "a city with five years of GDP and its growth before an origin"
            raise InvalidValue("--train-until", str(year), f"a year with figures before and after it: {expected}")
    return sorted(set(wanted)) if wanted else can


def _begins(known: Known, origin: int) -> bool:
    """Whether a series can be carried forward: a level from a figure of the origin itself, a rate from a recent one."""
    if known.series.form == "level":
        return origin in known.figures
    return any(origin - 2 < year <= origin for year in known.figures)


def _is_foreseen(known: Known, paths: Outlook) -> bool:
    return known.series.by not in SECTORS or known.series.by in paths.sectors


def _simulate(
    starts: Mapping[int, Origin],
    seen: Mapping[int, Sequence[Known]],
    draws: int,
    threads: int | None,
    progress: Callable[[int, int], None] | None,
) -> dict[int, dict[str, np.ndarray]]:
    """Of every origin and simulated series the model's numbers: float64[draws, 1 + HORIZON, 2], see `_numbers`."""
    for setting in {start.setting.general: start.setting for start in starts.values()}.values():
        warm(setting.rules, setting.contract, setting.general)
    wanted = {year: [each for each in seen[year] if each.series.simulated and _begins(each, year)] for year in starts}
    found = {
        year: {each.series.id: np.full((draws, 1 + HORIZON, 2), np.nan) for each in wanted[year]} for year in starts
    }
    jobs = [(year, draw) for year in starts for draw in range(draws)]
    if progress is not None and jobs:
        progress(0, len(jobs))

    def work(position: int) -> None:
        year, draw = jobs[position]
        unit = starts[year].unit(draw)
        for each in wanted[year]:
            found[year][each.series.id][draw] = _numbers(each, starts[year], unit)

    in_threads(work, len(jobs), threads, progress)
    return found


def _numbers(known: Known, origin: Origin, unit: Forked) -> np.ndarray:
    """A series in one simulated city at the origin and in the years after it, in model units and current prices; in
    the second column the share of published firms that the model has (1 where that has no meaning)."""
    setting, start = origin.setting, unit.start
    region, env = start.world.region, start.world.env
    inside = _inside(setting.region, known.place)
    first = quarter_index(setting.first_quarter)
    last = [setting.burn_in - 1] + [
        quarter_number(known.series.quarter(origin.year + ahead)) - first for ahead in range(1, 1 + HORIZON)
    ]
    name, _, step = known.series.by.partition(".")
    if name == "recognised":
        row = STEPS.index(step)
        begun = float(region.ladder_start[row, inside].sum())
        counts = [float(unit.baseline.out.ladder[q, inside, row, 0].sum()) for q in last[1:]]
        return np.array([[count, region.ladder_modelled[row]] for count in (begun, *counts)])
    values = [
        _flow(name, out, q, inside, env)
        for out, q in zip((start.burn_in, *([unit.baseline.out] * HORIZON)), last, strict=True)
    ]
    if name != "entries":
        values[0] *= float(region.value_added[:, inside].sum()) / _flow("gdp", start.burn_in, last[0], inside, env)
    return np.array([[value, 1.0] for value in values])


def _flow(name: str, out: Out, quarter: int, inside: list[int], env: EnvArrays) -> float:
    """What the modelled firms do in the year that ends with a quarter: CNY at current prices, a share of GDP, firms."""
    year = slice(quarter - 3, quarter + 1)
    if name == "entries":
        return float(out.place[year][:, inside][:, :, [O_ENTRIES, O_PAPER]].sum())
    fen = {
        "gdp": out.cube[year, :, :, A_VALUE][:, inside].sum(axis=(1, 2)),
        "investment": out.cube[year, :, :, A_INVESTMENT][:, inside].sum(axis=(1, 2)),
    }.get(name, out.place[year, :, O_REPORTED_RD][:, inside].sum(axis=1))
    money = float((fen * env.deflator[year]).sum() / FEN)
    return money / float(env.gdp_nominal[year].sum()) if name == "reported_rd_share" else money


def _inside(region: Region, place: str) -> list[int]:
    places = list(region.places)
    return [places.index(place)] if place in places else list(range(len(places)))


def _forecast(
    known: Known,
    origin: int,
    paths: Outlook,
    numbers: Mapping[str, np.ndarray],
    learnt: Sequence[Statistic],
    series: Sequence[Series],
    seed: int,
) -> Forecast:
    own = known.series
    members = carried(known, origin, paths, numbers[own.id], seed) if own.simulated else foreseen(known, origin, paths)
    others = _figures_of_form(own.form, series, [row for row in learnt if row.year <= origin])
    against = {
        origin + ahead: rivals.forecasts(known.figures, own.form, origin, origin + ahead, others)
        for ahead in range(1, 1 + HORIZON)
    }
    return Forecast(known, origin, members, against)


def _figures_of_form(form: str, series: Sequence[Series], rows: Sequence[Statistic]) -> list[Figures]:
    """Figures of all series of a form in all places, each indicator of a place once."""
    places = sorted({row.place for row in rows} - {ELSEWHERE})
    by_indicator = {each.indicator: each for each in series if each.form == form}
    found = [known_of(each, place, rows).figures for each in by_indicator.values() for place in places]
    return [figures for figures in found if figures]


def foreseen(known: Known, origin: int, paths: Outlook) -> np.ndarray:
    """A series that the environment's outlook forecasts by itself: float64[paths, HORIZON] in the printed unit."""
    by = known.series.by
    if by == "gdp":
        return known.figures[origin] * paths.nominal
    return 100.0 * (paths.growth if by == "gdp_growth" else paths.sectors[by])


def carried(known: Known, origin: int, paths: Outlook, numbers: np.ndarray, seed: int) -> np.ndarray:
    """A series that the simulated firms carry forward: float64[draws x ECHOES, HORIZON] in the printed unit.

    Parameters
    ----------
    numbers : float64[draws, 1 + HORIZON, 2], see `_numbers`
    """
    own, published = known.series, known.figures[origin] * known.factor
    draws = len(numbers)
    model = np.repeat(numbers[:, :, 0], ECHOES, axis=0)
    growth = np.repeat(paths.nominal[:draws], ECHOES, axis=0)
    spread = own.spread.value if own.spread is not None else 0.0
    z = spread * _normals(seed, f"series/{known.place}/{own.id}/{origin}", len(model))
    if own.by.startswith("recognised"):
        modelled = np.repeat(numbers[:, 1:, 1], ECHOES, axis=0)
        new = np.diff(model, axis=1) / modelled
        return np.round(published + np.cumsum(new * np.exp(z), axis=1))
    moved = np.exp(np.cumsum(z, axis=1))
    base = model[:, :1]
    if own.rest == "alike":
        return published * model[:, 1:] / base * moved / known.factor
    if own.by == "reported_rd_share":
        growth = np.ones_like(growth)
    part = np.minimum(1.0, published / base)
    whole = (part * model[:, 1:] + (published - part * base) * growth) * moved
    return whole / known.factor


def _normals(seed: int, name: str, members: int) -> np.ndarray:
    """float64[members, HORIZON], every year from a stream of its own."""
    from scipy.special import ndtri

    return np.array([ndtri(uniforms(seed, f"{name}/{ahead}", members)) for ahead in range(HORIZON)]).T


def _points(forecast: Forecast, judged: Known) -> list[Point]:
    """The years ahead that have an outturn."""
    found = []
    for ahead in range(1, 1 + HORIZON):
        year = forecast.origin + ahead
        if year not in judged.figures:
            continue
        outturn, members = judged.figures[year], forecast.members[:, ahead - 1]
        ensembles = {MODEL: members, **forecast.rivals[year]}
        scores = tuple(_score(ensembles[name], outturn) for name in METHODS)
        bounds = tuple(interval(members, level) for level in LEVELS)
        found.append(Point(judged.series.id, forecast.origin, year, outturn, bounds, scores))
    return found


def _score(members: np.ndarray | None, outturn: float) -> float:
    return float("nan") if members is None else crps(members, outturn)
