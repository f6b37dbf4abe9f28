"""Potential entrants: their size, and whether one only registers on paper."""

from __future__ import annotations

from ..elementary import log


def ln_initial_size(ln_typical, deviation, z, tail, u, largest):
    """Log of an entrant's demand state: ln S_e + d z + Exp(mean h), at most ``largest`` (B01, B03, B62).

    The heavy tail enters with the entrants (spin-offs, subsidiaries): it is inherited, not explained (docs/ECONOMICS.md
    b1).

    Parameters
    ----------
    ln_typical : float
        ln S_e, S_e in CNY a year.
    deviation, z : float
        d (``entrant_deviation``), and a standard normal number.
    tail, u : float
        h (``entrant_tail``, 0.85-1.0), and a uniform number.
    largest : float
        Log of the largest demand state that is not a record.

    Returns
    -------
    float
        Log of CNY a year.
    """
    return min(largest, ln_typical + deviation * z - tail * log(u))


def registers_on_paper(reward, cost):
    """Whether the reward for a registration beats the cost of one without staff (A84; judgement).

    Parameters
    ----------
    reward, cost : float
        Expected award and ``paper_cost``, CNY.

    Returns
    -------
    float
        1 or 0.
    """
    return 1.0 if reward > cost else 0.0
