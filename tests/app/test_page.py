"""The page without a browser: its events, and the widget of a notebook."""

import base64
import json
import os
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("solara")

import solara
import xarray

from policymix.app import Page, acts, memory, page, study, words
from policymix.app.acts import begin, decoded, mix_asked, moved, own_package, own_packages, pin_of, with_added, without
from policymix.app.crew import FIRST, Crew
from policymix.app.downloads import package_toml
from policymix.app.page import with_former
from policymix.app.state import Pin, first_state, query_of, with_change, with_clause
from policymix.app.study import Answer
from policymix.app.uploads import LARGEST, uploaded_package
from policymix.errors import InvalidFile, InvalidValue, NotFound


def test_an_address_that_is_wrong_begins_with_the_first_state(small_state):
    assert begin("") == (first_state(), "")
    assert begin("scenario=small") == (small_state, "")
    state, message = begin("scenario=small&set=htz-2022/m4.pays.aera_max=1")
    assert state == first_state()
    assert "aera_max" in message


MINE = uploaded_package("mine.toml", b'extends = "htz-2022"\nid = "mine"\n')


def test_an_address_with_an_upload_is_restored_by_its_download(small_state):
    uploads = {"mine.toml": MINE}
    state = with_added(small_state, ["mine.toml"], uploads)
    state = with_change(with_change(state, "mine/m4.pays.area_max", 500.0), "mine/s3.pays.amount", 1.0)
    state = with_clause(pin_of(with_clause(state, "mine/s3", False), "mine"), "htz-2022/m1", False)
    query = query_of(state)
    assert "mine.toml, which this page does not have" in begin(query)[1]
    assert begin(query, uploads)[1] == ""
    taken = uploaded_package("mine.toml", package_toml(own_package(state, uploads, "mine.toml")))
    back, trouble = begin(query, {"mine.toml": taken})
    assert (trouble, back.mixes, back.pin.mix) == ("", state.mixes, "mine")
    assert (back.versions.changes, back.versions.off) == ({"mine/m4.pays.area_max": 500.0}, {"htz-2022/m1"})
    assert back.pin.versions.off == frozenset()
    assert "m99" in begin(query.replace("htz-2022/m1", "htz-2022/m99"), uploads)[1]


def test_the_page_keeps_an_address_until_its_upload_is_there(small_state, monkeypatch):
    monkeypatch.setattr(page, "answers", lambda *_, **__: iter(()))
    query = "scenario=small&mix=none,htz-2022,mine.toml"
    answer, chosen, context = opened(query)
    awaited(lambda: "mine.toml, which this page does not have" in answer.message)
    assert chosen.query == query
    content = base64.b64encode(package_toml(MINE)).decode()
    chosen.vue_upload({"name": "mine.toml", "content": content})
    awaited(lambda: (answer.message, chosen.query, chosen.uploaded) == ("", query, ["mine.toml"]))
    awaited(lambda: [mix["name"] for mix in chosen.mixes] == ["none", "htz-2022", "mine"])
    chosen.vue_remove_mix("mine")
    awaited(lambda: chosen.query == "scenario=small&mix=none,htz-2022")
    context.close()


def test_mixes_come_and_go_with_their_changes(small_state):
    state = with_change(with_added(small_state, ["qingdao-2023"], {}), "qingdao-2023/4.pays.amount", 1.0)
    state = with_clause(state, "qingdao-2023/5a", False)
    assert list(state.mixes) == [*small_state.mixes, "qingdao-2023"]
    assert without(state, "qingdao-2023", {}) == small_state
    with pytest.raises(InvalidValue, match="a different name"):
        with_added(small_state, ["htz-2022"], {})


def test_the_pin_forgets_packages_that_are_gone(small_state):
    state = with_clause(with_change(small_state, "htz-2022/s3.pays.amount", 1.0), "htz-2022/m4", False)
    state = without(without(pin_of(state, "dalian-2021"), "htz-2022", {}), "both", {})
    assert state.pin == Pin("dalian-2021")
    assert begin(query_of(state)) == (state, "")
    kept = without(pin_of(with_change(small_state, "parameter.hassle_cost", 1.0), "both"), "htz-2022", {})
    assert kept.pin == Pin("both", kept.versions)


def test_the_calculator_is_about_one_mix(small_state):
    assert mix_asked(small_state, None) == mix_asked(small_state, "gone") == "both"
    held = {mix: [each.id for each in own_packages(small_state, {}, mix)] for mix in small_state.mixes}
    assert held == {"none": [], **{mix: list(small_state.mixes[mix]) for mix in ("dalian-2021", "htz-2022", "both")}}
    changed = with_clause(small_state, "htz-2022/m4", False)
    (package,) = own_packages(changed, {}, mix_asked(changed, "htz-2022"))
    assert "m4" not in {clause.id for clause in package.clause}


