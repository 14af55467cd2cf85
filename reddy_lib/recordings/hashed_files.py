"""Files that are named by the SHA-256 of their content, in a folder of the workbench's own.

Both the ledger's folder (`attachments`) and a `RecordingStore` keep recordings this way: a hostile name never becomes
the name of a file, and equal content is kept once.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

__all__ = ["CHUNK", "HASHED_NAME", "HashedFile", "sha256_of_name", "write_hashed_file"]

CHUNK = 1 << 20
"""Bytes to read at a time."""

HASHED_NAME = re.compile(r"[0-9a-f]{64}(?:\.[a-z0-9]{2,4})?")


class HashedFile(NamedTuple):
    """A file that was written. `changed`: its modification time in ns; `is_new`: the content was not there before."""

    path: Path
    size: int
    changed: int
    inode: int
    is_new: bool


def write_hashed_file(folder: Path, chunks: Iterable[bytes], ending: str, *, replace: bool) -> HashedFile:
    """Write content under its hash, synced to disk; it is there completely under its final name, or not at all.

    Whatever `chunks` raises passes through, and nothing is kept.

    Args:
        ending: of the file's name, such as ".wav", or "".
        replace: what to do where the content is there already: put the new file in its place, so that it has a new
            modification time, or leave the old one.

    Raises OSError.
    """
    digest = hashlib.sha256()
    size = 0
    part: Path | None = None
    try:
        handle, written = tempfile.mkstemp(prefix="arriving-", suffix=".part", dir=folder)  # mode 0600
        part = Path(written)
        with os.fdopen(handle, "wb") as target:
            for chunk in chunks:
                size += len(chunk)
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        path = folder / (digest.hexdigest() + ending)
        is_new = not path.exists()
        about = part.stat()
        if is_new or replace:
            part.replace(path)
            part = None
        else:
            about = path.stat()
        return HashedFile(path, size, about.st_mtime_ns, about.st_ino, is_new)
    finally:
        if part is not None:
            _remove(part)


def sha256_of_name(name: str) -> str:
    """Return the hash in the name of a hashed file."""
    return name.partition(".")[0]


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # a leftover of this name is deleted after a day
