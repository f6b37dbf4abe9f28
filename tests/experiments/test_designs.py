"""Designs: layouts that analyses can read, sequences better than chance, and refusals before anything is made."""

import datetime
import itertools
import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policymix.errors import InvalidFile, InvalidValue, NotFound
from policymix.experiments.designs import METHODS, make_design, size_of
from policymix.experiments.factors import Factor, at, contains

X = Factor("x", "run.x", low=0.0, high=1.0)
Y = Factor("y", "run.y", low=10.0, high=1000.0, scale="log")
N = Factor("n", "run.n", "integer", 1, 5, default=2)
B = Factor("b", "run.b", "boolean", values=(False, True))
C = Factor("c", "run.c", "choice", values=("first", "second", "third"))
D = Factor("d", "run.d", "date", datetime.date(2022, 1, 1).toordinal(), datetime.date(2022, 12, 31).toordinal())
M = Factor("mix", kind="mix", values=("none", "dalian-2021", "dalian-2021+htz-2022"))
ALL = (X, Y, N, B, C, D, M)
ORDERED = (X, Y, N, B, D)
SAMPLED = ("lhs", "sobol", "halton", "saltelli", "morris")
COEFFICIENTS = np.array([4.0, -2.0, 1.0])


def cube(k):
    return tuple(Factor(f"x{i}", f"run.x{i}", low=0.0, high=1.0) for i in range(k))


def rows(design):
    return list(zip(*(design.columns[factor.name].tolist() for factor in design.factors), strict=True))


def made(method, factors=None, **options):
    """A small design of any method but table."""
    if method in SAMPLED:
        options.setdefault("points", 8)
    else:
        options.setdefault("levels", 3)
    return make_design(method, factors or (ALL if method not in ("saltelli", "morris") else ORDERED), **options)


# --- every method ---


@pytest.mark.parametrize("method", METHODS[:-1])
def test_every_value_is_in_its_range_and_of_its_type(method):
    design = made(method)
    kinds = {"real": "f", "integer": "i", "date": "i", "boolean": "b", "choice": "U", "mix": "U"}
    assert design.unit.shape == (design.points, len(design.factors))
    assert list(design.columns) == [factor.name for factor in design.factors]
    for factor in design.factors:
        column = design.columns[factor.name]
        assert column.shape == (design.points,)
        assert column.dtype.kind == kinds[factor.kind]
        assert all(contains(factor, value) for value in column.tolist())


@pytest.mark.parametrize("method", METHODS[:-1])
def test_the_size_is_known_before(method):
    design = made(method)
    options = {"points": 8} if method in SAMPLED else {"levels": 3}
    assert size_of(method, design.factors, **options) == design.points


@pytest.mark.parametrize("method", SAMPLED)
def test_a_seed_addresses_the_whole_design(method):
    first, same, other = (made(method, seed=seed) for seed in (7, 7, 8))
    assert rows(first) == rows(same)
    assert np.array_equal(first.unit, same.unit)
    assert not np.array_equal(first.unit, other.unit)
    assert first.attributes["seed"] == 7


@pytest.mark.parametrize("method", SAMPLED)
def test_values_are_those_of_the_positions(method):
    design = made(method)
    assert np.all(design.unit >= 0)
    assert np.all(design.unit <= 1) if method == "morris" else np.all(design.unit < 1)
    for column, factor in enumerate(design.factors):
        assert np.array_equal(design.columns[factor.name], at(factor, design.unit[:, column]))


@pytest.mark.parametrize("method", ["sobol", "halton", "saltelli", "morris"])
def test_more_points_keep_the_first(method):
    few, many = made(method, points=8), made(method, points=21)
    assert np.array_equal(many.unit[: few.points], few.unit)


def test_a_hypercube_keeps_the_columns_of_its_first_factors():
    assert np.array_equal(made("lhs", (X, Y)).unit, made("lhs", (X, Y, N)).unit[:, :2])


