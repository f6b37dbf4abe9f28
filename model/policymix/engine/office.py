"""How the packages of a mix decide, pay and check: their budgets, instalments and conditions as arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..firms import take_up
from ..policy.arrays import RATION_FIRST_COME, RATION_PRO_RATA, TEST
from ..policy.claim import KIND_INDEX, fact_index
from ..policy.compile import Compiled, compile_tests
from ..policy.quantity import central
from .claims import CONDITION, Office
from .setting import Setting
from .symbols import P_BUILD_QUARTERS, P_GRANT_DISCOUNT, P_GRANT_WITH_PURCHASE
from .world import World

MEAN_WAIT = 1.5
"""Quarters from a claim to a yearly decision, on average over the quarters of a year."""
DATED_BY_COMPLETION = ("completed_on",)
"""Dates that lie the time to build after the claim of the model, which starts a project."""


def office_of(
    setting: Setting, world: World, compiled: Compiled, clause: np.ndarray, usual_lag: np.ndarray, values: Mapping
) -> Office:
    """Budgets, instalments and conditions of a mix.

    ``clause`` holds the lags of the draw, -1 where the text is silent and its package's ``usual_lag`` holds (quarters).
    """
    lines = compiled.budgets_with(values)
    part_first, part_last, share, lag, after = _parts(world, compiled, clause, usual_lag)
    first, last, conditions, tests = _conditions(compiled)
    refusable = np.array([_refusable(lines, c, row["package"]) for c, row in enumerate(clause)], np.int64)
    return Office(
        line_package=np.array([line.package for line in lines], np.int64),
        line_clause=np.array([line.clause for line in lines], np.int64),
        line_amount=_amounts(setting, compiled, lines),
        line_places=np.array([line.claims or 0 for line in lines], float),
        line_how=np.array([line.ration for line in lines], np.int64),
        line_lifetime=np.array([line.per == "lifetime" for line in lines], np.int64),
        line_fallback=np.array([line.fallback for line in lines], np.int64),
        prompt=np.array([_prompt(lines, c, row["package"]) for c, row in enumerate(clause)], np.int64),
        score=np.array([_score(lines, compiled, c, row["package"]) for c, row in enumerate(clause)], np.int64),
        refusable=refusable,
        stand_by=int(refusable.any()),
        part_first=part_first,
        part_last=part_last,
        part_share=share,
        part_lag=lag,
        part_after=after,
        condition_first=first,
        condition_last=last,
        condition=conditions,
        test=tests,
    )


def _of_clause(lines, clause: int, package: int) -> list:
    """Budget lines that a clause stands under."""
    return [line for line in lines if line.clause == clause or (line.clause < 0 and line.package == package)]


def _prompt(lines, clause: int, package: int) -> bool:
    return all(line.ration == RATION_FIRST_COME for line in _of_clause(lines, clause, package))


def _refusable(lines, clause: int, package: int) -> bool:
    whole = [line for line in _of_clause(lines, clause, package) if line.claims or line.ration != RATION_PRO_RATA]
    return any(line.fallback for line in whole)


def _score(lines, compiled: Compiled, clause: int, package: int) -> int:
    """Position of the fact that ranks a clause's claims; -1 without one, or where its kind has no such fact."""
    kind = compiled.models[clause].on
    for line in _of_clause(lines, clause, package):
        if line.score and kind:
            try:
                return fact_index(kind, line.score)
            except KeyError:
                return -1
    return -1


def _amounts(setting: Setting, compiled: Compiled, lines) -> np.ndarray:
    """CNY that a line may give out in the period of each quarter: of a year the part in which its package is in
    force."""
    out = np.full((setting.quarters, len(lines)), np.nan)
    for number, line in enumerate(lines):
        if line.amount is not None:
            out[:, number] = line.amount
            if line.per == "year":
                out[:, number] *= part_of_year(setting, compiled, line.package)
    return out


