"""What the page shows of an answer: every tab has its numbers with units, in both languages."""

import threading

import pytest

from policymix.app import content
from policymix.app.state import with_change, with_clause
from policymix.app.study import answers, question_of
from policymix.app.words import TABS
from policymix.errors import NotFound
from policymix.report.names import names_of


@pytest.fixture
def answered(small_state):
    question = question_of(small_state, {}, 2)
    return question, list(answers(question, threading.Event(), first_draws=1))[-1].results


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("tab", TABS)
def test_tables_come_first_and_fit_their_columns(answered, tab, lang):
    question, results = answered
    first = next(content.contents(tab, results, question.inputs.targets, lang, names_of(results, question.inputs)))
    assert first["figures"] == []
    for table in first["tables"]:
        assert table["title"]
        assert all(len(cells) == len(table["columns"]) for _, cells in table["rows"])
    headings = [table["title"] for table in first["tables"]]
    assert len(set(headings)) == len(headings)
    if tab == "overview":
        units = "亿元" if lang == "zh" else "million CNY"
        labels = [label for label, _ in first["tables"][0]["rows"]]
        assert sum(units in label for label in labels) >= 3


def test_tables_of_clauses_say_which_mix_and_name_the_clauses(answered):
    question, results = answered
    names = names_of(results, question.inputs)
    first = next(content.contents("additionality", results, question.inputs.targets, "en", names))
    assert [table["title"].split(":")[0] for table in first["tables"]] == 2 * ["dalian-2021", "htz-2022", "both"]
    labels = {label for table in first["tables"] for label, _ in table["rows"]}
    assert f"dalian-2021/4 {names['dalian-2021/4'][0]}" in labels


def test_figures_come_with_their_size_and_words(answered):
    question, results = answered
    *_, whole = content.contents("money", results, question.inputs.targets, "zh", {})
    (figure,) = whole["figures"]
    assert figure["src"].startswith("data:image/svg+xml;base64,")
    assert figure["width"] > figure["height"] > 100
    assert "钱花在哪里" in figure["alt"]


def test_the_same_answer_is_drawn_once_for_all(answered, monkeypatch):
    question, results = answered
    first = list(content.shared_contents("mark", "money", results, question.inputs.targets, "en", {}))
    assert len(first) == 2
    monkeypatch.setattr(content, "PAGES", {})
    assert list(content.shared_contents("mark", "money", results, [], "en", {})) == first[1:]


def test_equal_questions_have_equal_marks(small_state):
    one = question_of(small_state, {}, 1)
    assert one.mark == question_of(small_state, {}, 1).mark
    others = with_change(small_state, "htz-2022/s3.pays.amount", 1.0), with_clause(small_state, "htz-2022/s3", False)
    assert len({one.mark, *(question_of(other, {}, 1).mark for other in others)}) == 3


def test_a_tab_that_there_is_not(answered):
    with pytest.raises(NotFound, match="no tab 'maps'"):
        next(content.contents("maps", answered[1], [], "en", {}))
