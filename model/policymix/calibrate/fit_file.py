"""A fit as one labelled Dataset: samples, moments with their predictions, diagnostics, and what it was made from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from policymix.calibrate.diagnostics import Recovery, covered, prior_spread, recovered, screening, uniformity
from policymix.calibrate.emulator import UNMOVED, Emulator, mean_of
from policymix.calibrate.moments import Fitted, Published, conflicts
from policymix.calibrate.search import BOUNDED, Chains, converged, effective_size, split_rhat
from policymix.calibrate.simulated import City
from policymix.experiments import store
from policymix.experiments.posterior import laws_of

if TYPE_CHECKING:
    import xarray

LIBRARIES = ("scikit-learn", "emcee", "h5netcdf")
ENDS = (0.05, 0.10, 0.50, 0.90, 0.95)
SCHEMA_VERSION = 1


class Found(NamedTuple):
    """What a fit has found.

    Attributes
    ----------
    used : positions of the fitted moments among all
    samples, values : float64[samples, numbers] as shares of the priors and in the numbers' units
    predicted : float64[draws, moments] of the model itself at draws of the posterior, on the scale of comparison
    """

    listed: Fitted
    used: list[int]
    emulator: Emulator
    chains: Chains
    samples: np.ndarray
    values: np.ndarray
    regained: Recovery
    predicted: np.ndarray


def dataset(
    city: City,
    moments: Sequence[Published],
    drawn: np.ndarray,
    simulated: np.ndarray,
    found: Found,
    until: int,
    force: bool,
    sources: Mapping[str, str],
) -> xarray.Dataset:
    """The fit as a Dataset.

    Parameters
    ----------
    drawn, simulated : float64[draws, priors] and float64[draws, moments] under the priors
    """
    import xarray

    rhat, effective = split_rhat(found.chains.samples), effective_size(found.chains.samples)
    spread = {prior.name: prior_spread(prior) for prior in city.priors}
    fitted = dict(zip(found.listed.parameters, found.values.T, strict=True))
    ratio = [fitted[name].std() / spread[name] if name in fitted else 1.0 for name in city.names]
    ranks = found.regained.ranks
    variables = {
        "value": (("sample", "parameter"), found.values, "joint samples of the posterior 后验联合样本"),
        "rhat": ("parameter", rhat, "potential scale reduction 潜在尺度缩减因子"),
        "effective_size": ("parameter", effective, "effective samples 有效样本量"),
        "ratio": ("number", np.array(ratio), "posterior over prior spread 后验与先验离差之比"),
        "rank": (("truth", "parameter"), ranks, "samples below the truth, of 99 真值秩次"),
        "recovered": (("truth", "parameter"), found.regained.inside, "truth inside the 90 % interval 真值在90%区间内"),
        "truth_ratio": (("truth", "parameter"), found.regained.ratio, "posterior over prior spread of synthetic fits"),
        "uniformity": ("parameter", uniformity(ranks), "probability of ranks as uneven 秩次均匀性"),
        "screened": (("number", "moment"), _screened(drawn, simulated), "rank correlation over the priors 秩相关"),
        **_of_moments(moments, simulated, found),
    }
    coords = {
        "parameter": list(found.listed.parameters),
        "number": city.names,
        "moment": [each.moment.id for each in moments],
        "end": np.array(ENDS),
    }
    data = xarray.Dataset({name: (dims, value, {"long_name": text}) for name, (dims, value, text) in variables.items()})
    data = data.assign_coords(coords)
    good = converged(rhat, effective)
    data.attrs = {
        "region": city.inputs.region.id,
        "scenario": city.scenario.id,
        "mix": json.dumps(city.scenario.mixes),
        "history": json.dumps(city.scenario.history),
        "until": until,
        "seed": str(city.scenario.seed),
        "simulations": len(simulated),
        "accepted": found.chains.accepted,
        "converged": int(good),
        "forced": int(force and not good),
        "recovery": recovered(found.regained),
        "laws": json.dumps(laws_of(city.priors)),
        "conflicts": json.dumps(conflicts(city.inputs.region.id), ensure_ascii=False),
        "sources": json.dumps(dict(sources)),
        "versions": json.dumps(store.versions() | store.versions_of(*LIBRARIES)),
        "schema_version": str(SCHEMA_VERSION),
    }
    return data


def _screened(drawn: np.ndarray, simulated: np.ndarray) -> np.ndarray:
    """What is not formed in a year correlates with nothing."""
    return screening(drawn, np.nan_to_num(simulated))


def _of_moments(moments: Sequence[Published], simulated: np.ndarray, found: Found) -> dict[str, tuple]:
    """Every moment: figure, tolerance, what the priors and the posterior give, and what the emulator knows of it.

    Intervals of predictions contain the figure's own tolerance: they are of what would be published.
    """
    figure = np.array([each.compared for each in moments])
    tolerance = np.array([each.tolerance for each in moments])
    side = [BOUNDED.get(each.moment.bound, 0.0) for each in moments]
    luck = np.random.Generator(np.random.Philox(len(moments)))
    before, after = (
        np.quantile(sample + luck.standard_normal(sample.shape) * tolerance, ENDS, axis=0).T
        for sample in (simulated, found.predicted)
    )
    explained, gap = np.full(len(moments), np.nan), np.full(len(moments), np.nan)
    explained[found.used] = found.emulator.explained
    surface = mean_of(found.emulator, found.samples).mean(axis=0)
    spread = np.sqrt(np.diag(found.emulator.covariance) + tolerance[found.used] ** 2)
    gap[found.used] = (found.predicted[:, found.used].mean(axis=0) - surface) / spread
    fitted = np.zeros(len(moments), bool)
    fitted[found.used] = True
    miss = (figure - found.predicted.mean(axis=0)) / np.sqrt(found.predicted.var(axis=0) + tolerance**2)
    return {
        "published": ("moment", figure, "published figure, on the scale of comparison 公布值"),
        "log": ("moment", np.array([each.log for each in moments]), "compared in logs 取对数比较"),
        "tolerance": ("moment", tolerance, "standard deviation of figure and scope 容差"),
        "side": ("moment", np.array(side), "0 met, 1 at most, -1 at least"),
        "fitted": ("moment", fitted, "enters the likelihood 参与拟合"),
        "year": ("moment", np.array([each.moment.year for each in moments]), "year of the figure 年份"),
        "prior_prediction": (("moment", "end"), before, "what would be published, under the priors 先验预测"),
        "prediction": (("moment", "end"), after, "what would be published, under the posterior 后验预测"),
        "miss": ("moment", miss, "published less predicted, in standard deviations 偏差(标准差)"),
        "covered": ("moment", covered(figure, after[:, 0], after[:, -1], side), "inside the 90 % interval 在90%区间内"),
        "covered_80": (
            "moment",
            covered(figure, after[:, 1], after[:, -2], side),
            "inside the 80 % interval 在80%区间内",
        ),
        "explained": ("moment", explained, "variance that fitted numbers explain, out of sample 可解释方差"),
        "identifies": ("moment", explained >= UNMOVED, "some fitted number moves it 受拟合参数影响"),
        "emulator_gap": ("moment", gap, "model less emulator at the posterior, in standard deviations 仿真器偏差"),
    }
