"""`exchange`: the one commit in which a worker reports what came back and learns what it may send next.

The order of writes keeps a call from being lost or sent twice:

1. `submission.create` marks the chosen calls `queued`, in one transaction; those accepted before become `skipped`.
2. An exchange claims some of them (`claims`): status `sending`, an attempt and a row in `deliveries`, committed
   *before* any byte leaves.
3. The next exchange records the attempts that ended (`results`), also where an answer comes late.
4. The calls of a dead worker become `unknown` (`workers.expire_dead_workers`), never `queued`. So do those that a
   living worker holds without knowing of them (`workers.expire_strays`): their claim was committed, the confirmation
   was lost.
5. A ledger that was put back from a backup believes that calls wait which Reddy already has: each claim leaves a mark
   outside the ledger (`restored`), and doubtful chunks are asked about first (`spot_checks`).
6. Where a call has a recording, the commit that says `accepted` stores the address to upload it to, and claims the
   upload. An upload may be repeated, so what a dead worker left of it simply waits again (`recordings.attachments`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.database.schema import attempts, paces, ramps, submissions
from reddy_lib.recordings import upload_hosts, upload_queue
from reddy_lib.sending import ramp_up, rate_limits
from reddy_lib.sending.claims import (
    Claim,
    Claimant,
    claim_calls,
    earliest_retry,
    new_attempt_ids,
    repeat_claims,
)
from reddy_lib.sending.restored import (
    INCARNATION_NOW,
    RESTORED_NOW,
    SERVER_NOW,
    LedgerAge,
    last_claim,
    mark,
    replaced_beneath,
    same_server,
)
from reddy_lib.sending.results import Attempt, log_attempts, record_attempts
from reddy_lib.sending.spot_checks import asking, open_questions, put_questions
from reddy_lib.sending.states import State, finish, log_done

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["Ask", "Grant", "Report", "exchange"]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker brings to an exchange.

    Attributes:
        attempts: calls whose request has ended. uploaded: recordings whose upload has ended.
        bytes_sent: progress of uploads under way, for people: (call id, bytes).
        pace: the worker's pace, for people.
    """

    attempts: Sequence[Attempt] = ()
    uploaded: Sequence[upload_queue.Uploaded] = ()
    bytes_sent: Sequence[tuple[int, int]] = ()
    pace: rate_limits.Note | None = None


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker wants from an exchange.

    Attributes:
        calls: the most calls to claim. uploads: the most uploads to claim.
        recordings_ahead: the most calls with a recording to claim, counting those whose upload already waits: an
            address that waits too long expires. None: no limit.
        attempt_ids: ids for the claims, from `new_attempt_ids(calls)`, made before the first try of this exchange.
        replay: an earlier try of this exchange failed, perhaps only after its commit. What it claimed under these ids
            is returned now; otherwise nobody would ever send it.
    """

    calls: int = 0
    uploads: int = 0
    recordings_ahead: int | None = None
    attempt_ids: Sequence[str] = ()
    replay: bool = False


class Grant(msgspec.Struct, frozen=True):
    """What a worker gets from an exchange.

    Attributes:
        claims: calls to send now. state: the submission's.
        retry_at: when the earliest call that waits for another try may go (seconds since the epoch), not looked up
            where calls were claimed. None: nothing is left in this chunk.
        not_before: nobody sends to this address before (seconds since the epoch; 0.0: at once).
        shared: why fewer calls were claimed than wanted although more wait (a limit, or a ramp); "" if neither.
        create_idempotent: calls in doubt may be sent again without asking, at this address.
        uploads: recordings to upload now.
        refused_hosts: hosts that recordings would go to, and may not before a person allows it.
        questions: chunks of which Reddy has to be asked first.
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


