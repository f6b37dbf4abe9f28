"""Draws from a fit: joint, addressed, and refused where the fit does not belong to the run."""

import json
import shutil
import warnings

import numpy as np
import pytest
import xarray
from typer.testing import CliRunner

from policymix import catalog
from policymix.cli import app
from policymix.errors import InvalidFile, NotFound, RunFailed, StalePosterior
from policymix.experiments import posterior, store
from policymix.experiments.inputs import gather, uncertainties
from policymix.experiments.parameters import sample
from policymix.experiments.posterior import draws_of, laws_of, posterior_of, read_posterior
from policymix.experiments.runner import draw_values
from policymix.experiments.scenario import load_scenario, with_options, write_scenario

NAMES = ["parameter.gazelle_rate", "parameter.hte_rate"]


@pytest.fixture(scope="module")
def priors():
    return uncertainties(gather(load_scenario("dalian-2025")))


def write_fit(path, priors, samples=None, **changes):
    """A fit of two rates that rise and fall together, as `policymix calibrate` would write it."""
    if samples is None:
        shares = np.linspace(0.0, 1.0, 50)
        samples = np.column_stack([0.1 + 0.05 * shares, 0.1 + 0.02 * shares])
    data = xarray.Dataset({"value": (("sample", "parameter"), samples)}, {"parameter": NAMES})
    attrs = {"region": "dalian", "until": 2023, "laws": laws_of(priors), "converged": 1, "forced": 0} | changes
    data.attrs = attrs | {"laws": json.dumps(attrs["laws"])}
    store.save(data, path)
    return path


@pytest.fixture
def fit(tmp_path, priors):
    return write_fit(tmp_path / "fit.nc", priors)


@pytest.fixture
def scenario(fit):
    return with_options(load_scenario("dalian-2025"), set={"run.posterior": str(fit), "run.draws": 40})


def columns(values, priors, names):
    every = [prior.name for prior in priors]
    return values[:, [every.index(name) for name in names]]


def test_fitted_numbers_come_together_and_all_others_keep_their_prior_draws(scenario, priors):
    inputs = gather(scenario)
    fitted, _ = draw_values(inputs, priors)
    before, _ = draw_values(gather(scenario.model_copy(update={"posterior": "none"})), priors)
    joint = columns(fitted, priors, NAMES)
    assert np.corrcoef(joint.T)[0, 1] == pytest.approx(1.0) and len(np.unique(joint[:, 0])) > 20
    others = [prior.name for prior in priors if prior.name not in NAMES]
    assert np.array_equal(columns(fitted, priors, others), columns(before, priors, others))


def test_draws_stay_put_whatever_their_number_order_and_neighbours(fit, priors):
    draw = draws_of(read_posterior(fit))
    few, many = sample(priors, 3, 5, fitted=draw), sample(priors, 3, 30, fitted=draw)
    assert np.array_equal(few, many[:5])
    turned = sample(priors[::-1], 3, 30, fitted=draw)
    assert np.array_equal(turned[:, ::-1], many)
    assert not np.array_equal(columns(many, priors, NAMES), columns(sample(priors, 4, 30, fitted=draw), priors, NAMES))
    assert not np.array_equal(few, sample(priors, 3, 5, attempt=1, fitted=draw))


def test_a_setting_wins_over_the_fit(scenario, priors):
    chosen = with_options(scenario, set={NAMES[0]: 0.19})
    values, _ = draw_values(gather(chosen), priors)
    assert (columns(values, priors, NAMES[:1]) == 0.19).all()
    assert len(np.unique(columns(values, priors, NAMES[1:]))) > 20


def test_a_region_draws_from_its_own_fit_by_default(tmp_path, priors, monkeypatch):
    monkeypatch.setattr(catalog, "posterior_folder", lambda: tmp_path / "posterior")
    plain = load_scenario("dalian-2025")
    assert posterior_of(plain, priors) is None
    path = write_fit(tmp_path / "posterior" / "dalian.nc", priors)
    assert posterior_of(plain, priors).path == path
    assert posterior_of(with_options(plain, set={"run.posterior": "none"}), priors) is None
    assert store.input_files(plain)["posterior.nc"] == path
    assert posterior_of(load_scenario("shiyan-2025"), priors) is None


