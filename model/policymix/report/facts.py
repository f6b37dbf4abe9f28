"""Figures of the untreated population that a referee asks for: tail, tent, hazard, lumps, adoption."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from policymix.calibrate import facts, growth
from policymix.calibrate.bands import Fact, FactFile
from policymix.calibrate.verdicts import RunFacts, Verdict
from policymix.report.figures import save
from policymix.report.style import GREY, INK, LIGHT, PALETTE, TARGET, bilingual, drawing, new_figure, number, render

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 400
"""Points of a drawn distribution: the largest ones all, the others thinned evenly in ranks' logs."""
SMALLEST_DRAWN = 0.02
"""Quantile of sizes at which the axis of the tail begins."""
OLDEST = 15
"""Years of age that the hazard is drawn for."""


def write_figures(folder: Path, runs: Sequence[RunFacts], verdicts: Sequence[Verdict], file: FactFile) -> list[Path]:
    """All figures as PNG and SVG; returns the files written."""
    by_id = {verdict.fact.id: verdict for verdict in verdicts}
    written = []
    for name, figure in (
        ("size-tail", size_tail(runs, by_id["S1"].fact, file.later)),
        ("growth-tent", growth_tent(runs)),
        ("hazard-by-age", hazard_by_age(runs, by_id["S5"].fact)),
        ("investment", investment(runs, by_id["S8"].fact, by_id["S9"].fact)),
        ("adoption", adoption(runs, by_id["S12"])),
    ):
        for kind in ("png", "svg"):
            written.append(save(render(figure, kind), folder / f"{name}.{kind}"))
    return written


def size_tail(runs: Sequence[RunFacts], fact: Fact, later: int) -> Figure:
    """Share of core firms above a size, on log scales, with the line fitted to the largest firms."""
    with drawing():
        figure = _headed(
            8.6, 4.2, "Firm size, upper tail (core industries, all runs)", "企业规模上尾(核心产业,全部模拟)"
        )
        axes = figure.subplots(1, 2, sharey=True)
        titles = (("at the start", "起点"), (f"after {later} further years", f"再过{later}年"))
        for axis, when, (english, chinese) in zip(axes, ("start", "later"), titles, strict=True):
            sizes = np.sort(np.concatenate([run.sample.sizes[when] for run in runs]))[::-1] * 4.0 / 1e6
            above = np.arange(1, sizes.size + 1) / sizes.size
            drawn = np.unique(np.geomspace(1, sizes.size, POINTS).astype(int)) - 1
            axis.loglog(sizes[drawn], above[drawn], ".", color=PALETTE[0], markersize=3.5, label="firms")
            for top, colour in ((fact.define["wide"], PALETTE[1]), (fact.define["narrow"], PALETTE[2])):
                _tail_line(axis, sizes, top, colour)
            axis.set_xlim(left=float(np.quantile(sizes, SMALLEST_DRAWN)))
            axis.set_title(bilingual(english, chinese))
            axis.set_xlabel(bilingual("value added, million CNY a year", "增加值,百万元/年"))
            axis.legend(loc="lower left")
        axes[0].set_ylabel(bilingual("share of firms above", "大于该规模的企业比例"))
        return figure


def _tail_line(axis, sizes: np.ndarray, top: float, colour: str) -> None:
    """The fitted power law over the tail that it was fitted to."""
    exponent = growth.tail_exponent(sizes, top)
    if math.isnan(exponent):
        return
    tail = sizes[: int(top * sizes.size)]
    ranks = np.log((np.arange(1, tail.size + 1) - 0.5) / sizes.size)
    level = ranks.mean() + exponent * np.log(tail).mean()
    ends = tail[[0, -1]]
    label = f"largest {100 * top:g} %: exponent {number(exponent, 2)}"
    axis.loglog(ends, np.exp(level - exponent * np.log(ends)), color=colour, linewidth=1.6, label=label)


def growth_tent(runs: Sequence[RunFacts]) -> Figure:
    """Log density of standardised growth with the fitted Subbotin law, Laplace and normal."""
    with drawing():
        figure = _headed(6.4, 4.2, "Growth of value added, calendar years", "增加值年增长率分布")
        axis = figure.subplots()
        rates = np.concatenate([run.sample.growth for run in runs])
        fitted = growth.subbotin(rates)
        if math.isnan(fitted.shape):
            return _said(figure, axis)
        edges = np.linspace(-6.0, 6.0, 121)
        middle = 0.5 * (edges[1:] + edges[:-1])
        density = np.histogram(rates, edges)[0] / (rates.size * (edges[1] - edges[0]))
        seen = density > 0.0
        axis.semilogy(middle[seen], density[seen], ".", color=PALETTE[0], markersize=4, label="firm-years")
        axis.semilogy(
            middle, _subbotin(middle, *fitted), color=PALETTE[1], label=f"Subbotin, b = {number(fitted.shape, 2)}"
        )
        laplace = _subbotin(middle, 1.0, float(np.mean(np.abs(rates - fitted.middle))), fitted.middle)
        axis.semilogy(middle, laplace, color=INK, linestyle="--", linewidth=1.0, label="Laplace, b = 1")
        normal = np.exp(-0.5 * middle**2) / math.sqrt(2.0 * math.pi)
        axis.semilogy(middle, normal, color=GREY, linestyle=":", linewidth=1.0, label="normal, b = 2")
        axis.set_ylim(0.5 * density[seen].min(), 2.0 * density.max())
        axis.set_xlabel(bilingual("growth in standard deviations of the size class", "增长率(规模组标准差)"))
        axis.set_ylabel(bilingual("density", "密度"))
        axis.legend(loc="upper right")
        return figure


