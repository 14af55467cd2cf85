"""Selections: the calls that somebody chose, kept in the ledger, so that a link can name them.

A selection never changes, and the same calls of a batch always make the same one: keeping it again writes nothing.
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
    """Keep a set of row numbers of a batch; return its id (12 hex digits).

    Raises:
        LedgerUnavailable: nothing was kept.
    """
    ranges = ranges_of(rows)
    selection_id = hashlib.sha256(f"{batch_id} {ranges}".encode()).hexdigest()[:12]
    known = sa.select(selections.c.id).where(selections.c.id == selection_id)
    with database.read() as connection:
        if connection.execute(known).first():
            return selection_id
    with database.write() as connection:
        # the batch's row is locked, so that two that keep the same selection at once do not both insert it
        connection.execute(sa.select(batches.c.id).where(batches.c.id == batch_id).with_for_update())
        if not connection.execute(known).first():
            connection.execute(
                selections.insert().values(
                    id=selection_id, batch_id=batch_id, rows=ranges, who=who, at=time.time()
                )
            )
    return selection_id


def rows_of_selection(database: Database, batch_id: str, selection_id: str) -> list[int] | None:
    """Return the row numbers of a selection, ascending; None where it is unknown, belongs to another batch, or names a
    row that the batch does not have."""
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
    """Return a short text that is the same for the same row numbers, and for no others."""
    return hashlib.sha256(ranges_of(rows).encode()).hexdigest()[:12]


def ranges_of(rows: Iterable[int]) -> str:
    """Write row numbers as ranges: "2-5,9"."""
    found: list[list[int]] = []
    for row in sorted(set(rows)):
        if found and row == found[-1][1] + 1:
            found[-1][1] = row
        else:
            found.append([row, row])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def rows_of_ranges(text: str) -> list[int]:
    """Read what `ranges_of` wrote."""
    rows: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        rows += range(int(first), int(last or first) + 1)
    return rows
