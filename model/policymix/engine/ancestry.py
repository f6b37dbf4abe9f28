"""The initial population: the balanced-growth cross-section of the untreated process itself.

Cohorts of forty years enter in numbers that grow at rate g, grow and leave by the rules of every other quarter, and who
is left is the city. A candidate's age is drawn from the entry distribution by a golden-ratio sequence, and so is its
place in the heavy tail of entrants, so that sizes come close to the quantiles of the law rather than to a lucky draw.
"""

from __future__ import annotations

import numpy as np

from ..elementary import exp, log
from ..firms import leave, produce
from .columns import put
from .streams import (
    AGE_OF,
    EXIT,
    GROWTH,
    SIZE,
    VOLATILITY,
    ZONE,
    hashed,
    normal_of,
    uniform_of,
    words,
)
from .symbols import *

GOLDEN = 0.6180339887498949
COHORT_QUARTERS = 160
INDUSTRY_WIDTH = 16777216
PURPOSE_STEP = 64
"""Addresses of incumbents: (industry + 1) * INDUSTRY_WIDTH + candidate."""


def grow_cohorts(run, city, counts, offset, zone_share, growth, exit_by_age, calendar, h, p):
    """Fill the city with ``counts[industry]`` survivors; sizes are log deviations from the industry's typical entrant,
    ``offset`` that entrant's from the typical one of all industries.

    Returns the number of firms.
    """
    firms, slots = city.firms, city.firms.money.shape[1]
    slot = city.count[0]
    for industry in range(counts.size):
        start = uniform_of(hashed(run.seed, run.luck + np.uint64(1), np.uint64(AGE_OF + industry * PURPOSE_STEP)))
        found = 0
        candidate = 0
        while found < counts[industry] and slot < slots:
            address = (industry + 1) * INDUSTRY_WIDTH + candidate
            spot = start + GOLDEN * candidate
            candidate += 1
            age = age_of_entry(spot - np.floor(spot), growth)
            tail = start + GOLDEN * GOLDEN * candidate
            if live(
                run, firms, slot, address, age, tail - np.floor(tail), offset[industry], exit_by_age, calendar, h, p
            ):
                place = 0 if uniform_of(hashed(h[0], h[1], np.uint64(ZONE))) < zone_share[industry] else 1
                put(firms, INDUSTRY, slot, industry)
                put(firms, PLACE, slot, place)
                slot += 1
                found += 1
    city.count[0] = slot
    return slot


def age_of_entry(u, growth):
    """Quarters since entry when entries have grown at a yearly log rate: inverse of 1 - e^(-g a / 4) over
    forty years."""
    whole = 1.0 - exp(-0.25 * growth * COHORT_QUARTERS)
    return int(-4.0 / growth * log(1.0 - u * whole))


def live(run, firms, slot, address, age, tail, offset, exit_by_age, calendar, h, p):
    """One candidate from its entry to the present; False if it has left."""
    h[0], h[1] = words(run.seed, run.luck, np.uint64(address), np.uint64(calendar - age))
    deviation = p[P_ENTRANT_DEVIATION] * normal_of(hashed(h[0], h[1], np.uint64(SIZE)))
    size = min(log(p[P_ENTRANT_CAP]), deviation - p[P_ENTRANT_TAIL] * log(max(tail, 1e-9)))
    variance = produce.variance_draw(uniform_of(hashed(h[0], h[1], np.uint64(VOLATILITY))))
    for lived in range(age):
        quarter = calendar - age + lived
        a, b = words(run.seed, run.luck, np.uint64(address), np.uint64(quarter))
        if quarter % 4 == 0:
            variance = produce.variance_draw(uniform_of(hashed(a, b, np.uint64(VOLATILITY))))
        sigma = produce.spread(size + offset, 0.0, p[P_SIZE_SPREAD], p[P_SIZE_SLOPE], p[P_LARGEST_SPREAD])
        size += produce.shock(sigma, variance, normal_of(hashed(a, b, np.uint64(GROWTH))))
        base = exit_by_age[min(lived, exit_by_age.size - 1)]
        by_size = leave.size_factor(size, 0.0, p[P_EXIT_SIZE_ELASTICITY])
        chance = leave.probability(base, by_size, 1.0, 0.0, 0.0, p[P_LARGEST_EXIT])
        if uniform_of(hashed(a, b, np.uint64(EXIT))) < chance:
            return False
    for column in range(COLUMN_COUNT):
        put(firms, column, slot, 0.0)
    put(firms, ALIVE, slot, 1.0)
    put(firms, FIRM, slot, address)
    put(firms, AGE, slot, age)
    put(firms, LN_SIZE, slot, size)
    put(firms, ACCOUNT, slot, -1.0)
    put(firms, RELIEF_END, slot, -1.0)
    return True
