"""Value of information in closed form, where a ranking turns on a line, and what is plainly said not to turn."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from policymix.analysis import information
from policymix.errors import InvalidValue, NotFound

pytest.importorskip("sklearn")


def _load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


known = _load("designed")
WEIGHTS = np.array([3.0, 1.0, 0.0, 0.0])
MEAN = 1.0


def linear(draws=2000, replicates=1, luck=0.0, mean=MEAN, seed=4):
    """Gain of ``made`` over ``none``: mean + 3 x0 + x1, and two numbers that do nothing; normal x, evenly spread."""
    rng = np.random.default_rng(seed)
    x = norm.ppf((rng.permuted(np.tile(np.arange(draws), (4, 1)), axis=1).T + 0.5) / draws)
    return known.of_numbers(x, (mean + x @ WEIGHTS)[:, None] + luck * rng.standard_normal((draws, replicates)))


def worth(mean, sd):
    """E max(0, N(mean, sd^2)) - max(0, mean)."""
    return mean * norm.cdf(mean / sd) + sd * norm.pdf(mean / sd) - max(0.0, mean)


def test_shares_turns_and_values_of_a_linear_world():
    table = information.mind(linear(), "paid", statistics=False)
    assert table["item"].values.tolist()[:2] == ["x0", "x1"]
    assert table["share"].values[:2] == pytest.approx([0.9, 0.1], abs=0.04)
    assert table["found"].values.tolist() == [True, True, False]
    first = table.sel(item="x0")
    assert bool(first["turns"]) and float(first["turn"]) == pytest.approx(-1.0 / 3.0, abs=0.08)
    assert float(first["turn_low"]) <= -1.0 / 3.0 + 0.05 and float(first["turn_high"]) >= -1.0 / 3.0 - 0.05
    assert float(first["value"]) == pytest.approx(worth(MEAN, 3.0), rel=0.05)
    assert float(table["value"].sel(item="x1")) == pytest.approx(worth(MEAN, 1.0), abs=0.05)
    assert table.attrs["evpi"] == pytest.approx(worth(MEAN, math.sqrt(10.0)), rel=0.08)
    assert table.attrs["best"] == "made" and table.attrs["mean"] == pytest.approx(MEAN, abs=1e-9)


def test_a_ranking_that_does_not_turn_is_said_not_to():
    table = information.mind(linear(400, mean=20.0), "paid", statistics=False)
    assert not table["turns"].any() and np.isnan(table["turn"]).all()
    assert (table["value"] == 0.0).all() and table.attrs["evpi"] == 0.0 and table.attrs["leads"] == 1.0


def test_an_idle_number_neither_turns_nor_pays():
    table = information.mind(linear(400, seed=1), "paid", statistics=False, factors=["x2", "x3"])
    assert not table["turns"].any() and not table["found"].any()
    assert float(table["value"].max()) < 0.15


def test_less_is_better_turns_the_sign_and_not_the_place():
    table = information.mind(linear(400), "paid", lower=True, statistics=False, shown=1, resamples=40)
    assert table.attrs["mean"] == pytest.approx(
        -information.mind(linear(400), "paid", statistics=False, resamples=2).attrs["mean"]
    )
    assert float(table["turn"][0]) == pytest.approx(-1.0 / 3.0, abs=0.15) and table.attrs["best"] == "none"


def test_a_statistic_that_shows_the_unknown_is_worth_as_much(make_run):
    results = make_run(draws=200)
    table = information.mind(results, "core_share", mix="both", shown=2, resamples=10)
    sorts = table["sort"].values.tolist()
    assert sorts == ["uncertainty"] * 2 + ["statistic"] * 2
    assert all(str(item).endswith(("[2021]", "[2022]", "[2023]", "[2024]")) for item in table["item"].values[2:])
    assert bool(table["found"].values[2:].any())  # money paid shows how strong the response is
    assert not table["found"].values[:2].any()  # its parameters are made of air


def test_net_benefit_has_the_treasurys_own_unknowns(make_run):
    table = information.mind(make_run(draws=80), "net_benefit", statistics=False, shown=12, resamples=5)
    assert {"discount", "cost_of_funds"} <= set(table["item"].values.tolist())
    assert table.attrs["units"] == "CNY" and table.attrs["mix"] == "both"


def test_a_curve_of_few_values_is_their_means():
    x = np.array([1.0, 2.0, 3.0] * 30)
    curve = information.fitted(x, x**2)
    assert curve(np.array([1.0, 3.0])) == pytest.approx([1.0, 9.0])


def test_wrong_questions():
    with pytest.raises(InvalidValue, match="at least 60"):
        information.mind(linear(40), "paid")
    with pytest.raises(NotFound, match="did you mean 'paid'"):
        information.mind(linear(80), "payd")
    with pytest.raises(InvalidValue, match="the mix itself"):
        information.mind(linear(80), "paid", mix="none")
    with pytest.raises(NotFound, match="did you mean 'made'"):
        information.mind(linear(80), "paid", mix="mad")


@pytest.mark.parametrize("method", ["saltelli", "morris"])
def test_points_of_a_design_are_refused_as_draws(method):
    with pytest.raises(InvalidValue, match=f"{method}.*share their values.*lhs"):
        information.mind(known.sweep(method, lambda x: x[:, 0], 0.0, 1.0, 64, factors=6), "paid")


def test_a_share_of_a_long_tailed_headline_has_an_interval_of_shares():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(200)
    share, low, high, _ = information.shares_of(np.exp(1.2 * x + 0.5 * rng.standard_normal(200)), [x], rng)
    assert low[0] < share[0] < high[0] <= 1.0 and high[0] - low[0] < 0.45


def with_a_choice(numbers):
    """Draws of which a choice is known, and numbers beside it."""
    results = linear(80).isel(parameter=slice(0, numbers))
    how = np.where(np.arange(80) % 2, "lottery", "first")
    listed = [{"name": "how", "address": "how", "kind": "choice"}]
    results.attrs["uncertainties"] = known.json.dumps({"factors": listed, "design": {"method": "lhs"}})
    return results.assign_coords(how=("draw", how))


def test_a_choice_has_no_curve_and_is_refused_where_it_is_asked_for():
    for asked in (["how"], ["x0", "how"]):
        with pytest.raises(InvalidValue, match=r'factor "how".*a choice.*--method binned'):
            information.mind(with_a_choice(2), "paid", statistics=False, factors=asked)
    with pytest.raises(InvalidValue, match="choices alone"):
        information.mind(with_a_choice(0), "paid", statistics=False)
    table = information.mind(with_a_choice(2), "paid", statistics=False, resamples=2)
    assert "how" not in table["item"].values


def test_replicates_take_no_luck_from_what_knowing_is_worth():
    """D = N(0, 1) of luck alone: worth of knowing everything 0.40, however many replicates a draw has."""
    one, many = (linear(1000, replicates, luck=1.0, mean=0.0) for replicates in (1, 8))
    for results in (one, many):
        luck = results["paid"] - (results["parameter_value"].values @ WEIGHTS)[:, None]
        results["paid"] = luck.where(results["mix"] == "made", 0.0)
    found = [information.mind(each, "paid", statistics=False, shown=1, resamples=2).attrs for each in (one, many)]
    for about in found:
        assert about["evpi"] == pytest.approx(worth(0.0, 1.0), abs=0.05)
        assert about["high"] - about["low"] == pytest.approx(2.0 * norm.ppf(0.95), rel=0.08)
    assert found[0]["notices"] == "" and "the first of 8 replicates" in found[1]["notices"]


def test_a_statistic_is_that_of_one_history(make_run):
    results = make_run(draws=60, replicates=3)
    table = information.mind(results, "core_share", mix="both", shown=1, resamples=2)
    assert table.attrs["replicates"] == 3
    alone = information.mind(results.isel(replicate=[0]), "core_share", mix="both", shown=1, resamples=2)
    statistic, once = (each["drawn"].isel(item=-1).values for each in (table, alone))
    np.testing.assert_allclose(statistic, once)


def test_luck_that_all_draws_share_is_said_to_be_left_out():
    results = linear(80).assign(luck=(("draw", "replicate"), np.zeros((80, 1), int)))
    about = information.mind(results, "paid", statistics=False, shown=1, resamples=2).attrs
    assert "all draws share their luck" in about["notices"]


def test_the_default_mix_is_the_fullest_wherever_it_stands(make_run):
    results = make_run(draws=60).isel(mix=slice(None, None, -1))
    assert results["mix"].values[0] == "both"
    table = information.mind(results, "core_share", statistics=False, shown=1, resamples=2)
    assert (table.attrs["mix"], table.attrs["against"]) == ("both", "none")
