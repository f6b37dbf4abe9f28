"""A finished run as a document: found from its folder, in each language, as HTML, PDF or Word."""

import json
import re
import shutil
import zipfile

import pytest
import xarray

from policymix.analysis import attribution_file
from policymix.errors import InvalidFile, InvalidValue, NotFound, RunFailed
from policymix.experiments import store
from policymix.report import document, formats, html


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    """A folder that holds results alone, without what they were made from."""
    place = tmp_path_factory.mktemp("finished")
    store.save(run.assign_attrs(schema_version=str(store.SCHEMA_VERSION)), place / store.RESULTS)
    return place


@pytest.fixture(scope="module")
def shares(run):
    """An attribution of the run's fullest mix."""
    parts = {"share": ["shapley", "first_in", "last_in"], "player": ["dalian-2021/5a", "htz-2022/m1"]}
    values = {name: (("share", "player"), [[3e8, 1e8]] * 3) for name in ("mean", "low", "high", "standard_error")}
    values["resolved"] = ("share", "player"), [[True, False]] * 3
    own = {key: str(run.attrs.get(key, "")) for key in (*attribution_file.SAME, "mixes", "packages")}
    attrs = {
        "mix": "both", "outcome": "investment", "runs": 8, "exact": 0, "pairs": 1, "units": "CNY",
        "title": "investment", "title_zh": "投资", "method": "Shapley (1953)", "total_mean": 4e8,
        "total_standard_error": 1e7, attribution_file.ORIGIN: json.dumps(own),
    }  # fmt: skip
    return xarray.Dataset(values, coords=parts, attrs=attrs)


@pytest.fixture(scope="module")
def attributed(folder, shares, tmp_path_factory):
    """The same folder with an attribution in it."""
    place = tmp_path_factory.mktemp("attributed") / "run"
    shutil.copytree(folder, place)
    store.save(shares, place / "attribution.nc")
    return place


@pytest.fixture(scope="module")
def pages(folder, attributed):
    """English with an attribution, Chinese and both without."""
    finished = document.opened(str(folder))
    return {
        "en": document.page(document.opened(str(attributed)), "en"),
        **{lang: document.page(finished, lang) for lang in ("zh", "both")},
    }


def prose(page):
    """What the page says outside its style sheet, pictures and commands."""
    text = re.sub(r"<(style|pre|code|svg)\b.*?</\1>|data:[^\"]*", " ", page, flags=re.S)
    return re.sub(r"<[^>]+>", " ", text)


@pytest.mark.slow
def test_the_page_speaks_the_language_asked_for(pages):
    chinese = {lang: len(re.findall("[一-龥]", prose(page))) for lang, page in pages.items()}
    assert chinese["en"] == 0
    assert chinese["both"] > 500 and chinese["zh"] > 500
    headings = re.findall(r"<h2>(.*?)</h2>", pages["zh"])
    assert headings and all(re.search("[一-龥]", heading) for heading in headings)
    assert 'lang="zh"' in pages["zh"].splitlines()[1] or '<html lang="zh">' in pages["zh"]


@pytest.mark.slow
def test_every_figure_has_the_command_that_draws_it_again(pages, folder):
    names = re.findall(r"<figcaption><code>policymix figure \S+ (\S+)</code>", pages["en"])
    assert len(names) == pages["en"].count("<figure>") == len(set(names)) >= 8
    finished = document.opened(str(folder))
    assert document.figure_of(finished, names[0], "en").name == names[0]
    with pytest.raises(NotFound, match="did you mean 'core-share'"):
        document.figure_of(finished, "core-shar")


@pytest.mark.slow
def test_the_page_is_one_file_below_five_megabytes_that_fetches_nothing(pages):
    for page in pages.values():
        assert len(page.encode()) < 5e6
        assert not re.search(r"https?://", page)
        assert html.FONT_RULE not in page


@pytest.mark.slow
def test_a_word_document_holds_tables_and_pictures(folder, tmp_path):
    page = document.page(document.opened(str(folder)), "both", document.PICTURES["docx"])
    path = formats.write_docx(page, tmp_path / "run.docx")
    with zipfile.ZipFile(path) as parts:
        names = parts.namelist()
        text = parts.read("word/document.xml").decode()
    assert sum(name.endswith(".png") for name in names) >= 8 and not any(name.endswith(".svg") for name in names)
    assert text.count("<w:tbl>") >= 5 and "主要结果" in text


