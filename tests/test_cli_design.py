"""The design of packages as a user types it."""

import json
import re

import pytest
from typer.testing import CliRunner

from cities import write_city
from policymix import cli
from policymix.policy.package import check

PROBLEM = """id = "hamlet"
title = {en = "Hamlet", zh = "小镇"}
scenario = "hamlet"
published = "dalian-2021,htz-2022"
draws = 2
fresh = 2
evaluations = 5
population = 4
[budget]
amount = 20_000_000
[[goal]]
outcome = "active_firms"
[[goal]]
outcome = "paid"
[[lever]]
clause = "htz-2022/m4"
[[lever]]
money = "htz-2022"
low = 0.25
high = 4.0
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write_city(tmp_path, "hamlet", 1 / 50)
    path = tmp_path / "hamlet.toml"
    text = path.read_text(encoding="utf-8").replace('"2016Q1"', '"2020Q1"').replace('"2025Q4"', '"2022Q4"')
    path.write_text(re.sub(r"^seed += \d+", "seed = 5", text, flags=re.MULTILINE), encoding="utf-8")
    (tmp_path / "problem.toml").write_text(PROBLEM, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in ("design", *words)])


@pytest.mark.slow
def test_a_design_is_printed_drawn_and_written(folder):
    more = ["--csv", "t.csv", "--figure", "f.png", "--write", "best.toml", "--out", "kept", "--threads", "1"]
    found = command("problem.toml", *more)
    assert found.exit_code == 0, found.output
    flat = " ".join(found.output.split())
    assert "Hamlet: budget 20.0 million CNY; in 2 fresh draws" in flat and "less " in flat
    assert "ecommended" in flat and "What must be true for" in flat and "NSGA-II" in flat
    assert (folder / "f.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "t.csv").read_text(encoding="utf-8").startswith("member,goal,")
    for file in folder.glob("best*.toml"):
        assert check(file)[0] == []
    assert "policymix run hamlet --mix none,best=best" in flat
    again = command("problem.toml", "--out", "kept", "--resume", "--quiet", "--json")
    about = json.loads(again.stdout)
    assert about["about"]["budget"] == 2e7 and {"member", "goal", "goal_value", "regret"} <= set(about["rows"][0])
    chinese = command("problem.toml", "--out", "kept", "--resume", "--quiet", "--lang", "zh")
    assert "小镇:预算" in chinese.output and "推荐" in chinese.output
    refused = command("problem.toml", "--out", "kept")
    assert refused.exit_code == 2 and "--resume to go on" in refused.output


@pytest.mark.slow
def test_the_smallest_budget_is_printed_and_drawn(folder):
    found = command("problem.toml", "--smallest-budget", "--target", "dalian-2020/t3", "--probability", "0.999",
                    "--quiet", "--figure", "s.svg", "--threads", "1")  # fmt: skip
    assert found.exit_code == 0, found.output
    flat = " ".join(found.output.split())
    assert "No published package meets it with its amounts up to x 64" in flat and "none does" in flat
    assert (folder / "s.svg").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["problem.toml", "--smallest-budget"], "--target ID"),
        (["problem.toml", "--target", "dalian-2020/t2"], "--smallest-budget as well"),
        (["problem.toml", "--smallest-budget", "--target", "dalian-2020/t2", "--write", "b.toml"], "neither"),
        (["problem.toml", "--resume"], "--out FOLDER"),
        (["problem.toml", "--write", "b.yaml"], "ends in .toml"),
        (["problem.toml", "--figure", "b.pdf"], ".png or .svg"),
        (["problem.toml", "--budget", "-1"], "budget > amount"),
        (["problem.tom"], "no problem"),
        (["dalian-6000"], "did you mean 'dalian-600'"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(folder, words, says):
    found = command(*words)
    assert found.exit_code == 2 and says in found.output and "Traceback" not in found.output, found.output


def test_a_problem_is_checked_listed_and_copied(folder):
    typed = CliRunner()
    assert typed.invoke(cli.app, ["check", "problem.toml"]).exit_code == 0
    assert "dalian-600" in typed.invoke(cli.app, ["list", "problems"]).output
    (folder / "wrong.toml").write_text(PROBLEM.replace('"htz-2022/m4"', '"htz-2022/m44"'), encoding="utf-8")
    wrong = typed.invoke(cli.app, ["check", "wrong.toml"])
    assert wrong.exit_code == 2 and "nearest valid name: 'm4'" in wrong.output
