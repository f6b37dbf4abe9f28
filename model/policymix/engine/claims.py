"""Stage 5: from an event of one holder to claims.

A claim row exists only where a clause would pay; ``decisions`` takes it from there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..firms import take_up
from ..policy.arrays import ACCOUNT_FIRM, ACCOUNT_HOLDER, MAX_PERIODS
from ..policy.claim import KIND_INDEX as _KINDS
from ..policy.claim import code, fact_index, mask
from ..policy.schedule import down_to_fen, eligible, to_fen
from ..policy.settlement import settle
from .columns import Firms, number_of, put
from .streams import MARKS_OF_CLAIM, TICKET_OF_CLAIM, further
from .symbols import *

PROJECT, RESEARCH_KIND, LEASE, ARRIVAL = _KINDS["project"], _KINDS["research"], _KINDS["lease"], _KINDS["arrival"]
TALENT, NATIONAL_GRANT = _KINDS["talent"], _KINDS["national_grant"]
(F_PLACE, F_APPLIED, F_REGISTERED, F_STEPS, F_FIELDS, F_LOCAL, F_REVENUE, F_EMPLOYEES) = (
    fact_index("project", name)
    for name in ("place", "applied_on", "registered_on", "steps", "fields", "local", "revenue", "employees")
)
F_PROJECT_ON, F_TYPES, F_NEW, F_TOTAL, F_CONSTRUCTION, F_OWN_USE, F_MAJOR, F_NEWLY = (
    fact_index("project", name)
    for name in (
        "on", "types", "new_investment", "total_investment", "construction_spending", "own_use_investment", "major",
        "newly_attracted",
    )
)  # fmt: skip
F_RESEARCH_ON, F_RD, F_RD_MAJOR, F_CORE = (
    fact_index("research", name) for name in ("on", "rd_spending", "major", "core_technology")
)
F_LEASE_ON, F_LEASE_HOW, F_DESIGNATED, F_AREA, F_RENT, F_MONTHS = (
    fact_index("lease", name) for name in ("started_on", "how", "designated_building", "area", "rent", "months")
)
F_ARRIVED, F_HOW, F_FROM, F_HEADQUARTERS, F_FOREIGN, F_DOMESTIC, F_CAPITAL_FROM, F_PRIZE, F_PLANNED = (
    fact_index("arrival", name)
    for name in (
        "arrived_on", "how", "from_place", "headquarters", "paid_in_foreign_capital", "arrived_domestic_capital",
        "capital_from", "contest_prize", "planned_value_added",
    )
)  # fmt: skip
F_TALENT_ON, F_ROLE, F_TALENT_MAJOR, F_PAY = (fact_index("talent", name) for name in ("on", "role", "major", "pay"))
F_GRANT_ON, F_PROGRAMME, F_GRANT = (
    fact_index("national_grant", name) for name in ("received_on", "programme", "grant_received")
)
NEW_REGISTRATION, MOVE_IN = code("arrival", "how", "new_registration"), code("arrival", "how", "move_in")
EXPANSION = code("lease", "how", "expansion")
OTHER_PROVINCE = code("arrival", "capital_from", "other_province")
DECISION_MAKER = code("talent", "role", "decision_maker")
SCIENCE_PROGRAMME = code("national_grant", "programme", "national_science_programme")
TYPE_WORDS = {
    "digital_infrastructure": ["digital_infrastructure"],
    "application_demonstration": ["application_demonstration", "smart_city"],
    "industrial_internet": ["industrial_internet", "it_manufacturing_integration"],
    "smart_upgrading": ["smart_upgrading"],
    "public_service_platform": ["software_service_platform"],
    "other": ["other"],
}
TYPE_BITS = np.array([mask("project", "types", TYPE_WORDS[name]) for name in PROJECT_TYPES], np.float64)
"""What a project of each type is in the words of the clauses."""


(CL_SLOT, CL_FIRM, CL_CLAUSE, CL_QUARTER, CL_ASKED, CL_GRANTED, CL_PAID, CL_CANCELLED, CL_DECIDED, CL_STEP, CL_BASE,
 CL_ACTIVITY, CL_STATE, CL_TICKET, CL_SCORE, CL_PARENT, CL_CHECK, CL_RECOVERED, CL_KEPT) = range(19)  # fmt: skip
CL_AMOUNTS = 19
CLAIM_COLUMNS = CL_AMOUNTS + MAX_PERIODS
"""Columns of a claim. ``CL_KEPT`` is the part of its later instalments that conditions have left, and 0 of a row that a
budget has refused so that nobody steps in; ``CL_PARENT`` is the row that it stands by for."""
FILED, GRANTED, CLOSED, STAND_BY = 0.0, 1.0, 2.0, 3.0
ON_INVESTMENT, ON_RESEARCH, ON_FIRM, ON_NOTHING = 0.0, 1.0, 2.0, 3.0
KIND_STEP = 64
"""From the purpose of one claim kind's approval to the next's: claims of one quarter are judged one by one."""
OUTSIDE = -1
"""Slot of a holder that is not a firm of the population."""

SLOTS, CLAIMANTS, ROWS_USED, OVERFLOW = range(4)
G_APPROVED, G_INVESTMENT, G_RESEARCH, G_WHOLE, G_RECEIVED = range(5)
CLAIMANT_NUMBERS = 5
(Q_KIND, Q_SLOT, Q_FIRM, Q_DAY, Q_QUOTE, Q_VALUE, Q_BASE, Q_ACTIVITY, Q_APPROVE, Q_AWARE, Q_ABLE,
 Q_STANDING) = range(12)  # fmt: skip
Q_FACTS = 12
OFF_LADDER, ON_LADDER, NEWCOMER = range(3)
"""Standing of a holder, on which early knowledge depends."""
COMMITTED, PAID, CANCELLED, RECOVERED, MADE, APPROVED, RATIONED = range(7)
CLAUSE_OUTCOMES = 7
FEN = 100.0
_WHOLE = ("quarters", "recover", "place", "test_first", "test_last")
CONDITION = np.dtype([*((name, np.int64) for name in _WHOLE), ("share", np.float64)])
"""A condition on a grant: when it is tested after the claim, 1 if what was paid is taken back (else what is owed
stops), 1 if it names the place, its tests, and the share concerned."""


class City(NamedTuple):
    """State of a city between quarters; copied when a mix forks."""

    firms: Firms  # tables by column and slot
    count: np.ndarray  # int64[4]: slots used, claimants, claim rows, claims that found no room
    account_paid: np.ndarray  # float64[claimants, clauses, 2] CNY, lifetime and this year
    account_once: np.ndarray  # int8[claimants, clauses]
    gross: np.ndarray  # float64[claimants, CLAIMANT_NUMBERS]: what granted claims refer to, money received
    claims: np.ndarray  # float64[rows, CLAIM_COLUMNS]
    recognised: np.ndarray  # int64[places, steps], ever
    prices: np.ndarray  # float64[places, 3] log rent, wage and staff against the baseline's path
    adopters: np.ndarray  # float64[industries] share of firms with equipment of their own
    payout: np.ndarray  # float64[packages] share of what was asked that the last decision granted
    spent: np.ndarray  # float64[budget lines] CNY or places given out in the line's present period


class Office(NamedTuple):
    """How the packages of a mix decide, pay and check."""

    line_package: np.ndarray  # int64[lines]
    line_clause: np.ndarray  # int64[lines], -1: the package's own budget
    line_amount: np.ndarray  # float64[quarters, lines] CNY, NaN where the budget counts claims
    line_places: np.ndarray  # float64[lines] claims
    line_how: np.ndarray  # int64[lines] policy.arrays.RATION_*
    line_lifetime: np.ndarray  # int64[lines] 1: not anew each year
    line_fallback: np.ndarray  # int64[lines] 1: others step in for what it refuses whole
    prompt: np.ndarray  # int64[clauses] 1: decided in the quarter of the claim
    score: np.ndarray  # int64[clauses] fact that ranks its claims, -1 without one
    refusable: np.ndarray  # int64[clauses] 1: a budget may refuse it whole, and then others step in
    stand_by: int  # 1: some clause is refusable
    part_first: np.ndarray  # int64[clauses] its instalments
    part_last: np.ndarray
    part_share: np.ndarray  # float64[parts]
    part_lag: np.ndarray  # float64[parts] quarters after the decision, or after the date that it waits for
    part_after: np.ndarray  # float64[parts] quarters from the claim to the date that a payment waits for
    condition_first: np.ndarray  # int64[clauses] its conditions
    condition_last: np.ndarray
    condition: np.ndarray  # CONDITION
    test: np.ndarray  # policy.arrays.TEST


class Mix(NamedTuple):
    """Everything of a mix that a quarter needs; money of the draw is realised."""

    arrays: NamedTuple  # policy.arrays.ClauseArrays
    announced: np.ndarray  # float64[packages] quarter index of the announcement
    office: Office
    studied: np.ndarray  # int64[packages] 1 for packages under study, 0 for the history's
    present: np.ndarray  # float64[packages] present value of a yuan of a project grant, from decision and lags
    present_research: np.ndarray  # float64[packages] the same of a grant on research
    with_purchase: np.ndarray  # float64[packages] part of a project grant that comes with the purchase
    layer_rate: np.ndarray  # float64[quarters, rows, LAYERS]: project offers by (industry, place, type, major)
    layer_end: np.ndarray
    layer_package: np.ndarray  # int64
    line: np.ndarray  # float64[quarters, rows] CNY of project from which more opens; no rows when no clause has one
    line_lump: np.ndarray  # float64[quarters, rows] CNY paid from the line on whatever the size
    line_rate: np.ndarray  # float64[quarters, rows, LAYERS] layers from the line on
    line_end: np.ndarray
    line_package: np.ndarray  # int64[quarters, rows] whose line it is, -1 without one
    years_left: np.ndarray  # float64[quarters] until the first paying project clause ends
    opens: np.ndarray  # int64[quarters] when the next announced project clause that pays begins, -1 without one
    rd_rate: np.ndarray  # float64[quarters, rows, LAYERS]: research offers by (industry, place, major, core technology)
    rd_end: np.ndarray
    rd_package: np.ndarray
    offers: np.ndarray  # int64[5]: projects, research and national grants, leases, arrivals, talent
    welcomes: np.ndarray  # int64[kinds, places] 1 if a clause of the claim kind that pays is open to the place
    possible: np.ndarray  # bool[quarters, rows] whether any clause could pay a project of the row
    parameters: np.ndarray  # float64[quarters, parameters] with the changes in force
    hassle: np.ndarray  # float64[quarters, places] factor on the cost of applying
    outreach: np.ndarray  # float64[quarters, packages] factor on how fast the package becomes known
    credit: np.ndarray  # float64[quarters, places, 3] CNY a firm, share of eligible firms reached, step mask
    outside_kind: np.ndarray  # int64[n]
    outside_facts: np.ndarray  # float64[n, MAX_FACTS]
    outside_from: np.ndarray  # float64[n] quarter index
    outside_rate: np.ndarray  # float64[n] claims a quarter
    outside_on: np.ndarray  # int64[n] the fact that dates the claim
    price: np.ndarray  # float64[quarters] price level: claims are nominal, the cost of applying is at constant prices
    demand: np.ndarray  # float64[quarters, industries] additional demand over value added of the baseline


class Desk(NamedTuple):
    """The office's tray of claims and quotes, and its scratch."""

    tray: np.ndarray  # float64[rows, Q_FACTS + MAX_FACTS]
    waiting: np.ndarray  # int64[1] rows in the tray
    asked: np.ndarray  # int64[packages] fen
    granted: np.ndarray  # int64[packages] fen
    due: np.ndarray  # int64[rows] claims to be decided
    queue: np.ndarray  # int64[rows] those of one budget, in the order in which it serves them
    rank: np.ndarray  # float64[rows]
    ticket: np.ndarray  # float64[rows]
    firm: np.ndarray  # float64[rows]
    asks: np.ndarray  # float64[rows]
    gets: np.ndarray  # float64[rows]
    facts: np.ndarray  # float64[MAX_FACTS]
    filed: np.ndarray  # int64[clauses] rows of the claim being filed
    until: np.ndarray  # int64[clauses] last days of clauses that are closed for a while
    have: np.ndarray  # float64[clauses, MAX_PERIODS] what a claim pays beside some refused rows
    used: np.ndarray
    before: np.ndarray
    count: np.ndarray
    amount: np.ndarray
    status: np.ndarray
    detail: np.ndarray
    shadow: np.ndarray


