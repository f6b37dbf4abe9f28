"""What a visitor may move of a package: rates, caps, budgets, areas and credit lines, with units and bounds.

A slider sets the figure that the text gives: of a maximum its amount (``at_most``), of a range its value, which closes
the range. Its bounds are the language's where it has some (a share lies between 0 and 1), else nothing and a round
number above three times the text's figure; any other value may be typed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from policymix.policy.claim import fact_table
from policymix.policy.clause import Clause
from policymix.policy.package import Package, addresses_of

MONEY, SHARE, AREA, COUNT = "CNY", "share", "m2", "count"
BEYOND = 3.0
"""Times the text's figure up to which an amount can be moved."""
STEPS = 200
FORM = r"(\.(?P<form>value|at_most))?"
KEYS = [  # the key of an address within a clause or the package's head; its unit; English and Chinese
    (r"pays\.share", SHARE, "share paid", "补助比例"),
    (
        r"pays\.rent_share\.(?P<number>\d+)",
        SHARE,
        "share of the rent waived, year {number}",
        "第{number}年免租比例",
    ),
    (r"pays\.brackets\.(?P<number>\d+)\.share", SHARE, "share paid, bracket {number}", "第{number}档补助比例"),
    (r"pays\.amount", MONEY, "amount", "奖励金额"),
    (r"pays\.each", MONEY, "amount for each", "每单位金额"),
    (r"pays\.amounts\.(?P<word>[\w-]+)", MONEY, "amount, {word}", "金额({word})"),
    (r"pays\.area_max", AREA, "area up to", "面积上限"),
    (r"cap(\.(?P<number>\d+))?\.amount", MONEY, "cap", "上限"),
    (r"budget\.amount", MONEY, "budget", "预算"),
    (r"budget\.claims", COUNT, "budget, claims", "名额"),
    (r"limit\.(?P<number>\d+)\.amount", MONEY, "joint limit {number}", "合计上限{number}"),
    (r"limit\.(?P<number>\d+)\.share", SHARE, "joint limit {number}", "合计比例上限{number}"),
    (r"lends\.total", MONEY, "credit line", "授信总额"),
]
PATTERNS = [(re.compile(key + FORM), unit, english, chinese) for key, unit, english, chinese in KEYS]
PER_ZH = {"year": "年", "lifetime": "期", "firm": "家企业", "project": "个项目", "claim": "次申领", "fund": "只基金",
          "contest": "场赛事", "subject": "个主体", "node": "个节点", "data_centre": "个数据中心", "holder": "个主体",
          "park": "个园区", "laboratory": "个实验室", "person": "人", "platform": "个平台", "contract": "份合同",
          "loan": "笔贷款", "lease": "份租约", "event": "场活动", "space": "处空间"}  # fmt: skip
UNITS_ZH = {MONEY: "元", SHARE: "%", AREA: "平方米", COUNT: "项"}


@dataclass(frozen=True)
class Slider:
    """One number to move.

    Attributes
    ----------
    address : what it sets
    label, label_zh : what it is
    unit : CNY, share, m2 or count
    low, high, step : in the unit
    value : of the package as written
    note : what the text says where it leaves the number open: a maximum, or a range of ours
    """

    address: str
    label: str
    label_zh: str
    unit: str
    low: float
    high: float
    step: float
    value: float
    note: str = ""


def sliders_of(package: Package, clause: Clause | None) -> list[Slider]:
    """Sliders of one clause, or of the package's own budget and limits."""
    raw = package.raw if clause is None else next(each for each in package.raw["clause"] if each["id"] == clause.id)
    own = {key: value for key, value in raw.items() if key not in ("clause", "id")}
    prefix = f"{package.id}/" if clause is None else f"{package.id}/{clause.id}."
    found = []
    for key, value in _numbers(own):
        for pattern, unit, english, chinese in PATTERNS:
            match = pattern.fullmatch(key)
            if match:
                named = {name: text or "" for name, text in match.groupdict().items()}
                words = (
                    _said(english.format(**named).strip(), key, own, clause, "en"),
                    _said(chinese.format(**named).strip(), key, own, clause, "zh"),
                )
                found.append(_slider(prefix + key, words, unit, float(value), _around(own, key)))
    return found


