"""A design problem: which clauses and numbers of some packages may be chosen, for what money, to what ends.

::

    id        = "dalian-600"
    title     = {en = "600 million for Dalian", zh = "大连六亿元预算"}
    scenario  = "dalian-2025"
    published = "dalian-2021,htz-2022,shiyan-2022"     # scaled to the budget, always candidates
    draws     = 8                # samples of what is uncertain that the search sees
    fresh     = 24               # others, with other luck, on which its answer is measured again
    evaluations = 200

    [budget]
    amount   = 600_000_000       # CNY over the horizon, nominal; mean over draws
    # quantile = 0.9             # instead of the mean: exceeded in one draw out of ten

    [[lever]]
    clause = "htz-2022/*"        # every clause of the package, on or off
    [[lever]]
    money = "htz-2022"           # a factor on all its amounts of money
    low = 0.25
    high = 8.0
    [[lever]]
    address = "htz-2022/m5.pays.share.value"
    low = 0.02
    high = 0.30

    [[goal]]
    outcome = "investment"       # or target = "dalian-2020/t2"; the first goal chooses among equals
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from policymix import catalog
from policymix.errors import InvalidFile, InvalidValue, Problem, nearest
from policymix.experiments.coalitions import OUTCOMES
from policymix.experiments.mixes import parse_mixes
from policymix.experiments.scenario import MAX_SEED, Count, Scenario, Title, load_scenario, with_options

PAID = "paid"
LEVER_KINDS = ("clause", "money", "address")
SENSES = ("most", "least")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Budget(_Strict):
    """What the treasury may pay over the horizon: CNY, nominal, paid less recovered, more than under the baseline.

    ``quantile`` holds the budget in that share of the draws instead of on average.
    """

    amount: Annotated[float, Field(gt=0, strict=False)]
    quantile: Annotated[float, Field(gt=0, lt=1)] | None = None


class Goal(_Strict):
    """One thing that is wanted: an outcome or the probability of a target, as much (or as little) as possible.

    Attributes
    ----------
    outcome : one of ``coalitions.OUTCOMES``, the difference to the baseline
    target : id of a target of the scenario, whose probability is wanted
    sense : ``most``, or ``least`` (the default for ``paid``)
    at_least : the share of draws in which the outcome reaches this number, instead of its mean (satisficing)
    quantile : this quantile over draws instead of the mean
    """

    outcome: str | None = None
    target: str | None = None
    sense: Literal["most", "least"] | None = None
    at_least: Annotated[float, Field(strict=False)] | None = None
    quantile: Annotated[float, Field(gt=0, lt=1)] | None = None

    @property
    def column(self) -> str:
        """The number of a run that it reads."""
        return str(self.outcome or self.target)

    @property
    def name(self) -> str:
        """What tables call it."""
        if self.at_least is not None:
            return f"{self.column} >= {self.at_least:g}"
        return f"{self.column}, {self.quantile:.0%} quantile" if self.quantile is not None else self.column

    @property
    def sign(self) -> float:
        """1 where more is better, -1 where less is."""
        return -1.0 if (self.sense or ("least" if self.outcome == PAID else "most")) == "least" else 1.0

    @model_validator(mode="after")
    def _one_thing(self) -> Goal:
        if (self.outcome is None) == (self.target is None):
            raise InvalidValue("goal", "both or neither of outcome and target", "one of them")
        if self.outcome is not None and self.outcome not in OUTCOMES:
            near = nearest(self.outcome, OUTCOMES)[0]
            raise InvalidValue("goal > outcome", self.outcome, f"one of {', '.join(OUTCOMES)}", near)
        if self.at_least is not None and self.quantile is not None:
            raise InvalidValue(f"goal {self.column}", "both at_least and quantile", "one of them")
        if self.target is not None and (self.at_least is not None or self.quantile is not None):
            raise InvalidValue(f"goal {self.column}", "at_least or quantile of a probability", "target alone")
        return self


class DesignProblem(_Strict):
    """A design problem as written.

    Attributes
    ----------
    scenario : name or file: region, history, environment, horizon, baseline
    published : mixes that are scaled to the budget and always candidates
    lever : tables with ``clause``, ``money`` or ``address``, as `candidates.levers_of` reads them
    goal : the first one chooses the package that is recommended
    draws, fresh : samples of the search, and others on which its answer is measured again
    evaluations : candidates that the search may try
    population : candidates in one generation
    shown : most members of the front that are measured again
    minutes : the search ends with the generation in which this time is over; the answer then depends on the machine
    seed : root of every random number; the scenario's where it is not said
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$")]
    title: Title
    description: str = ""
    scenario: str
    published: str
    budget: Budget
    lever: Annotated[list[dict[str, Any]], Field(min_length=1)]
    goal: Annotated[list[Goal], Field(min_length=1)]
    draws: Annotated[int, Field(ge=2, strict=True)] = 8
    fresh: Annotated[int, Field(ge=2, strict=True)] = 24
    evaluations: Count = 200
    population: Annotated[int, Field(ge=4, strict=True)] = 20
    shown: Count = 10
    minutes: Annotated[float, Field(gt=0, strict=False)] | None = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] | None = None
    path: Path | None = Field(default=None, exclude=True)

    def candidates(self) -> dict[str, list[str]]:
        """The published mixes, by name."""
        return parse_mixes(self.published, "published")


