"""Draws from a fit: joint samples of the numbers that published figures say something about.

``calibration/posterior/REGION.nc`` holds about a thousand joint samples of the fitted numbers, by address. A draw takes
one of them, whole, by a uniform number of its own (seed, region, draw), so that draws stay put whatever their order and
number. Every other number keeps its prior draw exactly.
"""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from policymix import catalog
from policymix.errors import InvalidFile, NotFound, Problem, RunFailed, StalePosterior
from policymix.experiments.parameters import Fitted, Prior, uniforms
from policymix.experiments.scenario import Scenario

NONE = "none"
SHOWN = 3  # changed numbers that a notice names


@dataclass(frozen=True)
class Posterior:
    """A fit, read.

    Attributes
    ----------
    path, hash : the file and the SHA-256 of its bytes
    region, until : whose it is; last year of the figures it was made from
    names : addresses of the fitted numbers
    samples : float64[samples, numbers]
    laws : what the fit took for the prior of every uncertain number, by address (`law_of`)
    """

    path: Path
    hash: str
    region: str
    until: int
    names: tuple[str, ...]
    samples: np.ndarray
    laws: Mapping[str, str] = field(repr=False)
    converged: bool = True
    forced: bool = False


def law_of(prior: Prior) -> str:
    """A prior as text: law and numbers; what a fit and a run must agree on."""
    numbers = {**prior.numbers, "default": prior.default} if prior.law == "fixed" else prior.numbers
    return " ".join([prior.law, *(f"{key}={numbers[key]:.12g}" for key in sorted(numbers))])


def laws_of(priors: Sequence[Prior]) -> dict[str, str]:
    """`law_of` of every uncertain number, by address; what the packages' texts leave open is not part of a fit."""
    return {prior.name: law_of(prior) for prior in priors if "/" not in prior.name}


def posterior_file(scenario: Scenario) -> Path | None:
    """The fit that a scenario draws from: the one it names, else its region's own if there is one; None for none.

    Raises
    ------
    NotFound
        The scenario names a file that is not there.
    """
    if scenario.posterior == NONE:
        return None
    if not scenario.posterior:
        return catalog.posterior(_region_id(scenario))
    folders = [scenario.path.parent] if scenario.path else []
    tries = [folder / scenario.posterior for folder in (*folders, Path.cwd())]
    found = next((path for path in tries if path.is_file()), None) or catalog.posterior(scenario.posterior)
    if found is None:
        beside = [str(path) for path in tries[0].parent.glob("*.nc")]
        raise NotFound("posterior", scenario.posterior, [NONE, *catalog.posteriors(), *beside], where="run.posterior")
    return found


def posterior_of(scenario: Scenario, priors: Sequence[Prior]) -> Posterior | None:
    """The fit that a scenario's draws come from; None where they come from the priors alone.

    A fit under other priors of the fitted numbers is refused: it would undo what the user changed. Where numbers that
    were not fitted have changed since, it is used with a notice.

    Raises
    ------
    InvalidFile, RunFailed
        The file is broken or was made under other priors; the fit has not converged and was not forced.
    """
    path = posterior_file(scenario)
    if path is None:
        return None
    fit = read_posterior(path)
    again = f"run `policymix calibrate {fit.region}` again, or set run.posterior={NONE} to draw from the priors"
    if not fit.converged and not fit.forced:
        raise RunFailed(
            f"{path}: this fit has not converged; calibrate with more simulations, or `policymix calibrate "
            f"{fit.region} --resume --force` to use it all the same, or set run.posterior={NONE}"
        )
    laws = laws_of(priors)
    other = [name for name in fit.names if laws.get(name) != fit.laws.get(name)]
    if other:
        raise InvalidFile(path, [_other_prior(name, fit, laws, again) for name in other])
    changed = sorted(name for name in laws.keys() | fit.laws.keys() if laws.get(name) != fit.laws.get(name))
    if changed:
        text = f"{path} was fitted before {_few(changed)} changed; {again}"
        warnings.warn(text, StalePosterior, stacklevel=2)
    return fit


