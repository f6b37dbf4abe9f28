"""From packages to arrays: a mix compiled once, its uncertain numbers filled in draw by draw."""

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from policymix.errors import InvalidValue
from policymix.policy import arrays as codes
from policymix.policy.arrays import ELSEWHERE, NEVER, ClauseArrays
from policymix.policy.builder import TABLES, Builder, natural
from policymix.policy.claim import COMMON, KIND_INDEX, KINDS, fact_index, fact_table, facts_of, mask
from policymix.policy.clause import Amount, Bound, Brackets, By, Clause, Each, Rent, Share, Since, Stack
from policymix.policy.compiled import BudgetLine, ChangeLine, Compiled, LendsLine, Slot, Uncertain
from policymix.policy.package import Package
from policymix.policy.quantity import CeilingAs, DateRange, Range, central
from policymix.policy.sense import numbers, split_account
from policymix.policy.versions import merge

__all__ = ["BudgetLine", "ChangeLine", "Compiled", "LendsLine", "Uncertain", "compile_mix", "compile_tests"]

ANYWHERE = -1
SILENT = Decimal(-1)
"""Lag of a clause whose text does not say when the money comes."""
DEFAULT_BUDGETS = {"city": (1e8, 6e8), "county": (1e8, 6e8), "anywhere": (1e8, 6e8), "zone": (5e7, 2.5e8)}
"""CNY a year where a package names no budget: log-uniform (ECONOMICS.md, point 3: bounded by published payments)."""


def place_mask(role: str, roles: Mapping[str, str], places: Sequence[str], notices: list[str]) -> int:
    """Bit mask over place codes of everything within the place that a role names; places nest by ``name-part``."""
    if role == "anywhere":
        return ANYWHERE
    if role == "elsewhere":
        return 1 << ELSEWHERE
    name = roles.get(role)
    if name is None:
        if "city" not in roles:
            raise InvalidValue("roles", ", ".join(roles) or "none", "the place that is the city")
        name = roles["city"]
        text = f"the region has no place in the role '{role}'; the whole city ({name}) is used"
        if text not in notices:
            notices.append(text)
    return sum(1 << i for i, place in enumerate(places) if place == name or place.startswith(f"{name}-"))


def compile_mix(
    packages: Sequence[Package],
    roles: Mapping[str, str],
    places: Sequence[str],
) -> Compiled:
    """Compile the packages of one mix for a region.

    Parameters
    ----------
    packages : list of Package, in any order
    roles : role (city, zone, county) -> name of the place in the region
    places : names of the places whose position is the code of the fact ``place``
    """
    mix = merge(list(packages))
    build = Builder()
    listed = [
        (p, package, c) for p, package in enumerate(mix) for c in sorted(package.clause, key=lambda c: natural(c.id))
    ]
    names = tuple(f"{package.id}/{clause.id}" for _, package, clause in listed)
    for p, package, clause in listed:
        _clause(build, p, package, clause, roles, places)
    _after_others(build, listed, names)
    group_same, across_same = _groups(build, mix, listed)
    _limit_rules(build, mix, listed, names)
    payers, payer_share = _payers(listed)
    announced, first, last = _days(listed)
    arrays = _finish(build, len(mix), bool(across_same))
    changes, lends = _other_effects(build, listed, announced, first, last)
    return Compiled(
        packages=mix,
        clauses=names,
        models=tuple(clause for _, _, clause in listed),
        places=tuple(places),
        roles=dict(roles),
        arrays=arrays,
        budgets=_budgets(build, mix, listed, names),
        uncertain=tuple(build.uncertain),
        slots=tuple(build.slots),
        payers=payers,
        payer_share=payer_share,
        announced=announced,
        first_day=first,
        last_day=last,
        changes=changes,
        lends=lends,
        group_same=group_same,
        across_same=across_same,
        notices=tuple(build.notices),
        index=build.index,
    )


def _ordinal(day: datetime.date | None) -> int:
    return NEVER if day is None else day.toordinal()


def _own_days(package: Package, clause: Clause) -> tuple[int, int]:
    start = clause.from_ if clause.from_ is not None else package.start
    start = start.value if isinstance(start, DateRange) else start
    return _ordinal(start), _ordinal(clause.until or package.end)


