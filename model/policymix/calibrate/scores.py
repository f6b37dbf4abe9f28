"""How good forecasts are: the continuous ranked probability score and the coverage of central intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from policymix.errors import RunFailed

if TYPE_CHECKING:
    from types import ModuleType

LEVELS = (0.5, 0.8, 0.9)
"""Central intervals whose coverage is counted."""


def crps(members: np.ndarray, outturn: float) -> float:
    r"""Continuous ranked probability score of an ensemble, in the unit of the outturn; 0 is perfect.

    .. math:: \frac1n \sum_i |x_i - y| - \frac{1}{2 n^2} \sum_{i,j} |x_i - x_j|

    Parameters
    ----------
    members : float64[n]
    outturn : y

    Raises
    ------
    RunFailed
        The library of the extra ``calibrate`` is not installed.

    References
    ----------
    Gneiting, T., Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation. JASA 102.
    """
    return float(library("scoringrules").crps_ensemble(outturn, np.asarray(members, np.float64)))


def library(name: str) -> ModuleType:
    """A library of the extra ``calibrate``."""
    import importlib

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise RunFailed(f"the back-test needs {name}: pip install 'policymix[calibrate]'") from None


def interval(members: np.ndarray, level: float) -> tuple[float, float]:
    """Central interval that holds a share of the ensemble."""
    low, high = np.quantile(members, (0.5 - 0.5 * level, 0.5 + 0.5 * level))
    return float(low), float(high)


def covers(members: np.ndarray, outturn: float, level: float) -> bool:
    """Whether the central interval holds the outturn."""
    low, high = interval(members, level)
    return low <= outturn <= high


def relative(scores: np.ndarray, rival: np.ndarray) -> float:
    """Mean score over a rival's on the points for which the rival has one; NaN without any."""
    both = np.isfinite(scores) & np.isfinite(rival)
    if not both.any():
        return float("nan")
    mean = float(rival[both].mean())
    return float(scores[both].mean()) / mean if mean > 0.0 else float("inf")
