"""Evidence tables: strict, with closed lists of units and kinds."""

from datetime import date

import pytest

from policymix import catalog
from policymix.errors import InvalidFile, NotFound
from policymix.region import evidence


def broken(tmp_path, table, old, new):
    text = catalog.evidence(table).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / table
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_all_rows_are_read():
    statistics, effects = evidence.statistics(), evidence.effects()
    assert (len(statistics), len(effects)) == (490, 139)
    assert [row.id for row in statistics] == [f"CS-{number:04d}" for number in range(1, 491)]
    assert {row.unit for row in statistics} <= set(evidence.UNITS)


def test_units_become_those_of_the_model():
    assert evidence.statistic("dalian", "gdp_current_revised", 2020).in_model_units == pytest.approx(700.04e9)
    growth = evidence.statistic("dalian", "gdp_real_growth", 2021)
    assert (growth.in_model_units, growth.model_unit) == (pytest.approx(0.082), "share")
    assert evidence.statistic("dalian", "resident_population", 2020).in_model_units == pytest.approx(7_450_800)


def test_measured_rows_win_over_estimates():
    assert evidence.statistic("dalian", "gdp_current_as_published", 2021).kind == "actual"


def test_targets_and_late_rows_are_not_fitted():
    rows = {row.id: row for row in evidence.statistics()}
    assert not rows["CS-0003"].fitted  # a target of 2025
    assert not rows["CS-0002"].fitted  # a target of 2020
    assert rows["CS-0045"].fitted
    assert all(row.year <= 2023 and row.kind != "target" for row in rows.values() if row.fitted)


@pytest.mark.parametrize(
    ("place", "indicator", "year", "word"),
    [
        ("dalain", "gdp_real_growth", 2020, "dalian"),
        ("dalian", "gdp_real_grwth", 2020, "gdp_real_growth"),
        ("dalian", "gdp_real_growth", 1999, "2012"),
        ("dalian", "digital_core_share_of_gdp", 2025, "2019"),  # only a target exists
    ],
)
def test_unknown_figures_offer_the_nearest(place, indicator, year, word):
    with pytest.raises(NotFound, match=word):
        evidence.statistic(place, indicator, year)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",percent,estimate,low,", ",percents,estimate,low,", ["CS-0001", "percents", "'percent'"]),
        (",percent,estimate,low,", ",percent,guess,low,", ["CS-0001", "guess"]),
        ("CS-0002", "CS-0001", ["CS-0001", "twice"]),
        ("CS-0002", "CS-2", ["CS-2", "CS-0001"]),
        ("2020,9,percent", "2020,nine,percent", ["CS-0002", "nine"]),
        ("2020,9,percent", "2020,inf,percent", ["CS-0002", "inf"]),
        ("id,place,", "id,city,", ["header", "place"]),
        ("2020,9,percent,target", "2020,9,percent", ["10 cells"]),
        (",2020,7000.4,", ",2019,6990,", ["CS-0045", "CS-0044", "again"]),
        (",2020,7000.4,", ",2019,6991,", ["CS-0045", "CS-0044", "6991", "6990", "scope"]),
        ("gdp_real_growth,2020,0.9,percent", "gdp_real_growth,2020,0.9,count", ["CS-0057", "count", "percent"]),
    ],
)
def test_broken_statistics_are_refused(tmp_path, old, new, words):
    with pytest.raises(InvalidFile) as error:
        evidence.statistics(broken(tmp_path, "city_statistics.csv", old, new))
    for word in words:
        assert word in str(error.value)


def test_both_tables_pass_the_checker():
    assert evidence.check(catalog.evidence("city_statistics.csv")) == 490
    assert evidence.check(catalog.evidence("effects.csv")) == 139


def test_the_checker_refuses_a_measurement_of_the_future(tmp_path):
    path = broken(tmp_path, "city_statistics.csv", "gdp_real_growth,2023,6", "gdp_real_growth,2027,6")
    with pytest.raises(InvalidFile, match="CS-0060") as error:
        evidence.check(path, date(2026, 1, 1))
    assert "2027" in str(error.value) and "target" in str(error.value)
    assert evidence.check(path, date(2027, 1, 1)) == 490


def test_the_checker_refuses_other_tables(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("place,value\ndalian,1\n", encoding="utf-8")
    with pytest.raises(InvalidFile, match="confidence"):
        evidence.check(path)
    path.write_bytes("id,名".encode("gbk"))
    with pytest.raises(InvalidFile, match="UTF-8"):
        evidence.check(path)


def test_rows_of_other_places_are_told_apart_by_their_source():
    rows = [row for row in evidence.statistics() if row.place == evidence.ELSEWHERE]
    same = [row for row in rows if (row.indicator, row.year, row.kind) == ("digital_core_share_of_gdp", 2021, "actual")]
    assert len(same) == 2 and same[0].source_title != same[1].source_title


def test_broken_effects_are_refused(tmp_path):
    with pytest.raises(InvalidFile, match="X01"):
        evidence.effects(broken(tmp_path, "effects.csv", "A01,A", "X01,A"))


def test_sources_are_checked():
    assert evidence.source_problems("x", ["CS-0045", "B43", "htz-2022/b2"], certain=True) == []
    (problem,) = evidence.source_problems("x", ["CS-0450045"], certain=True)
    assert problem.where == "x" and "CS-0450045" in problem.found
    assert evidence.source_problems("x", ["CS-0003"], certain=True)
    assert not evidence.source_problems("x", ["CS-0003"], certain=False)


def test_no_cell_is_a_copied_passage():
    for row in evidence.statistics():
        assert len(row.note) <= 140 and len(row.source_title) <= 110, row.id
    for row in evidence.effects():
        assert max(len(row.topic), len(row.population), len(row.treatment), len(row.source)) <= 160, row.id
