"""What a package offers a project or a year's research, as layers: rates that end one after another.

A schedule that only flattens with slopes s1 > s2 > ... ending at x1 < x2 < ... is the sum of the layers min((s_k - s_k+1) x, ...)
up to x_k, so offers of several packages can be laid side by side and a firm that knows only some sees only those.
"""

from __future__ import annotations

import numpy as np

from ..policy.arrays import MAX_SEGMENTS
from ..policy.schedule import segments
from .claims import (
    F_CONSTRUCTION,
    F_CORE,
    F_MAJOR,
    F_NEW,
    F_NEWLY,
    F_OWN_USE,
    F_PLACE,
    F_PROJECT_ON,
    F_RD,
    F_RD_MAJOR,
    F_RESEARCH_ON,
    F_TOTAL,
    F_TYPES,
    PROJECT,
    RESEARCH_KIND,
    TYPE_BITS,
    clear,
)
from .symbols import *

UNKNOWN_STEPS = 0.0
TRIAL = 1e6


def to_layers(n, x, slope, rate, end):
    """Layers of a flattening schedule from its breakpoints and slopes; a rise of the slope is passed over."""
    layer = 0
    for s in range(n):
        following = slope[s + 1] if s + 1 < n else 0.0
        step = slope[s] - following
        if step > 1e-12 and layer < LAYERS:
            rate[layer] = step
            end[layer] = x[s + 1] if s + 1 < n else 1e18
            layer += 1


def project_layers(arrays, days, fields, facts, rates, ends):
    """Layers by quarter and by (industry, place, type, major) of one package's project clauses."""
    x, slope, base = np.zeros(MAX_SEGMENTS + 1), np.zeros(MAX_SEGMENTS + 1), np.zeros(MAX_SEGMENTS + 1)
    types = TYPE_BITS.size
    for q in range(rates.shape[0]):
        for row in range(rates.shape[1]):
            clear(facts)
            cell = row // (2 * types)
            facts[F_PLACE] = cell % 2
            facts[2] = days[q] - 1000.0
            facts[3] = UNKNOWN_STEPS
            facts[4] = fields[cell // 2]
            facts[F_PROJECT_ON] = days[q]
            facts[F_TYPES] = TYPE_BITS[(row // 2) % types]
            facts[F_NEW] = TRIAL
            facts[F_TOTAL] = TRIAL
            facts[F_CONSTRUCTION] = TRIAL
            facts[F_OWN_USE] = TRIAL
            facts[F_MAJOR] = row % 2
            facts[F_NEWLY] = 0.0
            n = segments(arrays, PROJECT, facts, days[q], F_TOTAL, x, slope, base)
            to_layers(n, x, slope, rates[q, row], ends[q, row])


def research_layers(arrays, days, fields, facts, rates, ends):
    """Layers by quarter and by (industry, place, major) of one package's research clauses."""
    x, slope, base = np.zeros(MAX_SEGMENTS + 1), np.zeros(MAX_SEGMENTS + 1), np.zeros(MAX_SEGMENTS + 1)
    for q in range(rates.shape[0]):
        for row in range(rates.shape[1]):
            clear(facts)
            cell = row // 2
            facts[F_PLACE] = cell % 2
            facts[2] = days[q] - 1000.0
            facts[3] = UNKNOWN_STEPS
            facts[4] = fields[cell // 2]
            facts[F_RESEARCH_ON] = days[q]
            facts[F_RD] = TRIAL
            facts[F_RD_MAJOR] = row % 2
            facts[F_CORE] = row % 2
            n = segments(arrays, RESEARCH_KIND, facts, days[q], F_RD, x, slope, base)
            to_layers(n, x, slope, rates[q, row], ends[q, row])
