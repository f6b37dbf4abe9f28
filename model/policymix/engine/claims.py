"""Stage 5: from an event of one holder to claims, decisions at the end of the year, payments and cancellations.

A claim row exists only where a clause would pay. Packages decide once a year, in the fourth quarter, on everything
claimed in it: then their yearly budget rations, and only then are accounts debited for good.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..firms import take_up
from ..policy.arrays import ACCOUNT_FIRM, ACCOUNT_HOLDER, MAX_PERIODS
from ..policy.claim import KIND_INDEX as _KINDS
from ..policy.claim import code, fact_index, mask
from ..policy.schedule import down_to_fen, eligible
from ..policy.settlement import settle
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
F_ARRIVED, F_HOW, F_FROM, F_HEADQUARTERS, F_FOREIGN, F_DOMESTIC, F_CAPITAL_FROM, F_PRIZE = (
    fact_index("arrival", name)
    for name in (
        "arrived_on", "how", "from_place", "headquarters", "paid_in_foreign_capital", "arrived_domestic_capital",
        "capital_from", "contest_prize",
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


(CL_SLOT, CL_FIRM, CL_CLAUSE, CL_QUARTER, CL_ASKED, CL_GRANTED, CL_PAID, CL_DUE, CL_PERIOD, CL_BASE, CL_ACTIVITY,
 CL_STATE) = range(12)  # fmt: skip
CL_AMOUNTS = 12
CLAIM_COLUMNS = CL_AMOUNTS + MAX_PERIODS
FILED, GRANTED, CLOSED = 0.0, 1.0, 2.0
ON_INVESTMENT, ON_RESEARCH, ON_FIRM, ON_NOTHING = 0.0, 1.0, 2.0, 3.0
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


class City(NamedTuple):
    """State of a city between quarters; copied when a mix forks."""

    firms: np.ndarray  # float64[columns, slots]
    count: np.ndarray  # int64[4]: slots used, claimants, claim rows, claims that found no room
    account_paid: np.ndarray  # float64[claimants, clauses, 2] CNY, lifetime and this year
    account_once: np.ndarray  # int8[claimants, clauses]
    gross: np.ndarray  # float64[claimants, CLAIMANT_NUMBERS]: what granted claims refer to, money received
    claims: np.ndarray  # float64[rows, CLAIM_COLUMNS]
    recognised: np.ndarray  # int64[places, steps], ever
    prices: np.ndarray  # float64[places, 3] log rent, wage and staff against the baseline's path
    adopters: np.ndarray  # float64[industries] share of firms with equipment of their own
    payout: np.ndarray  # float64[packages] share of what was asked that the last decision granted


class Mix(NamedTuple):
    """Everything of a mix that a quarter needs; money of the draw is realised."""

    arrays: NamedTuple  # policy.arrays.ClauseArrays
    announced: np.ndarray  # float64[packages] quarter index of the announcement
    budget: np.ndarray  # float64[packages] CNY a year, NaN without one
    studied: np.ndarray  # int64[packages] 1 for packages under study, 0 for the history's
    share_of_year: np.ndarray  # float64[quarters, packages] part of the year in force
    layer_rate: np.ndarray  # float64[quarters, rows, LAYERS]: project offers by (industry, place, type, major)
    layer_end: np.ndarray
    layer_package: np.ndarray  # int64
    years_left: np.ndarray  # float64[quarters] until the first paying project clause ends
    rd_rate: np.ndarray  # float64[quarters, rows, LAYERS]: research offers by (industry, place, major)
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
    demand: np.ndarray  # float64[quarters, industries] additional demand over value added of the baseline


class Desk(NamedTuple):
    """The office's tray of claims and quotes, and its scratch."""

    tray: np.ndarray  # float64[rows, Q_FACTS + MAX_FACTS]
    waiting: np.ndarray  # int64[1] rows in the tray
    asked: np.ndarray  # int64[packages] fen
    used: np.ndarray
    before: np.ndarray
    count: np.ndarray
    amount: np.ndarray
    status: np.ndarray
    detail: np.ndarray
    shadow: np.ndarray


def new_row(
    city, desk, kind, slot, firm, place, day, registered, steps, fields, revenue, staff, aware, able, u_approve
):
    """Put a claim into the tray with the facts that every claim has; returns its number, or the last one when full."""
    r = desk.waiting[0]
    if r >= desk.tray.shape[0] - 1:
        city.count[OVERFLOW] += 1
        r = desk.tray.shape[0] - 1
    else:
        desk.waiting[0] = r + 1
    row = desk.tray[r]
    for i in range(Q_FACTS, row.size):
        row[i] = np.nan
    row[Q_KIND], row[Q_SLOT], row[Q_FIRM], row[Q_DAY], row[Q_QUOTE], row[Q_VALUE] = kind, slot, firm, day, 0.0, 0.0
    row[Q_BASE], row[Q_ACTIVITY], row[Q_APPROVE], row[Q_AWARE], row[Q_ABLE] = 0.0, ON_NOTHING, u_approve, aware, able
    row[Q_STANDING] = ON_LADDER if steps > 0.0 else OFF_LADDER
    row[Q_FACTS + F_PLACE], row[Q_FACTS + F_APPLIED], row[Q_FACTS + F_REGISTERED] = place, day, registered
    row[Q_FACTS + F_STEPS], row[Q_FACTS + F_FIELDS], row[Q_FACTS + F_LOCAL] = steps, fields, 1.0
    row[Q_FACTS + F_REVENUE], row[Q_FACTS + F_EMPLOYEES] = revenue, staff
    return r


