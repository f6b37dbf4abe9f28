"""What the words of a clause must mean: facts of its claim kind, accounts it can count by, closed vocabularies."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from policymix.errors import Problem
from policymix.policy.claim import COMMON_IDS, KIND_INDEX, NUMERIC, UNITS, accounts_of, fact_table, kind_named
from policymix.policy.clause import Amount, Bound, Brackets, By, Clause, Each, Rent, Share, Since, Where
from policymix.policy.quantity import Ceiling, CeilingAs, Range, closest

CHANGE_FACTS = ("steps", "fields")


def clause_problems(clause: Clause) -> list[Problem]:
    """Everything in a clause that no claim could ever mean."""
    at = f'clause "{clause.id}"'
    if clause.pays is None:
        return list(_without_pay(clause, at))
    if clause.on is None or clause.on not in KIND_INDEX:
        found = "no claim kind" if clause.on is None else f"'{clause.on}'"
        near = closest(clause.on, KIND_INDEX) if clause.on else None
        return [Problem(f"{at} > on", found, "one of " + ", ".join(KIND_INDEX), near)]
    return [
        *_where(clause.on, clause.where, f"{at} > where"),
        *(p for i, where in enumerate(clause.any) for p in _where(clause.on, where, f"{at} > any {i + 1}")),
        *_pays(clause, at),
        *_limits(clause, at),
        *_dates(clause, at),
        *_certainty(clause, at),
    ]


def _without_pay(clause: Clause, at: str) -> Iterator[Problem]:
    for key in ("where", "any", "cap", "once", "budget", "payment", "conditions", "admit", "award"):
        if getattr(clause, key):
            yield Problem(f"{at} > {key}", f"'{key}' in a clause that pays nothing", "'pays', or no such key")
    for i, change in enumerate(clause.changes):
        here = f"{at} > changes {i + 1}"
        head = change.of.split(".")[0]
        if head not in ("parameter", "environment", "region"):
            yield Problem(f"{here} > of", f"'{change.of}'", "an address such as parameter.hassle_cost")
        for name in change.where:
            if name not in CHANGE_FACTS:
                yield Problem(f"{here} > where > {name}", f"'{name}'", "steps or fields", closest(name, CHANGE_FACTS))
            else:
                yield from _where("project", {name: change.where[name]}, f"{here} > where")
    for name in clause.lends.where if clause.lends is not None else ():
        if name != "steps":
            here = f"{at} > lends > where > {name}"
            yield Problem(here, f"'{name}'", "steps: the model's credit lines reach rungs of the ladder")


def known(kind: str, name: str, types: tuple[str, ...], where: str) -> Iterator[Problem]:
    """A problem if the kind has no such fact, or one of another type."""
    facts = fact_table(kind)
    if name not in facts:
        fitting = [other for other, (_, fact) in facts.items() if fact.type in types]
        if name in COMMON_IDS or any(fact.name == name for fact in kind_named(kind).facts):
            yield Problem(where, f"identifier '{name}'", "a fact that can be tested: " + ", ".join(fitting))
        else:
            yield Problem(
                where, f"'{name}'", f"a fact of claim kind {kind}: " + ", ".join(fitting), closest(name, facts)
            )
    elif facts[name][1].type not in types:
        fact = facts[name][1]
        wanted = " or ".join(dict.fromkeys(UNITS[t] for t in types))
        fitting = [other for other, (_, each) in facts.items() if each.type in types]
        yield Problem(where, f"'{name}' in {fact.unit}", f"a fact in {wanted}: " + ", ".join(fitting))


def _where(kind: str, where: Where, at: str) -> Iterator[Problem]:
    for name, condition in where.items():
        here = f"{at} > {name}"
        match condition:
            case bool():
                yield from known(kind, name, ("bool",), here)
            case Bound():
                yield from known(kind, name, NUMERIC, here)
            case Decimal():
                yield from known(kind, name, ("count", "number"), here)
            case Since():
                yield from known(kind, name, ("date",), here)
                yield from known(kind, condition.anchor, ("date",), f"{here} > since")
            case _:
                bad = list(known(kind, name, ("choice", "set", "place"), here))
                yield from bad
                if not bad:
                    words = [condition] if isinstance(condition, str) else condition
                    yield from _vocabulary(kind, name, words, here)


def _vocabulary(kind: str, name: str, words: list[str], at: str) -> Iterator[Problem]:
    allowed = fact_table(kind)[name][1].words
    for word in words:
        if word not in allowed:
            yield Problem(at, f"'{word}'", "one of " + ", ".join(allowed), closest(word, allowed))


def _pays(clause: Clause, at: str) -> Iterator[Problem]:
    kind, pays, here = clause.on or "", clause.pays, f"{at} > pays"
    match pays:
        case Share() | Brackets():
            yield from known(kind, pays.of, ("money",), f"{here} > of")
            if clause.cap is None:
                yield Problem(f"{at} > cap", "a share without a cap", 'a cap, or cap = "none"')
        case Each():
            yield from known(kind, pays.of, ("count",), f"{here} > of")
        case By():
            bad = list(known(kind, pays.by, ("choice",), f"{here} > by"))
            yield from bad
            if not bad:
                yield from _vocabulary(kind, pays.by, list(pays.amounts), f"{here} > amounts")
        case Rent():
            if kind != "lease":
                yield Problem(f"{here} > rent_share", f"claim kind '{kind}'", "claim kind lease")
        case Amount():
            pass
    for words, number in numbers(pays):
        if isinstance(number, CeilingAs):
            yield Problem(
                f"{here} > {words}", "realised_as", "a realised fraction of its own (only caps may share one)"
            )
        if "share" in words.split(".") and not isinstance(number, CeilingAs) and _top(number) > 1:
            yield Problem(f"{here} > {words}", str(_top(number)), "a share between 0 and 1 (10 % is 0.10)")
        if _bottom(number) < 0:
            yield Problem(f"{here} > {words}", str(_bottom(number)), "nothing below 0")


def _top(number: Any) -> Decimal:
    match number:
        case Range():
            return number.high
        case Ceiling() | CeilingAs():
            return number.at_most
        case _:
            return number


def _bottom(number: Any) -> Decimal:
    return number.low if isinstance(number, Range) else _top(number)


def numbers(pays: Any) -> list[tuple[str, Any]]:
    """Every number of a ``pays`` with its address below ``pays``; list positions count from 1."""
    match pays:
        case Share():
            return [("share", pays.share)]
        case Amount():
            return [("amount", pays.amount)]
        case Each():
            return [("each", pays.each)]
        case By():
            return [(f"amounts.{word}", number) for word, number in pays.amounts.items()]
        case Brackets():
            return [(f"brackets.{i + 1}.share", bracket.share) for i, bracket in enumerate(pays.brackets)]
        case Rent():
            return [(f"rent_share.{i + 1}", number) for i, number in enumerate(pays.rent_share)]
        case _:
            return []


def split_account(kind: str, per: str) -> tuple[str, bool] | None:
    """Account that a ``per`` or ``once`` counts by, and whether anew each year; None if the kind has no such word."""
    stem, yearly = (per[:-5], True) if per.endswith("-year") else (per, False)
    account = accounts_of(kind).get(stem)
    return None if account is None else (account, yearly)


def account_problem(kind: str, per: str, at: str) -> Iterator[Problem]:
    """A problem if a claim kind cannot count by this word."""
    if split_account(kind, per) is None:
        words = [*accounts_of(kind), *(f"{word}-year" for word in accounts_of(kind))]
        yield Problem(at, f"'{per}'", f"what claim kind {kind} counts by: " + ", ".join(words), closest(per, words))


def _limits(clause: Clause, at: str) -> Iterator[Problem]:
    kind = clause.on or ""
    names = dict(numbers(clause.pays))
    for i, cap in enumerate(clause.caps):
        here = f"{at} > cap" if len(clause.caps) == 1 else f"{at} > cap {i + 1}"
        yield from account_problem(kind, cap.per, f"{here} > per")
        if isinstance(cap.amount, CeilingAs) and not isinstance(names.get(cap.amount.realised_as), Ceiling):
            near = next((name for name, number in names.items() if isinstance(number, Ceiling)), None)
            yield Problem(f"{here} > amount > realised_as", f"'{cap.amount.realised_as}'", "a ceiling of 'pays'", near)
    if clause.once:
        yield from account_problem(kind, clause.once, f"{at} > once")
    if clause.upgrade == "difference" and not clause.once:
        yield Problem(f"{at} > upgrade", "difference without once", "once, to say once per what")
    if isinstance(clause.pays, Rent) and clause.upgrade == "difference":
        yield Problem(f"{at} > upgrade", "difference for rent", "an amount")
    if clause.payers and sum(payer.share for payer in clause.payers) != 1:
        yield Problem(f"{at} > payers", str(sum(payer.share for payer in clause.payers)), "shares that add up to 1")
    for i, test in enumerate(clause.conditions):
        yield from _where(kind, test.where, f"{at} > conditions {i + 1} > where")


def _dates(clause: Clause, at: str) -> Iterator[Problem]:
    kind = clause.on or ""
    named = []
    if clause.admit:
        named.append(("admit > by", clause.admit.by))
    if clause.payment and clause.payment.after:
        named.append(("payment > after", clause.payment.after))
    if clause.payment:
        named += [(f"payment > parts {i + 1} > after", part.after) for i, part in enumerate(clause.payment.parts)]
    if clause.budget and clause.budget.dated:
        named.append(("budget > dated", clause.budget.dated))
    for key, name in named:
        yield from known(kind, name, ("date",), f"{at} > {key}")
    if clause.budget and clause.budget.score:
        yield from known(kind, clause.budget.score, NUMERIC, f"{at} > budget > score")


def certainty_of(clause: Clause) -> str:
    """The certainty label that the forms of a clause's numbers imply."""
    found = [number for _, number in numbers(clause.pays)] + [cap.amount for cap in clause.caps]
    if any(isinstance(number, Range) for number in found):
        plain = any(isinstance(number, Decimal) for number in found)
        zero = all(number.value == 0 for number in found if isinstance(number, Range))
        return "mixed" if plain and isinstance(clause.pays, Rent) else "unspecified" if zero else "ceiling"
    return "ceiling" if any(isinstance(number, Ceiling) for number in found) else "explicit"


def _certainty(clause: Clause, at: str) -> Iterator[Problem]:
    derived = certainty_of(clause)
    same = {"case_by_case": "unspecified"}.get(clause.certainty or "", clause.certainty)
    if same is not None and same != derived:
        yield Problem(f"{at} > certainty", f"'{clause.certainty}'", f"'{derived}', which its numbers imply")
