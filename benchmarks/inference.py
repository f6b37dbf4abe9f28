"""Two maintained ways of fitting a simulator, on synthetic truths whose likelihood is known.

An emulator with MCMC (scikit-learn, emcee: what `policymix calibrate` does) against ABC-SMC (pyabc), with the same
number of simulations. The simulator is linear with normal errors and uniform priors, so that the posterior can be
sampled from its exact likelihood. Needs `pip install pyabc` beside policymix[calibrate].

    python benchmarks/inference.py --numbers 6 --moments 10 --simulations 2000 --truths 4
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from pathlib import Path

import numpy as np

from policymix.calibrate.emulator import fit_emulator, standardised
from policymix.calibrate.search import Data, flattened, log_likelihood, search

TOLERANCE = 0.1


def problem(numbers: int, moments: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Slopes [moments, numbers], a quarter of them nought, and errors [moments] of the simulator."""
    luck = np.random.default_rng(seed)
    slopes = luck.normal(size=(moments, numbers)) * (luck.random((moments, numbers)) > 0.25)
    return slopes, luck.uniform(0.3, 1.0, moments)


def exact(slopes: np.ndarray, error: np.ndarray, figures: np.ndarray, seed: int) -> np.ndarray:
    """Samples of the posterior from the likelihood that no simulation is needed for."""
    spread = np.hypot(error, TOLERANCE)

    def likelihood(shares: np.ndarray) -> np.ndarray:
        return -0.5 * (((figures - standardised(shares) @ slopes.T) / spread) ** 2).sum(axis=1)

    return standardised(flattened(search(likelihood, slopes.shape[1], seed, 6000, ensembles=2).samples))


def by_emulator(slopes: np.ndarray, error: np.ndarray, figures: np.ndarray, simulations: int, seed: int) -> np.ndarray:
    """Samples of the posterior, standardised, by a surface over draws of the priors and an ensemble sampler."""
    luck = np.random.default_rng(seed)
    shares = luck.random((simulations, slopes.shape[1]))
    moments = standardised(shares) @ slopes.T + error * luck.standard_normal((simulations, len(error)))
    data = Data(figures, np.full(len(error), TOLERANCE**2), np.zeros(len(error)))
    chains = search(log_likelihood(fit_emulator(shares, moments), data), slopes.shape[1], seed, 2000, ensembles=2)
    return standardised(flattened(chains.samples))


def by_abc(slopes: np.ndarray, error: np.ndarray, figures: np.ndarray, simulations: int, seed: int) -> np.ndarray:
    """Samples of the posterior, standardised, by ABC-SMC with an adaptive distance."""
    import pyabc

    logging.getLogger("ABC").setLevel(logging.ERROR)
    np.random.seed(seed)
    spread = np.hypot(error, TOLERANCE)

    def simulate(numbers: dict[str, float]) -> dict[str, float]:
        z = np.array([numbers[f"z{k}"] for k in range(slopes.shape[1])])
        found = slopes @ z + spread * np.random.standard_normal(len(error))
        return {f"m{k}": value for k, value in enumerate(found)}

    prior = pyabc.Distribution(
        **{f"z{k}": pyabc.RV("uniform", -np.sqrt(3.0), np.sqrt(12.0)) for k in range(slopes.shape[1])}
    )
    fit = pyabc.ABCSMC(
        simulate,
        prior,
        pyabc.AdaptivePNormDistance(p=2),
        population_size=200,
        sampler=pyabc.sampler.SingleCoreSampler(),
    )
    with tempfile.TemporaryDirectory() as folder:
        fit.new(f"sqlite:///{Path(folder) / 'abc.db'}", {f"m{k}": value for k, value in enumerate(figures)})
        history = fit.run(max_total_nr_simulations=simulations)
        frame, weights = history.get_distribution()
        rows = np.random.default_rng(seed).choice(len(frame), 4000, p=weights / weights.sum())
        return frame[[f"z{k}" for k in range(slopes.shape[1])]].to_numpy()[rows]


WAYS = {"emulator + MCMC (scikit-learn, emcee)": by_emulator, "ABC-SMC (pyabc)": by_abc}


def compare(numbers: int, moments: int, simulations: int, truths: int) -> None:
    """Print how far each way is from the exact posterior, and what it costs."""
    print(f"{numbers} numbers, {moments} moments, {simulations} simulations, {truths} truths")
    print(f"{'':40} mean off by (exact sd)   sd over exact   truth in 90 %   seconds")
    for name, way in WAYS.items():
        off, ratio, inside, seconds = [], [], [], 0.0
        for truth in range(truths):
            slopes, error = problem(numbers, moments, truth)
            luck = np.random.default_rng(100 + truth)
            z = standardised(luck.random(numbers))
            figures = slopes @ z + np.hypot(error, TOLERANCE) * luck.standard_normal(moments)
            known = exact(slopes, error, figures, truth)
            mean, sd = known.mean(axis=0), known.std(axis=0)
            began = time.process_time()
            samples = way(slopes, error, figures, simulations, truth)
            seconds += time.process_time() - began
            off.append(np.sqrt((((samples.mean(axis=0) - mean) / sd) ** 2).mean()))
            ratio.append((samples.std(axis=0) / sd).mean())
            low, high = np.quantile(samples, (0.05, 0.95), axis=0)
            inside.append(((low <= z) & (z <= high)).mean())
        row = f"{np.mean(off):22.2f} {np.mean(ratio):15.2f} {np.mean(inside):14.0%} {seconds / truths:9.1f}"
        print(f"{name:40} {row}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("numbers", 6), ("moments", 10), ("simulations", 2000), ("truths", 4)):
        parser.add_argument(f"--{option}", type=int, default=default)
    chosen = parser.parse_args()
    compare(chosen.numbers, chosen.moments, chosen.simulations, chosen.truths)
