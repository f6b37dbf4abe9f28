"""The font with Chinese signs that the program brings along: for figures, and cut to the signs of a page."""

from __future__ import annotations

import base64
import dataclasses
import functools
import io
from pathlib import Path

FILE = Path(__file__).parent / "policymix-sans-sc.ttf"
FAMILY = "Policymix Sans SC"
FIRST_CHINESE = 0x2E80
"""Signs from here on are left to the font; those before are drawn by the page's own."""


@functools.cache
def registered() -> str:
    """Make the font known to matplotlib, once, and return its family name; bold titles use the regular signs too."""
    from matplotlib.font_manager import fontManager

    fontManager.addfont(str(FILE))
    regular = next(one for one in reversed(fontManager.ttflist) if one.name == FAMILY)
    fontManager.ttflist.append(dataclasses.replace(regular, weight=700))
    return FAMILY


def signs_of(text: str) -> str:
    """The Chinese signs of a text, each once, in order."""
    return "".join(sorted(sign for sign in set(text) if ord(sign) >= FIRST_CHINESE))


def cut_to(signs: str) -> bytes:
    """The font with these signs alone, as WOFF; a sign that it lacks is left out."""
    from fontTools import subset

    options = subset.Options(flavor="woff", notdef_outline=True)
    with subset.load_font(str(FILE), options) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(text=signs)
        cutter.subset(font)
        font["head"].modified = font["head"].created  # equal signs give equal bytes
        font.recalcTimestamp = False
        file = io.BytesIO()
        subset.save_font(font, file, options)
    return file.getvalue()


def style_rule(text: str) -> str:
    """A CSS rule that brings the signs of a page's text along in the page; empty without Chinese signs.

    The page names the family first: behind another one, Chromium leaves boxes in a line that it had laid out before
    the font was there. The range keeps other letters with the page's own font.
    """
    signs = signs_of(text)
    if not signs:
        return ""
    address = "data:font/woff;base64," + base64.b64encode(cut_to(signs)).decode("ascii")
    signs_from = f"unicode-range: U+{FIRST_CHINESE:X}-10FFFF"
    return f'@font-face {{ font-family: "{FAMILY}"; src: url({address}) format("woff"); {signs_from}; }}'
