"""What a forecaster who stands at the end of a year expects of the environment, with the errors of his own past.

One rule for every rate (real growth, the deflator, a sector's growth above that of GDP): the mean of the city's last
1, 2, 3 and 6 years and the same means over all cities, combined with weights in inverse proportion to the mean squares
of the errors that each of them made in all cities up to the origin (Bates and Granger 1969). The spread is the root
mean square of the combination's errors, with Student's t of as many degrees as there are years of errors, so that a
short and quiet record does not promise a quiet future. Of the error's variance a third is a wrong mean, which persists
along the path (a mean of two years has half the variance of a year); the rest is each year's own.

A year of a declared shock (the environment file's, none after the origin) is no trend: once the next year is known both
enter with their mean; until then it does not enter, and a part of its shortfall is expected back in the next year.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from policymix.calibrate.series import SECTORS, Figures, by_year, excess_growth, inflation, sector_shares
from policymix.errors import InvalidValue
from policymix.experiments.parameters import uniforms
from policymix.region.evidence import Statistic
from policymix.region.schema import Environment

HORIZON = 6
"""Years ahead; always all of them, so that no forecast depends on which outturns exist."""
MEMORIES = (1, 2, 3, 6)
"""Years of which means are taken."""
LEAST_YEARS = 2
"""Years of figures without which a city has no expectation; a longer mean is then that of all years there are."""
PERSISTS = 1.0 / 3.0
RETURNS = (0.3, 1.0)
"""Part of a declared shock's shortfall that is back in the next year, uniform; judgement: shocks of demand and supply
by lockdown end with it, what was not produced is not made up for."""
STALE = 3
"""Years without figures after which a city no longer enters."""
LARGEST, SMALLEST = 0.4, 1e-8
"""Bound on a drawn rate; least mean square error that a weight is formed with."""
LEAST_DEGREES = 3
LEAST_INTEREST_CHANGE = 0.002


class Outlook(NamedTuple):
    """Paths of the environment from an origin: float64[paths, years] each, the first year the one after the origin."""

    growth: np.ndarray  # real GDP, share a year
    inflation: np.ndarray  # GDP deflator, share a year
    interest: np.ndarray  # share a year
    sectors: Mapping[str, np.ndarray]  # nominal growth, share a year; {} where sectors are not published

    @property
    def nominal(self) -> np.ndarray:
        """Nominal GDP over that of the origin."""
        return np.cumprod((1.0 + self.growth) * (1.0 + self.inflation), axis=1)


Panel = Mapping[str, Figures]
"""Rates of several cities by city and year."""


def outlook(
    rows: Sequence[Statistic], place: str, environment: Environment, origin: int, seed: int, paths: int
) -> Outlook:
    """Paths of the environment of a city from the figures up to an origin.

    Parameters
    ----------
    rows : statistics; those after the origin are not looked at
    place : the city
    environment : its declared shocks and interest rates up to the origin are used, nothing else
    origin : last year that is known
    seed, paths : root of the random numbers; number of paths

    Raises
    ------
    InvalidValue
        The city has too few figures up to the origin.
    """
    known = [row for row in rows if row.year <= origin]
    places = sorted({row.place for row in known})
    by_place = {each: [row for row in known if row.place == each] for each in places}
    shocks = {int(shock.start[:4]) for shock in environment.shock if int(shock.start[:4]) <= origin}
    named = f"outlook/{place}/{origin}"
    growth = {each: by_year(own, "gdp_real_growth") for each, own in by_place.items()}
    prices = {each: inflation(own) for each, own in by_place.items()}
    real = rate_paths(growth, place, origin, shocks, seed, f"{named}/growth", paths)
    deflator = rate_paths(prices, place, origin, (), seed, f"{named}/inflation", paths)
    nominal_growth = (1.0 + real) * (1.0 + deflator) - 1.0
    return Outlook(
        growth=real,
        inflation=deflator,
        interest=_interest(environment, origin, seed, named, paths),
        sectors=_sectors(by_place, place, origin, nominal_growth, seed, named),
    )


def rate_paths(
    panel: Panel, place: str, origin: int, shocks: Collection[int], seed: int, name: str, paths: int
) -> np.ndarray:
    """Paths of one rate: the centre, a deviation that persists, each year's own, and what a shock gives back."""
    rules = expected(panel, place, origin, shocks)
    if rules is None:
        raise InvalidValue(
            name, f"too few figures of {place} up to {origin}", f"{LEAST_YEARS} of the last {LEAST_YEARS + STALE} years"
        )
    weights, scale, degrees = record(panel, origin, shocks)
    middle, back = float(weights @ rules.centres), float(rules.back)
    lasting = np.sqrt(PERSISTS) * scale * _student(degrees, seed, f"{name}/lasting", paths)
    own = [
        np.sqrt(1.0 - PERSISTS) * scale * _student(degrees, seed, f"{name}/{ahead}", paths) for ahead in range(HORIZON)
    ]
    found = middle + lasting[:, None] + np.array(own).T
    low, high = RETURNS
    found[:, 0] += back * (low + (high - low) * uniforms(seed, f"{name}/back", paths))
    return np.clip(found, -LARGEST, LARGEST)


