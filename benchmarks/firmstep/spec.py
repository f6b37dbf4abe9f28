"""What every version of the reference model shares: constants, clauses, luck, the firms at the start.

A *run* is one (replicate, mix); a *firm-step* is one firm alive at the start of a quarter taken through that quarter.
The luck of a firm is a hash of (seed, replicate, firm, quarter, purpose): the mix is no part of it.
"""

from __future__ import annotations

import math

import numpy as np

QUARTERS, SECTORS, ZONES, TIERS, CLAUSES = 20, 8, 2, 6, 12
OUTPUTS = (
    "investment", "value_added", "staff", "capital", "firms", "paid", "adopters", "research", "exits", "entries",
    "promotions", "profit",
    *(f"tier_{tier}" for tier in range(TIERS)),
    *(f"clause_{clause}" for clause in range(CLAUSES)),
)  # fmt: skip
"""Sums by quarter and sector."""

CAPITAL_SHARE, LABOUR_SHARE, INTEREST, WEAR = 0.30, 0.55, 0.02, 0.025
TAX, WEAR_ALLOWED, WAGE = 0.25, 0.6, 1.0
PERSISTENCE, SPREAD, RESEARCH_GAIN, DIGITAL_GAIN = 0.93, 0.08, 1.5, 0.10
GAIN_OF_GAP, FIXED_COST, BANKABLE, LARGEST_RATE = 1.0, 0.03, 2.0, 0.60
ADOPT_BASE, ADOPT_SUPPORT, ADOPT_PEERS = -4.2, 0.8, 2.0
RESEARCH_SPEED, RESEARCH_RESPONSE = 0.10, 0.5
RISE_BASE, RISE_RESEARCH, RISE_PRODUCTIVITY = -3.0, 8.0, 0.8
EXIT_BASE, EXIT_SIZE, EXIT_AGE, EXIT_PROFIT = -3.3, -0.25, -1.0, -1.0
CASH_KEPT, STAFF_SPEED = 0.97, 0.3
ENTRY_RATE, ENTRANT_CAPITAL, ENTRANT_CAPITAL_SPREAD = 0.010, 4.0, 0.5
ENTRANT_STAFF, ENTRANT_STAFF_SPREAD, ENTRANT_SPREAD = 2.2, 0.5, 0.2
ZONE_BASE, ZONE_SUPPORT, YEARS_COUNTED, CASH_AT_START = -0.6, 4.0, 8.0, 0.2

NORMAL = np.array([0.00, 0.05, -0.05, 0.10, 0.02, -0.02, 0.08, 0.03])
"""Log productivity that a sector's firms return to."""
INTENSITY = np.array([0.01, 0.03, 0.02, 0.08, 0.015, 0.04, 0.06, 0.025])
"""Usual R&D over value added by sector."""
LEAST_CAPITAL = np.array([40.0, 60.0, 90.0, 130.0, 180.0, 1e30])
LEAST_INTENSITY = np.array([0.005, 0.010, 0.020, 0.030, 0.040, 1e30])
"""What the next tier asks for, by tier."""
SECTOR_ENDS = np.cumsum([0.20, 0.15, 0.15, 0.08, 0.14, 0.10, 0.08, 0.10])
SECTOR_ENDS[-1] = 1.0
USER_COST = (
    (INTEREST + WEAR) * (1 - TAX * WEAR_ALLOWED) / (1 - TAX) * (1 + 0.002 * np.arange(QUARTERS))
)  # Hall and Jorgenson, by quarter
LN_USER_COST = np.log(USER_COST)

