"""Uploads: data only, bound in size, the sentences of the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from policymix import catalog
from policymix.app.uploads import LARGEST, plain_name, upload_name, uploaded_package
from policymix.cli import app
from policymix.errors import InvalidFile, NotFound, PolicymixError
from policymix.policy.package import load, show

BROKEN = sorted((Path(__file__).parents[1] / "broken").glob("*.toml"))


def test_a_downloaded_package_can_be_uploaded_again():
    text = show(load("htz-2022"))
    package = uploaded_package("htz-2022.toml", text.encode())
    assert package.clause == load("htz-2022").clause
    assert upload_name(package) == "htz-2022.toml"


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_has_the_sentences_of_the_command_line(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    said = CliRunner().invoke(app, ["check", path.name])
    assert said.exit_code == 2
    with pytest.raises(PolicymixError) as caught:
        uploaded_package(path.name, path.read_bytes())
    if path.stem != "extends-nobody":  # whose sentence says besides where the name is written
        assert str(caught.value).strip() in said.output


def test_too_large_and_not_text():
    with pytest.raises(InvalidFile, match="at most 262,144 bytes"):
        uploaded_package("big.toml", b"#" * (LARGEST + 1))
    with pytest.raises(InvalidFile, match="not UTF-8"):
        uploaded_package("x.toml", b"\xff\xfe\x00")


@pytest.mark.parametrize("base", ["/etc/hostname.toml", "../secret.toml", "secret", "./secret"])
def test_no_file_of_the_server_can_be_extended(base, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path.parent / "secret.toml").write_text('id = "secret"\n', encoding="utf-8")
    with pytest.raises(NotFound, match="no package") as caught:
        uploaded_package("mine.toml", f'extends = "{base}"\nid = "mine"\n'.encode())
    assert set(caught.value.available) == set(catalog.available("packages"))


@pytest.mark.parametrize("name", ["../../etc/passwd.toml", "C:\\x\\passwd.toml", "/passwd.toml", "pass\x00wd.toml"])
def test_names_of_files_are_only_their_last_part(name):
    assert plain_name(name) == "passwd.toml"
