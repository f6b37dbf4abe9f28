"""The folder of a run: results, the files it was made from, and a manifest that lets it be made again.

::

    out/dalian-2025/
      results.nc       the labelled Dataset (NetCDF)
      manifest.json    versions, hashes, seed, command: everything but the time of day
      inputs/          scenario.toml as run, and packages/, regions/, ... as they were

Nothing is ever half-written: files are written aside, in the same file system, and renamed when they are complete.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policymix import __version__, catalog
from policymix.errors import InvalidFile, InvalidValue, NotFound, Problem, RunFailed
from policymix.experiments.mixes import stem
from policymix.experiments.posterior import NONE as NO_POSTERIOR
from policymix.experiments.posterior import posterior_file
from policymix.experiments.scenario import Scenario, write_scenario
from policymix.region.load import register_file

if TYPE_CHECKING:
    import xarray

RESULTS, SWEEP, MANIFEST, INPUTS = "results.nc", "results.zarr", "manifest.json", "inputs"
STORES = (RESULTS, SWEEP)
OUT = Path("out")
"""Where results lie unless another folder is named."""
SCHEMA_VERSION = 2
"""Of the results' format."""
NUMERIC = ("numpy", "scipy", "numba", "llvmlite", "xarray")  # whose versions may move a last digit


def save(results: xarray.Dataset, path: str | os.PathLike[str]) -> Path:
    """Write a Dataset as NetCDF beside its final name, then rename it."""
    path = Path(path)
    packed = {name: {"zlib": True, "complevel": 1} for name in results.data_vars if results[name].dtype.kind in "fi"}
    with aside(path) as partial:
        results.to_netcdf(
            partial, engine="h5netcdf", encoding={name: how for name, how in packed.items() if results[name].ndim}
        )
    return path


