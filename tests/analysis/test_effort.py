"""Variance components of a layout whose answer is known, and draws that follow from them."""

import math

import numpy as np
import pytest

from policymix.analysis import effort
from policymix.errors import InvalidValue, NotFound


def test_components_by_hand():
    """Draws' means 1 and 3, replicates +-1 around them: within 2, between 2 - 2/2 = 1."""
    between, within = effort.components(np.array([[0.0, 2.0], [2.0, 4.0]]))
    assert (between, within) == (1.0, 2.0)


def test_one_replicate_cannot_tell_them_apart():
    between, within = effort.components(np.array([[1.0], [3.0]]))
    assert between == 2.0 and math.isnan(within)


def test_components_of_a_drawn_layout():
    rng = np.random.default_rng(1)
    values = 2.0 * rng.standard_normal((4000, 1)) + 3.0 * rng.standard_normal((4000, 3))
    between, within = effort.components(values)
    assert between == pytest.approx(4.0, rel=0.1) and within == pytest.approx(9.0, rel=0.05)


def test_draws_give_the_half_width_asked_for():
    """1.645^2 (1 + 2/2) / 0.5^2 = 21.6 draws of two replicates; of one, 32.5."""
    assert effort.draws_needed(1.0, 2.0, 2, 0.5) == 22.0
    assert effort.draws_needed(1.0, 2.0, 1, 0.5) == 33.0
    assert effort.draws_needed(1.0, math.nan, 1, 1e9) == 2.0
    assert math.isnan(effort.draws_needed(1.0, math.nan, 2, 0.5))


def test_a_pilot_says_what_it_needs(make_run, target):
    run = make_run(draws=10, replicates=3)
    table = effort.effort(run, [target("core_share", 0.1)], half_width={"investment_additional": 1e7})
    one = table.sel(mix="both", row="investment_additional")
    values = run["additional"].sel(prices="free", activity="investment", mix="both").values
    between, within = effort.components(values)
    expected = effort.draws_needed(between, within, 1, 1e7)
    assert float(one["draws_needed"].sel(replicates=1)) == expected > float(one["draws_needed"].sel(replicates=4))
    assert "a/t1" in table["row"].values and "none" not in table["mix"].values
    wider = effort.effort(run, half_width={"investment_additional": 2e7}).sel(mix="both", row="investment_additional")
    assert float(wider["draws_needed"].sel(replicates=1)) == pytest.approx(expected / 4.0, abs=1.0)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"half_width": {"investment_aditional": 1.0}}, NotFound, "investment_additional"),
        ({"half_width": {"paid": 0.0}}, InvalidValue, "above 0"),
        ({"relative": 0.0}, InvalidValue, "above 0"),
    ],
)
def test_wrong_widths_are_refused(run, arguments, error, words):
    with pytest.raises(error, match=words):
        effort.effort(run, **arguments)


def test_one_draw_is_no_pilot(make_run):
    with pytest.raises(InvalidValue, match="--draws 10 --replicates 2"):
        effort.effort(make_run(draws=1))