def test_the_total_is_told_of_the_chosen_mix(small_state, monkeypatch):
    monkeypatch.setattr(page, "answers", lambda *_, **__: iter(()))
    box, context = solara.render(Page(query="scenario=small"), handle_error=False)
    calculator = next(each for each in widgets_of(box) if hasattr(each, "form_text"))
    assert (calculator.mixes, calculator.mix) == (["dalian-2021", "htz-2022", "both"], "both")
    both = json.loads(calculator.form_text)["kinds"]
    calculator.vue_choose_mix("htz-2022")
    awaited(lambda: len(json.loads(calculator.form_text)["kinds"]) < len(both))
    facts = {"place": "zone", "started_on": "2022-09-01", "how": "move_in", "designated_building": "yes",
             "fields": ["technology"], "area": "3000", "rent": "40", "months": "36"}  # fmt: skip
    calculator.vue_calculate({"kind": "lease", "facts": facts})
    awaited(lambda: calculator.entitled)
    assert (calculator.entitled["mix"], calculator.entitled["total"]) == ("htz-2022", "1,920,000.00 CNY")
    calculator.vue_choose_mix("dalian-2021")
    awaited(lambda: calculator.entitled is None)
    context.close()


def test_events_that_no_page_of_ours_sends(small_state):
    with pytest.raises(NotFound):
        pin_of(small_state, "nobody")
    with pytest.raises(InvalidValue, match="a number"):
        moved(small_state, {"address": "htz-2022/m4.pays.area_max", "value": "1"})
    with pytest.raises(InvalidFile, match="expected a file"):
        decoded({"name": "x.toml", "content": "not base64!"})
    with pytest.raises(InvalidFile, match="at most 262,144 bytes"):
        decoded({"name": "x.toml", "content": "A" * (2 * LARGEST)})
    assert decoded({"name": "x.toml", "content": base64.b64encode(b"id = 1").decode()}) == b"id = 1"


def test_former_figures_stay_until_new_ones_are_drawn():
    one, two = (1, "money", "en"), (2, "money", "en")
    empty = (None, page.EMPTY, ("", ""), False)
    first = with_former(empty, one, {"tables": [1], "figures": ["a"]})
    assert first[3]
    second = with_former(first, two, {"tables": [2], "figures": []})
    assert second[2] == ("[2]", '["a"]')
    assert not second[3]
    assert with_former(first, (2, "paths", "en"), {"tables": [], "figures": []})[1]["figures"] == []


def test_every_word_is_there_in_both_languages():
    assert words.words("en").keys() == words.words("zh").keys()
    assert all(text for lang in ("en", "zh") for text in words.words(lang).values())


def widgets_of(widget):
    """A widget and all below it."""
    yield widget
    for child in getattr(widget, "children", ()):
        if not isinstance(child, str):
            yield from widgets_of(child)


def opened(query="scenario=small"):
    """A page as a widget: its answer, its choices, and its context."""
    box, context = solara.render(Page(query=query), handle_error=False)
    every = list(widgets_of(box))
    return next(w for w in every if hasattr(w, "tables_text")), next(w for w in every if hasattr(w, "offered")), context


def awaited(true):
    """Wait until something holds."""
    until = time.monotonic() + 120.0
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
    assert true()


def breaks(*_, **__):
    raise ZeroDivisionError("a mistake of ours")


def test_an_error_in_a_run_ends_the_waiting(small_state, monkeypatch):
    monkeypatch.setattr(page, "question_of", breaks)
    answer, _, context = opened()
    awaited(lambda: answer.message)
    assert "ZeroDivisionError" in answer.message
    awaited(lambda: not answer.busy)
    context.close()


def test_an_error_in_the_choices_is_told_and_the_page_goes_on(small_state, monkeypatch):
    monkeypatch.setattr(page, "answers", lambda *_, **__: iter(()))
    answer, chosen, context = opened()
    offered, breaking = chosen.offered, [True]
    monkeypatch.setattr(page, "offer", lambda state, uploads: breaks() if breaking else acts.offer(state, uploads))
    chosen.vue_add_mix(["qingdao-2023"])
    awaited(lambda: "ZeroDivisionError" in answer.message)
    assert chosen.offered == offered  # the former ones, which can be used
    answer.vue_close_message(None)
    awaited(lambda: answer.message == "")
    breaking.clear()
    chosen.vue_remove_mix("htz-2022")
    packages = ["dalian-2021", "htz-2022", "qingdao-2023"]
    awaited(lambda: [pack["name"] for pack in json.loads(chosen.offered)["packages"]] == packages)
    assert answer.message == ""
    awaited(lambda: not answer.busy)
    context.close()


def test_a_page_whose_choices_cannot_be_drawn_at_all_still_answers(small_state, monkeypatch):
    monkeypatch.setattr(page, "answers", lambda *_, **__: iter(()))
    monkeypatch.setattr(page, "offer", breaks)
    monkeypatch.setattr(page.choices, "claim_form", breaks)
    box, context = solara.render(Page(query="scenario=small"), handle_error=False)
    answer = next(each for each in widgets_of(box) if hasattr(each, "tables_text"))
    calculator = next(each for each in widgets_of(box) if hasattr(each, "form_text"))
    awaited(lambda: answer.message and calculator.message)
    assert "ZeroDivisionError" in answer.message
    assert "ZeroDivisionError" in calculator.message
    awaited(lambda: not answer.busy)
    context.close()


