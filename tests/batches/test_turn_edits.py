"""Edits of turns that arrive late, twice, or after somebody else's: on the very turn, once, or not at all."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.batches import edits as editing
from reddy_lib.batches.turn_edits import TurnEdit, follow_turns, store_turn_edit, turn_edit
from reddy_lib.errors import TurnChanged
from reddy_lib.model import TranscriptLine
from tests.conftest import ON_BOTH, on_sqlite_alone

pytestmark = on_sqlite_alone("where a turn is now is found in Python")

LINES = [
    {"role": "agent", "text": "Good morning, how can I help?", "start": 0.0, "stop": 4.0},
    {"role": "customer", "text": "I lost my card", "start": 4.0, "stop": 8.0},
    {"role": "agent", "text": "Yes.", "start": 8.0, "stop": 9.0},
    {"role": "customer", "text": "Yes.", "start": 10.0, "stop": 11.0},
]


@pytest.fixture
def batch(ledger: reddy.Ledger) -> reddy.Batch:
    frame = pd.DataFrame(
        {
            "conversation_id": ["c1"],
            "agent_email": ["ann@example.com"],
            "product_id": [1],
            "timestamp": [1_700_000_000],
            "transcript": [msgspec.json.encode(LINES).decode()],
        }
    )
    return ledger.load(frame, progress=False)


def edit(batch: reddy.Batch, kind: Any, number: int, **more: Any) -> TurnEdit:
    lines = batch.call(batch.rows()[0]).transcript or []
    seen = lines[number - 1] if number else None
    return TurnEdit(id=str(uuid.uuid4()), kind=kind, number=number, seen=seen, **more)


def texts(batch: reddy.Batch) -> list[str]:
    return [line.text for line in batch.call(batch.rows()[0]).transcript or []]


@ON_BOTH
def test_the_same_edit_arriving_twice_is_stored_once(batch: reddy.Batch) -> None:
    row = batch.rows()[0]
    one = edit(batch, "split", 2, value="I lost my card", at=6)
    assert store_turn_edit(batch, row, one, who="ann")
    assert not store_turn_edit(batch, row, one, who="ann")
    assert texts(batch)[1:3] == ["I lost", "my card"]
    assert len(batch.operations()) == 1


def test_a_split_shares_the_time_by_letters_and_keeps_the_ends(batch: reddy.Batch) -> None:
    store_turn_edit(batch, batch.rows()[0], edit(batch, "split", 2, value="I lost my card", at=7))
    lines = batch.call(batch.rows()[0]).transcript or []
    assert [(line.start, line.stop) for line in lines[1:3]] == [(4.0, 6.0), (6.0, 8.0)]
    assert [line.role for line in lines[1:3]] == ["customer", "customer"]


@ON_BOTH
def test_an_edit_follows_its_turn_when_lines_above_were_inserted_meanwhile(batch: reddy.Batch) -> None:
    row = batch.rows()[0]
    drawn = batch.call(row).transcript
    mine = edit(batch, "text", 2, value="I lost my bank card")
    batch.change(row, lambda call: editing.insert_line(call, 0), who="bob")
    assert store_turn_edit(batch, row, mine, drawn=drawn, who="ann")
    assert texts(batch)[2] == "I lost my bank card"


def test_an_edit_of_a_turn_that_somebody_changed_is_refused_and_names_them(batch: reddy.Batch) -> None:
    row = batch.rows()[0]
    drawn = batch.call(row).transcript
    mine = edit(batch, "text", 2, value="mine")
    batch.change(row, lambda call: editing.with_line_cells(call, {2: {"text": "theirs"}}), who="bob")
    with pytest.raises(TurnChanged) as caught:
        store_turn_edit(batch, row, mine, drawn=drawn, who="ann")
    assert caught.value.who == "bob"
    assert texts(batch)[1] == "theirs"


def test_of_two_turns_that_say_the_same_the_very_one_is_deleted(ledger: reddy.Ledger) -> None:
    twins = [{"role": "agent", "text": "Yes."}, {"role": "customer", "text": "No."}] * 2
    frame = pd.DataFrame({"conversation_id": ["c1"], "transcript": [msgspec.json.encode(twins).decode()]})
    batch = ledger.load(frame, progress=False)
    row = batch.rows()[0]
    lines = batch.call(row).transcript or []
    bare = [TranscriptLine(line.role, line.text) for line in lines]
    batch.change(row, lambda call: msgspec.structs.replace(call, transcript=bare))
    drawn = batch.call(row).transcript
    third = edit(batch, "delete", 3)
    # Where it is not known what was drawn, two equal turns cannot be told apart: better refused than the wrong one.
    with pytest.raises(TurnChanged):
        store_turn_edit(batch, row, third)
    assert store_turn_edit(batch, row, third, drawn=drawn)
    assert texts(batch) == ["Yes.", "No.", "No."]


def test_merging_needs_the_turn_below_as_it_was_seen(batch: reddy.Batch) -> None:
    row = batch.rows()[0]
    lines = batch.call(row).transcript or []
    merge = edit(batch, "merge", 1, next=lines[1])
    batch.change(row, lambda call: editing.delete_lines(call, [2]), who="bob")
    with pytest.raises(TurnChanged):
        store_turn_edit(batch, row, merge, drawn=lines)
    again = edit(batch, "merge", 1, next=(batch.call(row).transcript or [])[1])
    assert store_turn_edit(batch, row, again)
    merged = (batch.call(row).transcript or [])[0]
    assert (merged.text, merged.start, merged.stop) == ("Good morning, how can I help? Yes.", 0.0, 9.0)


@ON_BOTH
def test_each_edit_can_be_undone(batch: reddy.Batch) -> None:
    row = batch.rows()[0]
    before = batch.call(row)
    for kind, number, more in (
        ("text", 1, {"value": "Hello"}),
        ("swap", 2, {}),
        ("insert", 2, {}),
        ("delete", 4, {}),
        ("swap call", 0, {}),
    ):
        assert store_turn_edit(batch, row, edit(batch, kind, number, **more), who="ann")
    for one in batch.operations()["id"]:
        batch.undo(one)
    assert batch.call(row) == before


def test_turns_keep_their_ids_while_others_come_and_go() -> None:
    def lines(*texts: str) -> list[TranscriptLine]:
        return [TranscriptLine("agent", text) for text in texts]

    first = follow_turns([], [], lines("a", "b", "c"), "v1")
    assert len(set(first)) == 3
    second = follow_turns(first, lines("a", "b", "c"), lines("a", "x", "b2", "c"), "v2")
    assert (second[0], second[-1]) == (first[0], first[2])
    assert len(set(second)) == 4


@pytest.mark.parametrize(
    "event",
    [
        None,
        "text",
        {},
        {"id": "1", "kind": "text"},
        {"id": str(uuid.UUID(int=1)), "kind": "text", "number": 1},
        {"id": str(uuid.UUID(int=1)), "kind": "drop table", "number": 1, "seen": LINES[0]},
        {"id": str(uuid.UUID(int=1)), "kind": "text", "number": "one", "seen": LINES[0]},
        {"id": str(uuid.UUID(int=1)), "kind": "text", "number": 1, "seen": {"role": "agent", "more": 1}},
    ],
)
def test_what_is_no_edit_is_refused(event: Any) -> None:
    with pytest.raises(ValueError, match="not an edit"):
        turn_edit(event)
