"""A table of claims through the compiled path: columns in, CNY by row and clause out.

The arithmetic is ``settle``, compiled; rows that share a firm, matter or holder carry their accounts over (``ledger``).
Fixed budgets are not rationed and conditions are not tested here, and the notices say so; apart from that the amounts
agree with ``entitlement`` to the fen.
"""

import csv
import datetime
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from policymix.errors import InvalidFile, InvalidValue, NotFound, Problem, RunFailed
from policymix.policy import arrays as codes
from policymix.policy.claim import COMMON_IDS, KIND_INDEX, MAX_FACTS, Fact, fact_index, facts_of, kind_named
from policymix.policy.compile import Compiled, compile_mix
from policymix.policy.dossier import DEFAULT_ROLES, place_code, places_of, value_problems
from policymix.policy.entitlement import _packages
from policymix.policy.ledger import EPOCH, Frame, compiled_work, desk_for, ledger_of
from policymix.policy.package import Package
from policymix.policy.quantity import closest

__all__ = ["EntitlementTable", "entitle_table"]
SHOWN = 20
"""Problems of one table that a message lists."""
NUMBERS = ("money", "usd", "share", "count", "number", "area", "rent", "months")


@dataclass(frozen=True)
class EntitlementTable:
    """What every row is paid under every clause.

    ``ids`` of the rows in the order of the input; ``clauses`` as ``package/clause``; ``amount`` float64[rows, clauses]
    and ``total`` float64[rows], CNY to the fen; ``status`` int8[rows, clauses], ``arrays.STATUS_*``.
    """

    ids: tuple[str, ...]
    clauses: tuple[str, ...]
    amount: np.ndarray
    total: np.ndarray
    status: np.ndarray
    notices: tuple[str, ...]

    def by_clause(self) -> dict[str, float]:
        """CNY over all rows, by clause that paid anything."""
        sums = zip(self.clauses, self.amount.sum(axis=0).tolist(), strict=True)
        return {name: round(money, 2) for name, money in sums if money > 0.0}

    def words(self, clause: str) -> list[str]:
        """Status of one clause in every row, as ``arrays.STATUS_WORDS``."""
        if clause not in self.clauses:
            raise NotFound("clause", clause, self.clauses)
        return [codes.STATUS_WORDS[code] for code in self.status[:, self.clauses.index(clause)].tolist()]

    def columns(self, every_clause: bool = False) -> dict[str, Any]:
        """``id``, ``total`` and one column a clause: those that paid anything, or all."""
        shown = [c for c in range(len(self.clauses)) if every_clause or self.amount[:, c].any()]
        return {"id": self.ids, "total": self.total, **{self.clauses[c]: self.amount[:, c] for c in shown}}

    def write(self, path: str | Path, every_clause: bool = False) -> Path:
        """Write ``columns`` as .csv or .parquet; returns the path. RunFailed if the file cannot be written."""
        path, columns = Path(path), self.columns(every_clause)
        write = _by_suffix(path, {".csv": _write_csv, ".parquet": _write_parquet})
        try:
            write(path, columns)
        except OSError as error:
            raise RunFailed(f"{path}: cannot be written: {error.strerror or error}") from error
        return path


def entitle_table(
    packages: "str | Package | Sequence[str | Package]",
    claims: "str | Path | Mapping[str, Any]",
    *,
    values: Mapping[str, Any] | None = None,
    roles: Mapping[str, str] | None = None,
    kind: str | None = None,
) -> EntitlementTable:
    """Amounts for a table of claims under all packages, by row and clause.

    Parameters
    ----------
    packages : a name, a path, ``a+b``, a Package, or a list of these
    claims : a .csv or .parquet file, or columns by name (arrays or lists of one length)
        ``kind`` (a column, or one word for all), the facts by name, and if wanted ``id``, ``firm``, ``holder``,
        ``matter`` or the kind's own word for these. Dates ISO, yes or no as true/false/1/0, sets as ``a|b`` (``|``
        alone: none held). Missing: an empty cell, None, NaN in an array of numbers. A row without ``id`` is named by
        its number, one without ``firm`` is a firm of its own, one without ``matter`` a matter of its own.
    values : numbers that the texts leave open, by address; central otherwise
    roles : role -> place of a region; by default the claims name places by role
    kind : claim kind of all rows of a table without that column

    Raises
    ------
    InvalidFile
        Everything that is wrong with the table, the first 20 problems shown.
    """
    mix = _packages(packages)
    source, columns = _columns_of(claims)
    if kind is not None:
        columns.setdefault("kind", kind)
    roles = dict(roles or DEFAULT_ROLES)
    compiled = compile_mix(mix, roles, places_of(roles))
    arrays = compiled.with_vector(compiled.vector(values or {}))
    frame = _read(source, columns, compiled)
    ledger, order = ledger_of(compiled, frame)
    shape = (len(frame.ids), len(compiled.clauses))
    amount, status = np.zeros(shape), np.zeros(shape, dtype=np.int8)
    compiled_work()(arrays, frame.kind, frame.facts, frame.day, order, ledger, desk_for(shape[1]), amount, status)
    total = np.round(amount.sum(axis=1), 2)
    return EntitlementTable(tuple(frame.ids), compiled.clauses, amount, total, status, _notices(compiled, amount))


