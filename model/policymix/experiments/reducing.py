"""What is kept of a run: outcomes cut and reduced, inside the worker, as a study's variables say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from policymix.engine.setting import Setting
from policymix.engine.timetable import FROZEN
from policymix.engine.unit import Forked, MixResult
from policymix.experiments.appraised import appraised_outcomes, leakage
from policymix.experiments.measured import PRICES_OF, core_and_users, luck_outcomes, money_outcomes, real_outcomes
from policymix.experiments.outcomes import outcome
from policymix.experiments.study import OF_THE_RUN, Stored

PER_UNIT = ("core_share_luck", "core_share_granular_sd")
"""Outcomes of the baseline alone."""
REDUCE: dict[str, Callable[..., Any]] = {"sum": np.sum, "mean": np.mean, "min": np.min, "max": np.max}


def reduced(stored: Stored, value: np.ndarray, coords: Mapping[str, Any]) -> np.ndarray:
    """A variable's numbers of one run.

    Parameters
    ----------
    value : the outcome, with its dims but those of the run
    coords : labels by dim
    """
    dims = [dim for dim in outcome(stored.name).dims if dim not in OF_THE_RUN]
    for dim, label in stored.select.items():
        position = [str(each) for each in coords[dim]].index(str(label))
        value = np.take(value, position, axis=dims.index(dim))
        dims.remove(dim)
    for dim, how in stored.reduced:
        axis = dims.index(dim)
        value = np.take(value, -1, axis=axis) if how == "last" else REDUCE[how](value, axis=axis)
        dims.remove(dim)
    return value


def kept_of_mix(
    setting: Setting,
    unit: Forked,
    results: Sequence[MixResult],
    wanted: Sequence[Stored],
    coords: Mapping[str, Any],
) -> dict[str, np.ndarray]:
    """The variables of one mix, with their dims but mix, draw and replicate (``prices`` first where they have it).

    Parameters
    ----------
    results : of the mix, one for every treatment of prices; of the baseline the one that it has
    """
    names = {stored.name for stored in wanted}
    base = core_and_users(setting, unit.start.world, unit.baseline)
    real: dict[str, dict[str, np.ndarray]] = {}
    for result in results:
        found = real_outcomes(setting, unit.start.world, result, base, names)
        found |= appraised_outcomes(setting, result, list(coords["clause"]), names)
        real |= dict.fromkeys(PRICES_OF[result.mode], found)
    last = next((result for result in results if result.mode != FROZEN), results[0])
    money = money_outcomes(setting, last, list(coords["clause"]), list(coords["payer"]), names)
    if "leakage" in names:
        money["leakage"] = leakage(setting, unit.start.world, last)
    out = {}
    for stored in wanted:
        if "prices" in stored.dims:
            each = [reduced(stored, real[prices][stored.name], coords) for prices in coords["prices"]]
            out[stored.variable] = np.stack(each)
        elif stored.name not in PER_UNIT:
            out[stored.variable] = np.asarray(reduced(stored, money[stored.name], coords), float)
    return out


def kept_of_unit(
    setting: Setting, unit: Forked, wanted: Sequence[Stored], coords: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """The variables that a unit has once, whatever its mixes."""
    listed = [stored for stored in wanted if stored.name in PER_UNIT]
    if not listed:
        return {}
    base = core_and_users(setting, unit.start.world, unit.baseline)
    share = real_outcomes(setting, unit.start.world, unit.baseline, base, {"core_share"})["core_share"]
    found = luck_outcomes(share, unit.luck_share, unit.granular)
    return {stored.variable: reduced(stored, found[stored.name], coords) for stored in listed}
