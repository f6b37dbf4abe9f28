"""What is recommended, from runs written by hand: no simulation."""

from types import SimpleNamespace

import numpy as np
import pytest

from policymix.analysis import design as room
from policymix.analysis.design import Member
from policymix.analysis.recommendation import level_error
from policymix.errors import RunFailed
from policymix.experiments.coalitions import OUTCOMES
from policymix.experiments.design_problem import Goal, load_problem
from policymix.report.design import design_pages, verdict

MILLION = 1e6
COLUMNS = list(OUTCOMES)


def runs(investment, paid):
    """float64[draw, column] in CNY from millions of investment and of payment."""
    numbers = np.zeros((len(investment), len(COLUMNS)))
    numbers[:, COLUMNS.index("investment")] = np.array(investment) * MILLION
    numbers[:, COLUMNS.index("paid")] = np.array(paid) * MILLION
    return numbers


def shop_of(monkeypatch, known, draws, fresh, goal=None, failures=()):
    """A workshop whose numbers are looked up by name."""
    problem = load_problem({
        "id": "hand", "title": {"en": "Hand", "zh": "手算"}, "scenario": "hand", "published": "old,older",
        "budget": {"amount": 100 * MILLION}, "draws": draws, "fresh": fresh, "lever": [{"clause": "old/*"}],
        "goal": [goal or {"outcome": "investment"}],
    })  # fmt: skip
    scenario = SimpleNamespace(id="hand", baseline="none", seed=1)
    region = SimpleNamespace(reference=SimpleNamespace(year=2020))
    trials = SimpleNamespace(
        units={}, values=np.zeros((draws + fresh, 1)), priors=[SimpleNamespace(name="p")], scenario=scenario,
        inputs=SimpleNamespace(region=region, packages={"old": [], "older": []}),
    )  # fmt: skip
    samples = {"search": range(draws), "fresh": range(draws, draws + fresh)}
    book = SimpleNamespace(trials=trials, samples=samples, columns=COLUMNS, failures=list(failures))
    monkeypatch.setattr(
        room, "numbers_of", lambda _, some, sample, hold=False: {name: known[name][sample] for name in some}
    )
    return SimpleNamespace(problem=problem, book=book, levers=SimpleNamespace(listed=[]))


def member(name, factor=None):
    return Member(name, [], name, None if factor else (True,), factor or np.nan)


def table_of(monkeypatch, fresh, goal=None, seen=None, refused=()):
    """The final table of members by name (millions of investment and of payment in fresh draws)."""
    known = {
        name: {"search": runs(*(seen or {}).get(name, ([9.0, 9.0], [99.9, 99.9]))), "fresh": runs(*each)}
        for name, each in fresh.items()
    }
    shop = shop_of(monkeypatch, known, 2, len(next(iter(fresh.values()))[0]), goal)
    members = [member(name, None if name.startswith("d") else 2.0) for name in fresh]
    tried = SimpleNamespace(points=[(True,)], feasible=np.array([True]))
    return room._table(shop, tried, members, set(), list(refused))


def recommended(table):
    return str(table["member"].values[int(table["recommended"].values.argmax())])


LEVEL = [90.0] * 40
STEADY = np.linspace(50.0, 54.0, 40).tolist()
RISKY = [*np.linspace(10.0, 12.0, 8), *np.linspace(90.0, 96.0, 32)]


def test_a_quantile_goal_recommends_by_the_quantile(monkeypatch):
    fresh = {"d1": (STEADY, LEVEL), "old": (RISKY, LEVEL), "older": ([20.0] * 40, LEVEL)}
    by_mean = table_of(monkeypatch, fresh)
    assert recommended(by_mean) == "old" and by_mean.attrs["best_published"] == "old"
    table = table_of(monkeypatch, fresh, {"outcome": "investment", "quantile": 0.1})
    assert table.attrs["best_published"] == "older" and recommended(table) == "d1" and table.attrs["beaten"] == 1
    gap = np.quantile(STEADY, 0.1) - 20.0
    assert float(table["difference"].sel(member="d1")) == pytest.approx(gap * MILLION)
    assert table.attrs["threshold"] == pytest.approx(20.0 * MILLION)
    assert float(table["difference"].sel(member="older")) == 0.0 and not bool(table["resolved"].sel(member="older"))


