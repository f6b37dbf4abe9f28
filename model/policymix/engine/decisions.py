"""What packages decide, pay and check: budgets ration, claims are granted, instalments are paid, conditions are tested.

A clause whose budget serves first come, or that stands under no budget, decides in the quarter of the claim; all others
once a year, in the fourth quarter, on everything claimed in it. Accounts are debited for good only then. Who takes
premises in a quarter claims after its decisions, and waits for the next ones.
"""

from __future__ import annotations

import numpy as np

from ..policy.arrays import MAX_PERIODS
from ..policy.schedule import down_to_fen, holds, to_fen
from .claims import (
    CANCELLED,
    CL_ACTIVITY,
    CL_AMOUNTS,
    CL_ASKED,
    CL_BASE,
    CL_CANCELLED,
    CL_CHECK,
    CL_CLAUSE,
    CL_DECIDED,
    CL_FIRM,
    CL_GRANTED,
    CL_KEPT,
    CL_PAID,
    CL_PARENT,
    CL_QUARTER,
    CL_RECOVERED,
    CL_SLOT,
    CL_STATE,
    CL_STEP,
    CLAIMANTS,
    CLOSED,
    COMMITTED,
    F_EMPLOYEES,
    F_LOCAL,
    F_PLACE,
    F_REVENUE,
    F_STEPS,
    FEN,
    FILED,
    G_APPROVED,
    G_INVESTMENT,
    G_RECEIVED,
    G_RESEARCH,
    G_WHOLE,
    GRANTED,
    LEASE,
    ON_FIRM,
    ON_INVESTMENT,
    ON_RESEARCH,
    OUTSIDE,
    PAID,
    RATIONED,
    RECOVERED,
    ROWS_USED,
)
from .columns import number_of, put
from .rationing import dismiss, note_spending, share_out, step_in
from .symbols import *

QUARTERS_BETWEEN_PERIODS = 4.0
"""A later tenancy year is paid a year after the one before."""


def decide(quarter, year_ends, city, mix, desk, clause_out):
    """Everything that is to be decided in a quarter: budgets in the order of their lines, then the grants.

    When a budget refuses a row whole, what stands by for it is filed, and all that is due is shared out anew without
    the refused row: rounds go on until nobody steps in any more.
    """
    before, n = 0, due_rows(quarter, year_ends, city, mix, desk)
    while n > before:
        for i in range(n):
            row = city.claims[desk.due[i]]
            if row[CL_GRANTED] > 0.0:
                row[CL_GRANTED] = row[CL_ASKED]
        share_out(quarter, n, city, mix, desk)
        before = n
        if GENERAL:
            n = step_in(quarter, year_ends, n, city, mix, desk, clause_out)
    for i in range(n):
        grant(city, mix, desk.due[i], quarter, clause_out)
    if n > 0:
        note_spending(n, city, mix, desk)
        if GENERAL:
            dismiss(city)
    note_payout(quarter, year_ends, city, mix, desk)


def note_payout(quarter, year_ends, city, mix, desk):
    """Share of what was asked of each package that has just been granted, which firms expect from now on; at the end of
    a year that of the whole year, for yearly budgets start anew."""
    since = quarter - 3 if year_ends else quarter
    for k in range(mix.announced.size):
        desk.asked[k], desk.granted[k] = 0, 0
    for r in range(city.count[ROWS_USED]):
        row = city.claims[r]
        if row[CL_DECIDED] >= since:
            package = mix.arrays.clause[int(row[CL_CLAUSE])]["package"]
            if not (GENERAL and asked_before(row, package, city, mix)):
                desk.asked[package] += round(row[CL_ASKED] * FEN)
            desk.granted[package] += round(row[CL_GRANTED] * FEN)
    for k in range(mix.announced.size):
        if desk.asked[k] > 0:
            city.payout[k] = min(1.0, desk.granted[k] / desk.asked[k])


