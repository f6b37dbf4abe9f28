"""Read a region file and an environment file, checked in full: every problem of a file is reported at once."""

from __future__ import annotations

import os
import types
import typing
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from policymix import catalog
from policymix.errors import InvalidFile, InvalidValue, NotFound, Problem, closest
from policymix.region import evidence
from policymix.region.register import read_register, register_problems
from policymix.region.schema import ROLES, STEPS, Environment, Region, Strict

Law = tuple[str, str, float, float, float]
ELSEWHERE = "elsewhere"  # everything outside the city; implicit in every region
RESERVED = (*STEPS, "tax")  # second words of addresses that no place, industry or record may bear
RAKED_YEARS_AFTER_REFERENCE = 2  # a total to rake to may be this much younger than the reference year


def load(name_or_path: str | os.PathLike[str], near: Path | None = None) -> Region:
    """A region by name or path.

    Parameters
    ----------
    name_or_path : ``"dalian"`` or a path to a TOML file
    near : the scenario file in which the name was written

    Returns
    -------
    Region
        frozen; `Region.numbers` lists every number of the file by address
    """
    path = catalog.find("regions", name_or_path, near)
    region = _validated(Region, path, _with_register(path))
    _refuse(path, [*_region_problems(region), *_source_problems(region)])
    _refuse(path, register_problems(region))
    return region


def register_file(path: Path) -> Path | None:
    """The register of firms that a region file names; None without one."""
    name = catalog.read_toml(path).get("firms", "")
    if not name or not isinstance(name, str):
        return None
    if Path(name).name != name:
        raise InvalidFile(
            path, [Problem("firms", f"'{name}'", "the name of a file beside the region's, without folders")]
        )
    return path.parent / name


def load_environment(name_or_path: str | os.PathLike[str], near: Path | None = None) -> Environment:
    """An environment by name or path; see `load`."""
    path = catalog.find("environments", name_or_path, near)
    environment = _read(Environment, path)
    _refuse(path, [*_environment_problems(environment), *_source_problems(environment)])
    return environment


def uncertain(region: Region, environment: Environment) -> list[Law]:
    """Every uncertain number as (address, ``"triangular"``, low, default, high), in file order."""
    numbers = {**region.numbers, **environment.numbers}
    return [
        (address, "triangular", number.low, number.value, number.high)
        for address, number in numbers.items()
        if number.uncertain and number.low is not None and number.high is not None
    ]


def defaults(region: Region, environment: Environment) -> dict[str, float]:
    """Every number that can be set, by address, at its default."""
    return {address: number.value for address, number in {**region.numbers, **environment.numbers}.items()}


def check_together(region: Region, environment: Environment) -> None:
    """Refuse an environment that was written for another city or another price base."""
    if environment.place != region.city:
        raise InvalidValue(
            f"environment {environment.id} > place",
            f"'{environment.place}'",
            f"'{region.city}', as in region {region.id}",
        )
    if environment.base_year != region.reference.year:
        where, expected = (
            f"environment {environment.id} > base_year",
            f"{region.reference.year}, the region's reference year",
        )
        raise InvalidValue(where, str(environment.base_year), expected)


def places_of(region: Region, name: str) -> tuple[str, ...]:
    """Parts of the city that a place name or a role covers.

    A role that the region lacks stands for the city; the caller shows `role_notices`.

    Parameters
    ----------
    region : the region
    name : a role (``"zone"``), the city, or a part of it
    """
    known = {*region.places, region.city, *ROLES}
    if name not in known:
        raise NotFound("place", name, known, where=f"region {region.id}")
    place = region.role_places.get(name, region.city if name in ROLES else name)
    return region.places if place == region.city else (place,)


def role_notices(region: Region) -> dict[str, str]:
    """For every role that the region lacks, what stands in for it, in words."""
    return {
        role: f"{region.id} has no {role}; clauses for a {role} are applied to the whole city ({region.city})"
        for role in ROLES
        if role not in region.roles
    }


def _read(model: type[Strict], path: Path) -> Any:
    return _validated(model, path, _floats(catalog.plain(catalog.read_toml(path))))


