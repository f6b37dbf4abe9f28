"""Budgets, grants and payments alone, in plain Python, on claim tables made by hand."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policymix.engine import decisions, example, rationing
from policymix.engine.blank import new_desk
from policymix.engine.claims import (
    CL_AMOUNTS,
    CL_ASKED,
    CL_CANCELLED,
    CL_CHECK,
    CL_CLAUSE,
    CL_DECIDED,
    CL_FIRM,
    CL_GRANTED,
    CL_KEPT,
    CL_PAID,
    CL_PARENT,
    CL_QUARTER,
    CL_RECOVERED,
    CL_SCORE,
    CL_SLOT,
    CL_STATE,
    CL_TICKET,
    CLAUSE_OUTCOMES,
    CLOSED,
    COMMITTED,
    CONDITION,
    F_EMPLOYEES,
    F_PLACE,
    FILED,
    GRANTED,
    OUTSIDE,
    PAID,
    RECOVERED,
    ROWS_USED,
    STAND_BY,
)
from policymix.engine.population import empty_city
from policymix.engine.symbols import ACCOUNT, ALIVE, COLUMN_COUNT, FUNDS, JOBS, PLACE
from policymix.engine.table import column_of, write_numbers
from policymix.policy.arrays import (
    CLAUSE,
    OP_EQUAL,
    OP_MIN,
    RATION_FIRST_COME,
    RATION_LOTTERY,
    RATION_PRO_RATA,
    RATION_SCORE,
    RATIONS,
    TEST,
)
from policymix.policy.compile import compile_mix

QUARTER, SLOTS_HERE = 7, 40
CALM = {"suppress_health_check": [HealthCheck.too_slow], "deadline": None}
"""A busy machine is no failure."""
FEN_AMOUNT = st.integers(1, 10**7).map(lambda fen: fen / 100.0)


def office(how=RATION_FIRST_COME, amount=np.nan, places=0.0, clauses=1, parts=((1.0, 0.0, 0.0),), lines=None, **more):
    """An office of one package: budget lines (clause, how, amount, places), the same instalments for every clause."""
    lines = [(-1, how, amount, places)] if lines is None else lines
    own, ways, amounts, counts = (np.array(each) for each in zip(*lines, strict=True)) if lines else ([],) * 4
    whole = np.zeros(clauses, np.int64)
    share, lag, after = np.array(parts, float).T
    base = example._office(QUARTER * 3)
    given = {
        "line_package": np.zeros(len(lines), np.int64),
        "line_clause": np.array(own, np.int64),
        "line_amount": np.tile(np.array(amounts, float), (QUARTER * 3, 1)),
        "line_places": np.array(counts, float),
        "line_how": np.array(ways, np.int64),
        "line_lifetime": np.zeros(len(lines), np.int64),
        "line_fallback": np.ones(len(lines), np.int64),
        "prompt": np.array([int(all(w == RATION_FIRST_COME for w in ways))] * clauses, np.int64),
        "score": whole - 1,
        "refusable": whole,
        "part_first": whole,
        "part_last": whole + len(parts),
        "part_share": share,
        "part_lag": lag,
        "part_after": after,
        "condition_first": whole,
        "condition_last": whole,
    }
    return base._replace(**(given | more))


def town(office, clauses=1, rows=(), studied=1):
    """A city of forty firms, the mix and the desk for it; rows as dicts by column."""
    nothing = compile_mix([], {"city": "here"}, ("here-a", "here-b"))
    mix = example._mix(1, 2, 1, 1, nothing)
    clause = np.zeros(clauses, CLAUSE)
    clause["once_account"], clause["kind"] = -1, -1
    mix = mix._replace(
        arrays=nothing.arrays._replace(clause=clause), office=office, studied=np.array([studied], np.int64)
    )
    city = empty_city(SLOTS_HERE, nothing, 2, 1)
    city = city._replace(
        account_paid=np.zeros((SLOTS_HERE, clauses, 2)),
        account_once=np.zeros((SLOTS_HERE, clauses), np.int8),
        gross=np.zeros((SLOTS_HERE, city.gross.shape[1])),
        spent=np.zeros(office.line_package.size),
    )
    write_numbers(city.firms, np.zeros((COLUMN_COUNT, SLOTS_HERE)))
    column_of(city.firms, ALIVE)[:], column_of(city.firms, ACCOUNT)[:] = 1, np.arange(SLOTS_HERE)
    for r, columns in enumerate(rows):
        row = city.claims[r]
        row[:] = 0.0
        row[CL_PARENT], row[CL_DECIDED], row[CL_STATE], row[CL_KEPT] = -1.0, -1.0, FILED, 1.0
        row[CL_QUARTER], row[CL_SLOT], row[CL_FIRM], row[CL_TICKET] = QUARTER, r, r, (r * 0.618) % 1.0
        for column, value in columns.items():
            row[column] = value
        if CL_ASKED in columns:
            row[CL_AMOUNTS] = columns[CL_ASKED]
            if row[CL_STATE] == FILED and row[CL_SLOT] != OUTSIDE:
                city.account_paid[int(row[CL_SLOT]), int(row[CL_CLAUSE])] += columns[CL_ASKED]
        if row[CL_STATE] == GRANTED:
            row[CL_GRANTED], row[CL_DECIDED] = row[CL_ASKED], row[CL_QUARTER]
    city.count[ROWS_USED] = len(rows)
    desk = new_desk(nothing, 8, len(city.claims))
    return city, mix, desk, np.zeros((clauses, CLAUSE_OUTCOMES), np.int64)


def decide(how, asks, budget=np.nan, places=0.0, columns=None, year_ends=True):
    """Grants of rows that ask for something under one budget."""
    rows = [{CL_ASKED: ask} | (columns[i] if columns else {}) for i, ask in enumerate(asks)]
    city, mix, desk, out = town(office(how, budget, places), rows=rows)
    decisions.decide(QUARTER, year_ends, city, mix, desk, out)
    return city, out


@settings(**CALM)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, 2.0]), st.sampled_from([0.1, 0.5, 0.9]), st.integers(0, 3)),
        max_size=40,
    ),
    st.randoms(),
)
def test_in_order_sorts_and_storage_is_of_no_account(entries, random):
    entries = [(*entry, row) for row, entry in enumerate(entries)]
    shuffled = entries[:]
    random.shuffle(shuffled)
    n = len(entries)
    beyond = (-1.0, -1.0, -1.0, -1)
    rank, ticket, firm, row = (np.array(each) for each in zip(*shuffled, beyond, strict=True))
    rationing.in_order(rank.astype(float), ticket.astype(float), firm.astype(float), row, n)
    assert [entries[r] for r in row[:n]] == sorted(entries)
    assert row[n] == -1


@settings(max_examples=60, **CALM)
@given(st.data())
@pytest.mark.parametrize("how", range(4), ids=RATIONS)
def test_a_line_never_gives_more_than_there_is(how, data):
    asks = data.draw(st.lists(FEN_AMOUNT, min_size=1, max_size=20))
    budget = data.draw(FEN_AMOUNT)
    score = data.draw(st.lists(st.floats(0, 100), min_size=len(asks), max_size=len(asks)))
    city, out = decide(how, asks, budget, columns=[{CL_SCORE: each} for each in score])
    rows = city.claims[: len(asks)]
    gets = rows[:, CL_GRANTED]
    assert (gets <= rows[:, CL_ASKED]).all() and gets.sum() <= budget + 1e-4
    assert out[0, COMMITTED] == np.rint(gets * 100.0).sum()
    assert city.spent[0] == pytest.approx(gets.sum(), abs=1e-6)
    np.testing.assert_allclose(city.account_paid[: len(asks), 0, 0], gets, atol=1e-6)
    whole = how in (RATION_SCORE, RATION_LOTTERY)
    assert not whole or set(np.round(gets / rows[:, CL_ASKED], 9)) <= {0.0, 1.0}
    order = np.lexsort([rows[:, CL_TICKET], -rows[:, CL_SCORE] if how == RATION_SCORE else rows[:, CL_STATE] * 0.0])
    left = budget
    for row in rows[order]:
        if whole:
            assert row[CL_GRANTED] > 0.0 or row[CL_ASKED] > left, "refused although it fitted"
        if how == RATION_FIRST_COME:
            assert row[CL_GRANTED] == pytest.approx(min(row[CL_ASKED], max(0.0, left)), abs=0.011)
        left -= row[CL_GRANTED]


@settings(max_examples=60, **CALM)
@given(st.lists(FEN_AMOUNT, min_size=2, max_size=20), FEN_AMOUNT, st.randoms())
@pytest.mark.parametrize("how", range(4), ids=RATIONS)
def test_rows_may_be_stored_in_any_order(how, asks, budget, random):
    """Some tickets and scores are equal: firms decide between them."""
    columns = [{CL_FIRM: i, CL_SLOT: i, CL_TICKET: (i % 3) / 3.0, CL_SCORE: i % 2} for i in range(len(asks))]
    order = list(range(len(asks)))
    random.shuffle(order)
    city, _ = decide(how, asks, budget, columns=columns)
    other, _ = decide(how, [asks[i] for i in order], budget, columns=[columns[i] for i in order])
    assert np.array_equal(city.claims[order, CL_GRANTED], other.claims[: len(asks), CL_GRANTED])


@pytest.mark.parametrize("how", range(4), ids=RATIONS)
def test_places_are_counted(how):
    columns = [{CL_SCORE: float(i), CL_QUARTER: QUARTER - (i == 3)} for i in range(5)]
    city, _ = decide(how, [10.0] * 5, places=2.0, columns=columns)
    assert city.spent.tolist() == [2.0]
    by_ticket = np.argsort(city.claims[:5, CL_TICKET])
    first = {RATION_SCORE: {4, 3}, RATION_LOTTERY: set(by_ticket[:2])}
    earlier = {3, next(i for i in by_ticket if i != 3)}
    assert set(np.flatnonzero(city.claims[:5, CL_GRANTED])) == first.get(how, earlier)


def test_earlier_claims_come_first_and_the_year_starts_anew():
    city, mix, desk, out = town(
        office(amount=100.0), rows=[{CL_ASKED: 80.0}, {CL_ASKED: 80.0, CL_QUARTER: QUARTER - 1}]
    )
    decisions.decide(QUARTER, False, city, mix, desk, out)
    assert city.claims[:2, CL_GRANTED].tolist() == [20.0, 80.0] and city.spent.tolist() == [100.0]
    decisions.new_accounting_year(city, mix)
    assert city.spent.tolist() == [0.0]
    for_life = mix._replace(office=mix.office._replace(line_lifetime=np.ones(1, np.int64)))
    city.spent[:] = 100.0
    decisions.new_accounting_year(city, for_life)
    assert city.spent.tolist() == [100.0]


def test_what_a_package_refuses_is_not_spent_by_the_clause():
    """Two lines: the clause's own gives 60, the package's only 40 of it; 40 are spent in both."""
    lines = [(0, RATION_FIRST_COME, 60.0, 0.0), (-1, RATION_FIRST_COME, 40.0, 0.0)]
    city, mix, desk, out = town(office(lines=lines), rows=[{CL_ASKED: 100.0}])
    decisions.decide(QUARTER, True, city, mix, desk, out)
    assert city.claims[0, CL_GRANTED] == 40.0 and city.spent.tolist() == [40.0, 40.0]


def test_a_firm_that_has_left_takes_nothing_from_the_budget():
    city, mix, desk, out = town(office(RATION_PRO_RATA, 100.0), rows=[{CL_ASKED: 100.0}, {CL_ASKED: 100.0}])
    column_of(city.firms, ALIVE)[0] = 0.0
    decisions.decide(QUARTER, True, city, mix, desk, out)
    assert city.claims[:2, CL_GRANTED].tolist() == [0.0, 100.0]
    assert city.claims[:2, CL_STATE].tolist() == [CLOSED, GRANTED]


def stand_by_town(fallback=1, lines=None, states=(FILED, STAND_BY), asks=(900.0, 100.0)):
    """One firm's claim under clause 0, for which clause 1 stands by; both belong to package 0."""
    lines = [(0, RATION_LOTTERY, 0.0, 0.0)] if lines is None else lines
    given = office(lines=lines, clauses=3, refusable=np.array([1, 0, 0]), stand_by=1)
    given = given._replace(line_fallback=np.full(len(lines), fallback, np.int64))
    rows = [
        {CL_ASKED: ask, CL_STATE: state, CL_CLAUSE: k, CL_PARENT: k - 1, CL_SLOT: 0, CL_FIRM: 0}
        for k, (ask, state) in enumerate(zip(asks, states, strict=True))
    ]
    return town(given, 3, rows)


