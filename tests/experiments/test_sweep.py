"""A sweep's numbers are those of single runs; its store is the same whoever wrote it; what failed is on record."""

import gc
import json
import time
import tracemalloc
import weakref
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("zarr")

import xarray
from studies import AREA, FIRMS, PAID, RUNAWAY, contents, drawn, same, study

import policymix
from policymix.engine.timetable import FREE
from policymix.engine.unit import fork_unit, run_fork
from policymix.errors import InvalidFile, InvalidValue, NotFound, RunFailed
from policymix.experiments import blocks, crew, plan, reducing, store, sweep_store
from policymix.experiments import sweep as sweeping
from policymix.experiments.outcomes import OUTCOMES
from policymix.experiments.pilot import pilot
from policymix.experiments.plan import plan_of
from policymix.experiments.replay import replay_unit
from policymix.experiments.study import load_study
from policymix.experiments.sweep import sweep

EVERY = [{"name": each.name} for each in OUTCOMES if "parameter" not in each.dims]
NAMES = [each["name"] for each in EVERY]


def refuse(*_, **__):
    """Nothing may be simulated."""
    raise AssertionError("a unit was run")


# --- the numbers ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both(town, tmp_path_factory):
    """Every outcome of the scenario's mixes, by a sweep and by a run."""
    keys = drawn(town, mix=None, levers={}, outcome=EVERY, prices=["frozen", "free"], replicates=2)
    swept = sweep(keys, out=tmp_path_factory.mktemp("every") / "tiny")
    return swept, policymix.run(str(town), draws=2, replicates=2)


@pytest.mark.parametrize("name", NAMES)
def test_every_outcome_is_that_of_a_run_to_the_bit(both, name):
    swept, run = both
    one, other = swept[name].reset_coords(drop=True), run[name].transpose(*swept[name].dims).reset_coords(drop=True)
    xarray.testing.assert_equal(one, other)
    assert swept[name].attrs["units"] == run[name].attrs["units"]
    assert np.isfinite(swept[name]).all()


def test_inputs_are_those_of_a_run(both):
    swept, run = both
    np.testing.assert_array_equal(swept.luck, run.luck)
    shared = swept.parameter_value.sel(parameter=run.parameter)
    np.testing.assert_array_equal(shared, run.parameter_value)


def test_terms_are_kept_for_the_replicates_of_a_draw(town, monkeypatch):
    planned = plan_of(load_study(drawn(town, mix=None, levers={}, draws=3, replicates=2)))
    first, second = planned.layers(0), planned.layers(1)
    assert (planned.layers(0), planned.layers(1)) == (first, second)
    gone = weakref.ref(first)
    del first
    gc.collect()
    assert gone() is None  # nobody uses it, and another draw was the last
    latest, second = weakref.ref(second), None
    assert planned.layers(1) is latest()
    monkeypatch.setattr(plan, "KEPT_BYTES", planned.kept_bytes - 1)
    assert planned.layers(2) is not planned.layers(2)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (PAID, lambda run: run.paid.sum("quarter").sum("clause").sum("payer")),
        (FIRMS, lambda run: run.active_firms.sum("industry").isel(quarter=-1)),
        ({"name": "core_share", "select": {"year": 2022}}, lambda run: run.core_share.sel(year=2022)),
        ({"name": "active_firms", "mean": ["quarter"], "max": ["place"]},
         lambda run: run.active_firms.mean("quarter").max("place")),
        ({"name": "active_firms", "min": ["place", "industry"]},
         lambda run: run.active_firms.min(["place", "industry"])),
    ],
)  # fmt: skip
def test_reducers_do_what_xarray_does(town, both, tmp_path, stored, expected):
    found = sweep(drawn(town, mix=None, levers={}, outcome=[stored], replicates=2), out=tmp_path / "tiny")
    variable = found[stored["name"]]
    wanted = expected(both[1])
    wanted = wanted.sel(prices=["free"]) if "prices" in wanted.dims else wanted
    np.testing.assert_allclose(variable, wanted.transpose(*variable.dims), rtol=1e-12)


