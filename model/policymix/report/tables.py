"""The headline and the scorecard as text: one place that turns numbers into cells, for terminal, page, CSV and JSON.

Money is in million CNY (Chinese: 亿元), shares and probabilities in per cent, their differences in percentage points.
Where a difference is smaller than two standard errors the cell says "not resolved" and gives no number.
"""

from __future__ import annotations

import csv
import functools
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policymix.analysis.headline import INDICATOR_NAMES
from policymix.analysis.selection import baseline_of, fullest_mix
from policymix.errors import InvalidValue
from policymix.report.names import note_zh
from policymix.report.style import decimals_of, difference_unit, number, unit_of

if TYPE_CHECKING:
    import xarray

LANGUAGES = ("en", "zh", "both")
NOT_RESOLVED = {"en": "not resolved", "zh": "未分辨"}
NO_CHANGE = {"en": "no change", "zh": "无变化"}
PERCENT = "\N{NO-BREAK SPACE}%"
MINUS = "\N{MINUS SIGN}"
LEAST_POINTS = 0.001
"""Percentage points below which a resolved difference is only said to be so small."""
WHOLE = ("count", "persons")
NORMAL_90 = 1.645
LIKELY, UNLIKELY = 2.0 / 3.0, 1.0 / 3.0
VERDICTS = {
    "missed": ("likely missed", "可能未达"),
    "open": ("open", "不确定"),
    "met": ("likely met", "可能达成"),
    "untracked": ("not tracked", "未跟踪"),
}


@dataclass(frozen=True)
class Cell:
    """What one cell says: a first line and, below it, the difference or the interval; ``mark`` is how it is set off."""

    first: str
    second: str = ""
    mark: str = ""


def checked_language(lang: str) -> str:
    """``lang`` itself if it is one of en, zh, both."""
    if lang not in LANGUAGES:
        raise InvalidValue("lang", lang, "one of " + ", ".join(LANGUAGES))
    return lang


def cell(table: xarray.Dataset, row: str, mix: str, lang: str = "en") -> Cell:
    """Text of one cell of the headline; ``lang`` is en or zh."""
    one = values_at(table, row=row, mix=mix)
    unit, kind = str(one["unit"]), str(one["kind"])
    if kind == "ratio":
        return _ratio(one, unit, lang)
    if kind in ("own", "amount"):
        return _own(one, unit, kind, lang)
    level = quantity(float(one["level_mean"]), unit, lang)
    if mix == table.attrs["baseline"]:
        low, high = float(one["level_low"]), float(one["level_high"])
        return Cell(level, "" if kind == "probability" else interval(low, high, unit, lang))
    if bool(one["same"]):
        return Cell(level, NO_CHANGE[lang])
    if not bool(one["resolved"]):
        return Cell(level, NOT_RESOLVED[lang])
    return Cell(level, difference_text(one, unit, kind, lang))


def quantity(value: float, unit: str, lang: str = "en") -> str:
    """A level with the digits its unit deserves; per cent signs are written, other units stand in the row's label."""
    divisor, name = unit_of(unit, lang)
    scaled = value / divisor
    if unit == "probability" and 0.0 < scaled < 0.05:
        return f"< 0.1{PERCENT}"
    if unit == "probability" and 99.95 < scaled < 100.0:
        return f"> 99.9{PERCENT}"
    if name == "%":
        return f"{number(scaled, 2 if unit == 'share' else 1)}{PERCENT}"
    return number(scaled, decimals_of(scaled, whole=unit in WHOLE))


def interval(low: float, high: float, unit: str, lang: str = "en") -> str:
    """A 90 % interval in brackets; nothing where a single run leaves it no width."""
    if low == high:
        return ""
    return f"[{quantity(low, unit, lang)}, {quantity(high, unit, lang)}]".replace(f"{PERCENT},", ",")


