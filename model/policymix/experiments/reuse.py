"""Runs that a named store has already: taken over where the hash of their inputs and code is the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from policymix.errors import InvalidFile
from policymix.experiments import sweep_store
from policymix.experiments.blocks import Known
from policymix.experiments.plan import Plan
from policymix.experiments.sweep_store import DONE


def known_runs(plan: Plan, folders: Sequence[str]) -> Known | None:
    """A function that gives the variables of those runs of a unit that the stores have; None without stores.

    What is missing or damaged in them is not known, and is run.

    Raises
    ------
    NotFound, InvalidFile
        A folder that is no store, or a store whose frame or states are damaged.
    """
    if not folders:
        return None
    sources = [_source(sweep_store.required(folder)) for folder in folders]
    own, baseline = plan.unit_hashes, list(plan.mixes).index(plan.scenario.baseline)

    def known(plan: Plan, draw: int, replicate: int) -> Mapping[str, Mapping[str, np.ndarray]]:
        found = {}
        for m, mix in enumerate(plan.mixes):
            for source in sources:
                numbers = _numbers(plan, source, own[m, draw, replicate], m == baseline)
                if numbers is not None:
                    found[mix] = numbers
                    break
        return found

    return known


@dataclass(frozen=True)
class Source:
    """A store to take from: the hashes of the runs that it has done, ascending, where each stands, its numbers."""

    hashes: np.ndarray
    places: np.ndarray
    read: Callable[[str, int, int], np.ndarray | None]


def _source(folder: Path) -> Source:
    found = sweep_store.open_frame(folder)
    done = np.argwhere(found[sweep_store.STATE].values == DONE)
    hashes = found["unit_hash"].values[tuple(done.T)]
    order = np.argsort(hashes, kind="stable")

    @lru_cache(maxsize=64)
    def read(name: str, draw: int, replicate: int) -> np.ndarray | None:
        """Numbers of one variable of one unit; None where they are damaged."""
        try:
            return found[name].isel(draw=[draw], replicate=[replicate]).values
        except InvalidFile:
            return None

    return Source(hashes[order], done[order], read)


def _numbers(plan: Plan, source: Source, wanted: np.uint64, is_baseline: bool) -> dict[str, np.ndarray] | None:
    """The variables of one run of a store, those of the unit as a whole with the baseline; None without them."""
    position = int(np.searchsorted(source.hashes, wanted))
    if position == len(source.hashes) or source.hashes[position] != wanted:
        return None
    m, draw, replicate = source.places[position].tolist()
    out = {}
    for stored in plan.stored:
        if "mix" not in stored.dims and not is_baseline:
            continue
        unit = source.read(stored.variable, draw, replicate)
        at = {"mix": m, "draw": 0, "replicate": 0}
        value = None if unit is None else unit[tuple(at.get(dim, slice(None)) for dim in stored.dims)]
        if value is None or not np.isfinite(value).all():  # a chunk that is not there reads as NaN
            return None
        out[stored.variable] = value
    return out
