"""The states of a submission, its stored row, and how one ends."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Literal

import msgspec
import sqlalchemy as sa

from reddy_lib.database.schema import calls, submissions
from reddy_lib.errors import NotInLedger
from reddy_lib.recordings import upload_queue

__all__ = [
    "BEING_SENT",
    "BY_HAND",
    "CHUNK",
    "OPEN_STATES",
    "State",
    "SubmissionRecord",
    "finish",
    "log_done",
    "read_record",
]

_log = logging.getLogger("reddy_lib.sending")

State = Literal["running", "paused", "waiting", "cancelled", "done"]
"""running; paused (by a person, or after a refused token); waiting (for a token); cancelled; done."""

OPEN_STATES = ("running", "paused", "waiting")
"""States in which a submission may still send."""

BY_HAND = "Paused by hand."
"""The reason of a pause that a person asked for. Any other reason names something to fix."""

CHUNK = 500
"""Rows of the sheet in one chunk: the unit of work that the engine queues and a worker takes."""

# A literal, not a parameter: only then does the database use the small partial index on calls that are being sent.
BEING_SENT = calls.c.status == sa.literal_column("'sending'")


class SubmissionRecord(msgspec.Struct, frozen=True):
    """The stored row of a submission. Times are UTC.

    Attributes:
        number: counts submissions of this ledger, from 1.
        address: where the calls go ("sandbox", "https://app.reddy.io").
        token_source: sandbox, environment, secrets, typed or notebook.
        token_hint: the token's last characters, "" where it is too short to show any.
        credential: the token's fingerprint; None for the sandbox.
        reason: why it is paused, waiting or cancelled; "" while it runs.
        generation: 1 at first, one more after each `resume`. It is part of the engine's task ids, so that tasks of
            an earlier generation are not mistaken for new ones.
        chosen: how many calls were chosen.
    """

    id: str
    number: int
    batch_id: str
    address: str
    token_source: str
    token_hint: str
    credential: str | None
    concurrency: int
    state: State
    reason: str
    generation: int
    chosen: int
    who: str
    created_at: datetime
    ended_at: datetime | None

    def __repr__(self) -> str:
        return f"<SubmissionRecord {self.number} · {self.id} · {self.state}>"


def read_record(connection: sa.Connection, submission_id: str) -> SubmissionRecord:
    """Return the stored row of a submission. Raises NotInLedger."""
    found = connection.execute(
        sa.select(*(submissions.c[name] for name in SubmissionRecord.__struct_fields__)).where(
            submissions.c.id == submission_id
        )
    ).one_or_none()
    if found is None:
        raise NotInLedger(f"There is no submission {submission_id!r} in this ledger.")
    stored = dict(found._mapping)
    for name in ("created_at", "ended_at"):
        stored[name] = None if stored[name] is None else datetime.fromtimestamp(stored[name], UTC)
    return SubmissionRecord(**stored)


def finish(connection: sa.Connection, submission_id: str, *, now: float) -> bool:
    """Mark a running submission done if no call or recording of it is left to send; return whether it was."""
    left = sa.exists().where(
        calls.c.submission_id == submission_id, calls.c.status.in_(("queued", "sending"))
    )
    ended = connection.execute(
        submissions.update()
        .where(
            submissions.c.id == submission_id,
            submissions.c.state == "running",
            ~left,
            ~upload_queue.is_under_way(submission_id),
        )
        .values(state="done", ended_at=now)
    )
    return bool(ended.rowcount)


def log_done(submission_id: str) -> None:
    """Log the end of a submission. Call it after the commit, so that the log only tells what is stored."""
    _log.info("submission done", extra={"submission": submission_id})
