"""The panel of firms as a Parquet file: one row a firm and period, with units, names and the run's attributes inside.

Units of work finish in any order and are written in theirs, a row group for each mix, so that the file does not depend
on the number of threads. It is written aside and renamed.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from policymix.engine.booking import mobile_projects
from policymix.engine.claims import City
from policymix.engine.panel import VARIABLES, Recorder, Variable
from policymix.engine.setting import Setting
from policymix.engine.symbols import STEPS
from policymix.engine.timetable import FROZEN
from policymix.engine.world import ground_of, world_of
from policymix.errors import InvalidFile, InvalidValue, NotFound, Problem, RunFailed
from policymix.experiments import store
from policymix.experiments.inputs import Inputs
from policymix.experiments.quarters import last_day, quarters

SUFFIX = ".parquet"
ABOUT = "policymix.firms"
"""Key of the file's metadata under which the attributes stand, as JSON."""
HELD_BACK = 2
"""Units that may wait for an earlier one to be written, before their threads wait too."""
BYTES_A_ROW = 100
"""On disk, measured with Dalian's packages; for the notice before a run."""
ROWS_A_FIRM = 1.25
"""Rows of a quarter over firms of the region file, which counts them before the start; measured likewise."""
STEP_TITLES = {
    "technology_sme": ("Registered as technology SME", "科技型中小企业"),
    "high_tech_enterprise": ("Recognised as high-tech enterprise", "高新技术企业"),
    "chick_eagle": ("Recognised as chick-eagle", "雏鹰企业"),
    "gazelle": ("Recognised as gazelle", "瞪羚企业"),
    "unicorn": ("Recognised as unicorn-type firm", "独角兽类企业"),
    "leading": ("Recognised as leading firm", "领军企业"),
}
OF_THE_RUN = (
    Variable("draw", "1", "Sample of the uncertain parameters", "参数抽样序号"),
    Variable("replicate", "1", "Repetition within the draw", "重复序号"),
    Variable("luck", "1", "Address of the random numbers", "随机数地址"),
    Variable("mix", "", "Packages added in the run", "政策组合"),
    Variable("prices", "", "Treatment of prices: free (rents, wages and local demand react)", "价格处理: 自由调整"),
    Variable("quarter", "", "Last quarter of the period", "期末季度"),
    Variable("date", "", "Last day of the period", "期末日期"),
)
NAMES = ("place", "place_before", "industry")
"""Positions in the region file that the file gives as names."""


@dataclass(frozen=True)
class Wanted:
    """A panel that is to be written: checked, but not begun.

    Attributes
    ----------
    path : Path
    every : int
        Quarters that a row covers.
    """

    path: Path
    every: int


def wanted(path: str | os.PathLike[str] | None, every: int | None = None) -> Wanted | None:
    """Check what was asked for before anything is simulated; None without a path.

    Raises
    ------
    InvalidValue
        Another kind of file, a period below one quarter, a period without a file.
    RunFailed
        pyarrow is missing, or the folder cannot be written.
    """
    if path is None:
        if every is not None:
            raise InvalidValue("--every", f"{every} without --firms", "--firms FILE.parquet beside it")
        return None
    path = Path(path).expanduser()
    if path.suffix.lower() != SUFFIX:
        raise InvalidValue("--firms", str(path), f"a file of Parquet, {SUFFIX}", str(path.with_suffix(SUFFIX)))
    if path.is_dir():
        raise InvalidValue("--firms", f"{path}, which is a folder", f"a file of Parquet, {SUFFIX}")
    whole = isinstance(every, int) and not isinstance(every, bool)
    if every is not None and (not whole or every < 1):
        raise InvalidValue("--every", str(every), "a whole number of quarters, 1 or more")
    arrow()
    store.check_writable(path.parent)
    return Wanted(path, every or 1)


