"""The page: a Solara component. What a visitor chooses is the state; threads of their session ask, the crew works.

Importing this module imports Solara.
"""

from __future__ import annotations

import base64
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import solara

from policymix.app import choices, downloads
from policymix.app.acts import (
    as_text,
    begin,
    decoded,
    entitled_shown,
    mix_asked,
    mixes_shown,
    moved,
    offer,
    own_package,
    own_packages,
    pin_of,
    with_added,
    without,
)
from policymix.app.calculator import entitled
from policymix.app.content import Content, shared_contents
from policymix.app.crew import FIRST, LATER, PICTURE, shared_crew
from policymix.app.hooks import told, use_text, use_work
from policymix.app.memory import let_go
from policymix.app.state import LANGUAGES, State, Versions, first_state, query_of, with_clause
from policymix.app.study import DRAWS, Progress, Question, answers, identity, question_of
from policymix.app.uploads import LARGEST, too_large, upload_name, uploaded_package
from policymix.app.words import TABS, words
from policymix.errors import InvalidValue, PolicymixError
from policymix.policy.package import Package
from policymix.report.names import names_of

if TYPE_CHECKING:
    import xarray

STYLE = Path(__file__).parent / "page.css"
TYPES = {"toml": "application/toml", "results": "application/x-netcdf", "report": "text/html"}
MOST_UPLOADS = 10
NUMBERS = itertools.count()
EMPTY: Content = {"tables": [], "figures": []}
NOTHING_OFFERED: dict[str, list] = {"scenarios": [], "known": [], "packages": []}
EMPTY_FORM: dict[str, Any] = {"kinds": [], "kind": None, "facts": []}
REST = 0.3
"""Seconds after a preliminary answer before work on figures and the final one begins."""


@dataclass(frozen=True)
class Answered:
    """An answer with the question that it is to; told apart by its number."""

    asked: tuple
    question: Question
    results: xarray.Dataset
    final: bool
    number: int


@solara.component_vue("heading.vue")
def Heading(said: str, lang: str, own_address: bool, event_choose_language: Callable[[str], None]) -> None:  # noqa: N802
    """Title and the switch of language."""


@solara.component_vue("choices.vue")
def Choices(  # noqa: N802
    said: str,
    offered: str,
    scenario: str,
    mixes: list,
    values: dict,
    off: list,
    changes: int,
    pin: str | None,
    uploaded: list,
    largest: int,
    query: str,
    own_address: bool,
    event_choose_scenario: Callable[[str], None],
    event_pin_mix: Callable[[str | None], None],
    event_remove_mix: Callable[[str], None],
    event_add_mix: Callable[[list], None],
    event_reset_all: Callable[[Any], None],
    event_change: Callable[[dict], None],
    event_switch_clause: Callable[[dict], None],
    event_upload: Callable[[dict], None],
    event_refuse: Callable[[dict], None],
) -> None:
    """City, mixes, clauses and sliders, upload."""


@solara.component_vue("answer.vue")
def AnswerView(  # noqa: N802
    said: str,
    message: str,
    status: str,
    done: int,
    total: int,
    busy: bool,
    old: bool,
    ready: bool,
    preparing: bool,
    tabs: list,
    tab: str,
    tables_text: str,
    figures_text: str,
    packages: list,
    file: dict | None,
    event_choose_tab: Callable[[str], None],
    event_close_message: Callable[[Any], None],
    event_fetch_file: Callable[[dict], None],
    event_fetched: Callable[[str], None],
) -> None:
    """Progress, tables, figures, downloads."""


@solara.component_vue("calculator.vue")
def Calculator(  # noqa: N802
    said: str,
    form_text: str,
    entitled: dict | None,
    message: str,
    mixes: list,
    mix: str,
    event_choose_mix: Callable[[str], None],
    event_choose_kind: Callable[[str], None],
    event_calculate: Callable[[dict], None],
) -> None:
    """What one firm is entitled to, as a form."""


