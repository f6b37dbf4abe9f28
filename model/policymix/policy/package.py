"""Packages: read, extend, change by address, merge, compare, print."""

import copy
import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import tomlkit
from pydantic import Field, ValidationError

from policymix.catalog import find, plain, read_toml
from policymix.errors import InvalidFile, InvalidValue, NotFound, Problem
from policymix.policy.claim import KIND_INDEX
from policymix.policy.clause import Budget, Clause, Limit, Payer, Stack, Title
from policymix.policy.quantity import Date, DateRange, Day, Strict, Words, central_day, closest
from policymix.policy.reading import problems_of
from policymix.policy.sense import account_problem, clause_problems, known

PLACES = ("city", "zone", "county", "anywhere")


class Head(Strict):
    """The keys of a package beside its clauses."""

    id: Words
    title: Title
    source: Words | None = None
    place: Literal["city", "zone", "county", "anywhere"]
    currency: Literal["CNY"]
    announced: Day
    from_: Date = Field(alias="from")
    until: Day | None = None
    valid_years: Annotated[int, Field(gt=0, le=999)] | None = None
    open_ended: Words | None = None
    status: Words | None = None
    payers: list[Payer]
    budget: Budget | Literal["none"] | None = None
    stack: list[Stack] = Field(default_factory=list)
    limit: list[Limit] = Field(default_factory=list)
    note: Words | None = None


