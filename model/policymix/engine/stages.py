"""Stages 3 to 8 of a quarter for a block of firms on one flat scratch buffer.

Row r of the buffer ``w`` starts at ``r * STRIDE``; lane j is one firm. The compiled loop runs every stage over a full
block, so that each short loop becomes vector instructions; the Mesa view runs the same functions for lane 0 alone (n =
1). Rules come from ``firms/`` (or from the module that a study names) and get plain numbers; only this room writes
state.
"""

from __future__ import annotations

import numpy as np

from ..elementary import exp, log
from ..firms import adopt, invest, kink, ladder, leave, produce, research, take_up
from .columns import as_kept
from .streams import (
    ADJUST,
    ADOPT,
    COSTS_TO_QUALIFY,
    COSTS_TOO,
    EXIT,
    GROWTH,
    KEEPS_FUNDS,
    KEEPS_TOO,
    MAINTAIN,
    QUALIFIES,
    RELOCATE,
    SHIFTS_REVENUE,
    SPENDS_ON_RESEARCH,
    SPENDS_TOO,
    TYPE,
    able_of,
    aware_of,
    further,
    further_normal,
    hashed,
    lasting,
    normal_of,
    uniform_of,
    words,
)
from .symbols import *

(FIRST_RATE, SECOND_RATE, THIRD_RATE), (FIRST_END, SECOND_END, THIRD_END) = (
    range(W_LAYER_RATE, W_LAYER_RATE + 3),
    range(W_LAYER_END, W_LAYER_END + 3),
)
FIRST_SOON, SECOND_SOON, THIRD_SOON = range(W_LAYER_SOON, W_LAYER_SOON + 3)
(RD_FIRST_RATE, RD_SECOND_RATE, RD_THIRD_RATE), (RD_FIRST_END, RD_SECOND_END, RD_THIRD_END) = (
    range(W_RD_LAYER_RATE, W_RD_LAYER_RATE + 3),
    range(W_RD_LAYER_END, W_RD_LAYER_END + 3),
)
FOREVER = 1000.0
"""Years from which a support counts as without end."""
STRETCH = 1.0 + 1e-9
"""Whoever stretches to a line means to lie above it, whatever rounding does."""
SMALLEST = 1.0
"""CNY below which an amount counts as nothing."""


def draw_luck(w, h, seed, luck, quarter, pairs, records, n):
    """Numbers of this quarter for the firms in the block, the year's variance and what lasts (``streams.aware_of``)."""
    for j in range(n):
        first, second = words(seed, luck, np.uint64(w[FIRM * STRIDE + j]), quarter)
        h[j] = first
        h[BLOCK + j] = second
    for j in range(n):
        w[W_Z * STRIDE + j] = normal_of(hashed(h[j], h[BLOCK + j], np.uint64(GROWTH)))
    for j in range(n):
        w[W_U_ADJUST * STRIDE + j] = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(ADJUST)))
        w[W_U_MAINTAIN * STRIDE + j] = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(MAINTAIN)))
        w[W_U_EXIT * STRIDE + j] = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(EXIT)))
        w[W_U_ADOPT * STRIDE + j] = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(ADOPT)))
        w[W_U_RELOCATE * STRIDE + j] = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(RELOCATE)))
        w[W_U_TYPE * STRIDE + j] = uniform_of(hashed(h[j], h[BLOCK + j], np.uint64(TYPE)))
    end, how_many = records[0], records[1]
    aware, aware_too, able, able_too, year, year_too = pairs[0], pairs[1], pairs[2], pairs[3], pairs[4], pairs[5]
    for j in range(n):
        firm = w[FIRM * STRIDE + j]
        w[U_AWARE * STRIDE + j] = aware_of(aware, aware_too, firm, end)
        w[U_ABLE * STRIDE + j] = able_of(able, able_too, firm, end, how_many)
        w[VARIANCE * STRIDE + j] = produce.variance_draw(lasting(year, year_too, firm))


