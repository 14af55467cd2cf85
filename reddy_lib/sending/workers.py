"""Workers: who sends, what each of them can send, and what happens to the calls of one that dies.

A worker is one engine or one notebook, in one process. Its heartbeat in the ledger says that it is alive, after how
many seconds of silence others may expire it (`lasts`), and which lanes it has tokens for (`sends`). A *lane* names
the token that a submission needs without showing it: the address, the token's last characters and its fingerprint.
A token that was typed in is known to one process only, so its lane is the submission itself.

One clock decides whether a worker is dead: the database's. Clocks of different machines are never compared. A process
that has ended is noticed at once, but only on the machine and in the container where it ran: containers may share a
host name, and the system reuses process ids.

The calls that a dead worker left in `sending` become `unknown`, never `queued`: their bytes may have left.
"""

from __future__ import annotations

import functools
import logging
import os
import secrets
import socket
import time
import uuid
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.frames import utc
from reddy_lib.database.schema import attempts, batches, calls, deliveries, recordings, submissions, workers
from reddy_lib.recordings import upload_queue
from reddy_lib.sending.states import BEING_SENT, OPEN_STATES, finish

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.database.database import Database

__all__ = [
    "HEARTBEAT_TIMEOUT",
    "SENDERS",
    "database_now",
    "expire_dead_workers",
    "expire_strays",
    "heartbeat",
    "host_identity",
    "is_alive",
    "is_silent",
    "lane",
    "new_worker",
    "process_ended",
    "process_identity",
    "queue",
    "retire_worker",
    "serving",
    "strays",
    "workers_known",
]

HEARTBEAT_TIMEOUT = 45.0
"""Seconds without a heartbeat after which others expire a worker, unless it asked for another timeout. With the time
until somebody looks, its work goes on elsewhere within a minute."""

SENDERS = ("app", "worker")
"""Kinds of workers that take whatever is queued. A notebook sends only its own submission."""

_log = logging.getLogger("reddy_lib.sending")


class _NeedsToken(Protocol):
    """What `lane` reads of a submission's record."""

    @property
    def id(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def token_source(self) -> str: ...
    @property
    def token_hint(self) -> str: ...
    @property
    def credential(self) -> str | None: ...


def lane(submission: _NeedsToken) -> str:
    """Return the lane that a worker must serve to send this submission."""
    if submission.token_source == "typed":
        return submission.id
    if submission.token_source == "notebook":
        return f"notebook {submission.id}"
    return " ".join(filter(None, (submission.address, submission.token_hint, submission.credential)))


def database_now(connection: sa.Connection) -> float:
    """Return the time in seconds since the epoch, by the clock that all users of this ledger share."""
    if connection.dialect.name == "sqlite":
        return time.time()  # the file's machine is this machine
    seconds: float = connection.execute(
        sa.select(sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double))
    ).scalar_one()
    return seconds


# --- which process a worker is ---------------------------------------------------------------------------------


@functools.cache
def host_identity() -> str:
    """Return where a process id is unique: this boot of this machine, and in it this container."""
    boot = _read_text("/proc/sys/kernel/random/boot_id") or f"{uuid.getnode():x}"
    try:
        inside = os.readlink("/proc/self/ns/pid")
    except OSError:
        inside = ""
    return " ".join(part for part in (socket.gethostname(), boot, inside) if part)


def process_identity(pid: int | None = None) -> str:
    """Return a process id with the process's start time where the system tells it, because ids are reused."""
    pid = os.getpid() if pid is None else pid
    fields = _read_text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return f"{pid} {fields[19]}" if len(fields) > 19 else str(pid)


class _Registered(NamedTuple):
    """A worker's row, as far as it tells whether the worker is dead."""

    name: str
    pid: int
    place: str | None
    process: str | None
    silent: bool


def process_ended(pid: int, place: str | None, process: str | None) -> bool:
    """Return whether a worker's process has certainly ended; False also where that cannot be seen from here."""
    if not place or place != host_identity() or os.name == "nt":  # on Windows signal 0 is not harmless
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # another user's process
    return bool(process and " " in process and process_identity(pid) != process)


