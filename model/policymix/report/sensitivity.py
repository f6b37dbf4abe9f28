"""Sensitivity, discovery and what would change the mind as tables, for the terminal and notebooks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from policymix.analysis.discovery import rule_of
from policymix.report.answers import NOTHING, Page
from policymix.report.style import difference_unit, number
from policymix.report.tables import NOT_RESOLVED, Cell

if TYPE_CHECKING:
    import xarray

ROWS = 12
"""Factors of a table; the rest are in the CSV."""
ACROSS = 4
"""Outcomes beside each other."""
CHANCE = {"en": "no more than chance", "zh": "未超出偶然"}


def shown_cells(table: xarray.Dataset) -> list[str]:
    """Cells to print where none were asked for: numbers of the whole horizon, and paths at their last time."""
    times, outcomes = table["time"].values.astype(str), table["outcome"].values.astype(str)
    last: dict[str, str] = {}
    for cell, outcome, time in zip(table["cell"].values.tolist(), outcomes, times, strict=True):
        if time:
            last[outcome] = cell
    whole = [cell for cell, time in zip(table["cell"].values.tolist(), times, strict=True) if not time]
    return whole + [cell for outcome, cell in last.items() if outcome not in whole]


def sensitivity_pages(table: xarray.Dataset, cells: Sequence[str] = (), lang: str = "en") -> list[Page]:
    """Pages of `sensitivity.sobol`, `sensitivity.morris` or `given_data.given_data`: a few outcomes of a mix each."""
    chosen = list(cells) or shown_cells(table)
    known = {"first": _sobol_cell, "mu_star": _morris_cell, "value": _given_cell}
    kind = next(name for name in known if name in table)
    chosen = [cell for cell in chosen if bool(np.isfinite(table[kind].sel(cell=cell)).any())] or chosen
    pages = []
    for mix in table["mix"].values.tolist():
        for start in range(0, len(chosen), ACROSS):
            part = chosen[start : start + ACROSS]
            one = table.sel(mix=mix, cell=part)
            names = ranked(one, kind)[:ROWS]
            rows = [
                (_name(one, name, lang), [known[kind](one.sel(factor=name, cell=cell), lang) for cell in part])
                for name in names
            ]
            rows += _of_all(one, part, kind, lang)
            last = start + ACROSS >= len(chosen) and mix == table["mix"].values.tolist()[-1]
            columns = [str(one["label_zh" if lang == "zh" else "label"].sel(cell=cell).values) for cell in part]
            if kind == "mu_star":
                columns = [
                    f"{text}, {_unit(one.sel(cell=cell), lang)[1]}" for text, cell in zip(columns, part, strict=True)
                ]
            pages.append(Page(_title(table, mix, kind, lang), columns, rows, _notes(table, kind, lang) if last else []))
    return pages


def ranked(one: xarray.Dataset, kind: str) -> list[str]:
    """Factors, those first whose largest part in any of the outcomes is largest (effects: of the outcome's largest)."""
    value = np.abs(one["total" if kind == "first" else kind].transpose("factor", "cell").values)
    largest = np.nanmax(np.where(np.isfinite(value), value, 0.0), axis=0)
    scale = np.where(largest > 0.0, largest, 1.0) if kind == "mu_star" else np.ones(value.shape[1])
    order = np.argsort(-np.nan_to_num(value / scale).max(axis=1), kind="stable")
    return [str(one["factor"].values[index]) for index in order]


def discovery_pages(table: xarray.Dataset, lang: str = "en") -> list[Page]:
    """Boxes or leaves of `discovery.discover`."""
    zh = int(lang == "zh")
    about = table.attrs
    rows = []
    for box in table["box"].values.tolist():
        one = table.sel(box=box)
        cells = [Cell(_percent(float(one[key]))) for key in ("coverage", "density", "mass")]
        told = bool(one["told"])
        if about["by"] == "prim":
            cells.append(Cell(f"{float(one['chance']):.2f}", "" if told else CHANCE[lang]))
        else:
            cells.append(Cell("–" if told else CHANCE[lang]))
        rows.append((rule_of(one, lang), cells))
    title = (
        f"{about['title_zh']}:{about['draws']} 次抽样中 {about['cases']} 次({_percent(about['share'])}),条件如下" if zh
        else f"{about['title']}: {about['cases']} of {about['draws']} draws ({_percent(about['share'])}). Conditions:"
    )  # fmt: skip
    columns = (
        ["覆盖率", "密度", "占抽样", "偶然的概率"]
        if zh
        else ["coverage", "density", "of all draws", "chance of as good a box"]
    )
    notes = [
        "覆盖率:框内占全部情形;密度:框内情形占框内抽样" if zh
        else "coverage: part of all such draws that the box holds; density: part of the box that are such draws"
    ]  # fmt: skip
    if not rows:
        notes.append("没有叶片以该情形为主" if zh else "no leaf of the tree holds mostly such draws")
    if about["by"] == "tree":
        accuracy = f"{number(100.0 * about['accuracy'], 0)} ± {number(100.0 * about['accuracy_error'], 0)} %"
        notes.append(f"未见抽样的平衡准确率 {accuracy}(50 % 即偶然)" if zh
                     else f"balanced accuracy in unseen draws {accuracy} (50 % is chance)")  # fmt: skip
    return [Page(title, columns, rows, [*notes, *_left_out(table, zh)])]


def mind_pages(table: xarray.Dataset, lang: str = "en") -> list[Page]:
    """The headline, what explains it and where it turns (`information.mind`)."""
    zh, about = int(lang == "zh"), table.attrs
    divisor, unit = difference_unit(about["units"], lang)
    sign = -1.0 if about["lower"] else 1.0
    rows = []
    for name in table["item"].values.tolist():
        one = table.sel(item=name)
        share = Cell(
            _percent(float(one["share"])),
            f"[{_percent(float(one['share_low']))}, {_percent(float(one['share_high']))}]",
        )
        if not bool(one["found"]):
            share = Cell(CHANCE[lang], _percent(float(one["share"])))
        ends = [number(sign * float(one[key]) / divisor) for key in ("at_low", "at_high")]
        reach = [_plain(float(one[key])) for key in ("range_low", "range_high")]
        if bool(one["turns"]):
            turn = Cell(
                _plain(float(one["turn"])), f"[{_plain(float(one['turn_low']))}, {_plain(float(one['turn_high']))}]"
            )
        else:
            crosses = float(one["at_low"]) * float(one["at_high"]) < 0.0
            said = NOT_RESOLVED[lang] if crosses else "在其范围内不翻转" if zh else "does not flip in its range"
            turn = Cell(said, f"{reach[0]} … {reach[1]}")
        label = str(one["label_zh" if zh else "label"].values)
        mark = ("统计:" if zh else "statistic: ") if str(one["sort"].values) == "statistic" else ""
        worth = Cell(number(float(one["value"]) / divisor)) if bool(one["found"]) else NOTHING
        rows.append((mark + label, [share, Cell(f"{ends[0]} … {ends[1]}"), turn, worth]))
    mean, low, high = (number(sign * about[key] / divisor) for key in ("mean", "low", "high"))
    if about["lower"]:
        low, high = high, low
    label = about["label_zh" if zh else "label"]
    title = (
        f"{about['mix']} 减 {about['against']}:{label} {mean} {unit} [{low}, {high}];"
        f"{about['mix']} 在 {_percent(about['leads'])} 的抽样中更好" if zh
        else f"{about['mix']} less {about['against']}: {label} {mean} {unit} [{low}, {high}]; "
        f"{about['mix']} is better in {_percent(about['leads'])} of the draws"
    )  # fmt: skip
    columns = (
        ["占方差", f"从低到高的均值({unit})", "排序翻转于", f"知道它的价值({unit})"] if zh
        else ["of its variance", f"mean, from low to high end, {unit}", "ranking flips at", f"worth of knowing, {unit}"]
    )  # fmt: skip
    evpi = number(about["evpi"] / divisor)
    notes = [
        f"今日之选:{about['best']};全部知晓(含偶然)的价值 {evpi} {unit}" if zh
        else f"best today: {about['best']}; worth of knowing everything, luck included: {evpi} {unit}",
        _narrows(table, zh),
    ]  # fmt: skip
    if about["dependence"]:
        notes.append(f"抽样不独立({about['dependence']}):占比可重叠" if zh
                     else f"draws are not independent ({about['dependence']}): shares may overlap")  # fmt: skip
    if about["notices"]:
        notes.append(about["notices"])
    return [Page(title, columns, rows, [*notes, *_left_out(table, zh)])]


def _narrows(table: xarray.Dataset, zh: int) -> str:
    """Which statistic narrows the headline most, and which unknown's own source would."""
    said = []
    for sort in ("statistic", "uncertainty"):
        listed = table.isel(item=np.flatnonzero((table["sort"] == sort).values & table["found"].values))
        if listed.sizes["item"]:
            one = listed.isel(item=int(listed["share"].values.argmax()))
            label, source = str(one["label_zh" if zh else "label"].values), str(one["source"].values)
            said.append(
                f"{label} ({_percent(float(one['share']))})"
                + (f": {source}" if source and sort == "uncertainty" else "")
            )
        else:
            said.append("无" if zh else "none that is more than chance")
    if zh:
        return f"最能缩小分歧的公布统计:{said[0]};最值得查明的假设:{said[1]}"
    return f"published statistic that would narrow it most: {said[0]}; unknown that would: {said[1]}"


def _title(table: xarray.Dataset, mix: str, kind: str, lang: str) -> str:
    about, zh = table.attrs, lang == "zh"
    number_of = about.get("draws", about.get("points"))
    what = {
        "first": ("share of variance, alone and with all it does together", "方差占比:单独与合计"),
        "mu_star": ("elementary effects, mean of sizes", "基本效应绝对值均值"),
        "value": {"binned": ("share of variance", "方差占比"), "rbd_fast": ("share of variance", "方差占比")}.get(
            about.get("measure_of", ""), ("distance of distributions, 0 to 1", "分布距离")
        ),
    }[kind]
    of = about["baseline"] if about["measure"] == "difference" else ""
    if zh:
        return f"{mix}{'减' if of else ''}{of}:{what[1]}({number_of} 个点)"
    return f"{mix}{' less ' if of else ''}{of}: {what[0]}; {number_of} points"


def _sobol_cell(one: xarray.Dataset, lang: str) -> Cell:
    first, total = float(one["first"]), float(one["total"])
    if not math.isfinite(first):
        return NOTHING
    low, high = float(one["total_low"]), float(one["total_high"])
    reach = f"{_percent(total)} [{_percent(low)}, {_percent(high)}]"
    if not float(one["first_low"]) > 0.0:  # or not known
        return Cell(NOT_RESOLVED[lang], reach)
    return Cell(f"{_percent(first)} [{_percent(float(one['first_low']))}, {_percent(float(one['first_high']))}]", reach)


def _morris_cell(one: xarray.Dataset, lang: str) -> Cell:
    divisor, _ = _unit(one, lang)
    size, sigma = float(one["mu_star"]) / divisor, float(one["sigma"]) / divisor
    if not math.isfinite(size):
        return NOTHING
    if not math.isfinite(float(one["luck"])):
        return Cell(number(size), "偶然未知" if lang == "zh" else "luck unknown")
    if not bool(one["told"]):
        return Cell(NOT_RESOLVED[lang], number(size))
    sign = "偏" if lang == "zh" else "mean"
    return Cell(number(size), f"{sign} {number(float(one['mu']) / divisor, sign=True)}, σ {number(sigma)}")


def _given_cell(one: xarray.Dataset, lang: str) -> Cell:
    value = float(one["value"])
    if not math.isfinite(value):
        return NOTHING
    reach = f"[{_percent(float(one['value_low']))}, {_percent(float(one['value_high']))}]"
    return Cell(_percent(value), reach) if bool(one["found"]) else Cell(CHANCE[lang], _percent(value))


def _of_all(one: xarray.Dataset, cells: Sequence[str], kind: str, lang: str) -> list[tuple[str, list[Cell]]]:
    """Rows below the factors: luck, what factors do together, chance."""
    zh, rows = lang == "zh", []
    if one.attrs["over"] == "levers":
        luck_row = "抽样与偶然" if zh else "draws and luck"
    else:
        luck_row = "偶然(重复间)" if zh else "luck"
    if kind == "first":
        rows.append((luck_row, [_share(one.sel(cell=cell), "luck") for cell in cells]))
        both = [_together(one.sel(cell=cell), lang) for cell in cells]
        rows.append(("交互作用" if zh else "only together", both))
    if kind == "value":
        if bool(np.isfinite(one["luck"]).any()):
            luck = [Cell(_percent(float(one["luck"].sel(cell=cell)))) for cell in cells]
            rows.append((luck_row, luck))
        if bool(np.isfinite(one["chance"]).any()):
            bound = [Cell(_percent(float(one["chance"].sel(cell=cell)))) for cell in cells]
            rows.append(("偶然所及" if zh else "largest by chance (95 %)", bound))
    return rows


def _share(one: xarray.Dataset, name: str) -> Cell:
    value = float(one[name])
    if not math.isfinite(value):
        return NOTHING
    return Cell(_percent(value), f"[{_percent(float(one[f'{name}_low']))}, {_percent(float(one[f'{name}_high']))}]")


def _together(one: xarray.Dataset, lang: str) -> Cell:
    """What is left for factors together; the words where it is not told from nought."""
    found = _share(one, "interactions")
    return Cell(NOT_RESOLVED[lang], found.second) if not float(one["interactions_low"]) > 0.0 else found


def _notes(table: xarray.Dataset, kind: str, lang: str) -> list[str]:
    about, zh = table.attrs, lang == "zh"
    notes = []
    if kind == "first":
        notes.append("首行:单独的占比;次行:连同交互作用的合计" if zh
                     else "first line: alone; second: total, with all it does together with others; 90 %")  # fmt: skip
        if about["base_needed"] > about["base"]:
            here, wanted = (f"{about[key]:,}" for key in ("base", "base_needed"))
            notes.append(f"区间半宽 5 个百分点约需 {wanted} 个基点(现 {here})" if zh
                         else f"intervals of ±5 points need about {wanted} base points, here {here}")  # fmt: skip
    if kind == "mu_star":
        notes.append("从范围一端到另一端" if zh else "change from one end of a factor's range to the other")
    if kind == "value" and about["dependence"]:
        notes.append(f"抽样不独立({about['dependence']}):占比可重叠" if zh
                     else f"draws are not independent ({about['dependence']}): shares may overlap")  # fmt: skip
    if about.get("notices"):
        notes.append(about["notices"])
    hidden = table.sizes["factor"] - ROWS
    if hidden > 0:
        notes.append(f"其余 {hidden} 个因素见 --csv" if zh else f"{hidden} further factors: --csv")
    return [*notes, *_left_out(table, int(zh)), about["method"]]


def _left_out(table: xarray.Dataset, zh: int) -> list[str]:
    """Failed runs and what was dropped for them."""
    about = table.attrs
    if not about.get("failures"):
        return []
    what = "blocks of points" if "base" in about or "trajectories" in about else "draws"
    text = f"{about['dropped']} 组因失败未计入" if zh else f"{about['dropped']} {what} left out"
    return [f"{about['failures']}; {text}"]


def _name(one: xarray.Dataset, factor: str, lang: str) -> str:
    title = str(one["title_zh" if lang == "zh" else "title"].sel(factor=factor).values)
    return title if title == factor else f"{title} ({factor})"


def _unit(one: xarray.Dataset, lang: str) -> tuple[float, str]:
    return difference_unit(str(one["unit"].values), lang)


def _percent(share: float) -> str:
    return f"{number(100.0 * share, 0)} %" if math.isfinite(share) else "–"


def _plain(value: float) -> str:
    """A number of any unit: large ones in millions."""
    return f"{number(value / 1e6)} m" if abs(value) >= 1e7 else number(value)
