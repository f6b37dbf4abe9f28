"""Sweeps of functions with known answers, in the form that the store of a sweep has."""

import json

import numpy as np
import xarray

from policymix.experiments.designs import make_design
from policymix.experiments.factors import Factor

SHARE_ISHIGAMI = np.array([0.3139, 0.4424, 0.0]), np.array([0.5576, 0.4424, 0.2437])
"""First and total indices of a = 7, b = 0.1; its variance is 13.845."""
VARIANCE_ISHIGAMI = 13.845


def ishigami(x, a=7.0, b=0.1):
    """Ishigami and Homma (1990): sin x1 + a sin^2 x2 + b x3^4 sin x1, x in [-pi, pi]."""
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


A_OF_G = np.array([0.0, 1.0, 4.5, 9.0])


def sobol_g(x):
    """Sobol' G: product of (|4 x - 2| + a) / (1 + a), x in [0, 1]."""
    return np.prod((np.abs(4.0 * x - 2.0) + A_OF_G) / (1.0 + A_OF_G), axis=1)


def shares_of_g():
    """First and total indices of Sobol' G in closed form."""
    own = 1.0 / 3.0 / (1.0 + A_OF_G) ** 2
    whole = np.prod(1.0 + own) - 1.0
    return own / whole, own * np.prod(1.0 + own) / (1.0 + own) / whole


def sweep(method, function, low, high, points, *, replicates=1, noise=0.0, common=False, failed=(), seed=5, **options):
    """A sweep of two mixes: nought under ``none``, the function and luck under ``made``.

    Parameters
    ----------
    common : every point has the same luck in a replicate
    failed : points whose runs failed
    """
    factors = [Factor(f"x{i}", f"parameter.x{i}", low=low, high=high) for i in range(options.pop("factors"))]
    design = make_design(method, factors, points=points, seed=seed, **options)
    x = np.stack([design.columns[factor.name] for factor in factors], axis=1)
    luck = np.random.default_rng(seed).standard_normal((1 if common else len(x), replicates))
    found = of_numbers(x, function(x)[:, None] + noise * luck, factors, design, failed)
    address = np.arange(replicates) + (0 if common else replicates * np.arange(len(x))[:, None])
    return found.assign(luck=(("draw", "replicate"), np.broadcast_to(address, (len(x), replicates))))


def of_numbers(x, y, factors=None, design=None, failed=(), method="prior"):
    """A sweep of given inputs [draw, factor] and numbers [draw, replicate]."""
    draws, replicates = y.shape
    names = [factor.name for factor in factors] if factors else [f"x{i}" for i in range(x.shape[1])]
    values = np.stack([np.zeros_like(y), y]).astype(float)
    state = np.ones(values.shape, np.uint8)
    state[:, list(failed)] = 2
    values[state == 2] = np.nan
    about = {"units": "CNY", "long_name": "paid", "long_name_zh": "兑付", "outcome": "paid"}
    dims = ("mix", "draw", "replicate")
    coords = {"mix": ["none", "made"], "draw": np.arange(draws), "replicate": np.arange(replicates)}
    coords |= {"parameter": [f"parameter.{name}" for name in names]}
    found = xarray.Dataset({"paid": (dims, values, about), "state": (dims, state)}, coords)
    found["parameter_value"] = (("draw", "parameter"), x)
    listed = []
    if design is not None:
        found = found.assign_coords({name: ("draw", x[:, i]) for i, name in enumerate(names)})
        found = found.assign_coords(uncertainty_position=(("draw", "uncertainty"), design.unit))
        listed = [{"name": name, "address": f"parameter.{name}", "kind": "real"} for name in names]
    stated = {"design": dict(design.attributes) if design else {"method": method}, "others": "default"}
    found.attrs = {"baseline": "none", "study": "known", "uncertainties": json.dumps(stated | {"factors": listed})}
    return found


def levers(points, kinds, function, draws=6, noise=0.0, seed=2):
    """A sweep over levers alone: ``points`` by factor name, of the stated kinds; every draw has luck of its own."""
    rng = np.random.default_rng(seed)
    count = len(next(iter(points.values())))
    effect = function(points)[:, None, None] + noise * rng.standard_normal((count, draws, 1))
    values = np.concatenate([np.zeros((1, draws, 1)), effect])
    about = {"units": "CNY", "long_name": "paid", "long_name_zh": "兑付", "outcome": "paid"}
    dims = ("mix", "draw", "replicate")
    coords = {"mix": ["none", *(f"p{i}" for i in range(count))], "draw": np.arange(draws), "replicate": [0]}
    found = xarray.Dataset({"paid": (dims, values, about), "state": (dims, np.ones(values.shape, np.uint8))}, coords)
    for name, column in points.items():
        gap = "" if kinds[name] in ("choice", "mix") else np.nan
        found = found.assign_coords({("packages" if kinds[name] == "mix" else name): ("mix", [gap, *column])})
    listed = [{"name": name, "address": name, "kind": kind} for name, kind in kinds.items()]
    found.attrs = {"baseline": "none", "levers": json.dumps({"factors": listed, "design": {"method": "factorial"}})}
    return found
