"""What one firm is entitled to, as a form: a claim, the facts that the clauses ask for, the answer with its reasons."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from policymix.errors import InvalidFile, InvalidValue, NotFound, Problem
from policymix.policy.claim import NUMERIC, Fact, fact_table, facts_of, kind_named
from policymix.policy.clause import Clause, Rent, Since
from policymix.policy.dossier import read_claims
from policymix.policy.entitlement import Entitlement, entitlement
from policymix.policy.package import Package

OF_RENT = ("area", "rent", "months")
TRUTH = {"yes": True, "no": False}


def kinds_of(packages: Iterable[Package]) -> list[str]:
    """Claim kinds on which clauses of the packages pay, in the order of the clauses."""
    return list(dict.fromkeys(c.on for p in packages for c in p.clause if c.on and c.pays is not None))


def facts_asked(packages: Iterable[Package], kind: str) -> list[Fact]:
    """Facts of a kind that decide what clauses of the packages pay: the date first, then as the kind lists them."""
    if kind not in kinds_of(packages := list(packages)):
        raise NotFound("claim kind", kind, kinds_of(packages))
    dated = kind_named(kind).on
    named = {dated, "place", *(name for p in packages for c in p.clause if c.on == kind for name in _facts_of(c))}
    table = fact_table(kind)
    return [table[dated][1], *(fact for fact in facts_of(kind) if fact.name in named - {dated})]


def entitled(packages: Sequence[Package], kind: str, given: Mapping[str, Any]) -> Entitlement:
    """What the packages pay on one claim, with the trace.

    Parameters
    ----------
    given : texts by fact, as a form gives them: numbers, dates such as 2022-09-01, ``yes`` or ``no``, words, lists of
        words; an empty text is a fact that is not known

    Raises
    ------
    InvalidFile, InvalidValue, NotFound
        Everything that is wrong with the facts, as of a file of claims.
    """
    asked = {fact.name: fact for fact in facts_asked(packages, kind)}
    claim: dict[str, Any] = {"kind": kind}
    problems = []
    for name, text in given.items():
        if name not in asked:
            raise NotFound("fact", name, asked, where=kind)
        if text in ("", None, []):
            continue
        value = _value_of(asked[name], text)
        if value is None:
            expected = {"date": "a date such as 2022-09-01", "bool": "yes or no"}.get(asked[name].type, "a number")
            problems.append(Problem(name, repr(text), expected))
        else:
            claim[name] = value
    if problems:
        raise InvalidFile("claim", problems)
    if kind_named(kind).on not in claim:
        raise InvalidValue(kind_named(kind).on, "nothing", "the date of the claim")
    return entitlement(list(packages), read_claims({"claim": [claim]}, "claim"))


def _facts_of(clause: Clause) -> set[str]:
    """Facts that a clause tests, pays on or dates by."""
    tests = [clause.where, *clause.any, *(each.where for each in clause.conditions)]
    found = {name for where in tests for name in where}
    found |= {each.anchor for where in tests for each in where.values() if isinstance(each, Since)}
    found |= {getattr(clause.pays, key, None) or "" for key in ("of", "by")}
    found |= set(OF_RENT) if isinstance(clause.pays, Rent) else set()
    found |= {clause.admit.by} if clause.admit is not None else set()
    return found


def _value_of(fact: Fact, text: Any) -> Any:
    """A text as a value of the fact, or None."""
    if fact.type == "bool":
        return TRUTH.get(str(text))
    if fact.type == "date":
        return _date(str(text))
    if fact.type in NUMERIC:
        return _number(str(text))
    return text


def _date(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None
