"""Pictures of a run. Each function takes a Dataset and returns a Figure; mixes share their axes.

Levels of the mixes lie on top of each other (the effects are small), so paths have two rows: the levels with their
fans, and below them the paired differences to the baseline on a scale of their own.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from policymix.analysis.additionality import totals
from policymix.analysis.headline import STEP_NAMES
from policymix.analysis.money import by_clause
from policymix.analysis.selection import baseline_of, packages_of, years_of
from policymix.analysis.targets import Target, line_text
from policymix.report import series
from policymix.report.names import PAYERS, clause_name, name_of
from policymix.report.style import (
    GREY,
    INK,
    LIGHT,
    PALETTE,
    SAID_ZH,
    TARGET,
    bilingual,
    broken,
    drawing,
    figure_unit,
    heading,
    mix_colours,
    new_figure,
    number,
    packed,
    pixels_of,
    render,
    said,
    unit_of,
)

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame


@dataclass(frozen=True)
class Drawn:
    """A figure with its file name and the table behind it; its SVG is made once, for the file and for the page."""

    name: str
    figure: Figure
    table: DataFrame

    @functools.cached_property
    def svg(self) -> bytes:
        """The figure as SVG."""
        return render(self.figure, "svg")


ACTIVITIES = {
    "investment": ("Investment", "投资", "CNY"),
    "real_rd": ("Real R&D", "真实研发", "CNY"),
    "employment": ("Jobs", "就业", "persons"),
    "active_firms": ("Active firms", "经营企业", "count"),
}


def paths(
    results: xarray.Dataset,
    outcome: str,
    target: Target | None = None,
    *,
    place: str | None = None,
    step: str | None = None,
    title: tuple[str, str] | None = None,
    data: xarray.Dataset | None = None,
) -> Figure:
    """Fans (5-95 %, 25-75 %, median) of an outcome by mix, and of its paired difference to the baseline.

    ``target`` draws its line where its value is in the outcome's unit. Vertical lines mark the announcement of the
    packages in the mix. ``data`` is the outcome's ``series.fan``, where it is there already.
    """
    with drawing():
        data = series.fan(results, outcome, place=place, step=step) if data is None else data
        mixes, baseline = [str(name) for name in data["mix"].values], baseline_of(results)
        others = [name for name in mixes if name != baseline]
        height = 5.4 if others else 3.0
        figure = new_figure(max(6.4, 2.55 * len(mixes)), height)
        axes = figure.subplots(2 if others else 1, len(mixes), squeeze=False, sharex="all", sharey="row")
        unit = str(results[outcome].attrs.get("units", ""))
        divisor, gap = figure_unit(unit)[0], figure_unit(unit, difference=True)[0]
        _heading(figure, results, outcome, title, unit, place)
        colours = mix_colours(mixes, baseline)
        for column, name in enumerate(mixes):
            top = axes[0, column]
            _fan(top, data["level"].sel(mix=name), colours[name], divisor)
            if name != baseline:
                _baseline_line(top, data["level"].sel(mix=baseline), divisor)
            _target_line(top, target, divisor, labelled=column == 0)
            _announcements(top, results, name, at_top=False)
            top.set_title(name, fontsize=9.5 if len(name) <= 22 else 7.0)
            if others and name != baseline:
                _fan(axes[1, column], data["difference"].sel(mix=name), colours[name], gap)
                axes[1, column].axhline(0.0, color=GREY, linewidth=0.8)
                _announcements(axes[1, column], results, name, at_top=True)
        _finish_paths(axes, mixes, baseline, unit, results, bool(others))
        return figure


def core_share(results: xarray.Dataset, target: Target | None = None, data: xarray.Dataset | None = None) -> Figure:
    """Core-industry share of GDP: fans by mix with the target line, and differences in percentage points."""
    title = ("Core-industry share of GDP, nominal", "数字经济核心产业增加值占GDP比重(现价)")
    return paths(results, "core_share", target, title=title, data=data)


def money(results: xarray.Dataset, accounts: xarray.Dataset | None = None) -> Figure:
    """Where the money goes: mean paid a year, stacked by clause; a column for each mix, a row for each payer."""
    with drawing():
        paid = series.paid_by_clause(by_clause(results) if accounts is None else accounts)
        mixes = [str(name) for name in paid["mix"].values if name != baseline_of(results)] or [baseline_of(results)]
        payers = [str(name) for name in paid["payer"].values if float(paid.sel(payer=name).sum()) > 0.0] or ["city"]
        figure = new_figure(max(6.4, 2.2 * len(mixes) + 3.0), 1.2 + 2.3 * len(payers))
        axes = figure.subplots(len(payers), len(mixes), squeeze=False, sharex="all", sharey="row")
        divisor, unit_name = figure_unit("CNY")
        english = f"Where the money goes: paid a year, mean of runs ({unit_name}, nominal)"
        chinese = f"钱花在哪里:年度兑付,各次运行均值({SAID_ZH.get(unit_name, unit_name)},现价)"
        heading(figure, english, chinese)
        clauses = [str(name) for name in paid["clause"].values]
        colours = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(clauses)} | {series.OTHER: LIGHT}
        for row, payer in enumerate(payers):
            for column, mix in enumerate(mixes):
                axis = axes[row, column]
                _stack(axis, paid.sel(mix=mix) / divisor, payer, colours)
                if row == 0:
                    axis.set_title(mix, fontsize=9.5 if len(mix) <= 22 else 7.0)
                if column == 0:
                    axis.set_ylabel(_payer_label(payer, unit_name))
        handles, labels = axes[0, 0].get_legend_handles_labels()
        if handles:
            figure.legend(
                handles[::-1], [_clause_label(each) for each in labels[::-1]], loc="outside right center",
                title=said("clause", "条款"), fontsize=7.5,
            )  # fmt: skip
        return figure


def additionality(results: xarray.Dataset, table: xarray.Dataset | None = None) -> Figure:
    """Gross against additional by mix with 90 % intervals; the share that is additional is written beside the bars."""
    with drawing():
        table = totals(results) if table is None else table
        known = [str(name) for name in table["activity"].values if name in ACTIVITIES]
        mixes = [str(name) for name in table["mix"].values if name != baseline_of(results)]
        figure = new_figure(9.2, 1.0 + max(1, len(mixes)) * 0.62 * ((len(known) + 1) // 2) + 0.9)
        english = "Gross: activity that claims refer to. Additional: what would not have happened (90 % interval)"
        heading(figure, english, "申领所涉总额与其中新增(90%区间)")
        axes = figure.subplots((len(known) + 1) // 2, 2, squeeze=False)
        for axis in axes.flat[len(known) :]:
            axis.set_axis_off()
        for axis, activity in zip(axes.flat, known, strict=False):
            _gross_and_additional(axis, table.sel(activity=activity), activity, mixes)
        if known and mixes:
            handles, labels = axes[0, 0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=2)
        return figure


def ladder(
    results: xarray.Dataset,
    targets: Iterable[Target] = (),
    place: str = "zone",
    data: xarray.Dataset | None = None,
) -> Figure:
    """Firms recognised beyond the baseline by step of the ladder; hollow where the difference is not resolved."""
    with drawing():
        data = series.ladder(results, place) if data is None else data
        steps, baseline = [str(name) for name in data["step"].values], baseline_of(results)
        mixes = [str(name) for name in data["mix"].values if name != baseline]
        lines = {str(target.outcome): line_text(target) for target in targets if target.outcome}
        colours = mix_colours([baseline, *mixes], baseline)
        figure = new_figure(9.2, 1.1 + 2.1 * ((len(steps) + 2) // 3))
        quarter = results["quarter"].values[-1]
        where = name_of(place)
        english = f"Ladder, {where[0]}, {quarter}: firms ever recognised, difference to {baseline} (90 % interval)"
        chinese = f"企业梯队,{where[1]},{quarter}:累计认定企业数,与{baseline}之差(90 % 区间)"
        heading(figure, english, chinese)
        axes = figure.subplots((len(steps) + 2) // 3, 3, squeeze=False)
        for axis in axes.flat[len(steps) :]:
            axis.set_axis_off()
        for axis, step in zip(axes.flat, steps, strict=False):
            one = data.sel(step=step)
            _dots(axis, one, mixes, colours)
            at_baseline = one.sel(mix=baseline)
            label = bilingual(STEP_NAMES.get(step, (step, ""))[0], STEP_NAMES.get(step, ("", ""))[1], " ")
            line = lines.get(f"recognised:{step}")
            level = number(float(at_baseline["level_mean"]), 0)
            under = said(f"{level} under {baseline}", f"{baseline}: {level}")
            goal = said(f"; target {line}", f";目标 {line}") if line else ""
            axis.set_title(f"{label}\n{under}{goal}", fontsize=8.5)
            if axis.get_subplotspec().is_first_col():
                axis.set_ylabel(said("firms more than " + baseline, f"与{baseline}之差,家"), fontsize=8)
        if _crowded(mixes):
            dots = [line for line in axes[0, 0].get_lines() if line.get_label() in mixes]
            figure.legend(dots, mixes, loc="outside lower center", ncols=3)
        return figure


def write_figures(
    results: xarray.Dataset, folder: str | Path, targets: Iterable[Target] = (), *, drawn: list[Drawn] | None = None
) -> list[Path]:
    """Every figure as PNG and SVG with the CSV of its numbers; returns the files written, in order.

    ``drawn`` takes figures that ``standard_figures`` has made already, so that page and files share the work.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with ThreadPoolExecutor(max_workers=1) as packing:  # of one picture, while the next one is drawn
        waiting = []
        for one in standard_figures(results, targets) if drawn is None else drawn:
            path = folder / f"{one.name}.png"
            waiting.append(packing.submit(lambda pixels, path: save(packed(pixels), path), pixels_of(one.figure), path))
            table = one.table.to_csv(index=False, lineterminator="\n").encode()
            files = save(one.svg, path.with_suffix(".svg")), save(table, path.with_suffix(".csv"))
            written += [path, *files]
        for each in waiting:
            each.result()
    return written


