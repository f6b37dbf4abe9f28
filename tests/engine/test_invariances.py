"""What must not matter does not: packages that nobody can claim, other mixes, threads, storage order, blocks, more
entrants. Money in twice as large units is in ``test_nominal``, blocks of one firm in ``test_mesa``."""

import dataclasses

import numpy as np
import pytest
import units

from policymix.engine import mixes
from policymix.engine.booking import Watch
from policymix.engine.claims import SLOTS
from policymix.engine.mesa_view import baseline_path, start_of
from policymix.engine.setting import HISTORY
from policymix.engine.symbols import ACCOUNT, ALIVE, FIRM
from policymix.engine.table import chosen, empty_firms, numbers_of, write_numbers
from policymix.engine.timetable import FREE, FROZEN, RECORD, Path
from policymix.engine.unit import appraised, fork, run_mix, run_unit
from policymix.experiments import results, runner
from policymix.experiments.inputs import gather, uncertainties
from policymix.experiments.scenario import with_options

HEAD = """
id = "{id}"
title = {{en = "Null", zh = "空"}}
place = "city"
currency = "CNY"
announced = 2021-01-01
from = 2021-01-01
until = 2025-12-31
payers = [{{who = "city", share = 1}}]
"""
CLAUSE = """
[[clause]]
id = "{id}"
title = {{en = "Nobody", zh = "无人"}}
source = "test"
on = "{kind}"
where = {{employees = {{min = 1e12}}}}
pays = {pays}
"""
IMPOSSIBLE = [
    ("project", '{share = 0.5, of = "new_investment"}\ncap = {amount = 1_000_000, per = "project"}'),
    ("research", '{share = 0.5, of = "rd_spending"}\ncap = {amount = 1_000_000, per = "firm-year"}'),
    ("lease", "{rent_share = [1.0, 1.0], area_max = 2000}"),
    ("arrival", "{amount = 1_000_000}"),
    ("talent", "{amount = 1_000_000}"),
    ("national_grant", '{share = 0.5, of = "grant_received"}\ncap = {amount = 1_000_000, per = "firm"}'),
]


@pytest.fixture(scope="module")
def null_packages(small_folder):
    """Packages that pay nobody, beside the small scenario: without a clause, and with clauses that nobody meets."""
    (small_folder / "packages").mkdir(exist_ok=True)
    clauses = [CLAUSE.format(id=str(k), kind=kind, pays=pays) for k, (kind, pays) in enumerate(IMPOSSIBLE)]
    inert = CLAUSE.format(id="only", kind="project", pays="X").split('on = "')[0] + 'inert = "says nothing"\n'
    for name, text in (("inert", inert), ("impossible", "".join(clauses))):
        (small_folder / "packages" / f"{name}.toml").write_text(HEAD.format(id=name) + text, encoding="utf-8")
    return small_folder


@pytest.mark.parametrize("name", ["inert", "impossible"])
def test_a_package_that_pays_nobody_changes_nothing(small, null_packages, name):
    found = units.results(small, mix=f"none,{name}")
    for mode in (FROZEN, FREE):
        assert units.same(found["none", RECORD], found[name, mode]), mode
        assert not found[name, mode].appraisal.table[:, 1:].any()


def test_an_added_mix_changes_nothing_in_the_others(small):
    alone, together = units.results(small, mix="none,htz-2022"), units.results(small, mix="none,dalian-2021,htz-2022")
    assert alone.keys() < together.keys()
    for key, result in alone.items():
        assert units.same(result, together[key])
        assert np.array_equal(result.out.clause, together[key].out.clause)
        for field in result.appraisal._fields:
            assert np.array_equal(getattr(result.appraisal, field), getattr(together[key].appraisal, field)), field


