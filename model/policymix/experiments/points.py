"""Points of a study: the designs of its levers and uncertainties, and the mixes that lever points stand for."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from policymix.errors import InvalidFile, InvalidValue, NotFound, Problem
from policymix.experiments.addresses import parse_address, parse_value
from policymix.experiments.designs import METHODS, Design, make_design
from policymix.experiments.factors import Factor
from policymix.experiments.inputs import Inputs, levers
from policymix.experiments.mixes import parse_mixes
from policymix.experiments.study import Space, Study, table_file
from policymix.policy.package import Package, set_value


@dataclass(frozen=True)
class Points:
    """Levers or uncertainties as tried: the design (None without one), and each factor's value at each point."""

    space: Space
    design: Design | None
    columns: Mapping[str, np.ndarray]


def points_of(study: Study, space: Space, name: str, seed: int) -> Points:
    """The design of a space."""
    if space.method not in METHODS:
        return Points(space, None, {})
    options = dict(space.options or {})
    if isinstance(options.get("table"), str):
        options["table"] = table_file(study, options["table"])
    design = make_design(
        space.method,
        space.factors,
        points=space.points,
        seed=seed if space.seed is None else space.seed,
        where=name,
        **options,
    )
    return Points(space, design, design.columns)


def mixes_of(inputs: Inputs, points: Points, study: Study) -> tuple[dict[str, list[Package]], dict[str, np.ndarray]]:
    """Packages of the baseline and of every lever point, and the factors' values by mix (nothing for the baseline)."""
    scenario = inputs.scenario
    base = {name: [inputs.packages[each] for each in named] for name, named in scenario.mixes.items()}
    baseline = {scenario.baseline: base.pop(scenario.baseline)}
    if points.design is None:
        order = {name: (baseline | base)[name] for name in scenario.mixes}
        return {**baseline, **order}, {}
    factors, columns = points.space.factors, points.design.columns
    choosing = next((factor for factor in factors if factor.kind == "mix"), None)
    if choosing is None and not base:
        raise InvalidFile(
            study.path or "study",
            [
                Problem(
                    "mix", "none beside the baseline", "packages that the levers change, or a factor with mix = [...]"
                )
            ],
        )
    known: dict[tuple, Package] = {}
    mixes, rows = dict(baseline), [-1]
    width = len(str(points.design.points - 1))
    for name, packages in {"": []}.items() if choosing is not None else base.items():
        for point in range(points.design.points):
            chosen = packages
            if choosing is not None:
                (named,) = parse_mixes(str(columns[choosing.name][point])).values()
                chosen = [inputs.packages[each] for each in named]
            prefix = f"{name}." if len(base) > 1 and choosing is None else ""
            label = f"{prefix}p{point:0{width}d}"
            mixes[label] = _set(chosen, factors, columns, point, inputs, known)
            rows.append(point)
    found = {factor.name: _with_gap(factor, columns[factor.name], rows) for factor in factors}
    return mixes, found


def _set(packages: list[Package], factors, columns, point: int, inputs: Inputs, known: dict) -> list[Package]:
    """Packages of one lever point; equal versions of a package are one object, so that mixes share them."""
    settings: dict[str, list[tuple[str, Any]]] = {}
    studied = _studied(inputs)
    names = {package.id: package.id for package in studied.values()}
    names |= {name: package.id for name, package in studied.items()}
    for factor in factors:
        if factor.kind == "mix":
            continue
        address = parse_address(factor.address)
        if address.space != "package" or address.package not in names:
            _refuse_lever(factor, inputs)
        settings.setdefault(names[str(address.package)], []).append((address.key, plain_value(factor, columns, point)))
    out = []
    for package in packages:
        changes = settings.get(package.id, [])
        key = (package.id, json.dumps(changes, default=str))
        if key not in known:
            changed = package
            for within, value in changes:
                changed = _changed(changed, within, value, inputs)
            known[key] = changed
        out.append(known[key])
    return out


def _studied(inputs: Inputs) -> dict[str, Package]:
    """Packages of the mixes: the history is the same under all of them, so that a lever on it would change nothing."""
    named = {name for packages in inputs.scenario.mixes.values() for name in packages}
    return {name: package for name, package in inputs.packages.items() if name in named}


def _changed(package: Package, address: str, value: Any, inputs: Inputs) -> Package:
    try:
        return set_value(package, address, value)
    except NotFound:
        raise NotFound("address", f"{package.id}/{address}", _levers(inputs), where="levers") from None


def _levers(inputs: Inputs) -> dict[str, Any]:
    return levers(replace(inputs, packages=_studied(inputs)))


def _refuse_lever(factor: Factor, inputs: Inputs) -> None:
    """A lever is a number of a package; anything else changes the world and belongs to the uncertainties."""
    space = parse_address(factor.address).space
    if space == "package":
        raise NotFound("address", factor.address, _levers(inputs), where="levers")
    expected = "an address of a package; what changes the world stands under [uncertainties]"
    raise InvalidValue(f'levers > factor "{factor.name}"', factor.address, expected)


def plain_value(factor: Factor, columns: Mapping[str, np.ndarray], point: int) -> Any:
    """A factor's value at a point as a package file would have it: a text is read as TOML where it can be."""
    value = columns[factor.name][point]
    if factor.kind == "date":
        return datetime.date.fromordinal(int(value))
    if factor.kind == "choice":
        return parse_value(str(value))
    return {"real": float, "integer": int, "boolean": bool}[factor.kind](value)


def _with_gap(factor: Factor, column: np.ndarray, rows: list[int]) -> np.ndarray:
    """A factor's values by mix: NaN, or an empty text, for the baseline; dates as texts."""
    if factor.kind == "date":
        texts = [datetime.date.fromordinal(int(value)).isoformat() for value in column]
        return np.array(["" if row < 0 else texts[row] for row in rows])
    if factor.kind in ("choice", "mix"):
        return np.array(["" if row < 0 else str(column[row]) for row in rows])
    return np.array([np.nan if row < 0 else float(column[row]) for row in rows])
