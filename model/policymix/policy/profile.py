"""What one clause pays along one fact: breakpoints, slopes and jumps (kinks, notches, marginal rates).

The clause is taken alone: stacking, shared limits and budgets of its package do not enter. Between two neighbouring
candidates (bounds of tests, ends of brackets) the payment is piecewise linear; what caps and areas add is found where
the lines of both ends meet.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from policymix.errors import InvalidValue, NotFound
from policymix.policy.claim import fact_table, facts_of
from policymix.policy.clause import Bound, Brackets, Clause, Each, Rent, Share
from policymix.policy.dossier import Claim, Dossier
from policymix.policy.entitlement import entitlement
from policymix.policy.package import Package, build
from policymix.policy.quantity import central

CONTINUOUS = ("money", "usd", "share", "number", "area", "rent", "months")
WHOLE = ("count",)
FEN = 0.01
DEEPEST = 40


@dataclass(frozen=True)
class Piece:
    """One linear piece: from ``first`` to ``last`` of the fact, CNY paid at both ends, CNY per unit of the fact.

    ``first`` belongs to the piece when ``includes_first``; ``jump`` is the CNY by which the payment leaps at ``first``.
    """

    first: float
    last: float
    at_first: float
    at_last: float
    slope: float
    jump: float
    includes_first: bool


def profile(
    package: Package, clause: str, dossier: Dossier, along: str, low: float = 0.0, high: float | None = None
) -> tuple[Piece, ...]:
    """What a clause pays on the first claim of its kind in the dossier, as one fact of that claim moves.

    Parameters
    ----------
    along : str
        A fact of the clause's kind that is a number.
    low, high : float
        Ends of the range, in the fact's unit; by default from 0 to twice the last breakpoint or the given value.

    Raises
    ------
    NotFound, InvalidValue
        No such clause or fact, a fact that is no number, no claim of the kind, or a range without extent.
    """
    model = package.named(clause)
    where = f"{package.id}/{clause}"
    if model.pays is None or model.on is None:
        raise InvalidValue(where, "a clause that pays nothing", "a clause with pays")
    facts = fact_table(model.on)
    if along not in facts:
        numbers = [fact.name for fact in facts_of(model.on) if fact.type in CONTINUOUS + WHOLE]
        raise NotFound("fact", along, numbers, where=where)
    fact = facts[along][1]
    if fact.type not in CONTINUOUS + WHOLE:
        raise InvalidValue(f"{where} along {along}", f"a fact of type {fact.type}", "a fact that is a number")
    claim = next((each for each in dossier.claims if each.kind == model.on), None)
    if claim is None:
        raise InvalidValue(dossier.source, f"no claim of kind {model.on}", f"one, for {where} pays on it")
    pays = _payment(alone(package, model), claim, along)
    breaks = _candidates(model, along)
    if high is None:
        given = claim.facts.get(along)
        high = 2.0 * max([1.0, *breaks, *_caps(model, along), float(given) if given is not None else 0.0])
        high = 1.0 if fact.type == "share" else high
    whole = fact.type in WHOLE
    first, last = (math.ceil(low), math.floor(high)) if whole and math.isfinite(low + high) else (low, high)
    if not (0.0 <= first < last < math.inf):
        raise InvalidValue(f"{where} along {along}", f"from {low:g} to {high:g}", "a finite range from 0 on that rises")
    if whole:
        return _steps(pays, breaks, int(first), int(last))
    return _pieces(pays, [low, *(x for x in breaks if low < x < high), high])


def alone(package: Package, clause: Clause) -> Package:
    """The package with this clause only, without stacking, limits and budgets."""
    raw = copy.deepcopy(package.raw)
    raw["clause"] = [each for each in raw["clause"] if each["id"] == clause.id]
    for key in ("stack", "limit", "budget"):
        raw.pop(key, None)
    for each in raw["clause"]:
        each.pop("budget", None)
        each.pop("starts_after", None)
    made, problems, _ = build(raw, package.path, package.extends)
    if made is None:
        first = problems[0]
        raise InvalidValue(f"{package.id}/{clause.id} ({first.where})", first.found, first.expected, first.nearest)
    return made


def _payment(package: Package, claim: Claim, along: str) -> Callable[[float], float]:
    known: dict[float, float] = {}

    def pays(x: float) -> float:
        if x not in known:
            one = Claim(
                claim.id, claim.kind, claim.firm, claim.holder, claim.matter, claim.day, {**claim.facts, along: x}
            )
            known[x] = entitlement(package, Dossier((one,))).total
        return known[x]

    return pays


def _candidates(clause: Clause, along: str) -> list[float]:
    """Values at which the clause may start, stop or change its rate."""
    found: set[float] = set()
    for where in (clause.where, *clause.any):
        condition: Any = where.get(along)
        if isinstance(condition, Bound):
            found |= {
                float(v) for v in (condition.min, condition.max, condition.above, condition.below) if v is not None
            }
        elif isinstance(condition, int | float) and not isinstance(condition, bool):
            found.add(float(condition))
    if isinstance(clause.pays, Brackets) and clause.pays.of == along:
        found |= {float(each.up_to) for each in clause.pays.brackets if each.up_to is not None}
    if isinstance(clause.pays, Rent) and along == "area":
        found.add(float(clause.pays.area_max))
    if isinstance(clause.pays, Rent) and along == "months":
        found |= {12.0 * (year + 1) for year in range(len(clause.pays.rent_share))}
    return sorted(found)


def _secant(pays: Callable[[float], float], a: float, b: float) -> float:
    return (pays(b) - pays(a)) / (b - a)


def _caps(clause: Clause, along: str) -> list[float]:
    """Values of the base at which a cap may bind, for the default range; none along any other fact."""
    if getattr(clause.pays, "of", None) != along:
        return []
    if isinstance(clause.pays, Each):
        each = float(central(clause.pays.each))
        return [float(central(cap.amount)) / each for cap in clause.caps] if each > 0.0 else []
    shares = [float(central(clause.pays.share))] if isinstance(clause.pays, Share) else []
    if isinstance(clause.pays, Brackets):
        shares = [float(central(each.share)) for each in clause.pays.brackets]
    shares = [share for share in shares if share > 0.0]
    return [float(central(cap.amount)) / min(shares) for cap in clause.caps] if shares else []


def _steps(pays: Callable[[float], float], breaks: list[float], low: int, high: int) -> tuple[Piece, ...]:
    """Pieces over whole numbers: cut at every bound and just after it."""
    cuts = sorted(
        {low, *(math.ceil(x) for x in breaks), *(math.floor(x) + 1 for x in breaks)} & set(range(low, high + 1))
    )
    runs: list[tuple[int, int]] = []
    for start, following in zip(cuts, [*cuts[1:], high + 1], strict=True):
        for first, last in _straight(pays, start, following - 1):
            whole = bool(runs) and _straight(pays, runs[-1][0], last) == [(runs[-1][0], last)]
            runs = [*runs[:-1], (runs[-1][0], last)] if whole else [*runs, (first, last)]
    out: list[Piece] = []
    for first, last in runs:
        at_first, at_last = pays(first), pays(last)
        slope = (at_last - at_first) / (last - first) if last > first else 0.0
        jump = at_first - out[-1].at_last - out[-1].slope if out else 0.0
        out.append(Piece(first, last, at_first, at_last, slope, jump, True))
    return tuple(out)


def _straight(pays: Callable[[float], float], first: int, last: int) -> list[tuple[int, int]]:
    """Runs of whole numbers over which the payment rises evenly: each is as long as it can be."""
    runs, start = [], first
    while start <= last:
        step = pays(start + 1) - pays(start) if start < last else 0.0
        inside, outside = start + 1, last + 1
        while outside - inside > 1:
            middle = (inside + outside) // 2
            even = abs(pays(middle) - pays(start) - step * (middle - start)) <= 2.0 * FEN
            inside, outside = (middle, outside) if even else (inside, middle)
        end = min(inside, last)
        runs.append((start, end))
        start = end + 1
    return runs


def _pieces(pays: Callable[[float], float], cuts: list[float]) -> tuple[Piece, ...]:
    out: list[Piece] = []
    for first, last in pairwise(cuts):
        inside = 1e-7 * (last - first)
        lines = _lines(pays, first + inside, last - inside, 0)
        for number, (a, b, at_a, at_b) in enumerate(lines):
            slope = (at_b - at_a) / (b - a)
            slope = 0.0 if abs(slope) * (b - a) < 2.0 * FEN else slope
            start, end = (first if number == 0 else a), (last if number == len(lines) - 1 else b)
            left, right = _paid(pays, start, at_a + slope * (start - a)), _paid(pays, end, at_b + slope * (end - b))
            slope = (right - left) / (end - start)
            jump = left - out[-1].at_last if out else 0.0
            jump = 0.0 if abs(jump) < 2.0 * FEN else jump
            if out and jump == 0.0 and abs(slope - out[-1].slope) * (end - start) < 2.0 * FEN:
                before = out.pop()
                out.append(Piece(before.first, end, before.at_first, right, slope, before.jump, before.includes_first))
                continue
            out.append(Piece(start, end, left, right, slope, jump, abs(pays(start) - left) < 2.0 * FEN))
    return tuple(out)


def _paid(pays: Callable[[float], float], x: float, on_the_line: float) -> float:
    """The payment at an end where it is on the line, else the line's own value there (the end jumps)."""
    paid = pays(x)
    return paid if abs(paid - on_the_line) < 2.0 * FEN else round(on_the_line, 2)


