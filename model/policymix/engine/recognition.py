"""Stage 7: certifications and promotions by their published criteria, once a year, by application."""

from __future__ import annotations

import numpy as np

from ..firms import invest, ladder
from .streams import CERTIFY, RECOGNISE, finalise, hashed, uniform_of
from .symbols import *

QUARTERS_A_YEAR = 4.0


def climb(w, h, p, n, recognised):
    """Give and take rungs at the end of a year; ``recognised`` counts everyone who ever got one, by place."""
    for j in range(n):
        if w[ALIVE * STRIDE + j] < 0.5 or w[(CELL_ROW + C_TECHNOLOGY) * STRIDE + j] < 0.5:
            continue
        age = w[AGE * STRIDE + j] / QUARTERS_A_YEAR
        revenue = w[REVENUE_NOW * STRIDE + j]
        before, three_ago = w[REVENUE_1 * STRIDE + j], w[REVENUE_3 * STRIDE + j]
        intensity = w[REPORTED_NOW * STRIDE + j] / max(revenue, 1.0)
        line = ladder.intensity_line(
            revenue, p[P_INTENSITY_LINE_LOW], p[P_INTENSITY_LINE_HIGH], p[P_INTENSITY_SMALL], p[P_INTENSITY_MIDDLE],
            p[P_INTENSITY_LARGE],
        )  # fmt: skip
        meets = 0
        if ladder.technology_sme(
            revenue, w[JOBS * STRIDE + j], intensity, p[P_SME_MOST_REVENUE], p[P_SME_MOST_STAFF], p[P_SME_INTENSITY]
        ) > 0.5:  # fmt: skip
            meets |= 1 << SME
        if ladder.high_tech_enterprise(age, intensity, line, p[P_HTE_LEAST_AGE]) > 0.5:
            meets |= 1 << HTE
        if before > 0.0 and ladder.chick_eagle(
            age, revenue, before, p[P_EAGLE_GROWTH], p[P_EAGLE_LEAST_AGE], p[P_EAGLE_MOST_AGE],
            p[P_EAGLE_LEAST_REVENUE], p[P_EAGLE_MOST_REVENUE],
        ) > 0.5:  # fmt: skip
            meets |= 1 << EAGLE
        if ladder.gazelle(
            age, revenue, three_ago, p[P_GAZELLE_GROWTH], p[P_GAZELLE_LEAST_AGE], p[P_GAZELLE_MOST_AGE],
            p[P_GAZELLE_LEAST_REVENUE],
        ) > 0.5:  # fmt: skip
            meets |= 1 << GAZELLE
        if ladder.unicorn(
            age, revenue, three_ago, p[P_UNICORN_LINE], p[P_UNICORN_MULTIPLE], p[P_UNICORN_MOST_AGE]
        ) > 0.5:  # fmt: skip
            meets |= 1 << UNICORN
        if ladder.leading(revenue, p[P_LEADING_LINE]) > 0.5:
            meets |= 1 << LEADING
        apply_for_rungs(w, h, j, meets, p, recognised)


def apply_for_rungs(w, h, j, meets, p, recognised):
    """A firm that meets a rung's criteria gets it with the rung's yearly rate; it keeps it while it meets them."""
    held, ever = int(w[STEPS_HELD * STRIDE + j]), int(w[EVER * STRIDE + j])
    place = int(w[PLACE * STRIDE + j])
    word = hashed(h[j], h[BLOCK + j], np.uint64(RECOGNISE))
    rates = (p[P_SME_RATE], p[P_HTE_RATE], p[P_EAGLE_RATE], p[P_GAZELLE_RATE], p[P_UNICORN_RATE], p[P_LEADING_RATE])
    for step in range(len(STEPS)):
        word = finalise(word + np.uint64(CERTIFY))
        bit = 1 << step
        if not meets & bit:
            held &= ~bit
        elif not held & bit and invest.acts(QUARTERS_A_YEAR * rates[step], uniform_of(word)) > 0.5:
            held |= bit
            if not ever & bit:
                ever |= bit
                recognised[place, step] += 1
    w[STEPS_HELD * STRIDE + j] = held
    w[EVER * STRIDE + j] = ever
