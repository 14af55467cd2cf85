"""Archive a batch. A batch with unfinished submissions cannot be archived: once hidden, they could not be paused."""

from __future__ import annotations

import sqlalchemy as sa

from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.database import Database
from reddy_lib.database.locks import lock_submissions
from reddy_lib.database.schema import batches, calls, recordings, submissions
from reddy_lib.errors import SubmissionError
from reddy_lib.plurals import agreeing
from reddy_lib.sending.states import OPEN_STATES
from reddy_lib.sending.submission import list_submissions
from reddy_lib.sending.workers import expire_dead_workers

__all__ = ["archive", "under_way"]


def archive(database: Database, batch: StoredBatch, *, cancel: bool) -> None:
    """Archive a batch; see `Ledger.archive`."""
    database.require("administer")
    if cancel:
        for submission in list_submissions(database, batch.id):
            submission.cancel()
    # A call that a dead program left in `sending` would keep the batch from being archived for good.
    expire_dead_workers(database)
    with database.write(right="administer") as connection:
        lock_submissions(connection)  # so that nobody creates a submission meanwhile
        found = _under_way(connection, batch.id)
        if found:
            todo = (
                "Try again in a moment: requests in flight are being recorded."
                if cancel
                else "Wait until it has ended, or cancel it: ledger.archive(batch, cancel=True)."
            )
            raise SubmissionError(f"The batch {batch.name!r} stays on the list: {found}. {todo}")
        connection.execute(batches.update().where(batches.c.id == batch.id).values(state="archived"))


def under_way(batch: StoredBatch) -> str:
    """Return what is still in progress in a batch ("submission 3 is paused, 12 calls to send"), or ""."""
    with batch.database.read() as connection:
        return _under_way(connection, batch.id)


def _under_way(connection: sa.Connection, batch_id: str) -> str:
    said = []
    waiting = (
        sa.select(sa.func.count())
        .where(calls.c.submission_id == submissions.c.id, calls.c.status == "queued")
        .scalar_subquery()
    )
    open_ = sa.select(submissions.c.number, submissions.c.state, waiting.label("queued")).where(
        submissions.c.batch_id == batch_id, submissions.c.state.in_(OPEN_STATES)
    )
    for one in connection.execute(open_.order_by(submissions.c.number)):
        state = {"paused": "is paused", "waiting": "waits for its token"}.get(one.state, "is being sent")
        said.append(f"submission {one.number} {state}, {agreeing(one.queued, 'call', 'calls')} to send")
    sending = connection.execute(
        sa.select(sa.func.count()).where(calls.c.batch_id == batch_id, calls.c.status == "sending")
    ).scalar_one()
    if sending:
        said.append(agreeing(sending, "call is in flight", "calls are in flight"))
    uploading = connection.execute(
        sa.select(sa.func.count())
        .select_from(recordings.join(calls, calls.c.id == recordings.c.call_id))
        .where(calls.c.batch_id == batch_id, recordings.c.state == "sending")
    ).scalar_one()
    if uploading:
        said.append(agreeing(uploading, "recording is being uploaded", "recordings are being uploaded"))
    return "; ".join(said)
