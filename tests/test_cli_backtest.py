"""``policymix backtest``: what a user gets wrong is one clear answer, and nothing is written."""

import json

import pytest
from typer.testing import CliRunner

from policymix import catalog, cli

HEADER = "id,place,indicator,year,value,unit,kind,confidence,source_title,source_url,note"


def typed(*words):
    return CliRunner().invoke(cli.app, ["backtest", *(str(word) for word in words)])


@pytest.fixture
def near(small_folder, monkeypatch, tmp_path):
    """The small city is found from the present folder; results go elsewhere."""
    monkeypatch.chdir(small_folder)
    return tmp_path / "out"


def table(folder, *rows):
    path = folder / "later.csv"
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return path


def gdp(year, value="9000", unit="100m_yuan", number=9001, kind="actual"):
    return f"CS-{number},dalian,gdp_current_revised,{year},{value},{unit},{kind},high,try,,"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([gdp(2024, unit="100m_yuans")], "unit '100m_yuans'"),
        ([gdp(2024), gdp(2024, number=9002)], "CS-9002: found dalian gdp_current_revised 2024 actual again"),
        ([gdp(2024), gdp(2024, "9100", number=9002)], "against 9000 100m_yuan in CS-9001"),
        ([gdp(2023, "9100")], "CS-0048"),
        ([gdp(2090)], "CS-9001: found actual of 2090"),
        ([gdp(2024, kind="target")], "without a new figure of small"),
        ([gdp(2024, unit="percent")], "CS-9001: found gdp_current_revised in percent"),
    ],
)
def test_actuals_that_cannot_be_are_refused_by_row(near, tmp_path, rows, said):
    result = typed("small", "--actuals", table(tmp_path, *rows), "--out", near)
    assert result.exit_code == 2 and said in result.stderr, result.output
    assert not near.exists()


def test_a_future_year_in_the_training_set_is_refused_by_row(near, tmp_path):
    shipped = catalog.evidence("city_statistics.csv").read_text(encoding="utf-8")
    path = tmp_path / "mine.csv"
    path.write_text(f"{shipped.rstrip()}\n{gdp(2024)}\n", encoding="utf-8")
    result = typed("small", "--statistics", path, "--out", near)
    assert result.exit_code == 2 and "CS-9001: found dalian gdp_current_revised of 2024" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("daliann",), "did you mean 'dalian'"),
        (("small", "--train-until", 2030), "--train-until: found 2030"),
        (("small", "--quick", "--draws", 4), "--quick beside it"),
    ],
)
def test_options_that_cannot_be_are_refused(near, words, said):
    result = typed(*words, "--out", near)
    assert result.exit_code == 2 and said in result.stderr, result.output


@pytest.mark.slow
def test_a_year_after_the_last_one_learnt_from_is_judged_from_a_file(near, tmp_path):
    path = table(tmp_path, gdp(2024, "9500"))
    result = typed(
        "small", "--train-until", 2023, "--draws", 2, "--actuals", path, "--out", near, "--json", "--threads", 1
    )
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert [(point["series"], point["year"]) for point in answer["points"]] == [("gdp", 2024)]
    assert {path.name for path in near.iterdir()} >= {"backtest.nc", "backtest.html", "forecasts.png"}
