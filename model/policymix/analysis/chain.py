"""The back-of-the-envelope chain: what the packages can do, as a product of independent ranges (ECONOMICS (c)).

For both of Dalian's packages over the 4.4 years to the end of 2025. Every number is a range with its reason; luck is
addressed by (seed, name of the number, draw), so that one number more moves no other. It knows no caps by firm, no
stacking, no timing, no moves within the city, no ladder and no rationing: that is what the model is for.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from policymix.experiments.parameters import prior_of, quantile, uniforms

DRAWS = 200_000
SEED = 2021
YEARS = 4.4
"""From the packages' first announcement, July 2021, to the end of 2025."""
COUNTED_YEARS = YEARS - 0.5
"""Years of payments behind the value added of 2025: the mean of its beginning and its end."""
GDP = 975.0
"""GDP of 2025, bn CNY: 2023 at 5.5 % a year."""
OFFERED = 138.3
"""Opportunities that the city opened, bn CNY (dalian-2021)."""
SPLIT = {"grants": 4.0, "attraction": 3.0, "research": 3.0}
"""Dirichlet weights of the money over capital grants, attraction, and R&D with awards."""
PERCENTILES = (5.0, 50.0, 95.0)


@dataclass(frozen=True)
class Link:
    """A number of the chain: uniform (or lognormal) between two values, with its reason."""

    name: str
    low: float
    high: float
    unit: str
    why: str
    law: str = "uniform"


LINKS = (
    Link("support_rate", 0.08, 0.18, "1", "rates of the clauses on projects, below their caps"),
    Link("flow_elasticity", 1.0, 2.0, "1", "investment flow per point of support, four years; A33 1.84, V1 1.1-2.3"),
    Link("marginal_share", 0.3, 0.8, "1", "money that is marginal: the rest is beyond a cap; judgement"),
    Link("value_of_capital", 0.2, 0.6, "1/year", "core value added per yuan of surviving capital; user cost and above"),
    Link("wear", 0.10, 0.17, "1/year", "depreciation of supported capital; B56"),
    Link("city_scale", 12.5, 0.5, "% of present value added", "lambda of the city, median and log sd; A01, A02",
         "lognormal"),
    Link("offer", 1.0, 2.2, "% of present value added", "value of an attraction offer; rent relief is about 1 %"),
    Link("contracts_met", 0.4, 0.8, "1", "attracted activity that comes as agreed; A84, judgement"),
    Link("net_of_displacement", 0.4, 0.8, "1", "what is left after displacement within the city; judgement"),
    Link("from_outside", 0.25, 0.75, "1", "arrivals from outside the city; b2"),
    Link("capital_of_arrivals", 0.5, 2.0, "years", "capital per yuan of yearly value added, software to electronics"),
    Link("real_research", 0.2, 0.9, "1", "real R&D per yuan of R&D support and awards; A51-A53"),
    Link("research_return", 0.15, 0.5, "1/year", "value added per yuan of R&D; A52"),
    Link("realised", 0.15, 0.60, "1", "opportunities realised by 2025; point 16"),
    Link("additional", 0.02, 0.20, "1", "additional part of them; nobody has measured it; point 16"),
    Link("local_content", 0.15, 0.40, "1", "local core content; point 16"),
    Link("value_ratio", 0.30, 0.45, "1", "value added over sales; point 16"),
)  # fmt: skip
ANNUITY = 8.5
"""Years of value added in its present value: 20 years at 10 %."""
PAID_LOW, PAID_HIGH = 0.1, 1.0
"""Range of what both packages pay a year, bn CNY; log-uniform."""
ROWS = {
    "paid": ("paid in all", "bn CNY"),
    "gross": ("gross supported investment", "bn CNY"),
    "additional_grants": ("additional investment from grants", "bn CNY"),
    "attracted": ("investment of attracted firms", "bn CNY"),
    "share_money": ("core share in 2025 from money clauses", "points"),
    "share": ("core share in 2025 with opportunities", "points"),
    "additional_share": ("additional / gross supported investment", "1"),
    "value_per_yuan": ("core value added a year per yuan paid", "1/year"),
}