def standard_figures(
    results: xarray.Dataset, targets: Iterable[Target] = (), accounts: xarray.Dataset | None = None
) -> Iterator[Drawn]:
    """The figures of every page, in reading order; see ``standard``."""
    for draw in standard(results, targets, accounts).values():
        yield draw()


def standard(
    results: xarray.Dataset, targets: Iterable[Target] = (), accounts: xarray.Dataset | None = None
) -> dict[str, Callable[[], Drawn]]:
    """What draws each of the figures of every page, by name; ``accounts`` are ``money.by_clause``, where they are there
    already."""
    targets = list(targets)
    aim = next((target for target in targets if _is_core_share(target, years_of(results)[-1])), None)

    def of_share() -> Drawn:
        data = series.fan(results, "core_share")
        return Drawn("core-share", core_share(results, aim, data), series.fan_table(data))

    def of_path(name: str, outcome: str, place: str | None = None) -> Drawn:
        data = series.fan(results, outcome, place=place) if place else series.fan(results, outcome)
        return Drawn(name, paths(results, outcome, place=place, data=data), series.fan_table(data))

    def of_money() -> Drawn:
        found = by_clause(results) if accounts is None else accounts
        return Drawn("money", money(results, found), series.money_table(found))

    def of_additional() -> Drawn:
        table = totals(results)
        return Drawn("additionality", additionality(results, table), table.to_dataframe().reset_index())

    def of_ladder() -> Drawn:
        steps = series.ladder(results)
        return Drawn("ladder", ladder(results, targets, data=steps), steps.to_dataframe().reset_index())

    return {
        "core-share": of_share,
        "investment": functools.partial(of_path, "investment", "investment"),
        "active-firms-zone": functools.partial(of_path, "active-firms-zone", "active_firms", "zone"),
        "money": of_money,
        "additionality": of_additional,
        "ladder": of_ladder,
    }


