"""What finished results were made from, and in what two of them differ: whatever a change may be due to."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policymix import catalog
from policymix.analysis.comparison import Difference
from policymix.experiments import store
from policymix.experiments.mixes import stem
from policymix.experiments.scenario import Scenario, load_scenario
from policymix.policy.package import Package
from policymix.policy.package import load as load_package
from policymix.policy.target import Target, load_targets
from policymix.policy.versions import diff

if TYPE_CHECKING:
    import xarray

ABSENT = "–"
SHOWN_PARAMETERS = 6
RUN = ("start", "end", "burn_in_start", "rules")
READ_APART = ("packages/", "targets/", "scenario.toml", "study.toml")
"""Inputs that are not compared by their hash: said by address, of no influence on a run, or said key by key."""
DESCRIBES = ("id", "title", "source", "extends")
"""Keys of a package that say what it is called, not what it pays."""


@dataclass(frozen=True)
class Origin:
    """What a folder of results says they were made from.

    Attributes
    ----------
    versions : of the program and what it computes with
    hashes : of the files under ``inputs/``, by their names
    packages : by the names that the scenario gives them
    """

    scenario: Scenario
    versions: Mapping[str, str]
    hashes: Mapping[str, str]
    packages: Mapping[str, Package]
    targets: list[Target]


def origin_of(folder: Path) -> Origin | None:
    """The origin of the results in a folder; None where it holds no inputs (a lone ``results.nc``)."""
    file = folder / store.INPUTS / "scenario.toml"
    if not file.is_file():
        return None
    manifest = store.read_manifest(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", catalog.HiddenFile)  # the copies are meant to come before the shipped files
        scenario = load_scenario(file)
        packages = {name: load_package(name, file) for name in scenario.packages()}
        targets = [target for name in scenario.targets for target in load_targets(name, file)]
    return Origin(scenario, manifest["versions"], manifest["inputs"], packages, targets)


def differences(
    first: xarray.Dataset, other: xarray.Dataset, origins: tuple[Origin | None, Origin | None] = (None, None)
) -> list[Difference]:
    """In what two results were made differently, packages first.

    Without both origins packages are compared by their hashes, and settings, other files and versions not at all.
    """
    ours, theirs = origins
    found: list[Difference] = []
    if ours is not None and theirs is not None:
        found += _of_packages(ours, theirs)
        found += _unequal(_settings(ours), _settings(theirs))
    else:
        found += _unequal(_digests(first), _digests(other))
    found += _unequal(_attributes(first), _attributes(other))
    if ours is not None and theirs is not None:
        found += _unequal(_files(ours), _files(theirs))
        found += _unequal(ours.versions, theirs.versions)
    return found + _of_parameters(first, other)


def _unequal(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Difference]:
    """Entries that are not the same in both; one that is missing is shown as a dash."""
    names = [*ours, *(name for name in theirs if name not in ours)]
    return [
        Difference(name, str(ours.get(name, ABSENT)), str(theirs.get(name, ABSENT)))
        for name in names
        if ours.get(name) != theirs.get(name)
    ]


def _of_packages(ours: Origin, theirs: Origin) -> Iterator[Difference]:
    """Packages of mixes of one name, address by address; a package in place of another is compared with it."""
    mixes = {"history": (ours.scenario.history, theirs.scenario.history)}
    mixes |= {
        mix: (packages, theirs.scenario.mixes[mix])
        for mix, packages in ours.scenario.mixes.items()
        if mix in theirs.scenario.mixes
    }
    seen = set()
    for mix, (mine, others) in mixes.items():
        for left, right in _partners(mine, others):
            if left is None or right is None:
                yield Difference(f"packages of {mix}", left or ABSENT, right or ABSENT)
            elif (left, right) not in seen:
                seen.add((left, right))
                a, b = ours.packages[left], theirs.packages[right]
                if a.id != b.id:
                    yield Difference(f"packages of {mix}", a.id, b.id)
                for address, before, after in diff(a, b):
                    if address.split(".")[0] not in DESCRIBES:
                        yield Difference(f"{b.id}/{address}", _said(before), _said(after))


def _partners(mine: list[str], others: list[str]) -> list[tuple[str | None, str | None]]:
    """Packages of two versions of a mix side by side: those of one name, then the rest in their order."""
    both = [name for name in mine if name in others]
    left, right = ([name for name in names if name not in both] for names in (mine, others))
    rest = [
        (left[position] if position < len(left) else None, right[position] if position < len(right) else None)
        for position in range(max(len(left), len(right)))
    ]
    return [*((name, name) for name in both), *rest]


def _settings(origin: Origin) -> dict[str, Any]:
    """Values set by address, and the dates of the run."""
    scenario = origin.scenario
    return {**{f"run.{key}": getattr(scenario, key) for key in RUN}, **scenario.set}


def _files(origin: Origin) -> dict[str, str]:
    """Other files that a run was made from, by the beginning of their hashes."""
    return {name: f"file {text[:12]}" for name, text in origin.hashes.items() if not name.startswith(READ_APART)}


def _digests(results: xarray.Dataset) -> dict[str, str]:
    """Packages by the beginning of their hashes."""
    stated = json.loads(results.attrs.get("packages", "{}"))
    return {f"package {name}": str(text)[:12] for name, text in stated.items()}


def _attributes(results: xarray.Dataset) -> dict[str, str]:
    """What the results themselves say of how they were made."""
    attrs = results.attrs
    return {
        "scenario": str(attrs.get("scenario", ABSENT)),
        "region": stem(str(attrs.get("region", ABSENT))),
        "environment": stem(str(attrs.get("environment", ABSENT))),
        "baseline": str(attrs.get("baseline", ABSENT)),
        "run.seed": str(attrs.get("seed", ABSENT)),
        "run.draws": str(results.sizes["draw"]),
        "run.replicates": str(results.sizes["replicate"]),
        "luck": str(attrs.get("luck", ABSENT)),
        "policymix": str(attrs.get("code_version", ABSENT)),
    }


def _of_parameters(first: xarray.Dataset, other: xarray.Dataset) -> list[Difference]:
    """Uncertain numbers that both results have and that were drawn differently though seed and sizes are the same."""
    import numpy as np

    same_seed = first.attrs.get("seed") == other.attrs.get("seed")
    if not same_seed or first.sizes["draw"] != other.sizes["draw"] or "parameter_value" not in first:
        return []
    columns = [dict(zip(each["parameter"].values.tolist(), each["parameter_value"].values.T, strict=True))
               for each in (first, other)]  # fmt: skip
    moved = [
        name for name in columns[0] if name in columns[1] and not np.array_equal(columns[0][name], columns[1][name])
    ]
    found = [Difference(f"draws of {name}", *(f"mean {each[name].mean():.4g}" for each in columns)) for name in moved]
    more = len(found) - SHOWN_PARAMETERS
    rest = [Difference(f"draws of {more} more uncertain numbers", ABSENT, "other values")] if more > 0 else []
    return found[:SHOWN_PARAMETERS] + rest


def _said(value: Any) -> str:
    """A value of a package as it would be written in its file."""
    if isinstance(value, list):
        return f"[{', '.join(_said(each) for each in value)}]"
    return ABSENT if value is None else str(value)
