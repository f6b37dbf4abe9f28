"""The total of all clauses as a piecewise linear function of the size of a project: exact breakpoints and slopes.

Economists ask for marginal rates and kinks as an object, the planner for the segments among which a firm chooses. The
claim is the first for its matter; accounts are empty.
"""

import math

import numpy as np
from numba.extending import register_jitable

from policymix.policy.arrays import (
    FORM_BRACKETS,
    FORM_EACH,
    FORM_SHARE,
    MAX_PERIODS,
    MAX_SEGMENTS,
    OP_MEETS,
    RULE_ADD,
)
from policymix.policy.schedule import eligible, pays_base

MAX_BREAKS = 48
PLACE_FACT = 0


@register_jitable
def scale_facts(arrays, kind, facts, base_fact, ratio):
    """Ratio of every moving fact to the base fact; 0 for facts that stay. Missing money stays missing.

    The money of the claim itself moves together: fact_m(x) = ratio_m x with ratio_m = fact_m / fact_base, and 1 where
    the base fact is zero or missing.
    """
    moves = arrays.kind[kind]["moves"]
    base = facts[base_fact]
    for m in range(facts.shape[0]):
        ratio[m] = 0.0
        if (moves >> m) & 1 == 1 and not (math.isnan(facts[m]) and m != base_fact):
            ratio[m] = 1.0
            if base > 0.0 and m != base_fact:
                ratio[m] = facts[m] / base


@register_jitable
def at_size(facts, ratio, x, moved):
    """The facts of the claim at size ``x``."""
    for m in range(facts.shape[0]):
        moved[m] = facts[m]
        if ratio[m] > 0.0:
            moved[m] = ratio[m] * x


@register_jitable
def cap_of(arrays, clause):
    """Smallest cap of a clause for a first claim, CNY."""
    smallest = math.inf
    row = arrays.clause[clause]
    for cap in range(row["cap_first"], row["cap_last"]):
        smallest = min(smallest, arrays.cap[cap]["amount"])
    return smallest


@register_jitable
def line_of(arrays, clause, moved, ratio, day, x, scratch):
    """Intercept and slope of what a clause pays around size ``x``: (0, 0) if it does not, (cap, 0) beyond its cap."""
    if eligible(arrays, clause, moved, day, moved[PLACE_FACT]) != 1:
        return 0.0, 0.0
    periods = pays_base(arrays, clause, moved, 0.0, scratch)
    value = 0.0
    for p in range(max(periods, 0)):
        value += scratch[p]
    top = cap_of(arrays, clause)
    if value >= top:
        return top, 0.0
    row = arrays.clause[clause]
    slope = 0.0
    if row["form"] == FORM_SHARE or row["form"] == FORM_EACH:
        slope = arrays.pays[row["pays_first"]]["value"] * ratio[row["base_fact"]]
        return value - slope * x if ratio[row["base_fact"]] == 0.0 else 0.0, slope
    if row["form"] == FORM_BRACKETS and ratio[row["base_fact"]] > 0.0:
        for i in range(row["pays_first"], row["pays_last"]):
            if moved[row["base_fact"]] <= arrays.pays[i]["bound"]:
                slope = arrays.pays[i]["value"] * ratio[row["base_fact"]]
                break
    return value - slope * x, slope


@register_jitable
def add_break(breaks, n, x):
    """Append a positive finite breakpoint while there is room."""
    if x > 0.0 and x < 1e18 and n < MAX_BREAKS:
        breaks[n] = x
        return n + 1
    return n


@register_jitable
def own_breaks(arrays, clause, facts, ratio, breaks, n):
    """Breakpoints of one clause: bounds of moving facts, ends of brackets, the cap."""
    row = arrays.clause[clause]
    for a in range(row["alternative_first"], row["alternative_last"]):
        for t in range(arrays.alternative[a]["test_first"], arrays.alternative[a]["test_last"]):
            test = arrays.test[t]
            if ratio[test["fact"]] > 0.0 and test["op"] < OP_MEETS:
                n = add_break(breaks, n, test["value"] / ratio[test["fact"]])
    top = cap_of(arrays, clause)
    base = row["base_fact"]
    if row["form"] == FORM_SHARE and ratio[base] > 0.0:
        share = arrays.pays[row["pays_first"]]["value"] * ratio[base]
        if share > 0.0:
            n = add_break(breaks, n, top / share)
    if row["form"] == FORM_BRACKETS and ratio[base] > 0.0:
        paid = 0.0
        done = 0.0
        for i in range(row["pays_first"], row["pays_last"]):
            share = arrays.pays[i]["value"]
            bound = arrays.pays[i]["bound"]
            if share > 0.0 and paid < top and paid + share * (bound - done) >= top:
                n = add_break(breaks, n, (done + (top - paid) / share) / ratio[base])
            paid += share * (bound - done)
            done = bound
            n = add_break(breaks, n, bound / ratio[base])
    return n


