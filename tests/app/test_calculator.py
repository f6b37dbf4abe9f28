"""The calculator's form: it asks for what the clauses need, and answers as `policymix entitle` does."""

import datetime

import pytest

from policymix.app.calculator import entitled, facts_asked, kinds_of
from policymix.errors import InvalidFile, InvalidValue, NotFound
from policymix.policy.dossier import read_claims
from policymix.policy.entitlement import entitlement
from policymix.policy.package import load

HTZ = [load("htz-2022")]
LEASE = {"place": "zone", "started_on": "2022-09-01", "how": "move_in", "designated_building": "yes",
         "fields": ["technology"], "area": "3,000", "rent": "40", "months": "36", "steps": []}  # fmt: skip


def test_it_asks_for_the_facts_of_the_clauses():
    assert set(kinds_of(HTZ)) == {"research", "arrival", "lease", "project", "talent"}
    asked = [fact.name for fact in facts_asked(HTZ, "lease")]
    assert asked[0] == "started_on"
    assert {"area", "rent", "months", "how", "designated_building", "fields", "steps", "place"} <= set(asked)
    assert len(asked) == len(set(asked))


def test_it_pays_what_the_command_line_pays():
    answer = entitled(HTZ, "lease", LEASE)
    assert answer.by_clause() == {"htz-2022/m4": 1_920_000.0}
    claim = {"kind": "lease", **LEASE, "designated_building": True, "area": 3000, "rent": 40, "months": 36}
    claim["started_on"] = datetime.date(2022, 9, 1)
    del claim["steps"]
    told = entitlement(HTZ, read_claims({"claim": [claim]}, "claim"))
    assert (answer.total, answer.rows, answer.trace) == (told.total, told.rows, told.trace)


def test_what_is_not_known_is_left_open():
    answer = entitled(HTZ, "lease", {**LEASE, "how": ""})
    assert any("how" in note.unknown for note in answer.trace)


@pytest.mark.parametrize(
    ("facts", "error", "words"),
    [
        ({"area": "a lot", "started_on": "soon"}, InvalidFile, "2 problems"),
        ({"area": "-1"}, InvalidFile, "not below 0"),
        ({"area": "1e308", "rent": "1e308"}, InvalidFile, "at most 1,000,000,000,000"),
        ({"started_on": "9999-12-31"}, InvalidFile, "from 1800 to 2200"),
        ({"designated_building": ["yes"]}, InvalidFile, "yes or no"),
        ({"fields": ["magic"]}, InvalidFile, "magic"),
        ({"started_on": ""}, InvalidValue, "the date of the claim"),
        ({"moon": "1"}, NotFound, "no fact 'moon'"),
    ],
)
def test_what_is_wrong_is_said(facts, error, words):
    with pytest.raises(error, match=words):
        entitled(HTZ, "lease", {**LEASE, **facts})


def test_a_kind_that_no_clause_pays_on():
    with pytest.raises(NotFound, match="no claim kind 'park'"):
        entitled(HTZ, "park", {})
