"""`policymix.figures`: every picture of the page in one line of a notebook, as matplotlib axes.

Each function takes results (the Dataset of `policymix.run` or `policymix.open_results`, or the name of a run in
``out/``) and returns the axes of a new figure: an array of them where the figure has panels, row by row. They are
pyplot's, so that a notebook shows the figure below the cell. The picture is that of the page: one function draws both.

>>> policymix.figures.core_share(results)                                   # doctest: +SKIP
>>> axes = policymix.figures.additionality("dalian-2025", lang="zh")        # doctest: +SKIP
>>> axes[0].figure.savefig("additionality.pdf")                             # doctest: +SKIP
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from policymix import catalog
from policymix.analysis.firm_classes import by_class
from policymix.analysis.groups import by_group
from policymix.analysis.scorecard import scorecard as scored
from policymix.analysis.selection import fullest_mix, years_of
from policymix.analysis.treasury import treasury as accounted
from policymix.errors import InvalidValue, NotFound
from policymix.experiments.store import open_results
from policymix.policy.target import Target, load_targets
from policymix.report import answer_figures, backtest_figures, class_figures, figures, fit_figures
from policymix.report.names import names_of, naming
from policymix.report.style import drawing, for_notebooks, speaking
from policymix.report.tables import checked_language

if TYPE_CHECKING:
    import numpy as np
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from policymix.calibrate.backtest import Backtest

    Drawing = Axes | np.ndarray


def paths(
    results: xarray.Dataset | str, outcome: str, *, place: str | None = None, step: str | None = None, lang: str = "en"
) -> Drawing:
    """Fans (5-95 %, 25-75 %, median) of an outcome by mix, below them those of its paired difference to the baseline.

    Parameters
    ----------
    results : of a run, or its name in ``out/``
    outcome : such as investment, employment, active_firms; what a run holds: ``policymix list outcomes``
    place, step : a place or role, a rung of the ladder; the whole by default
    lang : en, zh or both

    Raises
    ------
    NotFound
        No such outcome.
    """
    results = _opened(results)
    known = [str(name) for name in results.data_vars if {"quarter", "year"} & set(results[name].dims)]
    if outcome not in known:
        raise NotFound("outcome with a path", outcome, known)
    with _shown(results, lang):
        return _axes(figures.paths(results, outcome, place=place, step=step))


def core_share(results: xarray.Dataset | str, *, lang: str = "en") -> Drawing:
    """Core industries' share of GDP, per cent, with the target of the last year, and differences in points."""
    results = _opened(results)
    year = years_of(results)[-1]
    aims = [one for one in targets_of(results) if one.outcome == "core_share" and one.at and one.at.year == year]
    with _shown(results, lang):
        return _axes(figures.core_share(results, aims[0] if aims else None))


def money(results: xarray.Dataset | str, *, lang: str = "en") -> Drawing:
    """Paid a year by clause, mean of runs: a column for each mix, a row for each payer."""
    return _plain(results, figures.money, lang)


def additionality(results: xarray.Dataset | str, *, lang: str = "en") -> Drawing:
    """Gross against additional by mix with 90 % intervals; a panel for each activity."""
    return _plain(results, figures.additionality, lang)


def ladder(results: xarray.Dataset | str, *, place: str = "zone", lang: str = "en") -> Drawing:
    """Firms recognised beyond the baseline; a panel for each rung, hollow where not resolved."""
    results = _opened(results)
    with _shown(results, lang):
        return _axes(figures.ladder(results, targets_of(results), place))


def scorecard(results: xarray.Dataset | str, *, lang: str = "en") -> Drawing:
    """Probability of every tracked target of the run by mix, 90 % intervals, the least likely first."""
    results = _opened(results)
    targets = targets_of(results)
    if not targets:
        raise InvalidValue("results", "a run without targets", "a run of a scenario whose targets are known")
    with _shown(results, lang):
        return _axes(answer_figures.scorecard(scored(results, targets)))


