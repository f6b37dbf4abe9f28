"""Accounts of a table of claims as arrays, and the compiled work through its rows.

Rows that share a firm, matter or holder carry over what was paid and what would have been paid, as in
``entitlement``: money paid counts for other stacking domains, the shadow for the row's own (step 5 of the order).
"""

import datetime
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numba import njit
from numba.extending import register_jitable

from policymix.policy import arrays as codes
from policymix.policy.arrays import MAX_PERIODS
from policymix.policy.compile import Compiled
from policymix.policy.schedule import to_fen
from policymix.policy.settlement import settle

EPOCH = datetime.date(1970, 1, 1).toordinal()
"""Ordinal of day 0 of numpy's dates."""


class Frame(NamedTuple):
    """A table read: ``ids``; kind int64[rows]; facts float64[rows, MAX_FACTS]; day int64[rows], ordinals; codes
    int64[rows] of matter, firm and holder, each with whether every row has its own."""

    ids: list[str]
    kind: np.ndarray
    facts: np.ndarray
    day: np.ndarray
    names: dict[str, tuple[np.ndarray, bool]]


NEED = np.dtype(
    [(name, np.int64) for name in ("clause", "account", "year", "own", "own_at", "same", "same_at", "once")]
)
"""An account that a clause counts by: where its money lies in ``cell``, and that of the same stacking domain in it."""
PAST = np.dtype([(name, np.int64) for name in ("clause", "key", "at")])
"""Where a clause's past of a stacking domain (shadow and paid by period), or its base of a matter, lies in ``cell``."""


class Ledger(NamedTuple):
    """Accounts as arrays. ``code[key, row, years on]``: which account of that key the row has, -1: shared with none."""

    code: np.ndarray
    shared: np.ndarray
    need: np.ndarray
    past: np.ndarray
    base: np.ndarray
    cell: np.ndarray


class Desk(NamedTuple):
    """Arrays that ``settle`` works on, by clause: the past of the present row, and what comes of it."""

    used: np.ndarray
    before: np.ndarray
    paid: np.ndarray
    once: np.ndarray
    amount: np.ndarray
    shadow: np.ndarray
    detail: np.ndarray


def desk_for(clauses: int) -> Desk:
    """A desk for a number of clauses."""
    periods = [np.zeros((clauses, MAX_PERIODS)) for _ in range(4)]
    before, paid, amount, shadow = periods
    once, detail = np.zeros(clauses, dtype=np.int64), np.full((clauses, 3), np.nan)
    return Desk(np.zeros((clauses, 4, 2)), before, paid, once, amount, shadow, detail)


