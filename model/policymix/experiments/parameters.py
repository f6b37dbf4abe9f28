"""Uncertain parameters: their priors, their quantile functions, and samples that stay put.

The uniform behind a value depends on the seed, the parameter's name and the draw alone. Adding a parameter, leaving one
out or asking for more draws therefore changes no other value.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policymix import catalog
from policymix.errors import InvalidFile, InvalidValue, NotFound, Problem, RunFailed, nearest

LAWS = {  # keys that a law needs; any other key is refused
    "uniform": ("low", "high"),
    "loguniform": ("low", "high"),
    "normal": ("mean", "sd"),
    "lognormal": ("median", "sigma"),
    "triangular": ("low", "mode", "high"),
    "beta": ("low", "high"),
    "date": ("low", "mode", "high"),
    "fixed": (),
}
OPTIONAL = {"normal": ("low", "high"), "lognormal": ("low", "high"), "beta": ("a", "b"), "fixed": ("value",)}
BETA_SHAPE = (2.0, 5.0)  # of what a text only limits: mean 0.29 of the way from low to high
REDRAWS = 1000
REACH = 8.3  # standard deviations from the middle that the 53 bits of a uniform number can reach

Fitted = Callable[[int, int, int], Mapping[str, np.ndarray]]
"""Joint draws of a fit: (seed, draws, attempt) -> float64[draws] by address."""

_Number = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True)
class Prior:
    """What is believed of one parameter before any fit.

    ``law`` is a key of `LAWS` and ``numbers`` holds its keys: ``low, high`` (uniform, loguniform, beta with optional
    shapes ``a, b``; triangular and date with ``mode``), ``mean, sd`` (normal), ``median, sigma`` (lognormal: sd of the
    log), the last two cut at optional ``low, high``. ``default`` is used when nothing is drawn. ``name`` is the
    address; ``stream`` the address whose draws it shares, if not its own. ``bounds`` are the least and the greatest
    value that the number can have at all; by default the prior's own ends.
    """

    name: str
    law: str
    numbers: Mapping[str, float]
    default: float
    unit: str = ""
    title_en: str = ""
    title_zh: str = ""
    source: str = ""
    description: str = ""
    role: str = "uncertainty"
    stream: str = ""
    bounds: tuple[float, float] | None = None

    @property
    def limits(self) -> tuple[float, float]:
        """Least and greatest value that may be set."""
        if self.bounds is not None:
            return self.bounds
        return self.numbers.get("low", -math.inf), self.numbers.get("high", math.inf)

    @property
    def luck(self) -> str:
        """Name that addresses its uniform numbers: its own, or that of the number it was derived from."""
        return self.stream or self.name


class _Title(BaseModel):
    model_config = ConfigDict(extra="forbid")
    en: str
    zh: str


class _Law(BaseModel):
    model_config = ConfigDict(extra="forbid")
    law: Literal["uniform", "loguniform", "normal", "lognormal", "triangular", "beta", "date", "fixed"]
    low: _Number | None = None
    high: _Number | None = None
    mode: _Number | None = None
    mean: _Number | None = None
    sd: _Number | None = None
    median: _Number | None = None
    sigma: _Number | None = None
    a: _Number | None = None
    b: _Number | None = None
    value: _Number | None = None


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: _Title
    unit: str
    default: _Number
    prior: _Law
    source: str
    bounds: Annotated[list[_Number], Field(min_length=2, max_length=2)] | None = None
    role: Literal["uncertainty", "lever", "constant"] = "uncertainty"
    description: str = ""


def read_priors(path: str | os.PathLike[str] | None = None) -> list[Prior]:
    """Priors of a file (the shipped ``calibration/priors.toml`` by default), in its order, all problems at once."""
    path = Path(path) if path is not None else catalog.evidence("priors.toml")
    content = catalog.plain(catalog.read_toml(path))
    problems = [
        Problem(key, "a table that does not exist", "[[parameter]] only", nearest(key, ["parameter"])[0])
        for key in content
        if key != "parameter"
    ]
    priors: list[Prior] = []
    for number, table in enumerate(content.get("parameter", []), start=1):
        where = f'parameter "{table.get("name", number)}"' if isinstance(table, dict) else f"parameter {number}"
        found, prior = _read_row(where, table)
        problems += found
        priors += [prior] if prior else []
    seen: set[str] = set()
    for prior in priors:
        if prior.name in seen:
            problems.append(Problem(f'parameter "{prior.name}"', "the same name twice", "each parameter once"))
        seen.add(prior.name)
    if problems:
        raise InvalidFile(path, problems)
    return priors


def prior_of(name: str, law: str, default: float, **numbers: float | None) -> Prior:
    """A prior made in Python, checked as a file's would be; keys that are None are left out."""
    given = {key: float(value) for key, value in numbers.items() if value is not None}
    problems = _law_problems(name, law, given, default)
    if problems:
        raise InvalidValue(problems[0].where, problems[0].found, problems[0].expected, problems[0].nearest)
    return Prior(name, law, given, float(default))


