"""Rolling-origin forecasts on a small city: no leak, no dependence on threads, formulas with known answers."""

import dataclasses

import numpy as np
import pytest

from policymix.calibrate import tally
from policymix.calibrate.backtest import ECHOES, METHODS, Point, backtest, carried, foreseen, judges
from policymix.calibrate.outlook import HORIZON, Outlook
from policymix.calibrate.series import Known, read_series
from policymix.errors import InvalidValue
from policymix.region.evidence import statistics

SERIES = {each.id: each for each in read_series()}
ROWS = statistics()
GROWTH, PRICES = 0.05, 0.02


@pytest.fixture
def near(small_folder, monkeypatch):
    """The small city's files are found from the present folder."""
    monkeypatch.chdir(small_folder)


def even(paths):
    """An environment that grows evenly."""
    whole = np.ones((paths, HORIZON))
    return Outlook(GROWTH * whole, PRICES * whole, 0.04 * whole, {"tertiary": 0.08 * whole})


def known(name, figure, unit="count", factor=1.0, **changes):
    series = SERIES[name].model_copy(update={"spread": None, **changes})
    return Known(series, "dalian-htz", unit, factor, {2021: figure}, {}, {2021: "CS-0001"})


def numbers(path, share=1.0):
    """Two simulated cities with the same path."""
    one = np.array([[value, share] for value in path])
    return np.array([one, one])


def test_recognitions_are_added_to_the_published_count():
    path = [80.0, 88.0, 96.0, 104.0, 112.0, 120.0, 128.0]
    found = carried(known("zone-chick-eagles", 507.0), 2021, even(2), numbers(path, 0.8), 1)
    assert found.shape == (2 * ECHOES, HORIZON)
    assert np.array_equal(found[0], 507.0 + 10.0 * np.arange(1, 7))  # 8 of the model are 10 of all industries


def test_the_rest_of_a_zone_grows_with_gdp():
    base = known("zone-gdp", 400.0, "100m_yuan", 1e8)
    found = carried(base, 2021, even(2), numbers([300e8] + [330e8] * 6), 1)
    nominal = ((1.0 + GROWTH) * (1.0 + PRICES)) ** np.arange(1, 7)
    assert found[0] == pytest.approx(330.0 + 100.0 * nominal)
    above = carried(base, 2021, even(2), numbers([800e8] + [880e8] * 6), 1)  # the model's part cannot be above all
    assert above[0] == pytest.approx(np.full(6, 440.0))


def test_registrations_grow_as_the_entries_of_the_model():
    found = carried(known("new-enterprises", 45_000.0), 2021, even(2), numbers([1000.0] + [1100.0] * 6), 1)
    assert found[0] == pytest.approx(np.full(6, 49_500.0))


def test_the_share_of_research_has_a_constant_rest():
    base = known("rd-share", 3.0, "percent", 0.01)
    found = carried(base, 2021, even(2), numbers([0.024] + [0.027] * 6), 1)
    assert found[0] == pytest.approx(np.full(6, 3.3))


def test_a_spread_of_its_own_is_centred_and_grows():
    series = known("new-enterprises", 1000.0)._replace(series=SERIES["new-enterprises"])
    many = np.repeat(numbers([10.0] * 7), 100, axis=0)
    logs = np.log(carried(series, 2021, even(200), many, 1) / 1000.0)
    assert logs.mean(axis=0) == pytest.approx(np.zeros(6), abs=0.01)
    assert logs.std(axis=0) == pytest.approx(0.10 * np.sqrt(np.arange(1, 7)), rel=0.05)


def test_what_the_outlook_forecasts_is_its_own_path():
    gdp = foreseen(known("gdp", 100.0, "100m_yuan", 1e8), 2021, even(3))
    assert gdp[0, 1] == pytest.approx(100.0 * (1.05 * 1.02) ** 2)
    assert foreseen(known("gdp-growth", 5.0, "percent", 0.01), 2021, even(3))[0, 0] == pytest.approx(5.0)
    assert foreseen(known("tertiary-growth", 5.0, "percent", 0.01), 2021, even(3))[0, 0] == pytest.approx(8.0)


