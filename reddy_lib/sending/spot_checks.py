"""Spot checks: chunks of which nothing is sent before Reddy was asked about a few of their calls.

Marks cannot show that a ledger was put back from a backup if they were put back with it (a whole folder, or on another
machine). But asking can: Reddy does not have a call that was never tried, unless the ledger is older than what was sent
from it. So wherever sending starts anew, each chunk with queued calls gets a question, in one transaction. `exchange`
claims nothing in a chunk while its question is open, so no sender can forget it, and the worker that would send it asks
first (`restore_check.ask_first`).

It asks about calls that were never tried at this address: Reddy may know others, whatever the ledger's age. They lie at
doubling distances from the next call. The calls that were sent since a backup are the first ones that are queued in it.
However many those are, and whichever of them were rejected, some of the calls that are asked about are among them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.database.schema import attempts, calls, deliveries, questions, submissions, workers
from reddy_lib.errors import LedgerRestored
from reddy_lib.model import from_payload
from reddy_lib.sending.doubts import Doubt
from reddy_lib.sending.restored import Restored, follows_another, notice, vouched_for
from reddy_lib.sending.states import OPEN_STATES
from reddy_lib.sending.workers import database_now, is_silent

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = [
    "asking",
    "candidates",
    "drop_question",
    "drop_unclear",
    "found_there",
    "leave_unclear",
    "no_question",
    "open_questions",
    "put_questions",
    "put_questions_where_unproven",
    "sending_was_begun",
    "sent_by_others",
    "take_question",
    "work_waits",
]

MOST_ASKED = 10
"""Calls of a chunk that are asked about: at distances 0, 1, 2, 4, … 256 from the next one."""

MOST_ASKED_WITHOUT_MARKS = 50
"""Calls that are asked about, spread over the chunk, where no marks outside the ledger confirm it."""

LASTS = 60.0
"""Seconds after which another worker may ask: the first has probably died."""


def asking(submission_id: str | sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Return the condition that a submission has open questions."""
    return sa.exists().where(questions.c.submission_id == submission_id)


def no_question() -> sa.ColumnElement[bool]:
    """Return the condition that the chunk of a call has no open question."""
    return ~sa.exists().where(
        questions.c.submission_id == calls.c.submission_id, questions.c.chunk == calls.c.chunk
    )


def open_questions(connection: sa.Connection, submission_id: str, chunk: int | None) -> list[int]:
    """Return the chunks with an open question, ascending; of one chunk, or of all of a submission."""
    query = sa.select(questions.c.chunk).where(questions.c.submission_id == submission_id)
    if chunk is not None:
        query = query.where(questions.c.chunk == chunk)
    return list(connection.execute(query.order_by(questions.c.chunk)).scalars())


def put_questions(connection: sa.Connection, submission_id: str | None = None) -> int:
    """Put a question to each chunk with queued calls, of one submission or of all that engines send; return how many.

    Chunks that have one keep it.
    """
    which = calls.c.status == "queued"
    which &= calls.c.chunk.is_not(None)
    if submission_id is not None:
        which &= calls.c.submission_id == submission_id
    else:
        which &= calls.c.submission_id.in_(
            sa.select(submissions.c.id).where(
                submissions.c.state.in_(OPEN_STATES),
                submissions.c.token_source != "notebook",
            )
        )
    chunks = sa.select(calls.c.submission_id, calls.c.chunk).where(which).distinct()
    columns = ["submission_id", "chunk"]
    kept = {
        "sqlite": sqlite.insert(questions).from_select(columns, chunks).on_conflict_do_nothing(),
        "postgresql": postgresql.insert(questions).from_select(columns, chunks).on_conflict_do_nothing(),
    }
    stored = connection.execute(kept[connection.dialect.name])
    return stored.rowcount


def work_waits(database: Database) -> bool:
    """Return whether a submission that engines send is still open."""
    open_ones = sa.and_(submissions.c.state.in_(OPEN_STATES), submissions.c.token_source != "notebook")
    with database.read() as connection:
        return connection.execute(sa.select(submissions.c.id).where(open_ones).limit(1)).first() is not None


def sending_was_begun(connection: sa.Connection, *, but_by: str) -> bool:
    """Return whether a worker other than this one ever used the ledger, or a call of it was ever tried.

    If not, nothing can have been sent from it since it was copied that it does not have.
    """
    ever = sa.select(sa.literal(1)).where(
        sa.or_(sa.exists().where(attempts.c.id.is_not(None)), sa.exists().where(workers.c.name != but_by))
    )
    return connection.execute(ever).first() is not None


def put_questions_where_unproven(database: Database, submission_id: str) -> None:
    """Put questions to a new submission, unless the ledger is known to be up to date.

    It is if nothing was ever tried from it, if the marks here agree with it, or if a living worker has sent from it.
    """
    if vouched_for(database):
        return
    with database.write(right="send") as connection:
        if connection.execute(sa.select(attempts.c.id).limit(1)).first() is None:
            return
        alive = sa.and_(workers.c.gone.is_(False), ~is_silent(database_now(connection)))
        lately = sa.select(submissions.c.id).order_by(submissions.c.created_at.desc()).limit(8)
        sent_by_living = (
            sa.select(calls.c.id)
            .where(
                calls.c.submission_id.in_(lately),
                calls.c.worker.in_(sa.select(workers.c.name).where(alive)),
            )
            .limit(1)
        )
        if connection.execute(sent_by_living).first() is not None:
            return
        put_questions(connection, submission_id)


