"""Opportunities that a city opens, and the claims of holders that are not firms of the population."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from policymix.catalog import find
from policymix.errors import InvalidFile, Problem
from policymix.policy.claim import KIND_INDEX, fact_table, kind_named
from policymix.policy.clause import Title
from policymix.policy.compile import Uncertain
from policymix.policy.dossier import encode, value_problems
from policymix.policy.quantity import Day, Number, Plain, Range, Strict, Words, central, closest
from policymix.policy.reading import read_as


class Stated(Strict):
    """A sum that the document states over some opportunities; a tolerance needs a reason."""

    of: Literal["all"] | list[Words]
    count: int | None = None
    investment: Plain | None = None
    tolerance: Plain = Decimal(0)
    why: Words | None = None


class Opportunity(Strict):
    """Projects offered: how many, CNY in all, of which types."""

    id: Words
    title: Title
    source: Words
    count: Number
    investment: Number
    types: Annotated[list[Words], Field(min_length=1)]
    buyer: Literal["government", "market"] = "market"
    derived: Words | None = None


class Channel(Strict):
    """Claims a year of holders that are no firms of the population: parks, funds, organisers."""

    id: Words
    title: Title
    source: Words
    kind: Words
    per_year: Number
    facts: dict[str, Any] = Field(default_factory=dict)


class Opportunities(Strict):
    """Everything a package opens from ``opened`` to ``until``."""

    package: Words
    opened: Day
    until: Day
    stated: list[Stated] = Field(default_factory=list)
    opportunity: list[Opportunity] = Field(default_factory=list)
    channel: list[Channel] = Field(default_factory=list)

    @property
    def count(self) -> float:
        """Opportunities offered."""
        return float(sum(central(each.count) for each in self.opportunity))

    @property
    def investment(self) -> float:
        """Their investment, CNY."""
        return float(sum(central(each.investment) for each in self.opportunity))

    def address(self, name: str) -> str:
        """Address of an opportunity or channel, before the key."""
        return f"{self.package}/{name}"

    def uncertain(self) -> list[Uncertain]:
        """Every number that is a range, by address: claims a year of channels, counts and sums of opportunities."""
        out = []
        numbers = [(o.id, key, getattr(o, key)) for o in self.opportunity for key in ("count", "investment")]
        for name, key, number in [*numbers, *((c.id, "per_year", c.per_year) for c in self.channel)]:
            if isinstance(number, Range):
                figures = (float(number.low), float(number.high), float(number.value))
                out.append(Uncertain(f"{self.address(name)}.{key}", number.law, *figures, number.why))
        return out


def channel_facts(channel: Channel, day: datetime.date, roles: dict[str, str], places: tuple[str, ...]) -> np.ndarray:
    """The fact array of one claim of a channel on a day."""
    facts = {**channel.facts, kind_named(channel.kind).on: day}
    return encode(channel.kind, facts, roles, places)


def load_opportunities(name: str | Path, near: Path | None = None) -> Opportunities:
    """The opportunities of a file by name or path, with their sums checked against those that the document states."""
    path = find("opportunities", str(name), near)
    offers = read_as(path, Opportunities)
    problems = [*_sum_problems(offers), *_word_problems(offers)]
    if problems:
        raise InvalidFile(path, problems)
    return offers


def _sum_problems(offers: Opportunities) -> list[Problem]:
    """Stated sums that the parts do not add up to."""
    by_id = {each.id: each for each in offers.opportunity}
    out = []
    for i, stated in enumerate(offers.stated):
        at = f"stated {i + 1}"
        names = list(by_id) if stated.of == "all" else stated.of
        missing = [each for each in names if each not in by_id]
        out += [
            Problem(f"{at} > of", f"'{each}'", "an opportunity of the file", closest(each, by_id)) for each in missing
        ]
        if missing:
            continue
        if stated.tolerance > 0 and not stated.why:
            out.append(Problem(f"{at} > why", "a tolerance without a reason", "why"))
        for key in ("count", "investment"):
            total = sum(central(getattr(by_id[each], key)) for each in names)
            told = getattr(stated, key)
            slack = stated.tolerance if key == "investment" else 0
            if told is not None and abs(total - told) > slack:
                out.append(
                    Problem(f"{at} > {key}", f"{told:,}", f"the sum of the parts, {total:,} (tolerance {slack:,})")
                )
    return out


def _word_problems(offers: Opportunities) -> list[Problem]:
    types = fact_table("project")["types"][1].words
    out = []
    for offered in offers.opportunity:
        for word in offered.types:
            if word not in types:
                at = f'opportunity "{offered.id}" > types'
                out.append(Problem(at, f"'{word}'", "one of " + ", ".join(types), closest(word, types)))
    for each in offers.channel:
        at = f'channel "{each.id}"'
        if each.kind not in KIND_INDEX:
            out.append(
                Problem(
                    f"{at} > kind", f"'{each.kind}'", "one of " + ", ".join(KIND_INDEX), closest(each.kind, KIND_INDEX)
                )
            )
            continue
        table = fact_table(each.kind)
        for name, value in each.facts.items():
            if name not in table:
                out.append(
                    Problem(f"{at} > facts > {name}", f"'{name}'", f"a fact of {each.kind}", closest(name, table))
                )
            else:
                out += value_problems(table[name][1], value, f"{at} > facts > {name}")
    ids = [each.id for each in offers.opportunity] + [each.id for each in offers.channel]
    return out + [
        Problem(f'"{i}"', "two entries of this id", "one") for i in sorted({i for i in ids if ids.count(i) > 1})
    ]
