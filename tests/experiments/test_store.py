"""Results written aside and renamed, manifests that catch every change, and replay's comparison."""

import json

import numpy as np
import pytest

from policymix.errors import InvalidFile, NotFound, RunFailed
from policymix.experiments import store
from policymix.experiments.replay import compare_results
from policymix.experiments.scenario import load_scenario, with_options

xarray = pytest.importorskip("xarray")


@pytest.fixture
def results():
    rng = np.random.default_rng(1)
    return xarray.Dataset(
        {
            "investment": (
                ("mix", "draw", "quarter"),
                rng.normal(size=(2, 3, 4)),
                {"units": "CNY", "long_name_zh": "投资"},
            ),
            "entries": (("mix", "draw"), rng.integers(0, 9, (2, 3))),
        },
        {"mix": ["none", "both"], "draw": [0, 1, 2], "quarter": ["2021Q1", "2021Q2", "2021Q3", "2021Q4"]},
        {"schema_version": str(store.SCHEMA_VERSION), "seed": 7},
    )


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A scenario with files of its own beside it, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "study"
    for name in ("packages/base", "packages/own", "regions/town", "environments/calm", "targets/goal"):
        path = folder / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'id = "{path.stem}"\n', encoding="utf-8")
    (folder / "packages" / "own.toml").write_text('extends = "base"\nid = "own"\n', encoding="utf-8")
    (folder / "my-priors.toml").write_text("", encoding="utf-8")
    scenario = folder / "my.toml"
    scenario.write_text(
        'id = "my"\ntitle = {en = "a", zh = "b"}\nregion = "town"\nenvironment = "calm"\ntargets = ["goal"]\n'
        'mixes = "none,own=./packages/own.toml"\nstart = "2021Q1"\nend = "2021Q4"\nburn_in_start = "2020Q1"\n'
        'priors = "my-priors.toml"\ndraws = 3\n',
        encoding="utf-8",
    )
    return load_scenario(scenario)


def test_a_dataset_survives_storage(tmp_path, results):
    path = store.save(results, tmp_path / "deep" / "results.nc")
    xarray.testing.assert_identical(store.open_results(path), results)
    xarray.testing.assert_identical(store.open_results(path.parent), results)
    assert [found.name for found in path.parent.iterdir()] == ["results.nc"]


def test_what_is_no_result(tmp_path):
    with pytest.raises(NotFound, match="no results"):
        store.open_results(tmp_path / "nothing.nc")
    (tmp_path / "text.nc").write_text("not NetCDF")
    with pytest.raises(InvalidFile, match="no NetCDF"):
        store.open_results(tmp_path / "text.nc")


def test_writable_is_checked_and_leaves_nothing(tmp_path):
    store.check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunFailed, match="is no folder"):
        store.check_writable(tmp_path / "file" / "b")


def test_staged_files_arrive_together_or_not_at_all(tmp_path):
    target = tmp_path / "out" / "run"
    with pytest.raises(KeyboardInterrupt), store.staged(target) as aside:
        (aside / "results.nc").write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with store.staged(target) as aside:
        (aside / "inputs").mkdir()
        (aside / "inputs" / "scenario.toml").write_text("new")
        assert not target.exists()
    assert (target / "inputs" / "scenario.toml").read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["run"]


def test_staging_keeps_what_the_user_added_and_clears_old_inputs(tmp_path):
    (tmp_path / "run" / "inputs").mkdir(parents=True)
    (tmp_path / "run" / "inputs" / "old.toml").write_text("old")
    (tmp_path / "run" / "notes.md").write_text("mine")
    with store.staged(tmp_path / "run") as aside:
        (aside / "inputs").mkdir()
        (aside / "inputs" / "new.toml").write_text("new")
    found = sorted(path.name for path in (tmp_path / "run").rglob("*") if path.is_file())
    assert found == ["new.toml", "notes.md"]


def test_inputs_hold_every_file_and_read_back_as_the_same_scenario(study, results, tmp_path):
    files = store.input_files(study)
    assert set(files) == {
        "packages/own.toml",
        "packages/base.toml",
        "regions/town.toml",
        "environments/calm.toml",
        "targets/goal.toml",
        "priors.toml",
    }
    manifest = store.save_run(
        tmp_path / "run", results, with_options(study, set=["parameter.x=1"]), files, ["policymix"]
    )
    again = load_scenario(tmp_path / "run" / "inputs" / "scenario.toml")
    assert again.mixes == {"none": [], "own": ["own"]}
    assert again.set == {"parameter.x": 1}
    assert store.input_files(again).keys() == files.keys()
    assert set(manifest["inputs"]) == {*files, "scenario.toml"}
    assert {"policymix", "python", "numpy"} <= set(manifest["versions"])
    assert manifest == json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))


def test_a_changed_input_is_named(study, results, tmp_path):
    store.save_run(tmp_path / "run", results, study, store.input_files(study))
    manifest = store.read_manifest(tmp_path / "run")
    assert store.changed_inputs(tmp_path / "run", manifest) == []
    (tmp_path / "run" / "inputs" / "packages" / "own.toml").write_text("id = 'x'")
    (tmp_path / "run" / "inputs" / "regions" / "town.toml").unlink()
    assert store.changed_inputs(tmp_path / "run", manifest) == ["packages/own.toml", "regions/town.toml"]


def test_the_digest_sees_values_and_nothing_else(results):
    assert store.digest(results) == store.digest(results.copy(deep=True).assign_attrs(note="x"))
    other = results.copy(deep=True)
    other["investment"][0, 0, 0] += 1e-12
    assert store.digest(other) != store.digest(results)


def test_comparison_to_the_bit_and_to_a_tolerance(results):
    equal, report = compare_results(results, results.copy(deep=True))
    assert equal
    assert "equal to the bit" in report
    other = results.copy(deep=True)
    other["investment"].values[0, 0, 0] *= 1 + 1e-12
    assert not compare_results(results, other)[0]
    assert compare_results(results, other, 1e-9)[0]
    other["investment"].values[0, 0, 0] = np.nan
    assert not compare_results(results, other, 1e-9)[0]
    assert "not the same outcomes" in compare_results(results, results.drop_vars("entries"))[1]


def test_results_of_another_format_are_refused_in_a_sentence(tmp_path, results):
    path = store.save(results.assign_attrs(schema_version="0"), tmp_path / store.RESULTS)
    with pytest.raises(InvalidFile, match=f"schema_version: found 0; expected {store.SCHEMA_VERSION}"):
        store.open_results(path)


def test_results_that_are_cut_short_are_refused_in_a_sentence(tmp_path, results):
    path = store.save(results, tmp_path / store.RESULTS)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InvalidFile, match="a broken one"):
        store.open_results(path)


def test_results_are_found_by_their_name_in_out(tmp_path, results, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store.save(results, tmp_path / "out" / "mine" / store.RESULTS)
    assert store.place_of("mine") == store.OUT / "mine"
    with pytest.raises(NotFound, match="did you mean 'mine'"):
        store.open_results("mime")
