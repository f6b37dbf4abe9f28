"""Players of a mix: what they are, what they may not be, and that together they are the whole mix of a run."""

import os

import numpy as np
import pytest

from policymix.analysis.attribution import attribute
from policymix.analysis.differences import against_baseline
from policymix.analysis.selection import total
from policymix.engine.timetable import FREE
from policymix.engine.unit import fork_unit, run_fork
from policymix.errors import InvalidValue, NotFound, RunFailed
from policymix.experiments import coalitions, runner
from policymix.experiments.scenario import with_options
from policymix.policy.package import load
from policymix.policy.versions import keeping


@pytest.fixture(scope="module")
def short(small):
    return with_options(small, set={"run.end": "2022Q4"}, draws=2)


def test_clauses_that_do_nothing_are_no_players(short):
    game = coalitions.game_of(short, "both", "clause")
    names = [player.name for player in game.players]
    inert = [f"{id}/{clause.id}" for id, package in game.packages.items() for clause in package.clause if clause.inert]
    assert inert and not set(inert) & set(names)
    assert "dalian-2021/opportunities" in names and "htz-2022/opportunities" not in names
    assert len(set(names)) == len(names) == sum(len(player.parts) for player in game.players)


def test_named_players_leave_a_rest(short):
    game = coalitions.game_of(short, "both", ["htz-2022", "dalian-2021/1"])
    assert [player.name for player in game.players] == ["htz-2022", "dalian-2021/1", "rest"]
    assert ("dalian-2021", "opportunities") in game.players[2].parts


@pytest.mark.parametrize(
    ("mix", "players", "error", "words"),
    [
        ("both", ["htz-2022", "htz-2022/m4"], InvalidValue, "htz-2022/m4 and htz-2022, which share htz-2022/m4"),
        ("both", ["dalian-2021/1", "dalian-2021/1"], InvalidValue, "which share"),
        ("both", ["htz-2023"], NotFound, "htz-2022"),
        ("both", ["htz-2022/m44"], NotFound, "htz-2022/m4"),
        ("both", "clauses", NotFound, "clause"),
        ("htz-2022", "package", InvalidValue, "two or more parts"),
        ("none", "clause", InvalidValue, "one mix"),
        ("htz-2022,dalian-2021", "clause", InvalidValue, "one mix"),
    ],
)
def test_players_that_have_no_shares_are_refused(short, mix, players, error, words):
    with pytest.raises(error, match=words):
        coalitions.game_of(short, mix, players)


def test_an_outcome_that_nobody_knows_is_refused(short):
    with pytest.raises(NotFound, match="investment"):
        coalitions.game_of(short, "both", "package", "investments")


def test_rules_go_on_among_the_clauses_that_are_left():
    package = load("htz-2022")
    kept = keeping(package, {"m3-start", "m4"})
    assert [clause.id for clause in kept.clause] == ["m3-start", "m4"]
    assert [rule.clauses for rule in kept.head.limit] == [["m3-start"]]
    assert keeping(package, {"m4"}).head.limit == []
    assert [rule.clauses for rule in package.head.limit] == [["m3-capital", "m3-start"]]
    with pytest.raises(NotFound, match="m4"):
        keeping(package, {"m44"})


@pytest.mark.parametrize("outcome", ["investment", "paid"])
def test_all_players_have_the_difference_of_the_run(short, outcome):
    table = attribute(short, "both", by="package", outcome=outcome)
    run = runner.run(with_options(short, mix="none,both"))
    if outcome == "paid":
        expected = (run["paid"] - run["recovered"]).sel(mix="both").sum(["quarter", "clause", "payer"])
    else:
        expected = against_baseline(total(run, "investment"), "none").sel(mix="both")
    assert table["total"].values.ravel() == pytest.approx(expected.values.ravel(), abs=0.5)
    assert table["by_run"].sel(share="shapley").sum("player").values == pytest.approx(table["total"].values, rel=1e-9)
    assert abs(table["total"].values).min() > 0.0


