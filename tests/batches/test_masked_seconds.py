"""The seconds that are masked belong to the call: a copy counts for those that are silent in it, and for no other."""

from __future__ import annotations

import io
import json
import uuid

import msgspec
import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.silence_by_hand import silence_by_hand
from reddy_lib.batches.steps import ScaleTimes
from reddy_lib.batches.turn_edits import store_turn_edit, turn_edit
from reddy_lib.database.schema import silenced_recordings
from reddy_lib.recordings.attachments import open_recording
from reddy_lib.recordings.redaction import Span
from reddy_lib.recordings.wav import read_wav
from tests.recording_files import tone, wav_bytes

CARD, CODE = (3.0, 6.0), (9.0, 11.0)
LINES = [
    ("agent", "What is the card number, please?", 0.0, 3.0),
    ("customer", "Sure, 5500 0000 0000 0004.", *CARD),
    ("agent", "And the security code on the back?", 6.0, 9.0),
    ("customer", "That is 471", *CODE),
    ("agent", "Thanks, one moment.", 11.0, 14.0),
]
WHOLE = wav_bytes(tone(14.0) + 0.1)


def load(ledger: reddy.Ledger, transcript: object = None, start: str | int = 1_700_000_000) -> reddy.Batch:
    if transcript is None:
        transcript = [
            {"role": role, "text": text, "start": start_, "stop": stop} for role, text, start_, stop in LINES
        ]
    frame = pd.DataFrame(
        {
            "conversation_id": ["c1"],
            "agent_email": ["ann@example.com"],
            "product_id": [1],
            "timestamp": [start],
            "filename": ["a.wav"],
            "transcript": [transcript if isinstance(transcript, str) else json.dumps(transcript)],
        }
    )
    return ledger.load(frame, progress=False, timezone="UTC")


def attach(batch: reddy.Batch, content: bytes = WHOLE) -> None:
    batch.attach(batch.rows()[0], io.BytesIO(content), name="a.wav")


def content(batch: reddy.Batch) -> bytes:
    found = batch.recording(batch.rows()[0])
    assert found is not None
    with open_recording(batch.database, found) as file:
        return file.read()