def exchange(
    database: Database,
    submission_id: str,
    chunk: int | None,
    worker: str,
    report: Report | None = None,
    ask: Ask | None = None,
    *,
    now: float | None = None,
) -> Grant:
    """Record what came back, and claim calls of a chunk (None: of any chunk), in one commit.

    When this returns, the report is stored and the claimed calls are `sending`: only now may they be sent. Fewer calls
    than wanted are claimed where the address has a limit or asked everybody to wait, and while a ramp lasts.
    """
    report = Report() if report is None else report
    ask = Ask() if ask is None else ask
    now = time.time() if now is None else now
    with database.write(right="send") as connection:
        standing = _read_standing(database, connection, submission_id, report)
        claimant = Claimant(submission_id, chunk, worker, standing.address, now)
        not_before = _record(connection, report, standing, claimant)
        # A ledger that is older than what was sent from it claims nothing, even if somebody resumed the submission.
        state: State = (
            "paused" if standing.restored is not None and standing.state == "running" else standing.state
        )
        recordings = _claim_uploads(connection, report, ask, standing, claimant, state)
        turn = _claim(connection, ask, standing, claimant, state, not_before, recordings)
        claims, state = turn.claims, turn.state
        questions = open_questions(connection, submission_id, chunk) if standing.asking and not claims else []
        retry_at = now if claims else earliest_retry(connection, submission_id, chunk)
        if recordings.waiting:
            due = upload_queue.earliest(connection, submission_id, chunk)
            retry_at = due if retry_at is None or due is None else min(retry_at, due)
        done = (
            retry_at is None
            and not (claims or recordings.uploads)
            and finish(connection, submission_id, now=now)
        )
    if claims:
        mark(database, standing.age, standing.address, claims[-1].attempt_id)
    log_attempts(submission_id, report.attempts)
    if done:
        log_done(submission_id)
    return Grant(
        claims,
        state,
        retry_at,
        not_before=not_before,
        shared=turn.shared,
        create_idempotent=bool(standing.create_idempotent),
        uploads=recordings.uploads,
        refused_hosts=recordings.refused_hosts,
        questions=questions,
    )


# --- the steps of an exchange ------------------------------------------------------------------------------------


class _Standing(NamedTuple):
    """The submission, its address and its ledger at the moment of an exchange."""

    state: State
    address: str
    most_at_once: int | None
    create_idempotent: bool | None
    not_before: float | None
    ramp_over: bool | None
    asked_about: int | None
    uploading: bool
    asking: bool
    restored: str | None
    incarnation: str | None
    server: str
    knows_last: bool

    @property
    def ramping(self) -> bool:
        return self.ramp_over is not None and not self.ramp_over

    @property
    def age(self) -> LedgerAge:
        return LedgerAge(self.incarnation, self.server, bool(self.knows_last))


class _Recordings(NamedTuple):
    uploads: list[upload_queue.Upload]
    waiting: int
    refused_hosts: list[str]


class _Turn(NamedTuple):
    claims: list[Claim]
    state: State
    shared: str = ""


def _read_standing(
    database: Database, connection: sa.Connection, submission_id: str, report: Report
) -> _Standing:
    """Read where the submission stands, under the locks that this exchange needs."""
    this = {"the_submission": submission_id, "the_last": last_claim(database)}
    standing = _Standing(*connection.execute(_STANDING, this).one())
    if standing.restored is None and not (standing.knows_last and same_server(database, standing.age)):
        if replaced_beneath(database, connection, standing.age):
            put_questions(connection)
        standing = _Standing(*connection.execute(_STANDING, this).one())
    # A call that goes back to the queue must not meet a `cancel` that has just emptied it, and what is counted here
    # must not be counted by another worker at the same moment. SQLite has one writer anyway.
    counts = standing.ramping or standing.most_at_once
    if connection.dialect.name == "postgresql" and (
        counts or any(attempt.outcome == "again" for attempt in report.attempts)
    ):
        # The submission first, then the address, and both before any call or delivery: so two workers cannot deadlock.
        connection.execute(_LOCK_SUBMISSION, {"the_submission": submission_id})
        if standing.most_at_once:
            connection.execute(_LOCK_ADDRESS, {"the_address": standing.address})
        standing = _Standing(*connection.execute(_STANDING, this).one())
    return standing


