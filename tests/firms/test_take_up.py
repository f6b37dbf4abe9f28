"""Who knows, who applies, what late money is worth (docs/ECONOMICS.md 11)."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policymix.firms import take_up


class TestAwareShare:
    @pytest.mark.parametrize(
        ("p", "q", "three", "later"), [(0.003, 0.3, 0.014, 0.027), (0.01, 0.38, 0.05, 0.11), (0.03, 0.5, 0.18, 0.35)]
    )
    def test_published_shares(self, p, q, three, later):
        """Aware after 3 and 4.4 years without early knowledge: far too slow with the coefficients of durables (B34)."""
        assert take_up.aware_share(3.0, 0.0, p, q) == pytest.approx(three, abs=0.006)
        assert take_up.aware_share(4.4, 0.0, p, q) == pytest.approx(later, abs=0.006)

    def test_the_values_that_hold(self):
        """p 0.1, q 0.4: 41 % after three years, 20 % on average; if 0.6 apply, 12 % of spending is claimed (A42)."""
        assert take_up.aware_share(3.0, 0.0, 0.1, 0.4) == pytest.approx(0.41, abs=0.005)
        mean = np.mean([take_up.aware_share(t, 0.0, 0.1, 0.4) for t in np.linspace(0.0, 3.0, 301).tolist()])
        assert mean == pytest.approx(0.20, abs=0.01)
        assert 0.05 < 0.6 * mean < 0.25

    def test_nobody_knows_before_the_announcement(self):
        assert take_up.aware_share(-0.01, 0.75, 0.06, 0.4) == 0.0
        assert take_up.aware_share(0.0, 0.75, 0.06, 0.4) == pytest.approx(0.75)

    @given(
        years=st.floats(0.0, 30.0),
        more=st.floats(0.0, 5.0),
        first=st.floats(0.0, 1.0),
        p=st.floats(0.001, 0.4),
        q=st.floats(0.0, 1.0),
    )
    def test_it_only_rises_and_stays_a_share(self, years, more, first, p, q):
        now, then = (take_up.aware_share(t, first, p, q) for t in (years, years + more))
        assert first - 1e-12 <= now <= then + 1e-12 <= 1.0 + 1e-9

    @given(years=st.floats(0.1, 10.0), factor=st.floats(1.1, 4.0))
    def test_outreach_speeds_it_up(self, years, factor):
        assert take_up.aware_share(years, 0.06, 0.06 * factor, 0.4) > take_up.aware_share(years, 0.06, 0.06, 0.4)

    def test_in_the_end_everybody_knows(self):
        assert take_up.aware_share(200.0, 0.06, 0.06, 0.4) == pytest.approx(1.0)


class TestApplication:
    def test_half_apply_when_the_benefit_is_the_hassle(self):
        assert take_up.application_probability(30_000.0, 30_000.0, 1.5) == pytest.approx(0.5)

    def test_no_benefit_no_application(self):
        assert take_up.application_probability(0.0, 30_000.0, 1.5) == 0.0
        assert take_up.application_probability(-5.0, 30_000.0, 1.5) == 0.0

    @given(
        benefit=st.floats(1.0, 1e9), hassle=st.floats(1e3, 1e6), slope=st.floats(0.5, 3.0), scale=st.floats(0.1, 10.0)
    )
    def test_it_is_a_logit_in_the_ratio(self, benefit, hassle, slope, scale):
        """Odds are (benefit / hassle)^slope, so the unit of money does not matter."""
        chance = take_up.application_probability(benefit, hassle, slope)
        assert chance == pytest.approx(1.0 / (1.0 + (benefit / hassle) ** -slope), rel=1e-9)
        assume(benefit * scale >= 1.0)
        assert take_up.application_probability(benefit * scale, hassle * scale, slope) == pytest.approx(
            chance, rel=1e-9
        )

    @given(benefit=st.floats(1.0, 1e9), more=st.floats(1.0, 10.0))
    def test_more_money_more_applicants(self, benefit, more):
        chance = [take_up.application_probability(b, 30_000.0, 1.5) for b in (benefit, benefit * more)]
        assert 0.0 < chance[0] <= chance[1] <= 1.0


@given(lag=st.floats(0.0, 20.0), discount=st.floats(0.0, 0.5))
def test_late_money_is_discounted_by_the_year(lag, discount):
    """A yuan four quarters late is worth 1 / (1 + d)."""
    assert take_up.present_share(lag, discount) == pytest.approx((1.0 + discount) ** (-lag / 4.0), rel=1e-9)
    assert math.isclose(take_up.present_share(0.0, discount), 1.0)
