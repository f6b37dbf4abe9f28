"""How many draws and replicates an interval needs, from a pilot run: between-draw and within-draw variance.

A number y of draw d and replicate r is m + a_d + e_dr. With D draws of R replicates the mean has the variance
(s_a^2 + s_e^2 / R) / D, so a 90 % interval of half-width h needs D >= 1.645^2 (s_a^2 + s_e^2 / R) / h^2. A replicate
costs as much as a draw: more replicates never help the mean, but they tell luck from ignorance.

Searle, Casella and McCulloch (1992), Variance Components, chapter 3 (balanced one-way layout).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from policymix.analysis.differences import against_baseline
from policymix.analysis.headline import rows
from policymix.analysis.runs import paired_baseline
from policymix.analysis.selection import RUN_DIMS
from policymix.analysis.targets import Reading, Target, chance, read
from policymix.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    import xarray

NORMAL_90 = 1.645
REPLICATES = (1, 2, 4)
RELATIVE = 0.1
METHOD = "balanced one-way variance components; Searle, Casella and McCulloch (1992), ch. 3"


def effort(
    results: xarray.Dataset,
    targets: Iterable[Target] = (),
    *,
    half_width: Mapping[str, float] | None = None,
    relative: float = RELATIVE,
) -> xarray.Dataset:
    """Draws that a 90 % interval of the mean paired difference needs, for every row of the headline and every target.

    Parameters
    ----------
    half_width : by row, in its unit (CNY, shares and probabilities 0..1, counts); other rows as ``relative`` says
    relative : half-width as a part of the mean difference

    Returns
    -------
    Dataset over ``row, mix``: mean, between and within (standard deviations; NaN with one replicate, where ``between``
    is the whole), half_width_now, half_width wanted, and ``draws_needed(row, mix, replicates)``, NaN where the mean is
    nought. Coordinates over ``row``: label, label_zh, unit.

    Raises
    ------
    NotFound, InvalidValue
        No such row; fewer than two draws; a width that is not positive.
    """
    import xarray

    baseline = paired_baseline(results)
    draws = results.sizes["draw"]
    if draws < 2:
        name = results.attrs.get("scenario", "SCENARIO")
        expected = f"a pilot of 10 draws and 2 replicates: policymix run {name} --draws 10 --replicates 2"
        raise InvalidValue("effort", f"{draws} draw", expected)
    if not relative > 0.0:
        raise InvalidValue("--relative", f"{relative:g}", "a share above 0, such as 0.1")
    numbers = _numbers(results, targets)
    wanted = dict(half_width or {})
    for name, width in wanted.items():
        if name not in numbers:
            raise NotFound("row", name, numbers)
        if not width > 0.0:
            raise InvalidValue(f"--half-width {name}", f"{width:g}", "a number above 0")
    found = [_row(against_baseline(y, baseline), wanted.get(name), relative) for name, (y, *_) in numbers.items()]
    dim = xarray.DataArray(list(numbers), dims="row", name="row")
    table = xarray.concat(found, dim=dim, coords="minimal", compat="override")
    texts = zip(*((en, zh, unit) for _, en, zh, unit in numbers.values()), strict=True)
    table = table.assign_coords(
        {k: ("row", list(v)) for k, v in zip(("label", "label_zh", "unit"), texts, strict=True)}
    )
    table.attrs.update(
        method=METHOD, units="as the row says", baseline=baseline, relative=relative, draws=draws,
        replicates=results.sizes["replicate"], scenario=str(results.attrs.get("scenario", "")),
    )  # fmt: skip
    return table.drop_sel(mix=baseline)


def components(values: np.ndarray) -> tuple[float, float]:
    """Between-draw and within-draw variance of float64[draws, replicates]; (whole, NaN) with one replicate.

    within = mean over draws of the variance over replicates; between = variance of the draws' means - within / R, not
    below nought.
    """
    replicates = values.shape[1]
    of_means = float(np.var(values.mean(axis=1), ddof=1))
    if replicates < 2:
        return of_means, math.nan
    within = float(np.mean(np.var(values, axis=1, ddof=1)))
    return max(0.0, of_means - within / replicates), within


def draws_needed(between: float, within: float, replicates: int, half_width: float) -> float:
    """1.645^2 (between + within / R) / h^2, at least 2, whole; ``within`` NaN counts as part of ``between``."""
    luck = 0.0 if math.isnan(within) else within / replicates
    if math.isnan(within) and replicates > 1:
        return math.nan
    return float(max(2, math.ceil(NORMAL_90**2 * (between + luck) / half_width**2 - 1e-9)))


def _row(change: xarray.DataArray, width: float | None, relative: float) -> xarray.Dataset:
    """One row over ``mix``."""
    import xarray

    mixes = change["mix"].values
    columns: dict[str, list[float]] = {key: [] for key in ("mean", "between", "within", "half_width_now", "half_width")}
    needed = []
    for mix in mixes:
        values = change.sel(mix=mix).transpose("draw", "replicate").values.astype(float)
        mean = float(values.mean())
        between, within = components(values)
        luck = 0.0 if math.isnan(within) else within / values.shape[1]
        goal = width if width is not None else relative * abs(mean)
        columns["mean"].append(mean)
        columns["between"].append(math.sqrt(between))
        columns["within"].append(math.sqrt(within))
        columns["half_width_now"].append(NORMAL_90 * math.sqrt((between + luck) / values.shape[0]))
        columns["half_width"].append(goal if goal > 0.0 else math.nan)
        needed.append([draws_needed(between, within, r, goal) if goal > 0.0 else math.nan for r in REPLICATES])
    found = xarray.Dataset({key: ("mix", column) for key, column in columns.items()}, {"mix": mixes})
    return found.assign(draws_needed=(("mix", "replicates"), needed)).assign_coords(replicates=list(REPLICATES))


def _numbers(results: xarray.Dataset, targets: Iterable[Target]) -> dict[str, tuple[xarray.DataArray, str, str, str]]:
    """Every row that has a number by run, and the chance of every tracked target: values, labels, unit."""
    import xarray

    found = {}
    for row in rows(results):
        values = row.read(results)
        if isinstance(values, xarray.DataArray):
            plain = values.astype(float).reset_coords(drop=True).transpose(*RUN_DIMS)
            found[row.id] = (plain, row.label, row.label_zh, row.unit)
    for target in targets:
        reading = read(results, target)
        if isinstance(reading, Reading):
            values = chance(reading, target).transpose(*RUN_DIMS)
            found[target.id] = (values, f"P({target.id})", f"{target.id} 的概率", "probability")
    return found
