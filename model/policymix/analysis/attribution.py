"""Which part of a mix earned the result: first-in, last-in and Shapley shares by clause or package.

v(S) is the outcome of the mix of the parts S less the baseline's, in the same draw and luck. First-in is v({i}),
last-in v(N) - v(N without i); the Shapley share is the mean over all orders of what i adds to those before it. Up to
six players it is exact; with more, orders are sampled with their reverses, anew in every run, so that the standard
error over runs holds both luck and sampling. Shares add up to v(N) in every run.

Shapley (1953), A value for n-person games; Castro, Gomez and Tejada (2009), doi:10.1016/j.cor.2008.04.004; Mitchell et
al. (2022), Sampling permutations for Shapley value estimation, JMLR 23 (antithetic orders).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from policymix.analysis.differences import summary
from policymix.errors import InvalidValue, RunFailed
from policymix.experiments.coalitions import EMPTY, OUTCOMES, Game, game_of, in_units, values_of
from policymix.experiments.scenario import Scenario

if TYPE_CHECKING:
    import xarray

EXACT = 6
"""Most players whose coalitions are all run."""
PAIRS = 1
"""Orders sampled in a run, each with its reverse."""
TOLERANCE = 1e-9
SHARES = ("shapley", "first_in", "last_in")
METHOD = (
    "Shapley (1953); sampled orders with their reverses: Castro, Gomez and Tejada (2009), "
    "doi:10.1016/j.cor.2008.04.004; paired by draw and luck"
)

Members = frozenset[int]
Worth = Mapping[Members, float]


def attribute(
    scenario: Scenario,
    mix: str,
    *,
    by: str | Sequence[str] = "clause",
    outcome: str = "investment",
    pairs: int = PAIRS,
    threads: int | None = None,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xarray.Dataset:
    """Shares of the parts of a mix in what it does.

    Parameters
    ----------
    scenario : its draws, replicates and seed; the units are those of `policymix.run`
    mix : one mix, or packages joined by ``+``
    by : clause, package, or names of both kinds that do not contain one another; what is left is ``rest``
    outcome : investment, value_added, real_rd, employment, active_firms, core_share or paid
    pairs : orders sampled in every run, each with its reverse, where there are more than six players
    threads : units of work at once; all processors by default
    processes : units at once in processes of their own, instead of threads: nearly twice as fast on two processors,
        where two threads wait for one interpreter; a program that asks for it begins under
        ``if __name__ == "__main__":``. The numbers are the same, to the bit.

    Returns
    -------
    Dataset over ``player, share``: mean, median, low, high, standard_error, resolved in the outcome's units, ``share``
    being shapley, first_in, last_in; and over ``draw, replicate``: ``total`` = v(N), and ``by_run(share, player)``.

    Raises
    ------
    NotFound, InvalidValue
        No such mix, outcome or player; players that contain one another.
    RunFailed
        A coalition has no number, or shares do not add up.
    """
    import xarray

    if pairs < 1:
        raise InvalidValue("--pairs", str(pairs), "1 or more")
    if threads is not None and processes is not None:
        raise InvalidValue("attribute", "both --threads and --processes", "one of them")
    game = game_of(scenario, mix, by, outcome)
    n, (draws, replicates) = len(game.players), (game.scenario.draws, game.scenario.replicates)
    shares = np.full((len(SHARES), n, draws, replicates), np.nan)
    total = np.full((draws, replicates), np.nan)

    def keep(draw: int, replicate: int, found: tuple[np.ndarray, float]) -> None:
        shares[:, :, draw, replicate], total[draw, replicate] = found

    in_units(game, partial(shares_of_unit, pairs), keep, threads, processes, progress)
    check_sums(shares[0], total)
    names = [player.name for player in game.players]
    coords = {"share": list(SHARES), "player": names, "draw": range(draws), "replicate": range(replicates)}
    by_run = xarray.DataArray(shares, coords, ["share", "player", "draw", "replicate"])
    table = summary(by_run)
    table["by_run"] = by_run
    whole = summary(xarray.DataArray(total[None], dims=["player", "draw", "replicate"]))
    table["total"] = (("draw", "replicate"), total)
    unit, title, title_zh = OUTCOMES[outcome]
    table.attrs.update(
        outcome=outcome, units=unit, title=title, title_zh=title_zh, mix=game.mix, method=METHOD,
        baseline=game.scenario.baseline, scenario=game.scenario.id, exact=int(n <= EXACT), pairs=pairs,
        price_base=str(game.inputs.region.reference.year), runs=draws * replicates,
        **{f"total_{name}": float(whole[name][0]) for name in ("mean", "low", "high", "standard_error")},
    )  # fmt: skip
    return table


def shares_of_unit(pairs: int, game: Game, draw: int, replicate: int) -> tuple[np.ndarray, float]:
    """Shares of one draw and replicate, float64[shares, players], and their total."""
    n, luck = len(game.players), draw * game.scenario.replicates + replicate
    orders = sampled_orders(n, pairs, game.scenario.seed, luck)
    worth = values_of(game, draw, replicate, coalitions_of(n, orders))
    return np.stack(shares_of(worth, n, orders)), worth[frozenset(range(n))]


def sampled_orders(players: int, pairs: int, seed: int, luck: int) -> list[tuple[int, ...]]:
    """Orders of the players, each followed by its reverse; none where all coalitions are run."""
    if players <= EXACT:
        return []
    rng = np.random.default_rng([seed, luck])
    found: list[tuple[int, ...]] = []
    for _ in range(pairs):
        order = tuple(int(each) for each in rng.permutation(players))
        found += [order, order[::-1]]
    return found


def coalitions_of(players: int, orders: Sequence[Sequence[int]]) -> set[Members]:
    """Coalitions that the three shares need: all of them without orders, else those along the orders, every player
    alone and every player missing."""
    everybody = range(players)
    if not orders:
        return {frozenset(each) for size in range(players + 1) for each in combinations(everybody, size)}
    along = {frozenset(order[:size]) for order in orders for size in range(players + 1)}
    alone, missing = ({frozenset([i]) for i in everybody}, {frozenset(everybody) - {i} for i in everybody})
    return along | alone | missing


def shares_of(worth: Worth, players: int, orders: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shapley, first-in and last-in shares of one run."""
    everybody = frozenset(range(players))
    first = np.array([worth[frozenset([i])] - worth[EMPTY] for i in range(players)])
    last = np.array([worth[everybody] - worth[everybody - {i}] for i in range(players)])
    shapley = along_orders(worth, players, orders) if orders else exact_shapley(worth, players)
    return shapley, first, last