def look_up(w, cells, places, n):
    """Values of the firm's industry and place."""
    for j in range(n):
        cell = int(w[INDUSTRY * STRIDE + j]) * places + int(w[PLACE * STRIDE + j])
        for value in range(LOOKED_UP):
            w[(CELL_ROW + value) * STRIDE + j] = cells[cell, value]


def read_status(w, n):
    """1 for high-tech enterprises."""
    for j in range(n):
        w[W_STATUS * STRIDE + j] = 1.0 if int(w[STEPS_HELD * STRIDE + j]) & (1 << HTE) else 0.0


def grow(w, p, n):
    """Demand state: drift, agglomeration and luck."""
    size_spread = p[P_SIZE_SPREAD]
    size_slope = p[P_SIZE_SLOPE]
    largest_spread = p[P_LARGEST_SPREAD]
    for j in range(n):
        sigma = produce.spread(
            w[LN_SIZE * STRIDE + j], w[(CELL_ROW + C_LN_COMMON) * STRIDE + j], size_spread, size_slope, largest_spread
        )
        e = produce.shock(sigma, w[VARIANCE * STRIDE + j], w[W_Z * STRIDE + j])
        w[LUCK * STRIDE + j] += e
        w[LN_SIZE * STRIDE + j] += 0.25 * w[(CELL_ROW + C_DRIFT) * STRIDE + j] + e


