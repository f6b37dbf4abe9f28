"""The answer in five sentences: what was paid, what of it was additional, what moved, which targets, which to doubt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from policymix.analysis.selection import fullest_mix
from policymix.report import tables
from policymix.report.style import unit_of

if TYPE_CHECKING:
    import xarray

    from policymix.report.answer import Answer
    from policymix.report.trust import Verdicts

LISTED = 4
"""Targets named in a sentence."""


def sentences(
    results: xarray.Dataset, known: Answer, scores: Sequence[dict], trust: Sequence[Verdicts], lang: str = "en"
) -> list[str]:
    """What a reader has to take away, about the fullest mix; ``lang`` is en or zh.

    Parameters
    ----------
    scores : ``tables.scorecard``, in the same language
    trust : kept verdicts on the model; none where the page does not tell them
    """
    mix = fullest_mix(results)
    if mix == known.table.attrs["baseline"]:
        return []
    said = [_money(known.table, mix, lang), _price(known.table, mix, lang), _moved(known.table, mix, lang)]
    said += [_targets(scores, mix, lang), _doubts(known, trust, lang)]
    return [each for each in said if each]


def _money(table: xarray.Dataset, mix: str, lang: str) -> str:
    """What was paid, what the claims refer to, and what of that is additional."""
    paid, gross, new = (_both(table, row, mix, lang) for row in ("paid", "investment_gross", "investment_additional"))
    part, unit = _both(table, "additional_share", mix, lang), unit_of("CNY", lang)[1]
    if lang == "zh":
        return (
            f"财政在“{mix}”下共兑付 {paid} {unit}(现价)。申领所涉投资为 {gross} {unit},其中新增 {new} {unit},占 {part};"
            "其余没有政策也会发生。"
        )
    return (
        f"Under {mix} the treasury pays {paid} {unit} (nominal). Claims refer to {gross} {unit} of investment, of "
        f"which {new} is additional ({part}); the rest would have happened without it."
    )


def _price(table: xarray.Dataset, mix: str, lang: str) -> str:
    """What an additional yuan and an additional job cost."""
    yuan, job = (tables.cell(table, row, mix, lang) for row in ("cost_per_investment", "cost_per_job"))
    none = {tables.NOT_RESOLVED[lang], "–"}
    unit, found = unit_of("CNY per job", lang)[1], []
    if yuan.first not in none:
        found.append(
            f"每元新增投资花费财政 {_text(yuan)} 元" if lang == "zh"
            else f"an additional yuan of investment costs {_text(yuan)} yuan"
        )  # fmt: skip
    if job.first not in none:
        found.append(
            f"每个新增岗位花费 {_text(job)} {unit}" if lang == "zh" else f"an additional job {_text(job)} {unit}"
        )
    if not found:
        return ""
    return "".join([";".join(found), "。"]) if lang == "zh" else _capital("; ".join(found)) + "."


def _moved(table: xarray.Dataset, mix: str, lang: str) -> str:
    """Core share and firms against the baseline."""
    base = table.attrs["baseline"]
    share, city, zone = (
        tables.cell(table, row, mix, lang).second.replace("\n", " ")
        for row in ("core_share", "active_firms_city", "active_firms_zone")
    )
    level = tables.cell(table, "core_share", mix, lang).first
    city, zone = (f"{text} 家" if lang == "zh" and "[" in text else text for text in (city, zone))
    if lang == "zh":
        return f"与“{base}”相比:核心产业占比 {level}({share});全市经营企业 {city},高新区 {zone}。"
    firms = f"active firms in the city {city}, in the zone {zone}"
    return f"Against {base}: the core share reaches {level} ({share}); {firms}."


def _targets(scores: Sequence[dict], mix: str, lang: str) -> str:
    """How many targets are likely missed, open or met, the missed by name."""
    tracked = [row for row in scores if row["status"] != "untracked"]
    if not tracked:
        return ""
    count = {status: [row for row in tracked if row["status"] == status] for status in ("missed", "open", "met")}
    names = [f"{row['label_zh' if lang == 'zh' else 'label']} {row['line']}" for row in count["missed"]]
    more = len(names) - LISTED
    if lang == "zh":
        listed = ";".join(names[:LISTED]) + (f";另有 {more} 个" if more > 0 else "")
        head = f"{len(tracked)} 个可跟踪的目标中,可能未达 {len(count['missed'])} 个,不确定 {len(count['open'])} 个"
        tail = f"。可能未达:{listed}。" if names else "。"
        return f"{head},可能达成 {len(count['met'])} 个{tail}"
    listed = "; ".join(names[:LISTED]) + (f"; and {more} more" if more > 0 else "")
    head = f"Of {len(tracked)} targets that the model tracks, {len(count['missed'])} are likely missed under {mix}"
    tail = f" Likely missed: {listed}." if names else ""
    return f"{head}, {len(count['open'])} open, {len(count['met'])} likely met.{tail}"


def _doubts(known: Answer, trust: Sequence[Verdicts], lang: str) -> str:
    """Alarms, and how the kept tests of the model went."""
    passed, of = sum(row.passed for row in trust), sum(row.of for row in trust)
    zh, alarms = lang == "zh", len(known.alarms)
    said = []
    if alarms:
        said.append(f"合理性检查发出 {alarms} 个警示" if zh else f"{alarms} {_plural('alarm', alarms)} below")
    if of:
        said.append(
            f"模型检验共 {of} 项,通过 {passed} 项,未通过者列名于后" if zh
            else f"the model passes {passed} of {of} tests of its own, and those that it fails are named below"
        )  # fmt: skip
    if not said:
        return ""
    return ";".join(said) + "。" if zh else _capital("; ".join(said)) + "."


def _both(table: xarray.Dataset, row: str, mix: str, lang: str) -> str:
    return _text(tables.cell(table, row, mix, lang))


def _text(cell: tables.Cell) -> str:
    """A number and its interval on one line."""
    return f"{cell.first} {cell.second}".replace("\n", " ").strip()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
