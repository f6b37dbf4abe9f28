"""What exists, as rows: files by kind, levers, uncertainties, outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policymix import catalog
from policymix.errors import PolicymixError
from policymix.experiments.outcomes import OUTCOMES

WIDE = 0x1100  # letters from here on take two columns of a terminal


def rows(what: str | None, scenario: str) -> list[dict[str, Any]]:
    """Rows of one list, or of all files.

    Parameters
    ----------
    what : a kind of `catalog.KINDS`, ``levers``, ``uncertainties``, ``outcomes``, or None for the files of every kind
    scenario : whose levers and uncertainties
    """
    if what is None:
        return [{"kind": kind, **row} for kind in catalog.KINDS for row in files(kind)]
    if what in catalog.KINDS:
        return files(what)
    return outcomes() if what == "outcomes" else addresses(what, scenario)


def files(kind: str) -> list[dict[str, str]]:
    """Name and titles of every file of a kind."""
    titles = {name: _title(path) for name, path in catalog.available(kind).items()}
    return [
        {"name": name, "title": title.get("en", ""), "title_zh": title.get("zh", "")} for name, title in titles.items()
    ]


def outcomes() -> list[dict[str, str]]:
    """Every outcome of a run."""
    return [
        {"name": o.name, "units": o.units, "dims": " ".join(o.dims), "title": o.long_name, "title_zh": o.long_name_zh}
        for o in OUTCOMES
    ]


def addresses(what: str, scenario: str) -> list[dict[str, Any]]:
    """Levers with their values, or uncertainties with law, 5 % and 95 % quantile, default and what may be set."""
    from policymix.experiments import inputs
    from policymix.experiments.scenario import load_scenario

    gathered = inputs.gather(load_scenario(scenario))
    if what == "levers":
        return [{"address": address, "value": value} for address, value in inputs.levers(gathered).items()]
    return [_uncertainty(prior) for prior in inputs.uncertainties(gathered)]


def columns(rows: list[dict[str, Any]]) -> str:
    """Rows as aligned text under their names; Chinese letters count as two columns."""
    if not rows:
        return "(none)"
    texts = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*texts, strict=True)]
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in texts
    )


def _cell(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _width(text: str) -> int:
    return sum(2 if ord(letter) >= WIDE else 1 for letter in text)


def _title(path: Path) -> dict[str, str]:
    try:
        title = catalog.read_toml(path).get("title", {})
    except PolicymixError:
        return {"en": "(cannot be read; see policymix check)"}
    return title if isinstance(title, dict) else {"en": str(title)}


def _uncertainty(prior: Any) -> dict[str, Any]:
    from policymix.experiments.limits import said

    numbers = {"law": prior.law, **_ends(prior), "default": prior.default, "range": said(*prior.limits)}
    return {"address": prior.name, **numbers, "unit": prior.unit, "title": prior.title_en}


def _ends(prior: Any) -> dict[str, float]:
    import numpy as np

    from policymix.experiments.parameters import quantile

    low, high = quantile(prior, np.array([0.05, 0.95]))
    return {"q05": float(low), "q95": float(high)}
