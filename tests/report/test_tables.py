"""How numbers become cells."""

import csv
import io
import json

import numpy as np
import pytest

from policymix.analysis.headline import headline
from policymix.analysis.targets import probabilities
from policymix.errors import InvalidValue
from policymix.report import style, tables, terminal


@pytest.fixture(scope="module")
def some_targets(target):
    return [
        target(
            "core_share", 0.10, id="t/share", sense="about", tolerance=0.005, indicator="core_industry_share_of_gdp"
        ),
        target("recognised:unicorn", 10, id="t/unicorn", place="zone", indicator="unicorn_firms"),
        target("gdp", 1e13, id="t/gdp"),
        target("", 0.5, id="t/rate", indicator="numerical_control_rate", untracked="no processes inside a firm"),
    ]


@pytest.fixture(scope="module")
def table(run, some_targets):
    return headline(run, some_targets)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1234.5, "1,234"), (12.34, "12.3"), (-0.00123, "−0.0012"), (float("nan"), "–"), (0.5, "0.500")],
)
def test_numbers_have_three_digits_and_a_true_minus(value, text):
    assert style.number(value) == text


def test_money_is_in_million_and_in_yi():
    assert tables.quantity(1.234e9, "CNY") == "1,234"
    assert tables.quantity(1.234e9, "CNY", "zh") == "12.3"
    assert tables.quantity(0.0993, "share").replace("\N{NO-BREAK SPACE}", " ") == "9.93 %"
    assert tables.quantity(0.0001, "probability").startswith("<")


def test_units_stand_in_the_label_where_the_cell_does_not_write_them(table):
    assert tables.label(table, "paid").endswith("million CNY")
    assert tables.label(table, "paid", "zh").endswith("亿元")
    assert tables.label(table, "core_share").endswith("2025")


def test_unresolved_differences_have_no_number(run):
    noisy = run["active_firms"] + np.where(run["mix"] == "both", 1.0, 0.0).reshape(1, 4, 1, 1, 1, 1, 1) * (
        np.random.default_rng(3).normal(0.0, 1e5, (1, 1, run.sizes["draw"], 1, 1, 1, 1))
    )
    found = headline(run.assign(active_firms=run["active_firms"].copy(data=noisy.transpose(*run["active_firms"].dims))))
    assert tables.cell(found, "active_firms_city", "both").second == "not resolved"
    assert tables.cell(found, "active_firms_city", "both", "zh").second == "未分辨"
    assert tables.cell(found, "active_firms_city", "htz-2022").second.startswith("+")


def test_cells_of_every_kind(table):
    assert tables.cell(table, "core_share", "both").second.endswith("pp")
    assert tables.cell(table, "core_share", "none").second.startswith("[")
    assert tables.cell(table, "probability t/gdp", "both").second == "no change"
    assert tables.cell(table, "paid", "none").first == "0"
    assert tables.cell(table, "paid", "both").second.startswith("[")
    assert tables.cell(table, "cost_per_investment", "none").first == "–"
    assert "s.e." in tables.cell(table, "probability t/share", "both").second


def test_misses_come_first_and_untracked_last(run, some_targets):
    rows = tables.scorecard(run, probabilities(run, some_targets))
    assert rows[0]["status"] == "missed"
    assert rows[0]["id"] == "t/gdp"
    assert rows[-1]["status"] == "untracked"
    assert rows[-1]["note"] == "no processes inside a firm"
    order = ["missed", "open", "met", "untracked"]
    places = [order.index(row["status"]) for row in rows]
    assert places == sorted(places)


def test_csv_and_json_keep_base_units(table, run, some_targets):
    lines = list(csv.DictReader(io.StringIO(tables.to_csv(table))))
    assert len(lines) == table.sizes["row"] * table.sizes["mix"]
    paid = next(line for line in lines if line["row"] == "paid" and line["mix"] == "both")
    assert float(paid["level_mean"]) == pytest.approx(float(table["level_mean"].sel(row="paid", mix="both")))
    content = json.loads(terminal.to_json(run, some_targets))
    assert content["draws"] == run.sizes["draw"]
    assert "NaN" not in terminal.to_json(run, some_targets)


def test_markdown_has_a_line_a_row(table):
    lines = tables.to_markdown(table).splitlines()
    assert sum(line.startswith("| ") for line in lines) == table.sizes["row"] + 1
    assert "2020 prices" in lines[0]


def test_totals_that_miss_come_first():
    rows = [
        {"key": "a", "title": {"en": "GDP", "zh": "总值"}, "published": 1.0, "synthetic": 1.01, "within": True},
        {"key": "b", "title": "firms", "published": 3000, "synthetic": 4000, "within": False},
    ]
    found = tables.compared_totals(rows)
    assert [row["title"] for row in found] == ["firms", "GDP"]
    assert found[0]["published"] == "3,000"


@pytest.mark.parametrize("lang", ["en", "zh", "both"])
@pytest.mark.parametrize("width", [80, 132])
def test_terminal_prints_in_every_language_and_width(run, some_targets, lang, width):
    from rich.console import Console

    console = Console(width=width, record=True, file=io.StringIO())
    terminal.print_report(run, some_targets, console=console, lang=lang)
    text = console.export_text()
    assert all(len(line) <= width for line in text.splitlines())
    assert ("missed" if lang != "zh" else "未达") in text
    assert "expected" in text  # an alarm rings: the made-up city gains more firms than its zone


def test_unknown_language_is_refused(table):
    with pytest.raises(InvalidValue, match="en, zh, both"):
        terminal.headline_table(table, "fr")


def test_a_single_run_shows_payments_but_no_differences(make_run):
    found = headline(make_run(draws=1))
    assert tables.cell(found, "paid", "both").first not in ("0", "not resolved")
    assert tables.cell(found, "investment", "both").second == "not resolved"
    assert tables.cell(found, "investment", "none").second == ""


def test_a_resolved_difference_too_small_for_its_digits_is_said_to_be_small():
    assert tables._points(2e-6, 1e-7, "en") == "+0 pp (< 0.001)"
    assert tables._points(-2e-6, 1e-7, "zh") == "−0 个百分点 (< 0.001)"
    assert tables._points(0.012, 0.002, "en") == "+1.2 pp (s.e. 0.2)"
