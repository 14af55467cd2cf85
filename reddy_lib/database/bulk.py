"""Statements that are built once, and run as SQL text for many rows of values.

The values must be what the database driver takes. SQLAlchemy would check each of them once more, which costs as much as
running the statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

__all__ = ["InsertMany", "UpdateMany", "pieces", "run_many"]


def pieces(values: Iterable[int], size: int = 5000) -> Iterator[list[int]]:
    """Split values into lists that are short enough for one SQL statement."""
    some: list[int] = []
    for value in values:
        some.append(int(value))
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some


def run_many(
    connection: sa.Connection, statement: sa.Executable, rows: Sequence[Mapping[str, object]]
) -> None:
    """Run a statement of several values for each of these rows. It must live as long as the program: its text is cached."""
    if connection.dialect.name == "sqlite":  # which would look up the name of each value of each row
        text, names = _by_place(statement)
        connection.exec_driver_sql(text, list(map(itemgetter(*names), rows)))
        return
    connection.exec_driver_sql(_text_of(connection.dialect, statement), [dict(row) for row in rows])


class _Many:
    """One statement for many short rows, each a mapping from column names to values.

    On SQLite, all rows are passed as one JSON text, and the statement runs once. So Python's global lock is released once,
    and not for each row: while other threads are busy, most of the time would be spent on getting it back.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        given = sa.func.json_each(sa.bindparam("the_rows")).table_valued("value").alias("given")
        self._in_json = given
        self._one_text = [
            sa.func.json_extract(given.c.value, sa.literal_column(f"'$[{place}]'"))
            for place in range(len(self._names))
        ]
        self._each: dict[str, sa.BindParameter[object]] = {
            name: sa.bindparam(f"the_{name}") for name in self._names
        }

    def _run(
        self,
        connection: sa.Connection,
        once: sa.Executable,
        each: sa.Executable,
        rows: Sequence[Mapping[str, object]],
    ) -> None:
        if connection.dialect.name == "sqlite":
            text = msgspec.json.encode([[row[name] for name in self._names] for row in rows]).decode()
            connection.exec_driver_sql(_text_of(connection.dialect, once), {"the_rows": text})
            return
        values = [{f"the_{name}": row[name] for name in self._names} for row in rows]
        connection.exec_driver_sql(_text_of(connection.dialect, each), values)


class UpdateMany(_Many):
    """UPDATE the columns `to` of the rows with these values of the columns `by`."""

    def __init__(self, table: sa.Table, *, by: Sequence[str], to: Sequence[str]) -> None:
        super().__init__([*by, *to])
        columns = [table.c[name] for name in self._names]
        once = list(zip(columns, self._one_text, strict=True))
        each = [(column, self._each[column.name]) for column in columns]
        self._once, self._one_by_one = (
            table.update()
            .where(*(column == value for column, value in pairs[: len(by)]))
            .values(dict(pairs[len(by) :]))
            for pairs in (once, each)
        )

    def __call__(self, connection: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
        if rows:
            self._run(connection, self._once, self._one_by_one, rows)


class InsertMany(_Many):
    """INSERT rows with these columns."""

    def __init__(self, table: sa.Table, names: Sequence[str]) -> None:
        super().__init__(names)
        self._once = sqlite.insert(table).from_select(
            [table.c[name] for name in self._names], sa.select(*self._one_text).select_from(self._in_json)
        )
        self._one_by_one = table.insert().values(self._each)

    def __call__(self, connection: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
        if rows:
            self._run(connection, self._once, self._one_by_one, rows)


@lru_cache(maxsize=64)
def _by_place(statement: sa.Executable) -> tuple[str, tuple[str, ...]]:
    """Return the text of a statement for SQLite, and the names of its values in the order of their question marks."""
    assert isinstance(statement, sa.ClauseElement)
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"))
    assert isinstance(compiled, SQLCompiler)
    assert compiled.positiontup is not None
    return str(compiled), tuple(compiled.positiontup)


@lru_cache(maxsize=64)
def _text_of(dialect: sa.Dialect, statement: sa.Executable) -> str:
    assert isinstance(statement, sa.ClauseElement)
    return str(statement.compile(dialect=dialect))
