"""A file that somebody handed in: on disk, private, under her own name for it, and gone when nobody holds it."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import tempfile
import time
import weakref
from pathlib import Path
from typing import IO

__all__ = ["PrivateCopy", "sweep"]

_BLOCK = 1 << 20
_PREFIX = "reddy-load-"
_DAY = 86_400


class PrivateCopy:
    """A copy of an open file, in a folder of its own that only this user can read.

    The folder is removed by `remove()`, when the object is let go, and when the program ends.

    Attributes: id (new for each copy), path, file_name (as handed in), file_hash (SHA-256), size (bytes).
    """

    def __init__(self, source: IO[bytes], file_name: str) -> None:
        sweep(Path(tempfile.gettempdir()), now=time.time())
        folder = tempfile.mkdtemp(prefix=_PREFIX)  # 0700: customers' words are in there
        self._remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.id = secrets.token_hex(4)
        self.file_name = file_name
        self.path = Path(folder) / _safe_name(file_name)
        digest = hashlib.sha256()
        self.size = 0
        with self.path.open("wb") as target:
            while block := source.read(_BLOCK):
                target.write(block)
                digest.update(block)
                self.size += len(block)
        self.file_hash = digest.hexdigest()

    def __repr__(self) -> str:
        return f"<PrivateCopy {self.file_name!r} · {self.size:,} bytes>"

    def remove(self) -> None:
        """Remove the file now."""
        self._remove()


def sweep(folder: Path, *, now: float) -> int:
    """Remove copies in `folder` that are older than a day: a program that was killed could not. Gives how many."""
    removed = 0
    for left in folder.glob(f"{_PREFIX}*"):
        try:
            old = now - left.stat().st_mtime > _DAY
        except OSError:  # somebody else was faster
            continue
        if old:
            shutil.rmtree(left, ignore_errors=True)  # another user's stays: the system does not let it go
            removed += not left.exists()
    return removed


def _safe_name(file_name: str) -> str:
    """The name without folders, and short enough for every file system: messages about the file speak of it."""
    name = re.sub(r"[\x00-\x1f]", "", re.split(r"[/\\]", file_name)[-1]).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if len(name.encode()) > 120:
        name = (stem or ending)[:30] + (f"{dot}{ending[:8]}" if stem else "")
    return name or "upload"
