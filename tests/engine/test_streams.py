"""Luck: the published known answers, uniform and independent numbers, addresses that no mix enters."""

import inspect
import math

import numpy as np
import pytest
from numba import njit
from scipy import stats

from policymix.engine import streams

N = 40_000
SEED, LUCK, FIRM, QUARTER, PURPOSE = 2021, 3, 17, 484, streams.GROWTH
PURPOSES = sorted(
    value
    for name, value in vars(streams).items()
    if name.isupper() and isinstance(value, int) and name not in ("PURPOSES", "LASTING")
)


@njit
def numbers(seed, luck, firms, quarters, purpose, gaussian, out):
    for k in range(out.size):
        if gaussian:
            out[k] = streams.normal(seed, luck, firms[k], quarters[k], purpose)
        else:
            out[k] = streams.uniform(seed, luck, firms[k], quarters[k], purpose)


def sample(n=N, seed=SEED, luck=LUCK, firm=None, quarter=QUARTER, purpose=PURPOSE, gaussian=False):
    """Numbers of consecutive firms of a quarter, or of consecutive quarters of a firm."""
    firms = np.arange(n) if firm is None else np.full(n, firm)
    quarters = np.full(n, quarter) if firm is None else np.arange(n)
    out = np.zeros(n)
    numbers(seed, luck, firms, quarters, purpose, gaussian, out)
    return out


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        (0x00000000, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (0xFFFFFFFF, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ],
)
def test_philox_gives_its_published_answers(word, answer):
    got = streams.block(np.full(4, word, np.uint32), np.full(2, word, np.uint32))
    assert " ".join(f"{x:08x}" for x in got) == answer


def test_philox_gives_its_published_answer_for_the_digits_of_pi():
    counter = np.array([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], np.uint32)
    got = streams.block(counter, np.array([0xA4093822, 0x299F31D0], np.uint32))
    assert " ".join(f"{x:08x}" for x in got) == "d16cfe09 94fdcceb 5001e420 24126ea1"


def test_every_purpose_has_a_number_of_its_own():
    assert list(range(streams.PURPOSES)) == PURPOSES


@pytest.mark.parametrize("purpose", PURPOSES)
def test_uniform_over_firms(purpose):
    u = sample(purpose=purpose)
    assert u.min() > 0.0 and u.max() < 1.0
    counts = np.bincount((u * 64).astype(int), minlength=64)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_uniform_over_quarters_draws_and_the_seed():
    for u in (sample(firm=FIRM), np.array([streams.uniform(SEED, k, FIRM, QUARTER, PURPOSE) for k in range(4000)]),
              np.array([streams.uniform(k, LUCK, FIRM, QUARTER, PURPOSE) for k in range(4000)])):  # fmt: skip
        assert stats.kstest(u, "uniform").pvalue > 1e-4


def test_normal_over_firms():
    z = sample(gaussian=True)
    assert stats.kstest(z, "norm").pvalue > 1e-4
    assert abs(stats.kurtosis(z)) < 5 * math.sqrt(24 / N)


def correlated(a, b):
    """The correlation in units of what luck alone gives, of the numbers and of their distance from the middle."""
    bound = math.sqrt(len(a))
    return max(abs(np.corrcoef(a, b)[0, 1]), abs(np.corrcoef(abs(a - 0.5), abs(b - 0.5))[0, 1])) * bound


def test_purposes_are_independent():
    u = np.stack([sample(20_000, purpose=purpose) for purpose in PURPOSES])
    for numbers_of in (u, abs(u - 0.5)):
        apart = np.abs(np.corrcoef(numbers_of) - np.eye(len(PURPOSES))).max()
        assert apart * math.sqrt(u.shape[1]) < 5.0


@pytest.mark.parametrize(
    "change", [{"quarter": QUARTER + 1}, {"luck": LUCK + 1}, {"seed": SEED + 1}, {"seed": SEED + 2**32}]
)
def test_neighbouring_addresses_are_independent(change):
    assert correlated(sample(), sample(**change)) < 5.0


def test_neighbouring_firms_and_quarters_are_independent():
    for u in (sample(), sample(firm=FIRM)):
        assert correlated(u[:-1], u[1:]) < 5.0


def test_joint_uniformity_of_pairs_of_purposes():
    u, v = sample(purpose=streams.EXIT), sample(purpose=streams.ADJUST)
    cells = (u * 16).astype(int) * 16 + (v * 16).astype(int)
    assert stats.chisquare(np.bincount(cells, minlength=256)).pvalue > 1e-4


@njit
def lasting_numbers(seed, luck, purpose, since, firms, out):
    first, second = streams.lasting_words(seed, luck, purpose, since)
    for k in range(out.size):
        out[k] = streams.lasting(first, second, np.float64(firms[k]))


def lasting_sample(seed=SEED, luck=LUCK, purpose=streams.ABLE_OF, since=0, first=2**24):
    """Lasting numbers of consecutive firms, addressed as the loop does."""
    out = np.zeros(N)
    lasting_numbers(np.uint64(seed), np.uint64(luck), purpose, since, np.arange(first, first + N), out)
    return out


@pytest.mark.parametrize("first", [0, 2**24, 2**31 + 484 * 2**20])
def test_lasting_numbers_are_uniform_and_independent(first):
    u = lasting_sample(first=first)
    assert u.min() > 0.0 and u.max() < 1.0 and np.unique(u).size == N
    assert stats.kstest(u, "uniform").pvalue > 1e-4
    assert correlated(u[:-1], u[1:]) < 5.0
    for other in (lasting_sample(purpose=streams.AWARE_OF, first=first), sample(purpose=streams.ABLE_OF)):
        assert correlated(u, other) < 5.0
    years = [lasting_sample(purpose=streams.VOLATILITY, since=since, first=first) for since in (484, 488)]
    assert correlated(*years) < 5.0
    cells = (years[0] * 16).astype(int) * 16 + (years[1] * 16).astype(int)
    assert stats.chisquare(np.bincount(cells, minlength=256)).pvalue > 1e-4


@pytest.mark.parametrize("change", [{"seed": SEED + 1}, {"luck": LUCK + 1}, {"since": 4}])
def test_lasting_numbers_of_neighbouring_addresses_are_independent(change):
    assert correlated(lasting_sample(), lasting_sample(**change)) < 5.0


def test_records_are_spread_evenly_and_know_at_once():
    firms = np.array([0.0, 1.0, 9.0, 2.0**24])
    able = streams.readiness(SEED, LUCK, firms, 1024.0, 10.0)
    assert able[:3].tolist() == [0.05, 0.15, 0.95] and able[3] == lasting_sample(first=2**24)[0]
    assert streams.aware_of(np.uint64(1), np.uint64(1), 9.0, 1024.0) == 0.0


def test_an_address_holds_no_mix():
    assert list(inspect.signature(streams.words).parameters) == ["seed", "luck", "firm", "quarter"]
    assert list(inspect.signature(streams.uniform.py_func).parameters) == ["seed", "luck", "firm", "quarter", "purpose"]


def test_a_number_does_not_depend_on_how_many_are_drawn():
    assert np.array_equal(sample(10), sample(1000)[:10])
    assert streams.uniform(SEED, LUCK, 9, QUARTER, PURPOSE) == sample(10)[9]