@solara.component
def Page(query: str = "", own_address: bool = False) -> Any:  # noqa: N802
    """The page, also as a widget in a notebook.

    Parameters
    ----------
    query : the state to begin with, as in the page's address
    own_address : whether the browser's address follows the state; not in a notebook
    """
    opened, trouble = solara.use_memo(lambda: begin(query), [])
    state, set_state = solara.use_state(opened)
    uploads, set_uploads = solara.use_state({})
    message, set_message = solara.use_state(trouble)
    # an address that cannot be yet stays where it is: an upload may be what it lacks
    pending, set_pending = solara.use_state(query.removeprefix("?") if trouble else "")
    tab, set_tab = solara.use_state(TABS[0])
    said = words(state.lang)

    def guarded(act: Callable[[Any], None]) -> Callable[[Any], None]:
        """An event whose mistake becomes the sentence on the page."""

        def event(data: Any = None) -> None:
            told(lambda: act(data), set_message, state.lang)

        return event

    def choose(new: State) -> None:
        set_message("")
        set_pending("")
        set_state(new)

    def upload(data: Mapping[str, Any]) -> None:
        if len(uploads) >= MOST_UPLOADS:
            raise InvalidValue("upload", f"{len(uploads) + 1} packages", f"at most {MOST_UPLOADS} in one session")
        package = uploaded_package(str(data["name"]), decoded(data))
        with_it = {**uploads, upload_name(package): package}
        set_uploads(with_it)
        if pending:
            found, wrong = begin(pending, with_it)
            set_message(wrong)
            if not wrong:
                choose(found)
        else:
            set_message("")

    def refuse(data: Mapping[str, Any]) -> None:
        raise too_large(str(data["name"]), int(data["size"]))

    def language(lang: str) -> None:
        if lang in LANGUAGES:
            set_state(replace(state, lang=lang))

    marks = tuple((name, identity(package)) for name, package in uploads.items())
    asked = (query_of(replace(state, lang="en")), marks)
    answered, progress, busy = use_answers(state, uploads, asked, tab, set_message)
    (tables, figures), fresh = use_content(answered, tab, state.lang, set_message)
    needs = [state.scenario, state.mixes, state.lang, marks]
    offered = use_text(lambda: offer(state, uploads), NOTHING_OFFERED, needs, state.lang, set_message)
    texts = solara.use_memo(lambda: as_text(said), [state.lang])
    stale = answered is None or answered.asked != asked
    current = not busy and not stale
    file, preparing, fetch, fetched = use_download(state, uploads, answered if current else None, set_message)

    with solara.Div(classes=["pm-page"]) as page:
        solara.Style(STYLE)
        Heading(said=texts, lang=state.lang, own_address=own_address, event_choose_language=language)
        with solara.Div(classes=["pm-columns"]):
            Choices(
                said=texts,
                offered=offered,
                scenario=state.scenario,
                mixes=mixes_shown(state),
                values=dict(state.versions.changes),
                off=sorted(state.versions.off),
                changes=len(state.versions.changes) + len(state.versions.off),
                pin=state.pin.mix if state.pin else None,
                uploaded=list(uploads),
                largest=LARGEST,
                query=pending or query_of(state),
                own_address=own_address,
                event_choose_scenario=guarded(lambda name: choose(first_state(name, state.lang))),
                event_pin_mix=guarded(lambda mix: choose(pin_of(state, mix))),
                event_remove_mix=guarded(lambda mix: choose(without(state, mix, uploads))),
                event_add_mix=guarded(lambda names: choose(with_added(state, names, uploads))),
                event_reset_all=guarded(lambda _: choose(replace(state, versions=Versions()))),
                event_change=guarded(lambda move: choose(moved(state, move))),
                event_switch_clause=guarded(lambda to: choose(with_clause(state, str(to["clause"]), bool(to["on"])))),
                event_upload=guarded(upload),
                event_refuse=guarded(refuse),
            )
            with solara.Div():
                AnswerView(
                    said=texts,
                    message=message,
                    status=status_text(answered, busy, stale, said),
                    done=progress.done,
                    total=progress.total,
                    busy=busy,
                    old=busy or stale or not fresh,
                    ready=current,
                    preparing=preparing,
                    tabs=list(TABS),
                    tab=tab,
                    tables_text=tables,
                    figures_text=figures,
                    packages=state.packages,
                    file=file,
                    event_choose_tab=lambda name: set_tab(name) if name in TABS else None,
                    event_close_message=lambda _: set_message(""),
                    event_fetch_file=guarded(fetch),
                    event_fetched=lambda _: fetched(),
                )
                CalculatorForm(state, uploads, marks)
    return page


