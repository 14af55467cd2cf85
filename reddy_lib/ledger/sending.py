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
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ..errors import NotInLedger, SubmissionError
from .batch import NEVER_SENT, keep_past_outcome, outcomes_frame, pieces
from .schema import (
    SENDABLE,
    STATUSES,
    attempts,
    batches,
    calls,
    deliveries,
    past_outcomes,
    submissions,
    workers,
)
from .workers import GIVE_UP_AFTER, ended, moment, place, process, silent

if TYPE_CHECKING:
    import pandas as pd

    from .store import Ledger

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
    "new_worker",
    "sendable",
    "strays",
]

SANDBOX = "sandbox"
"""The address of the built-in sandbox, whatever port it listens on today."""

BY_HAND = "Paused by hand."
"""The reason of a pause that a person wanted; any other reason asks for something to be put right."""

CHUNK = 500
"""Rows of the sheet that one piece of work covers: what one worker takes at a time."""

State = Literal["running", "paused", "waiting", "cancelled", "done"]
"""running; paused (by a person or after a refusal of the token); waiting (for a token); cancelled; done."""


class Claim(msgspec.Struct, frozen=True):
    """A call that this worker, and nobody else, may now send once. `payload`: the exact bytes of the body."""

    call_id: int
    row: int
    attempt_id: str
    number: int
    payload: bytes
    tries: int
    key: str

    def __repr__(self) -> str:
        return f"<Claim row {self.row} · attempt {self.number}>"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one attempt.

    Attributes:
        outcome: accepted, rejected, failed, unknown, or "again" (not processed: back to the queue).
        retry_at: when to try again at the earliest (seconds since the epoch), with "again" only.
        error: what to tell the analyst, "" if accepted. words: the server's own message.
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


class Exchange(msgspec.Struct, frozen=True):
    """The ledger's side of one exchange: calls to send now, the submission's state, and when to ask again.

    `retry_at`: when the earliest call that waits for another try may go (seconds since the epoch); None if
    nothing is left in this chunk.
    """

    claims: list[Claim]
    state: State
    retry_at: float | None


class Submission:
    """A set of calls sent together, as the ledger knows it. State and counts are read afresh at every use."""

    def __init__(self, ledger: Ledger, submission_id: str) -> None:
        self.ledger = ledger
        self.id = submission_id

    def __repr__(self) -> str:
        record = self.record()
        counts = " · ".join(f"{count:,} {status}" for status, count in self.counts().items() if count)
        return f"<Submission {record.number} · {record.state} · {counts or 'no calls'}>"

    def record(self) -> sa.Row[Any]:
        """The stored row: id, number, batch_id, address, token_source, token_hint, concurrency, state, reason,
        generation, chosen, who, created_at, ended_at."""
        with self.ledger._read() as connection:
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
        with self.ledger._read() as connection:
            for status, count in connection.execute(both):
                totals[status] += count
        return totals

    def open_chunks(self) -> list[int]:
        """Chunks that still have calls to send, ascending."""
        query = (
            sa.select(calls.c.chunk)
            .where(calls.c.submission_id == self.id, calls.c.status == "queued", calls.c.chunk.is_not(None))
            .distinct()
            .order_by(calls.c.chunk)
        )
        with self.ledger._read() as connection:
            return [chunk for chunk in connection.execute(query).scalars() if chunk is not None]

    def outcomes(self) -> pd.DataFrame:
        """What became of each chosen call, by row: the columns of `outcomes_frame`."""
        now = sa.select(
            calls.c.row, calls.c.status, calls.c.conversation_id, calls.c.agent_email, calls.c.product_id,
            calls.c.timestamp, calls.c.upload_id, calls.c.http_status, calls.c.error, calls.c.attempts,
            calls.c.seconds, calls.c.sent_at, calls.c.ended_at, calls.c.submission_id,
        ).where(calls.c.submission_id == self.id)  # fmt: skip
        past = past_outcomes.c
        then = (
            sa.select(
                calls.c.row, past.status, calls.c.conversation_id, calls.c.agent_email, calls.c.product_id,
                calls.c.timestamp, past.upload_id, past.http_status, past.error, past.attempts,
                past.seconds, past.sent_at, past.ended_at, past.submission_id,
            )
            .join_from(past_outcomes, calls, calls.c.id == past.call_id)
            .where(past.submission_id == self.id)
        )  # fmt: skip
        with self.ledger._read() as connection:
            rows = [tuple(found) for found in connection.execute(sa.union_all(now, then))]
        return outcomes_frame(sorted(rows, key=lambda found: found[0]))

    def finish_if_settled(self) -> None:
        """Mark a running submission done if nothing of it is queued or being sent."""
        with self.ledger._write() as connection:
            _finish(connection, self.id, now=time.time())

    # what people (and refused tokens) do to a submission

    def pause(self, reason: str = BY_HAND) -> None:
        """Claim no more; what is in flight is waited for and recorded. Nothing happens unless it is running."""
        self._change("paused", reason, only={"running", "waiting"})

    def wait_for_token(self, reason: str) -> None:
        """Claim no more until somebody gives the token again (`resume`)."""
        self._change("waiting", reason, only={"running"})

    def resume(self, *, token_source: str | None = None, token_hint: str | None = None) -> int:
        """Go on; gives the new generation (part of the engine's work ids, so that old work is not taken for new).

        Raises:
            SubmissionError: it is done or was cancelled.
        """
        with self.ledger._write() as connection:
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
                changed |= {"token_source": token_source, "token_hint": token_hint or ""}
            connection.execute(submissions.update().where(submissions.c.id == self.id).values(**changed))
        return generation

    def cancel(self) -> int:
        """Send no more: calls still queued are ready again; what is in flight is waited for and recorded.

        Gives how many calls were not sent. Nothing happens to a submission that is done.
        """
        now = time.time()
        with self.ledger._write() as connection:
            changed = connection.execute(
                submissions.update()
                .where(submissions.c.id == self.id, submissions.c.state.in_(("running", "paused", "waiting")))
                .values(state="cancelled", reason="Cancelled by hand.", ended_at=now)
            )
            if not changed.rowcount:
                return 0
            waiting = sa.and_(calls.c.submission_id == self.id, calls.c.status == "queued")
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
        return len(ids)

    def _change(self, state: State, reason: str, *, only: set[str]) -> None:
        with self.ledger._write() as connection:
            connection.execute(
                submissions.update()
                .where(submissions.c.id == self.id, submissions.c.state.in_(only))
                .values(state=state, reason=reason)
            )


