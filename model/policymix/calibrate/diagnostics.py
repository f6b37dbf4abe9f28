"""What a fit can and cannot do: screening, recovery of known truths, ranks, identifiability, coverage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from policymix.calibrate.emulator import Emulator
from policymix.calibrate.search import Data, flattened, log_likelihood, search, thinned
from policymix.experiments.parameters import Prior, quantile

RANKED = 99
"""Posterior samples that a truth is ranked among: 100 possible ranks."""
IDENTIFIED = 0.8
"""A number is called identified where the posterior's spread is below this part of the prior's."""


class Recovery(NamedTuple):
    """Fits to synthetic figures whose truth is known.

    Attributes
    ----------
    ranks : int64[truths, numbers] samples of the posterior below the truth, 0..RANKED
    inside : bool[truths, numbers] whether the 90 % interval holds the truth
    ratio : float64[truths, numbers] spread of the posterior over the prior's, in shares of the prior
    """

    ranks: np.ndarray
    inside: np.ndarray
    ratio: np.ndarray


def screening(values: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of every number with every moment over draws of the priors: [numbers, moments].

    Parameters
    ----------
    values : float64[draws, numbers]
    moments : float64[draws, moments]; what does not vary correlates with nothing
    """
    x, y = _ranks(values), _ranks(moments)
    return x.T @ y / len(values)


def _ranks(columns: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    ranks = rankdata(columns, axis=0)
    ranks -= ranks.mean(axis=0)
    spread = ranks.std(axis=0)
    return ranks / np.where(spread > 0.0, spread, 1.0)


def recovery(
    emulator: Emulator,
    data: Data,
    truths: np.ndarray,
    simulated: np.ndarray,
    seed: int,
    steps: int,
    progress: Callable[[int, int], None] | None = None,
) -> Recovery:
    """Fit to figures that the model itself made at known numbers, and see where the truths lie.

    A synthetic figure is a simulation that the emulator has not seen plus an error of the moment's tolerance. Ceilings
    and floors are left out: they are not drawn from the model. If the fit is right, ranks of truths drawn from the
    priors are uniform (Talts et al., Validating Bayesian inference algorithms with simulation-based calibration, 2018).

    Parameters
    ----------
    truths : float64[truths, numbers] shares of the priors
    simulated : float64[truths, moments] on the scale of comparison
    """
    met = np.flatnonzero(data.side == 0.0)
    part = emulator._replace(
        weights=emulator.weights[:, met],
        covariance=emulator.covariance[np.ix_(met, met)],
        explained=emulator.explained[met],
    )
    count, numbers = truths.shape
    noise = np.random.Generator(np.random.Philox(seed)).standard_normal((count, len(met)))
    figures = simulated[:, met] + noise * np.sqrt(data.variance[met])
    ranks, inside = np.zeros((count, numbers), np.int64), np.zeros((count, numbers), bool)
    ratio = np.ones((count, numbers))

    for truth in range(count if numbers else 0):
        own = Data(figures[truth], data.variance[met], np.zeros(len(met)))
        chains = search(log_likelihood(part, own), numbers, seed + 1 + truth, steps, ensembles=1)
        flat = flattened(chains.samples)
        ranks[truth] = (thinned(chains.samples, RANKED) < truths[truth]).sum(axis=0)
        low, high = np.quantile(flat, (0.05, 0.95), axis=0)
        inside[truth] = (low <= truths[truth]) & (truths[truth] <= high)
        ratio[truth] = np.sqrt(12.0) * flat.std(axis=0)
        if progress is not None:
            progress(truth + 1, count)
    return Recovery(ranks, inside, ratio)


def recovered(found: Recovery) -> float:
    """Share of truths inside their 90 % intervals over the identified numbers; NaN if there are none.

    Identified are numbers whose posterior's spread is on average below `IDENTIFIED` of the prior's.
    """
    identified = found.ratio.mean(axis=0) < IDENTIFIED
    return float(found.inside[:, identified].mean()) if identified.any() else float("nan")


def uniformity(ranks: np.ndarray, bins: int = 10) -> np.ndarray:
    """Probability, for each number, of ranks at least as uneven as these if all were alike (chi-squared): [numbers]."""
    from scipy.stats import chisquare

    counts = (
        np.stack([np.bincount(column * bins // (RANKED + 1), minlength=bins) for column in ranks.T])
        if (ranks.size)
        else np.zeros((ranks.shape[1], bins))
    )
    return np.array([chisquare(row).pvalue if row.sum() else np.nan for row in counts])


def prior_spread(prior: Prior) -> float:
    """Standard deviation of a prior."""
    return float(np.std(quantile(prior, (np.arange(4096) + 0.5) / 4096)))


def covered(figures: np.ndarray, low: np.ndarray, high: np.ndarray, side: Sequence[float]) -> np.ndarray:
    """Whether an interval holds each figure; a ceiling, where its lower end is below; a floor likewise."""
    sides = np.asarray(side)
    held = (low <= figures) & (figures <= high)
    return np.where(sides > 0.0, low <= figures, np.where(sides < 0.0, figures <= high, held))
