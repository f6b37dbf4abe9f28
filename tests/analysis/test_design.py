"""A design in a real small town: Dalian with a fiftieth of its firms and four years to live."""

import json
import re

import numpy as np
import pytest

import policymix
from cities import write_city
from policymix.analysis import design as room
from policymix.analysis.design import design, recommended_packages
from policymix.analysis.smallest_budget import must_be_true, smallest_budget
from policymix.analysis.trial_book import FILE
from policymix.errors import InvalidValue, NotFound, RunFailed
from policymix.experiments import candidate_runs
from policymix.experiments.candidates import scaled, write
from policymix.experiments.design_problem import load_problem
from policymix.policy.package import load


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("design")
    write_city(folder, "hamlet", 1 / 50)
    path = folder / "hamlet.toml"
    text = path.read_text(encoding="utf-8").replace('"2016Q1"', '"2020Q1"').replace('"2025Q4"', '"2023Q4"')
    path.write_text(re.sub(r"^seed += \d+", "seed = 5", text, flags=re.MULTILINE), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def problem(town):
    return {
        "id": "hamlet", "title": {"en": "Hamlet", "zh": "小"}, "scenario": str(town),
        "published": "dalian-2021,htz-2022", "budget": {"amount": 4e7}, "draws": 2, "fresh": 2, "evaluations": 8,
        "population": 4, "shown": 2, "goal": [{"outcome": "investment"}, {"outcome": "paid"}],
        "lever": [
            {"clause": "htz-2022/m4"}, {"clause": "htz-2022/m5"}, {"money": "htz-2022", "low": 0.25, "high": 4.0},
            {"address": "htz-2022/m5.pays.share.value", "low": 0.02, "high": 0.3},
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def found(problem, tmp_path_factory):
    return design(problem, threads=1, out=tmp_path_factory.mktemp("kept") / "one")


def same(one, other):
    return one.drop_attrs().identical(other.drop_attrs()) and one.attrs == other.attrs


@pytest.mark.slow
def test_members_are_within_the_budget_the_search_saw(found):
    assert (found["paid_in_sample"] <= found.attrs["budget"]).all()
    assert set(found["member"].values) >= {"d1", "dalian-2021", "htz-2022"}
    assert int(found["recommended"].sum()) == 1 and found.attrs["failed"] == 0
    assert bool(found["on_front"].any())


@pytest.mark.slow
def test_what_is_said_is_what_the_runs_say(found):
    runs = found["run"]
    fresh = runs.sel(draw=found["sample"] == "fresh")
    invested = fresh.sel(column="investment")
    np.testing.assert_allclose(found["goal_value"].sel(goal="investment"), invested.mean("draw"))
    np.testing.assert_allclose(found["regret"], (invested.max("member") - invested).mean("draw"))
    best = found.attrs["best_published"]
    assert float(invested.mean("draw").sel(member=best)) == pytest.approx(
        float(invested.mean("draw").sel(member=["dalian-2021", "htz-2022"]).max())
    )
    np.testing.assert_allclose(found["difference"], (invested - invested.sel(member=best)).mean("draw"))
    seen = runs.sel(draw=found["sample"] == "search", column="paid").mean("draw")
    np.testing.assert_allclose(found["paid_in_sample"], seen)


@pytest.mark.slow
def test_the_answer_is_never_worse_than_the_best_published(found):
    chosen = found["goal_value"].sel(goal="investment").where(found["recommended"], drop=True).item()
    published = found["goal_value"].sel(goal="investment").where(found["published"], drop=True).max().item()
    assert chosen >= published
    assert found.attrs["beaten"] == int(not bool(found["published"].where(found["recommended"], drop=True).item()))


@pytest.mark.slow
def test_threads_and_interruptions_change_nothing(problem, found, tmp_path):
    again = design(problem, threads=2, out=tmp_path / "two")
    assert same(found, again)
    kept = (tmp_path / "two" / FILE).read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "two" / FILE).write_text("".join(kept[: len(kept) // 2]) + '{"what": "cand', encoding="utf-8")
    with pytest.raises(InvalidValue, match="--resume to go on"):
        design(problem, threads=1, out=tmp_path / "two")
    for _ in range(2):  # the second time from what the first has mended
        assert same(found, design(problem, threads=1, out=tmp_path / "two", resume=True))

    def interrupted(done, _):
        if done > 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        design(problem, threads=1, out=tmp_path / "three", progress=interrupted)
    assert same(found, design(problem, threads=1, out=tmp_path / "three", resume=True))
    with pytest.raises(InvalidValue, match="a search of something else"):
        design({**problem, "draws": 3}, out=tmp_path / "two", resume=True)


@pytest.mark.slow
def test_the_written_package_does_in_a_run_what_it_did_in_the_search(problem, found, tmp_path):
    packages, published = recommended_packages(problem, found, "htz-2022")
    (file,) = write(packages, published, tmp_path / "best.toml")
    assert scaled(load("htz-2022"), float(found["factor"].sel(member="htz-2022"))).raw == packages[0].raw
    run = policymix.run(problem["scenario"], mix=f"none,{file}", draws=4)
    name = next(mix for mix in run["mix"].values if mix != "none")
    paid = (run["paid"] - run["recovered"]).sum(["quarter", "clause", "payer"]).squeeze("replicate")
    expected = found["run"].sel(member="htz-2022", column="paid")
    np.testing.assert_allclose((paid.sel(mix=name) - paid.sel(mix="none")).values, expected.values, rtol=1e-6)
    with pytest.raises(NotFound, match="d1"):
        recommended_packages(problem, found, "d9")


@pytest.mark.slow
def test_a_budget_below_every_package_names_the_least_found(problem):
    with pytest.raises(InvalidValue, match=r"budget > amount: found 1 CNY; expected [\d,]+ or more, .*htz-2022: "):
        design({**problem, "budget": {"amount": 1.0}}, threads=1)


@pytest.mark.slow
def test_failed_runs_are_counted_and_named_and_never_chosen(problem, monkeypatch):
    real = candidate_runs.run_fork

    def failing(unit, name, modes, **fields):
        area = {p.named("m4").pays.area_max for p in unit.setting.mixes[name].packages if p.id == "htz-2022"
                if "m4" in {c.id for c in p.clause}}  # fmt: skip
        if unit.luck == 1 and area:
            raise RunFailed("made to fail")
        return real(unit, name, modes, **fields)

    monkeypatch.setattr(candidate_runs, "run_fork", failing)
    table = design(problem, threads=1)
    listed = json.loads(table.attrs["failures"])
    assert table.attrs["failed"] == len(listed) > 0
    assert any("htz-2022: " in text and "draw 1: made to fail" in text for text in listed)
    assert "htz-2022" not in table["member"].values  # published, and no payment is known
    assert all(" m4" not in text for text in table["text"].values.tolist())


@pytest.mark.slow
def test_a_draw_whose_baseline_fails_counts_for_nobody(problem, monkeypatch):
    real = candidate_runs.fork_unit

    def failing(setting, values, seed, luck):
        if luck == 3:
            raise RunFailed("no city")
        return real(setting, values, seed, luck)

    monkeypatch.setattr(candidate_runs, "fork_unit", failing)
    table = design({**problem, "fresh": 3}, threads=1)
    assert json.loads(table.attrs["failures"]) == ["the baseline, draw 3: no city"]
    assert np.isfinite(table["goal_value"]).all()
    monkeypatch.setattr(candidate_runs, "fork_unit", lambda *_: failing(None, None, None, 3))
    with pytest.raises(RunFailed, match="every draw failed: no city"):
        design(problem, threads=1)


def test_goals_over_draws_by_hand(problem):
    invested = {"outcome": "investment"}
    listed = [invested, {**invested, "at_least": 3.0}, {**invested, "quantile": 0.5}, {"outcome": "paid"}]
    goals = load_problem({**problem, "goal": listed}).goal
    values = np.array([1.0, 2.0, 3.0, 6.0])
    assert [room.level(goal, values) for goal in goals] == [3.0, 0.5, 2.5, 3.0]
    assert [goal.sign for goal in goals] == [1.0, 1.0, 1.0, -1.0]
    assert np.isnan(room.level(goals[0], np.array([1.0, np.nan])))


@pytest.mark.slow
def test_a_target_may_be_the_goal_and_has_a_smallest_budget(problem):
    with pytest.raises(NotFound, match="goal: no target"):
        design({**problem, "goal": [{"target": "dalian-2020/t99"}]})
    with pytest.raises(InvalidValue, match="untracked"):
        design({**problem, "goal": [{"target": "dalian-2020/t6"}]})
    tracked = {each.id: each for each in policymix.load("dalian-2020", "targets")}
    target = next(name for name, each in tracked.items() if each.outcome == "core_value_added_growth")
    table = design({**problem, "goal": [{"target": target}]}, threads=1)
    chances = table["run"].sel(column=target)
    assert ((chances >= 0.0) & (chances <= 1.0)).all()
    base = smallest_budget(problem, target, 0.999, threads=1)
    assert np.isinf(base["budget"]).all() and (base["never"] == 1.0).all()
    reachable = float(base["highest"].max()) * 0.5 + 0.5 * base.attrs["at_baseline"]
    if float(base["highest"].max()) > base.attrs["at_baseline"]:
        found = smallest_budget(problem, target, reachable, threads=1)
        name = str(found["mix"].values[int(found["highest"].values.argmax())])
        one = found.sel(mix=name)
        assert float(one["low"]) <= float(one["budget"]) <= float(one["paid"].max())
    with pytest.raises(InvalidValue, match="which the baseline already has"):
        smallest_budget(problem, target, max(1e-6, base.attrs["at_baseline"] * 0.5), threads=1)
    with pytest.raises(InvalidValue, match="between 0 and 1"):
        smallest_budget(problem, target, 1.5)


@pytest.mark.slow
def test_what_must_be_true_says_when_nothing_stands_out(found):
    truth = must_be_true(found)
    assert truth.sizes["rank"] == 3 and truth.attrs["of"] == 2 and truth.attrs["stands"] == 0
    with pytest.raises(NotFound, match="htz-2022"):
        must_be_true(found, "htz-2023")


@pytest.mark.slow
def test_a_planted_condition_is_what_must_be_true(found):
    rng = np.random.default_rng(1)
    drawn = rng.random((60, 5))
    invested = np.where(drawn[:, 3] >= 0.6, 10.0, 1.0)
    run = np.zeros((1, 60, 1))
    run[0, :, 0] = invested
    table = found.isel(member=[0], goal=[0])[["recommended", "goal_value"]].assign_attrs(threshold=5.0)
    table = table.drop_vars([name for name in table.coords if set(table[name].dims) & {"draw", "column", "parameter"}])
    table["recommended"] = ("member", [True])
    table["run"] = (("member", "draw", "column"), run)
    table["parameter_value"] = (("draw", "parameter"), drawn)
    table = table.assign_coords(
        column=["investment"], parameter=[f"p{n}" for n in range(5)], sample=("draw", ["fresh"] * 60)
    )
    truth = must_be_true(table)
    first = truth.sel(rank=1)
    assert first["parameter"].item() == "p3" and first["side"].item() == "at least"
    assert float(first["value"]) == pytest.approx(0.6, abs=0.05)
    assert float(first["inside"]) == 1.0 and float(first["outside"]) == 0.0
    assert truth.attrs["stands"] == 1 and float(first["chance"]) < 0.01
