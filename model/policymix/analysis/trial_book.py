"""What is known of every candidate: its outcomes and the chance of its targets in every draw, also on disk.

A candidate that was measured is never run again. With a folder every generation is written to ``trials.jsonl`` when
it is done; a search that was stopped asks the same questions again and finds the first answers there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from policymix.analysis.targets import NAMED, Target, Untracked, chance, read
from policymix.errors import InvalidValue, NotFound, RunFailed
from policymix.experiments import kept, store
from policymix.experiments.candidate_runs import BASELINE, Measured, Trials, measure
from policymix.experiments.coalitions import OUTCOMES
from policymix.experiments.design_problem import DesignProblem
from policymix.experiments.outcomes import OUTCOMES as OF_A_RUN
from policymix.experiments.outcomes import outcome
from policymix.experiments.results import attributes
from policymix.experiments.study import Stored
from policymix.policy.package import Package
from policymix.policy.versions import digest

FILE = "trials.jsonl"
SEARCH, FRESH = "search", "fresh"
"""Samples of draws: what a search sees, and what its answer is measured again in."""
CORE = ("core_share", "core_share_luck", "core_share_granular_sd", "core_value_added", "core_value_added_constant")
"""What the reading of a target of the core industries takes."""


@dataclass(frozen=True)
class Failure:
    """A run that has no number: which candidate, in which draw, why."""

    candidate: str
    draw: int
    reason: str


@dataclass(frozen=True, eq=False)
class Book:
    """Candidates by key, measured in two samples of draws.

    Attributes
    ----------
    targets : whose chance is measured, in the order of the columns behind the outcomes
    known : float64[draw, column] by (sample, key of the packages), NaN where the run failed
    at_baseline : chance of the targets under the baseline, float64[draw, target], by sample
    file : where it is kept, or None
    """

    trials: Trials
    targets: tuple[Target, ...]
    samples: Mapping[str, range]
    threads: int
    file: Path | None = None
    progress: Callable[[int], None] | None = None
    known: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    at_baseline: dict[str, np.ndarray] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """Names of what is measured of a run."""
        return [*OUTCOMES, *(target.id for target in self.targets)]


def key_of(packages: Sequence[Package]) -> str:
    """Equal for equal packages, whatever they are called."""
    return "+".join(sorted(digest(package)[:16] for package in packages)) or "nothing"


def numbers_of(
    book: Book, candidates: Mapping[str, Sequence[Package]], sample: str, hold: bool = False
) -> dict[str, np.ndarray]:
    """float64[draw, column] of every candidate by its name: outcomes less the baseline's, then chances of the targets.

    Parameters
    ----------
    sample : ``search`` or ``fresh``
    hold : keep burn-in and baseline of the draws in memory for the next call
    """
    keys = {name: key_of(packages) for name, packages in candidates.items()}
    new = {key: name for name, key in reversed(keys.items()) if (sample, key) not in book.known}
    draws = book.samples[sample]
    if new:
        names = list(dict.fromkeys(name for name in candidates if name in new.values()))
        found: dict[int, Measured] = {}

        def done(draw: int, measured: Measured) -> None:
            found[draw] = measured
            if book.progress is not None:
                book.progress(len(names))

        lists = [list(candidates[name]) for name in names]
        measure(book.trials, lists, draws, hold=hold, threads=book.threads, done=done)
        _take_in(book, sample, names, [keys[name] for name in names], [found[draw] for draw in draws])
    elif book.progress is not None:
        book.progress(0)
    return {name: book.known[sample, key] for name, key in keys.items()}


def stored_for(targets: Sequence[Target]) -> tuple[Stored, ...]:
    """What has to be kept of a run to read these targets.

    Raises
    ------
    InvalidValue
        A target that nothing in the model tracks.
    """
    names: list[str] = []
    for target in targets:
        if target.untracked or not target.outcome:
            raise InvalidValue("goal > target", f"{target.id}, which is untracked", "a target that the model tracks")
        name = NAMED.get(target.outcome, target.outcome).partition(":")[0]
        names += CORE if name.startswith("core_") else [name]
    known = {each.name for each in OF_A_RUN}
    return tuple(Stored(name=name) for name in dict.fromkeys(names) if name in known)


def target_named(name: str, targets: Sequence[Target]) -> Target:
    """A target of the scenario by its id."""
    for target in targets:
        if target.id == name:
            return target
    raise NotFound("target", name, [target.id for target in targets], where="goal")


def opened(book: Book, problem: DesignProblem, folder: Path | None, resume: bool) -> Book:
    """The book with what a folder has of it; a folder of another problem or other code is refused.

    Raises
    ------
    InvalidValue
        The folder is there and ``resume`` was not said, or it is of something else.
    """
    if folder is None:
        return book
    file, head = folder / FILE, head_of(book, problem)
    if file.is_file():
        if not resume:
            raise InvalidValue("--out", f"{folder}, which has a search", "--resume to go on with it, or another folder")
        _read(book, file, head)
    else:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({"made_of": head}) + "\n", encoding="utf-8")
        except OSError as error:
            raise RunFailed(f"cannot write to {folder}: {error.strerror or error}") from None
    return Book(**{**vars(book), "file": file})


def head_of(book: Book, problem: DesignProblem) -> str:
    """Hash of what a book's numbers are made from: code, versions, region, environment, packages, targets, draws."""
    inputs = book.trials.inputs
    said = problem.model_dump(mode="json", include={"draws", "fresh", "seed"})
    parts = [kept.code_hash(), json.dumps(store.versions(), sort_keys=True), json.dumps(said), json.dumps(book.columns)]
    parts += [inputs.region.model_dump_json(), inputs.environment.model_dump_json()]
    parts += [offers.model_dump_json() for offers in inputs.opportunities]
    parts += [digest(package) for _, package in sorted(inputs.packages.items())]
    parts += [json.dumps(sorted(inputs.fixed.items())), book.trials.scenario.rules, book.trials.values.tobytes().hex()]
    parts += [repr(target) for target in book.targets]
    frame = book.trials.scenario
    parts += [frame.burn_in_start, frame.start, frame.end, str(frame.seed)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _read(book: Book, file: Path, head: str) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    if not lines or not _is_head(lines[0], head):
        expected = "the folder of the same problem, targets, data and program; start in another one with --out"
        raise InvalidValue("--resume", f"{file.parent}, a search of something else", expected)
    for number, line in enumerate(lines[1:], start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError:  # the last line of a search that was killed while it wrote
            file.write_text("".join(f"{each}\n" for each in lines[:number]), encoding="utf-8")
            break
        if row["what"] == "baseline":
            book.at_baseline[row["sample"]] = np.array(row["numbers"], float)
        elif row["what"] == "failure":
            book.failures.append(Failure(row["candidate"], row["draw"], row["reason"]))
        else:
            book.known[row["sample"], row["key"]] = np.array(row["numbers"], float)


def _is_head(line: str, head: str) -> bool:
    """Whether the first line of a file says that it is of these numbers."""
    try:
        said = json.loads(line)
    except json.JSONDecodeError:
        return False
    return isinstance(said, dict) and said.get("made_of") == head


def _take_in(book: Book, sample: str, names: list[str], keys: list[str], found: list[Measured]) -> None:
    """Put one batch into the book and its file."""
    outcomes = np.stack([each.outcomes for each in found], axis=1)  # candidate, draw, outcome
    chances, base = _chances(book, sample, found, len(names))
    rows: list[dict] = []
    if sample not in book.at_baseline:
        book.at_baseline[sample] = base
        rows.append({"what": "baseline", "sample": sample, "numbers": base.tolist()})
    for draw, each in zip(book.samples[sample], found, strict=True):
        for number, reason in each.failures.items():
            failure = Failure("the baseline" if number == BASELINE else names[number], draw, reason)
            if failure not in book.failures:
                book.failures.append(failure)
                rows.append({"what": "failure", **vars(failure)})
    for number, key in enumerate(keys):
        book.known[sample, key] = np.concatenate([outcomes[number], chances[number]], axis=1)
        rows.append({"what": "candidate", "sample": sample, "key": key, "numbers": book.known[sample, key].tolist()})
    if book.file is not None:
        with book.file.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)


def _chances(book: Book, sample: str, found: list[Measured], candidates: int) -> tuple[np.ndarray, np.ndarray]:
    """Chance of every target: float64[candidate, draw, target], and of the baseline float64[draw, target]."""
    chances = np.full((candidates, len(found), len(book.targets)), np.nan)
    base = np.full((len(found), len(book.targets)), np.nan)
    whole = [number for number, each in enumerate(found) if BASELINE not in each.failures]
    if not book.targets or not whole:
        return chances, base
    results = _dataset(book, sample, [found[number] for number in whole], [book.samples[sample][n] for n in whole])
    for column, target in enumerate(book.targets):
        reading = read(results, target)
        if isinstance(reading, Untracked):
            raise InvalidValue("goal > target", f"{target.id}: {reading.reason}", "a target that the run can measure")
        by_run = chance(reading, target).transpose("mix", "draw", "replicate").values[..., 0]
        known = np.isfinite(reading.number.transpose("mix", "draw", "replicate").values[..., 0])
        by_run = np.where(known, by_run, np.nan)
        base[whole, column] = by_run[0]
        chances[:, whole, column] = by_run[1:]
    return chances, base


def _dataset(book: Book, sample: str, found: list[Measured], draws: list[int]):
    """What was kept of a batch with the labels of a run, so that targets are read as everywhere."""
    import xarray

    trials = book.trials
    variables = {}
    for stored in trials.stored:
        own = [dim for dim in outcome(stored.name).dims if dim not in ("prices", "mix", "draw", "replicate")]
        values = np.stack([each.kept[stored.variable] for each in found])
        if "mix" not in outcome(stored.name).dims:
            variables[stored.variable] = (("draw", "replicate", *own), values[:, None])
            continue
        prices = ("prices",) if "prices" in outcome(stored.name).dims else ()
        variables[stored.variable] = (("draw", "mix", *prices, *own), values)
    mixes = ["baseline", *(str(n) for n in range(found[0].outcomes.shape[0]))]
    used = {dim for dims, _ in variables.values() for dim in dims} | {"quarter", "year", "place"}
    coords = {dim: labels for dim, labels in trials.coords.items() if dim in used}
    coords |= {"mix": mixes, "draw": draws, "replicate": [0]}
    made = xarray.Dataset(variables, coords, attrs={**attributes(trials.inputs, 0.0), "baseline": "baseline"})
    for name, (dims, _) in variables.items():
        if "replicate" not in dims:
            made[name] = made[name].expand_dims(replicate=[0])
    return made
