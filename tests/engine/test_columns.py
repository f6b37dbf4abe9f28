"""The names that the loop addresses by position."""

import policymix.engine.symbols as symbols
from policymix import catalog

GROUPS = {"COLUMNS": "", "CELL_VALUES": "C_", "WORK": "W_", "PARAMETERS": "P_"}


def test_a_firm_fits_its_memory():
    assert symbols.BYTES_PER_FIRM == 8 * len(symbols.COLUMNS) <= 256


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
    rows = [symbols.CELL_ROW + k for k in range(symbols.LOOKED_UP)] + list(range(symbols.COLUMN_COUNT))
    rows += [value for name, value in vars(symbols).items() if name.startswith("W_") and "LAYER" not in name]
    for first in ("W_LAYER_RATE", "W_LAYER_END", "W_LAYER_SOON", "W_RD_LAYER_RATE", "W_RD_LAYER_END"):
        rows += [getattr(symbols, first) + k for k in range(symbols.LAYERS)]
    assert sorted(rows) == list(range(symbols.ROWS))


def test_positions_follow_the_names():
    short = {"steps": "STEPS_HELD"}
    for number, name in enumerate(symbols.COLUMNS):
        assert getattr(symbols, short.get(name, name.upper())) == number
