"""The timetable of one quarter, in the order in which things happen."""

from __future__ import annotations


def quarter(do, q, run, city, mix, desk, ground, tables, path, room, out):
    """Take a city through one quarter.

    ``do`` holds the stages: the compiled loop, or the Mesa view, in which every firm is an object.
    """
    p = mix.parameters[q]
    do.environment(q, run, city, mix, tables, path, room, out, p)  # 1 demand, prices, wages, shocks
    do.news(q, mix, room, p)  # 2 announcements and expiries become known
    do.firms(q, run, city, mix, desk, ground, room, out, p)  # 3 produce, 4 plan, 6 act, 7 ladder, 8 leave
    do.office(q, run, city, mix, desk, ground, room, out, p)  # 5 claims; 6 yearly decisions, payments due
    do.newcomers(q, run, city, mix, desk, ground, room, p)  # 8 entries: what places offer,
    do.tray(q, city, mix, desk, room, out, p)
    do.entries(q, run, city, mix, desk, ground, room, out, p)  # who comes and where
    do.tray(q, city, mix, desk, room, out, p)
    do.reconsider(q, run, city, mix, desk, ground, room, p)  # 8 moves within the region
    do.tray(q, city, mix, desk, room, out, p)
    do.moves(q, run, city, mix, desk, ground, room, out, p)
    do.tray(q, city, mix, desk, room, out, p)
    do.close(q, run, city, ground, room, path, out, p)  # 9 feedback, 10 accounts
