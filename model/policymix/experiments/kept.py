"""Numbers and verdicts of long runs that are kept with the code, each file with the hashes of what it was made from.

``calibration/results/NAME.csv`` has rows of two kinds: ``source`` (name, hash) and ``number`` (name, low, median, high,
unit). A file is stale when a hash is not that of today's sources.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policymix import catalog
from policymix.engine import loop
from policymix.engine.writing import ROOT
from policymix.errors import InvalidFile, Problem
from policymix.experiments.scenario import Scenario, load_scenario, write_scenario
from policymix.experiments.store import hash_file, input_files, portable

HEAD = ("kind", "name", "low", "median", "high", "unit", "text")
NO_PART_OF_A_RUN = {"mesa_view", "diary", "diarist", "panel", "warm", "example", "__init__"}
"""Files of the engine that look at runs or begin them."""
BESIDE_THE_LOOP = ("policy/compile.py", "policy/compiled.py", "policy/segments.py", "region/arrays.py",
                   "experiments/measured.py", "experiments/results.py", "experiments/runner.py",
                   "experiments/parameters.py")  # fmt: skip
BACKTEST = "backtest-"
"""What the kept back-test of a region is called, before the region's name."""
BACKTEST_CODE = ("backtest", "origin", "outlook", "rivals", "scores", "series", "spending", "tally")
ONLY_REPORTED = ("targets/",)
"""Inputs that change what is said of a run, not the run."""


@dataclass(frozen=True)
class Number:
    """5 %, median and 95 % over the runs; a number without spread has them equal."""

    low: float
    median: float
    high: float
    unit: str


@dataclass(frozen=True)
class Kept:
    """What a file holds."""

    numbers: Mapping[str, Number]
    sources: Mapping[str, str]


def path_of(name: str) -> Path:
    """The file of a scenario's kept numbers."""
    return catalog.data_root() / "calibration" / "results" / f"{name}.csv"


def code_hash() -> str:
    """SHA-256 of every source that a run's numbers depend on; neither versions nor processor enter."""
    files = {f"engine/{path.name}": path for path in (ROOT / "engine").glob("*.py")}
    texts = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    texts = {name: text for name, text in texts.items() if Path(name).stem not in NO_PART_OF_A_RUN}
    texts |= loop.sources("") | {name: (ROOT / name).read_text(encoding="utf-8") for name in BESIDE_THE_LOOP}
    return hashlib.sha256("\n".join(f"{name}\n{texts[name]}" for name in sorted(texts)).encode()).hexdigest()


def sources_of(scenario: Scenario) -> dict[str, str]:
    """Hashes of what a run of a scenario is made from: the code, the scenario, and every file it reads."""
    found = {"code": code_hash(), "scenario.toml": text_hash(write_scenario(portable(scenario)))}
    for name, path in input_files(scenario).items():
        if not name.startswith(ONLY_REPORTED):
            found[name] = hash_file(path)
    return found


def stale_sources(name: str, kept: Kept) -> list[str]:
    """Sources of a scenario's kept numbers that are no longer what they were; [] while it is current."""
    now = sources_of(load_scenario(name))
    return sorted(key for key in now.keys() | kept.sources.keys() if now.get(key) != kept.sources.get(key))


