"""What a mix changed, firm by firm against the baseline, as exact sums over groups of firms.

For a firm, y is its activity over the horizon. Additional sums y(mix) - y(baseline) over firms with an approved claim;
displacement sums it over all others, with its sign; gross is the part of y that approved claims refer to; deadweight =
gross - additional. Nothing is clipped. Groups are those of ``booking``: they add up to the whole.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from .booking import (
    ACTIVITIES,
    RUNGS,
    SIZES,
    UNITS,
    Activity,
    Pairs,
    beginnings,
    integers,
    mobile_projects,
    pair,
    summed,
)
from .claims import (
    CL_ACTIVITY,
    CL_BASE,
    CL_CLAUSE,
    CL_DECIDED,
    CL_GRANTED,
    CL_PAID,
    CL_SLOT,
    G_APPROVED,
    G_INVESTMENT,
    G_RESEARCH,
    G_WHOLE,
    ON_FIRM,
    ON_INVESTMENT,
    ON_RESEARCH,
    ROWS_USED,
    City,
)
from .symbols import ACCOUNT
from .table import column_of

MEASURES = ("gross", "additional", "deadweight", "displacement")
BOOKED = ("gross", "additional", "displacement")
"""Measures by group; deadweight is the first less the second."""
PUBLIC_RATE = 0.05
"""A year; weighs payments to one firm of different dates where its additional activity is shared out by clause."""


class Appraisal(NamedTuple):
    """A mix against the baseline, in CNY, CNY, CNY, persons and firms."""

    table: np.ndarray  # float64[activities, measures]
    by_place: np.ndarray  # float64[activities, booked, places, industries]
    by_size: np.ndarray  # float64[activities, booked, sizes, rungs]
    relocation: np.ndarray  # float64[activities, places] carried in by moves less what moves carry out
    from_elsewhere: np.ndarray  # float64[activities, places] change due to projects that came from outside the city
    yearly: np.ndarray  # float64[years] additional investment of supported firms, CNY, the last years of the run
    pulled_forward: float  # CNY of investment that supported firms made earlier instead of later
    gross_by_clause: np.ndarray  # float64[activities, clauses]
    allocated: np.ndarray  # float64[activities, clauses] additional, shared out
    never_claimed: float  # share of the absolute difference in value added of firms that never claimed


NOTHING = np.array(math.nan)
EMPTY = Appraisal(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, math.nan, NOTHING, NOTHING, math.nan)


class Pool(NamedTuple):
    """What tells a project from elsewhere by its address."""

    seed: int
    luck: int
    mobile: float  # share of the pool
    since: int  # first address of the horizon


def appraise(
    city: City,
    own: Activity,
    base: Activity,
    studied: np.ndarray,
    industries: int,
    pool: Pool,
    fields: Collection[str] = Appraisal._fields,
) -> Appraisal:
    """Set a mix's firms against the baseline's.

    Parameters
    ----------
    city : the mix's, at the end
    own, base : what its firms did, and those of the baseline, which was watched from the fork
    studied : bool[clauses] of the mix, whether it is of a package under study
    pool : which tells who came from elsewhere
    fields : those of the appraisal to form, in a few groups; others are NaN
    """
    places = city.prices.shape[0]
    pairs = pair(own, base)
    account = column_of(city.firms, ACCOUNT)[: own.address.size].astype(np.int64)
    approved = (account >= 0) & (city.gross[np.maximum(account, 0), G_APPROVED] > 0.5)
    difference, lost = pairs.change, -base.y[:, pairs.gone]
    changed = (difference != 0).any(axis=0)
    supported = np.flatnonzero(approved)
    others = np.flatnonzero(changed & ~approved)
    rest = np.concatenate([pairs.home[others], base.home[pairs.gone]])
    rest_change = np.concatenate([difference[:, others], lost], axis=1)
    gross = gross_activity(city, own.y, account, supported)
    home = pairs.home[supported]
    booked = (gross, home), (difference[:, supported], home), (rest_change, rest)
    shape = (places, len(SIZES), len(RUNGS), industries)
    groups = int(np.prod(shape)) // places
    found: dict[str, Any] = {}
    if "table" in fields:
        whole = np.stack([values.sum(axis=1) for values, _ in booked], axis=1)
        table = np.stack([whole[:, 0], whole[:, 1], whole[:, 0] - whole[:, 1], whole[:, 2]], axis=1)
        found["table"] = plain(table)
    if "by_place" in fields or "by_size" in fields:
        sums = np.stack([summed(values, group, places * groups) for values, group in booked], axis=1)
        by_group = sums.reshape(len(ACTIVITIES), len(BOOKED), *shape)
        found |= {"by_place": plain(by_group.sum(axis=(3, 4))), "by_size": plain(by_group.sum(axis=(2, 5)))}
    if "relocation" in fields:
        found["relocation"] = plain(relocated(own, base, pairs, places, groups))
    if "from_elsewhere" in fields:
        found["from_elsewhere"] = plain(elsewhere(own, base, pairs, changed, places, groups, pool))
    if "yearly" in fields or "pulled_forward" in fields:
        yearly, pulled = timing(own, base, pairs, supported)
        found |= {"yearly": yearly / UNITS[0], "pulled_forward": pulled / UNITS[0]}
    if "gross_by_clause" in fields or "allocated" in fields:
        by_clause, allocated = clauses(city, own.y, difference, approved, studied)
        found |= {"gross_by_clause": plain(by_clause), "allocated": plain(allocated)}
    if "never_claimed" in fields:
        found["never_claimed"] = silent_share(difference[2], approved, lost[2])
    return EMPTY._replace(**found)


def plain(integers: np.ndarray) -> np.ndarray:
    """Integers by activity, the first axis, as CNY, persons and firms."""
    return integers / UNITS.reshape(-1, *[1] * (integers.ndim - 1))


def gross_activity(city: City, y: np.ndarray, account: np.ndarray, supported: np.ndarray) -> np.ndarray:
    """What approved claims refer to, by supported firm: claimed investment and R&D; the whole activity of firms that
    claimed for their arrival or premises."""
    claims = city.gross[account[supported]]
    out = np.zeros((len(ACTIVITIES), supported.size), np.int64)
    for row, column in enumerate((G_INVESTMENT, G_RESEARCH)):
        out[row] = integers(claims[:, column], UNITS[row])
    out[2:] = y[2:, supported] * (claims[:, G_WHOLE] > 0.5)
    return out


def relocated(own: Activity, base: Activity, pairs: Pairs, places: int, groups: int) -> np.ndarray:
    """What moves carry into each place, less what they carry out, against the baseline: sums to nought over places.

    A place's activity by where firms are at the end changes by what is booked there plus this.
    """
    home, booked = pairs.home // groups, base.home // groups
    out = np.zeros((len(ACTIVITIES), places), np.int64)
    here = np.flatnonzero(own.place != home)
    out += carried(own.y, here, own.place[here], home[here], places)
    there = np.flatnonzero(base.place != booked)
    return out - carried(base.y, there, base.place[there], booked[there], places)


def carried(y: np.ndarray, firms: np.ndarray, to: np.ndarray, origin: np.ndarray, places: int) -> np.ndarray:
    """Activity of some firms by the place they are in, less the same by the place they are booked in."""
    return summed(y[:, firms], to, places) - summed(y[:, firms], origin, places)


def elsewhere(
    own: Activity,
    base: Activity,
    pairs: Pairs,
    changed: np.ndarray,
    places: int,
    groups: int,
    pool: Pool,
) -> np.ndarray:
    """Part of the change, supported or not, that is due to projects from outside the city, by the place they chose."""
    came = np.flatnonzero(changed & (own.address >= pool.since))
    address = np.concatenate([own.address[came], base.address[pairs.gone]])
    change = np.concatenate([pairs.change[:, came], -base.y[:, pairs.gone]], axis=1)
    at = np.concatenate([pairs.home[came], base.home[pairs.gone]]) // groups
    mobile = mobile_projects(address, pool.seed, pool.luck, pool.mobile)
    return summed(change[:, mobile], at[mobile], places)


def timing(own: Activity, base: Activity, pairs: Pairs, supported: np.ndarray) -> tuple[np.ndarray, int]:
    """Additional investment of supported firms by year, and how much of it was only pulled forward, in fen.

    d(t) is a firm's investment since the fork, mix less baseline, at the end of year t. What it is ahead at its peak
    and no longer at the end, max(0, max d) - d(end), was pulled forward: additional = highest lead - pulled forward.
    """
    years = len(own.invested)
    ahead = np.zeros((years + 1, supported.size), np.int64)
    slots = pairs.slot[supported]
    for year, (mine, theirs) in enumerate(zip(own.invested, base.invested[len(base.invested) - years :], strict=True)):
        ahead[year + 1] = fen_at(mine, supported) - fen_at(theirs, slots)
    pulled = ahead.max(axis=0) - ahead[-1]
    return np.diff(ahead.sum(axis=1)), int(pulled.sum())


def fen_at(invested: np.ndarray, slots: np.ndarray) -> np.ndarray:
    """CNY of some slots in fen, nought for firms that had not come yet (or never come: -1)."""
    there = (slots >= 0) & (slots < invested.size)
    return np.where(there, integers(invested[np.where(there, slots, 0)], UNITS[0]), 0)


def clauses(
    city: City, y: np.ndarray, difference: np.ndarray, approved: np.ndarray, studied: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """By clause: what its granted claims refer to, and its share of the additional activity of the firms that it paid.

    A firm's additional activity is shared out by the present value of what each clause has paid it, at the date of the
    decision (of what was granted, where nothing has been paid yet). Shares are booked to the unit and add up.
    """
    gross, allocated = (np.zeros((len(ACTIVITIES), studied.size), np.int64) for _ in range(2))
    rows = city.claims[: int(city.count[ROWS_USED])]
    if not rows.size:
        return gross, allocated
    slot, clause = rows[:, CL_SLOT].astype(np.int64), rows[:, CL_CLAUSE].astype(np.int64)
    good = np.flatnonzero((slot >= 0) & (rows[:, CL_GRANTED] > 0.0) & studied[clause])
    good = good[approved[slot[good]]]
    good = good[np.lexsort((clause[good], slot[good]))]
    if not good.size:
        return gross, allocated
    slot, clause, rows = slot[good], clause[good], rows[good]
    kind = rows[:, CL_ACTIVITY]
    for activity, on in enumerate((ON_INVESTMENT, ON_RESEARCH)):
        mine = np.flatnonzero(kind == on)
        base = integers(rows[mine, CL_BASE], UNITS[activity])
        gross[activity] = summed(base[None], clause[mine], studied.size)[0]
    once = np.r_[True, (slot[1:] != slot[:-1]) | (clause[1:] != clause[:-1])]
    whole = np.flatnonzero(once & (kind == ON_FIRM))
    gross[2:] = summed(y[2:, slot[whole]], clause[whole], studied.size)
    return gross, summed(shared_out(difference, slot, weights(rows, slot)), clause, studied.size)


def weights(rows: np.ndarray, slot: np.ndarray) -> np.ndarray:
    """Weight of each granted row, in order of slots, within its firm: CNY paid (or granted) by the decision's date."""
    worth = (1.0 + PUBLIC_RATE) ** (-0.25 * np.maximum(rows[:, CL_DECIDED], 0.0))
    starts = beginnings(slot)
    sizes = np.diff(np.r_[starts, slot.size])
    paid = rows[:, CL_PAID]
    unpaid = np.repeat(np.add.reduceat(paid, starts) <= 0.0, sizes)
    return np.where(unpaid, rows[:, CL_GRANTED], paid) * worth


def shared_out(difference: np.ndarray, slot: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Every firm's int64 activity over its rows by weight; rounded at the borders of the rows, so that they add up."""
    starts = beginnings(slot)
    sizes = np.diff(np.r_[starts, slot.size])
    running = np.cumsum(weight)
    before = np.repeat(np.r_[0.0, running[starts[1:] - 1]], sizes)
    upper = (running - before) / np.repeat(np.add.reduceat(weight, starts), sizes)
    last = np.r_[starts[1:] - 1, slot.size - 1]
    upper[last] = 1.0
    lower = np.r_[0.0, upper[:-1]]
    lower[starts] = 0.0
    change = difference[:, slot]
    return np.rint(change * upper).astype(np.int64) - np.rint(change * lower).astype(np.int64)


def silent_share(difference: np.ndarray, approved: np.ndarray, lost: np.ndarray) -> float:
    """Share of the absolute difference that comes from firms which never claimed."""
    gone = np.abs(lost).sum()
    loud = np.abs(difference).sum() + gone
    return float((np.abs(difference[~approved]).sum() + gone) / loud) if loud > 0 else 0.0