@pytest.mark.slow
def test_the_chinese_page_has_no_english_sentence(pages):
    english = re.findall(r"[A-Za-z]+ [a-z]+ [a-z]+[a-z ]*", prose(pages["zh"]))
    sources = ["press report of the announcement"]  # a source is quoted as it is
    assert [text for text in english if not any(text.startswith(source) for source in sources)] == []


@pytest.mark.slow
def test_the_answer_stands_on_top_in_each_language(pages):
    for lang, page in pages.items():
        top = page[: page.index("<h2 id=")]
        assert ("In short" in top) == (lang != "zh") and ("要点" in top) == (lang != "en")
        assert len(re.findall("<li>", top)) >= 3 * (2 if lang == "both" else 1)


@pytest.mark.slow
def test_clauses_are_allocated_until_an_attribution_lies_beside_the_results(pages, attributed, shares, tmp_path):
    assert "分摊,不代表因果" in pages["zh"] and "policymix attribute dalian-2025 --mix both" in pages["zh"]
    assert " allocated</code>" in pages["zh"] and "attribution-both" not in pages["zh"]
    assert " attribution-both-investment</code>" in pages["en"] and " allocated</code>" not in pages["en"]
    assert "By cause" in pages["en"] and "300 ± 300" in pages["en"]
    finished = document.opened(str(attributed))
    assert document.figure_of(finished, "attribution-both-investment", "zh").table["player"].nunique() == 2
    own = json.loads(shares.attrs[attribution_file.ORIGIN])
    other = shares.assign_attrs({attribution_file.ORIGIN: json.dumps(own | {"environment": "another"})})
    alien = store.save(other, tmp_path / "attribution.nc")
    with pytest.raises(InvalidValue, match="found environment another"):
        document.attributed(finished, [alien])


def test_two_attributions_of_one_mix_and_outcome_both_stand(attributed):
    files = [attributed / "attribution.nc"] * 3
    names = list(document.attributed(document.opened(str(attributed)), files))
    assert names == [f"attribution-both-investment{ending}" for ending in ("", "-2", "-3")]


def test_an_attribution_of_another_run_that_only_lies_there_is_passed_over(folder, shares, tmp_path):
    place = tmp_path / "run"
    shutil.copytree(folder, place)
    other = json.loads(shares.attrs[attribution_file.ORIGIN]) | {"region": "qingdao"}
    store.save(shares.assign_attrs({attribution_file.ORIGIN: json.dumps(other)}), place / "attribution.nc")
    assert document.attributed(document.opened(str(place))) == {}


@pytest.mark.slow
@pytest.mark.skipif(formats.browser() is None, reason="no browser prints here")
def test_a_browser_prints_it(pages, tmp_path):
    path = formats.write_pdf(pages["zh"], tmp_path / "run.pdf")
    assert path.read_bytes().startswith(b"%PDF") and path.stat().st_size > 50_000


@pytest.mark.slow
def test_what_cannot_be_written_leaves_nothing_behind(pages, tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "BROWSERS", ("no-such-browser",))
    with pytest.raises(RunFailed, match="PDF needs Chromium"):
        formats.write_pdf(pages["en"], tmp_path / "run.pdf")
    (tmp_path / "taken").write_text("")
    with pytest.raises(RunFailed, match="cannot write"):
        formats.write_html(pages["en"], tmp_path / "taken" / "run.html")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_results_that_cannot_be_told_are_refused_in_a_sentence(folder, run, tmp_path, monkeypatch):
    with pytest.raises(InvalidValue, match="found fr; expected one of en, zh, both"):
        document.page(document.opened(str(folder)), "fr")
    with pytest.raises(NotFound, match="no results"):
        document.opened(str(tmp_path / "nothing"))
    cut = tmp_path / "cut"
    shutil.copytree(folder, cut)
    (cut / store.RESULTS).write_bytes((cut / store.RESULTS).read_bytes()[:-300])
    with pytest.raises(InvalidFile, match="a broken one"):
        document.opened(str(cut))
    alone = run.sel(mix=["both"]).assign_attrs(schema_version=str(store.SCHEMA_VERSION))
    store.save(alone, tmp_path / "alone" / store.RESULTS)
    with pytest.raises(InvalidValue, match="without its baseline 'none'"):
        document.opened(str(tmp_path / "alone"))
