"""Appraisal by group: a world of a few firms worked by hand, and sums that hold in a simulated city."""

import numpy as np
import pytest
import units

from policymix.engine.accounts import A_INVESTMENT
from policymix.engine.appraisal import BOOKED, Appraisal, Pool, appraise, shared_out
from policymix.engine.booking import ACTIVITIES, RUNGS, SIZES, UNITS, Activity, Watch, groups_of, pair, summed
from policymix.engine.claims import (
    CL_ACTIVITY,
    CL_BASE,
    CL_CLAUSE,
    CL_DECIDED,
    CL_GRANTED,
    CL_PAID,
    CL_SLOT,
    CLAIM_COLUMNS,
    CLAIMANT_NUMBERS,
    FEN,
    G_APPROVED,
    G_INVESTMENT,
    ON_INVESTMENT,
    SLOTS,
    City,
)
from policymix.engine.entry import POOL_FIRST, POOL_WIDTH
from policymix.engine.mixes import Layers
from policymix.engine.symbols import (
    ACCOUNT,
    ALIVE,
    COLUMN_COUNT,
    FIRM,
    INDUSTRY,
    JOBS,
    PLACE,
    STEPS_HELD,
    SUM_INVESTMENT,
)
from policymix.engine.table import column_of, empty_firms, write_numbers
from policymix.engine.timetable import FREE, FROZEN, RECORD
from policymix.engine.unit import fork_unit, run_fork
from policymix.experiments import appraised

INDUSTRIES, ZONE, REST = 2, 0, 1
SMALL, MICRO = SIZES.index("small"), SIZES.index("micro")
INVESTMENT, FIRMS, STAFF = (ACTIVITIES.index(name) for name in ("investment", "active_firms", "employment"))
NEWCOMER = POOL_FIRST + 400 * POOL_WIDTH


def kept(numbers):
    """Firms as float64[columns, firms] in the tables that a city keeps them in."""
    firms = empty_firms(numbers.shape[1])
    write_numbers(firms, numbers)
    return firms


def city(firms, claims=()):
    """A city of firms given as {column: value}; claims as (slot, clause, paid, base)."""
    table = np.zeros((COLUMN_COUNT, 8))
    table[ACCOUNT] = -1.0
    for slot, firm in enumerate(firms):
        for column, value in firm.items():
            table[column, slot] = value
    gross = np.zeros((8, CLAIMANT_NUMBERS))
    rows = np.zeros((8, CLAIM_COLUMNS))
    for r, (slot, clause, paid, base) in enumerate(claims):
        account = int(table[ACCOUNT, slot]) if table[ACCOUNT, slot] >= 0 else int(table[ACCOUNT].max()) + 1
        table[ACCOUNT, slot] = account
        gross[account, G_APPROVED] = 1.0
        gross[account, G_INVESTMENT] = max(gross[account, G_INVESTMENT], base)
        for column, value in ((CL_SLOT, slot), (CL_CLAUSE, clause), (CL_PAID, paid), (CL_GRANTED, paid),
                              (CL_BASE, base), (CL_ACTIVITY, ON_INVESTMENT), (CL_DECIDED, 4.0)):  # fmt: skip
            rows[r, column] = value
    nothing = np.zeros(0)
    count = np.array([len(firms), len(claims), len(claims), 0])
    return City(kept(table), count, nothing, nothing, gross, rows, nothing,
                np.zeros((2, 3)), nothing, nothing, nothing)  # fmt: skip


def firm(address, place, invested, staff=50.0, industry=0, steps=0):
    return {ALIVE: 1.0, FIRM: address, PLACE: place, SUM_INVESTMENT: invested, JOBS: staff, INDUSTRY: industry,
            STEPS_HELD: steps}  # fmt: skip


