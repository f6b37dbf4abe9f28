"""Digital equipment of one's own and bought services (docs/ECONOMICS.md 11, 16)."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policymix.firms import adopt, invest

P, Q = 0.01, 0.38  # parameter.adoption_innovation, parameter.adoption_imitation


def test_hazard_is_that_of_bass():
    """p for the first adopter, p + q for the last one (B34)."""
    assert adopt.hazard(P, Q, 0.0, 0.0) == P
    assert adopt.hazard(P, Q, 1.0, 0.0) == pytest.approx(P + Q)


@given(peers=st.floats(0.0, 1.0), rate=st.floats(0.0, 0.5), response=st.floats(0.0, 4.0))
def test_support_pushes_in_proportion(peers, rate, response):
    """Ten points of support at a response of 2 raise the rate by a fifth."""
    push = adopt.push_of_support(rate, response)
    assert adopt.hazard(P, Q, peers, push) == pytest.approx((1.0 + response * rate) * adopt.hazard(P, Q, peers, 0.0))
    assert adopt.push_of_support(0.10, 2.0) == pytest.approx(0.2)


@pytest.mark.parametrize(("p", "q"), [(0.01, 0.38), (0.03, 0.3)])
def test_quarters_of_the_hazard_follow_the_curve(p, q):
    """The mean of many firms under the quarterly rule stays within two points of Bass's closed curve for ten years."""
    adopters, worst = 0.0, 0.0
    for quarter in range(1, 41):
        adopters += (1.0 - adopters) * (1.0 - math.exp(-0.25 * adopt.hazard(p, q, adopters, 0.0)))
        decay = math.exp(-(p + q) * quarter / 4.0)
        worst = max(worst, abs(adopters - (1.0 - decay) / (1.0 + q / p * decay)))
    assert worst < 0.05
    assert invest.acts(adopt.hazard(p, q, 0.5, 0.0), 0.0) == 1.0


class TestBoughtServices:
    def test_it_settles_at_what_is_wanted(self):
        for own, wanted in ((0.0, 0.6), (1.0, 0.36)):
            share = 0.3
            for _ in range(200):
                share = adopt.bought_after(share, 0.6, 0.3, own, 0.4)
            assert share == pytest.approx(wanted, abs=1e-4)

    @given(
        now=st.floats(0.0, 1.0), ceiling=st.floats(0.0, 1.0), speed=st.floats(0.0, 1.0), replaced=st.floats(0.0, 1.0)
    )
    def test_own_equipment_is_a_rival_and_shares_stay_shares(self, now, ceiling, speed, replaced):
        without, with_it = (adopt.bought_after(now, ceiling, speed, own, replaced) for own in (0.0, 1.0))
        assert -1e-12 <= with_it <= without + 1e-12 <= 1.0 + 1e-9

    def test_speed_is_a_year(self):
        """A speed of 0.3 closes 7.5 % of the gap in a quarter."""
        assert adopt.bought_after(0.0, 0.6, 0.3, 0.0, 0.4) == pytest.approx(0.075 * 0.6)
