"""What a mix begins with: empty outcomes and an empty path, an office's desk, the scratch of one thread."""

from __future__ import annotations

import numpy as np

from ..policy.arrays import MAX_PERIODS
from ..policy.claim import MAX_FACTS
from ..policy.compile import Compiled
from .accounts import CUBE_OUTCOMES, PARTS, Out
from .claims import CLAUSE_OUTCOMES, Q_FACTS, Desk
from .entry import PLACE_OUTCOMES
from .symbols import BLOCK, CELL_COUNT, FIRM_ROWS, OFFER_NUMBERS, PROJECT_TYPES, ROWS, STEPS, STRIDE
from .timetable import Path, Room


def new_out(quarters: int, clauses: int, places: int, industries: int) -> Out:
    """Outcomes at nought."""
    q = quarters
    return Out(
        cube=np.zeros((q, places, industries, CUBE_OUTCOMES), np.int64),
        place=np.zeros((q, places, PLACE_OUTCOMES), np.int64),
        ladder=np.zeros((q, places, len(STEPS), 2), np.int64),
        clause=np.zeros((q, clauses, CLAUSE_OUTCOMES), np.int64),
        pool=np.zeros((q, 2), np.int64),
        adopters=np.zeros((q, places, industries), np.int64),
        services=np.zeros(q, np.int64),
        crowd=np.zeros((q, places), np.int64),
        prices=np.zeros((q, places, 2)),
    )


def new_desk(mix: Compiled, rows: int, claims: int) -> Desk:
    """An empty tray of some rows, and the office's scratch for some claims."""
    clauses, packages = len(mix.clauses), max(1, len(mix.packages))
    return Desk(
        tray=np.empty((rows, Q_FACTS + MAX_FACTS)),
        waiting=np.zeros(1, np.int64),
        asked=np.zeros(packages, np.int64),
        granted=np.zeros(packages, np.int64),
        due=np.empty(claims, np.int64),
        queue=np.empty(claims, np.int64),
        rank=np.empty(claims),
        ticket=np.empty(claims),
        firm=np.empty(claims),
        asks=np.empty(claims),
        gets=np.empty(claims),
        facts=np.empty(MAX_FACTS),
        filed=np.zeros(clauses, np.int64),
        until=np.zeros(clauses, np.int64),
        have=np.zeros((clauses, MAX_PERIODS)),
        used=np.zeros((clauses, 4, 2)),
        before=np.zeros((clauses, MAX_PERIODS)),
        count=np.zeros(clauses, np.int64),
        amount=np.zeros((clauses, MAX_PERIODS)),
        status=np.zeros(clauses, np.int8),
        detail=np.zeros((clauses, 3)),
        shadow=np.zeros((clauses, MAX_PERIODS)),
    )


def new_room(cells: int, packages: int, slots: int, pool: int) -> Room:
    """Scratch of one thread."""
    return Room(
        w=np.zeros(ROWS * STRIDE),
        h=np.zeros(2 * BLOCK, np.uint64),
        pair=np.zeros(2, np.uint64),
        pairs=np.zeros(6, np.uint64),
        firm=np.zeros((FIRM_ROWS, 1)),
        cells=np.zeros((cells, CELL_COUNT)),
        most=np.zeros(2),
        known=np.zeros((packages, 3)),
        offered=np.zeros((cells * len(PROJECT_TYPES) * 2, OFFER_NUMBERS)),
        rd_offered=np.zeros((cells * 4, OFFER_NUMBERS)),
        layers=np.zeros(2, np.int64),
        lanes=np.zeros(BLOCK, np.int64),
        parts=np.zeros(PARTS * STRIDE, np.int64),
        movers=np.zeros(slots, np.int64),
        lessees=np.zeros(slots, np.int64),
        counts=np.zeros(2, np.int64),
        pool=np.empty((FIRM_ROWS, pool)),
        asked=np.full(pool, -1, np.int64),
        quotes=np.zeros((pool, 2), np.int64),
        asked_move=np.full(slots, -1, np.int64),
        quotes_move=np.zeros(slots, np.int64),
    )


def new_path(quarters: int, places: int, industries: int) -> Path:
    """An empty path of the baseline."""
    return Path(
        jobs=np.zeros((quarters, places)),
        size=np.zeros((quarters, industries)),
        adopters=np.zeros((quarters, industries)),
        services=np.zeros(quarters),
        core=np.zeros(quarters),
    )
