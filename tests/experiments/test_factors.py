"""Factors read strictly from a study's tables; positions and levels turned into values."""

import datetime
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policymix.catalog import parse_toml, plain
from policymix.errors import InvalidValue
from policymix.experiments.factors import (
    Factor,
    at,
    check_factor,
    contains,
    factor_of,
    level_count,
    levels,
    middle,
    parsed,
    range_of,
    written,
)

RENT = "htz-2022/m4.pays.rent_share"
DAY = datetime.date(2022, 7, 1).toordinal()


def read(text):
    return factor_of(plain(parse_toml(text, "study.toml")), "lever 1")


def factor(text):
    found, problems = read(text)
    assert not problems, problems
    return found


def refused(text):
    found, problems = read(text)
    assert found is None
    return " | ".join(str(problem) for problem in problems)


@st.composite
def ranges(draw):
    """Factors of every kind that has an order, by range or by values."""
    kind = draw(st.sampled_from(["real", "log", "integer", "date", "boolean", "values"]))
    if kind == "boolean":
        return Factor("x", "run.x", "boolean", values=(False, True))
    if kind == "values":
        values = draw(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9, unique=True))
        return Factor("x", "run.x", values=tuple(sorted(values)))
    if kind in ("integer", "date"):
        low = draw(st.integers(1, 800_000) if kind == "date" else st.integers(-(2**40), 2**40))
        return Factor("x", "run.x", kind, low, low + draw(st.integers(1, 10_000)))
    low = draw(st.floats(1e-9, 1e6) if kind == "log" else st.floats(-1e6, 1e6))  # wide enough for 40 numbers between
    high = low + draw(st.floats(1e-3, 1e12))
    return Factor("x", "run.x", low=low, high=high, scale="log" if kind == "log" else "linear")


@given(ranges(), st.lists(st.integers(0, 10_000), min_size=1, max_size=50))
def test_values_rise_with_the_position_and_stay_in_the_range(x, steps):
    assert check_factor(x) == []
    u = np.sort(steps) / 10_000
    values = at(x, u)
    assert values.shape == u.shape
    assert np.all(values[1:] >= values[:-1])
    assert all(contains(x, value) for value in values.tolist())


@given(ranges(), st.integers(2, 40))
def test_levels_are_distinct_ordered_within_the_range_and_as_many_as_said(x, n):
    found = levels(x, n)
    assert len(found) == level_count(x, n) <= (len(x.values) or n)
    assert np.all(found[1:] > found[:-1])
    assert all(contains(x, value) for value in found.tolist())
    if not x.values:
        assert found[0] == x.low and found[-1] == x.high


def test_interpolation_is_linear_or_in_logs():
    assert at(Factor("x", "run.x", low=2.0, high=6.0), [0.0, 0.25, 1.0]).tolist() == [2.0, 3.0, 6.0]
    assert at(Factor("x", "run.x", low=1.0, high=100.0, scale="log"), 0.5) == pytest.approx(10.0)
    assert levels(Factor("x", "run.x", low=1.0, high=100.0, scale="log"), 3) == pytest.approx([1, 10, 100])


@pytest.mark.parametrize(
    ("x", "values"),
    [
        (Factor("n", "run.n", "integer", 3, 6), [3, 4, 5, 6]),
        (Factor("d", "run.d", "date", DAY, DAY + 3), [DAY, DAY + 1, DAY + 2, DAY + 3]),
        (Factor("c", "run.c", "choice", values=("b", "longer", "a", "c")), ["b", "longer", "a", "c"]),
        (Factor("r", "run.r", values=(0.1, 0.5, 7.0, 8.0)), [0.1, 0.5, 7.0, 8.0]),
    ],
)
def test_bins_have_equal_probability(x, values):
    found = at(x, (np.arange(400) + 0.5) / 400).tolist()
    assert found == [value for value in values for _ in range(100)]
    assert type(found[0]) is type(values[0])


def test_positions_outside_are_refused():
    for position in (-0.1, 1.1, math.nan):
        with pytest.raises(InvalidValue, match="position"):
            at(Factor("x", "run.x", low=0.0, high=1.0), [0.5, position])


def test_whole_numbers_have_no_more_levels_than_there_are():
    assert levels(Factor("n", "run.n", "integer", 3, 6), 10).tolist() == [3, 4, 5, 6]
    assert levels(Factor("n", "run.n", "integer", 0, 10), 3).tolist() == [0, 5, 10]
    assert levels(Factor("n", "run.n", "integer", 0, 10, levels=2)).tolist() == [0, 10]
    with pytest.raises(InvalidValue, match="2 to 1000000"):
        levels(Factor("n", "run.n", "integer", 0, 10))


