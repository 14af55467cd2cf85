"""Recording attempts: what a request brought becomes the call's outcome.

An answer is matched to its call by id and attempt number, never by position. One that comes late still counts: after
its worker was expired (the call is `unknown` then), and after the call was settled by hand, edited, or sent again.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.database.bulk import UpdateMany
from reddy_lib.database.schema import attempts as attempts_table
from reddy_lib.database.schema import calls, deliveries, past_outcomes, resends, submissions
from reddy_lib.errors import APIError, NotReceived, TooManyRequests, Unauthorized, Unavailable
from reddy_lib.identity import words_digest
from reddy_lib.model import from_payload
from reddy_lib.recordings import upload_hosts, upload_queue
from reddy_lib.sending.claims import Claim
from reddy_lib.sending.resend import put_back
from reddy_lib.sending.states import State

__all__ = ["Attempt", "Outcome", "log_attempts", "record_attempts"]

_log = logging.getLogger("reddy_lib.sending")

Outcome = Literal["accepted", "rejected", "failed", "unknown", "again"]
"""Of an attempt; "again": it was not processed, and the call goes back to the queue."""


class Attempt(msgspec.Struct, kw_only=True):
    """One HTTP try of a claimed call: filled by the request, then by the retry policy, and recorded as it is.

    Attributes:
        started, ended: seconds since the epoch. seconds: how long the request took.
        failure: why Reddy did not accept the call; None where it did.
        held_back: the call was claimed, but its request was never started: no try is counted.
        possibly_processed: Reddy may have the call. words: the server's own message.
        upload_url: where the call's recording goes, a secret; usable until expires_at (seconds since the epoch; None:
            not said). host: of that address, None for the connection's own. upload_problem: why it cannot be used.
        outcome: "unknown" until the retry policy has judged the attempt.
        error: what to tell the analyst, "" if accepted.
        retry_at: the earliest time of the next try (seconds since the epoch), with "again" only.
        hold: why the whole address waits until `retry_at`; "" where only this call waits.
    """

    claim: Claim
    started: float
    ended: float
    seconds: float
    # the request
    failure: APIError | None = None
    held_back: bool = False
    possibly_processed: bool = False
    http_status: int | None = None
    request_id: str | None = None
    upload_id: int | None = None
    words: str | None = None
    upload_url: str | None = None
    host: str | None = None
    expires_at: float | None = None
    upload_problem: str = ""
    # the retry policy
    outcome: Outcome = "unknown"
    error: str = ""
    retry_at: float | None = None
    hold: str = ""

    def __repr__(self) -> str:
        return f"<Attempt row {self.claim.row} · attempt {self.claim.number} · {self.outcome}>"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Keep pretty-printers from listing every field, the secret address among them."""
        return [("claim", self.claim), ("outcome", self.outcome)]

    @property
    def concerns_all(self) -> bool:
        """Whether the answer says something about every call and not only about this one."""
        return isinstance(self.failure, TooManyRequests | Unavailable | Unauthorized) and not isinstance(
            self.failure, NotReceived
        )

    @property
    def keeps_doubt(self) -> bool:
        """Whether the call goes back to the queue although this try, or one before it, may have arrived."""
        return self.outcome == "again" and (self.possibly_processed or self.claim.doubted)


class _Open(NamedTuple):
    """A call whose attempt can still be settled by an answer."""

    id: int
    attempts: int
    status: str
    known_there: bool


