"""What a clause pays along one fact, against schedules worked out by hand."""

import datetime
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policymix.errors import InvalidValue, NotFound
from policymix.policy.dossier import read_claims
from policymix.policy.entitlement import entitlement
from policymix.policy.package import load
from policymix.policy.profile import alone, profile

DAY = datetime.date(2022, 9, 1)
PROJECT = {"kind": "project", "on": DAY, "types": ["digital_infrastructure"], "new_investment": 1}
LEASE = {
    "kind": "lease", "started_on": DAY, "how": "new_registration", "designated_building": True, "area": 100,
    "rent": 45, "months": 36,
}  # fmt: skip
ARRIVAL = {
    "kind": "arrival", "arrived_on": DAY, "how": "new_registration", "headquarters": True,
    "capital_from": "other_province", "arrived_domestic_capital": 1,
}  # fmt: skip
FIRM = {
    "place": "zone",
    "registered_on": datetime.date(2022, 8, 15),
    "steps": ["technology_sme"],
    "fields": "technology",
}


def dossier(*claims):
    return read_claims({"firm": FIRM, "claim": [dict(claim) for claim in claims]})


def ends(pieces):
    return [(piece.first, piece.last, piece.at_first, piece.at_last) for piece in pieces]


def test_ten_per_cent_up_to_five_million_bends_at_fifty():
    pieces = profile(load("dalian-2021"), "1", dossier(PROJECT), "new_investment")
    assert ends(pieces) == [(0.0, 50e6, 0.0, 5e6), (50e6, 100e6, 5e6, 5e6)]
    assert [piece.slope for piece in pieces] == [0.1, 0.0]
    assert [piece.jump for piece in pieces] == [0.0, 0.0]


def test_waived_rent_bends_at_the_area_limit():
    # 1,080 CNY a m2 over two years at 45 CNY a month; s1 waives 1 + 0.5 + 0.5 years of 50 m2
    package = load("htz-2022")
    m4 = profile(package, "m4", dossier(LEASE), "area")
    assert ends(m4) == [(0.0, 2000.0, 0.0, 2_160_000.0), (2000.0, 4000.0, 2_160_000.0, 2_160_000.0)]
    s1 = profile(package, "s1", dossier(LEASE), "area", high=100)
    assert ends(s1) == [(0.0, 50.0, 0.0, 54_000.0), (50.0, 100.0, 54_000.0, 54_000.0)]
    months = profile(package, "m4", dossier(LEASE), "months", high=48)
    assert ends(months) == [(0.0, 24.0, 0.0, 108_000.0), (24.0, 48.0, 108_000.0, 108_000.0)]


def test_an_award_jumps_at_its_bound_which_counts():
    # up to 20 million, of which 29 % is taken as paid
    low, high = profile(load("htz-2022"), "m3-capital", dossier(ARRIVAL), "arrived_domestic_capital")
    assert (low.at_last, high.at_first, high.jump, high.first) == (0.0, 5_800_000.0, 5_800_000.0, 500e6)
    assert high.includes_first


def clause_of(tmp_path, where, pays):
    """A package with one more clause on projects."""
    path = tmp_path / "more.toml"
    lines = [
        'extends = "dalian-2021"',
        'id = "more"',
        "[[clause]]",
        'id = "n"',
        'title = {en = "N", zh = "恩"}',
        'source = "a test"',
        'on = "project"',
        'once = "project"',
        f"where = {where}",
        f"pays = {pays}",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return load(path)


@pytest.mark.parametrize(("bound", "counts"), [("min", True), ("above", False)])
def test_whether_the_bound_counts(bound, counts, tmp_path):
    package = clause_of(tmp_path, f"{{new_investment = {{{bound} = 1_000_000}}}}", "{amount = 70_000}")
    low, high = profile(package, "n", dossier(PROJECT), "new_investment")
    assert (low.at_last, high.at_first, high.first, high.includes_first) == (0.0, 70_000.0, 1e6, counts)


def test_whole_numbers_step(tmp_path):
    package = clause_of(tmp_path, "{employees = {above = 10, max = 12}}", "{amount = 500}")
    pieces = profile(package, "n", dossier(PROJECT), "employees", high=20)
    paying = {(piece.first, piece.last) for piece in pieces if piece.at_first > 0.0}
    assert min(first for first, _ in paying) == 11 and max(last for _, last in paying) == 12
    assert all(piece.at_first == piece.at_last for piece in pieces)


@cache
def first_clause():
    """Clause 1 alone, and its profile up to 120 million."""
    package = load("dalian-2021")
    pieces = profile(package, "1", dossier(PROJECT), "new_investment", high=1.2e8)
    return alone(package, package.named("1")), pieces


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 1.2e8).map(lambda x: round(x, 2)))
def test_the_profile_is_what_the_calculator_pays(x):
    package, pieces = first_clause()
    piece = next(p for p in pieces if p.first <= x <= p.last)
    paid = entitlement(package, dossier({**PROJECT, "new_investment": x})).total
    assert paid == pytest.approx(piece.at_first + piece.slope * (x - piece.first), abs=0.03), "to three fen"


@pytest.mark.parametrize(
    ("clause", "along", "error", "says"),
    [
        ("1", "new_investmnt", NotFound, "new_investment"),
        ("1", "types", InvalidValue, "a fact that is a number"),
        ("10", "new_investment", InvalidValue, "a clause that pays nothing"),
        ("5a", "rd_spending", InvalidValue, "no claim of kind research"),
        ("99", "new_investment", NotFound, "no clause '99'"),
    ],
)
def test_what_cannot_be_drawn_is_said(clause, along, error, says):
    with pytest.raises(error, match=says):
        profile(load("dalian-2021"), clause, dossier(PROJECT), along)


def test_a_range_must_rise():
    with pytest.raises(InvalidValue, match="a finite range from 0 on that rises"):
        profile(load("dalian-2021"), "1", dossier(PROJECT), "new_investment", low=5.0, high=5.0)


def test_a_cap_binds_between_two_whole_numbers(tmp_path):
    package = clause_of(
        tmp_path, "{employees = {min = 3}}", '{each = 1_000, of = "employees"}\ncap = {amount = 8_500, per = "project"}'
    )
    pieces = profile(package, "n", dossier(PROJECT), "employees", high=20)
    assert [(p.first, p.last, p.at_first, p.at_last, p.slope) for p in pieces] == [
        (0, 2, 0.0, 0.0, 0.0), (3, 8, 3_000.0, 8_000.0, 1_000.0), (9, 20, 8_500.0, 8_500.0, 0.0),
    ]  # fmt: skip
    assert profile(package, "n", dossier(PROJECT), "employees")[-1].last >= 17, "the default range goes beyond the cap"


@pytest.mark.parametrize(("low", "high"), [(0.0, float("inf")), (-1.0, 5.0), (float("nan"), 5.0), (1.2, 1.8)])
def test_ranges_that_cannot_be(low, high, tmp_path):
    package = clause_of(tmp_path, "{}", '{each = 1_000, of = "employees"}\ncap = "none"')
    with pytest.raises(InvalidValue, match="a finite range"):
        profile(package, "n", dossier(PROJECT), "employees", low=low, high=high)
