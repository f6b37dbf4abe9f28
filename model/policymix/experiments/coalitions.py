"""Players of a mix (its packages, or their clauses) and what any coalition of them does in one unit of work.

A package that opens opportunities has them as a player of its own, ``PACKAGE/opportunities``: they come with the
package and with none of its clauses. What no named player stands for is the player ``rest``, so that all make up the
whole mix.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NoReturn, TypeVar

import numpy as np

from policymix.engine.setting import Setting
from policymix.engine.timetable import FREE
from policymix.engine.unit import Forked, MixResult, fork_unit, run_fork
from policymix.engine.warm import warm
from policymix.errors import InvalidValue, NotFound, RunFailed
from policymix.experiments import crew
from policymix.experiments.inputs import Inputs, gather, uncertainties
from policymix.experiments.limits import check_changes
from policymix.experiments.measured import ALL, core_and_users, money_outcomes, real_outcomes
from policymix.experiments.results import payers_of, sorted_clauses
from policymix.experiments.runner import draw_values, in_threads, setting_of, whole_years
from policymix.experiments.scenario import Scenario, with_options
from policymix.policy.package import Package
from policymix.policy.versions import keeping

Found = TypeVar("Found")
"""What is worked out of a unit."""

OPENED = "opportunities"
"""Name of the player that a package's opportunities are, after the package's."""
REST = "rest"
WAYS = ("clause", "package")
EMPTY: frozenset[int] = frozenset()
STOCKS = ("employment", "active_firms")
FLOWS = ("investment", "value_added", "real_rd")
OUTCOMES = {
    "investment": ("CNY", "investment of all firms over the horizon", "期内全部投资"),
    "value_added": ("CNY", "value added of all firms over the horizon", "期内增加值"),
    "real_rd": ("CNY", "real R&D of all firms over the horizon", "期内实际研发"),
    "employment": ("persons", "jobs at the end", "期末就业"),
    "active_firms": ("count", "active firms at the end", "期末经营企业"),
    "core_share": ("share", "core industries' share of GDP in the last year", "末年核心产业占比"),
    "paid": ("CNY", "paid less recovered over the horizon (nominal)", "净拨付(现价)"),
}
"""What may be attributed: unit, English, Chinese."""


@dataclass(frozen=True)
class Player:
    """One player: its name and the parts of packages that it stands for, (package, clause or ``OPENED``)."""

    name: str
    parts: frozenset[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Game:
    """A mix whose parts are told apart, ready to run.

    Attributes
    ----------
    packages : of the mix, by id
    setting : of the baseline and the whole mix, for what all coalitions share
    names, values : what is uncertain, and its value in every draw, float64[draw, prior]
    """

    inputs: Inputs
    mix: str
    packages: dict[str, Package]
    players: tuple[Player, ...]
    outcome: str
    setting: Setting
    names: list[str]
    values: np.ndarray

    @property
    def scenario(self) -> Scenario:
        """The scenario with the mix and its baseline."""
        return self.inputs.scenario


def game_of(scenario: Scenario, mix: str, players: str | Sequence[str] = "clause", outcome: str = "investment") -> Game:
    """A mix of a scenario as a game.

    Parameters
    ----------
    mix : one mix of the scenario, or packages joined by ``+``
    players : ``clause``, ``package``, or names of packages and clauses (``htz-2022``, ``dalian-2021/1``)
    outcome : one of ``OUTCOMES``

    Raises
    ------
    NotFound, InvalidValue
        No such outcome, package or clause; players that contain one another; fewer than two.
    """
    if outcome not in OUTCOMES:
        raise NotFound("outcome to attribute", outcome, OUTCOMES)
    chosen = with_options(scenario, mix=mix)
    named = [name for name in chosen.mixes if name != chosen.baseline]
    if len(named) != 1:
        found = ", ".join(named) or "none beside the baseline"
        raise InvalidValue("--mix", found, "one mix, whose parts are to be told apart")
    inputs = gather(chosen)
    whole_years(chosen)
    base = set(chosen.mixes[chosen.baseline])
    packages = {inputs.packages[name].id: inputs.packages[name] for name in chosen.mixes[named[0]] if name not in base}
    listed = players_of(packages, inputs, players)
    setting = setting_of(inputs)
    check_changes(setting, inputs.parameters, inputs.fixed)
    priors = uncertainties(inputs)
    values, _ = draw_values(inputs, priors)
    return Game(inputs, named[0], packages, listed, outcome, setting, [prior.name for prior in priors], values)


def players_of(packages: dict[str, Package], inputs: Inputs, players: str | Sequence[str]) -> tuple[Player, ...]:
    """The players of a mix; see `game_of`."""
    parts = {id: _parts(package, inputs) for id, package in packages.items()}
    every = frozenset(part for own in parts.values() for part in own)
    if players == "package":
        found = [Player(id, frozenset(own)) for id, own in parts.items() if own]
    elif players == "clause":
        found = [Player("/".join(part), frozenset([part])) for own in parts.values() for part in own]
    elif isinstance(players, str):
        raise NotFound("way to tell players apart", players, WAYS)
    else:
        found = [_named(name, parts) for name in players]
    refuse_overlaps(found)
    left = every - {part for player in found for part in player.parts}
    if left:
        found.append(Player(REST, frozenset(left)))
    if len(found) < 2:
        raise InvalidValue("players", ", ".join(each.name for each in found) or "none", "two or more parts of the mix")
    return tuple(found)


def refuse_overlaps(players: Sequence[Player]) -> None:
    """Players that contain one another have no shares of their own.

    Raises
    ------
    InvalidValue
        Two of them stand for one clause.
    """
    for position, player in enumerate(players):
        for other in players[:position]:
            shared = player.parts & other.parts
            if shared:
                both = sorted((player, other), key=lambda each: len(each.parts))
                found = f"{both[0].name} and {both[1].name}, which share {'/'.join(min(shared))}"
                raise InvalidValue("players", found, f"{both[1].name} or parts of it, not both")


def _named(name: str, parts: dict[str, list[tuple[str, str]]]) -> Player:
    package, _, clause = name.partition("/")
    every = ["/".join(part) for own in parts.values() for part in own]
    if package not in parts or (clause and (package, clause) not in parts[package]):
        raise NotFound("package or clause of the mix", name, [*parts, *every])
    return Player(name, frozenset([(package, clause)] if clause else parts[package]))


def _parts(package: Package, inputs: Inputs) -> list[tuple[str, str]]:
    """What of a package can do something: clauses that are not inert, and what it opens."""
    own = [(package.id, clause.id) for clause in package.clause if clause.inert is None]
    opens = any(offers.opportunity and offers.package in package.lineage for offers in inputs.opportunities)
    return own + ([(package.id, OPENED)] if opens else [])


def coalition_name(members: Collection[int]) -> str:
    """Name of a coalition's mix."""
    return "+".join(str(number) for number in sorted(members)) or "nobody"


