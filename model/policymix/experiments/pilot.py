"""What a sweep will take: a pilot of one unit and a few mixes, scaled up."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from policymix.engine.unit import fork_unit, run_fork
from policymix.engine.warm import warm
from policymix.experiments import sweep_store
from policymix.experiments.appraised import fields_of
from policymix.experiments.blocks import MODES
from policymix.experiments.plan import Plan, plan_of
from policymix.experiments.reducing import kept_of_mix
from policymix.experiments.study import Study

MIXES = 4
"""Mixes that a pilot runs."""
FRAME = 65536
"""Bytes on disk of a store without numbers, about."""


def pilot(study: Study, folder: Path, threads: int | None = None) -> dict[str, Any]:
    """Size, memory, disk and time of a sweep, from one unit run with its baseline and a few mixes.

    Returns
    -------
    dict with ``runs``, ``mixes``, ``draws``, ``replicates``, ``blocks``, ``units_per_block``; ``numbers``, ``disk``,
    ``free`` (bytes); ``memory`` (bytes); ``seconds`` in all, ``seconds_unit``, ``seconds_mix``; ``workers``;
    ``notices`` of the designs

    Raises
    ------
    PolicymixError
        As `sweep.sweep` would before its first run; the pilot's unit failed.
    """
    plan = plan_of(study)
    sweep_store.check_disk(plan, folder)
    warm(plan.scenario.rules, plan.setting.contract, plan.setting.general)
    workers = threads or os.cpu_count() or 1
    per_unit, per_mix, ratio = _timed(plan)
    units, others = plan.draws * plan.replicates, len(plan.mixes) - 1
    numbers = sweep_store.size_of(plan)
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    kept = plan.kept_bytes if plan.keeps else 0
    each = _peak() + workers * (plan.bytes_per_unit * plan.chunk[0] * plan.chunk[1] + kept)
    points = [points.design.attributes for points in (plan.levers, plan.uncertainties) if points.design]
    return {
        "runs": plan.runs,
        "mixes": len(plan.mixes),
        "draws": plan.draws,
        "replicates": plan.replicates,
        "blocks": len(plan.blocks),
        "units_per_block": plan.chunk[0] * plan.chunk[1],
        "numbers": numbers,
        "disk": int(numbers * ratio) + FRAME,
        "free": shutil.disk_usage(existing).free,
        "memory": each,
        "workers": workers,
        "seconds_unit": per_unit,
        "seconds_mix": per_mix,
        "seconds": units * (per_unit + others * per_mix) / min(workers, len(plan.blocks)),
        "notices": [str(attributes["notice"]) for attributes in points if "notice" in attributes],
    }


def _timed(plan: Plan) -> tuple[float, float, float]:
    """Seconds of burn-in and baseline, seconds of a mix, and the share of their size that stored numbers take."""
    draw = int(np.argmin(plan.unstable))
    mixes = [mix for mix in plan.mixes if mix != plan.scenario.baseline]
    chosen = [mixes[k] for k in np.unique(np.linspace(0, len(mixes) - 1, MIXES).astype(int))] if mixes else []
    modes = [MODES[prices] for prices in plan.study.prices]
    fields = fields_of(stored.name for stored in plan.stored)
    begun = time.perf_counter()
    unit = fork_unit(plan.setting, plan.numbers(draw), plan.scenario.seed, plan.luck(draw, 0), chosen)
    forked = time.perf_counter()
    found = [kept_of_mix(plan.setting, unit, [unit.baseline], plan.stored, plan.coords)]
    for mix in chosen:
        results = [result for result, _ in run_fork(unit, mix, modes, fields=fields)]
        found.append(kept_of_mix(plan.setting, unit, results, plan.stored, plan.coords))
    ended = time.perf_counter()
    return forked - begun, (ended - forked) / max(1, len(chosen)), _compressed(found)


def _compressed(found: list[dict[str, np.ndarray]]) -> float:
    """Share of their size that numbers take as they are stored."""
    import zarr
    from zarr.codecs import ZstdCodec

    flat = np.concatenate([np.ravel(value) for numbers in found for value in numbers.values()])
    with tempfile.TemporaryDirectory() as folder:
        array = zarr.create_array(folder, shape=flat.shape, dtype="float64", compressors=[ZstdCodec(level=3)])
        array[...] = flat
        stored = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return min(1.0, stored / max(1, flat.nbytes))


def _peak() -> int:
    """Memory of this process at its highest, bytes."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return 500_000_000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
