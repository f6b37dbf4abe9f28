"""Judging: medians and pooled numbers against bands, all times together, alternatives, what is not identified."""

import math

import numpy as np
import pytest

from policymix.calibrate.bands import Fact
from policymix.calibrate.verdicts import judge
from policymix.report import fact_table

TITLE = {"en": "a", "zh": "b"}


def fact(alternative=False, judged="median", at=("start", "later")):
    measure = [{"name": "x", "title": TITLE, "unit": "1", "band": {"min": 0, "max": 1}}]
    if alternative:
        measure.append({**measure[0], "name": "y", "alternative": True})
    return Fact(
        id="S1", title=TITLE, rows=["B01"], units="firms", judged=judged, at=list(at), measure=measure,
        note={"en": "inherited", "zh": "c"}, missed={"en": "because", "zh": "d"},
    )  # fmt: skip


def numbers(start, later, name="x"):
    return {("S1", name, "start"): np.array(start, float), ("S1", name, "later"): np.array(later, float)}


def test_a_fact_passes_when_the_median_does_at_every_time():
    assert judge(fact(), numbers([0.2, 0.5, 9.0], [0.1, 0.9, 1.0]), {}).passed
    missed = judge(fact(), numbers([0.2, 0.5, 0.6], [0.1, 1.2, 1.5]), {})
    assert not missed.passed
    assert [part.passed for part in missed.parts] == [True, False]
    assert (missed.deciding.when, missed.deciding.estimate) == ("later", 1.2)


def test_pooled_numbers_take_the_place_of_the_median():
    pooled = {("S1", "x", "start"): 0.5, ("S1", "x", "later"): 0.5}
    verdict = judge(fact(judged="pooled"), numbers([2.0] * 3, [3.0] * 3), pooled)
    assert verdict.passed
    assert (verdict.parts[0].estimate, verdict.parts[0].low) == (0.5, 2.0)


def test_an_alternative_stands_in_at_its_own_time_only():
    good = numbers([0.5] * 3, [2.0] * 3) | numbers([2.0] * 3, [0.5] * 3, "y")
    assert judge(fact(alternative=True), good, {}).passed
    bad = numbers([0.5] * 3, [2.0] * 3) | numbers([0.5] * 3, [2.0] * 3, "y")
    assert not judge(fact(alternative=True), bad, {}).passed


def test_half_of_the_runs_unknown_is_not_identified_and_missed():
    verdict = judge(fact(), numbers([0.5, math.nan, math.nan], [0.5] * 3), {})
    assert not verdict.passed
    assert math.isnan(verdict.deciding.estimate)
    assert "too few observations" in fact_table.reason(verdict)


def test_reasons_say_what_is_inherited_and_why_it_is_missed():
    assert fact_table.reason(judge(fact(), numbers([0.5] * 3, [0.5] * 3), {})) == "inherited"
    assert fact_table.reason(judge(fact(), numbers([5.0] * 3, [0.5] * 3), {})) == "inherited; because"


def test_misses_come_first():
    good, bad = judge(fact(), numbers([0.5] * 3, [0.5] * 3), {}), judge(fact(), numbers([5.0] * 3, [0.5] * 3), {})
    assert fact_table.misses_first([good, bad, good]) == [bad, good, good]


@pytest.mark.parametrize(("band", "text"), [((0.5, None), "at least"), ((None, 0.05), "at most"), ((1.0, 2.0), " to ")])
def test_bands_in_words(band, text):
    from policymix.calibrate.bands import Band

    assert text in fact_table.band_text(Band(min=band[0], max=band[1]))