def save(content: bytes, path: Path) -> Path:
    """Write a file aside and move it into place."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(content)
    temporary.replace(path)
    return path


def _is_core_share(target: Target, year: int) -> bool:
    """A tracked core-share target of the last year of the run."""
    return target.outcome == "core_share" and target.at is not None and target.at.year == year and not target.untracked


def _heading(figure: Figure, results, outcome: str, title, unit: str, place: str | None) -> None:
    """Title of a figure of paths: what, where, unit and price base."""
    attrs = results[outcome].attrs
    english, chinese = title or (str(attrs.get("long_name", outcome)), str(attrs.get("long_name_zh", "")))
    where = name_of(place) if place else ("", "")
    english = english[:1].upper() + english[1:] + (f", {where[0]}" if place else "")
    constant = unit == "CNY" and outcome in ("investment", "value_added", "revenue", "real_rd", "reported_rd")
    base = results.attrs.get("price_base", "")
    basis = f", {base} prices, a quarter" if constant else ""
    basis_zh = f",{base}年价,季度" if constant else ""
    chinese = f"{chinese}({where[1]})" if place else chinese
    text = bilingual(
        f"{english} ({unit_of(unit)[1]}{basis})",
        f"{chinese}({unit_of(unit, 'zh', '' if said('en', 'zh') == 'zh' else 'en')[1]}{basis_zh})" if chinese else "",
        "\n",
    )
    figure.suptitle(text, x=0.01, ha="left", weight="bold")


def _fan(axis: Axes, data: xarray.DataArray, colour: str, divisor: float) -> None:
    """Two bands and the median of one mix."""
    time, values = data["time"].values, data / divisor
    for low, high, alpha in ((0.05, 0.95, 0.18), (0.25, 0.75, 0.32)):
        axis.fill_between(
            time, values.sel(quantile=low), values.sel(quantile=high), color=colour, alpha=alpha, linewidth=0
        )
    axis.plot(time, values.sel(quantile=0.5), color=colour, linewidth=1.8, label="median")


def _baseline_line(axis: Axes, data: xarray.DataArray, divisor: float) -> None:
    """The baseline's median, dashed, in the panel of another mix."""
    median = data.sel(quantile=0.5) / divisor
    axis.plot(data["time"].values, median, color=INK, linewidth=1.0, linestyle=(0, (4, 2)), label="baseline")


