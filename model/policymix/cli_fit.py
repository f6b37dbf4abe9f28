"""The command that fits a region to its published figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from policymix import catalog
from policymix.region.evidence import LAST_FITTED_YEAR

if TYPE_CHECKING:
    from policymix.calibrate.fit import Progress

commands = typer.Typer()


@commands.command()
def calibrate(
    region: Annotated[str, typer.Argument(help="Name of a region that a scenario has.")],
    until: Annotated[int, typer.Option(help="Last year whose figures are fitted.")] = LAST_FITTED_YEAR,
    simulations: Annotated[int | None, typer.Option(min=40, help="Of the model; the region's own number.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A fifth of the work, for a first look.")] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Root of every random number; the scenario's.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Units of work at once; all cores by default.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the simulations of an earlier try.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Let runs use it even if it has not converged.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="File of the fit; calibration/posterior/REGION.nc, which runs draw from.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no progress and no report.")] = False,
) -> None:
    """Fit a region to its published figures, under the packages then in force; misses first.

    A fit of an earlier year or of little work is written to out/calibrate, so that runs do not draw from it by default.

    \b
    Examples:
      policymix calibrate dalian
      policymix calibrate dalian --resume
      policymix calibrate dalian --until 2021 --out out/dalian-2021.nc
      policymix calibrate qingdao --quick
    """
    from policymix.calibrate.fit import calibrate as fit
    from policymix.experiments import store
    from policymix.region.load import load
    from policymix.report import fit_report

    name = load(region).id
    whole = until == LAST_FITTED_YEAR and not quick and simulations is None
    working = Path("out") / "calibrate"
    file = out or (catalog.posterior_folder() / f"{name}.nc" if whole else working / f"{name}-{until}.nc")
    store.check_writable(file.parent)
    with _Bar(quiet) as progress:
        found = fit(
            region,
            until=until,
            simulations=simulations,
            quick=quick,
            seed=seed,
            threads=threads,
            simulated=working / f"{name}.simulations",
            resume=resume,
            force=force,
            progress=progress,
        )
    store.save(found, file)
    if not quiet:
        from policymix.report.terminal import console_for_report

        fit_report.print_fit(found, console_for_report())
    typer.echo(f"{file}: {found.sizes['sample']} joint samples of {found.sizes['parameter']} numbers", err=True)
    if not found.attrs["converged"]:
        text = "used all the same" if force else "runs refuse it; --resume --force to use it, or more --simulations"
        typer.echo(f"policymix: the fit of {name} has not converged: {text}", err=True)
        raise typer.Exit(0 if force else 1)


class _Bar:
    """A progress bar on the error stream, a line for each step of the work."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def __enter__(self) -> Progress | None:
        if self.quiet:
            return None
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as Left

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), Left())
        self.bar = Progress(*columns, console=Console(stderr=True))
        self.bar.start()
        self.tasks: dict[str, Any] = {}
        return self.advance

    def advance(self, what: str, done: int, total: int) -> None:
        """So much of a step is done."""
        if what not in self.tasks:
            self.tasks[what] = self.bar.add_task(what, total=total)
        self.bar.update(self.tasks[what], completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        if not self.quiet:
            self.bar.stop()
