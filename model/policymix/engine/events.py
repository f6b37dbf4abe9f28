"""Stages 4 and 5: the offers that a firm sees, and the claims that its events of the quarter give rise to."""

from __future__ import annotations

import numpy as np

from ..elementary import exp
from ..firms import invest, kink, take_up
from .claims import (
    DECISION_MAKER,
    EXPANSION,
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
    KIND_STEP,
    LEASE,
    NATIONAL_GRANT,
    OFF_LADDER,
    ON_LADDER,
    ON_RESEARCH,
    PROJECT,
    Q_ACTIVITY,
    Q_BASE,
    Q_FACTS,
    RESEARCH_KIND,
    SCIENCE_PROGRAMME,
    TALENT,
    most_known,
    new_row,
)
from .columns import number_of, see_firm
from .entry import ask_lease, project_facts, project_row, registered_day, rent_in, type_of
from .streams import APPROVE, GRANT, HOLDS_CORE, RENEW, further, hashed, uniform_of, words
from .symbols import *

OUTSIDE_FIRST = 1073741824
"""Addresses of the luck of holders that are not firms: OUTSIDE_FIRST + 65536 row + number."""


def lane_uniform(room, j, purpose):
    """Uniform number of a purpose for the firm in a lane."""
    return uniform_of(hashed(room.h[j], room.h[BLOCK + j], np.uint64(purpose)))


def show_offers(q, city, mix, room):
    """Layers of support on offer in a quarter by row of the mix's tables (``symbols.OFFER_RATE``)."""
    room.layers[0], room.layers[1] = 0, 0
    for row in range(mix.layer_package.shape[1] if mix.offers[0] > 0 else 0):
        for layer in range(LAYERS):
            package = mix.layer_package[q, row, layer]
            if package >= 0:
                rate = mix.layer_rate[q, row, layer] * city.payout[package] * mix.present[package]
                soon, end = mix.with_purchase[package], mix.layer_end[q, row, layer]
                show_layer(room.offered[row], layer, room.known[package], rate, soon, end)
                room.layers[0] = max(room.layers[0], layer + 1)
            else:
                hide_layer(room.offered[row], layer)
    for row in range(mix.rd_package.shape[1] if mix.offers[1] > 0 else 0):
        for layer in range(LAYERS):
            package = mix.rd_package[q, row, layer]
            if package >= 0:
                rate = mix.rd_rate[q, row, layer] * city.payout[package] * mix.present_research[package]
                show_layer(room.rd_offered[row], layer, room.known[package], rate, 0.0, mix.rd_end[q, row, layer])
                room.layers[1] = max(room.layers[1], layer + 1)
            else:
                hide_layer(room.rd_offered[row], layer)


