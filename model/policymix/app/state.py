"""What a visitor has chosen, and the address of the page that says it: names and changed addresses, nothing else.

The address uses the spellings of the command line: ``?mix=none,htz-2022&set=htz-2022/s3.pays.amount=400000&lang=zh``.
Files have no place in it: every name is one that the catalogue lists, or ``ID.toml`` for a package that the visitor has
uploaded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlencode

from policymix import catalog
from policymix.errors import InvalidValue, NotFound
from policymix.experiments.addresses import SPACES, Value, parse_address, parse_settings
from policymix.experiments.mixes import format_mixes, parse_mixes
from policymix.experiments.scenario import DEFAULT, load_scenario

LANGUAGES = ("en", "zh")
ADDRESS = "address of the page"
KEYS = ("scenario", "mix", "set", "off", "pin", "pin-set", "pin-off", "lang")
SETTABLE = tuple(space for space in SPACES if space != "run")
"""Spaces besides the packages' that a visitor may set: how often to draw is the page's own affair."""
LONGEST = 8_000
"""Characters of an address; browsers and proxies cut longer ones."""
MOST_MIXES = 6
PINNED = "pinned"
"""Name of the pinned mix beside the others."""


@dataclass(frozen=True)
class Versions:
    """What a visitor has changed of the packages: values by address, and clauses that are switched off."""

    changes: Mapping[str, Value] = field(default_factory=dict)
    off: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pin:
    """A mix kept as it was, to compare others with: its name, and the changes that it was pinned with."""

    mix: str
    versions: Versions = Versions()


@dataclass(frozen=True)
class State:
    """Everything that a visitor has chosen.

    Attributes
    ----------
    scenario : name of a scenario, which brings region, environment and targets
    mixes : packages of each mix, by the mix's name
    versions : changed values and clauses switched off, in every mix but the pinned one
    pin : a mix to compare with, or None
    lang : ``en`` or ``zh``
    """

    scenario: str
    mixes: Mapping[str, tuple[str, ...]]
    versions: Versions = Versions()
    pin: Pin | None = None
    lang: str = "en"

    @property
    def packages(self) -> list[str]:
        """Names of the packages of all mixes, each once."""
        return list(dict.fromkeys(name for named in self.mixes.values() for name in named))


def first_state(scenario: str = DEFAULT, lang: str = "en") -> State:
    """A scenario as its file has it."""
    found = load_scenario(listed("scenarios", scenario))
    return State(scenario, {name: tuple(packages) for name, packages in found.mixes.items()}, lang=lang)


def listed(kind: str, name: str) -> str:
    """A name that the catalogue lists; a path is none, whatever lies there."""
    known = catalog.available(kind)
    if name not in known:
        raise NotFound(catalog.SINGULAR[kind], name, known, where=ADDRESS)
    return name


def query_of(state: State) -> str:
    """The query of the page's address, ``""`` for the first state."""
    first = first_state(state.scenario)
    pairs = [("scenario", state.scenario)] if state.scenario != DEFAULT else []
    if state.mixes != first.mixes:
        pairs.append(("mix", format_mixes(state.mixes)))
    pairs += _pairs_of(state.versions, "")
    if state.pin is not None:
        pairs += [("pin", state.pin.mix), *_pairs_of(state.pin.versions, "pin-")]
    if state.lang != "en":
        pairs.append(("lang", state.lang))
    return urlencode(pairs, safe="/,+=") if pairs else ""


