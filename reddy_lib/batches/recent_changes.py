"""Changes of a batch since it was looked at: by whom, through whatever process."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import operations

__all__ = ["HistoryEnd", "end_of_history", "who_changed_since"]


class HistoryEnd(NamedTuple):
    """Where the history of a batch ends: the number of the last operation, and when any of them last got further."""

    number: int
    at: float


def end_of_history(batch: StoredBatch) -> HistoryEnd:
    """Return where the history of a batch ends now; equal values mean that nothing was changed between."""
    query = sa.select(sa.func.max(operations.c.number), sa.func.max(operations.c.seen_at)).where(
        operations.c.batch_id == batch.id
    )
    with batch.database.read() as connection:
        number, at = connection.execute(query).one()
    return HistoryEnd(number or 0, at or 0.0)


def who_changed_since(batch: StoredBatch, end: HistoryEnd) -> list[str]:
    """Return who made the operations after this end, in their order; "" where that is not known."""
    query = (
        sa.select(operations.c.who)
        .where(operations.c.batch_id == batch.id, operations.c.number > end.number)
        .order_by(operations.c.number)
    )
    with batch.database.read() as connection:
        return list(dict.fromkeys(connection.execute(query).scalars()))