def test_the_error_of_a_quantile_is_that_of_many_samples():
    rng, goal = np.random.default_rng(3), Goal(outcome="investment", quantile=0.5)
    samples = rng.normal(size=(400, 60))
    shared = rng.normal(size=(400, 60))
    truth = np.median(samples, axis=1).std()
    assert np.mean([level_error(goal, row) for row in samples[:40]]) == pytest.approx(truth, rel=0.25)
    paired = level_error(goal, shared[0] + 1.0, shared[0])
    assert paired == pytest.approx(0.0, abs=1e-12)


def test_what_overspends_in_fresh_draws_does_not_win(monkeypatch):
    rich, poor = np.linspace(80.0, 84.0, 40).tolist(), np.linspace(50.0, 54.0, 40).tolist()
    over = table_of(monkeypatch, {"d1": (rich, [130.0] * 40), "old": (poor, LEVEL)})
    assert recommended(over) == "old" and over.attrs["beaten"] == 0
    assert over["within"].values.tolist() == [False, True]
    assert "In fresh draws d1 pays 130 million CNY and old 90.0." in verdict(over)
    both = table_of(monkeypatch, {"d1": (rich, [130.0] * 40), "old": (poor, [140.0] * 40)})
    assert recommended(both) == "d1"  # over the budget, for less than the other pays
    within = table_of(monkeypatch, {"d1": (rich, [95.0] * 40), "old": (poor, LEVEL)})
    assert recommended(within) == "d1" and "支付 0.950 亿元" in verdict(within, "zh")


def notes_of(table, lang="en"):
    return " | ".join(design_pages(table, lang)[0].notes)


def test_a_design_that_failed_is_not_recommended(monkeypatch):
    broken, whole = ([np.nan] * 40, [np.nan] * 40), (STEADY, LEVEL)
    next_best = table_of(monkeypatch, {"d1": broken, "d2": whole, "old": broken})
    assert recommended(next_best) == "d2" and next_best.attrs["design"] == "d2"
    assert "No published package could be compared" in verdict(next_best)
    assert "failed in fresh draws: d1, old" in notes_of(next_best)
    assert recommended(table_of(monkeypatch, {"d1": broken, "old": whole})) == "old"
    with pytest.raises(RunFailed, match="every package of the final comparison failed"):
        table_of(monkeypatch, {"d1": broken, "old": broken})


def test_a_mix_that_stays_below_the_budget_is_named(monkeypatch):
    fresh = {"d1": (STEADY, LEVEL), "old": (STEADY, LEVEL), "older": ([20.0] * 40, [30.0] * 40)}
    seen = {"older": ([9.0, 9.0], [30.0, 32.0])}
    table = table_of(monkeypatch, fresh, seen=seen)
    assert "not brought to the budget: older x 2 pays 31.0 million CNY in the search's draws" in notes_of(table)
    assert "未能缩放至预算:older × 2" in notes_of(table, "zh") and "budget: old x" not in notes_of(table)


@pytest.mark.parametrize(("paid", "says"), [(np.nan, "old failed in the search's draws"), (200.0, "above the budget")])
def test_why_a_published_mix_is_no_candidate(monkeypatch, paid, says):
    shop = shop_of(monkeypatch, {}, 2, 2)
    shop.book.trials.inputs.packages.update(old=None, older=None)
    monkeypatch.setattr(room, "scaled", lambda package, factor: package)
    answer = runs([9.0, 9.0], [paid, 50.0 if np.isnan(paid) else paid])
    low = runs([9.0, 9.0], [99.9, 99.9])
    monkeypatch.setattr(
        room, "numbers_of", lambda _, some, *rest, **more: {n: answer if n.startswith("old x") else low for n in some}
    )
    members, refused = room.published_members(shop)
    assert [each.name for each in members] == ["older"] and len(refused) == 1 and says in refused[0]
    assert "nan" not in refused[0]
