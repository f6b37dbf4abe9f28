"""A scenario: region, history, mixes to compare, environment, horizon, and how often to draw.

The file is TOML with a strict schema: an unknown key is an error that names the nearest one, and all problems of a file
are reported at once. Options of the command line and of `policymix.run` are laid over the file by `with_options`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from policymix import catalog
from policymix.errors import InvalidFile, InvalidValue, NotFound, PolicymixError, Problem, nearest
from policymix.experiments.addresses import Value, parse_address, parse_settings
from policymix.experiments.mixes import format_mixes, parse_mixes
from policymix.experiments.quarters import quarter_number, quarters

DEFAULT = "dalian-2025"
MAX_SEED = 2**63 - 1
RUN_KEYS = ("draws", "replicates", "seed", "start", "end", "burn_in_start", "posterior")  # what ``run.NAME`` may set

Count = Annotated[int, Field(ge=1, strict=True)]


class Title(BaseModel):
    """A title a user sees, in English and Chinese."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    en: str
    zh: str


class Scenario(BaseModel):
    """One scenario, complete: what `policymix.run` needs beside the files that it names.

    Attributes
    ----------
    id, title, description : what it is called
    region, environment : names of their files
    history : packages in force before the start, under every mix
    mixes : packages of each mix, by the mix's name
    baseline : the mix that every other is set against
    targets, opportunities : names of their files
    burn_in_start, start, end : quarters; the burn-in runs up to the quarter before ``start``, ``end`` is included
    draws, replicates : samples of the uncertain parameters; repetitions within each
    seed : root of every random number, 0 .. 2**63 - 1
    rules : module whose functions replace those of ``policymix.firms``; "" for none
    priors : file of the parameters' priors; "" for the shipped one
    posterior : file of a fit to draw from; "" for the region's own, if there is one; "none" for the priors alone
    set : values by address
    path : the file it was read from, if any; other files are searched for beside it
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str
    title: Title
    description: str = ""
    region: str
    environment: str
    history: list[str] = []
    mixes: dict[str, list[str]]
    baseline: str = "none"
    targets: list[str] = []
    opportunities: list[str] = []
    burn_in_start: str
    start: str
    end: str
    draws: Count = 100
    replicates: Count = 1
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] = 0
    rules: str = ""
    priors: str = ""
    posterior: str = ""
    set: dict[str, Any] = {}
    path: Path | None = Field(default=None, exclude=True)

    @field_validator("mixes", mode="before")
    @classmethod
    def _read_mixes(cls, value: object) -> dict[str, list[str]]:
        return parse_mixes(value)  # type: ignore[arg-type]

    @field_validator("set", mode="before")
    @classmethod
    def _read_set(cls, value: object) -> dict[str, Any]:
        return parse_settings(_flat(value), "set") if isinstance(value, Mapping) else value  # type: ignore[return-value]

    @field_validator("burn_in_start", "start", "end")
    @classmethod
    def _read_quarter(cls, value: str) -> str:
        quarter_number(value)
        return value.strip().upper()

    def packages(self) -> list[str]:
        """Every package named, the history's first, each once."""
        named = [*self.history, *(package for mix in self.mixes.values() for package in mix)]
        return list(dict.fromkeys(named))

    def quarters(self) -> list[str]:
        """Quarters of the horizon, ``start`` to ``end``."""
        return quarters(self.start, self.end)

    def units(self) -> int:
        """Units of work: one for each draw and replicate."""
        return self.draws * self.replicates


def load_scenario(source: str | os.PathLike[str] | Mapping[str, Any] | Scenario = DEFAULT) -> Scenario:
    """A scenario from a name, a path, a table of its keys, or a scenario already read."""
    if isinstance(source, Scenario):
        return source
    return _validated(*catalog.content("scenarios", source))


def with_options(
    scenario: Scenario,
    *,
    mix: str | Iterable[str] | Mapping[str, object] | None = None,
    draws: int | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    set: Iterable[str] | Mapping[str, Value] | None = None,
) -> Scenario:
    """The scenario with options of the command line or of Python laid over it; `set` comes last and wins."""
    changes: dict[str, Any] = {"draws": draws, "replicates": replicates, "seed": seed}
    changes = {key: value for key, value in changes.items() if value is not None}
    for key, value in changes.items():
        _check_number(f"--{key}", key, value)
    if mix is not None:
        changes |= _chosen(scenario, mix)
    return apply_sets(_changed(scenario, changes), parse_settings(set))


def apply_sets(scenario: Scenario, sets: Mapping[str, Value]) -> Scenario:
    """The scenario with values by address added: ``run.NAME`` changes it itself, the rest goes into ``set``."""
    run: dict[str, Any] = {}
    for address, value in sets.items():
        parsed = parse_address(address, "--set")
        if parsed.space != "run":
            continue
        if parsed.key not in RUN_KEYS:
            raise NotFound("address", address, [f"run.{key}" for key in RUN_KEYS], where="--set")
        _check_number(address, parsed.key, value)
        run[parsed.key] = value
    others = {address: value for address, value in sets.items() if not address.startswith("run.")}
    changed = _changed(scenario, run)
    return changed.model_copy(update={"set": {**changed.set, **others}})