def worked(base, mix, claims, path=()):
    """The appraisal of two cities that were the same before: firms at the fork, at the end, and at ends of years.

    Both begin with the first two firms of ``base`` where they are, having invested nothing.
    """
    start = city([{**each, SUM_INVESTMENT: 0.0} for each in base[:2]])
    watches = Watch(np.array([3]), INDUSTRIES), Watch(np.array([3]), INDUSTRIES, 2)
    watches[0].enter(start)
    ends = city(base), city(mix, claims)
    for year in path:
        for watch, invested in zip(watches, year, strict=True):
            now = city([{**each, SUM_INVESTMENT: spent} for each, spent in zip(base[:2], invested, strict=True)])
            watch.look(now, 0)
    found = []
    for watch, end in zip(watches, ends, strict=True):
        watch.look(end, 0)
        found.append(watch.activity(end))
    studied = np.array([True, True])
    return appraise(ends[1], found[1], found[0], studied, INDUSTRIES, Pool(7, 0, 1.0, POOL_FIRST))


def test_two_firms_by_hand():
    """A supported firm of the zone invests 30 instead of 20, half of it claimed; its rival of the rest 3 instead of
    5."""
    base = [firm(1, ZONE, 20.0), firm(2, REST, 5.0, staff=4.0)]
    mix = [firm(1, ZONE, 30.0), firm(2, REST, 3.0, staff=4.0)]
    found = worked(base, mix, [(0, 0, 2.0, 15.0)])
    assert found.table[INVESTMENT].tolist() == [15.0, 10.0, 5.0, -2.0]
    gross, additional, displacement = range(len(BOOKED))
    assert found.by_place[INVESTMENT, :, ZONE, 0].tolist() == [15.0, 10.0, 0.0]
    assert found.by_place[INVESTMENT, displacement, REST, 0] == -2.0
    assert found.by_size[INVESTMENT, additional, SMALL, RUNGS.index("off")] == 10.0
    assert found.by_size[INVESTMENT, displacement, MICRO, RUNGS.index("off")] == -2.0
    assert found.by_size[INVESTMENT, gross].sum() == 15.0
    assert not found.relocation.any() and not found.from_elsewhere.any()


def test_a_move_is_told_apart():
    """Both firms do what they did, but one has moved into the zone: nothing additional, 5 carried in and out."""
    base = [firm(1, ZONE, 20.0), firm(2, REST, 5.0)]
    found = worked(base, [base[0], {**base[1], PLACE: ZONE}], [(1, 0, 1.0, 5.0)])
    assert found.table[INVESTMENT].tolist() == [5.0, 0.0, 5.0, 0.0]
    assert found.by_place[INVESTMENT, 0].sum(axis=1).tolist() == [0.0, 5.0]
    assert found.relocation[INVESTMENT].tolist() == [5.0, -5.0]
    assert found.relocation[FIRMS].tolist() == [1.0, -1.0]


def test_a_project_from_elsewhere_and_one_that_stays_away():
    """A newcomer comes to the zone under the mix only; another came to the rest under the baseline only."""
    base = [firm(1, ZONE, 20.0), firm(2, REST, 5.0), firm(NEWCOMER + 1, REST, 7.0)]
    mix = [*base[:2], firm(NEWCOMER, ZONE, 4.0)]
    found = worked(base, mix, [(2, 1, 1.0, 4.0)])
    assert found.table[INVESTMENT].tolist() == [4.0, 4.0, 0.0, -7.0]
    assert found.from_elsewhere[INVESTMENT].tolist() == [4.0, -7.0]
    assert found.table[FIRMS, [1, 3]].tolist() == [1.0, -1.0]


def test_a_newcomer_of_both_is_booked_where_the_baseline_has_it():
    base = [firm(1, ZONE, 20.0), firm(2, REST, 5.0), firm(NEWCOMER, REST, 7.0)]
    mix = [*base[:2], firm(NEWCOMER, ZONE, 9.0)]
    found = worked(base, mix, [(2, 0, 1.0, 9.0)])
    assert found.by_place[INVESTMENT, 1].sum(axis=1).tolist() == [0.0, 2.0]
    assert found.relocation[INVESTMENT].tolist() == [9.0, -9.0]