def along_orders(worth: Worth, players: int, orders: Sequence[Sequence[int]]) -> np.ndarray:
    """Mean over orders of what every player adds to those before it."""
    found = np.zeros(players)
    for order in orders:
        for size, player in enumerate(order):
            found[player] += worth[frozenset(order[: size + 1])] - worth[frozenset(order[:size])]
    return found / len(orders)


def exact_shapley(worth: Worth, players: int) -> np.ndarray:
    """sum over S without i of |S|! (n - |S| - 1)! / n! (v(S with i) - v(S))."""
    found = np.zeros(players)
    for i in range(players):
        others = [j for j in range(players) if j != i]
        for size in range(players):
            weight = math.factorial(size) * math.factorial(players - size - 1) / math.factorial(players)
            for members in combinations(others, size):
                found[i] += weight * (worth[frozenset(members) | {i}] - worth[frozenset(members)])
    return found


def check_sums(shapley: np.ndarray, total: np.ndarray) -> float:
    """Largest |sum of shares - total| over the largest |total|; more than 1e-9, or a number that is none, is an error.

    Parameters
    ----------
    shapley : float64[players, draws, replicates]
    total : float64[draws, replicates]
    """
    if not (np.isfinite(shapley).all() and np.isfinite(total).all()):
        bad = np.argwhere(~np.isfinite(shapley).all(axis=0) | ~np.isfinite(total))
        listed = ", ".join(f"draw {draw} replicate {replicate}" for draw, replicate in bad[:5].tolist())
        raise RunFailed(f"a coalition's outcome is not a number in {listed}; repeat it with policymix run --draws")
    scale = float(np.abs(total).max()) or 1.0
    gap = float(np.abs(shapley.sum(axis=0) - total).max()) / scale
    if not gap <= TOLERANCE:
        raise RunFailed(f"shares add up to the total: found a gap of {gap:.3g} of it, expected at most {TOLERANCE:g}")
    return gap