def test_scipy_stats_waits_until_it_is_needed():
    code = (
        "import sys; from policymix.experiments.designs import make_design, Factor;"
        "make_design('factorial', [Factor('x', 'run.x', low=0.0, high=1.0)], levels=2);"
        "assert 'scipy.stats' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- levels ---


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_factorial_is_the_full_product_without_repetition(counts):
    factors = [Factor(f"f{i}", f"run.f{i}", "integer", values=tuple(range(count))) for i, count in enumerate(counts)]
    design = make_design("factorial", factors)
    assert rows(design) == list(itertools.product(*map(range, counts)))
    assert size_of("factorial", factors) == math.prod(counts)
    assert np.isnan(design.unit).all()


def test_factorial_mixes_kinds_and_own_levels():
    own = Factor("z", "run.z", low=0.0, high=1.0, levels=2)
    design = make_design("factorial", (own, X, B), levels=3)
    assert design.points == 2 * 3 * 2
    assert rows(design)[:3] == [(0.0, 0.0, False), (0.0, 0.0, True), (0.0, 0.5, False)]


def test_one_at_a_time_moves_one_factor_from_the_default_point():
    design = made("one_at_a_time", (X, N, C))
    assert rows(design) == [
        (0.5, 2, "first"),
        (0.0, 2, "first"),
        (1.0, 2, "first"),
        (0.5, 1, "first"),
        (0.5, 3, "first"),
        (0.5, 5, "first"),
        (0.5, 2, "second"),
        (0.5, 2, "third"),
    ]


def test_one_at_a_time_keeps_a_default_that_is_no_level():
    choice = Factor("c", "run.c", "choice", values=("a", "b"), default="something longer")
    assert rows(make_design("one_at_a_time", [choice])) == [("something longer",), ("a",), ("b",)]


# --- sequences ---


def test_each_factor_of_a_hypercube_has_one_value_in_each_stratum():
    design = make_design("lhs", cube(4), points=50)
    for column in design.unit.T:
        assert sorted(np.floor(column * 50).astype(int)) == list(range(50))
    middles = make_design("lhs", cube(1), points=4, scramble=False).unit[:, 0]
    assert sorted(middles) == [0.125, 0.375, 0.625, 0.875]


def test_sobol_points_are_balanced_at_powers_of_two():
    unit = make_design("sobol", cube(5), points=64).unit
    for column in unit.T:
        assert sorted(np.floor(column * 64).astype(int)) == list(range(64))
    assert np.array_equal(np.unique(np.floor(unit[:, :2] * 8), axis=0).shape, (64, 2))  # one in each of 8 x 8 cells


@pytest.mark.parametrize("method", ["lhs", "sobol", "halton"])
def test_points_fill_the_cube_better_than_chance(method):
    from scipy.stats import qmc

    by_chance = [qmc.discrepancy(np.random.default_rng(seed).random((128, 3))) for seed in range(20)]
    ours = [qmc.discrepancy(make_design(method, cube(3), points=128, seed=seed).unit) for seed in range(5)]
    assert max(ours) < min(by_chance)


@pytest.mark.parametrize("method", ["sobol", "saltelli"])
def test_a_number_that_is_no_power_of_two_is_a_notice(method):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        design = make_design(method, cube(2), points=100)
    assert "64 or 128" in design.attributes["notice"]
    assert "notice" not in make_design(method, cube(2), points=64).attributes


def test_unscrambled_sequences_are_the_textbook_ones():
    assert make_design("sobol", cube(1), points=4, scramble=False).unit[:, 0].tolist() == [0.0, 0.5, 0.75, 0.25]
    halton = make_design("halton", cube(2), points=4, scramble=False).unit
    assert halton == pytest.approx(np.array([[0, 0], [1 / 2, 1 / 3], [1 / 4, 2 / 3], [3 / 4, 1 / 9]]))


# --- layouts for sensitivity ---


def linear(design):
    return np.column_stack([design.columns[factor.name] for factor in design.factors]) @ COEFFICIENTS


@pytest.mark.parametrize("second_order", [False, True])
def test_saltelli_blocks_are_a_ab_ba_b(second_order):
    design = make_design("saltelli", cube(3), points=16, second_order=second_order)
    step = 8 if second_order else 5
    blocks = design.unit.reshape(16, step, 3)
    a, b = blocks[:, 0], blocks[:, -1]
    assert not np.any(a == b)
    for i in range(3):
        others = np.arange(3) != i
        assert np.array_equal(blocks[:, 1 + i, i], b[:, i])
        assert np.array_equal(blocks[:, 1 + i][:, others], a[:, others])
        if second_order:
            assert np.array_equal(blocks[:, 4 + i, i], a[:, i])
            assert np.array_equal(blocks[:, 4 + i][:, others], b[:, others])
    assert design.attributes["base"] == 16 and design.attributes["second_order"] == int(second_order)


@pytest.mark.parametrize("second_order", [False, True])
def test_saltelli_gives_the_known_indices_of_a_linear_function(second_order):
    design = make_design("saltelli", cube(3), points=1024, second_order=second_order)
    outcome = linear(design).reshape(1024, -1)
    outcome -= outcome.mean()
    a, mixed, b = outcome[:, 0], outcome[:, 1:4], outcome[:, -1]
    variance = np.var(np.concatenate([a, b]))
    known = COEFFICIENTS**2 / np.sum(COEFFICIENTS**2)
    first = np.mean(b[:, None] * (mixed - a[:, None]), axis=0) / variance  # Saltelli 2010
    total = np.mean((a[:, None] - mixed) ** 2, axis=0) / (2 * variance)  # Jansen 1999
    assert first == pytest.approx(known, abs=0.01)
    assert total == pytest.approx(known, abs=0.01)


@pytest.mark.parametrize("grid", [2, 4, 10])
def test_morris_moves_every_factor_once_by_delta_on_the_grid(grid):
    design = make_design("morris", cube(3), points=50, levels=grid)
    delta = design.attributes["delta"]
    assert delta == pytest.approx(grid / (2 * (grid - 1)))
    paths = design.unit.reshape(50, 4, 3)
    moves = np.diff(paths, axis=1)
    assert np.all((np.abs(moves) > 0).sum(axis=1) == 1)  # each factor once
    assert np.all((np.abs(moves) > 0).sum(axis=2) == 1)  # one factor a step
    assert np.abs(moves).max(axis=1) == pytest.approx(delta)
    assert {round(u * (grid - 1), 9) for u in design.unit.ravel()} == set(range(grid))
    assert (moves > 0).any() and (moves < 0).any()


def test_morris_gives_the_known_effects_of_a_linear_function():
    design = make_design("morris", cube(3), points=10)
    outcome, paths = linear(design).reshape(10, 4), design.unit.reshape(10, 4, 3)
    effects = np.einsum("tsk,ts->tk", np.sign(np.diff(paths, axis=1)), np.diff(outcome, axis=1))
    effects /= design.attributes["delta"]
    assert effects == pytest.approx(np.tile(COEFFICIENTS, (10, 1)))


@given(st.sampled_from([2, 4, 6, 10]), st.integers(1, 40), st.integers(0, 2**32))
def test_a_step_of_morris_always_changes_the_value(grid, width, seed):
    whole = Factor("n", "run.n", "integer", 0, width)
    values = make_design("morris", [whole], points=5, levels=grid, seed=seed).columns["n"].reshape(5, 2)
    assert np.all(values[:, 0] != values[:, 1])


def ishigami(x):
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_design(method, **options):
    factors = [Factor(f"x{i}", f"run.x{i}", low=-math.pi, high=math.pi) for i in range(3)]
    design = make_design(method, factors, **options)
    x = np.column_stack(list(design.columns.values()))
    return {"num_vars": 3, "names": list(design.columns), "bounds": [[-math.pi, math.pi]] * 3}, x, ishigami(x)


def test_salib_reads_saltelli():
    """Root mean square error of an index with this many points: 0.009 (300 seeds)."""
    sobol = pytest.importorskip("SALib.analyze.sobol")
    problem, _, outcome = ishigami_design("saltelli", points=1024, second_order=True)
    found = sobol.analyze(problem, outcome, calc_second_order=True, seed=1)
    assert found["S1"] == pytest.approx([0.3139, 0.4424, 0.0], abs=0.04)
    assert found["ST"] == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.04)
    assert found["S2"][0, 2] == pytest.approx(0.2437, abs=0.04)
    problem, _, outcome = ishigami_design("saltelli", points=1024)
    found = sobol.analyze(problem, outcome, calc_second_order=False, seed=1)
    assert found["ST"] == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.04)


