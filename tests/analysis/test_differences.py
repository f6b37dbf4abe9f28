"""Paired differences, their errors, and when they are resolved."""

import math

import numpy as np
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st

from policymix.analysis import differences


def _values(array):
    array = np.asarray(array, dtype=float)
    return xarray.DataArray(array, dims=("mix", "draw", "replicate"), coords={"mix": ["none", "a"]})


def test_common_shocks_cancel():
    common = np.random.default_rng(1).normal(100.0, 50.0, (1, 30, 1))
    values = _values(np.concatenate([common, common + 2.0]))
    result = differences.summary(differences.against_baseline(values, "none")).sel(mix="a")
    assert math.isclose(result["mean"], 2.0)
    assert float(result["standard_error"]) < 1e-12
    assert bool(result["resolved"])


def test_standard_error_has_one_observation_a_draw():
    # Two replicates that agree add nothing to four draws: sd of (1, 2, 3, 4) over 2.
    draws = np.repeat(np.array([1.0, 2.0, 3.0, 4.0])[None, :, None], 2, axis=2)
    error = differences.standard_error(_values(np.concatenate([draws * 0.0, draws])))
    assert math.isclose(error.sel(mix="a"), math.sqrt(5.0 / 3.0) / 2.0)


def test_one_draw_uses_its_replicates_and_one_run_has_no_error():
    values = _values([[[0.0, 0.0]], [[1.0, 3.0]]])
    assert math.isclose(differences.standard_error(values).sel(mix="a"), 1.0)
    single = differences.summary(values.isel(replicate=[1]))
    assert np.isnan(single["standard_error"]).all()
    assert not single["resolved"].any()


def test_no_difference_is_not_resolved():
    assert not differences.summary(_values(np.zeros((2, 5, 1))))["resolved"].any()


def test_runs_without_a_number_are_left_out():
    values = _values([[[np.nan]] * 3, [[1.0], [np.nan], [3.0]]])
    result = differences.summary(values)
    assert np.isnan(result["mean"].sel(mix="none"))
    assert not bool(result["resolved"].sel(mix="none"))
    assert float(result["mean"].sel(mix="a")) == 2.0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=12))
def test_resolved_means_two_standard_errors(numbers):
    values = _values(np.stack([np.zeros(len(numbers)), numbers])[:, :, None])
    result = differences.summary(values).sel(mix="a")
    expected = abs(result["mean"]) >= 2.0 * result["standard_error"] and result["mean"] != 0.0
    assert bool(result["resolved"]) == bool(expected)
    slack = 1e-9 * (1.0 + abs(float(result["median"])))
    assert result["low"] - slack <= result["median"] <= result["high"] + slack


def test_paired_reads_flows_stocks_and_yearly_outcomes(run):
    for outcome in ("investment", "active_firms", "core_share"):
        result = differences.paired(run, outcome)
        assert float(result["mean"].sel(mix="none")) == 0.0
        assert bool(result["resolved"].sel(mix="both"))
    last = run["core_share"].sel(prices="free", year=2025)
    rise = float((last.sel(mix="both") - last.sel(mix="none")).mean())
    assert math.isclose(differences.paired(run, "core_share")["mean"].sel(mix="both"), rise)


def test_direct_and_feedback_add_up(run):
    parts = differences.direct_and_feedback(run, "core_share")["mean"]
    gap = parts.sel(part="direct") + parts.sel(part="feedback") - parts.sel(part="total")
    assert float(abs(gap).max()) < 1e-15
