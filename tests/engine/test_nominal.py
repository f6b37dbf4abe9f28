"""Twice as much money at twice the price level changes nothing real."""

import doubling
import numpy as np
import pytest
import units

from policymix.engine import mixes
from policymix.engine.accounts import A_FIRMS
from policymix.engine.claims import APPROVED, CANCELLED, COMMITTED, MADE, PAID, RATIONED
from policymix.engine.mesa_view import start_of
from policymix.engine.mixes import Layers
from policymix.engine.timetable import FREE, RECORD, Path
from policymix.engine.unit import fork, run_mix
from policymix.engine.world import ground_of

SEED, LUCK = 7, 0


@pytest.fixture(scope="module")
def pair(small):
    """The baseline and both packages, as they are and with every nominal amount and the price level doubled."""
    setting, values = units.unit(small)
    compiled = units.loop_of(setting)
    start = start_of(compiled, setting, values, SEED, LUCK)
    numbers = doubling.doubled_values(setting, values)
    largest = float(start.ground.largest[0])
    return [
        outcomes(compiled, start, setting, values, start.world, largest),
        outcomes(compiled, start, doubling.doubled_setting(setting), numbers,
                 doubling.doubled_world(start.world, numbers), largest),
    ]  # fmt: skip


def outcomes(compiled, start, setting, values, world, largest):
    """Outcomes of the baseline and of both packages with their own prices, from the same city."""
    layers, ground = Layers(setting, values), ground_of(setting, world, largest)
    path = Path(*(each.copy() for each in start.path))
    found = {}
    for name, mode in (("none", RECORD), ("both", FREE)):
        mix = mixes.mix_of(setting, world, name, layers, values, start.city)
        city = fork(start.city, start.slots, setting.mixes[name])
        fixed = (setting, world, ground, start.tables, city, mix, name, mode, path, SEED, LUCK)
        found[name] = run_mix(compiled, *fixed, setting.burn_in, setting.quarters, None)
    return found


@pytest.mark.parametrize("name", ["none", "both"])
def test_nothing_real_changes(pair, name):
    """Every count is the same; sums differ by what the rounding of payments to the fen leaves, half a fen a payment."""
    usual, double = (found[name] for found in pair)
    for field in ("ladder", "pool", "adopters"):
        assert np.array_equal(getattr(usual, field), getattr(double, field)), field
    assert np.array_equal(usual.cube[..., A_FIRMS], double.cube[..., A_FIRMS])
    assert np.array_equal(usual.clause[..., [MADE, APPROVED, RATIONED]], double.clause[..., [MADE, APPROVED, RATIONED]])
    for field in ("cube", "place", "services", "crowd"):
        np.testing.assert_allclose(getattr(double, field), getattr(usual, field), rtol=1e-9, atol=1000, err_msg=field)


def test_payments_double(pair):
    usual, double = (found["both"].clause.sum(axis=0) for found in pair)
    money = [COMMITTED, PAID, CANCELLED]
    np.testing.assert_allclose(double[:, money], 2 * usual[:, money], rtol=1e-9, atol=1000)
    assert usual[:, PAID].sum() > 0
