"""Luck with an address: one Philox4x32-10 block per (seed, luck, firm, quarter), spread over purposes by splitmix64.

A number depends on its address alone: never on the mix, the order of firms, the number of threads or on how many
numbers somebody else has drawn. What lasts is drawn anew whenever it is needed: the words of a purpose are one block
for all firms, and the splitmix64 sequence that they begin has a number for every firm. Salmon, Moraes, Dror and Shaw
(2011), doi:10.1145/2063384.2063405; Steele, Lea and Flood (2014), doi:10.1145/2660193.2660195.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numba.extending import intrinsic, register_jitable

from ..elementary import cos_turn, log

GROWTH, VOLATILITY, ADJUST, MAINTAIN, TYPE, APPROVE, ADOPT, EXIT, RENEW, RECOGNISE, CERTIFY, GRANT = range(12)
BUY, SIZE, TAIL, CLASS, INDUSTRY_OF, CITY, ZONE, STEPS_OF, AWARE_OF, ABLE_OF, PAPER, DESIGNATED = range(12, 24)
RELOCATE, LOTTERY, AGE_OF, COUNT, HOW_IT_COMES, WON_CONTEST, HEADQUARTERS = range(24, 31)
PURPOSES = 31

LASTING = 4294967040
"""Address above all firms: from it on, one a purpose, for the words of lasting numbers."""

SHIFTS_REVENUE, HOLDS_CORE, SPENDS_ON_RESEARCH, STARTS_DIGITAL = 7919.0, 104729.0, 611953.0, 15485863.0
SPENDS_TOO, QUALIFIES, COSTS_TO_QUALIFY, COSTS_TOO = 1299709.0, 224737.0, 350377.0, 2750159.0
KEEPS_FUNDS, KEEPS_TOO = 4256233.0, 5800079.0
"""Primes that turn the lasting uniform ``u_able`` into further lasting traits of a firm."""
TICKET_OF_CLAIM, MARKS_OF_CLAIM = 32452843.0, 49979687.0
"""Primes that turn the uniform number of a claim's approval into its lottery ticket and the assessors' marks."""

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_32, _30, _27, _31, _12 = np.uint64(32), np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(12)
_A, _B, _ODD = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB), np.uint64(1)
_ZERO, _ONE = np.uint64(0), np.uint64(0x3FF0000000000000)
TWO_TO_MINUS_32 = 2.0**-32
TWO_TO_MINUS_52 = 2.0**-52


@intrinsic
def _as_number(typingctx, bits):
    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(bits), build


@register_jitable(forceinline=True)
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10 of a counter of four and a key of two 32-bit words; returns four 32-bit words (all as uint64)."""
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@register_jitable
def finalise(x):
    """The splitmix64 finaliser: a bijection of 64-bit words that scatters every bit."""
    x = (x ^ (x >> _30)) * _A
    x = (x ^ (x >> _27)) * _B
    return x ^ (x >> _31)


@register_jitable(forceinline=True)
def words(seed, luck, firm, quarter):
    """The two 64-bit words of an address; seed, luck, firm and quarter are uint64 (the last three below 2**32)."""
    a, b, c, d = philox(luck, firm, quarter, _ZERO, seed & _LOW, seed >> _32)
    return (a << _32) | b, ((c << _32) | d) | _ODD


@register_jitable
def hashed(first, second, purpose):
    """The 64-bit word of one purpose (uint64) of an address."""
    return finalise(first + purpose * second)


@register_jitable
def uniform_of(word):
    """A uniform number in (0, 1): 52 bits of a word, never 0 and never 1."""
    return _as_number((word >> _12) | _ONE) - (1.0 - 2.0**-53)


def uniforms_of(words):
    """``uniform_of`` of an array of words."""
    return ((words >> _12) | _ONE).view(np.float64) - (1.0 - 2.0**-53)


@register_jitable
def lasting_words(seed, luck, purpose, since):
    """The two words that give all firms their lasting numbers of one purpose, for good (``since`` nought) or from a
    quarter on."""
    return words(seed, luck, np.uint64(LASTING + purpose), np.uint64(since))


@register_jitable
def lasting(first, second, firm):
    """A firm's lasting uniform number: the word of its address in the splitmix64 sequence that two words begin."""
    return uniform_of(hashed(first, second, np.uint64(firm)))


@register_jitable
def aware_of(first, second, firm, end):
    """Lasting uniform number of early knowledge; the region file's records, whose addresses lie below ``end``, know at
    once."""
    return 0.0 if firm < end else lasting(first, second, firm)


@register_jitable
def able_of(first, second, firm, end, records):
    """Lasting uniform number of readiness; those of the records are evenly spread."""
    return (firm + 0.5) / records if firm < end else lasting(first, second, firm)


def readiness(seed, luck, firms, end, records):
    """``able_of`` of many firms, given their addresses as float64."""
    first, second = lasting_words(np.uint64(seed), np.uint64(luck), ABLE_OF, 0)
    lasting_numbers = uniforms_of(hashed(first, second, firms.astype(np.uint64)))
    return np.where(firms < end, (firms + 0.5) / records, lasting_numbers)


@register_jitable
def further(u, multiplier):
    """A further uniform number of a firm from a lasting one: the fraction of u times a large prime."""
    product = u * multiplier
    return product - np.floor(product)


@register_jitable
def further_normal(u, first, second):
    """A lasting standard normal number of a firm from a lasting uniform one: Box and Muller."""
    radius = np.sqrt(-2.0 * log(max(further(u, first), TWO_TO_MINUS_52)))
    return radius * cos_turn(further(u, second))


@register_jitable
def normal_of(word):
    """A standard normal number by Box and Muller from the two halves of a word."""
    radius = np.sqrt(-2.0 * log((np.float64(word >> _32) + 0.5) * TWO_TO_MINUS_32))
    return radius * cos_turn(np.float64(word & _LOW) * TWO_TO_MINUS_32)


@njit(nogil=True, error_model="numpy")
def uniform(seed, luck, firm, quarter, purpose):
    """The uniform number of one address and purpose."""
    first, second = words(np.uint64(seed), np.uint64(luck), np.uint64(firm), np.uint64(quarter))
    return uniform_of(hashed(first, second, np.uint64(purpose)))


@njit(nogil=True, error_model="numpy")
def normal(seed, luck, firm, quarter, purpose):
    """The standard normal number of one address and purpose."""
    first, second = words(np.uint64(seed), np.uint64(luck), np.uint64(firm), np.uint64(quarter))
    return normal_of(hashed(first, second, np.uint64(purpose)))


@njit(nogil=True)
def block(counter, key):
    """One Philox block of uint32 words, for the published known answers."""
    c, k = counter.astype(np.uint64), key.astype(np.uint64)
    return np.array(philox(c[0], c[1], c[2], c[3], k[0], k[1]), np.uint64).astype(np.uint32)
