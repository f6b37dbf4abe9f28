"""Designs of experiments: which values of the factors are tried together, as one column a factor.

A seed addresses the whole design. With the same seed

* ``sobol`` and ``halton`` keep their first points when more are asked for, ``saltelli`` and ``morris`` their first
  base points and trajectories; ``lhs`` does not: its strata change with the number of points;
* ``lhs`` keeps the columns of its first factors when others are added at the end; the other methods do not.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from policymix.errors import InvalidFile, InvalidValue, NotFound, Problem, closest
from policymix.experiments.factors import (
    EXPECTED,
    LEVEL_COUNT,
    Factor,
    Scalar,
    at,
    check_factor,
    column_of,
    contains,
    is_level_count,
    level_count,
    levels,
    middle,
    parsed,
    range_of,
    value_of,
)
from policymix.experiments.scenario import MAX_SEED

OPTIONS: dict[str, dict[str, Any]] = {  # what each method can be told, and what holds if it is not
    "factorial": {"levels": None},
    "one_at_a_time": {"levels": None},
    "lhs": {"scramble": True},
    "sobol": {"scramble": True},
    "halton": {"scramble": True},
    "saltelli": {"second_order": False},
    "morris": {"levels": 4},
    "table": {"table": None},
}
METHODS = tuple(OPTIONS)
COUNTED = {  # methods that have to be told how many, and of what
    "lhs": "points",
    "sobol": "points",
    "halton": "points",
    "saltelli": "base points",
    "morris": "trajectories",
}
MOST_POINTS = 2**31
SOBOL_BITS = 32  # as many points of a sequence as a design may have
BELOW_ONE = math.nextafter(1.0, 0.0)
SHOWN_PROBLEMS = 20


@dataclass(frozen=True, eq=False)
class Design:
    """Points of an experiment.

    Attributes
    ----------
    method : one of `METHODS`
    factors : in the order of the columns
    columns : values by the factor's name, an array [point]: float64, int64 (dates as ordinals), bool or text
    unit : float64[point, factor], positions in [0, 1) that `at` turned into the values (``morris``: in [0, 1], ends
        included); NaN where the method has none
    attributes : what an analysis needs beside them: ``method``; ``seed``, ``points`` and ``scramble`` of lhs, sobol,
        halton; ``seed``, ``base``, ``second_order`` of saltelli; ``seed``, ``trajectories``, ``levels``, ``delta`` of
        morris; ``source`` of a table; ``notice`` where the user should know something. Truths are 0 and 1.
    """

    method: str
    factors: tuple[Factor, ...]
    columns: dict[str, np.ndarray]
    unit: np.ndarray
    attributes: dict[str, str | int | float] = field(default_factory=dict)

    @property
    def points(self) -> int:
        """How many points it has."""
        return len(self.unit)


def make_design(
    method: str,
    factors: Sequence[Factor],
    *,
    points: int | None = None,
    seed: int = 0,
    where: str = "design",
    **options: Any,
) -> Design:
    """The points of a design.

    =================  =====================================================================================
    ``factorial``      every combination of the levels, the last factor fastest
    ``one_at_a_time``  the default point (a factor without default: its `middle`), then each factor's other
                       levels with the rest at their defaults
    ``lhs``            Latin hypercube: each factor has one value in each of `points` strata
    ``sobol``          Sobol' sequence; best balanced if `points` is a power of two
    ``halton``         Halton sequence
    ``saltelli``       for Sobol' indices: for each base point A, AB_1..AB_k, [BA_1..BA_k], B, where AB_i is A
                       with factor i of B; the order that ``SALib.analyze.sobol`` reads
    ``morris``         trajectories of k + 1 points on a grid, one factor moved at each step; the order that
                       ``SALib.analyze.morris`` reads
    ``table``          the points of a CSV file (columns named by factor or address), or of a list of dicts
    =================  =====================================================================================

    Parameters
    ----------
    points : points of lhs, sobol, halton; base points of saltelli; trajectories of morris; None for the others
    seed : 0 .. 2**63 - 1, addresses the random numbers of the methods that have any
    where : words for the design in messages
    options : ``levels`` (factorial, one_at_a_time: of the ranges that do not say their own; morris: of the grid, even,
        4 by default), ``scramble`` (lhs, sobol, halton: true by default; without it lhs takes the middle of each
        stratum), ``second_order`` (saltelli: false by default), ``table`` (path or list of dicts)

    Raises
    ------
    NotFound
        Unknown method or option, or a file that is not there.
    InvalidValue
        A number, factor or option that cannot be; factors without order where the method needs one; two factors of one
        name or address; more than 2**31 points.
    InvalidFile
        What is wrong with a table, by line and column.
    """
    factors, said = _checked(method, factors, points, where, options)
    if not _is_whole(seed, 0) or seed > MAX_SEED:
        raise InvalidValue(f"{where} > seed", repr(seed), f"a whole number, 0 to {MAX_SEED}")
    size = _size(method, factors, points, said)
    if size > MOST_POINTS:
        raise InvalidValue(
            where, f"{size} points", f"at most {MOST_POINTS}: fewer levels or factors, or lhs or sobol with points"
        )
    attributes: dict[str, str | int | float] = {"method": method}
    if method == "table":
        return _of_columns(method, factors, _table_columns(said["table"], factors), {**attributes, **_source(said)})
    if method == "factorial":
        return _of_columns(method, factors, _factorial(factors, said["levels"]), attributes)
    if method == "one_at_a_time":
        return _of_columns(method, factors, _one_at_a_time(factors, said["levels"]), attributes)
    assert points is not None
    unit = _unit(method, len(factors), int(points), int(seed), said, where)
    columns = {factor.name: at(factor, unit[:, column]) for column, factor in enumerate(factors)}
    attributes |= _sampled(method, int(points), int(seed), said)
    return Design(method, factors, columns, unit, attributes)


def size_of(
    method: str, factors: Sequence[Factor], points: int | None = None, *, where: str = "design", **options: Any
) -> int:
    """Points that `make_design` would make, without making them; the same arguments, checked likewise.

    A design too large to be made is no error here: its size is what the caller wants to show.
    """
    factors, said = _checked(method, factors, points, where, options)
    return _size(method, factors, points, said)


def _size(method: str, factors: Sequence[Factor], points: int | None, said: Mapping[str, Any]) -> int:
    if method == "table":
        return len(said["table"].rows)
    if method == "factorial":
        return math.prod(level_count(factor, _own(factor, said["levels"])) for factor in factors)
    if method == "one_at_a_time":
        return 1 + sum(len(_others(factor, said["levels"])) for factor in factors)
    assert points is not None
    k = len(factors)
    return int(points) * {"saltelli": 2 * k + 2 if said.get("second_order") else k + 2, "morris": k + 1}.get(method, 1)


# --- what was asked for ---------------------------------------------------------------------------------------------


def _checked(
    method: str, factors: Sequence[Factor], points: int | None, where: str, options: Mapping[str, Any]
) -> tuple[tuple[Factor, ...], dict[str, Any]]:
    """The factors, and the options with their defaults and the table read; anything that cannot be is refused."""
    if method not in METHODS:
        raise NotFound("method", str(method), METHODS, where=where)
    factors = tuple(factors)
    _check_factors(factors, where)
    _check_points(method, points, where)
    said = _said(method, options, where)
    if method in ("morris", "saltelli"):
        _check_order(method, factors, where)
    if method in ("factorial", "one_at_a_time"):
        for factor in factors:
            _check_levels(factor, said["levels"], where)
    return factors, said


def _check_factors(factors: Sequence[Factor], where: str) -> None:
    if not factors:
        raise InvalidValue(where, "no factors", "one factor or more")
    for factor in factors:
        problems = check_factor(factor, f'{where} > factor "{factor.name}"')
        if problems:
            first = problems[0]
            raise InvalidValue(first.where, first.found, first.expected, first.nearest)
    names: set[str] = set()
    owners: dict[str, str] = {}
    for factor in factors:
        if factor.name in names:
            raise InvalidValue(f'{where} > factor "{factor.name}"', "two factors of this name", "a name for each")
        names.add(factor.name)
        other = owners.setdefault(factor.address, factor.name)
        if other != factor.name:
            found = f"the factors {other} and {factor.name} for {factor.address or 'the mix'}"
            raise InvalidValue(where, found, "one factor for an address, and one for the mix")


def _check_points(method: str, points: int | None, where: str) -> None:
    if method not in COUNTED:
        if points is not None:
            raise InvalidValue(f"{where} > points", repr(points), f"none: {method} has as many as it needs")
        return
    if not _is_whole(points, 1):
        found = "nothing" if points is None else repr(points)
        raise InvalidValue(f"{where} > points", found, f"a whole number of {COUNTED[method]}, 1 or more")


def _said(method: str, options: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Every option of the method, checked."""
    for name in options:
        if name not in OPTIONS[method]:
            raise NotFound(f"option of {method}", name, OPTIONS[method], where=where)
    said = {**OPTIONS[method], **options}
    for name in ("scramble", "second_order"):
        if name in said and not isinstance(said[name], bool | np.bool_):
            raise InvalidValue(f"{where} > {name}", repr(said[name]), "true or false")
    if said.get("levels") is not None and not is_level_count(said["levels"]):
        raise InvalidValue(f"{where} > levels", repr(said["levels"]), LEVEL_COUNT)
    if method == "morris" and (said["levels"] is None or said["levels"] % 2):
        raise InvalidValue(f"{where} > levels", repr(said["levels"]), "an even number of levels for morris")
    if method == "table":
        said["table"] = _read_table(said["table"], where)
    return said


