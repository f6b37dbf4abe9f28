"""A design as tables and figures: the front beside the published packages, the smallest budget, what must be true."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from policymix.analysis.budget_scale import CLOSE
from policymix.report.answers import Page
from policymix.report.style import (
    GREY,
    INK,
    PALETTE,
    TARGET,
    bilingual,
    difference_unit,
    drawing,
    figure_unit,
    new_figure,
    number,
    unit_of,
)
from policymix.report.tables import Cell, interval, quantity

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

GOALS = {
    "investment": ("more investment", "新增投资"),
    "value_added": ("more value added", "新增增加值"),
    "real_rd": ("more real R&D", "新增实际研发"),
    "employment": ("more jobs at the end", "期末新增就业"),
    "active_firms": ("more firms at the end", "期末新增企业"),
    "core_share": ("core share, more", "核心产业占比变化"),
    "paid": ("paid (nominal)", "净拨付(现价)"),
}


def design_pages(table: xarray.Dataset, lang: str = "en") -> list[Page]:
    """Members in fresh draws, the first goal's best first, and the verdict in words."""
    zh = int(lang == "zh")
    goals = table["goal"].values.tolist()
    first = table.isel(goal=0)
    order = (first["goal_value"] * first["sign"]).to_series().sort_values(ascending=False).index.tolist()
    rows = []
    for name in order:
        one = table.sel(member=name)
        cells = [
            Cell(
                quantity(float(one["paid"]), "CNY", lang),
                interval(float(one["paid_low"]), float(one["paid_high"]), "CNY", lang),
            )
        ]
        for goal in goals:
            if goal != "paid":
                cells.append(_goal_cell(one.sel(goal=goal), lang))
        cells.append(_difference_cell(table, one, lang))
        unit = str(table["unit"].values[0])
        cells.append(Cell(_points(float(one["regret"]), unit, lang)))
        cells.append(Cell(quantity(float(one["robustness"]), "ratio", lang)))
        rows.append((_label(one, zh), cells))
    named = [goal_name(goal, zh, str(table["unit"].sel(goal=goal).values)) for goal in goals if goal != "paid"]
    million = unit_of("CNY", lang)[1]
    columns = [f"{GOALS['paid'][zh]}, {million}", *named]
    columns += (
        ["与最优已发布政策之差", "平均遗憾", "达标比例"] if zh
        else [f"less {table.attrs['best_published'] or 'nothing'}", "mean regret", "robust"]
    )  # fmt: skip
    budget = quantity(float(table.attrs["budget"]), "CNY", lang)
    head = (
        f"{table.attrs['title_zh']}:预算 {budget} {million},{table.attrs['fresh']} 次新抽样,“内”为搜索样本内" if zh
        else f"{table.attrs['title']}: budget {budget} {million}; in {table.attrs['fresh']} fresh draws "
        f"(below: in the {table.attrs['draws']} that the search saw)"
    )  # fmt: skip
    return [Page(head, columns, rows, [verdict(table, lang), *_notes(table, zh)])]


def goal_name(goal: str, zh: int, unit: str) -> str:
    """A goal as a column's head: what it is, in which unit."""
    column, _, rest = goal.partition(" >= ")
    plain, _, quantile = column.partition(", ")
    named = GOALS.get(plain, (f"P({plain})", f"{plain} 达成概率"))[zh]
    if rest:
        return f"{'概率:' if zh else 'share of draws: '}{named} ≥ {float(rest):g}"
    shown = unit_of(unit, "zh" if zh else "en")[1]
    return f"{named}{', ' + quantile if quantile else ''}" + ("" if shown == "%" else f", {shown}")


def verdict(table: xarray.Dataset, lang: str = "en") -> str:
    """What the reader is told first: which package is recommended, and whether the search beat the published ones."""
    zh, best = lang == "zh", table.attrs["best_published"]
    chosen = str(table["member"].values[int(table["recommended"].values.argmax())])
    found, unit = table.sel(member=table.attrs["design"]), str(table["unit"].values[0])
    gap = _points(float(found["difference"]), unit, lang)
    error = _points(float(found["difference_error"]), unit, lang)
    named = difference_unit(unit, lang)[1]
    said = str(table["text"].sel(member=chosen).values)
    if not best:
        return (
            f"推荐:{said}(没有可比的已发布政策)。"
            if zh
            else f"Recommended: {said}. No published package could be compared: see below."
        )
    money, factor = _both_pay(table, lang), f"{float(table['factor'].sel(member=best)):.3g}"
    if table.attrs["beaten"]:
        return (
            f"推荐 {chosen}:{said}。比 {best}(金额 × {factor})多 {gap} {named}(标准误 {error})。{money}" if zh
            else f"Recommended: {chosen}, {said}. It beats {best} (amounts x {factor}) "
            f"by {gap} {named} (s.e. {error}). {money}"
        )  # fmt: skip
    return (
        f"搜索未能胜过已发布政策:推荐 {said}。搜索所得最优方案与其相差 {gap} {named}(标准误 {error})。{money}" if zh
        else f"The search cannot beat the published packages: recommended is {said}. The best package that it found "
        f"differs from it by {gap} {named} (s.e. {error}). {money}"
    )  # fmt: skip


