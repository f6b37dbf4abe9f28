"""Stages 3 to 8 of a quarter for a block of firms on one flat scratch buffer.

Row r of the buffer ``w`` starts at ``r * BLOCK``; lane j is one firm. The compiled loop runs every stage over a full block,
so that each short loop becomes vector instructions; the Mesa view runs the same functions for lane 0 alone (n = 1). Rules
come from ``firms/`` (or from the module that a study names) and get plain numbers; only this room writes state.
"""

from __future__ import annotations

import numpy as np

from ..elementary import exp, log
from ..firms import adopt, invest, kink, leave, produce, research, take_up
from .streams import (
    ADJUST,
    ADOPT,
    EXIT,
    GROWTH,
    MAINTAIN,
    RELOCATE,
    TYPE,
    VOLATILITY,
    hashed,
    normal_of,
    uniform_of,
    words,
)
from .symbols import *

SMALLEST = 1.0
"""CNY below which an amount counts as nothing."""


def draw_luck(w, h, seed, luck, quarter, first_quarter_of_year, n):
    """Numbers of this quarter for the firms in the block; the year's variance in the first quarter."""
    for j in range(n):
        first, second = words(seed, luck, np.uint64(w[FIRM * BLOCK + j]), quarter)
        h[j] = first
        h[BLOCK + j] = second
    for j in range(n):
        w[W_Z * BLOCK + j] = normal_of(hashed(h[j], h[BLOCK + j], np.uint64(GROWTH)))
    for j in range(n):
        w[W_U_ADJUST * BLOCK + j] = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(ADJUST)))
        w[W_U_MAINTAIN * BLOCK + j] = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(MAINTAIN)))
        w[W_U_EXIT * BLOCK + j] = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(EXIT)))
        w[W_U_ADOPT * BLOCK + j] = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(ADOPT)))
        w[W_U_RELOCATE * BLOCK + j] = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(RELOCATE)))
    if first_quarter_of_year:
        for j in range(n):
            u = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(VOLATILITY)))
            w[VARIANCE * BLOCK + j] = produce.variance_draw(u)


def look_up(w, cells, places, n):
    """Values of the firm's industry and place."""
    for j in range(n):
        cell = int(w[INDUSTRY * BLOCK + j]) * places + int(w[PLACE * BLOCK + j])
        for value in range(CELL_COUNT):
            w[(CELL_ROW + value) * BLOCK + j] = cells[cell, value]


def grow(w, p, n):
    """Demand state: drift, agglomeration and luck."""
    for j in range(n):
        sigma = produce.spread(w[LN_SIZE * BLOCK + j], w[(CELL_ROW + C_LN_MEDIAN) * BLOCK + j], p[P_SIZE_SPREAD], p[P_SIZE_SLOPE])
        e = produce.shock(sigma, w[VARIANCE * BLOCK + j], w[W_Z * BLOCK + j])
        w[LUCK * BLOCK + j] += e
        w[LN_SIZE * BLOCK + j] += 0.25 * w[(CELL_ROW + C_DRIFT) * BLOCK + j] + e


