"""Operations under attack: processes that seem dead and wake up, undo of undo, lines that moved, impossible values."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from functools import partial

import msgspec
import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches import call_rows, edits, operations
from reddy_lib.batches.steps import (
    CopyColumn,
    DropTag,
    GiveRole,
    MergeValues,
    OnlyWhere,
    Replace,
    RetypeTag,
    ScaleTimes,
    SetField,
    SetTag,
    ShiftTimes,
    SwapRoles,
    Tidy,
)
from reddy_lib.database import schema
from reddy_lib.errors import CannotUndo, OperationTaken
from tests.batches.test_operations import STEPS, frame, state


@pytest.fixture
def batch(ledger: reddy.Ledger) -> reddy.Batch:
    return ledger.load(frame(12), progress=False)


@pytest.fixture
def local(shared_ledger: reddy.Ledger) -> reddy.Batch:
    return shared_ledger.load(frame(12), progress=False)


def seem_dead(batch: reddy.Batch) -> None:
    with batch.database.write() as connection:
        long_ago = time.time() - 2 * operations.DEAD_AFTER
        connection.execute(schema.operations.update().values(seen_at=long_ago))


def starts(batch: reddy.Batch) -> list[float | None]:
    return [call.timestamp for call in batch]


def test_a_process_that_wakes_up_after_its_operation_was_resumed_shifts_nothing_twice(
    batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "PIECE", 5)
    before = starts(batch)

    def falls_asleep(done: int) -> None:
        if done == 5:
            seem_dead(batch)
            assert batch.resume(1).state == "done"

    with pytest.raises(OperationTaken, match="look at the history"):
        batch.apply(ShiftTimes(seconds=60), on_progress=falls_asleep)
    assert starts(batch) == [one + 60 for one in before if one is not None]
    (one,) = operations.history(batch)
    assert (one.state, one.changed, one.left) == ("done", 12, 0)


def test_a_process_that_wakes_up_after_its_operation_was_undone_changes_nothing_more(
    batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "PIECE", 5)
    before = state(batch)

    def falls_asleep(done: int) -> None:
        seem_dead(batch)
        assert batch.undo(1).changed == 5

    with pytest.raises(OperationTaken):
        batch.apply(SwapRoles(), on_progress=falls_asleep)
    assert state(batch) == before
    with pytest.raises(ValueError, match="is undone"):
        batch.resume(1)


def test_an_undo_that_died_before_its_first_call_does_not_forbid_the_next_one(
    batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(batch)
    done = batch.apply(SwapRoles())

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(operations, "_run", dies)
        with pytest.raises(KeyboardInterrupt):
            batch.undo(done)
    with pytest.raises(CannotUndo, match="just now"):
        batch.undo(done)
    seem_dead(batch)
    batch.undo(done)
    assert state(batch) == before


@pytest.mark.parametrize("times", range(2, 6))
def test_undo_of_undo_of_undo_knows_what_stands(local: reddy.Batch, times: int) -> None:
    before = state(local)
    one = local.apply(SwapRoles())
    swapped = state(local)
    last = one
    for _ in range(times):
        last = local.undo(last)
    stands = times % 2 == 0
    assert state(local) == (swapped if stands else before)
    assert (operations.find(local, one).undone_by is None) is stands


def test_the_same_operation_is_undone_by_one_of_two_people(batch: reddy.Batch) -> None:
    done = batch.apply(SetField(field="agent_email", value="ann@example.com"))
    at_once = threading.Barrier(2, timeout=20)
    outcome: list[str] = []

    def undo() -> None:
        at_once.wait()
        try:
            outcome.append(f"undone {batch.undo(done).changed}")
        except CannotUndo:
            outcome.append("refused")

    people = [threading.Thread(target=undo) for _ in range(2)]
    for one in people:
        one.start()
    for one in people:
        one.join(30)
    assert sorted(outcome) == ["refused", "undone 12"]


def test_two_operations_at_once_leave_both_changes(
    batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "PIECE", 3)
    steps = (SetField(field="agent_email", value="ann@example.com"), SetTag(key="team", value="blue"))
    people = [threading.Thread(target=batch.apply, args=(step,)) for step in steps]
    for one in people:
        one.start()
    for one in people:
        one.join(30)
    assert {(call.agent_email, (call.tags or [])[-1].value) for call in batch} == {
        ("ann@example.com", "blue")
    }
    assert [one.changed for one in operations.history(batch)] == [12, 12]


def test_an_edit_between_two_pieces_is_kept(local: reddy.Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "PIECE", 5)
    last = local.rows()[-1]

    def edits_meanwhile(done: int) -> None:
        if done == 5:
            local.update([last], product_id=77, who="ben")

    done = local.apply(SetTag(key="team", value="blue"), on_progress=edits_meanwhile)
    assert local.call(last).product_id == 77
    assert local.undo(done).changed == 12
    assert local.call(last).product_id == 77


def test_undo_finds_the_lines_where_they_are_now(local: reddy.Batch) -> None:
    row = local.rows()[0]
    local.change(row, lambda call: edits.with_line_cells(call, {3: {"text": "Hello 0", "role": "agent"}}))
    done = local.apply(GiveRole(label="customer", role="agent"), [row])
    local.change(row, lambda call: edits.delete_lines(call, [1]))
    local.undo(done)
    assert [(line.role, line.text) for line in local.call(row).transcript or ()] == [
        ("customer", "I lost my card"),
        ("agent", "Hello 0"),
    ]


def test_undo_leaves_a_call_alone_whose_line_is_gone(local: reddy.Batch) -> None:
    row = local.rows()[0]
    done = local.apply(GiveRole(label="customer", role="agent"), [row])
    local.change(row, lambda call: edits.delete_lines(call, [2]))
    now = local.call(row)
    with pytest.raises(CannotUndo, match="changed again since"):
        local.undo(done)
    assert local.call(row) == now


def test_undo_never_retypes_another_tag_that_took_the_place(local: reddy.Batch) -> None:
    row = local.rows()[0]
    local.apply(SetTag(key="score", value="3"), [row])
    done = local.apply(RetypeTag(key="CSAT", type="string"), [row])
    local.change(row, lambda call: edits.delete_tags(call, [1]))  # the tag "score" is number 1 now
    with pytest.raises(CannotUndo):
        local.undo(done)
    assert [(tag.key, tag.type) for tag in local.call(row).tags or ()] == [("score", "string")]


def test_many_cells_of_one_name_are_one_line_of_history(local: reddy.Batch) -> None:
    row = local.rows()[0]
    local.change(row, lambda call: msgspec.structs.replace(call, transcript=_lines(20)))
    done = local.apply(ScaleTimes(factor=2), [row])
    local.apply(Replace(find="word 7", by="seven"), [row])
    assert list(local.edits(row)["field"])[-3:] == [
        "transcript[*].start",
        "transcript[*].stop",
        "transcript[8].text",
    ]
    local.undo(done)
    line = (local.call(row).transcript or [])[7]
    assert (line.text, line.start, line.stop) == ("seven", 7, 7.5)


def _lines(count: int) -> list[reddy.TranscriptLine]:
    return [reddy.TranscriptLine("agent", f"word {number}", number, number + 0.5) for number in range(count)]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_was_undone_in_between_undoing_all_from_the_latest_gives_the_batch_back(
    shared_ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(call_rows, "MANY_CELLS", 2)  # calls of three lines have columns of edits too
    batch = shared_ledger.load(frame(4), progress=False)
    rng = random.Random(seed)
    before = state(batch)
    more = (
        MergeValues(source="tag:CSAT", values=("1", "2"), value="9"),
        OnlyWhere(source="column:CSAT", values=("1",), then=DropTag(key="CSAT")),
        Tidy(source="agent_email", how="upper"),
        CopyColumn(column="CSAT", to="tag:team", overwrite=True),
    )
    for _ in range(12):
        if rng.random() < 0.4:
            batch.change(rng.choice(batch.rows()), partial(with_one_line_less_or_more, rng))
        else:
            batch.apply(rng.choice([*STEPS, *more]), rng.sample(batch.rows(), rng.randint(1, 4)))
    done = operations.history(batch)
    for one in rng.sample(done, min(4, len(done))):  # in an order that nobody planned
        with contextlib.suppress(CannotUndo):
            batch.undo(one)
    for one in operations.history(batch):  # the latest first, undos too
        if operations.find(batch, one).undone_by is None:
            assert batch.undo(one).kept == 0
    assert state(batch) == before


def with_one_line_less_or_more(rng: random.Random, call: reddy.Call) -> reddy.Call:
    count = len(call.transcript or ())
    if count and rng.random() < 0.5:
        return edits.delete_lines(call, [rng.randint(1, count)])
    return edits.insert_line(call, rng.randint(0, count))


def test_a_change_that_could_not_be_read_again_is_refused_and_nothing_is_stored(local: reddy.Batch) -> None:
    row = local.rows()[0]
    before = state(local)

    def bad(call: reddy.Call, decisions: object, stored: object) -> tuple[reddy.Call, object]:
        return msgspec.structs.replace(call, product_id="seven"), decisions

    with pytest.raises(TypeError, match="was not changed, because a value has the wrong type"):
        operations.change_in_pieces(local, [row], ("Bad", bad))
    assert state(local) == before


@pytest.mark.parametrize(
    "make",
    [
        lambda: SetField(field="transcript", value="x"),
        lambda: SetField(field="__class__", value="x"),
        lambda: SetField(field="timestamp", value=float("inf")),
        lambda: SetField(field="timestamp", value=float("nan")),
        lambda: SetField(field="product_id", value=1.5),
        lambda: SetField(field="product_id", value=-1),
        lambda: SetField(field="agent_email", value=7),
        lambda: ShiftTimes(seconds=float("inf")),
        lambda: ScaleTimes(factor=0),
        lambda: ScaleTimes(factor=-1),
        lambda: Replace(find="(a+)+$", pattern=True),
        lambda: Replace(find="x" * 600, pattern=True),
        lambda: Replace(find="a", by=r"\2", pattern=True),
    ],
)
def test_a_step_refuses_what_no_call_can_hold(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError):
        make()


def test_titles_with_nul_are_stored_on_every_database(batch: reddy.Batch) -> None:
    done = batch.apply(SetTag(key="a\x00b", value="c\x00d"))
    assert done.changed == 12
    assert "\x00" not in batch.operations()["title"].iloc[0]


def test_sent_calls_stay_whatever_is_done_to_the_batch(local: reddy.Batch) -> None:
    sent = local.rows()[:3]
    with local.database.write() as connection:
        where = (schema.calls.c.batch_id == local.id, schema.calls.c.row.in_(sent))
        connection.execute(schema.calls.update().where(sa.and_(*where)).values(status="accepted"))
    before = [local.call(row) for row in sent]
    done = local.apply(ShiftTimes(seconds=5))
    assert (done.changed, done.locked) == (9, 3)
    assert local.undo(done).changed == 9
    assert [local.call(row) for row in sent] == before
