"""Attributions on file: kept with what they were made from, so that a report shows them beside the right run only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from policymix.errors import InvalidFile, InvalidValue, Problem
from policymix.experiments import store
from policymix.experiments.inputs import gather
from policymix.experiments.results import attributes
from policymix.experiments.scenario import Scenario, with_options

if TYPE_CHECKING:
    import xarray

ORIGIN = "origin"
PATTERN = "attribution*.nc"
"""What the files are called that a report looks for beside a run's results."""
SAME = ("region", "environment", "history", "baseline", "price_base", "posterior_hash")
"""What a run and an attribution have to share, besides the packages of the mix."""


def write(table: xarray.Dataset, scenario: Scenario, mix: str, path: Path) -> Path:
    """Write an attribution (`attribution.attribute`) as NetCDF, with what it was made from.

    Raises
    ------
    RunFailed
        The file cannot be written.
    """
    inputs = gather(with_options(scenario, mix=mix))
    kept = {key: str(value) for key, value in attributes(inputs, 0.0).items()}
    return store.save(table.assign_attrs({ORIGIN: json.dumps(kept, ensure_ascii=False)}), path)


def read(path: Path) -> xarray.Dataset:
    """An attribution on file.

    Raises
    ------
    InvalidFile
        No NetCDF file, one that is cut short, or no attribution.
    """
    import xarray

    expected = "an attribution, written by policymix attribute --out FILE.nc"
    try:
        table = xarray.load_dataset(path, engine="h5netcdf")
    except OSError as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else "no NetCDF file, or a broken one"
        raise InvalidFile(path, [Problem("file", found, expected)]) from None
    if ORIGIN not in table.attrs or "share" not in table.dims:
        raise InvalidFile(path, [Problem("file", "other data", expected)])
    return table


def beside(folder: Path) -> Iterator[Path]:
    """Attributions in the folder of a run."""
    yield from sorted(folder.glob(PATTERN))


def mix_in(table: xarray.Dataset, results: xarray.Dataset) -> str:
    """The mix of a run whose parts an attribution tells apart.

    Raises
    ------
    InvalidValue
        It is of other packages, another region or environment, or of a mix that the run does not have.
    """
    own = json.loads(table.attrs[ORIGIN])
    for key in SAME:
        if own.get(key, "") != str(results.attrs.get(key, "")):
            raise _other(table, f"{key} {own.get(key, '')}", f"{key} {results.attrs.get(key, '')}, as the run has")
    held = json.loads(own["mixes"])[table.attrs["mix"]]
    mine, theirs = json.loads(own["packages"]), json.loads(results.attrs["packages"])
    for name in held:
        if mine.get(name) != theirs.get(name):
            raise _other(table, f"another version of {name}", f"{name} as the run has it")
    for mix, packages in json.loads(results.attrs["mixes"]).items():
        if sorted(packages) == sorted(held):
            return str(mix)
    raise _other(table, f"the mix {'+'.join(held)}", "a mix of the run")


def _other(table: xarray.Dataset, found: str, expected: str) -> InvalidValue:
    return InvalidValue(f"attribution of {table.attrs['mix']}", found, expected)
