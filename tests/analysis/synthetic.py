"""A made-up run with the schema of the results, for the tests of both rooms. No number in it has a meaning."""

import json

import numpy as np
import xarray

STEPS = ["technology_sme", "high_tech_enterprise", "chick_eagle", "gazelle", "unicorn", "leading"]
INDUSTRIES = ["electronics", "software", "data_services", "digital_industry_users"]
PLACES = ["dalian-htz", "dalian-rest"]
MIXES = {
    "none": [],
    "dalian-2021": ["dalian-2021"],
    "htz-2022": ["htz-2022"],
    "both": ["dalian-2021", "htz-2022"],
}
CLAUSES = [f"dalian-2021/{n}" for n in range(1, 8)] + [f"htz-2022/m{n}" for n in range(1, 9)]
KINDS = [
    "project", "project", "rd_year", "recognition", "project", "lease", "contract", "project",
    "lease", "recognition", "rd_year", "arrival", "project", "award", "contract",
]  # fmt: skip
PAYERS = ["city", "zone"]
ACTIVITIES = ["investment", "real_rd", "value_added", "employment", "active_firms"]
QUARTERS = [f"{year}Q{q}" for year in range(2021, 2026) for q in range(1, 5)]
ZH = {"investment": "投资", "value_added": "增加值", "employment": "就业", "active_firms": "经营企业"}


def make(draws=12, replicates=1, seed=1, mixes=MIXES, effect=1.0):
    """A Dataset of the exact schema; ``effect`` scales every difference between mixes."""
    rng = np.random.default_rng(seed)
    names, time = list(mixes), np.arange(20)
    push = effect * np.array([0.0 if not p else 0.35 * len(p) + 0.4 * ("dalian-2021" in p) for p in mixes.values()])
    started = np.array([[1.0 if _on(p, q) else 0.0 for q in QUARTERS] for p in mixes.values()])
    ramp = push[:, None] * np.cumsum(started, axis=1) / 20.0
    size = rng.lognormal(0.0, 0.25, (draws, replicates))
    strength = rng.lognormal(0.0, 0.5, (draws, replicates))
    stray = 0.15 * rng.standard_normal((2, len(names), draws, replicates, 1))
    stray[:, 0] = 0.0
    lift = ramp[None, :, None, None, :] * (strength[None, None, :, :, None] + stray)
    lift = np.stack([lift[0], lift[0] * 0.9 + 0.1 * lift[1]])
    walk = np.cumsum(0.02 * rng.standard_normal((draws, replicates, 20)), axis=-1)
    trend = np.exp(0.015 * time + walk)[None, None] * size[None, None, :, :, None]
    base = {"p": 2, "m": len(names), "d": draws, "r": replicates}
    data = {}
    _flows(data, rng, trend, lift, base)
    _ladder(data, rng, lift, base)
    _shares(data, rng, lift, base, strength)
    _money(data, rng, started, strength, mixes)
    _appraisal(data, rng, push, strength, base)
    dataset = xarray.Dataset(data)
    dataset = dataset.assign_coords(_coordinates(names, draws, replicates))
    dataset.attrs = {
        "baseline": "none", "region": "dalian", "scenario": "dalian-2025", "history": json.dumps(["dalian-2020"]),
        "environment": "dalian-reference", "seed": 2021, "code_version": "0.1.0", "schema_version": 2,
        "packages": json.dumps({"dalian-2021": "a" * 64, "htz-2022": "b" * 64}), "price_base": "2020",
        "targets": json.dumps(["dalian-2020/t2", "htz-2022/t3"]), "mixes": json.dumps(mixes),
    }  # fmt: skip
    for name, array in dataset.data_vars.items():
        array.attrs.update(units=_units(name), long_name=name.replace("_", " "), long_name_zh=ZH.get(name, name))
    return dataset


