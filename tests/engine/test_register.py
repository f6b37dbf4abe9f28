"""A register of firms in place of the synthetic ones: they are the firms at the fork, and each has luck of its own."""

import numpy as np
import pytest
import units

from cities import write_city, write_register, write_rows
from policymix.engine.population import target_values
from policymix.engine.register import FIRST_ADDRESS, addresses, nearest
from policymix.engine.symbols import (
    ACCOUNT,
    AGE,
    CAPITAL,
    COLUMNS,
    EVER,
    FIRM,
    INDUSTRY,
    LN_SIZE,
    PLACE,
    STEPS,
    STEPS_HELD,
)
from policymix.engine.table import numbers_of
from policymix.engine.unit import start_of
from policymix.experiments import store
from policymix.experiments.scenario import load_scenario

SEED, LUCK = 3, 0


@pytest.fixture
def folder(tmp_path):
    write_city(tmp_path, "small", 1 / 20)
    return tmp_path


@pytest.fixture
def rows(folder):
    return write_register(folder / "regions" / "small.toml")


def started(folder):
    """Setting, and the city at the fork."""
    setting, values = units.unit(load_scenario(folder / "small.toml"))
    return setting, start_of(units.loop_of(setting), setting, values, SEED, LUCK)


def firms_of(start):
    return numbers_of(start.city.firms, slice(0, int(start.city.count[0])))


def test_the_firms_at_the_fork_are_those_of_the_register(folder, rows):
    setting, start = started(folder)
    firms = firms_of(start)
    assert firms.shape[1] == len(rows)
    assert [setting.region.industries[int(i)] for i in firms[INDUSTRY]] == [row["industry"] for row in rows]
    assert [setting.region.places[int(k)] for k in firms[PLACE]] == [row["place"] for row in rows]
    founded = [4 * int(row["founded"][:4]) + int(row["founded"][5]) - 1 for row in rows]
    assert np.array_equal(firms[AGE], 4 * 2021 - np.array(founded))
    assert np.all(firms[ACCOUNT] == -1.0) and np.all(np.isfinite(firms))
    rungs = [sum(1 << STEPS.index(step) for step in row["steps"].split()) for row in rows]
    assert np.array_equal(firms[EVER], rungs) and np.array_equal(firms[STEPS_HELD], rungs)
    assert start.city.recognised.sum() == sum(len(row["steps"].split()) for row in rows)


def test_value_added_meets_the_draw_and_relative_sizes_the_register(folder, rows):
    setting, start = started(folder)
    firms, r = firms_of(start), start.world.region
    k = (r.a / (start.world.env.hurdle.mean() + r.delta))[firms[INDUSTRY].astype(int)]
    a = r.a[firms[INDUSTRY].astype(int)]
    value = np.exp(firms[LN_SIZE]) * (firms[CAPITAL] / (k * np.exp(firms[LN_SIZE]))) ** a
    total = np.zeros(r.firms.shape)
    np.add.at(total, (firms[INDUSTRY].astype(int), firms[PLACE].astype(int)), value)
    target = target_values(setting, start.world, setting.burn_in - 1)
    assert total == pytest.approx(target, rel=2e-6), "to the 24 bits of a log size"
    revenue = np.array([float(row["revenue"]) for row in rows])
    software = np.array([row["industry"] == "software" and row["place"] == "dalian-htz" for row in rows])
    share = value[software] / value[software].sum()
    assert share == pytest.approx(revenue[software] / revenue[software].sum(), rel=1e-6)


def test_an_added_firm_moves_nobody_elses_luck(folder, rows):
    _, before = started(folder)
    added = {**rows[-1], "id": "the-new-one", "steps": ""}
    write_rows(folder / "regions" / "register.csv", [added, *rows])
    _, after = started(folder)
    old, new = firms_of(before), firms_of(after)[:, 1:]
    for column in (FIRM, AGE, INDUSTRY, PLACE, EVER):
        assert np.array_equal(old[column], new[column]), COLUMNS[column]
    here = (old[INDUSTRY] == old[INDUSTRY][-1]) & (old[PLACE] == old[PLACE][-1])
    assert np.allclose(old[LN_SIZE][~here], new[LN_SIZE][~here], rtol=1e-12), "the level of other cells stays"
    assert after.path.jobs.shape == before.path.jobs.shape and np.array_equal(before.burn_in.cube, after.burn_in.cube)


def test_addresses_come_from_ids(folder, rows):
    setting, _ = started(folder)
    found = addresses(setting, setting.region.firm)
    records = [record.id for record in setting.region.record]
    assert len(set(found.tolist())) == len(found)
    for row, address in zip(setting.region.firm, found, strict=True):
        assert address == records.index(row.id) if row.id in records else FIRST_ADDRESS <= address < 2 * FIRST_ADDRESS
    assert np.array_equal(found[::-1], addresses(setting, setting.region.firm[::-1])), "not from their order"


def test_what_is_known_of_capital_is_kept(folder, rows):
    number = next(n for n, row in enumerate(rows) if row["industry"] == "internet")
    others = [
        n for n, row in enumerate(rows) if row["industry"] == "internet" and row["place"] == rows[number]["place"]
    ]
    _, plain = started(folder)
    rows[number]["capital"] = str(3.0 * firms_of(plain)[CAPITAL, number])
    write_rows(folder / "regions" / "register.csv", rows)
    _, known = started(folder)
    more = firms_of(known)[CAPITAL, number] / firms_of(plain)[CAPITAL, number]
    assert more > 1.5, "scaled with its cell, but more than before"
    assert firms_of(known)[LN_SIZE, number] < firms_of(plain)[LN_SIZE, number], "the same output with more capital"
    rest = [n for n in others if n != number]
    same = firms_of(known)[CAPITAL, rest] / firms_of(plain)[CAPITAL, rest]
    assert np.allclose(same, same[0])


def test_staff_stands_in_for_revenue(folder, rows):
    setting, plain = started(folder)
    r = plain.world.region
    for row in rows:
        i, k = setting.region.industries.index(row["industry"]), setting.region.places.index(row["place"])
        worker = r.annual_wage[i] * r.wage_level[k] / r.wage_share[i]
        row["staff"], row["revenue"] = str(float(row["revenue"]) * r.va_ratio[i] / worker), ""
    write_rows(folder / "regions" / "register.csv", rows)
    _, known = started(folder)
    assert np.allclose(firms_of(known)[LN_SIZE], firms_of(plain)[LN_SIZE], atol=1e-9)


def test_a_model_is_the_nearest_of_its_industry(folder, rows):
    _, start = started(folder)
    firms = firms_of(start)
    industry = firms[INDUSTRY].astype(int)
    assert np.allclose(firms[LN_SIZE][nearest(start.city, industry, firms[LN_SIZE])], firms[LN_SIZE])


def test_without_a_register_nobody_lives_at_its_addresses(folder):
    firms = firms_of(started(folder)[1])
    assert not np.any((firms[FIRM] >= FIRST_ADDRESS) & (firms[FIRM] < 2 * FIRST_ADDRESS))


def test_a_run_keeps_the_register_among_its_inputs(folder, rows):
    files = store.input_files(load_scenario(folder / "small.toml"))
    assert files["regions/register.csv"] == folder / "regions" / "register.csv"
