"""A study's own rules: a module whose functions take the place of the shipped ones of the same names."""

import sys

import numpy as np
import pytest
import units

from policymix.engine import loop
from policymix.engine.accounts import A_INVESTMENT
from policymix.engine.mesa_view import MesaCity
from policymix.engine.symbols import FIRM
from policymix.engine.table import column_of, numbers_of
from policymix.engine.timetable import RECORD
from policymix.engine.unit import copied
from policymix.errors import NotFound, RunFailed
from policymix.experiments.city_model import CityModel
from policymix.firms import enter, locate, research

NOTHING_WANTED = '''
"""No firm wants more or less capital than it has."""


def size_at(capital, ln_wanted, rate, elasticity):
    return 0.0 * capital
'''
MISSPELT = "def adjustd(log_intensity, target, speed):\n    return 0.0\n"
HELPER = "def _own(x):\n    return x\n\n\nTHRESHOLD = 3.0\n"


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Write a module of rules that can be imported, under a name of its own; gives the name."""
    monkeypatch.syspath_prepend(tmp_path)
    names = []

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        names.append(name)
        return name

    yield write
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.slow
def test_a_replaced_rule_changes_the_results(small, study):
    rules = study("study_of_nothing_wanted", NOTHING_WANTED)
    shipped, replaced = (units.results(small, mix="none", **more)["none", RECORD] for more in ({}, {"rules": rules}))
    before, after = (result.out.cube[:, :, :, A_INVESTMENT].sum() for result in (shipped, replaced))
    assert 0 < after < 0.8 * before
    setting, values = units.unit(small, rules=rules)
    agents, compiled = (MesaCity(setting, values, 7, 0, "both") for _ in range(2))
    for _ in range(2):
        agents.step()
        compiled.advance(units.loop_of(setting))
    assert np.array_equal(agents.city.count, compiled.city.count)
    ours, theirs = copied(agents.city), copied(compiled.city)
    np.testing.assert_allclose(numbers_of(ours.firms), numbers_of(theirs.firms), rtol=1e-12, atol=1e-12)
    model = CityModel.from_scenario(small, mix="both", rules=rules, diary=[int(column_of(agents.city.firms, FIRM)[0])])
    shipped = CityModel.from_scenario(small, mix="both", diary=model.stages.diarist.entries)
    for each in (model, shipped):
        each.step()
    (replaced,), (usual,) = (next(iter(each.stages.diarist.entries.values())) for each in (model, shipped))
    assert replaced.chose.wanted == 0.0 != usual.chose.wanted


def test_an_unknown_rule_is_refused_with_the_nearest(study):
    with pytest.raises(NotFound, match="did you mean 'adjusted'") as caught:
        loop.replacements(study("study_misspelt", MISSPELT))
    assert "study_misspelt" in str(caught.value)


def test_private_functions_and_numbers_are_the_studys_own(study):
    assert loop.replacements(study("study_with_helper", HELPER)) == {}


def test_a_module_that_is_not_there_is_refused():
    with pytest.raises(RunFailed, match="no such module"):
        loop.module("no_such_study.rules")


def test_every_rule_has_one_home():
    names = loop.rule_names()
    assert names["adjusted"] == "research" and names["zone_probability"] == "locate"
    for module in (enter, locate, research):
        mine = [key for key, f in vars(module).items() if getattr(f, "__module__", "") == module.__name__]
        assert all(names[key] == module.__name__.rsplit(".", 1)[1] for key in mine)


def test_replaced_rules_compile_elsewhere(study):
    shipped, replaced = loop.digest("", True), loop.digest(study("study_elsewhere", NOTHING_WANTED), True)
    assert shipped != replaced
    assert loop.digest("", False) not in (shipped, replaced)
