"""The part of the ledger that keeps a call from being lost or sent twice: submissions, claims, attempts.

The order of writes is the whole point:

1. `create` marks the chosen calls `queued`, in one transaction; those accepted before become `skipped`.
2. `exchange` claims some of them: status `sending`, an attempt row and a row in `deliveries`, committed *before*
   any byte leaves. `deliveries` has (address, conversation and agent) as its primary key, so whatever else runs,
   one call is on its way once.
3. The next `exchange` records what came back. An answer is matched to its call by id and attempt number, never
   by position; one that comes late (after its worker was given up) still counts.
4. What a dead worker left in `sending` becomes `unknown` (`give_up_dead_workers`), never `queued`; so does what a
   living worker holds without knowing of it (`give_up_strays`: its claim was stored, the answer to it was lost).
5. A ledger that is older than what was sent from it (a backup that was put back) believes that calls wait which Reddy
   has: see `restored`, which each claim leaves a mark for, and `questions`.
6. Where a call has a recording, the address to upload it to is stored in the commit that says `accepted`, and the
   upload is claimed there as well. Uploads may be repeated, so what a dead worker left of them simply waits again
   (see `recordings`).
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import socket
import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib import arguments
from reddy_lib.batches.frames import outcomes_frame
from reddy_lib.batches.past_outcomes import NEVER_SENT, keep_past_outcome
from reddy_lib.database.bulk import InsertMany, UpdateMany, pieces
from reddy_lib.database.conditions import is_due
from reddy_lib.database.locks import lock_submissions
from reddy_lib.database.sandbox_urls import SANDBOX, address_in, ledger_address
from reddy_lib.database.schema import (
    SENDABLE,
    STATUSES,
    attempts,
    batches,
    calls,
    deliveries,
    paces,
    past_outcomes,
    ramps,
    recordings,
    resends,
    submissions,
    workers,
)
from reddy_lib.errors import NotInLedger, SubmissionError
from reddy_lib.identity import words_digest
from reddy_lib.model import from_payload
from reddy_lib.recordings import attachments as files
from reddy_lib.recordings import upload_hosts, upload_queue
from reddy_lib.sending import rate_limits as pacing
from reddy_lib.sending.content_conflicts import has_other_words, hold_other_words, not_sent
from reddy_lib.sending.resend import put_back, reason_of, replace_deliveries, superseded, take_back
from reddy_lib.sending.restored import (
    INCARNATION_NOW,
    RESTORED_NOW,
    SERVER_NOW,
    check,
    last_claim,
    mark,
    refuse_if_restored,
    replaced_beneath,
    same_server,
)
from reddy_lib.sending.spot_checks import (
    asking,
    drop_unclear,
    no_question,
    open_questions,
    put_questions,
    put_questions_where_unproven,
)
from reddy_lib.sending.workers import GIVE_UP_AFTER, ended, moment, place, process, silent

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.database.database import Database

__all__ = [
    "BY_HAND",
    "CHUNK",
    "SANDBOX",
    "Claim",
    "Exchange",
    "Result",
    "Submission",
    "create",
    "exchange",
    "forget_deliveries",
    "give_up_dead_workers",
    "give_up_strays",
    "heartbeat",
    "new_attempt_ids",
    "new_worker",
    "sendable",
    "strays",
]

_log = logging.getLogger("reddy_lib.sending")  # what is sent is one story, wherever it is told

BY_HAND = "Paused by hand."
"""The reason of a pause that a person wanted; any other reason asks for something to be put right."""

CHUNK = 500
"""Rows of the sheet that one piece of work covers: what one worker takes at a time."""

State = Literal["running", "paused", "waiting", "cancelled", "done"]
"""running; paused (by a person or after a refusal of the token); waiting (for a token); cancelled; done."""


class Claim(msgspec.Struct, frozen=True):
    """A call that this worker, and nobody else, may now send once. `payload`: the exact bytes of the body; `doubted`:
    an earlier attempt of this submission may have arrived; `recording`: the file that is to follow, if any."""

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


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one attempt.

    Attributes:
        outcome: accepted, rejected, failed, unknown, or "again" (not processed: back to the queue).
        retry_at: when to try again at the earliest (seconds since the epoch), with "again" only.
        error: what to tell the analyst, "" if accepted. words: the server's own message.
        held_back: it was claimed and did not go out ("again" only): no try is counted.
        hold: why nobody may send to this address before `retry_at`; "" where only this call waits.
        upload_url: where the call's recording goes, a secret; until expires_at (seconds since the epoch; None: not
            said). host: where that leads, None for the connection's own host. upload_problem: why it cannot be used.
    """

    claim: Claim
    outcome: Literal["accepted", "rejected", "failed", "unknown", "again"]
    started: float
    ended: float
    seconds: float
    possibly_processed: bool = False
    http_status: int | None = None
    request_id: str | None = None
    upload_id: int | None = None
    error: str = ""
    words: str | None = None
    retry_at: float | None = None
    hold: str = ""
    held_back: bool = False
    upload_url: str | None = None
    host: str | None = None
    expires_at: float | None = None
    upload_problem: str = ""

    def __repr__(self) -> str:
        return f"<Result row {self.claim.row} · attempt {self.claim.number} · {self.outcome}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Pretty-printers would list every field otherwise, the secret address among them."""
        return [("claim", self.claim), ("outcome", self.outcome)]


class Exchange(msgspec.Struct, frozen=True):
    """The ledger's side of one exchange: calls to send now, the submission's state, and when to ask again.

    `retry_at`: when the earliest call that waits for another try may go (seconds since the epoch; where calls are given
    now it is not looked for); None if nothing is left in this chunk. `not_before`: nobody sends to this address before
    (0.0 = now). `shared`: why fewer calls were given than wanted although more wait: a limit shared with others, or a
    submission that begins slowly; "" if neither. `create_idempotent`: calls in doubt may be sent again by themselves at
    this address. `uploads`: recordings to upload now. `refused_hosts`: where recordings would have to go, and may not
    before a person says so.
    """

    claims: list[Claim]
    state: State
    retry_at: float | None
    not_before: float = 0.0
    shared: str = ""
    create_idempotent: bool = False
    uploads: list[upload_queue.Upload] = []
    refused_hosts: list[str] = []
    questions: list[int] = []