def test_what_is_made_up_later_was_pulled_forward():
    """The firm is 12 ahead after a year and 10 at the end: 2 were pulled forward, 10 are new."""
    base = [firm(1, ZONE, 20.0), firm(2, REST, 5.0)]
    mix = [firm(1, ZONE, 30.0), firm(2, REST, 5.0)]
    found = worked(base, mix, [(0, 0, 2.0, 15.0)], path=[((8.0, 1.0), (20.0, 1.0))])
    assert found.yearly.tolist() == [12.0, -2.0]
    assert found.pulled_forward == 2.0


def test_clauses_share_a_firm_by_what_they_paid():
    """Two clauses paid 3 and 1 for one project of 15: each refers to 15, and gets 7.5 and 2.5 of 10 additional."""
    base = [firm(1, ZONE, 20.0), firm(2, REST, 5.0)]
    mix = [firm(1, ZONE, 30.0), firm(2, REST, 5.0)]
    found = worked(base, mix, [(0, 0, 3.0, 15.0), (0, 1, 1.0, 15.0)])
    assert found.gross_by_clause[INVESTMENT].tolist() == [15.0, 15.0]
    assert found.allocated[INVESTMENT].tolist() == [7.5, 2.5]


def test_shares_add_up_to_the_unit():
    rng = np.random.default_rng(5)
    slot = np.sort(rng.integers(0, 30, 200))
    difference = rng.integers(-(10**12), 10**12, (5, 30))
    shares = shared_out(difference, slot, rng.random(200) + 1e-9)
    firms = np.unique(slot)
    assert np.array_equal(summed(shares, slot, 30)[:, firms], difference[:, firms])


