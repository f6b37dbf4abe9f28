"""The Mesa view: the same rules, every firm an agent of Mesa, for reading along, for teaching and as a second opinion.

Nothing is written twice. The functions of the compiled loop are taken as plain Python and bound anew, to a block of one
firm and to luck that is compiled by itself; the office, the newcomers and the accounts stay compiled. So the view gives
what the loop gives: to the bit without fused multiply-adds, to the last digits with them; some hundred times slower.

Importing this module imports Mesa; nothing else in the package does.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any

import mesa
import numpy as np
from numba import njit

from ..errors import NotFound
from ..region.arrays import quarter_name
from . import loop, streams
from .blank import new_desk, new_out, new_room
from .claims import SLOTS, City
from .diarist import Diarist
from .diary import Entry
from .entry import POOL_FIRST, POOL_WIDTH
from .mixes import mix_of
from .quarter import quarter
from .setting import FIRST_YEAR, Setting
from .symbols import ALIVE, COLUMN_COUNT, COLUMNS, FIRM, PLACE, ROWS, STEPS
from .table import column_of, numbers_of, slots_of, write_numbers
from .timetable import FREE, RECORD, Path, Run
from .unit import Start, check, fork, run_mix, start_of

PAIRS_OF_LUCK, WORDS_OF_LUCK = ("words", "lasting_words"), ("finalise", "hashed")
"""Luck functions that give two 64-bit words, and those that give one."""
LUCK_FUNCTIONS = (*PAIRS_OF_LUCK, *WORDS_OF_LUCK, "uniform_of", "normal_of", "aware_of", "able_of", "lasting")


def bound_to(function: types.FunctionType, names: dict[str, Any]) -> types.FunctionType:
    """The same code, looking its global names up elsewhere."""
    return types.FunctionType(function.__code__, names, function.__name__, function.__defaults__)


def plain_functions(module: types.ModuleType) -> tuple[types.SimpleNamespace, Callable, dict[str, Callable]]:
    """The loop's functions as plain Python over blocks of one firm, the compiled draw of a firm's luck, and the luck
    functions for Python callers.

    Parameters
    ----------
    module : module
        What ``loop.module`` gives.
    """
    own = {key: f for key, f in vars(module).items() if inspect.isfunction(f) and f.__module__ == module.__name__}
    options = {key: value for key, value in module.OPTIONS.items() if key != "cache"}
    one = {**vars(module), "BLOCK": 1, "STRIDE": 1}
    draw = njit(**options)(bound_to(own["draw_luck"], one))
    luck = {name: compiled_luck(name, options) for name in LUCK_FUNCTIONS}
    names = {**vars(module), "BLOCK": 1, "STRIDE": 1, **luck}
    for key, function in own.items():
        names[key] = bound_to(function, names)
    return types.SimpleNamespace(**{key: names[key] for key in own}), draw, luck


def compiled_luck(name: str, options: Mapping[str, Any]) -> Callable:
    """A luck function for Python callers: compiled; words stay 64-bit words, whose sums wrap."""
    inner = njit(**options)(getattr(streams, name))
    if name in PAIRS_OF_LUCK:

        def two_words(*address):
            first, second = inner(*address)
            return np.uint64(first), np.uint64(second)

        return two_words
    if name in WORDS_OF_LUCK:

        def word(*values):
            return np.uint64(inner(*values))

        return word
    return inner


class FirmAgent(mesa.Agent):
    """A firm: a view of its column in the city's table, taken through the stages of a quarter by ``step``.

    Columns of ``symbols.COLUMNS`` can be read and set under their names (``firm.capital``, ``firm.ln_size``, ...); a
    few that are codes have readable names as well.
    """

    def __init__(self, model: mesa.Model, stages: MesaStages, slot: int) -> None:
        super().__init__(model)
        self.stages = stages
        self.slot = slot

    def step(self) -> None:
        """Stages 3 to 8 of the quarter, and the firm's line in the accounts."""
        self.stages.take(self.slot)

    @property
    def diary(self) -> tuple[Entry, ...]:
        """What the firm saw, could claim and chose, a quarter an entry, since ``keep_diary``."""
        return self.model.diary(self)

    @property
    def is_alive(self) -> bool:
        """Whether the firm is still there."""
        return self.alive > 0.5

    @property
    def industry_name(self) -> str:
        """Id of the firm's industry."""
        return self.model.industries[int(self.industry)]

    @property
    def place_name(self) -> str:
        """Id of the firm's place."""
        return self.model.places[int(self.place)]

    @property
    def rungs(self) -> tuple[str, ...]:
        """Rungs of the ladder that the firm holds."""
        return tuple(step for number, step in enumerate(STEPS) if int(self.steps) >> number & 1)