@contextlib.contextmanager
def aside(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; the file gets its own name only if the block ends without an error."""
    path = path.expanduser().absolute()
    check_writable(path.parent)
    made = [place for place in (path.parent, *path.parent.parents) if not place.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise RunFailed(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)
        _drop_empty(made)


def open_results(path: str | os.PathLike[str]) -> xarray.Dataset:
    """The Dataset of a run, from its file, its folder or its name in ``out/``, read whole (the file is closed again);
    of a sweep, lazily.

    Raises
    ------
    NotFound
        No results there; shows those that are, nearest first.
    InvalidFile
        No NetCDF file, one that is cut short, or results in another version's format.
    """
    import xarray

    path = place_of(path)
    if is_sweep(path):
        from policymix.experiments.sweep_store import open_sweep

        return open_sweep(path)
    path = path / RESULTS if path.is_dir() else path
    try:
        results = xarray.load_dataset(path, engine="h5netcdf")
    except OSError:
        raise InvalidFile(
            path, [Problem("file", "no NetCDF file, or a broken one", "results of policymix run")]
        ) from None
    found = str(results.attrs.get("schema_version", ""))
    if found != str(SCHEMA_VERSION):
        problem = Problem("schema_version", found or "none", f"{SCHEMA_VERSION}: made again by policymix run")
        raise InvalidFile(path, [problem])
    return results


def place_of(name: str | os.PathLike[str]) -> Path:
    """The file of a run, or the folder of a run or sweep, that a path or a name in ``out/`` stands for."""
    given = Path(name).expanduser()
    for place in (given, OUT / given):
        if (place.is_file() and place.suffix == ".nc") or any((place / each).exists() for each in STORES):
            return place
    text = os.fspath(name)
    folders = sorted({path.parent for each in STORES for path in OUT.glob(f"*/{each}")})
    there = [str(folder) if "/" in text else folder.name for folder in folders]
    raise NotFound(
        "results", text, there, f"{text} holds nothing that policymix run or sweep wrote" if given.is_dir() else None
    )


def is_sweep(path: str | os.PathLike[str]) -> bool:
    """Whether a folder is the store of a sweep."""
    return (Path(path) / SWEEP).is_dir()


def check_writable(folder: str | os.PathLike[str]) -> None:
    """Refuse a folder that cannot be made or written, before anything is simulated; leaves nothing behind."""
    folder = Path(folder).expanduser()
    existing = next(
        (place for place in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(place)), None
    )
    if existing is None or not existing.is_dir():
        raise RunFailed(f"cannot write to {folder}: {existing or 'its drive'} is no folder")
    try:
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".policymix-"):
            pass
    except OSError as error:
        raise RunFailed(f"cannot write to {folder}: {error.strerror or error} ({existing})") from None


@contextlib.contextmanager
def staged(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """A folder to write into; its files reach `folder` only if the block ends without an error.

    Files that `folder` already holds under other names are left alone.
    """
    check_writable(folder)
    folder = Path(folder).expanduser().absolute()
    made = [place for place in (folder.parent, *folder.parent.parents) if not place.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".partial"))
    try:
        yield partial
        _publish(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        _drop_empty(made)


def save_run(
    folder: Path,
    results: xarray.Dataset,
    scenario: Scenario,
    files: Mapping[str, Path],
    command: Sequence[str] = (),
) -> dict[str, Any]:
    """Write results, inputs and manifest of a run into a folder (mostly a staged one) and return the manifest.

    Parameters
    ----------
    files : name under ``inputs/`` -> the file it is copied from (`input_files`)
    command : the command line that was typed, for the record
    """
    inputs = Path(folder) / INPUTS
    shutil.rmtree(inputs, ignore_errors=True)
    for name, source in files.items():
        (inputs / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, inputs / name)
    (inputs / "scenario.toml").write_text(write_scenario(portable(scenario)), encoding="utf-8")
    save(results, Path(folder) / RESULTS)
    manifest = {
        "manifest": 1,
        "scenario": scenario.id,
        "seed": scenario.seed,
        "draws": scenario.draws,
        "replicates": scenario.replicates,
        "mixes": scenario.mixes,
        "set": {address: str(value) for address, value in scenario.set.items()},
        "command": list(command),
        "versions": versions(),
        "machine": {"system": platform.system(), "processor": platform.machine()},
        "inputs": {str(path.relative_to(inputs).as_posix()): hash_file(path) for path in _files(inputs)},
        "results": digest(results),
        "schema_version": str(results.attrs.get("schema_version", "")),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (Path(folder) / MANIFEST).write_text(text, encoding="utf-8")
    return manifest


def read_manifest(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """The manifest of a run's folder."""
    path = Path(folder) / MANIFEST
    if not path.is_file():
        runs = sorted(str(found.parent) for found in Path("out").glob(f"*/{MANIFEST}"))
        raise NotFound("run", str(folder), runs)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidFile(path, [Problem("file", str(error), "the JSON that policymix run wrote")]) from None


def changed_inputs(folder: str | os.PathLike[str], manifest: Mapping[str, Any]) -> list[str]:
    """Names under ``inputs/`` that are missing, new or not what the manifest's hashes say."""
    inputs = Path(folder) / INPUTS
    present = {path.relative_to(inputs).as_posix(): hash_file(path) for path in _files(inputs)}
    stated = manifest["inputs"]
    return sorted(name for name in {*present, *stated} if present.get(name) != stated.get(name))


def input_files(scenario: Scenario) -> dict[str, Path]:
    """Every file that a scenario reads, by its name under ``inputs/``; packages with all that they extend."""
    near = scenario.path
    found: dict[str, Path] = {}
    register = register_file(_add(found, "regions", scenario.region, near))
    if register is not None:
        found[f"regions/{register.name}"] = register
    _add(found, "environments", scenario.environment, near)
    for package in scenario.packages():
        _add_package(found, package, near)
    for kind in ("targets", "opportunities"):
        for name in getattr(scenario, kind):
            _add(found, kind, name, near)
    found["priors.toml"] = priors_file(scenario)
    fit = posterior_file(scenario)
    if fit is not None:
        found["posterior.nc"] = fit
    return found


def priors_file(scenario: Scenario) -> Path:
    """The priors that a scenario names, beside its own file or under the current folder; the shipped ones otherwise."""
    if not scenario.priors:
        return catalog.evidence("priors.toml")
    folders = [scenario.path.parent] if scenario.path else []
    tries = [folder / scenario.priors for folder in (*folders, Path.cwd())]
    for path in tries:
        if path.is_file():
            return path
    raise NotFound("priors file", scenario.priors, [str(path) for path in tries[0].parent.glob("*.toml")])


def portable(scenario: Scenario) -> Scenario:
    """The scenario as ``inputs/scenario.toml`` says it: names instead of paths, priors beside it."""
    changes = {
        "region": stem(scenario.region),
        "environment": stem(scenario.environment),
        "history": [stem(name) for name in scenario.history],
        "mixes": {mix: [stem(name) for name in names] for mix, names in scenario.mixes.items()},
        "targets": [stem(name) for name in scenario.targets],
        "opportunities": [stem(name) for name in scenario.opportunities],
        "priors": "priors.toml",
        "posterior": NO_POSTERIOR if posterior_file(scenario) is None else "posterior.nc",
    }
    return scenario.model_copy(update=changes)


def versions() -> dict[str, str]:
    """Versions of the program, of Python and of the packages that compute."""
    return {"policymix": __version__, "python": platform.python_version()} | versions_of(*NUMERIC)


def versions_of(*names: str) -> dict[str, str]:
    """Versions of those packages that are installed."""
    found = {}
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def hash_file(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def digest(results: xarray.Dataset) -> str:
    """SHA-256 of all values and coordinates of a Dataset, by name; attributes and storage do not enter."""
    total = hashlib.sha256()
    for name in sorted(map(str, results.variables)):
        variable = results.variables[name]
        values = variable.values
        total.update(repr((name, variable.dims, values.shape, values.dtype.kind)).encode())
        plain = values.dtype.kind in "fiubmM"
        total.update(values.tobytes() if plain else "\0".join(map(str, values.ravel().tolist())).encode())
    return total.hexdigest()


def _add(found: dict[str, Path], kind: str, name: str, near: Path | None) -> Path:
    path = catalog.find(kind, name, near)
    key = f"{kind}/{stem(name)}.toml"
    if key in found and found[key].resolve() != path.resolve():
        raise InvalidValue(kind, f"two files named {path.name}: {found[key]} and {path}", "a different name for each")
    found[key] = path
    return path


def _add_package(found: dict[str, Path], name: str, near: Path | None) -> None:
    path = _add(found, "packages", name, near)
    parent = catalog.read_toml(path).get("extends")
    for extended in [parent] if isinstance(parent, str) else parent or []:
        if f"packages/{stem(extended)}.toml" not in found:
            _add_package(found, extended, path)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _drop_empty(made: Sequence[Path]) -> None:
    """A failed run leaves no empty folders behind."""
    for place in made:
        with contextlib.suppress(OSError):
            place.rmdir()


def _publish(aside: Path, folder: Path) -> None:
    """Move every staged file to its place; a former run's ``inputs/`` goes, since it would be found again."""
    try:
        folder.mkdir(exist_ok=True)
        if (aside / INPUTS).is_dir():
            shutil.rmtree(folder / INPUTS, ignore_errors=True)
        for path in _files(aside):
            place = folder / path.relative_to(aside)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
    except OSError as error:
        raise RunFailed(f"cannot write to {folder}: {error.strerror or error}") from None
