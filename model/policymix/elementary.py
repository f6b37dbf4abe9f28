"""Exponential, logarithm and cosine that vectorise, the same to the last bit in Python and in compiled code.

The functions are branch-free polynomials, so that a compiler turns a loop over firms into vector instructions (a call
of the C library would stay one firm at a time). In Python the two steps that look into the bits of a number are done by
``math.frexp`` and ``math.ldexp``; compiled, by bit casts. Both are exact, so both callers get the same number as long
as multiply-adds are not contracted, and agree to about 1e-15 when they are.
"""

from __future__ import annotations

import math

import numpy as np
from numba.core import types
from numba.extending import intrinsic, overload, register_jitable

LOG2_E = 1.4426950408889634
LN2_HIGH = 0.693147180369123816490
LN2_LOW = 1.90821492927058770002e-10
LARGEST_EXPONENT = 700.0
ROUNDING_SHIFT = 6755399441055744.0  # 1.5 * 2**52: adding it leaves a whole number in the low bits
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
SQRT_HALF = 0.7071067811865476


@intrinsic
def _bits_of(typingctx, number):
    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.int64))

    return types.int64(number), build


@intrinsic
def _number_of(typingctx, bits):
    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(bits), build


def power_of_two(whole):
    """2 to the power of a whole number given as a float (|whole| < 1022)."""
    return math.ldexp(1.0, int(whole))


@overload(power_of_two, inline="always")
def _power_of_two(whole):
    def compiled(whole):
        return _number_of((_bits_of(whole + ROUNDING_SHIFT) + 1023) << 52)

    return compiled


def mantissa(number):
    """The part of a positive number within [sqrt(1/2), sqrt(2)) when its power of two is taken out."""
    part, _ = math.frexp(number)
    return part if part >= SQRT_HALF else 2.0 * part


@overload(mantissa, inline="always")
def _mantissa(number):
    def compiled(number):
        bits = _bits_of(number)
        return _number_of(bits - (((bits - SQRT_HALF_BITS) >> 52) << 52))

    return compiled


def exponent(number):
    """The power of two that ``mantissa`` takes out, as a float."""
    part, power = math.frexp(number)
    return float(power if part >= SQRT_HALF else power - 1)


@overload(exponent, inline="always")
def _exponent(number):
    def compiled(number):
        return float((_bits_of(number) - SQRT_HALF_BITS) >> 52)

    return compiled


def whole_below(number):
    """The largest whole number not above a number, as a float."""
    return float(math.floor(number))


@overload(whole_below, inline="always")
def _whole_below(number):
    def compiled(number):
        return np.floor(number)

    return compiled


@register_jitable
def exp(x):
    """e to the power x, x clipped to [-700, 700]; relative error below 1e-15."""
    x = max(-LARGEST_EXPONENT, min(LARGEST_EXPONENT, x))
    q = whole_below(x * LOG2_E + 0.5)
    r = (x - q * LN2_HIGH) - q * LN2_LOW
    p = 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.755731922398589e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 0.0001984126984126984
    p = p * r + 0.001388888888888889
    p = p * r + 0.008333333333333333
    p = p * r + 0.041666666666666664
    p = p * r + 0.16666666666666666
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * power_of_two(q)


@register_jitable
def log(x):
    """Natural logarithm of a positive, normal number; absolute error below 1e-15 near one."""
    m = mantissa(x)
    f = (m - 1.0) / (m + 1.0)
    z = f * f
    p = 0.09523809523809523
    p = p * z + 0.10526315789473684
    p = p * z + 0.11764705882352941
    p = p * z + 0.13333333333333333
    p = p * z + 0.15384615384615385
    p = p * z + 0.18181818181818182
    p = p * z + 0.2222222222222222
    p = p * z + 0.2857142857142857
    p = p * z + 0.4
    p = p * z + 0.6666666666666666
    p = p * z + 2.0
    e = exponent(x)
    return e * LN2_HIGH + (e * LN2_LOW + f * p)


@register_jitable
def cos_turn(u):
    """Cosine of u turns, cos(2 pi u), for u within [0, 1]; absolute error below 1e-15."""
    y = abs(u - 0.5) - 0.25
    z = y * y
    p = 0.0011309237482517954
    p = p * z - 0.012031585942120619
    p = p * z + 0.10422916220813978
    p = p * z - 0.7181223017785001
    p = p * z + 3.8199525848482803
    p = p * z - 15.094642576822984
    p = p * z + 42.058693944897634
    p = p * z - 76.70585975306136
    p = p * z + 81.60524927607504
    p = p * z - 41.341702240399755
    p = p * z + 6.283185307179586
    return p * y
