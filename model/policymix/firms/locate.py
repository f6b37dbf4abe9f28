"""Where a firm goes: city first, then the place within it; a nested logit on two stored uniforms.

x is the value of what a place offers, as a percentage of the present value of value added (20 years at 10 %). With one
uniform for the city and one for the place within it nobody leaves because the city has improved, and the share
of recipients
who would not have come is (1 - P0)(1 - exp(-x / lambda)) (A01, A02, A04; ECONOMICS 10, b2).
"""

from __future__ import annotations

from ..elementary import exp, log


def inclusive_value(zone_share, x_zone, x_rest, scale_within, scale_city):
    """Value of the city to a mobile project: (l_z / l_c) ln(w e^(x_z / l_z) + (1 - w) e^(x_r / l_z))."""
    inside = zone_share * exp(x_zone / scale_within) + (1.0 - zone_share) * exp(x_rest / scale_within)
    return scale_within / scale_city * log(inside)


def city_probability(base, value):
    """P = P0 e^v / (1 - P0 + P0 e^v), P0 the untreated probability of the city."""
    odds = base * exp(value)
    return odds / (1.0 - base + odds)


def zone_probability(zone_share, x_zone, x_rest, scale_within):
    """Probability of the zone, given the city: w e^(x_z / l) / (w e^(x_z / l) + (1 - w) e^(x_r / l))."""
    zone = zone_share * exp(x_zone / scale_within)
    return zone / (zone + (1.0 - zone_share) * exp(x_rest / scale_within))


def loop_gain(city_share, scale, agglomeration, rent_share, space_elasticity, wage_share, wage_response):
    """Gain of the feedback loop, g = (1 - P) / lambda (gamma - s_r / eps - s_w psi); a draw with g >= 0.8 is
    refused (b7).

    lambda is a share of value added here (0.125, not 12.5).
    """
    return (1.0 - city_share) / scale * (agglomeration - rent_share / space_elasticity - wage_share * wage_response)
