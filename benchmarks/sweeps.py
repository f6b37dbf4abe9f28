"""What a sweep costs: a thousand variants of a package under twenty replicates, stored, on this machine.

    python benchmarks/sweeps.py [--points 1000] [--replicates 20] [--threads 2] [--processes 2] [--json]

The study is ``benchmarks/zone.toml``, run in threads and, with ``--processes``, once more in processes. Beside the time
of the whole it prints the parts of it that are reducing and storing, what a variant of a package costs, how threads
scale, and how much pairing with the baseline narrows the differences. Goals are printed as reached or not; nothing is
asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
GOALS = {
    "seconds of the sweep": (300.0, "at most"),
    "seconds of the sweep in processes": (300.0, "at most"),
    "share of reducing and storing": (0.05, "at most"),
    "processor ms a variant": (5.0, "at most"),
    "KB a variant": (100.0, "at most"),
    "1 to 2 threads": (1.9, "at least"),
    "paired variance over unpaired": (0.02, "at most"),
}


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1000, help="lever points")
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--processes", type=int, default=0, help="run it again in so many processes; 0: do not")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    options = parser.parse_args()
    found = measure(options.points, options.replicates, options.threads, options.processes)
    print(json.dumps(found, indent=2) if options.json else table(found))


def measure(points: int, replicates: int, threads: int, processes: int = 0) -> dict:
    """All measurements by name."""
    from policymix.engine.warm import warm
    from policymix.experiments.plan import plan_of

    study = study_of(points, replicates)
    plan = plan_of(study)
    warm(plan.scenario.rules, plan.setting.contract, plan.setting.general)
    found = {
        "runs": plan.runs,
        "firms": firms_of(plan),
        "threads": threads,
        "stored MB": plan.bytes_per_unit * replicates / 1e6,
    }
    found |= variant_cost()
    with tempfile.TemporaryDirectory() as folder:
        found |= whole(study, Path(folder) / "store", threads)
        if processes:
            found |= in_processes(study, Path(folder) / "again", processes)
        found |= pairing(Path(folder) / "store")
        found["1 to 2 threads"] = scaling(min(points, 40), Path(folder))
    found["goals"] = {
        f"{name} {how} {goal:g}": bool(found[name] <= goal if how == "at most" else found[name] >= goal)
        for name, (goal, how) in GOALS.items()
        if name in found
    }
    return found


def study_of(points: int, replicates: int):
    """The study with other numbers of lever points and replicates."""
    from policymix.experiments.study import load_study

    study = load_study(HERE / "zone.toml")
    return study.model_copy(update={"levers": {**study.levers, "points": points}, "replicates": replicates})


def firms_of(plan) -> int:
    """Firms at the fork."""
    from policymix.engine.unit import fork_unit

    unit = fork_unit(plan.setting, plan.numbers(0), plan.scenario.seed, 0, [])
    return int(unit.start.city.count[0])


def variant_cost() -> dict:
    """Processor time and memory that one more lever point, a variant of a package, adds to a plan."""
    from policymix.experiments.plan import plan_of

    few, many = study_of(5, 1), study_of(105, 1)
    times = []
    for _ in range(3):
        spent = []
        for study in (few, many):
            begun = time.process_time()
            plan_of(study)
            spent.append(time.process_time() - begun)
        times.append((spent[1] - spent[0]) / 100)
    tracemalloc.start()
    held = []
    for study in (few, many):
        before = tracemalloc.get_traced_memory()[0]
        plan = plan_of(study)
        held.append(tracemalloc.get_traced_memory()[0] - before)
        del plan
    tracemalloc.stop()
    return {"processor ms a variant": 1e3 * statistics.median(times), "KB a variant": (held[1] - held[0]) / 100 / 1024}


def whole(study, folder: Path, threads: int) -> dict:
    """The sweep itself: seconds, runs and firm-quarters a second, the part that is reducing and storing."""
    from policymix.engine import unit as unit_module
    from policymix.experiments import blocks, sweep_store
    from policymix.experiments.sweep import sweep

    lock, spent, taken = threading.Lock(), [0.0], [0]

    def timed(function):
        def run(*arguments, **options):
            begun = time.thread_time()
            try:
                return function(*arguments, **options)
            finally:
                with lock:
                    spent[0] += time.thread_time() - begun

        return run

    quarter = unit_module.quarter

    def counted(do, q, run, city, *others):
        taken[0] += int(city.count[0])
        quarter(do, q, run, city, *others)

    originals = (blocks.kept_of_mix, sweep_store.write_block)
    blocks.kept_of_mix, sweep_store.write_block = timed(originals[0]), timed(originals[1])
    unit_module.quarter = counted
    busy, begun = time.process_time(), time.perf_counter()
    try:
        sweep(study, out=folder, threads=threads)
    finally:
        blocks.kept_of_mix, sweep_store.write_block = originals
        unit_module.quarter = quarter
    seconds, busy = time.perf_counter() - begun, time.process_time() - busy
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "seconds of the sweep": seconds,
        "runs a second": (1 + study.levers["points"]) * study.replicates / seconds,
        "million firm-quarters a second and core": taken[0] / busy / 1e6,
        "share of reducing and storing": spent[0] / busy,
        "store on disk, MB": size / 1e6,
        "peak memory, MB": peak(),
    }


def in_processes(study, folder: Path, processes: int) -> dict:
    """The same sweep in processes of its own, which do not wait for one interpreter."""
    from policymix.experiments.sweep import sweep

    begun = time.perf_counter()
    sweep(study, out=folder, processes=processes)
    return {"processes": processes, "seconds of the sweep in processes": time.perf_counter() - begun}


def pairing(folder: Path) -> dict:
    """Variance of paired over unpaired differences to the baseline, the median over lever points, by variable."""
    import policymix

    results = policymix.open_results(folder).isel(draw=0, prices=0)
    ratios = {}
    for name in ("core_share", "employment", "active_firms", "investment"):
        values = results[name].transpose("mix", "replicate", ...).values.reshape(*results[name].shape[:2], -1).sum(-1)
        base, mixes = values[0], values[1:]
        paired = np.var(mixes - base, axis=1, ddof=1)
        unpaired = np.var(mixes, axis=1, ddof=1) + np.var(base, ddof=1)
        ratios[name] = float(np.median(paired / unpaired))
    return {"paired variance over unpaired": max(ratios.values()), "the same by variable": ratios}


def scaling(points: int, folder: Path) -> float:
    """Runs a second of two threads over those of one, the median of three rounds in turn."""
    from policymix.experiments.sweep import sweep

    study, ratios = study_of(points, 4), []
    for round_ in range(3):
        rates = []
        for threads in (1, 2):
            begun = time.perf_counter()
            sweep(study, out=folder / f"{round_}-{threads}", threads=threads)
            rates.append(1.0 / (time.perf_counter() - begun))
        ratios.append(rates[1] / rates[0])
    return statistics.median(ratios)


def peak() -> float:
    """Memory of this process at its highest, MB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def table(found: dict) -> str:
    """The measurements in lines."""
    lines = []
    for name, value in found.items():
        if name == "goals":
            lines += [f"{'reached' if reached else 'MISSED':8s} {goal}" for goal, reached in value.items()]
        elif isinstance(value, dict):
            lines.append(f"{name:42s} " + ", ".join(f"{key} {number:.4f}" for key, number in value.items()))
        else:
            lines.append(f"{name:42s} {value:,.4g}" if isinstance(value, float) else f"{name:42s} {value:,}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
