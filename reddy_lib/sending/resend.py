"""Send a call again that Reddy already has: only with a reason, which is stored, and in no other way.

The row in `deliveries` keeps a call from being sent twice. Sending it again replaces that row (state `again`, for this
call only) in the transaction that records the reason; no other call can take it, and a claim turns it into `sending`.
Where the second sending comes to nothing (cancelled, rejected, or found not to have arrived), the delivery is restored:
Reddy still has the call once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from reddy_lib.batches.frames import utc
from reddy_lib.batches.past_outcomes import NEVER_SENT
from reddy_lib.database.bulk import pieces
from reddy_lib.database.sandbox_urls import address_in
from reddy_lib.database.schema import (
    SENDABLE,
    calls,
    corrections,
    deliveries,
    past_outcomes,
    resends,
    submissions,
)
from reddy_lib.errors import SubmissionError

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.batches.batch import Batch
    from reddy_lib.database.database import Database

__all__ = [
    "AGAIN",
    "put_back",
    "reason_of",
    "replace_deliveries",
    "resendable",
    "resends_of",
    "resent_parts",
    "superseded",
    "take_back",
]

AGAIN = frozenset({*SENDABLE, "accepted", "skipped"})
"""Statuses of calls that may be sent again. `unknown` is settled first; held calls and calls under way are not sent."""

_UNDER_WAY = ("queued", "sending", "accepted", "unknown")


def reason_of(again: str, rows: object) -> str:
    """Return the reason as it is stored. Raises SubmissionError: it is empty, or no rows are named."""
    reason = " ".join(again.split())
    if not reason:
        raise SubmissionError(
            "Nothing was sent: resending a call needs a reason, because Reddy may grade it twice. Say why."
        )
    if rows is None:
        raise SubmissionError("Nothing was sent: name the rows to send again.")
    return reason


def superseded() -> sa.ColumnElement[bool]:
    """Return the condition of a call whose correction, or whose original, is at Reddy, may be there, or is under way.

    The two are one call with two payloads.
    """
    mine, other, theirs = corrections.alias(), corrections.alias(), calls.alias()
    return sa.exists().where(
        mine.c.call_id == calls.c.id,
        other.c.family == mine.c.family,
        other.c.call_id != mine.c.call_id,
        theirs.c.id == other.c.call_id,
        theirs.c.status.in_(_UNDER_WAY),
    )


def resendable(
    database: Database, batch_id: str, rows: Sequence[int], *, address: str, reason: str = ""
) -> list[int]:
    """Return those of these rows that this address accepted and that could be sent there again for this reason."""
    found: list[int] = []
    with database.read() as connection:
        for some in pieces(sorted(set(rows))):
            query = sa.select(calls.c.row).where(
                _again(batch_id, some, address_in(connection, address), " ".join(reason.split()))
            )
            found += connection.execute(query.order_by(calls.c.row)).scalars()
    return found


def resent_parts(batch_id: str, rows: Sequence[int] | None) -> list[sa.ColumnElement[bool]]:
    """Return conditions, to be asked one after the other, of calls that may be sent again."""
    return [
        sa.and_(
            calls.c.batch_id == batch_id,
            calls.c.row.in_(some),
            calls.c.errors == 0,
            calls.c.status.in_(AGAIN),
        )
        for some in pieces(sorted(set(rows or ())))
    ]


def replace_deliveries(
    connection: sa.Connection,
    batch_id: str,
    some: Sequence[int],
    address: str,
    submission_id: str,
    *,
    reason: str,
    who: str,
    now: float,
) -> list[int]:
    """Record why these rows are sent again, and set their deliveries aside for them; return the ids of those calls."""
    query = (
        sa.select(
            calls.c.id, calls.c.submission_id, deliveries.c.key, deliveries.c.call_id.label("delivered_call_id"),
            deliveries.c.submission_id.label("delivered_in"), deliveries.c.upload_id, deliveries.c.at,
            deliveries.c.words_digest,
        )
        .join(
            deliveries, sa.and_(deliveries.c.address == address, deliveries.c.key == calls.c.delivery_key)
        )
        .where(_again(batch_id, some, address, reason))
        .with_for_update()
    )  # fmt: skip
    found = connection.execute(query).all()
    if not found:
        return []
    connection.execute(
        resends.insert(),
        [
            {
                "call_id": one.id,
                "submission_id": submission_id,
                "address": address,
                "reason": reason,
                "who": who,
                "at": now,
                "came_to_nothing": False,
                "call_submission_id": one.submission_id,
                "key": one.key,
                "delivered_call_id": one.delivered_call_id,
                "delivered_in": one.delivered_in,
                "upload_id": one.upload_id,
                "delivered_at": one.at,
                "words_digest": one.words_digest,
            }
            for one in found
        ],
    )
    connection.execute(
        deliveries.update()
        .where(
            deliveries.c.address == sa.bindparam("the_address"), deliveries.c.key == sa.bindparam("the_key")
        )
        .values(state="again", call_id=sa.bindparam("the_call")),
        [{"the_address": address, "the_key": one.key, "the_call": one.id} for one in found],
    )
    return [one.id for one in found]


def put_back(
    connection: sa.Connection, call_ids: Collection[int], submission_id: str, *, queued: Collection[int] = ()
) -> None:
    """Restore the deliveries of calls whose second sending was not accepted; other calls are ignored.

    Args:
        queued: calls that will be tried again: their deliveries are as before the attempt. Those of the others are as
            before the submission.
    """
    for some in pieces(call_ids):
        found = connection.execute(_open_resends(some, submission_id)).all()
        if not found:
            continue
        connection.execute(
            deliveries.delete().where(
                deliveries.c.call_id.in_([one.call_id for one in found]),
                deliveries.c.state.in_(("again", "sending", "unknown")),
            )
        )
        connection.execute(
            deliveries.insert(),
            [
                {
                    "address": one.address,
                    "key": one.key,
                    "call_id": one.call_id if one.call_id in queued else one.delivered_call_id,
                    "submission_id": one.delivered_in,
                    "state": "again" if one.call_id in queued else "accepted",
                    "upload_id": one.upload_id,
                    "at": one.delivered_at,
                    "words_digest": one.words_digest,
                }
                for one in found
            ],
        )
        nothing = [one.id for one in found if one.call_id not in queued]
        connection.execute(resends.update().where(resends.c.id.in_(nothing)).values(came_to_nothing=True))


def take_back(connection: sa.Connection, call_ids: Collection[int], submission_id: str) -> None:
    """Restore the calls of a cancelled submission that were not sent again to what they were before it."""
    for some in pieces(call_ids):
        found = connection.execute(_open_resends(some, submission_id)).all()
        put_back(connection, [one.call_id for one in found], submission_id)
        for one in found:
            before = sa.and_(
                past_outcomes.c.submission_id == one.call_submission_id,
                past_outcomes.c.call_id == one.call_id,
            )
            outcome = connection.execute(sa.select(past_outcomes).where(before)).one_or_none()
            if outcome is None:  # it was in no submission before: accepted through another batch
                continue
            restored = {
                name: getattr(outcome, name) for name in (*NEVER_SENT, "status") if name in outcome._fields
            }
            connection.execute(calls.update().where(calls.c.id == one.call_id).values(**restored))
            connection.execute(past_outcomes.delete().where(before))  # it is the call's own outcome again


def resends_of(batch: Batch, row: int) -> pd.DataFrame:
    """Return every second sending of a call, oldest first.

    Columns: submission (its number), reason, who, at (UTC), came_to_nothing.
    """
    import pandas as pd

    names = ["submission", "reason", "who", "at", "came_to_nothing"]
    query = (
        sa.select(submissions.c.number, *(resends.c[name] for name in names[1:]))
        .join(calls, calls.c.id == resends.c.call_id)
        .outerjoin(submissions, submissions.c.id == resends.c.submission_id)
        .where(calls.c.batch_id == batch.id, calls.c.row == row)
        .order_by(resends.c.id)
    )
    with batch.database.read() as connection:
        found = [tuple(one) for one in connection.execute(query)]
    frame = pd.DataFrame(found, columns=names)
    return frame.assign(at=utc(frame["at"]), came_to_nothing=frame["came_to_nothing"].astype(bool))


def _again(batch_id: str, some: Sequence[int], address: str, reason: str) -> sa.ColumnElement[bool]:
    delivery = deliveries.alias()
    there = sa.exists().where(
        delivery.c.address == address,
        delivery.c.key == calls.c.delivery_key,
        delivery.c.state == "accepted",
    )
    # Running a cell twice, or clicking twice, is not a second reason.
    done = sa.exists().where(
        resends.c.call_id == calls.c.id,
        resends.c.address == address,
        resends.c.reason == reason,
        resends.c.came_to_nothing.is_(False),
    )
    return sa.and_(
        calls.c.batch_id == batch_id,
        calls.c.row.in_(some),
        calls.c.errors == 0,
        calls.c.status.in_(AGAIN),
        there,
        ~done,
    )


def _open_resends(call_ids: Sequence[int], submission_id: str) -> sa.Select[Any]:
    return sa.select(resends).where(
        resends.c.call_id.in_(call_ids),
        resends.c.submission_id == submission_id,
        resends.c.came_to_nothing.is_(False),
    )
