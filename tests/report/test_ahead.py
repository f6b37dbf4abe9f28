"""What is done ahead of a report: imports that would else wait for it, and a collector that comes back."""

import gc
import subprocess
import sys

import pytest

from policymix.report import ahead

LATER = """
import sys
from policymix.report import ahead
ahead.import_all()
there = set(sys.modules)
import pandas, xarray
from great_tables import GT
xarray.Dataset({"x": ("a", [1.0])}).to_netcdf(sys.argv[1], engine="h5netcdf")
GT(pandas.DataFrame({"a": [1]})).as_raw_html()
from policymix.report.style import new_figure, pixels_of
figure = new_figure(2.0, 2.0)
figure.subplots()
pixels_of(figure)
late = {name.partition(".")[0] for name in set(sys.modules) - there}
print(sorted(late & {"dask", "distributed", "IPython", "great_tables", "matplotlib", "pandas", "xarray"}))
"""


@pytest.mark.slow
def test_the_report_imports_nothing_large_any_more(tmp_path):
    found = subprocess.run(
        [sys.executable, "-c", LATER, str(tmp_path / "x.nc")], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_the_collector_comes_back_whatever_happens():
    with pytest.raises(ZeroDivisionError), ahead.not_collecting():
        assert not gc.isenabled()
        1 / 0  # noqa: B018
    assert gc.isenabled()
    gc.disable()
    try:
        with ahead.not_collecting():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
