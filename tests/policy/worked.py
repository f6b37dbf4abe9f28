"""Hand-worked cases as data: how they are read and run (used by several tests)."""

import copy
import tomllib
from decimal import Decimal
from pathlib import Path

from policymix.policy.entitlement import Entitlement, entitlement
from policymix.policy.package import Package, build, load

DOCUMENTS = ("dalian-2020", "dalian-2021", "htz-2022", "shiyan-2022", "qingdao-2023")
"""Packages whose every clause that pays has cases, and every figure of theirs a case that notices it."""
CASES = Path(__file__).parents[1] / "cases"


def package(name: str) -> Package:
    """A shipped package, or one of the test folder."""
    own = CASES / f"{name}.toml"
    return load(str(own)) if own.exists() else load(name)


def altered(base: Package, change) -> Package:
    """A package with its plain data changed by a function."""
    raw = copy.deepcopy(base.raw)
    change(raw)
    made, problems, _ = build(raw, base.path, base.extends)
    assert made is not None, problems
    return made


def cases() -> list[dict]:
    """Every hand-worked case."""
    out = []
    for path in sorted(CASES.glob("cases-*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)["case"]:
            out.append({**case, "file": path.name})
    return out


def run(case: dict, packages: dict[str, Package] | None = None) -> Entitlement:
    """The entitlement of a case, with some packages replaced."""
    mix = [(packages or {}).get(name) or package(name) for name in case["packages"]]
    data = {"firm": {"firm": "f1", **case.get("firm", {})}, "claim": case["claim"], "later": case.get("later", [])}
    return entitlement(mix, data, values={k: float(v) for k, v in case.get("values", {}).items()})


def differences(case: dict, found: Entitlement) -> list[str]:
    """What a case expected and did not get."""
    by_clause = {**found.by_clause(), "total": found.total}
    out = []
    for clause, amount in case["expect"].items():
        if abs(by_clause.get(clause, 0.0) - float(amount)) > 1e-9:
            out.append(f"{clause}: {by_clause.get(clause, 0.0):,.2f}, expected {float(amount):,.2f}")
    for clause, status in case.get("status", {}).items():
        seen = {note.status for note in found.trace if note.clause == clause}
        if status not in seen:
            out.append(f"{clause}: {seen}, expected {status}")
    for who, amount in case.get("payers", {}).items():
        got = round(sum(row.payers.get(who, 0.0) for row in found.rows), 2)
        if got != float(amount):
            out.append(f"payer {who}: {got}, expected {amount}")
    due: dict[str, float] = {}
    for row in found.rows:
        for day, amount in row.due:
            due[str(day).lower()] = due.get(str(day).lower(), 0.0) + amount
    if "due" in case and due != {key: float(value) for key, value in case["due"].items()}:
        out.append(f"due {due}, expected {case['due']}")
    if "notice" in case and not any(case["notice"] in notice for notice in found.notices):
        out.append(f"notices {found.notices}")
    return out
