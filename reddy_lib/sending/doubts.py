"""Settle calls in doubt, whose answer never came, by what a person or Reddy itself says about them.

A call in doubt (`unknown`) is settled once: Reddy has it (`accepted`), or it has not (`failed`, safe to send again).
Who said so, when and how is stored for good in `reconciliations`; the attempt that left the doubt stays as it was.

A call that was sent *again* (`resend`) is at Reddy from the first time. Asking whether Reddy has it then says nothing
about the second sending, and the outcome says so: only a look at Reddy can tell whether it is there twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import calls, deliveries, reconciliations, resends, submissions
from reddy_lib.model import Tag, from_payload
from reddy_lib.recordings.upload_queue import fail_lost_urls
from reddy_lib.sending.resend import put_back

if TYPE_CHECKING:
    from reddy_lib.batches.batch import Batch

__all__ = ["Doubt", "How", "doubts", "settle"]

How = Literal["asked", "by hand"]


class Doubt(msgspec.Struct, frozen=True):
    """A call that may be at Reddy.

    Attributes:
        since: when the attempt ended, or its worker was expired; None where that is not known.
        address: where it was sent; submission: its number.
        tags: the call's own.
        again: Reddy has the call from an earlier sending, and the doubt is about a later one.
        token_hint, credential: of the token that it was sent with; "" where that is not known.
    """

    row: int
    conversation_id: str
    agent_email: str
    address: str
    submission: int
    since: datetime | None
    tags: list[Tag]
    again: bool = False
    token_hint: str = ""
    credential: str = ""

    def __repr__(self) -> str:
        return f"<Doubt row {self.row} · submission {self.submission}>"


_AGAIN = sa.exists().where(
    resends.c.call_id == calls.c.id,
    resends.c.submission_id == calls.c.submission_id,
    resends.c.came_to_nothing.is_(False),
)


def doubts(
    batch: Batch, rows: Iterable[int] | None = None, *, submission_id: str | None = None
) -> list[Doubt]:
    """Return the calls of a batch that are in doubt, by row; of the rows named, or of one submission.

    Calls that were forgotten are not among them: without their words there is no way to check."""
    query = (
        sa.select(
            calls.c.row,
            calls.c.payload,
            calls.c.ended_at,
            submissions.c.address,
            submissions.c.number,
            submissions.c.token_hint,
            submissions.c.credential,
            _AGAIN.label("again"),
        )
        .join(submissions, submissions.c.id == calls.c.submission_id)
        .where(calls.c.batch_id == batch.id, calls.c.status == "unknown", calls.c.forgotten_at.is_(None))
        .order_by(calls.c.row)
    )
    if submission_id is not None:
        query = query.where(calls.c.submission_id == submission_id)
    wanted = None if rows is None else set(batch.these_rows(rows))
    with batch.database.read() as connection:
        found = [one for one in connection.execute(query) if wanted is None or one.row in wanted]
    listed: list[Doubt] = []
    for one in found:
        call = from_payload(one.payload.encode())
        listed.append(
            Doubt(
                row=one.row,
                conversation_id=call.conversation_id or "",
                agent_email=call.agent_email or "",
                address=one.address,
                submission=one.number,
                since=None if one.ended_at is None else datetime.fromtimestamp(one.ended_at, UTC),
                tags=call.tags or [],
                again=bool(one.again),
                token_hint=one.token_hint,
                credential=one.credential or "",
            )
        )
    return listed


def settle(
    batch: Batch,
    rows: Sequence[int],
    *,
    there: bool,
    how: How,
    who: str = "",
    now: float | None = None,
) -> list[int]:
    """Record that Reddy has these calls, or has not; return the rows that were in doubt until now.

    Rows that are not in doubt (any more) stay as they are.

    Args:
        there: the calls become `accepted`; else `failed`, and may be chosen to be sent again.
    """
    now = time.time() if now is None else now
    rows, who = batch.these_rows(rows), arguments.text(who, "who")
    done: list[int] = []
    with batch.database.write(right="send") as connection:
        for some in pieces(rows):
            found = connection.execute(
                sa.select(
                    calls.c.id, calls.c.row, calls.c.submission_id, calls.c.attempts, _AGAIN.label("again")
                )
                .where(calls.c.batch_id == batch.id, calls.c.row.in_(some), calls.c.status == "unknown")
                .where(calls.c.forgotten_at.is_(None))  # its delivery counts as accepted, for good
                .order_by(calls.c.row)
                .with_for_update(of=calls)
            ).all()
            if not found:
                continue
            ids = [one.id for one in found]
            connection.execute(
                reconciliations.insert(),
                [
                    {
                        "call_id": one.id,
                        "submission_id": one.submission_id,
                        "attempt": one.attempts,
                        "there": there,
                        "how": how,
                        "who": who,
                        "at": now,
                    }
                    for one in found
                ],
            )
            for again in (False, True):
                connection.execute(
                    calls.update()
                    .where(calls.c.id.in_([one.id for one in found if bool(one.again) is again]))
                    .values(
                        status="accepted" if there else "failed",
                        error=_words(there, how, who, now, again=again),
                    )
                )
            doubted = sa.and_(deliveries.c.call_id.in_(ids), deliveries.c.state == "unknown")
            if there:
                fail_lost_urls(connection, ids, now=now)
                connection.execute(deliveries.update().where(doubted).values(state="accepted", at=now))
            else:
                _hand_over(connection, ids, doubted)
                connection.execute(deliveries.delete().where(doubted))
                for of in {one.submission_id for one in found}:  # what Reddy has from an earlier time
                    put_back(connection, [one.id for one in found if one.submission_id == of], of)
            done += [one.row for one in found]
    return done


def _hand_over(connection: sa.Connection, ids: Sequence[int], doubted: sa.ColumnElement[bool]) -> None:
    """Hand deliveries on to another call in doubt with the same conversation: what is known of these calls says nothing
    about that one. An older version took the two ids, which look the same, for two conversations."""
    others = connection.execute(
        sa.select(deliveries.c.address, deliveries.c.key, calls.c.id, calls.c.submission_id)
        .join(submissions, submissions.c.address == deliveries.c.address)
        .join(
            calls,
            sa.and_(
                calls.c.submission_id == submissions.c.id,
                calls.c.status.in_(("unknown", "sending")),
                calls.c.delivery_key == deliveries.c.key,
                calls.c.id.not_in(ids),
            ),
        )
        .where(doubted)
    ).all()
    for other in others:
        connection.execute(
            deliveries.update()
            .where(deliveries.c.address == other.address, deliveries.c.key == other.key)
            .values(call_id=other.id, submission_id=other.submission_id)
        )


def _words(there: bool, how: How, who: str, now: float, *, again: bool) -> str:
    """Return what the call's outcome says from now on."""
    moment = time.strftime("%d %b %Y %H:%M UTC", time.gmtime(now))
    by = f" by {who}" if who else ""
    settled = f"Settled by hand{by} on {moment}." if how == "by hand" else f"Asked{by} on {moment}."
    if again and how == "by hand":
        said = "is at Reddy as well" if there else "is not at Reddy, which has the call from the first time"
        return f"The second sending {said}. {settled}"
    if how == "asked":
        said = "Reddy has this conversation" if there else "Reddy does not know this conversation"
        if there and again:
            said += (
                " from the first time; whether the second sending arrived is not known: look it up in Reddy"
            )
    else:
        said = "It is at Reddy" if there else "It is not at Reddy"
    return f"{said}. {settled}" if there else f"{said}: safe to send again. {settled}"
