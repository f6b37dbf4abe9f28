"""The form of an experiment's file, as pydantic models; what its words mean is checked in ``experiment``."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, Union

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from policymix.policy.clause import Bound, Title
from policymix.policy.quantity import Plain, Strict, Words, _is_number, closest, pick, wrong

_condition_tag = pick(
    {
        "<yes or no>": lambda v: isinstance(v, bool),
        "<number>": _is_number,
        "<word>": lambda v: isinstance(v, str),
        "<words>": lambda v: isinstance(v, list),
        "<bound>": lambda v: isinstance(v, dict | Bound),
    },
    "true or false, a number, a word, a list of words, or bounds {min, max, above, below}",
)
Condition = Annotated[
    Union[  # noqa: UP007 - tagged members
        Annotated[bool, Tag("<yes or no>")],
        Annotated[Plain, Tag("<number>")],
        Annotated[Words, Tag("<word>")],
        Annotated[list[Words], Tag("<words>")],
        Annotated[Bound, Tag("<bound>")],
    ],
    _condition_tag,
]
Where = dict[str, Condition]
Quarter = Words | int
Window = Annotated[list[Quarter], Field(min_length=2, max_length=2)]
Count = Annotated[int, Field(ge=1, strict=True)]


class World(Strict):
    """Where and when: names of files, quarters, the treatment date.

    The burn-in runs under ``history`` alone from ``burn_in_start``; every mix forks at ``start``; ``end`` is included.
    ``treatment`` (``start`` by default) dates the attributes of firms and counts the quarters of windows.
    """

    region: Words
    environment: Words
    history: list[Words] = Field(default_factory=list)
    opportunities: list[Words] = Field(default_factory=list)
    burn_in_start: Words
    start: Words
    end: Words
    treatment: Words | None = None
    prices: Literal["free", "frozen"] = "free"
    every: Literal[1, 4] = 1


class Define(Strict):
    """A variable of the experiment's own."""

    expression: Words
    kind: Literal["flow", "stock"] = "stock"


class Against(Strict):
    """What a second estimate changes, and how the two are put together; keys that are left out are the first's."""

    by: Literal["ratio", "difference"]
    outcome: Words | None = None
    per: Words | None = None
    mix: Words | None = None
    control: Words | None = None
    where: Where | None = None
    treated: Where | None = None
    untreated: Where | None = None
    area: Words | None = None
    window: Window | None = None
    measure: Words | None = None
    side: Literal["below", "above"] | None = None
    clause: Words | None = None


class Part(Strict):
    """One estimate: what is measured, on whom, when, against what, and the published band."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    title: Title
    outcome: Words
    per: Words | None = None
    mix: Words | None = None
    control: Words | None = None
    where: Where = Field(default_factory=dict)
    area: Words | None = None
    clause: Words | None = None
    window: Window | None = None
    take: Literal["sum", "mean", "last"] | None = None
    least: Count = 20
    pool: bool = False
    scale: Plain = Decimal(1)
    against: Against | None = None
    split: dict[str, list[Plain] | list[Words]] = Field(default_factory=dict)
    band: Bound | None = None
    unit: Literal["share", "number", "CNY"] = "share"
    why: Words | None = None


Shown = Literal["relative", "log", "difference", "total"]


class Paired(Part):
    """A mix against the control mix for the same firms, draw and luck: the model's own counterfactual."""

    estimator: Literal["paired"]
    measure: Shown = "relative"


class Groups(Part):
    """Treated against untreated firms under one mix."""

    estimator: Literal["groups"]
    treated: Where
    untreated: Where
    measure: Literal["relative", "log", "difference"] = "relative"


class Did(Part):
    """Difference in differences: treated against untreated firms, the window against the window before."""

    estimator: Literal["did"]
    treated: Where
    untreated: Where
    before: Window
    measure: Literal["relative", "log", "difference"] = "relative"


class EventStudy(Part):
    """A path by quarter, paired or (with ``treated``, ``untreated`` and ``before``) as difference in differences."""

    estimator: Literal["event_study"]
    treated: Where | None = None
    untreated: Where | None = None
    before: Window | None = None
    summary: Literal["mean", "max", "min", "first", "last"] = "mean"
    measure: Literal["relative", "log", "difference"] = "relative"

    @model_validator(mode="after")
    def _all_or_none(self) -> EventStudy:
        given = [name for name in ("treated", "untreated", "before") if getattr(self, name) is not None]
        if len(given) not in (0, 3):
            raise wrong(f"only {' and '.join(given)}", "treated, untreated and before together, or none of them")
        return self


