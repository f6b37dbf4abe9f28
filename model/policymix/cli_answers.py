"""Commands that answer a designer's questions from finished results: who changed what, at what price, which targets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policymix.cli_policy import Json, Language
from policymix.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

    from policymix.analysis.compare import Finished
    from policymix.report.answers import Page

commands = typer.Typer(rich_markup_mode=None)

Results = Annotated[str, typer.Argument(metavar="RESULTS", help="Folder of a run, or its name in out/.")]
Prices = Annotated[str, typer.Option(help="free, or frozen for the direct effect.")]
Csv = Annotated[Path | None, typer.Option(help="File for the table in base units.")]
FigureFile = Annotated[Path | None, typer.Option("--figure", help="File for a picture: FILE.png or FILE.svg.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print no progress and no table.")]
Baseline = Annotated[str | None, typer.Option(help="Baseline; only the one that the run was paired with.")]


@commands.command()
def additionality(
    results: Results = "dalian-2025",
    by: Annotated[str, typer.Option(help="place, industry, size, rung, clause or year.")] = "place",
    activity: Annotated[
        str, typer.Option(help="investment, real_rd, value_added, employment or active_firms.")
    ] = "investment",
    prices: Prices = "free",
    interval: Annotated[float | None, typer.Option(help="Width of the intervals; 0.9 by default.")] = None,
    baseline: Baseline = None,
    csv: Csv = None,
    figure: FigureFile = None,
    lang: Language = "en",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Gross, additional, deadweight and displaced activity of a run by place, industry, size, rung, clause or year.

    \b
    Examples:
      policymix additionality dalian-2025 --by size
      policymix additionality dalian-2025 --by clause --activity real_rd --csv clauses.csv
      policymix additionality dalian-2025 --by year --figure timing.png
    """
    from policymix.analysis.groups import by_group

    finished = _opened(results, figure)
    table = by_group(finished.results, by, activity, prices=_prices(prices), baseline=baseline, interval=interval)
    from policymix.report import answer_figures
    from policymix.report.answers import group_pages, languages
    from policymix.report.names import names_of, naming

    with naming(names_of(finished.results)):
        pages = group_pages(table, languages(lang))
        drawn = answer_figures.groups(table) if figure else None
    put_out(table, pages, csv, as_json, figure, drawn, quiet=quiet)