def _check_order(method: str, factors: Sequence[Factor], where: str) -> None:
    """These methods move a factor up and down: its values need an order, or to be two."""
    for factor in factors:
        count, place = len(factor.values), f'{where} > factor "{factor.name}"'
        if count == 1:
            raise InvalidValue(place, "one value", f"two or more for {method}: it measures what a change does")
        if factor.kind in ("choice", "mix") and count > 2:
            raise InvalidValue(
                place,
                f"a {factor.kind} of {count} values, which have no order",
                f"for {method} numbers, dates, truths or a {factor.kind} of two values; "
                "factorial, or lhs with measures for given data, work with any",
            )


def _check_levels(factor: Factor, common: int | None, where: str) -> None:
    if not factor.values and factor.levels is None and common is None:
        raise InvalidValue(
            f'{where} > factor "{factor.name}" > levels', "nothing", f"{LEVEL_COUNT}, or a list of values"
        )


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= least


# --- designs of levels ----------------------------------------------------------------------------------------------


def _own(factor: Factor, common: int | None) -> int | None:
    return factor.levels if factor.levels is not None else common


def _factorial(factors: Sequence[Factor], common: int | None) -> dict[str, np.ndarray]:
    lists = [levels(factor, _own(factor, common)) for factor in factors]
    counts = [len(values) for values in lists]
    return {
        factor.name: np.tile(np.repeat(values, math.prod(counts[column + 1 :])), math.prod(counts[:column]))
        for column, (factor, values) in enumerate(zip(factors, lists, strict=True))
    }


