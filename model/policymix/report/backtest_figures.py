"""Figures of a back-test: forecasts against outturns with the documents' own plans, and scores against the rivals."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from policymix.calibrate.backtest import METHODS, Backtest, Forecast
from policymix.calibrate.outlook import HORIZON
from policymix.calibrate.rivals import RIVALS
from policymix.calibrate.series import Known
from policymix.report.style import GREY, INK, LIGHT, PALETTE, TARGET, bilingual, drawing, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
PAST = 6
"""Years before the first origin that a panel shows."""
BAND = (10.0, 50.0, 90.0)
NAMES = {"last_value": ("last value", "末值"), "last_growth": ("last growth", "末期增速"), "ar1": ("AR(1)", "AR(1)")}
UNITS = {"100m_yuan": ("100 million CNY", "亿元"), "percent": ("%", "%"), "count": ("firms", "家")}
FARTHEST = 4.0
"""Ratio to a rival at which the axis of the scores ends; what lies beyond stands at the edge with its number."""


def forecasts(result: Backtest) -> Figure:
    """A panel for each series: outturns, every origin's 80 % interval and median, and what documents foresaw."""
    forecast = {each.known.series.id for each in result.forecasts}
    shown = [known for known in result.series if known.series.id in forecast]
    lines = ceil(len(shown) / COLUMNS)
    with drawing():
        figure = new_figure(11.4, 2.7 * lines + 0.9)
        figure.suptitle(
            bilingual(
                f"{result.title[0]}: forecasts from every origin against what came",
                f"{result.title[1]}:各起点预测与实际",
                "\n",
            ),
            x=0.01,
            ha="left",
            weight="bold",
        )
        axes = figure.subplots(lines, COLUMNS, squeeze=False).ravel()
        for axis, known in zip(axes, shown, strict=False):
            _panel(axis, known, [each for each in result.forecasts if each.known.series.id == known.series.id])
        for axis in axes[len(shown) :]:
            axis.set_axis_off()
        _legend(figure)
        return figure


def _panel(axis: Axes, known: Known, made: Sequence[Forecast]) -> None:
    origins = sorted(each.origin for each in made)
    for number, each in enumerate(sorted(made, key=lambda each: each.origin)):
        colour = PALETTE[number % len(PALETTE)]
        low, median, high = np.percentile(each.members, BAND, axis=0)
        years = np.arange(each.origin + 1, each.origin + 1 + HORIZON)
        if known.series.form == "level":
            start = known.figures[each.origin]
            years = np.r_[each.origin, years]
            low, median, high = (np.r_[start, path] for path in (low, median, high))
        when = np.array([_when(known, int(year)) for year in years])
        shade = 0.10 if len(made) > 2 else 0.2
        axis.fill_between(when, low, high, color=colour, alpha=shade, linewidth=0)
        axis.plot(when, median, color=colour, linewidth=1.2)
    first = origins[0] - PAST
    actual = {year: value for year, value in known.figures.items() if year >= first}
    at = [_when(known, year) for year in actual]
    axis.plot(at, list(actual.values()), "o-", color=INK, markersize=3.5, linewidth=0.9, zorder=5)
    plans = {year: value for year, value in known.plans.items() if first <= year <= origins[-1] + HORIZON}
    axis.plot([_when(known, year) for year in plans], list(plans.values()), "D", color=TARGET, markersize=5, zorder=6)
    axis.set_title(bilingual(known.series.title.en, known.series.title.zh, "\n"), fontsize=8.5)
    axis.set_ylabel(bilingual(*UNITS.get(known.unit, (known.unit, ""))), fontsize=7.5)
    axis.locator_params(axis="x", integer=True)
    axis.tick_params(labelsize=7.5)


def _when(known: Known, year: int) -> float:
    """A figure stands at the year whose end it describes; one of an earlier quarter so much before it."""
    return year - (4 - int(known.series.quarter(year)[-1])) / 4.0


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Line2D([], [], color=INK, marker="o", markersize=3.5, linewidth=0.9, label=bilingual("published", "公布值")),
        Line2D([], [], color=PALETTE[0], label=bilingual("median from an origin (a colour each)", "各起点预测中位数")),
        Patch(color=PALETTE[0], alpha=0.2, label=bilingual("80 % interval", "80%区间")),
        Line2D(
            [], [], color=TARGET, marker="D", ls="", markersize=5, label=bilingual("plan of a document", "文件目标")
        ),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)


def scores(rows: Sequence[dict[str, Any]], title: tuple[str, str]) -> Figure:
    """Mean CRPS over each rival's by series; left of the line the model is better.

    Parameters
    ----------
    rows : `tally.rows`
    title : of the city, English and Chinese
    """
    with drawing():
        figure = new_figure(7.4, 0.36 * len(rows) + 1.7)
        figure.suptitle(
            bilingual(
                f"{title[0]}: mean CRPS over that of naive forecasts", f"{title[1]}:平均CRPS与简单预测之比", "\n"
            ),
            x=0.01,
            ha="left",
            weight="bold",
        )
        axis = figure.subplots()
        heights = np.arange(len(rows))[::-1]
        axis.axvspan(0.0, 1.0, color=LIGHT, alpha=0.45, linewidth=0)
        axis.axvline(1.0, color=GREY, linewidth=0.9)
        for number, name in enumerate(RIVALS):
            known = [(row["relative"][name], height) for row, height in zip(rows, heights, strict=True)]
            points = [(min(ratio, FARTHEST), height) for ratio, height in known if ratio is not None]
            if points:
                ratios, at = zip(*points, strict=True)
                label = bilingual(*NAMES[name])
                axis.plot(ratios, at, "o^s"[number], color=PALETTE[number], markersize=5, label=label)
            for ratio, height in known:
                if ratio is not None and ratio > FARTHEST:
                    axis.text(0.97 * FARTHEST, height, f"{ratio:.1f}", ha="right", va="center", fontsize=7)
        labels = [f"{row['title']['en']}  ({row['points']})" for row in rows]
        axis.set_yticks(heights, labels)
        for tick, row in zip(axis.get_yticklabels(), rows, strict=True):
            tick.set_color(INK if row["beats"] else TARGET)
        axis.set_xlim(0.0, FARTHEST * 1.03)
        axis.grid(axis="x", color="#E6E6E6", linewidth=0.7)
        axis.set_xlabel(
            bilingual("model / rival; below 1 the model is better (points in brackets)", "模型/对手,小于1为优")
        )
        axis.legend(loc="upper right", ncols=len(METHODS) - 1)
        axis.set_ylim(-0.6, len(rows) + 0.4)
        return figure
