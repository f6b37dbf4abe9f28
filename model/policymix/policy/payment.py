"""Who pays what and when, and what conditions take back (steps 9 and 10)."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from policymix.policy.compile import Compiled
from policymix.policy.dossier import Claim, Dossier, encode
from policymix.policy.quantity import central
from policymix.policy.schedule import holds, to_fen


@dataclass(frozen=True)
class Row:
    """One entry: a grant, or what a failed condition takes back (negative), CNY.

    ``payers`` adds up to ``amount`` to the fen; ``due`` lists (date or None, CNY): no date, no payment yet.
    """

    claim: str
    clause: str
    on: datetime.date
    period: int
    amount: float
    payers: dict[str, float]
    due: tuple[tuple[datetime.date | None, float], ...]
    what: str = "grant"


def months_later(day: datetime.date, months: int) -> datetime.date:
    """The same day some months later, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return datetime.date(year, month + 1, min(last, day.day))
        except ValueError:
            continue
    return datetime.date(year, month + 1, 28)


def split(amount: float, shares: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Parts to the fen, half up; the last payer takes what rounding leaves, so that parts add up to the amount."""
    sign = -1.0 if amount < 0 else 1.0
    left = round(abs(amount), 2)
    out = {}
    for who, share in shares[:-1]:
        part = min(to_fen(abs(amount) * share), left)
        out[who] = sign * part
        left = round(left - part, 2)
    out[shares[-1][0]] = sign * left
    return out


def payers_of(compiled: Compiled, clause: int) -> list[tuple[str, float]]:
    """Payers of a clause in the order of its text, with their shares."""
    model = compiled.models[clause]
    package = compiled.packages[int(compiled.arrays.clause[clause]["package"])]
    return [(payer.who, float(payer.share)) for payer in model.payers or package.head.payers]


def instalments(compiled: Compiled, clause: int, claim: Claim, period: int, amount: float) -> tuple:
    """Dates and parts of one amount; the last part takes what rounding leaves."""
    payment = compiled.models[clause].payment
    plan: list[tuple[float, str | None, Any]] = [(1.0, None, 0)]
    if payment is not None:
        plan = [(float(p.share), p.after, p.lag_quarters) for p in payment.parts] or [
            (1.0, payment.after, payment.lag_quarters)
        ]
    parts = split(amount, [(str(i), share) for i, (share, _, _) in enumerate(plan)])
    out = []
    for i, (_, after, lag) in enumerate(plan):
        anchor = claim.day if after is None else claim.facts.get(after)
        months = round(3 * float(central(lag))) + 12 * period
        out.append((None if anchor is None else months_later(anchor, months), parts[str(i)]))
    return tuple(out)


def rows_of(compiled: Compiled, dossier: Dossier, paid: Sequence[tuple[int, int, int, float]]) -> tuple[Row, ...]:
    """One row for every (claim, clause, period, CNY) that is paid."""
    rows = []
    for k, c, period, amount in paid:
        if amount <= 0.0:
            continue
        claim = dossier.claims[k]
        parts = split(amount, payers_of(compiled, c))
        due = instalments(compiled, c, claim, period, amount)
        rows.append(Row(claim.id, compiled.clauses[c], claim.day, period, amount, parts, due))
    return tuple(rows)


def after_conditions(
    compiled: Compiled, dossier: Dossier, rows: tuple[Row, ...], compile_tests: Callable
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Test the conditions on the facts known by then; add what is recovered or stopped.

    Recovered: the share of what was due by the test. Stopped: the share of what is due later. Neither reopens ``once``
    or caps, and several conditions together take back no more than the grant. Without facts of a later date the
    condition stays open, and a notice says so.
    """
    claims = {claim.id: claim for claim in dossier.claims}
    out, notices = list(rows), []
    for row in rows:
        c, left = compiled.clause_index(row.clause), row.amount
        for test in sorted(compiled.models[c].conditions, key=lambda each: each.tested_after_quarters):
            claim = claims[row.claim]
            day = months_later(claim.day, 3 * test.tested_after_quarters)
            verdict = _verdict(compiled, dossier, claim, test, day, compile_tests)
            if verdict == -1:
                names = ", ".join(test.where)
                notices.append(
                    f"{row.clause}, claim {row.claim}: condition on {names} is tested on {day}; not known yet"
                )
            elif verdict == 0:
                taken = _taken_back(compiled, c, row, test, day, left)
                left = round(left + sum(each.amount for each in taken), 2)
                out += taken
    return tuple(out), tuple(dict.fromkeys(notices))


def _verdict(
    compiled: Compiled, dossier: Dossier, claim: Claim, test: Any, day: datetime.date, compile_tests: Callable
) -> int:
    """1, 0 or -1: the condition on the latest facts up to the day of the test."""
    known = [
        each for each in dossier.later if claim.day < each["on"] <= day and each.get("firm", claim.firm) == claim.firm
    ]
    if not known:
        return -1
    latest: dict[str, Any] = {}
    for each in sorted(known, key=lambda facts: facts["on"]):
        latest |= {key: value for key, value in each.items() if key not in ("on", "firm")}
    facts = encode(claim.kind, latest, compiled.roles, compiled.places)
    table = compile_tests(claim.kind, test.where, compiled.roles, compiled.places)
    return min(
        (holds(each, facts) if holds(each, facts) != -1 else -1 for each in table),
        default=1,
        key=lambda v: {0: 0, -1: 1, 1: 2}[v],
    )


def _taken_back(compiled: Compiled, clause: int, row: Row, test: Any, day: datetime.date, left: float) -> list[Row]:
    before = sum(part for on, part in row.due if on is not None and on <= day)
    after = sum(part for on, part in row.due if on is None or on > day)
    base, what = (before, "recovery") if test.or_else == "recover" else (after, "stop")
    amount = -min(to_fen(base * float(test.share)), left)
    if amount == 0.0:
        return []
    parts = split(amount, payers_of(compiled, clause))
    return [Row(row.claim, row.clause, day, row.period, amount, parts, ((day, amount),), what)]