class _Keys:
    """Codes of rows by (names, yearly), made when first asked for; only accounts that two rows share have one."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.at: dict[tuple[frozenset[str], bool], int] = {}
        self.codes: list[np.ndarray] = []
        self.sizes: list[int] = []
        self.year = (frame.day - EPOCH).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)

    def key(self, names: frozenset, yearly: bool) -> int:
        if (names, yearly) not in self.at:
            self.at[names, yearly] = len(self.codes)
            codes_here, size = self._made(names, yearly)
            self.codes.append(codes_here)
            self.sizes.append(size)
        return self.at[names, yearly]

    def _made(self, names: frozenset, yearly: bool) -> tuple[np.ndarray, int]:
        n = len(self.frame.ids)
        out = np.full((n, MAX_PERIODS), -1, dtype=np.int64)
        if any(self.frame.names[name][1] for name in names):
            return out, 0
        group = np.zeros(n, dtype=np.int64)
        for name in sorted(names):
            group = np.unique(group * n + self.frame.names[name][0], return_inverse=True)[1].astype(np.int64)
        some = np.bincount(group)[group] > 1
        span = int(np.ptp(self.year)) + MAX_PERIODS + 1
        pair = group * span + self.year - self.year.min() if yearly else group
        accounts = np.unique(pair[some])
        for p in range(MAX_PERIODS if len(accounts) else 0):
            wanted = pair + p if yearly else pair
            at = np.minimum(np.searchsorted(accounts, wanted), len(accounts) - 1)
            out[:, p] = np.where(some & (accounts[at] == wanted), at, -1)
        return out, len(accounts)


def _same(compiled: Compiled, clause: int) -> tuple[frozenset, bool]:
    """What makes the stacking domain of a clause: names, and whether the year of the claim."""
    arrays = compiled.arrays
    same = compiled.across_same if arrays.across else compiled.group_same[int(arrays.clause[clause]["group"])]
    yearly = "period" in same and arrays.clause[clause]["form"] != codes.FORM_RENT
    return frozenset(same) & {"firm", "holder", "matter"}, yearly


def ledger_of(compiled: Compiled, frame: Frame) -> tuple[Ledger, np.ndarray]:
    """The accounts that the clauses of the table's kinds need, and the order of the rows: by date, then id."""
    keys, arrays, size = _Keys(frame), compiled.arrays, 0
    rows: dict[str, list[tuple]] = {"need": [], "past": [], "base": []}
    limits = {int(arrays.index[i]) for row in arrays.limit for i in range(row["member_first"], row["member_last"])}
    kinds = np.unique(frame.kind)
    for c in np.flatnonzero(np.isin(arrays.clause["kind"], kinds)).tolist():
        row, (names, yearly) = arrays.clause[c], _same(compiled, c)
        for account, year, once in _accounts_of(arrays, c):
            own = keys.key(frozenset([codes.ACCOUNTS[account]]), bool(year))
            same = keys.key(names | {codes.ACCOUNTS[account]}, bool(year or yearly))
            if keys.sizes[own]:
                rows["need"].append((c, account, year, own, size, same, size + keys.sizes[own], once))
                size += keys.sizes[own] + 2 * keys.sizes[same]
        if c in limits or arrays.across or arrays.group[row["group"]]["rule"] != codes.RULE_ADD:
            key = keys.key(names, yearly)
            rows["past"].append((c, key, size))
            size += 2 * MAX_PERIODS * keys.sizes[key]
        if row["form"] == codes.FORM_BRACKETS or c in limits:
            key = keys.key(frozenset(["matter", "firm"]), False)
            rows["base"].append((c, key, size))
            size += keys.sizes[key]
    code = np.array(keys.codes) if keys.codes else np.zeros((0, len(frame.ids), MAX_PERIODS), dtype=np.int64)
    shared = np.asarray((code[:, :, 0] >= 0).any(axis=0))
    meet = np.flatnonzero(shared)
    named = np.array([frame.ids[i] for i in meet.tolist()], dtype=np.str_)
    order = np.concatenate([np.flatnonzero(~shared), meet[np.lexsort((named, frame.day[meet]))]])
    tables = {name: np.array(rows[name], dtype=NEED if name == "need" else PAST) for name in rows}
    return Ledger(code, shared, **tables, cell=np.zeros(size)), order


def _accounts_of(arrays: codes.ClauseArrays, clause: int) -> list[tuple[int, int, int]]:
    """Accounts (account, yearly, whether ``once`` counts by it) of a clause's caps, ``once`` and shared limits."""
    row = arrays.clause[clause]
    found = {(int(cap["account"]), int(cap["year"])) for cap in arrays.cap[row["cap_first"] : row["cap_last"]]}
    for limit in arrays.limit:
        if clause in arrays.index[limit["member_first"] : limit["member_last"]]:
            found.add((int(limit["account"]), int(limit["year"])))
    once = (int(row["once_account"]), int(row["once_year"]))
    return [(*each, int(each == once)) for each in sorted(found | {once}) if each[0] > codes.ACCOUNT_CLAIM]


