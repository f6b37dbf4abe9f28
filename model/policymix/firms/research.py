"""Real and reported research and development: two accounts.

Real R&D moves slowly towards a target set by its user cost. Reported R&D also holds what a firm relabels, a share
1 / (1 + eps kappa) of the induced gap (ECONOMICS b3; A51-A53). Knowledge is the stock of real R&D and raises
the demand state.
Logs are relative to the industry's normal intensity, so 0 is the normal firm.
"""

from __future__ import annotations

from ..elementary import exp, log


def ln_cost_ratio(tax, super_deduction, grant, reference):
    """Log of the user cost of R&D against its reference, c = (1 - t (1 + s_t) - g) / (1 - t) (B55).

    At a super-deduction of 100 % the cost is 0.667 at a tax rate of 25 % and 0.824 at 15 %: high-tech status
    makes more R&D
    dearer.
    """
    cost = max(0.05, 1.0 - tax * (1.0 + super_deduction) - grant) / (1.0 - tax)
    return log(cost / reference)


def relabelled_share(elasticity, convexity):
    """Share of an induced rise in reported R&D that is relabelled, 1 / (1 + eps kappa): 0.20-0.45."""
    return 1.0 / (1.0 + elasticity * convexity)


def adjusted(current, target, speed):
    """Slow adjustment: a quarter closes 1 - (1 - speed)^(1/4) of the gap, written as speed / 4."""
    return current + 0.25 * speed * (target - current)


def reported_log(real_log, relabelled):
    """Log of reported R&D when a share of the induced rise is relabelled: real / (1 - share)."""
    return real_log / (1.0 - relabelled)


def knowledge_after(knowledge, real_log, depreciation):
    """Log stock of knowledge after a quarter: dk = d/4 (exp(r - k) - 1), both relative to the normal path (B56)."""
    return knowledge + 0.25 * depreciation * (exp(real_log - knowledge) - 1.0)


def productivity_gain(before, after, reward):
    """Log gain of the demand state from a change of the stock: 0.124 per log point, 9 % per doubling (A52)."""
    return reward * (after - before)