def _on(packages, quarter):
    return ("dalian-2021" in packages and quarter >= "2021Q3") or ("htz-2022" in packages and quarter >= "2022Q2")


def _coordinates(names, draws, replicates):
    ends = [np.datetime64(f"{q[:4]}-{int(q[5]) * 3:02d}", "M") + 1 for q in QUARTERS]
    days = np.array([end.astype("datetime64[D]") - 1 for end in ends]).astype("datetime64[ns]")
    return {
        "mix": names, "draw": range(draws), "replicate": range(replicates), "quarter": QUARTERS, "place": PLACES,
        "industry": INDUSTRIES, "step": STEPS, "clause": CLAUSES, "payer": PAYERS, "prices": ["frozen", "free"],
        "year": range(2021, 2026), "activity": ACTIVITIES, "size": ["micro", "small", "medium", "large"],
        "rung": ["off", *STEPS], "parameter": ["parameter.eta", "parameter.xi"],
        "date": ("quarter", days), "kind": ("clause", KINDS),
        "luck": (("draw", "replicate"), np.arange(draws * replicates).reshape(draws, replicates)),
    }  # fmt: skip


def _flows(data, rng, trend, lift, base):
    path = trend * (1.0 + 0.004 * lift)
    place, industry = np.array([0.2, 0.8]), np.array([0.5, 0.2, 0.1, 0.2])
    full = ("prices", "mix", "draw", "replicate", "quarter", "place", "industry")
    for name, scale in (("investment", 9e9), ("value_added", 24e9), ("revenue", 60e9), ("employment", 260e3)):
        data[name] = (full, scale * path[..., None, None] * place[:, None] * industry)
    firms = 14e3 * path[..., None, None] * place[:, None] * industry + 25 * lift[..., None, None]
    data["active_firms"] = (full, np.round(firms))
    short = full[:-1]
    for name, scale in (("real_rd", 2e9), ("reported_rd", 2.4e9)):
        data[name] = (short, scale * path[..., None] * place)
    counts = {"entries": 250, "exits": 180, "relocations_in": 20, "registrations": 400, "adopters": 900}
    for name, scale in counts.items():
        data[name] = (short, np.round(scale * path[..., None] * place))
    for name in ("rent", "wage"):
        data[name] = (short, (1.0 + 0.002 * lift + 0.01 * np.arange(20))[..., None] * np.ones(2))


def _ladder(data, rng, lift, base):
    flow = np.array([200, 60, 25, 4, 0.4, 0.3])
    luck = rng.poisson(flow[:, None], (base["d"], base["r"], 6, 20)).cumsum(-1).swapaxes(-1, -2)
    start = np.array([2500, 1068, 507, 60, 6, 3])
    extra = np.round(lift[..., None] * flow * 0.5)
    zone = start + luck[None, None] + extra
    both = np.stack([zone, 1.8 * zone], axis=-2)
    dims = ("prices", "mix", "draw", "replicate", "quarter", "place", "step")
    data["recognised"], data["meeting"] = (dims, np.round(both)), (dims, np.round(0.85 * both))


def _shares(data, rng, lift, base, strength):
    d, r = base["d"], base["r"]
    trend = rng.normal(0.0015, 0.002, (d, r, 1)) * np.arange(1, 6)
    luck = 0.0015 * rng.standard_normal((d, r, 5))
    yearly = lift[..., 3::4]
    share = 0.0925 + trend + luck + 0.00035 * yearly
    dims = ("prices", "mix", "draw", "replicate", "year")
    data["core_share"], data["core_share_constant"] = (dims, share), (dims, share * 1.02)
    data["core_share_luck"] = (dims[2:], luck)
    data["core_share_granular_sd"] = (dims[2:], np.full((d, r, 5), 0.0034))
    gdp = 185e9 * np.exp(0.017 * np.arange(20) + 0.01 * rng.standard_normal((d, r, 1)))
    data["gdp"] = ((*dims[:-1], "quarter"), np.broadcast_to(gdp, (2, base["m"], d, r, 20)))
    nominal = gdp * np.repeat(share, 4, axis=-1)
    data["core_value_added"] = ((*dims[:-1], "quarter"), nominal)
    yearly_sums = nominal.reshape(*nominal.shape[:-1], 5, 4).sum(axis=-1)
    data["core_value_added_constant"] = (dims, yearly_sums / 1.01 ** np.arange(1, 6))
    data["parameter_value"] = (("draw", "parameter"), rng.random((d, 2)))
    data["pool_used"] = (("mix", "draw", "replicate"), np.full((base["m"], d, r), 0.4))
    data["never_claimed_share"] = (("mix", "draw", "replicate"), np.full((base["m"], d, r), 0.03))


