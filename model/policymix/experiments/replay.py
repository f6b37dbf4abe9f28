"""Make a stored run, or one unit of a sweep, again from its own inputs and say whether the numbers are the same."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from policymix import catalog
from policymix.errors import InvalidValue, NotFound
from policymix.experiments import store
from policymix.experiments.scenario import load_scenario

if TYPE_CHECKING:
    import numpy as np
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


def replay_unit(folder: str | os.PathLike[str], unit: str, mix: str | None = None) -> tuple[bool, str]:
    """Run one unit of a sweep again, from the files in its ``inputs/``, and compare it with what is stored.

    Parameters
    ----------
    unit : ``DRAW,REPLICATE``, or the number of the unit (draw x replicates + replicate)
    mix : one mix instead of all

    Returns
    -------
    equal : every mix gives the numbers that are stored (to the bit, to 1e-9 where versions differ), or fails as it did
    report : a line for every mix

    Raises
    ------
    NotFound, InvalidValue
        No such sweep, unit or mix; its inputs were changed.
    """
    from policymix.experiments import sweep_store
    from policymix.experiments.blocks import runs_of_unit, stored_plan

    path = sweep_store.required(folder)
    manifest = sweep_store.manifest_at(path)
    changed = store.changed_inputs(path, manifest)
    if changed:
        raise InvalidValue(str(folder), f"changed inputs: {', '.join(changed)}", "the inputs that the sweep wrote")
    plan = stored_plan(str(path))
    draw, replicate = _unit(unit, plan.draws, plan.replicates)
    if mix is not None and mix not in plan.mixes:
        raise NotFound("mix", mix, plan.mixes, where=str(folder))
    differ = {
        name: v for name, v in manifest["versions"].items() if name in store.versions() and store.versions()[name] != v
    }
    stored = sweep_store.open_sweep(path).isel(draw=draw, replicate=replicate)
    reasons = {
        row["mix"]: f"{row['error']}: {row['reason']}"
        for row in sweep_store.read_failures(path)
        if (row["draw"], row["replicate"]) == (draw, replicate)
    }
    equal, lines = True, [f"{name} was {version}" for name, version in differ.items()]
    names = list(plan.mixes) if mix is None else [mix]
    for name, found in runs_of_unit(plan, draw, replicate, {}, names):
        if isinstance(found, Exception):
            now, before = f"{type(found).__name__}: {found}", reasons.get(name)
            same = now == before
            said = "fails again" if same else f"fails now; {_state(stored, name)} before"
            lines.append(f"mix {name}: {said}: {now}")
        else:
            gaps = {key: _difference(_of_mix(stored[key], name), value) for key, value in found.items()}
            gap = max(gaps.values(), default=0.0)
            same = name not in reasons and gap <= (TOLERANCE if differ else 0.0)
            lines.append(f"mix {name}: {_said(gap, gaps, reasons.get(name))}")
        equal = equal and same
    return equal, "\n".join(
        [f"{folder}, draw {draw}, replicate {replicate}, luck {plan.luck(draw, replicate)}", *lines]
    )


def _unit(text: str, draws: int, replicates: int) -> tuple[int, int]:
    """Draw and replicate of a unit as a user writes it."""
    parts = text.split(",")
    expected = f"DRAW,REPLICATE with draws 0 to {draws - 1} and replicates 0 to {replicates - 1}, or one number"
    if len(parts) not in (1, 2) or not all(part.strip().isdigit() for part in parts):
        raise InvalidValue("UNIT", repr(text), expected)
    numbers = [int(part) for part in parts]
    draw, replicate = numbers if len(numbers) == 2 else divmod(numbers[0], replicates)
    if draw >= draws or replicate >= replicates:
        raise InvalidValue("UNIT", repr(text), expected)
    return draw, replicate


def _of_mix(array: xarray.DataArray, mix: str) -> xarray.DataArray:
    return array.sel(mix=mix) if "mix" in array.dims else array


def _state(stored: xarray.Dataset, mix: str) -> str:
    return ("not run", "done", "failed otherwise")[int(stored["state"].sel(mix=mix))]


def _said(gap: float, gaps: Mapping[str, float], reason: str | None) -> str:
    if reason is not None:
        return f"runs now; failed before: {reason}"
    if gap == 0.0:
        return f"all {len(gaps)} variables equal to the bit"
    worst = max(gaps, key=lambda key: gaps[key])
    return f"{worst} differs by {gap:.1e}"


def compare_results(before: xarray.Dataset, after: xarray.Dataset, tolerance: float = 0.0) -> tuple[bool, str]:
    """Whether two Datasets hold the same numbers, and a sentence about it.

    Parameters
    ----------
    tolerance : greatest relative difference that still counts as equal; 0 asks for the same bits
    """
    names, others = set(map(str, before.variables)), set(map(str, after.variables))
    if names != others:
        return False, f"not the same outcomes: {', '.join(sorted(names ^ others))}"
    differences = {name: _compared(before[name], after[name]) for name in sorted(names)}
    worst = sorted(((gap, name) for name, gap in differences.items() if gap > 0), reverse=True)
    if not worst:
        return True, f"all {len(names)} outcomes and coordinates equal to the bit"
    said = ", ".join(f"{name} by {gap:.1e}" for gap, name in worst[:5])
    if worst[0][0] <= tolerance:
        return True, f"equal to {tolerance:g}, not to the bit: {said}"
    return False, f"{len(worst)} of {len(names)} outcomes differ: {said}"


def _compared(before: xarray.DataArray, after: xarray.DataArray) -> float:
    return _difference(before, after.values) if before.dims == after.dims else float("inf")


def _difference(before: xarray.DataArray, after: np.ndarray) -> float:
    """Greatest difference relative to the outcome's greatest size; infinite where shapes, texts or gaps differ."""
    import numpy as np

    a, b = before.values, np.asarray(after)
    if a.shape != b.shape:
        return np.inf
    if a.dtype.kind not in "fiu" or b.dtype.kind not in "fiu":
        return 0.0 if bool(np.all(a == b)) else np.inf
    if np.array_equal(a, b, equal_nan=True):
        return 0.0
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return np.inf
    gap = np.nanmax(np.abs(a.astype(float) - b.astype(float)))
    return float(gap / max(np.nanmax(np.abs(a)), np.finfo(float).tiny))
