"""What the bench found: a table with the misses first, JSON, and one figure of each experiment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from policymix.calibrate.bench import Entry, Result
from policymix.report.style import GREY, LIGHT, PALETTE, TARGET, bilingual, drawing, new_figure, number, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from rich.console import Console

UNITS = {"share": (0.01, " %"), "number": (1.0, ""), "CNY": (1e6, " million CNY")}
PIPE_WIDTH = 132


def ordered(results: Sequence[Result]) -> list[Result]:
    """Misses first, else in the order given."""
    return sorted(results, key=lambda result: result.passed)


def rows(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Every experiment as plain data, misses first; numbers in base units (shares 0..1)."""
    out = []
    for result in ordered(results):
        parts = [_row(entry) for entry in result.entries]
        form = result.experiment.form
        first = parts[0]
        title = {"en": form.title.en, "zh": form.title.zh}
        head = {"id": form.id, "title": title, **{key: first[key] for key in ("estimate", "interval", "band")}}
        head |= {"pass": result.passed, "why": "; ".join(p["why"] for p in parts if p["pass"] is False and p["why"])}
        out.append({**head, "rows": list(form.source), "quick": result.quick, "runs": result.runs, "parts": parts})
    return out


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": {"en": entry.title[0], "zh": entry.title[1]},
        "estimate": entry.estimate,
        "interval": None if entry.interval is None else list(entry.interval),
        "band": None if entry.band is None else list(entry.band),
        "pass": entry.passed,
        "why": entry.why,
        "unit": entry.unit,
        "pooled": entry.pooled,
    }


def to_json(results: Sequence[Result], seed: int) -> str:
    """How many pass, and the rows, as JSON."""
    content = {
        "passed": sum(result.passed for result in results),
        "of": len(results),
        "quick": results[0].quick,
        "runs": results[0].runs,
        "seed": seed,
        "rows": rows(results),
    }
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)


def scaled(value: float | None, unit: str) -> str:
    """A number in the unit that a reader expects."""
    divisor, name = UNITS[unit]
    return "–" if value is None else f"{number(value / divisor)}{name}"


def band_text(entry: Entry) -> str:
    """A band in words: 20 to 40 %, above 0, below 33 %."""
    if entry.band is None:
        return ""
    low, high = entry.band
    if low is None or high is None:
        word, end = ("below", high) if low is None else ("above", low)
        return f"{word} {scaled(end, entry.unit)}"
    return f"{scaled(low, entry.unit)} to {scaled(high, entry.unit)}"


