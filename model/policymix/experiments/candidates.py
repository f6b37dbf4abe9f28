"""Candidates of a design: what its levers are, the packages of one setting of them, and packages as files.

A candidate is one value for every lever. Its packages bear the ids of those that they come from, so that the same
uncertain numbers and the same luck meet every candidate.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from policymix import catalog
from policymix.errors import InvalidFile, InvalidValue, NotFound, Problem, nearest
from policymix.experiments.addresses import parse_address
from policymix.experiments.design_problem import LEVER_KINDS, DesignProblem
from policymix.experiments.factors import Factor, Scalar, contains, factor_of, range_of, value_of
from policymix.experiments.points import plain_value
from policymix.experiments.transfer import scaling
from policymix.policy.package import Package, addresses_of, load, set_value
from policymix.policy.versions import diff, keeping

Point = tuple[Scalar, ...]
"""A value for every lever, in their order; dates as ordinals."""
EVERY = "*"


@dataclass(frozen=True)
class Lever:
    """One thing that a designer chooses.

    Attributes
    ----------
    kind : ``clause`` (on or off), ``money`` (a factor on all amounts of money of a package) or ``address``
    package : id of the package that it changes
    within : the clause, or the address inside the package; "" for money
    factor : its values
    published : its value in the published package, put into its range
    """

    kind: str
    package: str
    within: str
    factor: Factor
    published: Scalar

    @property
    def name(self) -> str:
        """``package/clause``, ``package/address`` or ``package x``."""
        return f"{self.package}/{self.within}" if self.within else f"{self.package} x"


@dataclass(frozen=True)
class Levers:
    """All levers of a problem with the packages that they change, by name."""

    listed: tuple[Lever, ...]
    packages: Mapping[str, Package]

    @property
    def published(self) -> Point:
        """Every clause on, every number as published (or the end of its range that is next to it)."""
        return tuple(lever.published for lever in self.listed)


def levers_of(problem: DesignProblem) -> Levers:
    """The levers of a problem, checked: every package, clause and address exists, both ends of a range are allowed.

    Raises
    ------
    InvalidFile
        Everything that is wrong with the levers, with the nearest valid names.
    """
    packages: dict[str, Package] = {}
    found: list[Lever] = []
    problems: list[Problem] = []
    for number, table in enumerate(problem.lever, start=1):
        where = f"lever {number}"
        kinds = [kind for kind in LEVER_KINDS if kind in table]
        if len(kinds) != 1:
            given = " and ".join(kinds) or "none of them"
            problems.append(Problem(where, given, f"one of {', '.join(LEVER_KINDS)}"))
            continue
        try:
            found += _LEVER[kinds[0]](table, where, packages, problem.path)
        except InvalidFile as error:
            problems += error.problems
        except InvalidValue as error:
            problems.append(error.problem)
        except NotFound as error:
            near = error.available[0] if error.available else None
            problems.append(Problem(where, f"'{error.name}'", f"a {error.kind} that exists", near))
    names = [lever.name for lever in found]
    problems += [Problem("lever", f"{name} twice", "each lever once") for name in dict.fromkeys(names)
                 if names.count(name) > 1]  # fmt: skip
    if problems:
        raise InvalidFile(problem.path or problem.id, problems)
    return Levers(tuple(found), packages)


def packages_of(levers: Levers, point: Sequence[Scalar]) -> list[Package]:
    """Packages of a candidate: those of which a clause is on, with their amounts scaled and then their numbers set.

    Raises
    ------
    InvalidValue
        A value outside its lever's range, or together values that a package cannot have.
    """
    checked(levers, point)
    off: dict[str, set[str]] = {name: set() for name in levers.packages}
    factors: dict[str, float] = {}
    settings: dict[str, list[tuple[str, Any]]] = {name: [] for name in levers.packages}
    for lever, value in zip(levers.listed, point, strict=True):
        if lever.kind == "clause" and not value:
            off[lever.package].add(lever.within)
        elif lever.kind == "money":
            factors[lever.package] = float(value)
        elif lever.kind == "address":
            settings[lever.package].append((lever.within, _as_written(lever.factor, value)))
    out = []
    for name, package in levers.packages.items():
        kept = [clause.id for clause in package.clause if clause.id not in off[name]]
        if all(clause.inert is not None for clause in package.clause if clause.id in kept):
            continue
        changed = scaled(package, factors.get(name, 1.0))
        for within, value in settings[name]:
            changed = set_value(changed, within, value)
        out.append(keeping(changed, kept) if off[name] else changed)
    return out


def checked(levers: Levers, point: Sequence[Scalar]) -> None:
    """Refuse a point that has too few values or one outside its lever's range."""
    if len(point) != len(levers.listed):
        raise InvalidValue("point", f"{len(point)} values", f"{len(levers.listed)}, one for every lever")
    for lever, value in zip(levers.listed, point, strict=True):
        if not contains(lever.factor, value):
            raise InvalidValue(f"lever {lever.name}", value, range_of(lever.factor))