def make(w, p, n):
    """Output, staff, profit, tax and cash of the quarter."""
    jobs_exponent = p[P_JOBS_EXPONENT]
    wage_elasticity = p[P_WAGE_ELASTICITY]
    small_firm_profit_line = p[P_SMALL_FIRM_PROFIT_LINE]
    margin = p[P_MARGIN]
    standard_tax_rate = p[P_STANDARD_TAX_RATE]
    small_firm_tax_rate = p[P_SMALL_FIRM_TAX_RATE]
    tax_ease = p[P_TAX_EASE]
    super_deduction = p[P_SUPER_DEDUCTION]
    high_tech_tax_rate = p[P_HIGH_TECH_TAX_RATE]
    shift_able_share = p[P_SHIFT_ABLE_SHARE]
    shift_reported_share = p[P_SHIFT_REPORTED_SHARE]
    intensity_deviation = p[P_INTENSITY_DEVIATION]
    relabelled = research.relabelled_share(p[P_RESEARCH_ELASTICITY], p[P_RELABEL_CONVEXITY])
    for j in range(n):
        w[W_SIZE * STRIDE + j] = exp(w[LN_SIZE * STRIDE + j])
        ln_capital = log(w[CAPITAL * STRIDE + j])
        w[W_LN_CAPITAL * STRIDE + j] = ln_capital
        w[W_RATIO * STRIDE + j] = (
            ln_capital - w[LN_SIZE * STRIDE + j] - log(w[(CELL_ROW + C_CAPITAL_OUTPUT) * STRIDE + j])
        )
    for j in range(n):
        w[W_VALUE * STRIDE + j] = produce.value_added(
            w[W_SIZE * STRIDE + j],
            w[(CELL_ROW + C_FACTOR) * STRIDE + j],
            w[W_RATIO * STRIDE + j],
            w[(CELL_ROW + C_COST_SHARE) * STRIDE + j],
        )
        w[JOBS * STRIDE + j] = produce.staff(
            w[W_SIZE * STRIDE + j],
            w[(CELL_ROW + C_STAFF) * STRIDE + j],
            w[W_RATIO * STRIDE + j],
            jobs_exponent,
            w[(CELL_ROW + C_LN_WAGE) * STRIDE + j],
            wage_elasticity,
        )
    for j in range(n):
        free = w[W_VALUE * STRIDE + j] / w[(CELL_ROW + C_VALUE_RATIO) * STRIDE + j]
        able = 1.0 if further(w[U_ABLE * STRIDE + j], SHIFTS_REVENUE) < shift_able_share else 0.0
        line = small_firm_profit_line / margin
        worth = margin * (standard_tax_rate - small_firm_tax_rate)
        kept = produce.held_back(free, line, worth, margin, tax_ease, able)
        w[W_REVENUE * STRIDE + j] = kept
        w[W_KEPT * STRIDE + j] = shift_reported_share + (1.0 - shift_reported_share) * kept / free
        w[W_VALUE * STRIDE + j] *= w[W_KEPT * STRIDE + j]
    for j in range(n):
        z = further_normal(w[U_ABLE * STRIDE + j], SPENDS_ON_RESEARCH, SPENDS_TOO)
        own = research.own_log(intensity_deviation, z)
        free = research.reported_log(own, w[RESEARCH * STRIDE + j], relabelled)
        reported = exp(w[REPORTED * STRIDE + j])
        over = max(0.0, reported - exp(free))
        w[W_OWN_RESEARCH * STRIDE + j] = own
        w[W_OVER * STRIDE + j] = over if over > 1e-12 * reported else 0.0
        w[W_REAL_SHARE * STRIDE + j] = exp(w[RESEARCH * STRIDE + j]) + (1.0 - relabelled) * w[W_OVER * STRIDE + j]
    for j in range(n):
        normal = w[(CELL_ROW + C_RESEARCH) * STRIDE + j] * w[W_VALUE * STRIDE + j]
        w[W_RESEARCH * STRIDE + j] = normal * w[W_REAL_SHARE * STRIDE + j]
        w[W_REPORTED * STRIDE + j] = normal * exp(w[REPORTED * STRIDE + j])
        income = produce.profit(
            w[W_VALUE * STRIDE + j],
            w[(CELL_ROW + C_WAGE) * STRIDE + j] * w[JOBS * STRIDE + j],
            w[(CELL_ROW + C_OTHER) * STRIDE + j],
            w[(CELL_ROW + C_DEPRECIATION) * STRIDE + j] * w[CAPITAL * STRIDE + j],
            w[W_RESEARCH * STRIDE + j] - normal * exp(w[W_OWN_RESEARCH * STRIDE + j]),
        )
        deducted = income - super_deduction * w[W_REPORTED * STRIDE + j]
        status = w[W_STATUS * STRIDE + j]
        tax = produce.tax_due(
            deducted,
            small_firm_profit_line,
            small_firm_tax_rate,
            standard_tax_rate,
            high_tech_tax_rate,
            status,
        )
        w[W_PROFIT * STRIDE + j] = income
        wear = w[(CELL_ROW + C_DEPRECIATION) * STRIDE + j] * w[CAPITAL * STRIDE + j]
        w[W_CASH * STRIDE + j] = 0.25 * (income + wear - tax)


def want(w, p, n):
    """Capital wanted and the project without support."""
    capital_elasticity = p[P_CAPITAL_ELASTICITY]
    for j in range(n):
        w[W_WANTED * STRIDE + j] = invest.ln_wanted(
            w[LN_SIZE * STRIDE + j],
            w[(CELL_ROW + C_CAPITAL_OUTPUT) * STRIDE + j],
            w[(CELL_ROW + C_LN_COST_RATIO) * STRIDE + j],
            capital_elasticity,
        ) + log(w[W_KEPT * STRIDE + j])
        w[W_PROJECT * STRIDE + j] = kink.size_at(
            w[CAPITAL * STRIDE + j], w[W_WANTED * STRIDE + j], 0.0, capital_elasticity
        )
        w[W_FIRST_PAYS * STRIDE + j] = 0.0
        w[W_RD_APPLIES * STRIDE + j] = 0.0
        w[W_PUSH * STRIDE + j] = 0.0
        w[W_WAIT * STRIDE + j] = 0.0
        w[W_RD_RATE * STRIDE + j] = 0.0


