"""What a study says, and everything that can be wrong with it: refused before the first run, nothing left on disk."""

import datetime
import shutil
from collections import namedtuple
from decimal import Decimal

import numpy as np
import pytest

pytest.importorskip("zarr")

from studies import AREA, FIRMS, PAID, drawn, study

from policymix.errors import Conflict, InvalidFile, InvalidValue, NotFound, PolicymixError, RunFailed
from policymix.experiments import blocks
from policymix.experiments.plan import plan_of
from policymix.experiments.study import load_study
from policymix.experiments.sweep import sweep

HTZ = "htz-2022"
GAIN = "parameter.agglomeration"


def levers(*factors, **table):
    """Keys of a study with these levers."""
    return {"levers": {"factor": list(factors), **table}}


def uncertain(*factors, **table):
    """Keys of a study with these uncertainties."""
    return {"uncertainties": {"factor": list(factors), **table}}


def planned(town, **changes):
    """The plan of a study."""
    return plan_of(load_study(study(town, **changes)))


# --- bad input --------------------------------------------------------------------------------------------------------

BAD = {
    "a lever that names nothing": (
        levers({"address": f"{HTZ}/m4.pays.area_maximum", "low": 1, "high": 2, "levels": 2}),
        InvalidValue, ("area_maximum", "area_max"),
    ),
    "a package that is not there": (
        levers({"address": "htz-2021/m4.pays.area_max", "values": [1, 2]}),
        NotFound, ("htz-2021/m4.pays.area_max", "did you mean 'htz-2022/m4.pays.area_max'"),
    ),
    "a lever on the history": (
        levers({"address": "dalian-2020/24a.pays.amount", "values": [1.0, 2.0]}),
        NotFound, ("dalian-2020/24a.pays.amount",),
    ),
    "a range outside the lever's bounds": (
        levers({"address": f"{HTZ}/m1.pays.share", "low": 0.1, "high": 2.0, "levels": 2}),
        InvalidValue, ("m1.pays.share", "2.0", "between 0 and 1"),
    ),
    "a word that the lever does not know": (
        levers({"address": f"{HTZ}/budget.ration", "values": ["pro_rata", "first_came"]}),
        InvalidValue, ("first_came", "first_come"),
    ),
    "a lever that two factors set": (
        levers(AREA, {**AREA, "name": "again"}),
        InvalidValue, ("area_max and again", "one factor for an address"),
    ),
    "a lever that is set": (
        {"set": {f"{HTZ}/m4.pays.area_max": 500}}, InvalidValue, ("area_max", "is set"),
    ),
    "a parameter among the levers": (
        levers({"address": GAIN, "values": [0.0, 0.1]}), InvalidValue, (GAIN, "[uncertainties]"),
    ),
    "a run's number among the levers": (
        levers({"address": "run.seed", "values": [1, 2]}), InvalidValue, ("run.seed", "address of a package"),
    ),
    "a lever among the uncertainties": (
        uncertain(AREA), InvalidValue, ("m4.pays.area_max", "[levers]"),
    ),
    "an uncertainty that names nothing": (
        uncertain({"address": "environment.hurdles", "values": [0.1, 0.2]}),
        NotFound, ("environment.hurdles", "did you mean 'environment.hurdle'"),
    ),
    "a range outside the parameter's bounds": (
        uncertain({"address": GAIN, "low": 0.0, "high": 9.0, "levels": 2}),
        InvalidValue, (GAIN, "9", "-0.5 to 1"),
    ),
    "words for a number": (
        uncertain({"address": GAIN, "values": ["low", "high"]}), InvalidValue, ("agglomeration", "choice", "numbers"),
    ),
    "an uncertainty that is set": (
        {"set": {GAIN: 0.05}}, InvalidValue, (GAIN, "one or the other"),
    ),
    "no prior to take quantiles of": (
        uncertain({"address": "environment.interest_2016"}, design="lhs", points=2),
        InvalidValue, ("interest_2016", "no prior", "low and high"),
    ),
    "a design without points": (
        uncertain({"address": GAIN}, design="lhs"), InvalidValue, ("uncertainties > points", "nothing"),
    ),
    "a design that does not exist": (
        uncertain({"address": GAIN}, design="sobel"), InvalidFile, ("sobel", "sobol"),
    ),
    "a key of another design": (
        uncertain({"address": GAIN}, design="lhs", points=2, trajectories=3), InvalidFile, ("trajectories",),
    ),
    "a design without factors": (
        {"levers": {"design": "lhs", "points": 3}}, InvalidFile, ("levers > factor", "none"),
    ),
    "draws beside a design": ({"draws": 7}, InvalidValue, ("draws", "7", "factorial")),
    "others that are no word for it": (
        uncertain({"address": GAIN, "values": [0.0, 0.1]}, others="drwan"), InvalidFile, ("drwan", "drawn, default"),
    ),
    "an unknown outcome": ({"outcome": [{"name": "piad"}]}, InvalidFile, ("piad", "'paid'")),
    "an unknown dim": ({"outcome": [{"name": "paid", "sum": ["cluase"]}]}, InvalidFile, ("cluase", "'clause'")),
    "a dim of another outcome": (
        {"outcome": [{"name": "core_share", "sum": ["place"]}]}, InvalidFile, ("the dim 'place'", "one of year"),
    ),
    "a dim of the run": ({"outcome": [{"name": "core_share", "mean": ["draw"]}]}, InvalidFile, ("the dim 'draw'",)),
    "a dim twice": (
        {"outcome": [{"name": "paid", "sum": ["quarter"], "last": ["quarter"]}]}, InvalidFile, ("a second time",),
    ),
    "a coordinate that is not there": (
        {"outcome": [{"name": "core_share", "select": {"year": 2031}}]}, NotFound, ("no year '2031'", "2022"),
    ),
    "two variables of one name": ({"outcome": [PAID, PAID]}, InvalidFile, ("a second variable 'paid'", "as =")),
    "a variable by a dim's name": ({"outcome": [{**PAID, "as": "quarter"}]}, InvalidValue, ("'quarter'", "taken")),
    "a variable by the state's name": ({"outcome": [{**PAID, "as": "state"}]}, InvalidValue, ("'state'", "taken")),
    "a factor by an outcome's name": (levers({**AREA, "name": "gross"}), InvalidValue, ("gross", "taken")),
    "a factor by a coordinate's name": (levers({**AREA, "name": "lever_position"}), InvalidValue, ("taken",)),
    "a lever by an uncertainty's name": (
        levers({**AREA, "name": "agglomeration"}), InvalidValue, ("agglomeration", "taken"),
    ),
    "no outcome": ({"outcome": []}, InvalidFile, ("outcome",)),
    "a key that does not exist": ({"replicate": 3}, InvalidFile, ("replicate", "replicates")),
    "no such scenario": ({"scenario": "dalian-2052"}, NotFound, ("dalian-2052", "dalian-2025")),
    "no such package": ({"mix": "htz-2202"}, NotFound, ("htz-2202", "htz-2022")),
    "nothing for the levers to change": ({"mix": "none"}, PolicymixError, ("mix",)),
    "a table that is not there": (
        levers(AREA, design="table", table="points.csv"), NotFound, ("table of points", "points.csv"),
    ),
    "prices twice": ({"prices": ["free", "free"]}, InvalidFile, ("prices",)),
    "prices of another kind": ({"prices": ["fixed"]}, InvalidFile, ("prices", "fixed")),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_before_the_first_run(town, tmp_path, monkeypatch, name):
    changes, kind, words = BAD[name]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(blocks, "fork_unit", None)
    with pytest.raises(kind) as error:
        sweep(study(town, **changes), out=tmp_path / "out" / "tiny")
    assert error.value.exit_code == 2
    for word in words:
        assert word in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_lever_that_two_packages_set(town, tmp_path):
    """Two packages under one id, and two that set one parameter to different values at one time."""
    folder = shutil.copytree(town.parent, tmp_path / "town")
    (folder / "packages").mkdir()
    package = (
        'id = "{id}"\ntitle = {{en = "a", zh = "b"}}\nsource = "test"\nstatus = "draft"\nplace = "city"\n'
        "announced = 2021-01-01\nfrom = 2021-01-01\n"
        'currency = "CNY"\nopen_ended = "test"\npayers = [{{who = "city", share = 1}}]\n'
        '[[clause]]\nid = "1"\ntitle = {{en = "a", zh = "b"}}\nsource = "1"\n'
        'changes = [{{of = "parameter.hassle_cost", to = {value}}}]\n'
    )
    for name, value in (("one", 1000), ("two", 2000)):
        (folder / "packages" / f"{name}.toml").write_text(package.format(id=name, value=value), encoding="utf-8")
    factor = {"name": "cost", "address": "one/1.changes.1.to", "values": [500, 700]}
    with pytest.raises(PolicymixError) as error:
        planned(folder / "town.toml", mix="one+two", **levers(factor))
    assert isinstance(error.value, Conflict), error.value
    assert "500" in str(error.value) and "2000" in str(error.value)


def test_a_design_too_large_for_the_disk(town, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 100, 100))
    monkeypatch.setattr(blocks, "fork_unit", None)
    with pytest.raises(RunFailed, match=r"runs have .* GB of numbers, the disk has .* GB; store fewer outcomes"):
        sweep(study(town), out=tmp_path / "tiny")
    assert list(tmp_path.iterdir()) == []


