"""Submissions: calls that are sent together. Creating one, finding one, pausing, resuming and cancelling it.

A submission has no loop: `dispatcher.send_chunk` sends it, in the engine or in a notebook.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.frames import OUTCOME_COLUMNS, outcomes_frame
from reddy_lib.batches.past_outcomes import NEVER_SENT, keep_past_outcome
from reddy_lib.database.access_log import note_access
from reddy_lib.database.bulk import pieces
from reddy_lib.database.locks import lock_submissions
from reddy_lib.database.sandbox_urls import SANDBOX, address_in, ledger_address
from reddy_lib.database.schema import (
    SENDABLE,
    STATUSES,
    batches,
    calls,
    deliveries,
    past_outcomes,
    submissions,
)
from reddy_lib.errors import NotInLedger, SubmissionError
from reddy_lib.html_tables import counts_table
from reddy_lib.plurals import agreeing
from reddy_lib.recordings import upload_queue
from reddy_lib.sending.claims import explain_skips, retried_after_doubt
from reddy_lib.sending.content_conflicts import has_other_words
from reddy_lib.sending.nothing_to_send import why_nothing
from reddy_lib.sending.other_ids import Held, hold_known, hold_since
from reddy_lib.sending.personal_gate import prepare
from reddy_lib.sending.personal_policy import stored_summary
from reddy_lib.sending.ramp_up import FIRST, THEN, begin_ramp, is_new_to
from reddy_lib.sending.resend import reason_of, replace_deliveries, resent_parts, superseded, take_back
from reddy_lib.sending.restored import begins_beside_another, check, follows_another, refuse_if_restored
from reddy_lib.sending.spot_checks import drop_unclear, put_questions, put_questions_where_unproven
from reddy_lib.sending.states import (
    BY_HAND,
    CHUNK,
    OPEN_STATES,
    State,
    SubmissionRecord,
    finish,
    log_done,
    read_record,
)

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.database.database import Database

__all__ = [
    "Submission",
    "create",
    "find_submission",
    "forget_deliveries",
    "list_submissions",
    "refuse_archived",
    "sendable",
]

_log = logging.getLogger("reddy_lib.sending")


class Submission:
    """A set of calls that are sent together. State and counts are read from the ledger at every use."""

    def __init__(self, database: Database, submission_id: str) -> None:
        self.database = database
        self.id = submission_id

    def __repr__(self) -> str:
        record = self.record()
        counts = " · ".join(f"{count:,} {status}" for status, count in self.counts().items() if count)
        return f"<Submission {record.number} · {self.id} · {record.state} · {counts or 'no calls'}>"

    def _repr_html_(self) -> str:
        """Return a table of counts and a sentence on what to do next, which notebooks show."""
        record, counts = self.record(), self.counts()
        caption = f"Submission {record.number} · {self.id} · {record.state} · to {record.address}"
        shown = {status: count for status, count in counts.items() if count}
        return counts_table(caption, shown, _next_step(record, counts))

    def record(self) -> SubmissionRecord:
        """Return the stored row. Raises NotInLedger."""
        with self.database.read() as connection:
            return read_record(connection, self.id)

    @property
    def state(self) -> State:
        """running, paused, waiting (for a token), cancelled or done."""
        return self.record().state

    def counts(self) -> dict[str, int]:
        """Return the submission's calls by status: all nine statuses, which sum to the calls that were chosen.

        A call that a cancelled submission never sent counts as ready.
        """
        now = sa.select(calls.c.status, sa.func.count().label("n")).where(calls.c.submission_id == self.id)
        then = sa.select(past_outcomes.c.status, sa.func.count().label("n")).where(
            past_outcomes.c.submission_id == self.id
        )
        totals = dict.fromkeys(STATUSES, 0)
        # One statement, so that a call that moves from one table to the other in between is counted once.
        both = sa.union_all(now.group_by(calls.c.status), then.group_by(past_outcomes.c.status))
        with self.database.read() as connection:
            for status, count in connection.execute(both):
                totals[status] += count
        return totals

    def open_chunks(self) -> list[int]:
        """Return the chunks that still have calls to send or recordings to upload, ascending."""
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
        """Return the outcome of each chosen call, by row: the columns of `outcomes_frame`."""
        now = sa.select(*(calls.c[name] for name in OUTCOME_COLUMNS)).where(calls.c.submission_id == self.id)
        # What a call is (row, agent, product …) is stored once; its outcome in a past submission beside it.
        past = past_outcomes.c
        then = (
            sa.select(*(past[name] if name in past else calls.c[name] for name in OUTCOME_COLUMNS))
            .join_from(past_outcomes, calls, calls.c.id == past.call_id)
            .where(past.submission_id == self.id)
        )
        with self.database.read() as connection:
            rows = [tuple(found) for found in connection.execute(sa.union_all(now, then))]
        return outcomes_frame(sorted(rows, key=lambda found: found[0]))

    def finish_if_settled(self) -> None:
        """Mark a running submission done if nothing of it is queued, being sent or to be uploaded."""
        with self.database.write(right="send") as connection:
            done = finish(connection, self.id, now=time.time())
        if done:
            log_done(self.id)

    # --- what people, and refused tokens, do to a submission ---

    def pause(self, reason: str = BY_HAND) -> bool:
        """Stop claiming calls, and return whether that changed anything: only a running submission can be paused.

        Requests in flight are waited for and recorded.
        """
        paused = self._change("paused", reason, only={"running", "waiting"})
        if paused:
            _log.info("submission paused", extra={"submission": self.id, "by_hand": reason == BY_HAND})
        return paused

    def wait_for_token(self, reason: str) -> None:
        """Stop claiming calls until somebody enters the token again (`resume`)."""
        if self._change("waiting", reason, only={"running"}):
            _log.info("submission waits for a token", extra={"submission": self.id})

    def resume(
        self,
        *,
        token_source: str | None = None,
        token_hint: str | None = None,
        credential: str | None = None,
    ) -> int:
        """Continue a submission; return its new generation, which keeps the engine from mistaking old tasks for new.

        Raises:
            SubmissionError: it is done or was cancelled.
            LedgerRestored: the ledger is older than what was sent from it.
        """
        with self.database.write(right="send") as connection:
            refuse_if_restored(connection)
            drop_unclear(connection, self.id)
            found = connection.execute(
                sa.select(submissions.c.number, submissions.c.state, submissions.c.generation)
                .where(submissions.c.id == self.id)
                .with_for_update()
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
        """End a submission; return how many calls were not sent. A submission that is done stays as it is.

        Calls still queued are ready again; requests in flight are waited for and recorded.
        """
        now = time.time()
        with self.database.write(right="send") as connection:
            changed = connection.execute(
                submissions.update()
                .where(submissions.c.id == self.id, submissions.c.state.in_(OPEN_STATES))
                .values(state="cancelled", reason="Cancelled by hand.", ended_at=now)
            )
            if not changed.rowcount:
                return 0
            waiting = sa.and_(calls.c.submission_id == self.id, calls.c.status == "queued")
            connection.execute(
                calls.update()
                .where(waiting, retried_after_doubt())
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


def _next_step(record: SubmissionRecord, counts: dict[str, int]) -> str:
    """Return one sentence on what to do next, for a notebook."""
    if record.state == "running":
        left = counts["queued"] + counts["sending"]
        return agreeing(left, "call is still to be sent.", "calls are still to be sent.")
    if record.state in ("paused", "waiting"):
        go_on = (
            "Run the cell with reddy.submit again to continue."
            if record.token_source == "notebook"
            else "Call submission.resume() to continue."
        )
        return f"{record.reason} {go_on}"
    if counts["unknown"]:
        unsure = agreeing(counts["unknown"], "call", "calls")
        return f"{unsure} may or may not have reached Reddy: reddy.reconcile(batch, client) asks."
    if refused := counts["rejected"] + counts["failed"]:
        which = agreeing(refused, "call was not accepted", "calls were not accepted")
        return (
            f"{which}, and submission.outcomes() says why: fix what it names, then submit those rows again."
        )
    if record.state == "cancelled":
        return "Cancelled: submit the batch again to send the calls that are ready."
    return "Every call has its outcome: submission.outcomes() lists them."


def find_submission(database: Database, submission_id: str) -> Submission:
    """Return one submission. Raises NotInLedger if there is no such submission."""
    submission_id = arguments.text(submission_id, "submission_id")
    with database.read() as connection:
        found = connection.execute(
            sa.select(submissions.c.id).where(submissions.c.id == submission_id)
        ).one_or_none()
    if found is None:
        raise NotInLedger(
            f"There is no submission {submission_id!r} in this ledger ({database.name}). "
            "ledger.submissions() lists them."
        )
    return Submission(database, submission_id)


def list_submissions(
    database: Database, batch_id: str | None = None, *, state: str | None = None
) -> list[Submission]:
    """Return submissions, newest first; of one batch, or in one state (running, paused, waiting, cancelled, done)."""
    query = sa.select(submissions.c.id).order_by(submissions.c.created_at.desc())
    if batch_id is not None:
        query = query.where(submissions.c.batch_id == batch_id)
    if state is not None:
        arguments.known(state, "state", (*OPEN_STATES, "cancelled", "done"))
        query = query.where(submissions.c.state == state)
    with database.read() as connection:
        return [Submission(database, found) for found in connection.execute(query).scalars()]


# --- creating ----------------------------------------------------------------------------------------------------


def refuse_archived(database: Database, batch_id: str) -> None:
    """Raise SubmissionError if the batch is archived: nothing of it is sent."""
    with database.read() as connection:
        _refuse_archived(connection, batch_id)


def _refuse_archived(connection: sa.Connection, batch_id: str) -> None:
    state = connection.execute(sa.select(batches.c.state).where(batches.c.id == batch_id)).scalar()
    if state != "open":
        raise SubmissionError(
            "Nothing was sent: the batch was taken off the list. Put it back first: ledger.restore(batch)."
        )


class _Chosen(NamedTuple):
    """How many calls a new submission queued (`resent` of them again), and skipped."""

    queued: int
    skipped: int
    resent: int


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

    First hold calls that the address may have with other words, or under another id (see `other_ids`), unless `again`
    says why they are sent.

    Args:
        address: where they go; calls are told apart per address ("sandbox", "https://app.reddy.io"). A URL of the
            sandbox is the sandbox.
        credential: fingerprint of the token that the submission is bound to; "" for the sandbox.
        rows: row numbers; None = every ready call. Of the rows named, ready, rejected and failed calls are queued,
            calls that Reddy accepted before at this address become `skipped`, all others stay as they are.
        submission_id: made by the caller before its button was pressed; creating the same id twice changes nothing.
        again: why calls that this address accepted before are sent there once more, which Reddy may grade twice; kept
            for good. Of the rows named, accepted and skipped calls are queued then as well, once for each reason.
        ramp: send one call, then five, then all, and pause where one of the first is refused. None = only where no
            call of this mapping was ever accepted at this address, and more than those six are queued.

    Raises:
        SubmissionError: none of the rows can be sent, or `again` is empty, or names no rows.
        PersonalDataAsked: calls contain a kind of personal data that no one has decided about (see `personal_policy`).
        LedgerRestored: the ledger is older than what was sent from it.
    """
    submission_id = submission_id or "s" + secrets.token_hex(8)
    reason = None if again is None else reason_of(again, rows)
    address = ledger_address(database, address)
    now = time.time()
    check(database)
    parts = sendable(batch_id, rows)
    personal = prepare(
        database, batch_id, parts if reason is None else resent_parts(batch_id, rows), address, who=who
    )
    held = Held("", None) if reason is not None else hold_known(database, parts, address)
    beside = begins_beside_another(database, address)
    with database.write(right="send") as connection:
        lock_submissions(connection)
        if connection.execute(sa.select(submissions.c.id).where(submissions.c.id == submission_id)).first():
            return Submission(database, submission_id)
        address = address_in(connection, address)  # it may have become known as the sandbox's just now
        refuse_if_restored(connection)
        _refuse_archived(connection, batch_id)
        asked = held.words if reason is not None else hold_since(connection, parts, address, held)
        chosen = _queue(connection, batch_id, rows, address, submission_id, reason=reason, who=who, now=now)
        if chosen.queued + chosen.skipped == 0:
            raise SubmissionError(asked or personal.words or why_nothing(connection, batch_id, rows))
        if chosen.skipped:
            explain_skips(connection, submission_id, address)
        number = _insert(
            connection,
            chosen,
            id=submission_id,
            batch_id=batch_id,
            address=address,
            token_source=token_source,
            token_hint=token_hint,
            credential=credential or None,
            concurrency=concurrency,
            who=who,
            created_at=now,
            personal_data=stored_summary(personal.rules, personal.found),
        )
        if beside or follows_another(connection, address):  # which may have sent these calls
            put_questions(connection, submission_id)
        note_access(
            connection, "sent", who=who, batch_id=batch_id, calls=chosen.queued, reference=submission_id
        )
        if ramp is None:
            ramp = chosen.queued > FIRST + THEN and is_new_to(connection, batch_id, address)
        if ramp:
            begin_ramp(connection, submission_id)
    if chosen.queued:
        put_questions_where_unproven(database, submission_id)
    facts = {"submission": submission_id, "number": number, "batch": batch_id, "address": address}
    _log_started(facts, chosen, again=reason is not None)
    return Submission(database, submission_id)


