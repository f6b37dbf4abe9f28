"""The designer's questions as a user types them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

import policymix
from policymix import cli
from policymix.analysis import attribution_file


@pytest.fixture(scope="module")
def folder(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers") / "run"
    policymix.run(small, mix="none,htz-2022,both=dalian-2021+htz-2022", draws=3, replicates=2, out=folder)
    return folder


def command(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["additionality", "--by", "place"], ["dalian-htz", "moved in", "whole"]),
        (["additionality", "--by", "size", "--activity", "employment"], ["micro (below 10 staff)", "deadweight"]),
        (["additionality", "--by", "rung", "--lang", "zh"], ["雏鹰企业", "新增"]),
        (["additionality", "--by", "industry"], ["software"]),
        (["additionality", "--by", "clause"], ["htz-2022/m5", "allocated"]),
        (["additionality", "--by", "year"], ["2025", "pulled forward"]),
        (["money", "--rate", "discount=0.03"], ["discounted at 0.03", "local tax per yuan paid"]),
        (
            ["targets", "--target", "dalian-2020/t2", "--target", "dalian-2020/t3"],
            ["All of dalian-2020/t2", "met from"],
        ),
        (["targets", "--target", "dalian-2020/t2", "--pairs"], ["row less column"]),
        (["effort", "--relative", "0.2"], ["draws that a 90 % interval", "between"]),
    ],
)
def test_every_answer_has_a_table_a_figure_and_a_file(folder, tmp_path, words, says):
    more = ["--csv", tmp_path / "t.csv"] + ([] if "--pairs" in words else ["--figure", tmp_path / "f.png"])
    found = command(words[0], folder, *words[1:], *more)
    assert found.exit_code == 0, found.output
    flat = " ".join(found.output.split())
    assert all(each in flat for each in says), found.output
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").count("\n") > 2
    if "--pairs" not in words:
        assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


def test_json_is_in_base_units_with_its_method(folder):
    found = json.loads(command("additionality", folder, "--json").stdout)
    assert found["about"]["units"] == "CNY" and "Green Book" in found["about"]["method"]
    rows = {(row["mix"], row["group"], row["part"]): row["mean"] for row in found["rows"]}
    places = [rows["both", place, "gross"] for place in ("dalian-htz", "dalian-rest")]
    assert rows["both", "whole", "gross"] == pytest.approx(sum(places)) and sum(places) > 1e6


def test_an_attribution_that_cannot_be_kept_is_not_begun(small_folder, tmp_path, monkeypatch):
    def never(*_, **__):
        raise AssertionError("simulated")

    monkeypatch.setattr("policymix.analysis.attribution.attribute", never)
    (tmp_path / "file").write_text("", encoding="utf-8")
    found = command("attribute", small_folder / "small.toml", "--out", tmp_path / "file" / "attribution.nc")
    assert "cannot write to" in found.output and isinstance(found.exception, SystemExit), found.output


def test_attribution_from_the_command_line(small_folder, tmp_path):
    words = [
        "attribute",
        small_folder / "small.toml",
        "--mix",
        "both",
        "--by",
        "package",
        "--draws",
        "2",
        "--threads",
        "2",
    ]
    files = ["--figure", tmp_path / "f.svg", "--out", tmp_path / "attribution.nc"]
    found = command(*words, "--set", "run.end=2022Q4", *files)
    assert found.exit_code == 0, found.output
    assert attribution_file.read(tmp_path / "attribution.nc").attrs["mix"] == "both"
    assert "htz-2022" in found.output and "first in" in found.output and "all coalitions" in found.output
    assert (tmp_path / "f.svg").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_ctrl_c_ends_an_attribution_and_all_its_processes(small_folder, tmp_path):
    def processes():
        rows = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True).stdout.split(
            "\n"
        )
        return [row for row in rows if row.split()[:1] == [str(running.pid)] and "Z" not in row]

    words = ["attribute", small_folder / "small.toml", "--draws", 200, "--processes", 2, "--out", tmp_path / "a.nc"]
    environment = os.environ | {"PYTHONPATH": str(Path(policymix.__file__).parents[1])}
    running = subprocess.Popen(
        [sys.executable, "-m", "policymix", *map(str, words)], env=environment, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + 120
    while len(processes()) < 4 and time.monotonic() < end:  # the command, its two, and what tracks their resources
        time.sleep(0.1)
    time.sleep(3.0)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: the children hear it too
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130 and err.rstrip().endswith("policymix: interrupted; nothing was written"), err
    assert "Traceback" not in err and not (tmp_path / "a.nc").exists()
    end = time.monotonic() + 20
    while processes() and time.monotonic() < end:
        time.sleep(0.1)
    assert not processes()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["additionality", "RUN", "--by", "plce"], "place"),
        (["additionality", "RUN", "--interval", "0.9"], "--draws 19"),
        (["additionality", "RUN", "--baseline", "htz-2022"], "paired"),
        (["additionality", "RUN", "--prices", "fixed"], "free or frozen"),
        (["additionality", "RUN", "--figure", "f.pdf"], ".png or .svg"),
        (["money", "RUN", "--rate", "discuont=1"], "discount"),
        (["money", "RUN", "--rate", "discount"], "NAME=NUMBER"),
        (["targets", "RUN", "--target", "dalian-2020/t4"], "tracked"),
        (["targets", "RUN", "--target", "dalian-2020/t99"], "dalian-2020/t"),
        (["effort", "RUN", "--mix", "nobody"], "both"),
        (["attribute", "SMALL", "--players", "htz-2022,htz-2022/m4"], "not both"),
        (["attribute", "SMALL", "--threads", "1", "--processes", "1"], "one of them"),
    ],
)
def test_wrong_questions_are_sentences(folder, small_folder, words, says):
    named = [{"RUN": folder, "SMALL": small_folder / "small.toml"}.get(word, word) for word in words]
    if "dalian-2020/t4" in words:
        named.append("--pairs")
    found = command(*named)
    assert found.exit_code == 2, found.output
    text = " ".join((found.output + found.stderr).split())
    assert "Traceback" not in text and (says in text or "that an outcome" in text)
