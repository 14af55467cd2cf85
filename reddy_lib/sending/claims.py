"""Claiming calls: the step that makes sure that a call is sent by one worker, once.

A claim sets the call to `sending`, begins an attempt and takes the call's row in `deliveries`, all committed *before*
any byte leaves. The primary key of `deliveries` is (address, conversation and agent): whatever else runs, a call is
under way to an address once.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.database.bulk import InsertMany, UpdateMany
from reddy_lib.database.conditions import is_due
from reddy_lib.database.schema import attempts, batches, calls, deliveries, submissions
from reddy_lib.recordings import attachments as files
from reddy_lib.sending.personal_policy import refused
from reddy_lib.sending.resend import put_back
from reddy_lib.sending.spot_checks import no_question
from reddy_lib.sending.states import BEING_SENT

__all__ = [
    "Claim",
    "Claimant",
    "claim_calls",
    "earliest_retry",
    "explain_skips",
    "new_attempt_ids",
    "repeat_claims",
    "retried_after_doubt",
]


class Claim(msgspec.Struct, frozen=True):
    """A call that this worker, and no other, may now send once.

    Attributes:
        number: of the attempt, among all attempts of this call.
        payload: the exact bytes of the body.
        tries: attempts of this call in this submission, this one included.
        key: of the call's delivery.
        doubted: an earlier attempt of this submission may have arrived.
        recording: the file that follows once the call is accepted, if any.
    """

    call_id: int
    row: int
    attempt_id: str
    number: int
    payload: bytes
    tries: int
    key: str
    doubted: bool = False
    recording: files.Recorded | None = None

    def __repr__(self) -> str:
        return f"<Claim row {self.row} · attempt {self.number}>"


class Claimant(NamedTuple):
    """Who claims, for what, and when. `chunk` None: any chunk of the submission."""

    submission_id: str
    chunk: int | None
    worker: str
    address: str
    now: float


class _Queued(NamedTuple):
    """A call that may be claimed."""

    id: int
    row: int
    payload: str
    attempts: int
    tries: int
    delivery_key: str
    words_digest: str | None
    audio: str


def new_attempt_ids(count: int) -> list[str]:
    """Return ids for attempts, to be made before anything is stored or sent."""
    drawn = secrets.token_hex(
        10
    )  # one draw for all: asking the system takes longer than everything else here
    return [f"a{drawn}{number:02}" for number in range(count)]


def claim_calls(
    connection: sa.Connection,
    claimant: Claimant,
    *,
    want: int,
    attempt_ids: Sequence[str],
    with_recordings: bool = True,
) -> list[Claim]:
    """Claim up to `want` queued calls under these attempt ids.

    Args:
        with_recordings: False claims only calls without a recording.
    """
    submission_id, chunk, worker, _address, now = claimant
    found = [
        _Queued(*row)
        for row in connection.execute(
            _NEXT[chunk is None, with_recordings],
            {"the_submission": submission_id, "the_chunk": chunk, "the_moment": now, "the_want": want},
        )
    ]
    why_not = refused(connection, claimant.address, found)
    if why_not:
        _refuse(connection, submission_id, why_not, now=now)
        found = [call for call in found if call.id not in why_not]
    if not found:
        return []
    reserved, doubted = _reserve_deliveries(connection, found, claimant)
    recorded = _recordings_of(connection, [call.id for call in found if call.audio != "none"])
    claims = [
        Claim(
            call_id=call.id,
            row=call.row,
            attempt_id=attempt_id,
            number=call.attempts + 1,
            payload=call.payload.encode(),
            tries=call.tries + 1,
            key=call.delivery_key,
            doubted=call.id in doubted,
            recording=recorded.get(call.id),
        )
        for call, attempt_id in zip(found, attempt_ids, strict=False)
        if call.id in reserved
    ]
    _MARK_SENDING(
        connection,
        [
            {
                "id": claim.call_id,
                "status": "sending",
                "worker": worker,
                "sent_at": now,
                "attempts": claim.number,
                "tries": claim.tries,
                "retry_at": None,
            }
            for claim in claims
        ],
    )
    _BEGIN_ATTEMPT(
        connection,
        [
            {
                "id": claim.attempt_id,
                "call_id": claim.call_id,
                "submission_id": submission_id,
                "number": claim.number,
                "worker": worker,
                "started": now,
            }
            for claim in claims
        ],
    )
    return claims


def _refuse(connection: sa.Connection, submission_id: str, why: Mapping[int, str], *, now: float) -> None:
    """Settle queued calls that may not be sent as they are. One that may have arrived before stays in doubt."""
    some = list(why)
    doubtful = set(
        connection.execute(sa.select(calls.c.id).where(calls.c.id.in_(some), retried_after_doubt())).scalars()
    )
    connection.execute(
        calls.update()
        .where(calls.c.id == sa.bindparam("the_call"))
        .values(status=sa.bindparam("the_status"), error=sa.bindparam("the_words"), ended_at=now),
        [
            {
                "the_call": id,
                "the_status": "unknown" if id in doubtful else "failed",
                "the_words": words,
            }
            for id, words in why.items()
        ],
    )
    put_back(connection, some, submission_id)


def repeat_claims(connection: sa.Connection, worker: str, attempt_ids: Sequence[str]) -> list[Claim]:
    """Return the claims that an earlier try of the same exchange committed under these ids, and that no one received.

    The connection broke before the database could confirm the commit; without this nobody would ever send the calls.
    """
    earlier = attempts.alias()
    doubted = sa.exists().where(
        earlier.c.call_id == calls.c.id,
        earlier.c.submission_id == calls.c.submission_id,
        earlier.c.result == "again",
        earlier.c.possibly_processed.is_(True),
    )
    query = (
        sa.select(
            calls.c.id, calls.c.row, calls.c.payload, calls.c.tries, calls.c.delivery_key, calls.c.audio
        )
        .add_columns(attempts.c.id.label("attempt_id"), attempts.c.number, doubted.label("doubted"))
        .join(attempts, sa.and_(attempts.c.call_id == calls.c.id, attempts.c.number == calls.c.attempts))
        .where(
            attempts.c.id.in_(attempt_ids), attempts.c.result.is_(None), BEING_SENT, calls.c.worker == worker
        )
        .order_by(calls.c.row)
    )
    found = connection.execute(query).all()
    recorded = _recordings_of(connection, [call.id for call in found if call.audio != "none"])
    return [
        Claim(
            call_id=call.id,
            row=call.row,
            attempt_id=call.attempt_id,
            number=call.number,
            payload=call.payload.encode(),
            tries=call.tries,
            key=call.delivery_key,
            doubted=bool(call.doubted),
            recording=recorded.get(call.id),
        )
        for call in found
    ]


def earliest_retry(connection: sa.Connection, submission_id: str, chunk: int | None) -> float | None:
    """Return when the earliest queued call may go (0.0: at once), or None if none is queued."""
    when: float | None = connection.execute(
        _EARLIEST[chunk is None], {"the_submission": submission_id, "the_chunk": chunk}
    ).scalar()
    return when


def retried_after_doubt() -> sa.ColumnElement[bool]:
    """Return the condition of a queued call that kept its delivery: it is tried once more, and the first try may have
    arrived."""
    return sa.exists().where(
        deliveries.c.key == calls.c.delivery_key,
        deliveries.c.call_id == calls.c.id,
        deliveries.c.state == "unknown",
    )


def _recordings_of(connection: sa.Connection, call_ids: Sequence[int]) -> dict[int, files.Recorded]:
    return files.recorded_for_calls(connection, call_ids) if call_ids else {}


# --- deliveries --------------------------------------------------------------------------------------------------


def _reserve_deliveries(
    connection: sa.Connection, found: Sequence[_Queued], claimant: Claimant
) -> tuple[set[int], set[int]]:
    """Take the delivery of each call at this address.

    The calls that do not get theirs are being sent, in doubt or accepted through another batch: they are settled here.

    Returns: the ids of the calls that got it, and of those among them that had kept it from an attempt which may have
    arrived.
    """
    # In the order of their keys, so that two workers that insert the same ones cannot deadlock.
    wanted = [
        {
            "address": claimant.address,
            "key": call.delivery_key,
            "call_id": call.id,
            "submission_id": claimant.submission_id,
            "state": "sending",
            "at": claimant.now,
            "words_digest": call.words_digest,
        }
        for call in sorted(found, key=lambda call: call.delivery_key)
    ]
    reserved = set(connection.execute(_RESERVE[connection.dialect.name], wanted).scalars())
    doubted: set[int] = set()
    for call in found:
        if call.id in reserved:
            continue
        if call.tries and _take_after_doubt(connection, call, claimant):
            reserved.add(call.id)
            doubted.add(call.id)
        elif _take_for_resend(connection, call, claimant):
            reserved.add(call.id)
        else:
            _settle_unreserved(connection, call, claimant)
    return reserved, doubted


def _take_after_doubt(connection: sa.Connection, call: _Queued, claimant: Claimant) -> bool:
    """Take over the delivery that a call kept when it was queued again after a doubtful answer."""
    key = {"the_address": claimant.address, "the_key": call.delivery_key, "the_call": call.id}
    taken = connection.execute(_TAKE_AFTER_DOUBT, {**key, "the_moment": claimant.now})
    return bool(taken.rowcount)


def _take_for_resend(connection: sa.Connection, call: _Queued, claimant: Claimant) -> bool:
    """Take the delivery that `resend.replace_deliveries` has set aside for this call."""
    taken = connection.execute(
        _TAKE_FOR_RESEND,
        {
            "the_address": claimant.address,
            "the_key": call.delivery_key,
            "the_call": call.id,
            "the_submission": claimant.submission_id,
            "the_words": call.words_digest,
            "the_moment": claimant.now,
        },
    )
    return bool(taken.rowcount)


def _settle_unreserved(connection: sa.Connection, call: _Queued, claimant: Claimant) -> None:
    """Settle a call whose delivery another call has, by the state of that delivery."""
    now = claimant.now
    other = connection.execute(
        sa.select(deliveries.c.state, deliveries.c.words_digest).where(
            deliveries.c.address == claimant.address, deliveries.c.key == call.delivery_key
        )
    ).one_or_none()
    if other is None:  # it was given back in between: the next exchange claims the call
        return
    same = None in (other.words_digest, call.words_digest) or other.words_digest == call.words_digest
    if other.state in ("accepted", "again") and not same:
        values: dict[str, Any] = {
            "status": "failed",
            "ended_at": now,
            "error": "Not sent: Reddy has accepted this conversation meanwhile, with other words. Send it again to "
            "be asked whether it is the same call.",
        }
    elif other.state in ("accepted", "again"):
        values = {"status": "skipped", "ended_at": now}
    elif other.state == "unknown":
        values = {
            "status": "failed",
            "ended_at": now,
            "error": "Not sent: the same conversation is in doubt in another batch. Settle that one first.",
        }
    else:
        values = {"retry_at": now + 1.0}  # another worker is sending it right now
    connection.execute(calls.update().where(calls.c.id == call.id).values(**values))
    if values.get("status") == "skipped":
        explain_skips(connection, claimant.submission_id, claimant.address, call_id=call.id)


def explain_skips(
    connection: sa.Connection, submission_id: str, address: str, *, call_id: int | None = None
) -> None:
    """Write into each skipped call when, where and under which upload id it was accepted before."""
    first = calls.alias()
    query = (
        sa.select(calls.c.id, deliveries.c.at, deliveries.c.upload_id, submissions.c.number, batches.c.name)
        .add_columns(first.c.forgotten_at, first.c.status.label("first_status"))
        .join(deliveries, sa.and_(deliveries.c.key == calls.c.delivery_key, deliveries.c.address == address))
        .outerjoin(first, first.c.id == deliveries.c.call_id)
        .outerjoin(submissions, submissions.c.id == deliveries.c.submission_id)
        .outerjoin(batches, batches.c.id == submissions.c.batch_id)
        .where(calls.c.submission_id == submission_id, calls.c.status == "skipped")
    )
    if call_id is not None:
        query = query.where(calls.c.id == call_id)
    explained = []
    for found in connection.execute(query):
        when = _when(found.at)
        upload = "" if found.upload_id is None else f", upload {found.upload_id}"
        words = f"Sent before: accepted on {when} in submission {found.number} of {found.name!r}{upload}."
        if found.forgotten_at is not None:
            accepted = "may have reached Reddy" if found.first_status == "unknown" else "accepted"
            words = (
                f"Sent before: {accepted} on {when} in submission {found.number}{upload}. That call was forgotten on "
                f"{_when(found.forgotten_at)}."
            )
        explained.append({"the_call": found.id, "the_words": words, "the_upload_id": found.upload_id})
    if explained:
        connection.execute(_EXPLAIN, explained)


def _when(seconds: float) -> str:
    return time.strftime("%d %b %Y %H:%M UTC", time.gmtime(seconds))


# --- statements --------------------------------------------------------------------------------------------------

# Built once, because building and compiling a statement costs more than running it. Parameter names begin with "the_",
# so that none equals a column's name: SQLAlchemy reserves those for the values of an update.
_QUEUED = sa.and_(calls.c.submission_id == sa.bindparam("the_submission"), calls.c.status == "queued")
_OF_CHUNK = calls.c.chunk == sa.bindparam("the_chunk")
# The first call that may go at once settles it, so that not all calls of a sheet are read.
_EARLIEST = {
    of_all: sa.select(
        sa.case(
            (sa.exists().where(*which, calls.c.retry_at.is_(None)), 0.0),
            else_=sa.select(sa.func.min(calls.c.retry_at)).where(*which).scalar_subquery(),
        )
    )
    for of_all, which in ((True, [_QUEUED]), (False, [_QUEUED, _OF_CHUNK]))
}
_NEXT_OF_ALL = (
    sa.select(*(calls.c[name] for name in _Queued._fields))
    .where(_QUEUED, is_due(calls.c.retry_at, sa.bindparam("the_moment")), no_question())
    .order_by(calls.c.chunk, calls.c.row)
    .limit(sa.bindparam("the_want"))
    .with_for_update(skip_locked=True)
)
_NEXT = {
    (of_all, with_recordings): query if with_recordings else query.where(calls.c.audio == "none")
    for of_all, query in ((True, _NEXT_OF_ALL), (False, _NEXT_OF_ALL.where(_OF_CHUNK)))
    for with_recordings in (True, False)
}
_MARK_SENDING = UpdateMany(
    calls, by=["id"], to=["status", "worker", "sent_at", "attempts", "tries", "retry_at"]
)
_BEGIN_ATTEMPT = InsertMany(attempts, ["id", "call_id", "submission_id", "number", "worker", "started"])
_MINE = sa.and_(
    deliveries.c.address == sa.bindparam("the_address"),
    deliveries.c.key == sa.bindparam("the_key"),
    deliveries.c.call_id == sa.bindparam("the_call"),
)
_RESERVE = {
    "sqlite": sqlite.insert(deliveries).on_conflict_do_nothing().returning(deliveries.c.call_id),
    "postgresql": postgresql.insert(deliveries).on_conflict_do_nothing().returning(deliveries.c.call_id),
}
_TAKE_AFTER_DOUBT = (
    deliveries.update()
    .where(_MINE, deliveries.c.state == "unknown")
    .values(state="sending", at=sa.bindparam("the_moment"))
)
_TAKE_FOR_RESEND = (
    deliveries.update()
    .where(_MINE, deliveries.c.state == "again")
    .values(
        state="sending",
        submission_id=sa.bindparam("the_submission"),
        upload_id=None,
        words_digest=sa.bindparam("the_words"),
        at=sa.bindparam("the_moment"),
    )
)
_EXPLAIN = (
    calls.update()
    .where(calls.c.id == sa.bindparam("the_call"))
    .values(
        skipped_because=sa.bindparam("the_words"),
        error=sa.bindparam("the_words"),
        upload_id=sa.bindparam("the_upload_id"),
    )
)
