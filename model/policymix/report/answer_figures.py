"""One picture for each of the designer's questions, from the same tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from policymix.analysis.headline import INDICATOR_NAMES
from policymix.errors import InvalidValue, RunFailed
from policymix.report.answers import ACTIVITY_NAMES, BY_NAMES, PARTS
from policymix.report.figures import save
from policymix.report.names import clause_name, name_of
from policymix.report.style import (
    GREY,
    INK,
    LIGHT,
    PALETTE,
    across,
    broken,
    difference_unit,
    drawing,
    figure_unit,
    heading,
    margin,
    mix_colours,
    new_figure,
    render,
    said,
    unit_of,
)

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MONEY_UNITS = {  # divisor and name, in English and in Chinese
    "CNY per point": ((1e9, "bn CNY"), (1e8, "亿元")),
    "CNY per job": ((1e6, "million CNY"), (1e4, "万元")),
    "CNY per firm": ((1e6, "million CNY"), (1e4, "万元")),
    "CNY per CNY": ((1.0, "yuan a yuan"), (1.0, "元/元")),
}
SHARES = {
    "shapley": ("Shapley share", "沙普利份额"),
    "first_in": ("first in", "最先加入"),
    "last_in": ("last in", "最后加入"),
}
KINDS = (".png", ".svg")
ROW = 0.34
"""Inches of a row of bars."""


def write_figure(figure: Figure, path: Path) -> Path:
    """A figure as PNG or SVG, by the ending of its name."""
    check_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return save(render(figure, path.suffix.lower()[1:]), path)
    except OSError as error:
        raise RunFailed(f"cannot write {path}: {error.strerror or error}") from None


def check_name(path: Path) -> None:
    """Refuse a name that is neither PNG nor SVG, before any work."""
    if path.suffix.lower() not in KINDS:
        raise InvalidValue("--figure", str(path), "a name that ends in .png or .svg")


def groups(table: xarray.Dataset) -> Figure:
    """Parts by group (``analysis.groups.by_group``): a panel for each mix, a row of bars for each group."""
    with drawing():
        by, activity, unit = table.attrs["by"], table.attrs["activity"], table.attrs["units"]
        mixes = [mix for mix in table["mix"].values.tolist() if mix != table.attrs["baseline"]]
        shown = {"clause": ["allocated", "paid"], "year": ["additional"]}.get(by, ["additional", "displacement"])
        names = [name for name in table["group"].values.tolist() if name != "whole"]
        if by == "clause":
            names = [name for name in names if bool((table["high"].sel(group=name, part="paid") > 0.0).any())]
        figure = new_figure(3.0 + 2.6 * len(mixes), 1.3 + max(3, len(names)) * ROW * 1.15)
        what, zh = (
            ("shared out by present value paid", "按拨付现值分摊") if by == "clause"
            else (f"difference to {table.attrs['baseline']}", "与基准之差")
        )  # fmt: skip
        name = ACTIVITY_NAMES[activity]
        divisor, shown_unit = figure_unit(unit)
        chinese_unit = unit_of(unit, "zh", "" if said("en", "zh") == "zh" else "en")[1]
        title = f"{name[0][:1].upper()}{name[0][1:]} by {BY_NAMES[by][0]}, {unit_of(unit)[1]}"
        title += f", {table.attrs['price_base']} prices: {what}"
        zh = f"{name[1]}(按{BY_NAMES[by][1]},{chinese_unit},{table.attrs['price_base']}年价):{zh}"
        heading(figure, title, zh)
        axes = figure.subplots(1, len(mixes), squeeze=False, sharey=True)[0]
        margin(figure)
        for axis, mix in zip(axes, mixes, strict=True):
            _bars(axis, table.sel(mix=mix), names, shown, divisor)
            axis.set_title(mix)
            axis.set_xlabel(shown_unit)
        named = [said(*clause_name(name)) if by == "clause" else said(*name_of(name)) for name in names]
        axes[0].set_yticks(range(len(names)), [broken(name, 30) for name in named])
        axes[0].set_ylim(len(names) - 0.45, -0.55)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        return figure


def _bars(axis: Axes, one: xarray.Dataset, names: list[str], shown: list[str], divisor: float) -> None:
    """Two bars a group with their intervals; the additional part of gross as words where it is known."""
    height = 0.8 / len(shown)
    for k, (part, colour) in enumerate(zip(shown, PALETTE, strict=False)):
        offset = (k - (len(shown) - 1) / 2.0) * height
        each = one.sel(part=part, group=names) / divisor
        place = [index + offset for index in range(len(names))]
        solid = one["resolved"].sel(part=part, group=names).values
        bars = axis.barh(place, each["mean"].values, height=height * 0.9, color=colour, label=said(*PARTS[part]))
        for bar, known in zip(bars, solid, strict=True):
            bar.set_alpha(1.0 if known else 0.35)
        axis.hlines(place, each["low"].values, each["high"].values, color=INK, linewidth=0.9)
    axis.axvline(0.0, color=GREY, linewidth=0.8)
    across(axis)
    if "additional_share" not in one["part"].values:
        return
    share = one.sel(part="additional_share", group=names)
    left, right = axis.get_xlim()
    right += 0.3 * (right - left)  # room for the words
    axis.set_xlim(left, right)
    for index in range(len(names)):
        if bool(share["resolved"][index]):
            part = f"{100 * float(share['mean'][index]):.0f} %"
            axis.annotate(
                said(f"{part} of gross", f"总额的 {part}"), (right, index), xytext=(-2, 0),
                textcoords="offset points", ha="right", va="center", fontsize=7, color=GREY,
            )  # fmt: skip


def scorecard(table: xarray.Dataset) -> Figure:
    """Probability of every tracked target by mix with its 90 % interval (``analysis.scorecard.scorecard``)."""
    with drawing():
        mixes, baseline = table["mix"].values.tolist(), table.attrs["baseline"]
        names = [name for name in table["target"].values.tolist() if bool(table["tracked"].sel(target=name))]
        names.sort(key=lambda name: float(table["probability"].sel(target=name, mix=mixes[-1])))
        colours = mix_colours(mixes, baseline)
        figure = new_figure(9.4, 1.4 + max(2, len(names)) * 0.52)
        title = "Probability of each target by mix, 90 % interval; hollow: not told apart from " + baseline
        heading(figure, title, "各目标达成概率(90%区间);空心:与基准未分辨")
        axis = figure.subplots()
        step = 0.7 / max(1, len(mixes) - 1)
        for k, mix in enumerate(mixes):
            one = table.sel(mix=mix, target=names)
            place = [index - 0.35 + k * step for index in range(len(names))]
            low, high = 100.0 * one["probability_low"].values, 100.0 * one["probability_high"].values
            axis.hlines(place, low, high, color=colours[mix], linewidth=1.6)
            for at, chance, known in zip(place, one["probability"].values, one["resolved"].values, strict=True):
                face = colours[mix] if known or mix == baseline else "white"
                axis.plot(100.0 * chance, at, "o", color=colours[mix], markerfacecolor=face, markersize=5.5)
            axis.plot([], [], "o-", color=colours[mix], label=mix)
        axis.set_yticks(range(len(names)), [_target_text(table.sel(target=name)) for name in names], fontsize=8)
        axis.set_ylim(len(names) - 0.4, -0.6)
        axis.set_xlim(-2.0, 102.0)
        axis.set_xlabel(said("probability, %", "概率,%"))
        across(axis)
        axis.set_xticks([0, 25, 50, 75, 100])
        figure.legend(loc="outside lower center", ncols=min(5, len(mixes)))
        return figure


def money(table: xarray.Dataset) -> Figure:
    """What a yuan buys (``analysis.treasury.treasury``): ratios of every mix with their intervals."""
    wanted = (
        "cost_per_investment",
        "cost_per_job",
        "cost_per_firm",
        "cost_per_point",
        "leverage",
        "tax_back",
        "benefit_cost",
    )
    with drawing():
        mixes = [mix for mix in table["mix"].values.tolist() if mix != table.attrs["baseline"]]
        colours = mix_colours([table.attrs["baseline"], *mixes], table.attrs["baseline"])
        figure = new_figure(9.4, 2.0 + 2 * max(1.2, ROW * len(mixes)))
        title = f"What the money buys: 90 % intervals; present values at {table.attrs['discount']} a year"
        heading(figure, title, "资金效果(90%区间)")
        axes = figure.subplots(2, 4).flat
        margin(figure)
        for axis, name in zip(axes, wanted, strict=False):
            one = table.sel(measure=name)
            english, chinese = MONEY_UNITS.get(str(one["unit"].values), ((1.0, ""), (1.0, "")))
            divisor, unit = english if said("en", "zh") == "en" else chinese
            for index, mix in enumerate(mixes):
                mean, low, high = (float(one[key].sel(mix=mix)) / divisor for key in ("mean", "low", "high"))
                known = bool(one["resolved"].sel(mix=mix))
                axis.hlines(index, low, high, color=colours[mix], linewidth=2)
                axis.plot(mean, index, "o", color=colours[mix], markerfacecolor=colours[mix] if known else "white")
            axis.set_title(_wrapped(said(str(one["title"].values), str(one["title_zh"].values)), unit), fontsize=8)
            axis.set_yticks(
                range(len(mixes)), mixes if axis.get_subplotspec().is_first_col() else [""] * len(mixes), fontsize=7.5
            )
            axis.set_ylim(len(mixes) - 0.5, -0.5)
            axis.set_xlim(left=min(0.0, axis.get_xlim()[0]))
            across(axis)
        for axis in figure.axes[len(wanted) :]:
            axis.set_axis_off()
        return figure


def attribution(table: xarray.Dataset) -> Figure:
    """Shapley share of every part with its 90 % interval of the mean, and its shares as first and last one in."""
    with drawing():
        order = table["mean"].sel(share="shapley").to_series().sort_values(ascending=False).index.tolist()
        figure = new_figure(8.4, 1.5 + max(3, len(order)) * 0.27)
        divisor, unit = figure_unit(table.attrs["units"], difference=True)
        runs, mix = table.attrs["runs"], table.attrs["mix"]
        title = f"{mix}: what each part adds to {table.attrs['title']}, {difference_unit(table.attrs['units'])[1]}"
        title += f"; {runs} runs, lines: 90 % Monte Carlo intervals"
        chinese_unit = difference_unit(table.attrs["units"], "zh", "" if said("en", "zh") == "zh" else "en")[1]
        chinese = f"{mix}:各部分对{table.attrs['title_zh']}的贡献({chinese_unit});{runs} 次运行,线为 90% 蒙特卡洛区间"
        heading(figure, title, chinese)
        axis = figure.subplots()
        margin(figure)
        one = table.sel(share="shapley", player=order)
        mean, error = one["mean"].values / divisor, 1.645 * one["standard_error"].values / divisor
        bars = axis.barh(
            range(len(order)), mean, color=PALETTE[0], height=0.62, label=said("Shapley share", "沙普利份额")
        )
        for bar, known in zip(bars, one["resolved"].values, strict=True):
            bar.set_alpha(1.0 if known else 0.35)
        axis.hlines(range(len(order)), mean - error, mean + error, color=INK, linewidth=0.9)
        for share, mark, colour in (("first_in", ">", PALETTE[1]), ("last_in", "<", PALETTE[2])):
            each = table["mean"].sel(share=share, player=order).values / divisor
            axis.plot(
                each,
                range(len(order)),
                mark,
                color=colour,
                markersize=4.5,
                label=said(*SHARES[share]),
                linestyle="",
            )
        axis.axvline(0.0, color=GREY, linewidth=0.8)
        axis.set_yticks(range(len(order)), [broken(said(*clause_name(str(name))), 36) for name in order], fontsize=7.5)
        axis.set_xlabel(unit)
        axis.set_ylim(len(order) - 0.4, -0.6)
        across(axis)
        figure.legend(loc="outside lower center", ncols=3)
        return figure


def effort(table: xarray.Dataset, mix: str) -> Figure:
    """Draws that every row's interval needs (``analysis.effort.effort``), beside those of the pilot."""
    import numpy as np

    with drawing():
        one = table.sel(mix=mix)
        needed = one["draws_needed"].sel(replicates=1)
        names = [name for name in one["row"].values.tolist() if np.isfinite(float(needed.sel(row=name)))]
        figure = new_figure(8.2, 1.6 + max(3, len(names)) * 0.27)
        title = f"{mix}: draws of one replicate that the 90 % intervals wanted need"
        heading(figure, title, "各结果达到目标区间所需的抽样数")
        axis = figure.subplots()
        margin(figure)
        draws = needed.sel(row=names).values
        axis.hlines(range(len(names)), 1.0, draws, color=LIGHT, linewidth=2.4)
        axis.plot(draws, range(len(names)), "o", color=PALETTE[0], markersize=6)
        for index, count in enumerate(draws):
            axis.annotate(f"{count:,.0f}", (count, index), xytext=(6, 0), textcoords="offset points", va="center",
                          fontsize=7.5)  # fmt: skip
        axis.axvline(
            float(table.attrs["draws"]),
            color=GREY,
            linestyle=":",
            linewidth=1.4,
            label=said("draws of the pilot", "试算抽样数"),
        )
        axis.set_xscale("log")
        axis.set_xlim(1.0, max(100.0, 4.0 * draws.max()) if len(draws) else 100.0)
        axis.xaxis.set_major_formatter("{x:,g}")
        axis.grid(axis="y", visible=False)
        axis.grid(axis="x", visible=True)
        axis.set_yticks(range(len(names)), names, fontsize=8)
        axis.set_ylim(len(names) - 0.4, -0.6)
        axis.set_xlabel(said("draws", "抽样数"))
        figure.legend(loc="outside lower center")
        return figure


def _wrapped(title: str, unit: str) -> str:
    """A title over two lines, its unit behind it."""
    return broken(title.split(",")[0].split(",")[0] + (f" ({unit})" if unit else ""), 30)


def _target_text(one: xarray.Dataset) -> str:
    """What a target asks for, in two lines: its name, and its id with the line to reach."""
    zh = said("en", "zh") == "zh"
    title, line = (str(one[f"{key}_zh" if zh else key].values) for key in ("title", "line"))
    english, chinese = INDICATOR_NAMES.get(str(one["indicator"].values), (str(one["indicator"].values),) * 2)
    return f"{title or (chinese if zh else english)}\n{line} · {one['target'].values}"
