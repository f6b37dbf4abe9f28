"""Breakdowns add up, are refused where they mean nothing, and say what a wrong run was made of."""

import numpy as np
import pytest

from policymix.analysis import groups, runs
from policymix.errors import InvalidValue, NotFound, RunFailed


@pytest.mark.parametrize("by", ["place", "industry", "size", "rung"])
def test_groups_add_up_to_the_whole(run, by):
    table = groups.by_group(run, by)["mean"].sel(mix="both")
    for part in ("gross", "additional", "deadweight", "displacement", "net"):
        own = table.sel(part=part)
        assert float(own.sel(group="whole")) == pytest.approx(float(own.drop_sel(group="whole").sum()))
    additional = run["additional"].sel(prices="free", mix="both", activity="investment").mean()
    assert float(table.sel(part="additional", group="whole")) == pytest.approx(float(additional))
    gap = table.sel(part="gross") - table.sel(part="additional") - table.sel(part="deadweight")
    assert float(abs(gap).max()) <= 1e-9 * float(table.sel(part="gross", group="whole"))


def test_a_group_is_its_part(run):
    """The zone has three tenths of every part, moves carry half of the additional into it."""
    table = groups.by_group(run, "place").sel(mix="both")
    whole, zone = table.sel(group="whole"), table.sel(group="dalian-htz")
    additional = float(whole["mean"].sel(part="additional"))
    assert float(zone["mean"].sel(part="additional")) == pytest.approx(0.3 * additional)
    assert float(zone["mean"].sel(part="relocation")) == pytest.approx(0.5 * additional)
    assert float(whole["mean"].sel(part="relocation")) == pytest.approx(0.0, abs=1e-6 * additional)
    assert float(zone["mean"].sel(part="from_elsewhere")) == pytest.approx(0.05 * additional)
    gross = float(zone["mean"].sel(part="gross"))
    assert float(zone["mean"].sel(part="additional_share")) == pytest.approx(0.3 * additional / gross)
    assert table.attrs["units"] == "CNY" and "Additionality Guide" in table.attrs["method"]


def test_what_was_pulled_forward_comes_off_the_highest_lead(run):
    table = groups.by_group(run, "year").sel(mix="both")["mean"]
    additional = float(table.sel(part="additional", group="whole"))
    assert float(table.sel(part="additional", group="2025")) == pytest.approx(-0.2 * additional)
    assert float(table.sel(part="pulled_forward", group="whole")) == pytest.approx(0.3 * additional)
    assert float(table.sel(part="highest_lead", group="whole")) == pytest.approx(1.3 * additional)
    assert np.isnan(float(table.sel(part="pulled_forward", group="2022")))


def test_clauses_share_out_the_additional_and_overlap_in_gross(run):
    table = groups.by_group(run, "clause").sel(mix="both")["mean"]
    clauses = table.drop_sel(group="whole")
    assert float(clauses.sel(part="allocated").sum()) == pytest.approx(
        float(table.sel(part="allocated", group="whole"))
    )
    assert float(clauses.sel(part="gross").sum()) == pytest.approx(1.5 * float(table.sel(part="gross", group="whole")))
    paid = (run["paid"] - run["recovered"]).sel(mix="both").sum(["quarter", "clause", "payer"]).mean()
    assert float(table.sel(part="paid", group="whole")) == pytest.approx(float(paid))


def test_a_changed_group_is_refused(run):
    with pytest.raises(RunFailed, match="groups add up"):
        groups.by_group(run.assign(additional_by_size=run["additional_by_size"] * 1.01), "size")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"by": "clauses"}, NotFound, "clause"),
        ({"activity": "investments"}, NotFound, "investment"),
        ({"baseline": "htz-2022"}, InvalidValue, "paired with"),
        ({"interval": 0.99}, InvalidValue, "policymix run dalian-2025 --draws 199"),
        ({"interval": 1.0}, InvalidValue, "between 0 and 1"),
        ({"by": "year", "activity": "real_rd"}, NotFound, "investment"),
    ],
)
def test_what_cannot_be_answered_says_what_to_do(run, arguments, error, words):
    with pytest.raises(error) as found:
        groups.by_group(run, **arguments)
    assert words in str(found.value)


def test_a_run_that_lost_its_baseline_is_refused(run):
    with pytest.raises(InvalidValue, match="none of"):
        groups.by_group(run.sel(mix=["htz-2022", "both"]))


def test_a_wider_interval_holds_a_narrower_one(run):
    wide, narrow = (groups.by_group(run, "place", interval=width) for width in (0.9, 0.5))
    part = {"mix": "both", "group": "whole", "part": "additional"}
    assert float(wide["low"].sel(part)) < float(narrow["low"].sel(part)) < float(narrow["high"].sel(part))


def test_runs_needed_are_what_order_statistics_bound():
    assert [runs.runs_needed(width) for width in (0.5, 0.9, 0.99)] == [3, 19, 199]


def test_numbers_that_are_none_come_with_their_inputs(run):
    broken = run.copy(deep=True)
    broken["gross_by_place"].loc[{"mix": "both", "draw": 3}] = np.nan
    with pytest.raises(RunFailed) as found:
        groups.by_group(broken, "place")
    assert "mix both, draw 3, replicate 0, luck 3" in str(found.value)
    assert f"parameter.eta = {float(run['parameter_value'][3, 0]):.6g}" in str(found.value)


def test_older_results_say_that_they_are(run):
    older = run.drop_vars("gross_by_place").assign_attrs(schema_version="1")
    with pytest.raises(NotFound, match="run the scenario again"):
        groups.by_group(older, "place")
