"""Carry out a forgetting: begin it in one transaction, empty the calls in pieces, then write the databases anew."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from reddy_lib.batches.detaching import detach_in
from reddy_lib.batches.facet_store import drop_store
from reddy_lib.batches.selections import rows_of_ranges
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.access_log import note_access
from reddy_lib.database.bulk import pieces
from reddy_lib.database.locks import lock_submissions
from reddy_lib.database.privacy_tables import forgettings, retention
from reddy_lib.database.schema import (
    batches,
    calls,
    operations,
    recordings,
    selections,
    submissions,
)
from reddy_lib.database.sqlite_backup import delete_copies
from reddy_lib.errors import SubmissionError
from reddy_lib.forgetting.receipts import (
    Counts,
    ForgetReceipt,
    Kind,
    add_counts,
    begin_record,
    read_receipt,
    unfinished,
)
from reddy_lib.forgetting.recording_files import delete_files, delete_store
from reddy_lib.forgetting.settings import drop_settings, others_with, signature_of_batch, without_samples
from reddy_lib.forgetting.wiping import (
    conversations_of,
    empty_operations,
    is_emptied,
    lock_out,
    wipe,
    wipe_draws,
    wipe_recordings,
)
from reddy_lib.sandbox.memory import forget_in_record
from reddy_lib.sending.engine_forgetting import forget_tasks
from reddy_lib.sending.workers import expire_dead_workers

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = [
    "ForgetSandbox",
    "begin_forgetting",
    "begin_recordings",
    "busy_calls",
    "finish_forgetting",
    "sandbox_record_of",
]

ForgetSandbox = Callable[[Collection[str]], int]
"""Delete the calls of these conversation ids from a running sandbox; return how many."""

PIECE = 250
"""Calls a transaction: others wait for the ledger meanwhile."""

_SHOWN = 5


class _Busy(NamedTuple):
    batch_id: str
    batch: str
    row: int
    status: str


def busy_calls(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[_Busy]:
    """Return the calls among these that are queued, being sent, or whose recording is still to be uploaded."""
    uploading = sa.exists().where(
        recordings.c.call_id == calls.c.id,
        sa.or_(recordings.c.state == "sending", recordings.c.upload_url.is_not(None)),
    )
    query = (
        sa.select(calls.c.batch_id, batches.c.name, calls.c.row, calls.c.status)
        .join(batches, batches.c.id == calls.c.batch_id)
        .where(which, sa.or_(calls.c.status.in_(("queued", "sending")), uploading))
        .order_by(calls.c.batch_id, calls.c.row)
    )
    return [_Busy(*row) for row in connection.execute(query)]


def _refuse_busy(connection: sa.Connection, ids: Sequence[int]) -> None:
    busy = [one for some in pieces(ids) for one in busy_calls(connection, calls.c.id.in_(some))]
    if not busy:
        return
    shown = "; ".join(
        f"row {one.row} of {one.batch!r} is "
        + (
            one.status
            if one.status in ("queued", "sending")
            else "accepted, and its recording is to be uploaded"
        )
        for one in busy[:_SHOWN]
    )
    more = f", and {len(busy) - _SHOWN:,} more" if len(busy) > _SHOWN else ""
    raise SubmissionError(
        f"Nothing was forgotten, because {len(busy):,} of these calls are being sent: {shown}{more}. Wait until the "
        "submission has ended, or cancel it, then try again."
    )


def _free(connection: sa.Connection, ids: Sequence[int]) -> list[int]:
    """Return the calls that are not being sent, and that no other process began to forget."""
    free: list[int] = []
    for some in pieces(ids):
        busy = {(one.batch_id, one.row) for one in busy_calls(connection, calls.c.id.in_(some))}
        query = sa.select(calls.c.id, calls.c.batch_id, calls.c.row).where(
            calls.c.id.in_(some), calls.c.forgotten_at.is_(None)
        )
        free += [one.id for one in connection.execute(query) if (one.batch_id, one.row) not in busy]
    return free


def begin_forgetting(
    database: Database,
    ids: Sequence[int],
    *,
    kind: Kind,
    batch_id: str | None,
    who: str,
    settings: bool | None = False,
    also: Callable[[sa.Connection], Counts] | None = None,
    leave_busy: bool = False,
) -> str:
    """Begin to forget calls by their ids; with `kind` "batch", also their batch. Return the receipt's id, or "" if no call
    is left (`leave_busy`).

    From here on the calls can be neither sent nor edited. `finish_forgetting` deletes their words.

    Args:
        settings: also delete the profiles and recipes of the batch's columns; None: if no other batch has these columns.
        also: what else to delete in the transaction that begins it.
        leave_busy: leave out calls that are being sent, instead of refusing.

    Raises SubmissionError: calls are being sent; nothing was forgotten.
    """
    database.require("administer")
    expire_dead_workers(database)
    id, now = "f" + secrets.token_hex(8), time.time()
    with database.write(right="administer") as connection:
        lock_submissions(connection)
        if leave_busy:
            ids = _free(connection, ids)
            if not ids:
                return ""
        else:
            _refuse_busy(connection, ids)
        signature = None if batch_id is None else signature_of_batch(connection, batch_id)
        if settings is None:
            settings = signature is not None and not others_with(connection, signature, batch_id or "")
        begin_record(
            connection,
            id=id,
            kind=kind,
            batch_ids=_batches_of(connection, ids) if batch_id is None else [batch_id],
            call_ids=list(ids),
            signature=signature,
            settings=settings,
            who=who,
            now=now,
        )
        if kind == "batch":
            connection.execute(batches.update().where(batches.c.id == batch_id).values(state="forgetting"))
        for some in pieces(ids):
            lock_out(connection, some, now=now)
        if also is not None:
            add_counts(connection, id, also(connection))
        note_access(connection, "forgot", who=who, batch_id=batch_id, calls=len(ids), reference=id)
    return id


def finish_forgetting(
    database: Database, *, sandbox: ForgetSandbox | None = None, patience: float = 5.0
) -> list[ForgetReceipt]:
    """Carry out everything that was begun. Return the receipts; they are "running" while others keep the files open.

    Args:
        patience: seconds to wait for others that use the database, before the rest is left for the next try.
    """
    database.require("administer")
    ids = unfinished(database)
    if not ids:
        return []
    touched: set[str] = set()
    copies = delete_copies(database.name) if database.is_sqlite else 0
    for id in ids:
        touched.update(_empty(database, id, sandbox))
    with database.read() as connection:
        of = sa.select(submissions.c.id).where(submissions.c.batch_id.in_(touched))
        ended = list(connection.execute(of).scalars())
    forget_tasks(database, ended)
    purged = database.purge(patience=patience)
    for batch_id in touched:
        drop_store(database, batch_id)
    with database.write(right="administer") as connection:
        for place, id in enumerate(ids):
            if not _still_running(connection, id):
                continue
            if not place:
                add_counts(connection, id, Counts(copies=copies))
            if purged:
                done = {"state": "done", "ended_at": time.time()}
                connection.execute(forgettings.update().where(forgettings.c.id == id).values(**done))
    return [read_receipt(database, id) for id in ids]


def _empty(database: Database, id: str, sandbox: ForgetSandbox | None) -> list[str]:
    """Empty the calls of one forgetting, from wherever it is. Return the ids of their batches."""
    with database.read() as connection:
        record = connection.execute(sa.select(forgettings).where(forgettings.c.id == id)).one()
    forget = _sandboxes(database, sandbox)
    touched = list(filter(None, record.batch_ids.split(",")))
    for some in pieces(rows_of_ranges(record.call_ids), PIECE):
        with database.write(right="administer") as connection:
            if not _still_running(connection, id):
                break
            if record.kind == "recordings":
                _wipe_recordings_of(connection, database, record, some)
            else:
                _wipe_piece(connection, database, id, some, forget)
    with database.write(right="administer") as connection:
        if _still_running(connection, id):
            add_counts(connection, id, _wipe_around(connection, database, record, touched))
    return touched


def begin_recordings(database: Database, ids: Sequence[int], *, batch_id: str, who: str = "") -> str:
    """Begin to delete the recordings of calls, and leave their words. Return the receipt's id.

    A call that was not sent loses its recording, as with `Batch.detach`, and History says so; of one that was sent, the
    state of the upload stays.
    """
    database.require("administer")
    id, now = "f" + secrets.token_hex(8), time.time()
    with database.write(right="administer") as connection:
        lock_submissions(connection)
        ids = _free(connection, ids)
        if not ids:
            return ""
        begin_record(
            connection,
            id=id,
            kind="recordings",
            batch_ids=[batch_id],
            call_ids=list(ids),
            signature=None,
            settings=False,
            who=who,
            now=now,
        )
        note_access(connection, "forgot", who=who, batch_id=batch_id, calls=len(ids), reference=id)
    return id


def _still_running(connection: sa.Connection, id: str) -> bool:
    """Lock the record, so that of two processes one carries on; return whether it is not done yet."""
    query = sa.select(forgettings.c.state).where(forgettings.c.id == id).with_for_update()
    return bool(connection.execute(query).scalar_one() == "running")


def _wipe_piece(
    connection: sa.Connection, database: Database, id: str, some: Sequence[int], forget: ForgetSandbox
) -> None:
    """Empty some calls, their files first: what the ledger no longer names could not be found again."""
    query = sa.select(calls.c.id).where(calls.c.id.in_(some), ~is_emptied())
    ids = list(connection.execute(query).scalars())
    if ids:
        sandbox = forget(conversations_of(connection, ids))
        files = delete_files(connection, database, ids)
        counts = wipe(connection, ids)
        counts.sandbox = sandbox
        counts.recordings, counts.files, counts.elsewhere = files
        add_counts(connection, id, counts)


def _wipe_recordings_of(
    connection: sa.Connection, database: Database, record: sa.Row[Any], some: Sequence[int]
) -> None:
    """Delete some calls' recordings, their files first."""
    named = sa.select(recordings.c.call_id).where(recordings.c.call_id.in_(some), recordings.c.sha256 != "")
    ids = list(connection.execute(named).scalars())
    if not ids:
        return
    files = delete_files(connection, database, ids)
    batch = _stored(connection, database, record.batch_ids)
    detach_in(connection, batch, ids, who=record.who)
    wipe_recordings(connection, ids)
    add_counts(
        connection,
        record.id,
        Counts(recordings=files.recordings, files=files.files, elsewhere=files.elsewhere),
    )