class Discontinuity(Part):
    """Regression discontinuity: local linear on both sides of a cut-off, triangular kernel."""

    estimator: Literal["discontinuity"]
    running: Words
    cutoff: Plain | Literal["ranked"]
    bandwidth: Plain
    treated_side: Literal["above", "below"] = "above"
    measure: Literal["relative", "difference"] = "difference"
    before: Window | None = None

    @model_validator(mode="after")
    def _wide(self) -> Discontinuity:
        if self.bandwidth <= 0:
            raise wrong(f"bandwidth = {self.bandwidth}", "a bandwidth above 0")
        if (self.cutoff == "ranked") != (self.running == "score"):
            raise wrong(f"running = {self.running}, cutoff = {self.cutoff}", 'score with cutoff = "ranked", or neither')
        return self


class Bunching(Part):
    """Mass beside a line in the yearly values of a variable, against the paired control or a polynomial."""

    estimator: Literal["bunching"]
    line: Plain | Words
    width: Plain
    reach: Annotated[list[Plain], Field(min_length=2, max_length=2)]
    near: Count = 1
    side: Literal["below", "above"]
    measure: Literal["excess", "missing", "ratio"] = "excess"
    counterfactual: Literal["paired", "polynomial"] = "paired"
    degree: Annotated[int, Field(ge=1, le=9, strict=True)] = 5

    @model_validator(mode="after")
    def _around(self) -> Bunching:
        low, high = self.reach
        if self.width <= 0 or not low < 0 < high:
            raise wrong(f"width = {self.width}, reach = [{low}, {high}]", "a width above 0 and a reach around 0")
        most = min(round(float(-low / self.width)), round(float(high / self.width)))
        if self.near > most:
            raise wrong(f"near = {self.near}", f"at most {most} bins: the reach over the width")
        return self


class Survival(Part):
    """Share of a cohort still active after some quarters, treated against untreated or mix against control."""

    estimator: Literal["survival"]
    outcome: Words = "active"
    cohort: Window | Literal["incumbents"]
    after_quarters: Count
    treated: Where | None = None
    untreated: Where | None = None
    measure: Literal["relative", "difference", "log"] = "difference"

    @model_validator(mode="after")
    def _both(self) -> Survival:
        if (self.treated is None) != (self.untreated is None):
            raise wrong("one group", "treated and untreated, or neither")
        return self


class Share(Part):
    """Outcome over divisor under one mix (mean of the outcome a firm where nothing is named)."""

    estimator: Literal["share"]


ESTIMATORS: dict[str, type[Part]] = {
    "paired": Paired,
    "groups": Groups,
    "did": Did,
    "event_study": EventStudy,
    "discontinuity": Discontinuity,
    "bunching": Bunching,
    "survival": Survival,
    "share": Share,
}


def _with_estimator(value: Any) -> Any:
    name = value.get("estimator") if isinstance(value, dict) else getattr(value, "estimator", None)
    if name not in ESTIMATORS:
        raise wrong(f"estimator = {name!r}", "one of " + ", ".join(ESTIMATORS), closest(str(name), ESTIMATORS))
    return value


def _estimator_tag(value: Any) -> str:
    return f"<{value['estimator'] if isinstance(value, dict) else value.estimator}>"


AnyPart = Annotated[
    Union[  # noqa: UP007 - tagged members
        Annotated[Paired, Tag("<paired>")],
        Annotated[Groups, Tag("<groups>")],
        Annotated[Did, Tag("<did>")],
        Annotated[EventStudy, Tag("<event_study>")],
        Annotated[Discontinuity, Tag("<discontinuity>")],
        Annotated[Bunching, Tag("<bunching>")],
        Annotated[Survival, Tag("<survival>")],
        Annotated[Share, Tag("<share>")],
    ],
    Discriminator(_estimator_tag),
    BeforeValidator(_with_estimator),
]


class Form(Strict):
    """A whole file."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    title: Title
    source: Annotated[list[Words], Field(min_length=1)]
    description: Words | None = None
    scenario: World
    set: dict[str, Any] = Field(default_factory=dict)
    mixes: dict[str, list[Words]]
    control: Words = "none"
    define: dict[str, Define] = Field(default_factory=dict)
    package: list[dict[str, Any]] = Field(default_factory=list)
    part: Annotated[list[AnyPart], Field(min_length=1)]
