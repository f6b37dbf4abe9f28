"""The command line. Heavy imports wait until a command needs them: ``policymix --help`` is to be instant."""

from __future__ import annotations

import _thread
import json
import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from policymix import __version__, catalog, cli_calibrate
from policymix.cli_answers import commands as answer_commands
from policymix.cli_backtest import commands as backtest_commands
from policymix.cli_compare import commands as compare_commands
from policymix.cli_compare import tell, to_host
from policymix.cli_design import commands as design_commands
from policymix.cli_export import commands as export_commands
from policymix.cli_firm import commands as firm_commands
from policymix.cli_fit import commands as fit_commands
from policymix.cli_notebook import commands as notebook_commands
from policymix.cli_policy import Json, ScaleToHost, as_json_text, commands
from policymix.cli_progress import progress_bar
from policymix.cli_report import commands as report_commands
from policymix.cli_sensitivity import commands as sensitivity_commands
from policymix.cli_serve import commands as serve_commands
from policymix.cli_sweep import commands as sweep_commands
from policymix.cli_validate import commands as validation
from policymix.errors import InvalidFile, InvalidValue, NotFound, PolicymixError, RunFailed, StalePosterior

if TYPE_CHECKING:
    import xarray

    from policymix.experiments.firm_file import Wanted
    from policymix.experiments.inputs import Inputs
    from policymix.experiments.scenario import Scenario
    from policymix.report.answer import Answer

LISTS = (*catalog.KINDS, "levers", "uncertainties", "outcomes")
INTERRUPTED = 130
_HELP = """A laboratory for city incentive packages.

\b
Examples:
  policymix run
  policymix run --draws 20 --mix none,htz-2022
"""


class _Commands(TyperGroup):
    """The place where an error of the user's becomes a sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        with warnings.catch_warnings():
            warnings.showwarning = _note
            for ours in (catalog.HiddenFile, StalePosterior):
                warnings.simplefilter("always", ours)
            try:
                return super().invoke(ctx)
            except PolicymixError as error:
                typer.echo(f"policymix: {error}", err=True)
                raise typer.Exit(error.exit_code) from None
            except KeyboardInterrupt:
                typer.echo("policymix: interrupted; nothing was written", err=True)
                raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=_HELP,
)

app.add_typer(commands)
app.add_typer(cli_calibrate.commands)
app.add_typer(fit_commands)
app.add_typer(validation)
app.add_typer(backtest_commands)
app.add_typer(firm_commands)
app.add_typer(sweep_commands)
app.add_typer(compare_commands)
app.add_typer(export_commands)
app.add_typer(notebook_commands)
app.add_typer(report_commands)
app.add_typer(answer_commands)
app.add_typer(design_commands)
app.add_typer(sensitivity_commands)
app.add_typer(serve_commands)

ScenarioName = Annotated[str, typer.Argument(help="Name or file of a scenario.")]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="ADDRESS=VALUE", help="Set a value; repeatable.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Units of work at once; all cores by default.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print no progress and no table.")]
Kind = Annotated[str | None, typer.Option(help=f"What the name is: {', '.join(catalog.KINDS)}.")]


def main() -> None:
    """Entry point of the command ``policymix``."""
    sys.unraisablehook = _interrupt_again
    app()


def _interrupt_again(lost: sys.UnraisableHookArgs) -> None:
    """Ctrl-C that struck within a callback of the interpreter's, where no exception gets out, strikes once more."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        threading.Timer(0.05, _interrupt).start()
    else:
        sys.__unraisablehook__(lost)


