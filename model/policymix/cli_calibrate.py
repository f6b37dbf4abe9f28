"""Commands about what the model rests on: the stylised facts of its untreated firms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policymix import catalog
from policymix.cli_policy import Json

if TYPE_CHECKING:
    from policymix.experiments.scenario import Scenario

commands = typer.Typer()


@commands.command(name="facts")
def stylised_facts(
    region: Annotated[str, typer.Argument(help="Name of a region that a scenario has.")] = "dalian",
    quick: Annotated[bool, typer.Option("--quick", help="A quarter of the runs.")] = False,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the figures; out/facts-REGION by default.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Runs at once; all cores by default.")] = None,
    seed: Annotated[int | None, typer.Option(help="Root of every random number; the scenario's by default.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="ADDRESS=VALUE", help="Set a value; repeatable.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no progress and no table.")] = False,
) -> None:
    """Whether the untreated firms of a city show the published regularities S1-S13; misses first.

    Every run has a draw of the uncertain numbers and luck of its own; the environment goes on for twenty years.

    \b
    Examples:
      policymix facts
      policymix facts dalian --quick --json
      policymix facts --quick --set parameter.size_spread=0.3
    """
    from policymix.calibrate.bands import load_facts

    file = load_facts()
    scenario = scenario_of(region)
    runs = file.quick_runs if quick else file.runs
    folder = out or Path("out") / f"facts-{Path(region).stem}"

    from policymix.calibrate.untreated import observe, untreated
    from policymix.calibrate.verdicts import RunFacts, numbers_of, verdicts
    from policymix.cli import progress_bar
    from policymix.experiments import store
    from policymix.report import fact_table, facts

    chosen = untreated(scenario, runs, file.later, seed, settings)
    with store.staged(folder) as aside:  # refuses a folder that cannot be written before the first run

        def reduced(record, inputs) -> RunFacts:
            return numbers_of(record, inputs.region, file)

        with progress_bar(as_json or quiet) as progress:
            found = observe(chosen, reduced, file.window, threads=threads, progress=progress)
        judged = verdicts(file, found)
        facts.write_figures(aside, found, judged, file)
    if as_json:
        typer.echo(fact_table.to_json(judged, region, runs, file.later, quick, chosen.seed))
        return
    from policymix.report.terminal import console_for_report

    if not quiet:
        console_for_report().print(fact_table.fact_table(judged, runs, file.later, quick))
    typer.echo(f"{folder}: size-tail, growth-tent, hazard-by-age, investment, adoption (.png, .svg)", err=True)


def scenario_of(region: str) -> Scenario:
    """The first scenario, by name, of a region."""
    from policymix.errors import NotFound
    from policymix.experiments.scenario import load_scenario

    wanted = catalog.find("regions", region)
    scenarios = [load_scenario(str(path)) for path in catalog.available("scenarios").values()]
    for scenario in scenarios:
        if catalog.find("regions", scenario.region, scenario.path).resolve() == wanted.resolve():
            return scenario
    raise NotFound("region with a scenario", region, sorted({scenario.region for scenario in scenarios}))
