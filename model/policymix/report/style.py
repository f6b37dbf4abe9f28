"""Colours that colour-blind readers can tell apart, fonts, and how a number is written.

The palette is Okabe and Ito's. Figures are drawn on Figure objects, never through pyplot's global state. Chinese signs
come from the font in ``report/fonts``, so that a figure looks the same on every machine.
"""

from __future__ import annotations

import io
import math
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from policymix.report import fonts

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A6D00", "#5D3A9B")
GREY, LIGHT, INK, TARGET = "#6B6B6B", "#D9D9D9", "#222222", "#A50026"
DPI = 150
LETTERS = 11.0
"""Letters of a title to an inch."""
UNITS = {
    "en": {
        "CNY": (1e6, "million CNY"),
        "share": (0.01, "%"),
        "probability": (0.01, "%"),
        "ratio": (0.01, "%"),
        "CNY per job": (1e6, "million CNY"),
        "persons": (1.0, "persons"),
        "count": (1.0, "firms"),
        "index": (1.0, "index"),
    },
    "zh": {
        "CNY": (1e8, "亿元"),
        "share": (0.01, "%"),
        "probability": (0.01, "%"),
        "ratio": (0.01, "%"),
        "persons": (1.0, "人"),
        "count": (1.0, "家"),
        "index": (1.0, "指数"),
        "CNY per CNY": (1.0, "元/元"),
        "CNY per job": (1e4, "万元"),
    },
}
POINTS = {"en": "pp", "zh": "个百分点"}
SAID_ZH = {"million CNY": "百万元", "CNY per CNY": "元/元", "persons": "人", "firms": "家", "index": "指数"}
"""Chinese names of the units of English tables, for tables that speak both."""


def unit_of(unit: str, lang: str = "en", counted: str = "") -> tuple[float, str]:
    """Divisor and name of a unit as tables print it: CNY in million CNY, in Chinese in 亿元; shares in per cent.

    ``counted`` is the language whose divisor is used, where it is another one: a table in both languages has English
    numbers under Chinese names.
    """
    divisor, name = UNITS[counted or lang].get(unit, (1.0, unit))
    return divisor, SAID_ZH.get(name, name) if lang == "zh" and counted == "en" else name


def difference_unit(unit: str, lang: str = "en", counted: str = "") -> tuple[float, str]:
    """Divisor and name of a difference: percentage points where the level is in per cent."""
    divisor, name = unit_of(unit, lang, counted)
    return divisor, POINTS[lang] if name == "%" else name


def decimals_of(value: float, *, whole: bool = False) -> int:
    """Decimals that show three significant digits; a count has none from 10 on and one below."""
    size = abs(value)
    if whole:
        return 0 if size >= 10.0 or size == 0.0 else 1
    if size == 0.0 or not math.isfinite(size):
        return 0
    return min(4, max(0, 2 - math.floor(math.log10(size))))


def number(value: float, decimals: int | None = None, *, sign: bool = False) -> str:
    """A number with thousands separators; a true minus sign; an en dash where there is none."""
    if not math.isfinite(value):
        return "–"
    places = decimals_of(value) if decimals is None else decimals
    text = f"{value:+,.{places}f}" if sign else f"{value:,.{places}f}"
    if float(text.replace(",", "")) == 0.0:
        text = text.lstrip("+-")
    return text.replace("-", "−")


def mix_colours(mixes: list[str], baseline: str) -> dict[str, str]:
    """One colour for each mix, the same in every figure; the baseline is grey."""
    others = [name for name in mixes if name != baseline]
    colours = {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(others)}
    return {name: colours.get(name, GREY) for name in mixes}