def _read_text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _this_process(worker: str) -> dict[str, Any]:
    return {
        "name": worker,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "place": host_identity(),
        "process": process_identity(),
    }


# --- registering, heartbeats, retiring ---------------------------------------------------------------------------


def new_worker(
    database: Database,
    *,
    kind: Literal["app", "worker", "notebook"] = "worker",
    timeout: float = HEARTBEAT_TIMEOUT,
    sends: Collection[str] = (),
    now: float | None = None,
) -> str:
    """Register this process as a worker and return the worker's new name.

    Args:
        timeout: seconds without a heartbeat after which others may expire it.
        sends: the lanes that it has tokens for.
    """
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    with database.write(right="send") as connection:
        now = database_now(connection) if now is None else now
        connection.execute(
            workers.insert().values(
                **_this_process(name),
                started=now,
                heartbeat=now,
                gone=False,
                kind=kind,
                lasts=timeout,
                sends=_encode_lanes(sends),
            )
        )
    _log.info("worker started", extra={"worker": name})
    return name


def heartbeat(
    database: Database,
    worker: str,
    *,
    now: float | None = None,
    sends: Collection[str] | None = None,
    lately: int | None = None,
) -> bool:
    """Record that a worker is alive; return False if it had been expired meanwhile, and its calls with it.

    Args:
        now: the database's clock unless given.
        sends: the lanes that it has tokens for (see `lane`); None leaves them as they were.
        lately: answers that it received in the last minute.
    """
    values: dict[str, Any] = {"gone": False}
    if sends is not None:
        values["sends"] = _encode_lanes(sends)
    if lately is not None:
        values["lately"] = lately
    mine = workers.c.name == worker
    with database.write(right="send") as connection:
        # Locked, so that a worker that expires this one right now has either committed (seen here) or finds it alive.
        gone = connection.execute(sa.select(workers.c.gone).where(mine).with_for_update()).scalar()
        values["heartbeat"] = database_now(connection) if now is None else now
        changed = connection.execute(workers.update().where(mine).values(**values))
        if not changed.rowcount:
            # An older ledger was put in its place, which has to know who holds what is claimed from now on.
            gone = True
            connection.execute(
                workers.insert().values(**_this_process(worker), started=values["heartbeat"], **values)
            )
    return not gone


def retire_worker(database: Database, worker: str) -> int:
    """Take a worker off the list and return how many calls it left in `sending`, which become `unknown`.

    A worker that ends in order leaves none.
    """
    with database.write(right="send") as connection:
        lost = _expire(connection, [worker], now=time.time())
    _log.info("worker stopped", extra={"worker": worker, "calls": lost})
    return lost


# --- expiring ----------------------------------------------------------------------------------------------------


def expire_dead_workers(database: Database, *, now: float | None = None) -> int:
    """Turn the calls that dead workers left in `sending` into `unknown`; return how many.

    A worker is dead if its last heartbeat, by the database's clock, is older than its own timeout (a minute where it
    named none), or if its process has ended, which can be seen only where it ran.
    """
    with database.write(right="send") as connection:
        now = database_now(connection) if now is None else now
        upload_queue.expire(connection, now=now)
        holds_calls = sa.or_(
            sa.exists().where(calls.c.worker == workers.c.name, BEING_SENT),
            sa.exists().where(
                recordings.c.upload_url.is_not(None),
                recordings.c.state == "sending",
                recordings.c.worker == workers.c.name,
            ),
        )
        known = connection.execute(
            sa.select(workers.c.name, workers.c.pid, workers.c.place, workers.c.process, is_silent(now))
            # An expired worker (its machine slept) may have woken up, claimed calls, and died only then.
            .where(sa.or_(workers.c.gone.is_(False), holds_calls))
            .with_for_update(of=workers, skip_locked=True)  # locked by its own heartbeat: it is alive
        ).all()
        dead = [
            one.name
            for one in (_Registered(*found) for found in known)
            if one.silent or process_ended(one.pid, one.place, one.process)
        ]
        lost = _expire(connection, dead, now=now)
    for name in dead:
        _log.warning("worker expired", extra={"worker": name})
    if lost:
        _log.warning("calls in doubt", extra={"calls": lost})
    return lost


