"""`policymix.compare`: finished results by name, path or Dataset, or a scenario whose mixes are run first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policymix import catalog
from policymix.analysis.comparison import check_horizon, compare_runs, is_sweep
from policymix.analysis.origin import Origin, differences, origin_of
from policymix.errors import InvalidValue, NotFound, nearest
from policymix.experiments import store
from policymix.experiments.addresses import Value
from policymix.experiments.scenario import Scenario

if TYPE_CHECKING:
    import xarray

    from policymix.policy.target import Target

SHOWN_NAMES = 6


@dataclass(frozen=True)
class Finished:
    """Results with the name that a comparison gives them, and what they were made from where that is known."""

    name: str
    results: xarray.Dataset
    origin: Origin | None = None


def compare(
    *results: str | os.PathLike[str] | Mapping[str, Any] | Scenario | xarray.Dataset,
    mix: str | Iterable[str] | Mapping[str, object] | None = None,
    draws: int | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    set: Iterable[str] | Mapping[str, Value] | None = None,
    scale_to_host: bool = False,
    out: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xarray.Dataset:
    """Set finished results side by side; or run the mixes of a scenario and set those side by side.

    Parameters
    ----------
    results : folders, names of folders in ``out/``, or Datasets, of runs or of sweeps; with ``mix`` one scenario
    mix : mixes to run, ``"none,htz-2022"``
    draws, replicates, seed, set, out, threads, progress : of the run, as `policymix.run` has them
    scale_to_host : money of other cities' packages times host GDP over home GDP (`transfer.scaled_to_host`)

    Returns
    -------
    Dataset over ``row, result, mix`` for runs (`comparison.compare_runs`), over ``result, mix, column`` for sweeps
    (`sweep_comparison.compare_sweeps`), in base units.

    Raises
    ------
    PolicymixError
        No such results; runs beside sweeps; results whose numbers mean different things.

    Examples
    --------
    >>> table = policymix.compare("out/two-years", "out/three-years")                     # doctest: +SKIP
    >>> table.change_mean.sel(row="paid", result="three-years", mix="htz-2022")           # doctest: +SKIP
    """
    if mix is None:
        for name, value in {
            "draws": draws,
            "replicates": replicates,
            "seed": seed,
            "set": set,
            "out": out,
            "scale_to_host": scale_to_host or None,
        }.items():
            if value is not None:
                raise InvalidValue(name, f"{value} with finished results", "mix as well: it says what to run")
        return compare_finished(list(_numbered(results)))
    if len(results) != 1 or hasattr(results[0], "data_vars"):
        raise InvalidValue("compare", f"mix and {len(results)} results", "one scenario whose mixes are to be run")
    from policymix.experiments.api import run
    from policymix.experiments.inputs import gather
    from policymix.experiments.scenario import load_scenario, with_options
    from policymix.experiments.transfer import scaled_to_host

    chosen = with_options(load_scenario(results[0]), mix=mix, draws=draws, replicates=replicates, seed=seed, set=set)
    if scale_to_host:
        chosen, _ = scaled_to_host(chosen)
    dataset = run(chosen, out=out, threads=threads, progress=progress)
    return compare_runs({chosen.id: dataset}, gather(chosen).targets)


def compare_finished(finished: list[Finished]) -> xarray.Dataset:
    """The comparison of results that are there, with what they were made differently in.

    Raises
    ------
    InvalidValue
        No results, runs beside sweeps, or results whose numbers mean different things.
    """
    if not finished:
        raise InvalidValue("compare", "nothing", "finished results, or a scenario and the mixes to run")
    first = finished[0]
    for other in finished[1:]:
        if is_sweep(first.results) != is_sweep(other.results):
            a_run, a_sweep = (first, other) if is_sweep(other.results) else (other, first)
            expected = "runs with runs, or sweeps with sweeps: a study of the run's scenario and mixes gives a sweep"
            raise InvalidValue("compare", f"{a_run.name}, a run, beside {a_sweep.name}, a sweep", expected)
        if first.origin is not None and other.origin is not None:
            check_horizon(first.origin.scenario, other.origin.scenario, (first.name, other.name))
    apart = {
        other.name: differences(first.results, other.results, (first.origin, other.origin)) for other in finished[1:]
    }
    named = {each.name: each.results for each in finished}
    if is_sweep(first.results):
        from policymix.analysis.sweep_comparison import compare_sweeps

        return compare_sweeps(named, apart)
    return compare_runs(named, _common_targets(finished), apart)


def opened(names: Iterable[str | os.PathLike[str]]) -> list[Finished]:
    """Finished results by path, or by the name of a folder in ``out/``, each under a name of its own.

    Raises
    ------
    NotFound
        No such results; shows those that are there, nearest first.
    InvalidValue
        A name that is a scenario's, or one place twice.
    """
    places = [_place(name) for name in names]
    if len({place.resolve() for place in places}) < len(places):
        twice = next(place for number, place in enumerate(places) if place in places[:number])
        raise InvalidValue("compare", f"{twice} twice", "different results")
    labels = [place.parent.name if place.is_file() and place.name in store.STORES else place.name for place in places]
    if len(set(labels)) < len(labels):
        labels = [place.as_posix() for place in places]
    return [
        Finished(label, store.open_results(place), origin_of(place.parent if place.is_file() else place))
        for label, place in zip(labels, places, strict=True)
    ]


def _numbered(results: Iterable[Any]) -> Iterable[Finished]:
    """Names opened, Datasets called by their place: ``1``, ``2``, ..."""
    listed = list(results)
    texts = [each for each in listed if not hasattr(each, "data_vars")]
    for each in texts:
        if not isinstance(each, str | os.PathLike):
            raise InvalidValue("compare", f"a {type(each).__name__} without mix", "finished results, or mix as well")
    found = iter(opened(texts))
    for number, each in enumerate(listed, start=1):
        yield Finished(str(number), each) if hasattr(each, "data_vars") else next(found)


def _place(name: str | os.PathLike[str]) -> Path:
    """The folder or file of results that a name stands for; a scenario's name is told what it lacks."""
    try:
        return store.place_of(name)
    except NotFound as error:
        text, given = os.fspath(name), Path(name).expanduser()
        if text not in catalog.available("scenarios") and not (
            given.is_file() and catalog.kind_of(given) == "scenarios"
        ):
            raise
        near = ", ".join(nearest(text, error.available)[:SHOWN_NAMES]) or "none yet"
        expected = f"the mixes to run (--mix none,htz-2022), or finished results ({near})"
        raise InvalidValue("compare", f"{text}, a scenario that has no results in {store.OUT}", expected) from None


def _common_targets(finished: list[Finished]) -> list[Target]:
    """Targets that all results were made with, word for word."""
    origins = [each.origin for each in finished]
    if any(origin is None for origin in origins):
        return []
    known = [{target.id: target for target in origin.targets} for origin in origins if origin is not None]
    return [target for id, target in known[0].items() if all(each.get(id) == target for each in known)]
