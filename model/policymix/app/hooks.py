"""What a component does beside drawing: threads, data for the browser, and mistakes that become sentences."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import solara

from policymix.app.acts import as_text
from policymix.app.words import words
from policymix.errors import PolicymixError


def told(act: Callable[[], None], tell: Callable[[str], None], lang: str) -> None:
    """Do something; what goes wrong becomes a sentence on the page, also what nobody foresaw."""
    try:
        act()
    except PolicymixError as error:
        tell(str(error))
    except Exception as error:
        logging.getLogger(__name__).exception("a mistake of the page's own")
        tell(words(lang)["failed"].format(error=type(error).__name__))


def use_text(make: Callable[[], str], empty: Any, needs: list, lang: str, tell: Callable[[str], None]) -> str:
    """Data for the browser, made anew when what it needs changes; the former where that goes wrong, first ``empty``."""
    held, wrong = solara.use_ref(as_text(empty)), solara.use_ref("")

    def attempt() -> None:
        held.current = make()

    def work() -> str:
        wrong.current = ""
        told(attempt, lambda sentence: setattr(wrong, "current", sentence), lang)
        return held.current

    text = solara.use_memo(work, needs)
    solara.use_effect(lambda: tell(wrong.current) if wrong.current else None, needs)
    return text


def use_work(
    work: Callable[[threading.Event], None],
    end: Callable[[], None],
    wanted: Any,
    lang: str,
    tell: Callable[[str], None],
) -> None:
    """A thread that works anew for every ``wanted``, at once, tells what goes wrong, and calls ``end``; the former is
    told to end, and then says and ends nothing."""

    def begin() -> Callable[[], None]:
        cancelled = threading.Event()

        def say(sentence: str) -> None:
            if not cancelled.is_set():
                tell(sentence)

        def run() -> None:
            told(lambda: work(cancelled), say, lang)
            if not cancelled.is_set():
                end()

        threading.Thread(target=run, daemon=True).start()
        return cancelled.set

    solara.use_effect(begin, [wanted])
