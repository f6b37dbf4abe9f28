"""Results as tables for other programs: CSV, Parquet, Excel or Stata, with units and names in two languages.

A table is tidy: a row for every combination of its dimensions, a column for every outcome that has them. Outcomes with
other dimensions make tables of their own. Numbers stay in base units: CNY, shares 0..1, counts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from policymix.analysis.differences import QUANTILES, RUNS
from policymix.analysis.selection import RUN_DIMS
from policymix.errors import InvalidValue, NotFound, RunFailed
from policymix.experiments.outcomes import DIMS
from policymix.experiments.store import aside

if TYPE_CHECKING:
    import pandas
    import xarray

SHEET_ROWS = 1_048_576
"""Rows of an Excel sheet, its head included."""
STATA_NAME, STATA_LABEL = 32, 80
"""Longest name and label of a variable in Stata."""
VARIABLES = "variables"
COLUMNS = ("table", "name", "units", "long_name", "long_name_zh", "dims")


@dataclass(frozen=True)
class Table:
    """Outcomes that share their dimensions.

    Attributes
    ----------
    name : its dimensions apart from those of the run: ``quarter-place``; ``run`` if there are no others
    frame : a row for every combination of dimensions
    units, long_name, long_name_zh : by column
    """

    name: str
    frame: pandas.DataFrame
    units: dict[str, str]
    long_name: dict[str, str]
    long_name_zh: dict[str, str]


def tables(
    results: xarray.Dataset,
    outcomes: Iterable[str] | None = None,
    *,
    mixes: Iterable[str] | None = None,
    summary: bool = False,
) -> list[Table]:
    """The tables of a run or a sweep.

    Parameters
    ----------
    results : Dataset
    outcomes : names of those wanted; all by default
    mixes : names of those wanted; all by default
    summary : mean, 5 %, 50 % and 95 % over draws and replicates instead of every run

    Raises
    ------
    NotFound
        An outcome or a mix that the results do not hold.
    """
    known = [str(name) for name in results.data_vars]
    chosen = known if outcomes is None else _checked("outcome", list(outcomes), known)
    if mixes is not None and "mix" in results.dims:
        results = results.sel(mix=_checked("mix", list(mixes), [str(mix) for mix in results["mix"].values]))
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in chosen:
        groups.setdefault(tuple(map(str, results[name].dims)), []).append(name)
    return [_table(results[names], dims, summary) for dims, names in groups.items()]


def export(
    results: xarray.Dataset,
    file: str | os.PathLike[str],
    outcomes: Iterable[str] | None = None,
    *,
    mixes: Iterable[str] | None = None,
    summary: bool = False,
) -> list[Path]:
    """Write results as ``.csv``, ``.parquet``, ``.xlsx`` or ``.dta``; returns the files written.

    Excel holds a sheet for each table and one that explains the variables. The others hold one table a file: where the
    outcomes make several, each file is named after its table, ``FILE.quarter-place.csv``. Beside CSV, which has no room
    for units, lies ``FILE.variables.csv``; Parquet and Stata carry units and names inside.

    Raises
    ------
    InvalidValue
        A file type that is none of the four; more rows than a sheet has.
    NotFound
        An outcome or a mix that the results do not hold.
    RunFailed
        The library of a file type is not installed, or the file cannot be written.
    """
    path = Path(file)
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise InvalidValue("FILE", path.name, f"a name that ends in {', '.join(WRITERS)}")
    made = tables(results, outcomes, mixes=mixes, summary=summary)
    attributes = {str(name): str(value) for name, value in results.attrs.items()}
    return write(made, path, attributes)


def variables(made: Iterable[Table]) -> pandas.DataFrame:
    """What every column of the tables is: a row for each."""
    import pandas

    rows = []
    for table in made:
        dims = " x ".join(name for name in table.frame if name in DIMS)
        for name in table.frame:
            rows.append((table.name, name, table.units[name], table.long_name[name], table.long_name_zh[name], dims))
    return pandas.DataFrame(rows, columns=list(COLUMNS))


def _checked(kind: str, names: list[str], known: list[str]) -> list[str]:
    for name in names:
        if name not in known:
            raise NotFound(kind, name, known)
    return list(dict.fromkeys(names))


def _table(results: xarray.Dataset, dims: tuple[str, ...], summary: bool) -> Table:
    """One table: columns for the dimensions, then for the outcomes."""
    runs = [dim for dim in dims if dim in RUNS]
    parts = _summarised(results, runs) if summary and runs else {str(name): (results[name], "") for name in results}
    left = [dim for dim in dims if not (summary and dim in runs)]
    frame = _frame({name: values for name, (values, _) in parts.items()}, left)
    for dim in left:
        if frame[dim].dtype.kind not in "iuf":
            frame[dim] = frame[dim].astype(str).astype("category").cat.set_categories(_order(results, dim))
    names = {dim: (*DIMS.get(dim, (dim, "")), "") for dim in left}
    for name, (values, statistic) in parts.items():
        attrs = values.attrs
        english, chinese = str(attrs.get("long_name", name)), str(attrs.get("long_name_zh", ""))
        label = f"{english}, {statistic}" if statistic else english
        names[name] = (label, f"{chinese} {statistic}".strip(), str(attrs.get("units", "")))
    return Table(
        "-".join(dim for dim in dims if dim not in RUN_DIMS) or "run",
        frame,
        {name: unit for name, (_, _, unit) in names.items()},
        {name: english for name, (english, _, _) in names.items()},
        {name: chinese for name, (_, chinese, _) in names.items()},
    )


def _frame(columns: dict[str, xarray.DataArray], dims: list[str]) -> pandas.DataFrame:
    """Arrays with the same dims as columns behind those of their coordinates; plain numbers make one row."""
    import pandas

    if not dims:
        return pandas.DataFrame({name: [float(values)] for name, values in columns.items()})
    parts = [values.transpose(*dims).reset_coords(drop=True).to_series() for values in columns.values()]
    return pandas.concat(parts, axis=1, keys=list(columns)).reset_index()


def _order(results: xarray.Dataset, dim: str) -> list[str]:
    """Names along a dimension in the order of the results."""
    return list(dict.fromkeys(str(name) for name in results[dim].values))


def _summarised(results: xarray.Dataset, runs: list[str]) -> dict[str, tuple[xarray.DataArray, str]]:
    """Mean and quantiles of every outcome over the runs, with what each is called."""
    found: dict[str, tuple[xarray.DataArray, str]] = {}
    for name in results:
        values = results[name].astype(float)
        found[f"{name}_mean"] = values.mean(runs, keep_attrs=True), "mean of runs"
        for level in QUANTILES:
            share = round(100 * level)
            quantile = values.quantile(level, runs, keep_attrs=True).drop_vars("quantile")
            found[f"{name}_p{share:02d}"] = quantile, f"{share} % quantile of runs"
    return found


def _file_of(path: Path, table: Table, made: list[Table]) -> Path:
    """The file of one table: the name that was given if there is one table only."""
    return path if len(made) == 1 else path.with_name(f"{path.stem}.{table.name}{path.suffix}")


def _write_csv(made: list[Table], path: Path, attributes: dict[str, str]) -> list[Path]:
    written = []
    for table in made:
        written.append(_file_of(path, table, made))
        with aside(written[-1]) as partial:
            table.frame.to_csv(partial, index=False, lineterminator="\n")
    written.append(path.with_name(f"{path.stem}.{VARIABLES}.csv"))
    with aside(written[-1]) as partial:
        variables(made).to_csv(partial, index=False, lineterminator="\n", encoding="utf-8")
    return written


def _write_parquet(made: list[Table], path: Path, attributes: dict[str, str]) -> list[Path]:
    with _library("pyarrow", "parquet"):
        import pyarrow
        from pyarrow import parquet
    written = []
    for table in made:
        plain = pyarrow.Table.from_pandas(table.frame, preserve_index=False)
        fields = [
            field.with_metadata(
                {
                    "units": table.units[field.name],
                    "long_name": table.long_name[field.name],
                    "long_name_zh": table.long_name_zh[field.name],
                }
            )
            for field in plain.schema
        ]
        about = {**(plain.schema.metadata or {}), b"policymix": json.dumps(attributes, ensure_ascii=False).encode()}
        written.append(_file_of(path, table, made))
        with aside(written[-1]) as partial:
            parquet.write_table(plain.cast(pyarrow.schema(fields, metadata=about)), partial)
    return written


def _write_stata(made: list[Table], path: Path, attributes: dict[str, str]) -> list[Path]:
    written = []
    for table in made:
        short = _short_names(table.frame.columns)
        labels = {short[name]: _stata_label(table, name) for name in table.frame}
        frame = table.frame.rename(columns=short)
        title = attributes.get("title", "")[:STATA_LABEL]
        written.append(_file_of(path, table, made))
        with aside(written[-1]) as partial:
            frame.to_stata(partial, write_index=False, variable_labels=labels, data_label=title, version=118)
    return written


def _stata_label(table: Table, name: str) -> str:
    unit = table.units[name]
    return (f"{table.long_name[name]} ({unit})" if unit else table.long_name[name])[:STATA_LABEL]


def _short_names(names: Iterable[str]) -> dict[str, str]:
    """Names cut to what Stata takes, each still its own."""
    found: dict[str, str] = {}
    for name in names:
        short, number = name[:STATA_NAME], 2
        while short in found.values():
            short = f"{name[: STATA_NAME - 2]}_{number}"
            number += 1
        found[name] = short
    return found


def _write_excel(made: list[Table], path: Path, attributes: dict[str, str]) -> list[Path]:
    import pandas

    with _library("openpyxl", "excel"):
        import openpyxl  # noqa: F401
    for table in made:
        if len(table.frame) >= SHEET_ROWS:
            raise InvalidValue(
                "FILE",
                f"{path.name} and {len(table.frame):,} rows of {', '.join(table.units)}",
                f"at most {SHEET_ROWS - 1:,} rows in Excel: fewer outcomes or mixes, --summary, or another file type",
            )
    with aside(path) as partial, pandas.ExcelWriter(partial, engine="openpyxl") as book:
        _sheet(book, variables(made), VARIABLES)
        about = pandas.DataFrame(sorted(attributes.items()), columns=["attribute", "value"])
        _sheet(book, about, "about")
        for table in made:
            _sheet(book, table.frame, table.name[:31])
    return [path]


def _sheet(book: pandas.ExcelWriter, frame: pandas.DataFrame, name: str) -> None:
    """A sheet whose first row stays in sight."""
    frame.to_excel(book, sheet_name=name, index=False, freeze_panes=(1, 0))
    sheet = book.sheets[name]
    for index, column in enumerate(frame.columns):
        longest = max([len(str(column)), *(len(str(value)) for value in frame[column].head(200))])
        sheet.column_dimensions[sheet.cell(1, index + 1).column_letter].width = min(60, longest + 2)


@contextmanager
def _library(name: str, extra: str) -> Iterator[None]:
    try:
        yield
    except ImportError:
        raise RunFailed(
            f"this file type needs {name}, which is not installed: pip install policymix[{extra}]"
        ) from None


Writer = Callable[[list[Table], Path, dict[str, str]], list[Path]]
WRITERS: dict[str, Writer] = {
    ".csv": _write_csv, ".parquet": _write_parquet, ".xlsx": _write_excel, ".dta": _write_stata,
}  # fmt: skip
