"""Cut the shipped font from a Noto Sans CJK collection: ``python -m policymix.report.fonts.cut FILE.ttc``."""

from __future__ import annotations

import sys

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont, newTable

from policymix.report.fonts import FAMILY, FILE

SOURCE = "Noto Sans CJK SC"
LARGEST_GAP = 1.5
"""By how much a quadratic curve may leave the cubic one, in thousandths of the sign's height."""
RANGES = (
    (0x0020, 0x007F), (0x00A0, 0x0180), (0x0391, 0x03CA), (0x2010, 0x2045), (0x2190, 0x2194), (0x2212, 0x2214),
    (0x2264, 0x2266), (0x2460, 0x2474), (0x3000, 0x3020), (0xFF01, 0xFF5F),
)  # fmt: skip
SINGLE = "€℃№√∞≈≠■▲▼●○￥"
FIELDS_OF_HINTS = (
    "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs", "maxStackElements",
    "maxSizeOfInstructions", "maxComponentElements", "maxPoints", "maxContours", "maxCompositePoints",
    "maxCompositeContours",
)  # fmt: skip


def signs() -> str:
    """Letters, punctuation and the characters of GB 2312."""
    found = {chr(code) for first, end in RANGES for code in range(first, end)} | set(SINGLE)
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            found |= set(bytes((high, low)).decode("gb2312", errors="ignore"))
    return "".join(sorted(found))


def cut(font: TTFont) -> None:
    """Keep the wanted signs, without hints and without layout features."""
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, glyph_names=False)
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "GPOS", "GSUB", "GDEF", "DSIG"]
    cutter = subset.Subsetter(options)
    cutter.populate(text=signs())
    cutter.subset(font)


def turn_quadratic(font: TTFont) -> None:
    """Cubic outlines (CFF) as quadratic ones (glyf)."""
    order, outlines = font.getGlyphOrder(), font.getGlyphSet()
    glyphs = {}
    for name in order:
        pen = TTGlyphPen(outlines)
        outlines[name].draw(Cu2QuPen(pen, LARGEST_GAP, reverse_direction=True))
        glyphs[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, glyphs
    del font["CFF "]
    for name, glyph in glyphs.items():
        glyph.recalcBounds(font["glyf"])
        font["hmtx"].metrics[name] = (font["hmtx"].metrics[name][0], getattr(glyph, "xMin", 0))
    extent = font["maxp"]
    extent.tableVersion, extent.maxZones = 0x00010000, 1
    for field in FIELDS_OF_HINTS:
        setattr(extent, field, 0)
    extent.recalc(font)
    font["post"].formatType, font.sfntVersion = 3.0, "\0\1\0\0"


def rename(font: TTFont) -> None:
    """Give the family its own name."""
    names = {1: FAMILY, 3: f"{FAMILY} 2.004", 4: FAMILY, 6: FAMILY.replace(" ", "")}
    for record in font["name"].names:
        record.string = names.get(record.nameID, record.toUnicode())


def main() -> None:
    """Write the shipped file."""
    fonts = TTCollection(sys.argv[1]).fonts
    font = next(one for one in fonts if one["name"].getDebugName(1) == SOURCE)
    cut(font)
    turn_quadratic(font)
    rename(font)
    font["head"].modified, font.recalcTimestamp = font["head"].created, False
    font.save(FILE)


if __name__ == "__main__":
    main()