def silent(batch: reddy.Batch) -> list[tuple[float, float]]:
    """From when to when nothing sounds in the attached recording, to a tenth of a second."""
    file = io.BytesIO(content(batch))
    wav = read_wav(file)
    samples = np.frombuffer(file.getvalue()[wav.begin :], "<i2")
    step = wav.rate // 10
    tenths = np.abs(samples[: len(samples) // step * step].reshape(-1, step)).max(axis=1) == 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], tenths, [False])).astype(int)))
    return [(begin / 10, end / 10) for begin, end in edges.reshape(-1, 2).tolist()]


def around(*spans: tuple[float, float]) -> list[tuple[float, float]]:
    return [(start - 0.5, stop + 0.5) for start, stop in spans]


def held_for(batch: reddy.Batch) -> str:
    found = [one.message for one in batch.findings_of(batch.rows()[0]) if one.code == "mask-still-heard"]
    assert batch.counts()["held"] == len(found)
    return " ".join(found)


def by_hand(batch: reddy.Batch, *spans: tuple[float, float]) -> None:
    recording = batch.recording(batch.rows()[0])
    assert recording is not None
    silence_by_hand(batch, batch.rows()[0], recording, [Span(*span) for span in spans])


def turn(batch: reddy.Batch, number: int, kind: str, value: str = "", at: int = 0, end: int = 0) -> None:
    row = batch.rows()[0]
    lines = batch.call(row).transcript or []
    event = {
        "id": str(uuid.uuid4()),
        "kind": kind,
        "number": number,
        "seen": msgspec.to_builtins(lines[number - 1]),
        "value": value,
        "at": at,
        "end": end,
    }
    if kind == "merge":
        event["next"] = msgspec.to_builtins(lines[number])
    assert store_turn_edit(batch, row, turn_edit(event), who="ann")


def number_of(batch: reddy.Batch, title: str) -> int:
    titles = batch.operations()["title"]
    return int(titles.index[titles.str.startswith(title)][0])


CARD_ALONE = MaskPersonalData(kinds=("card",))


class TestACopyCountsForTheMasksThatItCovers:
    def test_undoing_the_second_mask_leaves_a_code_that_is_heard_in_the_first_copy(
        self, ledger: reddy.Ledger
    ) -> None:
        batch = load(ledger)
        attach(batch)
        batch.apply(CARD_ALONE)
        batch.undo(batch.apply(MaskPersonalData()))
        assert silent(batch) == around(CARD)
        assert "from 9.0 to 11.0 s" in held_for(batch)

    def test_a_copy_comes_back_after_more_was_masked_without_it(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        attach(batch)
        batch.apply(CARD_ALONE)
        batch.detach(batch.rows()[0])
        batch.apply(MaskPersonalData())
        assert not held_for(batch)
        batch.undo(number_of(batch, "Detach"))
        assert silent(batch) == around(CARD)
        assert "from 9.0 to 11.0 s" in held_for(batch)

    def test_the_bytes_of_an_earlier_copy_are_attached_again(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        attach(batch)
        batch.apply(CARD_ALONE)
        earlier = content(batch)
        batch.apply(MaskPersonalData())
        assert silent(batch) == around(CARD, CODE)
        attach(batch, earlier)
        assert held_for(batch)

    def test_a_mask_that_comes_to_a_copy_is_silent_beside_the_first(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        attach(batch)
        batch.apply(CARD_ALONE)
        both = MaskPersonalData()
        batch.apply(both)
        latest = content(batch)
        assert not held_for(batch)
        attach(batch)
        assert held_for(batch)
        attach(batch, latest)
        assert silent(batch) == around(CARD, CODE)
        assert not held_for(batch)

    def test_seconds_silenced_by_hand_before_a_mask_do_not_cover_it(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        attach(batch)
        by_hand(batch, (0.0, 0.2))
        batch.detach(batch.rows()[0])
        batch.apply(MaskPersonalData())
        batch.undo(number_of(batch, "Detach"))
        assert silent(batch) == [(0.0, 0.2)]
        assert "from 3.0 to 6.0 s and from 9.0 to 11.0 s" in held_for(batch)

    def test_a_copy_of_which_an_older_version_told_nothing_counts_for_nothing(
        self, ledger: reddy.Ledger
    ) -> None:
        batch = load(ledger)
        attach(batch)
        batch.apply(MaskPersonalData())
        copy = content(batch)
        batch.detach(batch.rows()[0])
        with ledger.write() as connection:
            connection.execute(silenced_recordings.update().values(silent=sa.null()))
        attach(batch, copy)
        assert held_for(batch)

    def test_words_with_times_of_their_own_stay_covered(self, ledger: reddy.Ledger) -> None:
        words = [
            ("Sure,", 3.0, 3.5),
            ("5500", 3.6, 4.0),
            ("0000", 4.0, 4.4),
            ("0000", 4.4, 4.8),
            ("0004.", 4.8, 5.2),
        ]
        lines = [
            {"role": role, "text": text, "start": start, "stop": stop} for role, text, start, stop in LINES
        ]
        lines[1]["words"] = [{"word": word, "start": start, "end": stop} for word, start, stop in words]  # type: ignore[assignment]
        batch = load(ledger, lines)
        attach(batch)
        batch.apply(CARD_ALONE)
        [(start, stop)] = silent(batch)
        assert 3.3 < start < 3.6 < 5.2 <= stop < 5.5
        recording = batch.recording(batch.rows()[0])
        assert recording is not None
        batch.detach(batch.rows()[0])
        batch.attach(batch.rows()[0], recording)
        assert not held_for(batch)
        turn(batch, 2, "mask", at=0, end=4)
        assert silent(batch) == around(CARD)


class TestSilencedByHand:
    def test_other_seconds_than_those_of_the_mask_lift_nothing(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        batch.apply(CARD_ALONE)
        attach(batch)
        attach(batch)  # the original, on purpose
        assert held_for(batch)
        by_hand(batch, (12.0, 13.0))
        assert held_for(batch)
        by_hand(batch, (4.0, 5.0))
        assert held_for(batch)
        by_hand(batch, CARD)
        assert silent(batch) == [CARD, (12.0, 13.0)]
        assert not held_for(batch)

    def test_a_mask_without_a_time_waits_for_a_person_to_say_so(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, "Agent: The card number?\nCustomer: 5500 0000 0000 0004")
        attach(batch)
        batch.apply(MaskPersonalData())
        by_hand(batch, (2.0, 4.0))
        assert "Line 2 has no time" in held_for(batch)
        batch.accept(batch.rows(), "mask-still-heard", who="ann")
        assert not held_for(batch)

    def test_what_was_accepted_is_accepted_for_the_masks_of_then(self, ledger: reddy.Ledger) -> None:
        said = (
            "Agent: The card number?\nCustomer: 5500 0000 0000 0004\nAgent: The security code?\nCustomer: 471"
        )
        batch = load(ledger, said)
        attach(batch)
        batch.apply(CARD_ALONE)
        batch.accept(batch.rows(), "mask-still-heard", who="ann")
        batch.apply(MaskPersonalData())
        assert held_for(batch)

    def test_what_was_accepted_stays_accepted_where_another_mask_is_silenced(
        self, ledger: reddy.Ledger
    ) -> None:
        lines = [
            {"role": role, "text": text, "start": start, "stop": stop} for role, text, start, stop in LINES
        ]
        del lines[1]["start"], lines[1]["stop"]
        batch = load(ledger, lines)
        attach(batch)
        batch.apply(CARD_ALONE)
        assert held_for(batch)
        batch.accept(batch.rows(), "mask-still-heard", who="ann")
        batch.apply(MaskPersonalData())
        assert silent(batch) == around(CODE)
        assert not held_for(batch)


class TestTheSecondsBelongToTheCall:
    @pytest.mark.parametrize("recorded", [False, True])
    @pytest.mark.parametrize("edit", ["delete", "text"])
    def test_a_masked_line_that_is_deleted_or_retyped_stays_silent(
        self, ledger: reddy.Ledger, edit: str, recorded: bool
    ) -> None:
        batch = load(ledger)
        if recorded:
            attach(batch)
        batch.apply(CARD_ALONE)
        turn(batch, 2, edit, "I would rather not say.")
        if recorded:
            assert not held_for(batch), "it is silent already"
            attach(batch)
            assert "from 3.0 to 6.0 s" in held_for(batch)
        else:
            attach(batch)
            assert silent(batch) == around(CARD)
            assert not held_for(batch)

    def test_undoing_the_edit_and_the_mask_frees_them(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        done = batch.apply(CARD_ALONE)
        turn(batch, 2, "delete")
        batch.undo(number_of(batch, "Delete line"))
        batch.undo(done)
        attach(batch)
        assert silent(batch) == []
        assert not held_for(batch)

    def test_undoing_the_undo_masks_them_again(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        batch.apply(CARD_ALONE)
        turn(batch, 2, "delete")
        batch.undo(batch.undo(number_of(batch, "Delete line")))
        attach(batch)
        assert silent(batch) == around(CARD)

    def test_what_the_sheet_said_frees_them_too(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        batch.apply(CARD_ALONE)
        turn(batch, 2, "text", "Never mind.")
        batch.revert(batch.rows()[0])
        attach(batch)
        assert silent(batch) == []

    def test_they_move_with_the_unit_of_all_times(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        batch.apply(CARD_ALONE)
        turn(batch, 2, "delete")
        batch.apply(ScaleTimes(factor=0.5))
        attach(batch)
        assert silent(batch) == around((1.5, 3.0))

    def test_without_the_transcript_they_are_masked_still(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        batch.apply(CARD_ALONE)
        batch.change(batch.rows()[0], lambda call: msgspec.structs.replace(call, transcript=None))
        attach(batch)
        assert silent(batch) == around(CARD)

    def test_a_mask_that_a_person_types_holds_until_its_seconds_are_silent(
        self, ledger: reddy.Ledger
    ) -> None:
        batch = load(ledger)
        attach(batch)
        turn(batch, 2, "text", "Sure, [card number].")
        assert "from 3.0 to 6.0 s" in held_for(batch)
        by_hand(batch, around(CARD)[0])
        assert not held_for(batch)
        turn(batch, 4, "text", "That is [masked]")
        assert "from 9.0 to 11.0 s" in held_for(batch)

    def test_a_lost_line_without_a_time_holds(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, "Agent: The card number?\nCustomer: 5500 0000 0000 0004\nAgent: Thanks.")
        batch.apply(MaskPersonalData())
        turn(batch, 2, "delete")
        attach(batch)
        assert "changed or deleted since" in held_for(batch)


class TestWhatHoldsACallStays:
    def test_checking_again_keeps_a_call_whose_only_mask_is_a_code(self, ledger: reddy.Ledger) -> None:
        """The code was removed from the call as loaded, too: both transcripts are equal."""
        batch = load(ledger)
        attach(batch)
        batch.apply(MaskPersonalData(kinds=("cvv",)))
        attach(batch)  # the original, on purpose
        assert "from 9.0 to 11.0 s" in held_for(batch)
        batch.recheck([{"id": 1, "name": "Cards", "status": "active"}])
        assert "from 9.0 to 11.0 s" in held_for(batch)
        by_hand(batch, CODE)
        assert not held_for(batch)
        assert batch.counts()["ready"] == 1

    def test_undoing_the_mask_releases_it(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        done = batch.apply(CARD_ALONE)
        attach(batch)
        attach(batch)
        assert held_for(batch)
        batch.undo(done)
        assert not held_for(batch)


class TestTimesThatAreEstimates:
    LONG = "I have been on hold for ages and would like to get this over with, so here it comes: 5500 0000 0000 0004"

    def split(self, ledger: reddy.Ledger, *, first: bool) -> reddy.Batch:
        lines = [
            ("agent", "The card number?", 0, 2),
            ("customer", self.LONG, 2, 30),
            ("agent", "Thanks.", 30, 32),
        ]
        batch = load(
            ledger, [dict(zip(("role", "text", "start", "stop"), line, strict=True)) for line in lines]
        )
        if first:
            batch.apply(CARD_ALONE)
        text = (batch.call(batch.rows()[0]).transcript or [])[1].text
        turn(batch, 2, "split", text, at=text.index("so here"))
        return batch

    @pytest.mark.parametrize("first", [True, False])
    def test_a_part_of_a_split_line_takes_the_time_of_the_whole(
        self, ledger: reddy.Ledger, first: bool
    ) -> None:
        batch = self.split(ledger, first=first)
        attach(batch, wav_bytes(tone(32.0) + 0.1))
        if not first:
            batch.apply(CARD_ALONE)
        assert silent(batch) == [(1.5, 30.5)]
        assert not held_for(batch)
        assert list(batch.lines(batch.rows()[0])["times"]) == ["source", "estimated", "estimated", "source"]
        assert batch.provenance(batch.rows()[0])["times"].iloc[0] == "estimated"

    def test_so_does_a_part_of_a_part_and_one_that_was_merged_with_the_next(
        self, ledger: reddy.Ledger
    ) -> None:
        batch = self.split(ledger, first=False)
        text = (batch.call(batch.rows()[0]).transcript or [])[2].text
        turn(batch, 3, "split", text, at=text.index("5500"))
        turn(batch, 4, "merge")
        batch.apply(CARD_ALONE)
        attach(batch, wav_bytes(tone(32.0) + 0.1))
        assert silent(batch) == [(1.5, 32.0)]

    def test_undoing_the_split_gives_the_line_its_times_back(self, ledger: reddy.Ledger) -> None:
        batch = self.split(ledger, first=False)
        batch.undo(number_of(batch, "Split"))
        assert set(batch.lines(batch.rows()[0])["times"]) == {"source"}
        assert batch.counts()["ready"] == 1

    def test_a_line_merged_with_one_of_estimated_times_has_none(self, ledger: reddy.Ledger) -> None:
        lines = [
            {"role": role, "text": text, "start": start, "stop": stop} for role, text, start, stop in LINES
        ]
        del lines[2]["start"], lines[2]["stop"]
        batch = load(ledger, lines)
        turn(batch, 3, "merge")
        batch.apply(MaskPersonalData(kinds=("cvv",)))
        attach(batch)
        assert "Line 3 has no time" in held_for(batch)

    @pytest.mark.parametrize("clock", ["[00:0{}] {}: {}", None])
    def test_the_last_line_is_silent_from_its_own_start(
        self, ledger: reddy.Ledger, clock: str | None
    ) -> None:
        lines = [("Agent", "Hello.", 0), ("Agent", "And the security code?", 4), ("Customer", "471", 7)]
        said: object = [{"role": role.lower(), "text": text, "start": start} for role, text, start in lines]
        if clock:
            said = "\n".join(clock.format(start, role, text) for role, text, start in lines)
        batch = load(ledger, said)
        attach(batch)
        batch.apply(MaskPersonalData())
        assert silent(batch) == [(6.5, 14.0)]
        assert not held_for(batch)


class TestTimesOfDay:
    SAID = (
        "[14:02:30] Agent: The card number?\n[14:02:33] Customer: 5500 0000 0000 0004\n"
        "[14:02:37] Agent: Thank you.\n[14:02:40] Agent: Goodbye."
    )

    @pytest.mark.parametrize("dated", [False, True])
    def test_the_start_of_the_call_tells_where_they_are(self, ledger: reddy.Ledger, dated: bool) -> None:
        said = self.SAID.replace("[", "[2024-03-05 ") if dated else self.SAID
        batch = load(ledger, said, "2024-03-05 14:02:10")
        attach(batch, wav_bytes(tone(35.0) + 0.1))
        batch.apply(MaskPersonalData())
        assert silent(batch) == around((23.0, 27.0))
        assert not held_for(batch)

    @pytest.mark.parametrize(
        ("start", "why"),
        [
            ("2024-03-05 12:02:10", "another zone, or another call"),
            ("2024-03-05 14:00:10", "the recording is too short for it"),
            ("2024-03-05 14:02:40", "after the first line"),
        ],
    )
    def test_without_it_nothing_is_silenced_by_them(self, ledger: reddy.Ledger, start: str, why: str) -> None:
        batch = load(ledger, self.SAID, start)
        attach(batch, wav_bytes(tone(35.0) + 0.1))
        batch.apply(MaskPersonalData())
        assert silent(batch) == [], why
        assert "times of day" in held_for(batch)

    def test_a_recording_as_long_as_the_transcript_leaves_little_open(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, self.SAID)
        attach(batch, wav_bytes(tone(12.0) + 0.1))
        batch.apply(MaskPersonalData())
        assert silent(batch) == [(2.5, 9.5)], "it may have begun two seconds before"
        assert not held_for(batch)

    def test_a_start_from_the_transcript_itself_tells_nothing(self, ledger: reddy.Ledger) -> None:
        frame = pd.DataFrame(
            {
                "conversation_id": ["c1"],
                "agent_email": ["ann@example.com"],
                "product_id": [1],
                "filename": ["a.wav"],
                "transcript": [self.SAID.replace("[", "[2024-03-05 ")],
            }
        )
        batch = ledger.load(frame, progress=False, timezone="UTC")
        assert batch.call(batch.rows()[0]).timestamp is not None
        attach(batch, wav_bytes(tone(35.0) + 0.1))
        batch.apply(MaskPersonalData())
        assert "times of day" in held_for(batch)

    def test_a_start_that_is_corrected_places_them(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, self.SAID, "2024-03-05 12:02:10")
        row = batch.rows()[0]
        attach(batch, wav_bytes(tone(35.0) + 0.1))
        batch.apply(MaskPersonalData())
        batch.change(row, lambda call: msgspec.structs.replace(call, timestamp=(call.timestamp or 0) + 7_200))
        batch.apply(MaskPersonalData())
        assert silent(batch) == around((23.0, 27.0))
        assert not held_for(batch)

    def test_times_from_the_start_of_the_call_are_those_of_a_longer_recording(
        self, ledger: reddy.Ledger
    ) -> None:
        batch = load(ledger)
        attach(batch, wav_bytes(tone(60.0) + 0.1))
        batch.apply(CARD_ALONE)
        assert silent(batch) == around(CARD)
        assert not held_for(batch)


def test_words_after_the_end_of_a_recording_are_not_silent_in_it(ledger: reddy.Ledger) -> None:
    batch = load(ledger)
    attach(batch, wav_bytes(tone(5.5) + 0.1))
    batch.apply(MaskPersonalData())
    assert silent(batch) == [(2.5, 5.5)]
    assert "ends before these words" in held_for(batch)
    batch.change(batch.rows()[0], lambda call: msgspec.structs.replace(call, conversation_id="c2"))
    assert held_for(batch)