def test_who_stands_by_steps_in():
    city, mix, desk, out = stand_by_town()
    decisions.decide(QUARTER, True, city, mix, desk, out)
    assert city.claims[:2, CL_GRANTED].tolist() == [0.0, 100.0]
    assert city.account_paid[0, :2, 0].tolist() == [0.0, 100.0]
    assert city.payout[0] == pytest.approx(1 / 9), "asked once, granted a ninth"


def test_nobody_steps_in_without_fallback_or_for_one_who_is_served():
    for fallback, amount in ((0, 0.0), (1, 1000.0)):
        city, mix, desk, out = stand_by_town(fallback, lines=[(0, RATION_LOTTERY, amount, 0.0)])
        decisions.decide(QUARTER, True, city, mix, desk, out)
        assert city.claims[1, CL_GRANTED] == 0.0 and city.claims[1, CL_STATE] == CLOSED


def test_a_chain_of_those_who_stand_by():
    lines = [(0, RATION_LOTTERY, 0.0, 0.0), (1, RATION_LOTTERY, 0.0, 0.0)]
    city, mix, desk, out = stand_by_town(lines=lines, states=(FILED, STAND_BY, STAND_BY), asks=(900.0, 100.0, 30.0))
    decisions.decide(QUARTER, True, city, mix, desk, out)
    assert city.claims[:3, CL_GRANTED].tolist() == [0.0, 0.0, 30.0]


