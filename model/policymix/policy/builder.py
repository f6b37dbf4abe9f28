"""Tables that grow clause by clause and become the arrays of a mix."""

import re
from typing import Any

from policymix.policy import arrays as codes
from policymix.policy.compiled import Slot, Uncertain
from policymix.policy.quantity import Ceiling, Range

TABLES = {
    "clause": codes.CLAUSE,
    "alternative": codes.ALTERNATIVE,
    "test": codes.TEST,
    "pays": codes.PAYS,
    "cap": codes.CAP,
    "group": codes.GROUP,
    "limit": codes.LIMIT,
    "kind": codes.KIND,
}


class Builder:
    """Lists that grow clause by clause and become the arrays."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        self.at: list[int] = []
        self.uncertain: list[Uncertain] = []
        self.index: dict[str, int] = {}
        self.slots: list[Slot] = []
        self.notices: list[str] = []

    def size(self, table: str) -> int:
        """Rows that a table has so far."""
        return len(self.rows[table])

    def note(self, address: str, law: str, low: Any, high: Any, default: Any, why: str) -> int:
        """Register an uncertain number once and return its position."""
        if address not in self.index:
            self.index[address] = len(self.uncertain)
            self.uncertain.append(Uncertain(address, law, float(low), float(high), float(default), why))
        return self.index[address]

    def number(self, address: str, number: Any) -> tuple[float, int | None, float]:
        """Default figure, position of the uncertain number behind it (or None), and its multiplier."""
        match number:
            case Range():
                law = number.law
                at = self.note(f"{address}.value", law, number.low, number.high, number.value, number.why)
                return float(number.value), at, 1.0
            case Ceiling():
                at = self.note(f"{address}.realised", "beta", number.low, number.high, number.realised, number.why)
                return float(number.at_most) * float(number.realised), at, float(number.at_most)
            case _:
                return float(number), None, 1.0

    def put(self, table: str, key: str, address: str, number: Any) -> float:
        """Default figure of a number of the row that is added next; remembers where an uncertain one enters."""
        figure, at, times = self.number(address, number)
        if at is not None:
            self.slots.append(Slot(table, key, self.size(table), times, at))
        return figure


def natural(name: str) -> tuple:
    """Sort key that puts 9 before 10."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name) if part)