def test_a_lever_point_is_a_run_with_set_to_the_bit(town, tmp_path):
    waiver = {"address": "htz-2022/m4.pays.rent_share", "name": "waiver", "values": ["[1.0]", "[1.0, 0.5]"]}
    found = sweep(drawn(town, levers={"factor": [AREA, waiver]}, outcome=EVERY), out=tmp_path / "tiny")
    settings = {AREA["address"]: 2000, waiver["address"]: [1.0]}
    run = policymix.run(str(town), draws=2, mix="none,p2=htz-2022", set=settings)
    for name in NAMES:
        variable, other = found[name], run[name]
        if "prices" in other.dims:
            other = other.sel(prices=["free"])
        if "mix" in other.dims:
            variable, other = variable.sel(mix=["none", "p2"]), other
        assert np.array_equal(variable, other.transpose(*variable.dims)), name


# --- the same bytes ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keys(town):
    """A study of eight units in four blocks, of which two fail."""
    factor = {**RUNAWAY, "values": [0.03, 0.04, 0.05, 1.0]}
    uncertainties = {"design": "factorial", "factor": [factor], "others": "default"}
    return study(town, uncertainties=uncertainties, replicates=2, units_per_chunk=2)


@pytest.fixture(scope="module")
def whole(keys, tmp_path_factory):
    """Its store by one thread."""
    folder = tmp_path_factory.mktemp("whole") / "tiny"
    sweep(keys, out=folder, threads=1)
    assert sweeping.counts(folder) == {"runs": 24, "done": 18, "failed": 6}
    return folder


@pytest.mark.parametrize(
    "workers", [{"threads": 2}, {"threads": 7}, pytest.param({"processes": 2}, marks=pytest.mark.slow)]
)
def test_the_same_bytes_whoever_works(keys, whole, tmp_path, workers):
    sweep(keys, out=tmp_path / "tiny", **workers)
    assert same(tmp_path / "tiny", whole)


