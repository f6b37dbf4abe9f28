"""Exit: a hazard by age, a weak effect of size, cash, and the end of rent relief."""

from __future__ import annotations

from ..elementary import exp, log


def rate_at_age(years, first, second, third, middle, late):
    """Yearly probability of leaving at an age in completed years: 1.6 / 6.3 / 9.5 / 8 (years 4-7) / 6 % after (B08)."""
    if years < 1.0:
        return first
    if years < 2.0:
        return second
    if years < 3.0:
        return third
    return middle if years < 7.0 else late


def quarterly(rate):
    """Probability a quarter of an event with a yearly probability: 1 - (1 - h)^(1/4)."""
    return 1.0 - exp(0.25 * log(1.0 - rate))


def size_factor(ln_size, ln_typical, elasticity):
    """(S / S_e)^-elasticity; 0.05 or less, or growth would depend on size (S4)."""
    return exp(-elasticity * (ln_size - ln_typical))


def cash_factor(funds, capital, threshold, weight):
    """Firms with liquid funds below a share of capital leave more often: 1 + weight (1 - A / (threshold K))."""
    return 1.0 + weight * max(0.0, 1.0 - funds / (threshold * capital + 1.0))


def probability(base, by_size, by_cash, relief_ended, bump):
    """Probability of leaving this quarter, at most one half; ``relief_ended`` is 1 in the quarters after a
    relief ran out."""
    return min(0.5, base * by_size * by_cash * (1.0 + bump * relief_ended))
