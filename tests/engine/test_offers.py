"""What a package offers: a project that no clause could pay makes no claim, one that some clause could pay does."""

import itertools

import numpy as np
import pytest

from policymix.engine.claims import F_PLACE, TYPE_BITS
from policymix.engine.offers import OF_PROJECTS, OF_RESEARCH, find_offers, meeting_of, schedule_of
from policymix.policy.compile import compile_mix
from policymix.policy.package import load
from policymix.policy.schedule import eligible
from policymix.policy.versions import keeping

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


PARTS = [("1", "2", "3"), ("3",), ("1", "5a", "7", "10"), ("2", "3", "5a", "5b", "7", "8", "9a")]
QUARTERS = np.array([737900, 738100, 738500, 739000])
"""Days of 2021 to 2024."""


def offers_of(clauses):
    compiled = compile_mix([keeping(load("dalian-2021"), clauses)], {"city": "here"}, ("here-a", "here-b"))
    return compiled, find_offers(compiled, QUARTERS, np.array([1.0, 6.0]), 2)


@pytest.mark.parametrize("clauses", PARTS)
def test_clauses_asked_once_meet_what_they_meet_in_every_coalition(clauses):
    """Against asking every clause of the coalition itself, row by row: who meets is one pattern wherever it is the
    same, and none where nobody does."""
    compiled, offers = offers_of(clauses)
    for of, found in zip((OF_PROJECTS, OF_RESEARCH), offers, strict=True):
        pattern_of = {(): -1}
        own = np.flatnonzero(compiled.arrays.clause["kind"] == of.kind)
        for (q, day), row in itertools.product(enumerate(QUARTERS.tolist()), range(found.index.shape[1])):
            facts = of.facts_of(row, day, np.array([1.0, 6.0]), 2)
            facts[list(of.sizes)] = np.nan
            met = tuple(c for c in own if eligible(compiled.arrays, c, facts, day, facts[F_PLACE]) != 0)
            facts[list(of.differing)] = np.nan
            some = any(eligible(compiled.arrays, c, facts, day, facts[F_PLACE]) != 0 for c in own)
            assert found.index[q, row] == pattern_of.setdefault(met, len(pattern_of) - 1)
            assert found.possible[q, row] == some
        assert len(found.patterns) == len(pattern_of) - 1
    assert any(each.possible.any() for each in offers)


def test_patterns_meet_as_their_rows_do():
    """The combinations are the distinct rows in order, as sorting finds them."""
    tables = [offers_of(clauses)[1][0] for clauses in PARTS]
    size = tables[0].index.shape
    for held in ([], tables[:1], tables):
        found = meeting_of(held, *size)
        rows = np.stack([each.index.ravel() for each in held], axis=1) if held else np.zeros((np.prod(size), 0), int)
        assert np.array_equal(found.pattern[found.at.ravel()], rows)
        assert np.array_equal(found.pattern, np.unique(rows, axis=0)) or not held
    assert len(found.pattern) > 2