class Expected(NamedTuple):
    """What each simple rule expects of the years after an origin, and what of a shock may come back in the first."""

    centres: np.ndarray  # float64[rules]: own means by memory, then means over all cities
    back: float


class Record(NamedTuple):
    """The past of the rules up to an origin."""

    weights: np.ndarray  # float64[rules], sum 1
    scale: float  # root mean square error of their combination
    degrees: int  # years with errors


def expected(panel: Panel, place: str, origin: int, shocks: Collection[int]) -> Expected | None:
    """What the rules expect of a city after an origin; None with too few figures."""
    own = _means(panel.get(place, {}), origin, shocks)
    if own is None:
        return None
    known = [_means(panel[each], origin, shocks) for each in sorted(panel)]
    everywhere = np.mean([means for means in known if means is not None], axis=0)
    back = 0.0
    if origin in shocks and origin in panel[place]:
        before = expected(panel, place, origin - 1, shocks)
        back = 0.0 if before is None else max(0.0, float(before.centres.mean()) - panel[place][origin])
    return Expected(np.concatenate((own, everywhere)), back)


def record(panel: Panel, origin: int, shocks: Collection[int]) -> Record:
    """How the rules have done a year ahead in all cities up to an origin."""
    errors, years = [], set()
    for place in sorted(panel):
        for year in sorted(year for year in panel[place] if year <= origin):
            before = expected(panel, place, year - 1, shocks)
            if before is not None:
                errors.append(panel[place][year] - before.centres - before.back * sum(RETURNS) / 2.0)
                years.add(year)
    if not errors:
        raise InvalidValue("outlook", f"no error of a forecast up to {origin}", "at least three years of figures")
    found = np.array(errors)
    weights = 1.0 / np.maximum(np.mean(np.square(found), axis=0), SMALLEST)
    weights /= weights.sum()
    return Record(weights, float(np.sqrt(np.mean(np.square(found @ weights)))), max(LEAST_DEGREES, len(years)))


def _means(rates: Figures, origin: int, shocks: Collection[int]) -> np.ndarray | None:
    """Means of the last years up to an origin, by memory, without shocks that are not over."""
    trend = {year: rate for year, rate in rates.items() if year <= origin}
    for year in sorted(shocks):
        if year in trend and year + 1 in trend:
            trend[year] = trend[year + 1] = 0.5 * (trend[year] + trend[year + 1])
        elif year in trend:
            del trend[year]
    last = sorted(trend)
    if len(last) < LEAST_YEARS or last[-LEAST_YEARS] <= origin - LEAST_YEARS - STALE:
        return None
    return np.array([np.mean([trend[year] for year in last[-memory:]]) for memory in MEMORIES])


def _interest(environment: Environment, origin: int, seed: int, name: str, paths: int) -> np.ndarray:
    """The last rate known and a random walk with the size of its yearly changes so far."""
    rates = [row.interest.value for row in environment.year if row.year <= origin]
    last = rates[-1] if rates else environment.year[0].interest.value
    moved = np.diff(rates) if len(rates) > 1 else np.zeros(1)
    scale = max(LEAST_INTEREST_CHANGE, float(np.sqrt(np.mean(np.square(moved)))))
    steps = [_normal(seed, f"{name}/interest/{ahead}", paths) for ahead in range(HORIZON)]
    return np.clip(last + scale * np.cumsum(steps, axis=0).T, 0.005, 0.25)


def _sectors(
    by_place: Mapping[str, list[Statistic]], place: str, origin: int, nominal: np.ndarray, seed: int, name: str
) -> dict[str, np.ndarray]:
    """Nominal growth of the sectors: that of GDP and an excess, the excesses weighted to nought."""
    shares = sector_shares(by_place.get(place, []), origin)
    excess = {}
    for sector in SECTORS if shares else ():
        panel = {each: excess_growth(f"{sector}_value_added_as_published", own) for each, own in by_place.items()}
        if expected(panel, place, origin, ()) is None:
            return {}
        excess[sector] = rate_paths(panel, place, origin, (), seed, f"{name}/{sector}", len(nominal))
    whole = sum((shares[sector] * each for sector, each in excess.items()), np.zeros_like(nominal))
    return {sector: nominal + each - whole for sector, each in excess.items()}


def _student(degrees: int, seed: int, name: str, paths: int) -> np.ndarray:
    from scipy.special import stdtrit

    return stdtrit(degrees, uniforms(seed, name, paths))


def _normal(seed: int, name: str, paths: int) -> np.ndarray:
    from scipy.special import ndtri

    return ndtri(uniforms(seed, name, paths))
