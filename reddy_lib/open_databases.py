"""Track the database files that this process has open, so that nothing but SQLite opens them.

A process that closes *any* descriptor of a file loses all its POSIX locks on that file ("How to corrupt an SQLite database
file", 2.2). A spreadsheet, recording or export that turns out to be the ledger, under any name, is therefore refused
before it is opened.
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
    """Register an open database file. Each call needs a matching `no_longer_open`."""
    with _lock:
        _open[os.fspath(path)] += 1


def no_longer_open(path: str | os.PathLike[str]) -> None:
    """Undo one `keep_open`."""
    with _lock:
        name = os.fspath(path)
        _open[name] -= 1
        if _open[name] <= 0:
            del _open[name]


def is_open(path: str | os.PathLike[str]) -> bool:
    """Return whether `path` is a registered file or one of its side files, by any name or link. Opens nothing."""
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
    """Raise `error` if `path` is a database that is open here. Call this before opening any file that a person named."""
    if is_open(path):
        raise error(
            f"{os.path.basename(path)} is the ledger itself, or one of its files. It was not opened. "
            "Choose another file."
        )