def prior_of_range(name: str, law: str, low: float, high: float, default: float) -> Prior:
    """Prior of a number that a text does not fix (beta: only limited; triangular, loguniform, date: not given).

    ``beta`` is low + (high - low) * Beta(2, 5); ``triangular`` and ``date`` have their mode at the default.
    """
    if low == high:
        return prior_of(name, "fixed", default)
    mode = default if law in ("triangular", "date") else None
    return prior_of(name, law, default, low=low, high=high, mode=mode)


def quantile(prior: Prior, u: np.ndarray | float) -> np.ndarray:
    """Value below which a share ``u`` (0..1) of the prior lies.

    .. math:: x = F^{-1}(u)

    Normal and lognormal laws are cut at ``low`` and ``high`` by rescaling u to F(low) .. F(high).
    """
    u = np.asarray(u, dtype=np.float64)
    n = prior.numbers
    if prior.law == "fixed":
        return np.full(u.shape, n.get("value", prior.default))
    if prior.law == "uniform":
        return n["low"] + (n["high"] - n["low"]) * u
    if prior.law == "loguniform":
        return n["low"] * np.exp(math.log(n["high"] / n["low"]) * u)
    if prior.law == "triangular":
        return _triangular(u, n["low"], n["mode"], n["high"])
    if prior.law == "date":  # whole days, the last one as likely as its neighbours
        return np.floor(_triangular(u, n["low"], n["mode"] + 0.5, n["high"] + 1.0))
    if prior.law == "beta":
        return n["low"] + (n["high"] - n["low"]) * _beta(u, n.get("a", BETA_SHAPE[0]), n.get("b", BETA_SHAPE[1]))
    if prior.law == "normal":
        return _normal(u, n["mean"], n["sd"], n.get("low"), n.get("high"))
    if prior.law == "lognormal":
        low, high = (math.log(n[key]) if key in n else None for key in ("low", "high"))
        return np.exp(_normal(u, math.log(n["median"]), n["sigma"], low, high))
    raise NotFound("law", prior.law, LAWS, where=prior.name)


