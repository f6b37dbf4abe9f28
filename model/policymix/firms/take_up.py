"""The claim funnel: who knows, who applies, who is approved."""

from __future__ import annotations

from ..elementary import exp, log


def aware_share(years, first, innovation, imitation):
    """Share that knows a package some years after its announcement: F0 at once, the rest by Bass (A42, B34,
    ECONOMICS 11).

    F(t) = F0 + (1 - F0)(1 - e^-(p+q)t) / (1 + (q/p) e^-(p+q)t); 0 before the announcement.
    """
    if years < 0.0:
        return 0.0
    decay = exp(-(innovation + imitation) * years)
    return first + (1.0 - first) * (1.0 - decay) / (1.0 + imitation / innovation * decay)


def application_probability(benefit, hassle, slope):
    """Probability of applying: logit in the log of benefit over hassle, both CNY; 0 for no benefit."""
    something = 1.0 if benefit > 0.0 else 0.0
    return something / (1.0 + exp(-slope * log(max(benefit, 1.0) / hassle)))


def present_share(lag_quarters, discount):
    """Present value of one yuan paid after a lag, discounted at a yearly rate."""
    return exp(-0.25 * lag_quarters * log(1.0 + discount))
