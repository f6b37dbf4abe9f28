"""The total as a piecewise linear function equals the settlement at every size."""

import datetime

import numpy as np
import pytest
import worked

from policymix.policy.arrays import MAX_PERIODS, MAX_SEGMENTS
from policymix.policy.claim import KIND_INDEX, fact_index, fact_table, facts_of, mask
from policymix.policy.compile import compile_mix
from policymix.policy.segments import segments
from policymix.policy.settlement import settle

MONEY = ("new_investment", "total_investment", "construction_spending", "own_use_investment")
DAY = datetime.date(2022, 8, 1).toordinal()


def compiled(*names):
    packages = [worked.package(name) for name in names]
    return compile_mix(packages, {"city": "dalian", "zone": "dalian-htz"}, ("dalian-htz", "dalian-rest"))


def total(arrays, kind, facts, day):
    n = len(arrays.clause)
    amount, shadow = np.zeros((n, MAX_PERIODS)), np.zeros((n, MAX_PERIODS))
    none = np.zeros((n, MAX_PERIODS))
    status, detail = np.zeros(n, np.int8), np.zeros((n, 3))
    settle(
        arrays, kind, facts, day, np.zeros((n, 4, 2)), none, none, np.zeros(n, np.int64), amount, status, detail, shadow
    )
    return amount.sum()


def schedule(found, kind, facts, base, day=DAY):
    x, slope, start = (np.zeros(MAX_SEGMENTS) for _ in range(3))
    n = segments(found.arrays, KIND_INDEX[kind], facts, day, fact_index(kind, base), x, slope, start)
    return x[:n], slope[:n], start[:n]


@pytest.mark.parametrize(
    "names", [("dalian-2021", "htz-2022", "invented"), ("qingdao-2023", "shiyan-2022", "invented")]
)
def test_segments_equal_the_settlement(names):
    found, rng = compiled(*names), np.random.default_rng(2)
    kind = KIND_INDEX["project"]
    words = fact_table("project")["types"][1].words
    day = datetime.date(2023, 11, 20).toordinal()
    for _ in range(60):
        facts = np.full(len(facts_of("project")), np.nan)
        facts[0], facts[3] = rng.integers(2), 0
        facts[fact_index("project", "types")] = mask(
            "project", "types", rng.choice(words, rng.integers(1, 5), replace=False)
        )
        for name in ("major", "qualified", "newly_attracted"):
            facts[fact_index("project", name)] = rng.integers(2)
        ratio = {name: rng.choice([0.5, 1.0, 2.0]) for name in MONEY}
        for name in MONEY:
            facts[fact_index("project", name)] = ratio[name] * 3e7
        x, slope, start = schedule(found, "project", facts, "new_investment", day)
        for size in 10 ** rng.uniform(4, 9.6, 4):
            moved = facts.copy()
            for name in MONEY:
                moved[fact_index("project", name)] = ratio[name] / ratio["new_investment"] * size
            i = np.searchsorted(x, size, side="right") - 1
            assert start[i] + slope[i] * (size - x[i]) == pytest.approx(total(found.arrays, kind, moved, day), abs=0.06)


def test_brackets_have_a_segment_each_and_stop_at_the_cap():
    facts = np.full(len(facts_of("research")), np.nan)
    facts[0] = 1
    facts[fact_index("research", "rd_spending")] = 1e6
    x, slope, start = schedule(
        compiled("invented"), "research", facts, "rd_spending", datetime.date(2021, 8, 1).toordinal()
    )
    np.testing.assert_allclose(x, [0, 1e6, 5e6, 10e6])
    np.testing.assert_allclose(slope, [0.10, 0.05, 0.02, 0.0])
    np.testing.assert_allclose(start, [0, 100_000, 300_000, 400_000])


def test_the_better_of_two_clauses_along_the_size():
    facts = np.full(len(facts_of("project")), np.nan)
    facts[0] = 1
    facts[fact_index("project", "types")] = mask("project", "types", ["industrial_internet", "smart_upgrading"])
    facts[fact_index("project", "new_investment")] = 1e6
    x, slope, _ = schedule(
        compiled("invented"), "project", facts, "new_investment", datetime.date(2021, 8, 1).toordinal()
    )
    np.testing.assert_allclose(x, [0, 15e6, 30e6, 50e6])
    np.testing.assert_allclose(slope, [0.20, 0.0, 0.10, 0.0])