@pytest.mark.slow
def test_the_same_bytes_by_a_cluster(keys, whole, tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(2, processes=True, threads_per_worker=1, dashboard_address=None) as cluster:
        sweep(keys, out=tmp_path / "tiny", scheduler=cluster.scheduler_address)
        assert same(tmp_path / "tiny", whole)
        other = {**keys, "levers": {"factor": [{**AREA, "values": [1500]}]}}
        sweep(keys | {"id": "two"}, out=tmp_path / "two", scheduler=cluster.scheduler_address)
        store.shutil.rmtree(tmp_path / "two")
        sweep(other, out=tmp_path / "two", scheduler=cluster.scheduler_address)  # the workers must not remember
    sweep(other, out=tmp_path / "three", threads=1)
    assert same(tmp_path / "two", tmp_path / "three")


def test_the_same_bytes_in_any_order(keys, whole, tmp_path, monkeypatch):
    real = crew.work_through
    monkeypatch.setattr(crew, "work_through", lambda numbers, **others: real(numbers[::-1], **others))
    sweep(keys, out=tmp_path / "tiny", threads=2)
    assert same(tmp_path / "tiny", whole)


def test_the_same_bytes_from_the_stores_own_inputs(keys, whole, tmp_path):
    sweep(whole / "inputs" / "study.toml", out=tmp_path / "tiny", threads=2)
    assert same(tmp_path / "tiny", whole)


def test_a_finished_store_is_not_touched_by_resume(keys, whole, monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in whole.rglob("*") if path.is_file() and "log" not in path.parts}
    monkeypatch.setattr(blocks, "fork_unit", refuse)
    sweep(keys, out=whole, resume=True)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_processes_notice_a_store_that_was_replaced(town, tmp_path):
    """A plan must never be taken from another store that had the same name."""
    import shutil

    folder = tmp_path / "tiny"
    for area in (900, 1900):
        shutil.rmtree(folder, ignore_errors=True)
        changed = drawn(town, draws=1, levers={"factor": [{**AREA, "values": [area]}]})
        sweep(changed, out=folder, threads=1)
        assert blocks.stored_plan(str(folder)).levers.columns["area_max"][1] == area


# --- failures ---------------------------------------------------------------------------------------------------------


def test_failed_runs_are_rows(whole):
    rows = sweep_store.read_failures(whole)
    assert len(rows) == 6
    assert {row["draw"] for row in rows} == {3}
    assert rows[2] == {
        "mix": "p1", "draw": 3, "replicate": 0, "luck": 6, "packages": "htz-2022",
        "error": "RunFailed", "reason": blocks.RUNAWAY,
    }  # fmt: skip
    found = store.open_results(whole)
    assert found.agglomeration.values.tolist() == [0.03, 0.04, 0.05, 1.0]
    assert found.attrs["failed"] == 6
    assert np.isnan(found.paid.sel(draw=3)).all() and np.isfinite(found.paid.sel(draw=[0, 1, 2])).all()
    assert (found.state.sel(draw=3) == sweep_store.FAILED).all()
    lines = [json.loads(line) for line in (whole / "log" / "failures.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 6 and all("Traceback" in line["traceback"] for line in lines)


def test_replay_repeats_what_failed_and_what_did_not(whole):
    equal, report = replay_unit(whole, "3,0")
    assert equal and report.count("fails again: RunFailed: the draw's feedback loop would run away") == 3
    equal, report = replay_unit(whole, "1,1", mix="p1")
    assert equal and "mix p1: all 2 variables equal to the bit" in report
    assert "draw 1, replicate 1, luck 3" in report
    assert replay_unit(whole, "3") == replay_unit(whole, "1,1")
    for unit in ("4,0", "x", "1,2,3", "-1"):
        with pytest.raises(InvalidValue, match="draws 0 to 3 and replicates 0 to 1"):
            replay_unit(whole, unit)
    with pytest.raises(NotFound, match="p1"):
        replay_unit(whole, "0,0", mix="p7")


@pytest.fixture
def broken(monkeypatch):
    """A function that lets one mix of one draw fail by an error, or give a number that is none."""

    def let(mix, luck, error=None):
        real = reducing.kept_of_mix

        def failing(setting, unit, results, wanted, coords):
            found = real(setting, unit, results, wanted, coords)
            if (results[0].mix, unit.luck) == (mix, luck):
                if error is not None:
                    raise error
                found["paid"] = np.full_like(found["paid"], np.nan)
            return found

        monkeypatch.setattr(blocks, "kept_of_mix", failing)

    return let


def test_nan_is_a_failure_and_touches_no_other_run(town, tmp_path, broken, monkeypatch):
    keys = drawn(town, replicates=2)
    sweep(keys, out=tmp_path / "good", threads=1)
    broken("p1", 2)
    found = sweep(keys, out=tmp_path / "tiny", threads=1)
    (row,) = sweep_store.read_failures(tmp_path / "tiny")
    assert (row["mix"], row["draw"], row["replicate"], row["luck"]) == ("p1", 1, 0, 2)
    assert row["reason"] == "paid: 1 of 1 numbers are not finite"
    good = sweep_store.open_sweep(tmp_path / "good")
    failed = found.state == sweep_store.FAILED
    for name in ("paid", "active_firms"):
        assert np.isnan(found[name].where(failed)).all()
        assert bool(((found[name] == good[name]) | failed).all())
    assert replay_unit(tmp_path / "tiny", "1,0", mix="p1")[0]
    monkeypatch.undo()
    assert not replay_unit(tmp_path / "tiny", "1,0", mix="p1")[0]
    sweep(keys, out=tmp_path / "tiny", threads=1, resume=True)
    assert len(sweep_store.read_failures(tmp_path / "tiny")) == 1
    seen = []
    sweep(keys, out=tmp_path / "tiny", threads=1, resume=True, retry=True, progress=seen.append)
    assert (seen[0].done, seen[0].failed, seen[-1].done, seen[-1].failed) == (9, 0, 12, 0)
    assert same(tmp_path / "tiny", tmp_path / "good")


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), MemoryError(), KeyError("y"), RunFailed("pool used up")])
def test_errors_of_a_run_are_rows(town, tmp_path, broken, error):
    broken("p0", 0, error)
    found = sweep(drawn(town), out=tmp_path / "tiny", threads=1)
    assert found.attrs["failed"] == 1
    assert sweep_store.read_failures(tmp_path / "tiny")[0]["error"] == type(error).__name__


# --- reuse ------------------------------------------------------------------------------------------------------------


def test_reuse_takes_over_equal_runs_and_gives_the_same_bytes(town, tmp_path, monkeypatch):
    few, many = drawn(town, id="few"), drawn(town, draws=3, id="many", units_per_chunk=3)
    sweep(few, out=tmp_path / "few", threads=1)
    sweep(many, out=tmp_path / "alone", threads=1)
    run, real = [], blocks.fork_unit
    monkeypatch.setattr(blocks, "fork_unit", lambda *own, **named: run.append(own[3]) or real(*own, **named))
    sweep(many, out=tmp_path / "many", threads=1, reuse=[tmp_path / "few"])
    assert run == [2]
    assert same(tmp_path / "many", tmp_path / "alone")
    monkeypatch.setattr(blocks, "fork_unit", refuse)
    sweep(many, out=tmp_path / "again", threads=1, reuse=[tmp_path / "few", tmp_path / "many"])
    assert same(tmp_path / "again", tmp_path / "alone")


