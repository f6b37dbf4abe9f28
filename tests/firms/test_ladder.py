"""Published criteria of the ladder, at their bounds (htz-2022/b12; docs/ECONOMICS.md 9, b6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policymix.firms import ladder

EAGLE = (1.0, 8.0, 2e6, 200e6)  # ages and revenue
GAZELLE = (3.0, 15.0, 5e6)


@pytest.mark.parametrize(
    ("revenue", "staff", "intensity", "met"),
    [
        (200e6, 500.0, 0.03, 1.0),
        (200e6 + 1.0, 500.0, 0.03, 0.0),
        (200e6, 500.5, 0.03, 0.0),
        (200e6, 500.0, 0.0299, 0.0),
        (0.0, 1.0, 0.5, 1.0),
    ],
)
def test_technology_sme(revenue, staff, intensity, met):
    assert ladder.technology_sme(revenue, staff, intensity, 200e6, 500.0, 0.03) == met


@pytest.mark.parametrize(
    ("revenue", "line"), [(49_999_999.0, 0.05), (50e6, 0.04), (200e6, 0.04), (200e6 + 1.0, 0.03), (5e9, 0.03)]
)
def test_intensity_line(revenue, line):
    """5 / 4 / 3 % of revenue by size (recalled, point 9)."""
    assert ladder.intensity_line(revenue, 50e6, 200e6, 0.05, 0.04, 0.03) == line


@pytest.mark.parametrize(
    ("age", "intensity", "met"), [(1.0, 0.05, 1.0), (0.75, 0.05, 0.0), (1.0, 0.0499, 0.0), (30.0, 0.10, 1.0)]
)
def test_high_tech_enterprise(age, intensity, met):
    assert ladder.high_tech_enterprise(age, intensity, 0.05, 1.0) == met


@pytest.mark.parametrize(
    ("age", "revenue", "before", "met"),
    [
        (1.0, 2e6, 1e6, 1.0),
        (8.0, 200e6, 100e6, 1.0),
        (0.75, 2e6, 1e6, 0.0),
        (8.25, 2e6, 1e6, 0.0),
        (4.0, 1.99e6, 1e6, 0.0),
        (4.0, 200.1e6, 100e6, 0.0),
        (4.0, 10.9e6, 10e6, 0.0),
        (4.0, 11.1e6, 10e6, 1.0),
    ],
)
def test_chick_eagle(age, revenue, before, met):
    assert ladder.chick_eagle(age, revenue, before, 0.10, *EAGLE) == met


@pytest.mark.parametrize(
    ("age", "revenue", "three_years_ago", "met"),
    [
        (3.0, 8.65e6, 5e6, 1.0),
        (3.0, 8.63e6, 5e6, 0.0),
        (15.0, 20e6, 10e6, 1.0),
        (15.25, 20e6, 10e6, 0.0),
        (2.75, 20e6, 10e6, 0.0),
        (10.0, 20e6, 4.9e6, 0.0),
    ],
)
def test_gazelle(age, revenue, three_years_ago, met):
    """20 % a year over three years is a factor of 1.728 (B19)."""
    assert ladder.gazelle(age, revenue, three_years_ago, 0.20, *GAZELLE) == met


@pytest.mark.parametrize(
    ("age", "revenue", "three_years_ago", "met"),
    [
        (10.0, 500e6, 370e6, 1.0),
        (10.0, 500e6, 380e6, 0.0),
        (15.25, 500e6, 100e6, 0.0),
        (2.0, 500e6, 0.0, 0.0),
    ],
)
def test_unicorn(age, revenue, three_years_ago, met):
    """Revenue x growth x 3 of at least 2 billion: a proxy, for no text gives a valuation rule."""
    assert ladder.unicorn(age, revenue, three_years_ago, 2e9, 3.0, 15.0) == met


def test_leading():
    assert ladder.leading(1e9, 1e9) == 1.0
    assert ladder.leading(1e9 - 1.0, 1e9) == 0.0


@given(revenue=st.floats(0.0, 1e11), more=st.floats(0.0, 1e11))
def test_leading_and_unicorn_are_kept_by_growing(revenue, more):
    assert ladder.leading(revenue + more, 1e9) >= ladder.leading(revenue, 1e9)
    worth, before = (ladder.unicorn(5.0, each, 1e8, 2e9, 3.0, 15.0) for each in (revenue + more, revenue))
    assert worth >= before


@given(age=st.floats(0.0, 60.0), revenue=st.floats(0.0, 1e11), before=st.floats(0.0, 1e11), x=st.floats(0.0, 0.5))
def test_every_criterion_answers_yes_or_no(age, revenue, before, x):
    answers = (
        ladder.technology_sme(revenue, age, x, 200e6, 500.0, 0.03),
        ladder.high_tech_enterprise(age, x, 0.05, 1.0),
        ladder.chick_eagle(age, revenue, before, x, *EAGLE),
        ladder.gazelle(age, revenue, before, x, *GAZELLE),
        ladder.unicorn(age, revenue, before, 2e9, 3.0, 15.0),
        ladder.leading(revenue, 1e9),
    )
    assert set(answers) <= {0.0, 1.0}
