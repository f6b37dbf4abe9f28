"""What the order of evaluation promises, on random claims."""

import copy
import datetime
import random

import worked
from hypothesis import given, settings
from hypothesis import strategies as st

from policymix.policy.entitlement import entitlement
from policymix.policy.package import build

INVENTED = worked.package("invented")
A, B, C, INTENSITY = "industrial_internet", "smart_upgrading", "core_industry", "other"
WORDS = [A, B, C, INTENSITY]
MILLION = 1_000_000
PROJECTS = st.lists(
    st.tuples(
        st.integers(1, 80), st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True), st.sampled_from("pq")
    ),
    min_size=1,
    max_size=4,
)


def claims(projects):
    return [
        {
            "kind": "project",
            "firm": "f1",
            "place": "city",
            "on": datetime.date(2021, 1 + i, 1),
            "types": types,
            "new_investment": size * MILLION,
            "total_investment": size * MILLION,
            "matter": matter,
        }
        for i, (size, types, matter) in enumerate(projects)
    ]


def paid(projects, package=INVENTED):
    return entitlement(package, claims(projects))


def without(name):
    def change(raw):
        raw["clause"] = [c for c in raw["clause"] if c["id"] != name]
        raw["stack"] = [rule for rule in raw["stack"] if name not in rule.get("clauses", [])]

    return worked.altered(INVENTED, change)


WITHOUT_B = without("B")


@settings(max_examples=40, deadline=None)
@given(PROJECTS)
def test_no_cap_is_ever_passed(projects):
    by_matter: dict[tuple, float] = {}
    found = paid(projects)
    matter = {f"c{i + 1:03d}": each[2] for i, each in enumerate(projects)}
    size: dict[str, float] = {}
    for i, (amount, _, name) in enumerate(projects):
        size[name] = size.get(name, 0.0) + amount * MILLION
        assert claims(projects)[i]["matter"] == name
    for row in found.rows:
        key = (row.clause.split("/")[1], matter[row.claim])
        by_matter[key] = by_matter.get(key, 0.0) + row.amount
    for (clause, name), amount in by_matter.items():
        top = {"A": 5e6, "B": 3e6, "C": 1.5e6, "I1": 0.3 * size[name], "I2": 0.3 * size[name]}[clause]
        assert amount <= top + 0.001
    assert sum(v for (clause, _), v in by_matter.items() if clause == "A") <= 6e6 + 0.001
    for name, base in size.items():
        assert (
            sum(v for (clause, m), v in by_matter.items() if m == name and clause in ("I1", "I2")) <= 0.3 * base + 0.02
        )


@settings(max_examples=40, deadline=None)
@given(PROJECTS, st.integers(0, 1000))
def test_the_order_of_clauses_in_the_file_does_not_matter(projects, seed):
    raw = copy.deepcopy(INVENTED.raw)
    random.Random(seed).shuffle(raw["clause"])
    shuffled, problems, _ = build(raw, None, ())
    assert shuffled is not None, problems
    assert paid(projects, shuffled).by_clause() == paid(projects).by_clause()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 80),
    st.floats(0.1, 0.9),
    st.lists(st.sampled_from([A, B, C]), min_size=1, max_size=3, unique=True),
    st.booleans(),
)
def test_splitting_a_project_never_raises_the_payment(size, share, types, another):
    first = max(1, int(size * share))
    before = [(30, [A], "q")] if another else []
    whole = paid([*before, (size, types, "p")]).total
    parts = paid(
        [*before, (first, types, "p"), (size - first, types, "p")] if size > first else [*before, (size, types, "p")]
    )
    assert parts.total <= whole + 0.02


@settings(max_examples=40, deadline=None)
@given(PROJECTS)
def test_another_clause_never_lowers_the_best(projects):
    only_ab = [(size, [t for t in types if t in (A, B)] or [A], matter) for size, types, matter in projects]
    assert paid(only_ab).total >= paid(only_ab, WITHOUT_B).total - 0.02


@settings(max_examples=30, deadline=None)
@given(PROJECTS)
def test_parts_of_payers_add_up_to_the_fen(projects):
    for row in paid(projects).rows:
        assert round(sum(row.payers.values()), 2) == round(row.amount, 2)
        assert round(sum(amount for _, amount in row.due), 2) == round(row.amount, 2)
