"""How many operations a firm takes in a quarter: counted while rules run as plain Python on numbers that keep count.

The full model is counted in its Mesa view, which binds the loop's own functions to one firm; the reference model by
calling its rules. What depends on parameters alone is done once for all firms and is not counted.
"""

from __future__ import annotations

import math
import types
from collections import Counter
from typing import Any

import numpy as np

from policymix import elementary

COUNT: Counter[str] = Counter()
SIMPLE = ("add", "sub", "mul", "neg", "abs", "lt", "le", "gt", "ge", "eq", "ne")
OPERATORS = (*SIMPLE, "truediv", "pow", "mod", "floordiv")


class Counted(float):
    """A number that counts what is done with it."""

    __hash__ = float.__hash__


def _counting(name: str, kind: str) -> Any:
    original = getattr(float, name)

    def operator(self: Counted, *others: Any) -> Any:
        COUNT[kind] += 1
        value = original(self, *(float(other) for other in others))
        return Counted(value) if type(value) is float else value

    return operator


for _name in OPERATORS:
    _kind = "simple" if _name in SIMPLE else "div"
    for _full in (f"__{_name}__", f"__r{_name}__"):
        if hasattr(float, _full):
            setattr(Counted, _full, _counting(_full, _kind))


def counted(kind: str, function: Any) -> Any:
    """A function that counts its calls by numbers that keep count."""

    def call(x: Any) -> Any:
        if not isinstance(x, Counted):
            return function(x)
        COUNT[kind] += 1
        return Counted(function(float(x)))

    return call


class Numeric:
    """NumPy with a counted root and floor."""

    sqrt = staticmethod(counted("sqrt", math.sqrt))
    floor = staticmethod(counted("simple", lambda x: float(math.floor(x))))

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def word(function: Any, kind: str) -> Any:
    """A function of 64-bit words that counts its calls."""

    def call(*values: Any) -> Any:
        COUNT[kind] += 1
        return function(*values)

    return call


def number(function: Any, **cost: int) -> Any:
    """A function that makes a number of luck, with what it costs."""

    def call(*values: Any) -> Counted:
        COUNT.update(cost)
        return Counted(function(*(float(x) if isinstance(x, Counted) else x for x in values)))

    return call


ELEMENTARY = {
    "exp": counted("exp", elementary.exp),
    "log": counted("log", elementary.log),
    "cos_turn": counted("cos", elementary.cos_turn),
    "np": Numeric(),
}


def of_reference(firms: int = 400) -> dict[str, float]:
    """Operations of a firm-step of the reference model, means over some firms of the first quarter."""
    from firmstep import in_engine, spec

    from policymix.engine import ruleset
    from policymix.engine.streams import finalise

    rules = ruleset.rule_set(in_engine.RULES)
    names = {**vars(rules.module), **ELEMENTARY, "finalise": word(finalise, "hash")}
    for key, value in list(names.items()):
        if isinstance(value, types.FunctionType) and value.__module__ == rules.module.__name__:
            names[key] = types.FunctionType(value.__code__, names, key)
    names["uniform"] = number(names["uniform"], simple=3)
    names["box_muller"] = number(names["box_muller"], log=1, sqrt=1, cos=1, simple=8)
    begin, mix = in_engine.start(firms, 1, 0), spec.mixes(1)[0]
    at, numbers = in_engine.room(firms, spec.mixes(1)), in_engine.parameters(mix)[0].tolist()
    at.buffer[:] = begin.buffer
    fixed = dict(zip(rules.parameters, numbers, strict=True)) | at.tables[0]
    fixed |= {"peers": begin.peers, "key": begin.key, "quarter": np.uint64(0)}
    COUNT.clear()
    with np.errstate(over="ignore"):
        for slot in range(firms):
            row = (
                fixed | {name: Counted(column[slot]) for name, column in at.columns.items()} | {"firm": np.uint64(slot)}
            )
            for stage in (*rules.stages, rules.outputs):
                for rule in stage:
                    given = [row[each] if isinstance(each, str) else each for each in rule.arguments()]
                    value = names[rule.function.__name__](*given)
                    if stage is not rules.outputs:
                        row[rule.gives] = Counted(value) if isinstance(value, float) else value
                    else:
                        COUNT["simple"] += 1
    return {kind: count / firms for kind, count in COUNT.items()}


def of_model(setting: Any, values: dict[str, float], seed: int, mix: str, quarters: int) -> dict[str, float]:
    """Operations of a firm-quarter of the full model under a mix, means over a small city and some quarters.

    Whole numbers, look-ups, claims that the office settles, newcomers and movers are not counted.
    """
    from policymix.engine.mesa_view import MesaCity, MesaStages
    from policymix.engine.streams import further, further_normal

    class Stages(MesaStages):
        """The Mesa view's stages with numbers that keep count."""

        def take(self, slot: int) -> None:
            COUNT["firm-quarters"] += 1
            super().take(slot)

    city = MesaCity(setting, values, seed, 0, mix)
    city.stages = stages = Stages(setting.rules, setting.contract, city, setting.general)
    stages.settle_in(city.city)
    names = stages.plain.stages.__globals__
    names |= ELEMENTARY
    names["finalise"], names["hashed"] = word(names["finalise"], "hash"), word(names["hashed"], "hash")
    names["words"] = word(names["words"], "philox")
    names["uniform_of"] = number(names["uniform_of"], simple=4)
    for name in ("lasting", "aware_of", "able_of"):
        names[name] = number(names[name], hash=1, simple=6)
    names["normal_of"] = number(names["normal_of"], log=1, sqrt=1, cos=1, simple=8)
    names["further"] = number(further, simple=3)
    names["further_normal"] = number(further_normal, log=1, sqrt=1, cos=1, simple=9)
    stages._lane, stages._draw = Lane(len(stages._lane)), counted_draw(stages._draw, stages.plain.draw_luck)
    COUNT.clear()
    for _ in range(quarters):
        city.advance(stages)
    firm_quarters = COUNT.pop("firm-quarters")
    return {kind: count / firm_quarters for kind, count in COUNT.items()}


class Lane(list):
    """A scratch of one firm whose numbers keep count."""

    def __init__(self, rows: int) -> None:
        super().__init__([Counted(0.0)] * rows)

    def __setitem__(self, position: Any, value: Any) -> None:
        super().__setitem__(position, [Counted(x) for x in value] if isinstance(position, slice) else Counted(value))


def counted_draw(draw: Any, plain: Any) -> Any:
    """A firm's luck drawn as ever, and once more on a copy to be counted."""

    def call(w: np.ndarray, h: np.ndarray, *address: Any) -> None:
        plain(w.tolist(), [0, 0], *address)
        draw(w, h, *address)

    return call
