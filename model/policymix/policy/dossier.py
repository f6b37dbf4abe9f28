"""Claims as a user gives them: read strictly, dated, and encoded as the fact arrays of ``settle``."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from policymix.catalog import plain, read_toml
from policymix.errors import InvalidFile, InvalidValue, Problem
from policymix.policy.arrays import ELSEWHERE
from policymix.policy.claim import COMMON_IDS, KIND_INDEX, KINDS, Fact, facts_of, kind_named
from policymix.policy.quantity import closest

YEARS = range(1800, 2201)
"""Of dates in claims: their instalments have to find a place in the calendar."""
LARGEST = 1e12
"""Number in a claim: products of a few of them stay finite."""
DEFAULT_ROLES = {"city": "city", "zone": "city-zone", "county": "city-county"}


@dataclass(frozen=True)
class Claim:
    """One claim: who, about what, when, with which facts (as given)."""

    id: str
    kind: str
    firm: str
    holder: str
    matter: str
    day: datetime.date
    facts: dict[str, Any]


@dataclass(frozen=True)
class Dossier:
    """The claims of one or several holders, and facts known at later dates (for conditions)."""

    claims: tuple[Claim, ...]
    later: tuple[dict[str, Any], ...] = ()
    source: str = "claims"
    given: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


def load_claims(path: str | Path, on: datetime.date | None = None) -> Dossier:
    """Read a claims file: ``[firm]`` facts shared by all claims, ``[[claim]]`` tables, ``[[later]]`` facts by date.

    ``on`` dates the claims that give no date.
    """
    return read_claims(read_toml(path), str(path), on)


def read_claims(
    data: "Mapping[str, Any] | Sequence[Mapping[str, Any]]", source: str = "claims", on: datetime.date | None = None
) -> Dossier:
    """Claims from plain data: ``{"firm": {...}, "claim": [...]}`` or a list of claims; all problems at once."""
    if not isinstance(data, Mapping):
        data = {"claim": list(data)}
    allowed = ("firm", "claim", "later", "packages", "title")
    problems = [
        Problem(key, f"unknown key '{key}'", "firm, claim, later", closest(key, allowed))
        for key in data
        if key not in allowed
    ]
    firm, listed, later = data.get("firm", {}), data.get("claim", []), data.get("later", [])
    shapes = _shape_problems(firm, listed, later)
    if shapes:
        raise InvalidFile(source, [*problems, *shapes])
    if not listed:
        problems.append(Problem("claim", "no claim", "at least one [[claim]] table with a kind"))
    kinds = [str(c.get("kind")) for c in listed]
    problems += _firm_problems(firm, [k for k in kinds if k in KIND_INDEX])
    claims = []
    for i, given in enumerate(listed):
        name = str(given.get("id", f"c{i + 1:03d}"))
        dated = {} if on is None or given.get("kind") not in KIND_INDEX else {kind_named(given["kind"]).on: on}
        claim, wrong = _claim({**dated, **firm, **given}, given, name)
        problems += wrong
        if claim is not None:
            claims.append(claim)
    ids = [claim.id for claim in claims]
    for name in sorted({i for i in ids if ids.count(i) > 1}):
        problems.append(Problem(f'claim "{name}"', "two claims of this id", "one"))
    for i, given in enumerate(later):
        if not isinstance(given.get("on"), datetime.date):
            problems.append(Problem(f"later {i + 1} > on", str(given.get("on", "nothing")), "the date of these facts"))
    if problems:
        raise InvalidFile(source, problems)
    ordered = sorted(claims, key=lambda claim: (claim.day, claim.id))
    return Dossier(tuple(ordered), tuple(dict(each) for each in later), source, plain(dict(data)))


def _shape_problems(firm: Any, listed: Any, later: Any) -> list[Problem]:
    """What is no table, or no list of tables; a claim's kind is a word."""
    out = [] if isinstance(firm, Mapping) else [Problem("firm", repr(firm), "a table of facts: [firm]")]
    for key, tables in (("claim", listed), ("later", later)):
        if not isinstance(tables, list | tuple) or not all(isinstance(each, Mapping) for each in tables):
            found = "one table" if isinstance(tables, Mapping) else repr(tables)
            out.append(Problem(key, found, f"tables in double brackets: [[{key}]]"))
        elif key == "claim":
            words = ((number, each.get("kind")) for number, each in enumerate(tables, start=1))
            out += [
                Problem(f"claim {number} > kind", repr(plain(kind)), "a word: the kind of claim")
                for number, kind in words
                if kind is not None and not isinstance(kind, str)
            ]
    return out


def _is_day(value: Any) -> bool:
    return isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)


def _firm_problems(firm: Mapping[str, Any], kinds: list[str]) -> list[Problem]:
    """Keys of ``[firm]`` that no claim of the file could use."""
    known = {name for kind in kinds for name in (*(f.name for f in facts_of(kind)), *_ids(kind))}
    known |= {"id", "firm", "holder", "matter"}
    return [
        Problem(f"firm > {key}", f"'{key}'", "a fact of one of the claims", closest(key, known))
        for key in firm
        if key not in known and kinds
    ]


