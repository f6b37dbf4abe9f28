"""One claim under all clauses of a mix: the order of evaluation, written once.

``settle`` runs as plain Python in the calculator and inside the compiled loop. It keeps no accounts: the caller says
what was used before and debits what is paid after budgets have rationed.
"""

import math

from numba.extending import register_jitable

from policymix.policy.arrays import (
    ACCOUNT_CLAIM,
    FORM_BRACKETS,
    FORM_RENT,
    FORM_SHARE,
    MAX_PERIODS,
    RULE_ADD,
    STATUS_CAPPED,
    STATUS_CLOSED,
    STATUS_LOST,
    STATUS_ONCE,
    STATUS_OTHER_KIND,
    STATUS_PAID,
    STATUS_REFUSED,
    STATUS_UNKNOWN,
    STATUS_ZERO,
)
from policymix.policy.schedule import (
    MISSING_FACT,
    NO_SUCH_GRADE,
    down_to_fen,
    in_place,
    in_window,
    months_of_year,
    pays_base,
    qualifies,
    to_fen,
)
from policymix.policy.stacking import rise, rise_across

PLACE_FACT = 0
"""Position of ``place`` among the facts of every claim kind."""

LIMIT_INDEX = 1_000_000
"""``detail[c, 0]`` of a clause cut by shared limit l is ``LIMIT_INDEX + l``; by the fact itself, twice that base."""


@register_jitable
def room(cap, clause, used):
    """Room under one cap, CNY: cap - (paid for other matters + what the clause would have paid for this one)."""
    account = cap["account"]
    taken = 0.0
    if account != ACCOUNT_CLAIM:
        taken = used[clause, account, cap["year"]]
    return max(0.0, cap["amount"] - taken)


@register_jitable
def limit_own(arrays, clause, used, periods, out, detail):
    """Step 5: every cap of the clause on ``out[period]``; 1 if one of them binds.

    Yearly caps hold for each tenancy year by itself, the others for the sum of the periods. ``detail`` receives the
    tightest cap, its amount and asked minus room (positive: cut by so much; negative: room left).
    """
    binds = 0
    for cap in range(arrays.clause[clause]["cap_first"], arrays.clause[clause]["cap_last"]):
        limit = arrays.cap[cap]
        left = room(limit, clause, used)
        asked = 0.0
        for p in range(periods):
            here = left
            if limit["year"] == 1 and p > 0:
                here = limit["amount"]
            here = down_to_fen(here)
            asked += out[p]
            over = out[p] - here
            if detail[clause, 0] < 0 or over > detail[clause, 2]:
                detail[clause, 0] = cap
                detail[clause, 1] = limit["amount"]
                detail[clause, 2] = over
            if over > 0.0:
                out[p] = here
                binds = 1
            if limit["year"] == 0:
                left -= out[p]
    return binds


@register_jitable
def evaluate(arrays, clause, facts, day, used, count_before, scratch, status, detail):
    """Steps 1-5 for one clause: CNY by period in ``scratch``, its status, and the fact or cap that decides."""
    detail[clause, 0] = -1.0
    detail[clause, 1] = math.nan
    detail[clause, 2] = math.nan
    for p in range(MAX_PERIODS):
        scratch[p] = 0.0
    row = arrays.clause[clause]
    window = in_window(row, facts, day)
    if window == 0:
        tested = float(day)
        if row["window_fact"] >= 0:
            tested = facts[row["window_fact"]]
        bound = row["open_from"] if tested < row["open_from"] else row["open_until"]
        detail[clause, 1] = float(bound)
        detail[clause, 2] = tested - float(bound)
        return STATUS_CLOSED
    place = in_place(row, facts[PLACE_FACT])
    if place == 0:
        detail[clause, 0] = -2.0
        return STATUS_REFUSED
    answer, test = qualifies(arrays, clause, facts)
    if answer != 1 or window == -1 or place == -1:
        detail[clause, 0] = float(test)
        if test >= 0:
            detail[clause, 1] = arrays.test[test]["value"]
            detail[clause, 2] = facts[arrays.test[test]["fact"]] - arrays.test[test]["value"]
        return STATUS_REFUSED if answer == 0 else STATUS_UNKNOWN
    running = used[clause, ACCOUNT_CLAIM, 0]
    periods = pays_base(arrays, clause, facts, running, scratch)
    if periods == MISSING_FACT:
        return STATUS_UNKNOWN
    if periods == NO_SUCH_GRADE:
        return STATUS_REFUSED
    return own_limits(arrays, clause, used, count_before, periods, scratch, detail)