def _both_pay(table: xarray.Dataset, lang: str) -> str:
    """What the search's package and the best published one pay in fresh draws, as the budget counts it."""
    one, other = table.attrs["design"], table.attrs["best_published"]
    paid = [quantity(float(table["budget_use"].sel(member=name)), "CNY", lang) for name in (one, other)]
    unit = unit_of("CNY", lang)[1]
    if lang == "zh":
        return f"新抽样中 {one} 支付 {paid[0]} {unit},{other} 支付 {paid[1]} {unit}。"
    return f"In fresh draws {one} pays {paid[0]} {unit} and {other} {paid[1]}."


def _notes(table: xarray.Dataset, zh: int) -> list[str]:
    pairs = zip(table["member"].values.tolist(), table["text"].values.tolist(), table["published"].values, strict=True)
    notes = [f"{name}: {said}" for name, said, published in pairs if not published]
    over = [str(one) for one in table["member"].values[(table["budget_use"] > table.attrs["budget"]).values]]
    if over:
        notes.append(
            f"新抽样中超出预算:{', '.join(over)}" if zh else f"over the budget in fresh draws: {', '.join(over)}"
        )
    failed = table["member"].values[table["goal_value"].isnull().any("goal").values].tolist()
    if failed:
        notes.append(f"新抽样中失败:{', '.join(failed)}" if zh else f"failed in fresh draws: {', '.join(failed)}")
    notes += _short_of_the_budget(table, zh)
    for said in json.loads(table.attrs["not_candidates"]):
        notes.append(f"{'不可比' if zh else 'no candidate'}: {said}")
    counted = f"{table.attrs['evaluations']} packages tried, {table.attrs['feasible']} within the budget"
    notes.append(f"试算 {table.attrs['evaluations']} 个方案,{table.attrs['feasible']} 个在预算内" if zh else counted)
    failures = json.loads(table.attrs["failures"])
    if failures:
        notes.append(
            (f"{len(failures)} 次运行失败:" if zh else f"{len(failures)} runs failed: ") + "; ".join(failures[:3])
        )
    notes.append(
        "达标比例:达到最优已发布政策目标值的抽样比例;遗憾:与同一抽样中最优成员之差" if zh
        else "robust: share of draws that reach the goal of the best published; regret: to the best member of a draw"
    )  # fmt: skip
    return [*notes, str(table.attrs["method"])]


def _short_of_the_budget(table: xarray.Dataset, zh: int) -> list[str]:
    """Published mixes that no factor brings to the budget: what they pay in the draws in which they were scaled."""
    short = table["published"] & (table["paid_in_sample"] < CLOSE * table.attrs["budget"])
    notes = []
    for name in table["member"].values[short.values].tolist():
        one, lang = table.sel(member=name), "zh" if zh else "en"
        factor, unit = f"{float(one['factor']):.3g}", unit_of("CNY", lang)[1]
        paid = quantity(float(one["paid_in_sample"]), "CNY", lang)
        notes.append(
            f"未能缩放至预算:{name} × {factor} 在搜索样本内支付 {paid} {unit}" if zh
            else f"not brought to the budget: {name} x {factor} pays {paid} {unit} in the search's draws"
        )  # fmt: skip
    return notes


def _label(one: xarray.Dataset, zh: int) -> str:
    marks = []
    if bool(one["recommended"]):
        marks.append("推荐" if zh else "recommended")
    if bool(one["on_front"]):
        marks.append("前沿" if zh else "front")
    if bool(one["published"]):
        marks.append(f"{'已发布 ×' if zh else 'published x '}{float(one['factor']):.3g}")
    return f"{one['member'].item()}" + (f" ({', '.join(marks)})" if marks else "")


def _goal_cell(one: xarray.Dataset, lang: str) -> Cell:
    unit = str(one["unit"].values)
    now, error = _points(float(one["goal_value"]), unit, lang), _points(float(one["goal_error"]), unit, lang)
    return Cell(f"{now} ± {error}", f"({_points(float(one['goal_in_sample']), unit, lang)})")


