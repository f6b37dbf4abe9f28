"""The back-of-the-envelope chain beside the model's own numbers, for docs/ODD.md."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from policymix.analysis.additionality import parts
from policymix.analysis.alarms import PACKAGES, mix_with
from policymix.analysis.chain import LINKS, PERCENTILES, ROWS, chain
from policymix.analysis.differences import against_baseline
from policymix.analysis.money import paid_total
from policymix.analysis.selection import baseline_of, level, series
from policymix.calibrate.fit import stale_fits
from policymix.errors import InvalidValue, NotFound
from policymix.experiments.kept import (
    Kept,
    Number,
    path_of,
    read_kept,
    sources_of,
    stale_sources,
    stale_verdicts,
    verdicts_path,
    write_kept,
)
from policymix.experiments.scenario import load_scenario
from policymix.experiments.store import INPUTS, open_results, read_manifest

if TYPE_CHECKING:
    import xarray

SCENARIO = "dalian-2025"
YEAR = 2025
BEYOND = {
    "zone_firms": ("active firms, zone", "firms", "+50 to +130"),
    "city_firms": ("active firms, city", "firms", "+15 to +40"),
    "jobs": ("jobs, city", "persons", "+300 to +2,500"),
    "chick_eagles": ("chick-eagles ever recognised, zone", "firms", "+5 to +15 a year"),
    "gazelles": ("gazelles ever recognised, zone", "firms", "0 to +4"),
    "displacement": ("displaced investment of other firms", "bn CNY", ""),
    "rationed": ("granted claims that were cut", "1", ""),
}
"""What the chain cannot give: title, unit, and the judgement of ECONOMICS (c) where it has one."""


def comparison() -> str:
    """Two Markdown tables, chain beside model and what the model alone gives; says when the model's are stale."""
    kept = read_kept(path_of(SCENARIO))
    free, central = chain(), chain(0.3)
    model = kept.numbers if kept else {}
    lines = [_line(["", "unit", "chain, 0.3 bn a year", "chain, 0.1 to 1 bn a year", "model"])]
    lines += [_line(["---"] * 5)]
    for name, (title, unit) in ROWS.items():
        lines.append(_line([title, unit, _spread(central[name]), _spread(free[name]), _number(model.get(name))]))
    lines += ["", _line(["what the chain cannot give", "unit", "judgement", "model"]), _line(["---"] * 4)]
    for name, (title, unit, judged) in BEYOND.items():
        lines.append(_line([title, unit, judged, _number(model.get(name))]))
    return "\n".join([*lines, "", _standing(kept)])


def links() -> str:
    """The ranges of the chain with their reasons."""
    rows = [_line(["number", "range", "unit", "why"]), _line(["---"] * 4)]
    for link in LINKS:
        span = f"{link.low:g}-{link.high:g}" if link.law == "uniform" else f"{link.low:g} x exp({link.high:g} z)"
        rows.append(_line([f"`{link.name}`", span, link.unit, link.why]))
    return "\n".join(rows)


VERDICTS = ("facts", "validation", "backtest-dalian", "backtest-qingdao", "backtest-shiyan")


def keep_results(folder: Path) -> Path:
    """Write the model's numbers of a run's folder to ``calibration/results``; returns the file.

    Raises
    ------
    NotFound
        The folder holds no run, or one without both packages.
    InvalidValue
        Its scenario is not one that is kept.
    """
    read_manifest(folder)
    scenario = load_scenario(folder / INPUTS / "scenario.toml")
    if scenario.id != SCENARIO:
        raise InvalidValue("--results", f"a run of {scenario.id}", f"a run of {SCENARIO}")
    path = path_of(SCENARIO)
    write_kept(path, Kept(measured(open_results(folder)), sources_of(scenario)))
    return path


def stale_results() -> list[str]:
    """Files of kept numbers whose sources have changed since, with the sources; a missing file is stale."""
    kept, path = read_kept(path_of(SCENARIO)), path_of(SCENARIO)
    if kept is None:
        return [*stale_fits(), f"{path}: not made yet"]
    changed = {path: stale_sources(SCENARIO, kept)} | {verdicts_path(what): stale_verdicts(what) for what in VERDICTS}
    old = [f"{file}: made before a change of {', '.join(names)}" for file, names in changed.items() if names]
    return [*stale_fits(), *old]


def measured(results: xarray.Dataset) -> dict[str, Number]:
    """The rows of the comparison from a run: percentiles 5, 50 and 95 over draws of the paired differences.

    Raises
    ------
    NotFound
        No mix of the run holds both packages.
    """
    mix = mix_with(results, PACKAGES)
    if mix is None:
        raise NotFound("mix", "+".join(PACKAGES), [str(name) for name in results["mix"].values])
    baseline = baseline_of(results)

    def rise(values: xarray.DataArray) -> xarray.DataArray:
        return against_baseline(values.astype(float), baseline).sel(mix=mix)

    paid = paid_total(results).sel(mix=mix) / 1e9
    investment = parts(results, "investment").sel(mix=mix) / 1e9
    core = rise(_of_year(results, "core_value_added")) / 1e9
    approved, cut = (
        results[name].sel(mix=mix).sum([d for d in results[name].dims if d not in ("mix", "draw", "replicate")])
        for name in ("claims_approved", "claims_rationed")
    )
    found = {
        "paid": paid,
        "gross": investment["gross"],
        "additional_grants": investment["additional"],
        "share": 100.0 * rise(series(results, "core_share").sel(year=YEAR, drop=True)),
        "additional_share": investment["additional"] / investment["gross"],
        "value_per_yuan": core / paid,
        "zone_firms": rise(level(results, "active_firms", place="zone")),
        "city_firms": rise(level(results, "active_firms")),
        "jobs": rise(level(results, "employment")),
        "chick_eagles": rise(level(results, "recognised", place="zone", step="chick_eagle")),
        "gazelles": rise(level(results, "recognised", place="zone", step="gazelle")),
        "displacement": investment["displacement"],
        "rationed": cut / approved,
    }
    units = {name: row[1] for name, row in (ROWS | BEYOND).items()}
    return {name: Number(*_over_runs(values), units[name]) for name, values in found.items()}


def _of_year(results: xarray.Dataset, name: str) -> xarray.DataArray:
    """Sum over the quarters of the year, of the run with free prices."""
    values = results[name]
    values = values.sel(prices="free", drop=True) if "prices" in values.dims else values
    return values.sel(quarter=[q for q in values["quarter"].values if str(q).startswith(str(YEAR))]).sum("quarter")


def _over_runs(values: xarray.DataArray) -> tuple[float, float, float]:
    import numpy as np

    low, middle, high = np.nanpercentile(values.values, PERCENTILES)
    return float(low), float(middle), float(high)


def _standing(kept: Kept | None) -> str:
    if kept is None:
        return "*The model's numbers have not been made yet: `.ci/full` makes them.*"
    changed = stale_sources(SCENARIO, kept)
    if changed:
        return (
            f"*The model's numbers were made before a change of {', '.join(changed)}, and are to be made again "
            "(`.ci/full`).*"
        )
    return "The model's numbers are those of `policymix run dalian-2025` (`calibration/results/dalian-2025.csv`)."


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _number(number: Number | None) -> str:
    return "" if number is None else _spread((number.low, number.median, number.high))


def _spread(values: tuple[float, float, float]) -> str:
    return " / ".join(f"{x:,.0f}" if abs(x) >= 100.0 else f"{x:.2g}" for x in values)