def _with_register(path: Path) -> dict[str, Any]:
    """Content of a region file, with the rows of its register as its tables of firms."""
    content = _floats(catalog.plain(catalog.read_toml(path)))
    register = register_file(path)
    if register is not None and "firm" in content:
        raise InvalidFile(path, [Problem("firm", f"firms here and in {register.name}", "one of the two")])
    return content if register is None else {**content, "firm": read_register(register)}


def _validated(model: type[Strict], path: Path, content: dict[str, Any]) -> Any:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise InvalidFile(path, [_problem(model, content, item) for item in error.errors()]) from None


def _floats(content: Any, key: str = "") -> Any:
    """Whole numbers of number tables become floats (TOML writes 3300 and 3300.0 as two types)."""
    if isinstance(content, dict):
        return {name: _floats(value, name) for name, value in content.items()}
    if isinstance(content, list):
        return [_floats(value) for value in content]
    if isinstance(content, int) and not isinstance(content, bool) and key not in ("year", "base_year"):
        return float(content)
    return content


def _problem(model: type[Strict], content: Any, item: ErrorDetails) -> Problem:
    where = _where(content, item["loc"])
    if item["type"] == "extra_forbidden":
        fields = _fields_at(model, item["loc"][:-1])
        return Problem(
            where, "an unknown key", "one of " + ", ".join(sorted(fields)), closest(str(item["loc"][-1]), fields)
        )
    if item["type"] == "missing":
        return Problem(where, "nothing", f"the key '{item['loc'][-1]}'")
    message = item["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    given = item.get("input")
    names = {dict: "a table", list: "a list", str: f"the text '{given}'", bool: str(given).lower()}
    found = names.get(type(given), str(given))
    if item["type"] == "value_error":
        return Problem(where, found, message)
    allowed = [
        text.strip("' ") for text in str(item.get("ctx", {}).get("expected", "")).replace(" or ", ",").split(",")
    ]
    return Problem(where, found, message, closest(given, allowed) if isinstance(given, str) else None)


def _where(content: Any, location: tuple[str | int, ...]) -> str:
    """``industry "software" > firms > low``: list positions are shown by the id of the row."""
    parts: list[str] = []
    for key in location:
        if isinstance(key, int):
            content = content[key] if isinstance(content, list) and key < len(content) else None
            row = content if isinstance(content, dict) else {}
            label = next((row[name] for name in ("id", "step", "key", "year", "from") if name in row), key + 1)
            parts[-1] += f' "{label}"'
            continue
        content = content.get(key) if isinstance(content, dict) else None
        parts.append(str(key))
    return " > ".join(parts) or "file"


def _fields_at(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """Keys that the table at `location` may have."""
    current: Any = model
    for key in location:
        inner = (
            _models_in(current.model_fields[key].annotation)
            if isinstance(key, str) and key in current.model_fields
            else []
        )
        current = inner[0] if inner else current
    return [field.alias or name for name, field in current.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for part in typing.get_args(annotation) for model in _models_in(part)]


def _refuse(path: Path, problems: list[Problem]) -> None:
    if problems:
        raise InvalidFile(path, problems)


def _unknown(where: str, name: str, known: list[str]) -> Problem:
    return Problem(where, f"'{name}'", "one of " + ", ".join(known), closest(name, known))


def _region_problems(region: Region) -> list[Problem]:
    if "city" not in region.roles:
        return [Problem("roles", "no city", "city = the id that covers all places")]
    places, industries = [*region.places], [*region.industries]
    within = [*places, region.city]
    ids = [table.id for table in region.tables]
    problems = _twice("id", ids)
    problems += [Problem(f'id "{name}"', "a word of addresses", "another id") for name in ids if name in RESERVED]
    problems += _twice("step", [step.step for step in region.ladder])
    if region.city in places and places != [region.city]:
        problems.append(Problem("roles > city", f"'{region.city}'", "an id of its own, not that of a part"))
    problems += [
        _unknown(f"roles > {role}", place, within)
        for role, place in region.roles.items()
        if role != "city" and place not in within
    ]
    problems += [
        _unknown(f'place "{place.id}" > inside', place.inside, [region.city])
        for place in region.place
        if place.inside != region.city
    ]
    if ELSEWHERE in places:
        problems.append(Problem("place", f"'{ELSEWHERE}'", "parts of the city only: everything else is implicit"))
    for record in region.record:
        problems += (
            []
            if record.industry in industries
            else [_unknown(f'record "{record.id}" > industry', record.industry, industries)]
        )
        problems += [] if record.place in places else [_unknown(f'record "{record.id}" > place', record.place, places)]
    for step in region.ladder:
        problems += [
            _unknown(f'ladder "{step.step}" > published', place, within)
            for place in step.published
            if place not in within
        ]
    return problems + _sum_problems(region) + _total_problems(region, within)


def _sum_problems(region: Region) -> list[Problem]:
    problems = []
    shares = sum(
        industry.value_added_share.value for industry in region.industry if industry.value_added_share is not None
    )
    if abs(shares - 1.0) > 1e-6:
        problems.append(Problem("industry > value_added_share", f"a sum of {shares:g}", "core shares that sum to 1"))
    if (
        any(industry.core for industry in region.industry)
        and sum(record.value_added.value for record in region.record) >= 0.9
    ):
        problems.append(Problem("record > value_added", "more than 0.9 of core value added", "the largest firms only"))
    for step in region.ladder:
        city = step.published.get(region.city)
        if city is None:
            problems.append(
                Problem(f'ladder "{step.step}" > published', "no count of the whole city", f"{region.city} = {{...}}")
            )
        parts = sum(number.value for place, number in step.published.items() if place != region.city)
        if city is not None and parts > city.value:
            problems.append(
                Problem(f'ladder "{step.step}"', f"parts of {parts:g}", f"at most the city's {city.value:g}")
            )
    return problems


def _total_problems(region: Region, within: list[str]) -> list[Problem]:
    problems = [
        _unknown(f'total "{total.key}" > place', total.place, within)
        for total in region.total
        if total.place not in within
    ]
    gdp = [total for total in region.total if total.key == "gdp" and total.place == region.city]
    if region.reference.year not in [total.year for total in gdp]:
        problems.append(
            Problem(
                "total", "no GDP of the city", f"key = 'gdp', place = '{region.city}', year = {region.reference.year}"
            )
        )
    keys = [f"{total.key}/{total.place}/{total.year}" for total in region.total]
    problems += _twice("total", keys)
    last = min(evidence.LAST_FITTED_YEAR, region.reference.year + RAKED_YEARS_AFTER_REFERENCE)
    for total in region.total:
        where = f'total "{total.key}" {total.place} {total.year}'
        if total.year > evidence.LAST_FITTED_YEAR:
            problems.append(
                Problem(where, str(total.year), f"a year up to {evidence.LAST_FITTED_YEAR}: later ones are for testing")
            )
        elif total.use == "rake" and total.year > last:
            problems.append(Problem(where, f"rake to {total.year}", f"a total up to {last}, or use = 'compare'"))
        problems += evidence.source_problems(f"{where} > source", total.source, certain=True)
    return problems


def _environment_problems(environment: Environment) -> list[Problem]:
    years = [row.year for row in environment.year]
    problems = []
    if years != list(range(years[0], years[0] + len(years))):
        problems.append(Problem("year", f"years {years}", "one row a year, in order, without gaps"))
    if environment.base_year not in years:
        problems.append(Problem("base_year", str(environment.base_year), f"a year between {years[0]} and {years[-1]}"))
    published = [row.gdp_nominal is not None for row in environment.year]
    if not published[0] or published != sorted(published, reverse=True):
        problems.append(Problem("year > gdp_nominal", "a gap", "published years first, assumed years after them"))
    problems += [
        Problem(
            f'year "{row.year}" > gdp_nominal',
            "a level",
            f"assumptions (gdp_growth, inflation) after {evidence.LAST_FITTED_YEAR}",
        )
        for row in environment.year
        if row.gdp_nominal is not None and row.year > evidence.LAST_FITTED_YEAR
    ]
    return problems + _twice("shock", [shock.start for shock in environment.shock])


def _twice(what: str, names: list[str]) -> list[Problem]:
    return [
        Problem(f'{what} "{name}"', f"{count} rows", "one row") for name, count in Counter(names).items() if count > 1
    ]


def _source_problems(table: Region | Environment) -> list[Problem]:
    problems = []
    for address, number in table.numbers.items():
        problems += evidence.source_problems(address, number.source, certain=not number.uncertain)
    return problems
