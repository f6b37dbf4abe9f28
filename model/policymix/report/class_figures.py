"""Pictures of classes of firms and of clauses: maps to gains and losses, and what clauses are allocated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policymix.report.answers import ACTIVITY_NAMES
from policymix.report.names import clause_name, shown
from policymix.report.style import (
    GREY,
    INK,
    PALETTE,
    across,
    broken,
    drawing,
    figure_unit,
    heading,
    margin,
    new_figure,
    number,
    said,
    unit_of,
)

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

ROW = 0.34
"""Inches of a row of bars."""
COLOURS = "PuOr_r"
"""From purple for losses over white to orange for gains: told apart without red and green, and in grey by its ends."""
A_FIRM = {"CNY": {"en": (1e3, "thousand CNY"), "zh": (1e4, "万元")}}
KINDS = {"place": ("place and industry", "地区与行业"), "size": ("size and rung", "规模与梯队")}


def classes(table: xarray.Dataset) -> Figure:
    """A map from classes of firms to gains and losses (``analysis.firm_classes.by_class``): a panel for each mix.

    Colours and their scale are the same in all panels; a number in brackets is not told apart from 0.
    """
    with drawing():
        baseline, by = table.attrs["baseline"], table.attrs["by"]
        mixes = [name for name in table["mix"].values.tolist() if name != baseline]
        kept = table["mean"].sel(mix=mixes).dropna("row", how="all").dropna("column", how="all")
        rows, columns = kept["column"].values.tolist(), kept["row"].values.tolist()
        divisor, unit = _unit(table)
        figure = new_figure(2.6 + len(mixes) * max(2.2, 0.72 * len(columns)), 1.6 + 0.42 * max(3, len(rows)))
        name, per = ACTIVITY_NAMES[table.attrs["activity"]], table.attrs["per_firm"]
        head = f"Net change of {name[0]} by {KINDS[by][0]}, {unit}{' a firm' if per else ''}, "
        head += f"{table.attrs['price_base']} prices, against {baseline}; in brackets: not resolved"
        zh = f"{name[1]}净变化(按{KINDS[by][1]},{'每家企业,' if per else ''}{unit},{table.attrs['price_base']}年价),"
        zh += f"与{baseline}相比;括号:未分辨"
        heading(figure, head, _unit_in(zh, table))
        axes = figure.subplots(1, len(mixes), squeeze=False, sharey=True)[0]
        margin(figure)
        values = table.sel(row=columns, column=rows) / divisor
        values["resolved"] = table["resolved"].sel(row=columns, column=rows)
        scale = _scale(float(abs(values["mean"].sel(mix=mixes)).max()))
        for axis, mix in zip(axes, mixes, strict=True):
            one = values.sel(mix=mix).transpose("column", "row", ...)
            picture = axis.imshow(one["mean"].values, cmap=COLOURS, norm=scale, aspect="auto")
            _write(axis, one, scale)
            axis.set_title(mix)
            names = [broken(shown(each), 17) for each in columns]
            axis.set_xticks(range(len(columns)), names, fontsize=7.5)
            if max(len(line) for each in names for line in each.split("\n")) * len(columns) > 34:
                axis.tick_params(axis="x", labelrotation=90)
            axis.grid(visible=False)
        axes[0].set_yticks(range(len(rows)), [broken(shown(each), 26) for each in rows], fontsize=7.5)
        bar = figure.colorbar(picture, ax=list(axes), shrink=0.9, pad=0.02)
        bar.set_label(f"{unit}{said(' a firm', '/家') if per else ''}")
        bar.ax.yaxis.set_major_formatter("{x:,g}")
        return figure


def allocated(table: xarray.Dataset, mix: str) -> Figure:
    """Additional activity allocated to clauses by what they paid (``analysis.groups.by_group`` by clause), one mix.

    Clauses without a share are left out. It is a key of allocation, no cause: see `answer_figures.attribution`.
    """
    with drawing():
        one = table.sel(mix=mix, part="allocated")
        names = [name for name in table["group"].values.tolist() if name != "whole"]
        names = [name for name in names if float(one["mean"].sel(group=name)) != 0.0]
        names.sort(key=lambda name: -float(one["mean"].sel(group=name)))
        divisor, unit = figure_unit(table.attrs["units"])
        figure = new_figure(8.2, 1.5 + max(3, len(names)) * 0.3)
        name, base = ACTIVITY_NAMES[table.attrs["activity"]], table.attrs["price_base"]
        english = (
            f"{mix}: additional {name[0]} ALLOCATED to clauses by what they paid, {unit_of(table.attrs['units'])[1]}"
        )
        english += f", {base} prices, 90 % intervals; not a cause"
        chinese = f"{mix}:按拨付分摊到条款的新增{name[1]}({unit},{base}年价,90%区间);不代表因果"
        heading(figure, english, _unit_in(chinese, table))
        axis = figure.subplots()
        margin(figure)
        shares = one.sel(group=names)
        bars = axis.barh(range(len(names)), shares["mean"].values / divisor, color=PALETTE[5], height=0.62)
        for bar, known in zip(bars, shares["resolved"].values, strict=True):
            bar.set_alpha(1.0 if known else 0.35)
        low, high = (shares[end].values / divisor for end in ("low", "high"))
        axis.hlines(range(len(names)), low, high, color=INK, linewidth=0.9)
        axis.axvline(0.0, color=GREY, linewidth=0.8)
        axis.set_yticks(range(len(names)), [broken(said(*clause_name(each)), 36) for each in names], fontsize=7.5)
        axis.set_ylim(len(names) - 0.4, -0.6)
        axis.set_xlabel(said(f"additional {name[0]}, {unit}", f"新增{name[1]},{unit}"))
        across(axis)
        return figure


def _unit(table: xarray.Dataset) -> tuple[float, str]:
    """Divisor and name of the unit of a map: small ones for what a single firm gets."""
    lang, unit = said("en", "zh"), table.attrs["units"]
    if table.attrs["per_firm"] and unit in A_FIRM:
        return A_FIRM[unit][lang]
    return figure_unit(unit)


def _unit_in(chinese: str, table: xarray.Dataset) -> str:
    """A Chinese title in a figure that counts in English units."""
    for english, zh in (("thousand CNY", "千元"), ("million CNY", "百万元"), ("persons", "人"), ("firms", "家")):
        chinese = chinese.replace(english, zh)
    return chinese


def _scale(largest: float) -> Normalize:
    """Equal gains and losses have equally strong colours; small ones are still seen beside the largest."""
    from matplotlib.colors import SymLogNorm

    largest = largest or 1.0
    return SymLogNorm(linthresh=largest / 20.0, vmin=-largest, vmax=largest)


def _write(axis: Axes, one: xarray.Dataset, scale: Normalize) -> None:
    """The number in every cell, dark on light and light on dark."""
    mean, known = one["mean"].values, one["resolved"].values
    for (y, x), value in ((at, mean[at]) for at in _places(mean.shape)):
        if value != value:
            continue
        text = "0" if value == 0.0 else number(float(value), _decimals(float(value)))
        shade = float(scale(value))
        axis.text(
            x, y, text if known[y, x] or value == 0.0 else f"({text})", ha="center", va="center", fontsize=6.8,
            color="white" if shade < 0.14 or shade > 0.9 else INK,
        )  # fmt: skip


def _places(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(y, x) for y in range(shape[0]) for x in range(shape[1])]


def _decimals(value: float) -> int:
    """Two digits that matter."""
    return 0 if abs(value) >= 10.0 else 1 if abs(value) >= 1.0 else 2
