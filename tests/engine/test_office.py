"""The office in the quarter: budgets ration, instalments are paid, conditions tested, others step in, firms respond."""

import numpy as np
import pytest
import units
from trials import AT_ONCE, AWARD, GRANT, PLACES, TEXTS, WIDE, YEARLY, condition, own, watched, write

from policymix.engine.claims import (
    CANCELLED,
    CL_AMOUNTS,
    CL_ASKED,
    CL_BASE,
    CL_CANCELLED,
    CL_CLAUSE,
    CL_DECIDED,
    CL_FIRM,
    CL_GRANTED,
    CL_PAID,
    CL_PARENT,
    CL_QUARTER,
    CL_RECOVERED,
    CL_SCORE,
    CL_SLOT,
    CL_STATE,
    CL_TICKET,
    CLOSED,
    COMMITTED,
    FEN,
    FILED,
    GRANTED,
    MADE,
    PAID,
    RATIONED,
    RECOVERED,
    STAND_BY,
)
from policymix.engine.timetable import FREE
from policymix.engine.unit import run_unit


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Packages of the tests as files."""
    path = tmp_path_factory.mktemp("office")
    for name, (budget, clauses) in TEXTS.items():
        write(path, name, budget, clauses)
    return path


@pytest.fixture(scope="module")
def ran(small, folder):
    """All the packages in one unit."""
    return watched(small, {name: folder / f"{name}.toml" for name in TEXTS})


def decided(ran, name, **which):
    """Rows decided in each year, by year."""
    rows = own(ran, name, **which)
    rows = rows[(rows[:, CL_STATE] != FILED) & (rows[:, CL_DECIDED] >= 0.0)]
    year = rows[:, CL_DECIDED].astype(int) // 4
    return {y: rows[year == y] for y in np.unique(year)}


def in_turn(rows, *keys):
    """Rows in the order of some columns, the first one first."""
    return rows[np.lexsort([rows[:, key] for key in reversed(keys)])]


def greedy(asks, budget):
    """Whole amounts in order until nothing more fits."""
    gets = []
    for ask in asks:
        gets.append(ask if ask <= budget + 1e-6 else 0.0)
        budget -= gets[-1]
    return np.array(gets)


@pytest.mark.parametrize("name", TEXTS)
def test_accounts_balance_every_quarter(ran, name):
    out, clauses = ran.out[name].clause, len(ran.setting.mixes[name].clauses)
    sums = np.cumsum(out[ran.quarters[0] :], axis=0)
    for number, quarter in enumerate(ran.quarters):
        rows = ran.seen[name, quarter].rows
        rows = rows[rows[:, CL_STATE] == GRANTED]
        owed, debt = np.zeros(clauses, np.int64), rows[:, CL_GRANTED] - rows[:, CL_PAID] - rows[:, CL_CANCELLED]
        np.add.at(owed, rows[:, CL_CLAUSE].astype(int), np.rint(debt * FEN).astype(np.int64))
        done = sums[number]
        assert np.array_equal(done[:, COMMITTED], done[:, PAID] + owed + done[:, CANCELLED]), quarter
        assert (done[:, RECOVERED] <= done[:, PAID]).all() and (out[quarter] >= 0).all()
        assert (done[:, RATIONED] <= done[:, MADE]).all()
    assert own(ran, name)[:, CL_GRANTED].sum() > 0.0


@pytest.mark.parametrize(("name", "prompt"), [("first", True), ("back", True), ("lottery", False), ("rata", False)])
def test_when_claims_are_decided(ran, name, prompt):
    """At once, or in the fourth quarter; who takes premises claims at the end of a quarter."""
    rows = own(ran, name)
    late, done = rows[:, CL_STATE] == FILED, rows[:, CL_DECIDED] >= 0.0
    wait = rows[done, CL_DECIDED] - rows[done, CL_QUARTER]
    if prompt:
        assert set(wait) <= {0.0, 1.0} and np.mean(wait == 0.0) > 0.5
        assert (rows[late, CL_QUARTER] == ran.quarters[-1]).all()
    else:
        assert (rows[done, CL_DECIDED] % 4 == 3).all() and wait.max() <= 4.0


def test_first_come_serves_in_the_order_of_claims(ran):
    bound = 0
    for rows in decided(ran, "first").values():
        rows = in_turn(rows, CL_DECIDED, CL_QUARTER, CL_TICKET)
        left = np.maximum(0.0, YEARLY - np.concatenate([[0.0], np.cumsum(rows[:, CL_ASKED])[:-1]]))
        np.testing.assert_allclose(rows[:, CL_GRANTED], np.minimum(rows[:, CL_ASKED], left), atol=0.011)
        bound += rows[:, CL_ASKED].sum() > YEARLY
        assert rows[:, CL_GRANTED].sum() <= YEARLY + 1e-6
    assert bound >= 3


def test_without_lag_money_comes_with_the_decision(ran):
    for quarter in ran.quarters:
        rows = own(ran, "first", quarter)
        done = rows[rows[:, CL_DECIDED] == quarter]
        assert np.array_equal(done[:, CL_PAID], done[:, CL_GRANTED])


def test_a_lifetime_budget_does_not_start_anew(ran):
    years = decided(ran, "ever")
    totals = [rows[:, CL_GRANTED].sum() for rows in years.values()]
    assert sum(totals) == pytest.approx(YEARLY, abs=0.05)
    assert len(totals) == 5 and not any(totals[2:])


def test_scores_take_whole_amounts_from_the_top(ran):
    refused = 0
    for rows in decided(ran, "score").values():
        rows = rows[np.lexsort([rows[:, CL_TICKET], -rows[:, CL_SCORE]])]
        np.testing.assert_allclose(rows[:, CL_GRANTED], greedy(rows[:, CL_ASKED], YEARLY), atol=1e-6)
        np.testing.assert_allclose(rows[:, CL_ASKED], np.minimum(0.1 * rows[:, CL_SCORE], 1e6), atol=0.006)
        refused += (rows[:, CL_GRANTED] == 0.0).sum()
    assert refused > 20


@pytest.mark.parametrize("name", ["ranked", "marks"])
def test_a_cut_off_parts_granted_from_refused(ran, name):
    for rows in decided(ran, name).values():
        served = rows[:, CL_GRANTED] > 0.0
        assert served.sum() == PLACES < len(rows)
        assert rows[served, CL_SCORE].min() >= rows[~served, CL_SCORE].max()
        assert np.array_equal(rows[served, CL_GRANTED], rows[served, CL_ASKED])


def test_marks_and_tickets_are_luck(ran):
    """Uniform, unrelated, and the same under every mix."""
    from scipy.stats import kstest, spearmanr

    rows = own(ran, "marks")
    marks, tickets = rows[:, CL_SCORE] / 100.0, rows[:, CL_TICKET]
    assert kstest(marks, "uniform").pvalue > 0.01 and kstest(tickets, "uniform").pvalue > 0.01
    assert spearmanr(marks, tickets).pvalue > 0.01
    assert spearmanr(tickets, rows[:, CL_BASE]).pvalue > 0.01
    known = {(f, q): t for f, q, t in rows[:, [CL_FIRM, CL_QUARTER, CL_TICKET]]}
    others = own(ran, "first")[:, [CL_FIRM, CL_QUARTER, CL_TICKET]]
    shared = [(known[f, q], t) for f, q, t in others if (f, q) in known]
    assert len(shared) > 100 and all(a == b for a, b in shared)


def test_a_lottery_gives_whole_amounts_by_ticket(ran):
    for rows in decided(ran, "lottery").values():
        rows = in_turn(rows, CL_TICKET)
        np.testing.assert_allclose(rows[:, CL_GRANTED], greedy(rows[:, CL_ASKED], YEARLY), atol=1e-6)


def test_pro_rata_is_one_factor_down_to_the_fen(ran):
    cut = 0
    for rows in decided(ran, "rata").values():
        asked = np.rint(rows[:, CL_ASKED] * FEN)
        factor = min(1.0, YEARLY * FEN / asked.sum())
        np.testing.assert_array_equal(np.rint(rows[:, CL_GRANTED] * FEN), np.floor(asked * factor + 1e-4))
        assert rows[:, CL_GRANTED].sum() <= YEARLY
        cut += factor < 1.0
    assert cut >= 3


def test_places_go_to_the_first(ran):
    for rows in decided(ran, "queue").values():
        rows = in_turn(rows, CL_DECIDED, CL_QUARTER, CL_TICKET)
        assert np.array_equal(rows[:, CL_GRANTED], np.where(np.arange(len(rows)) < PLACES, rows[:, CL_ASKED], 0.0))


def test_a_clauses_budget_and_its_packages_both_bind(ran):
    grants, awards = decided(ran, "both", clause="grant"), decided(ran, "both", clause="award")
    for year in grants:
        of_clause = grants[year][:, CL_GRANTED].sum()
        total = of_clause + awards[year][:, CL_GRANTED].sum()
        assert of_clause <= 6_000_000 + 1e-6 and total <= YEARLY + 1e-6
    asked = [rows[:, CL_ASKED].sum() for rows in grants.values()]
    assert min(asked) > 6_000_000
    assert max(grants[y][:, CL_GRANTED].sum() + awards[y][:, CL_GRANTED].sum() for y in grants) > 0.99 * YEARLY


def test_instalments_add_up_and_none_comes_before_its_time(ran):
    build = ran.values["parameter.build_quarters"]
    last = ran.quarters[-1]
    for quarter in ran.quarters:
        rows = own(ran, "parts", quarter)
        rows = rows[(rows[:, CL_GRANTED] > 0.0) & np.isin(rows[:, CL_STATE], (GRANTED, CLOSED))]
        alive = ran.seen["parts", quarter].alive[rows[:, CL_SLOT].astype(int)] > 0.5
        rows = rows[alive]
        second = np.floor(np.maximum(rows[:, CL_DECIDED], rows[:, CL_QUARTER] + build) + 1.5)
        first = np.floor(rows[:, CL_GRANTED] * 33.0 + 0.5 + 1e-6) / 100.0
        due = np.where(second <= quarter, rows[:, CL_GRANTED], first)
        np.testing.assert_allclose(rows[:, CL_PAID], due, atol=1e-6)
    assert (second <= last).sum() > 50 and (second > last).sum() > 5


def test_later_tenancy_years_are_paid_a_year_apart(ran):
    seen = 0
    for quarter in ran.quarters:
        rows = own(ran, "rent", quarter)
        rows = rows[(rows[:, CL_GRANTED] > 0.0) & np.isin(rows[:, CL_STATE], (GRANTED, CLOSED))]
        rows = rows[ran.seen["rent", quarter].alive[rows[:, CL_SLOT].astype(int)] > 0.5]
        since = quarter - rows[:, CL_DECIDED]
        due = np.where(since >= 2, rows[:, CL_AMOUNTS], 0.0) + np.where(since >= 6, rows[:, CL_AMOUNTS + 1], 0.0)
        np.testing.assert_allclose(rows[:, CL_PAID], due, atol=1e-6)
        seen += (since >= 6).sum()
    assert seen > 20
    np.testing.assert_allclose(rows[:, CL_AMOUNTS + 1], 0.5 * rows[:, CL_AMOUNTS], atol=0.011)


def test_no_budget_grants_all(ran):
    rows = own(ran, "back")
    rows = rows[rows[:, CL_DECIDED] >= 0.0]
    assert len(rows) > 100 and np.array_equal(rows[:, CL_GRANTED], rows[:, CL_ASKED])


def lasting(ran, name, after):
    """Granted rows of firms that live on, long enough ago for a condition to have been tested."""
    rows = own(ran, name)
    alive = ran.seen[name, ran.quarters[-1]].alive[rows[:, CL_SLOT].astype(int)] > 0.5
    old = (rows[:, CL_QUARTER] + after <= ran.quarters[-1]) & (rows[:, CL_DECIDED] >= 0.0)
    return rows[alive & old & (rows[:, CL_GRANTED] > 0.0)]


def test_a_failed_condition_takes_back_a_share_of_what_was_paid(ran):
    rows = lasting(ran, "back", 4)
    half = np.floor(rows[:, CL_PAID] * 50.0 + 0.5 + 1e-6) / 100.0
    np.testing.assert_allclose(rows[:, CL_RECOVERED], half, atol=1e-6)
    assert len(rows) > 50 and (rows[:, CL_PAID] == rows[:, CL_GRANTED]).all()
    young = own(ran, "back")
    young = young[young[:, CL_QUARTER] + 4 > ran.quarters[-1]]
    assert len(young) and not young[:, CL_RECOVERED].any()
    total = ran.out["back"].clause[:, :, RECOVERED].sum() / FEN
    assert total == pytest.approx(own(ran, "back")[:, CL_RECOVERED].sum(), abs=0.5)


def test_a_stop_cancels_a_share_of_what_is_owed_and_the_rest_is_paid(ran):
    wait = np.floor(ran.values["parameter.build_quarters"] + 1.5)
    assert wait > 2, "the second instalment comes after the test"
    rows = lasting(ran, "stops", wait + 1)
    first = np.floor(rows[:, CL_GRANTED] * 33.0 + 0.5 + 1e-6) / 100.0
    np.testing.assert_allclose(rows[:, CL_CANCELLED], 0.4 * (rows[:, CL_GRANTED] - first), atol=0.0051)
    np.testing.assert_allclose(rows[:, CL_PAID], rows[:, CL_GRANTED] - rows[:, CL_CANCELLED], atol=1e-6)
    assert len(rows) > 50 and (rows[:, CL_STATE] == CLOSED).all() and not rows[:, CL_RECOVERED].any()


def test_a_fact_that_firms_do_not_have_leaves_a_condition_open(ran):
    rows = lasting(ran, "open", 5)
    assert len(rows) > 50 and not rows[:, CL_RECOVERED].any()
    assert (rows[:, CL_STATE] == CLOSED).all()


def test_losers_of_the_lottery_get_what_everybody_gets(ran):
    """The fourth case of the order of evaluation: rationing comes after stacking, and others step in."""
    won, kept = decided(ran, "twins", clause="rich"), decided(ran, "twins", clause="poor")
    for year, rows in won.items():
        losers = rows[rows[:, CL_GRANTED] == 0.0]
        assert (rows[:, CL_GRANTED] > 0.0).sum() == PLACES and len(losers) > PLACES
        instead = kept[year][kept[year][:, CL_PARENT] >= 0.0]
        instead = instead[instead[:, CL_GRANTED] > 0.0]
        assert sorted(map(tuple, instead[:, [CL_FIRM, CL_QUARTER]])) == sorted(
            map(tuple, losers[:, [CL_FIRM, CL_QUARTER]])
        )
        assert set(instead[:, CL_GRANTED]) == {100_000.0}
    table = ran.seen["twins", ran.quarters[-1]].rows
    behind = table[table[:, CL_PARENT] >= 0.0]
    parent = table[behind[:, CL_PARENT].astype(int)]
    assert np.array_equal(behind[:, CL_STATE] == STAND_BY, parent[:, CL_STATE] == FILED)
    assert not behind[parent[:, CL_GRANTED] > 0.0, CL_GRANTED].any()


def test_without_fallback_losers_get_nothing(ran):
    won, kept = decided(ran, "alone", clause="rich"), own(ran, "alone", clause="poor")
    assert all((rows[:, CL_GRANTED] > 0.0).sum() == PLACES < len(rows) for rows in won.values())
    assert not kept[:, CL_GRANTED].any()


def payout(ran, name):
    """What firms expect of a package, quarter by quarter."""
    package = [p.id for p in ran.setting.mixes[name].packages].index(name)
    return np.array([ran.seen[name, q].payout[package] for q in ran.quarters])


def test_an_exhausted_budget_is_expected_to_pay_less(ran):
    spent, free = payout(ran, "first").reshape(5, 4), payout(ran, "back")
    assert (spent[:, 0] > 0.2).all() and not spent[:, 1:3].any() and (free == 1.0).all()
    for share, rows in zip(spent[:, 3], decided(ran, "first").values(), strict=True):
        assert share == pytest.approx(rows[:, CL_GRANTED].sum() / rows[:, CL_ASKED].sum(), rel=1e-9)


def test_an_exhausted_budget_moves_firms_less(ran):
    """With the same luck, projects of the quarter after the first are smaller when nothing is left."""
    second = ran.quarters[1]
    size = {
        name: {f: base for f, q, base in own(ran, name)[:, [CL_FIRM, CL_QUARTER, CL_BASE]] if q == second}
        for name in ("first", "back")
    }
    shared = size["first"].keys() & size["back"].keys()
    less = [size["first"][f] < size["back"][f] for f in shared]
    assert len(shared) > 30 and np.mean(less) > 0.15
    assert not any(size["first"][f] > size["back"][f] * (1 + 1e-9) for f in shared)


def test_money_with_the_purchase_carries_what_late_money_does_not(small, tmp_path):
    """Of two grants of the same present value the one that comes at once lets firms without funds start larger."""
    lag = "payment = {{lag_quarters = {}}}\n"
    large = GRANT.replace("0.1,", "0.3,").replace("1_000_000", "100_000_000")
    files = {name: write(tmp_path, name, '"none"', large + lag.format(n)) for name, n in (("soon", 0), ("late", 8))}
    ran = watched(small, files, {"parameter.grant_discount": 0.0})
    first = ran.quarters[0]
    size = {
        name: {f: base for f, q, base in own(ran, name, first)[:, [CL_FIRM, CL_QUARTER, CL_BASE]]} for name in files
    }
    shared = sorted(size["soon"].keys() & size["late"].keys())
    ratio = np.array([size["soon"][f] / size["late"][f] for f in shared])
    assert len(shared) > 50 and ratio.min() >= 1.0 - 1e-9
    assert 0.05 < np.mean(ratio > 1.05) < 0.95
    most = 1.0 - ran.values["parameter.bankable_share"]
    assert ratio.max() <= most / max(ran.values.get("parameter.least_own_share", 0.05), most - 0.3) + 1e-6


def test_a_condition_on_the_place_keeps_movers(small, tmp_path):
    """Paired by luck: grants that a move out of the zone would forfeit; who goes all the same pays back."""
    grant = GRANT.replace("0.1,", "0.5,").replace("1_000_000", "100_000_000") + AT_ONCE
    bound = grant + condition('{place = "zone"}', "recover", 1.0, 8)
    files = {"bound": write(tmp_path, "bound", '"none"', bound), "unbound": write(tmp_path, "unbound", '"none"', grant)}
    left, stayed, returned = {"bound": 0, "unbound": 0}, {"bound": 0, "unbound": 0}, 0
    for luck in range(4):
        ran = watched(small, files, {"parameter.relocation_rate": 0.5}, luck)
        zone = ran.setting.mixes["bound"].places.index("dalian-htz")
        for name in files:
            for row in own(ran, name):
                slot, test = int(row[CL_SLOT]), int(row[CL_QUARTER]) + 8
                if row[CL_DECIDED] < 0.0 or test > ran.quarters[-1] or ran.seen[name, test].alive[slot] < 0.5:
                    continue
                if ran.seen[name, int(row[CL_DECIDED])].place[slot] != zone:
                    continue
                then = ran.seen[name, test].place[slot]
                left[name] += then != zone
                stayed[name] += then == zone
                if name == "bound":
                    assert row[CL_RECOVERED] == (row[CL_PAID] if then != zone else 0.0)
                    returned += then != zone
    assert stayed["bound"] > 50 and returned > 0
    odds = {name: left[name] / stayed[name] for name in files}
    assert odds["bound"] < 0.9 * odds["unbound"]


@pytest.mark.parametrize("name", ["ever", "twins", "stops", "back", "rata"])
def test_branching_off_keeps_what_the_office_knows(small, folder, tmp_path, name):
    """A mix that takes over the baseline's quarters until its package is announced, and one run from the fork."""
    later = write(tmp_path, "more", '"none"', AWARD + AT_ONCE, day="2022-10-20")
    mix = f"base={folder / name}.toml,more={folder / name}.toml+{later}"
    setting, values = units.unit(small.model_copy(update={"baseline": "base"}), mix=mix)
    whole = run_unit(setting, values | WIDE, 7, 0, watch=lambda *_: None, modes=(FREE,))
    taken = run_unit(setting, values | WIDE, 7, 0, modes=(FREE,))
    for a, b in zip(whole.results, taken.results, strict=True):
        assert a.mix == b.mix and np.array_equal(a.appraisal.table, b.appraisal.table)
        for field in a.out._fields:
            assert np.array_equal(getattr(a.out, field), getattr(b.out, field)), (a.mix, field)
    base, more = whole.results
    assert not np.array_equal(base.out.cube, more.out.cube)


def test_the_table_shows_what_was_taken_back(small, folder):
    """Recovered, owed and paid by clause and payer are those of the engine's accounts, fen by fen."""
    import policymix

    names = {"back": f"{folder}/back.toml", "stops": f"{folder}/stops.toml"}
    mix = ",".join(["none", *(f"{name}={file}" for name, file in names.items())])
    results = policymix.run(small.path, mix=mix, draws=1)
    for name in names:
        table = results.sel(mix=name, draw=0, replicate=0, clause=f"{name}/grant")
        flows = {key: table[key].sum("payer").values for key in ("committed", "paid", "cancelled", "recovered")}
        owed = np.cumsum(flows["committed"] - flows["paid"] - flows["cancelled"])
        np.testing.assert_allclose(table["outstanding"].sum("payer").values, owed, atol=1e-3)
        assert (flows["recovered"].sum() > 0.0) == (name == "back")
        assert flows["recovered"].sum() <= flows["paid"].sum()
        payers = table["recovered"].sum("quarter").sel(payer=["city", "county"])
        shares = payers.values / max(1.0, flows["recovered"].sum())
        assert name == "stops" or shares == pytest.approx([0.5, 0.5], abs=1e-6)
