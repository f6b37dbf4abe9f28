"""From a part of an experiment and the firms of one run to the sums that its estimator takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from policymix.calibrate import estimators
from policymix.calibrate.estimators import Answer, Unidentified
from policymix.calibrate.experiment import BORN, quarters_of
from policymix.calibrate.firm_table import K_CLAUSE, K_DECIDED, K_FIRM, K_GRANTED, K_SCORE, Table, first_there
from policymix.calibrate.forms import (
    Bunching,
    Did,
    Discontinuity,
    EventStudy,
    Groups,
    Paired,
    Part,
    Share,
    Survival,
    Where,
)
from policymix.calibrate.variables import FLOW, TOTAL, TRAIT, value_of
from policymix.policy.clause import Bound


def sums_of(part: Part, table: Table, extra: Sequence[Where] = ()) -> np.ndarray:
    """What one run contributes to a part: an array that adds up over runs.

    Parameters
    ----------
    extra : conditions on the population beside the part's own (of a split)
    """
    return _SUMS[type(part)](part, table, extra)


def answer(part: Part, sums: np.ndarray) -> Answer:
    """The part's estimate from the sums of one run, or of several added up; scaled."""
    value = _answer(part, sums)
    return value if isinstance(value, Unidentified) else value * float(part.scale)


def _answer(part: Part, sums: np.ndarray) -> Answer:
    match part:
        case Paired() | Groups() | Survival():
            return estimators.contrast(sums, part.measure, part.least)
        case Did():
            return estimators.difference_in_differences(sums, part.measure, part.least)
        case EventStudy():
            return estimators.summary_of(estimators.path(sums, part.measure, part.least), part.summary)
        case Discontinuity():
            return estimators.discontinuity(sums, part.measure, part.least)
        case Bunching():
            other = sums[1] if part.counterfactual == "paired" else None
            rules: dict[str, Any] = {"side": part.side, "measure": part.measure, "degree": part.degree}
            return estimators.bunching(sums[0], other, line_bin(part), part.near, least=part.least, **rules)
        case _:
            return estimators.share(sums, part.least)


def line_bin(part: Bunching) -> int:
    """Position of the first bin above the line."""
    return -round(float(part.reach[0] / part.width))


def mixes_of(part: Part, table: Table) -> tuple[str, str]:
    """Names of the part's mix and of its control."""
    control = part.control or table.control
    return part.mix or next(name for name in table.mixes if name != control), control


def chosen(where: Where, table: Table, part: Part) -> np.ndarray:
    """Firms that meet every condition at the treatment date: bool[firms]."""
    mix, control = mixes_of(part, table)
    out = np.ones(table.ids.size, bool)
    for name, condition in where.items():
        if table.row(name).kind == TRAIT:
            out &= _meets_trait(name, condition, table.trait(name, mix, control), table)
        else:
            out &= meets(table.attribute(name, part.clause or "", mix), condition)
    return out


def _meets_trait(name: str, condition: Any, values: np.ndarray, table: Table) -> np.ndarray:
    if isinstance(condition, bool):
        return (values > 0.5) == condition
    words = [condition] if isinstance(condition, str) else condition
    if name == "born":
        return np.isin(values, [float(BORN.index(word)) for word in words])
    region = table.setting.region
    if name == "industry":
        return np.isin(values, [float(region.industries.index(word)) for word in words])
    return np.isin(values, [float(code) for word in words for code in places_of(word, table)])


def meets(values: np.ndarray, condition: Any) -> np.ndarray:
    """Which values meet a condition: yes or no, a number, or bounds; one that is not known meets none."""
    if isinstance(condition, bool):
        return np.isfinite(values) & ((values > 0.5) == condition)
    if isinstance(condition, Decimal):
        return values == float(condition)
    out = np.isfinite(values)
    bound: Bound = condition
    with np.errstate(invalid="ignore"):
        for limit, test in (
            (bound.min, np.greater_equal),
            (bound.above, np.greater),
            (bound.max, np.less_equal),
            (bound.below, np.less),
        ):
            if limit is not None:
                out &= test(values, float(limit))
    return out


