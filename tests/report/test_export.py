"""Results as tables of other programs: every number comes back, with its unit and its names."""

import itertools
import json

import numpy as np
import openpyxl
import pandas
import pytest
from pyarrow import parquet

from policymix.errors import InvalidValue, NotFound, RunFailed
from policymix.report import export as room
from policymix.report.export import export, tables


def read_back(path):
    readers = {".csv": pandas.read_csv, ".parquet": pandas.read_parquet, ".dta": pandas.read_stata}
    return readers.get(path.suffix, pandas.read_excel)(path, **({"sheet_name": -1} if path.suffix == ".xlsx" else {}))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx", ".dta"])
def test_every_number_comes_back_from_every_file_type(run, tmp_path, suffix):
    written = export(run, tmp_path / f"share{suffix}", ["core_share"])
    frame = read_back(written[0])
    dims = list(run["core_share"].dims)
    assert list(frame) == [*dims, "core_share"]
    assert len(frame) == run["core_share"].size
    keys = [frame[dim].astype(run[dim].dtype if run[dim].dtype.kind in "iu" else str) for dim in dims]
    series = pandas.Series(frame["core_share"].to_numpy(), pandas.MultiIndex.from_arrays(keys, names=dims))
    back = series.to_xarray().reindex_like(run["core_share"])
    least = 1e-15 if suffix == ".xlsx" else 0.0  # a workbook holds 16 digits
    np.testing.assert_allclose(back.values, run["core_share"].values, rtol=least, atol=0.0)


def test_outcomes_with_the_same_dimensions_share_a_table(run, tmp_path):
    made = tables(run)
    by_dims = {}
    for table in made:
        outcomes = [name for name in table.frame if name in run.data_vars]
        assert {run[name].dims for name in outcomes} == {run[outcomes[0]].dims}
        assert run[outcomes[0]].dims not in by_dims
        by_dims[run[outcomes[0]].dims] = outcomes
    assert sorted(itertools.chain(*by_dims.values())) == sorted(map(str, run.data_vars))
    assert len({table.name for table in made}) == len(made)
    written = export(run, tmp_path / "all.csv")
    assert len(written) == len(made) + 1
    explained = pandas.read_csv(tmp_path / "all.variables.csv", keep_default_na=False)
    row = explained[explained["name"] == "core_share"].iloc[0]
    assert (row["units"], row["long_name_zh"]) == ("share", run["core_share"].attrs["long_name_zh"])


def test_a_summary_is_that_of_the_runs(run):
    (table,) = tables(run, ["core_share"], mixes=["none"], summary=True)
    assert "draw" not in table.frame and set(table.frame["mix"]) == {"none"}
    one = table.frame[(table.frame["prices"] == "free") & (table.frame["year"] == int(run["year"][-1]))].iloc[0]
    values = run["core_share"].sel(mix="none", prices="free").isel(year=-1).values
    assert one["core_share_mean"] == pytest.approx(values.mean(), rel=1e-12)
    for level in (5, 50, 95):
        assert one[f"core_share_p{level:02d}"] == pytest.approx(np.quantile(values, level / 100), rel=1e-12)
    assert table.long_name["core_share_p05"].endswith("5 % quantile of runs")


def test_units_and_names_lie_inside_where_the_file_has_room(run, tmp_path):
    (path,) = export(run, tmp_path / "x.parquet", ["investment"])
    field = parquet.read_schema(path).field("investment")
    assert field.metadata[b"units"] == b"CNY"
    assert field.metadata[b"long_name_zh"].decode() == run["investment"].attrs["long_name_zh"]
    assert json.loads(parquet.read_schema(path).metadata[b"policymix"])["baseline"] == run.attrs["baseline"]
    (path,) = export(run, tmp_path / "x.dta", ["investment"])
    with pandas.read_stata(path, iterator=True) as file:
        assert "CNY" in file.variable_labels()["investment"]
    (path,) = export(run, tmp_path / "x.xlsx", ["gdp", "core_share"], mixes=["none"])
    sheets = openpyxl.load_workbook(path).sheetnames
    assert sheets[:2] == ["variables", "about"] and len(sheets) == 4


def test_names_too_long_for_stata_stay_apart():
    names = ["a" * 40, "a" * 41, "short"]
    short = room._short_names(names)
    assert len(set(short.values())) == 3 and max(map(len, short.values())) == 32 and short["short"] == "short"


def test_what_cannot_be_written_is_said_in_a_sentence(run, tmp_path, monkeypatch):
    with pytest.raises(InvalidValue, match=r"x\.doc; expected a name that ends in \.csv"):
        export(run, tmp_path / "x.doc")
    with pytest.raises(NotFound, match="did you mean 'core_share'"):
        export(run, tmp_path / "x.csv", ["core_shar"])
    with pytest.raises(NotFound, match="no mix 'both2'"):
        export(run, tmp_path / "x.csv", mixes=["both2"])
    monkeypatch.setattr(room, "SHEET_ROWS", 10)
    with pytest.raises(InvalidValue, match="at most 9 rows in Excel"):
        export(run, tmp_path / "x.xlsx", ["core_share"])
    (tmp_path / "taken").write_text("")
    with pytest.raises(RunFailed, match="cannot write"):
        export(run, tmp_path / "taken" / "x.csv", ["core_share"])
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
