"""Why a clause paid, was capped, lost, is unknown or refused: one sentence in English and one in Chinese."""

import datetime
import math
from typing import Any

import numpy as np

from policymix.policy import arrays as codes
from policymix.policy.claim import Fact, facts_of
from policymix.policy.compile import Compiled
from policymix.policy.dossier import Claim
from policymix.policy.schedule import holds
from policymix.policy.settlement import LIMIT_INDEX

_WORDS = {
    codes.OP_MIN: ("at least", "不低于"),
    codes.OP_MAX: ("at most", "不高于"),
    codes.OP_ABOVE: ("more than", "超过"),
    codes.OP_BELOW: ("less than", "低于"),
}
_TIME = {
    codes.OP_YEARS_MIN: ("at least {b} years after", "满{b}年后"),
    codes.OP_YEARS_MAX: ("within {b} years of", "{b}年内"),
    codes.OP_CALENDAR_MIN: ("at least {b} calendar years after", "至少{b}个日历年后"),
    codes.OP_CALENDAR_MAX: ("at most {b} calendar years after", "至多{b}个日历年后"),
}
_YES = {"yes": "是", "no": "否"}
STATUS_ZH = {
    "paid": "支付",
    "capped": "封顶",
    "lost": "就高未取",
    "refused": "不符合",
    "unknown": "待定",
    "closed": "不在期限内",
    "once": "已享受",
    "zero": "金额为零",
    "rationed": "名额或预算用尽",
    "budget": "预算不足",
    "other_kind": "非本类申报",
}


def money(amount: float) -> str:
    """CNY with separators; fen only where there are any."""
    return f"{amount:,.0f}" if abs(amount - round(amount)) < 0.005 else f"{amount:,.2f}"


def shown(fact: Fact, value: float, places: tuple[str, ...]) -> str:
    """A fact's value in words."""
    if math.isnan(value):
        return "?"
    match fact.type:
        case "bool":
            return "yes" if value else "no"
        case "date":
            return str(datetime.date.fromordinal(int(value)))
        case "choice":
            return fact.words[int(value)]
        case "set":
            words = [word for i, word in enumerate(fact.words) if int(value) >> i & 1]
            return ", ".join(words) or "none"
        case "place":
            return places[int(value)] if 0 <= value < len(places) else "elsewhere"
        case "money":
            return f"{money(value)} CNY"
        case _:
            return f"{value:g} {fact.unit}" if fact.type not in ("count", "number") else f"{value:g}"


def wanted(test: np.void, fact: Fact, facts: tuple[Fact, ...], places: tuple[str, ...]) -> tuple[str, str]:
    """What one test asks for, in English and Chinese."""
    op, bound = int(test["op"]), float(test["value"])
    if op in _WORDS:
        figure = shown(fact, bound, places)
        return f"{_WORDS[op][0]} {figure}", f"{_WORDS[op][1]}{figure}"
    if op in _TIME:
        anchor = facts[int(test["other"])]
        return (
            f"{_TIME[op][0].format(b=f'{bound:g}')} {anchor.name}",
            f"{anchor.meaning_zh}{_TIME[op][1].format(b=f'{bound:g}')}",
        )
    if op == codes.OP_EQUAL:
        figure = shown(fact, bound, places)
        return figure, _YES.get(figure, figure)
    words = [
        word for i, word in enumerate(places if fact.type == "place" else fact.words) if int(test["mask"]) >> i & 1
    ]
    return "one of " + ", ".join(words) if len(words) != 1 else words[0], "、".join(words)


def failing(
    compiled: Compiled, arrays: codes.ClauseArrays, clause: int, facts: np.ndarray, verdict: int
) -> list[tuple[str, str, str, float | None]]:
    """For every alternative the first test with that verdict: (fact, sentence en, sentence zh, distance)."""
    row = arrays.clause[clause]
    table = facts_of(compiled.models[clause].on or "")
    out: list[tuple[str, str, str, float | None]] = []
    for a in range(row["alternative_first"], row["alternative_last"]):
        tests = range(arrays.alternative[a]["test_first"], arrays.alternative[a]["test_last"])
        if verdict == -1 and any(holds(arrays.test[t], facts) == 0 for t in tests):
            continue
        for t in tests:
            test = arrays.test[t]
            if holds(test, facts) != verdict:
                continue
            fact = table[int(test["fact"])]
            value = float(facts[int(test["fact"])])
            en, zh = wanted(test, fact, table, compiled.places)
            if verdict == -1:
                missing = fact if math.isnan(value) else table[int(test["other"])]
                out.append(
                    (
                        missing.name,
                        f"{missing.name} is not given (needed: {en})",
                        f"缺少{missing.meaning_zh}(要求{zh})",
                        None,
                    )
                )
            else:
                off = value - float(test["value"]) if int(test["op"]) in _WORDS else None
                gap = "" if off is None else f" (off by {abs(off):,g})"
                now = shown(fact, value, compiled.places)
                out.append(
                    (
                        fact.name,
                        f"{fact.name} is {now}, needed {en}{gap}",
                        f"{fact.meaning_zh}为{_YES.get(now, now)},要求{zh}",
                        off,
                    )
                )
            break
    return list(dict.fromkeys(out))


