"""Every provision of the documents is carried by a clause, an opportunity, a target or a reason."""

import pytest

from policymix.errors import NotFound
from policymix.experiments.provisions import PARTS, Provision, missing, provisions

ROWS = provisions()


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_a_row_is_carried(row):
    assert row.carried_by, f"{row.id} ({row.part}): {row.name}"


def test_the_list_is_whole():
    count = {part: sum(row.part == part for row in ROWS) for part in PARTS}
    assert count == {
        "money": 76, "friction": 10, "credit": 4, "infrastructure": 7, "demand": 9, "inert": 4, "target": 54,
        "fact": 18,
    }  # fmt: skip
    assert len({row.id for row in ROWS}) == len(ROWS)


def test_money_rows_are_clauses_that_pay():
    for row in ROWS:
        if row.part == "money":
            assert "pays" in row.how.split("; "), f"{row.id}: {row.how}"
            assert any(each.startswith("clause ") for each in row.carried_by)


def test_a_split_row_is_carried_by_all_its_parts():
    (row,) = (row for row in ROWS if row.id == "htz-2022/m3")
    assert row.carried_by == ("clause htz-2022/m3-capital", "clause htz-2022/m3-start")


def test_a_row_that_nothing_carries_is_missing():
    lost = Provision("here/1", "money", "a grant", "", (), "")
    assert missing([lost, ROWS[0]]) == [lost]


def test_an_unknown_document_is_refused():
    with pytest.raises(NotFound, match="did you mean 'htz-2022'"):
        provisions("htz-2202")
    assert {row.id.split("/")[0] for row in provisions("htz-2022")} == {"htz-2022"}
