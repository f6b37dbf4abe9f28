"""The headline table: what each mix does, what it costs and what it reaches, set against the baseline.

Rows come in five kinds. ``level``: a level with its paired difference. ``amount``: a sum that is zero at the baseline
by its nature (money paid, investment claimed for). ``own``: a number that is a difference by itself (additional
investment). ``ratio``: one sum over another. ``probability``: a tracked target.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policymix.analysis.additionality import parts, share
from policymix.analysis.differences import against_baseline, summary
from policymix.analysis.money import cost_per, cost_per_job, paid_total
from policymix.analysis.selection import baseline_of, last_quarter, level, series, total, years_of
from policymix.analysis.targets import Target, probabilities

if TYPE_CHECKING:
    import xarray

STATISTICS = ("mean", "median", "low", "high", "standard_error")
STEP_NAMES = {
    "technology_sme": ("technology SMEs", "科技型中小企业"),
    "high_tech_enterprise": ("high-tech enterprises", "高新技术企业"),
    "chick_eagle": ("chick-eagles", "雏鹰企业"),
    "gazelle": ("gazelles", "瞪羚企业"),
    "unicorn": ("unicorn-type firms", "独角兽类企业"),
    "leading": ("leading firms", "龙头企业"),
}
INDICATOR_NAMES = {
    "core_industry_share_of_gdp": ("core-industry share of GDP", "数字经济核心产业占GDP比重"),
    "core_industry_value_added": ("core value added, growth a year", "核心产业增加值年均增速"),
    "core_industry_value_added_growth": ("core value added, growth a year", "核心产业增加值年均增速"),
    "scenario_investment": ("investment in opportunities", "应用场景投资"),
    "scenario_investment_realised": ("investment in opportunities", "应用场景投资"),
    "gdp": ("GDP", "地区生产总值"),
    "leading_firms": ("leading firms", "龙头企业"),
    "unicorn_firms": ("unicorn-type firms", "独角兽类企业"),
    "gazelle_firms": ("gazelles", "瞪羚企业"),
    "high_tech_enterprises": ("high-tech enterprises", "高新技术企业"),
    "high_growth_firms_grown_or_attracted": ("high-growth firms grown or attracted", "培育引进高成长企业"),
}


@dataclass(frozen=True)
class Row:
    """One line of the table: ``read`` gives values by run (level, amount, own) or finished statistics (ratio)."""

    id: str
    label: str
    label_zh: str
    unit: str
    kind: str
    read: Callable[[xarray.Dataset], xarray.DataArray | xarray.Dataset]


def rows(results: xarray.Dataset) -> list[Row]:
    """The rows that the run's outcomes allow, in the order in which they are read; probabilities come after them."""
    year, quarter = years_of(results)[-1], last_quarter(results)
    base = results.attrs.get("price_base", "")
    span = f"{years_of(results)[0]}-{year}"
    firm_rows = [
        Row("investment", f"Investment of all firms, {span}", f"全部企业投资({span})", "CNY", "level",
            lambda run: total(run, "investment")),
        Row("investment_gross", "Investment claimed for (gross)", "申领所涉投资(总额)", "CNY", "amount",
            lambda run: parts(run, "investment")["gross"]),
        Row("investment_additional", "of which additional", "其中新增", "CNY", "own",
            lambda run: parts(run, "investment")["additional"]),
        Row("additional_share", "additional / gross", "新增占总额", "ratio", "ratio",
            lambda run: share(parts(run, "investment")["additional"], parts(run, "investment")["gross"])),
        Row("active_firms_city", f"Active firms, city, {quarter}", f"全市经营企业({quarter})", "count", "level",
            lambda run: level(run, "active_firms")),
        Row("active_firms_zone", f"Active firms, zone, {quarter}", f"高新区经营企业({quarter})", "count", "level",
            lambda run: level(run, "active_firms", place="zone")),
        Row("employment_city", f"Jobs, city, {quarter}", f"全市就业({quarter})", "persons", "level",
            lambda run: level(run, "employment")),
    ]  # fmt: skip
    share_rows = [
        Row("core_share", f"Core-industry share of GDP, {year}", f"{year}年核心产业占GDP比重", "share", "level",
            lambda run: series(run, "core_share").isel(year=-1, drop=True)),
        Row("core_share_constant", f"the same at {base} prices", f"同上,{base}年价", "share", "level",
            lambda run: series(run, "core_share_constant").isel(year=-1, drop=True)),
    ]  # fmt: skip
    money_rows = [
        Row("paid", f"Paid by the treasury, {span} (nominal)", f"财政兑付({span},现价)", "CNY", "amount", paid_total),
        Row("cost_per_investment", "Paid per additional yuan invested", "每元新增投资的财政支出", "CNY per CNY",
            "ratio", lambda run: cost_per(run, "investment")),
        Row("cost_per_job", f"Paid per additional job, {quarter}", f"每个新增岗位的财政支出({quarter})", "CNY per job",
            "ratio", cost_per_job),
    ]  # fmt: skip
    return [*firm_rows, *_ladder_rows(results, "zone"), *share_rows, *money_rows]


