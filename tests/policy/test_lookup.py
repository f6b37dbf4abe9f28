"""Which clauses are open from known facts, and which claims to make."""

import datetime

import pytest

from policymix.errors import InvalidFile
from policymix.policy.dossier import read_claims
from policymix.policy.entitlement import entitlement
from policymix.policy.lookup import best_claims, openings
from policymix.policy.package import load

DAY = datetime.date(2022, 9, 1)
FACTS = {
    "place": "zone", "registered_on": datetime.date(2022, 8, 15), "steps": ["technology_sme"], "fields": ["technology"],
    "how": "new_registration", "designated_building": True, "area": 120, "rent": 45,
}  # fmt: skip


def standing(facts, day=DAY, names=("htz-2022",)):
    return {each.clause: each for each in openings([load(name) for name in names], facts, day)}


def test_open_clauses_pay_what_the_calculator_pays():
    found = standing(FACTS)
    assert found["htz-2022/m4"].standing == "open"
    assert found["htz-2022/m4"].amount == 129_600  # 120 m2 x 45 x 24
    assert found["htz-2022/s1"].standing == "open"
    assert found["htz-2022/s2"].standing == "closed" and "steps" in found["htz-2022/s2"].why


def test_a_missing_fact_decides():
    found = standing(FACTS)
    assert found["htz-2022/m3-capital"].standing == "depends"
    assert found["htz-2022/m3-capital"].needs == ("headquarters",)
    without = standing({key: value for key, value in FACTS.items() if key != "designated_building"})
    assert without["htz-2022/m4"].standing == "depends"
    assert without["htz-2022/m4"].needs == ("designated_building",)


def test_open_ones_come_first_and_nothing_is_open_before_the_package():
    rows = openings([load("htz-2022")], FACTS, DAY)
    order = [("open", "depends", "closed").index(row.standing) for row in rows]
    assert order == sorted(order)
    assert all(
        each.standing != "open"
        for each in standing(FACTS, datetime.date(2022, 6, 27)).values()
        if "s1" not in each.clause
    )


def test_a_word_belongs_to_the_kind_that_has_it():
    found = standing({**FACTS, "how": "full_time"})  # of a hiring, not of an arrival or a lease
    assert found["htz-2022/m4"].needs == ("how",)


def test_facts_that_nobody_knows_are_refused_all_at_once():
    with pytest.raises(InvalidFile) as caught:
        standing({"ara": 100, "how": "by train", "rent": -1})
    text = str(caught.value)
    assert "3 problems" in text and "nearest valid name: 'area'" in text and "not below 0" in text


def test_a_first_scheme_that_binds_is_left_out(tmp_path):
    path = tmp_path / "scheme.toml"
    lines = [
        'extends = "dalian-2021"', 'id = "scheme"', "[[stack]]", 'rule = "first_only"', 'same = ["firm"]',
        'clauses = ["small", "large"]', 'why = "a test"',
    ]  # fmt: skip
    for name, kind, amount in (("small", "project", 1_000), ("large", "research", 5_000)):
        lines += [
            "[[clause]]", f'id = "{name}"', 'title = {en = "N", zh = "恩"}', 'source = "a test"', f'on = "{kind}"',
            'once = "firm"', f"pays = {{amount = {amount}}}",
        ]  # fmt: skip
    path.write_text("\n".join(lines), encoding="utf-8")
    package = load(path)
    claims = [
        {"kind": "project", "id": "p", "on": DAY, "types": ["other"]},
        {"kind": "research", "id": "r", "on": datetime.date(2022, 12, 1)},
    ]
    dossier = read_claims({"firm": {"place": "city"}, "claim": claims})
    kept, best = best_claims([package], dossier)
    assert entitlement(package, dossier).total == 1_000
    assert (kept, best.total) == (("r",), 5_000)


def test_all_claims_are_best_where_none_spoils_another():
    claims = [
        {"kind": "lease", "id": "l", "started_on": DAY, "months": 36},
        {"kind": "arrival", "id": "a", "arrived_on": DAY},
    ]
    facts = {key: value for key, value in FACTS.items() if key not in ("area", "rent", "designated_building")}
    dossier = read_claims({"firm": facts, "claim": [{**claims[0], "area": 100, "rent": 45}, claims[1]]})
    kept, best = best_claims([load("htz-2022")], dossier)
    assert set(kept) == {"l", "a"} and best.total == entitlement("htz-2022", dossier).total


def test_the_firm_may_have_a_table_of_its_own():
    inside = {key: FACTS[key] for key in ("steps", "fields", "registered_on")}
    rest = {key: value for key, value in FACTS.items() if key not in inside}
    assert standing({**rest, "firm": {"id": "f", **inside}}) == standing(FACTS)
    with pytest.raises(InvalidFile, match="a name"):
        standing({**FACTS, "firm": ["a"]})
