"""The reader of experiments: the shipped ones are good, broken ones name every problem at once."""

import pytest

from policymix.calibrate.experiment import experiments, quarters_of, range_problems, read_experiment, shipped
from policymix.errors import InvalidFile, NotFound
from policymix.experiments.parameters import prior_of

GOOD = """
id = "x"
title = {en = "X", zh = "某"}
source = ["A01"]

[scenario]
region = "dalian"
environment = "dalian-reference"
burn_in_start = "2016Q1"
start = "2021Q1"
end = "2022Q4"

[mixes]
none = []
other = ["national-baseline"]

[define]
ratio = {expression = "revenue / staff"}

[[part]]
name = "one"
title = {en = "One", zh = "一"}
estimator = "paired"
outcome = "investment"
where = {staff = {max = 150}, industry = "software", ratio = {above = 1}, born = "before", recipient = true}
band = {min = 0, max = 1}
"""


def read(tmp_path, text):
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    return read_experiment(path)


def refused(tmp_path, text, *words):
    with pytest.raises(InvalidFile) as error:
        read(tmp_path, text)
    for word in words:
        assert word in str(error.value)
    return error.value


def test_the_shipped_experiments_are_read_in_their_order():
    assert [each.id for each in experiments()] == ["v1", "v2", "v4", "v5", "v8", "v9", "v10", "v15"]
    assert [each.id for each in experiments(["V15", "v2"])] == ["v15", "v2"]


@pytest.mark.parametrize("path", sorted(shipped().glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_experiment_has_a_band_and_rows(path):
    form = read_experiment(path).form
    assert any(part.band is not None for part in form.part)
    assert all(row[0] in "AB" for row in form.source)
    assert form.id == path.stem


def test_a_good_file(tmp_path):
    found = read(tmp_path, GOOD)
    assert found.treated_mix() == "other"
    assert quarters_of([0, 3], found.treatment) == (8084, 8087)
    assert quarters_of(["2021Q2", "2021Q4"], found.treatment) == (8085, 8087)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('outcome = "investment"', 'outcom = "investment"', ["unknown key 'outcom'", "'outcome'"]),
        ('outcome = "investment"', 'outcome = "investmnt"', ["'investmnt'", "nearest valid name: 'investment'"]),
        ('estimator = "paired"', 'estimator = "pared"', ["'pared'", "'paired'"]),
        ('estimator = "paired"', 'estimator = "did"', ["treated", "untreated", "before"]),
        ('estimator = "paired"', 'estimator = "paired"\nbandwidth = 1', ["unknown key 'bandwidth'"]),
        ('industry = "software"', 'industry = "softwear"', ["'softwear'", "'software'"]),
        ("staff = {max = 150}", "staf = {max = 150}", ["'staf'", "'staff'"]),
        ("staff = {max = 150}", 'staff = "many"', ["bounds"]),
        ("staff = {max = 150}", "staff = 2021-01-01", ["2021-01-01", "bounds"]),
        ("staff = {max = 150}", "staff = {most = 150}", ["unknown key 'most'", "'max'"]),
        ('estimator = "paired"', "", ["estimator = None", "paired"]),
        ("recipient = true", "recipient = 1", ["true or false"]),
        ('born = "before"', 'born = "never"', ["'never'", "before"]),
        ("band = {min = 0, max = 1}", "band = {min = 0, above = 1}", ["min and above"]),
        ("band = {min = 0, max = 1}", 'area = "zon"', ["'zon'", "'zone'"]),
        ("band = {min = 0, max = 1}", "window = [0, 99]", ["0 to 99", "within 2021Q1 to 2022Q4"]),
        ("band = {min = 0, max = 1}", "window = [3, 1]", ["the first quarter first"]),
        ("band = {min = 0, max = 1}", 'window = ["soon", "2022Q1"]', ["'soon'"]),
        ("band = {min = 0, max = 1}", 'mix = "othr"', ["'othr'", "'other'"]),
        ("band = {min = 0, max = 1}", 'against = {by = "ratio", measure = "pct"}', ["against", "'pct'"]),
        ("band = {min = 0, max = 1}", 'against = {by = "ratio", outcome = "capitl"}', ["against", "'capital'"]),
        ('expression = "revenue / staff"', 'expression = "revenue / stff"', ["'stff'", "'staff'"]),
        ('expression = "revenue / staff"', 'expression = "open(1)"', ["open(1)", "names of variables"]),
        ('region = "dalian"', 'region = "dalin"', ["dalian"]),
        ('end = "2022Q4"', 'end = "2020Q4"', ["out of order"]),
        ("none = []", "nothing = []", ["control", "'none'"]),
        ('outcome = "investment"', 'outcome = "entries"', ["conditions on entries"]),
    ],
)
def test_a_broken_file_says_where_and_what(tmp_path, old, new, words):
    assert old in GOOD
    refused(tmp_path, GOOD.replace(old, new, 1), *words)


def test_all_problems_at_once(tmp_path):
    text = GOOD.replace('"software"', '"softwear"').replace('outcome = "investment"', 'outcome = "investmnt"')
    error = refused(tmp_path, text + 'mix = "no"\narea = "nowhere"\n')
    assert len(error.problems) == 4


def test_a_package_in_the_file_is_checked(tmp_path):
    package = '[[package]]\nid = "p"\ntitle = {en = "P", zh = "某"}\nplace = "city"\ncurrency = "CNY"\n'
    refused(tmp_path, GOOD + package, 'package "p"', "announced", "payers")


def test_names_that_do_not_exist(tmp_path):
    with pytest.raises(NotFound, match="v99"):
        experiments(["v99"])
    with pytest.raises(NotFound, match="folder"):
        experiments([], tmp_path / "nowhere")
    with pytest.raises(NotFound, match="experiment"):
        experiments([], tmp_path)


def test_a_setting_outside_its_range_is_a_problem():
    priors = [
        prior_of("parameter.a", "uniform", 0.5, low=0.0, high=1.0),
        prior_of("parameter.b", "fixed", 0.25),
        prior_of("parameter.c", "lognormal", 1.0, median=1.0, sigma=1.0),
    ]
    settings = {"parameter.a": 1.5, "parameter.b": 9.0, "parameter.c": -1.0}
    assert [each.where for each in range_problems(settings, priors)] == ["set > parameter.a", "set > parameter.c"]
