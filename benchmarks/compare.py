"""Speed of the compiled loop against the Mesa view: the same rules, the same city, the same machine.

    python benchmarks/compare.py [--rounds 3] [--draws 1] [--json]

A round runs one draw of the shipped scenario on the compiled loop in one thread (burn-in, baseline, every mix at frozen
and at its own prices) and then a few quarters of a smaller city firm by firm under Mesa and by the loop, in turn. A
firm-quarter is one used row of the table of firms taken through one quarter by either. Goals are printed as reached or
not; nothing is asserted.
"""

from __future__ import annotations

import argparse
import inspect
import json
import platform
import re
import resource
import statistics
import subprocess
import sys
import time
from importlib.metadata import version

GOAL_RATE = 3e6
"""Firm-quarters a second on one core."""
GOAL_RATIO = 30.0
"""Times the Mesa view."""
SMALL = 1 / 30
"""Part of the city's firms that the Mesa view takes."""
MESA_QUARTERS = 4
LIBRARIES = ("numpy", "numba", "mesa", "policymix")


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="repetitions, interleaved")
    parser.add_argument("--draws", type=int, default=1, help="draws of the whole city in a round")
    parser.add_argument("--mix", default="both", help="mix of the small city")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    options = parser.parse_args()
    found = measure(options.rounds, options.draws, options.mix)
    print(json.dumps(found, indent=2) if options.json else table(found))


