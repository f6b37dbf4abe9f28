"""Small packages of the office's tests, and a unit that runs several of them with a look at every quarter."""

from types import SimpleNamespace

import numpy as np
import units

from policymix.engine.claims import CL_CLAUSE, ROWS_USED
from policymix.engine.symbols import ALIVE, PLACE
from policymix.engine.table import column_of
from policymix.engine.timetable import FREE
from policymix.engine.unit import run_unit

HEAD = """
id = "{id}"
title = {{en = "Trial", zh = "试验"}}
place = "city"
currency = "CNY"
announced = {day}
from = {day}
until = 2025-12-31
payers = [{{who = "city", share = 0.5}}, {{who = "county", share = 0.5}}]
budget = {budget}
"""
CLAUSE = """
[[clause]]
id = "{id}"
title = {{en = "Trial", zh = "试验"}}
source = "test"
on = "{on}"
pays = {pays}
"""
GRANT = CLAUSE.format(id="grant", on="project", pays='{share = 0.1, of = "new_investment"}') + (
    'cap = {amount = 1_000_000, per = "project"}\n'
)
AWARD = CLAUSE.format(id="award", on="project", pays="{amount = 300_000}")
RENT = CLAUSE.format(id="rent", on="lease", pays="{rent_share = [1.0, 0.5], area_max = 500}")
AT_ONCE = "payment = {lag_quarters = 0}\n"
GROUP = """
[[stack]]
rule = "highest_only"
clauses = ["poor", "rich"]
same = ["matter"]
"""
YEARLY, PLACES = 20_000_000, 12
WIDE = {
    "parameter.aware_first": 1.0,
    "parameter.aware_first_ladder": 1.0,
    "parameter.aware_first_newcomer": 1.0,
    "parameter.approval": 0.85,
    "parameter.hassle_cost": 15000.0,
}


def yearly(ration, per="year", amount=YEARLY):
    """A budget in money."""
    return f'{{amount = {amount}, per = "{per}", ration = {ration}}}'


def places(ration):
    """A budget in claims."""
    return f'{{claims = {PLACES}, per = "year", ration = {ration}}}'


def condition(where, or_else, share=1.0, after=4):
    """A condition on a grant."""
    return (
        f'conditions = [{{where = {where}, tested_after_quarters = {after}, or_else = "{or_else}", share = {share}}}]\n'
    )


def pair(extra=""):
    """A poor clause for everybody and a rich one by lottery, of which a project may have one."""
    poor = CLAUSE.format(id="poor", on="project", pays="{amount = 100_000}") + AT_ONCE
    rich = CLAUSE.format(id="rich", on="project", pays="{amount = 900_000}") + AT_ONCE
    return GROUP + poor + rich + f'budget = {{claims = {PLACES}, per = "year", ration = "lottery"{extra}}}\n'


NOBODY = "{employees = {min = 1e9}}"
PARTS = 'payment = {parts = [{share = 0.33, after = "on"}, {share = 0.67, after = "completed_on", lag_quarters = 1}]}\n'
BY_SCORE = '"score", score = "new_investment"'
BY_MARKS = '"score", score = "accepted_on"'
TEXTS = {
    "first": (yearly('"first_come"'), GRANT + AT_ONCE),
    "ever": (yearly('"first_come"', "lifetime"), GRANT + AT_ONCE),
    "score": (yearly(BY_SCORE), GRANT),
    "ranked": (places(BY_SCORE), GRANT),
    "marks": (places(BY_MARKS), GRANT),
    "lottery": (yearly('"lottery"'), GRANT),
    "rata": (yearly('"pro_rata"'), GRANT + AWARD),
    "queue": (places('"first_come"'), GRANT),
    "both": (yearly('"first_come"'), GRANT + f"budget = {yearly(BY_SCORE, amount=6_000_000)}\n" + AWARD),
    "parts": ('"none"', GRANT + PARTS),
    "rent": ('"none"', RENT + "payment = {lag_quarters = 2}\n"),
    "back": ('"none"', GRANT + AT_ONCE + condition(NOBODY, "recover", 0.5)),
    "stops": ('"none"', GRANT + PARTS + condition(NOBODY, "stop", 0.4, 2)),
    "open": ('"none"', GRANT + AT_ONCE + condition('{accepted_on = {years_since = "on", max = 1}}', "recover")),
    "twins": ('"none"', pair()),
    "alone": ('"none"', pair(", fallback = false")),
}


def write(path, name, budget, clauses, day="2021-01-01"):
    """One package file."""
    text = HEAD.format(id=name, budget=budget, day=day) + clauses
    (path / f"{name}.toml").write_text(text, encoding="utf-8")
    return path / f"{name}.toml"


def watched(small, files, changes=None, luck=0, **options):
    """A unit of several packages, each a mix of its own, with a picture of every city after every quarter."""
    mix = ",".join(["none", *(f"{name}={file}" for name, file in files.items())])
    setting, values = units.unit(small, mix=mix, **options)
    seen = {}

    def watch(name, mode, quarter, calendar, city):
        rows = city.claims[: int(city.count[ROWS_USED])].copy()
        seen[name, quarter] = SimpleNamespace(
            rows=rows,
            place=column_of(city.firms, PLACE).copy(),
            alive=column_of(city.firms, ALIVE).copy(),
            payout=city.payout.copy(),
        )

    done = run_unit(setting, values | WIDE | (changes or {}), 7, luck, watch=watch, modes=(FREE,))
    return SimpleNamespace(
        setting=setting,
        seen=seen,
        out={r.mix: r.out for r in done.results},
        quarters=range(setting.burn_in, setting.quarters),
        values=values | WIDE | (changes or {}),
    )


def own(ran, name, quarter=None, clause=None):
    """Rows of the package under study after a quarter (the last one without)."""
    rows = ran.seen[name, ran.quarters[-1] if quarter is None else quarter].rows
    clauses = ran.setting.mixes[name].clauses
    mine = [
        c for c, each in enumerate(clauses) if each == f"{name}/{clause}" or (clause is None and f"{name}/" in each)
    ]
    return rows[np.isin(rows[:, CL_CLAUSE], mine)]
