"""Scenarios, mixes, addresses and horizons as a user writes them, and as they get them wrong."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policymix.errors import InvalidFile, InvalidValue, NotFound
from policymix.experiments.addresses import parse_address, parse_settings, parse_value
from policymix.experiments.mixes import format_mixes, parse_mixes
from policymix.experiments.quarters import first_day, last_day, quarter_name, quarter_number, quarters
from policymix.experiments.scenario import apply_sets, load_scenario, with_options, write_scenario

names = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=6).filter(lambda text: text != "none")
mixes = st.dictionaries(names, st.lists(names, min_size=1, max_size=3, unique=True), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def shipped():
    return load_scenario("dalian-2025")


def write(tmp_path, shipped, **changes):
    text = write_scenario(shipped)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "my.toml"
    path.write_text(text, encoding="utf-8")
    return path


# --- mixes


def test_the_grammar_of_mixes():
    assert parse_mixes("none, dalian-2021 ,both=dalian-2021+htz-2022") == {
        "none": [],
        "dalian-2021": ["dalian-2021"],
        "both": ["dalian-2021", "htz-2022"],
    }
    assert parse_mixes("a+b") == {"a+b": ["a", "b"]}
    assert parse_mixes("start=none") == {"start": []}
    assert parse_mixes("my/own.toml") == {"own": ["my/own.toml"]}


@pytest.mark.parametrize(
    "spelling", ["none,x=a+b", ["none", "x=a+b"], {"none": [], "x": ["a", "b"]}, {"none": "none", "x": "a+b"}]
)
def test_text_list_and_table_mean_the_same(spelling):
    assert parse_mixes(spelling) == {"none": [], "x": ["a", "b"]}


@pytest.mark.parametrize("bad", ["", "a,,b", "a+", "none+a", "none=a", "a,a", "x=a,x=b", "a+a", "a b=c", [], {}])
def test_mixes_that_cannot_be(bad):
    with pytest.raises(InvalidValue):
        parse_mixes(bad)


@given(mixes)
def test_mixes_survive_their_own_spelling(table):
    assert parse_mixes(format_mixes({"none": [], **table})) == {"none": [], **table}


# --- quarters


@given(st.integers(1900 * 4, 2200 * 4))
def test_quarters_count(number):
    assert quarter_number(quarter_name(number)) == number


def test_days_of_a_quarter():
    assert (first_day("2021Q1").isoformat(), last_day("2021Q4").isoformat()) == ("2021-01-01", "2021-12-31")
    assert quarters("2020Q3", "2021Q2") == ["2020Q3", "2020Q4", "2021Q1", "2021Q2"]


@pytest.mark.parametrize("text", ["2021", "2021Q5", "Q1", "2021-13", ""])
def test_no_quarter(text):
    with pytest.raises(InvalidValue, match="such as 2021Q1"):
        quarter_number(text)


# --- the file


def test_the_shipped_scenario(shipped):
    assert list(shipped.mixes) == ["none", "dalian-2021", "htz-2022", "both"]
    assert len(shipped.quarters()) == 20
    assert shipped.units() == 100
    assert shipped.packages() == ["national-baseline", "dalian-2020", "dalian-2021", "htz-2022"]


def test_a_scenario_survives_being_written(tmp_path, shipped):
    changed = with_options(shipped, mix="both", draws=3, set=["parameter.x=0.5", "htz-2022/m4.pays.rent_share=0.25"])
    path = tmp_path / "again.toml"
    path.write_text(write_scenario(changed), encoding="utf-8")
    assert load_scenario(path).model_dump() == changed.model_dump()


def test_all_problems_at_once_with_the_nearest_key(tmp_path, shipped):
    path = write(
        tmp_path,
        shipped,
        **{"draws = 100": "drws = 100", "seed = 2021": 'seed = "a"', "replicates = 1": "replicates = 0"},
    )
    with pytest.raises(InvalidFile) as caught:
        load_scenario(path)
    problems = {problem.where: problem for problem in caught.value.problems}
    assert set(problems) == {"drws", "seed", "replicates"}
    assert problems["drws"].nearest == "draws"
    assert problems["replicates"].expected == "a whole number, 1 or more"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('end = "2025Q4"', 'end = "2020Q4"', "an end 2020Q4 before its start 2021Q1"),
        ('burn_in_start = "2016Q1"', 'burn_in_start = "2022Q1"', "at or before the start"),
        ('start = "2021Q1"', 'start = "spring"', "such as 2021Q1"),
        ('baseline = "none"', 'baseline = "non"', "did you mean 'none'"),
        ("none,", "none,,", "an empty name"),
    ],
)
def test_what_cannot_be_is_one_clear_sentence(tmp_path, shipped, old, new, words):
    with pytest.raises((InvalidValue, InvalidFile, NotFound), match=words):
        load_scenario(write(tmp_path, shipped, **{old: new}))


# --- options and addresses


def test_options_lie_over_the_file(shipped):
    changed = with_options(shipped, mix="both", draws=5, seed=0)
    assert (list(changed.mixes), changed.draws, changed.seed) == (["none", "both"], 5, 0)
    assert changed.mixes["both"] == ["dalian-2021", "htz-2022"]
    assert changed.path == shipped.path
    assert with_options(shipped) == shipped


@pytest.mark.parametrize("option", ["draws", "replicates"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_counts_below_one(shipped, option, value):
    with pytest.raises(InvalidValue, match=rf"--{option}: found .*; expected a whole number, 1 or more"):
        with_options(shipped, **{option: value})


def test_run_addresses_change_the_scenario(shipped):
    changed = with_options(shipped, set=["run.draws=7", "run.end=2030Q4"])
    assert (changed.draws, changed.end, changed.set) == (7, "2030Q4", {})
    with pytest.raises(NotFound, match=r"did you mean 'run\.draws'"):
        apply_sets(shipped, {"run.drwas": 3})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("htz-2022/m4.pays.rent_share", ("package", "htz-2022", "m4.pays.rent_share")),
        ("parameter.hassle_cost", ("parameter", None, "hassle_cost")),
        ("environment.gdp_growth_2025", ("environment", None, "gdp_growth_2025")),
    ],
)
def test_addresses(text, parts):
    assert tuple(parse_address(text)) == parts
    assert str(parse_address(text)) == text


def test_an_unknown_space_names_the_nearest():
    with pytest.raises(InvalidValue, match="'parameter.x'"):
        parse_address("paramter.x")


def test_values_are_read_as_toml_reads_them():
    assert parse_value("0.5") == 0.5
    assert parse_value("5_000_000") == 5_000_000
    assert parse_value("2022-07-08").isoformat() == "2022-07-08"
    assert parse_value("none") == "none"
    for text in ("9" * 5000, "0x" + "F" * 5000, "[" * 5000, "[" * 90 + "]" * 90):  # no value that TOML has
        assert parse_value(text) == text
    assert parse_value("{at_most = 0.2, realised = 0.5}") == {"at_most": 0.2, "realised": 0.5}


@pytest.mark.parametrize("bad", ["parameter.x", "parameter.x=", "=1", "x=1"])
def test_settings_that_cannot_be(bad):
    with pytest.raises(InvalidValue):
        parse_settings([bad])


def test_one_value_for_an_address():
    assert parse_settings(["parameter.x=1", "parameter.x=1"]) == {"parameter.x": 1}
    with pytest.raises(InvalidValue, match="one value for an address"):
        parse_settings(["parameter.x=1", "parameter.x=2"])


def test_a_package_named_anew_brings_its_targets_and_opportunities():
    shipped = load_scenario()
    other = with_options(shipped, mix="none,qingdao-2023,both=dalian-2021+qingdao-2023")
    assert other.opportunities == [*shipped.opportunities, "qingdao-2023"]
    assert other.targets == [*shipped.targets, "qingdao-2023"]
    same = with_options(shipped, mix="none,htz-2022")
    assert (same.opportunities, same.targets) == (shipped.opportunities, shipped.targets)
