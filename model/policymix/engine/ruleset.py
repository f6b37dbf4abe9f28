"""A rule set of one's own on the engine's machinery: name a module, and the engine writes and compiles a loop over it.

``rules = "mystudy.rules"`` of a scenario replaces single decisions of the shipped model; a rule set replaces all of it.
It is a module of plain data and pure functions of numbers:

COLUMNS
    What a firm keeps: name -> dtype. One is called ``alive`` (0 or 1).
GROUP, GROUPS
    The whole-number column by which outcomes are summed, and how many values it has.
WORDS
    Names of rows that hold 64 random bits (uint64); all others hold float64.
PARAMETERS
    Names of numbers that a run is given for every quarter.
TABLES
    Names of arrays of numbers that a run is given.
STAGES
    Stages of a quarter, each a tuple of ``Rule``: one short loop over a block of firms.
OUTPUTS
    One ``Rule`` for each outcome: what a firm adds to the sum of its group.
ENTRY
    Stages that give every column of a newcomer. ENTRY_OUTPUTS: what it adds to sums.
newcomers, feed_back
    How many firms enter after a quarter; what the sums of a quarter change in the tables.

A rule gives a row from other rows, parameters, tables, numbers, and from ``key`` (of a run's luck), ``firm`` and
``quarter``, which are uint64. ``newcomers`` and ``feed_back`` take tables, ``key``, ``quarter`` and ``sums``
(float64[groups, outcomes] of the quarter) by the names of their arguments.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..errors import InvalidValue, NotFound
from .loop import cache_folder, fingerprint, import_file, rule_module, write_once
from .writing import IMPORTED, ROOT

ALIVE = "alive"
SCALARS = ("key", "firm", "quarter")
"""What every rule may take beside rows, parameters and tables."""
OF_A_QUARTER = ("key", "quarter", "sums")
"""What ``newcomers`` and ``feed_back`` may take beside tables."""
DTYPES = ("float64", "float32", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8")
DATA = ("COLUMNS", "GROUP", "GROUPS", "WORDS", "PARAMETERS", "TABLES", "STAGES", "OUTPUTS", "ENTRY", "ENTRY_OUTPUTS")


class Rule(NamedTuple):
    """A row of the block, worked out for every firm by a pure function of numbers."""

    gives: str
    function: Callable[..., Any]
    takes: tuple[str | float, ...] | None = None
    """Rows, parameters, tables or numbers; None for the names of the function's own arguments."""

    def arguments(self) -> tuple[str | float, ...]:
        """What the function is called with."""
        return tuple(inspect.signature(self.function).parameters) if self.takes is None else self.takes


Stages = Sequence[Sequence[Rule]]


class RuleSet(NamedTuple):
    """A checked rule set."""

    module: types.ModuleType
    columns: dict[str, str]
    group: str
    groups: int
    words: tuple[str, ...]
    parameters: tuple[str, ...]
    tables: tuple[str, ...]
    stages: Stages
    outputs: tuple[Rule, ...]
    entry: Stages
    entry_outputs: tuple[Rule, ...]

    def outcomes(self) -> tuple[str, ...]:
        """Names of the sums, in their order."""
        return tuple(rule.gives for rule in (*self.outputs, *self.entry_outputs))

    def bytes_per_firm(self) -> int:
        """What one slot takes."""
        return sum(np.dtype(dtype).itemsize for dtype in self.columns.values())


