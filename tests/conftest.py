"""A small Dalian: the same places, industries, records and packages with a twentieth of the firms."""

import sys
from pathlib import Path

import pytest

from policymix.experiments.scenario import load_scenario

sys.path.insert(0, str(Path(__file__).parent))

from cities import write_city

PART = 1 / 20


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory):
    """A folder with the small region and a scenario of one draw that names it."""
    folder = tmp_path_factory.mktemp("small")
    write_city(folder, "small", PART)
    return folder


@pytest.fixture(scope="session")
def small(small_folder):
    """The scenario of the small city: Dalian's packages, one draw."""
    return load_scenario(small_folder / "small.toml")
