"""A small Dalian: the same places, industries, records and packages with a twentieth of the firms."""

import math
import re

import pytest

from policymix import catalog
from policymix.experiments.scenario import load_scenario

PART = 1 / 20
COUNTS = re.compile(r"^(firms|published\.[\w-]+) = \{.*?\}", re.MULTILINE)
NUMBER = re.compile(r"\b(value|low|high) = (\d+)")


def smaller(text, part):
    """A region's text with its counts of firms multiplied."""

    def number(match):
        name, count = match[1], int(match[2]) * part
        whole = {"low": math.floor(count), "value": max(1, round(count)), "high": math.ceil(count) + 1}[name]
        return f"{name} = {whole}"

    def one(match):
        return NUMBER.sub(number, match[0])

    return COUNTS.sub(one, text)


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory):
    """A folder with the small region and a scenario of one draw that names it."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "regions").mkdir()
    region = smaller(catalog.find("regions", "dalian").read_text(encoding="utf-8"), PART)
    (folder / "regions" / "small.toml").write_text(region.replace('id = "dalian"', 'id = "small"', 1), encoding="utf-8")
    scenario = catalog.find("scenarios", "dalian-2025").read_text(encoding="utf-8")
    for old, new in ((r'region += "dalian"', 'region = "small"'), (r"draws += \d+", "draws = 1")):
        scenario = re.sub(old, new, scenario, count=1)
    (folder / "small.toml").write_text(scenario, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def small(small_folder):
    """The scenario of the small city: Dalian's packages, one draw."""
    return load_scenario(small_folder / "small.toml")