class Submission:
    """A set of calls sent together, as the ledger knows it. State and counts are read afresh at every use."""

    def __init__(self, database: Database, submission_id: str) -> None:
        self.database = database
        self.id = submission_id

    def __repr__(self) -> str:
        record = self.record()
        counts = " · ".join(f"{count:,} {status}" for status, count in self.counts().items() if count)
        return f"<Submission {record.number} · {record.state} · {counts or 'no calls'}>"

    def record(self) -> sa.Row[Any]:
        """The stored row: id, number, batch_id, address, token_source, token_hint, credential, concurrency, state, reason,
        generation, chosen, who, created_at, ended_at."""
        with self.database.read() as connection:
            found = connection.execute(
                sa.select(submissions).where(submissions.c.id == self.id)
            ).one_or_none()
        if found is None:
            raise NotInLedger(f"There is no submission {self.id!r} in this ledger.")
        return found

    @property
    def state(self) -> State:
        """running, paused, waiting (for a token), cancelled or done."""
        state: State = self.record().state
        return state

    def counts(self) -> dict[str, int]:
        """The submission's calls by status: all nine statuses; they sum to the calls that were chosen.

        A call that a cancelled submission never sent counts as ready.
        """
        now = sa.select(calls.c.status, sa.func.count().label("n")).where(calls.c.submission_id == self.id)
        then = sa.select(past_outcomes.c.status, sa.func.count().label("n")).where(
            past_outcomes.c.submission_id == self.id
        )
        totals = dict.fromkeys(STATUSES, 0)
        # one statement, one moment: a call that goes from one table to the other in between is counted once
        both = sa.union_all(now.group_by(calls.c.status), then.group_by(past_outcomes.c.status))
        with self.database.read() as connection:
            for status, count in connection.execute(both):
                totals[status] += count
        return totals

    def open_chunks(self) -> list[int]:
        """Chunks that still have calls to send, or recordings to upload, ascending."""
        query = (
            sa.select(calls.c.chunk)
            .where(calls.c.submission_id == self.id, calls.c.status == "queued", calls.c.chunk.is_not(None))
            .distinct()
            .order_by(calls.c.chunk)
        )
        with self.database.read() as connection:
            to_send = [chunk for chunk in connection.execute(query).scalars() if chunk is not None]
            return sorted({*to_send, *upload_queue.open_chunks(connection, self.id)})

    def outcomes(self) -> pd.DataFrame:
        """What became of each chosen call, by row: the columns of `outcomes_frame`."""
        now = sa.select(
            calls.c.row, calls.c.status, calls.c.conversation_id, calls.c.agent_email, calls.c.product_id,
            calls.c.timestamp, calls.c.upload_id, calls.c.http_status, calls.c.error, calls.c.attempts,
            calls.c.seconds, calls.c.sent_at, calls.c.ended_at, calls.c.submission_id, calls.c.audio,
        ).where(calls.c.submission_id == self.id)  # fmt: skip
        past = past_outcomes.c
        then = (
            sa.select(
                calls.c.row, past.status, calls.c.conversation_id, calls.c.agent_email, calls.c.product_id,
                calls.c.timestamp, past.upload_id, past.http_status, past.error, past.attempts,
                past.seconds, past.sent_at, past.ended_at, past.submission_id, past.audio,
            )
            .join_from(past_outcomes, calls, calls.c.id == past.call_id)
            .where(past.submission_id == self.id)
        )  # fmt: skip
        with self.database.read() as connection:
            rows = [tuple(found) for found in connection.execute(sa.union_all(now, then))]
        return outcomes_frame(sorted(rows, key=lambda found: found[0]))

    def finish_if_settled(self) -> None:
        """Mark a running submission done if nothing of it is queued, being sent or to be uploaded."""
        with self.database.write(right="send") as connection:
            done = finish(connection, self.id, now=time.time())
        _say_done(self.id if done else None)

    # what people (and refused tokens) do to a submission

    def pause(self, reason: str = BY_HAND) -> bool:
        """Claim no more; what is in flight is waited for and recorded. Nothing happens unless it is running.

        Gives whether it paused it: not if it had ended, or was paused already.
        """
        paused = self._change("paused", reason, only={"running", "waiting"})
        if paused:
            _log.info("submission paused", extra={"submission": self.id, "by_hand": reason == BY_HAND})
        return paused

    def wait_for_token(self, reason: str) -> None:
        """Claim no more until somebody gives the token again (`resume`)."""
        if self._change("waiting", reason, only={"running"}):
            _log.info("submission waits for a token", extra={"submission": self.id})

    def resume(
        self,
        *,
        token_source: str | None = None,
        token_hint: str | None = None,
        credential: str | None = None,
    ) -> int:
        """Go on; gives the new generation (part of the engine's work ids, so that old work is not taken for new).

        Raises:
            SubmissionError: it is done or was cancelled.
            LedgerRestored: the ledger is older than what was sent from it.
        """
        with self.database.write(right="send") as connection:
            refuse_if_restored(connection)
            drop_unclear(connection, self.id)
            found = connection.execute(
                sa.select(submissions).where(submissions.c.id == self.id).with_for_update()
            ).one()
            if found.state in ("done", "cancelled"):
                raise SubmissionError(
                    f"Submission {found.number} is {found.state} and cannot go on. Choose the calls again to send them."
                )
            generation: int = found.generation + 1
            changed: dict[str, Any] = {"state": "running", "reason": "", "generation": generation}
            if token_source is not None:
                changed |= {
                    "token_source": token_source,
                    "token_hint": token_hint or "",
                    "credential": credential or None,
                }
            connection.execute(submissions.update().where(submissions.c.id == self.id).values(**changed))
        _log.info("submission resumed", extra={"submission": self.id, "number": found.number})
        return generation

    def cancel(self) -> int:
        """Send no more: calls still queued are ready again; what is in flight is waited for and recorded.

        Gives how many calls were not sent. Nothing happens to a submission that is done.
        """
        now = time.time()
        with self.database.write(right="send") as connection:
            changed = connection.execute(
                submissions.update()
                .where(submissions.c.id == self.id, submissions.c.state.in_(("running", "paused", "waiting")))
                .values(state="cancelled", reason="Cancelled by hand.", ended_at=now)
            )
            if not changed.rowcount:
                return 0
            waiting = sa.and_(calls.c.submission_id == self.id, calls.c.status == "queued")
            connection.execute(  # one that was to be tried once more may have arrived the first time
                calls.update()
                .where(waiting, _IN_DOUBT)
                .values(
                    status="unknown",
                    error="Cancelled before it was tried again: the first try may or may not have reached Reddy.",
                    ended_at=now,
                )
            )
            connection.execute(
                calls.update()
                .where(waiting)
                .values(status="ready", error="Not sent: the submission was cancelled before its turn.")
            )
            ids = connection.execute(
                sa.select(calls.c.id).where(calls.c.submission_id == self.id, calls.c.status == "ready")
            ).scalars().all()  # fmt: skip
            keep_past_outcome(connection, list(ids))
            for some in pieces(ids):
                connection.execute(calls.update().where(calls.c.id.in_(some)).values(**NEVER_SENT))
            take_back(connection, ids, self.id)
        _log.info("submission cancelled", extra={"submission": self.id, "calls": len(ids)})
        return len(ids)

    def _change(self, state: State, reason: str, *, only: set[str]) -> bool:
        with self.database.write(right="send") as connection:
            changed = connection.execute(
                submissions.update()
                .where(submissions.c.id == self.id, submissions.c.state.in_(only))
                .values(state=state, reason=reason)
            )
        return bool(changed.rowcount)


