"""Answers: equal to a run's, shared where nothing differs, ended when nobody waits."""

import threading
from dataclasses import replace

import numpy as np
import pytest

import policymix
from policymix.analysis.selection import fullest_mix
from policymix.app import study
from policymix.app.content import contents
from policymix.app.crew import FIRST, LATER, Crew
from policymix.app.state import pinned, with_change, with_clause, with_mixes
from policymix.app.stock import Stock
from policymix.errors import NotFound, PolicymixError
from policymix.experiments.scenario import load_scenario
from policymix.policy.package import load

DRAWS = 3
SETTINGS = {"htz-2022/m4.pays.area_max": 500.0, "dalian-2021/4.pays.share.at_most": 0.3}


def asked(state, uploads=None, cancelled=None, draws=DRAWS):
    """All that is said to a state."""
    question = study.question_of(state, uploads or {}, draws)
    return list(study.answers(question, cancelled or threading.Event(), first_draws=1))


def last(state, **options):
    return asked(state, **options)[-1].results


def assert_same(one, other):
    assert set(one.data_vars) == set(other.data_vars)
    for name in other.data_vars:
        np.testing.assert_array_equal(one[name].values, other[name].values, err_msg=name)


def test_the_final_answer_is_that_of_a_run(small_state):
    said = asked(small_state)
    first, final = (each for each in said if isinstance(each, study.Answer))
    assert (first.final, final.final) == (False, True)
    assert first.results.sizes["draw"] == 1
    run = policymix.run(load_scenario("small"), draws=DRAWS)
    assert_same(final.results, run)
    assert final.results.attrs == run.attrs
    np.testing.assert_array_equal(first.results["paid"], run["paid"].isel(draw=[0]))


def test_changed_addresses_are_those_of_the_command_line(small_state):
    state = small_state
    for address, value in SETTINGS.items():
        state = with_change(state, address, value)
    assert_same(last(state), policymix.run(load_scenario("small"), draws=DRAWS, set=SETTINGS))


def test_other_mixes_bring_their_targets_and_opportunities(small_state):
    mixes = "none,qingdao-2023,htz-2022"
    assert_same(last(with_mixes(small_state, mixes)), policymix.run(load_scenario("small"), draws=DRAWS, mix=mixes))


def test_a_parameter_changes_the_baseline_too(small_state):
    settings = {"parameter.hassle_cost": 30_000.0}
    state = with_change(small_state, *next(iter(settings.items())))
    assert_same(last(state), policymix.run(load_scenario("small"), draws=DRAWS, set=settings))


def test_a_pinned_mix_keeps_what_it_had(small_state):
    before = last(small_state)
    state = with_clause(with_change(pinned(small_state, "both"), "htz-2022/s3.pays.amount", 0.0), "htz-2022/m4", False)
    after = last(state)
    for name in ("paid", "investment", "additional"):
        old, kept = before[name].sel(mix="both"), after[name].sel(mix="pinned")
        np.testing.assert_array_equal(old.sum(set(old.dims) - {"draw"}), kept.sum(set(kept.dims) - {"draw"}))
    paid = after["paid"].sum(["payer", "quarter", "draw", "replicate"]).sel(clause=["htz-2022/m4", "htz-2022/s3"])
    assert (paid.sel(mix="both") == 0.0).all()
    assert float(paid.sel(mix="pinned").sum()) > 0.0


def test_tables_sum_up_the_live_mix_and_not_the_pinned(small_state):
    results = asked(pinned(small_state, "both"), draws=1)[-1].results
    assert list(results["mix"].values) == ["none", "pinned", "dalian-2021", "htz-2022", "both"]
    assert fullest_mix(results) == "both"


def test_an_uploaded_package_can_be_mixed(small_state):
    package = replace(load("htz-2022"), extends=("htz-2022",))
    package = replace(package, head=package.head.model_copy(update={"id": "mine"}), raw={**package.raw, "id": "mine"})
    state = with_mixes(small_state, "none,mine.toml,htz-2022", ["mine.toml"])
    results = last(state, uploads={"mine.toml": package})
    np.testing.assert_array_equal(results["investment"].sel(mix="mine"), results["investment"].sel(mix="htz-2022"))


def test_one_text_with_another_origin_is_another_package(small_state):
    package = replace(load("htz-2022"), extends=())
    package = replace(package, head=package.head.model_copy(update={"id": "mine"}), raw={**package.raw, "id": "mine"})
    state = with_mixes(small_state, "none,mine.toml", ["mine.toml"])
    one, other = (
        study.question_of(state, {"mine.toml": replace(package, extends=extends)}, 1) for extends in ((), ("htz-2022",))
    )
    assert one.mark != other.mark
    assert one.marks["mine"] != other.marks["mine"]
    assert one.ground is not other.ground