def record_attempts(
    connection: sa.Connection, attempts: Sequence[Attempt], submission_id: str, *, address: str, state: State
) -> None:
    """Record attempts of a submission, which is in `state`, and settle their calls."""
    _END_ATTEMPT(connection, [_attempt_row(attempt) for attempt in attempts])
    # `unknown`: the answer came after this worker was expired. It counts, also against what a person found out
    # meanwhile (`failed`, but Reddy says yes). The attempt number tells it from an answer to an earlier attempt.
    open_calls = {
        found.id: found
        for found in (
            _Open(*row)
            for row in connection.execute(
                _OPEN_CALLS,
                {
                    "the_calls": [attempt.claim.call_id for attempt in attempts],
                    "the_submission": submission_id,
                    "the_address": address,
                },
            )
        )
    }
    settled: list[Attempt] = []
    for attempt in attempts:
        found = open_calls.get(attempt.claim.call_id)
        accepted = attempt.outcome == "accepted"
        if found is None or found.attempts != attempt.claim.number:
            if accepted:
                _accepted_late(connection, attempt, address, submission_id)
        elif found.known_there and (found.status != "failed" or accepted):
            _accepted_before(connection, attempt, address)
            if accepted and attempt.claim.recording is not None:
                _announce_recording(connection, attempt, address, submission_id)
        elif found.status != "failed":
            settled.append(attempt)
        elif accepted:
            settled.append(attempt)
            _deliver_accepted(connection, attempt, address, submission_id)
    if settled:
        _settle(connection, settled, submission_id, address=address, state=state)


def _attempt_row(attempt: Attempt) -> dict[str, Any]:
    return {
        "id": attempt.claim.attempt_id,
        "ended": attempt.ended,
        "result": attempt.outcome,
        "possibly_processed": attempt.possibly_processed,
        "http_status": attempt.http_status,
        "request_id": attempt.request_id,
        "words": attempt.words,
        "upload_id": attempt.upload_id,
        "seconds": attempt.seconds,
    }


def _settle(
    connection: sa.Connection, attempts: Sequence[Attempt], submission_id: str, *, address: str, state: State
) -> None:
    """Give calls the outcomes of their last attempts, and keep or give back their deliveries."""
    kept: list[dict[str, Any]] = []
    given_back: list[dict[str, Any]] = []
    for attempt in attempts:
        if attempt.outcome in ("accepted", "unknown") or attempt.keeps_doubt:
            kept.append(
                {
                    "address": address,
                    "key": attempt.claim.key,
                    "call_id": attempt.claim.call_id,
                    "state": "accepted" if attempt.outcome == "accepted" else "unknown",
                    "upload_id": attempt.upload_id,
                    "at": attempt.ended,
                }
            )
        else:
            given_back.append(
                {
                    "the_address": address,
                    "the_key": attempt.claim.key,
                    "the_call": attempt.claim.call_id,
                }
            )
    _SETTLE(connection, [_call_row(attempt, state) for attempt in attempts])
    for attempt in attempts:
        if attempt.outcome == "accepted" and attempt.claim.recording is not None:
            _announce_recording(connection, attempt, address, submission_id)
    _KEEP_DELIVERY(connection, kept)
    if given_back:
        connection.execute(_GIVE_BACK, given_back)
        going = state not in ("cancelled", "done")
        put_back(  # the delivery of a call that Reddy accepted before and that was to be sent again
            connection,
            [one["the_call"] for one in given_back],
            submission_id,
            queued={one.claim.call_id for one in attempts if one.outcome == "again"} if going else (),
        )


def _call_row(attempt: Attempt, state: State) -> dict[str, Any]:
    """Return what a call's row says after its last attempt, in a submission that is in `state`."""
    status: str = attempt.outcome
    error = attempt.error
    if status == "again":
        # No worker takes calls from the queue of a submission that has ended.
        over = {"cancelled": "was cancelled", "done": "had ended"}.get(state)
        status = ("unknown" if attempt.keeps_doubt else "failed") if over else "queued"
        error = f"{error} Not tried again: the submission {over}.".strip() if over else error
    return {
        "id": attempt.claim.call_id,
        "status": status,
        "tries": attempt.claim.tries - attempt.held_back,
        "retry_at": attempt.retry_at if status == "queued" else None,
        "http_status": attempt.http_status,
        "error": error or None,
        "upload_id": attempt.upload_id,
        "seconds": attempt.seconds,
        "ended_at": attempt.ended,
    }