@register_jitable
def own_limits(arrays, clause, used, count_before, periods, scratch, detail):
    """Once (or the difference to a higher grade), then all caps of the clause; returns its status so far."""
    if count_before[clause] > 0:
        if arrays.clause[clause]["upgrade"] == 0:
            for p in range(MAX_PERIODS):
                scratch[p] = 0.0
            return STATUS_ONCE
        granted = used[clause, arrays.clause[clause]["once_account"], arrays.clause[clause]["once_year"]]
        for p in range(periods):
            cut = min(scratch[p], granted)
            scratch[p] -= cut
            granted -= cut
    asked = 0.0
    for p in range(periods):
        scratch[p] = to_fen(scratch[p])
        asked += scratch[p]
    if asked <= 0.0:
        return STATUS_ONCE if count_before[clause] > 0 else STATUS_ZERO
    return STATUS_CAPPED if limit_own(arrays, clause, used, periods, scratch, detail) == 1 else STATUS_PAID


@register_jitable
def limit_shared(arrays, kind, facts, used, shadow_before, paid_before, amount, status, detail):
    """Step 7: shared limits and aid intensity cut the clauses concerned in proportion.

    Spent = what the account shows, with the shadow of this domain replaced by what was paid (over a lifetime; a yearly
    account is taken as it stands, which can only pay less).
    """
    for limit in range(arrays.limit.shape[0]):
        asked = 0.0
        spent = 0.0
        running = 0.0
        concerned = False
        for i in range(arrays.limit[limit]["member_first"], arrays.limit[limit]["member_last"]):
            c = arrays.index[i]
            account = arrays.limit[limit]["account"]
            if account != ACCOUNT_CLAIM:
                spent += used[c, account, arrays.limit[limit]["year"]]
            for p in range(MAX_PERIODS):
                if arrays.limit[limit]["year"] == 0 and account != ACCOUNT_CLAIM:
                    spent += paid_before[c, p] - shadow_before[c, p]
                asked += amount[c, p]
            if arrays.clause[c]["kind"] == kind:
                concerned = True
                if arrays.clause[c]["base_fact"] == arrays.limit[limit]["fact"] and account != ACCOUNT_CLAIM:
                    running = max(running, used[c, ACCOUNT_CLAIM, 0])
        if not concerned or asked <= 0.0:
            continue
        top = arrays.limit[limit]["amount"]
        if math.isnan(top):
            base = facts[arrays.limit[limit]["fact"]]
            if math.isnan(base):
                continue
            top = arrays.limit[limit]["share"] * (base + running)
        left = max(0.0, top - spent)
        if asked > left * (1.0 + 1e-12):
            for i in range(arrays.limit[limit]["member_first"], arrays.limit[limit]["member_last"]):
                cut(arrays.index[i], left / asked, LIMIT_INDEX + limit, top, asked - left, amount, status, detail)


@register_jitable
def cut(clause, factor, index, bound, over, amount, status, detail):
    """Cut what a clause pays by a factor, down to the fen, and say which limit did it."""
    had = False
    for p in range(MAX_PERIODS):
        if amount[clause, p] > 0.0:
            had = True
            amount[clause, p] = down_to_fen(amount[clause, p] * factor)
    if had:
        status[clause] = STATUS_CAPPED
        detail[clause, 0] = index
        detail[clause, 1] = bound
        detail[clause, 2] = over


@register_jitable
def limit_to_fact(arrays, kind, facts, amount, status, detail):
    """Built in: shares of one fact never exceed the fact, waived rent never exceeds the rent."""
    first = arrays.kind[kind]["clause_first"]
    last = arrays.kind[kind]["clause_last"]
    for i in range(first, last):
        c = arrays.index[i]
        if arrays.clause[c]["form"] == FORM_RENT:
            limit_to_rent(arrays, i, first, last, facts, amount, status, detail)
            continue
        if not is_share(arrays.clause[c]):
            continue
        asked = 0.0
        earlier = False
        for j in range(first, last):
            d = arrays.index[j]
            if is_share(arrays.clause[d]) and arrays.clause[d]["base_fact"] == arrays.clause[c]["base_fact"]:
                earlier = earlier or j < i
                asked += amount[d, 0]
        top = facts[arrays.clause[c]["base_fact"]]
        if asked > top and not earlier:
            for j in range(i, last):
                d = arrays.index[j]
                if is_share(arrays.clause[d]) and arrays.clause[d]["base_fact"] == arrays.clause[c]["base_fact"]:
                    cut(d, top / asked, 2 * LIMIT_INDEX, top, asked - top, amount, status, detail)


@register_jitable
def is_share(row):
    """Whether a clause pays a share of a fact (one share, or brackets)."""
    return row["form"] in (FORM_SHARE, FORM_BRACKETS)


