"""What a back-test found, for people: tables with the misses first, JSON, files and one page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policymix.calibrate.backtest import Backtest
from policymix.calibrate.rivals import RIVALS
from policymix.calibrate.spending import Spent
from policymix.calibrate.tally import answer, dataset, is_of_target, point_of, rows, targets
from policymix.experiments.store import save
from policymix.report import backtest_figures
from policymix.report.figures import save as save_bytes
from policymix.report.html import inline, rendered
from policymix.report.odd import table
from policymix.report.style import number, render

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console

PIPE_WIDTH = 132
LEVELS = ("0.5", "0.8", "0.9")
BILLION = 1e9


def content(result: Backtest, money: Sequence[Spent]) -> dict[str, Any]:
    """Everything that was found as plain data (`tally.answer` and the money), misses first."""
    return {**answer(result), "money": [_money(row) for row in money]}


def _money(row: Spent) -> dict[str, Any]:
    bound = row.bound
    return {
        "id": bound.id,
        "title": {"en": bound.title.en, "zh": bound.title.zh},
        "published": row.published,
        "paid": [row.low, row.median, row.high],
        "inside": row.inside,
        "source": bound.source,
        "why": bound.why,
    }


def to_json(found: Mapping[str, Any]) -> str:
    """The content as JSON."""
    return json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False)


def all_targets(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The targets over several cities' contents."""
    judged = [row for each in found for row in each["rows"]]
    points = [point_of(row) for each in found for row in each["points"]]
    ladder = {row["id"] for each in found for row in each["rows"] if row["ladder"]}
    return targets(judged, points, [point for point in points if is_of_target(point, ladder)])


def mark(passed: bool | None) -> str:
    """One word for a verdict."""
    return {True: "pass", False: "miss", None: "not judged"}[passed]


def target_cells(target: Mapping[str, Any]) -> list[str]:
    """A target as cells: verdict, title, value, of what."""
    value = "–" if target["value"] is None else f"{100.0 * target['value']:.0f} %"
    return [mark(target["pass"]), target["title"]["en"], value, target["of"]]


def series_cells(row: Mapping[str, Any]) -> list[str]:
    """A series as cells: verdict, title, points, CRPS, ratios to the rivals, covered points by level."""
    ratios = [("–" if row["relative"][name] is None else number(row["relative"][name], 2)) for name in RIVALS]
    covered = [f"{row['covered'][level]}" for level in LEVELS]
    score = f"{number(row['crps'])} {row['unit'].replace('_', ' ')}"
    return ["better" if row["beats"] else "loses", row["title"]["en"], str(row["points"]), score, *ratios, *covered]


def money_cells(row: Mapping[str, Any]) -> list[str]:
    """A bound as cells: verdict, title, money paid (5 %, median, 95 %), the published figure, its row."""
    low, median, high = (number(value / BILLION, 2) for value in row["paid"])
    verdict = mark(row["inside"])
    return [
        verdict,
        row["title"]["en"],
        f"{low} / {median} / {high}",
        number(row["published"] / BILLION, 2),
        row["source"],
    ]


TARGET_HEAD = ("", "target", "found", "of")
SERIES_HEAD = (
    "",
    "series",
    "points",
    "mean CRPS",
    "to last value",
    "to last growth",
    "to AR(1)",
    "in 50 %",
    "80 %",
    "90 %",
)
MONEY_HEAD = ("", "money", "paid, bn CNY (5 %, median, 95 %)", "bound, bn CNY", "row")


def markdown(found: Mapping[str, Any]) -> list[str]:
    """A city's back-test as lines of Markdown, misses first."""
    title, origins = found["title"], ", ".join(map(str, found["origins"]))
    lines = [
        f"## {title['en']} {title['zh']}",
        "",
        f"Origins {origins}; {found['draws']} simulated cities of each.",
        "",
    ]
    lines += [*table(list(TARGET_HEAD), [target_cells(row) for row in found["targets"]]), ""]
    lines += [*table(list(SERIES_HEAD), [series_cells(row) for row in found["rows"]]), ""]
    if found["money"]:
        lines += [*table(list(MONEY_HEAD), [money_cells(row) for row in found["money"]]), ""]
    if found["not_judged"]:
        names = ", ".join(f"{row['id']} ({', '.join(map(str, row['years']))})" for row in found["not_judged"])
        lines += [f"Not judged, for want of a figure at an origin and one after it: {names}.", ""]
    return lines


def print_report(found: Mapping[str, Any], console: Console | None = None) -> None:
    """Print targets, series and money, misses first."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = console or Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH, file=console.file)
    english, chinese = found["title"]["en"], found["title"]["zh"]
    for title, head, cells in (
        (f"{english}: targets, misses first\n{chinese}:目标(未达标者在前)", TARGET_HEAD,
         [target_cells(row) for row in found["targets"]]),
        (f"{english}: mean CRPS over that of each naive forecast; below 1 the model is better; losers first\n"
         f"{chinese}:平均CRPS与简单预测之比,小于1为优", SERIES_HEAD, [series_cells(row) for row in found["rows"]]),
        ("Money paid by the packages against published bounds\n拨付资金与公布数额", MONEY_HEAD,
         [money_cells(row) for row in found["money"]]),
    ):  # fmt: skip
        if not cells:
            continue
        shown = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
        for position, name in enumerate(head):
            shown.add_column(name, justify="right" if position > 1 else "left", overflow="fold")
        for row in cells:
            colour = "red" if row[0] in ("miss", "loses") else "green" if row[0] in ("pass", "better") else "yellow"
            shown.add_row(f"[{colour}]{row[0]}[/]", *row[1:])
        console.print(shown)


def write(result: Backtest, found: Mapping[str, Any], folder: Path, command: str) -> list[Path]:
    """Write ``backtest.nc``, ``backtest.json``, the figures and ``backtest.html`` into a folder; returns the files."""
    drawn = {
        "forecasts": backtest_figures.forecasts(result),
        "scores": backtest_figures.scores(rows(result), result.title),
    }
    files = [save(dataset(result), folder / "backtest.nc")]
    files.append(save_bytes((to_json(found) + "\n").encode(), folder / "backtest.json"))
    for name, figure in drawn.items():
        for kind in ("png", "svg"):
            files.append(save_bytes(render(figure, kind), folder / f"{name}.{kind}"))
    files.append(save_bytes(page(found, drawn, command).encode(), folder / "backtest.html"))
    return files


def page(found: Mapping[str, Any], drawn: Mapping[str, Figure], command: str) -> str:
    """One self-contained page."""
    sections = [
        ("Targets", "目标", TARGET_HEAD, [target_cells(row) for row in found["targets"]]),
        ("Scores by series", "各序列得分", SERIES_HEAD, [series_cells(row) for row in found["rows"]]),
        (
            "Money against published bounds",
            "拨付资金与公布数额",
            MONEY_HEAD,
            [money_cells(row) for row in found["money"]],
        ),
    ]
    return rendered(
        "backtest.html.j2",
        title=found["title"],
        draws=found["draws"],
        origins=found["origins"],
        sections=[section for section in sections if section[3]],
        images={name: inline(render(figure, "svg")) for name, figure in drawn.items()},
        command=command,
    )