def new_row(
    tray, waiting, count, kind, slot, firm, place, day, registered, steps, fields, revenue, staff, aware, able,
    u_approve,
):  # fmt: skip
    """Put a claim into the tray with the facts that every claim has; returns its number, or the last one when full."""
    r = waiting[0]
    if r >= tray.shape[0] - 1:
        count[OVERFLOW] += 1
        r = tray.shape[0] - 1
    else:
        waiting[0] = r + 1
    row = tray[r]
    for i in range(Q_FACTS, row.size):
        row[i] = np.nan
    row[Q_KIND], row[Q_SLOT], row[Q_FIRM], row[Q_DAY], row[Q_QUOTE], row[Q_VALUE] = kind, slot, firm, day, 0.0, 0.0
    row[Q_BASE], row[Q_ACTIVITY], row[Q_APPROVE], row[Q_AWARE], row[Q_ABLE] = 0.0, ON_NOTHING, u_approve, aware, able
    row[Q_STANDING] = ON_LADDER if steps > 0.0 else OFF_LADDER
    row[Q_FACTS + F_PLACE], row[Q_FACTS + F_APPLIED], row[Q_FACTS + F_REGISTERED] = place, day, registered
    row[Q_FACTS + F_STEPS], row[Q_FACTS + F_FIELDS], row[Q_FACTS + F_LOCAL] = steps, fields, 1.0
    row[Q_FACTS + F_REVENUE], row[Q_FACTS + F_EMPLOYEES] = revenue, staff
    return r


