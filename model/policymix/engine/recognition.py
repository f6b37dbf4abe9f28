"""Stage 7: certifications and promotions by their published criteria, once a year, by application."""

from __future__ import annotations

import numpy as np

from ..elementary import exp
from ..firms import invest, ladder
from .streams import CERTIFY, RECOGNISE, SPENDS_ON_RESEARCH, finalise, further, hashed, uniform_of
from .symbols import *

QUARTERS_A_YEAR = 4.0


def intensity_of(w, j, p):
    """Reported R&D over revenue; firms differ by a lasting lognormal factor drawn from their stored uniform."""
    revenue = w[REVENUE_NOW * STRIDE + j]
    spread = p[P_INTENSITY_DEVIATION] * 3.4641 * (further(w[U_ABLE * STRIDE + j], SPENDS_ON_RESEARCH) - 0.5)
    return w[REPORTED_NOW * STRIDE + j] / max(revenue, 1.0) * exp(spread)


def climb(w, h, p, n, recognised):
    """Give and take rungs at the end of a year; ``recognised`` counts everyone who ever got one, by place."""
    for j in range(n):
        if w[ALIVE * STRIDE + j] < 0.5 or w[(CELL_ROW + C_TECHNOLOGY) * STRIDE + j] < 0.5:
            continue
        age = w[AGE * STRIDE + j] / QUARTERS_A_YEAR
        revenue = w[REVENUE_NOW * STRIDE + j]
        before, three_ago = w[REVENUE_1 * STRIDE + j], w[REVENUE_3 * STRIDE + j]
        intensity = intensity_of(w, j, p)
        line = ladder.intensity_line(
            revenue, p[P_INTENSITY_SMALL], p[P_INTENSITY_MIDDLE], p[P_INTENSITY_LARGE]
        )  # fmt: skip
        meets = 0
        if ladder.technology_sme(revenue, w[JOBS * STRIDE + j], intensity, 200e6, 500.0, p[P_SME_INTENSITY]) > 0.5:
            meets |= 1 << SME
        if ladder.high_tech_enterprise(age, intensity, line) > 0.5:
            meets |= 1 << HTE
        if before > 0.0 and ladder.chick_eagle(age, revenue, before, p[P_EAGLE_GROWTH]) > 0.5:
            meets |= 1 << EAGLE
        if ladder.gazelle(age, revenue, three_ago, p[P_GAZELLE_GROWTH]) > 0.5:
            meets |= 1 << GAZELLE
        if ladder.unicorn(age, revenue, three_ago, p[P_UNICORN_LINE], p[P_UNICORN_MULTIPLE]) > 0.5:
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