def _difference_cell(table: xarray.Dataset, one: xarray.Dataset, lang: str) -> Cell:
    if one["member"].item() == table.attrs["best_published"]:
        return Cell("–")
    unit = str(table["unit"].values[0])
    text = _points(float(one["difference"]), unit, lang)
    second = "" if bool(one["resolved"]) else ("未分辨" if lang == "zh" else "not resolved")
    return Cell(text, second)


def _points(value: float, unit: str, lang: str) -> str:
    if not math.isfinite(value):
        return "–"
    divisor, _ = unit_of(unit, lang)
    scaled = value / divisor
    return number(scaled, 0 if abs(scaled) >= 100 else 2 if abs(scaled) < 10 else 1)


def smallest_page(table: xarray.Dataset, lang: str = "en") -> Page:
    """The smallest budget of every published mix."""
    zh = int(lang == "zh")
    rows = []
    for mix in table["mix"].values.tolist():
        one = table.sel(mix=mix)
        budget, low, high = (float(one[name]) for name in ("budget", "low", "high"))
        if math.isfinite(budget):
            top = quantity(high, "CNY", lang) if math.isfinite(high) else "∞"
            cell = Cell(quantity(budget, "CNY", lang), f"[{quantity(low, 'CNY', lang)}, {top}]")
        elif math.isnan(budget):
            cell = Cell("失败" if zh else "failed")
        else:
            cell = Cell("无" if zh else "none does")
        highest = quantity(float(one["highest"]), "probability", lang)
        at = quantity(float(one["highest_paid"]), "CNY", lang)
        rows.append((mix, [cell, Cell(quantity(float(one["never"]), "ratio", lang)), Cell(highest, f"({at})")]))
    named, wanted = unit_of("CNY", lang)[1], f"{100 * table.attrs['probability']:g} %"
    columns = (
        [f"最小预算,{named}", "无解的重抽样", "最高概率(拨付)"] if zh
        else [f"smallest budget, {named}", "resamples without one", "highest probability (paid)"]
    )  # fmt: skip
    head = (
        f"以 {wanted} 概率达成 {table.attrs['target']} 的最小预算({table.attrs['draws']} 次抽样)" if zh
        else f"Smallest budget that meets {table.attrs['target']} with {wanted}; {table.attrs['draws']} draws"
    )  # fmt: skip
    base = quantity(float(table.attrs["at_baseline"]), "probability", lang)
    notes = [f"无政策时概率 {base}" if zh else f"without a package the probability is {base}"]
    if not any(math.isfinite(value) for value in table["budget"].values.tolist()):
        notes.insert(
            0,
            f"金额放大至 {table.attrs['largest']:g} 倍仍无政策达到该概率。" if zh
            else f"No published package meets it with its amounts up to x {table.attrs['largest']:g}.",
        )  # fmt: skip
    for mix in table["mix"].values.tolist():
        one = table.sel(mix=mix)
        if int(one["draws"]) < table.attrs["draws"]:
            notes.append(f"{mix}: {int(one['draws'])} / {table.attrs['draws']} {'次抽样' if zh else 'draws'}")
        if one["left_out"].item():
            said = "有运行失败而略去的倍数" if zh else "left out for failed runs"
            notes.append(f"{mix}: {said}: {one['left_out'].item()}")
    if table.attrs["failed"]:
        notes.append(f"{table.attrs['failed']} runs failed: {'; '.join(json.loads(table.attrs['failures'])[:3])}")
    return Page(head, columns, rows, [*notes, str(table.attrs["method"])])


def truth_page(table: xarray.Dataset, lang: str = "en") -> Page:
    """What must be true of the uncertain numbers."""
    zh = int(lang == "zh")
    rows = []
    for rank in table["rank"].values.tolist():
        one = table.sel(rank=rank)
        side = {"at least": "≥", "below": "<"}[str(one["side"].values)]
        cells = [
            Cell(f"{side} {float(one['value']):.4g}"),
            Cell(quantity(float(one["inside"]), "ratio", lang), f"({int(one['draws'])}/{table.attrs['of']})"),
            Cell(quantity(float(one["outside"]), "ratio", lang)),
            Cell(f"{float(one['chance']):.2f}"),
        ]
        rows.append((str(one["parameter"].values), cells))
    name, level = table.attrs["member"], quantity(float(table.attrs["meets"]), "ratio", lang)
    head = (
        f"{name} 达标(新抽样中平均 {level})须满足什么" if zh
        else f"What must be true for {name} to reach its goal ({level} of fresh draws do)"
    )  # fmt: skip
    columns = (
        ["条件", "满足时", "不满足时", "偶然概率"] if zh else ["condition", "where it holds", "elsewhere", "by chance"]
    )
    if table.attrs["stands"]:
        first = table.sel(rank=1)
        name, value = first["parameter"].item(), f"{float(first['value']):.4g}"
        above = str(first["side"].values) == "at least"
        inside, outside = (quantity(float(first[key]), "ratio", lang) for key in ("inside", "outside"))
        note = (
            f"{name} {'≥' if above else '<'} {value} 时达标 {inside},否则 {outside}(相关,非因果)" if zh
            else f"It is reached with {inside} in draws where {name} is {'at least' if above else 'below'} {value}, "
            f"with {outside} elsewhere: an association, no necessity."
        )  # fmt: skip
    else:
        note = (
            "没有一项不确定因素超出偶然" if zh else "No single uncertain number stands out from chance in these draws."
        )
    return Page(head, columns, rows, [note, str(table.attrs["method"])])


