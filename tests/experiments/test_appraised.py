"""Outcomes by group in a run and in a sweep: the same numbers, with the dims that they declare."""

import numpy as np
import pytest

import policymix
from policymix.analysis.groups import check_groups
from policymix.experiments import appraised
from policymix.experiments.outcomes import outcome
from policymix.experiments.scenario import with_options

STUDY = """id = "groups"
title = {en = "Groups", zh = "分组"}
scenario = "small.toml"
mix = "dalian-2021+htz-2022"
draws = 1
prices = ["frozen", "free"]

[levers]
design = "factorial"
[[levers.factor]]
address = "htz-2022/m4.pays.area_max"
values = [2000]

[uncertainties]
design = "prior"
"""


@pytest.fixture(scope="module")
def run(small):
    return policymix.run(with_options(small, mix="none,both=dalian-2021+htz-2022"))


def test_every_outcome_has_its_dims_and_is_a_number(run):
    for name in [*appraised.NAMES, "leakage"]:
        assert run[name].dims == outcome(name).dims, name
        assert np.isfinite(run[name]).all(), name
    assert check_groups(run) <= 1e-9
    assert run.attrs["schema_version"] == "2"


def test_opportunities_leak_what_is_not_local(run):
    drawn = run["parameter_value"].isel(draw=0)
    values = {name: drawn.sel(parameter=f"parameter.opportunity_{name}").item() for name in ("additional", "local")}
    spent = run["opportunity_spending"].sel(mix="both").sum().item()
    expected = spent * values["additional"] * (1.0 - values["local"])
    assert run["leakage"].sel(mix="both").item() == pytest.approx(expected)
    assert run["leakage"].sel(mix="none").item() == 0.0 < spent


def test_a_sweep_keeps_the_same_numbers(run, small_folder, tmp_path):
    names = sorted([*appraised.NAMES, "leakage"])
    area = float(policymix.load("htz-2022").named("m4").pays.area_max)
    text = STUDY.replace("[2000]", f"[{area:g}]") + "".join(f'\n[[outcome]]\nname = "{name}"\n' for name in names)
    (small_folder / "groups.toml").write_text(text, encoding="utf-8")
    sweep = policymix.sweep(small_folder / "groups.toml", out=tmp_path / "store", threads=1)
    for name in names:
        own, kept = (each[name].sel(mix=mix) for each, mix in ((run, "both"), (sweep, "p0")))
        np.testing.assert_array_equal(kept.transpose(*own.dims).values, own.values, err_msg=name)
