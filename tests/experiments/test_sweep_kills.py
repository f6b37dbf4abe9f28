"""Sweeps that are killed, starved and damaged end with the store of an undisturbed one, or say why not."""

import errno
import os
import shutil
import signal
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("zarr")

from studies import AREA, FIRMS, PAID, contents, same, study
from zarr.storage import _local

from policymix.errors import InvalidFile, InvalidValue, PolicymixError, RunFailed
from policymix.experiments import blocks, plan, store, sweep_store
from policymix.experiments.sweep import locked, sweep

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills are tried in forked processes")


@pytest.fixture(scope="module")
def whole(town, tmp_path_factory):
    """The store of a sweep that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "tiny"
    sweep(study(town), out=folder, threads=1)
    assert len(list((folder / "failures").iterdir())) == 1
    return folder


@pytest.fixture
def copy(whole, tmp_path):
    """A copy of it, to damage."""
    return Path(shutil.copytree(whole, tmp_path / "tiny"))


# --- kill -9 ----------------------------------------------------------------------------------------------------------


def in_a_fork(work):
    """Run a function in a process of its own; the signal that killed it, or None."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except PolicymixError:
            os._exit(3)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else None


def kill_at(number, inside):
    """Let the process kill itself as it puts its n-th file in place: before, or with half of the file written."""
    steps = iter(range(1, 10**6))

    def cut(real, path, *arguments, **options):
        if next(steps) == number:
            if inside:
                os.truncate(path, Path(path).stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        return real(path, *arguments, **options)

    os.replace, os.rename = partial(cut, os.replace), partial(cut, os.rename)
    os.unlink = partial(cut, os.unlink) if not inside else os.unlink


def killed_sweep(keys, folder, number, inside=False, **options):
    """A sweep killed at its n-th step; whether it was."""

    def work():
        kill_at(number, inside)
        sweep(keys, out=folder, threads=1, **options)

    return in_a_fork(work) == signal.SIGKILL


def steps_of(keys, folder, inside=False):
    """How many steps an undisturbed sweep takes, and after how many the store is there."""
    found, names = [], ("replace", "rename") if inside else ("replace", "rename", "unlink")
    with pytest.MonkeyPatch.context() as patch:
        for name in names:

            def step(real, name, path, *arguments, **options):
                found.append(name)
                return real(path, *arguments, **options)

            patch.setattr(os, name, partial(step, getattr(os, name), name))
        sweep(keys, out=folder, threads=1)
    return len(found), len(found) - found[::-1].index("rename")


@posix
@pytest.mark.slow
@pytest.mark.parametrize("inside", [False, True], ids=["between", "inside"])
def test_killed_at_any_step_of_the_blocks(town, whole, tmp_path, inside):
    keys = study(town)
    steps, begun = steps_of(keys, tmp_path / "count", inside)
    tried = 0
    for number in range(begun + 1, steps + 1):
        folder = tmp_path / f"killed-{number}"
        if not killed_sweep(keys, folder, number, inside):
            continue
        tried += 1
        left = sweep_store.open_sweep(folder)  # what is there can be read, and is nothing but whole blocks
        for name in ("paid", "active_firms"):
            finite = np.isfinite(left[name]).all([d for d in left[name].dims if d not in sweep_store.RUN])
            assert bool((finite | (left.state != sweep_store.DONE)).all())
        sweep(keys, out=folder, threads=1, resume=True)
        assert same(folder, whole)
    assert tried >= (6 if inside else 8)


@posix
@pytest.mark.parametrize("share", [0.1, 0.6, 1.0])
def test_killed_while_the_store_is_made(town, whole, tmp_path, share):
    keys, folder = study(town), tmp_path / "tiny"
    _, begun = steps_of(keys, tmp_path / "count")
    assert killed_sweep(keys, folder, round(share * begun))
    assert not folder.exists()
    assert len(list(tmp_path.glob(".tiny.*.partial"))) == 1
    sweep(keys, out=folder, threads=1)
    assert same(folder, whole)
    assert list(tmp_path.glob(".tiny.*")) == []


@posix
@pytest.mark.slow
def test_killed_while_failed_runs_are_tried_again(town, whole, tmp_path, copy):
    keys = study(town)
    _, begun = steps_of(keys, tmp_path / "count")  # about as many steps as a resumed sweep takes to look at the frame
    killed = 0
    for number in range(begun - 1, begun + 40):
        if not killed_sweep(keys, copy, number, resume=True, retry=True):
            break
        killed += 1
        sweep(keys, out=copy, threads=1, resume=True)
        assert same(copy, whole)
    assert killed >= 4


@posix
@pytest.mark.slow
def test_killed_twice_and_resumed_by_processes(town, whole, tmp_path):
    keys, folder = study(town), tmp_path / "tiny"
    _, begun = steps_of(keys, tmp_path / "count")
    assert killed_sweep(keys, folder, begun + 3)
    assert killed_sweep(keys, folder, 2, resume=True)
    sweep(keys, out=folder, processes=1, resume=True)
    assert same(folder, whole)


# --- damage -----------------------------------------------------------------------------------------------------------

NUMBERS, STATE = "results.zarr/paid/c/0/0/0", "results.zarr/state/c/0/0/0"


def flip(path, at=0.5):
    """Flip one bit of a file."""
    data = bytearray(path.read_bytes())
    data[int(at * (len(data) - 1))] ^= 4
    path.write_bytes(bytes(data))


def truncate(path):
    """Cut a file in half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    """Leave nothing of a file but its name."""
    path.write_bytes(b"")


DAMAGES = {"flipped": flip, "last bit": partial(flip, at=1.0), "truncated": truncate, "empty": empty}


@pytest.mark.parametrize(
    "damage", ["flipped", *(pytest.param(name, marks=pytest.mark.slow) for name in list(DAMAGES)[1:])]
)
@pytest.mark.parametrize(
    "name",
    [
        NUMBERS,
        STATE,
        "results.zarr/unit_hash/c/0/0/0",
        "results.zarr/mix/c/0",
        "results.zarr/paid/zarr.json",
        "results.zarr/zarr.json",
        "manifest.json",
    ],
)
def test_a_damaged_file_is_named_and_mended(town, whole, copy, name, damage):
    DAMAGES[damage](copy / name)
    with pytest.raises(InvalidFile) as error:
        store.open_results(copy).load()
    assert name.split("/", 1)[-1] in str(error.value).replace("\\", "/")
    assert "--resume" in str(error.value)
    sweep(study(town), out=copy, threads=1, resume=True)
    assert same(copy, whole)


@pytest.mark.parametrize("damage", [*DAMAGES, "missing"])
def test_damaged_failures_are_made_again(town, whole, copy, damage):
    path = copy / "failures" / "0000001.json"
    DAMAGES.get(damage, Path.unlink)(path)
    if damage != "missing":
        with pytest.raises(InvalidFile, match="0000001.json"):
            sweep_store.read_failures(copy)
    sweep(study(town), out=copy, threads=1, resume=True)
    assert same(copy, whole)


def test_every_bit_of_a_failures_file_counts(town, whole, copy):
    path = copy / "failures" / "0000001.json"
    path.write_text(path.read_text(encoding="utf-8").replace("would run away", "would run AWAY", 1), encoding="utf-8")
    with pytest.raises(InvalidFile):
        sweep_store.read_failures(copy)


def test_a_lazy_dataset_reads_what_is_whole_and_names_what_is_not(copy):
    flip(copy / NUMBERS)
    found = store.open_results(copy)
    assert np.isfinite(found.active_firms.isel(draw=0)).all()
    assert np.isnan(found.paid.isel(draw=1)).all()
    with pytest.raises(InvalidFile, match="paid/c/0/0/0"):
        found.paid.isel(draw=0).sum().item()


def test_a_missing_chunk_is_never_data(town, whole, copy):
    (copy / NUMBERS).unlink()
    with pytest.raises(InvalidFile, match="paid/c/0/0/0: found nothing"):
        store.open_results(copy)
    sweep(study(town), out=copy, threads=1, resume=True)
    assert same(copy, whole)


def test_a_missing_state_means_not_run(town, whole, copy):
    (copy / STATE).unlink()
    found = store.open_results(copy)
    assert (found.attrs["not_run"], found.attrs["failed"]) == (3, 3)
    sweep(study(town), out=copy, threads=1, resume=True)
    assert same(copy, whole)


@pytest.mark.parametrize("name", ["results.zarr/paid/zarr.json", "results.zarr/luck/c/0/0", "manifest.json"])
def test_a_missing_part_of_the_frame(town, whole, copy, name):
    (copy / name).unlink()
    with pytest.raises(InvalidFile, match="found nothing"):
        store.open_results(copy)
    sweep(study(town), out=copy, threads=1, resume=True)
    assert same(copy, whole)


def test_a_state_that_covers_what_is_not_there_is_run_again(town, whole, copy):
    shutil.copyfile(copy / "results.zarr/paid/c/0/1/0", copy / NUMBERS)  # NaN with a checksum that holds
    sweep(study(town), out=copy, threads=1, resume=True)
    assert same(copy, whole)


def test_a_damaged_manifest_of_another_study_stays_refused(town, copy):
    truncate(copy / "manifest.json")
    with pytest.raises(InvalidFile, match="manifest.json"):
        sweep(study(town, levers={"factor": [{**AREA, "values": [1, 2]}]}), out=copy, resume=True)


# --- a full disk, a clock, a lock -------------------------------------------------------------------------------------


def full_disk(monkeypatch, within, number):
    """The n-th chunk of a store in a folder finds no space."""
    real, steps = _local._put, iter(range(1, 10**6))

    def full(path, *arguments, **options):
        if "c" in path.parts and within in path.parents and next(steps) == number:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, *arguments, **options)

    monkeypatch.setattr(_local, "_put", full)


@pytest.mark.parametrize("number", range(1, 7))
def test_a_full_disk_is_one_sentence_and_can_be_resumed(town, whole, tmp_path, monkeypatch, number):
    keys, folder = study(town), tmp_path / "tiny"
    full_disk(monkeypatch, folder, number)
    with pytest.raises(RunFailed, match=r"^cannot write to .*tiny: No space left on device$"):
        sweep(keys, out=folder, threads=1)
    monkeypatch.undo()
    sweep(keys, out=folder, threads=1, resume=True)
    assert same(folder, whole)


def test_a_disk_full_from_the_start_leaves_nothing(town, tmp_path, monkeypatch):
    full_disk(monkeypatch, tmp_path, 5)
    with pytest.raises(RunFailed, match="No space left on device"):
        sweep(study(town), out=tmp_path / "tiny", threads=1)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_too_full_for_the_log(town, whole, tmp_path, monkeypatch):
    keys, folder, real = study(town), tmp_path / "tiny", Path.open

    def full(path, mode="r", *arguments, **options):
        if path.name == "events.jsonl" and path.exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(RunFailed, match="No space left on device"):
        sweep(keys, out=folder, threads=1)
    monkeypatch.undo()
    sweep(keys, out=folder, threads=1, resume=True)
    assert same(folder, whole)


@posix
def test_a_clock_that_jumps_back_changes_nothing(town, whole, tmp_path, monkeypatch):
    keys, folder = study(town), tmp_path / "tiny"
    _, begun = steps_of(keys, tmp_path / "count")
    assert killed_sweep(keys, folder, begun + 4)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3e8)
    monkeypatch.setattr(time, "strftime", lambda form: "2017-05-20T00:00:00+0000")
    for path in folder.rglob("*"):
        os.utime(path, (4e9, 4e9))  # and the files are of the future
    sweep(keys, out=folder, threads=1, resume=True)
    assert same(folder, whole)


@posix
def test_one_process_at_a_store_and_no_stale_lock(town, whole, copy):
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        with locked(copy):
            os.write(ready[1], b"x")
            os.read(go[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    flip(copy / NUMBERS)
    before = contents(copy)
    with pytest.raises(RunFailed, match=f"process {child} on .* is at work on it"):
        sweep(study(town), out=copy, threads=1, resume=True)
    assert contents(copy) == before
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert (copy / "log" / "holder.json").is_file()
    sweep(study(town), out=copy, threads=1, resume=True)
    assert same(copy, whole)


# --- other studies, inputs and code -----------------------------------------------------------------------------------


def unrun(*_, **__):
    """Nothing may be run."""
    raise AssertionError("a unit was run")


def test_a_store_that_is_there_wants_resume(town, copy):
    with pytest.raises(InvalidValue, match="--resume"):
        sweep(study(town), out=copy)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"id": "other"}, 'study: "tiny" there, "other" now'),
        ({"seed": 9}, "seed: 5 there, 9 now"),
        ({"replicates": 2}, "replicates: 1 there, 2 now"),
        ({"outcome": [PAID]}, "variables"),
        ({"outcome": [PAID, {**FIRMS, "last": [], "max": ["quarter"]}]}, "inputs/study.toml differs"),
        ({"set": {"htz-2022/m4.pays.rent_share": [0.5]}}, "inputs/study.toml differs"),
        ({"units_per_chunk": 2}, "chunk"),
    ],
)
def test_the_store_of_another_study_is_refused(town, whole, copy, monkeypatch, changes, named):
    monkeypatch.setattr(blocks, "fork_unit", unrun)
    flip(copy / NUMBERS)
    before = contents(copy)
    with pytest.raises(InvalidValue) as error:
        sweep(study(town, **changes), out=copy, threads=1, resume=True)
    assert named in str(error.value)
    assert contents(copy) == before


def test_changed_inputs_are_named(town, tmp_path, monkeypatch):
    folder = Path(shutil.copytree(town.parent, tmp_path / "town"))
    sweep(study(folder / "town.toml"), out=tmp_path / "tiny", threads=1)
    region = folder / "regions" / "town.toml"
    region.write_text(region.read_text(encoding="utf-8") + "\n# a word more\n", encoding="utf-8")
    monkeypatch.setattr(blocks, "fork_unit", unrun)
    with pytest.raises(InvalidValue, match="inputs/regions/town.toml differs"):
        sweep(study(folder / "town.toml"), out=tmp_path / "tiny", threads=1, resume=True)


def test_other_code_is_named(town, copy, monkeypatch):
    monkeypatch.setattr(blocks, "fork_unit", unrun)
    monkeypatch.setattr(plan.kept, "code_hash", lambda: "other")
    with pytest.raises(InvalidValue, match="the program's code differs"):
        sweep(study(town), out=copy, threads=1, resume=True)
    monkeypatch.undo()
    monkeypatch.setattr(store, "versions", lambda: {"policymix": "9.9"})
    with pytest.raises(InvalidValue, match="versions"):
        sweep(study(town), out=copy, threads=1, resume=True)


@pytest.mark.parametrize("there", ["file", "folder"])
def test_something_else_is_left_alone(town, tmp_path, there):
    folder = tmp_path / "tiny"
    if there == "file":
        folder.write_text("mine")
    else:
        folder.mkdir()
        (folder / "notes.md").write_text("mine")
    with pytest.raises(InvalidValue, match="holds something else"):
        sweep(study(town), out=folder, resume=True)
    assert [path.name for path in tmp_path.rglob("*")] == (["tiny"] if there == "file" else ["tiny", "notes.md"])
