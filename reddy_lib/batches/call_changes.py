"""Change stored calls inside the caller's transaction.

`change_rows` is the one place where a call's row changes: it leaves calls alone that were sent, checks the changed ones,
and records every difference as an edit of one operation. All its statements are for many calls at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.call_rows import (
    CallSource,
    Value,
    decode_findings,
    encode_findings,
    payload_changes,
    searched,
    standing_findings,
    summarised,
)
from reddy_lib.batches.decisions import (
    Decisions,
    decision_changes,
    read_decisions,
    tally,
    unassigned_of,
)
from reddy_lib.batches.line_origins import more_masked
from reddy_lib.batches.masked_seconds import Loaded, keep_masked
from reddy_lib.batches.past_outcomes import NEVER_SENT, keep_past_outcome, keep_what_was_sent
from reddy_lib.batches.playable import why_unplayed
from reddy_lib.batches.removed_codes import calls_without_codes, remove_codes
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.batches.stored_rows import remark_duplicates
from reddy_lib.batches.unsilenced import STILL_HEARD, hold_unsilenced
from reddy_lib.database.bulk import InsertMany, UpdateMany, pieces
from reddy_lib.database.former_keys import remember_keys
from reddy_lib.database.schema import EDITABLE, calls, edits, personal_data
from reddy_lib.errors import CallLocked
from reddy_lib.findings import Finding
from reddy_lib.identity import call_key, start_key, words_digest
from reddy_lib.model import Call, from_payload, payload_json
from reddy_lib.recordings import attachments as files
from reddy_lib.recordings.file_names import ending_of, stem_of
from reddy_lib.recordings.unplayable import unreadable
from reddy_lib.spreadsheet.cells.web_addresses import announced_name, is_web_address

__all__ = [
    "AS_IT_IS",
    "STILL_HEARD",
    "Change",
    "Changed",
    "Recording",
    "announcing",
    "change_in",
    "change_rows",
    "readable",
    "refuse_locked",
]

Change = Callable[[Call, Decisions, sa.Row[Any]], tuple[Call, Decisions]]
"""Takes a call, its decisions and its row of `calls`; returns the new call and decisions."""

Recording = files.Attached | Literal["as it is"] | None
"""What a change does with the call's recording: attach this file, keep what is attached, or (None) detach it."""

AS_IT_IS: Recording = "as it is"

_SENT = ": what was sent is not changed afterwards."
_LOCKED = {
    "queued": " and cannot be edited. Cancel its submission first.",
    "sending": " and cannot be edited. Wait for its outcome.",
    "unknown": ": it may have reached Reddy, so it cannot be edited. Ask Reddy first: reddy.reconcile(batch, client).",
}


class Changed(NamedTuple):
    """The rows that one transaction changed, the rows that are like that already, and the rows that are locked."""

    changed: tuple[int, ...]
    same: tuple[int, ...]
    locked: tuple[int, ...]


class _New(NamedTuple):
    """A call that differs, before it is stored."""

    old: sa.Row[Any]
    call: Call
    payload: str
    decisions: Decisions
    had: files.Attached | None
    has: files.Attached | None
    edits: list[tuple[str, Any, Any]]


def refuse_locked(status: str, row: int, *, forgotten: bool = False) -> None:
    """Raise CallLocked where a call of this status may not be edited."""
    if forgotten:
        raise CallLocked(f"Row {row} was forgotten: its words are gone for good, and it cannot be edited.")
    if status not in EDITABLE:
        raise CallLocked(f"Row {row} is {status}{_LOCKED.get(status, _SENT)}")


def announcing(recording: files.Attached) -> Change:
    """Return a change that lets a call announce this file."""

    def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
        return msgspec.structs.replace(call, filename=recording.name), decisions

    return change


