"""What the money buys and what comes back: leverage, costs, present values, tax, benefit over cost.

Payments are nominal and are brought to the prices of the reference year by the run's own GDP deflator; a year's sums
are discounted from its middle to the start of the run. What a treasury is not told by the run (rates, shares of tax
that stay) are uncertain numbers with a range and a source; every draw has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from policymix.analysis.additionality import parts, share
from policymix.analysis.differences import against_baseline, summary
from policymix.analysis.money import check_accounts, paid_total
from policymix.analysis.runs import finite, paired_baseline
from policymix.analysis.selection import RUN_DIMS, baseline_of, by_year, level, series, years_of
from policymix.errors import InvalidValue, NotFound
from policymix.experiments.parameters import prior_of_range, quantile, uniforms

if TYPE_CHECKING:
    import xarray


class Rate(NamedTuple):
    """An uncertain number of the treasury: triangular from low over value to high."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    title: str
    title_zh: str
    source: str


SEED = 20
RATES = (
    Rate("discount", 0.05, 0.03, 0.08, "1/year", "public discount rate, real", "社会折现率",
         "NDRC and Ministry of Construction (2006), Economic Evaluation of Construction Projects, 3rd ed.: 8 % social "
         "rate, lower for long-run benefit; 5 % is the model's"),
    Rate("cost_of_funds", 1.2, 1.1, 1.3, "1", "cost of a yuan of public funds", "公共资金成本", "judgement"),
    Rate("vat", 0.06, 0.03, 0.10, "1", "value-added tax over value added, after refunds", "增值税占增加值",
         "statutory 6 % on services and 13 % on goods; software pays no more than 3 % of sales after refund"),
    Rate("vat_local", 0.5, 0.5, 0.5, "1", "local part of value-added tax", "增值税地方留成",
         "State Council (2016) no. 26"),
    Rate("surcharge", 0.12, 0.10, 0.12, "1", "local surcharges on value-added tax", "附加税费",
         "urban maintenance 7 %, education 3 % and local education 2 % of the tax"),
    Rate("profit", 0.25, 0.15, 0.35, "1", "taxable profit over value added", "应税利润占增加值",
         "what wages (0.50 to 0.60) and other costs leave; judgement"),
    Rate("profit_tax", 0.17, 0.10, 0.25, "1", "income tax over taxable profit", "企业所得税实际税率",
         "effects.csv B54, B64: 25 % standard, 15 % high-tech, 5 % small firms"),
    Rate("profit_local", 0.4, 0.4, 0.4, "1", "local part of company income tax", "企业所得税地方留成",
         "State Council (2001) no. 37: 40 % from 2003"),
    Rate("city_part", 0.7, 0.5, 1.0, "1", "part of the local tax that stays in the city and its zone", "市区两级留成",
         "the province's part differs by tax and year; judgement"),
)  # fmt: skip
METHOD = (
    "present values of paired differences; HM Treasury (2022), The Green Book; cost of public funds: Ballard, Shoven "
    "and Whalley (1985), American Economic Review 75(1)"
)


class Measure(NamedTuple):
    """One line of the treasury's table."""

    name: str
    unit: str
    title: str
    title_zh: str


MEASURES = (
    Measure("committed", "CNY", "committed (nominal)", "承诺(现价)"),
    Measure("paid", "CNY", "paid less recovered (nominal)", "净拨付(现价)"),
    Measure("outstanding", "CNY", "still owed at the end (nominal)", "期末待拨(现价)"),
    Measure("paid_present", "CNY", "paid, present value", "净拨付现值"),
    Measure("value_present", "CNY", "value added gained by the region, present value", "全市增加值增量现值"),
    Measure("tax_present", "CNY", "local tax on it, present value", "地方税收增量现值"),
    Measure("net_cost_present", "CNY", "(paid - tax) x cost of funds, present value", "净财政成本现值"),
    Measure("cost_per_investment", "CNY per CNY", "paid per additional yuan invested", "每元新增投资的支出"),
    Measure("cost_per_rd", "CNY per CNY", "paid per additional yuan of real R&D", "每元新增研发的支出"),
    Measure("cost_per_firm", "CNY per firm", "paid per firm more in the region", "每家新增企业的支出"),
    Measure("cost_per_job", "CNY per job", "paid per job more in the region", "每个新增岗位的支出"),
    Measure("cost_per_point", "CNY per point", "paid per point of core share", "核心产业占比每提高1个百分点的支出"),
    Measure("leverage_gross", "CNY per CNY", "private investment claimed for per yuan paid", "名义杠杆"),
    Measure("leverage", "CNY per CNY", "additional investment per yuan paid", "实际杠杆"),
    Measure("tax_back", "1", "local tax per yuan paid, present values", "税收回收率"),
    Measure("benefit_cost", "1", "value added per yuan of cost to the public, present values", "效益成本比"),
)
RATIOS = frozenset(m.name for m in MEASURES if m.name.startswith(("cost_per", "leverage", "tax_back", "benefit")))