def keep_claims(desk, quotes):
    """Drop the quotes from the tray and move the claims behind them to its front."""
    for r in range(quotes, desk.waiting[0]):
        for i in range(desk.tray.shape[1]):
            desk.tray[r - quotes, i] = desk.tray[r, i]
    desk.waiting[0] -= quotes


def known_share(mix, package, first, quarter, p):
    """Share of firms that know a package in a quarter when a share ``first`` knows it at announcement."""
    years = 0.25 * (quarter - mix.announced[package])
    return take_up.aware_share(
        years, first, p[P_AWARE_INNOVATION] * p[P_OUTREACH] * mix.outreach[quarter, package], p[P_AWARE_IMITATION]
    )


def knows(known, u_aware, standing):
    """Whether a holder knows any package."""
    return u_aware < most_known(known, standing)


def most_known(known, standing):
    """Share of holders of a standing that know any package."""
    most = 0.0
    for package in range(known.shape[0]):
        most = max(most, known[package, standing])
    return most


def account_of(city, slot):
    """Row of a firm in the claimants' table, made at its first claim; -1 when the table is full."""
    row = int(number_of(city.firms, ACCOUNT, slot))
    if row >= 0:
        return row
    row = city.count[CLAIMANTS]
    if row >= city.gross.shape[0]:
        city.count[OVERFLOW] += 1
        return -1
    city.count[CLAIMANTS] = row + 1
    put(city.firms, ACCOUNT, slot, row)
    city.account_paid[row, :, :] = 0.0
    city.account_once[row, :] = 0
    city.gross[row, :] = 0.0
    return row


