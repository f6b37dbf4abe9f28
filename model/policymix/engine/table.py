"""The table of firms as NumPy takes it: made, looked at, copied and written a column or a city at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .columns import Firms
from .symbols import ADDRESS, MONEY, SINGLE, SMALL


def empty_firms(slots: int) -> Firms:
    """Tables of some slots, not cleared."""
    return Firms(
        money=np.empty((SINGLE - MONEY, slots)),
        single=np.empty((SMALL - SINGLE, slots), np.float32),
        small=np.empty((ADDRESS - SMALL, slots), np.int8),
        address=np.empty((1, slots), np.uint32),
    )


BYTES_PER_FIRM = sum(table.nbytes for table in empty_firms(1))


_WIDTHS = (SINGLE - MONEY, SMALL - SINGLE, ADDRESS - SMALL, 1)
_PLACES = [(table, row) for table, columns in enumerate(_WIDTHS) for row in range(columns)]
"""Table and row of every column."""


def slots_of(firms: Firms) -> int:
    """Slots that the tables have."""
    return firms.money.shape[1]


def column_of(firms: Firms, column: int) -> np.ndarray:
    """A column as it is kept, to be read or written."""
    table, row = _PLACES[column]
    return firms[table][row]


def chosen(firms: Firms, which) -> Firms:
    """Some firms by slot: views for a slice, copies for positions or a mask."""
    return Firms(*(table[:, which] for table in firms))


def numbers_of(firms: Firms, which=slice(None)) -> np.ndarray:
    """A copy of some firms as float64[columns, firms]; of one, given its slot, as float64[columns]."""
    return np.concatenate([table[:, which] for table in firms], dtype=np.float64)


def write_numbers(firms: Firms, numbers: Sequence[float] | np.ndarray, which=slice(None)) -> None:
    """Set some firms, or one, from numbers as ``numbers_of`` gives them."""
    first = 0
    for table in firms:
        table[:, which] = numbers[first : first + len(table)]
        first += len(table)
