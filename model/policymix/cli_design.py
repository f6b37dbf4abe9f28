"""The command that searches packages within a budget."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policymix.cli_answers import put_out
from policymix.cli_policy import Json, Language
from policymix.errors import InvalidValue

if TYPE_CHECKING:
    import xarray

    from policymix.experiments.design_problem import DesignProblem

commands = typer.Typer(rich_markup_mode=None)
INTERRUPTED = 130
BIG = ("run", "parameter_value", "draw", "column", "parameter", "sample")
"""Single runs of a design's table, which its printed forms leave out."""


@commands.command()
def design(
    problem: Annotated[str, typer.Argument(help="Name or file of a design problem.")] = "dalian-600",
    budget: Annotated[float | None, typer.Option(help="CNY over the horizon, instead of the file's.")] = None,
    draws: Annotated[int | None, typer.Option(help="Samples that the search sees.")] = None,
    fresh: Annotated[int | None, typer.Option(help="Other samples, in which its answer is measured again.")] = None,
    evaluations: Annotated[int | None, typer.Option(help="Packages that the search may try.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Time for the search; the answer then depends on it.")] = None,
    seed: Annotated[int | None, typer.Option(help="Root of every random number.")] = None,
    smallest: Annotated[
        bool, typer.Option("--smallest-budget", help="Instead: what meets --target with --probability.")
    ] = False,
    target: Annotated[str | None, typer.Option(help="With --smallest-budget: id of a target.")] = None,
    probability: Annotated[float, typer.Option(help="With --smallest-budget: wanted, 0..1.")] = 0.5,
    write: Annotated[Path | None, typer.Option(help="FILE.toml for the recommended package.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder in which every generation is kept.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what --out has.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Draws at once; all cores by default.")] = None,
    csv: Annotated[Path | None, typer.Option(help="File for the table in base units.")] = None,
    figure: Annotated[Path | None, typer.Option("--figure", help="File for a picture: FILE.png or FILE.svg.")] = None,
    lang: Language = "en",
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no progress.")] = False,
) -> None:
    """Search the best package within a budget, and set it against the published ones scaled to the same budget.

    \b
    Examples:
      policymix design
      policymix design dalian-600 --budget 300000000 --out out/design-300 --write best.toml --figure front.png
      policymix design dalian-600 --out out/design-300 --budget 300000000 --resume
      policymix design dalian-600 --smallest-budget --target dalian-2020/t2 --probability 0.7
    """
    from policymix.experiments.design_problem import load_problem, with_numbers

    _check_options(smallest, target, write, out, resume, figure)
    chosen = with_numbers(
        load_problem(problem),
        budget=budget, draws=draws, fresh=fresh, evaluations=evaluations, minutes=minutes, seed=seed,
    )  # fmt: skip
    if smallest:
        _smallest(chosen, str(target), probability, threads, csv, figure, lang, as_json, quiet)
        return
    from policymix.analysis.design import design as searched
    from policymix.analysis.smallest_budget import must_be_true
    from policymix.cli import progress_bar

    try:
        with progress_bar(quiet) as progress:
            table = searched(chosen, threads=threads, out=out, resume=resume, progress=progress)
    except KeyboardInterrupt:
        typer.echo(_stopped(out), err=True)
        raise typer.Exit(INTERRUPTED) from None
    from policymix.report.answers import languages
    from policymix.report.design import design_pages, front_figure, truth_page

    language = languages(lang)
    pages = [*design_pages(table, language), truth_page(must_be_true(table), language)]
    put_out(table.drop_vars(BIG), pages, csv, as_json, figure, front_figure(table) if figure else None)
    if write is not None:
        _write(table, chosen, write)


def _smallest(
    problem: DesignProblem,
    target: str,
    probability: float,
    threads: int | None,
    csv: Path | None,
    figure: Path | None,
    lang: str,
    as_json: bool,
    quiet: bool,
) -> None:
    from policymix.analysis.smallest_budget import smallest_budget
    from policymix.cli import progress_bar

    with progress_bar(quiet) as progress:
        table = smallest_budget(problem, target, probability, threads=threads, progress=progress)
    from policymix.report.answers import languages
    from policymix.report.design import smallest_figure, smallest_page

    drawn = smallest_figure(table) if figure else None
    put_out(table, [smallest_page(table, languages(lang))], csv, as_json, figure, drawn)


def _write(table: xarray.Dataset, problem: DesignProblem, path: Path) -> None:
    """The recommended package as files, and how to run them."""
    from policymix.analysis.design import recommended_packages
    from policymix.experiments.candidates import write

    packages, published = recommended_packages(problem, table)
    files = write(packages, published, path)
    mix = "+".join(str(file) for file in files)
    typer.echo(f"{', '.join(map(str, files))}: policymix run {problem.scenario} --mix none,{path.stem}={mix}", err=True)


def _check_options(
    smallest: bool, target: str | None, write: Path | None, out: Path | None, resume: bool, figure: Path | None
) -> None:
    """Refuse options that do not go together, before any work."""
    if smallest and target is None:
        raise InvalidValue("--smallest-budget", "no --target", "--target ID, such as dalian-2020/t2")
    if not smallest and target is not None:
        raise InvalidValue("--target", target, "--smallest-budget as well; goals of a search stand in its file")
    if smallest and (write is not None or out is not None):
        raise InvalidValue("--smallest-budget", "--write or --out", "neither: it searches no package")
    if resume and out is None:
        raise InvalidValue("--resume", "no --out", "--out FOLDER of the search to go on with")
    if write is not None and write.suffix != ".toml":
        raise InvalidValue("--write", str(write), "a name that ends in .toml")
    if figure is not None:
        from policymix.report.answer_figures import check_name

        check_name(figure)


def _stopped(out: Path | None) -> str:
    """What an interrupted search leaves behind."""
    if out is None:
        return "policymix: interrupted; nothing was kept (--out FOLDER keeps every generation)"
    again = shlex.join(["policymix", *(word for word in sys.argv[1:] if word != "--resume"), "--resume"])
    return f"policymix: stopped; every finished generation is in {out}; go on with: {again}"
