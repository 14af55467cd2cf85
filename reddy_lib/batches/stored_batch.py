"""`StoredBatch`: one batch as the database has it: its record, and its calls by row.

`Batch` is this with everything that people call. What changes or lists calls takes a `StoredBatch`, so that it can be
used by `Batch` without importing it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Self

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.call_rows import decode_findings
from reddy_lib.batches.search import Found, find
from reddy_lib.database.bulk import pieces
from reddy_lib.database.database import Database
from reddy_lib.database.schema import calls
from reddy_lib.errors import NotInLedger
from reddy_lib.findings import Finding
from reddy_lib.model import Call, from_payload
from reddy_lib.spreadsheet import Mapping

__all__ = ["StoredBatch"]


class StoredBatch:
    """The record of one batch, and its calls by row.

    Attributes: database, id, name, file_name, file_hash (SHA-256), mapping, products (dicts, or None where no list was
    known), who, created_at (UTC).
    """

    def __init__(self, database: Database, record: sa.Row[Any]) -> None:
        self.database = database
        self.id: str = record.id
        self.name: str = record.name
        self.file_name: str = record.file_name
        self.file_hash: str = record.file_hash
        self.mapping = Mapping.from_dict(msgspec.json.decode(record.mapping))
        self.products: list[dict[str, Any]] | None = (
            None if record.products is None else msgspec.json.decode(record.products)
        )
        self.who: str = record.who
        self.created_at = datetime.fromtimestamp(record.created_at, UTC)

    def seen_by(self, database: Database) -> Self:
        """Return the same batch on another view of its database (see `Ledger.for_person`)."""
        batch = copy.copy(self)
        batch.database = database
        return batch

    def rows(self, **filters: Any) -> list[int]:
        """The row numbers that the filters leave, ascending; all of them without filters."""
        query = sa.select(calls.c.row).where(*self.where(**filters)).order_by(calls.c.row)
        with self.database.read() as connection:
            return list(connection.execute(query).scalars())

    def call(self, row: int) -> Call:
        """Return the call as it would be sent. Raises NotInLedger: the batch has no such row."""
        return from_payload(self.one(row, calls.c.payload).payload)

    def findings_of(self, row: int) -> list[Finding]:
        """The findings of one call, errors first."""
        return [
            msgspec.structs.replace(found, row=row)
            for found in decode_findings(self.one(row, calls.c.findings).findings)
        ]

    def payloads(self, rows: Iterable[int] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (row, payload) for the rows asked for (all if None), ascending: exactly what would be sent.

        Raises NotInLedger: the batch has no such row.
        """
        wanted = self.rows() if rows is None else self.these_rows(rows)
        return self._payloads(wanted)

    def _payloads(self, rows: list[int]) -> Iterator[tuple[int, dict[str, Any]]]:
        for some in pieces(rows):
            query = (
                sa.select(calls.c.row, calls.c.payload)
                .where(calls.c.batch_id == self.id, calls.c.row.in_(some))
                .order_by(calls.c.row)
            )
            with self.database.read() as connection:
                found = connection.execute(query).all()
            for number, payload in found:
                yield number, msgspec.json.decode(payload)

    def find(self, **filters: Any) -> Found:
        """Return the calls that filters and `query` leave; see `search.find`."""
        return find(self, **filters)

    def where(self, **filters: Any) -> list[sa.ColumnElement[bool]]:
        """Return the conditions of filters, the batch's own among them; see `search.where`."""
        return self.find(**filters).conditions

    def these_rows(self, rows: Any) -> list[int]:
        """Return row numbers as ints, each once, ascending: of one number or of any collection of them.

        Raises:
            TypeError: `rows` holds something that is not an integer.
            NotInLedger: the batch has no call in one of them; nothing was changed.
        """
        wanted = arguments.row_numbers(rows)
        there: set[int] = set()
        with self.database.read() as connection:
            for some in pieces(row for row in wanted if 0 < row < 2**31):
                query = sa.select(calls.c.row).where(calls.c.batch_id == self.id, calls.c.row.in_(some))
                there.update(connection.execute(query).scalars())
        missing = [row for row in wanted if row not in there]
        if len(missing) == 1:
            raise self.no_row(missing[0])
        if missing:
            raise NotInLedger(f"The batch {self.name!r} has no calls in rows {arguments.listed(missing)}.")
        return wanted

    def one(self, row: int, *columns: sa.Column[Any]) -> sa.Row[Any]:
        """Return columns of `calls` for one row. Raises NotInLedger: the batch has no such row."""
        row = arguments.row_number(row)
        if not 0 < row < 2**31:  # from an address that somebody typed: no database could be asked
            raise self.no_row(row)
        query = sa.select(*columns).where(calls.c.batch_id == self.id, calls.c.row == row)
        with self.database.read() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            raise self.no_row(row)
        return found

    def no_row(self, row: int) -> NotInLedger:
        """Return the error for a row that the batch does not have."""
        return NotInLedger(f"The batch {self.name!r} has no call in row {row}.")
