"""A support that is announced and has not begun: projects are put off, and made up for when it begins."""

import numpy as np
import units

from policymix.engine.accounts import A_INVESTMENT
from policymix.engine.timetable import FREE, RECORD
from policymix.engine.unit import run_unit

ANNOUNCED, BEGINS = 24, 26
"""Quarters of the run (2022Q1 and 2022Q3) in which the support is announced and begins."""

PACKAGE = """
id = "later"
title = {en = "A support announced half a year ahead", zh = "提前半年公布的补助"}
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


def test_projects_wait_for_an_announced_support(small, tmp_path):
    file = tmp_path / "later.toml"
    file.write_text(PACKAGE, encoding="utf-8")
    setting, values = units.unit(small, mix=f"none,later={file}")
    done = {r.mix: r for r in run_unit(setting, values | WIDE, 7, 0).results if r.mode in (RECORD, FREE)}
    spent = {name: r.out.cube[:, :, :, A_INVESTMENT].sum(axis=(1, 2)) / 1e8 for name, r in done.items()}
    first = setting.burn_in
    change = spent["later"][first:] / spent["none"][first:] - 1.0
    assert np.all(change[: ANNOUNCED - first] == 0.0)
    assert change[ANNOUNCED - first : BEGINS - first].min() < -0.02
    assert change[BEGINS + 2 - first : BEGINS + 6 - first].mean() > 0.05
