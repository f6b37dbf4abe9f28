"""A setting in which every nominal amount is twice as large and so is the price level: nothing real is different."""

from dataclasses import dataclass, replace

import numpy as np

from policymix.engine.setting import Setting
from policymix.engine.symbols import NOMINAL
from policymix.policy import arrays as codes
from policymix.policy.claim import facts_of
from policymix.policy.compile import Compiled

MONEY = ("money", "usd", "rent")
"""Types of facts that are nominal."""


@dataclass(frozen=True)
class Doubled(Compiled):
    """A compiled mix whose every amount is twice that of another."""

    def with_vector(self, vector):
        return doubled_arrays(self, super().with_vector(vector))

    def budgets_with(self, values):
        return tuple(
            line if line.amount is None else replace(line, amount=2.0 * line.amount)
            for line in super().budgets_with(values)
        )

    def changes_with(self, values):
        return tuple(
            replace(line, value=2.0 * line.value)
            if line.op != "factor" and line.address.removeprefix("parameter.") in NOMINAL
            else line
            for line in super().changes_with(values)
        )


def money_facts(kind):
    """Positions of the nominal facts of a claim kind."""
    return [number for number, fact in enumerate(facts_of(kind)) if fact.type in MONEY]


def doubled_arrays(compiled, arrays):
    """Amounts, caps, limits, and bounds on nominal facts."""
    pays, cap, limit, test = (getattr(arrays, name).copy() for name in ("pays", "cap", "limit", "test"))
    for c, row in enumerate(arrays.clause):
        of = slice(row["pays_first"], row["pays_last"])
        if row["form"] in (codes.FORM_AMOUNT, codes.FORM_BY, codes.FORM_EACH):
            pays["value"][of] *= 2.0
        elif row["form"] == codes.FORM_BRACKETS:
            pays["bound"][of] *= 2.0
        if compiled.models[c].on:
            for a in range(row["alternative_first"], row["alternative_last"]):
                for t in range(arrays.alternative[a]["test_first"], arrays.alternative[a]["test_last"]):
                    if test[t]["fact"] in money_facts(compiled.models[c].on):
                        test[t]["value"] *= 2.0
    cap["amount"] *= 2.0
    limit["amount"] *= 2.0
    return arrays._replace(pays=pays, cap=cap, limit=limit, test=test)


def doubled_compiled(compiled):
    fields = {name: getattr(compiled, name) for name in compiled.__dataclass_fields__}
    lends = tuple(replace(line, total=2.0 * line.total) for line in compiled.lends)
    return Doubled(**{**fields, "lends": lends})


def doubled_offers(offers, kind):
    patterns = []
    for pattern in offers.patterns:
        facts = pattern.facts.copy()
        facts[money_facts(kind)] *= 2.0
        patterns.append(replace(pattern, facts=facts))
    return replace(offers, patterns=tuple(patterns))


def doubled_outside(row):
    facts = row.facts.copy()
    facts[money_facts(row.kind)] *= 2.0
    return replace(row, facts=facts, investment=2.0 * row.investment)


def doubled_setting(setting: Setting) -> Setting:
    """Every package, offer and opportunity in twice as much money."""
    return replace(
        setting,
        mixes={name: doubled_compiled(each) for name, each in setting.mixes.items()},
        alone={name: doubled_compiled(each) for name, each in setting.alone.items()},
        offers={
            name: (doubled_offers(projects, "project"), doubled_offers(research, "research"))
            for name, (projects, research) in setting.offers.items()
        },
        outside=tuple(doubled_outside(row) for row in setting.outside),
    )


def doubled_values(setting: Setting, values):
    """Nominal parameters and the drawn investment of opportunities twice as large; fractions and ranges stay."""
    names = {f"parameter.{name}" for name in NOMINAL}
    names |= {f"{row.address}.investment" for row in setting.outside}
    return {address: 2.0 * value if address in names else value for address, value in values.items()}


def doubled_world(world, values):
    """The draw's numbers at twice the price level."""
    from policymix.engine.world import parameter_vector

    env = world.env._replace(deflator=2.0 * np.asarray(world.env.deflator))
    return world._replace(env=env, p=parameter_vector(values))
