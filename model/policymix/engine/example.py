"""The smallest arguments of the loop's functions: their types are those of every run."""

from __future__ import annotations

import numpy as np

from ..policy.arrays import TEST
from ..policy.compile import Compiled, compile_mix
from .claims import CONDITION, Mix, Office
from .entry import Ground
from .population import empty_city
from .symbols import CELL_COUNT, LAYERS, PARAMETERS, PROJECT_TYPES
from .timetable import RECORD, Run


def arguments() -> dict[str, tuple]:
    """Numba types of the arguments of every compiled function, by its name."""
    from numba import typeof

    from .blank import new_desk, new_out, new_path, new_room

    quarters, places, industries, packages = 1, 2, 1, 1
    nothing = compile_mix([], {"city": "here"}, ("here-a", "here-b"))
    run = Run(np.uint64(0), np.uint64(0), RECORD)
    city = empty_city(8, nothing, places, industries)
    desk, path = new_desk(nothing, 8, 8), new_path(quarters, places, industries)
    room = new_room(places * industries, packages, 8, 8)
    out = new_out(quarters, 1, places, industries)
    mix, ground = _mix(quarters, places, industries, packages, nothing), _ground(quarters, places, industries)
    tables = np.zeros((quarters, places * industries, CELL_COUNT))
    p, q = np.zeros(len(PARAMETERS)), 0
    calls = {
        "firms": (q, run, city, mix, desk, ground, tables, path, room, out, p),
        "tray": (q, city, mix, desk, room, out, p),
        "ask": (q, run, city, mix, desk, ground, room, out, p),
        "close": (q, city, mix, desk, ground, out),
        "admit": (q, run, city, mix, desk, ground, path, room, out, p),
        "initial_city": (
            run,
            city,
            np.zeros(1, np.int64),
            np.zeros(1),
            np.zeros(1),
            0.1,
            np.zeros(8),
            0,
            np.zeros(2, np.uint64),
            p,
        ),
    }
    return {name: tuple(typeof(value) for value in values) for name, values in calls.items()}


def _mix(quarters: int, places: int, industries: int, packages: int, nothing: Compiled) -> Mix:
    rows = places * industries * len(PROJECT_TYPES) * 4
    rates, owners = np.zeros((quarters, rows, LAYERS)), np.zeros((quarters, rows, LAYERS), np.int64)
    return Mix(
        arrays=nothing.arrays,
        announced=np.zeros(packages),
        office=_office(quarters),
        studied=np.zeros(packages, np.int64),
        present=np.ones(packages),
        present_research=np.ones(packages),
        with_purchase=np.zeros(packages),
        layer_rate=rates,
        layer_end=rates,
        layer_package=owners,
        line=np.zeros((quarters, 0)),
        line_lump=np.zeros((quarters, 0)),
        line_rate=np.zeros((quarters, 0, LAYERS)),
        line_end=np.zeros((quarters, 0, LAYERS)),
        line_package=np.zeros((quarters, 0), np.int64),
        years_left=np.zeros(quarters),
        opens=np.full(quarters, -1),
        rd_rate=rates,
        rd_end=rates,
        rd_package=owners,
        offers=np.zeros(5, np.int64),
        welcomes=np.zeros((1, places), np.int64),
        possible=np.zeros((quarters, rows), bool),
        parameters=np.zeros((quarters, len(PARAMETERS))),
        hassle=np.ones((quarters, places)),
        outreach=np.ones((quarters, packages)),
        credit=np.zeros((quarters, places, 3)),
        outside_kind=np.zeros(0, np.int64),
        outside_facts=np.zeros((0, 1)),
        outside_from=np.zeros(0),
        outside_rate=np.zeros(0),
        outside_on=np.zeros(0, np.int64),
        price=np.ones(quarters),
        demand=np.zeros((quarters, industries)),
    )


def _office(quarters: int) -> Office:
    whole, real = np.zeros(0, np.int64), np.zeros(0)
    return Office(
        line_package=whole,
        line_clause=whole,
        line_amount=np.zeros((quarters, 0)),
        line_places=real,
        line_how=whole,
        line_lifetime=whole,
        line_fallback=whole,
        prompt=whole,
        score=whole,
        refusable=whole,
        stand_by=0,
        part_first=whole,
        part_last=whole,
        part_share=real,
        part_lag=real,
        part_after=real,
        condition_first=whole,
        condition_last=whole,
        condition=np.zeros(0, CONDITION),
        test=np.zeros(0, TEST),
    )


def _ground(quarters: int, places: int, industries: int) -> Ground:
    one = np.zeros(1)
    return Ground(
        zone_share=np.zeros(industries),
        fields=np.zeros(industries),
        type_cdf=np.zeros((industries, len(PROJECT_TYPES))),
        industry_cdf=np.zeros(industries),
        pool=np.zeros(quarters),
        mobile_part=one,
        rent=np.zeros((quarters, places)),
        price=np.zeros(quarters),
        largest=one,
        days=np.zeros(quarters, np.int64),
        calendar=np.zeros(quarters, np.int64),
        exit_by_age=np.zeros(8),
        records=np.ones(2),
        designated=np.zeros(places),
        space_elasticity=np.zeros(places),
        space_per_head=one,
        mobile_base=one,
    )