@functools.cache
def chain(paid: float | None = None, draws: int = DRAWS, seed: int = SEED) -> dict[str, tuple[float, float, float]]:
    """Percentiles 5, 50 and 95 of every row of ``ROWS``.

    grants = w_g P T;  gross = grants / s;  additional = grants x elasticity x marginal share
    attraction = w_a P T x (1 - e^(-x/l)) / x x contracts x net x outside / annuity, a year of value added
    research = w_r P T x real per yuan x return
    share = (surviving additional capital x value + attraction + research) / GDP

    Parameters
    ----------
    paid : float, optional
        P, what both packages pay, bn CNY a year; by default log-uniform from 0.1 to 1.
    draws, seed : int
        Number of draws and root of their luck.

    Returns
    -------
    dict
        Row name -> (5 %, median, 95 %), in the units of ``ROWS``.
    """
    of = {link.name: _numbers(link, draws, seed) for link in LINKS}
    money = _paid(paid, draws, seed)
    split = _split(draws, seed)
    counted = money * COUNTED_YEARS
    surviving = (1.0 - np.exp(-of["wear"] * COUNTED_YEARS)) / (of["wear"] * COUNTED_YEARS)
    per_grant = of["flow_elasticity"] * of["marginal_share"]
    gross, additional = (
        split["grants"] * money * YEARS / of["support_rate"],
        split["grants"] * money * YEARS * per_grant,
    )
    x, scale = of["offer"] / 100.0, of["city_scale"] / 100.0
    kept = of["contracts_met"] * of["net_of_displacement"] * of["from_outside"]
    arrivals = split["attraction"] * counted * (1.0 - np.exp(-x / scale)) / x * kept / ANNUITY
    research = split["research"] * counted * of["real_research"] * of["research_return"]
    value = split["grants"] * counted * per_grant * surviving * of["value_of_capital"] + arrivals + research
    opened = OFFERED * of["realised"] * of["additional"] * of["local_content"] * of["value_ratio"] / YEARS
    rows = {
        "paid": money * YEARS,
        "gross": gross,
        "additional_grants": additional,
        "attracted": arrivals * (YEARS / COUNTED_YEARS) * of["capital_of_arrivals"],
        "share_money": 100.0 * value / GDP,
        "share": 100.0 * (value + opened) / GDP,
        "additional_share": additional / gross,
        "value_per_yuan": value / (money * YEARS),
    }
    return {name: _percentiles(values) for name, values in rows.items()}


def _percentiles(values: np.ndarray) -> tuple[float, float, float]:
    low, middle, high = np.percentile(values, PERCENTILES)
    return float(low), float(middle), float(high)


def _numbers(link: Link, draws: int, seed: int) -> np.ndarray:
    if link.law == "lognormal":
        prior = prior_of(link.name, "lognormal", link.low, median=link.low, sigma=link.high)
    else:
        prior = prior_of(link.name, link.law, 0.5 * (link.low + link.high), low=link.low, high=link.high)
    return quantile(prior, uniforms(seed, f"chain.{link.name}", draws))


def _paid(paid: float | None, draws: int, seed: int) -> np.ndarray:
    """bn CNY a year."""
    if paid is not None:
        return np.full(draws, paid)
    middle = math.sqrt(PAID_LOW * PAID_HIGH)
    prior = prior_of("paid", "loguniform", middle, low=PAID_LOW, high=PAID_HIGH)
    return quantile(prior, uniforms(seed, "chain.paid", draws))


def _split(draws: int, seed: int) -> dict[str, np.ndarray]:
    """Shares of the money: gamma numbers over their sum are Dirichlet."""
    from scipy.special import gammaincinv

    parts: Sequence[np.ndarray] = [
        gammaincinv(weight, uniforms(seed, f"chain.split.{name}", draws)) for name, weight in SPLIT.items()
    ]
    total = np.sum(parts, axis=0)
    return {name: part / total for name, part in zip(SPLIT, parts, strict=True)}