def _subbotin(x: np.ndarray, shape: float, scale: float, middle: float) -> np.ndarray:
    return shape / (2.0 * scale * math.gamma(1.0 / shape)) * np.exp(-(np.abs((x - middle) / scale) ** shape))


def hazard_by_age(runs: Sequence[RunFacts], fact: Fact) -> Figure:
    """Share of firms leaving by year of age: median and 5-95 % of runs, with the bands."""
    with drawing():
        figure = _headed(6.4, 3.9, "Exit hazard by age, % a year", "按年龄的退出率(%/年)")
        axis = figure.subplots()
        ages = np.arange(1, OLDEST + 1)
        tables = [(run.sample.at_risk, run.sample.exits) for run in runs]
        hazards = np.array([[facts.exit_hazard(*table, age, age) for age in ages.tolist()] for table in tables])
        known = np.isfinite(hazards).sum(axis=0) > len(runs) / 2
        low, median, high = 100.0 * np.nanquantile(hazards[:, known], (0.05, 0.5, 0.95), axis=0)
        spans = {"year_1": (1, 1), "year_2": (2, 2), "year_3": (3, 3), "years_4_to_7": (4, 7)}
        bands = {measure.name: measure.band for measure in fact.measure}
        for number_of, (name, (first, last)) in enumerate(spans.items()):
            band = bands[name]
            axis.fill_between(
                (first - 0.4, last + 0.4), 100.0 * (band.min or 0.0), 100.0 * (band.max or 1.0), color=LIGHT,
                linewidth=0, label="band" if number_of == 0 else None,
            )  # fmt: skip
        axis.vlines(ages[known], low, high, color=PALETTE[0], linewidth=2.0, label="5–95 % of runs")
        axis.plot(ages[known], median, "o", color=PALETTE[0], markersize=5, label="median of runs")
        axis.set_xticks(ages)
        axis.set_ylim(bottom=0.0)
        axis.set_xlabel(bilingual("year of age", "企业年龄(第几年)"))
        axis.legend(loc="lower right")
        return figure


def investment(runs: Sequence[RunFacts], large: Fact, small: Fact) -> Figure:
    """Histogram of yearly I / K of large units and of small firms."""
    with drawing():
        figure = _headed(8.6, 3.9, "Investment over capital, firm-years", "年投资率分布")
        axes = figure.subplots(1, 2, sharey=True)
        edges = np.linspace(-0.505, 1.005, 152)
        spike = large.define["spike"]
        groups = (
            (f"large: manufacturing, {large.define['staff']:g} staff and more", "大型制造业单位", "large"),
            (f"small: under {small.define['staff']:g} staff", "小企业", "small"),
        )
        for axis, (english, chinese, name), colour in zip(axes, groups, PALETTE, strict=False):
            rates = np.concatenate([getattr(run.sample, name) for run in runs])
            share = np.histogram(np.clip(rates, edges[0], edges[-1]), edges)[0] / max(1, rates.size)
            axis.bar(edges[:-1], 100.0 * share, width=edges[1] - edges[0], align="edge", color=colour)
            axis.axvline(spike, color=TARGET, linestyle=":", linewidth=1.2)
            lumps = facts.lumps(rates[None, :], large.define["inaction"], spike)
            text = f"{number(100 * lumps.inaction, 1)} % inactive\n{number(100 * lumps.spikes, 1)} % above {spike:g}"
            axis.text(0.97, 0.95, text, transform=axis.transAxes, ha="right", va="top", fontsize=8.5, color=INK)
            axis.set_title(bilingual(english, chinese))
            axis.set_xlabel(bilingual("I/K of the year (ends hold what lies beyond)", "年投资率"))
        axes[0].set_ylabel(bilingual("% of firm-years", "占比(%)"))
        return figure


def adoption(runs: Sequence[RunFacts], verdict: Verdict) -> Figure:
    """Share of firms with digital equipment, and the Bass curve of a closed group with the fitted coefficients."""
    with drawing():
        figure = _headed(6.4, 3.9, "Digital equipment of their own, untreated", "数字设备自然采纳曲线")
        axis = figure.subplots()
        share = np.array([run.sample.adopters for run in runs])
        years = 0.25 * (np.arange(share.shape[1]) + 1.0)
        low, median, high = np.quantile(share, (0.05, 0.5, 0.95), axis=0)
        axis.fill_between(
            years, 100 * low, 100 * high, color=PALETTE[0], alpha=0.2, linewidth=0, label="5–95 % of runs"
        )
        axis.plot(years, 100 * median, color=PALETTE[0], label="all firms, median (newcomers start without)")
        estimates = {part.measure.name: part.estimate for part in verdict.parts}
        p, q = estimates["innovation"], estimates["imitation"]
        if not math.isnan(p + q):
            curve = facts.bass_curve(years - years[0], float(median[0]), p, q)
            label = f"Bass, no newcomers: p = {number(p, 3)}, q = {number(q, 2)}"
            axis.plot(years, 100 * curve, color=PALETTE[1], linestyle="--", label=label)
        axis.set_ylim(0, 100)
        axis.set_xlabel(bilingual("years since the start", "起点后年数"))
        axis.set_ylabel(bilingual("% of firms", "企业比例(%)"))
        axis.legend(loc="lower right")
        return figure


def _headed(width: float, height: float, english: str, chinese: str) -> Figure:
    figure = new_figure(width, height)
    figure.suptitle(bilingual(english, chinese, "\n"), x=0.01, ha="left", weight="bold")
    return figure


def _said(figure: Figure, axis) -> Figure:
    """An empty figure that says so."""
    axis.set_axis_off()
    axis.text(0.5, 0.5, bilingual("not identified", "无法识别"), ha="center", transform=axis.transAxes)
    return figure
