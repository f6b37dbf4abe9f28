"""Levers of a design, the packages of a candidate, and candidates as files."""

import datetime

import pytest

from policymix.errors import InvalidFile, InvalidValue, NotFound
from policymix.experiments.candidates import as_text, levers_of, packages_of, scaled, write
from policymix.experiments.design_problem import load_problem, scenario_of, with_numbers
from policymix.experiments.scenario import load_scenario
from policymix.policy.package import check, load
from policymix.policy.versions import digest

LEVERS = [
    {"clause": "htz-2022/m4"},
    {"clause": "dalian-2021/*"},
    {"money": "htz-2022", "low": 0.5, "high": 2.0},
    {"address": "htz-2022/m5.pays.share.value", "low": 0.02, "high": 0.08},
    {"address": "htz-2022/m4.pays.area_max", "kind": "integer", "low": 500, "high": 4000},
    {"address": "htz-2022/m4.pays.rent_share", "values": ["[1.0]", "[1.0, 1.0]"]},
]


def problem(**changes):
    keys = {
        "id": "tiny", "title": {"en": "Tiny", "zh": "小"}, "scenario": "dalian-2025", "published": "dalian-2021",
        "budget": {"amount": 1e8}, "lever": LEVERS, "goal": [{"outcome": "investment"}],
    }  # fmt: skip
    return load_problem({**keys, **changes})


@pytest.fixture(scope="module")
def levers():
    return levers_of(problem())


def value_at(levers, name, point):
    return point[[lever.name for lever in levers.listed].index(name)]


def test_as_published_is_published_or_the_nearest_end(levers):
    point = levers.published
    names = [lever.name for lever in levers.listed]
    live = [clause.id for clause in load("dalian-2021").clause if clause.inert is None]
    assert [name for name in names if name.startswith("dalian-2021/")] == [f"dalian-2021/{each}" for each in live]
    assert value_at(levers, "htz-2022/m5.pays.share.value", point) == 0.08  # published: 0.10
    assert value_at(levers, "htz-2022/m4.pays.area_max", point) == 2000
    assert value_at(levers, "htz-2022/m4.pays.rent_share", point) == "[1.0, 1.0]"
    assert value_at(levers, "htz-2022 x", point) == 1.0


def test_a_candidate_has_the_clauses_and_numbers_chosen(levers):
    point = tuple(
        {"htz-2022/m4.pays.area_max": 700, "htz-2022 x": 2.0, "htz-2022/m4.pays.rent_share": "[1.0]"}.get(
            lever.name, lever.name.startswith("htz-2022/m4") if lever.kind == "clause" else lever.published
        )
        for lever in levers.listed
    )
    (package,) = packages_of(levers, point)  # every clause of dalian-2021 is off: the package is not there
    assert package.id == "htz-2022" and "m4" in {clause.id for clause in package.clause}
    assert package.named("m4").pays.area_max == 700
    assert package.raw["budget"]["amount"]["value"] == 224_000_000 and package.raw["budget"]["amount"]["high"] == 5e8
    assert "area_max = 700" in as_text(levers, point) and "dalian-2021" not in as_text(levers, point)


def test_what_is_written_is_the_candidate(levers, tmp_path):
    point = tuple(
        {"dalian-2021/1": False, "htz-2022/m4": False, "htz-2022 x": 0.5}.get(lever.name, lever.published)
        for lever in levers.listed
    )
    packages = packages_of(levers, point)
    files = write(packages, levers.packages, tmp_path / "best.toml")
    assert [file.name for file in files] == [f"best-{package.id}.toml" for package in packages]
    for package, file in zip(packages, files, strict=True):
        assert check(file)[0] == []
        read = load(file)
        assert read.lineage == (f"{package.id}-best", package.id)
        assert [clause.id for clause in read.clause] == [clause.id for clause in package.clause]
        same = {**read.raw, "id": package.id, "title": package.raw["title"], "stack": [], "limit": []}
        assert digest_of(package, same) == digest_of(package, {**package.raw, "stack": [], "limit": []})
        assert read.head.limit == package.head.limit and read.head.stack == package.head.stack


@pytest.mark.parametrize("on", [{"c1"}, {"c1", "m3-start"}, {"m4", "m3-capital", "m3-start"}])
def test_rules_over_several_clauses_are_written_as_they_are_left(on, tmp_path):
    """htz-2022 has a limit over m3-capital and m3-start, whose amount is money too."""
    found = levers_of(problem(lever=[{"clause": "htz-2022/*"}, {"money": "htz-2022"}]))
    point = tuple(2.0 if lever.kind == "money" else lever.within in on for lever in found.listed)
    (package,) = packages_of(found, point)
    (file,) = write([package], found.packages, tmp_path / "best.toml")
    read = load(file)
    assert {clause.id for clause in read.clause if clause.inert is None} == on
    assert read.head.limit == package.head.limit
    assert [rule.amount for rule in read.head.limit] == [40_000_000] * bool(on - {"c1", "m4"})
    assert read.named(next(iter(on))) == package.named(next(iter(on)))


def test_a_factor_on_nothing_is_not_said():
    found = levers_of(problem(lever=[{"clause": "dalian-2021/*"}, {"money": "dalian-2021"}]))
    point = tuple(2.0 if lever.kind == "money" else lever.within == "10" for lever in found.listed)
    assert as_text(found, point) == "dalian-2021: 10"
    point = tuple(2.0 if lever.kind == "money" else lever.within == "1" for lever in found.listed)
    assert as_text(found, point) == "dalian-2021: 1 (amounts x 2)"


def digest_of(package, raw):
    from dataclasses import replace

    return digest(replace(package, raw=raw))


