"""A comparison in the terminal, as JSON and as CSV: what to know first, then the numbers side by side."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policymix.errors import RunFailed
from policymix.report import tables
from policymix.report.terminal import console_for_report, two_lines

if TYPE_CHECKING:
    import pandas
    import xarray
    from rich.console import Console
    from rich.table import Table

SHOWN_ROWS = 30
SHOWN_COLUMNS = 24
SHOWN_DIFFERENCES = 20
WIDE = {"runs": 5, "sweeps": 4}
"""Columns of one table in the terminal; more go into further tables."""
SHORT = 20
"""Characters of a lever's value that are not broken over lines."""
CHANGE = "Δ"
NOTHING = "–"
OF_CHANGE = re.compile("(difference_)?change_|pairs$")


def print_comparison(table: xarray.Dataset, lang: str = "both", console: Console | None = None) -> None:
    """Print a comparison (``analysis.compare``): notices, what the results were made differently in, the tables."""
    tables.checked_language(lang)
    console = console or console_for_report()
    main = "zh" if lang == "zh" else "en"
    for notice in json.loads(table.attrs["notices"]):
        console.print(f"[yellow]{_escaped(notice[main])}[/]")
        if lang == "both":
            console.print(f"[dim]{_escaped(notice['zh'])}[/]")
    for line in difference_lines(table, main):
        console.print(line, highlight=False)
    shown = _run_tables if table.attrs["kind"] == "runs" else _sweep_tables
    for one in shown(table, lang):
        console.print(one)
    for line in left_out(table, main):
        console.print(line, style="dim")


def difference_lines(table: xarray.Dataset, lang: str = "en") -> list[str]:
    """What each result was made differently in, marked for rich; or that nothing is known to differ."""
    listed = json.loads(table.attrs["differences"])
    first, *others = table["result"].values.tolist()
    lines = []
    for name in others:
        own = [each for each in listed if each["result"] == name]
        if not own:
            said = "is known to differ in nothing from" if lang == "en" else "与下者无已知差别:"
            lines.append(f"[bold]{_escaped(name)}[/] {said} {_escaped(first)}")
            continue
        said = "differs from" if lang == "en" else "不同于"
        lines.append(f"[bold]{_escaped(name)}[/] {said} {_escaped(first)}:")
        lines += [_escaped(f"  {each['what']}: {each['first']} → {each['other']}") for each in own[:SHOWN_DIFFERENCES]]
        if len(own) > SHOWN_DIFFERENCES:
            lines.append(f"  … {len(own) - SHOWN_DIFFERENCES}: --json")
    return lines


def left_out(table: xarray.Dataset, lang: str = "en") -> list[str]:
    """What the terminal does not show of a long sweep, and how to get it."""
    if table.attrs["kind"] == "runs":
        return []
    mixes, columns = (table.sizes[dim] for dim in ("mix", "column"))
    lines = []
    for dim, number, most, zh in (("mixes", mixes, SHOWN_ROWS, "组合"), ("columns", columns, SHOWN_COLUMNS, "变量")):
        if number > most:
            how = "--csv FILE or --json gives all" if lang == "en" else "全部见 --csv FILE 或 --json"
            word = f"{dim}: the first {most} of {number:,}" if lang == "en" else f"{zh}:前 {most} 个,共 {number:,} 个"
            lines.append(f"{word}; {how}")
    return lines


def title(table: xarray.Dataset, lang: str = "en") -> str:
    """What is shown: results, baseline, number of runs, price base, what the change is from."""
    names = table["result"].values.tolist()
    sizes = sorted({int(d) * int(r) for d, r in zip(table["draws"].values, table["replicates"].values, strict=True)})
    runs, base = " / ".join(str(size) for size in sizes), table.attrs["price_base"]
    baselines = " / ".join(dict.fromkeys(str(each) for each in table["baseline"].values))
    if lang == "zh":
        text = f"{'、'.join(names)}:与“{baselines}”的配对差异,每组合 {runs} 次运行,90% 区间,{base} 年不变价"
        return f"{text};{CHANGE} 为相对 {names[0]} 的变化" if len(names) > 1 else text
    text = f"{', '.join(names)}: differences paired with {baselines}, {runs} runs of each mix, 90 % intervals, money at"
    text = f"{text} {base} prices unless said"
    return f"{text}; {CHANGE} is the change from {names[0]}" if len(names) > 1 else text