def measure(rounds: int, draws: int, mix: str) -> dict:
    """All measurements by name; times are wall-clock seconds, rates firm-quarters a second."""
    found = {"rounds": rounds, "draws": draws, "mix": mix, "start-up": start_up()}
    cities = Cities(draws, mix)
    found["first unit, s"] = timed(lambda: cities.whole(0))[0]
    whole, busy, agents, loop = [], [], [], []
    for _ in range(rounds):
        for draw in range(draws):
            before = time.process_time()
            seconds, firm_quarters = timed(lambda number=draw: cities.whole(number))
            whole.append(firm_quarters / seconds)
            busy.append(firm_quarters / (time.process_time() - before))
            found["firm-quarters of a unit of work"] = firm_quarters
        for kind, rates in (("agents", agents), ("loop", loop)):
            rates.append(cities.small(kind))
    found["compiled loop, whole city"] = spread_of(whole)
    found["the same by processor time"] = spread_of(busy)
    found["compiled loop, small city"] = spread_of(loop)
    found["Mesa view, small city"] = spread_of(agents)
    found["ratio, small city"] = spread_of([a / b for a, b in zip(loop, agents, strict=True)])
    ratio = statistics.median(whole) / statistics.median(agents)
    found["ratio, whole city to Mesa view"] = ratio
    found["goals"] = {
        f"at least {GOAL_RATE:.0e} firm-quarters a second on a core": statistics.median(whole) >= GOAL_RATE,
        f"at least {GOAL_RATIO:.0f} times the Mesa view": ratio >= GOAL_RATIO,
    }
    scale = 1 if sys.platform == "darwin" else 1024
    found["peak memory, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e6
    found |= cities.sizes()
    found["versions"] = {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()}
    found["machine"] = {"processor": processor(), "system": platform.platform()}
    return found


class Cities:
    """The shipped scenario's unit of work, and a small city for the Mesa view with the same rules and clauses."""

    def __init__(self, draws: int, mix: str) -> None:
        from policymix.engine.warm import warm
        from policymix.experiments.inputs import gather, uncertainties
        from policymix.experiments.runner import draw_values, setting_of
        from policymix.experiments.scenario import load_scenario, with_options

        self.mix = mix
        self.scenario = with_options(load_scenario(), draws=draws)
        inputs = gather(self.scenario)
        priors = uncertainties(inputs)
        values, _ = draw_values(inputs, priors)
        self.setting = setting_of(inputs)
        self.values = [dict(zip([p.name for p in priors], row.tolist(), strict=True)) for row in values]
        self.few = {
            name: number * SMALL if name.startswith("region.") and name.endswith(".firms") else number
            for name, number in self.values[0].items()
        }
        self.compile_seconds = timed(warm)[0]
        self.small_firms = 0

    def whole(self, draw: int) -> int:
        """One unit of work; firm-quarters."""
        from policymix.engine import unit
        from policymix.engine.claims import SLOTS

        taken = 0
        run = unit.quarter

        def counted(do, q, run_, city, *others):
            nonlocal taken
            taken += int(city.count[SLOTS])
            run(do, q, run_, city, *others)

        unit.quarter = counted
        try:
            unit.run_unit(self.setting, self.values[draw], self.scenario.seed, draw)
        finally:
            unit.quarter = run
        return taken

    def small(self, kind: str) -> float:
        """Firm-quarters a second of the small city, by agents or by the loop; the first quarter is not counted."""
        from policymix.engine import loop
        from policymix.engine.claims import SLOTS
        from policymix.engine.mesa_view import MesaCity

        city = MesaCity(self.setting, self.few, self.scenario.seed, 0, self.mix)
        do = city.stages if kind == "agents" else loop.module()
        city.advance(do)
        taken, seconds = 0, 0.0
        for _ in range(MESA_QUARTERS):
            taken += int(city.city.count[SLOTS])
            seconds += timed(lambda: city.advance(do))[0]
        self.small_firms = taken // MESA_QUARTERS
        return taken / seconds

    def sizes(self) -> dict:
        """What was run: rules, clauses, numbers of luck and memory of a firm."""
        from policymix.engine import loop, stages, streams
        from policymix.engine.table import BYTES_PER_FIRM

        compiled = self.setting.mixes[self.mix]
        every = len(re.findall(r"(?:hashed|aware_of|able_of|lasting)\(", inspect.getsource(stages.draw_luck)))
        return {
            "compiling once, s": self.compile_seconds,
            "firms of the small city": self.small_firms,
            "quarters": self.setting.quarters,
            "rules (functions in firms/)": len(loop.rule_names()),
            f"clauses of the mix '{self.mix}'": len(compiled.clauses),
            "random numbers every firm draws a quarter": every,
            "random numbers a firm may draw a quarter": streams.PURPOSES,
            "bytes a firm": BYTES_PER_FIRM,
        }


def timed(work) -> tuple[float, object]:
    """Seconds that a piece of work takes, and what it gives."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def spread_of(values: list[float]) -> dict[str, float]:
    """Median, lowest and highest of some rounds."""
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values)}


def start_up() -> dict[str, float]:
    """Seconds of a fresh interpreter: the command line's version, importing the package, importing the runner."""
    commands = {
        "policymix --version, s": ["-m", "policymix", "--version"],
        "import policymix, s": ["-c", "import policymix"],
        "import of all that a run needs, s": ["-c", "import policymix.experiments.runner"],
    }
    return {
        name: min(
            timed(lambda words=words: subprocess.run([sys.executable, *words], check=True, capture_output=True))[0]
            for _ in range(3)
        )
        for name, words in commands.items()
    }


def processor() -> str:
    """Name of the processor as the compiler sees it."""
    from llvmlite.binding import get_host_cpu_name

    return get_host_cpu_name()


def table(found: dict) -> str:
    """The measurements as text."""
    lines = []
    for name, value in found.items():
        if isinstance(value, dict) and "median" in value:
            range_ = f"({number(value['lowest'])} - {number(value['highest'])})"
            lines.append(f"{name:<48}{number(value['median']):>12}  {range_}")
        elif isinstance(value, dict):
            lines.append(name)
            lines += [f"  {key:<46}{number(each):>12}" for key, each in value.items()]
        else:
            lines.append(f"{name:<48}{number(value):>12}")
    return "\n".join(lines)


def number(value: object) -> str:
    """A number to three figures, a truth as a word, anything else as it is."""
    if isinstance(value, bool):
        return "reached" if value else "not reached"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)


if __name__ == "__main__":
    main()
