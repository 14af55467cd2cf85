"""The uploads of recordings whose calls Reddy has accepted.

Reddy's answer to a call that announces a recording holds the URL to upload it to. `announce` stores that URL in the
same commit that sets the call to `accepted`, so that after a crash another process continues from there. An upload may
be repeated until its URL expires. It can never become a second call, because nothing here changes a call's status.

    waiting ─ claim ─> sending ─┬─> uploaded
       ^                        ├─> failed     refused by the server, or the file is not what was attached
       └── retry, or released ──┴─> expired    the URL expired first

The URL is its own credential, so it is a secret: it is deleted when the upload ends in any of the three ways, and is in
no repr, log, frame or export. The host that it names has to be allowed (`upload_hosts`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.database.conditions import is_due
from reddy_lib.database.sandbox_urls import ledger_address
from reddy_lib.database.schema import calls, recordings
from reddy_lib.recordings.attachments import ASK_SUPPORT, NOT_UPLOADED, PUT_BACK, STATES, Recorded
from reddy_lib.recordings.upload_hosts import HOST_REFUSED, SUBMISSION_ADDRESS

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = [
    "EXPIRED",
    "LOST",
    "NO_ADDRESS",
    "TRIED_AGAIN",
    "Upload",
    "Uploaded",
    "announce",
    "claim",
    "claim_of_batch",
    "earliest",
    "expire",
    "expired_message",
    "fail_lost_urls",
    "forget_uploads",
    "is_under_way",
    "left_in_batch",
    "of_chunk",
    "open_chunks",
    "record",
    "release_claims",
    "set_bytes_sent",
    "store_bytes_sent",
    "uploads_of",
    "waiting_count",
]

USUAL_SECONDS = 3600.0
"""How long an upload URL is assumed to work where Reddy does not say; its guide says one hour."""

LOST = (
    "Reddy has this call, but its answer with the address for the recording was lost: the recording is not there. "
    f"{ASK_SUPPORT}"
)
NO_ADDRESS = f"Reddy accepted the call but sent no address for its recording: the recording was not uploaded. {ASK_SUPPORT}"
EXPIRED = (
    "The address for this recording expired before it was uploaded. The call itself is at Reddy. "
    "Ask Reddy's support how to attach the recording; sending the call again would make a second call."
)
TRIED_AGAIN = "The upload is retried while the submission continues, until the address expires."


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A recording that a worker has claimed. `attempt_id`: of the create that announced it; `url`: a secret."""

    call_id: int
    row: int
    attempt_id: str
    recording: Recorded
    content_type: str
    url: str
    expires_at: float
    tries: int

    def __repr__(self) -> str:
        return f"<Upload row {self.row} · {self.recording.name!r} · {self.recording.size:,} bytes · try {self.tries}>"

    def __rich_repr__(self) -> list[tuple[str, int | str]]:
        """Hide the URL from pretty-printers, which would otherwise list every field."""
        return [("row", self.row), ("name", self.recording.name), ("tries", self.tries)]


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one PUT. `outcome` "again": it is to be retried, at `retry_at`; `tried`: bytes may have left."""

    upload: Upload
    outcome: Literal["uploaded", "failed", "expired", "again"]
    ended: float
    sent: int = 0
    error: str = ""
    retry_at: float | None = None
    tried: bool = True


class _Row(NamedTuple):
    """What `_select_uploads` selects."""

    row: int
    call_id: int
    attempt_id: str
    content_type: str
    url: str
    expires_at: float
    tries: int
    name: str
    place: str
    path: str
    sha256: str
    size: int
    changed: float


class _Expiring(NamedTuple):
    call_id: int
    error: str | None


class _Total(NamedTuple):
    state: str
    number: int
    sent: int
    size: int


_CALL = calls.alias()  # for conditions, also in statements that join `calls` themselves
_HAS_URL = recordings.c.upload_url.is_not(None)
_WAITS = sa.and_(recordings.c.state == "waiting", _HAS_URL)


def expired_message(last: str | None) -> str:
    """Return the message for a recording whose URL expired; `last`: the message of the last try."""
    if not last:
        return EXPIRED
    return f"{EXPIRED} The last try: {last.removesuffix(TRIED_AGAIN).removesuffix(PUT_BACK).rstrip()}"


# --- from a call's outcome to its upload -------------------------------------------------------------------


def announce(
    connection: sa.Connection,
    call_id: int,
    *,
    submission_id: str,
    attempt_id: str,
    upload_url: str | None,
    host: str | None,
    expires_at: float | None,
    sha256: str | None,
    problem: str,
    now: float,
) -> None:
    """Store the upload URL of a call that Reddy accepted, or why its recording cannot be uploaded.

    Args:
        sha256: of the file that the call had when it was sent. A file that was attached since then is not uploaded: it
            belongs to another create.
    """
    values: dict[str, str | int | float | None] = {
        **NOT_UPLOADED,
        "submission_id": submission_id,
        "attempt_id": attempt_id,
    }
    if upload_url and not problem:
        values |= {
            "upload_url": upload_url,
            "host": host,
            "expires_at": now + USUAL_SECONDS if expires_at is None else expires_at,
        }
        state = "waiting"
    else:
        state = "failed"
        values |= {"state": state, "error": problem or NO_ADDRESS, "ended_at": now}
    done = connection.execute(
        recordings.update()
        .where(recordings.c.call_id == call_id, recordings.c.sha256 == sha256)
        .values(**values)
    )
    if done.rowcount:
        connection.execute(calls.update().where(calls.c.id == call_id).values(audio=state))


def fail_lost_urls(connection: sa.Connection, call_ids: Sequence[int], *, now: float) -> None:
    """Fail the recordings of calls that Reddy turned out to have: their answer, and the URL in it, never arrived."""
    waiting = sa.and_(
        recordings.c.call_id.in_(list(call_ids)),
        recordings.c.upload_url.is_(None),
        recordings.c.state == "waiting",
    )
    ids = connection.execute(sa.select(recordings.c.call_id).where(waiting)).scalars().all()
    if ids:
        connection.execute(
            recordings.update()
            .where(recordings.c.call_id.in_(ids))
            .values(state="failed", error=LOST, ended_at=now)
        )
        connection.execute(calls.update().where(calls.c.id.in_(ids)).values(audio="failed"))


def forget_uploads(connection: sa.Connection, call_ids: Sequence[int]) -> None:
    """Forget what was uploaded with these calls, because the sandbox forgot the calls."""
    there = sa.select(recordings.c.call_id).where(recordings.c.call_id.in_(list(call_ids)))
    ids = connection.execute(there).scalars().all()
    if ids:
        connection.execute(recordings.update().where(recordings.c.call_id.in_(ids)).values(**NOT_UPLOADED))
        connection.execute(calls.update().where(calls.c.id.in_(ids)).values(audio="waiting"))


# --- claim and record --------------------------------------------------------------------------------------


def claim(
    connection: sa.Connection,
    worker: str,
    which: sa.ColumnElement[bool],
    *,
    want: int,
    now: float,
    replay: bool = False,
) -> list[Upload]:
    """Claim up to `want` recordings that are due, those whose URL expires first.

    Args:
        replay: an earlier try of this claim, with the same `now`, may have been committed without its result reaching
            the worker. If so, return that result.
    """
    if replay:
        mine = sa.and_(
            recordings.c.state == "sending", recordings.c.worker == worker, recordings.c.started_at == now
        )
        claimed = [_Row(*one) for one in connection.execute(_select_uploads(sa.and_(which, mine)))]
        if claimed:
            return [_upload(one, one.tries) for one in claimed]
    due = sa.and_(
        which, _WAITS, recordings.c.expires_at > now, is_due(recordings.c.retry_at, now), ~HOST_REFUSED
    )
    query = (
        _select_uploads(due)
        .order_by(recordings.c.expires_at, recordings.c.call_id)
        .limit(want)
        .with_for_update(skip_locked=True, of=recordings)
    )
    found = [_Row(*one) for one in connection.execute(query)]
    if found:
        connection.execute(
            recordings.update()
            .where(recordings.c.call_id.in_([one.call_id for one in found]))
            .values(
                state="sending",
                worker=worker,
                tries=recordings.c.tries + 1,
                retry_at=None,
                sent=0,
                started_at=now,
                ended_at=None,
            )
        )
    return [_upload(one, one.tries + 1) for one in found]


def record(connection: sa.Connection, done: Sequence[Uploaded], worker: str) -> None:
    """Record upload results. A success is accepted from any worker; a failure only from the worker that holds the claim."""
    for one in done:
        mine = sa.and_(
            recordings.c.call_id == one.upload.call_id, recordings.c.attempt_id == one.upload.attempt_id
        )
        values: dict[str, object] = {
            "state": "waiting" if one.outcome == "again" else one.outcome,
            "worker": None,
            "sent": one.upload.recording.size if one.outcome == "uploaded" else one.sent,
            "error": one.error or None,
            "ended_at": one.ended,
        }
        if one.outcome == "again":
            values["retry_at"] = one.retry_at
            if not one.tried:
                values["tries"] = recordings.c.tries - 1
        else:
            values |= {"upload_url": None, "host": None}
        if one.outcome == "uploaded":
            mine = sa.and_(mine, recordings.c.state != "uploaded")
        else:
            mine = sa.and_(mine, recordings.c.state == "sending", recordings.c.worker == worker)
        if connection.execute(recordings.update().where(mine).values(**values)).rowcount:
            connection.execute(
                calls.update().where(calls.c.id == one.upload.call_id).values(audio=values["state"])
            )


def set_bytes_sent(connection: sa.Connection, worker: str, sent: Iterable[tuple[int, int]]) -> None:
    """Set how many bytes of this worker's uploads have been sent, for the progress display: (call id, bytes)."""
    for call_id, count in sent:
        connection.execute(
            recordings.update()
            .where(
                recordings.c.call_id == call_id,
                recordings.c.state == "sending",
                recordings.c.worker == worker,
            )
            .values(sent=count)
        )


