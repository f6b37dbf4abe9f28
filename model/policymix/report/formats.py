"""The page as a document for others: PDF by a browser, Word by pandoc."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from policymix.errors import RunFailed
from policymix.experiments.store import aside
from policymix.experiments.store import check_writable as writable

BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)  # fmt: skip
SECONDS = 120
SWITCHES = (
    "--headless",
    "--no-sandbox",  # needed where the user is root; the page is our own and fetches nothing
    "--disable-gpu",
    "--no-pdf-header-footer",
    "--virtual-time-budget=10000",  # until the page's font is there
)


def browser() -> str | None:
    """A browser that prints without a window, or None."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def check_writable(path: Path) -> None:
    """Refuse a place that cannot be written, before any work."""
    writable(path.expanduser().absolute().parent)


def write_html(page: str, path: Path) -> Path:
    """Write the page."""
    with aside(path) as partial:
        partial.write_text(page, encoding="utf-8")
    return path


def write_pdf(page: str, path: Path) -> Path:
    """Print the page on A4.

    Raises
    ------
    RunFailed
        No browser is installed, or it did not print.
    """
    program = browser()
    if program is None:
        raise RunFailed(
            "PDF needs Chromium, Chrome or Edge, and none was found; the browser prints report.html as well"
        )
    with TemporaryDirectory() as place, aside(path) as partial:
        source, printed = Path(place) / "page.html", Path(place) / "page.pdf"
        source.write_text(page, encoding="utf-8")
        profile = f"--user-data-dir={Path(place) / 'profile'}"
        command = [program, *SWITCHES, profile, f"--print-to-pdf={printed}", source.as_uri()]
        try:
            subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise RunFailed(f"{program} did not print within {SECONDS} seconds") from None
        if not printed.is_file() or not printed.read_bytes().startswith(b"%PDF"):
            raise RunFailed(f"{program} printed nothing; open report.html in a browser and print it there")
        shutil.copyfile(printed, partial)
    return path


def write_docx(page: str, path: Path) -> Path:
    """The page as a Word document; its pictures have to be PNG.

    Raises
    ------
    RunFailed
        pypandoc_binary is not installed, or pandoc could not read the page.
    """
    try:
        import pypandoc
    except ImportError:
        raise RunFailed("Word needs pypandoc_binary, which is not installed: pip install policymix[word]") from None
    with TemporaryDirectory() as place, aside(path) as partial:
        made = Path(place) / "page.docx"
        try:
            pypandoc.convert_text(page, "docx", format="html", outputfile=str(made), extra_args=["--quiet"])
        except RuntimeError as error:
            raise RunFailed(f"pandoc: {str(error).strip().splitlines()[-1]}") from None
        shutil.copyfile(made, partial)
    return path


WRITERS = {"html": write_html, "pdf": write_pdf, "docx": write_docx}
