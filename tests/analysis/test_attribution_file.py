"""Attributions on file: written with their origin, read again, shown beside the right run only."""

import json

import numpy as np
import pytest
import xarray

from policymix.analysis import attribution_file
from policymix.errors import InvalidFile, InvalidValue
from policymix.experiments.inputs import gather
from policymix.experiments.results import attributes
from policymix.experiments.scenario import load_scenario, with_options


@pytest.fixture(scope="module")
def scenario():
    return with_options(load_scenario("dalian-2025"), draws=2)


@pytest.fixture(scope="module")
def results(scenario):
    return xarray.Dataset(attrs=attributes(gather(scenario), 0.0))


@pytest.fixture(scope="module")
def table():
    players, shares = ["htz-2022/m1", "dalian-2021/1"], ["shapley", "first_in", "last_in"]
    values = np.arange(6.0).reshape(3, 2)
    found = dict.fromkeys(("mean", "low", "high", "standard_error"), (("share", "player"), values))
    found["resolved"] = ("share", "player"), values > 1.0
    attrs = {"mix": "both", "outcome": "investment", "runs": 2, "exact": 1}
    return xarray.Dataset(found, coords={"share": shares, "player": players}, attrs=attrs)


def test_what_is_written_is_read_and_known_by_its_mix(scenario, results, table, tmp_path):
    path = attribution_file.write(table, scenario, "both", tmp_path / "attribution.nc")
    found = attribution_file.read(path)
    xarray.testing.assert_equal(found, table)
    assert attribution_file.mix_in(found, results) == "both"
    assert list(attribution_file.beside(tmp_path)) == [path]
    renamed = json.loads(results.attrs["mixes"])
    renamed = {{"both": "all"}.get(mix, mix): packages for mix, packages in renamed.items()}
    assert attribution_file.mix_in(found, results.assign_attrs(mixes=json.dumps(renamed))) == "all"


def test_another_run_is_refused_with_what_differs(scenario, results, table, tmp_path):
    found = attribution_file.read(attribution_file.write(table, scenario, "both", tmp_path / "a.nc"))
    with pytest.raises(InvalidValue, match="found environment dalian-reference; expected environment other"):
        attribution_file.mix_in(found, results.assign_attrs(environment="other"))
    changed = json.loads(results.attrs["packages"]) | {"htz-2022": "0" * 64}
    with pytest.raises(InvalidValue, match="another version of htz-2022"):
        attribution_file.mix_in(found, results.assign_attrs(packages=json.dumps(changed)))
    with pytest.raises(InvalidValue, match="a mix of the run"):
        attribution_file.mix_in(found, results.assign_attrs(mixes='{"none": []}'))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("parameter.hassle_cost=1e6", "found parameter.hassle_cost 1000000.0; expected parameter.hassle_cost not set"),
        ("run.end=2023Q4", "end 2023Q4"),
        ("dalian-2020/budget.amount.value=1e6", "dalian-2020"),
    ],
)
def test_another_setting_is_refused(scenario, results, table, tmp_path, setting, said):
    other = with_options(scenario, set=[setting])
    found = attribution_file.read(attribution_file.write(table, other, "both", tmp_path / "a.nc"))
    with pytest.raises(InvalidValue, match=said):
        attribution_file.mix_in(found, results, scenario)
    assert attribution_file.mix_in(found, xarray.Dataset(attrs=attributes(gather(other), 0.0)), other) == "both"


def test_settings_of_packages_that_only_other_mixes_hold_may_differ(scenario, table, tmp_path):
    found = attribution_file.read(attribution_file.write(table, scenario, "htz-2022", tmp_path / "a.nc"))
    found.attrs["mix"] = "htz-2022"
    run = with_options(scenario, set=["dalian-2021/budget.amount.value=1e6"])
    results = xarray.Dataset(attrs=attributes(gather(run), 0.0))
    assert attribution_file.mix_in(found, results, run) == "htz-2022"


def test_files_that_are_no_attribution_are_refused(table, tmp_path):
    (tmp_path / "torn.nc").write_bytes(b"CDF")
    table.to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    for name, said in (("nothing.nc", "no such file"), ("torn.nc", "no NetCDF file"), ("other.nc", "other data")):
        with pytest.raises(InvalidFile, match=said):
            attribution_file.read(tmp_path / name)
