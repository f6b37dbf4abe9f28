"""Tables of the page: escaped, grouped, and every cell's column known on a phone."""

import re

from policymix.report.page_tables import Row, Sheet, table, words
from policymix.report.tables import Cell

SHEET = Sheet(
    "t1",
    Cell("outcome"),
    [Cell("none"), Cell('a "b" <i>', "二")],
    [
        Row(
            Cell("paid, million CNY", "兑付"),
            [Cell("1,000", "[0, 2]\nno change"), Cell("<b> & co", mark="missed")],
            "both",
        ),
        Row(Cell("jobs"), [Cell("1"), Cell("2")], "other"),
    ],
    title=Cell("Title", "题"),
    notes=["a <note>"],
)


def test_what_a_cell_says_is_text_and_no_markup():
    page = str(table(SHEET))
    assert "&lt;b&gt; &amp; co" in page and "a &lt;note&gt;" in page
    assert "<b>" not in page and "<note>" not in page and "<i>" not in page
    assert '<span class="missed">&lt;b&gt; &amp; co</span>' in page
    assert "1,000<br><small>[0, 2]</small><br><small>no change</small>" in page


def test_lines_stand_in_groups_and_cells_know_their_heads():
    page = str(table(SHEET))
    assert re.findall(r'<th class="gt_group_heading"[^>]*>(\w+)', page) == ["both", "other"]
    assert page.count('scope="row"') == 2 and page.count('scope="col"') == 3
    assert len(re.findall(r'<td headers="', page)) == 4


def test_on_a_phone_a_cell_says_its_column():
    style = re.search(r"<style>(.*?)</style>", str(table(SHEET))).group(1)
    assert '#t1 td:nth-of-type(1)::before{content:"none"}' in style
    assert "</" not in style and "<i" not in style


def test_the_same_sheet_is_the_same_table_and_brings_no_styles_of_its_own():
    page = str(table(SHEET))
    assert page == str(table(SHEET))
    assert page.count("<style>") == 1 and len(page) < 3500


def test_words_in_each_language():
    assert words("paid", "兑付", "en") == Cell("paid")
    assert words("paid", "兑付", "zh") == Cell("兑付")
    assert words("paid", "兑付", "both") == Cell("paid", "兑付")
    assert words("paid", "", "zh") == Cell("paid")
