"""The designer's questions as tables: by group, by target, by yuan, by clause; for terminal, JSON and CSV."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policymix.errors import RunFailed
from policymix.report.names import clause_name, name_of
from policymix.report.style import difference_unit, number, unit_of
from policymix.report.tables import NOT_RESOLVED, Cell, checked_language, interval, quantity, target_name
from policymix.report.terminal import console_for_report, two_lines

if TYPE_CHECKING:
    import xarray
    from rich.console import Console
    from rich.table import Table

NOTHING = Cell("–")
PARTS = {
    "gross": ("gross", "总额"),
    "additional": ("additional", "新增"),
    "additional_share": ("additional / gross", "新增占比"),
    "deadweight": ("deadweight", "无谓支持"),
    "displacement": ("displacement", "对其他企业"),
    "net": ("net", "净变化"),
    "relocation": ("moved in less out", "区间迁移"),
    "from_elsewhere": ("from outside the city", "市外迁入"),
    "paid": ("paid (nominal)", "净拨付(现价)"),
    "allocated": ("additional, allocated", "分摊的新增"),
    "highest_lead": ("ahead at the peak", "最大领先"),
    "pulled_forward": ("pulled forward", "提前实施"),
}
ACTIVITY_NAMES = {
    "investment": ("investment", "投资"),
    "real_rd": ("real R&D", "实际研发"),
    "value_added": ("value added", "增加值"),
    "employment": ("jobs at the end", "期末就业"),
    "active_firms": ("active firms at the end", "期末经营企业"),
}
BY_NAMES = {
    "place": ("place", "地区"), "industry": ("industry", "行业"), "size": ("size class", "规模"),
    "rung": ("highest rung", "梯队"), "clause": ("clause", "条款"), "year": ("year", "年份"),
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """One table: texts only; ``about`` is the mix that it tells of, where it tells of one."""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[Cell]]]
    notes: list[str] = field(default_factory=list)
    about: str = ""

    @property
    def heading(self) -> str:
        """The title with the mix that the table is about."""
        return f"{self.about}: {self.title}" if self.about and not self.title.startswith(self.about) else self.title


def group_pages(table: xarray.Dataset, lang: str = "en", counted: str = "") -> list[Page]:
    """Parts by group (``analysis.groups.by_group``), a page for each mix but the baseline.

    ``counted`` is the language of the numbers' units, as `style.unit_of` has it; so below.
    """
    zh = int(lang == "zh")
    unit, by = table.attrs["units"], table.attrs["by"]
    parts = table["part"].values.tolist()
    activity, named = ACTIVITY_NAMES[table.attrs["activity"]][zh], BY_NAMES[by][zh]
    pages = []
    for mix in table["mix"].values.tolist():
        if mix == table.attrs["baseline"]:
            continue
        one, rows = table.sel(mix=mix), []
        for group in table["group"].values.tolist():
            cells = [_of(one.sel(group=group, part=part), _unit_of_part(part, unit), part, lang) for part in parts]
            rows.append(((clause_name if by == "clause" else name_of)(group)[zh], cells))
        shown, base, baseline = unit_of(unit, lang, counted)[1], table.attrs["price_base"], table.attrs["baseline"]
        head = (
            f"{activity}(按{named};{shown},{base} 年价),与“{baseline}”配对,90% 区间" if zh
            else f"{activity} by {named}; {shown}, {base} prices, paired with {baseline}, 90 % intervals"
        )  # fmt: skip
        pages.append(Page(head, [PARTS[part][zh] for part in parts], rows, _group_notes(by, zh), mix))
    return pages


def _unit_of_part(part: str, unit: str) -> str:
    return {"additional_share": "ratio", "paid": "CNY"}.get(part, unit)


def _group_notes(by: str, zh: int) -> list[str]:
    """What a reader has to know of a breakdown."""
    notes = {
        "place": ("a firm counts where it was at the fork or entered; what is done in a place changes by net and moves",
                  "企业按分叉时或进入时所在地计;该地活动的变化=净变化+迁移"),
        "clause": ("gross: clauses share claims, so they overlap; allocated: shared out by present value paid, not "
                   "caused (policymix attribute finds the cause)",
                   "总额有重叠;分摊按拨付现值,不代表因果(见 policymix attribute)"),
        "year": ("pulled forward: ahead at a year's end and no longer at the end; additional = peak - pulled forward",
                 "提前实施:曾领先而期末不再领先的部分"),
    }  # fmt: skip
    return [notes[by][zh]] if by in notes else []


def money_page(table: xarray.Dataset, lang: str = "en", counted: str = "") -> Page:
    """The treasury's table (``analysis.treasury.treasury``)."""
    zh, rows = int(lang == "zh"), []
    mixes = [mix for mix in table["mix"].values.tolist() if mix != table.attrs["baseline"]]
    for measure in table["measure"].values.tolist():
        one = table.sel(measure=measure)
        unit = str(one["unit"].values)
        label = str(one["title_zh" if zh else "title"].values)
        shown = unit_of(_money_unit(unit), lang, counted)[1]
        label = label if unit == "1" or "%" in shown else f"{label},{shown}" if zh else f"{label}, {shown}"
        rows.append((label, [_of(one.sel(mix=mix), _money_unit(unit), "", lang) for mix in mixes]))
    discount, base = table.attrs["discount"], table.attrs["price_base"]
    title = (
        f"财政账:折现率 {discount},{base} 年不变价(注明现价者除外),90% 区间" if zh
        else f"The treasury: discounted at {discount} a year, {base} prices unless nominal, 90 % intervals"
    )  # fmt: skip
    notes = [
        "效益只计期内增加值且视资源在别处无产出:上限" if zh
        else "benefit: value added of the horizon, as if its labour and capital were idle elsewhere; an upper bound"
    ]  # fmt: skip
    return Page(title, mixes, rows, notes)


