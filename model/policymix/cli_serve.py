"""The command that opens the page in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

commands = typer.Typer(rich_markup_mode=None)


@commands.command()
def serve(
    scenario: Annotated[str, typer.Argument(help="Scenario to begin with.")] = "dalian-2025",
    port: Annotated[int, typer.Option(help="Port; 0 for any that is free.")] = 8765,
    host: Annotated[str, typer.Option(help="Address to listen at; 127.0.0.1 is this machine alone.")] = "127.0.0.1",
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not print the page's address.")] = False,
) -> None:
    """Open a page for the browser: move a clause's numbers and watch the bill and the targets; stop with Ctrl-C.

    \b
    Examples:
      policymix serve
      policymix serve qingdao-2025 --port 9000
    """
    from policymix.app.server import serve as open_page

    def ready(address: str) -> None:
        if not quiet:
            typer.echo(f"policymix: the page is at {address} (Ctrl-C ends it)", err=True)

    open_page(scenario, host, port, ready)