def part_of_year(setting: Setting, compiled: Compiled, package: int) -> np.ndarray:
    """Part of the calendar year that a package is in force, by quarter."""
    own = compiled.arrays.clause["package"] == package
    first, last = int(compiled.first_day[own].min()), int(compiled.last_day[own].max())
    begin, end = setting.year_ends
    return np.maximum(0, np.minimum(end, last) - np.maximum(begin, first) + 1) / (end - begin + 1)


def _parts(world: World, compiled: Compiled, clause: np.ndarray, usual_lag: np.ndarray) -> tuple[np.ndarray, ...]:
    """Instalments of every clause in the order in which they fall due: first and last position, shares, lags in
    quarters, and quarters from the claim to the date that each waits for."""
    first, last = np.zeros(len(clause), np.int64), np.zeros(len(clause), np.int64)
    plans: list[tuple[float, float, float]] = []
    for c, model in enumerate(compiled.models):
        first[c] = len(plans)
        payment = model.payment
        if payment is not None and payment.parts:
            plan = [
                (float(part.share), float(central(part.lag_quarters)), until(world, part.after))
                for part in payment.parts
            ]
        elif payment is not None:
            plan = [(1.0, float(clause[c]["lag_quarters"]), until(world, payment.after))]
        else:
            plan = [(1.0, float(usual_lag[clause[c]["package"]]), 0.0)]
        plans += sorted(plan, key=lambda each: each[1] + each[2])
        last[c] = len(plans)
    share, lag, after = np.array(plans, float).reshape(-1, 3).T.copy()
    return first, last, share, lag, after


def until(world: World, fact: str | None) -> float:
    """Quarters from a claim of the model to one of its dates."""
    return float(world.p[P_BUILD_QUARTERS]) if fact in DATED_BY_COMPLETION else 0.0


def _conditions(compiled: Compiled) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Conditions of every clause in the order in which they are tested, and their tests."""
    n = len(compiled.models)
    first, last = np.zeros(n, np.int64), np.zeros(n, np.int64)
    rows: list[tuple] = []
    tests: list[np.ndarray] = [np.zeros(0, TEST)]
    count = 0
    for c, model in enumerate(compiled.models):
        first[c] = len(rows)
        for each in sorted(model.conditions, key=lambda condition: condition.tested_after_quarters):
            table = compile_tests(model.on or "", each.where, compiled.roles, compiled.places)
            recover, place = int(each.or_else == "recover"), int("place" in each.where)
            rows.append((each.tested_after_quarters, recover, place, count, count + len(table), float(each.share)))
            tests.append(table)
            count += len(table)
        last[c] = len(rows)
    return first, last, np.array(rows, CONDITION), np.concatenate(tests)


def money_of(world: World, compiled: Compiled, office: Office, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """What a firm expects of the timing of each package's grants on a claim kind: the present value of a yuan granted,
    and the part that comes with the purchase.

    A part without lag of a clause that decides at once comes with the purchase; where the text is silent the share
    ``grant_with_purchase`` does.
    """
    packages = max(1, len(compiled.packages))
    present, soon, clauses = np.zeros(packages), np.zeros(packages), np.zeros(packages)
    for c, row in enumerate(compiled.arrays.clause):
        if row["kind"] != KIND_INDEX[kind]:
            continue
        parts = slice(office.part_first[c], office.part_last[c])
        wait = 0.0 if office.prompt[c] else MEAN_WAIT
        share, lag, after = office.part_share[parts], office.part_lag[parts], office.part_after[parts]
        told = compiled.models[c].payment is not None
        at_once = float(share[(after + lag < 0.5) & (office.prompt[c] == 1)].sum()) if told else 0.0
        present[row["package"]] += sum(
            part * take_up.present_share(quarters, world.p[P_GRANT_DISCOUNT])
            for part, quarters in zip(share, np.maximum(wait, after) + lag, strict=True)
        )
        soon[row["package"]] += at_once if told else float(world.p[P_GRANT_WITH_PURCHASE])
        clauses[row["package"]] += 1.0
    many = np.maximum(clauses, 1.0)
    return np.where(clauses > 0.0, present / many, 1.0), soon / many
