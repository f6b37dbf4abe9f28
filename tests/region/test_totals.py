"""Published totals beside synthetic ones, and raking to margins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from policymix.errors import InvalidValue, NotFound
from policymix.region.arrays import environment_arrays, region_arrays
from policymix.region.load import load, load_environment
from policymix.region.totals import comparison, comparison_text, implied_totals, rake, total_key

REGION = load("dalian")
ARRAYS = region_arrays(REGION)
PATHS = environment_arrays(load_environment("dalian-reference"), {}, "2016Q1", "2025Q4")


def test_the_region_file_agrees_with_its_own_totals():
    rows = comparison(REGION, implied_totals(REGION, ARRAYS, PATHS))
    checked = [row for row in rows if row.synthetic is not None]
    assert {row.key for row in checked} >= {total_key(total) for total in REGION.total if total.use == "rake"}
    for row in checked:
        assert row.within, f"{row.key}: published {row.published:g}, implied {row.synthetic:g}"


def test_comparison_lists_every_total_with_its_residual():
    rows = comparison(REGION, {"recognised.gazelle/dalian-htz/2021": 40.0})
    assert len(rows) == len(REGION.total)
    (row,) = (row for row in rows if row.synthetic is not None)
    assert row.synthetic == pytest.approx(40.0 / 0.8), "counts are grossed up to all industries"
    assert row.residual == pytest.approx(50.0 / 60.0 - 1.0)
    assert row.within and row.source == "CS-0203"
    assert comparison(REGION, {"recognised.gazelle/dalian-htz/2021": 20.0}, {"region.gazelle.modelled": 1.0})[
        rows.index(row)
    ].residual == pytest.approx(20.0 / 60.0 - 1.0)


def test_a_ceiling_is_only_broken_from_above():
    key = "investment/dalian-htz/2021"
    below, above = (next(r for r in comparison(REGION, {key: v}) if r.key == key) for v in (1e9, 2e10))
    assert below.within and not above.within


def test_misses_are_shown_beside_hits():
    text = comparison_text(comparison(REGION, {"recognised.gazelle/dalian-htz/2021": 5.0, "gdp/dalian/2020": 700.04e9}))
    assert "MISS" in text and "ok" in text and "not modelled" in text
    chinese = comparison_text(comparison(REGION, {}), "zh")
    assert "瞪羚" in chinese


def test_unknown_totals_offer_the_nearest():
    with pytest.raises(NotFound, match="recognised.gazelle/dalian-htz/2021"):
        comparison(REGION, {"recognised.gazele/dalian-htz/2021": 1.0})


@settings(max_examples=40, deadline=None)
@given(
    start=hnp.arrays(np.float64, (5, 3), elements=st.floats(0.1, 10.0)),
    wanted=hnp.arrays(np.float64, (5, 3), elements=st.floats(0.1, 10.0)),
)
def test_raking_meets_both_margins(start, wanted):
    fitted = rake(start, wanted.sum(axis=1), wanted.sum(axis=0))
    assert np.allclose(fitted.sum(axis=1), wanted.sum(axis=1), rtol=1e-8)
    assert np.allclose(fitted.sum(axis=0), wanted.sum(axis=0), rtol=1e-8)
    odds = (start[0, 0] * start[1, 1]) / (start[0, 1] * start[1, 0])
    assert (fitted[0, 0] * fitted[1, 1]) / (fitted[0, 1] * fitted[1, 0]) == pytest.approx(odds), "odds ratios are kept"


def test_raking_leaves_free_margins_and_zeros():
    start = np.array([[1.0, 0.0], [2.0, 3.0]])
    fitted = rake(start, np.array([4.0, np.nan]), np.array([np.nan, np.nan]))
    assert fitted.tolist() == [[4.0, 0.0], [2.0, 3.0]]
    assert start.tolist() == [[1.0, 0.0], [2.0, 3.0]], "the input is left alone"


@pytest.mark.parametrize(
    ("weights", "rows", "columns", "word"),
    [
        ([[1.0, 1.0]], [1.0, 1.0], [1.0, 1.0], "shape"),
        ([[1.0, -1.0]], [1.0], [1.0, 0.0], "negative"),
        ([[1.0, 1.0]], [1.0], [1.0, 1.0], "one sum"),
        ([[0.0, 1.0], [0.0, 1.0]], [1.0, 1.0], [1.0, 1.0], "gap"),
    ],
)
def test_impossible_margins_are_refused(weights, rows, columns, word):
    with pytest.raises(InvalidValue, match=word):
        rake(np.array(weights), np.array(rows), np.array(columns))
