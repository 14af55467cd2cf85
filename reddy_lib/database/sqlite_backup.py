"""Copies of a SQLite ledger: backups, and the copy before a migration."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import time
from pathlib import Path

from reddy_lib.database.sqlite_file import (
    LOCK_SECONDS,
    WHOLE,
    give_name,
    plain_connection,
    size_of,
)
from reddy_lib.errors import LedgerUnavailable
from reddy_lib.open_databases import is_open

__all__ = ["backup", "copy_before_migration", "delete_copies"]


def backup(source: str, target: Path, *, overwrite: bool = False) -> Path:
    """Copy a database while it is in use. The copy is complete without a -wal, and only its owner may read it.

    Raises LedgerUnavailable: `target` exists, is a ledger that is open, or cannot be written.
    """
    target = Path(os.path.abspath(target.expanduser()))
    if not target.parent.is_dir():
        raise LedgerUnavailable(
            f"There is no folder {target.parent} for the backup. Create it, or choose another."
        )
    if is_open(target):
        raise LedgerUnavailable(f"{target} is a ledger that is in use. Choose another file for the backup.")
    if target.is_dir() or (os.path.lexists(target) and not overwrite):
        raise LedgerUnavailable(
            f"{target} already exists, and nothing was written. Choose another name, or pass overwrite=True."
        )
    # SQLite would take such a file for the copy's own.
    if any(size_of(f"{target}{suffix}") for suffix in ("-wal", "-journal")):
        raise LedgerUnavailable(
            f"There is a file {target.name}-wal or {target.name}-journal beside {target}: a program has that database "
            "open, or was killed. Choose another name for the backup."
        )
    try:
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")  # 0600
    except OSError as error:
        raise LedgerUnavailable(
            f"The backup cannot be written to {target.parent}: {error.strerror}."
        ) from error
    os.close(handle)
    try:
        with (
            plain_connection(source, timeout=LOCK_SECONDS) as there,
            plain_connection(part, timeout=1) as copy,
        ):
            there.backup(copy)  # in one step, of one snapshot; others can write meanwhile
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.execute(f"PRAGMA user_version = {WHOLE}")
        if overwrite:
            os.replace(part, target)
        else:
            give_name(part, str(target))
    except (sqlite3.Error, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise LedgerUnavailable(
            f"The backup {target} could not be written: {reason}. The incomplete copy was deleted; the ledger is unchanged."
        ) from error
    finally:
        for suffix in ("", "-journal"):
            with contextlib.suppress(OSError):
                os.unlink(part + suffix)
    return target


def copy_before_migration(path: str, version: int) -> Path:
    """Copy a ledger before its tables are changed, into a file beside it; a copy that exists already is kept."""
    whole = Path(path)
    target = whole.with_name(f"{whole.stem}-before-schema-{version}.sqlite")
    if target.exists():
        return target
    try:
        return backup(path, target)
    except LedgerUnavailable as error:
        if target.exists():  # another process made it just now
            return target
        raise LedgerUnavailable(
            f"The ledger ({path}) has to be brought up to date, but could not be copied first: {error} "
            "Make room on its disk, then try again."
        ) from error


def delete_copies(path: str) -> int:
    """Delete what a ledger's folder holds of its copies: those before a migration, damaged engine files that were moved
    aside, and unfinished copies of programs that died. Return how many copies there were."""
    whole = Path(path)
    count = 0
    for pattern in (f"{whole.stem}-before-schema-*.sqlite", f"{whole.stem}-engine.damaged-*.sqlite"):
        for copy in whole.parent.glob(pattern):
            for suffix in ("-journal", "-wal", "-shm", ""):
                Path(f"{copy}{suffix}").unlink(missing_ok=True)
            count += 1
    for part in (*whole.parent.glob(".*.part"), *whole.parent.glob(".*.new")):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > _STALE and _is_database(part):
                part.unlink()
                count += 1
    return count


_STALE = 600.0  # seconds without a write after which a copy that is not finished is a leftover


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"
