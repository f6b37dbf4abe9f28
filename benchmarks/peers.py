"""The engine against its peers on one rule set, in one run on one machine.

    python benchmarks/peers.py [--rounds 7] [--sizes 1000 10000 100000 1000000] [--quick] [--json] [--page FILE]
        [--sweeps FILE]

The reference model of ``firmstep/`` runs as a plug-in rule set of the engine, in Mesa under its own batch runner, in
mesa-frames (in an environment of its own), in NumPy, and in C. First all of them have to agree: to 1e-9 in every
outcome; Mesa, which draws luck of its own, within Monte Carlo error; who does not is reported and not timed. Then
rounds: everyone in turn, ratios within a round, medians over rounds. Then the time for 10,000 runs with their store,
and the full model's rate beside the bound that measured primitives set. Goals are printed as
reached or not; none fails the run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import counting
import numpy as np
import page
import parts
import primitives
import stages
from firmstep import in_c, in_engine, in_mesa, in_numpy, spec
from firmstep.environment import MesaFrames, Unavailable

from policymix.engine import ruleset
from policymix.engine.loop import cache_folder
from policymix.engine.symbols import BLOCK
from policymix.engine.writing import ROOT

SEED, TOLERANCE, FARTHEST = 1, 1e-9, 4.0
"""Largest relative difference; largest difference of means in standard errors, of 30 totals."""
MIDDLE, ROUNDS, SIZES = 10_000, 7, (1_000, 10_000, 100_000, 1_000_000)
STEPS_A_TURN = 10_000_000
"""Firm-steps that a fast peer takes in one turn, in an even number of runs, so that two threads share them evenly."""
LARGEST = {"Mesa": 10_000, "mesa-frames": 100_000, "NumPy": 100_000}
"""Firms up to which a slow peer takes part."""
ENGINE, TWO = "engine", ", 2 threads"
LIBRARIES = ("numpy", "numba", "llvmlite", "mesa", "zarr", "policymix")
RUNS, BATCH, FIRMS_OF_A_RUN = 10_000, 1_000, 1_000


class Turn(NamedTuple):
    """Runs of one peer."""

    seconds: float
    busy: float  # seconds of processor time, of all threads together
    steps: float


Peer = Callable[[int], Turn]
"""Runs the reference model at some number of firms."""


def main() -> None:
    """Measure, and print a table or JSON; write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="turns of everyone")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="firms of a run; 10,000 always")
    parser.add_argument("--quick", action="store_true", help="two rounds, no million firms, a tenth of the many runs")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--page", type=Path, help="write the page of results to a file")
    parser.add_argument("--sweeps", type=Path, help="what `sweeps.py --json` has printed, for the page")
    options = parser.parse_args()
    sizes = sorted({MIDDLE, *(size for size in options.sizes if not (options.quick and size > 100_000))})
    swept = json.loads(options.sweeps.read_text(encoding="utf-8")) if options.sweeps else None
    found = measure(2 if options.quick else options.rounds, sizes, options.quick) | {"sweeps": swept}
    if options.page:
        options.page.write_text(page.text(found), encoding="utf-8")
    print(json.dumps(found, indent=2) if options.json else page.table(found))


def measure(rounds: int, sizes: list[int], quick: bool) -> dict[str, Any]:
    """Everything by name."""
    found: dict[str, Any] = {"rounds": rounds, "sizes": sizes, "quick": quick, "skipped": {}}
    say("compiling the engine's loop")
    found["compiling the rule set once, s"] = compiling()
    in_engine.run(starts(64, 1), spec.mixes(1))
    with tempfile.TemporaryDirectory() as name:
        folder, frames = Path(name), mesa_frames(found["skipped"])
        try:
            say("agreement")
            found["agreement"] = agreement(folder, frames, found["skipped"], 10 if quick else 40)
            peers = peers_that_agree(folder, frames, found)
            found["memory"] = memory(frames)  # before larger runs fill the process of mesa-frames
            found["rates"] = {size: rounds_of(peers, size, rounds) for size in sizes}
            say("many runs and their store")
            found["many runs"] = many_runs(folder, RUNS // (10 if quick else 1), found["skipped"])
        finally:
            if frames:
                frames.close()
    found["load"] = os.getloadavg()[2] if hasattr(os, "getloadavg") else None
    found["versions"] = versions(frames)
    found["machine"] = machine()
    say("primitives and the full model")
    found["primitives"] = primitives.measure()
    found["reference operations"] = counting.of_reference()
    found["reference stages"] = stages.costs()
    found["full model"] = full_model(2 if quick else 5)
    found["rule set"] = sizes_of_the_rule_set()
    return found


def say(what: str) -> None:
    """A line on the error stream, so that results alone are printed."""
    print(what, file=sys.stderr, flush=True)


def compiling() -> float:
    """Seconds of a process with an empty cache from its start to its first outcomes."""
    program = "from firmstep import in_engine, spec; in_engine.run([in_engine.start(64, 1, 0)], spec.mixes(1))"
    with tempfile.TemporaryDirectory() as cache:
        paths = os.pathsep.join([str(Path(__file__).parent), str(ROOT.parent)])
        environment = {**os.environ, "POLICYMIX_CACHE": cache, "PYTHONPATH": paths}
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], env=environment, check=True)
        return time.perf_counter() - begin


