"""Database files that this process has open, and that nothing but SQLite may open.

A process that closes *any* descriptor of a file loses all its locks on that file (POSIX; "How to corrupt an SQLite
database file", 2.2). So a spreadsheet, a recording or an export that turns out to be the ledger, under whatever name,
is refused before it is opened.
"""

from __future__ import annotations

import os
import threading
from collections import Counter

from reddy_lib.errors import ReddyError

__all__ = ["is_open", "keep_open", "no_longer_open", "refuse_open"]

_SIDE_FILES = ("", "-wal", "-shm", "-journal")
_lock = threading.Lock()
_open: Counter[str] = Counter()


def keep_open(path: str | os.PathLike[str]) -> None:
    """Say that a database file is open in this process; as often as it is said, it must be taken back."""
    with _lock:
        _open[os.fspath(path)] += 1


def no_longer_open(path: str | os.PathLike[str]) -> None:
    """Take back one `keep_open`."""
    with _lock:
        name = os.fspath(path)
        _open[name] -= 1
        if _open[name] <= 0:
            del _open[name]


def is_open(path: str | os.PathLike[str]) -> bool:
    """Return whether `path` is such a file or a side file of one, by whatever name or link. Opens nothing."""
    with _lock:
        names = list(_open)
    if not names:
        return False
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return False
    for name in names:
        for suffix in _SIDE_FILES:
            try:
                if os.path.samestat(found, os.stat(name + suffix)):
                    return True
            except OSError:
                continue
    return False


def refuse_open(path: str | os.PathLike[str], error: type[ReddyError]) -> None:
    """Raise `error` with a sentence if `path` is a database that is open here. Call it before opening any file that a
    person named."""
    if is_open(path):
        raise error(
            f"{os.path.basename(path)} is the ledger itself, or a file that belongs to it: it was left alone. "
            "Choose another file."
        )
