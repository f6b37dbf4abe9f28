"""Measures of any draws: known shares, choices and packages, chance, dependence."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp

from policymix.analysis import given_data as given
from policymix.analysis.varied import Varied
from policymix.errors import InvalidValue, NotFound


def _load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


known = _load("designed")


def drawn(draws=600, replicates=2, noise=3.0, idle=20, seed=3):
    """Ishigami from plain draws, with numbers beside it that do nothing."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-np.pi, np.pi, (draws, 3 + idle))
    return known.of_numbers(x, known.ishigami(x)[:, None] + noise * rng.standard_normal((draws, replicates)))


def test_binned_shares_are_those_of_the_function_with_luck_apart():
    table = given.given_data(drawn(), resamples=60).isel(mix=0, cell=0)
    share = known.VARIANCE_ISHIGAMI / (known.VARIANCE_ISHIGAMI + 9.0)
    first = share * known.SHARE_ISHIGAMI[0]
    assert table["value"].values[:3] == pytest.approx(first, abs=0.07)
    assert float(table["luck"]) == pytest.approx(1.0 - share, abs=0.04)
    assert (table["value_low"].values[:3] - 0.02 <= first).all() and (
        first <= table["value_high"].values[:3] + 0.02
    ).all()
    assert table["found"].values.tolist() == [True, True] + [False] * 21


def test_of_many_idle_numbers_none_is_found():
    rng = np.random.default_rng(8)
    table = given.given_data(known.of_numbers(rng.random((100, 150)), rng.random((100, 1))), resamples=20)
    assert not table["found"].any()
    assert float(table["value"].max()) > 0.05  # which a reader would have believed


def test_rbd_fast_agrees_with_the_known_shares():
    pytest.importorskip("SALib")
    fast = given.given_data(drawn(1000, 1, 0.0, 1), "rbd_fast", resamples=20).isel(mix=0, cell=0)
    assert fast["value"].values[:3] == pytest.approx(known.SHARE_ISHIGAMI[0], abs=0.08)
    assert fast["found"].values.tolist() == [True, True, False, False]


def test_pawn_is_the_median_distance_of_scipys_test():
    rng = np.random.default_rng(4)
    y, group = rng.standard_normal(80), rng.integers(0, 4, 80)
    indicator, owner = given.indicator_of([group])
    expected = np.median([ks_2samp(y[group == g], y).statistic for g in range(4)])
    assert given.pawn(y[:, None], indicator, owner)[0, 0] == pytest.approx(expected, abs=1e-12)


def test_pawn_sees_what_moves_the_spread_alone():
    rng = np.random.default_rng(6)
    x = rng.uniform(0.0, 1.0, (300, 2))
    y = (0.1 + 3.0 * x[:, :1]) * rng.standard_normal((300, 1))
    table = given.given_data(known.of_numbers(x, y), "pawn").isel(mix=0, cell=0)
    assert table["found"].values.tolist() == [True, False]


CHOICES = {"rationing": "choice", "packages": "mix", "years": "integer"}


def choices(noise=0.3):
    """Levers without order and whole numbers: 3 x 2 x 2 points, six times over."""
    grid = [(a, b, c) for a in ("first", "pro_rata", "lottery") for b in ("htz", "both") for c in (1, 2)] * 6
    points = {name: np.array([row[i] for row in grid]) for i, name in enumerate(CHOICES)}
    worth = {"first": 0.0, "pro_rata": 2.0, "lottery": 4.0}

    def effect(of):
        return np.array([worth[a] for a in of["rationing"]]) + 2.0 * (of["packages"] == "both")

    return known.levers(points, CHOICES, effect, draws=8, noise=noise)


def test_choices_packages_and_whole_numbers_have_shares():
    table = given.given_data(choices(), over="levers", resamples=50).isel(mix=0, cell=0)
    of = dict(zip(table["factor"].values.tolist(), table["value"].values, strict=True))
    assert of["rationing"] == pytest.approx((8.0 / 3.0) / (8.0 / 3.0 + 1.0), abs=0.06)
    assert of["packages"] == pytest.approx(1.0 / (8.0 / 3.0 + 1.0), abs=0.06)
    assert abs(of["years"]) < 0.06
    assert table["found"].values.tolist() == [True, True, False]