@cache
def rule_set(name: str) -> RuleSet:
    """The rule set that a module holds, checked.

    Parameters
    ----------
    name : str
        Importable module, ``"mystudy.rules"``.

    Raises
    ------
    RunFailed
        The module does not exist.
    InvalidValue
        It lacks something, or holds something that cannot be.
    NotFound
        A rule takes a row, parameter or table that nothing gives.
    """
    module = rule_module(name)
    for needed in (*DATA, "newcomers", "feed_back"):
        if not hasattr(module, needed):
            raise InvalidValue(name, f"no {needed}", f"a rule set with {', '.join((*DATA, 'newcomers', 'feed_back'))}")
    rules = RuleSet(
        module,
        dict(module.COLUMNS),
        module.GROUP,
        module.GROUPS,
        tuple(module.WORDS),
        tuple(module.PARAMETERS),
        tuple(module.TABLES),
        module.STAGES,
        tuple(module.OUTPUTS),
        module.ENTRY,
        tuple(module.ENTRY_OUTPUTS),
    )
    _check_columns(name, rules)
    tables_and_more = {*rules.parameters, *rules.tables, *SCALARS}
    known = {*rules.columns, *tables_and_more}
    for where, stages, outputs, given in (
        ("STAGES", rules.stages, rules.outputs, known),
        ("ENTRY", rules.entry, rules.entry_outputs, tables_and_more),
    ):
        rows = _check_stages(f"{name} > {where}", stages, given, rules)
        for rule in outputs:
            _check_rule(f"{name} > OUTPUTS", rule, rows, rules)
        if missing := sorted(set(rules.columns) - rows):
            raise InvalidValue(
                f"{name} > {where}", f"nothing gives {missing[0]}", "a rule for every column of a newcomer"
            )
    for function in (module.newcomers, module.feed_back):
        for argument in inspect.signature(function).parameters:
            if argument not in (*rules.tables, *OF_A_QUARTER):
                raise NotFound("table", argument, (*rules.tables, *OF_A_QUARTER), f"{name} > {function.__name__}")
    return rules


def _check_columns(name: str, rules: RuleSet) -> None:
    for column, dtype in rules.columns.items():
        if dtype not in DTYPES:
            raise InvalidValue(f"{name} > COLUMNS > {column}", f"dtype {dtype!r}", f"one of {', '.join(DTYPES)}")
    for column in (ALIVE, rules.group):
        if column not in rules.columns:
            raise NotFound("column", column, rules.columns, f"{name} > COLUMNS")
    if not np.issubdtype(rules.columns[rules.group], np.integer):
        raise InvalidValue(f"{name} > GROUP", f"{rules.group} of {rules.columns[rules.group]}", "a whole-number column")
    if not (isinstance(rules.groups, int) and rules.groups > 0):
        raise InvalidValue(f"{name} > GROUPS", repr(rules.groups), "a number of groups above 0")
    names = [*rules.columns, *rules.words, *rules.parameters, *rules.tables, *SCALARS]
    for twice in {each for each in names if names.count(each) > 1}:
        raise InvalidValue(name, f"two things called {twice}", "one name for one column, row, parameter or table")
    outcomes = rules.outcomes()
    for twice in {each for each in outcomes if outcomes.count(each) > 1}:
        raise InvalidValue(f"{name} > OUTPUTS", f"{twice} twice", "one rule for each outcome")


def _check_stages(where: str, stages: Stages, given: Collection[str], rules: RuleSet) -> set[str]:
    """Names known after some stages."""
    known = set(given)
    for number, stage in enumerate(stages):
        for rule in stage:
            place = f"{where}[{number}]"
            _check_rule(place, rule, known, rules)
            if rule.gives in (*rules.parameters, *rules.tables, *SCALARS):
                raise InvalidValue(place, f"a rule that gives {rule.gives}", "a rule that gives a row")
            known.add(rule.gives)
    return known


def _check_rule(where: str, rule: Rule, known: Collection[str], rules: RuleSet) -> None:
    if not isinstance(rule, Rule) or not inspect.isfunction(rule.function):
        raise InvalidValue(where, repr(rule), "Rule(row, function) or Rule(row, function, what it takes)")
    place = f"{where} > {rule.gives}"
    homes = (rules.module.__name__, *IMPORTED)
    if rule.function.__module__ not in homes:
        raise InvalidValue(place, f"a function of {rule.function.__module__}", f"a function of {' or '.join(homes)}")
    wanted = len(inspect.signature(rule.function).parameters)
    if len(rule.arguments()) != wanted:
        raise InvalidValue(place, f"{len(rule.arguments())} arguments", f"{wanted}, as {rule.function.__name__} takes")
    for argument in rule.arguments():
        if isinstance(argument, str) and argument not in known:
            raise NotFound("row, parameter or table given before", argument, known, place)


