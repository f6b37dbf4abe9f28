"""One picture each for sensitivity, discovery and what would change the mind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from policymix.report.sensitivity import ranked, shown_cells
from policymix.report.style import GREY, INK, LIGHT, PALETTE, bilingual, difference_unit, drawing, new_figure, said

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROWS = 10
PANELS = 6
ROW = 0.3


def sensitivity(table: xarray.Dataset, cells: Sequence[str] = (), mix: str | None = None) -> Figure:
    """What drives each outcome: a panel an outcome, a row a factor; bars with 90 % intervals.

    Where the cells are one outcome at several times, its path over time instead (`over_time`).
    """
    kind = next(name for name in ("first", "mu_star", "value") if name in table)
    shown = mix or str(table["mix"].values[-1])
    one = table.sel(mix=shown)
    chosen = list(cells) or shown_cells(table)
    chosen = [cell for cell in chosen if bool(np.isfinite(one[kind].sel(cell=cell)).any())][:PANELS]
    chosen = chosen or (list(cells) or shown_cells(table))[:1]
    times = one["time"].sel(cell=chosen).values.astype(str)
    if len(chosen) > 1 and len(set(one["outcome"].sel(cell=chosen).values.tolist())) == 1 and all(times):
        return over_time(table, cells, shown)
    with drawing():
        one = one.sel(cell=chosen)
        names = ranked(one, kind)[:ROWS]
        figure = new_figure(3.2 + 2.3 * len(chosen), 1.5 + max(3, len(names) + 1) * ROW)
        title, title_zh = _heading(table, shown, kind)
        title = _wrapped(title, int(13 * figure.get_figwidth()))
        figure.suptitle(bilingual(title, title_zh, "\n"), x=0.01, ha="left", weight="bold")
        axes = figure.subplots(1, len(chosen), squeeze=False, sharey=True)[0]
        _margin(figure)
        for axis, cell in zip(axes, chosen, strict=True):
            _panel(axis, one.sel(cell=cell, factor=names), kind)
            axis.set_title(
                _wrapped(said(str(one["label"].sel(cell=cell).values), str(one["label_zh"].sel(cell=cell).values))),
                fontsize=8,
            )
        labels = [
            said(str(one["title"].sel(factor=name).values), str(one["title_zh"].sel(factor=name).values))
            for name in names
        ]
        if kind == "first":
            labels.append(said("luck", "偶然"))
        axes[0].set_yticks(range(len(labels)), [_wrapped(label, 36) for label in labels], fontsize=7.5)
        axes[0].set_ylim(len(labels) - 0.45, -0.55)
        handles = axes[0].get_legend_handles_labels()
        if handles[0]:
            figure.legend(*handles, loc="outside lower center", ncols=3)
        return figure


def over_time(table: xarray.Dataset, cells: Sequence[str] = (), mix: str | None = None) -> Figure:
    """How the parts of an outcome's variance move over time: first-order shares one above another, luck, the rest."""
    kind = next(name for name in ("first", "mu_star", "value") if name in table)
    shown = mix or str(table["mix"].values[-1])
    one = table.sel(mix=shown, cell=list(cells) or table["cell"].values.tolist())
    one = one.isel(cell=np.flatnonzero(one["time"].values.astype(str) != ""))
    outcome = str(one["outcome"].values[-1])
    one = one.isel(cell=np.flatnonzero(one["outcome"].values == outcome))
    with drawing():
        names = ranked(one, kind)[:5]
        figure = new_figure(8.2, 3.8)
        title, title_zh = _heading(table, shown, kind)
        label, label_zh = (str(one[key].values[-1]) for key in ("label", "label_zh"))
        figure.suptitle(
            bilingual(f"{label.split(',')[0]}; {title}", f"{label_zh};{title_zh}", "\n"),
            x=0.01,
            ha="left",
            weight="bold",
        )
        axis = figure.subplots()
        axis.set_title(said(label, label_zh), fontsize=8.5)
        time = one["time"].values.astype(str)
        divisor = difference_unit(str(one["unit"].values[-1]), said("en", "zh"))[0] if kind == "mu_star" else 0.01
        for name, colour in zip(names, PALETTE, strict=False):
            each = one.sel(factor=name)
            low, high = (each[f"{kind}_{end}"].values / divisor for end in ("low", "high"))
            text = said(str(each["title"].values), str(each["title_zh"].values))
            axis.plot(time, each[kind].values / divisor, "o-", color=colour, label=_wrapped(text, 30))
            axis.fill_between(time, low, high, color=colour, alpha=0.15, linewidth=0)
        if kind == "first" and bool(np.isfinite(one["luck"]).any()):
            axis.plot(time, one["luck"].values / divisor, "s--", color=GREY, label=said("luck", "偶然"))
        axis.axhline(0.0, color=GREY, linewidth=0.8)
        axis.set_ylabel(difference_unit(str(one["unit"].values[-1]), said("en", "zh"))[1] if kind == "mu_star" else "%")
        figure.legend(loc="outside right center")
        return figure


