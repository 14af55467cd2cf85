"""Edits of single turns, as they arrive from a screen that may be behind the ledger.

A screen draws a call, a person corrects a turn, and the edit arrives later: when somebody else may have changed the call,
when the lines may have moved, or a second time, because the first answer was lost. So an edit carries the turn as it was
seen, and an id of its own. `store_turn_edit` finds the turn by its content, stores the edit as the operation of that id,
and refuses it where the turn is not what was seen.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from reddy_lib.batches import edits as editing
from reddy_lib.batches.call_changes import AS_IT_IS
from reddy_lib.batches.decisions import Decisions
from reddy_lib.batches.line_diff import pair_lines, same_as_sent
from reddy_lib.batches.masked_seconds import Loaded, with_estimate
from reddy_lib.batches.masks import MASKED
from reddy_lib.batches.operations import change_in_operation
from reddy_lib.batches.removed_codes import calls_without_codes
from reddy_lib.batches.sound_masks import Attaching, silence_masked
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import edits, operations
from reddy_lib.errors import TurnChanged
from reddy_lib.model import Call, TranscriptLine, from_payload
from reddy_lib.personal_data import Said
from reddy_lib.recordings.marking import BY_HAND

__all__ = ["TurnEdit", "follow_turns", "store_turn_edit", "turn_edit"]

TurnEditKind = Literal["text", "swap", "split", "merge", "insert", "delete", "mask", "swap call"]


class TurnEdit(msgspec.Struct, frozen=True, kw_only=True):
    """One edit of a turn.

    Attributes:
        id: made by the screen; the same edit may arrive more than once.
        kind: text (set `value`), swap (give the turn to the other side), split (at the character `at` of `value`), merge
            (with the turn below, which was seen as `next`), insert (an empty turn below), delete, mask (the characters from
            `at` to `end` of its text, and what is heard of them in the recording), or swap call (exchange agent and
            customer in every turn).
        number: where the turn was (from 1) when it was seen.
        seen: the turn when it was seen; None for "swap call".
    """

    id: str
    kind: TurnEditKind
    number: int = 0
    seen: TranscriptLine | None = None
    value: str = ""
    at: int = 0
    end: int = 0
    next: TranscriptLine | None = None


_ID = re.compile(r"[0-9a-f-]{32,36}")

_TITLES: dict[TurnEditKind, str] = {
    "text": "Edit line {}",
    "swap": "Move line {} to the other side",
    "split": "Split line {}",
    "merge": "Merge lines {} and {}",
    "insert": "Insert a line below line {}",
    "delete": "Delete line {}",
    "mask": "Mask words in line {}",
    "swap call": "Swap agent and customer",
}


def turn_edit(event: Any) -> TurnEdit:
    """Return the edit that a browser sent. Raises ValueError: it is not one."""
    try:
        edit = msgspec.convert(
            {name: event[name] for name in TurnEdit.__struct_fields__ if event.get(name) is not None},
            TurnEdit,
        )
    except (msgspec.ValidationError, AttributeError, TypeError) as error:
        raise ValueError(f"This is not an edit of a turn: {error}") from None
    if not _ID.fullmatch(edit.id) or (edit.seen is None and edit.kind != "swap call"):
        raise ValueError("This is not an edit of a turn: it names no turn.")
    if edit.kind == "mask" and (edit.seen is None or not 0 <= edit.at < edit.end <= len(edit.seen.text)):
        raise ValueError("Nothing was masked: these words are not in the line. Select them again.")
    return edit


def store_turn_edit(
    batch: StoredBatch,
    row: int,
    edit: TurnEdit,
    *,
    drawn: Sequence[TranscriptLine] | None = None,
    who: str = "",
) -> bool:
    """Store an edit of a turn. Return False where it was stored before.

    Args:
        drawn: the transcript on the screen when the edit was made; None where that is not known any more.

    Raises:
        TurnChanged: the turn is gone, or not what was seen. Nothing was stored.
        CallLocked: the call is being sent, was sent, or may have been sent.
        NotInLedger: the batch has no such row.
    """
    number = edit.number
    silenced = silence_masked(batch, [row], _ByHand(edit, drawn)) if edit.kind == "mask" else {}
    with batch.database.write() as connection:
        # A repeated edit is recognised here: inside the transaction, so that two tabs cannot both store it.
        known = sa.select(operations.c.id).where(operations.c.id == edit.id)
        if connection.execute(known).first() is not None:
            return False

        def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            nonlocal number
            if edit.kind == "swap call":
                return editing.swap_roles(call), decisions
            found = _find(call.transcript or [], edit, drawn)
            if found is None:
                raise _changed(connection, row, edit, stored)
            number = found
            if edit.kind == "split":
                return _split(connection, call, decisions, stored, found, edit, who)
            return _edited(call, found, edit), decisions

        title = _TITLES[edit.kind].format(number, number + 1)
        attaching = Attaching(connection, batch, silenced)
        recording = attaching.copies.get(row, AS_IT_IS)
        masked = edit.kind == "mask"
        change_in_operation(
            connection, batch, {row: (change, recording)}, title, who=who, operation_id=edit.id, masks=masked
        )
        attaching.note([row])
        if number != edit.number:  # the turn had moved
            title = _TITLES[edit.kind].format(number, number + 1)
            connection.execute(operations.update().where(operations.c.id == edit.id).values(title=title))
    return True


class _ByHand:
    """A person's mark, as `silence_masked` takes it."""

    def __init__(self, edit: TurnEdit, drawn: Sequence[TranscriptLine] | None) -> None:
        self._edit, self._drawn = edit, drawn

    def said(self, call: Call) -> list[Said]:
        edit = self._edit
        number = _find(call.transcript or [], edit, self._drawn)
        return [] if number is None else [Said(number, edit.at, edit.end, BY_HAND)]