def known_share(mix, package, first, quarter, p):
    """Share of firms that know a package in a quarter when a share ``first`` knows it at announcement."""
    years = 0.25 * (quarter - mix.announced[package])
    return take_up.aware_share(
        years, first, p[P_AWARE_INNOVATION] * p[P_OUTREACH] * mix.outreach[quarter, package], p[P_AWARE_IMITATION]
    )


def knows(known, u_aware, standing):
    """Whether a holder knows any package."""
    most = 0.0
    for package in range(known.shape[0]):
        most = max(most, known[package, standing])
    return u_aware < most


def account_of(city, slot):
    """Row of a firm in the claimants' table, made at its first claim; -1 when the table is full."""
    row = int(city.firms[ACCOUNT, slot])
    if row >= 0:
        return row
    row = city.count[CLAIMANTS]
    if row >= city.gross.shape[0]:
        city.count[OVERFLOW] += 1
        return -1
    city.count[CLAIMANTS] = row + 1
    city.firms[ACCOUNT, slot] = row
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
        for i in range(first, last):
            open_account(city, desk, account, arrays.index[i])
        for limit in range(arrays.limit.shape[0]):
            for i in range(arrays.limit[limit]["member_first"], arrays.limit[limit]["member_last"]):
                open_account(city, desk, account, arrays.index[i])
        settle(
            arrays, kind, row[Q_FACTS:], int(row[Q_DAY]), desk.used, desk.before, desk.before, desk.count, desk.amount,
            desk.status, desk.detail, desk.shadow,
        )  # fmt: skip
        for i in range(first, last):
            c = arrays.index[i]
            if row[Q_AWARE] >= known[arrays.clause[c]["package"], int(row[Q_STANDING])]:
                for k in range(MAX_PERIODS):
                    desk.amount[c, k] = 0.0
            for k in range(MAX_PERIODS):
                total += desk.amount[c, k]
    return total


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
        account = int(city.firms[ACCOUNT, slot]) if slot >= 0 and row[Q_QUOTE] < 0.5 else -1
        row[Q_VALUE] = value_of(row, city, mix, desk, account, known)
        if row[Q_QUOTE] < 0.5 and row[Q_VALUE] > 0.0:
            file_claim(row, quarter, slot, city, mix, desk, p, clause_out)


def file_claim(row, quarter, slot, city, mix, desk, p, clause_out):
    """The holder applies if it is worth the hassle; an approved claim leaves a row for every clause that would pay."""
    hassle = p[P_HASSLE_COST] * mix.hassle[quarter, int(row[Q_FACTS + F_PLACE])]
    if row[Q_ABLE] >= take_up.application_probability(row[Q_VALUE], hassle, p[P_HASSLE_SLOPE]):
        return
    approved = row[Q_APPROVE] < p[P_APPROVAL]
    account = account_of(city, slot) if approved and slot >= 0 else -1
    arrays = mix.arrays
    kind = int(row[Q_KIND])
    first = True
    for i in range(arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]):
        c = arrays.index[i]
        asked = 0.0
        for k in range(MAX_PERIODS):
            asked += desk.amount[c, k]
        if asked <= 0.0:
            continue
        clause_out[c, MADE] += 1
        if not approved:
            continue
        clause_out[c, APPROVED] += 1
        studied = mix.studied[arrays.clause[c]["package"]] == 1
        append(city, row, c, quarter, desk, asked, first and studied)
        first = first and not studied
        if account >= 0:
            city.account_paid[account, c, 0] += asked
            city.account_paid[account, c, 1] += asked
            if arrays.clause[c]["once_account"] >= ACCOUNT_FIRM:
                city.account_once[account, c] = 1
    if kind == LEASE and approved and slot >= 0:
        city.firms[RELIEF_END, slot] = 4.0 * years_of_relief(arrays, kind, desk)


def years_of_relief(arrays, kind, desk):
    """Tenancy years with any waived rent."""
    years = 0.0
    for i in range(arrays.kind[kind]["clause_first"], arrays.kind[kind]["clause_last"]):
        for k in range(MAX_PERIODS):
            if desk.amount[arrays.index[i], k] > 0.0:
                years = max(years, k + 1.0)
    return years