def test_size_classes_include_their_lower_limit():
    staff = np.array([9.99, 10.0, 99.0, 100.0, 300.0], np.float32)
    steps = np.array([0, 0b1, 0b11, 0b100, 0b100001], np.int8)
    groups = groups_of(staff, steps, np.zeros(5, np.int8), np.zeros(5, np.int8), 1)
    assert (groups // len(RUNGS)).tolist() == [0, 1, 1, 2, 3]
    assert [RUNGS[g % len(RUNGS)] for g in groups] == ["off", "technology_sme", "high_tech_enterprise", "chick_eagle",
                                                      "leading"]  # fmt: skip


def test_pairing_knows_neither_order_nor_gaps():
    ys = np.arange(10).reshape(1, 10).repeat(5, axis=0)
    home = np.arange(4)
    base = Activity(np.array([5, 9, POOL_FIRST + 3, POOL_FIRST + 1]), ys[:, :4], home, home, [])
    own = Activity(np.array([5, 9, POOL_FIRST + 1, POOL_FIRST + 2]), ys[:, 4:8], home, np.array([70, 71]), [])
    found = pair(own, base)
    assert found.slot.tolist() == [0, 1, 3, -1] and found.gone.tolist() == [2]
    assert found.home.tolist() == [0, 1, 3, 71]
    assert found.change[0].tolist() == [4, 4, 3, 7]


@pytest.fixture(scope="module")
def found(small):
    return units.results(small)


def test_groups_add_up_to_the_whole(found):
    for result in found.values():
        a = result.appraisal
        scale = UNITS[:, None]
        whole = np.rint(a.table[:, [0, 1, 3]] * scale)
        for part in (a.by_place, a.by_size):
            assert np.array_equal(np.rint(part * scale[..., None, None]).sum(axis=(2, 3)), whole)
        assert not np.rint(a.relocation * scale).sum(axis=1).any()
        assert np.array_equal(np.rint(a.allocated * scale).sum(axis=1), whole[:, 1])
        assert np.rint(a.yearly.sum() * FEN) == whole[INVESTMENT, 1]
        assert a.pulled_forward >= 0.0


def test_a_part_of_an_appraisal_is_the_same_as_in_the_whole(small):
    setting, values = units.unit(small)
    unit = fork_unit(setting, values, 7, 0)
    ((whole, _),) = run_fork(unit, "both", (FREE,))
    for field in Appraisal._fields:
        ((part, _),) = run_fork(unit, "both", (FREE,), fields=(field,))
        assert np.array_equal(getattr(part.appraisal, field), getattr(whole.appraisal, field)), field
    ((none, _),) = run_fork(unit, "both", (FREE,), fields=())
    assert none.appraisal is None
    assert units.same(none, whole)


def test_an_outcome_needs_the_fields_that_are_formed_for_it(small):
    setting, values = units.unit(small)
    unit, listed = fork_unit(setting, values, 7, 0), list(setting.mixes["both"].clauses)
    ((whole, _),) = run_fork(unit, "both", (FREE,))
    for name in appraised.NAMES:
        ((part, _),) = run_fork(unit, "both", (FREE,), fields=appraised.fields_of([name]))
        ours, theirs = (appraised.appraised_outcomes(setting, each, listed, [name])[name] for each in (part, whole))
        assert np.array_equal(ours, theirs), name
    ((part, _),) = run_fork(unit, "both", (FREE,), fields=appraised.fields_of(["never_claimed_share", "investment"]))
    assert part.appraisal.never_claimed == whole.appraisal.never_claimed
    assert appraised.fields_of(["investment"]) == frozenset()


def test_terms_that_replicates_share_change_nothing(small):
    setting, values = units.unit(small)
    layers = Layers(setting, values, keep=True)
    for luck in (0, 1):
        alone, shared = fork_unit(setting, values, 7, luck), fork_unit(setting, values, 7, luck, layers=layers)
        for name in alone.begins:
            for (ours, _), (theirs, _) in zip(run_fork(alone, name), run_fork(shared, name), strict=True):
                assert units.same(ours, theirs)
                assert np.array_equal(ours.appraisal.allocated, theirs.appraisal.allocated)


def test_places_are_those_where_firms_are_at_the_end(small):
    """What is booked in a place, and what moves carry in, is the change of the firms that are there at the end."""
    setting, values = units.unit(small)
    unit = fork_unit(setting, values, 7, 0)
    before, moved = staff_by_place(unit.last), 0
    for name in unit.begins:
        for result, end in run_fork(unit, name):
            a = result.appraisal
            here = a.by_place[STAFF, 1:].sum(axis=(0, 2)) + a.relocation[STAFF]
            assert np.array_equal(np.rint(here * UNITS[STAFF]), staff_by_place(end) - before)
            moved += np.abs(a.relocation[FIRMS]).sum()
    assert moved > 0, "no firm moved: nothing was tested"


def staff_by_place(end):
    """2^-20 persons."""
    n = int(end.count[SLOTS])
    staff = np.floor(column_of(end.firms, JOBS)[:n].astype(float) * UNITS[STAFF] + 0.5)
    return np.bincount(column_of(end.firms, PLACE)[:n].astype(int), staff)


def test_by_industry_is_the_change_of_the_accounts(found):
    base = found["none", RECORD].out.cube
    for (_, mode), result in found.items():
        if mode in (FROZEN, FREE):
            spent = (result.out.cube - base)[..., A_INVESTMENT].sum(axis=(0, 1)) / FEN
            booked = result.appraisal.by_place[INVESTMENT, 1:].sum(axis=(0, 1))
            assert np.allclose(booked, spent, atol=0.01 * 20 * 2000)


def test_only_clauses_under_study_are_named(found, small):
    setting, _ = units.unit(small)
    result = found["both", FREE]
    history = [clause.split("/")[0] in setting.history for clause in setting.mixes["both"].clauses]
    assert any(history)
    assert not result.appraisal.gross_by_clause[:, history].any() and not result.appraisal.allocated[:, history].any()
    assert result.appraisal.gross_by_clause.any()
