"""Operations: changes of one call or of many, each on record, and undone on its own.

An operation is a row of `operations`; its edits are the rows of `edits` that name it. It runs in transactions of some
hundred calls. Each of them also stores how far the operation got, so that one whose process died is either resumed
(`resume`) or undone (`undo`): its counts are true at any moment.

Undoing is itself an operation. It restores each value that the operation changed, unless the value has changed since or
the call was sent. The result counts the calls that were restored and those that were left as they are.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.call_changes import AS_IT_IS, Change, Changed, Recording, change_in, change_rows
from reddy_lib.batches.decisions import Decisions, read_decisions
from reddy_lib.batches.inverses import (
    ChangedSince,
    FileGone,
    Undoing,
    edits_of,
    inverse,
    recordings_of,
)
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.named_products import named, resolved
from reddy_lib.batches.selections import ranges_of, rows_of_ranges
from reddy_lib.batches.sound_masks import MaskingWork
from reddy_lib.batches.steps import Step, read_step, step_json
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.batches.undo_reasons import why_not_undone
from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import EDITABLE, batches, calls, edits, operations
from reddy_lib.errors import CannotUndo, NotInLedger, OperationTaken
from reddy_lib.model import Call, from_payload, whole_characters

__all__ = [
    "Operation",
    "change_at_once",
    "change_in_pieces",
    "changed_rows",
    "chosen_rows",
    "find",
    "history",
    "resume",
    "undo",
    "undoable",
]

PIECE = 250
"""Calls a transaction: others wait for the ledger meanwhile, so it takes a fraction of a second."""

DEAD_AFTER = 30.0
"""Seconds after which an operation that got no further is taken for one whose process died."""


class Operation(NamedTuple):
    """One change of one call or of many.

    Attributes:
        number: from 1, within the batch.
        title: what it does, in words.
        step: as data; None for a function of the caller's, which cannot be resumed or applied to another batch.
        undoes: id of the operation that this one undoes.
        undone_by: id of the operation that undid this one, if it still stands.
        chosen: how many calls it was meant for.
        changed, same, locked, kept: how many it changed; how many were like that already; how many are being sent or were
            sent; and (of an undo) how many stay as they are: changed again since, or their earlier recording is gone, or
            what was masked was removed for good.
        state: running, done, or stopped (it did not reach the last call).
        at: when it began (UTC).
    """

    id: str
    batch_id: str
    number: int
    title: str
    step: Step | None
    undoes: str | None
    undone_by: str | None
    chosen: int
    changed: int
    same: int
    locked: int
    kept: int
    state: Literal["running", "done", "stopped"]
    who: str
    at: datetime

    @property
    def left(self) -> int:
        """How many calls it has not looked at."""
        return self.chosen - self.changed - self.same - self.locked - self.kept

    def __str__(self) -> str:
        calls_ = "1 call" if self.changed == 1 else f"{self.changed:,} calls"
        return f"{self.title} in {calls_}"


def change_at_once(
    batch: StoredBatch,
    row: int,
    change: Change,
    title: str,
    *,
    who: str,
    recording: Recording = AS_IT_IS,
    step: Step | None = None,
) -> None:
    """Change one call as an operation of its own, in one transaction.

    Raises as `call_changes.change_in`.
    """
    with batch.database.write() as connection:
        change_in_operation(connection, batch, {row: (change, recording)}, title, who=who, step=step)


def change_in_operation(
    connection: sa.Connection,
    batch: StoredBatch,
    those: Mapping[int, tuple[Change, Recording]],
    title: str,
    *,
    who: str,
    step: Step | None = None,
    operation_id: str | None = None,
    refused: Callable[[int, Exception], bool] = lambda row, error: False,
    masks: bool = False,
) -> None:
    """Change some calls as one operation, inside the caller's transaction.

    Args:
        those: row → the change and the recording to attach.
        operation_id: of the new operation; made here if None.
        refused: takes a row and what its change raised; returns False to raise it.
        masks: as in `change_rows`.
    """
    rows = sorted(those)
    id = _begin(connection, batch, rows, title, who=who, step=step, undoes=None, id=operation_id)
    changed = 0
    locked = 0
    for row in rows:
        change, recording = those[row]
        try:
            changed += change_in(
                connection, batch, row, change, who=who, operation=id, recording=recording, masks=masks
            )
        except Exception as error:
            if not refused(row, error):
                raise
            locked += 1
    if not changed:
        connection.execute(operations.delete().where(operations.c.id == id))
        return
    same = len(rows) - changed - locked
    connection.execute(
        operations.update()
        .where(operations.c.id == id)
        .values(changed=changed, same=same, locked=locked, done_to=rows[-1], state="done")
    )


def change_in_pieces(
    batch: StoredBatch,
    rows: Iterable[int] | int,
    step: Step | tuple[str, Change],
    *,
    who: str = "",
    on_progress: Callable[[int], object] | None = None,
    matched: set[int] | None = None,
) -> Operation:
    """Change many calls as one operation, some hundred in a transaction. Return what it did.

    Args:
        step: a step, or a title and a function.
        matched: gets the rows that the step is about, changed or not.
        on_progress: called with how many calls are done; the operation stops where it returns False.

    Raises:
        NotInLedger: the batch has no such row; nothing was changed.
        ValueError: the step names a product that is not in Reddy's list; nothing was changed.
    """
    wanted, who = batch.these_rows(rows), arguments.text(who, "who")
    title, data = (step[0], None) if isinstance(step, tuple) else ("", step)
    if not isinstance(step, tuple):
        step = resolved(step, batch.products)
        data = named(step, batch.products)  # stored by name: in another list, an id may mean another product
        title = data.title()
    with batch.database.write() as connection:
        id = _begin(connection, batch, wanted, title, who=who, step=data, undoes=None)
    change = step[1] if isinstance(step, tuple) else step.change(who=who)
    if matched is not None and not isinstance(step, tuple):
        change = _noting(step, change, matched)
    if isinstance(step, MaskPersonalData):
        return _run(batch, id, wanted, MaskingWork(batch, step, who, id, change), on_progress)
    return _run(batch, id, wanted, _plain(batch, change, who, id), on_progress)


def _noting(step: Step, change: Change, matched: set[int]) -> Change:
    def noted(call: Call, decisions: Decisions, stored: sa.Row[Any]) -> tuple[Call, Decisions]:
        new = change(call, decisions, stored)
        if step.concerns(call, stored) or new != (call, decisions):
            matched.add(stored.row)
        return new

    return noted


def resume(
    batch: StoredBatch,
    operation: Operation | str | int,
    *,
    on_progress: Callable[[int], object] | None = None,
) -> Operation:
    """Go on with an operation that was stopped, from the call where it stopped.

    Raises:
        ValueError: it cannot be resumed, because it is a function of the caller's; or it is not stopped; or it
            names a product that is no longer in Reddy's list.
    """
    one = find(batch, operation)
    if one.state != "stopped":
        raise ValueError(f"“{one.title}” is {one.state}, so there is nothing to resume.")
    if one.undone_by is not None:
        raise ValueError(f"“{one.title}” is undone, so it is not resumed. Undo the undo, or do it again.")
    with batch.database.read() as connection:
        record = connection.execute(sa.select(operations).where(operations.c.id == one.id)).one()
    rows = [row for row in rows_of_ranges(record.rows) if row > record.done_to]
    work: _Work
    if one.undoes is not None:
        work = Undoing(batch, one.undoes, one.who, one.id)
    elif isinstance(one.step, MaskPersonalData):
        work = MaskingWork(batch, one.step, one.who, one.id)
    elif one.step is not None:
        work = _plain(batch, resolved(one.step, batch.products).change(who=one.who), one.who, one.id)
    else:
        raise ValueError(
            f"“{one.title}” was made by a function, which is not stored: undo it, or run it again."
        )
    with batch.database.write() as connection:
        taken = connection.execute(
            operations.update()
            .where(
                operations.c.id == one.id,
                operations.c.seen_at == record.seen_at,
                operations.c.done_to == record.done_to,
            )
            .values(state="running", seen_at=time.time())
        )
        if not taken.rowcount:
            raise ValueError(f"Somebody else resumed “{one.title}”.")
    return _run(batch, one.id, rows, work, on_progress, done_to=record.done_to)


def undo(
    batch: StoredBatch,
    operation: Operation | str | int,
    *,
    who: str = "",
    on_progress: Callable[[int], object] | None = None,
) -> Operation:
    """Undo an operation. Return the undo operation, which counts restored and skipped calls.

    Raises:
        NotInLedger: the batch has no such operation.
        CannotUndo: it is undone already, is running, or none of its calls can be given back. The message says why.
    """
    one, who = find(batch, operation), arguments.text(who, "who")
    _refuse_undo(one)
    if not next((True for _, what in _undoing_each(batch, one) if what == "changed"), False):
        raise CannotUndo(why_not_undone(batch, one.id, one.title, one.number, _undoing_all(batch, one)))
    rows = changed_rows(batch, one)
    title = one.title.removeprefix("Undo: ") if one.undoes else f"Undo: {one.title}"
    with batch.database.write() as connection:
        _lock(connection, batch)  # of two people who undo it together, one is refused
        _refuse_undo(_operations(batch, operations.c.id == one.id, connection)[0])
        _refuse_second(connection, one)
        # Its process may only have seemed dead: it must not go on behind this.
        stopped = operations.update().where(operations.c.id == one.id, operations.c.state == "running")
        connection.execute(stopped.values(state="stopped"))
        id = _begin(connection, batch, rows, title, who=who, step=None, undoes=one.id)
    return _run(batch, id, rows, Undoing(batch, one.id, who, id), on_progress)


def _refuse_undo(one: Operation) -> None:
    if one.state == "running":
        raise CannotUndo(f"“{one.title}” is still running. Wait until it has ended, or stop it first.")
    if one.undone_by is not None:
        raise CannotUndo(f"“{one.title}” is undone already.")


def _refuse_second(connection: sa.Connection, one: Operation) -> None:
    """Raise CannotUndo where another process has just begun to undo the operation, and changed nothing yet."""
    begun = (operations.c.undoes == one.id, operations.c.state == "running", operations.c.changed == 0)
    alive = operations.c.seen_at >= time.time() - DEAD_AFTER
    if connection.execute(sa.select(operations.c.id).where(*begun, alive)).first():
        raise CannotUndo(f"Somebody else undid “{one.title}” just now.")


def undoable(batch: StoredBatch, operation: Operation | str | int) -> Changed:
    """Return what `undo` would do: the rows that it would give back (`changed`), those that were changed again since, or
    whose earlier recording is gone (`same`), and those that are being sent or were sent (`locked`)."""
    found = _undoing_all(batch, find(batch, operation))
    return Changed(
        tuple(found["changed"]), tuple(sorted(found["same"] + found["gone"])), tuple(found["locked"])
    )


def _undoing_all(batch: StoredBatch, one: Operation) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {"changed": [], "same": [], "gone": [], "locked": []}
    for row, what in _undoing_each(batch, one):
        found[what].append(row)
    return found


def _undoing_each(batch: StoredBatch, one: Operation) -> Iterator[tuple[int, str]]:
    """Yield each row that an operation changed, with what undoing it would do: changed, same, gone or locked."""
    names = ("id", "row", "status", "payload", "decisions", "audio", "forgotten_at")
    for some in pieces(changed_rows(batch, one), PIECE):
        with batch.database.read() as connection:
            recorded = edits_of(connection, one.id, batch.id, some)
            files = recordings_of(connection, batch, recorded)
            query = sa.select(*(calls.c[name] for name in names)).where(
                calls.c.batch_id == batch.id, calls.c.row.in_(some)
            )
            found: Sequence[Any] = connection.execute(query.order_by(calls.c.row)).all()
        for stored in found:
            if stored.status not in EDITABLE or stored.forgotten_at is not None:
                yield stored.row, "locked"
                continue
            decisions = read_decisions(stored.decisions)
            now = from_payload(stored.payload), decisions
            try:
                then = inverse(recorded[stored.row], one.who, files.get(stored.row))(*now, stored)
            except FileGone:
                yield stored.row, "gone"
            except ChangedSince:
                yield stored.row, "same"
            else:  # nothing differs where codes were removed for good
                yield stored.row, "changed" if then != now or stored.row in files else "same"


def find(batch: StoredBatch, operation: Operation | str | int) -> Operation:
    """Return an operation as it is now, by id or number. Raises NotInLedger: the batch has no such operation."""
    wanted = (
        operation.id
        if isinstance(operation, Operation)
        else arguments.number_or_text(operation, "The operation")
    )
    by = operations.c.number if isinstance(wanted, int) else operations.c.id
    found = _operations(batch, by == wanted)
    if not found:
        raise NotInLedger(
            f"The batch {batch.name!r} has no operation {wanted}: batch.operations() lists them."
        )
    return found[0]


def history(batch: StoredBatch) -> list[Operation]:
    """Return the operations of a batch, the latest first."""
    return _operations(batch)


def chosen_rows(batch: StoredBatch, operation: Operation) -> list[int]:
    """Return the rows that an operation was meant for, ascending."""
    with batch.database.read() as connection:
        query = sa.select(operations.c.rows).where(operations.c.id == operation.id)
        return rows_of_ranges(connection.execute(query).scalar_one())


def changed_rows(batch: StoredBatch, operation: Operation) -> list[int]:
    """Return the rows that an operation changed, ascending."""
    with batch.database.read() as connection:
        return _rows_of(connection, operation.id)


# --- one operation -----------------------------------------------------------------------------------------------

_Work = Callable[[sa.Connection, Sequence[int]], tuple[Changed, int]]
"""Changes these rows; returns what changed, and how many of the unchanged were changed by somebody since."""


def _begin(
    connection: sa.Connection,
    batch: StoredBatch,
    rows: Sequence[int],
    title: str,
    *,
    who: str,
    step: Step | None,
    undoes: str | None,
    id: str | None = None,
) -> str:
    _lock(connection, batch)  # two operations that begin together would both take the same number
    last = sa.select(sa.func.coalesce(sa.func.max(operations.c.number), 0)).where(
        operations.c.batch_id == batch.id
    )
    id, now = id or secrets.token_hex(8), time.time()
    connection.execute(
        operations.insert().values(
            id=id,
            batch_id=batch.id,
            number=connection.execute(last).scalar_one() + 1,
            title=whole_characters(title).replace("\x00", "\ufffd"),  # PostgreSQL refuses NUL
            step=None if step is None else step_json(step),
            undoes=undoes,
            rows=ranges_of(rows),
            done_to=0,
            chosen=len(rows),
            changed=0,
            same=0,
            locked=0,
            kept=0,
            state="running",
            who=whole_characters(who),
            at=now,
            seen_at=now,
        )
    )
    return id


def _lock(connection: sa.Connection, batch: StoredBatch) -> None:
    connection.execute(sa.select(batches.c.id).where(batches.c.id == batch.id).with_for_update())


def _plain(batch: StoredBatch, change: Change, who: str, id: str) -> _Work:
    def work(connection: sa.Connection, rows: Sequence[int]) -> tuple[Changed, int]:
        return change_rows(connection, batch, rows, change, who=who, operation=id), 0

    return work


def _run(
    batch: StoredBatch,
    id: str,
    rows: Sequence[int],
    work: _Work,
    on_progress: Callable[[int], object] | None,
    *,
    done_to: int = 0,
) -> Operation:
    """Work on these rows, a piece a transaction. `done_to`: the last row that was looked at before.

    Raises OperationTaken: another process resumed, stopped or undid the operation, because this one seemed dead.
    """
    done, state = 0, "stopped"
    try:
        for some in pieces(rows, PIECE):
            if isinstance(work, MaskingWork | Undoing):
                work.before(some)
            with batch.database.write() as connection:
                _go_on(connection, id, done_to)
                found, since = work(connection, some)
                _count(connection, id, found, since, some[-1])
            done, done_to = done + len(some), some[-1]
            if on_progress is not None and on_progress(done) is False:
                break
        else:
            state = "done"
    finally:  # what was stored stays stored: whatever stopped it, the operation can be undone
        with batch.database.write() as connection:
            mine = (operations.c.id == id, operations.c.state == "running", operations.c.done_to == done_to)
            connection.execute(operations.update().where(*mine).values(state=state))
            ended = _operations(batch, operations.c.id == id, connection)[0]
            if state == "done" and not ended.changed:  # a history of changes lists what changed something
                connection.execute(operations.delete().where(operations.c.id == id))
    return ended


def _go_on(connection: sa.Connection, id: str, done_to: int) -> None:
    """Lock the operation for this transaction, if it is where this process left it.

    A process that seemed dead may wake up after another one resumed its operation. Of two that change the same calls, the
    second would shift times that are shifted already.
    """
    mine = (operations.c.id == id, operations.c.state == "running", operations.c.done_to == done_to)
    taken = connection.execute(operations.update().where(*mine).values(seen_at=time.time()))
    if not taken.rowcount:
        raise OperationTaken(
            "Another process resumed, stopped or undid this change meanwhile. What was stored stays: look at the history."
        )


def _count(connection: sa.Connection, id: str, found: Changed, since: int, last: int) -> None:
    add = {
        "changed": len(found.changed),
        "same": len(found.same) - since,
        "locked": len(found.locked),
        "kept": since,
    }
    connection.execute(
        operations.update()
        .where(operations.c.id == id)
        .values(
            {name: operations.c[name] + count for name, count in add.items()}
            | {"done_to": last, "seen_at": time.time()}
        )
    )


def _operations(batch: StoredBatch, *conditions: sa.ColumnElement[bool] | sa.Connection) -> list[Operation]:
    where = [one for one in conditions if not isinstance(one, sa.Connection)]
    given = next((one for one in conditions if isinstance(one, sa.Connection)), None)
    query = (
        sa.select(operations)
        .where(operations.c.batch_id == batch.id, *where)
        .order_by(operations.c.number.desc())
    )
    if given is not None:
        records, undone = given.execute(query).all(), _undone(given, batch.id)
    else:
        with batch.database.read() as connection:
            records, undone = connection.execute(query).all(), _undone(connection, batch.id)
    dead = time.time() - DEAD_AFTER
    return [
        Operation(
            id=one.id,
            batch_id=one.batch_id,
            number=one.number,
            title=one.title,
            step=_step_of(one.step),
            undoes=one.undoes,
            undone_by=undone.get(one.id),
            chosen=one.chosen,
            changed=one.changed,
            same=one.same,
            locked=one.locked,
            kept=one.kept,
            state="stopped" if one.state == "running" and one.seen_at < dead else one.state,
            who=one.who,
            at=datetime.fromtimestamp(one.at, UTC),
        )
        for one in records
    ]


def _step_of(text: str | None) -> Step | None:
    try:
        return None if text is None else read_step(text)
    except (msgspec.ValidationError, msgspec.DecodeError):  # of a newer version: it can still be undone
        return None


# --- undo ------------------------------------------------------------------------------------------------------------


def _undone(connection: sa.Connection, batch_id: str) -> dict[str, str]:
    """Return the id of each undone operation → the id of the operation that undid it and stands."""
    query = (
        sa.select(operations.c.id, operations.c.undoes)
        .where(operations.c.batch_id == batch_id, operations.c.undoes.is_not(None), operations.c.changed > 0)
        .order_by(operations.c.number.desc())
    )
    undone: dict[str, str] = {}
    for id, undoes in connection.execute(query):  # the latest first: whether it stands is known by then
        if id not in undone:
            undone.setdefault(undoes, id)
    return undone


def _rows_of(connection: sa.Connection, id: str) -> list[int]:
    query = (
        sa.select(calls.c.row)
        .join(edits, edits.c.call_id == calls.c.id)
        .where(edits.c.operation_id == id)
        .distinct()
        .order_by(calls.c.row)
    )
    return list(connection.execute(query).scalars())
