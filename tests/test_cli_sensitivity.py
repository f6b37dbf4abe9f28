"""What drives an answer, where it fails and what would change the mind, as a user types it."""

import json

import pytest
from typer.testing import CliRunner

import policymix
from policymix import cli
from policymix.experiments.study import load_study, spaces_of

pytest.importorskip("sklearn")
SLOW = pytest.mark.slow

UNKNOWNS = [{"address": "dalian-2021/budget"}, {"address": "parameter.opportunity_additional"}]
OUTCOMES = [{"name": "paid", "sum": ["quarter", "clause", "payer"]}, {"name": "core_share"}]


def study_of(folder, design, points, **more):
    title = {"en": "Known", "zh": "已知"}
    uncertain = {"design": design, "points": points, "others": "default", "factor": UNKNOWNS, **more}
    return {"id": design, "title": title, "scenario": str(folder / "small.toml"), "mix": "both=dalian-2021+htz-2022",
            "set": {"run.end": "2022Q4"}, "uncertainties": uncertain, "outcome": OUTCOMES}  # fmt: skip


@pytest.fixture(scope="module")
def sobol(small_folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("studies") / "saltelli"
    policymix.sweep(study_of(small_folder, "saltelli", 16), out=place, threads=2)
    return place


@pytest.fixture(scope="module")
def run(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers") / "run"
    policymix.run(small, mix="none,htz-2022,both=dalian-2021+htz-2022", draws=60, set=["run.end=2022Q4"], out=folder)
    return folder


def command(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


@SLOW
def test_a_sobol_study_is_read_by_its_design(sobol, tmp_path):
    found = command("sensitivity", sobol, "--csv", tmp_path / "t.csv", "--figure", tmp_path / "f.png")
    assert found.exit_code == 0, found.output
    flat = " ".join(found.output.split())
    for text in ("budget", "Additional part of realised opportunities", "only together", "one replicate"):
        assert text in flat, found.output
    assert "doi:10.1016/j.cpc.2009.09.018" in flat
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").count("\n") > 6
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    table = json.loads(command("sensitivity", sobol, "--outcome", "paid", "--json").stdout)
    assert table["about"]["base"] == 16 and table["about"]["engine"] == "scipy"
    of = {row["factor"]: row["total"] for row in table["rows"]}
    assert of["budget"] > 0.8 > 0.2 > of["opportunity_additional"]


def test_an_outcome_over_time_in_chinese(sobol, tmp_path):
    found = command("sensitivity", sobol, "--outcome", "core_share", "--lang", "zh", "--figure", tmp_path / "f.svg")
    assert found.exit_code == 0, found.output
    assert "方差占比" in found.output and "偶然" in found.output
    assert (tmp_path / "f.svg").read_text(encoding="utf-8").startswith("<?xml")


@SLOW
def test_a_morris_study_is_read_by_its_design(small_folder, tmp_path):
    policymix.sweep(study_of(small_folder, "morris", 4), out=tmp_path / "morris", threads=2)
    found = command("sensitivity", tmp_path / "morris", "--figure", tmp_path / "f.png")
    assert found.exit_code == 0, found.output
    assert "elementary effects" in found.output and "million CNY" in " ".join(found.output.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(
            ["sensitivity", "--outcome", "paid", "--mix", "both"], ["largest by chance", "further factors"], marks=SLOW
        ),
        pytest.param(
            ["discover", "--outcome", "paid", "--above", "4e6", "--mix", "both", "--level"],
            ["coverage", "density"],
            marks=SLOW,
        ),
        pytest.param(
            ["discover", "--outcome", "paid", "--above", "4e6", "--mix", "both", "--method", "tree"],
            ["unseen draws"],
            marks=SLOW,
        ),
        pytest.param(
            ["mind", "--mix", "both", "--against", "htz-2022"], ["ranking flips at", "would narrow it most"], marks=SLOW
        ),
        pytest.param(
            ["mind", "--outcome", "paid", "--lower", "--lang", "zh"], ["排序翻转于", "最能缩小分歧"], marks=SLOW
        ),
    ],
)
def test_every_question_to_a_run_has_a_table_a_figure_and_a_file(run, tmp_path, words, says):
    more = ["--csv", tmp_path / "t.csv", "--figure", tmp_path / "f.png"]
    found = command(words[0], run, *words[1:], *more)
    assert found.exit_code == 0, found.output
    flat = " ".join(found.output.split())
    assert all(each in flat for each in says), found.output
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").count("\n") >= 2
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


@SLOW
@pytest.mark.parametrize(
    "words", [["discover", "--outcome", "paid", "--above", "4e6", "--level"], ["mind", "--top", "1"]]
)
def test_json_says_how_it_was_made_and_in_what_unit(run, words):
    found = json.loads(command(words[0], run, *words[1:], "--json").stdout)
    assert "doi:" in found["about"]["method"] and found["about"]["units"] and found["rows"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["sensitivity", "RUN", "--method", "sobol"], 'design = "saltelli"', marks=SLOW),
        pytest.param(["sensitivity", "RUN", "--method", "sobl"], "did you mean 'sobol'", marks=SLOW),
        pytest.param(
            ["sensitivity", "RUN", "--method", "rbd_fast", "--factor", "build_quarters"], "build_quarters", marks=SLOW
        ),
        pytest.param(["sensitivity", "RUN", "--over", "levers"], "no levers vary", marks=SLOW),
        pytest.param(["sensitivity", "RUN", "--outcome", "piad"], "did you mean 'paid'", marks=SLOW),
        pytest.param(["sensitivity", "RUN", "--mix", "none"], "the baseline", marks=SLOW),
        (["sensitivity", "SOBOL", "--factor", "budget"], "a study with lhs"),
        (["sensitivity", "SOBOL", "--method", "binned"], "share their values"),
        (["mind", "SOBOL", "--outcome", "paid"], "share their values"),
        (["sensitivity", "SOBOL", "--method", "morris"], 'design = "morris"'),
        pytest.param(["discover", "RUN"], "--target ID", marks=SLOW),
        pytest.param(["discover", "RUN", "--target", "dalian-2020/t99"], "dalian-2020/t", marks=SLOW),
        pytest.param(["discover", "RUN", "--outcome", "paid", "--above", "1e15"], "0 of 60 draws", marks=SLOW),
        (["discover", "SOBOL", "--target", "dalian-2020/t2"], "share their values"),
        pytest.param(["mind", "RUN", "--against", "bth"], "did you mean 'both'", marks=SLOW),
        (["mind", "SOBOL", "--figure", "f.pdf"], ".png or .svg"),
    ],
)
def test_wrong_questions_are_sentences(request, words, says):
    made = {word: request.getfixturevalue(word.lower()) for word in words if word in ("RUN", "SOBOL")}
    found = command(*(made.get(word, word) for word in words))
    assert found.exit_code == 2, found.output
    text = " ".join((found.output + found.stderr).split())
    assert "Traceback" not in text and says in text, text


def test_the_shipped_study_is_a_balanced_design_of_uncertainties_alone():
    study = load_study("dalian-sensitivity")
    _, space = spaces_of(study)
    assert space.method == "saltelli" and space.others == "default" and study.replicates == 2
    assert space.points & (space.points - 1) == 0