def weigh_support(w, p, n):
    """Benefit of a claim against its hassle: whether the firm would apply; its rates are what survives the funnel."""
    hassle_slope = p[P_HASSLE_SLOPE]
    kept = p[P_APPROVAL]
    for j in range(n):
        size = w[W_PROJECT * STRIDE + j]
        first, second, third = w[FIRST_RATE * STRIDE + j], w[SECOND_RATE * STRIDE + j], w[THIRD_RATE * STRIDE + j]
        benefit = kink.support(size, first, w[FIRST_END * STRIDE + j])
        benefit += kink.support(size, second, w[SECOND_END * STRIDE + j])
        benefit += kink.support(size, third, w[THIRD_END * STRIDE + j])
        chance = take_up.application_probability(benefit, w[(CELL_ROW + C_HASSLE) * STRIDE + j], hassle_slope)
        applies = 1.0 if w[U_ABLE * STRIDE + j] < chance else 0.0
        w[FIRST_RATE * STRIDE + j] = first * kept * applies
        w[SECOND_RATE * STRIDE + j] = second * kept * applies
        w[THIRD_RATE * STRIDE + j] = third * kept * applies


def size_with_support(w, p, years_left, layers, n):
    """The best project on the flattening schedule, and the part of it that a grant pays with the purchase.

    Of a support that ends only a share enters the size of a project, for capital outlives it. Layers that are not in
    use have a rate and an end of nought and change nothing.
    """
    weight = p[P_TEMPORARY_WEIGHT] if years_left < FOREVER else 1.0
    elasticity, largest_rate = p[P_CAPITAL_ELASTICITY] * weight, p[P_LARGEST_RATE]
    for j in range(n):
        w[W_STRETCH_RATE * STRIDE + j] = 0.0
    if layers > 2:
        weigh_stretch(w, THIRD_RATE, THIRD_END, largest_rate, elasticity, n)
    if layers > 1:
        weigh_stretch(w, SECOND_RATE, SECOND_END, largest_rate, elasticity, n)
    weigh_stretch(w, FIRST_RATE, FIRST_END, largest_rate, elasticity, n)
    for j in range(n):
        best = w[W_PROJECT * STRIDE + j]
        first, second, third = w[FIRST_RATE * STRIDE + j], w[SECOND_RATE * STRIDE + j], w[THIRD_RATE * STRIDE + j]
        soon = kink.support(best, first, w[FIRST_END * STRIDE + j]) * w[FIRST_SOON * STRIDE + j]
        soon += kink.support(best, second, w[SECOND_END * STRIDE + j]) * w[SECOND_SOON * STRIDE + j]
        soon += kink.support(best, third, w[THIRD_END * STRIDE + j]) * w[THIRD_SOON * STRIDE + j]
        w[W_FIRST_PAYS * STRIDE + j] = soon / max(best, SMALLEST)


def weigh_stretch(w, rate_row, end_row, largest_rate, elasticity, n):
    """One stretch of the schedule, from the last to the first: its rate is the sum of the layers that have not ended;
    the project becomes the best so far."""
    for j in range(n):
        rate = w[rate_row * STRIDE + j] + w[W_STRETCH_RATE * STRIDE + j]
        size = kink.size_at(w[CAPITAL * STRIDE + j], w[W_WANTED * STRIDE + j], min(largest_rate, rate), elasticity)
        w[W_STRETCH_RATE * STRIDE + j] = rate
        w[W_PROJECT * STRIDE + j] = kink.flattening(w[W_PROJECT * STRIDE + j], size, w[end_row * STRIDE + j])


