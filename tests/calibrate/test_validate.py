"""The command on a small city: every estimator runs, misses come first, nothing is invented."""

import json

import pytest
from typer.testing import CliRunner

from policymix import cli
from policymix.calibrate.bench import validate
from policymix.calibrate.experiment import experiments
from policymix.calibrate.forms import ESTIMATORS
from policymix.calibrate.variables import KNOWN
from policymix.catalog import data_root


@pytest.fixture(scope="module")
def found(small_experiments):
    (result,) = validate(experiments(folder=small_experiments), runs=2, threads=2)
    return result


def entry(result, name):
    return next(each for each in result.entries if each.name == name)


def test_a_credit_raises_the_investment_of_those_it_is_for(found):
    assert entry(found, "investment").passed
    assert 0.02 < entry(found, "investment").estimate < 1.0
    assert entry(found, "path").estimate > 0.0
    assert 0.1 < entry(found, "claims").estimate < 1.5


def test_nothing_moves_before_the_date(found):
    assert entry(found, "before").estimate == 0.0
    assert entry(found, "before").interval == (0.0, 0.0)


def test_an_empty_group_has_no_estimate(found):
    nobody = entry(found, "nobody")
    assert nobody.estimate is None
    assert nobody.interval is None
    assert nobody.passed is False
    assert "0 treated firms" in nobody.why
    assert not found.passed


def test_parts_with_a_band_come_first_and_are_split(found):
    names = [each.name for each in found.entries]
    assert names[:5] == ["investment", "investment: staff below 50", "investment: staff from 50",
                         "investment: place zone", "before"]  # fmt: skip
    assert entry(found, "investment: staff from 50").passed is None


def test_shares_are_shares(found):
    assert entry(found, "paper").estimate >= 1.0
    assert -1.0 <= entry(found, "survival").estimate <= 1.0
    assert entry(found, "did").estimate is not None


def test_threads_do_not_matter(found, small_experiments):
    (again,) = validate(experiments(folder=small_experiments), runs=2, threads=1)
    assert [each.estimate for each in again.entries] == [each.estimate for each in found.entries]


def test_the_command(small_experiments, tmp_path):
    words = ["validate", "--from", str(small_experiments), "--runs", "2", "--out", str(tmp_path / "o"), "--quiet"]
    shown = CliRunner().invoke(cli.app, words)
    assert shown.exit_code == 0, shown.output
    assert "0 of 1 pass" in shown.stdout
    assert {path.name for path in (tmp_path / "o").iterdir()} == {"validation.json", "credit.svg", "credit.png"}
    answer = json.loads((tmp_path / "o" / "validation.json").read_text(encoding="utf-8"))
    (row,) = answer["rows"]
    assert (answer["passed"], answer["of"]) == (0, 1)
    assert {"id", "title", "estimate", "interval", "band", "pass", "rows", "parts", "quick", "runs"} <= set(row)
    assert row["pass"] is False
    assert row["runs"] == 2
    as_json = CliRunner().invoke(cli.app, [*words[:5], "--json", "--least", "1"])
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout) == answer


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["v99"], "no experiment 'v99'"),
        (["--from", "nowhere"], "no folder 'nowhere'"),
        (["--quick", "--runs", "3"], "one of --quick and --runs"),
    ],
)
def test_a_slip_of_the_user_is_a_sentence(words, said):
    result = CliRunner().invoke(cli.app, ["validate", *words])
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_a_setting_outside_its_range_is_refused(small_experiments, tmp_path):
    text = (small_experiments / "credit.toml").read_text(encoding="utf-8")
    text = text.replace("[mixes]", '[set]\n"parameter.margin" = 0.5\n[mixes]', 1)
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(cli.app, ["validate", "--from", str(tmp_path)])
    assert result.exit_code == 2
    assert "parameter.margin: found 0.5; expected 0.07 to 0.12" in result.stderr


def test_the_page_names_everything():
    page = data_root() / "docs" / "EXPERIMENTS.md"
    text = page.read_text(encoding="utf-8")
    missing = [name for name in KNOWN if f"`{name}`" not in text]
    keys = {key for form in ESTIMATORS.values() for key in form.model_fields}
    missing += sorted(key for key in keys if f"`{key}`" not in text)
    assert not missing