def scaled(package: Package, factor: float) -> Package:
    """The package with every amount of money times a factor (`transfer.scaling`)."""
    if factor == 1.0:
        return package
    for address, value in scaling(package, factor).items():
        package = set_value(package, address.removeprefix(f"{package.id}/"), value)
    return package


def as_text(levers: Levers, point: Sequence[Scalar]) -> str:
    """A candidate in words: the clauses that are on, and the numbers that matter for them."""
    off = {(lever.package, lever.within) for lever, value in zip(levers.listed, point, strict=True)
           if lever.kind == "clause" and not value}  # fmt: skip
    parts = []
    for name, package in levers.packages.items():
        live = [clause.id for clause in package.clause if clause.inert is None]
        kept = [clause for clause in live if (name, clause) not in off]
        if not kept:
            continue
        which = "all clauses" if len(kept) == len(live) else ", ".join(kept)
        paying = {address.partition("/")[2].partition(".")[0] for address in scaling(package, 1.0)}
        numbers = []
        for lever, value in zip(levers.listed, point, strict=True):
            clause = lever.within.partition(".")[0]
            if lever.package != name or lever.kind == "clause" or (name, clause) in off:
                continue
            if lever.kind == "money" and not paying & set(kept):
                continue
            shown = f"{value:.4g}" if isinstance(value, float) else str(_as_written(lever.factor, value))
            numbers.append(f"amounts x {shown}" if lever.kind == "money" else f"{lever.within} = {shown}")
        parts.append(f"{name}: {which}" + (f" ({'; '.join(numbers)})" if numbers else ""))
    return " + ".join(parts) or "nothing"


def as_file(package: Package, published: Package, id: str) -> str:
    """A package as TOML that extends the published one: clauses dropped, values changed, nothing else."""
    import tomlkit

    kept = {clause.id for clause in package.clause}
    dropped = [clause.id for clause in published.clause if clause.id not in kept]
    whole = keeping(published, kept) if dropped else published
    document = tomlkit.document()
    document["extends"] = published.id
    document["id"] = id
    title = tomlkit.inline_table()
    title.update({"en": f"{published.head.title.en}, redesigned", "zh": f"{published.head.title.zh}(改)"})
    document["title"] = title
    if dropped:
        document["drop"] = dropped
    changes = {_renumbered(address, published, kept): value for address, _, value in diff(whole, package)}
    changes.pop("", None)
    if changes:
        table = tomlkit.table()
        for address, value in changes.items():
            table[address] = catalog.plain(value)
        document["change"] = table
    return tomlkit.dumps(document)


def _renumbered(address: str, published: Package, kept: Collection[str]) -> str:
    """An address of a rule over several clauses when the other clauses are dropped; "" if the rule goes with them."""
    key, _, rest = address.partition(".")
    if key not in ("stack", "limit"):
        return address
    number, _, rest = rest.partition(".")
    rules = published.raw[key]
    left = [n for n, rule in enumerate(rules, start=1) if not rule.get("clauses") or set(rule["clauses"]) & set(kept)]
    return f"{key}.{left.index(int(number)) + 1}.{rest}" if int(number) in left else ""


