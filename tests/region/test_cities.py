"""The other two cities: the industries of Dalian, published figures as in the evidence, everything else a range."""

import numpy as np
import pytest

from policymix import catalog
from policymix.errors import InvalidFile
from policymix.region import evidence
from policymix.region.arrays import environment_arrays, region_arrays
from policymix.region.load import check_together, load, load_environment, places_of, role_notices
from policymix.region.totals import comparison, implied_totals

CITIES = ("qingdao", "shiyan")
DALIAN = load("dalian")
ROWS = {row.id: row for row in evidence.statistics()}
NATIONAL = ("depreciation", "wage_share")  # ratios of the country, taken over


@pytest.fixture(params=CITIES, scope="module")
def region(request):
    return load(request.param)


@pytest.fixture(scope="module")
def environment(region):
    return load_environment(f"{region.id}-reference")


def test_industries_are_those_of_dalian(region):
    assert region.industries == DALIAN.industries
    for own, known in zip(region.industry, DALIAN.industry, strict=True):
        assert (own.category, own.core, own.fields) == (known.category, known.core, known.fields)
        assert own.project_types == known.project_types
        assert [ends(getattr(own, name)) for name in NATIONAL] == [ends(getattr(known, name)) for name in NATIONAL]


def ends(number):
    return number.low, number.value, number.high


def test_a_region_without_the_total_it_needs_is_refused(region, tmp_path):
    text = catalog.find("regions", region.id).read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text.replace('key = "gdp"', 'key = "investment"'), encoding="utf-8")
    with pytest.raises(InvalidFile, match="no GDP of the city") as error:
        load(path)
    assert f"place = '{region.id}', year = {region.reference.year}" in str(error.value)


def test_two_places_the_zone_first(region):
    """The engine takes the first of two places for the zone."""
    assert len(region.places) == 2 and region.roles["zone"] == region.places[0]
    assert places_of(region, "city") == region.places
    assert list(role_notices(region)) == ["county"]


def test_what_is_not_published_has_a_range(region):
    for address, number in region.numbers.items():
        published = any(source in ROWS and ROWS[source].kind != "target" for source in number.source)
        assert number.uncertain or published or number.source or number.why.startswith("half to") or ".tax." in address


def test_certain_counts_and_totals_are_those_of_the_evidence(region):
    for total in region.total:
        row = ROWS[total.source[0]]
        assert total.value == pytest.approx(row.in_model_units), total.key
        assert (total.place, total.year) == (row.place, row.year), total.key
    for step in region.ladder:
        for number in step.published.values():
            if not number.uncertain:
                assert number.value == ROWS[number.source[0]].in_model_units
                assert ROWS[number.source[0]].year == region.reference.year


def test_the_path_is_the_revised_series(region, environment):
    check_together(region, environment)
    published = [year for year in environment.year if year.gdp_nominal is not None]
    assert published[0].year == 2016 and published[-1].year == {"qingdao": 2023, "shiyan": 2021}[region.id]
    for year in published:
        level, growth = ROWS[year.gdp_nominal.source[0]], ROWS[year.gdp_growth.source[0]]
        assert (level.place, level.indicator, level.year) == (region.id, "gdp_current_revised", year.year)
        assert (growth.place, growth.indicator, growth.year) == (region.id, "gdp_real_growth", year.year)
        assert year.gdp_nominal.value == pytest.approx(level.in_model_units)
        assert year.gdp_growth.value == pytest.approx(growth.in_model_units)
    assert all(year.gdp_growth.uncertain for year in environment.year if year.gdp_nominal is None)


def test_years_reproduce_their_published_growth_with_the_shocks_in_them(region, environment):
    paths = environment_arrays(environment, {}, "2016Q1", "2025Q4")
    real = paths.gdp_real.reshape(-1, 4).sum(axis=1)
    for year in environment.year[1:]:
        at = year.year - 2016
        assert real[at] / real[at - 1] - 1.0 == pytest.approx(year.gdp_growth.value, abs=1e-9)
    assert paths.shock[16] < 1.0 and paths.shock[25] < 1.0, "2020Q1 and 2022Q2"


def test_the_file_agrees_with_its_own_totals(region, environment):
    paths = environment_arrays(environment, {}, "2016Q1", "2025Q4")
    rows = comparison(region, implied_totals(region, region_arrays(region), paths))
    judged = [row for row in rows if row.within is not None]
    assert judged and all(row.within for row in judged)


def test_levels_are_in_proportion(region):
    """A firm of the city is neither ten times larger nor smaller than its like in Dalian; parts stay below GDP."""
    own, known = region_arrays(region), region_arrays(DALIAN)
    each = own.value_added.sum(axis=1) / own.firms.sum(axis=1)
    other = known.value_added.sum(axis=1) / known.firms.sum(axis=1)
    assert np.all((each / other > 0.1) & (each / other < 10.0))
    assert 0.15 < own.value_added.sum() / own.gdp < 0.6
    per_head = own.annual_wage / own.wage_share / own.va_ratio  # revenue
    assert np.all((per_head > 2e5) & (per_head < 1.2e7))


def test_the_ladder_fits_the_firms_it_is_open_to(region):
    from policymix.engine.world import technology

    arrays = region_arrays(region)
    room = (arrays.firms * technology(arrays)[:, None]).sum(axis=0)
    assert np.all(arrays.ladder_start.max(axis=0) < 0.8 * room)
