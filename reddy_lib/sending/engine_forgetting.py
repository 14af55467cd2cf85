"""Delete the engine's records of submissions whose calls are forgotten.

Their inputs are ids, but an error that a task ended with may be more.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from reddy_lib.database.sqlite_file import engine_file, size_of
from reddy_lib.sending.engine_tasks import delete_tasks

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["forget_tasks"]


def forget_tasks(database: Database, submission_ids: Sequence[str]) -> None:
    """Delete the tasks of submissions that have ended, and write the engine's SQLite file anew.

    Raises LedgerUnavailable: the engine's database cannot be written.
    """
    path = engine_file(database.name) if database.is_sqlite else None
    if path is not None:
        if not size_of(path):
            return  # nothing was ever queued for an engine
    else:
        with database.read() as connection:
            if not sa.inspect(connection).has_table("workflow_status", schema="dbos"):
                return
    delete_tasks(database, submission_ids)
    if path is not None:
        with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