def show_layer(row, layer, known, rate, soon, end):
    """Write one layer of a row."""
    for standing in range(OFFER_RATE // LAYERS):
        row[standing * LAYERS + layer] = known[standing]
    row[OFFER_RATE + layer], row[OFFER_SOON + layer], row[OFFER_END + layer] = rate, soon, end


def hide_layer(row, layer):
    """Nobody knows of a layer that is not there."""
    for standing in range(OFFER_RATE // LAYERS):
        row[standing * LAYERS + layer] = 0.0


def see_offers(q, n, city, mix, ground, room, p):
    """Layers of support for the project of the firm's type, and for its research, as far as it knows the packages."""
    w = room.w
    for layer in range(5 * LAYERS):
        for j in range(BLOCK):
            w[(W_LAYER_RATE + layer) * STRIDE + j] = 0.0
    if room.layers[0] > 0:
        see_project_offers(n, room.layers[0], ground, room, p[P_ELIGIBLE_SHARE], p[P_MAJOR_PROJECT])
    if room.layers[1] > 0:
        see_research_offers(n, room.layers[1], room, p[P_MAJOR_RESEARCH], p[P_CORE_TECHNOLOGY_SHARE])


def see_project_offers(n, layers, ground, room, eligible, least_major):
    """Layers for the projects of a type that the packages name, and for major ones."""
    w, offered, lanes = room.w, room.offered, room.lanes
    types = ground.type_cdf.shape[1]
    concerned = 0
    for j in range(n):
        lanes[concerned] = j
        named = w[W_U_TYPE * STRIDE + j] < eligible
        concerned += int(named | (w[W_PROJECT * STRIDE + j] >= least_major))
    for i in range(concerned):
        j = lanes[i]
        industry = int(w[INDUSTRY * STRIDE + j])
        kind = type_of(ground, industry, w[W_U_TYPE * STRIDE + j], eligible)
        cell = industry * 2 + int(w[PLACE * STRIDE + j])
        row = (cell * types + kind) * 2 + int(w[W_PROJECT * STRIDE + j] >= least_major)
        standing = LAYERS * (ON_LADDER if w[STEPS_HELD * STRIDE + j] > 0.0 else OFF_LADDER)
        for layer in range(layers):
            if w[U_AWARE * STRIDE + j] < offered[row, standing + layer]:
                w[(W_LAYER_RATE + layer) * STRIDE + j] = offered[row, OFFER_RATE + layer]
                w[(W_LAYER_SOON + layer) * STRIDE + j] = offered[row, OFFER_SOON + layer]
                w[(W_LAYER_END + layer) * STRIDE + j] = offered[row, OFFER_END + layer]


def see_research_offers(n, layers, room, least_major, core_share):
    """Layers for the year's research."""
    w, offered = room.w, room.rd_offered
    for j in range(n):
        major = 2.0 if w[W_REPORTED * STRIDE + j] >= least_major else 0.0
        core = 1.0 if further(w[U_ABLE * STRIDE + j], HOLDS_CORE) < core_share else 0.0
        w[W_OFFER * STRIDE + j] = 8.0 * w[INDUSTRY * STRIDE + j] + 4.0 * w[PLACE * STRIDE + j] + major + core
        w[W_STANDING * STRIDE + j] = ON_LADDER if w[STEPS_HELD * STRIDE + j] > 0.0 else OFF_LADDER
    for layer in range(layers):
        for j in range(n):
            row, standing = int(w[W_OFFER * STRIDE + j]), int(w[W_STANDING * STRIDE + j])
            knows_it = w[U_AWARE * STRIDE + j] < offered[row, standing * LAYERS + layer]
            rate, end = offered[row, OFFER_RATE + layer], offered[row, OFFER_END + layer]
            w[(W_RD_LAYER_RATE + layer) * STRIDE + j] = rate if knows_it else 0.0
            w[(W_RD_LAYER_END + layer) * STRIDE + j] = end if knows_it else 0.0


def look_ahead(q, n, city, mix, ground, room, p):
    """Firms that know of a support which has been announced and has not begun may put their project off until then."""
    w = room.w
    opens = mix.opens[q]
    ahead = 0.25 * (opens - q)
    types = ground.type_cdf.shape[1]
    for j in range(n):
        size = w[W_PROJECT * STRIDE + j]
        if w[W_U_TYPE * STRIDE + j] >= p[P_ELIGIBLE_SHARE] or size <= 0.0:
            continue
        industry = int(w[INDUSTRY * STRIDE + j])
        kind = type_of(ground, industry, w[W_U_TYPE * STRIDE + j], p[P_ELIGIBLE_SHARE])
        cell = industry * 2 + int(w[PLACE * STRIDE + j])
        standing = ON_LADDER if w[STEPS_HELD * STRIDE + j] > 0.0 else OFF_LADDER
        row = (cell * types + kind) * 2 + (1 if size >= p[P_MAJOR_PROJECT] else 0)
        rise = 0.0
        for layer in range(LAYERS):
            package = mix.layer_package[opens, row, layer]
            if package >= 0 and w[U_AWARE * STRIDE + j] < room.known[package, standing]:
                rise += p[P_APPROVAL] * mix.layer_rate[opens, row, layer] * city.payout[package] * mix.present[package]
            rise -= w[(W_LAYER_RATE + layer) * STRIDE + j]
        gap, rate = w[W_GAP * STRIDE + j], w[W_HAZARD * STRIDE + j]
        w[W_WAIT * STRIDE + j] = invest.waits(rise, gap, ahead, rate, p[P_FIXED_COST])


def jump_to_notch(q, n, city, mix, ground, room, p):
    """A project just below the size of a major one may be enlarged to it, when the further support is worth it."""
    w = room.w
    line = p[P_MAJOR_PROJECT]
    least = p[P_NOTCH_REACH] * line
    types = ground.type_cdf.shape[1]
    for j in range(n):
        size = w[W_PROJECT * STRIDE + j]
        if size >= line or size < least:
            continue
        industry = int(w[INDUSTRY * STRIDE + j])
        cell = industry * 2 + int(w[PLACE * STRIDE + j])
        standing = ON_LADDER if w[STEPS_HELD * STRIDE + j] > 0.0 else OFF_LADDER
        kind = type_of(ground, industry, w[W_U_TYPE * STRIDE + j], p[P_ELIGIBLE_SHARE])
        row = (cell * types + kind) * 2 + 1
        below, above, soon = 0.0, 0.0, 0.0
        for layer in range(LAYERS):
            below += kink.support(size, w[(W_LAYER_RATE + layer) * STRIDE + j], w[(W_LAYER_END + layer) * STRIDE + j])
            package = mix.layer_package[q, row, layer]
            if package >= 0 and w[U_AWARE * STRIDE + j] < room.known[package, standing]:
                rate = mix.layer_rate[q, row, layer] * city.payout[package] * mix.present[package]
                more = kink.support(line, rate, mix.layer_end[q, row, layer])
                above += more
                soon += more * mix.with_purchase[package]
        hassle = w[(CELL_ROW + C_HASSLE) * STRIDE + j]
        if w[U_ABLE * STRIDE + j] >= take_up.application_probability(above, hassle, p[P_HASSLE_SLOPE]):
            continue
        above, soon = p[P_APPROVAL] * above, p[P_APPROVAL] * soon
        capital, ln_wanted = w[CAPITAL * STRIDE + j], w[W_WANTED * STRIDE + j]
        cost = room.cells[cell, C_REFERENCE_COST]
        wanted, elasticity = exp(ln_wanted), p[P_CAPITAL_ELASTICITY]
        lost = kink.loss(size, capital, ln_wanted, wanted, cost, elasticity)
        lost_above = kink.loss(line, capital, ln_wanted, wanted, cost, elasticity)
        chosen = kink.notch(size, line, lost, lost_above, below, above, cost)
        if chosen > size:
            w[W_FIRST_PAYS * STRIDE + j] = soon / line
        w[W_PROJECT * STRIDE + j] = chosen


def jump_to_line(q, n, city, mix, ground, room, p):
    """A project below the size from which a clause pays may be enlarged to it, or beyond, when that is worth it.

    Above the line the firm takes the line itself or, if it is larger, the size wanted at the rate that holds there.
    """
    w = room.w
    types = ground.type_cdf.shape[1]
    elasticity = p[P_CAPITAL_ELASTICITY]
    for j in range(n):
        size = w[W_PROJECT * STRIDE + j]
        if size <= 0.0 or w[W_U_TYPE * STRIDE + j] >= p[P_ELIGIBLE_SHARE]:
            continue
        industry = int(w[INDUSTRY * STRIDE + j])
        cell = industry * 2 + int(w[PLACE * STRIDE + j])
        kind = type_of(ground, industry, w[W_U_TYPE * STRIDE + j], p[P_ELIGIBLE_SHARE])
        row = (cell * types + kind) * 2 + (1 if size >= p[P_MAJOR_PROJECT] else 0)
        whose, line = mix.line_package[q, row], mix.line[q, row]
        standing = ON_LADDER if w[STEPS_HELD * STRIDE + j] > 0.0 else OFF_LADDER
        if whose < 0 or w[U_AWARE * STRIDE + j] >= room.known[whose, standing]:
            continue
        if size >= line or size < p[P_NOTCH_REACH] * line:
            continue
        kept = city.payout[whose] * mix.present[whose]
        rate, stretch_end = 0.0, 1e18
        for layer in range(LAYERS):
            if mix.line_end[q, row, layer] > line:
                rate += kept * p[P_APPROVAL] * mix.line_rate[q, row, layer]
                stretch_end = min(stretch_end, mix.line_end[q, row, layer])
        capital, ln_wanted = w[CAPITAL * STRIDE + j], w[W_WANTED * STRIDE + j]
        beyond = kink.size_at(capital, ln_wanted, min(p[P_LARGEST_RATE], rate), elasticity)
        target = max(line, min(beyond, stretch_end))
        below, above, soon = 0.0, kept * mix.line_lump[q, row], 0.0
        for layer in range(LAYERS):
            above += kept * kink.support(target, mix.line_rate[q, row, layer], mix.line_end[q, row, layer])
        soon = above * mix.with_purchase[whose]
        for layer in range(LAYERS):
            own, end = w[(W_LAYER_RATE + layer) * STRIDE + j], w[(W_LAYER_END + layer) * STRIDE + j]
            below += kink.support(size, own, end)
            package = mix.layer_package[q, row, layer]
            if package >= 0 and package != whose and w[U_AWARE * STRIDE + j] < room.known[package, standing]:
                other = mix.layer_rate[q, row, layer] * city.payout[package] * mix.present[package]
                above += kink.support(target, other, end)
                soon += kink.support(target, other, end) * mix.with_purchase[package]
        hassle = w[(CELL_ROW + C_HASSLE) * STRIDE + j]
        if w[U_ABLE * STRIDE + j] >= take_up.application_probability(above, hassle, p[P_HASSLE_SLOPE]):
            continue
        above, soon = p[P_APPROVAL] * above, p[P_APPROVAL] * soon
        cost, wanted = room.cells[cell, C_REFERENCE_COST], exp(ln_wanted)
        lost = kink.loss(size, capital, ln_wanted, wanted, cost, elasticity)
        lost_above = kink.loss(target, capital, ln_wanted, wanted, cost, elasticity)
        chosen = kink.notch(size, target, lost, lost_above, below, above, cost)
        if chosen > size:
            w[W_FIRST_PAYS * STRIDE + j] = soon / target
        w[W_PROJECT * STRIDE + j] = chosen


def lane_row(kind, q, slot, j, city, desk, ground, room):
    """Number of a new row of the tray for the firm in a lane."""
    w = room.w
    day = ground.days[q]
    registered = registered_day(w[AGE * STRIDE + j], day)
    return new_row(
        desk.tray, desk.waiting, city.count, kind, slot, w[FIRM * STRIDE + j], w[PLACE * STRIDE + j], day, registered,
        w[STEPS_HELD * STRIDE + j],
        ground.fields[int(w[INDUSTRY * STRIDE + j])], w[REVENUE_1 * STRIDE + j] * ground.price[q], w[JOBS * STRIDE + j],
        w[U_AWARE * STRIDE + j], w[U_ABLE * STRIDE + j],
        lane_uniform(room, j, APPROVE + (kind + 1) * KIND_STEP),
    )  # fmt: skip


def claim_for_events(q, start, n, city, mix, desk, ground, room, p):
    """Claims of the block's firms: projects, talent, leases; in the fourth quarter the year's research,
    national grants."""
    w = room.w
    researches = mix.offers[1] > 0 and ground.calendar[q] % 4 == 3
    projects = mix.offers[0] + mix.offers[4] > 0
    for i in range(with_events(n, projects, researches, mix, room, p)):
        j = room.lanes[i]
        slot = start + j
        if projects and w[W_START * STRIDE + j] > 0.5 and w[W_PROJECT * STRIDE + j] > 0.0:
            claim_project(q, slot, j, city, mix, desk, ground, room, p)
        leases = mix.welcomes[LEASE, int(w[PLACE * STRIDE + j])]
        if leases > 0 and w[W_U_RENEW * STRIDE + j] < 0.25 * p[P_LEASE_RENEWAL]:
            room.lessees[room.counts[0]] = slot
            room.counts[0] += 1
        if researches:
            claim_research(q, slot, j, city, desk, ground, room, p)


def with_events(n, projects, researches, mix, room, p):
    """List the lanes of firms that know any package and have an event which it may pay; their number."""
    w, h = room.w, room.h
    leases = 0
    for place in range(mix.welcomes.shape[1]):
        leases += mix.welcomes[LEASE, place]
    renewal = 0.25 * p[P_LEASE_RENEWAL] if leases > 0 else 0.0
    for j in range(n if leases > 0 else 0):
        w[W_U_RENEW * STRIDE + j] = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(RENEW)))
    off_ladder, on_ladder = most_known(room.known, OFF_LADDER), most_known(room.known, ON_LADDER)
    start, always = 0.5 if projects else 2.0, 1.0 if researches else 0.0
    for j in range(n):
        knows_any = w[U_AWARE * STRIDE + j] < (on_ladder if w[STEPS_HELD * STRIDE + j] > 0.0 else off_ladder)
        builds = 1.0 if (w[W_START * STRIDE + j] > start) & (w[W_PROJECT * STRIDE + j] > 0.0) else 0.0
        rents = 1.0 if w[W_U_RENEW * STRIDE + j] < renewal else 0.0
        event = max(always, max(builds, rents))
        w[W_EVENT * STRIDE + j] = event if knows_any & (w[ALIVE * STRIDE + j] >= 0.5) else 0.0
    concerned = 0
    for j in range(n):
        room.lanes[concerned] = j
        concerned += int(w[W_EVENT * STRIDE + j] > 0.0)
    return concerned


