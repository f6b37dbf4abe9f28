"""The command that searches packages."""
import typer
commands = typer.Typer(rich_markup_mode=None)