def _interrupt() -> None:
    """Ctrl-C, also where the main thread waits for a lock; Windows hears of it when the wait ends."""
    main_thread = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main_thread is not None:
        signal.pthread_kill(main_thread, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"policymix {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A laboratory for city incentive packages."""


@app.command()
def run(
    scenario: ScenarioName = "dalian-2025",
    mix: Annotated[
        str | None, typer.Option(help="Mixes to compare: none,dalian-2021,both=dalian-2021+htz-2022.")
    ] = None,
    draws: Annotated[int | None, typer.Option(help="Samples of the uncertain parameters.")] = None,
    replicates: Annotated[int | None, typer.Option(help="Repetitions within each draw.")] = None,
    seed: Annotated[int | None, typer.Option(help="Root of every random number.")] = None,
    settings: Settings = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the results; out/SCENARIO by default.")] = None,
    firms: Annotated[
        Path | None, typer.Option(help="File for a panel, one row a firm and period: FILE.parquet.")
    ] = None,
    every: Annotated[int | None, typer.Option(help="Quarters that a row of the panel covers; 1 by default.")] = None,
    scale: ScaleToHost = False,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a scenario: a table here, and results, figures and a report in a folder.

    \b
    Examples:
      policymix run
      policymix run --draws 20 --mix none,htz-2022
      policymix run my.toml --set htz-2022/m4.pays.area_max=1000 --out out/smaller
      policymix run --draws 5 --firms panel.parquet --every 4
    """
    from policymix.experiments import firm_file
    from policymix.experiments.scenario import load_scenario, with_options

    wanted = firm_file.wanted(firms, every)
    chosen = with_options(load_scenario(scenario), mix=mix, draws=draws, replicates=replicates, seed=seed, set=settings)
    chosen = to_host(chosen) if scale else chosen
    folder = out or Path("out") / chosen.id
    results, inputs, known = run_into(folder, chosen, threads, quiet, wanted)
    _print_answer(results, inputs, folder, as_json, quiet, known)


@app.command()
def replay(
    folder: Annotated[Path, typer.Argument(help="Folder that policymix run or sweep wrote.")],
    unit: Annotated[str | None, typer.Argument(help="Of a sweep: DRAW,REPLICATE or the unit's number.")] = None,
    mix: Annotated[str | None, typer.Option(help="Of a sweep: one mix instead of all.")] = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Run a stored run, or one unit of a sweep, again from its own inputs and compare every number.

    \b
    Examples:
      policymix replay out/dalian-2025
      policymix replay out/htz-rents 3,0
      policymix replay out/htz-rents 3,0 --mix p17
    """
    from policymix.experiments.replay import replay as run_again
    from policymix.experiments.replay import replay_unit
    from policymix.experiments.store import read_manifest

    manifest = read_manifest(folder)
    if unit is not None:
        equal, report = replay_unit(folder, unit, mix)
    elif "study" in manifest:
        raise InvalidValue("replay", f"{folder}, a sweep, and no UNIT", "the unit to repeat: DRAW,REPLICATE")
    else:
        with progress_bar(quiet) as progress:
            equal, report = run_again(folder, threads=threads, progress=progress)
    typer.echo(report)
    if not equal:
        raise typer.Exit(1)


@app.command(name="list")
def list_names(
    what: Annotated[str | None, typer.Argument(help=f"One of {', '.join(LISTS)}.")] = None,
    scenario: Annotated[str, typer.Option(help="Scenario whose levers and uncertainties to list.")] = "dalian-2025",
    as_json: Json = False,
) -> None:
    """List what exists: files, levers, uncertainties, outcomes.

    \b
    Examples:
      policymix list packages
      policymix list levers | grep rent
    """
    if what is not None and what not in LISTS:
        raise NotFound("list", what, LISTS)
    from policymix.experiments import listing

    rows = listing.rows(what, scenario)
    typer.echo(as_json_text(rows) if as_json else listing.columns(rows))


@app.command()
def copy(
    name: Annotated[str, typer.Argument(help="Name of a package, scenario, region, ...")],
    file: Annotated[Path | None, typer.Argument(help="File to write; NAME.toml here by default.")] = None,
    kind: Kind = None,
) -> None:
    """Copy a file of the program's, to edit it.

    \b
    Example:
      policymix copy htz-2022 my-zone.toml
    """
    source = catalog.find(_kind(name, kind), name)
    target = file or Path(f"{source.stem}.toml")
    if target.exists():
        raise InvalidValue("FILE", f"{target}, which exists", "a name that is free")
    try:
        target.write_bytes(source.read_bytes())
    except OSError as error:
        raise RunFailed(f"cannot write {target}: {error.strerror or error}") from None
    typer.echo(f"{target} is a copy of {source}")


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="Name or file of a package, scenario, region; a panel; a sweep's folder.")
    ],
    kind: Kind = None,
    as_toml: Annotated[bool, typer.Option("--toml", help="Print a package or region as a file, not in words.")] = False,
    draws: Annotated[int, typer.Option(min=0, help="Of a region: draws simulated for its fit; 0 for none.")] = 2,
) -> None:
    """Print a package in words, as it results from what it extends; a region in words with its population's fit to
    every published total; a scenario as it is read; what a panel of firms or a sweep's folder holds.

    \b
    Examples:
      policymix show htz-2022
      policymix show my-zone.toml --toml
      policymix show dalian --draws 4
      policymix show panel.parquet
      policymix show out/htz-rents
    """
    from policymix.experiments.store import is_sweep

    if kind is None and is_sweep(name):
        from policymix.cli_sweep import store_text

        typer.echo(store_text(Path(name)))
        return
    if kind is None and name.lower().endswith(".parquet"):
        from policymix.experiments.firm_file import describe

        typer.echo(describe(name))
        return
    found = _kind(name, kind)
    if found == "regions" and not as_toml:
        from policymix.cli_region import show_region

        typer.echo(show_region(name, draws))
        return
    typer.echo(_shown(found, name, as_toml).rstrip())


