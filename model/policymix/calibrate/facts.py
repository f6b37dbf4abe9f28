"""Estimators of what firms do in a year: exit by age, invest in lumps, create jobs, adopt, sell and do research.

Pure functions of arrays like those of ``growth``; ``UNKNOWN`` where the data do not identify the number.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from policymix.calibrate.growth import FEWEST, UNKNOWN


def exit_hazard(at_risk: np.ndarray, exits: np.ndarray, first: int, last: int) -> float:
    """Probability a year of leaving in the years of age from ``first`` to ``last``, counted from 1 (B08).

    1 - (product over the quarters of 1 - exits / at risk)^(1 / years): the life table's, which knows no period.

    Parameters
    ----------
    at_risk, exits : float64[quarters of age]
        Firm-quarters lived at each age, and how many of them ended in exit.
    first, last : int
        Years of age, both included: the first year holds the ages of 0 to 3 quarters.

    Returns
    -------
    float
        Share a year; ``UNKNOWN`` where an age was never lived by ``FEWEST`` firms.
    """
    gone = gone_between(at_risk, exits, first, last)
    return 1.0 - (1.0 - gone) ** (1.0 / (last - first + 1))


def gone_between(at_risk: np.ndarray, exits: np.ndarray, first: int, last: int) -> float:
    """Share of a cohort that leaves in the years of age from ``first`` to ``last``; see `exit_hazard`."""
    ages = slice(4 * (first - 1), 4 * last)
    lived, left = at_risk[ages], exits[ages]
    if lived.size < 4 * (last - first + 1) or np.any(lived < FEWEST):
        return UNKNOWN
    return float(1.0 - np.prod(1.0 - left / lived))


def share_of(part: float, whole: float) -> float:
    """Part of a whole; ``UNKNOWN`` where there is no whole."""
    return float(part / whole) if whole > 0.0 else UNKNOWN


def younger_than(age: np.ndarray, years: float) -> float:
    """Share of firms below an age (B10).

    Parameters
    ----------
    age : float64[firms]
        Age in quarters.
    years : float
        Bound, excluded.
    """
    return float(np.mean(age < 4.0 * years)) if age.size >= FEWEST else UNKNOWN


class Lumps(NamedTuple):
    """How unevenly firms invest: shares of firm-years, and correlation of a year's rate with the year before."""

    inaction: float
    spikes: float
    autocorrelation: float


def lumps(rates: np.ndarray, small: float, large: float) -> Lumps:
    """Moments of yearly investment rates I / K (Cooper and Haltiwanger 2006; B23-B28, B31).

    Parameters
    ----------
    rates : float64[years, firms]
        Investment of the year over capital at its start; not a number where the firm is not observed.
    small : float
        |I / K| below it is inaction: 0.01.
    large : float
        I / K above it is a spike: 0.20.

    Returns
    -------
    Lumps
        Each ``UNKNOWN`` with fewer than ``FEWEST`` firm-years, the correlation also without variation.
    """
    seen = rates[np.isfinite(rates)]
    if seen.size < FEWEST:
        return Lumps(UNKNOWN, UNKNOWN, UNKNOWN)
    return Lumps(float(np.mean(np.abs(seen) < small)), float(np.mean(seen > large)), _persistence(rates))


def _persistence(rates: np.ndarray) -> float:
    """Correlation of the rates of neighbouring years, pooled."""
    if len(rates) < 2:
        return UNKNOWN
    before, after = rates[:-1].ravel(), rates[1:].ravel()
    both = np.isfinite(before) & np.isfinite(after)
    before, after = before[both], after[both]
    if before.size < FEWEST or before.std() < 1e-12 or after.std() < 1e-12:
        return UNKNOWN
    return float(np.corrcoef(before, after)[0, 1])


def top_growers_share(gains: np.ndarray, top: float) -> float:
    """Share of gross job creation that comes from the firms that added most jobs (B18).

    Parameters
    ----------
    gains : float64[firms]
        Change of staff of each firm, losses included; a newcomer's is its staff.
    top : float
        Share of the *growing* firms that counts as top.

    Returns
    -------
    float
        Share; ``UNKNOWN`` with fewer than ``FEWEST`` / ``top`` growing firms.
    """
    created = np.sort(gains[gains > 0.0])[::-1]
    number = int(top * created.size)
    return share_of(float(created[:number].sum()), float(created.sum())) if number >= FEWEST else UNKNOWN


class Bass(NamedTuple):
    """Coefficients a year of dF/dt = (p + q F)(1 - F)."""

    innovation: float
    imitation: float


def bass(peers: np.ndarray, at_risk: np.ndarray, adopted: np.ndarray, periods_a_year: float = 4.0) -> Bass:
    """Bass coefficients by least squares of the adoption rate on the share of adopters (Bass 1969; B34).

    rate = -n ln(1 - adopted / at risk) = p + q F, n periods a year; weighted by the firms at risk over the rate fitted
    first with equal weights, the inverse of the variance of a count.

    Parameters
    ----------
    peers : float64[periods]
        F, share of adopters before the period.
    at_risk, adopted : float64[periods]
        Firms without equipment before the period, and how many of them adopt in it.
    periods_a_year : float
        n.

    Returns
    -------
    Bass
        p and q; ``UNKNOWN`` with fewer than four periods that count or a share that does not move.
    """
    counts = (at_risk >= FEWEST) & (adopted < at_risk)
    if counts.sum() < 4 or np.ptp(peers[counts]) < 0.01:
        return Bass(UNKNOWN, UNKNOWN)
    f, firms = peers[counts], at_risk[counts]
    rate = -periods_a_year * np.log(1.0 - adopted[counts] / firms)
    first = _line(f, rate, firms)
    fitted = np.maximum(first.innovation + first.imitation * f, 0.1 * max(float(np.mean(rate)), 1e-6))
    return _line(f, rate, firms / fitted)


def _line(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Bass:
    """Weighted least-squares line: its level at nought and its slope."""
    middle, level = np.average(x, weights=weight), np.average(y, weights=weight)
    slope = np.sum(weight * (x - middle) * (y - level)) / np.sum(weight * (x - middle) ** 2)
    return Bass(float(level - slope * middle), float(slope))


def bass_curve(years: np.ndarray, start: float, innovation: float, imitation: float) -> np.ndarray:
    """Share of adopters F of a closed group after some years, from a share at the start.

    F = (1 - p c) / (1 + q c), c = (1 - F0) / (p + q F0) e^(-(p + q) t).
    """
    p, q = innovation, imitation
    c = (1.0 - start) / (p + q * start) * np.exp(-(p + q) * years)
    return (1.0 - p * c) / (1.0 + q * c)
