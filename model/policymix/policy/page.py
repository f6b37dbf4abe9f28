"""A package in words: a page for readers, and what changed between two versions for reviewers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from policymix.policy.claim import Fact, fact_table, kind_named
from policymix.policy.clause import (
    Amount,
    Bound,
    Brackets,
    Budget,
    By,
    Change,
    Clause,
    Each,
    Lends,
    Limit,
    Payment,
    Rent,
    Share,
    Since,
    Stack,
    Test,
    Where,
)
from policymix.policy.package import Package, addresses_of
from policymix.policy.quantity import Ceiling, CeilingAs, DateRange, Range

_SIDES = {"min": "at least", "above": "more than", "max": "at most", "below": "less than"}


def page(package: Package) -> str:
    """The package as Markdown: head, clauses with conditions, payment, limits, dates and readings, joint rules."""
    head = package.head
    lines = [f"# {head.title.en} {head.title.zh}", "", f"`{package.id}`" + (f" · {head.source}" if head.source else "")]
    lines += ["", *(f"- {line}" for line in _head_lines(package))]
    for clause in package.clause:
        lines += ["", f"## {clause.id} · {clause.title.en} {clause.title.zh}", ""]
        lines += [f"- {line}" for line in clause_lines(clause)]
    joint = [*(_stack(rule) for rule in head.stack), *(_limit(rule) for rule in head.limit)]
    if joint:
        lines += ["", "## Rules over several clauses", "", *(f"- {line}" for line in joint)]
    return "\n".join(lines) + "\n"


def clause_lines(clause: Clause) -> list[str]:
    """What a clause says, a sentence each."""
    kind = clause.on or ""
    out = []
    if clause.on:
        out.append(f"for: {kind_named(kind).meaning_en}" + _joined(" where ", _where(kind, clause.where)))
    out += [f"or: {'; '.join(_where(kind, each))}" if i else f"either: {'; '.join(_where(kind, each))}"
            for i, each in enumerate(clause.any)]  # fmt: skip
    if clause.pays is not None:
        out.append(f"pays: {_pays(kind, clause.pays)}")
    out += [f"changes: {_change(each)}" for each in clause.changes]
    if clause.lends is not None:
        out.append(f"lends: {_lends(clause.lends)}")
    if clause.inert:
        out.append(f"moves nothing in the model: {clause.inert}")
    if clause.cap == "none":
        out.append("no cap")
    out += [f"cap: {money(cap.amount)} per {cap.per}" for cap in clause.caps]
    if clause.once:
        topped = ", a higher grade later pays the difference" if clause.upgrade == "difference" else ""
        out.append(f"once per {clause.once}{topped}")
    out += list(_dates(clause))
    if clause.payment is not None:
        out.append(f"paid: {_payment(clause.payment)}")
    out += [f"condition: {_condition(kind, each)}" for each in clause.conditions]
    if clause.budget is not None:
        out.append(f"budget: {_budget(clause.budget)}")
    if clause.payers:
        out.append(f"payers: {_payers(clause.payers)}")
    if clause.refers_to:
        out.append(f"refers to: {clause.refers_to}")
    if clause.reading is not None:
        out.append(f"our reading: {clause.reading.text}; otherwise: {clause.reading.alternative}")
    if clause.note:
        out.append(f"note: {clause.note}")
    return [*out, f"in the text: {clause.source}"]


def changes(before: Package, after: Package) -> list[str]:
    """What a reviewer must know of two versions: clauses dropped, added and changed, then what else differs.

    Equal packages give an empty list.
    """
    old = {clause.id: clause for clause in before.clause}
    new = {clause.id: clause for clause in after.clause}
    out = [f"clause {name} dropped: {old[name].title.en}" for name in old if name not in new]
    for name in (name for name in new if name not in old):
        said = "; ".join(clause_lines(new[name])[:-1])
        out.append(f"clause {name} added: {new[name].title.en}; {said}")
    for name in (name for name in old if name in new):
        first, second = clause_lines(old[name]), clause_lines(new[name])
        if old[name] != new[name]:
            gone = [line for line in first if line not in second]
            come = [line for line in second if line not in first]
            if gone or come:
                out.append(f"clause {name} changed: {' | '.join(gone) or 'nothing'} -> {' | '.join(come) or 'nothing'}")
            else:
                out += _by_address(name, before, after)
    heads = [{key: value for key, value in each.raw.items() if key != "clause"} for each in (before, after)]
    was, now = (addresses_of(each) for each in heads)
    for address in dict.fromkeys([*was, *now]):
        if was.get(address) != now.get(address):
            out.append(f"{address}: {_plain(was.get(address))} -> {_plain(now.get(address))}")
    return out


def money(number: Any) -> str:
    """An amount in CNY in any form of a number."""
    return _number(number, lambda value: f"{_short(value)} CNY")


def share(number: Any) -> str:
    """A share in per cent in any form of a number."""
    return _number(number, lambda value: f"{_short(value * 100)} %")


def _by_address(clause: str, before: Package, after: Package) -> list[str]:
    """What differs in a clause that reads the same in words."""
    was, now = (
        {address: value for address, value in addresses_of(each.raw).items() if address.startswith(f"{clause}.")}
        for each in (before, after)
    )
    differ = [address for address in dict.fromkeys([*was, *now]) if was.get(address) != now.get(address)]
    return [f"{address}: {_plain(was.get(address))} -> {_plain(now.get(address))}" for address in differ]


def figure(number: Any) -> str:
    """A plain number in any form."""
    return _number(number, _short)


def _short(value: Any) -> str:
    """A number without needless zeros behind the point."""
    whole, _, rest = f"{value:,.6f}".partition(".")
    return f"{whole}.{rest.rstrip('0')}".rstrip(".")


def _number(number: Any, text: Callable[[Any], str]) -> str:
    match number:
        case Range():
            return f"{text(number.value)} (not in the text; {text(number.low)} to {text(number.high)}: {number.why})"
        case Ceiling():
            part = f"{share(number.realised)} of it taken, {share(number.low)} to {share(number.high)}"
            return f"up to {text(number.at_most)} ({part}: {number.why})"
        case CeilingAs():
            return f"up to {text(number.at_most)} (as much of it as of the {number.realised_as})"
        case _:
            return text(number)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    return "nothing" if value is None else str(value)


def _joined(before: str, parts: list[str]) -> str:
    return before + "; ".join(parts) if parts else ""


def _head_lines(package: Package) -> Iterator[str]:
    head = package.head
    yield f"place: {head.place}"
    if head.status:
        yield f"status: {head.status}"
    yield f"announced {head.announced}"
    start = head.from_
    if isinstance(start, DateRange):
        yield f"in force from {start.value} (between {start.low} and {start.high}: {start.why})"
    else:
        yield f"in force from {start}"
    yield f"until {package.end}" if package.end else f"no last day: {head.open_ended or 'none is given'}"
    yield f"payers: {_payers(head.payers)}"
    if isinstance(head.budget, Budget):
        yield f"budget: {_budget(head.budget)}"
    if head.note:
        yield f"note: {head.note}"


def _where(kind: str, where: Where) -> list[str]:
    facts = fact_table(kind)
    return [_test(facts[name][1], condition, facts) for name, condition in where.items()]


def _test(fact: Fact, condition: Any, facts: dict[str, tuple[int, Fact]]) -> str:
    meaning = fact.meaning_en
    match condition:
        case bool():
            return meaning if condition else f"not {meaning}"
        case Bound():
            given = [(side, getattr(condition, side)) for side in _SIDES if getattr(condition, side) is not None]
            bounds = " and ".join(f"{_SIDES[side]} {_short(value)}" for side, value in given)
            return f"{meaning} {bounds} {fact.unit}".rstrip()
        case Since():
            earlier = facts[condition.anchor][1].meaning_en if condition.anchor in facts else condition.anchor
            years = "anniversaries" if condition.years_since else "calendar years"
            sides = [f"{_SIDES[side]} {getattr(condition, side)}" for side in ("min", "max")
                     if getattr(condition, side) is not None]  # fmt: skip
            return f"{meaning} {' and '.join(sides)} {years} after the {earlier}"
        case list():
            return f"{meaning}: {' or '.join(condition)}"
        case _:
            return f"{meaning}: {condition}"


def _pays(kind: str, pays: Any) -> str:
    facts = fact_table(kind)
    match pays:
        case Share():
            return f"{share(pays.share)} of the {facts[pays.of][1].meaning_en}"
        case Amount():
            return money(pays.amount)
        case By():
            amounts = ", ".join(f"{word} {money(amount)}" for word, amount in pays.amounts.items())
            return f"by {facts[pays.by][1].meaning_en}: {amounts}"
        case Each():
            return f"{money(pays.each)} for each of the {facts[pays.of][1].meaning_en}"
        case Brackets():
            steps = [
                f"{share(each.share)} " + (f"up to {money(each.up_to)}" if each.up_to is not None else "beyond")
                for each in pays.brackets
            ]
            return f"of the {facts[pays.of][1].meaning_en}: {', '.join(steps)}"
        case Rent():
            years = ", ".join(f"year {i + 1} {share(each)}" for i, each in enumerate(pays.rent_share))
            return f"of the rent: {years}; up to {pays.area_max:,} m2"
    raise TypeError(pays)


def _change(change: Change) -> str:
    words = {"times": change.factor, "plus": change.add, "set to": change.to}
    (what,) = (f"{word} {_number(number, _short)}" for word, number in words.items() if number is not None)
    return f"{change.of} {what}" + (" for some firms" if change.where else "")


def _lends(lends: Lends) -> str:
    return f"{money(lends.total)} in all to {lends.firms_sense.replace('_', ' ')} {figure(lends.firms)} firms"


def _dates(clause: Clause) -> Iterator[str]:
    if clause.from_ is not None:
        start = clause.from_
        yield f"from {start.value} ({start.low} to {start.high})" if isinstance(start, DateRange) else f"from {start}"
    if clause.until is not None:
        yield f"until {clause.until}"
    if clause.admit is not None:
        window = f"{clause.admit.from_} to {clause.admit.until}".replace("package", "as the package")
        after = "" if clause.admit.paid_after else ", nothing is paid after its end"
        yield f"admitted by {clause.admit.by}: {window}{after}"
    if clause.starts_after:
        yield f"starts after {', '.join(clause.starts_after)}"


def _payment(payment: Payment) -> str:
    if payment.parts:
        return ", ".join(f"{share(p.share)} {figure(p.lag_quarters)} quarters after {p.after}" for p in payment.parts)
    anchor = f" after {payment.after}" if payment.after else ""
    return f"{figure(payment.lag_quarters)} quarters{anchor or ' after the decision'}"


def _condition(kind: str, test: Test) -> str:
    then = "what was paid is recovered" if test.or_else == "recover" else "payments stop"
    return f"{'; '.join(_where(kind, test.where))} {test.tested_after_quarters} quarters later, else {then}"


def _budget(budget: Budget) -> str:
    what = money(budget.amount) if budget.amount is not None else f"{budget.claims} claims"
    return f"{what} a {'year' if budget.per == 'year' else 'lifetime'}, {budget.ration.replace('_', ' ')}"


def _payers(payers: Any) -> str:
    return ", ".join(f"{payer.who} {share(payer.share)}" for payer in payers)


def _stack(rule: Stack) -> str:
    among = ", ".join(rule.clauses) if rule.clauses else "all clauses"
    which = "the highest only" if rule.rule == "highest_only" else "the first only"
    reach = " and of other packages" if rule.scope == "across" else ""
    return f"{which} of {among}{reach}, for the same {' and '.join(rule.same)}" + _joined(
        ": ", [rule.source or rule.why or ""]
    )


def _limit(rule: Limit) -> str:
    top = money(rule.amount) if rule.amount is not None else f"{share(rule.share)} of {rule.of}"
    return f"{', '.join(rule.clauses)} together at most {top} per {rule.per}" + _joined(
        ": ", [rule.source or rule.why or ""]
    )
