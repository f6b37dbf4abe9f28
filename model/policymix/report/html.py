"""One self-contained page: everything a reader needs in a single file, without a network, on paper and on a phone."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policymix.analysis.selection import baseline_of, fullest_mix, packages_of
from policymix.analysis.targets import Target
from policymix.report import figures, fonts, sheets, tables
from policymix.report.answer import Answer, answer
from policymix.report.answers import BY_NAMES, Page, attribution_page, group_pages, money_page
from policymix.report.names import name_of
from policymix.report.page_tables import table
from policymix.report.summary import sentences
from policymix.report.trust import verdicts_on

if TYPE_CHECKING:
    import xarray
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
FONT_RULE = "/* font */"
"""What stands in the page's style sheet until its signs are known."""
CLASS_FIGURE = "investment-by-"
MAP_FIGURE = "map-of-"
CLASS_FIGURES = (CLASS_FIGURE, MAP_FIGURE)
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
    answers: Callable[[str], xarray.Dataset] | None = None,
    causal: Mapping[str, xarray.Dataset] | None = None,
    printed: bool = False,
) -> str:
    """The page as text; see ``write_report``.

    Parameters
    ----------
    images : the figures as SVG or PNG, by name
    lang : en, zh or both
    answers : tables of ``treasury`` and of groups by place, size and clause; with them the page also tells what the
        money buys, who gains and loses, and the kept tests of the model
    causal : attributions by the names of their figures (``analysis.attribution.attribute``)
    printed : everything is open, as paper needs it
    """
    place = name or f"out/{results.attrs.get('scenario', '')}"
    trust = verdicts_on(str(results.attrs.get("region", ""))) if answers else []
    scores = tables.scorecard(results, known.chances, sheets.tongue(lang)) if targets else []
    return rendered(
        "report.html.j2",
        en=lang != "zh",
        zh=lang != "en",
        printed=printed,
        **_facts(results, known),
        summary={
            each: sentences(results, known, _scores(results, known, targets, each), trust, each) for each in _each(lang)
        },
        tables=_tables(results, known, scores, lang, region_table, sources, trust)
        | (_deep(results, answers, lang) if answers else {}),
        causal={each: _attribution(table, lang) for each, table in (causal or {}).items()},
        untracked=[row for row in scores if row["status"] == "untracked"],
        never_claimed={each: sheets.never_claimed(results, each) for each in ("en", "zh")},
        titles={"en": tables.title(known.table), "zh": tables.title(known.table, "zh")},
        images={each: inline(content) for each, content in images.items()},
        figure_commands={each: shlex.join(["policymix", "figure", place, each]) for each in images},
        path_figures=[each for each in PATH_FIGURES if each in images],
        group_figures=[each for each in images if each.startswith(CLASS_FIGURES)],
        attribute_command=_attribute_command(results, place),
        commands=_commands(results, command, place),
    )


def _each(lang: str) -> list[str]:
    return ["en", "zh"] if lang == "both" else [lang]


def _scores(results: xarray.Dataset, known: Answer, targets: Sequence[Target], lang: str) -> list[dict]:
    return tables.scorecard(results, known.chances, lang) if targets else []


def _tables(
    results: xarray.Dataset, known: Answer, scores, lang: str, region_table, sources, trust
) -> dict[str, Markup]:
    """The tables that every page has, those that have something to say."""
    wanted = [sheets.mixes(results, lang), sheets.headline(known.table, lang)]
    wanted += [sheets.headline(known.table, "zh", "headline_zh")] if lang == "both" else []
    wanted += [sheets.scorecard(results, scores, lang), sheets.accounts(results, known.accounts, lang)]
    wanted += [
        sheets.trust(trust, lang),
        sheets.totals(tables.compared_totals(region_table, sheets.tongue(lang)), lang),
    ]
    wanted += [sheets.sources(_sources(results, sources), lang)]
    return {sheet.id: table(sheet) for sheet in wanted if sheet.rows}