def _ids(kind: str) -> list[str]:
    declared = kind_named(kind)
    own = [fact.name for fact in declared.facts if fact.type == "id"]
    return [*own, *COMMON_IDS, declared.matter, declared.holder]


def _claim(facts: dict[str, Any], own: Mapping[str, Any], name: str) -> tuple[Claim | None, list[Problem]]:
    """One claim with everything that is wrong with it; facts of ``[firm]`` that its kind lacks are left out."""
    at = f'claim "{name}"'
    kind = facts.get("kind")
    if kind not in KIND_INDEX:
        near = closest(str(kind), KIND_INDEX) if kind else None
        return None, [Problem(f"{at} > kind", repr(kind), "one of " + ", ".join(KIND_INDEX), near)]
    declared = kind_named(kind)
    table = {fact.name: fact for fact in facts_of(kind)}
    ids = _ids(kind)
    problems = []
    for key in own:
        if key not in table and key not in ids and key not in ("kind", "id", "holder"):
            problems.append(Problem(f"{at} > {key}", f"'{key}'", f"a fact of claim kind {kind}", closest(key, table)))
    kept = {key: value for key, value in facts.items() if key in table}
    for key, value in kept.items():
        problems += value_problems(table[key], value, f"{at} > {key}")
    day = facts.get(declared.on)
    if day is None:
        problems.append(Problem(f"{at} > {declared.on}", "nothing", f"the date of the claim ({declared.on})"))
    if problems or not isinstance(day, datetime.date):
        return None, problems
    firm = str(own.get("firm", facts.get("firm", facts.get("id") if "id" not in own else "firm")) or "firm")
    matter = str(facts.get("matter", facts.get(declared.matter, name)))
    holder = firm if declared.holder == "firm" else str(facts.get(declared.holder, facts.get("holder", matter)))
    kept.setdefault("applied_on", day)
    return Claim(name, kind, firm, holder, matter, day, kept), []


def value_problems(fact: Fact, value: Any, at: str) -> list[Problem]:
    """What is wrong with the value of one fact."""
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    match fact.type:
        case "bool":
            ok, expected = isinstance(value, bool), "true or false"
        case "date":
            ok, expected = _is_day(value) and value.year in YEARS, "a date such as 2022-08-31, from 1800 to 2200"
        case "choice":
            ok, expected = isinstance(value, str), "one of " + ", ".join(fact.words)
        case "place":
            ok, expected = isinstance(value, str), "a place or its role: city, zone, county"
        case "set":
            ok, expected = isinstance(value, str | list), "a list of " + ", ".join(fact.words)
        case _:
            ok = number and 0.0 <= plain(value) <= LARGEST
            expected = f"a number of {fact.unit}, not below 0, at most {LARGEST:,.0f}"
    if not ok:
        return [Problem(at, repr(plain(value)), expected)]
    if fact.type in ("choice", "set"):
        words = [value] if isinstance(value, str) else value
        bad = [word for word in words if word not in fact.words]
        return [Problem(at, repr(word), expected, closest(str(word), fact.words)) for word in bad]
    return []


def places_of(roles: Mapping[str, str]) -> tuple[str, ...]:
    """The smallest places behind the roles, and the rest of the city."""
    names = [name for role, name in roles.items() if role != "city"]
    return (*dict.fromkeys(names), f"{roles.get('city', 'city')}-rest")


def place_code(word: str, roles: Mapping[str, str], places: Sequence[str]) -> int:
    """Code of a place given by role or name; the city stands for its rest."""
    if word == "elsewhere":
        return ELSEWHERE
    name = roles.get(word, word)
    for candidate in (name, f"{name}-rest", roles.get("city", "") if word in ("zone", "county") else ""):
        if candidate in places:
            return list(places).index(candidate)
    if word in ("zone", "county"):
        return place_code("city", roles, places)
    known = [*roles, *places, "elsewhere"]
    raise InvalidValue("place", word, "one of " + ", ".join(known), closest(word, known))


def encode(kind: str, facts: Mapping[str, Any], roles: Mapping[str, str], places: Sequence[str]) -> np.ndarray:
    """The fact array of a kind: NaN where a fact is not given."""
    table = facts_of(kind)
    out = np.full(len(table), np.nan)
    for i, fact in enumerate(table):
        if fact.name not in facts:
            continue
        value = facts[fact.name]
        match fact.type:
            case "date":
                out[i] = value.toordinal()
            case "choice":
                out[i] = fact.words.index(value)
            case "set":
                words = [value] if isinstance(value, str) else value
                out[i] = sum(1 << fact.words.index(word) for word in set(words))
            case "place":
                out[i] = place_code(value, roles, places)
            case _:
                out[i] = float(value)
    return out


def kinds_listed() -> list[dict[str, Any]]:
    """Claim kinds and facts as plain data, for reference pages and forms."""
    return [
        {
            "kind": kind.name,
            "meaning": {"en": kind.meaning_en, "zh": kind.meaning_zh},
            "holder": kind.holder,
            "matter": kind.matter,
            "on": kind.on,
            "facts": [
                {"name": f.name, "unit": f.unit, "en": f.meaning_en, "zh": f.meaning_zh, "words": list(f.words)}
                for f in facts_of(kind.name)
            ],
        }
        for kind in KINDS
    ]