def release_claims(connection: sa.Connection, workers: Sequence[str]) -> None:
    """Release what dead workers were uploading, for another worker: repeating an upload does no harm."""
    connection.execute(
        recordings.update()
        .where(_HAS_URL, recordings.c.state == "sending", recordings.c.worker.in_(list(workers)))
        .values(state="waiting", worker=None)
    )


def expire(connection: sa.Connection, *, now: float) -> int:
    """Expire waiting uploads whose URL has expired; return how many."""
    over = sa.and_(_WAITS, recordings.c.expires_at <= now)
    query = sa.select(recordings.c.call_id, recordings.c.error).where(over).with_for_update(skip_locked=True)
    found = [_Expiring(*one) for one in connection.execute(query)]
    for one in found:
        connection.execute(
            recordings.update()
            .where(recordings.c.call_id == one.call_id)
            .values(
                state="expired",
                upload_url=None,
                host=None,
                worker=None,
                error=expired_message(one.error),
                ended_at=now,
            )
        )
        connection.execute(calls.update().where(calls.c.id == one.call_id).values(audio="expired"))
    return len(found)


def _select_uploads(which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Select the columns of `_Row`."""
    names = ("call_id", "attempt_id", "content_type", "upload_url", "expires_at", "tries")
    columns = [recordings.c[name] for name in (*names, *Recorded.__struct_fields__)]
    return sa.select(calls.c.row, *columns).join(calls, calls.c.id == recordings.c.call_id).where(which)


def _upload(found: _Row, tries: int) -> Upload:
    return Upload(
        call_id=found.call_id,
        row=found.row,
        attempt_id=found.attempt_id,
        recording=Recorded(found.name, found.place, found.path, found.sha256, found.size, found.changed),
        content_type=found.content_type,
        url=found.url,
        expires_at=found.expires_at,
        tries=tries,
    )


# --- what is left to do ------------------------------------------------------------------------------------


def of_chunk(submission_id: str, chunk: int | None) -> sa.ColumnElement[bool]:
    """Return the condition for the recordings of a chunk of a submission (None: of all its chunks)."""
    mine = recordings.c.submission_id == submission_id
    if chunk is None:
        return mine
    return sa.and_(mine, sa.exists().where(_CALL.c.id == recordings.c.call_id, _CALL.c.chunk == chunk))


def is_under_way(submission_id: str | sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Return the condition that uploads of a submission are waiting or being sent."""
    return sa.exists().where(
        recordings.c.submission_id == submission_id,
        recordings.c.state.in_(("waiting", "sending")),
        _HAS_URL,
    )


def waiting_count(connection: sa.Connection, submission_id: str) -> int:
    """Count the recordings of a submission that wait for their upload."""
    return connection.execute(
        sa.select(sa.func.count()).where(recordings.c.submission_id == submission_id, _WAITS)
    ).scalar_one()


def earliest(connection: sa.Connection, submission_id: str, chunk: int | None) -> float | None:
    """Return when the next upload of a chunk is due (0 = now), or None if none waits except for a person's decision."""
    return _next_due(connection, of_chunk(submission_id, chunk))


def open_chunks(connection: sa.Connection, submission_id: str) -> list[int]:
    """Return the chunks with recordings that wait for their upload."""
    query = (
        sa.select(calls.c.chunk)
        .join(recordings, recordings.c.call_id == calls.c.id)
        .where(recordings.c.submission_id == submission_id, _WAITS, calls.c.chunk.is_not(None))
        .distinct()
    )
    return [chunk for chunk in connection.execute(query).scalars() if chunk is not None]


def uploads_of(database: Database, submission_id: str) -> dict[str, int]:
    """Count the recordings of a submission whose calls were accepted, by state.

    Also returns the bytes of uploads that are being sent now: `sent` so far, of `size` in all.
    """
    query = (
        sa.select(
            recordings.c.state,
            sa.func.count(),
            sa.func.sum(recordings.c.sent),
            sa.func.sum(recordings.c.size),
        )
        .where(recordings.c.submission_id == submission_id)
        .group_by(recordings.c.state)
    )
    numbers = dict.fromkeys((*STATES, "sent", "size"), 0)
    with database.read() as connection:
        for total in (_Total(*row) for row in connection.execute(query)):
            numbers[total.state] = total.number
            if total.state == "sending":
                numbers["sent"], numbers["size"] = int(total.sent), int(total.size)
    return numbers


# --- uploads of a batch, without a running submission ------------------------------------------------------


def claim_of_batch(
    database: Database, batch_id: str, worker: str, *, addresses: Collection[str], want: int, now: float
) -> list[Upload]:
    """Claim recordings of a batch that wait for their upload, whatever the state of their submission."""
    which = _of_batch(database, batch_id, addresses)
    with database.write(right="send") as connection:
        expire(connection, now=now)
        return claim(connection, worker, which, want=want, now=now)


def left_in_batch(
    database: Database, batch_id: str, *, addresses: Collection[str]
) -> tuple[float | None, list[str]]:
    """Return when the next upload of a batch is due (0 = now; None: none waits), and the hosts that are not allowed."""
    which = _of_batch(database, batch_id, addresses)
    with database.read() as connection:
        due = _next_due(connection, which)
        hosts = connection.execute(
            sa.select(recordings.c.host).where(which, _WAITS, HOST_REFUSED).distinct()
        ).scalars().all()  # fmt: skip
    return due, sorted(host for host in hosts if host)


def store_bytes_sent(database: Database, worker: str, sent: Iterable[tuple[int, int]]) -> None:
    """Store how many bytes have been sent, for the progress display. A power cut may lose it."""
    with database.write(right="send", durable=False) as connection:
        set_bytes_sent(connection, worker, sent)


def _of_batch(database: Database, batch_id: str, addresses: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.and_(
        sa.exists().where(_CALL.c.id == recordings.c.call_id, _CALL.c.batch_id == batch_id),
        SUBMISSION_ADDRESS.in_(sorted({ledger_address(database, each) for each in addresses})),
    )


def _next_due(connection: sa.Connection, which: sa.ColumnElement[bool]) -> float | None:
    first = sa.func.min(sa.func.coalesce(recordings.c.retry_at, 0))
    due: float | None = connection.execute(sa.select(first).where(which, _WAITS, ~HOST_REFUSED)).scalar()
    return due
