"""One self-contained page: everything a reader needs in a single file, without a network, on paper and on a phone."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from policymix.analysis.money import by_package
from policymix.analysis.selection import baseline_of, fullest_mix, packages_of
from policymix.analysis.targets import Target
from policymix.report import figures, fonts, tables
from policymix.report.answer import Answer, answer
from policymix.report.style import number, unit_of

if TYPE_CHECKING:
    import xarray

TEMPLATES = Path(__file__).parent / "templates"
FONT_RULE = "/* font */"
"""What stands in the page's style sheet until its signs are known."""
CLASS_FIGURE = "investment-by-"
PATH_FIGURES = ("core-share", "investment", "active-firms-zone")


def write_report(
    results: xarray.Dataset,
    folder: str | Path,
    *,
    targets: Iterable[Target] = (),
    region_table=None,
    sources: Iterable[dict] | None = None,
    command: str | None = None,
    drawn: list[figures.Drawn] | None = None,
    known: Answer | None = None,
    name: str | None = None,
) -> Path:
    """Write ``report.html`` into a folder and return its path.

    Parameters
    ----------
    targets
        The targets of the scenario, tracked or not.
    region_table
        Rows of published against synthetic totals (title, published, year, synthetic, residual, tolerance, within,
        source), as mappings or objects.
    sources
        Documents behind the packages: mappings with package, title, source, sha256. Without them the packages' hashes
        are printed.
    command
        The command line that made the run; otherwise it is put together from the attributes.
    drawn
        Figures that ``figures.standard_figures`` has made already.
    known
        The run's ``answer.answer``, where it is there already.
    name
        Of the run in the commands below its figures; ``out/SCENARIO`` by default.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.html"
    targets = list(targets)
    drawn = list(figures.standard_figures(results, targets)) if drawn is None else drawn
    text = render(
        results,
        targets=targets,
        known=answer(results, targets) if known is None else known,
        region_table=region_table,
        sources=sources,
        command=command,
        images={one.name: one.svg for one in drawn},
        name=name,
    )
    return figures.save(text.encode(), path)


def render(
    results: xarray.Dataset,
    *,
    targets: Sequence[Target],
    known: Answer,
    region_table=None,
    sources=None,
    command: str | None = None,
    images: Mapping[str, bytes],
    lang: str = "both",
    name: str | None = None,
    deep: bool = False,
) -> str:
    """The page as text; see ``write_report``.

    Parameters
    ----------
    images : the figures as SVG or PNG, by name
    lang : en, zh or both
    deep : also what the money buys, who gains and loses, and the kept tests of the model
    """
    attrs = results.attrs
    place = name or f"out/{attrs.get('scenario', '')}"
    classes = [each for each in images if each.startswith(CLASS_FIGURE)]
    return rendered(
        "report.html.j2",
        en=lang != "zh",
        zh=lang != "en",
        **_content(results, targets, known, "zh" if lang == "zh" else "en"),
        **(_deep(results, "zh" if lang == "zh" else "en") if deep else {"treasury": [], "groups": [], "trust": []}),
        images={each: inline(content) for each, content in images.items()},
        figure_commands={each: shlex.join(["policymix", "figure", place, each]) for each in images},
        path_figures=[each for each in PATH_FIGURES if each in images],
        group_figures=classes,
        totals=tables.compared_totals(region_table),
        sources=_sources(results, sources),
        commands=_commands(results, command),
    )


def _deep(results: xarray.Dataset, lang: str) -> dict[str, Any]:
    """Tables of the answers, and the kept tests of the model."""
    from policymix.analysis.groups import by_group
    from policymix.analysis.treasury import treasury
    from policymix.report.answers import group_pages, money_page
    from policymix.report.trust import verdicts_on

    return {
        "treasury": [money_page(treasury(results), lang)],
        "groups": [one for by in ("place", "size", "clause") for one in group_pages(by_group(results, by), lang)],
        "trust": verdicts_on(str(results.attrs.get("region", ""))),
    }


def rendered(template: str, **content: Any) -> str:
    """A page made from a template, with the Chinese signs that it has."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = jinja.get_template(template).render(**content)
    return page.replace(FONT_RULE, fonts.style_rule(page))


