"""Arrays of one draw: shapes, sums, continuity, and the errors of a wrong address."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policymix.errors import InvalidValue, NotFound
from policymix.region.arrays import (
    EnvArrays,
    environment_arrays,
    field_names,
    quarter_index,
    quarter_name,
    reference_gdp,
    region_arrays,
)
from policymix.region.load import load, load_environment, uncertain
from policymix.region.schema import STEPS

REGION = load("dalian")
ENVIRONMENT = load_environment("dalian-reference")
LAWS = uncertain(REGION, ENVIRONMENT)


@st.composite
def draws(draw):
    """One sample inside the range of every uncertain number."""
    seed = draw(st.integers(0, 2**32 - 1))
    u = np.random.default_rng(seed).random(len(LAWS))
    return {law[0]: law[2] + x * (law[4] - law[2]) for law, x in zip(LAWS, u, strict=True)}


def yearly(path: np.ndarray) -> np.ndarray:
    return path.reshape(-1, 4).sum(axis=1)


def test_shapes():
    arrays = region_arrays(REGION)
    industries, places = len(REGION.industries), len(REGION.places)
    for name in ("firms", "value_added", "zone_share"):
        assert getattr(arrays, name).shape == (industries, places)
    for name in ("va_share", "a", "delta", "wage_share", "va_ratio", "annual_wage", "local_share", "drift", "fields"):
        assert getattr(arrays, name).shape == (industries,)
    assert arrays.type_cdf.shape == (industries, 6)
    assert arrays.ladder_start.shape == (len(STEPS), places)
    assert arrays.record_value_added.shape == (10,)
    assert arrays.rent_m2_month.shape == (places,)
    assert all(value.dtype == np.float64 for value in (arrays.firms, arrays.a, arrays.type_cdf, arrays.ladder_start))
    assert arrays.record_industry.dtype == arrays.fields.dtype == np.int64


def test_defaults_of_dalian():
    arrays = region_arrays(REGION)
    assert arrays.gdp == reference_gdp(REGION) == 700.04e9
    assert arrays.value_added[arrays.core].sum() == pytest.approx(0.09 * 700.04e9)
    assert 10_000 <= arrays.firms.sum() <= 20_000
    software = REGION.industries.index("software")
    assert arrays.value_added[software].sum() == pytest.approx(12e9, rel=0.02)
    assert 0.9e6 <= arrays.annual_wage[software] / arrays.wage_share[software] / arrays.va_ratio[software] <= 1.3e6
    assert field_names(int(arrays.fields[software])) == ("software_it", "digital", "technology")
    gazelle = STEPS.index("gazelle")
    assert arrays.ladder_published[gazelle].tolist() == [37.0, 33.0]


@settings(max_examples=25, deadline=None)
@given(values=draws())
def test_any_draw_gives_a_possible_city(values):
    arrays = region_arrays(REGION, values)
    core = arrays.core
    assert arrays.va_share.sum() == pytest.approx(1.0)
    assert arrays.value_added[core].sum() == pytest.approx(values["region.core_share_2020"] * arrays.gdp)
    assert np.all(arrays.value_added > 0.0) and np.all(arrays.firms > 0.0)
    assert arrays.value_added.sum() < arrays.gdp
    assert np.allclose(arrays.zone_share.sum(axis=1), 1.0)
    assert np.all(arrays.a + arrays.wage_share < 1.0)
    assert np.all(np.diff(arrays.type_cdf, axis=1) >= 0.0) and np.all(arrays.type_cdf[:, -1] == 1.0)
    assert np.all(arrays.ladder_start <= arrays.ladder_published) and np.all(arrays.ladder_published >= 0.0)
    held = np.zeros_like(arrays.value_added)
    np.add.at(held, (arrays.record_industry, arrays.record_place), arrays.record_value_added)
    assert np.all(held <= 0.9 * arrays.value_added + 1e-3), "records leave room for other firms"


def test_set_numbers_move_what_they_name_and_nothing_else():
    before, after = (
        region_arrays(REGION),
        region_arrays(REGION, {"region.software.wage_share": 0.6, "parameter.x": 9.0}),
    )
    changed = [name for name in before._fields if not np.array_equal(getattr(before, name), getattr(after, name))]
    assert changed == ["wage_share"]


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"region.softwear.wage_share": 0.5}, NotFound, "region.software.wage_share"),
        ({"region.software.wage_share": 1.5}, InvalidValue, "0 to 1"),
        ({"region.software.wage_share": float("nan")}, InvalidValue, "nan"),
        ({"region.software.wage_share": 0.95}, InvalidValue, "below 1"),
    ],
)
def test_wrong_region_values_are_refused(values, error, words):
    with pytest.raises(error, match=words):
        region_arrays(REGION, values)


def test_environment_sums_to_the_published_years():
    paths = environment_arrays(ENVIRONMENT, {}, "2016Q1", "2025Q4")
    published = [year.gdp_nominal.value for year in ENVIRONMENT.year if year.gdp_nominal is not None]
    assert np.allclose(yearly(paths.gdp_nominal)[: len(published)], published, rtol=1e-12)
    real = yearly(paths.gdp_real)
    growth = [year.gdp_growth.value for year in ENVIRONMENT.year]
    assert np.allclose(real[1:] / real[:-1] - 1.0, growth[1:], atol=1e-12)
    assert real[4] == pytest.approx(yearly(paths.gdp_nominal)[4]), "constant prices are those of 2020"


def test_deflator_of_2021_to_2023_is_the_published_one():
    paths = environment_arrays(ENVIRONMENT, {}, "2020Q1", "2023Q4")
    deflator = yearly(paths.gdp_nominal) / yearly(paths.gdp_real)
    assert np.allclose(deflator[1:] / deflator[:-1] - 1.0, [0.033, 0.036, -0.021], atol=0.001)


def test_growth_is_continuous_without_the_shocks():
    paths = environment_arrays(ENVIRONMENT, {}, "2016Q1", "2025Q4")
    trend = np.log(paths.gdp_real / paths.shock)
    assert np.max(np.abs(np.diff(trend, 2))) < 0.008, "no jump of the trend at a turn of the year"
    assert np.max(np.abs(np.diff(np.log(paths.deflator), 2))) < 0.012
    assert np.allclose(np.diff(trend) * 4.0, paths.gdp_growth[1:], atol=1e-12)
    assert np.allclose(paths.core_growth - paths.gdp_growth, np.log(1.02))


@settings(max_examples=25, deadline=None)
@given(values=draws())
def test_any_environment_is_finite_and_positive(values):
    paths = environment_arrays(ENVIRONMENT, values, "2016Q1", "2040Q4")
    for name in EnvArrays._fields[1:]:
        path = getattr(paths, name)
        assert path.shape == (100,) and path.dtype == np.float64 and np.all(np.isfinite(path)), name
    assert np.all(paths.gdp_nominal > 0.0) and np.all(paths.shock > 0.0) and np.all(paths.core_price > 0.0)
    assert np.all(paths.core_price[:20] == 1.0), "relative prices start to drift after the base year"


def test_a_part_of_the_path_is_the_path():
    whole = environment_arrays(ENVIRONMENT, {}, "2016Q1", "2025Q4")
    part = environment_arrays(ENVIRONMENT, {}, "2021Q1", "2025Q4")
    assert part.quarter == whole.quarter[20:]
    for name in EnvArrays._fields[1:]:
        assert np.array_equal(getattr(part, name), getattr(whole, name)[20:]), name


def test_horizon_beyond_the_file_continues_its_last_year():
    paths = environment_arrays(ENVIRONMENT, {"environment.gdp_growth_2025": 0.05}, "2026Q1", "2030Q4")
    real = yearly(paths.gdp_real)
    assert np.allclose(real[1:] / real[:-1], 1.05)
    assert np.all(paths.interest == 0.035)


@pytest.mark.parametrize(("first", "last"), [("2010Q1", "2020Q4"), ("2021Q4", "2021Q1")])
def test_quarters_out_of_order_or_too_early(first, last):
    with pytest.raises(InvalidValue, match="2016Q1"):
        environment_arrays(ENVIRONMENT, {}, first, last)


def test_wrong_environment_address():
    with pytest.raises(NotFound, match="environment.gdp_growth_2025"):
        environment_arrays(ENVIRONMENT, {"environment.gdp_grwth_2025": 0.05}, "2021Q1", "2025Q4")


@given(st.integers(0, 4 * 9999 + 3).filter(lambda index: index >= 4000))
def test_quarters_round_trip(index):
    assert quarter_index(quarter_name(index)) == index


def test_one_call_a_draw_is_cheap():
    values = {law[0]: law[3] for law in LAWS}
    best = []
    for _ in range(5):
        start = time.perf_counter()
        region_arrays(REGION, values)
        environment_arrays(ENVIRONMENT, values, "2016Q1", "2025Q4")
        best.append(time.perf_counter() - start)
    assert min(best) < 0.02  # about 0.8 ms on an idle core
