"""Say what a step would change, call by call, without storing anything."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.call_changes import Change, readable
from reddy_lib.batches.call_rows import payload_changes, standing_findings
from reddy_lib.batches.decisions import Decisions, ManyEdited, decision_changes, read_decisions
from reddy_lib.batches.differences import field_label
from reddy_lib.batches.line_diff import same_as_sent
from reddy_lib.batches.named_products import resolved
from reddy_lib.batches.step_base import value_words
from reddy_lib.batches.steps import Step
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import EDITABLE, calls
from reddy_lib.model import Call, from_payload, payload_json

__all__ = ["CallChange", "Preview", "effect_of", "preview_of", "stored_calls"]

_PIECE = 500


class CallChange(NamedTuple):
    """What a step would change in one call: (what, before, after) as texts.

    Attributes:
        held, held_after: whether findings hold the call back, now and after the change.
    """

    row: int
    conversation_id: str
    changes: tuple[tuple[str, str, str], ...]
    held: bool
    held_after: bool


class Preview(NamedTuple):
    """What a step would do.

    Attributes:
        changed, same, locked: how many calls it would change, how many are like that already, or are not meant, and how
            many are being sent or were sent.
        why: "", or why it would change nothing.
        shown: the first of the calls that it would change.
    """

    changed: int
    same: int
    locked: int
    why: str
    shown: tuple[CallChange, ...]

    @property
    def held_before(self) -> int:
        """How many of the shown calls are held now."""
        return sum(one.held for one in self.shown)

    @property
    def held_after(self) -> int:
        """How many of the shown calls would be held."""
        return sum(one.held_after for one in self.shown)


def stored_calls(batch: StoredBatch, rows: Sequence[int]) -> Iterator[sa.Row[Any]]:
    """Yield these rows of `calls`, ascending. The database is free between two hundreds of them."""
    for some in pieces(rows, _PIECE):
        query = sa.select(calls).where(calls.c.batch_id == batch.id, calls.c.row.in_(some))
        with batch.database.read() as connection:
            found = connection.execute(query.order_by(calls.c.row)).all()
        yield from found


def effect_of(batch: StoredBatch, rows: Iterable[int] | int, step: Step) -> ManyEdited:
    """Count how many of these calls a step would change; store nothing. Raises NotInLedger: there is no such row."""
    found = preview_of(batch, step, rows, limit=0)
    return ManyEdited(found.changed, found.same, found.locked)


def preview_of(
    batch: StoredBatch, step: Step, rows: Iterable[int] | int | None = None, *, limit: int = 20
) -> Preview:
    """Return what a step would do to these calls (None: all), with the first `limit` of them; see `Batch.preview`."""
    step = resolved(step, batch.products)
    change = step.change(who="")
    changed = same = locked = 0
    shown: list[CallChange] = []
    for stored in stored_calls(batch, batch.rows() if rows is None else batch.these_rows(rows)):
        if stored.status not in EDITABLE:
            locked += 1
            continue
        new = _new(change, stored)
        if new is None:
            same += 1
            continue
        changed += 1
        if len(shown) < limit:
            shown.append(_shown(batch, stored, *new))
    return Preview(changed, same, locked, "" if changed else step.nothing(), tuple(shown))


def _new(change: Change, stored: sa.Row[Any]) -> tuple[str, Decisions] | None:
    """Return the payload and the decisions after a change, or None where nothing differs."""
    decisions = read_decisions(stored.decisions)
    call, taken = change(from_payload(stored.payload), decisions, stored)
    payload = payload_json(call).decode()
    if payload != stored.payload:
        readable(payload, stored.row)
    return (payload, taken) if payload != stored.payload or taken != decisions else None


def _shown(batch: StoredBatch, stored: sa.Row[Any], payload: str, decisions: Decisions) -> CallChange:
    call = from_payload(payload)
    before = from_payload(stored.payload)
    found = payload_changes(stored.payload, payload)
    found += decision_changes(read_decisions(stored.decisions), decisions)
    told = [one for each in found for one in _told(before, call, *each)]
    errors = standing_findings(stored, call, decisions, products=batch.products, now=time.time())
    held = any(one.severity == "error" for one in errors)
    return CallChange(stored.row, before.conversation_id or "", tuple(told), stored.errors > 0, held)


def _told(before: Call, after: Call, field: str, old: Any, new: Any) -> Iterator[tuple[str, str, str]]:
    if field == "tags":
        names = {str(tag["key"]): tag for tag in old or ()}, {str(tag["key"]): tag for tag in new or ()}
        for name in dict.fromkeys([*names[0], *names[1]]):
            one, other = (each.get(name, {}).get("value") for each in names)
            if not same_as_sent(one, other):
                yield f"tag {name}", value_words(one), value_words(other)
    elif field == "transcript":
        yield "transcript", _lines(len(old or ())), _lines(len(new or ()))
    elif "[*]" in field:
        pairs = [(one, other) for one, other in zip(old, new, strict=True) if not same_as_sent(one, other)]
        one, other = pairs[0]
        more = f" … ({len(pairs)} of them)"
        yield field_label(field), value_words(one) + more, value_words(other) + more
    elif field.startswith("tags["):
        number = int(field[5 : field.index("]")])
        name = (before.tags or [])[number - 1].key
        yield (
            f"tag {name}" + ("" if field.endswith(".value") else f" {field.rpartition('.')[2]}"),
            value_words(old),
            value_words(new),
        )
    else:
        yield field_label(field), _words(old), _words(new)


def _words(value: Any) -> str:
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value_words(value)


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count:,} lines"
