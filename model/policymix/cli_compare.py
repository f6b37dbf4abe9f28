"""The command that sets finished results side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policymix.cli_policy import Json, Language, ScaleToHost
from policymix.errors import InvalidValue

if TYPE_CHECKING:
    from policymix.experiments.scenario import Scenario

commands = typer.Typer(rich_markup_mode=None)


@commands.command()
def compare(
    results: Annotated[
        list[str], typer.Argument(metavar="RESULTS...", help="Folders or names in out/; with --mix a scenario.")
    ],
    mix: Annotated[str | None, typer.Option(help="Mixes of the scenario to run first: none,htz-2022.")] = None,
    draws: Annotated[int | None, typer.Option(help="Of the run: samples of the uncertain parameters.")] = None,
    replicates: Annotated[int | None, typer.Option(help="Of the run: repetitions within each draw.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the run: root of every random number.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="ADDRESS=VALUE", help="Of the run: set a value; repeatable.")
    ] = None,
    scale: ScaleToHost = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; out/SCENARIO-compare by default.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Units of work at once; all cores by default.")] = None,
    csv: Annotated[Path | None, typer.Option(help="File for the whole comparison in base units.")] = None,
    lang: Language = "both",
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no progress and no table.")] = False,
) -> None:
    """Set results of runs, or of sweeps, side by side: every mix, its difference to the baseline, and the change from
    the first result, paired draw by draw where seed and draws are the same. Given a scenario and --mix, run those
    mixes first; their results stay in a folder of their own.

    \b
    Examples:
      policymix compare out/two-years out/three-years
      policymix compare dalian-2025 --mix none,htz-2022,my-zone.toml --draws 20
      policymix compare dalian-2025 --mix none,dalian-2021,qingdao-2023,shiyan-2022 --scale-to-host
      policymix compare htz-rents --csv rents.csv
    """
    from policymix.analysis.compare import compare_finished, opened
    from policymix.report import comparison
    from policymix.report.tables import checked_language

    checked_language(lang)
    if csv is not None and csv.is_dir():
        raise InvalidValue("--csv", f"{csv}, a folder", "a file to write")
    options = {"--draws": draws, "--replicates": replicates, "--seed": seed, "--set": settings, "--out": out,
               "--scale-to-host": scale}  # fmt: skip
    if mix is None:
        given = [name for name, value in options.items() if value]
        if given:
            raise InvalidValue(given[0], f"{options[given[0]]} without --mix", "--mix as well: it says what to run")
        folders: list[str] = results
    else:
        if len(results) > 1:
            raise InvalidValue("--mix", f"{len(results)} names: {', '.join(results)}", "one scenario to run")
        folders = [str(_run(results[0], mix, draws, replicates, seed, settings, scale, out, threads, quiet))]
    table = compare_finished(opened(folders))
    if csv is not None:
        lines = comparison.write_csv(table, csv)
        if not quiet:
            typer.echo(f"{csv}: {lines:,} lines", err=True)
    if as_json:
        typer.echo(comparison.to_json(table))
    elif not quiet:
        comparison.print_comparison(table, lang)


def _run(
    scenario: str,
    mix: str,
    draws: int | None,
    replicates: int | None,
    seed: int | None,
    settings: list[str] | None,
    scale: bool,
    out: Path | None,
    threads: int | None,
    quiet: bool,
) -> Path:
    """Run the mixes as ``policymix run`` does; the folder of the results."""
    from policymix.cli import run_into
    from policymix.experiments.scenario import load_scenario, with_options

    chosen = with_options(load_scenario(scenario), mix=mix, draws=draws, replicates=replicates, seed=seed, set=settings)
    chosen = to_host(chosen) if scale else chosen
    folder = out or Path("out") / f"{chosen.id}-compare"
    run_into(folder, chosen, threads, quiet)
    if not quiet:
        typer.echo(f"{folder}: results.nc, report.html, figures, inputs, manifest.json", err=True)
    return folder


def to_host(scenario: Scenario) -> Scenario:
    """The scenario with foreign packages scaled to its region's GDP; says so."""
    from policymix.experiments.transfer import scaled_to_host

    scaled, said = scaled_to_host(scenario)
    tell(said or ["every package is at home in this region: nothing is scaled"])
    return scaled


def tell(notices: list[str]) -> None:
    """Notices on the error stream."""
    for notice in notices:
        typer.echo(f"notice: {notice}", err=True)
