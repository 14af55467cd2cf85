"""Reverse the recorded edits of one call, if they still stand.

Edits of lines and tags are recorded by number. Where lines or tags were added or deleted since, the numbers are
followed to where those lines are now; an edit of a line that is gone does not stand. An edit that replaced or detached a
recording stands as long as the earlier file can still be found (`earlier_recordings`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.call_changes import Change, Changed, Recording, change_rows
from reddy_lib.batches.decisions import Decisions, Taken
from reddy_lib.batches.earlier_recordings import RecordingEdit, recording_edits
from reddy_lib.batches.line_diff import pair_lines, same_as_sent
from reddy_lib.batches.playable import look_at
from reddy_lib.batches.step_base import put
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import calls, edits
from reddy_lib.model import Call, Tag, TranscriptLine, from_payload

__all__ = [
    "ChangedSince",
    "FileGone",
    "Recorded",
    "Undoing",
    "edits_of",
    "inverse",
    "recordings_of",
    "restore_rows",
]


class ChangedSince(Exception):
    """The value is no longer what the edit made of it."""


class FileGone(ChangedSince):
    """The recording that the call had before the edit cannot be found any more."""


class Recorded(NamedTuple):
    """One recorded edit: JSON values, None = not there."""

    field: str
    before: Any
    after: Any


def edits_of(
    connection: sa.Connection, operation: str, batch_id: str, rows: Sequence[int]
) -> dict[int, list[Recorded]]:
    """Return the edits of an operation in these rows, oldest first, with the numbers that their lines have now.

    The edit of a line or tag that is gone has the number 0.
    """
    these = sa.select(calls.c.id, calls.c.row).where(
        calls.c.batch_id == batch_id, calls.c.row.in_(list(rows))
    )
    row_of: dict[int, int] = {one.id: one.row for one in connection.execute(these)}
    # By the calls' ids: joined to their rows, all edits of the operation are read for each piece of it.
    mine = (
        sa.select(edits.c.call_id, edits.c.id, edits.c.field, edits.c.before, edits.c.after)
        .where(edits.c.operation_id == operation, edits.c.call_id.in_(list(row_of)))
        .order_by(edits.c.id)
    )
    found: dict[int, list[Recorded]] = {}
    last: dict[int, int] = {}
    for call_id, id, field, before, after in connection.execute(mine):
        row = row_of[call_id]
        found.setdefault(row, []).append(Recorded(field, _value(before), _value(after)))
        last[row] = id
    by_number = [row for row, some in found.items() if any(_CELL.match(one.field) for one in some)]
    if not by_number:
        return found
    # A whole list on record means that lines or tags were added or deleted.
    later = (
        sa.select(calls.c.row, edits.c.id, edits.c.field, edits.c.before, edits.c.after)
        .join(calls, edits.c.call_id == calls.c.id)
        .where(calls.c.batch_id == batch_id, calls.c.row.in_(by_number))
        .where(edits.c.field.in_(("transcript", "tags")), edits.c.id > min(last[row] for row in by_number))
        .order_by(edits.c.id)
    )
    lists: dict[tuple[int, str], tuple[Any, Any]] = {}
    for row, id, field, before, after in connection.execute(later):
        if id > last[row]:
            first = lists[row, field][0] if (row, field) in lists else _value(before)
            lists[row, field] = (first, _value(after))
    for row in {row for row, _ in lists}:
        numbers = {
            field: _numbers(field, *lists[row, field])
            for field in ("transcript", "tags")
            if (row, field) in lists
        }
        found[row] = [moved for one in found[row] for moved in _moved(one, numbers)]
    return found


def _value(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


def _numbers(field: str, before: Any, after: Any) -> dict[int, int]:
    """Return the number of each item in the list `before` → its number in `after`, for those that are still there."""
    pairs = pair_lines(_structs(field, before or []), _structs(field, after or []))
    return {pair.old: pair.new for pair in pairs if pair.same and pair.old and pair.new}


def _moved(one: Recorded, numbers: Mapping[str, Mapping[int, int]]) -> list[Recorded]:
    cell = _CELL.fullmatch(one.field)
    if cell is None or cell[1] not in numbers:
        return [one]
    now = numbers[cell[1]]
    if cell[2] != "*":
        return [one._replace(field=f"{cell[1]}[{now.get(int(cell[2]), 0)}].{cell[3]}")]
    return [
        Recorded(f"{cell[1]}[{now.get(number, 0)}].{cell[3]}", before, after)
        for number, (before, after) in enumerate(zip(one.before, one.after, strict=True), 1)
        if not same_as_sent(before, after)
    ]


def restore_rows(
    connection: sa.Connection,
    batch: StoredBatch,
    rows: Sequence[int],
    undone: str,
    *,
    who: str,
    operation: str,
) -> tuple[Changed, int]:
    """Restore what an operation changed in these calls, inside the caller's transaction.

    Args:
        undone: id of the operation. operation: id of the one that undoes it.

    Returns: what changed, and how many of the others stay as they are: changed by somebody since, or gone for good.
    """
    recorded = edits_of(connection, undone, batch.id, rows)
    files = recordings_of(connection, batch, recorded)
    since = 0

    def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
        nonlocal since
        try:
            then = inverse(recorded[stored.row], who, files.get(stored.row))(call, decisions, stored)
        except ChangedSince:
            since += 1
            return call, decisions
        if then == (call, decisions) and stored.row not in before:  # all that was changed is gone for good
            since += 1
        return then

    before: dict[int, Recording] = {
        row: files[row].before
        for row, some in recorded.items()
        for one in some
        if one.field == "recording" and _stands(one, files[row])
    }
    found = change_rows(
        connection, batch, rows, change, who=who, operation=operation, recordings=before, restores=True
    )
    return found, since


class Undoing:
    """The work of an operation that undoes another one, `undone`."""

    def __init__(self, batch: StoredBatch, undone: str, who: str, id: str) -> None:
        self._batch, self._undone, self._who, self._id = batch, undone, who, id

    def before(self, rows: Sequence[int]) -> None:
        """Look at the files that come back, before the ledger is locked."""
        with self._batch.database.read() as connection:
            recorded = edits_of(connection, self._undone, self._batch.id, rows)
            found = recordings_of(connection, self._batch, recorded)
        look_at(self._batch.database, [one.before for one in found.values() if one.before is not None])

    def __call__(self, connection: sa.Connection, rows: Sequence[int]) -> tuple[Changed, int]:
        return restore_rows(connection, self._batch, rows, self._undone, who=self._who, operation=self._id)


def recordings_of(
    connection: sa.Connection, batch: StoredBatch, recorded: Mapping[int, Sequence[Recorded]]
) -> dict[int, RecordingEdit]:
    """Return row → what is attached now and was before, for the calls whose recording these edits changed."""
    told = {row: one.before for row, some in recorded.items() for one in some if one.field == "recording"}
    return recording_edits(connection, batch, told)


def _stands(one: Recorded, edit: RecordingEdit) -> bool:
    """Return whether the recording is what the edit made of it, and the earlier one can be attached again."""
    return edit.now == _sha256(one.after) and (one.before is None or edit.before is not None)


def _sha256(told: Any) -> str | None:
    return None if told is None else told.get("sha256")


def inverse(recorded: Sequence[Recorded], who: str, recording: RecordingEdit | None = None) -> Change:
    """Return the change that reverses these edits of one call.

    The change raises ChangedSince if a value differs, and FileGone if the earlier recording is not there any more.

    Args:
        recording: what is attached now and was before; needed if the edits changed the recording.
    """

    def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
        payload = msgspec.json.decode(stored.payload)  # as it was compared when the edit was recorded
        taken: dict[str, dict[Any, Taken]] = {
            name: dict(getattr(decisions, name)) for name in Decisions.__struct_fields__
        }
        gone = False
        for field, before, after in reversed(recorded):
            decision = _DECISION.fullmatch(field)
            if field == "recording":
                if recording is None or recording.now != _sha256(after):
                    raise ChangedSince
                gone = before is not None and recording.before is None
            elif decision is None:
                if not put(payload, field, after, before):
                    raise ChangedSince
            elif decision[1] == "unassigned":
                _restore_decision(taken["texts"], int(decision[2]), before, after, who)
            else:
                name = "accepted" if decision[1] == "finding" else decision[1]
                _restore_decision(taken[name], decision[2], before, after, who)
        if gone:
            raise FileGone
        return from_payload(payload), Decisions(**taken)

    return change


def _structs(field: str, items: Any) -> list[TranscriptLine] | list[Tag]:
    if field == "transcript":
        return msgspec.convert(items, list[TranscriptLine])
    return msgspec.convert(items, list[Tag])


_CELL = re.compile(r"(transcript|tags)\[(\d+|\*)\]\.(\w+)")
_DECISION = re.compile(r"(finding|unassigned|masked|estimates)\[([\w.-]+)\]")


def _restore_decision(found: dict[Any, Taken], key: Any, before: Any, after: Any, who: str) -> None:
    now = found.get(key)
    if (now.words() if now else None) != after:
        raise ChangedSince
    if before is None:
        del found[key]
    else:
        what, _, role = str(before).partition(": ")
        found[key] = Taken(what, who, time.time(), role)
