"""Which calls use a file that was dropped in the browser: a file that no call uses may be deleted (`cleanup`)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.database.locks import lock_attaching
from reddy_lib.database.schema import calls, edits, recordings, schema_versions
from reddy_lib.recordings.attachments import recordings_folder
from reddy_lib.recordings.hashed_files import sha256_of_name

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["Use", "dropped_folder", "mark_of", "nothing_attached", "uses"]


class Use(NamedTuple):
    """How calls use a dropped file.

    Attributes:
        now: a call has it.
        before: a call that has another recording now had it, and may get it back.
        last: when a call last got or lost it, 0 if never.
    """

    now: bool
    before: bool
    last: float


class _Path(NamedTuple):
    sha256: str
    place: str
    path: str


class _Edit(NamedTuple):
    before: str | None
    after: str | None
    at: float
    audio: str


class _Told(msgspec.Struct):
    """The part of `Attached.told` that is needed here."""

    sha256: str


_told = msgspec.json.Decoder(_Told | None)


def dropped_folder(database: Database) -> Path:
    """Return the folder for dropped recordings: it has a folder for each batch, named by its id."""
    return recordings_folder(database) / "dropped"


def mark_of(database: Database) -> str:
    """Return what tells this ledger from another that keeps its recordings in the same folder: when it was created."""
    with database.read() as connection:
        created = connection.execute(sa.select(sa.func.min(schema_versions.c.applied_at))).scalar_one()
    return f"{created:.6f}"


def uses(database: Database, batch_id: str, keys: Collection[str]) -> dict[str, Use]:
    """Return how calls of any batch use files that were dropped for a batch: key → use.

    It may have changed a moment later; to delete files, use `nothing_attached`.
    """
    with database.read() as connection:
        return _uses(connection, batch_id, keys)


@contextlib.contextmanager
def nothing_attached(
    database: Database, batch_id: str, keys: Collection[str]
) -> Iterator[tuple[dict[str, Use], Callable[[], object]]]:
    """Keep files from being attached inside the block; yield `uses`, and a function that checks the lock.

    The caller calls that function when the files can no longer be reached, before it deletes them. It raises
    LedgerUnavailable if the database connection was lost, because then others may have attached files meanwhile.
    """
    with database.write() as connection:
        lock_attaching(connection)
        yield _uses(connection, batch_id, keys), lambda: connection.execute(sa.text("SELECT 1")).scalar()


def _uses(connection: sa.Connection, batch_id: str, keys: Collection[str]) -> dict[str, Use]:
    by_hash: dict[str, list[str]] = {}
    for key in keys:
        by_hash.setdefault(sha256_of_name(key), []).append(key)
    now = _used_now(connection, batch_id, by_hash)
    before, last = _used_before(connection, batch_id, by_hash) if by_hash else (set[str](), {})
    return {
        key: Use(key in now, sha256 in before, last.get(sha256, 0.0))
        for sha256, same in by_hash.items()
        for key in same
    }


def _used_now(connection: sa.Connection, batch_id: str, by_hash: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    hashes = list(by_hash)
    for start in range(0, len(hashes), 500):
        columns = (recordings.c.sha256, recordings.c.place, recordings.c.path)
        some = recordings.c.sha256.in_(hashes[start : start + 500])
        for one in (_Path(*row) for row in connection.execute(sa.select(*columns).where(some))):
            for key in by_hash[one.sha256]:
                # Elsewhere in the ledger's folder it is another file; any other path may lead here, through a link.
                if one.place != "kept" or one.path == f"dropped/{batch_id}/{key}":
                    found.add(key)
    return found


def _used_before(
    connection: sa.Connection, batch_id: str, by_hash: dict[str, list[str]]
) -> tuple[set[str], dict[str, float]]:
    """Return the hashes that calls may get back, and when each hash was last attached or detached."""
    before: set[str] = set()
    last: dict[str, float] = {}
    query = (
        sa.select(edits.c.before, edits.c.after, edits.c.at, calls.c.audio)
        .join(calls, calls.c.id == edits.c.call_id)
        .where(calls.c.batch_id == batch_id, edits.c.field == "recording")
    )
    for edit in (_Edit(*row) for row in connection.execute(query)):
        for said in (edit.before, edit.after):
            told = _told.decode(said) if said else None
            if told is not None and told.sha256 in by_hash:
                last[told.sha256] = max(last.get(told.sha256, 0.0), edit.at)
                if said is edit.before and edit.audio != "none":
                    before.add(told.sha256)
    return before, last