def test_a_mistake_of_ours_in_an_event_is_told(small_state, monkeypatch):
    monkeypatch.setattr(page, "answers", lambda *_, **__: iter(()))
    answer, chosen, context = opened()
    chosen.vue_change({"no": "address"})
    awaited(lambda: answer.message)
    assert "KeyError" in answer.message
    awaited(lambda: not answer.busy)
    context.close()


def test_an_error_in_a_table_or_a_download_ends_the_waiting(small_state, monkeypatch):
    results = xarray.Dataset(coords={"draw": range(20)})
    monkeypatch.setattr(page, "answers", lambda *_, **__: iter([Answer(results, True)]))
    monkeypatch.setattr(page, "shared_contents", breaks)
    monkeypatch.setattr(page.downloads, "package_toml", breaks)
    answer, _, context = opened()
    awaited(lambda: answer.message)
    assert "ZeroDivisionError" in answer.message
    awaited(lambda: not answer.old)
    answer.vue_close_message(None)
    answer.vue_fetch_file({"kind": "toml", "package": "htz-2022"})
    awaited(lambda: answer.message)
    awaited(lambda: not answer.preparing)
    context.close()


def test_no_former_figures_stand_beside_tables_whose_own_failed():
    one, two = (1, "money", "en"), (2, "money", "en")
    first = with_former((None, page.EMPTY, ("", ""), False), one, {"tables": [1], "figures": ["a"]})
    assert page.ended(first, one) is first
    second = with_former(first, two, {"tables": [2], "figures": []})
    assert page.ended(second, two)[1] == {"tables": [2], "figures": []}
    assert page.ended(first, two)[1] == page.EMPTY


def test_a_change_that_is_changed_again_before_its_turn_costs_nothing(small_state, monkeypatch):
    crew, gate, asked = Crew(1), threading.Event(), []
    monkeypatch.setattr(page, "shared_crew", lambda: crew)
    monkeypatch.setattr(page, "question_of", lambda state, uploads: asked.append(dict(state.versions.changes)))
    address = "htz-2022/s3.pays.amount"
    crew.submit(FIRST, gate.wait)
    answer, chosen, context = opened()
    for value in (1.0, 2.0, 3.0):
        chosen.vue_change({"address": address, "value": value})
    gate.set()
    awaited(lambda: not answer.busy)
    assert asked == [{address: 3.0}]
    context.close()


def test_a_refused_change_takes_no_place_in_the_queue(small_state, monkeypatch):
    crew, turns = Crew(1), []
    monkeypatch.setattr(page, "shared_crew", lambda: crew)
    monkeypatch.setattr(page, "answers", lambda *_, turn, **__: turns.append(turn) or iter(()))
    answer, chosen, context = opened()
    awaited(lambda: not answer.busy)
    chosen.vue_change({"address": "htz-2022/s3.pays.amount", "value": -5.0})
    awaited(lambda: answer.message and not answer.busy)
    between = crew.turn()
    chosen.vue_change({"address": "htz-2022/s3.pays.amount", "value": 5.0})
    awaited(lambda: len(turns) == 2 and not answer.busy)
    assert turns[0] < between < turns[1]
    context.close()


@pytest.mark.slow
def test_it_is_a_widget_that_answers_and_stops_when_it_is_closed(small_state):
    answer, chosen, context = opened()
    awaited(lambda: answer.status.startswith("Final answer") and not answer.old)
    tables, figures = json.loads(answer.tables_text), json.loads(answer.figures_text)
    assert tables[0]["columns"] == list(small_state.mixes)
    assert figures[0]["src"].startswith("data:image/svg+xml;base64,")
    chosen.vue_change({"address": "htz-2022/s3.pays.amount", "value": 234_567.0})
    awaited(lambda: answer.busy and answer.done > 0)
    context.close()
    time.sleep(2.0)  # what is under way ends
    held = len(study.RESULTS)
    time.sleep(2.0)
    assert len(study.RESULTS) == held


def test_the_answer_of_a_visitor_who_has_left_is_let_go(small_state, monkeypatch):
    monkeypatch.setattr(memory, "AFTER", 0.1)
    monkeypatch.setattr(memory, "give_back", lambda: given.append(1))
    given = []
    results = xarray.Dataset({"paid": ("draw", [1.0, 2.0])})
    monkeypatch.setattr(page, "answers", lambda *_, **__: iter([Answer(results, True)]))
    monkeypatch.setattr(page, "shared_contents", lambda *_: iter([{"tables": [], "figures": ["drawn"]}]))
    answer, _, context = opened()
    awaited(lambda: not answer.old)
    assert list(results.data_vars) == ["paid"]
    context.close()
    awaited(lambda: given)
    assert not results.data_vars


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take memory back by themselves")
def test_free_memory_goes_back_to_the_system():
    pieces = [bytearray(50_000) for _ in range(4_000)]
    del pieces[::2]
    held = resident()
    memory.give_back()
    assert resident() < held - 50_000_000
    del pieces


def resident():
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