@app.command()
def check(files: Annotated[list[Path], typer.Argument(help="Files of packages, scenarios, regions, ...")]) -> None:
    """Check files and report every problem of each at once: TOML files of any kind, tables of statistics or effects.

    \b
    Examples:
      policymix check my-zone.toml my-scenario.toml
      policymix check calibration/evidence/city_statistics.csv
    """
    bad = 0
    for file in files:
        try:
            notices = _checked(file)
        except (InvalidFile, InvalidValue, NotFound) as error:
            typer.echo(str(error) if str(file) in str(error) else f"{file}: {error}", err=True)
            bad += 1
        else:
            typer.echo("\n".join([f"{file}: good", *(f"  notice: {notice}" for notice in notices)]))
    if bad:
        raise typer.Exit(2)


@app.command()
def warm() -> None:
    """Compile the rules now, so that no later run has to.

    \b
    Example:
      policymix warm
    """
    from policymix.engine.loop import compiled
    from policymix.engine.warm import warm as fill

    if not compiled(general=False):
        typer.echo("compiling the rules once, about half a minute ...", err=True)
    typer.echo("compiled" if fill() else "compiled already")


def run_into(
    folder: Path, chosen: Scenario, threads: int | None, quiet: bool, firms: Wanted | None = None
) -> tuple[xarray.Dataset, Inputs, Answer]:
    """Run a scenario with a progress bar; results, report, inputs and manifest reach the folder together."""
    from policymix.experiments import firm_file, store

    with store.staged(folder) as aside:
        from policymix.experiments.inputs import gather

        inputs = gather(chosen)  # every address and file is checked before the first second of simulation
        if firms is not None and not quiet:
            rows, size = firm_file.expected(inputs, firms.every)
            typer.echo(f"{firms.path}: about {rows:,} rows, {size / 1e6:,.0f} MB", err=True)
        results = _simulated(inputs, aside, threads, quiet, firms)
        if not quiet:
            tell(json.loads(results.attrs.get("notices", "[]")))
        return results, inputs, _write_report(results, inputs, aside)


def _simulated(inputs: Inputs, aside: Path, threads: int | None, quiet: bool, firms: Wanted | None) -> xarray.Dataset:
    """Run with a progress bar and put results, inputs and manifest into the folder."""
    from policymix.experiments import store
    from policymix.experiments.runner import run as run_scenario
    from policymix.report import ahead

    files = store.input_files(inputs.scenario)
    with progress_bar(quiet) as show:

        def progress(done: int, total: int) -> None:
            if done == 1:  # what the page needs is imported while the other units run
                threading.Thread(target=ahead.import_all, daemon=True).start()
            if show is not None:
                show(done, total)

        results = run_scenario(inputs.scenario, threads=threads, progress=progress, firms=firms)
    store.save_run(aside, results, inputs.scenario, files, ["policymix", *sys.argv[1:]])
    return results


