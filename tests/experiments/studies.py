"""Small studies for tests of sweeps, and what their stores hold."""

from pathlib import Path

PAID = {"name": "paid", "sum": ["quarter", "clause", "payer"]}
FIRMS = {"name": "active_firms", "sum": ["industry"], "last": ["quarter"]}
AREA = {"address": "htz-2022/m4.pays.area_max", "values": [1000, 2000]}
RUNAWAY = {"address": "parameter.agglomeration", "values": [0.05, 1.0]}
"""The second value lets the feedback loop run away: every run of its draw fails."""


def study(town, **changes):
    """A study of two levels of one lever under two draws of which the second fails: 3 mixes, 2 units, 2 blocks."""
    keys = {
        "id": "tiny",
        "title": {"en": "Tiny", "zh": "小"},
        "scenario": str(town),
        "mix": "htz-2022",
        "levers": {"factor": [AREA]},
        "uncertainties": {"design": "factorial", "factor": [RUNAWAY], "others": "default"},
        "outcome": [PAID, FIRMS],
    }
    return {key: value for key, value in (keys | changes).items() if value is not None}


def drawn(town, draws=2, **changes):
    """As `study`, with draws of the priors: nothing fails."""
    return study(town, uncertainties={"design": "prior"}, draws=draws, **changes)


def contents(store):
    """Every byte of a store but its log, by file."""
    files = (path for path in Path(store).rglob("*") if path.is_file())
    found = {path.relative_to(store).as_posix(): path.read_bytes() for path in files}
    return {name: data for name, data in found.items() if not name.startswith("log/")}


def same(store, other):
    """Whether two stores hold the same bytes; names the files that differ."""
    one, two = contents(store), contents(other)
    differing = sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))
    assert differing == []
    return True