def due_rows(quarter, year_ends, city, mix, desk):
    """Rows that are decided now, each provisionally granted what it asks; their number. A firm that has left asks for
    nothing more."""
    n = 0
    for r in range(city.count[ROWS_USED]):
        row = city.claims[r]
        if row[CL_STATE] == FILED and (year_ends or mix.office.prompt[int(row[CL_CLAUSE])] == 1):
            if row[CL_SLOT] != OUTSIDE and number_of(city.firms, ALIVE, int(row[CL_SLOT])) < 0.5:
                row[CL_STATE] = CLOSED
                continue
            row[CL_GRANTED], row[CL_DECIDED] = row[CL_ASKED], quarter
            desk.due[n] = r
            n += 1
    return n


def grant(city, mix, r, quarter, clause_out):
    """Commit what a row is granted and correct the firm's account."""
    row = city.claims[r]
    c = int(row[CL_CLAUSE])
    package = mix.arrays.clause[c]["package"]
    share = row[CL_GRANTED] / row[CL_ASKED] if row[CL_ASKED] > 0.0 else 0.0
    granted = 0.0
    for k in range(MAX_PERIODS):
        if share < 1.0:
            row[CL_AMOUNTS + k] = down_to_fen(row[CL_AMOUNTS + k] * share)
        granted += row[CL_AMOUNTS + k]
    row[CL_GRANTED] = granted
    row[CL_STATE] = GRANTED if granted > 0.0 else CLOSED
    clause_out[c, COMMITTED] += round(granted * FEN)
    if share < 1.0:
        clause_out[c, RATIONED] += 1
    slot = int(row[CL_SLOT])
    if slot == OUTSIDE:
        return
    account = int(number_of(city.firms, ACCOUNT, slot))
    for year in range(2):
        city.account_paid[account, c, year] += granted - row[CL_ASKED]
    if mix.arrays.clause[c]["kind"] == LEASE:
        set_relief(r, quarter, slot, city, mix)
    if granted <= 0.0:
        if city.account_paid[account, c, mix.arrays.clause[c]["once_year"]] < 0.005:
            city.account_once[account, c] = 0
    elif mix.studied[package] == 1 and not granted_beside(r, city, mix, 1):
        count_gross(city, row, account)


def asked_before(row, package, city, mix):
    """Whether a row steps in for one of the same package, which has counted what was asked."""
    parent = int(row[CL_PARENT])
    return parent >= 0 and mix.arrays.clause[int(city.claims[parent, CL_CLAUSE])]["package"] == package


def set_relief(r, quarter, slot, city, mix):
    """Quarters until relief ends: none are left when a lease claim is refused altogether; a row that is granted brings
    its years."""
    row = city.claims[r]
    if row[CL_GRANTED] <= 0.0:
        if row[CL_PARENT] < 0.0 and not granted_beside(r, city, mix, 0):
            put(city.firms, RELIEF_END, slot, -1.0)
        return
    years = 0.0
    for k in range(MAX_PERIODS):
        if row[CL_AMOUNTS + k] > 0.0:
            years = k + 1.0
    left = max(4.0 * years - (quarter - row[CL_QUARTER]), number_of(city.firms, RELIEF_END, slot))
    put(city.firms, RELIEF_END, slot, left)


def granted_beside(r, city, mix, studied):
    """Whether another row of the same claim has been granted before, of a package under study if ``studied`` is 1."""
    kind = mix.arrays.clause[int(city.claims[r, CL_CLAUSE])]["kind"]
    for way in (-1, 1):
        x = r + way
        while 0 <= x < city.count[ROWS_USED] and same_claim(r, x, city):
            clause = mix.arrays.clause[int(city.claims[x, CL_CLAUSE])]
            decided = city.claims[x, CL_STATE] == GRANTED or city.claims[x, CL_STATE] == CLOSED
            of_kind = clause["kind"] == kind and mix.studied[clause["package"]] >= studied
            if of_kind and decided and city.claims[x, CL_GRANTED] > 0.0:
                return True
            x += way
    return False


def same_claim(r, x, city):
    """Whether two rows come from one firm in one quarter."""
    same = city.claims[r, CL_FIRM] == city.claims[x, CL_FIRM]
    return same and city.claims[r, CL_QUARTER] == city.claims[x, CL_QUARTER]


def count_gross(city, row, account):
    """What a granted claim refers to: investment, R&D, or the firm as a whole."""
    city.gross[account, G_APPROVED] = 1.0
    if row[CL_ACTIVITY] == ON_INVESTMENT:
        city.gross[account, G_INVESTMENT] += row[CL_BASE]
    elif row[CL_ACTIVITY] == ON_RESEARCH:
        city.gross[account, G_RESEARCH] += row[CL_BASE]
    elif row[CL_ACTIVITY] == ON_FIRM:
        city.gross[account, G_WHOLE] = 1.0