def _clause(build: Builder, p: int, package: Package, clause: Clause, roles: Mapping, places: Sequence[str]) -> None:
    """Append one clause to every table that has rows for it."""
    ref = f"{package.id}/{clause.id}"
    kind = clause.on if clause.pays is not None else None
    place = ANYWHERE if kind and _names_place(clause) else place_mask(package.head.place, roles, places, build.notices)
    row: dict[str, Any] = {"kind": KIND_INDEX[kind] if kind else -1, "package": p, "place_mask": place}
    row |= _window(build, package, clause, kind)
    row["alternative_first"] = build.size("alternative")
    if kind:
        _alternatives(build, clause, kind, roles, places)
    row["alternative_last"] = build.size("alternative")
    row["pays_first"] = build.size("pays")
    row |= _pays(build, clause, kind, ref)
    row["pays_last"] = build.size("pays")
    row["cap_first"] = build.size("cap")
    for i, cap in enumerate(clause.caps):
        address = f"{ref}.cap.amount" if not isinstance(clause.cap, list) else f"{ref}.cap.{i + 1}.amount"
        account, yearly = split_account(kind or "", cap.per) or ("claim", False)
        amount = _cap(build, clause, cap.amount, address, ref)
        build.rows["cap"].append({"amount": amount, "account": codes.ACCOUNTS.index(account), "year": int(yearly)})
    row["cap_last"] = build.size("cap")
    once = split_account(kind, clause.once) if kind and clause.once else None
    row["once_account"] = codes.ACCOUNTS.index(once[0]) if once else -1
    row["once_year"] = int(bool(once and once[1]))
    row["upgrade"] = int(clause.upgrade == "difference")
    lag = clause.payment.lag_quarters if clause.payment else SILENT
    row["lag_quarters"] = build.put("clause", "lag_quarters", f"{ref}.payment.lag_quarters", lag)
    build.rows["clause"].append(row)


def _alternatives(build: Builder, clause: Clause, kind: str, roles: Mapping, places: Sequence[str]) -> None:
    """The conjunctions of a clause: its common conditions with each of ``any``."""
    for other in clause.any or [{}]:
        first = build.size("test")
        for name, condition in (*clause.where.items(), *other.items()):
            _tests(build, kind, name, condition, roles, places)
        build.rows["alternative"].append({"test_first": first, "test_last": build.size("test")})


def compile_tests(kind: str, where: Mapping[str, Any], roles: Mapping[str, str], places: Sequence[str]) -> np.ndarray:
    """The tests of one conjunction as a ``TEST`` table."""
    build = Builder()
    for name, condition in where.items():
        _tests(build, kind, name, condition, roles, places)
    table = np.zeros(build.size("test"), dtype=codes.TEST)
    for key in codes.TEST.names or ():
        table[key] = [row[key] for row in build.rows["test"]]
    return table


def _names_place(clause: Clause) -> bool:
    return "place" in clause.where or (bool(clause.any) and all("place" in where for where in clause.any))


def _window(build: Builder, package: Package, clause: Clause, kind: str | None) -> dict[str, int]:
    """Dates of a clause: which date is tested, from when to when, and the last day of a claim."""
    start, end = _own_days(package, clause)
    admit = clause.admit
    row = {"window_fact": -1, "last_day": NEVER}
    moving = clause.from_ if clause.from_ is not None else package.head.from_
    if admit is not None:
        if isinstance(admit.from_, datetime.date):
            start, moving = admit.from_.toordinal(), admit.from_
        end = admit.until.toordinal() if isinstance(admit.until, datetime.date) else end
        last = NEVER if admit.paid_after else end
        row = {"window_fact": fact_index(kind, admit.by) if kind else -1, "last_day": last}
    if isinstance(moving, DateRange):
        own = clause.from_ is not None
        address = f"{package.id}/{clause.id}.from.value" if own else f"{package.id}/from.value"
        days = (moving.low.toordinal(), moving.high.toordinal(), moving.value.toordinal())
        at = build.note(address, "date", *days, moving.why)
        build.slots.append(Slot("clause", "open_from", build.size("clause"), 1.0, at))
    return {**row, "open_from": start, "open_until": end}


_BOUNDS = {"min": codes.OP_MIN, "max": codes.OP_MAX, "above": codes.OP_ABOVE, "below": codes.OP_BELOW}
_SINCE = {
    ("years_since", "min"): codes.OP_YEARS_MIN,
    ("years_since", "max"): codes.OP_YEARS_MAX,
    ("calendar_years_since", "min"): codes.OP_CALENDAR_MIN,
    ("calendar_years_since", "max"): codes.OP_CALENDAR_MAX,
}


