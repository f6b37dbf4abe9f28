"""What packages decide, pay and check: budgets ration, claims are granted, instalments are paid, conditions are tested.

A clause whose budget serves first come, or that stands under no budget, decides in the quarter of the claim; all others
once a year, in the fourth quarter, on everything claimed in it. Accounts are debited for good only then.
"""

from __future__ import annotations

import numpy as np

from ..policy.arrays import ACCOUNT_FIRM, MAX_PERIODS, RATION_FIRST_COME, RATION_PRO_RATA, RATION_SCORE
from ..policy.budget import first_come, places_in_order, pro_rata, whole_in_order
from ..policy.schedule import down_to_fen, holds
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
    CL_GRANTED,
    CL_PAID,
    CL_PARENT,
    CL_QUARTER,
    CL_SCORE,
    CL_SLOT,
    CL_STATE,
    CL_STEP,
    CL_TICKET,
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
    ON_FIRM,
    ON_INVESTMENT,
    ON_RESEARCH,
    OUTSIDE,
    PAID,
    RATIONED,
    RECOVERED,
    ROWS_USED,
    STAND_BY,
)
from .symbols import *

QUARTERS_BETWEEN_PERIODS = 4.0
"""A later tenancy year is paid a year after the one before."""


def decide(quarter, year_ends, city, mix, desk, clause_out):
    """Everything that is to be decided in a quarter: budgets in the order of their lines, then the grants.

    What a budget refuses whole goes round once more without that clause, when its budget says so.
    """
    n = due_rows(quarter, year_ends, city, mix, desk)
    for k in range(mix.announced.size):
        desk.asked[k], desk.granted[k] = 0, 0
    share_out(quarter, n, city, mix, desk)
    again = step_in(n, city, mix, desk)
    share_out(quarter, again, city, mix, desk)
    for r in range(city.count[ROWS_USED]):
        if city.claims[r, CL_STATE] == FILED and city.claims[r, CL_DECIDED] == quarter:
            grant(city, mix, desk, r, quarter, clause_out)
    for k in range(mix.announced.size):
        if desk.asked[k] > 0:
            city.payout[k] = desk.granted[k] / desk.asked[k]


def due_rows(quarter, year_ends, city, mix, desk):
    """Rows that are decided now, each provisionally granted what it asks; their number."""
    n = 0
    for r in range(city.count[ROWS_USED]):
        row = city.claims[r]
        if row[CL_STATE] == FILED and (year_ends or mix.office.prompt[int(row[CL_CLAUSE])] == 1):
            row[CL_GRANTED], row[CL_DECIDED] = row[CL_ASKED], quarter
            desk.due[n] = r
            n += 1
    return n


def share_out(quarter, n, city, mix, desk):
    """Every budget line serves its rows among the first ``n`` that are due."""
    office = mix.office
    for line in range(office.line_package.size):
        m = 0
        for i in range(n):
            row = city.claims[desk.due[i]]
            clause = int(row[CL_CLAUSE])
            whose = office.line_clause[line]
            mine = clause == whose if whose >= 0 else mix.arrays.clause[clause]["package"] == office.line_package[line]
            if mine and row[CL_GRANTED] > 0.0:
                desk.queue[m], desk.ticket[m] = desk.due[i], row[CL_TICKET]
                desk.rank[m] = rank_of(row, office.line_how[line])
                m += 1
        if m > 0:
            serve(quarter, line, m, city, office, desk)


def rank_of(row, how):
    """What comes first has the smallest rank: the earlier quarter, the higher score, or nothing but the ticket."""
    if how == RATION_FIRST_COME:
        return row[CL_QUARTER]
    if how == RATION_SCORE:
        return -row[CL_SCORE]
    return 0.0


def serve(quarter, line, m, city, office, desk):
    """One budget line serves the first ``m`` rows of the queue; what it spends is kept for later quarters."""
    how = office.line_how[line]
    if how != RATION_PRO_RATA:
        in_order(desk.rank, desk.ticket, desk.queue, m)
    for i in range(m):
        desk.asks[i] = city.claims[desk.queue[i], CL_GRANTED]
    asks, gets = desk.asks[:m], desk.gets[:m]
    if np.isnan(office.line_amount[quarter, line]):
        left = office.line_places[line] - city.spent[line]
        city.spent[line] += left - places_in_order(asks, left, gets)
    else:
        left = max(0.0, office.line_amount[quarter, line] - city.spent[line])
        if how == RATION_FIRST_COME:
            city.spent[line] += left - first_come(asks, left, gets)
        elif how == RATION_PRO_RATA:
            city.spent[line] += left - pro_rata(asks, left, gets)
        else:
            city.spent[line] += left - whole_in_order(asks, left, gets)
    for i in range(m):
        city.claims[desk.queue[i], CL_GRANTED] = gets[i]