def uniforms(seed: int, name: str, draws: int, attempt: int = 0) -> np.ndarray:
    """Uniform numbers in (0, 1), one a draw, addressed by (seed, name, draw, attempt).

    The d-th word of a Philox4x64 stream whose key is (seed, hash of the name) and whose counter starts at the attempt.
    """
    word = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
    stream = np.random.Philox(
        key=np.array([seed, word], dtype=np.uint64), counter=np.array([0, 0, attempt, 0], dtype=np.uint64)
    )
    return ((stream.random_raw(draws) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def sample(
    priors: Sequence[Prior],
    seed: int,
    draws: int,
    fixed: Mapping[str, float] | None = None,
    attempt: int = 0,
    fitted: Fitted | None = None,
) -> np.ndarray:
    """Values of the parameters, an array (draw, parameter) in the order of `priors`.

    Parameters
    ----------
    fixed : values by name that collapse a prior (``--set parameter.NAME=x``)
    attempt : 0 for the first try; higher numbers give the redraws of `sample_accepted`
    fitted : columns by name that come from a fit instead of the priors; called with (seed, draws, attempt)
    """
    fixed = fixed or {}
    joint = fitted(seed, draws, attempt) if fitted is not None else {}
    values = np.empty((draws, len(priors)))
    for column, prior in enumerate(priors):
        if prior.name in fixed:
            values[:, column] = fixed[prior.name]
        elif prior.name in joint:
            values[:, column] = joint[prior.name]
        else:
            values[:, column] = quantile(prior, uniforms(seed, prior.luck, draws, attempt))
    return values


def sample_accepted(
    priors: Sequence[Prior],
    seed: int,
    draws: int,
    accept: Callable[[np.ndarray], np.ndarray],
    fixed: Mapping[str, float] | None = None,
    fitted: Fitted | None = None,
) -> tuple[np.ndarray, float]:
    """A sample of the prior, or of a fit, cut to the values that a rule accepts, and the share of tries refused.

    A refused draw is drawn again whole, by itself: the others keep their values.

    Parameters
    ----------
    accept : function from an array (draw, parameter) to a boolean a draw
    fitted : as for `sample`
    """
    values = sample(priors, seed, draws, fixed, 0, fitted)
    good = np.asarray(accept(values), dtype=bool)
    tries, attempt = draws, 0
    while not good.all():
        attempt += 1
        if attempt > REDRAWS:
            refused = f"{int((~good).sum())} of {draws} draws were refused {REDRAWS} times"
            raise RunFailed(f"{refused}; the priors leave almost nothing that holds")
        again = sample(priors, seed, draws, fixed, attempt, fitted)
        tries += int((~good).sum())
        values[~good] = again[~good]
        good = np.asarray(accept(values), dtype=bool)
    return values, (tries - draws) / tries


def fixed_values(names: Collection[str], settings: Mapping[str, Any]) -> dict[str, float]:
    """Settings of the addresses in `names`, as numbers (dates as their ordinal)."""
    fixed: dict[str, float] = {}
    for name, value in settings.items():
        if name not in names:
            continue
        number = value.toordinal() if hasattr(value, "toordinal") else value
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise InvalidValue(name, repr(value), "a number")
        fixed[name] = float(number)
    return fixed


def _read_row(where: str, table: object) -> tuple[list[Problem], Prior | None]:
    try:
        row = _Row.model_validate(table)
    except ValidationError as error:
        return [_problem(where, entry) for entry in error.errors()], None
    numbers = {key: value for key, value in row.prior.model_dump(exclude={"law"}).items() if value is not None}
    problems = _law_problems(where, row.prior.law, numbers, row.default)
    bounds = (row.bounds[0], row.bounds[1]) if row.bounds else None
    if bounds and not problems:
        problems = _bounds_problems(where, row.prior.law, numbers, row.default, bounds)
    name = f"parameter.{row.name}"
    return problems, Prior(
        name,
        row.prior.law,
        numbers,
        row.default,
        row.unit,
        row.title.en,
        row.title.zh,
        row.source,
        row.description,
        row.role,
        bounds=bounds,
    )


def _problem(where: str, entry: Mapping[str, Any]) -> Problem:
    place = " > ".join([where, *(str(part) for part in entry["loc"])])
    if entry["type"] == "missing":
        return Problem(place, "nothing", "this key")
    if entry["type"] == "extra_forbidden":
        forms: dict[str, type[BaseModel]] = {"title": _Title, "prior": _Law}
        model = forms.get(str(entry["loc"][0]), _Row)
        return Problem(
            place,
            "a key that does not exist",
            f"one of {', '.join(model.model_fields)}",
            nearest(str(entry["loc"][-1]), model.model_fields)[0],
        )
    if entry["type"] == "literal_error" and entry["loc"][-1] == "law":
        return Problem(place, repr(entry["input"]), f"one of {', '.join(LAWS)}", nearest(str(entry["input"]), LAWS)[0])
    return Problem(place, repr(entry["input"]), entry["msg"].removeprefix("Input should be "))


def _law_problems(where: str, law: str, n: Mapping[str, float], default: float) -> list[Problem]:
    """What is wrong with the numbers of a law; the default must be possible under it."""
    if law not in LAWS:
        return [Problem(f"{where} > law", f"'{law}'", f"one of {', '.join(LAWS)}", nearest(law, LAWS)[0])]
    allowed = (*LAWS[law], *OPTIONAL.get(law, ()))
    place = f"{where} > prior"
    problems = [Problem(place, f"{law} without {key}", ", ".join(LAWS[law])) for key in LAWS[law] if key not in n]
    problems += [Problem(place, f"{law} with {key}", "only " + ", ".join(allowed)) for key in n if key not in allowed]
    if problems:
        return problems
    for key in ("sd", "sigma", "median", "a", "b"):
        if key in n and n[key] <= 0:
            problems.append(Problem(f"{place} > {key}", f"{n[key]:g}", "more than 0"))
    if law in ("loguniform", "lognormal") and n.get("low", 1.0) <= 0:
        problems.append(Problem(f"{place} > low", f"{n['low']:g}", f"more than 0 for {law}"))
    low, high = n.get("low", -math.inf), n.get("high", math.inf)
    if low >= high:
        problems.append(Problem(place, f"low {low:g} and high {high:g}", "low below high"))
    elif not low <= n.get("mode", low) <= high:
        problems.append(Problem(f"{place} > mode", f"{n['mode']:g}", f"{low:g} to {high:g}"))
    if not low <= default <= high:
        problems.append(Problem(f"{where} > default", f"{default:g}", f"{low:g} to {high:g}, as the prior says"))
    if law == "fixed" and n.get("value", default) != default:
        problems.append(Problem(f"{where} > default", f"{default:g}", f"{n['value']:g}, as the prior says"))
    return problems


def _bounds_problems(
    where: str, law: str, n: Mapping[str, float], default: float, bounds: tuple[float, float]
) -> list[Problem]:
    """The prior and the default must lie within what the number can be at all."""
    low, high = bounds
    if low >= high:
        return [Problem(f"{where} > bounds", f"{low:g} to {high:g}", "the lower one first")]
    least, most = _ends(law, n, default)
    if low <= min(least, default) and max(most, default) <= high:
        return []
    return [Problem(f"{where} > bounds", f"{low:g} to {high:g}", f"at least {least:g} to {most:g}, as the prior says")]


def _ends(law: str, n: Mapping[str, float], default: float) -> tuple[float, float]:
    """Least and greatest value that a draw can have."""
    if law == "fixed":
        return default, default
    if law == "normal":
        least, most = n["mean"] - REACH * n["sd"], n["mean"] + REACH * n["sd"]
    elif law == "lognormal":
        least, most = n["median"] * math.exp(-REACH * n["sigma"]), n["median"] * math.exp(REACH * n["sigma"])
    else:
        return n["low"], n["high"]
    return max(least, n.get("low", -math.inf)), min(most, n.get("high", math.inf))


def _triangular(u: np.ndarray, low: float, mode: float, high: float) -> np.ndarray:
    cut = (mode - low) / (high - low)
    rising = low + np.sqrt(u * (high - low) * (mode - low))
    falling = high - np.sqrt((1.0 - u) * (high - low) * (high - mode))
    return np.where(u < cut, rising, falling)


def _beta(u: np.ndarray, a: float, b: float) -> np.ndarray:
    from scipy.special import betaincinv

    return betaincinv(a, b, u)


def _normal(u: np.ndarray, mean: float, sd: float, low: float | None, high: float | None) -> np.ndarray:
    from scipy.special import ndtr, ndtri

    from_share = ndtr((low - mean) / sd) if low is not None else 0.0
    to_share = ndtr((high - mean) / sd) if high is not None else 1.0
    values = mean + sd * ndtri(from_share + (to_share - from_share) * u)
    return np.clip(values, -np.inf if low is None else low, np.inf if high is None else high)
