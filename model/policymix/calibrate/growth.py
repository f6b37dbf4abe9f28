"""Estimators of firm size and growth: tail, shape of growth, its spread and its mean by size.

Every estimator is a pure function of arrays. Where the data do not identify a number the answer is ``UNKNOWN`` (not a
number), never a guess.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

UNKNOWN = math.nan
"""What an estimator returns when the data do not identify the number."""
FEWEST = 20
"""Observations below which nothing is estimated."""
SHAPES = (0.2, 6.0)
"""Range of Subbotin shapes that are searched."""


def tail_exponent(sizes: np.ndarray, top: float) -> float:
    """Exponent z of the upper tail, P(size > s) ~ s^-z: ln(rank - 1/2) = c - z ln(size) over the largest firms.

    Gabaix and Ibragimov (2011), doi:10.1198/jbes.2009.06157; B01, B03.

    Parameters
    ----------
    sizes : float64[firms]
        Positive sizes in any unit; others are left out.
    top : float
        Share of the firms that the tail holds.

    Returns
    -------
    float
        z, or ``UNKNOWN`` with fewer than ``FEWEST`` firms in the tail or none that differ.
    """
    tail = np.sort(np.log(sizes[sizes > 0.0]))[::-1]
    tail = tail[: int(top * tail.size)]
    if tail.size < FEWEST or tail[0] <= tail[-1]:
        return UNKNOWN
    return -_slope(tail, np.log(np.arange(1, tail.size + 1) - 0.5))


class Mixture(NamedTuple):
    """A lognormal body with a Pareto tail fitted to sizes, and whether it beats the lognormal alone."""

    exponent: float
    """Of the Pareto part."""
    share: float
    """Of the firms in the Pareto part."""
    better: float
    """Bayesian information criterion of the lognormal less that of the mixture; positive favours the mixture."""


def size_mixture(sizes: np.ndarray, thresholds: int = 12, rounds: int = 60) -> Mixture:
    """Statistical mixture of a lognormal and a Pareto law by expectation and maximisation (B02).

    In logs: (1 - w) N(m, s) + w z exp(-z (y - y0)) above y0, y0 the best of the quantiles from 0.5 to 0.98.

    Parameters
    ----------
    sizes : float64[firms]
        Positive sizes; others are left out.
    thresholds, rounds : int
        Values of y0 that are tried, steps of the algorithm for each.

    Returns
    -------
    Mixture
        All ``UNKNOWN`` with fewer than ten times ``FEWEST`` firms or none that differ.
    """
    y = np.log(sizes[sizes > 0.0])
    if y.size < 10 * FEWEST or y.std() < 1e-9:
        return Mixture(UNKNOWN, UNKNOWN, UNKNOWN)
    alone = float(np.sum(_ln_normal(y, y.mean(), y.std())))
    found = [_fit_mixture(y, float(np.quantile(y, q)), rounds) for q in np.linspace(0.5, 0.98, thresholds)]
    likelihood, exponent, share = max(found)
    return Mixture(exponent, share, 2.0 * (likelihood - alone) - 3.0 * math.log(y.size))


def _fit_mixture(y: np.ndarray, start: float, rounds: int) -> tuple[float, float, float]:
    """Log-likelihood, exponent and weight of the mixture whose Pareto part begins at ``start``."""
    above = y > start
    excess = np.where(above, y - start, 0.0)
    weight, middle, spread, rate = 0.5 * float(above.mean()), float(np.median(y)), float(y.std()), 1.0
    likelihood = -math.inf
    for _ in range(rounds):
        body = (1.0 - weight) * np.exp(_ln_normal(y, middle, spread))
        tail = np.where(above, weight * rate * np.exp(-rate * excess), 0.0)
        likelihood = float(np.sum(np.log(body + tail)))
        part = tail / (body + tail)
        weight = min(0.999, max(1e-6, float(part.mean())))
        rate = float(part.sum() / max(np.sum(part * excess), 1e-12))
        rest = 1.0 - part
        middle = float(np.sum(rest * y) / rest.sum())
        spread = max(1e-3, float(np.sqrt(np.sum(rest * (y - middle) ** 2) / rest.sum())))
    return likelihood, rate, weight


def _ln_normal(y: np.ndarray, middle: float, spread: float) -> np.ndarray:
    return -0.5 * ((y - middle) / spread) ** 2 - math.log(spread * math.sqrt(2.0 * math.pi))


class Subbotin(NamedTuple):
    """Density b / (2 a G(1/b)) exp(-|(g - m) / a|^b): b = 1 is Laplace, b = 2 normal."""

    shape: float
    scale: float
    middle: float


def subbotin(growth: np.ndarray) -> Subbotin:
    """Subbotin law of growth rates by maximum likelihood, its middle at the median (B04, B05).

    For a given b the best scale is a = (b mean |g - m|^b)^(1/b); b maximises what is left of the likelihood.

    Parameters
    ----------
    growth : float64[firm-years]
        Growth rates in logs, standardised or not.

    Returns
    -------
    Subbotin
        All ``UNKNOWN`` with fewer than ten times ``FEWEST`` rates, none that differ, or a best shape at the edge of
        ``SHAPES``.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    g = growth[np.isfinite(growth)]
    middle = float(np.median(g)) if g.size else 0.0
    away = np.abs(g - middle)
    away = away[away > 0.0]
    if away.size < 10 * FEWEST or away.max() <= away.min():
        return Subbotin(UNKNOWN, UNKNOWN, UNKNOWN)
    ln_away = np.log(away)

    def scale(b: float) -> float:
        return math.exp((math.log(b) + math.log(np.mean(np.exp(b * ln_away)))) / b)

    def loss(b: float) -> float:
        return math.log(2.0 * scale(b)) + float(gammaln(1.0 / b)) + 1.0 / b - math.log(b)

    best = float(minimize_scalar(loss, bounds=SHAPES, method="bounded", options={"xatol": 1e-4}).x)
    if min(best - SHAPES[0], SHAPES[1] - best) < 1e-2:
        return Subbotin(UNKNOWN, UNKNOWN, UNKNOWN)
    return Subbotin(best, scale(best), middle)