def change_text(one: Mapping[str, Any], at_baseline: bool, lang: str = "en") -> str:
    """The change from the first result: of the difference where the mix has one, of the level otherwise."""
    whole = at_baseline or not math.isfinite(float(one["difference_change_mean"]))
    prefix = "change" if whole else "difference_change"
    if bool(one[f"{prefix}_same"]):
        return f"{CHANGE} {tables.NO_CHANGE[lang]}"
    if not bool(one[f"{prefix}_resolved"]):
        return f"{CHANGE} {tables.NOT_RESOLVED[lang]}"
    columns = ("mean", "low", "high", "standard_error")
    moved = {f"difference_{name}": one[f"{prefix}_{name}"] for name in columns}
    return f"{CHANGE} {tables.difference_text(moved, str(one['unit']), str(one['kind']), lang)}"


def frame(table: xarray.Dataset) -> pandas.DataFrame:
    """The whole comparison in base units: a line for every row, result and mix (sweeps: mix, result and column).

    One result alone has no changes, so it has no columns of them.
    """
    if table.sizes["result"] == 1:
        table = table.drop_vars([name for name in table.data_vars if OF_CHANGE.match(str(name))])
    order = ["row", "result", "mix"] if table.attrs["kind"] == "runs" else ["mix", "result", "column"]
    lines = table.to_dataframe(dim_order=order).reset_index()
    return lines[lines["present"]].drop(columns="present").reset_index(drop=True)


