"""Commands that run studies and look at their stores."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from policymix.cli_policy import Json, as_json_text

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from policymix.experiments.sweep import Progress

commands = typer.Typer(rich_markup_mode=None)
INTERRUPTED = 130
SHOWN_FAILURES = 5


@commands.command()
def sweep(
    study: Annotated[str, typer.Argument(help="Name or file of a study.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the store; out/ID by default.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a store that is there.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="With --resume: run failed runs again.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Blocks of units at once; all cores by default.")] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="Processes instead of threads.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler: tcp://HOST:8786.")] = None,
    reuse: Annotated[list[Path] | None, typer.Option(help="Store whose equal runs to take over; repeatable.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say size, memory, disk and time, from a pilot.")] = False,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no progress.")] = False,
) -> None:
    """Run a study: every lever point under every draw, into a store that can be interrupted and resumed.

    \b
    Examples:
      policymix sweep htz-rents --dry-run
      policymix sweep my-study.toml --threads 2
      policymix sweep my-study.toml --resume
      policymix sweep my-study.toml --scheduler tcp://head:8786
    """
    from policymix.errors import InvalidValue
    from policymix.experiments.study import load_study

    if sum(each is not None for each in (threads, processes, scheduler)) > 1:
        raise InvalidValue("sweep", "more than one of --threads, --processes, --scheduler", "one of them")
    chosen = load_study(study)
    folder = out or Path("out") / chosen.id
    if dry_run:
        from policymix.experiments.pilot import pilot

        found = pilot(chosen, folder, threads=threads or processes)
        typer.echo(as_json_text(found) if as_json else _pilot_text(found))
        return
    from policymix.experiments.crew import Interrupted
    from policymix.experiments.sweep import counts
    from policymix.experiments.sweep import sweep as run_study

    with SweepBar(quiet) as bar:
        try:
            run_study(
                chosen,
                out=folder,
                resume=resume,
                retry=retry,
                threads=threads,
                processes=processes,
                scheduler=scheduler,
                reuse=reuse or (),
                progress=bar.show,
                stopping=bar.stopping,
            )
        except Interrupted:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the end is under way: one more Ctrl-C has nothing to end
            bar.close()
            done, runs = (bar.last.done, bar.last.runs) if bar.last else (0, 0)
            text = f"policymix: stopped after {done:,} of {runs:,} runs, all of them stored; go on with: {_again()}"
            typer.echo(text, err=True)
            raise typer.Exit(INTERRUPTED) from None
        except KeyboardInterrupt:
            bar.close()
            typer.echo(f"policymix: ended; what was stored stays; go on with: {_again()}", err=True)
            os._exit(INTERRUPTED)  # an orderly end would wait for the blocks that run
    found = {"store": str(folder), **counts(folder)}
    typer.echo(as_json_text(found) if as_json else f"{folder}: {found['done']:,} of {found['runs']:,} runs done")
    if found["failed"]:
        typer.echo(failures_text(folder, SHOWN_FAILURES), err=True)
        raise typer.Exit(1)


def _again() -> str:
    """The command line that goes on with what this one began."""
    return shlex.join(["policymix", *(word for word in sys.argv[1:] if word != "--resume"), "--resume"])


def failures_text(folder: Path, most: int | None = None) -> str:
    """Failed runs of a store in words."""
    from policymix.experiments.sweep_store import read_failures

    rows = read_failures(folder)
    lines = [f"{len(rows):,} runs failed" + (":" if rows else "")]
    for row in rows[:most]:
        lines.append(
            f"  mix {row['mix']} ({row['packages'] or 'none'}), draw {row['draw']}, replicate {row['replicate']}, "
            f"luck {row['luck']}: {row['error']}: {row['reason']}"
        )
    if most is not None and len(rows) > most:
        lines.append(f"  and {len(rows) - most:,} more: policymix show {folder}")
    if rows:
        first = f"{rows[0]['draw']},{rows[0]['replicate']} --mix {rows[0]['mix']}"
        lines.append(f"Repeat one with: policymix replay {folder} {first}")
    return "\n".join(lines)


def store_text(folder: Path) -> str:
    """A store in words: what it is of, how far it is, what failed."""
    from policymix.experiments.sweep import counts
    from policymix.experiments.sweep_store import manifest_at

    manifest, found = manifest_at(folder), counts(folder)
    size = f"{manifest['mixes']:,} mixes x {manifest['draws']:,} draws x {manifest['replicates']:,} replicates"
    left = found["runs"] - found["done"] - found["failed"]
    lines = [
        f"study {manifest['study']}, scenario {manifest['scenario']}, seed {manifest['seed']}",
        f"{size}: {found['runs']:,} runs, {found['done']:,} done, {found['failed']:,} failed, {left:,} not run",
        f"variables: {', '.join(manifest['variables'])}",
        f"versions: {', '.join(f'{name} {version}' for name, version in manifest['versions'].items())}",
    ]
    return "\n".join([*lines, failures_text(folder)] if found["failed"] else lines)


def _pilot_text(found: dict[str, Any]) -> str:
    """What a pilot found, in words."""
    size = f"{found['mixes']:,} mixes x {found['draws']:,} draws x {found['replicates']:,} replicates"
    disk = f"uncompressed {found['numbers'] / 1e6:,.1f} MB; free {found['free'] / 1e9:,.1f} GB"
    each = f"{found['seconds_unit']:.2f} s to begin a unit, {1e3 * found['seconds_mix']:.0f} ms a mix"
    lines = [
        f"runs       {found['runs']:,} ({size})",
        f"blocks     {found['blocks']:,} of {found['units_per_block']} units",
        f"disk       {found['disk'] / 1e6:,.1f} MB ({disk})",
        f"memory     about {found['memory'] / 1e6:,.0f} MB with {found['workers']} at once",
        f"time       about {duration(found['seconds'])} with {found['workers']} at once: {each}",
    ]
    return "\n".join([*lines, *(f"notice     {text}" for text in found["notices"])])


def duration(seconds: float) -> str:
    """A time in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