def test_everything_wrong_is_said_at_once():
    with pytest.raises(InvalidFile) as error:
        load_study(
            {"id": "x y", "title": {"en": "a", "zh": "b"}, "scenario": 3, "outcome": [{"nmae": "paid"}], "zz": 1}
        )
    assert len(error.value.problems) == 5


# --- levers -----------------------------------------------------------------------------------------------------------


def day(text):
    """A date."""
    return datetime.date.fromisoformat(text)


LEVERS = {
    "real": ({"address": f"{HTZ}/m1.pays.share", "low": 0.1, "high": 0.3, "levels": 2}, [0.1, 0.3]),
    "integer": (
        {"address": f"{HTZ}/c1.lends.firms", "kind": "integer", "low": 100, "high": 300, "levels": 3}, [100, 200, 300],
    ),
    "boolean": ({"address": f"{HTZ}/m4.where.designated_building", "values": [False, True]}, [False, True]),
    "a list as text": (
        {"address": f"{HTZ}/m4.pays.rent_share", "values": ["[1.0]", "[1.0, 1.0]"]}, [[1.0], [1.0, 1.0]],
    ),
    "a word": ({"address": f"{HTZ}/budget.ration", "values": ["pro_rata", "lottery"]}, ["pro_rata", "lottery"]),
    "date": (
        {"address": f"{HTZ}/s1.admit.until", "kind": "date", "low": day("2022-07-31"), "high": day("2022-08-31"),
         "levels": 2}, [day("2022-07-31"), day("2022-08-31")],
    ),
    "budget": ({"address": f"{HTZ}/budget", "name": "budget", "values": [5e7, 1e8]}, [5e7, 1e8]),
    "cap": ({"address": f"{HTZ}/m1.cap.amount", "name": "cap", "values": [1e6, 5e7]}, [1e6, 5e7]),
}  # fmt: skip


