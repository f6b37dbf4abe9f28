"""Stage 7: certifications and promotions by their published criteria, once a year, by application."""

from __future__ import annotations

import numpy as np

from ..firms import invest, ladder
from .streams import CERTIFY, RECOGNISE, finalise, hashed, uniform_of
from .symbols import *

QUARTERS_A_YEAR = 4.0


def climb(w, h, p, n, recognised):
    """Give and take rungs at the end of a year; ``recognised`` counts everyone who ever got one, by place."""
    judge(w, p, n)
    apply_for_rungs(w, h, p, n)
    for j in range(n):
        gained = int(w[W_GAINED * STRIDE + j])
        if gained > 0:
            place = int(w[PLACE * STRIDE + j])
            for step in range(len(STEPS)):
                recognised[place, step] += gained >> step & 1


def judge(w, p, n):
    """Rungs whose criteria a firm meets, as a bit mask; -1 for firms that the ladder is not open to."""
    low, high = p[P_INTENSITY_LINE_LOW], p[P_INTENSITY_LINE_HIGH]
    small, middle, large = p[P_INTENSITY_SMALL], p[P_INTENSITY_MIDDLE], p[P_INTENSITY_LARGE]
    sme_revenue, sme_staff, sme_intensity = p[P_SME_MOST_REVENUE], p[P_SME_MOST_STAFF], p[P_SME_INTENSITY]
    hte_age, eagle_growth = p[P_HTE_LEAST_AGE], p[P_EAGLE_GROWTH]
    eagle_first, eagle_last = p[P_EAGLE_LEAST_AGE], p[P_EAGLE_MOST_AGE]
    eagle_low, eagle_high = p[P_EAGLE_LEAST_REVENUE], p[P_EAGLE_MOST_REVENUE]
    gazelle_growth, gazelle_low = p[P_GAZELLE_GROWTH], p[P_GAZELLE_LEAST_REVENUE]
    gazelle_first, gazelle_last = p[P_GAZELLE_LEAST_AGE], p[P_GAZELLE_MOST_AGE]
    unicorn_line, multiple, unicorn_last = p[P_UNICORN_LINE], p[P_UNICORN_MULTIPLE], p[P_UNICORN_MOST_AGE]
    leading_line = p[P_LEADING_LINE]
    for j in range(n):
        age = w[AGE * STRIDE + j] / QUARTERS_A_YEAR
        revenue = w[REVENUE_NOW * STRIDE + j]
        before, three_ago = w[REVENUE_1 * STRIDE + j], w[REVENUE_3 * STRIDE + j]
        intensity = w[REPORTED_NOW * STRIDE + j] / max(revenue, 1.0)
        line = ladder.intensity_line(revenue, low, high, small, middle, large)
        staff = w[JOBS * STRIDE + j]
        meets = ladder.technology_sme(revenue, staff, intensity, sme_revenue, sme_staff, sme_intensity) * (1 << SME)
        meets += ladder.high_tech_enterprise(age, intensity, line, hte_age) * (1 << HTE)
        grown = 1.0 if before > 0.0 else 0.0
        eagle = ladder.chick_eagle(
            age, revenue, before, eagle_growth, eagle_first, eagle_last, eagle_low, eagle_high
        )  # fmt: skip
        meets += eagle * grown * (1 << EAGLE)
        gazelle = ladder.gazelle(age, revenue, three_ago, gazelle_growth, gazelle_first, gazelle_last, gazelle_low)
        meets += gazelle * (1 << GAZELLE)
        meets += ladder.unicorn(age, revenue, three_ago, unicorn_line, multiple, unicorn_last) * (1 << UNICORN)
        meets += ladder.leading(revenue, leading_line) * (1 << LEADING)
        open_to = (w[ALIVE * STRIDE + j] >= 0.5) & (w[(CELL_ROW + C_TECHNOLOGY) * STRIDE + j] >= 0.5)
        w[W_MEETS * STRIDE + j] = meets if open_to else -1.0


def apply_for_rungs(w, h, p, n):
    """A firm that meets a rung's criteria gets it with the rung's yearly rate; it keeps it while it meets them."""
    rates = (p[P_SME_RATE], p[P_HTE_RATE], p[P_EAGLE_RATE], p[P_GAZELLE_RATE], p[P_UNICORN_RATE], p[P_LEADING_RATE])
    for j in range(n):
        before, ever, meets = int(w[STEPS_HELD * STRIDE + j]), int(w[EVER * STRIDE + j]), int(w[W_MEETS * STRIDE + j])
        word = hashed(h[j], h[BLOCK + j], np.uint64(RECOGNISE))
        won = 0
        for step in range(len(STEPS)):
            word = finalise(word + np.uint64(CERTIFY))
            won |= int(invest.acts(QUARTERS_A_YEAR * rates[step], uniform_of(word)) > 0.5) << step
        held = meets & (before | won) if meets >= 0 else before
        w[STEPS_HELD * STRIDE + j] = held
        w[W_GAINED * STRIDE + j] = held & ~ever
        w[EVER * STRIDE + j] = ever | held


def turn_year(w, n):
    """Last quarter of a year: revenue of the year becomes last year's."""
    for j in range(n):
        w[REVENUE_3 * STRIDE + j] = w[REVENUE_2 * STRIDE + j]
        w[REVENUE_2 * STRIDE + j] = w[REVENUE_1 * STRIDE + j]
        w[REVENUE_1 * STRIDE + j] = w[REVENUE_NOW * STRIDE + j]
        w[REVENUE_NOW * STRIDE + j] = 0.0