def test_the_middle():
    assert middle(Factor("x", "run.x", low=1.0, high=3.0)) == 2.0
    assert middle(Factor("b", "run.b", "boolean", values=(False, True))) is False
    assert middle(Factor("r", "run.r", values=(1.0, 2.0, 9.0))) == 2.0
    assert middle(Factor("c", "run.c", "choice", values=("b", "a", "c"))) == "b"


def test_kind_follows_from_the_values():
    assert factor(f'address = "{RENT}"\nlow = 0.1\nhigh = 1').kind == "real"
    assert factor(f'address = "{RENT}"\nlow = 1\nhigh = 3').kind == "real"
    assert factor(f'address = "{RENT}"\nkind = "integer"\nlow = 1\nhigh = 3').kind == "integer"
    assert factor(f'address = "{RENT}"\nvalues = [true, false]').values == (False, True)
    assert factor(f'address = "{RENT}"\nkind = "boolean"').values == (False, True)
    assert factor(f'address = "{RENT}"\nvalues = ["b", "a"]').values == ("b", "a")
    assert factor(f'address = "{RENT}"\nvalues = [3, 1.5]').values == (1.5, 3.0)


def test_a_whole_table():
    found = factor('address = "htz-2022/m4.until"\nlow = 2022-07-01\nhigh = 2023-07-01\nlevels = 3\nname = "end"')
    assert found == Factor("end", "htz-2022/m4.until", "date", DAY, DAY + 365, levels=3)
    found = factor(f'address = "{RENT}"\nlow = 0.1\nhigh = 1.0\nscale = "log"\ndefault = 0.5')
    assert found == Factor("rent_share", RENT, low=0.1, high=1.0, scale="log", default=0.5)


def test_mixes_are_texts_in_their_one_spelling():
    found = factor('mix = "none,dalian-2021,both=dalian-2021+htz-2022"\ndefault = "none"')
    assert found == Factor(
        "mix", kind="mix", values=("none", "dalian-2021", "both=dalian-2021+htz-2022"), default="none"
    )
    assert factor('mix = ["none", "dalian-2021 + htz-2022"]').values == ("none", "dalian-2021+htz-2022")
    assert factor('name = "p"\nmix = {a = ["dalian-2021"]}').values == ("a=dalian-2021",)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("low = 1\nhigh = 2", ("neither address nor mix",)),
        (f'address = "{RENT}"\nmix = "none"', ("both address and mix",)),
        (f'address = "{RENT}"\nlwo = 1\nhigh = 2', ("lever 1 > lwo", "nearest valid name: 'low'")),
        ('mix = "none,dalian-2021"\nscale = "log"', ("lever 1 > scale", "a key that does not exist")),
        ("mix = {a = true}", ("lever 1 > mix", "found {'a': True}", "mixes such as")),
        ("mix = 3", ("lever 1 > mix: found 3",)),
        ('mix = "none,none"', ("lever 1 > mix", "twice")),
        ('mix = "none,dalian-2021"\nkind = "choice"', ("lever 1 > kind", "one of mix")),
        ('mix = "none,dalian-2021"\ndefault = "a+"', ("lever 1 > default", "empty name")),
        ('address = "rent share"\nlow = 1\nhigh = 2', ("lever 1 > address", "package/clause.key")),
        ("address = 3\nlow = 1\nhigh = 2", ("lever 1 > address",)),
        ('address = "parameters.x"\nlow = 1\nhigh = 2', ("nearest valid name: 'parameter.x'",)),
        (f'address = "{RENT}"', ("neither a range nor values",)),
        (f'address = "{RENT}"\nlow = 1', ("lever 1 > high: found nothing",)),
        (f'address = "{RENT}"\nlow = 2\nhigh = 2', ("lever 1 > low", "2.0 to 2.0", "a low below the high")),
        (f'address = "{RENT}"\nlow = 2023-01-01\nhigh = 2022-01-01', ("2023-01-01 to 2022-01-01",)),
        (f'address = "{RENT}"\nlow = 2022-01-01\nhigh = 3', ("lever 1 > high: found 3", "a date")),
        (f'address = "{RENT}"\nlow = 2022-01-01T00:00:00\nhigh = 2023-01-01', ("numbers, dates",)),
        (f'address = "{RENT}"\nlow = 0\nhigh = 2\nscale = "log"', ("a low above 0",)),
        (f'address = "{RENT}"\nlow = 0\nhigh = 2\nscale = "lgo"', ("lever 1 > scale", "nearest valid name: 'log'")),
        (f'address = "{RENT}"\nkind = "integer"\nlow = 1\nhigh = 2\nscale = "log"', ("log for kind integer",)),
        (f'address = "{RENT}"\nkind = "integer"\nlow = 1.5\nhigh = 2', ("lever 1 > low", "a whole number")),
        (f'address = "{RENT}"\nkind = "intger"\nlow = 1\nhigh = 2', ("nearest valid name: 'integer'",)),
        (f'address = "{RENT}"\nkind = "mix"\nlow = 1\nhigh = 2', ("lever 1 > kind",)),
        (f'address = "{RENT}"\nkind = "choice"\nlow = 1\nhigh = 2', ("found 1; expected text",)),
        (f'address = "{RENT}"\nlow = -1e308\nhigh = 1.5e308', ("width",)),
        (f'address = "{RENT}"\nvalues = []', ("a list that is not empty",)),
        (f'address = "{RENT}"\nkind = "real"\nvalues = []', ("a list that is not empty",)),
        (f'address = "{RENT}"\nkind = "real"\nvalues = 3', ("a list that is not empty",)),
        (f'address = "{RENT}"\nvalues = [1, 1.0]', ("1.0 twice",)),
        (f'address = "{RENT}"\nvalues = ["a", " a"]', ("a twice",)),
        (f'address = "{RENT}"\nvalues = [1, "a"]', ("lever 1 > values: found 'a'; expected a finite number",)),
        (f'address = "{RENT}"\nvalues = [1, true]', ("found True; expected a finite number",)),
        (f'address = "{RENT}"\nvalues = [true, 1]', ("found 1; expected true or false",)),
        (f'address = "{RENT}"\nvalues = [true]', ("false and true",)),
        (f'address = "{RENT}"\nvalues = ["a", ""]', ("found ''; expected text",)),
        (f'address = "{RENT}"\nvalues = [1, 2]\nlow = 0', ("both values and low",)),
        (f'address = "{RENT}"\nvalues = [1, 2]\nscale = "log"', ("log beside values",)),
        (f'address = "{RENT}"\nvalues = [1, 2]\nlevels = 2', ("2 beside values",)),
        (f'address = "{RENT}"\nlow = 1\nhigh = 2\nlevels = 1', ("lever 1 > levels: found 1", "2 to 1000000")),
        (f'address = "{RENT}"\nlow = 1\nhigh = 2\nlevels = true', ("lever 1 > levels: found True",)),
        (f'address = "{RENT}"\nlow = 1\nhigh = 2\ndefault = "x"', ("lever 1 > default", "a finite number")),
        (f'address = "{RENT}"\nlow = 1\nhigh = 2\nname = "4th"', ("lever 1 > name: found '4th'", "a letter")),
        (f'address = "{RENT}"\nlow = 1\nhigh = 2\nname = 4', ("lever 1 > name: found 4",)),
    ],
)
def test_what_cannot_be_is_a_problem(text, parts):
    message = refused(text)
    for part in parts:
        assert part in message


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400])
def test_numbers_are_finite(value):
    for table in ({"low": 0, "high": value}, {"values": [1, value]}, {"low": 0, "high": 1, "default": value}):
        found, problems = factor_of({"address": RENT, **table}, "lever 1")
        assert found is None and "a finite number" in str(problems[0])