def starts(firms: int, replicates: int) -> list[in_engine.Start]:
    """Firms of some replicates before their first quarter."""
    return [in_engine.start(firms, SEED, replicate) for replicate in range(replicates)]


def mesa_frames(skipped: dict[str, str]) -> MesaFrames | None:
    """The peer in its own environment, or None with the reason noted."""
    say("mesa-frames in an environment of its own")
    try:
        return MesaFrames(cache_folder() / "benchmarks" / "mesa-frames")
    except (Unavailable, OSError) as error:
        skipped["mesa-frames"] = str(error)
        return None


def agreement(folder: Path, frames: MesaFrames | None, skipped: dict[str, str], replicates: int) -> dict[str, dict]:
    """How far everyone is from NumPy, and whether that agrees."""
    firms, mixes = 1_000, spec.mixes(2)
    begins = starts(firms, 2)
    firsts = [spec.first_firms(firms, SEED, replicate) for replicate in range(2)]
    want = in_numpy.run(firms, [begin.key for begin in begins], firsts, mixes)
    one, two = (in_engine.in_order(in_engine.run(begins, mixes, threads)) for threads in (1, 2))
    got = {ENGINE: one}
    if in_c.compiler() is None:
        skipped["C"] = "no C compiler (gcc, cc or clang) is on the path"
    else:
        got |= {name: in_c.run(begins, mixes, name, folder) for name in in_c.BUILDS}
    if frames:
        file = folder / "frames.npy"
        frames.run(firms, SEED, 2, 2, file)
        got["mesa-frames"] = np.load(file)
    out = {name: {"largest difference": difference(values, want)} for name, values in got.items()}
    for each in out.values():
        each["agrees"] = each["largest difference"] <= TOLERANCE
    out[ENGINE + TWO] = {"largest difference": difference(two, want), "agrees": bool(np.array_equal(one, two))}
    ours = in_engine.in_order(in_engine.run(starts(firms, replicates), mixes[:1]))
    farthest = distance(ours, in_mesa.run(firms, SEED, replicates, 1))
    out["Mesa"] = {"farthest mean, standard errors": farthest, "agrees": farthest <= FARTHEST}
    return out


def difference(values: np.ndarray, want: np.ndarray) -> float:
    """Largest difference of any outcome, relative where it is above one."""
    return float((np.abs(values - want) / np.maximum(1.0, np.abs(want))).max())


def distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest distance of mean totals in standard errors, over replicates."""
    a, b = (each[:, 0].sum((1, 2)) for each in (ours, theirs))
    error = np.sqrt((a.var(0, ddof=1) + b.var(0, ddof=1)) / len(a))
    gap = np.abs(a.mean(0) - b.mean(0))
    return float(np.max(np.divide(gap, error, out=np.where(gap > 0, np.inf, 0.0), where=error > 0)))


def peers_that_agree(folder: Path, frames: MesaFrames | None, found: dict[str, Any]) -> dict[str, Peer]:
    """Who takes part in the rounds."""
    cached: dict[tuple[int, int], list[in_engine.Start]] = {}

    def ready(firms: int) -> tuple[list[in_engine.Start], np.ndarray]:
        if (firms, 1) not in cached:
            cached.clear()  # one size at a time: a million firms are sixty megabytes
            cached[firms, 1] = starts(firms, 1)
        return cached[firms, 1], spec.mixes(2 * max(1, STEPS_A_TURN // (2 * firms * spec.QUARTERS)))

    def turn(work: Callable[..., np.ndarray], *more: Any) -> Peer:
        return lambda firms: timed(work, *ready(firms), *more)

    def numpy_turn(firms: int) -> Turn:
        first = spec.first_firms(firms, SEED, 0)
        return timed(in_numpy.run, firms, [spec.key_of(SEED, 0)], [first], spec.mixes(1))

    def mesa_turn(firms: int) -> Turn:
        in_mesa.prepare(firms, SEED, 1)
        return timed(in_mesa.run, firms, SEED, 1, 1)

    all_of_them = {ENGINE: turn(in_engine.run), ENGINE + TWO: turn(in_engine.run, 2)}
    if in_c.compiler():
        for name in in_c.BUILDS:
            all_of_them[name] = turn(in_c.run, name, folder)
    all_of_them |= {"NumPy": numpy_turn, "Mesa": mesa_turn}
    if frames:
        all_of_them["mesa-frames"] = lambda firms: Turn(*frames.run(firms, SEED, 1, 1)[:3])
    out = {}
    for name, run in all_of_them.items():
        if found["agreement"].get(name, {"agrees": True})["agrees"]:
            out[name] = run
        else:
            found["skipped"][name] = f"it disagrees: {found['agreement'][name]}"
    return out


def timed(work: Callable[..., np.ndarray], *arguments: Any) -> Turn:
    """Seconds that runs take, and their firm-steps."""
    begin, busy = time.perf_counter(), time.process_time()
    out = work(*arguments)
    seconds, busy = time.perf_counter() - begin, time.process_time() - busy
    return Turn(seconds, busy, spec.firm_steps(in_engine.in_order(out) if work is in_engine.run else out))


def rounds_of(peers: dict[str, Peer], size: int, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Firm-steps a second, and a second of processor time, of everyone who takes part at this size, by round."""
    names = [name for name in peers if size <= LARGEST.get(name, size)]
    rates: dict[str, dict[str, list[float]]] = {name: {"clock": [], "busy": []} for name in names}
    for name in names:
        if name not in LARGEST:
            peers[name](size)  # nobody's first turn pays for pages and caches
    for number in range(rounds):
        say(f"{size} firms, round {number + 1} of {rounds}")
        for name in names:
            turn = peers[name](size)
            rates[name]["clock"].append(turn.steps / turn.seconds)
            rates[name]["busy"].append(turn.steps / turn.busy)
    return rates


def memory(frames: MesaFrames | None) -> dict[str, dict[str, float]]:
    """Bytes a firm: what is kept between quarters, and the most while a run goes on."""
    out = {}
    firms, mixes = MIDDLE, spec.mixes(1)
    begin = starts(firms, 1)
    room, kept, _ = traced(lambda: in_engine.room(firms, mixes))
    numbers, result = in_engine.parameters(mixes[0]), np.zeros((spec.QUARTERS, spec.SECTORS, len(spec.OUTPUTS)))
    _, _, more = traced(lambda: in_engine.one(room, begin[0], numbers, room.tables[0], result))
    out[ENGINE] = {"kept": kept / firms, "most": (kept + more) / firms}
    first = spec.first_firms(firms, SEED, 0)
    own = sum(column.nbytes for column in first.values())
    _, _, most = traced(lambda: in_numpy.run(firms, [begin[0].key], [first], mixes))
    out["NumPy"] = {"kept": own / firms, "most": most / firms}
    few = 2_000
    in_mesa.prepare(few, SEED, 1)
    model, kept, _ = traced(lambda: in_mesa.FirmModel(few, SEED, 0, 0))
    _, _, most = traced(lambda: [model.step() for _ in range(spec.QUARTERS)])
    out["Mesa"] = {"kept": kept / few, "most": (kept + most) / few}
    if frames:
        large = 10 * MIDDLE
        before = frames.run(100, SEED, 1, 1)[3]
        out["mesa-frames"] = {"most": (frames.run(large, SEED, 1, 1)[3] - before) / large}
    return out


