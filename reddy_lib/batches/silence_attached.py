"""Silence recordings that were attached to calls whose words were masked before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from reddy_lib.batches.call_changes import Change, Recording
from reddy_lib.batches.decisions import Decisions
from reddy_lib.batches.operations import change_in_operation
from reddy_lib.batches.sound_masks import Attaching, silence_masked
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.batches.unsilenced import STILL_HEARD, silenced_before
from reddy_lib.database.schema import calls, recordings
from reddy_lib.errors import CallLocked, NotInLedger
from reddy_lib.model import Call
from reddy_lib.personal_data import Said

__all__ = ["silence_attached"]


class _Nothing:
    """What `silence_masked` takes: nothing is masked now that is not masked already."""

    def said(self, call: Call) -> list[Said]:
        return []


def silence_attached(batch: StoredBatch, rows: Sequence[int], *, who: str) -> None:
    """Silence what is masked in the words of these calls, in recordings that were attached since.

    An original that somebody attached in place of its silenced copy stays, and so does a copy: their calls are held.
    """
    batch.database.require("edit")
    held = (
        sa.select(calls.c.row, recordings.c.sha256)
        .join(recordings, recordings.c.call_id == calls.c.id)
        .where(
            calls.c.batch_id == batch.id,
            calls.c.row.in_(list(rows)),
            calls.c.codes.contains(f"|{STILL_HEARD}|"),
        )
    )
    with batch.database.read() as connection:
        has = [(one.row, one.sha256) for one in connection.execute(held)]
        before = silenced_before(connection, batch.id, [row for row, _ in has])
    wanted = [row for row, sha256 in has if (row, sha256) not in before]  # the others need not be decoded
    silenced = silence_masked(batch, wanted, _Nothing()) if wanted else {}
    silenced = {row: one for row, one in silenced.items() if (row, one.had) not in before}
    if not silenced:
        return

    def unchanged(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
        return call, decisions

    with batch.database.write() as connection:
        attaching = Attaching(connection, batch, silenced)
        changes: dict[int, tuple[Change, Recording]] = {
            row: (unchanged, copy) for row, copy in attaching.copies.items()
        }
        if changes:
            change_in_operation(
                connection, batch, changes, "Silence what is masked", who=who, masks=True, refused=_went_on
            )
        attaching.note(list(silenced))


def _went_on(row: int, error: Exception) -> bool:
    """A call that is gone, or was accepted by somebody and is being sent, stays as it is."""
    return isinstance(error, NotInLedger | CallLocked)
