"""Every error that a user can meet, in one place.

Each message says where the trouble is, what was found, what was expected and the nearest valid name. ``str(error)`` is
the whole message for a person; the command line prints it as it is and leaves with ``exit_code``. Anything else that is
raised is a bug of the program, not of its user.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHOWN_NAMES = 30  # how many existing names one message lists
PLAUSIBLE = 0.6  # similarity (0..1) from which a name is offered as the one that was meant


class PolicymixError(Exception):
    """Base of every error that is the user's to mend."""

    exit_code = 2

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors travel between processes as they are, whatever their constructors take."""
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[PolicymixError], args: tuple[Any, ...], state: dict[str, Any]) -> PolicymixError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


def likeness(name: str, other: str) -> float:
    """Similarity of two names, 0..1, ignoring case (Ratcliff-Obershelp, counting a contained name as close)."""
    a, b = name.casefold(), other.casefold()
    ratio = difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()
    contained = len(a) >= 3 and len(b) >= 3 and (a in b or b in a)
    return max(ratio, PLAUSIBLE + 0.1 * ratio) if contained else ratio


def nearest(name: str, available: Iterable[str]) -> list[str]:
    """All available names, the most similar one first; equally similar ones in alphabetical order."""
    return sorted({str(other) for other in available}, key=lambda other: (-likeness(str(name), other), other))


def closest(name: str, available: Iterable[str]) -> str | None:
    """The name that was probably meant, or None if nothing is similar enough to be offered."""
    first = nearest(name, available)[:1]
    return first[0] if first and likeness(str(name), first[0]) >= PLAUSIBLE else None


class NotFound(PolicymixError):
    """A name that does not exist, with those that do, nearest first.

    Parameters
    ----------
    kind : what was looked for, in the singular: ``"region"``, ``"clause"``, ``"address"``
    name : the name as the user wrote it
    available : the names that exist
    where : file, option or clause in which the name was written
    """

    def __init__(self, kind: str, name: str, available: Iterable[str], where: str | None = None) -> None:
        self.kind, self.name, self.where = kind, str(name), where
        self.available = nearest(self.name, available)
        guess = closest(self.name, self.available[:1])
        message = f"no {kind} '{self.name}'"
        if where:
            message = f"{where}: {message}"
        if guess is not None:
            message += f"; did you mean '{guess}'?"
        elif self.available:
            message += "."
        super().__init__(f"{message} {_listing(self.available)}")


def _listing(names: Sequence[str]) -> str:
    if not names:
        return "(there are none at all)"
    more = len(names) - SHOWN_NAMES
    tail = f" and {more} more" if more > 0 else ""
    return "There are: " + ", ".join(names[:SHOWN_NAMES]) + tail


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a file: ``where`` reads like ``clause "4" > cap > per``."""

    where: str
    found: str
    expected: str
    nearest: str | None = None

    def __str__(self) -> str:
        near = f"; nearest valid name: '{self.nearest}'" if self.nearest else ""
        return f"{self.where}: found {self.found}; expected {self.expected}{near}"


class InvalidFile(PolicymixError):
    """A file that breaks the rules of its format, with all its problems at once."""

    def __init__(self, path: str | os.PathLike[str], problems: Sequence[Problem]) -> None:
        self.path, self.problems = Path(path), list(problems)
        count = f"{len(self.problems)} problem" + ("s" if len(self.problems) != 1 else "")
        lines = [f"  {number}. {problem}" for number, problem in enumerate(self.problems, start=1)]
        super().__init__("\n".join([f"{path}: {count}", *lines]))


class InvalidValue(PolicymixError):
    """A single value, mostly of an option or an argument, that cannot be."""

    def __init__(self, where: str, found: object, expected: str, nearest: str | None = None) -> None:
        self.problem = Problem(where, str(found), expected, nearest)
        super().__init__(str(self.problem))


class Conflict(PolicymixError):
    """Two values for one thing; the user has to say which holds."""

    def __init__(self, what: str, first: object, first_source: str, second: object, second_source: str) -> None:
        self.what, self.values, self.sources = what, (first, second), (first_source, second_source)
        super().__init__(
            f"two values for {what}: {first} (from {first_source}) and {second} (from {second_source}); "
            "keep one of them, or write a package that extends one and changes the clause"
        )


class RunFailed(PolicymixError):
    """The run itself cannot go on: the pool of entrants is used up, the output cannot be written."""


class StalePosterior(UserWarning):
    """A fit that was made before numbers which a run reads were changed; it is used, and the user is told."""
