"""From what an observer recorded to the facts' numbers, and from the runs' numbers to pass or miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from policymix.calibrate import facts, growth
from policymix.calibrate.bands import Fact, FactFile, Measure
from policymix.calibrate.untreated import LATER, START, Census, Record, pairs
from policymix.region.schema import Region

WHOLE = "whole"
Key = tuple[str, str, str]
"""A number's fact, measure and time."""
MIXTURE_FIRMS = 20_000
"""Firms, evenly spread over the ranks, that the mixture is fitted to."""


@dataclass(frozen=True)
class Sample:
    """What the figures draw of one run, and sizes to be pooled.

    Attributes
    ----------
    sizes : float64[firms] by time, CNY of value added in a quarter
    growth : float64[firm-years] standardised, of the start
    at_risk, exits : float64[quarters of age] of the start
    large, small : float64[firm-years] I / K of the start
    adopters : float64[quarters] share with equipment of their own
    """

    sizes: dict[str, np.ndarray]
    growth: np.ndarray
    at_risk: np.ndarray
    exits: np.ndarray
    large: np.ndarray
    small: np.ndarray
    adopters: np.ndarray


@dataclass(frozen=True)
class RunFacts:
    """Numbers of one run by (fact, measure, time), and its sample."""

    numbers: dict[Key, float]
    sample: Sample


@dataclass(frozen=True)
class Part:
    """One measure at one time: estimate over the runs, 5-95 % interval, pass or miss."""

    measure: Measure
    when: str
    estimate: float
    low: float
    high: float
    passed: bool


@dataclass(frozen=True)
class Verdict:
    """One fact with its parts; ``deciding`` is the part with the least room in its band."""

    fact: Fact
    parts: list[Part]
    passed: bool
    deciding: Part


def numbers_of(record: Record, region: Region, file: FactFile) -> RunFacts:
    """Every number of every fact of one run.

    Parameters
    ----------
    record : Record
        What an observer recorded of the run.
    region : Region
        For the industries: core, manufacturing, software.
    file : FactFile
        Definitions.
    """
    define = {fact.id: fact.define for fact in file.fact}
    numbers: dict[Key, float] = {}
    for when in (START, LATER):
        censuses = record.censuses[when]
        found = {
            **_sizes(censuses[0 if when == START else -1], region, define["S1"]),
            **_growth(censuses, define),
            **_exits(record, censuses),
            **_ages(censuses[0 if when == START else -1], define["S7"]),
            **_investment(censuses, region, define),
            **_jobs(censuses, record, define["S11"]),
        }
        numbers |= {(fact, measure, when): value for (fact, measure), value in found.items()}
    numbers |= {
        (*key, START): value for key, value in _software(record.censuses[START][0], region, define["S10"]).items()
    }
    bass = facts.bass(record.peers.ravel(), record.without.ravel(), record.adopted.ravel())
    numbers |= {("S12", "innovation", WHOLE): bass.innovation, ("S12", "imitation", WHOLE): bass.imitation}
    return RunFacts(numbers, _sample(record, region, define))


def verdicts(file: FactFile, runs: Sequence[RunFacts]) -> list[Verdict]:
    """Every fact judged over all runs, in the order of the file."""
    numbers = {key: np.array([run.numbers[key] for run in runs]) for key in runs[0].numbers}
    pooled: dict[Key, float] = {}
    for fact in file.fact:
        if fact.judged == "pooled":
            for when in fact.at:
                sizes = np.concatenate([run.sample.sizes[when] for run in runs])
                pooled |= {(fact.id, name, when): value for name, value in _tail(sizes, fact.define).items()}
    return [judge(fact, numbers, pooled) for fact in file.fact]


def judge(fact: Fact, numbers: Mapping[Key, np.ndarray], pooled: Mapping[Key, float]) -> Verdict:
    """A fact passes when at each of its times all its measures do, or one that is an alternative to them.

    Parameters
    ----------
    fact : Fact
        Bands and times.
    numbers : mapping
        Of every key the runs' numbers.
    pooled : mapping
        Of keys that are judged on pooled runs, the pooled number.
    """
    parts, passed, deciding = [], True, []
    for when in fact.at:
        here = [_part(fact, measure, when, numbers, pooled) for measure in fact.measure]
        needed = [part for part in here if not part.measure.alternative]
        instead = [part for part in here if part.measure.alternative and part.passed]
        good = all(part.passed for part in needed)
        passed &= good or bool(instead)
        deciding += needed if good or not instead else instead
        parts += here
    worst = min(deciding, key=lambda part: part.measure.band.room(part.estimate))
    return Verdict(fact, parts, passed, worst)