def _announce_recording(
    connection: sa.Connection, attempt: Attempt, address: str, submission_id: str
) -> None:
    """Store where the recording of an accepted call goes, or why it cannot go there."""
    if attempt.host is not None and attempt.upload_url and not attempt.upload_problem:
        upload_hosts.remember_host(connection, address, attempt.host, now=attempt.ended)
    upload_queue.announce(
        connection,
        attempt.claim.call_id,
        submission_id=submission_id,
        attempt_id=attempt.claim.attempt_id,
        upload_url=attempt.upload_url,
        host=attempt.host,
        expires_at=attempt.expires_at,
        sha256=None if attempt.claim.recording is None else attempt.claim.recording.sha256,
        problem=attempt.upload_problem,
        now=attempt.ended,
    )


# --- late answers ------------------------------------------------------------------------------------------------


def _deliver_accepted(connection: sa.Connection, attempt: Attempt, address: str, submission_id: str) -> None:
    """Record that Reddy has this conversation, whichever call holds its delivery now.

    Later claims find it there, and so does an answer to the call that is being sent with it right now.
    """
    taken = {
        "address": address,
        "key": attempt.claim.key,
        "call_id": attempt.claim.call_id,
        "submission_id": submission_id,
        "state": "accepted",
        "upload_id": attempt.upload_id,
        "at": attempt.ended,
        "words_digest": words_digest(from_payload(attempt.claim.payload)),
    }
    connection.execute(_DELIVER_ACCEPTED[connection.dialect.name], [taken])
    connection.execute(
        resends.update()
        .where(resends.c.call_id == attempt.claim.call_id, resends.c.submission_id == submission_id)
        .values(came_to_nothing=False)
    )


def _accepted_late(connection: sa.Connection, attempt: Attempt, address: str, submission_id: str) -> None:
    """Record Reddy's yes to an attempt that its call has left behind: it was settled, then edited or sent again.

    A call that was not sent again yet never will be. One that was may be at Reddy twice, and its outcome says so.
    """
    claim = attempt.claim
    _deliver_accepted(connection, attempt, address, submission_id)
    connection.execute(
        past_outcomes.update()
        .where(
            past_outcomes.c.call_id == claim.call_id,
            past_outcomes.c.submission_id == submission_id,
            past_outcomes.c.attempts == claim.number,
            past_outcomes.c.status != "accepted",
        )
        .values(
            status="accepted",
            error="Reddy's answer came late: it has this call.",
            upload_id=attempt.upload_id,
            http_status=attempt.http_status,
            seconds=attempt.seconds,
            ended_at=attempt.ended,
        )
    )
    call = connection.execute(
        sa.select(
            calls.c.attempts, calls.c.status, calls.c.upload_id, calls.c.delivery_key, submissions.c.address
        )
        .join(submissions, submissions.c.id == calls.c.submission_id)
        .where(calls.c.id == claim.call_id)
        .with_for_update(of=calls)
    ).one_or_none()
    if call is None or (call.delivery_key, call.address) != (claim.key, address):
        return
    values: dict[str, Any] = {}
    if claim.recording is not None and (
        call.attempts == claim.number or call.status in ("rejected", "failed")
    ):
        _announce_recording(connection, attempt, address, submission_id)
    if call.attempts == claim.number:
        if call.status == "accepted" and call.upload_id is None:  # a person said so before Reddy did
            values = {"upload_id": attempt.upload_id, "http_status": attempt.http_status}
    elif call.status in ("accepted", "unknown"):
        values = {"status": "accepted", "error": _sent_twice(call.status, attempt.upload_id, call.upload_id)}
    elif call.status in ("rejected", "failed"):
        values = {"status": "accepted", "error": _LATE, "upload_id": attempt.upload_id}
    if values:
        connection.execute(calls.update().where(calls.c.id == claim.call_id).values(**values))


def _accepted_before(connection: sa.Connection, attempt: Attempt, address: str) -> None:
    """Record the answer to a call that was sent again, where Reddy's late yes to the earlier attempt came first."""
    claim = attempt.claim
    first = connection.execute(
        sa.select(deliveries.c.upload_id).where(
            deliveries.c.address == address, deliveries.c.key == claim.key
        )
    ).scalar()
    sent_twice = attempt.outcome in ("accepted", "unknown")
    connection.execute(
        calls.update()
        .where(calls.c.id == claim.call_id)
        .values(
            status="accepted",
            retry_at=None,
            error=_sent_twice(attempt.outcome, first, attempt.upload_id) if sent_twice else _LATE,
            http_status=attempt.http_status,
            upload_id=first if attempt.upload_id is None else attempt.upload_id,
            seconds=attempt.seconds,
            ended_at=attempt.ended,
        )
    )


