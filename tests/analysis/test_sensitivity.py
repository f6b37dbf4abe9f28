"""Indices of functions whose answers are known, luck apart; elementary effects; what is refused, counted and named."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from policymix.analysis import sensitivity
from policymix.errors import InvalidValue, NotFound
from policymix.report.sensitivity import sensitivity_pages


def _load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


known = _load("designed")
PI = np.pi
NOISY = known.VARIANCE_ISHIGAMI / (known.VARIANCE_ISHIGAMI + 9.0)


def saltelli(points=512, **options):
    return known.sweep("saltelli", known.ishigami, -PI, PI, points, factors=3, **options)


def one(table):
    return table.isel(mix=0, cell=0)


def within(table, name, truth, slack=0.0):
    found = one(table)
    low, high = found[f"{name}_low"].values - slack, found[f"{name}_high"].values + slack
    assert (low <= truth).all() and (truth <= high).all(), (name, low, truth, high)


def test_ishigami_has_its_indices_and_no_luck():
    table = sensitivity.sobol(saltelli(2048))
    first, total = known.SHARE_ISHIGAMI
    within(table, "first", first, 0.01)
    within(table, "total", total, 0.01)
    assert one(table)["first"].values == pytest.approx(first, abs=0.03)
    assert one(table)["total"].values == pytest.approx(total, abs=0.03)
    assert float(one(table)["whole"]) == pytest.approx(known.VARIANCE_ISHIGAMI, rel=0.03)
    assert np.isnan(one(table)["luck"]) and "one replicate" in table.attrs["notices"]


def test_sobol_g_has_its_indices():
    table = sensitivity.sobol(known.sweep("saltelli", known.sobol_g, 0.0, 1.0, 1024, factors=4))
    first, total = known.shares_of_g()
    within(table, "first", first, 0.01)
    within(table, "total", total, 0.01)
    assert one(table)["first"].values == pytest.approx(first, abs=0.04)


def test_a_noisy_ishigami_shows_its_luck_as_a_share_of_its_own():
    table = sensitivity.sobol(saltelli(512, replicates=3, noise=3.0), resamples=60)
    within(table, "first", NOISY * known.SHARE_ISHIGAMI[0], 0.02)
    within(table, "total", NOISY * known.SHARE_ISHIGAMI[1], 0.02)
    assert float(one(table)["luck"]) == pytest.approx(1.0 - NOISY, abs=0.03)
    assert float(one(table)["interactions"]) == pytest.approx(NOISY * 0.2437, abs=0.12)


@pytest.mark.parametrize("replicates", [4, 12])
def test_intervals_know_that_all_points_share_a_few_lucks(replicates):
    hits = []
    for seed in range(12):
        results = saltelli(64, replicates=replicates, noise=3.0, common=True, seed=seed)
        luck = one(sensitivity.sobol(results, resamples=10))
        hits.append(float(luck["luck_low"]) <= 1.0 - NOISY <= float(luck["luck_high"]))
    assert sum(hits) >= 8  # nine in ten; of base points alone they hold it once or twice


def test_two_lucks_for_all_points_give_no_intervals_and_that_is_said():
    table = sensitivity.sobol(saltelli(64, replicates=2, noise=3.0, common=True), resamples=10)
    for name in ("luck", "first", "total", "interactions"):
        assert np.isfinite(one(table)[name]).all() and np.isnan(one(table)[f"{name}_low"]).all()
    assert "2 lucks that all points share" in table.attrs["notices"] and table.attrs["base_needed"] > 0
    own = sensitivity.sobol(saltelli(64, replicates=2, noise=3.0), resamples=10)
    assert np.isfinite(one(own)["luck_low"]) and "share" not in own.attrs["notices"]


def test_without_replicates_luck_is_in_the_totals_and_with_them_it_is_not():
    noisy = sensitivity.sobol(saltelli(512, noise=3.0), resamples=20)
    freed = sensitivity.sobol(saltelli(512, noise=3.0, replicates=2), resamples=20)
    assert one(noisy)["total"].sum() > one(freed)["total"].sum() + 0.5


@pytest.mark.parametrize("replicates", [1, 2])
def test_the_two_engines_agree(replicates):
    pytest.importorskip("SALib")
    results = saltelli(128, replicates=replicates, noise=1.0)
    ours, other = (sensitivity.sobol(results, engine=name, resamples=5) for name in ("scipy", "SALib"))
    for name in ("first", "total"):
        np.testing.assert_allclose(one(ours)[name], one(other)[name], atol=1e-10)


def test_salibs_own_entry_gives_the_same_totals():
    analysed = pytest.importorskip("SALib.analyze.sobol")
    results = saltelli(128)
    problem = {"num_vars": 3, "names": ["x0", "x1", "x2"], "bounds": [[-PI, PI]] * 3}
    found = analysed.analyze(problem, results["paid"].values[1, :, 0], calc_second_order=False, seed=1)
    ours = one(sensitivity.sobol(results, resamples=5))
    np.testing.assert_allclose(ours["total"], found["ST"], atol=1e-10)
    np.testing.assert_allclose(ours["first"], found["S1"], atol=0.05)  # it takes its mean over all points


def test_points_of_second_order_are_passed_over():
    ours = one(sensitivity.sobol(saltelli(128, second_order=True), resamples=5))
    np.testing.assert_allclose(ours["total"], one(sensitivity.sobol(saltelli(128), resamples=5))["total"])


def test_a_failed_run_drops_its_block_and_is_counted_and_named():
    pytest.importorskip("SALib")
    whole, holed = saltelli(64), saltelli(64, failed=[7, 8, 103])
    table = sensitivity.sobol(holed, resamples=20)
    assert (table.attrs["base"], table.attrs["dropped"]) == (62, 2)
    assert "6 of 640 runs failed" in table.attrs["failures"] and "draw 7" in table.attrs["failures"]
    assert table.attrs["engine"] == "SALib"  # 62 is no power of two
    kept = np.delete(np.arange(320).reshape(64, 5), [1, 20], axis=0).ravel()
    alone = sensitivity.sobol(whole.isel(draw=kept), resamples=20)
    np.testing.assert_allclose(one(table)["first"], one(alone)["first"])
    with pytest.raises(InvalidValue, match="power of two"):
        sensitivity.sobol(holed, engine="scipy")


def test_what_does_not_vary_is_no_share_at_all():
    table = sensitivity.sobol(known.sweep("saltelli", lambda x: 0.0 * x[:, 0] + 3.0, 0.0, 1.0, 16, factors=2))
    assert np.isnan(one(table)["first"]).all() and np.isnan(one(table)["total"]).all()


def test_levers_take_draws_for_replicates():
    results = saltelli(64)
    x, position = results["parameter_value"].values, results["uncertainty_position"].values
    points = {f"x{i}": x[:, i] for i in range(3)}
    made = known.levers(points, dict.fromkeys(points, "real"), lambda _: known.ishigami(x), noise=2.0)
    design = {"method": "saltelli", "base": 64, "second_order": 0}
    factors = [{"name": name, "address": name, "kind": "real"} for name in points]
    made.attrs["levers"] = known.json.dumps({"factors": factors, "design": design})
    position = np.vstack([np.full((1, 3), np.nan), position])
    made = made.assign_coords(lever_position=(("mix", "lever"), position))
    table = sensitivity.sobol(made, over="levers", resamples=40)
    assert float(one(table)["luck"]) == pytest.approx(4.0 / (4.0 + known.VARIANCE_ISHIGAMI), abs=0.04)
    within(table, "first", known.SHARE_ISHIGAMI[0] * known.VARIANCE_ISHIGAMI / (4.0 + known.VARIANCE_ISHIGAMI), 0.1)


def linear(x):
    return 2.0 * x[:, 0] - x[:, 1] + 0.0 * x[:, 2]


def test_elementary_effects_of_a_line_are_its_slopes_and_salib_agrees():
    results = known.sweep("morris", linear, 0.0, 4.0, 10, factors=3)
    found = one(sensitivity.morris(results))
    np.testing.assert_allclose(found["mu"], [8.0, -4.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(found["mu_star"], [8.0, 4.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(found["sigma"], 0.0, atol=1e-12)
    bent = known.sweep("morris", known.ishigami, -PI, PI, 10, factors=3)
    ours = one(sensitivity.morris(bent))
    analysed = pytest.importorskip("SALib.analyze.morris")
    problem = {"num_vars": 3, "names": ["x0", "x1", "x2"], "bounds": [[0.0, 1.0]] * 3}
    y = bent["paid"].values[1, :, 0]
    theirs = analysed.analyze(problem, bent["uncertainty_position"].values, y, num_levels=4, seed=1)
    for name in ("mu", "mu_star", "sigma"):
        np.testing.assert_allclose(ours[name], theirs[name], atol=1e-10)


def test_luck_in_elementary_effects_is_told_from_what_a_factor_does():
    results = known.sweep("morris", linear, 0.0, 1.0, 40, factors=3, replicates=4, noise=0.2)
    found = one(sensitivity.morris(results))
    assert found["told"].values.tolist() == [True, True, False]
    delta = 2.0 / 3.0
    assert found["luck"].values == pytest.approx(np.full(3, 0.2 * np.sqrt(2.0 / 4.0) / delta), rel=0.2)
    assert float(found["sigma"][0]) < 0.6 * float(found["luck"][0])  # freed of luck


def test_with_one_replicate_no_effect_is_told_from_luck():
    results = known.sweep("morris", lambda x: 0.0 * x[:, 0], 0.0, 1.0, 20, factors=3, noise=1.0)
    table = sensitivity.morris(results)
    assert not one(table)["told"].any()
    (page,) = sensitivity_pages(table)
    assert all(cell.second == "luck unknown" for _, cells in page.rows for cell in cells)
    assert "luck cannot be told" in " ".join(page.notes)


@pytest.mark.parametrize("replicates", [2, 3])
def test_effects_of_lucks_that_all_points_share_are_seldom_told(replicates):
    results = known.sweep("morris", linear, 0.0, 1.0, 20, factors=3, replicates=replicates, common=True)
    x, told = results["parameter_value"].values, []
    for seed in range(20):
        slopes = np.random.default_rng(seed).standard_normal((3, replicates))  # of each luck, the same at all points
        results["paid"][1] = x @ slopes
        told.append(one(sensitivity.morris(results, resamples=20))["told"].values.mean())
    assert np.mean(told) < 0.2  # half of them by trajectories alone


@pytest.mark.parametrize(
    ("results", "ask", "says"),
    [
        (lambda: saltelli(8), sensitivity.sobol, "at least 16"),
        (lambda: known.sweep("morris", linear, 0.0, 1.0, 3, factors=3), sensitivity.morris, "at least 4"),
        (lambda: saltelli(16), sensitivity.morris, 'design = "morris"'),
        (lambda: known.of_numbers(np.random.default_rng(1).random((50, 2)), np.ones((50, 1))), sensitivity.sobol,
         "--method binned"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_says_what_would_work(results, ask, says):
    with pytest.raises(InvalidValue, match=says):
        ask(results())


def test_numbers_drawn_beside_a_design_are_refused():
    results = saltelli(16)
    results.attrs["uncertainties"] = results.attrs["uncertainties"].replace('"default"', '"drawn"')
    with pytest.raises(InvalidValue, match='others = "default"'):
        sensitivity.sobol(results)


def test_names_that_do_not_exist_are_answered_with_those_that_do():
    results = saltelli(16)
    for wrong in ({"outcomes": ["piad"]}, {"mixes": ["mad"]}, {"engine": "salb"}, {"measure": "levle"}):
        with pytest.raises(NotFound, match="did you mean"):
            sensitivity.sobol(results, **wrong)
