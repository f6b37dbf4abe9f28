"""The stylised facts in the terminal, misses first, and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from policymix.report.style import number

if TYPE_CHECKING:
    from rich.table import Table

    from policymix.calibrate.bands import Band
    from policymix.calibrate.verdicts import Part, Verdict

NOT_IDENTIFIED = "not identified"


def misses_first(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Facts that are missed before those that pass, each group in the order of the file."""
    return sorted(verdicts, key=lambda verdict: verdict.passed)


def reason(verdict: Verdict, lang: str = "en") -> str:
    """What is to be said beside a fact: the note it always carries, and why it is missed."""
    texts = [verdict.fact.note, None if verdict.passed else verdict.fact.missed]
    said = [getattr(text, lang) for text in texts if text is not None]
    if any(math.isnan(part.estimate) for part in verdict.parts if not part.measure.alternative):
        said.append({"en": "too few observations", "zh": "观测不足"}[lang])
    return "; ".join(said)


def fact_table(verdicts: Sequence[Verdict], runs: int, later: int, quick: bool) -> Table:
    """A line for each measure and time, facts that are missed first."""
    from rich import box
    from rich.table import Table

    passed = sum(verdict.passed for verdict in verdicts)
    title = f"Stylised facts of untreated firms, misses first: {passed} of {len(verdicts)} in band ({runs} runs"
    title += ", a quarter of the usual: --quick)" if quick else ")"
    title += f"\n未受政策影响企业的典型事实(未达者在前):{passed}/{len(verdicts)}"
    shown = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    shown.add_column("")
    shown.add_column("fact, its measures 事实与指标", overflow="fold")
    times = ("start 起点\n[dim]5–95 % of runs[/dim]", f"after {later} years {later}年后\n[dim]5–95 % of runs[/dim]")
    for name in (*times, "band 区间"):
        shown.add_column(name, justify="right", no_wrap=True)
    for verdict in misses_first(verdicts):
        colour, word = ("green", "pass") if verdict.passed else ("red", "MISS")
        fact, said = verdict.fact, reason(verdict)
        why = f"\n[dim]{said}[/dim]" if said else ""
        name = f"[bold]{fact.title.en}[/bold] {fact.title.zh} [dim]{', '.join(fact.rows)}[/dim]{why}"
        shown.add_row(f"[{colour}]{word}[/{colour}] [bold]{fact.id}[/bold]", name, "", "", "")
        for measure in fact.measure:
            at = {part.when: part for part in verdict.parts if part.measure is measure}
            first = _cell(at["whole"] if "whole" in at else at.get("start"))
            shown.add_row("", f"  {measure.title.en}", first, _cell(at.get("later")), band_text(measure.band))
        shown.add_section()
    return shown


def _cell(part: Part | None) -> str:
    """Estimate with its interval over runs; what lies outside its band is marked unless it is an alternative."""
    if part is None:
        return ""
    if math.isnan(part.estimate):
        return NOT_IDENTIFIED
    colour = "green" if part.passed else "dim" if part.measure.alternative else "red"
    mark = "" if part.passed or part.measure.alternative else "x "
    interval = "" if math.isnan(part.low) else f"\n[dim]{number(part.low)} to {number(part.high)}[/dim]"
    return f"[{colour}]{mark}{number(part.estimate)}[/{colour}]{interval}"


def band_text(band: Band) -> str:
    """A band in words: 0.9 to 1.3, at least 0.5, at most 0.05."""
    if band.min is None:
        return f"at most {number(band.max or 0.0)}"
    if band.max is None:
        return f"at least {number(band.min)}"
    return f"{number(band.min)} to {number(band.max)}"


def to_json(verdicts: Sequence[Verdict], region: str, runs: int, later: int, quick: bool, seed: int) -> str:
    """One row a fact, misses first.

    ``estimate``, ``interval`` and ``band`` of a row are those of the part with the least room in its band; ``parts``
    has every measure at every time. What the data do not identify is the text "not identified".
    """
    content = {
        "region": region,
        "passed": sum(verdict.passed for verdict in verdicts),
        "of": len(verdicts),
        "quick": quick,
        "runs": runs,
        "seed": seed,
        "rows": [_row(verdict, later) for verdict in misses_first(verdicts)],
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def _row(verdict: Verdict, later: int) -> dict[str, Any]:
    fact = verdict.fact
    return {
        "id": fact.id,
        "title": {"en": fact.title.en, "zh": fact.title.zh},
        **_numbers(verdict.deciding, later),
        "pass": verdict.passed,
        "rows": fact.rows,
        "reason": reason(verdict),
        "units": fact.units,
        "judged": fact.judged,
        "parts": [{**_numbers(part, later), "pass": part.passed} for part in verdict.parts],
    }


def _numbers(part: Part, later: int) -> dict[str, Any]:
    when = {"start": "start", "whole": "whole", "later": f"after {later} further years"}[part.when]
    band = part.measure.band
    return {
        "measure": part.measure.name,
        "when": when,
        "unit": part.measure.unit,
        "estimate": _plain(part.estimate),
        "interval": NOT_IDENTIFIED if math.isnan(part.low) else [part.low, part.high],
        "band": [band.min, band.max],
        "alternative": part.measure.alternative,
    }


def _plain(value: float) -> float | str:
    return NOT_IDENTIFIED if math.isnan(value) else value
