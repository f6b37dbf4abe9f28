"""What a holder is entitled to under packages, claim by claim, and why.

Claims are worked through by date, then id; accounts carry over from one to the next. The arithmetic is that of
``settlement``; this module keeps the accounts, shares out fixed budgets, dates the payments and tests conditions.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from policymix.policy import arrays as codes
from policymix.policy.budget import ration, ration_claims
from policymix.policy.claim import KIND_INDEX
from policymix.policy.compile import BudgetLine, Compiled, compile_mix, compile_tests
from policymix.policy.dossier import DEFAULT_ROLES, Claim, Dossier, encode, load_claims, places_of, read_claims
from policymix.policy.package import Package, load
from policymix.policy.payment import Row, after_conditions, rows_of
from policymix.policy.settlement import settle
from policymix.policy.trace import STATUS_ZH, why
from policymix.policy.versions import digest

__all__ = ["Entitlement", "Note", "Row", "entitlement", "load_claims", "read_claims"]
ROUNDS = 12
"""How often refused claims may go round again; each round refuses at least one more clause of one claim."""


@dataclass(frozen=True)
class Note:
    """One line of the trace: a clause under a claim."""

    claim: str
    clause: str
    status: str
    status_zh: str
    amount: float
    low: float
    high: float
    why: str
    why_zh: str
    source: str
    title: str
    title_zh: str
    unknown: tuple[str, ...] = ()
    distance: float | None = None
    subject_to: tuple[str, ...] = ()
    reading: str | None = None


@dataclass(frozen=True)
class Entitlement:
    """Total in CNY (recoveries deducted), its range, the payments, the trace, notices, and a digest of all inputs."""

    total: float
    low: float
    high: float
    rows: tuple[Row, ...]
    trace: tuple[Note, ...]
    notices: tuple[str, ...]
    digest: str

    def by_clause(self) -> dict[str, float]:
        """CNY by clause, recoveries deducted."""
        out: dict[str, float] = {}
        for row in self.rows:
            out[row.clause] = round(out.get(row.clause, 0.0) + row.amount, 2)
        return out


@dataclass
class _Entry:
    """What one claim did to one clause in one period."""

    claim: int
    clause: int
    period: int
    year: int
    keys: tuple[str, str, str]  # matter, firm, holder
    domain: tuple
    shadow: float
    paid: float
    base: float


@dataclass
class _Outcome:
    """One pass over all claims."""

    entries: list[_Entry] = field(default_factory=list)
    status: dict[tuple[int, int], int] = field(default_factory=dict)
    detail: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    def paid(self, claim: int, clause: int) -> float:
        return round(sum(e.paid for e in self.entries if e.claim == claim and e.clause == clause), 2)


def entitlement(
    packages: "str | Package | Sequence[str | Package]",
    claims: "str | Path | Dossier | Mapping[str, Any] | Sequence[Mapping[str, Any]]",
    *,
    values: Mapping[str, Any] | None = None,
    roles: Mapping[str, str] | None = None,
) -> Entitlement:
    """Amounts and trace for all claims under all packages.

    Parameters
    ----------
    packages : a name, a path, ``a+b``, a Package, or a list of these
    claims : a claims file, or its content as plain data
    values : numbers that the texts leave open, by address (``htz-2022/m2.pays.amount.realised``); central otherwise
    roles : role -> place of a region; by default the claims name places by role
    """
    mix = _packages(packages)
    dossier = _dossier(claims)
    roles = dict(roles or DEFAULT_ROLES)
    compiled = compile_mix(mix, roles, places_of(roles))
    central = compiled.vector(values or {})
    low, high = (_bounds(compiled, central, values or {}, side) for side in ("low", "high"))
    outcome, rationed = _with_budgets(compiled, compiled.with_vector(central), dossier)
    sides = [_with_budgets(compiled, compiled.with_vector(vector), dossier)[0] for vector in (low, high)]
    rows = rows_of(compiled, dossier, [(e.claim, e.clause, e.period, e.paid) for e in outcome.entries])
    rows, notices = after_conditions(compiled, dossier, rows, compile_tests)
    trace = _trace(compiled, compiled.with_vector(central), dossier, outcome, sides, rationed)
    totals = [round(sum(e.paid for e in each.entries), 2) for each in sides]
    return Entitlement(
        total=round(sum(row.amount for row in rows), 2),
        low=min(totals),
        high=max(totals),
        rows=rows,
        trace=trace,
        notices=(*compiled.notices, *notices),
        digest=_digest(mix, dossier, values or {}),
    )


def _packages(packages: Any) -> list[Package]:
    listed = [packages] if isinstance(packages, str | Path | Package) else list(packages)
    out = []
    for each in listed:
        names = each.split("+") if isinstance(each, str) and "/" not in each and not each.endswith(".toml") else [each]
        out += [load(name.strip() if isinstance(name, str) else name) for name in names if name != "none"]
    return out


def _dossier(claims: Any) -> Dossier:
    if isinstance(claims, Dossier):
        return claims
    return load_claims(claims) if isinstance(claims, str | Path) else read_claims(claims)


def _bounds(compiled: Compiled, central: np.ndarray, values: Mapping[str, Any], side: str) -> np.ndarray:
    """Every open number at its low or high end, except those the caller fixed, and dates."""
    out = central.copy()
    for i, each in enumerate(compiled.uncertain):
        if each.address not in values and each.law != "date":
            out[i] = getattr(each, side)
    return out


def _digest(mix: list[Package], dossier: Dossier, values: Mapping[str, Any]) -> str:
    content = {
        "packages": sorted(f"{package.id}:{digest(package)}" for package in mix),
        "claims": [
            [c.id, c.kind, c.firm, c.holder, c.matter, sorted((k, str(v)) for k, v in c.facts.items())]
            for c in dossier.claims
        ],
        "later": [sorted((k, str(v)) for k, v in each.items()) for each in dossier.later],
        "values": sorted((k, str(v)) for k, v in values.items()),
    }
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def _with_budgets(
    compiled: Compiled, arrays: codes.ClauseArrays, dossier: Dossier
) -> tuple[_Outcome, dict[tuple[int, int], int]]:
    """All claims, then fixed budgets; what they refuse goes round again without that clause (step 8)."""
    refused: dict[tuple[int, int], int] = {}
    for _round in range(ROUNDS):
        outcome = _pass(compiled, arrays, dossier, refused)
        new = _ration(compiled, dossier, outcome)
        again = {key: line for key, line in new.items() if compiled.budgets[line].fallback and key not in refused}
        if not again:
            return outcome, {**refused, **new}
        refused |= again
    return outcome, refused


def _pass(
    compiled: Compiled, arrays: codes.ClauseArrays, dossier: Dossier, refused: Mapping[tuple[int, int], int]
) -> _Outcome:
    """Steps 1-7 for every claim in order; ``refused`` pairs (claim, clause) are closed."""
    out = _Outcome()
    n = len(compiled.clauses)
    for k, claim in enumerate(dossier.claims):
        facts = encode(claim.kind, claim.facts, compiled.roles, compiled.places)
        shut = [clause for of, clause in refused if of == k]
        here = arrays
        if shut:
            rows = arrays.clause.copy()
            rows["open_until"][shut] = 0
            here = arrays._replace(clause=rows)
        used, shadow_before, paid_before, count = _accounts(compiled, here, claim, out.entries)
        amount, shadow = np.zeros((n, codes.MAX_PERIODS)), np.zeros((n, codes.MAX_PERIODS))
        status, detail = np.zeros(n, dtype=np.int8), np.full((n, 3), np.nan)
        kind = KIND_INDEX[claim.kind]
        settle(
            here,
            kind,
            facts,
            claim.day.toordinal(),
            used,
            shadow_before,
            paid_before,
            count,
            amount,
            status,
            detail,
            shadow,
        )
        for c in np.flatnonzero(status):
            out.status[k, int(c)] = int(status[c])
            out.detail[k, int(c)] = detail[c].copy()
            for p in np.flatnonzero((shadow[c] > 0.0) | (amount[c] > 0.0)):
                out.entries.append(_entry(compiled, here, claim, k, int(c), int(p), facts, shadow[c, p], amount[c, p]))
    return out


def _keys(claim: Claim) -> tuple[str, str, str]:
    return claim.matter, claim.firm, claim.holder


def _year(arrays: codes.ClauseArrays, claim: Claim, clause: int, period: int) -> int:
    return claim.day.year + (period if arrays.clause[clause]["form"] == codes.FORM_RENT else 0)


def _domain(compiled: Compiled, arrays: codes.ClauseArrays, claim: Claim, clause: int, period: int) -> tuple:
    """What must be the same for two payments to compete: keys across packages, or those of the clause's group."""
    rent = arrays.clause[clause]["form"] == codes.FORM_RENT
    named = {"firm": claim.firm, "holder": claim.holder, "matter": claim.matter, "award": ""}
    named["period"] = f"tenancy year {period + 1}" if rent else str(claim.day.year)
    if arrays.across:
        return ("across", *(named[key] for key in compiled.across_same))
    group = int(arrays.clause[clause]["group"])
    return (group, *(named[key] for key in compiled.group_same[group]))