def _column(column: int, name: str) -> property:
    def get(agent: FirmAgent) -> float:
        return float(column_of(agent.stages.settled.firms, column)[agent.slot])

    def put(agent: FirmAgent, value: float) -> None:
        column_of(agent.stages.settled.firms, column)[agent.slot] = value

    return property(get, put, doc=f"Column '{name}' of the firm's row.")


for _number, _name in enumerate(COLUMNS):
    setattr(FirmAgent, _name, _column(_number, _name))


class MesaStages:
    """The stages of a quarter with firms as agents: takes the place of the compiled loop in ``quarter(do, ...)``.

    Parameters
    ----------
    rules : str
        Module with replacing rules, or "".
    contract : bool
        Whether the compiled parts may fuse multiply-adds.
    model : mesa.Model, optional
        Where the agents live; a bare model when not given.
    general : bool
        As for ``loop.module``.
    """

    def __init__(
        self, rules: str = "", contract: bool = True, model: mesa.Model | None = None, general: bool = True
    ) -> None:
        module = loop.module(rules, contract, general)
        self.plain, self._draw, self._luck = plain_functions(module)
        self._office, self.ask, self.admit, self._close, self.initial_city = (
            module.tray,
            module.ask,
            module.admit,
            module.close,
            module.initial_city,
        )
        self.diarist: Diarist | None = None
        self.model = mesa.Model(rng=0) if model is None else model
        self.city: City | None = None
        self.agents: list[FirmAgent] = []
        self._lucky, self._lane, self._words = np.zeros(ROWS), [0.0] * ROWS, np.zeros(2, np.uint64)
        self._quarter: tuple = ()

    @property
    def settled(self) -> City:
        """The city whose firms are the agents; without one there are none."""
        if self.city is None:
            raise RuntimeError("no city has been taken up yet")
        return self.city

    def firms(self, q, run, city, mix, desk, ground, tables, path, room, out, p) -> None:
        """What the compiled ``firms`` does, one agent after another."""
        if city is not self.city:
            self.settle_in(city)
        self.found_agents()
        plain = self.plain
        with np.errstate(over="ignore"):
            plain.begin(q, run, city, mix, desk, ground, tables, path, room, out, p)
            self._quarter = self._seen(q, run, city, mix, desk, ground, room, out, p)
            for agent in self.agents:
                agent.step()
            plain.ask_lessees(q, run, city, desk, ground, room, p)
            plain.outside_claims(q, run, city, mix, desk, ground)

    def take(self, slot: int) -> None:
        """Take one firm through its stages of the quarter that is under way."""
        q, run, city, mix, desk, ground, room, out, p, calendar = self._quarter
        lucky, lane = self._lucky, self._lane
        lucky[:COLUMN_COUNT] = numbers_of(city.firms, slot)
        self._draw(lucky, self._words, run.seed, run.luck, np.uint64(calendar), room.pairs, ground.records, 1)
        lane[:] = lucky.tolist()
        diarist = self.diarist
        if diarist is None or int(lane[FIRM]) not in diarist.entries or lane[ALIVE] < 0.5:
            self.plain.stages(q, slot, 1, 1, city, mix, desk, ground, room, out, p)
        else:
            diarist.begin(lane)
            diarist.stages(self._luck)(q, slot, 1, 1, city, mix, desk, ground, room, out, p)
            place = int(lane[PLACE])
            diarist.write(q, mix, p, room.known, float(ground.rent[q, place] * np.exp(city.prices[place, 0])))
        write_numbers(city.firms, lane[:COLUMN_COUNT], slot)

    def tray(self, q, city, mix, desk, room, out, p) -> None:
        """The office settles the tray."""
        if self.diarist is None:
            self._office(q, city, mix, desk, room, out, p)
        else:
            self.diarist.tray(self._office, q, city, mix, desk, room, out, p)

    def close(self, q, city, mix, desk, ground, out) -> None:
        """Decisions, payments, and conditions that are due."""
        if self.diarist is not None:
            self.diarist.note(city)
        self._close(q, city, mix, desk, ground, out)
        if self.diarist is not None:
            self.diarist.follow_money(city)

    def found_agents(self) -> None:
        """An agent for every firm of the table that has none."""
        for slot in range(len(self.agents), int(self.settled.count[SLOTS])):
            self.agents.append(FirmAgent(self.model, self, slot))

    def settle_in(self, city: City) -> None:
        """Take up another city: its firms become agents, those of the city before are removed."""
        for agent in self.agents:
            agent.remove()
        self.city, self.agents = city, []
        self.found_agents()

    def _seen(self, q, run, city, mix, desk, ground, room, out, p) -> tuple:
        """The quarter as one firm sees it: its own scratch, and the numbers read most as Python floats, the fastest."""
        self._lane[:] = [0.0] * ROWS
        cells = {
            (cell, value): number for cell, row in enumerate(room.cells.tolist()) for value, number in enumerate(row)
        }  # fmt: skip
        near = room._replace(w=self._lane, h=self._words, cells=cells)
        return q, run, city, mix, desk, ground, near, out, p.tolist(), int(ground.calendar[q])


