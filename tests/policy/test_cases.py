"""Hand-worked cases, and the same arithmetic as plain Python and compiled."""

import numba
import numpy as np
import pytest
import worked

from policymix.policy import entitlement as calculator
from policymix.policy.settlement import settle

CASES = worked.cases()


@pytest.mark.parametrize("case", CASES, ids=[f"{case['file']}: {case['name']}" for case in CASES])
def test_a_case_is_paid_as_by_hand(case):
    assert worked.differences(case, worked.run(case)) == []


def test_there_are_enough_cases():
    assert len(CASES) >= 200


@pytest.mark.parametrize("name", worked.DOCUMENTS)
def test_every_clause_that_pays_has_a_case(name):
    paying = {f"{name}/{clause.id}" for clause in worked.package(name).clause if clause.pays is not None}
    assert paying - {clause for case in CASES for clause in case["expect"]} == set()


@pytest.mark.slow
def test_python_and_compiled_settle_agree_to_the_bit(monkeypatch):
    compiled = numba.njit(settle)
    calls = 0

    def both(arrays, kind, facts, day, *rest):
        nonlocal calls
        calls += 1
        *given, amount, status, detail, shadow = rest
        again = [np.zeros_like(each) for each in (amount, status, detail, shadow)]
        settle(arrays, kind, facts, day, *given, amount, status, detail, shadow)
        again[2][:] = np.nan
        compiled(arrays, kind, facts, day, *given, *again)
        for first, second in zip((amount, status, detail, shadow), again, strict=True):
            np.testing.assert_array_equal(first, second)

    monkeypatch.setattr(calculator, "settle", both)
    for case in CASES:
        worked.run(case)
    assert calls > 300
