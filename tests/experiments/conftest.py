"""Tests of sweeps share a town: Dalian with a fiftieth of its firms and three years to live."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cities import write_city


@pytest.fixture(scope="session")
def town(tmp_path_factory):
    """The town's scenario file, in a folder with its region."""
    folder = tmp_path_factory.mktemp("town")
    write_city(folder, "town", 1 / 50)
    path = folder / "town.toml"
    text = path.read_text(encoding="utf-8").replace('"2016Q1"', '"2019Q1"').replace('"2025Q4"', '"2023Q4"')
    path.write_text(re.sub(r"^seed += \d+", "seed = 5", text, flags=re.MULTILINE), encoding="utf-8")
    return path
