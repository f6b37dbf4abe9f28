"""The timetable of one quarter, in the order in which things happen."""

from __future__ import annotations


def quarter(do, q, run, city, mix, desk, ground, tables, path, room, out):
    """Take a city through one quarter.

    ``do`` holds the stages: the compiled loop, or the Mesa view, in which every firm is an object. ``firms`` covers 1
    environment, 2 policy news, 3 produce, 4 plan, 6 act, 7 ladder and exits, and fills the tray with 5 claims; ``tray``
    settles them; ``ask`` asks what places offer newcomers and movers; ``admit`` lets them choose (8 demography), with 9
    feedback and 10 accounts; ``close`` decides on what has been claimed, pays what is due and tests conditions.
    """
    p = mix.parameters[q]
    do.firms(q, run, city, mix, desk, ground, tables, path, room, out, p)
    do.tray(q, city, mix, desk, room, out, p)
    do.ask(q, run, city, mix, desk, ground, room, out, p)
    do.tray(q, city, mix, desk, room, out, p)
    do.admit(q, run, city, mix, desk, ground, path, room, out, p)
    do.tray(q, city, mix, desk, room, out, p)
    do.close(q, city, mix, desk, ground, out)