def pay_and_check(quarter, city, mix, desk, price, clause_out):
    """What is due is paid, then conditions that are due are tested; a firm that has left gets nothing more."""
    for r in range(city.count[ROWS_USED]):
        row = city.claims[r]
        if row[CL_STATE] != GRANTED:
            continue
        slot, c = int(row[CL_SLOT]), int(row[CL_CLAUSE])
        if slot != OUTSIDE and number_of(city.firms, ALIVE, slot) < 0.5:
            cancel(row, c, outstanding(row), clause_out)
            row[CL_STATE] = CLOSED
            continue
        while is_due(quarter, mix, row, c):
            pay_step(city, mix, row, slot, c, price, clause_out)
        if GENERAL and slot != OUTSIDE:
            check(quarter, city, mix, desk, row, slot, c, price, clause_out)
        checked = mix.office.condition_first[c] + row[CL_CHECK] >= mix.office.condition_last[c]
        if outstanding(row) < 0.005 and (checked or slot == OUTSIDE):
            row[CL_STATE] = CLOSED


def outstanding(row):
    """CNY granted and neither paid nor cancelled."""
    return row[CL_GRANTED] - row[CL_PAID] - row[CL_CANCELLED]


def cancel(row, clause, amount, clause_out):
    """Take back what has not been paid."""
    clause_out[clause, CANCELLED] += round(amount * FEN)
    row[CL_CANCELLED] += amount


def is_due(quarter, mix, row, clause):
    """Whether the next instalment of a row is due."""
    parts = mix.office.part_last[clause] - mix.office.part_first[clause]
    step = int(row[CL_STEP])
    if step >= parts * MAX_PERIODS or outstanding(row) < 0.005:
        return False
    return due_quarter(mix.office, row, clause, step) <= quarter


