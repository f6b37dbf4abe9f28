"""Tables, page and figures of a back-test, from numbers made up here."""

import json
import re

import numpy as np
import pytest

from policymix.calibrate.backtest import LEVELS, Backtest, Forecast, Point
from policymix.calibrate.outlook import HORIZON
from policymix.calibrate.series import Known, read_series
from policymix.calibrate.spending import Bound, Spent
from policymix.report import backtest, backtest_figures
from policymix.report.style import new_figure

SERIES = {each.id: each for each in read_series()}


@pytest.fixture(scope="module")
def result():
    """Two series: the model wins one and loses one."""
    rng = np.random.default_rng(1)
    gdp = Known(SERIES["gdp"], "dalian", "100m_yuan", 1e8, {2020: 100.0, 2021: 110.0, 2023: 120.0}, {}, {})
    eagles = Known(SERIES["zone-gazelles"], "dalian-htz", "count", 1.0, {2021: 60.0, 2023: 76.0}, {2025: 100.0}, {})
    made = tuple(
        Forecast(known, 2021, start + step * np.arange(1, 1 + HORIZON) + rng.normal(size=(50, HORIZON)), {})
        for known, start, step in ((gdp, 110.0, 5.0), (eagles, 60.0, 8.0))
    )
    bounds = tuple((70.0, 80.0) for _ in LEVELS)
    points = (
        Point("gdp", 2021, 2023, 120.0, bounds, (5.0, 8.0, 4.0, float("nan"))),
        Point("zone-gazelles", 2021, 2023, 76.0, bounds, (1.0, 9.0, 4.0, float("nan"))),
    )
    return Backtest("dalian", ("Dalian", "大连"), made, points, (gdp, eagles), {2021: ("dalian-2020",)}, {}, 50, 1)


@pytest.fixture(scope="module")
def money():
    """One bound that holds and one that does not."""
    given = {"title": {"en": "Paid", "zh": "拨付"}, "region": "dalian", "payer": "city", "from": "2021Q1"}
    bound = Bound.model_validate({**given, "id": "x", "until": "2021Q4", "source": "CS-0160", "why": "try"})
    return [Spent(bound, 1e9, 1e8, 2e8, 1.5e9), Spent(bound, 1e9, 1e8, 2e8, 3e8)]


@pytest.fixture(scope="module")
def found(result, money):
    """Everything as plain data."""
    return backtest.content(result, money)


def test_losers_and_misses_come_first(found):
    assert [row["id"] for row in found["rows"]] == ["gdp", "zone-gazelles"]
    assert [row["inside"] for row in found["money"]] == [False, True]
    assert [row["pass"] for row in found["targets"]] == [False, False, True]
    ladder = found["targets"][2]
    assert ladder["of"] == "zone-gazelles 76 in 70 to 80" and ladder["value"] == 1.0


def test_cells_say_ratios_and_covered_points(found):
    cells = backtest.series_cells(found["rows"][0])
    assert cells[:4] == ["loses", "GDP, current prices", "1", "5.00 100m yuan"]
    assert cells[4:7] == ["0.62", "1.25", "–"] and cells[7:] == ["0", "0", "0"]
    assert backtest.money_cells(found["money"][0])[2:] == ["0.10 / 0.20 / 1.50", "1.00", "CS-0160"]


def test_json_and_markdown_hold_the_same(found):
    assert json.loads(backtest.to_json(found)) == json.loads(json.dumps(found))
    lines = backtest.markdown(found)
    assert lines[0] == "## Dalian 大连" and any("| loses | GDP, current prices |" in line for line in lines)


def test_targets_of_several_cities_are_formed_on_all_their_points(found):
    other = {**found, "points": found["points"][:1], "rows": found["rows"][:1]}
    both = {row["title"]["en"]: row for row in backtest.all_targets([found, other])}
    values = [row["value"] for row in both.values()]
    assert values == pytest.approx([1.0 / 3.0, 1.0 / 3.0, 1.0])


def test_the_folder_holds_data_figures_and_a_page_that_fetches_nothing(result, found, tmp_path):
    files = {path.name for path in backtest.write(result, found, tmp_path, "policymix backtest dalian")}
    assert files == {"backtest.nc", "backtest.json", "backtest.html"} | {
        f"{name}.{kind}" for name in ("forecasts", "scores") for kind in ("png", "svg")
    }
    text = (tmp_path / "backtest.html").read_text(encoding="utf-8")
    assert "GDP, current prices" in text and "policymix backtest dalian" in text and "大连" in text
    assert not re.search(r'(src|href)="(?!data:)', text)


def test_a_panel_shows_figures_plans_and_every_origin(result):
    figure = backtest_figures.forecasts(result)
    gdp, gazelles = figure.axes[:2]
    assert gdp.get_title(loc="left").startswith("GDP") and len(gdp.collections) == 1
    plan = next(line for line in gazelles.lines if line.get_marker() == "D")
    assert (plan.get_xdata()[0], plan.get_ydata()[0]) == (2025, 100.0)
    actual = next(line for line in gazelles.lines if line.get_marker() == "o")
    assert list(actual.get_xdata()) == [2021.0, 2022.5]  # May 2023 stands half a year after the end of 2022


def test_scores_beyond_the_axis_stand_at_its_edge_with_their_number(found):
    rows = [{**row, "relative": {"last_value": 9.3, "last_growth": 0.5, "ar1": None}} for row in found["rows"]]
    axis = backtest_figures.scores(rows, ("Dalian", "大连")).axes[0]
    assert "9.3" in {text.get_text() for text in axis.texts}
    assert max(x for line in axis.lines for x in np.atleast_1d(line.get_xdata())) <= backtest_figures.FARTHEST


def test_the_page_brings_its_chinese_signs_along(found):
    drawn = {name: new_figure(1.0, 1.0) for name in ("forecasts", "scores")}
    text = backtest.page(found, drawn, "policymix backtest dalian")
    assert "font/woff;base64," in text and "/* font */" not in text
