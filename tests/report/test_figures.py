"""Figures: the right lines, the same axes, the numbers beside them."""

import json
import threading

import pytest
from matplotlib.text import Text

from policymix.analysis.money import by_clause
from policymix.report import figures, series, style


@pytest.fixture(scope="module")
def announced(run):
    return run.assign_attrs(announced=json.dumps({"dalian-2021": "2021-07-20", "htz-2022": "2022-03-25"}))


def _titles(figure):
    return [axis.get_title(loc="left") for axis in figure.axes]


def test_paths_have_a_panel_a_mix_and_a_row_of_differences(announced, target):
    figure = figures.core_share(announced, target("core_share", 0.10))
    assert _titles(figure)[:4] == ["none", "dalian-2021", "htz-2022", "both"]
    assert len(figure.axes) == 8
    labels = [[line.get_label() for line in axis.get_lines()] for axis in figure.axes]
    assert labels[0][:2] == ["median", "target"]
    assert labels[3][:3] == ["median", "baseline", "target"]
    assert len(labels[3]) == 5  # both announcements
    assert len(labels[1]) == 4  # its own announcement only
    assert all(len(axis.collections) == 2 for axis in figure.axes[:4])


def test_mixes_share_their_axes(announced):
    figure = figures.paths(announced, "investment")
    assert len({axis.get_ylim() for axis in figure.axes[:4]}) == 1
    assert len({axis.get_ylim() for axis in figure.axes[5:]}) == 1


def test_money_stacks_add_up(run):
    figure = figures.money(run)
    paid = series.paid_by_clause(by_clause(run))
    assert len(figure.axes) == 2 * 3
    tallest = max(patch.get_y() + patch.get_height() for patch in figure.axes[2].patches)
    expected = float(paid.sel(mix="both", payer="city").sum("clause").max()) / 1e6
    assert tallest == pytest.approx(expected)
    assert series.OTHER in paid["clause"].values
    assert paid.sizes["clause"] == series.LARGEST_CLAUSES + 1


def test_additionality_says_the_share(run):
    figure = figures.additionality(run)
    texts = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert sum("additional" in text for text in texts) == 3 * 4


def test_ladder_has_a_panel_a_step_and_hollow_dots_where_nothing_is_resolved(run, target):
    figure = figures.ladder(run, [target("recognised:unicorn", 10, sense="more_than")])
    titles = _titles(figure)
    assert "target > 10" in next(title for title in titles if "unicorn" in title)
    unicorn = next(axis for axis, title in zip(figure.axes, titles, strict=True) if "unicorn" in title)
    assert {line.get_markerfacecolor() for line in unicorn.get_lines() if line.get_marker() == "o"} == {"white"}


def test_one_mix_alone_can_be_drawn(make_run):
    alone = make_run(draws=2, mixes={"none": []})
    assert len(figures.paths(alone, "core_share").axes) == 1
    for drawn in figures.standard_figures(alone):
        assert drawn.figure is not None


def test_files_come_in_threes_and_repeat_exactly(run, tmp_path):
    drawn = [next(figures.standard_figures(run))]
    written = figures.write_figures(run, tmp_path / "a", drawn=drawn)
    assert [path.name for path in written] == ["core-share.png", "core-share.svg", "core-share.csv"]
    again = figures.write_figures(run, tmp_path / "b", drawn=[next(figures.standard_figures(run))])
    assert all(one.read_bytes() == two.read_bytes() for one, two in zip(written, again, strict=True))
    assert not list(tmp_path.glob("a/.*"))
    assert written[2].read_text().startswith("mix,time,quantile,level,difference")


def test_matplotlib_state_is_left_alone(run):
    import matplotlib

    before = dict(matplotlib.rcParams)
    figures.core_share(run)
    assert dict(matplotlib.rcParams) == before


def texts_of(figure):
    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(Text) if text.get_text().strip()]


def test_one_thread_draws_at_a_time():
    entered = threading.Event()

    def draw():
        with style.drawing():
            entered.set()

    other = threading.Thread(target=draw)
    with style.drawing():
        other.start()
        assert not entered.wait(0.1)
        with style.drawing():  # as a figure that is rendered within another's block
            pass
    other.join(5)
    assert entered.is_set()


@pytest.mark.slow
def test_figures_speak_the_language_asked_for(run, target):
    for make in (figures.core_share, figures.money, figures.additionality, figures.ladder):
        spoken = {}
        for lang in ("en", "zh", "both"):
            with style.speaking(lang):
                spoken[lang] = texts_of(make(run))
        chinese = {
            lang: sum("\u4e00" <= sign <= "\u9fff" for text in found for sign in text) for lang, found in spoken.items()
        }
        assert chinese["en"] == 0
        assert chinese["zh"] > 5 and chinese["both"] > 5
        words = [text for text in spoken["zh"] if len(text.split()) > 2 and text.isascii()]
        assert not [text for text in words if not any(sign.isdigit() for sign in text)], words
