"""The command line as a user types it, mostly wrongly: one clear answer, exit code 2, nothing half-written."""

import json
import os
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import numpy as np
import pytest
import typer
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

import policymix
from policymix import catalog, cli
from policymix.calibrate.experiment import shipped as experiments_folder
from policymix.engine import loop
from policymix.errors import RunFailed
from policymix.experiments import store

pytestmark = pytest.mark.anywhere

SCENARIO = catalog.data_root() / "scenarios" / "dalian-2025.toml"
COMMANDS = tuple(typer.main.get_command(cli.app).commands)
LONG = (
    "run", "replay", "sweep", "compare", "attribute", "facts", "calibrate", "validate", "backtest", "report", "figure",
    "notebook", "export",
)  # fmt: skip
"""Commands that take longer than a second and so show how far they are."""
TABLES = (
    "run", "list", "entitle", "open", "schedule", "coverage", "facts", "validate", "backtest", "diary", "sweep",
    "compare", "additionality", "money", "targets", "attribute", "effort",
)  # fmt: skip
"""Commands whose answer is a table."""


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """Type a command in an empty folder; gives exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(catalog.PATH_VARIABLE, raising=False)

    def typed(*words):
        return CliRunner().invoke(cli.app, [str(word) for word in words])

    return typed


def refused(result, *words):
    """The command said one thing to the user and left with 2."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.stderr
    return result.stderr


def scenario_with(tmp_path, **changes):
    text = SCENARIO.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "my.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_compiled_loop_is_not_announced_again(typed):
    if not loop.compiled(general=False):
        assert "about half a minute" in typed("warm").stderr
    said = typed("warm")
    assert (said.exit_code, said.stdout, said.stderr) == (0, "compiled already\n", "")


# --- help and lists


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example(typed, command):
    result = typed(command, "--help")
    assert result.exit_code == 0
    assert f"  policymix {command}" in result.stdout


@pytest.mark.parametrize("command", LONG)
def test_what_takes_long_can_be_quiet(command):
    assert "--quiet" in options_of(command)


@pytest.mark.parametrize("command", TABLES)
def test_every_table_is_there_as_json(command):
    assert "--json" in options_of(command)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_does_not_exist_is_exit_code_2(typed, command):
    answer = typed(command, "--no-such-option")
    assert answer.exit_code == 2
    assert "No such option" in answer.output and "Traceback" not in answer.output