def find_submission(database: Database, submission_id: str) -> Submission:
    """Return one submission. Raises NotInLedger: there is none with this id."""
    with database.read() as connection:
        found = connection.execute(
            sa.select(submissions.c.id).where(submissions.c.id == submission_id)
        ).one_or_none()
    if found is None:
        raise NotInLedger(f"There is no submission {submission_id!r} in this ledger ({database.name}).")
    return Submission(database, submission_id)


def list_submissions(
    database: Database, batch_id: str | None = None, *, state: str | None = None
) -> list[Submission]:
    """Return submissions, newest first; of one batch, or in one state (running, paused, waiting, cancelled, done)."""
    query = sa.select(submissions.c.id).order_by(submissions.c.created_at.desc())
    if batch_id is not None:
        query = query.where(submissions.c.batch_id == batch_id)
    if state is not None:
        arguments.known(state, "state", ("running", "paused", "waiting", "cancelled", "done"))
        query = query.where(submissions.c.state == state)
    with database.read() as connection:
        return [Submission(database, found) for found in connection.execute(query).scalars()]


def create(
    database: Database,
    batch_id: str,
    *,
    address: str,
    token_source: str,
    token_hint: str = "",
    credential: str = "",
    rows: Sequence[int] | None = None,
    concurrency: int = 8,
    who: str = "",
    submission_id: str | None = None,
    again: str | None = None,
    ramp: bool | None = False,
) -> Submission:
    """Choose calls and queue them, in one transaction.

    Before it, calls whose conversation the address has with other words are held (see `other_words`), unless `again`
    says why they are sent.

    Args:
        address: where they go; calls are told apart per address ("sandbox", "https://app.reddy.io"). A URL of
            the sandbox is the sandbox.
        credential: fingerprint of the token that the submission is bound to; "" for the sandbox.
        rows: row numbers; None = every ready call. Of the rows named, ready, rejected and failed calls are queued,
            calls that Reddy accepted before at this address become `skipped`, all others stay as they are.
        submission_id: made by the caller before its button was pressed; the same id again changes nothing.
        again: why calls that this address accepted before are sent there once more, which Reddy may grade twice;
            kept for good. Of the rows named, accepted and skipped ones are queued then as well; once for each reason.
        ramp: send one call, then five, then all, and pause where one of the first is refused. None = where no call
            of this mapping was ever accepted at this address, and more than those six are queued.

    Raises:
        SubmissionError: none of the rows can be sent, or `again` is empty, or names no rows.
        LedgerRestored: the ledger is older than what was sent from it.
    """
    submission_id = submission_id or "s" + secrets.token_hex(8)
    reason = None if again is None else reason_of(again, rows)
    address = ledger_address(database, address)
    now = time.time()
    check(database)
    asked = [] if reason is not None else hold_other_words(database, sendable(batch_id, rows), address)
    with database.write(right="send") as connection:
        lock_submissions(connection)
        if connection.execute(sa.select(submissions.c.id).where(submissions.c.id == submission_id)).first():
            return Submission(database, submission_id)
        address = address_in(
            connection, address
        )  # it may have become known as the sandbox's this very moment
        refuse_if_restored(connection)
        state = connection.execute(sa.select(batches.c.state).where(batches.c.id == batch_id)).scalar()
        if state != "open":
            raise SubmissionError(
                "Nothing was sent: the batch was taken off the list. Put it back first: ledger.restore(batch)."
            )
        accepted = (
            sa.exists()
            .where(deliveries.c.address == address, deliveries.c.key == calls.c.delivery_key)
            .where(deliveries.c.state.in_(("accepted", "again")))
        )
        queued = skipped = resent = 0
        if reason is not None:
            for some in pieces(sorted(set(rows or ()))):
                ids = replace_deliveries(
                    connection, batch_id, some, address, submission_id, reason=reason, who=who, now=now
                )
                keep_past_outcome(connection, ids)
                connection.execute(
                    calls.update().where(calls.c.id.in_(ids)).values(**_queued_in(submission_id))
                )
                resent += len(ids)
        queued = resent
        for part in sendable(batch_id, rows):
            part = sa.and_(part, ~has_other_words(address))  # one may have been accepted this very moment
            sent_before = connection.execute(
                sa.select(calls.c.id).where(part, calls.c.submission_id.is_not(None))
            ).scalars().all()  # fmt: skip
            keep_past_outcome(connection, sent_before)
            skipped += connection.execute(
                calls.update()
                .where(part, accepted)
                .values(
                    **{**NEVER_SENT, "status": "skipped", "submission_id": submission_id, "ended_at": now}
                )
            ).rowcount
            queued += connection.execute(
                calls.update().where(part).values(**_queued_in(submission_id))
            ).rowcount
        if queued + skipped == 0 and asked:
            raise SubmissionError(not_sent(asked))
        if queued + skipped == 0:
            raise SubmissionError(
                "None of these calls can be sent: they are held by findings, under way, or were sent already. "
                "Fix the held ones in Review, or choose others."
            )
        if skipped:
            _explain_skips(connection, submission_id, address)
        number = (connection.execute(sa.select(sa.func.max(submissions.c.number))).scalar() or 0) + 1
        connection.execute(
            submissions.insert().values(
                id=submission_id,
                number=number,
                batch_id=batch_id,
                address=address,
                token_source=token_source,
                token_hint=token_hint,
                credential=credential or None,
                concurrency=concurrency,
                state="running" if queued else "done",
                reason="",
                generation=1,
                chosen=queued + skipped,
                who=who,
                created_at=now,
                ended_at=None if queued else now,
            )
        )
        if ramp is None:
            ramp = queued > pacing.FIRST + pacing.THEN and pacing.new_to(connection, batch_id, address)
        if ramp:
            connection.execute(ramps.insert().values(submission_id=submission_id, over=False, asked_about=0))
    if queued:
        put_questions_where_unproven(database, submission_id)
    facts = {"submission": submission_id, "number": number, "batch": batch_id, "address": address}
    _log.info(
        "submission started",
        extra={**facts, "queued": queued, "skipped": skipped, "again": None if reason is None else resent},
    )
    _say_done(None if queued else submission_id)
    return Submission(database, submission_id)