def test_a_choice_is_refused_where_numbers_are_needed():
    with pytest.raises(InvalidValue, match=r"rationing.*a choice of 3 values.*--method binned or pawn"):
        given.given_data(choices(), "rbd_fast", over="levers")


def test_dependent_draws_are_refused_where_independence_is_assumed_and_said_elsewhere():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((200, 2))
    x[:, 1] = 0.9 * x[:, 0] + 0.1 * x[:, 1]
    results = known.of_numbers(x, x[:, :1])
    with pytest.raises(InvalidValue, match=r"x0 and x1 have a rank correlation of 0.9.*needs no independence"):
        given.given_data(results, "rbd_fast")
    assert "rank correlation" in given.given_data(results, resamples=10).attrs["dependence"]
    plain = known.of_numbers(rng.standard_normal((200, 2)), x[:, :1])
    assert given.given_data(plain, resamples=10).attrs["dependence"] == ""


def test_too_few_draws_and_unknown_names():
    with pytest.raises(InvalidValue, match="at least 40"):
        given.given_data(drawn(39))
    with pytest.raises(NotFound, match="did you mean 'binned'"):
        given.given_data(drawn(50), "bined")
    with pytest.raises(NotFound, match="did you mean 'x1'"):
        given.given_data(drawn(50), factors=["x1s"])


def test_failed_draws_are_left_out_and_named():
    results = drawn(60)
    results["state"][:, 5] = 2
    table = given.given_data(results, resamples=10)
    assert (table.attrs["draws"], table.attrs["dropped"]) == (59, 1)
    assert "4 of 240 runs failed" in table.attrs["failures"] and "draw 5" in table.attrs["failures"]


def test_groups_are_values_where_these_are_few_and_bins_else():
    many = Varied("x", "x", "real", np.linspace(0.0, 1.0, 100))
    assert (
        np.bincount(given.groups_of(many)).tolist() == [16, 17, 17, 17, 17, 16] or len(set(given.groups_of(many))) == 6
    )
    few = Varied("n", "n", "integer", np.array([1.0, 2.0, 3.0] * 20))
    assert np.bincount(given.groups_of(few)).tolist() == [20, 20, 20]


@pytest.mark.parametrize("method", ["saltelli", "morris", "sobol"])
def test_points_of_a_design_are_refused_as_draws(method):
    results = known.sweep(method, known.ishigami, -np.pi, np.pi, 64, factors=8)  # five of eight do nothing
    with pytest.raises(InvalidValue, match=rf"{method}.*points that .*lhs"):
        given.given_data(results, resamples=1)


def test_of_independent_points_an_idle_number_is_hardly_ever_found():
    points = [known.sweep("lhs", known.ishigami, -np.pi, np.pi, 256, factors=8, seed=seed) for seed in range(6)]
    found = [given.given_data(each, resamples=1)["found"].values.ravel()[3:].any() for each in points]
    assert sum(found) <= 2


def test_levers_of_a_design_are_refused_as_draws():
    made = choices()
    made.attrs["levers"] = made.attrs["levers"].replace("factorial", "one_at_a_time")
    with pytest.raises(InvalidValue, match=r"levers of the design 'one_at_a_time'.*share their values"):
        given.given_data(made, over="levers", resamples=1)


@pytest.mark.parametrize("replicates", [1, 3])
def test_a_share_of_a_long_tailed_outcome_has_an_interval_of_shares(replicates):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 1))
    y = np.exp(1.2 * x + 0.5 * rng.standard_normal((200, replicates)))
    table = given.given_data(known.of_numbers(x, y)).isel(mix=0, cell=0, factor=0)
    low, high = float(table["value_low"]), float(table["value_high"])
    assert low < float(table["value"]) < high <= 1.0 and high - low < 0.45