def _lines(pays: Callable[[float], float], a: float, b: float, depth: int) -> list[tuple[float, float, float, float]]:
    """Linear parts of a continuous function between two points: (from, to, value at both)."""
    at_a, at_b, middle = pays(a), pays(b), 0.5 * (a + b)
    step = 1e-3 * (b - a)
    left, right = (pays(a + step) - at_a) / step, (at_b - pays(b - step)) / step
    tolerance = 4.0 * FEN / step
    if abs(left - right) <= tolerance and abs(pays(middle) - 0.5 * (at_a + at_b)) <= 2.0 * FEN:
        return [(a, b, at_a, at_b)]
    if depth == DEEPEST or step < FEN * 1e-3:
        return [(a, middle, at_a, pays(middle)), (middle, b, pays(middle), at_b)]
    if abs(left - right) > tolerance:
        meet = (at_b - at_a + left * a - right * b) / (left - right)
        if a + step < meet < b - step and abs(pays(meet) - (at_a + left * (meet - a))) <= 2.0 * FEN:
            left, right = _secant(pays, a, 0.1 * a + 0.9 * meet), _secant(pays, 0.9 * meet + 0.1 * b, b)
            meet = (at_b - at_a + left * a - right * b) / (left - right)
            return [(a, meet, at_a, at_a + left * (meet - a)), (meet, b, at_b - right * (b - meet), at_b)]
    return [*_lines(pays, a, middle, depth + 1), *_lines(pays, middle, b, depth + 1)]
