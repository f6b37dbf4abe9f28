"""The page stands alone."""

import re

import pytest

from policymix.report import figures, html


@pytest.fixture(scope="module")
def page(run, target, tmp_path_factory):
    chosen = [
        target("core_share", 0.10, id="t/share"),
        target("gdp", 1e13, id="t/gdp"),
        target("", 0.5, id="t/rate", untracked="no <processes> inside a firm"),
    ]
    totals = [{"title": "firms", "year": 2020, "published": 3000, "synthetic": 4000, "within": False, "source": "CS-1"}]
    documents = [{"package": "htz-2022", "title": "Measures", "source": "measure text", "sha256": "c" * 64}]
    return html.write_report(
        run, tmp_path_factory.mktemp("out"), targets=chosen, region_table=totals, sources=documents
    )


def test_it_is_one_file_that_fetches_nothing(page):
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"https?://", text)
    assert not re.search(r"<(script|link|iframe)\b", text)
    assert all(source.startswith("data:image/svg+xml;base64,") for source in re.findall(r'src="([^"]*)"', text))
    assert page.stat().st_size < 5_000_000
    assert [path.name for path in page.parent.iterdir()] == ["report.html"]


def test_sections_in_both_languages(page):
    text = page.read_text(encoding="utf-8")
    for words in (
        "Question",
        "问题",
        "Headline",
        "主要结果",
        "Targets, misses first",
        "Money",
        "资金",
        "Reproduce",
        "复现",
    ):
        assert words in text
    assert len(re.findall("<figure>", text)) == 6


def test_misses_before_hits_and_reasons_escaped(page):
    text = page.read_text(encoding="utf-8")
    assert text.index("t/gdp") < text.index("t/share")
    assert "no &lt;processes&gt; inside a firm" in text
    assert "firms" in text[text.index("Published against synthetic") :]


def test_it_says_how_to_make_it_again(page):
    text = page.read_text(encoding="utf-8")
    assert "policymix run dalian-2025 --mix none,dalian-2021,htz-2022,both=dalian-2021+htz-2022" in text
    assert "policymix replay out/dalian-2025" in text
    assert "c" * 16 in text


def test_drawn_figures_are_shared_with_the_files(run, tmp_path):
    drawn = [one for one in figures.standard_figures(run) if one.name in ("money", "additionality", "ladder")]
    figures.write_figures(run, tmp_path / "figures", drawn=drawn)
    assert html.write_report(run, tmp_path, drawn=drawn).exists()


@pytest.mark.slow
def test_equal_runs_give_equal_pages(run, tmp_path):
    drawn = [one for one in figures.standard_figures(run) if one.name in ("money", "additionality", "ladder")]
    first = html.write_report(run, tmp_path / "a", drawn=drawn).read_bytes()
    assert first == html.write_report(run, tmp_path / "b", drawn=drawn).read_bytes()


def test_a_run_without_packages_has_a_page(make_run, tmp_path):
    alone = make_run(draws=2, mixes={"none": []}).isel(clause=slice(0, 0))
    assert html.write_report(alone, tmp_path, drawn=list(figures.standard_figures(alone))).exists()
