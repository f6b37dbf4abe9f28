"""Region and environment files: strict, complete, and every problem named at once."""

import re
from pathlib import Path

import numpy as np
import pytest

from policymix import catalog
from policymix.errors import InvalidFile, InvalidValue, NotFound
from policymix.region import evidence
from policymix.region.arrays import region_arrays
from policymix.region.load import (
    check_together,
    defaults,
    load,
    load_environment,
    places_of,
    role_notices,
    uncertain,
)
from policymix.region.schema import PROJECT_TYPES, unit


@pytest.fixture(scope="module")
def region():
    return load("dalian")


@pytest.fixture(scope="module")
def environment():
    return load_environment("dalian-reference")


def edited(tmp_path: Path, kind: str, name: str, *changes: tuple[str, str]) -> Path:
    text = catalog.find(kind, name).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, f"the shipped file no longer contains {old!r}"
        text = text.replace(old, new, 1)
    path = tmp_path / "edited.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_number_has_a_source_or_a_reason(region, environment):
    for address, number in {**region.numbers, **environment.numbers}.items():
        assert number.source or number.why, address
        assert number.low is None or number.why, f"{address}: a range needs its reason"


def test_ranges_contain_their_defaults(region, environment):
    laws = uncertain(region, environment)
    assert len({address for address, *_ in laws}) == len(laws) > 100
    for address, law, low, default, high in laws:
        assert law == "triangular"
        assert low <= default <= high and low < high, address
        assert defaults(region, environment)[address] == default


def test_every_number_has_a_unit(region, environment):
    assert all(unit(address) for address in defaults(region, environment))
    assert unit("region.gazelle.dalian-htz") == "count"
    assert unit("region.gazelle.modelled") == "share"
    assert unit("environment.gdp_nominal_2016") == "CNY"
    assert unit("environment.gdp_growth_2025") == "share a year"
    assert unit("environment.shock_2020Q1") == "factor"


def test_sums_of_dalian(region):
    assert sum(industry.value_added_share.value for industry in region.industry if industry.core) == pytest.approx(1.0)
    assert 10_000 <= sum(industry.firms.value for industry in region.industry) <= 20_000
    assert all(sum(industry.project_types.probabilities()) == pytest.approx(1.0) for industry in region.industry)
    assert len(region.record) == 10
    ranks = [record.value_added.value for record in region.record]
    assert ranks == sorted(ranks, reverse=True)


def test_categories_and_core(region):
    assert [industry.category for industry in region.industry] == ["01", "02", "03", "03", "03", "04", "05", "05"]
    assert all(industry.core == (industry.category != "05") for industry in region.industry)


def test_roles(region):
    assert places_of(region, "city") == places_of(region, "dalian") == ("dalian-htz", "dalian-rest")
    assert places_of(region, "zone") == places_of(region, "dalian-htz") == ("dalian-htz",)
    assert places_of(region, "county") == region.places, "a role that the region lacks stands for the city"
    assert list(role_notices(region)) == ["county"]
    assert "whole city" in role_notices(region)["county"]
    with pytest.raises(NotFound, match="dalian-htz"):
        places_of(region, "dalian-hz")


def test_published_levels_are_those_of_the_evidence(environment):
    by_id = {row.id: row for row in evidence.statistics()}
    for year in environment.year:
        if year.gdp_nominal is None:
            continue
        level, growth = by_id[year.gdp_nominal.source[0]], by_id[year.gdp_growth.source[0]]
        assert (level.indicator, level.year, level.place) == ("gdp_current_revised", year.year, "dalian")
        assert (growth.indicator, growth.year) == ("gdp_real_growth", year.year)
        assert year.gdp_nominal.value == pytest.approx(level.in_model_units)
        assert year.gdp_growth.value == pytest.approx(growth.in_model_units)


def test_published_totals_are_those_of_the_evidence(region):
    by_id = {row.id: row for row in evidence.statistics()}
    for total in region.total:
        row = by_id.get(total.source[0])
        if row is not None:
            assert total.value == pytest.approx(row.in_model_units), total.key
            assert (total.place, total.year) == (row.place, row.year), total.key


