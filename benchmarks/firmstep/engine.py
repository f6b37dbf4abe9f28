"""Runs of the reference model by the engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from policymix.engine import ruleset

from . import spec
from .spec import F

RULES = f"{__package__}.rules"
SLOT_ORDER = None


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
    """Numbers of a mix by quarter."""
    rules = ruleset.rule_set(RULES)
    values = {
        **{name: mix[:, F[name]] for name in ("rate_1", "rate_2", "rate_3", "line_1", "line_2", "cap", "oldest", "least")},
        "width": mix[:, F["line_2"]] - mix[:, F["line_1"]],
    }
    flat = {f"{name}_{c}": value[c] for name, value in values.items() for c in range(spec.CLAUSES)}
    out = np.zeros((spec.QUARTERS, len(rules.parameters)))
    for position, name in enumerate(rules.parameters):
        out[:, position] = spec.LN_USER_COST if name == "ln_user_cost" else flat[name]
    return out


def tables(firms: int, mix: np.ndarray) -> dict[str, np.ndarray]:
    """Tables of a mix; the share of adopters is written by ``one``."""
    return {
        "normal": spec.NORMAL.copy(),
        "usual": spec.INTENSITY.copy(),
        "peers": np.zeros(spec.SECTORS),
        "least_capital": spec.LEAST_CAPITAL.copy(),
        "least_intensity": spec.LEAST_INTENSITY.copy(),
        "open_to": spec.eligible(mix).astype(np.float64),
        "entry_distribution": spec.entry_distribution(firms),
    }


class Place(NamedTuple):
    """Where one thread works."""

    buffer: np.ndarray
    columns: dict[str, np.ndarray]
    scratch: tuple[np.ndarray, np.ndarray]


def place(firms: int) -> Place:
    """Room for a run."""
    rules = ruleset.rule_set(RULES)
    return Place(*ruleset.new_columns(rules, spec.capacity(firms)), ruleset.new_scratch(rules))


def one(at: Place, begin: Start, numbers: np.ndarray, tables: dict[str, np.ndarray], out: np.ndarray) -> None:
    """One run; sums are added to ``out``."""
    at.buffer[:] = begin.buffer
    tables["peers"][:] = begin.peers
    ruleset.run(RULES, begin.key, begin.firms, numbers, at.columns, tables, at.scratch, out)


def outcome_order() -> list[int]:
    """Position of every outcome of the specification among those of the rule set."""
    names = ruleset.rule_set(RULES).outcomes()
    return [names.index(name) for name in spec.OUTPUTS]


def run(begins: list[Start], mixes: np.ndarray, threads: int = 1) -> np.ndarray:
    """All replicates under all mixes, [replicates, mixes, quarters, sectors, outcomes]."""
    out = np.zeros((len(begins), len(mixes), spec.QUARTERS, spec.SECTORS, len(spec.OUTPUTS)))
    firms = begins[0].firms
    numbers = [parameters(mix) for mix in mixes]
    runs = [(r, m) for r in range(len(begins)) for m in range(len(mixes))]

    def share(thread: int) -> None:
        at, own = place(firms), [tables(firms, mix) for mix in mixes]
        for r, m in runs[thread::threads]:
            one(at, begins[r], numbers[m], own[m], out[r, m])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(share, range(threads)))
    return out[..., outcome_order()]
