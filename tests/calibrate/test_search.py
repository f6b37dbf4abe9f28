"""The search on truths that are known in closed form: a linear model with normal errors."""

import numpy as np
import pytest
from scipy.special import ndtri

from policymix.calibrate.diagnostics import RANKED, covered, recovered, recovery, screening, uniformity
from policymix.calibrate.emulator import fit_emulator, mean_of
from policymix.calibrate.search import (
    Data,
    converged,
    effective_size,
    flattened,
    log_likelihood,
    search,
    split_rhat,
    thinned,
)

SLOPES = np.array([[1.0, 0.5], [0.0, 1.0], [1.0, -1.0], [0.3, 0.3]])  # [moments, numbers] over standardised shares
NOISE = np.array([0.2, 0.3, 0.4, 0.5])
MET = np.zeros(4)


def simulated(shares, seed):
    luck = np.random.default_rng(seed).standard_normal((len(shares), 4))
    return np.sqrt(12.0) * (shares - 0.5) @ SLOPES.T + NOISE * luck


@pytest.fixture(scope="module")
def emulator():
    shares = np.random.default_rng(1).random((600, 2))
    return fit_emulator(shares, simulated(shares, 2))


def test_the_linear_normal_posterior_is_recovered():
    a, sigma, y = np.array([[1.0, 0.4], [0.2, 1.0], [0.5, -0.5]]), np.array([0.3, 0.5, 0.4]), np.array([0.6, -0.4, 0.5])
    precision = a.T @ np.diag(sigma**-2) @ a + np.eye(2)
    mean = np.linalg.solve(precision, a.T @ (y / sigma**2))

    def likelihood(shares):
        return -0.5 * (((y - ndtri(shares) @ a.T) / sigma) ** 2).sum(axis=1)

    chains = search(likelihood, 2, seed=3, steps=700, ensembles=2)
    z = ndtri(flattened(chains.samples))
    assert converged(split_rhat(chains.samples), effective_size(chains.samples))
    assert z.mean(axis=0) == pytest.approx(mean, abs=0.05)
    assert np.cov(z.T) == pytest.approx(np.linalg.inv(precision), abs=0.03)


def test_without_figures_the_posterior_is_the_prior():
    chains = search(lambda shares: np.zeros(len(shares)), 1, seed=4, steps=500)
    shares = np.sort(flattened(chains.samples)[:, 0])
    assert np.abs(shares - np.linspace(0.0, 1.0, len(shares))).max() < 0.03


def test_the_same_seed_gives_the_same_samples(emulator):
    data = Data(np.array([0.5, 0.1, 0.2, 0.0]), NOISE**2, MET)
    first, again, other = (search(log_likelihood(emulator, data), 2, seed, steps=40).samples for seed in (5, 5, 6))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_the_emulator_finds_slopes_and_what_is_left_over(emulator):
    ends = mean_of(emulator, np.array([[1.0, 0.5], [0.0, 0.5], [0.5, 1.0], [0.5, 0.0]]))
    slopes = np.stack([ends[0] - ends[1], ends[2] - ends[3]], axis=1) / np.sqrt(12.0)
    assert slopes == pytest.approx(SLOPES, abs=0.06)
    assert np.sqrt(np.diag(emulator.covariance)) == pytest.approx(NOISE, rel=0.1)
    assert emulator.explained[0] > 0.95


def test_what_nothing_moves_is_explained_by_nothing():
    shares = np.random.default_rng(1).random((100, 2))
    found = fit_emulator(shares, np.full((100, 1), 3.0))
    assert found.explained[0] == 0.0 and mean_of(found, shares) == pytest.approx(3.0)


def test_errors_that_go_together_count_once():
    luck = np.random.default_rng(7)
    shares = luck.random((500, 1))
    common = luck.standard_normal((500, 1))
    twice = fit_emulator(shares, np.sqrt(12.0) * (shares - 0.5) + 0.5 * np.hstack([common, common]))
    spread = [
        flattened(search(log_likelihood(e, Data(np.zeros(m), np.full(m, 1e-6), np.zeros(m))), 1, 1, 150).samples).std()
        for e, m in ((twice, 2), (twice._replace(weights=twice.weights[:, :1], covariance=twice.covariance[:1, :1]), 1))
    ]
    assert spread[0] == pytest.approx(spread[1], rel=0.1)


def test_a_ceiling_cuts_and_a_floor_cuts_the_other_way():
    shares = np.random.default_rng(1).random((300, 1))
    luck = 0.1 * np.random.default_rng(2).standard_normal((300, 1))
    line = fit_emulator(shares, np.sqrt(12.0) * (shares - 0.5) + luck)
    mean = {
        side: flattened(
            search(log_likelihood(line, Data(np.zeros(1), np.full(1, 0.01), np.array([side]))), 1, 1, 100).samples
        ).mean()
        for side in (1.0, -1.0)
    }
    assert mean[1.0] < 0.35 and mean[-1.0] > 0.65


@pytest.mark.slow
def test_ranks_of_known_truths_are_uniform_and_their_intervals_hold(emulator):
    truths = np.random.default_rng(8).random((40, 2))
    data = Data(np.zeros(4), np.full(4, 0.05**2), MET)
    found = recovery(emulator, data, truths, simulated(truths, 9), seed=10, steps=120)
    assert found.ranks.min() >= 0 and found.ranks.max() <= RANKED
    assert (uniformity(found.ranks, bins=5) > 0.005).all()
    assert 0.8 <= recovered(found) <= 1.0
    assert found.ratio.max() < 0.6


def test_ranks_that_pile_up_are_not_called_uniform():
    assert uniformity(np.full((40, 1), 3))[0] < 1e-6


def test_chains_that_have_not_met_are_not_converged():
    apart = np.random.default_rng(1).random((4, 200, 8, 1)) + np.arange(4).reshape(4, 1, 1, 1)
    assert split_rhat(apart)[0] > 1.5 and not converged(split_rhat(apart), np.full(1, 1e4))
    assert not converged(np.ones(1), np.full(1, 10.0))


def test_screening_finds_what_moves_what():
    shares = np.random.default_rng(3).random((400, 3))
    found = screening(shares, np.column_stack([np.exp(shares[:, 1]), np.ones(400)]))
    assert found[1, 0] == pytest.approx(1.0) and abs(found[0, 0]) < 0.15
    assert (found[:, 1] == 0.0).all()


def test_coverage_knows_ceilings_and_floors():
    low, high = np.array([1.0, 1.0, 1.0]), np.array([2.0, 2.0, 2.0])
    assert covered(np.array([1.5, 3.0, 0.5]), low, high, [0, 0, 0]).tolist() == [True, False, False]
    assert covered(np.array([3.0, 0.5, 0.5]), low, high, [1.0, 1.0, -1.0]).tolist() == [True, False, True]


def test_nothing_to_fit_gives_samples_of_nothing():
    assert thinned(np.empty((4, 10, 1, 0)), 7).shape == (7, 0)