def unit_label(table: xarray.Dataset, row: str, lang: str = "en", counted: str = "") -> str:
    """Unit of a row as it stands behind its label; empty where the cell writes it or there is nothing to say."""
    unit = text(table, row, "unit")
    name = unit_of(unit, lang, counted)[1]
    if lang == "zh":
        return "" if name == "%" else name
    return "" if name in ("%", "firms", "persons") else name  # the English labels say these


def label(table: xarray.Dataset, row: str, lang: str = "en", counted: str = "") -> str:
    """Label of a row with its unit; ``counted`` as `style.unit_of` has it."""
    said = text(table, row, "label_zh" if lang == "zh" else "label")
    unit = unit_label(table, row, lang, counted)
    if not unit:
        return said
    return f"{said},{unit}" if lang == "zh" else f"{said}, {unit}"


def text(table: xarray.Dataset, row: str, name: str) -> str:
    """One of the texts that describe a row: label, label_zh, unit, kind."""
    return str(values_at(table, row=row)[name])


def values_at(table: xarray.Dataset, **where: str) -> dict[str, Any]:
    """Plain values at one place of a table, by name: a selection costs a hundred times as much."""
    spot = {dim: table.indexes[dim].get_loc(name) for dim, name in where.items()}
    found = {}
    for name, column in table.variables.items():
        if set(column.dims) <= set(spot):
            found[str(name)] = column.values[tuple(spot[str(dim)] for dim in column.dims)]
    return found


def title(table: xarray.Dataset, lang: str = "en") -> str:
    """Title with scenario, size of the sample and price base."""
    runs, base = int(table.attrs["draws"]) * int(table.attrs["replicates"]), table.attrs.get("price_base", "")
    scenario, baseline = table.attrs.get("scenario", ""), table.attrs["baseline"]
    if lang == "zh":
        return f"{scenario}:与“{baseline}”的配对差异,{runs} 次运行,90% 区间,{base} 年不变价"
    sample = f"{runs} runs, 90 % intervals, money at {base} prices unless said"
    return f"{scenario}: differences paired with {baseline}, {sample}"


def to_records(table: xarray.Dataset) -> list[dict]:
    """The headline as plain records for JSON: one for each row and mix, in CNY, shares and counts; NaN becomes None."""
    answer = []
    for row in table["row"].values.tolist():
        for mix in table["mix"].values.tolist():
            one = values_at(table, row=row, mix=mix)
            record = {"row": row, "label": str(one["label"]), "unit": str(one["unit"]), "mix": mix}
            for name in table.data_vars:
                value = one[str(name)].item()
                record[str(name)] = None if isinstance(value, float) and not math.isfinite(value) else value
            answer.append(record)
    return answer


def to_csv(table: xarray.Dataset) -> str:
    """The headline as CSV text in base units, one line for each row and mix."""
    records = to_records(table)
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return file.getvalue()


def to_markdown(table: xarray.Dataset, lang: str = "en") -> str:
    """The headline as a Markdown table."""
    lang = "en" if checked_language(lang) == "both" else lang
    mixes = table["mix"].values.tolist()
    lines = [f"**{title(table, lang)}**", "", "| | " + " | ".join(mixes) + " |", "|---|" + "---|" * len(mixes)]
    for row in table["row"].values.tolist():
        cells = [cell(table, row, mix, lang) for mix in mixes]
        texts = [f"{one.first}<br>{one.second}" if one.second else one.first for one in cells]
        lines.append(f"| {label(table, row, lang)} | " + " | ".join(texts) + " |")
    return "\n".join(lines) + "\n"