def run_addresses(scenario: Scenario) -> dict[str, Value]:
    """Every ``run.NAME`` with its present value."""
    return {f"run.{key}": getattr(scenario, key) for key in RUN_KEYS}


def write_scenario(scenario: Scenario) -> str:
    """The scenario as TOML that `load_scenario` reads back as the same scenario."""
    import tomlkit

    table = scenario.model_dump()
    table["mixes"] = format_mixes(scenario.mixes)
    document = tomlkit.document()
    for key, value in table.items():
        if key == "title":
            inline = tomlkit.inline_table()
            inline.update(value)
            value = inline
        document[key] = value
    return tomlkit.dumps(document)


def _chosen(scenario: Scenario, mix: str | Iterable[str] | Mapping[str, object]) -> dict[str, Any]:
    """The mixes of an option: names of the scenario's mixes stand for those, the baseline is added if it is missing."""
    mixes = parse_mixes(mix, "--mix")
    chosen = {
        name: scenario.mixes[name] if packages == [name] and name in scenario.mixes else packages
        for name, packages in mixes.items()
    }
    if scenario.baseline not in chosen:
        chosen = {scenario.baseline: scenario.mixes[scenario.baseline], **chosen}
    known = catalog.available("packages", scenario.path)
    written = {package for name, packages in mixes.items() if chosen[name] == packages for package in packages}
    for package in sorted(written - known.keys() - set(scenario.packages())):
        if not package.endswith(".toml") and "/" not in package:
            raise NotFound("package or mix", package, [*known, *scenario.mixes], where="--mix")
    new = [package for packages in chosen.values() for package in packages if package not in scenario.packages()]
    return {"mixes": chosen, **{kind: _with_files_of(new, kind, scenario) for kind in ("targets", "opportunities")}}


def _with_files_of(packages: list[str], kind: str, scenario: Scenario) -> list[str]:
    """The scenario's files of a kind, and those of the same name as a package that it did not know before."""
    listed = list(getattr(scenario, kind))
    known = catalog.available(kind, scenario.path)
    return listed + [name for name in dict.fromkeys(packages) if name in known and name not in listed]


def _changed(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    return _checked(_validated({**scenario.model_dump(), **changes}, scenario.path)) if changes else scenario


def _check_number(where: str, key: str, value: object) -> None:
    """One clear sentence for a count or a seed that cannot be."""
    least = {"draws": 1, "replicates": 1, "seed": 0}.get(key)
    if least is None:
        return
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < least or value > MAX_SEED:  # type: ignore[operator]
        raise InvalidValue(where, str(value), f"a whole number, {least} or more")


def _validated(content: dict[str, Any], path: Path | None) -> Scenario:
    """The schema applied, its complaints turned into problems of the file."""
    try:
        scenario = Scenario.model_validate(content)
    except ValidationError as error:
        raise InvalidFile(path or "scenario", [_problem(entry) for entry in error.errors()]) from None
    except PolicymixError as error:  # of a mix or a quarter: already a sentence, but of which file?
        if path is None or not isinstance(error, InvalidValue):
            raise
        raise InvalidFile(path, [error.problem]) from None
    return _checked(scenario.model_copy(update={"path": path}))


def _checked(scenario: Scenario) -> Scenario:
    """Rules that tie one key to another: order of the horizon, baseline among the mixes."""
    burn_in, start, end = (quarter_number(q) for q in (scenario.burn_in_start, scenario.start, scenario.end))
    if end < start:
        raise InvalidValue(
            "horizon", f"an end {scenario.end} before its start {scenario.start}", "an end at or after the start"
        )
    if burn_in > start:
        raise InvalidValue(
            "burn_in_start", scenario.burn_in_start, f"a quarter at or before the start {scenario.start}"
        )
    if scenario.baseline not in scenario.mixes:
        raise NotFound("mix", scenario.baseline, scenario.mixes, where="baseline")
    return scenario


def _problem(entry: Mapping[str, Any]) -> Problem:
    """A complaint of pydantic in the words of this house."""
    where = " > ".join(str(part) for part in entry["loc"]) or "file"
    found = _short(entry.get("input"))
    if entry["type"] == "extra_forbidden":
        fields = Title.model_fields if "title" in entry["loc"][:-1] else Scenario.model_fields
        names = [name for name in fields if name != "path"]
        return Problem(
            where, "a key that does not exist", f"one of {', '.join(names)}", nearest(str(entry["loc"][-1]), names)[0]
        )
    if entry["type"] == "missing":
        return Problem(where, "nothing", "this key")
    return Problem(where, found, _expected(entry))


def _expected(entry: Mapping[str, Any]) -> str:
    bounds = entry.get("ctx", {})
    if "ge" in bounds:
        return f"a whole number, {bounds['ge']} or more"
    kinds = {
        "string_type": "text in quotes",
        "int_type": "a whole number",
        "list_type": "a list",
        "dict_type": "a table",
        "model_type": "a table",
    }
    return kinds.get(entry["type"], entry["msg"])


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``[set.parameter] x = 1`` and ``"parameter.x" = 1`` are the same setting."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        nested = isinstance(value, Mapping) and not prefix and key in ("parameter", "environment", "region", "run")
        flat.update(_flat(value, f"{key}.") if nested else {f"{prefix}{key}": value})
    return flat
