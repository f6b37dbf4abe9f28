"""The names that the loop addresses by position."""

import numpy as np
import pytest

import policymix.engine.symbols as symbols
from policymix import catalog
from policymix.engine.columns import load, number_of, put, store
from policymix.engine.table import BYTES_PER_FIRM, chosen, column_of, empty_firms, numbers_of, write_numbers

GROUPS = {"COLUMNS": "", "DRAWN": "", "CELL_VALUES": "C_", "WORK": "W_", "PARAMETERS": "P_"}


def test_a_firm_fits_its_memory():
    tables = empty_firms(128)
    assert sum(table.nbytes for table in tables) == 128 * BYTES_PER_FIRM <= 128 * 128
    assert sum(len(table) for table in tables) == len(symbols.COLUMNS)
    assert tables.money.dtype == np.float64


def test_numbers_come_back_from_every_column():
    """Whole numbers and binary fractions fit every width; the loop's accessors and NumPy's agree."""
    firms = empty_firms(3)
    numbers = np.arange(1.0, 1.0 + len(symbols.COLUMNS))
    for slot in range(3):
        write_numbers(firms, numbers + slot, slot)
    for column in range(len(symbols.COLUMNS)):
        assert number_of(firms, column, 2) == column_of(firms, column)[2] == numbers[column] + 2.0
        put(firms, column, 2, 0.0)
    assert not numbers_of(firms, 2).any()
    assert np.array_equal(numbers_of(firms, slice(0, 2)), np.stack([numbers, numbers + 1.0], axis=1))
    assert np.array_equal(numbers_of(chosen(firms, [1, 0])), numbers_of(firms)[:, [1, 0]])


@pytest.mark.parametrize("year_ends", [False, True])
def test_a_block_goes_to_the_scratch_and_back(year_ends):
    """What is not stored again stays as it was; what is stored is what the scratch held."""
    n, start, rng = 5, 3, np.random.default_rng(1)
    firms = empty_firms(start + n)
    write_numbers(firms, rng.integers(-3, 100, (len(symbols.COLUMNS), start + n)).astype(np.float64) + 4.0)
    before, w = numbers_of(firms), np.full(symbols.ROWS * symbols.STRIDE, np.nan)
    load(firms, w, start, n, year_ends)
    rows = w.reshape(symbols.ROWS, symbols.STRIDE)[: len(symbols.COLUMNS), :n]
    read = ~np.isnan(rows[:, 0])
    assert np.array_equal(rows[read], before[read, start:])
    left = {"revenue_2", "revenue_3", "account"} - ({"revenue_2", "revenue_3"} if year_ends else set())
    assert {symbols.COLUMNS[k] for k in np.flatnonzero(~read)} == left
    rows += 1.0
    store(firms, w, start, n, year_ends)
    after = numbers_of(firms)
    lasts = {"account", "industry", "place", "firm"}
    lasts |= set() if year_ends else {"revenue_1", "revenue_2", "revenue_3", "steps", "ever"}
    for column, name in enumerate(symbols.COLUMNS):
        assert np.array_equal(after[column, start:], before[column, start:] + (name not in lasts)), name
    assert np.array_equal(after[:, :start], before[:, :start])


def test_names_are_unique():
    for group in (*GROUPS, "STEPS", "PROJECT_TYPES"):
        names = getattr(symbols, group)
        assert len(set(names)) == len(names), group


def test_parameters_are_those_with_a_prior():
    priors = catalog.plain(catalog.read_toml(catalog.evidence("priors.toml")))
    assert sorted(symbols.PARAMETERS) == sorted(row["name"] for row in priors["parameter"])


def test_parameter_names_address_their_own_row():
    for number, name in enumerate(symbols.PARAMETERS):
        assert getattr(symbols, f"P_{name.upper()}") == number


def test_rows_of_the_scratch_do_not_overlap():
    rows = [symbols.CELL_ROW + k for k in range(symbols.LOOKED_UP)] + list(range(symbols.FIRM_ROWS))
    rows += [value for name, value in vars(symbols).items() if name.startswith("W_") and "LAYER" not in name]
    for first in ("W_LAYER_RATE", "W_LAYER_END", "W_LAYER_SOON", "W_RD_LAYER_RATE", "W_RD_LAYER_END"):
        rows += [getattr(symbols, first) + k for k in range(symbols.LAYERS)]
    assert sorted(rows) == list(range(symbols.ROWS))


def test_positions_follow_the_names():
    short = {"steps": "STEPS_HELD"}
    for number, name in enumerate((*symbols.COLUMNS, *symbols.DRAWN)):
        assert getattr(symbols, short.get(name, name.upper())) == number