def test_who_steps_in_shares_a_budget_with_all_others():
    """As in the calculator: pro rata over those who are left once the refused have gone round again."""
    lines = [(0, RATION_LOTTERY, 0.0, 0.0), (1, RATION_PRO_RATA, 100.0, 0.0)]
    city, mix, desk, out = stand_by_town(lines=lines)
    other = city.claims[2]
    other[:] = city.claims[0]
    other[CL_CLAUSE], other[CL_ASKED], other[CL_AMOUNTS], other[CL_SLOT], other[CL_FIRM] = 1.0, 100.0, 100.0, 5.0, 5.0
    city.count[ROWS_USED] = 3
    decisions.decide(QUARTER, True, city, mix, desk, out)
    assert city.claims[1:3, CL_GRANTED].tolist() == [50.0, 50.0]


def test_who_steps_in_under_a_yearly_budget_waits_for_the_year():
    lines = [(0, RATION_FIRST_COME, 0.0, 0.0), (1, RATION_LOTTERY, 1000.0, 0.0)]
    city, mix, desk, out = stand_by_town(lines=lines)
    mix = mix._replace(office=mix.office._replace(prompt=np.array([1, 0, 1])))
    decisions.decide(QUARTER - 2, False, city, mix, desk, out)
    assert city.claims[1, CL_STATE] == FILED and city.claims[1, CL_DECIDED] == -1.0
    decisions.decide(QUARTER, True, city, mix, desk, out)
    assert city.claims[1, CL_GRANTED] == 100.0 and city.claims[1, CL_DECIDED] == QUARTER


