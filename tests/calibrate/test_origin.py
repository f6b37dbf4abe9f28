"""A city as it stood at the end of a year."""

import dataclasses
from datetime import date

import pytest

from policymix import catalog
from policymix.calibrate.origin import KNOWN, environment_at, fit_at, known_at, moved, origin_of, region_at
from policymix.calibrate.outlook import HORIZON, outlook
from policymix.errors import InvalidFile, InvalidValue
from policymix.experiments.scenario import load_scenario
from policymix.policy.package import load as load_package
from policymix.region.arrays import environment_arrays, reference_gdp, region_arrays
from policymix.region.evidence import statistics
from policymix.region.load import load, load_environment

ROWS = statistics()


@pytest.fixture(scope="module")
def dalian():
    return load("dalian")


@pytest.fixture(scope="module")
def environment():
    return load_environment("dalian-reference")


def paths_of(environment, year, rows=ROWS):
    return outlook(rows, "dalian", environment, year, 1, 4)


def up_to(year):
    return [row for row in ROWS if row.year <= year]


def test_levels_of_the_region_are_those_of_the_origin(dalian):
    at = region_at(dalian, up_to(2021), 2021)
    assert at.reference.year == 2021 and reference_gdp(at) == pytest.approx(782.59e9, rel=1e-3)
    published = {(step.step, place): n.value for step in at.ladder for place, n in step.published.items()}
    assert published["chick_eagle", "dalian-htz"] == 507 and published["chick_eagle", "dalian"] == 903
    assert published["gazelle", "dalian-htz"] == 60 and published["high_tech_enterprise", "dalian"] == 3051


def test_a_count_published_later_is_not_known(dalian):
    at = region_at(dalian, up_to(2020), 2020)
    published = {(step.step, place): n.value for step in at.ladder for place, n in step.published.items()}
    assert published["chick_eagle", "dalian-htz"] == 399
    assert at.ladder[2].published["dalian"].value == dalian.ladder[2].published["dalian"].value  # no count of 2020


def test_firms_and_users_are_carried_to_the_origin(dalian):
    own = moved(dalian, {"region.software.firms": 3000.0, "region.core_share_2020": 0.1}, up_to(2018), 2018, 0.065)
    money = 650.09 / 700.04
    assert own["region.software.firms"] == pytest.approx(3000.0 / 1.065**2)
    assert own["region.telecom.firms"] == pytest.approx(180.0 / 1.065**2)
    assert own["region.digital_industry_users.value_added"] == pytest.approx(140e9 * money, rel=1e-4)
    assert own["region.core_share_2018"] == 0.1 and "region.core_share_2020" not in own
    arrays = region_arrays(region_at(dalian, up_to(2018), 2018), own)
    assert arrays.value_added[arrays.core].sum() == pytest.approx(0.1 * 650.09e9, rel=1e-3)


def test_the_environment_holds_figures_up_to_the_origin_and_the_outlook_after_it(environment):
    paths = paths_of(environment, 2019)
    at = environment_at(environment, up_to(2019), 2019, paths)
    assert [row.year for row in at.year] == list(range(2015, 2020 + HORIZON))
    assert at.base_year == 2019 and at.shock == []  # that of 2020 is unknown
    arrays = environment_arrays(at, {}, "2015Q1", "2022Q4")
    yearly = arrays.gdp_nominal.reshape(-1, 4).sum(axis=1)
    assert yearly[:5] == pytest.approx([540.01e9, 564.8e9, 605.22e9, 650.09e9, 699.0e9], rel=1e-3)


def test_an_origin_without_gdp_of_its_burn_in_is_refused(dalian, environment):
    paths = paths_of(environment, 2015)
    with pytest.raises(InvalidValue, match="no GDP and its growth of 2011"):
        environment_at(environment, up_to(2015), 2015, paths)
    with pytest.raises(InvalidValue, match="no GDP of 2011"):
        region_at(dalian, up_to(2011), 2011)


def test_changes_of_the_law_after_the_origin_are_not_heard_of():
    package = load_package("national-baseline")
    then = {change.of: change for clause in known_at(package, date(2021, 12, 31)).clause for change in clause.changes}
    assert float(then["parameter.super_deduction"].to) == 0.75 and then["parameter.super_deduction"].until is None
    assert float(then["parameter.small_firm_profit_line"].to) == 1e6
    assert known_at(package, date(2023, 12, 31)) == package


def test_only_packages_announced_by_the_origin_are_in_force(environment):
    scenario = load_scenario("dalian-2025")
    known = {year: origin_of(scenario, ROWS, year, paths_of(environment, year), 2, 1) for year in (2019, 2020, 2021)}
    assert known[2019].packages == ("national-baseline",)
    assert known[2020].packages == ("national-baseline", "dalian-2020")
    assert known[2021].packages == ("national-baseline", "dalian-2020", "dalian-2021")
    assert list(known[2021].setting.mixes) == ["history", KNOWN]
    assert known[2021].setting.first_quarter == "2017Q1" and known[2021].setting.burn_in == 20


def test_nothing_of_an_origin_depends_on_later_figures(environment):
    scenario = load_scenario("dalian-2025")
    later = [row if row.year <= 2021 else dataclasses.replace(row, value=2.0 * row.value) for row in ROWS]
    one, other = (origin_of(scenario, rows, 2021, paths_of(environment, 2021, rows), 2, 1) for rows in (ROWS, later))
    assert one.values == other.values
    assert one.setting.region == other.setting.region and one.setting.environment == other.setting.environment


def fit_of(path, until):
    """A fit of one number to figures up to a year."""
    import xarray

    attrs = {"region": "dalian", "until": until, "laws": "{}", "converged": 1, "forced": 0}
    data = {"value": (("sample", "parameter"), [[0.5], [0.6]])}
    path.parent.mkdir(exist_ok=True)
    xarray.Dataset(data, {"parameter": ["parameter.eta"]}, attrs).to_netcdf(path, engine="h5netcdf")


def test_an_origin_draws_from_the_latest_fit_that_knows_nothing_later(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalog, "posterior_folder", lambda: tmp_path / "shipped")
    fit_of(tmp_path / "posterior" / "dalian.nc", 2023)
    assert fit_at("dalian", 2021) == "none"  # the fit that runs draw from knows 2023
    fit_of(tmp_path / "posterior" / "dalian-2020.nc", 2020)
    fit_of(tmp_path / "posterior" / "dalian-2022.nc", 2022)
    assert [fit_at("dalian", year) for year in (2019, 2020, 2021, 2022)] == [
        "none",
        *["dalian-2020"] * 2,
        "dalian-2022",
    ]
    fit_of(tmp_path / "posterior" / "dalian-2021.nc", 2023)
    with pytest.raises(InvalidFile, match="until: found 2023; expected a fit to figures up to 2021"):
        fit_at("dalian", 2021)
