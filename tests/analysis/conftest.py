"""The made-up run, loaded from the file beside this one (tests are not an importable package)."""

import datetime
import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest


def _load():
    spec = importlib.util.spec_from_file_location("synthetic_run", Path(__file__).with_name("synthetic.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def make_run():
    return _load().make


@pytest.fixture(scope="session")
def make_sweep():
    return _load().make_sweep


@pytest.fixture(scope="session")
def run(make_run):
    return make_run(draws=40)


@pytest.fixture(scope="session")
def target():
    def make(outcome, value, **changed):
        fields = {
            "id": "a/t1", "place": "city", "indicator": "gdp", "outcome": outcome, "measure": "level",
            "at": datetime.date(2025, 12, 31), "window": None, "sense": "at_least", "value": value,
            "tolerance": None, "untracked": None,
        }  # fmt: skip
        return SimpleNamespace(**(fields | changed))

    return make