def _notices(compiled: Compiled, amount: np.ndarray) -> tuple[str, ...]:
    """Notices of the mix; which clauses that paid something stand under a fixed budget or a condition."""
    out = list(compiled.notices)
    paid = np.asarray(amount.any(axis=0))
    package = compiled.arrays.clause["package"]
    for line in compiled.budgets:
        concerned = paid[line.clause] if line.clause >= 0 else paid[package == line.package].any()
        if line.fixed and concerned:
            what = f"{line.claims:,} claims" if line.claims is not None else f"{line.amount:,.0f} CNY"
            out.append(
                f"{line.name}: subject to budget ({what} per {line.per}), which a table of claims does not ration"
            )
    for name, model, any_paid in zip(compiled.clauses, compiled.models, paid, strict=True):
        if any_paid and model.conditions:
            out.append(f"{name}: subject to conditions tested later, which a table of claims does not test")
    return tuple(out)


# ------------------------------------------------------------------------------------------------ files


def _by_suffix(path: Path, ways: dict[str, Callable]) -> Callable:
    if path.suffix.lower() not in ways:
        raise InvalidValue(str(path), f"'{path.suffix}'", " or ".join(ways), closest(path.suffix, ways))
    return ways[path.suffix.lower()]


def _columns_of(claims: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(claims, Mapping):
        return "claims", {str(name): column for name, column in claims.items()}
    path = Path(claims)
    read = _by_suffix(path, {".csv": _read_csv, ".parquet": _read_parquet})
    if not path.is_file():
        raise NotFound("file", str(path), [p.name for p in path.parent.glob("*") if p.suffix in (".csv", ".parquet")])
    return str(path), read(path)


def _read_csv(path: Path) -> dict[str, Any]:
    """Columns of text by the names of the first line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file, strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidFile(path, [Problem("text", str(error), "CSV in UTF-8")]) from error
    head = [name.strip() for name in rows[0]] if rows else []
    problems = [
        Problem(f"column {name}", f"{count} columns of this name", "one")
        for name, count in Counter(head).items()
        if count > 1
    ]
    for i, row in enumerate(rows[1:], start=1):
        if len(row) != len(head):
            problems.append(Problem(f"row {i}", f"{len(row)} cells", f"{len(head)}, as in the first line"))
    if problems:
        raise InvalidFile(path, _shown(problems))
    return dict(zip(head, map(list, zip(*rows[1:], strict=True)), strict=True)) if rows[1:] else {n: [] for n in head}


def _write_csv(path: Path, columns: dict[str, Any]) -> None:
    names, ids, *money = columns, columns["id"], *(c for name, c in columns.items() if name != "id")
    text = [[f"{cell:.2f}" for cell in column.tolist()] for column in money]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(zip(ids, *text, strict=True))


def _parquet() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise RunFailed("Parquet needs pyarrow, which is not installed: pip install policymix[parquet]") from error
    return pyarrow, parquet


def _read_parquet(path: Path) -> dict[str, Any]:
    arrow, parquet = _parquet()
    try:
        table = parquet.read_table(path)
    except arrow.ArrowInvalid as error:
        raise InvalidFile(path, [Problem("file", str(error), "a Parquet file")]) from error
    out = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        plain = arrow.types.is_floating(column.type) or (arrow.types.is_integer(column.type) and not column.null_count)
        out[name] = column.to_numpy() if plain or arrow.types.is_date(column.type) else column.to_pylist()
    return out


def _write_parquet(path: Path, columns: dict[str, Any]) -> None:
    arrow, parquet = _parquet()
    parquet.write_table(arrow.table({name: arrow.array(column) for name, column in columns.items()}), path)


# ------------------------------------------------------------------------------------------------ columns to facts


def _shown(problems: list[Problem]) -> list[Problem]:
    more = len(problems) - SHOWN
    return [*problems[:SHOWN], Problem("table", f"{more:,} more problems", "none")] if more > 0 else problems


def _cells(column: Any) -> Any:
    """A column as an array of numbers or dates, or a list of text, None and lists as tuples."""
    column = getattr(column, "to_numpy", lambda: column)()
    if isinstance(column, np.ma.MaskedArray) and column.dtype.kind in "iuf":
        return np.ma.filled(column.astype(float), np.nan)
    if isinstance(column, np.ndarray) and column.dtype.kind in "biufM" and not isinstance(column, np.ma.MaskedArray):
        return column
    listed = column.tolist() if isinstance(column, np.ndarray) else list(column)
    nested = {list, set, frozenset, np.ndarray}
    if nested.isdisjoint(map(type, listed)):
        return listed
    return [tuple(cell) if type(cell) in nested else cell for cell in listed]


def _missing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip()) or (isinstance(cell, float) and cell != cell)


def _text(column: Any) -> list[str | None]:
    """Names as text, None where missing."""
    cells = _listed(column)
    known = {cell: None if _missing(cell) else str(cell).strip() for cell in set(cells)}
    return [known[cell] for cell in cells]


def _listed(column: Any) -> list:
    return column.tolist() if isinstance(column, np.ndarray) else column


def _read(source: str, given: Mapping[str, Any], compiled: Compiled) -> Frame:
    """Every column read strictly; all problems at once."""
    one_kind = given.get("kind") if isinstance(given.get("kind"), str) else None
    columns = {name: _cells(column) for name, column in given.items() if name != "kind" or one_kind is None}
    lengths = Counter(len(column) for column in columns.values())
    n = max(lengths, key=lengths.__getitem__, default=0)
    problems = [
        Problem(f"column {name}", f"{len(column):,} rows", f"{n:,}, as in the other columns")
        for name, column in columns.items()
        if len(column) != n
    ]
    if n == 0:
        problems.append(Problem("table", "no row", "at least one claim"))
    if "kind" not in given:
        problems.append(Problem("column kind", "nothing", "a column with the claim kind of every row, or kind=..."))
    if problems:
        raise InvalidFile(source, _shown(problems))
    ids = _ids(columns.get("id"), n, problems)
    kinds = [one_kind] * n if one_kind is not None else _text(columns["kind"])
    rows_of, code = _kinds(kinds, ids, problems)
    problems += _strangers(columns, rows_of)
    facts, day = np.full((n, MAX_FACTS), np.nan), np.zeros(n, dtype=np.int64)
    for kind, rows in rows_of.items():
        _facts_of_kind(kind, rows, columns, ids, compiled, facts, day, problems)
    if problems:
        raise InvalidFile(source, _shown(problems))
    return Frame(ids, code, facts, day, _names(columns, rows_of, ids))


def _ids(column: Any, n: int, problems: list[Problem]) -> list[str]:
    plain = f"c%0{max(3, len(str(n)))}d"
    ids = [plain % (i + 1) for i in range(n)]
    if column is None:
        return ids
    ids = [name or other for name, other in zip(_text(column), ids, strict=True)]
    if len(set(ids)) < n:
        again = [(name, count) for name, count in Counter(ids).items() if count > 1]
        problems += [Problem(f"id {name}", f"{count} rows of this id", "one") for name, count in again]
    return ids


def _kinds(kinds: list, ids: list[str], problems: list[Problem]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Rows of every kind, and the code of the kind of every row."""
    distinct = list(dict.fromkeys(kinds))
    for word in distinct:
        if word not in KIND_INDEX:
            near = closest(word, KIND_INDEX) if word else None
            problems.append(
                Problem(_where(kinds, word, ids, "kind"), repr(word), "one of " + ", ".join(KIND_INDEX), near)
            )
    table = {word: KIND_INDEX.get(word, -1) for word in distinct}
    code = np.fromiter(map(table.__getitem__, kinds), np.int64, len(kinds))
    return {word: np.flatnonzero(code == k) for word, k in table.items() if k >= 0}, code


def _where(cells: Sequence, cell: Any, ids: Sequence[str], column: str) -> str:
    i, count = next(i for i, c in enumerate(cells) if c == cell), sum(c == cell for c in cells)
    more = f" (and {count - 1:,} other rows)" if count > 1 else ""
    return f"claim {ids[i]}{more} > {column}"


def _known(kind: str) -> set[str]:
    """Columns that rows of a kind may fill."""
    declared = kind_named(kind)
    own = [fact.name for fact in (*facts_of(kind), *declared.facts)]
    return {*own, *COMMON_IDS, declared.matter, declared.holder, "kind", "id", "firm", "holder", "matter"} - {"claim"}


def _strangers(columns: Mapping[str, Any], rows_of: Mapping[str, np.ndarray]) -> list[Problem]:
    """Columns of no kind in the table, and columns filled in rows whose kind has no such fact."""
    known = {kind: _known(kind) for kind in rows_of}
    everything = set().union(*known.values())
    out = []
    for name, column in columns.items():
        if known and name not in everything:
            expected = "a fact of claim kind " + " or ".join(known)
            out.append(Problem(f"column {name}", f"'{name}'", expected, closest(name, everything)))
            continue
        for kind, rows in rows_of.items():
            if name in known[kind]:
                continue
            filled = sum(not _missing(cell) and cell == cell for cell in (column[i] for i in rows.tolist()))
            if filled:
                text = f"{filled:,} rows of claim kind {kind} that fill it"
                out.append(Problem(f"column {name}", text, f"a fact of claim kind {kind}", closest(name, known[kind])))
    return out


def _facts_of_kind(kind, rows, columns, ids, compiled, facts, day, problems) -> None:
    """Encode the facts of the rows of one kind into ``facts`` and ``day``."""
    whole = len(rows) == len(ids)
    names = ids if whole else [ids[i] for i in rows.tolist()]
    for i, fact in enumerate(facts_of(kind)):
        column = columns.get(fact.name)
        if column is None:
            continue
        if not whole:
            column = column[rows] if isinstance(column, np.ndarray) else [column[k] for k in rows.tolist()]
        facts[rows, i] = _encode(fact, column, names, compiled, problems)
    on, applied = fact_index(kind, kind_named(kind).on), fact_index(kind, "applied_on")
    dated = facts[rows, on]
    undated = np.flatnonzero(np.isnan(dated))
    if len(undated) and not any(f"> {kind_named(kind).on}" in p.where for p in problems):
        name = kind_named(kind).on
        more = f" (and {len(undated) - 1:,} other rows)" if len(undated) > 1 else ""
        problems.append(
            Problem(f"claim {names[undated[0]]}{more} > {name}", "nothing", f"the date of the claim ({name})")
        )
    day[rows] = np.nan_to_num(dated).astype(np.int64)
    facts[rows, applied] = np.where(np.isnan(facts[rows, applied]), dated, facts[rows, applied])


def _encode(fact: Fact, column: Any, ids: Sequence[str], compiled: Compiled, problems: list[Problem]) -> np.ndarray:
    """One fact of many rows as numbers, NaN where missing; what is wrong is added to ``problems``."""
    quick = _quickly(fact, column)
    if quick is not None:
        return quick
    cells = _listed(column)
    table, wrong = {}, 0
    for cell in dict.fromkeys(cells):
        table[cell], bad = _number(fact, cell, compiled)
        wrong += len(bad)
        if bad and wrong <= SHOWN:
            at = _where(cells, cell, ids, fact.name)
            problems += [Problem(at, p.found, p.expected, p.nearest) for p in bad]
    if wrong > SHOWN:
        problems.append(Problem(f"column {fact.name}", f"{wrong - SHOWN:,} more values", "as said above"))
    return np.fromiter(map(table.__getitem__, cells), float, len(cells))


def _quickly(fact: Fact, column: Any) -> np.ndarray | None:
    """Numbers, dates and yes-or-no that need no reading word by word; None if any is out of the ordinary."""
    if isinstance(column, np.ndarray):
        if column.dtype.kind == "M" and fact.type == "date":
            days = column.astype("datetime64[D]")
            return np.where(np.isnat(days), np.nan, days.astype(np.int64) + float(EPOCH))
        if column.dtype.kind == "b":
            return column.astype(float) if fact.type == "bool" else None
        if column.dtype.kind == "M" or fact.type not in (*NUMBERS, "bool"):
            return None
        out = column.astype(float)
        ok = np.isnan(out) | ((out >= 0.0) & np.isfinite(out) if fact.type != "bool" else (out == 0.0) | (out == 1.0))
        return out if ok.all() else None
    if fact.type not in NUMBERS:
        return None
    try:
        out = np.array([float(cell) if cell != "" else -1.0 for cell in column])
    except (ValueError, TypeError):
        return None
    empty = np.fromiter((cell == "" for cell in column), bool, len(column))
    good = np.isfinite(out) & (out >= 0.0) & (np.fromiter((cell is not True for cell in column), bool, len(column)))
    return np.where(empty, np.nan, out) if (good | empty).all() else None


def _number(fact: Fact, cell: Any, compiled: Compiled) -> tuple[float, list[Problem]]:
    """Code of one cell as in the fact array, or what is wrong with it."""
    if _missing(cell):
        return np.nan, []
    value = _value(fact, cell)
    problems = value_problems(fact, value, "")
    if problems:
        return np.nan, problems
    match fact.type:
        case "date":
            return float(value.toordinal()), []
        case "choice":
            return float(fact.words.index(value)), []
        case "set":
            words = [value] if isinstance(value, str) else value
            return float(sum(1 << fact.words.index(word) for word in set(words))), []
        case "place":
            try:
                return float(place_code(value, compiled.roles, compiled.places)), []
            except InvalidValue as error:
                return np.nan, [error.problem]
    return float(value), []


def _value(fact: Fact, cell: Any) -> Any:
    """A cell as the value of its fact; text that cannot be read stays text, which ``value_problems`` refuses."""
    if isinstance(cell, tuple) and fact.type == "set":
        return list(cell)
    if isinstance(cell, datetime.datetime):
        return cell.date()
    if fact.type == "bool":
        return {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}.get(
            str(cell).strip().lower(), cell
        )
    if not isinstance(cell, str):
        return cell if not isinstance(cell, float) or np.isfinite(cell) else str(cell)
    cell = cell.strip()
    try:
        if fact.type == "date":
            return datetime.date.fromisoformat(cell)
        if fact.type in NUMBERS:
            return float(cell) if np.isfinite(float(cell)) else cell
    except ValueError:
        return cell
    return [word.strip() for word in cell.split("|") if word.strip()] if fact.type == "set" else cell


def _names(columns: Mapping[str, Any], rows_of: Mapping[str, np.ndarray], ids: list[str]) -> dict:
    """Codes of the matter, firm and holder of every row (see ``Frame``)."""
    kinds = [kind_named(kind) for kind in rows_of]
    words = {"firm", "matter", "holder", *(k.matter for k in kinds), *(k.holder for k in kinds)}
    text = {word: _text(columns[word]) for word in words if word in columns}
    own = (np.arange(len(ids)), True)
    mine = [name or f"\0{i}" for i, name in enumerate(text["firm"])] if "firm" in text else None
    out = {"matter": own, "firm": own if mine is None else _codes(mine)}
    matter = ids
    if text.keys() - {"firm"}:
        matter = list(ids)
        for kind, rows in zip(kinds, rows_of.values(), strict=True):
            _fill(matter, rows, [text[word] for word in ("matter", kind.matter) if word in text])
        out["matter"] = _codes(matter)
    if all(kind.holder == "firm" for kind in kinds):
        return {**out, "holder": out["firm"]}
    holder = list(mine or (f"\0{i}" for i in range(len(ids))))
    for kind, rows in zip(kinds, rows_of.values(), strict=True):
        if kind.holder != "firm":
            _fill(holder, rows, [*(text[word] for word in (kind.holder, "holder") if word in text), matter])
    return {**out, "holder": _codes(holder)}


def _fill(target: list, rows: np.ndarray, given: list[list]) -> None:
    """Write the first name that is given into the rows."""
    for i in rows.tolist() if given else ():
        target[i] = next((each[i] for each in given if each[i]), target[i])


def _codes(names: list[str]) -> tuple[np.ndarray, bool]:
    """Codes of names by first appearance, and whether no name appears twice."""
    table = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.fromiter(map(table.__getitem__, names), np.int64, len(names)), len(table) == len(names)
