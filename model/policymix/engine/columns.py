"""The table of firms: money in 64 bits, all else in fewer; a number of the loop's scratch is always 64 bits wide.

Numbers are converted on their way: a block of firms to the scratch and back, and one firm where something rare happens
to it. ``table`` does the same for NumPy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .streams import able_of, aware_of
from .symbols import *


class Firms(NamedTuple):
    """Every column of ``symbols.COLUMNS`` in the table of its width; tables are by column and slot."""

    money: np.ndarray  # float64[SINGLE - MONEY, slots]
    single: np.ndarray  # float32[SMALL - SINGLE, slots]
    small: np.ndarray  # int8[ADDRESS - SMALL, slots]
    address: np.ndarray  # uint32[1, slots]


def load(firms, w, start, n, year_ends):
    """Copy what a quarter reads of some firms into the scratch."""
    read_rows(firms.money, w, MONEY, SINGLE - MONEY, start, n)
    read_rows(firms.single, w, SINGLE, (ACCOUNT if year_ends else REVENUE_2) - SINGLE, start, n)
    read_rows(firms.small, w, SMALL, ADDRESS - SMALL, start, n)
    read_rows(firms.address, w, ADDRESS, 1, start, n)


def store(firms, w, start, n, year_ends):
    """Copy back what a quarter may have changed."""
    write_rows(firms.money, w, MONEY, (SINGLE if year_ends else REVENUE_1) - MONEY, start, n)
    write_rows(firms.single, w, SINGLE, (ACCOUNT if year_ends else REVENUE_2) - SINGLE, start, n)
    write_rows(firms.small, w, SMALL, (INDUSTRY if year_ends else STEPS_HELD) - SMALL, start, n)


def read_rows(table, w, first, columns, start, n):
    """The first columns of a table become rows of the scratch from ``first`` on.

    Both sides are slices: the compiler then sees that no place is negative, and moves many firms at once.
    """
    for column in range(columns):
        begin = (first + column) * STRIDE
        values, row = table[column, start : start + n], w[begin : begin + n]
        for j in range(n):
            row[j] = values[j]


def write_rows(table, w, first, columns, start, n):
    """Rows of the scratch from ``first`` on become the first columns of a table."""
    for column in range(columns):
        begin = (first + column) * STRIDE
        values, row = table[column, start : start + n], w[begin : begin + n]
        for j in range(n):
            values[j] = row[j]


def number_of(firms, column, slot):
    """A firm's number in a column."""
    if column < SINGLE:
        return firms.money[column - MONEY, slot]
    if column < SMALL:
        return np.float64(firms.single[column - SINGLE, slot])
    if column < ADDRESS:
        return np.float64(firms.small[column - SMALL, slot])
    return np.float64(firms.address[column - ADDRESS, slot])


def put(firms, column, slot, value):
    """Set a firm's number in a column."""
    if column < SINGLE:
        firms.money[column - MONEY, slot] = value
    elif column < SMALL:
        firms.single[column - SINGLE, slot] = value
    elif column < ADDRESS:
        firms.small[column - SMALL, slot] = value
    else:
        firms.address[column - ADDRESS, slot] = value


def see_firm(firms, slot, numbers, pairs, records):
    """Copy a firm, with what luck gives it for good, into the only place of a table float64[FIRM_ROWS, 1]."""
    for column in range(COLUMN_COUNT):
        numbers[column, 0] = number_of(firms, column, slot)
    firm = numbers[FIRM, 0]
    numbers[U_AWARE, 0] = aware_of(pairs[0], pairs[1], firm, records[0])
    numbers[U_ABLE, 0] = able_of(pairs[2], pairs[3], firm, records[0], records[1])


def as_kept(value):
    """A number as a column of 32 bits keeps it, for what is counted up in the quarter and compared with the state."""
    return np.float64(np.float32(value))
