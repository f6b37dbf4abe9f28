"""The search on a world of two clauses and two classes of firms that is worked by hand."""

import numpy as np
import pytest

from policymix.analysis.package_search import front, search
from policymix.errors import RunFailed
from policymix.experiments.factors import Factor

SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
LEVERS = [
    Factor("small", kind="boolean", values=(False, True)),
    Factor("large", kind="boolean", values=(False, True)),
    Factor("share_small", values=SHARES),
    Factor("share_large", low=0.0, high=0.5),
]
PUBLISHED = (True, True, 0.5, 0.5)


def world(point):
    """Investment and payment of a package.

    Four small firms have a project of 10 each that they do from a grant of a fifth on. One large firm has a project of
    60 that it does from 40 % on, and one of 20 that it does in any case and is paid for too.

    ==========================  ==========  =======================
    package                     investment  paid
    ==========================  ==========  =======================
    small, share s >= 0.2       40          40 s, least 8 (s = 0.2)
    large, share s < 0.4        0           20 s
    large, share s >= 0.4       60          80 s, least 32
    both                        100         least 40
    as published, both at 0.5   100         60
    ==========================  ==========  =======================

    So with 30 the best is the small clause alone, 40 for 8: the large one would take 32. With 42 it is both, the small
    share 0.2 and the large one from 0.4 to (42 - 8) / 80 = 0.425.
    """
    small, large, share_small, share_large = point
    done = 40.0 * (small and share_small >= 0.2), 60.0 * (large and share_large >= 0.4)
    return sum(done), small * share_small * done[0] + large * share_large * (20.0 + done[1])


def within(budget, asked=None):
    def evaluate(points):
        if asked is not None:
            asked.extend(points)
        found = np.array([world(point) for point in points])
        return np.column_stack([found[:, 0], -found[:, 1]]), found[:, 1] / budget - 1.0

    return evaluate


def tried(budget, seed=0, evaluations=200, starts=(PUBLISHED,), evaluate=None):
    return search(LEVERS, evaluate or within(budget), list(starts), evaluations=evaluations, population=20, seed=seed)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_optimum_worked_by_hand_is_found(seed):
    small = tried(30.0, seed)
    assert small.goals[small.feasible, 0].max() == 40.0
    assert not small.feasible[[point == PUBLISHED for point in small.points]].any()
    both = tried(42.0, seed)
    best = int(np.where(both.feasible, both.goals[:, 0], -1.0).argmax())
    assert both.goals[best, 0] == 100.0
    assert both.points[best][:3] == (True, True, 0.2) and 0.4 <= both.points[best][3] <= 0.425


def test_the_front_is_what_nothing_beats():
    found = tried(42.0, 3)
    on = front(found.goals, found.feasible)
    values = {float(value) for value in found.goals[on, 0]}
    assert values <= {0.0, 40.0, 60.0, 100.0} and 100.0 in values and 40.0 in values
    least = {value: -found.goals[on & (found.goals[:, 0] == value), 1].max() for value in values}
    assert least[40.0] == 8.0 and 40.0 <= least[100.0] <= 42.0


def test_a_front_by_hand():
    goals = np.array([[1.0, 5.0], [2.0, 4.0], [1.5, 3.0], [2.0, 4.0], [9.0, 9.0], [0.0, 6.0]])
    feasible = np.array([True, True, True, True, False, True])
    assert front(goals, feasible).tolist() == [True, True, False, False, False, True]


def test_the_search_is_the_same_again_and_asks_nothing_twice():
    asked = []
    first, second = tried(42.0, evaluate=within(42.0, asked)), tried(42.0)
    assert first.points == second.points and np.array_equal(first.goals, second.goals)
    assert len(asked) == len(set(asked)) == len(first.points) == 200
    assert first.points[0] == PUBLISHED
    assert tried(42.0, seed=1).points != first.points


def test_candidates_that_fail_are_never_best():
    def failing(points):
        goals, excess = within(42.0)(points)
        bad = np.array([point[1] for point in points])
        return np.where(bad[:, None], np.nan, goals), np.where(bad, np.nan, excess)

    found = tried(42.0, evaluate=failing)
    assert not found.feasible[[point[1] for point in found.points]].any()
    assert found.goals[found.feasible, 0].max() == 40.0


def test_no_more_is_tried_than_there_is():
    """Two switches have four settings: the search ends when all of them are known."""
    found = search(LEVERS[:2], lambda p: (np.ones((len(p), 1)), -np.ones(len(p))), [(True, True)],
                   evaluations=50, population=4, seed=0, over=_after(40))  # fmt: skip
    assert len(found.points) <= 4 and found.feasible.all()


def _after(turns):
    left = iter(range(turns))
    return lambda: next(left, None) is None


def test_without_the_library_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pymoo.algorithms.moo.nsga2", None)
    with pytest.raises(RunFailed, match=r"pip install 'policymix\[design\]'"):
        tried(42.0)
