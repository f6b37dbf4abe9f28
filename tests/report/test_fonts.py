"""Chinese signs come along: in every figure, and in a page cut to the signs that it has."""

import base64
import io
import re
import warnings

from fontTools.ttLib import TTFont

from policymix import catalog
from policymix.report import fonts
from policymix.report.style import bilingual, drawing, new_figure, render


def known_signs(file) -> set[int]:
    with TTFont(file) as font:
        return set(font.getBestCmap())


def test_the_font_has_every_sign_that_the_program_and_its_data_use():
    known, missing = known_signs(fonts.FILE), {}
    files = [
        *(catalog.data_root() / "scenarios").rglob("*.toml"),
        *(catalog.data_root() / "calibration").rglob("*.toml"),
    ]
    files += [*fonts.FILE.parents[2].rglob("*.py"), *fonts.FILE.parents[1].rglob("*.j2")]
    for file in files:
        absent = set(map(ord, fonts.signs_of(file.read_text(encoding="utf-8")))) - known
        if absent:
            missing[file.name] = "".join(map(chr, absent))
    assert not missing


def test_a_figure_with_chinese_titles_has_no_missing_sign(caplog):
    with drawing(), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = new_figure(3, 2)
        figure.subplots().set_title(bilingual("Gross product", "地区生产总值(亿元)≥ 10 %"), weight="bold")
        render(figure, "png", dpi=50)
        for kind in ("svg", "pdf"):
            assert render(figure, kind)
    assert not caplog.records


def test_a_page_carries_its_own_signs_and_no_others():
    rule = fonts.style_rule("GDP 地区生产总值 地区")
    data = base64.b64decode(re.search(r"base64,([^)]*)\)", rule).group(1))
    assert {chr(code) for code in known_signs(io.BytesIO(data))} == set("地区生产总值")
    assert fonts.style_rule("GDP only") == ""
    assert fonts.cut_to("总值") == fonts.cut_to("总值")