def make(w, p, n):
    """Output, staff, profit, tax and cash of the quarter."""
    for j in range(n):
        w[W_SIZE * BLOCK + j] = exp(w[LN_SIZE * BLOCK + j])
        w[W_RATIO * BLOCK + j] = (
            log(w[CAPITAL * BLOCK + j]) - w[LN_SIZE * BLOCK + j] - log(w[(CELL_ROW + C_CAPITAL_OUTPUT) * BLOCK + j])
        )
    for j in range(n):
        w[W_VALUE * BLOCK + j] = produce.value_added(
            w[W_SIZE * BLOCK + j],
            w[(CELL_ROW + C_FACTOR) * BLOCK + j],
            w[W_RATIO * BLOCK + j],
            w[(CELL_ROW + C_COST_SHARE) * BLOCK + j],
        )
        w[JOBS * BLOCK + j] = produce.staff(
            w[W_SIZE * BLOCK + j],
            w[(CELL_ROW + C_STAFF) * BLOCK + j],
            w[W_RATIO * BLOCK + j],
            p[P_JOBS_EXPONENT],
            w[(CELL_ROW + C_LN_WAGE) * BLOCK + j],
            p[P_WAGE_ELASTICITY],
        )
    for j in range(n):
        free = w[W_VALUE * BLOCK + j] / w[(CELL_ROW + C_VALUE_RATIO) * BLOCK + j]
        able = 1.0 if w[U_ABLE * BLOCK + j] < 0.5 else 0.0
        line = p[P_SMALL_FIRM_PROFIT_LINE] / p[P_MARGIN]
        worth = p[P_MARGIN] * (p[P_STANDARD_TAX_RATE] - p[P_SMALL_FIRM_TAX_RATE])
        kept = produce.held_back(free, line, worth, p[P_MARGIN], p[P_TAX_EASE], able)
        w[W_REVENUE * BLOCK + j] = kept
        w[W_VALUE * BLOCK + j] *= 0.5 + 0.5 * kept / free
    for j in range(n):
        normal = w[(CELL_ROW + C_RESEARCH) * BLOCK + j] * w[W_VALUE * BLOCK + j]
        w[W_RESEARCH * BLOCK + j] = normal * exp(w[RESEARCH * BLOCK + j])
        w[W_REPORTED * BLOCK + j] = normal * exp(w[REPORTED * BLOCK + j])
        income = produce.profit(
            w[W_VALUE * BLOCK + j],
            w[(CELL_ROW + C_WAGE) * BLOCK + j] * w[JOBS * BLOCK + j],
            w[(CELL_ROW + C_OTHER) * BLOCK + j],
            w[(CELL_ROW + C_DEPRECIATION) * BLOCK + j] * w[CAPITAL * BLOCK + j],
            w[W_RESEARCH * BLOCK + j] - normal,
        )
        deducted = income - p[P_SUPER_DEDUCTION] * w[W_REPORTED * BLOCK + j]
        status = 1.0 if int(w[STEPS_HELD * BLOCK + j]) & (1 << HTE) else 0.0
        tax = produce.tax_due(
            deducted,
            p[P_SMALL_FIRM_PROFIT_LINE],
            p[P_SMALL_FIRM_TAX_RATE],
            p[P_STANDARD_TAX_RATE],
            p[P_HIGH_TECH_TAX_RATE],
            status,
        )
        w[W_PROFIT * BLOCK + j] = income
        wear = w[(CELL_ROW + C_DEPRECIATION) * BLOCK + j] * w[CAPITAL * BLOCK + j]
        w[W_CASH * BLOCK + j] = 0.25 * (income + wear - tax)


def want(w, p, n):
    """Capital wanted and the project without support."""
    for j in range(n):
        w[W_WANTED * BLOCK + j] = invest.ln_wanted(
            w[LN_SIZE * BLOCK + j],
            w[(CELL_ROW + C_CAPITAL_OUTPUT) * BLOCK + j],
            w[(CELL_ROW + C_LN_COST_RATIO) * BLOCK + j],
            p[P_CAPITAL_ELASTICITY],
        )
        w[W_PROJECT * BLOCK + j] = kink.size_at(
            w[CAPITAL * BLOCK + j], w[W_WANTED * BLOCK + j], 0.0, p[P_CAPITAL_ELASTICITY]
        )
        w[W_FIRST_PAYS * BLOCK + j] = 0.0
        w[W_APPLY * BLOCK + j] = 0.0
        w[W_RD_RATE * BLOCK + j] = 0.0


def weigh_support(w, p, n):
    """Benefit of a claim against its hassle: whether the firm would apply; its rates are what survives the funnel."""
    for j in range(n):
        benefit = 0.0
        for layer in range(LAYERS):
            benefit += kink.support(
                w[W_PROJECT * BLOCK + j],
                w[(W_LAYER_RATE + layer) * BLOCK + j],
                w[(W_LAYER_END + layer) * BLOCK + j],
            )
        w[W_BENEFIT * BLOCK + j] = benefit
    kept = p[P_APPROVAL] * take_up.present_share(p[P_APPROVAL_LAG_QUARTERS], p[P_GRANT_DISCOUNT])
    for j in range(n):
        chance = take_up.application_probability(w[W_BENEFIT * BLOCK + j], p[P_HASSLE_COST], p[P_HASSLE_SLOPE])
        w[W_APPLY * BLOCK + j] = 1.0 if w[U_ABLE * BLOCK + j] < chance else 0.0
    for layer in range(LAYERS):
        for j in range(n):
            w[(W_LAYER_RATE + layer) * BLOCK + j] *= kept * w[W_APPLY * BLOCK + j]