class MesaCity(mesa.Model):
    """A city under one mix from the fork on, a quarter a step, every firm an agent.

    Parameters
    ----------
    setting, values, seed, luck :
        As for ``unit.run_unit``. The burn-in runs compiled.
    mix : str
        Name of a mix of the setting; None for the baseline.
    mode : int
        ``timetable.RECORD`` (of a baseline), ``FROZEN`` at the baseline's prices or ``FREE``; by default the baseline
        records and every other mix is free.
    path : Path, optional
        The baseline's path of prices; run by the compiled loop when needed and not given.

    Attributes
    ----------
    out : Out
        Outcomes so far, as integers.
    city : City
        State: the table of firms, claims, prices.
    quarter : int
        Next quarter to be run, counted from the start of the burn-in.
    """

    def __init__(
        self,
        setting: Setting,
        values: Mapping[str, float],
        seed: int,
        luck: int,
        mix: str | None = None,
        mode: int | None = None,
        path: Path | None = None,
    ) -> None:
        super().__init__(rng=seed % 2**32)
        name = setting.baseline if mix is None else mix
        if name not in setting.order:
            raise NotFound("mix", name, setting.order)
        mode = (RECORD if name == setting.baseline else FREE) if mode is None else mode
        self.stages = MesaStages(setting.rules, setting.contract, self, setting.general)
        compiled = loop.module(setting.rules, setting.contract, setting.general)
        start = start_of(compiled, setting, values, seed, luck)
        if path is None and mode == RECORD:
            path = start.path
        elif path is None:
            path = baseline_path(compiled, setting, start, values, seed, luck)
        self.setting, self.mix_name, self.mode = setting, name, mode
        self.places, self.industries = setting.region.places, setting.region.industries
        self.world, self.ground, self.tables, self.path = start.world, start.ground, start.tables, path
        self.mix = mix_of(setting, start.world, name, start.layers, values, start.city)
        self.city = fork(start.city, start.slots, setting.mixes[name])
        self._run = Run(np.uint64(seed), np.uint64(luck), mode)
        clauses, places, industries = len(setting.mixes[name].clauses), len(self.places), len(self.industries)
        pool, slots = int(self.ground.pool.max()) + 1, slots_of(self.city.firms)
        self.out = new_out(setting.quarters, clauses, places, industries)
        self._desk = new_desk(setting.mixes[name], 8 * pool + slots, self.city.claims.shape[0])
        self._room = new_room(places * industries, self.mix.announced.size, slots, pool)
        self.quarter = setting.burn_in
        self.stages.settle_in(self.city)

    def step(self) -> None:
        """One quarter, firm by firm."""
        q, diarist = self.quarter, self.stages.diarist
        self.advance(self.stages)
        if diarist is not None and self.quarter > q:
            diarist.close(q, self.city)

    def keep_diary(self, firm: FirmAgent | int) -> None:
        """Begin a diary of a firm: an agent, or the address of a firm that is there or may still come.

        Raises
        ------
        NotFound
            No firm has the address, and no member of a later pool will have it.
        """
        address = int(firm.firm) if isinstance(firm, FirmAgent) else int(firm)
        there = column_of(self.city.firms, FIRM)[: int(self.city.count[SLOTS])].astype(np.int64)
        quarter = (address - POOL_FIRST) // POOL_WIDTH
        if address not in there and quarter not in self.setting.calendar[self.quarter :]:
            raise NotFound("firm", str(address), [str(each) for each in there[:5].tolist()], where="addresses of firms")
        if self.stages.diarist is None:
            compiled = self.setting.mixes[self.mix_name]
            self.stages.diarist = Diarist(self.setting.rules, self.places, self.industries, compiled, self.date_of)
        self.stages.diarist.keep(address)

    def diary(self, firm: FirmAgent | int) -> tuple[Entry, ...]:
        """A firm's diary since ``keep_diary``: its quarters as data; ``str`` of one reads as sentences.

        Raises
        ------
        NotFound
            No diary of the firm is kept.
        """
        address = int(firm.firm) if isinstance(firm, FirmAgent) else int(firm)
        kept = self.stages.diarist.entries if self.stages.diarist is not None else {}
        if address not in kept:
            raise NotFound("diary of firm", str(address), [str(each) for each in kept], where="keep_diary(firm) first")
        return tuple(kept[address])

    def advance(self, do: MesaStages | types.ModuleType) -> None:
        """One quarter by some stages: the agents', or the compiled loop's (``loop.module``), the same faster."""
        q = self.quarter
        if q >= self.setting.quarters:
            return
        fixed = (self.ground, self.tables, self.path, self._room)
        quarter(do, q, self._run, self.city, self.mix, self._desk, *fixed, self.out)
        check(self.city, self.out, range(q, q + 1), self.mix_name)
        self.stages.found_agents()
        self.quarter = q + 1
        self.running = self.quarter < self.setting.quarters

    @property
    def date(self) -> str:
        """The next quarter, such as '2021Q1'."""
        return self.date_of(self.quarter)

    def date_of(self, quarter: int) -> str:
        """Name of a quarter counted from the start of the burn-in."""
        return quarter_name(int(self.setting.calendar[0]) + 4 * FIRST_YEAR + quarter)


def baseline_path(
    compiled: types.ModuleType, setting: Setting, start: Start, values: Mapping[str, float], seed: int, luck: int
) -> Path:
    """What the baseline does, by the compiled loop."""
    name = setting.baseline
    mix = mix_of(setting, start.world, name, start.layers, values, start.city)
    path = Path(*(each.copy() for each in start.path))
    city = fork(start.city, start.slots, setting.mixes[name])
    fixed = (setting, start.world, start.ground, start.tables, city, mix, name, RECORD, path, seed, luck)
    run_mix(compiled, *fixed, setting.burn_in, setting.quarters, None)
    return path