def create(
    ledger: Ledger,
    batch_id: str,
    *,
    address: str,
    token_source: str,
    token_hint: str = "",
    rows: Sequence[int] | None = None,
    concurrency: int = 8,
    who: str = "",
    submission_id: str | None = None,
) -> Submission:
    """Choose calls and queue them, in one transaction.

    Args:
        address: where they go; calls are told apart per address ("sandbox", "https://app.reddy.io").
        rows: row numbers; None = every ready call. Of the rows named, ready, rejected and failed calls are queued,
            calls that Reddy accepted before at this address become `skipped`, all others stay as they are.
        submission_id: made by the caller before its button was pressed; the same id again changes nothing.

    Raises:
        SubmissionError: none of the rows can be sent.
    """
    submission_id = submission_id or "s" + secrets.token_hex(8)
    now = time.time()
    with ledger._write() as connection:
        _one_at_a_time(connection)
        if connection.execute(sa.select(submissions.c.id).where(submissions.c.id == submission_id)).first():
            return Submission(ledger, submission_id)
        accepted = (
            sa.exists()
            .where(deliveries.c.address == address, deliveries.c.key == calls.c.delivery_key)
            .where(deliveries.c.state == "accepted")
        )
        queued = skipped = 0
        for part in sendable(batch_id, rows):
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
                calls.update()
                .where(part)
                .values(
                    **{
                        **NEVER_SENT,
                        "status": "queued",
                        "submission_id": submission_id,
                        "chunk": calls.c.row // CHUNK,
                    }
                )
            ).rowcount
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
    return Submission(ledger, submission_id)


def sendable(batch_id: str, rows: Sequence[int] | None) -> list[sa.ColumnElement[bool]]:
    """The calls of a batch that a submission may choose, as conditions to be asked one after the other: every ready
    call (None), or of the rows named those that are ready, rejected or failed; never one with an error finding."""
    sound = sa.and_(calls.c.batch_id == batch_id, calls.c.errors == 0, calls.c.delivery_key.is_not(None))
    if rows is None:
        return [sa.and_(sound, calls.c.status == "ready")]
    return [
        sa.and_(sound, calls.c.row.in_(some), calls.c.status.in_(SENDABLE))
        for some in pieces(sorted(set(rows)))
    ]


