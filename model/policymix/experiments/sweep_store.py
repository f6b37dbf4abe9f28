"""The store of a sweep: a folder that is the same, byte for byte, whoever wrote it in whatever order.

::

    out/STUDY/
      results.zarr/    one array a variable, with the inputs of every run as coordinates; state by mix, draw, replicate
      failures/        why runs failed, one file for every block of units that has any
      inputs/          the study and every file it reads, as they were
      manifest.json    versions, hashes, sizes
      log/             times, hosts, durations, tracebacks: not part of the promise

The template has its full size before the first run. A block of units is written array by array, then its failures, and
its states last, each file aside and renamed: whatever a process leaves behind when it is killed, a state that says done
has its numbers, and all else is done again. Numbers carry checksums (crc32c).
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from policymix.errors import InvalidFile, NotFound, Problem, RunFailed
from policymix.experiments import store
from policymix.experiments.outcomes import outcome
from policymix.experiments.plan import Block, Plan, code_of
from policymix.experiments.points import Points
from policymix.experiments.quarters import last_day, quarters
from policymix.experiments.results import attributes, kind_of
from policymix.experiments.scenario import write_scenario
from policymix.experiments.study import Stored

if TYPE_CHECKING:
    import xarray
    from filelock import FileLock

ZARR, FAILURES, LOG, LOCK, STATE = store.SWEEP, "failures", "log", "lock", "state"
RUN = ("mix", "draw", "replicate")
NOT_RUN, DONE, FAILED = 0, 1, 2
SHOWN = 20
"""Damaged files that one message lists."""
FRAME = "frame"
"""Folder in the log where a resumed sweep writes its frame anew, to compare."""
SEAL = "sha256"
"""Key of a file's own hash, its last."""
LAYOUT = 1
"""Version of this layout."""
SUMS = {"sum": "summed over", "mean": "mean over", "min": "least over", "max": "greatest over", "last": "last of"}
SUMS_ZH = {"sum": "合计", "mean": "均值", "min": "最小", "max": "最大", "last": "末期"}


