"""Reference pages from the data: claim kinds, packages, targets, opportunities, parameters, panels, what each published
figure is used for; the ODD page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policymix import catalog
from policymix.errors import InvalidValue
from policymix.experiments.firm_file import columns
from policymix.experiments.kept import BACKTEST, read_verdicts
from policymix.experiments.parameters import Prior, read_priors
from policymix.policy.claim import COMMON, COMMON_IDS, KINDS, Fact
from policymix.policy.opportunity import Opportunities, load_opportunities
from policymix.policy.package import load
from policymix.policy.page import figure, money, page
from policymix.policy.target import Target, load_targets
from policymix.report import backtest, evidence_page, moments_page, odd
from policymix.report.chain import VERDICTS
from policymix.report.odd import table

ODD = "../ODD.md"
MADE = "<!-- Made from the data by `policymix reference`; do not edit. -->"


def pages() -> dict[str, str]:
    """Every page by its path from the reference folder; the ODD page stands beside the folder."""
    out = {"claims.md": _claims(), "parameters.md": _parameters(read_priors()), "panel.md": _panel()}
    for name in catalog.available("packages"):
        out[f"packages/{name}.md"] = page(load(name))
    for name in catalog.available("targets"):
        out[f"targets/{name}.md"] = _targets(name, load_targets(name))
    for name in catalog.available("opportunities"):
        out[f"opportunities/{name}.md"] = _opportunities(load_opportunities(name))
    out["statistics.md"], out["effects.md"] = evidence_page.statistics_page(), evidence_page.effects_page()
    out["moments.md"], out["fits.md"] = moments_page.moments_page(), moments_page.fits_page()
    out["verdicts.md"], out["backtest.md"] = _verdicts(), _backtests()
    out[ODD] = odd.page()
    out["README.md"] = _contents(out)
    return {name: f"{MADE}\n\n{text.rstrip()}\n" for name, text in out.items()}


def write(folder: Path) -> list[Path]:
    """Write every page that is not current, delete made ones that nothing makes any more; returns what changed.

    Raises
    ------
    InvalidValue
        A page that was not made from the data stands in the way of one.
    """
    changed = []
    for name, text in pages().items():
        path = _place(folder, name)
        if not _is(path, text):
            if path.is_file() and not _is_made(path):
                raise InvalidValue(str(path), "a page of somebody else's", "a folder for the reference pages alone")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    for path in _left_over(folder):
        path.unlink()
        changed.append(path)
    return changed


def stale(folder: Path) -> list[Path]:
    """Pages of a folder that are missing, differ from the data, or that nothing makes any more."""
    made = {_place(folder, name): text for name, text in pages().items()}
    return [path for path, text in made.items() if not _is(path, text)] + _left_over(folder)


def _place(folder: Path, name: str) -> Path:
    return folder.parent / name.removeprefix("../") if name.startswith("../") else folder / name


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _is_made(path: Path) -> bool:
    return path.read_bytes().startswith(MADE.encode())


def _left_over(folder: Path) -> list[Path]:
    made = {_place(folder, name) for name in pages()}
    return sorted(path for path in folder.rglob("*.md") if path not in made and _is_made(path))


def _contents(made: dict[str, str]) -> str:
    titles = {name: text.splitlines()[0].removeprefix("# ") for name, text in made.items()}
    return "\n".join(["# Reference", "", *(f"- [{title}]({name})" for name, title in titles.items())])


def _fact(fact: Fact) -> list[str]:
    words = ", ".join(f"`{word}`" for word in fact.words)
    return [f"`{fact.name}`", fact.type, fact.unit, f"{fact.meaning_en} {fact.meaning_zh}", words]


def _claims() -> str:
    head = ["fact", "type", "unit", "meaning", "words"]
    lines = ["# Claim kinds and their facts", "", "Every claim has:", "", *table(head, [_fact(f) for f in COMMON])]
    lines += ["", f"and may name {', '.join(f'`{name}`' for name in COMMON_IDS)}."]
    for kind in KINDS:
        lines += ["", f"## {kind.name} · {kind.meaning_en} {kind.meaning_zh}", ""]
        lines += [f"Holder: {kind.holder}. Matter: {kind.matter}. Dated by `{kind.on}`.", ""]
        lines += table(head, [_fact(fact) for fact in kind.facts])
    return "\n".join(lines)


def _targets(name: str, targets: list[Target]) -> str:
    rows = []
    for target in targets:
        value = (
            " to ".join(f"{v:,g}" for v in target.value) if isinstance(target.value, tuple) else f"{target.value:,g}"
        )
        when = (
            str(target.at) if target.at else f"{target.window.base}-{target.window.to}" if target.window else "undated"
        )
        how = f"`{target.outcome}`" if target.outcome else f"untracked: {target.untracked}; needs {target.needs}"
        sense = target.sense.replace("_", " ")
        rows.append([f"`{target.id}`", target.indicator.replace("_", " "), target.place, f"{sense} {value}", when, how])
    head = ["target", "what", "where", "how much", "when", "tracked by"]
    return "\n".join([f"# Targets of {name}", "", *table(head, rows)])


def _opportunities(offers: Opportunities) -> str:
    lines = [f"# Opportunities and channels of {offers.package}", "", f"Opened {offers.opened}, until {offers.until}."]
    if offers.opportunity:
        rows = [
            [
                f"`{o.id}`",
                f"{o.title.en} {o.title.zh}",
                figure(o.count),
                money(o.investment),
                o.source,
            ]
            for o in offers.opportunity
        ]
        lines += ["", *table(["opportunity", "title", "projects", "investment", "in the text"], rows)]
    if offers.channel:
        rows = [
            [f"`{c.id}`", f"{c.title.en} {c.title.zh}", c.kind, figure(c.per_year), c.source] for c in offers.channel
        ]
        lines += ["", *table(["channel", "title", "claim kind", "claims a year", "source"], rows)]
    return "\n".join(lines)


def _verdicts() -> str:
    """Stylised facts and published experiments as last judged by the long runs, misses first."""
    lines = [
        "# What the model reproduces, misses first",
        "",
        "From `calibration/results`; made again by `.ci/full`.",
        "",
    ]
    for what, command in (("facts", "policymix facts"), ("validation", "policymix validate")):
        kept = read_verdicts(what)
        if kept is None:
            continue
        lines += [
            f"## `{command}`: {kept['passed']} of {kept['of']} pass ({kept['runs']} runs, seed {kept['seed']})",
            "",
        ]
        rows = [row for verdict in kept["rows"] for row in _verdict(verdict)]
        lines += [*table(["", "id", "what", "estimate", "5 to 95 %", "band", "rows"], rows), ""]
    return "\n".join(lines)


def _backtests() -> str:
    """What the kept back-tests found: all cities together, then each, misses first."""
    found = [kept for each in VERDICTS if each.startswith(BACKTEST) and (kept := read_verdicts(each)) is not None]
    lines = [
        "# Forecasts from past years against what came, misses first",
        "",
        "From `calibration/results`; made again by `.ci/full`. What the columns mean: [BACKTEST](../BACKTEST.md).",
        "",
    ]
    if found:
        cells = [backtest.target_cells(row) for row in backtest.all_targets(found)]
        lines += ["## All cities", "", *table(list(backtest.TARGET_HEAD), cells), ""]
    return "\n".join([*lines, *(line for each in found for line in backtest.markdown(each))])


def _verdict(row: dict[str, Any]) -> list[list[str]]:
    """A line for each judged part of a fact or an experiment."""
    out = []
    for part in row["parts"]:
        if part["band"] is None or part["band"] == [None, None]:
            continue
        name = part.get("title", {}).get("en") or f"{row['title']['en']}: {part['measure']}, {part['when']}"
        low, high = (("" if bound is None else f"{bound:g}") for bound in part["band"])
        estimate = "not identified" if part["estimate"] is None else f"{part['estimate']:.3g}"
        interval = " to ".join(f"{x:.3g}" for x in part["interval"]) if part["interval"] else ""
        spare = part.get("alternative") and row["pass"]  # it would do instead of the others
        verdict = "pass" if part["pass"] else "not needed" if spare else "miss"
        out.append([verdict, row["id"], name, estimate, interval, f"{low} to {high}".strip(), ", ".join(row["rows"])])
    return out


def _panel() -> str:
    rows = [
        [f"`{v.name}`", f"{v.long_name} {v.long_name_zh}", "yes or no" if v.flag else v.units, "flow" if v.flow else ""]
        for v in columns()
    ]
    lines = ["# Panel of firms", "", "`policymix run --firms FILE.parquet --every N`: one row a firm and N quarters."]
    lines += ["Flows are sums over them, everything else stands at their end. CNY at constant prices of the region's"]
    lines += ["reference year. A firm's last row is that of the period in which it leaves. 每行为一家企业N个季度。", ""]
    return "\n".join([*lines, *table(["column", "meaning", "unit", "kind"], rows)])


def _parameters(priors: list[Prior]) -> str:
    rows = [[f"`{prior.name}`", *odd.parameter_cells(prior)] for prior in priors]
    head = ["address", "meaning", "unit", "default", "prior", "range", "source"]
    return "\n".join(["# Parameters of the firms' rules", "", *table(head, rows)])
