"""The answer beside the amounts: trace, ranges, payers, dates, digests, and claims files with slips."""

import datetime

import pytest
import worked

from policymix.catalog import data_root
from policymix.errors import InvalidFile, NotFound
from policymix.policy.entitlement import entitlement, load_claims, read_claims
from policymix.policy.package import load, set_value

EXAMPLE = data_root() / "scenarios" / "examples" / "claims.toml"
PLATFORM = {"kind": "platform", "on": datetime.date(2023, 1, 1), "platform_type": "industry_platform", "place": "city"}


def note(found, clause):
    return next(each for each in found.trace if each.clause == clause)


def test_the_example_of_the_readme():
    found = entitlement("htz-2022", EXAMPLE)
    assert found.total == 837_500.0 and found.low <= found.total <= found.high
    assert note(found, "htz-2022/s2").status == "lost" and note(found, "htz-2022/m4").amount == 324_000.0
    assert note(found, "htz-2022/m4").subject_to == ("budget of htz-2022",)
    assert entitlement(["htz-2022", "dalian-2021"], EXAMPLE).total == 987_500.0


def test_refused_names_the_failing_fact_of_every_alternative_with_its_distance():
    claim = {**PLATFORM, "titles": [], "local_firms_served": 90, "devices_connected": 5000, "local": True}
    found = note(entitlement(worked.package("shiyan-2022"), [claim]), "shiyan-2022/3a")
    assert found.status == "refused"
    for words in ("titles", "local_firms_served is 90, needed more than 100 (off by 10)", "platform_type"):
        assert words in found.why
    assert "服务本地企业数" in found.why_zh and "不符合" in found.status_zh


def test_unknown_names_the_fact_that_would_decide():
    claim = {**PLATFORM, "titles": [], "local_firms_served": 101}
    found = note(entitlement(worked.package("shiyan-2022"), [claim]), "shiyan-2022/3a")
    assert found.status == "unknown" and found.unknown == ("devices_connected",)


def test_a_ceiling_gives_a_range_and_says_discretion():
    claim = {
        "kind": "project",
        "on": datetime.date(2022, 1, 1),
        "place": "city",
        "types": ["smart_upgrading"],
        "total_investment": 10_000_000,
    }
    found = note(entitlement("dalian-2021", [claim]), "dalian-2021/7")
    assert (found.low, found.amount, found.high) == (0.0, 435_000.0, 1_500_000.0)
    assert "discretion" in found.subject_to
    fixed = entitlement("dalian-2021", [claim], values={"dalian-2021/7.pays.share.realised": 1.0})
    assert fixed.total == fixed.low == fixed.high == 1_500_000.0


def test_a_cut_says_which_cap_and_by_how_much():
    claim = {
        "kind": "node",
        "connected_on": datetime.date(2024, 1, 1),
        "place": "city",
        "level": "secondary",
        "first_time": True,
    }
    found = note(
        entitlement(worked.package("qingdao-2023"), [{**claim, "construction_cost": 20_000_000}]), "qingdao-2023/22"
    )
    assert found.status == "capped" and "cut by 1,000,000 CNY: cap of 3,000,000 CNY per node" in found.why
    assert found.distance == 1_000_000.0


def test_places_of_a_region_by_role():
    claim = {
        "kind": "arrival",
        "arrived_on": datetime.date(2022, 9, 1),
        "how": "new_registration",
        "steps": ["chick_eagle"],
    }
    roles = {"city": "dalian", "zone": "dalian-htz"}
    assert entitlement("htz-2022", [{**claim, "place": "dalian-htz"}], roles=roles).total == 500_000.0
    assert entitlement("htz-2022", [{**claim, "place": "dalian"}], roles=roles).total == 0.0
    lacking = entitlement("htz-2022", [{**claim, "place": "city"}], roles={"city": "shiyan"})
    assert lacking.total == 500_000.0 and "zone" in lacking.notices[0]


def test_equal_questions_have_equal_digests():
    first, second = (entitlement("htz-2022", EXAMPLE) for _ in range(2))
    assert first.digest == second.digest and first.trace == second.trace
    assert entitlement("dalian-2021", EXAMPLE).digest != first.digest


def test_without_fallback_the_losers_of_a_lottery_get_nothing():
    base = worked.package("invented")

    def no_fallback(raw):
        next(c for c in raw["clause"] if c["id"] == "L2")["budget"]["fallback"] = False

    claims = [
        {
            "kind": "talent",
            "firm": f"f{i}",
            "on": datetime.date(2021, 5, 1),
            "place": "city",
            "role": "manager",
            "pay": 1_000_000,
        }
        for i in range(3)
    ]
    assert entitlement(base, claims).total == 400_000.0
    assert entitlement(worked.altered(base, no_fallback), claims).total == 200_000.0


