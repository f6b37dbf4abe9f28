"""Smaller cities for tests: Dalian with a part of its firms."""

import csv
import math
import re

import numpy as np

from policymix import catalog
from policymix.region.arrays import region_arrays
from policymix.region.load import load

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


def write_register(region_path, name="register.csv", seed=1):
    """A register that meets the totals of a region file, beside it; the file names it from then on."""
    region = load(region_path)
    arrays, rng, rows = region_arrays(region), np.random.default_rng(seed), []
    records = {record.id: (record.industry, record.place, record.value_added.value) for record in region.record}
    core = arrays.core_share * arrays.gdp
    for i, industry in enumerate(region.industries):
        for k, place in enumerate(region.places):
            count = max(1, round(float(arrays.firms[i, k])))
            own = [
                (key, share * core) for key, (at, where, share) in records.items() if (at, where) == (industry, place)
            ]
            sizes = rng.lognormal(0.0, 1.0, max(count - len(own), 1))
            left = max(float(arrays.value_added[i, k]) - sum(value for _, value in own), 0.1 * arrays.value_added[i, k])
            values = [*own, *((f"{industry}-{k}-{n}", left * s / sizes.sum()) for n, s in enumerate(sizes))]
            rows += [
                {
                    "id": key,
                    "industry": industry,
                    "place": place,
                    "founded": f"{rng.integers(1990, 2021)}Q{rng.integers(1, 5)}",
                    "revenue": f"{value / arrays.va_ratio[i]:.0f}",
                    "staff": "",
                    "capital": "",
                    "steps": "",
                }
                for key, value in values
            ]
    for s, step in enumerate(region.ladder):
        for k, place in enumerate(region.places):
            here = [row for row in rows if row["place"] == place and row["industry"] in ("software", "data_services")]
            for row in here[: round(float(arrays.ladder_start[s, k]))]:
                row["steps"] = f"{row['steps']} {step.step}".strip()
    write_rows(region_path.parent / name, rows)
    text = region_path.read_text(encoding="utf-8")
    if not text.startswith("firms = "):
        region_path.write_text(f'firms = "{name}"\n{text}', encoding="utf-8")
    return rows


def write_rows(path, rows):
    """Rows of a table as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
