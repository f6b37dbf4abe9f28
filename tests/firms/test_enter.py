"""Potential entrants (docs/ECONOMICS.md 5, b1)."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policymix.firms import enter

NO_LIMIT = 1e9


@given(z=st.floats(-5.0, 5.0), u=st.floats(1e-6, 1.0), typical=st.floats(5.0, 20.0))
def test_size_is_the_typical_one_a_deviation_and_a_tail(z, u, typical):
    size = enter.ln_initial_size(typical, 0.6, z, 0.95, u, NO_LIMIT)
    assert size == pytest.approx(typical + 0.6 * z - 0.95 * math.log(u), abs=1e-9)
    assert size >= typical + 0.6 * z - 1e-9  # the tail only adds


@given(z=st.floats(-5.0, 5.0), u=st.floats(1e-6, 1.0))
def test_nobody_enters_larger_than_the_smallest_record(z, u):
    assert enter.ln_initial_size(13.0, 0.6, z, 0.95, u, 16.0) <= 16.0


def test_tail_of_entrants_is_the_one_of_the_evidence():
    """CCDF exponent 1 / h = 1.05 at h 0.95 (B62: 1.059; B03: 1.0-1.5), by Hill's estimator."""
    draws = np.random.default_rng(4)
    z, u = draws.standard_normal(100_000).tolist(), draws.random(100_000).tolist()
    sizes = np.sort([enter.ln_initial_size(13.0, 0.6, a, 0.95, b, NO_LIMIT) for a, b in zip(z, u, strict=True)])
    top = sizes[-1000:]
    assert 1.0 / (top[1:] - top[0]).mean() == pytest.approx(1.0 / 0.95, rel=0.1)
    assert sizes.mean() == pytest.approx(13.0 + 0.95, abs=0.02)
    assert sizes.std() == pytest.approx(math.hypot(0.6, 0.95), abs=0.02)


@pytest.mark.parametrize(("reward", "paper"), [(0.0, 0.0), (119_999.0, 0.0), (120_000.0, 0.0), (120_001.0, 1.0)])
def test_a_name_is_registered_only_when_the_reward_beats_its_cost(reward, paper):
    assert enter.registers_on_paper(reward, 120_000.0) == paper
