"""Find the recordings that calls had before an edit, so that undoing the edit attaches them again.

The history knows a recording by its name and hash alone. Its file is looked for where the ledger knows files by their
hash: the original of a silenced copy, the recordings of other calls, and the ledger's own folder. A file that was
attached by its path, and that no call has any more, is not found.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.sound_masks import originals_of
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import calls, recordings
from reddy_lib.errors import RecordingError
from reddy_lib.recordings.attachments import Attached, attached_from, open_recording, recordings_folder
from reddy_lib.recordings.file_uses import dropped_folder
from reddy_lib.recordings.hashed_files import HASHED_NAME, sha256_of_name

__all__ = ["RecordingEdit", "recording_edits"]


class RecordingEdit(NamedTuple):
    """What undoing an edit of a call's recording starts from.

    Attributes:
        now: hash of the attached recording; None without one.
        before: the recording that the call had, None if it had none or its file is not there any more.
    """

    now: str | None
    before: Attached | None


def recording_edits(
    connection: sa.Connection, batch: StoredBatch, told: Mapping[int, Mapping[str, Any] | None]
) -> dict[int, RecordingEdit]:
    """Return row → what undoing the edit of its recording starts from.

    Args:
        told: row → what the history says of the recording that the call had before: its name and sha256.
    """
    if not told:
        return {}
    wanted = {row: dict(one) for row, one in told.items() if one is not None}
    found = _files(connection, batch, wanted) if wanted else {}
    query = (
        sa.select(calls.c.row, recordings.c.sha256)
        .join(recordings, recordings.c.call_id == calls.c.id)
        .where(calls.c.batch_id == batch.id, calls.c.row.in_(list(told)))
    )
    now: dict[int, str] = {one.row: one.sha256 for one in connection.execute(query)}
    before = {
        row: msgspec.structs.replace(found[one["sha256"]], name=one["name"])
        for row, one in wanted.items()
        if one["sha256"] in found
    }
    return {row: RecordingEdit(now.get(row), before.get(row)) for row in told}


def _files(
    connection: sa.Connection, batch: StoredBatch, wanted: Mapping[int, Mapping[str, Any]]
) -> dict[str, Attached]:
    """Return hash → a file with that content that can be opened."""
    names = {str(one["sha256"]): str(one["name"]) for one in wanted.values()}
    columns = [recordings.c[name] for name in Attached.__struct_fields__]
    of_others = connection.execute(sa.select(*columns).where(recordings.c.sha256.in_(list(names))))
    known = [
        *originals_of(connection, batch.id, list(wanted)).values(),
        *(Attached(**one._mapping) for one in of_others),
    ]
    found: dict[str, Attached] = {}
    for one in known:
        if one.sha256 in names and one.sha256 not in found and _can_be_opened(batch, one):
            found[one.sha256] = one
    for folder in (recordings_folder(batch.database), dropped_folder(batch.database) / batch.id):
        for sha256, path in _kept(folder, names.keys() - found.keys()).items():
            with contextlib.suppress(RecordingError):
                found[sha256] = attached_from(batch.database, path, name=names[sha256], sha256=sha256)
    return found


def _can_be_opened(batch: StoredBatch, one: Attached) -> bool:
    try:
        open_recording(batch.database, one).close()
    except RecordingError:
        return False
    return True


def _kept(folder: Path, hashes: Collection[str]) -> dict[str, Path]:
    """Return hash → the file of this folder that is named by it."""
    if not hashes:
        return {}
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if HASHED_NAME.fullmatch(entry.name)]
    except OSError:
        return {}
    return {sha: folder / name for name in names if (sha := sha256_of_name(name)) in hashes}