def _log_started(facts: dict[str, Any], chosen: _Chosen, *, again: bool) -> None:
    """Log a new submission after its commit; without calls to send it is done at once."""
    counts = {"queued": chosen.queued, "skipped": chosen.skipped, "again": chosen.resent if again else None}
    _log.info("submission started", extra={**facts, **counts})
    if not chosen.queued:
        log_done(facts["submission"])


def _insert(connection: sa.Connection, chosen: _Chosen, **values: Any) -> int:
    """Insert the row of a new submission; return its number. Without calls to send it is done at once."""
    number: int = (connection.execute(sa.select(sa.func.max(submissions.c.number))).scalar() or 0) + 1
    connection.execute(
        submissions.insert().values(
            number=number,
            state="running" if chosen.queued else "done",
            reason="",
            generation=1,
            chosen=chosen.queued + chosen.skipped,
            ended_at=None if chosen.queued else values["created_at"],
            **values,
        )
    )
    return number


def _queue_again(
    connection: sa.Connection,
    batch_id: str,
    rows: Sequence[int] | None,
    address: str,
    submission_id: str,
    *,
    reason: str,
    who: str,
    now: float,
) -> int:
    """Queue calls that the address accepted before, and record why; return how many."""
    resent = 0
    for some in pieces(sorted(set(rows or ()))):
        ids = replace_deliveries(
            connection, batch_id, some, address, submission_id, reason=reason, who=who, now=now
        )
        keep_past_outcome(connection, ids)
        connection.execute(calls.update().where(calls.c.id.in_(ids)).values(**_queued_in(submission_id)))
        resent += len(ids)
    return resent


