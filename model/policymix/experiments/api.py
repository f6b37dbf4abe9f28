"""`policymix.run`, `policymix.load`: what a notebook calls."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from policymix import catalog
from policymix.errors import NotFound
from policymix.experiments import store
from policymix.experiments.addresses import Value
from policymix.experiments.scenario import DEFAULT, Scenario, load_scenario, with_options

if TYPE_CHECKING:
    import xarray

LOADED_FIRST = ("packages", "scenarios", "studies", "regions", "environments", "targets", "opportunities",
                "problems")  # fmt: skip


def run(
    scenario: str | os.PathLike[str] | Mapping[str, Any] | Scenario = DEFAULT,
    *,
    mix: str | Iterable[str] | Mapping[str, object] | None = None,
    draws: int | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    set: Iterable[str] | Mapping[str, Value] | None = None,
    out: str | os.PathLike[str] | None = None,
    firms: str | os.PathLike[str] | None = None,
    every: int | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    command: Sequence[str] = (),
) -> xarray.Dataset:
    """Run a scenario and return its labelled Dataset.

    Parameters
    ----------
    scenario : name, path, table of keys, or a scenario from `load`
    mix : mixes instead of the scenario's, ``"none,both=dalian-2021+htz-2022"``
    draws, replicates, seed : instead of the scenario's
    set : values by address, ``{"htz-2022/m4.pays.rent_share": 0.5}``
    out : folder for results, inputs and manifest; nothing is written without it
    firms : file for a panel of firms, ``"panel.parquet"``: one row a firm and period (``firm_file.describe``)
    every : quarters that a row of the panel covers; 1 by default
    threads : how many units of work at once; all cores by default. The numbers do not depend on it
    progress : called with (units done, units in all)
    command : the command line, for the manifest

    Examples
    --------
    >>> results = policymix.run("dalian-2025", draws=10)                                  # doctest: +SKIP
    >>> results.core_share.sel(mix="both", prices="free", year=2025).mean("draw")         # doctest: +SKIP
    """
    from policymix.experiments import firm_file
    from policymix.experiments.inputs import gather

    wanted = firm_file.wanted(firms, every)
    chosen = with_options(load_scenario(scenario), mix=mix, draws=draws, replicates=replicates, seed=seed, set=set)
    gather(chosen)  # every address and file is checked before the first second of simulation
    from policymix.experiments.runner import run as run_scenario

    if out is None:
        return run_scenario(chosen, threads=threads, progress=progress, firms=wanted)
    files = store.input_files(chosen)
    with store.staged(out) as folder:
        results = run_scenario(chosen, threads=threads, progress=progress, firms=wanted)
        store.save_run(folder, results, chosen, files, command)
    return results


def load(name: str | os.PathLike[str], kind: str | None = None) -> Any:
    """What a name or path stands for: a package, scenario, study, region, environment, targets, opportunities
    or design problem.

    Parameters
    ----------
    kind : one of `catalog.KINDS`; without it the first kind that has the name, packages before targets
    """
    text = os.fspath(name)
    for candidate in LOADED_FIRST if kind is None else (kind,):
        if kind is not None or text in catalog.available(candidate):
            return _loader(candidate)(name)
    if text.endswith(".toml"):
        return _loader(catalog.kind_of(catalog.find("packages", text)))(name)
    names = {other for candidate in LOADED_FIRST for other in catalog.available(candidate)}
    raise NotFound("package, scenario or region", text, names)


def _loader(kind: str) -> Callable[[Any], Any]:
    if kind == "scenarios":
        return load_scenario
    if kind == "studies":
        from policymix.experiments.study import load_study

        return load_study
    if kind == "problems":
        from policymix.experiments.design_problem import load_problem

        return load_problem
    if kind == "packages":
        from policymix.policy.package import load as load_package

        return load_package
    if kind in ("regions", "environments"):
        from policymix.region import load as region_load

        return region_load.load if kind == "regions" else region_load.load_environment
    if kind == "targets":
        from policymix.policy.target import load_targets

        return load_targets
    if kind == "opportunities":
        from policymix.policy.opportunity import load_opportunities

        return load_opportunities
    raise NotFound("kind of file", kind, catalog.KINDS)