def read_posterior(path: str | os.PathLike[str]) -> Posterior:
    """A fit from its file.

    Raises
    ------
    NotFound, InvalidFile
        There is no such file; it is no NetCDF file, holds no fit, or its samples are not numbers within their priors.
    """
    import hashlib

    path = Path(path)
    attrs, names, samples = _contents(path)
    if not np.isfinite(samples).all() or not len(samples):
        raise InvalidFile(
            path, [Problem("value", "samples that are no finite numbers", "what policymix calibrate made")]
        )
    return Posterior(
        path=path,
        hash=hashlib.sha256(path.read_bytes()).hexdigest(),
        region=str(attrs["region"]),
        until=int(attrs["until"]),
        names=names,
        samples=samples,
        laws=json.loads(attrs["laws"]),
        converged=bool(attrs["converged"]),
        forced=bool(attrs["forced"]),
    )


def open_fit(path: str | os.PathLike[str]) -> Any:
    """The whole Dataset of a fit, with its diagnostics."""
    import xarray

    path = _there(path)
    with _telling_of(path):
        data = xarray.load_dataset(path, engine="h5netcdf")
    _check_complete(path, data.attrs, data.variables)
    return data


def _contents(path: Path) -> tuple[dict[str, Any], tuple[str, ...], np.ndarray]:
    """Attributes, names and float64[sample, parameter] of a fit; without xarray, whose import a run puts off until it
    simulates."""
    import h5netcdf

    with _telling_of(_there(path)), h5netcdf.File(path) as file:
        attrs = dict(file.attrs)
        _check_complete(path, attrs, file.variables)
        names, value = file["parameter"][:], file["value"]
        order = [value.dimensions.index(name) for name in ("sample", "parameter")]
        samples = np.asarray(value[:], dtype=np.float64).transpose(order)
    return attrs, tuple(each.decode() if isinstance(each, bytes) else str(each) for each in names), samples


def _there(path: str | os.PathLike[str]) -> Path:
    path = Path(path)
    if not path.is_file():
        raise NotFound("posterior", str(path), [str(each) for each in path.parent.glob("*.nc")])
    return path


@contextlib.contextmanager
def _telling_of(path: Path) -> Iterator[None]:
    """A file that cannot be read is told by its name."""
    try:
        yield
    except (OSError, ValueError, KeyError):
        found = "no NetCDF file, or a broken one"
        raise InvalidFile(path, [Problem("file", found, "a fit that policymix calibrate made")]) from None


def _check_complete(path: Path, attrs: Mapping[str, Any], variables: Container[Any]) -> None:
    missing = [name for name in ("region", "until", "laws", "converged", "forced") if name not in attrs]
    missing += [name for name in ("value", "parameter") if name not in variables]
    if missing:
        raise InvalidFile(path, [Problem("file", f"no {', '.join(missing)}", "a fit that policymix calibrate made")])


def draws_of(fit: Posterior | None) -> Fitted | None:
    """What ``parameters.sample`` draws from instead of the priors: one joint sample a draw, taken whole.

    The sample is chosen by a uniform number addressed by (seed, region, draw, attempt).
    """
    if fit is None or not fit.names:
        return None

    def draw(seed: int, draws: int, attempt: int) -> dict[str, np.ndarray]:
        u = uniforms(seed, f"posterior.{fit.region}", draws, attempt)
        rows = fit.samples[np.minimum((u * len(fit.samples)).astype(np.int64), len(fit.samples) - 1)]
        return dict(zip(fit.names, rows.T, strict=True))

    return draw


def _other_prior(name: str, fit: Posterior, laws: Mapping[str, str], again: str) -> Problem:
    found = f"fitted under {fit.laws.get(name, 'nothing')}"
    return Problem(name, found, f"{laws.get(name, 'no such number')}, as this run has it; {again}")


def _few(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _region_id(scenario: Scenario) -> str:
    path = catalog.find("regions", scenario.region, scenario.path)
    return str(catalog.read_toml(path).get("id", path.stem))
