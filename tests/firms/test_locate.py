"""Where a firm goes: nested choice, but-for share, the feedback's loop gain (docs/ECONOMICS.md 10, 14, b2, b7)."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policymix.firms import locate

AVERAGE = 1.42  # average package, % of the present value of value added (A04)
values = st.floats(-5.0, 20.0)
shares = st.floats(0.01, 0.99)
scales = st.floats(1.0, 30.0)


def chances(x_zone, x_rest, base=0.2, zone_share=0.5, within=4.0, city=12.5):
    """Probability of the zone and of the rest of the city."""
    value = locate.inclusive_value(zone_share, x_zone, x_rest, within, city)
    to_city = locate.city_probability(base, value)
    to_zone = locate.zone_probability(zone_share, x_zone, x_rest, within)
    return to_city * to_zone, to_city * (1.0 - to_zone)


@given(base=shares, x=st.floats(0.0, 20.0), scale=scales, zone_share=shares, within=scales)
def test_but_for_share_of_the_logit(base, x, scale, zone_share, within):
    """Under a city-wide offer (1 - P0)(1 - e^(-x / lambda)) of those who come would not have: exact in any nest."""
    after = locate.city_probability(base, locate.inclusive_value(zone_share, x, x, within, scale))
    assert (after - base) / after == pytest.approx((1.0 - base) * (1.0 - math.exp(-x / scale)), abs=1e-9)


@pytest.mark.parametrize(("base", "share"), [(0.05, 0.102), (0.2, 0.086), (0.5, 0.054)])
def test_published_but_for_shares(base, share):
    """1.42 % of value added at lambda 12.5: 10.2 / 8.6 / 5.4 % by untreated share; 2-25 % in the reviews (A01)."""
    after = locate.city_probability(base, locate.inclusive_value(0.5, AVERAGE, AVERAGE, 4.0, 12.5))
    assert (after - base) / after == pytest.approx(share, abs=0.001)


@pytest.mark.parametrize(
    ("share", "scale"), [(0.02, 70.0), (0.05, 28.0), (0.10, 13.5), (0.12, 11.0), (0.15, 8.7), (0.25, 4.9)]
)
def test_point_map_of_the_scale(share, scale):
    """Scale of the choice of city that gives a but-for share where the untreated share is near 0 (b2)."""
    after = locate.city_probability(1e-6, locate.inclusive_value(0.5, AVERAGE, AVERAGE, 4.0, scale))
    assert 1.0 - 1e-6 / after == pytest.approx(share, abs=0.003)


def test_tipped_of_all_offered_is_another_number():
    """P1 - P0 is ten times smaller than the but-for share of recipients at P0 = 0.1: 1.1 against 9.7 % (point 10)."""
    after = locate.city_probability(0.1, AVERAGE / 12.5)
    assert after - 0.1 == pytest.approx(0.011, abs=0.001)
    assert (after - 0.1) / after == pytest.approx(0.097, abs=0.001)


def test_a_package_of_the_zone_alone():
    """Zone arrivals +24 %; 19 % of these would not have come there, a quarter of whom come from outside: 4.7 % (b2).

    With two stored uniforms a newcomer to the city may still settle in its rest, so the city as a whole gains more than
    the zone's arrivals from outside: 43 % of the zone's gain is the city's.
    """
    zone0, rest0 = chances(0.0, 0.0)
    zone, rest = chances(AVERAGE, 0.0)
    assert zone / zone0 - 1.0 == pytest.approx(0.24, abs=0.01)
    assert (zone - zone0) / zone == pytest.approx(0.19, abs=0.005)
    city_gain = zone + rest - zone0 - rest0
    from_outside = city_gain * zone / (zone + rest)
    assert from_outside / (zone - zone0) == pytest.approx(0.25, abs=0.01)
    assert from_outside / zone == pytest.approx(0.047, abs=0.002)
    assert city_gain / (zone - zone0) == pytest.approx(0.43, abs=0.01)


@given(base=shares, zone_share=shares, within=scales, city=scales)
def test_without_an_offer_the_untreated_shares_stand(base, zone_share, within, city):
    zone, rest = chances(0.0, 0.0, base, zone_share, within, city)
    assert zone + rest == pytest.approx(base)
    assert zone == pytest.approx(base * zone_share)


@given(x_zone=values, x_rest=values, more=st.floats(0.0, 10.0), base=shares, zone_share=shares)
def test_nobody_leaves_because_the_city_improved(x_zone, x_rest, more, base, zone_share):
    """A better zone raises the chance of the city and of the zone within it: with stored uniforms, sets are nested."""

    def both(x):
        value = locate.inclusive_value(zone_share, x, x_rest, 4.0, 12.5)
        return locate.city_probability(base, value), locate.zone_probability(zone_share, x, x_rest, 4.0)

    before, after = both(x_zone), both(x_zone + more)
    assert after[0] >= before[0] - 1e-12
    assert after[1] >= before[1] - 1e-12
    assert 0.0 <= before[0] <= 1.0 and 0.0 <= before[1] <= 1.0


@given(x=values, zone_share=shares, within=scales)
def test_the_same_offer_everywhere_moves_nobody_within(x, zone_share, within):
    assert locate.zone_probability(zone_share, x, x, within) == pytest.approx(zone_share)
    assert locate.inclusive_value(zone_share, x, x, within, 12.5) == pytest.approx(x / 12.5, abs=1e-9)


# (1 - P, lambda, gamma, s_r, eps, s_w, psi), the published gain, the spectral radius at mobility 0.03, price speed 0.3.
LOOPS = {
    "city": ((0.5, 0.125, 0.05, 0.03, 0.5, 0.55, 0.3), -0.70, 0.945),
    "zone": ((0.5, 0.040, 0.05, 0.03, 0.5, 0.55, 0.05), -0.47, 0.952),
    "zone without wage response": ((0.5, 0.040, 0.05, 0.03, 2.0, 0.55, 0.0), 0.44, 0.983),
    "zone, strong agglomeration": ((0.5, 0.020, 0.07, 0.03, 3.0, 0.55, 0.0), 1.50, 1.015),
    "zone, tight space and wages": ((0.5, 0.020, 0.02, 0.03, 0.15, 0.55, 0.3), -8.6, 0.83),
}


@pytest.mark.parametrize("case", LOOPS)
def test_loop_gain_and_what_it_says(case):
    """The published gains, and the radius of the slow loop they belong to: above one exactly where the gain is (b7).

    The table prints neither P, s_w nor every elasticity; those here (P 0.5, s_w 0.55, elastic space 3, tight space 0.15
    with gamma 0.02) reproduce all ten published numbers.
    """
    (away, scale, gamma, rent, space, wage, response), published, radius = LOOPS[case]
    gain = locate.loop_gain(1.0 - away, scale, gamma, rent, space, wage, response)
    assert gain == pytest.approx(published, abs=0.03)
    mobility, speed, reach = 0.03, 0.3, away / scale
    # The place's size after a quarter, by its size and its prices before; prices then follow the new size.
    moves = np.array([1.0 - mobility + mobility * reach * gamma, -mobility * reach])
    prices = speed * (rent / space + wage * response) * moves + np.array([0.0, 1.0 - speed])
    found = np.abs(np.linalg.eigvals(np.array([moves, prices]))).max()
    assert found == pytest.approx(radius, abs=0.002)
    assert (found > 1.0) == (gain > 1.0)


@given(
    base=st.floats(0.0, 0.9), scale=st.floats(0.02, 0.2), gamma=st.floats(0.02, 0.07), rent=st.floats(0.02, 0.04),
    space=st.floats(0.2, 4.0), wage=st.floats(0.4, 0.6), response=st.floats(0.05, 0.3),
)  # fmt: skip
def test_loop_gain_is_largest_for_a_place_with_nobody_in_it_yet(base, scale, gamma, rent, space, wage, response):
    """The run refuses draws by the gain at P = 0, in size the upper bound for any share the place has."""
    at = locate.loop_gain(base, scale, gamma, rent, space, wage, response)
    bound = locate.loop_gain(0.0, scale, gamma, rent, space, wage, response)
    assert at == pytest.approx((1.0 - base) * bound)


def test_later_support_counts_what_maintenance_leaves_and_the_years_that_remain():
    """10 % on the wear of 1 million of capital at 15 % a year, a fifth maintained, for four years: 48,000 CNY."""
    assert locate.later_support(0.10, 1e6, 0.15, 0.2, 4.0) == pytest.approx(48_000.0)
    assert locate.later_support(0.10, 1e6, 0.15, 0.2, 0.0) == 0.0
    assert locate.later_support(0.0, 1e6, 0.15, 0.2, 4.0) == 0.0
