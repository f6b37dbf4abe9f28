"""Firm panels: one row a firm and quarter, kept while a unit runs.

A recorder looks at a city after each quarter and changes nothing, so that a run with a panel is the run without it.
Flows are sums since the record before; stocks stand at the end of the quarter.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from .claims import CLAIMANTS, G_APPROVED, G_INVESTMENT, G_RECEIVED, G_RESEARCH, SLOTS, City
from .symbols import (
    ACCOUNT,
    AGE,
    ALIVE,
    BOUGHT_DIGITAL,
    BUILD,
    BUILD_LEFT,
    CAPITAL,
    FIRM,
    FUNDS,
    INDUSTRY,
    JOBS,
    LN_SIZE,
    OWN_DIGITAL,
    PLACE,
    REPORTED,
    RESEARCH,
    REVENUE_1,
    REVENUE_NOW,
    STEPS_HELD,
    SUM_INVESTMENT,
    SUM_RESEARCH,
    SUM_VALUE,
)


@dataclass(frozen=True)
class Variable:
    """A column of a panel."""

    name: str
    units: str
    long_name: str
    long_name_zh: str
    flow: bool = False


VARIABLES = (
    Variable("firm", "1", "Address of the firm", "企业编号"),
    Variable("industry", "1", "Industry, position in the region file", "行业序号"),
    Variable("place", "1", "Place, position in the region file", "区域序号"),
    Variable("alive", "1", "1 while active, 0 in the quarter of exit", "存续"),
    Variable("age", "years", "Age", "企业年龄"),
    Variable("demand_state", "CNY/year", "Demand state S at constant prices", "需求状态"),
    Variable("capital", "CNY", "Capital", "资本存量"),
    Variable("funds", "CNY", "Liquid funds", "流动资金"),
    Variable("building", "CNY/quarter", "Spending on the project under way", "在建项目季度投资"),
    Variable("build_left", "quarters", "Quarters of it still to come", "在建项目剩余季度"),
    Variable("employment", "persons", "Staff", "用工人数"),
    Variable("own_digital", "1", "Digital equipment of its own", "自有数字设备"),
    Variable("bought_digital", "1", "Share of the service budget bought outside", "外购数字服务份额"),
    Variable("steps", "1", "Rungs held, a bit mask", "梯度企业资格"),
    Variable("approved", "1", "Has a granted claim on a package under study", "已获批"),
    Variable("investment", "CNY", "Investment", "投资", flow=True),
    Variable("value_added", "CNY", "Value added", "增加值", flow=True),
    Variable("revenue", "CNY", "Revenue as reported", "营业收入", flow=True),
    Variable("real_rd", "CNY", "Real R&D", "实际研发", flow=True),
    Variable("reported_rd", "CNY", "Reported R&D", "申报研发", flow=True),
    Variable("received", "CNY", "Money received from packages, at constant prices", "收到的政策资金", flow=True),
    Variable("claimed_investment", "CNY", "Investment that granted claims refer to", "获批投资", flow=True),
    Variable("claimed_rd", "CNY", "R&D that granted claims refer to", "获批研发", flow=True),
)
FLOWS = tuple(each.name for each in VARIABLES if each.flow)
STOCK_COLUMNS = {
    "firm": FIRM,
    "industry": INDUSTRY,
    "place": PLACE,
    "alive": ALIVE,
    "capital": CAPITAL,
    "funds": FUNDS,
    "building": BUILD,
    "build_left": BUILD_LEFT,
    "employment": JOBS,
    "own_digital": OWN_DIGITAL,
    "bought_digital": BOUGHT_DIGITAL,
    "steps": STEPS_HELD,
}
SUM_COLUMNS = {"investment": SUM_INVESTMENT, "value_added": SUM_VALUE, "real_rd": SUM_RESEARCH}
ACCOUNT_COLUMNS = {"received": G_RECEIVED, "claimed_investment": G_INVESTMENT, "claimed_rd": G_RESEARCH}


@dataclass
class Track:
    """What a recorder knows of one run: cumulative flows by slot, what the firms were a quarter ago, its records."""

    total: dict[str, np.ndarray] = field(default_factory=dict)
    recorded: dict[str, np.ndarray] = field(default_factory=dict)
    ratio: np.ndarray = field(default_factory=lambda: np.zeros(0))
    revenue_now: np.ndarray = field(default_factory=lambda: np.zeros(0))
    dead: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    gone: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    rows: list[dict[str, np.ndarray]] = field(default_factory=list)
    quarters: list[int] = field(default_factory=list)


class Recorder:
    """Keeps the firm-quarters of every run of one unit.

    Parameters
    ----------
    every : int
        Quarters between records; flows are sums over them.
    first : int
        Quarter, counted from the start of the burn-in, after which the first record is made. A record is made after
        quarters ``first``, ``first + every``, ...
    keep : collection of str, optional
        Columns to keep beside ``firm``; all by default.
    """

    def __init__(self, every: int = 1, first: int = 0, keep: Collection[str] | None = None) -> None:
        self.every, self.first = every, first
        self.keep = {name for name in (v.name for v in VARIABLES) if keep is None or name in keep} | {"firm"}
        self.tracks: dict[tuple[str, int], Track] = {}

    def watch(self, mix: str, mode: int, quarter: int, calendar: int, city: City) -> None:
        """Look at a city after a quarter."""
        track = self.tracks.setdefault((mix, mode), Track())
        n = int(city.count[SLOTS])
        firms = city.firms[:, :n]
        for name, flow in self._flows(track, firms, city, calendar % 4 == 3).items():
            track.total[name] = _longer(track.total.get(name), n) + flow
        track.ratio = np.exp(firms[REPORTED] - firms[RESEARCH])
        track.revenue_now = firms[REVENUE_NOW].copy()
        for name, column in (*SUM_COLUMNS.items(), *ACCOUNT_COLUMNS.items()):
            track.total[name] = firms[column].copy() if name in SUM_COLUMNS else _of_account(city, n, column)
        track.dead, track.gone = firms[ALIVE] < 0.5, _longer(track.gone, n)
        if quarter >= self.first and (quarter - self.first) % self.every == 0:
            self._record(track, quarter, firms, city)

    def _flows(self, track: Track, firms: np.ndarray, city: City, year_ends: bool) -> dict[str, np.ndarray]:
        """Revenue and reported R&D of the quarter, which no column sums up."""
        n = firms.shape[1]
        before = _longer(track.revenue_now, n)
        revenue = firms[REVENUE_1] - before if year_ends else firms[REVENUE_NOW] - before
        research = firms[SUM_RESEARCH] - _longer(track.total.get("real_rd"), n)
        ratio = np.ones(n)
        ratio[: track.ratio.size] = track.ratio
        return {"revenue": np.where(_longer(track.dead, n), 0.0, revenue), "reported_rd": research * ratio}

    def _record(self, track: Track, quarter: int, firms: np.ndarray, city: City) -> None:
        n = firms.shape[1]
        kept = ~track.gone
        row = {name: firms[column, kept] for name, column in STOCK_COLUMNS.items()}
        row["age"] = 0.25 * firms[AGE, kept]
        row["demand_state"] = np.exp(firms[LN_SIZE, kept])
        row["approved"] = (_of_account(city, n, G_APPROVED) > 0.5)[kept].astype(float)
        for name in FLOWS:
            row[name] = (track.total[name] - _longer(track.recorded.get(name), n))[kept]
            track.recorded[name] = track.total[name].copy()
        row = {name: values for name, values in row.items() if name in self.keep}
        track.gone = track.gone | (firms[ALIVE] < 0.5)
        track.rows.append(row)
        track.quarters.append(quarter)

    def panel(self, mix: str, mode: int) -> dict[str, np.ndarray]:
        """All records of a run as columns of ``VARIABLES``, with ``quarter`` counted from the start of the burn-in."""
        track = self.tracks[mix, mode]
        sizes = [len(row["firm"]) for row in track.rows]
        names = [v.name for v in VARIABLES if v.name in self.keep]
        columns = {name: np.concatenate([row[name] for row in track.rows]) for name in names}
        return {"quarter": np.repeat(track.quarters, sizes), **columns}


def _longer(values: np.ndarray | None, n: int) -> np.ndarray:
    """Values by slot, noughts for the slots taken since."""
    if values is None:
        return np.zeros(n)
    if values.size == n:
        return values
    out = np.zeros(n, values.dtype)
    out[: values.size] = values
    return out


def _of_account(city: City, n: int, column: int) -> np.ndarray:
    """A number of the claimants' table by slot; 0 without claims."""
    account = city.firms[ACCOUNT, :n].astype(np.int64)
    out = np.zeros(n)
    if city.count[CLAIMANTS]:
        has = account >= 0
        out[has] = city.gross[account[has], column]
    return out
