"""Lumpy investment: what capital a firm wants, when it acts, how much its cash allows, what it maintains."""

from __future__ import annotations

from ..elementary import exp, log


def user_cost(hurdle, depreciation, subsidy, tax, grant_taxed, expensed):
    """User cost of capital, c = (r + d)(1 - s(1 - t'))(1 - t z)/(1 - t) (docs/ECONOMICS.md 20; B53, B56).

    Parameters
    ----------
    hurdle, depreciation : float
        r and d a year.
    subsidy : float
        s, marginal effective subsidy paid with the purchase.
    tax, grant_taxed : float
        t, and t' = t times the taxed share of the grant.
    expensed : float
        z, present value of the tax allowance; 1 when units are expensed at once, which removes t.

    Returns
    -------
    float
        CNY a year per CNY of capital.
    """
    return (hurdle + depreciation) * (1.0 - subsidy * (1.0 - grant_taxed)) * (1.0 - tax * expensed) / (1.0 - tax)


def ln_wanted(ln_size, capital_output, ln_cost_ratio, elasticity):
    """Log of the capital wanted, ln K* = ln S + ln k - eta ln(c / c0) (A40, A41).

    Parameters
    ----------
    ln_size : float
        Log of the demand state S, CNY a year.
    capital_output : float
        k = a / c0, capital per CNY of yearly value added at the reference user cost.
    ln_cost_ratio : float
        ln(c / c0).
    elasticity : float
        eta (``capital_elasticity``).

    Returns
    -------
    float
        Log of CNY.
    """
    return ln_size + log(capital_output) - elasticity * ln_cost_ratio


def hazard(gap, elasticity, fixed_cost, wedge):
    """Rate at which a firm closes a log gap x: (x^2 / (2 eta)) / xi; a fall first pays the resale wedge (B30).

    Gain and cost are both in units of desired capital: a hazard a year, which knows no period (docs/ECONOMICS.md 8).

    Parameters
    ----------
    gap : float
        x = ln(K* / K), support included.
    elasticity : float
        eta (``capital_elasticity``).
    fixed_cost : float
        xi, 0.10-0.15 in units of desired capital.
    wedge : float
        Part of the resale price that is lost (``resale_wedge``).

    Returns
    -------
    float
        Events a year.
    """
    felt = gap if gap > 0.0 else min(0.0, gap + wedge)
    return felt * felt / (2.0 * elasticity * fixed_cost)


def expiry_push(rate, gap, years_left, base_hazard, fixed_cost):
    """Extra rate at which firms act before a support ends: s (1 - e^-x) m / xi, m = exp(-lambda T) (b4).

    m is the chance that the firm would not act in the time T that is left, and so miss the support.

    Parameters
    ----------
    rate : float
        s, marginal support of the first stretch.
    gap : float
        x, log gap of the project; nothing is gained when it is not positive.
    years_left : float
        T, years from the middle of the quarter to the end, not negative.
    base_hazard : float
        lambda, rate a year without the push.
    fixed_cost : float
        xi in units of desired capital.

    Returns
    -------
    float
        Events a year.
    """
    return rate * (1.0 - exp(-max(gap, 0.0))) * exp(-base_hazard * years_left) / fixed_cost


def waits(rise, gap, years_ahead, base_hazard, fixed_cost):
    """Whether a firm puts a project off until an announced support begins: s (1 - e^-x) > lambda xi T.

    By waiting it gains the support on the project and forgoes the gain of acting, lambda xi a year in units of desired
    capital, for the time T (docs/ECONOMICS.md 13, b4: the mirror of ``expiry_push``).

    Parameters
    ----------
    rise : float
        s, rise of the marginal support when it begins.
    gap : float
        x, log gap of the project; nobody waits for a sale.
    years_ahead : float
        T, years until the support begins.
    base_hazard : float
        lambda, rate a year at which the firm would act.
    fixed_cost : float
        xi in units of desired capital.

    Returns
    -------
    float
        1 or 0.
    """
    gained = rise * (1.0 - exp(-max(gap, 0.0)))
    return 1.0 if gained > base_hazard * fixed_cost * years_ahead and gained > 0.0 else 0.0


def usual_gap(elasticity, fixed_cost, decline):
    """Log gap at which a firm usually acts when its capital falls behind at a steady rate: (2 eta xi d)^(1/3).

    With x = d t the hazard x^2 / (2 eta xi) adds up to one third at that gap and to one at 1.44 times it.

    Parameters
    ----------
    elasticity, fixed_cost : float
        eta and xi.
    decline : float
        d a year: wear that maintenance does not make good.

    Returns
    -------
    float
        Log points.
    """
    return exp(log(max(2.0 * elasticity * fixed_cost * decline, 1e-9)) / 3.0)


def acts(rate_a_year, u):
    """Whether an event of a yearly rate happens within a quarter: u < 1 - exp(-rate / 4).

    Parameters
    ----------
    rate_a_year : float
        Events a year.
    u : float
        A uniform number in (0, 1).

    Returns
    -------
    float
        1 or 0.
    """
    return 1.0 if u < 1.0 - exp(-0.25 * rate_a_year) else 0.0


def affordable(project, funds, bankable, paid_at_purchase, least_own):
    """Project that own funds A carry: x <= A / (1 - theta - s) (docs/ECONOMICS.md 7; B32).

    Parameters
    ----------
    project, funds : float
        Project wanted and own funds, CNY; a sale (negative) needs none.
    bankable : float
        theta, share of a project that banks carry.
    paid_at_purchase : float
        s, share of the project that a grant pays with the purchase; 0 for a grant that comes later.
    least_own : float
        Part that own funds carry at least (``least_own_share``).

    Returns
    -------
    float
        CNY, at most the project.
    """
    return min(project, funds / max(least_own, 1.0 - bankable - paid_at_purchase))


def maintenance_probability(capital, depreciation, smallest_purchase, top):
    """Chance a quarter to replace the wear: p (1 - exp(-d K / (4 u))) (docs/ECONOMICS.md 8; B24, B31).

    Parameters
    ----------
    capital : float
        K, CNY.
    depreciation : float
        d a year.
    smallest_purchase : float
        u, CNY: purchases are indivisible, so small units buy seldom.
    top : float
        p (``maintenance_top``), the chance of a large unit.

    Returns
    -------
    float
        Probability a quarter.
    """
    return top * (1.0 - exp(-0.25 * depreciation * capital / smallest_purchase))
