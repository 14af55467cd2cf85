"""Tell cheaply whether the calls of a batch may have changed since they were last read, also by another process."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import sqlalchemy as sa

from reddy_lib.database.schema import calls

__all__ = ["ChangeMark", "change_mark"]

_KEY = "reddy_change_mark"


class ChangeMark(NamedTuple):
    """`state` is the same only while nothing changed, for one `reader`: marks of two readers cannot be compared."""

    reader: Hashable
    state: Hashable


def change_mark(connection: sa.Connection, batch_id: str) -> ChangeMark:
    """Return a value that differs from an earlier one of the same reader if a call of the batch changed in between.

    Take it before reading the calls: then it is never newer than what was read.

    On SQLite it says that anything in the file changed: `data_version` counts the commits of other connections, and
    `total_changes` the rows that this one wrote. On PostgreSQL, every version of a row names the transaction that wrote it,
    and these numbers only grow.
    """
    if connection.dialect.name == "sqlite":
        reader = connection.info.setdefault(_KEY, object())  # as long as the connection lives
        version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
        own = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
        return ChangeMark(reader, (version, own))
    written = sa.cast(sa.cast(sa.literal_column("calls.xmin"), sa.Text), sa.BigInteger)
    query = sa.select(sa.func.count(), sa.func.sum(written)).where(calls.c.batch_id == batch_id)
    return ChangeMark("server", tuple(connection.execute(query).one()))
