"""Runs of the reference model in plain NumPy: one run at a time, all its firms at once."""

from __future__ import annotations

import numpy as np

from . import spec as s
from .spec import F

KIND = s.BASE_MIX[:, F["base"]].astype(int)
GROUP = s.BASE_MIX[:, F["group"]].astype(int)
CURVATURE = 1.0 / (1.0 - s.CAPITAL_SHARE)
CHANGED = ("capital", "ln_productivity", "staff", "intensity", "cash", "age", "tier", "digital", "alive")


def logistic(score: np.ndarray) -> np.ndarray:
    """Probability of a score."""
    return 1.0 / (1.0 + np.exp(-score))


def benefits(
    mix: np.ndarray, open_to: np.ndarray, age: np.ndarray | float, bases: tuple[np.ndarray, ...]
) -> np.ndarray:
    """What each clause pays to each firm, [CLAUSES, firms]; of an exclusive group only the highest."""
    out = np.zeros((s.CLAUSES, len(bases[0])))
    for c, clause in enumerate(mix):
        field = dict(zip(s.FIELDS, clause.tolist(), strict=True))
        x, line_1, line_2 = bases[KIND[c]], field["line_1"], field["line_2"]
        amount = field["rate_1"] * np.minimum(x, line_1)
        amount += field["rate_2"] * np.clip(x - line_1, 0.0, line_2 - line_1)
        amount += field["rate_3"] * np.maximum(x - line_2, 0.0)
        able = ((open_to >> c) & 1 == 1) & (age <= field["oldest"]) & (bases[0] >= field["least"])
        out[c] = np.where(able, np.minimum(amount, field["cap"]), 0.0)
    for group in set(GROUP.tolist()) - {-1}:
        members = np.flatnonzero(group == GROUP)
        best = out[members].argmax(0)
        for position, c in enumerate(members):
            out[c] = np.where(best == position, out[c], 0.0)
    return out


def one(firms: int, mix: np.ndarray, key: np.uint64, first: dict[str, np.ndarray]) -> np.ndarray:
    """One run, [QUARTERS, SECTORS, OUTPUTS]."""
    columns = {name: values.copy() for name, values in first.items()}
    word = s.words(key, np.arange(s.capacity(firms)))
    open_to, distribution = s.eligible(mix), s.entry_distribution(firms)
    out, used = np.zeros((s.QUARTERS, s.SECTORS, len(s.OUTPUTS))), firms
    peers = s.share_of_adopters(columns, firms)
    for t in range(s.QUARTERS):
        quarter(t, used, mix, columns, word, open_to, peers, out[t])
        peers = out[t, :, s.OUTPUTS.index("adopters")] / np.maximum(1.0, out[t, :, s.OUTPUTS.index("firms")])
        used += enter(t, used, mix, columns, key, word, open_to, distribution, out[t])
    return out