def value_at(package, address):
    """What a package has at an address, as plain values."""
    value = package.raw
    for key in address.partition("/")[2].split("."):
        if isinstance(value, list):
            value = value[int(key) - 1]
        elif "clause" in value and key not in value:
            value = next(clause for clause in value["clause"] if clause["id"] == key)
        else:
            value = value[key]
    value = value["amount"] if isinstance(value, dict) else value
    if isinstance(value, list):
        return [float(each) for each in value]
    return float(value) if isinstance(value, Decimal) else value


@pytest.mark.parametrize("name", LEVERS)
def test_levers_of_every_kind(town, name):
    factor, values = LEVERS[name]
    plan = planned(town, **levers(factor))
    points = [f"p{point}" for point in range(len(values))]
    assert list(plan.mixes) == ["none", *points]
    assert plan.mixes["none"] == []
    found = [value_at(plan.mixes[point][0], factor["address"]) for point in points]
    assert found == values
    assert len(np.unique(plan.unit_hashes)) == plan.unit_hashes.size  # every value is another input


def test_named_packages_as_a_lever(town):
    mixes = ["dalian-2021", "dalian-2021+htz-2022"]
    plan = planned(town, mix=None, **levers({"mix": mixes}))
    assert [[p.id for p in packages] for packages in plan.mixes.values()] == [[], ["dalian-2021"], ["dalian-2021", HTZ]]
    assert planned(town, mix=None, **levers({"mix": mixes}, AREA)).mixes["p3"][1].id == HTZ