def test_salib_reads_morris():
    """Mean absolute effects of Ishigami on the grid of four levels; the second by arithmetic, exactly."""
    morris = pytest.importorskip("SALib.analyze.morris")
    problem, x, outcome = ishigami_design("morris", points=500)
    found = morris.analyze(problem, x, outcome, num_levels=4, seed=1)
    exact = 7 * (math.sin(math.pi / 3) ** 2 - math.sin(math.pi) ** 2) / (2 / 3)
    assert found["mu_star"][1] == pytest.approx(exact)
    assert abs(found["mu"][1]) < 1.5 and found["sigma"][1] == pytest.approx(exact, rel=0.05)
    assert found["mu"][2] == pytest.approx(0.0, abs=2.0)


# --- tables ---


def table_file(tmp_path, text):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_is_read_by_name_or_address(tmp_path):
    path = table_file(
        tmp_path, "run.x,n,b,c,d,mix\n0.5,3,true,second,2022-07-01,none\n1,1,False,first,2022-01-01,none\n"
    )
    design = make_design("table", (M, D, C, B, N, X), table=path)
    july, january = datetime.date(2022, 7, 1).toordinal(), datetime.date(2022, 1, 1).toordinal()
    assert rows(design) == [("none", july, "second", True, 3, 0.5), ("none", january, "first", False, 1, 1.0)]
    assert np.isnan(design.unit).all()
    assert size_of("table", (M, D, C, B, N, X), table=str(path)) == 2
    assert design.attributes == {"method": "table", "source": str(path)}


