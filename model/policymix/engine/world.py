"""The numbers of one draw: parameters, tables by industry, place and quarter, and what newcomers find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..errors import InvalidValue, NotFound
from ..firms import invest, leave
from ..policy.compile import Compiled
from ..region.arrays import EnvArrays, RegionArrays, environment_arrays, field_names, region_arrays
from .entry import Ground
from .setting import FIRST_YEAR, Setting, field_masks
from .symbols import (
    C_ADOPTERS,
    C_CAPITAL_OUTPUT,
    C_CORE,
    C_COST_SHARE,
    C_DEPRECIATION,
    C_DRIFT,
    C_FACTOR,
    C_LN_COMMON,
    C_LN_COST_RATIO,
    C_LN_MEDIAN,
    C_LOCAL,
    C_OTHER,
    C_REFERENCE_COST,
    C_RESEARCH,
    C_SERVICES,
    C_STAFF,
    C_TECHNOLOGY,
    C_VALUE_RATIO,
    C_WAGE,
    CELL_COUNT,
    NOMINAL,
    P_ENTRANT_CAP,
    P_EXIT_FIRST,
    P_EXIT_LATE,
    P_EXIT_MIDDLE,
    P_EXIT_SECOND,
    P_EXIT_THIRD,
    P_FOUNDER_BASE,
    P_MOBILE_SHARE,
    P_OTHER_COST_SHARE,
    P_SERVICES_CEILING,
    PARAMETERS,
)

LOCAL_CHANGES = ("hassle_cost", "outreach", "approval_lag_quarters")
"""Parameters that a clause changes for its own place or package only (``mixes.friction``)."""
AGES = 160
RECORD_ADDRESSES = 1024.0
"""Addresses below it are the region file's records."""
START_OF_AWARENESS = -1e6


class World(NamedTuple):
    """One draw."""

    region: RegionArrays
    env: EnvArrays
    p: np.ndarray  # float64[parameters]
    exit_by_age: np.ndarray  # float64[ages in quarters]
    growth: float  # of the yearly number of entrants, log


def parameter_vector(values: Mapping[str, float]) -> np.ndarray:
    """Parameters of the rules in the order of ``PARAMETERS``; every one must be given."""
    missing = [name for name in PARAMETERS if f"parameter.{name}" not in values]
    if missing:
        raise NotFound("prior for the parameter", missing[0], [k for k in values if k.startswith("parameter.")])
    return np.array([float(values[f"parameter.{name}"]) for name in PARAMETERS])


def world_of(setting: Setting, values: Mapping[str, float]) -> World:
    """The numbers of one draw by address."""
    env = environment_arrays(setting.environment, values, setting.first_quarter, setting.last_quarter)
    p = parameter_vector(values)
    rates = (p[P_EXIT_FIRST], p[P_EXIT_SECOND], p[P_EXIT_THIRD], p[P_EXIT_MIDDLE], p[P_EXIT_LATE])
    hazard = np.array([leave.quarterly(leave.rate_at_age(age / 4.0, *rates)) for age in range(AGES)])
    return World(region_arrays(setting.region, values), env, p, hazard, float(np.log1p(env.entry_growth[0])))


def living_per_entry(world: World) -> float:
    """Firms alive per firm entering a quarter on the balanced-growth path: sum of e^(-g a / 4) S(a)."""
    survival = np.concatenate(([1.0], np.cumprod(1.0 - world.exit_by_age)[:-1]))
    return float(np.sum(np.exp(-0.25 * world.growth * np.arange(AGES)) * survival))


def parameters_by_quarter(setting: Setting, world: World, mix: Compiled, values: Mapping[str, float]) -> np.ndarray:
    """Parameters by quarter with the changes of a mix in force; what a text fixes in money of the day is deflated.

    Raises
    ------
    NotFound, InvalidValue
        A change of what is no parameter, or for some firms only.
    """
    table = np.tile(world.p, (setting.quarters, 1))
    for change in mix.changes_with(values):
        name = change.address.removeprefix("parameter.")
        if name not in PARAMETERS:
            raise NotFound("parameter", change.address, [f"parameter.{each}" for each in PARAMETERS])
        if change.where:
            raise InvalidValue(
                mix.clauses[change.clause],
                f"a change of {change.address} for some firms ({', '.join(change.where)})",
                "a change without where: a quarter has one value of a parameter for all firms",
            )
        if name in LOCAL_CHANGES:
            continue
        column = PARAMETERS.index(name)
        open_now = (setting.days >= change.first) & (setting.days <= change.last)
        if change.op == "factor":
            table[open_now, column] *= change.value
        elif change.op == "add":
            table[open_now, column] += change.value
        else:
            table[open_now, column] = change.value
    limits = setting.parameter_limits
    table = np.clip(table, limits[:, 0], limits[:, 1])  # a factor on a drawn number may overshoot in some draws
    nominal = [PARAMETERS.index(name) for name in NOMINAL]
    table[:, nominal] /= world.env.deflator[:, None]
    return table


