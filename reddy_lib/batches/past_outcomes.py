"""Keep the outcome and payload of an attempt before an edit or a new submission overwrites them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import calls, earlier_payloads, past_outcomes

__all__ = ["NEVER_SENT", "keep_past_outcome", "keep_what_was_sent"]

NEVER_SENT: dict[str, Any] = {
    "submission_id": None,
    "chunk": None,
    "worker": None,
    "tries": 0,
    "retry_at": None,
    "upload_id": None,
    "http_status": None,
    "error": None,
    "seconds": None,
    "sent_at": None,
    "ended_at": None,
    "skipped_because": None,
}
"""The sending columns of a call that was never queued."""


def keep_past_outcome(connection: sa.Connection, call_ids: Sequence[int]) -> None:
    """Copy the calls' outcomes to `past_outcomes`. Call this before they are cleared or overwritten."""
    names = ["submission_id", "id", "status", "attempts", "upload_id", "http_status", "error", "seconds",
             "sent_at", "ended_at", "skipped_because", "audio"]  # fmt: skip
    targets = ["call_id" if name == "id" else name for name in names]
    for some in pieces(call_ids):
        chosen = sa.select(*(calls.c[name] for name in names)).where(
            calls.c.id.in_(some), calls.c.submission_id.is_not(None)
        )
        connection.execute(past_outcomes.insert().from_select(targets, chosen))


def keep_what_was_sent(connection: sa.Connection, old: sa.Row[Any]) -> None:
    """Store the payload of a call's last attempt before the call is edited.

    Only the first edit after an attempt stores it: later edits no longer change what was sent.
    """
    kept = sa.select(earlier_payloads.c.call_id).where(
        earlier_payloads.c.call_id == old.id, earlier_payloads.c.attempt == old.attempts
    )
    if connection.execute(kept).first() is None:
        connection.execute(
            earlier_payloads.insert().values(call_id=old.id, attempt=old.attempts, payload=old.payload)
        )