@pytest.mark.parametrize(
    "words",
    [
        ("report", "nothing-here"), ("figure", "nothing-here", "core-share"), ("export", "nothing-here", "a.csv"),
        ("additionality", "nothing-here"), ("money", "nothing-here"), ("targets", "nothing-here"),
        ("effort", "nothing-here"), ("attribute", "nothing-here"), ("run", "nothing-here"), ("sweep", "nothing-here"),
        ("facts", "nothing-here"), ("backtest", "nothing-here"), ("notebook", "nothing-here"), ("show", "nothing-here"),
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_a_name_that_nothing_has_is_one_sentence_and_exit_code_2(typed, tmp_path, words):
    answer = typed(*words)
    assert answer.exit_code == 2, answer.output
    assert "nothing-here" in answer.output and "Traceback" not in answer.output
    assert list(tmp_path.iterdir()) == []


def options_of(command):
    found = typer.main.get_command(cli.app).commands[command]
    return {name for option in found.params for name in option.opts}


def test_version_and_no_arguments(typed):
    assert typed("--version").stdout == f"policymix {policymix.__version__}\n"
    assert "Commands" in typed().output


def test_lists(typed):
    assert "dalian-2025" in typed("list", "scenarios").stdout
    assert {row["kind"] for row in json.loads(typed("list", "--json").stdout)} <= set(catalog.KINDS)
    assert "core_share" in typed("list", "outcomes").stdout
    refused(typed("list", "package"), "did you mean 'packages'")


@pytest.mark.parametrize(("what", "word"), [("levers", "htz-2022/m4.pays.area_max"), ("uncertainties", "parameter.")])
def test_lists_of_addresses(typed, what, word):
    result = typed("list", what)
    assert result.exit_code == 0, result.output
    assert word in result.stdout


def test_copy_show_check(typed, tmp_path):
    assert typed("copy", "dalian-2025", "mine.toml").exit_code == 0
    assert (tmp_path / "mine.toml").read_bytes() == SCENARIO.read_bytes()
    refused(typed("copy", "dalian-2025", "mine.toml"), "which exists", "a name that is free")
    refused(typed("copy", "htz-2202"), "did you mean 'htz-2022'")
    assert 'id = "dalian-2025"' in typed("show", "mine.toml").stdout
    assert "mine.toml: good" in typed("check", "mine.toml").stdout


def test_show_a_region(typed, tmp_path):
    result = typed("show", "shiyan", "--draws", "0")
    assert result.exit_code == 0, result.output
    for words in ("Shiyan 十堰", "no county", "telecom", "nothing simulated", "3 of 3 published totals"):
        assert words in result.stdout
    assert "[[industry]]" in typed("show", "shiyan", "--toml").stdout
    text = catalog.find("regions", "shiyan").read_text(encoding="utf-8").replace('id = "shiyan"', 'id = "nowhere"', 1)
    (tmp_path / "nowhere.toml").write_text(text, encoding="utf-8")
    assert "no scenario names this region" in typed("show", "nowhere.toml").stdout


def test_check_a_table_of_evidence(typed, tmp_path):
    text = catalog.evidence("city_statistics.csv").read_text(encoding="utf-8")
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    assert "mine.csv: good" in typed("check", "mine.csv").stdout
    (tmp_path / "mine.csv").write_text(text.replace("gdp_real_growth,2023,6", "gdp_real_growth,2999,6"), "utf-8")
    refused(typed("check", "mine.csv"), "CS-0060", "2999")


def test_show_diff_and_check_of_packages(typed, tmp_path):
    assert 'id = "htz-2022"' in typed("show", "htz-2022", "--toml").stdout
    assert "## m4" in typed("show", "htz-2022").stdout
    longer = 'extends = "htz-2022"\nid = "longer"\ntitle = {en = "a", zh = "b"}\n[change]\n"m4.pays.area_max" = 1000\n'
    (tmp_path / "longer.toml").write_text(longer, encoding="utf-8")
    assert "m4.pays.area_max" in typed("diff", "htz-2022", "longer.toml", "--addresses").stdout
    words = typed("diff", "htz-2022", "longer.toml").stdout
    assert "clause m4 changed" in words and "up to 1,000 m2" in words
    assert "good" in typed("check", "longer.toml").stdout


def test_coverage_names_what_carries_every_provision(typed):
    whole = typed("coverage")
    assert whole.exit_code == 0 and "182 provisions, 0 missing" in whole.stdout
    rows = json.loads(typed("coverage", "htz-2022", "--json").stdout)
    assert {"id", "part", "carried_by", "how"} <= set(rows[0])
    refused(typed("coverage", "htz-2202"), "did you mean 'htz-2022'")


@pytest.mark.parametrize("kind", ["package", "opportunities", "targets", "experiment"])
def test_shipped_files_fit_the_schema_for_editors(typed, kind):
    schema = json.loads(typed("schema", kind).stdout)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    folder = {"package": "packages"}.get(kind, kind)
    files = catalog.available(folder).values() if folder in catalog.KINDS else experiments_folder().glob("*.toml")
    for path in files:
        content = json.loads(json.dumps(catalog.plain(catalog.read_toml(path)), default=str))
        assert [error.message for error in validator.iter_errors(content)] == [], path
        assert not validator.is_valid({**content, "nonsense": 1})


def test_the_schema_is_written_or_refused(typed, tmp_path):
    assert typed("schema", "targets", "--out", "t.json").exit_code == 0
    assert json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))["title"] == "TargetFile"
    refused(typed("schema", "pakage"), "did you mean 'package'")
    refused(typed("schema", "package", "--out", "no/such/folder.json"), "cannot write")


