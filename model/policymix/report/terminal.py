"""The answer in the terminal: the headline, the targets with the misses first, and the alarms that ring."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from policymix.analysis.alarms import Alarm
from policymix.analysis.headline import headline
from policymix.analysis.selection import baseline_of
from policymix.analysis.targets import Target
from policymix.report import tables
from policymix.report.answer import Answer, answer

if TYPE_CHECKING:
    import xarray
    from rich.console import Console
    from rich.table import Table

PIPE_WIDTH = 132
COLOURS = {"missed": "red", "open": "yellow", "met": "green", "untracked": "bright_black"}


def console_for_report() -> Console:
    """A console as wide as the terminal; 132 columns where the output goes to a file or a pipe."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH)


def headline_table(table: xarray.Dataset, lang: str = "both") -> Table:
    """The headline (``analysis.headline.headline``) as a rich table; ``lang`` is en, zh or both."""
    from rich import box
    from rich.table import Table

    tables.checked_language(lang)
    main = "zh" if lang == "zh" else "en"
    shown = Table(title=tables.title(table, main), box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    shown.add_column("", overflow="fold")
    mixes = table["mix"].values.tolist()
    for mix in mixes:
        shown.add_column(mix, justify="right", overflow="fold")
    for row in table["row"].values.tolist():
        label = tables.label(table, row, main)
        if lang == "both":
            label += f"\n[dim]{table['label_zh'].sel(row=row).values}[/dim]"
        cells = [tables.cell(table, row, mix, main) for mix in mixes]
        shown.add_row(label, *(two_lines(one) for one in cells))
    return shown


def scorecard_table(
    results: xarray.Dataset, chances: xarray.Dataset, lang: str = "both", table: xarray.Dataset | None = None
) -> Table:
    """The scorecard: additional investment and its cost (from the headline, where it is given), then tracked targets,
    misses first: probability under every mix, below it its 90 % interval and the paired difference."""
    from rich import box
    from rich.table import Table

    tables.checked_language(lang)
    name = f"Scorecard, misses first: 90 % intervals, and paired differences to {baseline_of(results)}"
    zh = f"计分卡(未达者在前):90% 区间及与“{baseline_of(results)}”的配对差异"
    shown = Table(title=zh if lang == "zh" else name, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    shown.add_column("")
    shown.add_column("目标" if lang == "zh" else "target", overflow="fold")
    mixes = [str(mix) for mix in chances["mix"].values]
    for mix in mixes:
        shown.add_column(mix, justify="right")
    for label, own in tables.leading_rows(table, "zh" if lang == "zh" else "en") if table is not None else []:
        shown.add_row("", label, *(two_lines(one) for one in own))
    for row in tables.scorecard(results, chances, "zh" if lang == "zh" else "en"):
        if row["status"] == "untracked":
            continue
        colour = COLOURS[row["status"]]
        text = row["label_zh"] if lang == "zh" else row["label"]
        text = f"{row['id']}  {text} {row['line']}" + (f"\n[dim]{row['label_zh']}[/dim]" if lang == "both" else "")
        verdict = row["verdict_zh"] if lang == "zh" else row["verdict"]
        cells = (two_lines(row["cells"][mix]) for mix in mixes)
        shown.add_row(f"[{colour}]{verdict}[/{colour}]", text, *cells)
    return shown


def alarm_lines(alarms: Iterable[Alarm]) -> list[str]:
    """One line for each alarm, errors first, marked for rich."""
    colours = {"error": "bold red", "warn": "yellow"}
    return [f"[{colours[alarm.level]}]{alarm.level}[/] {alarm}" for alarm in alarms]


def print_report(
    results: xarray.Dataset,
    targets: Iterable[Target] = (),
    *,
    console: Console | None = None,
    lang: str = "both",
    region_table=None,
    known: Answer | None = None,
) -> None:
    """Print everything a run has to say, in the order headline, targets (misses first), totals that miss, alarms.

    ``known`` is the run's ``answer``, where it is there already.
    """
    targets = list(targets)
    known = answer(results, targets) if known is None else known
    console = console or console_for_report()
    console.print(headline_table(known.table, lang))
    if targets:
        console.print(scorecard_table(results, known.chances, lang, known.table))
        untracked = int((~known.chances["tracked"]).sum())
        if untracked:
            console.print(f"Targets that the model does not track: {untracked}; report.html says why.", style="dim")
    missed = [row for row in tables.compared_totals(region_table) if not row["within"]]
    for row in missed:
        figures = f"published {row['published']}, synthetic {row['synthetic']}"
        console.print(f"[yellow]misses[/] {row['title']} ({row['year']}): {figures}")
    for line in alarm_lines(known.alarms):
        console.print(line)


def to_json(results: xarray.Dataset, targets: Iterable[Target] = (), known: Answer | None = None) -> str:
    """Headline, scorecard and alarms for ``--json``: base units (CNY, shares 0..1), no text formatting of numbers."""
    targets = list(targets)
    known = answer(results, targets) if known is None else known
    content = {
        "scenario": results.attrs.get("scenario", ""),
        "baseline": baseline_of(results),
        "draws": results.sizes["draw"],
        "replicates": results.sizes["replicate"],
        "headline": tables.to_records(headline(results, chances=known.chances)),
        "targets": [
            {key: row[key] for key in ("id", "label", "line", "status", "note")}
            for row in tables.scorecard(results, known.chances)
        ],
        "alarms": [
            {"outcome": a.outcome, "mix": a.mix, "value": a.value, "expected": list(a.expected), "level": a.level}
            for a in known.alarms
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def two_lines(one: tables.Cell) -> str:
    """First line, and the second one dimmed below it; brackets are not markup."""
    from rich.markup import escape

    return f"{one.first}\n[dim]{escape(one.second)}[/dim]" if one.second else one.first
