"""``policymix diary``: a firm's quarters as sentences and as data; wrong names get one clear answer."""

import json
import re

import pytest
from typer.testing import CliRunner

from policymix import cli

KEYS = {"date", "firm", "saw", "chose", "claims", "money", "rungs", "left"}


@pytest.fixture
def scenario(small_folder):
    """The scenario of the small city."""
    return small_folder / "small.toml"


def typed(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


@pytest.mark.slow
def test_a_firm_is_followed(scenario):
    told = typed("diary", scenario, "--mix", "both", "--place", "dalian-htz", "--industry", "software", "--quarters", 2)
    assert told.exit_code == 0, told.output
    assert re.search(r"2021Q1  Firm \d+, software in dalian-htz", told.stdout) and "2021Q2" in told.stdout
    assert "2021Q3" not in told.stdout and "It knew" in told.stdout
    address = re.search(r"Firm (\d+)", told.stdout)[1]
    data = typed("diary", scenario, "--mix", "both", "--firm", address, "--quarters", 2, "--json")
    rows = json.loads(data.stdout)
    assert [row["date"] for row in rows] == ["2021Q1", "2021Q2"] and rows[0].keys() >= KEYS
    assert f"revenue of {rows[0]['revenue']:,.0f} CNY" in told.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--mix", "bothh"), "'both'"),
        (("--industry", "softwares"), "software"),
        (("--place", "dalian-zone"), "dalian-htz"),
        (("--firm", 5, "--place", "dalian-htz"), "one way of choosing"),
        (("--firm", 999999999), "firm"),
    ],
)
def test_what_is_not_there_is_refused(scenario, words, said):
    result = typed("diary", scenario, *words)
    assert result.exit_code == 2 and result.stdout == "" and said in result.stderr, result.output