def _content(results: xarray.Dataset, targets: Sequence[Target], known: Answer, lang: str) -> dict:
    """Everything of the page that is text."""
    attrs, table = results.attrs, known.table
    return {
        "scenario": attrs.get("scenario", "run"),
        "scenario_title": attrs.get("title", attrs.get("scenario", "run")),
        "scenario_title_zh": attrs.get("title_zh", attrs.get("scenario", "run")),
        "region": attrs.get("region", ""),
        "history": ", ".join(json.loads(attrs.get("history", "[]"))),
        "environment": attrs.get("environment", ""),
        "seed": attrs.get("seed", ""),
        "code_version": attrs.get("code_version", ""),
        "schema_version": attrs.get("schema_version", ""),
        "price_base": attrs.get("price_base", ""),
        "first_quarter": str(results["quarter"].values[0]),
        "last_quarter": str(results["quarter"].values[-1]),
        "baseline": baseline_of(results),
        "fullest": fullest_mix(results),
        "mixes": packages_of(results),
        "draws": results.sizes["draw"],
        "replicates": results.sizes["replicate"],
        "title": tables.title(table, lang),
        "title_zh": tables.title(table, "zh"),
        "headline": _headline_rows(table, lang),
        "headline_zh": _headline_rows(table, "zh"),
        "leading": tables.leading_rows(table, lang),
        "scorecard": tables.scorecard(results, known.chances, lang) if targets else [],
        "alarms": known.alarms,
        "unchecked": known.unchecked,
        "accounts": _accounts(results, known.accounts, lang),
        "money_unit": unit_of("CNY", lang)[1],
        "never_claimed": _never_claimed(results),
    }


def _headline_rows(table: xarray.Dataset, lang: str) -> list[dict]:
    """Rows of the headline as the template needs them."""
    mixes = table["mix"].values.tolist()
    return [
        {
            "label": tables.label(table, row, lang),
            "label_zh": tables.text(table, row, "label_zh"),
            "cells": [tables.cell(table, row, mix, lang) for mix in mixes],
        }
        for row in table["row"].values.tolist()
    ]


def _accounts(results: xarray.Dataset, accounts: xarray.Dataset, lang: str) -> list[dict]:
    """Committed, paid, outstanding and cancelled of each package and payer over the horizon, and what was recovered if
    anything was."""
    divisor, words = unit_of("CNY", lang)[0], "追回" if lang == "zh" else "recovered"
    money = by_package(results, accounts)
    mixes = [str(mix) for mix in money["mix"].values if mix != baseline_of(results)]
    rows = []
    for package in money["package"].values.tolist():
        for payer in money["payer"].values.tolist():
            one = money.sel(package=package, payer=payer, mix=mixes) / divisor
            if float(one["committed"].sum()) == 0.0:
                continue
            flows = {name: one[name].sum("year").values for name in ("committed", "paid", "cancelled")}
            owed = one["outstanding"].isel(year=-1).values
            back = one["recovered"].sum("year").values if "recovered" in one else np.zeros(len(mixes))
            cells = []
            for index in range(len(mixes)):
                parts = flows["committed"][index], flows["paid"][index], owed[index], flows["cancelled"][index]
                sums = [number(float(value)) for value in parts]
                after = f"; {number(float(back[index]))} {words}" if back[index] else ""
                cells.append(f"{sums[0]} = {sums[1]} + {sums[2]} + {sums[3]}{after}" if parts[0] else "–")
            rows.append({"package": str(package), "payer": str(payer), "cells": cells})
    return rows


def _never_claimed(results: xarray.Dataset) -> str:
    """Median of the diagnostic over runs, for the fullest mix, in per cent."""
    if "never_claimed_share" not in results:
        return "not kept by this run"
    values = results["never_claimed_share"].sel(mix=fullest_mix(results)).values
    finite = values[np.isfinite(values)]
    return f"{100 * float(np.median(finite)):.0f} %" if finite.size else "–"


def _sources(results: xarray.Dataset, sources: Iterable[dict] | None) -> list[dict]:
    """Documents with the hash of each package, every key present."""
    hashes = json.loads(results.attrs.get("packages", "{}"))
    given = [dict(row) for row in sources] if sources else [{"package": name} for name in hashes]
    return [
        {
            "package": str(row.get("package", "")),
            "title": str(row.get("title", "")),
            "title_zh": str(row.get("title_zh", "")),
            "source": str(row.get("source", "")),
            "sha256": str(row.get("sha256") or hashes.get(row.get("package"), "")),
        }
        for row in given
    ]


def _commands(results: xarray.Dataset, command: str | None) -> str:
    """The commands that make this run again."""
    attrs = results.attrs
    scenario = str(attrs.get("scenario", ""))
    mixes = [name if not held else f"{name}={'+'.join(held)}" for name, held in packages_of(results).items()]
    mixes = [text if text.split("=")[0] != text.split("=")[-1] else text.split("=")[0] for text in mixes]
    out = f"out/{scenario}"
    words = ["policymix", "run", scenario, "--mix", ",".join(mixes), "--draws", str(results.sizes["draw"])]
    words += ["--replicates", str(results.sizes["replicate"]), "--seed", str(attrs.get("seed", "")), "--out", out]
    return f"{command or shlex.join(words)}\n{shlex.join(['policymix', 'replay', out])}"


def inline(content: bytes) -> str:
    """A figure as a data address, SVG (sharp on paper) or PNG: nothing to fetch."""
    kind = "png" if content.startswith(b"\x89PNG") else "svg+xml"
    return f"data:image/{kind};base64," + base64.b64encode(content).decode("ascii")