@register_jitable
def above(a1, b1, a2, b2, x):
    """Whether line 1 lies above line 2 just after ``x``."""
    v1 = a1 + b1 * x
    v2 = a2 + b2 * x
    near = 1e-9 + 1e-12 * max(abs(v1), abs(v2))
    return v1 > v2 + near or (abs(v1 - v2) <= near and b1 > b2)


@register_jitable
def crossing(a1, b1, a2, b2, x, end):
    """Where line 2 overtakes line 1 after ``x``, or ``end``."""
    if b2 <= b1:
        return end
    at = (a1 - a2) / (b2 - b1)
    return at if at > x * (1.0 + 1e-12) + 1e-9 and at < end else end


@register_jitable
def lead(arrays, group, lines, x):
    """The member of a group that leads just after ``x`` (all count where clauses add up: then -1)."""
    if arrays.group[group]["rule"] == RULE_ADD:
        return -1
    best = arrays.index[arrays.group[group]["member_first"]]
    for i in range(arrays.group[group]["member_first"] + 1, arrays.group[group]["member_last"]):
        c = arrays.index[i]
        if above(lines[c, 0], lines[c, 1], lines[best, 0], lines[best, 1], x):
            best = c
    return best


@register_jitable
def winners(arrays, kind, lines, x, end, won, totals):
    """Mark the clauses that count just after ``x``; package totals in ``totals``; returns the next change of leader."""
    then = end
    for c in range(won.shape[0]):
        won[c] = 0.0
    for p in range(totals.shape[0]):
        totals[p, 0] = 0.0
        totals[p, 1] = 0.0
    for k in range(arrays.kind[kind]["group_first"], arrays.kind[kind]["group_last"]):
        g = arrays.index[k]
        best = lead(arrays, g, lines, x)
        for i in range(arrays.group[g]["member_first"], arrays.group[g]["member_last"]):
            c = arrays.index[i]
            if best == -1 or c == best:
                won[c] = 1.0
                totals[arrays.group[g]["package"], 0] += lines[c, 0]
                totals[arrays.group[g]["package"], 1] += lines[c, 1]
            else:
                then = min(then, crossing(lines[best, 0], lines[best, 1], lines[c, 0], lines[c, 1], x, end))
    if arrays.across == 1:
        best = 0
        for p in range(1, totals.shape[0]):
            if above(totals[p, 0], totals[p, 1], totals[best, 0], totals[best, 1], x):
                best = p
        for p in range(totals.shape[0]):
            then = min(then, crossing(totals[best, 0], totals[best, 1], totals[p, 0], totals[p, 1], x, end))
        for c in range(won.shape[0]):
            if arrays.clause[c]["package"] != best:
                won[c] = 0.0
    return then


@register_jitable
def within(sum_a, sum_b, top_a, top_b, x, then):
    """What exceeds a top line just after ``x`` (0, 0 if nothing does), and when that changes."""
    if above(sum_a, sum_b, top_a, top_b, x):
        return sum_a - top_a, sum_b - top_b, crossing(sum_a, sum_b, top_a, top_b, x, then)
    return 0.0, 0.0, crossing(top_a, top_b, sum_a, sum_b, x, then)


