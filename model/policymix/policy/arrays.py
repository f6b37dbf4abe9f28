"""The clauses of a mix as arrays: what the compiled loop and the calculator both read.

Codes are plain integers, so that one function body serves as Python and inside a compiled loop.
"""

from typing import NamedTuple

import numpy as np

MAX_PERIODS = 6
"""Tenancy years that a clause may pay for; clauses without periods use the first."""

MAX_SEGMENTS = 8
"""Pieces of a piecewise linear total (``segments``)."""

ELSEWHERE = 61
"""Code of a place outside the region."""

# what a clause pays
FORM_NONE, FORM_SHARE, FORM_AMOUNT, FORM_BY, FORM_EACH, FORM_BRACKETS, FORM_RENT = 0, 1, 2, 3, 4, 5, 6

# tests of one fact
OP_MIN, OP_MAX, OP_ABOVE, OP_BELOW, OP_EQUAL, OP_IN, OP_MEETS = 0, 1, 2, 3, 4, 5, 6
OP_YEARS_MIN, OP_YEARS_MAX, OP_CALENDAR_MIN, OP_CALENDAR_MAX = 7, 8, 9, 10

# accounts that limits count by
ACCOUNT_CLAIM, ACCOUNT_MATTER, ACCOUNT_FIRM, ACCOUNT_HOLDER = 0, 1, 2, 3
ACCOUNTS = ("claim", "matter", "firm", "holder")

# stacking inside a group
RULE_ADD, RULE_HIGHEST, RULE_FIRST = 0, 1, 2

# what became of a clause under a claim
STATUS_OTHER_KIND, STATUS_PAID, STATUS_CAPPED, STATUS_LOST, STATUS_REFUSED = 0, 1, 2, 3, 4
STATUS_UNKNOWN, STATUS_CLOSED, STATUS_ONCE, STATUS_ZERO, STATUS_RATIONED, STATUS_BUDGET = 5, 6, 7, 8, 9, 10
STATUS_WORDS = (
    "other_kind",
    "paid",
    "capped",
    "lost",
    "refused",
    "unknown",
    "closed",
    "once",
    "zero",
    "rationed",
    "budget",
)

# how a budget is shared out
RATION_FIRST_COME, RATION_PRO_RATA, RATION_SCORE, RATION_LOTTERY = 0, 1, 2, 3
RATIONS = ("first_come", "pro_rata", "score", "lottery")

NEVER = 4_000_000
"""An ordinal after every date (a window without end)."""


def _table(**fields: str) -> np.dtype:
    """A record type of 64-bit fields: ``i`` integers, ``f`` floats."""
    types = {"i": np.int64, "f": np.float64}
    return np.dtype([(name, types[kind]) for names, kind in fields.items() for name in [names]])


CLAUSE = _table(
    kind="i",  # claim kind, -1: pays nothing on a claim
    package="i",
    place_mask="i",  # bit = place code, -1: anywhere
    window_fact="i",  # the date tested, -1: the claim's own
    open_from="i",
    open_until="i",  # the last day counts
    last_day="i",  # last day of a claim even of those admitted in time
    alternative_first="i",
    alternative_last="i",
    form="i",  # FORM_*
    base_fact="i",
    pays_first="i",
    pays_last="i",
    area_max="f",  # m2
    rent_fact="i",  # CNY per m2 and month
    area_fact="i",
    months_fact="i",
    cap_first="i",
    cap_last="i",
    once_account="i",  # -1: may be repeated
    once_year="i",
    upgrade="i",  # 1: a higher grade pays the difference
    group="i",
    lag_quarters="f",  # from the claim (or the fact that payment waits for) to the money, -1: the text is silent
)
ALTERNATIVE = _table(test_first="i", test_last="i")
TEST = _table(fact="i", op="i", other="i", value="f", mask="i")
PAYS = _table(value="f", bound="f")  # realised share or amount; end of its bracket, or code of the word looked up
CAP = _table(amount="f", account="i", year="i")  # year 1: counted anew each year
GROUP = _table(member_first="i", member_last="i", rule="i", period="i", package="i")  # period 1: period by period
LIMIT = _table(member_first="i", member_last="i", amount="f", share="f", fact="i", account="i", year="i")
KIND = _table(clause_first="i", clause_last="i", group_first="i", group_last="i", moves="i")


class ClauseArrays(NamedTuple):
    """Every clause of a mix in order of package id, then clause id.

    Few record arrays rather than many columns: the compiled loop counts references to each array it passes on.
    Fields ``x_first`` and ``x_last`` are a range (last excluded) of the table ``x``, or of ``index`` for the members of
    groups and limits and for the clauses and groups of a kind. Money is CNY, dates are proleptic ordinals, shares 0..1,
    facts are positions in the fact array of the claim's kind.
    """

    clause: np.ndarray  # CLAUSE[clauses]
    alternative: np.ndarray  # ALTERNATIVE: one conjunction of tests is enough
    test: np.ndarray  # TEST
    pays: np.ndarray  # PAYS
    cap: np.ndarray  # CAP
    group: np.ndarray  # GROUP
    limit: np.ndarray  # LIMIT; amount NaN where the limit is a share of a fact
    kind: np.ndarray  # KIND[claim kinds]; moves: bit = a money fact of the claim itself
    index: np.ndarray  # int64
    across: int  # 1: packages compete for one domain
    packages: int
