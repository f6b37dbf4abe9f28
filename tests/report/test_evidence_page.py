"""What each published figure is used for: found in the data files, or a reason."""

import pytest

from policymix.region import evidence
from policymix.report import evidence_page


@pytest.fixture(scope="module")
def uses():
    return evidence_page.uses()


def test_every_row_is_used_or_has_a_reason(uses):
    why = evidence_page.rules()
    for row in [*evidence.statistics(), *evidence.effects()]:
        assert row.id in uses or evidence_page.reason(row, why), row.id


def test_everything_that_is_named_exists(uses):
    known = {row.id for row in [*evidence.statistics(), *evidence.effects()]}
    assert set(uses) <= known


@pytest.mark.parametrize(
    ("row", "use"),
    [
        ("CS-0069", "total (compare) of region dalian: recognised.high_tech_enterprise 2021"),
        ("CS-0069", "prior of region dalian: high_tech_enterprise.published.dalian"),
        ("CS-0394", "value of region qingdao: technology_sme.published.qingdao"),
        ("CS-0431", "environment shiyan-reference: 2021.gdp_nominal"),
        ("CS-0272", "package qingdao-2023: budget.amount"),
        ("B08", "prior: exit_first"),
        ("B62", "fact: S1"),
        ("A33", "experiment v1"),
    ],
)
def test_uses_are_told_by_file_and_key(uses, row, use):
    assert use in uses[row]


def test_reasons_come_from_the_year_then_the_kind_then_the_rules():
    rows = {row.id: row for row in evidence.statistics()}
    rules = [("gdp_*", "another vintage")]
    assert "plan" in evidence_page.reason(rows["CS-0003"], rules)
    late = next((row for row in rows.values() if row.year > 2023 and row.kind != "target"), None)
    assert late is None or "testing" in evidence_page.reason(late, rules)
    assert evidence_page.reason(rows["CS-0292"], rules) == "another vintage"
    assert evidence_page.reason(rows["CS-0340"], rules) == ""


def test_pages_hold_every_row_once():
    statistics, effects = evidence_page.statistics_page(), evidence_page.effects_page()
    for page, rows in ((statistics, evidence.statistics()), (effects, evidence.effects())):
        assert all(page.count(f"| {row.id} |") == 1 for row in rows)
