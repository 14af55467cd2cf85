"""Carry out a forgetting: begin it in one transaction, empty the calls in pieces, then write the databases anew."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from reddy_lib.batches.facet_store import drop_store
from reddy_lib.batches.selections import rows_of_ranges
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
)
from reddy_lib.sandbox.memory import forget_in_record
from reddy_lib.sending.engine_forgetting import forget_tasks
from reddy_lib.sending.workers import expire_dead_workers

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = [
    "ForgetSandbox",
    "busy_calls",
    "carry_out",
    "finish_forgetting",
    "forget_these",
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


def forget_these(
    database: Database,
    ids: Sequence[int],
    *,
    kind: Kind,
    batch_id: str | None,
    who: str,
    settings: bool | None = False,
    also: Callable[[sa.Connection], Counts] | None = None,
    sandbox: ForgetSandbox | None = None,
) -> ForgetReceipt:
    """Forget calls by their ids; with `kind` "batch", also their batch. Return the receipt.

    Args:
        settings: also delete the profiles and recipes of the batch's columns; None: if no other batch has these columns.
        also: what else to delete in the transaction that begins it.

    Raises SubmissionError: calls are being sent; nothing was forgotten.
    """
    database.require("administer")
    finish_forgetting(database, sandbox=sandbox)
    expire_dead_workers(database)
    id, now = "f" + secrets.token_hex(8), time.time()
    with database.write(right="administer") as connection:
        lock_submissions(connection)
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
    return carry_out(database, id, sandbox=sandbox)


def finish_forgetting(
    database: Database, *, sandbox: ForgetSandbox | None = None, patience: float = 5.0
) -> list[ForgetReceipt]:
    """Finish what an earlier process began and did not live to end. Return the receipts, also of what is still running."""
    return [carry_out(database, id, sandbox=sandbox, patience=patience) for id in unfinished(database)]


def carry_out(
    database: Database, id: str, *, sandbox: ForgetSandbox | None = None, patience: float = 30.0
) -> ForgetReceipt:
    """Carry out a forgetting from wherever it is. Return its receipt; it is "running" while others keep the files open.

    Args:
        patience: seconds to wait for others that use the database, before the rest is left for the next try.
    """
    with database.read() as connection:
        record = connection.execute(sa.select(forgettings).where(forgettings.c.id == id)).one()
    if record.state == "done":
        return read_receipt(database, id)
    forget = _sandboxes(database, sandbox)
    touched = list(filter(None, record.batch_ids.split(",")))
    for some in pieces(rows_of_ranges(record.call_ids), PIECE):
        with database.write(right="administer") as connection:
            if not _still_running(connection, id):
                break
            _wipe_piece(connection, database, id, some, forget)
    with database.write(right="administer") as connection:
        if _still_running(connection, id):
            add_counts(connection, id, _wipe_around(connection, database, record, touched))
        of = sa.select(submissions.c.id).where(submissions.c.batch_id.in_(touched))
        ended = list(connection.execute(of).scalars())
    forget_tasks(database, ended)
    copies = delete_copies(database.name) if database.is_sqlite else 0
    purged = database.purge(patience=patience)
    for batch_id in touched:
        drop_store(database, batch_id)
    with database.write(right="administer") as connection:
        if _still_running(connection, id):
            add_counts(connection, id, Counts(copies=copies))
            if purged:
                connection.execute(
                    forgettings.update()
                    .where(forgettings.c.id == id)
                    .values(state="done", ended_at=time.time())
                )
    return read_receipt(database, id)


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