def feel_gap(w, p, n):
    """The log gap that the project closes, and the rate a year at which firms close such a gap."""
    elasticity, fixed_cost, wedge = p[P_CAPITAL_ELASTICITY], p[P_FIXED_COST], p[P_RESALE_WEDGE]
    for j in range(n):
        capital = w[CAPITAL * STRIDE + j]
        gap = log(max(capital + w[W_PROJECT * STRIDE + j], SMALLEST)) - w[W_LN_CAPITAL * STRIDE + j]
        w[W_GAP * STRIDE + j] = gap
        w[W_HAZARD * STRIDE + j] = invest.hazard(gap, elasticity, fixed_cost, wedge)


def hurry(w, p, years_left, n):
    """The nearer the end of a support, the more firms act before it."""
    fixed_cost = p[P_FIXED_COST]
    for j in range(n):
        w[W_PUSH * STRIDE + j] = invest.expiry_push(
            w[FIRST_RATE * STRIDE + j], w[W_GAP * STRIDE + j], years_left, w[W_HAZARD * STRIDE + j], fixed_cost
        )


def research_support(w, p, n):
    """Marginal rate of support on reported R&D at the firm's spending a year, if it would apply."""
    hassle_slope, approval = p[P_HASSLE_SLOPE], p[P_APPROVAL]
    for j in range(n):
        spending = w[W_REPORTED * STRIDE + j]
        first, second, third = (
            w[RD_FIRST_RATE * STRIDE + j],
            w[RD_SECOND_RATE * STRIDE + j],
            w[RD_THIRD_RATE * STRIDE + j],
        )
        first_end, second_end = w[RD_FIRST_END * STRIDE + j], w[RD_SECOND_END * STRIDE + j]
        third_end = w[RD_THIRD_END * STRIDE + j]
        benefit = kink.support(spending, first, first_end) + kink.support(spending, second, second_end)
        benefit += kink.support(spending, third, third_end)
        rate = (first if spending < first_end else 0.0) + (second if spending < second_end else 0.0)
        rate += third if spending < third_end else 0.0
        chance = take_up.application_probability(benefit, w[(CELL_ROW + C_HASSLE) * STRIDE + j], hassle_slope)
        applies = 1.0 if w[U_ABLE * STRIDE + j] < chance else 0.0
        w[W_RD_RATE * STRIDE + j] = rate * approval * applies
        w[W_RD_APPLIES * STRIDE + j] = applies


def choose(w, p, n):
    """Whether the firm acts this quarter and how much its cash allows."""
    bankable_share = p[P_BANKABLE_SHARE]
    least_own_share = p[P_LEAST_OWN_SHARE]
    least_project, smallest_purchase = p[P_LEAST_PROJECT], p[P_SMALLEST_PURCHASE]
    for j in range(n):
        rate = (w[W_HAZARD * STRIDE + j] + w[W_PUSH * STRIDE + j]) * (1.0 - w[W_WAIT * STRIDE + j])
        acts = invest.acts(rate, w[W_U_ADJUST * STRIDE + j])
        idle = 1.0 if w[BUILD_LEFT * STRIDE + j] < 0.5 else 0.0
        w[W_START * STRIDE + j] = acts * idle
    for j in range(n):
        allowed = invest.affordable(
            w[W_PROJECT * STRIDE + j],
            w[W_BOUND * STRIDE + j],
            bankable_share,
            w[W_FIRST_PAYS * STRIDE + j],
            least_own_share,
        )
        large = 1.0 if allowed > max(least_project * w[CAPITAL * STRIDE + j], smallest_purchase) else 0.0
        sale = 1.0 if w[W_PROJECT * STRIDE + j] < 0.0 else 0.0
        w[W_START * STRIDE + j] *= max(large, sale)
        project = w[W_PROJECT * STRIDE + j]
        w[W_PROJECT * STRIDE + j] = allowed if project > 0.0 else project