def size_with_support(w, p, n):
    """The best project on the flattening schedule; its marginal rate on the first yuan."""
    for layer in range(LAYERS):
        for j in range(n):
            rate = 0.0
            for other in range(layer, LAYERS):
                rate += w[(W_LAYER_RATE + other) * BLOCK + j]
            rate = min(rate, 0.9)
            size = kink.size_at(w[CAPITAL * BLOCK + j], w[W_WANTED * BLOCK + j], rate, p[P_CAPITAL_ELASTICITY])
            w[W_PROJECT * BLOCK + j] = kink.flattening(
                w[W_PROJECT * BLOCK + j], size, w[(W_LAYER_END + layer) * BLOCK + j]
            )
    for j in range(n):
        paid = 0.0
        for layer in range(LAYERS):
            paid += kink.support(
                w[W_PROJECT * BLOCK + j],
                w[(W_LAYER_RATE + layer) * BLOCK + j],
                w[(W_LAYER_END + layer) * BLOCK + j],
            )
        w[W_FIRST_PAYS * BLOCK + j] = p[P_GRANT_WITH_PURCHASE] * paid / max(w[W_PROJECT * BLOCK + j], SMALLEST)


def research_support(w, p, n):
    """Marginal rate of support on reported R&D at the firm's spending a year."""
    for j in range(n):
        rate = 0.0
        benefit = 0.0
        for layer in range(LAYERS):
            end = w[(W_RD_LAYER_END + layer) * BLOCK + j]
            share = w[(W_RD_LAYER_RATE + layer) * BLOCK + j]
            rate += share if w[W_REPORTED * BLOCK + j] < end else 0.0
            benefit += kink.support(w[W_REPORTED * BLOCK + j], share, end)
        chance = take_up.application_probability(benefit, p[P_HASSLE_COST], p[P_HASSLE_SLOPE])
        w[W_RD_RATE * BLOCK + j] = rate * p[P_APPROVAL] if w[U_ABLE * BLOCK + j] < chance else 0.0


def decide(w, p, n):
    """Whether the firm acts this quarter and how much its cash allows."""
    for j in range(n):
        gap = log(max(w[CAPITAL * BLOCK + j] + w[W_PROJECT * BLOCK + j], SMALLEST)) - log(w[CAPITAL * BLOCK + j])
        rate = invest.hazard(gap, p[P_CAPITAL_ELASTICITY], p[P_FIXED_COST], p[P_RESALE_WEDGE])
        w[W_GAP * BLOCK + j] = gap
        acts = invest.acts(rate, w[W_U_ADJUST * BLOCK + j])
        w[W_START * BLOCK + j] = acts if w[BUILD_LEFT * BLOCK + j] < 0.5 else 0.0
    for j in range(n):
        allowed = invest.affordable(
            w[W_PROJECT * BLOCK + j], w[W_BOUND * BLOCK + j], p[P_BANKABLE_SHARE], w[W_FIRST_PAYS * BLOCK + j]
        )
        worthwhile = 1.0 if allowed > 0.01 * w[CAPITAL * BLOCK + j] or w[W_PROJECT * BLOCK + j] < 0.0 else 0.0
        w[W_START * BLOCK + j] *= worthwhile
        w[W_PROJECT * BLOCK + j] = allowed if w[W_PROJECT * BLOCK + j] > 0.0 else w[W_PROJECT * BLOCK + j]


