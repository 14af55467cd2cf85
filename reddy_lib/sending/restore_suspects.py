"""The calls of a restored ledger that could go out a second time, and what Reddy said about each.

Every call that was not at an address when the backup was made may have been sent there since: calls that are queued for
it, and held, ready, rejected or failed calls that have a conversation to ask about. Calls in doubt are not among them
(`reconcile`), nor those queued to be sent *again*: Reddy has their first sending, so asking shows nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.batches.past_outcomes import NEVER_SENT, keep_past_outcome
from reddy_lib.database.sandbox_urls import SANDBOX, ledger_address
from reddy_lib.database.schema import (
    batches,
    calls,
    deliveries,
    reconciliations,
    restore_answers,
    submissions,
)
from reddy_lib.model import from_payload
from reddy_lib.recordings.upload_queue import fail_lost_urls
from reddy_lib.sending.doubts import Doubt
from reddy_lib.sending.restored import restored
from reddy_lib.sending.states import OPEN_STATES

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["Suspect", "addresses_to_ask", "count_suspects", "store_answers", "suspects"]


class Suspect(msgspec.Struct, frozen=True):
    """A call that may have been sent since the backup.

    Attributes:
        batch: its batch's name. doubt: what to ask about it.
    """

    call_id: int
    batch_id: str
    batch: str
    key: str
    queued_in: str | None
    attempts: int
    doubt: Doubt

    def __repr__(self) -> str:
        return f"<Suspect row {self.doubt.row} of {self.batch!r}>"


def addresses_to_ask(database: Database) -> list[str]:
    """Return the addresses where calls may be that the ledger does not have.

    Those are the addresses of open submissions, those where calls went according to the marks, and all that were ever
    sent to (the sandbox, which is for trials, only if it is one of the first two).
    """
    standing = restored(database)
    known = [] if standing is None else [ledger_address(database, each) for each in standing.addresses]
    with database.read() as connection:
        used = connection.execute(
            sa.select(submissions.c.address, sa.func.max(sa.case((submissions.c.state.in_(OPEN_STATES), 1), else_=0)))
            .group_by(submissions.c.address)
        ).all()  # fmt: skip
    return sorted({*known, *(address for address, is_open in used if is_open or address != SANDBOX)})


def count_suspects(database: Database, address: str) -> int:
    """Return how many calls are still to be asked about at an address."""
    with database.read() as connection:
        return connection.execute(
            sa.select(sa.func.count()).select_from(calls).where(*_suspect(address))
        ).scalar_one()


def suspects(database: Database, address: str, *, after: int, count: int) -> list[Suspect]:
    """Return the next calls to ask about at an address: those with ids above `after`, in their order."""
    query = (
        sa.select(
            calls.c.id, calls.c.batch_id, calls.c.row, calls.c.payload, calls.c.delivery_key, calls.c.status,
            calls.c.submission_id, calls.c.attempts, batches.c.name,
        )
        .join(batches, batches.c.id == calls.c.batch_id)
        .where(calls.c.id > after, *_suspect(address))
        .order_by(calls.c.id)
        .limit(count)
    )  # fmt: skip
    with database.read() as connection:
        found = connection.execute(query).all()
    listed = []
    for one in found:
        call = from_payload(one.payload.encode())
        listed.append(
            Suspect(
                call_id=one.id,
                batch_id=one.batch_id,
                batch=one.name,
                key=one.delivery_key,
                queued_in=one.submission_id if one.status == "queued" else None,
                attempts=one.attempts,
                doubt=Doubt(
                    row=one.row,
                    conversation_id=call.conversation_id or "",
                    agent_email=call.agent_email or "",
                    address=address,
                    submission=0,
                    since=None,
                    tags=call.tags or [],
                ),
            )
        )
    return listed


def _suspect(address: str) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of a call that is still to be asked about at this address."""
    mine = sa.and_(deliveries.c.call_id == calls.c.id, deliveries.c.state == "unknown")
    taken = sa.exists().where(
        deliveries.c.address == address, deliveries.c.key == calls.c.delivery_key, ~mine
    )
    queued_here = sa.and_(
        calls.c.status == "queued",
        calls.c.submission_id.in_(sa.select(submissions.c.id).where(submissions.c.address == address)),
    )
    answered = sa.exists().where(
        restore_answers.c.address == address, restore_answers.c.call_id == calls.c.id
    )
    loading = sa.select(batches.c.id).where(batches.c.state == "loading")
    return [
        calls.c.delivery_key.is_not(None),
        sa.or_(queued_here, calls.c.status.in_(("held", "ready", "rejected", "failed"))),
        ~taken,
        ~answered,
        calls.c.batch_id.not_in(loading),
    ]