def _default(factor: Factor) -> Scalar:
    return middle(factor) if factor.default is None else factor.default


def _others(factor: Factor, common: int | None) -> np.ndarray:
    """Levels other than the default."""
    values = levels(factor, _own(factor, common))
    return values[values != _default(factor)]


def _one_at_a_time(factors: Sequence[Factor], common: int | None) -> dict[str, np.ndarray]:
    moved = [_others(factor, common) for factor in factors]
    counts = [len(values) for values in moved]
    columns = {}
    for column, (factor, values) in enumerate(zip(factors, moved, strict=True)):
        base = column_of(factor, [_default(factor)])
        before, after = 1 + sum(counts[:column]), sum(counts[column + 1 :])
        columns[factor.name] = np.concatenate([np.repeat(base, before), values, np.repeat(base, after)])
    return columns


def _of_columns(
    method: str, factors: tuple[Factor, ...], columns: dict[str, np.ndarray], attributes: dict[str, str | int | float]
) -> Design:
    """A design whose values come from no position."""
    points = len(columns[factors[0].name])
    return Design(method, factors, columns, np.full((points, len(factors)), np.nan), attributes)


# --- designs of positions -------------------------------------------------------------------------------------------


def _unit(method: str, k: int, points: int, seed: int, said: Mapping[str, Any], where: str) -> np.ndarray:
    """Positions float64[point, factor] of a sampled design."""
    if method == "morris":
        return _morris(k, points, seed, said["levels"])
    if method == "saltelli":
        return _saltelli(_sobol(2 * k, points, seed, True, where), said["second_order"])
    if method == "sobol":
        return _sobol(k, points, seed, said["scramble"], where)
    from scipy.stats import qmc

    if method == "halton":
        unit = qmc.Halton(k, scramble=bool(said["scramble"]), seed=np.random.default_rng(seed)).random(points)
    else:
        streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(k)]
        hypercubes = [qmc.LatinHypercube(1, scramble=bool(said["scramble"]), seed=stream) for stream in streams]
        unit = np.hstack([hypercube.random(points) for hypercube in hypercubes])
    return np.minimum(unit, BELOW_ONE)  # either may round up to 1


