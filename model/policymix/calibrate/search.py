"""The posterior over the fitted numbers: published minus simulated over all that both may err by, searched by emcee."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from policymix.calibrate.emulator import Emulator, mean_of
from policymix.calibrate.moments import Published

ENSEMBLES = 4
BOUNDED = {"at_most": 1.0, "at_least": -1.0}
MOST_RHAT = 1.05
LEAST_EFFECTIVE = 400.0


class Data(NamedTuple):
    """Published figures as a likelihood takes them.

    Attributes
    ----------
    value : float64[moments] on the scale of comparison
    variance : float64[moments] of the tolerance, over the weight
    side : float64[moments] 0 where the figure is to be met, 1 where it is a ceiling, -1 where it is a floor
    """

    value: np.ndarray
    variance: np.ndarray
    side: np.ndarray


class Chains(NamedTuple):
    """Samples of the posterior.

    Attributes
    ----------
    samples : float64[ensembles, steps, walkers, numbers] shares of the priors, burn-in left out
    accepted : share of proposals accepted
    """

    samples: np.ndarray
    accepted: float


def data_of(moments: Sequence[Published]) -> Data:
    """Figures, variances (tolerance^2 / weight) and bounds."""
    return Data(
        np.array([each.compared for each in moments], float),
        np.array([each.tolerance**2 / each.moment.weight for each in moments], float),
        np.array([BOUNDED.get(each.moment.bound, 0.0) for each in moments], float),
    )


def log_likelihood(emulator: Emulator, data: Data) -> Callable[[np.ndarray], np.ndarray]:
    """Logarithmic likelihood of shares of the priors, float64[points, numbers] -> float64[points].

    .. math:: -\\tfrac12 (y - m)' (R + T)^{-1} (y - m) + \\sum_b \\log \\Phi(s_b (y_b - m_b) / \\sigma_b)

    R the covariance of what the emulator leaves over (luck, numbers not fitted, its own error), T the tolerances; the
    sum runs over ceilings (s = 1) and floors (s = -1), each by itself.
    """
    from scipy.linalg import cholesky, solve_triangular
    from scipy.special import log_ndtr

    met, bound = np.flatnonzero(data.side == 0.0), np.flatnonzero(data.side != 0.0)
    total = emulator.covariance[np.ix_(met, met)] + np.diag(data.variance[met])
    root = cholesky(total, lower=True) if len(met) else np.zeros((0, 0))
    inverse = solve_triangular(root, np.eye(len(met)), lower=True) if len(met) else root
    sigma = np.sqrt(np.diag(emulator.covariance)[bound] + data.variance[bound])

    def at(shares: np.ndarray) -> np.ndarray:
        gap = data.value - mean_of(emulator, shares)
        whitened = gap[:, met] @ inverse.T
        return -0.5 * (whitened**2).sum(axis=1) + log_ndtr(data.side[bound] * gap[:, bound] / sigma).sum(axis=1)

    return at


def search(
    likelihood: Callable[[np.ndarray], np.ndarray],
    numbers: int,
    seed: int,
    steps: int,
    ensembles: int = ENSEMBLES,
    progress: Callable[[int, int], None] | None = None,
) -> Chains:
    """Samples of the posterior under the priors, by ensembles of walkers that begin at draws of the priors.

    The walkers move over normal scores z of the prior's shares, u = Phi(z), so that the prior is standard normal
    whatever its law and a uniform prior has no edges. Half of the steps are left out as burn-in.

    Parameters
    ----------
    likelihood : float64[points, numbers] -> float64[points]
    steps : of every walker, burn-in included
    """
    import emcee
    from scipy.special import ndtr

    walkers = 2 * max(numbers + 1, 16)

    def log_posterior(z: np.ndarray) -> np.ndarray:
        return likelihood(ndtr(z)) - 0.5 * (z**2).sum(axis=1)

    chains, accepted = [], []
    for ensemble in range(ensembles):
        luck = np.random.RandomState(np.array([seed % 2**32, ensemble], np.uint32))
        start = emcee.State(luck.standard_normal((walkers, numbers)), random_state=luck.get_state())
        move = emcee.moves.DEMove()  # per second, twice the effective samples of the stretch move
        sampler = emcee.EnsembleSampler(walkers, numbers, log_posterior, vectorize=True, moves=move)
        sampler.run_mcmc(start, steps, skip_initial_state_check=True)
        chains.append(ndtr(sampler.get_chain(discard=steps // 2)))
        accepted.append(float(sampler.acceptance_fraction.mean()))
        if progress is not None:
            progress(ensemble + 1, ensembles)
    return Chains(np.stack(chains), float(np.mean(accepted)))


def split_rhat(samples: np.ndarray) -> np.ndarray:
    """Potential scale reduction of each number, every ensemble cut in halves: float64[numbers].

    .. math:: \\hat R = \\sqrt{(\\tfrac{n-1}{n} W + \\tfrac1n B) / W}

    Gelman et al., Bayesian Data Analysis, 3rd ed., section 11.4. A chain is one half of an ensemble, all its walkers
    together: walkers of one ensemble are not independent of each other.

    Parameters
    ----------
    samples : float64[ensembles, steps, walkers, numbers]
    """
    half = samples.shape[1] // 2
    chains = np.concatenate([samples[:, :half], samples[:, half : 2 * half]])
    chains = chains.reshape(len(chains), chains.shape[1] * chains.shape[2], samples.shape[-1])
    n = chains.shape[1]
    within = chains.var(axis=1, ddof=1).mean(axis=0)
    between = n * chains.mean(axis=1).var(axis=0, ddof=1)
    return np.sqrt(((n - 1) / n * within + between / n) / np.maximum(within, 1e-300))


def effective_size(samples: np.ndarray) -> np.ndarray:
    """Effective number of samples of each number: all samples over emcee's autocorrelation time, ensembles added up."""
    from emcee.autocorr import integrated_time

    total = np.zeros(samples.shape[-1])
    for chain in samples:
        moving = chain.std(axis=(0, 1)) > 0.0
        time = integrated_time(chain[..., moving], tol=0) if moving.any() else np.ones(0)
        total[moving] += chain.shape[0] * chain.shape[1] / np.maximum(time, 1.0)
    return total


def converged(rhat: np.ndarray, effective: np.ndarray) -> bool:
    """Whether every number has an R-hat of at most 1.05 and at least 400 effective samples."""
    return bool((rhat <= MOST_RHAT).all() and (effective >= LEAST_EFFECTIVE).all())


def flattened(samples: np.ndarray) -> np.ndarray:
    """All samples, float64[samples, numbers], in the order of ensembles, steps and walkers."""
    return samples.reshape(int(np.prod(samples.shape[:-1])), samples.shape[-1])


def thinned(samples: np.ndarray, wanted: int) -> np.ndarray:
    """Evenly spaced samples over ensembles, steps and walkers: float64[wanted, numbers]."""
    flat = flattened(samples)
    return flat[np.linspace(0, len(flat) - 1, wanted).astype(np.int64)]
