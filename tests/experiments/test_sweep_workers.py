"""Workers that die, sweeps that are interrupted or killed from outside: nothing is lost, nobody is left behind."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("zarr")

from studies import PAID, drawn, same, study

import policymix
from policymix.errors import RunFailed
from policymix.experiments import blocks, crew, store, sweep_store
from policymix.experiments.sweep import sweep

MODEL = Path(policymix.__file__).parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


DYING = Path(__file__).parent / "dying"


@pytest.fixture
def dying(tmp_path, monkeypatch):
    """Make blocks kill their workers so many times; gives the traces that they left."""
    traces = tmp_path / "traces"
    traces.mkdir()

    def these(numbers, times):
        monkeypatch.setenv("DYING", f"{traces}:{numbers}:{times}")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(DYING), str(MODEL), os.environ.get("PYTHONPATH", "")]))
        return traces

    return these


@pytest.fixture(scope="module")
def four(town, tmp_path_factory):
    """The store of a sweep of four blocks that nobody disturbed."""
    folder = tmp_path_factory.mktemp("four") / "tiny"
    sweep(drawn(town, draws=4), out=folder, threads=2)
    return folder


def without(found, block):
    """A Dataset without one draw."""
    return found.isel(draw=[draw for draw in found.draw.values if draw != block])


def check_lost(folder, four, block):
    """One block has failed, by its deaths; all others are as they should be."""
    found, wanted = sweep_store.open_sweep(folder), sweep_store.open_sweep(four)
    assert found.attrs["failed"] == len(found.mix)
    assert (found.state.isel(draw=block) == sweep_store.FAILED).all()
    assert {row["reason"] for row in sweep_store.read_failures(folder)} == {crew.KILLED}
    assert without(found, block).drop_attrs().identical(without(wanted, block).drop_attrs())


@pytest.mark.slow
@posix
def test_a_process_that_dies_is_replaced(town, four, tmp_path, dying):
    traces = dying("1,3", 1)
    sweep(drawn(town, draws=4), out=tmp_path / "tiny", processes=2)
    assert len(list(traces.iterdir())) == 2
    assert same(tmp_path / "tiny", four)


@posix
@pytest.mark.slow
def test_a_block_that_kills_four_processes_has_failed(town, four, tmp_path, dying):
    traces = dying("2", 99)
    keys, folder = drawn(town, draws=4), tmp_path / "tiny"
    sweep(keys, out=folder, processes=2)
    assert len(list(traces.iterdir())) == crew.DEATHS
    check_lost(folder, four, 2)
    sweep(keys, out=folder, threads=1, resume=True, retry=True)
    assert same(folder, four)


@pytest.fixture
def cluster():
    """A function that starts a Dask cluster of two workers in processes of their own and gives its address."""
    distributed = pytest.importorskip("distributed")
    with contextlib.ExitStack() as ends:

        def start(**options):
            options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None} | options
            return ends.enter_context(distributed.LocalCluster(processes=True, **options))

        yield start


@posix
@pytest.mark.slow
def test_a_dask_worker_that_dies_changes_nothing(town, four, tmp_path, dying, cluster):
    traces = dying("1", 1)
    sweep(drawn(town, draws=4), out=tmp_path / "tiny", scheduler=cluster().scheduler_address)
    assert len(list(traces.iterdir())) == 1
    assert same(tmp_path / "tiny", four)


@posix
@pytest.mark.slow
def test_a_block_that_kills_dask_workers_fails_alone(town, four, tmp_path, dying, cluster):
    dying("2", 99)
    keys, folder = drawn(town, draws=4), tmp_path / "tiny"
    sweep(keys, out=folder, scheduler=cluster().scheduler_address)
    check_lost(folder, four, 2)
    sweep(keys, out=folder, threads=1, resume=True, retry=True)
    assert same(folder, four)


def test_a_block_that_is_whole_is_not_run_again(town, four, tmp_path):
    folder = tmp_path / "tiny"
    shutil.copytree(four, folder)
    manifest = store.hash_file(folder / store.MANIFEST)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    report = blocks.run_block_of(str(folder), 1, manifest)
    assert (report.runs, report.reused) == (3, 3)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
    chunk = folder / "results.zarr" / "state" / "c" / "0" / "1" / "0"
    chunk.unlink()
    assert blocks.run_block_of(str(folder), 1, manifest).reused == 0
    assert same(folder, four)


@pytest.mark.slow
def test_a_cluster_without_workers_is_given_up(town, four, tmp_path, cluster, monkeypatch):
    started = cluster(n_workers=1)
    monkeypatch.setattr(crew, "LONELY", 1.0)
    keys, folder = drawn(town, draws=4), tmp_path / "tiny"
    with pytest.raises(RunFailed, match="no workers for 1 s; what is stored stays"):
        sweep(keys, out=folder, scheduler=started.scheduler_address, progress=lambda now: now.done and started.scale(0))
    sweep(keys, out=folder, threads=1, resume=True)
    assert same(folder, four)


@pytest.mark.slow
def test_a_scheduler_that_is_not_there(town, tmp_path):
    pytest.importorskip("distributed")
    keys = drawn(town, draws=1)
    with pytest.raises(RunFailed, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        sweep(keys, out=tmp_path / "tiny", scheduler="tcp://127.0.0.1:9")


# --- the command, from outside ----------------------------------------------------------------------------------------


def command(path, folder, *words):
    """The command that runs a study, begun in a process group of its own."""
    environment = os.environ | {"PYTHONPATH": str(MODEL)}
    whole = [sys.executable, "-m", "policymix", "sweep", str(path), "--out", str(folder), *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    return subprocess.Popen(whole, env=environment, **pipes)


def written(keys, path):
    """A study as a file."""
    import tomlkit

    path.write_text(tomlkit.dumps(keys), encoding="utf-8")
    return path


def begun(folder, blocks):
    """Wait until a sweep has stored some blocks."""
    end = time.monotonic() + 120
    while len(list((folder / "results.zarr" / "state" / "c").rglob("*"))) < 2 * blocks:
        assert time.monotonic() < end
        time.sleep(0.02)


def members(group):
    """Processes of a group that live."""
    found = subprocess.run(["ps", "-eo", "pid=,pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in found.splitlines()]
    return [int(pid) for pid, pgid, state in rows if int(pgid) == group and not state.startswith("Z")]


def gone(group):
    """Whether all processes of a group end within some seconds."""
    end = time.monotonic() + 20
    while members(group) and time.monotonic() < end:
        time.sleep(0.1)
    return not members(group)


@pytest.fixture(scope="module")
def long(town, tmp_path_factory):
    """A study file of forty blocks, and its store by a sweep that nobody disturbed."""
    folder = tmp_path_factory.mktemp("long")
    path = written(drawn(town, draws=40), folder / "tiny.toml")
    sweep(path, out=folder / "tiny", threads=2)
    return path, folder / "tiny"


@pytest.mark.slow
@posix
@pytest.mark.parametrize("words", [(), ("--processes", "2")])
def test_ctrl_c_finishes_what_runs_and_says_how_to_go_on(long, tmp_path, words):
    path, whole = long
    folder = tmp_path / "tiny"
    running = command(path, folder, "--quiet", *(words or ("--threads", "1")))
    begun(folder, 2)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: the children hear it too
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, ""), err
    assert "Traceback" not in err
    assert "finishing" in err and "runs, all of them stored; go on with: policymix sweep" in err
    assert err.rstrip().endswith("--resume")
    assert gone(running.pid)
    found = sweep_store.open_sweep(folder)
    done = int((found.state == sweep_store.DONE).sum())
    assert f"stopped after {done} of {found.state.size} runs" in err
    assert 0 < done < found.state.size
    sweep(path, out=folder, threads=2, resume=True)
    assert same(folder, whole)


@posix
@pytest.mark.slow
@pytest.mark.parametrize("words", [("--threads", "1"), ("--processes", "1")])
def test_a_second_ctrl_c_ends_at_once(long, tmp_path, words):
    path, whole = long
    folder = tmp_path / "tiny"
    running = command(path, folder, "--quiet", *words)
    begun(folder, 1)
    for _ in range(2):
        os.killpg(running.pid, signal.SIGINT)
        time.sleep(0.03)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "Traceback" not in err and "--resume" in err
    assert gone(running.pid)
    sweep(path, out=folder, threads=2, resume=True)
    assert same(folder, whole)


@posix
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_kill_9_at_any_moment(long, tmp_path, seed):
    path, whole = long
    folder, luck = tmp_path / "tiny", random.Random(seed)
    for attempt in range(3):
        words = (["--resume"] if attempt else []) + (["--processes", "2"] if seed % 2 else ["--threads", "2"])
        running = command(path, folder, "--quiet", *words)
        time.sleep(luck.uniform(0.5, 6.0))
        running.kill()  # only the parent: its workers have to see for themselves
        running.communicate()
        assert gone(running.pid)
    sweep(path, out=folder, threads=2, resume=True)
    assert same(folder, whole)


@posix
@pytest.mark.slow
def test_a_worker_ends_when_its_parent_is_killed(long, tmp_path):
    path, _ = long
    running = command(path, tmp_path / "tiny", "--quiet", "--processes", "1")
    begun(tmp_path / "tiny", 1)
    assert len(members(running.pid)) >= 2
    running.kill()
    running.communicate()
    assert gone(running.pid)


def test_failures_are_said_with_an_exit_code(town, tmp_path):
    path = written(study(town), tmp_path / "tiny.toml")
    running = command(path, tmp_path / "tiny", "--json", "--threads", "1")
    out, err = running.communicate(timeout=120)
    assert running.returncode == 1
    assert json.loads(out) == {"store": str(tmp_path / "tiny"), "runs": 6, "done": 3, "failed": 3}
    assert "3 runs failed:" in err and "the draw's feedback loop would run away" in err
    assert "runs/s" in err and "3 failed" in err
    assert f"policymix replay {tmp_path / 'tiny'} 1,0 --mix none" in err


@pytest.mark.parametrize(
    ("keys", "words", "said"),
    [
        ({}, ("--threads", "1", "--processes", "1"), "more than one of --threads, --processes, --scheduler"),
        ({"outcome": [{**PAID, "name": "piad"}]}, (), "nearest valid name: 'paid'"),
    ],
)
def test_mistakes_end_with_exit_code_2_and_one_message(town, tmp_path, keys, words, said):
    path = written(study(town, **keys), tmp_path / "tiny.toml")
    running = command(path, tmp_path / "tiny", *words)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (2, "")
    assert said in err and "Traceback" not in err
    assert not (tmp_path / "tiny").exists()
