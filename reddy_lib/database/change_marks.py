"""Tell cheaply whether something may have changed since it was last read, also by another process."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import sqlalchemy as sa

from reddy_lib.database.schema import calls

__all__ = ["FileMark", "calls_mark", "create_call_marks", "drop_mark_of_inserts", "file_mark"]

_KEY = "reddy_change_mark"

_TABLE = (
    "CREATE TABLE IF NOT EXISTS call_marks (batch_id TEXT PRIMARY KEY, mark INTEGER NOT NULL) WITHOUT ROWID"
)
_OF_NEW = (
    "INSERT INTO call_marks VALUES (NEW.batch_id, random()) "
    "ON CONFLICT (batch_id) DO UPDATE SET mark = excluded.mark"
)
_OF_OLD = _OF_NEW.replace("NEW", "OLD")
_TRIGGERS = [
    f"CREATE TRIGGER IF NOT EXISTS call_marks_{verb.lower()} AFTER {verb} ON calls BEGIN {mark}; END"
    for verb, mark in (("UPDATE", _OF_NEW), ("DELETE", _OF_OLD))
]
_OF_STATE = (
    "CREATE TRIGGER IF NOT EXISTS call_marks_state AFTER UPDATE OF state ON batches "
    f"BEGIN {_OF_NEW.replace('NEW.batch_id', 'NEW.id')}; END"
)


class FileMark(NamedTuple):
    """`state` is the same only while nothing changed, for one `reader`: marks of two readers cannot be compared."""

    reader: Hashable
    state: Hashable


def create_call_marks(connection: sa.Connection) -> None:
    """Create what `calls_mark` reads: a new number by each change of a call of the batch. PostgreSQL needs none.

    The numbers are random and do not count: a backup that was restored and changed again would count to the same number.
    Inserts write no mark, because that would double their cost: a load inserts calls while no one else sees the batch, and
    its end is a change of the batch's state.
    """
    if connection.dialect.name == "sqlite":
        for statement in (_TABLE, *_TRIGGERS, _OF_STATE):
            connection.exec_driver_sql(statement)


def drop_mark_of_inserts(connection: sa.Connection) -> None:
    """Replace the trigger by which each new call wrote a mark with one on the state of the batch."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS call_marks_insert")
        connection.exec_driver_sql(_OF_STATE)


def calls_mark(connection: sa.Connection, batch_id: str) -> Hashable:
    """Return a value that differs from any earlier one if a call of the batch changed in between.

    Take it before reading the calls: then it is never newer than what was read.

    On SQLite, triggers write a mark, and new calls are behind all others. On PostgreSQL, where the workers of a batch would
    then wait for each other, every version of a row names the transaction that wrote it, and these numbers only grow.
    """
    if connection.dialect.name == "sqlite":
        mark = "SELECT mark FROM call_marks WHERE batch_id = :batch"
        last = "SELECT max(row) FROM calls WHERE batch_id = :batch"
        return tuple(connection.exec_driver_sql(f"SELECT ({mark}), ({last})", {"batch": batch_id}).one())
    written = sa.cast(sa.cast(sa.literal_column("calls.xmin"), sa.Text), sa.BigInteger)
    counted = sa.select(sa.func.count(), sa.func.sum(written)).where(calls.c.batch_id == batch_id)
    return tuple(connection.execute(counted).one())


def file_mark(connection: sa.Connection) -> FileMark:
    """Return a value that differs from an earlier one of the same reader if anything in a SQLite ledger changed in between.

    `data_version` counts the commits of other connections, and `total_changes` the rows that this one wrote.
    """
    reader = connection.info.setdefault(_KEY, object())  # as long as the connection lives
    version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
    own = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    return FileMark(reader, (version, own))
