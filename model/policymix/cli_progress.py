"""The progress bar of what takes longer than a second, with time left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress

FIRST = "starting (a first run compiles the rules once, about half a minute)"


class progress_bar:  # noqa: N801 (a context, used like a function)
    """A progress bar on the error stream, with time left.

    ``doing`` is said beside it, ``first`` before the first part is done: of a run, that the rules are compiled.
    """

    def __init__(self, quiet: bool, doing: str = "simulating", first: str = FIRST) -> None:
        self.quiet, self.doing, self.first = quiet, doing, first
        self.bar: Progress | None = None

    def __enter__(self) -> Any:
        if self.quiet:
            return None
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self.bar = bar = Progress(*columns, console=Console(stderr=True))
        bar.start()
        self.task = bar.add_task(self.first, total=None)
        return self.advance

    def advance(self, done: int, total: int) -> None:
        """One unit of work more is done."""
        if self.bar is not None:
            self.bar.update(self.task, completed=done, total=total, description=self.doing)

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()
