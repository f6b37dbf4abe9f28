"""docs/ODD.md from its template: equations from the docstrings of ``firms/``, parameter tables from the priors.

The text of the page is ``odd.md`` beside this file, with calls in double braces::

    {{ rules("invest", "kink") }}            every function of these files
    {{ rule("invest.hazard") }}              one of them
    {{ parameters("fixed_cost", ...) }}      a table of parameters of calibration/priors.toml
    {{ chain() }} {{ links() }}              the back of the envelope beside the model's own numbers, and its ranges

So neither an equation nor a number stands in two places.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from policymix.errors import NotFound
from policymix.experiments.limits import said
from policymix.experiments.parameters import Prior, read_priors
from policymix.firms import MODULES
from policymix.report.chain import comparison, links

TEMPLATE = Path(__file__).with_name("odd.md")
SECTION = re.compile(r"^(Parameters|Returns|Raises)\n-+\n", re.MULTILINE)
EVIDENCE = re.compile(r"\b(?:[AB]\d{1,2}|V\d{1,2}|CS-[\w-]+)\b")


@dataclass(frozen=True)
class Rule:
    """A function of ``firms/`` as its docstring states it.

    Attributes
    ----------
    name : ``file.function``
    arguments : names in the order of the call
    statement : first paragraph, with the equation
    remarks : further paragraphs
    symbols : (names, meaning) of the section Parameters
    returns : unit or meaning of the value
    sources : evidence rows that the docstring names
    """

    name: str
    arguments: tuple[str, ...]
    statement: str
    remarks: tuple[str, ...]
    symbols: tuple[tuple[str, str], ...]
    returns: str
    sources: tuple[str, ...]


def all_rules() -> dict[str, Rule]:
    """Every public function of ``firms/`` by ``file.function``, in the order of the files."""
    found = {}
    for name in MODULES:
        module = importlib.import_module(f"policymix.firms.{name}")
        for key, function in vars(module).items():
            if inspect.isfunction(function) and function.__module__ == module.__name__ and not key.startswith("_"):
                found[f"{name}.{key}"] = read_rule(f"{name}.{key}", function)
    return found


def read_rule(name: str, function: object) -> Rule:
    """What a docstring of NumPy's form states."""
    text = inspect.getdoc(function) or ""
    pieces = SECTION.split(text)
    paragraphs = [" ".join(part.split()) for part in pieces[0].strip().split("\n\n")]
    sections = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    symbols = _entries(sections.get("Parameters", ""))
    returns = _entries(sections.get("Returns", ""))
    return Rule(
        name,
        tuple(inspect.signature(function).parameters),  # type: ignore[arg-type]  # a function, as all_rules finds it
        paragraphs[0],
        tuple(paragraphs[1:]),
        tuple((_before_colon(head), meaning) for head, meaning in symbols),
        "; ".join(meaning for _, meaning in returns),
        tuple(sorted(set(EVIDENCE.findall(text)))),
    )


def page(template: str | None = None) -> str:
    """The page with every call filled in.

    Raises
    ------
    NotFound
        A call that names no rule or no parameter.
    """
    from jinja2 import Environment, StrictUndefined

    text = TEMPLATE.read_text(encoding="utf-8") if template is None else template
    made = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False).from_string(text)
    return made.render(rules=rules, rule=rule, parameters=parameters, chain=comparison, links=links)


def rules(*modules: str) -> str:
    """Every function of some files of ``firms/``."""
    for name in modules:
        if name not in MODULES:
            raise NotFound("file of rules", name, MODULES, where=str(TEMPLATE.name))
    return "\n\n".join(rule(name) for name in all_rules() if name.split(".")[0] in modules)


def rule(name: str) -> str:
    """One rule: what it says, its symbols, its sources."""
    known = all_rules()
    if name not in known:
        raise NotFound("rule", name, known, where=str(TEMPLATE.name))
    one = known[name]
    lines = [f"**`{one.name}({', '.join(one.arguments)})`** {_linked(one.statement)}"]
    lines += ["", *(line for remark in one.remarks for line in (_linked(remark), ""))] if one.remarks else [""]
    rows = [[f"`{symbol}`", meaning] for symbol, meaning in one.symbols] + [["returns", one.returns]]
    lines += table(["symbol", "meaning"], [[cell, _linked(meaning)] for cell, meaning in rows])
    if one.sources:
        lines += ["", f"Sources: {', '.join(one.sources)}."]
    return "\n".join(lines)


def parameters(*names: str) -> str:
    """A table of parameters of the priors."""
    known = {prior.name.removeprefix("parameter."): prior for prior in read_priors()}
    rows = []
    for name in names:
        if name not in known:
            raise NotFound("parameter", name, known, where=str(TEMPLATE.name))
        rows.append([f"`{name}`", *parameter_cells(known[name])])
    return "\n".join(table(["parameter", "meaning", "unit", "default", "prior", "range", "source"], rows))


def parameter_cells(prior: Prior) -> list[str]:
    """Meaning, unit, default, prior, range and source of a parameter."""
    law = ", ".join([prior.law, *(f"{name} {value:,g}" for name, value in prior.numbers.items())])
    meaning = f"{prior.title_en} {prior.title_zh}" + (f": {prior.description}" if prior.description else "")
    return [meaning, prior.unit, f"{prior.default:,g}", law, said(*prior.limits), prior.source]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    lines = [list(head), ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines]


def _entries(section: str) -> list[tuple[str, str]]:
    """(head, meaning) of the entries of a section: heads stand at the margin, meanings are indented below them."""
    found: list[tuple[str, list[str]]] = []
    for line in section.splitlines():
        if line and not line.startswith(" "):
            found.append((line, []))
        elif found and line.strip():
            found[-1][1].append(line.strip())
    return [(head, " ".join(lines)) for head, lines in found]


def _before_colon(head: str) -> str:
    return head.split(" : ")[0]


def _linked(text: str) -> str:
    """Double back-quotes as Markdown's single ones, and the economics page as it is called beside this one."""
    return text.replace("``", "`").replace("docs/ECONOMICS.md", "ECONOMICS")
