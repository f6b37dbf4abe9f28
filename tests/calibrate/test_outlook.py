"""The environment's outlook: no leak, honest spread, shocks that are over."""

import dataclasses

import numpy as np
import pytest

from policymix.calibrate.outlook import HORIZON, RETURNS, expected, outlook, rate_paths, record
from policymix.errors import InvalidValue
from policymix.region.evidence import statistics
from policymix.region.load import load_environment

ROWS = statistics()
EVEN = {"a": dict.fromkeys(range(2000, 2012), 0.05), "b": dict.fromkeys(range(2000, 2012), 0.07)}


@pytest.fixture(scope="module")
def environment():
    return load_environment("dalian-reference")


def equal(one, other):
    names = ("growth", "inflation", "interest")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names) and all(
        np.array_equal(one.sectors[name], other.sectors[name]) for name in one.sectors | other.sectors
    )


def test_figures_after_the_origin_change_no_bit(environment):
    before = outlook(ROWS, "dalian", environment, 2019, 1, 50)
    changed = [row if row.year <= 2019 else dataclasses.replace(row, value=0.5 * row.value) for row in ROWS]
    assert equal(before, outlook(changed, "dalian", environment, 2019, 1, 50))
    assert equal(before, outlook([row for row in ROWS if row.year <= 2019], "dalian", environment, 2019, 1, 50))


def test_rates_and_shocks_of_the_environment_after_the_origin_change_no_bit(environment):
    before = outlook(ROWS, "dalian", environment, 2019, 1, 50)
    years = [row for row in environment.year if row.year <= 2019]
    assert equal(
        before, outlook(ROWS, "dalian", environment.model_copy(update={"year": years, "shock": []}), 2019, 1, 50)
    )


def test_figures_up_to_the_origin_matter_and_rows_may_stand_in_any_order(environment):
    before = outlook(ROWS, "dalian", environment, 2019, 1, 50)
    assert equal(before, outlook(ROWS[::-1], "dalian", environment, 2019, 1, 50))
    changed = [dataclasses.replace(row, value=3.0) if row.id == "CS-0056" else row for row in ROWS]
    assert not equal(before, outlook(changed, "dalian", environment, 2019, 1, 50))


def test_more_paths_leave_the_first_ones_as_they_are(environment):
    few, many = (outlook(ROWS, "dalian", environment, 2021, 1, paths) for paths in (20, 60))
    assert np.array_equal(few.growth, many.growth[:20])


def test_sectors_grow_together_as_gdp_does(environment):
    paths = outlook(ROWS, "dalian", environment, 2021, 1, 30)
    nominal = (1.0 + paths.growth) * (1.0 + paths.inflation) - 1.0
    share = {"primary": 513.33, "secondary": 3301.64, "tertiary": 4010.98}
    whole = sum(value * paths.sectors[name] for name, value in share.items()) / sum(share.values())
    assert whole == pytest.approx(nominal)
    assert paths.nominal.shape == (30, HORIZON)


def test_even_growth_is_expected_to_go_on():
    rules = expected(EVEN, "a", 2011, ())
    assert rules.centres == pytest.approx([0.05] * 4 + [0.06] * 4)
    found = record(EVEN, 2011, ())
    assert found.weights[:4].sum() > 0.99  # the city's own means never err
    assert found.degrees == 10


def test_the_spread_is_that_of_past_errors():
    rng = np.random.default_rng(1)
    panel = {name: dict(enumerate(0.06 + 0.02 * rng.normal(size=60), start=1960)) for name in "abc"}
    found = record(panel, 2019, ())
    assert found.scale == pytest.approx(0.02, rel=0.2)
    paths = rate_paths(panel, "a", 2019, (), 1, "try", 4000)
    assert paths[:, 0].std() == pytest.approx(found.scale, rel=0.1)
    assert np.corrcoef(paths[:, 0], paths[:, 5])[0, 1] == pytest.approx(1.0 / 3.0, abs=0.1)


def test_a_shock_is_no_trend_and_comes_back_in_part():
    panel = {"a": {**dict.fromkeys(range(2010, 2020), 0.06), 2020: -0.02}}
    rules = expected(panel, "a", 2020, {2020})
    assert rules.centres == pytest.approx(np.full(8, 0.06)) and rules.back == pytest.approx(0.08)
    paths = rate_paths(panel, "a", 2020, {2020}, 1, "try", 4000)
    assert np.median(paths[:, 0] - paths[:, 1]) == pytest.approx(0.08 * sum(RETURNS) / 2.0, abs=0.006)
    over = {"a": {**panel["a"], 2021: 0.14}}
    assert expected(over, "a", 2021, {2020}).centres == pytest.approx(np.full(8, 0.06))
    assert expected(over, "a", 2021, ()).centres[0] == pytest.approx(0.14)


def test_an_origin_with_too_few_figures_is_refused(environment):
    with pytest.raises(InvalidValue, match="too few figures of dalian up to 2012"):
        outlook(ROWS, "dalian", environment, 2012, 1, 10)