def claim_project(q, slot, j, city, mix, desk, ground, room, p):
    """A project that starts claims as what it is; a major one also for its people."""
    w = room.w
    amount = w[W_PROJECT * STRIDE + j]
    day = ground.days[q]
    industry = int(w[INDUSTRY * STRIDE + j])
    kind = type_of(ground, industry, w[W_U_TYPE * STRIDE + j], p[P_ELIGIBLE_SHARE])
    if mix.possible[q, project_row(ground, industry, int(w[PLACE * STRIDE + j]), kind, amount, p)]:
        r = lane_row(PROJECT, q, slot, j, city, desk, ground, room)
        project_facts(desk.tray[r], q, ground, kind, amount, 0.0, p)
    if amount >= p[P_MAJOR_PROJECT]:
        row = desk.tray[lane_row(TALENT, q, slot, j, city, desk, ground, room)]
        row[Q_FACTS + F_TALENT_ON] = day
        row[Q_FACTS + F_ROLE] = DECISION_MAKER
        row[Q_FACTS + F_TALENT_MAJOR] = 1.0
        row[Q_FACTS + F_PAY] = p[P_TALENT_PAY_SHARE] * amount * ground.price[q]


def claim_research(q, slot, j, city, desk, ground, room, p):
    """The year's reported research, and a national grant for a few high-tech enterprises."""
    w = room.w
    day = ground.days[q]
    spending = w[REPORTED_NOW * STRIDE + j] + 0.25 * w[W_REPORTED * STRIDE + j]
    if w[W_RD_APPLIES * STRIDE + j] > 0.5:
        row = desk.tray[lane_row(RESEARCH_KIND, q, slot, j, city, desk, ground, room)]
        row[Q_BASE], row[Q_ACTIVITY] = spending, ON_RESEARCH
        row[Q_FACTS + F_RESEARCH_ON] = day
        row[Q_FACTS + F_RD] = spending * ground.price[q]
        row[Q_FACTS + F_RD_MAJOR] = 1.0 if spending >= p[P_MAJOR_RESEARCH] else 0.0
        core = further(w[U_ABLE * STRIDE + j], HOLDS_CORE)
        row[Q_FACTS + F_CORE] = 1.0 if core < p[P_CORE_TECHNOLOGY_SHARE] else 0.0
    lottery = lane_uniform(room, j, GRANT)
    if w[W_STATUS * STRIDE + j] > 0.5 and lottery < p[P_NATIONAL_GRANT_RATE]:
        row = desk.tray[lane_row(NATIONAL_GRANT, q, slot, j, city, desk, ground, room)]
        row[Q_FACTS + F_GRANT_ON] = day
        row[Q_FACTS + F_PROGRAMME] = SCIENCE_PROGRAMME
        row[Q_FACTS + F_GRANT] = (
            ground.price[q]
            * p[P_NATIONAL_GRANT_SIZE]
            * (1.0 + p[P_NATIONAL_GRANT_SPREAD] * (2.0 * lottery / p[P_NATIONAL_GRANT_RATE] - 1.0))
        )