def _deep(results: xarray.Dataset, answers: Callable[[str], xarray.Dataset], lang: str) -> dict[str, Markup]:
    """Tables of the answers: what the money buys, who gains and loses."""
    money = answers("treasury")
    wanted = [
        sheets.of_pages("treasury", ("measure", "指标"), lang, lambda tongue, units: [money_page(money, tongue, units)])
    ]
    for by in ("place", "size", "clause"):
        found = answers(by)

        def pages(tongue: str, units: str, found: xarray.Dataset = found, by: str = by) -> list[Page]:
            made = group_pages(found, tongue, units)
            return sheets.paid_clauses(made, results) if by == "clause" else made

        sheet = sheets.of_pages(f"by_{by}", BY_NAMES[by], lang, pages) if len(results["mix"]) > 1 else None
        wanted += [sheet] if sheet is not None else []
    return {sheet.id: table(sheet) for sheet in wanted if sheet.rows}


def _attribution(found: xarray.Dataset, lang: str) -> Markup:
    """Shares of the parts of a mix, with their errors."""
    id = f"attribution_{found.attrs['mix']}_{found.attrs['outcome']}"
    safe = "".join(sign if sign.isalnum() else "_" for sign in id)
    return table(
        sheets.of_pages(safe, ("part", "部分"), lang, lambda tongue, units: [attribution_page(found, tongue, units)])
    )


def _attribute_command(results: xarray.Dataset, place: str) -> str:
    """What tells the clauses' shares by cause, where the report finds it."""
    words = ["policymix", "attribute", str(results.attrs.get("scenario", "")), "--mix", fullest_mix(results)]
    folder = Path(place).parent if place.endswith(".nc") else Path(place)
    return shlex.join([*words, "--draws", "20", "--out", str(folder / "attribution.nc")])


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


def _facts(results: xarray.Dataset, known: Answer) -> dict:
    """What the template's sentences are made of."""
    attrs, scenario = results.attrs, results.attrs.get("scenario", "run")
    history = [name_of(str(each)) for each in json.loads(attrs.get("history", "[]"))]
    return {
        "scenario": scenario,
        "title": (attrs.get("title", scenario), attrs.get("title_zh", scenario)),
        "region": name_of(str(attrs.get("region", ""))),
        "history": ("; ".join(each[0] for each in history), ";".join(each[1] for each in history)),
        "environment": name_of(str(attrs.get("environment", ""))),
        "seed": attrs.get("seed", ""),
        "code_version": attrs.get("code_version", ""),
        "schema_version": attrs.get("schema_version", ""),
        "price_base": attrs.get("price_base", ""),
        "first_quarter": str(results["quarter"].values[0]),
        "last_quarter": str(results["quarter"].values[-1]),
        "baseline": baseline_of(results),
        "fullest": fullest_mix(results),
        "draws": results.sizes["draw"],
        "replicates": results.sizes["replicate"],
        "alarms": known.alarms,
        "unchecked": known.unchecked,
    }


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


def _commands(results: xarray.Dataset, command: str | None, place: str) -> str:
    """The commands that make this run again; a lone file of results cannot be replayed."""
    attrs = results.attrs
    scenario = str(attrs.get("scenario", ""))
    mixes = [name if not held else f"{name}={'+'.join(held)}" for name, held in packages_of(results).items()]
    mixes = [text if text.split("=")[0] != text.split("=")[-1] else text.split("=")[0] for text in mixes]
    words = ["policymix", "run", scenario, "--mix", ",".join(mixes), "--draws", str(results.sizes["draw"])]
    words += ["--replicates", str(results.sizes["replicate"]), "--seed", str(attrs.get("seed", "")), "--out", place]
    made = command or shlex.join(words)
    return made if place.endswith(".nc") else f"{made}\n{shlex.join(['policymix', 'replay', place])}"


def inline(content: bytes) -> str:
    """A figure as a data address, SVG (sharp on paper) or PNG: nothing to fetch."""
    kind = "png" if content.startswith(b"\x89PNG") else "svg+xml"
    return f"data:image/{kind};base64," + base64.b64encode(content).decode("ascii")