def open_account(city, desk, account, clause):
    """What the firm has had from a clause, for caps, shared limits and ``once``."""
    for year in range(2):
        paid = city.account_paid[account, clause, year] if account >= 0 else 0.0
        desk.used[clause, ACCOUNT_FIRM, year] = paid
        desk.used[clause, ACCOUNT_HOLDER, year] = paid
    desk.count[clause] = city.account_once[account, clause] if account >= 0 else 0


def value_of(row, city, mix, desk, account, known):
    """Settle one row of the tray under the clauses of the packages that the holder knows; CNY over clauses and
    periods."""
    arrays = mix.arrays
    kind = int(row[Q_KIND])
    first, last = arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]
    total = 0.0
    if any_open(row, arrays, first, last, known):
        settle_known(row, city, mix, desk, account, kind, known, -1)
        for i in range(first, last):
            total += asked_of(desk, arrays.index[i])
    return total


def settle_known(row, city, mix, desk, account, kind, known, refused):
    """Settle one row of the tray under the clauses that its holder knows, without those of a refused row of the claim
    table and of the rows that it stands by for (``refused`` -1: nothing is refused)."""
    arrays = mix.arrays
    first, last = arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]
    for i in range(first, last):
        c = arrays.index[i]
        desk.until[c] = arrays.clause[c]["open_until"]
        if row[Q_AWARE] >= known[arrays.clause[c]["package"], int(row[Q_STANDING])]:
            arrays.clause[c]["open_until"] = 0
    r = refused
    while r >= 0:
        arrays.clause[int(city.claims[r, CL_CLAUSE])]["open_until"] = 0
        r = int(city.claims[r, CL_PARENT])
    settle_row(row, city, mix, desk, account, kind)
    for i in range(first, last):
        arrays.clause[arrays.index[i]]["open_until"] = desk.until[arrays.index[i]]


