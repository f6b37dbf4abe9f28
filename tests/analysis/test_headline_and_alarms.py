"""The headline's rows and the plausibility table."""

import math

import numpy as np
import pytest

from policymix.analysis import alarms
from policymix.analysis.headline import headline


def test_rows_and_columns(run, target):
    table = headline(run, [target("core_share", 0.10), target("", 1, id="b", untracked="why")])
    assert list(table["mix"].values) == ["none", "dalian-2021", "htz-2022", "both"]
    names = list(table["row"].values)
    assert names[0] == "investment"
    assert {"investment_additional", "active_firms_zone", "recognised_gazelle", "core_share", "paid"} <= set(names)
    assert names[-1] == "probability a/t1"
    assert all(str(text) for text in table["label_zh"].values)


def test_baseline_never_differs_from_itself(run, target):
    table = headline(run, [target("core_share", 0.10)])
    own = table.sel(mix="none")
    assert not own["resolved"].any()
    assert float(abs(own["difference_mean"].fillna(0.0)).max()) == 0.0


def test_difference_is_the_difference_of_levels(run):
    table = headline(run).sel(row=["investment", "active_firms_city", "core_share"])
    rise = table["level_mean"] - table["level_mean"].sel(mix="none")
    np.testing.assert_allclose(table["difference_mean"], rise, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(("draws", "replicates"), [(1, 1), (2, 1), (1, 3)])
def test_small_runs_still_have_a_headline(make_run, target, draws, replicates):
    small = make_run(draws=draws, replicates=replicates)
    table = headline(small, [target("core_share", 0.10), target("gdp", 1e12, id="b")])
    if draws * replicates == 1:
        assert not table["resolved"].any()
    assert alarms.check(small) is not None


def test_only_the_baseline(make_run):
    alone = make_run(draws=3, mixes={"none": []})
    assert headline(alone).sizes["mix"] == 1
    assert alarms.check(alone) == []


def _share_raised(run, points):
    share = run["core_share"].copy()
    share.loc[{"mix": "both"}] = share.sel(mix="none") + points / 100.0
    return run.assign(core_share=share)


@pytest.mark.parametrize(("points", "level"), [(0.05, None), (0.4, "warn"), (0.9, "error"), (0.001, "warn")])
def test_core_share_alarm(run, points, level):
    found = [alarm for alarm in alarms.check(_share_raised(run, points)) if alarm.outcome == "core_share"]
    assert [alarm.level for alarm in found] == ([level] if level else [])


def test_a_falling_share_needs_adoption_as_a_reason(run):
    falling = _share_raised(run, -0.05)
    same = falling.assign(adopters=falling["adopters"] * 0.0)
    level = {alarm.outcome: alarm.level for alarm in alarms.check(same)}["core_share"]
    assert level == "error"
    adopters = same["adopters"] + (same["mix"] == "both") * 10.0
    level = {alarm.outcome: alarm.level for alarm in alarms.check(same.assign(adopters=adopters))}["core_share"]
    assert level == "warn"


def test_errors_come_first_and_say_what_was_expected(run):
    wild = _share_raised(run, 2.0).assign(paid=run["paid"] * 4.0, outstanding=run["outstanding"])
    found = alarms.check(wild)
    assert [alarm.level for alarm in found] == sorted(
        (alarm.level for alarm in found), key=lambda word: word != "error"
    )
    text = str(found[0])
    assert "expected" in text
    assert "certainly wrong" in text


def test_the_mix_is_found_by_its_packages(run):
    assert alarms.mix_with(run, alarms.PACKAGES) == "both"
    assert alarms.mix_with(run, alarms.ZONE_PACKAGE, exactly=True) == "htz-2022"
    assert alarms.mix_with(run, ("qingdao-2023",)) is None


def test_what_could_not_be_checked_is_said(run):
    assert alarms.unchecked(run) == []
    assert any("capital grant" in title for title, _ in alarms.unchecked(run.drop_vars("kind")))
    assert all(math.isfinite(value) for _, _, value in alarms.measured(run))