def _money(data, rng, started, strength, mixes):
    weight = rng.dirichlet(np.ones(len(CLAUSES)))
    member = np.array([[c.split("/")[0] in p for c in CLAUSES] for p in mixes.values()], dtype=float)
    payer = np.array([[1, 0] if c.startswith("dalian") else [0.3, 0.7] for c in CLAUSES])
    money = np.round(
        100 * 80e6 * started[:, None, None, :, None, None] * strength[None, :, :, None, None, None]
        * member[:, None, None, None, :, None] * (weight[:, None] * payer)
    )  # fmt: skip
    committed = money
    cancelled = np.round(0.05 * money)
    paid = np.zeros_like(money)
    paid[:, :, :, 2:] = (money - cancelled)[:, :, :, :-2]
    outstanding = np.cumsum(committed - paid - cancelled, axis=3)
    dims = ("mix", "draw", "replicate", "quarter", "clause", "payer")
    accounts = {"committed": committed, "paid": paid, "cancelled": cancelled, "outstanding": outstanding}
    for name, values in accounts.items():
        data[name] = (dims, values / 100)
    data["recovered"] = (dims, np.round(0.01 * paid) / 100)
    for name, scale in (("claims_made", 30), ("claims_approved", 18), ("claims_rationed", 4)):
        data[name] = (dims[:-1], np.round(scale * (money.sum(-1) > 0) * weight * 15))
    opened = np.array([("dalian-2021" in p) for p in mixes.values()], dtype=float)
    spending = 1.2e9 * started[:, None, None, :] * opened[:, None, None, None]
    data["opportunity_spending"] = (dims[:4], spending * strength[None, :, :, None])


def _appraisal(data, rng, push, strength, base):
    dims = ("prices", "mix", "draw", "replicate", "activity")
    scale = np.array([4e9, 1e9, 3e9, 9e3, 400])
    noise = 1.0 + 0.2 * rng.standard_normal((base["d"], base["r"], 1))
    gross = push[:, None, None, None] * (strength[..., None] * noise) * scale
    additional = gross * 0.11 * strength[..., None]
    both = [np.stack([x, 1.02 * x]) for x in (gross, additional)]
    data["gross"], data["additional"] = (dims, both[0]), (dims, both[1])
    data["deadweight"] = (dims, both[0] - both[1])
    data["displacement"] = (dims, -0.2 * both[1])
    _groups(data, dims, both, base)