def append(city, row, clause, quarter, desk, asked, first):
    """One row of the claim table; counted as lost when the table is full, which ends the run."""
    r = city.count[ROWS_USED]
    if r >= city.claims.shape[0]:
        city.count[OVERFLOW] += 1
        return
    city.count[ROWS_USED] = r + 1
    new = city.claims[r]
    for k in range(MAX_PERIODS):
        new[CL_AMOUNTS + k] = desk.amount[clause, k]
    new[CL_SLOT], new[CL_FIRM], new[CL_CLAUSE], new[CL_QUARTER] = row[Q_SLOT], row[Q_FIRM], clause, quarter
    new[CL_ASKED], new[CL_GRANTED], new[CL_PAID], new[CL_DUE], new[CL_PERIOD] = asked, 0.0, 0.0, 0.0, 0.0
    new[CL_BASE] = row[Q_BASE] if first else 0.0
    new[CL_ACTIVITY] = row[Q_ACTIVITY] if first else ON_NOTHING
    new[CL_STATE] = FILED


def decide_year(quarter, city, mix, asked, clause_out):
    """The yearly decision: each package's budget shares itself out in proportion, down to the fen."""
    packages = mix.budget.size
    asked[:] = 0
    for r in range(city.count[ROWS_USED]):
        if city.claims[r, CL_STATE] == FILED:
            asked[mix.arrays.clause[int(city.claims[r, CL_CLAUSE])]["package"]] += round(city.claims[r, CL_ASKED] * FEN)
    for k in range(packages):
        available = mix.budget[k] * mix.share_of_year[quarter, k]
        if asked[k] > 0:
            wanted = asked[k] / FEN
            city.payout[k] = 1.0 if np.isnan(available) else min(1.0, available / wanted)
    for r in range(city.count[ROWS_USED]):
        if city.claims[r, CL_STATE] == FILED:
            grant(
                city,
                mix,
                r,
                quarter,
                city.payout[mix.arrays.clause[int(city.claims[r, CL_CLAUSE])]["package"]],
                clause_out,
            )


def grant(city, mix, r, quarter, share, clause_out):
    """Commit a share of what a row asks, correct the firm's account, and set the first payment date."""
    row = city.claims[r]
    c = int(row[CL_CLAUSE])
    granted = 0.0
    for k in range(MAX_PERIODS):
        if share < 1.0:
            row[CL_AMOUNTS + k] = down_to_fen(row[CL_AMOUNTS + k] * share)
        granted += row[CL_AMOUNTS + k]
    row[CL_GRANTED] = granted
    row[CL_STATE] = GRANTED if granted > 0.0 else CLOSED
    row[CL_DUE] = quarter + max(1.0, np.floor(mix.arrays.clause[c]["lag_quarters"] + 0.5))
    clause_out[c, COMMITTED] += round(granted * FEN)
    if share < 1.0:
        clause_out[c, RATIONED] += 1
    slot = int(row[CL_SLOT])
    if slot == OUTSIDE:
        return
    account = int(city.firms[ACCOUNT, slot])
    for year in range(2):
        city.account_paid[account, c, year] -= row[CL_ASKED] - granted
    if granted <= 0.0:
        city.account_once[account, c] = 0
        return
    if mix.studied[mix.arrays.clause[c]["package"]] == 0:
        return
    city.gross[account, G_APPROVED] = 1.0
    if row[CL_ACTIVITY] == ON_INVESTMENT:
        city.gross[account, G_INVESTMENT] += row[CL_BASE]
    elif row[CL_ACTIVITY] == ON_RESEARCH:
        city.gross[account, G_RESEARCH] += row[CL_BASE]
    elif row[CL_ACTIVITY] == ON_FIRM:
        city.gross[account, G_WHOLE] = 1.0


def pay_due(quarter, city, price, clause_out):
    """Pay what is due this quarter; a later period waits a year; what a firm that has left was owed is cancelled."""
    for r in range(city.count[ROWS_USED]):
        row = city.claims[r]
        if row[CL_STATE] != GRANTED:
            continue
        slot, c = int(row[CL_SLOT]), int(row[CL_CLAUSE])
        if slot != OUTSIDE and city.firms[ALIVE, slot] < 0.5:
            clause_out[c, CANCELLED] += round((row[CL_GRANTED] - row[CL_PAID]) * FEN)
            row[CL_STATE] = CLOSED
        elif row[CL_DUE] == quarter:
            pay_period(city, row, slot, c, price, clause_out)


def pay_period(city, row, slot, clause, price, clause_out):
    """Pay one period of a row and move on to the next."""
    amount = row[CL_AMOUNTS + int(row[CL_PERIOD])]
    clause_out[clause, PAID] += round(amount * FEN)
    row[CL_PAID] += amount
    if slot != OUTSIDE:
        city.firms[FUNDS, slot] += amount / price
        city.gross[int(city.firms[ACCOUNT, slot]), G_RECEIVED] += amount / price
    row[CL_PERIOD] += 1.0
    row[CL_DUE] += 4.0
    if row[CL_PERIOD] >= MAX_PERIODS or round((row[CL_GRANTED] - row[CL_PAID]) * FEN) <= 0:
        row[CL_STATE] = CLOSED


def new_accounting_year(city):
    """Yearly caps start anew."""
    for row in range(city.count[CLAIMANTS]):
        for c in range(city.account_paid.shape[1]):
            city.account_paid[row, c, 1] = 0.0