def scorecard(results: xarray.Dataset, chances: xarray.Dataset, lang: str = "en") -> list[dict]:
    """Targets as rows, misses before hits, untracked ones last.

    A target is likely missed where its probability under the fullest mix is below 1/3, likely met above 2/3, open
    between. Keys: id, label, label_zh, line, line_zh, place, verdict, verdict_zh, status, note, note_zh, chance (of the
    fullest mix) and cells, by mix the probability and below it the paired difference with its standard error.
    """
    mix, baseline = fullest_mix(results), baseline_of(results)
    answer = []
    for name in chances["target"].values.tolist():
        one = values_at(chances, target=name)
        tracked = bool(one["tracked"])
        chance = float(values_at(chances, target=name, mix=mix)["probability"]) if tracked else math.nan
        status = _status(chance) if tracked else "untracked"
        english, chinese = target_name(one)
        note = str(one["note"]).removeprefix("untracked: ")
        answer.append(
            {
                "id": name,
                "label": english,
                "label_zh": chinese,
                "line": str(one["line_zh" if lang == "zh" else "line"]),
                "line_zh": str(one["line_zh"]),
                "place": str(one["place"]),
                "status": status,
                "verdict": VERDICTS[status][0],
                "verdict_zh": VERDICTS[status][1],
                "cells": {
                    each: _chance(values_at(chances, target=name, mix=each), each == baseline, lang)
                    if tracked
                    else Cell("–")
                    for each in chances["mix"].values.tolist()
                },
                "note": note,
                "note_zh": note_zh(note),
                "chance": chance,
            }
        )
    order = ["missed", "open", "met", "untracked"]
    return sorted(answer, key=lambda row: (order.index(row["status"]), row["chance"] if row["chance"] >= 0 else 2.0))


def target_name(one: Mapping[str, Any]) -> tuple[str, str]:
    """English and Chinese name of a target, by its title or by its indicator."""
    indicator = str(one["indicator"])
    english, chinese = INDICATOR_NAMES.get(indicator, (indicator.replace("_", " "), ""))
    return str(one["title"]) or english, str(one["title_zh"]) or chinese


LEADING = ("investment_additional", "cost_per_investment")
"""Rows of the headline that stand above the targets."""


def leading_rows(table: xarray.Dataset, lang: str = "en") -> list[tuple[str, list[Cell]]]:
    """Additional investment and what a yuan of it cost, by mix: the head of the scorecard in the terminal."""
    mixes = table["mix"].values.tolist()
    known = [row for row in LEADING if row in table["row"].values]
    names = {"investment_additional": ("additional investment", "新增投资")}
    answer = []
    for row in known:
        unit = unit_label(table, row, lang)
        name = names.get(row, (text(table, row, "label"), text(table, row, "label_zh")))[int(lang == "zh")]
        answer.append((f"{name}, {unit}" if unit else name, [cell(table, row, mix, lang) for mix in mixes]))
    return answer


def compared_totals(region_table, lang: str = "en") -> list[dict]:
    """Published against synthetic totals as text, those outside their tolerance first.

    ``region_table`` holds mappings or objects with title (or key), published, year, synthetic, residual, tolerance,
    within, source, unit.
    """
    rows = []
    for entry in region_table or ():
        get = entry.get if isinstance(entry, dict) else functools.partial(_attribute, entry)
        within = get("within", True) in (True, None)  # None: the model does not form it
        named, unit = get("title") or get("key"), str(get("unit", "") or "")
        rows.append(
            {
                "title": named.get("en", "") if isinstance(named, dict) else str(named),
                "title_zh": named.get("zh", "") if isinstance(named, dict) else "",
                "year": str(get("year", "")),
                "published": _with_unit(get("published"), unit, lang),
                "synthetic": _with_unit(get("synthetic"), unit, lang),
                "residual": _percent(get("residual")),
                "tolerance": _percent(get("tolerance") or None),
                "source": str(get("source", "")),
                "within": within,
            }
        )
    return sorted(rows, key=lambda row: row["within"])


def _attribute(entry, name: str, missing=None):
    """Field of a row that is an object, as ``get`` gives it for a mapping."""
    return getattr(entry, name, missing)


