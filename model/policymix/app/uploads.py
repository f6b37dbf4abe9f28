"""A package that a visitor sends: read as data, bound in size, with no way to a file of the server's."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from policymix import catalog
from policymix.errors import InvalidFile, NotFound, Problem
from policymix.policy.package import Package, build, resolve

LARGEST = 256 * 1024
"""Bytes of an upload; the longest shipped package has 23 kB."""
LONGEST_NAME = 80


def uploaded_package(name: str, content: bytes) -> Package:
    """The package of an uploaded TOML file.

    What it extends has to be one that the catalogue lists by name: a path would read files of the server.

    Parameters
    ----------
    name : of the file, as the browser tells it; only its last part is used, and only in messages
    content : the file's bytes

    Raises
    ------
    InvalidFile, NotFound
        Too large, not TOML, not a package: the sentences of ``policymix check``.
    """
    path = Path(plain_name(name))
    if len(content) > LARGEST:
        raise too_large(path.name, len(content))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidFile(path, [Problem(f"byte {error.start}", "not UTF-8", "text in UTF-8")]) from None
    data = catalog.parse_toml(text, path)
    base, known = data.get("extends"), catalog.available("packages")
    if isinstance(base, str) and base not in known:
        raise NotFound("package", base, known, where=f"{path} > extends")
    raw, chain, problems = resolve(path, data, ())
    package = None
    if not problems:
        package, problems, _ = build(raw, None, chain)
    if package is None or problems:
        raise InvalidFile(path, problems)
    return package


def upload_name(package: Package) -> str:
    """How mixes name an uploaded package: ``ID.toml``, so that it hides none of the catalogue's."""
    return f"{package.id}.toml"


def too_large(name: str, size: int) -> InvalidFile:
    """The error of a file beyond the limit."""
    return InvalidFile(plain_name(name), [Problem("size", f"{size:,} bytes", f"at most {LARGEST:,} bytes")])


def plain_name(name: str) -> str:
    """The last part of a file's name, printable and short."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    shown = "".join(sign for sign in last if sign.isprintable())
    return shown[-LONGEST_NAME:] or "upload.toml"
