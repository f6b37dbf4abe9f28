"""Adoption of digital equipment of one's own and of bought digital services: rival margins."""

from __future__ import annotations


def hazard(innovation, imitation, peers, push):
    """Rate a year of adopting own equipment, (p + q F) (1 + push), F the adopters' share among peers (Bass; B34)."""
    return (innovation + imitation * peers) * (1.0 + push)


def push_of_support(rate, response):
    """How much a support rate on equipment raises the adoption rate: response times the rate."""
    return response * rate


def bought_after(bought, ceiling, speed, own, substitution):
    """Share of the service budget bought outside after a quarter; own equipment lowers the share wanted.

    Parameters
    ----------
    bought : float
        Share now.
    ceiling : float
        Share wanted by a firm without equipment of its own.
    own : float
        1 with own equipment, else 0.
    substitution : float
        Part of the wanted share that own equipment replaces.
    """
    return bought + 0.25 * speed * (ceiling * (1.0 - substitution * own) - bought)