def _record(connection: sa.Connection, report: Report, standing: _Standing, claimant: Claimant) -> float:
    """Store a report; return when sending to this address may start."""
    address, now = standing.address, claimant.now
    not_before = rate_limits.hold_left(connection, address, standing.not_before or 0.0, now=now)
    if report.attempts:
        not_before = max(not_before, _hold_address(connection, report.attempts, address))
        record_attempts(
            connection, report.attempts, claimant.submission_id, address=address, state=standing.state
        )
    if report.uploaded:
        upload_queue.record(connection, report.uploaded, claimant.worker)
    if report.bytes_sent:
        upload_queue.set_bytes_sent(connection, claimant.worker, report.bytes_sent)
    if report.pace is not None:
        rate_limits.store_note(
            connection, claimant.worker, claimant.submission_id, address, report.pace, now=now
        )
    return not_before


def _hold_address(connection: sa.Connection, attempts: Sequence[Attempt], address: str) -> float:
    """Hold the address where the server asked everybody to wait; return until when, or 0.0."""
    asked = [(attempt.retry_at, attempt.hold) for attempt in attempts if attempt.hold and attempt.retry_at]
    if not asked:
        return 0.0
    until, why = max(asked)
    rate_limits.hold(connection, address, until, why)
    return until


def _claim_uploads(
    connection: sa.Connection,
    report: Report,
    ask: Ask,
    standing: _Standing,
    claimant: Claimant,
    state: State,
) -> _Recordings:
    """Claim uploads, where the submission has recordings under way or got some with this report."""
    if not (standing.uploading or any(attempt.claim.recording for attempt in report.attempts)):
        return _Recordings([], 0, [])
    uploads: list[upload_queue.Upload] = []
    upload_queue.expire(connection, now=claimant.now)
    # `done`: an answer that came late may bring an address for its recording
    if ask.uploads > 0 and state in ("running", "done"):
        uploads = upload_queue.claim(
            connection,
            claimant.worker,
            upload_queue.of_chunk(claimant.submission_id, claimant.chunk),
            want=ask.uploads,
            now=claimant.now,
            replay=ask.replay,
        )
    waiting = upload_queue.waiting_count(connection, claimant.submission_id)
    refused = upload_hosts.refused_hosts(connection, claimant.submission_id) if waiting else []
    return _Recordings(uploads, waiting, refused)


def _claim(
    connection: sa.Connection,
    ask: Ask,
    standing: _Standing,
    claimant: Claimant,
    state: State,
    not_before: float,
    recordings: _Recordings,
) -> _Turn:
    """Claim as many calls as are wanted and allowed: by the ramp, by a hold, by the limit, by recordings that wait."""
    if ask.replay and ask.attempt_ids:
        claims = repeat_claims(connection, claimant.worker, ask.attempt_ids)
        if claims:
            return _Turn(claims, state)
    room, shared = ask.calls, ""
    if standing.ramping and state == "running":
        step = ramp_up.advance(connection, claimant.submission_id, standing.asked_about or 0, room)
        room, shared = step.room, step.limited_by
        state = "paused" if step.paused else state
    if claimant.now < not_before:
        room = 0
    if standing.most_at_once and state == "running" and room > 0:
        left = rate_limits.limit_room(
            connection, standing.address, claimant.worker, standing.most_at_once, now=claimant.now
        )
        if left < room:
            room, shared = left, f"held by the connection's limit of {standing.most_at_once}"
    with_recordings = True
    if ask.recordings_ahead is not None:
        left = ask.recordings_ahead - recordings.waiting - len(recordings.uploads)
        if room > left:
            with_recordings = left > 0  # calls without one go on
            room = left if with_recordings else room
    claims = []
    if state == "running" and room > 0:
        claims = claim_calls(
            connection,
            claimant,
            want=room,
            attempt_ids=ask.attempt_ids if len(ask.attempt_ids) >= room else new_attempt_ids(room),
            with_recordings=with_recordings,
        )
    return _Turn(claims, state, shared if len(claims) == room < ask.calls else "")


# --- statements --------------------------------------------------------------------------------------------------

_STANDING = (
    sa.select(
        submissions.c.state, submissions.c.address, paces.c.most_at_once, paces.c.create_idempotent,
        paces.c.not_before, ramps.c.over, ramps.c.asked_about,
        upload_queue.is_under_way(submissions.c.id).label("uploading"), asking(submissions.c.id).label("asking"),
        RESTORED_NOW, INCARNATION_NOW, SERVER_NOW,
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
