"""Stages 4 and 5: the offers that a firm sees, and the claims that its events of the quarter give rise to."""

from __future__ import annotations

import numpy as np

from .claims import (
    DECISION_MAKER,
    F_CORE,
    F_GRANT,
    F_GRANT_ON,
    F_PAY,
    F_PROGRAMME,
    F_RD,
    F_RD_MAJOR,
    F_RESEARCH_ON,
    F_ROLE,
    F_TALENT_MAJOR,
    F_TALENT_ON,
    NATIONAL_GRANT,
    ON_INVESTMENT,
    ON_NOTHING,
    ON_RESEARCH,
    OUTSIDE,
    PROJECT,
    RESEARCH_KIND,
    SCIENCE_PROGRAMME,
    TALENT,
    common_facts,
    file_claim,
)
from .entry import project_facts, renew_lease, type_of
from .streams import APPROVE, GRANT, RENEW, TYPE, hashed, uniform_of, words
from .symbols import *

OUTSIDE_FIRST = 1073741824
"""Addresses of the luck of holders that are not firms: OUTSIDE_FIRST + their number."""
DAYS_A_QUARTER = 91.3


def lane_uniform(room, j, purpose):
    """Uniform number of a purpose for the firm in a lane."""
    return uniform_of(hashed(room.h[j], room.h[BLOCK + j], np.uint64(purpose)))


def see_offers(q, n, city, mix, ground, room, p):
    """Layers of support for the project of the firm's type, and for its research, as far as it knows the packages."""
    w = room.w
    for layer in range(4 * LAYERS):
        for j in range(BLOCK):
            w[(W_LAYER_RATE + layer) * BLOCK + j] = 0.0
    types = ground.type_cdf.shape[1]
    for j in range(n):
        on_ladder = 1 if w[STEPS_HELD * BLOCK + j] > 0.0 else 0
        industry = int(w[INDUSTRY * BLOCK + j])
        cell = industry * 2 + int(w[PLACE * BLOCK + j])
        if mix.offers[0] > 0:
            kind = type_of(ground, industry, lane_uniform(room, j, TYPE))
            major = 1 if w[W_PROJECT * BLOCK + j] >= p[P_MAJOR_PROJECT] else 0
            row = (cell * types + kind) * 2 + major
            for layer in range(LAYERS):
                package = mix.layer_package[q, row, layer]
                if package >= 0 and w[U_AWARE * BLOCK + j] < room.known[package, on_ladder]:
                    w[(W_LAYER_RATE + layer) * BLOCK + j] = mix.layer_rate[q, row, layer] * city.payout[package]
                    w[(W_LAYER_END + layer) * BLOCK + j] = mix.layer_end[q, row, layer]
        if mix.offers[1] > 0:
            major = 1 if w[W_REPORTED * BLOCK + j] >= p[P_MAJOR_RESEARCH] else 0
            row = cell * 2 + major
            for layer in range(LAYERS):
                package = mix.rd_package[q, row, layer]
                if package >= 0 and w[U_AWARE * BLOCK + j] < room.known[package, on_ladder]:
                    w[(W_RD_LAYER_RATE + layer) * BLOCK + j] = mix.rd_rate[q, row, layer] * city.payout[package]
                    w[(W_RD_LAYER_END + layer) * BLOCK + j] = mix.rd_end[q, row, layer]


def claim_for_events(q, start, n, city, mix, desk, ground, room, p, out):
    """Claims of the firms in the block: projects, talent, and in the fourth quarter the year's research and national grants."""
    w = room.w
    if mix.offers[0] + mix.offers[1] + mix.offers[2] == 0:
        return
    for j in range(n):
        if w[ALIVE * BLOCK + j] < 0.5:
            continue
        if mix.offers[0] > 0 and w[W_START * BLOCK + j] > 0.5 and w[W_PROJECT * BLOCK + j] > 0.0:
            claim_project(q, start + j, j, city, mix, desk, ground, room, p, out)
        if mix.offers[2] > 0 and lane_uniform(room, j, RENEW) < 0.25 * p[P_LEASE_RENEWAL]:
            sync(w, city.firms, j, start + j)
            room.pair[0], room.pair[1] = room.h[j], room.h[BLOCK + j]
            renew_lease(q, start + j, room.pair, city, mix, desk, ground, p, out.clause[q])
            w[ACCOUNT * BLOCK + j] = city.firms[ACCOUNT, start + j]
        if mix.offers[1] > 0 and ground.calendar[q] % 4 == 3:
            claim_research(q, start + j, j, city, mix, desk, ground, room, p, out)


def sync(w, firms, j, slot):
    """Write back the columns that facts of a claim are taken from."""
    firms[STEPS_HELD, slot] = w[STEPS_HELD * BLOCK + j]
    firms[JOBS, slot] = w[JOBS * BLOCK + j]
    firms[REVENUE_1, slot] = w[REVENUE_1 * BLOCK + j]


