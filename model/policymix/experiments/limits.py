"""What a number can be at all: settings and clauses that take one beyond are refused before anything runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from policymix.engine.setting import Setting
from policymix.errors import InvalidValue
from policymix.experiments.parameters import Prior


def said(low: float, high: float, unit: str = "") -> str:
    """A range in words, with its unit."""
    unit = "" if unit in ("", "1") else f" {unit}"
    if math.isinf(low) and math.isinf(high):
        return f"any number{unit}"
    if math.isinf(high):
        return f"{low:g} or more{unit}"
    return f"at most {high:g}{unit}" if math.isinf(low) else f"{low:g} to {high:g}{unit}"


def check_settings(
    fixed: Mapping[str, float], priors: Sequence[Prior], bounds: Mapping[str, tuple[float, float]]
) -> None:
    """Refuse a setting beyond its range.

    Parameters
    ----------
    fixed : settings by address
    priors : of the parameters, with their limits
    bounds : of the figures of region and environment, by address

    Raises
    ------
    InvalidValue
        Where, what was found, the range and its unit.
    """
    limits = {prior.name: (*prior.limits, prior.unit) for prior in priors}
    limits |= {address: (*ends, "") for address, ends in bounds.items()}
    for address, value in fixed.items():
        low, high, unit = limits.get(address, (-math.inf, math.inf, ""))
        if not low <= value <= high:
            raise InvalidValue(address, f"{value:.10g}", said(low, high, unit))


def check_changes(setting: Setting, priors: Sequence[Prior], fixed: Mapping[str, float]) -> None:
    """Refuse a clause whose change takes a parameter beyond its limits in some quarter, all numbers at their defaults.

    Raises
    ------
    InvalidValue
        The clause, its change and where it leads, the limits and their unit.
    """
    known = {prior.name: prior for prior in priors}
    for mix in setting.mixes.values():
        now: dict[str, np.ndarray] = {}
        for change in mix.changes:
            if change.address not in known:
                continue  # refused with the names that exist where the change is applied
            open_now = (setting.days >= change.first) & (setting.days <= change.last)
            usual = fixed.get(change.address, known[change.address].default)
            value = now.get(change.address, np.full(setting.quarters, usual))
            after = {"factor": value * change.value, "add": value + change.value}.get(change.op, change.value)
            now[change.address] = np.where(open_now, after, value)
            prior = known[change.address]
            low, high = prior.limits
            beyond = now[change.address][(now[change.address] < low) | (now[change.address] > high)]
            if beyond.size:
                found = f"{change.op} {change.value:g} on {change.address}, which makes it {beyond[0]:g}"
                raise InvalidValue(mix.clauses[change.clause], found, said(low, high, prior.unit))