def to_json(table: xarray.Dataset) -> str:
    """The comparison for ``--json``: base units (CNY, shares 0..1), numbers as they are; null where there is none."""
    results = [
        {key: table[key].values[position].item() for key in ("result", *_over_results(table))}
        for position in range(table.sizes["result"])
    ]
    records = frame(table).drop(columns=list(_over_results(table))).to_dict("records")
    content = {
        "kind": table.attrs["kind"],
        "price_base": table.attrs["price_base"],
        "results": results,
        "notices": json.loads(table.attrs["notices"]),
        "differences": json.loads(table.attrs["differences"]),
        "rows": [{key: _plain(value) for key, value in record.items()} for record in records],
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def write_csv(table: xarray.Dataset, path: Path) -> int:
    """Write the whole comparison as CSV in base units; returns the number of lines.

    Raises
    ------
    RunFailed
        The file cannot be written.
    """
    lines = frame(table)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines.to_csv(path, index=False, lineterminator="\n")
    except OSError as error:
        raise RunFailed(f"cannot write {path}: {error.strerror or error}") from None
    return len(lines)


def _run_tables(table: xarray.Dataset, lang: str) -> list[Table]:
    """Rows of the headline; the same mix of all results side by side."""
    names, main = table["result"].values.tolist(), "zh" if lang == "zh" else "en"
    of_result = {name: _headline_of(table, name) for name in names}
    columns = []
    for mix in table["mix"].values.tolist():
        for name in names:
            repeated = (
                name != names[0] and bool(table.attrs["same_baseline"]) and mix == of_result[name].attrs["baseline"]
            )
            if bool(table["present"].sel(result=name, mix=mix)) and not repeated:
                columns.append((mix, name))

    def cell(row: str, column: tuple[str, str]) -> str:
        mix, name = column
        return _cell(of_result[name], names[0] == name or not _in_first(table, mix), row, mix, main)

    rows = []
    for row in _misses_first(table):
        label = tables.label(of_result[names[0]], row, main)
        chinese = f"\n[dim]{table['label_zh'].sel(row=row).values}[/]" if lang == "both" else ""
        rows.append(([label + chinese], row))
    headings = {column: column[0] if len(names) == 1 else f"{column[0]}\n[dim]{column[1]}[/]" for column in columns}
    if len(names) > 1 and bool(table.attrs["same_baseline"]):
        headings[columns[0]] = f"{columns[0][0]}\n[dim]{'两者' if main == 'zh' else 'of all'}[/]"
    return _blocks(title(table, main), [""], rows, headings, cell, WIDE["runs"])


def _misses_first(table: xarray.Dataset) -> list[str]:
    """Rows in their order, targets last, the least likely first."""
    listed = table["row"].values.tolist()
    targets = [row for row in listed if str(table["kind"].sel(row=row).values) == "probability"]
    chance = {row: float(table["level_mean"].sel(row=row).max()) for row in targets}
    return [row for row in listed if row not in chance] + sorted(targets, key=lambda row: chance[row])


def _sweep_tables(table: xarray.Dataset, lang: str) -> list[Table]:
    """Mixes with their lever values; stored variables, those of all results side by side."""
    names, main = table["result"].values.tolist(), "zh" if lang == "zh" else "en"
    of_result = {name: _headline_of(table.rename(column="row"), name) for name in names}
    levers = json.loads(table.attrs["levers"])
    packages = set(table["packages"].values.tolist()) - {""}
    before = ["packages", *levers] if len(packages) > 1 or not levers else levers
    columns = [(column, name) for column in table["column"].values.tolist()[:SHOWN_COLUMNS] for name in names]

    def cell(mix: str, column: tuple[str, str]) -> str:
        variable, name = column
        if not bool(table["present"].sel(result=name, mix=mix)):
            return NOTHING
        return _cell(of_result[name], names[0] == name or not _in_first(table, mix), variable, mix, main)

    rows = [
        ([_mix_label(table, mix, main), *(_lever(table[name].sel(mix=mix).item()) for name in before)], mix)
        for mix in table["mix"].values.tolist()[:SHOWN_ROWS]
    ]
    headings, chinese = {}, _short_chinese(table)
    for column, name in columns:
        unit = tables.unit_label(of_result[name], column, main)
        said = chinese[column] if main == "zh" else column
        said = f"{said}, {unit}" if unit else said
        said = said.replace("[", "\n[", 1)
        headings[column, name] = _escaped(said) + (f"\n[dim]{_escaped(name)}[/]" if len(names) > 1 else "")
    mix_word = "组合" if main == "zh" else "mix"
    return _blocks(title(table, main), [mix_word, *before], rows, headings, cell, WIDE["sweeps"])


def _mix_label(table: xarray.Dataset, mix: str, lang: str) -> str:
    """A mix, with the number of runs behind it where some are missing."""
    one = table.sel(mix=mix)
    runs, lacking = int(one["runs"].sum()), int((one["failed"] + one["not_run"]).sum())
    said = f"{runs - lacking} of {runs} runs" if lang == "en" else f"{runs} 次运行中 {runs - lacking} 次"
    return _escaped(mix) + (f"\n[yellow]{said}[/]" if lacking else "")


def _short_chinese(table: xarray.Dataset) -> dict[str, str]:
    """Chinese label of every column without what was summed over, where it still is the only one of its name."""
    whole = dict(zip(table["column"].values.tolist(), map(str, table["label_zh"].values), strict=True))
    short = {column: re.sub(r"[(\uff08].*?[)\uff09]", "", label) for column, label in whole.items()}
    named = list(short.values())
    return {column: label if named.count(label) == 1 else whole[column] for column, label in short.items()}


def _blocks(
    title: str,
    before: list[str],
    rows: list[tuple[list[str], str]],
    headings: Mapping[tuple[str, str], str],
    cell: Callable[[str, tuple[str, str]], str],
    wide: int,
) -> list[Table]:
    """Tables of as many columns as the terminal takes, each with the first columns again."""
    from rich import box
    from rich.table import Table

    columns, found = list(headings), []
    for start in range(0, len(columns), wide):
        block = columns[start : start + wide]
        shown = Table(title=None if start else _escaped(title), box=box.SIMPLE_HEAD, title_justify="left",
                      title_style="bold")  # fmt: skip
        for position, name in enumerate(before):
            shown.add_column(name, overflow="fold", no_wrap=all(len(texts[position]) <= SHORT for texts, _ in rows))
        for column in block:
            shown.add_column(headings[column], justify="right", overflow="fold")
        for texts, row in rows:
            shown.add_row(*texts, *(cell(row, column) for column in block))
        found.append(shown)
    return found


def _headline_of(table: xarray.Dataset, name: str) -> xarray.Dataset:
    """One result's part as a headline that ``tables`` reads."""
    one = table.sel(result=name)
    return one.reset_coords(drop=False).set_coords([]).assign_attrs(baseline=str(one["baseline"].values))


def _cell(one: xarray.Dataset, alone: bool, row: str, mix: str, lang: str) -> str:
    """Level and difference, and below them the change unless the result stands alone."""
    text = two_lines(tables.cell(one, row, mix, lang))
    if alone:
        return text
    if not math.isfinite(float(tables.values_at(one, row=row, mix=mix)["level_mean"])):
        return text
    changed = change_text(tables.values_at(one, row=row, mix=mix), mix == one.attrs["baseline"], lang)
    return f"{text}\n{_escaped(changed)}"


def _in_first(table: xarray.Dataset, mix: str) -> bool:
    return bool(table["present"].isel(result=0).sel(mix=mix))


def _over_results(table: xarray.Dataset) -> list[str]:
    """Coordinates that describe a result."""
    return [str(name) for name, column in table.coords.items() if column.dims == ("result",) and name != "result"]


def _lever(value: object) -> str:
    """A lever's value, packages or a dash."""
    if isinstance(value, float):
        return f"{value:,.10g}" if math.isfinite(value) else NOTHING
    return _escaped(str(value)) or NOTHING


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value.item() if hasattr(value, "item") else value


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
