"""Which factor drives which outcome: Sobol' indices and elementary effects of designed studies, luck apart.

A number y of point x and luck w has the mean g(x) over luck and the variance s^2 = E var(y | x) within a point, so that
var y = var g + s^2. Shares are of var y::

    first   V_i / var y     V_i = var E(g | x_i)
    total   T_i / var y     T_i = E var(g | all but x_i)
    luck    s^2 / var y

What an engine makes of means over R replicates carries s^2 / R. Numerators are quadratic in y, so each is freed of it,
whether points share their luck or not, by Q = (R Q(mean over replicates) - mean over replicates of Q) / (R - 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from policymix.analysis.varied import (
    TOGETHER,
    Varied,
    cell_coords,
    design_of,
    factors_of,
    fitted_names,
    labels_of,
    points_of_levers,
    samples,
    shared_luck,
)
from policymix.errors import InvalidValue, NotFound, RunFailed

if TYPE_CHECKING:
    import xarray

    from policymix.experiments.parameters import Prior

ENGINES = ("scipy", "SALib")
INTERVAL = 0.9
RESAMPLES = 200
LEAST_BASE = 16
"""Base points below which an index has no interval worth printing."""
LEAST_TRAJECTORIES = 4
LEAST_LUCKS = 3
"""Lucks that all points share below which shares have no interval: one left out, their spread has to be known still."""
GOAL = 0.05
"""Half-width of an index's interval that ``base_needed`` is for."""
HALF_NORMAL = math.sqrt(2.0 / math.pi)
SOBOL = (
    "Sobol' indices by Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018, freed of luck by replicates; intervals: "
    "bootstrap of base points, where all share their luck with the jackknife of replicates"
)
MORRIS = (
    "elementary effects: Morris (1991), doi:10.1080/00401706.1991.10484804; mu* of Campolongo, Cariboni and Saltelli "
    "(2007), doi:10.1016/j.envsoft.2006.10.004"
)

