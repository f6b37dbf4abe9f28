"""Potential entrants: their size, and whether one only registers on paper."""

from __future__ import annotations

from ..elementary import log


def ln_initial_size(ln_typical, deviation, z, tail, u, largest):
    """Log of an entrant's demand state: ln S_e + d z + Exp(mean h), at most ``largest``.

    The heavy tail enters with the entrants (spin-offs, subsidiaries): it is inherited, not explained (ECONOMICS b1).

    Parameters
    ----------
    ln_typical : float
        ln S_e, S_e in CNY a year.
    deviation, z : float
        d, and a standard normal number.
    tail, u : float
        h (0.85-1.0), and a uniform number.
    largest : float
        Log of the largest demand state that is not a record.
    """
    return min(largest, ln_typical + deviation * z - tail * log(u))


def registers_on_paper(reward, cost):
    """1 if the reward for a registration, CNY, beats the cost of one without staff."""
    return 1.0 if reward > cost else 0.0
