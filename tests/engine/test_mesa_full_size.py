"""The Mesa view against the compiled loop at full size: 5,000 firms, 20 quarters, all five packages in force."""

import re

import agreement
import pytest
import units

import cities
from policymix import catalog
from policymix.engine.claims import COMMITTED, SLOTS
from policymix.experiments.scenario import load_scenario

PACKAGES = ("dalian-2020", "dalian-2021", "htz-2022", "shiyan-2022", "qingdao-2023")
FIRMS, QUARTERS = 5000, 20
PART = 0.4


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A scenario on two fifths of Dalian under all five packages; dalian-2020 is in force from the history on."""
    folder = tmp_path_factory.mktemp("large")
    cities.write_city(folder, "large", PART)
    scenario = folder / "large.toml"
    text = scenario.read_text(encoding="utf-8")
    added = "+".join(name for name in PACKAGES if name != "dalian-2020")
    text = re.sub(r"^mixes += .*$", f'mixes = "none,all={added}"', text, flags=re.MULTILINE)
    offers = [name for name in catalog.available("opportunities") if name in PACKAGES]
    text = re.sub(r"^opportunities = .*$", f"opportunities = {offers}", text, flags=re.MULTILINE)
    scenario.write_text(text, encoding="utf-8")
    return load_scenario(scenario)


def compared(city, contract, assert_same):
    """Both ways through the horizon, compared after every quarter; the city by agents."""
    from policymix.engine.mesa_view import MesaCity

    setting, values = units.unit(city, contract=contract)
    assert set(PACKAGES) <= {package.id for package in setting.mixes["all"].packages}
    agents = MesaCity(setting, values, 7, 0, "all")
    compiled = MesaCity(setting, values, 7, 0, "all", path=agents.path)
    assert int(agents.city.count[SLOTS]) >= FIRMS
    module, quarters = units.loop_of(setting), 0
    while agents.running:
        agents.step()
        compiled.advance(module)
        assert_same(agents, compiled)
        quarters += 1
    assert quarters == QUARTERS
    committed = agents.out.clause[:, :, COMMITTED].sum(axis=0)
    for package in PACKAGES:  # a package that commits nothing was not in force
        own = [c for c, name in enumerate(setting.mixes["all"].clauses) if name.startswith(f"{package}/")]
        assert committed[own].sum() > 0, package


@pytest.mark.slow
def test_same_choices_and_numbers(city):
    compared(city, True, agreement.assert_same_choices_and_numbers)


@pytest.mark.slow
@pytest.mark.full_size
def test_same_bits_without_fused_operations(city):
    compared(city, False, agreement.assert_same_bits)
