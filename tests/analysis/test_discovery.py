"""A planted box is found again; chance is told from it; choices, trees and what is refused."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from policymix.analysis import discovery
from policymix.cli_answers import put_out
from policymix.errors import InvalidValue, NotFound
from policymix.report import sensitivity_figures as pictures
from policymix.report.sensitivity import discovery_pages


def _load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


known = _load("designed")


def planted(draws=400, idle=6, seed=1):
    """More is paid where x0 > 0.6 and x1 < 0.5, and nowhere else."""
    x = np.random.default_rng(seed).random((draws, 2 + idle))
    return known.of_numbers(x, ((x[:, 0] > 0.6) & (x[:, 1] < 0.5)).astype(float)[:, None])


@pytest.mark.parametrize("method", ["prim", "tree"])
def test_a_planted_box_is_found(method):
    if method == "tree":
        pytest.importorskip("sklearn")
    table = discovery.discover(planted(), outcome="paid", above=0.5, mix="made", method=method)
    box = table.isel(box=0)
    assert set(table["factor"].values) == {"x0", "x1"}
    assert float(box["low"].sel(factor="x0")) == pytest.approx(0.6, abs=0.03)
    assert float(box["high"].sel(factor="x1")) == pytest.approx(0.5, abs=0.03)
    assert np.isnan(box["high"].sel(factor="x0")) and np.isnan(box["low"].sel(factor="x1"))
    assert float(box["coverage"]) > 0.95 and float(box["density"]) > 0.95 and bool(box["told"])
    assert (box["quasi_p"].values < 0.001).all()
    rule = str(box["rule"].values)
    assert "x0 ≥ 0.6" in rule and "x1 ≤ 0." in rule and " and " in rule


def test_two_planted_boxes_are_found_one_after_the_other():
    x = np.random.default_rng(5).random((600, 4))
    y = (x[:, 0] > 0.8) | (x[:, 1] < 0.15)
    table = discovery.discover(known.of_numbers(x, y.astype(float)[:, None]), outcome="paid", above=0.5, mix="made")
    assert table.sizes["box"] == 2 and table["told"].all()
    assert bool((table["density"] > 0.9).all()) and float(table["coverage"].sum()) == pytest.approx(1.0, abs=0.1)


def test_where_cases_fall_by_chance_the_box_is_not_told_apart():
    rng = np.random.default_rng(1)
    results = known.of_numbers(rng.random((150, 60)), (rng.random((150, 1)) < 0.4).astype(float))
    table = discovery.discover(results, outcome="paid", above=0.5, mix="made")
    assert not table["told"].any() and float(table["chance"][0]) > 0.05


def test_the_way_of_peeling_runs_from_all_draws_to_pure_cases():
    table = discovery.discover(planted(), outcome="paid", above=0.5, mix="made")
    assert float(table["trajectory_coverage"][0]) == 1.0 and float(table["trajectory_mass"][0]) == 1.0
    assert float(table["trajectory_density"][0]) == pytest.approx(table.attrs["share"])
    assert (np.diff(table["trajectory_mass"]) < 0.0).all() and (np.diff(table["trajectory_coverage"]) <= 0.0).all()
    assert float(table["trajectory_density"][-1]) == 1.0


def test_a_choice_is_cut_by_its_values():
    rng = np.random.default_rng(3)
    factors = [
        discovery.Varied("how", "how", "choice", rng.choice(["lottery", "score", "first"], 300)),
        discovery.Varied("x", "x", "real", rng.random(300)),
    ]
    happens = factors[0].values == "lottery"
    columns = discovery.columns_of_factors(factors, np.ones(300, bool))
    boxed = discovery._prim(columns, happens, 1, rng)
    table = discovery._table(boxed, columns, factors, happens)
    assert float(table["density"][0]) == 1.0 and float(table["coverage"][0]) == 1.0
    assert str(table["rule"][0].values) == "how not score | first"
    assert "不取" in discovery.rule_of(table.isel(box=0), "zh")


def test_a_target_of_a_run_that_some_draws_miss(make_run, target):
    results = make_run(draws=60)
    aim = target("core_share", 0.1)
    table = discovery.discover(results, aim, mix="both")
    missed = discovery.cases_of(results, aim, mix="both")
    assert table.attrs["cases"] == int(missed.happens.sum()) and "misses a/t1" in table.attrs["title"]
    met = discovery.cases_of(results, aim, mix="both", meets=True)
    assert (met.happens == ~missed.happens).all()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"outcome": "paid", "above": 2.0}, "0 of 400 draws.*10 or more draws of either kind"),
        ({"outcome": "paid"}, "--below or --above"),
        ({}, "--target ID"),
    ],
)
def test_questions_without_an_answer_say_what_would_work(asked, says):
    with pytest.raises(InvalidValue, match=says):
        discovery.discover(planted(), mix="made", **asked)


def test_names_that_do_not_exist(target):
    with pytest.raises(NotFound, match="did you mean 'made'"):
        discovery.discover(planted(), outcome="paid", above=0.5, mix="mades")
    with pytest.raises(NotFound, match="prim"):
        discovery.discover(planted(), outcome="paid", above=0.5, mix="made", method="prime")
    with pytest.raises(InvalidValue, match="a sweep"):
        discovery.discover(planted(), target("core_share", 0.1), mix="made")


@pytest.mark.parametrize("method", ["saltelli", "morris"])
def test_points_of_a_design_are_refused_as_draws(method):
    results = known.sweep(method, lambda x: x[:, 0], 0.0, 1.0, 64, factors=6)
    with pytest.raises(InvalidValue, match=f"{method}.*share their values.*lhs"):
        discovery.discover(results, outcome="paid", above=0.7, mix="made")


def test_a_tree_without_a_leaf_of_cases_is_a_page_that_says_so(tmp_path):
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(1)
    results = known.of_numbers(rng.random((200, 2)), (np.arange(200) % 10 == 0).astype(float)[:, None])
    table = discovery.discover(results, outcome="paid", above=0.5, mix="made", method="tree")
    assert table.sizes["box"] == 0 and table["in_box"].shape == (0, 200)
    (page,) = discovery_pages(table)
    assert not page.rows and "no leaf of the tree holds mostly such draws" in page.notes
    put_out(table.drop_dims("draw"), [page], tmp_path / "t.csv", False, tmp_path / "f.png", pictures.discovery(table))
    put_out(table.drop_dims("draw"), [page], None, True, None, None)
    assert (tmp_path / "t.csv").is_file() and (tmp_path / "f.png").is_file()
