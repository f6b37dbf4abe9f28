"""Output, staff, profit, tax and cash of one firm.

Demand state S is the value added a firm would have with the capital it wants at reference prices. Capital raises output
with the cost share a, so one additional yuan of capital yields about its user cost a year and no more; a subsidy as
such adds no productivity (docs/ECONOMICS.md 1). Extremes: the ratio of capital to its reference is clipped by
``elementary.exp`` alone, losses are not taxed.
"""

from __future__ import annotations

import math

from ..elementary import exp, log


def variance_draw(u):
    """The variance of a firm's growth in one calendar year, V = -ln u ~ Exp(1).

    Gaussian quarters with one such draw a year make annual growth exactly Laplace (docs/ECONOMICS.md 6; B04).

    Parameters
    ----------
    u : float
        A uniform number in (0, 1).

    Returns
    -------
    float
        V, without unit, mean 1.
    """
    return -log(u)


def spread(ln_size, ln_median, level, slope, largest):
    """Standard deviation of yearly log growth, sigma = level min(m, (S / S_median)^-slope) (B06, B07).

    Without the bound a firm that has shrunk to nothing would be thrown about by ever larger shocks.

    Parameters
    ----------
    ln_size, ln_median : float
        Logs of the demand state and of its median in the industry, CNY a year.
    level, slope : float
        ``size_spread`` and ``size_slope`` of the priors: 0.35 and 0.15 in docs/ECONOMICS.md 6.
    largest : float
        m, most that the spread exceeds its level (``largest_spread``).

    Returns
    -------
    float
        Log points a year.
    """
    return level * min(largest, exp(-slope * (ln_size - ln_median)))


def shock(sigma, variance, z):
    """The idiosyncratic part of a quarter's log growth, sigma sqrt(V / 4) z (docs/ECONOMICS.md 6).

    Parameters
    ----------
    sigma : float
        Standard deviation of yearly log growth.
    variance : float
        V of this calendar year.
    z : float
        A standard normal number.

    Returns
    -------
    float
        Log points a quarter.
    """
    return sigma * math.sqrt(0.25 * variance) * z


def value_added(size, factor, ln_capital_ratio, cost_share):
    """Yearly value added Y = S f (K / K0)^a (docs/ECONOMICS.md 1).

    Parameters
    ----------
    size : float
        Demand state S, CNY a year at constant prices.
    factor : float
        Effective demand relative to S: common shocks, displacement, opportunities, agglomeration.
    ln_capital_ratio : float
        ln(K / K0), K0 = (a / c0) S the capital wanted at the reference user cost c0.
    cost_share : float
        a = c0 K0 / S: software 0.08-0.15, electronics 0.20-0.30.

    Returns
    -------
    float
        CNY a year at constant prices.
    """
    return size * factor * exp(cost_share * ln_capital_ratio)


def staff(size, staff_per_value, ln_capital_ratio, exponent, ln_wage, wage_elasticity):
    """Staff L = l S (K / K0)^b w^-e (docs/ECONOMICS.md 1; B44, B63).

    Parameters
    ----------
    size : float
        Demand state S, CNY a year.
    staff_per_value : float
        l, persons per CNY of yearly value added at reference wages.
    ln_capital_ratio : float
        ln(K / K0).
    exponent : float
        b (``jobs_exponent``) within [a, 1]: a is substitution, 1 fixed proportions.
    ln_wage : float
        Log of the place's wage relative to the reference path.
    wage_elasticity : float
        e, the fall of staff with wages.

    Returns
    -------
    float
        Persons.
    """
    return staff_per_value * size * exp(exponent * ln_capital_ratio - wage_elasticity * ln_wage)


def profit(value, wage_bill, other_share, wear, extra_research):
    """Taxable profit before the super-deduction: Y (1 - other) - w L - wear - R&D above the normal intensity (B42).

    Parameters
    ----------
    value, wage_bill : float
        Value added Y and wages w L, CNY a year.
    other_share : float
        Production taxes, rent and overheads over value added (``other_cost_share``).
    wear : float
        Depreciation of capital, CNY a year.
    extra_research : float
        Real R&D above the industry's normal intensity, CNY a year; the normal part is in wages and other costs.

    Returns
    -------
    float
        CNY a year; negative for a loss.
    """
    return value * (1.0 - other_share) - wage_bill - wear - extra_research


def tax_due(income, line, small, standard, high_tech, status):
    """Corporate income tax a year by the statutory schedule, with its cliff at the line (B54, B64).

    At most ``line`` of profit: the small-firm rate on all of it; above: the standard rate, or the lower rate of a
    recognised high-tech enterprise, on all of it.

    Parameters
    ----------
    income, line : float
        Taxable profit and the line, CNY a year.
    small, standard, high_tech : float
        Rates.
    status : float
        1 with high-tech status, else 0.

    Returns
    -------
    float
        CNY a year; 0 for a loss.
    """
    usual = standard + (high_tech - standard) * status
    rate = small if income <= line else usual
    return rate * max(income, 0.0)


def held_back(revenue, line, worth, margin, cost, able):
    """Revenue a firm keeps to when it sits above an eligibility line Q (docs/ECONOMICS.md 12, b8; V15; A44, A45).

    It holds back the share l = 1 - Q / R when m l^2 / (2 e) < B and it is able to.

    Parameters
    ----------
    revenue, line : float
        Free revenue R and the line Q, CNY a year.
    worth : float
        B, the value of staying below the line as a share of revenue.
    margin, cost : float
        m, the profit margin, and e (``tax_ease``), the ease of holding back, 0.05-0.3: the larger, the cheaper.
    able : float
        1 for firms that can shift revenue, else 0.

    Returns
    -------
    float
        CNY a year: Q for those who hold back, else R.
    """
    share = max(0.0, 1.0 - line / max(revenue, 1.0))
    stays = able if 0.5 * margin * share * share / cost < worth else 0.0
    return revenue * (1.0 - share * stays)


def funds_kept(level, deviation, z, capital):
    """Most liquid funds that a firm keeps: level e^(d z - d^2 / 2) K; firms differ lastingly (B32; b5).

    Parameters
    ----------
    level, deviation : float
        Mean share of capital (``funds_ceiling``), and d, the log spread between firms (``funds_deviation``).
    z : float
        The firm's lasting standard normal number.
    capital : float
        K, CNY.

    Returns
    -------
    float
        CNY.
    """
    return level * exp(deviation * z - 0.5 * deviation * deviation) * capital


def funds_after(funds, cash_flow, ceiling):
    """Liquid funds after a quarter: what exceeds the ceiling is paid out, a hole is filled by the owners (b5).

    Parameters
    ----------
    funds, cash_flow, ceiling : float
        Funds A before, the quarter's cash flow net of own outlays, and the most kept (``funds_kept``), CNY.

    Returns
    -------
    float
        CNY, from 0 to the ceiling.
    """
    return max(0.0, min(funds + cash_flow, ceiling))
