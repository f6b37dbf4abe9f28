"""Priors read strictly, quantiles against scipy.stats, samples that stay put."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policymix.errors import InvalidFile, InvalidValue, RunFailed
from policymix.experiments.inputs import gather
from policymix.experiments.limits import check_changes, said
from policymix.experiments.parameters import (
    _ends,
    fixed_values,
    prior_of,
    prior_of_range,
    quantile,
    read_priors,
    sample,
    sample_accepted,
    uniforms,
)
from policymix.experiments.runner import setting_of
from policymix.experiments.scenario import load_scenario, with_options

ROWS = """
[[parameter]]
name    = "investment_elasticity"
title   = {en = "Elasticity of capital to its user cost", zh = "资本对使用成本的弹性"}
unit    = "1"
default = 0.7
prior   = {law = "uniform", low = 0.4, high = 1.0}
source  = "A33"
description = "Log change of desired capital for a log change of the user cost, sign turned."

[[parameter]]
name    = "hassle_cost"
title   = {en = "Cost of applying", zh = "申报成本"}
unit    = "CNY"
default = 30_000
prior   = {law = "lognormal", median = 30_000, sigma = 0.6, low = 5_000, high = 200_000}
source  = "A42"
description = "What one application costs a firm."
"""

CUT = "median = 30_000, sigma = 0.6, low = 5_000, high = 200_000}"
TOO_MUCH = """
id = "too-much"
title = {en = "Almost everything is approved", zh = "审批放宽"}
source = "invented"
place = "city"
currency = "CNY"
announced = 2021-01-01
from = 2021-01-01
until = 2025-12-31
payers = [{who = "city", share = 1}]