def strays(database: Database, worker: str, in_hand: Collection[str]) -> list[str]:
    """Return attempts that the ledger lists as in flight for a live worker, but that the worker does not know.

    Their claim was committed, but the worker never learned so: the connection broke before the database could answer.

    Args:
        in_hand: ids of the attempts that the worker knows of.
    """
    with database.read() as connection:
        found = connection.execute(_attempts_under_way(worker)).scalars().all()
    return [attempt for attempt in found if attempt not in in_hand]


def expire_strays(database: Database, worker: str, attempt_ids: Collection[str]) -> int:
    """Mark the calls of these attempts `unknown` if they are still in flight; return how many."""
    with database.write(right="send") as connection:
        lost = connection.execute(
            _attempts_under_way(worker)
            .where(attempts.c.id.in_(list(attempt_ids)))
            .with_for_update(of=calls)
            .with_only_columns(calls.c.id, calls.c.submission_id)
        ).all()
        return _put_in_doubt(connection, [_Lost(*found) for found in lost], now=time.time())


def _attempts_under_way(worker: str) -> sa.Select[str]:
    return (
        sa.select(attempts.c.id)
        .join(calls, sa.and_(calls.c.id == attempts.c.call_id, calls.c.attempts == attempts.c.number))
        .where(BEING_SENT, calls.c.worker == worker, attempts.c.result.is_(None))
    )


class _Lost(NamedTuple):
    call_id: int
    submission_id: str


def _expire(connection: sa.Connection, names: Sequence[str], *, now: float) -> int:
    if not names:
        return 0
    lost = connection.execute(
        sa.select(calls.c.id, calls.c.submission_id).where(BEING_SENT, calls.c.worker.in_(names))
    ).all()
    connection.execute(workers.update().where(workers.c.name.in_(names)).values(gone=True))
    upload_queue.release_claims(connection, names)
    return _put_in_doubt(connection, [_Lost(*found) for found in lost], now=now)


def _put_in_doubt(connection: sa.Connection, lost: Sequence[_Lost], *, now: float) -> int:
    words = "The program stopped while this call was being sent: it may or may not have reached Reddy."
    for call in lost:
        connection.execute(
            calls.update()
            .where(calls.c.id == call.call_id)
            .values(status="unknown", error=words, ended_at=now)
        )
        connection.execute(
            attempts.update()
            .where(attempts.c.call_id == call.call_id, attempts.c.result.is_(None))
            .values(result="unknown", possibly_processed=True, ended=now, words=words)
        )
        connection.execute(
            deliveries.update()
            .where(deliveries.c.call_id == call.call_id, deliveries.c.state == "sending")
            .values(state="unknown", at=now)
        )
    for submission_id in {call.submission_id for call in lost}:
        finish(connection, submission_id, now=now)
    return len(lost)


# --- reading -----------------------------------------------------------------------------------------------------


def is_silent(now: float) -> sa.ColumnElement[bool]:
    """Return the condition of a worker whose last heartbeat is older than its timeout."""
    return workers.c.heartbeat < now - sa.func.coalesce(workers.c.lasts, 60.0)


def is_alive(database: Database, kind: str, *, pid: int | None = None) -> bool:
    """Return whether a worker of this kind on this machine (and with this process id) sends heartbeats.

    Raises LedgerUnavailable.
    """
    known = workers_known(database)
    mine = (known["kind"] == kind) & (known["host"] == socket.gethostname()) & (known["state"] == "alive")
    return bool((mine if pid is None else mine & (known["pid"] == pid)).any())