def quarter(
    t: int,
    used: int,
    mix: np.ndarray,
    columns: dict[str, np.ndarray],
    words: np.ndarray,
    open_to: np.ndarray,
    peers: np.ndarray,
    out: np.ndarray,
) -> None:
    """All firms through one quarter."""
    rows = np.flatnonzero(columns["alive"][:used])
    k, la, staff, rd, cash, age, sector, zone, tier, digital, _ = (column[rows] for column in columns.values())
    word = words[rows]
    u = {
        p: s.uniform(s.hashed(word, t, p)) for p in (s.LUCK_OF_COST, s.LUCK_OF_ADOPTION, s.LUCK_OF_RISE, s.LUCK_OF_EXIT)
    }
    level = s.NORMAL[sector] + s.RESEARCH_GAIN * rd + s.DIGITAL_GAIN * digital
    la = s.PERSISTENCE * la + (1 - s.PERSISTENCE) * level + s.SPREAD * s.normal(s.hashed(word, t, s.LUCK_OF_GROWTH))
    lnk, lnl = np.log(k), np.log(staff)
    lnva = la + s.CAPITAL_SHARE * lnk + s.LABOUR_SHARE * lnl
    va = np.exp(lnva)
    lnw = (np.log(s.CAPITAL_SHARE) + la + s.LABOUR_SHARE * lnl - s.LN_USER_COST[t]) * CURVATURE
    wanted, kept = np.exp(lnw), (1 - s.WEAR) * k
    project, wages, spending = np.maximum(wanted - kept, 0.0), s.WAGE * staff, rd * va
    cell = (sector.astype(int) * s.ZONES + zone) * s.TIERS + tier
    b = benefits(mix, open_to[cell], age, (project, wages, spending))
    on_projects, other, on_research = b[KIND == 0].sum(0), b[KIND != 0].sum(0), b[KIND == 2].sum(0)
    rate = np.where(project > 0, np.minimum(s.LARGEST_RATE, on_projects / np.maximum(project, 1e-30)), 0.0)
    rise = -np.log(1 - rate) * CURVATURE
    gap = lnw + rise - (lnk + np.log(1 - s.WEAR))
    candidate = np.minimum(wanted * np.exp(rise) - kept, np.maximum(0.0, cash + s.BANKABLE * va) / (1 - rate))
    gain = 0.5 * s.GAIN_OF_GAP * va * gap * gap
    acts = (gap > 0) & (gain > s.FIXED_COST * u[s.LUCK_OF_COST] * k) & (candidate > 0)
    invested = np.where(acts, candidate, 0.0)
    k = kept + invested
    b[KIND == 0] *= acts
    paid = b.sum(0)
    score = s.ADOPT_BASE + s.ADOPT_SUPPORT * np.minimum((on_projects + other) / va, 2.0) + s.ADOPT_PEERS * peers[sector]
    digital = digital | (u[s.LUCK_OF_ADOPTION] < logistic(score))
    target = s.INTENSITY[sector] * (1 + s.RESEARCH_RESPONSE * np.minimum(1.0, on_research / (spending + 1e-9)))
    rd = rd + s.RESEARCH_SPEED * (target - rd)
    chance = logistic(s.RISE_BASE + s.RISE_RESEARCH * rd + s.RISE_PRODUCTIVITY * la)
    rises = (k >= s.LEAST_CAPITAL[tier]) & (rd >= s.LEAST_INTENSITY[tier]) & (u[s.LUCK_OF_RISE] < chance)
    tier = tier + rises.astype(np.uint8)
    operating = va - wages - spending
    profit = operating + paid
    cash = s.CASH_KEPT * cash + (1 - s.TAX) * operating + paid - invested - s.INTEREST * k
    score = s.EXIT_BASE + s.EXIT_SIZE * lnl + s.EXIT_AGE * np.minimum(age, 40) / 40
    exits = u[s.LUCK_OF_EXIT] < logistic(score + s.EXIT_PROFIT * np.clip(profit / va, -1.0, 1.0))
    staff_share = np.log(s.LABOUR_SHARE) - np.log(s.WAGE)
    staff = np.exp((1 - s.STAFF_SPEED) * lnl + s.STAFF_SPEED * (staff_share + lnva))
    stays = ~exits
    for name, values in zip(CHANGED, (k, la, staff, rd, cash, age + 1, tier, digital, stays), strict=True):
        columns[name][rows] = values
    sums = {
        "investment": invested, "value_added": va, "staff": staff * stays, "capital": k * stays, "firms": stays,
        "paid": paid, "adopters": digital * stays, "research": spending, "exits": exits,
        "promotions": rises, "profit": profit,
    }  # fmt: skip
    sums |= {f"tier_{m}": stays & (tier == m) for m in range(s.TIERS)} | {f"clause_{c}": b[c] for c in range(s.CLAUSES)}
    for name, values in sums.items():
        out[:, s.OUTPUTS.index(name)] = np.bincount(sector, values, s.SECTORS)


def enter(
    t: int,
    used: int,
    mix: np.ndarray,
    columns: dict[str, np.ndarray],
    key: np.uint64,
    words: np.ndarray,
    open_to: np.ndarray,
    distribution: np.ndarray,
    out: np.ndarray,
) -> int:
    """Newcomers of a quarter; how many."""
    u = s.uniform(s.hashed(s.words(key, s.NOBODY), t, s.LUCK_OF_COUNT))
    many = min(int(np.searchsorted(distribution, u, "left")), len(words) - used)
    rows = slice(used, used + many)
    word = words[rows]
    sector = np.searchsorted(s.SECTOR_ENDS, s.uniform(s.hashed(word, t, s.LUCK_OF_SECTOR)), "right")
    la = s.NORMAL[sector] + s.ENTRANT_SPREAD * s.normal(s.hashed(word, t, s.LUCK_OF_PRODUCTIVITY))
    lnk = s.ENTRANT_CAPITAL + s.ENTRANT_CAPITAL_SPREAD * s.normal(s.hashed(word, t, s.LUCK_OF_CAPITAL))
    lnl = s.ENTRANT_STAFF + s.ENTRANT_STAFF_SPREAD * s.normal(s.hashed(word, t, s.LUCK_OF_STAFF))
    k, staff, rd = np.exp(lnk), np.exp(lnl), s.INTENSITY[sector]
    va = np.exp(la + s.CAPITAL_SHARE * lnk + s.LABOUR_SHARE * lnl)
    weight = np.where(KIND == 0, 1.0, s.YEARS_COUNTED)[:, None]
    there = [
        (weight * benefits(mix, open_to[(sector * s.ZONES + zone) * s.TIERS], 0.0, (k, s.WAGE * staff, rd * va))).sum(0)
        for zone in range(s.ZONES)
    ]
    chance = logistic(s.ZONE_BASE + s.ZONE_SUPPORT * (there[1] - there[0]) / k)
    zone = s.uniform(s.hashed(word, t, s.LUCK_OF_ZONE)) < chance
    values = (k, la, staff, rd, s.CASH_AT_START * k, 0, sector, zone, 0, 0, 1)
    for column, value in zip(columns.values(), values, strict=True):
        column[rows] = value
    out[:, s.OUTPUTS.index("entries")] = np.bincount(sector, minlength=s.SECTORS)
    return many


def run(firms: int, keys: list[np.uint64], firsts: list[dict[str, np.ndarray]], mixes: np.ndarray) -> np.ndarray:
    """All replicates under all mixes, [replicates, mixes, QUARTERS, SECTORS, OUTPUTS]."""
    return np.stack(
        [np.stack([one(firms, mix, key, first) for mix in mixes]) for key, first in zip(keys, firsts, strict=True)]
    )