def _check_run(
    name: str,
    rules: RuleSet,
    firms: int,
    parameters: np.ndarray,
    columns: Mapping[str, np.ndarray],
    out: np.ndarray,
) -> None:
    """The loop trusts its arguments: what does not fit would be written somewhere else."""
    groups, shape = columns[rules.group], (len(parameters), rules.groups, len(rules.outcomes()))
    if out.shape != shape:
        raise InvalidValue(f"{name} > out", f"shape {out.shape}", f"{shape}: quarters, groups, outcomes")
    if parameters.shape[1] != len(rules.parameters):
        raise InvalidValue(f"{name} > parameters", f"{parameters.shape[1]} a quarter", f"{len(rules.parameters)}")
    slots = {column.size for column in columns.values()}
    if len(slots) > 1 or not 0 <= firms <= groups.size:
        raise InvalidValue(
            f"{name} > columns", f"{firms} firms in {sorted(slots)} slots", "columns of one size for all firms"
        )
    if firms and not 0 <= int(groups[:firms].min()) <= int(groups[:firms].max()) < rules.groups:
        raise InvalidValue(f"{name} > {rules.group}", f"{int(groups[:firms].max())}", f"groups 0 to {rules.groups - 1}")


@cache
def compiled(name: str, contract: bool = True) -> Callable[..., int]:
    """The loop over a rule set, written if need be; compiled at its first call or read from the cache.

    Parameters
    ----------
    name : str
        Importable module with the rule set.
    contract : bool
        Whether multiply-adds may be fused.

    Returns
    -------
    Function of (key, firms, parameters, w, h, out, *columns, *tables) that takes the firms through all quarters of
    ``out`` and gives the number of slots used; it holds no lock. ``run`` calls it by name.
    """
    from .rulewriting import written_rules

    text = written_rules(rule_set(name), contract)
    below = [(ROOT / each).read_text(encoding="utf-8") for each in ("elementary.py", "engine/streams.py")]
    written = f"policymix_rules_{fingerprint([text, *below])}"
    path = write_once(cache_folder() / written / "loop.py", text)
    function: Callable[..., int] = import_file(written, path).run
    return function


def new_columns(rules: RuleSet, slots: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Room for some firms: one buffer, uint8[slots * bytes_per_firm], and its columns as views, wide ones first."""
    buffer = np.zeros(slots * rules.bytes_per_firm(), np.uint8)
    columns, start = {}, 0
    for column, dtype in sorted(rules.columns.items(), key=lambda item: -np.dtype(item[1]).itemsize):
        end = start + slots * np.dtype(dtype).itemsize
        columns[column], start = buffer[start:end].view(dtype), end
    return buffer, {column: columns[column] for column in rules.columns}


def new_scratch(rules: RuleSet) -> tuple[np.ndarray, np.ndarray]:
    """The flat buffers of one thread: float64 rows with the running sums, and uint64 rows."""
    from .rulewriting import layout

    return layout(rules).scratch()


def run(
    name: str,
    key: int,
    firms: int,
    parameters: np.ndarray,
    columns: Mapping[str, np.ndarray],
    tables: Mapping[str, np.ndarray],
    scratch: tuple[np.ndarray, np.ndarray],
    out: np.ndarray,
) -> int:
    """Take firms through the quarters of one run.

    Parameters
    ----------
    name : str
        Module of the rule set.
    key : int
        Key of the run's luck, below 2**64.
    firms : int
        Slots used at the start.
    parameters : float64[quarters, parameters]
    columns : arrays by name, [slots]; changed
    tables : float64 arrays by name; changed by ``feed_back``
    scratch : of ``new_scratch``
    out : float64[quarters, groups, outcomes]; added to

    Returns
    -------
    Slots used at the end.

    Raises
    ------
    InvalidValue
        Arrays that do not fit the rule set or each other.
    """
    rules = rule_set(name)
    _check_run(name, rules, firms, parameters, columns, out)
    arrays = [*(columns[each] for each in rules.columns), *(tables[each] for each in rules.tables)]
    return compiled(name)(np.uint64(key), firms, parameters, *scratch, out, *arrays)
