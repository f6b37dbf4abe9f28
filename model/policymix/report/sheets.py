"""What stands in each table of the page, in English, in Chinese, or in both with English numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from policymix.analysis.money import by_package
from policymix.analysis.selection import baseline_of, fullest_mix, packages_of
from policymix.report import tables
from policymix.report.answers import Page
from policymix.report.names import PAYERS, name_of
from policymix.report.page_tables import Row, Sheet, words
from policymix.report.style import number, unit_of
from policymix.report.tables import Cell

if TYPE_CHECKING:
    import xarray

    from policymix.report.trust import Verdicts

NOTHING = Cell("–")
FLOWS = {
    "committed": ("committed", "承诺"),
    "paid": ("paid", "拨付"),
    "outstanding": ("outstanding at the end", "期末待拨"),
    "cancelled": ("cancelled", "取消"),
    "recovered": ("recovered", "追回"),
}


def tongue(lang: str) -> str:
    """Language of numbers and units: English where the page speaks both."""
    return "zh" if lang == "zh" else "en"


def mix_heads(names: Iterable[str], baseline: str, lang: str) -> list[Cell]:
    """Mixes as heads of columns, the baseline marked."""
    mark = "基准" if lang == "zh" else "baseline 基准" if lang == "both" else "baseline"
    return [Cell(mix, mark if mix == baseline else "") for mix in names]


def mixes(results: xarray.Dataset, lang: str) -> Sheet:
    """Every mix and the packages in it, by their titles."""
    none = words(
        "none of the packages under study; all older and national rules stay in force",
        "不含所研究的政策;此前的政策和国家规定继续有效",
        lang,
    )
    rows = []
    for mix, packages in packages_of(results).items():
        titles = [name_of(package) for package in packages]
        said = words("; ".join(t[0] for t in titles), ";".join(t[1] for t in titles), lang) if packages else none
        rows.append(Row(Cell(mix), [said, Cell(" + ".join(packages) or "none", mark="code")]))
    heads = [words("packages", "政策", lang), words("their names in commands", "命令中的名称", lang)]
    return Sheet("mixes", words("mix", "组合", lang), heads, rows, words=(0, 1))


def headline(table: xarray.Dataset, lang: str, id: str = "headline") -> Sheet:
    """The headline: levels, and below them paired differences."""
    names = table["mix"].values.tolist()
    rows = []
    for row in table["row"].values.tolist():
        english, chinese = tables.label(table, row), tables.label(table, row, "zh", "en" if lang == "both" else "")
        cells = [tables.cell(table, row, mix, tongue(lang)) for mix in names]
        rows.append(Row(words(english, chinese, lang), cells))
    return Sheet(id, words("outcome", "结果", lang), mix_heads(names, table.attrs["baseline"], lang), rows)


def scorecard(results: xarray.Dataset, scores: Iterable[dict], lang: str) -> Sheet:
    """Tracked targets, misses first; what the mixes change below each probability."""
    names = [str(mix) for mix in results["mix"].values]
    rows = []
    for row in scores:
        if row["status"] == "untracked":
            continue
        label = words(f"{row['label']} {row['line']}", f"{row['label_zh']} {row['line_zh']}", lang)
        place = name_of(row["place"])[lang == "zh"] if row["place"] else ""
        note = row["note_zh" if lang == "zh" else "note"]
        below = "\n".join(filter(None, [label.second, ", ".join(filter(None, [row["id"], place])), note]))
        said = words(row["verdict"], row["verdict_zh"], lang)
        cells = [Cell(said.first, said.second, row["status"]), *(row["cells"][mix] for mix in names)]
        rows.append(Row(Cell(label.first, below), cells))
    heads = [words("verdict", "判断", lang), *mix_heads(names, baseline_of(results), lang)]
    return Sheet("targets", words("target", "目标", lang), heads, rows, words=(0,))


def accounts(results: xarray.Dataset, found: xarray.Dataset, lang: str) -> Sheet:
    """What every package committed, paid, owes and cancelled over the horizon, by mix and payer."""
    divisor, unit = unit_of("CNY", tongue(lang))
    money, baseline = by_package(results, found), baseline_of(results)
    flows = [name for name in FLOWS if name in money and (name != "recovered" or float(abs(money[name]).sum()) > 0.0)]
    rows = []
    for mix in (str(name) for name in money["mix"].values if str(name) != baseline):
        for package in money["package"].values.tolist():
            for payer in money["payer"].values.tolist():
                one = money.sel(mix=mix, package=package, payer=payer) / divisor
                if float(one["committed"].sum()) == 0.0:
                    continue
                at_end = {"outstanding": one["outstanding"].isel(year=-1)} if "outstanding" in flows else {}
                sums = [float(at_end[name] if name in at_end else one[name].sum("year")) for name in flows]
                who = PAYERS.get(payer, (payer, payer))
                label = words(f"{package}, paid by: {who[0]}", f"{package},出资方:{who[1]}", lang)
                rows.append(Row(label, [Cell(number(value)) for value in sums], mix))
    zh = unit_of("CNY", "zh", "en" if lang == "both" else "")[1]
    title = words(
        f"The treasury's accounts over the horizon, mean of runs, {unit}, nominal: "
        "committed = paid + outstanding + cancelled",
        f"期内财政账目,各次运行均值,{zh},现价:承诺 = 拨付 + 待拨 + 取消",
        lang,
    )
    heads = [words(*FLOWS[name], lang) for name in flows]
    return Sheet("accounts", words("package", "政策", lang), heads, rows, title=title)


def of_pages(id: str, corner: tuple[str, str], lang: str, made: Callable[[str, str], Sequence[Page]]) -> Sheet:
    """Tables of an answer as one, a group of lines for each mix.

    Parameters
    ----------
    made : pages for a language and the language of their units (`style.unit_of`)
    """
    main = made(tongue(lang), "")
    other = made("zh", "en") if lang == "both" else main
    rows = []
    for page, twin in zip(main, other, strict=True):
        for (label, cells), (second, _) in zip(page.rows, twin.rows, strict=True):
            said = words(label, second, lang) if lang == "both" else Cell(label)
            rows.append(Row(said, cells, page.about if len(main) > 1 else ""))
    first, twin = main[0], other[0]
    heads = [Cell(a, b if lang == "both" and a != b else "") for a, b in zip(first.columns, twin.columns, strict=True)]
    notes = [*first.notes, *(twin.notes if lang == "both" else ())]
    if first.about and first.title.startswith(first.about):
        head = first.title
    elif first.about and len(main) == 1:
        head = f"{first.about}: {first.title}"
    else:
        head = first.title[:1].upper() + first.title[1:]
    title = Cell(head, twin.title if lang == "both" else "")
    return Sheet(id, words(*corner, lang), heads, rows, title=title, notes=list(dict.fromkeys(notes)))


def paid_clauses(pages: Sequence[Page], results: xarray.Dataset) -> list[Page]:
    """Of the breakdown by clause, the fullest mix alone, without the clauses that nobody claimed."""
    kept = []
    for page in pages:
        if page.about == fullest_mix(results):
            rows = [(label, cells) for label, cells in page.rows if any(cell.first not in ("0", "–") for cell in cells)]
            kept.append(Page(page.title, page.columns, rows, page.notes, page.about))
    return kept


def trust(found: Iterable[Verdicts], lang: str) -> Sheet:
    """The kept tests of the model, what they missed by name."""
    rows = []
    for each in found:
        label = words(each.title, each.title_zh, lang)
        stale = words("made before a change of the code or data", "在代码或数据更改之前得出", lang)
        below = "\n".join(filter(None, [label.second, stale.first if each.stale else ""]))
        missed = "; ".join(names[lang == "zh"] for names in each.missed) or "–"
        zh = "; ".join(names[1] for names in each.missed) if lang == "both" else ""
        cells = [
            Cell(f"{each.passed} / {each.of}"),
            Cell(missed, zh, "missed" if each.missed else ""),
            Cell(each.command, mark="code"),
        ]
        rows.append(Row(Cell(label.first, below), cells))
    heads = [words("passed", "通过", lang), words("missed", "未通过", lang), words("repeat with", "复现命令", lang)]
    return Sheet("trust", words("test", "检验", lang), heads, rows, words=(1, 2))


def totals(compared: Iterable[Mapping], lang: str) -> Sheet:
    """Published against synthetic totals, misses first."""
    rows = []
    for row in compared:
        label = words(row["title"], row["title_zh"] or row["title"], lang)
        cells = [Cell(row[key]) for key in ("year", "published", "synthetic", "residual", "tolerance", "source")]
        rows.append(Row(Cell(label.first, label.second, "" if row["within"] else "missed"), cells))
    heads = [
        words("year", "年份", lang), words("published", "公布", lang), words("synthetic", "合成", lang),
        words("residual", "残差", lang), words("tolerance", "容差", lang), words("source", "来源", lang),
    ]  # fmt: skip
    title = words("Published against synthetic totals, misses first", "公布值与合成值(未达者在前)", lang)
    return Sheet("totals", words("total", "指标", lang), heads, rows, words=(5,), title=title)


def sources(found: Iterable[Mapping[str, str]], lang: str) -> Sheet:
    """Documents behind the packages, with the hashes of their files."""
    rows = []
    for row in found:
        said = words(row["title"] or row["package"], row["title_zh"] or row["title"] or row["package"], lang)
        document = Cell(said.first, "\n".join(filter(None, [said.second, row["source"]])))
        rows.append(Row(Cell(row["package"]), [document, Cell(row["sha256"][:16], mark="code")]))
    heads = [words("document", "文件", lang), Cell("sha-256")]
    return Sheet("sources", words("package", "政策", lang), heads, rows, words=(0, 1))


def never_claimed(results: xarray.Dataset, lang: str) -> str:
    """Median over runs of the part of the difference that comes from firms which never claimed, fullest mix."""
    if "never_claimed_share" not in results:
        return "本次运行未保存" if lang == "zh" else "not kept by this run"
    values = results["never_claimed_share"].sel(mix=fullest_mix(results)).values
    finite = values[np.isfinite(values)]
    return f"{100 * float(np.median(finite)):.0f} %" if finite.size else "–"
