"""Packages set beside each other: those of one mix, versions of one package, what differs, what names a version."""

import copy
import datetime
import hashlib
import json
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import Any

from policymix.errors import Conflict, InvalidFile, InvalidValue
from policymix.policy.package import Package, addresses_of, build


def merge(packages: "list[Package]") -> tuple[Package, ...]:
    """The packages of one mix in order of id; one package twice counts once.

    Two different packages of one id, or two packages that set one parameter to different values at one time, are a
    `Conflict` that shows both values and their sources.
    """
    by_id: dict[str, Package] = {}
    for package in packages:
        other = by_id.setdefault(package.id, package)
        if other is not package and digest(other) != digest(package):
            for address, first, second in diff(other, package):
                raise Conflict(f"{package.id}/{address}", first, str(other.path), second, str(package.path))
    ordered = tuple(by_id[name] for name in sorted(by_id))
    settings: dict[str, list[tuple]] = {}
    for package in ordered:
        for clause in package.clause:
            for change in clause.changes:
                if change.to is not None:
                    entry = (change.from_ or package.start, change.until or package.end or datetime.date.max, change.to)
                    for first, last, value, source in settings.get(change.of, []):
                        if first <= entry[1] and entry[0] <= last and value != entry[2]:
                            raise Conflict(change.of, value, source, entry[2], f"{package.id}/{clause.id}")
                    settings.setdefault(change.of, []).append((*entry, f"{package.id}/{clause.id}"))
    return ordered


def keeping(package: Package, clauses: Collection[str]) -> Package:
    """The package with some of its clauses alone; rules over several clauses go on among those that are left.

    Raises
    ------
    NotFound
        The package has no such clause.
    """
    for name in clauses:
        package.named(name)
    ids = {clause.id for clause in package.clause} & set(clauses)
    left = tuple(clause for clause in package.clause if clause.id in ids)
    rules: dict[str, list] = {}
    for key, known in (("stack", package.head.stack), ("limit", package.head.limit)):
        named = [(rule, [name for name in rule.clauses or [] if name in ids]) for rule in known]
        rules[key] = [
            rule.model_copy(update={"clauses": names}) if rule.clauses else rule
            for rule, names in named
            if names or not rule.clauses
        ]
    raw = {**package.raw, "clause": [clause for clause in package.raw["clause"] if clause["id"] in ids]}
    for key in ("stack", "limit"):
        if key in raw:
            raw[key] = [_among(rule, ids) for rule in raw[key] if not rule.get("clauses") or ids & set(rule["clauses"])]
    return replace(package, head=package.head.model_copy(update=rules), clause=left, raw=raw)


def _among(rule: dict[str, Any], ids: Collection[str]) -> dict[str, Any]:
    """A rule as written, among some clauses alone."""
    return {**rule, "clauses": [name for name in rule["clauses"] if name in ids]} if rule.get("clauses") else rule


def union(packages: "list[Package]") -> Package:
    """One package from several versions of it: what only some say is taken over, two values for one thing are refused.

    Raises
    ------
    InvalidValue
        The packages bear different ids.
    Conflict
        Two versions give one address different values; shows both and their files.
    """
    first, *others = packages
    raw = copy.deepcopy(first.raw)
    for other in others:
        if other.id != first.id:
            raise InvalidValue("merge", f"{first.id} and {other.id}", "versions of one package")
        _take_over(raw, other, str(first.path))
    merged, problems, _ = build(raw, first.path, first.extends)
    if merged is None:
        raise InvalidFile(first.path or first.id, problems)
    return merged


def _take_over(raw: dict[str, Any], other: Package, source: str) -> None:
    """Add to plain data what another version has beside it; anything they share must be the same."""
    clauses = {clause["id"]: clause for clause in raw["clause"]}
    for clause in other.raw["clause"]:
        known = clauses.get(clause["id"])
        if known is None:
            raw["clause"].append(copy.deepcopy(clause))
        else:
            _same(f"{other.id}/{clause['id']}", known, clause, source, str(other.path))
    for key, value in other.raw.items():
        if key in ("stack", "limit"):
            raw.setdefault(key, []).extend(copy.deepcopy(each) for each in value if each not in raw[key])
        elif key != "clause":
            if key in raw:
                _same(f"{other.id}/{key}", {"": raw[key]}, {"": value}, source, str(other.path))
            raw[key] = copy.deepcopy(value)


def _same(where: str, first: dict[str, Any], second: dict[str, Any], source: str, other: str) -> None:
    ours, theirs = (
        addresses_of({key: value for key, value in each.items() if key != "id"}) for each in (first, second)
    )
    for address in dict.fromkeys([*ours, *theirs]):
        if ours.get(address) != theirs.get(address):
            raise Conflict(f"{where}.{address}".rstrip("."), ours.get(address), source, theirs.get(address), other)


def diff(a: Package, b: Package) -> list[tuple[str, Any, Any]]:
    """What differs: (address, value in a, value in b), None where one lacks the address."""
    first, second = addresses_of(a.raw), addresses_of(b.raw)
    names = [*first, *(name for name in second if name not in first)]
    return [(name, first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)]


def digest(package: Package) -> str:
    """SHA-256 of the canonical content: equal for equal rules, whatever the file's layout and comments."""

    def canonical(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: canonical(inner) for key, inner in sorted(value.items())}
        if isinstance(value, list):
            return [canonical(inner) for inner in value]
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return str(Decimal(str(value)).normalize())
        return value if isinstance(value, bool | str) else str(value)

    content = canonical(package.raw)
    content["clause"] = sorted(content.get("clause", []), key=lambda clause: clause["id"])
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
