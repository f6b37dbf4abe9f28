"""A study: what a sweep varies and what it keeps, as one TOML file.

::

    id       = "htz-rents"
    title    = {en = "Rent waivers of the High-tech Zone", zh = "高新区租金减免"}
    scenario = "dalian-2025"          # region, history, environment, horizon; baseline
    mix      = "htz-2022"             # what the levers change
    draws    = 20                     # samples of what is uncertain, shared by all lever points
    replicates = 2

    [levers]                          # lever points become the dimension mix
    design = "factorial"
    [[levers.factor]]
    address = "htz-2022/m4.pays.area_max"
    low = 500
    high = 3000
    levels = 6

    [uncertainties]                   # uncertainty points become the dimension draw
    design = "prior"

    [[outcome]]                       # one stored variable each
    name = "paid"
    sum  = ["quarter", "clause", "payer"]
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from policymix import catalog
from policymix.errors import InvalidFile, InvalidValue, NotFound, PolicymixError, Problem, nearest
from policymix.experiments.addresses import parse_settings
from policymix.experiments.designs import METHODS, OPTIONS
from policymix.experiments.factors import Factor, factor_of
from policymix.experiments.measured import PRICES
from policymix.experiments.mixes import format_mixes, parse_mixes, stem
from policymix.experiments.outcomes import DIMS, OUTCOMES, outcome
from policymix.experiments.scenario import MAX_SEED, Count, Scenario, Title, load_scenario, with_options

REDUCERS = ("sum", "mean", "min", "max", "last")
OF_THE_RUN = ("prices", "mix", "draw", "replicate")
PRIOR, NONE = "prior", "none"
OTHERS = ("drawn", "default")
SPACE_KEYS = ("design", "points", "seed", "factor", "others")
FROM_PRIOR = (0.0, 1.0)


class Stored(BaseModel):
    """One variable to store: an outcome, cut at some coordinates and reduced over some dims.

    Attributes
    ----------
    name : of the outcome (``policymix list outcomes``)
    as_ : what the variable is called; the outcome's name by default
    select : one coordinate by dim; the dim goes
    sum, mean, min, max, last : dims to reduce over, in this order
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    name: str
    as_: Annotated[str, Field(alias="as", pattern=r"^[a-z][a-z0-9_]*$")] = ""
    select: dict[str, str | int] = {}
    sum: list[str] = []
    mean: list[str] = []
    min: list[str] = []
    max: list[str] = []
    last: list[str] = []

    @property
    def variable(self) -> str:
        """Name of the stored variable."""
        return self.as_ or self.name

    @property
    def reduced(self) -> list[tuple[str, str]]:
        """Dims that go by a reducer: (dim, reducer), in the order of work."""
        return [(dim, how) for how in REDUCERS for dim in getattr(self, how)]

    @property
    def dims(self) -> tuple[str, ...]:
        """Dims that the stored variable keeps."""
        gone = {*self.select, *(dim for dim, _ in self.reduced)}
        return tuple(dim for dim in outcome(self.name).dims if dim not in gone)