def run(rows, **options):
    asked = {"origins": [2021], "draws": 2, "threads": 1} | options
    return backtest("small", list(SERIES.values()), rows, rows, **asked)


@pytest.fixture(scope="module")
def found(small_folder):
    """A back-test of the small city from the end of 2021."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(small_folder)
        return run(ROWS)


def members(result):
    return {(each.known.series.id, each.origin): each.members for each in result.forecasts}


@pytest.mark.slow
def test_figures_after_the_origin_change_no_forecast(found, near):
    changed = [row if row.year <= 2021 else dataclasses.replace(row, value=1.5 * row.value) for row in ROWS]
    other = members(run(changed))
    assert members(found).keys() == other.keys()
    assert all(np.array_equal(each, other[key]) for key, each in members(found).items())
    moved, were = (
        [point.outturn for point in result.points if point.series == "gdp"] for result in (run(changed), found)
    )
    assert moved == [1.5 * outturn for outturn in were]  # the scores see what the forecasts do not


@pytest.mark.slow
def test_threads_and_other_origins_change_no_bit(found, near):
    both = members(run(ROWS[::-1], origins=[2021, 2020], threads=2))
    assert all(np.array_equal(each, both[key]) for key, each in members(found).items())


@pytest.mark.slow
def test_every_series_with_a_figure_of_the_origin_is_forecast(found):
    ids = {each.known.series.id for each in found.forecasts}
    assert {"gdp", "zone-gdp", "zone-investment", "zone-gazelles", "high-tech", "rd", "rd-share"} <= ids
    assert "new-enterprises" not in ids  # its first figure is of 2022
    assert all(np.isfinite(each.members).all() for each in found.forecasts)
    assert found.packages == {2021: ("national-baseline", "dalian-2020", "dalian-2021")}


@pytest.mark.slow
def test_the_answer_says_what_misses_first(found):
    answer = tally.answer(found)
    assert [row["pass"] for row in answer["targets"]] == sorted(
        (row["pass"] for row in answer["targets"]), key=(False, None, True).index
    )
    assert [row["beats"] for row in answer["rows"]] == sorted(row["beats"] for row in answer["rows"])
    assert {row["id"] for row in answer["not_judged"]} >= {"rd-share", "zone-high-tech"}
    again = [tally.point_of(row) for row in answer["points"]]
    assert [point[:5] for point in again] == [point[:5] for point in found.points]
    data = tally.dataset(found)
    assert data.sizes["point"] == len(found.points) and list(data["method"].values) == list(METHODS)


def test_an_origin_without_outturns_or_too_early_is_refused(near):
    for year in (2016, 2023):
        with pytest.raises(InvalidValue, match=rf"--train-until: found {year}"):
            run(ROWS, origins=[year])


def test_later_figures_judge_only_if_they_are_of_a_series(near):
    gdp = next(row for row in ROWS if row.id == "CS-0048")
    later = dataclasses.replace(gdp, id="CS-9001", year=2024, value=9500.0)
    series = list(SERIES.values())
    assert judges("small", series, ROWS, [*ROWS, later])
    for useless in ({"confidence": "low"}, {"place": "elsewhere"}, {"kind": "target"}):
        assert not judges("small", series, ROWS, [*ROWS, dataclasses.replace(later, **useless)])


def point(outturn, low=1.0, high=2.0, series="x", origin=2020, year=2021, scores=(1.0, 2.0, 2.0, 2.0)):
    return Point(series, origin, year, outturn, ((low, high),) * 3, scores)


def row(beats):
    return {"beats": beats, "id": "x", "ladder": True}


def test_the_targets_are_what_they_say():
    inside, outside = [point(1.5)] * 9, [point(3.0)]
    passed = {
        row["title"]["en"]: row["pass"]
        for row in tally.targets([row(True), row(True), row(False)], inside + outside, [])
    }
    assert list(passed.values()) == [None, True, True]
    missed = tally.targets([row(False)], inside, [point(3.0)])
    assert [each["pass"] for each in missed] == [False, False, False]  # all covered is too wide
    assert missed[0]["value"] == 1.0 and missed[1]["value"] == 0.0
