"""A log of JSON lines that several threads and processes may append to at once, in the folder that it is about.

An entry is on the disk before `append` returns. A line that a dying process left incomplete spoils no other: each
entry begins with a line break, and what cannot be read is skipped.

The logs of a `RecordingStore` are files, not tables of a ledger, for three reasons. A store works without a ledger
(`reddy.RecordingStore(folder)`). Several ledgers, on several machines, may share its folder, and what one of them
noted has to reach the others. And a file may not be listed before it is complete, nor lose its names without being
deleted, which one folder on one file system can keep true and two transactions in two places cannot.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

__all__ = ["AppendLog"]

_Entry = TypeVar("_Entry", bound=msgspec.Struct)


class AppendLog(Generic[_Entry]):
    """A file of entries of one type, readable by this user alone; it is made by the first `append`."""

    def __init__(self, path: Path, type_: type[_Entry]) -> None:
        self._path = path
        self._decoder = msgspec.json.Decoder(type_)

    def append(self, entries: Iterable[_Entry]) -> None:
        """Write entries at the end and sync them. Raises OSError."""
        lines = b"".join(b"\n" + msgspec.json.encode(one) + b"\n" for one in entries)
        if not lines:
            return
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "ab", buffering=0) as file:
            file.write(lines)
            os.fsync(file.fileno())

    def read(self, start: int = 0) -> tuple[list[tuple[int, _Entry]], int]:
        """Return (position, entry) of everything from a position on, oldest first, and the position of the end."""
        found: list[tuple[int, _Entry]] = []
        end = start
        try:
            with self._path.open("rb") as file:
                file.seek(start)
                for line in file:
                    position, end = end, end + len(line)
                    with contextlib.suppress(msgspec.DecodeError):  # empty, or left incomplete
                        found.append((position, self._decoder.decode(line)))
        except FileNotFoundError:
            pass
        return found, end

    def version(self) -> tuple[int, int]:
        """Return a value that changes whenever something was appended."""
        try:
            about = self._path.stat()
        except FileNotFoundError:
            return 0, 0
        return about.st_size, about.st_mtime_ns
