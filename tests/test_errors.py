"""Messages a person reads: nearest first, everything at once, no more than can be read."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policymix.errors import (
    SHOWN_NAMES,
    Conflict,
    InvalidFile,
    InvalidValue,
    NotFound,
    PolicymixError,
    Problem,
    RunFailed,
    closest,
    nearest,
)

names = st.lists(st.text(min_size=1, max_size=12), max_size=12)


def test_not_found_names_the_nearest_first():
    message = str(NotFound("region", "dalain", ["shenyang", "dalian", "qingdao"]))
    assert message.startswith("no region 'dalain'; did you mean 'dalian'? There are: dalian, ")


def test_not_found_without_a_similar_name_only_lists():
    message = str(NotFound("mix", "zzz", ["none", "both"]))
    assert "did you mean" not in message
    assert "There are: " in message


def test_not_found_says_where_and_that_there_are_none():
    assert str(NotFound("package", "x", [], where="my.toml")) == "my.toml: no package 'x' (there are none at all)"


def test_long_lists_are_cut_and_counted():
    message = str(NotFound("address", "a", [f"parameter.p{i:03d}" for i in range(SHOWN_NAMES + 5)]))
    assert message.endswith("and 5 more")


def test_invalid_file_prints_every_problem():
    problems = [
        Problem('clause "4" > cap > per', "'projet'", "one of claim, firm, project", "project"),
        Problem("id", "nothing", "text"),
    ]
    message = str(InvalidFile("pack.toml", problems))
    assert message.splitlines()[0] == "pack.toml: 2 problems"
    assert "nearest valid name: 'project'" in message
    assert "2. id: found nothing; expected text" in message


def test_conflict_shows_both_values_and_both_sources():
    message = str(Conflict("a/1.pays.share", 0.1, "one.toml", 0.2, "two.toml"))
    assert all(word in message for word in ("0.1", "one.toml", "0.2", "two.toml"))


@pytest.mark.parametrize(
    "error",
    [
        NotFound("a", "b", []),
        InvalidFile("f", []),
        InvalidValue("draws", 0, "1 or more"),
        Conflict("a", 1, "b", 2, "c"),
        RunFailed("x"),
    ],
)
def test_every_error_is_ours_and_leaves_with_two(error):
    assert isinstance(error, PolicymixError)
    assert error.exit_code == 2


@given(st.text(max_size=12), names)
def test_nearest_is_a_permutation_of_the_names(name, available):
    assert sorted(nearest(name, available)) == sorted(set(available))


@given(names.filter(bool))
def test_a_name_is_nearest_to_itself(available):
    assert nearest(available[0], available)[0].casefold() == available[0].casefold()
    assert closest(available[0], available) is not None


def test_problems_survive_a_pickle():
    problem = Problem("a", "b", "c", "d")
    assert pickle.loads(pickle.dumps(problem)) == problem
