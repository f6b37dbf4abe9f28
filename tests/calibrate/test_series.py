"""Figures of the series, and files that are refused."""

import dataclasses
from pathlib import Path

import pytest

from policymix import catalog
from policymix.calibrate.series import (
    Series,
    inflation,
    known_of,
    read_series,
    sector_growth,
    sector_shares,
    together,
    training,
)
from policymix.errors import InvalidFile
from policymix.region.evidence import statistics

SERIES = {each.id: each for each in read_series()}
ROWS = statistics()


def row(**changes):
    """A row of the table with some cells changed."""
    return dataclasses.replace(next(each for each in ROWS if each.id == "CS-0048"), **changes)


def of(place):
    return [each for each in ROWS if each.place == place]


def test_every_series_has_figures_in_some_city():
    places = {each.place for each in ROWS}
    for series in SERIES.values():
        assert any(known_of(series, place, ROWS).figures for place in places), series.id


def test_rows_of_low_confidence_neither_begin_nor_judge_a_forecast():
    known = known_of(SERIES["zone-gdp"], "dalian-htz", ROWS)
    assert sorted(known.figures) == [2021, 2023]  # 2022 is derived without prices
    assert known.factor == 1e8 and known.rows[2021] == "CS-0206"


def test_plans_stand_apart_from_figures():
    known = known_of(SERIES["zone-gazelles"], "dalian-htz", ROWS)
    assert known.figures == {2020: 37.0, 2021: 60.0, 2023: 76.0} and known.plans == {2025: 100.0}


def test_the_figure_of_may_stands_at_the_middle_of_the_year():
    assert SERIES["zone-gazelles"].quarter(2023) == "2023Q2"
    assert SERIES["zone-gazelles"].quarter(2021) == "2021Q4"


def test_sectors_grow_within_one_vintage_only():
    growth = sector_growth("secondary_value_added_as_published", of("qingdao"))
    assert 2019 not in growth and {2018, 2020} <= growth.keys()  # the census of 2018 lies between the vintages
    share = {2020: 4361.56 / 12400.56, 2021: 5070.33 / 14136.46}
    assert growth[2021] == pytest.approx(100.0 * (share[2021] * 14136.5 / (share[2020] * 12400.6) - 1.0))


def test_the_deflator_is_nominal_over_real_growth():
    assert inflation(of("dalian"))[2023] == pytest.approx(8752.9 / 8430.9 / 1.06 - 1.0)


def test_shares_of_sectors_sum_to_one_and_know_their_origin():
    shares = sector_shares(of("dalian"), 2020)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["secondary"] == pytest.approx(2815.1 / (459.2 + 2815.1 + 3756.0))


def test_a_future_figure_in_the_training_set_is_named():
    later = [*ROWS, row(id="CS-9001", year=2024), row(id="CS-9002", year=2025)]
    with pytest.raises(InvalidFile, match=r"CS-9001: found dalian gdp_current_revised of 2024[\s\S]*CS-9002") as error:
        training(later, catalog.evidence("city_statistics.csv"))
    assert "--actuals" in str(error.value)
    assert training(ROWS, catalog.evidence("city_statistics.csv")) == ROWS


def test_actuals_may_repeat_a_figure_but_not_contradict_it():
    file = Path("later.csv")
    assert together(ROWS, [row(id="CS-9001")], file) == ROWS
    assert together(ROWS, [row(id="CS-9001", year=2024)], file)[-1].year == 2024
    wrong = [row(id="CS-9001", value=9000.0), row(id="CS-9002", year=2024, unit="percent")]
    with pytest.raises(
        InvalidFile, match=r"CS-9001: found .*CS-0048[\s\S]*CS-9002: found gdp_current_revised in percent"
    ):
        together(ROWS, wrong, file)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('form = "level"', 'form = "levels"', "series > 0 > form"),
        ('by = "gdp"', 'by = "gpd"', "series > 0 > by"),
        ('indicator = "gdp_current_revised"', 'indicater = "gdp_current_revised"', "nearest valid name: 'indicator'"),
        ('id = "gdp-growth"', 'id = "gdp"', "the id twice"),
    ],
)
def test_a_broken_file_of_series_is_refused(tmp_path, old, new, words):
    text = catalog.evidence("series.toml").read_text(encoding="utf-8")
    path = tmp_path / "series.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidFile, match=words):
        read_series(path)


def test_what_needs_firms_is_told_from_what_the_outlook_forecasts():
    assert not SERIES["gdp"].simulated and not SERIES["secondary-growth"].simulated
    assert SERIES["zone-gdp"].simulated and SERIES["rd"].simulated
    assert isinstance(SERIES["gdp"], Series)
