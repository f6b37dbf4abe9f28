"""Reads experiments: the form, then every name in it; all problems of a file at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from policymix import catalog
from policymix.calibrate.forms import ESTIMATORS, Form, Part, Where, Window
from policymix.calibrate.variables import FLOW, GRAMMAR, KNOWN, STOCK, TOTAL, Named, names_in
from policymix.engine.symbols import PARAMETERS
from policymix.errors import InvalidFile, InvalidValue, NotFound, PolicymixError, Problem, closest
from policymix.experiments.parameters import Prior
from policymix.experiments.quarters import quarter_number
from policymix.policy.clause import Bound
from policymix.policy.package import Package, build, resolve
from policymix.policy.reading import problems_of
from policymix.region.load import load as load_region
from policymix.region.schema import Region

WORDS = {"industry", "place", "born"}
BORN = ("before", "after")
FLAGS = ("recipient", "absent", "diverted", "moved", "mobile")
AGAINST_KEYS = ("outcome", "per", "mix", "control", "where", "treated", "untreated", "area", "window", "measure",
                "side", "clause")  # fmt: skip


@dataclass(frozen=True)
class Experiment:
    """An experiment as read.

    Attributes
    ----------
    form : the file's content
    path : its file
    packages : those written into the file, by name
    defined : variables of its own, by name
    others : for every part the part that ``against`` compares it with, or None
    """

    form: Form
    path: Path
    packages: Mapping[str, Package]
    defined: Mapping[str, Named]
    others: tuple[Part | None, ...]

    @property
    def id(self) -> str:
        """What the command line calls it."""
        return self.form.id

    @property
    def treatment(self) -> int:
        """Number of the quarter of the treatment."""
        return quarter_number(self.form.scenario.treatment or self.form.scenario.start)

    def treated_mix(self) -> str:
        """The mix of a part that names none: the first that is not the control."""
        return next(name for name in self.form.mixes if name != self.form.control)


def shipped() -> Path:
    """Folder of the experiments that come with the program."""
    return catalog.data_root() / "calibration" / "experiments"


def experiments(ids: Iterable[str] = (), folder: Path | None = None) -> list[Experiment]:
    """Experiments of a folder in natural order (v2 before v10), or those named.

    Raises
    ------
    NotFound
        The folder, or an experiment of that id, does not exist.
    InvalidFile
        A file that is asked for breaks the rules; all its problems.
    """
    folder = folder or shipped()
    if not folder.is_dir():
        raise NotFound("folder", str(folder), [], where="--from")
    files = {path.stem: path for path in sorted(folder.glob("*.toml"), key=_natural)}
    if not files:
        raise NotFound("experiment", "*.toml", [], where=str(folder))
    wanted = list(ids) or list(files)
    by_lower = {name.lower(): name for name in files}
    for name in wanted:
        if name.lower() not in by_lower:
            raise NotFound("experiment", name, files, where=str(folder))
    read = [read_experiment(files[by_lower[name.lower()]]) for name in dict.fromkeys(wanted)]
    seen: dict[str, Path] = {}
    for each in read:
        if each.id in seen:
            twice = Problem("id", f"'{each.id}', which {seen[each.id].name} has too", "an id of its own")
            raise InvalidFile(each.path, [twice])
        seen[each.id] = each.path
    return read


def _natural(path: Path) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.stem.lower())]


def read_experiment(path: Path) -> Experiment:
    """An experiment's file, checked: every key, variable, mix, place, industry, quarter and package."""
    raw = catalog.read_toml(path)
    try:
        form = Form.model_validate(raw)
    except ValidationError as error:
        raise InvalidFile(path, problems_of(error, Form)) from None
    packages, problems = _packages(form, path)
    defined, found = _defined(form)
    problems += found
    try:
        region = load_region(form.scenario.region, path)
    except (NotFound, InvalidFile) as error:
        raise InvalidFile(path, [Problem("scenario > region", str(error), "a region that can be read")]) from None
    problems += _scenario_problems(form)
    others: list[Part | None] = []
    for number, part in enumerate(form.part, start=1):
        where = f'part "{part.name}"'
        if [each.name for each in form.part].count(part.name) > 1:
            problems.append(Problem(f"part {number} > name", f"'{part.name}' twice", "a name of its own"))
        other, found = _other(part, raw["part"][number - 1], where)
        others.append(other)
        problems += found
        for each, at in ((part, where), (other, f"{where} > against")):
            if each is not None:
                problems += _part_problems(each, at, form, defined, region)
    if problems:
        raise InvalidFile(path, list(dict.fromkeys(problems)))
    return Experiment(form, path, packages, defined, tuple(others))


