"""A mix compiled: its arrays, the numbers its texts leave open, its budgets, changes and payers."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from policymix.errors import NotFound
from policymix.policy.arrays import ClauseArrays
from policymix.policy.clause import Clause
from policymix.policy.package import Package


@dataclass(frozen=True)
class Uncertain:
    """A number that the text leaves open.

    ``law``: ``beta`` low + (high - low) Beta(2, 5); ``triangular`` (low, default, high); ``uniform``; ``loguniform``;
    ``date`` (ordinals, triangular).
    """

    address: str
    law: str
    low: float
    high: float
    default: float
    why: str = ""


@dataclass(frozen=True)
class BudgetLine:
    """A budget of a package (``clause`` -1) or of one clause: CNY or claims for a year or a lifetime."""

    name: str
    package: int
    clause: int
    amount: float | None
    claims: int | None
    per: str
    ration: int
    dated: str | None = None
    score: str | None = None
    fallback: bool = True
    fixed: bool = True
    address: str | None = None


@dataclass(frozen=True)
class ChangeLine:
    """A change of a parameter: ``op`` factor, add or to; first and last day as ordinals; the steps it needs."""

    address: str
    op: str
    value: float
    clause: int
    announced: int
    first: int
    last: int
    where: dict[str, tuple[str, ...]]
    uncertain: str | None = None


@dataclass(frozen=True)
class LendsLine:
    """A credit programme: CNY in all, firms, whom it serves (steps mask), first and last day."""

    clause: int
    total: float
    firms: float
    firms_sense: str
    steps_mask: int
    announced: int
    first: int
    last: int


@dataclass(frozen=True)
class Slot:
    """Where an uncertain number enters a table: ``table[position][key] = times x value``."""

    table: str
    key: str
    position: int
    times: float
    uncertain: int


@dataclass(frozen=True)
class Compiled:
    """A mix compiled: arrays with default numbers, and everything beside them."""

    packages: tuple[Package, ...]
    clauses: tuple[str, ...]
    models: tuple[Clause, ...]
    places: tuple[str, ...]
    roles: dict[str, str]
    arrays: ClauseArrays
    uncertain: tuple[Uncertain, ...]
    slots: tuple[Slot, ...]
    payers: tuple[str, ...]
    payer_share: np.ndarray  # float64[clauses, payers]
    announced: np.ndarray  # int64[clauses], ordinals
    first_day: np.ndarray  # int64[clauses]
    last_day: np.ndarray  # int64[clauses]
    budgets: tuple[BudgetLine, ...]
    changes: tuple[ChangeLine, ...]
    lends: tuple[LendsLine, ...]
    group_same: tuple[tuple[str, ...], ...]
    across_same: tuple[str, ...]
    notices: tuple[str, ...]
    index: dict[str, int] = field(default_factory=dict)

    def clause_index(self, name: str) -> int:
        """Position of ``package/clause``."""
        if name not in self.clauses:
            raise NotFound("clause", name, self.clauses)
        return self.clauses.index(name)

    def defaults(self) -> np.ndarray:
        """Default values of the uncertain numbers, in their order."""
        return np.array([each.default for each in self.uncertain])

    def vector(self, values: Mapping[str, Any]) -> np.ndarray:
        """Values in the order of ``uncertain``; addresses of other things are passed over, misspelt ones refused."""
        out = self.defaults()
        ids = {package.id for package in self.packages}
        for address, value in values.items():
            position = self.index.get(address)
            if position is not None:
                out[position] = value.toordinal() if isinstance(value, datetime.date) else float(value)
            elif address.split("/")[0] in ids and "/" in address:
                raise NotFound("uncertain number", address, self.index)
        return out

    def with_values(self, values: Mapping[str, Any]) -> ClauseArrays:
        """The arrays with uncertain numbers set by address (a ceiling's number is its realised fraction)."""
        return self.with_vector(self.vector(values))

    def with_vector(self, vector: np.ndarray) -> ClauseArrays:
        """The arrays with all uncertain numbers given in order."""
        changed: dict[str, np.ndarray] = {}
        for slot in self.slots:
            if slot.table not in changed:
                changed[slot.table] = getattr(self.arrays, slot.table).copy()
            changed[slot.table][slot.key][slot.position] = slot.times * vector[slot.uncertain]
        if not changed:
            return self.arrays
        return self.arrays._replace(**changed)  # type: ignore[arg-type]  # slots name tables, never the two counts

    def budgets_with(self, values: Mapping[str, Any]) -> tuple[BudgetLine, ...]:
        """The budgets with uncertain amounts set by address."""
        out = []
        for line in self.budgets:
            if line.address is not None and line.address in values:
                line = replace(line, amount=float(values[line.address]))
            out.append(line)
        return tuple(out)

    def changes_with(self, values: Mapping[str, Any]) -> tuple[ChangeLine, ...]:
        """The changes with uncertain numbers set by address."""
        return tuple(
            line
            if line.uncertain is None or line.uncertain not in values
            else replace(line, value=float(values[line.uncertain]))
            for line in self.changes
        )