def treasury(
    results: xarray.Dataset,
    *,
    prices: str = "free",
    set: Mapping[str, float] | None = None,
    baseline: str | None = None,
) -> xarray.Dataset:
    """The money of every mix and what it bought, against the baseline.

    With r the discount rate, D the deflator, t the years since the start, m = t - 1/2 their middles, and dY the change
    of the value added of all the region's firms (displacement included) at constant prices::

        paid_present = sum paid_t / D_t (1 + r)^-m        value_present = sum dY_t (1 + r)^-m
        tax_present  = value_present x (vat x (vat_local + surcharge) + profit x profit_tax x profit_local) x city_part
        net_cost     = cost_of_funds x (paid_present - tax_present)
        benefit_cost = value_present / (cost_of_funds x paid_present)

    Benefit over cost counts the value added of the horizon and nothing after it, and takes labour and capital to be
    idle elsewhere: read it as an upper bound of what the horizon shows.

    Parameters
    ----------
    set : rates to fix, ``{"discount": 0.03}``
    baseline : the run's own; another is refused

    Returns
    -------
    Dataset over ``mix, measure``: mean (ratios: of means), median, low, high (90 %), standard_error, resolved;
    coordinates unit, title, title_zh over ``measure``; attributes ``rates`` (text) and ``discount``.
    """
    import xarray

    finite(results, ["committed", "paid", "recovered", "outstanding", "value_added", "gross", "additional"])
    paired_baseline(results, baseline)
    check_accounts(results)
    rates = drawn_rates(results.sizes["draw"], set or {})
    sums, ratios = _sums(results, rates, prices), {}
    paid, base = sums["paid"], baseline_of(results)
    additional = {
        name: parts(results, name, prices=prices)["additional"].astype(float) for name in ("investment", "real_rd")
    }
    firms = against_baseline(level(results, "active_firms", prices=prices), base)
    jobs = against_baseline(level(results, "employment", prices=prices), base)
    points = 100.0 * against_baseline(series(results, "core_share", prices=prices).isel(year=-1, drop=True), base)
    gross = parts(results, "investment", prices=prices)["gross"].astype(float)
    cost = rates["cost_of_funds"] * sums["paid_present"]
    for name, top, bottom in (
        ("cost_per_investment", paid, additional["investment"]), ("cost_per_rd", paid, additional["real_rd"]),
        ("cost_per_firm", paid, firms), ("cost_per_job", paid, jobs), ("cost_per_point", paid, points),
        ("leverage_gross", gross - paid, paid), ("leverage", additional["investment"], paid),
        ("tax_back", sums["tax_present"], sums["paid_present"]), ("benefit_cost", sums["value_present"], cost),
    ):  # fmt: skip
        ratios[name] = share(top.transpose(*RUN_DIMS), bottom.transpose(*RUN_DIMS))
    rows = [ratios[m.name] if m.name in RATIOS else summary(sums[m.name].transpose(*RUN_DIMS)) for m in MEASURES]
    dim = xarray.DataArray([m.name for m in MEASURES], dims="measure", name="measure")
    table = xarray.concat(rows, dim=dim, coords="minimal", compat="override").reset_coords(drop=True)
    texts = {key: ("measure", [getattr(m, key) for m in MEASURES]) for key in ("unit", "title", "title_zh")}
    table = table.assign_coords(texts)
    table.attrs.update(
        method=METHOD, units="see unit", prices=prices, baseline=base, scenario=str(results.attrs.get("scenario", "")),
        price_base=str(results.attrs.get("price_base", "")), discount=_range("discount", set or {}),
        rates="; ".join(f"{rate.name} {_range(rate.name, set or {})} ({rate.source})" for rate in RATES),
    )  # fmt: skip
    return table.transpose("mix", "measure")


