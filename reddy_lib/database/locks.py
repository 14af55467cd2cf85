"""PostgreSQL's advisory locks, held until the caller's transaction ends. SQLite has one writer and needs none.

All of them are here, so that no two uses share a number.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

__all__ = ["alone_forgetting", "lock_attaching", "lock_schema", "lock_submissions", "lock_upload_hosts"]


def lock_schema(connection: sa.Connection) -> None:
    """Wait for other processes that create or migrate the tables."""
    _lock(connection, 730233)


def lock_submissions(connection: sa.Connection) -> None:
    """Wait for others that create a submission or archive a batch, so that two people cannot submit the same rows at the
    same time."""
    _lock(connection, 730234)


def lock_upload_hosts(connection: sa.Connection) -> None:
    """Wait for others that record the first upload host of an address."""
    _lock(connection, 730235)


def lock_attaching(connection: sa.Connection, *, shared: bool = False) -> None:
    """Prevent files from being deleted while files are attached: `shared` for attaching, exclusive for deleting."""
    _lock(connection, 730236, shared=shared)


@contextlib.contextmanager
def alone_forgetting(engine: sa.Engine) -> Iterator[bool]:
    """Yield whether this process is the only one that deletes for good, for as long as the block lasts.

    The lock is the session's, not a transaction's: an open transaction would keep VACUUM from removing dead rows.
    """
    if engine.dialect.name != "postgresql":
        yield True
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        got = bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(730237))).scalar())
        try:
            yield got
        finally:
            if got:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(730237)))


def _lock(connection: sa.Connection, number: int, *, shared: bool = False) -> None:
    if connection.dialect.name == "postgresql":
        function = sa.func.pg_advisory_xact_lock_shared if shared else sa.func.pg_advisory_xact_lock
        connection.execute(sa.select(function(number)))
