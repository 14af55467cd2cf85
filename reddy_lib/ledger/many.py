"""Statements that are built once and run for many rows of values, again and again: as SQL text.

Such values are what a database takes already. SQLAlchemy looks at each of them again, and that costs as much as running
the statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

__all__ = ["run_many"]


def run_many(connection: sa.Connection, statement: sa.Executable, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run a statement for each of these rows. The statement must be one that lives as long as the program: its text is
    kept."""
    connection.exec_driver_sql(_text_of(connection.dialect, statement), [dict(row) for row in rows])


@lru_cache(maxsize=64)
def _text_of(dialect: sa.Dialect, statement: Any) -> str:
    return str(statement.compile(dialect=dialect))
