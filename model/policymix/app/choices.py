"""What the page offers to choose from: cities, packages, clauses with their sliders and sources; plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policymix import catalog
from policymix.app.calculator import facts_asked, kinds_of
from policymix.app.fact_words import unit_in, word_in
from policymix.app.levers import AREA, COUNT, MONEY, SHARE, Slider, shown_value, sliders_of
from policymix.app.state import State, listed
from policymix.errors import PolicymixError
from policymix.experiments.listing import files
from policymix.experiments.scenario import load_scenario
from policymix.policy.claim import kind_named
from policymix.policy.package import Package, load
from policymix.policy.page import clause_lines
from policymix.region.load import load as load_region

TYPED_AS = {  # unit of a slider -> divisor and name of the unit in which it is typed
    SHARE: (0.01, "%", "%"), AREA: (1.0, "m²", "平方米"), COUNT: (1.0, "claims", "项"),
}  # fmt: skip
WITHOUT_UNIT = ("bool", "choice", "set", "place", "date", "count")
"""Types of facts whose control says itself what it takes."""
MILLIONS = 1e7
"""CNY from which on a slider that ends there counts millions."""


def scenarios(lang: str) -> list[dict[str, str]]:
    """Scenarios by name: region, first and last year."""
    return [{"name": name, "title": _city_and_years(name, lang)} for name in catalog.available("scenarios")]


def _city_and_years(name: str, lang: str) -> str:
    """``Dalian 2021–2025 (dalian-2025)``; of a file that cannot be read its name alone."""
    try:
        scenario = load_scenario(name)
        title = load_region(scenario.region, scenario.path).title
    except PolicymixError:
        return name
    return f"{title.zh if lang == 'zh' else title.en} {scenario.start[:4]}–{scenario.end[:4]} ({name})"


def packages_known(uploads: Mapping[str, Package], lang: str) -> list[dict[str, str]]:
    """Packages that a mix may hold, those of the visitor first."""
    own = [{"name": name, "title": _title(package, lang)} for name, package in uploads.items()]
    shipped = [
        {"name": row["name"], "title": row["title_zh"] if lang == "zh" else row["title"]} for row in files("packages")
    ]
    return own + shipped


def package_of(name: str, uploads: Mapping[str, Package]) -> Package:
    """A package by its name in a mix."""
    return uploads[name] if name in uploads else load(listed("packages", name))


def packages_shown(state: State, uploads: Mapping[str, Package]) -> list[dict[str, Any]]:
    """The packages of the mixes with their clauses, sources and sliders, as written."""
    found = []
    for name in state.packages:
        package = package_of(name, uploads)
        found.append(
            {
                "name": name,
                "title": _title(package, state.lang),
                "document": package.head.source or "",
                "sliders": [_slider(each, state.lang) for each in sliders_of(package, None)],
                "clauses": [
                    {
                        "address": f"{package.id}/{clause.id}",
                        "id": clause.id,
                        "title": clause.title.zh if state.lang == "zh" else clause.title.en,
                        "source": clause.source,
                        "lines": clause_lines(clause)[:-1],
                        "inert": clause.inert is not None,
                        "sliders": [_slider(each, state.lang) for each in sliders_of(package, clause)],
                    }
                    for clause in package.clause
                ],
            }
        )
    return found


def claim_form(state: State, uploads: Mapping[str, Package], kind: str | None) -> dict[str, Any]:
    """The calculator's form: kinds of claims, and the facts of the chosen one."""
    packages, zh = [package_of(name, uploads) for name in state.packages], state.lang == "zh"
    kinds = kinds_of(packages)
    if not kinds:
        return {"kinds": [], "kind": None, "facts": []}
    kind = kind if kind in kinds else kinds[0]
    named = [kind_named(each) for each in kinds]
    return {
        "kinds": [{"name": each.name, "title": each.meaning_zh if zh else each.meaning_en} for each in named],
        "kind": kind,
        "facts": [
            {
                "name": fact.name,
                "label": fact.meaning_zh if zh else fact.meaning_en,
                "type": fact.type,
                "unit": "" if fact.type in WITHOUT_UNIT else unit_in(fact.unit, state.lang),
                "words": [{"name": word, "title": word_in(word, state.lang)} for word in fact.words],
            }
            for fact in facts_asked(packages, kind)
        ],
    }


def _slider(slider: Slider, lang: str) -> dict[str, Any]:
    """A slider in the unit in which it is typed."""
    divisor, unit = typed_unit(slider, lang)
    maximum, opened = slider.note == "maximum", slider.note.startswith("open")
    return {
        "address": slider.address,
        "label": slider.label_zh if lang == "zh" else slider.label,
        "unit": unit,
        "divisor": divisor,
        "low": slider.low / divisor,
        "high": slider.high / divisor,
        "step": slider.step / divisor,
        "value": slider.value / divisor,
        "text": shown_value(slider.value, slider.unit, lang),
        "note": "maximum" if maximum else "range" if opened else "",
    }


def typed_unit(slider: Slider, lang: str) -> tuple[float, str]:
    """Divisor and name of the unit in which a slider's number is typed: thousand or million CNY, in Chinese 万元."""
    if slider.unit != MONEY:
        divisor, english, chinese = TYPED_AS[slider.unit]
        return divisor, chinese if lang == "zh" else english
    if lang == "zh":
        return 1e4, "万元"
    return (1e6, "million CNY") if slider.high >= MILLIONS else (1e3, "thousand CNY")


def _title(package: Package, lang: str) -> str:
    return package.head.title.zh if lang == "zh" else package.head.title.en
