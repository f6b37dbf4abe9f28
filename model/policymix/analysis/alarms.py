"""Results that cannot be right, or only with a reason: the plausibility table, checked after every run.

An alarm is a reason to look at the model, never a value to tune it to. The expected ranges come from a
back-of-the-envelope chain of elasticities for Dalian's two packages to the end of 2025; differences are paired with the
baseline, median of runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policymix.analysis.additionality import parts
from policymix.analysis.differences import against_baseline
from policymix.analysis.money import capital_grant_clauses, cost_per_job, paid_total
from policymix.analysis.selection import baseline_of, level, packages_of, series, years_of
from policymix.analysis.targets import above

if TYPE_CHECKING:
    import xarray

PACKAGES = ("dalian-2021", "htz-2022")
ZONE_PACKAGE = ("htz-2022",)
YEAR = 2025
INFINITE = math.inf
UNITS_ZH = {
    "points": (1.0, "个百分点"),
    "bn CNY": (10.0, "亿元"),
    "million CNY": (100.0, "万元"),
    "yuan": (1.0, "元"),
    "firms": (1.0, "家"),
}
"""Factor and name of a band's unit in Chinese."""


@dataclass(frozen=True)
class Band:
    """One row of the table: expected range, range outside which to warn, range outside which it is certainly wrong."""

    outcome: str
    title: str
    title_zh: str
    unit: str
    expected: tuple[float, float]
    warn: tuple[float, float]
    error: tuple[float, float]
    measure: Callable[[xarray.Dataset, str], float | None]
    packages: tuple[str, ...] = PACKAGES


@dataclass(frozen=True)
class Alarm:
    """A measured value outside its band, for people and for ``--json``."""

    outcome: str
    value: float
    expected: tuple[float, float]
    level: str
    mix: str
    title: str
    title_zh: str
    unit: str

    def __str__(self) -> str:
        low, high = self.expected
        word = "certainly wrong" if self.level == "error" else "unusual"
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.title} ({self.mix}): {self.value:.3g}{unit}, expected {low:g} to {high:g}{unit}: {word}"

    @property
    def zh(self) -> str:
        """The sentence in Chinese, amounts of money in its units."""
        factor, unit = UNITS_ZH.get(self.unit, (1.0, self.unit))
        low, high = (factor * value for value in self.expected)
        word = "必有错误" if self.level == "error" else "异常"
        return f"{self.title_zh}({self.mix}):{factor * self.value:.3g}{unit},预期 {low:g} 至 {high:g}{unit}:{word}"


def check(results: xarray.Dataset, known: list[tuple[Band, str, float]] | None = None) -> list[Alarm]:
    """All alarms of a run, errors first. Rows whose mix or year the run does not contain are passed over.

    ``known`` is what ``measured`` gives, where it is there already.
    """
    found = []
    for band, mix, value in measured(results) if known is None else known:
        low, high = band.error
        level_ = "error" if not low <= value <= high else "warn" if not band.warn[0] <= value <= band.warn[1] else ""
        if band.outcome == "core_share" and value < 0.0:
            level_ = "warn" if _adoption_rises(results, mix) else "error"
        if level_:
            found.append(Alarm(band.outcome, value, band.expected, level_, mix, band.title, band.title_zh, band.unit))
    return sorted(found, key=lambda alarm: alarm.level != "error")


def measured(results: xarray.Dataset) -> list[tuple[Band, str, float]]:
    """Every band that the run can be held against, with the mix and the value, ringing or not."""
    answer = []
    for band in BANDS:
        mix = mix_with(results, band.packages, exactly=band.packages == ZONE_PACKAGE)
        if mix is None or YEAR not in years_of(results):
            continue
        value = band.measure(results, mix)
        if value is not None and math.isfinite(value):
            answer.append((band, mix, value))
    return answer


def unchecked(results: xarray.Dataset, known: list[tuple[Band, str, float]] | None = None) -> list[tuple[str, str]]:
    """Titles, English and Chinese, of the bands that this run could not be held against."""
    done = {band.outcome for band, _, _ in (measured(results) if known is None else known)}
    return [(band.title, band.title_zh) for band in BANDS if band.outcome not in done]


def mix_with(results: xarray.Dataset, packages: tuple[str, ...], *, exactly: bool = False) -> str | None:
    """The smallest mix that holds all these packages (or holds exactly these); None if there is none."""
    wanted = set(packages)
    mixes = packages_of(results)
    fitting = [name for name, held in mixes.items() if (set(held) == wanted if exactly else wanted <= set(held))]
    fitting = [name for name in fitting if name != baseline_of(results)]
    return min(fitting, key=lambda name: len(mixes[name])) if fitting else None


def _median_rise(results: xarray.Dataset, values: xarray.DataArray, mix: str) -> float:
    """Median over runs of the paired difference of one mix."""
    return float(against_baseline(values, baseline_of(results)).sel(mix=mix).median())


def _share_points(results: xarray.Dataset, mix: str) -> float:
    """Core share in 2025, percentage points."""
    return 100.0 * _median_rise(results, series(results, "core_share").sel(year=YEAR, drop=True), mix)


def _paid_a_year(results: xarray.Dataset, mix: str) -> float:
    """Billion CNY paid a year, over the years in which the mix pays anything."""
    paid = paid_total(results).sel(mix=mix)
    by_quarter = results["paid"].sel(mix=mix).sum(["clause", "payer"]).mean(["draw", "replicate"])
    paying = int((by_quarter.cumsum("quarter") > 0.0).sum())
    return float(paid.median()) / 1e9 / max(paying / 4.0, 0.25)