class Classes(NamedTuple):
    """Size classes of equal numbers of firms: mean log size and standard deviation of growth in each."""

    ln_size: np.ndarray
    spread: np.ndarray
    of: np.ndarray
    """int64[firm-years] class of every observation."""


def size_classes(ln_size: np.ndarray, growth: np.ndarray, classes: int, fewest: int = FEWEST) -> Classes | None:
    """Sort observations into size classes; None where a class would hold fewer than ``fewest``.

    Parameters
    ----------
    ln_size, growth : float64[firm-years]
        Log of the size before, log growth.
    classes : int
        Classes of equal numbers.
    """
    if classes < 2 or ln_size.size < classes * fewest:
        return None
    order = np.argsort(ln_size, kind="stable")
    of = np.empty(ln_size.size, np.int64)
    of[order] = np.arange(ln_size.size) * classes // ln_size.size
    number = np.bincount(of, minlength=classes)
    mean = np.bincount(of, growth, classes) / number
    variance = np.bincount(of, (growth - mean[of]) ** 2, classes) / number
    return Classes(np.bincount(of, ln_size, classes) / number, np.sqrt(variance), of)


def spread_slope(ln_size: np.ndarray, growth: np.ndarray, classes: int) -> float:
    """Slope of the log standard deviation of growth on log size over size classes (B06, B07).

    Parameters
    ----------
    ln_size, growth : float64[firm-years]
        Log of the size before, log growth.
    classes : int
        Size classes of equal numbers.

    Returns
    -------
    float
        Slope, about -0.15 in data; ``UNKNOWN`` where a class holds too few firms or does not vary.
    """
    found = size_classes(ln_size, growth, classes)
    if found is None or np.any(found.spread <= 0.0) or np.ptp(found.ln_size) < 1e-9:
        return UNKNOWN
    return _slope(found.ln_size, np.log(found.spread))


def standardised(ln_size: np.ndarray, growth: np.ndarray, classes: int) -> np.ndarray:
    """Growth less its mean and over its standard deviation in its size class; empty where classes are too small."""
    found = size_classes(ln_size, growth, classes)
    if found is None or np.any(found.spread <= 0.0):
        return np.zeros(0)
    number = np.bincount(found.of, minlength=classes)
    mean = np.bincount(found.of, growth, classes) / number
    return (growth - mean[found.of]) / found.spread[found.of]


def dhs_growth(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Growth g = 2 (after - before) / (after + before), from -2 (exit) to 2 (Davis, Haltiwanger and Schuh 1996)."""
    return 2.0 * (after - before) / (after + before)


def growth_on_size(before: np.ndarray, after: np.ndarray, cell: np.ndarray) -> float:
    """Slope of DHS growth on the log of *initial* size within cells (of age, industry and year), exits included (B15).

    Parameters
    ----------
    before : float64[firm-years]
        Size at the start, positive.
    after : float64[firm-years]
        Size a year later, 0 after an exit.
    cell : int64[firm-years]
        Number of the cell; a dummy for each.

    Returns
    -------
    float
        Change of yearly growth for a size larger by one log point; ``UNKNOWN`` without variation of size in cells.
    """
    if before.size < 10 * FEWEST:
        return UNKNOWN
    x, y = within(np.log(before), cell), within(dhs_growth(before, after), cell)
    variation = float(np.sum(x * x))
    return float(np.sum(x * y) / variation) if variation > 1e-9 * before.size else UNKNOWN


def within(values: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Values less the mean of their cell."""
    number = np.maximum(np.bincount(cell), 1)
    return values - (np.bincount(cell, values) / number)[cell]


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    """Slope of the least-squares line."""
    centred = x - x.mean()
    return float(np.sum(centred * (y - y.mean())) / np.sum(centred * centred))
