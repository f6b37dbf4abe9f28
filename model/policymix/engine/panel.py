"""Firm panels: one row a firm and quarter, kept while a unit runs.

A recorder looks at a city after each quarter and changes nothing, so that a run with a panel is the run without it.
Flows are sums since the record before; stocks stand at the end of the quarter. A firm's last row is that of the period
in which it leaves.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from .claims import (
    CL_RECOVERED,
    CL_SLOT,
    CLAIMANTS,
    G_APPROVED,
    G_INVESTMENT,
    G_RECEIVED,
    G_RESEARCH,
    ROWS_USED,
    SLOTS,
    City,
)
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
    KNOWLEDGE,
    LN_SIZE,
    LUCK,
    OWN_DIGITAL,
    PLACE,
    RELIEF_END,
    REPORTED_NOW,
    REVENUE_1,
    REVENUE_NOW,
    STEPS_HELD,
    SUM_INVESTMENT,
    SUM_RESEARCH,
    SUM_VALUE,
)
from .table import column_of, numbers_of
from .world import RECORD_ADDRESSES


@dataclass(frozen=True)
class Variable:
    """A column of a panel: a flow of the period, or a stock at its end; a flag is 1 or 0."""

    name: str
    units: str
    long_name: str
    long_name_zh: str
    flow: bool = False
    flag: bool = False


VARIABLES = (
    Variable("quarters", "quarters", "Quarters that the flows of the row cover", "流量所覆盖的季度数"),
    Variable("firm", "1", "Address of the firm, the same under every mix of a draw and replicate", "企业编号"),
    Variable("industry", "1", "Industry, position in the region file", "行业序号"),
    Variable("place", "1", "Place at the end of the period, position in the region file", "期末所在区域序号"),
    Variable("place_before", "1", "Place at the start of the period, or of entry", "期初(或进入时)所在区域序号"),
    Variable("alive", "1", "Active at the end of the period", "期末存续", flag=True),
    Variable("entered", "1", "Entered in the period", "本期新进入", flag=True),
    Variable("exited", "1", "Left the market in the period", "本期退出", flag=True),
    Variable("moved", "1", "Changed its place in the period", "本期迁址", flag=True),
    Variable(
        "record",
        "1",
        "A large firm of the region file: neither leaves nor moves",
        "区域文件所列大型企业",
        flag=True,
    ),
    Variable("age", "years", "Age", "企业年龄"),
    Variable("demand_state", "CNY/year", "Demand state S at constant prices", "需求状态"),
    Variable(
        "luck_growth", "1", "Idiosyncratic log growth of the demand state since the start", "分叉以来的个体对数增长"
    ),
    Variable("capital", "CNY", "Capital", "资本存量"),
    Variable("under_construction", "CNY", "Part of the project under way still to be spent", "在建项目待投金额"),
    Variable("building", "CNY/quarter", "Quarterly spending on the project under way or built last", "项目季度投资"),
    Variable("build_left", "quarters", "Quarters of the project still to come", "在建项目剩余季度"),
    Variable("funds", "CNY", "Liquid funds", "流动资金"),
    Variable("employment", "persons", "Staff", "用工人数"),
    Variable("knowledge", "1", "Log stock of real R&D against the normal path of the industry", "研发存量(对数偏离)"),
    Variable("own_digital", "1", "Digital equipment of its own", "自有数字设备", flag=True),
    Variable("bought_digital", "1", "Share of the service budget bought outside", "外购数字服务份额"),
    Variable("steps", "1", "Rungs held, a bit mask", "梯度企业资格"),
    Variable("approved", "1", "Has had a granted claim on a package under study", "已获批", flag=True),
    Variable("recovered", "1", "Has had to pay money back", "曾被追回资金", flag=True),
    Variable("rent_relief", "1", "Rent relief is running", "租金减免期内", flag=True),
    Variable("investment", "CNY", "Investment", "投资", flow=True),
    Variable("value_added", "CNY", "Value added", "增加值", flow=True),
    Variable("revenue", "CNY", "Revenue as reported", "营业收入", flow=True),
    Variable("real_rd", "CNY", "Real R&D", "实际研发", flow=True),
    Variable("reported_rd", "CNY", "Reported R&D", "申报研发", flow=True),
    Variable(
        "received",
        "CNY",
        "Money received from packages, older ones included, net of what was recovered",
        "收到的政策资金(扣除追回)",
        flow=True,
    ),
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
    "knowledge": KNOWLEDGE,
    "luck_growth": LUCK,
    "own_digital": OWN_DIGITAL,
    "bought_digital": BOUGHT_DIGITAL,
    "steps": STEPS_HELD,
}
SUM_COLUMNS = {"investment": SUM_INVESTMENT, "value_added": SUM_VALUE, "real_rd": SUM_RESEARCH}
ACCOUNT_COLUMNS = {
    "received": G_RECEIVED,
    "claimed_investment": G_INVESTMENT,
    "claimed_rd": G_RESEARCH,
    "approved": G_APPROVED,
}


@dataclass
class Track:
    """What a recorder knows of one run: cumulative flows by slot, what the firms were a quarter ago, its records."""

    total: dict[str, np.ndarray] = field(default_factory=dict)
    recorded: dict[str, np.ndarray] = field(default_factory=dict)
    revenue_now: np.ndarray = field(default_factory=lambda: np.zeros(0))
    reported_now: np.ndarray = field(default_factory=lambda: np.zeros(0))
    place: np.ndarray = field(default_factory=lambda: np.zeros(0))
    place_before: np.ndarray = field(default_factory=lambda: np.zeros(0))
    moved: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    dead: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    gone: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    watched: int = 0
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
    last : int, optional
        Quarter after which a record is made in any case, over however few quarters.
    keep : collection of str, optional
        Columns to keep beside ``firm``; all by default.
    """

    def __init__(
        self, every: int = 1, first: int = 0, last: int | None = None, keep: Collection[str] | None = None
    ) -> None:
        self.every, self.first, self.last = every, first, last
        self.names = tuple(v.name for v in VARIABLES if keep is None or v.name in keep or v.name == "firm")
        self.tracks: dict[tuple[str, int], Track] = {}

    def start(self, mix: str, mode: int, city: City) -> None:
        """Look at a city where its mix forks, so that its first quarter is told from what went before."""
        track = self.tracks.setdefault((mix, mode), Track())
        self._look(track, numbers_of(city.firms, slice(0, int(city.count[SLOTS]))))
        track.place_before = track.place

    def watch(self, mix: str, mode: int, quarter: int, calendar: int, city: City) -> None:
        """Look at a city after a quarter."""
        track = self.tracks.setdefault((mix, mode), Track())
        n = int(city.count[SLOTS])
        firms = numbers_of(city.firms, slice(0, n))
        for name, flow in self._flows(track, firms, calendar % 4).items():
            track.total[name] = _longer(track.total.get(name), n) + flow
        for name, column in SUM_COLUMNS.items():
            track.total[name] = firms[column].copy()
        left = _longer(track.dead, n)  # what is decided on a firm's claims after its exit is no activity of its
        for name, column in ACCOUNT_COLUMNS.items():
            known = _longer(track.total.get(name), n)
            track.total[name] = np.where(left, known, _of_account(city, n, column))
        old = track.place.size
        track.moved, track.gone = _longer(track.moved, n), _longer(track.gone, n)
        track.moved[:old] |= track.place != firms[PLACE, :old]
        track.place_before = np.concatenate((track.place_before, firms[PLACE, track.place_before.size :]))
        self._look(track, firms)
        track.watched += 1
        regular = quarter >= self.first and (quarter - self.first) % self.every == 0
        if regular or quarter == self.last:
            self._record(track, quarter, firms, _recovered_from(city, n))

    def _look(self, track: Track, firms: np.ndarray) -> None:
        """Remember what the next quarter is set against."""
        track.revenue_now, track.reported_now = firms[REVENUE_NOW].copy(), firms[REPORTED_NOW].copy()
        track.place, track.dead = firms[PLACE].copy(), firms[ALIVE] < 0.5

    def _flows(self, track: Track, firms: np.ndarray, season: int) -> dict[str, np.ndarray]:
        """Revenue and reported R&D of the quarter, which no column sums up.

        The year's revenue so far becomes last year's when a year ends (``season`` 3); reported R&D starts anew when
        one begins.
        """
        n = firms.shape[1]
        revenue = (firms[REVENUE_1] if season == 3 else firms[REVENUE_NOW]) - _longer(track.revenue_now, n)
        reported = firms[REPORTED_NOW] - (0.0 if season == 0 else _longer(track.reported_now, n))
        dead = _longer(track.dead, n)
        return {"revenue": np.where(dead, 0.0, revenue), "reported_rd": np.where(dead, 0.0, reported)}

    def _record(self, track: Track, quarter: int, firms: np.ndarray, recovered: np.ndarray) -> None:
        n = firms.shape[1]
        kept = ~track.gone
        row = {name: firms[column, kept] for name, column in STOCK_COLUMNS.items()}
        row["quarters"] = np.full(int(kept.sum()), float(track.watched))
        row["place_before"], row["moved"] = track.place_before[kept], track.moved[kept].astype(float)
        row["entered"] = (firms[AGE, kept] < track.watched).astype(float)
        row["exited"] = (firms[ALIVE, kept] < 0.5).astype(float)
        row["record"] = (firms[FIRM, kept] < RECORD_ADDRESSES).astype(float)
        row["age"] = 0.25 * firms[AGE, kept]
        row["demand_state"] = np.exp(firms[LN_SIZE, kept])
        row["under_construction"] = firms[BUILD, kept] * firms[BUILD_LEFT, kept]
        row["rent_relief"] = (firms[RELIEF_END, kept] > 0.0).astype(float)
        row["recovered"] = recovered[kept]
        row["approved"] = (track.total["approved"][kept] > 0.5).astype(float)
        for name in FLOWS:
            row[name] = (track.total[name] - _longer(track.recorded.get(name), n))[kept]
            track.recorded[name] = track.total[name].copy()
        track.gone = track.gone | (firms[ALIVE] < 0.5)
        track.place_before, track.moved, track.watched = firms[PLACE].copy(), np.zeros(n, bool), 0
        track.rows.append({name: row[name] for name in self.names})
        track.quarters.append(quarter)

    def panel(self, mix: str, mode: int) -> dict[str, np.ndarray]:
        """All records of a run as columns of ``VARIABLES``, with ``quarter`` counted from the start of the burn-in."""
        track = self.tracks[mix, mode]
        sizes = [len(row["firm"]) for row in track.rows]
        columns = {name: np.concatenate([row[name] for row in track.rows]) for name in self.names}
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


def _recovered_from(city: City, n: int) -> np.ndarray:
    """1 for the slots of firms from which money was taken back, else 0."""
    rows = city.claims[: int(city.count[ROWS_USED])]
    taken = rows[(rows[:, CL_SLOT] >= 0.0) & (rows[:, CL_RECOVERED] > 0.0), CL_SLOT]
    out = np.zeros(n)
    out[taken.astype(np.int64)] = 1.0
    return out


def _of_account(city: City, n: int, column: int) -> np.ndarray:
    """A number of the claimants' table by slot; 0 without claims."""
    account = column_of(city.firms, ACCOUNT)[:n].astype(np.int64)
    out = np.zeros(n)
    if city.count[CLAIMANTS]:
        has = account >= 0
        out[has] = city.gross[account[has], column]
    return out
