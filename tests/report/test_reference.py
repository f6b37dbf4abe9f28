"""The reference pages say what the data say, and a page that has fallen behind is noticed."""

from functools import lru_cache

import pytest

from policymix.catalog import available, data_root
from policymix.errors import InvalidValue
from policymix.experiments.firm_file import columns
from policymix.experiments.parameters import read_priors
from policymix.policy.claim import KINDS
from policymix.policy.target import load_targets
from policymix.report import reference
from policymix.report.reference import MADE, stale, write

FOLDER = data_root() / "docs" / "reference"
SHIPPED = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.md"))
pages = lru_cache(reference.pages)


@pytest.fixture(autouse=True)
def made_once(monkeypatch):
    """The data do not change while these tests run."""
    monkeypatch.setattr(reference, "pages", pages)


def test_the_shipped_pages_are_current():
    assert stale(FOLDER) == [], "run: policymix reference"


def test_everything_has_its_line():
    made = pages()
    for kind in KINDS:
        assert f"## {kind.name} · " in made["claims.md"]
        assert all(f"| `{fact.name}` |" in made["claims.md"] for fact in kind.facts)
    assert all(f"| `{prior.name}` |" in made["parameters.md"] for prior in read_priors())
    assert all(f"| `{column.name}` |" in made["panel.md"] for column in columns())
    for name in available("targets"):
        assert all(f"| `{target.id}` |" in made[f"targets/{name}.md"] for target in load_targets(name))
    assert all(f"({name})" in made["README.md"] for name in made if name != "README.md")


@pytest.mark.parametrize("name", [*SHIPPED, "../ODD.md"])
def test_tables_have_as_many_cells_as_their_heads(name):
    width = None
    for line in pages()[name].splitlines():
        if line.startswith("| "):
            cells = line.replace("\\|", "").count("|")
            assert width in (None, cells), line
            width = cells
        else:
            width = None


@pytest.fixture
def folder(tmp_path):
    """A folder for the pages, in one of its own, for the ODD page stands beside it."""
    return tmp_path / "reference"


def test_a_page_that_fell_behind_is_named_and_mended(folder):
    assert len(write(folder)) == len(pages())
    assert stale(folder) == []
    (folder / "claims.md").write_text(f"{MADE}\nold", encoding="utf-8")
    (folder / "packages" / "nobody.md").write_text(f"{MADE}\nleft over", encoding="utf-8")
    behind = {folder / "claims.md", folder / "packages" / "nobody.md"}
    assert set(stale(folder)) == behind == set(write(folder))
    assert stale(folder) == [] and not (folder / "packages" / "nobody.md").exists()


def test_pages_of_others_are_neither_deleted_nor_written_over(folder):
    mine = folder / "mine.md"
    folder.mkdir()
    mine.write_text("# mine", encoding="utf-8")
    write(folder)
    assert mine.read_text(encoding="utf-8") == "# mine" and stale(folder) == []
    (folder / "claims.md").write_bytes(b"\xff not made")
    assert stale(folder) == [folder / "claims.md"]
    with pytest.raises(InvalidValue, match="a folder for the reference pages alone"):
        write(folder)
