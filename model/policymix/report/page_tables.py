"""Tables of the page, made by great_tables: a caption for every number, readable on a phone and on paper.

great_tables gives structure: heads, stubs, groups of rows, the ids that tie a cell to its heads. The page's own style
sheet takes the place of its styles, which would be eight kilobytes for every table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from policymix.report.tables import Cell

STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


@dataclass(frozen=True)
class Row:
    """One line: what it is about, its cells, and the group of lines that it belongs to."""

    label: Cell
    cells: Sequence[Cell]
    group: str = ""


@dataclass(frozen=True)
class Sheet:
    """One table of the page.

    Attributes
    ----------
    id : of the table within the page
    corner : what the labels are
    heads : of the columns
    words : which columns, from 0, hold words and not numbers
    title : above it; units and price base stand here
    notes : below it
    """

    id: str
    corner: Cell
    heads: Sequence[Cell]
    rows: Sequence[Row]
    words: Sequence[int] = ()
    title: Cell | None = None
    notes: Sequence[str] = ()


def words(english: str, chinese: str, lang: str) -> Cell:
    """A text in the language of the page; in both, Chinese stands below."""
    if lang == "zh":
        return Cell(chinese or english)
    return Cell(english, chinese) if lang == "both" and chinese != english else Cell(english)


def table(sheet: Sheet) -> Markup:
    """A sheet as HTML: the table, its title above and its notes below."""
    import pandas
    from great_tables import GT, html

    names = [f"c{index}" for index in range(len(sheet.heads))]
    lines = [
        {"group": row.group, "label": _html(row.label), **dict(zip(names, map(_html, row.cells), strict=True))}
        for row in sheet.rows
    ]
    frame = pandas.DataFrame(lines, columns=["group", "label", *names])
    grouped = any(row.group for row in sheet.rows)
    made = GT(
        frame if grouped else frame.drop(columns="group"),
        rowname_col="label",
        groupname_col="group" if grouped else None,
        id=sheet.id,
    )
    made = made.tab_stubhead(html(_html(sheet.corner)))
    made = made.cols_label({name: html(_html(head)) for name, head in zip(names, sheet.heads, strict=True)})
    texts = [names[index] for index in sheet.words]
    made = made.cols_align("right", [name for name in names if name not in texts]).cols_align("left", texts)
    made = made.fmt_passthrough(columns=["label", *names], escape=False)
    found = Markup(STYLE.sub("", made.as_raw_html()))
    return Markup("{}<style>{}</style>{}{}").format(_above(sheet.title), _phone(sheet), found, _below(sheet.notes))


def _html(cell: Cell) -> str:
    """First line, and the others small below it."""
    first = escape(cell.first)
    if cell.mark == "code":
        first = Markup("<code>{}</code>").format(first)
    elif cell.mark:
        first = Markup('<span class="{}">{}</span>').format(cell.mark, first)
    below = Markup("").join(Markup("<br><small>{}</small>").format(line) for line in cell.second.splitlines())
    return str(first + below)


def _above(title: Cell | None) -> Markup:
    if title is None:
        return Markup("")
    below = Markup(' <span lang="zh">{}</span>').format(title.second) if title.second else Markup("")
    return Markup('<p class="caption">{}{}</p>').format(title.first, below)


def _below(notes: Iterable[str]) -> Markup:
    return Markup("").join(Markup('<p class="note">{}</p>').format(note) for note in notes)


def _phone(sheet: Sheet) -> Markup:
    """On a phone a line is a block, and every cell says its column."""
    rules = []
    for index, head in enumerate(sheet.heads, start=1):
        text = json.dumps(head.first, ensure_ascii=False).replace("<", "\\3c ")
        rules.append(f"#{sheet.id} td:nth-of-type({index})::before{{content:{text}}}")
    return Markup("@media screen and (max-width:600px){" + "".join(rules) + "}")