[[clause]]
id = "1"
title = {en = "Approval", zh = "审批"}
source = "1"
changes = [{of = "parameter.approval", factor = 3.0}]
"""

PRIORS = [
    prior_of("parameter.a", "uniform", 0.5, low=0, high=1),
    prior_of("parameter.b", "loguniform", 2, low=1, high=10),
    prior_of("parameter.c", "normal", 0, mean=0, sd=1),
    prior_of("parameter.d", "normal", 0.5, mean=0, sd=1, low=0, high=2),
    prior_of("parameter.e", "lognormal", 1, median=1, sigma=0.5),
    prior_of("parameter.f", "triangular", 0.3, low=0, mode=0.3, high=1),
    prior_of("parameter.g", "beta", 0.29, low=0, high=1),
    prior_of("parameter.h", "date", 738000, low=737990, mode=738000, high=738100),
    prior_of("parameter.i", "fixed", 4.0),
]


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "priors.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_rows_become_priors_with_addresses(write):
    elasticity, hassle = read_priors(write(ROWS))
    assert elasticity.name == "parameter.investment_elasticity"
    assert (elasticity.law, elasticity.numbers, elasticity.default) == ("uniform", {"low": 0.4, "high": 1.0}, 0.7)
    assert hassle.title_zh == "申报成本"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("default = 0.7", "default = 1.7", "default: found 1.7; expected 0.4 to 1"),
        ('law = "uniform"', 'law = "unifrom"', "nearest valid name: 'uniform'"),
        ("low = 0.4, high = 1.0", "low = 1.0, high = 0.4", "low below high"),
        ("low = 0.4, high = 1.0", "low = 0.4", "uniform without high"),
        ("low = 0.4, high = 1.0", "low = 0.4, high = 1.0, sd = 2", "uniform with sd"),
        ('source  = "A33"', "", "source: found nothing"),
        ('unit    = "1"', 'unti    = "1"', "nearest valid name: 'unit'"),
        ('name    = "hassle_cost"', 'name    = "investment_elasticity"', "the same name twice"),
        ("sigma = 0.6", "sigma = -0.6", "sigma: found -0.6; expected more than 0"),
        ('source  = "A33"', 'source = "A33"\nbounds = [0.5, 2]', "bounds: found 0.5 to 2; expected at least 0.4 to 1"),
        ('source  = "A33"', 'source = "A33"\nbounds = [2, 0]', "bounds: found 2 to 0; expected the lower one first"),
        ('source  = "A33"', 'source = "A33"\nbounds = [0, 1, 2]', "bounds: found [0, 1, 2]; expected"),
    ],
)
def test_broken_rows(write, old, new, words):
    with pytest.raises(InvalidFile) as caught:
        read_priors(write(ROWS.replace(old, new, 1)))
    assert words in str(caught.value)


def test_bounds_are_the_rows_own_or_the_ends_of_its_prior(write):
    text = ROWS.replace('source  = "A33"', 'source = "A33"\nbounds = [0, 5]')
    assert [prior.limits for prior in read_priors(write(text))] == [(0.0, 5.0), (5_000.0, 200_000.0)]
    wide = "median = 30_000, sigma = 0.6}\nbounds = [100, 1e7]"
    assert read_priors(write(ROWS.replace(CUT, wide)))[1].limits == (100.0, 1e7)
    with pytest.raises(InvalidFile, match="bounds: found 1000 to 1e"):
        read_priors(write(ROWS.replace(CUT, wide.replace("[100", "[1000"))))


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: prior.law)
def test_no_draw_lies_beyond_the_ends(prior):
    least, most = _ends(prior.law, prior.numbers, prior.default)
    values = quantile(prior, np.array([2.0**-54, 1.0 - 2.0**-53]))
    assert least <= values[0] and values[1] <= most


def test_every_shipped_parameter_has_bounds_around_its_prior():
    for prior in read_priors():
        assert prior.bounds is not None, prior.name
        least, most = _ends(prior.law, prior.numbers, prior.default)
        assert prior.bounds[0] <= least <= prior.default <= most <= prior.bounds[1], prior.name


def test_a_range_in_words():
    assert said(0.0, 1.0, "1") == "0 to 1" and said(0.0, np.inf, "CNY") == "0 or more CNY"
    assert said(-np.inf, np.inf) == "any number" and said(-np.inf, 3.0) == "at most 3"


def test_a_clause_that_takes_a_parameter_beyond_its_bounds_is_refused(tmp_path):
    package = tmp_path / "too-much.toml"
    package.write_text(TOO_MUCH, encoding="utf-8")
    inputs = gather(with_options(load_scenario(), mix=f"none,{package}", draws=1))
    with pytest.raises(InvalidValue) as caught:
        check_changes(setting_of(inputs), inputs.parameters, inputs.fixed)
    words = "too-much/1: found factor 3 on parameter.approval, which makes it 1.95; expected 0 to 1"
    assert str(caught.value) == words
    lower = gather(with_options(load_scenario(), mix=f"none,{package}", draws=1, set={"parameter.approval": 0.3}))
    check_changes(setting_of(lower), lower.parameters, lower.fixed)


def test_two_broken_rows_are_told_together(write):
    with pytest.raises(InvalidFile) as caught:
        read_priors(write(ROWS.replace("uniform", "flat").replace("sigma", "sgima")))
    assert len(caught.value.problems) >= 2


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: prior.law)
def test_quantiles_rise_and_keep_to_the_bounds(prior):
    values = quantile(prior, np.linspace(1e-6, 1 - 1e-6, 1001))
    assert np.all(np.diff(values) >= 0)
    assert values.min() >= prior.numbers.get("low", -np.inf)
    assert values.max() <= prior.numbers.get("high", np.inf)


def test_quantiles_agree_with_scipy():
    stats = pytest.importorskip("scipy.stats")
    u = np.linspace(0.001, 0.999, 99)
    expected = [
        stats.uniform(0, 1),
        stats.loguniform(1, 10),
        stats.norm(0, 1),
        stats.truncnorm(0, 2),
        stats.lognorm(0.5),
        stats.triang(0.3),
        stats.beta(2, 5),
    ]
    for prior, law in zip(PRIORS, expected, strict=False):
        np.testing.assert_allclose(quantile(prior, u), law.ppf(u), rtol=1e-9, atol=1e-12)


def test_dates_are_whole_days():
    days = quantile(PRIORS[7], np.linspace(0, 1 - 1e-9, 500))
    assert np.array_equal(days, np.floor(days))
    assert days.max() == 738100


def test_ranges_of_clauses():
    assert quantile(prior_of_range("a/1.pays.share", "beta", 0.0, 1.0, 0.29), 0.5) == pytest.approx(0.2645, abs=1e-3)
    assert prior_of_range("a/1.x", "triangular", 0.1, 0.1, 0.1).law == "fixed"
    with pytest.raises(InvalidValue, match="triangluar"):
        prior_of_range("a/1.x", "triangluar", 0, 1, 0.5)


@given(st.integers(0, 2**63 - 1), st.text(min_size=1, max_size=20))
def test_uniforms_lie_inside_the_open_interval_and_repeat(seed, name):
    u = uniforms(seed, name, 5)
    assert np.all((u > 0) & (u < 1))
    assert np.array_equal(u, uniforms(seed, name, 5))
    assert not np.array_equal(u, uniforms(seed, name, 5, attempt=1))


def test_uniforms_are_uniform_and_names_independent():
    u, v = uniforms(1, "parameter.a", 20_000), uniforms(1, "parameter.b", 20_000)
    assert abs(u.mean() - 0.5) < 0.01
    assert abs(np.corrcoef(u, v)[0, 1]) < 0.03
    assert np.histogram(u, 10, (0, 1))[0].min() > 1800


def test_adding_a_parameter_or_draws_moves_nothing_else():
    few = sample(PRIORS[:3], 7, 10)
    many = sample(PRIORS[::-1], 7, 30)
    assert np.array_equal(many[:10, ::-1][:, :3], few)


def test_a_fixed_value_collapses_its_prior():
    values = sample(PRIORS, 7, 5, {"parameter.a": 0.25})
    assert np.all(values[:, 0] == 0.25)
    assert np.array_equal(values[:, 1:], sample(PRIORS, 7, 5)[:, 1:])


def test_refused_draws_are_drawn_again_alone():
    free = sample(PRIORS[:2], 3, 200)
    kept, refused = sample_accepted(PRIORS[:2], 3, 200, lambda values: values[:, 0] < 0.8)
    assert kept[:, 0].max() < 0.8
    untouched = free[:, 0] < 0.8
    assert np.array_equal(kept[untouched], free[untouched])
    assert 0.1 < refused < 0.3
    with pytest.raises(RunFailed, match="refused"):
        sample_accepted(PRIORS[:1], 3, 2, lambda values: values[:, 0] > 2)


def test_settings_of_parameters_are_numbers():
    assert fixed_values(["parameter.a"], {"parameter.a": 1, "a/1.pays": 2}) == {"parameter.a": 1.0}
    with pytest.raises(InvalidValue, match=r"parameter\.a"):
        fixed_values(["parameter.a"], {"parameter.a": "much"})
