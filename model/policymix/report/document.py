"""A finished run as a document that can be forwarded: everything the page says, found from the run's folder."""

from __future__ import annotations

import json
import shlex
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policymix import catalog
from policymix.analysis.groups import by_group
from policymix.analysis.scorecard import scorecard
from policymix.analysis.treasury import treasury
from policymix.errors import InvalidValue, NotFound
from policymix.experiments import store
from policymix.experiments.inputs import Inputs, gather
from policymix.experiments.scenario import load_scenario
from policymix.region.totals import comparison
from policymix.report import answer_figures, figures
from policymix.report.answer import answer
from policymix.report.html import CLASS_FIGURE, render
from policymix.report.style import render as drawn_as
from policymix.report.style import speaking
from policymix.report.tables import checked_language

if TYPE_CHECKING:
    import xarray

    from policymix.policy.target import Target

CLASSES = ("size", "industry")
"""By what the page tells who gains and who loses."""
PICTURES = {"html": "svg", "pdf": "svg", "docx": "png"}


@dataclass(frozen=True)
class Finished:
    """A run that is over.

    Attributes
    ----------
    name : as it was asked for, for commands
    inputs : what it was made from; None of a lone ``results.nc``
    command : what made it, where no folder tells
    """

    name: str
    results: xarray.Dataset
    inputs: Inputs | None
    command: str | None = None

    @property
    def targets(self) -> list[Target]:
        """Targets of its scenario."""
        return [] if self.inputs is None else list(self.inputs.targets)


def opened(name: str) -> Finished:
    """A run by its folder, its file, or its name in ``out/``.

    Raises
    ------
    NotFound, InvalidFile
        Nothing there, or nothing that this version reads.
    InvalidValue
        A sweep, or results without their baseline.
    """
    place = store.place_of(name)
    if store.is_sweep(place):
        raise InvalidValue("RESULTS", f"{name}, a sweep", f"a run; a sweep is told by: policymix compare {name}")
    results = store.open_results(place)
    baseline = str(results.attrs.get("baseline", ""))
    if baseline not in [str(mix) for mix in results["mix"].values]:
        raise InvalidValue("RESULTS", f"{name} without its baseline '{baseline}'", "a run that holds it")
    folder = place.parent if place.is_file() else place
    return Finished(name, results, _inputs(folder))


def page(finished: Finished, lang: str = "both", pictures: str = "svg") -> str:
    """The page of a run, with who gains and loses, what the money buys, and how far to trust it.

    Parameters
    ----------
    lang : en, zh or both
    pictures : svg or png
    """
    checked_language(lang)
    results, inputs, targets = finished.results, finished.inputs, finished.targets
    known = answer(results, targets)
    with speaking(lang):
        pairs = [*figures.standard_figures(results, targets, known.accounts), *_more(results, targets)]
    images = {one.name: drawn_as(one.figure, pictures) for one in pairs}
    return render(
        results,
        targets=targets,
        known=known,
        region_table=None if inputs is None else totals_of(results, inputs),
        sources=None if inputs is None else sources_of(inputs),
        command=_command(finished),
        images=images,
        lang=lang,
        name=finished.name,
        deep=True,
    )


def figure_of(finished: Finished, name: str, lang: str = "both") -> figures.Drawn:
    """One figure of a run by its name.

    Raises
    ------
    NotFound
        No figure of that name.
    """
    checked_language(lang)
    with speaking(lang):
        first = figures.standard_figures(finished.results, finished.targets)
        every = [*first, *_more(finished.results, finished.targets)]
    for drawn in every:
        if drawn.name == name:
            return drawn
    raise NotFound("figure", name, [drawn.name for drawn in every])


def _more(results: xarray.Dataset, targets: list[Target]) -> Iterator[figures.Drawn]:
    """Figures of the answers: targets, money, firm classes."""
    if targets:
        table = scorecard(results, targets)
        if bool(table["tracked"].any()):
            yield figures.Drawn("scorecard", answer_figures.scorecard(table), table.to_dataframe().reset_index())
    money = treasury(results)
    yield figures.Drawn("treasury", answer_figures.money(money), money.to_dataframe().reset_index())
    for by in CLASSES:
        table = by_group(results, by)
        yield figures.Drawn(f"{CLASS_FIGURE}{by}", answer_figures.groups(table), table.to_dataframe().reset_index())


def sources_of(inputs: Inputs) -> list[dict[str, str]]:
    """Documents behind the packages of a run."""
    return [
        {
            "package": package.id,
            "title": package.head.title.en,
            "title_zh": package.head.title.zh,
            "source": package.head.source or "",
        }
        for package in inputs.packages.values()
    ]


def totals_of(results: xarray.Dataset, inputs: Inputs) -> list[Any] | None:
    """Published against synthetic totals, where the run states its synthetic ones (attribute ``synthetic_totals``)."""
    stated = results.attrs.get("synthetic_totals")
    return comparison(inputs.region, json.loads(stated)) if stated else None


def _inputs(folder: Path) -> Inputs | None:
    """What a run was made from, by the copies in its folder."""
    file = folder / store.INPUTS / "scenario.toml"
    if not file.is_file():
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", catalog.HiddenFile)  # the copies are meant to come before the shipped files
        return gather(load_scenario(file))


def _command(finished: Finished) -> str | None:
    """The command line that made the run, from its manifest."""
    if finished.command is not None:
        return finished.command
    place = store.place_of(finished.name)
    folder = place.parent if place.is_file() else place
    if not (folder / store.MANIFEST).is_file():
        return None
    words = store.read_manifest(folder).get("command", [])
    return shlex.join(words) if words else None
