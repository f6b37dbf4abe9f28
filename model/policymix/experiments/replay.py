"""Make a stored run again from its own inputs and say whether the numbers are the same."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from policymix import catalog
from policymix.experiments import store
from policymix.experiments.scenario import load_scenario

if TYPE_CHECKING:
    import xarray

TOLERANCE = 1e-9  # relative, granted where versions differ


def replay(
    folder: str | os.PathLike[str], *, threads: int | None = None, progress: Callable[[int, int], None] | None = None
) -> tuple[bool, str]:
    """Run a folder's scenario again, from the files in its ``inputs/``, and compare.

    Returns
    -------
    equal : every number the same to the bit; to 1e-9 where versions differ
    report : what was compared, which versions differ, which outcomes differ most
    """
    folder = Path(folder)
    manifest = store.read_manifest(folder)
    changed = store.changed_inputs(folder, manifest)
    if changed:
        return False, f"{folder}: not run again, because its inputs were changed after the run: {', '.join(changed)}"
    before = store.open_results(folder)
    from policymix.experiments.runner import run

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", catalog.HiddenFile)  # the copies are meant to come before the shipped files
        scenario = load_scenario(folder / store.INPUTS / "scenario.toml")
        after = run(scenario, threads=threads, progress=progress)
    differing = {
        name: (manifest["versions"].get(name, "absent"), version)
        for name, version in store.versions().items()
        if manifest["versions"].get(name) != version
    }
    equal, report = compare_results(before, after, TOLERANCE if differing else 0.0)
    notes = [f"{name} was {old} and is {new}" for name, (old, new) in differing.items()]
    return equal, "\n".join([f"{folder}: {report}", *notes])


def compare_results(before: xarray.Dataset, after: xarray.Dataset, tolerance: float = 0.0) -> tuple[bool, str]:
    """Whether two Datasets hold the same numbers, and a sentence about it.

    Parameters
    ----------
    tolerance : greatest relative difference that still counts as equal; 0 asks for the same bits
    """
    names, others = set(map(str, before.variables)), set(map(str, after.variables))
    if names != others:
        return False, f"not the same outcomes: {', '.join(sorted(names ^ others))}"
    differences = {name: _difference(before[name], after[name]) for name in sorted(names)}
    worst = sorted(((gap, name) for name, gap in differences.items() if gap > 0), reverse=True)
    if not worst:
        return True, f"all {len(names)} outcomes and coordinates equal to the bit"
    said = ", ".join(f"{name} by {gap:.1e}" for gap, name in worst[:5])
    if worst[0][0] <= tolerance:
        return True, f"equal to {tolerance:g}, not to the bit: {said}"
    return False, f"{len(worst)} of {len(names)} outcomes differ: {said}"


def _difference(before: xarray.DataArray, after: xarray.DataArray) -> float:
    """Greatest difference relative to the outcome's greatest size; infinite where shapes, texts or gaps differ."""
    import numpy as np

    a, b = before.values, after.values
    if before.dims != after.dims or a.shape != b.shape:
        return np.inf
    if a.dtype.kind not in "fiu" or b.dtype.kind not in "fiu":
        return 0.0 if a.shape == b.shape and bool(np.all(a == b)) else np.inf
    if np.array_equal(a, b, equal_nan=True):
        return 0.0
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return np.inf
    gap = np.nanmax(np.abs(a.astype(float) - b.astype(float)))
    return float(gap / max(np.nanmax(np.abs(a)), np.finfo(float).tiny))
