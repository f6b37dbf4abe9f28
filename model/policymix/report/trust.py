"""How far to trust a run: the kept verdicts of facts, published experiments and back-tests, misses by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from policymix.experiments.kept import BACKTEST, read_verdicts, stale_verdicts


@dataclass(frozen=True)
class Verdicts:
    """One test of the model as a whole.

    Attributes
    ----------
    title, title_zh : what was tested
    passed, of : how many of its parts passed
    missed : names of those that did not, English and Chinese
    stale : whether code or data have changed since
    command : repeats it
    """

    title: str
    title_zh: str
    passed: int
    of: int
    missed: tuple[tuple[str, str], ...]
    stale: bool
    command: str


def verdicts_on(region: str) -> list[Verdicts]:
    """What is kept about a region: those tests that were made for it."""
    found = [
        _of("facts", f"policymix facts {region}", ("stylised facts of untreated firms", "企业典型事实"), region),
        _of("validation", "policymix validate", ("published experiments, repeated", "重复已发表的实验"), None),
        _backtest(region),
    ]
    return [each for each in found if each is not None]


def _of(what: str, command: str, title: tuple[str, str], region: str | None) -> Verdicts | None:
    """Verdicts with one row a test; None where nothing is kept, or of another region."""
    kept = read_verdicts(what)
    if kept is None or (region is not None and kept.get("region") != region):
        return None
    missed = tuple(_named(row) for row in kept["rows"] if not row["pass"])
    return Verdicts(*title, kept["passed"], kept["of"], missed, bool(stale_verdicts(what)), command)


def _backtest(region: str) -> Verdicts | None:
    """A back-test's series: passed is one that beats every naive rival."""
    what = f"{BACKTEST}{region}"
    kept = read_verdicts(what)
    if kept is None:
        return None
    rows = kept["rows"]
    missed = tuple((row["title"]["en"], row["title"]["zh"]) for row in rows if not row["beats"])
    title = "back-test: series forecast better than by every naive rival", "回溯检验:预测优于各简单方法的序列"
    passed = len(rows) - len(missed)
    return Verdicts(*title, passed, len(rows), missed, bool(stale_verdicts(what)), f"policymix backtest {region}")


def _named(row: dict[str, Any]) -> tuple[str, str]:
    """A row's id with its title in both languages."""
    return f"{row['id']} {row['title']['en']}", f"{row['id']} {row['title']['zh']}"
