"""Exponential, logarithm and cosine: close to the library's, and the same bits in Python and compiled."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from policymix import elementary

LN_2 = math.log(2.0)


def over(function):
    """A function over an array, compiled without fused operations and with them."""

    def loop(x, out):
        for k in range(x.size):
            out[k] = function(x[k])

    return njit(error_model="numpy")(loop), njit(error_model="numpy", fastmath={"contract"})(loop)


LOOPS = {name: over(getattr(elementary, name)) for name in ("exp", "log", "cos_turn")}


def points(name):
    random = np.random.default_rng(5)
    if name == "exp":
        edges = [0.0, -0.0, 1.0, -1.0, 700.0, -700.0, 0.5 * LN_2, -0.5 * LN_2, 1e-300, -1e-17, 709.0, -745.0, 1e9, -1e9]
        rest = random.uniform(-700, 700, 4000), random.normal(0, 1, 4000), LN_2 * np.arange(-50, 50)
        return np.concatenate([edges, *rest])
    if name == "log":
        edges = [1.0, 2.0, 0.5, math.sqrt(0.5), math.sqrt(2.0), 1e-300, 1e300, np.nextafter(1, 2), np.nextafter(1, 0)]
        return np.concatenate([edges, np.exp(random.uniform(-600, 600, 4000)), random.uniform(0.5, 2.0, 4000)])
    return np.concatenate([[0.0, 0.25, 0.5, 0.75, 1.0], random.uniform(0, 1, 8000)])


@pytest.mark.parametrize("name", LOOPS)
def test_python_and_compiled_agree_to_the_bit(name):
    x = points(name)
    out = np.zeros_like(x)
    LOOPS[name][0](x, out)
    plain = np.array([getattr(elementary, name)(float(value)) for value in x])
    assert np.array_equal(out.view(np.int64), plain.view(np.int64))


@pytest.mark.parametrize("name", LOOPS)
def test_fused_operations_move_the_last_digits_only(name):
    x = points(name)
    plain, fused = np.zeros_like(x), np.zeros_like(x)
    LOOPS[name][0](x, plain)
    LOOPS[name][1](x, fused)
    np.testing.assert_allclose(fused, plain, rtol=4e-15, atol=4e-15 if name == "cos_turn" else 4e-16)


def test_exp_is_close_to_the_library():
    for x in points("exp"):
        assert elementary.exp(x) == pytest.approx(math.exp(max(-700.0, min(700.0, x))), rel=1e-15)


def test_log_is_close_to_the_library():
    for x in points("log"):
        assert elementary.log(x) == pytest.approx(math.log(x), rel=1e-15, abs=1e-15)


def test_cos_turn_is_close_to_the_library():
    for u in points("cos_turn"):
        assert elementary.cos_turn(u) == pytest.approx(math.cos(2.0 * math.pi * u), abs=2e-15)


def test_exact_values():
    assert elementary.exp(0.0) == 1.0
    assert elementary.log(1.0) == 0.0
    assert elementary.exp(1e9) == elementary.exp(700.0) < math.inf
    assert elementary.exp(-1e9) == elementary.exp(-700.0) > 0.0


@given(st.floats(-600.0, 600.0))
def test_log_undoes_exp(x):
    assert elementary.log(elementary.exp(x)) == pytest.approx(x, abs=3e-15 * max(1.0, abs(x)))


@given(st.floats(-700.0, 699.0), st.floats(1e-9, 1.0))
def test_exp_rises(x, step):
    assert elementary.exp(x + step) >= elementary.exp(x)


@given(st.floats(1e-300, 1e300))
def test_parts_of_a_number_give_it_back(x):
    m, e = elementary.mantissa(x), elementary.exponent(x)
    assert elementary.SQRT_HALF <= m < 2.0 * elementary.SQRT_HALF or m == pytest.approx(2.0 * elementary.SQRT_HALF)
    assert math.ldexp(m, int(e)) == x


@pytest.mark.parametrize("x", [-3.0, -2.5, -0.1, 0.0, 0.1, 2.5, 3.0, 1e15])
def test_whole_numbers(x):
    assert elementary.whole_below(x) == math.floor(x)
    if abs(x) < 1000:
        assert elementary.power_of_two(math.floor(x)) == 2.0 ** math.floor(x)
