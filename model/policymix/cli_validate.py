"""The command that repeats published experiments inside the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policymix.errors import InvalidValue, RunFailed

if TYPE_CHECKING:
    from policymix.calibrate.bench import Result

commands = typer.Typer()


@commands.command()
def validate(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Experiments; all by default.")] = None,
    folder: Annotated[Path | None, typer.Option("--from", help="Folder of experiments; the shipped ones.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A quarter of the runs.")] = False,
    runs: Annotated[int | None, typer.Option(min=1, help="Paired runs of each experiment; 30, quick 8.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Root of every random number.")] = 2021,
    threads: Annotated[int | None, typer.Option(min=1, help="Runs at once; all cores by default.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for validation.json and a figure of each experiment.")
    ] = None,
    least: Annotated[int | None, typer.Option(min=0, help="Exit code 1 when fewer experiments pass.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no progress.")] = False,
) -> None:
    """Repeat published experiments inside the model: estimates against published bands, misses first.

    \b
    Examples:
      policymix validate --quick
      policymix validate v2 v4 --out out/validation
      policymix validate --from my-experiments --json
    """
    from policymix.calibrate import bench
    from policymix.calibrate.experiment import experiments

    if quick and runs is not None:
        raise InvalidValue("--runs", "--quick beside it", "one of --quick and --runs")
    if out is not None and out.exists() and not out.is_dir():
        raise InvalidValue("--out", f"{out}, which is a file", "a folder")
    chosen = experiments(ids or (), folder)
    number = runs or (bench.QUICK_RUNS if quick else bench.RUNS)
    with _Bar(quiet or as_json) as progress:
        results = bench.validate(chosen, runs=number, quick=quick, threads=threads, seed=seed, progress=progress)
    _show(results, seed, out, as_json)
    passed = sum(result.passed for result in results)
    if least is not None and passed < least:
        typer.echo(f"policymix: {passed} of {len(results)} experiments pass, fewer than {least}", err=True)
        raise typer.Exit(1)


def _show(results: list[Result], seed: int, out: Path | None, as_json: bool) -> None:
    """Print the answer; write it and the figures where a folder is asked for."""
    from policymix.report import validation

    text = validation.to_json(results, seed)
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
            (out / "validation.json").write_text(text + "\n", encoding="utf-8")
            validation.write_figures(results, out)
        except OSError as error:
            raise RunFailed(f"cannot write {out}: {error.strerror or error}") from None
    if as_json:
        typer.echo(text)
    else:
        validation.print_report(results)


class _Bar:
    """A progress bar on the error stream; says so while the rules are compiled."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def __enter__(self) -> Callable[[int, int], None] | None:
        if self.quiet:
            return None
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=Console(stderr=True))
        self.bar.start()
        self.task = self.bar.add_task("starting (a first run compiles the rules once)", total=None)
        return lambda done, total: self.bar.update(self.task, completed=done, total=total, description="experiments")

    def __exit__(self, *_: object) -> None:
        if not self.quiet:
            self.bar.stop()