def _target_line(axis: Axes, target: Target | None, divisor: float, *, labelled: bool) -> None:
    """The target's value as a dotted line; the first panel says which it is."""
    if target is None or isinstance(target.value, (list, tuple)):
        return
    value = float(target.value) / divisor
    axis.axhline(value, color=TARGET, linewidth=1.2, linestyle=":", label="target")
    if labelled:
        label = said(f"target {target.id}", f"目标 {target.id}")
        axis.annotate(
            label, (0.02, value), xycoords=("axes fraction", "data"), xytext=(0, 3),
            textcoords="offset points", color=TARGET, fontsize=7.5,
        )  # fmt: skip


def _announcements(axis: Axes, results: xarray.Dataset, mix: str, *, at_top: bool) -> None:
    """A thin line with the package's name at each announcement that concerns this mix and horizon."""
    import numpy as np

    first, last = results["date"].values[0], results["date"].values[-1]
    for package, day in series.announced(results).items():
        moment = np.datetime64(day, "ns")
        if package in packages_of(results)[mix] and first <= moment <= last:
            axis.axvline(moment, color=GREY, linewidth=0.8, linestyle="-.")  # type: ignore[arg-type]  # the stub knows no dates
            axis.annotate(
                package, (moment, 0.98 if at_top else 0.02), xycoords=("data", "axes fraction"), xytext=(2, 0),
                textcoords="offset points", rotation=90, fontsize=6.5, color=GREY, va="top" if at_top else "bottom",
            )  # fmt: skip


def _finish_paths(axes, mixes: list[str], baseline: str, unit: str, results, has_differences: bool) -> None:
    """Dates below, units at the left, and the key in the baseline's empty panel."""
    years = years_of(results)
    ends = [datetime.date(year, 1, 1) for year in (*years, years[-1] + 1)]
    middles = [datetime.date(year, 7, 1) for year in years]
    # Fixed ticks, set once for all the panels that share them: matplotlib's date locators cost a third of the drawing
    # time.
    axes[0, 0].set_xticks(ends, [""] * len(ends))
    axes[0, 0].set_xticks(middles, [str(year) for year in years], minor=True)
    axes[0, 0].set_xlim(ends[0], ends[-1])
    for axis in axes.flat:
        axis.tick_params(axis="x", which="minor", length=0, labelsize=7.5, labelcolor=INK)
        axis.yaxis.set_major_formatter("{x:,g}")
    axes[0, 0].set_ylabel(figure_unit(unit)[1])
    if not has_differences:
        return
    key = axes[1, mixes.index(baseline)]
    axes[0, mixes.index(baseline)].tick_params(axis="x", which="both", labelbottom=True)
    key.set_axis_off()
    draws = results.sizes["draw"] * results.sizes["replicate"]
    gap = figure_unit(unit, difference=True)[1]
    text = said(
        f"Above: levels.\nRight: paired difference\nto {baseline}, {gap}.\n\n"
        f"Line: median of {draws} runs.\nBands: 25–75 % and 5–95 %.\nDashed: median of {baseline}.",
        f"上:水平值。\n右:与{baseline}的配对差异,\n{gap}。\n\n"
        f"线:{draws} 次运行的中位数。\n带:25–75 % 与 5–95 %。\n虚线:{baseline} 的中位数。",
    )
    key.text(0.0, 0.95, text, transform=key.transAxes, va="top", fontsize=8, color=INK, linespacing=1.35)
    first = next(index for index, name in enumerate(mixes) if name != baseline)
    axes[1, first].set_ylabel(said(f"difference, {gap}", f"差异,{gap}"))
    axes[1, first].tick_params(labelleft=True)