def _panel(axis: Axes, one: xarray.Dataset, kind: str) -> None:
    """Bars of one outcome."""
    places = np.arange(one.sizes["factor"])
    if kind == "first":
        for name, colour, offset, label in (
            ("total", LIGHT, 0.0, said("total", "合计")), ("first", PALETTE[0], 0.0, said("alone", "单独")),
        ):  # fmt: skip
            values = 100.0 * one[name].values
            axis.barh(places + offset, values, height=0.62 if name == "total" else 0.34, color=colour, label=label)
        axis.hlines(places, 100.0 * one["total_low"].values, 100.0 * one["total_high"].values, color=INK, linewidth=0.9)
        luck = 100.0 * float(one["luck"])
        if math.isfinite(luck):
            axis.barh([len(places)], [luck], height=0.34, color=GREY)
            axis.hlines([len(places)], [100.0 * float(one["luck_low"])], [100.0 * float(one["luck_high"])], color=INK)
        axis.set_xlabel(said("% of variance", "占方差 %"))
    elif kind == "mu_star":
        divisor, unit = difference_unit(str(one["unit"].values), said("en", "zh"))
        bars = axis.barh(places, one["mu_star"].values / divisor, height=0.6, color=PALETTE[0])
        for bar, told in zip(bars, one["told"].values, strict=True):
            bar.set_alpha(1.0 if told else 0.35)
        axis.hlines(places, one["mu_star_low"].values / divisor, one["mu_star_high"].values / divisor, color=INK)
        axis.plot(one["sigma"].values / divisor, places, "x", color=PALETTE[1], label="σ")
        axis.set_xlabel(unit)
    else:
        bars = axis.barh(places, 100.0 * one["value"].values, height=0.6, color=PALETTE[0])
        for bar, found in zip(bars, one["found"].values, strict=True):
            bar.set_alpha(1.0 if found else 0.35)
        axis.hlines(places, 100.0 * one["value_low"].values, 100.0 * one["value_high"].values, color=INK, linewidth=0.9)
        if math.isfinite(float(one["chance"])):
            axis.axvline(
                100.0 * float(one["chance"]), color=GREY, linestyle=":", linewidth=1.4,
                label=said("largest by chance (95 %)", "偶然所及(95 %)"),
            )  # fmt: skip
        axis.set_xlabel("%")
    axis.axvline(0.0, color=GREY, linewidth=0.8)
    _across(axis)


def discovery(table: xarray.Dataset) -> Figure:
    """Left: coverage against density while peeling (PRIM), or of the leaves. Right: the first box over two factors."""
    with drawing():
        about = table.attrs
        figure = new_figure(9.2, 4.0)
        figure.suptitle(bilingual(about["title"], about["title_zh"], "\n"), x=0.01, ha="left", weight="bold")
        left, right = figure.subplots(1, 2)
        if "step" in table.dims:
            limits = table["trajectory_limits"].values
            points = left.scatter(
                100 * table["trajectory_coverage"], 100 * table["trajectory_density"], c=limits, s=18, cmap="viridis"
            )
            figure.colorbar(points, ax=left, label=said("factors limited", "受限因素数"))
        left.plot(
            100 * table["coverage"],
            100 * table["density"],
            "D",
            color=PALETTE[1],
            markersize=8,
            label=said("box", "所选框"),
        )
        left.axhline(100.0 * about["share"], color=GREY, linestyle=":", label=said("all draws", "全部抽样"))
        left.set_xlim(-3, 103)
        left.set_ylim(0, 105)
        left.set_xlabel(said("coverage, %", "覆盖率,%"))
        left.set_ylabel(said("density, %", "密度,%"))
        left.legend(loc="lower left")
        _scatter(right, table)
        return figure