_LATE = (
    "Reddy has this call: its answer to an earlier attempt came late, after the call had been taken not to be there. "
    "The attempt after it changed nothing."
)


def _sent_twice(outcome: str, first: int | None, second: int | None) -> str:
    """Return what an analyst reads where a call that seemed not to be at Reddy was sent again, and was there."""
    uploads = " and ".join(str(number) for number in (first, second) if number is not None)
    named = f" (upload {uploads})" if uploads else ""
    surely = "has this call twice" if outcome == "accepted" else "may have this call twice"
    return (
        f"Reddy {surely}{named}: it was taken not to be there and was sent again, and then Reddy's answer to the "
        "earlier attempt came. Look there, and have one of the two removed."
    )


# --- the log -----------------------------------------------------------------------------------------------------


def log_attempts(submission_id: str, attempts: Sequence[Attempt]) -> None:
    """Log recorded attempts, after their commit, without the server's words: they may repeat what was sent."""
    if not (attempts and _log.isEnabledFor(logging.INFO)):
        return
    for attempt in attempts:
        said = attempt.request_id or ""
        _log.info(
            "attempt ended",
            extra={
                "submission": submission_id,
                "row": attempt.claim.row,
                "attempt": attempt.claim.number,
                "outcome": attempt.outcome,
                "status": attempt.http_status,
                "seconds": round(attempt.seconds, 3),
                # only what looks like an id, and not whatever text a server puts in its place
                "request_id": said if re.fullmatch(r"[\w.:/+=-]{1,80}", said, re.ASCII) else None,
            },
        )


# --- statements --------------------------------------------------------------------------------------------------

# Built once, because building and compiling a statement costs more than running it.
_END_ATTEMPT = UpdateMany(
    attempts_table,
    by=["id"],
    to=[
        "ended", "result", "possibly_processed", "http_status", "request_id", "words", "upload_id", "seconds",
    ],
)  # fmt: skip
_SETTLE = UpdateMany(
    calls,
    by=["id"],
    to=["status", "tries", "retry_at", "http_status", "error", "upload_id", "seconds", "ended_at"],
)
_KEEP_DELIVERY = UpdateMany(deliveries, by=["address", "key", "call_id"], to=["state", "upload_id", "at"])
_GIVE_BACK = deliveries.delete().where(
    deliveries.c.address == sa.bindparam("the_address"),
    deliveries.c.key == sa.bindparam("the_key"),
    deliveries.c.call_id == sa.bindparam("the_call"),
)
_OPEN_CALLS = (
    sa.select(
        calls.c.id,
        calls.c.attempts,
        calls.c.status,
        sa.exists()
        .where(
            deliveries.c.address == sa.bindparam("the_address"),
            deliveries.c.key == calls.c.delivery_key,
            deliveries.c.state == "accepted",
        )
        .label("known_there"),
    )
    .where(
        calls.c.id.in_(sa.bindparam("the_calls", expanding=True)),
        calls.c.submission_id == sa.bindparam("the_submission"),
        calls.c.status.in_(("sending", "unknown", "failed")),
    )
    .with_for_update(of=calls)
)


def _accepted_over_any_holder(insert: sqlite.Insert | postgresql.Insert) -> sa.Executable:
    return insert.on_conflict_do_update(
        index_elements=["address", "key"],
        set_={name: insert.excluded[name] for name in ("state", "upload_id", "at", "words_digest")},
        where=deliveries.c.state != "accepted",
    )


_DELIVER_ACCEPTED = {
    "sqlite": _accepted_over_any_holder(sqlite.insert(deliveries)),
    "postgresql": _accepted_over_any_holder(postgresql.insert(deliveries)),
}
