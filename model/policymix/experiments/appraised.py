"""What a mix changed by group of firms, by clause and by year: the appraisal's sums with the dims of ``OUTCOMES``."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

import numpy as np

from policymix.engine.appraisal import BOOKED, MEASURES
from policymix.engine.booking import ACTIVITIES
from policymix.engine.setting import Setting
from policymix.engine.symbols import P_OPPORTUNITY_ADDITIONAL, P_OPPORTUNITY_LOCAL
from policymix.engine.unit import MixResult
from policymix.engine.world import World

BY_GROUP = {
    f"{measure}_by_{group}": (k, f"by_{group}") for k, measure in enumerate(BOOKED) for group in ("place", "size")
}
BY_CLAUSE = {"gross_by_clause": "gross_by_clause", "allocated_by_clause": "allocated"}
WHOLE = {"relocation": "relocation", "from_elsewhere": "from_elsewhere", "pulled_forward": "pulled_forward"}
FIELDS = {
    **dict.fromkeys(MEASURES, "table"), **{name: of for name, (_, of) in BY_GROUP.items()}, **BY_CLAUSE, **WHOLE,
    "additional_by_year": "yearly", "never_claimed_share": "never_claimed",
}  # fmt: skip
"""Field of the appraisal that an outcome is made of."""
NAMES = frozenset(FIELDS) - {"never_claimed_share"}


def fields_of(names: Iterable[str]) -> frozenset[str]:
    """Fields of the appraisal that some outcomes need."""
    return frozenset(FIELDS[name] for name in names if name in FIELDS)


def appraised_outcomes(
    setting: Setting, result: MixResult, clauses: Sequence[str], wanted: Container[str] = NAMES
) -> dict[str, np.ndarray]:
    """The appraisal of one mix under one treatment of prices, by name.

    Parameters
    ----------
    clauses : rows to put clauses in; one that the mix lacks has noughts
    wanted : names of those to form
    """
    if not any(name in wanted for name in NAMES):
        return {}
    a = result.appraisal
    assert a is not None, f"{result.mix} was run without its appraisal"
    found: dict[str, np.ndarray] = {name: a.table[:, k] for k, name in enumerate(MEASURES) if name in wanted}
    found |= {name: getattr(a, of)[:, k] for name, (k, of) in BY_GROUP.items() if name in wanted}
    found |= {name: np.asarray(getattr(a, of)) for name, of in WHOLE.items() if name in wanted}
    if "additional_by_year" in wanted:
        years = (setting.quarters - setting.burn_in) // 4 + 1
        found["additional_by_year"] = np.concatenate([np.zeros(years - a.yearly.size), a.yearly])
    rows = {clause: row for row, clause in enumerate(clauses)}
    own = setting.mixes[result.mix].clauses
    known = [c for c, clause in enumerate(own) if clause in rows]
    for name, of in BY_CLAUSE.items():
        if name in wanted:
            found[name] = np.zeros((len(ACTIVITIES), len(clauses)))
            found[name][:, [rows[own[c]] for c in known]] = getattr(a, of)[:, known]
    return found


def leakage(setting: Setting, world: World, result: MixResult) -> np.ndarray:
    """Additional spending on opportunities that goes to suppliers outside the region over the horizon, nominal CNY.

    spending x additional x (1 - local core content): the one part of additional activity that leaves the region in the
    model, whose firms book what they do inside it.
    """
    p, spent = world.p, result.opportunity_spending[setting.burn_in :].sum()
    return np.asarray(spent * p[P_OPPORTUNITY_ADDITIONAL] * (1.0 - p[P_OPPORTUNITY_LOCAL]))