def _tests(build: Builder, kind: str, name: str, condition: Any, roles: Mapping, places: Sequence[str]) -> None:
    """The tests that one condition on one fact stands for."""
    position, fact = fact_table(kind)[name]

    def test(op: int, value: float = 0.0, bits: int = 0, other: int = -1) -> None:
        build.rows["test"].append({"fact": position, "op": op, "value": float(value), "mask": bits, "other": other})

    match condition:
        case bool():
            test(codes.OP_EQUAL, float(condition))
        case Decimal():
            test(codes.OP_EQUAL, float(condition))
        case Bound():
            for word, op in _BOUNDS.items():
                if getattr(condition, word) is not None:
                    test(op, float(getattr(condition, word)))
        case Since():
            form = "years_since" if condition.years_since else "calendar_years_since"
            for word in ("min", "max"):
                if getattr(condition, word) is not None:
                    anchor = fact_index(kind, condition.anchor)
                    test(_SINCE[form, word], float(getattr(condition, word)), other=anchor)
        case _:
            words = [condition] if isinstance(condition, str) else condition
            if fact.type == "place":
                bits = 0
                for word in words:
                    bits |= place_mask(word, roles, places, build.notices)
                test(codes.OP_IN, bits=bits)
            else:
                test(codes.OP_MEETS if fact.type == "set" else codes.OP_IN, bits=mask(kind, name, words))


def _pays(build: Builder, clause: Clause, kind: str | None, ref: str) -> dict[str, Any]:
    """What a clause pays: form, base fact, numbers and their bounds."""
    pays, row = clause.pays, {"form": codes.FORM_NONE, "base_fact": -1, "area_max": 0.0}
    lease = {"rent_fact": -1, "area_fact": -1, "months_fact": -1}
    bounds = [0.0 for _ in numbers(pays)]

    def fact(name: str) -> int:
        return fact_index(kind or "", name)

    match pays:
        case Share():
            row |= {"form": codes.FORM_SHARE, "base_fact": fact(pays.of)}
        case Amount():
            row |= {"form": codes.FORM_AMOUNT}
        case By():
            words = fact_table(kind or "")[pays.by][1].words
            bounds = [float(words.index(word)) for word in pays.amounts]
            row |= {"form": codes.FORM_BY, "base_fact": fact(pays.by)}
        case Each():
            row |= {"form": codes.FORM_EACH, "base_fact": fact(pays.of)}
        case Brackets():
            bounds = [np.inf if b.up_to is None else float(b.up_to) for b in pays.brackets]
            row |= {"form": codes.FORM_BRACKETS, "base_fact": fact(pays.of)}
        case Rent():
            row |= {"form": codes.FORM_RENT, "area_max": float(pays.area_max)}
            lease = {f"{name}_fact": fact_index("lease", name) for name in ("rent", "area", "months")}
    for (address, number), bound in zip(numbers(pays), bounds, strict=True):
        value = build.put("pays", "value", f"{ref}.pays.{address}", number)
        build.rows["pays"].append({"value": value, "bound": bound})
    return {**row, **lease}


def _cap(build: Builder, clause: Clause, amount: Any, address: str, ref: str) -> float:
    """Amount of one cap; ``realised_as`` takes the draw of the number it names."""
    if not isinstance(amount, CeilingAs):
        return build.put("cap", "amount", address, amount)
    partner = dict(numbers(clause.pays))[amount.realised_as]
    at = build.index[f"{ref}.pays.{amount.realised_as}.realised"]
    build.slots.append(Slot("cap", "amount", build.size("cap"), float(amount.at_most), at))
    return float(amount.at_most) * float(partner.realised)


def _after_others(build: Builder, listed: list, names: tuple[str, ...]) -> None:
    """``starts_after``: a clause opens the day after the older one in the mix has ended."""
    for i, (_, _, clause) in enumerate(listed):
        for old in clause.starts_after:
            if old in names:
                end = build.rows["clause"][names.index(old)]["open_until"]
                row = build.rows["clause"][i]
                row["open_from"] = max(row["open_from"], min(end + 1, NEVER))
                if end >= NEVER:
                    build.notices.append(f"{names[i]} never starts: {old}, which it follows, has no last day")


