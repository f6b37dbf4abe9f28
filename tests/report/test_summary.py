"""The answer in five sentences says what the tables say."""

import re

import pytest

from policymix.analysis.alarms import Alarm
from policymix.report import summary, tables
from policymix.report.answer import answer
from policymix.report.trust import Verdicts


@pytest.fixture(scope="module")
def known(run, target):
    chosen = [target("core_share", 0.10, id="t/share"), target("gdp", 1e13, id="t/gdp")]
    return answer(run, chosen)


@pytest.fixture(scope="module")
def trust():
    return [Verdicts("facts", "事实", 12, 13, (("S8", "S8"),), False, "policymix facts")]


def told(run, known, trust, lang):
    return summary.sentences(run, known, tables.scorecard(run, known.chances, lang), trust, lang)


def test_numbers_are_those_of_the_tables(run, known, trust):
    lines = told(run, known, trust, "en")
    for row in ("paid", "investment_gross", "investment_additional", "additional_share"):
        cell = tables.cell(known.table, row, "both")
        assert f"{cell.first} {cell.second}".strip() in lines[0]
    share = tables.cell(known.table, "core_share", "both")
    assert any(f"reaches {share.first} ({share.second})" in line for line in lines)
    assert any("Of 2 targets" in line and "GDP > " not in line and "GDP ≥ 10,000 bn CNY" in line for line in lines)
    assert "12 of 13 tests" in lines[-1]


def test_chinese_has_no_english_words(run, known, trust):
    text = "".join(told(run, known, trust, "zh")).replace("“both”", "").replace("“none”", "").replace("GDP", "")
    assert "财政" in text and not re.search("[A-Za-z]{2,}", text)


def test_a_run_of_the_baseline_alone_has_no_answer(make_run):
    alone = make_run(draws=2, mixes={"none": []})
    assert summary.sentences(alone, answer(alone), [], [], "en") == []


def test_an_alarm_in_chinese_has_chinese_units():
    alarm = Alarm("paid", 1.2, (0.15, 0.6), "warn", "both", "paid a year", "年均兑付", "bn CNY")
    assert str(alarm) == "paid a year (both): 1.2 bn CNY, expected 0.15 to 0.6 bn CNY: unusual"
    assert alarm.zh == "年均兑付(both):12亿元,预期 1.5 至 6亿元:异常"
