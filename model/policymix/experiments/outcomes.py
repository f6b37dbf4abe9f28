"""Every outcome of a run: dims, units and what it is called, in English and Chinese.

Flows are sums over a quarter, stocks are at its end. Money is in CNY: at constant prices of the year in the attribute
``price_base`` unless the unit says nominal. ``prices`` is the dimension (frozen, free).
"""

from __future__ import annotations

from typing import NamedTuple

from policymix.errors import NotFound

RUN = ("mix", "draw", "replicate")
BY_INDUSTRY = ("prices", *RUN, "quarter", "place", "industry")
BY_PLACE = ("prices", *RUN, "quarter", "place")
BY_STEP = ("prices", *RUN, "quarter", "place", "step")
WHOLE = ("prices", *RUN, "quarter")
BY_YEAR = ("prices", *RUN, "year")
BY_PAYER = (*RUN, "quarter", "clause", "payer")
BY_CLAUSE = (*RUN, "quarter", "clause")
PAIRED = ("prices", *RUN, "activity")
BY_HOME = (*PAIRED, "place", "industry")
BY_CLASS = (*PAIRED, "size", "rung")
DIMS = {  # what a dimension runs over, in English and Chinese
    "prices": ("frozen: rents, wages and local demand on the baseline's path; free: with their feedback", "价格处理"),
    "mix": ("the packages added in one run", "政策组合"),
    "draw": ("one sample of the uncertain parameters", "参数抽样序号"),
    "replicate": ("a repetition within a draw", "重复序号"),
    "quarter": ("2021Q1, ...", "季度"),
    "year": ("calendar year", "年份"),
    "place": ("part of the city", "区域"),
    "industry": ("industry of the region", "行业"),
    "step": ("rung of the ladder", "企业梯队"),
    "size": (
        "size class by staff at the fork or on entry: below 10, 100, 300, and above",
        "企业规模(期初或进入时人数)",
    ),
    "rung": ("highest rung of the ladder held at the fork or on entry; off: none", "最高梯队级别(期初或进入时)"),
    "clause": ("package/clause", "政策条款"),
    "payer": ("who pays", "出资方"),
    "activity": ("investment, real R&D, value added, employment, active firms", "活动"),
    "parameter": ("address of an uncertain parameter", "不确定参数"),
}


_MIXED = "CNY, persons or count"


class Outcome(NamedTuple):
    """One variable of the results."""

    name: str
    dims: tuple[str, ...]
    units: str
    long_name: str
    long_name_zh: str