def test_dates_places_and_classes_of_firms_are_levers():
    classes = ['["high_tech_enterprise"]', '["high_tech_enterprise", "chick_eagle"]', '"gazelle"']
    found = levers_of(problem(lever=[
        {"address": "htz-2022/until", "low": datetime.date(2024, 6, 30), "high": datetime.date(2026, 6, 30)},
        {"address": "htz-2022/place", "values": ["zone", "city"]},
        {"address": "htz-2022/s3.where.steps", "values": classes},
    ]))  # fmt: skip
    assert found.published[1:] == ("zone", classes[1])
    (package,) = packages_of(found, (datetime.date(2025, 1, 31).toordinal(), "city", classes[2]))
    assert package.end == datetime.date(2025, 1, 31) and package.head.place == "city"
    assert package.named("s3").where["steps"] == "gazelle"
    with pytest.raises(InvalidFile, match="gazele"):
        levers_of(problem(lever=[{"address": "htz-2022/s3.where.steps", "values": ['"gazele"', '"gazelle"']}]))


def test_scaled_amounts_are_money_only():
    package = load("shiyan-2022")
    assert scaled(package, 1.0) is package
    found = scaled(package, 3.0)
    assert found.named("12a").pays.amount == 6_000_000
    assert found.raw["clause"][0] == package.raw["clause"][0]


@pytest.mark.parametrize(
    ("lever", "words"),
    [
        ({"clause": "htz-2022/m44"}, ["lever 1", "'m44'", "nearest valid name: 'm4'"]),
        ({"clause": "htz-2202/m4"}, ["'htz-2202'", "nearest valid name: 'htz-2022'"]),
        ({"clause": "htz-2022/i1"}, ["htz-2022/i1, which is inert"]),
        ({"clause": "m4"}, ["package/clause"]),
        ({"clause": "htz-2022/m4", "low": 1}, ["lever 1 > low", "a key that does not exist"]),
        ({"money": "htz-2022", "low": -1.0, "high": 2.0}, ["lever 1"]),
        ({"money": "htz-2022", "low": 3.0, "high": 2.0}, ["lever 1"]),
        (
            {"address": "htz-2022/m4.pays.area_maks", "low": 1.0, "high": 2.0},
            ["unknown key 'area_maks'", "nearest valid name: 'area_max'"],
        ),
        ({"address": "htz-2022/m5.pays.share.value", "low": 0.1, "high": 1.5}, ["lever 1", "1.5"]),
        ({"address": "parameter.agglomeration", "low": 0.0, "high": 0.1}, ["an address of a package"]),
        ({"low": 0.0, "high": 1.0}, ["one of clause, money, address"]),
        ({"clause": "htz-2022/m4", "money": "htz-2022"}, ["one of clause, money, address"]),
    ],
)
def test_levers_that_cannot_be_are_refused_with_what_would(lever, words):
    with pytest.raises(InvalidFile) as error:
        levers_of(problem(lever=[lever]))
    assert all(word in str(error.value) for word in words), str(error.value)


def test_a_lever_twice_is_refused():
    with pytest.raises(InvalidFile, match="htz-2022/m4 twice"):
        levers_of(problem(lever=[{"clause": "htz-2022/m4"}, {"clause": "htz-2022/*"}]))


def test_a_value_out_of_its_bounds_is_refused(levers):
    point = list(levers.published)
    point[[lever.name for lever in levers.listed].index("htz-2022 x")] = 2.5
    with pytest.raises(InvalidValue, match=r"lever htz-2022 x: found 2\.5; expected .*0\.5 to 2"):
        packages_of(levers, point)
    with pytest.raises(InvalidValue, match="one for every lever"):
        packages_of(levers, point[1:])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"goal": [{"outcome": "investments"}]}, "nearest valid name: 'investment'"),
        ({"goal": [{"outcome": "investment", "target": "dalian-2020/t2"}]}, "one of them"),
        ({"goal": [{"outcome": "investment"}, {"outcome": "investment"}]}, "one goal twice"),
        ({"goal": [{"outcome": "investment", "quantile": 0.1, "at_least": 1.0}]}, "both at_least and quantile"),
        ({"goal": []}, "goal"),
        ({"budget": {"amount": -1.0}}, "budget > amount"),
        ({"budget": {"amount": 1.0, "quantil": 0.9}}, "nearest valid name: 'quantile'"),
        ({"draws": 1}, "a whole number, 2 or more"),
        ({"evaluation": 5}, "nearest valid name: 'evaluations'"),
        ({"published": "a=b=c,"}, "published"),
    ],
)
def test_a_problem_that_cannot_be_is_refused(changes, words):
    with pytest.raises(InvalidFile, match=words):
        problem(**changes)


def test_options_are_laid_over_the_file():
    found = with_numbers(load_problem("dalian-600"), budget=3e8, draws=4, evaluations=None)
    assert (
        found.budget.amount == 3e8 and found.draws == 4 and found.evaluations == load_problem("dalian-600").evaluations
    )
    with pytest.raises(InvalidFile, match="budget > amount"):
        with_numbers(found, budget=0.0)
    with pytest.raises(NotFound, match="did you mean 'dalian-600'"):
        load_problem("dalian-60")


def test_the_shipped_problem_can_be_used():
    found = load_problem("dalian-600")
    assert len(levers_of(found).listed) > 40 and set(found.candidates()) >= {"both", "qingdao-2023", "shiyan-2022"}


def test_the_seed_of_a_problem_is_taken_as_it_is_said():
    chosen = load_problem("dalian-600")
    of_scenario = scenario_of(chosen, []).seed
    assert chosen.seed is None and of_scenario == load_scenario(chosen.scenario).seed != 0
    assert [scenario_of(with_numbers(chosen, seed=seed), []).seed for seed in (0, 7)] == [0, 7]
