"""The treasury's table against a run whose numbers are plain."""

import numpy as np
import pytest
import xarray

from policymix.analysis import treasury
from policymix.analysis.additionality import share
from policymix.errors import InvalidValue, NotFound

FIXED = {"discount": 0.10, "cost_of_funds": 1.25, "vat": 0.06, "surcharge": 0.1, "profit": 0.25, "profit_tax": 0.2,
         "city_part": 0.5}  # fmt: skip


@pytest.fixture(scope="module")
def plain(run):
    """Every mix but none pays 100 in 2021 and 110 in 2023 and gains 40 of value added a year; prices stand still."""
    other = xarray.DataArray([0.0, 1.0, 1.0, 1.0], dims="mix", coords={"mix": run["mix"]})
    quarters = run["quarter"].values
    paid = xarray.zeros_like(run["paid"])
    first = xarray.DataArray([{"2021Q1": 100.0, "2023Q2": 110.0}.get(q, 0.0) for q in quarters], dims="quarter")
    paid[{"clause": 0, "payer": 0}] = (paid.isel(clause=0, payer=0) + first) * other
    value = xarray.zeros_like(run["value_added"])
    value[{"place": 0, "industry": 0}] = 1000.0 + 10.0 * other
    core = xarray.zeros_like(run["core_share"]) + 400.0
    return run.assign(
        paid=paid, committed=paid, recovered=paid * 0.0, cancelled=paid * 0.0, outstanding=paid * 0.0,
        value_added=value, core_share_constant=core * 0.0 + 0.1, core_value_added_constant=core * 0.1,
        gdp=xarray.zeros_like(run["gdp"]) + 100.0,
    )  # fmt: skip


def test_present_values_by_hand(plain):
    """At 10 %: 100 / 1.1^0.5 + 110 / 1.1^2.5 = 182.04 paid; 40 a year for five years, 159.04 of value added."""
    table = treasury.treasury(plain, set=FIXED).sel(mix="both")["mean"]
    paid = 100.0 / 1.1**0.5 + 110.0 / 1.1**2.5
    value = sum(40.0 / 1.1 ** (year + 0.5) for year in range(5))
    tax = value * (0.06 * (0.5 + 0.1) + 0.25 * 0.2 * 0.4) * 0.5
    assert float(table.sel(measure="paid")) == pytest.approx(210.0)
    assert float(table.sel(measure="paid_present")) == pytest.approx(paid)
    assert float(table.sel(measure="value_present")) == pytest.approx(value)
    assert float(table.sel(measure="tax_present")) == pytest.approx(tax)
    assert float(table.sel(measure="net_cost_present")) == pytest.approx(1.25 * (paid - tax))
    assert float(table.sel(measure="benefit_cost")) == pytest.approx(value / (1.25 * paid))
    assert float(table.sel(measure="tax_back")) == pytest.approx(tax / paid)


def test_costs_and_leverage_are_ratios_of_means(plain):
    table = treasury.treasury(plain, set=FIXED).sel(mix="both")["mean"]
    additional = plain["additional"].sel(prices="free", mix="both", activity="investment").mean()
    assert float(table.sel(measure="cost_per_investment")) == pytest.approx(210.0 / float(additional))
    assert float(table.sel(measure="leverage")) == pytest.approx(float(additional) / 210.0)
    points = 100.0 * plain["core_share"].sel(prices="free", year=2025).mean(["draw", "replicate"])
    rise = float(points.sel(mix="both") - points.sel(mix="none"))
    assert float(table.sel(measure="cost_per_point")) == pytest.approx(210.0 / rise)


def test_prices_of_the_day_are_taken_off(plain):
    """GDP at current prices twice that at constant ones: the same payments weigh half."""
    dearer = plain.assign(gdp=2.0 * plain["gdp"])
    halves = treasury.treasury(dearer, set=FIXED).sel(mix="both", measure="paid_present")["mean"]
    once = treasury.treasury(plain, set=FIXED).sel(mix="both", measure="paid_present")["mean"]
    assert float(halves) == pytest.approx(0.5 * float(once))


def test_the_discount_rate_is_stated_and_moves_present_values(plain):
    low, high = (treasury.treasury(plain, set={**FIXED, "discount": r}) for r in (0.0, 0.2))
    measure = {"mix": "both", "measure": "paid_present"}
    assert float(low["mean"].sel(measure)) == pytest.approx(210.0)
    assert float(high["mean"].sel(measure)) < 180.0
    assert low.attrs["discount"] == "0" and treasury.treasury(plain).attrs["discount"] == "0.05 [0.03, 0.08]"


def test_every_draw_has_its_own_rates_within_their_range():
    found = treasury.drawn_rates(200, {})
    for rate in treasury.RATES:
        values = found[rate.name].values
        assert rate.low <= values.min() <= values.max() <= rate.high
        assert (rate.low == rate.high) == (len(np.unique(values)) == 1)
        assert rate.source and rate.title_zh


def test_the_baseline_has_no_costs(plain):
    table = treasury.treasury(plain, set=FIXED).sel(mix="none")
    assert not table["resolved"].sel(measure="cost_per_job") and np.isnan(table["mean"].sel(measure="benefit_cost"))


@pytest.mark.parametrize(("rates", "error"), [({"discuont": 0.1}, NotFound), ({"discount": -1.0}, InvalidValue)])
def test_wrong_rates_are_refused(plain, rates, error):
    with pytest.raises(error, match="discount|number"):
        treasury.treasury(plain, set=rates)


def test_a_ratio_of_nothing_is_not_resolved():
    nothing = xarray.zeros_like(xarray.DataArray(np.ones((1, 3, 1)), dims=("mix", "draw", "replicate")))
    assert not bool(share(nothing + 1.0, nothing)["resolved"])