def write(packages: Sequence[Package], published: Mapping[str, Package], path: Path) -> list[Path]:
    """Write a candidate's packages: one file, or one for each package with its id in the name; returns the files.

    Raises
    ------
    InvalidValue
        The name does not end in ``.toml``, or there is no package to write.
    """
    if path.suffix != ".toml":
        raise InvalidValue("--write", str(path), "a name that ends in .toml")
    if not packages:
        raise InvalidValue("--write", "a design without packages", "a design that has some")
    by_id = {package.id: package for package in published.values()}
    files = []
    for package in packages:
        name = path.stem if len(packages) == 1 else f"{path.stem}-{package.id}"
        file = path.with_name(f"{name}.toml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(as_file(package, by_id[package.id], f"{package.id}-{path.stem}"), encoding="utf-8")
        load(file)  # what was written is what a run will read
        files.append(file)
    return files


def _as_written(factor: Factor, value: Scalar) -> Any:
    return plain_value(factor, {factor.name: np.array([value])}, 0)


def _package(name: str, known: dict[str, Package], near: Path | None, where: str) -> Package:
    """A package by its id, which is also the name of its file."""
    if name not in known:
        package = load(name, near)
        if package.id != name:
            raise InvalidValue(where, f"'{name}', a file of the package {package.id}", f"'{package.id}'")
        known[name] = package
    return known[name]


def _clause_levers(table: Mapping[str, Any], where: str, known: dict[str, Package], near: Path | None) -> list[Lever]:
    _only(table, where, ("clause",))
    name, _, clause = str(table["clause"]).rpartition("/")
    if not name:
        raise InvalidValue(where, f"'{clause}'", "package/clause, or package/* for all of them")
    package = _package(name, known, near, where)
    live = [each.id for each in package.clause if each.inert is None]
    if clause != EVERY:
        package.named(clause)
        if clause not in live:
            raise InvalidValue(where, f"{name}/{clause}, which is inert", f"one of {', '.join(live)}")
    chosen = live if clause == EVERY else [clause]
    switches = {each: Factor(f"{package.id}/{each}", kind="boolean", values=(False, True)) for each in chosen}
    return [Lever("clause", package.id, each, factor, True) for each, factor in switches.items()]


def _money_levers(table: Mapping[str, Any], where: str, known: dict[str, Package], near: Path | None) -> list[Lever]:
    _only(table, where, ("money", "low", "high"))
    package = _package(str(table["money"]), known, near, where)
    numbers = {"low": table.get("low", 0.25), "high": table.get("high", 4.0)}
    factor, problems = factor_of({"address": f"{package.id}/money", "scale": "log", "kind": "real", **numbers}, where)
    if factor is None:
        raise InvalidFile(near or where, problems)
    return [Lever("money", package.id, "", factor, min(max(1.0, float(numbers["low"])), float(numbers["high"])))]


def _address_levers(table: Mapping[str, Any], where: str, known: dict[str, Package], near: Path | None) -> list[Lever]:
    factor, problems = factor_of(table, where)
    if factor is None:
        raise InvalidFile(near or where, problems)
    address = parse_address(factor.address, f"{where} > address")
    if address.space != "package":
        raise InvalidValue(f"{where} > address", factor.address, "an address of a package")
    package = _package(str(address.package), known, near, where)
    ends: list[Scalar] = list(factor.values) or [factor.low, factor.high]  # type: ignore[list-item]
    for end in ends:
        try:
            set_value(package, address.key, _as_written(factor, end))
        except InvalidValue as error:
            wrong = error.problem
            raise InvalidValue(f"{where} > {wrong.where}", wrong.found, wrong.expected, wrong.nearest) from None
    return [Lever("address", package.id, address.key, factor, _published(factor, package, address.key))]


def _published(factor: Factor, package: Package, key: str) -> Scalar:
    """The published value; outside the range its nearest end, of a list without order the first value."""
    raw = addresses_of(package.raw).get(key)
    held = value_of(factor.kind, catalog.plain(raw)) if raw is not None else None
    if factor.kind == "choice":
        held = next((text for text in factor.values if _as_written(factor, text) == catalog.plain(raw)), None)
    if factor.values:
        if held is None or isinstance(held, str | bool):
            return held if held in factor.values else factor.values[0]
        return min(factor.values, key=lambda value: abs(float(value) - float(held)))
    low, high = float(factor.low), float(factor.high)  # type: ignore[arg-type]
    value = low if held is None else min(max(float(held), low), high)
    return value if factor.kind == "real" else int(value)


def _only(table: Mapping[str, Any], where: str, keys: Sequence[str]) -> None:
    for key in table:
        if key not in keys:
            near = nearest(key, keys)[0]
            raise InvalidValue(f"{where} > {key}", "a key that does not exist", f"one of {', '.join(keys)}", near)


_LEVER = {"clause": _clause_levers, "money": _money_levers, "address": _address_levers}
