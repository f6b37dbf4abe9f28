"""What the model gives for each moment as a sparse quadratic surface over the fitted numbers, with what it leaves over.

The surface is estimated on draws of the priors. Luck and every number that is not fitted are in its residuals, whose
covariance between moments is part of the likelihood: two counts of one list err together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FOLDS = 5
UNMOVED = 0.05
"""Share of a moment's variance over the priors, out of sample, below which no fitted number is said to move it."""


class Emulator(NamedTuple):
    """Mean of the moments over the fitted numbers, and the covariance of what it leaves over.

    Attributes
    ----------
    first, second : int64[terms] factors of each term among (1, numbers)
    weights : float64[terms, moments]
    covariance : float64[moments, moments] of residuals out of sample
    explained : float64[moments] share of variance explained out of sample
    """

    first: np.ndarray
    second: np.ndarray
    weights: np.ndarray
    covariance: np.ndarray
    explained: np.ndarray


def standardised(shares: np.ndarray) -> np.ndarray:
    """Shares of the priors (0..1) with mean 0 and variance 1 over the priors: sqrt(12) (u - 1/2)."""
    return np.sqrt(12.0) * (shares - 0.5)


def mean_of(emulator: Emulator, shares: np.ndarray) -> np.ndarray:
    """Mean of the moments, float64[points, moments], at shares of the priors, float64[points, numbers].

    .. math:: m_k(x) = \\sum_t w_{tk} x_{a(t)} x_{b(t)}, \\qquad x_0 = 1
    """
    x = np.column_stack([np.ones(len(shares)), standardised(shares)])
    return (x[:, emulator.first] * x[:, emulator.second]) @ emulator.weights


def fit_emulator(shares: np.ndarray, moments: np.ndarray) -> Emulator:
    """The surface by the lasso over all terms up to degree 2, its penalty by cross-validation.

    Parameters
    ----------
    shares : float64[draws, numbers] shares of the priors below the drawn numbers
    moments : float64[draws, moments] on the scale of comparison

    Notes
    -----
    scikit-learn's ``LassoCV`` chooses the penalty of each moment, and ``cross_val_predict`` gives residuals of draws
    that the surface has not seen, so that their covariance contains the surface's own error.
    """
    draws, numbers = shares.shape
    pairs = [(a, b) for a in range(numbers + 1) for b in range(max(a, 1), numbers + 1)]
    first, second = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    x = np.column_stack([np.ones(draws), standardised(shares)])
    terms = x[:, first] * x[:, second]
    centre, scale = terms.mean(axis=0), terms.std(axis=0)
    terms = (terms - centre) / np.where(scale > 0.0, scale, 1.0)
    weights = np.zeros((1 + len(pairs), moments.shape[1]))
    residuals = np.empty_like(moments)
    for m in range(moments.shape[1]):
        slopes, residuals[:, m] = _one_surface(terms, moments[:, m])
        weights[1:, m] = slopes / np.where(scale > 0.0, scale, 1.0)
        weights[0, m] = moments[:, m].mean() - weights[1:, m] @ centre
    used = np.flatnonzero((weights != 0.0).any(axis=1))
    first, second = np.r_[0, first][used], np.r_[0, second][used]
    spread = moments.var(axis=0)
    explained = np.where(spread > 1e-18, 1.0 - (residuals**2).mean(axis=0) / np.maximum(spread, 1e-300), 0.0)
    covariance = residuals.T @ residuals / draws
    return Emulator(first, second, weights[used], covariance, np.maximum(explained, 0.0))


def _one_surface(terms: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of one moment over standardised terms, and its residuals out of sample."""
    from sklearn.linear_model import Lasso, LassoCV
    from sklearn.model_selection import cross_val_predict

    spread = y.std()
    if spread < 1e-9 or not terms.shape[1]:
        return np.zeros(terms.shape[1]), y - y.mean()
    z = (y - y.mean()) / spread
    chosen = LassoCV(alphas=30, eps=1e-2, cv=FOLDS, max_iter=20_000).fit(terms, z)
    unseen = cross_val_predict(Lasso(alpha=chosen.alpha_, max_iter=20_000), terms, z, cv=FOLDS)
    return spread * chosen.coef_, spread * (z - unseen)
