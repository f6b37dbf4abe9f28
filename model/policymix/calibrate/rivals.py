"""Three naive forecasters of a series, each with a predictive distribution from its own past errors.

They see the figures up to the origin and nothing else. A level is forecast in logs, a rate as it is.

===============  ==========================================================  =====================================
rival            forecast h years ahead                                      error h years ahead, from one-year sigma
===============  ==========================================================  =====================================
``last_value``   y                                                           sigma sqrt(h)
``last_growth``  y + h (last change a year)                                  sigma sqrt(1 + 4 + ... + h^2)
``ar1``          first-order autoregression of the growth (rate: of itself)  of the fitted process, parameters as known
===============  ==========================================================  =====================================

sigma is the root mean square of the rival's own errors in the series; of fewer than `OWN_ERRORS` errors it is that of
all series of the form (levels, rates) in all cities up to the origin. Errors have Student's t with as many degrees as
there are errors, so that a short record is not overconfident.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

from policymix.calibrate.scores import library
from policymix.calibrate.series import Figures

RIVALS = ("last_value", "last_growth", "ar1")
MEMBERS = 400
OWN_ERRORS = 2
LEAST_YEARS = 5
"""Consecutive years of growth that an autoregression needs."""


def forecasts(
    figures: Figures, form: str, origin: int, year: int, others: Iterable[Figures]
) -> dict[str, np.ndarray | None]:
    """Ensembles of the three rivals for a year; None where a rival has too few figures.

    Parameters
    ----------
    figures : of the series; those after the origin are not looked at
    form : ``level`` or ``rate``
    others : figures of all series of the form, in all cities, for spreads that the series is too short to give
    """
    known = transformed(figures, form, origin)
    pool = [transformed(each, form, origin) for each in others]
    found = {
        "last_value": _last_value(known, year, [change for each in pool for change in changes(each)]),
        "last_growth": _last_growth(known, year, [turn for each in pool for turn in turns(each)]),
        "ar1": _autoregression(known, form, year),
    }
    return {name: None if each is None else (np.exp(each) if form == "level" else each) for name, each in found.items()}


def transformed(figures: Figures, form: str, origin: int) -> dict[int, float]:
    """Figures up to the origin in order, levels in logs."""
    known = {year: figures[year] for year in sorted(figures) if year <= origin}
    return {year: float(np.log(value)) for year, value in known.items()} if form == "level" else known


def changes(known: Figures) -> list[float]:
    """Changes between figures, over the square root of the years between them: errors of the last value."""
    years = list(known)
    return [(known[b] - known[a]) / np.sqrt(b - a) for a, b in itertools.pairwise(years)]


def turns(known: Figures) -> list[float]:
    """Changes of the yearly change: errors of the last growth, for a year ahead."""
    years = list(known)
    rates = [(known[b] - known[a]) / (b - a) for a, b in itertools.pairwise(years)]
    return [b - a for a, b in itertools.pairwise(rates)]


def _last_value(known: Figures, year: int, pooled: list[float]) -> np.ndarray:
    last = max(known)
    return known[last] + np.sqrt(year - last) * _errors(changes(known), pooled)


def _last_growth(known: Figures, year: int, pooled: list[float]) -> np.ndarray | None:
    if len(known) < 2:
        return None
    before, last = list(known)[-2:]
    slope = (known[last] - known[before]) / (last - before)
    ahead = year - last
    spread = np.sqrt(ahead * (ahead + 1) * (2 * ahead + 1) / 6.0)
    return known[last] + ahead * slope + spread * _errors(turns(known), pooled)


def _autoregression(known: Figures, form: str, year: int) -> np.ndarray | None:
    """x' = c + phi x + e by least squares; of a level x is the log growth, summed to the year."""
    years = list(known)
    if form == "level":
        path = {b: known[b] - known[a] for a, b in itertools.pairwise(years) if b == a + 1}
    else:
        path = dict(known)
    record = _unbroken(path, max(years))
    if len(record) < LEAST_YEARS:
        return None
    fitted = library("statsmodels.tsa.ar_model").AutoReg(np.array(record), lags=1, trend="c").fit()
    constant, persistence = (float(each) for each in fitted.params)
    degrees = len(record) - 3
    sigma = float(np.sqrt(np.sum(np.square(fitted.resid)) / degrees))
    ahead = year - max(years)
    level, expected = record[-1], []
    for _ in range(ahead):
        level = constant + persistence * level
        expected.append(level)
    weights = persistence ** np.arange(ahead)
    if form == "level":
        middle, weights = known[max(years)] + sum(expected), np.cumsum(weights)
    else:
        middle = expected[-1]
    return middle + sigma * np.sqrt(np.sum(np.square(weights))) * _student(degrees)


def _unbroken(path: Figures, last: int) -> list[float]:
    """The figures of the consecutive years that end with a year, in order."""
    record = []
    while last in path:
        record.append(path[last])
        last -= 1
    return record[::-1]


def _errors(own: list[float], pooled: list[float]) -> np.ndarray:
    """Errors a year ahead as evenly spaced quantiles; a point where no series has made one yet."""
    errors = np.array(own if len(own) >= OWN_ERRORS else pooled)
    if errors.size == 0:
        return np.zeros(MEMBERS)
    return np.sqrt(np.mean(np.square(errors))) * _student(max(1, len(errors)))


def _student(degrees: int) -> np.ndarray:
    """Evenly spaced quantiles of Student's t; from three degrees on with its scale, below as with three."""
    from scipy.special import stdtrit

    return stdtrit(max(3, degrees), (np.arange(MEMBERS) + 0.5) / MEMBERS)
