"""The page driven in a real browser: what a visitor does, and what may go wrong.

Pictures go to the folder that POLICYMIX_SCREENSHOTS names. Without a browser these tests are skipped, but fail where
the environment says CI.
"""

import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from policymix.app.uploads import LARGEST, uploaded_package
from policymix.catalog import PATH_VARIABLE
from policymix.policy.package import load
from policymix.report import fonts
from policymix.report.formats import browser as browser_program

pytestmark = pytest.mark.browser

PATIENCE = 120_000  # milliseconds
FINAL = re.compile("Final answer from 20 draws|最终结果")
BROKEN = Path(__file__).parents[1] / "broken" / "unknown-fact.toml"
CHOSEN = (
    "scenario=small&set=htz-2022/m4.pays.area_max=500&off=htz-2022/s3&pin=both&pin-set=htz-2022/m4.pays.area_max=900"
)


def missing(what):
    """Without a browser there is nothing to test, which is an error where all is to be there."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI is set")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="module")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api") if not os.environ.get("CI") else __import__(
        "playwright.sync_api"
    ).sync_api  # fmt: skip
    program = browser_program()
    if program is None:
        missing("a browser (chromium)")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def address(small_folder, tmp_path_factory):
    """The page's address; the server knows the small city."""
    pytest.importorskip("solara") if not os.environ.get("CI") else None
    command = [sys.executable, "-m", "policymix", "serve", "small", "--port", "0"]
    environment = {**os.environ, PATH_VARIABLE: str(small_folder)}
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with log.open("w") as file, subprocess.Popen(command, stderr=file, env=environment) as server:
        until = time.monotonic() + 120.0
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())) and time.monotonic() < until:
            time.sleep(0.1)
        assert found, log.read_text()
        yield found[0]
        server.terminate()
    assert log.read_text().count("\n") == 1, log.read_text()  # its address, and no complaint


@pytest.fixture
def visit(chromium, address):
    """Opens the page in a session of its own, with nothing but the server to reach; all must be well at the end."""
    contexts, wrong = [], []

    def opened(query="scenario=small", width=1280, height=900, wait=True):
        context = chromium.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: None if known(asked.url) else wrong.append(asked.url))
        page.goto(f"{address}/?{query}")
        page.wait_for_selector(".pm-heading")
        if wait:
            final(page)
        return page

    def known(url):
        return url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def final(page):
    """Wait for the final answer, drawn."""
    page.wait_for_function(
        "text => new RegExp(text).test(document.querySelector('.pm-status p').textContent)"
        " && document.querySelector('#pm-panel').getAttribute('aria-busy') === 'false'"
        " && !document.querySelector('.pm-old')",
        arg=FINAL.pattern,
    )


def cells(page):
    """Texts of the first table: by row label, the cells of all columns."""
    rows = page.locator("#pm-panel table").first.locator("tbody tr").all()
    return {row.locator("th").inner_text(): [td.inner_text() for td in row.locator("td").all()] for row in rows}


def columns(page):
    return page.locator("#pm-panel table").first.locator("thead th").all_inner_texts()[1:]


def to_tab(page, name):
    """Open a tab and wait until it is drawn."""
    page.get_by_role("tab", name=name).click()
    page.wait_for_selector(f"[role=tab][aria-selected=true]:text-is('{name}')")
    final(page)
    page.wait_for_selector("#pm-panel img")


def below(page):
    """Where what stands below the answer begins, from the top of the page."""
    return page.evaluate(
        "document.querySelector('.pm-downloads').getBoundingClientRect().top"
        " - document.querySelector('.pm-heading').getBoundingClientRect().top"
    )


def package(page, number=1):
    """Open a package's controls."""
    found = page.locator(".pm-package").nth(number)
    found.locator("> summary").click()
    return found


def clause(pack, id):
    """Open a clause's controls."""
    found = pack.locator(".pm-clause").filter(has=pack.page.locator(f"summary > code:text-is('{id}')")).first
    found.locator("> details > summary").click()
    return found


def picture(page, name):
    folder = os.environ.get("POLICYMIX_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        size = page.viewport_size
        tall = page.evaluate("document.querySelector('.pm-page').scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": min(tall + 40, 6000)})
        page.screenshot(path=Path(folder) / f"{name}.png")
        page.set_viewport_size(size)