def test_versions_merge_and_conflict(typed, tmp_path):
    assert "no conflict: --mix htz-2022+dalian-2021" in typed("merge", "htz-2022", "dalian-2021").stdout
    typed("copy", "htz-2022", "a.toml")
    text = (tmp_path / "a.toml").read_text(encoding="utf-8")
    (tmp_path / "b.toml").write_text(text.replace("area_max = 2000", "area_max = 1000"), encoding="utf-8")
    refused(typed("merge", "a.toml", "b.toml"), "two values for htz-2022/m4.pays.area_max", "2000", "1000", "b.toml")
    assert typed("merge", "a.toml", "a.toml", "--out", "both.toml").exit_code == 0
    assert "say the same" in typed("diff", "a.toml", "both.toml").stdout
    refused(typed("merge", "a.toml", "a.toml", "--out", "both.toml"), "which exists")
    refused(typed("merge", "a.toml", "dalian-2021", "--out", "c.toml"), "versions of one package")


def test_a_schedule_is_printed_and_drawn(typed, tmp_path):
    claims = catalog.data_root() / "scenarios" / "examples" / "claims.toml"
    result = typed("schedule", "htz-2022/m4", claims, "--along", "area", "--figure", "m4.png")
    assert result.exit_code == 0, result.output
    assert "2,000" in result.stdout and (tmp_path / "m4.png").read_bytes().startswith(b"\x89PNG")
    pieces = json.loads(typed("schedule", "htz-2022/m4", claims, "--along", "area", "--json").stdout)
    assert [piece["last"] for piece in pieces] == [2000.0, 4000.0]
    refused(typed("schedule", "m4", claims, "--along", "area"), "PACKAGE/CLAUSE")
    refused(typed("schedule", "htz-2022/m4", claims, "--along", "ara"), "did you mean 'area'")
    refused(typed("schedule", "htz-2022/m4", claims, "--along", "area", "--figure", "m4.bmp"), ".png or .svg")


def test_open_clauses_from_facts(typed, tmp_path):
    facts = ['place = "zone"', 'how = "new_registration"', "designated_building = true", 'fields = ["technology"]']
    (tmp_path / "facts.toml").write_text("\n".join([*facts, "area = 50", "rent = 30"]), encoding="utf-8")
    result = typed("open", "htz-2022", "facts.toml", "--on", "2022-09-01", "--lang", "zh")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0].split()[:2] == ["open", "36,000.00"]  # 50 m2 x 30 x 24
    assert "科技型企业房租减免" in result.stdout
    refused(typed("open", "htz-2022", "facts.toml", "--lang", "fr"), "one of en, zh, both")
    refused(typed("open", "facts.toml"), "one package or more")


def test_entitle_says_why(typed):
    claims = catalog.data_root() / "scenarios" / "examples" / "claims.toml"
    result = typed("entitle", "htz-2022", claims)
    assert result.exit_code == 0, result.output
    assert "m4" in result.stdout and "--explain says why" in result.stdout
    told = typed("entitle", "htz-2022", claims, "--explain", "--lang", "en").stdout
    assert "in the text: fourth measure" in told and "科技" not in told
    assert "claims to leave out: none" in typed("entitle", "htz-2022", claims, "--best").stderr
    assert isinstance(json.loads(typed("entitle", "htz-2022", claims, "--json").stdout), dict)
    refused(typed("entitle", "htz-2022"), "then a file of claims")
    refused(typed("entitle", "htz-2202", claims), "did you mean 'htz-2022'")


# --- bad input


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dalian-2052"], "no scenario 'dalian-2052'; did you mean 'dalian-2025'? There are: dalian-2025"),
        (["--mix", "none,htz-2202"], "no package or mix 'htz-2202'; did you mean 'htz-2022'? There are: htz-2022"),
        (["--mix", "none,,both"], "an empty name"),
        (["--set", "htz-2022/m4.pays.aera_max=1"], "did you mean 'htz-2022/m4.pays.area_max'"),
        (["--set", "htz-2022/m44.pays.area_max=1"], "did you mean 'htz-2022/m4.pays.area_max'"),
        (["--set", "paramter.hassle_cost=1"], "nearest valid name: 'parameter.hassle_cost'"),
        (["--set", "parameter.hasle_cost=1"], "did you mean 'parameter.hassle_cost'"),
        (["--set", "run.drwas=1"], "did you mean 'run.draws'"),
        (["--set", "htz-2022/m4.pays.area_max"], "expected ADDRESS=VALUE"),
        (["--draws", "0"], "--draws: found 0; expected a whole number, 1 or more"),
        (["--replicates", "0"], "--replicates: found 0; expected a whole number, 1 or more"),
        (["--seed", "-1"], "--seed: found -1; expected a whole number, 0 or more"),
        (["--set", "run.end=2020Q4"], "an end 2020Q4 before its start 2021Q1"),
        (["--set", "run.start=2021Q3"], "horizon: found 2021Q3 to 2025Q4; expected whole calendar years"),
        (["--set", "run.end=2025Q2"], "horizon: found 2021Q1 to 2025Q2; expected whole calendar years"),
        (["--set", "parameter.approval=1.2"], "parameter.approval: found 1.2; expected 0 to 1"),
        (["--set", "parameter.hassle_cost=-5"], "parameter.hassle_cost: found -5; expected 1 to 1e+09 CNY"),
        (["--set", "parameter.standard_tax_rate=25"], "parameter.standard_tax_rate: found 25; expected 0 to 0.6"),
        (["--set", "region.city_base_share=1.5"], "region.city_base_share: found 1.5; expected 0 to 1"),
    ],
)
def test_bad_options_of_run(typed, tmp_path, words, said):
    assert said in refused(typed("run", *words))
    assert list(tmp_path.iterdir()) == []