def places_of(word: str, table: Table) -> list[int]:
    """Codes of a place or of the places of a role; the city is all of them."""
    region = table.setting.region
    place = region.role_places.get(word, word)
    return [region.places.index(place)] if place in region.places else list(range(len(region.places)))


def window_of(part: Part, table: Table) -> tuple[int, int]:
    """First and last quarter of a part's window; from the treatment to the end where it names none."""
    if part.window is None:
        return table.treatment, int(table.quarters[-1])
    return quarters_of(part.window, table.treatment)


def by_firm(part: Part, table: Table, mix: str, name: str, first: int, last: int) -> np.ndarray:
    """A variable of every firm over a window: float64[firms]; flows are summed, stocks stand at its end.

    Only quarters in the part's area count. What is not known (NaN) stays so.
    """
    rows = table.records(first, last)
    kind = table.row(name).kind
    if kind == TRAIT:
        return table.trait(name, *mixes_of(part, table))
    take = part.take or ("sum" if kind == FLOW else "last")
    values = table.series(mix, name, part.clause or "")[rows]
    if part.area is not None and rows.size:
        inside = np.isin(table.mixes[mix].columns["place"][rows], places_of(part.area, table))
        values = np.where(inside, values, 0.0)
    if kind != FLOW and rows.size:
        values = np.where(table.mixes[mix].present[rows], values, 0.0)
    if not rows.size:
        return np.full(table.ids.size, np.nan)
    return values[-1] if take == "last" else values.sum(axis=0) if take == "sum" else values.mean(axis=0)


def group_sums(
    part: Part, table: Table, mix: str, firms: np.ndarray, window: tuple[int, int], there: np.ndarray | None = None
) -> np.ndarray:
    """Firms, outcome and divisor of a group under a mix in a window: float64[3].

    Only firms with a known outcome count; the divisor is their number where the part names none.
    """
    y = by_firm(part, table, mix, part.outcome, *window)
    good = firms & np.isfinite(y) & (np.ones(firms.size, bool) if there is None else there)
    if part.per is None:
        return np.array([good.sum(), y[good].sum(), good.sum()], float)
    p = by_firm(part, table, mix, part.per, *window)
    good &= np.isfinite(p)
    return np.array([good.sum(), y[good].sum(), p[good].sum()])


def _population(part: Part, table: Table, extra: Sequence[Where]) -> np.ndarray:
    firms = chosen(part.where, table, part)
    for where in extra:
        firms &= chosen(where, table, part)
    return firms


def _total_sums(part: Part, table: Table, mix: str) -> np.ndarray:
    rows = table.records(*window_of(part, table))
    places = places_of(part.area or "", table) if part.area else range(len(table.setting.region.places))
    clause = part.clause or ""
    y = table.total(mix, part.outcome, list(places), clause)[rows].sum()
    p = table.total(mix, part.per, list(places), clause)[rows].sum() if part.per else 1.0
    return np.array([np.inf, y, p])


def _paired(part: Paired, table: Table, extra: Sequence[Where]) -> np.ndarray:
    mix, control = mixes_of(part, table)
    if table.row(part.outcome).kind == TOTAL:
        return np.concatenate([_total_sums(part, table, each) for each in (mix, control)])
    firms, window = _population(part, table, extra), window_of(part, table)
    return np.concatenate([group_sums(part, table, each, firms, window) for each in (mix, control)])


def _share(part: Share, table: Table, extra: Sequence[Where]) -> np.ndarray:
    mix, _ = mixes_of(part, table)
    if table.row(part.outcome).kind == TOTAL:
        return _total_sums(part, table, mix)
    firms, window = _population(part, table, extra), window_of(part, table)
    rows = table.records(*window)
    ever = table.mixes[mix].present[rows].any(axis=0)
    return group_sums(part, table, mix, firms, window, ever)


