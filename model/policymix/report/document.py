"""A finished run as a document that can be forwarded: everything the page says, found from the run's folder."""

from __future__ import annotations

import functools
import json
import shlex
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policymix import catalog
from policymix.analysis import attribution_file
from policymix.analysis.firm_classes import BY, by_class
from policymix.analysis.groups import by_group
from policymix.analysis.scorecard import scorecard
from policymix.analysis.selection import fullest_mix
from policymix.analysis.treasury import treasury
from policymix.errors import InvalidValue, NotFound, PolicymixError
from policymix.experiments import store
from policymix.experiments.inputs import Inputs, gather
from policymix.experiments.scenario import load_scenario
from policymix.region.totals import comparison
from policymix.report import answer_figures, class_figures, figures
from policymix.report.answer import answer
from policymix.report.html import CLASS_FIGURE, MAP_FIGURE, render
from policymix.report.names import names_of, naming
from policymix.report.style import render as drawn_as
from policymix.report.style import speaking
from policymix.report.tables import checked_language

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

    from policymix.policy.target import Target

ATTRIBUTION = "attribution"
"""How the figures of attributions are called, before mix and outcome."""
ALLOCATED = "allocated"
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

    @property
    def folder(self) -> Path:
        """Where its results lie."""
        place = store.place_of(self.name)
        return place.parent if place.is_file() else place


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
    return Finished(name, results, _inputs(place.parent if place.is_file() else place))


def page(
    finished: Finished,
    lang: str = "both",
    pictures: str = "svg",
    attributions: Iterable[Path] | None = None,
    *,
    printed: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """The page of a run, with who gains and loses, what the money buys, and how far to trust it.

    Parameters
    ----------
    lang : en, zh or both
    pictures : svg or png
    attributions : files that ``policymix attribute --out`` wrote; those beside the results by default
    printed : for paper, where nothing can be unfolded
    progress : called with (figures drawn, figures in all)

    Raises
    ------
    InvalidFile, InvalidValue
        An attribution that is none, or of another run.
    """
    checked_language(lang)
    results, inputs, targets = finished.results, finished.inputs, finished.targets
    causal, answers = attributed(finished, attributions), answers_of(results)
    known = answer(results, targets)
    with speaking(lang), naming(names_of(results, inputs)):
        every, images = drawings(finished, causal, answers, known.accounts), {}
        if causal:  # shares by cause take the place of those allocated
            every.pop(ALLOCATED, None)
        for name, draw in every.items():
            images[name] = drawn_as(draw().figure, pictures)
            if progress is not None:
                progress(len(images), len(every))
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
            answers=answers,
            causal=causal,
            printed=printed,
        )


def attributed(finished: Finished, files: Iterable[Path] | None = None) -> dict[str, xarray.Dataset]:
    """Attributions of a run's mixes by the names of their figures: those given, or those beside the results.

    Raises
    ------
    InvalidFile, InvalidValue
        A file that is given is no attribution, or of another run. One that only lies there is passed over then.
    """
    found: dict[str, xarray.Dataset] = {}
    scenario = None if finished.inputs is None else finished.inputs.scenario
    if files is not None:
        listed = files
    else:
        listed = attribution_file.beside(finished.folder) if finished.command is None else ()
    for path in listed:
        try:
            table = attribution_file.read(path)
            mix = attribution_file.mix_in(table, finished.results, scenario)
        except PolicymixError:
            if files is not None:
                raise
            continue
        name = f"{ATTRIBUTION}-{mix}-{table.attrs['outcome']}".replace("_", "-")
        names = [name, *(f"{name}-{number}" for number in range(2, len(found) + 2))]  # by clause, and by package
        found[next(each for each in names if each not in found)] = table.assign_attrs(mix=mix)
    return found


def figure_of(finished: Finished, name: str, lang: str = "both") -> figures.Drawn:
    """One figure of a run by its name.

    Raises
    ------
    NotFound
        No figure of that name.
    """
    checked_language(lang)
    every = drawings(finished, attributed(finished), answers_of(finished.results))
    if name not in every:
        raise NotFound("figure", name, every)
    with speaking(lang), naming(names_of(finished.results, finished.inputs)):
        return every[name]()


def answers_of(results: xarray.Dataset) -> Callable[[str], xarray.Dataset]:
    """Answers of a run by name, each worked out when it is first asked for: ``treasury``, or a breakdown of groups."""

    @functools.cache
    def found(name: str) -> xarray.Dataset:
        return treasury(results) if name == "treasury" else by_group(results, name)

    return found


def drawings(
    finished: Finished,
    causal: Mapping[str, xarray.Dataset],
    answers: Callable[[str], xarray.Dataset],
    accounts: xarray.Dataset | None = None,
) -> dict[str, Callable[[], figures.Drawn]]:
    """What draws every figure of the page, by name, in reading order."""
    results, targets = finished.results, finished.targets
    found = figures.standard(results, targets, accounts)
    if any(bool(target.outcome) for target in targets):
        found["scorecard"] = lambda: _drawn("scorecard", scorecard(results, targets), answer_figures.scorecard)
    if results.sizes["mix"] < 2:
        return found
    found["treasury"] = lambda: _drawn("treasury", answers("treasury"), answer_figures.money)
    for name, table in causal.items():
        flat = table.drop_vars(["by_run", "total"], errors="ignore")
        found[name] = functools.partial(_drawn, name, flat, answer_figures.attribution)
    draw = functools.partial(class_figures.allocated, mix=fullest_mix(results))
    found[ALLOCATED] = lambda: _drawn(ALLOCATED, answers("clause"), draw)
    for by in CLASSES:
        name = f"{CLASS_FIGURE}{by}"
        found[name] = functools.partial(_of_groups, answers, name, by)
    for by in BY:
        name = f"{MAP_FIGURE}{by}"
        found[name] = functools.partial(_of_classes, results, name, by)
    return found


def _drawn(name: str, table: xarray.Dataset, draw: Callable[[xarray.Dataset], Figure]) -> figures.Drawn:
    """A figure with the table that it shows."""
    return figures.Drawn(name, draw(table), table.to_dataframe().reset_index())


def _of_groups(answers: Callable[[str], xarray.Dataset], name: str, by: str) -> figures.Drawn:
    return _drawn(name, answers(by), answer_figures.groups)


def _of_classes(results: xarray.Dataset, name: str, by: str) -> figures.Drawn:
    return _drawn(name, by_class(results, by), class_figures.classes)


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
    if not (finished.folder / store.MANIFEST).is_file():
        return None
    words = store.read_manifest(finished.folder).get("command", [])
    return shlex.join(words) if words else None
