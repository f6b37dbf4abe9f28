"""Numbers kept with the code know what they were made from, and say when it has changed."""

import dataclasses

import pytest

from policymix import catalog
from policymix.engine.writing import ROOT
from policymix.errors import InvalidFile
from policymix.experiments import kept
from policymix.experiments.kept import Kept, Number, read_kept, sources_of, stale_sources, write_kept
from policymix.experiments.scenario import load_scenario


@pytest.fixture(scope="module")
def today():
    return sources_of(load_scenario("dalian-2025"))


def test_a_file_gives_back_what_it_was_given(tmp_path):
    content = Kept({"paid": Number(0.5, 1.25, 2.0, "bn CNY"), "none": Number(0.0, 0.0, 0.0, "1")}, {"code": "abc"})
    write_kept(tmp_path / "results" / "x.csv", content)
    assert read_kept(tmp_path / "results" / "x.csv") == content
    assert read_kept(tmp_path / "nothing.csv") is None


@pytest.mark.parametrize("line", ["guess,paid,1,2,3,bn CNY,", "number,paid,one,2,3,bn CNY,", "number,paid"])
def test_a_broken_file_is_named_with_its_line(tmp_path, line):
    path = tmp_path / "x.csv"
    path.write_text(f"{','.join(kept.HEAD)}\n{line}\n", encoding="utf-8")
    with pytest.raises(InvalidFile, match="line 2"):
        read_kept(path)


def test_a_back_test_is_made_from_figures_series_and_its_own_forecasters(today):
    sources = kept.verdict_sources("backtest-dalian")
    assert {"city_statistics.csv", "series.toml", "bounds.toml", "calibrate"} <= sources.keys()
    own = {name: text for name, text in today.items() if name != "posterior.nc"}  # it knows later figures
    assert own.items() <= sources.items() and "posterior.nc" not in sources
    assert sources["calibrate"] != kept.verdict_sources("facts")["calibrate"]
    assert all((ROOT / "calibrate" / f"{name}.py").is_file() for name in kept.BACKTEST_CODE)


def test_a_run_is_made_from_its_files_the_scenario_and_the_code(today):
    assert {"code", "scenario.toml", "priors.toml", "regions/dalian.toml", "packages/htz-2022.toml"} <= today.keys()
    assert "environments/dalian-reference.toml" in today and "opportunities/dalian-2021.toml" in today
    assert not any(name.startswith("targets/") for name in today)
    assert stale_sources("dalian-2025", Kept({}, today)) == []


@pytest.mark.parametrize("name", ["code", "packages/htz-2022.toml", "scenario.toml"])
def test_a_change_of_a_source_is_named(today, name):
    assert stale_sources("dalian-2025", Kept({}, today | {name: "other"})) == [name]
    assert stale_sources("dalian-2025", Kept({}, {k: v for k, v in today.items() if k != name})) == [name]


def test_fewer_draws_are_another_scenario(today):
    scenario = load_scenario("dalian-2025")
    fewer = sources_of(scenario.model_copy(update={"draws": 10}))
    assert [name for name in today if today[name] != fewer[name]] == ["scenario.toml"]


def test_the_code_is_every_file_that_a_number_depends_on(tmp_path, monkeypatch):
    before = kept.code_hash()
    for name in ("engine/world.py", "firms/invest.py", "policy/settlement.py"):
        assert (ROOT / name).is_file()
    real = kept.loop.sources
    monkeypatch.setattr(kept.loop, "sources", lambda rules: real(rules) | {"firms/invest.py": "changed"})
    assert kept.code_hash() != before


def test_the_kept_file_is_where_it_ships():
    assert kept.path_of("dalian-2025") == catalog.data_root() / "calibration" / "results" / "dalian-2025.csv"
    assert [field.name for field in dataclasses.fields(Kept)] == ["numbers", "sources"]
