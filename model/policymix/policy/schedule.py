"""What a clause pays on one claim before limits: dates, eligibility, base, schedule and realised fraction.

Steps 1-4 of the order of evaluation. Every function runs as plain Python in the calculator and is inlined in the
compiled loop. Three-valued answers: 1 true, 0 false, -1 unknown because a fact is missing (NaN).
"""

import math

import numpy as np
from numba.extending import register_jitable

from policymix.policy.arrays import (
    FORM_AMOUNT,
    FORM_BRACKETS,
    FORM_BY,
    FORM_EACH,
    FORM_RENT,
    FORM_SHARE,
    MAX_PERIODS,
    OP_ABOVE,
    OP_BELOW,
    OP_CALENDAR_MAX,
    OP_CALENDAR_MIN,
    OP_EQUAL,
    OP_IN,
    OP_MAX,
    OP_MEETS,
    OP_MIN,
    OP_YEARS_MAX,
    OP_YEARS_MIN,
)
from policymix.policy.dates import calendar_years_between, years_between

MISSING_FACT = -1
NO_SUCH_GRADE = -2


@register_jitable
def holds(test, facts):
    """Whether one test (a row of ``TEST``) of one fact holds: 1, 0, or -1 when a needed fact is missing.

    ``min`` and ``max`` include the bound, ``above`` and ``below`` exclude it. Time since an earlier date is refused
    when the later date comes first.
    """
    value = facts[test["fact"]]
    if math.isnan(value):
        return -1
    op = test["op"]
    bound = test["value"]
    ok = False
    if op == OP_MIN:
        ok = value >= bound
    elif op == OP_MAX:
        ok = value <= bound
    elif op == OP_ABOVE:
        ok = value > bound
    elif op == OP_BELOW:
        ok = value < bound
    elif op == OP_EQUAL:
        ok = value == bound
    elif op == OP_IN:
        ok = value >= 0 and (test["mask"] >> np.int64(value)) & 1 == 1
    elif op == OP_MEETS:
        ok = (test["mask"] & np.int64(value)) != 0
    else:
        first = facts[test["other"]]
        if math.isnan(first):
            return -1
        if op in (OP_YEARS_MIN, OP_YEARS_MAX):
            gap = years_between(np.int64(first), np.int64(value))
            ok = gap >= 0.0 and ((op == OP_YEARS_MIN and gap >= bound) or (op == OP_YEARS_MAX and gap <= bound))
        else:
            gap = calendar_years_between(np.int64(first), np.int64(value))
            ok = (op == OP_CALENDAR_MIN and gap >= bound) or (op == OP_CALENDAR_MAX and gap <= bound)
    return 1 if ok else 0


@register_jitable
def in_window(row, facts, day):
    """Step 1: whether the tested date lies in the clause's window (both ends count); -1 if that date is missing."""
    tested = day
    if row["window_fact"] >= 0:
        value = facts[row["window_fact"]]
        if math.isnan(value):
            return -1
        tested = np.int64(value)
    if tested < row["open_from"] or tested > row["open_until"] or day > row["last_day"]:
        return 0
    return 1


@register_jitable
def in_place(row, place_code):
    """Whether the claim's place lies in the clause's place; -1 if it is missing."""
    mask = row["place_mask"]
    if mask == -1:
        return 1
    if math.isnan(place_code):
        return -1
    if place_code < 0:
        return 0
    return 1 if (mask >> np.int64(place_code)) & 1 == 1 else 0


@register_jitable
def qualifies(arrays, clause, facts):
    """Step 2: an alternative all of whose tests hold makes it true; a false test in every alternative makes it false.

    Returns the answer and the test that decided it (-1 when nothing is tested): the first failing test, or the first
    that needs a missing fact.
    """
    answer = 0
    deciding = -1
    for alternative in range(arrays.clause[clause]["alternative_first"], arrays.clause[clause]["alternative_last"]):
        here = 1
        test_here = -1
        for test in range(arrays.alternative[alternative]["test_first"], arrays.alternative[alternative]["test_last"]):
            ok = holds(arrays.test[test], facts)
            if ok == 0:
                here = 0
                test_here = test
                break
            if ok == -1 and here == 1:
                here = -1
                test_here = test
        if here == 1:
            return 1, np.int64(-1)
        if here == -1 and answer == 0:
            answer = -1
            deciding = test_here
        elif deciding == -1:
            deciding = test_here
    return answer, deciding