FIELDS = (
    "sectors", "zone", "tier", "oldest", "least", "base", "rate_1", "rate_2", "rate_3", "line_1", "line_2",
    "cap", "group",
)  # fmt: skip
"""Of a clause: mask of sectors, zone (0 any, else 1 + zone), lowest tier, highest age in quarters, smallest project,
what it pays on (0 project, 1 wages, 2 research), marginal rates below, between and above two lines, cap, group of which
only the highest counts (-1 none)."""
F = {name: position for position, name in enumerate(FIELDS)}
BASE_MIX = np.array([
    [0xFF, 0, 0, 1e6, 0.0, 0, 0.10, 0.06, 0.03, 20.0, 80.0, 12.0, 0],
    [0x2A, 0, 1, 1e6, 5.0, 0, 0.14, 0.08, 0.02, 15.0, 60.0, 15.0, 0],
    [0xF0, 2, 0, 1e6, 2.0, 0, 0.18, 0.05, 0.00, 10.0, 50.0, 9.0, 0],
    [0xFF, 2, 0, 1e6, 0.0, 1, 0.04, 0.02, 0.01, 10.0, 40.0, 2.0, -1],
    [0xFF, 0, 0, 20, 0.0, 1, 0.05, 0.03, 0.00, 5.0, 20.0, 1.0, -1],
    [0x4A, 0, 2, 1e6, 0.0, 2, 0.30, 0.20, 0.10, 1.0, 4.0, 3.0, 1],
    [0xFF, 0, 1, 40, 0.0, 2, 0.25, 0.15, 0.05, 0.5, 2.0, 1.5, 1],
    [0x0F, 1, 0, 1e6, 10.0, 0, 0.03, 0.05, 0.06, 30.0, 90.0, 8.0, -1],
    [0xFF, 0, 3, 1e6, 20.0, 0, 0.02, 0.04, 0.05, 40.0, 99.0, 10.0, -1],
    [0x55, 0, 0, 60, 1.0, 0, 0.06, 0.04, 0.02, 12.0, 48.0, 6.0, 2],
    [0xAA, 2, 0, 1e6, 1.0, 0, 0.07, 0.03, 0.01, 12.0, 48.0, 5.0, 2],
    [0xFF, 0, 4, 1e6, 0.0, 2, 0.10, 0.10, 0.10, 1.0, 5.0, 4.0, -1],
])  # fmt: skip

CELLS = np.indices((SECTORS, ZONES, TIERS)).reshape(3, -1)
"""Sector, zone and tier of every cell."""

COLUMNS = {
    "capital": "float64", "ln_productivity": "float64", "staff": "float64", "intensity": "float64", "cash": "float64",
    "age": "int16", "sector": "uint8", "zone": "uint8", "tier": "uint8", "digital": "uint8", "alive": "uint8",
}  # fmt: skip
"""What a firm keeps: 47 bytes."""

GOLDEN, STEP = 0x9E3779B97F4A7C15, 0xD1342543DE82EF95
LUCK_OF_GROWTH, LUCK_OF_COST, LUCK_OF_ADOPTION, LUCK_OF_RISE, LUCK_OF_EXIT = range(5)
LUCK_OF_SECTOR, LUCK_OF_ZONE, LUCK_OF_PRODUCTIVITY, LUCK_OF_CAPITAL, LUCK_OF_STAFF = range(8, 13)
LUCK_OF_COUNT, BEFORE, NOBODY = 15, 255, 0xFFFFFFFF
"""Purpose of the number of entrants; quarter of the firms at the start; firm whose luck is the model's own."""


def mixes(count: int) -> np.ndarray:
    """Clauses of some mixes, [count, CLAUSES, FIELDS]: of all but the first, rates and caps times 0.5 to 1.5."""
    out = np.repeat(BASE_MIX[None], count, 0)
    for mix in range(1, count):
        factor = 0.5 + np.random.default_rng(1000 + mix).random((CLAUSES, 2))
        out[mix, :, F["rate_1"] : F["rate_3"] + 1] *= factor[:, :1]
        out[mix, :, F["cap"]] *= factor[:, 1]
    return out


def eligible(mix: np.ndarray) -> np.ndarray:
    """Bits of the clauses that are open to a sector, zone and tier, [SECTORS * ZONES * TIERS]."""
    asked = {name: mix[:, F[name], None].astype(np.int64) for name in ("sectors", "zone", "tier")}
    open_to = (asked["sectors"] >> CELLS[0]) & 1 == 1
    open_to &= ((asked["zone"] == 0) | (asked["zone"] == CELLS[1] + 1)) & (CELLS[2] >= asked["tier"])
    return (open_to.astype(np.int64) << np.arange(CLAUSES)[:, None]).sum(0)