def test_a_table_may_be_dicts():
    points = [{"x": 0.5, "d": datetime.date(2022, 7, 1)}, {"run.x": 1, "run.d": datetime.date(2022, 1, 1)}]
    with pytest.raises(InvalidFile, match="2 columns"):
        make_design("table", (X, D), table=points)
    design = make_design("table", (X, D), table=[points[0], {"x": 1, "d": datetime.date(2022, 1, 1)}])
    assert design.columns["x"].tolist() == [0.5, 1.0]
    assert make_design("table", (X, D), table=points[:1]).points == 1


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x,n\n2,3\n", ("line 2, column 'x': found '2'", "0.0 to 1.0")),
        ("x,n\n0.5,3\n\n0.5,2.5\n", ("line 4, column 'n': found '2.5'; expected a whole number",)),
        ("x,n\n,3\n", ("line 2, column 'x': found nothing",)),
        ("x,n\nnan,3\n", ("line 2, column 'x': found 'nan'; expected a finite number",)),
        ("x,nn\n0.5,3\n", ("column 'nn'", "nearest valid name: 'n'", 'factor "n": found no columns')),
        ("x,n,run.x\n0.5,3,1\n", ('factor "x": found 2 columns',)),
        ("x,x,n\n0.5,3,1\n", ("column 'x': found twice",)),
        ("x,n\n0.5\n", ("line 2: found 1 cells; expected 2",)),
        ("x,n\n", ("no rows",)),
        ("", ("no rows",)),
        ("x,n\n" + "2,3\n" * 30, ("21 problems", "10 more problems")),
    ],
)
def test_a_broken_table_says_where(tmp_path, text, parts):
    path = table_file(tmp_path, text)
    with pytest.raises(InvalidFile) as refused:
        make_design("table", (X, N), table=path)
    for part in (str(path), *parts):
        assert part in str(refused.value)


def test_rows_of_dicts_are_checked_alike():
    with pytest.raises(InvalidFile, match="row 2, column 'c': found 'fourth'; expected one of first, second, third"):
        make_design("table", [C], table=[{"c": "first"}, {"c": "fourth"}])
    with pytest.raises(InvalidFile, match="row 2, column 'x': found nothing"):
        make_design("table", [X], table=[{"x": 0.5}, {}])
    with pytest.raises(InvalidValue, match="list of dicts"):
        make_design("table", [X], table=3)
    with pytest.raises(InvalidValue, match="design > table: found nothing"):
        make_design("table", [X])
    with pytest.raises(InvalidValue, match="no rows"):
        make_design("table", [X], table=[])