def due_quarter(office, row, clause, step):
    """Quarter of an instalment: its lag after the decision, or after the date that it waits for if that is later; a
    year more a period."""
    first = office.part_first[clause]
    parts = office.part_last[clause] - first
    part = first + step % parts
    start = max(row[CL_DECIDED], row[CL_QUARTER] + office.part_after[part])
    return np.floor(start + office.part_lag[part] + 0.5) + QUARTERS_BETWEEN_PERIODS * (step // parts)


def instalment(office, row, clause, step):
    """CNY of an instalment: its part of the period's amount to the fen; the last part takes what rounding leaves.

    Conditions that have stopped a share of it are counted; the last instalment of all pays whatever is owed.
    """
    first = office.part_first[clause]
    parts = office.part_last[clause] - first
    whole = row[CL_AMOUNTS + step // parts]
    left = whole
    for part in range(step % parts):
        left -= min(left, to_fen(whole * office.part_share[first + part]))
    last = step % parts == parts - 1
    amount = left if last else min(left, to_fen(whole * office.part_share[first + step % parts]))
    for k in range(step // parts + 1, MAX_PERIODS):
        last = last and row[CL_AMOUNTS + k] <= 0.0
    owed = outstanding(row)
    return to_fen(owed if last else min(owed, down_to_fen(amount * row[CL_KEPT])))


def pay_step(city, mix, row, slot, clause, price, clause_out):
    """Pay one instalment of a row and move on to the next."""
    amount = instalment(mix.office, row, clause, int(row[CL_STEP]))
    clause_out[clause, PAID] += round(amount * FEN)
    row[CL_PAID] += amount
    if slot != OUTSIDE:
        put(city.firms, FUNDS, slot, number_of(city.firms, FUNDS, slot) + amount / price)
        city.gross[int(number_of(city.firms, ACCOUNT, slot)), G_RECEIVED] += amount / price
    row[CL_STEP] += 1.0


def check(quarter, city, mix, desk, row, slot, clause, price, clause_out):
    """Test the conditions of a grant that are due: a failed one stops what is owed or takes back what was paid.

    Facts that the firm does not have in the model leave a condition open, and nothing follows. Nothing is taken back
    twice.
    """
    office = mix.office
    while office.condition_first[clause] + row[CL_CHECK] < office.condition_last[clause]:
        k = office.condition_first[clause] + int(row[CL_CHECK])
        if row[CL_QUARTER] + office.condition[k]["quarters"] > quarter:
            return
        row[CL_CHECK] += 1.0
        if meets(city.firms, slot, office, k, desk.facts, price) != 0:
            continue
        share = office.condition[k]["share"]
        if office.condition[k]["recover"] == 0:
            cancel(row, clause, to_fen(outstanding(row) * share), clause_out)
            row[CL_KEPT] *= 1.0 - share
            continue
        amount = min(to_fen(row[CL_PAID] * share), row[CL_PAID] - row[CL_RECOVERED])
        clause_out[clause, RECOVERED] += round(amount * FEN)
        row[CL_RECOVERED] += amount
        put(city.firms, FUNDS, slot, max(0.0, number_of(city.firms, FUNDS, slot) - amount / price))
        city.gross[int(number_of(city.firms, ACCOUNT, slot)), G_RECEIVED] -= amount / price


def meets(firms, slot, office, condition, facts, price):
    """Whether a firm meets a condition now: 1, 0, or -1 when a fact is not known."""
    for i in range(facts.size):
        facts[i] = np.nan
    facts[F_PLACE], facts[F_STEPS] = number_of(firms, PLACE, slot), number_of(firms, STEPS_HELD, slot)
    facts[F_LOCAL], facts[F_REVENUE] = 1.0, number_of(firms, REVENUE_1, slot) * price
    facts[F_EMPLOYEES] = number_of(firms, JOBS, slot)
    answer = 1
    for t in range(office.condition[condition]["test_first"], office.condition[condition]["test_last"]):
        here = holds(office.test[t], facts)
        if here == 0:
            return 0
        answer = min(answer, here)
    return answer


def at_stake(quarter, city, mix, desk, slot):
    """CNY that a firm would have to give back, or would not be paid, if it moved to the other place; negative where the
    move would let it meet a condition."""
    office, total = mix.office, 0.0
    here = number_of(city.firms, PLACE, slot)
    for r in range(city.count[ROWS_USED]):
        row = city.claims[r]
        if row[CL_STATE] != GRANTED or int(row[CL_SLOT]) != slot:
            continue
        c = int(row[CL_CLAUSE])
        for k in range(office.condition_first[c] + int(row[CL_CHECK]), office.condition_last[c]):
            if office.condition[k]["place"] == 1:
                loses = allows(office, k, here, desk.facts) - allows(office, k, 1.0 - here, desk.facts)
                tested = max(quarter, row[CL_QUARTER] + office.condition[k]["quarters"])
                soon = due_by(tested, office, row, c)
                base = row[CL_PAID] - row[CL_RECOVERED] + soon
                if office.condition[k]["recover"] == 0:
                    base = outstanding(row) - soon
                total += loses * base * office.condition[k]["share"]
    return total


def allows(office, condition, place, facts):
    """Whether a condition's tests of the place let a firm be in a place: 1 or 0."""
    facts[F_PLACE] = place
    for t in range(office.condition[condition]["test_first"], office.condition[condition]["test_last"]):
        if office.test[t]["fact"] == F_PLACE and holds(office.test[t], facts) == 0:
            return 0
    return 1


def due_by(quarter, office, row, clause):
    """CNY still owed that falls due until the end of a quarter."""
    parts = office.part_last[clause] - office.part_first[clause]
    total = 0.0
    for step in range(int(row[CL_STEP]), parts * MAX_PERIODS):
        if due_quarter(office, row, clause, step) <= quarter:
            total += instalment(office, row, clause, step)
    return min(total, outstanding(row))


def new_accounting_year(city, mix):
    """Yearly caps, yearly budgets and what may be had once a year start anew."""
    for row in range(city.count[CLAIMANTS]):
        for c in range(city.account_paid.shape[1]):
            city.account_paid[row, c, 1] = 0.0
            if mix.arrays.clause[c]["once_year"] == 1:
                city.account_once[row, c] = 0
    for line in range(city.spent.size):
        if mix.office.line_lifetime[line] == 0:
            city.spent[line] = 0.0