def _money_unit(unit: str) -> str:
    return {"CNY per firm": "CNY per job", "CNY per point": "CNY"}.get(unit, unit)


def target_page(table: xarray.Dataset, lang: str = "en") -> Page:
    """The scorecard of all tracked targets (``analysis.scorecard.scorecard``), least likely first."""
    zh, rows = int(lang == "zh"), []
    mixes, baseline = table["mix"].values.tolist(), table.attrs["baseline"]
    names = [name for name in table["target"].values.tolist() if bool(table["tracked"].sel(target=name))]
    names.sort(key=lambda name: float(table["probability"].sel(target=name)[-1]))
    for name in names:
        one = table.sel(target=name)
        label = target_name({key: one[key].values for key in ("indicator", "title", "title_zh")})[zh]
        cells = [_chance_cell(one.sel(mix=mix), mix == baseline, lang) for mix in mixes]
        last = one.sel(mix=mixes[-1])
        cells += [
            _expected_cell(last),
            Cell(_plain(float(last["shortfall"]))),
            _crossing_cell(last, zh),
            _needed_cell(last),
        ]
        rows.append((f"{name}  {label} {one['line'].values}", cells))
    title = (
        f"目标达成概率 [90%],其下为与“{baseline}”的配对差异;右列为“{mixes[-1]}”" if zh
        else f"Targets: probability [90 %] and paired difference to {baseline}; at the right under {mixes[-1]}"
    )  # fmt: skip
    more = (
        ["预期 [90%]", "预期缺口", "达标年份", "所需/预计年增"] if zh
        else ["expected [90 %]", "expected shortfall", "met from", "needed / ahead a year"]
    )  # fmt: skip
    untracked = int((~table["tracked"]).sum())
    notes = (
        [f"未跟踪目标:{untracked}" if zh else f"targets that the model does not track: {untracked}"]
        if untracked
        else []
    )
    return Page(title, [*mixes, *more], rows, notes)


def joint_page(table: xarray.Dataset, lang: str = "en") -> Page:
    """Probability of a set of targets (``analysis.scorecard.joint``)."""
    baseline = str(table.attrs["baseline"])
    mixes = table["mix"].values.tolist()
    cells = [_chance_cell(table.sel(mix=mix), mix == baseline, lang) for mix in mixes]
    label = "全部达成" if lang == "zh" else "all of them"
    head = "同时达成:" if lang == "zh" else "All of "
    return Page(f"{head}{table.attrs['targets']}", mixes, [(label, cells)])


def between_page(table: xarray.Dataset, target: str, lang: str = "en") -> Page:
    """Differences of one target between any two mixes (``analysis.scorecard.between``)."""
    mixes = table["mix"].values.tolist()
    rows = []
    for mix in mixes:
        cells = []
        for other in mixes:
            one = table.sel(target=target, mix=mix, other=other)
            cells.append(NOTHING if mix == other else _difference_cell(one, lang))
        rows.append((mix, cells))
    title = f"{target}:行减列" if lang == "zh" else f"{target}: row less column, paired"
    return Page(title, mixes, rows)