def state_of(query: str, uploaded: Collection[str] = ()) -> State:
    """The state that an address describes.

    Parameters
    ----------
    query : what stands behind ``?``
    uploaded : names of the packages that the visitor has uploaded

    Raises
    ------
    NotFound, InvalidValue
        A name that nobody knows, an address that is none, a mix or value that cannot be read.
    """
    if len(query) > LONGEST:
        raise InvalidValue(ADDRESS, f"{len(query):,} characters", f"at most {LONGEST:,}")
    # a plus joins packages here and is no blank
    pairs = parse_qsl(query.removeprefix("?").replace("+", "%2B"), keep_blank_values=True)
    for key, _ in pairs:
        if key not in KEYS:
            raise NotFound("key", key, KEYS, where=ADDRESS)
    one = dict(pairs)
    lang = one.get("lang", "en")
    if lang not in LANGUAGES:
        raise NotFound("language", lang, LANGUAGES, where=ADDRESS)
    state = first_state(one.get("scenario", DEFAULT), lang)
    if "mix" in one:
        state = with_mixes(state, one["mix"], uploaded)
    state = replace(state, versions=_versions(state, pairs, ""))
    if "pin" not in one:
        return state
    if one["pin"] not in state.mixes:
        raise NotFound("mix", one["pin"], state.mixes, where=f"{ADDRESS}, pin")
    return replace(state, pin=Pin(one["pin"], _versions(state, pairs, "pin-")))


def with_mixes(state: State, mixes: str, uploaded: Collection[str] = ()) -> State:
    """The state with other mixes, in their one spelling; the scenario's baseline is added if it is missing.

    Raises
    ------
    NotFound, InvalidValue
        A package that neither the catalogue nor the visitor has; mixes that cannot be read, or too many.
    """
    scenario = load_scenario(state.scenario)
    named = parse_mixes(mixes, "mix")
    named = {
        name: scenario.mixes[name] if held == [name] and name in scenario.mixes else held
        for name, held in named.items()
    }
    if scenario.baseline not in named:
        named = {scenario.baseline: scenario.mixes[scenario.baseline], **named}
    if PINNED in named:
        raise InvalidValue("mix", f"a mix named {PINNED}", "another name: the page keeps it for a pinned mix")
    if len(named) > MOST_MIXES:
        raise InvalidValue("mix", f"{len(named)} mixes", f"at most {MOST_MIXES} with the baseline")
    known = [*catalog.available("packages"), *uploaded]
    for package in dict.fromkeys(each for held in named.values() for each in held):
        if package.endswith(".toml") and package not in uploaded:
            raise InvalidValue("mix", f"{package}, which this page does not have", "its file: upload it")
        if package not in known:
            raise NotFound("package", package, known, where="mix")
    kept = {name: tuple(held) for name, held in named.items()}
    pin = state.pin if state.pin is not None and state.pin.mix in kept else None
    return replace(state, mixes=kept, pin=pin)


def with_change(state: State, address: str, value: Value | None) -> State:
    """The state with one value set by its address; None takes the change back."""
    others = {name: old for name, old in state.versions.changes.items() if name != address}
    changes = others if value is None else {**others, address: value}
    return replace(state, versions=replace(state.versions, changes=changes))


def with_clause(state: State, clause: str, on: bool) -> State:
    """The state with a clause (``htz-2022/m4``) switched on or off."""
    off = state.versions.off - {clause} if on else state.versions.off | {clause}
    return replace(state, versions=replace(state.versions, off=off))


def pinned(state: State, mix: str | None) -> State:
    """The state with a mix pinned as it is now; None takes the pin off."""
    return replace(state, pin=None if mix is None else Pin(mix, state.versions))


def _pairs_of(versions: Versions, prefix: str) -> list[tuple[str, str]]:
    sets = [(f"{prefix}set", f"{address}={_written(value)}") for address, value in versions.changes.items()]
    return sets + [(f"{prefix}off", clause) for clause in sorted(versions.off)]


def _written(value: Value) -> str:
    """A value as `parse_settings` reads it back."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _versions(state: State, pairs: list[tuple[str, str]], prefix: str) -> Versions:
    """Changes and switched-off clauses of an address; whether they exist is for the packages to say."""
    changes = parse_settings([value for key, value in pairs if key == f"{prefix}set"], f"{ADDRESS}, {prefix}set")
    for address in changes:
        if parse_address(address).space == "run":
            raise NotFound("address", address, [f"{space}.NAME" for space in SETTABLE], where=f"{ADDRESS}, {prefix}set")
    off = frozenset(value for key, value in pairs if key == f"{prefix}off")
    return Versions(changes, off)