def net_benefit(results: xarray.Dataset, *, prices: str = "free") -> xarray.DataArray:
    """Value added gained less what the payments cost the public, present values: dims ``mix, draw, replicate``, CNY.

    value_present - cost_of_funds x paid_present, the two sides of ``benefit_cost``; as that, an upper bound.
    """
    rates = drawn_rates(results.sizes["draw"], {})
    sums = _sums(results, rates, prices)
    return (sums["value_present"] - rates["cost_of_funds"] * sums["paid_present"]).transpose(*RUN_DIMS)


def drawn_rates(draws: int, fixed: Mapping[str, float]) -> dict[str, xarray.DataArray]:
    """Every rate's value by draw; those in ``fixed`` are the same in all.

    Raises
    ------
    NotFound, InvalidValue
        No such rate, or one that is no number of nought or more.
    """
    import numpy as np
    import xarray

    known = {rate.name: rate for rate in RATES}
    for name, value in fixed.items():
        if name not in known:
            raise NotFound("rate", name, known)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < 100.0:
            raise InvalidValue(f"--rate {name}", str(value), f"a number such as {known[name].value:g}")
    found = {}
    for rate in RATES:
        if rate.name in fixed or rate.low == rate.high:
            numbers = np.full(draws, float(fixed.get(rate.name, rate.value)))
        else:
            prior = prior_of_range(rate.name, "triangular", rate.low, rate.high, rate.value)
            numbers = quantile(prior, uniforms(SEED, f"treasury.{rate.name}", draws))
        found[rate.name] = xarray.DataArray(numbers, dims="draw")
    return found


def deflator(results: xarray.Dataset) -> xarray.DataArray:
    """GDP at current over GDP at constant prices by year, 1 in the reference year; of the baseline."""
    base = baseline_of(results)
    nominal = by_year(results, "gdp").sel(mix=base, drop=True)
    real = (by_year(results, "core_value_added_constant") / by_year(results, "core_share_constant")).sel(mix=base)
    return (nominal / real.drop_vars("mix")).sel(year=years_of(results))


def _sums(results: xarray.Dataset, rates: Mapping[str, xarray.DataArray], prices: str) -> dict[str, xarray.DataArray]:
    """Amounts by run, CNY."""
    import xarray

    years = years_of(results)
    middle = xarray.DataArray([year - years[0] + 0.5 for year in years], dims="year", coords={"year": years})
    worth = (1.0 + rates["discount"]) ** -middle
    net = (results["paid"] - results["recovered"]).sum(["clause", "payer"])
    calendar = [int(str(name)[:4]) for name in net["quarter"].values]
    spent = net.assign_coords(year=("quarter", calendar)).groupby("year").sum() / deflator(results)
    gained = against_baseline(by_year(results, "value_added", prices=prices), baseline_of(results))
    paid_present, value_present = ((values * worth).sum("year") for values in (spent, gained))
    rate = rates["vat"] * (rates["vat_local"] + rates["surcharge"])
    rate = rate + rates["profit"] * rates["profit_tax"] * rates["profit_local"]
    tax = value_present * rate * rates["city_part"]
    committed, owed = results["committed"].sum(["quarter", "clause", "payer"]), results["outstanding"].isel(quarter=-1)
    return {
        "committed": committed.astype(float),
        "paid": paid_total(results),
        "outstanding": owed.sum(["clause", "payer"]).astype(float).reset_coords(drop=True),
        "paid_present": paid_present,
        "value_present": value_present,
        "tax_present": tax,
        "net_cost_present": rates["cost_of_funds"] * (paid_present - tax),
    }


def _range(name: str, fixed: Mapping[str, float]) -> str:
    rate = next(rate for rate in RATES if rate.name == name)
    if name in fixed or rate.low == rate.high:
        return f"{fixed.get(name, rate.value):g}"
    return f"{rate.value:g} [{rate.low:g}, {rate.high:g}]"
