"""The smallest budget and what must be true, from runs written by hand: no simulation."""

from types import SimpleNamespace

import numpy as np
import pytest

from policymix.analysis import smallest_budget as room
from policymix.analysis.smallest_budget import must_be_true, smallest_budget
from policymix.errors import RunFailed
from policymix.experiments.coalitions import OUTCOMES
from policymix.experiments.design_problem import load_problem
from policymix.report.design import smallest_figure, smallest_page, truth_page

TARGET, DRAWS = "town/t1", 8
COLUMNS = [*OUTCOMES, TARGET]
REACHED = {0.25: 0.2, 1.0: 0.4, 4.0: 0.9, 16.0: 0.92, 64.0: 0.95}
"""Chance at the factors of the ladder; what is paid is the factor in million CNY."""


def measure(monkeypatch, fails=lambda factor, draw: False, reached=REACHED, probability=0.8, lost=()):
    """The table of a mix whose chance at a factor is interpolated from `reached`; `fails` says which runs fail."""
    problem = load_problem({
        "id": "hand", "title": {"en": "Hand", "zh": "手算"}, "scenario": "hand", "published": "old", "fresh": DRAWS,
        "budget": {"amount": 1e8}, "lever": [{"clause": "old/*"}], "goal": [{"outcome": "investment"}],
    })  # fmt: skip

    def numbers_of(_, candidates, sample):
        found = {}
        for text in candidates:
            factor = float(text.rpartition(" x ")[2])
            numbers = np.zeros((DRAWS, len(COLUMNS)))
            numbers[:, COLUMNS.index("paid")] = 1e6 * factor
            chance = np.interp(np.log(factor), np.log(list(reached)), list(reached.values()))
            numbers[:, -1] = chance + np.linspace(-0.04, 0.04, DRAWS)
            numbers[[text.startswith(tuple(lost)) or fails(factor, draw) for draw in range(DRAWS)]] = np.nan
            found[text] = numbers
        return found

    book = SimpleNamespace(
        columns=COLUMNS, samples={"fresh": range(8, 8 + DRAWS)}, failures=[],
        at_baseline={"fresh": 0.1 + np.linspace(-0.04, 0.04, DRAWS)[:, None]},
        trials=SimpleNamespace(scenario=SimpleNamespace(seed=1)),
    )  # fmt: skip
    monkeypatch.setattr(room, "workshop", lambda chosen, threads: SimpleNamespace(problem=chosen, book=book))
    monkeypatch.setattr(room, "mixes_of", lambda shop: {name: [] for name in ("old", *lost)})
    monkeypatch.setattr(room, "numbers_of", numbers_of)
    return smallest_budget(problem, TARGET, probability)


def said(table):
    page = smallest_page(table)
    return " | ".join([*(str(cells[0]) for _, cells in page.rows), *page.notes])


def test_failures_at_the_largest_factor_do_not_hide_that_others_reach_it(monkeypatch):
    whole = measure(monkeypatch)
    table = measure(monkeypatch, lambda factor, draw: factor == 64.0)
    assert 1e6 < float(whole["budget"].item()) < 4e6
    assert table["budget"].item() == whole["budget"].item() and table.attrs["largest"] == 16.0
    assert table["left_out"].item() == "x 64" and table["draws"].item() == DRAWS
    assert "none does" not in said(table) and "old: left out for failed runs: x 64" in said(table)


def test_one_draw_that_did_not_fail_does_not_decide(monkeypatch):
    table = measure(monkeypatch, lambda factor, draw: factor == 64.0 and draw > 0)
    assert table["draws"].item() == DRAWS and table["left_out"].item() == "x 64"
    assert table["low"].item() < table["high"].item()
    everywhere = measure(monkeypatch, lambda factor, draw: draw == 3)
    assert everywhere["draws"].item() == DRAWS - 1 and everywhere["left_out"].item() == ""
    assert "old: 7 / 8 draws" in said(everywhere)


def test_a_failed_run_does_not_mislead_the_halving(monkeypatch):
    table = measure(monkeypatch, lambda factor, draw: factor == 0.25 and draw == 2)
    assert table["left_out"].item() == "x 0.25"
    assert [f for f in table["factor_tried"].values[0] if np.isfinite(f)] == [1.0, 2.0, 2.828, 4.0, 16.0, 64.0]


def test_a_mix_whose_every_factor_fails_is_refused(monkeypatch):
    with pytest.raises(RunFailed, match="no published package has a factor without a failed run"):
        measure(monkeypatch, lambda factor, draw: True)


def test_a_mix_that_failed_is_said_to_have_failed(monkeypatch):
    table = measure(monkeypatch, lost=("bad",))
    assert np.isnan(table["budget"].sel(mix="bad")) and np.isfinite(table["budget"].sel(mix="old"))
    assert "failed" in said(table) and "bad: 0 / 8 draws" in said(table) and table.attrs["largest"] == 64.0
    assert smallest_figure(table) is not None


def test_the_smallest_budget_may_lie_below_the_first_factor(monkeypatch):
    high = {1 / 64: 0.2, 0.25: 0.7, 64.0: 0.9}
    table = measure(monkeypatch, reached=high, probability=0.4)
    tried = [f for f in table["factor_tried"].values[0] if np.isfinite(f)]
    assert tried == [1 / 64, 1 / 16, *REACHED]
    least, next_one = 1e6 / 64, 1e6 / 16
    assert table["budget"].item() == pytest.approx(least + (next_one - least) * (0.4 - 0.2) / (0.45 - 0.2))
    assert least < table["low"].item() <= table["budget"].item() <= table["high"].item() < next_one
    assert smallest_figure(table) is not None


def test_the_smallest_budget_may_lie_below_every_factor(monkeypatch):
    table = measure(monkeypatch, reached={1 / 64: 0.7, 64.0: 0.9}, probability=0.4)
    assert table["budget"].item() == pytest.approx(1e6 / 64 * (0.4 - 0.1) / (0.7 - 0.1))


def conditions():
    """A design in which the search's draws go with number a, and the fresh ones with number b."""
    import xarray

    drawn = np.random.default_rng(1).random((120, 3))
    seen = np.arange(120) < 60
    deciding = np.where(seen, drawn[:, 0], drawn[:, 1])
    invested = np.where(deciding >= 0.6, 10.0, 1.0)
    return xarray.Dataset(
        {
            "recommended": ("member", [True]),
            "run": (("member", "draw", "column"), invested[None, :, None]),
            "parameter_value": (("draw", "parameter"), drawn),
        },
        {
            "member": ["d1"], "column": ["investment"], "parameter": ["a", "b", "c"], "draw": np.arange(120),
            "sample": ("draw", np.where(seen, "search", "fresh")), "goal": ["investment"],
            "reads": ("goal", ["investment"]), "at_least": ("goal", [np.nan]), "sign": ("goal", [1.0]),
        },
        {"threshold": 5.0},
    )  # fmt: skip


def test_what_must_be_true_is_read_in_fresh_draws_only():
    table = conditions()
    truth = must_be_true(table)
    assert truth.attrs["of"] == 60 and truth["parameter"].values[0] == "b" and truth.attrs["stands"] == 1
    fresh = table["run"].values[0, 60:, 0] >= 5.0
    assert truth.attrs["meets"] == pytest.approx(fresh.mean())


def test_a_condition_is_told_as_an_association():
    note = truth_page(must_be_true(conditions())).notes[0]
    assert "has to be" not in note and "100.0" in note and "where b is at least 0.59" in note and "elsewhere" in note
    assert "b ≥ 0.59" in truth_page(must_be_true(conditions()), "zh").notes[0]