@pytest.fixture(scope="module")
def from_the_fork(small):
    """Every mix run from the fork on, without taking over quarters of the baseline: (mix, mode) -> city, outcomes."""
    setting, values = units.unit(small)
    compiled = units.loop_of(setting)
    start = start_of(compiled, setting, values, 7, 0)
    path = baseline_path(compiled, setting, start, values, 7, 0)
    industries = len(start.world.region.a)
    base = Watch(setting.calendar, industries)
    found = {
        ("none", RECORD): run_on(compiled, setting, values, start, start.city, "none", RECORD, copied(path), watch=base)
    }
    known = base.activity(found["none", RECORD][0])
    for name in setting.order[1:]:
        for mode in (FROZEN, FREE):
            watch = Watch(setting.calendar, industries, int(start.city.count[SLOTS]))
            city, out = run_on(compiled, setting, values, start, start.city, name, mode, path, watch=watch)
            found[name, mode] = city, out, appraised(setting, start, name, 7, 0, city, watch.activity(city), known)
    return found


def test_branching_off_the_baseline_changes_nothing(small, from_the_fork):
    found = units.results(small)
    assert found.keys() == from_the_fork.keys()
    for key, result in found.items():
        out = from_the_fork[key][1]
        for field in out._fields:
            assert np.array_equal(getattr(result.out, field), getattr(out, field)), (key, field)
        if key[1] == RECORD:
            continue
        ours, theirs = result.appraisal, from_the_fork[key][2]
        for field in set(ours._fields) - {"yearly"}:
            assert np.array_equal(getattr(ours, field), getattr(theirs, field)), (key, field)
        years = len(ours.yearly)  # a mix that branches off later has fewer years that could differ
        assert np.array_equal(ours.yearly, theirs.yearly[-years:]) and not theirs.yearly[:-years].any()


@pytest.mark.parametrize("mode", [FROZEN, FREE])
def test_nothing_happens_before_the_announcement(from_the_fork, mode):
    """The zone's package of 28 June 2022 becomes known after the middle of that year's second quarter."""
    base, package = from_the_fork["none", RECORD][1], from_the_fork["htz-2022", mode][1]
    for field in set(base._fields) - {"clause"}:
        assert np.array_equal(getattr(base, field)[: 20 + 6], getattr(package, field)[: 20 + 6]), field
    assert not np.array_equal(base.cube[: 20 + 8], package.cube[: 20 + 8])


def test_no_policy_is_the_history_alone(small):
    setting, values = units.unit(small, mix="none")
    compiled = units.loop_of(setting)
    start = start_of(compiled, setting, values, 7, 0)
    outs = []
    for name in ("none", HISTORY):
        outs.append(run_on(compiled, setting, values, start, start.city, name, RECORD, copied(start.path))[1])
    for field in outs[0]._fields:
        assert np.array_equal(getattr(outs[0], field), getattr(outs[1], field)), field


def copied(path):
    """A path that a baseline may write into."""
    return Path(*(each.copy() for each in path))


def run_on(compiled, setting, values, start, city, name, mode, path, ground=None, last=None, watch=None):
    """Outcomes of a mix on a given city at the fork; also the city afterwards."""
    mix = mixes.mix_of(setting, start.world, name, start.layers, values, city)
    forked = fork(city, start.slots, setting.mixes[name])
    fixed = (
        setting,
        start.world,
        start.ground if ground is None else ground,
        start.tables,
        forked,
        mix,
        name,
        mode,
        path,
    )
    if watch is not None:
        watch.enter(forked)
    out = run_mix(compiled, *fixed, 7, 0, setting.burn_in, last or setting.quarters, None, booking=watch)
    return forked, out


def test_threads_change_nothing(small):
    import xarray as xr

    scenario = with_options(small, draws=3, mix="none,both", set={"run.end": "2022Q4"})
    xr.testing.assert_identical(runner.run(scenario, threads=1), runner.run(scenario, threads=2))


def test_the_order_of_units_changes_nothing(small):
    import xarray as xr

    scenario = with_options(small, draws=2, mix="none,both", set={"run.end": "2021Q4"})
    inputs = gather(scenario)
    priors = uncertainties(inputs)
    values, refused = runner.draw_values(inputs, priors)
    tables = []
    for draws in ((0, 1), (1, 0)):
        setting = runner.setting_of(inputs)
        table = results.Table(inputs, setting, priors, values, refused)
        for draw in draws:
            numbers = dict(zip([prior.name for prior in priors], values[draw].tolist(), strict=True))
            table.put(draw, 0, run_unit(setting, numbers, scenario.seed, draw))
        tables.append(table.dataset())
    xr.testing.assert_identical(*tables)


