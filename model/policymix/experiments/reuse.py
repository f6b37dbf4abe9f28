"""Runs that a named store has already: taken over where the hash of their inputs and code is the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from policymix.errors import InvalidFile, Problem
from policymix.experiments import store, sweep_store
from policymix.experiments.blocks import Known
from policymix.experiments.plan import Plan
from policymix.experiments.sweep_store import DONE

RUN = ("mix", "draw", "replicate")


def known_runs(plan: Plan, folders: Sequence[str]) -> Known | None:
    """A function that gives the variables of those runs of a unit that the stores have; None without stores.

    Raises
    ------
    NotFound, InvalidFile
        A folder that is no store, or a store that is damaged.
    """
    if not folders:
        return None
    places: dict[int, tuple[str, int, int, int]] = {}
    for folder in reversed([str(sweep_store.required(each)) for each in folders]):
        hashes, states = _read(folder, "unit_hash"), _read(folder, sweep_store.STATE)
        for m, d, r in np.argwhere(states == DONE):
            places[int(hashes[m, d, r])] = (folder, int(m), int(d), int(r))
    own = plan.unit_hashes

    def known(plan: Plan, draw: int, replicate: int) -> Mapping[str, Mapping[str, np.ndarray]]:
        found = {}
        for m, mix in enumerate(plan.mixes):
            place = places.get(int(own[m, draw, replicate]))
            if place is not None and (numbers := _numbers(plan, *place)):
                found[mix] = numbers
        return found

    return known


def _numbers(plan: Plan, folder: str, m: int, d: int, r: int) -> dict[str, np.ndarray]:
    """The variables of one run of a store; of the unit as a whole only with the baseline."""
    names = list(plan.mixes)
    out = {}
    for stored in plan.stored:
        if "mix" not in stored.dims and names[m] != plan.scenario.baseline:
            continue
        block = _block(folder, stored.variable, d, r)
        at = {"mix": m, "draw": 0, "replicate": 0}
        out[stored.variable] = block[tuple(at.get(dim, slice(None)) for dim in stored.dims)]
    return out


@lru_cache(maxsize=64)
def _block(folder: str, name: str, draw: int, replicate: int) -> np.ndarray:
    """Numbers of one variable of one unit of a store."""
    import zarr

    array = zarr.open_array(Path(folder) / sweep_store.ZARR / name, mode="r")
    at = {"draw": slice(draw, draw + 1), "replicate": slice(replicate, replicate + 1)}
    try:
        return np.asarray(array[tuple(at.get(dim, slice(None)) for dim in array.metadata.dimension_names)])
    except (ValueError, RuntimeError, OSError) as error:
        expected = "undamaged numbers; policymix sweep STUDY --resume mends a store"
        raise InvalidFile(folder, [Problem(f"{name}, draw {draw}", str(error), expected)]) from None


def _read(folder: str, name: str) -> np.ndarray:
    import zarr

    try:
        return np.asarray(zarr.open_array(Path(folder) / sweep_store.ZARR / name, mode="r")[...])
    except (ValueError, RuntimeError, OSError) as error:
        raise InvalidFile(folder, [Problem(name, str(error), f"a store as {store.MANIFEST} says")]) from None
