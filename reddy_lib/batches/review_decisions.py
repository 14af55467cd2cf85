"""Decisions about a call, stored beside its payload: unassigned text that is placed or dropped, and accepted findings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.changes import change_many
from reddy_lib.batches.decisions import (
    ATTACH,
    DROP,
    OWN_LINE,
    BatchLoss,
    Decision,
    Decisions,
    ManyEdited,
    Taken,
    decided,
    moved_lines,
    read_decisions,
    unassigned_of,
)
from reddy_lib.batches.frames import utc
from reddy_lib.batches.operations import change_in_pieces
from reddy_lib.batches.steps import Accept
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import calls
from reddy_lib.findings import CATALOGUE
from reddy_lib.model import Call, from_payload

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["accept_finding", "decide_texts", "loss_of", "unassigned_frame", "withdraw_acceptance"]


def loss_of(batch: StoredBatch, row: int | None) -> BatchLoss:
    """Measure how much of the transcripts' cells is in their lines; see `Batch.loss`."""
    if row is not None:
        row = int(batch.one(row, calls.c.row).row)
    sums = (calls.c.characters_in, calls.c.characters_placed, calls.c.characters_dropped)
    query = sa.select(*(sa.func.coalesce(sa.func.sum(column), 0) for column in sums)).where(
        calls.c.batch_id == batch.id, *([] if row is None else [calls.c.row == row])
    )
    with batch.database.read() as connection:
        return BatchLoss(*(int(number) for number in connection.execute(query).one()))


def unassigned_frame(batch: StoredBatch, row: int | None) -> pd.DataFrame:
    """Return texts that reading put in no line; see `Batch.unassigned`."""
    import pandas as pd

    query = sa.select(
        calls.c.row, calls.c.payload, calls.c.original, calls.c.unassigned, calls.c.decisions
    ).where(calls.c.batch_id == batch.id, calls.c.unassigned.is_not(None))
    if row is not None:
        query = query.where(calls.c.row == batch.one(row, calls.c.row).row)
    records = []
    with batch.database.read() as connection:
        for found in connection.execute(query.order_by(calls.c.row)):
            decisions = read_decisions(found.decisions)
            moved = _moved(found)
            for one in unassigned_of(found.unassigned):
                taken = decisions.texts.get(one.number)
                told = ("", "", "", None) if taken is None else taken.told()
                records.append((found.row, one.number, moved.get(one.after, 0), one.text, *told))
    frame = pd.DataFrame(records, columns=["row", "number", "after", "text", "decision", "role", "who", "at"])
    frame = frame.astype({"row": "int64", "number": "int64", "after": "int64"}).assign(at=utc(frame["at"]))
    return frame.set_index("row")


def decide_texts(
    batch: StoredBatch,
    rows: int | Iterable[int],
    decision: Decision,
    *,
    text: str | None,
    role: str,
    who: str,
    on_progress: Callable[[int], object] | None,
) -> ManyEdited:
    """Attach, insert or drop text that is in no line; see `Batch.decide`."""
    arguments.known(decision, "decision", (ATTACH, OWN_LINE, DROP))
    arguments.text(role, "role")
    now = time.time()

    def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
        moved = _moved(stored)
        open_ = [
            one
            for one in unassigned_of(stored.unassigned)
            if one.number not in decisions.texts and text in (None, one.text)
        ]
        taken = {one.number: Taken(decision, who, now, role * (decision == OWN_LINE)) for one in open_}
        # To keep each text in its order, insert or prepend from below, and append from above.
        below = [one for one in open_ if decision == ATTACH and moved.get(one.after, 0)]
        for one in [*below, *(one for one in reversed(open_) if one not in below)]:
            call = decided(call, one, moved.get(one.after, 0), decision, role)
        return call, msgspec.structs.replace(decisions, texts={**decisions.texts, **taken})

    titles = {ATTACH: "Attach text without a line to the line above", DROP: "Drop text without a line"}
    title = titles.get(decision, f"Make text without a line a line of the {role or 'call'}")
    return change_many(batch, rows, change, title=title, who=who, on_progress=on_progress)


def accept_finding(
    batch: StoredBatch,
    rows: int | Iterable[int],
    code: str,
    *,
    who: str,
    on_progress: Callable[[int], object] | None,
) -> ManyEdited:
    """Accept findings of one code; see `Batch.accept`."""
    if not CATALOGUE[arguments.known(code, "code", CATALOGUE)].accepting:
        raise ValueError(f"Findings of code {code} cannot be accepted. {CATALOGUE[code].hint}")
    done = change_in_pieces(batch, rows, Accept(code=code), who=who, on_progress=on_progress)
    return ManyEdited(done.changed, done.same, done.locked)


def withdraw_acceptance(batch: StoredBatch, rows: int | Iterable[int], code: str, *, who: str) -> ManyEdited:
    """Withdraw the acceptance of findings of one code; see `Batch.withdraw`."""
    arguments.known(code, "code", CATALOGUE)

    def change(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
        accepted = {name: taken for name, taken in decisions.accepted.items() if name != code}
        return call, msgspec.structs.replace(decisions, accepted=accepted)

    title = f"Withdraw the acceptance of “{CATALOGUE[code].title}”"
    return change_many(batch, rows, change, title=title, who=who)


def _moved(stored: Any) -> dict[int, int]:
    """Return `moved_lines` of a call, from its row of `calls`."""
    if stored.original is None:
        return {number: number for number in range(len(from_payload(stored.payload).transcript or []) + 1)}
    original, call = from_payload(stored.original), from_payload(stored.payload)
    return moved_lines(original.transcript or [], call.transcript or [])