def mixes_of(game: Game, coalitions: Iterable[frozenset[int]]) -> dict[str, list[Package]]:
    """Packages of the baseline and of every coalition; equal parts of a package are one object."""
    baseline = [game.inputs.packages[name] for name in game.scenario.mixes[game.scenario.baseline]]
    known: dict[tuple[str, frozenset[str]], Package] = {}
    mixes = {game.scenario.baseline: baseline}
    for members in coalitions:
        parts = frozenset(part for number in members for part in game.players[number].parts)
        held = []
        for id, package in game.packages.items():
            clauses = frozenset(clause for owner, clause in parts if owner == id and clause != OPENED)
            if clauses:
                if (id, clauses) not in known:
                    known[id, clauses] = keeping(package, clauses)
                held.append(known[id, clauses])
            if (id, OPENED) in parts:
                if (id, frozenset([OPENED])) not in known:
                    known[id, frozenset([OPENED])] = _opening(package)
                held.append(known[id, frozenset([OPENED])])
        mixes[coalition_name(members)] = [*baseline, *held]
    return mixes


def _opening(package: Package) -> Package:
    """A package that opens another's opportunities and has no clause."""
    head = package.head.model_copy(update={"id": f"{package.id}.{OPENED}", "stack": [], "limit": [], "budget": None})
    return replace(package, head=head, clause=(), raw={**package.raw, "id": head.id, "clause": []}, extends=())


def setting_for(game: Game, coalitions: Sequence[frozenset[int]]) -> Setting:
    """What a unit of some coalitions needs; opportunities come with the player that stands for them."""
    setting = setting_of(game.inputs, mixes=mixes_of(game, coalitions))
    owners = {name: id for id, package in game.packages.items() for name in package.lineage}
    outside = tuple(
        replace(row, package=f"{owners[row.package]}.{OPENED}")
        if row.per_year is None and row.package in owners
        else row
        for row in setting.outside
    )
    return replace(setting, outside=outside)


