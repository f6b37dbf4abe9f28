"""Files that a visitor takes along: a package as TOML, results as NetCDF, the report as HTML."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import tomlkit

from policymix.app.study import Question
from policymix.catalog import plain
from policymix.policy.package import Package
from policymix.report.document import Finished, page

if TYPE_CHECKING:
    import xarray


def package_toml(package: Package) -> bytes:
    """A package as the visitor has it, whole: reading it again gives the same package."""
    return tomlkit.dumps(plain(package.raw)).encode()


def results_netcdf(results: xarray.Dataset) -> bytes:
    """Results as the file that ``policymix run`` writes."""
    from policymix.experiments.store import save

    with TemporaryDirectory() as folder:
        path = Path(folder) / "results.nc"
        save(results, path)
        return path.read_bytes()


def report_html(question: Question, results: xarray.Dataset, lang: str) -> bytes:
    """The report of ``policymix report`` in one language."""
    return page(Finished(question.scenario.id, results, question.inputs), lang).encode()
