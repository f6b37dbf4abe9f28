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
"""What a run and an attribution have to share, besides settings and the packages of the mix and of the history."""
ASKED = ("burn_in_start", "start", "end", "rules", "priors")
"""What a scenario has to share with the run's; results do not say it."""


def write(table: xarray.Dataset, scenario: Scenario, mix: str, path: Path) -> Path:
    """Write an attribution (`attribution.attribute`) as NetCDF, with what it was made from.

    Raises
    ------
    RunFailed
        The file cannot be written.
    """
    inputs = gather(with_options(scenario, mix=mix))
    kept = {key: str(value) for key, value in attributes(inputs, 0.0).items()}
    kept |= {key: str(getattr(inputs.scenario, key)) for key in ASKED} | {"set": json.dumps(_set(inputs.scenario))}
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


def mix_in(table: xarray.Dataset, results: xarray.Dataset, scenario: Scenario | None = None) -> str:
    """The mix of a run whose parts an attribution tells apart.

    Parameters
    ----------
    scenario : as run, with its settings; None where the results are all that is known

    Raises
    ------
    InvalidValue
        It is of other packages, another region, environment or horizon, other settings, or of a mix that the run does
        not have.
    """
    own = json.loads(table.attrs[ORIGIN])
    for key in SAME:
        if own.get(key, "") != str(results.attrs.get(key, "")):
            raise _other(table, f"{key} {own.get(key, '')}", f"{key} {results.attrs.get(key, '')}, as the run has")
    held = json.loads(own["mixes"])[table.attrs["mix"]]
    mine, theirs = json.loads(own["packages"]), json.loads(results.attrs["packages"])
    for name in [*held, *json.loads(results.attrs["history"])]:
        if mine.get(name) != theirs.get(name):
            raise _other(table, f"another version of {name}", f"{name} as the run has it")
    if scenario is not None:
        _check_asked(table, own, scenario, set(scenario.packages()) - {*held, *scenario.history})
    for mix, packages in json.loads(results.attrs["mixes"]).items():
        if sorted(packages) == sorted(held):
            return str(mix)
    raise _other(table, f"the mix {'+'.join(held)}", "a mix of the run")


def _check_asked(table: xarray.Dataset, own: dict[str, str], scenario: Scenario, elsewhere: set[str]) -> None:
    """Refuse another horizon, and other settings but those of packages that only other mixes hold."""
    for key in ASKED:
        if own.get(key) != (run := str(getattr(scenario, key))):
            raise _other(table, f"{key} {own.get(key, 'unknown')}", f"{key} {run}, as the run has")
    if "set" not in own:
        raise _other(table, "settings unknown", "a file that says them: policymix attribute --out")
    mine, run_set = (
        {address: value for address, value in each.items() if address.partition("/")[0] not in elsewhere}
        for each in (json.loads(own["set"]), _set(scenario))
    )
    for address in sorted(mine.keys() | run_set.keys()):
        if mine.get(address) != run_set.get(address):
            found, expected = (each.get(address, "not set") for each in (mine, run_set))
            raise _other(table, f"{address} {found}", f"{address} {expected}, as the run has")


def _set(scenario: Scenario) -> dict[str, str]:
    """Settings by address as texts."""
    return {address: str(value) for address, value in sorted(scenario.set.items())}


def _other(table: xarray.Dataset, found: str, expected: str) -> InvalidValue:
    return InvalidValue(f"attribution of {table.attrs['mix']}", found, expected)