@register_jitable
def limit_to_rent(arrays, i, first, last, facts, amount, status, detail):
    """Waived rent of a tenancy year never exceeds the rent of that year (done once, at the first rent clause)."""
    for j in range(first, i):
        if arrays.clause[arrays.index[j]]["form"] == FORM_RENT:
            return
    c = arrays.index[i]
    rent = facts[arrays.clause[c]["rent_fact"]]
    area = facts[arrays.clause[c]["area_fact"]]
    if math.isnan(rent) or math.isnan(area):
        return
    months = facts[arrays.clause[c]["months_fact"]]
    if math.isnan(months):
        months = 12.0 * MAX_PERIODS
    for p in range(MAX_PERIODS):
        asked = 0.0
        for j in range(i, last):
            if arrays.clause[arrays.index[j]]["form"] == FORM_RENT:
                asked += amount[arrays.index[j], p]
        top = rent * area * months_of_year(months, p)
        if asked > top + 0.005:
            for j in range(i, last):
                d = arrays.index[j]
                if arrays.clause[d]["form"] == FORM_RENT and amount[d, p] > 0.0:
                    amount[d, p] = down_to_fen(amount[d, p] * top / asked)
                    status[d] = STATUS_CAPPED
                    detail[d, 0] = 2 * LIMIT_INDEX
                    detail[d, 1] = top
                    detail[d, 2] = asked - top


@register_jitable
def settle(arrays, kind, facts, day, used, shadow_before, paid_before, count_before, amount, status, detail, shadow):
    """One claim under all clauses of a mix: steps 1-7 and rounding to the fen.

    Parameters
    ----------
    arrays : ClauseArrays
    kind : int
        Claim kind (``claim.KIND_INDEX``).
    facts : float64[facts of the kind]
        NaN missing; booleans 0/1; choices their code; sets a bit mask; dates proleptic ordinals; place its code.
    day : int
        Ordinal of the claim's date.
    used : float64[clauses, 4 accounts, 2]
        CNY paid so far for other matters plus shadow for this one, by account (claim, matter, firm, holder) and
        (lifetime, this year). A claim has nothing before it, so row 0 carries the base (CNY) of earlier claims for
        the same matter instead: ``used[c, 0, 0]``, zero for a new matter.
    shadow_before, paid_before : float64[clauses, MAX_PERIODS]
        What each clause would have paid, and was paid, earlier in the same stacking domain (zero for a new one).
    count_before : int64[clauses]
        1 if ``once`` is used up for its account.
    amount, shadow : float64[clauses, MAX_PERIODS], output
        CNY to the fen paid by clause and period; what each clause would have paid without the others.
    status : int8[clauses], output
        ``arrays.STATUS_*``.
    detail : float64[clauses, 3], output
        Deciding test (or cap), its bound, distance to the bound.

    Source: LANGUAGE.md section 3.
    """
    status[:] = STATUS_OTHER_KIND
    amount[:, :] = 0.0
    shadow[:, :] = 0.0
    first = arrays.kind[kind]["clause_first"]
    last = arrays.kind[kind]["clause_last"]
    any_paid = False
    for i in range(first, last):
        c = arrays.index[i]
        status[c] = evaluate(arrays, c, facts, day, used, count_before, shadow[c], status, detail)
        for p in range(MAX_PERIODS):
            any_paid = any_paid or shadow[c, p] > 0.0
    if any_paid:
        if arrays.across == 1:
            rise_across(arrays, shadow_before, shadow, paid_before, amount)
        else:
            for i in range(arrays.kind[kind]["group_first"], arrays.kind[kind]["group_last"]):
                g = arrays.index[i]
                if arrays.group[g]["rule"] == RULE_ADD:
                    c = arrays.index[arrays.group[g]["member_first"]]
                    for p in range(MAX_PERIODS):
                        amount[c, p] = shadow[c, p]
                else:
                    rise(arrays, g, shadow_before, shadow, paid_before, amount)
        close(arrays, kind, amount, shadow, status, detail)
        limit_shared(arrays, kind, facts, used, shadow_before, paid_before, amount, status, detail)
        limit_to_fact(arrays, kind, facts, amount, status, detail)


@register_jitable
def close(arrays, kind, amount, shadow, status, detail):
    """Round to the fen; a clause whose shadow is positive but that is paid nothing has lost to a better one."""
    for i in range(arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]):
        c = arrays.index[i]
        would = 0.0
        got = 0.0
        for p in range(MAX_PERIODS):
            if amount[c, p] != 0.0:
                amount[c, p] = to_fen(amount[c, p])
            would += shadow[c, p]
            got += amount[c, p]
        if would > 0.0 and got <= 0.0:
            status[c] = STATUS_LOST
            detail[c, 0] = -1.0
            detail[c, 1] = math.nan
            detail[c, 2] = -would