def _groups(part: Groups, table: Table, extra: Sequence[Where]) -> np.ndarray:
    mix, _ = mixes_of(part, table)
    firms, window = _population(part, table, extra), window_of(part, table)
    there = table.mixes[mix].present[table.records(*window)].any(axis=0)
    sides = (chosen(part.treated, table, part), chosen(part.untreated, table, part))
    return np.concatenate([group_sums(part, table, mix, firms & side, window, there) for side in sides])


def _did_at(
    part: Did | EventStudy, table: Table, sides: Sequence[np.ndarray], after: tuple[int, int], before: tuple[int, int]
) -> np.ndarray:
    """Sums of a difference in differences: treated after and before, untreated after and before."""
    mix, _ = mixes_of(part, table)
    return np.array([group_sums(part, table, mix, side, when) for side in sides for when in (after, before)])


def _did(part: Did, table: Table, extra: Sequence[Where]) -> np.ndarray:
    firms = _population(part, table, extra)
    sides = [firms & chosen(side, table, part) for side in (part.treated, part.untreated)]
    return _did_at(part, table, sides, window_of(part, table), quarters_of(part.before, table.treatment))


def _event_study(part: EventStudy, table: Table, extra: Sequence[Where]) -> np.ndarray:
    mix, control = mixes_of(part, table)
    firms = _population(part, table, extra)
    quarters = [int(table.quarters[row]) for row in table.records(*window_of(part, table))]
    windows = [(quarter - table.span + 1, quarter) for quarter in quarters]
    if part.treated is None or part.untreated is None or part.before is None:
        pairs = [[group_sums(part, table, each, firms, when) for each in (mix, control)] for when in windows]
        return np.array(pairs).reshape(len(windows), 6)
    sides = [firms & chosen(side, table, part) for side in (part.treated, part.untreated)]
    before = quarters_of(part.before, table.treatment)
    return np.array([_did_at(part, table, sides, when, before) for when in windows])


def _discontinuity(part: Discontinuity, table: Table, extra: Sequence[Where]) -> np.ndarray:
    mix, _ = mixes_of(part, table)
    firms = _population(part, table, extra)
    y = by_firm(part, table, mix, part.outcome, *window_of(part, table))
    if part.before is not None:
        y = y - by_firm(part, table, mix, part.outcome, *quarters_of(part.before, table.treatment))
    if part.cutoff == "ranked":
        distance = ranked_distance(table, mix, part.clause or "")
    else:
        distance = table.attribute(part.running, part.clause or "", mix) - float(part.cutoff)
    if part.treated_side == "below":
        distance = -distance
    return estimators.discontinuity_sums(np.where(firms, distance, np.nan), y, float(part.bandwidth))


def ranked_distance(table: Table, mix: str, clause: str) -> np.ndarray:
    """Distance of every claimant's score from the cut-off of its decision: float64[firms], NaN for all others.

    A firm counts with its best claim. The cut-off is the one of the claims decided together (in one calendar year); a
    year in which all or none were granted has none.
    """
    one = table.mixes[mix]
    claims = one.claims[one.claims[:, K_DECIDED] >= 0.0]
    if clause:
        claims = claims[claims[:, K_CLAUSE] == (one.clauses.index(clause) if clause in one.clauses else -1)]
    years = (claims[:, K_DECIDED].astype(int) + table.origin) // 4
    out = np.full(table.ids.size, np.nan)
    for year, number in {(year, number) for year, number in zip(years, claims[:, K_CLAUSE], strict=True)}:
        rows = claims[(years == year) & (claims[:, K_CLAUSE] == number)]
        granted = rows[:, K_GRANTED] > 0.0
        if not granted.any() or granted.all():
            continue
        cut = estimators.ranked_cutoff(rows[:, K_SCORE], granted)
        slot = np.searchsorted(table.ids, rows[:, K_FIRM])
        known = (slot < table.ids.size) & (table.ids[np.minimum(slot, table.ids.size - 1)] == rows[:, K_FIRM])
        np.fmax.at(out, slot[known], rows[known, K_SCORE] - cut)
    return out


