"""Friction clauses act where they hold: a zone's service centre does not make applying cheaper elsewhere."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from policymix.engine.mixes import friction, relevant
from policymix.engine.symbols import PARAMETERS
from policymix.engine.world import parameters_by_quarter
from policymix.errors import InvalidValue
from policymix.experiments.inputs import gather
from policymix.experiments.runner import setting_of
from policymix.experiments.scenario import load_scenario, with_options
from policymix.policy.compiled import ChangeLine


@pytest.fixture(scope="module")
def setting():
    return setting_of(gather(with_options(load_scenario(), draws=1)))


def shares(setting, name):
    compiled = setting.mixes[name]
    values = {each.address: each.default for each in compiled.uncertain}
    return friction(setting, compiled, relevant(compiled, values), len(compiled.places))


def test_a_zones_service_changes_nothing_elsewhere(setting):
    zone, rest = (setting.mixes["none"].places.index(name) for name in ("dalian-htz", "dalian-rest"))
    base, with_zone = shares(setting, "none")[0], shares(setting, "htz-2022")[0]
    np.testing.assert_array_equal(base[:, rest], with_zone[:, rest])
    assert with_zone[-1, zone] < base[-1, zone]
    np.testing.assert_array_equal(base[: setting.burn_in, zone], with_zone[: setting.burn_in, zone])


def test_outreach_is_a_packages_own(setting):
    outreach = shares(setting, "both")[1]
    packages = [package.id for package in setting.mixes["both"].packages]
    assert outreach[-1, packages.index("htz-2022")] > 1.0
    assert outreach[-1, packages.index("dalian-2021")] == 1.0


def test_a_change_for_some_firms_is_refused_not_passed_over(setting):
    line = ChangeLine("parameter.bankable_share", "add", 0.01, 0, 0, 0, 10**6, {"fields": ("manufacturing",)}, None)
    mix = replace(setting.mixes["both"], changes=(line,))
    with pytest.raises(InvalidValue, match="one value of a parameter for all firms"):
        parameters_by_quarter(setting, SimpleNamespace(p=np.ones(len(PARAMETERS))), mix, {})