def _sobol(dimensions: int, points: int, seed: int, scramble: bool, where: str) -> np.ndarray:
    from scipy.stats import qmc

    if dimensions > qmc.Sobol.MAXDIM:
        raise InvalidValue(
            where, f"{dimensions} dimensions", f"at most {qmc.Sobol.MAXDIM} for a Sobol' sequence, or lhs"
        )
    sequence = qmc.Sobol(dimensions, scramble=bool(scramble), bits=SOBOL_BITS, seed=np.random.default_rng(seed))
    first = sequence.random(1)  # apart: scipy warns of numbers that are no power of two in its first call only
    return np.vstack([first, sequence.random(points - 1)]) if points > 1 else first


def _saltelli(base: np.ndarray, second_order: bool) -> np.ndarray:
    k = base.shape[1] // 2
    a, b = base[:, :k], base[:, k:]
    points = np.repeat(a[:, None, :], 2 * k + 2 if second_order else k + 2, axis=1)
    for factor in range(k):
        points[:, 1 + factor, factor] = b[:, factor]
    if second_order:
        points[:, 1 + k : 1 + 2 * k] = b[:, None, :]
        for factor in range(k):
            points[:, 1 + k + factor, factor] = a[:, factor]
    points[:, -1] = b
    return points.reshape(-1, k)


def _morris(k: int, trajectories: int, seed: int, grid: int) -> np.ndarray:
    """Each trajectory starts where every factor can go half the grid in its direction, and moves them in any order."""
    starts, directions, orders = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(3))
    half = grid // 2
    upward = directions.integers(0, 2, size=(trajectories, k))
    start = starts.integers(0, half, size=(trajectories, k)) + half * (1 - upward)
    turn = orders.permuted(np.tile(np.arange(k), (trajectories, 1)), axis=1)  # of each factor
    moved = turn[:, None, :] < np.arange(k + 1)[None, :, None]
    steps = start[:, None, :] + moved * (half * (2 * upward - 1))[:, None, :]
    return steps.reshape(-1, k) / (grid - 1)


def _sampled(method: str, points: int, seed: int, said: Mapping[str, Any]) -> dict[str, str | int | float]:
    """Attributes of a sampled design."""
    attributes: dict[str, str | int | float] = {"seed": seed}
    if method == "morris":
        grid = int(said["levels"])
        return attributes | {"trajectories": points, "levels": grid, "delta": grid / (2 * (grid - 1))}
    if method == "saltelli":
        attributes |= {"base": points, "second_order": int(said["second_order"])}
    else:
        attributes |= {"points": points, "scramble": int(said["scramble"])}
    if method in ("sobol", "saltelli") and points & (points - 1):
        below = 1 << (points.bit_length() - 1)
        attributes["notice"] = (
            f"{points} {COUNTED[method]} of a Sobol' sequence are no power of two, which unbalances it: "
            f"{below} or {2 * below} would be balanced"
        )
    return attributes


