"""`policymix.figures`: axes of pyplot's, the same picture as the page's."""

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes

import policymix
from policymix import catalog
from policymix.errors import InvalidValue, NotFound
from policymix.experiments.posterior import open_fit
from policymix.report import figures, style

matplotlib.use("Agg")
OF_A_RUN = ("core_share", "money", "additionality", "ladder", "treasury", "groups", "classes", "allocated")


@pytest.fixture(autouse=True)
def shut():
    from matplotlib import pyplot

    yield
    pyplot.close("all")


@pytest.mark.parametrize("name", OF_A_RUN)
def test_a_line_gives_axes_that_pyplot_shows(run, name):
    from matplotlib import pyplot

    axes = np.ravel(getattr(policymix.figures, name)(run, lang="zh"))
    assert all(isinstance(axis, Axes) for axis in axes)
    assert pyplot.get_fignums() == [axes[0].figure.number]
    texts = [text.get_text() for text in axes[0].figure.findobj(matplotlib.text.Text)]
    assert any("一" <= sign <= "龥" for text in texts for sign in text)


def test_it_is_the_picture_of_the_page(run):
    own = policymix.figures.additionality(run)
    with style.speaking("en"):
        page = figures.additionality(run)
    assert [axis.get_title(loc="left") for axis in own] == [axis.get_title(loc="left") for axis in page.axes]
    assert [p.get_width() for axis in own for p in axis.patches] == [
        p.get_width() for a in page.axes for p in a.patches
    ]
    assert not style._for_notebooks.get()


def test_any_outcome_has_its_path_and_no_other(run):
    axes = policymix.figures.paths(run, "employment", place="zone")
    assert len(axes) == 2 * run.sizes["mix"] - 1  # the key stands in the panel without differences
    with pytest.raises(NotFound, match="did you mean 'employment'"):
        policymix.figures.paths(run, "employmnt")
    with pytest.raises(InvalidValue, match="one of en, zh, both"):
        policymix.figures.money(run, lang="fr")
    with pytest.raises(InvalidValue, match="no mix 'none', their baseline"):
        policymix.figures.money(run.sel(mix=["both"]))
    with pytest.raises(InvalidValue, match="a run without targets"):
        policymix.figures.scorecard(run.assign_attrs(targets="[]"))


def test_targets_are_found_by_their_names(run):
    named = run.assign_attrs(targets='["dalian-2020/t2", "dalian-2020/t4", "nowhere/t1"]')
    axis = policymix.figures.scorecard(named, lang="zh")
    assert [label.get_text().split("\n")[0] for label in axis.get_yticklabels()] == ["数字经济核心产业增加值占比(2025)"]


def test_a_fit_has_its_figures():
    fit = open_fit(catalog.data_root() / "calibration" / "posterior" / "dalian.nc")
    axis = policymix.figures.moments(fit)
    assert len(axis.get_yticks()) == fit.sizes["moment"]
    first = axis.get_yticklabels()[0].get_text().strip("()")
    missed = fit.moment.values[~fit.covered.values]
    assert first in missed  # misses stand first
    bars = policymix.figures.numbers(fit).patches
    ratio = dict(zip(fit.number.values.tolist(), fit.ratio.values.tolist(), strict=True))
    assert sorted(bar.get_width() for bar in bars) == sorted(ratio[str(name)] for name in fit.parameter.values)
