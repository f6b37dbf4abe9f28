"""Real and reported research and development: two accounts.

Real R&D moves slowly towards a target set by its user cost. Reported R&D also holds what a firm relabels, a share 1 /
(1 + eps kappa) of the induced rise (docs/ECONOMICS.md b3; A51-A53). Knowledge is the stock of real R&D and raises the
demand state. Logs are relative to the industry's normal intensity, so 0 is the normal firm.
"""

from __future__ import annotations

from ..elementary import exp, log


def ln_cost_ratio(tax, super_deduction, grant, reference):
    """Log of the user cost of R&D against its reference, c = (1 - t (1 + s_t) - g) / (1 - t) (point 9; B55).

    At a super-deduction of 100 % the cost is 0.667 at a tax rate of 25 % and 0.824 at 15 %: high-tech status makes more
    R&D dearer.

    Parameters
    ----------
    tax : float
        t, the firm's rate of income tax.
    super_deduction : float
        s_t, extra deduction: 0.75 before 2023, 1.0 after.
    grant : float
        g, marginal local support of reported R&D that survives the claim funnel.
    reference : float
        User cost that counts as 1.

    Returns
    -------
    float
        Log; the numerator is at least 0.05.
    """
    cost = max(0.05, 1.0 - tax * (1.0 + super_deduction) - grant) / (1.0 - tax)
    return log(cost / reference)


def relabelled_share(elasticity, convexity):
    """Share of an induced rise in reported R&D that is relabelled, 1 / (1 + eps kappa): 0.20-0.45 (A51, A53).

    The cheapest split of a gap G = e + d minimises e^2 / (2 eps) + kappa d^2 / 2 (docs/ECONOMICS.md b3).

    Parameters
    ----------
    elasticity : float
        eps, user-cost elasticity of real R&D.
    convexity : float
        kappa, convexity of the cost of relabelling.

    Returns
    -------
    float
        Share, 0 to 1.
    """
    return 1.0 / (1.0 + elasticity * convexity)


def adjusted(current, target, speed):
    """Slow adjustment: a quarter closes a quarter of the yearly speed's share of the gap (A54; docs/ECONOMICS.md 19).

    Parameters
    ----------
    current, target : float
        Logs of real R&D against the normal intensity.
    speed : float
        Part of the gap closed in a year, to first order (``research_speed``).

    Returns
    -------
    float
        Log of real R&D after the quarter.
    """
    return current + 0.25 * speed * (target - current)


def reported_log(real_log, relabelled):
    """Log of reported R&D when a share of the induced rise is relabelled: real / (1 - share).

    Parameters
    ----------
    real_log : float
        Log of real R&D against the normal intensity.
    relabelled : float
        Share of the induced rise, below 1.

    Returns
    -------
    float
        Log of reported R&D against the normal intensity.
    """
    return real_log / (1.0 - relabelled)


def knowledge_after(knowledge, real_log, depreciation):
    """Log stock of knowledge after a quarter: dk = d/4 (exp(r - k) - 1), both relative to the normal path (B56).

    Parameters
    ----------
    knowledge, real_log : float
        k and r, logs of the stock and of real R&D against normal.
    depreciation : float
        d a year (``research_depreciation``).

    Returns
    -------
    float
        Log of the stock against normal.
    """
    return knowledge + 0.25 * depreciation * (exp(real_log - knowledge) - 1.0)


def productivity_gain(before, after, reward):
    """Log gain of the demand state from a change of the stock: 0.124 per log point, 9 % per doubling (A52).

    Parameters
    ----------
    before, after : float
        Logs of the stock.
    reward : float
        ``research_reward``.

    Returns
    -------
    float
        Log points of S.
    """
    return reward * (after - before)
