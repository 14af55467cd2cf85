"""Marks by hand: kept with their call, found again in their line, on no other call, and never applied to what they
were not made for; the same on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches import edits as editing
from reddy_lib.batches.redaction_marks import (
    mark_seconds,
    mark_words,
    marks_of,
    read_seconds,
    take_away,
    words_of,
)
from reddy_lib.database import schema
from reddy_lib.errors import CallLocked, NotInLedger, RecordingError
from reddy_lib.model import TranscriptLine
from tests.conftest import ON_BOTH, PRODUCTS, on_sqlite_alone
from tests.screen import set_status

pytestmark = on_sqlite_alone(
    "a mark is a row that is written, read and deleted; what it covers is worked out in Python"
)

Sheet = Callable[..., Path]
SAYS = "agent [00:01]: Your name?\ncustomer [00:04]: I am Ann Lee\nagent [00:08]: Thank you"
OTHER = "ab" * 32


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
    """Rows 2 and 3 say the same."""
    return ledger.load(
        sheet(2, {2: {"Transcript": SAYS}, 3: {"Transcript": SAYS}}), products=PRODUCTS, progress=False
    )


def lines_of(batch: reddy.Batch, row: int) -> list[TranscriptLine]:
    return batch.call(row).transcript or []


def mark_ann(batch: reddy.Batch, row: int = 2) -> int:
    return mark_words(batch, row, [(2, 5, 12)], lines_of(batch, row), who="bo")


class TestWords:
    def test_a_mark_is_there_again_and_on_no_other_call(self, batch: reddy.Batch) -> None:
        assert mark_ann(batch) == 1
        [mark] = marks_of(batch, 2)
        assert (mark.line, mark.begin, mark.end, mark.lost, mark.who) == (2, 5, 12, False, "bo")
        assert marks_of(batch, 3) == []

    def test_it_changes_nothing_that_is_sent_and_no_history(self, batch: reddy.Batch) -> None:
        before = batch.info(2), batch.call(2), len(batch.edits(2))
        mark_ann(batch)
        mark_seconds(batch, 2, 1, 2, recording=OTHER)
        assert (batch.info(2), batch.call(2), len(batch.edits(2))) == before

    def test_the_same_place_is_marked_once(self, batch: reddy.Batch) -> None:
        assert (mark_ann(batch), mark_ann(batch)) == (1, 0)
        assert len(marks_of(batch, 2)) == 1

    @ON_BOTH
    def test_taken_away_it_is_gone_and_can_be_marked_again(self, batch: reddy.Batch) -> None:
        mark_ann(batch)
        [mark] = marks_of(batch, 2)
        take_away(batch, 3, mark.id)
        assert len(marks_of(batch, 2)) == 1, "the mark of one call is not taken away from another"
        take_away(batch, 2, mark.id, who="cy")
        take_away(batch, 2, mark.id, who="dee")
        assert marks_of(batch, 2) == []
        with batch.database.read() as connection:
            assert connection.execute(sa.select(schema.marks.c.gone_who)).scalars().all() == ["cy"]
        assert mark_ann(batch) == 1

    def test_it_goes_with_its_line(self, batch: reddy.Batch) -> None:
        mark_ann(batch)
        batch.replace(2, editing.move_line(batch.call(2), 2, -1))
        assert [(mark.line, mark.lost) for mark in marks_of(batch, 2)] == [(1, False)]
        batch.replace(2, editing.insert_line(batch.call(2), 0))
        assert [(mark.line, mark.lost) for mark in marks_of(batch, 2)] == [(2, False)]

    @ON_BOTH
    def test_in_a_changed_line_it_is_lost_until_the_text_is_back(self, batch: reddy.Batch) -> None:
        mark_ann(batch)
        batch.replace(2, editing.with_line_cells(batch.call(2), {2: {"text": "I am Anne Lee"}}))
        assert [(mark.line, mark.lost) for mark in marks_of(batch, 2)] == [(2, True)]
        batch.revert(2)
        assert [(mark.line, mark.lost) for mark in marks_of(batch, 2)] == [(2, False)]

    def test_a_line_that_is_gone_gives_its_mark_to_no_line_alike_at_another_time(
        self, batch: reddy.Batch
    ) -> None:
        yes = [TranscriptLine("customer", "Ann Lee", at, at + 1.0) for at in (1.0, 5.0, 9.0)]
        batch.replace(2, msgspec.structs.replace(batch.call(2), transcript=yes))
        mark_words(batch, 2, [(1, 0, 7)], yes)
        batch.replace(2, msgspec.structs.replace(batch.call(2), transcript=[yes[1], yes[0], yes[2]]))
        assert [mark.line for mark in marks_of(batch, 2)] == [2]
        for left in ([yes[2], yes[2], yes[1]], [yes[1]]):
            batch.replace(2, msgspec.structs.replace(batch.call(2), transcript=left))
            assert [(mark.line, mark.lost) for mark in marks_of(batch, 2)] == [(1, True)]

    @pytest.mark.parametrize("place", [(0, 0, 1), (4, 0, 1), (2, 5, 99), (2, 5, 5), (2, -1, 3)])
    def test_a_place_that_is_in_no_line_is_refused(
        self, batch: reddy.Batch, place: tuple[int, int, int]
    ) -> None:
        with pytest.raises(RecordingError, match="nothing was marked"):
            mark_words(batch, 2, [(2, 0, 1), place], lines_of(batch, 2))
        assert marks_of(batch, 2) == []

    def test_a_transcript_that_changed_meanwhile_is_not_marked(self, batch: reddy.Batch) -> None:
        seen = lines_of(batch, 2)
        batch.replace(2, editing.move_line(batch.call(2), 2, -1))
        with pytest.raises(RecordingError, match="changed in the meantime"):
            mark_words(batch, 2, [(2, 5, 12)], seen)
        assert marks_of(batch, 2) == []


class TestSeconds:
    @ON_BOTH
    def test_they_are_of_one_recording(self, batch: reddy.Batch) -> None:
        assert mark_seconds(batch, 2, 1.5, 3, recording=OTHER, who="bo") == 1
        assert mark_seconds(batch, 2, 1.5, 3, recording=OTHER) == 0
        assert mark_seconds(batch, 2, 1.5, 3, recording="cd" * 32) == 1
        mark_ann(batch)
        assert [(mark.line, mark.start, mark.stop, mark.recording) for mark in marks_of(batch, 2)] == [
            (2, 0, 0, ""), (None, 1.5, 3, OTHER), (None, 1.5, 3, "cd" * 32)
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("start", "stop"), [(3, 3), (4, 3), (-1, 3), (0, float("inf")), (float("nan"), 3)]
    )
    def test_what_is_no_stretch_is_refused(self, batch: reddy.Batch, start: float, stop: float) -> None:
        with pytest.raises(RecordingError, match="must be after its start"):
            mark_seconds(batch, 2, start, stop, recording=OTHER)

    @pytest.mark.parametrize(
        ("start", "stop", "seconds"),
        [
            ("1:05", "1:12.5", (65, 72.5)),
            ("65", "72,5", (65, 72.5)),
            ("0", "90.5", (0, 90)),
            (" 0:00 ", "500ms", (0, 0.5)),
        ],
    )
    def test_times_are_read_as_they_are_typed(
        self, start: str, stop: str, seconds: tuple[float, float]
    ) -> None:
        assert read_seconds(start, stop, 90.0) == seconds

    @pytest.mark.parametrize(
        ("start", "stop", "said"),
        [
            ("", "5", "“From” is empty"),
            ("5", " ", "“To” is empty"),
            ("half", "5", "“half” is not a time"),
            ("-3", "5", "“-3” is not a time"),
            ("10:00 am", "5", "is not a time"),
            ("7", "5", "It stops at 5, before it starts at 7"),
            ("5", "5", "before it starts"),
            ("90", "95", "90 is outside of the recording, which ends at 1:30.0"),
            ("5", "1:32", "1:32 is outside of the recording"),
        ],
    )
    def test_what_is_wrong_with_them_is_a_sentence(self, start: str, stop: str, said: str) -> None:
        with pytest.raises(RecordingError, match=said):
            read_seconds(start, stop, 90.0)


def test_a_locked_call_is_not_marked_and_keeps_its_marks(batch: reddy.Batch) -> None:
    mark_ann(batch)
    [mark] = marks_of(batch, 2)
    set_status(batch, 2, status="accepted")
    with pytest.raises(CallLocked):
        mark_ann(batch)
    with pytest.raises(CallLocked):
        mark_seconds(batch, 2, 1, 2, recording=OTHER)
    with pytest.raises(CallLocked):
        take_away(batch, 2, mark.id)
    assert marks_of(batch, 2) == [mark]


def test_a_row_that_is_not_there_is_said(batch: reddy.Batch) -> None:
    for ask in (
        lambda: marks_of(batch, 99),
        lambda: words_of(batch, 99),
        lambda: mark_words(batch, 99, [], []),
        lambda: take_away(batch, 99, 1),
    ):
        with pytest.raises(NotInLedger):
            ask()


class TestWordTimes:
    CELL = json.dumps(
        {"segments": [
            {"text": "My name", "speaker": "agent", "start": 1.0, "end": 2.0,
             "words": [{"word": "My", "start": 1.0, "end": 1.5}, {"word": "name", "start": 1.5, "end": 2.0}]},
            {"text": "is Ann", "speaker": "customer", "start": 2.0, "end": 3.0,
             "words": [{"word": "is", "start": 2.0, "end": 2.5}, {"word": "Ann", "start": 2.5, "end": 3.0}]},
        ]}
    )  # fmt: skip

    def test_they_are_read_from_the_cell_and_stand_in_nothing_that_is_kept_or_sent(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = ledger.load(sheet(1, {2: {"Transcript": self.CELL}}), products=PRODUCTS, progress=False)
        assert words_of(batch, 2) == {
            1: [("My", 1.0, 1.5), ("name", 1.5, 2.0)], 2: [("is", 2.0, 2.5), ("Ann", 2.5, 3.0)]
        }  # fmt: skip
        assert b"2.5" not in msgspec.json.encode(next(batch.payloads())[1]["transcript"])
        batch.replace(2, editing.with_line_cells(batch.call(2), {2: {"text": "is Anne"}}))
        assert sorted(words_of(batch, 2)) == [1]

    def test_a_batch_of_a_row_a_line_has_none(self, ledger: reddy.Ledger, tmp_path: Path) -> None:
        path = tmp_path / "lines.csv"
        rows = [
            f"c-{call},{who},Hello there,{at}"
            for call in (1, 2, 3)
            for at, who in ((0, "agent"), (2, "customer"))
        ]
        path.write_text("\n".join(["Conversation ID,Speaker,Text,Start", *rows]), encoding="utf-8")
        batch = ledger.load(path, products=PRODUCTS, progress=False)
        assert batch.mapping.layout == "lines"
        assert words_of(batch, batch.rows()[0]) == {}