def attribution_page(table: xarray.Dataset, lang: str = "en", counted: str = "") -> Page:
    """Shares of the parts of a mix (``analysis.attribution.attribute``), the largest Shapley share first."""
    zh, unit = int(lang == "zh"), table.attrs["units"]
    total = float(table.attrs["total_mean"])
    order = table["mean"].sel(share="shapley").to_series().sort_values(ascending=False).index
    divisor, named = difference_unit(unit, lang, counted)
    rows = []
    for name in order:
        one = table.sel(player=name)
        cells = [_share_cell(one.sel(share=share), divisor, lang) for share in table["share"].values.tolist()]
        part = float(one["mean"].sel(share="shapley")) / total if total else math.nan
        known = bool(one["resolved"].sel(share="shapley"))
        cells.append(Cell(f"{number(100.0 * part, 1)} %") if known and total else NOTHING)
        rows.append((clause_name(str(name))[zh], cells))
    whole = f"{number(total / divisor)} ± {number(float(table.attrs['total_standard_error']) / divisor)}"
    rows.append(("合计" if zh else "all of them", [Cell(whole), NOTHING, NOTHING, Cell("100 %")]))
    title = table.attrs["title_zh"] if zh else table.attrs["title"]
    head = (
        f"{table.attrs['mix']}:{title}({named}),{table.attrs['runs']} 次运行,± 标准误" if zh
        else f"{table.attrs['mix']}: what each part adds to {title}, {named}; {table.attrs['runs']} runs, ± s.e."
    )  # fmt: skip
    columns = (
        ["Shapley 份额", "首个加入", "最后加入", "占比"] if zh else ["Shapley", "first in", "last in", "of the whole"]
    )
    pairs = table.attrs["pairs"]
    if table.attrs["exact"]:
        note = "所有组合均已运行" if zh else "all coalitions"
    else:
        note = f"每次运行抽取 {pairs} 个次序及其逆序" if zh else f"{pairs} sampled orders a run, with their reverses"
    return Page(head, columns, rows, [f"{note}; {table.attrs['method']}"], str(table.attrs["mix"]))


def effort_page(table: xarray.Dataset, mix: str, lang: str = "en") -> Page:
    """Draws that intervals need (``analysis.effort.effort``), under one mix."""
    zh, rows = int(lang == "zh"), []
    counts = table["replicates"].values.tolist()
    for row in table["row"].values.tolist():
        one = table.sel(row=row, mix=mix)
        divisor, unit = difference_unit(str(one["unit"].values), lang)
        numbers = [float(one[key]) / divisor for key in ("mean", "between", "within", "half_width_now", "half_width")]
        cells = [Cell(number(value)) if math.isfinite(value) else NOTHING for value in numbers]
        needed = [float(one["draws_needed"].sel(replicates=count)) for count in counts]
        cells += [Cell(number(value, 0)) if math.isfinite(value) else NOTHING for value in needed]
        label = str(one["label_zh" if zh else "label"].values)
        rows.append((f"{label}, {unit}" if unit else label, cells))
    size = f"{table.attrs['draws']} x {table.attrs['replicates']}"
    title = (
        f"{mix}:与“{table.attrs['baseline']}”之差的90%区间需要多少抽样(试算 {size} 次)" if zh
        else f"{mix}: draws that a 90 % interval of the difference to {table.attrs['baseline']} needs (pilot {size})"
    )  # fmt: skip
    columns = (
        ["均值", "抽样间", "抽样内", "现半宽", "目标半宽"]
        if zh
        else ["mean", "between", "within", "half-width", "wanted"]
    )
    columns += [f"{count} 次重复" if zh else f"draws, {count} repl." for count in counts]
    note = (
        "同一次数下,重复数为1的区间最窄" if zh
        else "between and within draws: standard deviations; for the same runs one replicate is the narrowest"
    )  # fmt: skip
    return Page(title, columns, rows, [note])


def _share_cell(one: xarray.Dataset, divisor: float, lang: str) -> Cell:
    """A share with its standard error; the words where it is smaller than two of them."""
    mean, error = float(one["mean"]), float(one["standard_error"])
    if mean == 0.0 and not error > 0.0:
        return Cell("0")
    text = f"{number(mean / divisor)} ± {number(error / divisor)}"
    return Cell(text) if bool(one["resolved"]) else Cell(NOT_RESOLVED[lang], text)


