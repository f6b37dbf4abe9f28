"""What a package offers: a project that no clause could pay makes no claim, one that some clause could pay does."""

import numpy as np
import pytest

from policymix.engine.claims import TYPE_BITS
from policymix.engine.offers import find_offers, schedule_of
from policymix.policy.compile import compile_mix
from policymix.policy.package import load

PACKAGE = """
id = "trial"
title = {{en = "trial", zh = "试验"}}
place = "city"
announced = 2021-01-01
from = 2021-01-01
until = 2025-12-31
currency = "CNY"
payers = [{{who = "city", share = 1.0}}]

[[clause]]
id = "1"
title = {{en = "grant", zh = "补助"}}
on = "project"
source = "test"
where = {{{where}}}
pays = {{share = 0.10, of = "new_investment"}}
cap = {{amount = 10_000_000, per = "project"}}
"""
DAYS = np.array([738000])
"""A day of 2021."""


@pytest.mark.parametrize(
    ("where", "share_of_rows"),
    [
        ("", 1.0),
        ("new_investment = {min = 5_000_000}", 1.0),
        ("total_investment = {min = 500_000_000}", 1.0),
        ("newly_attracted = true", 1.0),
        ('steps = "gazelle"', 1.0),
        ("major = true", 0.5),
        ("major = true, new_investment = {min = 5_000_000}", 0.5),
        ('types = "industrial_internet", new_investment = {min = 5_000_000}', 1 / TYPE_BITS.size),
    ],
)
def test_only_the_row_rules_a_project_out(where, share_of_rows, tmp_path):
    """A trial project of one size says nothing of a clause that asks for a larger one."""
    path = tmp_path / "trial.toml"
    path.write_text(PACKAGE.format(where=where), encoding="utf-8")
    compiled = compile_mix([load(path)], {"city": "here"}, ("here-a", "here-b"))
    projects, _ = find_offers(compiled, DAYS, np.array([0.0]), 2)
    assert projects.possible.shape == (1, 2 * TYPE_BITS.size * 2)
    assert projects.possible.mean() == pytest.approx(share_of_rows)


def test_what_firms_plan_on_is_what_the_clause_pays(tmp_path):
    """10 % up to 100 million: every row's first layer, whatever was asked about the other firms of the row."""
    path = tmp_path / "trial.toml"
    path.write_text(PACKAGE.format(where="major = false"), encoding="utf-8")
    compiled = compile_mix([load(path)], {"city": "here"}, ("here-a", "here-b"))
    projects, _ = find_offers(compiled, DAYS, np.array([0.0]), 2)
    offers, at = schedule_of(projects, compiled.arrays), projects.index[0]
    assert offers.rate[at[::2], 0] == pytest.approx(0.10) and offers.end[at[::2], 0] == pytest.approx(100e6)
    assert not offers.rate[at[1::2]].any() and np.isinf(offers.line).all()


def test_a_least_investment_is_a_line_in_what_firms_plan_on(tmp_path):
    """10 % from 5 million on, up to 10 million CNY: nothing below the line, half a million at it."""
    path = tmp_path / "trial.toml"
    path.write_text(PACKAGE.format(where="new_investment = {min = 5_000_000}"), encoding="utf-8")
    compiled = compile_mix([load(path)], {"city": "here"}, ("here-a", "here-b"))
    projects, _ = find_offers(compiled, DAYS, np.array([0.0]), 2)
    offers, at = schedule_of(projects, compiled.arrays), projects.index
    assert not offers.rate.any() and offers.line[at] == pytest.approx(5e6)
    assert offers.lump[at] == pytest.approx(0.0, abs=1e-6)
    assert offers.rate_above[at][..., 0] == pytest.approx(0.10) and offers.end_above[at][..., 0] == pytest.approx(100e6)