@register_jitable
def eligible(arrays, clause, facts, day, place_code):
    """Steps 1 and 2 together: 1, 0, or -1 when a missing fact would decide."""
    row = arrays.clause[clause]
    window = in_window(row, facts, day)
    place = in_place(row, place_code)
    if window == 0 or place == 0:
        return 0
    where, _test = qualifies(arrays, clause, facts)
    if where == 0:
        return 0
    return 1 if window == 1 and place == 1 and where == 1 else -1


@register_jitable
def brackets(pays, row, total):
    """Cumulated brackets: sum of share_i times the part of ``total`` (CNY) between bound i-1 and bound i."""
    paid = 0.0
    done = 0.0
    for i in range(row["pays_first"], row["pays_last"]):
        top = min(total, pays[i]["bound"])
        if top > done:
            paid += (top - done) * pays[i]["value"]
            done = top
    return paid


@register_jitable
def pays_base(arrays, clause, facts, running, out):
    """Steps 3 and 4: CNY by period before any limit, written to ``out[MAX_PERIODS]``.

    Parameters
    ----------
    running : float
        The base of earlier claims for the same matter, CNY: brackets apply to the running total.
    out : float64[MAX_PERIODS]
        share: s x fact; amount: a; by grade: a(grade); each: a x count; brackets: B(running + fact) - B(running);
        rent: share of tenancy year t x rent x min(area, limit) x months of that year.

    Returns
    -------
    int
        Number of periods, ``MISSING_FACT`` or ``NO_SUCH_GRADE``.
    """
    for p in range(MAX_PERIODS):
        out[p] = 0.0
    row = arrays.clause[clause]
    form = row["form"]
    first = row["pays_first"]
    if form == FORM_AMOUNT:
        out[0] = arrays.pays[first]["value"]
        return 1
    if form == FORM_RENT:
        return rent_by_year(arrays.pays, row, facts, out)
    value = facts[row["base_fact"]]
    if math.isnan(value):
        return MISSING_FACT
    if form in (FORM_SHARE, FORM_EACH):
        out[0] = arrays.pays[first]["value"] * max(value, 0.0)
    elif form == FORM_BRACKETS:
        out[0] = brackets(arrays.pays, row, running + max(value, 0.0)) - brackets(arrays.pays, row, running)
    elif form == FORM_BY:
        for i in range(first, row["pays_last"]):
            if arrays.pays[i]["bound"] == value:
                out[0] = arrays.pays[i]["value"]
                return 1
        return NO_SUCH_GRADE
    return 1


@register_jitable
def months_of_year(months, year):
    """Months of a lease of ``months`` that fall in its tenancy year ``year`` (0, 1, ...)."""
    return max(0.0, min(12.0, months - 12.0 * year))


@register_jitable
def rent_by_year(pays, row, facts, out):
    """Rent waived by tenancy year: share x rent (CNY per m2 and month) x min(area, limit) x months; a lease without an
    end is taken to last as long as the clause pays."""
    first = row["pays_first"]
    years = row["pays_last"] - first
    rent = facts[row["rent_fact"]]
    area = facts[row["area_fact"]]
    if math.isnan(rent) or math.isnan(area):
        return MISSING_FACT
    months = facts[row["months_fact"]]
    if math.isnan(months):
        months = 12.0 * years
    monthly = max(rent, 0.0) * min(max(area, 0.0), row["area_max"])
    for p in range(years):
        out[p] = pays[first + p]["value"] * monthly * months_of_year(months, p)
    return years


@register_jitable
def to_fen(amount):
    """CNY rounded half up to the fen (a millionth of a fen forgives binary fractions)."""
    return math.floor(amount * 100.0 + 0.5 + 1e-6) / 100.0


@register_jitable
def down_to_fen(amount):
    """CNY rounded down to the fen, for amounts cut in proportion, so that their sum stays below what was shared."""
    return math.floor(amount * 100.0 + 1e-4) / 100.0
