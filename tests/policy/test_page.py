"""Packages in words: every clause and number is said, and a change is what a reviewer reads."""

import datetime
from decimal import Decimal

import pytest

from policymix import catalog
from policymix.errors import Conflict, InvalidValue
from policymix.policy.package import build, load, set_value
from policymix.policy.page import changes, clause_lines, money, page, share
from policymix.policy.quantity import Ceiling, Range
from policymix.policy.versions import union

PACKAGES = list(catalog.available("packages"))


@pytest.mark.parametrize("name", PACKAGES)
def test_every_clause_has_its_lines(name):
    package = load(name)
    text = page(package)
    for clause in package.clause:
        assert f"## {clause.id} · {clause.title.en} {clause.title.zh}" in text
        assert clause_lines(clause)[-1] == f"in the text: {clause.source}"
        said = sum(
            line.split(":")[0] in ("pays", "lends", "moves nothing in the model") for line in clause_lines(clause)
        )
        assert said == 1 or clause.changes
    assert "None" not in text and "Decimal" not in text and "Annotated" not in text


def test_numbers_in_words():
    assert money(Decimal(5_000_000)) == "5,000,000 CNY"
    assert money(Decimal("0.5")) == "0.5 CNY"
    assert share(Decimal(1)) == "100 %" and share(Decimal("0.125")) == "12.5 %" and share(Decimal(0)) == "0 %"
    ceiling = Ceiling(at_most=Decimal("0.2"), realised=Decimal("0.8"), low=Decimal("0.4"), high=Decimal(1), why="a cap")
    assert share(ceiling) == "up to 20 % (80 % of it taken, 40 % to 100 %: a cap)"
    unknown = Range(value=Decimal("0.1"), low=Decimal("0.02"), high=Decimal("0.3"), why="no rate")
    assert share(unknown) == "10 % (not in the text; 2 % to 30 %: no rate)"


def test_conditions_in_words():
    lines = clause_lines(load("htz-2022").named("m3-capital"))
    assert "either: paid-in registered foreign capital at least 10,000,000 USD" in lines
    assert (
        "or: domestic capital arrived at least 500,000,000 CNY; where the capital comes from: other_province" in lines
    )


def test_a_change_is_said_and_nothing_else():
    package = load("htz-2022")
    (line,) = changes(package, set_value(package, "m4.pays.rent_share", [1, 1, 1]))
    assert line == (
        "clause m4 changed: pays: of the rent: year 1 100 %, year 2 100 %; up to 2,000 m2 -> "
        "pays: of the rent: year 1 100 %, year 2 100 %, year 3 100 %; up to 2,000 m2"
    )
    assert changes(package, package) == []
    assert changes(package, set_value(package, "announced", datetime.date(2022, 6, 29))) == [
        "announced: 2022-06-28 -> 2022-06-29"
    ]


def test_dropped_and_added_clauses_are_named():
    package = load("htz-2022")
    raw = {**package.raw, "clause": [each for each in package.raw["clause"] if each["id"] != "s3"]}
    shorter, problems, _ = build(raw, None, ())
    assert problems == []
    assert changes(package, shorter) == ["clause s3 dropped: Newly registered high-tech or chick-eagle firm"]
    (added,) = changes(shorter, package)
    assert added.startswith("clause s3 added: Newly registered high-tech or chick-eagle firm; for: ")
    assert "pays: 300,000 CNY" in added


def test_versions_of_a_package_unite_or_conflict():
    package = load("htz-2022")
    parts = []
    for names in (("s3", "m4", "s1", "s2"), ("s4", "m4", "m3-capital", "m3-start")):
        raw = {**package.raw, "clause": [each for each in package.raw["clause"] if each["id"] in names]}
        raw["stack"] = package.raw["stack"] if "s1" in names else []
        raw["limit"] = package.raw["limit"] if "m3-start" in names else []
        made, problems, _ = build(raw, None, ())
        assert problems == []
        parts.append(made)
    both = union(parts)
    assert {clause.id for clause in both.clause} == {"s3", "s4", "m4", "s1", "s2", "m3-capital", "m3-start"}
    assert len(both.head.stack) == 1 and len(both.head.limit) == 1
    with pytest.raises(Conflict, match=r"htz-2022/m4.pays.area_max: 2000 .* and 1000"):
        union([package, set_value(package, "m4.pays.area_max", 1000)])
    with pytest.raises(InvalidValue, match="versions of one package"):
        union([package, load("dalian-2021")])


def test_what_words_do_not_say_is_told_by_address():
    package = load("qingdao-2023")
    assert changes(package, set_value(package, "8.award", "another_award")) == [
        f"8.award: {package.named('8').award} -> another_award"
    ]