OUTCOMES = (
    Outcome("investment", BY_INDUSTRY, "CNY", "investment", "投资"),
    Outcome("value_added", BY_INDUSTRY, "CNY", "value added", "增加值"),
    Outcome("revenue", BY_INDUSTRY, "CNY", "revenue", "营业收入"),
    Outcome("real_rd", BY_PLACE, "CNY", "R&D done", "实际研发支出"),
    Outcome("reported_rd", BY_PLACE, "CNY", "R&D reported", "申报研发支出"),
    Outcome("employment", BY_INDUSTRY, "persons", "jobs at the end of the quarter", "期末就业人数"),
    Outcome("active_firms", BY_INDUSTRY, "count", "active firms at the end of the quarter", "期末经营企业数"),
    Outcome("recognised", BY_STEP, "count", "firms ever recognised", "累计认定企业数"),
    Outcome("meeting", BY_STEP, "count", "active firms that meet the criteria", "符合标准的经营企业数"),
    Outcome("entries", BY_PLACE, "count", "firms that enter", "新进入企业数"),
    Outcome("exits", BY_PLACE, "count", "firms that leave the market", "退出企业数"),
    Outcome("relocations_in", BY_PLACE, "count", "firms that move in", "迁入企业数"),
    Outcome("registrations", BY_PLACE, "count", "entries and paper registrations", "新登记企业数"),
    Outcome("adopters", BY_PLACE, "count", "firms that adopt digital technology", "数字化应用企业数"),
    Outcome("rent", BY_PLACE, "index", "rent, 1 at the start of the baseline", "租金指数"),
    Outcome("wage", BY_PLACE, "index", "wage, 1 at the start of the baseline", "工资指数"),
    Outcome("core_value_added", WHOLE, "CNY", "value added of core industries, nominal", "核心产业增加值"),
    Outcome("gdp", WHOLE, "CNY", "gross domestic product of the city, nominal", "地区生产总值"),
    Outcome("core_share", BY_YEAR, "share", "core industries' share of GDP, current prices", "核心产业增加值占比"),
    Outcome(
        "core_share_constant",
        BY_YEAR,
        "share",
        "core industries' share of GDP, constant prices",
        "核心产业增加值占比(不变价)",
    ),
    Outcome(
        "core_value_added_constant",
        BY_YEAR,
        "CNY",
        "value added of core industries, constant prices, a year",
        "核心产业增加值(不变价)",
    ),
    Outcome(
        "core_share_luck",
        ("draw", "replicate", "year"),
        "share",
        "what luck of firms added to the baseline's share",
        "偶然因素对基准占比的影响",
    ),
    Outcome(
        "core_share_granular_sd",
        ("draw", "replicate", "year"),
        "share",
        "standard deviation of that luck",
        "偶然因素标准差",
    ),
    Outcome("committed", BY_PAYER, "CNY", "nominal support committed", "承诺资金"),
    Outcome("paid", BY_PAYER, "CNY", "nominal support paid", "拨付资金"),
    Outcome("outstanding", BY_PAYER, "CNY", "nominal support committed and not yet paid", "待拨资金"),
    Outcome("cancelled", BY_PAYER, "CNY", "nominal support cancelled", "取消资金"),
    Outcome("recovered", BY_PAYER, "CNY", "nominal support recovered", "追回资金"),
    Outcome("claims_made", BY_CLAUSE, "count", "claims made", "申报数"),
    Outcome("claims_approved", BY_CLAUSE, "count", "claims approved", "批准数"),
    Outcome("claims_rationed", BY_CLAUSE, "count", "claims cut or refused by a budget", "受预算限制的申报数"),
    Outcome(
        "opportunity_spending",
        (*RUN, "quarter"),
        "CNY",
        "nominal spending on opportunities opened by the city",
        "应用场景支出",
    ),
    Outcome("gross", PAIRED, _MIXED, "activity that approved claims refer to", "获支持活动总量"),
    Outcome("additional", PAIRED, _MIXED, "what supported firms do more than under the baseline", "新增量"),
    Outcome(
        "deadweight",
        PAIRED,
        _MIXED,
        "supported activity that would have happened anyway",
        "无谓支持量",
    ),
    Outcome("displacement", PAIRED, _MIXED, "change of all other firms of the region", "对其他企业的影响"),
    Outcome(
        "gross_by_place", BY_HOME, _MIXED, "gross by where a firm was at the fork or entered", "获支持活动(按地区行业)"
    ),
    Outcome("additional_by_place", BY_HOME, _MIXED, "additional by the same", "新增量(按地区行业)"),
    Outcome("displacement_by_place", BY_HOME, _MIXED, "displacement by the same", "对其他企业的影响(按地区行业)"),
    Outcome("gross_by_size", BY_CLASS, _MIXED, "gross by size class and highest rung", "获支持活动(按规模梯队)"),
    Outcome("additional_by_size", BY_CLASS, _MIXED, "additional by the same", "新增量(按规模梯队)"),
    Outcome("displacement_by_size", BY_CLASS, _MIXED, "displacement by the same", "对其他企业的影响(按规模梯队)"),
    Outcome(
        "relocation",
        (*PAIRED, "place"),
        _MIXED,
        "carried in by moves between places less carried out",
        "区间迁移带入量",
    ),
    Outcome(
        "from_elsewhere",
        (*PAIRED, "place"),
        _MIXED,
        "change due to projects from outside the city",
        "市外迁入带来的变化",
    ),
    Outcome("additional_by_year", BY_YEAR, "CNY", "additional investment of supported firms, a year", "各年新增投资"),
    Outcome(
        "pulled_forward",
        ("prices", *RUN),
        "CNY",
        "investment that supported firms made earlier instead of later",
        "提前实施的投资",
    ),
    Outcome(
        "gross_by_clause",
        (*PAIRED, "clause"),
        _MIXED,
        "activity that a clause's granted claims refer to; clauses overlap",
        "条款所涉活动",
    ),
    Outcome(
        "allocated_by_clause",
        (*PAIRED, "clause"),
        _MIXED,
        "additional shared out by present value paid (allocated, not caused)",
        "按拨付现值分摊的新增量",
    ),
    Outcome(
        "leakage", RUN, "CNY", "additional opportunity spending that goes outside the region", "外溢到市外的新增支出"
    ),
    Outcome(
        "never_claimed_share",
        RUN,
        "share",
        "part of the paired difference from firms that never claimed",
        "未申报企业的差异占比",
    ),
    Outcome("parameter_value", ("draw", "parameter"), "own unit", "value of an uncertain parameter", "参数取值"),
    Outcome("pool_used", RUN, "share", "share of the pool of entrants used", "潜在进入者使用率"),
)


def outcome(name: str) -> Outcome:
    """One outcome by its name."""
    for candidate in OUTCOMES:
        if candidate.name == name:
            return candidate
    raise NotFound("outcome", name, [candidate.name for candidate in OUTCOMES])
