"""The Mesa view against the compiled loop: one set of rules, two ways to run them."""

import os
import subprocess
import sys

import agreement
import pytest
import units

from policymix.engine.symbols import COLUMNS, STEPS
from policymix.engine.table import column_of
from policymix.engine.timetable import FROZEN, RECORD
from policymix.errors import InvalidValue, NotFound

pytestmark = pytest.mark.anywhere

QUARTERS = 5


def pair(scenario, contract, mix, mode=None, luck=0):
    """The same city twice, after the same quarters: by agents and by the compiled loop."""
    from policymix.engine.mesa_view import MesaCity

    setting, values = units.unit(scenario, contract=contract)
    agents, compiled = (MesaCity(setting, values, 7, luck, mix, mode) for _ in range(2))
    for _ in range(QUARTERS):
        agents.step()
        compiled.advance(units.loop_of(setting))
        yield agents, compiled


@pytest.mark.slow  # another compile
@pytest.mark.parametrize(("mix", "mode"), [("none", RECORD), ("both", None), ("both", FROZEN)])
def test_same_bits_without_fused_operations(small, mix, mode):
    for agents, compiled in pair(small, False, mix, mode):
        agreement.assert_same_bits(agents, compiled)


def test_same_choices_and_numbers_as_the_fast_loop(small):
    for agents, compiled in pair(small, True, "both", luck=3):
        agreement.assert_same_choices_and_numbers(agents, compiled)


def test_firms_are_agents_with_readable_columns(small_folder):
    from policymix.experiments.city_model import CityModel

    model = CityModel.from_scenario(small_folder / "small.toml", mix="both")
    before = len(model.agents)
    assert model.date == "2021Q1"
    model.step()
    assert model.date == "2021Q2"
    assert len(model.agents) == int(model.city.count[0]) > before
    firm = next(iter(model.agents))
    assert firm.is_alive
    assert firm.industry_name in model.industries and firm.place_name in model.places
    assert set(firm.rungs) <= set(STEPS)
    firm.capital = 5e6
    assert column_of(model.city.firms, COLUMNS.index("capital"))[firm.slot] == firm.capital == 5e6


def test_a_model_ends_with_its_horizon(small):
    from policymix.experiments.city_model import CityModel

    model = CityModel.from_scenario(small, set={"run.end": "2021Q4"})
    for _ in range(6):
        model.step()
    assert not model.running
    assert model.date == "2022Q1"


@pytest.mark.parametrize(("options", "error"), [({"mix": "bothh"}, NotFound), ({"draw": 1}, InvalidValue)])
def test_what_is_not_there_is_refused(small, options, error):
    from policymix.experiments.city_model import CityModel

    with pytest.raises(error):
        CityModel.from_scenario(small, **options)


def test_mesa_waits_until_it_is_asked_for():
    code = "import sys, policymix.engine.unit, policymix.experiments.runner; print('mesa' in sys.modules)"
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | path
    )
    assert done.stdout.strip() == "False"