def forget_deliveries(ledger: Ledger, *, address: str = SANDBOX) -> int:
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
    with ledger._write() as connection:
        _one_at_a_time(connection)
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
        connection.execute(deliveries.delete().where(deliveries.c.address == address))
    return len(ids)


def exchange(
    ledger: Ledger,
    submission_id: str,
    chunk: int,
    worker: str,
    *,
    results: Sequence[Result] = (),
    want: int,
    now: float | None = None,
) -> Exchange:
    """Record what came back and claim up to `want` calls of a chunk, in one commit.

    When this returns, the results are stored and the claimed calls are `sending`: only now may they be sent.
    """
    now = time.time() if now is None else now
    with ledger._write() as connection:
        # What goes back to the queue must not meet a `cancel` that has just emptied it.
        wanted = _SUBMISSION_HELD if any(result.outcome == "again" for result in results) else _SUBMISSION_OF
        submission = connection.execute(wanted, {"the_submission": submission_id}).one()
        if results:
            _record(connection, results, submission, submission_id)
        claims: list[Claim] = []
        if submission.state == "running" and want > 0:
            claims = _claim(connection, submission_id, chunk, worker, submission.address, want=want, now=now)
        retry_at = connection.execute(
            _EARLIEST, {"the_submission": submission_id, "the_chunk": chunk}
        ).scalar()
        if retry_at is None and not claims:
            _finish(connection, submission_id, now=now)
    return Exchange(claims, submission.state, retry_at)