@solara.component
def CalculatorForm(state: State, uploads: Mapping[str, Package], marks: tuple) -> Any:  # noqa: N802
    """The calculator over the packages of one mix, with the visitor's changes."""
    chosen, set_chosen = solara.use_state(None)
    kind, set_kind = solara.use_state(None)
    answer, set_answer = solara.use_state(None)
    message, set_message = solara.use_state("")
    mix = mix_asked(state, chosen)
    alone = replace(state, mixes={mix: state.mixes[mix]})
    needs = [state.scenario, alone.mixes, state.lang, marks, kind]
    form = use_text(
        lambda: as_text(choices.claim_form(alone, uploads, kind)), EMPTY_FORM, needs, state.lang, set_message
    )

    def calculate(data: Mapping[str, Any]) -> None:
        try:
            found = entitled(own_packages(state, uploads, mix), str(data["kind"]), dict(data["facts"]))
        except PolicymixError as error:
            set_answer(None)
            set_message(str(error))
        else:
            set_message("")
            set_answer((found, mix))

    def choosing(choose: Callable[[str], None]) -> Callable[[str], None]:
        """A choice that takes the former answer away."""

        def event(name: str) -> None:
            set_answer(None)
            set_message("")
            choose(name)

        return event

    shown = None if answer is None else entitled_shown(answer[0], answer[1], state.lang)
    return Calculator(
        said=as_text(words(state.lang)),
        form_text=form,
        entitled=shown,
        message=message,
        mixes=[name for name, held in state.mixes.items() if held],
        mix=mix,
        event_choose_mix=choosing(set_chosen),
        event_choose_kind=choosing(set_kind),
        event_calculate=calculate,
    )


def use_answers(
    state: State, uploads: Mapping[str, Package], asked: tuple, tab: str, tell: Callable[[str], None]
) -> tuple[Answered | None, Progress, bool]:
    """The latest answer, progress, whether a better one is under way; a change or a leaving visitor ends the run.

    All that a preliminary answer takes, once the rules are compiled, is done by the crew in the visitor's turn, so that
    among many visitors a change that is soon changed again costs nothing. An answer comes with the tables of the open
    tab made, so that both change at once. Between the preliminary answer and the work on the final one is a rest, so
    that whoever goes on moving a slider waits for nothing else.
    """
    answered, set_answered = solara.use_state(None)
    progress, set_progress = solara.use_state(Progress(0, 1))
    finished, set_finished = solara.use_state(None)
    turn = solara.use_ref(None)  # the place in the queue since the oldest change without an answer

    def work(cancelled: threading.Event) -> None:
        crew = shared_crew()
        if turn.current is None:
            turn.current = crew.turn()

        def show(found: Answered) -> None:
            urgency = LATER if found.final else FIRST
            try:
                with suppress(PolicymixError):  # it is told where the tables are shown
                    crew.awaited(urgency, lambda: next(content_of(found, tab, state.lang)), cancelled, turn.current)
            finally:
                if not cancelled.is_set():
                    turn.current = None
                    set_answered(found)

        def answer() -> None:
            question = crew.awaited(FIRST, lambda: question_of(state, uploads), cancelled, turn.current)
            if question is None:
                return
            for one in answers(question, cancelled, crew, turn=turn.current):
                if cancelled.is_set():
                    return
                if isinstance(one, Progress):
                    set_progress(one)
                else:
                    show(Answered(asked, question, one.results, one.final, next(NUMBERS)))
                    if not one.final:
                        cancelled.wait(REST)

        try:
            answer()
        finally:
            if not cancelled.is_set():  # answered, or refused
                turn.current = None

    use_work(work, lambda: set_finished(asked), asked, state.lang, tell)
    latest = solara.use_ref(None)
    latest.current = answered
    solara.use_effect(lambda: lambda: let_go(latest.current.results) if latest.current else None, [])
    return answered, progress, finished != asked


