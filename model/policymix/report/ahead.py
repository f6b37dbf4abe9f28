"""What makes the report of a run quick: its libraries are imported while the run computes, and objects that nobody
holds are not searched for while it is written."""

from __future__ import annotations

import contextlib
import gc
import importlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

LIBRARIES = (
    "policymix.report.document", "policymix.report.terminal", "pandas", "jinja2", "scipy.special", "rich.table",
    "matplotlib.figure", "matplotlib.font_manager", "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg", "matplotlib.image", "PIL.PngImagePlugin", "fontTools.subset",
)  # fmt: skip


def import_all() -> None:
    """Import what the results and the page need.

    Writing has xarray and great_tables import what else they find installed (dask, IPython), so that a small file
    and a table are made.
    """
    for name in LIBRARIES:
        importlib.import_module(name)
    from great_tables import GT
    from pandas import DataFrame
    from xarray import Dataset

    with tempfile.TemporaryDirectory() as folder:
        Dataset({"a": ("x", [0.0])}).to_netcdf(Path(folder) / "empty.nc", engine="h5netcdf")
    GT(DataFrame({"": [0]})).as_raw_html()


@contextlib.contextmanager
def not_collecting() -> Iterator[None]:
    """No search for cycles of objects that nobody holds: a report makes a million objects that live until it is
    written, and looking through them takes a tenth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
