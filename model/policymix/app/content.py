"""What the page shows of an answer: tables first, which are quick, then figures; texts and pictures as plain data."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from policymix.analysis.groups import by_group
from policymix.analysis.headline import headline, rows
from policymix.analysis.scorecard import scorecard
from policymix.analysis.selection import years_of
from policymix.analysis.targets import Target
from policymix.analysis.treasury import treasury
from policymix.app.stock import Stock
from policymix.app.words import TABS, words
from policymix.errors import NotFound
from policymix.report import figures, tables
from policymix.report.answers import Page, group_pages, money_page, target_page
from policymix.report.html import inline
from policymix.report.names import Name, naming
from policymix.report.style import render, speaking

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

Content = dict[str, Any]
TABLES: Stock[list[dict[str, Any]]] = Stock(120)
PICTURES: Stock[list[dict[str, Any]]] = Stock(120)
KEY_ROWS = (
    "paid", "investment_gross", "investment_additional", "additional_share", "cost_per_investment", "cost_per_job",
    "active_firms_city", "employment_city", "core_share",
)  # fmt: skip
SIZE = re.compile(rb'<svg[^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"')


def contents(
    tab: str, results: xarray.Dataset, targets: Sequence[Target], lang: str, names: Mapping[str, Name]
) -> Iterator[Content]:
    """A tab of the page: once with its tables, then with its figures besides.

    Parameters
    ----------
    names : titles of places, industries, packages and clauses, as `names_of` finds them

    Returns
    -------
    dicts of ``tables`` (title, columns, rows of label and cells, notes) and ``figures`` (src, alt, width, height)

    Raises
    ------
    NotFound
        No such tab.
    """
    if tab not in TABS:
        raise NotFound("tab", tab, TABS)
    shown = _tables(tab, results, targets, lang, names)
    yield {"tables": shown, "figures": []}
    yield {"tables": shown, "figures": _pictures(tab, results, targets, lang, names)}


def shared_contents(
    mark: Hashable,
    tab: str,
    results: xarray.Dataset,
    targets: Sequence[Target],
    lang: str,
    names: Mapping[str, Name],
) -> Iterator[Content]:
    """`contents`, made once for all visitors who are shown the same results, which ``mark`` names; at once with the
    figures where somebody has drawn them."""
    whole = (mark, tab, lang)
    shown = TABLES.get(whole, lambda: _tables(tab, results, targets, lang, names))
    if whole not in PICTURES:
        yield {"tables": shown, "figures": []}
    drawn = PICTURES.get(whole, lambda: _pictures(tab, results, targets, lang, names))
    yield {"tables": shown, "figures": drawn}


def _tables(
    tab: str, results: xarray.Dataset, targets: Sequence[Target], lang: str, names: Mapping[str, Name]
) -> list[dict[str, Any]]:
    with naming(names):
        return [asdict(replace(page, title=page.heading)) for page in PAGES[tab](results, targets, lang)]


def _pictures(
    tab: str, results: xarray.Dataset, targets: Sequence[Target], lang: str, names: Mapping[str, Name]
) -> list[dict[str, Any]]:
    with naming(names):
        return [_picture(name, draw, lang) for name, draw in FIGURES[tab](results, targets).items()]


def _overview(results: xarray.Dataset, targets: Sequence[Target], lang: str) -> Iterable[Page]:
    """The treasury's bill, what it changed, and the chance of the core-share target."""
    known = {row.id: row for row in rows(results)}
    chosen = [known[name] for name in KEY_ROWS if name in known]
    table = headline(results, _core_targets(results, targets), chosen=chosen)
    mixes = table["mix"].values.tolist()
    lines = [
        (tables.label(table, row, lang), [tables.cell(table, row, mix, lang) for mix in mixes])
        for row in table["row"].values.tolist()
    ]
    yield Page(tables.title(table, lang), mixes, lines, [words(lang)["hint"]])


def _core_targets(results: xarray.Dataset, targets: Sequence[Target]) -> list[Target]:
    """Targets of the core share within the horizon."""
    last = years_of(results)[-1]
    return [each for each in targets if each.outcome == "core_share" and each.at is not None and each.at.year <= last]


def _targets(results: xarray.Dataset, targets: Sequence[Target], lang: str) -> Iterable[Page]:
    if targets:
        yield target_page(scorecard(results, targets), lang)


def _money(results: xarray.Dataset, targets: Sequence[Target], lang: str) -> Iterable[Page]:
    yield money_page(treasury(results), lang)


def _additionality(results: xarray.Dataset, targets: Sequence[Target], lang: str) -> Iterable[Page]:
    """By size of the firm, and by clause without those of other packages."""
    yield from group_pages(by_group(results, "size"), lang)
    for page in group_pages(by_group(results, "clause"), lang):
        moved = [(label, cells) for label, cells in page.rows if any(cell.first != "0" for cell in cells)]
        yield replace(page, rows=moved)


def _no_table(results: xarray.Dataset, targets: Sequence[Target], lang: str) -> Iterable[Page]:
    return ()


Draws = dict[str, Callable[[], "Figure"]]


def _core_share_figure(results: xarray.Dataset, targets: Sequence[Target]) -> Draws:
    last = years_of(results)[-1]
    target = next((t for t in _core_targets(results, targets) if t.at is not None and t.at.year == last), None)
    return {"overview": lambda: figures.core_share(results, target)}


PAGES = {
    "overview": _overview, "targets": _targets, "money": _money, "additionality": _additionality, "paths": _no_table,
}  # fmt: skip
FIGURES: dict[str, Callable[[Any, Sequence[Target]], Draws]] = {
    "overview": _core_share_figure,
    "targets": lambda results, targets: {"targets": lambda: figures.ladder(results, targets)},
    "money": lambda results, targets: {"money": lambda: figures.money(results)},
    "additionality": lambda results, targets: {"additionality": lambda: figures.additionality(results)},
    "paths": lambda results, targets: {
        "paths": lambda: figures.paths(results, "investment"),
        "firms": lambda: figures.paths(results, "active_firms", place="zone"),
    },
}


def _picture(name: str, draw: Callable[[], Figure], lang: str) -> dict[str, Any]:
    """A figure as a picture with its size in points and its title as the text for those who cannot see it."""
    with speaking(lang):
        figure = draw()
        svg = render(figure, "svg")
    found = SIZE.search(svg)
    width, height = (round(float(each)) for each in found.groups()) if found else (640, 400)
    title = getattr(figure, "_suptitle", None)
    alt = title.get_text().replace("\n", " ") if title is not None else words(lang).get(name, name)
    return {"name": name, "src": inline(svg), "alt": alt, "width": width, "height": height}