def test_whole_numbers_are_those_that_a_float_can_hold():
    assert factor_of({"address": RENT, "kind": "integer", "low": 0, "high": 2**53}, "lever 1")[0].high == 2**53
    assert factor_of({"address": RENT, "kind": "integer", "low": 0, "high": 2**53 + 1}, "lever 1")[0] is None


def test_a_default_may_be_a_value_that_is_not_tried():
    assert factor(f'address = "{RENT}"\nlow = 1\nhigh = 2\ndefault = 5').default == 5.0


def test_a_factor_made_in_python_is_checked_too():
    assert "ascending" in str(check_factor(Factor("x", "run.x", values=(2.0, 1.0)))[0])
    assert "none for a mix" in str(check_factor(Factor("x", "run.x", "mix", values=("none",)))[0])
    assert "one mix in each text" in str(check_factor(Factor("x", kind="mix", values=("none,dalian-2021",)))[0])
    assert "a date" in str(check_factor(Factor("x", "run.x", "date", 0, 10))[0])
    assert "nearest valid name: 'real'" in str(check_factor(Factor("x", "run.x", "reel", 0, 10))[0])


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("real", " 1e3 ", 1000.0),
        ("real", "nan", None),
        ("real", "x", None),
        ("integer", "3", 3),
        ("integer", "3.5", None),
        ("boolean", "True", True),
        ("boolean", "1", None),
        ("date", "2022-07-01", DAY),
        ("date", "2022-07-32", None),
        ("choice", " a b ", "a b"),
        ("mix", "none", "none"),
        ("choice", "", None),
    ],
)
def test_cells_are_read_by_the_kind(kind, text, value):
    found = parsed(kind, text)
    assert found == value and type(found) is type(value)


def test_values_in_a_users_words():
    assert written("date", DAY) == "2022-07-01"
    assert written("boolean", True) == "true"
    assert range_of(Factor("d", "run.d", "date", DAY, DAY + 1)).endswith("2022-07-01 to 2022-07-02")
    assert range_of(Factor("c", "run.c", "choice", values=("a", "b"))) == "one of a, b"
