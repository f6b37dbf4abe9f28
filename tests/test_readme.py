"""The README's commands are the promised ones, and every one of them runs."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import policymix
from policymix import catalog

ROOT = catalog.data_root()
README = (ROOT / "README.md").read_text(encoding="utf-8") if (ROOT / "README.md").is_file() else ""
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.S)
COMMANDS = [line for language, block in BLOCKS if language == "sh" for line in block.splitlines() if line.strip()]
POLICYMIX = [line for line in COMMANDS if line.startswith("policymix ")]
OF_A_RUN = ("policymix export", "policymix report", "policymix figure")
SIMULATING = ("policymix run", "policymix compare", "policymix notebook ", *OF_A_RUN)
INSTALL = [
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/policymix run",
    'python3 -m venv .venv && .venv/bin/pip install -e ".[test]" && .venv/bin/pytest',
]
FILES = {"longer-waiver.toml": next((block for language, block in BLOCKS if language == "toml"), "")}

pytestmark = pytest.mark.skipif(not README, reason="an installed wheel has no README")


@pytest.fixture
def folder(tmp_path):
    """A folder with the files that the README tells one to save, and the shipped ones where its commands look."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    return tmp_path


def typed(line, folder):
    environment = {**os.environ, "PYTHONPATH": str(Path(policymix.__file__).parents[1])}
    command = [sys.executable, "-m", *shlex.split(line)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_two_promised_commands():
    assert [line for line in COMMANDS if not line.startswith("policymix ")] == INSTALL


def paced(lines):
    """Published experiments take most of a minute."""
    return [pytest.param(line, marks=[pytest.mark.slow] * line.startswith("policymix validate")) for line in lines]


@pytest.mark.parametrize("line", paced(line for line in POLICYMIX if not line.startswith(SIMULATING)))
def test_commands_run(line, folder):
    result = typed(line, folder)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("line", ["policymix run", *(line for line in POLICYMIX if line.startswith("policymix run"))])
def test_runs_run(line, folder):
    result = typed(re.sub(r"--draws \d+", "", line) + " --draws 2 --quiet --out out/readme", folder)
    assert result.returncode == 0, result.stderr
    assert (folder / "out" / "readme" / "report.html").is_file()


@pytest.mark.slow
def test_comparisons_compare(folder):
    (block,) = [block for _, block in BLOCKS if "policymix compare" in block]
    lines = [re.sub(r"--draws \d+", "", line) for line in block.splitlines() if line.startswith(SIMULATING)]
    for line in lines:
        result = typed(line + " --draws 2" * ("--mix" in line), folder)
        assert result.returncode == 0, result.stderr
    assert "longer-waiver/m4.pays.rent_share: [1.0, 1.0] → [1.0, 1.0, 1.0]" in result.stdout
    assert "Δ" in result.stdout


@pytest.mark.slow
def test_results_are_handed_on(folder):
    assert typed("policymix run --draws 2 --quiet", folder).returncode == 0
    for line in [line for line in POLICYMIX if line.startswith(OF_A_RUN)]:
        result = typed(line, folder)
        assert result.returncode == 0, result.stderr
        assert (folder / result.stderr.splitlines()[-1].split(": ")[0]).is_file()  # below the progress bar


@pytest.mark.slow
def test_notebooks_are_rendered(folder):
    for line in [line for line in POLICYMIX if line.startswith("policymix notebook ")]:
        result = typed(re.sub(r"draws=\d+", "draws=2", line), folder)
        assert result.returncode == 0, result.stderr
        assert (folder / f"{shlex.split(line)[2]}.html").is_file()


@pytest.mark.slow
def test_the_python_snippet_prints_a_share(folder, monkeypatch, capsys):
    snippet = next(block for language, block in BLOCKS if language == "python").replace("draws=10", "draws=2")
    monkeypatch.chdir(folder)
    exec(compile(snippet, "README.md", "exec"), {})
    assert abs(float(capsys.readouterr().out.split()[-1])) < 1.0