Engine = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""(A [output, base], B, AB [factor, output, base]) -> first and total [output, factor], of the variance of A and B."""


class Parts(NamedTuple):
    """Parts of the variance: first and total [output, factor], luck and the whole [output]; luck NaN if unknown."""

    first: np.ndarray
    total: np.ndarray
    luck: np.ndarray
    whole: np.ndarray


def sobol(
    results: xarray.Dataset,
    *,
    over: str = "uncertainties",
    outcomes: Sequence[str] = (),
    times: Sequence[str] = (),
    mixes: Sequence[str] = (),
    measure: str = "difference",
    engine: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    priors: Sequence[Prior] = (),
) -> xarray.Dataset:
    """First-order and total Sobol' indices of a ``saltelli`` study, with luck as a share of its own.

    A base point with a run that failed or has not run is dropped whole, with all its points, and counted. For levers
    a draw is what a replicate is for uncertainties: ``luck`` is then the share of all that designers do not set.

    Parameters
    ----------
    outcomes, times, mixes, measure : as `varied.responses` has them
    engine : ``scipy`` (base points a power of two) or ``SALib``; by default scipy where it can
    resamples : of the bootstrap
    priors : for titles, units and sources of the factors

    Returns
    -------
    Dataset over ``factor, mix, cell``: first, total with ``_low`` and ``_high`` (90 %), shares of the whole variance;
    over ``mix, cell``: luck (NaN with one replicate, and total then contains it) and interactions
    = 1 - luck - sum of first, with their intervals, and whole (variance, squared units). A response that does not vary
    has NaN; so have all intervals where all points share two lucks. With more they count what another luck would do.
    Attributes: base, dropped, failures, base_needed (for half-widths of 0.05), notices.

    Raises
    ------
    InvalidValue
        No saltelli design; other numbers move as well; too few base points left.
    RunFailed
        The engine is not installed.
    """
    design = _designed(results, over, "saltelli")
    factors = factors_of(results, over, designed=True, priors=priors)
    block = 2 * len(factors) + 2 if design["second_order"] else len(factors) + 2
    values, response = _blocks(results, over, block, outcomes, times, mixes, measure)
    whole = np.isfinite(values).all(axis=(0, 1, 3))
    base = int(whole.sum())
    if base < LEAST_BASE:
        needed = f"at least {LEAST_BASE} ({LEAST_BASE * block} points), 512 or more for narrow intervals"
        raise InvalidValue("sobol", _found(base, "base points", response), needed)
    kept = values[:, :, whole]
    used, run = _engine(engine, base)
    parts = parts_of(kept, len(factors), run)
    again = _bootstrap(kept, len(factors), run, resamples, seed)
    shared = shared_luck(results, over)
    left_out = _left_out(kept, len(factors), run) if shared and len(values) > 1 else None
    table = _sobol_table(parts, again, left_out, factors, response)
    widest = _widest(again)
    wanted = _power(base * (widest / GOAL) ** 2) if math.isfinite(widest) else 0
    about: dict[str, Any] = {
        "engine": used, "base": base, "dropped": int(len(whole) - base), "replicates": len(values),
        "points": base * (len(factors) + 2), "base_needed": wanted, "units": "share of variance",
        "notices": "; ".join(_notices(results, factors, len(values), over) + _of_lucks(len(values), shared)),
    }  # fmt: skip
    table.attrs = _about(results, response, over, SOBOL) | about
    return table


def morris(
    results: xarray.Dataset,
    *,
    over: str = "uncertainties",
    outcomes: Sequence[str] = (),
    times: Sequence[str] = (),
    mixes: Sequence[str] = (),
    measure: str = "difference",
    resamples: int = RESAMPLES,
    seed: int = 0,
    priors: Sequence[Prior] = (),
) -> xarray.Dataset:
    """Elementary effects of a ``morris`` study: what a factor does when it goes across its whole range.

    d = (y(x + D e_i) - y(x)) / D over positions in [0, 1]; mu is its mean over trajectories, mu_star the mean of |d|,
    sigma its standard deviation, freed of luck by replicates. Luck alone would make |d| about luck x sqrt(2 / pi).

    Returns
    -------
    Dataset over ``factor, mix, cell`` in the units of the cell: mu, mu_star (with ``_low`` and ``_high``, 90 %), sigma,
    luck (standard deviation that luck gives to an effect; NaN with one replicate) and told (mu_star beyond what luck
    makes of it by its interval; False where luck is not known). Attributes as of `sobol`, with trajectories.

    Raises
    ------
    InvalidValue
        As of `sobol`.
    """
    _designed(results, over, "morris")
    factors = factors_of(results, over, designed=True, priors=priors)
    block = len(factors) + 1
    values, response = _blocks(results, over, block, outcomes, times, mixes, measure)
    whole = np.isfinite(values).all(axis=(0, 1, 3))
    count = int(whole.sum())
    if count < LEAST_TRAJECTORIES:
        expected = f"at least {LEAST_TRAJECTORIES} ({LEAST_TRAJECTORIES * block} points), 10 to 50 for a ranking"
        raise InvalidValue("morris", _found(count, "trajectories", response), expected)
    unit = _positions(results, over).reshape(-1, block, len(factors))[whole]
    effects = effects_of(values[:, :, whole], unit)
    table = _morris_table(effects, shared_luck(results, over), resamples, seed, factors, response)
    table.attrs = _about(results, response, over, MORRIS) | {
        "trajectories": count, "dropped": int(len(whole) - count), "replicates": len(values),
        "points": count * block, "units": "as the cell says, from one end of a factor's range to the other",
        "notices": "; ".join(_notices(results, factors, len(values), over)),
    }  # fmt: skip
    return table


def parts_of(values: np.ndarray, factors: int, engine: Engine) -> Parts:
    """Parts of the variance of float64[replicate, output, base, point]; points are A, AB_1..AB_k, [BA_1..BA_k], B."""
    replicates = len(values)
    of_mean = _quadratic(values.mean(axis=0), factors, engine)
    if replicates == 1:
        return Parts(*of_mean[:2], np.full(len(of_mean[2]), math.nan), of_mean[2])
    each = [_quadratic(one, factors, engine) for one in values]
    first, total, between = (
        (replicates * mean - np.mean([one[number] for one in each], axis=0)) / (replicates - 1)
        for number, mean in enumerate(of_mean)
    )
    luck = values.var(axis=0, ddof=1).mean(axis=(1, 2))
    return Parts(first, total, luck, between + luck)


def _quadratic(values: np.ndarray, factors: int, engine: Engine) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """V_i, T_i [output, factor] and the variance [output] of float64[output, base, point] as an engine has them."""
    a, b = values[..., 0], values[..., -1]
    mixed = np.moveaxis(values[..., 1 : factors + 1], -1, 0)
    variance = np.var(np.concatenate([a, b], axis=1), axis=1)
    first, total = engine(a, b, mixed)
    return first * variance[:, None], total * variance[:, None], variance


def with_scipy(a: np.ndarray, b: np.ndarray, mixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An `Engine`: ``scipy.stats.sobol_indices``; base points have to be a power of two."""
    from scipy.stats import sobol_indices

    found = sobol_indices(func={"f_A": a, "f_B": b, "f_AB": mixed}, n=a.shape[1])
    shape = (len(a), len(mixed))
    return np.reshape(found.first_order, shape), np.reshape(found.total_order, shape)