def test_money_of_packages_that_do_not_compete_is_their_own(short):
    """Budgets are the packages' own: alone or last in, a package pays nearly the same, and packages share the total."""
    table = attribute(short, "both", by="package", outcome="paid").sel(player="dalian-2021")
    first, last = (float(table["mean"].sel(share=share)) for share in ("first_in", "last_in"))
    assert first > 0.0 and last == pytest.approx(first, rel=0.25)


def test_a_package_without_its_opportunities_has_none(short):
    """The opportunities' demand comes with their player and with nobody else."""
    game = coalitions.game_of(short, "dalian-2021", ["dalian-2021/opportunities"])
    setting = coalitions.setting_for(game, [frozenset([0]), frozenset([1]), frozenset([0, 1])])
    opened = {row.package for row in setting.outside if row.per_year is None}
    assert opened == {"dalian-2021.opportunities"}
    held = {name: [package.id for package in setting.mixes[name].packages] for name in ("0", "1", "0+1")}
    assert "dalian-2021.opportunities" in held["0"] and "dalian-2021" not in held["0"]
    assert "dalian-2021.opportunities" not in held["1"] and "dalian-2021" in held["1"]
    assert {"dalian-2021.opportunities", "dalian-2021"} <= set(held["0+1"])


def test_a_coalition_is_worth_the_same_whatever_others_are_asked_for(short):
    """And what is asked once of a clause for all coalitions is what is asked for one alone."""
    game = coalitions.game_of(short, "both", ["htz-2022", "dalian-2021/1", "dalian-2021/opportunities"])
    asked = [frozenset(each) for each in ([0], [1], [2, 3], [0, 1, 2, 3])]
    together = coalitions.values_of(game, 1, 0, asked)
    assert together[coalitions.EMPTY] == 0.0 and len({*together.values()}) == len(asked) + 1
    for members in asked:
        assert coalitions.values_of(game, 1, 0, [members])[members] == together[members]


def test_outcomes_are_the_same_without_the_appraisal(short):
    game = coalitions.game_of(short, "both", "package")
    setting = coalitions.setting_for(game, [frozenset([0])])
    numbers = dict(game.inputs.fixed) | dict(zip(game.names, game.values[0].tolist(), strict=True))
    unit = fork_unit(setting, numbers, short.seed, 0)
    ((whole, _),), ((lean, _),) = (list(run_fork(unit, "0", (FREE,), fields=each)) for each in (("table",), ()))
    assert whole.appraisal is not None and lean.appraisal is None
    for name, table in whole.out._asdict().items():
        assert np.array_equal(table, getattr(lean.out, name)), name


@pytest.mark.parametrize("workers", [{"threads": 1}, pytest.param({"processes": 2}, marks=pytest.mark.slow)])
def test_shares_do_not_depend_on_who_works_them_out(short, workers):
    seen = []
    found = attribute(short, "both", by="package", **workers, progress=lambda *done: seen.append(done))
    assert found.identical(attribute(short, "both", by="package", threads=2))
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_threads_and_processes_are_not_asked_for_together(short):
    with pytest.raises(InvalidValue, match="both --threads and --processes"):
        attribute(short, "both", threads=1, processes=1)


def dying(game, draw, replicate):
    os._exit(9)


def refusing(game, draw, replicate):
    raise InvalidValue(game.mix, f"draw {draw}", "another")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("work", "error", "words"),
    [
        (dying, RunFailed, "draw 0 replicate 0: its process died 4 times; if memory is short"),
        (refusing, InvalidValue, "both: found draw [01]; expected another"),
    ],
)
def test_what_goes_wrong_in_a_process_is_a_sentence(short, work, error, words):
    game = coalitions.game_of(short, "both", "package")
    with pytest.raises(error, match=words):
        coalitions.in_units(game, work, lambda *found: None, processes=1)