# --- a table of points ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Table:
    """Rows of a table of points: where each stands, and its cells by column."""

    source: str
    head: tuple[str, ...]
    places: list[str]
    rows: list[Mapping[str, object]]
    is_text: bool


def _source(said: Mapping[str, Any]) -> dict[str, str | int | float]:
    return {"source": said["table"].source}


def _read_table(table: object, where: str) -> _Table:
    if isinstance(table, str | os.PathLike):
        return _read_csv(Path(table), where)
    if not isinstance(table, Sequence) or not all(isinstance(row, Mapping) for row in table):
        found = "nothing" if table is None else repr(type(table).__name__)
        raise InvalidValue(f"{where} > table", found, "a CSV file of points, or a list of dicts")
    if not table:
        raise InvalidValue(f"{where} > table", "no rows", "one point or more")
    head = tuple(dict.fromkeys(str(name) for row in table for name in row))
    places = [f"row {number}" for number in range(1, len(table) + 1)]
    return _Table(f"{where} > table", head, places, list(table), False)


def _read_csv(path: Path, where: str) -> _Table:
    if not path.is_file():
        beside = [other.name for other in path.parent.glob("*.csv")] if path.parent.is_dir() else []
        raise NotFound("file", str(path), beside, where=f"{where} > table")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(f"line {reader.line_num}", row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidFile(path, [Problem("text", str(error), "CSV in UTF-8")]) from None
    if len(lines) < 2:
        raise InvalidFile(path, [Problem("file", "no rows", "a line of column names, then one point or more")])
    head = [name.strip() for name in lines[0][1]]
    problems = [Problem(f"column '{name}'", "twice", "once") for name in dict.fromkeys(head) if head.count(name) > 1]
    problems += [
        Problem(place, f"{len(row)} cells", f"{len(head)}, as in the first line")
        for place, row in lines[1:]
        if len(row) != len(head)
    ]
    _refuse(path, problems)
    rows: list[Mapping[str, object]] = [dict(zip(head, row, strict=True)) for _, row in lines[1:]]
    return _Table(str(path), tuple(head), [place for place, _ in lines[1:]], rows, True)


def _table_columns(table: _Table, factors: Sequence[Factor]) -> dict[str, np.ndarray]:
    """Columns of the factors, by name or address; every cell that cannot be is a problem."""
    spellings = [(name, factor) for factor in factors for name in (factor.address, factor.name) if name]
    known = dict(spellings)
    problems = [
        Problem(f"column '{name}'", "a column of no factor", f"one of {', '.join(known)}", closest(name, known))
        for name in table.head
        if name not in known
    ]
    keys = {}
    for factor in factors:
        found = [name for name in table.head if known.get(name) is factor]
        if len(found) != 1:
            expected = f"one column '{factor.name}'" + (f" or '{factor.address}'" if factor.address else "")
            problems.append(Problem(f'factor "{factor.name}"', f"{len(found) or 'no'} columns", expected))
        keys[factor.name] = found[:1]
    _refuse(table.source, problems)
    values = {factor.name: _cells(table, factor, keys[factor.name][0], problems) for factor in factors}
    _refuse(table.source, problems)
    return {factor.name: column_of(factor, values[factor.name]) for factor in factors}


def _cells(table: _Table, factor: Factor, key: str, problems: list[Problem]) -> list[Any]:
    values = []
    for place, row in zip(table.places, table.rows, strict=True):
        raw = row.get(key)
        value = parsed(factor.kind, str(raw)) if table.is_text else value_of(factor.kind, raw)
        if value is None or not contains(factor, value):
            found = "nothing" if raw is None or raw == "" else f"'{raw}'"
            expected = EXPECTED[factor.kind] if value is None and not factor.values else range_of(factor)
            problems.append(Problem(f"{place}, column '{key}'", found, expected))
        values.append(value)
    return values


def _refuse(source: str | Path, problems: list[Problem]) -> None:
    if not problems:
        return
    more = len(problems) - SHOWN_PROBLEMS
    rest = [Problem("the rest", f"{more} more problems", "none")] if more > 0 else []
    raise InvalidFile(source, problems[:SHOWN_PROBLEMS] + rest)
