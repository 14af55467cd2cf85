"""Hold calls whose words are masked when they get a recording in which those words can be heard.

A mask silences the recording that is attached when it is made. One that is attached later, or the original attached again,
has the words still: without this, they would leave with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.call_rows import hold_calls
from reddy_lib.batches.masks import masked_since
from reddy_lib.batches.removed_codes import calls_without_codes
from reddy_lib.database.schema import calls, silenced_recordings
from reddy_lib.findings import Finding, finding
from reddy_lib.model import Call, from_payload
from reddy_lib.recordings.attachments import Attached

__all__ = [
    "STILL_HEARD",
    "NewlyAttached",
    "hold_unsilenced",
    "silenced_before",
    "silent_recordings",
    "still_heard",
]

STILL_HEARD = "mask-still-heard"
"""The finding of a recording in which masked words can be heard."""


PARTLY = "partly"
"""In what is told of a copy's original: some of what is masked could not be silenced in the copy."""


class NewlyAttached(NamedTuple):
    """A call and the recording that it has now. `loaded`: its payload as it was loaded."""

    call_id: int
    call: Call
    loaded: str
    recording: Attached


def still_heard(name: str, why: str) -> Finding:
    """Return the finding of a recording in which masked words can be heard, for the reason of this sentence."""
    return finding(
        STILL_HEARD, "filename", f"In {name}, words can be heard that are masked in the transcript. {why}"
    )


def hold_unsilenced(connection: sa.Connection, found: Sequence[NewlyAttached]) -> None:
    """Hold those of these calls whose words are masked and whose new recording is no silenced copy."""
    ids = [one.call_id for one in found]
    if not ids:
        return
    removed, silent = calls_without_codes(connection, ids), silent_recordings(connection, ids)
    held: Mapping[int, Finding] = {
        one.call_id: still_heard(one.recording.name, "It was attached after they were masked.")
        for one in found
        if (one.call_id, one.recording.sha256) not in silent
        and masked_since(one.call, from_payload(one.loaded), removed=one.call_id in removed)
    }
    hold_calls(connection, held)


def silent_recordings(connection: sa.Connection, call_ids: Sequence[int]) -> set[tuple[int, str]]:
    """Return (call id, hash) of the recordings in which all is silent that is masked in the words of their calls."""
    query = sa.select(silenced_recordings.c.call_id, silenced_recordings.c.sha256).where(
        silenced_recordings.c.call_id.in_(list(call_ids)), silent_in_full()
    )
    return {(id, sha256) for id, sha256 in connection.execute(query)}


def silent_in_full() -> sa.ColumnElement[bool]:
    """Return the condition of a copy in which all could be silenced that is masked."""
    told = silenced_recordings.c.original
    return sa.or_(told.is_(None), ~told.contains(f'"{PARTLY}":true'))


def silenced_before(connection: sa.Connection, batch_id: str, rows: Sequence[int]) -> set[tuple[int, str]]:
    """Return (row, hash) of the recordings of which these calls have had a silenced copy."""
    query = (
        sa.select(calls.c.row, silenced_recordings.c.original)
        .join(silenced_recordings, silenced_recordings.c.call_id == calls.c.id)
        .where(calls.c.batch_id == batch_id, calls.c.row.in_(list(rows)))
        .where(silenced_recordings.c.original.is_not(None))
    )
    return {(row, msgspec.json.decode(told, type=Attached).sha256) for row, told in connection.execute(query)}
