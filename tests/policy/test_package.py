"""Packages: shipped ones, derived ones, addresses, conflicts."""

import datetime
import tomllib

import pytest
import worked

from policymix.errors import Conflict, InvalidFile, InvalidValue, NotFound
from policymix.policy.package import addresses, build, check, coverage, load, set_value, show
from policymix.policy.versions import diff, digest, merge

ROWS = {
    "dalian-2020": ["1-3", "16", "21", "24", "24a", "27"],
    "dalian-2021": ["1", "2", "3", "4", "5a", "5b", "5c", "6a", "6b", "6c", "7", "8", "9a", "9b", "10"],
    "htz-2022": ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "s1", "s2", "s3", "s4", "f1", "c1", "i1"],
}


@pytest.mark.parametrize("name", ROWS)
def test_every_provision_of_the_document_is_carried(name):
    carried = {clause.id.split("-")[0] if clause.id.startswith("m3") else clause.id for clause in load(name).clause}
    assert carried == set(ROWS[name])


@pytest.mark.parametrize("name", [*ROWS, "national-baseline"])
def test_shipped_packages_have_no_problem_and_titles_in_both_languages(name):
    package = load(name)
    problems, _ = check(package.path)
    assert problems == []
    for clause in package.clause:
        assert clause.title.en and any("\u4e00" <= c <= "\u9fff" for c in clause.title.zh), clause.id


def test_national_rules_are_dated():
    changes = [change for clause in load("national-baseline").clause for change in clause.changes]
    assert {change.of for change in changes} == {
        f"parameter.{name}"
        for name in (
            "standard_tax_rate",
            "small_firm_tax_rate",
            "small_firm_profit_line",
            "high_tech_tax_rate",
            "super_deduction",
        )
    }
    deduction = [(c.until, c.from_, float(c.to)) for c in changes if c.of == "parameter.super_deduction"]
    assert deduction == [(datetime.date(2022, 12, 31), None, 0.75), (None, datetime.date(2023, 1, 1), 1.0)]


def test_a_derived_package(tmp_path):
    path = tmp_path / "longer.toml"
    path.write_text(
        'extends = "htz-2022"\nid = "htz-longer"\ndrop = ["s1"]\n[change]\n"m4.pays.rent_share" = [1.0, 1.0, 1.0]\n'
        '[[clause]]\nid = "x"\ntitle = {en = "x", zh = "新"}\nsource = "test"\non = "arrival"\npays = {amount = 5}\n'
        'once = "firm"\n',
        encoding="utf-8",
    )
    made = load(str(path))
    assert made.extends == ("htz-2022",)
    changed = {address for address, _, _ in diff(load("htz-2022"), made)}
    assert {"id", "m4.pays.rent_share", "x.pays.amount", "s1.pays.area_max", "stack.1.clauses"} <= changed
    assert made.head.stack[0].clauses == ["m4", "s2"]
    again, problems, _ = build(tomllib.loads(show(made)), None, ())
    assert problems == [] and digest(again) == digest(made)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[change]\n"m4.pays.rent_shar" = [1.0]', ["rent_shar", "rent_share"]),
        ('[change]\n"m9.pays.amount" = 1', ["m9.pays.amount"]),
        ('drop = ["s9"]', ["s9"]),
        ('[[clause]]\nid = "m4"', ["second clause"]),
    ],
)
def test_a_derived_package_with_a_slip(tmp_path, text, words):
    path = tmp_path / "slip.toml"
    path.write_text(f'extends = "htz-2022"\nid = "slip"\n{text}\n', encoding="utf-8")
    with pytest.raises(InvalidFile) as error:
        load(str(path))
    for word in words:
        assert word in str(error.value)


def test_one_value_by_its_address():
    base = load("htz-2022")
    changed = set_value(base, "m4.pays.area_max", 3000)
    assert [address for address, _, _ in diff(base, changed)] == ["m4.pays.area_max"]
    assert digest(base) != digest(changed) and digest(base) == digest(load("htz-2022"))
    assert set_value(base, "budget", 1e8).head.budget.amount == 100_000_000
    assert "htz-2022/s2.pays.rent_share.3.value" in addresses(base)
    with pytest.raises(InvalidValue, match="area_max"):
        set_value(base, "m4.pays.area_max", "large")
    with pytest.raises(NotFound, match="htz-2022/m4.pays.area_max"):
        set_value(base, "m44.pays.area_max", 1)


def test_two_values_for_one_clause_are_a_conflict_that_shows_both():
    base = load("htz-2022")
    assert merge([base, load("htz-2022"), load("dalian-2021")]) == (load("dalian-2021"), base)
    with pytest.raises(Conflict) as error:
        merge([base, set_value(base, "s3.pays.amount", 400_000)])
    assert "s3.pays.amount" in str(error.value) and "300000" in str(error.value) and "400000" in str(error.value)


def test_two_rates_for_one_time_are_a_conflict():
    base = load("national-baseline")
    other = worked.altered(base, lambda raw: (raw.update(id="reform"), raw["clause"][0]["changes"][0].update(to=0.2)))
    with pytest.raises(Conflict, match="standard_tax_rate"):
        merge([base, other])


def test_how_a_package_lies_in_a_horizon():
    first, last = datetime.date(2021, 1, 1), datetime.date(2025, 12, 31)
    assert "stays in force" in coverage(load("dalian-2021"), first, last)[0]
    assert coverage(load("dalian-2020"), first, last) == []
    assert "expires on 2023-12-31" in coverage(worked.package("invented"), first, last)[0]
    assert "outside" in coverage(worked.package("invented"), datetime.date(2030, 1, 1), datetime.date(2031, 1, 1))[0]


def test_digest_ignores_layout_and_order():
    base = worked.package("invented")
    turned = worked.altered(base, lambda raw: raw["clause"].reverse())
    assert digest(base) == digest(turned)