def settle_row(row, city, mix, desk, account, kind):
    """Settle one row of the tray under all clauses of its kind: amounts by clause and period."""
    arrays = mix.arrays
    for i in range(arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]):
        open_account(city, desk, account, arrays.index[i])
    for limit in range(arrays.limit.shape[0]):
        for i in range(arrays.limit[limit]["member_first"], arrays.limit[limit]["member_last"]):
            open_account(city, desk, account, arrays.index[i])
    settle(
        arrays, kind, row[Q_FACTS:], int(row[Q_DAY]), desk.used, desk.before, desk.before, desk.count, desk.amount,
        desk.status, desk.detail, desk.shadow,
    )  # fmt: skip


def any_open(row, arrays, first, last, known):
    """Whether the holder knows and meets any clause of the claim's kind: most rows end here."""
    for i in range(first, last):
        c = arrays.index[i]
        knows_it = row[Q_AWARE] < known[arrays.clause[c]["package"], int(row[Q_STANDING])]
        if knows_it and eligible(arrays, c, row[Q_FACTS:], int(row[Q_DAY]), row[Q_FACTS + F_PLACE]) == 1:
            return True
    return False


def work_through_tray(quarter, city, mix, desk, known, p, clause_out):
    """Settle every row of the tray: quotes get their value, claims are filed."""
    for r in range(desk.waiting[0]):
        row = desk.tray[r]
        slot = int(row[Q_SLOT])
        account = int(number_of(city.firms, ACCOUNT, slot)) if slot >= 0 and row[Q_QUOTE] < 0.5 else -1
        row[Q_VALUE] = value_of(row, city, mix, desk, account, known)
        if row[Q_QUOTE] < 0.5 and row[Q_VALUE] > 0.0:
            file_claim(row, quarter, slot, city, mix, desk, known, p, clause_out)


def file_claim(row, quarter, slot, city, mix, desk, known, p, clause_out):
    """The holder applies if it is worth the hassle; an approved claim leaves a row for every clause that would pay."""
    hassle = p[P_HASSLE_COST] * mix.hassle[quarter, int(row[Q_FACTS + F_PLACE])]
    benefit = row[Q_VALUE] / mix.price[quarter]
    if row[Q_ABLE] >= take_up.application_probability(benefit, hassle, p[P_HASSLE_SLOPE]):
        return
    approved = row[Q_APPROVE] < p[P_APPROVAL]
    account = account_of(city, slot) if approved and slot >= 0 else -1
    arrays = mix.arrays
    kind = int(row[Q_KIND])
    begin = city.count[ROWS_USED]
    for i in range(arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]):
        c = arrays.index[i]
        desk.filed[c] = -1
        asked = asked_of(desk, c)
        if asked <= 0.0:
            continue
        clause_out[c, MADE] += 1
        if not approved:
            continue
        clause_out[c, APPROVED] += 1
        desk.filed[c] = append(city, mix, row, c, quarter, desk, asked)
    if not approved:
        return
    if kind == LEASE and slot >= 0:
        put(city.firms, RELIEF_END, slot, 4.0 * years_of_relief(arrays, kind, desk))
    if GENERAL and mix.office.stand_by == 1:
        file_stand_by(row, quarter, city, mix, desk, account, kind, known, begin)
    if account >= 0:
        debit(city, arrays, desk, account, kind)


def asked_of(desk, clause):
    """CNY that a clause would pay over all periods."""
    asked = 0.0
    for k in range(MAX_PERIODS):
        asked += desk.amount[clause, k]
    return asked


def debit(city, arrays, desk, account, kind):
    """Debit the firm's account with what was filed; the decision corrects it."""
    for i in range(arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]):
        c = arrays.index[i]
        if desk.filed[c] >= 0:
            asked = city.claims[desk.filed[c], CL_ASKED]
            city.account_paid[account, c, 0] += asked
            city.account_paid[account, c, 1] += asked
            if arrays.clause[c]["once_account"] >= ACCOUNT_FIRM:
                city.account_once[account, c] = 1


def file_stand_by(row, quarter, city, mix, desk, account, kind, known, begin):
    """For every row of a claim (those from ``begin`` on) that a budget may refuse whole, rows that step in stand by;
    they may be refused in their turn."""
    r = begin
    while r < city.count[ROWS_USED]:
        if mix.office.refusable[int(city.claims[r, CL_CLAUSE])] == 1:
            stand_behind(r, row, quarter, city, mix, desk, account, kind, known, begin)
        r += 1