@pytest.mark.parametrize("studied", [0, 1])
def test_a_claim_refers_to_its_activity_once(studied):
    rows = [{CL_ASKED: 10.0, CL_CLAUSE: k, CL_SLOT: 0, CL_FIRM: 0} for k in range(2)]
    for row in rows:
        row[decisions.CL_BASE] = 500.0
    city, mix, desk, out = town(office(lines=[(0, RATION_LOTTERY, 0.0, 0.0)], clauses=2), 2, rows, studied)
    decisions.decide(QUARTER, True, city, mix, desk, out)
    assert city.claims[:2, CL_GRANTED].tolist() == [0.0, 10.0]
    assert city.gross[0, 1] == 500.0 * studied, "the first row was refused, the second counts"
    city, mix, desk, out = town(office(lines=[], clauses=2), 2, rows, studied)
    decisions.decide(QUARTER, True, city, mix, desk, out)
    assert city.gross[0, 1] == 500.0 * studied


@settings(max_examples=80, **CALM)
@given(
    st.lists(FEN_AMOUNT, min_size=1, max_size=4),
    st.sampled_from([(1.0,), (0.5, 0.5), (0.33, 0.33, 0.34), (0.1, 0.9)]),
    st.sampled_from([0, 1, 2, 3]),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.sampled_from([0, 1]),
)
def test_what_is_granted_is_paid_or_cancelled_to_the_fen(amounts, shares, lag, stopped, tested):
    """Instalments over tenancy years, with a stop of a share of what is owed on the way."""
    parts = tuple((share, float(lag * i), 0.0) for i, share in enumerate(shares))
    given = office(parts=parts, clauses=1, lines=[])
    condition = np.array([(tested, 0, 0, 0, 1, stopped)], CONDITION)
    test = np.zeros(1, TEST)
    test["fact"], test["op"], test["value"] = F_EMPLOYEES, OP_MIN, 10.0
    given = given._replace(condition_last=np.ones(1, np.int64), condition=condition, test=test)
    city, mix, desk, out = town(given, rows=[{CL_ASKED: sum(amounts), CL_STATE: GRANTED}])
    row = city.claims[0]
    row[CL_AMOUNTS : CL_AMOUNTS + len(amounts)] = amounts
    for quarter in range(QUARTER, QUARTER + 40):
        decisions.pay_and_check(quarter, city, mix, desk, 2.0, out)
    assert row[CL_STATE] == CLOSED
    assert row[CL_PAID] + row[CL_CANCELLED] == pytest.approx(row[CL_GRANTED], abs=1e-6)
    assert out[0, PAID] == round(row[CL_PAID] * 100.0)
    assert column_of(city.firms, FUNDS)[0] == pytest.approx(row[CL_PAID] / 2.0)
    assert row[CL_CANCELLED] <= stopped * row[CL_GRANTED] + 0.006


