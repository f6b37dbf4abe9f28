"""Commands that make a run a document, or a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from policymix.cli_policy import Language
from policymix.errors import InvalidValue, NotFound

commands = typer.Typer(rich_markup_mode=None)
FORMATS = ("html", "pdf", "docx")
PICTURES = ("png", "svg", "pdf")

Run = Annotated[str, typer.Argument(metavar="RESULTS", help="Folder or name in out/ of a run.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing.")]


@commands.command()
def report(
    results: Run,
    lang: Language = "both",
    form: Annotated[str, typer.Option("--format", help="html, pdf (by a browser) or docx (Word).")] = "html",
    attribution: Annotated[
        list[Path] | None,
        typer.Option(help="FILE.nc of policymix attribute --out; repeatable; by default those beside the results."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; RESULTS-report.html here by default.")] = None,
    quiet: Quiet = False,
) -> None:
    """Write a run as one document to forward: HTML that needs no network, PDF or Word, in English, Chinese or both.

    \b
    Examples:
      policymix report dalian-2025
      policymix report out/dalian-2025 --lang zh --format pdf
      policymix report dalian-2025 --format docx --out dalian.docx
      policymix report dalian-2025 --attribution clauses.nc
    """
    from policymix.cli_progress import progress_bar
    from policymix.report import document, formats
    from policymix.report.tables import checked_language

    checked_language(lang)
    if form not in FORMATS:
        raise NotFound("format", form, FORMATS, where="--format")
    finished = document.opened(results)
    suffix = "" if lang == "both" else f"-{lang}"
    path = out or Path(f"{finished.results.attrs.get('scenario', 'run')}-report{suffix}.{form}")
    _check_ending(path, (form,))
    formats.check_writable(path)
    with progress_bar(quiet, "drawing", "reading the results") as progress:
        page = document.page(
            finished, lang, document.PICTURES[form], attribution or None, printed=form != "html", progress=progress
        )
        written = formats.WRITERS[form](page, path)
    if not quiet:
        typer.echo(f"{written}: {written.stat().st_size:,} bytes", err=True)


@commands.command()
def figure(
    results: Run,
    name: Annotated[str, typer.Argument(help="Name of a figure, such as core-share.")],
    out: Annotated[Path | None, typer.Option(help="FILE.png, .svg or .pdf; NAME.png here by default.")] = None,
    lang: Language = "both",
    quiet: Quiet = False,
) -> None:
    """Draw one figure of a run again, with the CSV of its numbers beside it.

    \b
    Examples:
      policymix figure dalian-2025 core-share
      policymix figure out/dalian-2025 additionality --out additionality.svg --lang zh
    """
    from policymix.cli_progress import progress_bar
    from policymix.report import document, figures
    from policymix.report.style import render, speaking

    path = out or Path(f"{name}.png")
    _check_ending(path, PICTURES)
    with progress_bar(quiet, "drawing", "reading the results") as progress:
        drawn = document.figure_of(document.opened(results), name, lang)
        if progress is not None:
            progress(1, 2)
        with speaking(lang):
            content = render(drawn.figure, path.suffix[1:])
    table = drawn.table.to_csv(index=False, lineterminator="\n").encode()
    for file, data in ((path, content), (path.with_suffix(".csv"), table)):
        figures.save(data, file)
        if not quiet:
            typer.echo(f"{file}: {file.stat().st_size:,} bytes", err=True)


def _check_ending(path: Path, endings: tuple[str, ...]) -> None:
    """Refuse a file whose name says another type, before any work."""
    if path.suffix.lower()[1:] not in endings:
        raise InvalidValue("--out", path.name, f"a name that ends in {', '.join(f'.{each}' for each in endings)}")