def heartbeat(
    ledger: Ledger,
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
    with ledger._write() as connection:
        # locked, so that whoever gives it up this very moment is either done (and seen here) or finds it alive
        gone = connection.execute(sa.select(workers.c.gone).where(mine).with_for_update()).scalar()
        said["heartbeat"] = moment(connection) if now is None else now
        connection.execute(workers.update().where(mine).values(**said))
    return not gone


def new_worker(
    ledger: Ledger,
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
    host, pid = socket.gethostname(), os.getpid()
    name = f"{host}:{pid}:{secrets.token_hex(4)}"
    with ledger._write() as connection:
        now = moment(connection) if now is None else now
        connection.execute(
            workers.insert().values(
                name=name,
                host=host,
                pid=pid,
                started=now,
                heartbeat=now,
                gone=False,
                kind=kind,
                place=place(),
                process=process(),
                lasts=lasts,
                sends=msgspec.json.encode(sorted(sends)).decode(),
            )
        )
    return name


def retire_worker(ledger: Ledger, worker: str) -> int:
    """A worker that ends in good order. Whatever it left in `sending` (nothing, in good order) becomes `unknown`;
    gives how many."""
    with ledger._write() as connection:
        return _give_up(connection, [worker], now=time.time())


def give_up_dead_workers(ledger: Ledger, *, now: float | None = None) -> int:
    """Calls that dead workers left in `sending` become `unknown`; gives how many.

    A worker is dead if it has not been heard of for as long as it said itself (`lasts`, a minute where it did not
    say), by the database's clock; or if its process has ended, which can be seen only where it ran.
    """
    with ledger._write() as connection:
        now = moment(connection) if now is None else now
        holds_calls = sa.exists().where(calls.c.worker == workers.c.name, _BEING_SENT)
        known = connection.execute(
            # one that was given up (its machine slept) may have woken, taken calls, and died only then
            sa.select(workers, silent(now).label("silent"))
            .where(sa.or_(workers.c.gone.is_(False), holds_calls))
            .with_for_update(of=workers, skip_locked=True)  # locked by its own sign of life: it is alive
        ).all()
        dead = [found.name for found in known if found.silent or ended(found)]
        return _give_up(connection, dead, now=now)


def strays(ledger: Ledger, worker: str, in_hand: Collection[str]) -> list[str]:
    """Attempts that a living worker has under way by the ledger, and knows nothing of (`in_hand`: those it knows)."""
    with ledger._read() as connection:
        found = connection.execute(_under_way(worker)).scalars().all()
    return [attempt for attempt in found if attempt not in in_hand]


def give_up_strays(ledger: Ledger, worker: str, attempt_ids: Collection[str]) -> int:
    """Calls of these attempts, if still under way, become `unknown`; gives how many."""
    with ledger._write() as connection:
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
_SUBMISSION_OF = sa.select(submissions.c.state, submissions.c.address).where(
    submissions.c.id == sa.bindparam("the_submission")
)
_SUBMISSION_HELD = _SUBMISSION_OF.with_for_update()
_EARLIEST = sa.select(sa.func.min(sa.func.coalesce(calls.c.retry_at, 0))).where(
    calls.c.submission_id == sa.bindparam("the_submission"),
    calls.c.chunk == sa.bindparam("the_chunk"),
    calls.c.status == "queued",
)
_NEXT = (
    sa.select(calls.c.id, calls.c.row, calls.c.payload, calls.c.attempts, calls.c.tries, calls.c.delivery_key)
    .where(
        calls.c.submission_id == sa.bindparam("the_submission"),
        calls.c.chunk == sa.bindparam("the_chunk"),
        calls.c.status == "queued",
        sa.or_(calls.c.retry_at.is_(None), calls.c.retry_at <= sa.bindparam("the_moment")),
    )
    .order_by(calls.c.row)
    .limit(sa.bindparam("the_want"))
    .with_for_update(skip_locked=True)
)
_MARK_SENDING = (
    calls.update()
    .where(calls.c.id == sa.bindparam("the_call"))
    .values(
        status="sending",
        worker=sa.bindparam("the_worker"),
        sent_at=sa.bindparam("the_moment"),
        attempts=sa.bindparam("the_number"),
        tries=sa.bindparam("the_tries"),
        retry_at=None,
    )
)
_END_ATTEMPT = (
    attempts.update()
    .where(attempts.c.id == sa.bindparam("the_attempt"))
    .values({name: sa.bindparam(f"the_{name}") for name in (
        "ended", "result", "possibly_processed", "http_status", "request_id", "words", "upload_id", "seconds"
    )})
)  # fmt: skip
_SETTLE = (
    calls.update()
    .where(calls.c.id == sa.bindparam("the_call"))
    .values({name: sa.bindparam(f"the_{name}") for name in (
        "status", "retry_at", "http_status", "error", "upload_id", "seconds", "ended_at"
    )})
)  # fmt: skip
_MINE = sa.and_(
    deliveries.c.address == sa.bindparam("the_address"),
    deliveries.c.key == sa.bindparam("the_key"),
    deliveries.c.call_id == sa.bindparam("the_call"),
)
_KEEP_DELIVERY = (
    deliveries.update()
    .where(_MINE)
    .values(
        state=sa.bindparam("the_state"), upload_id=sa.bindparam("the_upload_id"), at=sa.bindparam("the_ended")
    )
)
_GIVE_BACK = deliveries.delete().where(_MINE)
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


def _record(
    connection: sa.Connection, results: Sequence[Result], submission: Any, submission_id: str
) -> None:
    connection.execute(
        _END_ATTEMPT,
        [
            {
                "the_attempt": result.claim.attempt_id,
                "the_ended": result.ended,
                "the_result": result.outcome,
                "the_possibly_processed": result.possibly_processed,
                "the_http_status": result.http_status,
                "the_request_id": result.request_id,
                "the_words": result.words,
                "the_upload_id": result.upload_id,
                "the_seconds": result.seconds,
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
            sa.select(calls.c.id, calls.c.attempts, calls.c.status)
            .where(
                calls.c.id.in_([result.claim.call_id for result in results]),
                calls.c.submission_id == submission_id,
                calls.c.status.in_(("sending", "unknown", "failed")),
            )
            .with_for_update()
        )
    }
    mine = []
    for result in results:
        found = open_attempts.get(result.claim.call_id)
        if found is None or found.attempts != result.claim.number:
            continue
        if found.status != "failed":
            mine.append(result)
        elif result.outcome == "accepted":
            mine.append(result)
            _reserve_again(connection, result, submission.address, submission_id)
    if not mine:
        return
    settled, kept, given_back = [], [], []
    for result in mine:
        status: str = result.outcome
        error = result.error
        if status == "again":
            # nobody would take it from the queue of a submission that is over
            over = {"cancelled": "was cancelled", "done": "had ended"}.get(submission.state)
            status = "failed" if over else "queued"
            error = f"{error} Not tried again: the submission {over}.".strip() if over else error
        settled.append(
            {
                "the_call": result.claim.call_id,
                "the_status": status,
                "the_retry_at": result.retry_at if status == "queued" else None,
                "the_http_status": result.http_status,
                "the_error": error or None,
                "the_upload_id": result.upload_id,
                "the_seconds": result.seconds,
                "the_ended_at": result.ended,
            }
        )
        delivery = {
            "the_address": submission.address,
            "the_key": result.claim.key,
            "the_call": result.claim.call_id,
        }
        if result.outcome in ("accepted", "unknown"):
            kept.append(
                {
                    **delivery,
                    "the_state": result.outcome,
                    "the_upload_id": result.upload_id,
                    "the_ended": result.ended,
                }
            )
        else:
            given_back.append(delivery)
    connection.execute(_SETTLE, settled)
    if kept:
        connection.execute(_KEEP_DELIVERY, kept)
    if given_back:
        connection.execute(_GIVE_BACK, given_back)


def _claim(
    connection: sa.Connection,
    submission_id: str,
    chunk: int,
    worker: str,
    address: str,
    *,
    want: int,
    now: float,
) -> list[Claim]:
    found = connection.execute(
        _NEXT, {"the_submission": submission_id, "the_chunk": chunk, "the_moment": now, "the_want": want}
    ).all()
    if not found:
        return []
    mine = _reserve(connection, found, address, submission_id, now=now)
    claims = [
        Claim(
            call_id=call.id,
            row=call.row,
            attempt_id="a" + secrets.token_hex(10),
            number=call.attempts + 1,
            payload=call.payload.encode(),
            tries=call.tries + 1,
            key=call.delivery_key,
        )
        for call in found
        if call.id in mine
    ]
    if claims:
        connection.execute(
            _MARK_SENDING,
            [
                {
                    "the_call": claim.call_id,
                    "the_worker": worker,
                    "the_moment": now,
                    "the_number": claim.number,
                    "the_tries": claim.tries,
                }
                for claim in claims
            ],
        )
        connection.execute(
            attempts.insert(),
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


def _reserve(
    connection: sa.Connection,
    found: Sequence[Any],
    address: str,
    submission_id: str,
    *,
    now: float,
) -> set[int]:
    """Take the delivery of each call at this address; gives the call ids that got it.

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
        }
        for call in sorted(found, key=lambda call: call.delivery_key)
    ]
    mine = set(connection.execute(_RESERVE[connection.dialect.name], wanted).scalars())
    for call in found:
        if call.id in mine:
            continue
        other = connection.execute(
            sa.select(deliveries).where(
                deliveries.c.address == address, deliveries.c.key == call.delivery_key
            )
        ).one_or_none()
        if other is None:  # it was given back in between: next round
            continue
        if other.state == "accepted":
            values: dict[str, Any] = {"status": "skipped", "ended_at": now}
        elif other.state == "unknown":
            values = {
                "status": "failed",
                "ended_at": now,
                "error": "Not sent: the same conversation is in doubt in another batch. Settle that one first.",
            }
        else:
            values = {"retry_at": now + 1.0}  # somebody is sending it this very moment
        connection.execute(calls.update().where(calls.c.id == call.id).values(**values))
        if other.state == "accepted":
            _explain_skips(connection, submission_id, address, call_id=call.id)
    return mine


def _reserve_again(connection: sa.Connection, result: Result, address: str, submission_id: str) -> None:
    """The delivery of a call that was thought not to have arrived: it has."""
    taken = {
        "address": address,
        "key": result.claim.key,
        "call_id": result.claim.call_id,
        "submission_id": submission_id,
        "state": "accepted",
        "at": result.ended,
    }
    connection.execute(_RESERVE[connection.dialect.name], [taken])


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


def _finish(connection: sa.Connection, submission_id: str, *, now: float) -> None:
    left = sa.exists().where(
        calls.c.submission_id == submission_id, calls.c.status.in_(("queued", "sending"))
    )
    connection.execute(
        submissions.update()
        .where(submissions.c.id == submission_id, submissions.c.state == "running", ~left)
        .values(state="done", ended_at=now)
    )


def _give_up(connection: sa.Connection, names: Sequence[str], *, now: float) -> int:
    if not names:
        return 0
    lost = connection.execute(
        sa.select(calls.c.id, calls.c.submission_id).where(_BEING_SENT, calls.c.worker.in_(names))
    ).all()
    connection.execute(workers.update().where(workers.c.name.in_(names)).values(gone=True))
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
        _finish(connection, submission_id, now=now)
    return len(lost)


def _one_at_a_time(connection: sa.Connection) -> None:
    """Two people who submit the same rows at the same moment go one after the other (SQLite has one writer anyway)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(730234)"))