def test_equal_versions_of_a_package_are_one_object(town):
    plan = planned(town, mix="dalian-2021+htz-2022")
    assert plan.mixes["p0"][0] is plan.mixes["p1"][0]
    assert plan.mixes["p0"][1] is not plan.mixes["p1"][1]


def test_several_base_mixes(town):
    plan = planned(town, mix="htz-2022,both=dalian-2021+htz-2022")
    assert list(plan.mixes) == ["none", "htz-2022.p0", "htz-2022.p1", "both.p0", "both.p1"]


def test_without_levers_the_mixes_are_the_scenarios(town):
    assert list(planned(town, mix=None, levers={}).mixes) == ["none", "dalian-2021", "htz-2022", "both"]


@pytest.mark.parametrize("method", ["lhs", "sobol", "halton", "morris", "saltelli", "one_at_a_time", "factorial"])
def test_designs_of_levers(town, method):
    counted = {} if method in ("one_at_a_time", "factorial") else {"points": 4}
    factors = [
        {"address": f"{HTZ}/m4.pays.area_max", "low": 500, "high": 3000, "levels": 3},
        {"address": f"{HTZ}/budget", "name": "budget", "low": 5e7, "high": 2e8, "scale": "log", "levels": 3},
    ]
    plan = planned(town, **levers(*factors, design=method, **counted))
    sizes = {"morris": 12, "saltelli": 16, "one_at_a_time": 5, "factorial": 9}
    assert len(plan.mixes) == 1 + sizes.get(method, 4)
    column = plan.levers.columns["area_max"]
    assert np.isnan(column[0]) and (column[1:] >= 500).all() and (column[1:] <= 3000).all()


def test_a_table_of_points_beside_the_study(town, tmp_path):
    (tmp_path / "points.csv").write_text("area_max,budget\n500,1e8\n700,5e7\n", encoding="utf-8")
    keys = levers({**AREA, "low": 100, "high": 900, "values": None}, {"address": f"{HTZ}/budget", "name": "budget",
                  "low": 1e7, "high": 1e9}, design="table", table="points.csv")  # fmt: skip
    del keys["levers"]["factor"][0]["values"]
    import tomlkit

    path = tmp_path / "s.toml"
    path.write_text(tomlkit.dumps(study(town, **keys)), encoding="utf-8")
    plan = plan_of(load_study(path))
    np.testing.assert_array_equal(plan.levers.columns["area_max"], [np.nan, 500, 700])
    sweep(path, out=tmp_path / "out")
    assert (tmp_path / "out" / "inputs" / "levers.csv").read_text(encoding="utf-8").startswith("area_max,budget")
    assert blocks.stored_plan(str(tmp_path / "out")).levers.columns["budget"][2] == 5e7


# --- uncertainties ----------------------------------------------------------------------------------------------------


def test_an_uncertainty_by_quantiles_of_its_prior(town):
    plan = planned(town, **uncertain({"address": GAIN}, {"address": "region.core_share_2020"}, design="lhs", points=8))
    column, prior = plan.uncertainties.columns[GAIN], next(p for p in plan.priors if p.name == GAIN)
    assert plan.draws == 8 == len(np.unique(column))
    assert prior.limits[0] <= column.min() < prior.default < column.max() <= prior.limits[1]
    assert plan.numbers(3)[GAIN] == column[3]


