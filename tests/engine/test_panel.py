"""The panel of firms: sums over firms are the outcomes, periods add up, one file whatever the threads; refusals."""

import json
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

import policymix
from policymix import cli
from policymix.engine.booking import mobile_projects
from policymix.engine.panel import FLOWS
from policymix.engine.unit import run_unit
from policymix.errors import InvalidValue, RunFailed
from policymix.experiments import firm_file

OUTCOMES = {  # column of the panel -> outcome of the run
    "investment": "investment", "value_added": "value_added", "revenue": "revenue", "employment": "employment",
    "alive": "active_firms", "real_rd": "real_rd", "reported_rd": "reported_rd", "entered": "entries",
    "exited": "exits", "moved": "relocations_in",
}  # fmt: skip
FEN = 0.01


@pytest.fixture(scope="module")
def ran(small, tmp_path_factory):
    """Two draws of the small city under both packages: results and panels by quarter, by year, by three quarters."""
    folder = tmp_path_factory.mktemp("panels")
    options = {"mix": "none,both=dalian-2021+htz-2022", "draws": 2}
    options["set"] = {"parameter.mobile_share": 0.2, "parameter.mobile_size": 1.0}  # many and large enough to tell
    results = policymix.run(small, firms=folder / "1.parquet", threads=2, **options)
    for every in (3, 4):
        policymix.run(small, firms=folder / f"{every}.parquet", every=every, threads=1, **options)
    return small, options, results, folder


def table(path):
    """A panel as columns of numpy arrays; words as positions in their list."""
    from pyarrow import parquet

    read = parquet.read_table(path)
    return {
        name: np.array(read[name].to_pylist() if str(read[name].type).startswith("dict") else read[name].to_numpy())
        for name in read.column_names
    }


def summed(panel, name, over, words):
    """Sums of a column over the rows of every combination of words."""
    codes = [np.array([list(found).index(each) for each in panel[key]]) for key, found in zip(over, words, strict=True)]
    flat = np.ravel_multi_index(codes, [len(found) for found in words])
    total = np.bincount(flat, panel[name].astype(float), minlength=int(np.prod([len(found) for found in words])))
    return total.reshape([len(found) for found in words])


@pytest.mark.parametrize("column", OUTCOMES)
def test_sums_over_firms_are_the_outcomes(ran, column):
    _, _, results, folder = ran
    panel = table(folder / "1.parquet")
    outcome = results[OUTCOMES[column]].sel(prices="free", replicate=0)
    where = "place" if column in ("entered", "moved") else "place_before"
    dims = [dim for dim in outcome.dims if dim != "place"] + ["place"]
    keys = [where if dim == "place" else dim for dim in dims]
    found = summed(panel, column, keys, [outcome[dim].values.tolist() for dim in dims])
    rows = np.bincount(panel["draw"]).max()
    assert outcome.sum() > 0
    np.testing.assert_allclose(found, outcome.transpose(*dims).values, rtol=0, atol=FEN * rows / 20)