def _stored(connection: sa.Connection, database: Database, batch_id: str) -> StoredBatch:
    return StoredBatch(database, connection.execute(sa.select(batches).where(batches.c.id == batch_id)).one())


def _batches_of(connection: sa.Connection, ids: Sequence[int]) -> list[str]:
    found: set[str] = set()
    for some in pieces(ids):
        query = sa.select(calls.c.batch_id).where(calls.c.id.in_(some)).distinct()
        found.update(connection.execute(query).scalars())
    return sorted(found)


def _wipe_around(
    connection: sa.Connection, database: Database, record: sa.Row[Any], touched: Sequence[str]
) -> Counts:
    """Remove what belongs to the batches of the calls: operations, draws, settings, and (of a whole batch) its record."""
    counts = Counts()
    whole = record.kind == "batch"
    if record.kind == "recordings":
        counts.files = delete_store(connection, database, record.batch_ids)
        return counts
    for batch_id in touched:
        counts.draws += wipe_draws(connection, batch_id, whole=whole)
    if whole:
        id = record.batch_ids
        counts.operations = connection.execute(
            operations.delete().where(operations.c.batch_id == id)
        ).rowcount
        connection.execute(selections.delete().where(selections.c.batch_id == id))
        connection.execute(retention.delete().where(retention.c.batch_id == id))
        connection.execute(
            submissions.update()
            .where(submissions.c.batch_id == id, submissions.c.reason != "")
            .values(reason="")
        )
        counts.files = delete_store(connection, database, id)
        connection.execute(
            batches.update()
            .where(batches.c.id == id)
            .values(
                name="Forgotten batch",
                file_name="",
                file_hash="",
                mapping="{}",
                products=None,
                state="forgotten",
            )
        )
    else:
        counts.operations = empty_operations(connection, touched)
    if record.kind == "words":
        counts.files = delete_store(connection, database, record.batch_ids)
        mapping = connection.execute(
            sa.select(batches.c.mapping).where(batches.c.id == record.batch_ids)
        ).scalar_one()
        connection.execute(
            batches.update().where(batches.c.id == record.batch_ids).values(mapping=without_samples(mapping))
        )
    if record.kind in ("batch", "words") and record.signature:
        dropped = drop_settings(connection, [record.signature], whole=record.settings)
        counts.profiles, counts.recipes = dropped
    return counts


def sandbox_record_of(database: Database) -> Path | None:
    """Return where the app's sandbox keeps its record beside this ledger; None on PostgreSQL."""
    return Path(database.name).with_name("sandbox-received.jsonl") if database.is_sqlite else None


def _sandboxes(database: Database, running: ForgetSandbox | None) -> ForgetSandbox:
    record = sandbox_record_of(database)

    def forget(conversations: Collection[str]) -> int:
        count = running(conversations) if running is not None else 0
        if record is not None:
            with contextlib.suppress(FileNotFoundError):
                count += forget_in_record(record, conversations)
        return count

    return forget
