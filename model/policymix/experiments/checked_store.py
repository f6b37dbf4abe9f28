"""A Zarr store that reads a chunk only if its checksum holds, and says which file is damaged.

Zarr itself fails by a bare `ValueError` that names no chunk. Imported where a store is first read: it needs zarr.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google_crc32c import value as crc32c
from zarr.storage import LocalStore

from policymix.errors import InvalidFile, Problem

CHECKSUM = 4
"""Bytes of the checksum (crc32c, little-endian) at the end of every chunk."""


class CheckedStore(LocalStore):
    """The folder of a Zarr group whose arrays all end their chunks by a crc32c."""

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        """Bytes of a file, None where there is none; checked if it is a chunk that is read whole."""
        return self._checked(key, await super().get(key, prototype, byte_range), byte_range)

    def get_sync(self, key: str, *, prototype: Any = None, byte_range: Any = None) -> Any:
        """As `get`."""
        return self._checked(key, super().get_sync(key, prototype=prototype, byte_range=byte_range), byte_range)

    def _checked(self, key: str, found: Any, byte_range: Any) -> Any:
        if found is None or byte_range is not None or key.endswith("zarr.json"):
            return found
        data = found.to_bytes()
        if len(data) <= CHECKSUM or crc32c(data[:-CHECKSUM]) != int.from_bytes(data[-CHECKSUM:], "little"):
            expected = "what policymix sweep wrote; policymix sweep STUDY --resume makes it again"
            raise InvalidFile(self.root.parent, [Problem(str(Path(self.root.name) / key), "a damaged file", expected)])
        return found
