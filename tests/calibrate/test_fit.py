"""A fit of a small Dalian, from simulations to the file that runs draw from."""

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from cities import smaller
from policymix import catalog
from policymix.calibrate import fit, moments
from policymix.calibrate.fit import Effort, calibrate, share_below
from policymix.calibrate.simulated import City, observed_scenario
from policymix.cli import app
from policymix.errors import InvalidFile, InvalidValue, RunFailed
from policymix.experiments import store
from policymix.experiments.parameters import prior_of, quantile
from policymix.experiments.posterior import open_fit
from policymix.report import fit_report

FEW = {"dalian": ["parameter.gazelle_rate", "parameter.hte_rate", "region.software.firms"], "shiyan": []}
LITTLE = Effort(simulations=44, truths=4, predicted=4, steps=12, truth_steps=40)


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """Dalian with a sixtieth of its firms, under its own name."""
    path = tmp_path_factory.mktemp("little") / "dalian.toml"
    path.write_text(smaller(catalog.find("regions", "dalian").read_text(encoding="utf-8"), 1 / 60), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def fitted(region, tmp_path_factory):
    """The fit, and the file of its simulations."""
    path = tmp_path_factory.mktemp("fit") / "little.simulations"
    return calibrate(region, effort=LITTLE, simulated=path, threads=2), path


@pytest.fixture(scope="module", autouse=True)
def few_numbers():
    """Three fitted numbers, so that a fit takes a second; the shipped lists are longer."""
    real = fit.fitted_numbers
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "fitted_numbers", lambda name: real(name).model_copy(update={"parameters": FEW[name]}))
        yield


def test_the_packages_then_in_force_and_nothing_after_2023():
    scenario = observed_scenario("dalian")
    assert list(scenario.mixes.values()) == [["dalian-2021", "htz-2022"]] and scenario.baseline in scenario.mixes
    assert scenario.history == ["national-baseline", "dalian-2020"] and scenario.end == "2023Q4"


def test_a_fit_says_what_it_found_of_every_number_and_every_moment(fitted, region):
    data, _ = fitted
    listed = FEW["dalian"]
    assert data.parameter.values.tolist() == listed and data.sizes["sample"] == 1000
    ratio = dict(zip(data.number.values.tolist(), data.ratio.values.tolist(), strict=True))
    assert all(ratio[name] == 1.0 for name in ratio if name not in listed)
    assert {"region.core_share_2020", "parameter.capital_elasticity"} <= ratio.keys()
    assert not data.identifies.sel(moment="city-gdp-2022") and data.fitted.sel(moment="city-gdp-2022")
    assert not data.fitted.sel(moment="htz-growth-2023")  # a check
    assert data.attrs["converged"] == 0 and data.attrs["forced"] == 0  # twelve steps are not enough
    priors = {prior.name: prior for prior in City(observed_scenario(region)).priors}
    for name in listed:
        low, high = quantile(priors[name], np.array([0.0, 1.0]))
        assert low <= data.value.sel(parameter=name).min() and data.value.sel(parameter=name).max() <= high


def test_an_interrupted_fit_goes_on_to_the_same_posterior(fitted, region):
    data, path = fitted
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    again = calibrate(region, effort=LITTLE, simulated=path, resume=True, threads=1)
    assert store.digest(again) == store.digest(data)


def test_an_earlier_year_uses_the_same_simulations_and_fits_fewer_figures(fitted, region, monkeypatch):
    data, path = fitted
    calls = []
    real = fit.simulate
    monkeypatch.setattr(fit, "simulate", lambda *args: calls.append(len(args[2])) or real(*args))
    early = calibrate(region, effort=LITTLE, until=2021, simulated=path, resume=True, threads=2)
    assert calls == [0, LITTLE.predicted]
    assert early.fitted.sum() < data.fitted.sum()
    assert not early.fitted.sel(moment="htz-eagles-2023-05") and early.fitted.sel(moment="htz-eagles-2021")
    assert "later figures" in "\n".join(fit_report.verdict(early))


def test_misses_stand_first(fitted):
    data, _ = fitted
    rows = fit_report.moment_rows(data)
    assert len(rows) == data.sizes["moment"]
    missed = ["MISS" in row[-1] for row in rows]
    assert missed == sorted(missed, reverse=True)
    assert "HAS NOT CONVERGED" in fit_report.verdict(data)[0]
    assert len(fit_report.number_rows(data)) == data.sizes["parameter"]


def test_a_later_year_is_refused(region):
    with pytest.raises(InvalidValue, match="2023"):
        calibrate(region, until=2024)


def test_a_number_that_is_not_uncertain_is_refused(fitted):
    city = City(observed_scenario("dalian"))
    listed = moments.fitted_numbers("dalian")
    for name, words in (("parameter.gazelle_rat", "parameter.gazelle_rate"), ("parameter.build_quarters", "uncertain")):
        with pytest.raises(InvalidFile, match=re.escape(name)) as error:
            fit.check_listed(city, listed.model_copy(update={"parameters": [name]}))
        assert words in str(error.value)


def test_a_fit_without_its_libraries_says_how_to_get_them(monkeypatch, region):
    monkeypatch.setattr(fit, "NEEDED", {"no_such_module": "no-such-library"})
    with pytest.raises(RunFailed, match=r"no-such-library.*policymix\[calibrate\]"):
        calibrate(region)


def test_shares_of_a_prior_are_its_quantiles_turned_round():
    prior = prior_of("x", "triangular", 2.0, low=1.0, mode=2.0, high=5.0)
    u = np.array([0.01, 0.3, 0.77, 0.999])
    assert share_below(prior, quantile(prior, u)) == pytest.approx(u, abs=1e-3)


def test_a_region_without_figures_keeps_its_priors():
    data = calibrate("shiyan", effort=Effort(10, truths=2, predicted=2), threads=2)
    assert data.sizes["parameter"] == 0 and data.attrs["converged"] == 1
    assert (data.ratio == 1.0).all() and not data.identifies.any()


def test_a_shipped_fit_is_stale_when_a_source_has_changed(fitted, tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "posterior_folder", lambda: tmp_path)
    assert [line.split(": ")[1] for line in fit.stale_fits()] == ["not made yet"] * 3
    data, _ = fitted
    now = fit.sources_of(observed_scenario("dalian"))
    assert {"code", "fit", "moments.toml", "city_statistics.csv", "priors.toml", "regions/dalian.toml"} <= now.keys()
    for sources, found in ((now, []), (now | {"moments.toml": "other"}, ["moments.toml"])):
        store.save(data.assign_attrs(sources=json.dumps(sources)), tmp_path / "dalian.nc")
        said = [line for line in fit.stale_fits() if "dalian.nc" in line]
        assert [line.rpartition(" ")[2] for line in said] == found


def test_the_command_writes_a_fit_and_refuses_one_that_has_not_converged(region, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fit, "effort_of", lambda *_: LITTLE)
    out = tmp_path / "fit.nc"
    arguments = ["calibrate", str(region), "--out", str(out), "--threads", "2"]
    first = CliRunner().invoke(app, [*arguments, "--quiet"])
    assert first.exit_code == 1 and "has not converged" in first.output and out.is_file()
    forced = CliRunner().invoke(app, [*arguments, "--resume", "--force"])
    assert forced.exit_code == 0 and "HAS NOT CONVERGED" in forced.output and "effect sizes" in forced.output
    assert open_fit(out).attrs["forced"] == 1