def _rule_of(package: Package, clause: Clause) -> tuple[int, Stack] | None:
    """The stacking rule of a package that a clause falls under: one that names it, else a general one."""
    rules = [(i, rule) for i, rule in enumerate(package.head.stack) if rule.scope == "within"]
    named = [(i, rule) for i, rule in rules if rule.clauses and clause.id in rule.clauses]
    general = [(i, rule) for i, rule in rules if not rule.clauses and ("award" not in rule.same or clause.award)]
    return next(iter([*named, *general]), None)


def _groups(build: Builder, mix: tuple[Package, ...], listed: list) -> tuple[tuple, tuple[str, ...]]:
    """Groups of clauses that compete; what makes a domain the same; keys of the competition across packages."""
    members: dict[tuple, list[int]] = {}
    rules: dict[tuple, Stack | None] = {}
    for i, (p, package, clause) in enumerate(listed):
        found = _rule_of(package, clause) if clause.pays is not None else None
        key: tuple = (p, "clause", i)
        if found is not None:
            key = (p, "rule", found[0], clause.award if "award" in found[1].same else None)
        members.setdefault(key, []).append(i)
        rules[key] = found[1] if found else None
    groups = list(members)
    same = []
    for g, key in enumerate(groups):
        rule = rules[key]
        first = len(build.at)
        for i in members[key]:
            build.rows["clause"][i]["group"] = g
            build.at.append(i)
        number = (
            codes.RULE_ADD if rule is None else codes.RULE_FIRST if rule.rule == "first_only" else codes.RULE_HIGHEST
        )
        row = {"member_first": first, "member_last": len(build.at), "rule": number, "package": key[0]}
        build.rows["group"].append({**row, "period": int(rule is None or "period" in rule.same)})
        same.append(tuple(rule.same) if rule is not None else ("firm", "matter"))
    paying = {p for p, _, clause in listed if clause.pays is not None}
    keys = {tuple(rule.same) for package in mix for rule in package.head.stack if rule.scope == "across"}
    if len(paying) < 2 or not keys:
        return tuple(same), ()
    chosen = min(keys, key=lambda each: (len(each), each))
    if len(keys) > 1:
        build.notices.append(f"packages compare by different keys; the widest is used: same {', '.join(chosen)}")
    return tuple(same), chosen


def _limit_rules(build: Builder, mix: tuple[Package, ...], listed: list, names: tuple[str, ...]) -> None:
    """Shared limits and aid intensities."""
    models = {name: clause for name, (_, _, clause) in zip(names, listed, strict=True)}
    for package in mix:
        for i, limit in enumerate(package.head.limit):
            refs = [f"{package.id}/{name}" for name in limit.clauses]
            kind = models[refs[0]].on or ""
            first = len(build.at)
            build.at += [names.index(ref) for ref in refs]
            address = f"{package.id}/limit.{i + 1}"
            row: dict[str, Any] = {"member_first": first, "member_last": len(build.at)}
            if limit.amount is not None:
                row |= {
                    "amount": build.put("limit", "amount", f"{address}.amount", limit.amount),
                    "share": 0.0,
                    "fact": -2,
                }
            else:
                row |= {"amount": np.nan, "share": build.put("limit", "share", f"{address}.share", limit.share)}
                row["fact"] = fact_index(kind, limit.of or "")
            account, yearly = split_account(kind, limit.per) or ("claim", False)
            build.rows["limit"].append({**row, "account": codes.ACCOUNTS.index(account), "year": int(yearly)})


def _payers(listed: list) -> tuple[tuple[str, ...], np.ndarray]:
    """Payers of the mix and the share each pays of every clause."""
    rows = [clause.payers or package.head.payers for _, package, clause in listed]
    names = tuple(dict.fromkeys(payer.who for row in rows for payer in row))
    share = np.zeros((len(rows), len(names)))
    for i, row in enumerate(rows):
        for payer in row:
            share[i, names.index(payer.who)] += float(payer.share)
    return names, share


def _days(listed: list) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    announced = [_ordinal(clause.announced or package.head.announced) for _, package, clause in listed]
    own = [_own_days(package, clause) for _, package, clause in listed]
    return (
        np.array(announced, dtype=np.int64),
        np.array([first for first, _ in own], dtype=np.int64),
        np.array([last for _, last in own], dtype=np.int64),
    )


