"""What a scenario names is read whole, and every setting lands where its address says."""

import pytest

from policymix.errors import InvalidValue, NotFound, RunFailed
from policymix.experiments import runner
from policymix.experiments.inputs import gather, levers, uncertainties
from policymix.experiments.runner import draw_values
from policymix.experiments.scenario import load_scenario, with_options


@pytest.fixture(scope="module")
def gathered():
    return gather(load_scenario("dalian-2025"))


def test_everything_is_there(gathered):
    assert list(gathered.packages) == ["national-baseline", "dalian-2020", "dalian-2021", "htz-2022"]
    assert gathered.targets
    assert gathered.opportunities
    assert gathered.fixed == {}


def test_addresses_are_unique_and_of_one_spelling(gathered):
    names = [prior.name for prior in uncertainties(gathered)]
    assert len(names) == len(set(names))
    assert all("/" in name or name.split(".")[0] in ("parameter", "region", "environment") for name in names)
    assert any(name.startswith("dalian-2021/") for name in names)


def test_levers_leave_out_what_only_describes(gathered):
    addresses = levers(gathered)
    assert addresses["htz-2022/m4.pays.area_max"] == 2000
    assert not any(".title." in address or address.endswith(("/id", ".source", ".why")) for address in addresses)


def test_settings_reach_packages_and_collapse_priors():
    settings = ["htz-2022/m4.pays.area_max=1000", "parameter.hassle_cost=20000", "environment.hurdle=0.09"]
    gathered = gather(with_options(load_scenario("dalian-2025"), set=settings))
    assert levers(gathered)["htz-2022/m4.pays.area_max"] == 1000
    assert gathered.fixed == {"parameter.hassle_cost": 20000.0, "environment.hurdle": 0.09}


def test_a_range_that_is_set_is_no_longer_uncertain(gathered):
    name = next(p.name for p in uncertainties(gathered) if p.name.startswith("dalian-2021/") and ".pays." in p.name)
    scenario = with_options(load_scenario("dalian-2025"), set={name.removesuffix(".realised"): 0.05})
    assert name not in [prior.name for prior in uncertainties(gather(scenario))]


def test_a_value_within_a_range_is_fixed_by_setting_it():
    """It had been accepted, and drawn over."""
    address = "dalian-2021/2.pays.amount.realised"
    gathered = gather(with_options(load_scenario("dalian-2025"), set={address: 0.5}, draws=4))
    priors = uncertainties(gathered)
    values, _ = draw_values(gathered, priors)
    assert values[:, [prior.name for prior in priors].index(address)].tolist() == [0.5] * 4


def test_a_figure_without_a_range_reaches_the_run_when_it_is_set(monkeypatch):
    """It had been accepted, and forgotten."""
    seen = []

    def look(setting, numbers, seed, luck):
        seen.append(numbers["region.dalian-rest.wage_level"])
        raise RunFailed("seen")

    monkeypatch.setattr(runner, "run_unit", look)
    scenario = with_options(load_scenario("dalian-2025"), set={"region.dalian-rest.wage_level": 1.1}, draws=1)
    with pytest.raises(RunFailed, match="seen"):
        runner.run(scenario, threads=1)
    assert seen == [1.1]


@pytest.mark.parametrize(
    ("setting", "error", "words"),
    [
        ("htz-2022/m4.pays.aera_max=1", NotFound, "htz-2022/m4.pays.area_max"),
        ("htz-2202/m4.pays.area_max=1", NotFound, "htz-2022/m4.pays.area_max"),
        ("parameter.hasle_cost=1", NotFound, "parameter.hassle_cost"),
        ("region.core_share=1", NotFound, "region.core_share_2020"),
        ("parameter.hassle_cost=much", InvalidValue, "a number"),
        ("htz-2022/m4.pays.area_max=much", InvalidValue, "area_max"),
    ],
)
def test_settings_that_cannot_be(setting, error, words):
    with pytest.raises(error) as caught:
        gather(with_options(load_scenario("dalian-2025"), set=[setting]))
    assert words in str(caught.value)