def _bunching(part: Bunching, table: Table, extra: Sequence[Where]) -> np.ndarray:
    """Histograms of the yearly values under the mix and under the control, over the years of the window."""
    mix, control = mixes_of(part, table)
    firms = _population(part, table, extra)
    first, last = window_of(part, table)
    width, reach = float(part.width), (float(part.reach[0]), float(part.reach[1]))
    out = []
    for each in (mix, control):
        counts = np.zeros(round(reach[1] / width) - round(reach[0] / width))
        for year in range(-(-first // 4), (last + 1) // 4):
            rows = table.records(4 * year, 4 * year + 3)
            whole = table.mixes[each].present[rows].all(axis=0) & firms
            values = yearly(table, each, part.outcome, rows, part.clause or "")
            line = line_of(part, table, mix, rows, values)
            counts += estimators.bins_of(np.where(whole, values / line, np.nan), 1.0, width, reach)
        out.append(counts)
    return np.array(out)


def yearly(table: Table, mix: str, name: str, rows: np.ndarray, clause: str) -> np.ndarray:
    """A year's value of a variable: flows summed, stocks at the end, expressions of these."""
    if name.startswith("parameter."):
        return table.series(mix, name)[rows[-1]]
    row = table.row(name)
    if row.expression:
        return value_of(row.expression, lambda other: yearly(table, mix, other, rows, clause))
    values = table.series(mix, name, clause)[rows]
    return values.sum(axis=0) if row.kind == FLOW else values[-1]


def line_of(part: Bunching, table: Table, mix: str, rows: np.ndarray, like: np.ndarray) -> np.ndarray:
    """The line of every firm in a year, as it stands under the mix."""
    if isinstance(part.line, Decimal):
        return np.full(like.shape, float(part.line))
    return value_of(part.line, lambda name: yearly(table, mix, name, rows, part.clause or ""))


def _survival(part: Survival, table: Table, extra: Sequence[Where]) -> np.ndarray:
    mix, control = mixes_of(part, table)
    firms = _population(part, table, extra)
    if part.treated is not None and part.untreated is not None:
        sides = [(mix, firms & chosen(side, table, part)) for side in (part.treated, part.untreated)]
    else:
        sides = [(mix, firms), (control, firms)]
    return np.concatenate([_survivors(part, table, each, side) for each, side in sides])


def _survivors(part: Survival, table: Table, mix: str, firms: np.ndarray) -> np.ndarray:
    """Members of the cohort, those still there after the quarters asked for, members again."""
    present = table.mixes[mix].present
    first, ever = first_there(present)
    if part.cohort == "incumbents":
        start = min(int(np.searchsorted(table.quarters, table.treatment - 1)), len(present) - 1)
        cohort = firms & present[start]
        began = np.full(first.size, start)
    else:
        a, b = quarters_of(part.cohort, table.treatment)
        born = table.quarters[first]
        cohort = firms & ever & (born >= a) & (born <= b) & (first > 0)
        began = first
    then = began + part.after_quarters // table.span
    seen = cohort & (then < len(present))
    alive = present[np.minimum(then, len(present) - 1), np.arange(first.size)] & seen
    return np.array([seen.sum(), alive.sum(), seen.sum()], float)


_SUMS: Mapping[type[Part], Any] = {
    Paired: _paired,
    Groups: _groups,
    Did: _did,
    EventStudy: _event_study,
    Discontinuity: _discontinuity,
    Bunching: _bunching,
    Survival: _survival,
    Share: _share,
}
