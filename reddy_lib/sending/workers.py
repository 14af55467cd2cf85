"""Who sends, what each of them can send, and what waits for somebody: read by pages, kept by `sending`.

A worker is one engine or one notebook, in one process. It says by a sign of life (`sending.heartbeat`) that it is
alive, how long it may be silent before others take it for dead (`lasts`), and what it has tokens for (`sends`, a
list of lanes). A *lane* says which token a submission needs without naming it: the address, the token's last
characters and its fingerprint. A token that was typed in is known in one process alone: its lane is the submission itself.

Deadness is judged by one clock, the database's: no machine's clock is compared with another's. A process that has
ended is noticed at once, but only from the very place where it ran: a host name is not enough, because containers
may share one, and neither is a process id, because it is given out again.
"""

from __future__ import annotations

import functools
import os
import socket
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.frames import utc
from reddy_lib.database.schema import batches, calls, submissions, workers

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.database.database import Database

__all__ = [
    "GIVE_UP_AFTER",
    "SENDERS",
    "ended",
    "lane",
    "moment",
    "place",
    "process",
    "queue",
    "serving",
    "silent",
    "workers_known",
]

GIVE_UP_AFTER = 45.0
"""Seconds without a sign of life after which others take a worker for dead, unless it asked for another time. With
the time until somebody looks, its work goes on elsewhere within a minute."""

SENDERS = ("app", "worker")
"""Kinds of workers that take whatever is queued; a notebook sends its own submission alone."""


def lane(submission: Any) -> str:
    """What a worker must have a token for to send this submission (a row of `submissions`)."""
    if submission.token_source == "typed":
        return str(submission.id)
    if submission.token_source == "notebook":
        return f"notebook {submission.id}"
    return " ".join(filter(None, (submission.address, submission.token_hint, submission.credential)))


def moment(connection: sa.Connection) -> float:
    """Now, in seconds since the epoch, by the clock that all who use this ledger share."""
    if connection.dialect.name == "sqlite":
        return time.time()  # the file's machine is this machine
    seconds: float = connection.execute(
        sa.select(sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double))
    ).scalar_one()
    return seconds


# which process is it


@functools.cache
def place() -> str:
    """Where process ids mean something: this boot of this machine, and in it this container."""
    boot = _text("/proc/sys/kernel/random/boot_id") or f"{uuid.getnode():x}"
    try:
        inside = os.readlink("/proc/self/ns/pid")
    except OSError:
        inside = ""
    return " ".join(part for part in (socket.gethostname(), boot, inside) if part)


def process(pid: int | None = None) -> str:
    """A process id with the moment at which the process began, where the system tells: an id is given out again."""
    pid = os.getpid() if pid is None else pid
    fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return f"{pid} {fields[19]}" if len(fields) > 19 else str(pid)


def ended(worker: Any) -> bool:
    """Has this worker's process ended for sure? False also where that cannot be seen from here."""
    if not worker.place or worker.place != place() or os.name == "nt":  # there, signal 0 is not harmless
        return False
    try:
        os.kill(worker.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # somebody else's process
    return bool(worker.process and " " in worker.process and process(worker.pid) != worker.process)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


# what pages ask


def silent(now: float) -> sa.ColumnElement[bool]:
    """The condition of a worker that was silent for longer than it said it would be."""
    return workers.c.heartbeat < now - sa.func.coalesce(workers.c.lasts, 60.0)


def serving(connection: sa.Connection, *, now: float | None = None) -> dict[str, set[str]]:
    """The lanes of each app and worker that is alive, by its name."""
    now = moment(connection) if now is None else now
    found = connection.execute(
        sa.select(workers.c.name, workers.c.sends).where(
            workers.c.gone.is_(False), workers.c.kind.in_(SENDERS), ~silent(now)
        )
    )
    return {name: _lanes(sends) for name, sends in found}


def workers_known(database: Database, *, now: float | None = None, gone_for: float = 3600.0) -> pd.DataFrame:
    """Workers that are alive, or were within the last hour (`gone_for`, seconds); the living first, the youngest first.

    Columns: name, host, pid, kind (app, worker, notebook), state (alive, silent: no sign of life for longer than
    it said, gone), started, heartbeat (UTC), silent_for (seconds), in_flight (calls), lately (answers in the
    minute before its last sign of life), sends (list of lanes).
    """
    import pandas as pd

    in_flight = (
        sa.select(sa.func.count())
        .where(calls.c.worker == workers.c.name, calls.c.status == sa.literal_column("'sending'"))
        .scalar_subquery()
    )
    with database.read() as connection:
        now = moment(connection) if now is None else now
        found = connection.execute(
            sa.select(workers, in_flight.label("in_flight"), silent(now).label("silent"))
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
            one.lately if not (one.gone or one.silent) else 0, sorted(_lanes(one.sends)),
        )
        for one in found
    ]  # fmt: skip
    rows.sort(key=lambda row: ("alive", "silent", "gone").index(row[4]))
    frame = pd.DataFrame(rows, columns=names)
    for name in ("started", "heartbeat"):
        frame[name] = utc(frame[name])
    return frame


def queue(database: Database, *, now: float | None = None) -> pd.DataFrame:
    """Submissions that are not over, of all batches, the oldest first: what waits, and who can send it.

    Columns: id, number, batch (its name), batch_id, state, token_source, address, token_hint, queued, sending,
    senders (names of apps and workers that are alive and have its token).
    """
    import pandas as pd

    def count(status: str) -> sa.ScalarSelect[int]:
        return (
            sa.select(sa.func.count())
            .where(calls.c.submission_id == submissions.c.id, calls.c.status == status)
            .scalar_subquery()
        )

    query = (
        sa.select(submissions, batches.c.name.label("batch"), count("queued").label("queued"),
                  count("sending").label("sending"))
        .join(batches, batches.c.id == submissions.c.batch_id)
        .where(submissions.c.state.in_(("running", "paused", "waiting")))
        .order_by(submissions.c.created_at)
    )  # fmt: skip
    with database.read() as connection:
        lanes = serving(connection, now=now)
        found = connection.execute(query).all()
    names = ["id", "number", "batch", "batch_id", "state", "token_source", "address", "token_hint", "queued",
             "sending"]  # fmt: skip
    rows = [
        (
            *(getattr(one, name) for name in names),
            sorted(who for who, has in lanes.items() if lane(one) in has),
        )
        for one in found
    ]
    return pd.DataFrame(rows, columns=[*names, "senders"])


def _lanes(sends: str | None) -> set[str]:
    return set(msgspec.json.decode(sends, type=list[str])) if sends else set()
