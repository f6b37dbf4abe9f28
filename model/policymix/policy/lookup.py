"""Reverse look-up: which clauses are open to a holder from the facts known, and which claims to make.

A clause is open when a claim with these facts would be paid, it depends on facts when some are missing, and it is
closed when a known fact or date refuses it.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policymix.errors import InvalidFile, InvalidValue, Problem
from policymix.policy.claim import facts_of, kind_named
from policymix.policy.dossier import Dossier, read_claims, value_problems
from policymix.policy.entitlement import Entitlement, entitlement
from policymix.policy.package import Package
from policymix.policy.quantity import Ceiling, Range, closest

OPEN, DEPENDS, CLOSED = "open", "depends", "closed"
PAYING = ("paid", "capped", "lost", "budget", "rationed")
CLAIM_KEYS = ("firm", "holder", "matter")


@dataclass(frozen=True)
class Opening:
    """What one clause means for a holder.

    ``standing`` is open, depends or closed; ``amount`` CNY on the facts given; ``needs`` the facts that would decide.
    """

    clause: str
    title: str
    title_zh: str
    standing: str
    amount: float
    needs: tuple[str, ...]
    why: str
    why_zh: str


def openings(packages: "list[Package]", facts: Mapping[str, Any], on: datetime.date) -> tuple[Opening, ...]:
    """Every clause that pays, open ones first, then by what they pay.

    Parameters
    ----------
    facts : dict
        Facts of the firm and of what it has or plans, by name; each claim kind takes those it knows. Those of the firm
        may stand in a table ``firm`` of their own, as in a claims file.
    on : date
        The day on which every claim would be made, unless the facts date it.

    Raises
    ------
    InvalidFile
        A fact that no claim kind of the packages has, or a value that does not fit it.
    """
    kinds = sorted({clause.on for package in packages for clause in package.clause if clause.pays and clause.on})
    facts = _flat(facts)
    fitting = _fitting(facts, kinds)
    out = []
    for kind in kinds:
        claim = {"kind": kind, "id": kind, kind_named(kind).on: on, **fitting[kind]}
        claim |= {name: facts[name] for name in CLAIM_KEYS if name in facts}
        out += _of_claim(packages, entitlement(packages, read_claims({"claim": [claim]}, "facts")))
    order = (OPEN, DEPENDS, CLOSED)
    return tuple(sorted(out, key=lambda each: (order.index(each.standing), -each.amount, each.clause)))


def _flat(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with those of a ``firm`` table beside the others; its ``id`` names the firm."""
    firm = facts.get("firm")
    if not isinstance(firm, Mapping):
        wrong = [key for key in CLAIM_KEYS if not isinstance(facts.get(key, ""), str)]
        if wrong:
            raise InvalidFile("facts", [Problem(key, repr(facts[key]), "a name") for key in wrong])
        return dict(facts)
    own = {"firm" if key == "id" else key: value for key, value in firm.items()}
    return _flat({**{key: value for key, value in facts.items() if key != "firm"}, **own})


def _fitting(facts: Mapping[str, Any], kinds: list[str]) -> dict[str, dict[str, Any]]:
    """The facts that each kind knows and whose values it takes: ``how`` may be of an arrival and not of a hiring."""
    out: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}
    known: dict[str, list[Problem]] = {}
    for kind in kinds:
        for fact in facts_of(kind):
            if fact.name in facts:
                wrong = value_problems(fact, facts[fact.name], fact.name)
                known.setdefault(fact.name, []).extend(wrong)
                if not wrong:
                    out[kind][fact.name] = facts[fact.name]
    names = {fact.name for kind in kinds for fact in facts_of(kind)}
    expected = "a fact of a claim kind of these packages"
    problems = [
        Problem(name, f"'{name}'", expected, closest(name, names))
        for name in facts
        if name not in {*known, *CLAIM_KEYS}
    ]
    taken = {name for values in out.values() for name in values}
    problems += [known[name][0] for name in known if name not in taken]
    if problems:
        raise InvalidFile("facts", problems)
    return out


def _of_claim(packages: "list[Package]", answer: Entitlement) -> list[Opening]:
    out = []
    for note in answer.trace:
        if note.status == "other_kind":
            continue
        standing = OPEN if note.status in PAYING else DEPENDS if note.unknown else CLOSED
        if note.status == "zero":
            standing = DEPENDS if _open_number(packages, note.clause) else CLOSED
        out.append(
            Opening(note.clause, note.title, note.title_zh, standing, note.amount, note.unknown, note.why, note.why_zh)
        )
    return out


def _open_number(packages: "list[Package]", address: str) -> bool:
    """Whether a clause that pays nothing at its central value could pay at another (a range in the package)."""
    name, _, clause = address.rpartition("/")
    return any(_has_range(package.named(clause).pays) for package in packages if package.id == name)


def _has_range(form: Any) -> bool:
    values = [getattr(form, key) for key in type(form).model_fields]
    parts = [part for value in values for part in (value if isinstance(value, list) else [value])]
    return any(isinstance(part, Range | Ceiling) for part in parts)


def best_claims(packages: "list[Package]", dossier: Dossier) -> tuple[tuple[str, ...], Entitlement]:
    """Claims of a dossier that pay more together than all of them do, and what they pay: a local search.

    Making all claims is best unless one spoils another (a first claim that binds, a scheme chosen for good): claims are
    left out one at a time while that raises the total. What pays only when two are left out together is not found.
    """
    if not dossier.claims:
        raise InvalidValue(dossier.source, "no claim", "at least one")
    kept, best = dossier, entitlement(packages, dossier)
    improved = True
    while improved and len(kept.claims) > 1:
        improved = False
        for claim in kept.claims:
            fewer = Dossier(tuple(each for each in kept.claims if each is not claim), kept.later, kept.source)
            answer = entitlement(packages, fewer)
            if answer.total > best.total:
                kept, best, improved = fewer, answer, True
                break
    return tuple(claim.id for claim in kept.claims), best
