"""How budgets are shared out among the claims that are due, and who steps in for those they refuse."""

from __future__ import annotations

import numpy as np

from ..policy.arrays import (
    ACCOUNT_FIRM,
    MAX_PERIODS,
    RATION_FIRST_COME,
    RATION_LOTTERY,
    RATION_PRO_RATA,
    RATION_SCORE,
)
from ..policy.budget import first_come, places_in_order, pro_rata, whole_in_order
from ..policy.schedule import down_to_fen
from .claims import (
    APPROVED,
    CL_AMOUNTS,
    CL_ASKED,
    CL_CLAUSE,
    CL_DECIDED,
    CL_FIRM,
    CL_GRANTED,
    CL_KEPT,
    CL_PARENT,
    CL_QUARTER,
    CL_SCORE,
    CL_SLOT,
    CL_STATE,
    CL_TICKET,
    CLOSED,
    FILED,
    MADE,
    OUTSIDE,
    ROWS_USED,
    STAND_BY,
)
from .columns import number_of
from .symbols import *


def stands_under(line, clause, mix):
    """Whether a clause's claims come out of a budget line: its own, or its package's."""
    own = mix.office.line_clause[line]
    return clause == own if own >= 0 else mix.arrays.clause[clause]["package"] == mix.office.line_package[line]


def share_out(quarter, n, city, mix, desk):
    """Every budget line serves its rows among the first ``n`` that are due; a later line serves what earlier ones have
    left of a row."""
    for line in range(mix.office.line_package.size):
        m = 0
        for i in range(n):
            row = city.claims[desk.due[i]]
            if row[CL_GRANTED] > 0.0 and stands_under(line, int(row[CL_CLAUSE]), mix):
                desk.queue[m], desk.ticket[m], desk.firm[m] = desk.due[i], row[CL_TICKET], row[CL_FIRM]
                desk.rank[m] = rank_of(row, mix.office.line_how[line]) if GENERAL else 0.0
                m += 1
        if m > 0:
            serve(quarter, line, m, city, mix.office, desk)


def rank_of(row, how):
    """What comes first has the smallest rank: the higher score, in a lottery nothing but the ticket, else the earlier
    quarter."""
    if how == RATION_SCORE:
        return -row[CL_SCORE]
    if how == RATION_LOTTERY:
        return 0.0
    return row[CL_QUARTER]


def serve(quarter, line, m, city, office, desk):
    """One budget line serves the first ``m`` rows of the queue out of what earlier quarters have left."""
    how = office.line_how[line]
    if GENERAL:
        in_order(desk.rank, desk.ticket, desk.firm, desk.queue, m)
    for i in range(m):
        desk.asks[i] = city.claims[desk.queue[i], CL_GRANTED]
    asks, gets = desk.asks[:m], desk.gets[:m]
    left = max(0.0, office.line_amount[quarter, line] - city.spent[line])
    if GENERAL and np.isnan(office.line_amount[quarter, line]):
        places_in_order(asks, office.line_places[line] - city.spent[line], gets)
    elif GENERAL and how == RATION_FIRST_COME:
        first_come(asks, left, gets)
    elif GENERAL and how != RATION_PRO_RATA:
        whole_in_order(asks, left, gets)
    else:
        pro_rata(asks, left, gets)
    for i in range(m):
        row = city.claims[desk.queue[i]]
        row[CL_GRANTED] = gets[i]
        if gets[i] <= 0.0 and office.line_fallback[line] == 0:
            row[CL_KEPT] = 0.0