@pytest.mark.parametrize("every", [3, 4])
def test_longer_periods_are_sums_of_quarters(ran, every):
    _, _, _, folder = ran
    one, many = table(folder / "1.parquet"), table(folder / f"{every}.parquet")
    period = {label: min(19, (i // every + 1) * every - 1) for i, label in enumerate(sorted(set(one["quarter"])))}
    ends = {at: label for label, at in zip(sorted(period), range(20), strict=True)}
    assert set(many["quarter"]) == {ends[at] for at in period.values()}
    assert set(many["quarters"]) == ({4} if every == 4 else {3, 2})
    keys = [f"{m} {d} {f} {ends[period[q]]}" for m, d, f, q in rows_of(one)]
    names, spot = np.unique(keys, return_inverse=True)
    order = np.argsort([f"{m} {d} {f} {q}" for m, d, f, q in rows_of(many)])
    assert np.array_equal(names, np.array([f"{m} {d} {f} {q}" for m, d, f, q in rows_of(many)])[order])
    for flow in (*FLOWS, "entered", "exited"):
        total = np.bincount(spot, one[flow].astype(float))
        np.testing.assert_allclose(many[flow][order], total, rtol=1e-9, atol=FEN, err_msg=flow)
    assert np.array_equal(many["moved"][order], np.bincount(spot, one["moved"].astype(float)) > 0)


def rows_of(panel):
    return zip(panel["mix"], panel["draw"], panel["firm"], panel["quarter"], strict=True)


def test_stocks_and_flags_say_the_same(ran):
    panel = table(ran[3] / "1.parquet")
    assert np.array_equal(panel["alive"], ~panel["exited"])
    assert (panel["employment"][panel["exited"]] == 0).all() and (panel["employment"][panel["alive"]] > 0).all()
    assert np.array_equal(panel["moved"], (panel["place"] != panel["place_before"]))
    assert (panel["age"][panel["entered"]] == 0).all() and panel["entered"].any()
    assert not (panel["record"] & (panel["moved"] | panel["exited"])).any() and panel["record"].any()
    last = {}
    for key, exited in zip(rows_of(panel), panel["exited"], strict=True):
        assert not last.get(key[:3], False), "a row after the exit"
        last[key[:3]] = exited


def test_a_null_mix_gives_the_rows_of_the_baseline(small, tmp_path):
    path = tmp_path / "p.parquet"
    policymix.run(small, mix={"none": [], "again": []}, firms=path)
    panel = table(path)
    first, second = panel["mix"] == "none", panel["mix"] == "again"
    for name in panel:
        if name != "mix":
            assert np.array_equal(panel[name][first], panel[name][second]), name


def test_a_run_with_a_panel_is_the_run_without(ran):
    small, options, results, _ = ran
    assert policymix.run(small, **options).identical(results)


def test_the_file_does_not_depend_on_the_threads(ran, tmp_path):
    small, options, _, _ = ran
    options = {**options, "replicates": 2}
    for threads in (1, 2):
        policymix.run(small, firms=tmp_path / f"{threads}.parquet", every=4, threads=threads, **options)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.parquet", "2.parquet"]


def test_units_and_names_are_in_the_file(ran):
    from pyarrow import parquet

    _, _, results, folder = ran
    schema = parquet.read_schema(folder / "4.parquet")
    for each in schema:
        about = {key.decode(): value.decode() for key, value in each.metadata.items()}
        assert about["long_name"] and any("\u4e00" <= letter <= "\u9fff" for letter in about["long_name_zh"]), each.name
        assert (about.get("prices") == "constant prices of 2020") == about["units"].startswith("CNY")
    said = json.loads(schema.metadata[firm_file.ABOUT.encode()])
    assert said.pop("every") == "4"
    of_results = {"synthetic_totals", "notices"}
    assert said == {key: value for key, value in results.attrs.items() if key not in of_results}
    text = firm_file.describe(folder / "4.parquet")
    assert "investment (CNY): Investment 投资; constant prices of 2020; flow" in text and "seed: 2021" in text


def test_mobile_projects_are_as_many_and_as_large_as_the_parameters_say(ran):
    _, _, results, folder = ran
    panel, parameters = table(folder / "1.parquet"), results["parameter_value"]
    share, size = (float(parameters.sel(parameter=f"parameter.mobile_{name}").mean()) for name in ("share", "size"))
    new = panel["entered"] & (panel["mix"] == "none")
    mobile, log_size = panel["mobile"][new], np.log(panel["demand_state"][new])
    typical = {name: log_size[panel["industry"][new] == name].mean() for name in set(panel["industry"][new])}
    log_size = log_size - np.array([typical[name] for name in panel["industry"][new]])
    error = np.sqrt(share * (1.0 - share) / new.sum())
    assert abs(mobile.mean() - share) < 4.0 * error
    premium = log_size[mobile].mean() - log_size[~mobile].mean()
    assert abs(premium - size) < 4.0 * log_size.std() / np.sqrt(mobile.sum())
    assert premium > 2.0 * log_size.std() / np.sqrt(mobile.sum()), "too few to tell"


def test_incumbents_are_no_mobile_projects():
    assert not mobile_projects(np.array([5, 2**31 - 1]), np.uint64(7), np.uint64(3), 1.0).any()
    assert mobile_projects(np.array([2**31]), np.uint64(7), np.uint64(3), 1.0).all()


def refused(error, words, *arguments):
    with pytest.raises(error) as caught:
        firm_file.wanted(*arguments)
    for word in words:
        assert word in str(caught.value)


def test_what_is_refused_before_anything_runs(tmp_path, monkeypatch):
    refused(InvalidValue, ["--firms", "panel.csv", "panel.parquet"], "panel.csv")
    refused(InvalidValue, ["--every", "0", "1 or more"], "panel.parquet", 0)
    refused(InvalidValue, ["--every", "without --firms"], None, 4)
    (tmp_path / "folder.parquet").mkdir()
    refused(InvalidValue, ["folder"], tmp_path / "folder.parquet")
    (tmp_path / "file").touch()
    refused(RunFailed, ["cannot write"], tmp_path / "file" / "panel.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused(RunFailed, ["pip install policymix[parquet]"], "panel.parquet")
    assert firm_file.wanted(None) is None


def test_the_command_line_refuses_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (["--firms", "panel.csv"], ["--every", "4"], ["--firms", "panel.parquet", "--every", "0"]):
        result = CliRunner().invoke(cli.app, ["run", *words])
        assert result.exit_code == 2 and "policymix: --" in result.stderr and "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_fails_leaves_nothing(small, tmp_path, monkeypatch):
    from policymix.experiments import runner

    def fails(setting, values, seed, luck, **others):
        if luck == 1:
            raise RunFailed("the pool is used up")
        return run_unit(setting, values, seed, luck, **others)

    monkeypatch.setattr(runner, "run_unit", fails)
    with pytest.raises(RunFailed, match="used up"):
        policymix.run(small, draws=6, mix="none", firms=tmp_path / "new" / "p.parquet", threads=3)
    assert list(tmp_path.iterdir()) == []
