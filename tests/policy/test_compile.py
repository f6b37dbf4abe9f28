"""Compiling a mix: places, open numbers, budgets, changes."""

import datetime
import time

import numpy as np
import pytest
import worked

from policymix.errors import NotFound
from policymix.policy.compile import compile_mix
from policymix.policy.package import load

ROLES = {"city": "dalian", "zone": "dalian-htz"}
PLACES = ("dalian-htz", "dalian-rest")
NAMES = ("dalian-2021", "htz-2022", "dalian-2020", "national-baseline")


def mix(*names, **keywords):
    return compile_mix(
        [worked.package(name) for name in names], keywords.get("roles", ROLES), keywords.get("places", PLACES)
    )


def test_places_by_role_and_the_notice_for_a_role_that_a_region_lacks():
    found = mix("dalian-2021", "htz-2022")
    masks = found.arrays.clause["place_mask"]
    assert masks[found.clause_index("dalian-2021/1")] == 0b11 and masks[found.clause_index("htz-2022/s3")] == 0b01
    lacking = mix("htz-2022", roles={"city": "shiyan"}, places=("shiyan-rest",))
    assert "zone" in lacking.notices[0] and lacking.arrays.clause["place_mask"][0] == 1


def test_open_numbers_have_laws_and_enter_the_arrays():
    found = mix(*NAMES)
    by_address = {each.address: each for each in found.uncertain}
    ceiling = by_address["dalian-2021/4.pays.share.realised"]
    assert (ceiling.law, ceiling.low, ceiling.high, ceiling.default) == ("beta", 0.0, 1.0, 0.29)
    assert by_address["htz-2022/m1.pays.share.value"].law == "triangular"
    assert by_address["htz-2022/budget"].law == "loguniform"
    changed = found.with_values({"dalian-2021/4.pays.share.realised": 1.0})
    clause = found.arrays.clause[found.clause_index("dalian-2021/4")]
    assert changed.pays[clause["pays_first"]]["value"] == 0.20
    assert changed.cap[clause["cap_first"]]["amount"] == 3_000_000
    assert found.arrays.cap[clause["cap_first"]]["amount"] == pytest.approx(870_000)
    assert found.with_values({"parameter.anything": 3.0}).pays.tolist() == found.arrays.pays.tolist()
    with pytest.raises(NotFound, match="realised"):
        found.with_values({"dalian-2021/4.pays.share.realized": 1.0})


def test_an_uncertain_start_moves_the_window():
    found = mix("shiyan-2022")
    day = datetime.date(2022, 10, 1).toordinal()
    moved = found.with_values({"shiyan-2022/from.value": datetime.date(2022, 10, 1)})
    assert (
        set(moved.clause["open_from"].tolist()) == {day, found.arrays.clause["open_from"][-1]}
        or (moved.clause["open_from"] == day).any()
    )
    dates = [each for each in found.uncertain if each.law == "date"]
    assert len(dates) == 1 and dates[0].default == datetime.date(2022, 8, 1).toordinal()


def test_a_package_without_a_budget_gets_an_uncertain_one():
    found = mix("invented")
    line = next(each for each in found.budgets if each.clause == -1)
    assert line.address == "invented/budget" and not line.fixed
    assert found.budgets_with({"invented/budget": 5.0})[-1].amount == 5.0
    assert any("names no budget" in notice for notice in found.notices)


def test_changes_credit_and_payers():
    found = mix(*NAMES)
    hassle = [each for each in found.changes if each.address == "parameter.hassle_cost"]
    assert {each.op for each in hassle} == {"factor"} and len(hassle) == 3
    changed = found.changes_with({"htz-2022/f1.changes.1.factor.value": 0.5})
    assert min(each.value for each in changed if each.address == "parameter.hassle_cost") == 0.5
    profit = sorted(
        (each.first, each.value) for each in found.changes if each.address == "parameter.small_firm_profit_line"
    )
    assert [value for _, value in profit] == [1e6, 3e6]
    assert found.lends[0].steps_mask == 0b11 and found.lends[0].total == 8e8
    np.testing.assert_allclose(found.payer_share.sum(axis=1), 1.0)


def test_clauses_come_in_natural_order_whatever_the_order_of_packages():
    assert mix("htz-2022", "dalian-2021").clauses == mix("dalian-2021", "htz-2022").clauses
    assert mix("dalian-2021").clauses[:2] == ("dalian-2021/1", "dalian-2021/2")
    assert mix("dalian-2021").clauses[-1] == "dalian-2021/10"


def test_compiling_a_variant_takes_milliseconds():
    packages = [load(name) for name in NAMES]
    compile_mix(packages, ROLES, PLACES)
    start = time.perf_counter()
    for _ in range(5):
        found = compile_mix(packages, ROLES, PLACES)
    assert (time.perf_counter() - start) / 5 < 0.05
    start = time.perf_counter()
    for _ in range(100):
        found.with_vector(found.defaults())
    assert (time.perf_counter() - start) / 100 < 0.005


def test_the_empty_mix_compiles():
    found = compile_mix([], ROLES, PLACES)
    assert found.clauses == () and len(found.arrays.clause) == 0 and found.budgets == ()