def ask_lessees(q, run, city, desk, ground, room, p):
    """Incumbents whose lease has run out take a new one in the same place."""
    firms = room.firm
    day = ground.days[q]
    for i in range(room.counts[0]):
        slot = room.lessees[i]
        if number_of(city.firms, ALIVE, slot) < 0.5:
            continue
        see_firm(city.firms, slot, firms, room.pairs, ground.records)
        room.pair[0], room.pair[1] = words(run.seed, run.luck, np.uint64(firms[FIRM, 0]), np.uint64(ground.calendar[q]))
        place = int(firms[PLACE, 0])
        registered = registered_day(firms[AGE, 0], day)
        ask_lease(
            firms, 0, slot, place, q, registered, EXPANSION, rent_in(q, place, city, ground), ground, room.pair,
            desk.tray, desk.waiting, city.count, p,
        )  # fmt: skip
    room.counts[0] = 0


def outside_claims(q, run, city, mix, desk, ground):
    """Claims of holders that are no firms of the population: sponsors of opportunities, funds, organisers, parks.

    Their number by quarter is the whole part of a running sum, so that a rate of 0.3 a quarter gives one claim in four.
    """
    day = ground.days[q]
    for source in range(mix.outside_kind.size):
        since = q - mix.outside_from[source]
        if since < 0.0:
            continue
        rate = mix.outside_rate[source]
        due = int(np.floor((since + 1.0) * rate)) - int(np.floor(since * rate))
        for each in range(due):
            address = OUTSIDE_FIRST + source * 65536 + each
            first, second = words(run.seed, run.luck, np.uint64(address), np.uint64(ground.calendar[q]))
            u = uniform_of(hashed(first, second, np.uint64(APPROVE)))
            r = new_row(
                desk.tray, desk.waiting, city.count, mix.outside_kind[source], -1, float(address), 0.0, day, day, 0.0,
                0.0, 0.0, 0.0, 0.0, 0.0, u,
            )  # fmt: skip
            row = desk.tray[r]
            for i in range(mix.outside_facts.shape[1]):
                row[Q_FACTS + i] = mix.outside_facts[source, i]
            row[Q_FACTS + mix.outside_on[source]] = day
