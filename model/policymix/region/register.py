"""A user's own register of firms instead of a synthetic population: read, and checked against the region's totals.

The register holds the firms at the end of the reference year, one row each. Its columns are those of `Firm`: ``id,
industry, place, founded, revenue, staff, capital, steps``; all but the first four may be left out or empty, but a firm
needs a revenue or a staff.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from policymix.errors import InvalidFile, Problem, closest
from policymix.region.arrays import region_arrays
from policymix.region.schema import STEPS, Firm, Number, Region

COLUMNS = tuple(Firm.model_fields)
NEEDED = ("id", "industry", "place", "founded")
NUMBERS = ("revenue", "staff", "capital")
VALUE_TOLERANCE = 0.25  # of an industry's value added against the region's
COUNT_TOLERANCE = 0.10  # of a count for which the region gives no range


def read_register(path: Path) -> list[dict[str, Any]]:
    """Rows of a register as tables of a region file; money in CNY of the reference year, ``steps`` parted by spaces.

    Raises
    ------
    InvalidFile
        No such file, columns that do not exist, rows of another length, text where a number belongs.
    """
    if not path.is_file():
        raise InvalidFile(path, [Problem("firms", "no such file", "a register beside the region's file")])
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidFile(path, [Problem(f"byte {error.start}", "not UTF-8", "text in UTF-8")]) from None
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader, [])
    problems = [
        Problem("header", f"'{name}'", f"columns of {', '.join(COLUMNS)}", closest(name, COLUMNS))
        for name in header
        if name not in COLUMNS
    ]
    problems += [Problem("header", f"no column '{name}'", "it") for name in NEEDED if name not in header]
    problems += [Problem("header", f"'{name}' {n} times", "once") for name, n in Counter(header).items() if n > 1]
    if problems:
        raise InvalidFile(path, problems)
    rows = []
    for cells in reader:
        if len(cells) != len(header):
            problems.append(Problem(f"line {reader.line_num}", f"{len(cells)} cells", f"{len(header)} cells"))
            continue
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        found, wrong = _row(row, f'line {reader.line_num} (firm "{row["id"]}")')
        rows.append(found)
        problems += wrong
    if problems or not rows:
        raise InvalidFile(path, problems or [Problem("file", "no firm", "a row for every firm")])
    return rows


def register_problems(region: Region) -> list[Problem]:
    """What is wrong with a region's register: rows by the firm's id, then every total that it misses."""
    if not region.firm:
        return []
    problems = [_unknown(firm, "industry", region.industries) for firm in region.firm]
    problems += [_unknown(firm, "place", region.places) for firm in region.firm]
    problems += [_late(firm, region.reference.year) for firm in region.firm]
    found = [problem for problem in problems if problem is not None]
    twice = [name for name, count in Counter(firm.id for firm in region.firm).items() if count > 1]
    found += [Problem(f'firm "{name}"', "the id is used twice", "an id of its own for every firm") for name in twice]
    ids = {firm.id for firm in region.firm}
    found += [
        Problem(f'record "{record.id}"', "no firm of the register bears its id", "that firm's row, or no record")
        for record in region.record
        if record.id not in ids
    ]
    return found or [*_count_problems(region), *_value_problems(region), *_ladder_problems(region)]


def value_added(region: Region, firms: list[Firm], ratio: np.ndarray, worker: np.ndarray) -> np.ndarray:
    """Value added of every firm, CNY a year: from its revenue, where none is known from its staff.

    Parameters
    ----------
    ratio : value added per revenue by industry
    worker : value added per head by industry and place, CNY a year
    """
    industries = {name: i for i, name in enumerate(region.industries)}
    places = {name: k for k, name in enumerate(region.places)}
    return np.array(
        [
            firm.revenue * ratio[industries[firm.industry]]
            if firm.revenue is not None
            else (firm.staff or 0.0) * worker[industries[firm.industry], places[firm.place]]
            for firm in firms
        ]
    )


def founded_quarter(firm: Firm) -> int:
    """Quarters since year 0 in which a firm was founded; the third of the year where only the year is known."""
    return 4 * int(firm.founded[:4]) + (int(firm.founded[5]) - 1 if len(firm.founded) > 4 else 2)


def _row(row: dict[str, str], where: str) -> tuple[dict[str, Any], list[Problem]]:
    found: dict[str, Any] = {name: cell for name, cell in row.items() if cell and name not in ("steps", *NUMBERS)}
    problems = []
    for name in NUMBERS:
        if not row.get(name):
            continue
        try:
            found[name] = float(row[name])
        except ValueError:
            problems.append(Problem(f"{where} > {name}", f"'{row[name]}'", "a number, or nothing"))
    return found | {"steps": row.get("steps", "").split()}, problems


def _unknown(firm: Firm, key: str, known: tuple[str, ...]) -> Problem | None:
    name = getattr(firm, key)
    if name in known:
        return None
    return Problem(f'firm "{firm.id}" > {key}', f"'{name}'", "one of " + ", ".join(known), closest(name, known))


def _late(firm: Firm, year: int) -> Problem | None:
    if int(firm.founded[:4]) <= year:
        return None
    return Problem(f'firm "{firm.id}" > founded', firm.founded, f"a year up to {year}, the reference year")


def _count_problems(region: Region) -> list[Problem]:
    """Firms of every industry, and of them those in the zone."""
    count = Counter(firm.industry for firm in region.firm)
    zone = Counter(firm.industry for firm in region.firm if firm.place == region.roles.get("zone"))
    problems = []
    for industry in region.industry:
        low, high = _range(industry.firms)
        if not math.floor(low) <= count[industry.id] <= math.ceil(high):
            found = f"{count[industry.id]:,} firms in the register"
            problems.append(Problem(f"region.{industry.id}.firms", found, f"{low:,.0f} to {high:,.0f}"))
        low, high = (count[industry.id] * share for share in _range(industry.zone_share))
        if "zone" in region.roles and not math.floor(low) <= zone[industry.id] <= math.ceil(high):
            found = f"{zone[industry.id]:,} of them in the zone"
            problems.append(Problem(f"region.{industry.id}.zone_share", found, f"{low:,.0f} to {high:,.0f}"))
    return problems


def _value_problems(region: Region) -> list[Problem]:
    arrays = region_arrays(region)
    worker = arrays.annual_wage[:, None] * arrays.wage_level[None, :] / arrays.wage_share[:, None]
    value = value_added(region, region.firm, arrays.va_ratio, worker)
    problems = []
    for i, name in enumerate(region.industries):
        own = float(value[[firm.industry == name for firm in region.firm]].sum())
        wanted = float(arrays.value_added[i].sum())
        if abs(own / wanted - 1.0) > VALUE_TOLERANCE:
            found = f"{own / 1e6:,.0f} million CNY from the register's revenue and staff ({own / wanted - 1.0:+.0%})"
            expected = f"{wanted / 1e6:,.0f} million within {VALUE_TOLERANCE:.0%}, the region's at its defaults"
            problems.append(Problem(f"value added of {name}", found, expected))
    return problems


def _ladder_problems(region: Region) -> list[Problem]:
    """Firms that hold a rung against the published counts times the share of modelled firms."""
    problems = []
    for step in region.ladder:
        modelled = _range(step.modelled)
        for place, number in step.published.items():
            low, high = (end * share for end, share in zip(_range(number), modelled, strict=True))
            own = sum(step.step in firm.steps and place in (firm.place, region.city) for firm in region.firm)
            if not math.floor(low) <= own <= math.ceil(high):
                expected = f"{low:,.0f} to {high:,.0f}: published times modelled"
                problems.append(Problem(f"region.{step.step}.{place}", f"{own:,} firms that hold it", expected))
    return problems


def _range(number: Number) -> tuple[float, float]:
    if number.low is not None and number.high is not None and number.uncertain:
        return number.low, number.high
    return number.value * (1.0 - COUNT_TOLERANCE), number.value * (1.0 + COUNT_TOLERANCE)


def steps_mask(firm: Firm) -> int:
    """The rungs a firm holds as a bit mask in the order of `STEPS`."""
    return sum(1 << STEPS.index(step) for step in set(firm.steps))
