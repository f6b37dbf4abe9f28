"""Outcomes of one mix of one unit of work: the integers of the engine as numbers with the dims of ``OUTCOMES``.

The dims of the run (mix, draw, replicate) and the treatment of prices are left out.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np

from policymix.engine.accounts import A_FIRMS, A_INVESTMENT, A_JOBS, A_REVENUE, A_VALUE, STAFF_UNIT
from policymix.engine.claims import APPROVED, CANCELLED, COMMITTED, FEN, MADE, PAID, RATIONED, RECOVERED
from policymix.engine.entry import O_ENTRIES, O_EXITS, O_MOVES, O_PAPER, O_REAL_RD, O_REPORTED_RD
from policymix.engine.setting import Setting
from policymix.engine.timetable import FREE, FROZEN, RECORD
from policymix.engine.unit import MixResult
from policymix.engine.world import World
from policymix.experiments.outcomes import OUTCOMES

PRICES = ("frozen", "free")
PRICES_OF = {RECORD: PRICES, FROZEN: ("frozen",), FREE: ("free",)}
"""Treatments of prices that a run stands for: the baseline's own path is both."""
ACCOUNTS = {"committed": COMMITTED, "paid": PAID, "cancelled": CANCELLED, "recovered": RECOVERED}
CLAIM_COUNTS = {"claims_made": MADE, "claims_approved": APPROVED, "claims_rationed": RATIONED}
MONEY_FLOWS = {"investment": A_INVESTMENT, "value_added": A_VALUE, "revenue": A_REVENUE}
PLACE_MONEY = {"real_rd": O_REAL_RD, "reported_rd": O_REPORTED_RD}
PLACE_COUNTS = {"entries": O_ENTRIES, "exits": O_EXITS, "relocations_in": O_MOVES}

SHARES = ("core_value_added", "gdp", "core_share", "core_share_constant", "core_value_added_constant")
ALL = frozenset(each.name for each in OUTCOMES)


def real_outcomes(
    setting: Setting, world: World, result: MixResult, base: tuple[np.ndarray, np.ndarray], wanted: Container[str] = ALL
) -> dict[str, np.ndarray]:
    """Real outcomes of one mix under one treatment of prices, by name; flows at constant prices.

    Parameters
    ----------
    base : `core_and_users` of the baseline
    wanted : names of those to form
    """
    first, out, env = setting.burn_in, result.out, world.env
    cube, place = out.cube[first:], out.place[first:]
    found = {name: cube[..., column] / FEN for name, column in MONEY_FLOWS.items() if name in wanted}
    if "employment" in wanted:
        found["employment"] = cube[..., A_JOBS] / STAFF_UNIT
    if "active_firms" in wanted:
        found["active_firms"] = cube[..., A_FIRMS]
    found |= {name: place[..., column] / FEN for name, column in PLACE_MONEY.items() if name in wanted}
    found |= {name: place[..., column] for name, column in PLACE_COUNTS.items() if name in wanted}
    if "registrations" in wanted:
        found["registrations"] = place[..., O_ENTRIES] + place[..., O_PAPER]
    if "adopters" in wanted:
        found["adopters"] = out.adopters[first:].sum(axis=2)
    found |= {name: out.ladder[first:, :, :, k] for k, name in enumerate(("recognised", "meeting")) if name in wanted}
    for k, (name, index) in enumerate((("rent", env.rent_index), ("wage", env.wage_index))):
        if name in wanted:
            found[name] = (index[first:] / index[first])[:, None] * np.exp(out.prices[first:, :, k])
    if any(name in wanted for name in SHARES):
        found |= {name: value for name, value in _shares(setting, world, result, base).items() if name in wanted}
    return found


def core_and_users(setting: Setting, world: World, result: MixResult) -> tuple[np.ndarray, np.ndarray]:
    """Value added a quarter of core and of the other modelled industries, CNY at constant prices."""
    value = result.out.cube[setting.burn_in :, :, :, A_VALUE].sum(axis=1) / FEN
    core = world.region.core
    return value[:, core].sum(axis=1), value[:, ~core].sum(axis=1)


