"""The chain beside the model: numbers of a run are kept with their sources, and the page says what they are."""

import pytest

from policymix.engine import loop
from policymix.errors import InvalidValue, NotFound
from policymix.experiments import kept, runner, store
from policymix.experiments.scenario import load_scenario, with_options
from policymix.report import chain


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder of a run of the kept scenario with two draws."""
    assert loop.module() is not None
    scenario = with_options(load_scenario("dalian-2025"), draws=2, mix="none,both=dalian-2021+htz-2022")
    folder = tmp_path_factory.mktemp("run")
    store.save_run(folder, runner.run(scenario, threads=1), scenario, store.input_files(scenario))
    return folder


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Kept numbers in a folder of their own; the fits are looked at elsewhere."""
    monkeypatch.setattr(chain, "stale_fits", list)
    monkeypatch.setattr(chain, "path_of", lambda name: tmp_path / f"{name}.csv")
    return tmp_path / "dalian-2025.csv"


@pytest.mark.slow
def test_a_run_fills_the_column_of_the_model(run, results):
    assert "have not been made yet" in chain.comparison() and "not made yet" in chain.stale_results()[0]
    assert chain.keep_results(run) == results
    numbers = kept.read_kept(results).numbers
    assert set(numbers) == set(chain.ROWS) - {"attracted", "share_money"} | set(chain.BEYOND)
    assert all(number.low <= number.median <= number.high for number in numbers.values())
    assert numbers["paid"].median > 0.0 and 0.0 <= numbers["rationed"].median <= 1.0
    rows = chain.comparison().splitlines()
    filled = [row for row in rows if row.startswith(("| paid in all", "| active firms, zone"))]
    assert len(filled) == 2 and all(row.count(" / ") >= 2 and not row.endswith("|  |") for row in filled)
    assert chain.stale_results() == [f"{results}: made before a change of scenario.toml"], "two draws, not a hundred"
    assert "made before a change of scenario.toml" in rows[-1]


@pytest.mark.slow
def test_a_run_without_both_packages_or_of_another_scenario_is_refused(run, results, tmp_path):
    with pytest.raises(NotFound, match="run"):
        chain.keep_results(tmp_path / "nothing")
    one = store.open_results(run).sel(mix=["none"])
    with pytest.raises(NotFound, match="mix"):
        chain.measured(one)
    scenario = with_options(load_scenario("dalian-2025"), draws=1).model_copy(update={"id": "other"})
    folder = tmp_path / "other"
    folder.mkdir()
    store.save_run(folder, one, scenario, store.input_files(scenario))
    with pytest.raises(InvalidValue, match="a run of dalian-2025"):
        chain.keep_results(folder)
    assert not results.exists()


def test_every_range_is_printed():
    text = chain.links()
    assert all(f"| `{link.name}` |" in text and link.why in text for link in chain.LINKS)
