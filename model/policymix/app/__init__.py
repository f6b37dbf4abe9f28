"""The page in the browser: what a visitor chooses, and how the answer comes. ``Page()`` is it as a widget."""

from typing import Any

__all__ = ["Page"]


def __getattr__(name: str) -> Any:
    if name != "Page":
        raise AttributeError(f"module 'policymix.app' has no attribute '{name}'; it has Page")
    from policymix.app.page import Page

    return Page