def test_certain_ladder_counts_are_those_of_the_evidence(region):
    by_id = {row.id: row for row in evidence.statistics()}
    certain = [n for step in region.ladder for n in step.published.values() if not n.uncertain]
    assert certain
    for number in certain:
        assert number.value == by_id[number.source[0]].value


def test_nothing_after_2023_is_fitted(region, environment):
    by_id = {row.id: row for row in evidence.statistics()}
    assert all(total.year <= evidence.LAST_FITTED_YEAR for total in region.total)
    assert all(year.gdp_nominal is None for year in environment.year if year.year > evidence.LAST_FITTED_YEAR)
    for number in {**region.numbers, **environment.numbers}.values():
        for row in (by_id[source] for source in number.source if source in by_id):
            assert row.year <= evidence.LAST_FITTED_YEAR or (row.kind == "target" and number.uncertain), row.id


def test_a_late_statistic_is_refused(tmp_path):
    path = edited(
        tmp_path, "environments", "dalian-reference", ('source = ["CS-0059", "CS-0060"]', 'source = "CS-0015"')
    )
    load_environment(path)  # a plan figure may be the reason for a range
    path = edited(
        tmp_path,
        "environments",
        "dalian-reference",
        ('{value = 0.060, source = "CS-0060"}', '{value = 0.06, source = "CS-0015"}'),
    )
    with pytest.raises(InvalidFile, match="CS-0015") as error:
        load_environment(path)
    assert "2023" in str(error.value)


BROKEN = [
    (
        "an unknown key",
        "wage_share = {value = 0.57",
        "wage_shares = {value = 0.57",
        ["software", "wage_shares", "'wage_share'"],
    ),
    ("an unknown key of a number", "low = 0.55, high = 0.65", "lo = 0.55, high = 0.65", ["wage_share", "'low'"]),
    ("half a range", "low = 0.55, high = 0.65", "low = 0.55", ["software", "low and high"]),
    ("a default outside", "{value = 0.57, low = 0.55", "{value = 0.50, low = 0.55", ["0.5", "between"]),
    (
        "an unknown place",
        'place = "dalian-htz"\nvalue_added',
        'place = "dalian-hzt"\nvalue_added',
        ["rank-5", "dalian-htz"],
    ),
    ("an unknown industry", 'industry = "telecom"', 'industry = "telekom"', ["rank-2", "'telecom'"]),
    ("an unknown source", '"CS-0239"', '"CS-9239"', ["CS-9239", "technology_sme"]),
    ("an unknown field", '"software_it", "digital"', '"software", "digital"', ["fields", "software_it"]),
    ("a wrong sum", "value_added_share = {value = 0.44", "value_added_share = {value = 0.40", ["0.96", "sum to 1"]),
    ("probabilities", "application_demonstration = 0.15", "application_demonstration = 0.25", ["electronics", "1.1"]),
    ("a wrong step", 'step = "gazelle"', 'step = "gazele"', ["gazelle"]),
    ("text for a number", "{value = 600,", '{value = "600",', ["electronics", "firms"]),
    ("a share above one", "wage_level = {value = 1.08", "designated_sharp = {value = 1.08", ["designated_share"]),
    (
        "a negative share",
        "local_share = {value = 0.10, low = 0.05",
        "local_share = {value = 0.10, low = -0.05",
        ["-0.05"],
    ),
    ("no source", '{value = 1374, source = "CS-0239"}', "{value = 1374}", ["technology_sme", "source"]),
    ("no city", 'roles = {city = "dalian", zone', "roles = {zone", ["no city"]),
    ("a role for nowhere", 'zone = "dalian-htz"}', 'zone = "dalian-hts"}', ["roles > zone", "'dalian-htz'"]),
    (
        "a step without the city's count",
        "published.dalian = {value = 712,",
        "published.dalian-rest = {value = 712,",
        ["chick_eagle", "no count of the whole city"],
    ),
    ("a late total", "year = 2022\nvalue = 3000", "year = 2024\nvalue = 3000", ["2024", "testing"]),
]


