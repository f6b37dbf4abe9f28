"""What page and terminal both say, worked out once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policymix.analysis.alarms import Alarm, check, measured, unchecked
from policymix.analysis.headline import headline
from policymix.analysis.money import by_clause
from policymix.analysis.targets import Target, probabilities

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class Answer:
    """The numbers of a run that a reader is told.

    Attributes
    ----------
    table : headline, without the targets' rows
    chances : probabilities of the targets
    alarms : results outside what is plausible, errors first
    unchecked : titles, English and Chinese, of the bands that the run cannot be held against
    accounts : of the treasury, by clause
    """

    table: xarray.Dataset
    chances: xarray.Dataset
    alarms: list[Alarm]
    unchecked: list[tuple[str, str]]
    accounts: xarray.Dataset


def answer(results: xarray.Dataset, targets: Iterable[Target] = ()) -> Answer:
    """Headline, probabilities of the targets, alarms and accounts."""
    known = measured(results)
    chances = probabilities(results, targets)
    alarms, missing = check(results, known), unchecked(results, known)
    return Answer(headline(results), chances, alarms, missing, by_clause(results))
