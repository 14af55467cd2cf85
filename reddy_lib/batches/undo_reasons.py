"""Say why an operation can no longer be undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from reddy_lib.batches.removed_codes import codes_removed, gone_for_good
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import calls, edits, operations

__all__ = ["why_not_undone"]


def why_not_undone(
    batch: StoredBatch, id: str, title: str, number: int, found: Mapping[str, Sequence[int]]
) -> str:
    """Return why nothing of an operation can be undone.

    Args:
        id, title, number: of the operation.
        found: what undoing would do (same, gone, locked) → the rows.
    """
    parts: list[str] = []
    if locked := found["locked"]:
        parts.append(f"{_calls(len(locked))} {_was(locked)} sent or being sent")
    if same := found["same"]:
        last = next(_later_titles(batch, number, same), None)
        by = f" (the last time by “{last}”: undo that first)" if last else ""
        parts.append(f"{_calls(len(same))} {_was(same)} changed again since{by}")
    if missing := found["gone"]:
        alone = len(missing) == 1
        had = "the recording that its call had before" if alone else _had_before(len(missing))
        parts.append(f"{had} cannot be found any more (attach it again instead)")
    parts = [gone_for_good(gone)] if (gone := codes_removed(batch, id)) else parts
    return f"“{title}” can no longer be undone: {', and '.join(parts) or 'it changed nothing'}."


def _calls(count: int) -> str:
    return "its call" if count == 1 else f"{count:,} calls"


def _had_before(count: int) -> str:
    return (
        "the recording that 1 call had before"
        if count == 1
        else f"the recordings that {count:,} calls had before"
    )


def _was(rows: Sequence[int]) -> str:
    return "was" if len(rows) == 1 else "were"


def _later_titles(batch: StoredBatch, number: int, rows: Sequence[int]) -> Iterator[str]:
    query = (
        sa.select(operations.c.title)
        .join(edits, edits.c.operation_id == operations.c.id)
        .join(calls, edits.c.call_id == calls.c.id)
        .where(
            operations.c.batch_id == batch.id,
            operations.c.number > number,
            calls.c.row.in_(list(rows)[:1000]),
        )
        .order_by(operations.c.number.desc())
        .limit(1)
    )
    with batch.database.read() as connection:
        yield from connection.execute(query).scalars()
