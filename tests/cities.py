"""Smaller cities for tests: Dalian with a part of its firms."""

import math
import re

from policymix import catalog

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


def write_city(folder, name, part):
    """Dalian with a part of its firms as a region file, and a scenario of one draw that names it, in a folder."""
    (folder / "regions").mkdir()
    region = smaller(catalog.find("regions", "dalian").read_text(encoding="utf-8"), part)
    region = region.replace('id = "dalian"', f'id = "{name}"', 1)
    (folder / "regions" / f"{name}.toml").write_text(region, encoding="utf-8")
    scenario = catalog.find("scenarios", "dalian-2025").read_text(encoding="utf-8")
    for old, new in ((r'region += "dalian"', f'region = "{name}"'), (r"draws += \d+", "draws = 1")):
        scenario = re.sub(old, new, scenario, count=1)
    (folder / f"{name}.toml").write_text(scenario, encoding="utf-8")