def sent_by_others(connection: sa.Connection, submission_id: str) -> bool:
    """Return whether a live worker has calls of this submission in flight."""
    alive = sa.and_(workers.c.gone.is_(False), ~is_silent(database_now(connection)))
    sending = (
        sa.select(calls.c.id)
        .where(calls.c.submission_id == submission_id, calls.c.status == "sending")
        .where(calls.c.worker.in_(sa.select(workers.c.name).where(alive)))
    )
    return connection.execute(sending.limit(1)).first() is not None


def take_question(database: Database, submission_id: str, chunk: int, worker: str) -> bool:
    """Claim a question; return False where it is settled, or another worker is asking."""
    now = time.time()
    with database.write(right="send") as connection:
        taken = connection.execute(
            questions.update()
            .where(
                questions.c.submission_id == submission_id,
                questions.c.chunk == chunk,
                sa.or_(
                    questions.c.until < now,
                    questions.c.asker.not_in(sa.select(workers.c.name).where(workers.c.gone.is_(False))),
                ),
            )
            .values(asker=worker, until=now + LASTS)
        )
    return bool(taken.rowcount)


def candidates(database: Database, submission_id: str, chunk: int) -> list[Doubt]:
    """Return queued calls of a chunk, at doubling distances, that Reddy cannot have unless the ledger is older."""
    at_this_address = sa.and_(
        submissions.c.id == attempts.c.submission_id,
        submissions.c.address == sa.bindparam("the_address"),
    )
    maybe_there = sa.exists().where(
        attempts.c.call_id == calls.c.id,
        at_this_address,
        sa.or_(attempts.c.result.is_(None), attempts.c.possibly_processed.is_(True)),
    )
    known_there = sa.exists().where(
        deliveries.c.address == sa.bindparam("the_address"), deliveries.c.key == calls.c.delivery_key
    )
    query = (
        sa.select(calls.c.id)
        .where(
            calls.c.submission_id == submission_id,
            calls.c.status == "queued",
            calls.c.chunk == chunk,
            ~maybe_there,
            ~known_there,
        )
        .order_by(calls.c.row)
    )
    vouched = vouched_for(database)
    with database.read() as connection:
        of = connection.execute(sa.select(submissions).where(submissions.c.id == submission_id)).one()
        follows = follows_another(connection, of.address)
        ids = connection.execute(query, {"the_address": of.address}).scalars().all()
        positions = [0, *(2**power for power in range(MOST_ASKED - 1))]
        if follows or not vouched:
            # Rows that a person chose may have been sent from the middle: without marks, only asking shows it.
            step = max(1, len(ids) // (MOST_ASKED if vouched else MOST_ASKED_WITHOUT_MARKS))
            positions = sorted({*positions, *range(0, len(ids), step)})
        chosen = [ids[at] for at in positions if at < len(ids)]
        found = connection.execute(
            sa.select(calls.c.row, calls.c.payload).where(calls.c.id.in_(chosen)).order_by(calls.c.row)
        ).all()
    listed = []
    for one in found:
        call = from_payload(one.payload.encode())
        listed.append(
            Doubt(
                row=one.row,
                conversation_id=call.conversation_id or "",
                agent_email=call.agent_email or "",
                address=of.address,
                submission=of.number,
                since=None,
                tags=call.tags or [],
            )
        )
    return listed


def drop_question(database: Database, submission_id: str, chunk: int) -> None:
    """Settle a question: the chunk may be sent."""
    with database.write(right="send") as connection:
        connection.execute(
            questions.delete().where(questions.c.submission_id == submission_id, questions.c.chunk == chunk)
        )


def leave_unclear(database: Database, submission_id: str, chunk: int) -> None:
    """Keep a question without a clear answer: a person decides, by resuming the submission (`drop_unclear`)."""
    with database.write(right="send") as connection:
        connection.execute(
            questions.update()
            .where(questions.c.submission_id == submission_id, questions.c.chunk == chunk)
            .values(unclear=True, until=0.0)
        )


def drop_unclear(connection: sa.Connection, submission_id: str) -> None:
    """Drop a submission's questions if one is unclear, because a person resumed it anyway."""
    unclear = sa.and_(questions.c.submission_id == submission_id, questions.c.unclear.is_(True))
    if connection.execute(sa.select(questions.c.chunk).where(unclear)).first() is not None:
        connection.execute(questions.delete().where(questions.c.submission_id == submission_id))


def found_there(database: Database, there: list[Doubt]) -> LedgerRestored:
    """Record that Reddy has calls which this ledger never sent, which stops everything; return the error to raise."""
    first = there[0]
    rows = ", ".join(str(one.row) for one in there[:3])
    which = f"row {rows}" if len(there) == 1 else f"rows {rows}"
    words = (
        f"Reddy has calls that were never sent by this ledger ({database.name}): {which} of submission {first.submission} "
        "among them. A backup was probably put back, or they were sent from elsewhere."
    )
    with database.write(right="send") as connection:
        standing = notice(connection, Restored(time.time(), "asked", words, [first.address]))
    return LedgerRestored(standing.words)