def store_answers(
    database: Database, address: str, *, there: Sequence[Suspect], missing: Sequence[Suspect], who: str
) -> None:
    """Record Reddy's answers: calls that it has become `accepted`, and their deliveries keep them from being sent."""
    now = time.time()
    standing = restored(database)
    since = 0.0 if standing is None else standing.since
    when = time.strftime("%d %b %Y %H:%M UTC", time.gmtime(now))
    words = (
        f"Reddy has this call: it was sent after the backup from which this ledger was put back. Asked"
        f"{f' by {who}' if who else ''} on {when}."
    )
    first = {
        one.key: one for one in reversed(there)
    }  # of two calls with one conversation, the other is skipped later
    with database.write(right="send") as connection:
        for one in first.values():
            submission_id = one.queued_in or _found_in(
                connection, one.batch_id, address, who, since=since, now=now
            )
            if one.queued_in is None:
                keep_past_outcome(connection, [one.call_id])
            cleared: dict[str, Any] = {} if one.queued_in else {**NEVER_SENT, "submission_id": submission_id}
            settled = connection.execute(
                calls.update()
                .where(
                    calls.c.id == one.call_id,
                    calls.c.status.in_(("queued", "held", "ready", "rejected", "failed")),
                )
                .values(
                    **{**cleared, "status": "accepted", "retry_at": None, "error": words, "ended_at": now}
                )
            )
            if not settled.rowcount:
                continue
            if one.queued_in is None:
                connection.execute(
                    submissions.update()
                    .where(submissions.c.id == submission_id)
                    .values(chosen=submissions.c.chosen + 1)
                )
            _deliver(connection, address, one, submission_id, now)
            connection.execute(
                reconciliations.insert().values(
                    call_id=one.call_id, submission_id=submission_id, attempt=one.attempts, there=True, how="asked",
                    who=who, at=now,
                )
            )  # fmt: skip
            fail_lost_urls(connection, [one.call_id], now=now)
        answers = [(one, True) for one in there] + [(one, False) for one in missing]
        for one, is_there in answers:
            connection.execute(
                _once(connection, restore_answers),
                [{"address": address, "call_id": one.call_id, "there": is_there, "at": now}],
            )


def _deliver(connection: sa.Connection, address: str, one: Suspect, submission_id: str, now: float) -> None:
    accepted = {"call_id": one.call_id, "submission_id": submission_id, "state": "accepted", "at": now}
    mine = sa.and_(deliveries.c.address == address, deliveries.c.key == one.key)
    if not connection.execute(deliveries.update().where(mine).values(**accepted)).rowcount:
        connection.execute(deliveries.insert().values(address=address, key=one.key, **accepted))


def _found_in(
    connection: sa.Connection, batch_id: str, address: str, who: str, *, since: float, now: float
) -> str:
    """Return the id of the submission for calls of a batch that were found at Reddy and are queued in none.

    There is one for each restore, created here if needed.
    """
    digest = hashlib.sha256(f"{batch_id} {address} {since}".encode()).hexdigest()
    submission_id = "s" + digest[:16]
    if connection.execute(sa.select(submissions.c.id).where(submissions.c.id == submission_id)).first():
        return submission_id
    number = (connection.execute(sa.select(sa.func.max(submissions.c.number))).scalar() or 0) + 1
    connection.execute(
        submissions.insert().values(
            id=submission_id, number=number, batch_id=batch_id, address=address,
            token_source="sandbox" if address == SANDBOX else "notebook", token_hint="", concurrency=1, state="done",
            reason="Found at Reddy after the ledger was restored.", generation=1, chosen=0, who=who, created_at=now,
            ended_at=now,
        )
    )  # fmt: skip
    return submission_id


def _once(connection: sa.Connection, table: sa.Table) -> sa.Executable:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()
