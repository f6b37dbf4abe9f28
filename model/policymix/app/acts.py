"""What a visitor's acts make of the state, and the state as what the page shows; session-free."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from policymix.app import choices
from policymix.app.state import State, Versions, first_state, pinned, state_of, with_change, with_mixes
from policymix.app.study import changed, question_of
from policymix.app.uploads import LARGEST, too_large
from policymix.app.words import words
from policymix.errors import InvalidFile, InvalidValue, NotFound, PolicymixError, Problem
from policymix.experiments.mixes import format_mixes
from policymix.experiments.scenario import load_scenario
from policymix.policy.entitlement import Entitlement
from policymix.policy.package import Package
from policymix.report.style import number

NO_UPLOADS: Mapping[str, Package] = {}


def begin(query: str, uploads: Mapping[str, Package] = NO_UPLOADS) -> tuple[State, str]:
    """The state of an address, or the first one and the sentence that says what is wrong with it."""
    try:
        state = _as_uploaded(state_of(query, uploads), uploads)
        if query:
            question_of(state, uploads, 1)
    except PolicymixError as error:
        return first_state(), str(error)
    return state, ""


def _as_uploaded(state: State, uploads: Mapping[str, Package]) -> State:
    """Without what is said of clauses that an uploaded file lacks: a download leaves out those that are off."""
    held = {name: choices.package_of(name, uploads) for name in state.packages}
    own = {part for name, package in held.items() if name in uploads for part in (name, package.id)}
    there = {f"{part}/{c.id}" for name, package in held.items() for part in (name, package.id) for c in package.clause}

    def left(versions: Versions) -> Versions:
        gone = {clause for clause in versions.off - there if clause.partition("/")[0] in own}
        changes = {
            address: value
            for address, value in versions.changes.items()
            if not any(address.startswith(f"{clause}.") for clause in gone)
        }
        return Versions(changes, versions.off - gone)

    pin = state.pin and replace(state.pin, versions=left(state.pin.versions))
    return replace(state, versions=left(state.versions), pin=pin)


def decoded(data: Mapping[str, Any]) -> bytes:
    """Bytes of an upload as the browser sends them; a text longer than the limit is not looked at."""
    text, name = str(data["content"]), str(data["name"])
    if len(text) > 4 * LARGEST // 3 + 8:
        raise too_large(name, 3 * len(text) // 4)
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise InvalidFile(name, [Problem("content", str(error), "a file")]) from None


def mixes_shown(state: State) -> list[dict[str, Any]]:
    """Mixes with their packages."""
    baseline = load_scenario(state.scenario).baseline
    return [{"name": name, "packages": list(held), "baseline": name == baseline} for name, held in state.mixes.items()]


def offer(state: State, uploads: Mapping[str, Package]) -> str:
    """All that there is to choose from, as JSON."""
    return as_text(
        {
            "scenarios": choices.scenarios(state.lang),
            "known": choices.packages_known(uploads, state.lang),
            "packages": choices.packages_shown(state, uploads),
        }
    )


def as_text(data: Any) -> str:
    """Plain data as JSON: Solara would look through every value of a table at every turn."""
    return json.dumps(data, ensure_ascii=False)


def own_package(state: State, uploads: Mapping[str, Package], name: str) -> Package:
    """A package of the mixes with the visitor's changes.

    Raises
    ------
    NotFound
        No mix holds it.
    """
    if name not in state.packages:
        raise NotFound("package", name, state.packages)
    return changed(choices.package_of(name, uploads), state.versions, name, [name])


def mix_asked(state: State, name: str | None) -> str:
    """The mix that the calculator is about: the chosen one, or the one with the most packages, the last of equals."""
    if name is not None and name in state.mixes:
        return name
    return max(reversed(list(state.mixes)), key=lambda mix: len(state.mixes[mix]))


def own_packages(state: State, uploads: Mapping[str, Package], mix: str) -> list[Package]:
    """The packages of a mix with the visitor's changes; other mixes are alternatives to it."""
    return [own_package(state, uploads, name) for name in state.mixes[mix]]


def moved(state: State, move: Mapping[str, Any]) -> State:
    """The state after a slider has moved; None as its value takes the change back."""
    value = move["value"]
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise InvalidValue(str(move["address"]), repr(value), "a number")
    return with_change(state, str(move["address"]), None if value is None else float(value))


def pin_of(state: State, mix: str | None) -> State:
    """The state with a mix pinned or none."""
    if mix is not None and mix not in state.mixes:
        raise NotFound("mix", mix, state.mixes)
    return pinned(state, mix)


def without(state: State, mix: str, uploads: Mapping[str, Package]) -> State:
    """The state without a mix; changes of packages that nobody holds any more go too."""
    left = {name: held for name, held in state.mixes.items() if name != mix}
    return _tidied(with_mixes(state, format_mixes(left), uploads), uploads)


def with_added(state: State, names: list[str], uploads: Mapping[str, Package]) -> State:
    """The state with one more mix of some packages."""
    return with_mixes(state, ",".join([format_mixes(state.mixes), "+".join(map(str, names))]), uploads)


def _tidied(state: State, uploads: Mapping[str, Package]) -> State:
    """Without changes and switched-off clauses of packages that no mix holds, now or as pinned."""
    ids = {part for name in state.packages for part in (name, choices.package_of(name, uploads).id)}
    pin = state.pin and replace(state.pin, versions=_of_packages(state.pin.versions, ids))
    return replace(state, versions=_of_packages(state.versions, ids), pin=pin)


def _of_packages(versions: Versions, ids: Collection[str]) -> Versions:
    """What is changed of some packages, and of parameters and figures."""
    changes = {
        address: value
        for address, value in versions.changes.items()
        if "/" not in address or address.partition("/")[0] in ids
    }
    return Versions(changes, frozenset(clause for clause in versions.off if clause.partition("/")[0] in ids))


def entitled_shown(answer: Entitlement, mix: str, lang: str) -> dict[str, Any]:
    """An entitlement under a mix as texts: total, range, and what every clause of the kind says, payments first."""
    zh = lang == "zh"
    unit = "元" if zh else "CNY"
    notes = sorted((n for n in answer.trace if n.status != "other_kind"), key=lambda note: -note.amount)
    low, high = (f"{number(each, 2)} {unit}" for each in (answer.low, answer.high))
    return {
        "mix": mix,
        "total": f"{number(answer.total, 2)} {unit}",
        "between": words(lang)["between"].format(low=low, high=high),
        "notes": [
            {
                "clause": note.clause,
                "title": note.title_zh if zh else note.title,
                "amount": number(note.amount, 2),
                "status": note.status_zh if zh else note.status,
                "why": note.why_zh if zh else note.why,
                "source": note.source,
            }
            for note in notes
        ],
    }
