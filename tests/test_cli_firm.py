"""``policymix diary``: a firm's quarters as sentences and as data; wrong names get one clear answer."""

import json
import re

import pytest
from typer.testing import CliRunner

from policymix import catalog, cli

KEYS = {"date", "firm", "saw", "chose", "claims", "money", "rungs", "left"}


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    """The main scenario with one draw and a twentieth of the firms."""
    folder = tmp_path_factory.mktemp("city")
    region = catalog.find("regions", "dalian").read_text(encoding="utf-8")
    (folder / "regions").mkdir()
    shrunk = re.sub(r"(?m)^(firms) = \{.*?\}", lambda m: _twentieth(m[0]), region)
    (folder / "regions" / "dalian.toml").write_text(shrunk, encoding="utf-8")
    text = catalog.find("scenarios", "dalian-2025").read_text(encoding="utf-8")
    (folder / "my.toml").write_text(re.sub(r"draws += \d+", "draws = 1", text), encoding="utf-8")
    return folder / "my.toml"


def _twentieth(text):
    return re.sub(r"\b(value|low|high) = (\d+)", lambda m: f"{m[1]} = {max(1, int(m[2]) // 20)}", text)


def typed(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::policymix.catalog.HiddenFile")
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
@pytest.mark.filterwarnings("ignore::policymix.catalog.HiddenFile")
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
