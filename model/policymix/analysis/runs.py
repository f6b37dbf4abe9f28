"""What every answer asks of a run first: numbers that are finite, a paired baseline, enough runs for its interval."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from policymix.analysis.differences import HIGH, LOW, quantiles, summary
from policymix.analysis.selection import baseline_of
from policymix.errors import InvalidValue, NotFound, RunFailed

if TYPE_CHECKING:
    import xarray

INTERVAL = HIGH - LOW
SHOWN = 3
SCHEMA = 2
"""Format of the results from which outcomes by group are kept."""


def finite(results: xarray.Dataset, names: Iterable[str]) -> None:
    """Refuse outcomes that are not numbers, with the inputs of the runs that have them.

    Raises
    ------
    NotFound
        The run does not keep an outcome.
    RunFailed
        Some run's outcome is infinite or missing.
    """
    import numpy as np

    for name in names:
        if name not in results.data_vars:
            raise NotFound("outcome", name, [str(each) for each in results.data_vars], where=_older(results))
        array = results[name]
        bad = array.copy(data=~np.isfinite(array.values))
        if bool(bad.any()):
            rest = [dim for dim in array.dims if dim not in ("mix", "draw", "replicate")]
            runs = np.argwhere(bad.any(rest).transpose("mix", "draw", "replicate").values)
            texts = [_inputs(results, *(int(each) for each in run)) for run in runs[:SHOWN]]
            more = f" and {len(runs) - SHOWN} more" if len(runs) > SHOWN else ""
            raise RunFailed(f"{name} is not a number in {len(runs)} runs: {'; '.join(texts)}{more}")


def _older(results: xarray.Dataset) -> str | None:
    """What to do with results of an older format."""
    stated = str(results.attrs.get("schema_version", SCHEMA))
    return f"results of format {stated}; run the scenario again" if stated.isdigit() and int(stated) < SCHEMA else None


def _inputs(results: xarray.Dataset, mix: int, draw: int, replicate: int) -> str:
    """A run in words: its mix, draw, luck and the numbers drawn for it."""
    where = f"mix {results['mix'].values[mix]}, draw {draw}, replicate {replicate}"
    if "luck" in results.coords:
        where += f", luck {int(results['luck'].values[draw, replicate])}"
    if "parameter_value" not in results:
        return where
    drawn = results["parameter_value"].isel(draw=draw)
    listed = [f"{name} = {value:.6g}" for name, value in zip(drawn["parameter"].values, drawn.values, strict=True)]
    return f"{where} ({', '.join(listed)})"


def paired_baseline(results: xarray.Dataset, wanted: str | None = None) -> str:
    """The baseline that the run was appraised against.

    Raises
    ------
    InvalidValue
        Another one is wanted, or the results have lost theirs: firms were set against one baseline while they ran.
    """
    baseline = baseline_of(results)
    scenario = results.attrs.get("scenario", "SCENARIO")
    mixes = [str(name) for name in results["mix"].values]
    if wanted is not None and wanted != baseline:
        expected = f"{baseline}, which the run was paired with; for another, set baseline in {scenario} and run it"
        raise InvalidValue("baseline", wanted, expected)
    if baseline not in mixes:
        raise InvalidValue("baseline", f"{baseline}, which is none of {', '.join(mixes)}", "a run with its baseline")
    return baseline


def runs_needed(interval: float) -> int:
    """Least number of runs whose own order statistics bound a central interval: (1 + interval) / (1 - interval)."""
    return math.ceil((1.0 + interval) / (1.0 - interval) - 1e-9)


def with_interval(
    values: xarray.DataArray, interval: float | None = None, scenario: str = "SCENARIO"
) -> xarray.Dataset:
    """``summary`` with its low and high at another interval than 90 %.

    Raises
    ------
    InvalidValue
        There are fewer runs than the interval needs.
    """
    found = summary(values)
    if interval is None:
        return found
    if not 0.0 < interval < 1.0:
        raise InvalidValue("interval", f"{interval:g}", "a share between 0 and 1, such as 0.9")
    runs, needed = values.sizes["draw"] * values.sizes["replicate"], runs_needed(interval)
    if runs < needed:
        expected = f"at least {needed} runs: policymix run {scenario} --draws {needed}"
        raise InvalidValue("interval", f"{interval:.0%} from {runs} runs", expected)
    cuts = quantiles(values, ((1.0 - interval) / 2.0, (1.0 + interval) / 2.0))
    return found.assign(low=cuts.isel(quantile=0, drop=True), high=cuts.isel(quantile=1, drop=True))