@commands.command()
def money(
    results: Results = "dalian-2025",
    prices: Prices = "free",
    rate: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Fix a rate; repeatable.")] = None,
    baseline: Baseline = None,
    csv: Csv = None,
    figure: FigureFile = None,
    lang: Language = "en",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """What was committed, paid and is owed, what a yuan bought, present values, tax that comes back, benefit over cost.

    \b
    Examples:
      policymix money dalian-2025
      policymix money dalian-2025 --rate discount=0.03 --rate cost_of_funds=1.0
    """
    from policymix.analysis.treasury import treasury

    finished = _opened(results, figure)
    table = treasury(finished.results, prices=_prices(prices), set=_named(rate, "--rate"), baseline=baseline)
    from policymix.report import answer_figures
    from policymix.report.answers import languages, money_page

    drawn = answer_figures.money(table) if figure else None
    put_out(table, [money_page(table, languages(lang))], csv, as_json, figure, drawn, quiet=quiet)


@commands.command()
def targets(
    results: Results = "dalian-2025",
    of: Annotated[
        list[str] | None, typer.Option("--target", help="A target; repeatable. All of them: their joint probability.")
    ] = None,
    pairs: Annotated[bool, typer.Option("--pairs", help="Differences between any two mixes.")] = False,
    here: Annotated[int | None, typer.Option("--from", help="Year from which needed growth is counted.")] = None,
    csv: Csv = None,
    figure: FigureFile = None,
    lang: Language = "en",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Probability, shortfall, year of crossing and growth needed of every dated target; sets of them; any two mixes.

    \b
    Examples:
      policymix targets dalian-2025
      policymix targets dalian-2025 --target dalian-2020/t2 --target dalian-2020/t3
      policymix targets dalian-2025 --target dalian-2020/t2 --pairs
      policymix targets dalian-2025 --from 2023 --figure scorecard.png
    """
    from policymix.analysis import scorecard as found

    finished = _opened(results, figure)
    listed = finished.origin.targets if finished.origin is not None else []
    if not listed:
        raise InvalidValue("RESULTS", f"{results}, which has no targets", "a run of a scenario with targets")
    chosen = found.chosen(listed, of or ())
    from policymix.report import answer_figures
    from policymix.report.answers import between_page, joint_page, languages, target_page

    language = languages(lang)
    drawn = None
    if pairs:
        table = found.between(finished.results, chosen, of or ())
        pages = [between_page(table, name, language) for name in table["target"].values.tolist()]
        if figure is not None:
            raise InvalidValue("--figure", "with --pairs", "one of the two")
    else:
        table = found.scorecard(finished.results, chosen, here=here)
        pages = [target_page(table, language)]
        if of and len(of) > 1:
            pages.append(joint_page(found.joint(finished.results, chosen, of), language))
        drawn = answer_figures.scorecard(table) if figure else None
    put_out(table, pages, csv, as_json, figure, drawn, quiet=quiet)


@commands.command()
def attribute(
    scenario: Annotated[str, typer.Argument(help="Name or file of a scenario.")] = "dalian-2025",
    mix: Annotated[str, typer.Option(help="One mix of the scenario, or packages joined by +.")] = "both",
    by: Annotated[str, typer.Option(help="clause, or package.")] = "clause",
    players: Annotated[
        str | None, typer.Option(help="Packages and clauses instead: htz-2022,dalian-2021/1; the rest is one more.")
    ] = None,
    outcome: Annotated[
        str, typer.Option(help="investment, value_added, real_rd, employment, active_firms, core_share or paid.")
    ] = "investment",
    draws: Annotated[int | None, typer.Option(help="Samples of the uncertain parameters.")] = None,
    replicates: Annotated[int | None, typer.Option(help="Repetitions within each draw.")] = None,
    seed: Annotated[int | None, typer.Option(help="Root of every random number.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="ADDRESS=VALUE", help="Set a value; repeatable.")
    ] = None,
    pairs: Annotated[int, typer.Option(help="Orders sampled in every run, each with its reverse.")] = 1,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads instead of processes.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Units of work at once, each in a process; all cores by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="FILE.nc to keep it in; a report finds out/SCENARIO/attribution.nc.")
    ] = None,
    csv: Csv = None,
    figure: FigureFile = None,
    lang: Language = "en",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Which clause or package of a mix earned its result: first-in, last-in and Shapley shares with their errors.

    \b
    Examples:
      policymix attribute dalian-2025 --mix both --by package
      policymix attribute dalian-2025 --mix htz-2022 --draws 50 --outcome core_share
      policymix attribute dalian-2025 --players htz-2022,dalian-2021/1
      policymix attribute dalian-2025 --draws 20 --out out/dalian-2025/attribution.nc
      policymix attribute dalian-2025 --draws 50 --processes 2
    """
    from policymix.analysis.attribution import attribute as shares
    from policymix.cli import progress_bar
    from policymix.experiments.scenario import load_scenario, with_options
    from policymix.experiments.store import check_writable

    if figure is not None:
        from policymix.report.answer_figures import check_name

        check_name(figure)
    if out is not None and out.suffix != ".nc":
        raise InvalidValue("--out", out.name, "a name that ends in .nc")
    if out is not None:
        check_writable(out.expanduser().absolute().parent)
    chosen = with_options(load_scenario(scenario), draws=draws, replicates=replicates, seed=seed, set=settings)
    named = by if players is None else [each.strip() for each in players.split(",")]
    if threads is None and processes is None:
        processes = os.cpu_count()
    workers = {"threads": threads, "processes": processes}
    with progress_bar(quiet) as progress:
        table = shares(chosen, mix, by=named, outcome=outcome, pairs=pairs, **workers, progress=progress)
    if out is not None:
        from policymix.analysis.attribution_file import write

        typer.echo(f"{write(table, chosen, mix, out)}", err=True)
    from policymix.report import answer_figures
    from policymix.report.answers import attribution_page, languages
    from policymix.report.names import names_of, naming

    with naming(names_of(table)):
        drawn = answer_figures.attribution(table) if figure else None
        page = attribution_page(table, languages(lang))
    flat = table.drop_vars(["by_run", "total", "draw", "replicate"])
    put_out(flat, [page], csv, as_json, figure, drawn, quiet=quiet)


@commands.command()
def effort(
    results: Results = "dalian-2025",
    mix: Annotated[str | None, typer.Option(help="Mix to print; the fullest by default.")] = None,
    relative: Annotated[float, typer.Option(help="Half-width wanted, as a part of the mean difference.")] = 0.1,
    half_width: Annotated[
        list[str] | None, typer.Option("--half-width", metavar="ROW=NUMBER", help="In the row's unit; repeatable.")
    ] = None,
    csv: Csv = None,
    figure: FigureFile = None,
    lang: Language = "en",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """How many draws and replicates an interval needs, from a pilot run.

    \b
    Examples:
      policymix run --draws 10 --replicates 2 --out out/pilot
      policymix effort out/pilot --relative 0.05
      policymix effort out/pilot --half-width investment_additional=50e6
    """
    from policymix.analysis.effort import effort as needed
    from policymix.analysis.selection import fullest_mix

    finished = _opened(results, figure)
    known = finished.origin.targets if finished.origin is not None else []
    table = needed(finished.results, known, half_width=_named(half_width, "--half-width"), relative=relative)
    shown = mix or fullest_mix(finished.results)
    if shown not in table["mix"].values:
        raise NotFound("mix", shown, table["mix"].values.tolist())
    from policymix.report import answer_figures
    from policymix.report.answers import effort_page, languages

    drawn = answer_figures.effort(table, shown) if figure else None
    put_out(table, [effort_page(table, shown, languages(lang))], csv, as_json, figure, drawn, quiet=quiet)


def _opened(name: str, figure: Path | None) -> Finished:
    """Results of one run."""
    from policymix.analysis.compare import opened
    from policymix.analysis.comparison import is_sweep

    if figure is not None:
        from policymix.report.answer_figures import check_name

        check_name(figure)
    (finished,) = opened([name])
    if is_sweep(finished.results):
        raise InvalidValue("RESULTS", f"{name}, a sweep", "a run: policymix run keeps every outcome that this needs")
    return finished


def _prices(name: str) -> str:
    if name not in ("free", "frozen"):
        raise InvalidValue("--prices", name, "free or frozen")
    return name


def _named(given: list[str] | None, option: str) -> dict[str, float]:
    """``discount=0.03`` as a number by name."""
    found = {}
    for text in given or []:
        name, _, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise InvalidValue(option, text, "NAME=NUMBER") from None
    return found


def put_out(
    table: xarray.Dataset,
    pages: list[Page],
    csv: Path | None,
    as_json: bool,
    file: Path | None = None,
    drawn: Figure | None = None,
    *,
    quiet: bool = False,
) -> None:
    """Print the table unless it is to be quiet, and write what files were asked for."""
    from policymix.report import answers
    from policymix.report.answer_figures import write_figure

    if csv is not None:
        typer.echo(f"{csv}: {answers.write_csv(table, csv):,} lines", err=True)
    if file is not None and drawn is not None:
        typer.echo(f"{write_figure(drawn, file)}", err=True)
    if as_json:
        typer.echo(answers.to_json(table))
    elif not quiet:
        answers.print_pages(pages)