def in_order(rank, ticket, row, n):
    """Sort the first ``n`` of three arrays by rank, then ticket (heap sort, in place)."""
    for start in range(n // 2 - 1, -1, -1):
        sift(rank, ticket, row, start, n)
    for last in range(n - 1, 0, -1):
        rank[0], rank[last] = rank[last], rank[0]
        ticket[0], ticket[last] = ticket[last], ticket[0]
        row[0], row[last] = row[last], row[0]
        sift(rank, ticket, row, 0, last)


def sift(rank, ticket, row, root, n):
    """Let an entry of the heap sink to where neither child comes after it."""
    while 2 * root + 1 < n:
        child = 2 * root + 1
        if child + 1 < n and (
            rank[child] < rank[child + 1] or (rank[child] == rank[child + 1] and ticket[child] < ticket[child + 1])
        ):
            child += 1
        if rank[root] > rank[child] or (rank[root] == rank[child] and ticket[root] >= ticket[child]):
            return
        rank[root], rank[child] = rank[child], rank[root]
        ticket[root], ticket[child] = ticket[child], ticket[root]
        row[root], row[child] = row[child], row[root]
        root = child


def step_in(n, city, mix, desk):
    """Rows that stand by for a refused one are filed in its place; their number, in the front of what is due."""
    if mix.office.stand_by == 0:
        return 0
    m = 0
    for r in range(city.count[ROWS_USED]):
        row = city.claims[r]
        if row[CL_STATE] != STAND_BY:
            continue
        parent = city.claims[int(row[CL_PARENT])]
        if parent[CL_STATE] == FILED and parent[CL_DECIDED] >= 0.0:
            if parent[CL_GRANTED] > 0.0:
                row[CL_STATE] = CLOSED
            else:
                row[CL_STATE], row[CL_GRANTED], row[CL_DECIDED] = FILED, row[CL_ASKED], parent[CL_DECIDED]
                desk.due[m] = r
                m += 1
    return m


def grant(city, mix, desk, r, quarter, clause_out):
    """Commit what a row is granted, correct the firm's account, and set the first payment date."""
    row = city.claims[r]
    c = int(row[CL_CLAUSE])
    package = mix.arrays.clause[c]["package"]
    share = row[CL_GRANTED] / row[CL_ASKED]
    granted = 0.0
    for k in range(MAX_PERIODS):
        if share < 1.0:
            row[CL_AMOUNTS + k] = down_to_fen(row[CL_AMOUNTS + k] * share)
        granted += row[CL_AMOUNTS + k]
    row[CL_GRANTED] = granted
    row[CL_STATE] = GRANTED if granted > 0.0 else CLOSED
    desk.asked[package] += round(row[CL_ASKED] * FEN)
    desk.granted[package] += round(granted * FEN)
    clause_out[c, COMMITTED] += round(granted * FEN)
    if share < 1.0:
        clause_out[c, RATIONED] += 1
    slot = int(row[CL_SLOT])
    if slot == OUTSIDE:
        return
    account = int(city.firms[ACCOUNT, slot])
    debited = 0.0 if row[CL_PARENT] >= 0.0 else row[CL_ASKED]
    for year in range(2):
        city.account_paid[account, c, year] += granted - debited
    if granted <= 0.0:
        city.account_once[account, c] = 0
        return
    if row[CL_PARENT] >= 0.0 and mix.arrays.clause[c]["once_account"] >= ACCOUNT_FIRM:
        city.account_once[account, c] = 1
    if mix.studied[package] == 1:
        count_gross(city, row, account)


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
    """Conditions that are due are tested, then what is due is paid; a firm that has left gets nothing more."""
    for r in range(city.count[ROWS_USED]):
        row = city.claims[r]
        if row[CL_STATE] != GRANTED:
            continue
        slot, c = int(row[CL_SLOT]), int(row[CL_CLAUSE])
        if slot != OUTSIDE and city.firms[ALIVE, slot] < 0.5:
            cancel(row, c, outstanding(row), clause_out)
            row[CL_STATE] = CLOSED
            continue
        if slot != OUTSIDE:
            check(quarter, city, mix, desk, row, slot, c, price, clause_out)
        while is_due(quarter, mix, row, c):
            pay_step(city, mix, row, slot, c, price, clause_out)
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
    """Whether the next instalment of a row is due: the lag of its part after the decision, a year more a period."""
    parts = mix.office.part_last[clause] - mix.office.part_first[clause]
    step = int(row[CL_STEP])
    if step >= parts * MAX_PERIODS or outstanding(row) < 0.005:
        return False
    lag = mix.office.part_lag[mix.office.part_first[clause] + step % parts]
    due = row[CL_DECIDED] + np.floor(lag + 0.5) + QUARTERS_BETWEEN_PERIODS * (step // parts)
    return due <= quarter


def pay_step(city, mix, row, slot, clause, price, clause_out):
    """Pay one instalment of a row and move on to the next; the last part of a period takes what rounding leaves."""
    office = mix.office
    first = office.part_first[clause]
    parts = office.part_last[clause] - first
    step = int(row[CL_STEP])
    whole = row[CL_AMOUNTS + step // parts]
    amount = whole
    if parts > 1:
        paid_before = 0.0
        for part in range(step % parts):
            paid_before += down_to_fen(whole * office.part_share[first + part])
        last = step % parts == parts - 1
        amount = whole - paid_before if last else down_to_fen(whole * office.part_share[first + step % parts])
    left = outstanding(row)
    kept = left / (left + row[CL_CANCELLED]) if row[CL_CANCELLED] > 0.0 else 1.0
    amount = min(left, down_to_fen(amount * kept) if kept < 1.0 else amount)
    clause_out[clause, PAID] += round(amount * FEN)
    row[CL_PAID] += amount
    if slot != OUTSIDE:
        city.firms[FUNDS, slot] += amount / price
        city.gross[int(city.firms[ACCOUNT, slot]), G_RECEIVED] += amount / price
    row[CL_STEP] += 1.0


def check(quarter, city, mix, desk, row, slot, clause, price, clause_out):
    """Test the conditions of a grant that are due: a failed one stops what is owed or takes back what was paid.

    Facts that the firm does not have in the model leave a condition open, and nothing follows.
    """
    office = mix.office
    while office.condition_first[clause] + row[CL_CHECK] < office.condition_last[clause]:
        k = office.condition_first[clause] + int(row[CL_CHECK])
        if row[CL_QUARTER] + office.condition[k]["quarters"] > quarter:
            return
        row[CL_CHECK] += 1.0
        if meets(city.firms, slot, office, k, desk.facts, price) != 0:
            continue
        if office.condition[k]["recover"] == 0:
            cancel(row, clause, down_to_fen(outstanding(row) * office.condition[k]["share"]), clause_out)
            continue
        amount = down_to_fen(row[CL_PAID] * office.condition[k]["share"])
        clause_out[clause, RECOVERED] += round(amount * FEN)
        city.firms[FUNDS, slot] = max(0.0, city.firms[FUNDS, slot] - amount / price)
        city.gross[int(city.firms[ACCOUNT, slot]), G_RECEIVED] -= amount / price


def meets(firms, slot, office, condition, facts, price):
    """Whether a firm meets a condition now: 1, 0, or -1 when a fact is not known."""
    for i in range(facts.size):
        facts[i] = np.nan
    facts[F_PLACE], facts[F_STEPS] = firms[PLACE, slot], firms[STEPS_HELD, slot]
    facts[F_LOCAL], facts[F_REVENUE] = 1.0, firms[REVENUE_1, slot] * price
    facts[F_EMPLOYEES] = firms[JOBS, slot]
    answer = 1
    for t in range(office.condition[condition]["test_first"], office.condition[condition]["test_last"]):
        here = holds(office.test[t], facts)
        if here == 0:
            return 0
        answer = min(answer, here)
    return answer


def at_stake(city, mix, slot):
    """CNY that a firm would have to give back, or would not be paid, if a condition on its place failed."""
    total = 0.0
    for r in range(city.count[ROWS_USED]):
        row = city.claims[r]
        if row[CL_STATE] == GRANTED and int(row[CL_SLOT]) == slot:
            c = int(row[CL_CLAUSE])
            for k in range(mix.office.condition_first[c] + int(row[CL_CHECK]), mix.office.condition_last[c]):
                if mix.office.condition[k]["place"] == 1:
                    base = row[CL_PAID] if mix.office.condition[k]["recover"] == 1 else outstanding(row)
                    total += base * mix.office.condition[k]["share"]
    return total


def new_accounting_year(city, mix):
    """Yearly caps and yearly budgets start anew."""
    for row in range(city.count[CLAIMANTS]):
        for c in range(city.account_paid.shape[1]):
            city.account_paid[row, c, 1] = 0.0
    for line in range(city.spent.size):
        if mix.office.line_lifetime[line] == 0:
            city.spent[line] = 0.0