def create(plan: Plan, folder: Path, files: Mapping[str, Path], study: str) -> None:
    """Write the template, inputs and manifest of a study aside and rename the folder: it is whole or not there.

    Raises
    ------
    RunFailed
        The folder cannot be made or written, or its disk is too small.
    """
    if folder.exists() and not folder.is_dir():
        raise RunFailed(f"cannot write to {folder}: it is no folder")
    store.check_writable(folder)
    check_disk(plan, folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        _remove_abandoned(folder)
        (partial / LOG).mkdir(parents=True)
        with lock_of(partial):
            write_frame(plan, partial, files, study)
        partial.rename(folder)
    except OSError as error:
        if store.is_sweep(folder):
            raise RunFailed(f"{folder}: another process has just made it; wait for it, or --out") from None
        raise RunFailed(f"cannot write {folder}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def lock_of(folder: Path) -> FileLock:
    """The lock of a store, which the operating system gives back however its holder ends; taken or `Timeout`."""
    from filelock import FileLock

    return FileLock(folder / LOG / LOCK, timeout=0)


def _remove_abandoned(folder: Path) -> None:
    """Delete what makers of this store left beside it when they were killed."""
    from filelock import Timeout

    for left in folder.parent.glob(f".{glob.escape(folder.name)}.*.partial"):
        with contextlib.suppress(Timeout, OSError):  # its maker is alive
            (left / LOG).mkdir(exist_ok=True)
            with lock_of(left):
                pass
            shutil.rmtree(left, ignore_errors=True)


def check_disk(plan: Plan, folder: Path) -> None:
    """Refuse a design whose numbers cannot fit the disk even if they were compressed to a tenth."""
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    free, needed = shutil.disk_usage(existing).free, size_of(plan)
    if needed / 10 > free:
        raise RunFailed(
            f"{folder}: {plan.runs:,} runs have {needed / 1e9:,.1f} GB of numbers, the disk has {free / 1e9:,.1f} GB; "
            "store fewer outcomes, reduce over quarter or clause, or try fewer points"
        )


def size_of(plan: Plan) -> int:
    """Bytes of all numbers that a sweep stores, uncompressed."""
    return plan.bytes_per_unit * plan.draws * plan.replicates + plan.values.nbytes + plan.runs * 8


def write_frame(plan: Plan, folder: Path, files: Mapping[str, Path], study: str) -> None:
    """Everything of a store but its numbers: template, inputs (``study`` is the text of the study), manifest."""
    inputs = folder / store.INPUTS
    for name, source in files.items():
        (inputs / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, inputs / name)
    (inputs / "scenario.toml").write_text(write_scenario(store.portable(plan.inputs.scenario)), encoding="utf-8")
    (inputs / "study.toml").write_text(study, encoding="utf-8")
    (folder / FAILURES).mkdir(parents=True)
    _write_template(plan, folder / ZARR)
    (folder / store.MANIFEST).write_text(_sealed(manifest_of(plan, folder)), encoding="utf-8")


def _sealed(content: Mapping[str, Any]) -> str:
    """Content as JSON that ends with its own hash."""
    return json.dumps({**content, SEAL: _seal(content)}, indent=1, ensure_ascii=False) + "\n"


def _seal(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def _unsealed(path: Path) -> dict[str, Any]:
    """Content of a file that `_sealed` made.

    Raises
    ------
    InvalidFile
        It is not there, or not as it was written.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop(SEAL) == _seal(content):
            return content
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass
    found = "a damaged file" if path.is_file() else "nothing"
    expected = "what policymix sweep wrote; policymix sweep STUDY --resume mends a store"
    raise InvalidFile(path, [Problem("file", found, expected)])


def manifest_at(folder: Path) -> dict[str, Any]:
    """The manifest of a store.

    Raises
    ------
    InvalidFile
        It is missing or damaged.
    """
    return _unsealed(folder / store.MANIFEST)


def units_hash(plan: Plan) -> str:
    """Hash of every run's inputs and code."""
    return hashlib.sha256(plan.unit_hashes.tobytes()).hexdigest()


def manifest_of(plan: Plan, folder: Path) -> dict[str, Any]:
    """What a store is of: nothing in it depends on the time, the machine or the workers."""
    return {
        "manifest": 1,
        "layout": LAYOUT,
        "study": plan.study.id,
        "scenario": plan.scenario.id,
        "seed": plan.scenario.seed,
        "mixes": len(plan.mixes),
        "draws": plan.draws,
        "replicates": plan.replicates,
        "luck": plan.study.luck,
        "chunk": {"draws": plan.chunk[0], "replicates": plan.chunk[1]},
        "variables": [stored.variable for stored in plan.stored],
        "inputs_and_code": code_of(plan),
        "units": units_hash(plan),
        "versions": store.versions() | store.versions_of("zarr", "numcodecs"),
        "inputs": _hashes(folder / store.INPUTS),
        "frame": _hashes(folder / ZARR),
    }


def _hashes(folder: Path) -> dict[str, str]:
    """Hash of every file of a folder, by its name within."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): store.hash_file(path) for path in paths}


def _write_template(plan: Plan, path: Path) -> None:
    """Groups, arrays with their full size, and the inputs of every run."""
    import zarr
    from zarr.codecs import Crc32cCodec, ZstdCodec

    codecs = {"compressors": [ZstdCodec(level=3), Crc32cCodec()], "config": {"write_empty_chunks": True}}
    with _quiet():
        root = zarr.create_group(path, zarr_format=3, attributes=_attributes(plan))
        for stored in plan.stored:
            root.create_array(
                stored.variable,
                shape=plan.shape(stored),
                chunks=_chunks(plan, stored.dims, plan.shape(stored)),
                dtype="float64",
                fill_value=np.nan,
                dimension_names=stored.dims,
                attributes=_described(stored),
                **codecs,
            )
        shape = (len(plan.mixes), plan.draws, plan.replicates)
        attrs = {"long_name": "0 not run, 1 done, 2 failed", "long_name_zh": "0 未运行,1 完成,2 失败", "units": "code"}
        root.create_array(
            STATE, shape=shape, chunks=_chunks(plan, RUN, shape), dtype="uint8", fill_value=NOT_RUN,
            dimension_names=RUN, attributes=attrs, **codecs,
        )  # fmt: skip
        for name, (names, values, attrs) in _inputs_of(plan).items():
            values = np.asarray(values)
            array = root.create_array(
                name, shape=values.shape, chunks=values.shape or "auto", dtype=values.dtype, dimension_names=names,
                attributes=attrs, **codecs,
            )  # fmt: skip
            array[...] = values


def _chunks(plan: Plan, dims: Sequence[str], shape: Sequence[int]) -> tuple[int, ...]:
    """Chunks hold whole units: all of every dim but draw and replicate."""
    sizes = dict(zip(("draw", "replicate"), plan.chunk, strict=True))
    return tuple(sizes.get(dim, n) for dim, n in zip(dims, shape, strict=True))


def _described(stored: Stored) -> dict[str, str]:
    """Units and names of a variable, with what was cut and reduced."""
    of = outcome(stored.name)
    cut = [f"{dim} {label}" for dim, label in stored.select.items()]
    words = [*cut, *(f"{SUMS[how]} {dim}" for dim, how in stored.reduced)]
    words_zh = [*cut, *(f"按{dim}{SUMS_ZH[how]}" for dim, how in stored.reduced)]
    return {
        "units": of.units,
        "long_name": f"{of.long_name} ({', '.join(words)})" if words else of.long_name,
        "long_name_zh": f"{of.long_name_zh}({','.join(words_zh)})" if words else of.long_name_zh,
        "outcome": stored.name,
    }


def _attributes(plan: Plan) -> dict[str, Any]:
    """What the files say of a sweep."""
    found: dict[str, Any] = attributes(replace(plan.inputs, scenario=plan.scenario), plan.refused)
    found |= {
        "study": plan.study.id,
        "study_title": plan.study.title.en,
        "study_title_zh": plan.study.title.zh,
        "luck": plan.study.luck,
        "levers": _points_text(plan.levers),
        "uncertainties": _points_text(plan.uncertainties),
        "coordinates": " ".join(name for name in _inputs_of(plan) if name not in {*plan.coords, "parameter_value"}),
    }
    return found


def _points_text(points: Points) -> str:
    """A design and its factors as JSON, for analyses."""
    factors = [
        {"name": f.name, "address": f.address, "kind": f.kind, "low": f.low, "high": f.high, "values": list(f.values),
         "scale": f.scale, "unit": f.unit, "of_prior": f.address in points.space.of_prior}
        for f in points.space.factors
    ]  # fmt: skip
    design = dict(points.design.attributes) if points.design else {"method": points.space.method}
    return json.dumps({"factors": factors, "design": design, "others": points.space.others}, ensure_ascii=False)


def _inputs_of(plan: Plan) -> dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]:
    """Coordinates and inputs of every run: dims, values, attributes."""
    scenario, setting = plan.scenario, plan.setting
    used = {"mix", "draw", "replicate", "parameter", *(dim for stored in plan.stored for dim in stored.dims)}
    found: dict[str, tuple[tuple[str, ...], Any, dict[str, str]]] = {
        dim: ((dim,), values, {}) for dim, values in plan.coords.items() if dim in used
    }
    luck = [[plan.luck(d, r) for r in range(plan.replicates)] for d in range(plan.draws)]
    found["luck"] = (("draw", "replicate"), np.array(luck, np.int64), {"long_name": "address of a unit's luck"})
    texts = ["+".join(package.id for package in packages) for packages in plan.mixes.values()]
    found["packages"] = (("mix",), texts, {"long_name": "packages of the mix"})
    units = {"long_name": "value of an uncertain parameter", "units": "own unit", "long_name_zh": "参数取值"}
    found["parameter_value"] = (("draw", "parameter"), plan.values, units)
    hashed = {"long_name": "hash of a run's inputs and code"}
    found["unit_hash"] = (RUN, plan.unit_hashes, hashed)
    if "quarter" in used:
        days = np.array([last_day(name) for name in quarters(scenario.start, scenario.end)], "datetime64[D]")
        days_since = {"units": "days since 1970-01-01", "calendar": "proleptic_gregorian"}
        found["date"] = (("quarter",), days.astype(np.int64), days_since)
    if "clause" in used:
        found["kind"] = (("clause",), [kind_of(setting, clause) for clause in plan.coords["clause"]], {})
    for factor in plan.levers.space.factors:
        if factor.kind != "mix":
            found[factor.name] = (("mix",), plan.levers.columns[factor.name], {"address": factor.address})
    for factor in plan.uncertainties.space.factors:
        column = plan.uncertainties.columns[factor.address]
        found[factor.name] = (("draw",), column, {"address": factor.address})
    for dim, along, points in (("lever", "mix", plan.levers), ("uncertainty", "draw", plan.uncertainties)):
        if points.design is not None:
            names = [factor.name for factor in points.space.factors]
            unit = points.design.unit
            times, rest = divmod(len(plan.coords[along]), len(unit))
            unit = np.vstack([np.full((rest, len(names)), np.nan), *[unit] * times])
            found[dim] = ((dim,), names, {})
            found[f"{dim}_position"] = ((along, dim), unit, {"long_name": "position in the design, 0 to 1"})
    return found


def chunk_files(folder: Path, plan: Plan, block: Block) -> list[Path]:
    """Files of a block's numbers, states last."""
    at = {"draw": block.draws.start // plan.chunk[0], "replicate": block.replicates.start // plan.chunk[1]}
    found = []
    for name, dims in [*((s.variable, s.dims) for s in plan.stored), (STATE, RUN)]:
        found.append(folder.joinpath(ZARR, name, "c", *(str(at.get(dim, 0)) for dim in dims)))
    return found


def write_block(
    folder: Path, plan: Plan, block: Block, numbers: Mapping[str, np.ndarray], states: np.ndarray, failures: list[dict]
) -> None:
    """Write a block: its numbers, its failures, and then its states; until then the block has not run.

    Parameters
    ----------
    numbers : by variable, with the variable's dims, draws and replicates those of the block
    states : uint8[mix, draw, replicate]
    failures : rows as `read_failures` gives them
    """
    chunk_files(folder, plan, block)[-1].unlink(missing_ok=True)  # old states must not stand beside new numbers
    for stored in plan.stored:
        _array(folder, stored.variable)[_region(stored.dims, block)] = numbers[stored.variable]
    path = folder / FAILURES / f"{block.number:07d}.json"
    if failures:
        with store.aside(path) as partial:
            partial.write_text(_sealed({"failed": failures}), encoding="utf-8")
    else:
        path.unlink(missing_ok=True)
    _array(folder, STATE)[_region(RUN, block)] = states


def read_block(folder: Path, plan: Plan, block: Block) -> tuple[dict[str, np.ndarray], np.ndarray] | None:
    """Numbers and states of a block; None where anything of it is missing or damaged."""
    if not all(path.is_file() for path in chunk_files(folder, plan, block)):
        return None
    try:
        states = np.asarray(_array(folder, STATE)[_region(RUN, block)])
        numbers = {s.variable: _array(folder, s.variable)[_region(s.dims, block)] for s in plan.stored}
        rows = read_failures(folder, block.number)
    except (ValueError, RuntimeError, OSError, InvalidFile):  # a checksum that does not hold, a file cut short
        return None
    return (numbers, states) if _believable(plan, numbers, states, rows) else None


def _believable(plan: Plan, numbers: Mapping[str, np.ndarray], states: np.ndarray, rows: list[dict[str, Any]]) -> bool:
    """Whether states are states, what is done has its numbers, and what failed has its row and no numbers."""
    if not np.isin(states, (DONE, FAILED)).all() or len(rows) != int((states == FAILED).sum()):
        return False
    baseline = list(plan.mixes).index(plan.scenario.baseline)
    for stored in plan.stored:
        done = (states if "mix" in stored.dims else states[baseline]) == DONE
        finite = np.isfinite(numbers[stored.variable])
        others = tuple(axis for axis, dim in enumerate(stored.dims) if dim not in RUN)
        if not finite.all(axis=others)[done].all() or finite.any(axis=others)[~done].any():
            return False
    return True


def read_failures(folder: Path, block: int | None = None) -> list[dict[str, Any]]:
    """Failed runs: mix, draw, replicate, luck, error, reason; of one block or of all.

    Raises
    ------
    InvalidFile
        A file that is not as it was written.
    """
    paths = sorted((folder / FAILURES).glob("*.json" if block is None else f"{block:07d}.json"))
    return [row for path in paths for row in _unsealed(path)["failed"]]


def open_sweep(folder: Path) -> xarray.Dataset:
    """A sweep's results as a lazy Dataset: numbers are read, and their checksums compared, when they are used.

    Raises
    ------
    InvalidFile
        The frame is damaged, or a chunk is missing that its state says is there.
    """
    found = open_frame(folder)
    _check_chunks(folder, found)
    return found


def open_frame(folder: Path) -> xarray.Dataset:
    """As `open_sweep`, without a look at what chunks are there."""
    import xarray

    from policymix.experiments.checked_store import CheckedStore

    manifest = manifest_at(folder)
    _check_frame(folder, manifest["frame"])
    with _quiet():
        zarr = CheckedStore(folder.absolute() / ZARR, read_only=True)
        found = xarray.open_zarr(zarr, chunks=None, consolidated=False, decode_coords="all")
    states = found[STATE].values
    order = [*manifest["variables"], "parameter_value", STATE]
    places = {name: found[name] for name in ("lever_position", "uncertainty_position") if name in found.variables}
    found = found[order].assign_coords(places)  # no variable has their second dim
    return found.assign_attrs(failed=int((states == FAILED).sum()), not_run=int((states == NOT_RUN).sum()))


def _check_frame(folder: Path, hashes: Mapping[str, str]) -> None:
    """Refuse a template or coordinates that are not as they were written."""
    problems = []
    for name, stated in hashes.items():
        path = folder / ZARR / name
        if not path.is_file() or store.hash_file(path) != stated:
            found = "a damaged file" if path.is_file() else "nothing"
            expected = "what policymix sweep wrote; policymix sweep STUDY --resume mends it"
            problems.append(Problem(f"{ZARR}/{name}", found, expected))
    if problems:
        raise InvalidFile(folder, problems[:SHOWN])


def _check_chunks(folder: Path, found: xarray.Dataset) -> None:
    """Refuse numbers that are missing although their state says that they are there."""
    chunk, states = manifest_at(folder)["chunk"], found[STATE].values
    draws, replicates = chunk["draws"], chunk["replicates"]
    ran = [
        {"draw": d // draws, "replicate": r // replicates}
        for d in range(0, states.shape[1], draws)
        for r in range(0, states.shape[2], replicates)
        if states[:, d : d + draws, r : r + replicates].any()
    ]
    missing = []
    for name in map(str, found.data_vars):
        if {"draw", "replicate"} <= {*found[name].dims}:
            paths = [Path(ZARR, name, "c", *(str(at.get(str(dim), 0)) for dim in found[name].dims)) for at in ran]
            missing += [path for path in paths if not (folder / path).is_file()]
    if missing:
        expected = "all chunks of what has run; policymix sweep STUDY --resume makes them again"
        raise InvalidFile(folder, [Problem(path.as_posix(), "nothing", expected) for path in missing[:SHOWN]])


def required(path: str | os.PathLike[str]) -> Path:
    """The folder of a sweep that exists."""
    folder = Path(path)
    if not store.is_sweep(folder):
        there = sorted(str(found.parent) for found in Path("out").glob(f"*/{ZARR}"))
        raise NotFound("sweep", str(path), there)
    return folder


def remove_leftovers(folder: Path) -> None:
    """Delete what a killed process left half-written."""
    for path in [path for path in folder.rglob("*.partial") if path.is_file()]:
        path.unlink(missing_ok=True)
    for path in (folder / LOG).glob(f"{FRAME}.*"):
        shutil.rmtree(path, ignore_errors=True)


def _region(dims: Sequence[str], block: Block) -> tuple[slice, ...]:
    at = {"draw": block.draws, "replicate": block.replicates}
    return tuple(slice(at[dim].start, at[dim].stop) if dim in at else slice(None) for dim in dims)


def _array(folder: Path, name: str) -> Any:
    import zarr

    # the option of `open_array` holds only for arrays that it makes
    return zarr.open_array(folder / ZARR / name, mode="r+").with_config({"write_empty_chunks": True})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Texts of fixed width have no specification of their own in Zarr 3 yet, and say so each time."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have a Zarr V3 specification.*")
        yield