def front_figure(table: xarray.Dataset) -> Figure:
    """The front: what is paid against the first goal, published packages marked, the budget as a line."""
    with drawing():
        goal, unit = str(table["goal"].values[0]), str(table["unit"].values[0])
        divisor, shown = figure_unit(unit)
        money, money_unit = figure_unit("CNY")
        figure = new_figure(7.2, 4.6)
        title = f"{goal_name(goal, 0, 'ratio')} against what is paid, in {table.attrs['fresh']} fresh draws"
        chinese = f"{goal_name(goal, 1, 'ratio')}与拨付(新抽样)"
        figure.suptitle(bilingual(title, chinese, "\n"), x=0.01, ha="left", weight="bold")
        axis = figure.subplots()
        groups = (
            (~table["published"], "o", PALETTE[0], "found by the search", "搜索所得"),
            (table["published"], "D", PALETTE[1], "published, scaled to the budget", "已发布(缩放至同一预算)"),
        )
        value = table["goal_value"].isel(goal=0) / divisor
        error = table["goal_error"].isel(goal=0) / divisor
        for chosen, mark, colour, english, zh in groups:
            rows = chosen.values
            axis.errorbar(
                table["paid"].values[rows] / money, value.values[rows], yerr=error.values[rows], fmt=mark,
                color=colour, markersize=5, linewidth=0.9, label=bilingual(english, zh),
            )  # fmt: skip
        for name in table["member"].values.tolist():
            one = table.sel(member=name)
            strong = bool(one["recommended"])
            at = float(one["paid"]) / money, float(value.sel(member=name))
            axis.annotate(
                name, at, xytext=(5, 4), textcoords="offset points", fontsize=7,
                color=INK if strong else GREY, weight="bold" if strong else "normal",
            )  # fmt: skip
        axis.axvline(
            float(table.attrs["budget"]) / money, color=TARGET, linewidth=0.9, linestyle="--",
            label=bilingual("budget", "预算"),
        )  # fmt: skip
        axis.set_xlabel(f"{bilingual('paid, mean', '平均拨付')}, {money_unit}")
        axis.set_ylabel(shown)
        axis.grid(color="#E5E5E5", linewidth=0.6)
        axis.set_axisbelow(True)
        figure.legend(loc="outside lower center", ncols=3)
        return figure


def smallest_figure(table: xarray.Dataset) -> Figure:
    """Probability of the target against what is paid, for every published mix."""
    with drawing():
        money, unit = figure_unit("CNY")
        figure = new_figure(6.8, 4.4)
        title = f"Probability of {table.attrs['target']} against what is paid"
        figure.suptitle(
            bilingual(title, f"{table.attrs['target']} 达成概率与拨付", "\n"), x=0.01, ha="left", weight="bold"
        )
        axis = figure.subplots()
        for number_, mix in enumerate(table["mix"].values.tolist()):
            one = table.sel(mix=mix)
            axis.plot(
                one["paid"].values / money, 100.0 * one["chance"].values, "o-", markersize=4, label=mix,
                color=PALETTE[number_ % len(PALETTE)],
            )  # fmt: skip
        axis.axhline(100.0 * table.attrs["probability"], color=TARGET, linewidth=0.9, linestyle="--")
        axis.set_xlabel(f"{bilingual('paid, mean', '平均拨付')}, {unit}")
        axis.set_ylabel("%")
        axis.set_xscale("symlog", linthresh=max(1.0, 1e8 / money))
        axis.set_xlim(left=min(0.0, float(table["paid"].min()) / money))
        axis.grid(color="#E5E5E5", linewidth=0.6)
        axis.set_axisbelow(True)
        figure.legend(loc="outside lower center", ncols=3)
        return figure
