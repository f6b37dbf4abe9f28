"""A user's register of firms in place of the synthetic ones where the mixes fork.

At the fork and not at the start of the burn-in: a register says which firms there are at the end of the reference year,
and five years of luck would have closed some of them and moved the others. The burn-in runs on the synthetic city and
leaves what no register holds: rents, wages, spread of technology, and the state of firms like those of the register.

A firm's address is made of its id, so its luck is its own: to add a firm changes nobody else's.
"""

from __future__ import annotations

import zlib

import numpy as np

from ..region.register import founded_quarter, steps_mask, value_added
from ..region.schema import Firm
from .claims import City
from .population import able, empty_city, own_research, staff_factors, target_values
from .setting import FIRST_YEAR, HISTORY, Setting
from .symbols import (
    ACCOUNT,
    AGE,
    BLOCK,
    BUILD,
    CAPITAL,
    EVER,
    FIRM,
    FUNDS,
    INDUSTRY,
    JOBS,
    KNOWLEDGE,
    LN_SIZE,
    PLACE,
    RELIEF_END,
    REPORTED,
    REPORTED_NOW,
    RESEARCH,
    REVENUE_1,
    REVENUE_2,
    REVENUE_3,
    REVENUE_NOW,
    STEPS,
    STEPS_HELD,
)
from .table import column_of, numbers_of, write_numbers
from .world import World

FIRST_ADDRESS = 2**30
"""Addresses of a register's firms lie from here to below 2**31, above those of synthetic incumbents."""
MONEY = (CAPITAL, FUNDS, BUILD, REVENUE_NOW, REVENUE_1, REVENUE_2, REVENUE_3, REPORTED_NOW, JOBS)


def settle(
    setting: Setting, world: World, city: City, heads: np.ndarray, seed: int, luck: int
) -> tuple[City, np.ndarray]:
    """The register's firms in the anchored city instead of its own.

    Id, industry, place, age, rungs, size (revenue, else staff) and capital are the register's; what it does not say is
    that of the synthetic firm of the same industry nearest in size. Sizes are scaled by industry and place so that
    value added meets the draw's total, as in every city.

    Parameters
    ----------
    city : at the fork, after ``population.anchor``
    heads : float64[industries, places], factor on staff from there

    Returns
    -------
    City
        With the register's firms alone.
    float64[industries, places]
        The factor on staff for them.
    """
    rows = setting.region.firm
    industry, place = positions(setting, rows)
    own = sizes(setting, world, rows)
    new = room_of(setting, city, len(rows))
    like = nearest(city, industry, np.log(own))
    firms = numbers_of(city.firms, like)
    ratio = own / np.exp(firms[LN_SIZE])
    for column in MONEY:
        firms[column] *= ratio
    firms[INDUSTRY], firms[PLACE], firms[LN_SIZE] = industry, place, np.log(own)
    firms[ACCOUNT], firms[RELIEF_END] = -1.0, -1.0
    firms[STEPS_HELD] = firms[EVER] = [float(steps_mask(row)) for row in rows]
    fork = int(setting.calendar[setting.burn_in - 1]) + 1 + 4 * FIRST_YEAR
    firms[AGE] = [float(fork - founded_quarter(row)) for row in rows]
    write_luck(setting, world, rows, firms, seed, luck)
    write_history(world, firms)
    write_capital(world, rows, firms)
    rake(setting, world, firms)
    for step in range(len(STEPS)):
        holds = (firms[EVER].astype(np.int64) >> step) & 1
        new.recognised[:, step] = np.bincount(place, weights=holds, minlength=new.recognised.shape[0])
    value = np.exp(firms[LN_SIZE]) * capital_ratio(world, firms) ** world.region.a[industry]
    own_heads = staff_factors(setting, world, firms, value)
    write_numbers(new.firms, firms, slice(0, len(rows)))
    return new, heads * own_heads


def addresses(setting: Setting, rows: list[Firm]) -> np.ndarray:
    """An address for every firm from its id alone; of two ids that meet the later row goes on to the next free one.

    A firm that bears the id of a record of the region is that record.
    """
    records = [record.id for record in setting.region.record]
    taken: set[int] = set()
    found = []
    for row in rows:
        if row.id in records:
            found.append(records.index(row.id))
            continue
        spot = zlib.crc32(row.id.encode()) % FIRST_ADDRESS
        while spot in taken:
            spot = (spot + 1) % FIRST_ADDRESS
        taken.add(spot)
        found.append(FIRST_ADDRESS + spot)
    return np.array(found, dtype=np.int64)


def positions(setting: Setting, rows: list[Firm]) -> tuple[np.ndarray, np.ndarray]:
    """Industry and place of every firm as numbers."""
    industries = {name: i for i, name in enumerate(setting.region.industries)}
    places = {name: k for k, name in enumerate(setting.region.places)}
    return np.array([industries[row.industry] for row in rows]), np.array([places[row.place] for row in rows])


