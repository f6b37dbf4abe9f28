"""The command that hands results to other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

commands = typer.Typer(rich_markup_mode=None)


@commands.command()
def export(
    results: Annotated[str, typer.Argument(metavar="RESULTS", help="Folder or name in out/ of a run or a sweep.")],
    file: Annotated[Path, typer.Argument(help="File to write: .csv, .parquet, .xlsx or .dta.")],
    outcome: Annotated[list[str] | None, typer.Option(help="Outcome to write; repeatable; all by default.")] = None,
    mix: Annotated[str | None, typer.Option(help="Mixes to write: none,both; all by default.")] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Mean and 5, 50, 95 % quantiles instead of every run.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing.")] = False,
) -> None:
    """Write results for other programs: CSV, Parquet, Excel or Stata, with units and names in English and Chinese.

    \b
    Examples:
      policymix export dalian-2025 dalian.xlsx --summary
      policymix export out/dalian-2025 share.csv --outcome core_share --mix none,both
      policymix export dalian-2025 firms.dta --outcome active_firms --outcome employment
    """
    from policymix.cli_progress import progress_bar
    from policymix.experiments.store import open_results
    from policymix.report.export import export as write

    mixes = None if mix is None else [name.strip() for name in mix.split(",")]
    with progress_bar(quiet, "writing", "reading and writing the results"):
        paths = write(open_results(results), file, outcome, mixes=mixes, summary=summary)
    for path in paths:
        if not quiet:
            typer.echo(f"{path}: {path.stat().st_size:,} bytes", err=True)
