"""What firms plan on: supports that have not begun, and lines from which a clause pays."""

import numpy as np
import units

from policymix.engine.accounts import A_INVESTMENT
from policymix.engine.claims import CL_BASE, CL_QUARTER, ROWS_USED
from policymix.engine.timetable import FREE, RECORD
from policymix.engine.unit import run_unit

ANNOUNCED, BEGINS = 24, 26
"""Quarters of the run (2022Q1 and 2022Q3) in which the support is announced and begins."""

PACKAGE = """
id = "later"
title = {en = "A support of projects", zh = "项目补助方案"}
place = "city"
currency = "CNY"
announced = 2022-01-01
from = 2022-07-01
until = 2025-12-31
payers = [{who = "city", share = 1.0}]
budget = "none"

[[clause]]
id = "1"
title = {en = "Half of every project", zh = "项目补助"}
source = "test"
on = "project"
where = {new_investment = {min = LEAST}}
pays = {share = 0.5, of = "new_investment"}
cap = "none"
payment = {lag_quarters = 0}
"""
WIDE = {
    "parameter.aware_first": 1.0,
    "parameter.aware_first_ladder": 1.0,
    "parameter.eligible_share": 1.0,
    "parameter.approval": 0.85,
    "parameter.hassle_cost": 15000.0,
}


def run(scenario, tmp_path, text, **options):
    """The setting, and results and firms of the mix of one package."""
    file = tmp_path / "later.toml"
    file.write_text(text, encoding="utf-8")
    setting, values = units.unit(scenario, mix=f"none,later={file}")
    return setting, run_unit(setting, values | WIDE, 7, 0, **options)


def test_projects_wait_for_an_announced_support(small, tmp_path):
    setting, unit = run(small, tmp_path, PACKAGE.replace("LEAST", "0"))
    done = {r.mix: r for r in unit.results if r.mode in (RECORD, FREE)}
    spent = {name: r.out.cube[:, :, :, A_INVESTMENT].sum(axis=(1, 2)) / 1e8 for name, r in done.items()}
    first = setting.burn_in
    change = spent["later"][first:] / spent["none"][first:] - 1.0
    assert np.all(change[: ANNOUNCED - first] == 0.0)
    assert change[ANNOUNCED - first : BEGINS - first].min() < -0.02
    assert change[BEGINS + 2 - first : BEGINS + 6 - first].mean() > 0.05


def test_projects_are_enlarged_to_the_line_from_which_a_clause_pays(small, tmp_path):
    """Below 2 million (of the day) nothing is paid: some who would have built for less build for that."""
    text = PACKAGE.replace("LEAST", "2_000_000").replace("announced = 2022-01-01", "announced = 2022-07-01")
    _, unit = run(small, tmp_path, text, keep_firms=True)
    city = unit.firms
    rows = city.claims[: city.count[ROWS_USED]]
    price = unit.world.env.deflator[rows[:, CL_QUARTER].astype(int)]
    size = (rows[:, CL_BASE] * price)[rows[:, CL_BASE] > 0.0]
    assert (np.abs(size - 2e6) < 1.0).sum() > 5
    assert (size > 2e6 - 1.0).all()