def in_order(rank, ticket, firm, row, n):
    """Sort the first ``n`` of four arrays by rank, then ticket, firm and row (heap sort, in place).

    Rows of one firm keep the order in which they were filed, so that the order in which firms are stored is of no
    account.
    """
    for start in range(n // 2 - 1, -1, -1):
        sift(rank, ticket, firm, row, start, n)
    for last in range(n - 1, 0, -1):
        swap(rank, ticket, firm, row, 0, last)
        sift(rank, ticket, firm, row, 0, last)


def sift(rank, ticket, firm, row, root, n):
    """Let an entry of the heap sink to where neither child comes after it."""
    while 2 * root + 1 < n:
        child = 2 * root + 1
        if child + 1 < n and comes_before(rank, ticket, firm, row, child, child + 1):
            child += 1
        if not comes_before(rank, ticket, firm, row, root, child):
            return
        swap(rank, ticket, firm, row, root, child)
        root = child


def comes_before(rank, ticket, firm, row, a, b):
    """Whether entry ``a`` is served before entry ``b``."""
    if rank[a] != rank[b]:
        return rank[a] < rank[b]
    if ticket[a] != ticket[b]:
        return ticket[a] < ticket[b]
    return firm[a] < firm[b] or (firm[a] == firm[b] and row[a] < row[b])


def swap(rank, ticket, firm, row, a, b):
    """Exchange two entries."""
    rank[a], rank[b] = rank[b], rank[a]
    ticket[a], ticket[b] = ticket[b], ticket[a]
    firm[a], firm[b] = firm[b], firm[a]
    row[a], row[b] = row[b], row[a]


def step_in(quarter, year_ends, n, city, mix, desk, clause_out):
    """Rows that stand by for one refused now are filed; those that are decided now join the ``n`` that are due. Returns
    the number of these."""
    if mix.office.stand_by == 0:
        return n
    for r in range(city.count[ROWS_USED]):
        row = city.claims[r]
        if row[CL_STATE] != STAND_BY:
            continue
        parent, c = city.claims[int(row[CL_PARENT])], int(row[CL_CLAUSE])
        refused = parent[CL_STATE] == FILED and parent[CL_DECIDED] == quarter and parent[CL_GRANTED] <= 0.0
        if not refused or parent[CL_KEPT] <= 0.0:
            continue
        row[CL_STATE] = FILED
        clause_out[c, MADE] += 1
        clause_out[c, APPROVED] += 1
        if row[CL_SLOT] != OUTSIDE:
            cut_to_room(r, quarter, city, mix)
        if year_ends or mix.office.prompt[c] == 1:
            row[CL_GRANTED], row[CL_DECIDED] = row[CL_ASKED], quarter
            desk.due[n] = r
            n += 1
    return n


def cut_to_room(r, quarter, city, mix):
    """Cut a row that steps in to what ``once``, caps and limits leave its firm by now, and debit the firm's account."""
    row = city.claims[r]
    c, account = int(row[CL_CLAUSE]), int(number_of(city.firms, ACCOUNT, int(row[CL_SLOT])))
    own = mix.arrays.clause[c]
    used = own["once_account"] >= ACCOUNT_FIRM and own["upgrade"] == 0 and city.account_once[account, c] > 0
    room = 0.0 if used and not filed_beside(r, city) else room_of(r, account, quarter, city, mix.arrays)
    if room < row[CL_ASKED]:
        share = room / row[CL_ASKED]
        row[CL_ASKED] = 0.0
        for k in range(MAX_PERIODS):
            row[CL_AMOUNTS + k] = down_to_fen(row[CL_AMOUNTS + k] * share)
            row[CL_ASKED] += row[CL_AMOUNTS + k]
    if row[CL_ASKED] > 0.0:
        for year in range(2):
            city.account_paid[account, c, year] += row[CL_ASKED]
        if own["once_account"] >= ACCOUNT_FIRM:
            city.account_once[account, c] = 1


def filed_beside(r, city):
    """Whether the same claim has a row of the same clause that did not have to stand by."""
    x = r - 1
    while x >= 0 and city.claims[x, CL_FIRM] == city.claims[r, CL_FIRM]:
        if city.claims[x, CL_QUARTER] != city.claims[r, CL_QUARTER]:
            return False
        if city.claims[x, CL_CLAUSE] == city.claims[r, CL_CLAUSE] and city.claims[x, CL_STATE] != STAND_BY:
            return True
        x -= 1
    return False


def room_of(r, account, quarter, city, arrays):
    """CNY of what a row asks that caps and limits by firm still leave; what the rows it stands by for asked is free."""
    row = city.claims[r]
    c, room = int(row[CL_CLAUSE]), row[CL_ASKED]
    for cap in range(arrays.clause[c]["cap_first"], arrays.clause[c]["cap_last"]):
        if arrays.cap[cap]["account"] >= ACCOUNT_FIRM:
            year = arrays.cap[cap]["year"]
            asked = row[CL_AMOUNTS] if year == 1 else row[CL_ASKED]
            over = asked + city.account_paid[account, c, year] - arrays.cap[cap]["amount"]
            room = min(room, row[CL_ASKED] - max(0.0, over))
    for limit in range(arrays.limit.shape[0]):
        if arrays.limit[limit]["account"] >= ACCOUNT_FIRM and not np.isnan(arrays.limit[limit]["amount"]):
            concerned, left = False, arrays.limit[limit]["amount"]
            for i in range(arrays.limit[limit]["member_first"], arrays.limit[limit]["member_last"]):
                d = arrays.index[i]
                concerned = concerned or d == c
                left -= city.account_paid[account, d, arrays.limit[limit]["year"]] - refused_now(r, d, quarter, city)
            if concerned:
                room = min(room, left)
    return max(0.0, room)


def refused_now(r, clause, quarter, city):
    """CNY of a clause among the rows that a row stands by for and that have just been refused: still on the account."""
    asked, x = 0.0, int(city.claims[r, CL_PARENT])
    while x >= 0:
        if city.claims[x, CL_CLAUSE] == clause and city.claims[x, CL_DECIDED] == quarter:
            asked += city.claims[x, CL_ASKED]
        x = int(city.claims[x, CL_PARENT])
    return asked


def note_spending(n, city, mix, desk):
    """What the budget lines have given out among the first ``n`` rows that were due is kept for later quarters."""
    for i in range(n):
        row = city.claims[desk.due[i]]
        if row[CL_GRANTED] > 0.0:
            for line in range(mix.office.line_package.size):
                if stands_under(line, int(row[CL_CLAUSE]), mix):
                    city.spent[line] += 1.0 if mix.office.line_places[line] > 0.0 else row[CL_GRANTED]


def dismiss(city):
    """Nobody stands by any more for a row that has been decided."""
    for r in range(city.count[ROWS_USED]):
        if city.claims[r, CL_STATE] == STAND_BY:
            parent = city.claims[int(city.claims[r, CL_PARENT])]
            if parent[CL_STATE] != FILED and parent[CL_STATE] != STAND_BY:
                city.claims[r, CL_STATE] = CLOSED