def plan_research(w, p, year_begins, n):
    """Real R&D moves towards its target; a share of the induced rise in reported R&D is relabelled. Once a year firms
    decide whether to stretch to the intensity line."""
    research_elasticity = p[P_RESEARCH_ELASTICITY]
    relabel_convexity = p[P_RELABEL_CONVEXITY]
    standard_tax_rate = p[P_STANDARD_TAX_RATE]
    high_tech_tax_rate = p[P_HIGH_TECH_TAX_RATE]
    small_firm_tax_rate = p[P_SMALL_FIRM_TAX_RATE]
    small_firm_profit_line = p[P_SMALL_FIRM_PROFIT_LINE]
    super_deduction = p[P_SUPER_DEDUCTION]
    research_speed = p[P_RESEARCH_SPEED]
    research_depreciation = p[P_RESEARCH_DEPRECIATION]
    research_reward = p[P_RESEARCH_REWARD]
    reference_super_deduction = p[P_REFERENCE_SUPER_DEDUCTION]
    research_price = p[P_RESEARCH_PRICE]
    least_research_cost = p[P_LEAST_RESEARCH_COST]
    relabelled = research.relabelled_share(research_elasticity, relabel_convexity)
    for j in range(n):
        status = w[W_STATUS * STRIDE + j]
        usual = standard_tax_rate + (high_tech_tax_rate - standard_tax_rate) * status
        income = w[W_PROFIT * STRIDE + j]
        tax = small_firm_tax_rate if income <= small_firm_profit_line else usual
        start = research.ln_cost(tax, reference_super_deduction, 0.0, 1.0, least_research_cost)
        grant = w[W_RD_RATE * STRIDE + j]
        cost = research.ln_cost(tax, super_deduction, grant, research_price, least_research_cost)
        own = w[W_OWN_RESEARCH * STRIDE + j]
        target = own - research_elasticity * (cost - start)
        w[RESEARCH * STRIDE + j] = research.adjusted(w[RESEARCH * STRIDE + j], target, research_speed)
        free = research.reported_log(own, w[RESEARCH * STRIDE + j], relabelled)
        stretched = w[W_OVER * STRIDE + j] > 0.0
        w[REPORTED * STRIDE + j] = max(free, w[REPORTED * STRIDE + j]) if stretched else free
        w[W_FREE * STRIDE + j] = free
    if year_begins:
        stretch(w, p, n)
    for j in range(n):
        over = exp(w[REPORTED * STRIDE + j]) - exp(w[W_FREE * STRIDE + j])
        w[W_REAL_SHARE * STRIDE + j] = exp(w[RESEARCH * STRIDE + j]) + (1.0 - relabelled) * max(0.0, over)
    for j in range(n):
        before = w[KNOWLEDGE * STRIDE + j]
        after = research.knowledge_after(before, log(w[W_REAL_SHARE * STRIDE + j]), research_depreciation)
        w[KNOWLEDGE * STRIDE + j] = after
        w[LN_SIZE * STRIDE + j] += research.productivity_gain(before, after, research_reward)


def stretch(w, p, n):
    """Firms of technology industries whose reported intensity lies below the line of their size stretch to it when the
    lower tax rate is worth it."""
    for j in range(n):
        normal = w[(CELL_ROW + C_RESEARCH) * STRIDE + j] * w[(CELL_ROW + C_VALUE_RATIO) * STRIDE + j]
        free = normal * exp(w[W_FREE * STRIDE + j])
        revenue = max(w[W_REVENUE * STRIDE + j], SMALLEST)
        line = STRETCH * ladder.intensity_line(
            revenue,
            p[P_INTENSITY_LINE_LOW],
            p[P_INTENSITY_LINE_HIGH],
            p[P_INTENSITY_SMALL],
            p[P_INTENSITY_MIDDLE],
            p[P_INTENSITY_LARGE],
        )
        deducted = w[W_PROFIT * STRIDE + j] - p[P_SUPER_DEDUCTION] * line * revenue
        usual = deducted if deducted > p[P_SMALL_FIRM_PROFIT_LINE] else 0.0
        able = 1.0 if further(w[U_ABLE * STRIDE + j], QUALIFIES) < p[P_STATUS_ABLE_SHARE] else 0.0
        open_to = able * w[(CELL_ROW + C_TECHNOLOGY) * STRIDE + j]
        gain = open_to * (p[P_STANDARD_TAX_RATE] - p[P_HIGH_TECH_TAX_RATE]) * usual / revenue
        z = further_normal(w[U_ABLE * STRIDE + j], COSTS_TO_QUALIFY, COSTS_TOO)
        fixed = p[P_STATUS_COST] * exp(p[P_STATUS_COST_SPREAD] * z)
        chosen = research.to_the_line(free, line, gain, fixed, p[P_RESEARCH_ELASTICITY], p[P_RELABEL_CONVEXITY])
        beyond = log(max(chosen, 1e-12)) - log(max(normal, 1e-12))
        w[REPORTED * STRIDE + j] = beyond if chosen > free else w[W_FREE * STRIDE + j]