@register_jitable
def total_line(arrays, kind, facts, ratio, lines, won, x, then):
    """Intercept and slope of the total just after ``x`` under shared limits and the fact itself; the next change."""
    a = 0.0
    b = 0.0
    for k in range(arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]):
        c = arrays.index[k]
        a += won[c] * lines[c, 0]
        b += won[c] * lines[c, 1]
        base = arrays.clause[c]["base_fact"]
        if arrays.clause[c]["form"] == FORM_SHARE and ratio[base] > 0.0:
            sum_a = 0.0
            sum_b = 0.0
            counted = False
            for j in range(arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]):
                d = arrays.index[j]
                if arrays.clause[d]["form"] == FORM_SHARE and arrays.clause[d]["base_fact"] == base:
                    counted = counted or d < c
                    sum_a += won[d] * lines[d, 0]
                    sum_b += won[d] * lines[d, 1]
            if not counted:
                over_a, over_b, then = within(sum_a, sum_b, 0.0, ratio[base], x, then)
                a -= over_a
                b -= over_b
    for limit in range(arrays.limit.shape[0]):
        sum_a = 0.0
        sum_b = 0.0
        for i in range(arrays.limit[limit]["member_first"], arrays.limit[limit]["member_last"]):
            c = arrays.index[i]
            if arrays.clause[c]["kind"] == kind:
                sum_a += won[c] * lines[c, 0]
                sum_b += won[c] * lines[c, 1]
        top_a = arrays.limit[limit]["amount"]
        top_b = 0.0
        if math.isnan(top_a):
            fact = arrays.limit[limit]["fact"]
            if sum_a == 0.0 and sum_b == 0.0:
                continue
            top_b = arrays.limit[limit]["share"] * ratio[fact]
            top_a = arrays.limit[limit]["share"] * facts[fact] if ratio[fact] == 0.0 else 0.0
        over_a, over_b, then = within(sum_a, sum_b, top_a, top_b, x, then)
        a -= over_a
        b -= over_b
    return a, b, then


@register_jitable
def append(n, x, a, b, out_x, out_slope, out_base):
    """Add a segment, or let the last one go on where value and slope do."""
    value = a + b * x
    if n > 0:
        last = out_base[n - 1] + out_slope[n - 1] * (x - out_x[n - 1])
        if abs(last - value) <= 1e-6 + 1e-12 * abs(value) and abs(out_slope[n - 1] - b) <= 1e-13:
            return n
    if n < MAX_SEGMENTS:
        out_x[n] = x
        out_slope[n] = b
        out_base[n] = value
        return n + 1
    return n


@register_jitable
def segments(arrays, kind, facts, day, base_fact, out_x, out_slope, out_base):
    """Total of all eligible clauses as a function of one money fact x: T(x) = base_i + slope_i (x - x_i).

    Parameters
    ----------
    facts : float64
        The claim; every money fact of the claim itself moves in proportion to ``base_fact``.
    out_x, out_slope, out_base : float64[MAX_SEGMENTS], output
        Start of each segment (CNY, the first is 0), CNY paid per further CNY, CNY paid at its start. A notch shows as
        a base above the end of the segment before it.

    Returns
    -------
    int
        Number of segments, at most ``MAX_SEGMENTS``; what follows the last is taken to go on like it.

    Notes
    -----
    Exact unless a clause falls under several shared limits that bind together.
    """
    ratio = np.zeros(facts.shape[0])
    moved = np.zeros(facts.shape[0])
    scratch = np.zeros(MAX_PERIODS)
    breaks = np.zeros(MAX_BREAKS)
    lines = np.zeros((arrays.clause.shape[0], 2))
    won = np.zeros(arrays.clause.shape[0])
    totals = np.zeros((arrays.packages, 2))
    scale_facts(arrays, kind, facts, base_fact, ratio)
    count = 0
    first = arrays.kind[kind]["clause_first"]
    last = arrays.kind[kind]["clause_last"]
    for k in range(first, last):
        count = own_breaks(arrays, arrays.index[k], facts, ratio, breaks, count)
    breaks[:count].sort()
    n = 0
    low = 0.0
    for i in range(count + 1):
        high = breaks[i] if i < count else math.inf
        if high <= low * (1.0 + 1e-12) + 1e-9:
            continue
        middle = 0.5 * (low + high) if i < count else 2.0 * low + 1.0
        at_size(facts, ratio, middle, moved)
        for k in range(first, last):
            c = arrays.index[k]
            lines[c, 0], lines[c, 1] = line_of(arrays, c, moved, ratio, day, middle, scratch)
        x = low
        for _step in range(MAX_SEGMENTS):
            then = winners(arrays, kind, lines, x, high, won, totals)
            a, b, then = total_line(arrays, kind, facts, ratio, lines, won, x, then)
            n = append(n, x, a, b, out_x, out_slope, out_base)
            x = then
            if then >= high:
                break
        low = high
    return n
