"""Runs of the reference model by the engine."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from policymix.engine import ruleset

from . import spec
from .rules import AMOUNTS
from .spec import F

RULES = f"{__package__}.rules"


class Start(NamedTuple):
    """The firms of a replicate before its first quarter."""

    key: np.uint64
    firms: int
    buffer: np.ndarray
    peers: np.ndarray


def start(firms: int, seed: int, replicate: int) -> Start:
    """Firms of a replicate in one buffer."""
    buffer, columns = ruleset.new_columns(ruleset.rule_set(RULES), spec.capacity(firms))
    for name, values in spec.first_firms(firms, seed, replicate).items():
        columns[name][:] = values
    return Start(spec.key_of(seed, replicate), firms, buffer, spec.share_of_adopters(columns, firms))


def parameters(mix: np.ndarray) -> np.ndarray:
    """Numbers of a mix by quarter, in the order of the rule set's parameters."""
    fields = {name: mix[:, position] for name, position in F.items()} | {
        "width": mix[:, F["line_2"]] - mix[:, F["line_1"]]
    }
    amounts = np.stack([fields[name] for name in AMOUNTS], axis=1).ravel()
    return np.column_stack([spec.LN_USER_COST, np.broadcast_to(amounts, (spec.QUARTERS, amounts.size))])


def tables(mix: np.ndarray, distribution: np.ndarray) -> dict[str, np.ndarray]:
    """Tables of a mix; the share of adopters is written by ``one``."""
    return {
        "normal": spec.NORMAL,
        "usual": spec.INTENSITY,
        "peers": np.zeros(spec.SECTORS),
        "least_capital": spec.LEAST_CAPITAL,
        "least_intensity": spec.LEAST_INTENSITY,
        "open_to": spec.eligible(mix).astype(np.float64),
        "entry_distribution": distribution,
    }


class Room(NamedTuple):
    """Where one thread works."""

    buffer: np.ndarray
    columns: dict[str, np.ndarray]
    scratch: tuple[np.ndarray, np.ndarray]
    tables: list[dict[str, np.ndarray]]


def room(firms: int, mixes: np.ndarray) -> Room:
    """Room for runs of some mixes."""
    rules = ruleset.rule_set(RULES)
    columns = ruleset.new_columns(rules, spec.capacity(firms))
    distribution = spec.entry_distribution(firms)
    return Room(*columns, ruleset.new_scratch(rules), [tables(mix, distribution) for mix in mixes])


def one(at: Room, begin: Start, numbers: np.ndarray, tables: dict[str, np.ndarray], out: np.ndarray) -> None:
    """One run; sums are added to ``out``."""
    at.buffer[:] = begin.buffer
    tables["peers"][:] = begin.peers
    ruleset.run(RULES, begin.key, begin.firms, numbers, at.columns, tables, at.scratch, out)


def in_order(out: np.ndarray) -> np.ndarray:
    """Outcomes of the rule set in the order of the specification."""
    names = ruleset.rule_set(RULES).outcomes()
    return out[..., [names.index(name) for name in spec.OUTPUTS]]


def shared(
    work: Callable[[Any, int, int], None], room: Callable[[], Any], replicates: int, mixes: int, threads: int
) -> None:
    """Do ``work(room, replicate, mix)`` for all runs in some threads, each with room of its own."""
    runs = [(r, m) for r in range(replicates) for m in range(mixes)]

    def part(thread: int) -> None:
        own = room()
        for r, m in runs[thread::threads]:
            work(own, r, m)

    if threads == 1:
        part(0)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, range(threads)))


def run(begins: list[Start], mixes: np.ndarray, threads: int = 1) -> np.ndarray:
    """All replicates under all mixes, [replicates, mixes, quarters, sectors, outcomes of the rule set]."""
    out = np.zeros((len(begins), len(mixes), spec.QUARTERS, spec.SECTORS, len(spec.OUTPUTS)))
    firms, numbers = begins[0].firms, [parameters(mix) for mix in mixes]

    def work(at: Room, r: int, m: int) -> None:
        one(at, begins[r], numbers[m], at.tables[m], out[r, m])

    shared(work, lambda: room(firms, mixes), len(begins), len(mixes), threads)
    return out