def test_unknown_region_and_package_of_a_scenario(typed, tmp_path):
    said = refused(typed("run", scenario_with(tmp_path, **{'"dalian"': '"dalain"'})))
    assert "no region 'dalain'; did you mean 'dalian'" in said
    said = refused(typed("run", scenario_with(tmp_path, **{'"national-baseline"': '"national-base"'})))
    assert "'national-baseline'" in said


def test_broken_scenarios_are_told_at_once(typed, tmp_path):
    path = scenario_with(tmp_path, **{"draws      = 100": "drws = 100", "seed       = 2021": 'seed = "x"'})
    assert "2 problems" in refused(typed("run", path), "drws", "nearest valid name: 'draws'", "seed")
    path.write_text("mixes = [1,\n", encoding="utf-8")
    refused(typed("check", path), "line 2")


def test_an_unwritable_folder_is_refused_before_simulating(typed, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr(cli, "_simulated", lambda *_: pytest.fail("it simulated"))
    refused(typed("run", "--out", "file/run"), "cannot write to file/run")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_run_that_fails_leaves_nothing(typed, tmp_path, monkeypatch):
    def fails(inputs, aside, *_):
        (aside / "results.nc").write_text("half")
        raise RunFailed("the pool of entrants is used up")

    monkeypatch.setattr(cli, "_simulated", fails)
    refused(typed("run"), "the pool of entrants is used up")
    assert list(tmp_path.iterdir()) == []


def test_interrupting_leaves_130_and_nothing(typed, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_simulated", interrupted)
    result = typed("run")
    assert result.exit_code == cli.INTERRUPTED
    assert list(tmp_path.iterdir()) == []


def test_a_hidden_file_is_a_notice(typed, tmp_path):
    (tmp_path / "dalian-2025.toml").write_bytes(SCENARIO.read_bytes() + b"\n# mine\n")
    result = typed("show", "dalian-2025")
    assert result.exit_code == 0
    assert "notice: the scenario" in result.stderr
    assert "hides the shipped" in result.stderr


def test_not_a_run(typed):
    assert "no run 'nothing-here'" in refused(typed("replay", "nothing-here"))


# --- a run from end to end, without the simulation


@pytest.fixture
def made_up(monkeypatch):
    """A runner whose numbers depend on the seed alone, and no report."""
    xarray = pytest.importorskip("xarray")

    def run(scenario, *, threads=None, progress=None, firms=None):
        if progress is not None:
            progress(1, 1)
        values = np.random.default_rng(scenario.seed).normal(size=(len(scenario.mixes), scenario.draws))
        attrs = {"schema_version": str(store.SCHEMA_VERSION)}
        return xarray.Dataset({"investment": (("mix", "draw"), values)}, {"mix": list(scenario.mixes)}, attrs)

    runner = types.ModuleType("policymix.experiments.runner")
    runner.run = run
    monkeypatch.setitem(sys.modules, runner.__name__, runner)
    monkeypatch.setattr(cli, "_write_report", lambda *_: None)
    monkeypatch.setattr(cli, "_print_answer", lambda *_: None)


def test_run_then_replay_then_tamper(typed, tmp_path, made_up):
    result = typed("run", "--draws", 3, "--seed", 5, "--mix", "both", "--set", "parameter.hassle_cost=20000")
    assert result.exit_code == 0, result.output
    folder = tmp_path / "out" / "dalian-2025"
    assert sorted(path.name for path in folder.iterdir()) == ["inputs", "manifest.json", "results.nc"]
    results = policymix.open_results(folder)
    assert (results.sizes["mix"], results.sizes["draw"]) == (2, 3)
    inputs = (folder / "inputs" / "scenario.toml").read_text(encoding="utf-8")
    assert '"parameter.hassle_cost" = 20000' in inputs
    assert "equal to the bit" in typed("replay", folder).stdout
    with (folder / "inputs" / "packages" / "htz-2022.toml").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    tampered = typed("replay", folder)
    assert tampered.exit_code == 1
    assert "packages/htz-2022.toml" in tampered.stdout


def test_a_package_of_ones_own_in_a_mix(typed, tmp_path, made_up):
    own = 'extends = "htz-2022"\nid = "own"\ntitle = {en = "a", zh = "b"}\n[change]\n"m4.pays.area_max" = 1000\n'
    (tmp_path / "own.toml").write_text(own, encoding="utf-8")
    result = typed("run", "--draws", 1, "--mix", "none,own.toml", "--out", "result")
    assert result.exit_code == 0, result.output
    assert policymix.open_results("result")["mix"].values.tolist() == ["none", "own"]
    (tmp_path / "own.toml").unlink()
    assert typed("replay", "result").exit_code == 0


def test_python_run_equals_the_command(typed, tmp_path, made_up):
    typed("run", "--draws", 2, "--out", "typed")
    results = policymix.run("dalian-2025", draws=2, out="called")
    assert results.equals(policymix.open_results("typed"))
    assert (tmp_path / "called" / "manifest.json").is_file()


# --- a real run


HEARING = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
if os.name == "posix":  # tests that a shell runs in the background inherit deafness to Ctrl-C
    HEARING["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)


def process(*words, cwd, wait=True):
    """The command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(policymix.__file__).parents[1])}
    command = [sys.executable, "-m", "policymix", *map(str, words)]
    started = subprocess.Popen(command, cwd=cwd, env=environment, **HEARING)
    if not wait:
        return started
    out, err = started.communicate(timeout=300)
    return started.returncode, out, err


@pytest.mark.slow
def test_a_small_run_from_command_to_replay(tmp_path):
    code, out, err = process("run", "--draws", 2, "--mix", "none,htz-2022", "--json", cwd=tmp_path)
    assert code == 0, err
    answer = json.loads(out)
    assert answer["draws"] == 2
    folder = tmp_path / "out" / "dalian-2025"
    assert {"results.nc", "report.html", "manifest.json", "inputs", "figures"} <= {
        path.name for path in folder.iterdir()
    }
    assert (folder / "inputs" / "packages" / "htz-2022.toml").is_file()
    code, out, err = process("replay", "out/dalian-2025", cwd=tmp_path)
    assert code == 0, err
    assert "equal to the bit" in out


@pytest.mark.slow
def test_interrupting_a_real_run(tmp_path):
    started = process("run", "--draws", 500, cwd=tmp_path, wait=False)
    deadline = time.monotonic() + 120
    while not (tmp_path / "out").exists() and time.monotonic() < deadline and started.poll() is None:
        time.sleep(0.05)
    time.sleep(1.0)
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=180)  # what is being compiled is compiled to its end
    assert started.returncode in (cli.INTERRUPTED, -signal.SIGINT), err  # a shell shows 130 for both
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


SWALLOWED = """
import time
from policymix import cli

class Deaf:
    def __del__(self):
        print("ready", flush=True)
        time.sleep(30)  # Ctrl-C strikes here, where no exception gets out

def command():
    Deaf()
    time.sleep(30)

cli.app.command("deaf")(command)
cli.main()
"""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_an_interruption_that_a_callback_swallows_strikes_again():
    started = subprocess.Popen([sys.executable, "-c", SWALLOWED, "deaf"], **HEARING)
    assert started.stdout.readline() == "ready\n"
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=20)
    assert started.returncode == cli.INTERRUPTED, err
    assert "Traceback" not in err
