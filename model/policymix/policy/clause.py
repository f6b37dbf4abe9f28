"""The form of one clause, as pydantic models; what its words mean is checked in ``sense``."""

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Union

from pydantic import Field, Tag, model_validator

from policymix.policy.quantity import (
    Ceiling,
    CeilingAs,
    Date,
    Day,
    Number,
    Plain,
    Strict,
    Words,
    _is_number,
    has,
    pick,
    wrong,
)


class Title(Strict):
    """A title in both languages."""

    en: Words
    zh: Words


class Reading(Strict):
    """A reading of ours where the text allows another, with the switch that would change it."""

    text: Words
    alternative: Words


class Bound(Strict):
    """Bounds of a fact in the fact's unit: ``min`` and ``max`` include, ``above`` and ``below`` exclude."""

    min: Plain | None = None
    max: Plain | None = None
    above: Plain | None = None
    below: Plain | None = None

    @model_validator(mode="after")
    def _one_a_side(self) -> "Bound":
        given = self.model_fields_set
        if not given:
            raise wrong("{}", "min, max, above or below")
        for first, second in (("min", "above"), ("max", "below")):
            if {first, second} <= given:
                raise wrong(f"{first} and {second}", f"one of {first} and {second}: they bound the same side")
        return self


class Since(Strict):
    """Time from an earlier date of the claim: whole anniversaries, or difference of calendar years."""

    years_since: Words | None = None
    calendar_years_since: Words | None = None
    min: Plain | None = None
    max: Plain | None = None

    @model_validator(mode="after")
    def _one_anchor(self) -> "Since":
        if (self.years_since is None) == (self.calendar_years_since is None):
            raise wrong("both or neither", "exactly one of years_since and calendar_years_since")
        if self.min is None and self.max is None:
            raise wrong("no bound", "min, max or both")
        return self

    @property
    def anchor(self) -> str:
        """The earlier date."""
        return self.years_since or self.calendar_years_since or ""


_condition_tag = pick(
    {
        "<yes or no>": lambda v: isinstance(v, bool),
        "<number>": _is_number,
        "<word>": lambda v: isinstance(v, str),
        "<words>": lambda v: isinstance(v, list),
        "<since>": has("years_since", "calendar_years_since"),
        "<bound>": lambda v: isinstance(v, dict | Bound),
    },
    "true or false, a word, a list of words, bounds {min, max, above, below}, or {years_since, min, max}",
)
Condition = Annotated[
    Union[  # noqa: UP007 - tagged members
        Annotated[bool, Tag("<yes or no>")],
        Annotated[Plain, Tag("<number>")],
        Annotated[Words, Tag("<word>")],
        Annotated[list[Words], Tag("<words>")],
        Annotated[Since, Tag("<since>")],
        Annotated[Bound, Tag("<bound>")],
    ],
    _condition_tag,
]
Where = dict[str, Condition]


class Share(Strict):
    """A share of a money fact."""

    share: Number
    of: Words


class Amount(Strict):
    """A flat amount, CNY."""

    amount: Number


class By(Strict):
    """An amount looked up by a word, CNY."""

    by: Words
    amounts: Annotated[dict[str, Number], Field(min_length=1)]


class Each(Strict):
    """An amount per unit of a count, CNY."""

    each: Number
    of: Words


class Bracket(Strict):
    """One bracket: a share up to a bound (CNY), the last without a bound."""

    up_to: Plain | None = None
    share: Number


class Brackets(Strict):
    """Brackets on the running total of a money fact."""

    brackets: Annotated[list[Bracket], Field(min_length=1)]
    of: Words

    @model_validator(mode="after")
    def _rising(self) -> "Brackets":
        bounds = [b.up_to for b in self.brackets]
        if any(b is None for b in bounds[:-1]):
            raise wrong("a bracket without up_to before the last", "up_to in every bracket but the last")
        if any(b <= a for a, b in pairwise(bounds) if a is not None and b is not None):
            raise wrong(", ".join(map(str, bounds)), "rising bounds")
        return self


class Rent(Strict):
    """Rent waived by tenancy year up to an area, m2."""

    rent_share: Annotated[list[Number], Field(min_length=1, max_length=6)]
    area_max: Plain


_pays_tag = pick(
    {
        "<rent>": has("rent_share", "area_max"),
        "<brackets>": has("brackets"),
        "<by>": has("by", "amounts"),
        "<each>": has("each"),
        "<share>": has("share"),
        "<amount>": has("amount"),
    },
    "{share, of}, {amount}, {by, amounts}, {each, of}, {brackets, of}, or {rent_share, area_max}",
)
Pays = Annotated[
    Union[  # noqa: UP007 - tagged members
        Annotated[Share, Tag("<share>")],
        Annotated[Amount, Tag("<amount>")],
        Annotated[By, Tag("<by>")],
        Annotated[Each, Tag("<each>")],
        Annotated[Brackets, Tag("<brackets>")],
        Annotated[Rent, Tag("<rent>")],
    ],
    _pays_tag,
]


class Cap(Strict):
    """A cap in CNY on what one account may receive from the clause."""

    amount: Number
    per: Words


_caps_tag = pick(
    {
        "<none>": lambda v: isinstance(v, str),
        "<caps>": lambda v: isinstance(v, list),
        "<cap>": lambda v: isinstance(v, dict | Cap),
    },
    '{amount, per}, a list of them, or "none"',
)
Caps = Annotated[
    Union[  # noqa: UP007 - tagged members
        Annotated[Literal["none"], Tag("<none>")],
        Annotated[list[Cap], Tag("<caps>")],
        Annotated[Cap, Tag("<cap>")],
    ],
    _caps_tag,
]