def with_salib(a: np.ndarray, b: np.ndarray, mixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An `Engine`: ``SALib.analyze.sobol``, of numbers that were brought to the mean nought, as its own entry does."""
    sobol = salib("sobol")
    mean = np.mean([a, b], axis=(0, 2))[:, None]
    A, B, AB = (np.moveaxis(each - mean, -1, 0) for each in (a, b, mixed))
    varies = np.ptp(np.concatenate([A, B]), axis=0) > 0.0
    first, total = np.zeros((len(a), len(mixed))), np.zeros((len(a), len(mixed)))
    for factor in range(len(mixed)):
        one = AB[:, factor]
        first[varies, factor] = sobol.first_order(A[:, varies], one[:, varies], B[:, varies])
        total[varies, factor] = sobol.total_order(A[:, varies], one[:, varies], B[:, varies])
    return first, total


def salib(method: str) -> Any:
    """A module of ``SALib.analyze``.

    Raises
    ------
    RunFailed
        SALib is not installed.
    """
    import importlib

    try:
        return importlib.import_module(f"SALib.analyze.{method}")
    except ImportError:
        raise RunFailed("this measure needs SALib: pip install 'policymix[sensitivity]'") from None


def _engine(name: str | None, base: int) -> tuple[str, Engine]:
    balanced = base & (base - 1) == 0
    if name is not None and name not in ENGINES:
        raise NotFound("engine", name, ENGINES)
    if name == "scipy" and not balanced:
        expected = f"a power of two, such as {_power(base)}, or SALib, which takes any number"
        raise InvalidValue("--engine scipy", f"{base} whole base points", expected)
    chosen = name or ("scipy" if balanced else "SALib")
    if chosen == "SALib":
        salib("sobol")
    return chosen, with_scipy if chosen == "scipy" else with_salib


def _bootstrap(values: np.ndarray, factors: int, engine: Engine, resamples: int, seed: int) -> list[Parts]:
    rng = np.random.default_rng(seed)
    base = values.shape[2]
    return [parts_of(values[:, :, rng.integers(0, base, base)], factors, engine) for _ in range(resamples)]


def _left_out(values: np.ndarray, factors: int, engine: Engine) -> list[Parts]:
    """Parts without each of the replicates in turn; none where these are too few."""
    if len(values) < LEAST_LUCKS:
        return []
    return [parts_of(np.delete(values, number, axis=0), factors, engine) for number in range(len(values))]


def _widest(again: Sequence[Parts]) -> float:
    """Half the width of the widest interval of base points, first or total; NaN where there is none."""
    shares = [_shares(each) for each in again]
    half = [0.5 * np.subtract(*_interval(np.stack([one[name] for one in shares]))[::-1]) for name in ("first", "total")]
    return float(np.nanmax(half)) if np.isfinite(half).any() else math.nan


def _designed(results: xarray.Dataset, over: str, method: str) -> dict[str, Any]:
    """The design, which has to be of this method and alone in moving anything."""
    design = design_of(results, over)
    if design["method"] != method:
        found = f"{over} with the design '{design['method']}'"
        other = "" if design["method"] in TOGETHER else ", or --method binned, for any draws"
        expected = f'design = "{method}" in a study (policymix sweep){other}'
        raise InvalidValue(f"--method {'sobol' if method == 'saltelli' else method}", found, expected)
    if over == "uncertainties" and design["others"] == "drawn":
        expected = 'others = "default" under [uncertainties]: what is drawn anew at every point '
        raise InvalidValue("others", "drawn", expected + "would count as an effect of whatever moved")
    return design


def _blocks(
    results: xarray.Dataset, over: str, block: int, outcomes: Sequence[str], times: Sequence[str],
    mixes: Sequence[str], measure: str,
) -> tuple[np.ndarray, xarray.DataArray]:  # fmt: skip
    """Responses as float64[replicate, output, block, point of it], outputs cells times mixes, and as `samples`."""
    found = samples(results, over, outcomes=outcomes, times=times, mixes=mixes, measure=measure)
    cells, names, count, replicates = found.shape
    return np.moveaxis(found.values, -1, 0).reshape(replicates, cells * names, count // block, block), found


def _positions(results: xarray.Dataset, over: str) -> np.ndarray:
    """Positions [point, factor] of a design."""
    if over == "uncertainties":
        return np.asarray(results["uncertainty_position"].values)
    return np.asarray(results["lever_position"].values)[points_of_levers(results)]


def effects_of(values: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Elementary effects [..., trajectory, factor] of float64[..., trajectory, point] at positions [.., point, factor].

    Each step of a trajectory moves one factor; its effect is the change of y over the change of the position.
    """
    moved = np.diff(unit, axis=1)
    rate = np.divide(1.0, moved, out=np.zeros_like(moved), where=moved != 0.0)
    return np.einsum("...ts,tsf->...tf", np.diff(values, axis=-1), rate)


def _morris_table(
    effects: np.ndarray, shared: bool, resamples: int, seed: int, factors: Sequence[Varied],
    response: xarray.DataArray,
) -> xarray.Dataset:  # fmt: skip
    """Statistics of effects [replicate, output, trajectory, factor]; ``shared``: replicates are lucks of all points."""
    replicates, _, count, _ = effects.shape
    mean = effects.mean(axis=0)
    mu, size, sigma2 = mean.mean(axis=1), np.abs(mean).mean(axis=1), mean.var(axis=1, ddof=1)
    luck = np.full(mu.shape, math.nan)
    if replicates > 1:
        luck = np.sqrt(effects.var(axis=0, ddof=1).mean(axis=1) / replicates)
        sigma2 = (replicates * sigma2 - effects.var(axis=2, ddof=1).mean(axis=0)) / (replicates - 1)
    rng = np.random.default_rng(seed)
    again = np.stack([np.abs(mean[:, rng.integers(0, count, count)]).mean(axis=1) for _ in range(resamples)])
    low, high = _interval(again)
    if shared and replicates > 1:
        without = [np.abs(np.delete(effects, r, axis=0).mean(axis=0)).mean(axis=1) for r in range(replicates)]
        reach = _jackknifed(np.stack(without))
        low, high = size - np.hypot(size - low, reach), size + np.hypot(high - size, reach)
    told = np.isfinite(luck) & (low > HALF_NORMAL * luck)
    columns = {"mu": mu, "mu_star": size, "mu_star_low": low, "mu_star_high": high,
               "sigma": np.sqrt(np.maximum(sigma2, 0.0)), "luck": luck, "told": told}  # fmt: skip
    return _labelled({name: (column, True) for name, column in columns.items()}, factors, response)


def _sobol_table(
    parts: Parts, again: Sequence[Parts], left_out: Sequence[Parts] | None, factors: Sequence[Varied],
    response: xarray.DataArray,
) -> xarray.Dataset:  # fmt: skip
    """Shares with their intervals, wider by what leaving out a luck makes of them where all points share lucks."""
    shares, resampled = _shares(parts), [_shares(each) for each in again]
    without = None if left_out is None else [_shares(each) for each in left_out]
    columns: dict[str, tuple[np.ndarray, bool]] = {}
    for name, share in shares.items():
        low, high = _interval(np.stack([each[name] for each in resampled]))
        if without is not None:
            reach = _jackknifed(np.stack([each[name] for each in without])) if without else math.nan
            low, high = share - np.hypot(share - low, reach), share + np.hypot(high - share, reach)
        by_factor = share.ndim == 2
        columns |= {name: (share, by_factor), f"{name}_low": (low, by_factor), f"{name}_high": (high, by_factor)}
    columns["whole"] = (parts.whole, False)
    return _labelled(columns, factors, response)


def _shares(parts: Parts) -> dict[str, np.ndarray]:
    """First, total, luck and what is left for interactions, over the whole; NaN where nothing varies."""
    whole = np.where(parts.whole > 0.0, parts.whole, math.nan)
    first, luck = parts.first / whole[:, None], parts.luck / whole
    left = 1.0 - np.nan_to_num(luck) - first.sum(axis=1)
    return {"first": first, "total": parts.total / whole[:, None], "luck": luck, "interactions": left}


def _interval(again: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Central interval over the first axis."""
    low, high = np.quantile(again, (0.5 - INTERVAL / 2.0, 0.5 + INTERVAL / 2.0), axis=0)
    return low, high


def _jackknifed(without: np.ndarray) -> np.ndarray:
    """Half the width of an interval by the jackknife of R replicates, of the numbers without each of them [R, ...].

    Miller (1974), doi:10.1093/biomet/61.1.1: t(R - 1) sqrt((R - 1) / R x sum of squares about their mean).
    """
    from scipy.stats import t

    count = len(without)
    square = (count - 1) / count * ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    return np.asarray(t.ppf(0.5 + INTERVAL / 2.0, count - 1) * np.sqrt(square))


def _labelled(
    columns: dict[str, tuple[np.ndarray, bool]], factors: Sequence[Varied], response: xarray.DataArray
) -> xarray.Dataset:
    """Columns [output(, factor)] over factor, mix and cell; the second of a pair says whether it has factors."""
    import xarray

    shape = (response.sizes["cell"], response.sizes["mix"])
    found = {
        name: (("cell", "mix", "factor"), values.reshape(*shape, len(factors))) if by_factor
        else (("cell", "mix"), values.reshape(shape))
        for name, (values, by_factor) in columns.items()
    }  # fmt: skip
    coords = {"mix": response["mix"].values, **labels_of(factors), **cell_coords(response)}
    return xarray.Dataset(found, coords).transpose("factor", "mix", "cell")


def _about(results: xarray.Dataset, response: xarray.DataArray, over: str, method: str) -> dict[str, Any]:
    """Attributes that all measures have."""
    made_of = {key: str(results.attrs.get(key, "")) for key in ("study", "scenario")}
    return {"method": method, "over": over, "interval": INTERVAL, **response.attrs, **made_of}


def _notices(results: xarray.Dataset, factors: Sequence[Varied], replicates: int, over: str) -> list[str]:
    """What a reader has to know of a designed study."""
    said = []
    if replicates == 1:
        other = "draws" if over == "levers" else "replicates"
        said.append(f"one replicate: luck cannot be told from what factors do together; 2 {other} or more can")
    fitted = [factor.name for factor in factors if factor.address in fitted_names(results)]
    if over == "uncertainties" and fitted:
        said.append(f"moved over their priors, one by one, not as the fit has them jointly: {', '.join(fitted)}")
    return said


def _of_lucks(replicates: int, shared: bool) -> list[str]:
    """How far shares are known where all points share their luck."""
    if not shared:
        return []
    if replicates == 1:
        return ["all points share one luck: shares are of what varies under it"]
    none = f": no intervals below {LEAST_LUCKS}" if replicates < LEAST_LUCKS else ""
    return [f"luck, and with it every share, is known from {replicates} lucks that all points share{none}"]


def _found(count: int, what: str, response: xarray.DataArray) -> str:
    failures = response.attrs["failures"]
    return f"{count} whole {what}" + (f": {failures}" if failures else "")


def _power(number: float) -> int:
    """The least power of two that is no less."""
    return 1 << max(0, math.ceil(math.log2(max(1.0, number)) - 1e-9))