def test_the_first_answer_is_there(visit):
    page = visit()
    assert columns(page) == ["none", "dalian-2021", "htz-2022", "both"]
    assert any("million CNY" in label for label in cells(page))
    assert page.locator("#pm-panel img").first.get_attribute("alt").startswith("Core-industry share of GDP")
    picture(page, "overview-en")


def test_a_moved_slider_changes_answer_and_address_and_nothing_jumps(visit):
    page = visit()
    before, steady = cells(page), below(page)
    m5 = clause(package(page), "m5")
    m5.locator("input[type=range]").first.fill("30")
    page.wait_for_function("location.search.includes('set=htz-2022/m5.pays.share.value=0.3')")
    tops = []
    for _ in range(200):
        tops.append(below(page))
        if FINAL.search(page.locator(".pm-status p").inner_text()) and page.locator(".pm-old").count() == 0:
            break
        page.wait_for_timeout(50)
    after = cells(page)
    paid = next(label for label in after if label.startswith("Paid by the treasury"))
    assert after[paid][:2] == before[paid][:2]
    assert after[paid][2] != before[paid][2]
    assert max(abs(top - steady) for top in tops) < 3.0
    m5.get_by_role("button", name="Back to the text").first.click()
    page.wait_for_function("!location.search.includes('set=')")
    final(page)
    assert cells(page) == before


def test_a_clause_is_switched_off_and_its_source_is_shown(visit):
    page = visit()
    pack = package(page)
    m4 = clause(pack, "m4")
    assert "designated building, two years, up to 2,000 m2" in m4.inner_text()
    assert "press article of late June 2022" in m4.inner_text()
    m4.locator("> input").uncheck()
    page.wait_for_function("location.search.includes('off=htz-2022/m4')")
    final(page)
    to_tab(page, "Additionality")
    picture(page, "clause-off-additionality-en")
    assert page.locator("#pm-panel table").count() >= 2


def test_a_pinned_mix_stays_beside_the_others(visit):
    page = visit()
    before = cells(page)
    page.get_by_role("button", name="Pin both").click()
    page.wait_for_selector("th:text-is('pinned')")
    final(page)
    budget = package(page).locator(".pm-whole input[type=number]").first
    budget.fill("20")
    budget.press("Tab")
    page.wait_for_function("location.search.includes('budget')")
    final(page)
    after = cells(page)
    paid = next(label for label in after if label.startswith("Paid by the treasury"))
    assert after[paid][1].split() == before[paid][3].split()
    assert after[paid][4].split() != before[paid][3].split()
    beyond = "[...document.querySelectorAll('#pm-panel .pm-scroll')].map(each => each.scrollWidth - each.clientWidth)"
    assert max(page.evaluate(beyond)) <= 0  # the last column is in sight
    picture(page, "pinned-en")


def test_mixes_are_added_and_removed(visit):
    page = visit()
    page.get_by_role("button", name="Remove dalian-2021").click()
    page.wait_for_function("location.search.includes('mix=')")
    page.locator(".pm-new").get_by_label("qingdao-2023").check()
    page.locator(".pm-new").get_by_label("htz-2022").check()
    page.get_by_role("button", name="Add this mix").click()
    page.wait_for_selector("th:text-is('qingdao-2023+htz-2022')")
    final(page)
    assert columns(page) == ["none", "htz-2022", "both", "qingdao-2023+htz-2022"]


def test_every_tab_shows_figures_that_say_what_they_are(visit):
    page = visit()
    for tab in ("Targets", "Money", "Additionality", "Paths"):
        to_tab(page, tab)
        assert page.locator("#pm-panel img").first.get_attribute("alt")
        picture(page, f"{tab.lower()}-en")


def test_a_broken_upload_has_the_sentence_of_the_command_line(visit):
    page = visit()
    said = subprocess.run(
        [sys.executable, "-m", "policymix", "check", BROKEN.name], cwd=BROKEN.parent, capture_output=True, text=True
    ).stderr
    page.set_input_files("#pm-upload", BROKEN)
    page.wait_for_selector(".pm-message")
    assert page.locator(".pm-message pre").inner_text().strip() == said.strip()
    picture(page, "broken-upload-en")
    page.get_by_role("button", name="Close").click()
    to_tab(page, "Money")


