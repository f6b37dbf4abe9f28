"""Files that a visitor takes along: a package as TOML, results as NetCDF, the report as HTML."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import tomlkit

from policymix.app.study import Question
from policymix.catalog import plain
from policymix.policy.package import Package, load
from policymix.report.document import Finished, page

if TYPE_CHECKING:
    import xarray


def package_toml(package: Package) -> bytes:
    """A package as the visitor has it: reading it again gives the same package.

    One that extends another says so and brings all clauses anew: its open numbers are drawn as that one's are.
    """
    if not package.extends:
        return tomlkit.dumps(plain(package.raw)).encode()
    base = load(package.extends[0])
    rules = {key: package.raw.get(key, []) for key in ("stack", "limit") if key in package.raw or key in base.raw}
    own = {key: value for key, value in package.raw.items() if key not in rules}
    written = {"extends": base.id, "drop": [clause.id for clause in base.clause], "change": rules, **own}
    return tomlkit.dumps(plain(written)).encode()


def results_netcdf(results: xarray.Dataset) -> bytes:
    """Results as the file that ``policymix run`` writes."""
    from policymix.experiments.store import save

    with TemporaryDirectory() as folder:
        path = Path(folder) / "results.nc"
        save(results, path)
        return path.read_bytes()


def report_html(question: Question, results: xarray.Dataset, query: str, lang: str) -> bytes:
    """The report of ``policymix report`` in one language; it names the page's address in place of a command, and the
    downloaded results where commands read them."""
    command = f"policymix serve  # /?{query}" if query else "policymix serve"
    return page(Finished(f"{question.scenario.id}.nc", results, question.inputs, command), lang).encode()
