"""The facts' file: whole as shipped, and every slip of a changed one named at once."""

import pytest

from policymix import catalog
from policymix.calibrate.bands import KNOWN, Band, load_facts
from policymix.errors import InvalidFile

SHIPPED = catalog.evidence("facts.toml").read_text(encoding="utf-8")


def changed(tmp_path, *pairs):
    text = SHIPPED
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "facts.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path):
    with pytest.raises(InvalidFile) as caught:
        load_facts(path)
    return caught.value.problems


def test_the_shipped_file_has_every_fact_with_its_measures():
    file = load_facts()
    assert [fact.id for fact in file.fact] == list(KNOWN) == [f"S{number}" for number in range(1, 14)]
    assert all(len(fact.measure) == len(KNOWN[fact.id].measures) for fact in file.fact)
    assert file.runs >= 30
    assert file.quick_runs == round(file.runs / 4)


def test_bands_are_those_of_the_evidence():
    bands = {(fact.id, measure.name): measure.band for fact in load_facts().fact for measure in fact.measure}
    assert (bands["S2", "shape"].min, bands["S2", "shape"].max) == (0.7, 1.3)
    assert (bands["S5", "year_1"].min, bands["S5", "year_1"].max) == (0.005, 0.036)
    assert (bands["S8", "spikes"].min, bands["S8", "spikes"].max) == (0.14, 0.23)
    assert (bands["S11", "top_share"].min, bands["S11", "top_share"].max) == (0.5, None)


def test_all_problems_at_once_with_the_nearest_names(tmp_path):
    path = changed(
        tmp_path,
        ('id = "S2"', 'id = "S22"'),
        ('name = "tail_wide"', 'name = "tail_wid"'),
        ("define = {oldest = 15}", "define = {oldst = 15}"),
        ('rows = ["B15"]', 'rows = ["B15x"]'),
    )
    found = problems(path)
    text = "\n".join(str(problem) for problem in found)
    assert "'S2'" in text
    assert "nearest valid name: 'tail_wide'" in text
    assert "nearest valid name: 'oldest'" in text
    assert "nearest valid name: 'B15'" in text
    assert len(found) == 7  # each of the first three is also missing under its right name


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("band = {min = 0.7, max = 1.3}", "band = {min = 1.3, max = 0.7}", "max above the min"),
        ("band = {min = 0.7, max = 1.3}", "band = {}", "min, max or both"),
        ('judged = "pooled"', 'judged = "mean"', "median"),
        ("later = 20", "later = 6", "overlap"),
        ("window = 4 ", "windows = 4 ", "window"),
        ('at = ["whole"]', 'at = ["always"]', "whole"),
    ],
)
def test_slips(tmp_path, old, new, words):
    assert words in "\n".join(str(problem) for problem in problems(changed(tmp_path, (old, new))))


def test_a_band_and_its_room():
    band = Band(min=1.0, max=3.0)
    assert band.holds(1.0)
    assert band.holds(3.0)
    assert not band.holds(3.01)
    assert not band.holds(float("nan"))
    assert band.room(1.5) == pytest.approx(0.25)
    assert band.room(4.0) == pytest.approx(-0.5)
    assert Band(max=0.05).room(0.06) < 0.0 < Band(min=0.5).room(0.6)