def test_an_oversized_upload_is_refused(visit, tmp_path):
    page = visit()
    for size in (LARGEST + 1, 5_000_000):
        (tmp_path / "big.toml").write_bytes(b"#" * size)
        page.set_input_files("#pm-upload", tmp_path / "big.toml")
        page.wait_for_selector(f".pm-message:has-text('{size:,} bytes')")
        assert f"found {size:,} bytes; expected at most 262,144 bytes" in page.locator(".pm-message").inner_text()


def test_an_upload_is_this_visitors_alone_and_its_download_is_the_package(visit, tmp_path):
    text = 'extends = "htz-2022"\nid = "mine"\n'
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    page, other = visit(), visit()
    page.set_input_files("#pm-upload", tmp_path / "mine.toml")
    page.get_by_label("mine.toml").check()
    page.get_by_role("button", name="Add this mix").click()
    page.wait_for_selector("th:text-is('mine')")
    final(page)
    after = cells(page)
    paid = next(label for label in after if label.startswith("Paid by the treasury"))
    assert after[paid][4] == after[paid][2]
    assert other.get_by_label("mine.toml").count() == 0
    with_upload = page.url.partition("?")[2]
    page.locator("#pm-package").select_option("mine.toml")
    with page.expect_download() as got:
        page.get_by_role("button", name="Package as TOML").click()
    assert uploaded_package("mine.toml", Path(got.value.path()).read_bytes()).clause == load("htz-2022").clause
    stranger = visit(with_upload, wait=False)
    stranger.wait_for_selector(".pm-message")
    assert "mine.toml, which this page does not have" in stranger.locator(".pm-message").inner_text()
    stranger.wait_for_timeout(500)
    assert stranger.url == page.url
    stranger.set_input_files("#pm-upload", tmp_path / "mine.toml")
    stranger.wait_for_selector("th:text-is('mine')")
    final(stranger)
    assert cells(stranger) == after


def test_results_and_report_are_taken_along(visit, tmp_path):
    import policymix

    page = visit(CHOSEN)
    with page.expect_download() as got:
        page.get_by_role("button", name="Results as NetCDF").click()
    got.value.save_as(tmp_path / "small.nc")
    results = policymix.open_results(tmp_path / "small.nc")
    assert results.sizes["draw"] == 20
    assert list(results["mix"].values) == ["none", "pinned", "dalian-2021", "htz-2022", "both"]
    with page.expect_download() as got:
        page.get_by_role("button", name="Report as HTML").click()
    assert got.value.suggested_filename == "dalian-2025.html"  # by the id of its scenario
    assert "<html" in Path(got.value.path()).read_text(encoding="utf-8")
    page.locator("#pm-package").select_option("htz-2022")
    with page.expect_download() as got:
        page.get_by_role("button", name="Package as TOML").click()
    saved = tomllib.loads(Path(got.value.path()).read_text(encoding="utf-8"))
    assert {each["id"]: each for each in saved["clause"]}["m4"]["pays"]["area_max"] == 500
    assert "s3" not in {each["id"] for each in saved["clause"]}


def test_an_address_restores_everything(visit):
    page = visit(CHOSEN + "&lang=zh")
    before = cells(page)
    page.reload()
    page.wait_for_selector(".pm-heading")
    final(page)
    assert cells(page) == before
    assert page.url.partition("?")[2] == CHOSEN.replace("scenario=small&", "scenario=small&") + "&lang=zh"
    pack = package(page)
    assert clause(pack, "m4").locator("input[type=number]").last.input_value() == "500"
    assert not pack.locator("input[aria-label^='htz-2022/s3 ']").is_checked()
    assert page.locator(".pm-mixes .pm-badge").count() == 1


