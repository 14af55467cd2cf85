"""Changing calls by a function of the caller's, so that nobody overwrites what somebody else just stored.

`change_call` is compare-and-set: the function works on the call as it is stored, and its result is stored only if that
call is still there; else the function is asked once more, about the newer call. The effect is that of running it inside
the transaction, but no lock is held while it runs: SQLite has one writer, and a caller's function may take its time, or
use the ledger itself.

`replace_call` stores a call that the caller made at leisure. It needs to know what that was made from: the caller says
so (`expected`), or the `Batch` remembers what it handed out.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from reddy_lib import arguments
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
from reddy_lib.spreadsheet.web_addresses import announced_name, is_web_address

__all__ = [
    "change_call",
    "change_calls",
    "count_edits",
    "must_be",
    "rename_tag",
    "replace_call",
    "update_calls",
    "version_of",
]

TRIES = 20
"""Calls of the function for one change. So many edits of one call by others in its time are a fault, not a race."""


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
    """Return what tells this content of a call from any other."""
    return hashlib.sha256(payload_json(call)).digest()[:16]


def must_be(connection: sa.Connection, stored: Any, seen: bytes | None, call: Call) -> None:
    """Refuse to overwrite a call that is not the one that was seen.

    `seen`: its `version_of` then; None: it was never read here, and only a call that nobody has edited may be replaced.
    Storing what is there already overwrites nothing.

    Raises CallChanged.
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
        at=last.at if last else None,
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
    """Make one edit to many calls, each stored and on record as an edit of its own.

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
        if isinstance(value, str | bool) or not hasattr(value, "__float__"):
            raise TypeError("timestamp must be a number: seconds since the epoch, UTC.")
        return float(value)
    return arguments.text(value, name)


Change = Callable[[Call, Decisions, sa.Row[Any]], tuple[Call, Decisions]]
"""(call, what was decided about it, its row of `calls`) → both as they shall be."""


def refuse_locked(status: str, row: int) -> None:
    """Raise CallLocked where a call of this status may not be edited."""
    if status not in EDITABLE:
        raise CallLocked(
            f"Row {row} is {status}: what was sent is not changed afterwards. "
            + ("Pause or cancel the submission first." if status == "queued" else "")
        )


def change_one(
    batch: StoredBatch,
    row: int,
    change: Change,
    *,
    who: str,
    recording: files.Attached | Literal["as it is"] | None = "as it is",
) -> list[Finding]:
    """Store what `change` makes of one call and its decisions, checked, with every difference on record.

    `recording`: a file to attach, or None to detach. A call that no longer announces its recording has none.
    """
    with batch.database.write() as connection:
        change_in(connection, batch, row, change, who=who, recording=recording)
    return batch.findings_of(row)


def change_in(
    connection: sa.Connection,
    batch: StoredBatch,
    row: int,
    change: Change,
    *,
    who: str,
    recording: files.Attached | Literal["as it is"] | None = "as it is",
) -> None:
    """`_change` in a transaction. What it raises, it raises before it has written anything."""
    now = time.time()
    row, who = arguments.row_number(row), arguments.text(who, "who")
    query = sa.select(calls).where(calls.c.batch_id == batch.id, calls.c.row == row).with_for_update()
    old = connection.execute(query).one_or_none()
    if old is None:
        raise batch.no_row(row)
    refuse_locked(old.status, row)
    before, decisions = from_payload(old.payload), read_decisions(old.decisions)
    call, new = change(before, decisions, old)
    if call.filename and is_web_address(call.filename):  # what Reddy is told is the name alone
        call = msgspec.structs.replace(call, filename=announced_name(call.filename))
    had = None if old.audio == "none" else files.attached_to(connection, old.id)
    has = had if recording == "as it is" else recording
    if has is not None and has is recording:
        files.hold(connection, batch.database, has)
    if not call.filename:
        has = None
    elif has is not None:
        name = files.announced_name(call.filename, has.name)
        has, call = (
            msgspec.structs.replace(has, name=name),
            msgspec.structs.replace(call, filename=name),
        )
    changed = [*changes(before, call), *decision_changes(decisions, new)]
    if (has and has.sha256) != (had and had.sha256):
        changed.append(("recording", had and had.told(), has and has.told()))
    if not changed and has == had:
        return
    findings = standing_findings(old, call, new, products=batch.products, now=now, attached=has is not None)
    summary = summarised(findings)
    if old.submission_id is not None:
        keep_past_outcome(connection, [old.id])
    payload = payload_json(call).decode()
    if old.attempts:
        keep_what_was_sent(connection, old)
    connection.execute(
        calls.update()
        .where(calls.c.id == old.id)
        .values(
            payload=payload,
            original=old.original or old.payload,
            edited=bool(new) or payload != payload_json(from_payload(old.original or old.payload)).decode(),
            status="held" if summary["errors"] else "ready",
            decisions=msgspec.json.encode(new).decode() if new else None,
            **tally(old.characters_in, unassigned_of(old.unassigned), new),
            audio="none" if has is None else "waiting",
            **NEVER_SENT,
            **summary,
            **searched(call),
        )
    )
    if has is not None and has != had:
        files.attach(connection, old.id, has, who=who, now=now)
    elif has is None and had is not None:
        files.detach(connection, old.id)
    told = [
        {
            "call_id": old.id,
            "field": field,
            "before": _json(a),
            "after": _json(b),
            "who": who,
            "at": now,
        }
        for field, a, b in changed
    ]
    if told:
        connection.execute(edits.insert(), told)
    keys = {old.delivery_key, call_key(call)} - {None}
    remark_duplicates(connection, batch.id, [key for key in keys if key])


def change_many(
    batch: StoredBatch,
    rows: int | Iterable[int],
    change: Change,
    *,
    who: str,
    on_progress: Callable[[int], object] | None = None,
) -> ManyEdited:
    """`change` to each of these calls, one after the other; those it leaves as they are count as the same."""
    wanted = batch.these_rows(rows)
    who = arguments.text(who, "who")
    changed = same = locked = 0
    for done, row in enumerate(wanted, 1):
        seen: list[bool] = []

        def told(
            call: Call, decisions: Decisions, stored: sa.Row[Any], seen: list[bool] = seen
        ) -> tuple[Call, Decisions]:
            new = change(call, decisions, stored)
            seen.append(new[1] != decisions)
            return new

        try:
            change_one(batch, row, told, who=who)
            changed += seen[-1]
            same += not seen[-1]
        except CallLocked:
            locked += 1
        if on_progress is not None:
            on_progress(done)
    return ManyEdited(changed, same, locked)


def store_if(batch: StoredBatch, row: int, seen: bytes | None, call: Call, *, who: str) -> list[Finding]:
    """Store a call if its version in the ledger is still `seen` (see `changes.must_be`). Return its findings.

    Raises as `replace`.
    """
    # as it will be read back, and independent of the caller's object
    new = from_payload(payload_json(call))
    with batch.database.write() as connection:

        def change(now: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            must_be(connection, stored, seen, new)
            return new, decisions

        change_in(connection, batch, row, change, who=who)
    batch.call(row)  # a `Batch` remembers it: the next edit is made from what was stored now
    return batch.findings_of(row)


def announcing(recording: files.Attached) -> Change:
    """Return a change that lets a call announce this file."""

    def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
        return msgspec.structs.replace(call, filename=recording.name), decisions

    return change


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