def test_an_uncertainty_by_a_range_and_the_others_drawn_or_at_their_defaults(town):
    factor = {"address": GAIN, "low": 0.0, "high": 0.1, "levels": 3}
    drawn_plan = planned(town, **uncertain(factor))
    default_plan = planned(town, **uncertain(factor, others="default"))
    np.testing.assert_allclose(drawn_plan.uncertainties.columns[GAIN], [0.0, 0.05, 0.1])
    names = [prior.name for prior in drawn_plan.priors]
    other = names.index("parameter.adoption_gain")
    assert len(np.unique(drawn_plan.values[:, other])) == 3
    assert np.unique(default_plan.values[:, other]) == [default_plan.priors[other].default]


def test_environment_and_region_by_their_addresses(town):
    factors = [
        {"address": "environment.interest_2020", "low": 0.03, "high": 0.05, "levels": 2},
        {"address": "region.core_share_2020", "values": [0.08, 0.1]},
    ]
    plan = planned(town, **uncertain(*factors, others="default"))
    pairs = [
        (plan.numbers(d)["environment.interest_2020"], plan.numbers(d)["region.core_share_2020"]) for d in range(4)
    ]
    assert pairs == [(0.03, 0.08), (0.03, 0.1), (0.05, 0.08), (0.05, 0.1)]


def test_no_uncertainty_is_one_draw_at_the_defaults(town):
    plan = planned(town, uncertainties={"design": "none"})
    assert plan.draws == 1
    assert plan.values[0].tolist() == [prior.default for prior in plan.priors]


def test_levers_times_draws_times_replicates(town, tmp_path):
    found = sweep(drawn(town, draws=2, replicates=3, units_per_chunk=2), out=tmp_path / "tiny", threads=2)
    assert found.state.dims == ("mix", "draw", "replicate")
    assert found.state.shape == (3, 2, 3)
    assert found.luck.values.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found.active_firms.dims == ("prices", "mix", "draw", "replicate", "place")
    assert found.area_max.values[1:].tolist() == [1000, 2000]
    assert found.area_max.dims == ("mix",)
    assert np.isfinite(found.active_firms).all()


def test_luck_by_the_replicate_alone(town):
    plan = plan_of(load_study(drawn(town, draws=2, replicates=2, luck="replicate")))
    assert [[plan.luck(d, r) for r in range(2)] for d in range(2)] == [[0, 1], [0, 1]]


@pytest.mark.parametrize("asked", [0, 1, 2, 3, 5, 100])
def test_blocks_hold_every_unit_once(town, asked):
    plan = plan_of(load_study(drawn(town, draws=3, replicates=5, units_per_chunk=asked)))
    units = [unit for block in plan.blocks for unit in block.units]
    assert sorted(units) == [(d, r) for d in range(3) for r in range(5)]
    assert len(units) == len({*units})


def test_hashes_tell_apart_what_gives_other_numbers(town):
    """Equal values at different addresses, other seeds, other clauses beside: never one hash."""
    one = {"address": "environment.interest_2020", "values": [0.04, 0.05]}
    two = {"address": "environment.interest_2019", "values": [0.04, 0.05]}
    plans = [planned(town, **uncertain(each, others="default")) for each in (one, two)]
    plans += [planned(town, **uncertain(one, others="default"), seed=9)]
    plans += [planned(town, **uncertain(one, others="default"), outcome=[FIRMS])]
    plans += [planned(town, **uncertain(one, others="default"), mix="htz-2022,dalian-2021")]
    hashes = np.concatenate([plan.unit_hashes[0].ravel() for plan in plans])
    assert len(np.unique(hashes)) == len(hashes)
    assert np.array_equal(planned(town).unit_hashes, planned(town, id="renamed").unit_hashes)