class Study(BaseModel):
    """A study as written. Numbers that it leaves out are the scenario's.

    Attributes
    ----------
    scenario : name or file
    mix : packages that the levers change, or several mixes; "" for the scenario's mixes
    draws : samples of the uncertain numbers where the design is ``prior``
    luck : whether luck is addressed by draw and replicate (``draw``) or by the replicate alone (``replicate``)
    prices : treatments of prices to run
    units_per_chunk : units of work in one chunk of the store; 0 for a number chosen from the size of a unit
    levers, uncertainties : tables ``{design, points, seed, factor, ...options of the design}``
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    title: Title
    description: str = ""
    scenario: str
    mix: str = ""
    draws: Count | None = None
    replicates: Count | None = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] | None = None
    luck: Literal["draw", "replicate"] = "draw"
    prices: Annotated[list[Literal["frozen", "free"]], Field(min_length=1)] = ["free"]
    units_per_chunk: Annotated[int, Field(ge=0, strict=True)] = 0
    set: dict[str, Any] = {}
    levers: dict[str, Any] = {}
    uncertainties: dict[str, Any] = {}
    outcome: Annotated[list[Stored], Field(min_length=1)]
    path: Path | None = Field(default=None, exclude=True)

    @field_validator("set", mode="before")
    @classmethod
    def _read_set(cls, value: object) -> dict[str, Any]:
        return parse_settings(value, "set") if isinstance(value, Mapping) else value  # type: ignore[return-value]


@dataclass(frozen=True)
class Space:
    """Levers or uncertainties: a design over factors.

    Attributes
    ----------
    method : a design (``designs.METHODS``), ``prior`` (samples of the priors) or ``none``
    factors : what it varies
    of_prior : addresses of uncertainties whose position is a quantile of their prior
    points, seed : as for ``designs.make_design``
    options : further options of the design
    others : uncertainties that no factor names: ``drawn`` from their priors, or at their ``default``
    """

    method: str
    factors: tuple[Factor, ...] = ()
    of_prior: frozenset[str] = frozenset()
    points: int | None = None
    seed: int | None = None
    options: Mapping[str, Any] | None = None
    others: str = "drawn"


def load_study(source: str | os.PathLike[str] | Mapping[str, Any] | Study) -> Study:
    """A study from a name, a path, a table of its keys, or a study already read.

    Raises
    ------
    NotFound, InvalidFile
        No such file; everything that is wrong with it at once.
    """
    if isinstance(source, Study):
        return source
    return _validated(*catalog.content("studies", source))


def scenario_of(study: Study) -> Scenario:
    """The scenario with what the study says laid over it."""
    scenario = load_scenario(catalog.find("scenarios", study.scenario, study.path))
    if study.path is not None and not study.scenario.endswith(".toml"):
        scenario = scenario.model_copy(update={"path": study.path})  # other files are searched for beside the study
    mix = study.mix or None
    options = {"draws": study.draws, "replicates": study.replicates, "seed": study.seed}
    return with_options(scenario, mix=mix, set=study.set, **options)


def spaces_of(study: Study) -> tuple[Space, Space]:
    """The study's levers and uncertainties.

    Raises
    ------
    InvalidFile
        Everything that is wrong with the factors and designs.
    """
    levers, problems = _space("levers", study.levers)
    uncertainties, others = _space("uncertainties", study.uncertainties)
    problems += others
    if not study.levers and study.uncertainties == {}:
        uncertainties = Space(PRIOR)
    if problems:
        raise InvalidFile(study.path or "study", problems)
    return levers, uncertainties


def _space(name: str, table: Mapping[str, Any]) -> tuple[Space, list[Problem]]:
    """Levers or uncertainties as read, and what is wrong with them."""
    usual = NONE if name == "levers" else PRIOR
    listed = table.get("factor", [])
    method = table.get("design", "factorial" if listed else usual)
    methods = (*METHODS, usual) if name == "levers" else (*METHODS, PRIOR, NONE)
    if method not in methods:
        near = nearest(str(method), methods)[0]
        return Space(usual), [Problem(f"{name} > design", repr(method), f"one of {', '.join(methods)}", near)]
    known = {*SPACE_KEYS, *OPTIONS.get(method, {})} - ({"others"} if name == "levers" else set())
    expected = f"one of {', '.join(sorted(known))}"
    problems = [
        Problem(f"{name} > {key}", "a key that does not exist", expected, nearest(key, known)[0])
        for key in table
        if key not in known
    ]
    others = table.get("others", "drawn")
    if others not in OTHERS:
        problems.append(Problem(f"{name} > others", repr(others), f"one of {', '.join(OTHERS)}"))
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
        return Space(usual), [*problems, Problem(f"{name} > factor", "no list of tables", f"[[{name}.factor]] tables")]
    factors, of_prior = [], set()
    for number, each in enumerate(listed, start=1):
        written = dict(each)
        if name == "uncertainties" and "address" in each and not {"low", "high", "values"} & each.keys():
            of_prior.add(str(each["address"]))
            written |= {"low": FROM_PRIOR[0], "high": FROM_PRIOR[1]}
        factor, wrong = factor_of(written, f"{name} > factor {number}")
        problems += wrong
        factors += [factor] if factor else []
    if method in METHODS and not listed:
        problems.append(Problem(f"{name} > factor", "none", f"[[{name}.factor]] tables for a {method} design"))
    if method not in METHODS and listed:
        problems.append(Problem(f"{name} > design", repr(method), f"a design of the factors: {', '.join(METHODS)}"))
    options = {key: table[key] for key in OPTIONS.get(method, {}) if key in table}
    points, seed = table.get("points"), table.get("seed")
    return Space(method, tuple(factors), frozenset(of_prior), points, seed, options, others), problems


def _validated(content: dict[str, Any], path: Path | None) -> Study:
    """The schema applied, its complaints turned into problems of the file."""
    try:
        study = Study.model_validate(content).model_copy(update={"path": path})
    except ValidationError as error:
        raise InvalidFile(path or "study", [_problem(entry) for entry in error.errors()]) from None
    except InvalidValue as error:
        raise InvalidFile(path or "study", [error.problem]) from None
    problems = [problem for number, each in enumerate(study.outcome, start=1) for problem in _wrong_with(each, number)]
    names = [each.variable for each in study.outcome]
    problems += [
        Problem(f"outcome {number + 1}", f"a second variable '{name}'", 'another name: as = "..."')
        for number, name in enumerate(names)
        if name in names[:number]
    ]
    if study.mix:
        try:
            parse_mixes(study.mix, "mix")
        except PolicymixError as error:
            problems.append(error.problem if isinstance(error, InvalidValue) else Problem("mix", study.mix, str(error)))
    if len({*study.prices}) < len(study.prices):
        problems.append(Problem("prices", "one treatment twice", " and ".join(PRICES)))
    if problems:
        raise InvalidFile(path or "study", problems)
    return study


def _wrong_with(stored: Stored, number: int) -> list[Problem]:
    """What is wrong with a variable: no such outcome, a dim that it lacks or that goes twice."""
    where = f"outcome {number}"
    try:
        dims = outcome(stored.name).dims
    except NotFound as error:
        names = [each.name for each in OUTCOMES]
        return [Problem(f"{where} > name", repr(stored.name), "an outcome", nearest(error.name, names)[0])]
    if "parameter" in dims:
        return [Problem(f"{where} > name", repr(stored.name), "another outcome: the inputs are always stored")]
    own = [dim for dim in dims if dim not in OF_THE_RUN]
    listed = [("select", dim) for dim in stored.select] + [(how, dim) for dim, how in stored.reduced]
    problems = []
    for position, (key, dim) in enumerate(listed):
        if dim not in own:
            found = f"the dim '{dim}'" if dim in DIMS else f"'{dim}', which is no dim"
            expected = f"one of {', '.join(own)}" if own else "nothing: it has no dims but those of the run"
            problems.append(Problem(f"{where} > {key}", found, expected, nearest(dim, own)[0] if own else None))
        elif dim in [other for _, other in listed[:position]]:
            problems.append(Problem(f"{where} > {key}", f"the dim '{dim}' a second time", "each dim once"))
    return problems


def _problem(entry: Any) -> Problem:
    """A complaint of pydantic in the words of this house."""
    where = " > ".join(str(part + 1) if isinstance(part, int) else str(part) for part in entry["loc"]) or "file"
    if entry["type"] == "extra_forbidden":
        model = Stored if "outcome" in entry["loc"] else Title if "title" in entry["loc"] else Study
        names = [field.alias or name for name, field in model.model_fields.items() if name != "path"]
        near = nearest(str(entry["loc"][-1]), names)[0]
        return Problem(where, "a key that does not exist", f"one of {', '.join(names)}", near)
    if entry["type"] == "missing":
        return Problem(where, "nothing", "this key")
    bounds = entry.get("ctx", {})
    expected = (
        f"a whole number, {bounds['ge']} or more" if "ge" in bounds else entry["msg"].removeprefix("Input should be ")
    )
    text = repr(entry.get("input"))
    return Problem(where, text if len(text) <= 60 else text[:57] + "...", expected)


def write_study(study: Study) -> str:
    """The study as TOML that stands beside a ``scenario.toml`` with all it names and the tables of its points."""
    import tomlkit

    table = study.model_dump(by_alias=True, exclude_defaults=True, mode="python")
    table["scenario"] = "./scenario.toml"
    table["mix"] = (
        format_mixes({name: [stem(each) for each in mix] for name, mix in parse_mixes(study.mix).items()})
        if study.mix
        else ""
    )
    for name in ("levers", "uncertainties"):
        space = dict(table.get(name, {}))
        if isinstance(space.get("table"), str):
            space["table"] = f"./{name}.csv"
        space["factor"] = [_portable(each) for each in space.get("factor", [])]
        table[name] = {key: value for key, value in space.items() if value != []}
    return tomlkit.dumps({key: value for key, value in table.items() if value not in ({}, "")})


def tables_of(study: Study) -> dict[str, Path]:
    """Files of points that the study reads, by their name beside `write_study`'s."""
    found = {}
    for name in ("levers", "uncertainties"):
        table = getattr(study, name).get("table")
        if isinstance(table, str):
            found[f"{name}.csv"] = table_file(study, table)
    return found


def table_file(study: Study, table: str) -> Path:
    """A file of points, beside the study or in the current folder."""
    folders = [study.path.parent] if study.path else []
    tries = [folder / table for folder in (*folders, Path.cwd())]
    for path in tries:
        if path.is_file():
            return path
    raise NotFound("table of points", table, [str(path) for path in tries[0].parent.glob("*.csv")])


def _portable(factor: Mapping[str, Any]) -> dict[str, Any]:
    """A factor with packages by their names."""
    if "mix" not in factor:
        return dict(factor)
    mixes = parse_mixes(factor["mix"])
    return {**factor, "mix": format_mixes({name: [stem(each) for each in mix] for name, mix in mixes.items()})}
