"""The best size of a project under a schedule of support that is linear in pieces, with caps and notches.

One rule for all schedules: on a stretch with marginal rate s the firm wants the capital at which the marginal profit
equals the user cost net of s; beyond a cap the grant is a lump sum and the rate is zero. For a schedule that only
flattens, the optimum is the largest over its stretches of the smaller of (size wanted at that rate, end of that
stretch). At a notch the firm compares.
"""

from __future__ import annotations

from ..elementary import exp, log


def size_at(capital, ln_wanted, rate, elasticity):
    """Project wanted at a marginal rate s: x = K* (1 - s)^-eta - K (A40, A41).

    Parameters
    ----------
    capital : float
        K, CNY.
    ln_wanted : float
        Log of the capital wanted without support, K*.
    rate : float
        Marginal effective subsidy s, below 1.
    elasticity : float
        eta, user-cost elasticity of capital.

    Returns
    -------
    float
        CNY; negative when the firm has more capital than it wants.
    """
    return exp(ln_wanted - elasticity * log(1.0 - rate)) - capital


def flattening(best, size, end):
    """One step over the stretches of a flattening schedule: max(best so far, min(size wanted there, its end)).

    Begun with the size wanted without support and taken once for every stretch, in any order, it is the exact optimum:
    on stretches before the best one the end is the smaller, on those after it the size wanted, and neither exceeds it.

    Parameters
    ----------
    best, size, end : float
        Best so far, size wanted at the stretch's rate, where the stretch ends, CNY.

    Returns
    -------
    float
        CNY.
    """
    return max(best, min(size, end))


def support(size, rate, end):
    """What one layer of a schedule pays for a project: s min(x, end), nothing for a sale.

    Parameters
    ----------
    size : float
        x, CNY.
    rate : float
        s of the layer; the rate of a stretch is the sum of the layers that have not ended.
    end : float
        CNY of project up to which the layer pays.

    Returns
    -------
    float
        CNY, once.
    """
    return rate * max(0.0, min(size, end))


def loss(size, capital, ln_wanted, wanted, user_cost, elasticity):
    """Yearly profit lost by a project of a given size against the best: c K* u^2 / (2 eta), u = ln((K + x) / K*).

    Second order in u: the profit whose optimum has user-cost elasticity eta.

    Parameters
    ----------
    size, capital, wanted : float
        x, K and K*, CNY.
    ln_wanted : float
        ln K*.
    user_cost : float
        c a year.
    elasticity : float
        eta.

    Returns
    -------
    float
        CNY a year.
    """
    u = log(capital + size) - ln_wanted
    return user_cost * wanted * u * u / (2.0 * elasticity)


def notch(below, above, loss_below, loss_above, support_below, support_above, user_cost):
    """The size chosen when more support opens at a size above the one wanted: the better of the two.

    A grant G once is worth c G a year, like the capital it buys: above if c (G_a - G_b) > loss_a - loss_b.

    Parameters
    ----------
    below, above : float
        Size wanted and the size from which more support opens, CNY.
    loss_below, loss_above : float
        Yearly profit lost at either, CNY a year.
    support_below, support_above : float
        Support at either, CNY once.
    user_cost : float
        c a year.

    Returns
    -------
    float
        CNY.
    """
    gain = user_cost * (support_above - support_below) - (loss_above - loss_below)
    return above if gain > 0.0 and above > below else below