def _packages(form: Form, path: Path) -> tuple[dict[str, Package], list[Problem]]:
    """Packages written into the file."""
    out: dict[str, Package] = {}
    problems: list[Problem] = []
    for number, data in enumerate(form.package, start=1):
        name = str(data.get("id", number))
        try:
            raw, chain, found = resolve(path, dict(data), ())
            package, more, _ = (None, [], []) if found else build(raw, path, chain)
        except PolicymixError as error:
            package, found, more = None, [Problem("extends", str(error), "a package that can be read")], []
        at = f'package "{name}"'
        problems += [Problem(f"{at} > {each.where}", each.found, each.expected, each.nearest) for each in found + more]
        if package is not None:
            out[package.id] = package
    return out, problems


def _defined(form: Form) -> tuple[dict[str, Named], list[Problem]]:
    """The experiment's own variables; each may use those before it."""
    out: dict[str, Named] = {}
    problems = []
    for name, each in form.define.items():
        at = f"define > {name}"
        if name in KNOWN:
            problems.append(Problem(at, f"'{name}', which exists", "a name of its own"))
            continue
        problems += _expression_problems(each.expression, f"{at} > expression", KNOWN | out)
        out[name] = Named(name, each.kind, "", name, name, each.expression)
    return out, problems


def _expression_problems(expression: str, at: str, rows: Mapping[str, Named]) -> list[Problem]:
    try:
        used = names_in(expression)
    except ValueError as error:
        return [Problem(at, str(error), GRAMMAR)]
    usable = [name for name, row in rows.items() if row.kind in (FLOW, STOCK)]
    usable += [f"parameter.{name}" for name in PARAMETERS]
    wrong = sorted(used - set(usable))
    return [Problem(at, f"'{name}'", "a flow, a stock or a parameter", closest(name, usable)) for name in wrong]


def _scenario_problems(form: Form) -> list[Problem]:
    out = []
    numbers: dict[str, int] = {}
    for key in ("burn_in_start", "start", "end", "treatment"):
        text = getattr(form.scenario, key)
        if text is None:
            continue
        try:
            numbers[key] = quarter_number(text)
        except InvalidValue as error:
            out.append(Problem(f"scenario > {key}", error.problem.found, error.problem.expected))
    order = [numbers[key] for key in ("burn_in_start", "start", "treatment", "end") if key in numbers]
    if order != sorted(order):
        out.append(Problem("scenario", "quarters out of order", "burn_in_start <= start <= treatment <= end"))
    if "start" in numbers and form.scenario.every == 4 and (numbers["start"] % 4 or numbers.get("treatment", 0) % 4):
        out.append(Problem("scenario > every", "4 with a start or treatment within a year", "a first quarter, or 1"))
    if form.control not in form.mixes:
        out.append(Problem("control", f"'{form.control}'", "one of the mixes", closest(form.control, form.mixes)))
    elif len(form.mixes) < 2:
        out.append(Problem("mixes", "one mix", "the control and at least one other"))
    return out


def _other(part: Part, raw: Mapping[str, Any], at: str) -> tuple[Part | None, list[Problem]]:
    """The part that ``against`` stands for: this one with some keys changed."""
    if part.against is None:
        return None, []
    changed = {key: value for key, value in raw["against"].items() if key in AGAINST_KEYS}
    form = ESTIMATORS[part.estimator]  # type: ignore[attr-defined]
    kept = {key: value for key, value in raw.items() if key not in ("against", "band", "split")}
    try:
        return form.model_validate({**kept, **changed}), []
    except ValidationError as error:
        return None, problems_of(error, form, f"{at} > against")


def _part_problems(part: Part, at: str, form: Form, defined: Mapping[str, Named], region: Region) -> list[Problem]:
    rows = KNOWN | dict(defined)
    out = []
    for key in ("mix", "control"):
        name = getattr(part, key)
        if name is not None and name not in form.mixes:
            out.append(Problem(f"{at} > {key}", f"'{name}'", "one of the mixes", closest(name, form.mixes)))
    for key in ("outcome", "per", "running"):
        name = getattr(part, key, None)
        if name is not None and not (key == "running" and name == "score"):
            out += _variable_problem(name, f"{at} > {key}", rows, words=False)
    if isinstance(line := getattr(part, "line", None), str):
        out += _expression_problems(line, f"{at} > line", rows)
    places = [*region.places, *region.role_places]
    if part.area is not None and part.area not in places:
        out.append(Problem(f"{at} > area", f"'{part.area}'", "a place or role", closest(part.area, places)))
    for key in ("where", "treated", "untreated"):
        value = getattr(part, key, None)
        out += _where_problems(value or {}, f"{at} > {key}", rows, region)
        if key != "where" and value is not None and not value:
            out.append(Problem(f"{at} > {key}", "no condition", "what makes a firm one of the group"))
    for name in part.split:
        out += _where_problems(
            {name: Bound(min=Decimal(0))} if name not in WORDS else {}, f"{at} > split", rows, region
        )
    for key in ("window", "before", "cohort"):
        value = getattr(part, key, None)
        if isinstance(value, list):
            out += _window_problems(value, f"{at} > {key}", form)
    return out + _total_problems(part, at, rows)


