"""Reading one number by mix, draw and replicate."""

import datetime
import json

import pytest

from policymix.analysis import selection
from policymix.errors import NotFound


@pytest.mark.parametrize(
    ("day", "quarter"),
    [
        ((2025, 12, 31), "2025Q4"),
        ((2025, 12, 30), "2025Q3"),
        ((2022, 3, 31), "2022Q1"),
        ((2022, 4, 1), "2022Q1"),
        ((2021, 3, 1), None),
        ((2030, 1, 1), None),
    ],
)
def test_quarter_on_is_the_last_one_that_has_ended(run, day, quarter):
    assert selection.quarter_on(run, datetime.date(*day)) == quarter


def test_roles_stand_for_places(run):
    assert selection.places_of(run, "city") == ["dalian-htz", "dalian-rest"]
    assert selection.places_of(run, "dalian") == selection.places_of(run, None) == selection.places_of(run, "county")
    assert selection.places_of(run, "zone") == ["dalian-htz"]
    assert selection.places_of(run, "dalian-rest") == ["dalian-rest"]


def test_roles_of_the_run_come_first(run):
    named = run.assign_attrs(roles=json.dumps({"zone": "dalian-rest"}))
    assert selection.places_of(named, "zone") == ["dalian-rest"]


def test_unknown_place_outcome_and_step_name_the_nearest(run):
    with pytest.raises(NotFound, match="dalian-htz"):
        selection.places_of(run, "dalian-hz")
    with pytest.raises(NotFound, match="investment"):
        selection.series(run, "investmnt")
    with pytest.raises(NotFound, match="gazelle"):
        selection.level(run, "recognised", step="gazele")


def test_places_add_up(run):
    whole = selection.total(run, "investment")
    parts = [selection.total(run, "investment", place=name) for name in ("dalian-htz", "dalian-rest")]
    assert abs(whole - sum(parts)).max() <= 1e-9 * whole.max()
    assert whole.dims == ("mix", "draw", "replicate")


def test_years_of_a_flow_add_up_and_a_stock_is_read_at_the_end(run):
    flow = selection.by_year(run, "investment")
    assert abs(flow.sum("year") - selection.total(run, "investment")).max() <= 1e-9 * flow.max()
    stock = selection.by_year(run, "active_firms").sel(year=2025, drop=True)
    assert (stock == selection.level(run, "active_firms")).all()


def test_rise_of_a_cumulative_count_is_end_less_start(run):
    rise = selection.total(run, "recognised", step="gazelle", first_year=2023, last_year=2025)
    end, start = (selection.level(run, "recognised", step="gazelle", quarter=q) for q in ("2025Q4", "2022Q4"))
    assert (rise == end - start).all()