def claim_project(q, slot, j, city, mix, desk, ground, room, p, out):
    """A project that starts claims as what it is; a major one also for its people."""
    w, firms = room.w, city.firms
    sync(w, firms, j, slot)
    day = ground.days[q]
    registered = day - int(w[AGE * BLOCK + j] * DAYS_A_QUARTER)
    industry, place = int(w[INDUSTRY * BLOCK + j]), int(w[PLACE * BLOCK + j])
    amount = w[W_PROJECT * BLOCK + j]
    fields = ground.fields[industry]
    kind = type_of(ground, industry, lane_uniform(room, j, TYPE))
    u = lane_uniform(room, j, APPROVE)
    project_facts(desk, firms, slot, day, registered, place, fields, kind, amount, 0.0, p)
    file_claim(PROJECT, day, slot, q, city, mix, desk, amount, ON_INVESTMENT, u, p, out.clause[q])
    if amount >= p[P_MAJOR_PROJECT]:
        common_facts(desk.facts, firms, slot, day, registered, fields, place)
        desk.facts[F_TALENT_ON] = day
        desk.facts[F_ROLE] = DECISION_MAKER
        desk.facts[F_TALENT_MAJOR] = 1.0
        desk.facts[F_PAY] = p[P_TALENT_PAY_SHARE] * amount
        file_claim(TALENT, day, slot, q, city, mix, desk, 0.0, ON_NOTHING, u, p, out.clause[q])
    w[ACCOUNT * BLOCK + j] = firms[ACCOUNT, slot]


def claim_research(q, slot, j, city, mix, desk, ground, room, p, out):
    """The year's reported research, and a national grant for a few high-tech enterprises."""
    w, firms = room.w, city.firms
    spending = w[REPORTED_NOW * BLOCK + j] + 0.25 * w[W_REPORTED * BLOCK + j]
    lottery = lane_uniform(room, j, GRANT)
    status = int(w[STEPS_HELD * BLOCK + j]) & (1 << HTE)
    wins = status != 0 and lottery < p[P_NATIONAL_GRANT_RATE]
    if w[W_RD_RATE * BLOCK + j] <= 0.0 and not wins:
        return
    sync(w, firms, j, slot)
    day = ground.days[q]
    registered = day - int(w[AGE * BLOCK + j] * DAYS_A_QUARTER)
    industry, place = int(w[INDUSTRY * BLOCK + j]), int(w[PLACE * BLOCK + j])
    u = lane_uniform(room, j, APPROVE)
    if w[W_RD_RATE * BLOCK + j] > 0.0:
        common_facts(desk.facts, firms, slot, day, registered, ground.fields[industry], place)
        desk.facts[F_RESEARCH_ON] = day
        desk.facts[F_RD] = spending
        desk.facts[F_RD_MAJOR] = 1.0 if spending >= p[P_MAJOR_RESEARCH] else 0.0
        desk.facts[F_CORE] = 1.0 if w[U_ABLE * BLOCK + j] < p[P_CORE_TECHNOLOGY_SHARE] else 0.0
        file_claim(RESEARCH_KIND, day, slot, q, city, mix, desk, spending, ON_RESEARCH, u, p, out.clause[q])
    if wins:
        common_facts(desk.facts, firms, slot, day, registered, ground.fields[industry], place)
        desk.facts[F_GRANT_ON] = day
        desk.facts[F_PROGRAMME] = SCIENCE_PROGRAMME
        desk.facts[F_GRANT] = p[P_NATIONAL_GRANT_SIZE] * (0.5 + lottery / p[P_NATIONAL_GRANT_RATE])
        file_claim(NATIONAL_GRANT, day, slot, q, city, mix, desk, 0.0, ON_NOTHING, u, p, out.clause[q])
    w[ACCOUNT * BLOCK + j] = firms[ACCOUNT, slot]


def outside_claims(q, city, mix, desk, ground, run, p, clause_out):
    """Claims of holders that are no firms of the population: sponsors of opportunities, funds, organisers, parks.

    Their number by quarter is the whole part of a running sum, so that a rate of 0.3 a quarter gives one claim in four.
    """
    if mix.offers[3] == 0:
        return
    day = ground.days[q]
    for row in range(mix.outside_kind.size):
        since = q - mix.outside_from[row]
        if since < 0.0:
            continue
        due = int(np.floor((since + 1.0) * mix.outside_rate[row])) - int(np.floor(since * mix.outside_rate[row]))
        for number in range(due):
            for i in range(desk.facts.size):
                desk.facts[i] = mix.outside_facts[row, i]
            desk.facts[mix.outside_on[row]] = day
            address = OUTSIDE_FIRST + row * 65536 + number
            first, second = words(run.seed, run.luck, np.uint64(address), np.uint64(ground.calendar[q]))
            u = uniform_of(hashed(first, second, np.uint64(APPROVE)))
            file_claim(int(mix.outside_kind[row]), day, OUTSIDE, q, city, mix, desk, 0.0, ON_NOTHING, u, p, clause_out)
