"""Taking a batch off the list, and what stands against it: a batch that is off the list is on no page, so nothing of it
may be under way there, where nobody could pause it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ..errors import SubmissionError
from .schema import batches, calls, recordings, submissions

if TYPE_CHECKING:
    from .batch import Batch

__all__ = ["OPEN_STATES", "archive", "under_way"]

OPEN_STATES = ("running", "paused", "waiting")
"""States in which a submission may go on."""


def archive(batch: Batch, *, cancel: bool) -> None:
    """Take a batch off the list; see `Batch.archive`."""
    batch.ledger.require("administer")
    if cancel:
        for submission in batch.ledger.submissions(batch):
            submission.cancel()
    # A call that a dead program left "sending" would stand against it for good.
    importlib.import_module("reddy_lib.ledger.sending").give_up_dead_workers(batch.ledger)
    with batch.ledger._write(right="administer") as connection:
        if (
            connection.dialect.name == "postgresql"
        ):  # nobody creates a submission meanwhile: see `sending.create`
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(730234)"))
        found = _under_way(connection, batch.id)
        if found:
            todo = (
                "Try again in a moment: what is in flight is waited for."
                if cancel
                else "Wait until it has ended, or cancel it: batch.archive(cancel=True)."
            )
            raise SubmissionError(f"The batch {batch.name!r} stays on the list: {found}. {todo}")
        connection.execute(batches.update().where(batches.c.id == batch.id).values(state="archived"))


def under_way(batch: Batch) -> str:
    """Return what of a batch is under way, in words; "" if nothing."""
    with batch.ledger._read() as connection:
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
        said.append(f"submission {one.number} {state}, {one.queued:,} calls to send")
    sending = connection.execute(
        sa.select(sa.func.count()).where(calls.c.batch_id == batch_id, calls.c.status == "sending")
    ).scalar_one()
    if sending:
        said.append(f"{sending:,} calls are in flight")
    uploading = connection.execute(
        sa.select(sa.func.count())
        .select_from(recordings.join(calls, calls.c.id == recordings.c.call_id))
        .where(calls.c.batch_id == batch_id, recordings.c.state == "sending")
    ).scalar_one()
    if uploading:
        said.append(f"{uploading:,} recordings are being uploaded")
    return "; ".join(said)
