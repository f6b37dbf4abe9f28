"""What a clause pays along one fact, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from policymix.errors import InvalidValue, RunFailed
from policymix.policy.claim import fact_table
from policymix.policy.package import Package
from policymix.policy.profile import Piece
from policymix.report.style import bilingual, drawing, new_figure, render

FORMATS = ("png", "svg")
COLOUR = "#1F5F8B"
FILLED, HOLLOW = COLOUR, "white"


def draw(package: Package, clause: str, along: str, pieces: Sequence[Piece], path: Path) -> Path:
    """Write a figure of the payment: a line over each piece, a filled dot where a bound counts, a ring where not.

    Raises
    ------
    InvalidValue, RunFailed
        Another format than png or svg, a file that cannot be written.
    """
    kind = path.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise InvalidValue("--figure", f"'{path}'", "a file that ends in .png or .svg")
    model = package.named(clause)
    fact = fact_table(model.on or "")[along][1]
    with drawing():
        figure = new_figure(6.4, 3.6)
        axis = figure.add_subplot()
        for piece in pieces:
            axis.plot((piece.first, piece.last), (piece.at_first, piece.at_last), color=COLOUR, linewidth=2.0)
        for before, piece in pairwise(pieces):
            if piece.jump:
                below, above = (HOLLOW, FILLED) if piece.includes_first else (FILLED, HOLLOW)
                axis.plot([piece.first], [before.at_last], "o", color=COLOUR, markerfacecolor=below)
                axis.plot([piece.first], [piece.at_first], "o", color=COLOUR, markerfacecolor=above)
        axis.set_title(bilingual(f"{package.id}/{clause}: {model.title.en}", model.title.zh))
        axis.set_xlabel(bilingual(f"{fact.meaning_en}, {fact.unit}", fact.meaning_zh))
        axis.set_ylabel(bilingual("paid, CNY", "支付金额"))
        axis.set_ylim(bottom=0.0)
        axis.xaxis.set_major_formatter("{x:,.12g}")
        axis.yaxis.set_major_formatter("{x:,.12g}")
    content = render(figure, kind)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise RunFailed(f"cannot write {path}: {error.strerror or error}") from None
    return path