def serving(connection: sa.Connection, *, now: float | None = None) -> dict[str, set[str]]:
    """Return the lanes of each app and worker that is alive, by its name."""
    now = database_now(connection) if now is None else now
    found = connection.execute(
        sa.select(workers.c.name, workers.c.sends).where(
            workers.c.gone.is_(False), workers.c.kind.in_(SENDERS), ~is_silent(now)
        )
    )
    return {name: _decode_lanes(sends) for name, sends in found}


def workers_known(database: Database, *, now: float | None = None, gone_for: float = 3600.0) -> pd.DataFrame:
    """Return workers that are alive or were within the last `gone_for` seconds; living ones first, newest first.

    Columns: name, host, pid, kind (app, worker, notebook), state (alive, silent: no heartbeat for longer than its
    timeout, gone), started, heartbeat (UTC), silent_for (seconds), in_flight (calls), lately (answers in the minute
    before its last heartbeat), sends (list of lanes).
    """
    import pandas as pd

    in_flight = (
        sa.select(sa.func.count()).where(calls.c.worker == workers.c.name, BEING_SENT).scalar_subquery()
    )
    with database.read() as connection:
        now = database_now(connection) if now is None else now
        found = connection.execute(
            sa.select(workers, in_flight.label("in_flight"), is_silent(now).label("silent"))
            .where(sa.or_(workers.c.gone.is_(False), workers.c.heartbeat > now - gone_for))
            .where(workers.c.heartbeat > now - max(gone_for, 86_400.0))
            .order_by(workers.c.started.desc())
        ).all()
    names = ["name", "host", "pid", "kind", "state", "started", "heartbeat", "silent_for", "in_flight",
             "lately", "sends"]  # fmt: skip
    rows = [
        (
            one.name, one.host, one.pid, one.kind, "gone" if one.gone else "silent" if one.silent else "alive",
            one.started, one.heartbeat, max(0.0, now - one.heartbeat), one.in_flight,
            one.lately if not (one.gone or one.silent) else 0, sorted(_decode_lanes(one.sends)),
        )
        for one in found
    ]  # fmt: skip
    rows.sort(key=lambda row: ("alive", "silent", "gone").index(row[4]))
    frame = pd.DataFrame(rows, columns=names)
    for name in ("started", "heartbeat"):
        frame[name] = utc(frame[name])
    return frame


class _Waiting(NamedTuple):
    """A submission that has not ended, with what `queue` tells of it."""

    id: str
    number: int
    batch: str
    batch_id: str
    state: str
    token_source: str
    address: str
    token_hint: str
    queued: int
    sending: int
    credential: str | None


def queue(database: Database, *, now: float | None = None) -> pd.DataFrame:
    """Return the submissions that have not ended, of all batches, oldest first: what waits, and who can send it.

    Columns: id, number, batch (its name), batch_id, state, token_source, address, token_hint, queued, sending,
    senders (names of living apps and workers that have its token).
    """
    import pandas as pd

    def count(status: str) -> sa.ScalarSelect[int]:
        return (
            sa.select(sa.func.count())
            .where(calls.c.submission_id == submissions.c.id, calls.c.status == status)
            .scalar_subquery()
        )

    of = submissions.c
    query = (
        sa.select(
            of.id, of.number, batches.c.name, of.batch_id, of.state, of.token_source, of.address, of.token_hint,
            count("queued"), count("sending"), of.credential,
        )
        .join(batches, batches.c.id == of.batch_id)
        .where(of.state.in_(OPEN_STATES))
        .order_by(of.created_at)
    )  # fmt: skip
    with database.read() as connection:
        lanes = serving(connection, now=now)
        found = [_Waiting(*row) for row in connection.execute(query)]
    rows = [
        (*one[:-1], sorted(name for name, served in lanes.items() if lane(one) in served)) for one in found
    ]
    return pd.DataFrame(rows, columns=[*_Waiting._fields[:-1], "senders"])


def _encode_lanes(lanes: Collection[str]) -> str:
    return msgspec.json.encode(sorted(lanes)).decode()


def _decode_lanes(sends: str | None) -> set[str]:
    return set(msgspec.json.decode(sends, type=list[str])) if sends else set()