def _write_report(results: xarray.Dataset, inputs: Inputs, folder: Path) -> Answer:
    """Figures as files and the page that holds them, drawn once; returns the numbers that the page tells."""
    from policymix.report.ahead import not_collecting
    from policymix.report.answer import answer
    from policymix.report.document import sources_of, totals_of
    from policymix.report.figures import standard_figures, write_figures
    from policymix.report.html import write_report
    from policymix.report.names import names_of, naming

    with not_collecting(), naming(names_of(results, inputs)):
        known = answer(results, inputs.targets)
        drawn = list(standard_figures(results, inputs.targets, known.accounts))
        write_figures(results, folder / "figures", inputs.targets, drawn=drawn)
        write_report(
            results,
            folder,
            targets=inputs.targets,
            region_table=totals_of(results, inputs),
            sources=sources_of(inputs),
            drawn=drawn,
            known=known,
        )
    return known


def _print_answer(
    results: xarray.Dataset, inputs: Inputs, folder: Path, as_json: bool, quiet: bool, known: Answer
) -> None:
    from policymix.report import terminal
    from policymix.report.document import totals_of

    if as_json:
        typer.echo(terminal.to_json(results, inputs.targets, known))
    elif not quiet:
        terminal.print_report(results, inputs.targets, region_table=totals_of(results, inputs), known=known)
        typer.echo(f"{folder}: results.nc, report.html, figures, inputs, manifest.json", err=True)


def _kind(name: str, kind: str | None) -> str:
    """What a name stands for: the kind asked for, or the first kind that has it, packages before their targets."""
    if kind is not None:
        return kind
    order = ("packages", "scenarios", "studies", "problems", "regions", "environments", "opportunities", "targets")
    for candidate in order:
        if name in catalog.available(candidate):
            return candidate
    if name.endswith(".toml") or "/" in name:
        return catalog.kind_of(catalog.find("packages", name))
    raise NotFound("name", name, [other for candidate in order for other in catalog.available(candidate)])


def _shown(kind: str, name: str, as_toml: bool) -> str:
    if kind == "packages":
        from policymix.policy.package import load, show
        from policymix.policy.page import page

        return show(load(name)) if as_toml else page(load(name))
    if kind == "scenarios":
        from policymix.experiments.scenario import load_scenario, write_scenario

        return write_scenario(load_scenario(name))
    _loaded(kind, name)
    return catalog.find(kind, name).read_text(encoding="utf-8")


def _checked(file: Path) -> list[str]:
    """Notices about a file that is valid; one that is not raises `InvalidFile`."""
    if not file.is_file():
        raise NotFound("file", str(file), [str(other) for other in file.parent.glob(f"*{file.suffix or '.toml'}")])
    if file.suffix.lower() == ".csv":
        from policymix.region.evidence import check as check_evidence

        return [f"{check_evidence(file)} rows"]
    if catalog.has_moments(file):
        from policymix.calibrate.moments import load_moments

        moments = load_moments(file)
        return [f"{len(moments.moment)} moments", *(f"conflict: {each.what}" for each in moments.conflict)]
    kind = catalog.kind_of(file)
    if kind == "packages":
        from policymix.policy.package import check as check_package

        problems, notices = check_package(file)
        if problems:
            raise InvalidFile(file, problems)
        return [str(notice) for notice in notices]
    found = _loaded(kind, str(file.resolve()))
    if kind == "problems":
        from policymix.experiments.candidates import levers_of

        levers_of(found)
    if kind != "studies":
        return []
    from policymix.experiments.plan import plan_of

    plan_of(found)
    return []


def _loaded(kind: str, name: str) -> Any:
    from policymix.experiments.api import load

    return load(name, kind)


def _note(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """Warnings of ours as one plain line; those of others as Python writes them."""
    ours = issubclass(category, UserWarning) and category.__module__.startswith("policymix.")
    typer.echo(
        f"notice: {message}" if ours else warnings.formatwarning(message, category, *where[:2]).rstrip(), err=True
    )
