"""Store selections of calls in the database, so that a URL can name them.

Selections are immutable. The id is derived from the batch and the rows, so storing the same selection again writes nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import batches, calls, selections

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["fingerprint", "keep_selection", "ranges_of", "rows_of_ranges", "rows_of_selection"]


def keep_selection(database: Database, batch_id: str, rows: Iterable[int], *, who: str = "") -> str:
    """Store a set of a batch's row numbers and return its id (12 hex digits).

    Raises:
        LedgerUnavailable: the selection was not stored.
    """
    ranges = ranges_of(rows)
    selection_id = hashlib.sha256(f"{batch_id} {ranges}".encode()).hexdigest()[:12]
    known = sa.select(selections.c.id).where(selections.c.id == selection_id)
    with database.read() as connection:
        if connection.execute(known).first():
            return selection_id
    with database.write() as connection:
        # Lock the batch's row: two concurrent calls with the same selection would both insert it.
        connection.execute(sa.select(batches.c.id).where(batches.c.id == batch_id).with_for_update())
        if not connection.execute(known).first():
            connection.execute(
                selections.insert().values(
                    id=selection_id, batch_id=batch_id, rows=ranges, who=who, at=time.time()
                )
            )
    return selection_id


def rows_of_selection(database: Database, batch_id: str, selection_id: str) -> list[int] | None:
    """Return the row numbers of a selection, ascending.

    Return None if the selection is unknown, belongs to another batch, or names a row that the batch does not have.
    """
    with database.read() as connection:
        ranges = connection.execute(
            sa.select(selections.c.rows).where(
                selections.c.id == selection_id, selections.c.batch_id == batch_id
            )
        ).scalar()
        if ranges is None:
            return None
        rows = rows_of_ranges(ranges)
        there = sum(
            connection.execute(
                sa.select(sa.func.count()).where(calls.c.batch_id == batch_id, calls.c.row.in_(some))
            ).scalar_one()
            for some in pieces(rows)
        )
    return rows if there == len(rows) else None


def fingerprint(rows: Iterable[int]) -> str:
    """Return a short hash of a set of row numbers, regardless of their order."""
    return hashlib.sha256(ranges_of(rows).encode()).hexdigest()[:12]


def ranges_of(rows: Iterable[int]) -> str:
    """Return row numbers as ranges, such as "2-5,9"."""
    found: list[list[int]] = []
    for row in sorted(set(rows)):
        if found and row == found[-1][1] + 1:
            found[-1][1] = row
        else:
            found.append([row, row])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def rows_of_ranges(text: str) -> list[int]:
    """Return the row numbers of a text written by `ranges_of`."""
    rows: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        rows += range(int(first), int(last or first) + 1)
    return rows