def _groups(data, dims, both, base):
    """Parts by group with fixed shares, moves into the first place, timing, clauses."""
    parts = {"gross": both[0], "additional": both[1], "displacement": -0.2 * both[1]}
    home = np.array([0.3, 0.7])[:, None] * np.array([0.4, 0.3, 0.2, 0.1])
    size = np.array([0.1, 0.2, 0.3, 0.4])[:, None] * np.full(7, 1.0 / 7.0)
    for name, values in parts.items():
        data[f"{name}_by_place"] = ((*dims, "place", "industry"), values[..., None, None] * home)
        data[f"{name}_by_size"] = ((*dims, "size", "rung"), values[..., None, None] * size)
    data["relocation"] = ((*dims, "place"), 0.5 * both[1][..., None] * np.array([1.0, -1.0]))
    data["from_elsewhere"] = ((*dims, "place"), 0.1 * both[1][..., None] * np.array([0.5, 0.5]))
    investment = both[1][..., 0]
    path = np.array([0.2, 0.5, 0.6, -0.1, -0.2])  # 0.3 of the additional were pulled forward
    data["additional_by_year"] = ((*dims[:-1], "year"), investment[..., None] * path)
    data["pulled_forward"] = (dims[:-1], 0.3 * investment)
    share = np.arange(1.0, len(CLAUSES) + 1.0)
    for name, values in (("gross_by_clause", 1.5 * both[0]), ("allocated_by_clause", both[1])):
        data[name] = ((*dims, "clause"), values[..., None] * share / share.sum())


def _units(name):
    if name.startswith(("core_share", "pool", "never")):
        return "share"
    counts = ("active", "recognised", "meeting", "entries", "exits", "reloc", "regis", "adopters", "claims")
    if name.startswith(counts):
        return "count"
    return {"employment": "persons", "rent": "index", "wage": "index"}.get(name, "CNY")


def make_sweep(levels=(1.0, 2.0, 3.0), draws=8, replicates=2, seed=1, study="rents", luck_seed=7):
    """A sweep's Dataset: a baseline and one mix for each level of one lever, all runs done."""
    rng = np.random.default_rng(luck_seed)
    mixes = ["none", *(f"p{number}" for number in range(len(levels)))]
    rent = np.array([np.nan, *levels])
    effect = np.nan_to_num(rent)[:, None, None]
    shape = (len(mixes), draws, replicates)
    common = rng.normal(1e6, 1e5, (draws, replicates))
    own = {name: 1.0 + 0.1 * rng.standard_normal((draws, replicates)) for name in ("paid", "jobs", "investment")}
    places = np.stack([common + 5.0 * effect, 2.0 * common + effect], axis=-1)
    additional = np.stack([7e6 * effect * own["investment"], 3.0 * effect * own["jobs"]], axis=-1)
    data = {
        "paid": (("mix", "draw", "replicate"), 1e6 * effect * own["paid"]),
        "active_firms": (("prices", "mix", "draw", "replicate", "place"), places[None]),
        "additional": (("prices", "mix", "draw", "replicate", "activity"), additional[None]),
        "core_share_luck": (("draw", "replicate"), common * 0.0),
        "parameter_value": (("draw", "parameter"), rng.random((draws, 1))),
        "state": (("mix", "draw", "replicate"), np.ones(shape, np.uint8)),
    }
    dataset = xarray.Dataset(data).assign_coords(
        mix=mixes, draw=range(draws), replicate=range(replicates), prices=["free"], place=PLACES,
        activity=["investment", "employment"], parameter=["parameter.eta"],
        packages=("mix", ["", *["htz-2022"] * len(levels)]),
        rent=("mix", rent, {"address": "htz-2022/m4.pays.area_max"}),
        luck=(("draw", "replicate"), np.arange(draws * replicates).reshape(draws, replicates)),
    )  # fmt: skip
    for name, units in (("paid", "CNY"), ("active_firms", "count"), ("additional", "CNY, persons or count")):
        dataset[name].attrs.update(
            units=units, long_name=name.replace("_", " "), long_name_zh=ZH.get(name, name), outcome=name
        )
    factor = {"name": "rent", "address": "htz-2022/m4.pays.area_max", "kind": "real"}
    dataset.attrs = {
        "baseline": "none", "region": "dalian", "scenario": "dalian-2025", "environment": "dalian-reference",
        "seed": str(seed), "code_version": "0.1.0", "schema_version": 1, "price_base": "2020", "study": study,
        "packages": json.dumps({"htz-2022": "b" * 64}), "levers": json.dumps({"factors": [factor]}),
    }  # fmt: skip
    return dataset
