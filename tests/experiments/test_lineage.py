"""A derived package draws the luck of what it was derived from, so that only its changes make a difference."""

from __future__ import annotations

import pytest

from policymix.experiments.inputs import gather, uncertainties
from policymix.experiments.parameters import sample
from policymix.experiments.scenario import load_scenario, with_options
from policymix.policy.package import load

HEAD = 'extends = "{parent}"\nid = "{name}"\ntitle = {{en = "Derived", zh = "派生"}}\n'


@pytest.fixture
def derived(tmp_path):
    (tmp_path / "child.toml").write_text(HEAD.format(parent="htz-2022", name="child"), encoding="utf-8")
    (tmp_path / "grandchild.toml").write_text(HEAD.format(parent="child", name="grandchild"), encoding="utf-8")
    return tmp_path


def test_lineage_ends_with_the_first_ancestor(derived):
    assert load(derived / "grandchild.toml").lineage == ("grandchild", "child", "htz-2022")


def test_numbers_of_a_derived_package_are_drawn_like_its_parents(derived, monkeypatch):
    monkeypatch.chdir(derived)
    inputs = gather(with_options(load_scenario(), mix="none,htz-2022,grandchild", draws=3))
    priors = uncertainties(inputs)
    values = {prior.name: column for prior, column in zip(priors, sample(priors, 1, 3).T, strict=True)}
    own = {name: column for name, column in values.items() if name.startswith("htz-2022/")}
    assert own
    for name, column in own.items():
        assert (values[name.replace("htz-2022/", "grandchild/", 1)] == column).all()