def _shares(setting: Setting, world: World, result: MixResult, base: tuple) -> dict[str, np.ndarray]:
    """GDP and the core share: GDP of the baseline is the environment's path, core included."""
    first, env = setting.burn_in, world.env
    core, users = core_and_users(setting, world, result)
    base_core, base_users = base
    price, relative = env.deflator[first:], env.core_price[first:]
    nominal = core * price * relative
    gdp = env.gdp_nominal[first:] + (core - base_core) * price * relative + (users - base_users) * price
    real = env.gdp_real[first:] + (core - base_core) + (users - base_users)
    start = world.region.core_share
    yearly = core.reshape(-1, 4).sum(axis=1)
    return {
        "core_value_added": nominal,
        "gdp": gdp,
        "core_share": np.r_[start, nominal.reshape(-1, 4).sum(1) / gdp.reshape(-1, 4).sum(1)],
        "core_share_constant": np.r_[start, yearly / real.reshape(-1, 4).sum(1)],
        "core_value_added_constant": np.r_[start * world.region.gdp, yearly],
    }


def money_outcomes(
    setting: Setting, result: MixResult, clauses: Sequence[str], payers: Sequence[str], wanted: Container[str] = ALL
) -> dict[str, np.ndarray]:
    """Accounts of one mix by clause and payer, counts of claims, and what describes the run, by name.

    Parameters
    ----------
    clauses, payers : rows and columns to put them in; a clause that the mix lacks has noughts
    wanted : names of those to form
    """
    compiled, first = setting.mixes[result.mix], setting.burn_in
    quarters = setting.quarters - first
    flows = [name for name in (*ACCOUNTS, "outstanding") if name in wanted]
    counts = [name for name in CLAIM_COUNTS if name in wanted]
    found = {name: np.zeros((quarters, len(clauses), len(payers))) for name in flows}
    found |= {name: np.zeros((quarters, len(clauses))) for name in counts}
    rows = {clause: row for row, clause in enumerate(clauses)}
    for c, clause in enumerate(compiled.clauses if flows or counts else ()):
        if clause not in rows:
            continue
        table = result.out.clause[first:, c]
        for name in flows:
            for payer, part in split(_account(table, name), compiled.payer_share[c]):
                found[name][:, rows[clause], payers.index(compiled.payers[payer])] = part / FEN
        for name in counts:
            found[name][:, rows[clause]] = table[:, CLAIM_COUNTS[name]]
    if "opportunity_spending" in wanted:
        found["opportunity_spending"] = result.opportunity_spending[first:]
    if "never_claimed_share" in wanted:
        assert result.appraisal is not None, f"{result.mix} was run without its appraisal"
        found["never_claimed_share"] = np.asarray(result.appraisal.never_claimed)
    if "pool_used" in wanted:
        pool = result.out.pool[first:].sum(axis=0)
        found["pool_used"] = pool[1] / max(1, pool[0])
    return found


def _account(table: np.ndarray, name: str) -> np.ndarray:
    """One account of a clause by quarter, in fen."""
    if name != "outstanding":
        return table[:, ACCOUNTS[name]]
    return np.cumsum(table[:, COMMITTED] - table[:, PAID] - table[:, CANCELLED])


def luck_outcomes(share: np.ndarray, luck_share: np.ndarray, granular: np.ndarray) -> dict[str, np.ndarray]:
    """What luck added to the baseline's core share (``share``, by year from the one before the start), and its
    standard deviation; both are nothing in that first year."""
    return {
        "core_share_luck": np.r_[0.0, share[1:] * luck_share],
        "core_share_granular_sd": np.r_[0.0, share[1:] * granular],
    }


def split(fen: np.ndarray, shares: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Integers split over payers by share, down to the fen; the last one with a share takes the remainder."""
    having = [k for k in range(len(shares)) if shares[k] > 0.0]
    left, parts = fen.copy(), []
    for k in having[:-1]:
        part = np.floor(fen * shares[k]).astype(np.int64)
        left = left - part
        parts.append((k, part))
    return [*parts, (having[-1], left)] if having else []
