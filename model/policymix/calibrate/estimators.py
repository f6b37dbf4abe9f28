"""Estimators as pure functions of sums: what one run contributes adds up over runs, so runs can also be pooled.

Each function takes the sums of a run, or of all runs together, and gives a number or an `Unidentified` with the reason.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MEASURES = ("relative", "log", "difference", "total")
TINY = 1e-9


class Unidentified(NamedTuple):
    """No number can be given, and why."""

    why: str


Answer = float | Unidentified


def contrast(sums: np.ndarray, measure: str, least: int) -> Answer:
    """One group or mix against another.

    .. math:: (y_1/p_1)/(y_0/p_0) - 1, \\quad \\ln\\frac{y_1/p_1}{y_0/p_0}, \\quad y_1/p_1 - y_0/p_0, \\quad y_1 - y_0

    Parameters
    ----------
    sums : float64[6]
        Firms, sum of the outcome and of what it is divided by (the number of firms where nothing is named), first of
        the treated, then of the others.
    measure : relative, log, difference or total
    least : int
        Fewest firms on either side.

    Returns
    -------
    float or Unidentified
        In shares (relative, log), else in the outcome's unit.
    """
    n1, y1, p1, n0, y0, p0 = sums
    for side, firms in (("treated", n1), ("untreated", n0)):
        if firms < least:
            return Unidentified(f"{firms:.0f} {side} firms, fewer than {least}")
    if measure == "total":
        return float(y1 - y0)
    if abs(p1) < TINY or abs(p0) < TINY:
        return Unidentified("nothing to divide by")
    if measure == "difference":
        return float(y1 / p1 - y0 / p0)
    return _against(y1 / p1, y0 / p0, measure)


def _against(first: float, second: float, measure: str) -> Answer:
    if second <= TINY or (measure == "log" and first <= TINY):
        return Unidentified("the comparison's outcome is not above nought")
    return float(np.log(first / second) if measure == "log" else first / second - 1.0)


def difference_in_differences(sums: np.ndarray, measure: str, least: int) -> Answer:
    """Change of the treated against the change of the others.

    .. math:: \\frac{T_1/T_0}{C_1/C_0} - 1, \\quad \\text{its log}, \\quad (T_1 - T_0) - (C_1 - C_0)

    Parameters
    ----------
    sums : float64[4, 3]
        Rows treated after, treated before, untreated after, untreated before; columns firms, outcome, divisor.
    measure : relative, log or difference

    Returns
    -------
    float or Unidentified
    """
    for side, firms in (("treated", sums[0, 0]), ("untreated", sums[2, 0])):
        if firms < least:
            return Unidentified(f"{firms:.0f} {side} firms, fewer than {least}")
    if np.any(np.abs(sums[:, 2]) < TINY):
        return Unidentified("nothing to divide by")
    t1, t0, c1, c0 = sums[:, 1] / sums[:, 2]
    if measure == "difference":
        return float((t1 - t0) - (c1 - c0))
    if min(t0, c0, c1) <= TINY:
        return Unidentified("an outcome of the comparison is not above nought")
    return _against(t1 / t0, c1 / c0, measure)


def share(sums: np.ndarray, least: int) -> Answer:
    """Outcome over divisor of one group under one mix; ``sums`` is firms, outcome, divisor."""
    firms, y, p = sums
    if firms < least:
        return Unidentified(f"{firms:.0f} firms, fewer than {least}")
    return float(y / p) if abs(p) >= TINY else Unidentified("nothing to divide by")


def path(sums: np.ndarray, measure: str, least: int) -> list[Answer]:
    """An event study: the contrast (float64[quarters, 6]) or difference in differences (float64[quarters, 4, 3]) of
    every quarter."""
    one = contrast if sums.ndim == 2 else difference_in_differences
    return [one(each, measure, least) for each in sums]


def summary_of(steps: list[Answer], summary: str) -> Answer:
    """Mean, largest, smallest, first or last of a path; one step that is not identified leaves none."""
    bad = next((each for each in steps if isinstance(each, Unidentified)), None)
    if bad is not None or not steps:
        return bad or Unidentified("no quarter in the window")
    values = np.array(steps, float)
    if summary in ("first", "last"):
        return float(values[0 if summary == "first" else -1])
    return float(values.mean() if summary == "mean" else values.max() if summary == "max" else values.min())


def discontinuity_sums(running: np.ndarray, outcome: np.ndarray, bandwidth: float) -> np.ndarray:
    """Normal equations of two straight lines, one on each side of nought, with triangular weights 1 - |x| / h.

    Parameters
    ----------
    running : float64[firms]
        Distance x from the cut-off; nought and above is treated.
    outcome : float64[firms]
    bandwidth : float
        h, in units of the running variable.

    Returns
    -------
    float64[2, 3, 3]
        Below and above: observations with weight, and sums of w, w x, w x^2, w y, w x y in the order
        [[n, w, wx], [wx2, wy, wxy], [distinct, 0, 0]].
    """
    good = np.isfinite(running) & np.isfinite(outcome) & (np.abs(running) < bandwidth)
    out = np.zeros((2, 3, 3))
    for side in (0, 1):
        here = good & ((running >= 0.0) == bool(side))
        x, y = running[here], outcome[here]
        w = 1.0 - np.abs(x) / bandwidth
        out[side] = [
            [x.size, w.sum(), (w * x).sum()],
            [(w * x * x).sum(), (w * y).sum(), (w * x * y).sum()],
            [np.unique(x).size, 0.0, 0.0],
        ]
    return out


def discontinuity(sums: np.ndarray, measure: str, least: int) -> Answer:
    """Jump of the outcome at the cut-off by local linear regression (sums of `discontinuity_sums`).

    Parameters
    ----------
    measure : difference, or relative to the limit from below

    Returns
    -------
    float or Unidentified
    """
    limits = []
    for name, ((n, w, wx), (wxx, wy, wxy), (distinct, _, _)) in zip(("below", "above"), sums, strict=True):
        if n < least:
            return Unidentified(f"{n:.0f} firms {name} the cut-off within the bandwidth, fewer than {least}")
        spread = w * wxx - wx * wx
        if distinct < 3 or spread <= 1e-12 * max(w * wxx, TINY):
            return Unidentified(f"the running variable does not vary {name} the cut-off")
        limits.append((wxx * wy - wx * wxy) / spread)
    if measure == "difference":
        return float(limits[1] - limits[0])
    return _against(limits[1], limits[0], measure)


def ranked_cutoff(score: np.ndarray, granted: np.ndarray) -> float:
    """The score from which claims were granted: half way between the two that part them with the fewest exceptions.

    Where whole amounts are served in their order, a small claim below the cut-off may still fit into what is left.

    Parameters
    ----------
    score : float64[claims]
    granted : bool[claims], at least one true and one false
    """
    order = np.argsort(score, kind="stable")
    ranked, got = score[order], granted[order]
    granted_below = np.concatenate([[0], np.cumsum(got)])
    refused_above = (~got).sum() - np.concatenate([[0], np.cumsum(~got)])
    cut = int(np.argmin((granted_below + refused_above)[1:-1])) + 1 if ranked.size > 1 else 0
    return float(0.5 * (ranked[cut - 1] + ranked[cut]))


def bins_of(values: np.ndarray, line: float, width: float, reach: tuple[float, float]) -> np.ndarray:
    """Firms by bins of the relative distance to a line, ln(value / line); a bin never spans the line.

    Parameters
    ----------
    values : float64[observations], those not above nought are left out
    line : float
    width : float
        Of a bin, in log points.
    reach : (float, float)
        Log points below (negative) and above the line that are looked at; whole bins.

    Returns
    -------
    float64[bins]
    """
    first, last = round(reach[0] / width), round(reach[1] / width)
    good = values[np.isfinite(values) & (values > 0.0)]
    # a firm exactly at the line is on the side that the line admits: the tolerance keeps rounding from moving it
    number = np.floor(np.log(good / line) / width + 1e-9).astype(int)
    inside = number[(number >= first) & (number < last)]
    return np.bincount(inside - first, minlength=last - first).astype(float)


def smooth(counts: np.ndarray, excluded: np.ndarray, degree: int) -> np.ndarray:
    """Counterfactual counts: a polynomial through the bins that are not excluded, never below nought."""
    x = np.linspace(-1.0, 1.0, counts.size)
    fit = np.polynomial.Polynomial.fit(x[~excluded], counts[~excluded], degree)
    return np.maximum(fit(x), 0.0)


def bunching(
    counts: np.ndarray, other: np.ndarray | None, line_bin: int, near: int, *, side: str, measure: str, degree: int,
    least: int,
) -> Answer:  # fmt: skip
    """Mass that a line attracts, or that is missing beside it, against a counterfactual distribution.

    .. math:: \\text{excess} = \\frac{\\sum_{near} (h - h^0)}{\\overline{h^0}_{near}}, \\quad
              \\text{missing} = 1 - \\frac{\\sum_{near} h}{\\sum_{near} h^0}, \\quad
              \\text{ratio} = \\frac{\\sum_{near} h}{\\sum_{near} h^0} - 1

    Parameters
    ----------
    counts : float64[bins]
        h, firms by bin.
    other : float64[bins] or None
        h^0, the paired control's; without, a polynomial through the bins further than ``near`` from the line.
    line_bin : int
        First bin above the line.
    near : int
        Bins on one side that count.
    side : below or above
        Which side is measured.
    measure : excess (in bins), missing or ratio (shares)
    degree : int
        Of the polynomial.

    Returns
    -------
    float or Unidentified
    """
    here = slice(line_bin - near, line_bin) if side == "below" else slice(line_bin, line_bin + near)
    if other is None:
        excluded = np.zeros(counts.size, bool)
        excluded[max(0, line_bin - near) : line_bin + near] = True
        if (~excluded).sum() < degree + 2:
            return Unidentified("too few bins beside the line for the polynomial")
        other = smooth(counts, excluded, degree)
    if other[here].sum() < least:
        return Unidentified(f"{other[here].sum():.0f} firms expected {side} the line, fewer than {least}")
    seen, expected = counts[here].sum(), other[here].sum()
    if measure == "excess":
        return float((seen - expected) / (expected / near))
    return float(1.0 - seen / expected if measure == "missing" else seen / expected - 1.0)


def combined(first: Answer, second: Answer, how: str) -> Answer:
    """One estimate over another, or less another."""
    if isinstance(first, Unidentified):
        return first
    if isinstance(second, Unidentified):
        return Unidentified(f"against: {second.why}")
    if how == "difference":
        return first - second
    return first / second if abs(second) > TINY else Unidentified("against: an effect of nought")
