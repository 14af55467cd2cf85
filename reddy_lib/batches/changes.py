"""Change calls inside a transaction, so that concurrent edits never overwrite each other.

`change_in` is the one place where a call's row changes: it refuses calls that were sent, checks the changed call, and
records every difference as an edit.

`change_call` runs a caller's function as compare-and-set: the function works on the stored call, and its result is stored
only if that call is still there; otherwise it runs again on the newer one. No lock is held while it runs, because SQLite
has one writer, and a caller's function may take its time or use the ledger itself.

`replace_call` stores a call that the caller prepared earlier. It has to know which version that was made from: the caller
passes it (`expected`), or the `Batch` remembers what it handed out.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.call_rows import changes, remark_duplicates, searched, standing_findings, summarised
from reddy_lib.batches.decisions import (
    Decisions,
    ManyEdited,
    decision_changes,
    read_decisions,
    tally,
    unassigned_of,
)
from reddy_lib.batches.edits import SETTABLE, with_field
from reddy_lib.batches.past_outcomes import NEVER_SENT, keep_past_outcome, keep_what_was_sent
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import EDITABLE, calls, edits
from reddy_lib.errors import CallChanged, CallLocked
from reddy_lib.findings import Finding
from reddy_lib.identity import call_key
from reddy_lib.model import Call, Tag, from_payload, payload_json
from reddy_lib.recordings import attachments as files
from reddy_lib.spreadsheet.cells.web_addresses import announced_name, is_web_address

__all__ = [
    "Change",
    "announcing",
    "change_call",
    "change_calls",
    "change_in",
    "change_many",
    "change_one",
    "count_edits",
    "must_be",
    "refuse_locked",
    "rename_tag",
    "replace_call",
    "store_if",
    "update_calls",
    "version_of",
]

TRIES = 20
"""The most calls of the function for one change. That many edits by others meanwhile are a bug, not a race."""


def change_call(
    batch: StoredBatch, row: int, function: Callable[[Call], Call], *, who: str = ""
) -> list[Finding]:
    """Store what `function` makes of a call as it is stored now; see `Batch.change`."""
    row = arguments.row_number(row)
    if not callable(function):
        raise TypeError("function must be a function that takes a Call and returns a Call.")
    for tries_left in reversed(range(TRIES)):
        stored = batch.call(row)
        before = version_of(stored)
        new = function(stored)
        if not isinstance(new, Call):
            raise TypeError(
                f"The function returned {type(new).__name__} for row {row}: it must return the call. Nothing was stored."
            )
        try:
            return store_if(batch, row, before, new, who=who)
        except CallChanged:
            if not tries_left:
                raise
    raise AssertionError("unreachable")


def replace_call(
    batch: StoredBatch, row: int, call: Call, *, expected: Call | None, remembered: bytes | None, who: str
) -> list[Finding]:
    """Store an edited call if the stored one is the one it was made from; see `Batch.replace`."""
    row = arguments.row_number(row)
    for given, name in ((call, "call"), (expected, "expected")):
        if not isinstance(given, Call) and not (given is None and name == "expected"):
            raise TypeError(
                f"{name} must be a Call, not a {type(given).__name__}: batch.call({row}) returns one."
            )
    return store_if(batch, row, version_of(expected) if expected is not None else remembered, call, who=who)


def version_of(call: Call) -> bytes:
    """Return a digest of a call's content."""
    return hashlib.sha256(payload_json(call)).digest()[:16]


def must_be(connection: sa.Connection, stored: Any, seen: bytes | None, call: Call) -> None:
    """Raise CallChanged unless the stored call is the one that was seen, or equals the new one.

    Args:
        seen: the `version_of` what was read; None where it was not read here: then only an unedited call may be replaced.
    """
    now = version_of(from_payload(stored.payload))
    if now in (seen, version_of(call)) or (seen is None and not stored.edited):
        return
    last = connection.execute(
        sa.select(edits.c.who, edits.c.at)
        .where(edits.c.call_id == stored.id)
        .order_by(edits.c.id.desc())
        .limit(1)
    ).one_or_none()
    raise CallChanged(
        row=stored.row,
        stored=from_payload(stored.payload),
        read=seen is not None,
        who=last.who if last else "",
        at=datetime.fromtimestamp(last.at, UTC) if last else None,
    )


def count_edits(batch: StoredBatch, rows: Sequence[int], change: Callable[[Call], Call]) -> ManyEdited:
    """Count how many of these calls an edit would change; store nothing. Raises NotInLedger: there is no such row."""
    editable = set(batch.rows(rows=list(rows), status=sorted(EDITABLE)))
    changed = sum(
        1
        for _, payload in batch.payloads(editable)
        if payload_json(change(call := from_payload(payload))) != payload_json(call)
    )
    return ManyEdited(changed, len(editable) - changed, len(set(rows)) - len(editable))