class Admit(Strict):
    """Which date of the claim the window tests; those admitted are paid after ``until`` unless said otherwise."""

    by: Words
    from_: Day | Literal["package"] = Field("package", alias="from")
    until: Day | Literal["package"] = "package"
    paid_after: bool = True


class Part(Strict):
    """One instalment."""

    share: Plain
    after: Words
    lag_quarters: Number = Decimal(0)


class Payment(Strict):
    """When the money comes: after a date of the claim, after a lag in quarters, in parts."""

    after: Words | None = None
    lag_quarters: Number = Decimal(0)
    parts: list[Part] = Field(default_factory=list)

    @model_validator(mode="after")
    def _whole(self) -> "Payment":
        if self.parts and sum(part.share for part in self.parts) != 1:
            raise wrong(f"parts of {sum(part.share for part in self.parts)} in all", "shares that add up to 1")
        return self


class Budget(Strict):
    """A yearly or lifetime budget in CNY or claims, and how it is rationed."""

    amount: Number | None = None
    claims: Annotated[int, Field(gt=0)] | None = None
    per: Literal["year", "lifetime"] = "year"
    dated: Words | None = None
    ration: Literal["first_come", "pro_rata", "score", "lottery"] = "pro_rata"
    score: Words | None = None
    fallback: bool = True
    source: Words | None = None

    @model_validator(mode="after")
    def _one(self) -> "Budget":
        if (self.amount is None) == (self.claims is None):
            raise wrong("both or neither", "exactly one of amount and claims")
        if isinstance(self.amount, Ceiling | CeilingAs):
            raise wrong("a ceiling", "a number or {value, low, high, why}")
        if (self.ration == "score") != (self.score is not None):
            raise wrong(f"ration = {self.ration}, score = {self.score}", 'score with ration = "score", and only then')
        return self


class Test(Strict):
    """A condition on the holder after the grant, and what follows if it fails."""

    where: Where
    tested_after_quarters: Annotated[int, Field(ge=0)]
    or_else: Literal["recover", "stop"]
    share: Plain = Decimal(1)


class Payer(Strict):
    """Who pays which share."""

    who: Words
    share: Plain


class Change(Strict):
    """A change of a parameter of the model: by a factor, an addition, or to a value; for a time, for some firms."""

    of: Words
    factor: Number | None = None
    add: Number | None = None
    to: Number | None = None
    from_: Day | None = Field(None, alias="from")
    until: Day | None = None
    where: Where = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one(self) -> "Change":
        if sum(value is not None for value in (self.factor, self.add, self.to)) != 1:
            raise wrong("none or several", "exactly one of factor, add and to")
        return self


class Lends(Strict):
    """A credit programme: a line in CNY for a number of firms."""

    total: Number
    firms: Number
    firms_sense: Literal["about", "more_than", "at_least"] = "about"
    where: Where = Field(default_factory=dict)


class Clause(Strict):
    """One incentive rule."""

    id: Words
    title: Title
    source: Words
    on: Words | None = None
    where: Where = Field(default_factory=dict)
    any: list[Where] = Field(default_factory=list)
    pays: Pays | None = None
    changes: list[Change] = Field(default_factory=list)
    lends: Lends | None = None
    inert: Words | None = None
    cap: Caps | None = None
    once: Words | None = None
    upgrade: Literal["none", "difference"] = "none"
    award: Words | None = None
    admit: Admit | None = None
    announced: Day | None = None
    from_: Date | None = Field(None, alias="from")
    until: Day | None = None
    payment: Payment | None = None
    conditions: list[Test] = Field(default_factory=list)
    budget: Budget | None = None
    payers: list[Payer] = Field(default_factory=list)
    refers_to: Words | None = None
    starts_after: list[Words] = Field(default_factory=list)
    certainty: Literal["explicit", "ceiling", "mixed", "unspecified", "case_by_case"] | None = None
    reading: Reading | None = None
    note: Words | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> "Clause":
        doing = [name for name in ("pays", "changes", "lends", "inert") if getattr(self, name)]
        if len(doing) != 1:
            raise wrong(" and ".join(doing) or "none of them", "exactly one of pays, changes, lends and inert")
        return self

    @property
    def caps(self) -> list[Cap]:
        """The caps as a list."""
        if self.cap is None or self.cap == "none":
            return []
        return self.cap if isinstance(self.cap, list) else [self.cap]


class Stack(Strict):
    """A stacking rule: which clauses compete for what."""

    rule: Literal["highest_only", "first_only"]
    same: Annotated[list[Literal["firm", "holder", "matter", "period", "award"]], Field(min_length=1)]
    scope: Literal["within", "across"] = "within"
    clauses: list[Words] | None = None
    source: Words | None = None
    why: Words | None = None

    @model_validator(mode="after")
    def _scoped(self) -> "Stack":
        if self.scope == "across" and (self.clauses is not None or self.rule == "first_only" or "award" in self.same):
            raise wrong("across with clauses, first_only or award", "across compares whole packages by highest_only")
        return self


class Limit(Strict):
    """A limit over several clauses: an amount in CNY, or a share of a fact (aid intensity)."""

    clauses: Annotated[list[Words], Field(min_length=1)]
    amount: Number | None = None
    share: Number | None = None
    of: Words | None = None
    per: Words
    source: Words | None = None
    why: Words | None = None

    @model_validator(mode="after")
    def _one(self) -> "Limit":
        if (self.amount is None) == (self.share is None) or (self.share is None) != (self.of is None):
            raise wrong("an unclear limit", "either amount, or share and of")
        return self
