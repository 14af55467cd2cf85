"""Change calls so that concurrent edits never overwrite each other. Each change is an operation on record.

`change_call` runs a caller's function as compare-and-set: the function works on the stored call, and its result is stored
only if that call is still there; otherwise it runs again on the newer one. No lock is held while it runs, because SQLite
has one writer, and a caller's function may take its time or use the ledger itself.

`replace_call` stores a call that the caller prepared earlier. It has to know which version that was made from: the caller
passes it (`expected`), or the `Batch` remembers what it handed out.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.call_changes import AS_IT_IS, Change, Recording
from reddy_lib.batches.decisions import Decisions, ManyEdited
from reddy_lib.batches.differences import differences
from reddy_lib.batches.edits import SETTABLE, with_field
from reddy_lib.batches.operations import Operation, change_at_once, change_in_operation, change_in_pieces
from reddy_lib.batches.steps import RenameTag, SetField, Step
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import calls, edits
from reddy_lib.errors import CallChanged
from reddy_lib.findings import Finding
from reddy_lib.model import Call, Tag, TranscriptLine, from_payload, payload_json

__all__ = [
    "apply_step",
    "change_call",
    "change_calls",
    "change_many",
    "change_one",
    "must_be",
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


def change_calls(
    batch: StoredBatch,
    rows: Iterable[int] | int,
    change: Callable[[Call], Call],
    *,
    title: str = "Change",
    who: str = "",
    on_progress: Callable[[int], object] | None = None,
) -> ManyEdited:
    """Apply one edit to many calls, as one operation.

    `on_progress`: called with how many calls are done. Calls that are being sent or were sent stay as they are.

    Raises NotInLedger: the batch has no such row; nothing was changed.
    """

    def of_the_call(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
        return change(call), decisions

    return _told(
        change_in_pieces(batch, rows, (title, of_the_call), who=who, on_progress=_always(on_progress))
    )


def change_many(
    batch: StoredBatch,
    rows: int | Iterable[int],
    change: Change,
    *,
    title: str,
    who: str,
    on_progress: Callable[[int], object] | None = None,
) -> ManyEdited:
    """Change the decisions of many calls, as one operation.

    Return how many changed, how many did not need to, and how many are locked.
    """
    return _told(change_in_pieces(batch, rows, (title, change), who=who, on_progress=_always(on_progress)))


def apply_step(
    batch: StoredBatch,
    rows: int | Iterable[int] | None,
    step: Step,
    *,
    who: str = "",
    on_progress: Callable[[int], object] | None = None,
) -> Operation:
    """Apply a step to many calls (None: all), as one operation. Raises as `change_calls`."""
    return change_in_pieces(
        batch, batch.rows() if rows is None else rows, step, who=who, on_progress=on_progress
    )


def _always(on_progress: Callable[[int], object] | None) -> Callable[[int], object] | None:
    """Return a function that reports progress and never stops the operation, whatever `on_progress` returns."""
    if on_progress is None:
        return None
    return lambda done: (on_progress(done), True)[1]


def _told(operation: Operation) -> ManyEdited:
    return ManyEdited(operation.changed, operation.same, operation.locked)


def update_calls(
    batch: StoredBatch, rows: Iterable[int] | int | None, fields: dict[str, Any], *, who: str
) -> ManyEdited:
    """Set fields of many calls; see `Batch.update`."""
    if not fields:
        raise ValueError(f"Name a field to set: {', '.join(SETTABLE)}.")
    for name in fields:
        arguments.known(name, "field", SETTABLE)
    steps = [SetField(field=name, value=_value(name, value)) for name, value in fields.items()]
    if len(steps) == 1:
        return _told(apply_step(batch, rows, steps[0], who=who))

    def change(call: Call) -> Call:
        for step in steps:
            call = with_field(call, step.field, step.value)
        return call

    return change_calls(
        batch,
        batch.rows() if rows is None else rows,
        change,
        title=" · ".join(s.title() for s in steps),
        who=who,
    )


def rename_tag(batch: StoredBatch, old: str, new: str, *, who: str) -> ManyEdited:
    """Rename a tag in every call that has it; see `Batch.rename_tag`."""
    old, new = arguments.text(old, "old"), arguments.text(new, "new").strip()
    if not new:
        raise ValueError("A tag needs a name.")
    rows = [
        row for row, payload in batch.payloads() if any(tag["key"] == old for tag in payload.get("tags", ()))
    ]
    if not rows:
        raise ValueError(f"No call of {batch.name!r} has a tag {old!r}.")
    return _told(apply_step(batch, rows, RenameTag(old=old, new=new), who=who))


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


def store_if(batch: StoredBatch, row: int, seen: bytes | None, call: Call, *, who: str) -> list[Finding]:
    """Store a call if the stored version is still `seen` (see `must_be`). Return its findings.

    Raises as `Batch.replace`.
    """
    for name, kind in (("transcript", TranscriptLine), ("tags", Tag)):
        value = getattr(call, name)
        if value is not None and not (
            isinstance(value, Sequence) and all(isinstance(one, kind) for one in value)
        ):
            raise TypeError(
                f"The call was not stored: {name} must be a list of reddy.{kind.__name__}, or None."
            )
    try:
        new = from_payload(
            payload_json(call)
        )  # as it will be read back, and independent of the caller's object
    except msgspec.ValidationError as error:
        raise TypeError(f"The call was not stored, because a value has the wrong type. {error}.") from None
    with batch.database.write() as connection:
        stored = connection.execute(
            sa.select(calls.c.payload)
            .where(calls.c.batch_id == batch.id, calls.c.row == row)
            .with_for_update()
        ).scalar_one_or_none()
        title = "Edit" if stored is None else f"Edit {differences(from_payload(stored), new)}".rstrip()

        def change(now: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
            must_be(connection, stored, seen, new)
            return new, decisions

        change_in_operation(connection, batch, {row: (change, AS_IT_IS)}, title, who=who)
    batch.call(row)  # a `Batch` remembers it: the next edit starts from what was stored now
    return batch.findings_of(row)


def change_one(
    batch: StoredBatch, row: int, change: Change, *, title: str, who: str, recording: Recording = AS_IT_IS
) -> list[Finding]:
    """Change one call, its decisions and its recording in its own transaction. Return its findings."""
    change_at_once(batch, arguments.row_number(row), change, title, who=who, recording=recording)
    return batch.findings_of(row)