def content_of(answered: Answered, tab: str, lang: str) -> Iterator[Content]:
    """Tables of a tab, then its figures besides."""
    question, results = answered.question, answered.results
    mark, names = (question.mark, answered.final), names_of(results, question.inputs)
    return shared_contents(mark, tab, results, question.inputs.targets, lang, names)


def use_content(
    answered: Answered | None, tab: str, lang: str, tell: Callable[[str], None]
) -> tuple[tuple[str, str], bool]:
    """Tables and figures of a tab, the former figures until the new ones are drawn; whether all of it is current."""
    shown, set_shown = solara.use_state((None, EMPTY, texts_of(EMPTY), False))
    wanted = (answered.number if answered else None, tab, lang)

    def work(cancelled: threading.Event) -> None:
        if answered is None:
            return

        def show(content: Content) -> None:
            if not cancelled.is_set():
                set_shown(lambda before: with_former(before, wanted, content))

        made = content_of(answered, tab, lang)
        show(content := next(made))
        if not content["figures"]:
            if not answered.final:
                cancelled.wait(REST)
            show(shared_crew().awaited(PICTURE, lambda: next(made), cancelled) or content)

    def end() -> None:
        if answered is not None:
            set_shown(lambda before: ended(before, wanted))

    use_work(work, end, wanted, lang, tell)
    key, _, texts, done = shown
    if key is None or key[1:] != wanted[1:]:
        return texts_of(EMPTY), False
    return texts, done and key == wanted


def texts_of(content: Content) -> tuple[str, str]:
    """Tables and figures, each by itself: figures are long, and the browser has the former ones already."""
    return as_text(content["tables"]), as_text(content["figures"])


def with_former(before: tuple, key: tuple, content: Content) -> tuple:
    """New tables beside the former figures of the same tab, so that nothing jumps while they are drawn."""
    old_key, old, *_ = before
    drawn = bool(content["figures"])
    if not drawn and old_key is not None and old_key[1:] == key[1:]:
        content = {**content, "figures": old["figures"]}
    return key, content, texts_of(content), drawn


def ended(before: tuple, key: tuple) -> tuple:
    """What is shown once nothing more comes: after a failure the tables alone, without former figures."""
    old_key, old, _, drawn = before
    if old_key == key and drawn:
        return before
    content = {**old, "figures": []} if old_key == key else EMPTY
    return key, content, texts_of(content), True


def use_download(
    state: State, uploads: Mapping[str, Package], answered: Answered | None, tell: Callable[[str], None]
) -> tuple[dict | None, bool, Callable[[Mapping[str, Any]], None], Callable[[], None]]:
    """A file for the browser, whether one is being made, and what asks for one and takes it away again."""
    wanted, set_wanted = solara.use_state(None)
    file, set_file = solara.use_state(None)

    def work(cancelled: threading.Event) -> None:
        if wanted is None:
            return
        name, kind, make = wanted
        content = base64.b64encode(make()).decode("ascii")
        if not cancelled.is_set():
            set_file({"name": name, "type": TYPES[kind], "content": content})

    def fetch(data: Mapping[str, Any]) -> None:
        kind = str(data["kind"])
        if kind == "toml":
            name = str(data["package"])
            package = own_package(state, uploads, name)
            set_wanted((f"{package.id}.toml", kind, lambda: downloads.package_toml(package)))
        elif kind in TYPES and answered is not None:
            question, results = answered.question, answered.results
            make = {
                "results": lambda: downloads.results_netcdf(results),
                "report": lambda: downloads.report_html(question, results, query_of(state), state.lang),
            }[kind]
            ending = {"results": "nc", "report": "html"}[kind]
            set_wanted((f"{question.scenario.id}.{ending}", kind, make))

    use_work(work, lambda: set_wanted(None), wanted, state.lang, tell)
    return file, wanted is not None, fetch, lambda: set_file(None)


def status_text(answered: Answered | None, busy: bool, stale: bool, said: Mapping[str, str]) -> str:
    """One line on how good the answer is that stands below."""
    if stale:
        return said["waiting"] if busy else "" if answered is None else said["former"]
    assert answered is not None
    draws = answered.results.sizes["draw"]
    return said["final" if answered.final else "preliminary"].format(draws=draws, all=DRAWS)
