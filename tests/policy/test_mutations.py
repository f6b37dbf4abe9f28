"""Every bound flipped between inclusive and exclusive, every cap and amount doubled: the worked cases must notice."""

import copy
from decimal import Decimal

import pytest
import worked

from policymix.policy.package import build

FLIP = {"min": "above", "above": "min", "max": "below", "below": "max"}
CASES = worked.cases()
CAPPED_IN_EVERY_CASE = {"invented/R share", "invented/C share", "invented/A cap 1"}
COVERED = {clause for case in CASES for clause in case["expect"]}


def mutations(name):
    """(label, clause, change of its plain data) of one package."""
    for clause in worked.package(name).raw["clause"]:
        ref = f"{name}/{clause['id']}"
        if ref not in COVERED:
            continue
        for i, where in enumerate([clause.get("where", {}), *clause.get("any", [])]):
            for fact, bound in where.items():
                if isinstance(bound, dict) and not any("since" in key for key in bound):
                    yield f"{ref} where {fact}", clause["id"], flipped(i, fact)
        for label, put in figures(clause):
            yield f"{ref} {label}", clause["id"], put


def figures(clause):
    """(label, doubling) of what a clause pays and of its caps, as far as these are more than nothing."""
    pays, caps = clause.get("pays", {}), clause.get("cap", [])
    if "rent_share" in pays:
        yield "area", lambda c: c["pays"].update(area_max=c["pays"]["area_max"] * 2)
    for key in ("amount", "share", "each"):
        if key in pays and worth(pays[key]):
            yield key, lambda c, key=key: doubled(c["pays"], key)
    for word, amount in pays.get("amounts", {}).items():
        if worth(amount):
            yield f"amount {word}", lambda c, word=word: doubled(c["pays"]["amounts"], word)
    if isinstance(caps, dict):
        yield "cap", lambda c: doubled(c["cap"], "amount")
    elif isinstance(caps, list):
        for i in range(len(caps)):
            yield f"cap {i + 1}", lambda c, i=i: doubled(c["cap"][i], "amount")


def worth(figure):
    return (figure.get("at_most") or figure.get("value", 0)) > 0 if isinstance(figure, dict) else figure > 0


def doubled(table, key):
    """Double a figure; a share stays below 1, a range keeps its middle within its ends."""
    figure = table[key]
    factor = Decimal("0.5") if key == "share" and share_of(figure) > Decimal("0.5") else 2
    if not isinstance(figure, dict):
        table[key] = figure * factor
    elif "at_most" in figure:
        table[key] = {**figure, "at_most": figure["at_most"] * factor}
    else:
        table[key] = {**figure, **{end: figure[end] * factor for end in ("value", "low", "high")}}


def share_of(figure):
    return (
        max(figure.get("at_most", 0), figure.get("high", 0) if "value" in figure else 0)
        if isinstance(figure, dict)
        else figure
    )


def flipped(number, fact):
    def change(clause):
        where = clause["where"] if number == 0 else clause["any"][number - 1]
        where[fact] = {FLIP[key]: value for key, value in where[fact].items()}

    return change


def noticed(name, clause_id, change):
    raw = copy.deepcopy(worked.package(name).raw)
    change(next(c for c in raw["clause"] if c["id"] == clause_id))
    made, problems, _ = build(raw, None, ())
    assert made is not None, problems
    concerned = [case for case in CASES if f"{name}/{clause_id}" in case["expect"] or "total" in case["expect"]]
    return any(
        worked.differences(case, worked.run(case, {name: made})) for case in concerned if name in case["packages"]
    )


@pytest.mark.parametrize("name", [*worked.DOCUMENTS, "invented"])
def test_a_changed_figure_is_noticed(name):
    missed = {label for label, clause, change in mutations(name) if not noticed(name, clause, change)}
    assert missed - CAPPED_IN_EVERY_CASE == set()
