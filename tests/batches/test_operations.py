"""Operations: each change of one call or of many is on record, can be undone on its own, and survives its process."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches import operations
from reddy_lib.batches.steps import (
    Accept,
    DropTag,
    FixValue,
    GiveRole,
    RenameTag,
    Replace,
    RetypeTag,
    ScaleTimes,
    SetField,
    SetTag,
    ShiftTimes,
    Step,
    SwapRoles,
    read_step,
    step_json,
)
from reddy_lib.database import schema
from reddy_lib.errors import CannotUndo, NotInLedger


def frame(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "conversation_id": [f"conv-{i}" for i in range(count)],
            "agent_email": [f"agent{i % 3}@example.com" for i in range(count)],
            "product_id": [1 + i % 2 for i in range(count)],
            "timestamp": [1_700_000_000 + 60 * i for i in range(count)],
            "transcript": [
                f"Agent: Hello {i}\nCustomer: I lost my card\nAgent: One moment" for i in range(count)
            ],
            "CSAT": [str(1 + i % 5) for i in range(count)],
        }
    )


@pytest.fixture
def batch(ledger: reddy.Ledger) -> reddy.Batch:
    return ledger.load(frame(12), progress=False)


def state(batch: reddy.Batch) -> list[tuple[object, ...]]:
    """What the batch is: payloads, statuses, decisions, findings, marks of editing."""
    query = (
        sa.select(
            schema.calls.c.row,
            schema.calls.c.payload,
            schema.calls.c.status,
            schema.calls.c.edited,
            schema.calls.c.findings,
            schema.calls.c.delivery_key,
        )
        .where(schema.calls.c.batch_id == batch.id)
        .order_by(schema.calls.c.row)
    )
    with batch.database.read() as connection:
        return [tuple(one) for one in connection.execute(query)]


def test_one_step_changes_many_calls_and_is_one_line_of_history(batch: reddy.Batch) -> None:
    done = batch.apply(SetField(field="agent_email", value="ann@example.com"), who="ann")
    assert (done.changed, done.same, done.locked, done.state, done.left) == (12, 0, 0, "done", 0)
    assert {call.agent_email for call in batch} == {"ann@example.com"}
    listed = batch.operations()
    assert list(listed["title"]) == ["Set agent email to ann@example.com"]
    assert list(listed["changed"]) == [12]
    assert str(done) == "Set agent email to ann@example.com in 12 calls"
    assert len(batch.edits(2)) == 1


def test_what_changes_nothing_leaves_no_line(batch: reddy.Batch) -> None:
    done = batch.apply(DropTag(key="no such tag"))
    assert (done.changed, done.same) == (0, 12)
    assert batch.operations().empty


def test_undo_gives_back_what_was_there(batch: reddy.Batch) -> None:
    before = state(batch)
    done = batch.apply(RenameTag(old="CSAT", new="csat"), who="ann")
    back = batch.undo(done, who="ben")
    assert (back.changed, back.kept, back.locked) == (12, 0, 0)
    assert state(batch) == before
    assert list(batch.operations()["state"]) == ["done", "undone"]
    assert list(batch.edits(2)["who"]) == ["ann", "ben"]


def test_undo_can_be_undone_and_the_operation_stands_again(batch: reddy.Batch) -> None:
    done = batch.apply(SwapRoles())
    swapped = state(batch)
    batch.undo(batch.undo(done))
    assert state(batch) == swapped
    assert operations.find(batch, done).undone_by is None


def test_an_undone_operation_is_not_undone_twice(batch: reddy.Batch) -> None:
    done = batch.apply(SwapRoles())
    batch.undo(done)
    with pytest.raises(CannotUndo, match="undone already"):
        batch.undo(done.number)


def test_single_edits_are_operations_too(batch: reddy.Batch) -> None:
    before = state(batch)
    call = batch.call(3)
    assert call.transcript is not None
    call.transcript[1].text = "I found my card"
    batch.replace(3, call, who="ann")
    batch.update([4, 5], product_id=7)
    batch.change(6, lambda call: batch.call(2))
    titles = list(batch.operations()["title"])
    assert titles[1:] == ["Set product to 7", "Edit line 2 text"]
    for number in (2, 3, 1):
        batch.undo(number)
    assert state(batch) == before


def test_other_changes_of_the_same_calls_stay(batch: reddy.Batch) -> None:
    done = batch.apply(SetField(field="product_id", value=9))
    batch.apply(SetField(field="agent_email", value="ann@example.com"))
    back = batch.undo(done)
    assert back.changed == 12
    assert {call.agent_email for call in batch} == {"ann@example.com"}
    assert {call.product_id for call in batch} == {1, 2}


def test_a_call_that_was_changed_again_is_kept_and_the_reason_names_the_operation(batch: reddy.Batch) -> None:
    done = batch.apply(SetField(field="product_id", value=9))
    batch.update([2, 3], product_id=4)
    back = batch.undo(done)
    assert (back.changed, back.kept) == (10, 2)
    assert [batch.call(row).product_id for row in (2, 3, 4)] == [4, 4, 1]
    first = batch.apply(SetField(field="filename", value="a.wav"), [5])
    batch.apply(SetField(field="filename", value="b.wav"), [5])
    with pytest.raises(CannotUndo, match=r"changed again since .*Set file name to b\.wav.*undo that first"):
        batch.undo(first)


def test_a_call_that_is_queued_is_locked_and_the_reason_says_so(batch: reddy.Batch) -> None:
    done = batch.apply(SetField(field="product_id", value=9), [2, 3])
    with batch.database.write() as connection:
        connection.execute(schema.calls.update().where(schema.calls.c.row == 2).values(status="queued"))
    assert batch.apply(SwapRoles(), [2, 3]).locked == 1
    assert operations.undoable(batch, done) == ((3,), (), (2,))
    batch.undo(done)
    one = batch.apply(SetField(field="product_id", value=8), [4])
    with batch.database.write() as connection:
        connection.execute(schema.calls.update().where(schema.calls.c.row == 4).values(status="accepted"))
    with pytest.raises(CannotUndo, match="its call was sent or being sent"):
        batch.undo(one)


def test_there_is_no_such_operation(batch: reddy.Batch) -> None:
    with pytest.raises(NotInLedger, match="has no operation 7"):
        batch.undo(7)


def test_an_operation_that_was_stopped_goes_on_where_it_was(
    batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "PIECE", 5)
    stopped = batch.apply(SwapRoles(), on_progress=lambda done: done < 5)
    assert (stopped.state, stopped.changed, stopped.left) == ("stopped", 5, 7)
    went_on = batch.resume(stopped)
    assert (went_on.state, went_on.changed, went_on.left) == ("done", 12, 0)
    assert all(call.transcript[0].role == "customer" for call in batch if call.transcript)


def test_an_operation_that_was_stopped_can_be_undone(
    batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "PIECE", 5)
    before = state(batch)
    stopped = batch.apply(SwapRoles(), on_progress=lambda done: done < 5)
    assert batch.undo(stopped).changed == 5
    assert state(batch) == before


STEPS: tuple[Step, ...] = (
    SetField(field="agent_email", value="x@example.com"),
    SetField(field="product_id", value=3, only=1),
    SetField(field="timestamp"),
    FixValue(code="product-unknown", found="Tech", field="product_id", value=2),
    SetTag(key="CSAT", value=5, type="integer", only="5"),
    SetTag(key="team", value="blue"),
    RenameTag(old="CSAT", new="score"),
    RetypeTag(key="CSAT", type="integer"),
    DropTag(key="CSAT", only="2"),
    DropTag(key="team"),
    Replace(find="card", by="wallet"),
    Replace(find=r"(\w+) moment", by=r"\1 second", pattern=True, role="agent"),
    Replace(find="example.com", by="example.org", within="agent_email"),
    SwapRoles(),
    GiveRole(label="customer", role="leave out"),
    ShiftTimes(seconds=-3600),
    ScaleTimes(factor=0.001),
    Accept(code="times-estimated"),
)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title())
def test_a_step_is_the_same_after_it_was_stored(step: Step) -> None:
    assert read_step(step_json(step)) == step
    assert step.title()


@pytest.mark.parametrize("seed", range(6))
def test_any_series_of_operations_undone_in_any_legal_order_gives_the_batch_back(
    batch: reddy.Batch, seed: int
) -> None:
    rng = random.Random(seed)
    before = state(batch)
    for _ in range(10):
        batch.apply(rng.choice(STEPS), rng.sample(batch.rows(), rng.randint(1, 12)))
    left = operations.history(batch)
    while left:
        legal = [one for one in left if not operations.undoable(batch, one).same]
        one = rng.choice(legal)  # the latest is always legal
        assert batch.undo(one).kept == 0
        left.remove(one)
    assert state(batch) == before


DIES = """
    import os, sys
    import reddy_lib as reddy
    from reddy_lib.batches import operations
    from reddy_lib.batches.steps import SwapRoles
    operations.PIECE = 5
    batch = reddy.Ledger(sys.argv[1]).batch(sys.argv[2])
    def progress(done):
        if done >= 5:
            os.kill(os.getpid(), 9)
    batch.apply(SwapRoles(), on_progress=progress)