def test_an_unknown_package_names_the_nearest():
    with pytest.raises(NotFound, match="htz-2022"):
        entitlement("htz-2023", EXAMPLE)


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"kind": "leese"}, ["leese", "lease"]),
        ({"kind": "lease"}, ["started_on"]),
        ({"kind": "lease", "started_on": "2022-09-01"}, ["a date such as"]),
        ({"kind": "lease", "started_on": datetime.date(2022, 9, 1), "aera": 3}, ["aera", "area"]),
        ({"kind": "lease", "started_on": datetime.date(2022, 9, 1), "area": -3}, ["-3"]),
        ({"kind": "lease", "started_on": datetime.date(2022, 9, 1), "steps": ["gazele"]}, ["gazele", "gazelle"]),
        ({"kind": "lease", "started_on": datetime.date(2022, 9, 1), "designated_building": "yes"}, ["true or false"]),
    ],
)
def test_claims_with_a_slip_say_where(claim, words):
    with pytest.raises(InvalidFile) as error:
        read_claims([claim])
    for word in words:
        assert word in str(error.value)


def test_all_slips_of_a_file_are_told_at_once(tmp_path):
    path = tmp_path / "claims.toml"
    path.write_text(
        '[firm]\nstepz = ["gazelle"]\n[[claim]]\nkind = "leese"\n[[claim]]\nkind = "lease"\n', encoding="utf-8"
    )
    with pytest.raises(InvalidFile) as error:
        load_claims(path)
    assert len(error.value.problems) == 3


def test_a_clause_that_pays_nothing_after_its_end_closes_to_those_admitted(tmp_path):
    lease = {
        "kind": "lease", "started_on": datetime.date(2023, 10, 1), "how": "new_registration", "area": 50, "rent": 30,
        "months": 36, "designated_building": False,
    }  # fmt: skip
    firm = {"place": "zone", "registered_on": datetime.date(2022, 8, 1), "steps": ["technology_sme"]}
    paid = {}
    for after in (True, False):
        package = set_value(load("htz-2022"), "s1.admit.paid_after", after)
        paid[after] = entitlement(package, {"firm": firm, "claim": [lease]}).by_clause().get("htz-2022/s1", 0.0)
    assert paid == {True: 36_000.0, False: 0.0}, "50 m2 x 30 x 12 x (1 + 0.5 + 0.5)"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"claim": {"kind": "lease"}}, "tables in double brackets"),
        ({"claim": 3}, "tables in double brackets"),
        ({"claim": ["x"]}, "tables in double brackets"),
        ({"firm": "x", "claim": [{"kind": "lease"}]}, "a table of facts"),
        ({"claim": [{"kind": ["lease"]}]}, "a word: the kind of claim"),
        ({"claim": [{"kind": "lease"}], "later": 3}, "tables in double brackets"),
        ({"claim": [{"kind": "lease", "started_on": datetime.datetime(2022, 9, 1, 8)}]}, "a date such as"),
        ({"claim": [{"kind": "lease", "started_on": datetime.date(2022, 9, 1), "area": float("inf")}]}, "not below 0"),
    ],
)
def test_claims_of_a_wrong_shape_are_refused_in_words(data, says):
    with pytest.raises(InvalidFile, match=says.replace("(", "[(]")):
        read_claims(data)


TWO_CONDITIONS = """
id = "twice"
title = {en = "Two conditions", zh = "两项条件"}
place = "city"
currency = "CNY"
announced = 2021-01-01
from = 2021-01-01
payers = [{who = "city", share = 1.0}]
budget = "none"

[[clause]]
id = "1"
title = {en = "Award", zh = "奖励"}
source = "test"
on = "arrival"
pays = {amount = 1_000_000}
once = "firm"
payment = {after = "arrived_on"}
conditions = [
  {where = {employees = {min = 30}}, tested_after_quarters = 8, or_else = "recover", share = 0.75},
  {where = {employees = {min = 20}}, tested_after_quarters = 4, or_else = "recover", share = 0.75},
]
"""


@pytest.mark.parametrize(("staff", "keeps"), [(30, 1_000_000.0), (25, 250_000.0), (10, 0.0)])
def test_two_failed_conditions_take_back_no_more_than_was_paid(tmp_path, staff, keeps):
    path = tmp_path / "twice.toml"
    path.write_text(TWO_CONDITIONS, encoding="utf-8")
    claim = {"kind": "arrival", "arrived_on": datetime.date(2021, 5, 1), "how": "move_in", "place": "city"}
    claims = {"claim": [claim], "later": [{"on": datetime.date(2022, 3, 31), "employees": staff}]}
    found = entitlement(path, claims)
    assert found.total == keeps
    taken = [row.amount for row in found.rows if row.what == "recovery"]
    assert taken == {30: [], 25: [-750_000.0], 10: [-750_000.0, -250_000.0]}[staff]