def headline(
    results: xarray.Dataset,
    targets: Iterable[Target] = (),
    *,
    chosen: Sequence[Row] | None = None,
    chances: xarray.Dataset | None = None,
) -> xarray.Dataset:
    """The headline as data; ``chances`` are the targets' probabilities, where they are there already.

    Returns
    -------
    Dataset over ``row, mix``: ``level_*`` (statistics of the mix itself) and ``difference_*`` (paired with the
    baseline) for mean, median, low, high (90 %), standard_error; ``resolved`` of the difference (of the number itself
    in own and ratio rows) and ``same``, True where every run equals its baseline. Coordinates over ``row``: label,
    label_zh, unit, kind. Units stay CNY, shares 0..1, counts.
    """
    import xarray

    baseline = baseline_of(results)
    chosen = rows(results) if chosen is None else list(chosen)
    tables = [_statistics(row, row.read(results), baseline) for row in chosen]
    texts = [(row.id, row.label, row.label_zh, row.unit, row.kind) for row in chosen]
    tracked = probabilities(results, targets) if chances is None else chances
    for name in tracked["target"].values.tolist():
        one = tracked.sel(target=name)
        if bool(one["tracked"]):
            tables.append(_probability(one))
            texts.append((f"probability {name}", *_target_labels(one), "probability", "probability"))
    table = xarray.concat(tables, dim="row", coords="minimal", compat="override", join="override")
    columns = dict(zip(("row", "label", "label_zh", "unit", "kind"), zip(*texts, strict=True), strict=True))
    table = table.assign_coords({key: ("row", list(values)) for key, values in columns.items()})
    kept = {key: results.attrs[key] for key in ("baseline", "mixes", "price_base", "scenario") if key in results.attrs}
    table.attrs.update(kept, draws=results.sizes["draw"], replicates=results.sizes["replicate"])
    return table.transpose("row", "mix")


def _ladder_rows(results: xarray.Dataset, place: str) -> list[Row]:
    """One row for each step: ever recognised in the zone by the last quarter, as the press counts."""
    answer = []
    for step in (str(name) for name in results["step"].values):
        label, label_zh = STEP_NAMES.get(step, (step.replace("_", " "), step))
        answer.append(
            Row(
                f"recognised_{step}",
                f"Recognised {label}, {place}",
                f"高新区{label_zh}(累计认定)",
                "count",
                "level",
                functools.partial(level, outcome="recognised", place=place, step=step),
            )
        )
    return answer


def _statistics(row: Row, values: xarray.DataArray | xarray.Dataset, baseline: str) -> xarray.Dataset:
    """Level and difference statistics of one row over ``mix``."""
    import xarray

    if isinstance(values, xarray.Dataset):  # a ratio comes with its statistics
        own = values.reset_coords(drop=True)
        found = {f"level_{name}": own[name] for name in STATISTICS}
        found |= {f"difference_{name}": own[name] * float("nan") for name in STATISTICS}
        return xarray.Dataset({**found, "resolved": own["resolved"], "same": own["mean"].isnull()}, attrs={})
    values = values.astype(float).reset_coords(drop=True)
    change = against_baseline(values, baseline)
    own, difference = summary(values), summary(change)
    found = {f"level_{name}": own[name] for name in STATISTICS}
    found |= {f"difference_{name}": difference[name] for name in STATISTICS}
    same = (change == 0.0).all(["draw", "replicate"])
    return xarray.Dataset({**found, "resolved": difference["resolved"], "same": same})


def _probability(one: xarray.Dataset) -> xarray.Dataset:
    """A target's row; its interval is the mean -+ 1.645 standard errors: a probability has no spread over runs."""
    import xarray

    found = {}
    for prefix, mean, error in (
        ("level", "probability", "probability_error"),
        ("difference", "difference", "difference_error"),
    ):
        found[f"{prefix}_mean"] = found[f"{prefix}_median"] = one[mean]
        found[f"{prefix}_low"], found[f"{prefix}_high"] = one[mean] - 1.645 * one[error], one[mean] + 1.645 * one[error]
        found[f"{prefix}_standard_error"] = one[error]
    same = (one["difference"] == 0.0) & (one["difference_error"].fillna(0.0) == 0.0)
    return xarray.Dataset({**found, "resolved": one["resolved"], "same": same}).reset_coords(drop=True)


def _target_labels(one: xarray.Dataset) -> tuple[str, str]:
    """English and Chinese label of a probability row."""
    indicator = str(one["indicator"].values)
    english, chinese = INDICATOR_NAMES.get(indicator, (indicator.replace("_", " "), indicator))
    line = str(one["line"].values)
    return f"P({english} {line})", f"{chinese} {line} 的概率"
