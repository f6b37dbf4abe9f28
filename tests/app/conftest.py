"""A page over the small city, found by its name."""

import pytest

from policymix import catalog
from policymix.app.state import first_state


@pytest.fixture
def small_state(small_folder, monkeypatch):
    """The first state of the small city's scenario."""
    monkeypatch.setenv(catalog.PATH_VARIABLE, str(small_folder))
    return first_state("small")
