"""Does the money that packages pay stay inside published bounds? `calibration/bounds.toml`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from policymix import catalog
from policymix.engine.claims import FEN, PAID
from policymix.engine.setting import HISTORY
from policymix.engine.unit import fork_unit
from policymix.engine.warm import warm
from policymix.errors import InvalidFile, NotFound, Problem
from policymix.experiments.inputs import gather, uncertainties
from policymix.experiments.quarters import quarter_number
from policymix.experiments.runner import draw_values, in_threads, setting_of
from policymix.experiments.scenario import Scenario
from policymix.region.evidence import Statistic, statistics
from policymix.region.schema import QuarterName, Strict, Title

LOW, HIGH = 5.0, 95.0


class Bound(Strict):
    """Money of a payer in a window of quarters, and the row whose figure it is to stay within."""

    id: str
    title: Title
    region: str
    payer: str
    start: Annotated[QuarterName, Field(alias="from")]
    until: QuarterName
    last_part: Annotated[float, Field(gt=0, le=1)] = 1.0
    source: str
    why: str = Field(min_length=1)


class _File(BaseModel):
    bound: list[Bound]


class Spent(NamedTuple):
    """What the packages paid against a bound, CNY; 5 %, median and 95 % of the draws."""

    bound: Bound
    published: float
    low: float
    median: float
    high: float

    @property
    def inside(self) -> bool:
        """Whether 95 % of the draws stay within the bound."""
        return self.high <= self.published


def read_bounds(region: str, path: Path | None = None) -> list[tuple[Bound, float]]:
    """The bounds of a region with their figures in CNY; a row that does not exist is named."""
    path = catalog.evidence("bounds.toml") if path is None else path
    try:
        bounds = _File.model_validate(catalog.plain(catalog.read_toml(path))).bound
    except ValidationError as error:
        problems = [
            Problem(" > ".join(map(str, entry["loc"])), repr(entry.get("input")), entry["msg"])
            for entry in error.errors()
        ]
        raise InvalidFile(path, problems) from None
    figures: dict[str, Statistic] = {row.id: row for row in statistics()}
    for bound in bounds:
        if bound.source not in figures:
            raise NotFound("row", bound.source, figures, where=f"{path}: {bound.id}")
    return [(bound, figures[bound.source].in_model_units) for bound in bounds if bound.region == region]


def spent(
    scenario: Scenario,
    bounds: Sequence[tuple[Bound, float]],
    draws: int,
    *,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Spent]:
    """What a scenario's history and its fullest mix pay in the windows of the bounds; misses first.

    Parameters
    ----------
    scenario : its default packages, environment and priors
    bounds : `read_bounds`
    draws : samples of the uncertain numbers
    """
    if not bounds:
        return []
    fullest = max(scenario.mixes, key=lambda name: len(scenario.mixes[name]))
    last = max(quarter_number(bound.until) for bound, _ in bounds)
    end = max(last // 4, int(scenario.start[:4]))
    only = scenario.model_copy(
        update={
            "mixes": {fullest: scenario.mixes[fullest]},
            "baseline": fullest,
            "end": f"{end}Q4",
            "draws": draws,
            "replicates": 1,
        }
    )
    inputs = gather(only)
    setting = setting_of(inputs)
    priors = uncertainties(inputs)
    values, _ = draw_values(inputs, priors)
    names = [prior.name for prior in priors]
    warm(only.rules, setting.contract, setting.general)
    payers = sorted({bound.payer for bound, _ in bounds})
    paid = np.zeros((draws, len(payers), setting.quarters))

    def work(draw: int) -> None:
        numbers = dict(inputs.fixed) | dict(zip(names, values[draw].tolist(), strict=True))
        unit = fork_unit(setting, numbers, only.seed, draw, mixes=())
        for number, payer in enumerate(payers):
            before = _by_payer(setting.mixes[HISTORY], unit.start.burn_in.clause, payer)
            after = _by_payer(setting.mixes[fullest], unit.baseline.out.clause, payer)
            paid[draw, number] = np.r_[before[: setting.burn_in], after[setting.burn_in :]]

    in_threads(work, draws, threads, progress)
    first = quarter_number(setting.first_quarter)
    found = []
    for bound, figure in bounds:
        window = np.zeros(setting.quarters)
        window[quarter_number(bound.start) - first : quarter_number(bound.until) - first + 1] = 1.0
        window[quarter_number(bound.until) - first] = bound.last_part
        sums = paid[:, payers.index(bound.payer)] @ window
        low, median, high = np.percentile(sums, (LOW, 50.0, HIGH))
        found.append(Spent(bound, figure, float(low), float(median), float(high)))
    return sorted(found, key=lambda row: row.inside)


def _by_payer(mix, clause: np.ndarray, payer: str) -> np.ndarray:
    """Money that a payer pays for all clauses of a mix by quarter, CNY."""
    if payer not in mix.payers:
        return np.zeros(len(clause))
    return clause[:, : len(mix.clauses), PAID] @ mix.payer_share[:, mix.payers.index(payer)] / FEN
