"""Stacking by running maximum (step 6): pay the rise of the best total since the last claim of the same domain.

Inside a group the best clause counts, a package is the sum of its groups, across packages the best package counts.
A clause that would pay nothing never blocks. Ties go to the earlier package, then the earlier clause.
"""

from numba.extending import register_jitable

from policymix.policy.arrays import MAX_PERIODS, RULE_ADD, RULE_FIRST


@register_jitable
def cell(values, clause, period):
    """Value of a clause in one period, or over all periods when ``period`` is -1."""
    if period >= 0:
        return values[clause, period]
    total = 0.0
    for p in range(MAX_PERIODS):
        total += values[clause, p]
    return total


@register_jitable
def winner(arrays, group, period, before, new, paid):
    """The member that leads a group in a period, and its running total in CNY (-1 and 0 when none would pay).

    Under ``first_only`` the member that was paid first stays the leader; otherwise the highest running total leads.
    """
    best = -1
    top = 0.0
    if arrays.group[group]["rule"] == RULE_FIRST:
        for i in range(arrays.group[group]["member_first"], arrays.group[group]["member_last"]):
            c = arrays.index[i]
            have = cell(paid, c, period)
            if have > top:
                best, top = c, have
        if best >= 0:
            return best, cell(before, best, period) + cell(new, best, period)
    for i in range(arrays.group[group]["member_first"], arrays.group[group]["member_last"]):
        c = arrays.index[i]
        full = cell(before, c, period) + cell(new, c, period)
        if full > top:
            best, top = c, full
    return best, top


@register_jitable
def spread(clause, period, rise, before, new, paid, amount):
    """Give a rise (CNY) to a clause, over its periods in proportion to what is not paid yet."""
    if period >= 0:
        amount[clause, period] += rise
        return
    wanted = 0.0
    for p in range(MAX_PERIODS):
        if new[clause, p] > 0.0:
            wanted += max(0.0, before[clause, p] + new[clause, p] - paid[clause, p])
    if wanted > 0.0:
        for p in range(MAX_PERIODS):
            if new[clause, p] > 0.0:
                amount[clause, p] += max(0.0, before[clause, p] + new[clause, p] - paid[clause, p]) * rise / wanted


@register_jitable
def rise(arrays, group, before, new, paid, amount):
    """Pay the rise of one group's best running total; writes ``amount[clause, period]`` in CNY.

    ``before`` and ``new``: what each clause would have paid earlier and would pay now; ``paid``: what was paid.
    """
    periods = MAX_PERIODS if arrays.group[group]["period"] == 1 else 1
    for k in range(periods):
        period = k if arrays.group[group]["period"] == 1 else -1
        now_leader, now = winner(arrays, group, period, before, new, paid)
        if now_leader < 0:
            continue
        was = 0.0
        if arrays.group[group]["rule"] == RULE_FIRST:
            was = cell(before, now_leader, period)
        else:
            for i in range(arrays.group[group]["member_first"], arrays.group[group]["member_last"]):
                was = max(was, cell(before, arrays.index[i], period))
        if now > was:
            spread(now_leader, period, now - was, before, new, paid, amount)


@register_jitable
def group_total(arrays, group, before, new, paid):
    """A group's running total in CNY: the leader of each period, or the sum where clauses add up."""
    total = 0.0
    if arrays.group[group]["rule"] == RULE_ADD:
        for i in range(arrays.group[group]["member_first"], arrays.group[group]["member_last"]):
            c = arrays.index[i]
            total += cell(before, c, -1) + cell(new, c, -1)
        return total
    if arrays.group[group]["period"] == 1:
        for p in range(MAX_PERIODS):
            total += winner(arrays, group, p, before, new, paid)[1]
        return total
    return winner(arrays, group, -1, before, new, paid)[1]


@register_jitable
def package_total(arrays, package, before, new, paid):
    """A package's running total in CNY: the sum of its groups."""
    total = 0.0
    for g in range(arrays.group.shape[0]):
        if arrays.group[g]["package"] == package:
            total += group_total(arrays, g, before, new, paid)
    return total


@register_jitable
def rise_across(arrays, before, new, paid, amount):
    """Pay the rise of the best package's running total, in proportion to what its leading clauses still lack.

    ``amount`` is nought when this begins, and so stands for a claim that brings nothing.
    """
    best, total, was = 0, 0.0, 0.0
    for package in range(arrays.packages):
        was = max(was, package_total(arrays, package, before, amount, paid))
        here = package_total(arrays, package, before, new, paid)
        if here > total:
            best, total = package, here
    wanted = 0.0
    for step in range(2):
        for g in range(arrays.group.shape[0]):
            if arrays.group[g]["package"] == best and total > was:
                wanted = leading_claims(arrays, g, before, new, paid, amount, step, total - was, wanted)


@register_jitable
def leading_claims(arrays, group, before, new, paid, amount, step, up, wanted):
    """Step 0: add what the leading clauses of a group have not been paid to ``wanted``; step 1: pay their part of
    the rise ``up``. Only clauses that gain from the present claim take part."""
    for i in range(arrays.group[group]["member_first"], arrays.group[group]["member_last"]):
        c = arrays.index[i]
        for p in range(MAX_PERIODS):
            if new[c, p] <= 0.0:
                continue
            if arrays.group[group]["rule"] != RULE_ADD:
                period = p if arrays.group[group]["period"] == 1 else -1
                if winner(arrays, group, period, before, new, paid)[0] != c:
                    continue
            open_part = max(0.0, before[c, p] + new[c, p] - paid[c, p])
            if step == 0:
                wanted += open_part
            elif wanted > 0.0:
                amount[c, p] = open_part * up / wanted
    return wanted