def test_what_does_not_change_is_not_run_again(small_state, monkeypatch):
    asked(small_state)
    ran = []
    run_fork = study.run_fork
    monkeypatch.setattr(study, "run_fork", lambda unit, name, modes: ran.append(name) or run_fork(unit, name, modes))
    monkeypatch.setattr(study, "fork_unit", None)
    asked(small_state)
    assert ran == []
    asked(with_change(small_state, "htz-2022/s3.pays.amount", 123_456.0))
    assert set(ran) == {"htz-2022", "both"}
    assert len(ran) == 2 * 2 * DRAWS


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (lambda s: with_change(s, "htz-2022/m4.pays.aera_max", 1.0), "no address|unknown key"),
        (lambda s: with_change(s, "qingdao-2023/4.pays.amount", 1.0), "no address 'qingdao-2023/4.pays.amount'"),
        (
            lambda s: with_change(s, "dalian-2020/budget.amount.value", 5e7),
            "no address 'dalian-2020/budget.amount.value'",
        ),
        (lambda s: with_clause(s, "dalian-2020/1", False), "no clause 'dalian-2020/1'"),
        (lambda s: with_clause(s, "htz-2022/m99", False), "no clause 'htz-2022/m99'"),
        (lambda s: with_change(s, "parameter.nothing", 1.0), "no address 'parameter.nothing'"),
    ],
)
def test_names_that_do_not_exist(small_state, state, words):
    with pytest.raises(PolicymixError, match=words):
        study.question_of(state(small_state), {}, 1)


def test_a_cancelled_run_ends_without_an_answer(small_state):
    cancelled = threading.Event()
    state = with_change(small_state, "htz-2022/s3.pays.amount", 200_001.0)
    question = study.question_of(state, {}, 40)
    said = study.answers(question, cancelled, first_draws=1)
    assert isinstance(next(said), study.Progress)
    held = len(study.RESULTS)
    cancelled.set()
    assert not [each for each in said if isinstance(each, study.Answer)]
    assert len(study.RESULTS) - held < 20  # of 40 draws, 3 mixes and 2 treatments of prices


def test_the_sooner_wanted_goes_first():
    crew, order, gate = Crew(1), [], threading.Event()
    crew.submit(FIRST, gate.wait)
    later = [crew.submit(LATER, lambda n=n: order.append(("later", n))) for n in range(2)]
    dropped = crew.submit(FIRST, lambda: order.append(("dropped", 0)))
    first = crew.submit(FIRST, lambda: order.append(("first", 0)))
    assert dropped.cancel()
    gate.set()
    for future in (*later, first):
        future.result(timeout=10)
    assert order == [("first", 0), ("later", 0), ("later", 1)]


def test_who_changes_a_wish_keeps_the_place_in_the_queue():
    crew, order, gate = Crew(1), [], threading.Event()
    crew.submit(FIRST, gate.wait)
    mine = crew.turn()
    dropped = crew.submit(FIRST, lambda: order.append("mine, dropped"), mine)
    other = crew.submit(FIRST, lambda: order.append("other"))
    again = crew.submit(FIRST, lambda: order.append("mine"), mine)
    assert dropped.cancel()
    gate.set()
    for future in (other, again):
        future.result(timeout=10)
    assert order == ["mine", "other"]


def test_what_is_cancelled_before_its_turn_never_begins():
    crew, begun, gate, cancelled = Crew(1), [], threading.Event(), threading.Event()
    crew.submit(FIRST, gate.wait)
    cancelled.set()
    assert crew.awaited(FIRST, lambda: begun.append("cancelled"), cancelled) is None
    gate.set()
    assert crew.awaited(FIRST, lambda: "mine", threading.Event()) == "mine"
    assert not begun


def test_a_preliminary_answer_has_its_scorecard(small_state):
    question = study.question_of(small_state, {}, DRAWS)
    said = study.answers(question, threading.Event(), first_draws=1)
    first = next(each for each in said if isinstance(each, study.Answer))
    said.close()
    assert first.results["prices"].values.tolist() == ["free"]  # nothing has run at frozen ones
    (table,) = next(contents("targets", first.results, question.inputs.targets, "en", {}))["tables"]
    assert table["rows"]


def test_mixes_run_from_where_they_begin(small_state, monkeypatch):
    begun = []
    run_fork = study.run_fork
    study.RESULTS.clear()
    study.BASELINES.clear()
    monkeypatch.setattr(
        study,
        "run_fork",
        lambda unit, name, modes: begun.append(unit.pauses.get(unit.begins[name])) or run_fork(unit, name, modes),
    )
    asked(small_state, draws=1)
    assert begun
    assert all(paused is not None for paused in begun)


def test_a_stock_makes_once_and_forgets_the_longest_unused():
    stock, made = Stock(2), []
    for key in ("a", "b", "a", "c", "a", "b"):
        assert stock.get(key, lambda key=key: made.append(key) or key) == key
    assert made == ["a", "b", "c", "b"]
    assert len(stock) == 2


def test_a_thing_that_is_being_made_is_not_there_yet():
    stock, there = Stock(2), []
    stock.get("a", lambda: there.append("a" in stock))
    assert there == [False]
    assert "a" in stock


def test_what_failed_is_tried_again():
    stock = Stock(2)
    with pytest.raises(NotFound):
        stock.get("a", lambda: (_ for _ in ()).throw(NotFound("thing", "a", [])))
    assert stock.get("a", lambda: 1) == 1


@pytest.mark.slow
def test_ten_visitors_at_once_get_what_each_would_get_alone(small_state):
    states = [with_change(small_state, "htz-2022/s3.pays.amount", 1000.0 * number) for number in range(10)]
    together, crew = {}, Crew(2)

    def visit(number):
        question = study.question_of(states[number], {}, DRAWS)
        together[number] = list(study.answers(question, threading.Event(), crew, first_draws=1))[-1].results

    threads = [threading.Thread(target=visit, args=[number]) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    study.RESULTS.clear()
    paid = set()
    for number, state in enumerate(states):
        alone = last(state)
        assert_same(together[number], alone)
        paid.add(float(alone["paid"].sum()))
    assert len(paid) == 10