def test_the_language_changes_at_once_and_no_sign_is_missing(visit):
    from fontTools.ttLib import TTFont

    page = visit()
    page.get_by_role("button", name="中文").click()
    page.wait_for_selector("h2:text-is('对比的政策组合')")
    final(page)
    package(page)
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert page.evaluate("document.fonts.check('16px \"Policymix Sans SC\"', '大连')")
    drawn = TTFont(fonts.FILE).getBestCmap()
    shown = page.evaluate("document.querySelector('.pm-page').textContent")
    assert {sign for sign in shown if ord(sign) >= fonts.FIRST_CHINESE and ord(sign) not in drawn} == set()
    picture(page, "overview-zh")
    for tab, name in (("目标", "targets"), ("资金", "money"), ("新增与无谓支持", "additionality"), ("路径", "paths")):
        to_tab(page, tab)
        picture(page, f"{name}-zh")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_narrow_screen_needs_no_sideways_scrolling(visit, lang):
    page = visit(f"{CHOSEN}&lang={lang}", width=390, height=844)
    clause(package(page), "m4")
    assert page.evaluate("document.querySelector('.pm-page').scrollWidth") <= 390
    outside = """[...document.querySelectorAll('button, input, select, h1, p')]
        .filter(e => e.closest('.pm-page') && !e.closest('.pm-scroll'))
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => e.outerHTML)"""
    assert page.evaluate(outside) == []
    picture(page, f"narrow-{lang}")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("scenario=smal", "no scenario 'smal'"),
        ("scenario=small&mix=none,htz-2023", "no package 'htz-2023'"),
        ("scenario=small&set=htz-2022/m4.pays.aera_max=3", "aera_max"),
        ("scenario=small&off=htz-2022/m44", "no clause 'htz-2022/m44'"),
        ("sceanrio=small", "no key 'sceanrio'"),
    ],
)
def test_unknown_names_in_the_address_are_one_sentence(visit, query, words):
    page = visit(query, wait=False)
    page.wait_for_selector(".pm-message")
    assert words in page.locator(".pm-message pre").inner_text()
    page.locator("#pm-scenario").select_option("small")
    final(page)
    assert page.locator(".pm-message").count() == 0


def test_a_value_that_cannot_be_is_told_and_taken_back(visit):
    page = visit()
    share = clause(package(page), "m5").locator("input[type=number]").first
    share.fill("300")
    share.press("Tab")
    page.wait_for_selector(".pm-message")
    assert "htz-2022/m5.pays.share.value" in page.locator(".pm-message pre").inner_text()
    page.get_by_role("button", name=re.compile("Take all changes back")).click()
    final(page)
    assert page.locator(".pm-message").count() == 0


def test_one_firm_is_told_what_it_is_entitled_to(visit):
    page = visit()
    page.locator(".pm-calculator summary").first.click()
    page.locator("#pm-kind").select_option("lease")
    for name, value in (("how", "move_in"), ("designated_building", "yes"), ("place", "zone")):
        page.locator(f"#f-{name}").select_option(value)
    for name, value in (("started_on", "2022-09-01"), ("area", "3000"), ("rent", "40"), ("months", "36")):
        page.locator(f"#f-{name}").fill(value)
    page.get_by_label("technology", exact=True).check()
    page.get_by_role("button", name="Work it out").click()
    page.wait_for_selector(".pm-calculator table")
    assert "1,920,000.00" in page.locator(".pm-calculator tbody tr").first.inner_text()
    picture(page, "calculator-en")
    page.locator("#f-area").fill("a lot")
    page.get_by_role("button", name="Work it out").click()
    page.wait_for_selector(".pm-calculator .pm-message")
    assert "area: found 'a lot'; expected a number" in page.locator(".pm-calculator .pm-message").inner_text()


@pytest.mark.parametrize(("query", "width"), [("scenario=small", 1280), (f"{CHOSEN}&lang=zh", 390)])
def test_accessibility_has_no_serious_finding(visit, query, width):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(query, width=width)
    clause(package(page), "m4")
    page.locator(".pm-calculator summary").first.click()
    page.set_input_files("#pm-upload", BROKEN)
    page.wait_for_selector(".pm-message")
    found = Axe().run(page).response["violations"]
    serious = {each["id"]: [node["html"][:160] for node in each["nodes"]] for each in found
               if each["impact"] in ("serious", "critical")}  # fmt: skip
    assert serious == {}


def test_the_first_paint_is_quick(visit):
    paints = []
    for _ in range(3):
        page = visit(wait=False)
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        page.context.close()
    assert min(paints) < 3000.0