def rich_table(page: Page) -> Table:
    """A page as a rich table."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    shown = Table(title=escape(page.heading), box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    shown.add_column("", overflow="fold")
    for column in page.columns:
        shown.add_column(column, justify="right", overflow="fold")
    for label, cells in page.rows:
        shown.add_row(escape(label), *(two_lines(cell) for cell in cells))
    return shown


def print_pages(pages: Iterable[Page], console: Console | None = None) -> None:
    """Print pages with their notes."""
    console = console or console_for_report()
    for page in pages:
        console.print(rich_table(page))
        for note in page.notes:
            console.print(note, style="dim", markup=False)


def to_markdown(page: Page) -> str:
    """A page as a Markdown table with its notes below."""
    lines = [f"**{page.title}**", "", "| | " + " | ".join(page.columns) + " |", "|---" * (len(page.columns) + 1) + "|"]
    for name, cells in page.rows:
        texts = [" ".join(filter(None, [cell.first, cell.second.replace("\n", " ")])) for cell in cells]
        lines.append("| " + " | ".join(text.replace("|", "\\|") for text in (name, *texts)) + " |")
    return "\n".join([*lines, "", *(f"- {note}" for note in page.notes)])


def to_json(table: xarray.Dataset) -> str:
    """A table as JSON: attributes, and one record for each cell, in base units; what is no number is null."""
    frame = table.to_dataframe().reset_index()
    records = [{key: _json(value) for key, value in row.items()} for row in frame.to_dict("records")]
    return json.dumps(
        {"about": {k: _json(v) for k, v in table.attrs.items()}, "rows": records}, ensure_ascii=False, indent=1
    )


def write_csv(table: xarray.Dataset, path: Path) -> int:
    """A table as CSV in base units; returns its lines."""
    frame = table.to_dataframe().reset_index()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(path, index=False, lineterminator="\n")
    except OSError as error:
        raise RunFailed(f"cannot write {path}: {error.strerror or error}") from None
    return len(frame)


def languages(lang: str) -> str:
    """The language of a table: English for ``both`` too."""
    return "zh" if checked_language(lang) == "zh" else "en"


def _json(value: Any) -> Any:
    plain = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain


def _of(one: xarray.Dataset, unit: str, part: str, lang: str) -> Cell:
    """A statistic with its interval; the words where it is not resolved."""
    mean, low, high = (float(one[name]) for name in ("mean", "low", "high"))
    if not math.isfinite(mean):
        return NOTHING
    if mean == low == high == 0.0:
        return Cell("0")
    reach = interval(low, high, unit, lang) if math.isfinite(low) and math.isfinite(high) else ""
    if not bool(one["resolved"]):
        return Cell(NOT_RESOLVED[lang], reach)
    return Cell(quantity(mean, unit, lang), reach)


def _chance_cell(one: xarray.Dataset, at_baseline: bool, lang: str) -> Cell:
    """Probability; below it its 90 % interval and the paired difference."""
    reach = interval(float(one["probability_low"]), float(one["probability_high"]), "probability", lang)
    level = quantity(float(one["probability"]), "probability", lang)
    lines = [reach] if at_baseline else [reach, _difference_cell(one, lang).first]
    return Cell(level, "\n".join(line for line in lines if line))


def _difference_cell(one: xarray.Dataset, lang: str) -> Cell:
    mean, error = float(one["difference"]), float(one["difference_error"])
    if mean == 0.0:
        return Cell("无变化" if lang == "zh" else "no change")
    if not bool(one["resolved"]):
        return Cell(NOT_RESOLVED[lang])
    divisor, name = difference_unit("probability", lang)
    word = "标准误" if lang == "zh" else "s.e."
    return Cell(f"{number(mean / divisor, 2, sign=True)} {name} ({word} {number(error / divisor, 2)})")


def _plain(value: float, sign: bool = False) -> str:
    """A number of a target: shares and rates in per cent, large amounts in billions."""
    if not math.isfinite(value):
        return "–"
    if abs(value) >= 1e9:
        return f"{number(value / 1e9, 1, sign=sign)} bn"
    if abs(value) < 1.0:
        return f"{number(100.0 * value, 2, sign=sign)} %"
    return number(value, 0 if abs(value) >= 100 else 1, sign=sign)


def _expected_cell(one: xarray.Dataset) -> Cell:
    low, high = (_plain(float(one[f"expected_{end}"])) for end in ("low", "high"))
    return Cell(_plain(float(one["expected"])), f"[{low}, {high}]")


def _crossing_cell(one: xarray.Dataset, zh: int) -> Cell:
    """Year, and the share of the runs that meet the line at the date."""
    share = float(one["crossing_share"])
    if not math.isfinite(share):
        return NOTHING
    year = float(one["crossing"])
    first = f"{year:.0f}" if math.isfinite(year) else ("期内未达" if zh else "not by then")
    return Cell(first, f"{100 * share:.0f} %{'的运行' if zh else ' of runs'}")


def _needed_cell(one: xarray.Dataset) -> Cell:
    needed, ahead = float(one["needed"]), float(one["ahead"])
    return Cell(f"{_plain(needed)} / {_plain(ahead)}") if math.isfinite(needed) else NOTHING
