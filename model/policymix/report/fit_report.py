"""A fit in words and tables: what it misses first, then what published figures say of each number."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray
    from rich.console import Console

MOMENTS = ("moment 矩", "published 公布", "priors 先验 5-95 %", "posterior 后验 5-95 %", "miss 偏差", "")
NUMBERS = ("number 参数", "posterior 后验 5-50-95 %", "spread 离差比", "R-hat", "samples 有效样本", "recovered 复原")
UNIDENTIFIED = (
    "City series identify levels, flows of the ladder and take-up, not effect sizes: every number that is not listed "
    "keeps its prior (ratio 1). 城市序列不能识别政策效应大小,未列参数的后验即先验。"
)


def print_fit(fit: xarray.Dataset, console: Console) -> None:
    """Print a fit: verdict, moments with misses first, numbers by how much the figures say of them, conflicts."""
    from rich.table import Table

    for line in verdict(fit):
        console.print(line)
    for title, head, rows in (
        ("Moments 矩", MOMENTS, moment_rows(fit)),
        ("Fitted numbers 拟合参数", NUMBERS, number_rows(fit)),
    ):
        table = Table(title=title, title_justify="left")
        for column in head:
            table.add_column(column)
        for row in rows:
            table.add_row(*row)
        console.print(table)
    console.print(UNIDENTIFIED)
    for conflict in json.loads(fit.attrs["conflicts"]):
        console.print(f"conflict 冲突: {conflict['what']}: {conflict['figures']}; follows {conflict['follows']}")


def verdict(fit: xarray.Dataset) -> list[str]:
    """Whether it has converged, covers its figures and recovers known numbers, in a few lines."""
    done = "converged" if fit.attrs["converged"] else "HAS NOT CONVERGED"
    lines = [
        f"{fit.attrs['region']}, figures up to {fit.attrs['until']}, {fit.attrs['simulations']} simulations: {done}"
        + (
            f" (R-hat {float(fit.rhat.max()):.3f}, {float(fit.effective_size.min()):.0f} samples)"
            if fit.rhat.size
            else ""
        )
    ]
    here = fit.fitted.values
    moved = here & fit.identifies.values
    held = int(fit.covered.values[moved].sum())
    lines.append(f"90 % intervals hold {held} of the {int(moved.sum())} fitted figures that some fitted number moves")
    others = ~here & (fit.year.values > int(fit.attrs["until"]))
    if others.any():
        held, inner = int(fit.covered.values[others].sum()), int(fit.covered_80.values[others].sum())
        lines.append(f"of {int(others.sum())} later figures, 90 % intervals hold {held}, 80 % intervals {inner}")
    if math.isfinite(fit.attrs["recovery"]):
        lines.append(
            f"synthetic truths inside their 90 % interval: {fit.attrs['recovery']:.0%} over identified numbers; "
            f"ranks of truths: least probability of such unevenness {float(fit.uniformity.min()):.3f} "
            f"of {fit.sizes['parameter']} numbers"
        )
    still = [str(name) for name in fit.moment.values[here & ~moved]]
    if still:
        lines.append(f"moved by no fitted number: {', '.join(still)}")
    return lines


def moment_rows(fit: xarray.Dataset) -> list[tuple[str, ...]]:
    """A row a moment: misses first, by their size."""
    order = sorted(range(fit.sizes["moment"]), key=lambda m: (bool(fit.covered[m]), -abs(float(fit.miss[m]))))
    rows: list[tuple[str, ...]] = []
    for m in order:
        one = fit.isel(moment=m)
        told = "" if bool(one.covered) else "MISS"
        role = "fitted" if bool(one.fitted) else "later" if int(one.year) > int(fit.attrs["until"]) else "check"
        bound = {0.0: "", 1.0: "at most", -1.0: "at least"}[float(one.side)]
        rows.append(
            (
                str(one.moment.values),
                f"{_shown(float(one.published), bool(one.log))} {bound}".strip(),
                _interval(one.prior_prediction.values, bool(one.log)),
                _interval(one.prediction.values, bool(one.log)),
                f"{float(one.miss):+.1f}",
                f"{told} {role}".strip(),
            )
        )
    return rows


def number_rows(fit: xarray.Dataset) -> list[tuple[str, ...]]:
    """A row a fitted number, the best identified first."""
    ratio = {str(name): float(value) for name, value in zip(fit.number.values, fit.ratio.values, strict=True)}
    names = [str(name) for name in fit.parameter.values]
    rows: list[tuple[str, ...]] = []
    for p in sorted(range(len(names)), key=lambda p: ratio[names[p]]):
        low, middle, high = (float(x) for x in fit.value.isel(parameter=p).quantile((0.05, 0.5, 0.95)))
        one = fit.isel(parameter=p)
        rows.append(
            (
                names[p],
                f"{low:.4g}  {middle:.4g}  {high:.4g}",
                f"{ratio[names[p]]:.2f}",
                f"{float(one.rhat):.3f}",
                f"{float(one.effective_size):.0f}",
                f"{float(one.recovered.mean()):.0%}",
            )
        )
    return rows


def _shown(value: float, log: bool) -> str:
    return f"{math.exp(value) if log else value:,.4g}"


def _interval(ends, log: bool) -> str:
    return f"{_shown(float(ends[0]), log)} to {_shown(float(ends[-1]), log)}"