def test_what_was_paid_is_taken_back_once():
    """Two conditions that both fail take back no more than was paid; funds fall by it."""
    given = office(lines=[])
    condition = np.array([(2, 1, 0, 0, 1, 0.75), (4, 1, 0, 0, 1, 0.75)], CONDITION)
    test = np.zeros(1, TEST)
    test["fact"], test["op"], test["value"] = F_EMPLOYEES, OP_MIN, 10.0
    given = given._replace(condition_last=np.full(1, 2), condition=condition, test=test)
    city, mix, desk, out = town(given, rows=[{CL_ASKED: 100.0, CL_STATE: GRANTED}])
    column_of(city.firms, FUNDS)[0] = 1000.0
    taken = []
    for quarter in range(QUARTER, QUARTER + 5):
        decisions.pay_and_check(quarter, city, mix, desk, 1.0, out)
        taken.append(city.claims[0, CL_RECOVERED])
    assert taken == [0.0, 0.0, 75.0, 75.0, 100.0] and out[0, RECOVERED] == 10_000
    assert column_of(city.firms, FUNDS)[0] == pytest.approx(1000.0)
    assert city.claims[0, CL_STATE] == CLOSED


def test_money_due_with_the_test_is_paid_and_then_taken_back():
    """As in the calculator: what is due on the day of the test counts as paid by then."""
    given = office(lines=[], parts=((1.0, 4.0, 0.0),))
    test = np.zeros(1, TEST)
    test["fact"], test["op"], test["value"] = F_EMPLOYEES, OP_MIN, 10.0
    condition = np.array([(4, 1, 0, 0, 1, 1.0)], CONDITION)
    given = given._replace(condition_last=np.ones(1, np.int64), condition=condition, test=test)
    city, mix, desk, out = town(given, rows=[{CL_ASKED: 100.0, CL_STATE: GRANTED}])
    decisions.pay_and_check(QUARTER + 4, city, mix, desk, 1.0, out)
    assert city.claims[0, [CL_PAID, CL_RECOVERED]].tolist() == [100.0, 100.0]


def test_who_meets_the_condition_keeps_all():
    given = office(lines=[])
    test = np.zeros(1, TEST)
    test["fact"], test["op"], test["value"] = F_EMPLOYEES, OP_MIN, 10.0
    given = given._replace(
        condition_last=np.ones(1, np.int64), condition=np.array([(0, 1, 0, 0, 1, 1.0)], CONDITION), test=test
    )
    city, mix, desk, out = town(given, rows=[{CL_ASKED: 100.0, CL_STATE: GRANTED}])
    column_of(city.firms, JOBS)[0] = 10.0
    decisions.pay_and_check(QUARTER, city, mix, desk, 1.0, out)
    assert city.claims[0, CL_RECOVERED] == 0.0 and city.claims[0, CL_CHECK] == 1.0