def _queue(
    connection: sa.Connection,
    batch_id: str,
    rows: Sequence[int] | None,
    address: str,
    submission_id: str,
    *,
    reason: str | None,
    who: str,
    now: float,
) -> _Chosen:
    """Queue the sendable calls, and skip those that the address accepted before, or queue them again for a reason."""
    resent = 0
    if reason is not None:
        resent = _queue_again(
            connection, batch_id, rows, address, submission_id, reason=reason, who=who, now=now
        )
    accepted = (
        sa.exists()
        .where(deliveries.c.address == address, deliveries.c.key == calls.c.delivery_key)
        .where(deliveries.c.state.in_(("accepted", "again")))
    )
    skipped_now = {**NEVER_SENT, "status": "skipped", "submission_id": submission_id, "ended_at": now}
    queued, skipped = resent, 0
    for part in sendable(batch_id, rows):
        part = sa.and_(part, ~has_other_words(address))  # one may have been accepted just now
        sent_before = connection.execute(
            sa.select(calls.c.id).where(part, calls.c.submission_id.is_not(None))
        ).scalars().all()  # fmt: skip
        keep_past_outcome(connection, sent_before)
        skipped += connection.execute(calls.update().where(part, accepted).values(**skipped_now)).rowcount
        queued += connection.execute(calls.update().where(part).values(**_queued_in(submission_id))).rowcount
    return _Chosen(queued, skipped, resent)