def _queued_in(submission_id: str) -> dict[str, Any]:
    return {**NEVER_SENT, "status": "queued", "submission_id": submission_id, "chunk": calls.c.row // CHUNK}


def sendable(batch_id: str, rows: Sequence[int] | None) -> list[sa.ColumnElement[bool]]:
    """The calls of a batch that a submission may choose, as conditions to be asked one after the other: every ready
    call (None), or of the rows named those that are ready, rejected or failed; never one with an error finding, or one
    whose correction, or whose call before correction, is at Reddy, may be, or is on its way."""
    sound = sa.and_(
        calls.c.batch_id == batch_id,
        calls.c.errors == 0,
        calls.c.delivery_key.is_not(None),
        ~superseded(),
    )
    if rows is None:
        return [sa.and_(sound, calls.c.status == "ready")]
    return [
        sa.and_(sound, calls.c.row.in_(some), calls.c.status.in_(SENDABLE))
        for some in pieces(sorted(set(rows)))
    ]


def forget_deliveries(database: Database, *, address: str = SANDBOX) -> int:
    """Forget what the sandbox accepted, so that a trial can be repeated or be followed by the real thing.

    Calls of every batch that the sandbox accepted, skipped or may have received are ready again (held, where a
    finding came up since); what became of them stays on record with their submission. Empty the sandbox itself
    afterwards. Gives the number of calls.

    Raises:
        SubmissionError: the address is not the sandbox (what Reddy accepted is never forgotten), or a submission
            to it is under way.
    """
    if address != SANDBOX:
        raise SubmissionError(
            "Only what the sandbox received can be forgotten. What Reddy accepted stays on record: "
            "it is what keeps a call from being sent twice."
        )
    of_sandbox = sa.select(submissions.c.id).where(submissions.c.address == address)
    with database.write(right="administer") as connection:
        lock_submissions(connection)
        under_way = connection.execute(
            sa.select(submissions.c.number)
            .where(
                submissions.c.address == address,
                sa.or_(
                    submissions.c.state == "running",
                    sa.exists().where(
                        calls.c.submission_id == submissions.c.id, calls.c.status == "sending"
                    ),
                ),
            )
            .order_by(submissions.c.number)
        ).scalars().first()  # fmt: skip
        if under_way is not None:
            raise SubmissionError(
                f"Submission {under_way} is still being sent to the sandbox. Wait until it has ended, or cancel it, "
                "then try again."
            )
        ids = connection.execute(
            sa.select(calls.c.id).where(
                calls.c.submission_id.in_(of_sandbox),
                calls.c.status.in_(("accepted", "skipped", "unknown")),
            )
        ).scalars().all()  # fmt: skip
        keep_past_outcome(connection, ids)
        again = sa.case((calls.c.errors > 0, "held"), else_="ready")
        for some in pieces(ids):
            connection.execute(
                calls.update().where(calls.c.id.in_(some)).values(**{**NEVER_SENT, "status": again})
            )
            upload_queue.forget_uploads(connection, some)
        connection.execute(deliveries.delete().where(deliveries.c.address == address))
    return len(ids)


def exchange(
    database: Database,
    submission_id: str,
    chunk: int | None,
    worker: str,
    *,
    results: Sequence[Result] = (),
    want: int,
    now: float | None = None,
    note: pacing.Note | None = None,
    attempt_ids: Sequence[str] = (),
    again: bool = False,
    uploaded: Sequence[upload_queue.Uploaded] = (),
    uploads: int = 0,
    recordings_ahead: int | None = None,
    sent: Sequence[tuple[int, int]] = (),
) -> Exchange:
    """Record what came back and claim up to `want` calls of a chunk (None = of any), in one commit.

    When this returns, the results are stored and the claimed calls are `sending`: only now may they be sent. Fewer
    than wanted are given where the address has a limit, or asked everybody to wait, or where the submission begins
    slowly.

    Args:
        note: what the worker says of its pace, for people.
        attempt_ids: ids for the claims, from `new_attempt_ids(want)`, made before the first try of this exchange.
        again: an earlier try failed, perhaps only after its commit (the connection broke before the database could say
            so): what was claimed under these ids is then given out now, or nobody would ever send it.
        uploaded: what came of recordings; uploads: how many more can be uploaded now.
        recordings_ahead: how many calls with a recording may be claimed, those included that wait for their upload:
            an address that waits too long runs out (None: no matter).
        sent: bytes of uploads that are under way, for people: (call id, bytes).
    """
    now = time.time() if now is None else now
    with database.write(right="send") as connection:
        this = {"the_submission": submission_id, "the_last": last_claim(database)}
        submission = connection.execute(_SUBMISSION_OF, this).one()
        if submission.restored is None and not (submission.knows_last and same_server(database, submission)):
            if replaced_beneath(database, connection, submission):
                put_questions(connection)
            submission = connection.execute(_SUBMISSION_OF, this).one()
        ramping = submission.over is not None and not submission.over
        # What goes back to the queue must not meet a `cancel` that has just emptied it; what is counted here must not
        # be counted by somebody else at the same moment. SQLite has one writer anyway.
        careful = ramping or submission.most_at_once or any(result.outcome == "again" for result in results)
        if careful and connection.dialect.name == "postgresql":
            submission = _held(connection, this, submission)
            ramping = submission.over is not None and not submission.over
        not_before = pacing.hold_left(connection, submission.address, submission.not_before or 0.0, now=now)
        if results:
            not_before = max(not_before, _hold(connection, results, submission.address))
            _record(connection, results, submission, submission_id)
        if uploaded:
            upload_queue.record(connection, uploaded, worker)
        if sent:
            upload_queue.set_bytes_sent(connection, worker, sent)
        if note is not None:
            pacing.say(connection, worker, submission_id, submission.address, note, now=now)
        state: State = submission.state
        if submission.restored is not None and state == "running":
            state = "paused"  # whoever made it run: nothing is claimed
        # `uploading`: it had recordings under way before these results, or has since
        waiting, to_upload = 0, []
        if submission.uploading or any(result.claim.recording for result in results):
            upload_queue.expire(connection, now=now)
            # `done`: an answer that came late may bring an address for its recording
            if uploads > 0 and state in ("running", "done"):
                to_upload = upload_queue.claim(
                    connection,
                    worker,
                    upload_queue.of_chunk(submission_id, chunk),
                    want=uploads,
                    now=now,
                    replay=again,
                )
            waiting = upload_queue.waiting_count(connection, submission_id)
        refused_hosts = upload_hosts.refused_hosts(connection, submission_id) if waiting else []
        claims = _claimed_before(connection, worker, attempt_ids) if again and attempt_ids else []
        room, shared = 0 if claims else want, ""
        if ramping and state == "running" and not claims:
            state, room, shared = _ramp(connection, submission_id, submission.asked_about, room)
        if now < not_before:
            room = 0
        if submission.most_at_once and state == "running" and room > 0:
            left = pacing.room(connection, submission.address, worker, submission.most_at_once, now=now)
            if left < room:
                room, shared = left, f"held by the connection's limit of {submission.most_at_once}"
        with_recordings = True
        if recordings_ahead is not None and room > (left := recordings_ahead - waiting - len(to_upload)):
            with_recordings = left > 0  # else calls without one go on
            room = left if with_recordings else room
        if state == "running" and room > 0:
            claims = _claim(
                connection,
                submission_id,
                chunk,
                worker,
                submission.address,
                want=room,
                now=now,
                attempt_ids=attempt_ids if len(attempt_ids) >= room else new_attempt_ids(room),
                with_recordings=with_recordings,
            )
        asked_first = (
            open_questions(connection, submission_id, chunk) if submission.asking and not claims else []
        )
        retry_at: float | None = now  # whoever has claimed something asks again anyway
        if not claims:
            retry_at = connection.execute(
                _EARLIEST[chunk is None], {"the_submission": submission_id, "the_chunk": chunk}
            ).scalar()
        if waiting:
            due = upload_queue.earliest(connection, submission_id, chunk)
            retry_at = due if retry_at is None or due is None else min(retry_at, due)
        done = retry_at is None and not (claims or to_upload) and finish(connection, submission_id, now=now)
    if claims:
        mark(database, submission, claims[-1].attempt_id)
    _say_ended(submission_id, results)
    _say_done(submission_id if done else None)
    return Exchange(
        claims,
        state,
        retry_at,
        not_before=not_before,
        shared=shared if len(claims) == room < want else "",
        create_idempotent=bool(submission.create_idempotent),
        uploads=to_upload,
        refused_hosts=refused_hosts,
        questions=asked_first,
    )


def new_attempt_ids(count: int) -> list[str]:
    """Ids for so many attempts, ours, made before anything is stored or sent."""
    drawn = secrets.token_hex(10)  # once for all of them: asking the system takes longer than all the rest
    return [f"a{drawn}{number:02}" for number in range(count)]


def heartbeat(
    database: Database,
    worker: str,
    *,
    now: float | None = None,
    sends: Collection[str] | None = None,
    lately: int | None = None,
) -> bool:
    """Tell that a worker is alive; gives False if it had been given up meanwhile, and its calls with it.

    Args:
        now: the database's clock unless given.
        sends: the lanes that it has tokens for (see `workers.lane`); as before where None.
        lately: answers that it had in the last minute.
    """
    said: dict[str, Any] = {"gone": False}
    if sends is not None:
        said["sends"] = msgspec.json.encode(sorted(sends)).decode()
    if lately is not None:
        said["lately"] = lately
    mine = workers.c.name == worker
    with database.write(right="send") as connection:
        # locked, so that whoever gives it up this very moment is either done (and seen here) or finds it alive
        gone = connection.execute(sa.select(workers.c.gone).where(mine).with_for_update()).scalar()
        said["heartbeat"] = moment(connection) if now is None else now
        changed = connection.execute(workers.update().where(mine).values(**said))
        if (
            not changed.rowcount
        ):  # an older ledger was put in place: it must know who holds what is claimed from now on
            gone = True
            connection.execute(
                workers.insert().values(**_this_process(worker), started=said["heartbeat"], **said)
            )
    return not gone


def _this_process(worker: str) -> dict[str, Any]:
    return {
        "name": worker,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "place": place(),
        "process": process(),
    }


def new_worker(
    database: Database,
    *,
    kind: Literal["app", "worker", "notebook"] = "worker",
    lasts: float = GIVE_UP_AFTER,
    sends: Collection[str] = (),
    now: float | None = None,
) -> str:
    """Register this process as a worker under a name of its own, and give the name.

    Args:
        lasts: seconds without a sign of life after which others may take it for dead.
        sends: the lanes that it has tokens for.
    """
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    with database.write(right="send") as connection:
        now = moment(connection) if now is None else now
        connection.execute(
            workers.insert().values(
                **_this_process(name),
                started=now,
                heartbeat=now,
                gone=False,
                kind=kind,
                lasts=lasts,
                sends=msgspec.json.encode(sorted(sends)).decode(),
            )
        )
    _log.info("worker started", extra={"worker": name})
    return name


def retire_worker(database: Database, worker: str) -> int:
    """A worker that ends in good order. Whatever it left in `sending` (nothing, in good order) becomes `unknown`;
    gives how many."""
    with database.write(right="send") as connection:
        lost = _give_up(connection, [worker], now=time.time())
    _log.info("worker stopped", extra={"worker": worker, "calls": lost})
    return lost


def give_up_dead_workers(database: Database, *, now: float | None = None) -> int:
    """Calls that dead workers left in `sending` become `unknown`; gives how many.

    A worker is dead if it has not been heard of for as long as it said itself (`lasts`, a minute where it did not
    say), by the database's clock; or if its process has ended, which can be seen only where it ran.
    """
    with database.write(right="send") as connection:
        now = moment(connection) if now is None else now
        upload_queue.expire(connection, now=now)
        holds_calls = sa.or_(
            sa.exists().where(calls.c.worker == workers.c.name, _BEING_SENT),
            sa.exists().where(
                recordings.c.upload_url.is_not(None),
                recordings.c.state == "sending",
                recordings.c.worker == workers.c.name,
            ),
        )
        known = connection.execute(
            # one that was given up (its machine slept) may have woken, taken calls, and died only then
            sa.select(workers, silent(now).label("silent"))
            .where(sa.or_(workers.c.gone.is_(False), holds_calls))
            .with_for_update(of=workers, skip_locked=True)  # locked by its own sign of life: it is alive
        ).all()
        dead = [found.name for found in known if found.silent or ended(found)]
        lost = _give_up(connection, dead, now=now)
    for name in dead:
        _log.warning("worker given up", extra={"worker": name})
    if lost:
        _log.warning("calls in doubt", extra={"calls": lost})
    return lost


def strays(database: Database, worker: str, in_hand: Collection[str]) -> list[str]:
    """Attempts that a living worker has under way by the ledger, and knows nothing of (`in_hand`: those it knows)."""
    with database.read() as connection:
        found = connection.execute(_under_way(worker)).scalars().all()
    return [attempt for attempt in found if attempt not in in_hand]


def give_up_strays(database: Database, worker: str, attempt_ids: Collection[str]) -> int:
    """Calls of these attempts, if still under way, become `unknown`; gives how many."""
    with database.write(right="send") as connection:
        lost = connection.execute(
            _under_way(worker).where(attempts.c.id.in_(list(attempt_ids))).with_for_update(of=calls)
            .with_only_columns(calls.c.id, calls.c.submission_id)
        ).all()  # fmt: skip
        return _in_doubt(connection, lost, now=time.time())


def _under_way(worker: str) -> sa.Select[Any]:
    return (
        sa.select(attempts.c.id)
        .join(calls, sa.and_(calls.c.id == attempts.c.call_id, calls.c.attempts == attempts.c.number))
        .where(_BEING_SENT, calls.c.worker == worker, attempts.c.result.is_(None))
    )


# inside


# A literal, not a parameter: only so does the database know that the small index of what is being sent will do.
_BEING_SENT = calls.c.status == sa.literal_column("'sending'")

# Built once: building and compiling a statement costs more than running it. Parameters begin with "the_", so that
# none has a column's name (SQLAlchemy keeps those for the values of an update).
_SUBMISSION_OF = (
    sa.select(
        submissions.c.state, submissions.c.address, paces.c.most_at_once, paces.c.create_idempotent,
        paces.c.not_before, ramps.c.over, ramps.c.asked_about,
        upload_queue.is_under_way(submissions.c.id).label("uploading"),
        RESTORED_NOW, INCARNATION_NOW, SERVER_NOW, asking(submissions.c.id).label("asking"),
        sa.or_(
            sa.bindparam("the_last", type_=sa.Text) == "",
            sa.exists().where(attempts.c.id == sa.bindparam("the_last", type_=sa.Text)),
        ).label("knows_last"),
    )
    .outerjoin_from(submissions, paces, paces.c.address == submissions.c.address)
    .outerjoin(ramps, ramps.c.submission_id == submissions.c.id)
    .where(submissions.c.id == sa.bindparam("the_submission"))
)  # fmt: skip
_LOCK_SUBMISSION = (
    sa.select(submissions.c.id).where(submissions.c.id == sa.bindparam("the_submission")).with_for_update()
)
_LOCK_ADDRESS = (
    sa.select(paces.c.address).where(paces.c.address == sa.bindparam("the_address")).with_for_update()
)
_QUEUED = sa.and_(calls.c.submission_id == sa.bindparam("the_submission"), calls.c.status == "queued")
_OF_CHUNK = calls.c.chunk == sa.bindparam("the_chunk")
# One that may go at once answers it: those of a whole sheet need not be looked through.
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
    sa.select(
        calls.c.id,
        calls.c.row,
        calls.c.payload,
        calls.c.attempts,
        calls.c.tries,
        calls.c.delivery_key,
        calls.c.words_digest,
        calls.c.audio,
    )
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
# A call in the queue that holds its delivery: it is to be tried once more, and the first try may have arrived.
_IN_DOUBT = sa.exists().where(
    deliveries.c.key == calls.c.delivery_key,
    deliveries.c.call_id == calls.c.id,
    deliveries.c.state == "unknown",
)
_TAKE_AFTER_DOUBT = (
    deliveries.update()
    .where(
        deliveries.c.address == sa.bindparam("the_address"),
        deliveries.c.key == sa.bindparam("the_key"),
        deliveries.c.call_id == sa.bindparam("the_call"),
        deliveries.c.state == "unknown",
    )
    .values(state="sending", at=sa.bindparam("the_moment"))
)
_MARK_SENDING = UpdateMany(
    calls, by=["id"], to=["status", "worker", "sent_at", "attempts", "tries", "retry_at"]
)
_BEGIN_ATTEMPT = InsertMany(attempts, ["id", "call_id", "submission_id", "number", "worker", "started"])
_END_ATTEMPT = UpdateMany(
    attempts,
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
_MINE = sa.and_(
    deliveries.c.address == sa.bindparam("the_address"),
    deliveries.c.key == sa.bindparam("the_key"),
    deliveries.c.call_id == sa.bindparam("the_call"),
)
_KEEP_DELIVERY = UpdateMany(deliveries, by=["address", "key", "call_id"], to=["state", "upload_id", "at"])
_GIVE_BACK = deliveries.delete().where(_MINE)
_TAKE_AGAIN = (  # what Reddy has, and this very call is to be sent once more: see `resending`
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
_RESERVE = {
    "sqlite": sqlite.insert(deliveries).on_conflict_do_nothing().returning(deliveries.c.call_id),
    "postgresql": postgresql.insert(deliveries).on_conflict_do_nothing().returning(deliveries.c.call_id),
}


_OPEN_ATTEMPTS = (
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


def _accepted_whoever_holds_it(insert: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["address", "key"],
        set_={name: insert.excluded[name] for name in ("state", "upload_id", "at", "words_digest")},
        where=deliveries.c.state != "accepted",
    )


_IT_IS_THERE = {
    "sqlite": _accepted_whoever_holds_it(sqlite.insert(deliveries)),
    "postgresql": _accepted_whoever_holds_it(postgresql.insert(deliveries)),
}


def _record(
    connection: sa.Connection, results: Sequence[Result], submission: Any, submission_id: str
) -> None:
    _END_ATTEMPT(
        connection,
        [
            {
                "id": result.claim.attempt_id,
                "ended": result.ended,
                "result": result.outcome,
                "possibly_processed": result.possibly_processed,
                "http_status": result.http_status,
                "request_id": result.request_id,
                "words": result.words,
                "upload_id": result.upload_id,
                "seconds": result.seconds,
            }
            for result in results
        ],
    )
    # `unknown`: the answer came after this worker had been given up; knowing is better than doubting, also than what
    # somebody found out meanwhile (`failed`, and Reddy says yes). The attempt number tells an answer to this attempt
    # from one to an earlier attempt.
    open_attempts = {
        found.id: found
        for found in connection.execute(
            _OPEN_ATTEMPTS,
            {
                "the_calls": [result.claim.call_id for result in results],
                "the_submission": submission_id,
                "the_address": submission.address,
            },
        )
    }
    mine = []
    for result in results:
        found = open_attempts.get(result.claim.call_id)
        if found is None or found.attempts != result.claim.number:
            if result.outcome == "accepted":
                _accepted_late(connection, result, submission.address, submission_id)
        elif found.known_there and (found.status != "failed" or result.outcome == "accepted"):
            _accepted_before(connection, result, submission.address)
            if result.outcome == "accepted" and result.claim.recording is not None:
                _announced(connection, result, submission.address, submission_id)
        elif found.status != "failed":
            mine.append(result)
        elif result.outcome == "accepted":
            mine.append(result)
            _it_is_there(connection, result, submission.address, submission_id)
    if not mine:
        return
    settled, kept, given_back = [], [], []
    going = submission.state not in ("cancelled", "done")
    for result in mine:
        status: str = result.outcome
        error = result.error
        if status == "again":
            # nobody would take it from the queue of a submission that is over
            over = {"cancelled": "was cancelled", "done": "had ended"}.get(submission.state)
            status = ("unknown" if _doubted(result) else "failed") if over else "queued"
            error = f"{error} Not tried again: the submission {over}.".strip() if over else error
        settled.append(
            {
                "id": result.claim.call_id,
                "status": status,
                "tries": result.claim.tries - result.held_back,
                "retry_at": result.retry_at if status == "queued" else None,
                "http_status": result.http_status,
                "error": error or None,
                "upload_id": result.upload_id,
                "seconds": result.seconds,
                "ended_at": result.ended,
            }
        )
        if result.outcome in ("accepted", "unknown") or _doubted(result):
            kept.append(
                {
                    "address": submission.address,
                    "key": result.claim.key,
                    "call_id": result.claim.call_id,
                    "state": "accepted" if result.outcome == "accepted" else "unknown",
                    "upload_id": result.upload_id,
                    "at": result.ended,
                }
            )
        else:
            given_back.append(
                {
                    "the_address": submission.address,
                    "the_key": result.claim.key,
                    "the_call": result.claim.call_id,
                }
            )
    _SETTLE(connection, settled)
    for result in mine:
        if result.outcome == "accepted" and result.claim.recording is not None:
            _announced(connection, result, submission.address, submission_id)
    _KEEP_DELIVERY(connection, kept)
    if given_back:
        connection.execute(_GIVE_BACK, given_back)
        put_back(  # of what Reddy has from an earlier time
            connection,
            [one["the_call"] for one in given_back],
            submission_id,
            queued={result.claim.call_id for result in mine if result.outcome == "again"} if going else (),
        )


def _announced(connection: sa.Connection, result: Result, address: str, submission_id: str) -> None:
    """The recording of a call that was accepted: where it goes now."""
    if result.host is not None and result.upload_url and not result.upload_problem:
        upload_hosts.remember_host(connection, address, result.host, now=result.ended)
    upload_queue.announce(
        connection,
        result.claim.call_id,
        submission_id=submission_id,
        attempt_id=result.claim.attempt_id,
        upload_url=result.upload_url,
        host=result.host,
        expires_at=result.expires_at,
        sha256=None if result.claim.recording is None else result.claim.recording.sha256,
        problem=result.upload_problem,
        now=result.ended,
    )


def _doubted(result: Result) -> bool:
    """Goes back to the queue although this attempt, or one before, may have arrived."""
    return result.outcome == "again" and (result.possibly_processed or result.claim.doubted)


def _held(connection: sa.Connection, this: dict[str, str], submission: Any) -> Any:
    """The submission, read anew under the locks of whoever counts: its own, then that of the address (in this order,
    and before any call or delivery is touched, so that two workers cannot wait for each other)."""
    connection.execute(_LOCK_SUBMISSION, {"the_submission": this["the_submission"]})
    if submission.most_at_once:
        connection.execute(_LOCK_ADDRESS, {"the_address": submission.address})
    return connection.execute(_SUBMISSION_OF, this).one()


def _hold(connection: sa.Connection, results: Sequence[Result], address: str) -> float:
    """Where the server asked everybody to wait, nobody sends to this address before; gives that moment, or 0.0."""
    asked = [(result.retry_at, result.hold) for result in results if result.hold and result.retry_at]
    if not asked:
        return 0.0
    until, why = max(asked)
    pacing.hold(connection, address, until, why)
    return until


def _ramp(
    connection: sa.Connection, submission_id: str, asked_about: int, want: int
) -> tuple[State, int, str]:
    """A submission that begins slowly: its state now, how many calls may be claimed, and why not more."""
    counts = pacing.tally(connection, submission_id)
    refused = counts.get("rejected", 0)
    mine = ramps.c.submission_id == submission_id
    if refused > asked_about:
        connection.execute(ramps.update().where(mine).values(asked_about=refused))
        connection.execute(
            submissions.update()
            .where(submissions.c.id == submission_id, submissions.c.state == "running")
            .values(state="paused", reason=_first_refused(connection, submission_id, counts))
        )
        return "paused", 0, ""
    room = pacing.ramp_room(counts)
    if room is None:
        connection.execute(ramps.update().where(mine).values(over=True))
        return "running", want, ""
    return "running", min(want, room), "the first calls are tried before all the others follow"


def _first_refused(connection: sa.Connection, submission_id: str, counts: dict[str, int]) -> str:
    """Why a submission that begins slowly has stopped, with the server's words."""
    last = connection.execute(
        sa.select(calls.c.row, calls.c.error)
        .where(calls.c.submission_id == submission_id, calls.c.status == "rejected")
        .order_by(calls.c.ended_at.desc())
        .limit(1)
    ).one()
    sent = sum(counts.get(status, 0) for status in ("accepted", "rejected", "failed", "unknown", "sending"))
    waiting = counts.get("queued", 0)
    which = "the first call" if sent == 1 else f"{counts['rejected']} of the first {sent} calls"
    return (
        f"Reddy refused {which} (row {last.row}: “{(last.error or 'no reason given')[:300]}”). "
        f"The other {waiting:,} wait: correct what is wrong with them, try the next one, or go on with all of them."
    )


def _claim(
    connection: sa.Connection,
    submission_id: str,
    chunk: int | None,
    worker: str,
    address: str,
    *,
    want: int,
    now: float,
    attempt_ids: Sequence[str],
    with_recordings: bool = True,
) -> list[Claim]:
    found = connection.execute(
        _NEXT[chunk is None, with_recordings],
        {"the_submission": submission_id, "the_chunk": chunk, "the_moment": now, "the_want": want},
    ).all()
    if not found:
        return []
    mine, doubted = _reserve(connection, found, address, submission_id, now=now)
    recorded = _recorded(connection, found)
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
        if call.id in mine
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


def _claimed_before(connection: sa.Connection, worker: str, attempt_ids: Sequence[str]) -> list[Claim]:
    """The calls that were claimed under these ids and were never handed to whoever asked for them."""
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
            attempts.c.id.in_(attempt_ids), attempts.c.result.is_(None), _BEING_SENT, calls.c.worker == worker
        )
        .order_by(calls.c.row)
    )
    found = connection.execute(query).all()
    recorded = _recorded(connection, found)
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


def _recorded(connection: sa.Connection, found: Sequence[Any]) -> dict[int, files.Recorded]:
    """The recordings of these calls; nothing is asked where none has one."""
    having = [call.id for call in found if call.audio != "none"]
    return files.recorded_for_calls(connection, having) if having else {}


def _reserve(
    connection: sa.Connection,
    found: Sequence[Any],
    address: str,
    submission_id: str,
    *,
    now: float,
) -> tuple[set[int], set[int]]:
    """Take the delivery of each call at this address; gives the ids of the calls that got it, and of those among them
    that had kept it from an attempt that may have arrived.

    The others are being sent, in doubt or accepted through another batch: they are settled here.
    """
    # in the order of their keys, so that two workers that insert the same ones cannot block each other for good
    wanted = [
        {
            "address": address,
            "key": call.delivery_key,
            "call_id": call.id,
            "submission_id": submission_id,
            "state": "sending",
            "at": now,
            "words_digest": call.words_digest,
        }
        for call in sorted(found, key=lambda call: call.delivery_key)
    ]
    mine = set(connection.execute(_RESERVE[connection.dialect.name], wanted).scalars())
    doubted: set[int] = set()
    for call in found:
        if call.id in mine:
            continue
        if call.tries and _taken_after_doubt(connection, call, address, now=now):
            mine.add(call.id)
            doubted.add(call.id)
            continue
        taken = {"the_address": address, "the_key": call.delivery_key, "the_call": call.id}
        if connection.execute(
            _TAKE_AGAIN,
            {
                **taken,
                "the_submission": submission_id,
                "the_words": call.words_digest,
                "the_moment": now,
            },
        ).rowcount:
            mine.add(call.id)
            continue
        other = connection.execute(
            sa.select(deliveries).where(
                deliveries.c.address == address, deliveries.c.key == call.delivery_key
            )
        ).one_or_none()
        if other is None:  # it was given back in between: next round
            continue
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
            values = {"retry_at": now + 1.0}  # somebody is sending it this very moment
        connection.execute(calls.update().where(calls.c.id == call.id).values(**values))
        if values.get("status") == "skipped":
            _explain_skips(connection, submission_id, address, call_id=call.id)
    return mine, doubted


def _taken_after_doubt(connection: sa.Connection, call: Any, address: str, *, now: float) -> bool:
    """A call that is tried once more after a doubtful answer has kept its delivery: it may go on with it."""
    key = {"the_address": address, "the_key": call.delivery_key, "the_call": call.id, "the_moment": now}
    return bool(connection.execute(_TAKE_AFTER_DOUBT, key).rowcount)


def _it_is_there(connection: sa.Connection, result: Result, address: str, submission_id: str) -> None:
    """Reddy has this conversation: whoever claims it from now on is told so, and so is whoever is sending it now."""
    taken = {
        "address": address,
        "key": result.claim.key,
        "call_id": result.claim.call_id,
        "submission_id": submission_id,
        "state": "accepted",
        "upload_id": result.upload_id,
        "at": result.ended,
        "words_digest": words_digest(from_payload(result.claim.payload)),
    }
    connection.execute(_IT_IS_THERE[connection.dialect.name], [taken])
    connection.execute(
        resends.update()
        .where(resends.c.call_id == result.claim.call_id, resends.c.submission_id == submission_id)
        .values(came_to_nothing=False)
    )


def _accepted_late(connection: sa.Connection, result: Result, address: str, submission_id: str) -> None:
    """Reddy's yes to an attempt that its call has left behind: it was settled, and edited or sent again since.

    What was not sent again yet never will be. What was may be at Reddy twice, and its outcome says so.
    """
    claim = result.claim
    _it_is_there(connection, result, address, submission_id)
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
            upload_id=result.upload_id,
            http_status=result.http_status,
            seconds=result.seconds,
            ended_at=result.ended,
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
    if result.claim.recording is not None and (
        call.attempts == claim.number or call.status in ("rejected", "failed")
    ):
        _announced(connection, result, address, submission_id)
    if call.attempts == claim.number:
        if call.status == "accepted" and call.upload_id is None:  # somebody said so before Reddy did
            values = {"upload_id": result.upload_id, "http_status": result.http_status}
    elif call.status in ("accepted", "unknown"):
        values = {"status": "accepted", "error": _twice(call.status, result.upload_id, call.upload_id)}
    elif call.status in ("rejected", "failed"):
        values = {"status": "accepted", "error": _LATE, "upload_id": result.upload_id}
    if values:
        connection.execute(calls.update().where(calls.c.id == claim.call_id).values(**values))


def _accepted_before(connection: sa.Connection, result: Result, address: str) -> None:
    """The answer to a call that was sent again; meanwhile Reddy's late yes to the earlier attempt had come."""
    claim = result.claim
    first = connection.execute(
        sa.select(deliveries.c.upload_id).where(
            deliveries.c.address == address, deliveries.c.key == claim.key
        )
    ).scalar()
    sent_twice = result.outcome in ("accepted", "unknown")
    connection.execute(
        calls.update()
        .where(calls.c.id == claim.call_id)
        .values(
            status="accepted",
            retry_at=None,
            error=_twice(result.outcome, first, result.upload_id) if sent_twice else _LATE,
            http_status=result.http_status,
            upload_id=first if result.upload_id is None else result.upload_id,
            seconds=result.seconds,
            ended_at=result.ended,
        )
    )


_LATE = (
    "Reddy has this call: its answer to an earlier attempt came late, after the call had been taken not to be there. "
    "The attempt after it changed nothing."
)


def _twice(outcome: str, first: int | None, second: int | None) -> str:
    """What an analyst reads where a call that was said not to be at Reddy was sent again, and was there after all."""
    uploads = " and ".join(str(number) for number in (first, second) if number is not None)
    named = f" (upload {uploads})" if uploads else ""
    surely = "has this call twice" if outcome == "accepted" else "may have this call twice"
    return (
        f"Reddy {surely}{named}: it was taken not to be there and was sent again, and then Reddy's answer to the "
        "earlier attempt came. Look there, and have one of the two removed."
    )


def _explain_skips(
    connection: sa.Connection, submission_id: str, address: str, *, call_id: int | None = None
) -> None:
    """Write into each skipped call when, where and under which upload id it was accepted before."""
    query = (
        sa.select(calls.c.id, deliveries.c.at, deliveries.c.upload_id, submissions.c.number, batches.c.name)
        .join(deliveries, sa.and_(deliveries.c.key == calls.c.delivery_key, deliveries.c.address == address))
        .outerjoin(submissions, submissions.c.id == deliveries.c.submission_id)
        .outerjoin(batches, batches.c.id == submissions.c.batch_id)
        .where(calls.c.submission_id == submission_id, calls.c.status == "skipped")
    )
    if call_id is not None:
        query = query.where(calls.c.id == call_id)
    explained = []
    for found in connection.execute(query):
        when = time.strftime("%d %b %Y %H:%M UTC", time.gmtime(found.at))
        upload = "" if found.upload_id is None else f", upload {found.upload_id}"
        words = f"Sent before: accepted on {when} in submission {found.number} of {found.name!r}{upload}."
        explained.append({"the_call": found.id, "the_words": words, "the_upload_id": found.upload_id})
    if explained:
        connection.execute(_EXPLAIN, explained)


def _say_ended(submission_id: str, results: Sequence[Result]) -> None:
    """After the commit as well. No word of the server's: it may repeat what was sent."""
    if not (results and _log.isEnabledFor(logging.INFO)):
        return
    for result in results:
        said = result.request_id or ""
        _log.info(
            "attempt ended",
            extra={
                "submission": submission_id,
                "row": result.claim.row,
                "attempt": result.claim.number,
                "outcome": result.outcome,
                "status": result.http_status,
                "seconds": round(result.seconds, 3),
                # an id, and not whatever a server puts in its place
                "request_id": said if re.fullmatch(r"[\w.:/+=-]{1,80}", said, re.ASCII) else None,
            },
        )


def _say_done(submission_id: str | None) -> None:
    """After the commit: what is in the log has happened."""
    if submission_id is not None:
        _log.info("submission done", extra={"submission": submission_id})


def finish(connection: sa.Connection, submission_id: str, *, now: float) -> bool:
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


def _give_up(connection: sa.Connection, names: Sequence[str], *, now: float) -> int:
    if not names:
        return 0
    lost = connection.execute(
        sa.select(calls.c.id, calls.c.submission_id).where(_BEING_SENT, calls.c.worker.in_(names))
    ).all()
    connection.execute(workers.update().where(workers.c.name.in_(names)).values(gone=True))
    upload_queue.release_claims(connection, names)
    return _in_doubt(connection, lost, now=now)


def _in_doubt(connection: sa.Connection, lost: Sequence[Any], *, now: float) -> int:
    words = "The program stopped while this call was being sent: it may or may not have reached Reddy."
    for call in lost:
        connection.execute(
            calls.update().where(calls.c.id == call.id).values(status="unknown", error=words, ended_at=now)
        )
        connection.execute(
            attempts.update()
            .where(attempts.c.call_id == call.id, attempts.c.result.is_(None))
            .values(result="unknown", possibly_processed=True, ended=now, words=words)
        )
        connection.execute(
            deliveries.update()
            .where(deliveries.c.call_id == call.id, deliveries.c.state == "sending")
            .values(state="unknown", at=now)
        )
    for submission_id in {call.submission_id for call in lost}:
        finish(connection, submission_id, now=now)
    return len(lost)