def _entry(
    compiled: Compiled,
    arrays: codes.ClauseArrays,
    claim: Claim,
    k: int,
    c: int,
    p: int,
    facts: np.ndarray,
    shadow: float,
    paid: float,
) -> _Entry:
    base_fact = int(arrays.clause[c]["base_fact"])
    base = float(facts[base_fact]) if base_fact >= 0 and p == 0 else 0.0
    domain = _domain(compiled, arrays, claim, c, p)
    return _Entry(k, c, p, _year(arrays, claim, c, p), _keys(claim), domain, float(shadow), float(paid), base)


def _accounts(
    compiled: Compiled, arrays: codes.ClauseArrays, claim: Claim, entries: list[_Entry]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What ``settle`` needs to know of the past: accounts, shadows and payments of the domain, and ``once``.

    Money paid counts for other domains, shadow for this one (step 5).
    """
    n = len(compiled.clauses)
    used = np.zeros((n, 4, 2))
    before, paid = np.zeros((n, codes.MAX_PERIODS)), np.zeros((n, codes.MAX_PERIODS))
    count = np.zeros(n, dtype=np.int64)
    keys = _keys(claim)
    for e in entries:
        same_domain = e.domain == _domain(compiled, arrays, claim, e.clause, e.period)
        money = e.shadow if same_domain else e.paid
        year = _year(arrays, claim, e.clause, 0)
        row = arrays.clause[e.clause]
        if same_domain:
            before[e.clause, e.period] += e.shadow
            paid[e.clause, e.period] += e.paid
        if e.keys[0] == keys[0] and e.keys[1] == keys[1]:
            used[e.clause, codes.ACCOUNT_CLAIM, 0] += e.base
        for account, position in ((codes.ACCOUNT_MATTER, 0), (codes.ACCOUNT_FIRM, 1), (codes.ACCOUNT_HOLDER, 2)):
            if e.keys[position] != keys[position]:
                continue
            used[e.clause, account, 0] += money
            if e.year == year:
                used[e.clause, account, 1] += money
            if row["once_account"] == account and money > 0.0 and (row["once_year"] == 0 or e.year == year):
                count[e.clause] = 1
    return used, before, paid, count


def _ration(compiled: Compiled, dossier: Dossier, outcome: _Outcome) -> dict[tuple[int, int], int]:
    """Share out the fixed budgets; cuts what each pays in place and returns what got nothing."""
    refused: dict[tuple[int, int], int] = {}
    for number, line in enumerate(compiled.budgets):
        if not line.fixed:
            continue
        for asking in _periods(compiled, dossier, outcome, line).values():
            asks = np.array([sum(e.paid for e in entries) for entries in asking.values()])
            rank = np.array([_rank(dossier, key, line) for key in asking])
            granted = np.zeros(len(asks))
            if line.claims is not None:
                ration_claims(line.ration, asks, rank, line.claims, granted)
            else:
                ration(line.ration, asks, rank, float(line.amount or 0.0), granted)
            for (key, entries), ask, got in zip(asking.items(), asks, granted, strict=True):
                if got < ask:
                    _cut(entries, float(got / ask))
                    outcome.status[key] = codes.STATUS_RATIONED if got == 0.0 else codes.STATUS_BUDGET
                    if got == 0.0:
                        refused[key] = number
    return refused


def _cut(entries: list[_Entry], factor: float) -> None:
    for entry in entries:
        entry.paid = float(np.floor(entry.paid * factor * 100.0 + 1e-4) / 100.0)


def _periods(
    compiled: Compiled, dossier: Dossier, outcome: _Outcome, line: BudgetLine
) -> dict[int, dict[tuple[int, int], list[_Entry]]]:
    """Entries under a budget by year (one period for a lifetime), then by claim and clause."""
    out: dict[int, dict[tuple[int, int], list[_Entry]]] = {}
    for e in outcome.entries:
        package = int(compiled.arrays.clause[e.clause]["package"])
        if e.paid <= 0.0 or package != line.package or (line.clause >= 0 and e.clause != line.clause):
            continue
        claim = dossier.claims[e.claim]
        day = claim.facts.get(line.dated, claim.day) if line.dated else claim.day
        year = day.year if line.per == "year" else 0
        out.setdefault(year, {}).setdefault((e.claim, e.clause), []).append(e)
    return out


def _rank(dossier: Dossier, key: tuple[int, int], line: BudgetLine) -> float:
    """Score of a claim, or its lottery ticket: a fixed hash of its name, so that order does not matter."""
    claim = dossier.claims[key[0]]
    if line.score:
        return float(claim.facts.get(line.score, 0.0))
    return int.from_bytes(hashlib.sha256(f"{claim.firm}/{claim.id}".encode()).digest()[:6], "big") / 2.0**48


def _trace(
    compiled: Compiled,
    arrays: codes.ClauseArrays,
    dossier: Dossier,
    outcome: _Outcome,
    sides: list[_Outcome],
    rationed: Mapping[tuple[int, int], int],
) -> tuple[Note, ...]:
    """One note for every clause under every claim of its kind."""
    open_budgets = {(line.package, line.clause): line.name for line in compiled.budgets if not line.fixed}
    notes = []
    for (k, c), status in outcome.status.items():
        claim, model = dossier.claims[k], compiled.models[c]
        package = int(compiled.arrays.clause[c]["package"])
        amount = outcome.paid(k, c)
        facts = encode(claim.kind, claim.facts, compiled.roles, compiled.places)
        sentence, chinese, unknown, distance = why(
            compiled, arrays, c, claim, facts, status, outcome.detail[k, c], amount
        )
        if (k, c) in rationed or status == codes.STATUS_BUDGET:
            status = codes.STATUS_RATIONED if amount == 0.0 else codes.STATUS_BUDGET
            line = compiled.budgets[rationed[k, c]].name if (k, c) in rationed else compiled.packages[package].id
            sentence, chinese = f"the budget of {line} does not reach", f"{line}预算或名额不足"
        pays = sorted(side.paid(k, c) for side in sides)
        subject = tuple(
            f"budget of {name}"
            for key, name in open_budgets.items()
            if amount > 0.0 and key in ((package, -1), (package, c))
        )
        if amount > 0.0 and pays[0] < pays[1]:
            subject = (*subject, "discretion")
        word = codes.STATUS_WORDS[status]
        notes.append(
            Note(
                claim=claim.id,
                clause=compiled.clauses[c],
                status=word,
                status_zh=STATUS_ZH[word],
                amount=amount,
                low=min(pays[0], amount),
                high=max(pays[1], amount),
                why=sentence,
                why_zh=chinese,
                source=model.source,
                title=model.title.en,
                title_zh=model.title.zh,
                unknown=unknown,
                distance=distance,
                subject_to=subject,
                reading=model.reading.text if model.reading else None,
            )
        )
    return tuple(notes)