def _scatter(axis: Axes, table: xarray.Dataset) -> None:
    """Draws over the two factors that the first box limits most tellingly, with the box."""
    if not table.sizes["box"]:
        axis.set_axis_off()
        return
    one = table.isel(box=0)
    numbers = [
        name for name in table["factor"].values.tolist() if bool(np.isfinite(table["drawn"].sel(factor=name)).all())
    ]
    limited = [name for name in numbers if math.isfinite(float(one["quasi_p"].sel(factor=name)))]
    limited.sort(key=lambda name: float(one["quasi_p"].sel(factor=name)))
    shown = (limited + [name for name in numbers if name not in limited])[:2]
    if not shown:
        axis.set_axis_off()
        return
    happens = table["happens"].values.astype(bool)
    x = table["drawn"].sel(factor=shown[0]).values
    y = table["drawn"].sel(factor=shown[1]).values if len(shown) > 1 else np.arange(len(x))
    axis.plot(x[~happens], y[~happens], "o", color=LIGHT, markersize=4, label=said("others", "其他"))
    axis.plot(x[happens], y[happens], "o", color=PALETTE[1], markersize=4, label=said("such draws", "该情形"))
    ends = [_reach(one, shown[0], x), _reach(one, shown[1], y) if len(shown) > 1 else (float(y.min()), float(y.max()))]
    (x0, x1), (y0, y1) = ends
    axis.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color=INK, linewidth=1.4)
    titles = [
        said(str(table["title"].sel(factor=name).values), str(table["title_zh"].sel(factor=name).values))
        for name in shown
    ]
    axis.set_xlabel(_wrapped(titles[0], 44))
    axis.set_ylabel(_wrapped(titles[1], 34) if len(shown) > 1 else said("draw", "抽样"))
    axis.legend(loc="upper right", frameon=True, framealpha=0.85)


def _reach(one: xarray.Dataset, name: str, values: np.ndarray) -> tuple[float, float]:
    low, high = float(one["low"].sel(factor=name)), float(one["high"].sel(factor=name))
    return low if math.isfinite(low) else float(values.min()), high if math.isfinite(high) else float(values.max())


def mind(table: xarray.Dataset) -> Figure:
    """The headline's mean along each unknown and statistic, its draws behind, and where the ranking flips."""
    with drawing():
        about = table.attrs
        names = table["item"].values.tolist()
        columns = min(3, len(names))
        rows = math.ceil(len(names) / columns)
        figure = new_figure(3.1 * columns + 0.6, 1.0 + 2.3 * rows)
        divisor, unit = difference_unit(about["units"], said("en", "zh"))
        divisor = -divisor if about["lower"] else divisor
        title = f"{about['mix']} less {about['against']}: {about['label']}, {unit}"
        title_zh = f"{about['mix']}减{about['against']}:{about['label_zh']}({unit})"
        figure.suptitle(bilingual(title, title_zh, "\n"), x=0.01, ha="left", weight="bold")
        axes = figure.subplots(rows, columns, squeeze=False)
        for axis in axes.flat[len(names) :]:
            axis.set_axis_off()
        for axis, name in zip(axes.flat, names, strict=False):
            one = table.sel(item=name)
            axis.plot(one["drawn"].values, table["headline"].values / divisor, "o", color=LIGHT, markersize=2.5)
            colour = PALETTE[0] if bool(one["found"]) else GREY
            axis.plot(one["curve_at"].values, one["curve"].values / divisor, color=colour, linewidth=1.8)
            axis.axhline(0.0, color=INK, linewidth=0.8)
            if bool(one["turns"]):
                axis.axvspan(float(one["turn_low"]), float(one["turn_high"]), color=PALETTE[1], alpha=0.15, linewidth=0)
                axis.axvline(float(one["turn"]), color=PALETTE[1], linewidth=1.4)
            share = f"{100.0 * float(one['share']):.0f} %" if bool(one["found"]) else said("by chance", "偶然")
            axis.set_title(
                _wrapped(f"{said(str(one['label'].values), str(one['label_zh'].values))} ({share})", 34), fontsize=7.5
            )
            axis.tick_params(labelsize=7)
            large = float(np.abs(one["curve_at"]).max()) >= 1e6
            axis.xaxis.set_major_formatter((lambda x, _: f"{x / 1e6:,g} m") if large else "{x:,g}")
        return figure


def _heading(table: xarray.Dataset, mix: str, kind: str) -> tuple[str, str]:
    about = table.attrs
    of = about["measure"] == "difference"
    whose = f"{mix} less {about['baseline']}" if of else mix
    whose_zh = f"{mix}减{about['baseline']}" if of else mix
    what = {
        "first": ("share of variance, 90 % intervals", "方差占比(90 % 区间)"),
        "mu_star": ("elementary effects, 90 % intervals", "基本效应(90 % 区间)"),
        "value": (
            f"{about.get('measure_of', '')} share, 90 % intervals; pale: no more than chance",
            "占比(90 % 区间);浅色:未超出偶然",
        ),
    }[kind]
    return f"What drives the effect ({whose}): {what[0]}", f"结果取决于什么({whose_zh}):{what[1]}"


def _margin(figure: Figure) -> None:
    """Room for long names at the left edge, which the layout measures a little short."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(w_pad=0.12)  # type: ignore[call-arg]  # the stub of the base class knows no padding


def _wrapped(text: str, width: int = 26) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width))


def _across(axis: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.grid(axis="y", visible=False)
    axis.grid(axis="x", visible=True)
    axis.xaxis.set_major_locator(MaxNLocator(4))