@pytest.mark.parametrize(("old", "new", "words"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_broken_region_files_are_refused(tmp_path, old, new, words):
    path = edited(tmp_path, "regions", "dalian", (old, new))
    with pytest.raises(InvalidFile) as error:
        load(path)
    assert error.value.problems
    for word in [*words, str(path)]:
        assert word in str(error.value)


def test_all_problems_at_once(tmp_path):
    changes = (("wage_share = {value = 0.57", "wages = {value = 0.57"), ('step = "gazelle"', 'step = "gazel"'))
    with pytest.raises(InvalidFile) as error:
        load(edited(tmp_path, "regions", "dalian", *changes))
    assert len(error.value.problems) >= 3  # the unknown key, the missing key, the unknown step


ASSUMED = "inflation = {value = 0.0, low = -0.020, high = 0.020,"
BROKEN_ENVIRONMENTS = [
    ("a gap", "year = 2019\ngdp_nominal", "year = 2029\ngdp_nominal", ["without gaps"]),
    ("both prices", ASSUMED, 'gdp_nominal = {value = 9e11, source = "CS-0048"}\n' + ASSUMED, ["not both"]),
    ("a bad quarter", 'from = "2020Q1"', 'from = "2020-1"', ["2020-1"]),
    ("an unknown key", "hurdle = ", "hurdles = ", ["'hurdle'"]),
    ("a level of 2024", ASSUMED, "gdp_nominal = {value = 9e11, low = 8e11, high = 1e12,", ["2024"]),
]


@pytest.mark.parametrize(
    ("old", "new", "words"), [r[1:] for r in BROKEN_ENVIRONMENTS], ids=[r[0] for r in BROKEN_ENVIRONMENTS]
)
def test_broken_environments_are_refused(tmp_path, old, new, words):
    with pytest.raises(InvalidFile) as error:
        load_environment(edited(tmp_path, "environments", "dalian-reference", (old, new)))
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [('place = "dalian"', 'place = "qingdao"', "dalian"), ("base_year = 2020", "base_year = 2021", "2020")],
)
def test_an_environment_of_another_city_is_refused(tmp_path, region, environment, old, new, word):
    check_together(region, environment)
    other = load_environment(edited(tmp_path, "environments", "dalian-reference", (old, new)))
    with pytest.raises(InvalidValue, match=word):
        check_together(region, other)


def test_a_city_without_a_zone(tmp_path):
    region = load(edited(tmp_path, "regions", "dalian", (', zone = "dalian-htz"}', "}")))
    assert places_of(region, "zone") == region.places
    assert list(role_notices(region)) == ["zone", "county"]
    split = region_arrays(region).zone_share
    assert np.allclose(split, 0.5), "without a zone the parts share by weight"


def test_unknown_names_offer_the_nearest():
    with pytest.raises(NotFound, match="did you mean 'dalian'"):
        load("dalain")
    with pytest.raises(NotFound, match="dalian-reference"):
        load_environment("dalian-referense")


def test_project_types_are_a_closed_list(region):
    assert len(PROJECT_TYPES) == 6
    assert PROJECT_TYPES[-1] == "other"


def test_field_words_are_those_of_claims(region):
    claim = pytest.importorskip("policymix.policy.claim")
    words = set(next(fact.words for fact in claim.COMMON if fact.name == "fields"))
    for industry in region.industry:
        assert set(industry.fields) <= words, industry.id


def test_the_example_city_of_the_readme_loads(tmp_path):
    text = (catalog.data_root() / "scenarios" / "README.md").read_text(encoding="utf-8")
    example = next(block for block in re.findall(r"```toml\n(.*?)```", text, flags=re.S) if "[[industry]]" in block)
    path = tmp_path / "example.toml"
    path.write_text(example, encoding="utf-8")
    arrays = region_arrays(load(path))
    assert arrays.firms.tolist() == [[900.0]]
    assert arrays.value_added[0, 0] == pytest.approx(0.08 * 200e9)
    assert arrays.record_value_added.shape == (0,)
    assert arrays.ladder_start.sum() == 0.0
