"""Delete the recordings that the workbench keeps for calls, with their silenced copies and their names."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.database.locks import lock_attaching
from reddy_lib.database.schema import calls, edits, recordings
from reddy_lib.forgetting.wiping import TABLES_OF_CALLS
from reddy_lib.recordings.attachments import recordings_folder
from reddy_lib.recordings.file_uses import dropped_folder
from reddy_lib.recordings.hashed_files import HASHED_NAME, sha256_of_name

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["Deleted", "delete_files", "delete_store"]

_LEAVING = re.compile(rf"leaving-[0-9a-f]{{16}}-({HASHED_NAME.pattern})")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_STALE = 600.0
"""Seconds after which a file that is being written counts as the leftover of a program that died."""


class Deleted(NamedTuple):
    """Recordings that calls had, files that were deleted, and recordings in folders that are not the workbench's."""

    recordings: int
    files: int
    elsewhere: int


class _Told(msgspec.Struct):
    sha256: str = ""


_told = msgspec.json.Decoder(_Told | None)


def delete_files(connection: sa.Connection, database: Database, call_ids: Sequence[int]) -> Deleted:
    """Delete the files of these calls' recordings, also of those that they had before, unless another call has them.

    Call it in the transaction that removes the recordings from the ledger, before it does: a transaction that is not
    committed is repeated, and a file that is gone by then is no error.
    """
    lock_attaching(connection)
    query = sa.select(recordings.c.sha256, recordings.c.place).where(
        recordings.c.call_id.in_(call_ids), recordings.c.sha256 != ""
    )
    have = connection.execute(query).all()
    hashes = {one.sha256 for one in have}
    batches_ = set(
        connection.execute(sa.select(calls.c.batch_id).where(calls.c.id.in_(call_ids)).distinct()).scalars()
    )
    hashes |= _earlier(connection, call_ids) | _beside(connection, call_ids)
    wanted = hashes - _used_by_others(connection, hashes, call_ids)
    folder = recordings_folder(database)
    files = _unlink(folder, wanted)
    for batch_id in batches_:
        store = dropped_folder(database) / batch_id
        files += _unlink(store, wanted)
        _blank_names(store, wanted)
    return Deleted(len(have), files, sum(one.place != "kept" for one in have))


def delete_store(connection: sa.Connection, database: Database, batch_id: str) -> int:
    """Delete the folder of recordings that were dropped for a batch, except files that calls of other batches have."""
    lock_attaching(connection)
    store = dropped_folder(database) / batch_id
    prefix = f"dropped/{batch_id}/"
    used = {
        path.removeprefix(prefix)
        for path in connection.execute(
            sa.select(recordings.c.path).where(
                recordings.c.place == "kept", recordings.c.path.startswith(prefix)
            )
        ).scalars()
    }
    files = 0
    for path in _entries(store):
        if path.name not in used:
            files += bool(HASHED_NAME.fullmatch(path.name))
            _remove(path)
    if not used:
        shutil.rmtree(store, ignore_errors=True)
    _leftovers(recordings_folder(database))
    return files


def _earlier(connection: sa.Connection, call_ids: Sequence[int]) -> set[str]:
    """Return the hashes of recordings that these calls had, or were announced with, at some time."""
    query = sa.select(edits.c.before, edits.c.after).where(
        edits.c.call_id.in_(call_ids), edits.c.field == "recording"
    )
    told = [_told.decode(text) for row in connection.execute(query) for text in row if text]
    return {one.sha256 for one in told if one is not None and one.sha256}


def _beside(connection: sa.Connection, call_ids: Sequence[int]) -> set[str]:
    """Return the hashes in tables that tell of copies of a call's recording."""
    found: set[str] = set()
    for table in TABLES_OF_CALLS:
        if "sha256" in table.c:
            for row in connection.execute(sa.select(table).where(table.c.call_id.in_(call_ids))):
                found.update(_HASH.findall(" ".join(map(str, row))))
    return found


def _used_by_others(connection: sa.Connection, hashes: Collection[str], call_ids: Sequence[int]) -> set[str]:
    listed = sorted(hashes)
    used: set[str] = set()
    for start in range(0, len(listed), 500):
        query = sa.select(recordings.c.sha256).where(
            recordings.c.sha256.in_(listed[start : start + 500]), recordings.c.call_id.not_in(call_ids)
        )
        used.update(connection.execute(query).scalars())
    return used


def _unlink(folder: Path, hashes: Collection[str]) -> int:
    if not hashes:
        return 0
    count = 0
    for path in _entries(folder):
        leaving = _LEAVING.fullmatch(path.name)
        name = leaving[1] if leaving else path.name
        if HASHED_NAME.fullmatch(name) and sha256_of_name(name) in hashes:
            _remove(path)
            count += 1
    return count


def _blank_names(store: Path, hashes: Collection[str]) -> None:
    """Overwrite the lines of a store's logs that name these files: other programs may be appending to them."""
    for log in (store / "names.jsonl", store / "fetched.jsonl"):
        with contextlib.suppress(FileNotFoundError), log.open("r+b") as file:
            at = 0
            for line in file.readlines():
                begin, at = at, at + len(line)
                if any(sha256.encode() in line for sha256 in hashes):
                    file.seek(begin)
                    file.write(b" " * (len(line) - 1))


def _leftovers(folder: Path) -> None:
    """Delete unfinished files and folders of programs that died."""
    for path in _entries(folder):
        if path.name.startswith(("arriving-", "silencing-")) and time.time() - path.stat().st_mtime > _STALE:
            _remove(path)


def _entries(folder: Path) -> Iterable[Path]:
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