def treasury(results: xarray.Dataset | str, *, lang: str = "en") -> Drawing:
    """What the money buys: costs of an additional yuan, job, firm and point, leverage, tax, benefit over cost."""
    return _plain(results, lambda run: answer_figures.money(accounted(run)), lang)


def groups(
    results: xarray.Dataset | str, *, by: str = "industry", activity: str = "investment", lang: str = "en"
) -> Drawing:
    """Who gains and loses by place, industry, size, rung, clause or year: a panel for each mix."""
    return _plain(results, lambda run: answer_figures.groups(by_group(run, by, activity)), lang)


def classes(
    results: xarray.Dataset | str, *, by: str = "place", activity: str = "investment", lang: str = "en"
) -> Drawing:
    """A map from classes of firms to gains and losses: place and industry, or size and rung (``by="size"``)."""
    return _plain(results, lambda run: class_figures.classes(by_class(run, by, activity)), lang)


def allocated(results: xarray.Dataset | str, *, mix: str | None = None, lang: str = "en") -> Drawing:
    """Additional investment allocated to clauses by what they paid, no cause; of the fullest mix by default."""
    return _plain(results, lambda run: class_figures.allocated(by_group(run, "clause"), mix or fullest_mix(run)), lang)


def attribution(table: xarray.Dataset, *, lang: str = "en") -> Drawing:
    """Shares of clauses or packages by cause, from the table of ``analysis.attribution.attribute``."""
    with _shown(table, lang):
        return _axes(answer_figures.attribution(table))


def moments(fit: xarray.Dataset, *, lang: str = "en") -> Drawing:
    """Published figures against what runs would publish, from a fit (``experiments.posterior.open_fit``)."""
    return _of_region(lambda: fit_figures.moments(fit), lang)


def numbers(fit: xarray.Dataset, *, lang: str = "en") -> Drawing:
    """What the published figures say of every fitted number, from a fit."""
    return _of_region(lambda: fit_figures.numbers(fit), lang)


def forecasts(result: Backtest, *, lang: str = "en") -> Drawing:
    """A back-test's forecasts from every origin against what came (``calibrate.backtest.backtest``)."""
    return _of_region(lambda: backtest_figures.forecasts(result), lang)


def targets_of(results: xarray.Dataset) -> list[Target]:
    """Targets that a run names, as the shipped files have them; those of other files are left out."""
    found: dict[str, Target] = {}
    names = json.loads(results.attrs.get("targets", "[]"))
    for package in dict.fromkeys(name.split("/")[0] for name in names):
        if package in catalog.available("targets"):
            found |= {target.id: target for target in load_targets(package)}
    return [found[name] for name in names if name in found]


def _opened(results: xarray.Dataset | str) -> xarray.Dataset:
    """The results themselves, or those of a run by its name."""
    found: Any = results if hasattr(results, "data_vars") else open_results(results)
    baseline = str(found.attrs.get("baseline", ""))
    if baseline not in [str(mix) for mix in found["mix"].values]:
        raise InvalidValue("results", f"no mix '{baseline}', their baseline", "a run that holds it")
    return found


def _plain(results: xarray.Dataset | str, draw: Callable[[xarray.Dataset], Figure], lang: str) -> Drawing:
    found = _opened(results)
    with _shown(found, lang):
        return _axes(draw(found))


def _of_region(draw: Callable[[], Figure], lang: str) -> Drawing:
    """A figure that tells of no run."""
    with speaking(checked_language(lang)), for_notebooks():
        return _axes(draw())


@contextmanager
def _shown(results: xarray.Dataset, lang: str) -> Iterator[None]:
    """Draw for a notebook, in a language, with the names of a run."""
    names: Mapping[str, tuple[str, str]] = names_of(results)
    with speaking(checked_language(lang)), naming(names), for_notebooks():
        yield


def _axes(figure: Figure) -> Drawing:
    """Axes of a finished figure; its ticks are made now, while its look is known."""
    import numpy as np

    with drawing():
        figure.draw_without_rendering()
    found = [axis for axis in figure.axes if axis.axison]
    return found[0] if len(found) == 1 else np.array(found)
