"""Reports as plain-text notebooks: found by name, given other parameters, executed, rendered as a page."""

from __future__ import annotations

import logging
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from policymix import catalog
from policymix.errors import InvalidValue, NotFound, RunFailed
from policymix.experiments.store import aside
from policymix.report import fonts

PARAMETERS = "parameters"
"""Tag of the cell whose numbers another run may replace."""
KERNEL = "python3"
PAGE_STYLE = """
body, .jp-RenderedMarkdown, .jp-RenderedHTMLCommon { font-family: "Policymix Sans SC", system-ui, sans-serif; }
pre, code { font-family: "Policymix Sans SC", ui-monospace, monospace !important; }
.jp-Notebook { max-width: 62rem; margin: auto; }
table.dataframe, .jp-RenderedMarkdown table { font-size: .84rem; }
"""


def available() -> dict[str, Path]:
    """Shipped notebooks by name."""
    return {path.stem: path for path in sorted((catalog.data_root() / "notebooks").glob("*.py"))}


def find(name: str | os.PathLike[str]) -> Path:
    """A notebook by its name, or by a path that ends in ``.py`` or ``.ipynb``.

    Raises
    ------
    NotFound
        No such notebook.
    """
    text = os.fspath(name)
    known = available()
    if text in known:
        return known[text]
    path = Path(text).expanduser()
    if path.suffix in (".py", ".ipynb") and path.is_file():
        return path
    raise NotFound("notebook", text, known)


def title_of(path: Path) -> str:
    """The first heading of a notebook."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# # "):
            return line.removeprefix("# # ")
    return path.stem


def parameters_of(notebook: Any) -> list[str]:
    """Names that the cell tagged ``parameters`` sets, in order."""
    import ast

    found: list[str] = []
    for cell in notebook.cells:
        if PARAMETERS in cell.metadata.get("tags", []):
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    found.append(node.targets[0].id)
    return found


def parsed(settings: Iterable[str]) -> dict[str, Any]:
    """``NAME=VALUE`` texts as parameters; a value that is no TOML value is a text."""
    found: dict[str, Any] = {}
    for setting in settings:
        name, sign, text = setting.partition("=")
        if not sign or not name.isidentifier():
            raise InvalidValue("--set", setting, "NAME=VALUE, such as draws=40")
        try:
            found[name] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            found[name] = text
    return found


def opened(name: str | os.PathLike[str]) -> Any:
    """A notebook as it is stored, for a kernel of this Python."""
    with _libraries():
        import jupytext
    notebook = jupytext.read(find(name))
    notebook.metadata["kernelspec"] = {"name": KERNEL, "display_name": "Python 3", "language": "python"}
    return notebook


def made(notebook: Any, parameters: Mapping[str, Any], *, execute: bool = True, progress: bool = False) -> Any:
    """A notebook with other parameters; executed in the current folder unless it is only to be prepared.

    Raises
    ------
    NotFound
        A parameter that the notebook does not have.
    RunFailed
        A cell failed: which one, and the last line of its error.
    """
    known = parameters_of(notebook)
    for parameter in parameters:
        if parameter not in known:
            raise NotFound("parameter of the notebook", parameter, known)
    with _libraries():
        import nbformat
        import papermill
    logging.getLogger("papermill").setLevel(logging.ERROR)  # it warns of every text that has an equals sign
    with TemporaryDirectory() as place:
        source, result = Path(place) / "in.ipynb", Path(place) / "out.ipynb"
        nbformat.write(notebook, source)
        try:
            papermill.execute_notebook(
                source,
                result,
                dict(parameters),
                kernel_name=KERNEL,
                prepare_only=not execute,
                progress_bar=progress,
                cwd=Path.cwd(),
                extra_arguments=["--IPKernelApp.log_level=50"],
            )
        except papermill.PapermillExecutionError as error:
            cell = str(error.source).strip().splitlines()[0]
            raise RunFailed(f"cell {error.cell_index}, '{cell}': {error.ename}: {error.evalue}") from None
        return nbformat.read(result, as_version=4)


def page(notebook: Any) -> str:
    """An executed notebook as one HTML page that needs no network."""
    with _libraries():
        from nbconvert import HTMLExporter
    exporter = HTMLExporter(embed_images=True, exclude_input_prompt=True, exclude_output_prompt=True)
    exporter.mathjax_url = exporter.require_js_url = exporter.jquery_url = ""
    text, _ = exporter.from_notebook_node(notebook)
    return text.replace("</head>", f"<style>{fonts.style_rule(text)}{PAGE_STYLE}</style></head>", 1)


def write(name: str | os.PathLike[str], file: Path, parameters: Mapping[str, Any], progress: bool = False) -> Path:
    """Write a notebook: ``.html`` executed and rendered, ``.ipynb`` ready to be opened and run."""
    if file.suffix not in (".html", ".ipynb"):
        raise InvalidValue("--out", file.name, "a name that ends in .html or .ipynb")
    notebook = made(opened(name), parameters, execute=file.suffix == ".html", progress=progress)
    with aside(file) as partial:
        if file.suffix == ".html":
            partial.write_text(page(notebook), encoding="utf-8")
        else:
            import nbformat

            nbformat.write(notebook, partial)
    return file


@contextmanager
def _libraries() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise RunFailed(
            f"notebooks need {error.name}, which is not installed: pip install policymix[notebooks]"
        ) from None