def plan_research(w, p, n):
    """Real R&D moves towards its target; a share of the induced rise in reported R&D is relabelled."""
    relabelled = research.relabelled_share(p[P_RESEARCH_ELASTICITY], p[P_RELABEL_CONVEXITY])
    reference = (1.0 - p[P_STANDARD_TAX_RATE] * 1.75) / (1.0 - p[P_STANDARD_TAX_RATE])
    for j in range(n):
        status = 1.0 if int(w[STEPS_HELD * BLOCK + j]) & (1 << HTE) else 0.0
        usual = p[P_STANDARD_TAX_RATE] + (p[P_HIGH_TECH_TAX_RATE] - p[P_STANDARD_TAX_RATE]) * status
        tax = p[P_SMALL_FIRM_TAX_RATE] if w[W_PROFIT * BLOCK + j] <= p[P_SMALL_FIRM_PROFIT_LINE] else usual
        start = research.ln_cost_ratio(tax, 0.75, 0.0, reference)
        cost = research.ln_cost_ratio(tax, p[P_SUPER_DEDUCTION], w[W_RD_RATE * BLOCK + j], reference)
        target = -p[P_RESEARCH_ELASTICITY] * (cost - start)
        w[RESEARCH * BLOCK + j] = research.adjusted(w[RESEARCH * BLOCK + j], target, p[P_RESEARCH_SPEED])
        w[REPORTED * BLOCK + j] = research.reported_log(w[RESEARCH * BLOCK + j], relabelled)
    for j in range(n):
        before = w[KNOWLEDGE * BLOCK + j]
        after = research.knowledge_after(before, w[RESEARCH * BLOCK + j], p[P_RESEARCH_DEPRECIATION])
        w[KNOWLEDGE * BLOCK + j] = after
        w[LN_SIZE * BLOCK + j] += research.productivity_gain(before, after, p[P_RESEARCH_REWARD])


def plan_digital(w, p, n):
    """Own equipment and bought services."""
    for j in range(n):
        push = adopt.push_of_support(w[W_LAYER_RATE * BLOCK + j], p[P_ADOPTION_RESPONSE])
        rate = adopt.hazard(
            p[P_ADOPTION_INNOVATION], p[P_ADOPTION_IMITATION], w[(CELL_ROW + C_ADOPTERS) * BLOCK + j], push
        )
        new = invest.acts(rate, w[W_U_ADOPT * BLOCK + j]) * (1.0 - w[OWN_DIGITAL * BLOCK + j])
        w[W_ADOPTS * BLOCK + j] = new
        w[OWN_DIGITAL * BLOCK + j] += new
        w[LN_SIZE * BLOCK + j] += p[P_ADOPTION_GAIN] * new
        w[BOUGHT_DIGITAL * BLOCK + j] = adopt.bought_after(
            w[BOUGHT_DIGITAL * BLOCK + j],
            w[(CELL_ROW + C_SERVICES) * BLOCK + j],
            p[P_SERVICES_SPEED],
            w[OWN_DIGITAL * BLOCK + j],
            p[P_SERVICES_SUBSTITUTION],
        )


