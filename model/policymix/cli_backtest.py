"""The command that forecasts published series from past years and scores what came."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from policymix import catalog
from policymix.cli_policy import Json

commands = typer.Typer()


@commands.command()
def backtest(
    region: Annotated[str, typer.Argument(help="Name or file of a region that a scenario names.")] = "dalian",
    until: Annotated[
        int | None, typer.Option("--train-until", metavar="YEAR", help="One origin; by default every year from 2017.")
    ] = None,
    actuals: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Later figures to judge by, in the form of the statistics.")
    ] = None,
    statistics_file: Annotated[
        Path | None, typer.Option("--statistics", metavar="FILE", help="Figures to learn from; the shipped ones.")
    ] = None,
    draws: Annotated[int | None, typer.Option(min=2, help="Simulated cities of each origin; 48, quick 8.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A sixth of the simulated cities.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Root of every random number.")] = 2021,
    threads: Annotated[int | None, typer.Option(min=1, help="Cities at once; all cores by default.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of data, figures and the page; out/backtest-REGION by default.")
    ] = None,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no progress and no table.")] = False,
) -> None:
    """Forecast published series from past years, and score them against what came and against naive forecasts.

    At every origin only figures and packages up to its year are known; the environment's paths are forecasts too.

    \b
    Examples:
      policymix backtest
      policymix backtest qingdao --train-until 2019
      policymix backtest --actuals later.csv --json
    """
    from policymix.calibrate import backtest as bench
    from policymix.calibrate.series import read_series, together, training
    from policymix.errors import InvalidValue
    from policymix.region.evidence import check, statistics

    if quick and draws is not None:
        raise InvalidValue("--draws", "--quick beside it", "one of --quick and --draws")
    path = statistics_file or catalog.evidence("city_statistics.csv")
    learnt = training(statistics(path), path)
    judged = learnt
    if actuals is not None:
        check(actuals)
        judged = together(learnt, statistics(actuals), actuals)
        if not bench.judges(region, read_series(), learnt, judged):
            expected = "a figure, not of low confidence, of a series and place that the shipped statistics do not have"
            raise InvalidValue("--actuals", f"{actuals} without a new figure of {region}", expected)
    number = draws or (bench.QUICK_DRAWS if quick else bench.DRAWS)
    folder = out or Path("out") / f"backtest-{Path(region).stem}"

    from policymix.calibrate.spending import read_bounds, spent
    from policymix.cli import progress_bar
    from policymix.experiments import store
    from policymix.report import backtest as report

    with store.staged(folder) as aside:  # refuses a folder that cannot be written before the first run
        with progress_bar(as_json or quiet) as progress:
            result = bench.backtest(
                region,
                read_series(),
                learnt,
                judged,
                origins=None if until is None else [until],
                draws=number,
                seed=seed,
                threads=threads,
                progress=progress,
            )
        _, scenario = bench.city_of(region)
        money = spent(scenario, read_bounds(result.region), number, threads=threads)
        found = report.content(result, money)
        files = report.write(result, found, aside, shlex.join(["policymix", *sys.argv[1:]]))
        names = ", ".join(sorted(file.name for file in files))
    if as_json:
        typer.echo(report.to_json(found))
        return
    if not quiet:
        from policymix.report.terminal import console_for_report

        report.print_report(found, console_for_report())
    typer.echo(f"{folder}: {names}", err=True)
