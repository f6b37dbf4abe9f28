"""The fit of a region's population to published totals."""

import pytest

from policymix.errors import InvalidValue
from policymix.experiments import region_fit
from policymix.experiments.inputs import gather
from policymix.experiments.scenario import load_scenario
from policymix.policy.target import load_targets
from policymix.region.load import load


def test_a_plan_ends_with_the_last_total_and_takes_the_fullest_mix():
    wanted = region_fit.plan("dalian", 3)
    assert (wanted.scenario.end, wanted.scenario.draws) == ("2023Q4", 3)
    assert list(wanted.scenario.mixes) == ["none", "both"]
    assert wanted.seconds == pytest.approx(1.5 * region_fit.plan("dalian", 2).seconds)


def test_draws_must_be_a_count():
    with pytest.raises(InvalidValue, match="--draws"):
        region_fit.plan("dalian", -1)


def test_a_region_of_no_scenario_has_no_plan(small_folder):
    path = str(small_folder / "regions" / "small.toml")
    assert region_fit.plan(path, 1) is None and region_fit.implied(path) is None


def test_a_file_that_cannot_be_read_names_no_region(tmp_path, monkeypatch):
    (tmp_path / "aaa.toml").write_text('id = "aaa"\nmixes = "none"\nregion = "nowhere"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert region_fit.plan("shiyan", 1).scenario.id == "shiyan-2025"


def test_the_simulated_city_meets_what_it_is_raked_to():
    rows = region_fit.simulated(region_fit.plan("shiyan", 1), threads=1)
    assert [row.key for row in rows] == ["gdp/shiyan/2021", "gdp/shiyan/2020", "gdp/shiyan/2019"]
    assert all(row.within for row in rows)


def test_the_ladder_at_the_fork_is_the_published_one(small_folder, monkeypatch):
    """Counts of the reference year are those the city is anchored to, at the draw's share of modelled firms."""
    monkeypatch.chdir(small_folder)
    text = (small_folder / "regions" / "small.toml").read_text(encoding="utf-8")
    total = """
[[total]]
key = "recognised.technology_sme"
title = {en = "Technology SMEs of the zone", zh = "科技型中小企业"}
place = "dalian-htz"
year = 2020
value = 69
unit = "count"
source = "CS-0239"
tolerance = 0.03
use = "rake"

[tax]"""
    (small_folder / "regions" / "small.toml").write_text(text.replace("\n[tax]", total), encoding="utf-8")
    rows = region_fit.simulated(region_fit.plan("small", 2), threads=1)
    (row,) = (row for row in rows if row.key == "recognised.technology_sme/dalian-htz/2020")
    assert row.within, row
    (zone,) = (row for row in rows if row.key == "gdp/dalian-htz/2021")
    assert zone.synthetic > 0.0, "value added of the zone's modelled firms"


@pytest.mark.parametrize(("name", "package"), [("qingdao-2025", "qingdao-2023"), ("shiyan-2025", "shiyan-2022")])
def test_shipped_scenarios_of_the_cities(name, package):
    scenario = load_scenario(name)
    inputs = gather(scenario)
    assert scenario.mixes == {"none": [], package: [package]} and scenario.history == ["national-baseline"]
    assert int(scenario.start[:4]) == load(scenario.region).reference.year + 1, "the ladder is that of the year before"
    assert inputs.targets == load_targets(package)
    assert scenario.start <= "2022Q1" and scenario.end == "2025Q4"