@pytest.mark.parametrize("mode", [FROZEN, FREE])
def test_the_order_of_firms_in_the_table_changes_nothing(small, mode):
    setting, values = units.unit(small, mix="none,both")
    compiled = units.loop_of(setting)
    start = start_of(compiled, setting, values, 7, 0)
    path = baseline_path(compiled, setting, start, values, 7, 0)
    n = int(start.city.count[SLOTS])
    shuffled = start.city._replace(firms=chosen(start.city.firms, np.random.default_rng(1).permutation(n)))
    (one, a), (other, b) = (
        run_on(compiled, setting, values, start, city, "both", mode, path) for city in (start.city, shuffled)
    )
    for field in a._fields:
        assert np.array_equal(getattr(a, field), getattr(b, field)), field
    assert np.array_equal(by_address(one), by_address(other))


@pytest.mark.parametrize("before", [1, 37])
def test_the_blocks_that_firms_fall_into_change_nothing(small, before):
    """Dead firms at the front of the table put every other into another lane, and many into another block.

    That blocks of one firm give the same bits is the Mesa view's test.
    """
    setting, values = units.unit(small, mix="none,both")
    compiled = units.loop_of(setting)
    start = start_of(compiled, setting, values, 7, 0)
    path = baseline_path(compiled, setting, start, values, 7, 0)
    n = int(start.city.count[SLOTS])
    dead = numbers_of(start.city.firms, slice(0, before))
    dead[ALIVE], dead[FIRM] = 0.0, 2.0**30 + np.arange(before)
    tables = empty_firms(before + n)
    write_numbers(tables, np.concatenate([dead, numbers_of(start.city.firms, slice(0, n))], axis=1))
    moved = start.city._replace(
        firms=tables,
        count=start.city.count + before * (np.arange(4) == SLOTS),
    )
    (one, a), (other, b) = (
        run_on(compiled, setting, values, start, city, "both", FREE, path) for city in (start.city, moved)
    )
    for field in a._fields:
        assert np.array_equal(getattr(a, field), getattr(b, field)), field
    rows = by_address(other)
    assert np.array_equal(by_address(one), rows[:, ~np.isin(rows[FIRM], dead[FIRM])])


def by_address(city):
    """The used part of the table of firms by address; of the row of a firm's account only whether there is one."""
    firms = numbers_of(city.firms, slice(0, int(city.count[SLOTS])))
    firms[ACCOUNT] = firms[ACCOUNT] >= 0.0
    return firms[:, np.argsort(firms[FIRM], kind="stable")]


@pytest.mark.parametrize("mode", [RECORD, FROZEN])
def test_one_more_potential_entrant_moves_nobody_else(small, mode):
    setting, values = units.unit(small, mix="none,both")
    compiled = units.loop_of(setting)
    start = start_of(compiled, setting, values, 7, 0)
    name, path = "none" if mode == RECORD else "both", baseline_path(compiled, setting, start, values, 7, 0)
    tables = []
    for extra in (0.0, 40.0):
        ground = start.ground._replace(pool=start.ground.pool + extra)
        run = (compiled, setting, values, start, start.city, name, mode, path, ground, setting.burn_in + 1)
        tables.append(by_address(run_on(*run)[0]))
    few, many = tables
    assert many.shape[1] > few.shape[1]
    assert np.array_equal(few, many[:, np.isin(many[FIRM], few[FIRM])])


def test_luck_and_seed_do_change_the_outcomes(small):
    setting, values = units.unit(small, mix="none")
    outs = [run_unit(setting, values, seed, luck).results[0] for seed, luck in ((7, 0), (7, 1), (8, 0))]
    assert not units.same(outs[0], outs[1])
    assert not units.same(outs[0], outs[2])


def test_what_the_loop_leaves_out_is_not_missed(small):
    """Without the branches that no package of the run needs, the loop gives the same bits."""
    setting, values = units.unit(small)
    whole = dataclasses.replace(setting)
    assert not setting.general
    vars(whole)["general"] = True
    assert units.loop_of(whole) is not units.loop_of(setting)
    for short, long in zip(*(run_unit(each, values, 7, 0).results for each in (setting, whole)), strict=True):
        assert units.same(short, long)
        assert np.array_equal(short.out.clause, long.out.clause)