def arrow() -> tuple[Any, Any]:
    """pyarrow and its Parquet module, or one sentence that names the extra."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise RunFailed(
            "a panel of firms needs pyarrow, which is not installed: pip install policymix[parquet]"
        ) from None
    return pyarrow, parquet


def expected(inputs: Inputs, every: int) -> tuple[int, int]:
    """Rows and bytes to expect, from the firms of the region file; a guess within a quarter or so."""
    scenario = inputs.scenario
    periods = -(-len(scenario.quarters()) // every)
    firms = sum(industry.firms.value for industry in inputs.region.industry)
    rows = int(firms * ROWS_A_FIRM * periods * len(scenario.mixes) * scenario.units())
    return rows, rows * BYTES_A_ROW


def columns() -> list[Variable]:
    """Every column of the file in its order: of the run, then of the firm; rungs as flags of their own."""
    found = list(OF_THE_RUN)
    for variable in VARIABLES:
        if variable.name == "steps":
            found += [Variable(step, "1", *STEP_TITLES[step], flag=True) for step in STEPS]
        elif variable.name in NAMES:
            plain = variable.long_name.removesuffix(", position in the region file")
            found.append(Variable(variable.name, "", plain, variable.long_name_zh.removesuffix("序号")))
            if variable.name == "industry":
                found.append(Variable("core", "1", "Core industry of the digital economy", "核心产业", flag=True))
        else:
            found.append(variable)
            if variable.name == "record":
                found.append(Variable("mobile", "1", "Came as a mobile project", "流动项目", flag=True))
    return found


def schema(attributes: Mapping[str, str | float], base: str) -> Any:
    """The file's columns with type, units and names, and the run's attributes."""
    pa, _ = arrow()
    word = pa.dictionary(pa.int16(), pa.string())
    types = {
        "draw": pa.int32(), "replicate": pa.int32(), "luck": pa.int64(), "mix": word, "prices": word, "quarter": word,
        "date": pa.date32(), "quarters": pa.int16(), "firm": pa.int64(), **dict.fromkeys(NAMES, word),
    }  # fmt: skip
    of_the_run = {variable.name for variable in OF_THE_RUN}
    fields = []
    for variable in columns():
        kind = types.get(variable.name, pa.bool_() if variable.flag else pa.float64())
        about = {"units": variable.units, "long_name": variable.long_name, "long_name_zh": variable.long_name_zh}
        if variable.units.startswith("CNY"):
            about["prices"] = f"constant prices of {base}"
        if variable.name not in of_the_run:
            about["kind"] = "flow, sum over the quarters of the row" if variable.flow else "at the end of the period"
        fields.append(pa.field(variable.name, kind, nullable=False, metadata=about))
    return pa.schema(fields, metadata={ABOUT: json.dumps(dict(attributes), ensure_ascii=False)})


class FirmFile:
    """Takes the panels of units in any order and writes them in theirs."""

    def __init__(self, sink: Any, form: Any, setting: Setting, inputs: Inputs, every: int) -> None:
        self.sink, self.form, self.setting, self.inputs, self.every = sink, form, setting, inputs, every
        self.turn = threading.Condition()
        self.held: dict[int, list[Any]] = {}
        self.next, self.rows, self.given_up = 0, 0, False

    @contextlib.contextmanager
    def panel(
        self, position: int, unit: tuple[int, int, int], seed: int, numbers: Mapping[str, float]
    ) -> Iterator[UnitPanel]:
        """An empty panel of one unit, whose ``start`` and ``watch`` the unit gets; written when the block ends.

        Parameters
        ----------
        position : place of the unit in the file
        unit : draw, replicate, luck
        """
        recorder = Recorder(self.every, self.setting.burn_in + self.every - 1, self.setting.quarters - 1)
        part = float(ground_of(self.setting, world_of(self.setting, numbers), 0.0).mobile_part[0])
        panel = UnitPanel(self, recorder, unit, (np.uint64(seed), np.uint64(unit[2]), part))
        with contextlib.ExitStack() as when_failed:
            when_failed.callback(self._give_up)
            yield panel
            self._put(position, panel)
            when_failed.pop_all()

    def _put(self, position: int, panel: UnitPanel) -> None:
        """Write a unit's rows when all before it are written; wait if too many wait already."""
        with self.turn:
            while position != self.next and len(self.held) >= HELD_BACK and not self.given_up:
                self.turn.wait()
            if self.given_up:
                return
            self.held[position] = panel.tables()
            while self.next in self.held:
                for table in self.held.pop(self.next):
                    self.sink.write_table(table, row_group_size=max(1, table.num_rows))
                    self.rows += table.num_rows
                self.next += 1
            self.turn.notify_all()

    def _give_up(self) -> None:
        """A unit failed: nobody waits for it any longer."""
        with self.turn:
            self.given_up = True
            self.turn.notify_all()