def follow_turns(
    ids: Sequence[str], before: Sequence[TranscriptLine], now: Sequence[TranscriptLine], new: str
) -> list[str]:
    """Return an id for each turn of `now`: that of the same or the edited turn in `before`, else a new one."""
    old = {pair.new: pair.old for pair in pair_lines(before, now) if pair.new is not None}
    found = []
    for number in range(1, len(now) + 1):
        was = old.get(number)
        found.append(f"{new}-{number}" if was is None else ids[was - 1])
    return found


def _find(
    lines: Sequence[TranscriptLine], edit: TurnEdit, drawn: Sequence[TranscriptLine] | None
) -> int | None:
    """Return the number of the turn that was seen, in these lines; None where it cannot be told."""
    equal = [number for number, line in enumerate(lines, 1) if same_as_sent(line, edit.seen)]
    if drawn is not None:
        moved = {pair.old: pair.new for pair in pair_lines(drawn, lines)}
        there = moved.get(edit.number)
        if there in equal:
            equal = [there] if there else []
    if len(equal) != 1:  # gone, changed, or several turns that say the same
        return None
    if edit.kind == "merge" and not (
        equal[0] < len(lines) and edit.next is not None and same_as_sent(lines[equal[0]], edit.next)
    ):
        return None
    return equal[0]


def _edited(call: Call, number: int, edit: TurnEdit) -> Call:
    lines = list(call.transcript or [])
    line = lines[number - 1]
    if edit.kind == "delete":
        return editing.delete_lines(call, [number])
    if edit.kind == "insert":
        return editing.insert_line(call, number)
    if edit.kind == "text":
        return editing.with_line_cells(call, {number: {"text": edit.value}})
    if edit.kind == "mask":
        text = f"{line.text[: edit.at]}{MASKED}{line.text[edit.end :]}"
        return editing.with_line_cells(call, {number: {"text": text}})
    if edit.kind == "swap":
        role = "customer" if line.role.strip().casefold() == "agent" else "agent"
        return editing.with_line_cells(call, {number: {"role": role}})
    if edit.kind == "split":
        first, second = split_turn(line, edit.value, edit.at)
        new = [first, second]
        end = number
    else:
        new = [merge_turns(line, lines[number])]
        end = number + 1
    return msgspec.structs.replace(call, transcript=[*lines[: number - 1], *new, *lines[end:]])


def _split(
    connection: sa.Connection,
    call: Call,
    decisions: Decisions,
    stored: sa.Row[Any],
    number: int,
    edit: TurnEdit,
    who: str,
) -> tuple[Call, Decisions]:
    """Split a turn, and remember that the time between its parts is an estimate."""
    new = _edited(call, number, edit)
    removed = bool(calls_without_codes(connection, [stored.id]))
    loaded = Loaded(from_payload(stored.original or stored.payload), stored.times, removed)
    middle = (new.transcript or [])[number - 1].stop
    return new, with_estimate(call, decisions, loaded, number, middle, who=who, now=time.time())


def split_turn(line: TranscriptLine, text: str, at: int) -> tuple[TranscriptLine, TranscriptLine]:
    """Split a turn with this text before its character `at`. The time between is interpolated by the letters."""
    at = max(0, min(at, len(text)))
    middle = None
    if line.start is not None and line.stop is not None and text:
        middle = round(line.start + (line.stop - line.start) * at / len(text), 2)
    return (
        TranscriptLine(line.role, text[:at].strip(), line.start, middle),
        TranscriptLine(line.role, text[at:].strip(), middle, line.stop),
    )


def merge_turns(line: TranscriptLine, below: TranscriptLine) -> TranscriptLine:
    """Join a turn with the one below it: the first one's role and start, the later stop."""
    stops = [stop for stop in (line.stop, below.stop) if stop is not None]
    text = " ".join(part for part in (line.text.strip(), below.text.strip()) if part)
    return TranscriptLine(line.role, text, line.start, max(stops) if below.stop is not None else None)


def _changed(connection: sa.Connection, row: int, edit: TurnEdit, stored: sa.Row[Any]) -> TurnChanged:
    last = connection.execute(
        sa.select(edits.c.who, edits.c.at)
        .where(edits.c.call_id == stored.id)
        .order_by(edits.c.id.desc())
        .limit(1)
    ).one_or_none()
    return TurnChanged(
        row=row,
        line=edit.number,
        who=last.who if last else "",
        at=last.at if last else None,
    )