def plan_digital(w, p, n):
    """Own equipment and bought services."""
    adoption_response = p[P_ADOPTION_RESPONSE]
    adoption_innovation = p[P_ADOPTION_INNOVATION]
    adoption_imitation = p[P_ADOPTION_IMITATION]
    adoption_gain = p[P_ADOPTION_GAIN]
    services_speed = p[P_SERVICES_SPEED]
    services_substitution = p[P_SERVICES_SUBSTITUTION]
    for j in range(n):
        push = adopt.push_of_support(w[FIRST_RATE * STRIDE + j], adoption_response)
        rate = adopt.hazard(adoption_innovation, adoption_imitation, w[(CELL_ROW + C_ADOPTERS) * STRIDE + j], push)
        new = invest.acts(rate, w[W_U_ADOPT * STRIDE + j]) * (1.0 - w[OWN_DIGITAL * STRIDE + j])
        w[W_ADOPTS * STRIDE + j] = new
        w[OWN_DIGITAL * STRIDE + j] += new
        w[LN_SIZE * STRIDE + j] += adoption_gain * new
        w[BOUGHT_DIGITAL * STRIDE + j] = adopt.bought_after(
            w[BOUGHT_DIGITAL * STRIDE + j],
            w[(CELL_ROW + C_SERVICES) * STRIDE + j],
            services_speed,
            w[OWN_DIGITAL * STRIDE + j],
            services_substitution,
        )