def tables_of(setting: Setting, world: World, ln_typical: np.ndarray, heads: np.ndarray | float = 1.0) -> np.ndarray:
    """Values by quarter and (industry, place); ``ln_typical`` is the log of the typical entrant's size at the
    first quarter; ``heads`` is the factor on staff by industry and place that meets the published wage share.

    Firms drift with the aggregate less the growth of the number of entrants, so that the whole grows with the
    environment.
    """
    r, env = world.region, world.env
    places, industries, quarters = len(r.rent_m2_month), len(r.a), setting.quarters
    table = np.zeros((quarters, industries, places, CELL_COUNT))
    aggregate = np.where(r.core[None, :], env.core_growth[:, None], env.gdp_growth[:, None]) + r.drift[None, :]
    drift = aggregate - world.growth
    level = np.vstack((np.zeros(industries), np.cumsum(0.25 * drift, axis=0)[:-1]))
    required = env.hurdle[:, None] + env.interest[:, None] - env.interest.mean()
    cost = invest.user_cost(required, r.delta[None, :], 0.0, 0.0, 0.0, 1.0)
    reference = invest.user_cost(env.hurdle.mean(), r.delta, 0.0, 0.0, 0.0, 1.0)
    wage = r.annual_wage[None, :, None] * r.wage_level[None, None, :] * env.wage_index[:, None, None]
    table[..., C_DRIFT] = drift[:, :, None]
    table[..., C_LN_MEDIAN] = ln_typical[None, :, :] + level[:, :, None]
    table[..., C_LN_COMMON] = ((ln_typical[None] + level[:, :, None]) * (r.firms / r.firms.sum())).sum((1, 2))[
        :, None, None
    ]
    table[..., C_CAPITAL_OUTPUT] = (r.a / reference)[None, :, None]
    table[..., C_COST_SHARE] = r.a[None, :, None]
    table[..., C_LN_COST_RATIO] = np.log(cost * env.capital_price[:, None] / reference)[:, :, None]
    table[..., C_REFERENCE_COST] = reference[None, :, None]
    table[..., C_STAFF] = heads * r.wage_share[None, :, None] / wage
    table[..., C_WAGE] = wage
    table[..., C_OTHER] = world.p[P_OTHER_COST_SHARE]
    table[..., C_DEPRECIATION] = r.delta[None, :, None]
    table[..., C_RESEARCH] = (r.rd_intensity / r.va_ratio)[None, :, None]
    table[..., C_VALUE_RATIO] = r.va_ratio[None, :, None]
    table[..., C_FACTOR] = env.shock[:, None, None]
    table[..., C_ADOPTERS] = 0.0
    table[..., C_SERVICES] = world.p[P_SERVICES_CEILING]
    table[..., C_CORE] = r.core[None, :, None]
    table[..., C_TECHNOLOGY] = technology(r)[None, :, None]
    table[..., C_LOCAL] = r.local_share[None, :, None]
    return table.reshape(quarters, industries * places, CELL_COUNT)


def technology(region: RegionArrays) -> np.ndarray:
    """1 for industries whose firms the ladder is open to."""
    return np.array([1.0 if "technology" in field_names(int(bits)) else 0.0 for bits in region.fields])


def ground_of(setting: Setting, world: World, largest: float) -> Ground:
    """What newcomers find; the pool is as large as untreated entry at its base probabilities needs."""
    r, p = world.region, world.p
    total = r.firms.sum()
    reference = 4 * (setting.region.reference.year + 1 - FIRST_YEAR)
    years = (setting.calendar - reference) / 4.0
    entries = total * np.exp(world.growth * years) / living_per_entry(world)
    mobile, founders = p[P_MOBILE_SHARE] / r.city_base_share, (1.0 - p[P_MOBILE_SHARE]) / p[P_FOUNDER_BASE]
    part = mobile / (mobile + founders)
    pool = entries / (part * r.city_base_share + (1.0 - part) * p[P_FOUNDER_BASE])
    by_industry = r.firms.sum(axis=1)
    return Ground(
        zone_share=np.ascontiguousarray(r.zone_share[:, 0]),
        fields=field_masks(setting.region),
        type_cdf=r.type_cdf,
        industry_cdf=np.cumsum(by_industry) / by_industry.sum(),
        pool=pool,
        mobile_part=np.array([part]),
        rent=r.rent_m2_month[None, :] * (world.env.rent_index * world.env.deflator)[:, None],
        price=world.env.deflator,
        largest=np.array([largest]),
        days=setting.days,
        calendar=setting.calendar.astype(np.int64),
        exit_by_age=world.exit_by_age,
        records=records_of(world),
        designated=r.designated_share,
        space_elasticity=r.space_elasticity,
        space_per_head=np.array([r.space_per_worker]),
        mobile_base=np.array([r.city_base_share]),
    )


def records_of(world: World) -> np.ndarray:
    """Address that ends the region file's records, and their number."""
    return np.array([RECORD_ADDRESSES, float(max(1, len(world.region.record_industry)))])


def entrant_cap(world: World) -> float:
    """Log of the largest entrant over the typical one."""
    return float(np.log(world.p[P_ENTRANT_CAP]))
