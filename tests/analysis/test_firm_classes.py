"""Classes of firms: their changes add up to the whole."""

import numpy as np
import pytest

from policymix.analysis.firm_classes import by_class
from policymix.errors import NotFound


def test_what_classes_gain_adds_up_to_what_all_gain(run):
    whole = sum(run[name].sel(activity="investment", prices="free") for name in ("additional", "displacement"))
    whole = whole.mean(["draw", "replicate"])
    sizes = by_class(run, "size")["mean"].sum(["row", "column"])
    places = by_class(run, "place")
    per_firm = (places["mean"] * places["firms"]).sum(["row", "column"])
    assert sizes.values == pytest.approx(whole.values)
    assert np.allclose(per_firm.values, whole.values, rtol=0.05)  # firms vary a little from draw to draw
    assert places.attrs["per_firm"] == 1 and by_class(run, "size").attrs["per_firm"] == 0


def test_the_baseline_gains_nothing_and_a_class_without_firms_has_no_number(run):
    assert float(abs(by_class(run)["mean"].sel(mix="none")).max()) == 0.0
    empty = run.copy()
    empty["active_firms"] = run["active_firms"].where(run["industry"] != "software", 0.0)
    assert bool(by_class(empty)["mean"].sel(column="software").isnull().all())
    assert not bool(by_class(empty)["mean"].sel(column="electronics").isnull().any())


def test_unknown_names_are_refused(run):
    with pytest.raises(NotFound, match="no breakdown 'sizes'; did you mean 'size'"):
        by_class(run, "sizes")
    with pytest.raises(NotFound, match="no activity 'investmnt'"):
        by_class(run, "place", "investmnt")
