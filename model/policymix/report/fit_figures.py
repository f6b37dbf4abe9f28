"""Pictures of a fit: what it makes of every published figure, and what the figures say of every fitted number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from policymix.report.style import GREY, INK, LIGHT, PALETTE, TARGET, across, drawing, heading, margin, new_figure, said

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

ROW = 0.26
FARTHEST = 150.0
"""Per cent of a published figure at which the axis ends."""


def moments(fit: xarray.Dataset) -> Figure:
    """Every figure as a run would publish it, under priors and posterior (5-95 %), in per cent off the published one.

    Growth rates and shares are off in percentage points. Misses first; a name in brackets was not fitted. ``fit`` is
    that of ``experiments.posterior.open_fit``.
    """
    with drawing():
        order = sorted(
            range(fit.sizes["moment"]), key=lambda m: (bool(fit.covered.values[m]), -abs(float(fit.miss.values[m])))
        )
        prior, posterior = (_off(fit, name)[order] for name in ("prior_prediction", "prediction"))
        figure = new_figure(8.6, 1.6 + ROW * len(order))
        heading(
            figure,
            f"{fit.attrs['region']}: published figures (0) against 5-95 % of what runs would publish; misses first",
            f"{fit.attrs['region']}:公布值(0)与运行所得 5—95% 之差,未覆盖者在前",
        )
        axis = figure.subplots()
        margin(figure)
        places = range(len(order))
        axis.hlines(places, prior[:, 0], prior[:, -1], color=LIGHT, linewidth=5, label=said("priors", "先验"))
        axis.hlines(places, posterior[:, 0], posterior[:, -1], color=PALETTE[0], linewidth=2.2,
                    label=said("posterior", "后验"))  # fmt: skip
        held = fit.covered.values[order]
        for place, middle, inside in zip(places, posterior[:, posterior.shape[1] // 2], held, strict=True):
            axis.plot(middle, place, "o", color=PALETTE[0] if inside else TARGET, markersize=4.5)
        missed = said("median; the interval misses the figure", "中位数;区间未覆盖公布值")
        axis.plot([], [], "o", color=TARGET, label=missed)
        axis.axvline(0.0, color=INK, linewidth=1.0)
        reach = min(FARTHEST, 1.05 * float(np.abs(np.concatenate([prior, posterior])).max()))
        axis.set_xlim(-min(100.0, reach), reach)
        names = [str(fit.moment.values[m]) for m in order]
        fitted = fit.fitted.values[order]
        axis.set_yticks(
            list(places), [n if f else f"({n})" for n, f in zip(names, fitted, strict=True)], fontsize=7.5
        )  # fmt: skip
        axis.set_ylim(len(order) - 0.4, -0.6)
        english = "off the published figure, % (growth and shares: points); in brackets: not fitted"
        axis.set_xlabel(said(english, "与公布值之差,%(增速和占比为百分点);括号:未参与拟合"))
        across(axis, 6)
        figure.legend(loc="outside lower center", ncols=3)
        return figure


def numbers(fit: xarray.Dataset) -> Figure:
    """Spread of every fitted number after the fit over that before it: 1 where the figures say nothing of it."""
    with drawing():
        ratio = dict(zip(map(str, fit.number.values), fit.ratio.values.tolist(), strict=True))
        names = sorted(map(str, fit.parameter.values), key=lambda name: ratio[name])
        figure = new_figure(8.0, 1.5 + ROW * max(3, len(names)))
        heading(
            figure,
            f"{fit.attrs['region']}: spread of each fitted number, posterior over prior (1: the figures say nothing)",
            f"{fit.attrs['region']}:各拟合参数的离差,后验与先验之比(1:数据未提供信息)",
        )
        axis = figure.subplots()
        margin(figure)
        axis.barh(range(len(names)), [ratio[name] for name in names], color=PALETTE[0], height=0.62)
        axis.axvline(1.0, color=GREY, linestyle=":", linewidth=1.4)
        axis.set_yticks(range(len(names)), names, fontsize=7.5)
        axis.set_ylim(len(names) - 0.4, -0.6)
        axis.set_xlabel(said("posterior spread over prior spread", "后验离差/先验离差"))
        across(axis, 6)
        return figure


def _off(fit: xarray.Dataset, name: str) -> np.ndarray:
    """What would be published less the published figure, in per cent of it; of growth and shares, in points.

    float64[moment, end].
    """
    published, values = fit["published"].values[:, None], fit[name].values
    log = fit["log"].values[:, None].astype(bool)
    gap = values - published
    return 100.0 * np.where(log, np.expm1(np.where(log, gap, 0.0)), gap)
