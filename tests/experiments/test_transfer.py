"""One city's packages in another: amounts by the ratio of the economies, roles that a region lacks."""

from decimal import Decimal

import pytest

from policymix.errors import InvalidValue
from policymix.experiments import runner, transfer
from policymix.experiments.inputs import gather
from policymix.experiments.scenario import load_scenario, with_options
from policymix.policy.package import addresses_of, load

LOCAL = """id = "{id}"
title = {{en = "County", zh = "县"}}
place = "{place}"
currency = "CNY"
announced = 2021-01-01
from = 2021-01-01
until = 2025-12-31
payers = [{{who = "county", share = 1}}]
budget = {{amount = 5_000_000, per = "year", ration = "pro_rata"}}

[[clause]]
id = "1"
title = {{en = "Project", zh = "项目"}}
source = "test"
on = "project"
where = {{new_investment = {{min = 1_000_000}}}}
pays = {{share = 0.1, of = "new_investment"}}
cap = {{amount = 1_000_000, per = "project"}}
"""


def test_a_guest_is_scaled_by_gdp_and_says_so():
    scenario = with_options(load_scenario("dalian-2025"), mix="none,htz-2022,shiyan-2022")
    scaled, said = transfer.scaled_to_host(scenario)
    assert len(said) == 1 and said[0].startswith(
        "shiyan-2022: money amounts, caps and budgets x 3.23 (GDP of dalian 2020"
    )
    assert said[0] in scaled.description
    assert not any(address.startswith("htz-2022") for address in scaled.set)
    plain, changed = (gather(each).packages["shiyan-2022"] for each in (scenario, scaled))
    factor = 700_040_000_000 / 216_398_000_000
    before, after = addresses_of(plain.raw), addresses_of(changed.raw)
    assert float(after["7a.pays.amounts.national"]) == pytest.approx(500_000 * factor, abs=0.01)
    assert [float(after[f"budget.amount.{end}"]) for end in ("low", "value", "high")] == pytest.approx(
        [float(before[f"budget.amount.{end}"]) * factor for end in ("low", "value", "high")], abs=0.01
    )
    assert after["12a.where.paid_in_capital.min"] == before["12a.where.paid_in_capital.min"] == 20_000_000
    moved = {address for address in before if before[address] != after[address]}
    assert moved and all(transfer.MONEY.search(address) for address in moved)


def test_every_amount_of_the_shipped_packages_is_found():
    for name in ("dalian-2021", "htz-2022", "qingdao-2023", "shiyan-2022"):
        package = load(name)
        found = transfer.scaling(package, 2.0)
        known = addresses_of(package.raw)
        for address, value in known.items():
            large = isinstance(value, int | Decimal) and not isinstance(value, bool) and value >= 10_000
            if large and ".where." not in address and ".any." not in address and "up_to" not in address:
                assert found[f"{name}/{address}"] == pytest.approx(2.0 * float(value)), address


def test_shares_of_a_ceiling_are_not_money():
    found = transfer.scaling(load("htz-2022"), 2.0)
    assert found["htz-2022/m2.pays.amount.at_most"] == 60_000_000.0
    assert not {"htz-2022/m2.pays.amount.low", "htz-2022/m2.pays.amount.realised"} & set(found)


def test_at_home_nothing_is_scaled():
    scenario = load_scenario("dalian-2025")
    assert transfer.scaled_to_host(scenario) == (scenario, [])


def test_own_settings_win():
    address = "shiyan-2022/7c.pays.amount"
    scenario = with_options(load_scenario("dalian-2025"), mix="none,shiyan-2022", set={address: 123})
    scaled, _ = transfer.scaled_to_host(scenario)
    assert gather(scaled).packages["shiyan-2022"].named("7c").pays.amount == 123


@pytest.fixture()
def stranger(small_folder):
    (small_folder / "packages").mkdir(exist_ok=True)
    for place in ("county", "city"):
        text = LOCAL.format(id=f"of-a-{place}", place=place)
        (small_folder / "packages" / f"of-a-{place}.toml").write_text(text, encoding="utf-8")
    return small_folder


def test_a_package_without_a_home_is_refused(small, stranger):
    with pytest.raises(InvalidValue, match="of-a-county, whose home nobody names"):
        transfer.scaled_to_host(with_options(small, mix="none,of-a-county"))


def test_a_role_that_the_region_lacks_is_the_city_with_a_notice(small, stranger):
    scenario = with_options(small, mix="none,of-a-county,of-a-city", set={"run.end": "2021Q4"})
    notices = transfer.place_notices(runner.setting_of(gather(scenario)))
    assert len(notices) == 1 and "'county'" in notices[0] and "of-a-county" in notices[0]
    run = runner.run(scenario)
    assert float(abs(run["investment"].sel(mix="of-a-county") - run["investment"].sel(mix="of-a-city")).max()) == 0.0
    assert "county" in run.attrs["notices"]


def test_each_citys_package_runs_in_another(small):
    """Packages of three cities in one, by name: each of them does something."""
    scenario = with_options(small, mix="none,qingdao-2023,shiyan-2022")
    run = runner.run(scenario)
    paid = run["paid"].sum(["quarter", "clause", "payer"])
    assert (paid.sel(mix=["qingdao-2023", "shiyan-2022"]) > 0.0).all() and float(paid.sel(mix="none").sum()) == 0.0
