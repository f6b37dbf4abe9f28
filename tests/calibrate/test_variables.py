"""Expressions over variables: what they may hold, and what they give."""

import numpy as np
import pytest

from policymix.calibrate.variables import KNOWN, names_in, needed, value_of


def test_names_and_values():
    expression = "log(revenue / parameter.margin) - 2 * max(age, 1)"
    assert names_in(expression) == {"revenue", "parameter.margin", "age"}
    values = {"revenue": np.array([1.0, 0.0]), "parameter.margin": np.array([0.1, 0.1]), "age": np.array([0.5, 2.0])}
    found = value_of(expression, values.__getitem__)
    assert found[0] == pytest.approx(np.log(10.0) - 2.0)
    assert np.isnan(found[1])


def test_a_comparison_is_one_or_nought():
    assert value_of("age < 3", lambda _: np.array([1.0, 3.0])).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    "text", ["__import__('os')", "a.b", "a[0]", "a if b else c", "1 < a < 2", "log(a, b)", "a +", "'x'"]
)
def test_nothing_else_is_an_expression(text):
    with pytest.raises(ValueError, match="."):
        names_in(text)


def test_what_a_variable_rests_on():
    assert needed({"cash", "staff"}, {}) == {"funds", "capital", "staff"}
    assert needed({"relabelled"}, KNOWN) == {"reported_rd", "real_rd"}
