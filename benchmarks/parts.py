"""Where the time of the full model goes: the parts of a unit of work, each by itself.

python benchmarks/parts.py
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from policymix.engine import unit

STAGES = {
    "firms": "firms: news, production, plans, investment, R&D, ladder, exits, claims made",
    "tray": "claims and quotes settled under the clauses",
    "ask": "what places offer newcomers and movers",
    "admit": "newcomers and movers choose; feedback; accounts",
    "close": "decisions, payments, conditions",
}
FUNCTIONS = {
    "mix_of": "clauses, offers and budgets of a mix in the draw",
    "appraised": "mixes set against the baseline",
    "start_of": "synthetic firms, anchoring (the burn-in's quarters apart)",
}
REST = "everything else"


class Clock:
    """Processor time by part, without that of the parts within it."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._within: list[float] = []

    def part(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed."""

        def timed(*arguments: Any, **options: Any) -> Any:
            self._within.append(0.0)
            begun = time.thread_time()
            try:
                return function(*arguments, **options)
            finally:
                whole = time.thread_time() - begun
                self.spent[name] += whole - self._within.pop()
                if self._within:
                    self._within[-1] += whole

        return timed


class Stages:
    """The stages of a quarter, timed."""

    def __init__(self, stages: Any, clock: Clock) -> None:
        for name, words in STAGES.items():
            setattr(self, name, clock.part(words, getattr(stages, name)))


@contextmanager
def timed(clock: Clock) -> Iterator[None]:
    """Everything that a unit of work does within is timed."""
    originals = {name: getattr(unit, name) for name in ("quarter", *FUNCTIONS)}
    unit.quarter = lambda do, *arguments: originals["quarter"](Stages(do, clock), *arguments)
    for name, words in FUNCTIONS.items():
        setattr(unit, name, clock.part(words, originals[name]))
    try:
        yield
    finally:
        for name, function in originals.items():
            setattr(unit, name, function)


def costs(run: Callable[[], int]) -> dict[str, float]:
    """Nanoseconds a firm-quarter of each part of what ``run`` does, the largest first; it returns its firm-quarters."""
    clock = Clock()
    whole = clock.part(REST, run)
    with timed(clock):
        firm_quarters = whole()
    return {name: 1e9 * spent / firm_quarters for name, spent in clock.spent.most_common()}


if __name__ == "__main__":
    from compare import Cities

    cities = Cities(1, "both")
    cities.whole(0)
    for part, cost in costs(lambda: cities.whole(0)).items():
        print(f"{part:<80}{cost:8.2f} ns")
