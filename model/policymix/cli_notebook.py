"""The command that renders or opens the notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from policymix.errors import RunFailed

commands = typer.Typer(rich_markup_mode=None)


@commands.command()
def notebook(
    name: Annotated[str | None, typer.Argument(help="Name or file of a notebook; without it, list them.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Another parameter; repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="FILE.html, rendered, or FILE.ipynb, to open; NAME.html here.")
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in Jupyter instead, as NAME.ipynb here.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no progress.")] = False,
) -> None:
    """Render a notebook as a page with other parameters, or open it in Jupyter.

    \b
    Examples:
      policymix notebook
      policymix notebook first-steps --set draws=40
      policymix notebook own-package --out mine.ipynb
      policymix notebook first-steps --open
    """
    from policymix.report import notebooks

    if name is None:
        for known, path in notebooks.available().items():
            typer.echo(f"{known:16} {notebooks.title_of(path)}")
        return
    stem = notebooks.find(name).stem
    file = out or Path(f"{stem}.ipynb" if open_it else f"{stem}.html")
    written = notebooks.write(name, file, notebooks.parsed(settings or []), progress=not quiet)
    if not quiet:
        typer.echo(str(written), err=True)
    if open_it:
        _open(written)


def _open(file: Path) -> None:
    """Start JupyterLab at a file."""
    import shutil
    import subprocess

    program = shutil.which("jupyter-lab")
    if program is None:
        raise RunFailed(f"JupyterLab is not installed: pip install jupyterlab; the notebook is {file}")
    subprocess.run([program, str(file)], check=False)