def sizes(setting: Setting, world: World, rows: list[Firm]) -> np.ndarray:
    """Value added of every firm in the draw's ratios, CNY a year."""
    r = world.region
    worker = r.annual_wage[:, None] * r.wage_level[None, :] / r.wage_share[:, None]
    return value_added(setting.region, rows, r.va_ratio, worker)


def room_of(setting: Setting, city: City, count: int) -> City:
    """An empty city with room for the register, under the prices and the technology of the burn-in's end."""
    places, industries = city.recognised.shape[0], city.adopters.size
    new = empty_city((count // BLOCK + 2) * BLOCK, setting.mixes[HISTORY], places, industries)
    for table in new.firms:
        table[:] = 0
    new.prices[:], new.adopters[:] = city.prices, city.adopters
    new.count[0] = count
    return new


def nearest(city: City, industry: np.ndarray, ln_size: np.ndarray) -> np.ndarray:
    """Slot of the synthetic firm of the same industry nearest in log size; of any industry where it has none."""
    n = int(city.count[0])
    theirs, size = column_of(city.firms, INDUSTRY)[:n].astype(int), column_of(city.firms, LN_SIZE)[:n]
    found = np.empty(len(industry), np.int64)
    for code in np.unique(industry):
        known = np.flatnonzero(theirs == code)
        known = known if known.size else np.arange(n)
        known = known[np.argsort(size[known], kind="stable")]
        mine = industry == code
        spot = np.clip(np.searchsorted(size[known], ln_size[mine]), 1, max(known.size - 1, 1))
        below, above = known[spot - 1], known[np.minimum(spot, known.size - 1)]
        closer = np.abs(size[above] - ln_size[mine]) < np.abs(size[below] - ln_size[mine])
        found[mine] = np.where(closer, above, below)
    return found


def write_luck(setting: Setting, world: World, rows: list[Firm], firms: np.ndarray, seed: int, luck: int) -> None:
    """Address of every firm, and with it its lasting traits; its R&D moves from its model's trait to its own."""
    before = own_research(able(seed, luck, firms, world), world.p)
    firms[FIRM] = addresses(setting, rows)
    change = own_research(able(seed, luck, firms, world), world.p) - before
    for column in (RESEARCH, REPORTED, KNOWLEDGE):
        firms[column] += change


def write_history(world: World, firms: np.ndarray) -> None:
    """Revenue of earlier years: that of the model where it has one, else today's; none before a firm was founded."""
    today = np.exp(firms[LN_SIZE]) / world.region.va_ratio[firms[INDUSTRY].astype(int)]
    for column, years in ((REVENUE_1, 1), (REVENUE_2, 2), (REVENUE_3, 3)):
        known = np.where(firms[column] > 0.0, firms[column], today)
        firms[column] = np.where(firms[AGE] >= 4 * years, known, 0.0)


def capital_ratio(world: World, firms: np.ndarray) -> np.ndarray:
    """Capital over what a firm of its size wants."""
    r = world.region
    k = r.a / (world.env.hurdle.mean() + r.delta)
    return firms[CAPITAL] / (k[firms[INDUSTRY].astype(int)] * np.exp(firms[LN_SIZE]))


def write_capital(world: World, rows: list[Firm], firms: np.ndarray) -> None:
    """Capital where the register knows it, and the demand state S that yields the firm's value added with its capital.

    Value added is S (K / (k S))^a, so S = (value (k / K)^a)^(1 / (1 - a)).
    """
    r = world.region
    known = np.array([np.nan if row.capital is None else row.capital for row in rows])
    firms[CAPITAL] = np.where(np.isnan(known), firms[CAPITAL], known)
    industry = firms[INDUSTRY].astype(int)
    k, a = (r.a / (world.env.hurdle.mean() + r.delta))[industry], r.a[industry]
    firms[LN_SIZE] = (firms[LN_SIZE] + a * np.log(k / firms[CAPITAL])) / (1.0 - a)


def rake(setting: Setting, world: World, firms: np.ndarray) -> None:
    """Scale sizes and money by industry and place so that value added meets the draw's total."""
    r = world.region
    industry, place = firms[INDUSTRY].astype(int), firms[PLACE].astype(int)
    value = np.exp(firms[LN_SIZE]) * capital_ratio(world, firms) ** r.a[industry]
    total = np.zeros(r.firms.shape)
    np.add.at(total, (industry, place), value)
    target = target_values(setting, world, setting.burn_in - 1)
    scale = np.divide(target, total, out=np.ones_like(total), where=total > 0.0)[industry, place]
    firms[LN_SIZE] += np.log(scale)
    for column in MONEY:
        firms[column] *= scale
