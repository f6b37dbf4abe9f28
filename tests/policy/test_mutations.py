"""Every bound flipped between inclusive and exclusive, every cap and amount doubled: the worked cases must notice."""

import copy

import pytest
import worked

from policymix.policy.package import build

FLIP = {"min": "above", "above": "min", "max": "below", "below": "max"}
CASES = worked.cases()
COVERED = {clause for case in CASES for clause in case["expect"]}
# bounds that no case of theirs stands on: figures without a case in the source material
UNTESTED = {
    "shiyan-2022/3b where revenue",
    "shiyan-2022/10a where cloud_share",
    "shiyan-2022/12a where paid_in_capital",
}


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
        pays, cap = clause.get("pays", {}), clause.get("cap")
        if isinstance(pays.get("amount"), int) and pays["amount"] > 0:
            yield f"{ref} amount", clause["id"], lambda c: c["pays"].update(amount=c["pays"]["amount"] * 2)
        if isinstance(pays.get("rent_share"), list):
            yield f"{ref} area", clause["id"], lambda c: c["pays"].update(area_max=c["pays"]["area_max"] * 2)
        if isinstance(cap, dict) and not isinstance(cap["amount"], dict):
            yield f"{ref} cap", clause["id"], lambda c: c["cap"].update(amount=c["cap"]["amount"] * 2)
        elif isinstance(cap, dict):
            yield (
                f"{ref} cap",
                clause["id"],
                lambda c: c["cap"]["amount"].update(at_most=c["cap"]["amount"]["at_most"] * 2),
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


@pytest.mark.parametrize("name", ["dalian-2021", "htz-2022", "invented", "shiyan-2022", "qingdao-2023"])
def test_a_changed_figure_is_noticed(name):
    missed = {label for label, clause, change in mutations(name) if not noticed(name, clause, change)}
    assert missed - UNTESTED == set()
