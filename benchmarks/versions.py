"""What a firm-quarter costs in this version of the rules against the first one, in turns on the same machine.

    python benchmarks/versions.py [--rounds 5] [--first COMMIT]

The first version is taken out of the repository's history into a temporary folder; both run the shipped scenario's unit
of work (burn-in, baseline, every mix at frozen and at its own prices) in a process of their own, one after the other,
again and again, so that a change of the machine's pace meets both. A firm-quarter is one used row of the table of firms
taken through one quarter.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FIRST = "b6ef8ce"
"""Last commit before the rules were taken to full strength."""
GOAL = 2.0
"""Most that the full rule set may cost of the first one."""
ROOT = Path(__file__).resolve().parent.parent

WORKER = """
import sys, time
from policymix.engine import unit
from policymix.engine.claims import SLOTS
from policymix.engine.warm import warm
from policymix.experiments.inputs import gather, uncertainties
from policymix.experiments.runner import draw_values, setting_of
from policymix.experiments.scenario import load_scenario, with_options
scenario = with_options(load_scenario("dalian-2025"), draws=1)
inputs = gather(scenario)
priors = uncertainties(inputs)
values, _ = draw_values(inputs, priors)
values = dict(zip([p.name for p in priors], values[0].tolist()))
setting = setting_of(inputs)
warm()
taken, run = 0, unit.quarter
def counted(do, q, run_, city, *others):
    global taken
    taken += int(city.count[SLOTS])
    run(do, q, run_, city, *others)
unit.quarter = counted
unit.run_unit(setting, values, scenario.seed, 0)
print("ready", flush=True)
for _ in sys.stdin:
    taken, begin = 0, time.perf_counter()
    unit.run_unit(setting, values, scenario.seed, 0)
    print(time.perf_counter() - begin, taken, flush=True)
"""


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="turns of both versions")
    parser.add_argument("--first", default=FIRST, help="commit of the version to compare with")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        take_out(options.first, Path(folder))
        with worker(Path(folder)) as first, worker(ROOT) as now:
            costs = {"first version": [], "this version": []}
            for process in (first, now):
                process.stdout.readline()
            for _ in range(options.rounds):
                for name, process in zip(costs, (first, now), strict=True):
                    costs[name].append(nanoseconds(process))
            for process in (first, now):
                process.stdin.close()
    for name, each in costs.items():
        print(f"{name:<16}{statistics.median(each):8.0f} ns a firm-quarter  ({min(each):.0f} - {max(each):.0f})")
    ratio = statistics.median([b / a for a, b in zip(*costs.values(), strict=True)])
    reached = "reached" if ratio <= GOAL else "not reached"
    print(f"{'ratio':<16}{ratio:8.2f} (goal: at most {GOAL:g}, {reached}; first version {options.first})")


def take_out(commit: str, folder: Path) -> None:
    """Write the files of a commit into a folder."""
    found = subprocess.run(["git", "-C", str(ROOT), "archive", commit], capture_output=True)
    if found.returncode != 0:
        sys.exit(f"commit {commit} is not in this repository's history: clone it with its history, or name --first")
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as archive:
        archive.extractall(folder, filter="data")


def worker(folder: Path) -> subprocess.Popen:
    """A process that runs a unit of work of the version in a folder whenever it is sent a line."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "model")}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", WORKER], env=environment, cwd=folder, **pipes)


def nanoseconds(process: subprocess.Popen) -> float:
    """Cost of a firm-quarter in one more unit of work."""
    process.stdin.write("go\n")
    process.stdin.flush()
    seconds, taken = process.stdout.readline().split()
    return 1e9 * float(seconds) / int(taken)


if __name__ == "__main__":
    main()