_language: ContextVar[str] = ContextVar("language of figures", default="both")


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Draw in one language, ``en`` or ``zh``, or with titles in ``both``."""
    token = _language.set(lang)
    try:
        yield
    finally:
        _language.reset(token)


def bilingual(english: str, chinese: str, joint: str = "  ") -> str:
    """A title in the language of the figure, or in both."""
    if _language.get() == "both" and chinese not in ("", english):
        return f"{english}{joint}{chinese}"
    return said(english, chinese)


def heading(figure: Figure, english: str, chinese: str) -> None:
    """The title of a figure, broken where the figure ends; Chinese below English where both are wanted."""
    width = LETTERS * figure.get_size_inches()[0]
    lines = (
        [english, chinese] if _language.get() == "both" and chinese not in ("", english) else [said(english, chinese)]
    )
    figure.suptitle("\n".join(broken(line, width) for line in lines), x=0.01, ha="left", weight="bold")


def broken(text: str, width: float) -> str:
    """A text over lines of this many letters; a Chinese sign is as wide as two."""
    wide = sum(ord(sign) >= fonts.FIRST_CHINESE for sign in text)
    return "\n".join(textwrap.wrap(text, max(8, round(width * len(text) / max(1, len(text) + wide)))))


def said(english: str, chinese: str) -> str:
    """A short text, such as that of an axis: in English where both languages are wanted."""
    return chinese if _language.get() == "zh" and chinese else english


def figure_unit(unit: str, *, difference: bool = False) -> tuple[float, str]:
    """Divisor and name of a unit, or of a difference, in the language of the figure."""
    return (difference_unit if difference else unit_of)(unit, said("en", "zh"))


_LOOK = threading.RLock()
"""Settings of Matplotlib are the process's: one thread draws at a time."""


@contextmanager
def drawing() -> Iterator[None]:
    """The look of every figure: small clear type, no top or right frame; reproducible SVG."""
    import matplotlib

    look: dict[Any, Any] = {  # newer stubs want Literal keys, older ones str
        "font.family": ["DejaVu Sans", fonts.registered()],
        "font.size": 9,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titley": 1.0,  # where they end up anyway: to look for room above takes a tenth of the drawing time
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "axes.linewidth": 0.8,
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "grid.color": "#E6E6E6",
        "grid.linewidth": 0.7,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "legend.frameon": False,
        "legend.fontsize": 8,
        "svg.hashsalt": "policymix",
    }
    with _LOOK, matplotlib.rc_context(look):
        yield


_for_notebooks: ContextVar[bool] = ContextVar("whether pyplot shows the figures", default=False)


@contextmanager
def for_notebooks() -> Iterator[None]:
    """Draw figures that pyplot knows, so that a notebook shows them below the cell."""
    token = _for_notebooks.set(True)
    try:
        yield
    finally:
        _for_notebooks.reset(token)


def new_figure(width: float, height: float) -> Figure:
    """A figure of its own (inches), laid out without overlaps and drawn by Agg; pyplot's in a notebook."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if _for_notebooks.get():
        from matplotlib import pyplot

        return pyplot.figure(figsize=(width, height), layout="constrained", facecolor="white")
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def margin(figure: Figure) -> None:
    """Room for long names at the left edge, which the layout measures a little short."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(w_pad=0.22)  # type: ignore[call-arg]  # the stub of the base class knows no padding


def across(axis: Axes, most: int = 4) -> None:
    """Lines of the grid run upwards, few numbers below."""
    from matplotlib.ticker import MaxNLocator

    axis.grid(axis="y", visible=False)
    axis.grid(axis="x", visible=True)
    axis.xaxis.set_major_locator(MaxNLocator(most))
    axis.xaxis.set_major_formatter("{x:,g}")


def render(figure: Figure, kind: str, *, dpi: int = DPI) -> bytes:
    """A figure as png or svg bytes. No date inside, so equal figures give equal bytes."""
    if kind == "png":
        return packed(pixels_of(figure, dpi), dpi)
    file = io.BytesIO()
    with drawing():
        _lay_out(figure)
        figure.savefig(file, format=kind, dpi=dpi, metadata={"Date": None, "Creator": "policymix"})
    return file.getvalue()


def pixels_of(figure: Figure, dpi: int = DPI) -> np.ndarray:
    """A figure as drawn: uint8[height, width, 4], red, green, blue, opacity."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with drawing():
        _lay_out(figure)
        before, figure.dpi = figure.dpi, dpi
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        figure.dpi = before
    return np.array(canvas.buffer_rgba())


def packed(pixels: np.ndarray, dpi: int = DPI) -> bytes:
    """Pixels as the bytes of a PNG file."""
    from matplotlib.image import imsave

    file = io.BytesIO()
    imsave(file, pixels, format="png", origin="upper", dpi=dpi, metadata={"Software": "policymix"})
    return file.getvalue()


def _lay_out(figure: Figure) -> None:
    """Find the places of a figure's parts, once: it is half of the work. A placeholder for the engine would have
    every file drawn twice."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                if not axis.get_label_text():
                    axis.set_label_coords(0.0, 0.0)  # the place of no text is else sought in every drawing
