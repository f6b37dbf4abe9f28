"""Ten visitors at the page at once, each moving a slider for a minute: answers, isolation, memory, ended runs.

Each visitor has a session of its own in a real browser and moves its own slider over values that nobody else uses. At
the end every visitor's table has to be the one that its last state gives without a browser. Two waves come and leave;
the server's memory after the second is set against that after the first. While they move, each page notes how long its
oldest move without an answer has waited when the table changes.

::

    python benchmarks/visitors.py [--visitors 10] [--seconds 60] [--scenario dalian-2025]

Needs policymix[browser] and a browser.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import subprocess
import sys
import threading
import time

import psutil
from playwright.sync_api import sync_playwright

from policymix.app.content import contents
from policymix.app.memory import AFTER
from policymix.app.state import state_of
from policymix.app.study import answers, question_of
from policymix.report.formats import browser

ADDRESS = "htz-2022/s3.pays.amount"
FINAL = "Final answer from 20 draws"
STEADY = 1.1
"""Memory after the second wave over that after the first."""
IDLE = 25.0
"""Per cent of a processor that a server without visitors may use."""


NOTING = f"""() => {{
    let since = null, text = "";
    window.waits = [];
    const slider = document.getElementById("r-{ADDRESS}"), table = () => document.querySelector("#pm-panel tbody");
    slider.addEventListener("input", () => {{ since = since ?? performance.now(); }});
    text = table()?.innerText;
    new MutationObserver(() => {{
        const now = table()?.innerText;
        if (!now || now === text) return;
        text = now;
        if (since !== null) window.waits.push((performance.now() - since) / 1000);
        since = null;
    }}).observe(document.getElementById("pm-answer"), {{ subtree: true, childList: true, characterData: true }});
}}"""
"""Seconds from a page's oldest move without an answer to the next change of its table."""
LONG_ENOUGH = 60.0
"""Seconds of moving in which everyone has to see an answer."""


def main() -> None:
    """Run two waves and print what was found; exit code 1 if something is wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--visitors", type=int, default=10)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--scenario", default="dalian-2025")
    given = options.parse_args()
    command = [sys.executable, "-m", "policymix", "serve", given.scenario, "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        found = re.search(r"http://[\d.:]+", server.stderr.readline())
        drain = threading.Thread(target=server.stderr.read, daemon=True)
        drain.start()
        process = psutil.Process(server.pid)
        wrong, memory = [], []
        with sync_playwright() as playwright:
            program = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
            for wave in range(2):
                wrong += one_wave(program, found[0], given, wave)
                time.sleep(AFTER + 5.0)
                process.cpu_percent()
                time.sleep(5.0)
                busy, resident = process.cpu_percent(), process.memory_info().rss / 1e6
                memory.append(resident)
                print(f"wave {wave + 1}: all left; {busy:.0f} % of a processor in use, {resident:.0f} MB resident")
                if busy > IDLE:
                    wrong.append(f"the server still works ({busy:.0f} %) with nobody there")
            program.close()
        server.terminate()
    if memory[1] > STEADY * memory[0]:
        wrong.append(f"memory grew from {memory[0]:.0f} to {memory[1]:.0f} MB")
    print("\n".join(wrong) or "all well")
    sys.exit(1 if wrong else 0)


def one_wave(program, address: str, given: argparse.Namespace, wave: int) -> list[str]:
    """Visitors come, move their sliders, are answered, and leave; returns what is wrong."""
    pages = []
    for _ in range(given.visitors):
        page = program.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.goto(f"{address}/?scenario={given.scenario}")
        pages.append(page)
    for page in pages:
        page.wait_for_selector(".pm-heading", timeout=120_000)
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        page.evaluate(NOTING)
    luck, moves, waits = random.Random(wave), 0, []
    until = time.monotonic() + given.seconds
    while time.monotonic() < until:
        for number, page in enumerate(pages):
            value = 1 + number + given.visitors * luck.randrange(60)  # thousand CNY, of this visitor alone
            page.locator(f"[id='r-{ADDRESS}']").fill(str(5 * value % 1000))
            moves += 1
        time.sleep(2.0)
    begun = time.monotonic()
    seen = [page.evaluate("window.waits") for page in pages]
    for page in pages:
        page.wait_for_function(
            "text => document.querySelector('.pm-status p').textContent.includes(text)"
            " && !document.querySelector('.pm-old')",
            arg=FINAL,
            timeout=600_000,
        )
        waits.append(time.monotonic() - begun)
    print(f"wave {wave + 1}: {moves} moves; final answers {waits[0]:.1f} to {waits[-1]:.1f} s after the last move")
    every = sorted(each for own in seen for each in own)
    counts = [len(own) for own in seen]
    spread = f"; a move waited {statistics.median(every):.1f} s, at most {every[-1]:.1f} s" if every else ""
    print(f"wave {wave + 1}: while moving each saw {min(counts)} to {max(counts)} answers{spread}")
    wrong = [text for number, page in enumerate(pages) for text in compared(number, page)]
    if given.seconds >= LONG_ENOUGH and min(counts) == 0:
        wrong.append("somebody saw no answer while moving")
    for page in pages:
        page.context.close()
    return wrong


def compared(number: int, page) -> list[str]:
    """The table on a visitor's page against that of its address, worked out here."""
    state = state_of(page.url.partition("?")[2])
    question = question_of(state, {})
    results = list(answers(question, threading.Event()))[-1].results
    (table,) = next(contents("overview", results, question.inputs.targets, "en", {}))["tables"]
    expected = [[cell["first"] for cell in cells] for _, cells in table["rows"]]
    rows = page.locator("#pm-panel tbody tr").all()
    shown = [[cell.inner_text().split("\n")[0] for cell in row.locator("td").all()] for row in rows]
    return [] if shown == expected else [f"visitor {number}: shown {shown}; expected {expected}"]


if __name__ == "__main__":
    main()
