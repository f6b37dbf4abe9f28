"""Notebooks: found by name, given other parameters, executed whole, rendered as a page that needs no network."""

import re

import nbformat
import pytest

from policymix import catalog
from policymix.errors import InvalidValue, NotFound, RunFailed
from policymix.report import notebooks

SMALL = {
    "first-steps": {"draws": 2}, "five-packages": {"draws": 2}, "own-package": {"draws": 2}, "sweep": {"draws": 2},
    "design": {"draws": 2, "fresh": 2, "evaluations": 10},
    "calibration": {"draws": 2},
    "sensitivity": {"draws": 60, "points": 16, "replicates": 1},
}  # fmt: skip
MINE = """# %% [markdown]
# # Mine · 我的

# %% tags=["parameters"]
a = 1

# %%
from IPython.display import Markdown
Markdown(f"**{2 * a} 亿元**")
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.py"
    path.write_text(MINE, encoding="utf-8")
    return path


def test_every_shipped_notebook_is_tested_small_and_has_a_title_and_parameters():
    assert set(SMALL) == set(notebooks.available())
    for name, path in notebooks.available().items():
        assert notebooks.title_of(path) != path.stem
        assert set(SMALL[name]) <= set(notebooks.parameters_of(notebooks.opened(name)))


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_a_shipped_notebook_runs_from_end_to_end(name, tmp_path, monkeypatch, small_folder):
    monkeypatch.chdir(tmp_path)
    changed = SMALL[name] | (in_the_small_city(small_folder) if name == "sensitivity" else {})
    file = notebooks.write(name, tmp_path / f"{name}.html", changed)
    text = file.read_text(encoding="utf-8")
    assert fetched(text) == []
    assert "Traceback" not in text
    assert file.stat().st_size < 5e6
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@pytest.mark.slow
def test_a_notebook_of_ones_own_takes_another_parameter_and_keeps_its_signs(mine, tmp_path):
    file = notebooks.write(mine, tmp_path / "mine.html", {"a": 21})
    text = file.read_text(encoding="utf-8")
    assert "<strong>42 亿元</strong>" in text
    assert "font/woff;base64," in text
    assert fetched(text) == []


@pytest.mark.slow
def test_a_cell_that_fails_is_named_and_nothing_is_written(mine, tmp_path):
    mine.write_text(MINE.replace("2 * a", "2 / a"), encoding="utf-8")
    with pytest.raises(RunFailed, match=r"cell \d+, 'from IPython.*ZeroDivisionError: division by zero"):
        notebooks.write(mine, tmp_path / "mine.html", {"a": 0})
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_a_notebook_to_open_has_the_parameters_and_no_output(mine, tmp_path):
    notebooks.write(mine, tmp_path / "mine.ipynb", {"a": 3})
    found = nbformat.read(tmp_path / "mine.ipynb", as_version=4)
    sources = [cell.source for cell in found.cells if cell.cell_type == "code"]
    assert any("a = 3" in source for source in sources)
    assert not any(cell.get("outputs") for cell in found.cells)


def test_what_a_user_may_get_wrong_is_said_in_a_sentence(mine, tmp_path):
    with pytest.raises(NotFound, match="no notebook 'first-step'; did you mean 'first-steps'"):
        notebooks.find("first-step")
    with pytest.raises(NotFound, match="no parameter of the notebook 'b'"):
        notebooks.write(mine, tmp_path / "mine.ipynb", {"b": 3})
    with pytest.raises(InvalidValue, match="a name that ends in .html or .ipynb"):
        notebooks.write(mine, tmp_path / "mine.pdf", {})
    with pytest.raises(InvalidValue, match="NAME=VALUE"):
        notebooks.parsed(["draws"])


def test_values_are_read_as_toml_and_else_as_text():
    settings = ["draws=40", "share=0.5", 'name="x"', "mix=none,both", 'packages=["a", "b"]']
    assert notebooks.parsed(settings) == {
        "draws": 40, "share": 0.5, "name": "x", "mix": "none,both", "packages": ["a", "b"],
    }  # fmt: skip


def in_the_small_city(folder):
    """Scenario and study of the sensitivity notebook, whose draws and points cannot be fewer, with few firms."""
    study, scenario = folder / "study.toml", folder / "small.toml"
    text = catalog.find("studies", "dalian-sensitivity").read_text(encoding="utf-8")
    study.write_text(text.replace('"dalian-2025"', f'"{scenario}"'), encoding="utf-8")
    return {"scenario": str(scenario), "study": str(study)}


def fetched(text: str) -> list[str]:
    """Addresses that a browser would fetch from a network."""
    return re.findall(
        r"""(?:src|href)=["'](https?:[^"']+\.(?:js|css|woff2?|png|svg))["']|url\((https?:[^)]+)\)""", text
    )