def write_kept(path: Path, kept: Kept) -> None:
    """Write a file of kept numbers."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(HEAD)
    for name, text in sorted(kept.sources.items()):
        rows.writerow(["source", name, "", "", "", "", text])
    for name, number in kept.numbers.items():
        rows.writerow(
            ["number", name, *(f"{x:.6g}" for x in (number.low, number.median, number.high)), number.unit, ""]
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(out.getvalue(), encoding="utf-8")


def read_kept(path: Path) -> Kept | None:
    """The numbers of a file; None when nobody has made it yet.

    Raises
    ------
    InvalidFile
        A row that is neither a source nor a number.
    """
    if not path.is_file():
        return None
    numbers, sources = {}, {}
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            try:
                if row["kind"] == "source":
                    sources[row["name"]] = row["text"]
                elif row["kind"] == "number":
                    low, median, high = (float(row[key]) for key in ("low", "median", "high"))
                    numbers[row["name"]] = Number(low, median, high, row["unit"])
                else:
                    raise ValueError(row["kind"])
            except (KeyError, TypeError, ValueError) as error:
                expected = f"a row of {', '.join(HEAD)}, kind source or number"
                raise InvalidFile(path, [Problem(f"line {line}", str(error), expected)]) from None
    return Kept(numbers, sources)


def verdict_sources(what: str) -> dict[str, str]:
    """Hashes of what verdicts are made from: the code that judges and all data read.

    Parameters
    ----------
    what : ``facts``, ``validation``, or ``backtest-REGION``
    """
    root = catalog.data_root()
    if what.startswith(BACKTEST):
        return _backtest_sources(what.removeprefix(BACKTEST))
    judged = "calibration/facts.toml" if what == "facts" else "calibration/experiments/**/*.toml"
    data = ["calibration/priors.toml", judged, "scenarios/dalian-2025.toml", "scenarios/regions/dalian.toml"]
    data += ["scenarios/environments/*.toml", "scenarios/packages/national-baseline.toml"]
    data += ["calibration/posterior/dalian.nc"]
    found = {str(path.relative_to(root)): hash_file(path) for name in data for path in sorted(root.glob(name))}
    judges = sorted(path for path in (ROOT / "calibrate").glob("*.py") if path.stem not in BACKTEST_CODE)
    code = "".join(path.read_text(encoding="utf-8") for path in judges)
    return {"code": code_hash(), "calibrate": text_hash(code), **found}


def _backtest_sources(region: str) -> dict[str, str]:
    """Of a back-test: the scenario that names the region, every figure, the series, the bounds, the forecasters."""
    from policymix.experiments.region_fit import scenario_of_region

    scenario = scenario_of_region(region)
    data = {name: hash_file(catalog.evidence(name)) for name in ("city_statistics.csv", "series.toml", "bounds.toml")}
    fits = sorted(catalog.posterior_folder().glob(f"{region}-*.nc"))
    data |= {f"posterior/{path.name}": hash_file(path) for path in fits}
    code = "".join((ROOT / "calibrate" / f"{name}.py").read_text(encoding="utf-8") for name in BACKTEST_CODE)
    own = {name: text for name, text in sources_of(scenario).items() if name != "posterior.nc"}
    return {**own, **data, "calibrate": text_hash(code)}


def keep_verdicts(what: str, answer: Mapping[str, Any]) -> Path:
    """Write the answer of ``policymix facts``, ``validate`` or ``backtest --json`` with the hashes of its sources."""
    path = verdicts_path(what)
    content = {"sources": verdict_sources(what), **answer}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def verdicts_path(what: str) -> Path:
    """The file of kept verdicts."""
    return catalog.data_root() / "calibration" / "results" / f"{what}.json"


def read_verdicts(what: str) -> dict[str, Any] | None:
    """Kept verdicts; None when nobody has made them yet."""
    path = verdicts_path(what)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def stale_verdicts(what: str) -> list[str]:
    """Sources of kept verdicts that are no longer what they were; all of them when there are none."""
    kept, now = read_verdicts(what), verdict_sources(what)
    before = kept["sources"] if kept else {}
    return sorted(key for key in now.keys() | before.keys() if now.get(key) != before.get(key))


OF_A_FIT = ("moments", "simulated", "emulator", "search", "diagnostics", "fit", "fit_file")
"""Files of ``calibrate/`` that a fit's numbers depend on."""


def code_of_fit() -> str:
    """SHA-256 of the sources that make a posterior of simulations."""
    return text_hash("".join((ROOT / "calibrate" / f"{name}.py").read_text(encoding="utf-8") for name in OF_A_FIT))


def text_hash(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()