def spend(w, p, n):
    """Projects under way and maintenance are paid and become capital; wear is taken off; cash is settled."""
    for j in range(n):
        start = w[W_START * BLOCK + j] * w[ALIVE * BLOCK + j]
        sold = min(w[W_PROJECT * BLOCK + j], 0.0) * start
        bought = max(w[W_PROJECT * BLOCK + j], 0.0) * start
        w[BUILD * BLOCK + j] = bought / p[P_BUILD_QUARTERS] if bought > 0.0 else w[BUILD * BLOCK + j]
        left = p[P_BUILD_QUARTERS] if bought > 0.0 else w[BUILD_LEFT * BLOCK + j]
        paid = w[BUILD * BLOCK + j] if left > 0.5 else 0.0
        w[BUILD_LEFT * BLOCK + j] = max(0.0, left - 1.0)
        capital = w[CAPITAL * BLOCK + j]
        depreciation = w[(CELL_ROW + C_DEPRECIATION) * BLOCK + j]
        chance = invest.maintenance_probability(capital, depreciation, p[P_SMALLEST_PURCHASE], p[P_MAINTENANCE_TOP])
        kept_up = 0.25 * depreciation * capital if w[W_U_MAINTAIN * BLOCK + j] < chance else 0.0
        w[W_SPEND * BLOCK + j] = (paid + kept_up + sold) * w[ALIVE * BLOCK + j]
        w[CAPITAL * BLOCK + j] = max(100.0, capital * (1.0 - 0.25 * depreciation) + paid + kept_up + sold)
    for j in range(n):
        own = (1.0 - p[P_BANKABLE_SHARE]) * max(w[W_SPEND * BLOCK + j], 0.0) + min(w[W_SPEND * BLOCK + j], 0.0)
        w[FUNDS * BLOCK + j] = produce.funds_after(
            w[FUNDS * BLOCK + j], w[W_CASH * BLOCK + j] - own, p[P_FUNDS_CEILING] * w[CAPITAL * BLOCK + j]
        )
        w[SUM_INVESTMENT * BLOCK + j] += w[W_SPEND * BLOCK + j]
        w[SUM_RESEARCH * BLOCK + j] += 0.25 * w[W_RESEARCH * BLOCK + j] * w[ALIVE * BLOCK + j]
        w[SUM_VALUE * BLOCK + j] += 0.25 * w[W_VALUE * BLOCK + j] * w[ALIVE * BLOCK + j]
        w[REVENUE_NOW * BLOCK + j] += 0.25 * w[W_REVENUE * BLOCK + j]
        w[REPORTED_NOW * BLOCK + j] += 0.25 * w[W_REPORTED * BLOCK + j]


def leave_or_stay(w, p, exit_by_age, records, n):
    """Exit by age, size, cash and the end of relief; the records of the region file stay."""
    for j in range(n):
        base = exit_by_age[min(int(w[AGE * BLOCK + j]), exit_by_age.size - 1)]
        by_size = leave.size_factor(
            w[LN_SIZE * BLOCK + j], w[(CELL_ROW + C_LN_MEDIAN) * BLOCK + j], p[P_EXIT_SIZE_ELASTICITY]
        )
        by_cash = leave.cash_factor(
            w[FUNDS * BLOCK + j], w[CAPITAL * BLOCK + j], p[P_EXIT_CASH_THRESHOLD], p[P_EXIT_CASH_WEIGHT]
        )
        ended = 1.0 if w[RELIEF_END * BLOCK + j] > -0.5 and w[RELIEF_END * BLOCK + j] < 0.5 else 0.0
        chance = leave.probability(base, by_size, by_cash, ended, p[P_EXIT_RELIEF_BUMP])
        mobile = 0.0 if w[FIRM * BLOCK + j] < records else 1.0
        out = 1.0 if w[W_U_EXIT * BLOCK + j] < chance * mobile else 0.0
        w[W_EXITS * BLOCK + j] = out * w[ALIVE * BLOCK + j]
    for j in range(n):
        w[ALIVE * BLOCK + j] *= 1.0 - w[W_EXITS * BLOCK + j]
        w[AGE * BLOCK + j] += 1.0
        w[RELIEF_END * BLOCK + j] = max(-1.0, w[RELIEF_END * BLOCK + j] - 1.0)
        w[JOBS * BLOCK + j] *= w[ALIVE * BLOCK + j]


def turn_year(w, n):
    """Last quarter of a year: revenue of the year becomes last year's."""
    for j in range(n):
        w[REVENUE_3 * BLOCK + j] = w[REVENUE_2 * BLOCK + j]
        w[REVENUE_2 * BLOCK + j] = w[REVENUE_1 * BLOCK + j]
        w[REVENUE_1 * BLOCK + j] = w[REVENUE_NOW * BLOCK + j]
        w[REVENUE_NOW * BLOCK + j] = 0.0
        w[REPORTED_NOW * BLOCK + j] = 0.0


def choose_type(w, h, type_cdf, j):
    """Type of the project that the firm could start this quarter: position in PROJECT_TYPES."""
    u = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(TYPE)))
    industry = int(w[INDUSTRY * BLOCK + j])
    kind = 0
    while kind < type_cdf.shape[1] - 1 and u >= type_cdf[industry, kind]:
        kind += 1
    return kind
