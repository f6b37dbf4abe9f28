"""The gallery of broken package files: each must be refused with words that say where, what and what is near."""

from pathlib import Path

import pytest

from policymix.errors import PolicymixError
from policymix.policy.package import load

GALLERY = sorted((Path(__file__).parents[1] / "broken").glob("*.toml"))


def test_there_is_a_gallery():
    assert len(GALLERY) >= 30


@pytest.mark.parametrize("path", GALLERY, ids=[path.stem for path in GALLERY])
def test_a_broken_file_is_refused_in_words(path):
    expected = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect: ").split(" | ")
    with pytest.raises(PolicymixError) as error:
        load(str(path))
    message = str(error.value)
    for words in expected:
        assert words in message, message
    for jargon in ("pydantic", "Decimal(", "Traceback", "validation error"):
        assert jargon not in message