def change_calls(
    batch: StoredBatch,
    rows: Iterable[int] | int,
    change: Callable[[Call], Call],
    *,
    who: str = "",
    on_progress: Callable[[int], object] | None = None,
) -> ManyEdited:
    """Apply one edit to many calls. Each call is stored and recorded as its own edit.

    `on_progress`: called with how many calls are done. Calls that are being sent or were sent stay as they are.

    Raises NotInLedger: the batch has no such row; nothing was changed.
    """
    wanted = batch.these_rows(rows)
    who = arguments.text(who, "who")
    editable = set(batch.rows(rows=wanted, status=sorted(EDITABLE)))
    changed = same = 0
    locked = len(wanted) - len(editable)
    for done, (row, payload) in enumerate(batch.payloads(editable), 1):
        call = from_payload(payload)
        if payload_json(change(call)) == payload_json(from_payload(payload)):
            same += 1
        else:
            try:
                change_call(batch, row, change, who=who)  # as it is now, not as it was in the list
                changed += 1
            except CallLocked:  # chosen for a submission since we looked
                locked += 1
        if on_progress is not None:
            on_progress(done)
    return ManyEdited(changed, same, locked)


def update_calls(
    batch: StoredBatch, rows: Iterable[int] | int | None, fields: dict[str, Any], *, who: str
) -> ManyEdited:
    """Set fields of many calls; see `Batch.update`."""
    if not fields:
        raise ValueError(f"Name a field to set: {', '.join(SETTABLE)}.")
    for name in fields:
        arguments.known(name, "field", SETTABLE)
    values = {name: _value(name, value) for name, value in fields.items()}

    def change(call: Call) -> Call:
        for name, value in values.items():
            call = with_field(call, name, value)
        return call

    return change_calls(batch, batch.rows() if rows is None else rows, change, who=who)


def rename_tag(batch: StoredBatch, old: str, new: str, *, who: str) -> ManyEdited:
    """Rename a tag in every call that has it; see `Batch.rename_tag`."""
    old, new = arguments.text(old, "old"), arguments.text(new, "new").strip()
    if not new:
        raise ValueError("A tag needs a name.")

    def change(call: Call) -> Call:
        if not any(tag.key == old for tag in call.tags or ()):
            return call
        tags = [Tag(new if tag.key == old else tag.key, tag.value, tag.type) for tag in call.tags or ()]
        return msgspec.structs.replace(call, tags=tags)

    rows = [
        row for row, payload in batch.payloads() if any(tag["key"] == old for tag in payload.get("tags", ()))
    ]
    if not rows:
        raise ValueError(f"No call of {batch.name!r} has a tag {old!r}.")
    return change_calls(batch, rows, change, who=who)


def _value(name: str, value: Any) -> Any:
    """Return a field's value as a call holds it: numbers as Python's own."""
    if value is None:
        return None
    if name == "product_id":
        return arguments.whole_number(value, "product_id", least=0)
    if name == "timestamp":
        if isinstance(value, datetime):  # a pandas Timestamp is one, too
            if value != value:
                raise ValueError("timestamp is NaT, which is no time. None clears the start time.")
            if value.tzinfo is None:
                raise ValueError(
                    f"timestamp {value} names no time zone: add one, for example "
                    'pandas.Timestamp(…).tz_localize("Europe/London").'
                )
            return value.timestamp()
        if isinstance(value, str | bool) or not hasattr(value, "__float__"):
            raise TypeError("timestamp must be a time with a zone, or a number of seconds since the epoch.")
        if not math.isfinite(value):
            raise ValueError("timestamp must be a finite number. None clears the start time.")
        return float(value)
    return arguments.text(value, name)


# --- in one transaction ------------------------------------------------------------------------------------------

Change = Callable[[Call, Decisions, sa.Row[Any]], tuple[Call, Decisions]]
"""Takes a call, its decisions and its row of `calls`; returns the new call and decisions."""

Recording = files.Attached | Literal["as it is"] | None
"""What a change does with the call's recording: attach this file, keep what is attached, or (None) detach it."""


_SENT = ": what was sent is not changed afterwards."
_LOCKED = {
    "queued": " and cannot be edited. Cancel its submission first.",
    "sending": " and cannot be edited. Wait for its outcome.",
    "unknown": ": it may have reached Reddy, so it cannot be edited. Ask Reddy first: reddy.reconcile(batch, client).",
}


def refuse_locked(status: str, row: int) -> None:
    """Raise CallLocked where a call of this status may not be edited."""
    if status not in EDITABLE:
        raise CallLocked(f"Row {row} is {status}{_LOCKED.get(status, _SENT)}")