@register_jitable
def recall(row, ledger, desk):
    """What ``settle`` needs to know of the past of a row: money paid elsewhere, the shadow of the same domain."""
    code, cell = ledger.code, ledger.cell
    need, past, base = ledger.need, ledger.past, ledger.base
    used, before, paid, count = desk.used, desk.before, desk.paid, desk.once
    for i in range(need.shape[0]):
        each = need[i]
        c = each["clause"]
        own = code[each["own"], row, 0]
        same = code[each["same"], row, 0]
        money = cell[each["own_at"] + own] if own >= 0 else 0.0
        taken = money > 0.0
        if same >= 0:
            at = each["same_at"] + 2 * same
            taken = taken or cell[at] > 0.0
            money += cell[at] - cell[at + 1]
        used[c, each["account"], each["year"]] = money
        if each["once"] == 1:
            count[c] = 1 if taken else 0
    for i in range(past.shape[0]):
        at = past[i]["at"] + 2 * MAX_PERIODS * code[past[i]["key"], row, 0]
        known = code[past[i]["key"], row, 0] >= 0
        for p in range(MAX_PERIODS):
            before[past[i]["clause"], p] = cell[at + 2 * p] if known else 0.0
            paid[past[i]["clause"], p] = cell[at + 2 * p + 1] if known else 0.0
    for i in range(base.shape[0]):
        at = code[base[i]["key"], row, 0]
        used[base[i]["clause"], codes.ACCOUNT_CLAIM, 0] = cell[base[i]["at"] + at] if at >= 0 else 0.0


@register_jitable
def debit(arrays, row, facts, ledger, desk):
    """Enter what a row would have been paid and was paid into its accounts; rent of later tenancy years into theirs."""
    code, cell = ledger.code, ledger.cell
    need, past, base = ledger.need, ledger.past, ledger.base
    shadow, amount = desk.shadow, desk.amount
    for i in range(need.shape[0]):
        each = need[i]
        for p in range(MAX_PERIODS):
            would, got = shadow[each["clause"], p], amount[each["clause"], p]
            if would <= 0.0 and got <= 0.0:
                continue
            own = code[each["own"], row, p]
            same = code[each["same"], row, p]
            if own >= 0:
                cell[each["own_at"] + own] += got
            if same >= 0:
                cell[each["same_at"] + 2 * same] += would
                cell[each["same_at"] + 2 * same + 1] += got
    for i in range(past.shape[0]):
        same = code[past[i]["key"], row, 0]
        for p in range(MAX_PERIODS if same >= 0 else 0):
            at = past[i]["at"] + 2 * (MAX_PERIODS * same + p)
            cell[at] += shadow[past[i]["clause"], p]
            cell[at + 1] += amount[past[i]["clause"], p]
    for i in range(base.shape[0]):
        c = base[i]["clause"]
        same = code[base[i]["key"], row, 0]
        if same >= 0 and arrays.clause[c]["base_fact"] >= 0 and (shadow[c, 0] > 0.0 or amount[c, 0] > 0.0):
            cell[base[i]["at"] + same] += facts[arrays.clause[c]["base_fact"]]


def work(arrays, kind, facts, day, order, ledger, desk, amount, status):
    """``settle`` for every row in order; writes ``amount`` (CNY) and ``status``, both [rows, clauses]."""
    for k in range(order.shape[0]):
        r = order[k]
        of = kind[r]
        if ledger.shared[r]:
            recall(r, ledger, desk)
        settle(
            arrays, of, facts[r], day[r], desk.used, desk.before, desk.paid, desk.once, desk.amount, status[r],
            desk.detail, desk.shadow,
        )  # fmt: skip
        if ledger.shared[r]:
            debit(arrays, r, facts[r], ledger, desk)
        for i in range(arrays.kind[of]["clause_first"], arrays.kind[of]["clause_last"]):
            c = arrays.index[i]
            total = 0.0
            for p in range(MAX_PERIODS):
                total += desk.amount[c, p]
            amount[r, c] = to_fen(total)


@cache
def compiled_work() -> Callable:
    """``work`` compiled, or read from numba's cache; the rules it inlines are part of the cached name."""
    rules = [
        Path(__file__).with_name(f"{name}.py") for name in ("arrays", "dates", "schedule", "stacking", "settlement")
    ]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in rules)).hexdigest()
    work.__qualname__ = f"work_{digest[:12]}"
    options: dict = {"_nrt": False, "error_model": "numpy", "no_cfunc_wrapper": True}  # no counting of references
    try:
        return njit(cache=True, **options)(work)
    except RuntimeError:  # no folder that numba may write to
        return njit(**options)(work)