"""


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[tuple[reddy.Batch, list[tuple[object, ...]]]]:
    """A batch whose operation was killed after five calls of twelve, and what it was before."""
    with reddy.Ledger(tmp_path / "killed.sqlite") as ledger:
        batch = ledger.load(frame(12), progress=False)
        before = state(batch)
        program = [sys.executable, "-c", textwrap.dedent(DIES), str(ledger.name), batch.id]
        assert subprocess.run(program, timeout=120).returncode == -9
        with ledger.write() as connection:  # as half a minute later
            long_ago = time.time() - 2 * operations.DEAD_AFTER
            connection.execute(schema.operations.update().values(seen_at=long_ago))
        yield batch, before


def test_a_killed_operation_says_how_far_it_got_and_is_resumed(
    killed: tuple[reddy.Batch, list[tuple[object, ...]]],
) -> None:
    batch, _ = killed
    (one,) = operations.history(batch)
    swapped = sum(call.transcript[0].role == "customer" for call in batch if call.transcript)
    assert (one.state, one.changed, swapped) == ("stopped", 5, 5)
    assert batch.resume(one).changed == 12
    assert {call.transcript[0].role for call in batch if call.transcript} == {"customer"}


def test_a_killed_operation_is_undone_whole(killed: tuple[reddy.Batch, list[tuple[object, ...]]]) -> None:
    batch, before = killed
    (one,) = operations.history(batch)
    assert batch.undo(one).changed == 5
    assert state(batch) == before


def test_no_statement_of_a_piece_reads_the_whole_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A piece that read all calls, or all edits of its operation, would cost the more the larger the batch is."""
    monkeypatch.setattr(operations, "PIECE", 50)
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        batch = ledger.load(frame(300), progress=False)
        asked: list[tuple[str, object]] = []

        def note(
            _connection: object, _cursor: object, statement: str, parameters: object, *_: object
        ) -> None:
            if statement.lstrip().startswith("SELECT"):
                asked.append((statement, parameters))

        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            done = batch.apply(SetField(field="agent_email", value="cy@example.com"))
            batch.undo(done)
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        whole: dict[str, int] = {}
        with batch.database.read() as connection:
            for statement, parameters in asked:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                if any(
                    re.search(r"(calls|edits) .*INDEX \w+ \((batch|operation)_id=\?\)$", one[3])
                    for one in plan
                ):
                    whole[statement] = whole.get(statement, 0) + 1
    assert len(asked) > 6 * 6, "there were pieces"
    assert max(whole.values(), default=0) < 6, whole
