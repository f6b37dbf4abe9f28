"""The Mesa view against the compiled loop: what counts as the same."""

import numpy as np

from policymix.engine.symbols import COLUMNS
from policymix.engine.table import numbers_of
from policymix.engine.unit import copied

CHOICES = [COLUMNS.index(name) for name in ("alive", "firm", "age", "industry", "place", "steps", "ever", "build_left",
           "own_digital", "account", "relief_end")]  # fmt: skip
LOGS = [COLUMNS.index(name) for name in ("ln_size", "luck", "research", "knowledge", "reported")]
"""Logs and sums of logs: numbers around nought, whose error is absolute."""
FUNDS, CAPITAL = COLUMNS.index("funds"), COLUMNS.index("capital")
"""Funds are what remains of flows as large as the capital: a firm left with one yuan has the error of those."""
OTHERS = [c for c in range(len(COLUMNS)) if c not in (*LOGS, FUNDS)]


def assert_same_bits(agents, compiled):
    """State, outcomes and the recorded path, bit for bit."""
    ours, theirs = copied(agents.city), copied(compiled.city)  # without the rows that nobody uses yet
    for mine, other in zip(ours.firms, theirs.firms, strict=True):
        assert np.array_equal(mine, other)
    for name in ours._fields[1:]:
        assert np.array_equal(getattr(ours, name), getattr(theirs, name), equal_nan=True), name
    for name in agents.out._fields:
        assert np.array_equal(getattr(agents.out, name), getattr(compiled.out, name)), name
    for name in agents.path._fields:
        assert np.array_equal(getattr(agents.path, name), getattr(compiled.path, name)), name


def assert_same_choices_and_numbers(agents, compiled):
    """Every choice of every firm, every number to 1e-12; a fen a firm may round the other way in the sums."""
    n = int(compiled.city.count[0])
    assert np.array_equal(agents.city.count, compiled.city.count)
    a, b = (numbers_of(each.city.firms, slice(0, n)) for each in (agents, compiled))
    assert np.array_equal(a[CHOICES], b[CHOICES])
    np.testing.assert_allclose(a[OTHERS], b[OTHERS], rtol=1e-12, atol=0.0)
    np.testing.assert_allclose(a[LOGS], b[LOGS], rtol=1e-12, atol=1e-12)
    assert (np.abs(a[FUNDS] - b[FUNDS]) <= 1e-12 * np.maximum(b[FUNDS], b[CAPITAL])).all()
    for name in ("cube", "place", "clause", "services"):
        x, y = getattr(agents.out, name), getattr(compiled.out, name)
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=n, err_msg=name)
    for name in ("ladder", "pool", "adopters"):
        assert np.array_equal(getattr(agents.out, name), getattr(compiled.out, name)), name
