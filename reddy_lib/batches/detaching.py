"""Detach the recordings of calls that can be edited, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.decisions import Decisions
from reddy_lib.batches.operations import change_in_operation
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import EDITABLE, calls
from reddy_lib.model import Call, from_payload

__all__ = ["detach_in", "without_recording"]


def without_recording(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
    """Let a call announce again what the sheet did."""
    if stored.audio == "none":
        return call, decisions
    announced = from_payload(stored.original or stored.payload).filename
    return msgspec.structs.replace(call, filename=announced), decisions


def detach_in(connection: sa.Connection, batch: StoredBatch, call_ids: Sequence[int], *, who: str) -> None:
    """Detach the recordings of those of these calls that can be edited, as one operation."""
    query = sa.select(calls.c.row).where(
        calls.c.id.in_(call_ids), calls.c.status.in_(EDITABLE), calls.c.forgotten_at.is_(None)
    )
    rows = list(connection.execute(query.order_by(calls.c.row)).scalars())
    if rows:
        change_in_operation(
            connection,
            batch,
            dict.fromkeys(rows, (without_recording, None)),
            "Recordings deleted by retention",
            who=who,
        )