def _ratio(one: Mapping[str, Any], unit: str, lang: str) -> Cell:
    """A ratio with its interval, or the words that there is none to state."""
    value = float(one["level_mean"])
    if not math.isfinite(value):
        return Cell("–")
    reach = interval(float(one["level_low"]), float(one["level_high"]), unit, lang)
    return Cell(quantity(value, unit, lang) if bool(one["resolved"]) else NOT_RESOLVED[lang], reach)


def _own(one: Mapping[str, Any], unit: str, kind: str, lang: str) -> Cell:
    """A number that is a difference or a payment by itself; zero in every run is zero, and a payment needs no test."""
    if bool(one["same"]) and float(one["level_mean"]) == 0.0:
        return Cell("0")
    known = kind != "own" or bool(one["resolved"])
    value = quantity(float(one["level_mean"]), unit, lang) if known else NOT_RESOLVED[lang]
    return Cell(value, interval(float(one["level_low"]), float(one["level_high"]), unit, lang))


def difference_text(one: Mapping[str, Any], unit: str, kind: str, lang: str) -> str:
    """``+12.3 [4.5, 20.1]``; a probability has a standard error in place of an interval."""
    if kind == "probability":
        return _points(float(one["difference_mean"]), float(one["difference_standard_error"]), lang)
    divisor, name = difference_unit(unit, lang)
    mean, low, high = (float(one[f"difference_{key}"]) / divisor for key in ("mean", "low", "high"))
    points = name if name in ("pp", "个百分点") else ""
    places = max(1, decimals_of(mean) - 1) if points else decimals_of(mean, whole=unit in WHOLE)
    texts = number(mean, places, sign=True), number(low, places), number(high, places)
    return f"{texts[0]} [{texts[1]}, {texts[2]}] {points}".rstrip()


def _chance(one: Mapping[str, Any], at_baseline: bool, lang: str) -> Cell:
    """Probability of a target under one mix with its 90 % interval, and its paired difference."""
    level = quantity(float(one["probability"]), "probability", lang)
    error = float(one["probability_error"])
    reach = ""
    if math.isfinite(error):
        low, high = (min(1.0, max(0.0, float(one["probability"]) + sign * NORMAL_90 * error)) for sign in (-1.0, 1.0))
        reach = interval(low, high, "probability", lang)
    words = "" if at_baseline else _change(one, lang)
    return Cell(level, "\n".join(filter(None, [reach, words])))


def _change(one: Mapping[str, Any], lang: str) -> str:
    """Paired difference of a target's probability, or the words that there is none."""
    mean, error = float(one["difference"]), float(one["difference_error"])
    if mean == 0.0:
        return NO_CHANGE[lang]
    if not bool(one["resolved"]):
        return NOT_RESOLVED[lang]
    return _points(mean, error, lang)


def _points(mean: float, error: float, lang: str) -> str:
    """A difference of probabilities in percentage points with its standard error: ``+1.2 pp (s.e. 0.2)``."""
    divisor, name = difference_unit("probability", lang)
    if abs(mean / divisor) < LEAST_POINTS:
        return f"{'+' if mean > 0.0 else MINUS}0 {name} (< {LEAST_POINTS:g})"
    places = max(1, decimals_of(mean / divisor) - 1)
    word = "标准误" if lang == "zh" else "s.e."
    return f"{number(mean / divisor, places, sign=True)} {name} ({word} {number(error / divisor, places)})"


def _status(chance: float) -> str:
    """missed, open or met by the probability under the fullest mix."""
    return "missed" if chance < UNLIKELY else "met" if chance > LIKELY else "open"


def _with_unit(value: float | None, unit: str, lang: str) -> str:
    """A published figure in its unit."""
    if value is None or not math.isfinite(value):
        return "–"
    name = unit_of(unit, lang)[1]
    text = quantity(value, unit, lang) if unit else number(value, 0 if float(value).is_integer() else None)
    return text if name in ("%", "") else f"{text} {name}"


def _percent(value: float | None) -> str:
    """A residual or a tolerance in per cent."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{number(100.0 * value, 1)}{PERCENT}"