def scattered(x: np.ndarray | np.uint64) -> np.ndarray:
    """The splitmix64 finaliser."""
    x = np.asarray(x, np.uint64)
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def key_of(seed: int, replicate: int) -> np.uint64:
    """The key of a replicate's luck."""
    with np.errstate(over="ignore"):
        return np.uint64(
            scattered(scattered(np.uint64(seed) + np.uint64(GOLDEN)) + np.uint64(replicate) * np.uint64(GOLDEN))
        )


def words(key: np.uint64, firms: np.ndarray | int) -> np.ndarray:
    """The word of each firm."""
    with np.errstate(over="ignore"):
        return scattered(key + (np.asarray(firms, np.uint64) + np.uint64(1)) * np.uint64(GOLDEN))


def hashed(word: np.ndarray, quarter: int, purpose: int) -> np.ndarray:
    """64 random bits of a firm's word for one quarter and purpose."""
    with np.errstate(over="ignore"):
        return scattered(word + np.uint64((quarter * 16 + purpose + 1) * STEP & 0xFFFFFFFFFFFFFFFF))


def uniform(bits: np.ndarray) -> np.ndarray:
    """Uniform numbers in [0, 1) from the top 53 bits."""
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(bits: np.ndarray) -> np.ndarray:
    """Standard normal numbers from the two halves: Box and Muller."""
    first = ((bits >> np.uint64(32)).astype(np.float64) + 0.5) * 2.0**-32
    second = (bits & np.uint64(0xFFFFFFFF)).astype(np.float64) * 2.0**-32
    return np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * math.pi * second)


def capacity(firms: int) -> int:
    """Slots of a run; a slot is used once."""
    return math.ceil(1.3 * firms / 64.0) * 64


def entry_distribution(firms: int) -> np.ndarray:
    """Cumulative Poisson probabilities: the number of entrants is that of those below a uniform number."""
    mean = ENTRY_RATE * firms
    k = np.arange(int(mean + 12 * math.sqrt(mean) + 20))
    ln_factorial = np.array([math.lgamma(i + 1.0) for i in k])
    return np.cumsum(np.exp(k * math.log(mean) - mean - ln_factorial))


def first_firms(firms: int, seed: int, replicate: int) -> dict[str, np.ndarray]:
    """Columns of a replicate's firms at the start, the same for all mixes; free slots are zero."""
    columns = {name: np.zeros(capacity(firms), dtype) for name, dtype in COLUMNS.items()}
    number = np.arange(firms)
    word = words(key_of(seed, replicate), number)
    bits = [hashed(word, BEFORE, purpose) for purpose in range(8)]
    sector = np.searchsorted(SECTOR_ENDS * firms, number, side="right").clip(0, SECTORS - 1)
    staff = np.exp(2.4 + 0.8 * normal(bits[1]))
    capital = np.exp(1.2 * np.log(staff) + 1.6 + 0.4 * normal(bits[2]))
    values = {
        "ln_productivity": NORMAL[sector] + 0.25 * normal(bits[0]),
        "staff": staff,
        "capital": capital,
        "intensity": INTENSITY[sector] * (0.5 + uniform(bits[3])),
        "cash": CASH_AT_START * capital,
        "age": (60 * uniform(bits[4])).astype(int),
        "sector": sector,
        "zone": uniform(bits[5]) < 0.35,
        "tier": np.minimum(5, (3.5 * uniform(bits[6]) ** 2).astype(int)),
        "digital": uniform(bits[7]) < 0.15,
        "alive": 1,
    }
    for name, value in values.items():
        columns[name][:firms] = value
    return columns


def share_of_adopters(columns: dict[str, np.ndarray], firms: int) -> np.ndarray:
    """Share of firms with digital equipment by sector."""
    sector = columns["sector"][:firms]
    count = np.bincount(sector, minlength=SECTORS)
    return np.bincount(sector, columns["digital"][:firms], SECTORS) / np.maximum(1, count)


def firm_steps(out: np.ndarray) -> float:
    """Firm-steps in some outputs, [..., OUTPUTS]: those who stayed and those who left."""
    return float(out[..., OUTPUTS.index("firms")].sum() + out[..., OUTPUTS.index("exits")].sum())
