"""Looking up claim kinds and facts: positions, codes, bit masks, accounts.

The declarations are in ``kinds``; every room asks here.
"""

from functools import cache

from policymix.policy.kinds import COMMON, COMMON_IDS, KINDS, PLACE_WORDS, STEPS, UNITS, Fact, Kind

__all__ = [
    "COMMON",
    "COMMON_IDS",
    "KINDS",
    "KIND_INDEX",
    "MAX_FACTS",
    "NUMERIC",
    "PLACE_WORDS",
    "STEPS",
    "UNITS",
    "Fact",
    "Kind",
    "accounts_of",
    "code",
    "fact_index",
    "fact_table",
    "facts_of",
    "kind_named",
    "mask",
]

NUMERIC = ("money", "usd", "share", "count", "number", "area", "rent", "months")
"""Types of facts that bounds may test."""

KIND_INDEX: dict[str, int] = {kind.name: i for i, kind in enumerate(KINDS)}
MAX_FACTS = max(len(COMMON) + sum(fact.type != "id" for fact in kind.facts) for kind in KINDS)


@cache
def kind_named(name: str) -> Kind:
    """The claim kind of that name (KeyError: callers check the name first)."""
    return KINDS[KIND_INDEX[name]]


@cache
def facts_of(kind: str) -> tuple[Fact, ...]:
    """Facts of a kind in the order of its fact array: the common ones, then its own; no identifiers."""
    return COMMON + tuple(fact for fact in kind_named(kind).facts if fact.type != "id")


@cache
def fact_table(kind: str) -> dict[str, tuple[int, Fact]]:
    """Position and declaration of every fact of a kind by name."""
    return {fact.name: (i, fact) for i, fact in enumerate(facts_of(kind))}


def fact_index(kind: str, fact: str) -> int:
    """Position of a fact in the fact array of a kind."""
    return fact_table(kind)[fact][0]


def code(kind: str, fact: str, word: str) -> int:
    """Code of a word of a choice (its position in the vocabulary)."""
    return fact_table(kind)[fact][1].words.index(word)


def mask(kind: str, fact: str, words) -> int:
    """Bit mask of words of a set or a choice."""
    vocabulary = fact_table(kind)[fact][1].words
    return sum(1 << vocabulary.index(word) for word in set(words))


@cache
def accounts_of(kind: str) -> dict[str, str]:
    """Words that ``per`` and ``once`` may use for a kind, with the account each names."""
    declared = kind_named(kind)
    table = {declared.holder: "holder", declared.matter: "matter", "claim": "claim", "firm": "firm"}
    if declared.matter == declared.holder:
        table[declared.matter] = "matter"
    return table
