"""The treasury's books: what is committed is paid, owed or cancelled; budgets, caps and limits hold; sums are sums."""

import numpy as np
import pytest
import units

from policymix.engine.accounts import A_FIRMS, A_INVESTMENT, A_JOBS, STAFF_UNIT
from policymix.engine.booking import ACTIVITIES, UNITS
from policymix.engine.claims import (
    APPROVED,
    CANCELLED,
    CL_ASKED,
    CL_CANCELLED,
    CL_CLAUSE,
    CL_FIRM,
    CL_GRANTED,
    CL_PAID,
    CL_QUARTER,
    CL_SLOT,
    CL_STATE,
    CLOSED,
    COMMITTED,
    FEN,
    GRANTED,
    MADE,
    OUTSIDE,
    PAID,
    RATIONED,
    RECOVERED,
    ROWS_USED,
    SLOTS,
)
from policymix.engine.entry import O_ENTRIES, O_EXITS, O_MOVES
from policymix.engine.mesa_view import MesaCity
from policymix.engine.symbols import ALIVE, INDUSTRY, JOBS, PLACE, SUM_INVESTMENT
from policymix.engine.table import numbers_of
from policymix.engine.timetable import FREE, FROZEN, RECORD
from policymix.policy.arrays import ACCOUNT_CLAIM, ACCOUNT_MATTER

LUCKS = (0, 1)


@pytest.fixture(scope="module", params=LUCKS)
def stepped(request, small):
    """The city under both packages and a picture of it after each of its twenty quarters: debts by clause, firms."""
    setting, values = units.unit(small)
    model = MesaCity(setting, values, 7, request.param, "both")
    compiled = units.loop_of(setting)
    pictures = []
    while model.quarter < setting.quarters:
        model.advance(compiled)
        city, n = model.city, int(model.city.count[SLOTS])
        pictures.append((claims(city), numbers_of(city.firms, slice(0, n))))
    return model, pictures


def claims(city):
    """The used part of the claim table."""
    return city.claims[: int(city.count[ROWS_USED])].copy()


def fen(money):
    return np.rint(np.asarray(money) * FEN).astype(np.int64)


def by_clause(rows, money, clauses):
    """Sums of fen by clause."""
    total = np.zeros(clauses, np.int64)
    np.add.at(total, rows[:, CL_CLAUSE].astype(int), fen(money))
    return total


def test_committed_is_paid_owed_or_cancelled(stepped):
    model, pictures = stepped
    first, clauses = model.setting.burn_in, model.out.clause.shape[1]
    sums = np.cumsum(model.out.clause[first:], axis=0)
    for quarter, (rows, _) in enumerate(pictures):
        open_rows = rows[rows[:, CL_STATE] == GRANTED]
        owed = by_clause(
            open_rows, open_rows[:, CL_GRANTED] - open_rows[:, CL_PAID] - open_rows[:, CL_CANCELLED], clauses
        )
        done = sums[quarter]
        assert np.array_equal(done[:, COMMITTED], done[:, PAID] + owed + done[:, CANCELLED]), quarter
    assert (model.out.clause >= 0).all()
    assert sums[-1][:, [COMMITTED, PAID, CANCELLED]].sum(axis=0).all()


def test_the_claim_table_is_what_the_accounts_say(stepped):
    model, pictures = stepped
    rows, total = pictures[-1][0], model.out.clause.sum(axis=0)
    assert np.array_equal(by_clause(rows, rows[:, CL_GRANTED], len(total)), total[:, COMMITTED])
    assert np.array_equal(by_clause(rows, rows[:, CL_PAID], len(total)), total[:, PAID])
    assert np.array_equal(np.bincount(rows[:, CL_CLAUSE].astype(int), minlength=len(total)), total[:, APPROVED])
    assert (total[:, MADE] >= total[:, APPROVED]).all() and (total[:, APPROVED] >= total[:, RATIONED]).all()
    assert (total[:, RECOVERED] <= total[:, PAID]).all()
    assert (rows[:, CL_GRANTED] <= rows[:, CL_ASKED]).all() and (rows[:, CL_PAID] <= rows[:, CL_GRANTED] + 1e-6).all()


def test_a_year_commits_no_more_than_its_budget(stepped):
    model, _ = stepped
    package = model.mix.arrays.clause["package"]
    bound = 0
    for last in range(model.setting.burn_in + 3, model.setting.quarters, 4):
        year = model.out.clause[last - 3 : last + 1, :, COMMITTED].sum(axis=0)
        for line, allowed in enumerate(model.mix.office.line_amount[last]):
            if not np.isnan(allowed) and model.mix.office.line_clause[line] < 0:
                committed = year[package == model.mix.office.line_package[line]].sum() / FEN
                assert committed <= allowed + 0.01
                bound += committed > 0.999 * allowed > 0.0
    assert bound > 0, "no budget binds: nothing was tested"


def test_caps_hold(stepped):
    model, pictures = stepped
    arrays, rows = model.mix.arrays, pictures[-1][0]
    years = model.setting.calendar[rows[:, CL_QUARTER].astype(int)] // 4
    reached = 0
    for c, row in enumerate(arrays.clause):
        for cap in arrays.cap[row["cap_first"] : row["cap_last"]]:
            mine = rows[:, CL_CLAUSE] == c
            most = largest(rows[mine], years[mine], cap)
            assert most <= cap["amount"] + 0.01, model.setting.mixes["both"].clauses[c]
            reached += most > 0.999 * cap["amount"]
    assert reached > 0, "no cap is reached: nothing was tested"


