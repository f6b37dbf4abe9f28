"""What a folder of a search may go on with, without a run."""

from types import SimpleNamespace

import numpy as np
import pytest

from policymix.analysis.trial_book import FILE, Book, head_of, opened
from policymix.errors import InvalidValue
from policymix.experiments.design_problem import load_problem
from policymix.policy.target import load_targets


class Empty:
    """Stands for a region or an environment, of which only the text matters."""

    def model_dump_json(self):
        return "{}"


@pytest.fixture
def problem():
    return load_problem({
        "id": "hand", "title": {"en": "Hand", "zh": "手算"}, "scenario": "hand", "published": "htz-2022",
        "budget": {"amount": 1e8}, "lever": [{"clause": "htz-2022/*"}], "goal": [{"target": "dalian-2020/t2"}],
    })  # fmt: skip


def book_of(*targets):
    inputs = SimpleNamespace(region=Empty(), environment=Empty(), opportunities=[], packages={}, fixed={})
    scenario = SimpleNamespace(rules="", burn_in_start="2016Q1", start="2020Q1", end="2021Q4", seed=1)
    trials = SimpleNamespace(inputs=inputs, values=np.zeros((2, 1)), scenario=scenario)
    return Book(trials, targets, {"search": range(1), "fresh": range(1, 2)}, 1)


def test_a_target_that_changed_is_another_search(problem, tmp_path):
    target = next(each for each in load_targets("dalian-2020") if each.id == "dalian-2020/t2")
    opened(book_of(target), problem, tmp_path, resume=False)
    assert opened(book_of(target), problem, tmp_path, resume=True).file == tmp_path / FILE
    for change in ({"value": 0.5}, {"tolerance": 0.25}, {"sense": "more_than"}):
        changed = target.model_copy(update=change)
        assert head_of(book_of(changed), problem) != head_of(book_of(target), problem)
        with pytest.raises(InvalidValue, match="a search of something else"):
            opened(book_of(changed), problem, tmp_path, resume=True)


@pytest.mark.parametrize("first", ["not json", "[1]", "3", ""])
def test_a_file_that_is_no_book_is_refused(problem, tmp_path, first):
    (tmp_path / FILE).write_text(first + "\n", encoding="utf-8")
    with pytest.raises(InvalidValue, match="a search of something else"):
        opened(book_of(), problem, tmp_path, resume=True)