def values_of(
    game: Game, draw: int, replicate: int, coalitions: Collection[frozenset[int]]
) -> dict[frozenset[int], float]:
    """The outcome of every coalition in one unit of work, less the baseline's; free prices.

    The unit is that of `policymix run`: same draw, same luck, so that all players together have the run's difference.
    """
    wanted = sorted(set(coalitions) - {EMPTY}, key=coalition_name)
    setting = setting_for(game, wanted)
    scenario = game.scenario
    numbers = dict(game.inputs.fixed) | dict(zip(game.names, game.values[draw].tolist(), strict=True))
    unit = fork_unit(setting, numbers, scenario.seed, draw * scenario.replicates + replicate)
    read = reader(game.outcome, setting, unit)
    nothing = read(unit.baseline)
    found = {EMPTY: 0.0}
    for members in wanted:
        for result, _ in run_fork(unit, coalition_name(members), (FREE,), fields=()):
            found[members] = read(result) - nothing
    return found


def reader(outcome: str, setting: Setting, unit: Forked) -> Callable[[MixResult], float]:
    """Reads one number from a result of a unit."""
    world = unit.start.world
    base = core_and_users(setting, world, unit.baseline)
    clauses, payers = sorted_clauses(setting), payers_of(setting)

    def read(result: MixResult) -> float:
        if outcome == "paid":
            money = money_outcomes(setting, result, clauses, payers, {"paid", "recovered"})
            return float(money["paid"].sum() - money["recovered"].sum())
        found = real_outcomes(setting, world, result, base, {outcome} & ALL)[outcome]
        if outcome in FLOWS:
            return float(found.sum())
        return float(found[-1].sum())

    return read


def in_units(
    game: Game,
    work: Callable[[Game, int, int], Found],
    done: Callable[[int, int, Found], None],
    threads: int | None = None,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Work out every unit of the scenario, some at once.

    Parameters
    ----------
    work : of (game, draw, replicate); with ``processes`` it has to be picklable
    done : called with (draw, replicate, what work found), in any order
    threads : units at once in this process; all processors by default
    processes : units at once in processes of their own, instead of threads; one unit alone needs none

    Raises
    ------
    RunFailed
        A process died again and again; and whatever work raises.
    """
    setting = setting_for(game, [frozenset(range(len(game.players)))])
    warm(game.scenario.rules, setting.contract, setting.general)
    units = list(_units(game.scenario))
    if progress is not None:
        progress(0, len(units))
    if processes is not None and len(units) > 1:
        _in_processes(game, units, work, done, min(processes, len(units)), progress)
    else:
        in_threads(lambda at: done(*units[at], work(game, *units[at])), len(units), threads, progress)


def _in_processes(
    game: Game,
    units: Sequence[tuple[int, int]],
    work: Callable[[Game, int, int], Found],
    done: Callable[[int, int, Found], None],
    width: int,
    progress: Callable[[int, int], None] | None,
) -> None:
    packed, left = pickle.dumps(game), list(units)

    def finished(report: tuple[int, int, Found]) -> None:
        done(*report)
        left.remove(report[:2])
        if progress is not None:
            progress(len(units) - len(left), len(units))

    def killed(at: int) -> NoReturn:
        draw, replicate = units[at]
        text = f"draw {draw} replicate {replicate}: its process died {crew.DEATHS} times"
        raise RunFailed(f"{text}; if memory is short, take fewer --processes, or --threads 1")

    def stopping(running: int) -> NoReturn:
        raise KeyboardInterrupt  # nothing is stored, so that nothing is worth waiting for

    with crew.processes(width) as submit:
        crew.work_through(
            range(len(units)),
            submit=lambda at: submit(_in_process, packed, work, *units[at]),
            width=lambda: width,
            done=finished,
            killed=killed,
            stopping=stopping,
        )


def _in_process(
    packed: bytes, work: Callable[[Game, int, int], Found], draw: int, replicate: int
) -> tuple[int, int, Found]:
    """One unit in a process of its own."""
    return draw, replicate, work(_unpacked(packed), draw, replicate)


@lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> Game:
    """The game, unpacked once a process."""
    return pickle.loads(packed)


def _units(scenario: Scenario) -> Iterator[tuple[int, int]]:
    for draw in range(scenario.draws):
        for replicate in range(scenario.replicates):
            yield draw, replicate