def test_reuse_runs_mixes_that_are_new(town, tmp_path):
    wide = {"levers": {"factor": [{**AREA, "values": [1000, 1500, 2000]}]}}
    sweep(drawn(town), out=tmp_path / "old", threads=1)
    sweep(drawn(town, **wide), out=tmp_path / "alone", threads=1)
    sweep(drawn(town, **wide), out=tmp_path / "new", threads=1, reuse=[tmp_path / "old"])
    assert same(tmp_path / "new", tmp_path / "alone")
    events = [json.loads(line) for line in (tmp_path / "new/log/events.jsonl").read_text("utf-8").splitlines()]
    assert sum(event.get("reused", 0) for event in events) == 6


def test_reuse_takes_nothing_that_is_damaged_missing_or_failed(town, tmp_path):
    keys = drawn(town)
    sweep(keys, out=tmp_path / "old", threads=1)
    (tmp_path / "old/results.zarr/paid/c/0/0/0").unlink()
    path = tmp_path / "old/results.zarr/active_firms/c/0/0/1/0/0"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    sweep(keys, out=tmp_path / "new", threads=1, reuse=[tmp_path / "old"])
    sweep(keys, out=tmp_path / "alone", threads=1)
    assert same(tmp_path / "new", tmp_path / "alone")
    with pytest.raises(NotFound, match="no sweep"):
        sweep(keys, out=tmp_path / "no", reuse=[tmp_path / "nothing"])


def test_reuse_does_not_mix_up_clauses(town, tmp_path):
    """The same mix beside other mixes has other clauses beside its own: not the same numbers to store."""
    whole = {"outcome": [{"name": "paid", "sum": ["quarter"]}], "levers": {}}
    sweep(drawn(town, mix="htz-2022", **whole), out=tmp_path / "old", threads=1)
    keys = drawn(town, mix="dalian-2021,htz-2022", **whole)
    sweep(keys, out=tmp_path / "new", threads=1, reuse=[tmp_path / "old"])
    sweep(keys, out=tmp_path / "alone", threads=1)
    assert same(tmp_path / "new", tmp_path / "alone")


@pytest.mark.slow
def test_reuse_by_processes(town, tmp_path):
    keys = drawn(town)
    sweep(keys, out=tmp_path / "old", threads=1)
    sweep(keys, out=tmp_path / "new", processes=1, reuse=[tmp_path / "old"])
    assert same(tmp_path / "new", tmp_path / "old")
    lines = (tmp_path / "new/log/events.jsonl").read_text("utf-8").splitlines()
    assert sum(json.loads(line).get("reused", 0) for line in lines) == 6


# --- reading, progress, dry run ---------------------------------------------------------------------------------------


def test_results_are_lazy(whole, monkeypatch):
    from policymix.experiments import checked_store

    read = []
    real = checked_store.CheckedStore._checked
    monkeypatch.setattr(checked_store.CheckedStore, "_checked",
                        lambda self, key, *others: read.append(key) or real(self, key, *others))  # fmt: skip
    found = policymix.open_results(whole)
    assert not [key for key in read if key.startswith(("paid/c", "active_firms/c"))]
    found.paid.isel(draw=0).load()
    assert {key for key in read if key.startswith("paid/c/")} == {"paid/c/0/0/0"}
    assert not [key for key in read if key.startswith("active_firms/c")]


def test_progress_counts_up_to_all_runs(keys, tmp_path):
    seen = []
    sweep(keys, out=tmp_path / "tiny", threads=1, progress=seen.append)
    assert (seen[0].done, seen[-1].done, seen[-1].runs, seen[-1].failed) == (0, 24, 24, 6)
    assert [now.done for now in seen] == sorted(now.done for now in seen)
    (tmp_path / "tiny/results.zarr/state/c/0/0/0").unlink()
    seen.clear()
    sweep(keys, out=tmp_path / "tiny", threads=1, resume=True, progress=seen.append)
    assert (seen[0].done, seen[0].before, seen[0].failed, seen[-1].done) == (18, 18, 6, 24)


