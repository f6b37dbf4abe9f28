"""Lumpy investment: what capital a firm wants, when it acts, how much its cash allows, what it maintains."""

from __future__ import annotations

from ..elementary import exp, log


def user_cost(hurdle, depreciation, subsidy, tax, grant_taxed, expensed):
    """User cost of capital, c = (r + d)(1 - s(1 - t'))(1 - t z)/(1 - t), a year.

    Parameters
    ----------
    hurdle, depreciation : float
        r and d a year (B53, B56).
    subsidy : float
        s, marginal effective subsidy paid with the purchase.
    tax, grant_taxed : float
        t, and t' = t times the taxed share of the grant.
    expensed : float
        z, present value of the tax allowance; 1 when units are expensed at once, which removes t.
    """
    return (hurdle + depreciation) * (1.0 - subsidy * (1.0 - grant_taxed)) * (1.0 - tax * expensed) / (1.0 - tax)


def ln_wanted(ln_size, capital_output, ln_cost_ratio, elasticity):
    """Log of the capital wanted, ln K* = ln S + ln k - eta ln(c / c0)."""
    return ln_size + log(capital_output) - elasticity * ln_cost_ratio


def hazard(gap, elasticity, fixed_cost, wedge):
    """Rate a year at which a firm closes a log gap x: (x^2 / (2 eta)) / xi; a fall first pays the resale wedge (B30).

    Parameters
    ----------
    gap : float
        x = ln(K* / K).
    fixed_cost : float
        xi, 0.10-0.15 in units of desired capital (ECONOMICS 8).
    wedge : float
        Part of the resale price that is lost.
    """
    felt = gap if gap > 0.0 else min(0.0, gap + wedge)
    return felt * felt / (2.0 * elasticity * fixed_cost)


def expiry_push(rate, gap, years_left, base_hazard, fixed_cost):
    """Extra rate at which firms act before a support ends: s (1 - e^-x) m / xi, m = exp(-lambda (time left))
    (ECONOMICS b4)."""
    return rate * (1.0 - exp(-max(gap, 0.0))) * exp(-base_hazard * max(years_left, 0.0)) / fixed_cost


def acts(rate_a_year, u):
    """1 if an event of that yearly rate happens within a quarter: u < 1 - exp(-rate / 4)."""
    return 1.0 if u < 1.0 - exp(-0.25 * rate_a_year) else 0.0


def affordable(project, funds, bankable, paid_at_purchase):
    """Project that own funds A carry: x <= A / (1 - theta - s), s the subsidy if it comes with the purchase, else 0."""
    return min(project, funds / max(0.05, 1.0 - bankable - paid_at_purchase))


def maintenance_probability(capital, depreciation, smallest_purchase, top):
    """Chance a quarter to replace the wear: p (1 - exp(-d K / (4 u))), u the smallest purchase in CNY (ECONOMICS 8)."""
    return top * (1.0 - exp(-0.25 * depreciation * capital / smallest_purchase))