@dataclass
class UnitPanel:
    """Rows of one unit, kept as compact tables, period by period."""

    file: FirmFile
    recorder: Recorder
    unit: tuple[int, int, int]  # draw, replicate, luck
    address: tuple[np.uint64, np.uint64, float]  # seed, luck, mobile part of the pool
    batches: dict[str, list[Any]] = field(default_factory=dict)

    def start(self, mix: str, mode: int, city: City) -> None:
        """Look at a city where its mix forks; runs with frozen prices are no part of the panel."""
        if mode != FROZEN:
            self.recorder.start(mix, mode, city)

    def watch(self, mix: str, mode: int, quarter: int, calendar: int, city: City) -> None:
        """Look at a city after a quarter, and turn what was recorded into rows."""
        if mode == FROZEN:
            return
        self.recorder.watch(mix, mode, quarter, calendar, city)
        track = self.recorder.tracks[mix, mode]
        for at, row in zip(track.quarters, track.rows, strict=True):
            self.batches.setdefault(mix, []).append(self._batch(mix, at, row))
        track.quarters.clear()
        track.rows.clear()

    def tables(self) -> list[Any]:
        """One table a mix, in the order in which mixes run."""
        pa, _ = arrow()
        return [pa.Table.from_batches(self.batches[mix]) for mix in self.file.setting.order]

    def _batch(self, mix: str, quarter: int, row: Mapping[str, np.ndarray]) -> Any:
        pa, _ = arrow()
        n = len(row["firm"])
        values = {name: pa.array(column) for name, column in self._named(mix, quarter, row, n).items()}
        form = self.file.form
        return pa.RecordBatch.from_arrays([values[f.name].cast(f.type) for f in form], schema=form)

    def _named(self, mix: str, quarter: int, row: Mapping[str, np.ndarray], n: int) -> dict[str, Any]:
        """Columns of the file from a record's; words as dictionaries of all the run's words."""
        pa, _ = arrow()
        setting, region = self.file.setting, self.file.inputs.region
        labels = quarters(setting.first_quarter, setting.last_quarter)
        horizon = labels[setting.burn_in :]

        def word(words: list[str], codes: np.ndarray) -> Any:
            return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int16)), pa.array(words))

        industry, held = row["industry"].astype(int), row["steps"].astype(np.int64)
        found: dict[str, Any] = {
            name: np.full(n, value, np.int64)
            for name, value in zip(("draw", "replicate", "luck"), self.unit, strict=True)
        }
        found["mix"] = word(list(setting.order), np.full(n, setting.order.index(mix)))
        found["prices"] = word(["free"], np.zeros(n))
        found["quarter"] = word(horizon, np.full(n, quarter - setting.burn_in))
        found["date"] = np.full(n, np.datetime64(last_day(labels[quarter]), "D"))
        found["core"] = np.array([each.core for each in region.industry])[industry]
        found["mobile"] = mobile_projects(row["firm"].astype(np.int64), *self.address)
        for number, step in enumerate(STEPS):
            found[step] = (held >> number) & 1 > 0
        for name in ("place", "place_before"):
            found[name] = word(list(region.places), row[name])
        found["industry"] = word(list(region.industries), row["industry"])
        for variable in VARIABLES:
            if variable.name not in found and variable.name != "steps":
                found[variable.name] = row[variable.name] > 0.5 if variable.flag else row[variable.name]
        return found


@contextlib.contextmanager
def written(
    want: Wanted, setting: Setting, inputs: Inputs, attributes: Mapping[str, str | float]
) -> Iterator[FirmFile]:
    """A panel to put units into; the file stands under its name only if the block ends without an error."""
    _, parquet = arrow()
    form = schema({**attributes, "every": str(want.every)}, str(attributes["price_base"]))
    with store.aside(want.path) as partial, parquet.ParquetWriter(partial, form, compression="zstd") as sink:
        yield FirmFile(sink, form, setting, inputs, want.every)


def describe(path: str | os.PathLike[str]) -> str:
    """A panel's columns with units and names, and its attributes, as lines of text.

    Raises
    ------
    NotFound, InvalidFile
        No such file, or none that `policymix run --firms` wrote.
    """
    pa, parquet = arrow()
    path = Path(path)
    if not path.is_file():
        raise NotFound("panel of firms", str(path), [str(each) for each in path.parent.glob(f"*{SUFFIX}")])
    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowException, OSError):
        raise InvalidFile(path, [Problem("file", "no Parquet file, or a broken one", "a panel of firms")]) from None
    form, rows = file.schema_arrow, file.metadata.num_rows
    about = (form.metadata or {}).get(ABOUT.encode())
    if about is None:
        raise InvalidFile(path, [Problem("metadata", f"no {ABOUT}", "a panel that policymix run --firms wrote")])
    lines = [f"{path}: {rows:,} rows, {file.metadata.num_row_groups} row groups", ""]
    lines += [f"{name}: {value}" for name, value in json.loads(about).items()] + [""]
    for each in form:
        said = {key.decode(): value.decode() for key, value in each.metadata.items()}
        kind = {"bool": "yes or no", "date32[day]": "date"}.get(str(each.type), said["units"] or "text")
        end = "".join(f"; {said[key]}" for key in ("prices", "kind") if key in said)
        lines.append(f"{each.name} ({kind}): {said['long_name']} {said['long_name_zh']}{end}")
    return "\n".join(lines)