def _stack(axis: Axes, paid: xarray.DataArray, payer: str, colours: dict[str, str]) -> None:
    """Bars of one mix and payer, a slice for each clause."""
    import numpy as np

    years = [int(year) for year in paid["year"].values]
    bottom = np.zeros(len(years))
    for clause, colour in colours.items():
        if clause not in paid["clause"].values:
            continue
        height = paid.sel(clause=clause, payer=payer).values
        label = said(clause, "其他条款") if clause == series.OTHER else clause
        axis.bar(years, height, bottom=bottom, color=colour, width=0.72, label=label, edgecolor="white", linewidth=0.4)
        bottom = bottom + height
    axis.set_xticks(years, [str(year) for year in years], fontsize=7.5)
    axis.yaxis.set_major_formatter("{x:,g}")


def _gross_and_additional(axis: Axes, table: xarray.Dataset, activity: str, mixes: list[str]) -> None:
    """One panel: two bars a mix with their intervals."""
    from matplotlib.ticker import MaxNLocator

    english, chinese, unit = ACTIVITIES[activity]
    divisor, unit_name = figure_unit(unit)
    parts = (
        ("gross", said("gross", "总额"), LIGHT, -0.19),
        ("additional", said("additional", "新增"), PALETTE[0], 0.19),
    )
    for part, name, colour, offset in parts:
        one = table.sel(part=part, mix=mixes) / divisor
        mean, low, high = (one[name].values for name in ("mean", "low", "high"))
        place = [index + offset for index in range(len(mixes))]
        axis.barh(place, mean, height=0.36, color=colour, label=name)
        axis.hlines(place, low, high, color=INK, linewidth=1.0)
    share = table.sel(part="additional_share", mix=mixes)
    for index, high in enumerate(table.sel(part="additional", mix=mixes)["high"].values / divisor):
        found, known = float(share["mean"][index]), bool(share["resolved"][index])
        text = (
            said(f"{100 * found:.0f} % additional", f"新增 {100 * found:.0f} %")
            if known
            else said("not resolved", "未分辨")
        )
        at = (max(high, 0.0), index + 0.19)
        axis.annotate(text, at, xytext=(5, 0), textcoords="offset points", va="center", fontsize=7.5)
    axis.set_yticks(range(len(mixes)), mixes)
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    axis.grid(axis="x", visible=True)
    axis.xaxis.set_major_locator(MaxNLocator(5))
    axis.xaxis.set_major_formatter("{x:,g}")
    shown = said("count", "家") if unit == "count" else unit_name
    axis.set_title(bilingual(f"{english} ({shown})", f"{chinese}({shown})" if said("", "zh") else chinese, " "))


def _payer_label(payer: str, unit: str) -> str:
    """Who pays, and the unit of the bars."""
    english, chinese = PAYERS.get(payer, (payer, payer))
    return said(f"paid by: {english}\n{unit}", f"出资方:{chinese}\n{unit}")


def _clause_label(clause: str) -> str:
    """A clause's address and, below it, its title."""
    address, _, title = said(*clause_name(clause)).partition(" ")
    return "\n".join(filter(None, [address, broken(title, 28)])) if "/" in address else clause


def _crowded(mixes: list[str]) -> bool:
    """True where the names do not fit side by side under a small panel; they go into a legend then."""
    return sum(len(mix) for mix in mixes) > 34


def _dots(axis: Axes, one: xarray.Dataset, mixes: list[str], colours: dict[str, str]) -> None:
    """Mean difference of each mix with its interval; hollow means not resolved."""
    for index, mix in enumerate(mixes):
        value = one.sel(mix=mix)
        low, high = float(value["difference_low"]), float(value["difference_high"])
        axis.vlines(index, low, high, color=colours[mix], linewidth=2)
        face = colours[mix] if bool(value["difference_resolved"]) else "white"
        axis.plot(
            index,
            float(value["difference_mean"]),
            "o",
            color=colours[mix],
            markerfacecolor=face,
            markersize=6,
            label=mix,
        )
    axis.axhline(0.0, color=GREY, linewidth=0.8)
    low, high = axis.get_ylim()
    axis.set_ylim(min(low, -1.0) if high < 1.0 else low, max(high, 1.0))
    axis.set_xticks(range(len(mixes)), [""] * len(mixes) if _crowded(mixes) else mixes, fontsize=7.5)
    axis.set_xlim(-0.5, max(len(mixes), 1) - 0.5)
