"""Sliders: every one can be moved from end to end, and says its unit."""

import pytest

from policymix import catalog
from policymix.app.levers import round_up, shown_value, sliders_of
from policymix.app.state import Versions
from policymix.app.study import changed
from policymix.policy.package import addresses, load

PACKAGES = sorted(catalog.available("packages"))


@pytest.mark.parametrize("name", PACKAGES)
def test_both_ends_of_every_slider_are_valid(name):
    package = load(name)
    known = addresses(package)
    for clause in (None, *package.clause):
        for slider in sliders_of(package, clause):
            assert slider.low <= slider.value <= slider.high
            assert slider.step > 0.0
            assert slider.address in known or slider.address.rpartition(".")[0] in known
            for value in (slider.low, slider.high):
                moved = changed(package, Versions({slider.address: value}), name, [name])
                now = {each.address: each.value for c in (None, *moved.clause) for each in sliders_of(moved, c)}
                assert now[slider.address] == pytest.approx(value)


def test_rates_caps_budgets_and_areas_of_the_zone():
    package = load("htz-2022")
    budget = sliders_of(package, None)[0]
    assert (budget.address, budget.unit, budget.label) == ("htz-2022/budget.amount.value", "CNY", "budget per year")
    assert budget.low > 0.0  # its law has no nought
    rent = {slider.address: slider for slider in sliders_of(package, package.named("m4"))}
    assert rent["htz-2022/m4.pays.area_max"].unit == "m2"
    assert (rent["htz-2022/m4.pays.rent_share.1"].low, rent["htz-2022/m4.pays.rent_share.1"].high) == (0.0, 1.0)
    (award,) = sliders_of(package, package.named("m2"))
    assert (award.value, award.note) == (30_000_000.0, "maximum")


def test_numbers_carry_their_units_in_both_languages():
    assert shown_value(0.125, "share", "en") == "12.5 %"
    assert shown_value(300_000, "CNY", "en") == "300 thousand CNY"
    assert shown_value(300_000, "CNY", "zh") == "30 万元"
    assert shown_value(112_000_000, "CNY", "zh") == "1.12 亿元"
    assert shown_value(2000, "m2", "en") == "2,000 m²"
    assert shown_value(0, "CNY", "zh") == "0 元"


@pytest.mark.parametrize(("value", "up"), [(1.0, 1.0), (1.5, 2.0), (900_000, 1e6), (336e6, 4e8), (0.03, 0.04)])
def test_round_numbers(value, up):
    assert round_up(value) == pytest.approx(up)
