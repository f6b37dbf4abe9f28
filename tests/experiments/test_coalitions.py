"""Players of a mix: what they are, what they may not be, and that together they are the whole mix of a run."""

import pytest

from policymix.analysis.attribution import attribute
from policymix.analysis.differences import against_baseline
from policymix.analysis.selection import total
from policymix.errors import InvalidValue, NotFound
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