def why(
    compiled: Compiled,
    arrays: codes.ClauseArrays,
    clause: int,
    claim: Claim,
    facts: np.ndarray,
    status: int,
    detail: Any,
    amount: float,
) -> tuple[str, str, tuple[str, ...], float | None]:
    """Sentence in English and Chinese, the unknown facts, and the distance to the bound that decided."""
    model, row = compiled.models[clause], arrays.clause[clause]
    index, bound, distance = (float(x) for x in detail)
    match status:
        case codes.STATUS_REFUSED | codes.STATUS_UNKNOWN:
            return _refused(compiled, arrays, clause, claim, facts, status, index)
        case codes.STATUS_CLOSED:
            first, last = (
                datetime.date.fromordinal(int(row[k])) if row[k] < codes.NEVER else ""
                for k in ("open_from", "open_until")
            )
            tested = model.admit.by if model.admit else "the date of the claim"
            off = f"; off by {abs(distance):.0f} days" if not math.isnan(distance) else ""
            return f"{tested} lies outside {first}..{last}{off}", f"申报日期不在{first}至{last}之内", (), distance
        case codes.STATUS_ONCE:
            return f"already granted, once per {model.once}", "已享受过,不重复支付", (), None
        case codes.STATUS_ZERO:
            return (
                "the amount is zero (no figure in the text, or nothing to pay on)",
                "金额为零(文件未定数额或无计算基数)",
                (),
                None,
            )
        case codes.STATUS_LOST:
            return (
                f"would have paid {money(-distance)}; a better clause takes its place",
                f"可得{money(-distance)}元,按就高原则不取",
                (),
                distance,
            )
        case codes.STATUS_CAPPED:
            return *_capped(model, arrays, clause, index, bound, distance), (), distance
        case _:
            left = f"; {money(-distance)} CNY below its cap" if not math.isnan(distance) and distance < 0 else ""
            return (
                f"pays {money(amount)} CNY{left}",
                f"支付{money(amount)}元",
                (),
                None if math.isnan(distance) else distance,
            )


def _refused(
    compiled: Compiled,
    arrays: codes.ClauseArrays,
    clause: int,
    claim: Claim,
    facts: np.ndarray,
    status: int,
    index: float,
) -> tuple[str, str, tuple[str, ...], float | None]:
    model = compiled.models[clause]
    if index == -2.0:
        place = claim.facts.get("place")
        return f"place is {place}, outside the package's place", f"申报地{place}不在政策适用范围", (), None
    found = failing(compiled, arrays, clause, facts, 0 if status == codes.STATUS_REFUSED else -1)
    if not found:
        pays = model.pays
        names = [getattr(pays, key) for key in ("of", "by") if getattr(pays, key, None)] or ["rent", "area"]
        missing = [name for name in names if name not in claim.facts]
        if "place" not in claim.facts:
            missing = ["place", *missing]
        if not missing:
            value = claim.facts.get(names[0])
            return f"{names[0]} is {value}, for which no amount is given", f"{names[0]}为{value},无对应金额", (), None
        return f"{', '.join(missing)} is not given", f"缺少{'、'.join(missing)}", tuple(missing), None
    joint = " | none of: " if status == codes.STATUS_REFUSED and len(found) > 1 else ""
    english, chinese = " | ".join(f[1] for f in found), ";".join(f[2] for f in found)
    unknown = tuple(f[0] for f in found) if status == codes.STATUS_UNKNOWN else ()
    return (f"none of: {english}" if joint else english), chinese, unknown, found[0][3]


def _capped(
    model: Any, arrays: codes.ClauseArrays, clause: int, index: float, bound: float, distance: float
) -> tuple[str, str]:
    over = money(max(distance, 0.0))
    if index >= 2 * LIMIT_INDEX:
        return f"cut by {over} CNY: never more than the fact itself ({money(bound)})", f"不超过基数本身{money(bound)}元"
    if index >= LIMIT_INDEX:
        return (
            f"cut by {over} CNY in proportion: shared limit of {money(bound)} CNY",
            f"与相关条款合计不超过{money(bound)}元",
        )
    cap = model.caps[int(index) - int(arrays.clause[clause]["cap_first"])]
    return f"cut by {over} CNY: cap of {money(bound)} CNY per {cap.per}", f"封顶{money(bound)}元,超出{over}元"
