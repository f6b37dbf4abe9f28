"""Adoption of digital equipment of one's own and of bought digital services: rival margins."""

from __future__ import annotations


def hazard(innovation, imitation, peers, push):
    """Rate of adopting own equipment, (p + q F) (1 + push) (Bass; B34).

    Parameters
    ----------
    innovation, imitation : float
        p and q a year.
    peers : float
        F, share of adopters in the firm's industry last quarter.
    push : float
        Relative rise by support.

    Returns
    -------
    float
        Events a year.
    """
    return (innovation + imitation * peers) * (1.0 + push)


def push_of_support(rate, response):
    """How much a support rate on equipment raises the adoption rate: response times the rate.

    Parameters
    ----------
    rate : float
        Marginal support of the first stretch that survives the claim funnel.
    response : float
        ``adoption_response``, judgement.

    Returns
    -------
    float
        Relative rise.
    """
    return response * rate


def bought_after(bought, ceiling, speed, own, substitution):
    """Share of the service budget bought outside after a quarter; own equipment lowers the share wanted.

    b + speed / 4 (ceiling (1 - substitution x own) - b): rival margins (docs/ECONOMICS.md 16).

    Parameters
    ----------
    bought : float
        Share now.
    ceiling : float
        Share wanted by a firm without equipment of its own (``services_ceiling``).
    speed : float
        Part of the gap closed in a year, to first order.
    own : float
        1 with own equipment, else 0.
    substitution : float
        Part of the wanted share that own equipment replaces.

    Returns
    -------
    float
        Share, 0 to 1.
    """
    return bought + 0.25 * speed * (ceiling * (1.0 - substitution * own) - bought)
