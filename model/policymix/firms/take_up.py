"""The claim funnel: who knows, who applies, who is approved."""

from __future__ import annotations

from ..elementary import exp, log


def aware_share(years, first, innovation, imitation):
    """Share that knows a package some years after its announcement: F0 at once, the rest by Bass (A42, B34).

    F(t) = F0 + (1 - F0)(1 - e^-(p+q)t) / (1 + (q/p) e^-(p+q)t); 0 before the announcement (docs/ECONOMICS.md 11).

    Parameters
    ----------
    years : float
        t since the announcement.
    first : float
        F0 of the holder's standing: off the ladder, on it, newcomer.
    innovation, imitation : float
        p (outreach included) and q a year.

    Returns
    -------
    float
        Share, 0 to 1; a firm knows when its lasting uniform lies below it.
    """
    if years < 0.0:
        return 0.0
    decay = exp(-(innovation + imitation) * years)
    return first + (1.0 - first) * (1.0 - decay) / (1.0 + imitation / innovation * decay)


def application_probability(benefit, hassle, slope):
    """Probability of applying: logit in the log of benefit over hassle; 0 for no benefit.

    1 / (1 + (hassle / benefit)^slope) (docs/ECONOMICS.md 11).

    Parameters
    ----------
    benefit, hassle : float
        What the claim would pay and what applying costs, CNY (A42, A77).
    slope : float
        ``hassle_slope``.

    Returns
    -------
    float
        Probability.
    """
    something = 1.0 if benefit > 0.0 else 0.0
    return something / (1.0 + exp(-slope * log(max(benefit, 1.0) / hassle)))


def present_share(lag_quarters, discount):
    """Present value of one yuan paid after a lag, (1 + d)^(-lag / 4).

    Parameters
    ----------
    lag_quarters : float
        Quarters from claim to money.
    discount : float
        d a year (``grant_discount``; B53).

    Returns
    -------
    float
        Share of the yuan.
    """
    return exp(-0.25 * lag_quarters * log(1.0 + discount))
