"""Which clause, opportunity, target or reason carries each provision of the documents."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass

from policymix import catalog
from policymix.errors import NotFound
from policymix.policy.clause import Clause
from policymix.policy.opportunity import load_opportunities
from policymix.policy.package import load
from policymix.policy.target import Target, load_targets

PARTS = ("money", "friction", "credit", "infrastructure", "demand", "inert", "target", "fact")


@dataclass(frozen=True)
class Provision:
    """A row of the provision list and what carries it.

    Attributes
    ----------
    id, part, name, value : str
        As in ``scenarios/provisions.csv``.
    carried_by : tuple of str
        ``clause ADDRESS``, ``opportunity ADDRESS``, ``channel ADDRESS``, ``target ID``, ``region NAME``, ``list``;
        empty when nothing carries it.
    how : str
        What the model makes of it, or why nothing can come of it.
    """

    id: str
    part: str
    name: str
    value: str
    carried_by: tuple[str, ...]
    how: str


def provisions(document: str | None = None) -> list[Provision]:
    """Every row of the provision list, or of one document, in the order of the list.

    Raises
    ------
    NotFound
        The list has no such document.
    """
    with catalog.scenario_file("provisions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    documents = list(dict.fromkeys(row["id"].split("/")[0] for row in rows))
    if document is not None and document not in documents:
        raise NotFound("document", document, documents, where="scenarios/provisions.csv")
    carriers = {name: _carriers(name) for name in documents if document in (None, name)}
    out = []
    for row in rows:
        name = row["id"].split("/")[0]
        if name in carriers:
            found = _found(row["id"], row["part"], carriers[name])
            out.append(
                Provision(
                    row["id"],
                    row["part"],
                    row["name"],
                    row["value"],
                    tuple(each for each, _ in found),
                    "; ".join(dict.fromkeys(how for _, how in found)),
                )
            )
    return out


def missing(rows: Iterable[Provision]) -> list[Provision]:
    """Those that nothing carries."""
    return [row for row in rows if not row.carried_by]


def _carriers(document: str) -> list[tuple[str, str, str]]:
    """(id within the document, carrier, how) of everything that carries provisions of a document."""
    out = []
    if document in catalog.available("packages"):
        out += [(c.id, f"clause {document}/{c.id}", _effect(c)) for c in load(document).clause]
    if document in catalog.available("opportunities"):
        offers = load_opportunities(document)
        out += [(o.id, f"opportunity {document}/{o.id}", "projects opened") for o in offers.opportunity]
        out += [(c.id, f"channel {document}/{c.id}", "claims of holders that are no firms") for c in offers.channel]
    if document in catalog.available("targets"):
        out += [(t.id.split("/")[-1], f"target {t.id}", _tracked(t)) for t in load_targets(document)]
    return out


def _found(row: str, part: str, carriers: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """What carries a row: what has its id, or an id that goes on with a hyphen where the row is split."""
    own = row.split("/", 1)[1]
    found = [(carrier, how) for name, carrier, how in carriers if name == own or name.startswith(f"{own}-")]
    if part == "fact":
        found += [(f"region {region}", "published total") for region in _regions_that_cite(row)]
        found = found or [("list", "a fact of the document, kept in the list; no rule needs it")]
    return found


def _regions_that_cite(row: str) -> list[str]:
    return [
        name for name, path in catalog.available("regions").items() if f'"{row}"' in path.read_text(encoding="utf-8")
    ]


def _effect(clause: Clause) -> str:
    if clause.inert:
        return f"inert: {clause.inert}"
    if clause.changes:
        return f"changes {', '.join(change.of for change in clause.changes)}"
    return "lends" if clause.lends is not None else "pays"


def _tracked(target: Target) -> str:
    return f"tracked by {target.outcome}" if target.outcome else f"untracked: {target.untracked}"
