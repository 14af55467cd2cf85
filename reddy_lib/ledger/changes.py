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
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from .. import arguments
from ..errors import CallChanged, CallLocked
from ..findings import Finding
from ..model import Call, Tag, from_payload, payload_json
from .decisions import ManyEdited
from .editing import SETTABLE, with_field
from .schema import EDITABLE, edits

if TYPE_CHECKING:
    from .batch import Batch

__all__ = [
    "change_call",
    "change_calls",
    "must_be",
    "rename_tag",
    "replace_call",
    "update_calls",
    "version_of",
]

TRIES = 20
"""Calls of the function for one change. So many edits of one call by others in its time are a fault, not a race."""


def change_call(batch: Batch, row: int, function: Callable[[Call], Call], *, who: str = "") -> list[Finding]:
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
            return batch.store_if(row, before, new, who=who)
        except CallChanged:
            if not tries_left:
                raise
    raise AssertionError("unreachable")


def replace_call(
    batch: Batch, row: int, call: Call, *, expected: Call | None, remembered: bytes | None, who: str
) -> list[Finding]:
    """Store an edited call if the stored one is the one it was made from; see `Batch.replace`."""
    row = arguments.row_number(row)
    for given, name in ((call, "call"), (expected, "expected")):
        if not isinstance(given, Call) and not (given is None and name == "expected"):
            raise TypeError(
                f"{name} must be a Call, not a {type(given).__name__}: batch.call({row}) returns one."
            )
    return batch.store_if(row, version_of(expected) if expected is not None else remembered, call, who=who)


def version_of(call: Call) -> bytes:
    """Return what tells this content of a call from any other."""
    return hashlib.sha256(payload_json(call)).digest()[:16]


def must_be(connection: sa.Connection, batch: Batch, stored: Any, seen: bytes | None, call: Call) -> None:
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


def change_calls(
    batch: Batch,
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
    batch: Batch, rows: Iterable[int] | int | None, fields: dict[str, Any], *, who: str
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


def rename_tag(batch: Batch, old: str, new: str, *, who: str) -> ManyEdited:
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