def spend(w, p, year_begins, n):
    """Projects under way and maintenance are paid and become capital; wear is taken off; cash is settled."""
    build_quarters = p[P_BUILD_QUARTERS]
    smallest_purchase = p[P_SMALLEST_PURCHASE]
    maintenance_top = p[P_MAINTENANCE_TOP]
    bankable_share = p[P_BANKABLE_SHARE]
    funds_ceiling, funds_deviation = p[P_FUNDS_CEILING], p[P_FUNDS_DEVIATION]
    least_capital = p[P_LEAST_CAPITAL]
    so_far = 0.0 if year_begins else 1.0
    whole_quarters = np.floor(build_quarters + 0.5)
    for j in range(n):
        start = w[W_START * STRIDE + j] * w[ALIVE * STRIDE + j]
        sold = min(w[W_PROJECT * STRIDE + j], 0.0) * start
        bought = max(w[W_PROJECT * STRIDE + j], 0.0) * start
        under_way, to_come = w[BUILD * STRIDE + j], w[BUILD_LEFT * STRIDE + j]
        build = bought / build_quarters if bought > 0.0 else under_way
        left = whole_quarters if bought > 0.0 else to_come
        paid = build if left > 0.5 else 0.0
        w[BUILD * STRIDE + j] = build
        w[BUILD_LEFT * STRIDE + j] = max(0.0, left - 1.0)
        capital = w[CAPITAL * STRIDE + j]
        depreciation = w[(CELL_ROW + C_DEPRECIATION) * STRIDE + j]
        chance = invest.maintenance_probability(capital, depreciation, smallest_purchase, maintenance_top)
        kept_up = 0.25 * depreciation * capital if w[W_U_MAINTAIN * STRIDE + j] < chance else 0.0
        w[W_SPEND * STRIDE + j] = (paid + kept_up + sold) * w[ALIVE * STRIDE + j]
        w[CAPITAL * STRIDE + j] = max(least_capital, capital * (1.0 - 0.25 * depreciation) + paid + kept_up + sold)
    for j in range(n):
        own = (1.0 - bankable_share) * max(w[W_SPEND * STRIDE + j], 0.0) + min(w[W_SPEND * STRIDE + j], 0.0)
        w[FUNDS * STRIDE + j] = produce.funds_after(
            w[FUNDS * STRIDE + j],
            w[W_CASH * STRIDE + j] - own,
            produce.funds_kept(
                funds_ceiling,
                funds_deviation,
                further_normal(w[U_ABLE * STRIDE + j], KEEPS_FUNDS, KEEPS_TOO),
                w[CAPITAL * STRIDE + j],
            ),
        )
        w[SUM_INVESTMENT * STRIDE + j] += w[W_SPEND * STRIDE + j]
        w[SUM_RESEARCH * STRIDE + j] += 0.25 * w[W_RESEARCH * STRIDE + j] * w[ALIVE * STRIDE + j]
        w[SUM_VALUE * STRIDE + j] += 0.25 * w[W_VALUE * STRIDE + j] * w[ALIVE * STRIDE + j]
        w[REVENUE_NOW * STRIDE + j] += 0.25 * w[W_REVENUE * STRIDE + j]
        w[REPORTED_NOW * STRIDE + j] = so_far * w[REPORTED_NOW * STRIDE + j] + 0.25 * w[W_REPORTED * STRIDE + j]


def leave_or_stay(w, p, exit_by_age, records, n):
    """Exit by age, size, cash and the end of relief; the records of the region file stay."""
    exit_size_elasticity = p[P_EXIT_SIZE_ELASTICITY]
    exit_cash_threshold = p[P_EXIT_CASH_THRESHOLD]
    exit_cash_weight = p[P_EXIT_CASH_WEIGHT]
    exit_relief_bump = p[P_EXIT_RELIEF_BUMP]
    largest_exit = p[P_LARGEST_EXIT]
    for j in range(n):
        w[W_EXIT_BASE * STRIDE + j] = exit_by_age[min(int(w[AGE * STRIDE + j]), exit_by_age.size - 1)]
    for j in range(n):
        base = w[W_EXIT_BASE * STRIDE + j]
        by_size = leave.size_factor(
            w[LN_SIZE * STRIDE + j], w[(CELL_ROW + C_LN_MEDIAN) * STRIDE + j], exit_size_elasticity
        )
        by_cash = leave.cash_factor(
            w[FUNDS * STRIDE + j], w[CAPITAL * STRIDE + j], exit_cash_threshold, exit_cash_weight
        )
        ended = 1.0 if abs(w[RELIEF_END * STRIDE + j]) < 0.5 else 0.0
        chance = leave.probability(base, by_size, by_cash, ended, exit_relief_bump, largest_exit)
        mobile = 0.0 if w[FIRM * STRIDE + j] < records else 1.0
        out = 1.0 if w[W_U_EXIT * STRIDE + j] < chance * mobile else 0.0
        w[W_EXITS * STRIDE + j] = out * w[ALIVE * STRIDE + j]
    for j in range(n):
        w[ALIVE * STRIDE + j] *= 1.0 - w[W_EXITS * STRIDE + j]
        w[AGE * STRIDE + j] += 1.0
        w[RELIEF_END * STRIDE + j] = max(-1.0, w[RELIEF_END * STRIDE + j] - 1.0)
        w[JOBS * STRIDE + j] = as_kept(w[JOBS * STRIDE + j] * w[ALIVE * STRIDE + j])