def test_limits_hold(stepped):
    model, pictures = stepped
    arrays, rows = model.mix.arrays, pictures[-1][0]
    years = model.setting.calendar[rows[:, CL_QUARTER].astype(int)] // 4
    assert len(arrays.limit) > 0
    for limit in arrays.limit:
        members = arrays.index[limit["member_first"] : limit["member_last"]]
        mine = np.isin(rows[:, CL_CLAUSE], members)
        if not np.isnan(limit["amount"]):
            assert largest(rows[mine], years[mine], limit) <= limit["amount"] + 0.01


def largest(rows, years, bound):
    """The most that one account of a cap or limit was granted; each claim of a holder outside is somebody else's."""
    if len(rows) == 0:
        return 0.0
    if bound["account"] in (ACCOUNT_CLAIM, ACCOUNT_MATTER):
        return float(rows[:, CL_GRANTED].max())
    outside = rows[:, CL_SLOT] == OUTSIDE
    keys = np.stack([rows[:, CL_FIRM], years * bound["year"], np.where(outside, np.arange(len(rows)), -1)])
    _, spot = np.unique(keys, axis=1, return_inverse=True)
    return float(np.bincount(spot.ravel(), rows[:, CL_GRANTED]).max())


def test_once_is_once(stepped):
    model, pictures = stepped
    rows = pictures[-1][0]
    rows = rows[(rows[:, CL_GRANTED] > 0.0) & (rows[:, CL_SLOT] != OUTSIDE)]
    tried = 0
    for c, row in enumerate(model.mix.arrays.clause):
        if row["once_account"] >= ACCOUNT_MATTER + 1 and not row["once_year"]:
            _, times = np.unique(rows[rows[:, CL_CLAUSE] == c, CL_FIRM], return_counts=True)
            assert (times == 1).all(), model.setting.mixes["both"].clauses[c]
            tried += len(times)
    assert tried > 0


def test_totals_are_sums_over_firms(stepped):
    model, pictures = stepped
    industries = len(model.industries)
    for number, (_, firms) in enumerate(pictures):
        cube = model.out.cube[model.setting.burn_in + number].sum(axis=0)
        industry, alive = firms[INDUSTRY].astype(int), firms[ALIVE] > 0.5
        assert np.array_equal(np.bincount(industry[alive], minlength=industries), cube[:, A_FIRMS])
        staff = np.floor(firms[JOBS] * STAFF_UNIT + 0.5)
        old = np.bincount(industry, staff, minlength=industries)
        np.testing.assert_allclose(old, cube[:, A_JOBS], atol=len(industry), rtol=0)
    invested = model.out.cube[:, :, :, A_INVESTMENT].sum(axis=(0, 1))
    total = np.bincount(industry, firms[SUM_INVESTMENT] * FEN, minlength=industries)
    np.testing.assert_allclose(total, invested, atol=len(industry) * len(pictures), rtol=0)


def test_firms_come_go_and_move_by_place(stepped):
    """firms(t) = firms(t-1) + entries + moves in - moves out - exits, in every place and quarter."""
    model, pictures = stepped
    places, begin = len(model.places), model.setting.burn_in
    before = None
    for number, (_, firms) in enumerate(pictures):
        alive = firms[ALIVE] > 0.5
        now = np.bincount(firms[PLACE, alive].astype(int), minlength=places)
        flows = model.out.place[begin + number]
        moves = flows[:, O_MOVES]
        if before is not None:
            change = flows[:, O_ENTRIES] + moves - moves[::-1] - flows[:, O_EXITS]
            assert np.array_equal(now, before + change), number
        counted = model.out.cube[begin + number, :, :, A_FIRMS].sum(axis=1)
        assert np.array_equal(counted, now - moves + moves[::-1]), "a move counts from the next quarter on"
        before = now
    flows = model.out.place[begin:].sum(axis=0)
    assert places == 2 and flows[:, [O_ENTRIES, O_EXITS, O_MOVES]].all(), "something of each has happened"


def test_states_of_claims_are_sums_of_their_clause(stepped):
    """What was taken back is at most what was paid, by clause; what nobody is owed is closed."""
    model, pictures = stepped
    total = model.out.clause.sum(axis=0)
    assert (total[:, RECOVERED] <= total[:, PAID]).all()
    rows = pictures[-1][0]
    closed = rows[rows[:, CL_STATE] == CLOSED]
    owed = closed[:, CL_GRANTED] - closed[:, CL_PAID] - closed[:, CL_CANCELLED]
    assert len(closed) > 0 and np.abs(owed).max() < 0.005
    assert np.array_equal(by_clause(rows, rows[:, CL_CANCELLED], len(total)), total[:, CANCELLED])


@pytest.fixture(scope="module", params=LUCKS)
def found(request, small):
    return units.results(small, luck=request.param)


def test_gross_is_additional_and_deadweight(found):
    for result in found.values():
        whole = np.rint(result.appraisal.table * UNITS[:, None]).astype(np.int64)
        assert np.array_equal(whole[:, 0], whole[:, 1] + whole[:, 2])


def test_additional_and_displaced_are_the_whole_difference(found):
    firms, investment = ACTIVITIES.index("active_firms"), ACTIVITIES.index("investment")
    base = found["none", RECORD]
    for (mix, mode), result in found.items():
        if mode in (FROZEN, FREE):
            change = result.out.cube - base.out.cube
            assert result.appraisal.table[firms, [1, 3]].sum() == change[-1, :, :, A_FIRMS].sum(), mix
            spent = change[:, :, :, A_INVESTMENT].sum() / FEN
            assert result.appraisal.table[investment, [1, 3]].sum() == pytest.approx(spent, abs=0.01 * 20 * 2000)


def test_the_baseline_adds_nothing_to_itself(found):
    assert not found["none", RECORD].appraisal.table[:, 1].any()
    assert not found["none", RECORD].appraisal.table[:, 3].any()
