"""Where a firm goes: city first, then the place within it; a nested logit on two stored uniforms.

x is the value of what a place offers, as a percentage of the present value of value added (20 years at 10 %). With one
uniform for the city and one for the place within it nobody leaves because the city has improved, and the share of
recipients who would not have come is (1 - P0)(1 - exp(-x / lambda)) (A01, A02, A04; docs/ECONOMICS.md 10, b2).
"""

from __future__ import annotations

from ..elementary import exp, log


def inclusive_value(zone_share, x_zone, x_rest, scale_within, scale_city):
    """Value of the city to a mobile project: v = (l_z / l_c) ln(w e^(x_z / l_z) + (1 - w) e^(x_r / l_z)).

    Parameters
    ----------
    zone_share : float
        w, share of the zone in the city's untreated arrivals of the industry.
    x_zone, x_rest : float
        Value of either place, % of the present value of value added.
    scale_within, scale_city : float
        l_z (``zone_scale``) and l_c (``city_scale``), in the same unit.

    Returns
    -------
    float
        Log points of the odds of the city; 0 without offers.
    """
    inside = zone_share * exp(x_zone / scale_within) + (1.0 - zone_share) * exp(x_rest / scale_within)
    return scale_within / scale_city * log(inside)


def city_probability(base, value):
    """P = P0 e^v / (1 - P0 + P0 e^v).

    Parameters
    ----------
    base : float
        P0, untreated probability: ``region.city_base_share`` of mobile projects, ``founder_base`` of founders.
    value : float
        v, inclusive value of the city.

    Returns
    -------
    float
        Probability.
    """
    odds = base * exp(value)
    return odds / (1.0 - base + odds)


def zone_probability(zone_share, x_zone, x_rest, scale_within):
    """Probability of the zone, given the city: w e^(x_z / l) / (w e^(x_z / l) + (1 - w) e^(x_r / l)).

    Parameters
    ----------
    zone_share : float
        w, untreated share of the zone.
    x_zone, x_rest : float
        Value of either place, % of the present value of value added.
    scale_within : float
        l (``zone_scale``), in the same unit.

    Returns
    -------
    float
        Probability.
    """
    zone = zone_share * exp(x_zone / scale_within)
    return zone / (zone + (1.0 - zone_share) * exp(x_rest / scale_within))


def later_support(rate, capital, depreciation, maintained, years):
    """Support that a firm will draw on its later projects: s x wear not made good by maintenance x years.

    A firm that chooses a place counts what the place will pay it as long as its package runs, not the first project
    alone.

    Parameters
    ----------
    rate : float
        s, support rate expected of a later project, over all types of projects.
    capital, depreciation : float
        K in CNY, and d a year.
    maintained : float
        Part of the wear that maintenance makes good (``invest.maintenance_probability``): it claims nothing.
    years : float
        Years until the package ends, at most the annuity of ``value_annuity``.

    Returns
    -------
    float
        CNY.
    """
    return rate * capital * depreciation * (1.0 - maintained) * years


def loop_gain(city_share, scale, agglomeration, rent_share, space_elasticity, wage_share, wage_response):
    """Gain of the feedback loop, g = (1 - P) / lambda (gamma - s_r / eps - s_w psi).

    A draw with g >= 0.8 at P = 0 is refused (docs/ECONOMICS.md 14, b7).

    Parameters
    ----------
    city_share : float
        P, share of the place; 0 gives the bound for every place.
    scale : float
        lambda as a share of value added (0.125, not 12.5).
    agglomeration : float
        gamma (B35, B36).
    rent_share, space_elasticity : float
        s_r, and eps, the elasticity of floor space to rent.
    wage_share, wage_response : float
        s_w, and psi, the elasticity of the wage to staff.

    Returns
    -------
    float
        Log points of size per log point: a place runs away from 1 on.
    """
    return (1.0 - city_share) / scale * (agglomeration - rent_share / space_elasticity - wage_share * wage_response)