@dataclass(frozen=True)
class Package:
    """A package as read: head, clauses, the plain data it came from, its file and what it extends."""

    head: Head
    clause: tuple[Clause, ...]
    raw: dict[str, Any] = field(repr=False, hash=False, compare=False)
    path: Path | None = field(default=None, compare=False)
    extends: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Name of the package, first half of every address in it."""
        return self.head.id

    @property
    def start(self) -> datetime.date:
        """First day in force (the central date where the text leaves it open)."""
        return central_day(self.head.from_)

    @property
    def end(self) -> datetime.date | None:
        """Last day in force, None without one; N years from a day end the day before its anniversary."""
        if self.head.until is not None or self.head.valid_years is None:
            return self.head.until
        start = self.start
        year = min(start.year + self.head.valid_years, datetime.MAXYEAR)
        try:
            return start.replace(year=year) - datetime.timedelta(days=1)
        except ValueError:  # 29 February
            return datetime.date(year, 2, 28)

    @property
    def lineage(self) -> tuple[str, ...]:
        """Ids of the package itself and of what it extends, the first one last."""
        return (self.id, *self.extends)

    def named(self, clause: str) -> Clause:
        """The clause of that id."""
        for each in self.clause:
            if each.id == clause:
                return each
        raise NotFound("clause", clause, [each.id for each in self.clause], where=self.id)


def load(name: "str | Path | Package", near: Path | None = None) -> Package:
    """Read a package by name or path, resolve what it extends, and check it."""
    if isinstance(name, Package):
        return name
    path = find("packages", str(name), near)
    package, problems, _ = read(path)
    if package is None or problems:
        raise InvalidFile(path, problems)
    return package


def check(path: "str | Path") -> tuple[list[Problem], list[str]]:
    """Problems (the file is refused) and warnings (unusual, but allowed) of a package file."""
    _, problems, warnings = read(Path(path))
    return problems, warnings


def read(path: Path) -> tuple[Package | None, list[Problem], list[str]]:
    """A package file with everything that is wrong with it."""
    raw, chain, problems = resolve(path, read_toml(path), ())
    if problems:
        return None, problems, []
    return build(raw, path, chain)


def resolve(path: Path, data: dict[str, Any], seen: tuple[Path, ...]) -> tuple[dict, tuple[str, ...], list[Problem]]:
    """The data of a package with ``extends``, ``change`` and ``drop`` worked in."""
    misshapen = _shape_problems(data)
    if misshapen:
        return data, (), misshapen
    if "extends" not in data:
        extra = [
            Problem(key, f"'{key}' without extends", "extends = NAME") for key in ("change", "drop") if key in data
        ]
        return data, (), extra
    base_path = find("packages", str(data["extends"]), path)
    if path.resolve() in seen:
        return data, (), [Problem("extends", "a package that extends itself", "another package")]
    base, chain, problems = resolve(base_path, read_toml(base_path), (*seen, path.resolve()))
    if problems:
        return (
            base,
            chain,
            [Problem(f"extends {data['extends']} > {p.where}", p.found, p.expected, p.nearest) for p in problems],
        )
    merged = copy.deepcopy(base)
    problems = []
    for key, value in data.items():
        if key in ("stack", "limit"):
            merged.setdefault(key, []).extend(value)
        elif key not in ("extends", "change", "drop", "clause"):
            merged[key] = value
    for clause in data.get("drop", []):
        problems += _drop(merged, clause)
    for address, value in _flat(data.get("change", {})):
        problems += _put(merged, address, value)
    ids = [c.get("id") for c in merged.get("clause", [])]
    for clause in data.get("clause", []):
        if clause.get("id") in ids:
            problems.append(
                Problem(f'clause "{clause.get("id")}"', "a second clause of this id", "[change], drop, or a new id")
            )
        merged.setdefault("clause", []).append(clause)
    return merged, (str(base.get("id", data["extends"])), *chain), problems


def _shape_problems(data: dict[str, Any]) -> list[Problem]:
    """Keys that are no word, list or table where `resolve` walks through one."""
    out = []
    for key, form, found, expected in (
        ("extends", str, "no word", "the name of a package"),
        ("change", dict, "no table", "a [change] table"),
        ("drop", list, "no list", "[clause, ...]"),
    ):
        if not isinstance(data.get(key, form()), form):
            out.append(Problem(key, found, expected))
    for key in ("clause", "stack", "limit"):
        listed = data.get(key, [])
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            out.append(Problem(key, "not a list of tables", f"[[{key}]] tables"))
            continue
        for number, each in enumerate(listed, start=1):
            if not isinstance(each.get("id", ""), str):
                out.append(Problem(f"{key} {number} > id", "no word", "a word"))
            if not isinstance(each.get("clauses", []), list):
                out.append(Problem(f"{key} {number} > clauses", "no list", "[clause, ...]"))
    return out


def _flat(change: dict[str, Any]) -> list[tuple[str, Any]]:
    """Entries of ``[change]``: quoted addresses as they stand; the keys of unquoted ones joined by dots."""
    out: list[tuple[str, Any]] = []
    for key, value in change.items():
        if "." not in key and isinstance(value, dict):
            out += [(f"{key}.{rest}", inner) for rest, inner in value.items()]
        else:
            out.append((key, value))
    return out


def _drop(data: dict[str, Any], clause: str) -> list[Problem]:
    ids = [c.get("id") for c in data.get("clause", [])]
    if clause not in ids:
        return [Problem("drop", f"'{clause}'", "a clause of the package extended", closest(clause, ids))]
    data["clause"] = [c for c in data["clause"] if c.get("id") != clause]
    for rule in (*data.get("stack", []), *data.get("limit", [])):
        if clause in rule.get("clauses", []):
            rule["clauses"] = [c for c in rule["clauses"] if c != clause]
    for key in ("stack", "limit"):
        if key in data:
            data[key] = [rule for rule in data[key] if rule.get("clauses", ["all"])]
    return []


def _put(data: dict[str, Any], address: str, value: Any) -> list[Problem]:
    """Set one value by its address (``clause.key.key``, or a key of the package itself) in place."""
    head, *rest = address.split(".")
    clauses = {c.get("id"): c for c in data.get("clause", []) if isinstance(c, dict)}
    if head == "budget" and not rest and not isinstance(value, dict | str):
        budget = data.get("budget")
        value = {**(budget if isinstance(budget, dict) else {}), "amount": value}
    if head in clauses:
        here: Any = clauses[head]
    elif head in {f.alias or name for name, f in Head.model_fields.items()}:
        here, rest = data, [head, *rest]
    else:
        return [Problem("change", f"'{address}'", "an address in the package", closest(address, addresses_of(data)))]
    if not rest:
        return [Problem("change", f"'{address}'", "an address below the clause, such as " + f"{head}.pays.amount")]
    for step in rest[:-1]:
        try:
            here = here[int(step) - 1] if isinstance(here, list) else here[step]
        except (KeyError, IndexError, ValueError, TypeError):
            return [
                Problem("change", f"'{address}'", "an address in the package", closest(address, addresses_of(data)))
            ]
    last = rest[-1]
    if isinstance(here, list) and last.isdigit() and 1 <= int(last) <= len(here):
        here[int(last) - 1] = value
    elif isinstance(here, dict):
        here[last] = value
    else:
        return [Problem("change", f"'{address}'", "an address in the package", closest(address, addresses_of(data)))]
    return []


def build(
    raw: dict[str, Any], path: Path | None, chain: tuple[str, ...]
) -> tuple[Package | None, list[Problem], list[str]]:
    """Validate plain data; all problems at once."""
    problems: list[Problem] = []
    head_data = {key: value for key, value in raw.items() if key != "clause"}
    head: Head | None = None
    try:
        head = Head.model_validate(head_data)
    except ValidationError as error:
        problems += problems_of(error, Head)
    clauses: list[Clause] = []
    listed = raw.get("clause", [])
    if not isinstance(listed, list) or not all(isinstance(c, dict) for c in listed):
        return None, [*problems, Problem("clause", "not a list of tables", "[[clause]] tables")], []
    for i, data in enumerate(listed):
        try:
            clauses.append(Clause.model_validate(data))
        except ValidationError as error:
            name = f'clause "{data["id"]}"' if "id" in data else f"clause {i + 1}"
            problems += problems_of(error, Clause, name)
    for clause in clauses:
        problems += clause_problems(clause)
    if head is None:
        return None, problems, []
    package = Package(head, tuple(clauses), raw, path, chain)
    problems += _package_problems(package, [str(c.get("id")) for c in listed])
    return (package if not problems else None), problems, _warnings(package)


def _package_problems(package: Package, ids: list[str]) -> list[Problem]:
    """Names that clauses share, payers, and rules over several clauses."""
    out = [Problem(f'clause "{i}"', "two clauses of this id", "one") for i in dict.fromkeys(ids) if ids.count(i) > 1]
    paid = sum(payer.share for payer in package.head.payers)
    if paid != 1:
        out.append(Problem("payers", f"shares of {paid} in all", "shares that add up to 1"))
    if package.end is not None and package.end < package.start:
        out.append(Problem("until", str(package.end), f"a date from {package.start} on"))
    by_id = {clause.id: clause for clause in package.clause}
    for clause in package.clause:
        for name in clause.starts_after:
            home, _, other = name.rpartition("/")
            if home in ("", package.id) and other not in ids:
                at = f'clause "{clause.id}" > starts_after'
                out.append(Problem(at, f"'{name}'", "a clause of the package, or of another", closest(other, ids)))
    families: tuple[tuple[str, Sequence[Stack | Limit]], ...] = (
        ("stack", package.head.stack),
        ("limit", package.head.limit),
    )
    for key, rules in families:
        for i, rule in enumerate(rules):
            at = f"{key} {i + 1}"
            for name in rule.clauses or []:
                if name not in ids:
                    out.append(Problem(f"{at} > clauses", f"'{name}'", "a clause of the package", closest(name, ids)))
                elif name in by_id and by_id[name].pays is None:
                    out.append(Problem(f"{at} > clauses", f"'{name}', which pays nothing", "a clause that pays"))
            if isinstance(rule, Limit):
                members = [by_id[n] for n in rule.clauses if n in by_id and by_id[n].pays and by_id[n].on in KIND_INDEX]
                for member in members[:1]:
                    out += account_problem(member.on or "", rule.per, f"{at} > per")
                    if rule.of:
                        out += known(member.on or "", rule.of, ("money",), f"{at} > of")
    return out + _double_stacking(package)


def _double_stacking(package: Package) -> list[Problem]:
    named: dict[str, int] = {}
    out = []
    for i, rule in enumerate(package.head.stack):
        for name in rule.clauses or []:
            if name in named:
                out.append(
                    Problem(
                        f"stack {i + 1} > clauses", f"'{name}', already in stack {named[name] + 1}", "one rule a clause"
                    )
                )
            named.setdefault(name, i)
    return out


def _warnings(package: Package) -> list[str]:
    """Unusual, but allowed."""
    out = []
    if package.end is None and not package.head.open_ended:
        out.append(f'{package.id}: no expiry is given; it stays in force (say open_ended = "why" to confirm)')
    if isinstance(package.head.from_, DateRange):
        out.append(f"{package.id}: the start is uncertain")
    for clause in package.clause:
        if clause.pays is not None and not clause.caps and clause.cap != "none" and not clause.once:
            out.append(f"{package.id}/{clause.id}: neither once nor a cap: every claim is paid")
    return out


def coverage(package: Package, first: datetime.date, last: datetime.date) -> list[str]:
    """Notices on how a package lies in a horizon: what starts or ends inside it, and what has no last day.

    Nothing here is an error: a clause pays from its first to its last day, and a value that is not in force is the
    baseline's.
    """
    out = []
    if package.start > last or (package.end is not None and package.end < first):
        out.append(
            f"{package.id} is in force {package.start} to {package.end or 'further notice'}, outside {first} to {last}"
        )
    elif package.end is None:
        why = package.head.open_ended or "no expiry is given"
        out.append(f"{package.id} stays in force to the end of the horizon ({why})")
    elif package.end < last:
        out.append(f"{package.id} expires on {package.end}, before the end of the horizon {last}")
    for clause in package.clause:
        if clause.until is not None and clause.until < last:
            out.append(f"{package.id}/{clause.id} expires on {clause.until}, before the end of the horizon {last}")
    return out


def set_value(package: Package, address: str, value: Any) -> Package:
    """The package with one value changed by its address (``m4.pays.rent_share``), checked again.

    A file's numbers may be given as int, float or Decimal; dates as ``datetime.date``. A number that the text leaves
    open is fixed by it: its range shrinks to the value.
    """
    head, _, rest = address.partition(".")
    position = next((i for i, clause in enumerate(package.clause) if clause.id == head and rest), None)
    raw = _own_copy(package.raw, head if position is not None else None)
    problems = _put(raw, address, decimal(value))
    if problems:
        raise NotFound("address", f"{package.id}/{address}", [f"{package.id}/{a}" for a in addresses_of(package.raw)])
    _fix_range(raw, address, decimal(value))
    changed, problems = _with_clause(package, raw, head) if position is not None else _with_head(package, raw)
    if changed is None or problems:
        first = problems[0]
        raise InvalidValue(f"{package.id}/{address} ({first.where})", first.found, first.expected, first.nearest)
    return changed


def _own_copy(raw: dict[str, Any], clause: str | None) -> dict[str, Any]:
    """A copy of plain data that may be changed: of one clause, or of all but the clauses; the rest is shared."""
    if clause is None:
        return {key: value if key == "clause" else copy.deepcopy(value) for key, value in raw.items()}
    return {**raw, "clause": [copy.deepcopy(c) if c.get("id") == clause else c for c in raw["clause"]]}


def _fix_range(raw: dict[str, Any], address: str, value: Any) -> None:
    """Shrink the range around a number that has just been set."""
    table, _, key = address.rpartition(".")
    if key not in ("value", "realised") or not table:
        return
    for end in ("low", "high"):
        if f"{table}.{end}" in addresses_of(raw):
            _put(raw, f"{table}.{end}", value)


def _with_clause(package: Package, raw: dict[str, Any], name: str) -> tuple[Package | None, list[Problem]]:
    """The package with one clause read anew from plain data, the others as they are."""
    data = next(c for c in raw["clause"] if c.get("id") == name)
    try:
        clause = Clause.model_validate(data)
    except ValidationError as error:
        return None, problems_of(error, Clause, f'clause "{name}"')
    clauses = tuple(clause if other.id == name else other for other in package.clause)
    changed = replace(package, clause=clauses, raw=raw)
    return changed, [*clause_problems(clause), *_package_problems(changed, [c.id for c in clauses])]


def _with_head(package: Package, raw: dict[str, Any]) -> tuple[Package | None, list[Problem]]:
    """The package with its head read anew from plain data, the clauses as they are."""
    try:
        head = Head.model_validate({key: value for key, value in raw.items() if key != "clause"})
    except ValidationError as error:
        return None, problems_of(error, Head)
    changed = replace(package, head=head, raw=raw)
    return changed, _package_problems(changed, [clause.id for clause in package.clause])


def decimal(value: Any) -> Any:
    """Floats as the shortest decimal that reads back the same, recursively."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {key: decimal(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [decimal(inner) for inner in value]
    return value


def addresses_of(raw: dict[str, Any]) -> dict[str, Any]:
    """Every value of a package by address; list positions count from 1."""
    out: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else key, inner)
        elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
            for i, inner in enumerate(value):
                walk(f"{prefix}.{i + 1}", inner)
        else:
            out[prefix] = value

    for key, value in raw.items():
        if key != "clause":
            walk(key, value)
    for clause in raw.get("clause", []):
        walk(str(clause.get("id")), {key: value for key, value in clause.items() if key != "id"})
    return out


def addresses(package: Package) -> dict[str, Any]:
    """Every value of a package by its full address ``package/clause.key.key``."""
    return {f"{package.id}/{address}": value for address, value in addresses_of(package.raw).items()}


def show(package: Package) -> str:
    """The package as TOML, with everything it extends worked in."""
    return tomlkit.dumps(plain(package.raw))