def change_in(
    connection: sa.Connection,
    batch: StoredBatch,
    row: int,
    change: Change,
    *,
    who: str,
    operation: str,
    recording: Recording = AS_IT_IS,
    masks: bool = False,
) -> bool:
    """Change one call inside the caller's transaction. Return whether it differs now.

    Whatever this raises, it raises before it writes anything.

    Raises:
        NotInLedger: the batch has no such row.
        CallLocked: the call is being sent, was sent, or may have been sent.
    """
    row = arguments.row_number(row)

    def checked(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
        return change(call, decisions, stored)

    query = (
        sa.select(calls.c.status, calls.c.forgotten_at)
        .where(calls.c.batch_id == batch.id, calls.c.row == row)
        .with_for_update()
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        raise batch.no_row(row)
    refuse_locked(found.status, row, forgotten=found.forgotten_at is not None)
    done = change_rows(
        connection,
        batch,
        [row],
        checked,
        who=who,
        operation=operation,
        recordings={row: recording},
        masks=masks,
    )
    return bool(done.changed)


_COLUMNS = [
    column for column in calls.c if column.name != "cells"
]  # a sheet's cells are large, and never change


def change_rows(
    connection: sa.Connection,
    batch: StoredBatch,
    rows: Sequence[int],
    change: Change,
    *,
    who: str,
    operation: str,
    recordings: Mapping[int, Recording] | None = None,
    masks: bool = False,
    restores: bool = False,
) -> Changed:
    """Change some hundred calls inside the caller's transaction. Rows that the batch does not have are left out.

    What `change` raises, it raises before anything is written. Calls that are being sent or were sent stay as they are.

    Args:
        operation: id of the operation that the edits belong to.
        recordings: row → the recording to attach, or None to detach it; other calls keep theirs.
        masks: words are masked, and nothing else: the call stays the same call as the one that was loaded, and is known
            again by what was said.
        restores: the calls are given back what they had, with their decisions.
    """
    now, who = time.time(), arguments.text(who, "who")
    query = (
        sa.select(calls)
        .where(calls.c.batch_id == batch.id, calls.c.row.in_(list(rows)))
        .order_by(calls.c.row)  # in one order, so that two of these never wait for each other
        .with_for_update()
    )
    new: list[_New] = []
    same: list[int] = []
    locked: list[int] = []
    for old in connection.execute(query).all():
        if old.status not in EDITABLE or old.forgotten_at is not None:
            locked.append(old.row)
            continue
        one = _changed(connection, batch, old, change, (recordings or {}).get(old.row, AS_IT_IS))
        if one is not None and not (masks or restores):
            one = _keeping_masked(connection, one, who=who, now=now)
        if one is None:
            same.append(old.row)
        else:
            new.append(one)
    if new:
        _store(connection, batch, new, who=who, now=now, operation=operation, masks=masks)
    return Changed(tuple(one.old.row for one in new), tuple(same), tuple(locked))


def _changed(
    connection: sa.Connection, batch: StoredBatch, old: sa.Row[Any], change: Change, recording: Recording
) -> _New | None:
    """Return the changed call, or None if nothing differs."""
    before, decisions = from_payload(old.payload), read_decisions(old.decisions)
    call, new = change(before, decisions, old)
    if _NAMES_PERSONAL_DATA in new.accepted and (call.transcript, call.tags) != (
        before.transcript,
        before.tags,
    ):
        # It was accepted for the words as they were.
        left = {code: taken for code, taken in new.accepted.items() if code != _NAMES_PERSONAL_DATA}
        new = msgspec.structs.replace(new, accepted=left)
    had = None if old.audio == "none" else files.attached_to(connection, old.id)
    has, call = _with_recording(connection, batch, call, had, recording)
    # What was accepted for another file, or for other masks.
    gone = {*OF_THE_FILE} if (has and has.sha256) != (had and had.sha256) else set()
    if STILL_HEARD in new.accepted and more_masked(before.transcript or [], call.transcript or []):
        gone.add(STILL_HEARD)
    if gone.intersection(new.accepted):
        left = {code: taken for code, taken in new.accepted.items() if code not in gone}
        new = msgspec.structs.replace(new, accepted=left)
    payload = payload_json(call).decode()
    found: list[tuple[str, Any, Any]] = decision_changes(decisions, new)
    if payload != old.payload:
        readable(payload, old.row)
        found = [*payload_changes(old.payload, payload), *found]
    if (has and has.sha256) != (had and had.sha256):
        found.append(("recording", had and had.told(), has and has.told()))
    return _New(old, call, payload, new, had, has, found) if found or has != had else None


def _keeping_masked(connection: sa.Connection, one: _New, *, who: str, now: float) -> _New:
    """Return a changed call that knows the seconds of masks which the change took out of their lines."""
    old = one.old
    before = from_payload(old.payload), read_decisions(old.decisions)

    def loaded() -> Loaded:
        removed = bool(calls_without_codes(connection, [old.id]))
        return Loaded(from_payload(old.original or old.payload), old.times, removed)

    kept = keep_masked(before, (one.call, one.decisions), loaded, who=who, now=now)
    if kept == one.decisions:
        return one
    return one._replace(decisions=kept, edits=[*one.edits, *decision_changes(one.decisions, kept)])


def readable(payload: str, row: int) -> Call:
    """Return the call of a payload that is about to be stored.

    Raises TypeError: it could not be read again, because a value has the wrong type. A step from a file may bring one.
    """
    try:
        return from_payload(payload)
    except msgspec.ValidationError as error:
        raise TypeError(f"Row {row} was not changed, because a value has the wrong type. {error}.") from None


def _with_recording(
    connection: sa.Connection,
    batch: StoredBatch,
    call: Call,
    had: files.Attached | None,
    recording: Recording,
) -> tuple[files.Attached | None, Call]:
    """Return the file that the call has after the change, and the call with the name that announces it."""
    if call.filename and is_web_address(call.filename):  # Reddy is told the name alone
        call = msgspec.structs.replace(call, filename=announced_name(call.filename))
    has = had if recording == AS_IT_IS else recording
    if has is not None and has is recording:
        assert isinstance(has, files.Attached)
        files.hold(connection, batch.database, has)
    if not call.filename or has is None:  # a call that no longer announces its recording has none
        return None, call
    assert isinstance(has, files.Attached)
    name = files.announced_name(call.filename, has.name)
    if has is recording and ending_of(name) != ending_of(has.name):  # a silenced copy of an mp3 is a wav
        name = f"{stem_of(name)}{ending_of(has.name)}"
    return msgspec.structs.replace(has, name=name), msgspec.structs.replace(call, filename=name)


def _store(
    connection: sa.Connection,
    batch: StoredBatch,
    new: Sequence[_New],
    *,
    who: str,
    now: float,
    operation: str,
    masks: bool,
) -> None:
    keep_past_outcome(connection, [one.old.id for one in new if one.old.submission_id is not None])
    for one in new:
        if one.old.attempts:
            keep_what_was_sent(connection, one.old)
    _update(connection, [_values(batch, one, now=now, masks=masks) for one in new])
    for ids in pieces(one.old.id for one in new if one.payload != one.old.payload):
        connection.execute(personal_data.delete().where(personal_data.c.call_id.in_(ids)))
    for one in new:
        if one.has is not None and one.has != one.had:
            files.attach(connection, one.old.id, one.has, who=who, now=now)
        elif one.has is None and one.had is not None:
            files.detach(connection, one.old.id)
    if not masks:  # what masks words says itself what can still be heard
        heard = {one.old.id: one.has for one in new if one.has is not None}
        for ids in pieces(heard):
            hold_unsilenced(connection, batch.mapping, {id: heard[id] for id in ids})
    _insert_edits(
        connection,
        [
            {
                "call_id": one.old.id,
                "field": field,
                "before": _json(before),
                "after": _json(after),
                "who": who,
                "at": now,
                "operation_id": operation,
            }
            for one in new
            for field, before, after in one.edits
        ],
    )
    remove_codes(
        connection, [(one.old.id, one.old.payload, one.call) for one in new], operation=operation, now=now
    )
    remember_keys(
        connection,
        [
            (one.old.id, one.old.delivery_key)
            for one in new
            if one.old.delivery_key and one.old.delivery_key != call_key(one.call)
        ],
    )
    if not masks:  # masks keep `words_digest` as it was loaded, so the call is found without another key
        remember_keys(
            connection, [(one.old.id, key) for one in new if (key := _loaded_start(one)) is not None]
        )
    keys = {key for one in new for key in (one.old.delivery_key, call_key(one.call)) if key}
    for some in _hundreds(sorted(keys)):
        remark_duplicates(connection, batch.id, some)


def _hundreds(keys: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    return (keys[at : at + size] for at in range(0, len(keys), size))


def _loaded_start(one: _New) -> str | None:
    """Return the key of a call by its loaded words, start and agent; None if the change leaves all three as they are."""
    old, call = one.old, one.call
    new = start_key(words_digest(call), call.timestamp, call.agent_email)
    if one.payload == old.payload or new == start_key(old.words_digest, old.timestamp, old.agent_email):
        return None
    if old.original is None:
        return start_key(old.words_digest, old.timestamp, old.agent_email)
    loaded = from_payload(old.original)
    return start_key(words_digest(loaded), loaded.timestamp, loaded.agent_email)


def _values(batch: StoredBatch, one: _New, *, now: float, masks: bool) -> dict[str, Value]:
    """Return the changed call's columns of `calls`."""
    old, decisions = one.old, one.decisions
    original = old.original or old.payload
    source = old.source_findings
    if one.has != one.had:
        source = encode_findings(_of_recording(batch, one, decode_findings(source), masks=masks))
    stored = CallSource(old.payload, old.original, source, old.unassigned, old.audio)
    attached = one.has is not None
    findings = standing_findings(
        stored, one.call, decisions, products=batch.products, now=now, attached=attached
    )
    summary = summarised(findings)
    return {
        "id": old.id,
        "payload": one.payload,
        "original": original,
        "edited": bool(decisions) or one.payload != original,
        "status": "held" if summary["errors"] else "ready",
        "decisions": msgspec.json.encode(decisions).decode() if decisions else None,
        **tally(old.characters_in, unassigned_of(old.unassigned), decisions),
        "audio": "waiting" if one.has is not None else "none",
        **NEVER_SENT,
        **summary,
        **searched(one.call),
        "source_findings": source,
        **({"words_digest": old.words_digest} if masks else {}),
    }


def _of_recording(batch: StoredBatch, one: _New, found: Sequence[Finding], *, masks: bool) -> list[Finding]:
    """Return the findings of reading a call whose recording is another one now, or has another name."""
    others = [found for found in found if found.code not in OF_THE_FILE]
    if one.has is None:
        return others
    if one.had is not None and one.has.sha256 == one.had.sha256:
        return [*others, *(_renamed(old, one.has.name) for old in found if old.code == UNREADABLE)]
    why = "" if masks else why_unplayed(batch.database, one.has)
    return [*others, unreadable(one.has.name, why)] if why else others


def _renamed(old: Finding, name: str) -> Finding:
    """Return the finding of a file that cannot be played for one that has this name now."""
    told = old.message.removeprefix(old.value) if old.value else ""
    return msgspec.structs.replace(old, message=f"{name}{told}", value=name) if told else old


UNREADABLE = "recording-unreadable"
OF_THE_FILE = (STILL_HEARD, UNREADABLE)
"""The findings that are about the attached file, and go with it."""

_NAMES_PERSONAL_DATA = "personal-data-held"
"""The finding of a call that names what an address may not have."""


_TO = (
    "payload", "original", "source_findings", "edited", "status", "decisions", "characters_placed",
    "characters_dropped", "audio", *NEVER_SENT, "findings", "codes", "errors", "warnings", "agent_email", "product_id",
    "timestamp", "conversation_id", "lines", "tags", "preview", "delivery_key", "near_key",
    "words_digest",
)  # fmt: skip
_update = UpdateMany(calls, by=["id"], to=_TO)
_insert_edits = InsertMany(edits, ["call_id", "field", "before", "after", "who", "at", "operation_id"])


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