def load_problem(source: str | os.PathLike[str] | Mapping[str, Any] | DesignProblem) -> DesignProblem:
    """A design problem from a name, a path, a table of its keys, or one already read.

    Raises
    ------
    NotFound, InvalidFile
        No such file; everything that is wrong with it at once.
    """
    if isinstance(source, DesignProblem):
        return source
    return _validated(*catalog.content("problems", source))


def with_numbers(problem: DesignProblem, **changes: float | int | None) -> DesignProblem:
    """The problem with other numbers (draws, fresh, evaluations, population, minutes, seed, budget), checked again."""
    given = {key: value for key, value in changes.items() if value is not None}
    if not given:
        return problem
    table = problem.model_dump()
    if "budget" in given:
        table["budget"]["amount"] = given.pop("budget")
    return _validated({**table, **given}, problem.path)


def scenario_of(problem: DesignProblem, packages: list[str]) -> Scenario:
    """The scenario with the mixes of the problem: the baseline, the packages that have levers, the published ones."""
    scenario = load_scenario(catalog.find("scenarios", problem.scenario, problem.path))
    if problem.path is not None and not problem.scenario.endswith(".toml"):
        scenario = scenario.model_copy(update={"path": problem.path})
    mixes = {scenario.baseline: scenario.mixes[scenario.baseline]}
    mixes |= {name: [name] for name in packages} | problem.candidates()
    draws = problem.draws + problem.fresh
    return with_options(scenario, mix=mixes, draws=draws, replicates=1, seed=problem.seed)


def _validated(content: dict[str, Any], path: Path | None) -> DesignProblem:
    try:
        problem = DesignProblem.model_validate(content).model_copy(update={"path": path})
        problem.candidates()
    except ValidationError as error:
        raise InvalidFile(path or "problem", [_problem(entry) for entry in error.errors()]) from None
    except InvalidValue as error:
        raise InvalidFile(path or "problem", [error.problem]) from None
    names = [goal.name for goal in problem.goal]
    if len(set(names)) < len(names):
        raise InvalidFile(path or "problem", [Problem("goal", "one goal twice", "different goals")])
    return problem


def _problem(entry: Any) -> Problem:
    """A complaint of pydantic in the words of this house."""
    where = " > ".join(str(part + 1) if isinstance(part, int) else str(part) for part in entry["loc"]) or "file"
    if entry["type"] == "extra_forbidden":
        models: dict[str, type[BaseModel]] = {"budget": Budget, "goal": Goal, "title": Title}
        model = models.get(str(entry["loc"][0]), DesignProblem)
        names = [name for name in model.model_fields if name != "path"]
        near = nearest(str(entry["loc"][-1]), names)[0]
        return Problem(where, "a key that does not exist", f"one of {', '.join(names)}", near)
    if entry["type"] == "missing":
        return Problem(where, "nothing", "this key")
    text = repr(entry.get("input"))
    bounds = entry.get("ctx", {})
    expected = (
        f"a whole number, {bounds['ge']} or more" if "ge" in bounds else entry["msg"].removeprefix("Input should be ")
    )
    return Problem(where, text if len(text) <= 60 else text[:57] + "...", expected)
