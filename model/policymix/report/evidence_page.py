"""What each published figure is used for: found in the data files that name its row, or the reason why none does."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from policymix import catalog
from policymix.calibrate.series import read_series
from policymix.region import evidence
from policymix.region.evidence import LAST_FITTED_YEAR, Effect, Statistic
from policymix.region.load import load
from policymix.report.odd import table

ROW = re.compile(r"\b(CS-\d{4}|[AB]\d{2})\b")
NAMES = ("id", "name", "step", "key", "from", "year")  # what tells one row of a list from another
WORDS = {  # what a file of a folder makes of a figure
    "environments": "environment",
    "packages": "package",
    "opportunities": "opportunities",
    "targets": "target",
    "experiments": "experiment",
    "facts": "fact",
    "priors": "prior",
    "moments": "moment",
    "series": "back-test",
    "bounds": "bound on money",
}


def uses() -> dict[str, list[str]]:
    """What names each row of the evidence, by row id: ``"prior of region qingdao: software.firms"``."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in _files():
        for row, trail, holder in _mentions(catalog.plain(catalog.read_toml(path)), (), {}):
            text = _use(path, trail, holder)
            if text not in found[row]:
                found[row].append(text)
    for row, text in _forecast():
        found[row].append(text)
    return dict(found)


def _forecast() -> Iterator[tuple[str, str]]:
    """Rows that the back-test of a shipped region begins with, judges by or draws as a plan, with the series."""
    roles = [load(str(path)).roles for path in sorted((catalog.data_root() / "scenarios" / "regions").glob("*.toml"))]
    for series in read_series():
        places = {each.get(series.of) for each in roles}
        for row in evidence.statistics():
            if row.indicator == series.indicator and row.place in places and row.confidence != "low":
                yield row.id, f"back-test: {series.id}{' (plan)' if row.kind == 'target' else ''}"


def reason(row: Statistic | Effect, rules: list[tuple[str, str]]) -> str:
    """Why a row is not used; the first rule that fits its indicator or id, empty if none does."""
    if isinstance(row, Statistic):
        if row.year > LAST_FITTED_YEAR and row.kind != "target":
            return f"after {LAST_FITTED_YEAR}: for testing"
        if row.kind == "target":
            return "a plan is never fitted; the targets carry what the documents state"
    name = row.indicator if isinstance(row, Statistic) else row.id
    return next((why for what, why in rules if fnmatchcase(name, what)), "")


def rules() -> list[tuple[str, str]]:
    """Reasons for not using a row: pattern of an indicator or id of an effect, and the reason, in order."""
    with catalog.evidence("not_used.csv").open(encoding="utf-8", newline="") as file:
        return [(row["what"], row["why"]) for row in csv.DictReader(file)]


def statistics_page() -> str:
    """Every statistic with what it is used for."""
    known, why = uses(), rules()
    rows = evidence.statistics()
    lines = [
        "# Published statistics and what each is used for",
        "",
        f"{len(rows)} rows of `calibration/evidence/city_statistics.csv`, {_count(rows, known)} of them used. Years "
        f"after {LAST_FITTED_YEAR} are for testing. `policymix check FILE.csv` checks a table of this form.",
        "",
        "Units: " + ", ".join(f"`{unit}` = {factor:g} {name}" for unit, (name, factor) in evidence.UNITS.items()) + ".",
    ]
    head = ["row", "indicator", "year", "value", "unit", "kind", "confidence", "used for"]
    for place in dict.fromkeys(row.place for row in rows):
        here = [row for row in rows if row.place == place]
        cells = [[*_printed(row), _used(row, known, why)] for row in here]
        lines += ["", f"## {place} ({_count(here, known)} of {len(here)} used)", "", *table(head, cells)]
    return "\n".join(lines)


def effects_page() -> str:
    """Every effect size with what it is used for."""
    known, why = uses(), rules()
    rows = evidence.effects()
    cells = [
        [row.id, row.topic, row.estimate, row.unit, row.source, row.verified, _used(row, known, why)] for row in rows
    ]
    head = ["row", "what", "estimate", "unit", "source", "verified", "used for"]
    lines = ["# Published effect sizes and what each is used for", ""]
    lines += [f"{len(rows)} rows of `calibration/evidence/effects.csv`, {_count(rows, known)} of them used.", ""]
    return "\n".join([*lines, *table(head, cells)])


def _printed(row: Statistic) -> list[str]:
    return [row.id, row.indicator, str(row.year), f"{row.value:,.10g}", row.unit, row.kind, row.confidence]


def _count(rows: list[Any], known: dict[str, list[str]]) -> int:
    return sum(row.id in known for row in rows)


def _used(row: Statistic | Effect, known: dict[str, list[str]], why: list[tuple[str, str]]) -> str:
    return "; ".join(known[row.id]) if row.id in known else f"not used: {reason(row, why)}"


def _files() -> list[Path]:
    """Every shipped file that may name a row, in alphabetical order."""
    root = catalog.data_root()
    return sorted([*(root / "scenarios").rglob("*.toml"), *(root / "calibration").rglob("*.toml")])


def _mentions(
    content: Any, trail: tuple[str, ...], holder: dict[str, Any]
) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Every row id in a text of the content, with the keys that lead to it and the table that holds it."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _mentions(value, (*trail, key), content)
    elif isinstance(content, list):
        for value in content:
            name = next((str(value[key]) for key in NAMES if key in value), "") if isinstance(value, dict) else ""
            yield from _mentions(value, (*trail, name) if name else trail, holder)
    elif isinstance(content, str):
        for row in ROW.findall(content):
            yield row, trail, holder


def _use(path: Path, trail: tuple[str, ...], holder: dict[str, Any]) -> str:
    """``"total (compare) of region qingdao: recognised.gazelle 2022"``."""
    folder = path.parent.name
    if folder == "regions" and trail[0] == "total":
        return f"total ({holder['use']}) of region {path.stem}: {holder['key']} {holder['year']}"
    own = [
        part for part in trail if part not in ("source", "why", "rows", "note", "industry", "ladder", "place", "record")
    ]
    if folder == "regions":
        word = "prior" if "low" in holder else "value"
        return f"{word} of region {path.stem}: {'.'.join(own)}"
    word = WORDS.get(folder, WORDS.get(path.stem, folder))
    inside = [part for part in own if part not in ("parameter", "fact", "clause", "year", "opportunity", "channel")]
    name = "" if path.stem in WORDS else f" {path.stem}"
    return f"{word}{name}: {'.'.join(inside[:2])}" if inside else f"{word}{name}"