def test_a_payment_that_waits_for_a_date_counts_its_lag_from_there():
    """Decided three quarters after the claim, completed four after it, paid one later: not three plus four plus one."""
    given = office(lines=[], parts=((1.0, 1.0, 4.0),))
    city, mix, _, _ = town(given, rows=[{CL_ASKED: 100.0, CL_STATE: GRANTED}])
    row = city.claims[0]
    row[CL_DECIDED] = QUARTER + 3
    assert decisions.due_quarter(mix.office, row, 0, 0) == QUARTER + 5
    row[CL_DECIDED] = QUARTER + 6
    assert decisions.due_quarter(mix.office, row, 0, 0) == QUARTER + 7


@pytest.mark.parametrize(
    ("or_else", "lag", "here", "stake"),
    [("recover", 0, 0, 50.0), ("recover", 4, 0, 50.0), ("recover", 9, 0, 0.0), ("stop", 9, 0, 50.0),
     ("stop", 0, 0, 0.0), ("recover", 0, 1, -50.0)],
)  # fmt: skip
def test_what_a_move_puts_at_stake(or_else, lag, here, stake):
    """Half of the grant, tested four quarters after the claim: what is paid by then, or what is owed after it."""
    test = np.zeros(1, TEST)
    test["fact"], test["op"], test["value"] = F_PLACE, OP_EQUAL, 0.0
    condition = np.array([(4, int(or_else == "recover"), 1, 0, 1, 0.5)], CONDITION)
    given = office(lines=[], parts=((1.0, float(lag), 0.0),))._replace(
        condition_last=np.ones(1, np.int64), condition=condition, test=test
    )
    city, mix, desk, out = town(given, rows=[{CL_ASKED: 100.0, CL_STATE: GRANTED}])
    column_of(city.firms, PLACE)[0] = here
    decisions.pay_and_check(QUARTER, city, mix, desk, 1.0, out)
    assert decisions.at_stake(QUARTER, city, mix, desk, 0) == pytest.approx(stake)
    assert decisions.at_stake(QUARTER, city, mix, desk, 1) == 0.0


def test_once_a_year_is_once_a_year():
    city, mix, _, _ = town(office(lines=[], clauses=2), 2)
    mix.arrays.clause["once_account"], mix.arrays.clause["once_year"] = 2, [0, 1]
    city.count[1] = SLOTS_HERE
    city.account_once[:] = 1
    decisions.new_accounting_year(city, mix)
    assert city.account_once[:, 0].all() and not city.account_once[:, 1].any()


def test_a_refused_second_claim_does_not_reopen_once():
    """Whoever has had a lower grade and is refused the difference to a higher one has still had the lower one."""
    city, mix, desk, out = town(office(RATION_LOTTERY, 0.0), rows=[{CL_ASKED: 100.0}])
    mix.arrays.clause["once_account"], mix.arrays.clause["upgrade"] = 2, 1
    city.account_paid[0, 0] += 300.0
    city.account_once[0, 0] = 1
    decisions.decide(QUARTER, True, city, mix, desk, out)
    assert city.claims[0, CL_GRANTED] == 0.0
    assert city.account_once[0, 0] == 1 and city.account_paid[0, 0, 0] == 300.0


def test_a_stop_cuts_every_later_instalment():
    """Half of what is owed after the first of three instalments: both later ones are halved, at their own times."""
    parts = ((0.2, 0.0, 0.0), (0.4, 2.0, 0.0), (0.4, 4.0, 0.0))
    test = np.zeros(1, TEST)
    test["fact"], test["op"], test["value"] = F_EMPLOYEES, OP_MIN, 10.0
    given = office(lines=[], parts=parts)._replace(
        condition_last=np.ones(1, np.int64), condition=np.array([(1, 0, 0, 0, 1, 0.5)], CONDITION), test=test
    )
    city, mix, desk, out = town(given, rows=[{CL_ASKED: 100.0, CL_STATE: GRANTED}])
    paid = []
    for quarter in range(QUARTER, QUARTER + 5):
        decisions.pay_and_check(quarter, city, mix, desk, 1.0, out)
        paid.append(round(city.claims[0, CL_PAID], 2))
    assert paid == [20.0, 20.0, 40.0, 40.0, 60.0]
    assert city.claims[0, CL_CANCELLED] == 40.0 and city.claims[0, CL_STATE] == CLOSED