def _total_problems(part: Part, at: str, rows: Mapping[str, Named]) -> list[Problem]:
    """A total of a place knows no firms: no estimator by firm, no conditions."""
    named = [
        name for name in (part.outcome, part.per) if name is not None and name in rows and rows[name].kind == TOTAL
    ]
    if not named:
        return []
    out = []
    if part.estimator not in ("paired", "share"):  # type: ignore[attr-defined]
        out.append(
            Problem(f"{at} > outcome", f"{named[0]}, a total of a place", "a variable of firms, or paired, share")
        )
    if part.where:
        out.append(Problem(f"{at} > where", f"conditions on {named[0]}, a total of a place", "area, or no where"))
    if part.per is not None and len(named) < 2:
        out.append(Problem(f"{at} > per", f"{part.outcome} per {part.per}", "two totals, or two variables of firms"))
    return out


def _variable_problem(name: str, at: str, rows: Mapping[str, Named], words: bool) -> list[Problem]:
    usable = [other for other in rows if words or other not in WORDS]
    return [] if name in usable else [Problem(at, f"'{name}'", "a variable", closest(name, usable))]


def _where_problems(where: Where, at: str, rows: Mapping[str, Named], region: Region) -> list[Problem]:
    out = []
    usable = [name for name, row in rows.items() if row.kind != TOTAL]
    known = {"industry": region.industries, "place": (*region.places, *region.role_places), "born": BORN}
    for name, condition in where.items():
        here = f"{at} > {name}"
        if name not in usable:
            out.append(Problem(here, f"'{name}'", "a variable of firms", closest(name, usable)))
        elif name in WORDS:
            listed = [condition] if isinstance(condition, str) else condition
            if not isinstance(listed, list):
                out.append(Problem(here, str(condition), "a word or a list of words"))
                continue
            for word in listed:
                if word not in known[name]:
                    expected = "one of " + ", ".join(known[name])
                    out.append(Problem(here, f"'{word}'", expected, closest(word, known[name])))
        elif isinstance(condition, str | list):
            out.append(Problem(here, repr(condition), "true, false, a number or bounds {min, max, above, below}"))
        elif name in FLAGS and not isinstance(condition, bool):
            out.append(Problem(here, str(condition), "true or false"))
        elif isinstance(condition, bool) and rows[name].kind == FLOW:
            out.append(Problem(here, str(condition).lower(), "a number or bounds {min, max, above, below}"))
    return out


def _window_problems(window: Window, at: str, form: Form) -> list[Problem]:
    try:
        first, last = quarters_of(window, quarter_number(form.scenario.treatment or form.scenario.start))
        start, end = quarter_number(form.scenario.start), quarter_number(form.scenario.end)
    except InvalidValue as error:
        return [Problem(at, error.problem.found, "two quarters such as 2021Q1, or two whole numbers of quarters")]
    if first > last:
        return [Problem(at, f"{window[0]} to {window[1]}", "the first quarter first")]
    if first < start or last > end:
        return [Problem(at, f"{window[0]} to {window[1]}", f"within {form.scenario.start} to {form.scenario.end}")]
    return []


def quarters_of(window: Window, treatment: int) -> tuple[int, int]:
    """First and last quarter of a window, both included; whole numbers count from the treatment's quarter, 0."""
    first, last = (treatment + each if isinstance(each, int) else quarter_number(each) for each in window)
    return first, last


def range_problems(settings: Mapping[str, float], priors: Iterable[Prior]) -> list[Problem]:
    """Settings outside the range of their prior; a constant (law ``fixed``) has none."""
    by_name = {prior.name: prior for prior in priors}
    out = []
    for address, value in settings.items():
        prior = by_name.get(address)
        if prior is None or prior.law == "fixed":
            continue
        low, high = prior.numbers.get("low"), prior.numbers.get("high")
        if prior.law == "lognormal" and low is None:
            low = 0.0
        if (low is not None and value < low) or (high is not None and value > high):
            expected = f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}, its range"
            out.append(Problem(f"set > {address}", f"{value:g}", expected.strip()))
    return out