def stand_behind(r, row, quarter, city, mix, desk, account, kind, known, begin):
    """What other clauses pay more when row ``r`` and those that it stands by for are refused stands by for it.

    All of it together never exceeds what the claim is worth without the refused clauses, less what it pays anyway.
    """
    arrays = mix.arrays
    first, last = arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]
    settle_known(row, city, mix, desk, account, kind, known, r)
    paid_beside(r, city, arrays, desk, kind, begin)
    room, more = 0.0, 0.0
    for i in range(first, last):
        d = arrays.index[i]
        for k in range(MAX_PERIODS):
            rise = desk.amount[d, k] - desk.have[d, k]
            room += rise
            desk.amount[d, k] = max(0.0, rise)
            more += max(0.0, rise)
    share = min(1.0, max(0.0, room) / more) if more > 0.0 else 0.0
    for i in range(first, last):
        d = arrays.index[i]
        for k in range(MAX_PERIODS):
            desk.amount[d, k] = to_fen(desk.amount[d, k]) if share >= 1.0 else down_to_fen(desk.amount[d, k] * share)
        asked = asked_of(desk, d)
        if asked > 0.0:
            made = append(city, mix, row, d, quarter, desk, asked)
            if made > r:
                city.claims[made, CL_STATE], city.claims[made, CL_PARENT] = STAND_BY, r


def paid_beside(r, city, arrays, desk, kind, begin):
    """What a claim pays by clause and period once row ``r`` and those that it stands by for are refused: its other
    rows, and whatever else has stepped in for these."""
    for i in range(arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]):
        for k in range(MAX_PERIODS):
            desk.have[arrays.index[i], k] = 0.0
    for x in range(begin, city.count[ROWS_USED]):
        parent = int(city.claims[x, CL_PARENT])
        if not stands_by_for(r, x, city) and (parent < 0 or (parent != r and stands_by_for(r, parent, city))):
            for k in range(MAX_PERIODS):
                desk.have[int(city.claims[x, CL_CLAUSE]), k] += city.claims[x, CL_AMOUNTS + k]


def stands_by_for(r, x, city):
    """Whether row ``x`` is row ``r`` or one that it stands by for, at whatever remove."""
    while r >= 0 and r != x:
        r = int(city.claims[r, CL_PARENT])
    return r == x


def years_of_relief(arrays, kind, desk):
    """Tenancy years with any waived rent."""
    years = 0.0
    for i in range(arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]):
        for k in range(MAX_PERIODS):
            if desk.amount[arrays.index[i], k] > 0.0:
                years = max(years, k + 1.0)
    return years


def append(city, mix, row, clause, quarter, desk, asked):
    """One row of the claim table, and its number; counted as lost when the table is full, which ends the run."""
    r = city.count[ROWS_USED]
    if r >= city.claims.shape[0]:
        city.count[OVERFLOW] += 1
        return city.claims.shape[0] - 1
    city.count[ROWS_USED] = r + 1
    new = city.claims[r]
    for k in range(MAX_PERIODS):
        new[CL_AMOUNTS + k] = desk.amount[clause, k]
    new[CL_SLOT], new[CL_FIRM], new[CL_CLAUSE], new[CL_QUARTER] = row[Q_SLOT], row[Q_FIRM], clause, quarter
    new[CL_ASKED], new[CL_GRANTED], new[CL_PAID], new[CL_CANCELLED] = asked, 0.0, 0.0, 0.0
    new[CL_DECIDED], new[CL_STEP], new[CL_CHECK], new[CL_PARENT] = -1.0, 0.0, 0.0, -1.0
    new[CL_RECOVERED], new[CL_KEPT] = 0.0, 1.0
    new[CL_BASE], new[CL_ACTIVITY] = row[Q_BASE], row[Q_ACTIVITY]
    new[CL_TICKET] = further(row[Q_APPROVE], TICKET_OF_CLAIM)
    new[CL_SCORE] = score_of(row, mix.office.score[clause])
    new[CL_STATE] = FILED
    return r


def score_of(row, fact):
    """What ranks a claim: its fact, or where the model does not know it the assessors' marks, 0 to 100 by luck."""
    marks = 100.0 * further(row[Q_APPROVE], MARKS_OF_CLAIM)
    if fact < 0 or np.isnan(row[Q_FACTS + fact]):
        return marks
    return row[Q_FACTS + fact]
