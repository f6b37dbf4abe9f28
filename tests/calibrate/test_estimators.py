"""Estimators on made-up data with known answers, and on data that identify nothing."""

import numpy as np
import pytest

from policymix.calibrate import estimators as e


def why(answer):
    assert isinstance(answer, e.Unidentified)
    return answer.why


@pytest.mark.parametrize(
    ("measure", "expected"),
    [("relative", 0.25), ("log", np.log(1.25)), ("difference", 0.5), ("total", 150.0)],
)
def test_contrast_gives_what_its_equation_says(measure, expected):
    sums = np.array([100.0, 250.0, 100.0, 50.0, 100.0, 50.0])
    assert e.contrast(sums, measure, 20) == pytest.approx(expected)


def test_contrast_of_an_empty_group_is_not_identified():
    assert "0 treated firms" in why(e.contrast(np.array([0.0, 0, 0, 50, 100, 50]), "relative", 20))
    assert "0 untreated firms" in why(e.contrast(np.array([50.0, 100, 50, 0, 0, 0]), "difference", 1))


def test_contrast_with_nothing_is_not_identified():
    assert "above nought" in why(e.contrast(np.array([50.0, 100, 50, 50, 0, 50]), "relative", 20))
    assert "divide" in why(e.contrast(np.array([50.0, 100, 0, 50, 10, 50]), "difference", 20))


def test_difference_in_differences_removes_the_common_trend():
    treated_after, treated_before, other_after, other_before = 130.0 * 1.2, 100.0, 65.0, 50.0
    rows = [(treated_after, 40), (treated_before, 40), (other_after, 30), (other_before, 30)]
    sums = np.array([[n, n * y, n] for y, n in rows])
    assert e.difference_in_differences(sums, "relative", 20) == pytest.approx(0.2)
    assert e.difference_in_differences(sums, "difference", 20) == pytest.approx((156 - 100) - (65 - 50))
    assert "30 untreated" in why(e.difference_in_differences(sums, "relative", 31))


def test_path_and_its_summaries():
    sums = np.array([[50, 50.0 * y, 50, 50, 50.0, 50] for y in (1.1, 1.4, 0.9)])
    steps = e.path(sums, "relative", 20)
    assert steps == pytest.approx([0.1, 0.4, -0.1])
    found = [e.summary_of(steps, how) for how in ("mean", "max", "min", "first", "last")]
    assert found == pytest.approx([0.4 / 3, 0.4, -0.1, 0.1, -0.1])
    assert "no quarter" in why(e.summary_of([], "mean"))


def test_discontinuity_finds_a_jump_between_different_slopes():
    x = np.linspace(-1.0, 1.0, 2001)
    y = np.where(x >= 0.0, 3.0 + 0.5 * x, 2.0 - 1.5 * x)
    sums = e.discontinuity_sums(x, y, 0.4)
    assert e.discontinuity(sums, "difference", 20) == pytest.approx(1.0)
    assert e.discontinuity(sums, "relative", 20) == pytest.approx(0.5)


def test_discontinuity_adds_up_over_runs():
    x, generator = np.linspace(-1.0, 1.0, 400), np.random.default_rng(1)
    y = 2.0 * (x >= 0.0) + x + generator.normal(0.0, 0.1, x.size)
    half = e.discontinuity_sums(x[::2], y[::2], 0.5) + e.discontinuity_sums(x[1::2], y[1::2], 0.5)
    whole = e.discontinuity_sums(x, y, 0.5)
    assert e.discontinuity(half, "difference", 20) == pytest.approx(e.discontinuity(whole, "difference", 20))
    assert e.discontinuity(whole, "difference", 20) == pytest.approx(2.0, abs=0.1)


def test_discontinuity_without_firms_or_spread_is_not_identified():
    x = np.linspace(0.0, 1.0, 100)
    assert "below" in why(e.discontinuity(e.discontinuity_sums(x, x, 0.5), "difference", 20))
    same = np.concatenate([np.full(50, -0.1), x])
    assert "does not vary" in why(e.discontinuity(e.discontinuity_sums(same, same, 0.5), "difference", 20))


def test_a_ranked_cutoff_bears_exceptions():
    score = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
    assert e.ranked_cutoff(score, np.array([0, 0, 0, 1, 1, 1], bool)) == 35.0
    assert e.ranked_cutoff(score, np.array([1, 0, 0, 0, 1, 1], bool)) == 45.0
    assert e.ranked_cutoff(score[::-1], np.array([1, 1, 0, 0, 0, 0], bool)) == 45.0


def test_bins_never_span_the_line():
    counts = e.bins_of(np.array([0.999, 1.0, 1.0001, 1.05, 0.0, np.nan, 50.0]), 1.0, 0.02, (-0.1, 0.1))
    assert counts.sum() == 4
    assert counts[4] == 1  # just below
    assert counts[5] == 2  # at the line and just above


RULES = {"degree": 3, "least": 20}


def test_bunching_against_the_paired_control():
    control = np.full(10, 100.0)
    moved = control.copy()
    moved[4] += 60.0
    moved[5] -= 60.0
    excess = e.bunching(moved, control, 5, 1, side="below", measure="excess", **RULES)
    assert excess == pytest.approx(0.6)
    assert e.bunching(moved, control, 5, 1, side="above", measure="missing", **RULES) == pytest.approx(0.6)
    assert e.bunching(moved, control, 5, 2, side="below", measure="ratio", **RULES) == pytest.approx(0.3)


def test_bunching_against_a_polynomial():
    x = np.linspace(-1.0, 1.0, 40)
    smooth = 200.0 - 50.0 * x + 20.0 * x**2
    bunched = smooth.copy()
    bunched[19] += 100.0
    bunched[20] -= 100.0
    excess = e.bunching(bunched, None, 20, 1, side="below", measure="excess", **RULES)
    assert excess == pytest.approx(100.0 / smooth[19], rel=1e-6)
    assert "too few bins" in why(e.bunching(bunched[:6], None, 3, 3, side="below", measure="excess", **RULES))


def test_bunching_without_firms_is_not_identified():
    empty = np.zeros(10)
    assert "0 firms" in why(e.bunching(empty, empty, 5, 1, side="below", measure="excess", **RULES))


def test_share_and_combinations():
    assert e.share(np.array([30.0, 6.0, 30.0]), 20) == pytest.approx(0.2)
    assert "fewer than 31" in why(e.share(np.array([30.0, 6.0, 30.0]), 31))
    assert e.combined(0.2, 0.5, "ratio") == pytest.approx(0.4)
    assert e.combined(0.2, 0.5, "difference") == pytest.approx(-0.3)
    assert "nought" in why(e.combined(0.2, 0.0, "ratio"))
    assert "against: no" in why(e.combined(0.2, e.Unidentified("no"), "ratio"))
    assert why(e.combined(e.Unidentified("first"), 0.1, "ratio")) == "first"