def traced(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What some work gives, bytes that stay and the most bytes at any time."""
    tracemalloc.start()
    result = work()
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return result, kept, most


def many_runs(folder: Path, runs: int, skipped: dict[str, str]) -> dict[str, float] | None:
    """Seconds for many small runs on two threads, all outcomes written to a Zarr store a batch at a time."""
    try:
        import zarr
    except ImportError as error:
        skipped["store"] = f"zarr cannot be imported ({error})"
        return None
    shape = (spec.QUARTERS, spec.SECTORS, len(spec.OUTPUTS))
    replicates = BATCH // 10
    begin = time.perf_counter()
    mixes = spec.mixes(runs // replicates)
    array = zarr.create_array(
        store=str(folder / "runs.zarr"), shape=(runs, *shape), chunks=(BATCH, *shape), dtype="float64", compressors=None
    )
    begins = starts(FIRMS_OF_A_RUN, replicates)
    ready, writing, steps = time.perf_counter() - begin, 0.0, 0.0
    for batch in range(runs // BATCH):
        out = in_engine.run(begins, mixes[10 * batch : 10 * batch + 10], 2)
        steps += spec.firm_steps(in_engine.in_order(out))
        before = time.perf_counter()
        array[batch * BATCH : (batch + 1) * BATCH] = out.reshape(BATCH, *shape)
        writing += time.perf_counter() - before
    seconds = time.perf_counter() - begin
    return {
        "runs": runs, "firms": FIRMS_OF_A_RUN, "seconds": seconds, "firms at the start, s": ready,
        "writing, s": writing, "firm-steps": steps, "megabytes": 8e-6 * float(np.prod(shape)) * runs,
    }  # fmt: skip


def full_model(rounds: int) -> dict[str, Any]:
    """The shipped scenario's unit of work: its rate, and how many operations a firm-quarter takes."""
    from compare import Cities, spread_of

    from policymix.engine.table import BYTES_PER_FIRM

    cities = Cities(1, "both")
    cities.whole(0)
    rates, busy = [], []
    for _ in range(rounds):
        begin, busy_before = time.perf_counter(), time.process_time()
        firm_quarters = cities.whole(0)
        rates.append(firm_quarters / (time.perf_counter() - begin))
        busy.append(firm_quarters / (time.process_time() - busy_before))
    by_mix = {
        name: counting.of_model(cities.setting, cities.few, cities.scenario.seed, name, 4)
        for name in cities.setting.order
    }  # each mix runs twice, the baseline once after a burn-in of the same length
    kinds = {kind for counts in by_mix.values() for kind in counts}
    operations = {kind: statistics.fmean(counts.get(kind, 0.0) for counts in by_mix.values()) for kind in sorted(kinds)}
    taken = {"rate": spread_of(rates), "rate by processor time": spread_of(busy), "firm-quarters": firm_quarters}
    taken["parts"] = parts.costs(lambda: cities.whole(0))
    taken["clauses"] = {name: len(mix.clauses) for name, mix in cities.setting.mixes.items() if mix.clauses}
    return taken | {"operations": operations, "bytes": BYTES_PER_FIRM} | cities.sizes()


def sizes_of_the_rule_set() -> dict[str, float]:
    """What the reference model consists of."""
    rules = ruleset.rule_set(in_engine.RULES)
    functions = {rule.function for stages in (rules.stages, rules.entry) for stage in stages for rule in stage}
    return {
        "rules (functions)": len(functions | {rule.function for rule in (*rules.outputs, *rules.entry_outputs)}),
        "clauses": spec.CLAUSES,
        "random numbers a firm-step": 5,
        "outcomes by sector": len(rules.outcomes()),
        "bytes a slot": rules.bytes_per_firm(),
        "slots a firm": spec.capacity(MIDDLE) / MIDDLE,
        "firms of a block": BLOCK,
    }


def versions(frames: MesaFrames | None) -> dict[str, str]:
    """Versions of everything that took part."""
    out = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            out[name] = version(name)
        except PackageNotFoundError:
            out[name] = "not installed"
    if frames:
        out |= frames.versions
    if in_c.compiler():
        out["C compiler"] = in_c.compiler_version()
    return out


def machine() -> dict[str, Any]:
    """The machine in general words."""
    from llvmlite.binding import get_host_cpu_features, get_host_cpu_name

    features = get_host_cpu_features()
    vectors = next((name for name, key in (("AVX-512", "avx512f"), ("AVX2", "avx2"), ("AVX", "avx"))
                    if features.get(key)), "no AVX")  # fmt: skip
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": get_host_cpu_name(),
        "architecture": platform.machine(),
        "vectors": vectors,
        "system": platform.system(),
    }


if __name__ == "__main__":
    main()