def _part(
    fact: Fact, measure: Measure, when: str, numbers: Mapping[Key, np.ndarray], pooled: Mapping[Key, float]
) -> Part:
    key = (fact.id, measure.name, when)
    values = numbers[key][np.isfinite(numbers[key])]
    enough = 2 * values.size > numbers[key].size
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95)) if enough else (growth.UNKNOWN,) * 3
    estimate = pooled.get(key, float(middle))
    return Part(measure, when, estimate, float(low), float(high), measure.band.holds(estimate))


def _industries(region: Region, test) -> np.ndarray:
    """bool[industries] that pass a test."""
    return np.array([bool(test(industry)) for industry in region.industry])


def _core_sizes(census: Census, region: Region) -> np.ndarray:
    core = _industries(region, lambda industry: industry.core)
    return census.output[census.alive & core[census.industry] & (census.output > 0.0)]


def _sizes(census: Census, region: Region, define: Mapping[str, float]) -> dict[tuple[str, str], float]:
    return {("S1", name): value for name, value in _tail(_core_sizes(census, region), define).items()}


def _tail(sizes: np.ndarray, define: Mapping[str, float]) -> dict[str, float]:
    ranked = np.sort(sizes)
    mixture = growth.size_mixture(ranked[:: max(1, ranked.size // MIXTURE_FIRMS)])
    return {
        "tail_wide": growth.tail_exponent(sizes, define["wide"]),
        "tail_narrow": growth.tail_exponent(sizes, define["narrow"]),
        "mixture": mixture.exponent if mixture.better > 0.0 else growth.UNKNOWN,
    }


def _survivors(censuses: Sequence[Census]) -> tuple[np.ndarray, np.ndarray]:
    """Log size before and log growth of value added less its mean by industry and year."""
    sizes, rates, cells = [], [], []
    for year, (before, after) in enumerate(pairs(censuses)):
        kept = before.alive & after.alive & (before.output > 0.0) & (after.output > 0.0)
        sizes.append(np.log(before.output[kept]))
        rates.append(np.log(after.output[kept] / before.output[kept]))
        cells.append(after.industry[kept] * len(censuses) + year)
    return np.concatenate(sizes), growth.within(np.concatenate(rates), np.concatenate(cells))


def _growth(censuses: Sequence[Census], define: Mapping[str, Mapping[str, float]]) -> dict[tuple[str, str], float]:
    ln_size, rate = _survivors(censuses)
    tent = growth.standardised(ln_size, rate, int(define["S2"]["classes"]))
    before, after, cell = [], [], []
    for year, (earlier, later) in enumerate(pairs(censuses)):
        kept = earlier.alive & (earlier.output > 0.0)
        age = np.minimum(earlier.age[kept] // 4, define["S4"]["oldest"]).astype(np.int64)
        industry = earlier.industry[kept]
        before.append(earlier.output[kept])
        after.append(np.where(later.alive[kept], later.output[kept], 0.0))
        cell.append((age * 64 + industry) * len(censuses) + year)
    return {
        ("S2", "shape"): growth.subbotin(tent).shape,
        ("S3", "slope"): growth.spread_slope(ln_size, rate, int(define["S3"]["classes"])),
        ("S4", "slope"): growth.growth_on_size(*(np.concatenate(each) for each in (before, after, cell))),
    }


def _life_table(record: Record, censuses: Sequence[Census]) -> tuple[np.ndarray, np.ndarray]:
    """Firm-quarters and exits by age of the years of growth of a window."""
    years = np.isin(record.years, [census.year for census in censuses[1:]])
    return record.at_risk[years].sum(axis=0), record.exits[years].sum(axis=0)


def _exits(record: Record, censuses: Sequence[Census]) -> dict[tuple[str, str], float]:
    at_risk, exits = _life_table(record, censuses)
    years = {"year_1": (1, 1), "year_2": (2, 2), "year_3": (3, 3), "years_4_to_7": (4, 7)}
    hazards = {("S5", name): facts.exit_hazard(at_risk, exits, *span) for name, span in years.items()}
    gone = facts.gone_between(at_risk, exits, 1, 5)
    rate = facts.share_of(float(exits.sum()), 0.25 * float(at_risk.sum()))
    return {**hazards, ("S5", "gone_by_5"): gone, ("S6", "rate"): rate}


def _ages(census: Census, define: Mapping[str, float]) -> dict[tuple[str, str], float]:
    return {("S7", "young"): facts.younger_than(census.age[census.alive], define["young"])}


def _rates(censuses: Sequence[Census], chosen: np.ndarray) -> np.ndarray:
    """float64[years, firms] I / K of firms that are chosen at the first census, while they live."""
    rates = []
    for before, after in pairs(censuses):
        seen = np.zeros(before.alive.size, bool)
        seen[: chosen.size] = chosen
        seen &= before.alive & after.alive & (before.capital > 0.0)
        rate = np.where(seen, after.investment / np.where(seen, before.capital, 1.0), np.nan)
        rates.append(rate[: chosen.size])
    return np.array(rates)


def _large(census: Census, region: Region, staff: float) -> np.ndarray:
    makes = _industries(region, lambda industry: "manufacturing" in industry.fields)
    return census.alive & makes[census.industry] & (census.jobs >= staff)


def _investment(censuses: Sequence[Census], region: Region, define) -> dict[tuple[str, str], float]:
    of_large, of_small = define["S8"], define["S9"]
    large = _rates(censuses, _large(censuses[0], region, of_large["staff"]))
    small = _rates(censuses, censuses[0].alive & (censuses[0].jobs < of_small["staff"]))
    lumps = facts.lumps(large, of_large["inaction"], of_large["spike"])
    return {
        ("S8", "inaction"): lumps.inaction,
        ("S8", "spikes"): lumps.spikes,
        ("S8", "autocorrelation"): lumps.autocorrelation,
        ("S9", "inaction"): facts.lumps(small, of_small["inaction"], of_small["spike"]).inaction,
    }


def _jobs(censuses: Sequence[Census], record: Record, define: Mapping[str, float]) -> dict[tuple[str, str], float]:
    gains, moved, branches = [], 0.0, 0.0
    for before, after in pairs(censuses):
        staff = np.where(after.alive, after.jobs, 0.0)
        gain = staff - np.where(before.alive, before.jobs, 0.0)
        new = after.alive & ~before.alive
        origin = record.origin(after.firm[new])
        moved += float(staff[new][origin == 1].sum())
        branches += float(staff[new][origin == 2].sum())
        gains.append(gain)
    created = float(sum(np.sum(gain[gain > 0.0]) for gain in gains))
    return {
        ("S11", "top_share"): facts.top_growers_share(np.concatenate(gains), define["top"]),
        ("S13", "movers"): facts.share_of(moved, created),
        ("S13", "branches"): facts.share_of(branches, created),
    }


def _software(census: Census, region: Region, define: Mapping[str, float]) -> dict[tuple[str, str], float]:
    software = _industries(region, lambda industry: industry.id == "software")
    kept = census.alive & software[census.industry] & (census.revenue >= define["revenue"])
    revenue = float(census.revenue[kept].sum())
    return {
        ("S10", "revenue_per_head"): facts.share_of(revenue, float(census.jobs[kept].sum())),
        ("S10", "research_share"): facts.share_of(float(census.reported[kept].sum()), revenue),
    }


def _sample(record: Record, region: Region, define: Mapping[str, Mapping[str, float]]) -> Sample:
    censuses = record.censuses[START]
    ln_size, rate = _survivors(censuses)
    at_risk, exits = _life_table(record, censuses)
    large = _rates(censuses, _large(censuses[0], region, define["S8"]["staff"]))
    small = _rates(censuses, censuses[0].alive & (censuses[0].jobs < define["S9"]["staff"]))
    return Sample(
        sizes={
            START: _core_sizes(censuses[0], region),
            LATER: _core_sizes(record.censuses[LATER][-1], region),
        },
        growth=growth.standardised(ln_size, rate, int(define["S2"]["classes"])),
        at_risk=at_risk,
        exits=exits,
        large=large[np.isfinite(large)],
        small=small[np.isfinite(small)],
        adopters=record.adopters,
    )
