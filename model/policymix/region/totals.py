"""Published totals: rake weights to them, and set what a synthetic city gives beside them.

A total is addressed by ``KEY/PLACE/YEAR`` (``recognised.gazelle/dalian-htz/2021``). ``use`` says what it is for:
``rake`` (the initial population is fitted to it), ``compare`` (shown with its residual, never fitted), ``ceiling``
(wider than the model: stay below).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from policymix.errors import InvalidValue, NotFound
from policymix.region.arrays import EnvArrays, RegionArrays
from policymix.region.schema import Region, Total

RAKE_TOLERANCE = 1e-10
RAKE_ROUNDS = 500


class Comparison(NamedTuple):
    """One published total beside its synthetic counterpart. `residual` = synthetic / published - 1."""

    key: str
    title: dict[str, str]
    place: str
    published: float
    year: int
    synthetic: float | None
    residual: float | None
    tolerance: float
    within: bool | None
    source: str
    use: str
    unit: str
    scope: str


def total_key(total: Total) -> str:
    """Address of a published total: ``KEY/PLACE/YEAR``."""
    return f"{total.key}/{total.place}/{total.year}"


def comparison(
    region: Region, synthetic: Mapping[str, float], values: Mapping[str, float] | None = None
) -> list[Comparison]:
    """Every published total of the region with what the synthetic city gives.

    Published ladder counts cover all industries, the model only categories 01-05: synthetic counts
    ``recognised.STEP`` are divided by the step's modelled share before they are compared.

    Parameters
    ----------
    region : the region
    synthetic : value by ``KEY/PLACE/YEAR``, in the unit of the total; totals without a value are listed with None
    values : the numbers of the draw by address, for the modelled shares; defaults otherwise
    """
    known = [total_key(total) for total in region.total]
    for key in synthetic:
        if key not in known:
            raise NotFound("published total", key, known, where=f"region {region.id}")
    shares: dict[str, float] = {
        row.step: (values or {}).get(f"region.{row.step}.modelled", row.modelled.value) for row in region.ladder
    }
    rows = []
    for total in region.total:
        value = synthetic.get(total_key(total))
        step = total.key.removeprefix("recognised.")
        if value is not None and step != total.key:
            value = value / shares.get(step, 1.0)
        rows.append(_compare(total, value))
    return rows


def comparison_text(rows: list[Comparison], language: str = "en") -> str:
    """The comparison as lines of text: misses, then what is not modelled, then hits."""
    lines = []
    for row in sorted(rows, key=lambda row: (False, None, True).index(row.within)):
        mark = {None: "?", True: "ok", False: "MISS"}[row.within]
        found = "not modelled" if row.synthetic is None else f"{row.synthetic:,.4g}"
        gap = "" if row.residual is None else f" ({row.residual:+.1%})"
        bound = "at most it" if row.use == "ceiling" else f"within {100.0 * row.tolerance:g}%"
        lines.append(
            f"{mark:>4}  {row.title[language]} {row.year} ({row.place}): published {row.published:,.4g} {row.unit}, "
            f"synthetic {found}{gap}; {bound}; {row.source}" + (f"; {row.scope}" if row.scope else "")
        )
    return "\n".join(lines)


def implied_totals(region: Region, arrays: RegionArrays, environment: EnvArrays) -> dict[str, float]:
    """What the region file itself implies for its published totals, before any firm is simulated.

    Levels of the reference year are carried to the year of the total: counts by entry growth, values by the trend
    growth of the core and its price. So a region file can be checked for consistency without a run.
    """
    firms, value = arrays.firms, arrays.value_added
    revenue = value / arrays.va_ratio[:, None]
    found: dict[str, float] = {}
    for total in region.total:
        years = total.year - region.reference.year
        count = (1.0 + environment.entry_growth[0]) ** years
        money = _core_growth(environment, region.reference.year, total.year)
        covered = [i for i, place in enumerate(region.places) if total.place in (place, region.city)]
        name = total.key.rsplit(".", 1)[-1]
        row = region.industries.index(name) if name in region.industries else None
        implied = {
            "gdp": _gdp(region, environment, total) if total.place == region.city else value[:, covered].sum() * money,
            "core_value_added_share": value[arrays.core].sum() / arrays.gdp,
            "reported_rd": (revenue * arrays.rd_intensity[:, None])[:, covered].sum() * money,
        }
        if row is not None:
            implied[f"firms.{name}"] = firms[row, covered].sum() * count
            implied[f"revenue.{name}"] = revenue[row, covered].sum() * money
            implied[f"place_share.firms.{name}"] = firms[row, covered].sum() / firms[row].sum()
            implied[f"place_share.revenue.{name}"] = revenue[row, covered].sum() / revenue[row].sum()
        if total.key in implied:
            found[total_key(total)] = float(implied[total.key])
    return found


def rake(
    weights: np.ndarray, industry_totals: np.ndarray, place_totals: np.ndarray, rounds: int = RAKE_ROUNDS
) -> np.ndarray:
    """Iterative proportional fitting of weights [industry, place] to the totals of both margins.

    w_ip <- w_ip T_i / sum_p w_ip, then w_ip <- w_ip T_p / sum_i w_ip, until both hold to `RAKE_TOLERANCE`. A margin
    of NaN is free. Zero weights stay zero.

    Parameters
    ----------
    weights : non-negative start, [industry, place]
    industry_totals, place_totals : margins in the unit wanted for the result; NaN leaves a margin free
    """
    fitted = np.array(weights, dtype=np.float64)
    rows, columns = np.asarray(industry_totals, dtype=np.float64), np.asarray(place_totals, dtype=np.float64)
    _check_margins(fitted, rows, columns)
    for _ in range(rounds):
        fitted = fitted * _ratio(rows, fitted.sum(axis=1))[:, None]
        fitted = fitted * _ratio(columns, fitted.sum(axis=0))[None, :]
        if _gap(rows, fitted.sum(axis=1)) < RAKE_TOLERANCE and _gap(columns, fitted.sum(axis=0)) < RAKE_TOLERANCE:
            return fitted
    gap = max(_gap(rows, fitted.sum(axis=1)), _gap(columns, fitted.sum(axis=0)))
    raise InvalidValue(
        "raking", f"a gap of {gap:.1e} after {rounds} rounds", "margins that the non-zero cells can meet"
    )


def _compare(total: Total, synthetic: float | None) -> Comparison:
    residual = None if synthetic is None else _residual(synthetic, total.value)
    within = (
        None if residual is None else residual <= 0.0 if total.use == "ceiling" else abs(residual) <= total.tolerance
    )
    return Comparison(
        key=total_key(total),
        title={"en": total.title.en, "zh": total.title.zh},
        place=total.place,
        published=total.value,
        year=total.year,
        synthetic=synthetic,
        residual=residual,
        tolerance=total.tolerance,
        within=within,
        source=", ".join(total.source),
        use=total.use,
        unit=total.unit,
        scope=total.scope,
    )


def _residual(synthetic: float, published: float) -> float:
    if published == 0.0:
        return 0.0 if synthetic == 0.0 else float("inf")
    return synthetic / published - 1.0


def _gdp(region: Region, environment: EnvArrays, total: Total) -> float:
    rows = [i for i, quarter in enumerate(environment.quarter) if int(quarter[:4]) == total.year]
    return float(environment.gdp_nominal[rows].sum())


def _core_growth(environment: EnvArrays, base: int, year: int) -> float:
    """Nominal growth factor of core output from one year to another, along the environment's trend and shocks."""
    level = (
        np.exp(np.cumsum(environment.core_growth) / 4.0)
        * environment.shock
        * environment.core_price
        * environment.deflator
    )
    years = np.array([int(quarter[:4]) for quarter in environment.quarter])
    return float(level[years == year].mean() / level[years == base].mean())


def _check_margins(weights: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None:
    if weights.shape != (rows.size, columns.size):
        raise InvalidValue("raking", f"weights {weights.shape}", f"shape {(rows.size, columns.size)} of the margins")
    if (weights < 0.0).any() or (rows < 0.0).any() or (columns < 0.0).any():
        raise InvalidValue("raking", "a negative number", "weights and totals of 0 or more")
    both = np.isfinite(rows).all() and np.isfinite(columns).all()
    if both and not np.isclose(rows.sum(), columns.sum(), rtol=1e-9, atol=0.0):
        raise InvalidValue("raking", f"margins of {rows.sum():g} and {columns.sum():g}", "two margins with one sum")


def _ratio(wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    scale = np.divide(wanted, found, out=np.ones_like(found), where=found > 0.0)
    return np.where(np.isfinite(wanted), scale, 1.0)


def _gap(wanted: np.ndarray, found: np.ndarray) -> float:
    held = np.isfinite(wanted)
    return float(np.max(np.abs(found[held] - wanted[held]) / np.maximum(wanted[held], 1e-300), initial=0.0))