def test_a_run_is_stored_with_its_fit_and_read_back_with_it(tmp_path, scenario, fit, priors):
    portable = store.portable(scenario)
    assert portable.posterior == "posterior.nc"
    (tmp_path / "inputs").mkdir()
    shutil.copy(fit, tmp_path / "inputs" / "posterior.nc")
    (tmp_path / "inputs" / "scenario.toml").write_text(write_scenario(portable), encoding="utf-8")
    again = load_scenario(tmp_path / "inputs" / "scenario.toml")
    assert store.hash_file(posterior.posterior_file(again)) == store.hash_file(fit)
    assert store.portable(with_options(scenario, set={"run.posterior": "none"})).posterior == "none"


def test_a_fit_that_has_not_converged_is_refused_unless_forced(tmp_path, scenario, priors):
    path = write_fit(tmp_path / "bad.nc", priors, converged=0)
    chosen = with_options(scenario, set={"run.posterior": str(path)})
    with pytest.raises(RunFailed, match=r"not converged.*calibrate dalian --resume --force.*run\.posterior=none"):
        posterior_of(chosen, priors)
    write_fit(path, priors, converged=0, forced=1)
    assert posterior_of(chosen, priors).forced


def test_a_fit_under_other_priors_is_refused_by_name(tmp_path, scenario, priors):
    laws = laws_of(priors) | {NAMES[0]: "uniform high=0.5 low=0.1"}
    path = write_fit(tmp_path / "other.nc", priors, laws=laws)
    with pytest.raises(
        InvalidFile, match=r"gazelle_rate: found fitted under uniform high=0.5 low=0.1.*calibrate dalian"
    ):
        posterior_of(with_options(scenario, set={"run.posterior": str(path)}), priors)


def test_a_change_of_another_number_is_told_and_the_fit_is_used(tmp_path, scenario, priors):
    path = write_fit(tmp_path / "old.nc", priors, laws=laws_of(priors) | {"parameter.margin": "fixed default=1"})
    chosen = with_options(scenario, set={"run.posterior": str(path)})
    with pytest.warns(StalePosterior, match=r"before parameter\.margin changed.*policymix calibrate dalian"):
        assert posterior_of(chosen, priors) is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert posterior_of(scenario, priors) is not None


@pytest.mark.parametrize("content", [b"", b"not a NetCDF file", b"\x89HDF\r\n\x1a\n" + b"\0" * 400])
def test_a_broken_file_is_named(tmp_path, content):
    path = tmp_path / "broken.nc"
    path.write_bytes(content)
    with pytest.raises(InvalidFile, match=r"broken\.nc.*\n.*policymix calibrate"):
        read_posterior(path)


def test_a_file_of_something_else_or_without_numbers_is_refused(tmp_path, priors):
    other = tmp_path / "other.nc"
    store.save(xarray.Dataset({"x": ("a", [1.0])}), other)
    with pytest.raises(InvalidFile, match="no region, until, laws"):
        read_posterior(other)
    empty = write_fit(tmp_path / "nan.nc", priors, samples=np.full((3, 2), np.nan))
    with pytest.raises(InvalidFile, match="no finite numbers"):
        read_posterior(empty)


def test_a_fit_that_is_not_there_is_named(scenario, priors):
    with pytest.raises(NotFound, match=r"run\.posterior: no posterior 'nowhere\.nc'"):
        posterior_of(with_options(scenario, set={"run.posterior": "nowhere.nc"}), priors)


def test_the_command_line_takes_it_as_an_option_of_the_run(tmp_path):
    out = tmp_path / "out"
    arguments = ["run", "--set", "run.posterior=nowhere.nc", "--out", str(out)]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 2 and "nowhere.nc" in found.output and "Traceback" not in found.output
    assert not out.exists()