def test_a_table_that_is_not_there_or_not_text(tmp_path):
    path = table_file(tmp_path, "x\n1\n")
    with pytest.raises(NotFound, match=r"points\.csv"):
        make_design("table", [X], table=tmp_path / "point.csv")
    path.write_bytes(b"x\n\xff\n")
    with pytest.raises(InvalidFile, match="UTF-8"):
        make_design("table", [X], table=path)


# --- refusals ---


@pytest.mark.parametrize(
    ("arguments", "error", "part"),
    [
        (("sobl", [X], {}), NotFound, "did you mean 'sobol'"),
        (("sobol", [X], {}), InvalidValue, "design > points: found nothing; expected a whole number of points"),
        (("morris", [X], {}), InvalidValue, "a whole number of trajectories"),
        (("saltelli", [X], {"points": 0}), InvalidValue, "a whole number of base points, 1 or more"),
        (("lhs", [X], {"points": 2.0}), InvalidValue, "design > points: found 2.0"),
        (("lhs", [X], {"points": True}), InvalidValue, "design > points: found True"),
        (("factorial", [X], {"points": 3, "levels": 2}), InvalidValue, "factorial has as many as it needs"),
        (("lhs", [], {"points": 3}), InvalidValue, "no factors"),
        (("lhs", [X], {"points": 3, "levels": 3}), NotFound, "no option of lhs 'levels'"),
        (("lhs", [X], {"points": 3, "scramble": 1}), InvalidValue, "design > scramble"),
        (("saltelli", [X], {"points": 3, "second_order": "yes"}), InvalidValue, "true or false"),
        (
            ("lhs", [X, Factor("x", "run.y", low=0.0, high=1.0)], {"points": 3}),
            InvalidValue,
            "two factors of this name",
        ),
        (("lhs", [X, Factor("z", "run.x", low=0.0, high=1.0)], {"points": 3}), InvalidValue, "x and z for run.x"),
        (("lhs", [M, Factor("p", kind="mix", values=("none",))], {"points": 3}), InvalidValue, "for the mix"),
        (("lhs", [Factor("z", "run.z", low=1.0, high=1.0)], {"points": 3}), InvalidValue, 'factor "z" > low'),
        (("factorial", [X], {}), InvalidValue, 'factor "x" > levels: found nothing'),
        (("one_at_a_time", [X], {"levels": 1}), InvalidValue, "design > levels: found 1"),
        (("morris", [X], {"points": 3, "levels": 3}), InvalidValue, "an even number"),
        (("morris", [X], {"points": 3, "levels": None}), InvalidValue, "an even number"),
        (("morris", [X, C], {"points": 3}), InvalidValue, 'factor "c": found a choice of 3 values'),
        (("saltelli", [M], {"points": 3}), InvalidValue, "factorial, or lhs"),
        (("saltelli", [Factor("r", "run.r", values=(1.0,))], {"points": 3}), InvalidValue, "found one value"),
    ],
)
def test_what_cannot_be_is_refused_by_the_design_and_its_size(arguments, error, part):
    method, factors, options = arguments
    for call in (make_design, size_of):
        with pytest.raises(error) as refused:
            call(method, factors, **options)
        assert part in str(refused.value)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, None])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(InvalidValue, match="design > seed"):
        make_design("lhs", [X], points=2, seed=seed)


def test_a_choice_of_two_values_has_two_ends():
    pair = Factor("c", "run.c", "choice", values=("a", "b"))
    assert set(make_design("morris", [pair, X], points=4).columns["c"].tolist()) == {"a", "b"}


def test_a_design_too_large_has_a_size_but_is_not_made():
    factors = cube(4)
    assert size_of("factorial", factors, levels=1000) == 10**12
    assert size_of("saltelli", factors, 2**30, second_order=True) == 10 * 2**30
    with pytest.raises(InvalidValue, match="1000000000000 points; expected at most 2147483648"):
        make_design("factorial", factors, levels=1000)
    with pytest.raises(InvalidValue, match="at most 21201 for a Sobol'"):
        make_design("saltelli", cube(10_601), points=1)