class SweepBar:
    """Progress of a sweep on the error stream: runs a second, time left, failures so far."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.bar: Bar | None = None
        self.last: Progress | None = None
        self.begun = time.monotonic()

    def __enter__(self) -> SweepBar:
        if self.quiet:
            return self
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as NewBar

        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[said]}"),
            TimeElapsedColumn(),
        )  # fmt: skip
        self.bar = NewBar(*columns, console=Console(stderr=True))
        self.bar.start()
        self.task = self.bar.add_task("starting (a first run compiles the rules once)", total=None, said="")
        return self

    def show(self, now: Progress) -> None:
        """Runs are done."""
        if self.last is None:
            self.begun = time.monotonic()
        self.last = now
        if self.bar is not None:
            self.bar.update(
                self.task, total=now.runs, completed=now.done, description="sweeping", said=pace(now, self._seconds())
            )

    def _seconds(self) -> float:
        return time.monotonic() - self.begun

    def stopping(self, left: int) -> None:
        """The user has interrupted; some blocks are still at work."""
        text = f"finishing {left} blocks that run; Ctrl-C again ends at once (what is stored stays)"
        if self.bar is not None:
            self.bar.update(self.task, description="stopping")
            self.bar.console.print(text)
        else:
            typer.echo(f"policymix: {text}", err=True)

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def __exit__(self, *_: object) -> None:
        self.close()


def pace(now: Progress, seconds: float) -> str:
    """Runs a second since the sweep began, time left, failures."""
    new = now.done - now.before
    rate = new / seconds if new and seconds > 0 else 0.0
    left = f", {duration((now.runs - now.done) / rate)} left" if rate and now.done < now.runs else ""
    return f"{rate:.1f} runs/s{left}, {now.failed:,} failed"