def _additional_share(results: xarray.Dataset, mix: str) -> float | None:
    """Additional / gross supported investment."""
    found = parts(results, "investment").sel(mix=mix)
    ratio = found["additional"] / found["gross"].where(found["gross"] > 0.0)
    return float(ratio.median()) if bool(ratio.notnull().any()) else None


def _additional_per_grant(results: xarray.Dataset, mix: str) -> float | None:
    """Additional investment per yuan of capital grant; None where the run does not name the clauses of projects."""
    clauses = capital_grant_clauses(results)
    if not clauses:
        return None
    granted = float(paid_total(results, clauses=clauses).sel(mix=mix).mean())
    return float(parts(results, "investment")["additional"].sel(mix=mix).mean()) / granted if granted > 0.0 else None


def _zone_firms(results: xarray.Dataset, mix: str) -> float:
    """Active firms in the zone."""
    return _median_rise(results, level(results, "active_firms", place="zone"), mix)


def _city_per_zone(results: xarray.Dataset, mix: str) -> float | None:
    """Active firms gained by the city for one gained by the zone (ratio of means); None unless the zone gains any."""
    runs, baseline = ["draw", "replicate"], baseline_of(results)
    gains = {
        place: float(against_baseline(level(results, "active_firms", place=place), baseline).sel(mix=mix).mean(runs))
        for place in ("city", "zone")
    }
    return gains["city"] / gains["zone"] if gains["zone"] >= 1.0 else None


def _step(step: str) -> Callable[[xarray.Dataset, str], float]:
    """Measure of one step of the ladder: ever recognised in the zone, mean (a median of small counts is mostly 0)."""

    def rise(results: xarray.Dataset, mix: str) -> float:
        counts = level(results, "recognised", place="zone", step=step)
        return float(against_baseline(counts, baseline_of(results)).sel(mix=mix).mean())

    return rise


def _ten_percent(results: xarray.Dataset, mix: str) -> float:
    """Rise in the smoothed probability that the core share reaches 10 % in 2025, points."""
    share = series(results, "core_share").sel(year=YEAR, drop=True)
    luck = results["core_share_luck"].sel(year=YEAR, drop=True)
    chance = above(share - luck, 0.10, results["core_share_granular_sd"].sel(year=YEAR, drop=True))
    return 100.0 * float(against_baseline(chance, baseline_of(results)).sel(mix=mix).mean())


def _job_cost(results: xarray.Dataset, mix: str) -> float | None:
    """Million CNY paid per job more in the last quarter; None where the jobs are not told apart from none."""
    cost = cost_per_job(results).sel(mix=mix)
    return float(cost["mean"]) / 1e6 if bool(cost["resolved"]) else None


def _adoption_rises(results: xarray.Dataset, mix: str) -> bool:
    """True where the mix raises adoption: adopters add to GDP outside the core, which lowers the core share."""
    return "adopters" in results and _median_rise(results, level(results, "adopters"), mix) > 0.0


BANDS = (
    Band("core_share", "core share in 2025", "2025年核心产业占比", "points", (0.02, 0.10), (0.005, 0.30),
         (-INFINITE, 0.5), _share_points),
    Band("paid", "paid by both packages a year", "两套政策年均兑付", "bn CNY", (0.15, 0.6), (0.05, 1.0),
         (-INFINITE, 1.5), _paid_a_year),
    Band("additional_share", "additional / gross supported investment", "新增占所涉投资", "", (0.06, 0.20),
         (0.03, 0.40), (-INFINITE, 0.6), _additional_share),
    Band("additional_per_grant", "additional investment per yuan of capital grant", "每元投资补助的新增投资", "yuan",
         (0.4, 1.3), (0.2, 2.0), (-INFINITE, 3.0), _additional_per_grant),
    Band("zone_firms", "active firms in the zone", "高新区经营企业", "firms", (50, 130), (0, 300),
         (-INFINITE, 600), _zone_firms),
    Band("city_per_zone", "active firms gained, city / zone", "全市与高新区企业增量之比", "", (0.2, 0.5), (0.1, 0.7),
         (-INFINITE, 1.0), _city_per_zone),
    Band("gazelles", "gazelles in the zone", "高新区瞪羚企业", "firms", (0, 4), (-INFINITE, 10),
         (-INFINITE, 20), _step("gazelle")),
    Band("unicorns", "unicorn-type firms in the zone", "高新区独角兽类企业", "firms", (0, 0.5), (-INFINITE, 1.5),
         (-INFINITE, 3), _step("unicorn")),
    Band("ten_percent", "probability of a 10 % core share", "核心产业占比达10%的概率", "points", (1, 3), (0, 8),
         (-INFINITE, 15), _ten_percent),
    Band("job_cost", "cost per additional job", "每个新增岗位成本", "million CNY", (1, 3.5), (0.3, 8),
         (0.1, INFINITE), _job_cost),
    Band("core_share_zone_package", "core share in 2025, zone package alone", "2025年核心产业占比(仅高新区政策)",
         "points", (0.005, 0.05), (-INFINITE, 0.10), (-INFINITE, 0.2), _share_points, ZONE_PACKAGE),
)  # fmt: skip
