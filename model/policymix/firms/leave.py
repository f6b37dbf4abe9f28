"""Exit: a hazard by age, a weak effect of size, cash, and the end of rent relief."""

from __future__ import annotations

from ..elementary import exp, log


def rate_at_age(years, first, second, third, middle, late):
    """Yearly probability of leaving at an age in completed years: 1.6 / 6.3 / 9.5 / 8 (years 4-7) / 6 % after.

    B08, B09.

    Parameters
    ----------
    years : float
        Age.
    first, second, third, middle, late : float
        ``exit_first`` to ``exit_late`` a year.

    Returns
    -------
    float
        Probability a year.
    """
    if years < 1.0:
        return first
    if years < 2.0:
        return second
    if years < 3.0:
        return third
    return middle if years < 7.0 else late


def quarterly(rate):
    """Probability a quarter of an event with a yearly probability: 1 - (1 - h)^(1/4).

    Parameters
    ----------
    rate : float
        h a year, below 1.

    Returns
    -------
    float
        Probability a quarter.
    """
    return 1.0 - exp(0.25 * log(1.0 - rate))


def size_factor(ln_size, ln_typical, elasticity):
    """(S / S_e)^-elasticity; 0.05 or less, or growth would depend on size (B12; docs/ECONOMICS.md 19).

    Parameters
    ----------
    ln_size, ln_typical : float
        Logs of the demand state and of the typical entrant's, CNY a year.
    elasticity : float
        ``exit_size_elasticity``.

    Returns
    -------
    float
        Factor on the probability.
    """
    return exp(-elasticity * (ln_size - ln_typical))


def cash_factor(funds, capital, threshold, weight):
    """Firms with liquid funds below a share of capital leave more often: 1 + weight (1 - A / (threshold K)).

    The sign is B32's, the numbers are judgement.

    Parameters
    ----------
    funds, capital : float
        A and K, CNY.
    threshold : float
        Share of capital below which exit rises (``exit_cash_threshold``).
    weight : float
        Rise without any funds (``exit_cash_weight``).

    Returns
    -------
    float
        Factor on the probability, from 1 to 1 + weight.
    """
    return 1.0 + weight * max(0.0, 1.0 - funds / (threshold * capital + 1.0))


def probability(base, by_size, by_cash, relief_ended, bump, largest):
    """Probability of leaving this quarter: base x size x cash x (1 + bump when relief ends), at most ``largest``.

    Parameters
    ----------
    base : float
        Probability a quarter by age.
    by_size, by_cash : float
        Factors.
    relief_ended : float
        1 in the quarter in which rent relief runs out, else 0.
    bump : float
        Relative rise then (``exit_relief_bump``).
    largest : float
        ``largest_exit`` a quarter.

    Returns
    -------
    float
        Probability a quarter.
    """
    return min(largest, base * by_size * by_cash * (1.0 + bump * relief_ended))