def _finish(build: Builder, packages: int, across: bool) -> ClauseArrays:
    """Clauses and groups by claim kind; lists to record arrays."""
    clauses = build.rows["clause"]
    for k, kind in enumerate(KINDS):
        of_kind = [i for i, row in enumerate(clauses) if row["kind"] == k]
        first = len(build.at)
        build.at += of_kind
        middle = len(build.at)
        build.at += list(dict.fromkeys(clauses[i]["group"] for i in of_kind))
        row = {"clause_first": first, "clause_last": middle, "group_first": middle, "group_last": len(build.at)}
        facts = facts_of(kind.name)
        own = sum(1 << i for i, fact in enumerate(facts) if fact.type == "money" and i >= len(COMMON))
        build.rows["kind"].append({**row, "moves": own})
    tables = {}
    for name, dtype in TABLES.items():
        rows = build.rows[name]
        table = np.zeros(len(rows), dtype=dtype)
        for key in dtype.names or ():
            table[key] = [row[key] for row in rows]
        tables[name] = table
    index = np.array(build.at, dtype=np.int64)
    return ClauseArrays(**tables, index=index, across=int(across), packages=max(packages, 1))


def _other_effects(build: Builder, listed: list, announced, first, last) -> tuple[tuple, tuple]:
    """Changes of parameters and credit programmes."""
    changes, lends = [], []
    for i, (_, package, clause) in enumerate(listed):
        for j, change in enumerate(clause.changes):
            op = "factor" if change.factor is not None else "add" if change.add is not None else "to"
            figure, at, _ = build.number(f"{package.id}/{clause.id}.changes.{j + 1}.{op}", getattr(change, op))
            start = change.from_.toordinal() if change.from_ else int(first[i])
            end = change.until.toordinal() if change.until else int(last[i])
            where = {name: tuple([value] if isinstance(value, str) else value) for name, value in change.where.items()}
            address = build.uncertain[at].address if at is not None else None
            changes.append(ChangeLine(change.of, op, figure, i, int(announced[i]), start, end, where, address))
        if clause.lends is not None:
            steps = clause.lends.where.get("steps", [])
            bits = mask("project", "steps", [steps] if isinstance(steps, str) else steps)
            total, firms = float(central(clause.lends.total)), float(central(clause.lends.firms))
            days = (int(announced[i]), int(first[i]), int(last[i]))
            lends.append(LendsLine(i, total, firms, clause.lends.firms_sense, bits, *days))
    return tuple(changes), tuple(lends)


def _budgets(build: Builder, mix: tuple[Package, ...], listed: list, names: tuple[str, ...]) -> tuple[BudgetLine, ...]:
    """Budgets of clauses, then of packages; a package that names none has an uncertain one."""
    out = []
    for i, (p, _, clause) in enumerate(listed):
        if clause.budget is not None:
            out.append(_budget(build, names[i], f"{names[i]}.budget", p, i, clause.budget))
    for p, package in enumerate(mix):
        budget = package.head.budget
        pays = any(clause.pays is not None for clause in package.clause)
        if budget is None and pays:
            low, high = DEFAULT_BUDGETS[package.head.place]
            middle = float(np.sqrt(low * high))
            build.note(f"{package.id}/budget", "loguniform", low, high, middle, "the text names no budget")
            build.notices.append(f"{package.id} names no budget: {low:,.0f} to {high:,.0f} CNY a year is assumed")
            line = BudgetLine(
                package.id,
                p,
                -1,
                middle,
                None,
                "year",
                codes.RATION_PRO_RATA,
                fixed=False,
                address=f"{package.id}/budget",
            )
            out.append(line)
        elif budget is not None and budget != "none":
            out.append(_budget(build, package.id, f"{package.id}/budget", p, -1, budget))
    return tuple(out)


def _budget(build: Builder, name: str, address: str, package: int, clause: int, budget: Any) -> BudgetLine:
    amount, fixed = None, True
    if budget.amount is not None:
        amount = float(central(budget.amount))
        if isinstance(budget.amount, Range):
            fixed, b = False, budget.amount
            build.note(address, b.law, b.low, b.high, b.value, b.why)
    return BudgetLine(
        name,
        package,
        clause,
        amount,
        budget.claims,
        budget.per,
        codes.RATIONS.index(budget.ration),
        budget.dated,
        budget.score,
        budget.fallback,
        fixed,
        None if fixed else address,
    )