def store_if(batch: StoredBatch, row: int, seen: bytes | None, call: Call, *, who: str) -> list[Finding]:
    """Store a call if the stored version is still `seen` (see `must_be`). Return its findings.

    Raises as `Batch.replace`.
    """
    try:
        new = from_payload(
            payload_json(call)
        )  # as it will be read back, and independent of the caller's object
    except msgspec.ValidationError as error:
        raise TypeError(f"The call was not stored, because a value has the wrong type. {error}.") from None
    with batch.database.write() as connection:

        def change(now: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            must_be(connection, stored, seen, new)
            return new, decisions

        change_in(connection, batch, row, change, who=who)
    batch.call(row)  # a `Batch` remembers it: the next edit starts from what was stored now
    return batch.findings_of(row)


def change_one(
    batch: StoredBatch, row: int, change: Change, *, who: str, recording: Recording = "as it is"
) -> list[Finding]:
    """Change one call, its decisions and its recording in its own transaction. Return its findings."""
    with batch.database.write() as connection:
        change_in(connection, batch, row, change, who=who, recording=recording)
    return batch.findings_of(row)


def change_many(
    batch: StoredBatch,
    rows: int | Iterable[int],
    change: Change,
    *,
    who: str,
    on_progress: Callable[[int], object] | None = None,
) -> ManyEdited:
    """Change the decisions of many calls, each in its own transaction.

    Return how many changed, how many did not need to, and how many are locked.
    """
    wanted = batch.these_rows(rows)
    who = arguments.text(who, "who")
    changed = same = locked = 0
    for done, row in enumerate(wanted, 1):
        differs: list[bool] = []

        def noting(
            call: Call, decisions: Decisions, stored: sa.Row[Any], differs: list[bool] = differs
        ) -> tuple[Call, Decisions]:
            new = change(call, decisions, stored)
            differs.append(new[1] != decisions)
            return new

        try:
            change_one(batch, row, noting, who=who)
            changed += differs[-1]
            same += not differs[-1]
        except CallLocked:
            locked += 1
        if on_progress is not None:
            on_progress(done)
    return ManyEdited(changed, same, locked)


def change_in(
    connection: sa.Connection,
    batch: StoredBatch,
    row: int,
    change: Change,
    *,
    who: str,
    recording: Recording = "as it is",
) -> None:
    """Change one call inside the caller's transaction. Whatever this raises, it raises before it writes anything."""
    now = time.time()
    row, who = arguments.row_number(row), arguments.text(who, "who")
    query = sa.select(calls).where(calls.c.batch_id == batch.id, calls.c.row == row).with_for_update()
    old = connection.execute(query).one_or_none()
    if old is None:
        raise batch.no_row(row)
    refuse_locked(old.status, row)
    before, decisions = from_payload(old.payload), read_decisions(old.decisions)
    call, new = change(before, decisions, old)
    had = None if old.audio == "none" else files.attached_to(connection, old.id)
    has, call = _with_recording(connection, batch, call, had, recording)
    changed = [*changes(before, call), *decision_changes(decisions, new)]
    if (has and has.sha256) != (had and had.sha256):
        changed.append(("recording", had and had.told(), has and has.told()))
    if not changed and has == had:
        return
    findings = standing_findings(old, call, new, products=batch.products, now=now, attached=has is not None)
    if old.submission_id is not None:
        keep_past_outcome(connection, [old.id])
    if old.attempts:
        keep_what_was_sent(connection, old)
    _store_row(connection, old, call, new, findings, with_recording=has is not None)
    if has is not None and has != had:
        files.attach(connection, old.id, has, who=who, now=now)
    elif has is None and had is not None:
        files.detach(connection, old.id)
    if changed:
        same = {"call_id": old.id, "who": who, "at": now}
        connection.execute(
            edits.insert(),
            [{"field": field, "before": _json(a), "after": _json(b), **same} for field, a, b in changed],
        )
    keys = {old.delivery_key, call_key(call)} - {None}
    remark_duplicates(connection, batch.id, [key for key in keys if key])


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
    has = had if recording == "as it is" else recording
    if has is not None and has is recording:
        files.hold(connection, batch.database, has)
    if not call.filename or has is None:  # a call that no longer announces its recording has none
        return None, call
    name = files.announced_name(call.filename, has.name)
    return msgspec.structs.replace(has, name=name), msgspec.structs.replace(call, filename=name)


def _store_row(
    connection: sa.Connection,
    old: sa.Row[Any],
    call: Call,
    decisions: Decisions,
    findings: list[Finding],
    *,
    with_recording: bool,
) -> None:
    original = old.original or old.payload
    payload = payload_json(call).decode()
    summary = summarised(findings)
    connection.execute(
        calls.update()
        .where(calls.c.id == old.id)
        .values(
            payload=payload,
            original=original,
            edited=bool(decisions) or payload != payload_json(from_payload(original)).decode(),
            status="held" if summary["errors"] else "ready",
            decisions=msgspec.json.encode(decisions).decode() if decisions else None,
            **tally(old.characters_in, unassigned_of(old.unassigned), decisions),
            audio="waiting" if with_recording else "none",
            **NEVER_SENT,
            **summary,
            **searched(call),
        )
    )


def announcing(recording: files.Attached) -> Change:
    """Return a change that lets a call announce this file."""

    def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
        return msgspec.structs.replace(call, filename=recording.name), decisions

    return change


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