def print_report(results: Sequence[Result], console: Console | None = None) -> None:
    """Print the experiments, misses first, with the reasons of what misses."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = console or Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH, file=console.file)
    passed, runs = sum(result.passed for result in results), results[0].runs
    quick = f", quick: {runs} runs instead of 30" if results[0].quick else f", {runs} paired runs each"
    title = f"Published experiments repeated, misses first: {passed} of {len(results)} pass{quick}"
    title += f"\n重现已发表的实验(未通过者在前): {len(results)}项中{passed}项通过"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for name, right in (("", False), ("experiment", False), ("estimate", True), ("90 %", True), ("band", True)):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for result in ordered(results):
        form = result.experiment.form
        colour = "green" if result.passed else "red"
        head = f"[bold]{escape(form.id)}[/] {escape(form.title.en)}\n[dim]{escape(form.title.zh)}[/]"
        table.add_row(f"[{colour}]{'pass' if result.passed else 'miss'}[/]", head, "", "", "")
        for entry in result.entries:
            mark = {None: "", True: "[green]pass[/]", False: "[red]miss[/]"}[entry.passed]
            label = f"  {escape(entry.title[0])}" + (f"\n  [yellow]{escape(entry.why)}[/]" if entry.why else "")
            span = "" if entry.interval is None else " … ".join(scaled(end, entry.unit) for end in entry.interval)
            table.add_row(mark, label, scaled(entry.estimate, entry.unit), span, band_text(entry))
    console.print(table)


def write_figures(results: Sequence[Result], folder: Path) -> list[Path]:
    """One figure of each experiment as SVG and PNG; returns the files."""
    out = []
    for result in results:
        drawn = figure(result)
        for kind in ("svg", "png"):
            path = folder / f"{result.experiment.id}.{kind}"
            path.write_bytes(render(drawn, kind))
            out.append(path)
    return out


def figure(result: Result) -> Figure:
    """The path of effects, the histogram at a line, or nothing on the left; every estimate against its band on the
    right."""
    with drawing():
        left = {"path": _path, "bunching": _bunching}.get(result.picture.get("kind", ""))
        drawn = new_figure(8.6 if left else 5.2, 3.2)
        axes = drawn.subplots(1, 2 if left else 1, squeeze=False)[0]
        form = result.experiment.form
        drawn.suptitle(bilingual(f"{form.id}  {form.title.en}", form.title.zh), fontsize=10, x=0.01, ha="left")
        if left:
            left(axes[0], result)
        _estimates(axes[-1], result)
        return drawn


def _path(axes: Axes, result: Result) -> None:
    """Relative paired difference by quarter: median, and 5 to 95 % of the runs."""
    picture = result.picture
    years = (np.asarray(picture["quarters"]) + 1) / 4.0
    low, middle, high = np.nanpercentile(picture["paths"], [5, 50, 95], axis=0) / 0.01
    axes.fill_between(years, low, high, color=PALETTE[0], alpha=0.2, linewidth=0)
    axes.plot(years, middle, color=PALETTE[0])
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.axvline(picture["treatment"] / 4.0, color=GREY, linewidth=0.8, linestyle=":")
    axes.locator_params(axis="x", nbins=6, integer=True)
    axes.set_ylabel(bilingual("% of the control mix", "相对对照 %", "\n"))
    axes.set_title(bilingual(*picture["of"]), fontsize=8)


def _bunching(axes: Axes, result: Result) -> None:
    """Firms by distance to the line under the mix and under the control."""
    picture = result.picture
    edges = np.asarray(picture["edges"])
    axes.stairs(picture["control"], edges, color=GREY, fill=True, alpha=0.35, label=bilingual("control", "对照", " "))
    axes.stairs(picture["mix"], edges, color=PALETTE[0], label=bilingual("mix", "政策", " "))
    axes.axvline(0.0, color=TARGET, linewidth=0.9)
    axes.set_xlabel(bilingual("log distance to the line", "距门槛(对数)"))
    axes.set_ylabel(bilingual("firm-years, all runs", "企业年数"))
    axes.legend(loc="upper left")


def _estimates(axes: Axes, result: Result) -> None:
    """Every estimate with its interval; its band behind it."""
    shown = [entry for entry in result.entries if entry.estimate is not None and entry.interval is not None]
    banded = [entry for entry in shown if entry.band is not None] or shown[:6]
    ends = [end for entry in banded for end in (*(entry.interval or ()), *(entry.band or ())) if end is not None]
    least, most = (min([*ends, 0.0]), max([*ends, 0.0])) if ends else (0.0, 1.0)
    room = 0.1 * (most - least or 1.0)
    for height, entry in enumerate(reversed(banded)):
        if entry.estimate is None or entry.interval is None:
            continue
        if entry.band is not None:
            low = least - room if entry.band[0] is None else entry.band[0]
            high = most + room if entry.band[1] is None else entry.band[1]
            axes.barh(height, high - low, left=low, height=0.7, color=LIGHT)
        colour = TARGET if entry.passed is False else PALETTE[0]
        axes.plot(list(entry.interval), [height, height], color=colour, linewidth=1.4)
        axes.plot([entry.estimate], [height], "o", color=colour, markersize=4)
    axes.set_xlim(least - room, most + room)
    axes.set_yticks(range(len(banded)), [entry.name for entry in reversed(banded)])
    axes.grid(axis="y", visible=False)
    axes.set_title(bilingual("estimate, 90 % interval, band", "估计值、90%区间、文献区间"), fontsize=8)