def _queued_in(submission_id: str) -> dict[str, Any]:
    return {**NEVER_SENT, "status": "queued", "submission_id": submission_id, "chunk": calls.c.row // CHUNK}


def sendable(batch_id: str, rows: Sequence[int] | None) -> list[sa.ColumnElement[bool]]:
    """Return conditions, to be asked one after the other, of the calls of a batch that a submission may choose.

    That is every ready call (`rows` None), or of the rows named the ready, rejected and failed ones; never a call with
    an error finding, and never one whose correction, or whose original, is at Reddy, may be there, or is under way.
    """
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


# --- forgetting --------------------------------------------------------------------------------------------------


def forget_deliveries(database: Database, *, address: str = SANDBOX, batch_id: str | None = None) -> int:
    """Forget what the sandbox accepted, so that a trial can be repeated or be followed by the real thing.

    Calls of every batch that the sandbox accepted, skipped or may have received are ready again (held, where a finding
    came up since); their outcomes stay on record with their submission. Empty the sandbox itself afterwards.

    Args:
        batch_id: forget what was sent from this batch alone.

    Returns: the number of calls.

    Raises:
        SubmissionError: the address is not the sandbox (what Reddy accepted is never forgotten), or a submission to it
            is under way.
    """
    if address != SANDBOX:
        raise SubmissionError(
            "Only what the sandbox received can be forgotten. What Reddy accepted stays on record: "
            "it is what keeps a call from being sent twice."
        )
    meant = [submissions.c.address == address]
    if batch_id is not None:
        meant.append(submissions.c.batch_id == batch_id)
    of_sandbox = sa.select(submissions.c.id).where(*meant)
    with database.write(right="administer") as connection:
        lock_submissions(connection)
        under_way = connection.execute(
            sa.select(submissions.c.number)
            .where(
                *meant,
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
                calls.c.forgotten_at.is_(None),  # nothing is left of them to send
            )
        ).scalars().all()  # fmt: skip
        keep_past_outcome(connection, ids)
        status = sa.case((calls.c.errors > 0, "held"), else_="ready")
        for some in pieces(ids):
            connection.execute(
                calls.update().where(calls.c.id.in_(some)).values(**{**NEVER_SENT, "status": status})
            )
            upload_queue.forget_uploads(connection, some)
        forgotten = deliveries.delete().where(deliveries.c.address == address)
        if batch_id is not None:
            forgotten = forgotten.where(deliveries.c.submission_id.in_(of_sandbox))
        connection.execute(forgotten)
    return len(ids)
