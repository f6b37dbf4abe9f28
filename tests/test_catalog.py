"""Files are found in the stated order, and TOML is read strictly."""

import warnings
from decimal import Decimal

import pytest

from policymix import catalog
from policymix.errors import InvalidFile, NotFound

PACKAGE = 'id = "{id}"\n[[clause]]\nid = "1"\n'


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """An installation with one package, one scenario and one region, and an empty current folder."""
    root = tmp_path / "installed"
    for folder in ("packages", "regions"):
        (root / "scenarios" / folder).mkdir(parents=True)
    (root / "scenarios/packages/alpha.toml").write_text(PACKAGE.format(id="alpha"))
    (root / "scenarios/regions/dalian.toml").write_text("[[place]]\n")
    (root / "scenarios/base.toml").write_text('mixes = "none"\n')
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.delenv(catalog.PATH_VARIABLE, raising=False)
    monkeypatch.setattr(catalog, "data_root", lambda: root)
    return root


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_shipped_files_are_found_last(shipped):
    assert catalog.find("packages", "alpha") == shipped / "scenarios/packages/alpha.toml"
    assert catalog.find("scenarios", "base") == shipped / "scenarios/base.toml"


def test_order_scenario_folder_then_current_then_variable_then_shipped(shipped, tmp_path, monkeypatch):
    elsewhere = write(tmp_path / "elsewhere/alpha.toml", PACKAGE.format(id="e"))
    monkeypatch.setenv(catalog.PATH_VARIABLE, str(elsewhere.parent))
    with pytest.warns(catalog.HiddenFile):
        assert catalog.find("packages", "alpha") == elsewhere
    current = write(tmp_path / "here/packages/alpha.toml", PACKAGE.format(id="c"))
    with pytest.warns(catalog.HiddenFile):
        assert catalog.find("packages", "alpha") == current
    beside = write(tmp_path / "study/alpha.toml", PACKAGE.format(id="s"))
    with pytest.warns(catalog.HiddenFile) as caught:
        assert catalog.find("packages", "alpha", near=tmp_path / "study/my.toml") == beside
    assert str(beside) in str(caught[0].message)
    assert str(shipped / "scenarios/packages/alpha.toml") in str(caught[0].message)


def test_an_identical_copy_hides_nothing(shipped, tmp_path):
    copy = write(tmp_path / "here/alpha.toml", PACKAGE.format(id="alpha"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert catalog.find("packages", "alpha") == copy


def test_explicit_paths_are_taken_from_the_scenario_folder_or_the_current_one(shipped, tmp_path):
    mine = write(tmp_path / "study/mine.toml", PACKAGE.format(id="mine"))
    assert catalog.find("packages", "mine.toml", near=tmp_path / "study/my.toml") == mine
    assert catalog.find("packages", str(mine)) == mine
    assert catalog.find("packages", "../study/mine").resolve() == mine


def test_a_flat_file_of_another_kind_is_passed_over(shipped, tmp_path):
    write(tmp_path / "here/alpha.toml", 'mixes = "none"\n')
    assert catalog.find("packages", "alpha") == shipped / "scenarios/packages/alpha.toml"
    assert "alpha" in catalog.available("scenarios")


def test_available_lists_sorted_folders_and_flat_files_of_the_kind(shipped, tmp_path):
    write(tmp_path / "here/beta.toml", PACKAGE.format(id="beta"))
    write(tmp_path / "here/packages/gamma.toml", PACKAGE.format(id="gamma"))
    write(tmp_path / "here/pyproject.toml", "[project]\n")
    assert list(catalog.available("packages")) == ["alpha", "beta", "gamma"]


@pytest.mark.parametrize(("kind", "name"), [("regions", "dalain"), ("regions", "./dalain.toml"), ("region", "dalian")])
def test_unknown_names_list_the_nearest_first(shipped, kind, name):
    with pytest.raises(NotFound, match="There are: (dalian|regions)"):
        catalog.find(kind, name)


def test_decimals_are_exact_and_plain_makes_floats():
    content = catalog.parse_toml("a = 0.10\nb = [1, 2.5]\nc = {d = 1_000.5}\n", "x.toml")
    assert content["a"] == Decimal("0.10")
    assert catalog.plain(content) == {"a": 0.1, "b": [1, 2.5], "c": {"d": 1000.5}}


@pytest.mark.parametrize(
    ("text", "where", "found"),
    [
        ("a = 1\nb = nan\n", "line 2", "nan"),
        ("a = -inf\n", "line 1", "-inf"),
        ("a = 1\nx = 1e999\n", "line 2", "1e999"),
        ("a = 1\na = 2\n\n", "line 2", "overwrite"),
        ("a = [1,\n", "line 2", "Invalid value"),
        ("[clause\nid = 1\n", "line 1", "Expected"),
    ],
)
def test_bad_toml_names_the_line(text, where, found):
    with pytest.raises(InvalidFile) as caught:
        catalog.parse_toml(text, "bad.toml")
    assert where in caught.value.problems[0].where
    assert found in caught.value.problems[0].found


def test_unreadable_files_are_one_sentence(tmp_path):
    (tmp_path / "latin.toml").write_bytes("a = '\xe9'".encode("latin-1"))
    with pytest.raises(InvalidFile, match="not UTF-8"):
        catalog.read_toml(tmp_path / "latin.toml")
    with pytest.raises(InvalidFile, match="a folder"):
        catalog.read_toml(tmp_path)
    with pytest.raises(NotFound, match=r"latin\.toml"):
        catalog.read_toml(tmp_path / "latn.toml")


def test_a_byte_order_mark_is_harmless(tmp_path):
    (tmp_path / "notepad.toml").write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert catalog.read_toml(tmp_path / "notepad.toml") == {"a": 1}