def test_the_dry_run_writes_nothing(keys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = pilot(load_study(keys), Path("out/tiny"), threads=2)
    assert list(tmp_path.iterdir()) == []
    assert (found["runs"], found["mixes"], found["draws"], found["replicates"], found["blocks"]) == (24, 3, 4, 2, 4)
    assert found["seconds"] > 0 and found["memory"] > 10**7
    assert found["free"] > found["disk"] > 0


def test_the_dry_run_foretells_the_disk(keys, whole, tmp_path):
    found = pilot(load_study(keys), tmp_path / "tiny")
    there = sum(len(data) for name, data in contents(whole).items() if name.startswith("results.zarr"))
    assert there / 4 < found["disk"] < 4 * there


def test_a_sweep_without_a_store_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFound, match="no sweep 'out/x'"):
        sweep_store.required("out/x")
    (tmp_path / "results.zarr").mkdir()
    with pytest.raises(InvalidFile, match="manifest.json"):
        policymix.open_results(tmp_path)


# --- cost -------------------------------------------------------------------------------------------------------------


def peak_of(town, folder, units):
    """Most memory that Python had at once in a sweep of so many units, bytes."""
    tracemalloc.start()
    sweep(drawn(town, draws=1, replicates=units, units_per_chunk=1, luck="replicate"), out=folder, threads=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


@pytest.mark.slow
def test_memory_does_not_grow_with_the_sweep(town, tmp_path):
    peak_of(town, tmp_path / "warm", 2)
    few, many = (  # what else runs here adds to a peak, so that both are the least of two
        min(peak_of(town, tmp_path / f"{units}-{turn}", units) for turn in range(2)) for units in (5, 40)
    )
    assert many < 1.05 * few + 200_000


@pytest.mark.slow
def test_a_variant_is_cheap(town):
    """What one more lever point costs in a plan: 5 ms and 100 KB at most."""

    def planned(count):
        factor = {"address": AREA["address"], "low": 500, "high": 3000, "levels": count}
        read = load_study(drawn(town, draws=1, levers={"factor": [factor]}))
        tracemalloc.start()
        begun = time.process_time()
        plan = plan_of(read)
        assert plan.unit_hashes.shape[0] == count + 1
        spent = time.process_time() - begun
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return spent, size

    def alone(count):  # tracing slows what it traces: time without it
        factor = {"address": AREA["address"], "low": 500, "high": 3000, "levels": count}
        read = load_study(drawn(town, draws=1, levers={"factor": [factor]}))
        begun = time.process_time()
        plan_of(read).unit_hashes  # noqa: B018
        return time.process_time() - begun

    planned(2)
    seconds = (min(alone(202) for _ in range(5)) - min(alone(2) for _ in range(5))) / 200
    memory = (planned(202)[1] - planned(2)[1]) / 200
    print(f"a variant: {1e3 * seconds:.2f} ms, {memory / 1e3:.1f} KB")  # noqa: T201
    assert seconds < 0.005
    assert memory < 100_000


@pytest.mark.slow
def test_paired_differences_vary_little(town):
    """Under the same luck two mixes differ by their policies; unpaired, by luck as well."""
    plan = plan_of(load_study(study(town, uncertainties={"design": "none"}, replicates=10, levers={})))
    values = {"none": [], "htz-2022": []}
    for replicate in range(plan.replicates):
        unit = fork_unit(plan.setting, plan.numbers(0), plan.scenario.seed, plan.luck(0, replicate))
        (result, _), = run_fork(unit, "htz-2022", [FREE])  # fmt: skip
        for name, each in (("none", unit.baseline), ("htz-2022", result)):
            found = reducing.real_outcomes(
                plan.setting, unit.start.world, each,
                reducing.core_and_users(plan.setting, unit.start.world, unit.baseline), {"core_value_added"},
            )  # fmt: skip
            values[name].append(np.sum(found["core_value_added"]))
    without, under = np.array(values["none"]), np.array(values["htz-2022"])
    paired, unpaired = np.var(under - without, ddof=1), np.var(under, ddof=1) + np.var(without, ddof=1)
    print(f"paired over unpaired variance: {paired / unpaired:.1e}")  # noqa: T201
    assert 0 < paired < 0.02 * unpaired
