"""Gross, additional, deadweight and displacement of a mix against the baseline, firm by firm, as exact sums.

For a firm, y is its activity over the horizon. Additional sums y(mix) - y(baseline) over firms with an approved claim;
displacement sums it over all others, with its sign; gross is the part of y that approved claims refer to; deadweight =
gross - additional. Nothing is clipped.
"""

from __future__ import annotations

import numpy as np

from .claims import G_APPROVED, G_INVESTMENT, G_RESEARCH, G_WHOLE, City
from .symbols import ACCOUNT, ALIVE, FIRM, JOBS, SUM_INVESTMENT, SUM_RESEARCH, SUM_VALUE
from .table import column_of

ACTIVITIES = ("investment", "real_rd", "value_added", "employment", "active_firms")
MEASURES = ("gross", "additional", "deadweight", "displacement")
UNITS = np.array([100.0, 100.0, 100.0, 1048576.0, 1.0])
"""Integers per unit: fen, fen, fen, 2^-20 persons, firms."""
_COLUMNS = (SUM_INVESTMENT, SUM_RESEARCH, SUM_VALUE, JOBS, ALIVE)


def activity(city: City) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All firms since the fork by address: addresses, activity as integers, int64[activities, firms], and slots."""
    n = int(city.count[0])
    address = column_of(city.firms, FIRM)[:n].astype(np.int64)
    slots = np.argsort(address, kind="stable")
    done = np.stack([column_of(city.firms, c)[:n] for c in _COLUMNS], dtype=np.float64)
    y = np.floor(done * UNITS[:, None] + 0.5)
    return address[slots], y[:, slots].astype(np.int64), slots


def appraise(city: City, baseline: tuple[np.ndarray, np.ndarray, np.ndarray]) -> tuple[np.ndarray, float]:
    """Set a mix's firms against the baseline's.

    Returns
    -------
    float64[activities, measures]
        CNY, CNY, CNY, persons, firms.
    float
        Share of the absolute difference in value added that comes from firms which never claimed.
    """
    known, before, _ = baseline
    address, y, slots = activity(city)
    account = column_of(city.firms, ACCOUNT)[slots].astype(np.int64)
    approved = (account >= 0) & (city.gross[np.maximum(account, 0), G_APPROVED] > 0.5)
    base = np.zeros_like(y)
    spot = np.minimum(np.searchsorted(known, address), len(known) - 1)
    paired = known[spot] == address
    base[:, paired] = before[:, spot[paired]]
    gone = np.ones(len(known), bool)
    gone[spot[paired]] = False
    difference = y - base
    additional = difference[:, approved].sum(axis=1)
    displacement = difference[:, ~approved].sum(axis=1) - before[:, gone].sum(axis=1)
    gross = gross_activity(city, y, account, approved)
    table = np.stack([gross, additional, gross - additional, displacement], axis=1) / UNITS[:, None]
    loud = np.abs(difference[2]).sum() + np.abs(before[2, gone]).sum()
    silent = np.abs(difference[2, ~approved]).sum() + np.abs(before[2, gone]).sum()
    return table, float(silent / loud) if loud > 0 else 0.0


def gross_activity(city: City, y: np.ndarray, account: np.ndarray, approved: np.ndarray) -> np.ndarray:
    """What approved claims refer to: claimed investment and R&D; the whole activity of firms that claimed for their
    arrival or premises."""
    claims = city.gross[np.maximum(account, 0)]
    whole = approved & (claims[:, G_WHOLE] > 0.5)
    out = np.zeros(len(ACTIVITIES), np.int64)
    out[0] = np.floor(claims[approved, G_INVESTMENT] * UNITS[0] + 0.5).astype(np.int64).sum()
    out[1] = np.floor(claims[approved, G_RESEARCH] * UNITS[1] + 0.5).astype(np.int64).sum()
    out[2:] = y[2:, whole].sum(axis=1)
    return out
