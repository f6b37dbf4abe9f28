"""Simulations kept in a file: what was cut off is made again, what belongs to something else is refused."""

import numpy as np
import pytest

from policymix.calibrate.checkpoint import append, begin
from policymix.errors import InvalidFile

MADE_FROM = {"code": "abc", "seed": "1"}


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "out" / "x.simulations"
    assert begin(found, MADE_FROM, 2, resume=True) == {}
    for unit in (0, 3, 1):
        append(found, unit, np.array([unit, np.nan if unit == 3 else 0.5]))
    return found


def test_every_record_comes_back_whatever_its_order(path):
    found = begin(path, MADE_FROM, 2, resume=True)
    assert sorted(found) == [0, 1, 3]
    assert found[1].tolist() == [1.0, 0.5] and np.isnan(found[3][1])


@pytest.mark.parametrize("cut", [1, 10, 27])
def test_a_record_that_was_cut_off_is_left_out_and_the_file_goes_on(path, cut):
    path.write_bytes(path.read_bytes()[:-cut])
    assert sorted(begin(path, MADE_FROM, 2, resume=True)) == [0, 3]
    append(path, 7, np.array([7.0, 7.0]))
    assert sorted(begin(path, MADE_FROM, 2, resume=True)) == [0, 3, 7]


def test_a_flipped_bit_ends_what_is_trusted(path):
    content = bytearray(path.read_bytes())
    content[-40] ^= 1  # in the second record
    path.write_bytes(bytes(content))
    assert sorted(begin(path, MADE_FROM, 2, resume=True)) == [0]


def test_without_resume_it_begins_anew(path):
    assert begin(path, MADE_FROM, 2, resume=False) == {}
    assert begin(path, MADE_FROM, 2, resume=True) == {}


def test_simulations_of_something_else_are_refused(path):
    with pytest.raises(InvalidFile, match="another seed.*without --resume"):
        begin(path, MADE_FROM | {"seed": "2"}, 2, resume=True)
    path.write_bytes(b"nonsense\n")
    with pytest.raises(InvalidFile, match="first line"):
        begin(path, MADE_FROM, 2, resume=True)