def shown_value(value: float, unit: str, lang: str) -> str:
    """A number with its unit: per cent, thousand or million CNY, in Chinese 万元 or 亿元."""
    if unit == SHARE:
        return f"{_short(100 * value)} %"
    if unit == MONEY:
        if value == 0.0:
            return "0 元" if lang == "zh" else "0 CNY"
        if lang == "zh":
            return f"{_short(value / 1e8)} 亿元" if value >= 1e8 else f"{_short(value / 1e4)} 万元"
        return f"{_short(value / 1e6)} million CNY" if value >= 1e6 else f"{_short(value / 1e3)} thousand CNY"
    return f"{_short(value)} {UNITS_ZH[unit] if lang == 'zh' else unit.replace('m2', 'm²').replace('count', 'claims')}"


def _short(value: float) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def _numbers(own: Mapping[str, Any]) -> Iterator[tuple[str, int | Decimal]]:
    """Numbers by key; those of a plain list one by one."""
    for key, value in addresses_of({"clause": [{"id": "x", **own}]}).items():
        key = key.removeprefix("x.")
        for place, each in [(key, value)] if not isinstance(value, list) else _counted(key, value):
            if isinstance(each, int | float | Decimal) and not isinstance(each, bool):
                yield place, each  # type: ignore[misc]


def _counted(key: str, values: list[Any]) -> list[tuple[str, Any]]:
    return [(f"{key}.{number}", value) for number, value in enumerate(values, start=1)]


def _slider(address: str, words: tuple[str, str], unit: str, value: float, around: Mapping[str, Any]) -> Slider:
    note = _note(address, around, unit)
    if unit == SHARE:
        return Slider(address, *words, unit, 0.0, 1.0, 0.01, value, note)
    most = max(BEYOND * value, float(around.get("high", 0.0)) if "at_most" not in around else 0.0)
    high = round_up(most or 1.0)
    step = max(1.0, high / STEPS) if unit in (AREA, COUNT) else high / STEPS
    positive = unit == COUNT or around.get("law") == "loguniform"
    return Slider(address, *words, unit, step if positive else 0.0, high, step, value, note)


def round_up(value: float) -> float:
    """The least of 1, 2, 4, 5, 6, 8, 10 times a power of ten that is no smaller."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(times * power for times in (1, 2, 4, 5, 6, 8, 10) if times * power >= value * (1 - 1e-12))


def _around(own: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The table that a number stands in, if it is one of a range or a maximum."""
    here: Any = own
    steps = key.split(".")
    if steps[-1] not in ("value", "at_most"):
        return {}
    for step in steps[:-1]:
        here = here[int(step) - 1] if isinstance(here, list) else here[step]
    return here


def _note(address: str, around: Mapping[str, Any], unit: str) -> str:
    """Whether the text gives the number, only a maximum, or none."""
    if address.endswith(".at_most"):
        return "maximum"
    if address.endswith(".value"):
        ends = [shown_value(float(around[end]), unit, "en") for end in ("low", "high")]
        return f"open: {ends[0]} to {ends[1]}"
    return ""


def _per_zh(per: str) -> str:
    """``firm-year`` as 每家企业每年."""
    return "".join(f"每{PER_ZH.get(word, word)}" for word in per.split("-"))


def _said(text: str, key: str, own: Mapping[str, Any], clause: Clause | None, lang: str) -> str:
    """A label with what the number is a share of, an amount for, or counted by."""
    part, _, rest = key.partition(".")
    table = own.get(part)
    if part in ("cap", "limit") and isinstance(table, list):
        table = table[int(rest.split(".")[0]) - 1]
    if not isinstance(table, dict):
        return text
    if part in ("cap", "limit", "budget"):
        per = str(table.get("per", "year"))
        return (
            f"{text}({_per_zh(per)})" if lang == "zh" else f"{text} per {per.replace('-', ' and ').replace('_', ' ')}"
        )
    of = table.get("of")
    if clause is not None and clause.on and of in fact_table(clause.on):
        fact = fact_table(clause.on)[of][1]
        return f"{text}:{fact.meaning_zh}" if lang == "zh" else f"{text} of {fact.meaning_en}"
    return text
